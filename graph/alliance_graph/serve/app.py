"""The read-only endpoint and the pages over HTTP, as an ASGI application.

SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/), its query operation; of the SPARQL
1.1 Graph Store HTTP Protocol what reads. Nothing here touches the graph: workers do.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyoxigraph import Triple, serialize
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alliance_graph import catalogue, questions
from alliance_graph.errors import LimitError, QueryError
from alliance_graph.serve import metadata, pages
from alliance_graph.serve.answers import GRAPHS, compressed
from alliance_graph.serve.pool import QUICK, BusyError, GoneError, Head, Pool
from alliance_graph.serve.protocol import (
    HTML,
    NAMES,
    QUERY_BYTES,
    RefusedError,
    negotiate,
    params,
)
from alliance_graph.serve.rate import Rate
from alliance_graph.vocabulary import BASE

LOG = logging.getLogger("alliance_graph.serve")
BODY_SECONDS = 10.0
KEPT_BYTES = 64_000_000
"""For replies that may be asked for again."""
TYPES = {
    ".css": "text/css",
    ".csv": "text/csv",
    ".html": HTML,
    ".js": "text/javascript",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".nq": "application/n-quads",
    ".nt": "application/n-triples",
    ".rdf": "application/rdf+xml",
    ".trig": "application/trig",
    ".ttl": "text/turtle",
    ".txt": "text/plain",
    ".xml": "application/xml",
}
"""Media types of files; others are given as bytes."""


@dataclass(frozen=True)
class Site:
    """What is given beside answers: the files of a build, and the numbers of its graph."""

    numbers: metadata.Numbers
    files: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    """Names under which the server answers, without port."""
    origins: frozenset[str] = frozenset()
    """Origins whose scripts may read the answers (CORS)."""
    rate: float | None = None
    """Requests a second of one address; 0 for any number, None for what is usual."""
    assets: Mapping[str, bytes] = field(default_factory=dict)
    """What the query page loads; nothing where it is the plain form."""


def described(files: Mapping[str, bytes]) -> dict[str, metadata.File]:
    """Files with type, size and digest."""
    return {
        name: metadata.File(media_type(name), len(data), hashlib.sha256(data).hexdigest())
        for name, data in files.items()
    }


def media_type(name: str) -> str:
    """The media type of a file."""
    return TYPES.get(Path(name).suffix, "application/octet-stream")


def make(pool: Pool, site: Site) -> ASGIApp:
    """The application; workers start and end with it."""
    pages_of = _Pages(pool, site)

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        await pool.start()
        yield
        await pool.close()

    routes = [
        Route("/", pages_of.front),
        Route("/query", pages_of.query),
        Route("/question/{name}", pages_of.question),
        Route("/health", pages_of.health),
        Route("/graph-store", pages_of.graph_store),
        Route("/.well-known/void", pages_of.void),
        Route("/id/{rest:path}", pages_of.thing),
        Route("/vocabulary/{rest:path}", pages_of.thing),
        Route("/ontology", pages_of.thing),
        Route("/graph/{rest:path}", pages_of.graph),
        Route("/{name:path}", pages_of.file),
    ]
    handlers = {HTTPException: _plainly, RefusedError: _refused}
    others = Starlette(routes=routes, lifespan=living, exception_handlers=handlers)

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        # questions are what comes most: they go past the router and its layers
        if scope["type"] == "http" and scope["path"] in ("/sparql", "/sparql/"):
            await pages_of.sparql(scope, receive, send)
        else:
            await others(scope, receive, send)

    return Gate(inner, site)


async def _plainly(request: Request, bad: Exception) -> Reply:
    assert isinstance(bad, HTTPException)
    return _error(bad.status_code, bad.detail, bad.headers)


async def _refused(request: Request, bad: Exception) -> Reply:
    assert isinstance(bad, RefusedError)
    return _error(bad.status, str(bad), bad.headers)


class Reply(Response):
    """What is sent back, any number of times."""

    def __init__(
        self,
        status: int,
        kind: str,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        tag: str = "",
        *,
        changing: bool = False,
    ) -> None:
        self.status_code = status
        self.body = body
        self.tag = tag
        """Of the entity, without quotes; empty where nobody need ask for it again."""
        self.changing = changing
        """Whether it may be another one the next time."""
        named = dict(headers or {})
        if tag:
            named |= {**_TAGGED, "ETag": f'W/"{tag}"'}
        if kind:
            named["Content-Type"] = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
            named["Content-Length"] = str(len(body))
        self.raw_headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in named.items()]

    def unless_known(self, fields: Fields) -> Reply:
        """This reply, or 304 for whoever has it already."""
        given = fields.get("if-none-match", "")
        known = given.strip() == "*" or self.tag in (t.strip(' W/"') for t in given.split(","))
        return Reply(304, "", b"", tag=self.tag) if given and self.tag and known else self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        head = self.raw_headers
        await send({"type": "http.response.start", "status": self.status_code, "headers": head})
        await send({"type": "http.response.body", "body": self.body})


_TAGGED = {"Cache-Control": "no-cache", "Vary": "Accept, Accept-Encoding, Origin"}
"""Of a reply that a client may keep, and ask each time whether it still stands."""


def _error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, "text/plain", f"{text}\n".encode(), headers)


_GONE = _error(499, "whoever asked has gone")


class _Pages:
    """The routes."""

    def __init__(self, pool: Pool, site: Site) -> None:
        self._pool = pool
        self._site = site
        self._about = described(site.files)
        self._given = {**site.assets, **site.files}
        self._known = {**described(site.assets), **self._about}
        self._packed: dict[str, bytes] = {}
        self._kept = _Kept(KEPT_BYTES)
        self._asks: dict[Key, _Ask] = {}
        self._written = lru_cache(maxsize=64)(self._metadata)

    # --- SPARQL -------------------------------------------------------------------------------

    async def sparql(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The query operation; without a query, the service description."""
        try:
            reply = await self._protocol(scope, receive)
        except RefusedError as bad:
            reply = _error(bad.status, str(bad), bad.headers)
        await reply(scope, receive, send)

    async def _protocol(self, scope: Scope, receive: Receive) -> ASGIApp:
        method, search = scope["method"], scope["query_string"]
        if method not in ("GET", "HEAD", "POST"):
            return _error(405, "send GET or POST", {"Allow": "GET, HEAD, POST"})
        fields: Fields = scope["state"]["fields"]
        posted = method == "POST"
        if not posted and b"query" not in search and b"update" not in search:
            return self._described(Request(scope), "service")
        asked = {
            "do": "protocol",
            "method": "POST" if posted else "GET",
            "search": search.decode("latin-1"),
            "type": fields.get("content-type", ""),
            "base": f"{scope['scheme']}://{fields['host']}/sparql",
        }
        return await self._asked(scope, receive, asked, await _body(fields, receive, posted))

    async def graph_store(self, request: Request) -> Reply:
        """A graph as a whole: ``?graph=IRI`` or ``?default``."""
        given = dict(params(request.scope["query_string"]))
        if ("graph" in given) == ("default" in given):
            raise HTTPException(400, "name one graph: ?graph=IRI or ?default")
        asked = {"do": "graph", "iri": given.get("graph")}
        return await self._asked(request.scope, request.receive, asked)

    async def _asked(self, scope: Scope, receive: Receive, asked: Head, body: bytes = b"") -> Reply:
        """A worker's reply, or the one that was given before, or is just being made."""
        fields: Fields = scope["state"]["fields"]
        told = scope["state"]["told"]
        asked["accept"] = fields.get("accept", "")
        asked["gzip"] = _takes_gzip(fields)
        key = (*asked.values(), body)
        reply = self._kept.get(key)
        if reply is not None:
            told["kept"] = True
        elif key in self._asks:
            told["shared"] = True
            reply = await self._asks[key].joined(receive) or await self._own(receive, asked, body)
        else:
            ask = self._asks[key] = _Ask()
            try:
                reply = await self._own(receive, asked, body, ask)
                if reply.tag and not reply.changing:
                    self._kept.put(key, reply)
            finally:
                del self._asks[key]
                ask.done(None if reply is None or reply.changing else reply)
        # who posts has asked for an answer, whatever it has
        return reply if scope["method"] == "POST" else reply.unless_known(fields)

    async def _own(
        self, receive: Receive, asked: Head, body: bytes, ask: _Ask | None = None
    ) -> Reply:
        async def gone() -> None:
            await _left(receive)
            if ask is not None:
                await ask.alone()

        try:
            head, data = await self._pool.run(asked, body, gone)
        except LimitError as past:
            return _error(504 if past.limit == "time" else 507, str(past))
        except BusyError as busy:
            return _error(503, str(busy), {"Retry-After": "1"})
        except GoneError:
            return _GONE
        headers = {}
        if "truncated" in head:
            headers["Truncated"] = f"{head['truncated']} rows"
        if "encoding" in head:
            headers["Content-Encoding"] = head["encoding"]
        tag, changing = head.get("tag", ""), "changing" in head
        return Reply(head["status"], head["type"], data, headers, tag, changing=changing)

    # --- things and graphs --------------------------------------------------------------------

    async def thing(self, request: Request) -> Response:
        """What an IRI of ours stands for, as a page or as RDF."""
        path = request.scope["raw_path"].decode().lstrip("/")
        form = dict(params(request.scope["query_string"])).get("format", "")
        asked = {"do": "thing", "iri": BASE + path, "format": form}
        pages = [f"docs/{n}.html" for n in ("ontology", "codebook")]
        page = next((name for name in pages if name in self._site.files), None)
        if path == "ontology" and page:
            types = (HTML, *GRAPHS)
            wanted = NAMES.get(form) or (negotiate(request.headers.get("accept", ""), types),)
            if wanted == (HTML,):
                return RedirectResponse(f"/{page}", 303, {"Vary": "Accept"})
            asked = {"do": "graph", "iri": BASE + "graph/ontology"}
        return await self._asked(request.scope, request.receive, asked)

    async def graph(self, request: Request) -> Reply:
        """One of our named graphs, at its own address."""
        path = request.scope["raw_path"].decode().lstrip("/")
        form = dict(params(request.scope["query_string"])).get("format", "")
        asked = {"do": "graph", "iri": BASE + path, "format": form}
        return await self._asked(request.scope, request.receive, asked)

    # --- pages and files ----------------------------------------------------------------------

    async def front(self, request: Request) -> Response:
        """Where everything is."""
        return _page(request, pages.front(dict(self._site.facts), sorted(self._site.files)))

    async def query(self, request: Request) -> Response:
        """The query page, empty or with one of our questions; ``?plain`` is a form."""
        given = dict(params(request.scope["query_string"]))
        try:
            chosen = questions.find(given["question"]) if "question" in given else None
        except QueryError as bad:
            raise HTTPException(404, str(bad)) from None
        if self._site.assets and "plain" not in given:
            return _page(request, pages.editor())
        return _page(request, pages.form(given.get("query", ""), chosen))

    async def question(self, request: Request) -> Response:
        """One of our questions: on the query page, or as ``sh:SPARQLExecutable``."""
        name = request.path_params["name"]
        try:
            found = questions.find(name)
        except QueryError as bad:
            raise HTTPException(404, str(bad)) from None
        if negotiate(request.headers.get("accept", ""), ("text/turtle", HTML)) == HTML:
            return RedirectResponse(f"/query?question={name}", 303, {"Vary": "Accept"})
        body = catalogue.as_turtle([found])
        return _tagged(request, body, "text/turtle", hashlib.sha256(body).hexdigest()[:32])

    async def void(self, request: Request) -> Response:
        """VoID and DCAT."""
        return self._described(request, "dataset")

    async def health(self, request: Request) -> Response:
        """Whether questions are answered."""
        try:
            head, _ = await self._pool.run({"do": "query", "query": "ASK {}"})
            well = head["status"] == 200
        except (LimitError, BusyError):
            well = False
        text = json.dumps({"status": "ok" if well else "failing"}) + "\n"
        headers = {"Cache-Control": "no-store"}
        return Response(text, 200 if well else 503, headers, "application/json")

    async def file(self, request: Request) -> Response:
        """A file of the build (exactly those that its manifest names) or of the query page."""
        name = request.path_params["name"]
        if name not in self._given:
            raise HTTPException(404, "there is no such page here")
        data, about = self._given[name], self._known[name]
        headers = {}
        if _takes_gzip(request.headers) and about.size > 1_400:
            if name not in self._packed:
                self._packed[name] = await asyncio.to_thread(gzip.compress, data, 6, mtime=0)
            data, headers = self._packed[name], {"Content-Encoding": "gzip"}
        return _tagged(request, data, about.type, about.digest[:32], headers)

    def _described(self, request: Request, what: str) -> Response:
        accept = request.headers.get("accept", "")
        form = dict(params(request.scope["query_string"])).get("format", "")
        types = (*GRAPHS, HTML) if what == "service" else tuple(GRAPHS)
        named = (name for name in NAMES.get(form, ()) if name in types)
        kind = next(named, None) or negotiate(accept, types)
        if kind is None:
            raise HTTPException(406, f"this description comes as {', '.join(types)}")
        if kind == HTML:
            return _page(request, pages.editor() if self._site.assets else pages.form())
        body = self._written(what, _base(request), kind)
        return _tagged(request, body, kind, hashlib.sha256(body).hexdigest()[:32])

    def _metadata(self, what: str, base: str, kind: str) -> bytes:
        triples: Iterable[Triple]
        if what == "service":
            triples = metadata.service(base, self._site.numbers)
        else:
            triples = metadata.dataset(base, self._site.numbers, self._about)
        prefixes = metadata.SPOKEN if kind == "text/turtle" else None
        out = serialize(sorted(triples, key=str), format=GRAPHS[kind], prefixes=prefixes)
        assert out is not None  # only None when written to a file
        return out


