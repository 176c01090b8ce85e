"""What kills, faults and surroundings share: runs of ``alliance`` and what they leave."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OTHER = ROOT / "tests" / "data" / "other-alliance"
RECORDS = ROOT / "tests" / "data" / "historyatstate"
COMMAND = (sys.executable, "-m", "alliance_graph")


def digests(folder: Path) -> dict[str, str]:
    """The files of a folder by name, as digests; what is only a cache does not count."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".cache" not in p.parts
    }


def environment(home: Path, **more: str) -> dict[str, str]:
    """Of a process that runs the code of this folder, with its caches in ``home``."""
    own = {"XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT / "graph")}
    return {**os.environ, **own, **more}


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


def other_records(into: Path) -> Path:
    """The small set of records with one journey fewer."""
    shutil.copytree(RECORDS, into)
    next(iter(sorted((into / "travels" / "president-travels").glob("*.xml")))).unlink()
    return into
