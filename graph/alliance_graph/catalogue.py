"""The questions for others: as linked data, and as a page with what each of them answers.

The Turtle follows the collections of SPARQL examples of the Swiss Institute of Bioinformatics
(https://github.com/sib-swiss/sparql-examples): each question is a ``sh:SPARQLSelectExecutable``
that runs as it stands on any engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from alliance_graph import outputs, questions
from alliance_graph.errors import UnknownName
from alliance_graph.tables import ABSENCE, Table
from alliance_graph.vocabulary import BASE, DCTERMS, ID, RDF, RDFS, SCHEMA, VOC, XSD

if TYPE_CHECKING:
    from alliance_graph.questions import Param, Question
    from alliance_graph.store import Store

QUESTION = BASE + "question/"
"""Where questions have their IRIs."""
_SH = "http://www.w3.org/ns/shacl#"
_DATATYPES = {
    "date": "date",
    "since": "date",
    "until": "date",
    "integer": "integer",
    "boolean": "boolean",
    "text": "string",
}
_SHOWN = 3
"""Rows of a sample."""


# --- as linked data --------------------------------------------------------------------------


def as_turtle(found: Iterable[Question] | None = None) -> bytes:
    """Questions (all of ours, unless told) as ``sh:SPARQLExecutable``."""
    asked = questions.catalogue() if found is None else found
    triples = {t for question in asked for t in _triples(question)}
    return outputs.written(sorted(triples, key=str), RdfFormat.TURTLE)


def _triples(question: Question) -> Iterator[Triple]:
    node = NamedNode(QUESTION + question.name)

    def said(predicate: str, value: NamedNode | Literal) -> Triple:
        return Triple(node, NamedNode(predicate), value)

    yield said(RDF + "type", NamedNode(_SH + "SPARQLExecutable"))
    yield said(RDF + "type", NamedNode(_SH + "SPARQLSelectExecutable"))
    yield said(RDFS + "label", Literal(question.summary, language="en"))
    yield said(RDFS + "comment", Literal(question.description, language="en"))
    yield said(_SH + "select", Literal(bare(question)))
    yield said(DCTERMS + "identifier", Literal(question.name))
    yield said(DCTERMS + "audience", Literal(question.group, language="en"))
    for tag in question.tags:
        yield said(SCHEMA + "keywords", Literal(tag))
    for param in question.params:
        there = NamedNode(f"{node.value}#{param.name}")
        yield said(_SH + "parameter", there)
        yield from _parameter(there, param, param.name in question.required)


def _parameter(node: NamedNode, param: Param, required: bool) -> Iterator[Triple]:
    def said(predicate: str, value: NamedNode | Literal) -> Triple:
        return Triple(node, NamedNode(predicate), value)

    yield said(RDF + "type", NamedNode(_SH + "Parameter"))
    yield said(_SH + "path", node)
    yield said(_SH + "name", Literal(param.name))
    yield said(_SH + "optional", Literal(not required))
    if param.about:
        yield said(_SH + "description", Literal(param.about, language="en"))
    if param.type in _DATATYPES:
        yield said(_SH + "datatype", NamedNode(XSD + _DATATYPES[param.type]))
    else:
        yield said(_SH + "nodeKind", NamedNode(_SH + "IRI"))
        if param.type in questions.SCHEMES:
            yield said(_SH + "pattern", Literal(f"^{VOC}{param.type}/"))
        else:
            kinds = sorted(questions.GROUPS.get(param.type, {param.type}))
            yield said(_SH + "pattern", Literal(f"^{ID}({'|'.join(kinds)})/"))


def bare(question: Question) -> str:
    """The query without its head, with the prefixes that it needs: for any engine."""
    lines = [line for line in question.text.splitlines() if not line.startswith("#+")]
    return replace(question, text="\n".join(lines) + "\n").standalone()


# --- as a page -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """A question with the command that asks it and the beginning of its answer."""

    question: Question
    command: str
    query: str
    rows: int
    text: str
    """The first rows as the command prints them; what an empty answer says."""


def sample(store: Store, question: Question) -> Sample:
    """The answer to a question, asked with the values of its example.

    Of other facts, which know nothing of the example, it is asked without, where it can be.
    """
    given = question.example
    try:
        table = questions.ask(store, question.name, **given)
    except UnknownName:
        if question.required:
            table = Table((), (), question.name, question.absence or ABSENCE)
        else:
            given = {}
            table = questions.ask(store, question.name)
    told = "".join(f" --param {name}={value}" for name, value in given.items())
    command = f"alliance query {question.name}{told}"
    return Sample(question, command, bare(question), len(table), _text(table))


def _text(table: Table) -> str:
    if not table.terms:
        return table.text()
    shown = replace(table, terms=table.terms[:_SHOWN]).text()
    return shown.rpartition("\n")[0].rpartition("\n")[0]


def as_html(store: Store) -> str:
    """All questions, by who would ask them, as one HTML file without scripts."""
    from alliance_graph import sheet

    groups: dict[str, list[Sample]] = {}
    for question in questions.catalogue():
        groups.setdefault(question.group, []).append(sample(store, question))
    return sheet.render("questions.html", groups=groups)
