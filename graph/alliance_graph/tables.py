"""Answers as typed values, and as text: a table for people, the SPARQL formats for programs.

An answer is a :class:`Table` (SELECT), a :class:`Truth` (ASK) or :class:`Triples` (CONSTRUCT,
DESCRIBE); all three know ``write(form)``. The formats for programs are pyoxigraph's own: SPARQL 1.1
Query Results JSON, CSV and TSV, XML (https://www.w3.org/TR/sparql11-overview/).

Columns come in pairs where a thing has a name: ``person`` holds its id, ``personLabel`` its name.
The table for people shows the name alone.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import IO, TYPE_CHECKING, Any

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Triple,
    parse_query_results,
    serialize,
)

from alliance_graph.errors import QueryError
from alliance_graph.vocabulary import ID, PREFIXES, VOC, XSD, compact

if TYPE_CHECKING:
    from alliance_graph.store import Answer as StoreAnswer

Term = NamedNode | BlankNode | Literal | Triple
Value = str | int | float | bool | date | None

ABSENCE = "not in these sources"
"""What an empty answer says: the sources do not tell it; whether it was so is another question."""

_RESULTS = {
    "csv": QueryResultsFormat.CSV,
    "tsv": QueryResultsFormat.TSV,
    "json": QueryResultsFormat.JSON,
    "xml": QueryResultsFormat.XML,
}
_GRAPHS = {
    "ttl": RdfFormat.TURTLE,
    "xml": RdfFormat.RDF_XML,
    "json": RdfFormat.JSON_LD,
    "jsonld": RdfFormat.JSON_LD,
}
_READ: dict[str, Callable[[str], Value]] = {
    **dict.fromkeys(
        (XSD + n for n in ("integer", "int", "long", "short", "nonNegativeInteger")), int
    ),
    **dict.fromkeys((XSD + n for n in ("decimal", "double", "float")), float),
    XSD + "date": date.fromisoformat,
    XSD + "boolean": lambda text: text in ("true", "1"),
}
"""By datatype, what its texts are in Python."""
_PLAIN = (NamedNode, Literal)


# --- values ---------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def short(iri: str) -> str:
    """An IRI for people: the id of a thing, the name of a concept, else a prefixed name.

    >>> short("https://w3id.org/alliance-graph/id/person/antony-blinken")
    'antony-blinken'
    """
    for base in (ID, VOC):
        if iri.startswith(base):
            kind, _, name = iri.removeprefix(base).partition("/")
            return name or kind
    return compact(iri)


def plain(term: Term | None) -> Value:
    """A term as a Python value: int, float, bool, date, or text (the short form of an IRI)."""
    if isinstance(term, NamedNode):
        return short(term.value)
    if isinstance(term, Literal):
        read, text = _READ.get(term.datatype.value), term.value
        try:
            return read(text) if read else text
        except ValueError:
            return text
    return None if term is None else str(term)


class _Values(dict[Term | None, Value]):
    """Terms and their values, each worked out once: most of an answer's cells come again."""

    def __missing__(self, term: Term | None) -> Value:
        value = self[term] = plain(term)
        return value


def _as_json(term: Term) -> dict[str, Any]:
    """A term of SPARQL 1.1 Query Results JSON, section 3.2.2 (and of 1.2 for a triple)."""
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, Triple):
        parts = {n: _as_json(getattr(term, n)) for n in ("subject", "predicate", "object")}
        return {"type": "triple", "value": parts}
    out = {"type": "literal", "value": term.value}
    if term.language:
        out["xml:lang"] = term.language
    elif term.datatype.value != XSD + "string":
        out["datatype"] = term.datatype.value
    return out


