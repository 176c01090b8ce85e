"""An engine behind HTTP: what goes well on a real one, and one clear line for all that goes wrong."""

from __future__ import annotations

import base64
import contextlib
import functools
import gc
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pyoxigraph import Literal, NamedNode, Quad
from tests import servers

from alliance_graph.cli import main
from alliance_graph.errors import EndpointError, QueryError
from alliance_graph.store import construct, select
from alliance_graph.store import remote as store_remote
from alliance_graph.store.embedded import Embedded
from alliance_graph.store.remote import Remote, declared, insertions
from alliance_graph.vocabulary import GRAPH, PREFIXES

ROWS = b'{"head": {"vars": ["g"]}, "results": {"bindings": []}}'
JSON = "application/sparql-results+json"
SECRET = "not-to-be-seen"  # noqa: S105 - of nobody


class Stub:
    """A server that answers as the test wants, and remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        self.told: list[tuple[str, str, str]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda to: send(to, ROWS)
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                stub.seen.append(dict(self.headers))
                stub.told.append((self.command, self.path, body.decode()))
                stub.answer(self)

            do_PUT = do_DELETE = do_POST  # noqa: N815 - names that the server looks for

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sparql"
        serve = functools.partial(self.server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()


def send(
    to: BaseHTTPRequestHandler, body: bytes, code: int = 200, kind: str = JSON, **more: str
) -> None:
    to.send_response(code)
    to.send_header("Content-Type", kind)
    for name, value in {"Content_Length": str(len(body)), **more}.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(body)


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials but those that a test sets."""
    monkeypatch.setattr(store_remote, "_PAUSE", 0.0)
    for name in ("USER", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"ALLIANCE_ENDPOINT_{name}", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


THING = NamedNode("urn:thing")
TRIPLE = Quad(THING, THING, Literal("한")).triple
REQUESTS: dict[str, Callable[[Remote], object]] = {
    "query": lambda remote: remote.query("SELECT * WHERE { ?s ?p ?o }"),
    "update": lambda remote: remote.update("MOVE <urn:a> TO <urn:b>"),
    "graph": lambda remote: remote.put("urn:a", [TRIPLE]),
}


def complaint(remote: Remote, what: str = "query") -> str:
    with pytest.raises((EndpointError, QueryError)) as told:
        REQUESTS[what](remote)
    line = str(told.value)
    assert "\n" not in line
    assert SECRET not in line
    assert len(line) < 400
    return line


# --- faults ------------------------------------------------------------------------------------


def reset(to: BaseHTTPRequestHandler) -> None:
    to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    to.connection.close()


def without_end(to: BaseHTTPRequestHandler) -> None:
    to.send_response(200)
    to.send_header("Content-Type", JSON)
    to.end_headers()
    to.wfile.write(ROWS[:30])


def huge(to: BaseHTTPRequestHandler) -> None:
    to.send_response(200)
    to.send_header("Content-Type", JSON)
    to.end_headers()
    with contextlib.suppress(ConnectionError):  # the reader goes away
        for _ in range(40):
            to.wfile.write(b" " * 100_000)


def late(to: BaseHTTPRequestHandler) -> None:
    """As the Oxigraph server ends what it cancels: with 200, and in the middle of a row."""
    row = b'{"g": {"type": "literal", "value": "x"}}'
    body = b'{"head": {"vars": ["g"]}, "results": {"bindings": [%s]}}' % b", ".join([row] * 999)
    send(to, body[:-500])


FAULTS: list[tuple[str, Callable[[BaseHTTPRequestHandler], None], str]] = [
    ("reset", reset, r"broke off|cannot be reached"),
    (
        "server error",
        lambda to: send(to, b"<b>boom</b>\x1b[31m", 500, "text/html"),
        r"HTTP 500: boom",
    ),
    ("not found", lambda to: send(to, b"", 404), r"answered HTTP 404$"),
    ("busy for long", lambda to: send(to, b"", 429, Retry_After="3600"), r"again after 3600 s"),
    ("truncated", lambda to: send(to, ROWS[:20], Content_Length="500"), r"broke off"),
    ("truncated, length not told", without_end, r"breaks off or is malformed"),
    ("truncated late", late, r"breaks off or is malformed"),
    (
        "a web page",
        lambda to: send(to, b"<html>", kind="text/html"),
        r"'text/html': is it a SPARQL",
    ),
    ("huge", huge, r"more than 1 MB: ask for less"),
    ("who are you", lambda to: send(to, b"", 401), r"wants other credentials.*netrc"),
    (
        "does not parse",
        lambda to: send(to, b"line 1: no", 400, "text/plain"),
        r"no (query|update|graph): line 1: no",
    ),
]


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize(("answer", "told"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_each_fault_is_one_line(
    stub: Stub, answer: Callable[[BaseHTTPRequestHandler], None], told: str, what: str
) -> None:
    stub.answer = answer
    remote = Remote(stub.url, graph_store=stub.url, megabytes=1)
    if what != "query" and ("malformed" in told or "SPARQL" in told):
        REQUESTS[what](remote)  # what answers to a change is not read; a push counts afterwards
        return
    line = complaint(remote, what)
    assert re.search(told, line), line
    assert line.startswith(stub.url)


@pytest.mark.parametrize("what", REQUESTS)
@pytest.mark.parametrize("name", ["reset", "server error", "truncated"])
def test_what_may_be_done_twice_is_tried_again(stub: Stub, name: str, what: str) -> None:
    fault = next(f[1] for f in FAULTS if f[0] == name)
    stub.answer = lambda to: fault(to) if len(stub.seen) < 3 else send(to, ROWS)
    remote = Remote(stub.url, graph_store=stub.url)
    if what == "update":
        # a second MOVE would find nothing to move
        complaint(remote, what)
        assert len(stub.seen) == 1
        remote.update("DROP SILENT GRAPH <urn:a>", again=True)
        assert len(stub.seen) == 3
    else:
        REQUESTS[what](remote)
        assert len(stub.seen) == 4 if what == "query" else 3
    assert all(one == stub.told[0] for one in stub.told) or what != "graph"


def test_whole_graphs_go_by_the_graph_store_protocol(stub: Stub) -> None:
    stub.answer = lambda to: send(to, b"", 201 if to.command == "PUT" else 404)
    Remote(stub.url, graph_store=stub.url).put("urn:a b", [TRIPLE])
    Remote(stub.url, graph_store=f"{stub.url}?x=1").delete("urn:a#b")  # it was none: no matter
    assert stub.told == [
        ("PUT", "/sparql?graph=urn%3Aa%20b", '<urn:thing> <urn:thing> "한" .\n'),
        ("DELETE", "/sparql?x=1&graph=urn%3Aa%23b", ""),
    ]
    assert stub.seen[0]["Content-Type"] == "application/n-triples"


def echo(to: BaseHTTPRequestHandler) -> None:
    """As a server does that shows all it knows where it fails."""
    told = f"boom Authorization: {to.headers['Authorization']}; see {to.headers['Host']}"
    send(to, told.encode(), 500, "text/plain")


def endless_head(to: BaseHTTPRequestHandler) -> None:
    """A byte now and then: no single wait is too long."""
    with contextlib.suppress(OSError):
        to.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            to.wfile.write(b"a")
            time.sleep(0.05)


def endless_chunk(to: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        to.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
        for _ in range(200):
            to.wfile.write(b"a")
            time.sleep(0.05)


def silent(to: BaseHTTPRequestHandler) -> None:
    with contextlib.suppress(OSError):
        to.connection.settimeout(10)
        to.connection.recv(1)  # until the other side has gone


ELSEWHERE = "http://127.0.0.1:9/elsewhere"
COMMANDS = {
    "question": ["query", "channels"],
    "query": ["query", "-"],
    "push": ["push", "--graph", "{graph}"],
    "push of whole graphs": ["push", "--graph", "{graph}", "--graph-store", "{url}"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (reset, r"broke off|cannot be reached"),
        (lambda to: send(to, b"", 429, Retry_After="3600"), r"is busy.*again after 3600 s"),
        (echo, r"HTTP 500: boom Authorization: Bearer …; see 127"),
        (endless_head, r"took longer than 1 s"),
        (endless_chunk, r"took longer than 1 s"),
        (silent, r"took longer than 1 s|in time"),
        (lambda to: send(to, ROWS[:20], Content_Length="500"), r"broke off"),
        (lambda to: send(to, b"<html>", kind="text/html"), r"'text/html': is it a SPARQL"),
        (lambda to: send(to, b"", 302, Location=ELSEWHERE), rf"sends us on to {ELSEWHERE}: name"),
        (huge, r"more than 1 MB: ask for less"),
    ],
    ids="reset busy failure slow-head slow-chunk silent truncated type redirect huge".split(),
)
def test_each_fault_is_one_line_of_the_command(
    stub: Stub,
    answer: Callable[[BaseHTTPRequestHandler], None],
    told: str,
    command: str,
    small_graph: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLIANCE_ENDPOINT_TOKEN", SECRET)
    monkeypatch.setitem(Remote.__init__.__kwdefaults__ or {}, "megabytes", 1)
    stub.answer = answer
    words = [w.format(graph=small_graph, url=stub.url) for w in COMMANDS[command]]
    more = ["--endpoint", f"{stub.url}?key={SECRET}", "--seconds", "1"]
    done = CliRunner().invoke(main, [*words, *more], input="ASK {}")
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"alliance: {stub.url} "), line
    assert re.search(told, line), line
    assert SECRET not in line
    assert all(seen["Authorization"] == f"Bearer {SECRET}" for seen in stub.seen)
    # a trace holds what the engine gave, which a thread of the stub must not take away
    del done
    gc.collect()


@pytest.fixture(scope="module")
def small_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "graph.trig"
    path.write_text(f'GRAPH <{GRAPH}a> {{ <urn:thing> <urn:thing> "한" }}\n', "utf-8")
    return path


def test_what_a_server_repeats_of_a_password_is_not_printed(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def challenged(to: BaseHTTPRequestHandler) -> None:
        if "Authorization" in to.headers:
            given = to.headers["Authorization"]
            told = base64.b64decode(given.removeprefix("Basic ")).decode()
            send(to, f"no {given}, that is {told}".encode(), 500)
        else:
            send(to, b"", 401, WWW_Authenticate='Basic realm="here"')

    stub.answer = challenged
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n", "utf-8")
    assert "no Basic …, that is me:…" in complaint(Remote(stub.url))
    monkeypatch.setenv("ALLIANCE_ENDPOINT_USER", "you")
    monkeypatch.setenv("ALLIANCE_ENDPOINT_PASSWORD", f"{SECRET}-2")
    line = complaint(Remote(stub.url))
    assert line.endswith("no Basic …, that is you:…"), line


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=3601), usegmt=True),
            "360[01]",
        ),
        (lambda: "Wed, 01 Jan 2003 00:00:00 GMT", None),
        (lambda: "1", None),
        (lambda: "soon", "later"),
        (lambda: "-1", "later"),
        (lambda: "9" * 5000, "999999999"),
    ],
)
def test_a_busy_server_may_tell_a_time_of_day(
    stub: Stub, after: Callable[[], str], told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("alliance_graph.store.remote.time.sleep", slept.append)
    stub.answer = lambda to: (
        send(to, b"", 429, Retry_After=after()) if len(stub.seen) == 1 else send(to, ROWS)
    )
    if told is None:
        # also for what may not be done twice: it has not been done
        Remote(stub.url).update("MOVE <urn:a> TO <urn:b>")
        assert len(stub.seen) == 2
        assert len(slept) == 1
    else:
        assert re.search(told, complaint(Remote(stub.url)))
        assert slept == []


def test_nobody_listens() -> None:
    assert "cannot be reached" in complaint(Remote(f"http://127.0.0.1:{servers.free_port()}/"))


def test_a_busy_server_is_asked_again_after_the_time_it_tells(stub: Stub) -> None:
    def busy_once(to: BaseHTTPRequestHandler) -> None:
        if len(stub.seen) == 1:
            send(to, b"", 503, Retry_After="1")
        else:
            send(to, ROWS)

    stub.answer = busy_once
    started = time.monotonic()
    assert Remote(stub.url).graphs() == []
    assert len(stub.seen) == 2
    assert time.monotonic() - started >= 1


def test_slow_answers_end_in_time(stub: Stub) -> None:
    gone = threading.Event()

    def trickle(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Type", JSON)
        to.end_headers()
        while not gone.wait(0.1):
            to.wfile.write(b" ")

    def silent(to: BaseHTTPRequestHandler) -> None:
        gone.wait(30)

    for answer in (trickle, silent):
        stub.answer = answer
        assert re.search("in time|took longer", complaint(Remote(stub.url, seconds=0.5)))
    gone.set()


# --- credentials -------------------------------------------------------------------------------


def challenge(to: BaseHTTPRequestHandler) -> None:
    if "Authorization" in to.headers:
        send(to, ROWS)
    else:
        send(to, b"", 401, WWW_Authenticate='Basic realm="here"')


def test_credentials_are_given_when_asked_for(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub.answer = challenge
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n", "utf-8")
    assert Remote(stub.url).graphs() == []
    assert [s.get("Authorization") for s in stub.seen] == [
        None,
        "Basic " + base64.b64encode(f"me:{SECRET}".encode()).decode(),
    ]
    monkeypatch.setenv("ALLIANCE_ENDPOINT_USER", "you")
    monkeypatch.setenv("ALLIANCE_ENDPOINT_PASSWORD", SECRET)
    assert Remote(stub.url).graphs() == []
    told = base64.b64decode(stub.seen[-1]["Authorization"].removeprefix("Basic "))
    assert told == f"you:{SECRET}".encode()
    monkeypatch.setenv("ALLIANCE_ENDPOINT_TOKEN", SECRET)
    assert Remote(stub.url).graphs() == []
    assert stub.seen[-1]["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "wanted", ['Basic realm="here"', 'Digest realm="here", nonce="n", qop="auth", algorithm="MD5"']
)
def test_who_was_asked_once_says_who_it_is_with_each_request(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    def answer(to: BaseHTTPRequestHandler) -> None:
        if "Authorization" in to.headers:
            send(to, b"", 404 if to.command == "DELETE" else 201)
        else:
            send(to, b"", 401, WWW_Authenticate=wanted)

    stub.answer = answer
    monkeypatch.setenv("ALLIANCE_ENDPOINT_USER", "me")
    monkeypatch.setenv("ALLIANCE_ENDPOINT_PASSWORD", SECRET)
    remote = Remote(stub.url, graph_store=stub.url)
    remote.delete("urn:a")
    remote.put("urn:a", [TRIPLE] * 2)
    remote.put("urn:b", [TRIPLE])
    assert [t[0] for t in stub.told] == ["DELETE", "DELETE", "PUT", "PUT"]
    given = [s.get("Authorization", "") for s in stub.seen]
    assert given[0] == ""
    assert all(g.startswith(wanted.split()[0]) for g in given[1:])
    assert SECRET not in "".join(given)
    if wanted.startswith("Digest"):
        assert all(f"nc=0000000{n}" in given[n] for n in (1, 2, 3))


def test_a_way_to_say_who_one_is_that_we_do_not_know(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLIANCE_ENDPOINT_USER", "me")
    monkeypatch.setenv("ALLIANCE_ENDPOINT_PASSWORD", SECRET)
    stub.answer = lambda to: send(to, b"", 401, WWW_Authenticate="Negotiate")
    assert "wants other credentials" in complaint(Remote(stub.url))


def test_no_redirect_is_followed_and_no_credential_goes_on(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Stub()
    monkeypatch.setenv("ALLIANCE_ENDPOINT_TOKEN", SECRET)
    for code, what in itertools.product((301, 302, 303, 307, 308), REQUESTS):
        stub.answer = lambda to, code=code: send(to, b"", code, Location=elsewhere.url)  # type: ignore[misc]  # one argument
        remote = Remote(stub.url, graph_store=stub.url)
        assert f"sends us on to {elsewhere.url}: name that address" in complaint(remote, what)
    assert elsewhere.seen == []
    elsewhere.server.shutdown()
    elsewhere.server.server_close()


def test_what_is_for_this_machine_goes_through_no_proxy(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Stub()
    monkeypatch.setenv("http_proxy", elsewhere.url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("ALLIANCE_ENDPOINT_TOKEN", SECRET)
    assert Remote(stub.url).graphs() == []
    assert elsewhere.seen == []
    elsewhere.server.shutdown()
    elsewhere.server.server_close()


def test_secrets_do_not_go_in_clear_text_to_other_machines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALLIANCE_ENDPOINT_TOKEN", SECRET)
    # 192.0.2.0/24 is nobody's (RFC 5737); nothing is sent there
    assert "https only" in complaint(Remote("http://192.0.2.1/sparql"))


def test_a_wrong_password_is_no_secret_told(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ALLIANCE_ENDPOINT_USER", "me")
    monkeypatch.setenv("ALLIANCE_ENDPOINT_PASSWORD", SECRET)
    stub.answer = lambda to: send(to, b"", 401, WWW_Authenticate='Basic realm="here"')
    assert "wants other credentials" in complaint(Remote(stub.url))
    assert SECRET not in caplog.text


def test_a_netrc_that_cannot_be_read(stub: Stub, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 passwort {SECRET}\n", "utf-8")
    with pytest.raises(EndpointError, match="cannot be read as netrc") as told:
        Remote(stub.url).graphs()
    assert SECRET not in str(told.value)


def test_a_graph_store_is_checked_like_any_address() -> None:
    with pytest.raises(EndpointError, match="ends up in logs"):
        Remote("https://example.org/sparql", graph_store=f"https://me:{SECRET}@example.org/store")


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/hostname", "localhost:7878"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(EndpointError, match="no address of an endpoint"):
        Remote(url)


def test_an_address_with_a_password_is_refused() -> None:
    with pytest.raises(EndpointError, match="ends up in logs") as told:
        Remote(f"https://me:{SECRET}@example.org/sparql")
    assert SECRET not in str(told.value)


# --- texts -------------------------------------------------------------------------------------


def test_prefixes_are_declared_where_they_are_used() -> None:
    text = "SELECT * WHERE { ?x a ally:Claim ; rank:x ?y }"
    assert declared(text).splitlines()[:-1] == [
        f"PREFIX ally: <{PREFIXES['ally']}>",
        f"PREFIX rank: <{PREFIXES['rank']}>",
    ]
    own = "prefix ally: <urn:x> ASK { ?x a ally:Claim }"
    assert declared(own) == own


def test_insertions_are_cut_to_size() -> None:
    nodes = [NamedNode(f"urn:{i}") for i in range(5)]
    quads = [Quad(n, n, Literal("é\n", language="fr"), nodes[i % 2]) for i, n in enumerate(nodes)]
    made = list(insertions(quads, size=2))
    assert len(made) == 3
    store = Embedded()
    for text in made:
        store.update(text)
    assert set(store.quads()) == set(quads)


def test_rows_that_an_engine_repeats_in_spite_of_distinct(stub: Stub) -> None:
    row = b'{"g": {"type": "literal", "value": "x"}}'
    body = b'{"head": {"vars": ["g"]}, "results": {"bindings": [%s, %s]}}' % (row, row)

    def answer(to: BaseHTTPRequestHandler) -> None:
        send(to, ROWS if len(stub.seen) == 1 else body)

    stub.answer = answer
    remote = Remote(stub.url)
    assert len(list(select(remote, "SELECT DISTINCT ?g { ?g ?p ?o }"))) == 1
    assert len(list(select(remote, "SELECT ?g { ?g ?p ?o }"))) == 2


# --- a real engine -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Engine]:
    with servers.oxigraph(tmp_path_factory.mktemp("oxigraph")) as engine:
        yield engine


def test_queries_see_the_union_of_our_graphs_and_nothing_beside(oxigraph: servers.Engine) -> None:
    remote = Remote(oxigraph.endpoint)
    a, b = NamedNode(GRAPH + "a"), NamedNode(GRAPH + "b")
    person, label = (
        NamedNode(PREFIXES["person"] + "suh-wook"),
        NamedNode(PREFIXES["rdfs"] + "label"),
    )
    remote.load([Quad(person, label, Literal("Suh Wook", language="en"), a)])
    remote.load([Quad(person, label, Literal("서욱", language="ko"), b)])
    remote.load([Quad(person, label, Literal("another"), NamedNode("urn:theirs"))])
    assert remote.graphs() == [a.value, b.value]
    rows = select(remote, "SELECT ?n WHERE { person:suh-wook rdfs:label ?n } ORDER BY ?n")
    assert [row["n"].value for row in rows] == ["Suh Wook", "서욱"]
    rows = select(remote, "SELECT ?n WHERE { GRAPH graph:b { person:suh-wook rdfs:label ?n } }")
    assert [row["n"].value for row in rows] == ["서욱"]
    assert bool(remote.query("ASK { ?x rdfs:label 'Suh Wook'@en }"))
    assert not bool(remote.query("ASK { ?x rdfs:label 'another' }"))
    made = list(construct(remote, "CONSTRUCT WHERE { ?s rdfs:label ?n }"))
    assert {t.object.value for t in made} == {"Suh Wook", "서욱"}  # type: ignore[union-attr]  # literals
    remote.close()


def test_what_does_not_parse(oxigraph: servers.Engine) -> None:
    remote = Remote(oxigraph.endpoint)
    with pytest.raises(QueryError, match="for no query"):
        remote.query("SELECT WHERE")
    with pytest.raises(QueryError, match="for no update"):
        remote.update("INSERT")
    with pytest.raises(QueryError, match="no SELECT, ASK"):
        remote.query("INSERT DATA { <urn:a> <urn:a> <urn:a> }")
