"""Runs a job that a stranger's query may wreck, in a child process with limits and no network.

The engine cannot be interrupted from inside (a query can hold a thread for ever, exhaust memory, or
overflow the stack), so a forked child does the work: it shares the loaded graph without copying it,
and ending it harms nobody. Needs fork(2): Linux and macOS.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from alliance_graph.errors import AllianceError, LimitError, QueryError

SECONDS = 30.0
MEGABYTES = 2048
"""What a query may take unless one says otherwise."""

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h


def limited(
    job: Callable[[], bytes], seconds: float = SECONDS, megabytes: int = MEGABYTES
) -> bytes:
    """What ``job`` returns, run in a child; ``megabytes`` come on top of what is loaded already.

    Raises LimitError past time or memory (a crash of the engine counts as memory: that is what it
    runs out of), and what the job raised as QueryError or AllianceError.
    """
    if not hasattr(os, "fork"):
        raise AllianceError("limits need fork(2), which this system has not; give --trusted")
    sys.stdout.flush()
    sys.stderr.flush()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        _work(job, write, megabytes)
    os.close(write)
    try:
        answer = _read(read, time.monotonic() + seconds)
    finally:
        os.close(read)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if answer is None:
        raise LimitError(f"the query took longer than {seconds:g} s and was ended", "time")
    tag, body = answer[:1], answer[1:]
    if tag == b"+":
        return body
    if tag == b"?":
        raise QueryError(body.decode())
    if tag == b"!":
        raise AllianceError(body.decode())
    raise LimitError(
        f"the query needed more than {megabytes} MB (or nested too deeply) and was ended", "memory"
    )


def _read(pipe: int, deadline: float) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return None
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _work(job: Callable[[], bytes], pipe: int, megabytes: int) -> None:
    status = 0
    try:
        # what a dying engine prints is for us, not for the user
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        _no_network()
        _cap_memory(megabytes)
        try:
            answer = b"+" + job()
        except QueryError as bad:
            answer = b"?" + str(bad).encode()
        except MemoryError:
            answer = b""
        except Exception as bad:  # noqa: BLE001 - whatever went wrong, the parent must hear of it
            answer = b"!" + f"{type(bad).__name__}: {bad}".encode()
        while answer:
            answer = answer[os.write(pipe, answer) :]
    except BaseException:  # noqa: BLE001 - a forked child must never return into the caller
        status = 1
    os._exit(status)


def _cap_memory(megabytes: int) -> None:
    used = 0
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text("ascii").split()[0]
        used = int(pages) * resource.getpagesize()
    limit = used + megabytes * 1_000_000
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _no_network() -> None:
    """A network namespace with nothing in it, where the system allows one (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
