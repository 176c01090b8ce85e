"""Clients that we did not write ask `alliance serve` our questions, and get the rows that we get.

How each is told of the endpoint is taken from the README's table.
"""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import JSON, POST, SPARQLWrapper
from tests.conftest import NeedsTool
from tests.serving import Server

from alliance_graph import build, export, paths, questions, seeds
from alliance_graph.questions import Question
from alliance_graph.records import historyatstate, matching
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.tables import Table, Term

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SERVED = "http://127.0.0.1:7878/"
"""Where the README's server is."""
OTHER = Path(__file__).parent / "data" / "other-alliance"
RECORDS = Path(__file__).parent / "data" / "historyatstate"
COMUNICA = Path(__file__).parent / "clients" / "node_modules" / ".bin" / "comunica-sparql"
ASKED = [
    questions.find(name)
    for name in ("counterparts", "who-met-whom", "planned-not-held", "paragraph", "conflicts")
]
"""With and without values, with values missing, with names in Korean, grouped and plain."""
EVERY = pytest.mark.parametrize("question", ASKED, ids=lambda q: q.name)


def how(client: str) -> str:
    """The README's line for a client."""
    (line,) = re.findall(rf"^\| {client}[^|]*\| `(.+)` \|$", README, re.M)
    assert SERVED in line
    return str(line)


def run(client: str, address: str, **names: Any) -> Any:
    """What the README's line for a client in Python gives."""
    return eval(how(client).replace(SERVED, address), names)  # noqa: S307 - a line of ours


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


