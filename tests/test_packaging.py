"""What we ship and what we ship it with: wheel, sdist, pins, versions, and the rule on skips."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import alliance_graph

ROOT = Path(__file__).resolve().parents[1]
LOCKS = [ROOT / "requirements.lock", ROOT / "tests" / "requirements.lock"]


@pytest.fixture(scope="session")
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def hatch(source: Path, target: str, out: Path, **env: str) -> Path:
    """Build ``target`` ("wheel", "sdist") of the project in ``source`` into ``out``."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", out],
        cwd=source,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1600000000", **env},
        capture_output=True,
        check=True,
    )
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hatch(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def shipped(folder: Path) -> set[str]:
    return {
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


def test_the_wheel_holds_code_ontology_facts_and_their_graph_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    info = f"alliance_graph-{alliance_graph.__version__}.dist-info"
    expected = {
        f"alliance_graph/{prefix}{name}"
        for prefix, folder in (
            ("", ROOT / "graph" / "alliance_graph"),
            ("ontology/", ROOT / "ontology"),
            ("seeds/", ROOT / "seeds"),
        )
        for name in shipped(folder)
    }
    expected.add("alliance_graph/shipped.trig")
    assert {n for n in names if not n.startswith(info)} == expected
    assert {"alliance_graph/py.typed", f"{info}/licenses/LICENSE"} <= names


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as z:
        info = f"alliance_graph-{alliance_graph.__version__}.dist-info"
        told = email.message_from_bytes(z.read(f"{info}/METADATA"))
        points = z.read(f"{info}/entry_points.txt").decode()
    assert told["Requires-Python"] == ">=3.11"
    assert told["License-Expression"] == "MIT AND CC-BY-4.0"
    assert "alliance = alliance_graph.cli:main" in points


def test_facts_are_found_inside_an_unpacked_wheel(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path / "lib", "zip")
    ask = "from alliance_graph import paths; print(paths.seeds(), paths.ontology(), sep='\\n')"
    out = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "lib")},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    package = tmp_path / "lib" / "alliance_graph"
    assert [Path(line) for line in out.splitlines()] == [package / "seeds", package / "ontology"]


def test_a_fresh_install_opens_without_compiling(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path / "lib", "zip")
    code = (
        "import sys, alliance_graph as ag; g = ag.open();"
        "print([m for m in ('pydantic', 'yaml', 'rdflib', 'networkx') if m in sys.modules], g)"
    )
    home = tmp_path / "cache"
    out = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "lib"), "XDG_CACHE_HOME": str(home)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert out.strip() == "[] <alliance graph: 5 articles>"
    assert not home.exists()


def test_the_sdist_is_complete_and_gives_the_same_wheel_elsewhere(
    wheel: Path, tmp_path: Path
) -> None:
    sdist = hatch(ROOT, "sdist", tmp_path / "sdist")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(["tar", "-xzf", sdist, "-C", elsewhere], check=True)
    (source,) = elsewhere.iterdir()
    for name in ("Makefile", "LICENSE", "requirements.lock", "tests/conftest.py", ".ci/run"):
        assert (source / name).is_file(), f"the sdist lacks {name}"
    for path in source.rglob("*"):
        os.utime(path, (1_500_000_000, 1_500_000_000))
    again = hatch(
        source, "wheel", tmp_path / "again", PYTHONHASHSEED="7", TZ="Asia/Seoul", LC_ALL="C"
    )
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


# --- pins -----------------------------------------------------------------------------------------


def pins(lock: Path) -> dict[str, list[str]]:
    """Pinned versions by package; more than one where Python versions or systems differ."""
    found: dict[str, list[str]] = {}
    for line in lock.read_text("utf-8").splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.rstrip(" \\"))
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            found.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_each_pin_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.partition("\n")[2])
    assert all("--hash=sha256:" in entry for entry in entries[1:])
    assert "://" not in text
    assert "-index" not in text


