from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from alliance_graph import steps
from alliance_graph.errors import QueryError
from alliance_graph.tables import Table, Term
from alliance_graph.vocabulary import ID, XSD


def day(text: str) -> Literal:
    return Literal(text, datatype=NamedNode(XSD + "date"))


def person(name: str) -> NamedNode:
    return NamedNode(f"{ID}person/{name}")


def sessions(*rows: tuple[str, str, str, str | None, str | None]) -> Table:
    columns = ("channel", "encounter", "state", "earliest", "latest")
    terms: list[tuple[Term | None, ...]] = [
        (
            NamedNode(f"{ID}channel/{channel}"),
            NamedNode(f"{ID}encounter/{encounter}"),
            Literal(state),
            day(first) if first else None,
            day(last) if last else None,
        )
        for channel, encounter, state, first, last in rows
    ]
    return Table(columns, tuple(terms))


def test_gaps_count_days_between_what_was_held() -> None:
    table = steps.gaps(
        sessions(
            ("fm", "a", "held", "2024-02-22", "2024-02-22"),
            ("fm", "b", "held", "2024-02-28", "2024-02-28"),
            ("fm", "c", "planned", "2024-03-01", "2024-03-01"),
            ("fm", "d", "held", None, None),
            ("fm", "e", "held", "2024-03-05", "2024-03-05"),
            ("two", "f", "held", "2024-03-06", "2024-03-06"),
        ),
        {},
    )
    assert table.column("daysSincePrevious") == [None, 6, None, None, 6, None]


def test_a_gap_from_a_month_is_a_range() -> None:
    table = steps.gaps(
        sessions(
            ("two", "2016", "held", "2016-10-01", "2016-10-31"),
            ("two", "2021", "held", "2021-03-18", "2021-03-18"),
        ),
        {},
    )
    assert table.column("daysSincePrevious") == [None, "1599–1629"]


def test_one_session_told_in_two_rows_has_no_gap_to_itself() -> None:
    row = ("fm", "a", "held", "2024-02-22", "2024-02-22")
    assert steps.gaps(sessions(row, row), {}).column("daysSincePrevious") == [None, None]


def attested(*spans: tuple[str, str]) -> Table:
    rows: tuple[tuple[Term | None, ...], ...] = tuple((day(a), day(b)) for a, b in spans)
    return Table(("earliest", "latest"), rows)


def test_nearest_puts_the_day_itself_first() -> None:
    table = attested(("2020-10-15", "2020-10-15"), ("2021-03-01", "2021-03-31"))
    on = steps.nearest(table, {"date": (day("2021-03-18"),)})
    assert on.column("days") == [0, -154]
    assert steps.nearest(table, {}).column("days") == [None, None]


def test_between_counts_days_or_a_range() -> None:
    columns = ("event", "earliest", "latest", "otherEarliest", "otherLatest")
    rows: tuple[tuple[Term | None, ...], ...] = (
        (Literal("fm"), *map(day, ("2024-02-28", "2024-02-28", "2024-02-22", "2024-02-22"))),
        (Literal("lee"), *map(day, ("2020-09-01", "2020-09-30", "2020-09-10", "2020-09-10"))),
        (Literal("open"), day("2024-02-28"), None, day("2024-02-22"), day("2024-02-22")),
    )
    table = steps.between(Table(columns, rows), {})
    assert table.columns == ("event", "days")
    assert table.column("days") == [6, "0–20", None]


@given(st.dates(), st.dates(), st.dates())
def test_days_from_is_zero_only_within_the_span(d: date, a: date, b: date) -> None:
    first, last = sorted((a, b))
    days = steps.days_from(d, first, last)
    assert days is not None
    assert (days == 0) == (first <= d <= last)
    assert (days < 0) == (last < d)


def meetings(*pairs: tuple[str, str]) -> Table:
    columns = ("person", "personLabel", "other", "otherLabel", "encounter")
    rows: list[tuple[Term | None, ...]] = []
    for i, (a, b) in enumerate(pairs):
        met = NamedNode(f"{ID}encounter/{i}")
        for one, two in ((a, b), (b, a)):
            rows.append((person(one), Literal(one), person(two), Literal(two), met))
    return Table(columns, tuple(rows))


def test_chain_finds_the_shortest_way() -> None:
    table = meetings(("a", "b"), ("b", "c"), ("c", "d"), ("a", "x"), ("x", "d"))
    found = steps.chain(table, {"start": (person("a"),), "end": (person("d"),)})
    assert found.columns[0] == "hop"
    assert [(r["hop"], r["personLabel"], r["otherLabel"]) for r in found.dicts()] == [
        (1, "a", "x"),
        (2, "x", "d"),
    ]


def test_chain_may_lead_nowhere() -> None:
    table = meetings(("a", "b"), ("c", "d"))
    assert len(steps.chain(table, {"start": (person("a"),), "end": (person("d"),)})) == 0
    assert len(steps.chain(table, {"start": (person("a"),), "end": (person("a"),)})) == 0
    with pytest.raises(QueryError, match="one start and one end"):
        steps.chain(table, {"start": (person("a"),)})


@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=9))
def test_chain_is_as_short_as_networkx_finds_it(pairs: set[tuple[str, str]]) -> None:
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from("abcdef")
    graph.add_edges_from(pairs)
    table = meetings(*sorted(pairs))
    found = steps.chain(table, {"start": (person("a"),), "end": (person("f"),)})
    if nx.has_path(graph, "a", "f"):
        assert len(found) == nx.shortest_path_length(graph, "a", "f")
    else:
        assert len(found) == 0


def test_names_in_a_cell_are_sorted_and_equal_rows_fold() -> None:
    rows: tuple[tuple[Term | None, ...], ...] = (
        (Literal("x"), Literal("Suh Hoon; Robert O'Brien")),
        (Literal("x"), Literal("Robert O'Brien; Suh Hoon")),
        (Literal("y"), Literal("; ")),
    )
    table = steps.in_order(Table(("e", "participants"), rows), {"participants"})
    assert table.rows == (("x", "Robert O'Brien; Suh Hoon"), ("y", None))
