"""What a request asks for: the SPARQL 1.1 Protocol and content negotiation.

https://www.w3.org/TR/sparql11-protocol/, its query operation. A worker reads a request, not the
server, so that no text from outside can hold the server up.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

QUERY_BYTES = 262_144
"""The longest query, and the longest parameters."""
FORM = "application/x-www-form-urlencoded"
HTML = "text/html"
NAMES = {
    "json": ("application/sparql-results+json", "application/ld+json"),
    "xml": ("application/sparql-results+xml", "application/rdf+xml"),
    "csv": ("text/csv",),
    "tsv": ("text/tab-separated-values",),
    "turtle": ("text/turtle",),
    "ttl": ("text/turtle",),
    "nt": ("application/n-triples",),
    "n3": ("text/turtle",),
    "jsonld": ("application/ld+json",),
    "json-ld": ("application/ld+json",),
    "rdf+xml": ("application/rdf+xml",),
    "rdf": ("application/rdf+xml",),
    "html": (HTML,),
}
"""What ``format=`` takes; several clients send it beside ``Accept``."""

_PARAMETERS = 200
"""Most parameters of a request."""
_READ_ONLY = "this endpoint is read-only: it takes no update"

_CHANGING = ("now", "rand", "uuid", "bnode")
"""How functions end that give something else each time."""


class RefusedError(Exception):
    """A request that gets an error for an answer: HTTP status, text and headers."""

    def __init__(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers or {}


def asked(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The query of a request, with what it says of form and data set.

    ``request`` holds its ``method``, ``search`` (what stands behind the question mark) and ``type``
    (the ``Content-Type``). Raises RefusedError with 400, 403, 414 or 415.
    """
    given = params(request["search"].encode("latin-1"))
    if request["method"] == "POST":
        kind, charset = media_type(request["type"])
        if charset not in ("", "utf-8", "utf8"):
            raise RefusedError(415, "write queries in UTF-8")
        if kind == FORM:
            given += params(body)
        elif kind == "application/sparql-query":
            try:
                given.append(("query", body.decode()))
            except UnicodeDecodeError as bad:
                raise RefusedError(400, f"the query is not UTF-8 at byte {bad.start}") from None
        elif kind == "application/sparql-update":
            raise RefusedError(403, _READ_ONLY)
        else:
            raise RefusedError(415, f"send a query as {FORM} or application/sparql-query")
    if any(name == "update" for name, _ in given):
        raise RefusedError(403, _READ_ONLY)
    texts = [value for name, value in given if name == "query"]
    if len(texts) != 1:
        told = "send one query, not several" if texts else "there is no query in this request"
        raise RefusedError(400, told)
    forms = (value for name, value in given if name in ("format", "output"))
    return {
        "do": "query",
        "query": texts[0],
        "format": next((f for f in forms if f.lower() in NAMES), ""),
        "default": [value for name, value in given if name == "default-graph-uri"],
        "named": [value for name, value in given if name == "named-graph-uri"],
    }


def params(data: bytes) -> list[tuple[str, str]]:
    """Names and values of a form or of what stands behind the question mark.

    Raises RefusedError (400, 414).

    >>> params(b"query=ASK+%7B%7D&format=")
    [('query', 'ASK {}'), ('format', '')]
    """
    if len(data) > QUERY_BYTES:
        raise RefusedError(414, f"a request takes {QUERY_BYTES} bytes at most")
    if data.count(b"&") >= _PARAMETERS:
        raise RefusedError(400, f"a request takes {_PARAMETERS} parameters at most")
    pairs = (part.partition(b"=") for part in data.split(b"&") if part)
    try:
        return [(_plain(name), _plain(value)) for name, _, value in pairs]
    except UnicodeError:
        raise RefusedError(400, "the parameters are not URL-encoded UTF-8") from None


def _plain(data: bytes) -> str:
    """Text without its URL encoding; a % that begins no code stands for itself."""
    data.decode("ascii")
    data = data.replace(b"+", b" ")
    try:
        # the same codes as Python writes them, since it reads those many times faster
        codes = data.replace(b"\\", b"\\x5c").replace(b"%", b"\\x")
        return codes.decode("unicode_escape").encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return unquote_to_bytes(data).decode("utf-8")


def media_type(field: str) -> tuple[str, str]:
    """Media type and charset of a ``Content-Type`` field, lower case.

    >>> media_type('Text/Plain; charset="UTF-8"')
    ('text/plain', 'utf-8')
    """
    kind, *rest = field.lower().split(";")
    for param in rest:
        name, _, value = param.partition("=")
        if name.strip() == "charset":
            return kind.strip(), value.strip().strip('"')
    return kind.strip(), ""


@lru_cache(maxsize=1024)
def negotiate(accept: str, offers: tuple[str, ...]) -> str | None:
    """The offer that an ``Accept`` field likes best (RFC 9110, section 12.5.1), or None.

    Of equals, the one that it names rather than covers by a wildcard, then the first.

    >>> negotiate("text/csv, */*;q=0.5", ("application/json", "text/csv"))
    'text/csv'
    """
    ranges: list[tuple[str, float]] = []
    for part in accept.split(","):
        name, *params = (p.strip().lower() for p in part.split(";"))
        quality = 1.0
        for param in params:
            key, _, value = param.partition("=")
            if key.strip() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        if name:
            ranges.append((name, quality))
    best: tuple[float, int, int] | None = None
    found = None
    for at, offer in enumerate(offers):
        major = offer.partition("/")[0]
        fits = [
            (named, quality)
            for name, quality in ranges or [("*/*", 1.0)]
            if (named := {offer: 2, f"{major}/*": 1, "*/*": 0}.get(name)) is not None
        ]
        if not fits:
            continue
        named, quality = max(fits)
        rank = (quality, named, -at)
        if quality > 0 and (best is None or rank > best):
            best, found = rank, offer
    return found


def changing(text: str) -> bool:
    """Whether a query may answer something else when asked again."""
    before = text.lower().split("(")[:-1]
    return any(part.rstrip().endswith(_CHANGING) for part in before)
