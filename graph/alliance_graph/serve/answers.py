"""What a worker does with a request: runs the query, takes a thing or a graph, writes the reply.

Everything here runs in a process that may be ended at any time (:mod:`alliance_graph.serve.pool`).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO, Any, cast

import pyoxigraph as ox

from alliance_graph import tables
from alliance_graph.errors import LimitError, QueryError
from alliance_graph.serve import pages, protocol
from alliance_graph.serve.pool import Head, Limits
from alliance_graph.serve.protocol import HTML, NAMES, RefusedError, negotiate
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import PREFIXES
from alliance_graph.worker import keywords

RESULTS: dict[str, ox.QueryResultsFormat] = {
    "application/sparql-results+json": ox.QueryResultsFormat.JSON,
    "application/json": ox.QueryResultsFormat.JSON,
    "application/sparql-results+xml": ox.QueryResultsFormat.XML,
    "application/xml": ox.QueryResultsFormat.XML,
    "text/xml": ox.QueryResultsFormat.XML,
    "text/csv": ox.QueryResultsFormat.CSV,
    "text/tab-separated-values": ox.QueryResultsFormat.TSV,
}
"""Media types for rows, the one we like best first."""
BOOLEANS = [name for name in RESULTS if name.endswith(("json", "xml"))]
"""CSV and TSV have no form for yes or no (SPARQL 1.1 Query Results CSV and TSV Formats)."""
GRAPHS: dict[str, ox.RdfFormat] = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/ld+json": ox.RdfFormat.JSON_LD,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/json": ox.RdfFormat.JSON_LD,
    "application/xml": ox.RdfFormat.RDF_XML,
}
"""Media types for triples."""
# What XML 1.0 cannot hold (section 2.2), as UTF-8: most controls, U+FFFE and U+FFFF.
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]|&#(?:x0*[0-8bcef];|x1)")


_SMALL = 1_400
"""Bytes that fit into one packet anyway."""


def compressed(body: bytes) -> bytes:
    """The same bytes in gzip, quickly."""
    return gzip.compress(body, 4, mtime=0)


class Answers:
    """Answers requests over one graph; made before the workers are forked."""

    def __init__(self, store: Embedded, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        # so that a worker has done once what it does for every request
        self({"do": "query", "query": "SELECT * { ?s ?p ?o } LIMIT 3", "accept": HTML}, b"")

    def __call__(self, request: Head, body: bytes) -> tuple[Head, bytes]:
        """The reply: a head with the HTTP status, media type and what else is to be told."""
        try:
            if request["do"] == "protocol":
                request = {**request, **protocol.asked(request, body)}
            head, body = getattr(self, f"_{request['do']}")(request)
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        except QueryError as bad:
            return _error(400, str(bad))
        except LimitError as past:
            return _error(507, str(past))
        except MemoryError:
            raise
        except Exception as bad:  # noqa: BLE001 - one request must not take its worker along
            return _error(500, f"this went wrong here: {type(bad).__name__}")
        if len(body) > self._limits.reply:
            return _error(507, _too_long(self._limits))
        if "xml" in head["type"] and _NOT_XML.search(body):
            return _error(406, "the answer holds characters that XML has no form for; take JSON")
        head = {"status": 200, "tag": hashlib.sha256(body).hexdigest()[:32], **head}
        if request["do"] == "query" and protocol.changing(request["query"]):
            head["changing"] = True
        if request.get("gzip") and len(body) > _SMALL:
            return {**head, "encoding": "gzip"}, compressed(body)
        return head, body

    # --- SPARQL -------------------------------------------------------------------------------

    def _query(self, request: Head) -> tuple[Head, bytes]:
        found = self._found(request)
        if isinstance(found, ox.QueryBoolean):
            form = _take(request, [*BOOLEANS, HTML])
            if form == HTML:
                return _html(pages.results(request["query"], truth=bool(found)))
            return {"type": form}, _whole(found.serialize(format=RESULTS[form]))
        if isinstance(found, ox.QueryTriples):
            form = _take(request, [*GRAPHS, HTML])
            some = list(itertools.islice(found, self._limits.rows + 1))
            head = self._told(len(some) > self._limits.rows)
            triples = sorted(set(some[: self._limits.rows]), key=str)
            if form == HTML:
                text = _written(triples, "text/turtle").decode()
                page = pages.results(request["query"], turtle=text, cut=head.get("truncated"))
                return _html(page, head)
            return {"type": form, **head}, _written(triples, form)
        form = _take(request, [*RESULTS, HTML])
        body, cut = self._rows(found)
        head = self._told(cut)
        if form == HTML:
            table = tables.Table.of(_parsed(body))
            page = pages.results(request["query"], table=table, cut=head.get("truncated"))
            return _html(page, head)
        if RESULTS[form] != ox.QueryResultsFormat.JSON:
            body = _whole(_parsed(body).serialize(format=RESULTS[form]))
        return {"type": form, **head}, body

    def _found(self, request: Head) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        text: str = request["query"]
        words = keywords(text)
        if "SERVICE" in words:
            raise RefusedError(403, "SERVICE is refused: this endpoint asks no other one")
        default, named = request.get("default", ()), request.get("named", ())
        base = request.get("base")
        dataset: dict[str, Any] = {"use_default_graph_as_union": "FROM" not in words}
        if default or named:
            # the protocol's data set goes before the query's own (SPARQL 1.1 Protocol, 2.1.4)
            dataset = {"default_graph": _nodes(default), "named_graphs": _nodes(named)}
        try:
            try:
                return self._store.engine.query(text, base_iri=base, **dataset)
            except SyntaxError:
                # it may leave the declaring of our prefixes to us, which takes its time
                return self._store.engine.query(text, base_iri=base, prefixes=PREFIXES, **dataset)
        except SyntaxError as bad:
            raise QueryError(f"not a SPARQL 1.1 query: {bad}") from None
        except (RuntimeError, OSError, ValueError) as bad:
            raise QueryError(f"the engine could not answer: {bad}") from None

    def _rows(self, found: ox.QuerySolutions) -> tuple[bytes, bool]:
        """The rows as SPARQL results JSON, and whether there were more than the limit."""
        sink = _Sink(self._limits.reply, self._limits.rows)
        try:
            found.serialize(cast("IO[bytes]", sink), format=ox.QueryResultsFormat.JSON)
        except _FullError:
            pass
        except (RuntimeError, OSError, ValueError) as bad:
            raise QueryError(f"the engine could not answer: {bad}") from None
        body = sink.data
        most = self._limits.rows
        # a row takes three bytes at least; only rows without a value must be counted one by one
        few = len(body) < 3 * most or (sink.rows < most and b"{}" not in body)
        if few and not sink.full:
            return body, False
        solutions = _parsed(body)
        columns = tuple(v.value for v in solutions.variables)
        kept = []
        try:
            for row in itertools.islice(solutions, most):
                kept.append(tuple(row[c] for c in columns))
            if not sink.full and next(solutions, None) is None:
                return body, False
        except SyntaxError:
            # the sink was full in the middle of a row that the limit allows
            raise LimitError(_too_long(self._limits), "memory") from None
        return tables.Table(columns, tuple(kept)).json().encode(), True

    def _told(self, cut: bool) -> Head:
        return {"truncated": self._limits.rows} if cut else {}

    # --- things and graphs --------------------------------------------------------------------

    def _thing(self, request: Head) -> tuple[Head, bytes]:
        """What the graph says of a thing: its statements, and those that lead to it."""
        engine, node = self._store.engine, _named(request["iri"])
        out = {q.triple for q in engine.quads_for_pattern(node, None, None)}
        if not out:
            raise RefusedError(404, f"the graph holds nothing of <{request['iri']}>")
        back = {q.triple for q in engine.quads_for_pattern(None, None, node)}
        form = _take(request, [HTML, *GRAPHS])
        if form == HTML:
            return _html(pages.thing(self._store, node, out, back))
        return {"type": form}, _written(sorted(out | back, key=str), form)

    def _graph(self, request: Head) -> tuple[Head, bytes]:
        """A graph as a whole (SPARQL 1.1 Graph Store HTTP Protocol, section 5.2)."""
        engine, iri = self._store.engine, request["iri"]
        if iri is None:
            triples = {q.triple for q in engine}
        else:
            node = _named(iri)
            if not engine.contains_named_graph(node):
                raise RefusedError(404, f"no graph <{iri}>")
            triples = {q.triple for q in engine.quads_for_pattern(None, None, None, node)}
        form = _take(request, list(GRAPHS))
        return {"type": form}, _written(sorted(triples, key=str), form)


class _FullError(Exception):
    """More was written than there is room for."""


class _Sink(io.RawIOBase):
    """Takes so many bytes, or rows of SPARQL results JSON, then stops the engine."""

    def __init__(self, most: int, enough: int) -> None:
        super().__init__()
        self.full = False
        self.rows = 0
        """How many are complete, but for the last and for those without any value."""
        self._most = most
        self._enough = enough
        self._size = 0
        self._chunks: list[bytes] = []
        self._end = b""

    @property
    def data(self) -> bytes:
        """What has come."""
        return b"".join(self._chunks)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        # the engine flushes what it holds once more after the error
        if not self.full:
            chunk = bytes(data)
            self._chunks.append(chunk)
            self._size += len(chunk)
            # in a text the quote would stand behind a backslash: here two rows meet
            self.rows += chunk.count(_BETWEEN) + (self._end + chunk[:3]).count(_BETWEEN)
            self._end = (self._end + chunk[-3:])[-3:]
            if self._size > self._most or self.rows > self._enough:
                self.full = True
                raise _FullError
        return len(data)


_BETWEEN = b'},{"'


def _error(status: int, text: str) -> tuple[Head, bytes]:
    return {"status": status, "type": "text/plain"}, f"{text}\n".encode()


def _too_long(limits: Limits) -> str:
    return f"the reply would be longer than {limits.reply / 1e6:g} MB"


def _html(text: str, head: Head | None = None) -> tuple[Head, bytes]:
    return {"type": HTML, **(head or {})}, text.encode()


def _take(request: Head, offers: list[str]) -> str:
    """The media type to reply with: by name (``format=``) where one fits, else by Accept."""
    for name in NAMES.get(request.get("format", "").lower(), ()):
        if name in offers:
            return name
    form = negotiate(request.get("accept", ""), tuple(offers))
    if form is None:
        raise RefusedError(406, f"this answer comes as {', '.join(dict.fromkeys(offers))}")
    return form


def _nodes(iris: Iterable[str]) -> list[ox.NamedNode]:
    try:
        return [ox.NamedNode(iri) for iri in iris]
    except ValueError as bad:
        raise QueryError(f"no IRI for a graph: {bad}") from None


def _named(iri: str) -> ox.NamedNode:
    try:
        return ox.NamedNode(iri)
    except ValueError:
        raise RefusedError(404, "no such IRI") from None


def _parsed(body: bytes) -> ox.QuerySolutions:
    parsed = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
    assert isinstance(parsed, ox.QuerySolutions)
    return parsed


def _written(triples: Iterable[ox.Triple], form: str) -> bytes:
    """Triples in order; prefixes only where a reader sees them."""
    kind = GRAPHS[form]
    turtle = kind == ox.RdfFormat.TURTLE
    out = _whole(ox.serialize(triples, format=kind, prefixes=PREFIXES if turtle else None))
    return b"".join(_used(out)) if turtle else out


def _used(turtle: bytes) -> Iterator[bytes]:
    """Turtle with only those prefixes that it uses, in order."""
    at = 0
    while turtle.startswith(b"@prefix ", at):
        at = turtle.index(b"\n", at) + 1
    found = set(re.findall(rb"[\w-]+:", turtle[at:]))
    yield from sorted(line for line in turtle[:at].splitlines(True) if line.split()[1] in found)
    yield turtle[at:]


def _whole(data: bytes | None) -> bytes:
    assert data is not None  # only None when written to a file
    return data
