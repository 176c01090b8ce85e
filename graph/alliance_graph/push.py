"""The graph into an engine of one's own, so that it comes whole or not.

New graphs are first written beside the old ones, under names that carry their digest, read back,
and compared; then one update moves all of them into place. Whoever breaks off in between leaves the
old graphs as they were, and the next push goes on from what was staged. They are written by SPARQL
1.1 Update, or, where the engine has one, through its Graph Store Protocol (one PUT a graph). An
engine that has this protocol alone gets each graph put into its place by itself: then each is old
or new, and the next push sends those that are still old.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from alliance_graph import outputs
from alliance_graph.errors import EndpointError, QueryError
from alliance_graph.store.remote import Refused, shown
from alliance_graph.vocabulary import BASE, GRAPH, RDF, XSD, compact

if TYPE_CHECKING:
    from alliance_graph.store.remote import Remote

STAGING = BASE + "staging/"
"""Where graphs wait for the move; outside of what our queries see."""
_PROBE = NamedNode(STAGING + "probe")
_PAGE = 10_000
"""Rows that every engine gives in one answer (Virtuoso's usual bound)."""
_TEXTS = frozenset({XSD + "string", RDF + "langString"})


@dataclass(frozen=True)
class Pushed:
    """One graph there, and what became of it."""

    graph: str
    triples: int
    digest: str
    state: str
    """``same`` (nothing to do), ``pushed``, ``dropped``, ``left`` (there, but none of ours any
    more), or ``ours`` in a plan."""


@dataclass(frozen=True)
class Report:
    """What a push did."""

    graphs: tuple[Pushed, ...]
    as_text: tuple[tuple[str, int], ...] = ()
    """Datatypes that the engine cannot keep, with how many values became plain texts."""
    together: bool = True
    """Whether all graphs changed in one step, as an engine that takes updates lets them."""


Graphs = dict[str, set[Triple]]


def graphs(quads: Iterable[Quad]) -> Graphs:
    """The triples of each named graph, blank nodes as IRIs (RDF 1.1, section 3.5).

    Blank nodes of an update are new ones in each request, and not all engines take them.
    """
    found: Graphs = defaultdict(set)
    for q in outputs.steady(quads):
        if isinstance(q.graph_name, NamedNode):
            s, o = _named(q.subject), _named(q.object)
            found[q.graph_name.value].add(Triple(s, q.predicate, o))
    return dict(found)


def _named(term: Any) -> Any:
    if isinstance(term, BlankNode):
        return NamedNode(f"{BASE}.well-known/genid/{term.value}")
    return term


def digest(triples: Iterable[Triple]) -> str:
    """Sixteen hex digits over the triples, whichever way an engine writes the same values."""
    lines = sorted(f"{t.subject} {t.predicate} {_normal(t.object)}" for t in triples)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _normal(term: Any) -> str:
    if not isinstance(term, Literal):
        return str(term)
    if term.language:
        return str(Literal(term.value, language=term.language.lower()))
    if term.datatype.value == XSD + "boolean":
        return "true" if term.value in ("true", "1") else "false"
    return str(term)


def push(
    remote: Remote,
    quads: Iterable[Quad],
    *,
    prune: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> Report:
    """Make the endpoint's copy of our graphs equal to these quads; ``tell`` gets the progress.

    With ``prune`` graphs of ours that are there and not in these quads are dropped. Raises
    EndpointError, and QueryError where the engine refuses what we write.
    """
    mine = graphs(quads)
    together = _takes_updates(remote)
    if remote.graph_store:
        # nothing large should be on its way when an engine asks who we are
        remote.delete(_PROBE.value)
    as_text = _unkept(remote, mine)
    mine = {name: _spelled(triples, as_text) for name, triples in mine.items()}
    digests = {name: digest(triples) for name, triples in mine.items()}
    there = _sizes(remote)
    staged: dict[str, str] = {}
    changed = [
        name
        for name in sorted(mine)
        if there.get(name) != len(mine[name]) or _digest_of(remote, name, mine) != digests[name]
    ]
    for number, name in enumerate(changed, 1):
        tell(f"{number}/{len(changed)} {compact(name)}: {len(mine[name])} triples")
        if together:
            staged[name] = f"{STAGING}{digests[name]}/{name.removeprefix(BASE)}"
            _stage(remote, staged[name], mine[name], there.get(staged[name], 0))
        else:
            remote.put(name, _sorted(mine[name]))
    extra = sorted(g for g in there if g.startswith(GRAPH) and g not in mine)
    stale = [g for g in there if g.startswith(STAGING) and g not in staged.values()]
    gone = [*stale, *(extra if prune else [])]
    lost = ""
    try:
        if together:
            moves = [f"MOVE GRAPH <{staged[name]}> TO GRAPH <{name}>" for name in changed]
            _update(remote, [*moves, *(f"DROP SILENT GRAPH <{g}>" for g in gone)])
        else:
            for name in gone:
                remote.delete(name)
    except EndpointError as bad:
        lost = str(bad)  # perhaps only the answer: then all is in place
    try:
        _verify(remote, mine, digests, changed, gone)
    except EndpointError as bad:
        raise EndpointError(lost or str(bad)) from None
    held = [
        Pushed(n, len(mine[n]), digests[n], "pushed" if n in changed else "same")
        for n in sorted(mine)
    ]
    held += [Pushed(g, there[g], "", "dropped" if prune else "left") for g in extra]
    texts = tuple((compact(kind), count) for kind, count in sorted(as_text.items()))
    return Report(tuple(held), texts, together)


def plan(quads: Iterable[Quad]) -> Report:
    """The graphs that a push would see to, without asking the endpoint."""
    mine = graphs(quads)
    return Report(tuple(Pushed(n, len(mine[n]), digest(mine[n]), "ours") for n in sorted(mine)))


def _takes_updates(remote: Remote) -> bool:
    """Whether the engine takes updates, as it has to where it is no graph store."""
    try:
        _clear(remote)
    except (Refused, QueryError) as bad:
        if isinstance(bad, Refused) and bad.code not in (404, 405, 501):
            raise
        if remote.graph_store:
            return False
        raise EndpointError(
            f"{shown(remote.updates)} takes no updates: name with --update where it does, or with "
            f"--graph-store where it takes whole graphs ({bad})"
        ) from None
    return True


def _clear(remote: Remote) -> None:
    remote.update(f"DROP SILENT GRAPH {_PROBE}", again=True)


def _update(remote: Remote, steps: list[str]) -> None:
    if steps:
        remote.update(" ;\n".join(steps))


def _stage(remote: Remote, name: str, triples: set[Triple], there: int) -> None:
    """Write what is not there yet, then read all of it back."""
    held = {_line(t) for t in _read(remote, name, triples)} if there else set()
    missing = [t for t in _sorted(triples) if _line(t) not in held]
    if not remote.graph_store:
        graph = NamedNode(name)
        remote.load(Quad(t.subject, t.predicate, t.object, graph) for t in missing)
    elif missing or there != len(triples):
        remote.put(name, _sorted(triples))
    if digest(_read(remote, name, triples)) != digest(triples):
        remote.update(f"DROP SILENT GRAPH <{name}>", again=True)
        raise EndpointError(
            f"{shown(remote.endpoint)} gives back other values than it was given; undone"
        )


def _sorted(triples: Iterable[Triple]) -> list[Triple]:
    return sorted(triples, key=str)


def _line(triple: Triple) -> str:
    return f"{triple.subject} {triple.predicate} {_normal(triple.object)}"


def _verify(
    remote: Remote, mine: Graphs, digests: dict[str, str], changed: list[str], gone: list[str]
) -> None:
    sizes = _sizes(remote)
    for name, triples in mine.items():
        fits = sizes.get(name) == len(triples)
        if not fits or (name in changed and _digest_of(remote, name, mine) != digests[name]):
            raise EndpointError(
                f"{shown(remote.endpoint)} holds {sizes.get(name, 0)} triples of {compact(name)}, "
                f"which has {len(triples)}, or others: does somebody else write there? Push again"
            )
    left = [name for name in gone if name in sizes]
    if left:
        raise EndpointError(f"{shown(remote.endpoint)} still holds {compact(left[0])}: push again")


def _sizes(remote: Remote) -> dict[str, int]:
    """How many triples our graphs have there, those that are staged among them."""
    rows = _rows(
        remote,
        "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } "
        f'FILTER(STRSTARTS(STR(?g), "{GRAPH}") || STRSTARTS(STR(?g), "{STAGING}")) }} GROUP BY ?g',
    )
    # an engine may keep a graph of no triples, and rdflib gives an empty row for no group at all
    return {row["g"].value: int(row["n"].value) for row in rows if "g" in row}


def _digest_of(remote: Remote, name: str, mine: Graphs) -> str:
    return digest(_read(remote, name, mine[name]))


def _read(remote: Remote, name: str, like: set[Triple]) -> set[Triple]:
    """The triples of a graph there; in portions by predicate where they are many."""
    if len(like) <= _PAGE:
        rows = _rows(remote, f"SELECT ?s ?p ?o WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
        return {Triple(r["s"], r["p"], r["o"]) for r in rows}
    found = set()
    for p in sorted({t.predicate for t in like}, key=str):
        rows = _rows(remote, f"SELECT ?s ?o WHERE {{ GRAPH <{name}> {{ ?s {p} ?o }} }}")
        found |= {Triple(r["s"], p, r["o"]) for r in rows}
    return found


def _rows(remote: Remote, text: str) -> Iterator[dict[str, Any]]:
    """Rows over all graphs there: those that are staged are no part of what our queries see."""
    answer: Any = remote.query_all(text)
    names = [v.value for v in answer.variables]
    for row in answer:
        yield {n: row[n] for n in names if row[n] is not None}


# --- what an engine can keep -----------------------------------------------------------------


def _unkept(remote: Remote, mine: Graphs) -> dict[str, int]:
    """Datatypes of which the engine does not give back what it was given, with their counts.

    Virtuoso 7, for one, refuses an xsd:duration.
    """
    values: dict[str, set[Literal]] = defaultdict(set)
    counts: dict[str, int] = defaultdict(int)
    for t in (t for triples in mine.values() for t in triples):
        if isinstance(t.object, Literal) and t.object.datatype.value not in _TEXTS:
            values[t.object.datatype.value].add(t.object)
            counts[t.object.datatype.value] += 1
    unkept = {}
    for kind, held in sorted(values.items()):
        ordered = sorted(held, key=str)
        sample = {ordered[0], ordered[len(ordered) // 2], ordered[-1]}
        probe = {Triple(_PROBE, _PROBE, value) for value in sample}
        try:
            if remote.graph_store:
                remote.put(_PROBE.value, probe)
            else:
                _clear(remote)
                remote.load(Quad(t.subject, t.predicate, t.object, _PROBE) for t in probe)
            kept = digest(_read(remote, _PROBE.value, probe)) == digest(probe)
        except (Refused, QueryError) as bad:
            # a refusal comes as one or the other; who is asked for credentials is told so
            if isinstance(bad, Refused) and bad.code != 500:
                raise
            kept = False
        if not kept:
            unkept[kind] = counts[kind]
    if values:
        remote.delete(_PROBE.value) if remote.graph_store else _clear(remote)
    return unkept


def _spelled(triples: set[Triple], as_text: dict[str, int]) -> set[Triple]:
    return {
        Triple(t.subject, t.predicate, Literal(t.object.value))
        if isinstance(t.object, Literal) and t.object.datatype.value in as_text
        else t
        for t in triples
    }
