"""A connection that a slow or loud client cannot hold for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_SECONDS = 10.0
"""Until the head of a request has to be there."""
HEAD_BYTES = 131_072
"""Of a request's first line and headers."""
URL_BYTES = 65_000
"""Of the address; httptools reads no longer one. A longer query is sent by POST."""
READ_SECONDS = 20.0
"""In which whoever has asked takes some more of the answer."""
PACE = 20_000
"""Bytes that are some more."""
CONNECTIONS = 800
"""At a time; below what a process may have open (1024 where nobody says otherwise)."""
OF_ONE = 400
"""Of them from one address."""
_open: Counter[str] = Counter()
"""How many each address has."""


class _Dropped(list[tuple[bytes, bytes]]):
    """Where fields go that come after the body: they would join those of the head."""

    def append(self, field: tuple[bytes, bytes]) -> None:
        """Take no notice of it."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with limits on a request and on its reader, which it has not."""

    _timer: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _came = 0
    _unread = 0
    _in_head = True
    _from = ""
    _whole: _Whole

    def connection_made(self, transport: Any) -> None:
        """Start to wait for a head."""
        self._whole = _Whole(transport, self.loop)
        self._asked: list[RequestResponseCycle] = []
        super().connection_made(self._whole)  # type: ignore[arg-type]  # in all that is used
        self._from = self.client[0] if self.client else ""
        _open[self._from] += 1
        if len(self.connections) > CONNECTIONS or _open[self._from] > OF_ONE:
            transport.abort()
            return
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait, and end what was asked before the last request as well."""
        self._rest()
        if self._reading is not None:
            self._reading.cancel()
        for cycle in self._asked:
            cycle.disconnected = True
            cycle.message_event.set()
        _open[self._from] -= 1
        if not _open[self._from]:
            del _open[self._from]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes while the head is not whole; what nobody waits for ends soon."""
        super().data_received(data)
        if self._in_head:
            self._came += len(data)
            if self._came > HEAD_BYTES:
                self._turn_away("431 Request Header Fields Too Large")
        elif self._timer is None and self._asked and self.cycle.response_complete:
            # the rest of a body: at its first byte uvicorn has ceased to look at the time
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def on_url(self, url: bytes) -> None:
        """Collect the address of a request."""
        super().on_url(url)
        if len(self.url) > URL_BYTES:
            self._turn_away("414 URI Too Long")

    def _turn_away(self, status: str) -> None:
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            self.transport.write(head.encode())
            self.transport.close()

    def on_message_begin(self) -> None:
        """Another head begins."""
        super().on_message_begin()
        self._in_head, self._came = True, 0
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._rest()
        if not self.url.startswith((b"/", b"*")):
            # RFC 9112, section 3.2.2: the name in such an address counts, and no other
            name = self.url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
            self.headers[:] = [f for f in self.headers if f[0] != b"host"] + [(b"host", name)]
        super().on_headers_complete()
        self._asked = [c for c in self._asked if not c.response_complete] + [self.cycle]
        self.headers = _Dropped()

    def on_response_complete(self) -> None:
        """Send what was written of a reply."""
        self._whole.send()
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._watch()

    def _watch(self) -> None:
        """See from time to time whether whoever asked still reads."""
        if self._reading is not None:
            self._reading.cancel()
        self._unread = self.transport.get_write_buffer_size()
        self._reading = self.loop.call_later(READ_SECONDS, self._look)

    def _look(self) -> None:
        left = self.transport.get_write_buffer_size()
        if left > max(0, self._unread - PACE):
            self.transport.abort()
        elif left:
            self._watch()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Whole:
    """A transport that sends in one piece what is written in several: head and body of a reply.

    Otherwise whoever asked wakes up for the head, and the system is called twice.
    """

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        """Send this soon, with what is written until then."""
        if not self._held:
            self._loop.call_soon(self.send)
        self._held.append(data)

    def send(self) -> None:
        """Send what was written."""
        if self._held:
            self._inner.writelines(self._held)
            self._held = []

    def close(self) -> None:
        """Close the connection once all is sent."""
        self.send()
        self._inner.close()
