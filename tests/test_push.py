"""The graph into real engines: whole or not, again at will, and the same afterwards."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from tests import servers
from tests.conftest import NeedsTool

from alliance_graph import derive, outputs, push, rdf, seeds
from alliance_graph.cli import main
from alliance_graph.errors import EndpointError, QueryError
from alliance_graph.store import remote as store_remote
from alliance_graph.store.embedded import Embedded
from alliance_graph.store.remote import Remote
from alliance_graph.vocabulary import BASE, DERIVED, GRAPH, TRUTHY, XSD

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Engine]:
    with servers.oxigraph(tmp_path_factory.mktemp("oxigraph")) as engine:
        yield engine


@pytest.fixture
def remote(oxigraph: servers.Engine) -> Remote:
    """An empty engine."""
    made = Remote(oxigraph.endpoint)
    made.update("DROP ALL")
    return made


@pytest.fixture(scope="module")
def quads() -> list[Quad]:
    store = Embedded(rdf.quads(seeds.load(OTHER).facts))
    derive.derive(store)
    return list(store.quads())


@pytest.fixture
def graph(quads: list[Quad], tmp_path: Path) -> Path:
    """The small alliance as a file."""
    path = tmp_path / "graph.trig"
    path.write_bytes(outputs.trig(outputs.in_order(quads)))
    return path


def held(remote: Remote) -> dict[str, set[str]]:
    """Every graph there, with what it says."""
    rows: Any = remote.query_all("SELECT ?g ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } }")
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["g"].value, set()).add(f"{row['s']} {row['p']} {row['o']}")
    return found


def wanted(quads: list[Quad]) -> dict[str, set[str]]:
    return {
        name: {f"{t.subject} {t.predicate} {t.object}" for t in triples}
        for name, triples in push.graphs(quads).items()
    }


def some(*values: str, graphs: int = 3) -> list[Quad]:
    """A few quads in each of some graphs."""
    thing = NamedNode("urn:thing")
    return [
        Quad(thing, thing, Literal(f"{value} {n}"), NamedNode(f"{GRAPH}{n}"))
        for value in values
        for n in range(graphs)
    ]


# --- each engine -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["oxigraph", "virtuoso", "rdflib_endpoint"])
def test_each_engine_holds_the_same_afterwards(
    name: str, quads: list[Quad], tmp_path: Path, needs_tool: NeedsTool
) -> None:
    # rdflib takes its time with every triple
    quads = [q for q in quads if q.graph_name in (NamedNode(TRUTHY), NamedNode(DERIVED))]
    more = (needs_tool,) if name == "virtuoso" else ()
    with getattr(servers, name)(tmp_path, *more) as engine, engine.credentials():
        for graph_store in dict.fromkeys((None, engine.graph_store)):
            remote = Remote(engine.endpoint, graph_store=graph_store)
            report = push.push(remote, quads)
            assert {g.state for g in report.graphs} == {"pushed"}
            assert report.together
            there = {n: len(triples) for n, triples in held(remote).items() if n.startswith(GRAPH)}
            assert there == {n: len(triples) for n, triples in wanted(quads).items()}
            again = push.push(remote, quads)
            assert {g.state for g in again.graphs} == {"same"}
            assert [g.digest for g in again.graphs] == [g.digest for g in report.graphs]
            assert not [g for g in held(remote) if g.startswith(push.STAGING)]
            gone = push.push(remote, [], prune=True)
            assert {g.state for g in gone.graphs} == {"dropped"}
            assert not [g for g in held(remote) if g.startswith(BASE)]


# --- what is sent ------------------------------------------------------------------------------


def test_a_graph_that_changed_is_sent_and_no_other(remote: Remote) -> None:
    push.push(remote, some("old"))
    changed = [*some("old"), Quad(*some("new")[0])]
    report = push.push(remote, changed)
    assert [g.state for g in report.graphs] == ["pushed", "same", "same"]
    assert held(remote) == wanted(changed)


def test_what_somebody_changed_there_is_put_right(remote: Remote) -> None:
    push.push(remote, some("ours"))
    remote.update(f'INSERT DATA {{ GRAPH <{GRAPH}1> {{ <urn:thing> <urn:thing> "theirs" }} }}')
    remote.update(
        f'DELETE DATA {{ GRAPH <{GRAPH}2> {{ <urn:thing> <urn:thing> "ours 2" }} }} ; '
        f'INSERT DATA {{ GRAPH <{GRAPH}2> {{ <urn:thing> <urn:thing> "theirs" }} }}'
    )
    assert [g.state for g in push.push(remote, some("ours")).graphs] == ["same", "pushed", "pushed"]
    assert held(remote) == wanted(some("ours"))


def test_graphs_of_ours_that_are_gone_are_told_of_and_dropped_when_asked(remote: Remote) -> None:
    remote.update('INSERT DATA { GRAPH <urn:theirs> { <urn:a> <urn:a> "stays" } }')
    push.push(remote, some("old"))
    report = push.push(remote, some("old", graphs=2))
    assert [(g.graph, g.state) for g in report.graphs if g.state != "same"] == [
        (GRAPH + "2", "left")
    ]
    report = push.push(remote, some("old", graphs=2), prune=True)
    assert [g.state for g in report.graphs] == ["same", "same", "dropped"]
    assert set(held(remote)) == {GRAPH + "0", GRAPH + "1", "urn:theirs"}


def test_blank_nodes_become_iris_that_stay(remote: Remote) -> None:
    thing, graph = NamedNode("urn:thing"), NamedNode(GRAPH + "g")

    def made(label: str) -> list[Quad]:
        node = BlankNode(label)
        return [Quad(thing, thing, node, graph), Quad(node, thing, Literal("x"), graph)]

    assert {g.state for g in push.push(remote, made("a")).graphs} == {"pushed"}
    assert {g.state for g in push.push(remote, made("b")).graphs} == {"same"}
    assert "_:" not in str(held(remote))


def test_values_that_an_engine_rewrites_go_as_texts_and_are_told_of(remote: Remote) -> None:
    thing, graph = NamedNode("urn:thing"), NamedNode(GRAPH + "g")
    values = [
        Literal("007", datatype=NamedNode(XSD + "integer")),
        Literal("2021-03-18", datatype=NamedNode(XSD + "date")),
    ]
    report = push.push(remote, [Quad(thing, thing, value, graph) for value in values])
    assert report.as_text == (("xsd:integer", 1),)
    assert held(remote)[graph.value] == {
        f"{thing} {thing} {Literal('007')}",
        f"{thing} {thing} {values[1]}",
    }


def test_digests_do_not_hang_on_order_or_spelling() -> None:
    a, b, c = [q.triple for q in some("one")]
    assert push.digest([a, b, c]) == push.digest([c, b, a])
    assert push.digest([a, b]) != push.digest([a, c])
    boolean = NamedNode(XSD + "boolean")
    one, true, false = (Literal(text, datatype=boolean) for text in ("1", "true", "false"))
    spelled = [push.digest([Quad(a.subject, a.predicate, v).triple]) for v in (one, true, false)]
    assert spelled[0] == spelled[1] != spelled[2]


# --- interruptions -----------------------------------------------------------------------------

Reply = tuple[int, str, bytes]


class Handler(BaseHTTPRequestHandler):
    """One request, passed on to an engine or not."""

    proxy: Proxy

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        proxy = self.proxy
        if not proxy.updates and self.path.endswith("/update"):
            self.reply(405, "text/plain", b"no updates")
            return
        proxy.passed += 1
        if proxy.fault and (
            proxy.passed == proxy.at or (proxy.lasting and proxy.passed > proxy.at)
        ):
            proxy.fault(self)
        else:
            self.reply(*self.pass_on())

    do_PUT = do_DELETE = do_POST  # noqa: N815 - names that the server looks for

    def pass_on(self) -> Reply:
        headers = {n: self.headers[n] for n in ("Content-Type", "Accept") if self.headers[n]}
        to = f"{self.proxy.to}{self.path}"
        body = self.body if self.command != "DELETE" else None
        # S310: both go to a server that this test has started on loopback
        request = urllib.request.Request(to, body, headers, method=self.command)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return answer.status, answer.headers["Content-Type"] or "text/plain", answer.read()
        except urllib.error.HTTPError as bad:
            with bad:
                return bad.code, "text/plain", bad.read()

    def reply(self, code: int, kind: str, body: bytes, more: int = 0, **headers: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + more))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who is told too much goes away
            self.wfile.write(body)

    def break_off(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def log_message(self, *args: Any) -> None:
        """Says nothing."""


class Proxy:
    """Passes requests on to an engine, and does the wrong thing with one, or with all from it on."""

    def __init__(self, engine: servers.Engine) -> None:
        parts = urlsplit(engine.endpoint)
        self.to = f"{parts.scheme}://{parts.netloc}"
        self.updates = True
        self.gone = threading.Event()
        self.set()
        own = type("Own", (Handler,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), own)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        serve = functools.partial(self.server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()

    def set(self, fault: Fault | None = None, at: int = 0, *, lasting: bool = False) -> None:
        self.fault, self.at, self.lasting, self.passed = fault, at, lasting, 0


Fault = Callable[[Handler], None]


def before(to: Handler) -> None:
    to.break_off()


def after(to: Handler) -> None:
    to.pass_on()
    to.break_off()


def half(to: Handler) -> None:
    code, kind, body = to.pass_on()
    to.reply(200 if code == 204 else code, kind, body[: len(body) // 2], more=100)


def silent(to: Handler) -> None:
    to.pass_on()
    to.proxy.gone.wait(5)


def huge(to: Handler) -> None:
    to.pass_on()
    to.reply(200, "application/sparql-results+json", b" " * 3_000_000)


FAULTS: dict[str, Fault] = {
    "reset before": before,
    "reset after": after,
    "failure": lambda to: to.reply(500, "text/plain", b"boom"),
    "busy": lambda to: to.reply(429, "text/plain", b"", Retry_After="0"),
    "truncated": half,
    "web page": lambda to: to.reply(200, "text/html", b"<html>"),
    "redirect": lambda to: to.reply(307, "text/plain", b"", Location="http://192.0.2.1/"),
    "huge": huge,
    "silent": silent,
}


@pytest.fixture
def proxy(oxigraph: servers.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(store_remote, "_PAUSE", 0.0)
    made = Proxy(oxigraph)
    yield made
    made.gone.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("way", ["update", "graph store and update", "graph store"])
@pytest.mark.parametrize("name", FAULTS)
def test_broken_off_anywhere_it_is_old_or_new_and_goes_on_from_there(
    remote: Remote, proxy: Proxy, way: str, name: str
) -> None:
    proxy.updates = way != "graph store"
    through = Remote(
        f"{proxy.url}/query",
        graph_store=None if way == "update" else f"{proxy.url}/store",
        megabytes=1,
    )
    old, new = some("old", "both", graphs=2), some("both", "new", graphs=2)
    before_it, after_it = wanted(old), wanted(new)
    push.push(remote, old)
    assert push.push(through, new).together == proxy.updates
    assert held(remote) == after_it
    requests = proxy.passed
    assert requests > 7
    states = set()
    # a reset at every request; the others at some, the first and the last among them
    points = range(1, requests + 1)
    chosen = points if name.startswith("reset") else sorted({*points[::5], *points[-4:]})
    for at, lasting in itertools.product(chosen, (True, False)):
        remote.update("DROP ALL")
        push.push(remote, old)
        proxy.set(FAULTS[name], at, lasting=lasting)
        through.seconds = 0.3 if name == "silent" else 60
        try:
            push.push(through, new)
        except (EndpointError, QueryError) as told:
            line = str(told)
            assert "\n" not in line
            assert len(line) < 400
            done = False
        else:
            done = True
        ours = {n: t for n, t in held(remote).items() if n.startswith(GRAPH)}
        if proxy.updates:
            assert ours in (before_it, after_it), (at, lasting)
        else:
            assert all(ours[n] in (before_it[n], after_it[n]) for n in after_it), (at, lasting)
        assert set(remote.graphs()) == set(ours)
        assert not done or ours == after_it
        # what is tried again stands it once, but nothing stands it for ever
        assert not (done and lasting)
        states.add((lasting, done, ours == after_it))
        proxy.set()
        through.seconds = 60
        push.push(through, new)
        assert held(remote) == after_it
    assert (True, False, False) in states
    if name in ("reset before", "reset after", "failure", "busy", "truncated"):
        assert (False, True, True) in states


def test_what_was_staged_is_not_sent_again(remote: Remote) -> None:
    new = some(*map(str, range(900)), graphs=1)
    ((name, triples),) = push.graphs(new).items()
    staged = NamedNode(f"{push.STAGING}{push.digest(triples)}/{name.removeprefix(BASE)}")
    remote.load(Quad(t.subject, t.predicate, t.object, staged) for t in list(triples)[:899])
    sent: list[Quad] = []
    load = remote.load

    def watched(quads: Iterable[Quad]) -> None:
        told = list(quads)
        sent.extend(told)
        load(told)

    remote.load = watched  # type: ignore[method-assign]  # looks on, and does the same
    push.push(remote, new)
    assert len(sent) == 1
    assert held(remote) == wanted(new)


@pytest.mark.parametrize("updates", [True, False])
def test_whole_graphs_that_got_there_are_not_sent_again(
    remote: Remote, proxy: Proxy, updates: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy.updates = updates
    through = Remote(f"{proxy.url}/query", graph_store=f"{proxy.url}/store")
    sent: list[str] = []
    put = through.put
    left = 2

    def watched(graph: str, triples: Iterable[Triple]) -> None:
        if len(sent) == left:
            raise EndpointError("gone")
        sent.append(graph.rpartition("/")[2])
        put(graph, triples)

    monkeypatch.setattr(through, "put", watched)
    with pytest.raises(EndpointError, match="gone"):
        push.push(through, some("new"))
    assert sent == ["0", "1"]
    left = 9
    report = push.push(through, some("new"))
    assert sent == ["0", "1", "2"]
    states = [g.state for g in report.graphs]
    assert states == (["pushed"] * 3 if updates else ["same", "same", "pushed"])
    assert held(remote) == wanted(some("new"))


# --- the command -------------------------------------------------------------------------------


def test_the_command_pushes_and_the_questions_are_asked_there(
    oxigraph: servers.Engine, remote: Remote, graph: Path, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    where = ["--graph", str(graph), "--endpoint", oxigraph.endpoint]
    plan = run(main, ["push", *where, "--dry-run", "--format", "json"])
    assert plan.exit_code == 0, plan.output
    assert held(remote) == {}
    done = run(main, ["push", *where])
    assert done.exit_code == 0, done.output
    told = {g["graph"]: (g["triples"], g["digest"]) for g in json.loads(plan.stdout)["graphs"]}
    for line in done.stdout.splitlines():
        state, triples, digest, name = line.split()
        assert state == "pushed"
        assert told.pop(name) == (int(triples.replace(",", "")), digest)
    assert not told
    own = tmp_path / "own.rq"
    own.write_text(
        "SELECT ?x ?l WHERE { ?x a ally:Encounter ; rdfs:label ?l } ORDER BY ?x ?l", "utf-8"
    )
    for question in ("encounters", str(own)):
        asked = ["query", question, "--format", "csv"]
        there = run(main, [*asked, "--endpoint", oxigraph.endpoint])
        here = run(main, [*asked, "--graph", str(graph), "--trusted"])
        assert there.exit_code == 0, there.output
        assert there.stdout == here.stdout
        assert here.stdout.count("\n") > 1


def test_a_server_that_takes_no_updates_gets_graph_by_graph_and_it_is_said(
    remote: Remote, proxy: Proxy, graph: Path
) -> None:
    proxy.updates = False
    run = CliRunner().invoke
    where = ["push", "--graph", str(graph), "--endpoint", f"{proxy.url}/query"]
    refused = run(main, where)
    assert refused.exit_code == 2
    assert "takes no updates" in refused.stderr
    assert "--graph-store" in refused.stderr
    assert held(remote) == {}
    done = run(main, [*where, "--graph-store", f"{proxy.url}/store"])
    assert done.exit_code == 0, done.output
    assert "one by one" in done.stdout
    assert held(remote)
    left = run(main, [*where, "--graph-store", f"{proxy.url}/store", "--format", "json"])
    assert {g["state"] for g in json.loads(left.stdout)["graphs"]} == {"same"}


def test_the_command_that_reaches_nobody_says_so_in_one_line(graph: Path) -> None:
    url = f"http://127.0.0.1:{servers.free_port()}/query"
    for command in (["push", "--graph", str(graph)], ["query", "channels"]):
        done = CliRunner().invoke(main, [*command, "--endpoint", url])
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert "cannot be reached" in done.stderr
