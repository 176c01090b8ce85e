"""Virtuoso's bulk loader over the shards of a large build, and questions asked there.

BENCH_BUILD is the build (made of BENCH_FACTS made-up facts where it is not given); the lines of its
shards, how many of them differ (what follows in two shards stands in both) and what Virtuoso holds
are printed beside each other. Times of the answers are wall milliseconds of the whole way, the least
of three.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from tests.bench import synthetic
from tests.bench.catalogue import ASKED, FACTS, virtuoso

from alliance_graph import large, questions


def main() -> None:
    """Print how the load went, and a row for each question."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        given = os.environ.get("BENCH_BUILD")
        out = Path(given) if given else folder / "build"
        if not given:
            synthetic.write(folder / "facts", FACTS)
            large.build_large(folder / "facts", out, large.scheduler(None), store=False)
        shards = (out / "shards").resolve()
        lines, distinct = 0, set()
        for path in sorted(shards.glob("*.nq")):
            with path.open("rb") as stream:
                for line in stream:
                    lines += 1
                    distinct.add(hash(line))
        print(f"bulk: {lines:,} lines in the shards, {len(distinct):,} different", flush=True)
        distinct.clear()
        (folder / "virtuoso").mkdir()
        with virtuoso(shards, folder / "virtuoso") as remote:
            if remote is None:
                return
            for name, params in ASKED.items():
                known = {p.name for p in questions.find(name).params}
                asked = {k: v for k, v in params.items() if k in known}
                try:
                    times = []
                    for _ in range(3):
                        start = time.perf_counter()
                        rows = len(questions.ask(remote, name, **asked).rows)
                        times.append(time.perf_counter() - start)
                        if times[-1] > 2:
                            break
                    row = f"{min(times) * 1e3:>10,.1f} ms {rows:>8,} rows"
                except Exception as bad:  # noqa: BLE001 - what it does not take is a row as well
                    row = f"{type(bad).__name__}: {str(bad)[:60]}"
                print(f"  {name:<26}{row}", flush=True)
