"""The ontology's page tells of every term, and what it shows was asked of the graph."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner
from playwright.sync_api import sync_playwright
from pyoxigraph import RdfFormat, parse
from tests import serving

from alliance_graph import build, catalogue, cli, codebook, paths, questions, reference, tables
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, OWL, RDF, compact

SH = "http://www.w3.org/ns/shacl#"
KINDS = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


@pytest.fixture(scope="module")
def page(store: Embedded) -> str:
    return reference.as_html(store)


@pytest.fixture(scope="module")
def entries(page: str) -> dict[str, str]:
    """Each term's part of the page, by its name in SPARQL."""
    parts = re.split(r"(?=<h[23] id=)", page)
    return {
        found[1]: part
        for part in parts
        if (found := re.search(r"<p><code>([\w-]+:[\w-]+)</code> · ", part))
    }


@pytest.fixture(scope="module")
def declared() -> set[str]:
    kinds = {OWL + kind for kind in KINDS}
    path = paths.ontology() / "alliance.ttl"
    triples = parse(path=str(path), format=RdfFormat.TURTLE)
    return {
        compact(str(t.subject)[1:-1])
        for t in triples
        if t.predicate.value == RDF + "type" and str(t.object)[1:-1] in kinds
    }


# --- what it tells -------------------------------------------------------------------------------


def test_every_term_has_its_place_with_label_and_definition_in_both_languages(
    entries: dict[str, str], declared: set[str]
) -> None:
    # blank nodes and terms without a label are no terms for readers
    assert {name for name in declared if name.startswith("ally:")} <= set(entries)
    ours = {name: part for name, part in entries.items() if name.startswith("ally:")}
    assert len(ours) > 130
    for name, part in ours.items():
        assert f'<h3 id="{name.removeprefix("ally:")}">' in part
        # the label and the definition
        assert len(re.findall(r'<span class="soft" lang="ko">[^<]*[가-힣]', part)) >= 2, name


def test_what_a_class_is_used_with_leads_to_the_properties(entries: dict[str, str]) -> None:
    encounter = entries["ally:Encounter"]
    assert "was held" in encounter
    assert "never an Encounter" in encounter
    assert re.search(r"<dt>never also</dt><dd>[^\n]*#PlannedEncounter", encounter)
    assert re.search(r"<dt>properties</dt><dd>[^\n]*#participation", encounter)
    assert re.search(r"<dt>used with</dt><dd>[^\n]*#Encounter", entries["ally:inChannel"])
    assert re.search(r"<dt>a kind of</dt><dd>[^\n]*#Channel", entries["ally:MeetingSeries"])


def test_a_property_with_a_closed_list_leads_to_the_list(entries: dict[str, str]) -> None:
    part = entries["ally:mode"]
    assert '<a href="#scheme-mode">voc:mode</a>' in part
    assert "a word of the list mode" in part


def test_every_rule_that_is_checked_is_told_of(page: str) -> None:
    text = unescape(re.sub(r"</?code>", "`", page))
    told = [
        t.object.value
        for t in parse(path=str(paths.ontology() / "shapes.ttl"), format=RdfFormat.TURTLE)
        if t.predicate.value == SH + "message"
    ]
    assert len(told) > 200
    assert [m for m in told if m not in text] == []


@pytest.mark.parametrize(
    ("name", "path", "words", "strict"),
    [
        ("ally:Encounter", "ally:setting", "exactly one", "must"),
        ("ally:Encounter", "ally:scheduledFor", "none", "must"),
        ("ally:Encounter", "rdf:subject", "at least one that leads here", "must"),
        ("ally:Participation", "the whole", "either at least one ally:person or ", "must"),
        ("ally:paragraph", "ally:paragraph", "a whole number, 1 to 999", "must"),
        ("ally:place", "ally:place", "ally:Place or ally:Country", "must"),
        ("ally:earliest", "ally:earliest", "not after its ally:latest", "must"),
        ("foaf:Person", "rdfs:label", "at least one in English", "must"),
        ("skos:prefLabel", "skos:prefLabel", "in English or Korean, one in each language", "must"),
    ],
)
def test_rules_in_words(
    entries: dict[str, str], name: str, path: str, words: str, strict: str
) -> None:
    rows = re.findall(r'<th scope="row">(.*?)</th><td>(.*?)</td><td>(\w[\w ]+)</td>', entries[name])
    told = [(re.sub("<[^>]+>", "", p), unescape(w), s) for p, w, s in rows]
    assert [t for t in told if t[0] == path and words in t[1] and t[2] == strict], told


