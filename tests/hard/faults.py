"""Disks that are full or only read, folders that may not be written, inputs that vanish, two at once.

``alliance build``, ``import`` and ``export`` under each of them: one line of error, and nothing lost.
``ALLIANCE_FAULTS`` says how many full disks each of them meets (50).
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import random
import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

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

DISKS = 50
_CAP_DAC_OVERRIDE, _PR_CAPBSET_DROP = 1, 24


@dataclass(frozen=True)
class Case:
    """A command that makes one thing out of another."""

    name: str
    inputs: tuple[Path, Path]
    """What the old state was made of, and what is given now."""
    out: str
    """What it writes, a name."""
    words: tuple[str, ...]
    """Its arguments, up to what is given."""

    def command(self, which: int, out: Path) -> list[str]:
        """The command with one of its inputs."""
        return [*COMMAND, *self.words, str(self.inputs[which]), "--out", str(out)]


def cases(home: Path) -> Iterator[Case]:
    """The three commands, each with two inputs."""
    facts = (OTHER, other_facts(home / "facts"))
    yield Case("build", facts, "build", ("build", "--facts"))
    yield Case(
        "import",
        (RECORDS, other_records(home / "records")),
        "records",
        ("import", "--facts", str(ROOT / "seeds"), "historyatstate"),
    )
    graphs = []
    for n, given in enumerate(facts):
        out = home / f"graph{n}"
        must([*COMMAND, "build", "--facts", str(given), "--out", str(out)], environment(home))
        graphs.append(out / "alliance.trig")
    for form, name in (("turtle", "graph.ttl"), ("csv", "tables")):
        words = ("export", "--format", form, "--graph")
        yield Case(f"export {form}", (graphs[0], graphs[1]), name, words)


def state(out: Path) -> dict[str, str]:
    """What stands there: digests by name."""
    if out.is_file():
        return {out.name: hashlib.sha256(out.read_bytes()).hexdigest()}
    return digests(out)


@dataclass
class Faults:
    """What came of the runs of one case under which something failed."""

    case: Case
    home: Path
    runs: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    """Runs that ended with one line of error."""
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make what stands before, and what a run gives that nothing befalls."""
        place = self.place = self.home / self.case.name.replace(" ", "-")
        self.out, other = place / "out" / self.case.out, place / "new" / self.case.out
        for which, out in ((1, other), (0, self.out)):
            out.parent.mkdir(parents=True)
            must(self.case.command(which, out), environment(self.home))
        self.old, self.new = state(self.out), state(other)
        assert self.old != self.new
        assert self.old

    def run(
        self,
        kind: str,
        out: Path | None = None,
        prepare: Callable[[], None] | None = None,
        during: Callable[[], None] | None = None,
        *,
        before: tuple[str, ...] = (),
        may_fail: bool = False,
        may_work: bool = False,
    ) -> bool:
        """One run that fails, or may; whether it ended well. Then the old state is there again."""
        out = out or self.out
        self.runs[kind] = self.runs.get(kind, 0) + 1
        beside = {p.name for p in out.parent.iterdir()}
        child = subprocess.Popen(
            [*before, *self.case.command(1, out)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=prepare,
            env=environment(self.home, PYTHONDONTWRITEBYTECODE="1"),
        )
        if during:
            during()
        _, told = child.communicate()
        told_here = f"{self.case.name}, {kind}: "
        lines = told.decode(errors="replace").splitlines()
        fine = child.returncode == 0
        # one line that says where, or the findings of files that are no longer there
        plain = len(lines) == 1 and re.match("alliance: .*[/:]", lines[0])
        listed = child.returncode == 1 and may_work and "stand in the way" in lines[-1]
        if (
            fine > (may_work or may_fail)
            or not (fine or plain or listed)
            or "Traceback" in str(told)
        ):
            self.wrong.append(f"{told_here}{child.returncode} {lines[:3]}")
        self.refused += not fine
        now = state(out)
        if now != (self.new if fine else self.old) and not (may_fail and now == self.new):
            self.wrong.append(f"{told_here}{child.returncode}, and what stands is neither")
        if {p.name for p in out.parent.iterdir()} != beside:
            self.wrong.append(f"{told_here}left {sorted(p.name for p in out.parent.iterdir())}")
        if now != self.old:
            shutil.rmtree(out) if out.is_dir() else out.unlink()
            must(self.case.command(0, out), environment(self.home))
        return fine

    # each fault

    def small_files(self, count: int) -> None:
        """No file may become larger than this."""
        largest = max(_sizes(self.out))
        for n in range(count):
            limit = largest * n // count
            self.run(
                "files that may not grow",
                prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),  # noqa: B023 - run at once
            )

    def full_disks(self, count: int) -> None:
        """A disk of its own that has less room than is wanted; nothing where none may be mounted."""
        size = sum(_sizes(self.out))
        with mounted(self.place / "disk", f"size={2 * size + 400_000}") as there:
            if not there:
                return
            out = self.place / "disk" / "out" / self.case.out
            out.parent.mkdir()
            must(self.case.command(0, out), environment(self.home))
            free = shutil.disk_usage(out).free
            for n in range(count):
                (self.place / "disk" / "filler").write_bytes(
                    b"x" * (free - size * n // (count + 1))
                )
                # what needs less than it seems, as a file system counts, may fit
                self.run("full disks", out, may_work=n > count // 2)

    def only_read(self) -> None:
        """A disk that is only read; nothing where none may be mounted."""
        with mounted(self.place / "fixed", "size=20m") as there:
            if there:
                out = self.place / "fixed" / "out" / self.case.out
                out.parent.mkdir()
                must(self.case.command(0, out), environment(self.home))
                again = ["mount", "-o", "remount,ro", str(self.place / "fixed")]
                subprocess.run(again, check=True)
                self.run("a disk that is only read", out)

    def forbidden(self) -> None:
        """A folder that may not be written."""
        self.out.parent.chmod(0o555)
        folder = self.out.stat().st_mode
        if self.out.is_dir():
            self.out.chmod(0o555)
        try:
            self.run("a folder that may not be written", prepare=obeying)
        finally:
            self.out.parent.chmod(0o755)
            self.out.chmod(folder)

    def broken_disk(self, count: int) -> None:
        """One write that fails as on a broken disk; nothing where strace may not trace."""
        if not _traces():
            return
        writes = _writes(self.case.command(1, self.place / "traced"), environment(self.home))
        for n in range(count):
            at = 1 + writes * n // count
            inject = f"inject=write:error=EIO:when={at}"
            trace = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "-e", inject)
            # the last writes tell what was done
            self.run("writes with EIO", before=trace, may_fail=True)

    def vanishing(self, count: int, dice: random.Random) -> None:
        """The input goes away at some moment of the run."""
        given = self.case.inputs[1]
        kept = given.with_name(given.name + ".kept")
        took = _seconds(self.case.command(1, self.place / "timed"), environment(self.home))
        for n in range(count):

            def vanish(wait: float = took * (n + dice.random()) / count) -> None:
                time.sleep(wait)
                given.rename(kept)

            try:
                self.run("inputs that vanish", during=vanish, may_work=True)
            finally:
                kept.rename(given)

    def pairs(self, count: int) -> None:
        """Two at once write the same: both come to their end, and one of the two stands."""
        for _ in range(count):
            self.runs["pairs"] = self.runs.get("pairs", 0) + 1
            children = [
                subprocess.Popen(
                    self.case.command(which, self.out),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    env=environment(self.home),
                )
                for which in (1, 0)
            ]
            for child in children:
                _, told = child.communicate()
                if child.returncode:
                    self.wrong.append(f"{self.case.name}, two at once: {told.decode()[-200:]}")
            if state(self.out) not in (self.old, self.new):
                self.wrong.append(f"{self.case.name}, two at once: what stands is neither")
            if [p.name for p in self.out.parent.iterdir()] != [self.case.out]:
                self.wrong.append(f"{self.case.name}, two at once: left something behind")
            must(self.case.command(0, self.out), environment(self.home))


def _sizes(out: Path) -> list[int]:
    files = [out] if out.is_file() else [p for p in out.rglob("*") if p.is_file()]
    return [p.stat().st_size for p in files]


def _seconds(command: list[str], env: dict[str, str]) -> float:
    start = time.monotonic()
    must(command, env)
    return time.monotonic() - start


def _traces() -> bool:
    try:
        return not subprocess.run(
            ["strace", "-qq", "-o", "/dev/null", "true"], check=False
        ).returncode
    except FileNotFoundError:
        return False


def _writes(command: list[str], env: dict[str, str]) -> int:
    trace = ["strace", "-f", "-qq", "-o", "/dev/stdout", "-e", "trace=write", *command]
    done = subprocess.run(trace, env=env, capture_output=True, check=True)
    return done.stdout.count(b" write(")


def obeying() -> None:
    """Even the super-user of this process may no longer write where it is forbidden."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE)


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A file system of its own in a folder, where this user may mount one; says whether."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def meet(case: Case, home: Path, disks: int, dice: random.Random) -> Faults:
    """Every fault for one command."""
    seen = Faults(case, home)
    seen.small_files(disks)
    seen.full_disks(disks)
    seen.only_read()
    seen.forbidden()
    seen.broken_disk(disks // 2)
    seen.vanishing(disks // 2, dice)
    seen.pairs(disks // 5)
    return seen


def main() -> Iterator[Figure]:
    """Figures of all faults."""
    disks = int(os.environ.get("ALLIANCE_FAULTS", DISKS))
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            seen = meet(case, Path(folder), disks, random.Random(3))
            for text in seen.wrong[:10]:
                print(text)
            told = ", ".join(f"{count} {kind}" for kind, count in seen.runs.items())
            yield Figure(
                f"{case.name}: a fault that is no line, or costs what stood",
                "0",
                f"{len(seen.wrong)} of {sum(seen.runs.values())} ({told}; {seen.refused} refused)",
                not seen.wrong,
            )
