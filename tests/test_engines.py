"""Every shipped question has the same rows on every engine, and engines.md says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests import engines
from tests.conftest import NeedsTool

from alliance_graph import questions


@pytest.fixture(scope="module")
def answers(
    built: Path, needs_tool: NeedsTool
) -> tuple[engines.Answers, dict[str, engines.Answers]]:
    virtuoso = needs_tool("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
    return engines.everywhere(built / "alliance.trig", virtuoso)


def test_every_question_has_the_same_rows_on_every_engine(
    answers: tuple[engines.Answers, dict[str, engines.Answers]],
) -> None:
    ours, others = answers
    names = {name for name, _ in ours}
    assert names == {q.name for q in questions.catalogue()}
    assert sum(bool(rows) for rows in ours.values()) > len(ours) * 0.9
    told = {
        (engine, name): engines.compared(ours, theirs, name)
        for engine, theirs in others.items()
        for name in names
    }
    assert {key: said for key, said in told.items() if said != "same"} == {}
    assert len(others) == 3


def test_the_table_is_true(answers: tuple[engines.Answers, dict[str, engines.Answers]]) -> None:
    held = engines.TABLE.read_text("utf-8")
    assert held == engines.table(*answers), "write it anew: python -m tests.engines"


def test_a_difference_would_be_seen() -> None:
    ours: engines.Answers = {("a", True): Counter(["x", "x", "y"]), ("b", True): Counter("x")}
    theirs: engines.Answers = {("a", True): Counter(["x", "z"]), ("b", True): "EndpointError: gone"}
    assert engines.compared(ours, ours, "a") == "same"
    assert engines.compared(ours, theirs, "a") == "2 rows missing, 1 others"
    assert engines.compared(ours, {}, "a") == "not asked"
    assert engines.compared(ours, theirs, "b") == "EndpointError: gone"
    assert "| b | EndpointError: gone |" in engines.table(ours, {"one": theirs})
