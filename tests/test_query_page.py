"""The query page in a real browser: our questions in YASGUI, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from tests.conftest import NeedsTool
from tests.serving import Server

import alliance_graph
from alliance_graph import build, export, paths, questions
from alliance_graph.questions import Question
from alliance_graph.serve import pages
from alliance_graph.store.embedded import Embedded
from alliance_graph.tables import Table, Term, answer
from alliance_graph.vocabulary import PREFIXES, SKOS, compact

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

OTHER = Path(__file__).parent / "data" / "other-alliance"
CATALOGUE = questions.catalogue()
KEPT = f"alliance-graph {alliance_graph.__version__}_config"
"""Where YASGUI keeps its tabs."""


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


# --- our questions, ready to run ------------------------------------------------------------------


@pytest.mark.parametrize("question", CATALOGUE, ids=lambda q: q.name)
def test_a_ready_question_gives_the_rows_of_its_example(
    question: Question, store: Embedded
) -> None:
    text = pages.ready(store, question)
    assert text.startswith(f"# {question.summary}"[:80])
    assert all(f"?{p.name}" in text.partition("PREFIX")[0] for p in question.params)
    table = answer(store.query(text), question.name)
    assert isinstance(table, Table)
    given = questions.terms(question, store, question.example)
    mine = questions.finished(question, table, given)
    ours = questions.ask(store, question.name, **question.example)
    assert Counter(mine.terms) == Counter(ours.terms)


def test_ready_questions_declare_what_they_use(store: Embedded) -> None:
    for question in CATALOGUE:
        text = pages.ready(store, question)
        assert questions.standalone(text) == text
        assert not re.search(r"VALUES \([^{]*\{[^}]*<https://w3id.org/alliance-graph", text)


def test_of_other_facts_nothing_is_given() -> None:
    text = pages.ready(build.compile_facts(OTHER).store, questions.find("counterparts"))
    assert "VALUES (?person)" not in text
    assert "?person (the official)" in text


# --- with and without YASGUI ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def yasgui() -> None:
    if not (paths.EDITOR / "yasgui.min.js").exists():
        pytest.skip("needs YASGUI: apt-get install npm, then make web")


def test_without_yasgui_there_is_the_plain_form(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Path(alliance_graph.__file__).parent
    alone = tmp_path / "graph"
    shutil.copytree(
        package, alone / package.name, ignore=shutil.ignore_patterns("yasgui", "__pycache__")
    )
    monkeypatch.setenv("PYTHONPATH", str(alone))
    server = Server(built, tmp_path / "log")
    try:
        page = server.get("/query?question=counterparts", "text/html").body.decode()
    finally:
        server.stop()
    assert "<textarea" in page
    assert "<script" not in page
    assert "script-src" not in page


@pytest.fixture(scope="module")
def server(yasgui: None, built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("serve") / "log"
    made = Server(built, log, "--rows", "2000")
    yield made
    made.stop()
    assert "Traceback" not in log.read_text()


def test_the_plain_form_stays_within_reach(server: Server) -> None:
    page = server.get("/query?plain&question=counterparts", "text/html").body.decode()
    assert "<textarea" in page
    assert "<script" not in page
    assert '"/query?plain&amp;question=who-held"' in page


def test_scripts_come_from_files_of_this_server(server: Server) -> None:
    page = server.get("/query", "text/html").body.decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert "unsafe" not in rules["style-src"]
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=", page)
    paths_ = re.findall(r'(?:src|href)="(/web/[^"]+)"', page)
    assert len(paths_) == 5
    for path in paths_:
        reply = server.get(path)
        assert (reply.status, reply.headers["x-content-type-options"]) == (200, "nosniff")


def test_a_page_that_is_unchanged_keeps_its_policy(server: Server) -> None:
    tag = server.get("/query", "text/html").headers["etag"]
    again = server.get("/query", "text/html", If_None_Match=tag)
    assert again.status == 304
    # it would take the place of the one that came with the page
    assert "content-security-policy" not in again.headers


# --- in a browser ---------------------------------------------------------------------------------


@dataclass
class Visit:
    """The query page, with all that it should not do."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def load(self, url: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready]")

    def run(self) -> None:
        """Run the open tab's query, by the keyboard."""
        self.page.locator(".tabPanel.active .CodeMirror").click()
        self.page.keyboard.press("Control+Enter")
        self.answered()

    def answered(self) -> None:
        self.page.wait_for_selector(".tabPanel.active .yasr_response_chip:not(.empty)")
        self.page.wait_for_selector(".tabPanel.active .busy", state="detached")
        self.page.wait_for_selector(".tabPanel.active .yasr_results > *")

    def write(self, text: str) -> None:
        """Put a text into a new tab."""
        self.page.locator(".addTab").click()
        self.page.locator(".tabPanel.active .CodeMirror").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def text(self) -> str:
        """The query in the open tab."""
        found = "document.querySelector('.tabPanel.active .CodeMirror').CodeMirror.getValue()"
        return str(self.page.evaluate(found))

    def rows(self, *, simple: bool) -> list[list[str]]:
        """The cells of the table as they are shown, all pages of it."""
        box = self.page.locator(".tabPanel.active .switch input")
        if box.is_checked() != simple:
            box.click()
        self.page.locator(".tabPanel.active .tableSizer").select_option("-1")
        return list(
            self.page.locator(".tabPanel.active tbody tr").evaluate_all(
                "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
            )
        )

    def tabs(self) -> list[str]:
        return self.page.locator("[role=tab] > span").all_text_contents()


