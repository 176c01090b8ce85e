"""SHACL to findings: the shapes of ``ontology/shapes.ttl`` over plain dictionaries.

Read is the part of SHACL Core (https://www.w3.org/TR/shacl/) that our shapes use; a term outside
it is refused when the shapes are read, so that nothing goes unchecked in silence. Validators exist,
but on the graph of five articles (42,000 triples) pyrudof takes 2 s of CPU and pySHACL 4, where the
whole build may take 2 s; this takes a quarter of one. Tests hold its results equal to theirs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, ItemsView, Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Triple, parse

from alliance_graph import paths
from alliance_graph.errors import AllianceError, Finding, Mark, Severity, in_order
from alliance_graph.vocabulary import BASE, OWL, RDF, RDFS, XSD, compact, split

if TYPE_CHECKING:
    from alliance_graph.store.embedded import Embedded

SH = "http://www.w3.org/ns/shacl#"
SHAPES = BASE + "shapes#"
"""Namespace of our shapes; a finding's code is ``shape-`` and the shape's local name."""

Term = NamedNode | BlankNode | Literal | Triple
Check = Callable[["_View"], Iterable[tuple[Term, Term | None]]]
"""To the offending (focus node, value node); None: the values of the focus node as a whole."""

_SEVERITIES: dict[str, Severity] = {
    SH + "Violation": "error",
    SH + "Warning": "warning",
    SH + "Info": "info",
}
_TYPE = RDF + "type"
_CLASSES = frozenset({NamedNode(RDFS + "Class"), NamedNode(OWL + "Class")})
_NOTHING: frozenset[Term] = frozenset()


class Result(NamedTuple):
    """One broken constraint: what SHACL's report calls a validation result."""

    shape: str
    """IRI of the shape (``sh:sourceShape``)."""
    component: str
    """Local name of the constraint component without ``ConstraintComponent``: ``MinCount``."""
    focus: Term
    value: Term | None


def validate(
    store: Embedded | Graph | Iterable[Quad],
    where: Callable[[str], Mark | None] | None = None,
    shapes: Path | None = None,
) -> list[Finding]:
    """What in a graph breaks a shape, in the order of files and lines.

    All named graphs are taken as one, as in a :class:`Graph` that was made before. ``where`` tells
    the place of an IRI in the facts, ``shapes`` is another file of shapes than ours. Raises
    AllianceError where the shapes cannot be read.
    """
    from alliance_graph.store.embedded import Embedded

    known = {s.iri: s for s in read(shapes)}
    quads = store.quads() if isinstance(store, Embedded) else store
    data = quads if isinstance(quads, Graph) else Graph(quads)
    found = results(data, known.values())
    return in_order([_finding(r, known[r.shape], where) for r in dict.fromkeys(found)])


def read(path: Path | None = None) -> tuple[Shape, ...]:
    """The shapes of a Turtle file (default: ours), made ready.

    Raises AllianceError where the file is no Turtle, or says more of SHACL than is read here.
    """
    path = path or paths.ontology() / "shapes.ttl"
    try:
        triples = [q.triple for q in parse(path=str(path), format=RdfFormat.TURTLE)]
    except (OSError, SyntaxError) as bad:
        raise AllianceError(f"{path}: the shapes cannot be read: {bad}") from None
    reader = _Reader(Graph(triples), str(path))
    return tuple(reader.all())


def results(data: Graph, shapes: Iterable[Shape]) -> list[Result]:
    """Every broken constraint of the targeted shapes, in a stable order."""
    found = [r for s in shapes for r in s.broken(data, s.targets(data))]
    return sorted(found, key=lambda r: (r.shape, str(r.focus), r.component, str(r.value)))