def test_numbers_are_those_of_the_graph(entries: dict[str, str], store: Embedded) -> None:
    for name, pattern in (
        ("ally:Encounter", "?x a ally:Encounter"),
        ("foaf:Person", "?x a foaf:Person"),
        ("ally:holder", "?x ally:holder ?y"),
    ):
        [row] = select(store, f"SELECT (COUNT(*) AS ?n) {{ SELECT DISTINCT * {{ {pattern} }} }}")
        count = int(cast("Any", row["n"]).value)
        assert count > 0
        assert f"<code>{name}</code> · {count:,} in this graph" in entries[name]


def test_questions_are_listed_with_the_terms_that_they_use(entries: dict[str, str]) -> None:
    linked = {
        name: set(re.findall(r'href="questions\.html#([\w-]+)"', part))
        for name, part in entries.items()
    }
    assert "planned-not-held" in linked["ally:PlannedEncounter"]
    assert "planned-not-held" not in linked["ally:CounterpartRelation"]
    assert "who-says" in linked["ally:holder"]
    assert set().union(*linked.values()) == {q.name for q in questions.catalogue()}
    words = {q.name: q.text for q in questions.catalogue()}
    for name, asked in linked.items():
        for question in asked:
            assert re.search(rf"\b{name}\b", words[question]), (name, question)


# --- examples ------------------------------------------------------------------------------------


