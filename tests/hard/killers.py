"""Requests made to end, fill or hold up a server, each by its name: the zoo.

A :class:`Killer` is a query with the statuses that are true answers to it, or a
:class:`Rogue`, which speaks to the socket itself.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode

OK, BAD, FORBIDDEN, LATE, FULL = 200, 400, 403, 504, 507
HEAVY = frozenset({LATE, FULL})
DEEP = frozenset({OK, BAD, LATE, FULL})
"""Where a later engine may well manage: what counts is that nobody else notices."""
CROSS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
ALL = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l"
LINK = "http://{listener}/data.ttl"
"""Where somebody listens and counts who comes."""


@dataclass(frozen=True)
class Killer:
    """A query, and the statuses that are true answers to it."""

    name: str
    text: str
    wanted: frozenset[int]
    params: str = ""
    in_ci: bool = False
    """Whether the gate tries it on every run."""

    def query(self, listener: str) -> str:
        """The query, with the address of whoever listens."""
        return self.text.replace("{listener}", listener)


@dataclass(frozen=True)
class Rogue:
    """A request that no client would send; ``send`` gives what came back, if anything did."""

    name: str
    send: Callable[[int], bytes]
    wanted: frozenset[int]
    """Statuses; 0 for a connection that is closed without a word."""


def _nested(before: str, middle: str, after: str, depth: int) -> str:
    return before * depth + middle + after * depth


def _deep() -> Iterator[tuple[str, str]]:
    """Every construct inside itself, or after itself, as long as a query may be."""
    yield "braces", "SELECT * WHERE " + _nested("{", "", "}", 30_000)
    yield "parentheses", "SELECT * { FILTER" + _nested("(", "1", ")", 30_000) + " }"
    yield "not", "SELECT * { FILTER(" + "!" * 100_000 + "true) }"
    yield "minus-sign", "SELECT (" + "- " * 60_000 + "1 AS ?x) {}"
    yield "sum", "SELECT (" + "1+" * 60_000 + "1 AS ?x) {}"
    yield "product", "SELECT (" + "1*" * 60_000 + "1 AS ?x) {}"
    yield "or", "SELECT * { ?a ?b ?c FILTER(" + "?a||" * 30_000 + "?a) }"
    yield "and", "SELECT * { ?a ?b ?c FILTER(" + "?a&&" * 30_000 + "?a) }"
    yield "if", "SELECT (" + _nested("IF(", "1", ",1,1)", 20_000) + " AS ?x) {}"
    yield "coalesce", "SELECT (" + _nested("COALESCE(", "1", ")", 20_000) + " AS ?x) {}"
    yield "function", "SELECT (" + _nested("STR(", "1", ")", 40_000) + " AS ?x) {}"
    yield "exists", "SELECT * { " + _nested("FILTER EXISTS { ", "?a ?b ?c", " }", 9_000) + " }"
    yield (
        "not-exists",
        "SELECT * { " + _nested("FILTER NOT EXISTS { ", "?a ?b ?c", " }", 9_000) + " }",
    )
    yield "optional", "SELECT * { " + _nested("OPTIONAL { ", "?a ?b ?c", " }", 15_000) + " }"
    yield "minus", "SELECT * { ?a ?b ?c " + _nested("MINUS { ?a ?b ?c ", "", " }", 10_000) + " }"
    yield "union-in-union", "SELECT * { " + _nested("{", "?a ?b ?c", "} UNION {}", 15_000) + " }"
    yield "union-row", "SELECT * { " + " UNION ".join(["{?a ?b ?c}"] * 12_000) + " }"
    yield "sub-select", "SELECT * " + _nested("{ SELECT * ", "{}", " }", 15_000)
    yield "graph", "SELECT * { " + _nested("GRAPH ?g { ", "?a ?b ?c", " }", 15_000) + " }"
    yield "bind-row", "SELECT * { " + " ".join(f"BIND({i} AS ?v{i})" for i in range(9_000)) + " }"
    yield "blank-node", "SELECT * { " + _nested("[ <urn:p> ", "1", " ]", 15_000) + " <urn:q> 2 }"
    yield "collection", "SELECT * { " + _nested("(", "1", ")", 60_000) + " <urn:q> 2 }"
    yield "path-parentheses", "SELECT * { ?a " + _nested("(", "<urn:p>", ")", 60_000) + " ?b }"
    yield "path-inverse", "SELECT * { ?a " + "^" * 100_000 + "<urn:p> ?b }"
    yield "path-star", "SELECT * { ?a " + _nested("(", "<urn:p>", "*)", 40_000) + " ?b }"
    yield "path-choice", "SELECT * { ?a " + "|".join(["<urn:p>"] * 25_000) + " ?b }"
    yield "path-not", "SELECT * { ?a !(" + "|".join(f"<urn:{i}>" for i in range(15_000)) + ") ?b }"
    yield "in-list", "SELECT * { ?a ?b ?c FILTER(?a IN (" + ",".join(["1"] * 100_000) + ")) }"
    yield "in-in-in", "SELECT (1 IN " + _nested("(1 IN ", "(1)", ")", 15_000) + " AS ?x) {}"
    yield (
        "triple-term",
        "SELECT * { " + _nested("<<", " ?a ?b ?c ", " ?b ?c >>", 9_000) + " ?x ?y }",
    )
    yield "long-name", "SELECT ?" + "a" * 250_000 + " {}"
    yield "many-columns", "SELECT " + " ".join(f"?v{i}" for i in range(30_000)) + " {}"
    yield "many-keys", f"SELECT * {{ {CROSS} }} ORDER BY " + "?a " * 60_000
    yield "filter-row", "SELECT * { ?a ?b ?c " + "FILTER(?a != 1) " * 12_000 + "}"
    yield "digits", "SELECT (" + "9" * 250_000 + " AS ?x) {}"
    yield "values-table", "SELECT * { VALUES ?x { " + "1 " * 120_000 + "} }"


def _plans() -> Iterator[tuple[str, str]]:
    """Short texts that take for ever before the first triple is looked at."""
    yield "plan-star", "SELECT * { " + "?s ?p ?o . " * 300 + "}"
    yield "plan-distinct", "SELECT * { " + " ".join(f"?s ?p{i} ?o{i} ." for i in range(200)) + "}"
    yield "plan-chain", "SELECT * { " + " ".join(f"?v{i} ?p ?v{i + 1} ." for i in range(250)) + "}"
    optional = " ".join(f"OPTIONAL {{ ?s ?p{i} ?o{i} }}" for i in range(600))
    yield "plan-optional", f"SELECT * {{ ?s ?p ?o {optional} }}"
    yield "plan-collection", "SELECT * { (" + "1 " * 300 + ") ?p ?o }"
    yield "plan-path", "SELECT * { ?a " + "/".join(["<urn:p>"] * 1_000) + " ?b }"
    yield (
        "plan-values",
        "SELECT * { " + " ".join(f"VALUES ?v{i} {{1 2}}" for i in range(300)) + " }",
    )


def _products() -> Iterator[tuple[str, str, frozenset[int]]]:
    """More rows than there are seconds."""
    yield "cross-count", f"SELECT (COUNT(*) AS ?n) {{ {ALL} }}", HEAVY
    yield "cross-count-distinct", f"SELECT (COUNT(DISTINCT *) AS ?n) {{ {ALL} }}", HEAVY
    yield "cross-order", f"SELECT * {{ {CROSS} }} ORDER BY ?c ?f ?i", HEAVY
    yield "cross-distinct", f"SELECT DISTINCT ?a {{ {ALL} FILTER(?l = 1) }}", HEAVY
    yield "cross-group", f"SELECT ?a (COUNT(*) AS ?n) {{ {ALL} }} GROUP BY ?a ?d ?g", HEAVY
    yield "cross-having", f"SELECT ?a {{ {ALL} }} GROUP BY ?a HAVING(COUNT(*) < 0)", HEAVY
    yield "cross-minimum", f"SELECT (MIN(?l) AS ?n) {{ {ALL} }}", HEAVY
    yield "cross-average", f"SELECT (AVG(STRLEN(STR(?l))) AS ?n) {{ {ALL} }}", HEAVY
    yield "cross-concat", f"SELECT (GROUP_CONCAT(?c) AS ?n) {{ {ALL} }}", HEAVY
    yield "cross-ask", f"ASK {{ {ALL} FILTER(?a = ?l && ?a != ?l) }}", HEAVY
    yield "cross-minus", f"SELECT * {{ {CROSS} MINUS {{ {CROSS} }} }}", HEAVY
    yield "cross-not-exists", f"ASK {{ {CROSS} FILTER NOT EXISTS {{ {ALL} }} }}", HEAVY
    yield "cross-offset", f"SELECT * {{ {ALL} }} OFFSET 999999999999 LIMIT 1", HEAVY
    yield "cross-values", "SELECT (COUNT(*) AS ?n) { " + _tables(8) + " }", HEAVY
    yield "cross-values-order", "SELECT * { " + _tables(8) + " } ORDER BY ?v0 ?v7", HEAVY
    yield "cross-rows", f"SELECT * {{ {CROSS} }}", HEAVY | {OK}
    yield "cross-construct", f"CONSTRUCT {{ ?a ?b ?i }} {{ {CROSS} }}", HEAVY | {OK}
    yield "cross-describe", f"DESCRIBE ?a ?d {{ {CROSS} }}", HEAVY | {OK}
    yield (
        "cross-sub-select",
        f"SELECT * {{ {{ SELECT ?a {{ {ALL} }} ORDER BY ?l LIMIT 1 }} }}",
        HEAVY,
    )
    yield (
        "cross-graph",
        "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?a ?b ?c } GRAPH ?h { ?d ?e ?f } }",
        (HEAVY),
    )
    yield "path-closure", "SELECT (COUNT(*) AS ?n) { ?a (!<urn:x>|^!<urn:x>)* ?b }", HEAVY | {OK}
    yield "path-closures", "SELECT (COUNT(*) AS ?n) { ?a ((!<urn:x>)*/(^!<urn:x>)*)* ?b }", HEAVY
    yield "regex-cross", f"ASK {{ {CROSS} FILTER REGEX(STR(?c), '^(a+)+$$') }}", HEAVY | {OK}


def _tables(count: int) -> str:
    numbers = " ".join(map(str, range(30)))
    return " ".join(f"VALUES ?v{i} {{ {numbers} }}" for i in range(count))


def _memory() -> Iterator[tuple[str, str, frozenset[int]]]:
    """A short text that asks for a long one."""
    seed = "BIND('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS ?x0) "

    def grown(step: str, count: int) -> str:
        return seed + " ".join(f"BIND({step % {'x': f'?x{i}'}} AS ?x{i + 1})" for i in range(count))

    yield "doubling", "SELECT ?x26 { " + grown("CONCAT(%(x)s, %(x)s)", 26) + " }", HEAVY
    yield "replacing", "SELECT ?x9 { " + grown("REPLACE(%(x)s, 'a', %(x)s)", 9) + " }", HEAVY | {OK}
    yield (
        "encoding",
        "SELECT (STRLEN(?y) AS ?n) { "
        + grown("CONCAT(%(x)s, %(x)s)", 24)
        + (" BIND(ENCODE_FOR_URI(?x24) AS ?y) }"),
        HEAVY | {OK},
    )
    yield (
        "sorted-texts",
        "SELECT ?x14 { ?s ?p ?o . ?t ?q ?r "
        + grown("CONCAT(%(x)s, %(x)s)", 14)
        + " BIND(CONCAT(?x14, STR(?s), STR(?t)) AS ?z) } ORDER BY ?z",
        HEAVY,
    )
    yield (
        "distinct-texts",
        "SELECT (COUNT(DISTINCT ?u) AS ?n) { " + _tables(7) + (" BIND(STRUUID() AS ?u) }"),
        HEAVY,
    )
    yield (
        "regex-size",
        "ASK { FILTER REGEX('a', '(((a{99}){99}){99}){99}') }",
        frozenset({OK, BAD, FULL}),
    )
    yield (
        "regex-backtrack",
        "ASK { BIND('" + "a" * 9_000 + "b' AS ?x) FILTER REGEX(?x, '^(a|a)*$') }",
        (frozenset({OK})),
    )
    yield (
        "regex-replace",
        "SELECT (REPLACE('" + "a" * 60_000 + "', '(a*)*b', 'x') AS ?y) {}",
        (frozenset({OK})),
    )
    yield (
        "year",
        "SELECT (YEAR('999999999999999999-01-01T00:00:00Z'^^xsd:dateTime) AS ?y) {}",
        (frozenset({OK})),
    )


def _network() -> Iterator[tuple[str, str, frozenset[int]]]:
    """Whatever might make the server ask another one."""
    refused = frozenset({FORBIDDEN})
    bad = frozenset({BAD})
    fine = frozenset({OK})
    yield "service", f"SELECT * {{ SERVICE <{LINK}> {{ ?s ?p ?o }} }}", refused
    yield "service-silent", f"SELECT * {{ SERVICE SILENT <{LINK}> {{ ?s ?p ?o }} }}", refused
    yield (
        "service-bound",
        f"SELECT * {{ VALUES ?x {{ <{LINK}> }} SERVICE ?x {{ ?s ?p ?o }} }}",
        refused,
    )
    yield (
        "service-in-exists",
        (f"ASK {{ ?a ?b ?c FILTER EXISTS {{ SERVICE <{LINK}> {{ ?s ?p ?o }} }} }}"),
        refused,
    )
    yield "service-after-remark", f"ASK {{ # '\nSERVICE <{LINK}> {{ ?s ?p ?o }} }}", refused
    yield (
        "service-escaped",
        (f"SELECT * {{ SERVIC\\u0045 SILENT <{LINK}> {{ ?s ?p ?o }} }}"),
        frozenset({OK, BAD, FORBIDDEN}),
    )
    yield (
        "service-base",
        "BASE <http://{listener}/> ASK { SERVICE <x> { ?s ?p ?o } }",
        refused,
    )
    yield "service-file", "ASK { SERVICE <file:///etc/passwd> { ?s ?p ?o } }", refused
    yield "from", f"ASK FROM <{LINK}> {{ ?s ?p ?o }}", fine
    yield "from-named", f"ASK FROM NAMED <{LINK}> {{ GRAPH ?g {{ ?s ?p ?o }} }}", fine
    yield "from-file", "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }", fine
    yield "graph-link", f"ASK {{ GRAPH <{LINK}> {{ ?s ?p ?o }} }}", fine
    yield "describe-link", f"DESCRIBE <{LINK}>", fine
    for name, update in (
        ("load", f"LOAD <{LINK}>"),
        ("load-silent", f"LOAD SILENT <{LINK}> INTO GRAPH <urn:g>"),
        ("load-file", "LOAD <file:///etc/passwd>"),
        ("insert", "INSERT DATA { <urn:a> <urn:b> <urn:c> }"),
        ("delete", "DELETE WHERE { ?s ?p ?o }"),
        ("drop", "DROP ALL"),
        ("clear-service", f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{LINK}> {{ ?s ?p ?o }} }}"),
    ):
        yield name, update, bad | refused


_IN_CI = frozenset(
    "braces not sum exists optional sub-select bind-row blank-node path-star union-row plan-star "
    "plan-optional cross-count cross-order cross-distinct cross-values cross-rows doubling "
    "distinct-texts regex-backtrack service service-silent service-bound service-escaped "
    "from from-named load drop default-graph-link named-graph-link".split()
)


def killers() -> list[Killer]:
    """Every query, those that a worker hardly survives first."""
    found = [(name, text, DEEP) for name, text in (*_deep(), *_plans())]
    found += [*_products(), *_memory(), *_network()]
    made = [Killer(name, text, wanted, in_ci=name in _IN_CI) for name, text, wanted in found]
    for name, key in (("default", "default-graph-uri"), ("named", "named-graph-uri")):
        link = f"?{key}=" + quote("http://{listener}/", safe="{}")
        made.append(Killer(f"{name}-graph-link", "ASK { ?s ?p ?o }", frozenset({OK}), link, True))
    return made


# --- what speaks to the socket itself ------------------------------------------------------------

_POST = "POST /sparql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
_SPARQL, _FORM = "application/sparql-query", "application/x-www-form-urlencoded"


def _said(port: int, *parts: bytes, seconds: float = 20) -> bytes:
    """What comes back for these bytes; empty where the connection is closed without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as one:
        with contextlib.suppress(ConnectionError):
            for part in parts:
                one.sendall(part)
        with contextlib.suppress(ConnectionError):
            return one.recv(4_000)
    return b""


