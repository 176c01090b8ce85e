"""Fragments for notebooks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import html
from alliance_graph.html import Cell

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def texts(fragment: str) -> str:
    return "".join(ET.fromstring(f"<x>{fragment}</x>").itertext())


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_whatever_stands_in_a_cell_is_text(text: str) -> None:
    made = html.link(text, "https://example.org/?a=1&b=2", text)
    element = ET.fromstring(made)
    assert element.tag == "a"
    assert element.text == (text or None)
    assert element.get("title", "") == text


def test_nothing_hostile_becomes_a_tag() -> None:
    cell = Cell(HOSTILE, HOSTILE, "javascript:alert(1)")
    made = html.table([HOSTILE], [[cell]], [html.listed([html.link(HOSTILE, "", HOSTILE)])])
    made += html.title(HOSTILE, HOSTILE) + html.plain(HOSTILE) + html.soft(HOSTILE)
    made += html.section(HOSTILE, [(HOSTILE, HOSTILE, HOSTILE, [HOSTILE])])
    made += html.folded(HOSTILE, html.soft(HOSTILE))
    assert "<script" not in made
    assert "<img" not in made
    assert "href" not in made
    assert unescape(made).count(HOSTILE) > 8


def test_only_addresses_become_links() -> None:
    for good in ("https://example.org/", "http://example.org", "network.html#sel=person/a", "../a"):
        assert html.link("x", good).startswith("<a ")
    for bad in (
        "javascript:alert(1)",
        "data:text/html,x",
        " javascript:alert(1)",
        "vbscript:x",
        "",
    ):
        assert "href" not in html.link("x", bad)


def test_rows_beyond_fifty_are_folded_and_beyond_a_thousand_counted() -> None:
    rows = [[Cell(str(i), number=True)] for i in range(1003)]
    made = html.table(["n"], rows)
    assert made.count("<tr>") == 1000 + 2  # a head for either part
    assert "950 more rows" in made
    assert "3 rows that are not shown" in made
    assert "<details" not in html.table(["n"], rows[:50])


def test_columns_of_numbers_stand_right() -> None:
    made = html.table(["a", "b"], [[Cell("1", number=True), Cell("x")], [Cell(""), Cell("y")]])
    assert made.count("ag-n") == 3  # the head and both cells
    assert texts(made) == "ab1xy"


def test_style_touches_nothing_outside() -> None:
    rules = html.STYLE.removeprefix("<style>").split("}")[:-1]
    for rule in rules:
        for selector in rule.partition("{")[0].replace("</style>", "").split(","):
            assert selector.strip().startswith(".ag"), selector
    assert "url(" not in html.STYLE
    assert "script" not in html.block("x")
