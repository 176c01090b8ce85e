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
import re
import resource
import select
import signal
import struct
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
        no_network()
        confine(megabytes)
        try:
            answer = b"+" + job()
        except QueryError as bad:
            answer = b"?" + str(bad).encode()
        except AllianceError as bad:
            answer = b"!" + str(bad).encode()
        except MemoryError:
            answer = b""
        except Exception as bad:  # noqa: BLE001 - whatever went wrong, the parent must hear of it
            answer = b"!" + f"{type(bad).__name__}: {bad}".encode()
        while answer:
            answer = answer[os.write(pipe, answer) :]
    except BaseException:  # noqa: BLE001 - a forked child must never return into the caller
        status = 1
    os._exit(status)


# --- what a query asks for ------------------------------------------------------------------------

# What may hold such a word without its being one, then the word itself
# (https://www.w3.org/TR/sparql11-query/#sparqlGrammar). A text that nobody closes ends with the
# query, so that each part of it is read once.
_SKIMMED = re.compile(
    r"""\#[^\n]*+
    |<[^<>"{}|^`\\\x00-\x20]*+>
    |\'{3}(?:\'{0,2}(?:[^\'\\]|\\.))*+(?:\'{3}|\'{0,2}\\?\Z)
    |"{3}(?:"{0,2}(?:[^"\\]|\\.))*+(?:"{3}|"{0,2}\\?\Z)
    |\'(?:[^\'\\\n]|\\.)*+(?:\'|$|\\\Z)
    |"(?:[^"\\\n]|\\.)*+(?:"|$|\\\Z)
    |[?$@][\w-]+
    |(?<![\w-])[\w-]*+:(?:[\w:.%-]|\\.)*+
    |\b(SERVICE|FROM)\b""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


def keywords(text: str) -> frozenset[str]:
    """Which of SERVICE and FROM a query uses as keywords, not in its texts, names or remarks.

    >>> sorted(keywords("SELECT ('SERVICE <x>' AS ?from) FROM <urn:from> { } # service"))
    ['FROM']
    """
    folded = text.lower()
    if "service" not in folded and "from" not in folded:
        return frozenset()  # most queries, and a search takes its time
    return frozenset(found[1].upper() for found in _SKIMMED.finditer(text) if found[1])


# --- what a process may do from now on -----------------------------------------------------------


def confine(megabytes: int) -> None:
    """Let this process take so much more memory, and keep what its engine prints when dying."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    used = 0
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text("ascii").split()[0]
        used = int(pages) * resource.getpagesize()
    limit = used + megabytes * 1_000_000
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


NAMESPACE, SECCOMP = "network namespace", "seccomp"


def no_network() -> tuple[str, ...]:
    """Take the network from this process and its children for ever; what it has open stays.

    Returns the barriers that hold: a network namespace with nothing in it and a filter of system
    calls (seccomp), each where the system allows it (Linux); empty where it allows neither.
    """
    barriers = ((NAMESPACE, _empty_namespace), (SECCOMP, _filter_sockets))
    return tuple(name for name, raised in barriers if raised())


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def _empty_namespace() -> bool:
    with contextlib.suppress(AttributeError, OSError):
        unshare = _libc().unshare
        return any(unshare(how) == 0 for how in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
    return False


# Of each machine: its number in linux/audit.h, its calls socket, connect and io_uring_setup.
_MACHINES = {
    "x86_64": (0xC000003E, (41, 42, 425)),
    "aarch64": (0xC00000B7, (198, 203, 425)),
}
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _MODE_FILTER = 38, 22, 2  # linux/prctl.h, linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # linux/bpf_common.h
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # EPERM for what is refused


def _filter_sockets() -> bool:
    """No new socket, no connection: seccomp(2) in a form that needs no privilege."""
    machine = os.uname().machine
    if not sys.platform.startswith("linux") or machine not in _MACHINES:
        return False
    audit, calls = _MACHINES[machine]
    program = [
        (_LOAD, 0, 0, 4),  # seccomp_data.arch
        (_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),  # seccomp_data.nr
        # the same calls under the numbers of the x32 interface; each jump leads to the last line
        (_AT_LEAST, len(calls) + 1, 0, 0x40000000),
        *((_EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    kept = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(kept)))
    with contextlib.suppress(AttributeError, OSError):
        prctl = _libc().prctl
        if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0:
            return bool(prctl(_SET_SECCOMP, _MODE_FILTER, head, 0, 0) == 0)
    return False
