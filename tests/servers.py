"""Engines that we did not write, started on loopback for the tests that need them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import NeedsTool

VIRTUOSO = """
[Database]
DatabaseFile = virtuoso.db
ErrorLogFile = virtuoso.log
LockFile = virtuoso.lck
TransactionFile = virtuoso.trx
xa_persistent_file = virtuoso.pxa
[TempDatabase]
DatabaseFile = virtuoso-temp.db
TransactionFile = virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
ServerThreads = 8
CheckpointInterval = 0
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
[HTTPServer]
ServerPort = 127.0.0.1:{port}
ServerThreads = 6
[SPARQL]
ResultSetMaxRows = 10000
"""
RDFLIB = """
import sys, uvicorn
from rdflib import Dataset
from rdflib_endpoint import SparqlEndpoint
data = Dataset(default_union=True)
if len(sys.argv) > 2:
    data.parse(sys.argv[2], format="nquads")
app = SparqlEndpoint(graph=data, enable_update=True)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
"""


@dataclass(frozen=True)
class Engine:
    """Where a server takes queries and updates, and whole graphs, and who may update."""

    name: str
    endpoint: str
    graph_store: str | None = None
    user: str | None = None
    password: str | None = None

    @contextlib.contextmanager
    def credentials(self) -> Iterator[None]:
        """What this engine asks for, in the environment."""
        with pytest.MonkeyPatch.context() as patch:
            if self.user and self.password:
                patch.setenv("ALLIANCE_ENDPOINT_USER", self.user)
                patch.setenv("ALLIANCE_ENDPOINT_PASSWORD", self.password)
            yield


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str | Path], folder: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server for as long as it is needed; it has 60 s to answer."""
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, env={**os.environ, "PYTHONWARNINGS": ""}
        )
    try:
        until = time.monotonic() + 60
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > until:
                pytest.fail(f"{command[0]} does not answer: {log.read_text('utf-8', 'replace')}")
            time.sleep(0.1)
        yield server
    finally:
        server.kill()
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - on loopback
            return True
    except urllib.error.HTTPError as bad:
        bad.close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def oxigraph(folder: Path) -> Iterator[Engine]:
    """The Oxigraph server, in memory; its default graph is not the union of all."""
    port = free_port()
    program = Path(sys.executable).with_name("oxigraph")
    url = f"http://127.0.0.1:{port}"
    with running([program, "serve", "--bind", f"127.0.0.1:{port}"], folder, url):
        yield Engine("Oxigraph server", f"{url}/query", f"{url}/store")


@contextlib.contextmanager
def rdflib_endpoint(folder: Path, data: Path | None = None) -> Iterator[Engine]:
    """rdflib behind HTTP, in memory, empty or with N-Quads."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    more = [data] if data else []
    with running([sys.executable, "-c", RDFLIB, str(port), *more], folder, url):
        yield Engine("rdflib-endpoint", url)


@contextlib.contextmanager
def virtuoso(folder: Path, needs_tool: NeedsTool) -> Iterator[Engine]:
    """Virtuoso 7, new and empty, updated by its owner only."""
    program = needs_tool("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
    port, sql = free_port(), free_port()
    (folder / "virtuoso.ini").write_text(VIRTUOSO.format(port=port, sql=sql), "utf-8")
    url = f"http://127.0.0.1:{port}"
    with running([program, "-f", "-c", "virtuoso.ini"], folder, f"{url}/sparql"):
        store = f"{url}/sparql-graph-crud-auth"
        yield Engine("Virtuoso 7", f"{url}/sparql-auth", store, "dba", "dba")
