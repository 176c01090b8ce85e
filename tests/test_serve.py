"""The endpoint over real connections: protocol, limits, pages, clients, and how it stops."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from rdflib.collection import Collection
from tests.conftest import NeedsTool
from tests.hard.service import matrix
from tests.serving import JSON, Reply, Server, children_of, gone

import alliance_graph as ag
from alliance_graph import catalogue, questions
from alliance_graph.serve.answers import GRAPHS, RESULTS
from alliance_graph.serve.app import Reply as Sent
from alliance_graph.serve.app import _Kept
from alliance_graph.serve.protocol import negotiate
from alliance_graph.serve.rate import Rate
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID


@pytest.fixture(scope="module")
def server(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("serve") / "log"
    options = ("--seconds", "3", "--megabytes", "300", "--cors", "https://friend.example")
    made = Server(built, log, "--rows", "500", *options)
    yield made
    made.stop()
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


# --- protocol ------------------------------------------------------------------------------------


def test_a_query_is_taken_in_three_ways(server: Server) -> None:
    text = "SELECT ?c WHERE { ?c a ally:Country } ORDER BY ?c"
    form = urlencode({"query": text})
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": JSON}
    answers = [
        server.get(f"/sparql?{form}", JSON),
        server.ask("POST", "/sparql", kind, form.encode()),
        server.query(text),
    ]
    assert {a.status for a in answers} == {200}
    assert len({a.body for a in answers}) == 1
    assert len(answers[0].rows()) > 1
    for answer in answers:
        assert answer.type == JSON


@pytest.mark.parametrize("kind", sorted(RESULTS))
def test_rows_come_in_every_form(server: Server, kind: str) -> None:
    answer = server.query("SELECT ?c ?n WHERE { ?c a ally:Country ; rdfs:label ?n }", kind)
    assert (answer.status, answer.type) == (200, kind)
    if "csv" in kind:
        assert answer.body.startswith(b"c,n\r\n")
        return
    parsed = ox.parse_query_results(answer.body, format=RESULTS[kind])
    assert isinstance(parsed, ox.QuerySolutions)
    assert len(list(parsed)) > 1


@pytest.mark.parametrize("kind", sorted(GRAPHS))
def test_graphs_come_in_every_form(server: Server, kind: str, store: Embedded) -> None:
    text = "CONSTRUCT { ?c rdfs:label ?n } WHERE { ?c a ally:Country ; rdfs:label ?n }"
    answer = server.query(text, kind)
    assert (answer.status, answer.type) == (200, kind)
    found: Any = store.query(text)
    assert {q.triple for q in ox.parse(answer.body, format=GRAPHS[kind])} == set(found)
    described = server.query(f"DESCRIBE <{ID}person/antony-blinken>", kind)
    assert (described.status, described.type) == (200, kind)


@pytest.mark.parametrize("kind", ["application/sparql-results+xml", "application/xml", JSON])
def test_yes_and_no(server: Server, kind: str) -> None:
    for text, truth in (("ASK { ?s ?p ?o }", b"true"), ("ASK { ?s a <urn:none> }", b"false")):
        answer = server.query(text, kind)
        assert (answer.status, answer.type) == (200, kind)
        assert truth in answer.body


@pytest.mark.parametrize(
    ("text", "accept"),
    [
        ("ASK {}", "text/csv"),
        ("SELECT * { ?s ?p ?o }", "text/turtle"),
        ("SELECT * { ?s ?p ?o }", "image/png"),
        ("CONSTRUCT WHERE { ?s a ally:Country }", "text/csv"),
        ("SELECT * { ?s ?p ?o }", f"{JSON};q=0"),
    ],
)
def test_a_form_that_an_answer_has_not_is_406(server: Server, text: str, accept: str) -> None:
    answer = server.query(text, accept)
    assert answer.status == 406
    assert b"comes as" in answer.body


def test_format_goes_before_accept_and_unknown_formats_do_not_matter(server: Server) -> None:
    path = "/sparql?" + urlencode({"query": "SELECT ?c { ?c a ally:Country }"})
    assert server.get(f"{path}&format=csv", JSON).type == "text/csv"
    assert server.get(f"{path}&format=ttl", JSON).type == JSON
    assert server.get(f"{path}&format=unheard-of", JSON).type == JSON


def test_names_in_a_table_of_a_notebook_lead_to_the_pages_of_this_server(server: Server) -> None:
    g = ag.open(f"{server.url.rstrip('/')}/sparql")
    assert g.page == f"{server.url.rstrip('/')}/id/"
    shown = g.ask("counterparts", person="antony-blinken")._repr_html_()
    links = re.findall(r'href="([^"]*/id/[^"]*)"', shown)
    assert len(set(links)) > 3
    for link in set(links):
        reply = server.get(urlsplit(link).path, "text/html")
        assert (reply.status, reply.type) == (200, "text/html"), link


def test_what_cannot_be_read_as_a_query_is_refused(server: Server) -> None:
    sparql = {"Content-Type": "application/sparql-query"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    ask = server.ask
    assert ask("POST", "/sparql", sparql, b"ASK {").status == 400
    assert ask("POST", "/sparql", sparql, b"ASK { ?s ?p '\xff' }").status == 400
    assert ask("POST", "/sparql", form, b"nothing=here").status == 400
    assert ask("GET", "/sparql?query=ASK%7B%7D&query=ASK%7B%7D").status == 400
    assert ask("GET", "/sparql?query=%FF").status == 400
    assert ask("GET", "/sparql?query=ASK%7B%7D&default-graph-uri=no%20iri").status == 400
    assert ask("POST", "/sparql", {"Content-Type": "text/plain"}, b"ASK {}").status == 415
    assert ask("POST", "/sparql", {}, b"ASK {}").status == 415
    for charset in ("utf-16", "latin1"):
        kind = {"Content-Type": f"application/sparql-query; charset={charset}"}
        assert ask("POST", "/sparql", kind, b"ASK {}").status == 415
    for method in ("PUT", "DELETE", "PATCH"):
        answer = ask(method, "/sparql", {}, b"")
        assert answer.status == 405
        assert "GET" in answer.headers["allow"]
    assert ask("POST", "/sparql", sparql, b"#" * 300_000).status == 413
    assert ask("GET", "/sparql?query=" + "a" * 70_000).status == 414
    assert server.query("ASK {}").status == 200


def test_no_update_whatever_its_form(server: Server, built: Path) -> None:
    drop = b"DROP ALL"
    whole = "/graph-store?graph=" + quote("https://w3id.org/alliance-graph/graph/truthy")
    before = [
        server.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body,
        server.get(whole, "application/n-triples").body,
    ]
    assert len(before[1]) > 10_000
    update = {"Content-Type": "application/sparql-update"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.ask("POST", "/sparql", update, drop).status == 403
    assert server.ask("POST", "/sparql", form, b"update=DROP+ALL").status == 403
    assert server.ask("GET", "/sparql?update=DROP+ALL").status == 403
    assert server.query("DROP ALL").status == 400
    assert server.query("LOAD <http://127.0.0.1/>").status == 400
    for method in ("PUT", "POST", "DELETE"):
        assert server.ask(method, "/graph-store?default", {}, b"").status == 405
    for text in (
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "DELETE WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        "CREATE GRAPH <urn:g>",
        "SELECT * {} ; DROP ALL",
    ):
        assert server.query(text).status == 400, text
    assert before == [
        server.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").body,
        server.get(whole, "application/n-triples").body,
    ]


def test_the_dataset_is_the_protocols_then_the_querys_then_the_union(server: Server) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    graph = "https://w3id.org/alliance-graph/graph/truthy"

    def count(answer: Reply) -> int:
        return int(answer.rows()[0]["n"]["value"])

    union = count(server.query(text))
    truthy = count(server.query(text, params=f"?default-graph-uri={quote(graph)}"))
    assert 0 < truthy < union
    assert count(server.query(text.replace("{", f"FROM <{graph}> {{", 1))) == truthy
    other = text.replace("{", "FROM <urn:none> {", 1)
    assert count(server.query(other)) == 0
    assert count(server.query(other, params=f"?default-graph-uri={quote(graph)}")) == truthy
    named = "SELECT (COUNT(DISTINCT ?g) AS ?n) { GRAPH ?g { ?s ?p ?o } }"
    assert count(server.query(named, params=f"?named-graph-uri={quote(graph)}")) == 1
    assert count(server.query(named, params=f"?default-graph-uri={quote(graph)}")) == 0
    assert count(server.query(text, params=f"?named-graph-uri={quote(graph)}")) == 0


def test_head_etag_and_compression(server: Server) -> None:
    path = "/sparql?" + urlencode({"query": "SELECT * { ?s a ally:Claim } ORDER BY ?s LIMIT 100"})
    whole = server.get(path, JSON)
    head = server.ask("HEAD", path, {"Accept": JSON})
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))
    again = server.get(path, JSON, If_None_Match=whole.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert server.get(path, JSON, If_None_Match='W/"other"').status == 200
    # "not if I have it" is for GET and HEAD (RFC 9110, section 13.1.2)
    known = {"Content-Type": "application/sparql-query", "If-None-Match": "*"}
    assert server.ask("POST", "/sparql", known, b"ASK {}").status == 200
    packed = server.get(path, JSON, Accept_Encoding="gzip, deflate")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == whole.body
    assert "Accept" in packed.headers["vary"]
    for name in ("/", "/network.html", "/report.html"):
        page = server.get(name, Accept_Encoding="gzip")
        assert page.headers["content-encoding"] == "gzip"
        assert gzip.decompress(page.body) == server.get(name).body
        assert server.get(name, If_None_Match=page.headers["etag"]).status == 304
    assert "content-encoding" not in server.get(path, JSON, Accept_Encoding="gzip;q=0").headers


def test_an_answer_is_kept_unless_it_would_change(server: Server) -> None:
    def kept(text: str, accept: str = JSON) -> tuple[bytes, bool]:
        before = len(server.log.read_text().splitlines())
        answer = server.query(text, accept)
        assert answer.status == 200
        deadline = time.monotonic() + 5
        while len(lines := server.log.read_text().splitlines()) <= before:
            assert time.monotonic() < deadline, "no line in the log"
            time.sleep(0.01)
        return answer.body, json.loads(lines[-1]).get("kept", False)

    text = "SELECT ?c { ?c a ally:Country } # kept?"
    first, again, other = kept(text), kept(text), kept(text, "text/csv")
    assert (first[1], again[1], other[1]) == (False, True, False)
    assert first[0] == again[0] != other[0]
    for changing in ("SELECT (UUID() AS ?x) {}", "SELECT (rand ( ) AS ?x) {}"):
        assert kept(changing)[0] != kept(changing)[0]
    # a refusal is not kept
    assert server.query("ASK {").status == server.query("ASK {").status == 400


def test_what_is_kept_has_its_bounds() -> None:
    kept = _Kept(48_000)
    reply = Sent(200, JSON, b"x" * 57)
    for i in range(40):
        kept.put((f"{i:03}", b""), reply)
    assert kept.get(("000", b"")) is None
    assert kept.get(("039", b"")) is reply
    kept.put(("big", b""), Sent(200, JSON, b"x" * 1_000))
    kept.put(("long", b"x" * 1_000), reply)
    assert kept.get(("big", b"")) is kept.get(("long", b"x" * 1_000)) is None
    # a reply takes room beside its bytes
    assert sum(kept.get((f"{i:03}", b"")) is not None for i in range(40)) == 48_000 // 2_060


# --- the W3C's tests -----------------------------------------------------------------------------

MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = rdflib.Namespace("http://www.w3.org/2011/http#")
CNT = rdflib.Namespace("http://www.w3.org/2011/content#")
UT = rdflib.Namespace("http://www.w3.org/2009/sparql/tests/test-update#")


@pytest.fixture(scope="module")
def w3c() -> Path:
    """The folder of the W3C's tests, which have a licence of their own and stay outside."""
    folder = os.environ.get("ALLIANCE_W3C")
    if not folder:
        pytest.skip("needs the W3C's SPARQL tests: set ALLIANCE_W3C to the folder with sparql11/")
    return Path(folder)


