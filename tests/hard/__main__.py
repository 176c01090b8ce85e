"""``python -m tests.hard [NAME …]``: runs every module of this folder, or those named.

Prints the figures of each as soon as they are there, and at the end all of them as one table ``what
| target | measured``. Ends with 1 where a target that is no time is not held.
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


def table(figures: Sequence[tuple[str, Figure]]) -> str:
    """The figures by name of their module, each in a line; ``!`` marks what is not held."""
    rows = [("", "", "what", "target", "measured")]
    rows += [(" " if f.held else "!", name, f.what, f.target, f.measured) for name, f in figures]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    lines = (
        " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def main(names: Sequence[str]) -> int:
    """Run the modules of these names, or all; gives the exit status."""
    # those that have something to run, told without importing what only another one needs
    runs = [p.stem for p in sorted(HERE.glob("[a-z]*.py")) if "\ndef main(" in p.read_text("utf-8")]
    if unknown := [n for n in names if n not in runs]:
        print(f"no {', '.join(unknown)} here: there are {', '.join(runs)}", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()} on {platform.machine()}, ", end="")
    print(", ".join(f"{n} {version(n)}" for n in ("pyoxigraph", "rdflib")), flush=True)
    figures: list[tuple[str, Figure]] = []
    for name in names or runs:
        print(f"\n== {name}", flush=True)
        found = [(name, f) for f in importlib.import_module(f"tests.hard.{name}").main()]
        print(table(found), flush=True)
        figures += found
    if len(names or runs) > 1:
        print(f"\n== all targets\n{table(figures)}")
    failed = sum(not f.held and not f.timed for _, f in figures)
    late = sum(not f.held and f.timed for _, f in figures)
    told = f"{failed} targets not held" if failed else "every target held"
    print(f"\n{told}" + (f"; {late} of time missed" if late else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
