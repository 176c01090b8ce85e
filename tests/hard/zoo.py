"""Every killer against a server that has other clients, one after the other.

``ALLIANCE_ZOO_SECONDS`` (3) and ``ALLIANCE_ZOO_MEGABYTES`` (768) are what a query may take.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.hard import Figure
from tests.hard.killers import Killer, Rogue, killers, rogues, status
from tests.serving import WORKERS, Reply, Server, children_of

from alliance_graph import build, paths
from alliance_graph.vocabulary import ID

SECONDS = float(os.environ.get("ALLIANCE_ZOO_SECONDS", "3"))
MEGABYTES = int(os.environ.get("ALLIANCE_ZOO_MEGABYTES", "768"))
CLIENTS = 8
ENTITY = "/sparql?" + urlencode({"query": f"DESCRIBE <{ID}person/antony-blinken>"})


@dataclass
class Seen:
    """What came of one killer."""

    name: str
    wanted: frozenset[int]
    status: int
    seconds: float
    """Until the offender had its answer."""
    then: float
    """Seconds until the next ASK was answered."""
    whole: bool = True
    """Whether what came with 200 parses to its end."""


@contextlib.contextmanager
def listener() -> Iterator[tuple[str, list[object]]]:
    """An address of loopback, and whoever has come to it."""
    hits: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        ended = threading.Event()

        def listen() -> None:
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, address = listening.accept()
                    connection.close()
                    hits.append(address)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", hits
        finally:
            ended.set()
            thread.join()


@dataclass
class Others:
    """Clients that go on asking for things while something else happens."""

    port: int
    path: str = ENTITY
    taken: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    pause: float = 0.0
    """Seconds between two of one client's requests: people read what they get."""
    fresh: bool = True
    _ended: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def asking(self, clients: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        count = 0
        while not self._ended.wait(self.pause):
            count += 1
            # a remark that nobody has made before, so that a worker has to answer
            path = self.path + (f"%23{number}-{count}" if self.fresh else "")
            start = time.perf_counter()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                self.taken.append(time.perf_counter() - start)
                if answer.status != 200:
                    self.failed.append(str(answer.status))
            except OSError as bad:
                self.failed.append(type(bad).__name__)
                connection.close()
        connection.close()

    def p99(self) -> float:
        return sorted(self.taken)[int(len(self.taken) * 0.99)]


def meet(server: Server, one: Killer | Rogue, at: str) -> Seen:
    """Let one killer loose, then ask something harmless."""
    start = time.perf_counter()
    whole = True
    if isinstance(one, Killer):
        answer = server.query(one.query(at), "*/*", one.params.replace("{listener}", at))
        found, whole = answer.status, _is_whole(answer)
    else:
        found = status(one.send(server.port))
    took = time.perf_counter() - start
    start = time.perf_counter()
    if server.query("ASK {}").status != 200:
        found = -1
    return Seen(one.name, one.wanted, found, took, time.perf_counter() - start, whole)


def _is_whole(answer: Reply) -> bool:
    if answer.status != 200 or "json" not in answer.type:
        return True
    try:
        json.loads(answer.body)
    except ValueError:
        return False
    return True


def ask_the_command(one: Killer, graph: Path, at: str) -> tuple[int, str, float]:
    """Exit code, what it said and seconds of ``alliance query -`` for a killer."""
    command = [sys.executable, "-m", "alliance_graph", "query", "-", "--graph", str(graph)]
    command += ["--seconds", f"{SECONDS:g}", "--megabytes", str(MEGABYTES)]
    start = time.perf_counter()
    done = subprocess.run(
        command, input=one.query(at).encode(), capture_output=True, timeout=SECONDS * 10 + 60
    )
    return done.returncode, done.stderr.decode(), time.perf_counter() - start


def _memory(server: Server, greatest: list[int], ended: threading.Event) -> None:
    """Keep the greatest size of a worker, in bytes above that of the nursery, whose graph it has."""
    (nursery,) = children_of(server.process.pid)
    loaded = _own(nursery)
    while not ended.wait(0.05):
        for pid in server.children():
            greatest[0] = max(greatest[0], _own(pid) - loaded)


def _own(pid: int) -> int:
    """Resident bytes of a process that are not of a file."""
    with contextlib.suppress(OSError):
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def replaced(server: Server) -> float:
    """Seconds from the death of a worker to as many workers as before."""
    server.settled()
    before = server.children()
    server.query("SELECT * WHERE " + "{" * 30_000 + "}" * 30_000)
    start = time.perf_counter()
    while time.perf_counter() < start + 5:
        now = server.children()
        if len(now) == 1 + WORKERS and now != before:
            break
    return time.perf_counter() - start


def digest(server: Server) -> str:
    """Of everything in the default graph."""
    got = server.get("/graph-store?default", "application/n-triples")
    return hashlib.sha256(b"\n".join(sorted(got.body.splitlines()))).hexdigest()


def main() -> list[Figure]:
    """Meet them all, print each, give the figures."""
    with tempfile.TemporaryDirectory() as folder, listener() as (at, hits):
        home = Path(folder)
        build.build(paths.seeds(), home / "build")
        options = ("--seconds", f"{SECONDS:g}", "--megabytes", str(MEGABYTES))
        server = Server(home / "build", home / "log", *options)
        try:
            figures = _figures(server, at, hits)
        finally:
            server.stop()
        figures += _of_the_command(home / "build", at, hits)
        log = (home / "log").read_text("utf-8")
        figures.append(Figure("tracebacks in the log", "0", str(n := log.count('"at"')), n == 0))
    return figures


def _figures(server: Server, at: str, hits: list[object]) -> list[Figure]:
    before, pid = digest(server), server.process.pid
    greatest, ended = [0], threading.Event()
    watching = threading.Thread(target=_memory, args=(server, greatest, ended))
    watching.start()
    others = Others(server.port, pause=0.02)
    seen: list[Seen] = []
    with others.asking(CLIENTS):
        time.sleep(2)
        zoo: list[Killer | Rogue] = [*killers(), *rogues()]
        for one in zoo:
            seen.append(meet(server, one, at))
            print(_line(seen[-1]), flush=True)
    ended.set()
    watching.join()
    swaps = [replaced(server) for _ in range(10)]
    same = server.process.poll() is None and server.process.pid == pid and server.settled() == 5
    untrue = [s.name for s in seen if s.status not in s.wanted]
    late = [s for s in seen if s.status in (504, 507)]
    over = max(s.seconds for s in late) - SECONDS
    then = max(s.then for s in seen)
    partial = [s.name for s in seen if not s.whole]
    p99 = others.p99()
    return [
        Figure("killers met", ">= 60", str(len(seen)), len(seen) >= 60),
        Figure("the server's process is the same", "yes", "yes" if same else "no", same),
        Figure("answered untruly", "none", ", ".join(untrue) or "none", not untrue),
        Figure("200 with half an answer", "none", ", ".join(partial) or "none", not partial),
        _ms("offender answered after its limit", over, 0.5),
        _ms("next ASK at most", then, 0.2),
        _ms(f"p99 of {CLIENTS} other clients ({len(others.taken)} answers)", p99, 0.1),
        Figure(
            "other clients' requests that failed",
            "0",
            f"{len(others.failed)} {set(others.failed) or ''}".strip(),
            not others.failed,
        ),
        _ms("worker replaced, median of 10", statistics.median(swaps), 0.2),
        Figure(
            "greatest memory of one worker, above the graph",
            f"<= {MEGABYTES} MB",
            f"{greatest[0] / 1e6:.0f} MB",
            greatest[0] <= MEGABYTES * 1_000_000,
        ),
        Figure("connections to the listener", "0", str(len(hits)), not hits),
        Figure(
            "the data is the same", "yes", "yes" if (s := digest(server) == before) else "no", s
        ),
    ]


def _of_the_command(graph: Path, at: str, hits: list[object]) -> list[Figure]:
    print("\nthe same from the command line, `alliance query -`")
    loud, slowest = [], 0.0
    for one in (k for k in killers() if k.in_ci and not k.params):
        code, said, took = ask_the_command(one, graph, at)
        slowest = max(slowest, took)
        print(f"{one.name:<22} exit {code} {took:6.2f} s {said.strip()[:70]}", flush=True)
        if code not in (0, 2) or len(said.splitlines()) > 1 + (code == 0):
            loud.append(one.name)
    return [
        Figure("command line: no plain error", "none", ", ".join(loud) or "none", not loud),
        Figure("command line: slowest", f"< {SECONDS + 3:g} s", f"{slowest:.1f} s", slowest < SECONDS + 3, timed=True),
        Figure("command line: connections", "0", str(len(hits)), not hits),
    ]  # fmt: skip


def _ms(what: str, seconds: float, limit: float) -> Figure:
    told = f"{seconds * 1000:.0f} ms"
    return Figure(what, f"< {limit * 1000:.0f} ms", told, seconds < limit, timed=True)


def _line(s: Seen) -> str:
    mark = " " if s.status in s.wanted and s.whole else "!"
    return f"{mark} {s.name:<22} {s.status or 'closed':>6} {s.seconds:7.2f} s, then ASK {s.then * 1000:6.1f} ms"
