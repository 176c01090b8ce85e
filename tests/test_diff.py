"""What changed between two builds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from alliance_graph import derive, diff, outputs, rdf, seeds
from alliance_graph.errors import AllianceError
from alliance_graph.store.embedded import Embedded

OTHER = Path(__file__).parent / "data" / "other-alliance"
ARTICLE = Path("articles") / "test-notes-2022-12-10.yaml"


def graph(folder: Path) -> Embedded:
    loaded = seeds.load(folder)
    assert not [f for f in loaded.findings if f.severity == "error"]
    store = Embedded(rdf.quads(loaded.facts))
    derive.derive(store)
    return store


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str, Path], list[diff.Change]]:
    """The changes that one replacement in one file makes."""

    def edit(old: str, new: str, file: Path = ARTICLE) -> list[diff.Change]:
        folder = tmp_path / "facts"
        shutil.copytree(OTHER, folder)
        text = (folder / file).read_text("utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), "utf-8")
        return diff.diff(graph(OTHER), graph(folder))

    return edit


Edit = Callable[..., list[diff.Change]]


def test_the_same_facts_have_no_difference() -> None:
    changes = diff.diff(graph(OTHER), graph(OTHER))
    assert changes == []
    assert diff.as_text(changes) == "no difference"


def test_another_date_is_a_change_with_before_and_after(edited: Edit) -> None:
    changes = edited(
        "{is: 2022-12-09, date_basis: stated, printed",
        "{is: 2022-12-08, date_basis: stated, printed",
    )
    dates = [c for c in changes if c.predicate == "ally:date"]
    assert [(c.kind, c.before, c.after) for c in dates] == [
        ("changed", "“2022-12-09”", "“2022-12-08”")
    ]
    assert "~ encounter/au-jp-2-plus-2-2022-12-09 ally:date “2022-12-09” → “2022-12-08”" in (
        diff.as_text(changes)
    )


def test_a_changed_quality_is_named(edited: Edit) -> None:
    changes = edited("  state: unknown\n", "  state: {is: unknown, basis: curated}\n")
    (change,) = changes
    assert change.kind == "changed"
    assert "basis/curated" in str(change.after)
    assert "basis/article" in str(change.before)


def test_a_fact_that_came_and_one_that_went(edited: Edit) -> None:
    came = edited("  mode: in-person\n", "  mode: in-person\n  hosted_by: jp\n")
    assert [(c.kind, c.predicate, c.after) for c in came] == [
        ("added", "ally:hostedBy", "country/jp")
    ]


def test_a_fact_that_went(edited: Edit) -> None:
    went = edited("  mode: in-person\n", "")
    assert [(c.kind, c.predicate, c.before) for c in went] == [
        ("gone", "ally:mode", "mode/in-person")
    ]


def test_identities_count_too(edited: Edit) -> None:
    changes = edited("label: Penny Wong", "label: Wong Penny", Path("people/penny-wong.yaml"))
    assert {(c.kind, c.source) for c in changes} >= {
        ("gone", "identities"),
        ("added", "identities"),
    }
    assert diff.as_dict(changes)["counts"]["gone"] >= 1


def test_what_no_claim_says_counts_too(edited: Edit) -> None:
    changes = edited("in: au-foreign-minister", "in: [au-foreign-minister, au-defence-minister]")
    (change,) = (c for c in changes if c.subject.startswith("participation/"))
    assert (change.kind, change.predicate, change.source) == ("added", "ally:inPost", "truthy")
    assert change.after == "office/au-defence-minister"


def test_a_label_of_ours_counts_too(edited: Edit) -> None:
    changes = edited("label: Tenth Australia", "label: 10th Australia")
    assert {(c.kind, c.predicate, c.source) for c in changes} == {
        ("gone", "skos:prefLabel", "truthy"),
        ("added", "skos:prefLabel", "truthy"),
    }


def test_two_claims_of_one_value_are_told_apart(edited: Edit) -> None:
    """One holder asserts what another denies: the first stays, the second changes."""
    two = "  mode:\n  - in-person\n  - {is: in-person, holder: jp-mofa, polarity: denied}\n"
    changes = edited("  mode: in-person\n", two)
    assert [(c.kind, c.after) for c in changes] == [("added", "mode/in-person")]


def test_builds_are_read_by_folder_or_file(tmp_path: Path) -> None:
    (tmp_path / "alliance.trig").write_bytes(outputs.trig(outputs.in_order(graph(OTHER).quads())))
    assert diff.diff(diff.read(tmp_path), diff.read(tmp_path / "alliance.trig")) == []
    with pytest.raises(AllianceError, match="nowhere"):
        diff.read(tmp_path / "nowhere")
