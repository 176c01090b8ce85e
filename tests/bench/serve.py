"""The catalogue under concurrent clients: ours beside the plain Oxigraph server and rdflib-endpoint.

``ALLIANCE_BENCH_ROUNDS`` (20) is how often each client asks each question; ``BENCH_QUESTIONS`` names
some questions, or some of their order (``20:40``); ``BENCH_RDFLIB=0`` leaves rdflib-endpoint out;
``BENCH_BUILD`` is a build that is there.
"""

from __future__ import annotations

import http.client
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httptools

from alliance_graph import build, paths, questions
from alliance_graph.store.embedded import Embedded

CLIENTS = 16
ROUNDS = int(os.environ.get("ALLIANCE_BENCH_ROUNDS", "20"))
PATIENCE = 5
"""Seconds to wait for rdflib-endpoint."""
RDFLIB = os.environ.get("BENCH_RDFLIB", "1") != "0"
_ENDPOINT = """
import sys, rdflib, uvicorn
from rdflib_endpoint import SparqlEndpoint
data = rdflib.Dataset(default_union=True)
data.parse(sys.argv[1], format="trig")
uvicorn.run(SparqlEndpoint(graph=data, path="/query"), port=int(sys.argv[2]), log_level="error")
"""


@dataclass(frozen=True)
class Served:
    """A server that runs, and where it takes queries."""

    port: int
    path: str
    pid: int

    def processor(self) -> float:
        """Seconds of the processor that it has used, with all that it has started."""
        return _processor(self.pid) / os.sysconf("SC_CLK_TCK")


def _processor(pid: int) -> int:
    """Ticks of a process, of those that it has buried, and of those that live (proc(5))."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        return sum(map(int, fields[11:15])) + sum(_processor(int(child)) for child in below)
    return 0


@contextmanager
def served(command: Sequence[str], port: int, path: str) -> Iterator[Served]:
    """A server for the time of a block, once it answers."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), path, "ASK {}")
                break
            except OSError:
                time.sleep(0.1)
        yield Served(port, path, child.pid)
    finally:
        child.kill()
        child.wait()


def ask(connection: http.client.HTTPConnection, path: str, text: str) -> float:
    """Seconds for one answer; raises where it is none."""
    start = time.perf_counter()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/sparql-results+json",
    }
    connection.request("POST", path, urlencode({"query": text}), headers)
    reply = connection.getresponse()
    body = reply.read()
    if reply.status != 200:
        raise RuntimeError(f"{reply.status}: {body[:200]!r}")
    return time.perf_counter() - start


