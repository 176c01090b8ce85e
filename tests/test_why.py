from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from alliance_graph import why
from alliance_graph.errors import AllianceError, UnknownName
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, RDF, iri
from alliance_graph.why import Line, Section, Source, Tree


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


def walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    for child in tree.children:
        yield from walk(child)


MEETING = iri("encounter", "choi-biegun-2020-09")
WRONG_DATE = "asiae-2020-10-16.choi-biegun-2020-09.date.2020-10-10"


def test_claims_bring_their_qualities_and_places(store: Embedded) -> None:
    dates = [c for c in why.claims(store, [MEETING]) if c.predicate == ALLY.date]
    assert [c.value.value for c in dates] == ["2020-09-10", "2020-10-10"]
    right, wrong = dates
    assert (right.rank, right.because) == ("preferred", "agrees-with-relative-date")
    assert (right.holder, right.sides, right.attribution) == ("kr-mofa", ("kr",), "on-record")
    assert right.sources[0].place == "asiae-2020-10-16 ¶3 words 100-122"
    assert right.sources[0].says == "kr-mofa (kr, on-record)"
    assert wrong.id == WRONG_DATE
    assert wrong.sources[0].says == "the article"
    assert "deprecated: contradicted by same source" in wrong.qualities
    (same,) = why.claims(store, [wrong.iri], of="self")
    assert same == wrong


def test_claims_are_found_from_their_value(store: Embedded) -> None:
    scm = iri("channel", "security-consultative-meeting")
    about = why.claims(store, [scm], of="object")
    assert {c.predicate for c in about} >= {ALLY.inChannel}
    assert all(c.value == NamedNode(scm) for c in about)
    assert why.claims(store, []) == []


def test_names_of_what_has_no_label(store: Embedded) -> None:
    part = iri("participation", "choi-biegun-2020-09.stephen-biegun")
    period = iri("status-period", "nuclear-consultative-group.active.2024-02-28")
    unknown = iri("person", "nobody")
    names = why.names_of(store, [part, period, unknown])
    assert names[part] == "Stephen Biegun as US Deputy Secretary of State"
    assert names[period] == "active, 2024-02-28"
    assert names[unknown] == "nobody"


def test_a_claim_rests_on_its_passage(store: Embedded) -> None:
    tree = why.why(store, WRONG_DATE)
    assert tree.kind == "claim"
    assert "2020-10-10" in tree.label
    assert "“October 10th”" in tree.label
    assert [c.label for c in tree.children] == ["asiae-2020-10-16 ¶3 words 36-52"]


def test_a_thing_rests_on_claims_and_on_rules(store: Embedded) -> None:
    tree = why.why(store, "choi-biegun-2020-09")
    kinds = [c.kind for c in tree.children]
    assert kinds == sorted(kinds)  # claims before what is derived
    assert {"claim", "derived"} <= set(kinds)
    assert all(any(leaf.kind == "passage" for leaf in walk(child)) for child in tree.children), (
        "each branch ends in a passage"
    )


def test_a_derived_triple_names_its_rule_and_its_premises(store: Embedded) -> None:
    tree = why.why(store, "antony-blinken counterpartOf cho-tae-yul")
    (derived,) = tree.children
    assert "by rule: Persons who met in such offices" in derived.label
    premises = {c.label for c in derived.children}
    assert any("Phone call of Cho Tae-yul" in p for p in premises)
    assert any(p.startswith("Cho Tae-yul as Minister of Foreign Affairs") for p in premises)
    assert why.why(store, ("blinken", "ally:counterpartOf", "cho-tae-yul")) == tree
    again = why.why(store, derived.id)
    assert again == derived


def test_what_a_rule_turned_round_rests_on_that_claim(store: Embedded) -> None:
    tree = why.why(store, "choi-biegun-2020-09 before lee-biegun-2020-09")
    (derived,) = tree.children
    assert [c.kind for c in derived.children] == ["claim"]
    assert "following Deputy Minister Choi" in derived.children[0].label


def test_a_triple_that_nobody_says(store: Embedded) -> None:
    with pytest.raises(UnknownName, match="they have 2020-09-10, 2020-10-10"):
        why.why(store, "choi-biegun-2020-09 date 2020-11-10")
    with pytest.raises(UnknownName, match="neither a claim nor a rule"):
        why.why(store, "antony-blinken counterpartOf kim-jong-un")
    with pytest.raises(UnknownName):
        why.why(store, "no such thing at all")


def test_text_is_a_tree_and_json_has_the_same_leaves(store: Embedded) -> None:
    tree = why.why(store, "lee-biegun-2020-09")
    text = tree.text()
    assert text.splitlines()[0] == tree.label
    assert "├─ " in text
    assert "└─ " in text
    assert tree.as_dict()["kind"] == "thing"
    assert len(re.findall(r"words \d", text)) == sum(t.kind == "passage" for t in walk(tree))


def test_passages_where_the_texts_are_at_hand(store: Embedded, texts: Path) -> None:
    tree = why.why(store, WRONG_DATE, texts)
    passage = tree.children[0].passage
    assert passage.startswith("On October 10th")
    assert len(passage.split()) == 52 - 36 + 1
    every = [t for t in walk(why.why(store, "antony-blinken", texts)) if t.kind == "passage"]
    assert every
    assert all(t.passage for t in every if "words" in t.label)


def test_passages_of_a_text_of_our_own(store: Embedded, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("Nothing of this is in any of the articles.\n", "utf-8")
    tree = why.why(store, WRONG_DATE, tmp_path)
    assert tree.children[0].passage == ""
    with pytest.raises(AllianceError, match="no such folder"):
        why.why(store, WRONG_DATE, tmp_path / "missing")
    (tmp_path / "broken.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(AllianceError, match="UTF-8"):
        why.why(store, WRONG_DATE, tmp_path)


def test_a_line_shows_who_says_so_and_where() -> None:
    at = Source("koreatimes-2024-12-21", "body", 3, "4-9", "", "kr-mofa", ("kr",), "on-record")
    also = Source(
        "koreatimes-2024-12-21", "headline", 1, "2-3", "", "kr-mofa", ("kr",), "on-record"
    )
    known = Source("", outside="external: a register")
    line = Line("text", "planned", (at, also, known), "a note")
    assert list(Section("Title", (line,)).text_lines(100)) == [
        "  [planned] text",
        "    note: a note",
        "      ← koreatimes-2024-12-21 ¶3 words 4-9, headline 1 words 2-3 · says kr-mofa (kr, on-record)",
        "      ← external: a register",
    ]
    assert line.as_dict()["sources"][2] == {"outside": "external: a register"}
    assert Line("bare").as_dict() == {"text": "bare"}


def test_predicates_in_words() -> None:
    assert why.spoken(ALLY.inChannel) == "in channel"
    assert why.spoken(RDF + "type") == "is"
    assert why.quoted("once") == "“once”"
    assert why.quoted("“twice”") == "“twice”"
