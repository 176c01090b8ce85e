"""Pictures for notebooks: a drawing that stays in the text, and the whole page in a frame."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
from pyoxigraph import Literal, NamedNode

from alliance_graph import lanes, seating, svg
from alliance_graph.network import Network, Node
from alliance_graph.store import select
from alliance_graph.tables import Table
from alliance_graph.vocabulary import EDTF, VOC, XSD

if TYPE_CHECKING:
    from os import PathLike

    from alliance_graph.store import Store
    from alliance_graph.tables import Term

STYLE = """<style>
.ag-svg{display:block;max-width:100%;height:auto;
font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
.ag-svg text{fill:currentColor;stroke:none}
.ag-svg [lang=ko],.ag-svg .lang-ko{display:none}
.ag-svg .t-group,.ag-svg .t-channel,.ag-svg .t-holder,.ag-svg .t-level{font-weight:600}
.ag-svg .t-seat,.ag-svg .t-when,.ag-svg .t-note,.ag-svg .t-gap,.ag-svg .t-tick,.ag-svg .t-level{
opacity:.75}
.ag-svg .t-unnamed{font-style:italic}
.ag-svg .t-conflict,.ag-svg .cross{fill:#cf3f63}
.ag-svg .rule,.ag-svg .tick{stroke:currentColor;stroke-opacity:.2;fill:none}
.ag-svg .card{fill:none;stroke:currentColor;stroke-opacity:.18}
.ag-svg .hit{fill:none;stroke:none}
.ag-svg .m{fill:#2b8a75;stroke:#2b8a75;stroke-width:1.3;stroke-linejoin:round}
.ag-svg .holder.s0 .m,.ag-svg .holder.s3 .m{fill:#7d78a3;stroke:#7d78a3}
.ag-svg .holder.s1 .m{fill:#4377cf;stroke:#4377cf}
.ag-svg .holder.s2 .m{fill:#cc5a2e;stroke:#cc5a2e}
.ag-svg .planned .m,.ag-svg .tentative .m,.ag-svg .desired .m,.ag-svg .hypothetical .m,
.ag-svg .attempted .m,.ag-svg .denied .m,.ag-svg .unsure .m{fill:none;stroke-dasharray:2.2 1.6}
.ag-svg .denied text{text-decoration:line-through;opacity:.7}
.ag-svg .cross{stroke:#cf3f63;stroke-width:1.6;fill:none}
.ag-svg .tie{fill:none;stroke:#7d78a3;stroke-width:1.15;opacity:.7}
.ag-svg .tie.s1{stroke:#4377cf}
.ag-svg .tie.s2{stroke:#cc5a2e}
.ag-svg .tie.planned,.ag-svg .tie.tentative,.ag-svg .tie.desired,.ag-svg .tie.hypothetical,
.ag-svg .tie.attempted{stroke-dasharray:4 3}
.ag-svg .tie.denied{stroke-dasharray:1.5 3}
.ag-svg .break{fill:currentColor;opacity:.06}
.ag-svg .gap,.ag-svg .period{stroke:currentColor;stroke-opacity:.6;fill:none}
.ag-svg .gap{stroke-dasharray:1 3}
.ag-svg .spread{fill:#2b8a75;opacity:.4}
.ag-svg .planned .spread,.ag-svg .tentative .spread,.ag-svg .desired .spread,
.ag-svg .attempted .spread{fill:none;stroke:#2b8a75;stroke-dasharray:2 2;opacity:1}
</style>"""
"""Middle tones, to be read on white and on black; all else has the colour of the text around it."""


class Picture(nx.MultiDiGraph):  # type: ignore[type-arg]  # networkx is generic for type checkers only
    """A networkx graph of who is tied to whom, which draws itself in a notebook.

    Nodes are IRIs with attributes ``kind``, ``label``, ``country``, ``side``, ``level``, ``state``,
    ``date`` …; ties have ``kind``, ``state``, ``dates``, ``claims`` …; what is unknown is left out.
    A copy or subgraph of it is a plain graph and draws nothing.

    >>> import alliance_graph as ag
    >>> picture = ag.open().network(focus="blinken")
    >>> picture.nodes["https://w3id.org/alliance-graph/id/person/antony-blinken"]["level"]
    'minister'
    """

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.network: Network | None = None
        """The frozen value that it was made from."""
        self.drawn: Network | None = None
        """What its drawing shows: around a focus, also those who sat across the table."""
        self.store: Store | None = None

    @classmethod
    def of(cls, network: Network, store: Store, drawn: Network | None = None) -> Picture:
        """The picture of a network of this store; ``drawn`` where more is drawn than is in it.

        >>> import alliance_graph as ag
        >>> from alliance_graph import network
        >>> g = ag.open()
        >>> len(Picture.of(network.network(g.store), g.store)) == len(g.network())
        True
        """
        made = cls(network.to_networkx())
        made.network, made.drawn, made.store = network, drawn or network, store
        return made

    def svg(self) -> str:
        """The seating plan: two sides of a table, level by level; "" for a copy or subgraph.

        >>> import alliance_graph as ag
        >>> ag.open().network(focus="blinken").svg().startswith("<svg")
        True
        """
        if self.drawn is None or self.store is None:
            return ""
        plan = seating.plan(self.drawn, seating.WIDE, _words(self.store))
        number_of = {node.iri: i for i, node in enumerate(self.drawn.nodes)}
        focus = self.drawn.by_iri.get(self.drawn.focus or "")
        title = f"Who faces whom{': ' + focus.label if focus else ''}"
        return _dressed(svg.seating(plan, number_of, "wide", title), title)

    def _repr_html_(self) -> str | None:
        # within the page, where it takes the colour of the text around it
        return self.svg() or None

    def _repr_svg_(self) -> str | None:
        return self.svg() or None

    def page(self, height: int = 720) -> Page:
        """The whole page of this network, in a frame that needs no other file and no network.

        >>> import alliance_graph as ag
        >>> ag.open().network(focus="blinken").page()
        <page of 720 pixels>
        """
        from alliance_graph import page

        if self.drawn is None or self.store is None:
            raise ValueError("a copy or subgraph has no page: take g.network(…) itself")
        return Page(page.render(self.drawn, self.store), height)

    def pyvis(self) -> Any:
        """As a ``pyvis.network.Network``, for those who know it: positions set, no physics.

        >>> import alliance_graph as ag
        >>> len(ag.open().network(focus="blinken").pyvis().nodes) > 3
        True
        """
        if self.network is None:
            raise ValueError("a copy or subgraph has no pyvis object: take g.network(…) itself")
        return self.network.to_pyvis()


class Page:
    """An HTML page that a notebook shows in a frame; it survives nbconvert and being moved.

    >>> Page("<p>Hello", height=100)
    <page of 100 pixels>
    """

    def __init__(self, html: str, height: int = 720) -> None:
        self.html = html
        self.height = height

    def __repr__(self) -> str:
        return f"<page of {self.height} pixels>"

    def _repr_html_(self) -> str:
        # an opaque origin: the page can reach nothing of the notebook
        return (
            f'<iframe srcdoc="{escape(self.html)}" width="100%" height="{int(self.height)}" '
            'sandbox="allow-scripts allow-downloads allow-popups" loading="lazy" '
            'style="border:1px solid #8886" title="Who faces whom"></iframe>'
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as a file of its own.

        >>> import os
        >>> Page("<p>Hello").save(os.devnull)
        """
        Path(path).write_text(self.html, "utf-8")


def timeline(network: Network, store: Store) -> str:
    """Channels as lanes, with what took place in each and when, as SVG."""
    number_of = {node.iri: i for i, node in enumerate(network.nodes)}
    return _dressed(lanes.draw(network, number_of, _words(store)), "Timeline of channels")


def between(network: Network, since: str | None, until: str | None) -> Network:
    """Only the meetings and statuses that may fall between two days (ISO), and what has no time.

    Something dated only within bounds is kept where any day within them fits.
    """

    def fits(first: str | None, last: str | None) -> bool:
        if not (first or last):
            return not (since or until)
        return (last or "9999") >= (since or "") and (first or "0000") <= (until or "9999")

    nodes = []
    for node in network.nodes:
        if node.kind in _TIMED and not fits(node.earliest, node.latest):
            continue
        kept = tuple(s for s in node.statuses if fits(s.earliest, s.latest))
        nodes.append(replace(node, statuses=kept))
    return _only(network, nodes)


_TIMED = frozenset({"encounter", "visit", "context-event", "statement", "document"})


def around(network: Network, iri: str) -> Network:
    """What a timeline of one thing shows: it, its meetings, and the channels these belong to.

    Raises KeyError where there is no such node.
    """
    near = {n.iri for n in network.around(iri).nodes}
    meetings = {n.iri for n in network.nodes if n.kind in _TIMED and n.iri in near}
    channels = {e.target for e in network.edges if e.kind == "in channel" and e.source in meetings}
    return _only(network, [n for n in network.nodes if n.iri in meetings | channels | {iri}])


def at_the_table(network: Network, near: Network) -> Network:
    """A neighbourhood with all who took part in its meetings, and their posts: fit to be drawn."""
    met = {n.iri for n in near.nodes if n.kind in ("encounter", "visit")}
    people = {e.source for e in network.edges if e.kind == "took part" and e.target in met}
    posts = {e.target for e in network.edges if e.kind == "holds" and e.source in people}
    kept = {n.iri for n in near.nodes} | people | posts
    drawn = _only(network, [n for n in network.nodes if n.iri in kept])
    return replace(drawn, focus=near.focus)


def in_lanes(network: Network) -> Network:
    """Without channels of which nothing is told in time."""
    used = {e.target for e in network.edges if e.kind == "in channel"}
    keep = [n for n in network.nodes if n.kind != "channel" or n.iri in used or n.statuses]
    return _only(network, keep)


def events(network: Network) -> Table:
    """What a network tells of in time, a row each: meetings, visits, statuses of channels."""
    channel_of = {e.source: e.target for e in network.edges if e.kind == "in channel"}
    found: list[tuple[str, str, tuple[Term | None, ...]]] = []
    for node in network.nodes:
        channel = network.by_iri.get(
            node.iri if node.kind == "channel" else channel_of.get(node.iri, "")
        )
        lines = [(s.date, s.earliest, s.latest, s.status, s.state) for s in node.statuses]
        if node.kind in _TIMED:
            what = node.kind.replace("-", " ")
            lines = [(node.date, node.earliest, node.latest, what, node.state)]
        for date, first, last, what, state in lines:
            terms: tuple[Term | None, ...] = (
                NamedNode(node.iri),
                Literal(node.label, language="en"),
                Literal(what),
                Literal(state),
                Literal(date, datatype=NamedNode(EDTF)) if date else None,
                _iso(first),
                _iso(last),
                NamedNode(channel.iri) if channel else None,
                Literal(channel.label, language="en") if channel else None,
            )
            found.append((first or last or "9999", node.label, terms))
    found.sort(key=lambda f: f[:2])
    names = "what whatLabel kind state date earliest latest channel channelLabel"
    return Table(tuple(names.split()), tuple(f[2] for f in found))


def _iso(day: str | None) -> Literal | None:
    return Literal(day, datatype=NamedNode(XSD + "date")) if day else None


def _only(network: Network, nodes: list[Node]) -> Network:
    kept = {n.iri for n in nodes}
    edges = tuple(e for e in network.edges if e.source in kept and e.target in kept)
    return replace(network, nodes=tuple(nodes), edges=edges)


def _words(store: Store) -> dict[str, tuple[str, str]]:
    """Concepts of our vocabularies by scheme and slug, in English and Korean."""
    out: dict[str, list[str]] = {}
    for row in select(
        store,
        f"""SELECT ?c ?l WHERE {{ ?c skos:prefLabel ?l FILTER(STRSTARTS(STR(?c), "{VOC}")) }}
            ORDER BY ?l""",
    ):
        korean = getattr(row["l"], "language", None) == "ko"
        names = out.setdefault(row["c"].value.removeprefix(VOC), ["", ""])
        names[korean] = row["l"].value
    return {key: (en or ko, ko or en) for key, (en, ko) in out.items()}


def _dressed(drawing: str, title: str) -> str:
    """A drawing of ours with its size, style and title, in English only."""
    drawing = re.sub(r'<text [^>]*lang="ko".*?</text>\n?', "", drawing)
    drawing = re.sub(r' data-[a-z]+="[^"]*"', "", drawing)
    tag = drawing[: drawing.index(">") + 1]
    found = dict(re.findall(r'(class|viewBox)="([^"]*)"', tag))
    _, _, wide, high = found["viewBox"].split()
    head = (
        f'<svg class="ag-svg {found["class"]}" viewBox="{found["viewBox"]}" width="{wide}" '
        f'height="{high}" role="img" xmlns="http://www.w3.org/2000/svg">'
        f"{STYLE}<title>{escape(title)}</title>"
    )
    return head + drawing[len(tag) :]
