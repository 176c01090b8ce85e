"""A field that can have one value, told in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from alliance_graph.check.codes import finding
from alliance_graph.check.index import Held, Index, one_each, words
from alliance_graph.errors import Finding
from alliance_graph.model import SINGLE_VALUED, DateClaim

ACCOUNTS = frozenset({"kind", "strength", "state", "position", "formality", "periodicity"})
"""Single-valued fields in which two holders may differ without one of them being wrong."""


def conflicts(index: Index) -> Iterator[Finding]:
    """A field that can have one value has several: dates that cannot both be, other values."""
    for thing, fields in index.claims.items():
        for field, claims in fields.items():
            if field not in SINGLE_VALUED:
                continue
            asserted = [h for h in claims if h.said["polarity"] == "asserted" and h.told.counts]
            different = [
                (a, b)
                for a, b in combinations(asserted, 2)
                if a.value != b.value and a.told.section == b.told.section
            ]
            apart = [(a, b) for a, b in different if not _compatible(index, a, b)]
            if apart:
                yield _conflict(index, thing, field, asserted, apart)
            elif different and not _ranked(asserted):
                listed = " and ".join(map(str, one_each(asserted)))
                what = f"{thing}: the {words(field)} is told more and less precisely: {listed}"
                yield finding(index, "less-precise", what, (thing,), *different[0])


def _conflict(
    index: Index, thing: str, field: str, asserted: list[Held], apart: list[tuple[Held, Held]]
) -> Finding:
    told = one_each(h for h in asserted if any(h in pair for pair in apart))
    listed = " against ".join(map(str, told))
    if isinstance(told[0].claim, DateClaim):
        code = "date-conflict"
    elif all(a.above != b.above for a, b in apart):
        code = "headline-differs"
    elif field in ACCOUNTS and any(a.holder != b.holder for a, b in apart):
        code = "accounts-differ"
    else:
        code = "value-conflict"
    what = f"{thing}: the {words(field)} is told as {listed}"
    found = finding(index, code, what, (thing,), *told)
    ranked = _ranked(asserted)
    return found.decided(f"ranked: {ranked}") if ranked else found


def _compatible(index: Index, a: Held, b: Held) -> bool:
    if isinstance(a.claim, DateClaim) and a.days and b.days:
        return a.days.within(b.days) or b.days.within(a.days)
    if a.field == "place":
        return index.inside(a.value, b.value) or index.inside(b.value, a.value)
    return False


def _ranked(claims: list[Held]) -> str | None:
    """Why one value is preferred, or all others are deprecated; ``None`` if it is left open."""
    by_rank: dict[str, dict[object, str]] = {"preferred": {}, "normal": {}, "deprecated": {}}
    for held in claims:
        by_rank[held.said["rank"]].setdefault(held.value, f"{held.value}, {held.said['because']}")
    if by_rank["preferred"]:
        why = by_rank["preferred"]
        return next(iter(why.values())) if len(why) == 1 else None
    down = by_rank["deprecated"].values()
    return "; ".join(f"not {why}" for why in down) if len(by_rank["normal"]) == 1 else None
