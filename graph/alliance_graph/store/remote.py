"""An engine of one's own behind a SPARQL 1.1 Protocol endpoint, over HTTP.

With the standard library alone: what is needed is one POST at a time, and an HTTP library would
come with a second set of rules for redirects, proxies and credentials.

Credentials come from ``ALLIANCE_ENDPOINT_TOKEN`` (Bearer), from ``ALLIANCE_ENDPOINT_USER`` and
``ALLIANCE_ENDPOINT_PASSWORD``, else from netrc; Basic and Digest are answered where a server asks
for them. They are never logged, and never sent anywhere else, since no redirect is followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import itertools
import json
import netrc
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from email.message import Message
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pyoxigraph import (
    Literal,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

from alliance_graph.errors import EndpointError, QueryError
from alliance_graph.vocabulary import GRAPH, PREFIXES

if TYPE_CHECKING:
    from alliance_graph.store import Answer

SECONDS = 60.0
"""How long one answer may take from the request to its last byte."""
MEGABYTES = 256
"""How large one answer may be."""
_PATIENCE = 10.0
"""The longest wait (seconds) that a busy server may ask for before we give up."""
_TRIES = 3

_ROWS = "application/sparql-results+json, application/sparql-results+xml;q=0.8"
_TRIPLES = "application/n-triples, text/turtle;q=0.8, application/rdf+xml;q=0.5"
_HEAD = re.compile(
    r"(?:\s|\#[^\n]*\n|PREFIX\s*[\w-]*:\s*<[^>]*>|BASE\s*<[^>]*>)*"
    r"(SELECT|ASK|CONSTRUCT|DESCRIBE)\b\s*(DISTINCT\b)?",
    re.IGNORECASE,
)


class Remote:
    """A SPARQL 1.1 endpoint; queries see the union of our graphs there.

    Where the endpoint holds graphs of ours, each query names them as its dataset: the default graph
    is then their union on every engine, and other data beside it stays out of sight.
    """

    def __init__(
        self,
        endpoint: str,
        update: str | None = None,
        *,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
    ) -> None:
        """``update`` is where updates go, if elsewhere: for ``…/query`` it is ``…/update``."""
        self.endpoint = _checked(endpoint)
        self.updates = _checked(update or re.sub(r"/query$", "/update", endpoint))
        self.seconds = seconds
        self.most = megabytes * 1_000_000
        self._graphs: list[str] | None = None

    def graphs(self) -> list[str]:
        """IRIs of our graphs that the endpoint holds, sorted; raises EndpointError."""
        if self._graphs is None:
            asked = (
                "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
                f'FILTER(STRSTARTS(STR(?g), "{GRAPH}")) }}'
            )
            answer = self._ask(asked, {})
            assert isinstance(answer, QuerySolutions)
            self._graphs = sorted(row["g"].value for row in answer)
        return self._graphs

    def query(self, text: str) -> Answer:
        """Answer a SPARQL 1.1 query; raises QueryError (it does not parse) and EndpointError."""
        graphs = self.graphs()
        return self._ask(text, {"default-graph-uri": graphs, "named-graph-uri": graphs})

    def query_all(self, text: str) -> Answer:
        """Like :meth:`query`, over whatever the endpoint takes for its data."""
        return self._ask(text, {})

    def _ask(self, text: str, dataset: Mapping[str, list[str]]) -> Answer:
        form = _HEAD.match(text)
        if form is None:
            raise QueryError("not a SPARQL 1.1 query: no SELECT, ASK, CONSTRUCT or DESCRIBE")
        rows = form[1].upper() in ("SELECT", "ASK")
        body, kind = self._post(self.endpoint, "query", text, _ROWS if rows else _TRIPLES, dataset)
        try:
            if rows:
                results = QueryResultsFormat.from_media_type(kind)
                if results is not None:
                    if form[2] and results == QueryResultsFormat.JSON:
                        body = _distinct(body)
                    answer = parse_query_results(body, results)
                    return _truth(answer) if form[1].upper() == "ASK" else answer
            else:
                graph = RdfFormat.from_media_type(kind)
                if graph is not None:
                    return _triples(body, graph)
        except (SyntaxError, ValueError, KeyError, TypeError) as bad:
            raise self._wrong(f"sent an answer that breaks off or is malformed: {bad}") from None
        raise self._wrong(f"answered with {kind or 'no content type'!r}: is it a SPARQL endpoint?")

    def update(self, text: str) -> None:
        """Carry out a SPARQL 1.1 update; raises QueryError and EndpointError."""
        self._graphs = None
        self._post(self.updates, "update", text, "*/*", {})

    def load(self, quads: Iterable[Quad]) -> None:
        """Add quads, some hundreds a request; none may have a blank node."""
        for chunk in insertions(quads):
            self.update(chunk)

    def close(self) -> None:
        """Nothing is kept open between requests."""

    # one request

    def _post(
        self, url: str, what: str, text: str, accept: str, dataset: Mapping[str, list[str]]
    ) -> tuple[bytes, str]:
        # as a form: the one way of three in which Virtuoso 7 takes a query and an update
        form = urlencode({what: [declared(text)], **dataset}, doseq=True).encode()
        headers = {"Accept": accept, "User-Agent": "alliance-graph"}
        request = urllib.request.Request(url, form, headers)  # noqa: S310 - http(s), see _checked
        until = time.monotonic() + self.seconds
        opener = _opener(url)
        for left in reversed(range(_TRIES)):
            try:
                with opener.open(request, timeout=min(self.seconds, 30.0)) as response:
                    return self._read(response, until), response.headers.get_content_type()
            except urllib.error.HTTPError as bad:
                with bad:
                    wait = _wait(bad) if left else None
                    if wait is None or time.monotonic() + wait > until:
                        raise self._refused(bad, what) from None
                time.sleep(wait)
            except TimeoutError:
                raise self._wrong("did not answer in time") from None
            except urllib.error.URLError as bad:
                reason = bad.reason
                if isinstance(reason, TimeoutError):
                    raise self._wrong("did not answer in time") from None
                raise self._wrong(f"cannot be reached: {_line(str(reason))}") from None
            except (http.client.HTTPException, OSError, ValueError) as bad:
                told = _line(str(bad)) or type(bad).__name__
                raise self._wrong(f"broke off: {told}") from None
        raise AssertionError("each try returns or raises")

    def _read(self, response: http.client.HTTPResponse, until: float) -> bytes:
        parts, size = [], 0
        while part := response.read1(1 << 16):
            size += len(part)
            if size > self.most:
                raise self._wrong(f"sends more than {self.most // 1_000_000} MB: ask for less")
            if time.monotonic() > until:
                raise self._wrong(f"took longer than {self.seconds:g} s to answer")
            parts.append(part)
        told = response.headers.get("Content-Length")
        if told is not None and told.isdigit() and int(told) != size:
            raise self._wrong(f"broke off: {size} of {told} bytes")
        return b"".join(parts)

    def _refused(self, bad: urllib.error.HTTPError, what: str) -> EndpointError | QueryError:
        if 300 <= bad.code < 400:
            there = _line(bad.headers.get("Location", "elsewhere"))
            return self._wrong(f"sends us on to {there}: name that address if you trust it")
        said = _line(bad.read(2000).decode("utf-8", "replace"))
        if bad.code == 400:
            return QueryError(f"{self.endpoint} takes this for no {what}: {said}")
        if bad.code in (401, 403):
            return self._wrong(
                f"wants other credentials (HTTP {bad.code}): set ALLIANCE_ENDPOINT_USER and "
                "ALLIANCE_ENDPOINT_PASSWORD, ALLIANCE_ENDPOINT_TOKEN, or a line in netrc"
            )
        if bad.code in (429, 503):
            wait = _line(bad.headers.get("Retry-After", ""))
            later = f"again after {wait} s" if wait.isdigit() else "later"
            return self._wrong(f"is busy (HTTP {bad.code}): try {later}")
        return self._wrong(f"answered HTTP {bad.code}{': ' if said else ''}{said}")

    def _wrong(self, what: str) -> EndpointError:
        return EndpointError(f"{self.endpoint} {what}")


# --- texts -----------------------------------------------------------------------------------


def declared(text: str) -> str:
    """The text with a declaration for each of our prefixes that may stand in it."""
    used = set(re.findall(r"(?<![\w-])([a-z][\w-]*):", text)) & set(PREFIXES)
    used -= set(re.findall(r"\bPREFIX\s+([\w-]+):", text, re.IGNORECASE))
    return "".join(f"PREFIX {p}: <{PREFIXES[p]}>\n" for p in sorted(used)) + text


def insertions(quads: Iterable[Quad], size: int = 500) -> Iterator[str]:
    """``INSERT DATA`` updates for quads, at most ``size`` in each; none may have a blank node."""
    rest = iter(quads)
    while chunk := list(itertools.islice(rest, size)):
        yield _insertion(chunk)


def _insertion(quads: list[Quad]) -> str:
    lines: list[str] = []
    graph = None
    for q in quads:
        if q.graph_name != graph:
            lines += ["} }"] * bool(graph) + [f"INSERT DATA {{ GRAPH {q.graph_name} {{"]
            graph = q.graph_name
        lines.append(f"{q.subject} {q.predicate} {q.object} .")
    text = "\n".join([*lines, "} }"])
    return text.replace("} }\nINSERT", "} } ;\nINSERT")


def _distinct(body: bytes) -> bytes:
    """Results without repeated rows; Virtuoso 7 lets some pass in spite of DISTINCT."""
    document = json.loads(body)
    rows = document["results"]["bindings"]
    once = {json.dumps(row, sort_keys=True): row for row in rows}
    if len(once) == len(rows):
        return body
    document["results"]["bindings"] = list(once.values())
    return json.dumps(document).encode()


def _truth(answer: Answer) -> Answer:
    """The answer to ASK; Virtuoso 7 gives it as a row that holds 1 or 0."""
    if isinstance(answer, QuerySolutions):
        held = any(row[0] == Literal(1) for row in answer)
        document = b'{"head": {}, "boolean": %s}' % (b"true" if held else b"false")
        return parse_query_results(document, QueryResultsFormat.JSON)
    return answer


def _triples(body: bytes, form: RdfFormat) -> Answer:
    """Triples as the engine's own CONSTRUCT gives them."""
    from pyoxigraph import Store

    store = Store()
    store.extend(Quad(q.subject, q.predicate, q.object) for q in parse(body, format=form))
    return store.query("CONSTRUCT WHERE { ?s ?p ?o }")


