"""The graph into real engines: whole or not, again at will, and the same afterwards."""

from __future__ import annotations

import functools
import json
import socket
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from pyoxigraph import BlankNode, Literal, NamedNode, Quad
from tests import servers
from tests.conftest import NeedsTool

from alliance_graph import derive, outputs, push, rdf, seeds
from alliance_graph.cli import main
from alliance_graph.errors import EndpointError
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
        remote = Remote(engine.endpoint)
        report = push.push(remote, quads)
        assert {g.state for g in report.graphs} == {"pushed"}
        there = {n: len(triples) for n, triples in held(remote).items() if n.startswith(GRAPH)}
        assert there == {n: len(triples) for n, triples in wanted(quads).items()}
        again = push.push(remote, quads)
        assert {g.state for g in again.graphs} == {"same"}
        assert [g.digest for g in again.graphs] == [g.digest for g in report.graphs]
        assert not [g for g in held(remote) if g.startswith(push.STAGING)]


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


class Proxy:
    """Passes requests on to an engine, until one of them is cut off."""

    def __init__(self, to: str) -> None:
        self.passed = 0
        self.cut_at: int | None = None
        self.after = False
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.passed += 1
                cut = proxy.passed == proxy.cut_at
                if cut and not proxy.after:
                    self.break_off()
                    return
                headers = {n: self.headers[n] for n in ("Content-Type", "Accept")}
                # S310: both go to a server that this test has started on loopback
                request = urllib.request.Request(f"{to}{self.path}", body, headers)  # noqa: S310
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                    told, kind = answer.read(), answer.headers["Content-Type"]
                if cut:
                    self.break_off()
                    return
                self.send_response(200)
                self.send_header("Content-Type", kind or "text/plain")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def break_off(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        serve = functools.partial(self.server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()


@pytest.fixture
def proxy(oxigraph: servers.Engine) -> Iterator[Proxy]:
    parts = urlsplit(oxigraph.endpoint)
    made = Proxy(f"{parts.scheme}://{parts.netloc}")
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_cut_off_anywhere_it_is_old_or_new_and_goes_on_from_there(
    remote: Remote, proxy: Proxy
) -> None:
    through = Remote(f"{proxy.url}/query")
    old, new = some("old", "both"), some("both", "new")
    push.push(remote, old)
    push.push(through, new)
    requests = proxy.passed
    assert requests > 10
    seen = set()
    for cut_at in range(1, requests + 1):
        for after in (False, True):
            remote.update("DROP ALL")
            push.push(remote, old)
            proxy.passed, proxy.cut_at, proxy.after = 0, cut_at, after
            with pytest.raises(EndpointError):
                push.push(through, new)
            ours = {n: t for n, t in held(remote).items() if n.startswith(GRAPH)}
            assert ours in (wanted(old), wanted(new)), (cut_at, after)
            seen.add(ours == wanted(new))
            assert set(remote.graphs()) == set(ours)
            proxy.cut_at = None
            push.push(through, new)
            assert held(remote) == wanted(new)
    assert seen == {False, True}


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


def test_the_command_that_reaches_nobody_says_so_in_one_line(graph: Path) -> None:
    url = f"http://127.0.0.1:{servers.free_port()}/query"
    for command in (["push", "--graph", str(graph)], ["query", "channels"]):
        done = CliRunner().invoke(main, [*command, "--endpoint", url])
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1
        assert "cannot be reached" in done.stderr
