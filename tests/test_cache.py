"""The shipped facts, compiled once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Quad

from alliance_graph import build, cache
from alliance_graph.store.embedded import Embedded


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "alliance-graph"


def named(store: Embedded) -> set[Quad]:
    """Its quads without those of blank nodes, whose names mean nothing."""
    return {
        q
        for q in store.quads()
        if not isinstance(q.subject, BlankNode) and not isinstance(q.object, BlankNode)
    }


def no_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("compiled again")

    monkeypatch.setattr(build, "compile_facts", refuse)


def test_compiled_once_then_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cache.shipped()
    (kept,) = home.iterdir()
    assert kept.suffix == ".trig"
    no_compiling(monkeypatch)
    again = cache.shipped()
    assert len(again) == len(first)
    assert named(again) == named(first)


def test_what_is_not_whole_is_compiled_anew(home: Path) -> None:
    whole = len(cache.shipped())
    (kept,) = home.iterdir()
    data = kept.read_bytes()
    # cut behind a statement: still good TriG, but not all of it
    kept.write_bytes(
        data[: data.rindex(b"\n\t}", 0, len(data) // 2)] if b"\n\t}" in data else data[:99]
    )
    assert len(cache.shipped()) == whole
    assert kept.read_bytes().splitlines()[0] == f"# {whole} quads".encode()
    kept.write_bytes(b"\xff nonsense")
    assert len(cache.shipped()) == whole


def test_a_cache_that_can_not_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(cache.shipped()) > 1000


def test_only_a_few_are_kept(home: Path) -> None:
    home.mkdir()
    for i in range(5):
        (home / f"{i}.trig").write_text("", "utf-8")
    cache.shipped()
    assert len(list(home.glob("*.trig"))) == 3


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache.folder() == Path.home() / ".cache" / "alliance-graph"