# --- answers --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """Rows of an answer.

    ``terms`` are pyoxigraph's terms, ``None`` where a row has no value; ``rows`` the same as Python
    values.

    >>> import alliance_graph as ag
    >>> rows = ag.open().ask("articles")
    >>> isinstance(rows, Table), len(rows), rows.rows[0][0]
    (True, 5, 'asiae-2020-10-16')
    """

    columns: tuple[str, ...]
    terms: tuple[tuple[Term | None, ...], ...]
    question: str | None = None
    """Name of the question that was asked."""
    absence: str = ABSENCE
    """What an empty answer says."""

    @classmethod
    def of(
        cls, answer: QuerySolutions, question: str | None = None, absence: str | None = None
    ) -> Table:
        """The rows of an engine's answer.

        >>> import alliance_graph as ag
        >>> found = ag.open().store.query("SELECT ?a { ?a a ally:Article }")
        >>> Table.of(found).columns
        ('a',)
        """
        columns = tuple(v.value for v in answer.variables)
        terms = tuple(map(tuple, answer))
        return cls(columns, terms, question, absence or ABSENCE)

    @cached_property
    def rows(self) -> tuple[tuple[Value, ...], ...]:
        """The rows as Python values."""
        value = _Values().__getitem__
        return tuple(tuple(map(value, row)) for row in self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __iter__(self) -> Iterator[tuple[Value, ...]]:
        return iter(self.rows)

    def dicts(self) -> list[dict[str, Value]]:
        """The rows as ``{column: value}``.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").dicts()[0]["publisherLabel"]
        'The Asia Business Daily'
        """
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Value]:
        """All values of one column, row by row; raises QueryError where there is none.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").column("publisher")[:2]
        ['asiae', 'hankyoreh']
        """
        if name not in self.columns:
            raise QueryError(f"no column {name!r}: there are {', '.join(self.columns)}")
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def write(self, form: str = "table", *, width: int | None = None, colour: bool = False) -> str:
        """The answer in one of the formats; raises QueryError for one that a table has not.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").write("csv")[:20]
        'article,articleLabel'
        """
        if form == "table":
            return self.text(width=width, colour=colour)
        if form not in _RESULTS:
            raise QueryError(f"a table has no format {form!r}: take one of table, {_all(_RESULTS)}")
        return self.csv() if form == "csv" else _serialised(self._json(), form)

    def csv(self) -> str:
        """SPARQL 1.1 CSV (RFC 4180, lines end with CRLF).

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").csv().count("\\r\\n")
        6
        """
        # written here, not by the engine: a build writes thousands of rows
        out = io.StringIO()
        lines = csv.writer(out)
        lines.writerow(self.columns)
        lines.writerows(
            ["" if t is None else t.value if isinstance(t, _PLAIN) else str(t) for t in row]
            for row in self.terms
        )
        return out.getvalue()

    def tsv(self) -> str:
        """SPARQL 1.1 TSV: every term in full.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").tsv()[:8]
        '?article'
        """
        return self.write("tsv")

    def json(self) -> str:
        """SPARQL 1.1 Query Results JSON.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").json()[:8]
        '{"head":'
        """
        return self.write("json")

    def xml(self) -> str:
        """SPARQL Query Results XML.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").xml()[:5]
        '<?xml'
        """
        return self.write("xml")

    def _json(self) -> bytes:
        bindings = [
            {c: _as_json(t) for c, t in zip(self.columns, row, strict=True) if t is not None}
            for row in self.terms
        ]
        document = {"head": {"vars": list(self.columns)}, "results": {"bindings": bindings}}
        return json.dumps(document, ensure_ascii=False).encode()

    def text(self, *, width: int | None = None, colour: bool = False) -> str:
        """A table for people, ending with the number of rows.

        Where a column has a name beside it (``person``, ``personLabel``) only the name is shown.
        With a ``width`` (in columns of a terminal) cells are wrapped to fit it; where that leaves
        less than a word for each, every row becomes a block of its own.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").text(width=80).splitlines()[-1][:6]
        '5 rows'
        """
        if not self.terms:
            return f"0 rows: {self.absence}\n"
        shown = [i for i, c in enumerate(self.columns) if c + "Label" not in self.columns]
        filled = [i for i in shown if any(self._shown(row, i) for row in self.rows)] or shown[:1]
        notes = [("no values", [self.columns[i] for i in shown if i not in filled])]
        cells = [[self._shown(row, i) for i in filled] for row in self.rows]
        heads = [_heading(self.columns[i]) for i in filled]
        if width is not None and _needed(heads, cells) > width:
            # identifiers of claims are long, and csv and json have them
            keep = [at for at, i in enumerate(filled) if self.columns[i] not in _SPARE]
            if keep:
                spare = [self.columns[i] for i in filled if self.columns[i] in _SPARE]
                notes.append(("too wide to show", spare))
                heads = [heads[at] for at in keep]
                cells = [[line[at] for at in keep] for line in cells]
                filled = [filled[at] for at in keep]
        right = [all(isinstance(r[i], int | float | None) for r in self.rows) for i in filled]
        lines = _layout(heads, cells, right, width, colour)
        count = f"{len(self)} row{'s' if len(self) != 1 else ''}"
        said = "; ".join(f"{what}: {', '.join(map(_heading, n))}" for what, n in notes if n)
        return "\n".join([*lines, _dim(f"{count} ({said})" if said else count, colour)]) + "\n"

    def _shown(self, row: tuple[Value, ...], at: int) -> str:
        """A cell for people; where a thing has no name, its id is better than nothing."""
        name = self.columns[at]
        stem = name.removesuffix("Label")
        if row[at] is None and stem != name and stem in self.columns:
            return _cell(row[self.columns.index(stem)])
        return _cell(row[at])


@dataclass(frozen=True)
class Truth:
    """The answer to ASK.

    >>> import alliance_graph as ag
    >>> bool(ag.open().sparql("ASK { ?a a ally:Article }"))
    True
    """

    value: bool

    def __bool__(self) -> bool:
        return self.value

    def write(self, form: str = "table", *, width: int | None = None, colour: bool = False) -> str:
        """``yes`` or ``no``, or SPARQL results JSON or XML.

        >>> import alliance_graph as ag
        >>> ag.open().sparql("ASK { ?a a ally:Article }").write()
        'yes\\n'
        """
        if form == "table":
            return "yes\n" if self.value else f"no: {ABSENCE}\n"
        if form not in ("json", "xml"):
            raise QueryError(f"yes or no has no format {form!r}: take one of table, json, xml")
        document = {"head": {}, "boolean": self.value}
        return _serialised(json.dumps(document).encode(), form)


@dataclass(frozen=True)
class Triples:
    """The answer to CONSTRUCT or DESCRIBE, in the order of subjects, predicates, objects.

    >>> import alliance_graph as ag
    >>> found = ag.open().sparql("CONSTRUCT WHERE { ?a a ally:Article }")
    >>> isinstance(found, Triples), len(found)
    (True, 5)
    """

    triples: tuple[Triple, ...]

    def __len__(self) -> int:
        return len(self.triples)

    def __iter__(self) -> Iterator[Triple]:
        return iter(self.triples)

    def write(self, form: str = "table", *, width: int | None = None, colour: bool = False) -> str:
        """Turtle (also for ``table``), RDF/XML or JSON-LD.

        >>> import alliance_graph as ag
        >>> found = ag.open().sparql("CONSTRUCT WHERE { ?a a ally:Article }")
        >>> found.write("ttl").count("ally:Article")
        5
        """
        kind = _GRAPHS.get("ttl" if form == "table" else form)
        if kind is None:
            raise QueryError(f"triples have no format {form!r}: take one of {_all(_GRAPHS)}")
        if not self.triples and form == "table":
            return f"0 triples: {ABSENCE}\n"
        prefixes = PREFIXES if kind == RdfFormat.TURTLE else None
        out = serialize(self.triples, format=kind, prefixes=prefixes)
        assert out is not None  # only None when written to a file
        return _ended(out.decode())


Answer = Table | Truth | Triples


def answer(found: StoreAnswer, question: str | None = None, absence: str | None = None) -> Answer:
    """An engine's answer as one of ours."""
    if isinstance(found, QueryBoolean):
        return Truth(bool(found))
    if isinstance(found, QueryTriples):
        return Triples(tuple(sorted(set(found), key=str)))
    return Table.of(found, question, absence)