def test_the_w3c_protocol_tests(w3c: Path, tmp_path: Path) -> None:
    folder = w3c / "sparql11" / "protocol"
    manifest = rdflib.Graph().parse(folder / "manifest.ttl")
    graphs = set()
    store = ox.Store()
    for node in set(manifest.objects(None, UT.graphData)):
        file, label = manifest.value(node, UT.graph), manifest.value(node, rdflib.RDFS.label)
        path = folder / str(file).rpartition("/")[2]
        if path.is_file() and str(label) not in graphs:
            graphs.add(str(label))
            store.load(
                path=str(path), format=ox.RdfFormat.N_TRIPLES, to_graph=ox.NamedNode(str(label))
            )
    store.dump(str(data := tmp_path / "data.trig"), format=ox.RdfFormat.TRIG)
    server = Server(data, tmp_path / "log")
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    before = server.query(count).body
    try:
        done = [
            str(test).rpartition("#")[2]
            for test in Collection(manifest, next(manifest.objects(None, MF.entries)))
            if _w3c_test(server, manifest, test)
        ]
        assert len(done) == 34
        assert server.query(count).body == before
    finally:
        server.stop()


def _w3c_test(server: Server, manifest: rdflib.Graph, test: Any) -> bool:
    name = str(test).rpartition("#")[2]
    requests = manifest.value(manifest.value(test, MF.action), HT.requests)
    for request in Collection(manifest, requests or rdflib.RDF.nil):
        body = manifest.value(request, HT.body)
        data = None
        if body is not None:
            encoding = str(manifest.value(body, CNT.characterEncoding) or "utf-8")
            data = str(manifest.value(body, CNT.chars)).encode(encoding)
        headers = {
            str(manifest.value(h, HT.fieldName)): str(manifest.value(h, HT.fieldValue))
            for h in Collection(manifest, manifest.value(request, HT.headers) or rdflib.RDF.nil)
        }
        path = str(manifest.value(request, HT.absolutePath))
        answer = server.ask(str(manifest.value(request, HT.methodName)), path, headers, data)
        response = manifest.value(request, HT.resp)
        wanted = {str(s)[-3] for s in manifest.objects(response, MF.expectedStatus)}
        if name.startswith("update_"):
            # read-only: the update is refused; what would be seen after it is not there
            if "query" not in path and b"query=" not in (data or b""):
                assert 400 <= answer.status < 500, (name, answer)
            break
        assert str(answer.status)[0] in wanted, (name, answer)
        truth = manifest.value(response, MF.expectedBoolean)
        if truth is not None:
            assert json.loads(answer.body)["boolean"] is (str(truth) == "true"), (name, answer)
        form = manifest.value(response, MF.expectedFormat)
        if form is not None:
            kinds = list(GRAPHS) if str(form) == "RDF" else list(RESULTS)
            assert answer.type in kinds, (name, answer)
    return True


