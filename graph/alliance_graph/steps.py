"""What SPARQL 1.1 cannot say portably: days between dates, chains of any length.

A question names its step in its head (``then: gaps``); the step gets the rows and the parameters
and returns the rows that the question shows. Without it, on a bare endpoint, the query still gives
the rows it is made from.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date

from pyoxigraph import Literal, NamedNode

from alliance_graph.errors import QueryError
from alliance_graph.tables import Table, Term, plain
from alliance_graph.vocabulary import XSD

Given = Mapping[str, tuple[Term, ...]]
"""The parameters that were given, as terms."""


def _integer(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + "integer"))


def _days(least: int, most: int) -> Literal:
    """A number of days, or text such as ``3–5`` where the dates leave it open."""
    return _integer(least) if least == most else Literal(f"{least}–{most}")


def in_order(table: Table, columns: Collection[str]) -> Table:
    """Sorts the names within the cells of these columns, and then drops rows that became equal.

    GROUP_CONCAT joins in whatever order the engine likes.
    """
    at = [i for i, name in enumerate(table.columns) if name in columns]
    rows: dict[tuple[Term | None, ...], None] = {}
    for terms in table.terms:
        row = list(terms)
        for i in at:
            cell = row[i]
            if isinstance(cell, Literal):
                parts = sorted(p for p in cell.value.split("; ") if p)
                row[i] = Literal("; ".join(parts)) if parts else None
        rows[tuple(row)] = None
    return replace(table, terms=tuple(rows))


def gaps(table: Table, given: Given) -> Table:
    """Adds ``daysSincePrevious``: from the one held before it in the same channel.

    Needs columns ``channel``, ``encounter``, ``state``, ``earliest`` and ``latest``, rows in the
    order of channel and day. What is not held, or has no date, has no gap.
    """
    at = {name: table.columns.index(name) for name in table.columns}
    before: dict[Term | None, tuple[Term | None, date, date]] = {}
    rows = []
    for terms, row in zip(table.terms, table.rows, strict=True):
        channel, encounter = terms[at["channel"]], terms[at["encounter"]]
        first, last = row[at["earliest"]], row[at["latest"]]
        gap: Literal | None = None
        if row[at["state"]] == "held" and isinstance(first, date) and isinstance(last, date):
            previous = before.get(channel)
            if previous and previous[0] != encounter:
                gap = _days(max(0, (first - previous[2]).days), (last - previous[1]).days)
            before[channel] = (encounter, first, last)
        rows.append((*terms, gap))
    return replace(table, columns=(*table.columns, "daysSincePrevious"), terms=tuple(rows))


def between(table: Table, given: Given) -> Table:
    """Turns the days of two events into ``days`` between them, where both are known.

    Needs columns ``earliest``, ``latest``, ``otherEarliest`` and ``otherLatest``, and drops them.
    """
    spans = [table.columns.index(c) for c in ("earliest", "latest", "otherEarliest", "otherLatest")]
    kept = [i for i in range(len(table.columns)) if i not in spans]
    rows = []
    for terms, row in zip(table.terms, table.rows, strict=True):
        days: Literal | None = None
        first, last, other_first, other_last = (row[i] for i in spans)
        if (
            isinstance(first, date)
            and isinstance(last, date)
            and isinstance(other_first, date)
            and isinstance(other_last, date)
        ):
            ends = ((first - other_last).days, (last - other_first).days)
            apart = sorted(map(abs, ends))
            days = _days(0 if ends[0] <= 0 <= ends[1] else apart[0], apart[1])
        rows.append((*(terms[i] for i in kept), days))
    columns = (*(table.columns[i] for i in kept), "days")
    return replace(table, columns=columns, terms=tuple(rows))


def nearest(table: Table, given: Given) -> Table:
    """Adds ``days`` from the day asked for (negative: before it), and puts the nearest first.

    Needs columns ``earliest`` and ``latest``; the day is the parameter ``date``. Without it the
    rows stay in their order and ``days`` is empty.
    """
    day = next((d for d in map(plain, given.get("date", ())) if isinstance(d, date)), None)
    first, last = table.columns.index("earliest"), table.columns.index("latest")
    rows: list[tuple[int, int, tuple[Term | None, ...]]] = []
    for i, (terms, row) in enumerate(zip(table.terms, table.rows, strict=True)):
        days = None if day is None else days_from(day, row[first], row[last])
        added = None if days is None else _integer(days)
        far = abs(days) if days is not None else 0 if day is None else 10**9
        rows.append((far, i, (*terms, added)))
    rows.sort(key=lambda r: r[:2])
    return replace(table, columns=(*table.columns, "days"), terms=tuple(r[2] for r in rows))


def days_from(day: date, first: object, last: object) -> int | None:
    """Days from ``day`` to a span: 0 within it, negative where it lies before; None without one."""
    if not isinstance(first, date) or not isinstance(last, date):
        return None
    if first <= day <= last:
        return 0
    return (last - day).days if last < day else (first - day).days


def chain(table: Table, given: Given) -> Table:
    """The shortest chain of encounters from one person to another, a hop a row.

    Needs columns ``person``, ``personLabel``, ``other``, ``otherLabel`` and those of the encounter,
    every meeting from both sides, and the parameters ``start`` and ``end``. Breadth first, so that
    no shorter chain is missed; of equally short ones, the first in the order of rows.
    """
    starts, ends = given.get("start", ()), given.get("end", ())
    if len(starts) != 1 or len(ends) != 1:
        raise QueryError("a chain needs one start and one end")
    start, end = starts[0], ends[0]
    person, other = table.columns.index("person"), table.columns.index("other")
    meetings: dict[Term | None, list[int]] = {}
    for i, row in enumerate(table.terms):
        meetings.setdefault(row[person], []).append(i)
    came: dict[Term | None, int] = {start: -1}
    queue: deque[Term | None] = deque([start])
    while queue and end not in came:
        here = queue.popleft()
        for i in meetings.get(here, ()):
            there = table.terms[i][other]
            if there not in came:
                came[there] = i
                queue.append(there)
    hops: list[int] = []
    back: Term | None = end
    while came.get(back, -1) >= 0:
        hops.append(came[back])
        back = table.terms[came[back]][person]
    rows = tuple((_integer(n), *table.terms[i]) for n, i in enumerate(reversed(hops), 1))
    return replace(table, columns=("hop", *table.columns), terms=rows)


STEPS: dict[str, Callable[[Table, Given], Table]] = {
    "between": between,
    "chain": chain,
    "gaps": gaps,
    "nearest": nearest,
}
"""The steps that a question's head can name."""