def _line(text: str) -> str:
    """What a stranger's server says, as one short line that is safe to print."""
    seen = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(re.sub(r"<[^>]+>", " ", seen).split())[:200]


# --- whom we speak to ------------------------------------------------------------------------


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EndpointError(f"{_line(url)!r} is no address of an endpoint: http://… or https://…")
    if parts.username or parts.password:
        raise EndpointError(
            "an address with a password in it ends up in logs: set ALLIANCE_ENDPOINT_USER and "
            "ALLIANCE_ENDPOINT_PASSWORD, or write a line in netrc"
        )
    return url


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


def _closing(refusal: IO[bytes], answer: Callable[[], Any]) -> Any:
    """The answer to a challenge; urllib leaves the refusal open behind it."""
    try:
        again = answer()
    except BaseException:
        refusal.close()
        raise
    if again is not None:
        refusal.close()
    return again


class _Digest(urllib.request.HTTPDigestAuthHandler):
    """Answers a challenge without telling the password."""

    def http_error_401(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any
    ) -> Any:
        return _closing(
            fp, lambda: super(_Digest, self).http_error_401(req, fp, code, msg, headers)
        )


class _Basic(urllib.request.HTTPBasicAuthHandler):
    """Answers a challenge for a password, but not where others could read it on its way."""

    def http_error_401(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any
    ) -> Any:
        return _closing(fp, lambda: super(_Basic, self).http_error_401(req, fp, code, msg, headers))

    def http_error_auth_reqed(
        self, authreq: str, host: str, req: urllib.request.Request, headers: Any
    ) -> Any:
        schemes = [v.split()[0].lower() for v in headers.get_all("WWW-Authenticate", []) if v]
        if "basic" in schemes and "digest" not in schemes and not _private(req.full_url):
            raise EndpointError(f"{req.full_url} wants the password in clear: use https")
        return super().http_error_auth_reqed(authreq, host, req, headers)


