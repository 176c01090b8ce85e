"""Who may ask, and how long it takes when many do."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from tests.hard import Figure
from tests.hard.zoo import Others
from tests.serving import Server

from alliance_graph import build, paths
from alliance_graph.vocabulary import ID

FRIEND = "https://friend.example"
HOSTS = {
    "127.0.0.1": True,
    "localhost": True,
    "evil.example": False,
    "127.0.0.1.evil.example": False,
}
ORIGINS = {None: True, "own": True, FRIEND: True, "http://evil.example": False, "null": False}
SITES = {None: True, "none": True, "same-origin": True, "same-site": False, "cross-site": False}
PATHS = ("/sparql?query=ASK%7B%7D", "/network.html", "/id/country/us", "/health", "/")
SECONDS = 10.0
LOOKUP = "/sparql?" + urlencode(
    {"query": f"SELECT ?p ?o {{ <{ID}person/antony-blinken> ?p ?o }}"}
)  # fmt: skip


def matrix(server: Server) -> Iterator[tuple[str, bool]]:
    """Each way to come, and whether it was answered as it should be.

    A foreign name, origin or site gets 403, unless an origin that may ask comes from its site, and
    only such an origin is told that it may read.
    """
    for (host, known), (origin, allowed), (site, near), path in itertools.product(
        HOSTS.items(), ORIGINS.items(), SITES.items(), PATHS
    ):
        named = f"{host}:{server.port}"
        headers = {}
        if origin is not None:
            headers["Origin"] = f"http://{named}" if origin == "own" else origin
        if site is not None:
            headers["Sec-Fetch-Site"] = site
        answer = server.ask("GET", path, headers, host=named)
        fine = known and allowed and (near or origin == FRIEND)
        told = answer.headers.get("access-control-allow-origin")
        right = (answer.status == 200) if fine else (answer.status == 403)
        right &= told == (FRIEND if origin == FRIEND else None)
        right &= "access-control-allow-credentials" not in answer.headers
        right &= answer.headers.get("x-content-type-options") == "nosniff"
        right &= answer.headers.get("content-security-policy", "") != ""
        yield f"{host} {origin} {site} {path}", right


def main() -> list[Figure]:
    """Ask in every way, then with many clients at a time."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build.build(paths.seeds(), home / "build")
        server = Server(home / "build", home / "log", "--cors", FRIEND)
        try:
            ways = list(matrix(server))
            wrong = [way for way, right in ways if not right]
            told = f"{len(wrong)} of {len(ways)}"
            figures.append(
                Figure("foreign Host, Origin, Sec-Fetch-Site let in", "0", told, not wrong)
            )
            for clients, limit in ((8, 0.05), (32, 0.25)):
                others = Others(server.port, LOOKUP)
                with others.asking(clients):
                    time.sleep(SECONDS)
                p99 = others.p99()
                figures.append(
                    Figure(
                        f"p99 of {clients} clients looking up a thing",
                        f"< {limit * 1000:.0f} ms",
                        f"{p99 * 1000:.1f} ms, {len(others.taken) / SECONDS:.0f} answers/s",
                        p99 < limit,
                        timed=True,
                    )
                )
                failed = f"{len(others.failed)} of {len(others.taken)}"
                figures.append(
                    Figure(
                        f"requests of {clients} clients that failed", "0", failed, not others.failed
                    )
                )
        finally:
            server.stop()
    return figures
