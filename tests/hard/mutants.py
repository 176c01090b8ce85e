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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCORE = 85
"""Percent of the changes that have to be noticed."""
GUARDS = {
    "loader": {"yaml12": ["test_yaml12"], "seeds": ["test_seeds"], "complaints": ["test_seeds"]},
    "minting": {"vocabulary": ["test_vocabulary"]},
    "escaping": {"html": ["test_html", "test_notebook"], "outputs": ["test_outputs"]},
    "query guard": {"worker": ["test_worker"]},
}
"""What guards us, by module, and the tests that are asked."""
_LONG = "not twenty_thousand and not mutations and not shipped"
"""Tests that take seconds are no help where each is run a thousand times."""
_CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/alliance_graph/{module}.py"]
also_copy = ["ontology", "seeds", "README.md", "CITATION.cff"]
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-k", "{long}"]
track_dependencies = false
use_git_change_detection = false
"""


def copied(into: Path, module: str, tests: Sequence[str]) -> Path:
    """A copy of the project laid out and told as mutmut wants it."""
    shutil.copytree(ROOT / "graph" / "alliance_graph", into / "src" / "alliance_graph")
    for name in ("ontology", "seeds", "tests"):
        shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("node_modules"))
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, into)
    config = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = ", ".join(f'"tests/{name}.py"' for name in tests)
    config += _CONFIG.format(module=module, tests=listed, long=_LONG)
    (into / "pyproject.toml").write_text(config, "utf-8")
    return into


def run(module: str, tests: Sequence[str]) -> tuple[Counter[str], list[str]]:
    """How many changes met which fate, and those that nobody noticed."""
    mutmut = Path(sys.executable).with_name("mutmut")
    if not mutmut.is_file():
        sys.exit(f"No mutmut beside {sys.executable}: pip install mutmut==3.8.1 there.")
    with tempfile.TemporaryDirectory() as folder:
        home = copied(Path(folder), module, tests)
        env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [mutmut, "run"], cwd=home, env=env, capture_output=True, text=True, check=False
        )
        told = subprocess.run(
            [mutmut, "results", "--all", "true"],
            cwd=home,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    fates = [line.strip().rpartition(": ") for line in told.splitlines() if "__mutmut_" in line]
    if not fates or any(fate == "not checked" for _, _, fate in fates):
        sys.exit(
            f"{module}: mutmut did not get through: {done.stdout[-1000:]}{done.stderr[-1000:]}"
        )
    missed = [name for name, _, fate in fates if fate not in ("killed", "timeout")]
    return Counter(fate for _, _, fate in fates), missed


def score(fates: Counter[str]) -> float:
    """Percent of the changes that were noticed; one that never ends was."""
    return 100 * (fates["killed"] + fates["timeout"]) / fates.total()


def report(names: Sequence[str]) -> int:
    """Print a line for each module; 1 where one is below the mark."""
    low = 0
    print(f"{'guard':<12} {'module':<12} {'changes':>8} {'noticed':>8} {'percent':>8}")
    for guard, modules in GUARDS.items():
        for module, tests in modules.items():
            if names and module not in names:
                continue
            fates, missed = run(module, tests)
            noticed = fates["killed"] + fates["timeout"]
            percent = score(fates)
            print(
                f"{guard:<12} {module:<12} {fates.total():>8} {noticed:>8} {percent:>8.1f}",
                flush=True,
            )
            for name in missed:
                print(f"    {name}", file=sys.stderr)
            low += percent < SCORE
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(report(sys.argv[1:]))