def _finding(result: Result, shape: Shape, where: Callable[[str], Mark | None] | None) -> Finding:
    what, _, mend = shape.message.partition("; ")
    focus = getattr(result.focus, "value", str(result.focus))
    kind, slug = split(focus) or ("", compact(focus))
    shown = "" if result.value in (None, result.focus) else f": {_shown(result.value)}"
    return Finding(
        shape.severity,
        f"shape-{result.shape.removeprefix(SHAPES)}",
        f"{kind} {slug}: {what}{shown}".strip(),
        mend,
        where(focus) if where else None,
        about=(slug,),
    )


def _shown(value: Term | None) -> str:
    text = compact(value.value) if isinstance(value, NamedNode) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


class Graph:
    """Statements by predicate and subject, and the other way round where that is asked for."""

    def __init__(self, statements: Iterable[Quad | Triple]) -> None:
        by: dict[str, dict[Term, set[Term]]] = defaultdict(lambda: defaultdict(set))
        for t in statements:
            by[t.predicate.value][t.subject].add(t.object)
        self._by = dict(by)
        self._turned: dict[str, dict[Term, set[Term]]] = {}
        self._kinds: dict[Term, frozenset[Term]] = {}
        self._instances: dict[Term, frozenset[Term]] = {}

    def tables(self) -> ItemsView[str, dict[Term, set[Term]]]:
        """Every predicate with its values by subject."""
        return self._by.items()

    def by_subject(self) -> dict[str, dict[str, Collection[Term]]]:
        """Values by IRI (or label) of the subject, then by IRI of the predicate."""
        found: dict[str, dict[str, Collection[Term]]] = defaultdict(dict)
        for predicate, table in self.tables():
            for subject, values in table.items():
                found[getattr(subject, "value", "")][predicate] = values
        return found

    def by(self, predicate: str) -> dict[Term, set[Term]]:
        """Values by subject."""
        return self._by.get(predicate, {})

    def turned(self, predicate: str) -> dict[Term, set[Term]]:
        """Subjects by value."""
        if predicate not in self._turned:
            turned: dict[Term, set[Term]] = defaultdict(set)
            for subject, values in self.by(predicate).items():
                for value in values:
                    turned[value].add(subject)
            self._turned[predicate] = dict(turned)
        return self._turned[predicate]

    def predicates(self, subject: Term) -> list[str]:
        """What is said of a subject."""
        return [p for p, table in self._by.items() if subject in table]

    def value(self, subject: Term, predicate: str) -> Term | None:
        """The one value, or None."""
        return next(iter(self.by(predicate).get(subject, ())), None)

    def members(self, head: Term) -> Iterator[Term]:
        """The members of an RDF list."""
        while isinstance(head, BlankNode):
            first, rest = self.value(head, RDF + "first"), self.value(head, RDF + "rest")
            if first is None or rest is None:
                raise AllianceError(f"{head} is no whole RDF list")
            yield first
            head = rest

    def kinds_of(self, cls: Term) -> frozenset[Term]:
        """A class and all that are below it (SHACL 2.1.3.2: instances count through subclasses)."""
        if cls not in self._kinds:
            below, todo = {cls}, [cls]
            while todo:
                for sub in self.turned(RDFS + "subClassOf").get(todo.pop(), ()):
                    if sub not in below:
                        below.add(sub)
                        todo.append(sub)
            self._kinds[cls] = frozenset(below)
        return self._kinds[cls]

    def instances(self, cls: Term) -> frozenset[Term]:
        """The things of a class."""
        if cls not in self._instances:
            typed = self.turned(_TYPE)
            found = (thing for kind in self.kinds_of(cls) for thing in typed.get(kind, ()))
            self._instances[cls] = frozenset(found)
        return self._instances[cls]


