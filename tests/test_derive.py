"""Rules to a fixed point: what follows, from what, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import NamedNode, Quad

from alliance_graph import derive, paths, rdf, seeds
from alliance_graph.errors import AllianceError, QueryError
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import DERIVED, PREFIXES

OTHER = Path(__file__).parent / "data" / "other-alliance"


def store() -> Embedded:
    return Embedded(rdf.quads(seeds.load(OTHER).facts))


def short(answer: Any) -> list[tuple[str, ...]]:
    return sorted(tuple(v.value.rpartition("/")[2] for v in row) for row in answer)


@pytest.fixture
def derived() -> Embedded:
    made = store()
    derive.derive(made)
    return made


def test_counterparts_share_level_and_portfolio(derived: Embedded) -> None:
    query = "SELECT ?a ?b WHERE { ?r ally:counterpartA ?a ; ally:counterpartB ?b }"
    assert short(derived.query(query)) == [
        ("au-defence-minister", "jp-defense-minister"),
        ("au-foreign-minister", "jp-foreign-minister"),
    ]
    people = short(derived.query("SELECT ?a ?b WHERE { ?a ally:counterpartOf ?b }"))
    assert ("penny-wong", "hayashi-yoshimasa") in people
    assert ("hayashi-yoshimasa", "penny-wong") in people
    assert ("penny-wong", "hamada-yasukazu") not in people
    assert ("penny-wong", "richard-marles") not in people


def test_a_derived_pair_has_a_preferred_label_as_every_thing_has(derived: Embedded) -> None:
    every = short(derived.query("SELECT ?r WHERE { ?r a ally:CounterpartRelation }"))
    named = "?r a ally:CounterpartRelation ; rdfs:label ?l ; skos:prefLabel ?l"
    assert every
    assert short(derived.query(f"SELECT ?r WHERE {{ {named} FILTER(LANG(?l) = 'en') }}")) == every


def test_a_rule_tells_of_all_that_it_derives() -> None:
    inverse = next(r for r in derive.rules() if r.name == "inverse")
    for words in ("made at and resulted in", "fulfils and fulfilled by", "before and after"):
        assert words in inverse.summary


def test_another_level_makes_no_pair() -> None:
    made = store()
    made.update(
        "DELETE { GRAPH ?g { office:jp-foreign-minister ally:level ?l } }"
        "INSERT { GRAPH ?g { office:jp-foreign-minister ally:level level:vice-minister } }"
        "WHERE { GRAPH ?g { office:jp-foreign-minister ally:level ?l } }"
    )
    derive.derive(made)
    assert len(short(made.query("SELECT ?r WHERE { ?r a ally:CounterpartRelation }"))) == 1


def test_a_news_conference_makes_no_pair() -> None:
    made = store()
    made.update(
        "DELETE { GRAPH ?g { ?e ally:setting setting:meeting } }"
        "INSERT { GRAPH ?g { ?e ally:setting setting:news-conference } }"
        "WHERE { GRAPH ?g { ?e ally:setting setting:meeting } }"
    )
    derive.derive(made)
    assert short(made.query("SELECT ?r WHERE { ?r a ally:CounterpartRelation }")) == []
    assert len(short(made.query("SELECT ?e ?p WHERE { ?e ally:participant ?p }"))) == 4


def test_a_plan_has_no_participants() -> None:
    made = store()
    made.update(
        "DELETE { GRAPH ?g { ?e a ally:Encounter } } INSERT { GRAPH ?g { ?e a ally:PlannedEncounter } }"
        "WHERE { GRAPH ?g { ?e a ally:Encounter } }"
    )
    derive.derive(made)
    assert short(made.query("SELECT ?e ?p WHERE { ?e ally:participant ?p }")) == []
    assert short(made.query("SELECT ?a ?b WHERE { ?a ally:counterpartOf ?b }")) == []


def test_an_acting_holder_has_not_held_the_post() -> None:
    made = store()
    made.update(
        "DELETE { GRAPH ?g { ?t ally:capacity ?c } } INSERT { GRAPH ?g { ?t ally:capacity capacity:acting } }"
        "WHERE { GRAPH ?g { ?t org:member person:penny-wong ; ally:capacity ?c } }"
    )
    derive.derive(made)
    held = {p for p, _ in short(made.query("SELECT ?p ?o WHERE { ?p ally:hasHeldPost ?o }"))}
    assert held == {"richard-marles", "hamada-yasukazu", "hayashi-yoshimasa"}


def test_every_derived_statement_names_rule_and_premises(derived: Embedded) -> None:
    plain: Any = derived.query(
        f"SELECT ?s ?p ?o WHERE {{ GRAPH <{DERIVED}> {{ ?s ?p ?o }}"
        " FILTER(!STRSTARTS(STR(?s), STR(claim:)) && !CONTAINS(STR(?s), '/ontology/rules/')) }"
    )
    explained: Any = derived.query(
        "SELECT ?s ?p ?o WHERE { ?d a ally:Derivation ; rdf:subject ?s ; rdf:predicate ?p ;"
        " rdf:object ?o ; ally:rule ?r ; ally:premise ?x . ?r rdfs:label ?l . ?x ?any ?thing }"
    )
    whys = {(r["s"], r["p"], r["o"]) for r in explained}
    relations = {s for s, p, _ in whys if p.value == PREFIXES["rdf"] + "type"}
    for row in plain:
        # what a relation is made of is explained with the relation
        assert (row["s"], row["p"], row["o"]) in whys or row["s"] in relations, row


def test_derived_pairs_know_since_when(derived: Embedded) -> None:
    query = (
        "SELECT DISTINCT ?f ?l WHERE { ?r a ally:CounterpartRelation ; ally:firstAttested ?f ;"
        " ally:lastAttested ?l }"
    )
    assert short(derived.query(query)) == [("2022-12-09", "2022-12-09")]


def test_what_a_source_says_is_not_derived_once_more(derived: Embedded) -> None:
    query = "SELECT ?s ?p ?o { GRAPH graph:derived { ?s ?p ?o } FILTER(?p = ally:participant) }"
    answer: Any = derived.query(query)
    row = next(iter(answer))
    made = store()
    made.load([Quad(row["s"], row["p"], row["o"], NamedNode(PREFIXES["graph"] + "truthy"))])
    derive.derive(made)
    triple = f"{row['s']} {row['p']} {row['o']}"
    assert short(made.query(f"SELECT ?g {{ GRAPH ?g {{ {triple} }} }}")) == [("truthy",)]
    why = f"?why rdf:subject {row['s']} ; rdf:predicate {row['p']} ; rdf:object {row['o']}"
    assert len(short(made.query(f"SELECT ?why {{ {why} }}"))) == 1


def test_twice_changes_nothing(derived: Embedded) -> None:
    before = set(derived.quads())
    derive.derive(derived)
    assert set(derived.quads()) == before


def test_the_order_of_rules_does_not_matter(derived: Embedded) -> None:
    made = store()
    derive.derive(made, reversed(derive.rules()))
    assert set(made.quads()) == set(derived.quads())


def test_the_latest_status_counts() -> None:
    made = store()
    graph = NamedNode(PREFIXES["graph"] + "truthy")
    made.update(
        "INSERT DATA { GRAPH graph:truthy { channel:au-jp-2-plus-2 ally:statusPeriod <urn:later> ."
        " <urn:later> ally:status status:suspended ; ally:latest '2023-01-01'^^xsd:date } }"
    )
    assert any(q.graph_name == graph for q in made.quads())
    derive.derive(made)
    assert short(made.query("SELECT ?s WHERE { channel:au-jp-2-plus-2 ally:status ?s }")) == [
        ("suspended",)
    ]


def test_a_status_without_end_counts_from_its_beginning() -> None:
    made = store()
    made.update(
        "INSERT DATA { GRAPH graph:truthy { channel:au-jp-2-plus-2 ally:statusPeriod <urn:later> ."
        " <urn:later> ally:status status:stalled ; ally:earliest '2023-01-01'^^xsd:date } }"
    )
    derive.derive(made)
    assert short(made.query("SELECT ?s WHERE { channel:au-jp-2-plus-2 ally:status ?s }")) == [
        ("stalled",)
    ]


def test_a_pair_that_is_both_said_and_derived_has_one_first_and_one_last_day() -> None:
    """The rule that aggregates waits for those that give it more to aggregate."""
    made = store()
    name = "counterparts/au-foreign-minister.jp-foreign-minister.au-jp-2-plus-2"
    pair = f"<{PREFIXES['id']}{name}>"
    made.update(
        f"INSERT DATA {{ GRAPH graph:truthy {{ {pair} a ally:CounterpartRelation ;"
        " prov:wasDerivedFrom <urn:earlier> ."
        " <urn:earlier> ally:earliest '2021-06-09'^^xsd:date ; ally:latest '2021-06-09'^^xsd:date } }"
    )
    derive.derive(made)
    days = f"SELECT ?f ?l WHERE {{ {pair} ally:firstAttested ?f ; ally:lastAttested ?l }}"
    assert short(made.query(days)) == [("2021-06-09", "2022-12-09")]


def test_a_rule_that_feeds_itself_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "loop.rq").write_text(
        "#+ summary: Every thing has a thing after it.\n"
        "CONSTRUCT { ?s ally:after ?next } WHERE { ?x ally:after ?s "
        "BIND(IRI(CONCAT(STR(?s), 'x')) AS ?next) }",
        "utf-8",
    )
    made = store()
    made.load([Quad(NamedNode("urn:a"), NamedNode(PREFIXES["ally"] + "after"), NamedNode("urn:b"))])
    with pytest.raises(AllianceError, match="do not come to an end"):
        derive.derive(made, derive.rules(tmp_path))


def test_a_rule_without_a_summary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.rq").write_text("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", "utf-8")
    with pytest.raises(AllianceError, match="summary"):
        derive.rules(tmp_path)


def test_a_rule_that_does_not_parse_says_so(tmp_path: Path) -> None:
    (tmp_path / "bad.rq").write_text("#+ summary: x\nCONSTRUCT {", "utf-8")
    with pytest.raises(QueryError, match="not a SPARQL"):
        derive.derive(store(), derive.rules(tmp_path))


def test_rules_name_themselves() -> None:
    for rule in derive.rules():
        assert rule.iri in rule.text, rule.name
    assert (paths.ontology() / "rules").is_dir()
