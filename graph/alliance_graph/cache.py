"""The shipped facts, compiled once for each version of facts, ontology and code.

Kept as ``$XDG_CACHE_HOME/alliance-graph/<digest>.trig`` (``~/.cache`` where that is not set). The
folder can be removed at any time. Where it cannot be written or read, facts are compiled anew.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from pyoxigraph import RdfFormat, serialize

from alliance_graph import build, paths
from alliance_graph.errors import AllianceError
from alliance_graph.store.embedded import Embedded

_KEPT = 3
"""So many compiled graphs are kept; those used longest ago go first."""


def folder() -> Path:
    """Where compiled graphs are kept; may not exist."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG specification: a relative path is to be ignored
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    return base / "alliance-graph"


def shipped() -> Embedded:
    """The graph of the shipped facts; raises BrokenFacts where they have errors."""
    seeds = paths.seeds()
    path = folder() / f"{build._inputs(seeds, None)}.trig"
    store = _read(path)
    if store is None:
        store = build.compile_facts(seeds).store
        with contextlib.suppress(OSError):
            _write(path, store)
    return store


def _read(path: Path) -> Embedded | None:
    """The graph that is kept there, if it is whole."""
    try:
        with path.open("rb") as file:
            head = file.readline()
        store = Embedded.read(path)
        os.utime(path)
    except (OSError, AllianceError):
        return None
    return store if head == _head(store) else None


def _head(store: Embedded) -> bytes:
    return f"# {len(store)} quads\n".encode()


def _write(path: Path, store: Embedded) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_head(store))
            file.write(serialize(store.quads(), format=RdfFormat.TRIG) or b"")
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    kept = sorted(path.parent.glob("*.trig"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in kept[_KEPT:]:
        old.unlink(missing_ok=True)