@pytest.mark.parametrize("folder", ["graph/web", "tests/clients"])
def test_what_comes_from_npm_is_pinned_without_an_address(folder: str) -> None:
    wanted = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
    lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
    root, *packages = lock["packages"].items()
    assert root[1]["dependencies"] == wanted["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", pin) for pin in wanted["dependencies"].values())
    for name, package in packages:
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "omit-lockfile-registry-resolved=true" in (ROOT / folder / ".npmrc").read_text("utf-8")


def test_the_wheel_takes_the_editor_along(wheel: Path) -> None:
    editor = ROOT / "graph" / "alliance_graph" / "web" / "yasgui"
    if not editor.exists():
        pytest.skip("needs YASGUI: apt-get install npm, then make web")
    lock = json.loads((ROOT / "graph/web/package-lock.json").read_text("utf-8"))
    version = lock["packages"]["node_modules/@zazuko/yasgui"]["version"]
    with zipfile.ZipFile(wheel) as z:
        names = {n.rpartition("/")[2] for n in z.namelist() if "/web/yasgui/" in n}
        notices = z.read("alliance_graph/web/yasgui/LICENSES.txt").decode()
        packed = z.read("alliance_graph/web/yasgui/yasgui.min.js")
    assert names == {"yasgui.min.js", "yasgui.min.css", "LICENSES.txt"}
    assert f"@zazuko/yasgui {version} (MIT)" in notices
    for name in lock["packages"]:
        assert name.removeprefix("node_modules/") in notices
    published = ROOT / "graph/web/node_modules/@zazuko/yasgui/build/yasgui.min.js"
    assert packed == published.read_bytes()


def test_pins_fit_the_ranges_and_the_tests_use_what_users_get(pyproject: dict[str, Any]) -> None:
    groups = pyproject["dependency-groups"]
    used, tested = (pins(lock) for lock in LOCKS)
    for wanted, lock in (
        ([*pyproject["project"]["dependencies"], *groups["build"]], used),
        (groups["test"], tested),
    ):
        for requirement in map(Requirement, wanted):
            versions = lock.get(canonicalize_name(requirement.name), [])
            assert versions, f"{requirement.name} is not pinned; run `make lock`"
            assert all(requirement.specifier.contains(v) for v in versions), requirement
    assert used.items() <= tested.items()


# --- one version everywhere -----------------------------------------------------------------------


def test_all_places_tell_one_version() -> None:
    version = alliance_graph.__version__
    assert metadata.version("alliance-graph") == version
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert str(citation["version"]) == version
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    (newest, section) = re.findall(r"^## \[(.+?)\].*\n((?:(?!## ).*\n)*)", changes, re.M)[0]
    assert newest == version or (newest == "Unreleased" and version in section)


# --- skips ----------------------------------------------------------------------------------------


SKIPS = {
    "test_tool.py": "def test_it(needs_tool):\n    needs_tool('no-such-tool', 'install it')\n",
    "test_texts.py": "def test_it(texts):\n    pass\n",
    "test_module.py": "import pytest\n\npytest.importorskip('no_such_module')\n",
    "test_runs.py": "def test_it():\n    pass\n",
}


@pytest.mark.parametrize(
    ("everything", "status", "closing"),
    [("", 0, "1 passed, 3 skipped"), ("1", 1, "1 failed, 1 passed, 2 errors")],
    ids=["some tools", "every tool"],
)
def test_where_every_tool_is_installed_a_skip_is_a_failure(
    tmp_path: Path, everything: str, status: int, closing: str
) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    for name, body in SKIPS.items():
        (tmp_path / name).write_text(body, "utf-8")
    env = {k: v for k, v in os.environ.items() if k != "ALLIANCE_TEXTS"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir", tmp_path, "--continue-on-collection-errors"],
        cwd=tmp_path,
        env={**env, "ALLIANCE_ALL": everything},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert closing in done.stdout
    assert ("allows no skip" in done.stdout) == bool(status)
