"""Answers as a network: who and what there is, what ties them, with sides, levels and times.

A plain frozen value without HTML. Every tie that a claim tells carries that claim; what is only
planned, wished for, attempted or denied says so, and is never mixed with what was held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from alliance_graph.vocabulary import ALLY, ORG, PROV, RDF, RDFS, SCHEMA, SKOS, VOC, split

if TYPE_CHECKING:
    import networkx as nx
    from pyoxigraph import Literal, NamedNode

    from alliance_graph.shapes import Graph
    from alliance_graph.store import Store

    Term = NamedNode | Literal
    Index = dict[str, dict[str, Collection[Term]]]

KINDS = (
    "person office institution administration country channel encounter visit context-event "
    "commitment statement stance document topic place unnamed-party"
).split()
"""Kinds of things that are nodes, by the ``{kind}`` of their IRIs."""

TIES: dict[str, str] = {
    ORG + "postIn": "in institution",
    ORG + "subOrganizationOf": "part of",
    SKOS + "broader": "broader topic",
    ALLY.actor: "acts",
    ALLY.addressedTo: "addressed to",
    ALLY.after: "after",
    ALLY.before: "before",
    ALLY.discussed: "discussed",
    ALLY.doesNotMention: "does not mention",
    ALLY.during: "during",
    ALLY.field: "is for",
    ALLY.fulfilledBy: "fulfilled by",
    ALLY.fulfils: "fulfils",
    ALLY.headedBy: "headed by",
    ALLY.host: "host",
    ALLY.hostedBy: "hosted by",
    ALLY.inChannel: "in channel",
    ALLY.inPost: "in post",
    ALLY.inResponseTo: "in response to",
    ALLY.initiatedBy: "initiated by",
    ALLY.issuedBy: "issued by",
    ALLY.madeAt: "made at",
    ALLY.of: "of",
    ALLY.onBehalfOf: "on behalf of",
    ALLY.onOccasionOf: "on occasion of",
    ALLY.outcomeDocument: "outcome document",
    ALLY.outcomeOf: "outcome of",
    ALLY.partOf: "part of",
    ALLY.party: "party",
    ALLY.place: "place",
    ALLY.principal: "principal",
    ALLY.proposedBy: "proposed by",
    ALLY.refersTo: "refers to",
    ALLY.resultedIn: "resulted in",
    ALLY.succeeds: "succeeds",
    ALLY.topic: "topic",
}
"""Predicates between two nodes that become ties, and what the ties are called."""

ONE_VALUE = frozenset(
    {
        ALLY.date,
        ALLY.scheduledFor,
        ALLY.statedOn,
        ALLY.dueDate,
        ALLY.level,
        ALLY.mode,
        ALLY.sessionNumber,
        ALLY.state,
        ALLY.commitmentKind,
        ALLY.formality,
        ALLY.periodicity,
        ALLY.position,
        ALLY.strength,
        ALLY.initiatedBy,
        ALLY.parity,
    }
)
"""Predicates of which one value can be true: two different ones are a conflict."""

_STATES = ("held", "planned", "tentative", "desired", "hypothetical", "attempted", "denied")


@dataclass(frozen=True, slots=True)
class Status:
    """A status that a channel is said to have been in."""

    status: str
    """Slug: proposed, agreed, stalled …"""
    date: str | None
    earliest: str | None
    latest: str | None
    known: str | None
    state: str
    """held, or planned, tentative …, or denied."""
    set_aside: bool
    """Whether every claim of it ranks below another account."""


@dataclass(frozen=True, slots=True)
class Node:
    """One person, office, channel, encounter …"""

    iri: str
    kind: str
    """The ``{kind}`` of its IRI."""
    label: str
    ko: str | None = None
    names: tuple[str, ...] = ()
    """Every other name it is known or printed by."""
    country: str | None = None
    """IRI of its country, where it has one."""
    side: int = 0
    """1 or 2: that side of the table; 3: a third party; 0: between the sides, or of none."""
    level: str | None = None
    """Slug of the level: its own, or the highest of those who take part."""
    state: str = "held"
    """held, planned, tentative, desired, hypothetical, attempted or denied."""
    date: str | None = None
    """EDTF, as the best account gives it."""
    earliest: str | None = None
    latest: str | None = None
    """First and last day (ISO) that the accounts leave open; of what lasts, first and last sign."""
    known: str | None = None
    """The day (ISO) on which the first of the sources that tell of it was published."""
    conflict: bool = False
    """Whether accounts of it differ."""
    details: tuple[tuple[str, str], ...] = ()
    """Further plain values as (name, value), such as ("setting", "call")."""
    statuses: tuple[Status, ...] = ()
    """Of a channel, in the order of their days; those without a day last."""
    claims: tuple[str, ...] = ()
    """IRIs of the claims of which it is the subject."""
    sources: tuple[str, ...] = ()
    """Slugs of the articles that tell of it."""

    def detail(self, name: str) -> str | None:
        """One of the details, or None."""
        return next((value for key, value in self.details if key == name), None)


@dataclass(frozen=True, slots=True)
class Edge:
    """A tie from one node to another."""

    source: str
    target: str
    kind: str
    """What ties them, such as ``holds``, ``took part`` or ``counterpart``."""
    state: str = "held"
    dates: tuple[str, ...] = ()
    """EDTF, in order: the days on which somebody is shown in an office, the day of a meeting."""
    earliest: str | None = None
    latest: str | None = None
    """First and last day (ISO) that the dates leave open."""
    known: str | None = None
    capacity: str | None = None
    """acting, concurrent, designate … for who holds an office or takes part."""
    posts: tuple[str, ...] = ()
    """IRIs of the offices in which somebody took part."""
    channel: str | None = None
    """IRI of the channel in which two offices are counterparts."""
    basis: str | None = None
    """For counterparts: asserted, curated or derived; equal or asymmetric."""
    printed: tuple[str, ...] = ()
    """Titles or phrases as the sources print them."""
    open_start: bool = False
    """Whether it may have begun before ``earliest`` (a tenure shown on a day)."""
    open_end: bool = False
    conflict: bool = False
    claims: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """A row of the seating plan."""

    slug: str
    label: str
    ko: str | None
    rank: int


@dataclass(frozen=True, slots=True)
class Article:
    """A source."""

    iri: str
    slug: str
    headline: str
    publisher: str
    url: str
    published: str | None


@dataclass(frozen=True)
class Network:
    """Nodes and ties, and what orders them: levels, sides, sources."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    levels: tuple[Level, ...] = ()
    """Highest first."""
    articles: tuple[Article, ...] = ()
    """Oldest first."""
    focus: str | None = field(default=None, compare=False)
    """IRI of the node it was cut around."""
    index: Index | None = field(default=None, compare=False, repr=False)
    """The statements that it was made from, so that who draws it need not read them again."""

    @cached_property
    def by_iri(self) -> dict[str, Node]:
        """Its nodes by IRI."""
        return {node.iri: node for node in self.nodes}

    def country(self, side: int) -> Node | None:
        """The country on side 1 or 2 of the table."""
        return next((n for n in self.nodes if n.kind == "country" and n.side == side), None)

    def around(self, iri: str, radius: int = 1) -> Network:
        """The node, what is within ``radius`` ties of it, and the ties between these.

        Raises KeyError where there is no such node.
        """
        if iri not in self.by_iri:
            raise KeyError(iri)
        near: dict[str, set[str]] = defaultdict(set)
        for edge in self.edges:
            near[edge.source].add(edge.target)
            near[edge.target].add(edge.source)
        kept = frontier = {iri}
        for _ in range(radius):
            frontier = {n for k in frontier for n in near[k]} - kept
            kept = kept | frontier
        # the sides of the table stay known, whoever is left
        kept = kept | {n.iri for n in self.nodes if n.kind == "country" and n.side in (1, 2)}
        return replace(
            self,
            nodes=tuple(n for n in self.nodes if n.iri in kept),
            edges=tuple(e for e in self.edges if e.source in kept and e.target in kept),
            focus=iri,
        )

    def to_networkx(self) -> nx.MultiDiGraph[str]:
        """As a networkx graph: IRIs as nodes, kinds of ties as keys, plain values as attributes."""
        import networkx

        graph: nx.MultiDiGraph[str] = networkx.MultiDiGraph()
        for node in self.nodes:
            graph.add_node(node.iri, **_plain(node, "iri"))
        for edge in self.edges:
            key = edge.kind
            while graph.has_edge(edge.source, edge.target, key):
                key += "'"
            graph.add_edge(edge.source, edge.target, key=key, **_plain(edge, "source", "target"))
        return graph

    def to_pyvis(self) -> Any:
        """As a ``pyvis.network.Network`` with positions computed here and no physics.

        Its own template lets hostile texts run as HTML; :func:`alliance_graph.page.render` puts
        ours in its place. No titles are set, since one that holds "href" makes all of them HTML.
        """
        made = _pyvis()(directed=True, cdn_resources="in_line")
        for node, (x, y) in zip(self.nodes, positions(self), strict=True):
            made.add_node(
                node.iri,
                label=node.label,
                shape=_SHAPES.get(node.kind, "dot"),
                color=_COLOURS[node.side],
                x=x,
                y=y,
                size=8,
                borderWidth=1,
                shapeProperties={"borderDashes": [] if node.state == "held" else [3, 3]},
            )
        for edge in self.edges:
            made.add_edge(edge.source, edge.target, dashes=edge.state != "held", width=1)
        made.options = _OPTIONS
        return made


