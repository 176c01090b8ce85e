"""A folder that changes places with another in one step, once all in it is written; files too.

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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from io import FileIO
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
    """A folder beside ``out``, locked as long as it is written; what killed builds left goes.

    Raises AllianceError where it cannot be made, or not be filled: ``out`` is then as it was.
    """
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
    except OSError as bad:
        # a write that fails names no file; what else fails is told with its own
        inside = bad.filename is None or Path(os.fsdecode(bad.filename)).is_relative_to(stage)
        raise _unwritten(out, bad, "the old one") if inside and bad.strerror else bad from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        os.close(lock)


def _unwritten(out: Path, bad: OSError, old: str) -> AllianceError:
    stands = f"; {old} stands as it was" if out.exists() else ""
    return AllianceError(
        f"{out}: cannot be written ({bad.strerror}){stands}; make room, or name another with --out"
    )


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


# --- single files ----------------------------------------------------------------------------


def write(path: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it: see :func:`write_all`."""
    write_all({path: data})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files beside their places, then rename them all: who reads sees an old file or a new.

    What is no plain file, such as ``/dev/stdout``, is written as it is. Raises AllianceError where
    one cannot be written: then all are as they were.
    """
    ready: list[tuple[Path, Path]] = []
    with ExitStack() as stack:
        try:
            # in one order: two who write the same files wait for each other, but not for ever
            for path, data in sorted(files.items()):
                _beside(path, data, ready, stack)
            while ready:
                beside, target = ready[0]
                beside.replace(target)
                del ready[0]
        finally:
            for beside, _ in ready:
                beside.unlink(missing_ok=True)


def _beside(path: Path, data: bytes, ready: list[tuple[Path, Path]], stack: ExitStack) -> None:
    if not path.parent.is_dir():
        raise AllianceError(f"{path.parent}: no such folder; make it first")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()  # of a link, what it leads to changes
        beside = target.with_name(f".{target.name}.new")
        stream = stack.enter_context(_locked_file(beside))
        ready.append((beside, target))
        rest = memoryview(data)
        while rest:
            rest = rest[stream.write(rest) :]
    except OSError as bad:
        raise _unwritten(path, bad, "the old file") from None


def _locked_file(path: Path) -> FileIO:
    """An empty file that nobody else writes meanwhile; what a killed writer left is used again."""
    while True:
        stream = path.open("ab", buffering=0)  # a buffer would fail a second time when closed
        with contextlib.suppress(OSError):  # some drives know no locks
            fcntl.flock(stream, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(stream.fileno()), path.stat()):
                stream.truncate(0)
                return stream
        stream.close()  # the one before us has put it in its place
