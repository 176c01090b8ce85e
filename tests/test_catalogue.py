"""The questions as linked data that runs elsewhere, and samples that are true."""

from __future__ import annotations

import html
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from click.testing import CliRunner

from alliance_graph import build, catalogue, cli, questions, tables
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import RDF

SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix schema: <https://schema.org/> .
[] a sh:NodeShape ; sh:targetClass sh:SPARQLExecutable ;
  sh:class sh:SPARQLSelectExecutable ;
  sh:property [ sh:path sh:select ; sh:datatype xsd:string ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path rdfs:comment ; sh:uniqueLang true ; sh:minCount 1 ; sh:minLength 20 ] ,
    [ sh:path rdfs:label ; sh:uniqueLang true ; sh:minCount 1 ] ,
    [ sh:path schema:keywords ; sh:minCount 1 ] ,
    [ sh:path sh:parameter ; sh:class sh:Parameter ] .
"""


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


@pytest.fixture(scope="module")
def graph() -> rdflib.Graph:
    return rdflib.Graph().parse(data=catalogue.as_turtle(), format="turtle")


def test_every_question_is_an_executable(graph: rdflib.Graph) -> None:
    names = {str(n).removeprefix(catalogue.QUESTION) for n in graph.subjects(SH.select)}
    assert names == {q.name for q in questions.catalogue()}
    shape = rdflib.Graph().parse(data=SHAPE, format="turtle")
    conforms, _, text = pyshacl.validate(graph, shacl_graph=shape)
    assert conforms, text
    declared = len(list(graph.subjects(rdflib.URIRef(RDF + "type"), SH.Parameter)))
    assert declared == sum(len(q.params) for q in questions.catalogue())


def test_what_it_selects_runs_on_an_engine_that_knows_nothing_of_us(
    graph: rdflib.Graph, built: Path
) -> None:
    engine = ox.Store()
    engine.bulk_load(path=str(built / "alliance.trig"), format=ox.RdfFormat.TRIG)
    found = 0
    for node, text in graph.subject_objects(SH.select):
        question = questions.find(str(node).removeprefix(catalogue.QUESTION))
        assert "#+" not in str(text)
        answer = engine.query(str(text), use_default_graph_as_union=True)
        assert isinstance(answer, ox.QuerySolutions)
        assert answer.variables
        found += bool(question.required) or next(iter(answer), None) is not None
    assert found > 0.9 * len(questions.catalogue())


def test_the_command_gives_it(graph: rdflib.Graph) -> None:
    done = CliRunner().invoke(cli.main, ["questions", "--format", "ttl"])
    assert (done.exit_code, done.stdout_bytes) == (0, catalogue.as_turtle())
    one = CliRunner().invoke(cli.main, ["questions", "counterparts", "--format", "ttl"])
    told = rdflib.Graph().parse(data=one.stdout_bytes, format="turtle")
    assert len(list(told.subjects(SH.select))) == 1
    assert not set(told) - set(graph)


def test_samples_are_what_one_gets(store: Embedded) -> None:
    page = catalogue.as_html(store)
    told = html.unescape(page)
    for question in questions.catalogue():
        table = questions.ask(store, question.name, **question.example)
        made = catalogue.sample(store, question)
        assert made.rows == len(table)
        assert f'<h3 id="{question.name}">{question.summary}</h3>' in told
        assert made.text in told
        if not table.terms:
            assert table.absence in made.text
            continue
        lines = made.text.splitlines()
        assert len(lines) == 2 + min(3, len(table))
        for line, row in zip(lines[2:], table.rows[:3], strict=True):
            assert tables.clean(str(row[_shown(table.columns)] or "")) in line
    assert page == catalogue.as_html(store)


def test_other_facts_have_samples_too() -> None:
    other = build.compile_facts(Path(__file__).parent / "data" / "other-alliance").store
    made = {q.name: catalogue.sample(other, q) for q in questions.catalogue()}
    assert made["counterparts"].rows == len(questions.ask(other, "counterparts")) > 0
    assert made["counterparts"].command == "alliance query counterparts"
    required = next(q for q in questions.catalogue() if "start" in q.required)
    assert made[required.name].rows == 0
    assert (required.absence or "") in made[required.name].text


def _shown(columns: tuple[str, ...]) -> int:
    """Where the first column stands that a table for people shows."""
    return next(i for i, c in enumerate(columns) if c + "Label" not in columns)
