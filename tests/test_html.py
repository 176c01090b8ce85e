"""Fragments for notebooks."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Leaf:
    """Something with what it rests on."""

    label: str
    passage: str = ""
    children: tuple[Leaf, ...] = ()


def test_each_fragment_as_it_is_written() -> None:
    """To the letter, since a notebook and a mail program read them without our help."""
    assert html.link("a&b", "x/<y>", "t'") == ('<a href="x/&lt;y&gt;" title="t&#x27;">a&amp;b</a>')
    assert html.link("a", "https://x/") == '<a href="https://x/">a</a>'
    assert html.link("a", "", "t") == '<span title="t">a</span>'
    assert html.link("a", "") == "a"
    assert html.link("a", "#x:y").startswith("<a ")
    assert html.soft("<") == '<div class="ag-s">&lt;</div>'
    assert html.title("<", ">") == '<h4>&lt; <span class="ag-s">&gt;</span></h4>'
    assert html.plain("<\n") == "<pre>&lt;\n</pre>"
    assert html.listed(["a", "b"]) == "<ul><li>a</li><li>b</li></ul>"
    assert html.folded("<", "<b>x</b>") == ("<details><summary>&lt;</summary><b>x</b></details>")
    assert html.folded("a", "b", True) == "<details open><summary>a</summary>b</details>"
    assert html.folded_html("<i>a</i>", "b") == "<details><summary><i>a</i></summary>b</details>"
    assert html.block("a", "b") == f'<div class="ag">{html.STYLE}ab</div>'


def test_a_section_as_it_is_written() -> None:
    lines = [("m", "t", "n", ["<s>"]), ("", "<u>", "", [])]
    inside = (
        "<ul><li><details><summary><i>m</i> t" + html.soft("n") + "</summary>"
        "<ul><li>&lt;s&gt;</li></ul></details></li><li>&lt;u&gt;</li></ul>"
    )
    head = "<summary><b>&lt;n&gt;</b> (2)</summary>"
    assert html.section("<n>", lines, 2) == f"<details open>{head}{inside}</details>"
    assert html.section("<n>", lines, 1) == f"<details>{head}{inside}</details>"
    assert html.section("n", lines * 4).startswith("<details open>")
    assert html.section("n", lines * 5).startswith("<details><")


def test_a_tree_as_it_is_written() -> None:
    branch = Leaf("<a>", "<p>", (Leaf("b"), Leaf("c", "q", (Leaf("d"),))))
    assert html.tree(Leaf("<a>", "<p>")) == "<b>&lt;a&gt;</b><div>“&lt;p&gt;”</div>"
    assert html.tree(branch) == (
        "<details open><summary><b>&lt;a&gt;</b></summary><div>“&lt;p&gt;”</div><ul><li>b</li><li>"
        "<details><summary>c</summary><div>“q”</div><ul><li>d</li></ul></details></li></ul></details>"
    )


def test_a_table_as_it_is_written() -> None:
    """Without the classes, which are for looks."""
    rows = [[Cell("1", number=True), Cell("<x>", "t", "a/")], [Cell(""), Cell("long text here")]]
    made = html.table(["n", "<h>"], rows, ["<i>w</i>"])
    assert re.sub(r' class="[^"]*"', "", made) == (
        '<div><table><thead><tr><th></th><th scope="col">n</th>'
        '<th scope="col">&lt;h&gt;</th></tr></thead><tbody>'
        "<tr><td><details><summary>why</summary><i>w</i></details></td>"
        '<td>1</td><td><a href="a/" title="t">&lt;x&gt;</a></td></tr>'
        "<tr><td></td><td></td><td>long text here</td></tr></tbody></table></div>"
    )
    assert html.table(["a"], []) == (
        '<div class="ag-x"><table><thead><tr><th scope="col">a</th></tr></thead>'
        "<tbody></tbody></table></div>"
    )
    assert html.table(["a"], [[Cell("1", number=True)], [Cell("x")]]).count("ag-n") == 0
    folded = html.table(["a"], [[Cell(str(n))] for n in range(5)], rest=2, most=4)
    first, second, last = folded.partition("<details>")[0], folded, folded
    assert first.count("<tr>") == 1 + 2
    assert "<summary>2 more rows</summary>" in second
    assert second.count("<tr>") == 2 + 4
    assert last.endswith(html.soft("and 1 rows that are not shown; .df() has all of them"))
    assert html.table(["a"], rows=[[Cell("x")]], notes=["w"], note="seen").count("seen") == 1


def test_a_cell_as_it_is_written() -> None:
    about = Cell("<a>", "<t>", "x/", about="<b>")
    inside = '<div class="ag-s">&lt;b&gt;</div>'
    page = '<div class="ag-s"><a href="x/">page</a></div>'
    summary = '<summary title="&lt;t&gt;">&lt;a&gt;</summary>'
    assert html._cell(about, False) == (
        f'<td class="ag-w"><details>{summary}{inside}{page}</details></td>'
    )
    assert html._cell(replace(about, href=""), True) == (
        f'<td class="ag-n"><details>{summary}{inside}</details></td>'
    )
    widths = {n: html._cell(Cell("x" * n), False).partition(">")[0] for n in (12, 13, 32, 33)}
    assert widths == {
        12: '<td class="ag-w"',
        13: '<td class="ag-m"',
        32: '<td class="ag-m"',
        33: '<td class="ag-l"',
    }


def test_of_many_branches_the_first_twelve_are_shown() -> None:
    many = tuple(Leaf(str(n)) for n in range(13))
    shown = html.listed(map(str, range(12)))
    assert html.tree(Leaf("a", children=many[:12])).endswith(f"</summary>{shown}</details>")
    more = "<details><summary>1 more</summary><ul><li>12</li></ul></details>"
    assert html.tree(Leaf("a", children=many)).endswith(f"{shown}{more}</details>")
