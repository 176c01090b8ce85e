"""A folder that changes places with another in one step, once all in it is written.

A reader sees the old folder whole or the new one whole, whatever kills the writer and whenever.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from alliance_graph.errors import AllianceError


def sweep(out: Path) -> None:
    """Remove what killed writers of ``out`` left beside it."""
    for left in out.parent.glob(f"{glob.escape(_prefix(out))}*"):
        _sweep(left)


def _prefix(out: Path) -> str:
    return f".{out.name}.new-"


@contextlib.contextmanager
def stage(out: Path) -> Iterator[Path]:
    """A folder beside ``out``, locked as long as it is written; what killed builds left goes."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sweep(out)
        stage, lock = _locked_folder(_prefix(out), out.parent)
    except OSError as bad:
        raise AllianceError(
            f"{out}: cannot be made ({bad.strerror}); name another folder with --out"
        ) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        os.close(lock)


def _locked_folder(prefix: str, parent: Path) -> tuple[Path, int]:
    """A new folder and the descriptor that holds its lock, free again when this process ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked: another one
            lock = os.open(folder, os.O_RDONLY)
            with contextlib.suppress(OSError):  # some drives know no locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _sweep(left: Path) -> None:
    """Remove a stage that no build holds."""
    with contextlib.suppress(OSError):
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(lock)


# Linux renameat2(2) with RENAME_EXCHANGE, macOS renameatx_np(2) with RENAME_SWAP: both 2.
_CALLS = {"linux": ("renameat2", -100), "darwin": ("renameatx_np", -2)}


def exchange(stage: Path, out: Path) -> None:
    """Put ``stage`` in the place of ``out`` in one step; the old folder ends up at ``stage``."""
    try:
        stage.rename(out)
        return
    except OSError:
        if not out.exists():
            raise
    name, here = _CALLS.get(sys.platform, ("", 0))
    if name:
        with contextlib.suppress(AttributeError):
            call = getattr(ctypes.CDLL(None, use_errno=True), name)
            if call(here, os.fsencode(stage), here, os.fsencode(out), ctypes.c_uint(2)) == 0:
                return
    # no such call here: two renames, with a moment between them in which there is no build
    old = stage.with_name(stage.name + ".old")
    out.rename(old)
    stage.rename(out)
    shutil.rmtree(old, ignore_errors=True)
