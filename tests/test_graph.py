"""The way in for Python."""

from __future__ import annotations

import contextlib
import doctest
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import rdflib

import alliance_graph as ag
from alliance_graph import cli, graph
from alliance_graph.errors import (
    AllianceError,
    BrokenFacts,
    EndpointError,
    QueryError,
    UnknownName,
)
from alliance_graph.store import select
from alliance_graph.vocabulary import ID

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def g(built: Path) -> ag.Graph:
    return ag.open(built)


def size(g: ag.Graph) -> int:
    (row,) = g.sparql("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }").rows
    return int(row[0])


def test_public_names_are_these() -> None:
    assert ag.__all__ == ["Graph", "__version__", "open"]
    public = {n for n in vars(graph.Graph) if not n.startswith("_")}
    assert public == {
        "ask", "at", "network", "page", "questions", "rdf", "show", "sparql", "timeline", "why",
    }  # fmt: skip


def test_opens_shipped_facts_a_build_a_file_and_own_facts(built: Path, g: ag.Graph) -> None:
    assert repr(g) == repr(ag.open(built / "alliance.trig")) == "<alliance graph: 5 articles>"
    assert repr(ag.open(OTHER)) == "<alliance graph: 1 articles>"
    assert size(ag.open()) == size(g)


@pytest.fixture(scope="module")
def endpoint(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The build in an engine of its own, behind HTTP."""
    place = tmp_path_factory.mktemp("engine") / "db"
    program = Path(sys.executable).with_name("oxigraph")
    load: list[str | Path] = [
        program,
        "load",
        "--location",
        place,
        "--file",
        built / "alliance.trig",
    ]
    subprocess.run(load, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    host = f"127.0.0.1:{port}"
    command: list[str | Path] = [program, "serve-read-only", "--location", place, "--bind", host]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        yield f"http://{host}/query"
    finally:
        server.kill()
        server.wait()


def test_an_endpoint_answers_as_the_build_does(endpoint: str, g: ag.Graph) -> None:
    there = ag.open(endpoint)
    assert repr(there) == repr(g)
    assert size(there) == size(g)
    asked = there.ask("counterparts", person="Blinken")
    assert asked.terms == g.ask("counterparts", person="Blinken").terms
    assert "paragraph" in asked._repr_html_()
    assert there.page is None  # that server has no pages of things
    assert there.show("blinken").text() == g.show("blinken").text()
    assert sum(1 for _ in there.rdf().quads()) == size(g)


def test_an_endpoint_that_is_not_there() -> None:
    nobody = ag.open("http://127.0.0.1:1/query")
    with pytest.raises(EndpointError, match="cannot be reached"):
        nobody.ask("articles")


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
    theirs = {tuple(map(str, row)) for row in dataset.query(query)}  # type: ignore[arg-type]  # rows
    ours = {(row["a"].value, row["b"].value) for row in select(g.store, query)}
    assert theirs == ours != set()
    assert sum(1 for _ in dataset.quads()) == size(g)
    names = set(dataset.objects(rdflib.URIRef(ID + "person/antony-blinken"), rdflib.SKOS.prefLabel))
    assert rdflib.Literal("토니 블링컨", lang="ko") in names


def test_verbs_answer(g: ag.Graph) -> None:
    assert len(g.ask("counterparts", person="antony-blinken")) >= 1
    table = g.sparql("SELECT ?x WHERE { ?x a ally:Channel } ORDER BY ?x")
    assert "new-york-channel" in table.column("x")
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


def test_a_slip_of_the_pen_does_not_pass_for_absence(g: ag.Graph) -> None:
    with pytest.warns(UserWarning, match="did you mean ally:Encounter"):
        assert not g.sparql("ASK { ?x a ally:Encountr }")
    nothing = g.sparql('SELECT ?x WHERE { ?x rdfs:label "Antony Blinken" }')
    assert repr(nothing) == (
        '0 rows: not in these sources; names carry a language: write "Antony Blinken"@en'
    )
    with pytest.raises(QueryError, match="no prefix 'aly:'; did you mean ally:"):
        g.sparql("SELECT ?x WHERE { ?x a aly:Encounter }")


def test_records_stand_beside_the_press_and_never_in_an_engine(
    tmp_path: Path, built: Path, endpoint: str
) -> None:
    sample = Path(__file__).parent / "data" / "historyatstate"
    out = tmp_path / "records"
    command = ["import", "historyatstate", str(sample), "--out", str(out)]
    cli.main(command, standalone_mode=False)
    journeys = "SELECT ?v WHERE { ?v a ally:Visit ; ally:place country:kr }"
    assert len(ag.open(built, records=out).sparql(journeys)) > len(ag.open(built).sparql(journeys))
    with pytest.raises(AllianceError, match="facts or a build"):
        ag.open(endpoint, records=out)
    with pytest.raises(AllianceError, match="no imported records"):
        ag.open(built, records=sample)


def test_the_example_of_the_package_runs() -> None:
    assert doctest.testmod(ag).attempted == 3
    assert doctest.testmod(ag).failed == 0


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
