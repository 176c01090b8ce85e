"""Worker processes, forked from a small process that holds the graph, and how a server asks them.

Three kinds of process: the *server* (asynchronous, may have threads, never forks again), the
*nursery* (forked from it before all that; one thread, holds the loaded graph, forks workers in a
few milliseconds and ends them) and the *workers* (share the nursery's memory, answer one request
after the other). Whatever a request does to its worker, the others go on.

Two lanes keep quick requests quick: a worker that has used the processor for :data:`QUICK` seconds
without an answer (or has others wait for :data:`PATIENCE` seconds) leaves the quick lane, and
another takes its place there; after :data:`HEAVY` seconds it gets less of the processor than they
do. Where the slow lane is full, the request waits and begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

from alliance_graph import memory, worker
from alliance_graph.errors import AllianceError, LimitError

_T = TypeVar("_T")

QUICK = 0.15
"""Seconds of the processor that a request may use in the quick lane."""
PATIENCE = 3.0
"""Seconds after which it leaves that lane in any case, where others wait."""
HEAVY = 1.0
"""Seconds of the processor after which it stands back behind all others."""
SERVED = 5_000
"""Requests after which a worker is replaced, so that no memory grows for ever."""
QUEUE = 256
"""Requests that may wait for a worker; more are turned away."""

Head = dict[str, Any]
Job = Callable[[Head, bytes], tuple[Head, bytes]]
"""What a worker does: head and body of a request to head and body of the reply."""


@dataclass(frozen=True)
class Limits:
    """What one query may take, and how many run at a time."""

    seconds: float = 10.0
    megabytes: int = 1024
    """On top of the loaded graph."""
    rows: int = 10_000
    """Rows or triples of a reply; more are cut off, and the reply says so."""
    reply: int = 32_000_000
    """Bytes of a reply."""
    workers: int = field(default_factory=lambda: min(32, max(4, 2 * (os.cpu_count() or 1))))
    """Quick requests at a time; more than so many for each processor only wait for it."""
    slow: int = 8
    """Slow requests at a time."""


class BusyError(AllianceError):
    """Too many requests at a time; try again in a moment."""


class _FullError(AllianceError):
    """The slow lane is full."""


class GoneError(AllianceError):
    """Whoever asked has gone."""


# --- the nursery ---------------------------------------------------------------------------------

_ORDER = struct.Struct("!ci")
_MORE, _LESS, _SLOWER = b"+", b"-", b"~"
_SIZES = struct.Struct("!II")
_NICE = 7
"""How far a worker of the slow lane stands back."""
_SOON = 0.05
_PDEATHSIG = 1  # linux/prctl.h
_KEPT = 16_000_000
"""Bytes of a freed reply that a worker keeps for the next."""


@dataclass(frozen=True)
class Nursery:
    """The process that holds the graph: its control socket and what keeps it off the network."""

    control: socket.socket
    pid: int
    barriers: tuple[str, ...]


def nursery(job: Job, limits: Limits) -> Nursery:
    """Fork the process that forks workers; call it while this process has one thread."""
    if not hasattr(os, "fork"):
        raise AllianceError("serving needs fork(2), which this system has not")
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _keep(theirs, job, limits)
    theirs.close()
    told = ours.recv(256).decode()
    return Nursery(ours, pid, tuple(filter(None, told.strip().split(","))))


def _keep(control: socket.socket, job: Job, limits: Limits) -> NoReturn:
    children: set[int] = set()
    dying: set[int] = set()
    try:
        # Ctrl-C reaches every process of the terminal; the server is the one that ends the others
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end_with_parent()
        # what is loaded stays: no worker need look through it, nor get a copy of its own by that
        gc.collect()
        gc.freeze()
        control.sendall((",".join(worker.no_network()) + "\n").encode())
        while True:
            # the dead are buried without waiting for them: freeing their memory may take a while
            dying = {pid for pid in dying if not os.waitpid(pid, os.WNOHANG)[0]}
            if dying and not select.select([control], [], [], _SOON)[0]:
                continue
            order = _exactly(control, _ORDER.size)
            if not order:
                break
            what, pid = _ORDER.unpack(order)
            if what == _MORE:
                children.add(_bear(control, job, limits))
            elif pid in children:
                if what == _SLOWER:
                    os.setpriority(os.PRIO_PGRP, pid, _NICE)
                else:
                    os.kill(pid, signal.SIGKILL)
                    children.discard(pid)
                    dying.add(pid)
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)


def _bear(control: socket.socket, job: Job, limits: Limits) -> int:
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            control.close()
            theirs.close()
            _end_with_parent()
            memory.hold(_KEPT)
            # a thread has a heap of its own: that of the nursery is full of the holes that loading
            # left, and a quick query took twice as long there
            working = threading.Thread(target=_work, args=(ours, job, limits), daemon=True)
            working.start()
            working.join()
            status = 0
        finally:
            os._exit(status)
    ours.close()
    # a group of its own, since a priority is one thread's, or that of all threads of a group
    os.setpgid(pid, pid)
    socket.send_fds(control, [struct.pack("!i", pid)], [theirs.fileno()])
    theirs.close()
    return pid


def _end_with_parent() -> None:
    """No process outlives the one that it works for, even where that is killed (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _work(server: socket.socket, job: Job, limits: Limits) -> None:
    worker.confine(limits.megabytes)
    asking = server.makefile("rb", 65_536)  # one call of the system for most requests
    while sizes := asking.read(_SIZES.size):
        head_size, body_size = _SIZES.unpack(sizes)
        asked = json.loads(asking.read(head_size))
        head, body = job(asked, asking.read(body_size))
        told = json.dumps({**head, "used": time.process_time()}).encode()
        server.sendall(b"".join((_SIZES.pack(len(told), len(body)), told, body)))


def _exactly(stream: socket.socket, count: int) -> bytes:
    """So many bytes, or none at the end of the stream."""
    data = bytearray()
    while len(data) < count:
        chunk = stream.recv(count - len(data))
        if not chunk:
            return b""
        data += chunk
    return bytes(data)


# --- the server's side ---------------------------------------------------------------------------


class _Worker(asyncio.Protocol):
    """A connection to one worker: at most one request at a time."""

    def __init__(self, pid: int, limits: Limits, lost: Callable[[_Worker], None]) -> None:
        self.pid = pid
        self.served = 0
        self.used = 0.0
        """Seconds of the processor that it had used when it last answered."""
        self.slow = False
        self.dead = False
        self._limits = limits
        self._lost = lost
        self._came: list[bytes] = []
        self._size = self._whole = 0
        """Bytes of the reply that have come, and of all of it where that is known."""
        self._reply: asyncio.Future[tuple[Head, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def ask(self, request: bytes) -> asyncio.Future[tuple[Head, bytes]]:
        """Send a request; its reply comes as the future's result."""
        assert self._transport is not None
        self.served += 1
        self._size = self._whole = 0
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._reply

    def data_received(self, data: bytes) -> None:
        self._came.append(data)
        self._size += len(data)
        if self._size < max(_SIZES.size, self._whole):
            return
        if not self._whole:
            head, body = _SIZES.unpack_from(self._joined())
            # a worker that a query has taken over may say anything: it gets no more than agreed
            if head > 65_536 or body > self._limits.reply + 65_536:
                self.fail(LimitError("the reply was longer than it may be", "memory"))
                return
            self._whole = _SIZES.size + head + body
        if self._size >= self._whole:
            got = self._joined()
            start = _SIZES.size + _SIZES.unpack_from(got)[0]
            reply = (json.loads(got[_SIZES.size : start]), got[start : self._whole])
            if self._reply is not None and not self._reply.done():
                self._reply.set_result(reply)
            self._reply = None
            self._came.clear()  # while idle it need not hold what it said last

    def _joined(self) -> bytes:
        if len(self._came) > 1:
            self._came = [b"".join(self._came)]
        return self._came[0]

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(
            LimitError(
                f"the query needed more than {self._limits.megabytes} MB, or nested too deeply, "
                "and was ended",
                "memory",
            )
        )
        self._lost(self)

    def fail(self, error: AllianceError) -> None:
        """Give up the running request; the worker is of no use any more."""
        self.dead = True
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
        self._reply = None

    def close(self) -> None:
        """Close the connection, at which an idle worker ends."""
        self.dead = True
        if self._transport is not None:
            self._transport.close()


_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def _used(pid: int) -> float:
    """Seconds for which a process has used the processor; without end where nobody can tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime, proc(5)
    except (OSError, ValueError, IndexError):
        return float("inf")


def _settle(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


class _Watch:
    """Looks after a request while it runs: it leaves the quick lane, stands back, is ended."""

    def __init__(
        self, pool: Pool, one: _Worker, gone: Callable[[], Awaitable[None]] | None
    ) -> None:
        self._pool = pool
        self._worker = one
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._back = False
        self._leaving: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(min(QUICK, pool.limits.seconds), self._look)

    def end(self) -> None:
        """Look no more."""
        self._timer.cancel()
        if self._leaving is not None:
            self._leaving.cancel()

    def _look(self) -> None:
        limit = self._pool.limits.seconds
        left = self._start + limit - self._loop.time()
        if left <= 0:
            told = f"the query took longer than {limit:g} s and was ended"
            self._worker.fail(LimitError(told, "time"))
            return
        self._timer = self._loop.call_later(min(left, self._next()), self._look)

    def _next(self) -> float:
        """Do what is due; seconds until there may be more to do."""
        one, pool = self._worker, self._pool
        used = _used(one.pid) - one.used
        if not one.slow:
            late = pool.crowded and self._loop.time() >= self._start + PATIENCE
            if used < QUICK - 0.01 and not late and not one.dead:
                # it waits for the processor as others do
                return max(QUICK - used, 0.05)
            pool.leave_quick(one)
        elif self._back:
            return pool.limits.seconds
        elif used >= HEAVY - 0.01 or one.dead:
            self._back = True
            pool.stand_back(one)
        if self._leaving is None and self._gone is not None:
            self._leaving = self._loop.create_task(self._left(self._gone))
        return max(HEAVY - used, 0.05)

    async def _left(self, gone: Callable[[], Awaitable[None]]) -> None:
        await gone()
        self._worker.fail(GoneError("whoever asked has gone"))


class Pool:
    """Workers that answer, each request within the limits."""

    def __init__(self, home: Nursery, limits: Limits) -> None:
        self.limits = limits
        self.broken = False
        """Whether the nursery has died, so that nothing can be answered any more."""
        self._home = home
        self._idle: deque[_Worker] = deque()
        self._waiting: deque[asyncio.Future[_Worker]] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()
        self._slow = 0
        self._closing = False
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Fork the first workers."""
        self._home.control.setblocking(False)
        for _ in range(self.limits.workers):
            await self._more()

    async def close(self) -> None:
        """End every worker and the nursery; what still runs is lost."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for ready in self._idle:
            ready.close()
        # an event loop may hold the socket open beyond its close
        with contextlib.suppress(OSError):
            self._home.control.shutdown(socket.SHUT_RDWR)
        self._home.control.close()
        with contextlib.suppress(ChildProcessError):
            for _ in range(60):
                if os.waitpid(self._home.pid, os.WNOHANG)[0]:
                    return
                await asyncio.sleep(_SOON)
            os.kill(self._home.pid, signal.SIGKILL)
            os.waitpid(self._home.pid, 0)

    async def run(
        self,
        request: Head,
        body: bytes = b"",
        gone: Callable[[], Awaitable[None]] | None = None,
    ) -> tuple[Head, bytes]:
        """The reply to a request.

        Raises LimitError past time or memory, BusyError where too much runs already. ``gone`` is
        awaited while a request is slow: when it returns, nobody waits for the reply any more.
        """
        head = json.dumps(request).encode()
        told = b"".join((_SIZES.pack(len(head), len(body)), head, body))
        try:
            return await self._one(await self._take(), told, gone)
        except _FullError:
            await self._room()
        try:
            one = await self._fork()
        except BaseException:
            self._leave()
            raise
        one.slow = True
        return await self._one(one, told, gone)

    async def _one(
        self, one: _Worker, told: bytes, gone: Callable[[], Awaitable[None]] | None
    ) -> tuple[Head, bytes]:
        """The reply of this worker, which then goes back to the idle ones or ends."""
        watch = _Watch(self, one, gone)
        answered = False
        try:
            reply = await one.ask(told)
            answered = True
            one.used = reply[0].pop("used", 0.0)
        finally:
            watch.end()
            self._return(one, answered)
        return reply

    def leave_quick(self, one: _Worker) -> None:
        """Move a worker to the slow lane, or give up what it does where that is full."""
        if self._slow >= self.limits.slow:
            one.fail(_FullError())
            return
        self._slow += 1
        one.slow = True
        self._later(self._more())

    def stand_back(self, one: _Worker) -> None:
        """Have a worker get less of the processor."""
        self._order(_SLOWER, one.pid)

    @property
    def crowded(self) -> bool:
        """Whether requests wait for a worker."""
        return bool(self._waiting)

    async def _take(self) -> _Worker:
        """An idle worker, as soon as there is one: the last that worked, whose memory is near."""
        while self._idle:
            ready = self._idle.pop()
            if not ready.dead:
                return ready
        return await self._wait(self._waiting, self._ready)

    async def _room(self) -> None:
        """A place in the slow lane, as soon as there is one."""
        if self._slow < self.limits.slow:
            self._slow += 1
        else:
            await self._wait(self._queue, lambda _: self._leave())

    async def _wait(self, queue: deque[asyncio.Future[_T]], hand_back: Callable[[_T], None]) -> _T:
        if self.broken or len(queue) >= QUEUE:
            raise BusyError("too many queries wait already; try again in a moment")
        turn: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await turn
        except BaseException as bad:
            # it may have been given just when its owner stopped waiting
            if turn.done() and not turn.cancelled():
                hand_back(turn.result())
            if isinstance(bad, TimeoutError):
                raise BusyError("nothing was free in time; try again in a moment") from None
            raise

    def _return(self, one: _Worker, answered: bool) -> None:
        if answered and not one.dead and not one.slow and one.served < SERVED:
            self._ready(one)
            return
        if not self._closing:
            self._order(_LESS, one.pid)
            if not one.slow:
                self._later(self._more())
        if one.slow:
            self._leave()
        one.close()

    def _leave(self) -> None:
        """Give up a place in the slow lane, to the next who waits for one."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._slow -= 1

    def _ready(self, one: _Worker) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(one)
                return
        self._idle.append(one)

    def _lost(self, one: _Worker) -> None:
        """A worker's connection has ended; where it was idle, another takes its place."""
        if one in self._idle:
            self._idle.remove(one)
            if not self._closing:
                self._order(_LESS, one.pid)
                self._later(self._more())

    def _order(self, what: bytes, pid: int) -> None:
        with contextlib.suppress(OSError):
            self._home.control.send(_ORDER.pack(what, pid))

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _more(self) -> None:
        """Another worker in the quick lane."""
        with contextlib.suppress(BusyError):
            self._ready(await self._fork())

    async def _fork(self) -> _Worker:
        """Another worker; raises BusyError where there is no nursery any more."""
        loop = asyncio.get_running_loop()
        control = self._home.control
        async with self._lock:
            self._order(_MORE, 0)
            readable: asyncio.Future[None] = loop.create_future()
            loop.add_reader(control, _settle, readable)
            try:
                await readable
            finally:
                loop.remove_reader(control)
            data, handles, _, _ = socket.recv_fds(control, 4, 1)
        if not handles:
            self.broken = True
            if not self._closing:
                signal.raise_signal(signal.SIGTERM)
            raise BusyError("this server is about to stop")
        (pid,) = struct.unpack("!i", data)
        one = _Worker(pid, self.limits, self._lost)
        await loop.create_unix_connection(lambda: one, sock=socket.socket(fileno=handles[0]))
        return one
