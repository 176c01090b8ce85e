"""The graph in other tools' formats: RDF 1.1 and 1.2, network files, tables, entities.

Same graph, same bytes. A graph that was read from RDF 1.2 is brought back to RDF 1.1 first
(:func:`plain`), so every format can be had from every other that keeps all quads.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import (
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    serialize,
)

from alliance_graph import network, outputs
from alliance_graph.errors import AllianceError
from alliance_graph.vocabulary import (
    ALLY,
    FOAF,
    ID,
    ORG,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    VOC,
    XSD,
    compact,
    split,
)

if TYPE_CHECKING:
    from xml.etree import ElementTree

    from alliance_graph.store.embedded import Embedded

_REIFIES = NamedNode(RDF + "reifies")
_PARTS = {RDF + name: name for name in ("subject", "predicate", "object")}


@dataclass(frozen=True)
class Format:
    """One format: what it is called, holds and ends with, and what writes it."""

    about: str
    suffix: str
    write: Callable[[Embedded], bytes]


def export(store: Embedded, form: str) -> bytes:
    """The graph in a format of :data:`FORMATS`; raises AllianceError for another.

    ``csv`` comes as a zip of the files that :func:`tables` gives.
    """
    if form not in FORMATS:
        raise AllianceError(f"no export format {form!r}: take one of {', '.join(FORMATS)}")
    return FORMATS[form].write(store)


# --- RDF -----------------------------------------------------------------------------------------


def reified(quads: Iterable[Quad]) -> Iterator[Quad]:
    """RDF 1.1 to 1.2: what a claim or derivation says becomes a triple term that it reifies.

    Subject, predicate and object turn into one ``rdf:reifies <<( s p o )>>`` in the same graph
    (https://www.w3.org/TR/rdf12-concepts/#section-triple-terms); all other quads stay.
    """
    nodes: dict[tuple[object, object], dict[str, list[Any]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for q in quads:
        part = _PARTS.get(q.predicate.value)
        if part is None:
            yield q
        else:
            nodes[q.graph_name, q.subject][part].append(q)
    for (graph, node), parts in nodes.items():
        held = [parts[name] for name in _PARTS.values()]
        if all(len(qs) == 1 for qs in held):
            s, p, o = (qs[0].object for qs in held)
            if not isinstance(s, Literal) and isinstance(p, NamedNode):
                yield Quad(node, _REIFIES, Triple(s, p, o), graph)  # type: ignore[arg-type]  # came from quads
                continue
        # a node that says less, or more, than one statement has no triple term
        yield from (q for qs in held for q in qs)


def plain(quads: Iterable[Quad]) -> Iterator[Quad]:
    """RDF 1.2 back to 1.1: the way back from :func:`reified`; leaves RDF 1.1 as it is."""
    for q in quads:
        if q.predicate == _REIFIES and isinstance(q.object, Triple):
            for iri, name in _PARTS.items():
                yield Quad(q.subject, NamedNode(iri), getattr(q.object, name), q.graph_name)
        else:
            yield q


def _quads(store: Embedded) -> outputs.Ordered:
    return outputs.in_order(outputs.steady(plain(store.quads())))


def _union(store: Embedded) -> list[Triple]:
    return outputs.union(outputs.steady(plain(store.quads())))


def _serialised(items: list[Quad] | list[Triple], form: RdfFormat) -> bytes:
    out = serialize(items, format=form)
    assert out is not None  # only None when written to a file
    return out


def _rdf12(store: Embedded) -> bytes:
    return outputs.trig(outputs.in_order(reified(outputs.steady(plain(store.quads())))))


def _rdfxml(store: Embedded) -> bytes:
    triples = _union(store)
    # XML needs a prefix for every predicate, and only for those
    used = {compact(iri).partition(":")[0] for iri in {t.predicate.value for t in triples}}
    prefixes = {p: iri for p, iri in PREFIXES.items() if p in used}
    out = serialize(triples, format=RdfFormat.RDF_XML, prefixes=prefixes)
    assert out is not None  # only None when written to a file
    return out


# --- networks ------------------------------------------------------------------------------------

_GEXF = "http://gexf.net/1.3"
_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_XML_KINDS = {bool: "boolean", int: "int", str: "string"}


def _network(store: Embedded) -> tuple[_Things, _Links]:
    """Nodes and ties with plain values: the attributes of :meth:`Network.to_networkx`."""
    graph = network.network(store).to_networkx()
    nodes = [(iri, _told(held)) for iri, held in graph.nodes(data=True)]
    edges = [(s, t, _told(held)) for s, t, held in graph.edges(data=True)]
    return nodes, edges


if TYPE_CHECKING:
    Values = dict[str, str | int | bool]
    _Things = list[tuple[str, Values]]
    _Links = list[tuple[str, str, Values]]


def _told(held: dict[str, Any]) -> Values:
    return {name: value for name, value in sorted(held.items()) if value != ""}


def _columns(held: Iterable[Values]) -> dict[str, type]:
    """Names of attributes with the type of their values: text where they differ."""
    kinds: dict[str, set[type]] = defaultdict(set)
    for values in held:
        for name, value in values.items():
            kinds[name].add(type(value))
    return {n: next(iter(k)) if len(k) == 1 else str for n, k in sorted(kinds.items())}


def _xml_text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _xml(root: ElementTree.Element) -> bytes:
    from xml.etree import ElementTree

    ElementTree.indent(root, " ")
    told: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return told + b"\n"


def _graphml(store: Embedded) -> bytes:
    """GraphML 1.0 (http://graphml.graphdrawing.org/specification.html)."""
    from xml.etree.ElementTree import Element, SubElement

    nodes, edges = _network(store)
    root = Element("graphml", xmlns=_GRAPHML)
    keys: dict[tuple[str, str], str] = {}
    for scope, held in (("node", [v for _, v in nodes]), ("edge", [v for *_, v in edges])):
        for name, kind in _columns(held).items():
            keys[scope, name] = key = f"{scope[0]}.{name}"
            what = {"attr.name": name, "attr.type": _XML_KINDS[kind]}
            SubElement(root, "key", {"id": key, "for": scope, **what})
    graph = SubElement(root, "graph", id="alliance", edgedefault="directed")
    for iri, values in nodes:
        item = SubElement(graph, "node", id=iri)
        for name, value in values.items():
            SubElement(item, "data", key=keys["node", name]).text = _xml_text(value)
    for number, (source, target, values) in enumerate(edges):
        item = SubElement(graph, "edge", id=f"tie-{number}", source=source, target=target)
        for name, value in values.items():
            SubElement(item, "data", key=keys["edge", name]).text = _xml_text(value)
    return _xml(root)


def _gexf(store: Embedded) -> bytes:
    """GEXF 1.3 (https://gexf.net/schema.html), days as spans of time; no date of its own."""
    from xml.etree.ElementTree import Element, SubElement

    nodes, edges = _network(store)
    root = Element("gexf", xmlns=_GEXF, version="1.3")
    graph = SubElement(root, "graph", defaultedgetype="directed", mode="dynamic", timeformat="date")
    keys: dict[tuple[str, str], str] = {}
    for scope, held in (("node", [v for _, v in nodes]), ("edge", [v for *_, v in edges])):
        declared = SubElement(graph, "attributes", {"class": scope, "mode": "static"})
        for name, kind in _columns(held).items():
            keys[scope, name] = f"{scope[0]}.{name}"
            title = {"id": keys[scope, name], "title": name}
            SubElement(
                declared, "attribute", {**title, "type": _XML_KINDS[kind].replace("int", "integer")}
            )

    def described(item: ElementTree.Element, scope: str, values: Values) -> None:
        for bound, name in (("start", "earliest"), ("end", "latest")):
            if name in values:
                item.set(bound, str(values[name]))
        held = SubElement(item, "attvalues")
        for name, value in values.items():
            SubElement(held, "attvalue", {"for": keys[scope, name], "value": _xml_text(value)})

    all_nodes = SubElement(graph, "nodes")
    for iri, values in nodes:
        described(SubElement(all_nodes, "node", id=iri, label=str(values["label"])), "node", values)
    ties = SubElement(graph, "edges")
    for number, (source, target, values) in enumerate(edges):
        tie = {"id": f"tie-{number}", "source": source, "target": target}
        tie["label"] = str(values["kind"])
        described(SubElement(ties, "edge", tie), "edge", values)
    return _xml(root)


# --- tables --------------------------------------------------------------------------------------

_SEPARATOR = "|"
_TYPES = {XSD + name: name for name in ("date", "integer", "boolean", "duration")}
_LABELS = {RDFS + "label": "label", SKOS + "altLabel": "other_names"}


def tables(store: Embedded) -> dict[str, bytes]:
    """One CSV file a kind of thing, and ``csv-metadata.json`` that describes them (CSVW, W3C).

    Columns are named by property, their types and foreign keys follow from the values: a column of
    which every value is a thing of one kind holds ids of that kind's table. Several values of one
    cell are parted by ``|`` (https://www.w3.org/TR/tabular-metadata/).
    """
    rows = _rows(store)
    told = _told_of(store)
    files: dict[str, bytes] = {}
    described = []
    for kind, things in sorted(rows.items()):
        names = sorted({name for values in things.values() for name in values})
        columns = [_Column.of(n, [v[n] for v in things.values() if n in v]) for n in names]
        columns = _unlike(columns)
        lines = [["id", *(c.name for c in columns)]]
        for slug, values in sorted(things.items()):
            lines.append([slug, *(c.cell(values.get(c.key, [])) for c in columns)])
        files[f"{kind}.csv"] = _csv(lines)
        described.append(_table(kind, columns, told, rows))
    metadata = {"@context": "http://www.w3.org/ns/csvw", "tables": described}
    document = json.dumps(metadata, ensure_ascii=False, indent=1) + "\n"
    return {**files, "csv-metadata.json": document.encode()}


def _rows(store: Embedded) -> dict[str, dict[str, dict[tuple[str, str], list[Any]]]]:
    """Kind -> slug -> (predicate, language) -> terms."""
    rows: dict[str, dict[str, dict[tuple[str, str], list[Any]]]] = defaultdict(dict)
    for t in _union(store):
        parts = split(t.subject.value) if isinstance(t.subject, NamedNode) else None
        # a label is said twice, as SKOS has it
        if parts is None or t.predicate.value == SKOS + "prefLabel":
            continue
        language = (t.object.language or "") if isinstance(t.object, Literal) else ""
        values = rows[parts[0]].setdefault(parts[1], {})
        values.setdefault((t.predicate.value, language), []).append(t.object)
    return rows


def _told_of(store: Embedded) -> dict[str, str]:
    """Property -> what the ontology says of it, in English."""
    rows: Any = store.query(
        "SELECT ?p ?said WHERE { ?p skos:definition|rdfs:comment ?said "
        'FILTER(LANG(?said) = "en") } ORDER BY ?p DESC(?said)'
    )
    return {row["p"].value: row["said"].value for row in rows}


@dataclass(frozen=True)
class _Column:
    key: tuple[str, str]
    name: str
    type: str
    kind: str | None
    """The kind of all things in it, where there is one; ``""`` for things of several kinds."""
    scheme: str | None
    several: bool

    @classmethod
    def of(cls, key: tuple[str, str], cells: list[list[Any]]) -> _Column:
        predicate, language = key
        terms = [term for cell in cells for term in cell]
        iris = [term.value for term in terms if isinstance(term, NamedNode)]
        literals = [term for term in terms if isinstance(term, Literal)]
        kinds = {(split(iri) or ("",))[0] for iri in iris}
        schemes = {iri.removeprefix(VOC).partition("/")[0] for iri in iris if iri.startswith(VOC)}
        types = {_TYPES.get(term.datatype.value, "string") for term in literals}
        things = not literals and all(iri.startswith(ID) for iri in iris)
        concepts = not literals and all(iri.startswith(VOC) for iri in iris)
        stem = _LABELS.get(predicate) or compact(predicate).rpartition(":")[2]
        return cls(
            key=key,
            name=f"{_snake(stem)}_{language}" if language else _snake(stem),
            type=next(iter(types)) if len(types) == 1 and not iris else "string",
            kind=(next(iter(kinds)) if len(kinds) == 1 else "") if things else None,
            scheme=next(iter(schemes)) if concepts and len(schemes) == 1 else None,
            several=any(len(cell) > 1 for cell in cells),
        )

    def cell(self, terms: list[Any]) -> str:
        texts = sorted(self._text(term) for term in terms)
        if self.several:
            # CSVW has no escape within a cell: a bar in a text becomes the bar of box drawing
            texts = [text.replace(_SEPARATOR, "│") for text in texts]
        return _SEPARATOR.join(texts)

    def _text(self, term: Any) -> str:
        if isinstance(term, Literal):
            return term.value
        iri: str = term.value
        if self.scheme is not None:
            return iri.removeprefix(f"{VOC}{self.scheme}/")
        if self.kind is not None:
            return iri.removeprefix(f"{ID}{self.kind}/" if self.kind else ID)
        return iri


def _unlike(columns: list[_Column]) -> list[_Column]:
    """Columns of one name with the prefix of their property before it."""
    names = [c.name for c in columns]
    return [
        c
        if names.count(c.name) == 1
        else replace(c, name=f"{compact(c.key[0]).partition(':')[0]}_{c.name}")
        for c in columns
    ]


def _table(
    kind: str, columns: list[_Column], told: dict[str, str], known: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    described: list[dict[str, Any]] = [{"name": "id", "datatype": "string", "required": True}]
    keys = []
    for c in columns:
        column: dict[str, Any] = {"name": c.name, "propertyUrl": c.key[0], "datatype": c.type}
        if c.key[0] in told:
            column["dc:description"] = told[c.key[0]]
        if c.key[1]:
            column["lang"] = c.key[1]
        if c.several:
            column["separator"] = _SEPARATOR
        if c.scheme is not None:
            column["valueUrl"] = f"{VOC}{c.scheme}/{{{c.name}}}"
        elif c.kind is not None:
            column["valueUrl"] = f"{ID}{c.kind}/{{{c.name}}}" if c.kind else f"{ID}{{+{c.name}}}"
            if c.kind in known:
                there = {"resource": f"{c.kind}.csv", "columnReference": ["id"]}
                keys.append({"columnReference": [c.name], "reference": there})
        described.append(column)
    schema: dict[str, Any] = {"aboutUrl": f"{ID}{kind}/{{id}}", "columns": described}
    return {
        "url": f"{kind}.csv",
        "tableSchema": {**schema, "primaryKey": ["id"], "foreignKeys": keys},
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("-", "_")).lower()


def _csv(lines: list[list[str]]) -> bytes:
    import csv

    out = io.StringIO()
    csv.writer(out).writerows(lines)  # RFC 4180: lines end with CRLF
    return out.getvalue().encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as one zip: the same files, the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in sorted(files.items()):
            # without a date, the zip would carry today's
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            made.writestr(entry, data)
    return out.getvalue()


# --- FollowTheMoney ------------------------------------------------------------------------------

_DAY = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_SCHEMATA = {
    "person": "Person",
    "office": "Position",
    "institution": "Organization",
    "administration": "PublicBody",
    "encounter": "Event",
    "visit": "Event",
    "context-event": "Event",
}
_PARTIES = frozenset({"person", "institution", "administration"})
"""Kinds that FollowTheMoney has as legal entities."""
_PUBLIC = frozenset(
    "administration bureau department legislature ministry mission office presidency".split()
)
"""Kinds of institutions that are part of a state."""


def entities(store: Embedded) -> list[dict[str, Any]]:
    """FollowTheMoney entities (https://followthemoney.tech) in the order of their ids.

    Only what was held: plans, attempts and what is denied have no schema there. Articles are the
    ``proof`` of what they tell; who holds an office is an Occupancy whose ``date`` is the day on
    which a source shows it, with a start and an end only where one states them.
    """
    index = network.read(store)
    made = network.network(store)
    found = [_article(index, a) for a in made.articles]
    for node in made.nodes:
        schema = _SCHEMATA.get(node.kind)
        if schema is None or node.state != "held":
            continue
        properties = {
            "name": [node.label],
            "alias": sorted({*node.names, *([node.ko] if node.ko else [])}),
            "country": _countries([node.country]),
            "proof": [f"article-{slug}" for slug in node.sources],
        }
        if schema == "Organization" and node.detail("institution_kind") in _PUBLIC:
            schema = "PublicBody"
        if schema == "Position":
            bodies = network.many(index, node.iri, ORG + "postIn")
            properties["organization"] = [_name(b) for b in bodies]
        if schema == "Event":
            properties |= _event(index, node, made)
        found.append(_entity(_name(node.iri), schema, properties))
    there = {e["id"] for e in found}
    found += [e for e in _ties(index, made) if _whole(e, there)]
    return sorted(found, key=lambda e: str(e["id"]))


def _ftm(store: Embedded) -> bytes:
    lines = [json.dumps(e, ensure_ascii=False, sort_keys=True) for e in entities(store)]
    return "".join(f"{line}\n" for line in lines).encode()


def _entity(name: str, schema: str, properties: dict[str, list[str]]) -> dict[str, Any]:
    told = {key: sorted(set(values)) for key, values in properties.items() if values}
    return {"id": name, "schema": schema, "properties": told}


def _name(iri: str) -> str:
    return iri.removeprefix(ID).replace("/", "-")


def _countries(iris: Iterable[str | None]) -> list[str]:
    """ISO 3166 codes: the slugs of countries are theirs."""
    return [iri.rpartition("/")[2] for iri in iris if iri]


def _article(index: network.Index, article: network.Article) -> dict[str, Any]:
    return _entity(
        f"article-{article.slug}",
        "Article",
        {
            "title": [article.headline],
            "fileName": [article.slug],
            "sourceUrl": [article.url] if article.url else [],
            "publisher": [article.publisher] if article.publisher else [],
            "publishedAt": [article.published] if article.published else [],
            "author": [
                name
                for author in network.many(index, article.iri, SCHEMA + "author")
                if (name := network.named(index, author, RDFS + "label", "en"))
            ],
        },
    )


def _event(index: network.Index, node: network.Node, made: network.Network) -> dict[str, list[str]]:
    """Days, place and who was there, named and unnamed."""
    one_day = node.earliest if node.earliest == node.latest else None

    def there(*predicates: str) -> list[network.Node]:
        values = [v for p in predicates for v in network.many(index, node.iri, p)]
        return [made.by_iri[v] for v in values if v in made.by_iri]

    def parties(*predicates: str) -> list[str]:
        return [_name(n.iri) for n in there(*predicates) if n.kind in _PARTIES]

    return {
        "date": [one_day] if one_day else [],
        "startDate": [node.earliest] if node.earliest and not one_day else [],
        "endDate": [node.latest] if node.latest and not one_day else [],
        "location": [n.label for n in there(ALLY.place)],
        "involved": parties(ALLY.participant, ALLY.traveller, ALLY.actor),
        "organizer": parties(ALLY.hostedBy, ALLY.host),
        "keywords": [n.label for n in there(ALLY.inChannel, ALLY.discussed)],
    }


def _ties(index: network.Index, made: network.Network) -> Iterator[dict[str, Any]]:
    """Occupancies, memberships, and counterparts as links between persons."""
    proofs = {
        (e.source, e.target): e.sources for e in made.edges if e.kind in ("holds", "member of")
    }
    for subject in sorted(index):
        types = network.many(index, subject, RDF + "type")
        member = network.one(index, subject, ORG + "member")
        if member is None:
            continue
        post = network.one(index, subject, ALLY.post)
        body = network.one(index, subject, ORG + "organization")
        told = {
            "date": _days(index, subject, ALLY.attestedOn),
            "proof": [f"article-{s}" for s in proofs.get((member, post or body or ""), ())],
        }
        if ALLY.Tenure in types and post:
            capacity = network.one(index, subject, ALLY.capacity)
            told |= {
                "holder": [_name(member)],
                "post": [_name(post)],
                "description": [capacity.rpartition("/")[2]] if capacity else [],
                "startDate": _days(index, subject, ALLY.start),
                "endDate": _days(index, subject, ALLY.end),
            }
            yield _entity(_name(subject), "Occupancy", told)
        elif body:
            told |= {"member": [_name(member)], "organization": [_name(body)]}
            yield _entity(_name(subject), "Membership", told)
    for subject in sorted(index):
        if FOAF + "Person" not in network.many(index, subject, RDF + "type"):
            continue
        for other in network.many(index, subject, ALLY.counterpartOf):
            if subject < other:
                pair = {"subject": [_name(subject)], "object": [_name(other)]}
                name = f"counterparts-{_slug(subject)}.{_slug(other)}"
                yield _entity(name, "UnknownLink", {**pair, "role": ["counterpart"]})


def _days(index: network.Index, subject: str, predicate: str) -> list[str]:
    return [d for d in network.many(index, subject, predicate) if _DAY.fullmatch(d)]


def _slug(iri: str) -> str:
    return iri.rpartition("/")[2]


def _whole(entity: dict[str, Any], there: set[str]) -> bool:
    """Whether both ends of a tie are entities."""
    ends = ("holder", "post", "member", "organization", "subject", "object")
    return all(v in there for key in ends for v in entity["properties"].get(key, ()))


# --- the list ------------------------------------------------------------------------------------

FORMATS: dict[str, Format] = {
    "turtle": Format(
        "all graphs as one",
        ".ttl",
        lambda store: outputs.written(_union(store), RdfFormat.TURTLE),
    ),
    "trig": Format(
        "every graph by name",
        ".trig",
        lambda store: outputs.trig(_quads(store)),
    ),
    "nquads": Format(
        "every graph by name, a statement a line",
        ".nq",
        lambda store: _serialised(_quads(store), RdfFormat.N_QUADS),
    ),
    "ntriples": Format(
        "all graphs as one, a statement a line",
        ".nt",
        lambda store: _serialised(_union(store), RdfFormat.N_TRIPLES),
    ),
    "rdfxml": Format("all graphs as one", ".rdf", _rdfxml),
    "jsonld": Format(
        "what is plain, an object a thing, with a readable context",
        ".jsonld",
        lambda store: outputs.jsonld(_quads(store)),
    ),
    "rdf12": Format(
        "every graph by name, claims reify triple terms (RDF 1.2 TriG)", ".trig", _rdf12
    ),
    "graphml": Format("the network, for yEd, Cytoscape, igraph", ".graphml", _graphml),
    "gexf": Format("the network with its days, for Gephi", ".gexf", _gexf),
    "csv": Format(
        "a table a kind of thing, described by csv-metadata.json (CSVW)",
        ".zip",
        lambda store: zipped(tables(store)),
    ),
    "ftm": Format("FollowTheMoney entities, one a line, of what was held", ".ftm.json", _ftm),
}
"""What ``--format`` takes."""
