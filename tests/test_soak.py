"""A short soak: after everything at once, a server holds as many files and threads as before.

`make soak` goes on for an hour.
"""

from __future__ import annotations

from pathlib import Path

from tests.hard.soak import OPTIONS, soak
from tests.serving import Server

SECONDS = 20.0
GROWTH = 20_000_000
"""Bytes by which memory may grow: after so short a time not every buffer has its size."""


def test_files_threads_processes_and_memory_stay(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log", *OPTIONS)
    try:
        pid = server.process.pid
        done = soak(server, built, SECONDS, clients=4, rate=80, looks=1)
        assert server.process.poll() is None
        assert server.process.pid == pid
    finally:
        server.stop()
    assert not done.wrong
    assert {"question", "thing", "file", "wrong", "hang-up"} <= set(done.asked)
    before, after = done.looks
    assert after.files == before.files
    assert after.threads == before.threads
    assert after.processes == before.processes
    assert after.memory - before.memory < GROWTH
    assert "Traceback" not in (tmp_path / "log").read_text()
