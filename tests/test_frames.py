"""Answers as data frames."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from pyoxigraph import Literal, NamedNode

import alliance_graph as ag
from alliance_graph import frames
from alliance_graph.errors import AllianceError
from alliance_graph.tables import Table, Term
from alliance_graph.vocabulary import EDTF, ID, VOC, XSD


def typed(value: str, kind: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + kind))


TABLE = Table(
    tuple("who level day n share yes text when".split()),
    (
        (
            NamedNode(ID + "person/antony-blinken"),
            NamedNode(VOC + "level/minister"),
            typed("2021-03-18", "date"),
            typed("3", "integer"),
            typed("0.5", "decimal"),
            typed("true", "boolean"),
            Literal("a", language="en"),
            Literal("2021-03~", datatype=NamedNode(EDTF)),
        ),
        (None,) * 8,
    ),
)
ORDERS = {"level": ["head-of-state-or-government", "minister", "vice-minister"]}


def test_columns_have_types_and_may_miss_values() -> None:
    frame = frames.frame(TABLE, orders=ORDERS)
    assert [str(t) for t in frame.dtypes] == [
        "string", "category", "datetime64[s]", "Int64", "Float64", "boolean", "string", "string",
    ]  # fmt: skip
    assert frame["day"][0] == pd.Timestamp(2021, 3, 18)
    assert frame["who"][0] == "antony-blinken"
    assert frame.loc[1].isna().all()
    level = frame["level"].cat
    assert level.ordered
    assert list(level.categories) == ORDERS["level"]


def test_polars_has_the_same_types() -> None:
    frame = frames.frame(TABLE, "polars", ORDERS)
    enum = pl.Enum(ORDERS["level"])
    assert frame.dtypes == [
        pl.String, enum, pl.Date, pl.Int64, pl.Float64, pl.Boolean, pl.String, pl.String,
    ]  # fmt: skip
    assert frame.row(1) == (None,) * 8


def test_a_level_without_rank_leaves_the_column_unordered() -> None:
    rows = tuple((NamedNode(VOC + f"level/{slug}"),) for slug in ("spokesperson", "minister"))
    level = frames.frame(Table(("level",), rows), orders=ORDERS)["level"].cat
    assert not level.ordered
    assert list(level.categories) == [*ORDERS["level"], "spokesperson"]


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        ([typed("1", "integer"), typed("1.5", "decimal")], "number"),
        ([typed("1", "integer"), Literal("x")], "text"),
        ([NamedNode(VOC + "level/minister"), NamedNode(ID + "person/a")], "text"),
        ([None], "text"),
        ([], "text"),
        ([typed("2021-02-30", "date")], "text"),
    ],
)
def test_what_a_column_holds(terms: list[Term | None], kind: str) -> None:
    assert frames.column_type(terms) == kind


def test_every_answer_becomes_a_frame_of_as_many_rows(built: Path) -> None:
    from alliance_graph import questions

    g = ag.open(built)
    for question in questions.catalogue():
        rows = g.ask(question.name, **question.example)
        frame = rows.df()
        assert frame.shape == (len(rows), len(rows.columns)), question.name
        assert rows.df("polars").shape == frame.shape, question.name


def test_a_library_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AllianceError, match="pandas or polars"):
        frames.frame(TABLE, "dask")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(AllianceError, match="pip install"):
        frames.frame(TABLE)