def visit(browser: Browser, server: Server, path: str = "query", **options: Any) -> Visit:
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
    made = Visit(context.new_page())
    made.page.on("console", lambda m: made.wrong.append(f"{m.type}: {m.text}"))
    made.page.on("pageerror", lambda e: made.wrong.append(f"error: {e}"))

    def dialog(shown: Dialog) -> None:
        made.wrong.append(f"dialog: {shown.message}")
        shown.dismiss()

    made.page.on("dialog", dialog)

    def asked(url: str) -> None:
        if not url.startswith((server.url, "blob:", "data:", "about:")):
            made.elsewhere.append(url)

    made.page.on("request", lambda r: asked(r.url))
    made.load(server.url + path)
    return made


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Visit]:
    made = visit(browser, server)
    yield made
    made.page.context.close()
    assert made.wrong == []
    assert made.elsewhere == []


def shown(term: Term | None) -> str:
    """A term as the full view shows it."""
    if term is None:
        return ""
    if isinstance(term, NamedNode):
        return compact(term.value)
    assert isinstance(term, Literal)
    if term.language:
        return f"{term.value}@{term.language}"
    kind = term.datatype.value
    return term.value + ("" if kind.endswith("#string") else f"^^{compact(kind)}")


def cells(table: Table) -> Counter[tuple[str, ...]]:
    """Rows as shown; names in one cell come in any order."""
    return Counter(tuple(sorted_cell(shown(term)) for term in row) for row in table.terms)


def sorted_cell(text: str) -> str:
    return "; ".join(sorted(text.split("; ")))


def test_the_first_tabs_are_ours_and_the_answers_are_those_of_the_store(
    page: Visit, store: Embedded
) -> None:
    assert page.tabs() == list(pages.OPENED)
    for name in pages.OPENED:
        question = questions.find(name)
        page.page.locator("[role=tab]", has_text=name).click()
        assert page.text() == pages.ready(store, question)
        page.run()
        ours = questions.ask(store, name, **question.example)
        found = page.rows(simple=False)
        assert len(found) > 1
        assert Counter(tuple(map(sorted_cell, row[1:])) for row in found) == cells(ours)


