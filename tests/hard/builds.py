"""Builds, imports and pushes that are killed, starved and moved: old or new, and the same bytes.

``ALLIANCE_KILLS`` says how many kills each kind of job gets (200), ``ALLIANCE_RECORDS`` names a
folder of official records, without which there is nothing to import.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import QuerySolutions
from tests import servers
from tests.hard import Figure

from alliance_graph.store.remote import Remote

KILLS = 200
ROOT = Path(__file__).resolve().parents[2]
OTHER = ROOT / "tests" / "data" / "other-alliance"
COMMAND = (sys.executable, "-m", "alliance_graph")
SEEDS = tuple(str(n) for n in range(10))
ZONES = ("UTC", "Asia/Seoul")
LOCALES = {"C": "C", "ko_KR": "ko_KR.UTF-8", "tr_TR": "tr_TR.UTF-8"}
BACKWARDS = """
import os, pathlib
def backwards(found):
    return sorted(found, key=str, reverse=True)
listdir, scandir = os.listdir, os.scandir
os.listdir = lambda *a: backwards(listdir(*a))
class Scanned:
    def __init__(self, found): self.found = iter(found)
    def __iter__(self): return self
    def __next__(self): return next(self.found)
    def __enter__(self): return self
    def __exit__(self, *a): pass
    def close(self): pass
def scanned(*a):
    with scandir(*a) as found:
        return Scanned(sorted(found, key=lambda e: e.name, reverse=True))
os.scandir = scanned
"""
"""A ``sitecustomize`` under which every folder is listed backwards."""


def digests(folder: Path) -> dict[str, str]:
    """The files of a folder by name, as digests; what is only a cache does not count."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".cache" not in p.parts
    }


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a process of ours, whose caches lie in ``home``."""
    return {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), **more}


def must(command: Sequence[str], env: dict[str, str], cwd: Path = ROOT) -> None:
    """Runs what has to succeed; says what it said where it does not."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.decode(errors='replace')[-2000:]}")


def other_facts(into: Path) -> Path:
    """The small set of facts with one name changed."""
    shutil.copytree(OTHER, into)
    person = into / "people" / "penny-wong.yaml"
    person.write_text(person.read_text("utf-8").replace("Penny Wong", "Wong Penny"), "utf-8")
    return into


# --- kills -----------------------------------------------------------------------------------------


@dataclass
class Job:
    """Something that changes what stands to one of two states."""

    name: str
    commands: tuple[list[str], list[str]]
    state: Callable[[], object]
    leftovers: Callable[[], object]
    home: Path
    whole: list[object] = field(default_factory=list)
    torn: int = 0
    cut: int = 0
    """Kills that came before the job had ended by itself."""
    left: int = 0
    """Kills that left something for the next run to sweep up."""

    def run(self, which: int) -> None:
        must(self.commands[which], environment(self.home))

    def kill(self, count: int, dice: random.Random) -> None:
        """Run it so many times with a kill at a random moment, then once to the end."""
        took = []
        for which in (1, 0, 1, 0):
            start = time.monotonic()
            self.run(which)
            took.append(time.monotonic() - start)
            self.whole.append(self.state())
        assert self.whole[0] == self.whole[2] != self.whole[1] == self.whole[3]
        clean = self.leftovers()
        for n in range(count):
            child = subprocess.Popen(
                self.commands[(n + 1) % 2],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(self.home),
            )
            # most of it is start and reading: every second kill goes to the end, where it writes
            first = 0.0 if n % 2 else 0.6 * min(took)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(dice.uniform(first, min(took)))
            self.cut += child.poll() is None
            child.send_signal(signal.SIGKILL)
            child.wait()
            self.torn += self.state() not in self.whole[:2]
            self.left += self.leftovers() != clean
        self.run(1)
        assert self.state() == self.whole[0]
        assert self.leftovers() == clean


def beside(out: Path) -> Callable[[], set[str]]:
    """What lies beside a folder that is written."""
    return lambda: {p.name for p in out.parent.iterdir()}


def building(home: Path) -> Job:
    """``alliance build`` from one of two sets of facts."""
    out = home / "out" / "build"
    facts = (OTHER, other_facts(home / "facts"))
    commands = [[*COMMAND, "build", "--facts", str(f), "--out", str(out)] for f in facts]
    return Job("build", (commands[0], commands[1]), lambda: digests(out), beside(out), home)


def importing(home: Path, source: Path) -> Job:
    """``alliance import`` from one of two small folders of records."""
    out = home / "out" / "records"
    folders = []
    for n in range(2):
        folder = home / f"records{n}"
        for name in ("travels", "visits"):
            shutil.copytree(source / name, folder / name)
        (folder / "pocom").mkdir()
        for name in ("people", "code-tables", "positions-principals"):
            shutil.copytree(source / "pocom" / name, folder / "pocom" / name)
        folders.append(folder)
    next(iter(sorted((folders[1] / "travels" / "president-travels").glob("*.xml")))).unlink()
    commands = [
        [
            *COMMAND,
            "import",
            "historyatstate",
            str(f),
            "--out",
            str(out),
            "--facts",
            str(ROOT / "seeds"),
        ]
        for f in folders
    ]
    return Job("import", (commands[0], commands[1]), lambda: digests(out), beside(out), home)