def _pyvis() -> Any:
    """The class ``pyvis.network.Network``, without what it imports for other uses than ours.

    Those are networkx (to read its graphs) and IPython (to show one in a notebook), which cost a
    third of a page's time: each is imported when something of it is first used.
    """
    import sys

    if "pyvis.network" not in sys.modules:
        graphs, frames = ModuleType("networkx"), ModuleType("IPython.display")
        vars(graphs)["__getattr__"] = lambda name: getattr(import_module("networkx"), name)
        vars(frames)["IFrame"] = lambda *a, **k: import_module("IPython.display").IFrame(*a, **k)
        waiting = {m.__name__: m for m in (graphs, frames) if m.__name__ not in sys.modules}
        sys.modules |= waiting
        try:
            import_module("pyvis.network")
        finally:
            for name in waiting:
                del sys.modules[name]
    from pyvis.network import Network as Pyvis

    return Pyvis


_SHAPES = {
    "person": "dot",
    "office": "square",
    "institution": "square",
    "administration": "square",
    "country": "square",
    "channel": "diamond",
    "encounter": "triangle",
    "visit": "triangle",
    "topic": "star",
}
_COLOURS = ("#64748b", "#1d4ed8", "#c2410c", "#0f766e")
_OPTIONS: dict[str, Any] = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "nodes": {"font": {"size": 13, "face": "sans-serif"}, "chosen": True},
    "edges": {"smooth": False, "color": {"color": "#94a3b8", "opacity": 0.6}},
    "interaction": {"hideEdgesOnDrag": True, "hideEdgesOnZoom": True, "keyboard": False},
}


