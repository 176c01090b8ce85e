from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode

from alliance_graph import tables
from alliance_graph.errors import QueryError
from alliance_graph.store.embedded import Embedded
from alliance_graph.tables import Table, Triples, Truth, plain, short, wide, wrap
from alliance_graph.vocabulary import ALLY, ID, VOC, XSD

BIEGUN = NamedNode(ID + "person/stephen-biegun")
CHOI = NamedNode(ID + "person/choi-jong-kun")


def typed(value: str, kind: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + kind))


TWO = Table(
    ("person", "personLabel", "date", "sessions"),
    (
        (BIEGUN, Literal("Stephen Biegun", language="en"), typed("2020-09-10", "date"), None),
        (CHOI, None, None, typed("2", "integer")),
    ),
)


def test_terms_become_plain_values() -> None:
    assert TWO.rows == (
        ("stephen-biegun", "Stephen Biegun", date(2020, 9, 10), None),
        ("choi-jong-kun", None, None, 2),
    )
    assert plain(typed("true", "boolean")) is True
    assert plain(typed("0.5", "decimal")) == 0.5
    assert plain(typed("2020-13-40", "date")) == "2020-13-40"
    assert plain(NamedNode(VOC + "level/minister")) == "minister"
    assert plain(NamedNode(str(ALLY.Encounter))) == "ally:Encounter"
    assert plain(NamedNode("https://example.org/x")) == "https://example.org/x"
    assert plain(BlankNode("b")) == "_:b"


def test_short_keeps_dots_of_made_up_ids() -> None:
    assert short(ID + "claim/x.y.date.2020-09-10") == "x.y.date.2020-09-10"


def test_dicts_and_columns() -> None:
    assert TWO.dicts()[1] == {
        "person": "choi-jong-kun",
        "personLabel": None,
        "date": None,
        "sessions": 2,
    }
    assert TWO.column("sessions") == [None, 2]
    with pytest.raises(QueryError, match="no column 'age': there are person, personLabel"):
        TWO.column("age")


def test_text_shows_names_and_falls_back_to_ids() -> None:
    text = TWO.text()
    assert "Stephen Biegun  2020-09-10" in text
    assert "choi-jong-kun" in text
    assert "stephen-biegun" not in text
    assert text.endswith("2 rows\n")
    assert "personLabel" not in text


def test_no_rows_is_worded_as_absence_from_the_sources() -> None:
    assert Table(("a",), ()).text() == "0 rows: not in these sources\n"
    assert Table(("a",), (), absence="none planned").text() == "0 rows: none planned\n"


def test_empty_columns_are_named_below_instead_of_shown() -> None:
    table = Table(("a", "printedTitle"), ((Literal("x"), None),))
    assert table.text() == "a\n─\nx\n1 row (no values: printed title)\n"


def test_numbers_stand_to_the_right() -> None:
    rows = tuple((typed(n, "integer"), Literal("x")) for n in ("5", "1000"))
    assert Table(("n", "what"), rows).text().splitlines()[2] == "   5  x"


def test_hangul_counts_double() -> None:
    assert wide("최종건") == 6
    assert wide("Cafe\u0301") == 4
    rows = ((Literal("최종건"), Literal("a")), (Literal("Choi"), Literal("b")))
    lines = Table(("name", "x"), rows).text().splitlines()
    assert lines[2] == "최종건  a"
    assert lines[3] == "Choi    b"


def test_control_characters_never_reach_the_terminal() -> None:
    text = Table(("a",), ((Literal("x\x1b[2Jy\u202ez\nw"),),)).text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "x [2Jy z w" in text


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_lines_keep_to_the_width(width: int) -> None:
    long = Literal("consultations between the chief nuclear negotiators " * 3)
    row = (long, Literal("한미 외교장관 회담 " * 4), Literal("short"))
    for line in Table(("first", "second", "third"), (row, row)).text(width=width).splitlines():
        assert wide(line) <= width


