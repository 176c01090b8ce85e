"""An engine of one's own behind a SPARQL 1.1 Protocol endpoint, over HTTP.

With the standard library alone: what is needed is one POST at a time, and an HTTP library would
come with a second set of rules for redirects, proxies and credentials.

Credentials come from ``ALLIANCE_ENDPOINT_TOKEN`` (Bearer), from ``ALLIANCE_ENDPOINT_USER`` and
``ALLIANCE_ENDPOINT_PASSWORD``, else from netrc; Basic and Digest are answered where a server asks
for them. They are never logged, not even where a server repeats them, and never sent anywhere else,
since no redirect is followed and no proxy stands between us and this machine. What may be done
twice without harm is tried again where a server breaks off or says that it failed.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import itertools
import json
import netrc
import os
import re
import socket
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from pyoxigraph import (
    Literal,
    Quad,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from alliance_graph.errors import EndpointError, QueryError
from alliance_graph.vocabulary import BASE, GRAPH, PREFIXES

if TYPE_CHECKING:
    from alliance_graph.store import Answer

SECONDS = 60.0
"""How long one answer may take from the request to its last byte."""
MEGABYTES = 256
"""How large one answer may be."""
_PATIENCE = 10.0
"""The longest wait (seconds) that a busy server may ask for before we give up."""
_TRIES = 3
_PAUSE = 0.2
"""Seconds before a second try after a failure; twice as many before the third."""

_ROWS = "application/sparql-results+json, application/sparql-results+xml;q=0.8"
_TRIPLES = "application/n-triples, text/turtle;q=0.8, application/rdf+xml;q=0.5"
_HEAD = re.compile(
    r"(?:\s|\#[^\n]*\n|PREFIX\s*[\w-]*:\s*<[^>]*>|BASE\s*<[^>]*>)*"
    r"(SELECT|ASK|CONSTRUCT|DESCRIBE)\b\s*(DISTINCT\b)?",
    re.IGNORECASE,
)


class Refused(EndpointError):
    """A server answered with a status of failure."""

    def __init__(self, line: str, code: int) -> None:
        super().__init__(line)
        self.code = code


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
        graph_store: str | None = None,
        seconds: float = SECONDS,
        megabytes: int = MEGABYTES,
    ) -> None:
        """``update`` is where updates go, if elsewhere: for ``…/query`` it is ``…/update``.

        ``graph_store`` is where the server takes whole graphs (SPARQL 1.1 Graph Store Protocol).
        """
        self.endpoint = _checked(endpoint)
        self.graph_store = _checked(graph_store) if graph_store else None
        self.updates = _checked(update or re.sub(r"/query$", "/update", endpoint))
        self.seconds = seconds
        self.most = megabytes * 1_000_000
        self._graphs: list[str] | None = None
        self._openers: dict[str, _Opener] = {}

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
        accept = _ROWS if rows else _TRIPLES
        body, kind = self._form(self.endpoint, "query", text, accept, dataset, again=True)
        try:
            if rows:
                results = QueryResultsFormat.from_media_type(kind)
                if results is not None:
                    if form[2] and results == QueryResultsFormat.JSON:
                        body = _distinct(body)
                    _complete(body, results)
                    answer = parse_query_results(body, results)
                    return _truth(answer) if form[1].upper() == "ASK" else answer
            else:
                graph = RdfFormat.from_media_type(kind)
                if graph is not None:
                    return _triples(body, graph)
        except (SyntaxError, ValueError, KeyError, TypeError) as bad:
            raise self._wrong(f"sent an answer that breaks off or is malformed: {bad}") from None
        raise self._wrong(f"answered with {kind or 'no content type'!r}: is it a SPARQL endpoint?")

    def update(self, text: str, *, again: bool = False) -> None:
        """Carry out a SPARQL 1.1 update; raises QueryError and EndpointError.

        ``again`` says that doing it twice is the same as doing it once, so that it may be retried.
        """
        self._graphs = None
        self._form(self.updates, "update", text, "*/*", {}, again=again)

    def load(self, quads: Iterable[Quad]) -> None:
        """Add quads, some hundreds a request; none may have a blank node."""
        for chunk in insertions(quads):
            self.update(chunk, again=True)

    def put(self, graph: str, triples: Iterable[Triple]) -> None:
        """Make a graph hold these triples and no others; none may have a blank node."""
        self._graphs = None
        lines = "".join(f"{t.subject} {t.predicate} {t.object} .\n" for t in triples)
        self._whole("PUT", graph, lines.encode())

    def delete(self, graph: str) -> None:
        """Take a graph away, where there is one."""
        self._graphs = None
        try:
            self._whole("DELETE", graph, None)
        except Refused as bad:
            if bad.code != 404:
                raise

    def pages(self) -> str | None:
        """Where a server of ours (``alliance serve``) has a page for each thing; None elsewhere."""
        root = self.endpoint.removesuffix("/sparql")
        if root == self.endpoint:
            return None
        request = urllib.request.Request(  # noqa: S310 - http or https, see _checked
            f"{root}/.well-known/void", headers={"Accept": "text/turtle"}
        )
        try:
            body, _ = self._send(request, self.endpoint, "request", again=False)
        except (EndpointError, QueryError):
            return None
        return f"{root}/id/" if BASE.encode() in body else None

    def close(self) -> None:
        """Nothing is kept open between requests."""

    # one request

    def _form(
        self,
        url: str,
        what: str,
        text: str,
        accept: str,
        dataset: Mapping[str, list[str]],
        *,
        again: bool,
    ) -> tuple[bytes, str]:
        # as a form: the one way of three in which Virtuoso 7 takes a query and an update
        form = urlencode({what: [declared(text)], **dataset}, doseq=True).encode()
        request = urllib.request.Request(url, form, {"Accept": accept})  # noqa: S310 - see _checked
        return self._send(request, url, what, again=again)

    def _whole(self, method: str, graph: str, body: bytes | None) -> None:
        assert self.graph_store is not None  # who asks for it has named it
        joint = "&" if "?" in self.graph_store else "?"
        request = urllib.request.Request(  # noqa: S310 - http or https, see _checked
            f"{self.graph_store}{joint}graph={quote(graph, safe='')}",
            body,
            {"Content-Type": "application/n-triples"} if body is not None else {},
            method=method,
        )
        self._send(request, self.graph_store, "graph", again=True)

    def _send(
        self, request: urllib.request.Request, where: str, what: str, *, again: bool
    ) -> tuple[bytes, str]:
        """The body of the answer and its type; ``again`` allows a second try after a failure."""
        request.add_header("User-Agent", "alliance-graph")
        until = time.monotonic() + self.seconds
        opener = self._openers.get(where) or self._openers.setdefault(where, _opener(where))
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            pause = _PAUSE * 2**attempt
            try:
                with opener.open(request, until) as response:
                    body = self._read(response, until, where)
                    return body, response.headers.get_content_type()
            except urllib.error.HTTPError as bad:
                with bad:
                    wait = pause if again and bad.code in (500, 502) else _wait(bad)
                    if last or wait is None or time.monotonic() + wait > until:
                        raise self._refused(bad, what, where) from None
            except (http.client.HTTPException, OSError, ValueError) as bad:
                if time.monotonic() > until:
                    raise self._late(where) from None
                told, broken = _failure(bad)
                if last or not broken or not again:
                    raise EndpointError(f"{shown(where)} {told}") from None
                wait = pause
            time.sleep(wait)
        raise AssertionError("each try returns or raises")

    def _read(self, response: http.client.HTTPResponse, until: float, where: str) -> bytes:
        parts, size = [], 0
        while part := response.read1(1 << 16):
            size += len(part)
            if size > self.most:
                most = self.most // 1_000_000
                raise EndpointError(f"{shown(where)} sends more than {most} MB: ask for less")
            parts.append(part)
            if time.monotonic() > until:
                break
        if time.monotonic() > until:
            raise self._late(where)
        told = response.headers.get("Content-Length")
        if told is not None and told.isdigit() and int(told) != size:
            raise ConnectionError(f"{size} of {told} bytes")
        return b"".join(parts)

    def _late(self, where: str) -> EndpointError:
        return EndpointError(f"{shown(where)} took longer than {self.seconds:g} s to answer")

    def _refused(
        self, bad: urllib.error.HTTPError, what: str, where: str
    ) -> EndpointError | QueryError:
        where = shown(where)
        if 300 <= bad.code < 400:
            there = _line(bad.headers.get("Location", "elsewhere"))
            told = f"sends us on to {there}: name that address if you trust it"
            return Refused(f"{where} {told}", bad.code)
        said = ""
        with suppress(OSError, http.client.HTTPException):  # it breaks off: the status says enough
            said = _line(bad.read(2000).decode("utf-8", "replace"))
        if bad.code == 400:
            return QueryError(f"{where} takes this for no {what}: {said}")
        if bad.code in (401, 403):
            told = (
                f"wants other credentials (HTTP {bad.code}): set ALLIANCE_ENDPOINT_USER and "
                "ALLIANCE_ENDPOINT_PASSWORD, ALLIANCE_ENDPOINT_TOKEN, or a line in netrc"
            )
        elif bad.code in (429, 503):
            wait = _asked_for(bad)
            later = "later" if wait is None else f"again after {wait:.0f} s"
            told = f"is busy (HTTP {bad.code}): try {later}"
        else:
            told = f"answered HTTP {bad.code}{': ' if said else ''}{said}"
        return Refused(f"{where} {told}", bad.code)

    def _wrong(self, what: str) -> EndpointError:
        return EndpointError(f"{shown(self.endpoint)} {what}")


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


def _complete(body: bytes, results: QueryResultsFormat) -> None:
    """Read all rows once: an answer that breaks off says so now, not to who reads its last row."""
    answer = parse_query_results(body, results)
    if isinstance(answer, QuerySolutions):
        for _ in answer:
            pass


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
    for secret in sorted(set(_secrets()), key=len, reverse=True):
        text = text.replace(secret, "…") if secret else text
    seen = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(re.sub(r"<[^>]+>", " ", seen).split())[:200]


def _secrets() -> Iterator[str]:
    """What must not be printed where a server repeats it: it may have been given to it."""
    token = os.environ.get("ALLIANCE_ENDPOINT_TOKEN")
    password = os.environ.get("ALLIANCE_ENDPOINT_PASSWORD")
    user = os.environ.get("ALLIANCE_ENDPOINT_USER", "")
    known = {(user, password)} if password else set()
    with suppress(OSError, netrc.NetrcParseError):
        hosts = netrc.netrc(os.environ.get("NETRC")).hosts.values()
        known |= {(login, secret) for login, _, secret in hosts if secret}
    for name, secret in known:
        yield secret
        yield b64encode(f"{name}:{secret}".encode()).decode()
    if token:
        yield token


def shown(url: str) -> str:
    """An address as it is told: some carry a key behind the question mark."""
    return url.partition("?")[0]


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


def _answered(refusal: IO[bytes], answer: Callable[[], Any]) -> Any:
    """The answer to a challenge; urllib leaves the refusal open behind it."""
    try:
        again = answer()
    except ValueError:  # a scheme that urllib does not know: then nobody answers
        return None
    except BaseException:
        refusal.close()
        raise
    if again is not None:
        refusal.close()
    return again


class _Digest(urllib.request.HTTPDigestAuthHandler):
    """Answers a challenge without telling the password, from then on before it is asked.

    Virtuoso refuses without reading: something large would not be on its way when it hangs up.
    """

    challenge: Mapping[str, str] | None = None

    def http_error_401(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any
    ) -> Any:
        ask = super().http_error_401
        return _answered(fp, lambda: ask(req, fp, code, msg, headers))

    def retry_http_digest_auth(self, req: urllib.request.Request, auth: str) -> Any:
        told = urllib.request.parse_http_list(auth.partition(" ")[2])
        self.challenge = urllib.request.parse_keqv_list([one for one in told if one])
        return super().retry_http_digest_auth(req, auth)

    def http_request(self, req: urllib.request.Request) -> urllib.request.Request:
        if self.challenge and not req.has_header("Authorization"):
            answer = self.get_authorization(req, self.challenge)
            req.add_unredirected_header("Authorization", f"Digest {answer}")
        return req

    https_request = http_request


class _Basic(urllib.request.HTTPBasicAuthHandler):
    """Answers a challenge for a password, but not where others could read it on its way."""

    given: str | None = None

    def http_error_401(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any
    ) -> Any:
        ask = super().http_error_401
        return _answered(fp, lambda: ask(req, fp, code, msg, headers))

    def http_error_auth_reqed(
        self, authreq: str, host: str, req: urllib.request.Request, headers: Any
    ) -> Any:
        schemes = [v.split()[0].lower() for v in headers.get_all("WWW-Authenticate", []) if v]
        if "basic" in schemes and "digest" not in schemes and not _private(req.full_url):
            raise EndpointError(f"{req.full_url} wants the password in clear: use https")
        try:
            return super().http_error_auth_reqed(authreq, host, req, headers)
        finally:
            told = req.get_header("Authorization") or ""
            self.given = told if told.startswith("Basic ") else None

    def http_request(self, req: urllib.request.Request) -> urllib.request.Request:
        if self.given and not req.has_header("Authorization"):
            req.add_unredirected_header("Authorization", self.given)
        return req

    https_request = http_request


def _here(url: str) -> bool:
    """Whether an address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _private(url: str) -> bool:
    """Whether nobody on the way can read along: https, or this machine."""
    return urlsplit(url).scheme == "https" or _here(url)


