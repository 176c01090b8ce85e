# `make graph` is all a newcomer needs; `make help` lists the rest.

VENV   := .venv
BIN    := $(VENV)/bin
PIP     = $(BIN)/python -m pip -qq --disable-pip-version-check --no-input install
UV     ?= uv
AUDIT  ?= pip-audit
NPM    ?= npm
EDITOR := graph/alliance_graph/web/yasgui
LOCK    = $(UV) pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
          --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)

# Looked for in this order, unless PYTHON says which.
PYTHON ?=
PYTHONS = $(or $(PYTHON),python3 python3.11 python3.12 python3.13 python3.14)
FITS   := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

.PHONY: graph test web clients docs notebooks bench hard soak mutants sbom audit lock clean help

graph: $(VENV)/stamp-project ## install what is pinned, compile the facts, write build/
	@$(BIN)/alliance build

test: $(VENV)/stamp-project $(VENV)/stamp-test ## style, types, layers and tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --numprocesses auto --dist loadfile

web: $(EDITOR)/LICENSES.txt ## fetch YASGUI with npm, for the query page here and in a wheel

clients: tests/clients/node_modules/.package-lock.json ## fetch with npm what the tests of clients need

docs: graph ## pages for readers: ontology, codebook, questions with samples, in build/docs/
	@$(BIN)/alliance docs

notebooks: graph $(VENV)/stamp-test ## run the notebooks, write build/notebooks/*.html
	@$(BIN)/jupyter-nbconvert --log-level=ERROR --to html --execute \
	  --TemplateExporter.extra_template_basedirs=notebooks --template=offline \
	  --output-dir=build/notebooks notebooks/*.ipynb

bench: $(VENV)/stamp-project $(VENV)/stamp-test ## measure and print, assert nothing
	@$(BIN)/python -m tests.bench

hard: $(VENV)/stamp-project $(VENV)/stamp-test ## try to break it, print figures beside targets (MODULES=… for some)
	@$(BIN)/python -m tests.hard $(MODULES)

soak: $(VENV)/stamp-project $(VENV)/stamp-test ## an hour or a million queries; memory, files and threads have to stay flat
	@ALLIANCE_SOAK=3600 $(BIN)/python -m tests.hard soak

mutants: $(VENV)/stamp-project $(VENV)/stamp-test ## change loader, minting, escaping and guards; how many changes do the tests notice?
	@$(BIN)/python -m tests.hard.mutants $(MODULES)

sbom: $(VENV)/stamp-project $(VENV)/stamp-test ## what a release stands on, with licences: dist/sbom.cdx.json (CycloneDX)
	@$(BIN)/python -m tests.supply dist/sbom.cdx.json

audit: ## known holes in the pinned packages (needs the network and pip-audit, or AUDIT=/path/to/it)
	@command -v $(AUDIT) >/dev/null || { \
	  echo "No pip-audit. Install it beside this (pipx install pip-audit), or name it: AUDIT=…" >&2; exit 1; }
	@$(AUDIT) --strict --disable-pip --require-hashes --requirement tests/requirements.lock

lock: ## pin anew after a change of dependencies (needs uv; UPGRADE=--upgrade takes newer ones)
	$(LOCK) pyproject.toml --group build --extra serve --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --group test --extra notebook --extra serve \
	  --constraint requirements.lock --output-file tests/requirements.lock

clean: ## remove all that make has made
	rm -rf $(EDITOR) graph/web/node_modules tests/clients/node_modules
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find graph tests -type d -name __pycache__ -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8

# An environment is made anew whenever the pins change, so that it never holds more than they say.
$(VENV)/stamp-pins: requirements.lock
	@for python in $(PYTHONS); do \
	  if $$python -c '$(FITS)' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer with venv and ensurepip among: $(PYTHONS)." >&2; \
	  echo "Install one (Debian: apt-get install python3 python3-venv; macOS: brew install python)," >&2; \
	  echo "or name it: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Installing the pinned packages into $(VENV) with $$($$found --version), once ..."; \
	$$found -m venv --clear $(VENV)
	@$(PIP) --require-hashes --only-binary :all: --requirement requirements.lock
	@touch $@

$(VENV)/stamp-project: pyproject.toml $(VENV)/stamp-pins
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# owlready2 has no wheel; it is built with the setuptools that requirements.lock pins. The lock is
# whole, so nothing is looked for beside it: pip would ask for what the lock leaves out (tool.uv).
$(VENV)/stamp-test: tests/requirements.lock $(VENV)/stamp-pins
	@echo "Installing what the tests need, once ..."
	@$(PIP) --require-hashes --no-deps --only-binary :all: --no-binary owlready2 --no-build-isolation \
	  --requirement tests/requirements.lock
	@touch $@

# No script of any package is run; what is installed is what the lock file has the digest of.
$(EDITOR)/LICENSES.txt: graph/web/gather.mjs graph/web/node_modules/.package-lock.json
	@node $<

%/node_modules/.package-lock.json: %/package-lock.json
	@command -v $(NPM) >/dev/null || { \
	  echo "No npm. Install it (Debian: apt-get install npm; macOS: brew install node)." >&2; exit 1; }
	@echo "Installing what $< pins, once ..."
	@cd $* && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