class _Kept:
    """Replies that were given lately: the graph does not change while it is served."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._replies: OrderedDict[Key, Reply] = OrderedDict()

    def get(self, key: Key) -> Reply | None:
        """The reply to this request, where it is still known."""
        found = self._replies.get(key)
        if found is not None:
            self._replies.move_to_end(key)
        return found

    def put(self, key: Key, reply: Reply) -> None:
        """Keep a reply, and forget those that nobody has asked for in the longest time."""
        size = _size(key, reply)
        if key in self._replies or size > self._most // 16:
            return
        self._replies[key] = reply
        self._size += size
        while self._size > self._most:
            self._size -= _size(*self._replies.popitem(last=False))


_EACH = 2_000
"""Bytes that a reply takes beside its body and what was asked: headers and the like."""


def _size(key: Key, reply: Reply) -> int:
    asked = sum(len(part) for part in key if isinstance(part, (str, bytes)))
    return asked + len(reply.body) + _EACH


class _Ask:
    """A request that a worker answers, and those who ask for the same meanwhile."""

    def __init__(self) -> None:
        self._reply: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._others = 0
        self._change = asyncio.Event()

    async def joined(self, receive: Receive) -> Reply | None:
        """The reply as soon as it is there; None where it is none for others."""
        self._others += 1
        try:
            # whoever goes away meanwhile is missed once it takes long
            await asyncio.wait((self._reply,), timeout=QUICK)
            if not self._reply.done():
                leaving = asyncio.create_task(_left(receive))
                either: set[asyncio.Future[Any]] = {self._reply, leaving}
                try:
                    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    leaving.cancel()
        finally:
            self._others -= 1
            self._change.set()
        return self._reply.result() if self._reply.done() else _GONE

    async def alone(self) -> None:
        """Wait until nobody else waits for the reply."""
        while self._others:
            self._change.clear()
            await self._change.wait()

    def done(self, reply: Reply | None) -> None:
        """Give the reply to those who wait."""
        self._reply.set_result(reply)


# --- requests ------------------------------------------------------------------------------------

Fields = dict[str, str]
"""The header fields of a request: lower-case names, the values of one name joined by commas."""
Key = tuple[str | bool | bytes | None, ...]
"""What is asked for, and in which form."""


def _fields(scope: Scope) -> Fields:
    fields: Fields = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        fields[name] = f"{fields[name]},{text}" if name in fields else text
    return fields


def _base(request: Request) -> str:
    """The address of the server, as the asker wrote it (the gate has looked at it)."""
    return f"{request.scope['scheme']}://{request.headers['host']}/"


async def _left(receive: Receive) -> None:
    """Wait until whoever asked has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(fields: Fields, receive: Receive, posted: bool) -> bytes:
    """The body of a POST; raises RefusedError where it is too long or too slow."""
    if not posted:
        return b""
    closing = {"Connection": "close"}
    too_long = RefusedError(413, f"a query takes {QUERY_BYTES} bytes at most", closing)
    length = fields.get("content-length", "0")
    if len(length) > 9 or (length.isdecimal() and int(length) > QUERY_BYTES):
        raise too_long
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while (message := await receive())["type"] == "http.request":
                data += message.get("body", b"")
                if len(data) > QUERY_BYTES:
                    raise too_long
                if not message.get("more_body"):
                    return bytes(data)
    except TimeoutError:
        raise RefusedError(408, "the query did not arrive in time", closing) from None
    raise RefusedError(499, "whoever asked has gone")  # nginx's number, for the log