class _View:
    """What a shape sees from its focus nodes, all at once: they share most of their values."""

    def __init__(self, data: Graph, focuses: Set[Term], path: tuple[str, bool] | None) -> None:
        self.data = data
        self.focuses = focuses
        self.pairs: list[tuple[Term, Collection[Term]]]
        """Focus nodes that have values, each with its values."""
        self.distinct: Set[Term]
        if path is None:
            self.pairs, self.distinct = [(f, (f,)) for f in focuses], focuses
            return
        table = data.turned(path[0]) if path[1] else data.by(path[0])
        if len(table) > len(focuses):
            self.pairs = [(f, table[f]) for f in focuses if f in table]
        else:
            self.pairs = [(f, values) for f, values in table.items() if f in focuses]
        self.distinct = _NOTHING.union(*(values for _, values in self.pairs))

    def without(self) -> Iterable[Term]:
        """The focus nodes that have no values."""
        if len(self.pairs) == len(self.focuses):
            return ()
        return self.focuses - {f for f, _ in self.pairs}

    def told(self, wrong: Set[Term]) -> list[tuple[Term, Term]]:
        """Values that are wrong wherever they stand, with the focus nodes that have them."""
        if not wrong:
            return []
        return [(f, v) for f, values in self.pairs for v in values if v in wrong]


@dataclass(frozen=True)
class Shape:
    """One shape, made ready: what it looks at, and the checks it makes there."""

    iri: str
    severity: Severity
    message: str
    """``what is wrong; how to mend it``; empty for a shape that only others refer to."""
    path: tuple[str, bool] | None
    """Predicate and whether it is walked backwards; None for a node shape."""
    checks: tuple[tuple[str, Check], ...]
    """Constraint component and check."""
    inner: tuple[Shape, ...]
    """The shapes under ``sh:property``."""
    nodes: tuple[Term, ...] = ()
    classes: tuple[Term, ...] = ()
    subjects_of: tuple[str, ...] = ()
    objects_of: tuple[str, ...] = ()

    def targets(self, data: Graph) -> Set[Term]:
        """The nodes that it looks at."""
        found: list[Set[Term]] = [data.instances(cls) for cls in self.classes]
        found += (data.by(predicate).keys() for predicate in self.subjects_of)
        found += (data.turned(predicate).keys() for predicate in self.objects_of)
        return found[0] if len(found) == 1 and not self.nodes else {*self.nodes}.union(*found)

    def broken(self, data: Graph, focuses: Set[Term]) -> Iterator[Result]:
        """The constraints that nodes break."""
        view = _View(data, focuses, self.path)
        for component, check in self.checks:
            for focus, value in check(view):
                yield Result(self.iri, component, focus, value)
        for shape in self.inner:
            yield from shape.broken(data, view.distinct)

    def failing(self, data: Graph, nodes: Set[Term]) -> set[Term]:
        """Those of the nodes that break anything."""
        view = _View(data, nodes, self.path)
        found = {focus for _, check in self.checks for focus, _ in check(view)}
        for shape in self.inner:
            wrong = shape.failing(data, view.distinct)
            found |= {focus for focus, _ in view.told(wrong)}
        return found


# --- reading shapes -------------------------------------------------------------------------------

_ABOUT = frozenset(
    "path property severity message name description targetNode targetClass targetSubjectsOf "
    "targetObjectsOf qualifiedValueShape".split()
)
"""Terms of a shape that are no constraint by themselves."""