@contextlib.contextmanager
def pushing(home: Path) -> Iterator[Job]:
    """``alliance push`` of one of two builds into the Oxigraph server."""
    builds = []
    for n, facts in enumerate((OTHER, other_facts(home / "facts"))):
        out = home / f"build{n}"
        must([*COMMAND, "build", "--facts", str(facts), "--out", str(out)], environment(home))
        builds.append(out)
    with servers.oxigraph(home) as engine:
        remote = Remote(engine.endpoint)

        def graphs(staged: bool) -> object:
            text = (
                "SELECT ?g ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } FILTER(%s"
                "CONTAINS(STR(?g), '/staging/')) }" % ("" if staged else "!")
            )
            found = remote.query_all(text)
            assert isinstance(found, QuerySolutions)
            rows = sorted("\t".join(str(row[v]) for v in "gspo") for row in found)
            return hashlib.sha256("\n".join(rows).encode()).hexdigest() if rows else ""

        commands = [
            [*COMMAND, "push", "--endpoint", engine.endpoint, "--graph", str(b)] for b in builds
        ]
        yield Job(
            "push",
            (commands[0], commands[1]),
            lambda: graphs(False),
            lambda: graphs(True),
            home,
        )


# --- faults ----------------------------------------------------------------------------------------


@dataclass
class Faults:
    """What came of runs under which something failed."""

    runs: int = 0
    wrong: list[str] = field(default_factory=list)

    def build(
        self,
        what: str,
        facts: Path,
        out: Path,
        before: dict[str, str],
        prepare: Callable[[], None] | None = None,
        during: Callable[[], None] | None = None,
        statuses: tuple[int, ...] = (2,),
    ) -> None:
        """One build that is to fail with one line and to leave the old build and nothing else."""
        self.runs += 1
        beside = {p.name for p in out.parent.iterdir()}
        child = subprocess.Popen(
            [*COMMAND, "build", "--facts", str(facts), "--out", str(out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=prepare,
            env=environment(out.parent.parent, PYTHONDONTWRITEBYTECODE="1"),
        )
        if during:
            during()
        _, told = child.communicate()
        lines = [line for line in told.decode().splitlines() if line]
        if child.returncode not in statuses:
            self.wrong.append(f"{what}: ended with {child.returncode}: {lines[-1:]}")
        if "Traceback" in told.decode() or (child.returncode == 2 and len(lines) != 1):
            self.wrong.append(f"{what}: {lines[:3]}")
        if child.returncode and digests(out) != before:
            self.wrong.append(f"{what}: the old build is not whole")
        if {p.name for p in out.parent.iterdir()} != beside:
            self.wrong.append(f"{what}: left something behind")


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A file system of its own in a folder, where this user may mount one; says whether."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def small_files(most: int) -> Callable[[], None]:
    """No file of the process may become larger than this."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def faults(home: Path, sizes: int = 50) -> tuple[Faults, str]:
    """Full disks, a folder that may not be written, facts that vanish, two builds at once."""
    seen, told = Faults(), []
    out, facts = home / "out" / "build", other_facts(home / "facts")
    standing = [*COMMAND, "build", "--facts", str(OTHER), "--out"]
    must([*standing, str(out)], environment(home))
    before, largest = digests(out), max(p.stat().st_size for p in out.rglob("*"))
    for n in range(sizes):
        limit = largest * n // sizes
        seen.build(f"files of at most {limit:,} bytes", facts, out, before, small_files(limit))
    told.append(f"{sizes} sizes of file")
    full = home / "disk"
    size = sum(p.stat().st_size for p in out.rglob("*"))
    with mounted(full, f"size={2 * size + 200_000}") as there:
        if there:
            on_disk = full / "out" / "build"
            must([*standing, str(on_disk)], environment(home))
            filler = full / "filler"
            free = shutil.disk_usage(full).free
            for n in range(sizes):
                filler.write_bytes(b"x" * (free - size * n // (sizes + 1)))
                seen.build(f"{size * n // (sizes + 1):,} bytes free", facts, on_disk, before)
            told.append(f"{sizes} full disks")
    with mounted(home / "fixed", "size=9m") as there:
        if there:
            shutil.copytree(out, home / "fixed" / "build")
            subprocess.run(["mount", "-o", "remount,ro", str(home / "fixed")], check=True)
            seen.build("read-only", facts, home / "fixed" / "build", before)
            told.append("a read-only disk")
    dice = random.Random(3)
    for _ in range(sizes // 2):
        gone = home / "gone"
        shutil.copytree(facts, gone)

        def vanish(gone: Path = gone) -> None:
            time.sleep(dice.uniform(0, 1.5))
            shutil.rmtree(gone)

        seen.build("facts that vanish", gone, out, before, during=vanish, statuses=(0, 1, 2))
        if digests(out) != before:  # they vanished after they were read
            must([*standing, str(out)], environment(home))
    told.append(f"{sizes // 2} folders that vanish")
    for _ in range(sizes // 5):
        pair = [
            subprocess.Popen(
                [*COMMAND, "build", "--facts", str(f), "--out", str(out)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment(home),
            )
            for f in (facts, OTHER)
        ]
        for child in pair:
            _, wrong = child.communicate()
            if child.returncode:
                seen.wrong.append(f"two at once: {wrong.decode()[-200:]}")
        seen.runs += 1
        whole = json.loads((out / "manifest.json").read_text("utf-8"))["files"]
        if {k: v for k, v in digests(out).items() if k != "manifest.json"} != whole:
            seen.wrong.append("two at once: what stands is not whole")
        if [p.name for p in out.parent.iterdir()] != ["build"]:
            seen.wrong.append("two at once: left something behind")
    told.append(f"{sizes // 5} pairs")
    return seen, ", ".join(told)


# --- the same bytes --------------------------------------------------------------------------------


def clone(into: Path, *, backwards: bool = False) -> Path:
    """What git knows of this folder, copied; written in the other order if wanted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    for name in sorted(filter(None, listed.split("\0")), reverse=backwards):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, into / name)
    return into


def locales(into: Path) -> dict[str, str]:
    """The locales to try by name, made here where the system lacks them; needs localedef."""
    for name, full in LOCALES.items():
        if name != full:
            subprocess.run(
                ["localedef", "-i", name, "-f", "UTF-8", "--no-archive", str(into / full)],
                check=True,
                capture_output=True,
            )
    return LOCALES


def surroundings(home: Path, seeds: tuple[str, ...] = SEEDS) -> Iterator[dict[str, str]]:
    """Environments that must not matter: every seed in every locale, zones and orders in turn."""
    made = home / "locales"
    made.mkdir()
    (home / "backwards").mkdir()
    (home / "backwards" / "sitecustomize.py").write_text(BACKWARDS, "utf-8")
    for n, seed in enumerate(seeds):
        for m, name in enumerate(locales(made).values()):
            yield {
                "PYTHONHASHSEED": seed,
                "LC_ALL": name,
                "LOCPATH": str(made),
                "TZ": ZONES[(n + m) % 2],
                "PYTHONUTF8": "0",
                "PYTHONPATH": str(home / "backwards") if (n // 2 + m) % 2 else "",
            }


def same(home: Path, seeds: tuple[str, ...] = SEEDS, facts: Path | None = None) -> dict[str, int]:
    """How many different builds, wheels and sdists came of all surroundings and two clones."""
    clones = [clone(home / "a"), clone(home / "b" / "elsewhere", backwards=True)]
    seen: dict[str, set[object]] = {"build": set(), "wheel": set(), "sdist": set()}
    for n, around in enumerate(surroundings(home, seeds)):
        here = clones[n % 2]
        path = f"{around['PYTHONPATH']}:{here / 'graph'}".lstrip(":")
        env = {**environment(home / str(n)), **around, "PYTHONPATH": path}
        out = home / str(n) / "build"
        given = facts or here / "seeds"
        command = [*COMMAND, "build", "--facts", str(given), "--out", str(out)]
        must(command, env, here)
        seen["build"].add(tuple(digests(out).items()))
        shutil.rmtree(out)
        if n >= 6:
            continue
        env["SOURCE_DATE_EPOCH"] = "1600000000"
        for target in ("wheel", "sdist"):
            into = home / str(n) / target
            command = [sys.executable, "-m", "hatchling", "build", "--target", target]
            must([*command, "--directory", str(into)], env, here)
            seen[target].add(tuple(digests(into).items()))
    return {name: len(found) for name, found in seen.items()}


def main() -> Iterator[Figure]:
    """Figures of all kills, faults and surroundings."""
    count = int(os.environ.get("ALLIANCE_KILLS", KILLS))
    records = os.environ.get("ALLIANCE_RECORDS")
    for name in ("build", "import", "push"):
        if name == "import" and not records:
            yield Figure("import", "killed", "left out: ALLIANCE_RECORDS names no folder", False)
            continue
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            home = Path(folder)
            (home / "out").mkdir()
            if name == "push":
                job = stack.enter_context(pushing(home))
            else:
                job = building(home) if name == "build" else importing(home, Path(records or ""))
            job.kill(count, random.Random(7))
        yield Figure(
            f"{name}: neither old nor new after kill -9",
            f"0 of {KILLS}",
            f"{job.torn} of {count} ({job.cut} cut off, {job.left} left something; "
            "the next run swept it up)",
            job.torn == 0,
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "out").mkdir()
        seen, told = faults(Path(folder))
    for text in seen.wrong[:10]:
        print(text)
    yield Figure("a fault: one line, nothing lost", "all", f"{seen.runs} of {told}", not seen.wrong)
    with tempfile.TemporaryDirectory() as folder:
        found = same(Path(folder))
    measured = ", ".join(f"{n} {name}" for name, n in found.items())
    yield Figure(
        f"{len(SEEDS)} seeds × {len(LOCALES)} locales, {len(ZONES)} zones, 2 orders, 2 clones",
        "1 build, 1 wheel, 1 sdist",
        measured,
        set(found.values()) == {1},
    )
