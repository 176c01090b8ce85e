"""The main job: whole or not at all, and the same bytes everywhere."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import RdfFormat, parse
from tests.conftest import NeedsTool
from tests.hard import same
from tests.hard.runs import digests, other_facts

from alliance_graph import build, large, paths, seeds
from alliance_graph.build import Built
from alliance_graph.errors import AllianceError, BrokenFacts

OTHER = Path(__file__).parent / "data" / "other-alliance"
TEXTS = Path(__file__).parent / "data"


def test_a_build_holds_what_the_design_says(built: Path) -> None:
    names = set(digests(built))
    assert {
        "alliance.trig",
        "alliance.ttl",
        "claims.ttl",
        "alliance.jsonld",
        "network.html",
        "report.html",
        "report.json",
        "manifest.json",
    } <= names
    assert any(n.startswith("tables/") and n.endswith(".csv") for n in names)
    assert not [p for p in built.parent.iterdir() if p != built]


def test_the_manifest_names_every_file_with_its_digest(built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text("utf-8"))
    there = digests(built)
    del there["manifest.json"]
    assert manifest["files"] == there
    assert manifest["summary"]["articles"] == 5
    assert manifest["summary"]["of them undecided"] == 0
    assert manifest["private"] is False


def test_files_can_be_read(built: Path) -> None:
    quads = list(parse(path=str(built / "alliance.trig"), format=RdfFormat.TRIG))
    assert len(quads) == len(set(quads)) > 10_000
    for name in ("alliance.ttl", "claims.ttl"):
        assert list(parse(path=str(built / name), format=RdfFormat.TURTLE))


def test_no_path_of_this_machine_in_a_build(built: Path) -> None:
    root = str(paths.seeds().parent)
    for path in built.rglob("*"):
        if path.is_file():
            text = path.read_bytes()
            assert root.encode() not in text, path
            assert str(built.parent).encode() not in text, path


def test_bounds_on_counts(built: Path) -> None:
    """A silent loss of facts fails here; raise the lower bounds as facts come."""
    counts = json.loads((built / "manifest.json").read_text("utf-8"))["summary"]
    assert 26 <= counts["officials"] <= 40
    assert 20 <= counts["offices"] <= 40
    assert 13 <= counts["channels"] <= 25
    assert 22 <= counts["encounters"] <= 45
    assert 2_000 <= counts["claims"] <= 4_000
    assert 8 <= counts["counterparts"] <= 16


def test_another_alliance_compiles_with_the_same_code(tmp_path: Path) -> None:
    built = build.build(OTHER, tmp_path / "build")
    assert built.summary["counterparts"] == 2
    assert built.summary["planned encounters"] == 1
    assert built.summary["denied"] == 1
    page = (tmp_path / "build" / "network.html").read_text("utf-8")
    assert "Penny Wong" in page
    assert "Blinken" not in page


def test_same_facts_same_bytes_wherever_they_are_built(
    tmp_path: Path, needs_tool: NeedsTool
) -> None:
    """Six of 240 surroundings; all, with wheel and sdist: ``python -m tests.hard same``."""
    hint = "apt-get install locales (localedef, and the sources of the locales)"
    needs_tool("localedef", hint)
    if not Path("/usr/share/i18n/locales/tr_TR").is_file():
        pytest.skip(f"needs the sources of the locales: {hint}")
    arounds = same.sample(6)
    assert {len(set(axis)) for axis in zip(*arounds, strict=True)} == {2, 3, 6}
    seen = same.run(tmp_path, arounds, facts=OTHER)
    assert same.in_force(seen, arounds) == []
    assert len(seen.made["build"]) == 1
    assert same.in_force(same.Seen(), arounds), "what is not in force would be seen"


def test_an_unchanged_build_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "build"
    assert build.build(OTHER, out).fresh
    inode = out.stat().st_ino
    again = build.build(OTHER, out)
    assert not again.fresh
    assert again.summary["counterparts"] == 2
    assert out.stat().st_ino == inode


def test_a_damaged_build_is_made_again(tmp_path: Path) -> None:
    out = tmp_path / "build"
    build.build(OTHER, out)
    before = digests(out)
    (out / "alliance.ttl").write_text("", "utf-8")
    assert build.build(OTHER, out).fresh
    assert digests(out) == before


def test_changed_facts_are_built_anew(tmp_path: Path) -> None:
    facts, out = tmp_path / "facts", tmp_path / "build"
    shutil.copytree(OTHER, facts)
    build.build(facts, out)
    person = facts / "people" / "penny-wong.yaml"
    person.write_text(person.read_text("utf-8").replace("Penny Wong", "Wong Penny"), "utf-8")
    assert build.build(facts, out).fresh
    assert "Wong Penny" in (out / "alliance.ttl").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("penny-wong, in:", "peny-wong, in:"),  # no such person
        ("kind: meeting", "kind: meting"),  # not of the closed list
        ("is: 2022-12-09, date_basis: stated, printed", "is: 2022-13-09, printed"),  # no such day
        ("encounters:", "encounters: ["),  # no YAML
    ],
)
def test_broken_facts_leave_the_old_build_alone(tmp_path: Path, old: str, new: str) -> None:
    facts, out = tmp_path / "facts", tmp_path / "build"
    shutil.copytree(OTHER, facts)
    build.build(facts, out)
    before = digests(out)
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    text = article.read_text("utf-8")
    assert old in text
    article.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BrokenFacts) as broken:
        build.build(facts, out)
    place = next(f.where for f in broken.value.findings if f.severity == "error")
    assert place is not None
    assert place.file.endswith("test-notes-2022-12-10.yaml")
    assert digests(out) == before
    assert {p.name for p in tmp_path.iterdir()} == {"facts", "build"}


def test_huge_files_links_and_odd_names_among_the_facts_are_findings(tmp_path: Path) -> None:
    """None is read whole: this one would not fit into memory."""
    facts = tmp_path / "facts"
    shutil.copytree(OTHER, facts)
    with (facts / "people" / "huge.yaml").open("wb") as stream:
        stream.truncate(200_000_000_000)
    (facts / "people" / "link.yaml").symlink_to(facts / "people" / "huge.yaml")
    Path(os.fsdecode(os.fsencode(facts) + b"/people/\xff.yaml")).write_text("id: x\n", "utf-8")
    with pytest.raises(BrokenFacts) as broken:
        build.build(facts, tmp_path / "build")
    codes = {f.code for f in broken.value.findings}
    assert {"yaml-too-big", "symlink", "missing-field"} <= codes
    assert [p.name for p in tmp_path.iterdir()] == ["facts"]


def test_a_folder_that_is_no_build_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(AllianceError, match="no build of ours"):
        build.build(OTHER, tmp_path)
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "mine"


def test_a_manifest_of_another_program_makes_no_build(tmp_path: Path) -> None:
    """A web page of one's own has a manifest.json as well."""
    (tmp_path / "manifest.json").write_text('{"name": "my page"}', "utf-8")
    (tmp_path / "page.js").write_text("mine", "utf-8")
    for other in ('{"name": "my page"}', "[]", "no JSON"):
        (tmp_path / "manifest.json").write_text(other, "utf-8")
        with pytest.raises(AllianceError, match="no build of ours"):
            build.build(OTHER, tmp_path)
    assert (tmp_path / "page.js").read_text("utf-8") == "mine"