def _takes_gzip(headers: Mapping[str, str]) -> bool:
    wanted = headers.get("accept-encoding", "")
    return "gzip" in wanted and negotiate(wanted.replace("*", "*/*"), ("gzip",)) == "gzip"


# --- replies -------------------------------------------------------------------------------------


def _tagged(
    request: Request, body: bytes, kind: str, tag: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A reply that a client may keep and ask for again: 304 where it has it already."""
    known = {
        "ETag": f'W/"{tag}"',
        "Cache-Control": "no-cache",
        "Vary": "Accept, Accept-Encoding, Origin",
        **(headers or {}),
    }
    given = request.headers.get("if-none-match", "")
    if given and (given.strip() == "*" or tag in (t.strip(' W/"') for t in given.split(","))):
        known.pop("Content-Encoding", None)
        return Response(None, 304, known)
    return Response(body, 200, known, kind)


def _page(request: Request, text: str) -> Response:
    body = text.encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    if _takes_gzip(request.headers):
        return _tagged(request, compressed(body), HTML, tag, {"Content-Encoding": "gzip"})
    return _tagged(request, body, HTML, tag)


# --- the gate ------------------------------------------------------------------------------------

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_PAGE_POLICY = b"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
"""Beside what each page allows itself in its own head."""
_DATA_POLICY = b"default-src 'none'; frame-ancestors 'none'; sandbox"
_SHARED = (
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (b"access-control-allow-headers", b"Accept, Content-Type"),
    (b"access-control-expose-headers", b"ETag, Truncated"),
    (b"access-control-max-age", b"600"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""What an origin that may ask is told beside its name."""
Header = tuple[bytes, bytes]


class Gate:
    """Lets in who may come, marks what goes out, and keeps the log (never a query's text)."""

    def __init__(self, inner: ASGIApp, site: Site) -> None:
        self._inner = inner
        self._hosts = site.hosts
        self._origins = site.origins
        self._rate = Rate(site.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        start = time.perf_counter()
        told: dict[str, Any] = {}
        fields = _fields(scope)
        scope.setdefault("state", {}).update(told=told, fields=fields)
        origin = fields.get("origin", "")
        status, count = 500, 0

        async def marked(message: Message) -> None:
            nonlocal status, count
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._marked(message.get("headers", ()), origin)
            else:
                count += len(message.get("body", b""))
            await send(message)

        who = scope["client"][0] if scope.get("client") else ""
        try:
            answer = self._refusal(scope, fields, origin) or self._pause(who) or self._inner
            await answer(scope, receive, marked)
        finally:
            took = time.perf_counter() - start
            self._rate.took(who, took)
            line = {"method": scope["method"], "path": scope["path"], "status": status}
            LOG.info({**line, "bytes": count, "ms": round(took * 1000, 1), **told})

    def _pause(self, who: str) -> Reply | None:
        if wait := self._rate.wait(who):
            told = f"too many requests from your address; ask again in {wait} s"
            return _error(429, told, {"Retry-After": str(wait)})
        return None

    def _refusal(self, scope: Scope, fields: Fields, origin: str) -> Reply | None:
        host = fields.get("host", "")
        name, colon, port = host.rpartition(":")
        numbered = colon and port.isascii() and port.isdigit() and len(port) <= 5
        if (name if numbered else host).lower() not in self._hosts:
            return _error(403, "this server does not answer under that name")
        allowed = origin in self._origins
        if scope["method"] == "OPTIONS":
            if origin and not allowed:
                return _error(403, "this origin may not ask")
            return Reply(204, "", b"", {"Allow": "GET, HEAD, POST, OPTIONS"})
        if origin and not allowed and origin != f"{scope['scheme']}://{host}".lower():
            return _error(403, "this origin may not ask")
        site = fields.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not allowed:
            # a link that somebody follows is fine; a script, image or frame elsewhere is not
            followed = fields.get("sec-fetch-mode") == "navigate"
            whole = fields.get("sec-fetch-dest") == "document"
            if not (followed and whole and scope["method"] in ("GET", "HEAD")):
                return _error(403, "another site may not ask")
        return None

    def _marked(self, headers: Iterable[Header], origin: str) -> list[Header]:
        found = dict(headers)
        marks = [*_ALWAYS]
        if kind := found.get(b"content-type"):
            # a 304 has none: what it names would replace the policy that came with the page
            page = kind.startswith(HTML.encode())
            marks.append((b"content-security-policy", _PAGE_POLICY if page else _DATA_POLICY))
        if origin in self._origins:
            marks += [(b"access-control-allow-origin", origin.encode("latin-1")), *_SHARED]
        else:
            marks.append((b"cross-origin-resource-policy", b"same-origin"))
        if b"vary" not in found:
            marks.append((b"vary", b"Origin"))
        return [*headers, *marks]
