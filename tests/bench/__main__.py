"""``python -m tests.bench [NAME …]``: runs every benchmark of this folder, or those named."""

from __future__ import annotations

import importlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    names = sys.argv[1:] or sorted(
        p.stem for p in HERE.glob("*.py") if not p.stem.startswith(("_", "measure", "synthetic"))
    )
    engines = ", ".join(f"{n} {version(n)}" for n in ("pyoxigraph", "rdflib", "pyvis"))
    print(f"Python {platform.python_version()} on {platform.machine()}; {engines}\n")
    for name in names:
        importlib.import_module(f"tests.bench.{name}").main()
        print()


main()