def test_the_w3c_service_description_tests(server: Server) -> None:
    for kind in GRAPHS:
        answer = server.get("/sparql", kind)
        assert (answer.status, answer.type) == (200, kind)
        triples = {str(q.triple) for q in ox.parse(answer.body, format=GRAPHS[kind])}
        sd = "http://www.w3.org/ns/sparql-service-description#"
        assert any(f"<{sd}endpoint> <{server.url}sparql>" in t for t in triples)
        assert any(f"<{sd}feature> <{sd}UnionDefaultGraph>" in t for t in triples)
        assert not any("BasicFederatedQuery" in t for t in triples)


# --- limits --------------------------------------------------------------------------------------

CROSS = "?a ?b ?c . ?d ?e ?f . ?g ?h ?i"
KILLERS = {
    "count": (f"SELECT (COUNT(*) AS ?n) {{ {CROSS} }}", {504}),
    "sort": (f"SELECT * {{ {CROSS} }} ORDER BY ?c ?f ?i", {504, 507}),
    "plan": ("SELECT * { " + "?s ?p ?o . " * 300 + "}", {504}),
    "braces": ("SELECT * WHERE " + "{" * 30_000 + "}" * 30_000, {400, 507}),
    "sums": ("SELECT (" + "1+" * 30_000 + "1 AS ?x) {}", {200, 400, 507}),
    "doubling": (
        "SELECT ?x26 { BIND('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS ?x0) "
        + " ".join(f"BIND(CONCAT(?x{i}, ?x{i}) AS ?x{i + 1})" for i in range(26))
        + " }",
        {504, 507},
    ),
    "values": (
        "SELECT (COUNT(*) AS ?n) { "
        + " ".join(f"VALUES ?v{i} {{ " + " ".join(map(str, range(30))) + " }" for i in range(8))
        + " }",
        {504, 507},
    ),
}


