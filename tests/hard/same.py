"""The same bytes wherever they are made: seeds, locales, zones, orders of folders, clones.

``ALLIANCE_SURROUNDINGS`` says in how many of all surroundings (all) the facts are built. Wheel and
sdist are packed in a quarter of them, where every seed meets every locale twice.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.hard import Figure
from tests.hard.runs import COMMAND, ROOT, digests, environment, must

SEEDS = tuple(str(n) for n in range(10))
LOCALES = {"C": "C", "ko_KR": "ko_KR.UTF-8", "tr_TR": "tr_TR.UTF-8"}
ZONES = ("UTC", "Asia/Seoul")
ORDERS = ("forwards", "backwards")
CLONES = ("a", "b/elsewhere")
PACKED = 60
AT_START = """
import json, locale, os, time
backwards = os.environ["FOLDERS"] == "backwards"
listdir, scandir = os.listdir, os.scandir
os.listdir = lambda *a: sorted(listdir(*a), key=str, reverse=backwards)
class Scanned:
    def __init__(self, found): self.found = iter(found)
    def __iter__(self): return self
    def __next__(self): return next(self.found)
    def __enter__(self): return self
    def __exit__(self, *a): pass
    def close(self): pass
def scanned(*a):
    with scandir(*a) as found:
        return Scanned(sorted(found, key=lambda e: e.name, reverse=backwards))
os.scandir = scanned
locale.setlocale(locale.LC_ALL, "")
with open(os.environ["TELL"], "a", encoding="utf-8") as told:
    print(json.dumps({
        "seed": hash("a seed"),
        "locale": [
            locale.setlocale(locale.LC_ALL),
            format(0.5, "n"),
            time.strftime("%A", time.gmtime(0)),
        ],
        "zone": time.strftime("%H:%M", time.localtime(0)),
        "order": [listed.name for listed in os.scandir(os.environ["LISTED"])],
        "clone": os.getcwd(),
    }), file=told)
"""
"""A ``sitecustomize`` that puts the surroundings in force, and tells what then holds in the very
process that builds: no variable that nobody heeds is taken for a difference."""


class Around(NamedTuple):
    """One of all surroundings that must not matter."""

    seed: str
    locale: str
    zone: str
    order: str
    clone: str


def everything() -> list[Around]:
    """Every seed in every locale, zone, order and clone."""
    return list(itertools.starmap(Around, itertools.product(SEEDS, LOCALES, ZONES, ORDERS, CLONES)))


def sample(count: int) -> list[Around]:
    """Some of them: six have every locale in both zones, every order and both clones."""
    if count >= len(everything()):
        return everything()
    return [
        Around(
            SEEDS[n % 10],
            list(LOCALES)[n % 3],
            ZONES[n % 2],
            ORDERS[n // 2 % 2],
            CLONES[n // 3 % 2],
        )
        for n in range(count)
    ]


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


def locales(into: Path) -> Path:
    """The locales, made here where the system lacks them; needs localedef and their sources."""
    into.mkdir()
    for name, full in LOCALES.items():
        if name != full:
            subprocess.run(
                ["localedef", "-i", name, "-f", "UTF-8", "--no-archive", str(into / full)],
                check=True,
                capture_output=True,
            )
    return into


@dataclass
class Seen:
    """What was made, and what held in the processes that made it."""

    made: dict[str, set[str]] = field(default_factory=dict)
    """Digests of what came out, by kind."""
    runs: dict[str, int] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)
    """What was told of each surrounding."""

    def add(self, kind: str, folder: Path) -> None:
        """Count what lies in a folder, and remove it."""
        text = json.dumps(digests(folder))
        self.made.setdefault(kind, set()).add(hashlib.sha256(text.encode()).hexdigest())
        self.runs[kind] = self.runs.get(kind, 0) + 1
        shutil.rmtree(folder)

    def hear(self, told: Path) -> None:
        """Take what the processes told of themselves."""
        for line in told.read_text("utf-8").splitlines():
            record: dict[str, Any] = json.loads(line)
            for name, value in record.items():
                self.held.setdefault(name, set()).add(json.dumps(value))
        told.unlink()


def run(
    home: Path,
    arounds: Iterable[Around],
    packed: Container[Around] = (),
    *,
    facts: Path | None = None,
) -> Seen:
    """Build the facts (those of the clone) in each of the surroundings.

    In those that are ``packed`` the clone becomes a wheel and an sdist as well.
    """
    places = {
        name: clone(home / name, backwards=name != CLONES[0]) for name in CLONES
    }  # directory entries in another order too
    made = locales(home / "locales")
    (home / "start").mkdir()
    (home / "start" / "sitecustomize.py").write_text(AT_START, "utf-8")
    seen, told, out = Seen(), home / "told", home / "made"
    for around in arounds:
        here = places[around.clone]
        given = facts or here / "seeds"
        env = environment(
            home,
            PYTHONHASHSEED=around.seed,
            LC_ALL=LOCALES[around.locale],
            LOCPATH=str(made),
            TZ=around.zone,
            PYTHONUTF8="0",
            PYTHONPATH=f"{home / 'start'}:{here / 'graph'}",
            PYTHONDONTWRITEBYTECODE="1",
            SOURCE_DATE_EPOCH="1600000000",
            FOLDERS=around.order,
            LISTED=str(given / "people"),
            TELL=str(told),
        )
        must([*COMMAND, "build", "--facts", str(given), "--out", str(out)], env, here)
        seen.add("build", out)
        for target in ("wheel", "sdist") if around in packed else ():
            command = [sys.executable, "-m", "hatchling", "build", "--target", target]
            must([*command, "--directory", str(out)], env, here)
            seen.add(target, out)
        seen.hear(told)
        shutil.rmtree(home / "cache", ignore_errors=True)
    return seen


def in_force(seen: Seen, arounds: Iterable[Around]) -> list[str]:
    """What was asked for and did not come about; nothing where all of it did."""
    asked = {name: len(set(values)) for name, values in _by_axis(arounds)}
    return [
        f"{name}: {len(seen.held.get(name, ()))} of {count} differ"
        for name, count in asked.items()
        if len(seen.held.get(name, ())) != count
    ]


def _by_axis(arounds: Iterable[Around]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from zip(Around._fields, zip(*arounds, strict=True), strict=True)


def main() -> Iterator[Figure]:
    """Build and pack in all surroundings."""
    arounds = sample(int(os.environ.get("ALLIANCE_SURROUNDINGS", len(everything()))))
    with tempfile.TemporaryDirectory() as folder:
        seen = run(Path(folder), arounds, sample(PACKED))
    wrong = in_force(seen, arounds)
    yield Figure(
        "surroundings in force where it was built",
        "all",
        "; ".join(wrong)
        or ", ".join(f"{len(held)} {name}s" for name, held in sorted(seen.held.items())),
        not wrong,
    )
    for kind, made in seen.made.items():
        count = seen.runs[kind]
        yield Figure(
            f"{kind} with {len(SEEDS)} seeds × {len(LOCALES)} locales × {len(ZONES)} zones × "
            f"{len(ORDERS)} orders × {len(CLONES)} clones",
            f"1 of {len(everything()) if kind == 'build' else PACKED}",
            f"{len(made)} of {count}",
            len(made) == 1,
        )
