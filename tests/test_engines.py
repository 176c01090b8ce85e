"""Every shipped question has the same rows on every engine, and engines.md says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests import engines
from tests.conftest import NeedsTool

from alliance_graph import questions
from alliance_graph.store.embedded import Embedded


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


@pytest.fixture(scope="module")
def ours(store: Embedded) -> engines.Answers:
    return engines.ask_all(store).answers


def test_every_question_has_the_same_rows_on_every_engine(
    store: Embedded, ours: engines.Answers, needs_tool: NeedsTool
) -> None:
    # rdflib would take a minute; test_questions asks it, without a server
    small = engines.one_article()
    others = engines.everywhere(store, needs_tool(*engines.VIRTUOSO), small)
    expected = dict.fromkeys(others, ours) | {"rdflib-endpoint": engines.ask_all(small).answers}
    names = {name for name, _ in ours}
    assert names == {q.name for q in questions.catalogue()}
    assert sum(bool(rows) for rows in ours.values()) > len(ours) * 0.9
    told = {
        (engine, name): engines.compared(expected[engine], asked.answers, name)
        for engine, asked in others.items()
        for name in names
    }
    assert {key: said for key, said in told.items() if said != "same"} == {}
    assert list(others) == list(engines.NAMES[:3])
    assert all(asked.answers.keys() == ours.keys() for asked in others.values())
    assert sum(bool(rows) for rows in expected["rdflib-endpoint"].values()) > len(names) * 0.7


def test_the_table_lists_these_questions_with_these_rows(ours: engines.Answers) -> None:
    held = engines.TABLE.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(held) if line.startswith("|---|--:"))
    assert held[at - 1] == f"| question | rows | with example | {' | '.join(engines.NAMES)} |"
    wanted = engines.lines(ours, dict.fromkeys(engines.NAMES, ours))
    assert held[at + 1 :] == wanted, "write it anew: python -m tests.engines"


def test_a_difference_would_be_seen() -> None:
    ours: engines.Answers = {("a", True): Counter(["x", "x", "y"]), ("b", True): Counter("x")}
    theirs: engines.Answers = {("a", True): Counter(["x", "z"]), ("b", True): "EndpointError: gone"}
    assert engines.compared(ours, ours, "a") == "same"
    assert engines.compared(ours, theirs, "a") == "2 rows missing, 1 others"
    assert engines.compared(ours, {}, "a") == "not asked"
    assert engines.compared(ours, theirs, "b") == "EndpointError: gone"
    assert engines.lines(ours, {"one": theirs}) == [
        "| a | – | 3 | 2 rows missing, 1 others |",
        "| b | – | 1 | EndpointError: gone |",
    ]
