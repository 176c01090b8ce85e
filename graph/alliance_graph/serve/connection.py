"""A connection that a slow or loud client cannot hold for ever."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
"""Until the head of a request has to be there."""
HEAD_BYTES = 131_072
"""Of a request's first line and headers."""
URL_BYTES = 65_000
"""Of the address; httptools reads no longer one. A longer query is sent by POST."""
CONNECTIONS = 800
"""At a time; below what a process may have open (1024 where nobody says otherwise)."""
OF_ONE = 400
"""Of them from one address."""
_open: Counter[str] = Counter()
"""How many each address has."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with limits on the head of a request, which it has not."""

    _timer: asyncio.TimerHandle | None = None
    _came = 0
    _in_head = True
    _from = ""

    def connection_made(self, transport: Any) -> None:
        """Start to wait for a head."""
        super().connection_made(transport)
        self._from = self.client[0] if self.client else ""
        _open[self._from] += 1
        if len(self.connections) > CONNECTIONS or _open[self._from] > OF_ONE:
            transport.abort()
            return
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop to wait."""
        self._rest()
        _open[self._from] -= 1
        if not _open[self._from]:
            del _open[self._from]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes while the head is not whole."""
        super().data_received(data)
        if not self._in_head:
            return
        self._came += len(data)
        if self._came > HEAD_BYTES:
            self._turn_away("431 Request Header Fields Too Large")

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
        super().on_headers_complete()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
