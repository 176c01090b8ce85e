"""The way in for Python."""

from __future__ import annotations

import doctest
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import rdflib

import alliance_graph as ag
from alliance_graph import graph
from alliance_graph.errors import AllianceError, BrokenFacts, QueryError, UnknownName

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def g(built: Path) -> ag.Graph:
    return ag.open(built)


def test_public_names_are_these() -> None:
    assert ag.__all__ == ["Graph", "__version__", "open"]
    public = {n for n in vars(graph.Graph) if not n.startswith("_")}
    assert public == {"ask", "at", "network", "rdf", "show", "sparql", "why"}


def test_opens_shipped_facts_a_build_a_file_and_own_facts(built: Path, g: ag.Graph) -> None:
    assert repr(g) == repr(ag.open(built / "alliance.trig")) == "<alliance graph: 5 articles>"
    assert repr(ag.open(OTHER)) == "<alliance graph: 1 articles>"
    assert len(ag.open().store) == len(g.store)


def test_what_can_not_be_opened(tmp_path: Path) -> None:
    with pytest.raises(AllianceError, match="neither a build"):
        ag.open(tmp_path)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.yaml").write_text("id: b", "utf-8")
    with pytest.raises(BrokenFacts):
        ag.open(tmp_path)


def test_rdflib_has_the_same_data(g: ag.Graph) -> None:
    dataset = g.rdf()
    assert isinstance(dataset, rdflib.Dataset)
    query = (
        "PREFIX ally: <https://w3id.org/alliance-graph/ontology#>"
        "SELECT ?a ?b WHERE { ?a ally:counterpartOf ?b }"
    )
    theirs = {(str(a), str(b)) for a, b in dataset.query(query)}  # type: ignore[misc]  # rows of two
    ours = {(a.value, b.value) for a, b in g.store.query(query)}  # type: ignore[union-attr, misc]
    assert theirs == ours != set()
    assert sum(1 for _ in dataset.quads()) == len(g.store)


def test_verbs_answer(g: ag.Graph) -> None:
    assert len(g.ask("counterparts", person="antony-blinken")) >= 1
    table = g.sparql("SELECT ?x WHERE { ?x a ally:Channel }")
    assert "channel" in str(table.rows[0][0])
    assert "Blinken" in g.show("Antony Blinken").text()
    assert g.at(date(2021, 3, 18)).text() == g.at("2021-03-18").text()
    assert g.network(focus="blinken").number_of_nodes() > 3


def test_mistakes_are_answered_with_what_there_is(g: ag.Graph) -> None:
    with pytest.raises(QueryError, match="counterparts"):
        g.ask("counterpart")
    with pytest.raises(UnknownName, match="antony-blinken"):
        g.ask("counterparts", person="antony-blinkn")
    with pytest.raises(AllianceError, match="2021-03-18"):
        g.at("18 March")


def test_every_public_name_has_an_example_that_runs() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [t for m in (ag, graph) for t in finder.find(m) if t.examples]
    named = {t.name.rpartition(".")[2] for t in tests}
    assert {"ask", "at", "network", "open", "rdf", "show", "sparql", "why"} <= named
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_import_brings_no_heavy_library() -> None:
    code = (
        "import sys, alliance_graph; "
        "print([m for m in ('pydantic', 'rdflib', 'networkx', 'pyvis', 'pyoxigraph', 'IPython') "
        "if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


def test_a_query_needs_no_heavy_library(built: Path) -> None:
    code = (
        "import sys; from alliance_graph.cli import main; "
        "main(['query', 'counterparts', '--param', 'person=antony-blinken', '--graph', sys.argv[1]],"
        " standalone_mode=False); "
        "print([m for m in ('pydantic', 'rdflib', 'networkx', 'pyvis', 'jinja2') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(built)]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    assert out.stdout.strip().endswith("[]")