def test_a_thing_is_shown_by_its_name_and_leads_to_its_page(page: Visit, store: Embedded) -> None:
    page.run()
    names = page.page.locator(".tabPanel.active thead th").all_text_contents()
    assert "post" in names
    assert "postLabel" not in names
    row = dict(zip(names, page.rows(simple=True)[0], strict=True))
    assert (row["person"], row["counterpart"]) == ("Antony Blinken", "Chung Eui-yong")
    link = page.page.locator(".tabPanel.active tbody a", has_text="Antony Blinken").first
    assert link.get_attribute("title") == "person:antony-blinken"
    with page.page.context.expect_page() as opened:
        link.click()
    opened.value.wait_for_load_state()
    assert opened.value.url.endswith("/id/person/antony-blinken")
    assert "Antony Blinken" in opened.value.locator("h1").inner_text()


def test_a_question_is_chosen_with_the_keyboard_alone(page: Visit, store: Embedded) -> None:
    for _ in range(4):
        page.page.keyboard.press("Tab")
        if page.page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    page.page.keyboard.press("Enter")
    page.page.wait_for_selector("#filter:focus")
    assert len(page.page.locator("#questions li a:visible").all()) == len(CATALOGUE)
    page.page.keyboard.type("phone video")
    assert page.page.locator("#questions li a:visible").all_text_contents() == [
        questions.find("phone-contacts").summary
    ]
    assert page.page.locator("#found").inner_text() == f"1 of {len(CATALOGUE)} questions"
    for _ in range(3):
        page.page.keyboard.press("Tab")
        if page.page.evaluate("document.activeElement.closest('#questions a') !== null"):
            break
    page.page.keyboard.press("Enter")
    page.answered()
    assert page.tabs()[-1] == "phone-contacts"
    ours = questions.ask(store, "phone-contacts")
    assert Counter(tuple(row[1:]) for row in page.rows(simple=False)) == cells(ours)


def test_prefixes_and_names_are_ours(page: Visit) -> None:
    page.write("SELECT * WHERE { ?x ")
    page.page.keyboard.type("ally:mod")
    page.page.keyboard.press("Control+Space")
    hints = page.page.locator(".CodeMirror-hints li")
    hints.first.wait_for()
    assert hints.all_text_contents() == ["ally:modality", "ally:mode"]
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    page.page.keyboard.type(" mode:phone }")
    declared = re.findall(r"PREFIX (\S+): <(.*)>", page.text())
    assert dict(declared) == {"ally": PREFIXES["ally"], "mode": PREFIXES["mode"]}
    page.run()
    assert page.page.locator(".tabPanel.active tbody tr").count() > 2


def test_nothing_is_known_of_prefixes_that_are_not_ours(page: Visit) -> None:
    page.write("SELECT * WHERE { ?x ")
    page.page.keyboard.type("dbo:birthPlace foaf:Person . ?y leaks:x ?z }")
    page.page.keyboard.press("Control+Space")
    page.page.wait_for_timeout(200)
    assert re.findall(r"PREFIX (\S+):", page.text()) == ["foaf"]
    page.write("PREFIX ")
    page.page.keyboard.press("Control+Space")
    hints = page.page.locator(".CodeMirror-hints li")
    hints.first.wait_for()
    offered = [line.partition(": <")[0] for line in hints.all_text_contents()]
    assert set(offered) == set(PREFIXES)