def fill(port: int, trig: Path) -> None:
    """Give the plain server its data."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/store", trig.read_bytes(), {"Content-Type": "application/trig"})
    reply = connection.getresponse()
    if reply.status >= 300:
        raise RuntimeError(f"{reply.status}: {reply.read()[:200]!r}")
    connection.close()


class Client:
    """A connection that asks one question after the other.

    All of them wait in one thread: threads of Python wait for each other, several milliseconds,
    and what they measure is that.
    """

    def __init__(self, port: int) -> None:
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked = 0
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._start = 0.0
        self._ended = False

    def ask(self, request: bytes) -> None:
        """Send a request."""
        self.asked += 1
        self._ended = False
        self._body.clear()
        self._start = time.perf_counter()
        self.stream.sendall(request)

    def answered(self) -> float | None:
        """Take what has come; seconds that the answer took, once it is whole."""
        data = self.stream.recv(1 << 20)
        if not data:
            raise RuntimeError("the server has closed the connection")
        self._parser.feed_data(data)
        if not self._ended:
            return None
        took = time.perf_counter() - self._start
        if self._parser.get_status_code() != 200:
            raise RuntimeError(f"{self._parser.get_status_code()}: {b''.join(self._body)[:200]!r}")
        return took

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        self._ended = True


def request(path: str, text: str) -> bytes:
    """A query as a request, of a client that keeps the connection."""
    body = urlencode({"query": text})
    head = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: application/sparql-results+json",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*head, "", body)).encode()


def latencies(
    where: Served, text: str, clients: int, rounds: int, *, fresh: bool = True
) -> list[float]:
    """Seconds of each answer, so many clients asking at a time; raises where one got none."""
    with ExitStack() as opened, selectors.DefaultSelector() as events:
        asking = [Client(where.port) for _ in range(clients)]
        for one in asking:
            opened.enter_context(one.stream)
            events.register(one.stream, selectors.EVENT_READ, one)
        # so that none of them has to be let in any more
        _all(events, asking, 1, lambda one: request(where.path, "ASK {}"))

        def question(one: Client) -> bytes:
            # a remark that nobody has made before, so that no answer is known already
            new = f"\n# {time.monotonic_ns()}" if fresh else ""
            return request(where.path, text + new)

        return sorted(_all(events, asking, 1 + rounds, question))


def _all(
    events: selectors.BaseSelector,
    asking: Sequence[Client],
    rounds: int,
    question: Callable[[Client], bytes],
) -> list[float]:
    """Have each client ask until it has asked so often; seconds of each answer."""
    taken: list[float] = []
    waiting = len(asking)
    for one in asking:
        one.ask(question(one))
    while waiting:
        for key, _ in events.select():
            took = key.data.answered()
            if took is None:
                continue
            taken.append(took)
            if key.data.asked < rounds:
                key.data.ask(question(key.data))
            else:
                waiting -= 1
    return taken


def asked(trig: Path) -> list[tuple[str, str]]:
    """The catalogue as queries that run on any engine: all rows, or the example where one is due."""
    store = Embedded.read(trig)
    found = []
    for question in questions.catalogue():
        given = questions.terms(question, store, question.example) if question.required else {}
        text = questions.insert(question.text, given)
        found.append((question.name, questions.standalone(text)))
    return found


def _some(of: list[tuple[str, str]]) -> list[tuple[str, str]]:
    wanted = os.environ.get("BENCH_QUESTIONS", ":")
    if ":" in wanted:
        first, _, last = wanted.partition(":")
        return of[int(first or 0) : int(last or len(of))]
    return [one for one in of if one[0] in wanted.split(",")]


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Print the table."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        built = Path(os.environ.get("BENCH_BUILD") or Path(folder) / "build")
        if not built.exists():
            build.build(paths.seeds(), built)
        trig = built / "alliance.trig"
        one, two, three = free_port(), free_port(), free_port()
        ours = [python, "-m", "alliance_graph", "serve", "--graph", str(built), "--port", str(one)]
        plain = [str(Path(python).with_name("oxigraph")), "serve"]  # in memory
        plain += ["--bind", f"127.0.0.1:{two}"]
        other = [python, "-c", _ENDPOINT, str(trig), str(three)]
        first = running.enter_context(served(ours, one, "/sparql"))
        second = running.enter_context(served(plain, two, "/query?union-default-graph"))
        third = running.enter_context(ExitStack())
        if RDFLIB:
            third.enter_context(served(other, three, "/query"))
        fill(two, trig)
        print(f"ms for one of {CLIENTS} clients at a time, p50 / p99 of {CLIENTS * ROUNDS} answers")
        print("CPU: the server's ms of the processor for one answer; rdflib-endpoint: one client")
        heads = ("as served", "never asked", "oxigraph", "CPU", "CPU, oxigraph", "rdflib")
        print(f"{'question':<30} " + " ".join(f"{head:>16}" for head in heads))
        slower: dict[str, list[str]] = {}
        for name, text in _some(asked(trig)):
            again, _ = _measured(first, text, fresh=False)
            plainly, their_cost = _measured(second, text)
            new, cost = _measured(first, text)
            cells = [_told(taken) for taken in (again, new, plainly)]
            cells += [f"{cost:.2f}", f"{their_cost:.2f}"]
            if RDFLIB:
                # there one query blocks all clients, so one of them has to do
                connection = http.client.HTTPConnection("127.0.0.1", three, timeout=PATIENCE)
                try:
                    cells.append(f"{ask(connection, '/query', text) * 1000:.1f}")
                except TimeoutError:
                    cells.append(f"> {PATIENCE * 1000}")
                    third.close()
                    third.enter_context(served(other, three, "/query"))
                connection.close()
            print(f"{name:<30} " + " ".join(f"{cell:>16}" for cell in cells), flush=True)
            for how, mine in (("as served", again), ("never asked", new)):
                for part, at in (("p50", 0.5), ("p99", 0.99)):
                    theirs = _quantile(plainly, at)
                    missed = slower.setdefault(f"{how}, {part}", [])
                    if _quantile(mine, at) > max(1.3 * theirs, theirs + 0.002):
                        missed.append(name)
            # two milliseconds of waiting are a quarter of one where 16 share two processors
            spare = 2 * (os.cpu_count() or 1) / CLIENTS
            missed = slower.setdefault("never asked, CPU", [])
            if cost > max(1.3 * their_cost, their_cost + spare):
                missed.append(name)
        for how, names in slower.items():
            told = f"{len(names)}: {', '.join(names)}" if names else "none"
            print(f"{how}: slower than 1.3 times oxigraph and 2 ms: {told}")


def _measured(where: Served, text: str, *, fresh: bool = True) -> tuple[list[float], float]:
    """Seconds of each answer, and milliseconds of the processor for one."""
    before = where.processor()
    taken = latencies(where, text, CLIENTS, ROUNDS, fresh=fresh)
    # each client has said ASK {} once
    return taken, (where.processor() - before) * 1000 / (len(taken) + CLIENTS)


def _quantile(taken: list[float], at: float) -> float:
    """Of sorted seconds."""
    return (
        statistics.median(taken)
        if at == 0.5
        else taken[min(len(taken) - 1, round(len(taken) * at))]
    )


def _told(taken: list[float]) -> str:
    return " / ".join(f"{_quantile(taken, at) * 1000:.1f}" for at in (0.5, 0.99))