class _Reader:
    """Makes the shapes of a graph ready, each once."""

    def __init__(self, graph: Graph, source: str) -> None:
        self.graph = graph
        self.source = source
        self.ready: dict[Term, Shape] = {}

    def all(self) -> Iterator[Shape]:
        for kind in ("NodeShape", "PropertyShape"):
            for node in self.graph.instances(NamedNode(SH + kind)):
                self.shape(node)
        for name in ("targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf"):
            for node in self.graph.by(SH + name):
                self.shape(node)
        yield from sorted(self.ready.values(), key=lambda s: s.iri)

    def shape(self, node: Term) -> Shape:
        if node not in self.ready:
            self.ready[node] = self._shape(node)
        return self.ready[node]

    def _shape(self, node: Term) -> Shape:
        iri = node.value if isinstance(node, NamedNode) else str(node)
        used = {p.removeprefix(SH) for p in self.graph.predicates(node) if p.startswith(SH)}
        unknown = used - _ABOUT - _COMPONENTS.keys()
        if unknown:
            raise self.refusal(iri, f"sh:{min(unknown)}")
        severity = self.graph.value(node, SH + "severity") or NamedNode(SH + "Violation")
        if _iri(severity) not in _SEVERITIES:
            raise self.refusal(iri, f"the severity {compact(_iri(severity))}")
        message = self.graph.value(node, SH + "message")
        return Shape(
            iri,
            _SEVERITIES[_iri(severity)],
            message.value if isinstance(message, Literal) else "",
            self.path(iri, node),
            tuple(
                (name[0].upper() + name[1:], make(self, node, value))
                for name, make in _COMPONENTS.items()
                if name in used
                for value in self.graph.by(SH + name)[node]
            ),
            tuple(map(self.shape, self.sorted(node, "property"))),
            tuple(self.sorted(node, "targetNode")),
            (*self.sorted(node, "targetClass"), *((node,) if self.is_class(node) else ())),
            tuple(_iri(p) for p in self.sorted(node, "targetSubjectsOf")),
            tuple(_iri(p) for p in self.sorted(node, "targetObjectsOf")),
        )

    def is_class(self, node: Term) -> bool:
        """Whether a shape is a class too, whose instances it then looks at (SHACL 2.1.3.3)."""
        return not _CLASSES.isdisjoint(self.graph.by(_TYPE).get(node, ()))

    def sorted(self, node: Term, name: str) -> list[Term]:
        return sorted(self.graph.by(SH + name).get(node, ()), key=str)

    def path(self, iri: str, node: Term) -> tuple[str, bool] | None:
        path = self.graph.value(node, SH + "path")
        if path is None:
            return None
        if isinstance(path, NamedNode):
            return path.value, False
        inverse = self.graph.value(path, SH + "inversePath")
        if isinstance(inverse, NamedNode) and path not in self.graph.by(RDF + "first"):
            return inverse.value, True
        raise self.refusal(iri, "that path")

    def comparable(self, shape: Term, bound: Term) -> None:
        """Refuse a bound that is neither a number nor a day."""
        if _key(bound) is None:
            raise self.refusal(_iri(shape), f"the bound {bound}")

    def refusal(self, iri: str, what: str) -> AllianceError:
        return AllianceError(
            f"{self.source}: {compact(iri)}: {what} is not read here; "
            "say it in other terms, or teach it to shapes.py"
        )


def _iri(term: Term) -> str:
    return term.value if isinstance(term, NamedNode) else str(term)


# --- constraint components (SHACL, section 4) -----------------------------------------------------

_COMPONENTS: dict[str, Callable[[_Reader, Term, Term], Check]] = {}


def _component(name: str) -> Callable[[Callable[[_Reader, Term, Term], Check]], None]:
    def add(make: Callable[[_Reader, Term, Term], Check]) -> None:
        _COMPONENTS[name] = make

    return add


def _each(bad: Callable[[Graph, Term], bool]) -> Check:
    return lambda view: view.told({v for v in view.distinct if bad(view.data, v)})


def _those(bad: Callable[[Graph, Set[Term]], Set[Term]]) -> Check:
    return lambda view: view.told(bad(view.data, view.distinct))


def _whole(bad: Callable[[Collection[Term]], bool]) -> Check:
    def check(view: _View) -> list[tuple[Term, None]]:
        found = [(f, None) for f, values in view.pairs if bad(values)]
        return [*found, *((f, None) for f in view.without())] if bad(()) else found

    return check


def _number(term: Term) -> int:
    return int(_text(term))


def _text(term: Term) -> str:
    return term.value if isinstance(term, NamedNode | Literal) else str(term)


@_component("minCount")
def _min_count(reader: _Reader, shape: Term, value: Term) -> Check:
    least = _number(value)
    return _whole(lambda values: len(values) < least)