def _examples(text: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Each query with the rows below it."""
    pattern = r"<pre tabindex=\"0\"><code>(SELECT.*?)</code></pre>.*?<tbody>(.*?)</tbody>"
    for query, body in re.findall(pattern, text, re.S):
        rows = re.findall(r"<tr>(.*?)</tr>", body, re.S)
        yield (
            unescape(query),
            [[unescape(c) for c in re.findall(r"<td>(.*?)</td>", row, re.S)] for row in rows],
        )


def test_every_term_that_the_graph_uses_has_an_example_that_gives_these_rows(
    entries: dict[str, str], store: Embedded
) -> None:
    asked = 0
    for name, part in entries.items():
        shown = list(_examples(part))
        used = "none in this graph" not in part
        datatype = name == "edtf:EDTF"
        assert len(shown) == (1 if used and not datatype else 0), name
        for query, rows in shown:
            assert re.search(rf"\b{name}\b", query)
            table = questions.run(store, query)
            assert isinstance(table, tables.Table)
            told = [[tables.clean("" if v is None else str(v)) for v in r] for r in table.rows]
            assert rows == told, name
            assert 1 <= len(rows) <= 3
            asked += 1
    assert asked > 150


def test_every_list_that_is_used_has_an_example(page: str, store: Embedded) -> None:
    lists = page[page.index('<h2 id="lists">') :]
    found = 0
    for part in re.split(r'(?=<h3 id="scheme-)', lists)[1:]:
        for query, rows in _examples(part):
            table = questions.run(store, query)
            assert isinstance(table, tables.Table)
            assert len(rows) == len(table) > 0
            found += 1
    assert found > 15


# --- the page ------------------------------------------------------------------------------------


def test_it_does_not_depend_on_what_stands_in_the_graph_first(store: Embedded, page: str) -> None:
    other = Embedded(sorted(store.quads(), key=str, reverse=True))
    assert reference.as_html(other) == page


def test_an_alliance_of_others_has_one_too() -> None:
    facts = Path(__file__).parent / "data" / "other-alliance"
    made = reference.as_html(build.compile_facts(facts).store)
    assert '<h3 id="Encounter">' in made
    assert "au-jp-2-plus-2-2022-12-09" in made
    assert "South Korea" not in made


def test_axe_finds_nothing(
    page: str, tmp_path: Path, needs_tool: Callable[[str, str], Path]
) -> None:
    chromium = needs_tool("chromium", "apt-get install chromium")
    wheel = find_spec("axe_playwright_python")
    assert wheel
    assert wheel.origin
    axe = Path(wheel.origin).with_name("axe.min.js").read_text("utf-8")
    path = tmp_path / "ontology.html"
    # axe takes a minute for all terms: some of each kind are made in the same way
    parts = re.split(r"(?=<h[23] id=)", page)
    kept = [p for i, p in enumerate(parts[1:]) if p.startswith("<h2") or i % 12 == 0]
    path.write_text("".join([parts[0], *kept]), "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        # the page allows no script: the checker is let in past its policy
        shown = browser.new_context(bypass_csp=True).new_page()
        shown.goto(path.as_uri())
        shown.evaluate(axe)
        found = shown.evaluate("axe.run().then((r) => r.violations)")
        browser.close()
    assert [(f["id"], n["target"]) for f in found for n in f["nodes"][:3]] == []


# --- the command ---------------------------------------------------------------------------------


def test_the_command_puts_the_pages_into_the_build_which_lists_them(
    built: Path, tmp_path: Path, page: str
) -> None:
    out = tmp_path / "build"
    shutil.copytree(built, out)
    done = CliRunner().invoke(cli.main, ["docs", "--graph", str(out)])
    assert done.exit_code == 0, done.output
    names = ["docs/codebook.html", "docs/ontology.html", "docs/questions.html"]
    assert done.stdout.split() == [str(out / name) for name in names]
    files = json.loads((out / "manifest.json").read_text("utf-8"))["files"]
    for name in names:
        assert files[name] == hashlib.sha256((out / name).read_bytes()).hexdigest()
    store = Embedded.read(out / "alliance.trig")
    assert (out / names[0]).read_text("utf-8") == codebook.as_html(store)
    assert (out / names[1]).read_text("utf-8") == page
    assert (out / names[2]).read_text("utf-8") == catalogue.as_html(store)
    assert list(files) == sorted(files)
    # what was built stands as it did
    assert not build.build(paths.seeds(), out).fresh


def test_links_between_the_pages_lead_somewhere(built: Path, tmp_path: Path) -> None:
    written = reference.write(Embedded.read(built / "alliance.trig"), tmp_path / "pages")
    ids = {p.name: set(re.findall(r' id="([^"]+)"', p.read_text("utf-8"))) for p in written}
    links = re.findall(r'href="(\w+\.html)(?:#([^"]*))?"', written[1].read_text("utf-8"))
    assert len(links) > 300
    assert [(name, at) for name, at in links if at and at not in ids[name]] == []
    assert {name for name, _ in links} == {"codebook.html", "questions.html"}
    assert not (tmp_path / "manifest.json").exists()


def test_the_address_of_the_ontology_leads_to_its_page(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "build"
    shutil.copytree(built, out)
    reference.write(Embedded.read(out / "alliance.trig"), out / "docs")
    server = serving.Server(out, tmp_path / "log")
    try:
        told = server.ask("GET", "/ontology", {"Accept": "text/html"})
        assert (told.status, told.headers["location"]) == (303, "/docs/ontology.html")
        page = server.ask("GET", "/docs/ontology.html")
        assert (page.status, page.type) == (200, "text/html")
        assert '<h3 id="Encounter">' in page.body.decode()
    finally:
        server.stop()


def test_without_a_build_it_says_what_to_do(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["docs", "--graph", str(tmp_path / "nothing")])
    assert done.exit_code == 2
    assert "alliance build" in done.stderr
    assert done.stderr.count("\n") == 1


def test_our_terms_come_first(page: str) -> None:
    order = re.findall(r"<p><code>([\w-]+):", page[page.index('<h2 id="properties">') :])
    assert order.index("ally") == 0
    assert str(ALLY).endswith("#")
    assert "ally" not in order[order.index("dcterms") :]
