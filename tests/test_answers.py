"""What a worker answers, without a server around it: forms, limits, refusals, data sets."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph.serve import protocol
from alliance_graph.serve.answers import GRAPHS, RESULTS, Answers, _FullError, _Sink
from alliance_graph.serve.pool import Head, Limits
from alliance_graph.serve.protocol import RefusedError
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import PREFIXES

FACTS = """
INSERT DATA {
  <urn:a> rdfs:label "A"@en . <urn:b> rdfs:label "B"@en , "나"@ko . <urn:c> rdfs:label "C <b>" .
  GRAPH <urn:g> { <urn:a> <urn:knows> <urn:b> }
  GRAPH <urn:h> { <urn:b> <urn:knows> <urn:c> }
  GRAPH <urn:control> { <urn:x> <urn:holds> "\\u0001" }
}
"""
JSON = "application/sparql-results+json"
LABELS = "SELECT ?s ?n { ?s rdfs:label ?n } ORDER BY ?n"


@pytest.fixture(scope="module")
def store() -> Embedded:
    made = Embedded()
    made.engine.update(FACTS, prefixes=PREFIXES)
    return made


@pytest.fixture(scope="module")
def answers(store: Embedded) -> Answers:
    return Answers(store, Limits(rows=3))


@pytest.fixture(scope="module")
def tight(store: Embedded) -> Answers:
    return Answers(store, Limits(rows=3, reply=4_000))


def ask(answers: Answers, text: str, accept: str = JSON, **more: Any) -> tuple[Head, bytes]:
    return answers({"do": "query", "query": text, "accept": accept, **more}, b"")


def told(answers: Answers, text: str, **more: Any) -> tuple[int, str]:
    """Status and text of a refusal."""
    head, body = ask(answers, text, **more)
    assert head["type"] == "text/plain"
    assert "tag" not in head
    return head["status"], body.decode()


def bindings(answers: Answers, text: str, **more: Any) -> list[dict[str, str]]:
    head, body = ask(answers, text, **more)
    assert (head["status"], head["type"]) == (200, JSON)
    found = json.loads(body)["results"]["bindings"]
    return [{name: term["value"] for name, term in row.items()} for row in found]


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(RESULTS))
def test_rows_in_every_form_say_the_same(answers: Answers, kind: str) -> None:
    head, body = ask(answers, "SELECT ?n { <urn:b> rdfs:label ?n } ORDER BY ?n", kind)
    assert head == {
        "status": 200,
        "type": kind,
        "tag": hashlib.sha256(body).hexdigest()[:32],
    }
    if kind == "text/csv":
        assert body.decode() == "n\r\nB\r\n나\r\n"
        return
    rows = ox.parse_query_results(body, format=RESULTS[kind])
    assert isinstance(rows, ox.QuerySolutions)
    assert [str(row["n"]) for row in rows] == ['"B"@en', '"나"@ko']


@pytest.mark.parametrize("kind", sorted(GRAPHS))
def test_graphs_in_every_form_say_the_same(answers: Answers, kind: str) -> None:
    wanted = {'"B"@en', '"나"@ko'}
    for text in (
        "CONSTRUCT { <urn:b> rdfs:label ?n } { <urn:b> rdfs:label ?n }",
        "DESCRIBE <urn:b>",
    ):
        head, body = ask(answers, text, kind)
        assert (head["status"], head["type"]) == (200, kind)
        found = {str(q.object) for q in ox.parse(body, format=GRAPHS[kind])}
        assert wanted <= found
        assert ask(answers, text, kind)[1] == body


def test_turtle_declares_the_prefixes_it_uses_and_no_more(answers: Answers) -> None:
    _, body = ask(answers, "CONSTRUCT WHERE { <urn:a> rdfs:label ?n }", "text/turtle")
    assert body.decode() == (
        '@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n<urn:a> rdfs:label "A"@en .\n'
    )
    _, lines = ask(answers, "CONSTRUCT WHERE { <urn:a> rdfs:label ?n }", "application/n-triples")
    assert lines.startswith(b"<urn:a> <http")


@pytest.mark.parametrize(
    ("accept", "form", "given"),
    [
        (JSON, "xml", "application/sparql-results+xml"),
        (JSON, "CSV", "text/csv"),
        (JSON, "nonsense", JSON),
        (JSON, "turtle", JSON),
        ("", "", JSON),
        ("text/html", "json", JSON),
        ("text/html;q=0.1, text/tab-separated-values", "", "text/tab-separated-values"),
    ],
)
def test_the_form_is_named_or_negotiated(
    answers: Answers, accept: str, form: str, given: str
) -> None:
    assert ask(answers, LABELS + " LIMIT 1", accept, format=form)[0]["type"] == given


@pytest.mark.parametrize(
    ("text", "truth"), [("ASK { <urn:a> ?p ?o }", True), ("ASK { <urn:z> ?p ?o }", False)]
)
def test_yes_and_no_in_the_forms_that_have_them(answers: Answers, text: str, truth: bool) -> None:
    _, body = ask(answers, text)
    assert json.loads(body)["boolean"] is truth
    head, body = ask(answers, text, "application/sparql-results+xml")
    assert f"<boolean>{str(truth).lower()}</boolean>" in body.decode()
    head, body = ask(answers, text, "text/html")
    assert head["type"] == "text/html"
    assert ("<p>Yes" in body.decode()) is truth
    status, said = told(answers, text, accept="text/csv")
    assert status == 406
    assert said.startswith(
        "this answer comes as application/sparql-results+json, application/json,"
    )
    assert "csv" not in said


def test_what_nobody_offers_is_406_and_lists_what_there_is(answers: Answers) -> None:
    status, said = told(answers, LABELS, accept="image/png")
    assert status == 406
    assert said == f"this answer comes as {', '.join(RESULTS)}, text/html\n"
    status, said = told(answers, "DESCRIBE <urn:a>", accept="text/csv")
    assert (status, said) == (406, f"this answer comes as {', '.join(GRAPHS)}, text/html\n")


def test_pages_show_texts_as_texts_and_say_what_was_cut(answers: Answers) -> None:
    head, body = ask(answers, "SELECT ?n { <urn:c> rdfs:label ?n } # <i>", "text/html")
    assert (head["status"], head["type"]) == (200, "text/html")
    assert b"C &lt;b&gt;" in body
    assert b"# &lt;i&gt;" in body
    assert "truncated" not in head
    assert b"Cut off" not in body
    head, body = ask(answers, "SELECT * { ?s ?p ?o } LIMIT 4", "text/html")
    assert head["truncated"] == 3
    assert b"this server gives 3 rows at most" in body
    head, body = ask(answers, "CONSTRUCT WHERE { ?s ?p ?o } # <i>", "text/html")
    assert head["truncated"] == 3
    assert b"this server gives 3 triples at most" in body
    assert b"# &lt;i&gt;" in body
    head, body = ask(answers, "CONSTRUCT WHERE { <urn:c> rdfs:label ?n }", "text/html")
    assert b"C &lt;b&gt;" in body
    assert "truncated" not in head


def test_a_longer_reply_is_pressed_where_that_is_asked_for(store: Embedded) -> None:
    answers = Answers(store, Limits(reply=10_000))
    long = f"SELECT ('{'x' * 2000}' AS ?x) {{}}"
    head, body = ask(answers, long, gzip=True)
    plain, text = ask(answers, long)
    assert head == {**plain, "encoding": "gzip"}
    assert gzip.decompress(body) == text
    assert len(body) < len(text)
    assert ask(answers, long, gzip=True)[1] == body
    assert body[4:8] == bytes(4), "no time in it"
    assert "encoding" not in plain
    assert "encoding" not in ask(answers, "ASK {}", gzip=True)[0]


# --- limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "cut"), [(2, False), (3, False), (4, True), (500, True)])
@pytest.mark.parametrize(
    "shape",
    [
        "SELECT ?x {{ VALUES ?x {{ {values} }} }}",
        "SELECT ?x {{ VALUES (?x ?y) {{ {pairs} }} }}",
        "SELECT ?none {{ VALUES ?x {{ {values} }} }}",
        "SELECT ?x ?none {{ VALUES ?x {{ {values} }} }}",
    ],
)
def test_rows_past_the_limit_are_cut_and_it_is_said(
    answers: Answers, rows: int, cut: bool, shape: str
) -> None:
    text = shape.format(
        values=" ".join(map(str, range(rows))),
        pairs=" ".join(f"({n} {n})" for n in range(rows)),
    )
    found = ask(answers, text)
    assert len(json.loads(found[1])["results"]["bindings"]) == min(rows, 3)
    assert found[0].get("truncated") == (3 if cut else None)
    if "?none {" not in shape:
        assert bindings(answers, text) == [{"x": str(n)} for n in range(min(rows, 3))]


def test_a_text_that_looks_like_the_end_of_a_row_is_none(answers: Answers) -> None:
    nasty = '\'},{"},{"},{"},{"},{"\''
    assert bindings(answers, f"SELECT ({nasty} AS ?x) {{}}") == [{"x": nasty[1:-1]}]
    assert "truncated" not in ask(answers, f"SELECT ({nasty} AS ?x) {{}}")[0]


@pytest.mark.parametrize(("triples", "cut"), [(3, False), (4, True), (300, True)])
def test_triples_past_the_limit_are_cut_and_it_is_said(
    answers: Answers, triples: int, cut: bool
) -> None:
    values = " ".join(map(str, range(triples)))
    text = f"CONSTRUCT {{ <urn:s> <urn:p> ?x }} {{ VALUES ?x {{ {values} }} }}"
    head, body = ask(answers, text, "application/n-triples")
    assert body.count(b"\n") == 3
    assert head.get("truncated") == (3 if cut else None)
    assert ask(answers, text, "text/html")[0].get("truncated") == (3 if cut else None)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ('{'x' * 5000}' AS ?x) {{}}",
        f"CONSTRUCT {{ <urn:s> <urn:p> '{'x' * 5000}' }} {{}}",
        f"SELECT ?x {{ VALUES ?x {{ 1 '{'x' * 5000}' 2 3 4 }} }}",
        f"SELECT ?x {{ VALUES ?x {{ 1 '{'x' * 100_000}' 2 3 4 }} }}",
    ],
)
def test_a_reply_that_is_too_long_is_507(tight: Answers, text: str) -> None:
    accept = JSON if text.startswith("SELECT") else "text/turtle"
    assert told(tight, text, accept=accept) == (
        507,
        "the reply would be longer than 0.004 MB\n",
    )


@given(
    st.lists(st.text(alphabet='},{"x', max_size=7).map(str.encode), max_size=12),
    st.integers(0, 40),
    st.integers(0, 4),
)
def test_the_sink_takes_so_much_and_counts_rows_wherever_it_is_cut(
    chunks: list[bytes], most: int, enough: int
) -> None:
    sink = _Sink(most, enough)
    assert sink.writable()
    taken = b""
    for chunk in chunks:
        taken += chunk
        if len(taken) > most or taken.count(b'},{"') > enough:
            with pytest.raises(_FullError):
                sink.write(chunk)
            break
        assert sink.write(chunk) == len(chunk)
        assert not sink.full
        assert sink.rows == taken.count(b'},{"')
    else:
        assert sink.data == taken
        return
    assert sink.full
    assert sink.write(b"more") == 4
    assert sink.data == taken


def test_an_engine_that_fails_is_told_as_it_is(answers: Answers, store: Embedded) -> None:
    class Failing:
        def __init__(self, bad: Exception) -> None:
            self.bad = bad

        @property
        def engine(self) -> Any:
            return self

        def query(self, *_: Any, **__: Any) -> Any:
            raise self.bad

    class Rows:
        def serialize(self, *_: Any, **__: Any) -> None:
            raise OSError("the disk")

    class Late(Failing):
        def query(self, *_: Any, **__: Any) -> Any:
            return Rows()

    broken = Answers(store, Limits())
    for bad in (RuntimeError("x"), OSError("x"), ValueError("x")):
        broken._store = Failing(bad)  # type: ignore[assignment]  # what no store of ours does
        assert told(broken, LABELS) == (400, "the engine could not answer: x\n")
    broken._store = Late(OSError())  # type: ignore[assignment]  # as above
    assert told(broken, LABELS) == (400, "the engine could not answer: the disk\n")


def test_a_reply_within_its_length_is_whole(tight: Answers) -> None:
    _, body = ask(tight, f"SELECT ('{'x' * 3_000}' AS ?x) {{}}")
    free = 4_000 - len(body)
    head, body = ask(tight, f"SELECT ('{'x' * (3_000 + free)}' AS ?x) {{}}")
    assert (head["status"], len(body)) == (200, 4_000)
    assert told(tight, f"SELECT ('{'x' * (3_001 + free)}' AS ?x) {{}}")[0] == 507
    rows = " ".join(f"'{'x' * 900}{n}'" for n in range(5))
    found = bindings(tight, f"SELECT ?x {{ VALUES ?x {{ {rows} }} }}")
    assert len(found) == 3


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("SELECT * { SERVICE <urn:x> {} }", 403, "SERVICE is refused: this endpoint asks no"),
        ("SELECT", 400, "not a SPARQL 1.1 query: "),
        ("", 400, "not a SPARQL 1.1 query: "),
        ("INSERT DATA { <urn:a> <urn:b> 1 }", 400, "not a SPARQL 1.1 query: "),
        ("CLEAR ALL", 400, "not a SPARQL 1.1 query: "),
        ("SELECT (REPLACE('a', '(', 'b') AS ?x) FROM <http://127.0.0.1:9/> {}", 200, ""),
    ],
)
def test_what_is_no_query_of_ours(answers: Answers, text: str, status: int, said: str) -> None:
    if status == 200:
        assert ask(answers, text)[0]["status"] == 200
        return
    found, why = told(answers, text)
    assert found == status
    assert why.startswith(said)
    assert why.endswith("\n")


def test_a_fault_of_ours_is_500_without_details(store: Embedded) -> None:
    answers = Answers(store, Limits())
    assert answers({"do": "query", "accept": JSON}, b"") == (
        {"status": 500, "type": "text/plain"},
        b"this went wrong here: KeyError\n",
    )
    answers._store = None  # type: ignore[assignment]  # something that no request can do
    assert told(answers, LABELS)[0] == 500


def test_memory_is_for_the_pool_to_report(store: Embedded) -> None:
    class Full:
        @property
        def engine(self) -> Any:
            raise MemoryError

    answers = Answers(store, Limits())
    answers._store = Full()  # type: ignore[assignment]  # what an engine may do at any time
    with pytest.raises(MemoryError):
        ask(answers, LABELS)


def test_characters_that_xml_has_no_form_for_are_406(answers: Answers) -> None:
    text = "SELECT ?o { GRAPH <urn:control> { ?s ?p ?o } }"
    status, said = told(answers, text, accept="application/sparql-results+xml")
    assert (status, said) == (
        406,
        "the answer holds characters that XML has no form for; take JSON\n",
    )
    assert bindings(answers, text) == [{"o": "\x01"}]
    for char in ("\\uFFFE", "\\uFFFF", "\\u0008", "\\u000B", "\\u001F"):
        asked = f"SELECT ('{char}' AS ?x) {{}}"
        assert told(answers, asked, accept="application/sparql-results+xml")[0] == 406, char
    for char in ("\\t", "\\n", "\\r", "\\uFFFD", "\\uD7FF", "&#x1F600;", "&#1;"):
        asked = f"SELECT ('{char}' AS ?x) {{}}"
        assert ask(answers, asked, "application/sparql-results+xml")[0]["status"] == 200, char


def test_an_answer_that_changes_is_marked(answers: Answers) -> None:
    assert ask(answers, "SELECT (NOW() AS ?x) {}")[0]["changing"] is True
    assert ask(answers, "SELECT (rand () AS ?x) {}")[0]["changing"] is True
    assert "changing" not in ask(answers, "SELECT ('now' AS ?x) {}")[0]


# --- data sets, things and graphs -----------------------------------------------------------------


def test_without_a_data_set_all_graphs_are_seen(answers: Answers) -> None:
    knows = "SELECT ?a ?b { ?a <urn:knows> ?b } ORDER BY ?a"
    assert len(bindings(answers, knows)) == 2
    assert bindings(answers, knows, default=["urn:g"]) == [{"a": "urn:a", "b": "urn:b"}]
    assert bindings(answers, knows, named=["urn:g"]) == []
    graphs = "SELECT DISTINCT ?g { GRAPH ?g { ?a <urn:knows> ?b } } ORDER BY ?g"
    assert bindings(answers, graphs) == [{"g": "urn:g"}, {"g": "urn:h"}]
    assert bindings(answers, graphs, named=["urn:h"]) == [{"g": "urn:h"}]
    assert bindings(answers, "SELECT ?a FROM <urn:h> { ?a <urn:knows> ?b }") == [{"a": "urn:b"}]
    # the protocol's data set goes before the query's own
    asked = "SELECT ?a FROM <urn:h> { ?a <urn:knows> ?b }"
    assert bindings(answers, asked, default=["urn:g"]) == [{"a": "urn:a"}]
    assert told(answers, knows, default=["no iri"])[0] == 400
    assert told(answers, knows, named=["no iri"])[1].startswith("no IRI for a graph: ")


def test_a_base_completes_relative_iris(answers: Answers) -> None:
    asked = "SELECT ?x { BIND(<x> AS ?x) }"
    assert bindings(answers, asked, base="https://example.org/a/") == [
        {"x": "https://example.org/a/x"}
    ]
    asked = "SELECT ?x { BIND(<x> AS ?x) ?s rdfs:label 'C <b>' }"
    assert bindings(answers, asked, base="https://example.org/a/") == [
        {"x": "https://example.org/a/x"}
    ]
    assert told(answers, asked)[0] == 400


def test_a_thing_with_what_leads_to_it(answers: Answers) -> None:
    head, body = answers({"do": "thing", "iri": "urn:b", "accept": "application/n-triples"}, b"")
    assert (head["status"], head["type"]) == (200, "application/n-triples")
    assert body.decode().splitlines() == sorted(
        [
            "<urn:a> <urn:knows> <urn:b> .",
            '<urn:b> <http://www.w3.org/2000/01/rdf-schema#label> "B"@en .',
            '<urn:b> <http://www.w3.org/2000/01/rdf-schema#label> "나"@ko .',
            "<urn:b> <urn:knows> <urn:c> .",
        ]
    )
    head, body = answers({"do": "thing", "iri": "urn:c", "accept": "text/html"}, b"")
    assert (head["status"], head["type"]) == (200, "text/html")
    assert b"urn:knows" in body
    _, body = answers({"do": "thing", "iri": "urn:x", "accept": "text/html"}, b"")
    assert b"urn:holds" in body
    for iri, said in (
        ("urn:none", "the graph holds nothing of <urn:none>\n"),
        ("<", "no such IRI\n"),
    ):
        head, body = answers({"do": "thing", "iri": iri, "accept": ""}, b"")
        assert (head["status"], body.decode()) == (404, said)


def test_a_graph_or_all_of_them(answers: Answers) -> None:
    def graph(iri: str | None, accept: str = "text/turtle") -> tuple[Head, bytes]:
        return answers({"do": "graph", "iri": iri, "accept": accept}, b"")

    head, body = graph("urn:g")
    assert (head["type"], body) == ("text/turtle", b"<urn:a> <urn:knows> <urn:b> .\n")
    assert len(set(ox.parse(graph(None)[1], format=ox.RdfFormat.TURTLE))) == 7
    assert graph("urn:none") == ({"status": 404, "type": "text/plain"}, b"no graph <urn:none>\n")
    assert graph("<")[0]["status"] == 404
    assert graph("urn:g", "text/html")[0]["status"] == 406
    assert graph("urn:control", "application/rdf+xml")[0]["status"] == 406


# --- the protocol ---------------------------------------------------------------------------------

FORM = protocol.FORM
QUERY = "application/sparql-query"


def asked(method: str, search: str = "", kind: str = "", body: bytes = b"") -> dict[str, Any]:
    return protocol.asked({"method": method, "search": search, "type": kind}, body)


def test_a_query_by_get_post_and_form_is_one() -> None:
    text = "SELECT * { ?s rdfs:label '서울 & +%' }"
    whole = {"do": "query", "query": text, "format": "", "default": [], "named": []}
    form = urlencode({"query": text})
    assert asked("GET", form) == whole
    assert asked("POST", "", FORM, form.encode()) == whole
    assert asked("POST", "", f"{QUERY}; charset=UTF-8", text.encode()) == whole
    assert asked("POST", "", FORM.upper() + ';charset="utf8"', form.encode()) == whole
    more = [
        ("default-graph-uri", "urn:a"),
        ("named-graph-uri", "urn:b"),
        ("default-graph-uri", "urn:c"),
        ("format", "nonsense"),
        ("output", "CSV"),
        ("other", "x"),
    ]
    full = {**whole, "format": "CSV", "default": ["urn:a", "urn:c"], "named": ["urn:b"]}
    assert asked("GET", form + "&" + urlencode(more)) == full
    assert asked("POST", urlencode(more), QUERY, text.encode()) == full
    assert asked("POST", urlencode(more), FORM, form.encode()) == full
    assert asked("GET", form + "&format=TTL&output=csv")["format"] == "TTL"


@pytest.mark.parametrize(
    ("method", "search", "kind", "body", "status", "said"),
    [
        ("GET", "", "", b"", 400, "there is no query in this request"),
        ("GET", "query=ASK{}&query=ASK{}", "", b"", 400, "send one query, not several"),
        ("POST", "query=ASK{}", FORM, b"query=ASK{}", 400, "send one query, not several"),
        ("GET", "update=CLEAR+ALL", "", b"", 403, "this endpoint is read-only: it takes no update"),
        ("GET", "query=ASK{}&update=", "", b"", 403, "this endpoint is read-only"),
        ("POST", "", FORM, b"update=x", 403, "this endpoint is read-only"),
        ("POST", "", "application/sparql-update", b"", 403, "this endpoint is read-only"),
        ("POST", "", "text/plain", b"ASK {}", 415, "send a query as application/x-www-form"),
        ("POST", "", "", b"ASK {}", 415, "send a query as application/x-www-form-urlencoded or "),
        ("POST", "", f"{QUERY};charset=latin-1", b"ASK {}", 415, "write queries in UTF-8"),
        ("POST", "", QUERY, b"ASK {\xff}", 400, "the query is not UTF-8 at byte 5"),
        ("GET", "query=%FF", "", b"", 400, "the parameters are not URL-encoded UTF-8"),
        ("GET", "query=\xff", "", b"", 400, "the parameters are not URL-encoded UTF-8"),
        ("GET", "&" * 200, "", b"", 400, "a request takes 200 parameters at most"),
        ("GET", "q" * 262_145, "", b"", 414, "a request takes 262144 bytes at most"),
    ],
)
def test_what_the_protocol_refuses(
    method: str, search: str, kind: str, body: bytes, status: int, said: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        asked(method, search, kind, body)
    assert refused.value.status == status
    assert str(refused.value).startswith(said)
    assert refused.value.headers == {}


def test_what_is_just_allowed() -> None:
    assert asked("GET", "query=ASK{}" + "&" * 199)["query"] == "ASK{}"
    assert len(asked("GET", "query=" + "x" * 262_138)["query"]) == 262_138
    assert RefusedError(429, "x", {"Retry-After": "1"}).headers == {"Retry-After": "1"}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a=b+c&d=%ea%b0%80", [("a", "b c"), ("d", "가")]),
        (b"a", [("a", "")]),
        (b"=b", [("", "b")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"&&a=1&", [("a", "1")]),
        (b"a=%", [("a", "%")]),
        (b"a=%zz%41", [("a", "%zzA")]),
        (b"a=\\x41%5C", [("a", "\\x41\\")]),
        (b"a%3D=%26%2B", [("a=", "&+")]),
    ],
)
def test_parameters(data: bytes, found: list[tuple[str, str]]) -> None:
    assert protocol.params(data) == found


@pytest.mark.parametrize(
    ("accept", "best"),
    [
        ("", "a/x"),
        ("*/*", "a/x"),
        ("b/y", "b/y"),
        ("A/Z", "a/z"),
        ("a/*", "a/x"),
        ("b/*;q=0.5, a/*;q=0.4", "b/y"),
        ("a/x;q=0.5, b/y;q=0.5", "a/x"),
        ("*/*, b/y", "b/y"),
        ("a/*, b/y;q=0.9", "a/x"),
        ("a/x;q=0, */*;q=0.1", "b/y"),
        ("a/x;q=nonsense, b/y;q=0.1", "b/y"),
        ("a/x; level=1 ; q=0.2, b/y ; q = 0.3", "b/y"),
        ("c/c", None),
        ("a/x;q=0", None),
        (",", "a/x"),
    ],
)
def test_the_offer_that_is_liked_best(accept: str, best: str | None) -> None:
    assert protocol.negotiate(accept, ("a/x", "b/y", "a/z")) == best


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("SELECT (NOW() AS ?t) {}", True),
        ("SELECT (STRUUID () AS ?t) {}", True),
        ("SELECT (BNODE('x') AS ?t) {}", True),
        ("SELECT (COUNT(*) AS ?now) {}", False),
        ("SELECT * { ?s ?p 'now' }", False),
    ],
)
def test_what_may_answer_something_else_next_time(text: str, changes: bool) -> None:
    assert protocol.changing(text) is changes