@_component("maxCount")
def _max_count(reader: _Reader, shape: Term, value: Term) -> Check:
    most = _number(value)
    return _whole(lambda values: len(values) > most)


@_component("class")
def _class(reader: _Reader, shape: Term, value: Term) -> Check:
    def bad(data: Graph, v: Term) -> bool:
        return data.kinds_of(value).isdisjoint(data.by(_TYPE).get(v, ()))

    return _each(bad)


@_component("nodeKind")
def _node_kind(reader: _Reader, shape: Term, value: Term) -> Check:
    kinds = {SH + "IRI": NamedNode, SH + "Literal": Literal, SH + "BlankNode": BlankNode}
    kind = kinds.get(_iri(value))
    if kind is None:
        raise reader.refusal(_iri(shape), compact(_iri(value)))
    return _each(lambda data, v: not isinstance(v, kind))


@_component("datatype")
def _datatype(reader: _Reader, shape: Term, value: Term) -> Check:
    wanted = _iri(value)
    well_formed = _LEXICAL.get(wanted, _is_text)
    return _each(
        lambda data, v: (
            not isinstance(v, Literal) or v.datatype.value != wanted or not well_formed(v.value)
        )
    )


@_component("in")
def _in(reader: _Reader, shape: Term, value: Term) -> Check:
    allowed = frozenset(reader.graph.members(value))
    return _each(lambda data, v: v not in allowed)


@_component("hasValue")
def _has_value(reader: _Reader, shape: Term, value: Term) -> Check:
    return _whole(lambda values: value not in values)


@_component("pattern")
def _pattern(reader: _Reader, shape: Term, value: Term) -> Check:
    search = re.compile(_text(value), re.ASCII).search
    return _each(lambda data, v: isinstance(v, BlankNode) or not search(_text(v)))


@_component("minLength")
def _min_length(reader: _Reader, shape: Term, value: Term) -> Check:
    least = _number(value)
    return _each(lambda data, v: isinstance(v, BlankNode) or len(_text(v)) < least)


@_component("maxLength")
def _max_length(reader: _Reader, shape: Term, value: Term) -> Check:
    most = _number(value)
    return _each(lambda data, v: isinstance(v, BlankNode) or len(_text(v)) > most)


@_component("minInclusive")
def _min_inclusive(reader: _Reader, shape: Term, value: Term) -> Check:
    reader.comparable(shape, value)
    return _each(lambda data, v: not _at_most(value, v))


@_component("maxInclusive")
def _max_inclusive(reader: _Reader, shape: Term, value: Term) -> Check:
    reader.comparable(shape, value)
    return _each(lambda data, v: not _at_most(v, value))


@_component("languageIn")
def _language_in(reader: _Reader, shape: Term, value: Term) -> Check:
    ranges = tuple(_text(m).lower() for m in reader.graph.members(value))

    def bad(data: Graph, v: Term) -> bool:
        tag = (v.language or "").lower() if isinstance(v, Literal) else ""
        return not any(tag == r or tag.startswith(f"{r}-") for r in ranges)

    return _each(bad)


@_component("uniqueLang")
def _unique_lang(reader: _Reader, shape: Term, value: Term) -> Check:
    def check(view: _View) -> Iterable[tuple[Term, None]]:
        for focus, values in view.pairs:
            tags = Counter(v.language for v in values if isinstance(v, Literal) and v.language)
            yield from ((focus, None) for n in tags.values() if n > 1)

    return check if _text(value) in ("true", "1") else lambda view: ()


@_component("equals")
def _equals(reader: _Reader, shape: Term, value: Term) -> Check:
    def check(view: _View) -> Iterable[tuple[Term, Term]]:
        others = view.data.by(_iri(value))
        told = [(f, v) for f, values in view.pairs for v in others.get(f, _NOTHING) ^ set(values)]
        return [*told, *((f, v) for f in view.without() for v in others.get(f, ()))]

    return check


