"""What machines are told of the server and its data: service description, VoID and DCAT.

SPARQL 1.1 Service Description (https://www.w3.org/TR/sparql11-service-description/), VoID
(https://www.w3.org/TR/void/), DCAT 3 (https://www.w3.org/TR/vocab-dcat-3/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Triple

from alliance_graph import __version__
from alliance_graph.store import select
from alliance_graph.vocabulary import (
    BASE,
    DCTERMS,
    FOAF,
    GRAPH,
    ID,
    MAKERS,
    ONTOLOGY,
    PREFIXES,
    RDF,
    TITLE,
    XSD,
)

if TYPE_CHECKING:
    from alliance_graph.store.embedded import Embedded

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
DCAT = "http://www.w3.org/ns/dcat#"
SPDX = "http://spdx.org/rdf/terms#"
FORMATS = "http://www.w3.org/ns/formats/"
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
MEDIA = "https://www.iana.org/assignments/media-types/"

SPOKEN = {**PREFIXES, "sd": SD, "void": VOID, "dcat": DCAT, "spdx": SPDX, "formats": FORMATS}
"""Prefixes for what is written here."""

_RESULTS = (
    "SPARQL_Results_JSON SPARQL_Results_XML SPARQL_Results_CSV SPARQL_Results_TSV "
    "Turtle N-Triples JSON-LD RDF_XML"
).split()


@dataclass(frozen=True)
class File:
    """A file that the server gives: its media type, size in bytes and SHA-256."""

    type: str
    size: int
    digest: str


@dataclass(frozen=True)
class Numbers:
    """How much a graph holds, counted once before serving."""

    triples: int
    subjects: int
    classes: Mapping[str, int]
    """Class IRI -> things of that class."""
    properties: Mapping[str, int]
    graphs: Mapping[str, int]


def count(store: Embedded) -> Numbers:
    """Count a graph."""
    rows = select(store, "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) { ?s a ?c } GROUP BY ?c")
    classes = {row["c"].value: int(row["n"].value) for row in rows}
    rows = select(store, "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p")
    properties = {row["p"].value: int(row["n"].value) for row in rows}
    rows = select(store, "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    graphs = {row["g"].value: int(row["n"].value) for row in rows}
    row = next(select(store, "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }"))
    subjects = int(row["n"].value)
    return Numbers(sum(properties.values()), subjects, classes, properties, graphs)


class _Writer:
    """Triples about one node, without blank nodes."""

    def __init__(self, iri: str, kind: str) -> None:
        self.iri = iri
        self.triples = [Triple(NamedNode(iri), NamedNode(RDF + "type"), NamedNode(kind))]

    def link(self, predicate: str, *targets: str) -> None:
        """State that a predicate leads to IRIs."""
        for target in targets:
            self._add(predicate, NamedNode(target))

    def text(self, predicate: str, value: str, language: str | None = None) -> None:
        """State a text."""
        self._add(predicate, Literal(value, language=language) if language else Literal(value))

    def number(self, predicate: str, value: int) -> None:
        """State a whole number."""
        self._add(predicate, Literal(str(value), datatype=NamedNode(XSD + "integer")))

    def _add(self, predicate: str, value: NamedNode | Literal) -> None:
        self.triples.append(Triple(NamedNode(self.iri), NamedNode(predicate), value))


def service(base: str, numbers: Numbers) -> Iterator[Triple]:
    """The service description; ``base`` is the server's address, with a slash at its end."""
    endpoint = f"{base}sparql"
    about = _Writer(f"{endpoint}#service", SD + "Service")
    about.link(SD + "endpoint", endpoint)
    about.link(SD + "supportedLanguage", SD + "SPARQL11Query")
    about.link(SD + "feature", SD + "UnionDefaultGraph")
    about.link(SD + "resultFormat", *(FORMATS + name for name in _RESULTS))
    about.link(SD + "defaultDataset", f"{endpoint}#dataset")
    yield from about.triples
    dataset = _Writer(f"{endpoint}#dataset", SD + "Dataset")
    dataset.link(SD + "defaultGraph", f"{endpoint}#union")
    yield from dataset.triples
    union = _Writer(f"{endpoint}#union", SD + "Graph")
    union.number(VOID + "triples", numbers.triples)
    yield from union.triples
    for name in sorted(numbers.graphs):
        part = name.removeprefix(GRAPH)
        named = _Writer(f"{endpoint}#named-{part}", SD + "NamedGraph")
        named.link(SD + "name", name)
        named.link(SD + "graph", f"{endpoint}#graph-{part}")
        yield Triple(NamedNode(dataset.iri), NamedNode(SD + "namedGraph"), NamedNode(named.iri))
        yield from named.triples
        graph = _Writer(f"{endpoint}#graph-{part}", SD + "Graph")
        graph.number(VOID + "triples", numbers.graphs[name])
        yield from graph.triples


