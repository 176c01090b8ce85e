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
import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

from pyoxigraph import Triple, serialize
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alliance_graph import questions
from alliance_graph.errors import LimitError, QueryError
from alliance_graph.serve import metadata, pages
from alliance_graph.serve.answers import GRAPHS, HTML, NAMES, compressed, negotiate
from alliance_graph.serve.pool import BusyError, GoneError, Head, Pool
from alliance_graph.vocabulary import BASE

LOG = logging.getLogger("alliance_graph.serve")
QUERY_BYTES = 262_144
"""The longest query, and the longest parameters."""
BODY_SECONDS = 10.0
KEPT_BYTES = 64_000_000
"""For replies that may be asked for again."""
_CHANGING = re.compile(r"\b(?:now|rand|uuid|struuid|bnode)\s*\(", re.IGNORECASE)
"""Functions that give something else each time."""
FORM = "application/x-www-form-urlencoded"
TYPES = {
    ".csv": "text/csv",
    ".html": HTML,
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".nq": "application/n-quads",
    ".nt": "application/n-triples",
    ".rdf": "application/rdf+xml",
    ".trig": "application/trig",
    ".ttl": "text/turtle",
    ".xml": "application/xml",
}
"""Media types of the files of a build; others are given as bytes."""


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

    def about(self) -> dict[str, metadata.File]:
        """The files with type, size and digest."""
        return {
            name: metadata.File(media_type(name), len(data), hashlib.sha256(data).hexdigest())
            for name, data in self.files.items()
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
        Route("/sparql", pages_of.sparql, methods=["GET", "POST"]),
        Route("/sparql/", pages_of.sparql, methods=["GET", "POST"]),
        Route("/", pages_of.front),
        Route("/query", pages_of.query),
        Route("/health", pages_of.health),
        Route("/graph-store", pages_of.graph_store),
        Route("/.well-known/void", pages_of.void),
        Route("/id/{rest:path}", pages_of.thing),
        Route("/vocabulary/{rest:path}", pages_of.thing),
        Route("/ontology", pages_of.thing),
        Route("/graph/{rest:path}", pages_of.graph),
        Route("/{name:path}", pages_of.file),
    ]
    handlers = {HTTPException: _plainly}
    inner = Starlette(routes=routes, lifespan=living, exception_handlers=handlers)
    return Gate(inner, site.hosts, site.origins)


async def _plainly(request: Request, bad: Exception) -> Response:
    assert isinstance(bad, HTTPException)
    return _error(bad.status_code, bad.detail, bad.headers)