def test_what_goes_wrong_is_said(browser: Browser, server: Server) -> None:
    page = visit(browser, server)
    shown = page.page.locator(".tabPanel.active .yasr_results")
    for query, said in (
        ("SELECT WHERE", "not a SPARQL 1.1 query"),
        ("DELETE WHERE { ?s ?p ?o }", "read-only"),
        ("SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "SERVICE"),
        ("SELECT ?s WHERE { ?s ?p ?o }", "Cut off: this server gives 2000 rows at most."),
        ("SELECT ?s WHERE { ?s a ally:NoSuch }", "Not in these sources."),
    ):
        page.write(query)
        page.run()
        assert said in shown.inner_text(), query
    assert all("Failed to load resource" in line for line in page.wrong)
    assert page.elsewhere == []
    page.page.context.close()


def test_graphs_and_truth_are_shown(page: Visit) -> None:
    query = (
        "CONSTRUCT { ?c skos:prefLabel ?name } WHERE { ?c a ally:Country ; skos:prefLabel ?name }"
    )
    page.write(query)
    page.run()
    assert ["country:kr", "skos:prefLabel", "대한민국@ko"] in [
        r[1:] for r in page.rows(simple=False)
    ]
    page.write("ASK { country:kr a ally:Country }")
    page.run()
    assert "True" in page.page.locator(".tabPanel.active .yasr_results").inner_text()


# --- what is kept, what is shared -----------------------------------------------------------------


def test_tabs_are_kept_and_answers_are_not(page: Visit, server: Server) -> None:
    page.write("SELECT (1 AS ?kept) WHERE {}")
    page.run()
    page.page.evaluate("localStorage.setItem('alliance-graph 0.0.9_config', '{}')")
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    assert page.tabs() == [*pages.OPENED, "Query"]
    assert page.text() == "SELECT (1 AS ?kept) WHERE {}"
    kept = page.page.evaluate("Object.entries(localStorage)")
    assert [name for name, _ in kept] == [KEPT]
    tabs = json.loads(kept[0][1])["val"]["tabConfig"]
    assert all(tab["yasr"].get("response") is None for tab in tabs.values())


@pytest.mark.parametrize("kept", ["no JSON", '{"val": {"tabs": ["a"]}}', '{"val": 7}'])
def test_what_was_kept_and_is_broken_is_given_up(
    kept: str, browser: Browser, server: Server
) -> None:
    page = visit(browser, server)
    page.page.evaluate("([name, value]) => localStorage.setItem(name, value)", [KEPT, kept])
    page.page.reload()
    page.page.wait_for_selector("html[data-ready]")
    assert page.tabs() == list(pages.OPENED)
    page.page.context.close()


def test_a_link_tells_the_query_and_nothing_else(page: Visit, server: Server) -> None:
    page.write("SELECT (1 AS ?shared) WHERE {}")
    page.page.locator(".tabPanel.active .yasqe_share").click()
    link = page.page.locator(".yasqe_sharePopup input").input_value()
    assert link.startswith(f"{server.url}query#")
    page.load(link)
    page.answered()
    assert page.text() == "SELECT (1 AS ?shared) WHERE {}"
    assert page.rows(simple=True) == [["1"]]
    evil = {"query": "SELECT (2 AS ?shared) WHERE {}", "endpoint": "http://127.0.0.1:9/sparql"}
    more = {"headers": '{"X": "1"}', "outputSettings": "{", "requestMethod": "GET"}
    page.load(f"{server.url}query#{urlencode({**evil, **more})}")
    page.answered()
    assert page.rows(simple=True) == [["2"]]


def test_a_question_has_an_address(page: Visit, server: Server, store: Embedded) -> None:
    page.load(f"{server.url}query?question=officials")
    page.answered()
    assert page.tabs()[-1] == "officials"
    ours = questions.ask(store, "officials", **questions.find("officials").example)
    assert Counter(tuple(row[1:]) for row in page.rows(simple=False)) == cells(ours)


def test_the_curl_line_of_the_share_button_works(
    page: Visit, server: Server, needs_tool: NeedsTool
) -> None:
    needs_tool("curl", "apt-get install curl")
    page.page.locator(".tabPanel.active .yasqe_share").click()
    page.page.locator(".yasqe_sharePopup .curl").click()
    line = page.page.locator(".yasqe_sharePopup input").input_value()
    done = subprocess.run(
        ["bash", "-c", f"{line} --silent --noproxy '*'"], capture_output=True, check=True
    )
    assert len(json.loads(done.stdout)["results"]["bindings"]) == 3


# --- hostile values -------------------------------------------------------------------------------

EVIL = [
    "<img src=x onerror=alert(1)>",
    "<img src=http://127.0.0.1:9/pixel onerror=alert(2)>&amp;",
    '"><script>alert(3)</script>',
    "</script><svg onload=alert(4)>",
    "<a href='javascript:alert(5)'>here</a>",
    "{{constructor.constructor('alert(6)')()}} & <b>bold</b>",
]
BAD = [
    "javascript:alert(1)",
    "data:text/html,%3Cscript%3Ealert(1)%3C/script%3E",
    "mailto:a@example.org",
    "ftp://example.org/",
    "file:///etc/passwd",
    "blob:null/x",
    "http://example.org/'onmouseover='alert(7)",
    "https://w3id.org/alliance-graph//evil.example/x",
    "https://w3id.org/alliance-graph/javascript:alert(8)",
]


def test_hostile_values_are_text(browser: Browser, yasgui: None, tmp_path: Path) -> None:
    graph = NamedNode("http://example.org/g")
    quads = [
        Quad(NamedNode(BAD[i % len(BAD)]), NamedNode(SKOS + "prefLabel"), Literal(text), graph)
        for i, text in enumerate([*EVIL, *BAD])
    ]
    store = Embedded(quads)
    (tmp_path / "evil.trig").write_bytes(export.export(store, "trig"))
    server = Server(tmp_path / "evil.trig", tmp_path / "log")
    try:
        page = visit(browser, server)
        page.write(
            "SELECT ?s ?sLabel ?text WHERE { ?s skos:prefLabel ?text BIND(?text AS ?sLabel) }"
        )
        page.run()
        for simple in (True, False):
            found = {cell for row in page.rows(simple=simple) for cell in row}
            assert {text.replace("{{", "").replace("}}", "") for text in EVIL} - found <= {""}
            hrefs = page.page.locator(".tabPanel.active .yasr_results a[href]").evaluate_all(
                "links => links.map(link => link.href)"
            )
            assert hrefs
            assert all(re.match(r"https?://", href) for href in hrefs)
            ours = [h for h in hrefs if not h.startswith("http://example.org/")]
            assert all(h.startswith(server.url) for h in ours)
        page.page.locator(".tabPanel.active .tableFilter").fill("<img")
        page.page.keyboard.press("Enter")
        page.page.locator(".tabPanel.active thead th").nth(1).click()
        page.page.locator(".select_response").last.click()
        page.page.wait_for_timeout(200)
        assert (page.wrong, page.elsewhere) == ([], [])
        page.page.context.close()
    finally:
        server.stop()


# --- small screens, readers -----------------------------------------------------------------------


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, server: Server) -> None:
    page = visit(browser, server, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.run()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    page.page.locator(".chooser summary").click()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert (page.wrong, page.elsewhere) == ([], [])
    page.page.context.close()


OWN = {"aria-required-children", "aria-valid-attr-value", "scrollable-region-focusable"}
"""What YASGUI's tabs and editor do in their own way."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_but_what_is_in_yasgui(
    scheme: str, browser: Browser, server: Server
) -> None:
    wheel = find_spec("axe_playwright_python")
    assert wheel is not None
    assert wheel.origin is not None
    page = visit(browser, server, color_scheme=scheme)
    page.run()
    page.page.locator(".chooser summary").click()
    page.page.evaluate(Path(wheel.origin).with_name("axe.min.js").read_text("utf-8"))
    found = page.page.evaluate("axe.run().then((r) => r.violations)")
    more = [(v["id"], [n["html"] for n in v["nodes"]]) for v in found if v["id"] not in OWN]
    assert more == []
    inside = "(node) => node.closest('.yasgui') !== null"
    for target in [node["target"][0] for v in found for node in v["nodes"]]:
        assert page.page.locator(target).first.evaluate(inside), target
    page.page.context.close()