class _Timed(io.RawIOBase):
    """What comes from a socket until some moment.

    The time limit of a socket is one for each piece: who sends byte after byte never meets it.
    """

    def __init__(self, inner: socket.socket, until: float) -> None:
        self._socket = inner
        self._raw = inner.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Socket:
    """A socket, but what is read from it has to come in time."""

    def __init__(self, inner: socket.socket, until: float) -> None:
        self._inner = inner
        self._until = until

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Timed(self._inner, self._until))


class _InTime(urllib.request.AbstractHTTPHandler):
    """Opens connections whose answers end in time."""

    until = 0.0

    def do_open(self, http_class: Any, req: urllib.request.Request, **more: Any) -> Any:
        until = self.until

        class Connection(http_class):  # type: ignore[misc]  # plain or TLS
            sock: Any

            def connect(self) -> None:
                super().connect()
                self.sock = _Socket(self.sock, until)

        return super().do_open(Connection, req, **more)


class _Http(_InTime, urllib.request.HTTPHandler):
    """Without TLS."""


class _Https(_InTime, urllib.request.HTTPSHandler):
    """With TLS."""


class _Opener:
    """Sends requests to one address, with who we are there."""

    def __init__(self, director: urllib.request.OpenerDirector, wire: tuple[_InTime, ...]) -> None:
        self._director = director
        self._wire = wire

    def open(self, request: urllib.request.Request, until: float) -> http.client.HTTPResponse:
        """The response to a request, all of which has to come by then."""
        for one in self._wire:
            one.until = until
        left = max(0.001, until - time.monotonic())
        response: http.client.HTTPResponse = self._director.open(request, timeout=left)
        return response