def dataset(base: str, numbers: Numbers, files: Mapping[str, File]) -> Iterator[Triple]:
    """The data set in VoID and DCAT, with each file as a distribution."""
    about = _Writer(BASE, VOID + "Dataset")
    about.link(RDF + "type", DCAT + "Dataset")
    about.text(DCTERMS + "title", TITLE, "en")
    makers = _Writer(f"{base}.well-known/void#makers", FOAF + "Agent")
    makers.text(FOAF + "name", MAKERS)
    yield from makers.triples
    about.link(DCTERMS + "creator", makers.iri)
    about.link(DCTERMS + "publisher", makers.iri)
    about.text(
        DCTERMS + "description",
        "Who faces whom in alliance diplomacy, through which channel, at which level, and who says "
        "so: facts curated from articles, each with its source.",
        "en",
    )
    about.link(DCTERMS + "license", LICENCE)
    about.text(DCAT + "version", __version__)
    about.link(DCAT + "landingPage", base)
    about.link(VOID + "sparqlEndpoint", f"{base}sparql")
    about.text(VOID + "uriSpace", ID)
    about.link(VOID + "vocabulary", ONTOLOGY)
    about.number(VOID + "triples", numbers.triples)
    about.number(VOID + "distinctSubjects", numbers.subjects)
    about.number(VOID + "classes", len(numbers.classes))
    about.number(VOID + "properties", len(numbers.properties))
    parts = (
        ("classPartition", "class", "entities", numbers.classes),
        ("propertyPartition", "property", "triples", numbers.properties),
    )
    for name, leads, counts, types in parts:
        for at, iri in enumerate(sorted(types)):
            part = _Writer(f"{base}.well-known/void#{name}-{at}", VOID + "Dataset")
            part.link(VOID + leads, iri)
            part.number(VOID + counts, types[iri])
            about.link(VOID + name, part.iri)
            yield from part.triples
    for name, file in sorted(files.items()):
        if name.startswith(("schema/", "tables/")) or file.type == "text/html":
            continue
        given = _Writer(f"{base}.well-known/void#{name}", DCAT + "Distribution")
        given.link(DCAT + "downloadURL", base + name)
        given.link(DCAT + "mediaType", MEDIA + file.type)
        given.number(DCAT + "byteSize", file.size)
        given.link(SPDX + "checksum", f"{given.iri}-sha256")
        given.link(DCTERMS + "license", LICENCE)
        yield from given.triples
        checksum = _Writer(f"{given.iri}-sha256", SPDX + "Checksum")
        checksum.link(SPDX + "algorithm", SPDX + "checksumAlgorithm_sha256")
        checksum.text(SPDX + "checksumValue", file.digest)
        yield from checksum.triples
        about.link(DCAT + "distribution", given.iri)
        if name.startswith("alliance."):
            about.link(VOID + "dataDump", base + name)
    access = _Writer(f"{base}.well-known/void#endpoint", DCAT + "DataService")
    access.link(DCAT + "endpointURL", f"{base}sparql")
    access.link(DCAT + "servesDataset", BASE)
    access.text(DCTERMS + "title", f"SPARQL endpoint of {TITLE}", "en")
    access.link(DCTERMS + "conformsTo", "https://www.w3.org/TR/sparql11-protocol/")
    yield from access.triples
    yield from about.triples