def _posted(port: int, body: bytes, kind: str = _SPARQL, *more: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(body)}", *more))
    return _said(port, f"{_POST.format(kind=kind)}{lines}\r\n".encode(), body)


def _chunked(port: int) -> bytes:
    head = f"{_POST.format(kind=_SPARQL)}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    return _said(port, head, *[chunk] * 1_600)


def _half_open(port: int) -> bytes:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        return _get(port, "/health")


def _left(port: int) -> bytes:
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(f"{_POST.format(kind=_SPARQL)}Content-Length: 90\r\n\r\nASK".encode())
    return _get(port, "/health")


def _get(port: int, path: str, *more: str, method: str = "GET") -> bytes:
    lines = "".join(f"{line}\r\n" for line in more)
    return _said(port, f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode())


def _pipelined(port: int) -> bytes:
    one = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    return _said(port, one * 1_000)


def rogues() -> list[Rogue]:
    """Every request that goes past HTTP's manners."""
    long = b"a" * 100_000_000
    found: list[tuple[str, Callable[[int], bytes], set[int]]] = [
        ("body-100-mb", lambda p: _posted(p, long), {413}),
        ("body-100-mb-form", lambda p: _posted(p, b"query=" + long, _FORM), {413}),
        ("body-100-mb-chunked", _chunked, {413}),
        ("bad-utf-8", lambda p: _posted(p, b"ASK { ?s ?p '\xff\xfe' }"), {400}),
        ("bad-utf-8-form", lambda p: _posted(p, b"query=ASK%FF", _FORM), {400}),
        ("bad-utf-8-address", lambda p: _get(p, "/sparql?query=ASK%FF%FE"), {400}),
        ("overlong-utf-8", lambda p: _posted(p, b"ASK { ?s ?p '\xc0\xaf' }"), {400}),
        ("surrogate", lambda p: _posted(p, b"ASK { ?s ?p '\xed\xa0\x80' }"), {400}),
        ("nul", lambda p: _posted(p, b"ASK { ?s ?p '\0' }"), {200, 400}),
        ("two-queries", lambda p: _posted(p, b"query=ASK%7B%7D&query=ASK%7B%7D", _FORM), {400}),
        ("many-parameters", lambda p: _posted(p, b"a=b&" * 60_000, _FORM), {400}),
        ("percent-signs", lambda p: _posted(p, b"query=" + b"%" * 200_000, _FORM), {400}),
        ("no-body", lambda p: _posted(p, b""), {400}),
        ("utf-16", lambda p: _posted(p, "ASK{}".encode("utf-16"), f"{_SPARQL}; charset=utf-16"), {415}),
        ("packed-body", lambda p: _posted(p, b"\x1f\x8b" * 50, _SPARQL, "Content-Encoding: gzip"), {400}),
        ("endless-address", lambda p: _get(p, "/sparql?query=" + "a" * 500_000), {0, 400, 414, 431}),
        ("endless-head", lambda p: _get(p, "/", "X-Long: " + "a" * 500_000), {0, 400, 431}),
        ("many-heads", lambda p: _get(p, "/", *["X-A: b"] * 50_000), {0, 400, 431}),
        ("two-hosts", lambda p: _get(p, "/health", "Host: evil.example"), {400, 403}),
        ("two-lengths", lambda p: _posted(p, b"ASK {}", _SPARQL, "Content-Length: 3"), {0, 400}),
        (
            "length-and-chunks",
            lambda p: _posted(p, b"0\r\n\r\n", _SPARQL, "Transfer-Encoding: chunked"),
            {0, 400},
        ),
        ("giant-length", lambda p: _get(p, "/sparql", "Content-Length: " + "9" * 30, method="POST"), {0, 400, 413}),
        ("negative-length", lambda p: _get(p, "/sparql", "Content-Length: -1", method="POST"), {0, 400}),
        ("broken-chunk", lambda p: _said(p, f"{_POST.format(kind=_SPARQL)}Transfer-Encoding: chunked\r\n\r\nxyz\r\n".encode()), {0, 400}),
        ("greeting-of-tls", lambda p: _said(p, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9), {0, 400}),
        ("no-protocol", lambda p: _said(p, b"\0" * 5_000), {0, 400}),
        ("connect", lambda p: _get(p, "127.0.0.1:80", method="CONNECT"), {0, 400, 403, 404, 405}),
        ("trace", lambda p: _get(p, "/sparql?query=ASK%7B%7D", method="TRACE"), {0, 400, 405}),
        ("put", lambda p: _get(p, "/graph-store?default", "Content-Length: 0", method="PUT"), {405}),
        ("out-of-the-folder", lambda p: _get(p, "/../../../../etc/passwd"), {404}),
        ("encoded-dots", lambda p: _get(p, "/%2e%2e%2f%2e%2e%2fetc%2fpasswd"), {404}),
        ("pipelined", _pipelined, {200}),
        ("half-open", _half_open, {200}),
        ("left-halfway", _left, {200}),
        (
            "other-host",
            lambda p: _said(p, b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
            {403},
        ),
        ("no-host", lambda p: _said(p, b"GET /health HTTP/1.0\r\n\r\n"), {403}),
        ("form-elsewhere", lambda p: _posted(p, urlencode({"query": "ASK {}"}).encode(), _FORM, "Origin: http://evil.example"), {403}),
    ]  # fmt: skip
    return [Rogue(name, send, frozenset(wanted)) for name, send, wanted in found]


def status(answer: bytes) -> int:
    """The status of a reply as it came; 0 where none did."""
    start = answer.split(b" ", 2)
    return int(start[1]) if len(start) > 1 and answer.startswith(b"HTTP/") else 0
