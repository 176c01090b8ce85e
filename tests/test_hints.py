"""Hints: a typing mistake in a query of one's own is told from absence."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_graph import build, graph, hints, questions
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def store() -> Embedded:
    return Embedded(build.compile_facts(OTHER).store.quads())


def test_a_prefix_that_nobody_declared_is_named() -> None:
    assert hints.undeclared("SELECT ?x { ?x ally:mode persons:x }") == (
        "no prefix 'persons:'; did you mean person:?"
    )
    assert hints.undeclared("SELECT ?x { ?x zzzz:mode ?y }") == (
        "no prefix 'zzzz:': declare it with PREFIX"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?x { ?x ally:mode mode:phone ; rdfs:label 'no:prefix' } # nor:here",
        "PREFIX ex: <http://example.org/> SELECT ?x { ?x ex:y _:b ; ^ex:z|!ally:mode ?y }",
        'PREFIX : <http://example.org/#> SELECT ?x { ?x :y """a\nb:c""" }',
        'SELECT ?x { ?x <http://example.org/a:b#c:d> "it\\" is:not"@en }',
    ],
)
def test_ours_and_declared_prefixes_pass(text: str) -> None:
    assert hints.undeclared(text) is None


def test_every_name_of_the_shipped_questions_is_known() -> None:
    known = graph.open().store
    for question in questions.catalogue():
        assert hints.undeclared(question.text) is None, question.name
        assert hints.strangers(known, question.text) == [], question.name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("?x a ally:Encounters", "ally:Encounters is no name in this graph; did you mean "
         "ally:Encounter"),
        ("?x ally:participant person:wong", "did you mean person:penny-wong?"),
        ("?x ally:participant <https://w3id.org/alliance-graph/id/person/penny-wang>",
         "person:penny-wang is no name in this graph; did you mean person:penny-wong?"),
        ("?x foaf:name ?n", "foaf:name is no name in this graph"),
    ],
)  # fmt: skip
def test_a_name_that_the_graph_does_not_know_is_said(store: Embedded, text: str, said: str) -> None:
    (found,) = hints.strangers(store, f"SELECT ?x {{ {text} }}")
    assert said in found


def test_names_of_others_and_casts_are_no_strangers(store: Embedded) -> None:
    text = (
        "PREFIX ex: <http://example.org/> SELECT ?x { ?x ex:foo ?y ; a ally:Encounter "
        "FILTER(xsd:string(?x) != 'ally:nothing') }"
    )
    assert hints.strangers(store, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('?x ally:date ?d FILTER(?d > "2020")', "compare ally:earliest and ally:latest"),
        ('?x ally:setting "meeting"', '"meeting" is a concept here: write setting:meeting'),
        ('?x rdfs:label "Penny Wong"', 'names carry a language: write "Penny Wong"@en'),
        ("?x a prov:Activity", "of prov:Activity: ally:Encounter"),
    ],
)
def test_why_known_names_may_find_nothing(store: Embedded, text: str, said: str) -> None:
    query = f"SELECT ?x {{ {text} }}"
    assert hints.strangers(store, query) == []
    assert list(select(store, query)) == []
    assert any(said in hint for hint in hints.of_nothing(store, query))


def test_a_query_that_means_what_it_says_gets_no_hint(store: Embedded) -> None:
    query = "SELECT ?x { ?x a ally:Encounter ; ally:mode mode:video }"
    assert hints.of_nothing(store, query) == []