@pytest.mark.parametrize("name", sorted(KILLERS))
def test_a_query_past_its_limits_is_told_so_and_harms_nobody(server: Server, name: str) -> None:
    text, wanted = KILLERS[name]
    before = server.process.pid
    answer = server.query(text)
    assert answer.status in wanted
    if answer.status == 504:
        assert b"longer than 3 s" in answer.body
    if answer.status == 507:
        assert b"300 MB" in answer.body
    assert server.query("ASK {}").status == 200
    assert server.process.pid == before
    assert server.process.poll() is None


def test_rows_past_the_limit_are_cut_and_the_reply_says_so(server: Server) -> None:
    for text in (f"SELECT * {{ {CROSS} }}", "SELECT ?s { ?s ?p ?o }", "SELECT ?none { ?s ?p ?o }"):
        answer = server.query(text)
        assert (answer.status, answer.headers["truncated"]) == (200, "500 rows")
        assert len(answer.rows()) == 500
    csv = server.query("SELECT ?s { ?s ?p ?o }", "text/csv")
    assert csv.body.count(b"\r\n") == 501
    assert csv.headers["truncated"] == "500 rows"
    graph = server.query("CONSTRUCT WHERE { ?s ?p ?o }", "application/n-triples")
    assert graph.headers["truncated"] == "500 rows"
    assert "Cut off" in server.query("SELECT ?s { ?s ?p ?o }", "text/html").body.decode()
    exact = server.query("SELECT ?s { ?s ?p ?o } LIMIT 500")
    assert len(exact.rows()) == 500
    assert "truncated" not in exact.headers


def test_slow_queries_do_not_hold_up_quick_ones(server: Server) -> None:
    text = KILLERS["count"][0]
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: got.append(server.query(f"{text} # {n}").status))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    quick = [server.query("ASK {}").status for _ in range(20)]
    for thread in threads:
        thread.join()
    assert set(quick) == {200}
    # eight may be slow at a time; the others wait for a place, for so long and no longer
    assert set(got) <= {503, 504}
    assert got.count(504) >= 8


def test_workers_are_replaced_not_added(server: Server) -> None:
    for _ in range(3):
        assert server.query(KILLERS["braces"][0]).status in (400, 507)
    time.sleep(0.5)
    assert server.settled() == 5  # the nursery and four workers


def test_whoever_leaves_takes_the_query_along(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    kind = {"Content-Type": "application/sparql-query"}
    connection.request("POST", "/sparql", KILLERS["count"][0], kind)
    deadline = time.monotonic() + 2
    while len(server.children()) == 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(server.children()) == 6
    connection.close()
    # sooner than its limit would end it
    assert server.settled(2) == 5


def test_nothing_is_ever_fetched(server: Server) -> None:
    hits: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.5)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/data.ttl"
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    hits.append(listening.accept())

        thread = threading.Thread(target=listen)
        thread.start()
        refused = server.query(f"SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}")
        assert (refused.status, b"SERVICE" in refused.body) == (403, True)
        for text in (
            f"SELECT * {{ service silent <{url}> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ ?s ?p ?o MINUS {{ SERVICE<{url}>{{ ?s ?p ?o }} }} }}",
            f"SELECT * {{ SERVIC\\u0045 SILENT <{url}> {{ ?s ?p ?o }} }}",
            f"ASK FROM <{url}> {{ ?s ?p ?o }}",
            f"ASK FROM NAMED <{url}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
            f"LOAD <{url}>",
            f"DESCRIBE <{url}>",
        ):
            answer = server.query(text, "*/*")
            assert answer.status in (200, 400, 403), text
        server.query("ASK {}", params=f"?default-graph-uri={quote(url)}")
        done.set()
        thread.join()
    assert hits == []


def test_words_in_strings_and_names_are_no_service(server: Server) -> None:
    text = "# SERVICE\nSELECT ('SERVICE <x>' AS ?service) { OPTIONAL { ?s <urn:service> ?o } }"
    answer = server.query(text)
    assert (answer.status, len(answer.rows())) == (200, 1)


# --- who may come --------------------------------------------------------------------------------