def test_narrow_terminals_get_a_block_for_each_row() -> None:
    row = tuple(Literal(f"value number {i}") for i in range(8))
    text = Table(tuple("abcdefgh"), (row,)).text(width=40)
    assert text.splitlines()[0] == "a  value number 0"


def test_claims_are_left_out_where_they_do_not_fit() -> None:
    row = (Literal("meeting"), NamedNode(ID + "claim/" + "x" * 50))
    table = Table(("label", "claim"), (row,))
    assert "x" * 50 in table.text()
    narrow = table.text(width=30)
    assert "x" * 50 not in narrow
    assert "too wide to show: claim" in narrow


def test_colour_only_where_asked() -> None:
    assert "\x1b[1m" in TWO.text(colour=True)
    assert "\x1b" not in TWO.text()


def test_terminal_is_none_for_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tables.terminal(io.StringIO()) == (None, False)

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "77")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert tables.terminal(Screen()) == (77, True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert tables.terminal(Screen()) == (77, False)


def test_formats_for_programs_are_the_sparql_ones() -> None:
    rows = list(csv.reader(io.StringIO(TWO.csv())))
    assert rows[0] == ["person", "personLabel", "date", "sessions"]
    assert rows[1] == [BIEGUN.value, "Stephen Biegun", "2020-09-10", ""]
    assert TWO.tsv().splitlines()[0] == "?person\t?personLabel\t?date\t?sessions"
    assert '"Stephen Biegun"@en' in TWO.tsv()
    document = json.loads(TWO.json())
    assert document["head"]["vars"] == list(TWO.columns)
    assert "personLabel" not in document["results"]["bindings"][1]
    assert "<sparql " in TWO.xml()
    assert all(TWO.write(form).endswith("\n") for form in ("csv", "tsv", "json", "xml", "table"))
    with pytest.raises(QueryError, match="no format 'ttl'"):
        TWO.write("ttl")


terms = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])).map(Literal),
    st.text("abc", min_size=1).map(lambda t: Literal(t, language="ko")),
    st.integers().map(lambda n: typed(str(n), "integer")),
    st.text("abc/-", min_size=1).map(lambda t: NamedNode("https://example.org/" + t)),
)


@given(st.lists(st.tuples(terms, terms), max_size=5))
def test_json_brings_every_term_back(rows: list[tuple[tables.Term | None, ...]]) -> None:
    table = Table(("a", "b"), tuple(rows))
    from pyoxigraph import QueryResultsFormat, QuerySolutions, parse_query_results

    for form in (QueryResultsFormat.JSON, QueryResultsFormat.TSV):
        name = "json" if form == QueryResultsFormat.JSON else "tsv"
        back = parse_query_results(table.write(name).encode(), form)
        assert isinstance(back, QuerySolutions)
        assert Table.of(back).terms == table.terms


@given(st.text(max_size=80), st.integers(2, 30))
def test_wrapping_loses_no_character_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(wide(line) <= width for line in lines)


def test_ask_and_construct_answers() -> None:
    store = Embedded()
    store.update("INSERT DATA { GRAPH graph:x { id:person\\/a a foaf:Person } }")
    yes = tables.answer(store.query("ASK { ?x a foaf:Person }"))
    assert isinstance(yes, Truth)
    assert yes.write() == "yes\n"
    assert json.loads(yes.write("json"))["boolean"] is True
    assert tables.answer(store.query("ASK { ?x a foaf:Group }")).write().startswith("no: not in")
    made = tables.answer(store.query("CONSTRUCT { ?x a ally:Topic } WHERE { ?x a foaf:Person }"))
    assert isinstance(made, Triples)
    assert len(made) == 1
    assert "ally:Topic" in made.write("ttl")
    assert json.loads(made.write("jsonld"))
    assert "rdf:RDF" in made.write("xml")
    with pytest.raises(QueryError, match="triples have no format 'csv'"):
        made.write("csv")
    with pytest.raises(QueryError, match="yes or no has no format 'csv'"):
        yes.write("csv")
    assert Triples(()).write() == "0 triples: not in these sources\n"
