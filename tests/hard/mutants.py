"""Small changes of the code that guards us: how many do the tests notice?

``python -m tests.hard.mutants [NAME …]``, or ``make mutants``; needs mutmut in the environment. It
works on a copy, in which the package lies where mutmut looks for it. Not part of ``make hard``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
SCORE = 85
"""Percent of the changes that have to be noticed."""


class Guard(NamedTuple):
    """Functions of a module that guard us, and the tests that are asked whether they do."""

    kind: str
    module: str
    tests: str
    """Files, of which all tests run in one process: what another one does, mutmut cannot see."""
    functions: str = "*"
    """Which, by name or the end of it."""
    children: str = ""
    """Functions that run in forked children, of which mutmut does not hear."""
    but: str = "twenty_thousand or mutations or shipped"
    """Tests left out (as ``pytest -k`` says it): seconds are too long where it is thousands."""


_LOADING = (
    "load _facts _lists _read_all _read document _strays files_in _link content _comments _alike "
    "_texts _name_finding _quotes _quoted _validated _mark references _references _about _add_hint "
    "_slots one _Known* Loaded*"
)
_IN_CHILDREN = "_work confine no_network _libc _empty_namespace _filter_sockets"
GUARDS = (
    Guard("loader", "yaml12", "test_yaml12"),
    # not what writes files, pins quotes and makes schemas for editors
    Guard("loader", "seeds", "test_seeds", _LOADING),
    Guard("loader", "scripts", "test_scripts"),
    Guard("loader", "complaints", "test_complaints"),
    Guard("minting", "vocabulary", "test_vocabulary"),
    Guard("escaping", "html", "test_html test_notebook"),
    Guard("escaping", "errors", "test_errors"),
    Guard("escaping", "outputs", "test_outputs"),
    Guard("escaping", "page", "test_page", "safe_url _policy", but="not (links or policy_allows)"),
    Guard("escaping", "sheet", "test_sheet", "environment", but="not (escapes or escape)"),
    Guard("query guard", "worker", "test_worker", children=_IN_CHILDREN),
    Guard("query guard", "serve.protocol", "test_answers"),
    Guard("query guard", "serve.answers", "test_answers"),
)
_ALONE = """

@pytest.fixture(scope="session", autouse=True)
def _alone() -> None:
    # a worker that is changed may kill whatever is in its group, or never end
    if "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", ""):
        import ctypes
        import signal

        os.setpgid(0, 0)
        end_with_parent = getattr(ctypes.CDLL(None), "prctl", lambda *_: None)
        os.register_at_fork(after_in_child=lambda: end_with_parent(1, signal.SIGKILL))


@pytest.fixture(autouse=True)
def _heard() -> None:
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        from mutmut.stats import record_trampoline_hit

        for name in {children}:
            record_trampoline_hit("alliance_graph.{module}.x_" + name)
"""
_CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/alliance_graph/{path}.py"]
also_copy = ["ontology", "seeds", "README.md", "CITATION.cff"]
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-k", "not ({but})"]
track_dependencies = false
use_git_change_detection = false
"""


_SHOW = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
for name in sys.argv[1:]:
    print(name, get_diff_for_mutant(name), sep="\\n")
"""


def copied(into: Path, guard: Guard) -> None:
    """A copy of the project laid out and told as mutmut wants it."""
    shutil.copytree(ROOT / "graph" / "alliance_graph", into / "src" / "alliance_graph")
    for name in ("ontology", "seeds", "tests"):
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("node_modules"))
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, into)
    with (into / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(_ALONE.format(children=guard.children.split(), module=guard.module))
    config = (ROOT / "pyproject.toml").read_text("utf-8")
    tests = ", ".join(f'"tests/{name}.py"' for name in guard.tests.split())
    path = guard.module.replace(".", "/")
    config += _CONFIG.format(path=path, tests=tests, but=guard.but)
    (into / "pyproject.toml").write_text(config, "utf-8")


def run(guard: Guard) -> tuple[Counter[str], str]:
    """How many changes met which fate, and those that nobody noticed, as diffs."""
    mutmut = Path(sys.executable).with_name("mutmut")
    if not mutmut.is_file():
        sys.exit(f"No mutmut beside {sys.executable}: pip install mutmut==3.8.1 there.")
    wanted = [
        f"alliance_graph.{guard.module}.x*{name}__mutmut_*" for name in guard.functions.split()
    ]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        copied(home, guard)
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

        def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [str(mutmut), *arguments]
            return subprocess.run(
                command, cwd=home, env=env, capture_output=True, text=True, check=False
            )

        done = asked("run", *(wanted if guard.functions != "*" else ()))
        told = asked("results", "--all", "true").stdout
        lines = [line.strip().rpartition(": ") for line in told.splitlines() if "__mutmut_" in line]
        fates = {name: fate for name, _, fate in lines if any(fnmatch(name, w) for w in wanted)}
        if not fates or "not checked" in fates.values():
            said = f"{done.stdout[-1000:]}{done.stderr[-1000:]}"
            sys.exit(f"{guard.module}: mutmut did not get through: {said}")
        missed = [name for name, fate in fates.items() if fate not in ("killed", "timeout")]
        shown = subprocess.run(
            [sys.executable, "-c", _SHOW, *missed],
            cwd=home,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        return Counter(fates.values()), shown.stdout


def score(fates: Counter[str]) -> float:
    """Percent of the changes that were noticed; one that never ends was."""
    return 100 * (fates["killed"] + fates["timeout"]) / fates.total()


def report(names: Sequence[str]) -> int:
    """Print a line for each module, what it missed to stderr; 1 where one is below the mark."""
    low = 0
    print(f"{'guard':<12} {'module':<15} {'changes':>8} {'noticed':>8} {'percent':>8}")
    for guard in GUARDS:
        if names and guard.module not in names:
            continue
        fates, missed = run(guard)
        noticed, percent = fates["killed"] + fates["timeout"], score(fates)
        counts = f"{fates.total():>8} {noticed:>8} {percent:>8.1f}"
        print(f"{guard.kind:<12} {guard.module:<15} {counts}", flush=True)
        print(missed, file=sys.stderr, flush=True)
        low += percent < SCORE
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
