"""A connection that is held by whoever does not ask, does not end or does not read, ends."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from alliance_graph.serve import connection

BIG = 12_000_000
"""More than the system keeps of what was sent and not read."""
HEAD = b"Host: 127.0.0.1\r\n"


class Served:
    """A server with our connections, and an application that reads no body."""

    def __init__(self) -> None:
        self.asked: list[list[tuple[bytes, bytes]]] = []
        self.left = 0
        config = uvicorn.Config(
            self.app,
            interface="asgi3",
            http=connection.Connection,
            ws="none",
            log_config=None,
            lifespan="off",
        )
        self.server = uvicorn.Server(config)
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, args=([listening],))
        self.thread.start()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        size = BIG if scope["path"] == "/big" else 2
        head = [(b"content-length", str(size).encode())]
        if scope["path"] == "/late":
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left += 1
        if scope["path"] == "/whole":
            while (await receive()).get("more_body"):
                pass
        self.asked.append(list(scope["headers"]))
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b"x" * size})

    @contextlib.contextmanager
    def connected(self, said: bytes = b"") -> Iterator[socket.socket]:
        """A connection on which something was said, with little room for answers."""
        with socket.socket() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.settimeout(20)
            made.connect(("127.0.0.1", self.port))
            made.sendall(said)
            yield made


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(connection, "READ_SECONDS", 0.3)
    made = Served()
    yield made
    made.server.should_exit = True
    made.thread.join(20)
    assert not made.thread.is_alive()


def asked(path: str, *fields: bytes) -> bytes:
    return b"POST %s HTTP/1.1\r\n%s%s\r\n" % (path.encode(), HEAD, b"".join(fields))


def closed(held: socket.socket) -> bool:
    """Whether the other side ends it, once what it has said is read."""
    with contextlib.suppress(ConnectionResetError):
        while held.recv(1 << 20):
            pass
    return True


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"GET / HT", b""),
        (asked("/"), b"\r\n"),
        (asked("/", b"Content-Length: 1000\r\n"), b"A"),
        (asked("/", b"Content-Length: 1\r\n"), b"A"),
        (asked("/", b"Transfer-Encoding: chunked\r\n"), b"1\r\nA\r\n"),
        (asked("/", b"Transfer-Encoding: chunked\r\n"), b"0\r\nX: y\r\n"),
    ],
)
def test_who_says_no_more_is_not_waited_for(served: Served, first: bytes, then: bytes) -> None:
    with served.connected(first) as held:
        if then:
            assert held.recv(100).startswith(b"HTTP/1.1 200")
            held.sendall(then)
        assert closed(held)


@pytest.mark.parametrize("fields", [[], [b"Connection: close\r\n"]])
@pytest.mark.parametrize("times", [1, 3])
def test_who_does_not_read_is_not_waited_for(
    served: Served, fields: list[bytes], times: int
) -> None:
    with served.connected(asked("/big", *fields) * times):
        until = time.monotonic() + 20
        while not served.server.server_state.connections and time.monotonic() < until:
            time.sleep(0.01)
        while served.server.server_state.connections:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("left", "looks", "aborted"),
    [
        ([9_000_000, 8_900_000, 8_800_000, 0], 3, False),
        ([15_000, 0], 1, False),
        ([15_000, 5_000], 1, True),
        ([9_000_000, 8_999_000], 1, True),
        ([9_000_000, 8_900_000, 8_899_999], 2, True),
        ([100, 100], 1, True),
    ],
)
def test_who_reads_slowly_gets_it_all(left: list[int], looks: int, aborted: bool) -> None:
    """As long as it is more than a thousand bytes a second."""
    sizes, ended = iter(left), list[bool]()
    later: list[Callable[[], None]] = []

    class Fake:
        def get_write_buffer_size(self) -> int:
            return now[0]

        def abort(self) -> None:
            ended.append(True)

        def call_later(self, seconds: float, call: Callable[[], None]) -> Any:
            assert connection.PACE / seconds == 1000
            later.append(call)
            return contextlib.nullcontext()

    made: Any = connection.Connection.__new__(connection.Connection)
    made.transport = made.loop = Fake()
    now = [next(sizes)]
    made._watch()
    for size in sizes:
        now[0] = size
        made._reading = None
        later[-1]()
    assert len(later) == looks
    assert ended == [True] * aborted


def test_fields_behind_a_body_are_none_of_the_head(served: Served) -> None:
    fields = b"Host: evil.example\r\nAuthorization: x\r\n"
    with served.connected(asked("/whole", b"Transfer-Encoding: chunked\r\n")) as held:
        held.sendall(b"1\r\nA\r\n0\r\n" + fields * 1000 + b"\r\n")
        assert held.recv(100).startswith(b"HTTP/1.1 200")
    names = [name for name, _ in served.asked[0]]
    assert names == [b"host", b"transfer-encoding"]


def test_the_name_in_an_address_counts_before_the_one_beside_it(served: Served) -> None:
    for path in ("http://evil.example/x", "http://evil.example:80/x?y", "http://me@evil.example/"):
        with served.connected(asked(path)) as held:
            assert held.recv(100).startswith(b"HTTP/1.1 200")
    hosts = [value for asked in served.asked for name, value in asked if name == b"host"]
    assert hosts == [b"evil.example", b"evil.example:80", b"me@evil.example"]


def test_who_goes_away_takes_along_all_that_was_asked(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), served.connected(asked("/late") + asked("/big") * 5):
        time.sleep(0.2)
    until = time.monotonic() + 20
    while not served.left or served.server.server_state.tasks:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert caplog.records == []