@_component("disjoint")
def _disjoint(reader: _Reader, shape: Term, value: Term) -> Check:
    def check(view: _View) -> Iterable[tuple[Term, Term]]:
        others = view.data.by(_iri(value))
        return [(f, v) for f, values in view.pairs for v in values if v in others.get(f, ())]

    return check


@_component("lessThanOrEquals")
def _less_than_or_equals(reader: _Reader, shape: Term, value: Term) -> Check:
    def check(view: _View) -> Iterable[tuple[Term, Term]]:
        others = view.data.by(_iri(value))
        for focus, values in view.pairs:
            most = others.get(focus, ())
            yield from ((focus, v) for v in values for m in most if not _at_most(v, m))

    return check


@_component("node")
def _node(reader: _Reader, shape: Term, value: Term) -> Check:
    wanted = reader.shape(value)
    return _those(wanted.failing)


@_component("not")
def _not(reader: _Reader, shape: Term, value: Term) -> Check:
    unwanted = reader.shape(value)
    return _those(lambda data, values: values - unwanted.failing(data, values))


@_component("or")
def _or(reader: _Reader, shape: Term, value: Term) -> Check:
    wanted = tuple(map(reader.shape, reader.graph.members(value)))

    def bad(data: Graph, values: Set[Term]) -> Set[Term]:
        for shape in wanted:
            values = shape.failing(data, values)
        return values

    return _those(bad)


@_component("xone")
def _xone(reader: _Reader, shape: Term, value: Term) -> Check:
    wanted = tuple(map(reader.shape, reader.graph.members(value)))

    def bad(data: Graph, values: Set[Term]) -> Set[Term]:
        fitting = Counter(v for s in wanted for v in values - s.failing(data, values))
        return {v for v in values if fitting[v] != 1}

    return _those(bad)


@_component("qualifiedMinCount")
def _qualified_min_count(reader: _Reader, shape: Term, value: Term) -> Check:
    inner = reader.graph.value(shape, SH + "qualifiedValueShape")
    if inner is None:
        raise reader.refusal(_iri(shape), "sh:qualifiedMinCount without sh:qualifiedValueShape")
    wanted, least = reader.shape(inner), _number(value)

    def check(view: _View) -> Iterable[tuple[Term, Term | None]]:
        wrong = wanted.failing(view.data, view.distinct)
        return _whole(lambda values: sum(v not in wrong for v in values) < least)(view)

    return check


def _is_text(text: str) -> bool:
    return True


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_LEXICAL: dict[str, Callable[[str], object]] = {
    XSD + "integer": re.compile(r"[+-]?[0-9]+", re.ASCII).fullmatch,
    XSD + "boolean": re.compile(r"true|false|0|1").fullmatch,
    XSD + "date": _is_date,
    XSD + "duration": re.compile(
        r"-?P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?"
    ).fullmatch,
}
"""Lexical spaces (XML Schema 1.1, part 2); a date with a time zone is not one of ours."""
_NUMBERS: dict[str, Callable[[str], object]] = {
    XSD + "integer": _LEXICAL[XSD + "integer"],
    XSD + "decimal": re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)", re.ASCII).fullmatch,
}


def _key(term: Term) -> tuple[str, Decimal] | None:
    """What a whole or decimal number or a day is compared by; None for anything else."""
    if not isinstance(term, Literal):
        return None
    datatype, text = term.datatype.value, term.value
    if datatype == XSD + "date" and _is_date(text):
        return "day", Decimal(date.fromisoformat(text).toordinal())
    if datatype in _NUMBERS and _NUMBERS[datatype](text):
        return "number", Decimal(text)
    return None


def _at_most(low: Term, high: Term) -> bool:
    """Whether both can be compared and the first is not the greater."""
    a, b = _key(low), _key(high)
    return a is not None and b is not None and a[0] == b[0] and a[1] <= b[1]
