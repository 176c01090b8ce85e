"""The catalogue under concurrent clients: ours beside the plain Oxigraph server and rdflib-endpoint."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from alliance_graph import build, paths, questions
from alliance_graph.store.embedded import Embedded

CLIENTS = 16
ROUNDS = int(os.environ.get("ALLIANCE_BENCH_ROUNDS", "20"))
"""How often each client asks each question."""
PATIENCE = 5
"""Seconds to wait for rdflib-endpoint."""
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


def latencies(
    where: Served, text: str, clients: int, rounds: int, *, fresh: bool = True
) -> list[float]:
    """Seconds of each answer, so many clients asking at a time; raises where one got none."""
    taken: list[float] = []
    failed: list[Exception] = []
    start = threading.Barrier(clients)

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", where.port, timeout=120)
        ask(connection, where.path, "ASK {}")
        start.wait()
        mine = []
        try:
            for n in range(rounds):
                # a remark that nobody has made before, so that no answer is known already
                new = f"\n# {number} {n} {time.monotonic_ns()}" if fresh else ""
                mine.append(ask(connection, where.path, text + new))
        except (OSError, RuntimeError) as bad:
            failed.append(bad)
        connection.close()
        taken.extend(mine)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return sorted(taken)


def asked(trig: Path) -> list[tuple[str, str]]:
    """The catalogue as queries that run on any engine: all rows, or the example where one is due."""
    store = Embedded.read(trig)
    found = []
    for question in questions.catalogue():
        given = questions.terms(question, store, question.example) if question.required else {}
        text = questions.insert(question.text, given)
        found.append((question.name, questions.standalone(text)))
    return found


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Print the table."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build.build(paths.seeds(), home / "build")
        trig = str(home / "build" / "alliance.trig")
        location = ["--location", str(home / "store")]
        oxigraph = str(Path(python).with_name("oxigraph"))
        subprocess.run(
            [oxigraph, "load", *location, "--file", trig], check=True, capture_output=True
        )
        one, two, three = free_port(), free_port(), free_port()
        ours = [python, "-m", "alliance_graph", "serve", "--graph", str(home / "build")]
        plain = [oxigraph, "serve", "--bind", f"127.0.0.1:{two}"]  # in memory
        other = [python, "-c", _ENDPOINT, trig, str(three)]
        with (
            served([*ours, "--port", str(one)], one, "/sparql") as first,
            served(plain, two, "/query?union-default-graph") as second,
            ExitStack() as third,
        ):
            third.enter_context(served(other, three, "/query"))
            fill(two, Path(trig))
            print(
                f"ms for one of {CLIENTS} clients at a time, p50 / p99; rdflib-endpoint: one client"
            )
            print(
                "CPU: ms of the processor for an answer, which other work on the machine changes less"
            )
            heads = (
                "alliance, new",
                "alliance, again",
                "oxigraph",
                "CPU, new",
                "oxigraph",
                "rdflib",
            )
            print(f"{'question':<30} " + " ".join(f"{head:>16}" for head in heads))
            slower: dict[str, list[str]] = {"new": [], "again": [], "new, CPU": []}
            for name, text in asked(Path(trig)):
                new, cost = _measured(first, text)
                plainly, their_cost = _measured(second, text)
                again, _ = _measured(first, text, fresh=False)
                cells = [_told(taken) for taken in (new, again, plainly)]
                cells += [f"{cost:.2f}", f"{their_cost:.2f}"]
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
                theirs = statistics.median(plainly)
                for how, mine in (("new", new), ("again", again)):
                    if statistics.median(mine) > max(1.3 * theirs, theirs + 0.002):
                        slower[how].append(name)
                # two milliseconds of waiting are a quarter of one where 16 share two processors
                spare = 2 * (os.cpu_count() or 1) / CLIENTS
                if cost > max(1.3 * their_cost, their_cost + spare):
                    slower["new, CPU"].append(name)
            for how, names in slower.items():
                told = f"{len(names)}: {', '.join(names)}" if names else "none"
                print(f"{how}: slower than 1.3 times oxigraph and 2 ms: {told}")


def _measured(where: Served, text: str, *, fresh: bool = True) -> tuple[list[float], float]:
    """Seconds of each answer, and milliseconds of the processor for one."""
    before = where.processor()
    taken = latencies(where, text, CLIENTS, ROUNDS, fresh=fresh)
    # each client has said ASK {} once
    return taken, (where.processor() - before) * 1000 / (len(taken) + CLIENTS)


def _told(taken: list[float]) -> str:
    last = taken[min(len(taken) - 1, round(len(taken) * 0.99))]
    return f"{statistics.median(taken) * 1000:.1f} / {last * 1000:.1f}"
