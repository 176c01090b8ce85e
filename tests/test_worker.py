"""Limits that hold: time, memory, stack, network, and errors that come back."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import Any

import pytest

from alliance_graph import questions
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