def positions(network: Network) -> list[tuple[int, int]]:
    """Where each node goes when everything is drawn: x by side and kind, y by level.

    Nodes of one column and row go into a grid, so that no two lie on one spot. Deterministic.
    """
    rank = {level.slug: level.rank for level in network.levels}
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, node in enumerate(network.nodes):
        row = rank.get(node.level or "", 8) if node.kind in _TABLE else 0
        cells[_column(node), row].append(i)
    tops: dict[int, int] = {}
    y = 0
    for row in sorted({r for _, r in cells} - {0}):
        tops[row] = y
        deepest = max(-(-len(v) // _wide(len(v))) for (_, r), v in cells.items() if r == row)
        y += deepest * 46 + 60
    tops[0] = 0
    widths: dict[int, int] = defaultdict(int)
    for (column, _), members in cells.items():
        widths[column] = max(widths[column], _wide(len(members)))
    lefts: dict[int, int] = {}
    x = 0
    for column in sorted(widths):
        lefts[column] = x
        x += widths[column] * 210 + 90
    at = [(0, 0)] * len(network.nodes)
    for (column, row), members in cells.items():
        wide = _wide(len(members))
        for n, i in enumerate(members):
            down, across = divmod(n, wide)
            # every second line is moved by half a step: labels get twice the room
            at[i] = (lefts[column] + across * 210 + (down % 2) * 60, tops[row] + down * 46)
    return at


def _wide(count: int) -> int:
    return max(1, round(float(count**0.5) / 3))


_TABLE = frozenset({"person", "office", "channel", "encounter", "unnamed-party"})
"""Kinds that have a row by their level."""
_COLUMNS = {"encounter": 3, "channel": 4, "visit": 9, "context-event": 9, "commitment": 10}


def _column(node: Node) -> int:
    if node.kind in _COLUMNS:
        return _COLUMNS[node.kind]
    sides = {1: (0, 1, 2), 2: (7, 6, 5)}.get(node.side, (9, 8, 8))
    if node.kind in ("institution", "administration", "country"):
        return sides[0]
    if node.kind == "office":
        return sides[1]
    if node.kind in ("person", "unnamed-party"):
        return sides[2]
    return 11 + ("statement", "stance", "document", "topic", "place").index(node.kind)


def _plain(value: Node | Edge, *without: str) -> dict[str, str | int | bool]:
    """Attributes as scalars, which every graph format can hold; what is unknown is left out."""
    out: dict[str, str | int | bool] = {}
    for name in value.__dataclass_fields__:
        held = getattr(value, name)
        if name == "details":
            out.update((key, text) for key, text in held if key not in out)
        elif name == "statuses":
            out.update(
                {name: "; ".join(f"{s.status} {s.date or ''}".strip() for s in held)}
                if held
                else {}
            )
        elif name not in without and held is not None:
            out[name] = "; ".join(held) if isinstance(held, tuple) else held
    return out


# --- reading the store ---------------------------------------------------------------------------

_NONE: dict[str, Collection[Term]] = {}


def read(store: Store, told: Graph | None = None) -> Index:
    """Every statement of the store, as subject -> predicate -> terms.

    ``told`` is what the shapes have read of the same store: then it is not asked again.
    """
    if told is not None:
        return told.by_subject()  # type: ignore[return-value]  # our graph has no blank nodes
    index: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }"):  # type: ignore[union-attr]  # a SELECT
        s, p, o = row  # type: ignore[misc, unused-ignore]  # three variables, each bound
        index[s.value][p.value].append(o)  # type: ignore[union-attr, unused-ignore]  # s and p are IRIs
    return index  # type: ignore[return-value]  # nobody changes what it holds


def one(index: Index, subject: str, predicate: str) -> str | None:
    """The first value (in the order of text) of a property, or None."""
    return first(index.get(subject, _NONE), predicate)


def first(held: Mapping[str, Collection[Term]], predicate: str) -> str | None:
    """The same of what is held of one subject."""
    terms = held.get(predicate)
    if not terms:
        return None
    if len(terms) == 1:
        (term,) = terms
        return term.value
    return min(o.value for o in terms)


def many(index: Index, subject: str, predicate: str) -> list[str]:
    """All values of a property, sorted, each once."""
    terms = index.get(subject, _NONE).get(predicate)
    return sorted({o.value for o in terms}) if terms else []


def named(index: Index, subject: str, predicate: str, language: str) -> str | None:
    """The literal of a property in a language, or None."""
    held = index.get(subject, _NONE).get(predicate, ())
    return min((o.value for o in held if getattr(o, "language", None) == language), default=None)


def _slug(iri: str | None) -> str | None:
    return iri.rpartition("/")[2] if iri else None


def first_named(date: str) -> str:
    """What dates are ordered by: the first day that EDTF names, which may be a month or a year."""
    return date.lstrip("[{/").replace("..", "")


@dataclass
class _Tie:
    """A tie on its way, while its claims come together."""

    claims: list[str] = field(default_factory=list)
    plain: bool = False


class _Claim(NamedTuple):
    """What a claim says, and how; read once, since nodes and ties ask for it again and again."""

    predicate: str
    value: str
    denied: bool
    state: str
    settled: bool
    """Whether it is put forward or set aside against another, for a reason."""
    deprecated: bool
    printed: list[str]
    sources: list[str]


class _Reader:
    def __init__(self, store: Store, told: Graph | None = None) -> None:
        self.index = read(store, told)
        self.claims_of: dict[str, list[str]] = defaultdict(list)
        self.claims: dict[str, _Claim] = {}
        self.kinds: dict[str, str] = {}
        self.others: dict[str, list[str]] = defaultdict(list)
        """Things that are no nodes, by kind."""
        for subject in sorted(self.index):
            parts = split(subject)
            if parts is None:
                continue
            if parts[0] in KINDS and RDF + "type" in self.index[subject]:
                self.kinds[subject] = parts[0]
            elif parts[0] == "claim" and ALLY.Claim in self.many(subject, RDF + "type"):
                self.claims[subject] = self._claim(subject)
                if about := self.one(subject, RDF + "subject"):
                    self.claims_of[about].append(subject)
            else:
                self.others[parts[0]].append(subject)
        self.articles = tuple(sorted(self._articles(), key=lambda a: (a.published or "", a.slug)))
        self.published = {a.slug: a.published for a in self.articles}

    def _claim(self, subject: str) -> _Claim:
        held = self.index[subject]
        rank = _slug(first(held, ALLY.rank))
        denied = _slug(first(held, ALLY.polarity)) == "denied"
        return _Claim(
            first(held, RDF + "predicate") or "",
            first(held, RDF + "object") or "",
            denied,
            "denied" if denied else _slug(first(held, ALLY.modality)) or "held",
            rank != "normal" and ALLY.because in held,
            rank == "deprecated",
            self.many(subject, ALLY.printed),
            [_slug(a) or "" for a in self.many(subject, ALLY.inArticle)],
        )

    def one(self, subject: str, predicate: str) -> str | None:
        return one(self.index, subject, predicate)

    def many(self, subject: str, predicate: str) -> list[str]:
        return many(self.index, subject, predicate)

    def _articles(self) -> Iterator[Article]:
        for subject in self.others["article"]:
            slug = _slug(subject) or ""
            publisher = self.one(subject, SCHEMA + "publisher")
            yield Article(
                subject,
                slug,
                self.one(subject, SCHEMA + "headline") or slug,
                (publisher and named(self.index, publisher, RDFS + "label", "en")) or "",
                self.one(subject, SCHEMA + "url") or "",
                self.one(subject, SCHEMA + "datePublished"),
            )

    # what claims say of themselves

    def sources(self, claims: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({a for c in claims for a in self.claims[c].sources}))

    def known(self, sources: Iterable[str]) -> str | None:
        days = [d for s in sources if (d := self.published.get(s))]
        return min(days, default=None)

    def state(self, claims: list[str]) -> str:
        """The best that the claims say together: held before planned … before denied."""
        return min((self.claims[c].state for c in claims), key=_STATES.index, default="held")

    def differ(self, claims: Iterable[str]) -> bool:
        """Whether the claims of one subject disagree."""
        values: dict[str, set[str]] = defaultdict(set)
        denied: dict[tuple[str, str], set[bool]] = defaultdict(set)
        for said in (self.claims[c] for c in claims):
            if said.settled:
                return True
            denied[said.predicate, said.value].add(said.denied)
            if said.predicate in ONE_VALUE and not said.denied:
                values[said.predicate].add(said.value)
        several = any(len(v) > 1 for v in values.values())
        return several or any(len(v) > 1 for v in denied.values())

    # ties

    def ties(self) -> Iterator[Edge]:
        kinds = self.kinds
        found: dict[tuple[str, str, str], _Tie] = defaultdict(_Tie)
        for subject in kinds:
            for predicate in TIES.keys() & self.index[subject].keys():
                for value in self.many(subject, predicate):
                    if value in kinds:
                        found[subject, value, TIES[predicate]].plain = True
            for c in self.claims_of[subject]:
                said = self.claims[c]
                tie = TIES.get(said.predicate)
                if tie and said.value in kinds:
                    found[subject, said.value, tie].claims.append(c)
        for (subject, value, name), tie_ in found.items():
            sources = self.sources(tie_.claims)
            yield Edge(
                subject,
                value,
                name,
                state=self.state(tie_.claims) if tie_.claims else "held",
                known=self.known(sources),
                conflict=self.differ(tie_.claims),
                claims=tuple(tie_.claims),
                sources=sources,
            )
        for subject in self.others["tenure"]:
            yield from self.tenure(subject)
        for subject in self.others["counterparts"]:
            yield from self.counterparts(subject)
        for subject in kinds:
            yield from self.participations(subject)

    def tenure(self, subject: str) -> Iterator[Edge]:
        member = self.one(subject, ORG + "member")
        post = self.one(subject, ALLY.post)
        target = post or self.one(subject, ORG + "organization")
        if member not in self.kinds or target not in self.kinds:
            return
        claims = self.claims_of[subject]
        sources = self.sources(claims)
        start, end = self.one(subject, ALLY.start), self.one(subject, ALLY.end)
        printed = {p for c in claims if self.is_a(c) for p in self.claims[c].printed}
        yield Edge(
            member,
            target,
            "holds" if post else "member of",
            state=self.state([c for c in claims if self.is_a(c)]),
            dates=tuple(sorted(self.many(subject, ALLY.attestedOn), key=first_named)),
            earliest=self.one(subject, ALLY.earliest),
            latest=self.one(subject, ALLY.latest),
            known=self.known(sources),
            capacity=_slug(self.one(subject, ALLY.capacity)),
            printed=tuple(sorted(printed)),
            open_start=start is None,
            open_end=end is None,
            conflict=self.differ(claims),
            claims=tuple(claims),
            sources=sources,
        )

    def counterparts(self, subject: str) -> Iterator[Edge]:
        first, second = self.one(subject, ALLY.counterpartA), self.one(subject, ALLY.counterpartB)
        if first not in self.kinds or second not in self.kinds:
            return
        claims = self.claims_of[subject]
        sources = self.sources(claims)
        met = self.many(subject, PROV + "wasDerivedFrom")
        if not sources:
            sources = self.sources(c for m in met for c in self.claims_of[m])
        basis = (_slug(self.one(subject, ALLY.basis)), _slug(self.one(subject, ALLY.parity)))
        yield Edge(
            first,
            second,
            "counterpart",
            earliest=self.one(subject, ALLY.firstAttested),
            latest=self.one(subject, ALLY.lastAttested),
            known=self.known(sources),
            channel=self.one(subject, ALLY.inChannel),
            basis=", ".join(b for b in basis if b) or None,
            claims=tuple(claims)
            or tuple(c for m in met for c in self.claims_of[m] if self.is_a(c)),
            sources=sources,
        )

    def is_a(self, claim: str) -> bool:
        return self.claims[claim].predicate == RDF + "type"

    def participations(self, subject: str) -> Iterator[Edge]:
        by_node: dict[str, list[str]] = defaultdict(list)
        for c in self.claims_of[subject]:
            if self.claims[c].predicate == ALLY.participation:
                by_node[self.claims[c].value].append(c)
        for node, claims in by_node.items():
            who = self.one(node, ALLY.person) or self.one(node, ALLY.unnamedParty)
            if who not in self.kinds:
                continue
            printed = {p for c in claims for p in self.claims[c].printed}
            printed |= set(self.many(node, ALLY.printed))
            sources = self.sources(claims)
            yield Edge(
                who,
                subject,
                "took part",
                state=self.state(claims),
                dates=tuple(
                    (self.many(subject, ALLY.date) or self.many(subject, ALLY.scheduledFor))[:1]
                ),
                earliest=self.one(subject, ALLY.earliest),
                latest=self.one(subject, ALLY.latest),
                known=self.known(sources),
                capacity=_slug(self.one(node, ALLY.capacity)),
                posts=tuple(self.many(node, ALLY.inPost)),
                basis=_slug(self.one(node, ALLY.role)),
                printed=tuple(sorted(printed)),
                claims=tuple(claims),
                sources=sources,
            )

    # nodes

    def levels(self) -> tuple[Level, ...]:
        found = []
        for subject, held in self.index.items():
            if subject.startswith(VOC + "level/"):
                rank = self.one(subject, ALLY.rankOrder) or self.one(subject, ALLY.usualRank)
                own = ALLY.rankOrder in held
                label = named(self.index, subject, SKOS + "prefLabel", "en")
                ko = named(self.index, subject, SKOS + "prefLabel", "ko")
                slug = _slug(subject) or ""
                found.append(
                    (int(rank or 8), not own, Level(slug, label or slug, ko, int(rank or 8)))
                )
        return tuple(level for _, _, level in sorted(found, key=lambda f: (f[0], f[1], f[2].slug)))

    def node(self, subject: str, sides: dict[str, int], incident: list[Edge]) -> Node:
        kind = self.kinds[subject]
        label = named(self.index, subject, SKOS + "prefLabel", "en") or _slug(subject) or subject
        ko = named(self.index, subject, SKOS + "prefLabel", "ko")
        country = subject if kind == "country" else self.one(subject, ALLY.country)
        if country is None and kind == "unnamed-party":
            countries = {
                c
                for of in self.many(subject, ALLY.of)
                for c in ([of] if of in sides else self.many(of, ALLY.country))
            }
            country = min(countries) if len(countries) == 1 else None
        claims = self.claims_of[subject]
        sources = self.sources([*claims, *(c for e in incident for c in e.claims)])
        types = set(self.many(subject, RDF + "type"))
        state = "held"
        if ALLY.Denied in types:
            state = "denied"
        elif ALLY.AttemptedEncounter in types:
            state = "attempted"
        elif modality := self.one(subject, ALLY.modality):
            state = _slug(modality) or "held"
        elif any(t.startswith(f"{ALLY}Planned") for t in types):
            state = "planned"
        earliest, latest = self.one(subject, ALLY.earliest), self.one(subject, ALLY.latest)
        if kind in ("person", "office", "channel", "institution", "administration"):
            firsts = [e.earliest for e in incident if e.earliest]
            lasts = [e.latest for e in incident if e.latest]
            earliest = min(firsts, default=earliest)
            latest = max(lasts, default=latest)
        details = tuple(
            (name, value)
            for name, predicate in _DETAILS.items()
            if (value := self.one(subject, predicate))
        )
        names = set(self.many(subject, SKOS + "altLabel")) - {label, ko or ""}
        return Node(
            iri=subject,
            kind=kind,
            label=label,
            ko=ko,
            names=tuple(sorted(names)),
            country=country,
            side=sides.get(country, 3) if country else 0,
            level=_slug(self.one(subject, ALLY.level)),
            state=state,
            date=self.one(subject, ALLY.date)
            or self.one(subject, ALLY.scheduledFor)
            or self.one(subject, ALLY.statedOn),
            earliest=earliest,
            latest=latest,
            known=self.known(sources),
            conflict=self.differ(claims),
            details=tuple((k, _slug(v) or v if v.startswith("http") else v) for k, v in details),
            statuses=tuple(self.statuses(claims)) if kind == "channel" else (),
            claims=tuple(claims),
            sources=sources,
        )

    def statuses(self, claims: list[str]) -> list[Status]:
        """The status periods that claims of a channel tell of."""
        periods: dict[str, list[str]] = defaultdict(list)
        for c in claims:
            if self.claims[c].predicate == ALLY.statusPeriod:
                periods[self.claims[c].value].append(c)
        out = [
            Status(
                _slug(self.one(period, ALLY.status)) or "",
                self.one(period, ALLY.date),
                self.one(period, ALLY.earliest),
                self.one(period, ALLY.latest),
                self.known(self.sources(told)),
                self.state(told),
                all(self.claims[c].deprecated for c in told),
            )
            for period, told in periods.items()
        ]
        return sorted(
            out, key=lambda s: (s.earliest or s.latest or "9999", s.latest or "", s.status)
        )


_DETAILS = {
    "setting": ALLY.setting,
    "mode": ALLY.mode,
    "session": ALLY.sessionNumber,
    "portfolio": ALLY.portfolio,
    "level_basis": ALLY.levelBasis,
    "status": ALLY.status,
    "commitment_state": ALLY.state,
    "commitment_kind": ALLY.commitmentKind,
    "due": ALLY.dueDate,
    "position": ALLY.position,
    "content": ALLY.content,
    "document_kind": ALLY.documentKind,
    "institution_kind": ALLY.institutionKind,
}


def network(store: Store, told: Graph | None = None) -> Network:
    """Everything that is told, as nodes and ties, in the order of their IRIs.

    ``told`` is what the shapes have read of the same store (see :func:`read`).
    """
    reader = _Reader(store, told)
    edges = sorted(reader.ties(), key=lambda e: (e.source, e.target, e.kind, e.earliest or ""))
    incident: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        incident[edge.source].append(edge)
        incident[edge.target].append(edge)
    sides = {
        c: int(reader.one(c, ALLY.tableSide) or 3)
        for c, kind in reader.kinds.items()
        if kind == "country"
    }
    nodes = {s: reader.node(s, sides, incident[s]) for s in sorted(reader.kinds)}
    levels = reader.levels()
    rank = {level.slug: (level.rank, i) for i, level in enumerate(levels)}
    # who sits where is told by offices: persons and meetings take the highest of theirs
    for kind, tie, other in (
        ("person", "holds", "target"),
        ("encounter", "took part", "posts"),
        ("channel", "principal", "target"),
        ("channel", "in channel", "source"),
        ("unnamed-party", "took part", "target"),
        ("person", "took part", "target"),
    ):
        for iri, node in nodes.items():
            if node.kind != kind or node.level:
                continue
            seen = [e for e in incident[iri] if e.kind == tie and e.state != "denied"]
            others = [
                o for e in seen for o in (e.posts if other == "posts" else [getattr(e, other)])
            ]
            own = [v for o in others if o in nodes and o != iri and (v := nodes[o].level) in rank]
            if own:
                nodes[iri] = replace(node, level=min(own, key=lambda v: rank[v]))
    return Network(tuple(nodes.values()), tuple(edges), levels, reader.articles, None, reader.index)
