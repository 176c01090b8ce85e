"""The shipped facts, compiled once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Quad

import alliance_graph as ag
from alliance_graph import build, cache, cli, paths
from alliance_graph.store.embedded import Embedded

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture
def facts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few facts in the place of those that are shipped: they are compiled in no time."""
    folder = tmp_path / "seeds"
    shutil.copytree(OTHER, folder)
    monkeypatch.setattr(paths, "seeds", lambda: folder)
    return folder


@pytest.fixture
def home(tmp_path: Path, facts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "alliance-graph"


@pytest.fixture
def compiled(tmp_path: Path, facts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a wheel brings."""
    path = tmp_path / "shipped.trig"
    cache.write(path)
    monkeypatch.setattr(paths, "COMPILED", path)
    return path


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
    assert len(ag.open(paths.seeds()).store) == len(first)  # type: ignore[arg-type]  # a store of ours


def test_what_is_not_whole_is_compiled_anew(home: Path) -> None:
    whole = len(cache.shipped())
    (kept,) = home.iterdir()
    data = kept.read_bytes()
    head = data.splitlines()[0]
    # cut behind a statement: still good TriG, but not all of it
    kept.write_bytes(data[: data.rindex(b" .\n", 0, len(data) // 2)] + b" .\n}\n")
    assert 1000 < len(Embedded.read(kept)) < whole
    assert len(cache.shipped()) == whole
    assert kept.read_bytes().splitlines()[0] == head
    kept.write_bytes(head + b"\n\xff nonsense")
    assert len(cache.shipped()) == whole


def test_a_build_leaves_the_shipped_facts_compiled(
    home: Path, facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["build", "--facts", str(facts), "--out", str(tmp_path / "build")]
    cli.main(command, standalone_mode=False)
    assert len(list(home.iterdir())) == 1
    no_compiling(monkeypatch)
    assert len(cache.shipped()) > 1000


def test_what_a_wheel_brings_is_read_and_nothing_is_kept(
    home: Path, facts: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build.compile_facts(facts).store
    no_compiling(monkeypatch)
    assert named(cache.shipped()) == named(whole)
    cache.keep(whole)
    assert not home.exists()


def test_what_was_compiled_from_other_facts_or_code_is_not_used(
    home: Path, facts: Path, compiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = tmp_path / "elsewhere"
    facts.rename(moved)
    monkeypatch.setattr(paths, "seeds", lambda: moved)
    with monkeypatch.context() as only_here:
        no_compiling(only_here)
        cache.shipped()  # the same facts in another place
    person = moved / "people" / "penny-wong.yaml"
    person.write_text(person.read_text("utf-8").replace("Penny Wong", "Somebody Else"), "utf-8")
    assert "Somebody Else" in ag.open().show("penny-wong").text()
    monkeypatch.setattr(build, "digest", lambda _: "of other code")
    with monkeypatch.context() as only_here:
        no_compiling(only_here)
        with pytest.raises(AssertionError, match="compiled again"):
            cache.shipped()


def test_the_digest_is_of_facts_ontology_and_code(facts: Path) -> None:
    before = build.digest(facts)
    (facts / "people" / "notes.yaml").write_text("id: notes\n", "utf-8")
    assert build.digest(facts) != before
    (facts / "people" / "notes.yaml").unlink()
    assert build.digest(facts) == before != build.digest(paths.ontology())


def test_it_is_written_with_the_same_bytes(compiled: Path, tmp_path: Path) -> None:
    cache.write(tmp_path / "again.trig")
    assert (tmp_path / "again.trig").read_bytes() == compiled.read_bytes()


def test_a_cache_that_can_not_be_written_is_done_without(
    facts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(cache.shipped()) > 1000


def test_only_a_few_are_kept(home: Path) -> None:
    home.mkdir(parents=True)
    for i in range(5):
        (home / f"{i}.trig").write_text("", "utf-8")
    cache.shipped()
    assert len(list(home.glob("*.trig"))) == 3


def test_a_relative_cache_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    assert cache.folder() == Path.home() / ".cache" / "alliance-graph"
