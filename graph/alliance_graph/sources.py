"""What stands behind the rows of an answer: who says it, in which article, where.

A row is a handful of things. Claims that tie two of them together support the row as such; where
there is none, the claims about the record that the row tells of (a meeting, a promise, a document)
do, and for a row of people, posts or channels those about the first of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from alliance_graph import why
from alliance_graph.store import select
from alliance_graph.vocabulary import ID, split

if TYPE_CHECKING:
    from alliance_graph.store import Store
    from alliance_graph.why import Source

_IDENTITIES = frozenset(
    "person office institution administration channel country place topic".split()
)
_CHUNK = 400
"""Things asked for at once: some engines refuse longer queries."""


def behind(store: Store, rows: Sequence[Sequence[str]]) -> list[list[Source]]:
    """The sources of each row, given as the IRIs of its things; outside ones come last."""
    things = sorted({iri for row in rows for iri in row if iri.startswith(ID)})
    claims: dict[str, list[tuple[str, str]]] = defaultdict(list)
    derived: set[str] = set()
    for part in _parts(things):
        for r in select(
            store,
            f"""SELECT ?c ?s ?o ?d WHERE {{
              VALUES ?s {{ {part} }} ?c rdf:subject ?s ; rdf:object ?o .
              FILTER NOT EXISTS {{ ?c rdf:predicate ally:hasHeldPost }}
              OPTIONAL {{ ?c a ally:Derivation BIND(true AS ?d) }} }}""",
        ):
            claims[r["s"].value].append((r["c"].value, r["o"].value))
            if "d" in r:
                derived.add(r["c"].value)
    wanted = [_of_row(row, claims, derived) for row in rows]
    grounds = _grounds(store, {c for row in wanted for c in row} & derived)
    wanted = [[g for c in row for g in grounds.get(c, [c])] for row in wanted]
    asked = why.claims(store, {c for row in wanted for c in row}, of="self")
    found = {claim.iri: claim.sources for claim in asked}
    return [sorted({s for c in row for s in found.get(c, ())}, key=_order) for row in wanted]


def _order(source: Source) -> tuple[bool, Source]:
    return not source.block, source


def _of_row(
    row: Sequence[str], claims: dict[str, list[tuple[str, str]]], derived: set[str]
) -> list[str]:
    kinds = {iri: (split(iri) or ("", ""))[0] for iri in row}
    own = [iri for iri in row if kinds[iri] == "claim"]
    if own:
        return own
    here = set(row)
    ties = [c for iri in here for c, o in claims.get(iri, ()) if o in here and o != iri]
    if ties:
        return sorted(ties)
    records = [i for i in row if kinds[i] and kinds[i] not in _IDENTITIES | {"article"}]
    about = records[:1] or [i for i in row if kinds[i]][:1]
    return sorted(c for iri in about for c, _ in claims.get(iri, ()) if c not in derived)


def _grounds(store: Store, derived: Iterable[str]) -> dict[str, list[str]]:
    """The claims on which derived statements rest: each premise, or that it is so or has a part."""
    out: dict[str, list[str]] = defaultdict(list)
    for part in _parts(sorted(derived)):
        start = f"VALUES ?d {{ {part} }} ?d ally:premise"
        for r in select(
            store,
            f"""SELECT DISTINCT ?d ?c WHERE {{
              {{ {start} ?c }}
              UNION {{ {start} ?x . ?c rdf:subject ?x ; rdf:predicate rdf:type }}
              UNION {{ {start} ?x . ?c rdf:object ?x ; rdf:predicate ?part
                VALUES ?part {{ ally:participation ally:statusPeriod }} }}
              ?c a ally:Claim }}""",
        ):
            out[r["d"].value].append(r["c"].value)
    return {d: sorted(set(found)) for d, found in out.items()}


def _parts(iris: Sequence[str]) -> Iterable[str]:
    for i in range(0, len(iris), _CHUNK):
        yield " ".join(f"<{iri}>" for iri in iris[i : i + _CHUNK])