@pytest.fixture(scope="module")
def address(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = Server(built, tmp_path_factory.mktemp("serve") / "log")
    yield server.url
    server.stop()


def text(question: Question, store: Embedded) -> str:
    """The query with the values of its example, with prefixes, for any client."""
    bound = questions.bind(question, store, **question.example)
    return questions.standalone(bound)


def same(question: Question, store: Embedded, rows: Iterable[Mapping[str, Term]]) -> None:
    """Check the rows that came back against those that the embedded store gives."""
    ours = questions.ask(store, question.name, **question.example)
    given = questions.terms(question, store, question.example)
    theirs = tuple(tuple(row.get(name) for name in ours.columns) for row in rows)
    finished = questions.finished(question, Table(ours.columns, theirs, question.name), given)
    assert len(ours.terms) > 1
    assert Counter(finished.terms) == Counter(ours.terms)


def same_texts(question: Question, store: Embedded, rows: Iterable[Mapping[str, str]]) -> None:
    """The same for rows of CSV, which hold the values alone."""
    ours = questions.ask(store, question.name, **question.example)

    def told(term: Term | str | None) -> str:
        assert not isinstance(term, Triple)
        value = term if isinstance(term, str) else term.value if term else ""
        return "; ".join(sorted(value.split("; ")))  # a cell of names comes in any order

    theirs = Counter(tuple(told(row[name]) for name in ours.columns) for row in rows)
    assert theirs == Counter(tuple(map(told, row)) for row in ours.terms)


def from_json(bindings: list[dict[str, dict[str, str]]]) -> Iterator[dict[str, Term]]:
    """Terms from SPARQL 1.1 Query Results JSON."""
    for row in bindings:
        yield {
            name: one(**{k.replace("xml:", ""): v for k, v in t.items()}) for name, t in row.items()
        }


def one(type: str, value: str, datatype: str | None = None, lang: str | None = None) -> Term:
    if type == "uri":
        return NamedNode(value)
    if type == "bnode":
        return BlankNode(value)
    return Literal(value, datatype=NamedNode(datatype) if datatype else None, language=lang)


def from_rdflib(row: Mapping[str, Any]) -> dict[str, Term]:
    made: dict[str, Term] = {}
    for name, term in row.items():
        if isinstance(term, rdflib.URIRef):
            made[name] = NamedNode(str(term))
        else:
            kind = NamedNode(str(term.datatype)) if term.datatype else None
            made[name] = Literal(str(term), datatype=kind, language=term.language)
    return made


# --- command line, tables -------------------------------------------------------------------------


@EVERY
def test_curl(
    question: Question, store: Embedded, address: str, tmp_path: Path, needs_tool: NeedsTool
) -> None:
    needs_tool("curl", "apt-get install curl")
    (tmp_path / "question.rq").write_text(text(question, store), "utf-8")
    command = how("curl").replace(SERVED, address)
    done = subprocess.run(
        ["bash", "-c", f"{command} --fail --silent --noproxy '*'"],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    same_texts(question, store, csv.DictReader(done.stdout.decode().splitlines()))


@EVERY
def test_pandas(question: Question, store: Embedded, address: str) -> None:
    frame = run("pandas", address, pandas=pd, quote=quote, text=text(question, store))
    same_texts(question, store, frame.fillna("").to_dict("records"))


# --- Python ---------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("method", ["GET", POST])
def test_sparqlwrapper(question: Question, method: str, store: Embedded, address: str) -> None:
    client = run("SPARQLWrapper", address, SPARQLWrapper=SPARQLWrapper)
    client.setQuery(text(question, store))
    client.setMethod(method)
    client.setReturnFormat(JSON)
    same(question, store, from_json(client.queryAndConvert()["results"]["bindings"]))


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_sparqlwrapper_gets_graphs(store: Embedded, address: str) -> None:
    client = SPARQLWrapper(f"{address}sparql")
    query = (
        "CONSTRUCT { ?c skos:prefLabel ?name } WHERE { ?c a ally:Channel ; skos:prefLabel ?name }"
    )
    client.setQuery(questions.standalone(query))
    graph = client.queryAndConvert()
    assert isinstance(graph, rdflib.Graph)
    found = {
        (NamedNode(str(s)), Literal(str(o), language=o.language))
        for s, _, o in graph
        if isinstance(o, rdflib.Literal)
    }
    count = "SELECT ?c ?name WHERE { ?c a ally:Channel ; skos:prefLabel ?name }"
    assert found == {(row["c"], row["name"]) for row in select(store, count)}


@EVERY
def test_rdflib(question: Question, store: Embedded, address: str) -> None:
    names = {"Graph": rdflib.Graph, "SPARQLStore": SPARQLStore, "text": text(question, store)}
    answer = run("rdflib", address, **names)
    same(question, store, [from_rdflib(row.asdict()) for row in answer])


# --- JavaScript -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comunica(needs_tool: NeedsTool) -> Path:
    needs_tool("node", "apt-get install nodejs npm, then make clients")
    if not COMUNICA.exists():
        pytest.skip("needs Comunica: make clients")
    return COMUNICA


def comunicated(comunica: Path, folder: Path, line: str, query: str) -> list[dict[str, Term]]:
    (folder / "question.rq").write_text(query, "utf-8")
    done = subprocess.run(
        ["bash", "-c", f"{line} -t application/sparql-results+json"],
        cwd=folder,
        env={**os.environ, "PATH": f"{comunica.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return list(from_json(json.loads(done.stdout)["results"]["bindings"]))


@EVERY
def test_comunica(
    question: Question, store: Embedded, address: str, tmp_path: Path, comunica: Path
) -> None:
    line = how("Comunica").replace(SERVED, address)
    same(question, store, comunicated(comunica, tmp_path, line, text(question, store)))


@pytest.fixture(scope="module")
def other_store() -> Embedded:
    return build.compile_facts(OTHER).store


@pytest.fixture(scope="module")
def other(other_store: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("other")
    (folder / "other.trig").write_bytes(export.export(other_store, "trig"))
    server = Server(folder / "other.trig", folder / "log")
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def recorded() -> Embedded:
    """Official records alone, without what the press says."""
    decisions, _ = matching.load(seeds.load(paths.seeds()).facts, paths.seeds(), "historyatstate")
    assert decisions is not None
    parts = historyatstate.partitions(RECORDS, decisions)
    return Embedded(quad for part in parts for quad in historyatstate.quads(part))


def counted(rows: Iterable[Mapping[str, Term]]) -> Counter[frozenset[tuple[str, Term]]]:
    """Rows in any order."""
    return Counter(frozenset(row.items()) for row in rows)


Both = Callable[[str, str], list[dict[str, Term]]]


@pytest.fixture
def ask_both(address: str, tmp_path: Path, comunica: Path) -> Both:
    """Has Comunica ask a query of the graph served here and of one served elsewhere."""

    def ask(elsewhere: str, query: str) -> list[dict[str, Term]]:
        both = f"sparql@{address}sparql sparql@{elsewhere}sparql"
        line = how("Comunica").replace(f"sparql@{SERVED}sparql", both)
        assert both in line
        return comunicated(comunica, tmp_path, line, questions.standalone(query))

    return ask


def test_one_query_over_two_graphs(
    store: Embedded, other_store: Embedded, other: str, ask_both: Both
) -> None:
    query = "SELECT ?encounter ?date WHERE { ?encounter a ally:Encounter ; ally:date ?date }"
    both = ask_both(other, query)
    here, there = counted(select(store, query)), counted(select(other_store, query))
    assert here
    assert there
    assert counted(both) == here + there


def test_things_of_two_graphs_are_joined(
    store: Embedded, other_store: Embedded, address: str, other: str, ask_both: Both
) -> None:
    """Which offices of one alliance have the level and the portfolio of an office of the other?"""
    posts = "?{0} a org:Post ; ally:portfolio ?portfolio ; ally:level ?level"
    query = f"""SELECT DISTINCT ?mine ?portfolio ?level ?theirs WHERE {{
      SERVICE <{address}sparql> {{ {posts.format("mine")} }}
      SERVICE <{other}sparql> {{ {posts.format("theirs")} }} }}"""
    found = ask_both(other, query)
    mine = select(store, f"SELECT * WHERE {{ {posts.format('mine')} }}")
    theirs = list(select(other_store, f"SELECT * WHERE {{ {posts.format('theirs')} }}"))
    expected = [
        {**a, **b}
        for a in mine
        for b in theirs
        if a["portfolio"] == b["portfolio"] and a["level"] == b["level"]
    ]
    assert len(expected) > 3
    assert counted(found) == counted(expected)


def test_press_here_and_records_there_are_joined(
    store: Embedded, recorded: Embedded, address: str, tmp_path: Path, ask_both: Both
) -> None:
    """On which days do official records have the people travel whom the press saw meet?"""
    (tmp_path / "records.trig").write_bytes(export.export(recorded, "trig"))
    met = "?encounter a ally:Encounter ; ally:participant ?person"
    went = """?dated rdf:subject ?journey ; rdf:predicate ally:date ; rdf:object ?date .
      ?joined rdf:subject ?journey ; rdf:predicate ally:participation ; rdf:object ?part .
      ?part ally:person ?person"""
    there = Server(tmp_path / "records.trig", tmp_path / "log")
    try:
        query = f"""SELECT DISTINCT ?person ?journey ?date WHERE {{
          SERVICE <{address}sparql> {{ {met} }}
          SERVICE <{there.url}sparql> {{ {went} }} }}"""
        found = ask_both(there.url, query)
    finally:
        there.stop()
    people = {row["person"] for row in select(store, f"SELECT ?person {{ {met} }}")}
    travels = select(recorded, f"SELECT DISTINCT ?person ?journey ?date {{ {went} }}")
    expected = [row for row in travels if row["person"] in people]
    assert len(expected) > 10
    assert counted(found) == counted(expected)