def _opener(url: str) -> _Opener:
    token = os.environ.get("ALLIANCE_ENDPOINT_TOKEN")
    who = _password(urlsplit(url).hostname or "")
    wire = (_Http(), _Https())
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect(), *wire]
    if _here(url):
        handlers.append(urllib.request.ProxyHandler({}))
    if who and not token:
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, url, *who)
        handlers += [_Digest(known), _Basic(known)]
    opener = urllib.request.build_opener(*handlers)
    if token:
        if not _private(url):
            raise EndpointError(f"{url}: a token goes over https only")
        opener.addheaders = [("Authorization", f"Bearer {token}")]
    return _Opener(opener, wire)


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


def _failure(bad: Exception) -> tuple[str, bool]:
    """What happened to a request, and whether it broke off: then another one may get through."""
    reason = getattr(bad, "reason", bad)  # urllib wraps what happens before the answer
    if isinstance(reason, TimeoutError):
        return "did not answer in time", False
    told = _line(str(reason)) or type(reason).__name__
    if isinstance(reason, ConnectionRefusedError) or not isinstance(
        reason, ConnectionError | http.client.HTTPException
    ):
        return f"cannot be reached: {told}", False
    return f"broke off: {told}", True


def _wait(bad: urllib.error.HTTPError) -> float | None:
    """Seconds that a busy server asks us to wait; None where another try is no use."""
    if bad.code not in (429, 503):
        return None
    told = _asked_for(bad) if "Retry-After" in bad.headers else 1.0
    return told if told is not None and told <= _PATIENCE else None


def _asked_for(bad: urllib.error.HTTPError) -> float | None:
    """The ``Retry-After`` of an answer in seconds, which may be given as a time of day."""
    told = bad.headers.get("Retry-After", "").strip()
    if told.isascii() and told.isdigit():
        return float(told[:9])
    with suppress(ValueError):
        when = parsedate_to_datetime(told)
        return max(
            0.0,
            (
                (when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)
            ).total_seconds(),
        )
    return None
