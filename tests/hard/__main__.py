"""``python -m tests.hard [NAME …]``: runs every module of this folder, or those named.

Prints a table ``what | target | measured`` for each; ends with 1 where a target is not held.
"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.hard import Figure

HERE = Path(__file__).parent


def main(names: Sequence[str]) -> int:
    # those that have something to run, told without importing what only another one needs
    runs = [p.stem for p in sorted(HERE.glob("[a-z]*.py")) if "\ndef main(" in p.read_text("utf-8")]
    if unknown := [n for n in names if n not in runs]:
        print(f"no {', '.join(unknown)} here: there are {', '.join(runs)}", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()} on {platform.machine()}, ", end="")
    print(", ".join(f"{n} {version(n)}" for n in ("pyoxigraph", "rdflib")), flush=True)
    failed = 0
    for name in names or runs:
        print(f"\n== {name}", flush=True)
        figures: list[Figure] = list(importlib.import_module(f"tests.hard.{name}").main())
        rows = [("", "what", "target", "measured")]
        rows += [(" " if f.held else "!", f.what, f.target, f.measured) for f in figures]
        widths = [max(len(row[at]) for row in rows) for at in range(4)]
        for row in rows:
            print(" ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
        failed += sum(not f.held for f in figures)
    print(f"\n{failed} targets not held" if failed else "\nevery target held")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
