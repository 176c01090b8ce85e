"""``alliance serve`` as a process of its own, for the tests and for what is to be hard on it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

JSON = "application/sparql-results+json"
WORKERS = 4


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]

    def rows(self) -> list[dict[str, Any]]:
        return list(json.loads(self.body)["results"]["bindings"])


class Server:
    """``alliance serve`` as a process of its own."""

    def __init__(self, graph: Path, log: Path, *options: str) -> None:
        command = [sys.executable, "-m", "alliance_graph", "serve", "--port", "0"]
        command += ["--workers", str(WORKERS)]
        self.log = log
        with log.open("wb") as err:
            self.process = subprocess.Popen(
                [*command, "--graph", str(graph), *options], stdout=subprocess.PIPE, stderr=err
            )
        assert self.process.stdout is not None
        with self.process.stdout as out:
            line = out.readline().decode()
        assert line.startswith("http://"), log.read_text()
        self.url = line.split()[0]
        self.port = urlsplit(self.url).port or 0
        assert self.get("/health").status == 200, log.read_text()

    def ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        host: str | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(
                method, path, skip_host=host is not None, skip_accept_encoding=True
            )
            if host is not None:
                connection.putheader("Host", host)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Reply(
                answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
            )
        finally:
            connection.close()

    def get(self, path: str, accept: str = "*/*", **headers: str) -> Reply:
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.ask("GET", path, {"Accept": accept, **named})

    def query(self, text: str, accept: str = JSON, params: str = "") -> Reply:
        kind = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.ask("POST", f"/sparql{params}", kind, text.encode())

    def children(self) -> set[int]:
        """The nursery and its workers."""
        found: set[int] = set()
        for pid in [self.process.pid]:
            found |= children_of(pid)
        return found | {grandchild for child in found for grandchild in children_of(child)}

    def settled(self, seconds: float = 5) -> int:
        """How many processes it has once none is one too many."""
        deadline = time.monotonic() + seconds
        while len(self.children()) != 1 + WORKERS and time.monotonic() < deadline:
            time.sleep(0.05)
        return len(self.children())

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(20)


def children_of(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.add(int(stat.parent.name))
    return found


def gone(processes: set[int]) -> None:
    def left() -> list[int]:
        return [pid for pid in processes if _runs(pid)]

    deadline = time.monotonic() + 5
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == []


def _runs(pid: int) -> bool:
    """Whether a process lives: what nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
