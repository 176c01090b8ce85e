"""Growth: a large build from nothing, again, and with one file changed; CPU and memory.

BENCH_FACTS lists the sizes ("1000 10000 100000"; 1000000 takes 15 minutes of CPU, 8 GB of memory
and 7 GB of disk, with a store on disk as much again). Memory is that of the largest process, disk
that of shards and cache, which share what they can. The last row of a size: the store alone, in
memory, loaded from the shards, and megabytes for a million triples. BENCH_SHARDS=1 leaves the store
on disk out; BENCH_KEEP names a folder in which facts and build stay.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import synthetic

SIZES = [int(s) for s in os.environ.get("BENCH_FACTS", "1000 10000").split()]
WHERE = os.environ.get("BENCH_SCHEDULER", "none")
KEEP = os.environ.get("BENCH_KEEP")
_LOADED = """
import sys
from pathlib import Path
import pyoxigraph as ox
store = ox.Store()
for path in sorted(Path(sys.argv[1]).glob("*.nq")):
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_QUADS, lenient=True)
print(len(store))
"""


def run(command: list[str]) -> tuple[float, float, float, str]:
    """CPU seconds of a process and its children, wall seconds, megabytes, what it printed."""
    read, write = os.pipe()
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(write, 1)
        os.execv(command[0], command)  # noqa: S606 - a list without a shell
    os.close(write)
    with os.fdopen(read) as said:
        told = said.read()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"{command}: {status}")
    wall = time.perf_counter() - start
    unit = 1e3 if sys.platform == "linux" else 1e6
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / unit, told


def disk(folder: Path) -> float:
    """Megabytes of the files in a folder; what two of them share counts once."""
    files = (path.stat() for path in folder.rglob("*") if path.is_file())
    return sum({f.st_ino: f.st_size for f in files}.values()) / 1e6


def main() -> None:
    """Print a row for each size and job."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000
    print(f"growth, scheduler {WHERE} (this process {before} MB)")
    print(f"{'facts':>9} {'':<22}{'CPU s':>9}{'wall s':>9}{'MB':>7}{'triples':>13}{'disk MB':>9}")
    for facts in SIZES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(KEEP or temporary) / str(facts)
            root, out = folder / "facts", folder / "build"
            synthetic.write(root, facts)
            command = [sys.executable, "-m", "alliance_graph", "build", "--facts", str(root)]
            command += ["--out", str(out), "--scheduler", WHERE]
            command += ["--shards"] if os.environ.get("BENCH_SHARDS") else []
            articles = sorted((root / "articles").iterdir())
            middle = articles[len(articles) // 2]
            triples = ""
            for job in ("from nothing", "nothing changed", "one file changed"):
                if job == "one file changed":
                    text = middle.read_text("utf-8").replace("label: Stance", "label: View")
                    middle.write_text(text, "utf-8")
                cpu, wall, mb, told = run(command)
                triples = next(w[1] for w in map(str.split, told.splitlines()) if w[0] == "triples")
                row = f"{facts:>9,} {job:<22}{cpu:>9.1f}{wall:>9.1f}{mb:>7.0f}{triples:>13}{disk(out):>9.0f}"
                print(row, flush=True)
            shards = str(out / "shards")
            cpu, wall, mb, told = run([sys.executable, "-c", _LOADED, shards])
            per = mb / (int(told) / 1e6)
            row = f"{facts:>9,} {'the store, in memory':<22}{cpu:>9.1f}{wall:>9.1f}{mb:>7.0f}"
            print(f"{row}{int(told):>13,}  {per:.0f} MB a million", flush=True)
