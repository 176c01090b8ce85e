"""A sample of the zoo (``tests/hard``): whatever is asked, the server goes on and fetches nothing.

`make hard` meets them all and prints how long each took; here no time is asserted.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hard.killers import Killer, Rogue, killers, rogues
from tests.hard.zoo import digest, listener, meet
from tests.serving import WORKERS, Server

SAMPLE = [k for k in killers() if k.in_ci]
# they send a hundred megabytes
_LONG = {"body-100-mb", "body-100-mb-form"}
COMMAND = ["braces", "plan-star", "cross-count", "doubling", "service", "service-escaped", "load"]


@pytest.fixture(scope="module")
def told(
    built: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str, list[object]]]:
    """A server with tight limits, and somebody who listens on loopback."""
    log = tmp_path_factory.mktemp("zoo") / "log"
    server = Server(built, log, "--seconds", "1", "--megabytes", "400", "--rows", "500")
    before = digest(server)
    try:
        with listener() as (at, hits):
            yield server, at, hits
            # here and not in a test of its own, so that it is looked at after all of them
            assert hits == []
        assert server.process.poll() is None
        assert server.settled() == 1 + WORKERS
        assert digest(server) == before
    finally:
        server.stop()
    assert "Traceback" not in log.read_text()


def test_the_zoo_is_large_and_no_name_comes_twice() -> None:
    names = [one.name for one in killers()] + [one.name for one in rogues()]
    assert len(names) == len(set(names)) >= 60
    assert len(SAMPLE) >= 25
    assert set(COMMAND) <= {one.name for one in SAMPLE}


@pytest.mark.parametrize(
    "one", [*SAMPLE, *(r for r in rogues() if r.name not in _LONG)], ids=lambda one: one.name
)
def test_who_asks_too_much_is_told_so_and_the_server_goes_on(
    told: tuple[Server, str, list[object]], one: Killer | Rogue
) -> None:
    server, at, hits = told
    before = server.process.pid
    seen = meet(server, one, at)
    assert seen.status in seen.wanted
    assert seen.whole
    assert server.process.poll() is None
    assert server.process.pid == before
    assert hits == []


def test_a_limit_is_named_in_its_answer(told: tuple[Server, str, list[object]]) -> None:
    server, at, _ = told
    zoo = {one.name: one for one in killers()}
    late = server.query(zoo["cross-count"].query(at) + " # again")
    assert (late.status, b"longer than 1 s" in late.body) == (504, True)
    full = server.query(zoo["braces"].query(at) + " # again")
    assert (full.status, b"400 MB" in full.body) == (507, True)
    cut = server.query("SELECT * { ?s ?p ?o }")
    assert (cut.status, cut.headers["truncated"], len(cut.rows())) == (200, "500 rows", 500)


@pytest.mark.parametrize("one", [k for k in SAMPLE if k.name in COMMAND], ids=lambda one: one.name)
def test_the_command_line_ends_them_as_well(one: Killer, built: Path) -> None:
    command = [sys.executable, "-m", "alliance_graph", "query", "-", "--graph", str(built)]
    with listener() as (at, hits):
        done = subprocess.run(
            [*command, "--seconds", "1", "--megabytes", "400"],
            input=one.query(at).encode(),
            capture_output=True,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(b"alliance: ")
    assert hits == []


def test_hints_on_a_stranger_s_text_are_made_within_the_limits_too(built: Path) -> None:
    # a name on which looking for names takes time by the square of its length
    text = "ASK { ?" + "a-" * 100_000 + " }"
    command = [sys.executable, "-m", "alliance_graph", "query", "-", "--graph", str(built)]
    done = subprocess.run(
        [*command, "--seconds", "1"], input=text.encode(), capture_output=True, timeout=60
    )
    assert (done.returncode, b"longer than 1 s" in done.stderr) == (2, True)
