"""The questions as linked data that runs elsewhere, and samples that are true."""

from __future__ import annotations

import html
from pathlib import Path

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from click.testing import CliRunner

from alliance_graph import catalogue, cli, questions
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
        assert "#+" not in text
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
    for question in questions.catalogue():
        table = questions.ask(store, question.name, **question.example)
        made = catalogue.sample(store, question)
        assert made.rows == len(table)
        assert html.escape(made.text, quote=False) in html.unescape(page).replace(
            "&", "&amp;"
        ).replace("<", "&lt;").replace(">", "&gt;")
        assert question.summary in html.unescape(page)
        if not table.terms:
            assert table.absence in made.text
            continue
        for name in filter(None, table.column(_shown(table.columns))[:3]):
            assert str(name).split()[0] in made.text
    assert page == catalogue.as_html(store)


def _shown(columns: tuple[str, ...]) -> str:
    """The first column that a table for people shows."""
    return next(c for c in columns if c + "Label" not in columns)