def test_no_facts_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("nowhere", "empty"):
        with pytest.raises(AllianceError, match="no such folder of facts"):
            build.compile_facts(tmp_path / name)


def test_no_place_for_a_build(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", "utf-8")
    with pytest.raises(AllianceError, match="no build of ours"):
        build.build(OTHER, tmp_path / "file")
    with pytest.raises(AllianceError, match="name another folder with --out"):
        build.build(OTHER, tmp_path / "file" / "build")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_of_a_link_the_folder_to_which_it_leads_is_built(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    build.build(OTHER, link)
    first = digests(tmp_path / "real")
    (tmp_path / "real" / "alliance.ttl").unlink()
    assert build.build(OTHER, link).fresh
    assert not build.build(OTHER, link).fresh
    assert link.is_symlink()
    assert digests(tmp_path / "real") == first
    assert {p.name for p in tmp_path.iterdir()} == {"link", "real"}


def test_a_build_within_its_facts_is_left_alone_too(tmp_path: Path) -> None:
    shutil.copytree(OTHER, tmp_path, dirs_exist_ok=True)
    assert build.build(tmp_path, tmp_path / "build").fresh
    assert not build.build(tmp_path, tmp_path / "build").fresh


def test_what_a_shape_finds_has_its_place(tmp_path: Path) -> None:
    """A claim, a participation and a record are led back to their lines; all is told at once."""
    facts = tmp_path / "facts"
    shutil.copytree(OTHER, facts)
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    text = article.read_text("utf-8")
    for old, new in (
        ("published: {is: 2022-12-10, date_basis: external, basis: external, source: date in the"
         " file's name}", "published: 2022-12-10"),
        ("session_number: 10", "session_number: -10"),
        ("in: jp-defense-minister}", "in: jp-defense-minister, country: au}"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    article.write_text(text, "utf-8")
    with pytest.raises(BrokenFacts) as broken:
        build.compile_facts(facts)
    lines = text.splitlines()
    assert "office-of-another-country" in {f.code for f in broken.value.findings}
    told = {f.code: f for f in broken.value.findings if f.severity == "error"}
    assert len(told) >= 2
    for found in told.values():
        assert found.where, found
        about = lines[found.where.line - 1]
        assert any(word in about for word in ("2022-12-10", "id: au-jp-2-plus-2", "session")), found


def test_a_build_with_texts_is_marked_private_and_shows_passages(tmp_path: Path) -> None:
    out = tmp_path / "private"
    build.build(OTHER, out, TEXTS)
    assert out.stat().st_mode & 0o077 == 0
    assert json.loads((out / "manifest.json").read_text("utf-8"))["private"] is True
    for name in ("network.html", "report.html", "report.json"):
        assert "A follow-up between officials is planned" in (out / name).read_text("utf-8"), name
    public = tmp_path / "public"
    build.build(OTHER, public)
    for path in public.rglob("*"):
        if path.is_file():
            assert b"A follow-up between officials is planned" not in path.read_bytes(), path


def test_readers_see_one_whole_build(tmp_path: Path) -> None:
    """While builds change places, manifest and files that a reader opens in one folder agree."""
    facts, out = tmp_path / "facts", tmp_path / "build"
    shutil.copytree(OTHER, facts)
    build.build(facts, out)
    stop = threading.Event()
    torn: list[str] = []

    def read() -> None:
        while not stop.is_set():
            folder = os.open(out, os.O_RDONLY)  # one folder, whatever its name is by then
            try:
                manifest = os.open("manifest.json", os.O_RDONLY, dir_fd=folder)
                with open(manifest, "rb") as f:  # noqa: PTH123 - a descriptor has no path
                    wanted = json.load(f)["files"]["alliance.ttl"]
                turtle = os.open("alliance.ttl", os.O_RDONLY, dir_fd=folder)
                with open(turtle, "rb") as f:  # noqa: PTH123 - as above
                    if hashlib.sha256(f.read()).hexdigest() != wanted:
                        torn.append(wanted)
            except FileNotFoundError:
                pass  # the old folder is being removed under us: it was whole until then
            finally:
                os.close(folder)

    reader = threading.Thread(target=read)
    reader.start()
    person = facts / "people" / "penny-wong.yaml"
    text = person.read_text("utf-8")
    for n in range(4):
        person.write_text(text.replace("Penny Wong", f"Penny Wong {'I' * n}".strip()), "utf-8")
        build.build(facts, out)
    stop.set()
    reader.join()
    assert torn == []


def test_two_builds_into_one_folder_at_once(tmp_path: Path) -> None:
    """Neither takes what the other is writing for a leftover; the last one stands, whole."""
    out = tmp_path / "build"
    facts = [tmp_path / "one", tmp_path / "two"]
    for folder in facts:
        shutil.copytree(OTHER, folder)
    person = facts[1] / "people" / "penny-wong.yaml"
    person.write_text(person.read_text("utf-8").replace("Penny Wong", "Wong Penny"), "utf-8")
    start = threading.Barrier(2)
    wrong: list[Exception] = []

    def work(folder: Path) -> None:
        start.wait()
        try:
            build.build(folder, out)
        except Exception as bad:  # noqa: BLE001 - told by the thread that waits
            wrong.append(bad)

    threads = [threading.Thread(target=work, args=(folder,)) for folder in facts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    now = digests(out)
    whole = json.loads((out / "manifest.json").read_text("utf-8"))["files"]
    assert {k: v for k, v in now.items() if k != "manifest.json"} == whole
    assert {p.name for p in tmp_path.iterdir()} == {"build", "one", "two"}


def test_facts_that_vanish_while_they_are_read_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts, out = other_facts(tmp_path / "facts"), tmp_path / "build"
    build.build(OTHER, out)
    before, read = digests(out), seeds.content

    def vanishing(path: Path) -> bytes:
        if path.parent.name == "people":
            path.unlink()
        return read(path)

    monkeypatch.setattr(seeds, "content", vanishing)
    with pytest.raises(BrokenFacts) as broken:
        build.build(facts, out)
    assert "cannot be read: No such file or directory" in {f.what for f in broken.value.findings}
    assert digests(out) == before


@pytest.mark.parametrize("job", [build.build, large.build_large])
def test_an_unchanged_build_sweeps_up_as_well(job: Callable[..., Built], tmp_path: Path) -> None:
    out = tmp_path / "build"
    job(OTHER, out)
    (tmp_path / ".build.new-killed").mkdir()
    assert not job(OTHER, out).fresh
    assert [p.name for p in tmp_path.iterdir()] == ["build"]