def _error(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(f"{text}\n", status, headers, "text/plain")


class _Pages:
    """The routes."""

    def __init__(self, pool: Pool, site: Site) -> None:
        self._pool = pool
        self._site = site
        self._about = site.about()
        self._packed: dict[str, bytes] = {}
        self._kept = _Kept(KEPT_BYTES)
        self._written = lru_cache(maxsize=64)(self._metadata)

    # --- SPARQL -------------------------------------------------------------------------------

    async def sparql(self, request: Request) -> Response:
        """The query operation; without a query, the service description."""
        params = _params(request.scope["query_string"])
        if request.method == "POST":
            kind, charset = _content_type(request.headers)
            if charset not in ("", "utf-8", "utf8"):
                raise HTTPException(415, "write queries in UTF-8")
            if kind == FORM:
                params += _params(await _body(request))
            elif kind == "application/sparql-query":
                params.append(("query", _text(await _body(request))))
            elif kind == "application/sparql-update":
                raise HTTPException(403, "this endpoint is read-only: it takes no update")
            else:
                raise HTTPException(415, f"send a query as {FORM} or application/sparql-query")
        if any(name == "update" for name, _ in params):
            raise HTTPException(403, "this endpoint is read-only: it takes no update")
        texts = [value for name, value in params if name == "query"]
        if len(texts) > 1:
            raise HTTPException(400, "send one query, not several")
        if not texts:
            if request.method == "POST":
                raise HTTPException(400, "there is no query in this request")
            return self._described(request, "service")
        form = next((v for n, v in params if n in ("format", "output") and v.lower() in NAMES), "")
        base = f"{_base(request)}sparql"
        asked: Head = {"do": "query", "query": texts[0], "format": form, "base": base}
        for key, name in (("default", "default-graph-uri"), ("named", "named-graph-uri")):
            asked[key] = [value for n, value in params if n == name]
        return await self._asked(request, asked)

    async def graph_store(self, request: Request) -> Response:
        """A graph as a whole: ``?graph=IRI`` or ``?default``."""
        params = dict(_params(request.scope["query_string"]))
        if ("graph" in params) == ("default" in params):
            raise HTTPException(400, "name one graph: ?graph=IRI or ?default")
        return await self._asked(request, {"do": "graph", "iri": params.get("graph")})

    async def _asked(self, request: Request, asked: Head) -> Response:
        asked["accept"] = ",".join(request.headers.getlist("accept"))
        asked["gzip"] = _takes_gzip(request.headers)
        request.state.told = {"asks": asked["do"]}
        key = json.dumps(asked)
        known = self._kept.get(key)
        if known is not None:
            request.state.told["kept"] = True
            return self._replied(request, *known)

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        try:
            head, body = await self._pool.run(asked, gone)
        except LimitError as past:
            return _error(504 if past.limit == "time" else 507, str(past))
        except BusyError as busy:
            return _error(503, str(busy), {"Retry-After": "1"})
        except GoneError:
            return Response(status_code=499)
        if head["status"] == 200 and not _CHANGING.search(asked.get("query", "")):
            self._kept.put(key, head, body)
        return self._replied(request, head, body)

    def _replied(self, request: Request, head: Head, body: bytes) -> Response:
        headers = {}
        if "truncated" in head:
            headers["Truncated"] = f"{head['truncated']} rows"
            request.state.told["truncated"] = True
        if "encoding" in head:
            headers["Content-Encoding"] = head["encoding"]
        if head["status"] != 200:
            return Response(body, head["status"], headers, head["type"])
        return _tagged(request, body, head["type"], head["tag"], headers)

    # --- things and graphs --------------------------------------------------------------------

    async def thing(self, request: Request) -> Response:
        """What an IRI of ours stands for, as a page or as RDF."""
        path = request.scope["raw_path"].decode().lstrip("/")
        form = dict(_params(request.scope["query_string"])).get("format", "")
        if path == "ontology" and "docs/codebook.html" in self._site.files:
            types = [HTML, *GRAPHS]
            wanted = NAMES.get(form) or (negotiate(request.headers.get("accept", ""), types),)
            if wanted == (HTML,):
                return RedirectResponse("/docs/codebook.html", 303, {"Vary": "Accept"})
            return await self._asked(request, {"do": "graph", "iri": BASE + "graph/ontology"})
        return await self._asked(request, {"do": "thing", "iri": BASE + path, "format": form})

    async def graph(self, request: Request) -> Response:
        """One of our named graphs, at its own address."""
        path = request.scope["raw_path"].decode().lstrip("/")
        form = dict(_params(request.scope["query_string"])).get("format", "")
        return await self._asked(request, {"do": "graph", "iri": BASE + path, "format": form})

    # --- pages and files ----------------------------------------------------------------------

    async def front(self, request: Request) -> Response:
        """Where everything is."""
        return _page(request, pages.front(dict(self._site.facts), sorted(self._site.files)))

    async def query(self, request: Request) -> Response:
        """The query form, empty or with one of our questions."""
        params = dict(_params(request.scope["query_string"]))
        try:
            chosen = questions.find(params["question"]) if "question" in params else None
        except QueryError as bad:
            raise HTTPException(404, str(bad)) from None
        return _page(request, pages.form(params.get("query", ""), chosen))

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
        """A file of the build: exactly those that its manifest names."""
        name = request.path_params["name"]
        if name not in self._site.files:
            raise HTTPException(404, "there is no such page here")
        data, about = self._site.files[name], self._about[name]
        headers = {}
        if _takes_gzip(request.headers) and about.size > 1_400:
            if name not in self._packed:
                self._packed[name] = await asyncio.to_thread(gzip.compress, data, 6, mtime=0)
            data, headers = self._packed[name], {"Content-Encoding": "gzip"}
        return _tagged(request, data, about.type, about.digest[:32], headers)

    def _described(self, request: Request, what: str) -> Response:
        accept = request.headers.get("accept", "")
        form = dict(_params(request.scope["query_string"])).get("format", "")
        types = [*GRAPHS, *([HTML] if what == "service" else [])]
        named = (name for name in NAMES.get(form, ()) if name in types)
        kind = next(named, None) or negotiate(accept, types)
        if kind is None:
            raise HTTPException(406, f"this description comes as {', '.join(types)}")
        if kind == HTML:
            return _page(request, pages.form())
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
        self._replies: OrderedDict[str, tuple[Head, bytes]] = OrderedDict()

    def get(self, key: str) -> tuple[Head, bytes] | None:
        """The reply to this request, where it is still known."""
        found = self._replies.get(key)
        if found is not None:
            self._replies.move_to_end(key)
        return found

    def put(self, key: str, head: Head, body: bytes) -> None:
        """Keep a reply, and forget those that nobody has asked for in the longest time."""
        if key in self._replies or len(key) + len(body) > self._most // 16:
            return
        self._replies[key] = (head, body)
        self._size += len(key) + len(body)
        while self._size > self._most:
            old, (_, gone) = self._replies.popitem(last=False)
            self._size -= len(old) + len(gone)


# --- requests ------------------------------------------------------------------------------------


def _base(request: Request) -> str:
    """The address of the server, as the asker wrote it (the gate has looked at it)."""
    return f"{request.scope['scheme']}://{request.headers['host']}/"


def _params(data: bytes) -> list[tuple[str, str]]:
    if len(data) > QUERY_BYTES:
        raise HTTPException(414, f"a request takes {QUERY_BYTES} bytes at most")
    try:
        text = data.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=200)
    except (UnicodeDecodeError, ValueError):
        raise HTTPException(400, "the parameters are not URL-encoded UTF-8") from None


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        raise HTTPException(400, f"the query is not UTF-8 at byte {bad.start}") from None


