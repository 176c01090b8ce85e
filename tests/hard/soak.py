"""Everything at once for a long time: memory, files and threads have to stay as they are.

``ALLIANCE_SOAK`` is for how many seconds (120; ``make soak``: an hour), a million requests at most;
``ALLIANCE_SOAK_RATE`` how many a second at most, where others need the machine.

Memory is looked at when nobody asks, again and again. It goes up and down by some megabytes even
then, since the C library gives back what was freed only when it lies at the end, so one look says
little. What leaks is never given back: it lifts the lowest of the looks and the highest. So memory is
flat where one of the two lies no higher in the last third of them than in the first (after warming
up: a quarter of the time, in which caches fill), but for a few pages.
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
RATE = float(os.environ.get("ALLIANCE_SOAK_RATE", "inf"))
CLIENTS = 8
WARM = 0.25
"""Part of the time that is for warming up."""
LOOKS = 12
"""How often the server is looked at after that."""
STILL = 3.0
"""Seconds without a tick after which this process, or the machine, has stood still."""
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
    when: float
    """Seconds of a clock."""


@dataclass
class Soaked:
    """What came of it."""

    asked: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    looks: list[State] = field(default_factory=list)
    """What it held when nobody asked, from after warming up until the end."""
    still: list[tuple[float, float]] = field(default_factory=list)
    """From when until when nothing moved here: what was asked meanwhile says nothing."""

    def grown(self) -> float:
        """Megabytes by which both the lowest and the highest look rose, from third to third."""
        third = max(1, len(self.looks) // 3)
        first = [s.memory for s in self.looks[:third]]
        last = [s.memory for s in self.looks[-third:]]
        return min(min(last) - min(first), max(last) - max(first)) / 1e6

    def hours(self) -> float:
        """From the first third to the last."""
        third = max(1, len(self.looks) // 3)
        when = [s.when for s in self.looks]
        return (sum(when[-third:]) - sum(when[:third])) / third / 3600


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
        time.monotonic(),
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
            path, wanted = f"/id/{quote(chance.choice(self.things))}", {200, 503}
        elif kind == "file":
            path = chance.choice(FILES)
        elif kind == "wrong":
            text, wanted = "SELECT * { ?s ?p }", {400, 503}
        else:
            text = chance.choice(self.crashing if kind == "crash" else self.endless) + new
            wanted = {400, 403, 503, 504, 507}
        headers = _ANY | ({"Accept": JSON} if text else {})
        keeps.request("POST" if text else "GET", path, text.encode() or None, headers)
        answer = keeps.getresponse()
        answer.read()
        return kind if answer.status in wanted else f"{kind}! {answer.status}"


def soak(
    server: Server,
    graph: Path,
    seconds: float,
    clients: int,
    rate: float = RATE,
    looks: int = LOOKS,
) -> Soaked:
    """Ask for so long, with an idle look at the server after warming up and ever again."""
    mix, done = _Mix(graph), Soaked()
    for path in (*FILES, *(f"/id/{quote(thing)}" for thing in mix.things)):
        server.ask("GET", path, _ANY)  # what is kept for the next who asks
    _ask(server, mix, done, seconds * WARM, clients, rate)
    done.asked.clear()
    done.looks.append(state(server))
    for _ in range(looks):
        _ask(server, mix, done, seconds * (1 - WARM) / looks, clients, rate)
        done.looks.append(state(server))
    return done


def _ask(
    server: Server, mix: _Mix, done: Soaked, seconds: float, clients: int, rate: float
) -> None:
    start = time.monotonic()
    lock = threading.Lock()

    def client(number: int) -> None:
        chance = random.Random(f"{number} {len(done.looks)}")
        keeps = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        while (begun := time.monotonic()) < start + seconds and done.asked.total() < MOST:
            try:
                what = mix.one(chance, server.port, keeps)
            except OSError as bad:
                keeps.close()
                what = f"lost! {type(bad).__name__}"
            if "!" in what:
                time.sleep(1)  # until a standstill is known
                if any(begin < time.monotonic() and begun < end + 2 for begin, end in done.still):
                    what = "standstill"
            with lock:
                done.asked[what] += 1
                if "!" in what:
                    done.wrong[what] += 1
            time.sleep(max(0.0, begun + clients / rate - time.monotonic()))
        keeps.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tick = time.monotonic()
        time.sleep(0.2)
        if time.monotonic() > tick + STILL:
            done.still.append((tick, time.monotonic()))
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
    total = done.asked.total()
    print(f"{SECONDS:g} s: " + ", ".join(f"{n:,} {what}" for what, n in done.asked.most_common()))
    memory = ", ".join(f"{look.memory / 1e6:.1f}" for look in done.looks)
    print(f"MB of server and nursery, idle: {memory}")
    wrong = ", ".join(f"{n} {what}" for what, n in done.wrong.items())
    grown, an_hour = done.grown(), done.grown() / done.hours()
    # in a short time one page too many would be megabytes an hour
    flat = an_hour < 1 if total >= MOST or SECONDS >= 3_600 else grown < 2
    told = f"{grown:+.2f} MB, {an_hour:+.2f} MB/h"
    figures = [
        Figure("requests", "-", f"{total:,}", True),
        Figure("wrong answers", "none", wrong or "none", not wrong),
        Figure("the server's process is the same", "yes", "yes" if same else "no", same),
        Figure("memory, idle, lowest and highest", "< 1 MB/h (+ 2 MB within minutes)", told, flat),
    ]
    for name in ("files", "threads", "processes"):
        seen = [getattr(look, name) for look in done.looks]
        most = max(seen)
        figures.append(Figure(f"{name}, idle, most", str(seen[0]), str(most), most == seen[0]))
    return figures