def test_only_its_own_names_and_origins(server: Server) -> None:
    ask = server.ask
    port = server.port
    assert ask("GET", "/health", host=f"localhost:{port}").status == 200
    for host in ("LOCALHOST", "[::1]", "[::1]:80", "127.0.0.1:65535"):
        assert ask("GET", "/health", host=host).status == 200, host
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "me@127.0.0.1",
        "127.0.0.1, evil.example",
        "127.0.0.1:x",
        "127.0.0.1:\xb2",
        "127.0.0.1:123456",
        "[::1%25lo]",
        "::1",
        "127.1",
        "2130706433",
        "",
    ):
        assert ask("GET", "/health", host=host).status == 403, host
    assert ask("GET", "/health", {"Host": "evil.example"}, host="127.0.0.1").status == 403
    # a name in the address counts before the one beside it (RFC 9112, section 3.2.2)
    assert ask("GET", f"http://localhost:{port}/health", host="127.0.0.1").status == 200
    for address in ("http://evil.example/health", "http://localhost@evil.example/health"):
        assert ask("GET", address, host="127.0.0.1").status == 403, address
    own = f"http://127.0.0.1:{port}"
    assert ask("GET", "/health", {"Origin": own}).status == 200
    for origin in ("http://evil.example", "null", "https://friend.example.evil.example"):
        answer = ask("GET", "/sparql?query=ASK%7B%7D", {"Origin": origin})
        assert answer.status == 403
        assert not any(name.startswith("access-control") for name in answer.headers)
    friend = ask("GET", "/sparql?query=ASK%7B%7D", {"Origin": "https://friend.example"})
    assert friend.status == 200
    assert friend.headers["access-control-allow-origin"] == "https://friend.example"
    assert "access-control-allow-credentials" not in friend.headers
    assert ask("OPTIONS", "/sparql", {"Origin": "https://friend.example"}).status == 204
    assert ask("OPTIONS", "/sparql", {"Origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize(
    ("site", "mode", "dest", "status"),
    [
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
        ("cross-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "cors", "empty", 403),
        ("same-site", "no-cors", "script", 403),
    ],
)
def test_what_a_browser_says_of_the_asker(
    server: Server, site: str, mode: str, dest: str, status: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    assert server.ask("GET", "/sparql?query=ASK%7B%7D", headers).status == status


def test_every_way_to_come_is_let_in_or_turned_away_as_it_should_be(server: Server) -> None:
    ways = list(matrix(server))
    assert len(ways) > 400
    assert [way for way, right in ways if not right] == []


def test_every_reply_has_security_headers(server: Server) -> None:
    for path in ("/", "/sparql?query=ASK%7B%7D", "/network.html", "/nothing", "/sparql?query=x"):
        headers = server.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


ASK = b"/sparql?query=ASK%7B%7D"
TO = b"Host: 127.0.0.1\r\n"
POST = b"POST /sparql HTTP/1.1\r\n" + TO + b"Content-Type: application/sparql-query\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET /health HTTP/1.0\r\n\r\n", 403),
        (b"GET /health HTTP/1.0\r\n" + TO + b"\r\n", 200),
        (b"GET /health\r\n\r\n", 403),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 99, 400),
        (b"GET " + ASK + b" HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
        (b"GET /health HTTP/1.1\r\n" + TO + b"X: a\r\n b\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n" + TO + b"X: a\0b\r\n\r\n", 400),
        (b"GET /id/\xff HTTP/1.1\r\n" + TO + b"\r\n", 400),
        (b"GET /id/%00 HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET /id/%ff%zz% HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET /id/../../etc/passwd HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET /tables/..%2f..%2fetc/passwd HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET /id/person/a%0d%0aX:%20y HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET /question/x%0d%0aX:%20y HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET //evil.example/ HTTP/1.1\r\n" + TO + b"\r\n", 404),
        (b"GET " + ASK + b" HTTP/1.1\r\n" + TO + b"Sec-Fetch-Site: \r\n\r\n", 403),
        (b"GET " + ASK + b" HTTP/1.1\r\n" + TO + b"Origin: \xff\r\n\r\n", 403),
        (b"TRACE " + ASK + b" HTTP/1.1\r\n" + TO + b"\r\n", 405),
        (b"CONNECT evil.example:443 HTTP/1.1\r\n" + TO + b"\r\n", 400),
        (POST + b"Content-Length: 6\r\n" + CHUNKED + b"6\r\nASK {}\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\nASK {}", 400),
        (POST + b"Content-Length: -6\r\n\r\nASK {}", 400),
        (POST + b"Content-Length: 5000000000\r\n\r\nASK {}", 413),
        (POST + CHUNKED + b"6\r\nASK {}\r\n0\r\n\r\n", 200),
        (POST + CHUNKED + b"6\r\nASK {}\r\n0\r\nHost: evil.example\r\n\r\n", 200),
        (POST + CHUNKED + b"zz\r\nASK {}\r\n0\r\n\r\n", 400),
    ],
)
def test_what_no_client_of_good_will_sends(server: Server, said: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(said)
        answer = one.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"\nX: y" not in answer
    assert server.query("ASK {}").status == 200


def test_what_comes_without_end_takes_no_memory(server: Server) -> None:
    def resident() -> int:
        statm = Path(f"/proc/{server.process.pid}/statm").read_text("ascii")
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = resident()
    for start, part in (
        (b"6\r\nASK {}\r\n0\r\n", b"a: b\r\n" * 10_000),
        (b"6;", b"a" * 60_000),
        (b"", b"1\r\na\r\n" * 10_000),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
            one.sendall(POST + CHUNKED + start)
            with contextlib.suppress(ConnectionError):
                for _ in range(100):
                    one.sendall(part)
    assert server.query("ASK {}").status == 200
    assert resident() - before < 40_000_000


def test_requests_in_a_row_are_answered_in_that_row(server: Server) -> None:
    count = 150
    texts = [quote(f"SELECT ({n} AS ?row) {{}}").encode() for n in range(count)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as one:
        one.sendall(
            b"".join(
                b"GET /sparql?format=csv&query=%s HTTP/1.1\r\n%s\r\n" % (text, TO) for text in texts
            )
        )
        got = b""
        while got.count(b"\r\nrow\r\n") < count or not got.endswith(b"\r\n%d\r\n" % (count - 1)):
            part = one.recv(65_536)
            assert part, got[-500:]
            got += part
    rows = [int(part.partition(b"\r\n")[0]) for part in got.split(b"\r\nrow\r\n")[1:]]
    assert rows == list(range(count))


def test_half_open_connections_and_endless_heads(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            one = socket.create_connection(("127.0.0.1", server.port))
            stack.enter_context(one)
            one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert server.query("ASK {}").status == 200
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as one:
        one.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ")
        answer = b""
        with contextlib.suppress(OSError):
            for _ in range(600):
                one.sendall(b"a" * 1_000)
            answer = one.recv(100)
        assert not answer or b" 431 " in answer or b" 400 " in answer
    assert server.query("ASK {}").status == 200


def test_one_address_cannot_take_every_connection(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(450):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            with contextlib.suppress(OSError):
                one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        last = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        last.settimeout(5)
        with contextlib.suppress(ConnectionError):
            last.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert last.recv(100) == b""
        assert _from("127.0.0.2", server.port).startswith(b"HTTP/1.1 200")
    assert server.query("ASK {}").status == 200


def _from(address: str, port: int) -> bytes:
    """The beginning of the reply to a request from another address of this machine."""
    with socket.create_connection(("127.0.0.1", port), 10, (address, 0)) as one:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return one.recv(1_000)


def test_who_asks_too_often_has_to_wait_and_others_have_not(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log", "--rate", "2")
    try:
        replies = [_from("127.0.0.2", server.port) for _ in range(40)]
        assert replies[0].startswith(b"HTTP/1.1 200")
        assert replies[-1].startswith(b"HTTP/1.1 429")
        assert b"\r\nretry-after: 1\r\n" in replies[-1]
        assert b"\r\nx-content-type-options: nosniff\r\n" in replies[-1]
        assert _from("127.0.0.3", server.port).startswith(b"HTTP/1.1 200")
    finally:
        server.stop()


def test_a_rate_fills_again_counts_what_took_long_and_knows_networks() -> None:
    now = 100.0
    rate = Rate(5, lambda: now)
    assert [rate.wait("192.0.2.1") for _ in range(50)] == [0] * 50
    assert rate.wait("192.0.2.1") == 1
    assert rate.wait("192.0.2.2") == 0
    now += 1
    assert [rate.wait("192.0.2.1") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    rate.took("192.0.2.2", 8.0)
    assert rate.wait("192.0.2.2") == 7  # 49 - 80 requests, 5 a second
    assert [rate.wait(f"2001:db8::{n:x}") for n in range(51)][-1] == 1
    assert rate.wait("2001:db8:0:1::1") == 0
    # nobody is asked to wait on their own machine, or where there is no limit
    usual = Rate(clock=lambda: now)
    assert {usual.wait(one) for one in ("127.0.0.1", "::1") for _ in range(2_000)} == {0}
    assert max(usual.wait("192.0.2.1") for _ in range(501)) == 1
    assert {Rate(0).wait("192.0.2.1") for _ in range(5_000)} == {0}


def test_the_log_has_a_line_for_each_request_and_no_query(server: Server) -> None:
    server.get("/sparql?query=" + quote("SELECT ?secretly { ?secretly a ?x } LIMIT 1"))
    hidden = {"Authorization": "Bearer secretly", "Cookie": "s=secretly", "Referer": "/?secretly"}
    server.ask("GET", "/health?token=secretly", hidden)
    server.query("SELECT ?secretly")
    deadline = time.monotonic() + 5
    while '"status": 400' not in (text := server.log.read_text()).splitlines()[-1]:
        assert time.monotonic() < deadline, "no line in the log"
        time.sleep(0.01)
    assert "secretly" not in text
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert {"time", "method", "path", "status", "ms", "bytes"} <= set(lines[-1])
    assert lines[-1]["status"] == 400


def test_health(server: Server) -> None:
    answer = server.get("/health")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


# --- pages, things, files ------------------------------------------------------------------------


def test_every_file_of_the_build_and_nothing_else(server: Server, built: Path) -> None:
    manifest = json.loads((built / "manifest.json").read_text())
    for name, digest in manifest["files"].items():
        answer = server.get(f"/{quote(name)}")
        assert answer.status == 200, name
        assert hashlib.sha256(answer.body).hexdigest() == digest
    for path in (
        "/manifest.json.bak",
        "/../pyproject.toml",
        "/%2e%2e/x",
        "/.cache/inputs",
        "//etc",
    ):
        assert server.get(path).status == 404, path


def test_a_thing_as_page_and_as_data(server: Server, store: Embedded) -> None:
    path = "/id/person/antony-blinken"
    page = server.get(path, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    assert (page.status, page.type) == (200, "text/html")
    text = page.body.decode()
    assert "<h1>Antony Blinken</h1>" in text
    assert "<script" not in text
    for link in set(re.findall(r'href="(/[^"?#]+)', text)):
        assert server.get(link, "text/html").status in (200, 303), link
    node = ox.NamedNode(ID + "person/antony-blinken")
    about = {q.triple for q in store.engine.quads_for_pattern(node, None, None)}
    for kind, form in GRAPHS.items():
        answer = server.get(path, kind)
        assert (answer.status, answer.type) == (200, kind)
        assert about <= {q.triple for q in ox.parse(answer.body, format=form)}
    assert server.get(path + "?format=jsonld").type == "application/ld+json"
    assert server.get("/id/person/nobody").status == 404
    assert server.get("/id/person/no%20body").status == 404
    assert server.get(path, "image/png").status == 406


def test_one_thing_of_every_kind_has_a_page(server: Server, store: Embedded) -> None:
    seen: dict[str, str] = {}
    for quad in store.quads():
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(ID):
            rest = quad.subject.value.removeprefix(ID)
            kind = rest.partition("/")[0]
            seen[kind] = min(seen.get(kind, rest), rest)
    assert len(seen) > 15
    for rest in seen.values():
        answer = server.get(f"/id/{quote(rest)}", "text/html")
        assert (answer.status, answer.type) == (200, "text/html"), rest
    for path in ("/vocabulary/rank", "/vocabulary/rank/preferred"):
        assert server.get(path, "text/html").status == 200
    assert server.get("/ontology", "text/html").status == 200
    assert server.get("/ontology", "text/turtle").type == "text/turtle"


def test_graphs_as_a_whole(server: Server, store: Embedded) -> None:
    iri = "https://w3id.org/alliance-graph/graph/truthy"
    wanted = {q.triple for q in store.engine.quads_for_pattern(None, None, None, ox.NamedNode(iri))}
    for path in (f"/graph-store?graph={quote(iri)}", "/graph/truthy"):
        answer = server.get(path, "application/n-triples")
        assert {q.triple for q in ox.parse(answer.body, format=ox.RdfFormat.N_TRIPLES)} == wanted
    assert server.ask("HEAD", "/graph-store?default").status == 200
    assert server.get("/graph-store?graph=urn:none").status == 404
    assert server.get("/graph-store").status == 400
    assert server.get("/graph-store?default", "text/csv").status == 406


def test_void_and_dcat_tell_the_truth(server: Server, store: Embedded, built: Path) -> None:
    data = rdflib.Graph().parse(
        data=server.get("/.well-known/void", "text/turtle").body, format="turtle"
    )
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    dcat = rdflib.Namespace("http://www.w3.org/ns/dcat#")
    here = rdflib.URIRef("https://w3id.org/alliance-graph/")
    distinct: Any = store.query("SELECT (COUNT(*) AS ?n) { SELECT DISTINCT ?s ?p ?o { ?s ?p ?o } }")
    assert int(str(data.value(here, void.triples))) == int(next(iter(distinct))["n"].value)
    terms = rdflib.DCTERMS
    assert data.value(here, terms.title) == rdflib.Literal("alliance-graph", lang="en")
    for role in (terms.creator, terms.publisher):
        maker = data.value(here, role)
        assert data.value(maker, rdflib.FOAF.name) == rdflib.Literal("alliance-graph maintainers")
    (access,) = data.subjects(dcat.servesDataset, here)
    protocol = rdflib.URIRef("https://www.w3.org/TR/sparql11-protocol/")
    assert list(data.objects(access, terms.conformsTo)) == [protocol]
    assert data.value(access, terms.title)
    endpoint = urlsplit(str(data.value(access, dcat.endpointURL)))
    asked = f"{endpoint.path}?{urlencode({'query': 'ASK {}'})}"
    assert json.loads(server.get(asked, JSON).body)["boolean"] is True
    given = list(data.objects(here, dcat.distribution))
    assert len(given) >= 4
    for one in given:
        url = str(data.value(one, dcat.downloadURL))
        body = server.get(urlsplit(url).path).body
        assert int(str(data.value(one, dcat.byteSize))) == len(body)
        assert any(hashlib.sha256(body).hexdigest() == str(o) for o in data.objects())


def test_the_query_page_and_its_answers(server: Server) -> None:
    page = server.get("/query?plain&question=counterparts", "text/html").body.decode()
    assert "<script" not in page
    assert "<textarea" in page
    path = "/sparql?" + urlencode({"query": "SELECT ?c { ?c a ally:Country }", "format": "html"})
    assert "/id/country/us" in server.get(path, "text/html").body.decode()
    assert server.get("/query?question=none-such").status == 404
    assert server.get("/sparql", "text/html").type == "text/html"
    yes = server.query("ASK {}", "text/html").body.decode()
    assert "<p>Yes.</p>" in yes


def test_a_question_at_its_iri(server: Server) -> None:
    page = server.get("/question/counterparts", "text/html,*/*;q=0.8")
    assert (page.status, page.headers["location"]) == (303, "/query?question=counterparts")
    for accept in ("text/turtle", "*/*"):
        reply = server.get("/question/counterparts", accept)
        assert (reply.status, reply.type) == (200, "text/turtle")
        assert reply.body == catalogue.as_turtle([questions.find("counterparts")])
    assert server.get("/question/none-such", "text/turtle").status == 404


def test_what_stands_in_the_data_stays_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    thing = f"{ID}person/somebody"
    data = f"""<{thing}> a <http://xmlns.com/foaf/0.1/Person> ;
        <http://www.w3.org/2000/01/rdf-schema#label> "{evil}"@en ;
        <http://www.w3.org/2004/02/skos/core#prefLabel> "{evil}"@en , "{evil}"@ko ;
        <urn:x:javascript> <javascript:alert(3)> , "{evil}" , "control \\u0001 character" ."""
    (tmp_path / "evil.trig").write_text(data)
    server = Server(tmp_path / "evil.trig", tmp_path / "log")
    try:
        for answer in (
            server.get("/id/person/somebody", "text/html"),
            server.query("SELECT * { ?s ?p ?o }", "text/html"),
            server.query(f"SELECT ('{evil}' AS ?x) {{}}", "text/html"),
            server.get("/query?plain&query=" + quote(f"</textarea>{evil}"), "text/html"),
            server.query("CONSTRUCT WHERE { ?s ?p ?o }", "text/html"),
        ):
            text = answer.body.decode()
            assert answer.status == 200
            assert "<script" not in text
            assert "<img" not in text
            assert 'href="javascript' not in text
            assert "default-src &#39;none&#39;" in text
        # XML has no form for that character: an answer that no parser takes would be worse
        assert server.query("SELECT * { ?s ?p ?o }", "text/xml").status == 406
        assert server.query("SELECT * { ?s ?p ?o }").status == 200
    finally:
        server.stop()


# --- real clients --------------------------------------------------------------------------------


def _plain(question: questions.Question, store: Embedded) -> list[tuple[str, ...]]:
    found: Any = store.query(question.text)
    names = [v.value for v in found.variables]
    return sorted(tuple(getattr(row[n], "value", "") for n in names) for row in found)


ASKED = [q for q in questions.catalogue() if not q.required and not q.lists]


def test_curl(server: Server, store: Embedded, needs_tool: NeedsTool) -> None:
    curl = needs_tool("curl", "apt-get install curl")
    text = questions.find("channels").standalone()
    command = [str(curl), "-sSf", "--compressed", f"{server.url}sparql", "-H", f"Accept: {JSON}"]
    for how in (["--data-urlencode", f"query={text}"], ["-G", "--data-urlencode", f"query={text}"]):
        out = subprocess.run([*command, *how], capture_output=True, check=True).stdout
        found: Any = store.query(text)
        assert len(json.loads(out)["results"]["bindings"]) == len(list(found))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper(server: Server, store: Embedded, method: str) -> None:
    import SPARQLWrapper

    for question in ASKED[::4]:
        client = SPARQLWrapper.SPARQLWrapper(f"{server.url}sparql", agent="test")
        client.setMethod(method)
        client.setReturnFormat(SPARQLWrapper.JSON)
        client.setQuery(question.standalone())
        answer: Any = client.queryAndConvert()
        names = answer["head"]["vars"]
        rows = sorted(
            tuple(row[n]["value"] if n in row else "" for n in names)
            for row in answer["results"]["bindings"]
        )
        assert rows == _plain(question, store), question.name


def test_rdflib_as_a_client(server: Server, store: Embedded) -> None:
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = rdflib.Graph(SPARQLStore(f"{server.url}sparql", returnFormat="json"))
    for question in ASKED[::4]:
        answer = graph.query(question.standalone())
        rows = sorted(
            # the answer of a SELECT has rows
            tuple("" if cell is None else str(cell) for cell in row)  # type: ignore[union-attr]
            for row in answer
        )
        assert rows == _plain(question, store), question.name


# --- starting and stopping -----------------------------------------------------------------------


def test_a_stop_lets_what_runs_finish_and_leaves_no_process(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log", "--seconds", "1.5")
    children = server.children()
    assert len(children) == 5
    got: list[int] = []
    slow = KILLERS["count"][0]
    thread = threading.Thread(target=lambda: got.append(server.query(slow).status))
    thread.start()
    deadline = time.monotonic() + 1.2
    while len(server.children()) == 5 and time.monotonic() < deadline:
        time.sleep(0.05)  # until it has left the quick lane
    assert server.stop() == 0
    thread.join()
    assert got == [504]
    gone(children)


def test_a_kill_leaves_no_process(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log")
    children = server.children()
    server.stop(signal.SIGKILL)
    gone(children)


def test_without_its_nursery_it_ends_rather_than_hang(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log")
    (nursery,) = children_of(server.process.pid)
    os.kill(nursery, signal.SIGKILL)
    assert server.process.wait(20) == 2
    assert "start the server again" in server.log.read_text()


def test_ctrl_c_is_no_error(built: Path, tmp_path: Path) -> None:
    server = Server(built, tmp_path / "log")
    assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in server.log.read_text()


def test_a_check_starts_asks_and_stops(built: Path) -> None:
    command = [sys.executable, "-m", "alliance_graph", "serve", "--check", "--graph", str(built)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("workers answer; off the network by ")
    if sys.platform.startswith("linux"):
        assert "seccomp" in done.stdout


def test_what_cannot_be_served_is_said_in_a_line(built: Path, tmp_path: Path) -> None:
    private = tmp_path / "private"
    shutil.copytree(built, private)
    manifest = json.loads((private / "manifest.json").read_text())
    (private / "manifest.json").write_text(json.dumps({**manifest, "private": True}))
    command = [sys.executable, "-m", "alliance_graph", "serve", "--port", "0", "--graph"]
    for options, said in (
        ([str(private), "--host", "192.0.2.1"], "loopback only"),
        ([str(built), "--cors", "*"], "no origin"),
        ([str(built), "--cors", "https://a.example/path"], "no origin"),
    ):
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=30)
        assert done.returncode == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1


# --- parts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", "a/x"),
        ("*/*", "a/x"),
        ("b/z", "b/z"),
        ("a/*;q=0.5, b/z;q=0.4", "a/x"),
        ("a/*;q=0.3, b/z;q=0.4", "b/z"),
        ("a/x;q=0, */*", "a/y"),
        ("a/y, */*", "a/y"),
        ("c/c", None),
        ("a/x;q=bad", None),
        ("A/Y ; Q=1", "a/y"),
    ],
)
def test_negotiation(accept: str, wanted: str | None) -> None:
    assert negotiate(accept, ("a/x", "a/y", "b/z")) == wanted


@given(st.text(max_size=60))
def test_negotiation_takes_any_field(accept: str) -> None:
    assert negotiate(accept, ("a/x", "b/y")) in ("a/x", "b/y", None)
