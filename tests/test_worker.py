"""Limits that hold: time, memory, stack, network, and errors that come back."""

from __future__ import annotations

import ctypes
import errno
import faulthandler
import json
import os
import resource
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from alliance_graph import questions, worker
from alliance_graph.errors import AllianceError, LimitError, QueryError, UnknownName
from alliance_graph.store.embedded import Embedded
from alliance_graph.worker import keywords, limited


def test_what_the_job_returns_comes_back_whole() -> None:
    data = os.urandom(3_000_000)
    assert limited(lambda: data) == data
    assert limited(lambda: b"") == b""


def test_a_job_past_its_time_is_ended() -> None:
    def forever() -> bytes:
        while True:
            time.sleep(1)

    with pytest.raises(LimitError, match=r"longer than 0\.2 s") as caught:
        limited(forever, seconds=0.2)
    assert caught.value.limit == "time"


def test_an_error_of_ours_comes_back_as_it_was_said() -> None:
    def job() -> bytes:
        raise UnknownName("no thing of that name")

    with pytest.raises(AllianceError, match=r"^no thing of that name$"):
        limited(job)


def test_a_query_that_never_ends_is_ended() -> None:
    store = Embedded()
    store.update("INSERT DATA { " + " . ".join(f"<urn:{n}> <urn:p> {n}" for n in range(300)) + " }")

    def cross() -> bytes:
        answer: Any = store.query(
            "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
        )
        return str(next(iter(answer))["n"]).encode()

    with pytest.raises(LimitError) as caught:
        limited(cross, seconds=0.5)
    assert caught.value.limit == "time"


def test_a_job_past_its_memory_is_ended() -> None:
    with pytest.raises(LimitError) as caught:
        limited(lambda: b"x" * 4_000_000_000, megabytes=100)
    assert caught.value.limit == "memory"


def test_a_query_that_kills_its_process_is_an_error_here() -> None:
    store = Embedded()
    deep = "SELECT * WHERE " + "{" * 30_000 + "}" * 30_000

    def job() -> bytes:
        store.query(deep)
        return b"survived"

    with pytest.raises((LimitError, QueryError)):
        limited(job, seconds=20)


def test_errors_keep_their_kind_and_text() -> None:
    def query() -> bytes:
        raise QueryError("not a SPARQL 1.1 query: here")

    def other() -> bytes:
        raise ValueError("a bad value")

    with pytest.raises(QueryError, match="not a SPARQL"):
        limited(query)
    with pytest.raises(AllianceError, match="ValueError: a bad value"):
        limited(other)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: reads /proc")
def test_a_child_may_take_so_much_memory_leaves_no_core_and_prints_nothing() -> None:
    def job() -> bytes:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        told = {
            "memory": resource.getrlimit(resource.RLIMIT_AS),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "used": pages * resource.getpagesize(),
            "stderr": str(Path("/proc/self/fd/2").readlink()),
            "faults": faulthandler.is_enabled(),
        }
        return json.dumps(told).encode()

    before = resource.getrlimit(resource.RLIMIT_AS)
    told = json.loads(limited(job, megabytes=700))
    soft, hard = told["memory"]
    assert soft == hard
    assert abs(soft - told["used"] - 700_000_000) < 50_000_000
    assert told["core"] == [0, 0]
    assert told["stderr"] == "/dev/null"
    assert told["faults"] is False
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_each_barrier_that_is_named_stands() -> None:
    named = limited(lambda: ", ".join(worker.no_network()).encode()).decode()
    if worker.NAMESPACE in named:
        here = str(Path("/proc/self/ns/net").readlink())
        assert limited(lambda: bytes(Path("/proc/self/ns/net").readlink())).decode() != here
        devices = limited(lambda: Path("/proc/self/net/dev").read_bytes()).decode()
        assert [d.partition(":")[0].strip() for d in devices.splitlines()[2:]] == ["lo"]


def test_one_barrier_holds_where_the_other_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_empty_namespace", lambda: False)
    assert limited(lambda: repr(worker.no_network()).encode()) in (b"('seccomp',)", b"()")
    monkeypatch.setattr(worker, "_filter_sockets", lambda: False)
    assert limited(lambda: repr(worker.no_network()).encode()) == b"()"


@pytest.mark.parametrize(
    ("gives", "raised", "tried"),
    [((0,), True, 1), ((-1, 0), True, 2), ((-1, -1), False, 2)],
)
def test_a_namespace_is_had_with_a_user_of_its_own_where_it_must_be(
    monkeypatch: pytest.MonkeyPatch, gives: tuple[int, ...], raised: bool, tried: int
) -> None:
    """The flags are those of linux/sched.h."""
    asked: list[int] = []

    class Libc:
        def unshare(self, how: int) -> int:
            asked.append(how)
            return gives[len(asked) - 1]

    monkeypatch.setattr(worker, "_libc", Libc)
    assert worker._empty_namespace() is raised
    assert asked == [0x40000000, 0x50000000][:tried]