async def _body(request: Request) -> bytes:
    data = bytearray()
    too_long = HTTPException(
        413, f"a query takes {QUERY_BYTES} bytes at most", {"Connection": "close"}
    )
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > QUERY_BYTES:
        raise too_long
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                data += chunk
                if len(data) > QUERY_BYTES:
                    raise too_long
    except TimeoutError:
        headers = {"Connection": "close"}
        raise HTTPException(408, "the query did not arrive in time", headers) from None
    return bytes(data)


def _content_type(headers: Headers) -> tuple[str, str]:
    kind, *params = headers.get("content-type", "").lower().split(";")
    for param in params:
        name, _, value = param.partition("=")
        if name.strip() == "charset":
            return kind.strip(), value.strip().strip('"')
    return kind.strip(), ""


def _takes_gzip(headers: Headers) -> bool:
    wanted = headers.get("accept-encoding", "")
    return "gzip" in wanted and negotiate(wanted.replace("*", "*/*"), ["gzip"]) == "gzip"


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
_PAGE_POLICY = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
"""Beside what each page allows itself in its own head."""
_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Gate:
    """Lets in who may come, marks what goes out, and keeps the log (never a query's text)."""

    def __init__(self, inner: ASGIApp, hosts: frozenset[str], origins: frozenset[str]) -> None:
        self._inner = inner
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        start = time.perf_counter()
        scope.setdefault("state", {})["told"] = {}
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        told = {"status": 500, "bytes": 0}

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                self._mark(MutableHeaders(scope=message), origin)
            elif message["type"] == "http.response.body":
                told["bytes"] += len(message.get("body", b""))
            await send(message)

        refusal = self._refusal(scope, headers, origin)
        try:
            if refusal is not None:
                await refusal(scope, receive, marked)
            else:
                await self._inner(scope, receive, marked)
        finally:
            took = round((time.perf_counter() - start) * 1000, 1)
            line = {"method": scope["method"], "path": scope["path"], **told, "ms": took}
            LOG.info({**line, **scope["state"]["told"]})

    def _refusal(self, scope: Scope, headers: Headers, origin: str) -> Response | None:
        host = headers.get("host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if len(headers.getlist("host")) != 1 or name.lower() not in self._hosts:
            return _error(403, "this server does not answer under that name")
        allowed = origin in self._origins
        if scope["method"] == "OPTIONS":
            if origin and not allowed:
                return _error(403, "this origin may not ask")
            return Response(status_code=204, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
        own = f"{scope['scheme']}://{host}".lower()
        if origin and origin != own and not allowed:
            return _error(403, "this origin may not ask")
        site = headers.get("sec-fetch-site", "none")
        if site not in ("none", "same-origin") and not allowed:
            # a link that somebody follows is fine; a script, image or frame elsewhere is not
            followed = headers.get("sec-fetch-mode") == "navigate"
            whole = headers.get("sec-fetch-dest") == "document"
            if not (followed and whole and scope["method"] in ("GET", "HEAD")):
                return _error(403, "another site may not ask")
        return None

    def _mark(self, headers: MutableHeaders, origin: str) -> None:
        headers.raw.extend(_ALWAYS)
        page = headers.get("content-type", "").startswith(HTML)
        headers["Content-Security-Policy"] = _PAGE_POLICY if page else _DATA_POLICY
        if origin in self._origins:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST"
            headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
            headers["Access-Control-Expose-Headers"] = "ETag, Truncated"
            headers["Access-Control-Max-Age"] = "600"
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        else:
            headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if "vary" not in headers:
            headers["Vary"] = "Origin"
