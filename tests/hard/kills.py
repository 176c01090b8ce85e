"""Builds, imports and pushes killed at random points: old or new, and the next run sweeps up.

``ALLIANCE_KILLS`` says how many kills each kind of job gets (200, of Virtuoso 20), ``ALLIANCE_SEED``
where chance begins. Three of four kills come by the clock, spread evenly over the time that the
job takes from its start to its end; the fourth comes at a step that changes something outside of
the process: a file opened to be written, a folder made, renamed, exchanged or removed, a request
sent. Steps in front of the last ones are few by the clock, and the last ones last a millisecond.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyoxigraph import QuerySolutions
from tests import servers
from tests.hard import Figure
from tests.hard.runs import (
    COMMAND,
    OTHER,
    RECORDS,
    ROOT,
    digests,
    environment,
    must,
    other_facts,
    other_records,
)

from alliance_graph.push import STAGING
from alliance_graph.store.remote import Remote
from alliance_graph.vocabulary import GRAPH

KILLS = 200
SEED = 8
AT_A_STEP = """
import atexit, os, signal, sys
left, seen = int(os.environ["KILL_AT"]), 0
STEPS = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate",
    "http.client.connect", "http.client.send",
}
def look(event, args):
    global seen
    changes = (
        event in STEPS
        or (event == "open" and isinstance(args[2], int) and args[2] & 3)
        or (event == "ctypes.dlsym" and "rename" in str(args[1]))
    )
    if changes and os.getpid() == os.getsid(0):  # and no process that helps it
        seen += 1
        if seen == left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(look)
@atexit.register
def tell():
    steps = seen
    if os.getpid() != os.getsid(0):
        return
    with open(os.environ["STEPS"], "w") as told:
        told.write(str(steps))
"""
"""A ``sitecustomize`` with which a process kills itself in front of its n-th step; one that comes to
its end tells how many steps there were."""


@dataclass
class Job:
    """Something that changes what stands from one of two states to the other."""

    name: str
    commands: tuple[list[str], list[str]]
    state: Callable[[], object]
    leftovers: Callable[[], object]
    home: Path


@dataclass
class Came:
    """What came of the kills of one job."""

    job: str
    seed: int
    steps: int = 0
    """Steps of a whole run."""
    seconds: float = 0
    """A whole run, from start to end."""
    by_clock: int = 0
    by_step: int = 0
    old: int = 0
    new: int = 0
    torn: int = 0
    left: int = 0
    """Kills that left something behind."""
    unswept: int = 0
    """How often the next run did not sweep it up, or did not come to the new state."""
    orphans: int = 0
    """Processes that outlived the one that was killed."""

    @property
    def kills(self) -> int:
        """Kills of a process that was still running."""
        return self.by_clock + self.by_step

    @property
    def held(self) -> bool:
        """Whether all of them left the old or the new, and nothing for good."""
        return not (self.torn or self.unswept or self.orphans)

    def __str__(self) -> str:
        return (
            f"{self.torn} of {self.kills} ({self.old} old, {self.new} new; "
            f"{self.by_clock} over {self.seconds:.1f} s, {self.by_step} at one of {self.steps} "
            f"steps; {self.left} left something, {self.unswept} of it for good; "
            f"{self.orphans} processes left; seed {self.seed})"
        )


def kill(job: Job, count: int, seed: int = SEED) -> Came:
    """Run a job so many times with a kill at a random point; after each look at what stands."""
    came, dice = Came(job.name, seed), random.Random(seed)
    (job.home / "start").mkdir()
    (job.home / "start" / "sitecustomize.py").write_text(AT_A_STEP, "utf-8")
    whole, took = [], []
    for which in (1, 0, 1):
        began = time.monotonic()
        came.steps = _whole(job, which)
        took.append(time.monotonic() - began)
        whole.append(job.state())
    assert whole[0] == whole[2] != whole[1]
    states, clean = (whole[1], whole[0]), job.leftovers()
    came.seconds = sorted(took)[1]
    points = [(n % 4 == 3, (n // 4 * 4 + dice.uniform(0, 4)) / count) for n in range(count)]
    dice.shuffle(points)
    for by_step, point in points:
        before = job.state()
        command = job.commands[1 - states.index(before)]
        while not _killed(job, command, came, by_step=by_step, point=min(point, 1)):
            # it was through before: the machine is quicker than it was, or it was the last moment
            point *= 0.95
            command = job.commands[1 - states.index(job.state())]
            before = job.state()
        now = job.state()
        if now not in states:
            came.torn += 1
            must(job.commands[0], environment(job.home))
            continue
        came.old += now == before
        came.new += now != before
        if job.leftovers() != clean:
            came.left += 1
            # what was on its way, once more: it goes on from there
            _whole(job, other := job.commands.index(command))
            came.unswept += job.leftovers() != clean or job.state() != states[other]
    _whole(job, 1 - states.index(job.state()))
    came.unswept += job.leftovers() != clean
    return came


def _started(job: Job, command: list[str], at: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(
            job.home,
            PYTHONPATH=f"{job.home / 'start'}:{ROOT / 'graph'}",
            KILL_AT=str(at),
            STEPS=str(job.home / "steps"),
        ),
        start_new_session=True,
    )


def _whole(job: Job, which: int) -> int:
    """One run to its end; how many steps it took."""
    child = _started(job, job.commands[which], 0)
    assert child.wait() == 0, f"{job.name} ended with {child.returncode}"
    return int((job.home / "steps").read_text("utf-8"))


def _killed(job: Job, command: list[str], came: Came, *, by_step: bool, point: float) -> bool:
    """One run that is killed at a point (0 to 1) of it; whether it was in time."""
    if by_step:
        child = _started(job, command, 1 + round(point * (came.steps - 1)))
        child.wait()
    else:
        child = _started(job, command, 0)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(point * came.seconds)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
        child.wait()
    if child.returncode != -signal.SIGKILL:
        return False
    came.by_step += by_step
    came.by_clock += not by_step
    came.orphans += len(_session(child.pid))
    return True


def _session(leader: int, seconds: float = 2) -> list[int]:
    """Processes that a session still has after its leader's death."""
    until = time.monotonic() + seconds
    while True:
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if fields[3] == str(leader) and fields[0] != "Z":
                    found.append(int(stat.parent.name))
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