def test_a_quick_job_needs_no_second() -> None:
    assert limited(lambda: b"x", seconds=0.9) == b"x"


def test_a_system_without_barriers_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_libc", object)
    assert limited(lambda: repr(worker.no_network()).encode()) == b"()"
    monkeypatch.setattr(worker, "_MACHINES", {})
    assert limited(lambda: repr(worker._filter_sockets()).encode()) == b"False"


def test_a_child_that_wants_to_leave_is_ended_there() -> None:
    here = os.getpid()

    def job() -> bytes:
        assert os.getpid() != here
        raise SystemExit(0)

    with pytest.raises(LimitError, match="the query needed more than 2048 MB") as caught:
        limited(job)
    assert caught.value.limit == "memory"
    assert os.getpid() == here


def test_no_child_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    forked: list[int] = []
    fork = os.fork

    def noting() -> int:
        forked.append(fork())
        return forked[-1]

    def forever() -> bytes:
        while True:
            time.sleep(1)

    monkeypatch.setattr(os, "fork", noting)
    assert limited(lambda: b"x") == b"x"
    with pytest.raises(LimitError):
        limited(forever, seconds=0.1)
    with pytest.raises(AllianceError):
        limited(lambda: bytes(1 // 0))
    assert len(forked) == 3
    for pid in forked:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_without_fork_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    with pytest.raises(AllianceError, match=r"^limits need fork\(2\), .*; give --trusted$"):
        limited(lambda: b"")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux: seccomp is its own")
def test_the_filter_of_calls_alone_keeps_sockets_away() -> None:
    def job() -> bytes:
        # a child has its filter from `limited`; what was open before stays
        here, there = socket.socketpair()
        here.sendall(b"open ")
        told = there.recv(10)
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
            try:
                socket.socket(family).close()
                told += b"got one "
            except PermissionError:
                told += b"refused "
        return told

    assert limited(job) == b"open refused refused refused "


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.uname().machine != "x86_64",
    reason="needs Linux on x86_64: only there calls have second numbers (x32)",
)
def test_the_second_numbers_of_calls_are_no_way_around_the_filter() -> None:
    def job() -> bytes:
        libc = ctypes.CDLL(None, use_errno=True)
        told = []
        for call in (0x40000000, 0x40000000 + 41, 0x40000000 + 425, 42, 425):
            libc.syscall(call, 0, 0, 0)
            told.append(ctypes.get_errno())
        return json.dumps(told).encode()

    if "seccomp" in limited(lambda: repr(worker.no_network()).encode()).decode():
        assert json.loads(limited(job)) == [errno.EPERM] * 5


def test_no_query_reaches_the_network() -> None:
    hits: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(3)
        port = server.getsockname()[1]

        def listen() -> None:
            try:
                connection, address = server.accept()
            except OSError:
                return
            hits.append(address)
            connection.close()

        listener = threading.Thread(target=listen)
        listener.start()

        def job() -> bytes:
            store = Embedded()
            answer: Any = store.query(
                f"SELECT * WHERE {{ SERVICE <http://127.0.0.1:{port}/sparql> {{ ?s ?p ?o }} }}"
            )
            return str(list(answer)).encode()

        with pytest.raises(AllianceError):
            limited(job, seconds=2)
        server.close()
        listener.join()
    assert hits == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SELECT * FROM <a> {}", {"FROM"}),
        ("SELECT*\nfrom\nNAMED<a>{}", {"FROM"}),
        ("SELECT * {SERVICE<x>{}}", {"SERVICE"}),
        ("ASK { ?a ?b ?c.service silent ?x {} }", {"SERVICE"}),
        ("ASK { ?a ?b 1.Service ?x {} }", {"SERVICE"}),
        ("ASK {} ''' ' ''' service ?x", {"SERVICE"}),
        ("ASK { ?a ?b 'it\\'s' } SERVICE", {"SERVICE"}),
        ('ASK { ?service ex:from """ SERVICE "" """ } # FROM', set()),
        ("ASK { service:x from: ex:a.service , 'x'@from , <urn:x FROM> }", {"FROM"}),
        ("ASK { service:x from: ex:a.service , 'x'@from , <urn:FROM> }", set()),
    ],
)
def test_keywords(text: str, wanted: set[str]) -> None:
    assert keywords(text) == wanted


def test_the_catalogue_needs_neither_keyword() -> None:
    for question in questions.catalogue():
        assert keywords(question.standalone()) == frozenset(), question.name