def _serialised(document: bytes, form: str) -> str:
    parsed = parse_query_results(document, QueryResultsFormat.JSON)
    out = parsed.serialize(format=_RESULTS[form])
    assert out is not None  # only None when written to a file
    return _ended(out.decode())


def _ended(text: str) -> str:
    """A text that ends its last line, as files and terminals want it."""
    return text if text.endswith("\n") else text + "\n"


def _all(names: Sequence[str] | dict[str, Any]) -> str:
    return ", ".join(names)


# --- the table for people -------------------------------------------------------------------------

_LEAST = 12
"""Columns narrower than this many cells of the terminal are not worth wrapping into."""
_SPARE = frozenset({"claim", "bodyClaim", "derivation", "digest", "stance", "otherStance"})
"""Columns to leave out first where the terminal is too narrow."""
_TALLEST = 6
"""Rows of more lines than this read better as blocks."""
_CONTROLS = re.compile("[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
"""What could move the cursor, colour the terminal or turn the direction of writing."""


def terminal(stream: IO[str]) -> tuple[int | None, bool]:
    """Width to wrap to and whether to colour, for a stream: neither where it is no terminal.

    NO_COLOR (https://no-color.org) switches colour off.
    """
    if not stream.isatty():
        return None, False
    return shutil.get_terminal_size().columns, not os.environ.get("NO_COLOR")


def clean(text: str) -> str:
    """A text without control characters, as one line: safe to print on a terminal."""
    return _CONTROLS.sub(" ", text)


def wide(text: str) -> int:
    """How many cells of a terminal a text takes (UAX 11: wide ones take two)."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken at blanks, within a word where it is longer."""
    lines, line = [], ""
    for word in text.split(" "):
        together = f"{line} {word}" if line else word
        if wide(together) <= width:
            line = together
            continue
        if line:
            lines.append(line)
        while wide(word) > width:
            at = _fitting(word, width)
            lines.append(word[:at])
            word = word[at:]
        line = word
    return [*lines, line]


def _fitting(word: str, width: int) -> int:
    """How many of its characters fit, at least one."""
    at = used = 0
    while at < len(word) and used + wide(word[at]) <= width:
        used += wide(word[at])
        at += 1
    return max(at, 1)


def _heading(column: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", column.removesuffix("Label") or column)
    return words.lower()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clean(str(value))


def _dim(text: str, colour: bool) -> str:
    return f"\x1b[2m{text}\x1b[0m" if colour else text


def _bold(text: str, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def _pad(text: str, width: int, right: bool = False) -> str:
    blanks = " " * max(0, width - wide(text))
    return blanks + text if right else text + blanks


def _layout(
    heads: list[str],
    cells: list[list[str]],
    right: list[bool],
    width: int | None,
    colour: bool,
) -> Iterator[str]:
    sizes = _sizes(heads, cells)
    if width is not None and _needed(heads, cells) > width:
        fitted = _fit(sizes, width - 2 * (len(sizes) - 1))
        if fitted is None or _height(cells, fitted) > _TALLEST:
            yield from _blocks(heads, cells, width, colour)
            return
        sizes = fitted
    yield from _row(heads, sizes, right, lambda line: _bold(line, colour))
    yield _dim("  ".join("─" * size for size in sizes), colour)
    for line in cells:
        yield from _row(line, sizes, right)


def _sizes(heads: list[str], cells: list[list[str]]) -> list[int]:
    return [max(map(wide, column)) for column in zip(heads, *cells, strict=True)]


def _needed(heads: list[str], cells: list[list[str]]) -> int:
    """How many cells of a terminal the table takes in one line a row."""
    sizes = _sizes(heads, cells)
    return sum(sizes) + 2 * (len(sizes) - 1)


def _row(cells: list[str], sizes: list[int], right: list[bool], style: Any = str) -> Iterator[str]:
    parts = [wrap(cell, size) for cell, size in zip(cells, sizes, strict=True)]
    for i in range(max(map(len, parts))):
        line = "  ".join(
            _pad(part[i] if i < len(part) else "", size, r)
            for part, size, r in zip(parts, sizes, right, strict=True)
        )
        yield style(line.rstrip())


def _fit(sizes: list[int], room: int) -> list[int] | None:
    """The sizes cut to ``room`` by narrowing the widest; None where they get too narrow."""
    least = [min(size, _LEAST) for size in sizes]
    if sum(least) > room:
        return None
    limit = max(sizes)
    while sum(max(min(s, limit), m) for s, m in zip(sizes, least, strict=True)) > room:
        limit -= 1
    return [max(min(s, limit), m) for s, m in zip(sizes, least, strict=True)]


def _height(cells: list[list[str]], sizes: list[int]) -> int:
    return max(len(wrap(c, s)) for line in cells for c, s in zip(line, sizes, strict=True))


def _blocks(heads: list[str], cells: list[list[str]], width: int, colour: bool) -> Iterator[str]:
    """Every row as a block of its own, a field a line; fields without a value are left out."""
    margin = max(map(wide, heads)) + 2
    room = max(width - margin, _LEAST)
    for line in cells:
        for head, cell in zip(heads, line, strict=True):
            if cell:
                first, *rest = wrap(cell, room)
                yield _bold(_pad(head, margin), colour) + first
                yield from (" " * margin + more for more in rest)
        yield ""
