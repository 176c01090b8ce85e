"""Answers as data frames with typed columns: days, whole numbers, yes or no, categories.

pandas comes with ``pip install '.[notebook]'``; polars is used where it is installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from alliance_graph.errors import AllianceError
from alliance_graph.tables import Table, Value, plain
from alliance_graph.vocabulary import VOC

if TYPE_CHECKING:
    from alliance_graph.tables import Term

Orders = Mapping[str, Sequence[str]]
"""Schemes of our vocabularies whose concepts have an order, with their slugs in that order."""


def frame(table: Table, library: str = "pandas", orders: Orders | None = None) -> Any:
    """The rows as a data frame of ``library``, "pandas" or "polars".

    ``xsd:date`` becomes a day, ``xsd:integer`` a whole number that may be missing, a concept of our
    vocabularies a category (in the order of ``orders``, where it has one), a thing its id. Dates as
    a source leaves them open (EDTF, such as ``2021-03~``) stay text. Raises AllianceError where the
    library is not installed or not known.
    """
    if library not in _MAKERS:
        raise AllianceError(f"no data frames of {library!r}: take pandas or polars")
    try:
        return _MAKERS[library](table, orders or {})
    except ModuleNotFoundError as missing:
        raise AllianceError(
            f"{missing.name} is not installed: pip install '.[notebook]' in a checkout "
            "brings pandas, pip install polars the other"
        ) from None


def column_type(terms: Sequence[Term | None]) -> str:
    """What a column holds: integer, number, boolean, date, concept or text."""
    found = {_type(term) for term in terms if term is not None}
    if len(found) == 1:
        return found.pop()
    return "number" if found == {"integer", "number"} else "text"


def _type(term: Term) -> str:
    if isinstance(term, NamedNode):
        return "concept" if term.value.startswith(VOC) else "text"
    value = plain(term) if isinstance(term, Literal) else None
    # bool first: it is an int to Python
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if isinstance(value, kind):
            return name
    return "text" if value is None or isinstance(value, str) else "date"


def _columns(table: Table) -> list[tuple[str, str, list[Value], list[Term | None]]]:
    out = []
    for i, name in enumerate(table.columns):
        terms = [row[i] for row in table.terms]
        out.append((name, column_type(terms), [row[i] for row in table.rows], terms))
    return out


def _texts(values: list[Value]) -> list[str | None]:
    return [None if v is None else str(v) for v in values]


def _categories(terms: Sequence[Term | None], orders: Orders) -> tuple[list[str], bool]:
    """The concepts of a column, ranked ones first, and whether all of them have a rank."""
    schemes = {
        t.value.removeprefix(VOC).partition("/")[0] for t in terms if isinstance(t, NamedNode)
    }
    ranked = list(orders.get(schemes.pop(), ())) if len(schemes) == 1 else []
    found = {str(plain(t)) for t in terms if t is not None}
    return ranked + sorted(found - set(ranked)), bool(ranked) and found <= set(ranked)


def _pandas(table: Table, orders: Orders) -> Any:
    import pandas as pd

    made: dict[str, Any] = {}
    for name, kind, values, terms in _columns(table):
        if kind == "concept":
            names, ranked = _categories(terms, orders)
            made[name] = pd.Categorical(_texts(values), categories=names, ordered=ranked)
        else:
            dtype: Any = _PANDAS[kind]
            made[name] = pd.Series(_texts(values) if kind == "text" else values, dtype=dtype)
    return pd.DataFrame(made, columns=list(table.columns))


_PANDAS = {
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "date": "datetime64[s]",
    "text": "string",
}


def _polars(table: Table, orders: Orders) -> Any:
    import polars as pl

    kinds: dict[str, Any] = {
        "integer": pl.Int64,
        "number": pl.Float64,
        "boolean": pl.Boolean,
        "date": pl.Date,
        "text": pl.String,
        "concept": pl.Categorical,
    }
    made = []
    for name, kind, values, terms in _columns(table):
        dtype = kinds[kind]
        if kind == "concept":
            # an Enum sorts in the order of its categories
            names, ranked = _categories(terms, orders)
            dtype = pl.Enum(names) if ranked else dtype
        data = _texts(values) if kind in ("text", "concept") else values
        made.append(pl.Series(name, data, dtype=dtype))
    return pl.DataFrame(made)


_MAKERS = {"pandas": _pandas, "polars": _polars}
