"""``alliance serve``: a read-only SPARQL endpoint over a build, with its pages.

Needs ``pip install '.[serve]'``. Plain engines and their servers were measured first
(``tests/bench/serve.py``): the ``oxigraph`` server is faster by a fraction of a millisecond, but a
small query ends it and its time limit does not hold; so Starlette and uvicorn speak HTTP, and
queries run in processes of their own (:mod:`alliance_graph.serve.pool`).
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import json
import logging
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_graph.errors import AllianceError

if TYPE_CHECKING:
    from alliance_graph.serve.app import Site
    from alliance_graph.serve.pool import Limits
    from alliance_graph.store.embedded import Embedded


def serve(
    store: Embedded,
    limits: Limits,
    *,
    build: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7878,
    names: Iterable[str] = (),
    origins: Iterable[str] = (),
    rate: float | None = None,
    ready: Callable[[str, tuple[str, ...]], None] = lambda address, barriers: None,
) -> None:
    """Serve a graph until told to stop (SIGINT, SIGTERM); ``build`` is the folder of its files.

    ``names`` are host names under which it answers beside its own, ``origins`` those whose scripts
    may read answers, ``rate`` the requests a second of one address (:mod:`.rate`). ``ready`` is
    told the address, and what keeps workers off the network.
    Raises AllianceError where it can't be served, and OSError where the port is taken.
    """
    try:
        import uvicorn

        from alliance_graph.serve import app, connection
        from alliance_graph.serve.answers import Answers
        from alliance_graph.serve.pool import Pool, nursery
    except ModuleNotFoundError as missing:
        raise AllianceError(
            f"{missing.name} is not installed: pip install '.[serve]' in a checkout brings it"
        ) from None

    site = replace(_site(store, build, host, names, origins), rate=rate)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # forked before the first thread of this process, and before it listens
    home = nursery(Answers(store, limits), limits)
    with socket.create_server((host, port), family=family, backlog=512) as listening:
        _log()
        pool = Pool(home, limits)
        config = uvicorn.Config(
            app.make(pool, site),
            http=connection.Connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=int(limits.seconds) + 1,
        )
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listening.getsockname()[1]}/", home.barriers)
        # what is loaded stays, and need not be looked through again and again
        gc.collect()
        gc.freeze()
        # uvicorn stops at a signal and then raises it again, for whoever handled it before
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda number, frame: None)
        uvicorn.Server(config).run(sockets=[listening])
    if pool.broken:
        raise AllianceError("the process that held the graph has died; start the server again")


def check(store: Embedded, limits: Limits) -> tuple[str, ...]:
    """Start workers, ask one of them, stop; returns what keeps them off the network."""
    from alliance_graph.serve.answers import Answers
    from alliance_graph.serve.pool import Pool, nursery

    home = nursery(Answers(store, limits), limits)

    async def ask() -> None:
        pool = Pool(home, limits)
        await pool.start()
        try:
            head, _ = await pool.run({"do": "query", "query": "ASK { ?s ?p ?o }"})
        finally:
            await pool.close()
        if head["status"] != 200:
            raise AllianceError("the workers do not answer")

    asyncio.run(ask())
    return home.barriers


def _site(
    store: Embedded, build: Path | None, host: str, names: Iterable[str], origins: Iterable[str]
) -> Site:
    from alliance_graph.serve import app, metadata, pages

    manifest: dict[str, Any] = {"files": {}, "summary": {}, "private": False}
    if build is not None:
        manifest = json.loads((build / "manifest.json").read_text("utf-8"))
    local = host == "localhost" or _is_loopback(host)
    if manifest["private"] and not local:
        raise AllianceError(
            f"{build} holds passages of the articles: it is served on loopback only; "
            "build without --texts to serve it elsewhere"
        )
    known = {host.lower() if ":" not in host else f"[{host.lower()}]", *(n.lower() for n in names)}
    if local:
        known |= {"localhost", "127.0.0.1", "[::1]"}
    for origin in origins:
        scheme, slashes, rest = origin.partition("://")
        if scheme not in ("http", "https") or not slashes or not rest or "/" in rest or "*" in rest:
            raise AllianceError(f"{origin!r} is no origin: write it as https://example.org")
    files = {name: (build / name).read_bytes() for name in manifest["files"] if build is not None}
    return app.Site(
        numbers=metadata.count(store),
        files=files,
        facts=manifest["summary"],
        hosts=frozenset(known),
        origins=frozenset(origins),
        assets=pages.assets(store),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Lines(logging.Formatter):
    """One JSON object a line."""

    _encode = json.JSONEncoder(ensure_ascii=False).encode

    def format(self, record: logging.LogRecord) -> str:
        told = record.msg if isinstance(record.msg, dict) else {"message": record.getMessage()}
        if record.exc_info and record.exc_info[0] is not None:
            # not the message: it may hold a part of the query
            trace = traceback.extract_tb(record.exc_info[2])
            told = {**told, "error": record.exc_info[0].__name__}
            told["at"] = [f"{frame.name}:{frame.lineno}" for frame in trace[-3:]]
            told.pop("message", None)
        when = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"time": when, "level": record.levelname.lower(), **told}
        return self._encode(line)


def _log() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    for name, level in (("alliance_graph.serve", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
