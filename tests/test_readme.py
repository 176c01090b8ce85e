"""The README's commands and code run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "tests" / "data" / "historyatstate", folder / "historyatstate")
    shutil.copytree(built, folder / "home" / "build")
    return folder / "home"


LINES = [
    line.partition("  #")[0].strip()
    for line in "".join(blocks("sh")).splitlines()
    if "alliance " in line
]


@pytest.mark.parametrize("line", LINES)
def test_each_command_of_the_readme_runs(line: str, home: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=home,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or "--out" in line
    assert "0 rows" not in done.stdout


def test_there_are_commands() -> None:
    assert len(LINES) >= 7


def test_the_python_of_the_readme_runs(home: Path) -> None:
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Blinken" in done.stdout


@pytest.mark.parametrize("query", blocks("sparql"))
def test_the_sparql_of_the_readme_finds_something(query: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "alliance_graph", "query", "-", "--format", "csv"],
        cwd=home,
        input=query,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) > 2


def test_the_two_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("graph", "test"):
        assert f"make {target}" in README
        assert re.search(rf"^{target}:", makefile, re.M)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_top_level_holds_what_was_agreed() -> None:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    top = {name.partition("/")[0] for name in done.stdout.split("\0") if name}
    named = {"pyproject.toml", "graph", "ontology", "notebooks", "tests", "seeds", "README.md"}
    beside = {"LICENSE", "CHANGELOG.md", "CITATION.cff", "Makefile", "requirements.lock"}
    assert {n for n in top if not n.startswith(".")} <= named | beside