# --- jobs ------------------------------------------------------------------------------------------


def _beside(out: Path) -> set[str]:
    return {p.name for p in out.parent.iterdir()}


@contextlib.contextmanager
def building(home: Path, *options: str) -> Iterator[Job]:
    """``alliance build`` from one of two sets of facts."""
    out = home / "out" / "build"
    out.parent.mkdir()
    sets = (OTHER, other_facts(home / "facts"))
    first, second = (
        [*COMMAND, "build", "--facts", str(f), "--out", str(out), *options] for f in sets
    )
    yield Job(
        " ".join(["build", *options]),
        (first, second),
        partial(digests, out),
        partial(_beside, out),
        home,
    )


@contextlib.contextmanager
def importing(home: Path) -> Iterator[Job]:
    """``alliance import`` from one of two small folders of records."""
    out = home / "out" / "records"
    out.parent.mkdir()
    facts = ["--facts", str(ROOT / "seeds")]
    first, second = (
        [*COMMAND, "import", "historyatstate", str(f), "--out", str(out), *facts]
        for f in (RECORDS, other_records(home / "records"))
    )
    yield Job("import", (first, second), partial(digests, out), partial(_beside, out), home)


@contextlib.contextmanager
def pushing(
    home: Path, start: Callable[[Path], contextlib.AbstractContextManager[servers.Engine]]
) -> Iterator[Job]:
    """``alliance push`` of one of two builds into an engine, by updates."""
    builds = []
    for n, facts in enumerate((OTHER, other_facts(home / "facts"))):
        out = home / f"build{n}"
        must([*COMMAND, "build", "--facts", str(facts), "--out", str(out)], environment(home))
        builds.append(out / "alliance.trig")
    (home / "engine").mkdir()
    with start(home / "engine") as engine, engine.credentials():
        remote = Remote(engine.endpoint)
        first, second = (
            [*COMMAND, "push", "--endpoint", engine.endpoint, "--graph", str(b)] for b in builds
        )
        yield Job(
            f"push to {engine.name}",
            (first, second),
            lambda: _graphs(remote, GRAPH),
            lambda: _graphs(remote, STAGING),
            home,
        )


def _graphs(remote: Remote, under: str) -> dict[str, str]:
    """The graphs of an engine below an address, as digests of what they say."""
    names = remote.query_all(
        "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } "
        f'FILTER(STRSTARTS(STR(?g), "{under}")) }}'
    )
    assert isinstance(names, QuerySolutions)
    found = {}
    for name in sorted(row["g"].value for row in names):
        rows = remote.query_all(f"SELECT ?s ?p ?o WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
        assert isinstance(rows, QuerySolutions)
        lines = sorted("\t".join(str(row[v]) for v in "spo") for row in rows)
        found[name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def _found(name: str, install_hint: str) -> Path:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(f"no {name}: {install_hint}")
    return Path(path)


def _virtuoso(folder: Path) -> contextlib.AbstractContextManager[servers.Engine]:
    return servers.virtuoso(folder, _found)


JOBS: dict[str, tuple[Callable[[Path], contextlib.AbstractContextManager[Job]], int]] = {
    "build": (building, KILLS),
    "build --shards": (lambda home: building(home, "--shards"), KILLS // 4),
    "import": (importing, KILLS),
    "push": (lambda home: pushing(home, servers.oxigraph), KILLS),
    "push to Virtuoso": (lambda home: pushing(home, _virtuoso), KILLS // 10),
}
"""Jobs by name, each with how many kills it gets."""


def main() -> Iterator[Figure]:
    """Figures of all kills."""
    most = int(os.environ.get("ALLIANCE_KILLS", KILLS))
    seed = int(os.environ.get("ALLIANCE_SEED", SEED))
    for name, (made, usual) in JOBS.items():
        with tempfile.TemporaryDirectory() as folder, made(Path(folder)) as job:
            came = kill(job, min(most, usual), seed)
        yield Figure(
            f"{name}: neither old nor new after kill -9", f"0 of {usual}", str(came), came.held
        )
