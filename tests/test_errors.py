"""Findings: their order, their text, and when they fail a run."""

from __future__ import annotations

from alliance_graph.errors import BrokenFacts, Finding, LimitError, Mark, in_order


def finding(**given: object) -> Finding:
    fields: dict[str, object] = {
        "severity": "warning",
        "code": "date-conflict",
        "what": "two dates",
        "mend": "rank one",
        "where": Mark("a.yaml", 3, 5),
    }
    return Finding(**(fields | given))  # type: ignore[arg-type]  # the test gives the right types


def test_text_says_where_what_and_how_to_mend() -> None:
    text = str(finding(related=(Mark("a.yaml", 9, 1),)))
    assert text == "a.yaml:3:5: warning: two dates (see a.yaml:9:1); rank one"
    assert str(finding(where=None)) == "warning: two dates; rank one"


def test_a_decision_is_shown_and_no_longer_fails() -> None:
    assert finding().fails
    decided = finding().decided("explained: a misprint")
    assert not decided.fails
    assert "decided: explained: a misprint" in str(decided)
    assert not finding(severity="info").fails


def test_order_is_by_place_and_weight() -> None:
    late = finding(where=Mark("b.yaml", 1, 1))
    error = finding(severity="error", code="z")
    remark = finding(severity="info")
    nowhere = finding(where=None)
    assert in_order([late, remark, error, nowhere]) == [nowhere, error, remark, late]


def test_plain_values_for_json() -> None:
    assert finding().as_dict()["where"] == {"file": "a.yaml", "line": 3, "column": 5}


def test_what_moves_a_terminals_cursor_is_written_out() -> None:
    hostile = "a\x1b[31m\nb\u202e\udcff\u00a0"
    place = Mark(hostile, 2, 3)
    told = str(Finding("error", "x", f"“{hostile}” 서울", "mend — it", place, related=(place,)))
    name = "a\\x1b[31m\\nb\\u202e\\udcff\\xa0"
    assert told == f"{name}:2:3: error: “{name}” 서울 (see {name}:2:3); mend — it"
    assert told.isprintable()
    plain = Finding("info", "x", "서울 é “x”", "m", decision="explained: why")
    assert str(plain) == "info: 서울 é “x”; m [decided: explained: why]"


def test_errors_carry_what_one_asks_of_them() -> None:
    limit = LimitError("too long", "time")
    assert (str(limit), limit.limit) == ("too long", "time")
    finding = Finding("error", "x", "what", "mend")
    broken = BrokenFacts([finding, finding])
    assert (str(broken), broken.findings) == ("2 findings", [finding, finding])
