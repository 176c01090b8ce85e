"""The graph as files: canonical TriG, merged Turtle, claims, JSON-LD. Same graph, same bytes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

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
_CLAIMED = (ID + "claim/", ID + "record/")
"""How the subjects begin that are claims, or the records on which they rest."""
_Said = TypeVar("_Said", Quad, Triple)
_TYPE = RDF + "type"
_IS_A = f" <{_TYPE}> ".encode()


class Ordered(list[Quad]):
    """Quads by graph, subject (types first), predicate and object: the same on every machine."""

    def __init__(self, graphs: Mapping[str, Sequence[Quad]]) -> None:
        super().__init__(q for said in graphs.values() for q in said)
        self.graphs = graphs
        """The quads of each graph by its IRI."""

    @cached_property
    def merged(self) -> list[Triple]:
        """The triples of ``alliance.ttl``, sorted."""
        plain = (n for n in self.graphs if n in _PLAIN or n.startswith(_RECORDS))
        found = _sorted([q.triple for n in plain for q in self.graphs[n]], RdfFormat.N_TRIPLES)
        return [t for t in found if not _iri(t.subject).startswith(_CLAIMED)]


def in_order(quads: Iterable[Quad]) -> Ordered:
    """Quads, each once, in an order of their own."""
    by_graph: dict[str, list[Quad]] = defaultdict(list)
    for q in quads:
        by_graph[getattr(q.graph_name, "value", "")].append(q)
    return Ordered({n: _sorted(by_graph[n], RdfFormat.N_QUADS) for n in sorted(by_graph)})


def _sorted(items: list[_Said], form: RdfFormat) -> list[_Said]:
    """Statements, each once, by what they look like in a form of one line each; types first."""
    text = serialize(items, format=form)
    assert text is not None  # only None when written to a file
    # by places, not pairs: that and lines made at one go take half the time of sorting terms
    lines = [line.replace(_IS_A, b" ", 1) for line in text.split(b"\n")]
    places: list[int] = sorted(range(len(items)), key=lines.__getitem__)
    before = [-1, *places]  # of the first, the end of the text, which is no statement
    return [items[i] for i, b in zip(places, before, strict=False) if lines[i] != lines[b]]


def trig(ordered: Ordered) -> bytes:
    """Every graph by name; takes quads as :func:`in_order` gives them, like all that follow."""
    return written(ordered, RdfFormat.TRIG)


def turtle(ordered: Ordered) -> bytes:
    """Truthy, derived, identities and outside names as one graph, without derivation nodes."""
    return written(ordered.merged, RdfFormat.TURTLE)


def claims(ordered: Ordered) -> bytes:
    """What articles and records say: each claim with its qualities and evidence, as one graph.

    No article has a claim of another's, so nothing stands in two of their graphs.
    """
    said: list[Triple] = []
    for name, quads in ordered.graphs.items():
        if name.startswith(GRAPH + "article/"):
            said += (q.triple for q in quads)
        elif name.startswith(_RECORDS):
            said += (t for q in quads if _iri((t := q.triple).subject).startswith(_CLAIMED))
    return written(said, RdfFormat.TURTLE)


def _iri(term: object) -> str:
    return str(getattr(term, "value", ""))


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
    return _sorted([q.triple for q in quads], RdfFormat.N_TRIPLES)


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


def jsonld(ordered: Ordered) -> bytes:
    """The same triples as ``alliance.ttl``, one object a thing, with our readable context."""
    terms = context()
    names = _term_names(terms)
    nodes: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    texts: dict[str, dict[str, dict[str, list[str]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for t in ordered.merged:
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
    head = json.dumps(terms, ensure_ascii=False, indent=1)
    body = ",\n".join(json.dumps(node, ensure_ascii=False) for node in graph)
    # a thing in a line, which is written in a third of the time and compared as easily
    return f'{{"@context": {head},\n"@graph": [\n{body}\n]}}\n'.encode()


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
