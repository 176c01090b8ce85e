"""Everything at once for a long time: memory, files and threads have to stay as they are.

``ALLIANCE_SOAK`` is for how many seconds (120; ``make soak``: an hour), a million requests at most.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import socket
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.hard import Figure
from tests.hard.killers import killers
from tests.serving import JSON, Server, children_of

from alliance_graph import build, paths, questions
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID

SECONDS = float(os.environ.get("ALLIANCE_SOAK", "120"))
MOST = 1_000_000
CLIENTS = 8
WARM = 0.25
"""Part of the time that is for warming up."""
OPTIONS = ("--seconds", "1", "--megabytes", "400")
CRASHING = ("braces", "sum", "exists", "path-star", "service", "load", "drop")
ENDLESS = ("cross-count", "plan-star", "distinct-texts")


@dataclass(frozen=True)
class State:
    """What a server holds when nobody asks."""

    files: int
    threads: int
    processes: int
    memory: int
    """Resident bytes of the server and of the nursery, without those of workers."""


@dataclass
class Soaked:
    """What came of it."""

    asked: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    before: State | None = None
    after: State | None = None
    samples: list[tuple[float, int]] = field(default_factory=list)
    """Seconds and resident bytes of the server's process, after warming up."""

    def slope(self) -> float:
        """Megabytes an hour by which the server grew, by least squares."""
        count = len(self.samples)
        when = sum(t for t, _ in self.samples) / count
        much = sum(m for _, m in self.samples) / count
        top = sum((t - when) * (m - much) for t, m in self.samples)
        return top / max(sum((t - when) ** 2 for t, _ in self.samples), 1e-9) * 3600 / 1e6


def state(server: Server) -> State:
    """What it holds once all that was going on has ended."""
    server.settled(15)
    time.sleep(1)
    pid = server.process.pid
    (nursery,) = children_of(pid)
    return State(
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        len(list(Path(f"/proc/{pid}/task").iterdir())),
        len(server.children()),
        _resident(pid) + _resident(nursery),
    )


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


FILES = ("/", "/network.html", "/report.html", "/.well-known/void")
_ANY = {"Accept": "*/*", "Content-Type": "application/sparql-query"}


class _Mix:
    """What the clients ask: questions, things, refusals, killers; and some hang up."""

    def __init__(self, graph: Path) -> None:
        store = Embedded.read(graph / "alliance.trig")
        rows = select(store, f"SELECT DISTINCT ?x {{ ?x a ?c FILTER(STRSTARTS(STR(?x), '{ID}')) }}")
        things = sorted(row["x"].value.removeprefix(ID) for row in rows)
        self.things = things[:: max(1, len(things) // 50)]
        self.questions = [q.standalone() for q in questions.catalogue()]
        zoo = {one.name: one.text for one in killers()}
        self.crashing = [zoo[name] for name in CRASHING]
        self.endless = [zoo[name] for name in ENDLESS]

    def one(self, chance: random.Random, port: int, keeps: http.client.HTTPConnection) -> str:
        """Ask one thing; what it was, with a ! where the answer is none of those it may get."""
        kind = chance.choices(
            ("question", "thing", "file", "wrong", "hang-up", "crash", "endless"),
            (600, 200, 60, 60, 60, 18, 2),
        )[0]
        # a function that changes, so that a worker has to answer and nothing is kept
        new = f"\n# now() {chance.random()}"
        if kind == "hang-up":
            with socket.create_connection(("127.0.0.1", port)) as one:
                text = quote(chance.choice(self.questions) + new)
                one.sendall(
                    f"GET /sparql?query={text} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
                )
            return kind
        path, text, wanted = "/sparql", "", {200}
        if kind == "question":
            text = chance.choice(self.questions) + new
            wanted = {200, 503, 504}  # a machine may have other things to do for a second
        elif kind == "thing":
            path = f"/id/{quote(chance.choice(self.things))}"
        elif kind == "file":
            path = chance.choice(FILES)
        elif kind == "wrong":
            text, wanted = "SELECT * { ?s ?p }", {400}
        else:
            text = chance.choice(self.crashing if kind == "crash" else self.endless) + new
            wanted = {400, 403, 503, 504, 507}
        headers = _ANY | ({"Accept": JSON} if text else {})
        keeps.request("POST" if text else "GET", path, text.encode() or None, headers)
        answer = keeps.getresponse()
        answer.read()
        return kind if answer.status in wanted else f"{kind}! {answer.status}"


def soak(server: Server, graph: Path, seconds: float, clients: int, pause: float = 0) -> Soaked:
    """Ask for so long, twice with an idle look at the server: after warming up and at the end."""
    mix, done = _Mix(graph), Soaked()
    for path in (*FILES, *(f"/id/{quote(thing)}" for thing in mix.things)):
        server.ask("GET", path, _ANY)  # what is kept for the next who asks
    _ask(server, mix, done, seconds * WARM, clients, pause)
    done.before = state(server)
    done.asked.clear()
    _ask(server, mix, done, seconds * (1 - WARM), clients, pause)
    done.after = state(server)
    return done


def _ask(
    server: Server, mix: _Mix, done: Soaked, seconds: float, clients: int, pause: float
) -> None:
    start = time.monotonic()
    lock = threading.Lock()

    def client(number: int) -> None:
        chance = random.Random(f"{number} {seconds}")
        keeps = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while time.monotonic() < start + seconds and done.asked.total() < MOST:
            try:
                what = mix.one(chance, server.port, keeps)
            except OSError as bad:
                keeps.close()
                what = f"lost! {type(bad).__name__}"
            with lock:
                done.asked[what] += 1
                if "!" in what:
                    done.wrong[what] += 1
            time.sleep(pause)
        keeps.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        if done.before is not None:
            done.samples.append((time.monotonic() - start, _resident(server.process.pid)))
    for thread in threads:
        thread.join()


def main() -> list[Figure]:
    """Soak a server, print what was asked, give the figures."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build.build(paths.seeds(), home / "build")
        server = Server(home / "build", home / "log", *OPTIONS)
        try:
            pid = server.process.pid
            done = soak(server, home / "build", SECONDS, CLIENTS)
            same = server.process.poll() is None and server.process.pid == pid
        finally:
            server.stop()
    before, after = done.before, done.after
    assert before is not None
    assert after is not None
    print(f"{SECONDS:g} s: " + ", ".join(f"{n:,} {what}" for what, n in done.asked.most_common()))
    wrong = ", ".join(f"{n} {what}" for what, n in done.wrong.items())
    slope, grown = done.slope(), (after.memory - before.memory) / 1e6
    # over a short time the slope says little: a few pages become megabytes an hour
    limit = 1.0 if SECONDS >= 3_600 else 3_600 / SECONDS
    figures = [
        Figure("requests", "-", f"{done.asked.total():,}", True),
        Figure("wrong answers", "none", wrong or "none", not wrong),
        Figure("the server's process is the same", "yes", "yes" if same else "no", same),
        Figure("memory, slope", f"< {limit:g} MB/h", f"{slope:.2f} MB/h", slope < limit),
        Figure("memory, idle, server and nursery", "+ 2 MB", f"{grown:+.2f} MB", grown < 2),
    ]
    for name in ("files", "threads", "processes"):
        one, other = getattr(before, name), getattr(after, name)
        figures.append(Figure(f"{name}, idle", str(one), str(other), one == other))
    return figures
