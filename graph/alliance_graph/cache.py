"""The shipped facts, compiled once for each version of facts, ontology and code.

A wheel brings them compiled: ``graph/hatch_build.py`` has :func:`write` put them into it. For a
checkout they are kept as ``$XDG_CACHE_HOME/alliance-graph/<digest>.trig`` (``~/.cache`` where that
is not set), by ``alliance build`` or when first asked for; the folder can be removed at any time,
and where it cannot be written or read, facts are compiled anew. The first line of a file tells what
it was compiled from and how much it holds: what is stale or cut short is not used.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

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
    key = build.digest(paths.seeds())
    store = _read(paths.COMPILED, key)
    if store is None and (store := _read(_kept(key), key)) is not None:
        with contextlib.suppress(OSError):
            os.utime(_kept(key))
    if store is None:
        store = build.compile_facts(paths.seeds()).store
        _keep(key, store)
    return store


def keep(store: Embedded, written: Path | None = None) -> None:
    """Keep a graph that was just compiled from the shipped facts; a wheel has it already.

    ``written`` is the file that a build wrote of it.
    """
    if not paths.COMPILED.exists():
        _keep(build.digest(paths.seeds()), store, written.read_bytes() if written else None)


def write(path: Path) -> None:
    """Compile the shipped facts into a file, the same bytes on every machine.

    Raises BrokenFacts where they have errors.
    """
    from alliance_graph import outputs

    store = build.compile_facts(paths.seeds()).store
    quads = outputs.in_order(outputs.steady(store.quads()))
    path.write_bytes(_head(build.digest(paths.seeds()), store) + outputs.trig(quads))


def _read(path: Path, key: str) -> Embedded | None:
    """The graph that is kept there, if it is whole and was compiled from what ``key`` names."""
    try:
        with path.open("rb") as file:
            head = file.readline()
        if not head.startswith(f"# {key} ".encode()):
            return None
        store = Embedded.read(path)
    except (OSError, AllianceError):
        return None
    return store if head == _head(key, store) else None


def _head(key: str, store: Embedded) -> bytes:
    return f"# {key} {len(store)} quads\n".encode()


def _kept(key: str) -> Path:
    return folder() / f"{key}.trig"


def _keep(key: str, store: Embedded, trig: bytes | None = None) -> None:
    from pyoxigraph import RdfFormat, serialize

    trig = trig or serialize(store.quads(), format=RdfFormat.TRIG) or b""
    with contextlib.suppress(OSError):
        _store(_kept(key), _head(key, store) + trig)


def _store(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in path.parent.glob(".new-*"):  # of who was killed; who still writes, writes in vain
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    kept = sorted(path.parent.glob("*.trig"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in kept[_KEPT:]:
        old.unlink(missing_ok=True)
