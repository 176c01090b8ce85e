"""The graph as files: canonical TriG, merged Turtle, claims, JSON-LD. Same graph, same bytes."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    RdfFormat,
    Triple,
    serialize,
)

from alliance_graph import paths
from alliance_graph.errors import AllianceError
from alliance_graph.vocabulary import (
    DERIVED,
    GRAPH,
    ID,
    IDENTITIES,
    OUTSIDE,
    PREFIXES,
    RDF,
    TRUTHY,
    XSD,
)

_PLAIN = frozenset({TRUTHY, DERIVED, IDENTITIES, OUTSIDE})
"""The graphs that make up ``alliance.ttl``: what one reads without caring who said it."""
_RECORDS = GRAPH + "records/"
"""Official records: claims and plain triples of a source stand in one graph."""
_CLAIMED = (f"<{ID}claim/", f"<{ID}record/")
"""How the subjects begin that are claims, or the records on which they rest."""
_TYPE = RDF + "type"
_IS_A = f" <{_TYPE}> "


def in_order(quads: Iterable[Quad]) -> list[Quad]:
    """Quads by graph, subject (types first), predicate and object: the same on every machine."""
    by_graph: dict[object, dict[str, Quad]] = defaultdict(dict)
    for q in quads:
        by_graph[q.graph_name][_key(q)] = q
    graphs = (by_graph[name] for name in sorted(by_graph, key=str))
    return [said[key] for said in graphs for key in sorted(said)]


def _key(item: Quad | Triple) -> str:
    # one string a statement sorts six times as fast as a tuple of its terms
    return str(item).replace(_IS_A, " ", 1)


def _graphs(ordered: Iterable[Quad]) -> Iterator[tuple[str, list[Quad]]]:
    """The named graphs of quads in order, each with its quads."""
    quads = list(ordered)
    at = 0
    while at < len(quads):
        graph = quads[at].graph_name
        end = bisect_right(quads, str(graph), at, key=lambda q: str(q.graph_name))
        if isinstance(graph, NamedNode):
            yield graph.value, quads[at:end]
        at = end


def trig(ordered: Iterable[Quad]) -> bytes:
    """Every graph by name; takes quads as :func:`in_order` gives them, like all that follow."""
    return written(ordered, RdfFormat.TRIG)


def turtle(ordered: Iterable[Quad]) -> bytes:
    """Truthy, derived, identities and outside names as one graph, without derivation nodes."""
    return written(merged(ordered), RdfFormat.TURTLE)


def claims(ordered: Iterable[Quad]) -> bytes:
    """What articles and records say: each claim with its qualities and evidence, as one graph."""
    said: dict[Triple, None] = {}
    for name, quads in _graphs(ordered):
        if name.startswith(GRAPH + "article/"):
            said |= dict.fromkeys(q.triple for q in quads)
        elif name.startswith(_RECORDS):
            triples = (q.triple for q in quads)
            said |= dict.fromkeys(t for t in triples if str(t.subject).startswith(_CLAIMED))
    return written(said, RdfFormat.TURTLE)


def steady(quads: Iterable[Quad]) -> list[Quad]:
    """The same quads, blank nodes (our facts have none, an ontology may) by canonical labels.

    An engine names them anew whenever it reads them; RDFC-1.0 (https://www.w3.org/TR/rdf-canon/)
    looks at no quad that has none.
    """
    named: list[Quad] = []
    unnamed: list[Quad] = []
    for q in quads:
        has_none = not isinstance(q.subject, BlankNode) and not isinstance(q.object, BlankNode)
        (named if has_none else unnamed).append(q)
    canonical = Dataset(unnamed)
    canonical.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return [*named, *canonical]


def union(quads: Iterable[Quad]) -> list[Triple]:
    """The triples of all graphs, each once, sorted: what a query sees."""
    return sorted({q.triple for q in quads}, key=_key)


def merged(ordered: Iterable[Quad]) -> list[Triple]:
    """The triples of ``alliance.ttl``, sorted."""
    kept: dict[str, Triple] = {}
    for name, quads in _graphs(ordered):
        if name in _PLAIN or name.startswith(_RECORDS):
            kept |= {_key(q.triple): q.triple for q in quads}
    return [kept[key] for key in sorted(kept) if not key.startswith(_CLAIMED)]


def written(items: Iterable[Quad] | Iterable[Triple], form: RdfFormat) -> bytes:
    """Turtle or TriG, headed by those of our prefixes that it uses, in order."""
    out = serialize(items, format=form, prefixes=PREFIXES)
    assert out is not None  # only None when written to a file
    # the engine writes every prefix in an order of its own; only those used, sorted, are of help
    at = 0
    while out.startswith(b"@prefix ", at):
        at = out.index(b"\n", at) + 1
    head, body = out[:at].splitlines(keepends=True), out[at:]
    used = {word[: word.find(b":") + 1].rpartition(b"^^")[2] for word in set(body.split())}
    lines = [line for line in head if line.split()[1] in used]
    return b"".join([*sorted(lines), body])


def context() -> dict[str, Any]:
    """The JSON-LD context of ``ontology/context.jsonld``."""
    loaded = json.loads((paths.ontology() / "context.jsonld").read_text("utf-8"))
    return dict(loaded["@context"])


def jsonld(ordered: Iterable[Quad]) -> bytes:
    """The same triples as ``alliance.ttl``, one object a thing, with our readable context."""
    terms = context()
    names = _term_names(terms)
    nodes: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    texts: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for t in merged(ordered):
        subject = _compact_iri(str(t.subject)[1:-1], terms)
        if t.predicate.value == _TYPE and isinstance(t.object, NamedNode):
            nodes[subject]["@type"].append(names.get(t.object.value) or t.object.value)
            continue
        term, coerced = _term_for(t.predicate.value, t.object, names, terms)
        if coerced == "@language" and isinstance(t.object, Literal) and t.object.language:
            texts[subject][term][t.object.language].append(t.object.value)
        else:
            nodes[subject][term].append(_value(t.object, coerced, terms))
    for subject, by_term in texts.items():
        for term, by_language in by_term.items():
            nodes[subject][term] = [{tag: _one_or_all(v) for tag, v in by_language.items()}]
    graph = [
        {"@id": name, **{k: _one_or_all(v) for k, v in sorted(node.items())}}
        for name, node in sorted(nodes.items())
    ]
    document = {"@context": terms, "@graph": graph}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _expanded(name: str, terms: dict[str, Any]) -> str:
    prefix, colon, rest = name.partition(":")
    base = terms.get(prefix)
    return base + rest if colon and isinstance(base, str) and not rest.startswith("//") else name


def _term_names(terms: dict[str, Any]) -> dict[str, str]:
    """IRI -> term, for the terms that name one thing (prefixes are none)."""
    names: dict[str, str] = {}
    for term, definition in sorted(terms.items()):
        if term.startswith("@"):
            continue
        target = definition if isinstance(definition, str) else definition.get("@id", term)
        if isinstance(target, str) and not target.endswith(("/", "#")):
            names.setdefault(_expanded(target, terms), term)
    return names


def _term_for(
    predicate: str, value: object, names: dict[str, str], terms: dict[str, Any]
) -> tuple[str, str | None]:
    """The term for a predicate and the type that the context gives its values, where that fits.

    The type ``@language`` stands for a map from language to texts.
    """
    term = names.get(predicate)
    definition = terms.get(term) if term else None
    if isinstance(definition, dict) and definition.get("@container") == "@language":
        tagged = isinstance(value, Literal) and value.language
        return (str(term), "@language") if tagged else (predicate, None)
    if term is None or (isinstance(definition, dict) and set(definition) - {"@id", "@type"}):
        # a container or a language in the definition would change what we write
        return predicate, None
    wanted = definition.get("@type") if isinstance(definition, dict) else None
    if wanted is None:
        return term, None
    if wanted == "@id":
        return (term, "@id") if isinstance(value, NamedNode) else (predicate, None)
    fits = isinstance(value, Literal) and value.datatype.value == _expanded(wanted, terms)
    return (term, wanted) if fits else (predicate, None)


def _compact_iri(iri: str, terms: dict[str, Any]) -> str:
    base = terms.get("id")
    if isinstance(base, str) and iri.startswith(base):
        return "id:" + iri.removeprefix(base)
    base = terms.get("voc")
    if isinstance(base, str) and iri.startswith(base):
        return "voc:" + iri.removeprefix(base)
    return iri


def _value(value: object, coerced: str | None, terms: dict[str, Any]) -> Any:
    if isinstance(value, NamedNode):
        iri = _compact_iri(value.value, terms)
        return iri if coerced == "@id" else {"@id": iri}
    assert isinstance(value, Literal)  # the data has no blank nodes
    if coerced:
        return value.value
    if value.language:
        return {"@value": value.value, "@language": value.language}
    if value.datatype.value == XSD + "string":
        return {"@value": value.value}
    return {"@value": value.value, "@type": value.datatype.value}


def write(path: Path, data: bytes) -> None:
    """Write beside, then rename: whoever reads sees the old file or the new one."""
    if not path.parent.is_dir():
        raise AllianceError(f"{path.parent}: no such folder; make it first")
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    beside.replace(path)
