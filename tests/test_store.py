"""The embedded engine: union of graphs, our prefixes, and errors that say what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from alliance_graph.errors import AllianceError, QueryError
from alliance_graph.store import Store, select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import PREFIXES

PERSON = NamedNode(PREFIXES["person"] + "suh-wook")
LABEL = NamedNode(PREFIXES["rdfs"] + "label")


@pytest.fixture
def store() -> Embedded:
    return Embedded(
        [
            Quad(PERSON, LABEL, Literal("Suh Wook", language="en"), NamedNode("urn:g1")),
            Quad(PERSON, LABEL, Literal("서욱", language="ko"), NamedNode("urn:g2")),
        ]
    )


def test_queries_see_all_graphs_and_know_our_prefixes(store: Embedded) -> None:
    answer: Any = store.query("SELECT ?n WHERE { person:suh-wook rdfs:label ?n } ORDER BY ?n")
    assert [row["n"].value for row in answer] == ["Suh Wook", "서욱"]


def test_one_graph_can_be_asked_alone(store: Embedded) -> None:
    answer: Any = store.query(
        "SELECT ?n WHERE { GRAPH <urn:g2> { person:suh-wook rdfs:label ?n } }"
    )
    assert [row["n"].value for row in answer] == ["서욱"]


def test_a_query_that_does_not_parse_says_where(store: Embedded) -> None:
    with pytest.raises(QueryError, match=r"not a SPARQL 1.1 query: .*1:"):
        store.query("SELECT WHERE")
    with pytest.raises(QueryError, match="update"):
        store.update("INSERT")


def test_what_the_engine_cannot_do_is_told_as_one_error(store: Embedded) -> None:
    with pytest.raises(QueryError, match="could not do it"):
        store.update("DROP GRAPH <urn:nowhere>")
    with pytest.raises(QueryError, match="could not do it"):
        store.update("LOAD <file:///nowhere>")
    with pytest.raises(QueryError, match="could not answer"):
        list(select(store, "SELECT * WHERE { SERVICE <urn:nowhere> { ?s ?p ?o } }"))


def test_update_and_length(store: Embedded) -> None:
    assert len(store) == 2
    store.update("DELETE WHERE { GRAPH <urn:g1> { ?s ?p ?o } }")
    assert len(store) == 1
    store.close()


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "alliance.trig"
    with pytest.raises(AllianceError, match=r"alliance\.trig"):
        Embedded.read(path)
    path.write_text("<urn:a> <urn:b>", "utf-8")
    with pytest.raises(AllianceError, match=r"alliance\.trig: cannot be read"):
        Embedded.read(path)


def test_it_keeps_the_protocol(store: Embedded) -> None:
    kept: Store = store
    assert kept.query("ASK { ?s ?p ?o }")