def _private(url: str) -> bool:
    """Whether nobody on the way can read along: https, or this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return parts.scheme == "https" or here


def _opener(url: str) -> urllib.request.OpenerDirector:
    token = os.environ.get("ALLIANCE_ENDPOINT_TOKEN")
    who = _password(urlsplit(url).hostname or "")
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if who and not token:
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, url, *who)
        handlers += [_Digest(known), _Basic(known)]
    opener = urllib.request.build_opener(*handlers)
    if token:
        if not _private(url):
            raise EndpointError(f"{url}: a token goes over https only")
        opener.addheaders = [("Authorization", f"Bearer {token}")]
    return opener


def _password(host: str) -> tuple[str, str] | None:
    user = os.environ.get("ALLIANCE_ENDPOINT_USER")
    if user:
        return user, os.environ.get("ALLIANCE_ENDPOINT_PASSWORD", "")
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError) as bad:
        where = getattr(bad, "filename", None) or "netrc"
        raise EndpointError(f"{where}: cannot be read as netrc: {type(bad).__name__}") from None
    return (found[0], found[2] or "") if found else None


def _wait(bad: urllib.error.HTTPError) -> float | None:
    """Seconds to wait before the next try; None where another try is no use."""
    if bad.code not in (429, 503):
        return None
    told = bad.headers.get("Retry-After", "1").strip()
    return float(told) if told.isdigit() and float(told) <= _PATIENCE else None
