"""The graph as files, read back by tools that we did not write."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import NamedNode, RdfFormat, parse
from rdflib.compare import to_isomorphic

from alliance_graph import derive, outputs, rdf, seeds
from alliance_graph.outputs import Ordered
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import GRAPH

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def quads() -> Ordered:
    store = Embedded(rdf.quads(seeds.load(OTHER).facts))
    derive.derive(store)
    return outputs.in_order(store.quads())


def test_trig_comes_back_whole(quads: Ordered) -> None:
    assert set(parse(outputs.trig(quads), format=RdfFormat.TRIG)) == set(quads)


def test_the_same_graph_gives_the_same_bytes(quads: Ordered) -> None:
    shuffled = quads * 2
    random.Random(7).shuffle(shuffled)
    assert outputs.in_order(shuffled) == quads
    for form in (outputs.trig, outputs.turtle, outputs.claims, outputs.jsonld):
        assert form(outputs.in_order(shuffled)) == form(quads)


def test_only_prefixes_that_are_used_stand_in_the_head(quads: Ordered) -> None:
    text = outputs.turtle(quads).decode()
    head, body = text.split("> .\n", 1)[0], text.rpartition("@prefix")[2].partition("\n")[2]
    assert head.startswith("@prefix ally:")
    declared = [line.split()[1] for line in text.splitlines() if line.startswith("@prefix")]
    assert declared == sorted(declared)
    assert all(prefix in body for prefix in declared)
    assert "@prefix person:" in text
    assert "@prefix owl:" not in text


def test_turtle_holds_what_is_plain(quads: Ordered) -> None:
    triples = {q.triple for q in parse(outputs.turtle(quads), format=RdfFormat.TURTLE)}
    plain = {GRAPH + n for n in ("truthy", "derived", "identities", "outside")}
    for q in quads:
        assert isinstance(q.graph_name, NamedNode)
        belongs = q.graph_name.value in plain and "/claim/" not in str(q.subject)
        assert not belongs or q.triple in triples
    assert not any("/claim/" in str(t.subject) for t in triples)


def test_claims_hold_what_articles_say(quads: Ordered) -> None:
    graph = rdflib.Graph().parse(data=outputs.claims(quads), format="turtle")
    claim = rdflib.URIRef("https://w3id.org/alliance-graph/ontology#Claim")
    said = {
        q.subject
        for q in quads
        if "graph/article/" in str(q.graph_name) and q.object == NamedNode(claim)
    }
    assert len(list(graph.subjects(rdflib.RDF.type, claim))) == len(said) > 10


# rdflib's own JSON-LD reader still uses the class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_jsonld_says_the_same_as_turtle(quads: Ordered) -> None:
    data = outputs.jsonld(quads)
    ours = rdflib.Graph().parse(data=outputs.turtle(quads), format="turtle")
    theirs = rdflib.Graph().parse(data=data, format="json-ld")
    assert to_isomorphic(theirs) == to_isomorphic(ours)
    engine = {q.triple for q in parse(data, format=RdfFormat.JSON_LD)}
    assert engine == set(quads.merged)


def test_jsonld_can_be_read_by_people(quads: Ordered) -> None:
    document = json.loads(outputs.jsonld(quads))
    by_id = {node["@id"]: node for node in document["@graph"]}
    wong = next(node for name, node in by_id.items() if name.endswith("penny-wong"))
    assert not any(key.startswith("http") for key in wong), wong
