"""The page in a real browser: what a visitor does, and what must never happen."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest
from pyoxigraph import Literal, NamedNode, Quad
from tests.conftest import until

from alliance_graph import build, compare, derive, network, page, paths, rdf, seeds
from alliance_graph.records import historyatstate, matching
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID, ONTOLOGY_GRAPH, SCHEMA, TRUTHY, VOCABULARIES

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page


OTHER = Path(__file__).parent / "data" / "other-alliance"


def compiled(root: Path) -> Embedded:
    store = Embedded(rdf.quads(seeds.load(root).facts))
    store.load(build.ontology_quads())
    derive.derive(store)
    return store


@pytest.fixture(scope="module")
def store() -> Embedded:
    return compiled(paths.seeds())


@pytest.fixture(scope="module")
def made(store: Embedded) -> str:
    return page.render(network.network(store), store)


@pytest.fixture(scope="module")
def address(made: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "network.html"
    path.write_text(made, "utf-8")
    return path.as_uri()


@dataclass
class Visit:
    """A page with all that it should not do."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def set(self, hash_: str) -> None:
        """Go to a view by its address, without loading again."""
        self.page.evaluate("hash => { location.hash = hash; }", hash_)
        until(self.page, "hash => location.hash.slice(1) === hash", hash_)
        self.page.wait_for_timeout(30)


def visit(browser: Browser, url: str, **options: Any) -> Visit:
    context = browser.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "locale": "en-US", **options}
    )
    opened = Visit(context.new_page())
    seen = opened.page
    seen.on("console", lambda m: opened.wrong.append(f"{m.type}: {m.text}"))
    seen.on("pageerror", lambda e: opened.wrong.append(f"error: {e}"))

    def dialog(shown: Dialog) -> None:
        opened.wrong.append(f"dialog: {shown.message}")
        shown.dismiss()

    seen.on("dialog", dialog)

    def asked(url_: str) -> None:
        if not url_.startswith(("data:", "blob:")) and url_.partition("#")[0] != bare:
            opened.asked.append(url_)

    bare = url.partition("#")[0].partition("?")[0]
    seen.on("request", lambda r: asked(r.url.partition("?")[0]))
    seen.goto(url)
    if options.get("java_script_enabled", True):
        seen.wait_for_selector("html[data-ready]")
    return opened


def fine(v: Visit) -> None:
    assert v.wrong == []
    assert v.asked == []
    v.page.context.close()


def text_of(v: Visit, selector: str) -> str:
    return v.page.locator(selector).first.inner_text()


# --- without a browser -----------------------------------------------------------------------------


def test_same_facts_same_bytes_whatever_hash_seed_and_locale(made: str) -> None:
    code = (
        "import sys, hashlib; sys.path.insert(0, 'tests'); from test_page import compiled; "
        "from alliance_graph import network, page, paths; s = compiled(paths.seeds()); "
        "t = page.render(network.network(s), s); print(hashlib.sha256(t.encode()).hexdigest())"
    )
    import hashlib

    env = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "TZ": "Asia/Seoul",
    }
    root = Path(__file__).parents[1]
    env["PYTHONPATH"] = str(root / "graph")
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=root, capture_output=True, text=True, check=True
    )
    assert out.stdout.split()[-1] == hashlib.sha256(made.encode()).hexdigest()


def test_policy_allows_only_the_inline_texts_by_digest(made: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', made)
    assert policy
    text = policy[1].replace("&#39;", "'")
    assert text.startswith("default-src 'none'")
    assert "unsafe" not in text
    assert "http" not in text
    assert text.count("sha256-") == 3


def test_no_address_but_those_of_the_articles(made: str, store: Embedded) -> None:
    vis = page._vis_network()
    links = set(re.findall(r'(?:href|src)="(?!#)([^"]*)"', made.replace(vis, "")))
    known = {a.url for a in network.network(store).articles}
    assert links == known


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a?b=1", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\tscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("https:", False),
        (" https://example.org", False),
        ("https://a\\@b", False),
        ("", False),
    ],
)
def test_only_http_links_become_links(url: str, safe: bool) -> None:
    assert page.safe_url(url) == (url if safe else "")


def test_the_table_is_no_surer_of_days_than_the_sources(store: Embedded) -> None:
    sheet = page._Sheet(network.network(store), store, None)
    sheet.drawn()
    rows = {r["node"].iri: r["when"][0] for r in sheet.rows()}
    assert rows[f"{ID}person/lee-do-hoon"] == "Sept 2020"
    assert rows[f"{ID}person/antony-blinken"] == "Mar 2021 – Dec 2024"
    assert rows[f"{ID}channel/rok-us-2-plus-2"] == "Oct 2016 – Mar 2021"


def test_passages_are_shown_only_with_texts_and_marked_private(
    store: Embedded, made: str, tmp_path: Path, texts: Path
) -> None:
    private = page.render(network.network(store), store, texts)
    assert 'class="private"' in private
    assert 'class="private"' not in made
    data = json.loads(re.findall(r'id="data">(.*?)</script>', private, re.S)[0])
    assert all(len(e) == 4 for e in data["evidence"])
    assert sum(bool(e[3]) for e in data["evidence"]) > 0.95 * len(data["evidence"])
    public = json.loads(re.findall(r'id="data">(.*?)</script>', made, re.S)[0])
    assert all(len(e) == 3 for e in public["evidence"])


# --- what a visitor does ---------------------------------------------------------------------------


def test_opens_with_the_plan_and_asks_nothing_of_any_network(
    browser: Browser, address: str
) -> None:
    v = visit(browser, address)
    assert v.page.locator("svg.plan.wide[lang=en] .holder").count() > 20
    assert v.page.locator("svg.plan.wide[lang=en] .meeting.planned").count() >= 1
    assert v.page.locator("svg.plan.wide[lang=en] .channel.denied .cross").count() >= 1
    assert v.page.locator("svg.plan.wide[lang=en] .t-conflict").count() >= 1
    fine(v)


TOUCHING = """name => {
  const boxes = [...document.querySelectorAll(`svg.plan.${name}[lang=${document.documentElement.lang}] text`)]
    .map((e) => ({ t: e.textContent, b: e.getBBox() })).filter((x) => x.t && x.b.width);
  const bad = [];
  boxes.forEach((x, i) => boxes.slice(i + 1).forEach((y) => {
    const wide = Math.min(x.b.x + x.b.width, y.b.x + y.b.width) - Math.max(x.b.x, y.b.x);
    const high = Math.min(x.b.y + x.b.height, y.b.y + y.b.height) - Math.max(x.b.y, y.b.y);
    if (wide > 1 && high > 4) bad.push([x.t, y.t]);
  }));
  return { n: boxes.length, bad };
}"""


@pytest.mark.parametrize(("size", "name"), [((1440, 900), "wide"), ((390, 844), "narrow")])
def test_labels_do_not_overlap_as_the_browser_sets_them(
    browser: Browser, address: str, size: tuple[int, int], name: str
) -> None:
    v = visit(browser, address, viewport={"width": size[0], "height": size[1]})
    for face in ("", "DejaVu Sans"):  # a much wider face than the plan reckons with
        v.page.evaluate("f => f && document.documentElement.style.setProperty('--sans', f)", face)
        for language in ("ko", "en"):
            v.set(f"lang={language}" if language == "ko" else "")
            touching = v.page.evaluate(TOUCHING, name)
            assert touching["n"] > 100
            assert touching["bad"] == []
    fine(v)


FOUND = {
    "blinken": "Antony Blinken",
    "블링컨": "Antony Blinken",
    "Blinkin": "Antony Blinken",
    "조태열": "Cho Tae-yul",
    "조태열 장관": "",
    "Jo Tae-yeol": "Cho Tae-yul",
    "Choi Jong-geon": "Choi Jong-kun",
    "Go Yun Joo": "Ko Yun-ju",
    "동맹대화": "ROK–US Alliance Dialogue",
    "secretary of defense": "US Secretary of Defense",
    "foreign minstry": "Ministry of Foreign Affairs (South Korea)",
}
"""What is typed, and what is proposed first ("" for nothing certain)."""


def test_finds_by_name_hangul_alias_and_slip(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    found = {}
    for typed in FOUND:
        v.page.fill("#find", typed)
        found[typed] = text_of(v, "#found li")
    assert {t: found[t][: len(wanted)] for t, wanted in FOUND.items()} == FOUND
    v.page.fill("#find", "블링컨")
    v.page.keyboard.press("Enter")
    assert text_of(v, "#panel h2") == "Antony Blinken"
    fine(v)


def test_the_link_of_the_view_can_be_copied(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#sel=person/cho-tae-yul", permissions=["clipboard-write"])
    v.page.evaluate("document.getElementById('take').open = true")
    v.page.click('[data-take="link"]')
    until(
        v.page,
        "() => document.querySelector('[data-take=link]').textContent === 'Copied' "
        "|| document.querySelector('#take input')?.value.endsWith('#sel=person/cho-tae-yul')",
    )
    fine(v)


def test_what_is_not_there_is_said_to_be_absent_from_these_sources(
    browser: Browser, address: str
) -> None:
    v = visit(browser, address)
    v.page.fill("#find", "zzzzqqq")
    assert "these sources" in text_of(v, "#found")
    fine(v)


def test_a_dossier_names_source_day_paragraph_and_link(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#sel=person/antony-blinken")
    text = text_of(v, "#panel")
    for part in ("Posts", "Counterparts", "Meetings and calls", "Names and titles as printed", "¶"):
        assert part in text
    links = v.page.locator("#panel a").evaluate_all("all => all.map(a => a.href)")
    assert links
    assert all(u.startswith(("https://", "http://")) for u in links)
    fine(v)


def test_differing_accounts_stand_side_by_side_with_the_decision(
    browser: Browser, address: str
) -> None:
    v = visit(browser, f"{address}#sel=encounter/choi-biegun-2020-09")
    text = text_of(v, "#panel .differs")
    assert "Accounts differ" in text
    assert v.page.locator("#panel .differs .versions > div").count() >= 2
    assert "taken" in text
    assert "set aside" in text
    assert "because" in text
    fine(v)


def test_the_legend_is_the_filter(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    plan = "svg.plan.wide[lang=en]"
    assert v.page.locator(f"{plan} .channel:not(.gone)").count() > 5
    v.page.uncheck("[data-kind=channel]")
    assert v.page.locator(f"{plan} .channel:not(.gone)").count() == 0
    assert "off=kind.channel" in v.page.url
    v.page.uncheck("[data-state=planned]")
    assert v.page.locator(f"{plan} .meeting.planned:not(.gone)").count() == 0
    v.page.click("#reset")
    assert v.page.locator(f"{plan} .it.gone").count() == 0
    v.page.check("[data-only=conflict]")
    assert 0 < v.page.locator(f"{plan} .meeting:not(.gone)").count() < 6
    fine(v)


def test_a_day_shows_who_is_shown_in_office_and_how_sure_that_is(
    browser: Browser, address: str
) -> None:
    v = visit(browser, f"{address}#day=2021-03-18")

    def classes(slug: str, part: str = "holder") -> str:
        index = v.page.evaluate(
            "slug => JSON.parse(document.getElementById('data').textContent).nodes.findIndex(n => n.i === slug)",
            slug,
        )
        seen = v.page.locator(f'svg.plan.wide[lang=en] .{part}[data-n="{index}"]')
        return seen.first.get_attribute("class") or ""

    assert "today" in classes("person/lloyd-austin")
    assert "off" in classes("person/mark-esper").split()
    assert "off" in classes("person/cho-tae-yul").split()
    # last shown five months before: nobody says that he still was, nobody else is shown
    assert "unsure" in classes("person/suh-hoon")
    assert "ahead" in classes("encounter/cho-blinken-call-2024-12-21", "meeting")
    v.set("day=2022-06-01")
    # between two days on which he is shown: likely, but not told
    assert "unsure" in classes("person/antony-blinken")
    fine(v)


def test_as_known_on_leaves_out_what_was_published_later(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#known=2020-10-16&sel=person/stephen-biegun")
    shown = v.page.locator("svg.plan.wide[lang=en] .meeting:not(.gone)")
    assert 0 < shown.count() < 12
    v.set("known=2021-03-19")
    later = shown.count()
    v.set("view=plan")
    v.page.select_option("#known", "")
    assert shown.count() > later
    fine(v)


def test_play_goes_from_day_to_day(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    v.page.click("#play")
    until(v.page, "() => location.hash.includes('day=')")
    first = v.page.url
    until(v.page, "u => location.href !== u", first)
    v.page.click("#play")
    fine(v)


def test_a_chain_between_two_officials_with_evidence_of_each_hop(
    browser: Browser, address: str
) -> None:
    v = visit(browser, f"{address}#from=person/mark-esper&to=person/antony-blinken")
    hops = v.page.locator("#chain > li")
    assert hops.count() == 5
    assert v.page.locator("#chain > li:nth-child(even) a").count() >= 2
    assert v.page.locator("svg.plan.wide[lang=en] .tie.lit").count() == 4
    v.set("from=person/mark-esper&to=person/park-il")
    assert "these sources" in text_of(v, "#panel")
    # both posed for a portrait, which is no meeting
    v.set("from=person/moon-jae-in&to=person/chung-eui-yong")
    assert hops.count() == 5
    fine(v)


def test_neighbourhood_by_keys_and_escape_even_from_a_checkbox(
    browser: Browser, address: str
) -> None:
    v = visit(browser, f"{address}#sel=person/ko-yun-ju")
    v.page.locator("svg.plan.wide[lang=en] .it.sel").first.focus()
    v.page.keyboard.press("1")
    assert v.page.locator("svg.plan.wide[lang=en] .it.dim").count() > 50
    v.page.focus("[data-kind=channel]")
    v.page.keyboard.press("Escape")
    assert v.page.locator("svg.plan.wide[lang=en] .it.dim").count() == 0
    assert v.page.locator(".it.sel").count() == 0
    fine(v)


def test_a_visit_by_keyboard_alone(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    v.page.keyboard.press("/")
    assert v.page.evaluate("document.activeElement.id") == "find"
    v.page.keyboard.type("moon jae")
    v.page.keyboard.press("ArrowDown")
    v.page.keyboard.press("ArrowUp")
    v.page.keyboard.press("Enter")
    assert text_of(v, "#panel h2") == "Moon Jae-in"
    # one item of the picture is among the stops of Tab; arrows go on from there
    assert v.page.locator('svg.plan.wide[lang=en] .it[tabindex="0"]').count() == 1
    v.page.locator('svg.plan.wide[lang=en] .it[tabindex="0"]').focus()
    v.page.keyboard.press("ArrowRight")
    there = v.page.evaluate("document.activeElement.getAttribute('class')")
    assert "meeting" in there or "channel" in there
    v.page.keyboard.press("ArrowRight")
    assert "s2" in v.page.evaluate("document.activeElement.getAttribute('class')")
    v.page.keyboard.press("Enter")
    assert text_of(v, "#panel h2") != "Moon Jae-in"
    # everything that acts can be reached and shows that it is reached
    for _ in range(25):
        v.page.keyboard.press("Tab")
        assert v.page.evaluate("getComputedStyle(document.activeElement).visibility") == "visible"
    fine(v)


def test_the_table_sorts(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#view=table")
    names = "#view-table tbody tr:not([hidden]) th"
    v.page.click("thead th:nth-child(2) button")
    up = v.page.locator(names).evaluate_all("all => all.map(e => e.innerText)")
    assert v.page.locator("thead th:nth-child(2)").get_attribute("aria-sort") == "ascending"
    v.page.click("thead th:nth-child(2) button")
    down = v.page.locator(names).evaluate_all("all => all.map(e => e.innerText)")
    assert len(up) > 80
    assert up == down[::-1]
    fine(v)


def test_the_timeline_has_lanes_gaps_and_hollow_plans(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#view=lanes")
    assert v.page.locator("svg.lanes .it.lane").count() > 10
    assert v.page.locator("svg.lanes .gap").count() >= 2
    assert v.page.locator("svg.lanes .meeting.planned, svg.lanes .meeting.tentative").count() >= 2
    v.page.locator("svg.lanes .meeting").first.click()
    assert v.page.locator("#panel h2").count() == 1
    fine(v)


def test_everything_is_drawn_by_vis_network_on_demand(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    assert v.page.evaluate("typeof window.vis") == "undefined"
    v.page.click("[data-view=map]")
    v.page.wait_for_selector("html[data-drawn]")
    assert 1 < int(v.page.locator("html").get_attribute("data-drawn") or "0") <= 150
    v.page.click("#whole")
    nodes = len(json.loads(v.page.locator("#data").text_content() or "{}")["nodes"])
    v.page.wait_for_selector(f'html[data-drawn="{nodes}"]')
    fine(v)


def test_stories_go_step_by_step(browser: Browser, address: str) -> None:
    v = visit(browser, address)
    stories = v.page.locator("[data-story]").count()
    assert stories == 2
    for i in range(stories):
        v.page.click(f'[data-story="{i}"]')
        told = set()
        while True:
            told.add(text_of(v, "#told"))
            if v.page.locator("#onward").is_disabled():
                break
            v.page.click("#onward")
        assert len(told) >= 4
        v.page.click(".story .row button:last-child")
        v.page.keyboard.press("Escape")
    fine(v)


PLACES = (
    "view=lanes&lang=ko&theme=dark&sel=channel/rok-us-alliance-dialogue",
    "off=kind.seat,side.3&only=conflict",
    "sel=person/antony-blinken&day=2021-03-18&known=2021-03-19&radius=1",
    "view=table&sort=4d",
    "from=person/mark-esper&to=person/antony-blinken",
    "story=1.2",
)


@pytest.mark.parametrize("place", PLACES)
def test_an_address_restores_the_view(browser: Browser, address: str, place: str) -> None:
    v = visit(browser, f"{address}#{place}")

    def seen() -> Any:
        return v.page.evaluate(
            """() => ({ view: document.documentElement.dataset.view, lang: document.documentElement.lang,
              dark: document.documentElement.classList.contains("dark"), panel: document.getElementById("panel").innerText,
              items: [...document.querySelectorAll(".it")].map((e) => e.getAttribute("class")).join(),
              rows: [...document.querySelectorAll("#view-table tbody tr:not([hidden])")].map((e) => e.dataset.n).join(),
              day: document.getElementById("day-said").textContent, known: document.getElementById("known").value })"""
        )

    first = seen()
    again = visit(browser, f"{address}#" + v.page.evaluate("location.hash.slice(1)"))
    v_first, v.page = v.page, again.page
    assert seen() == first
    fine(again)
    v.page = v_first
    for key, value in (part.split("=") for part in place.split("&")):
        v.page.evaluate("document.getElementById('reset').focus()")
        assert f"{key}={value}" in v.page.url
    fine(v)


def test_nonsense_in_the_address_is_ignored(browser: Browser, address: str) -> None:
    v = visit(
        browser,
        f"{address}#view=<b>&sel=person/nobody&off=%3Cscript%3E&day=x&story=99.99&sort=zz&radius=-5&lang=xx",
    )
    assert v.page.locator("svg.plan.wide[lang=en] .it:not(.gone)").count() > 80
    fine(v)


def take(v: Visit, what: str) -> bytes:
    v.page.evaluate("document.getElementById('take').open = true")
    with v.page.expect_download() as waited:
        v.page.click(f'[data-take="{what}"]')
    return Path(waited.value.path()).read_bytes()


def test_everything_can_be_taken_along(browser: Browser, address: str, store: Embedded) -> None:
    v = visit(browser, f"{address}#off=kind.seat&sel=person/antony-blinken")
    rows = list(csv.DictReader(io.StringIO(take(v, "csv").decode("utf-8"))))
    assert len(rows) > 50
    assert {"Antony Blinken", "Cho Tae-yul"} <= {r["name"] for r in rows}
    data = json.loads(take(v, "json"))
    assert [n["iri"] for n in data["nodes"]] == [r["iri"] for r in rows]
    assert any(t["claims"] for t in data["ties"])
    answer = store.query(take(v, "sparql").decode())
    # a SELECT that binds both
    found = {(r["iri"].value, r["name"].value) for r in answer}  # type: ignore[union-attr]
    assert found == {(r["iri"], r["name"]) for r in rows}
    drawing = ElementTree.fromstring(take(v, "svg"))
    _, _, wide, high = map(float, drawing.attrib["viewBox"].split())
    assert "Antony Blinken" in "".join(drawing.itertext())
    assert not [e for e in drawing.iter() if "style" in e.attrib or e.tag.endswith("script")]
    png = take(v, "png")
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    size = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert size == (int(wide * 2), int(high * 2))
    v.set("view=lanes")
    assert b"Sept 2020" in take(v, "svg")
    fine(v)


def test_speaks_korean(browser: Browser, address: str) -> None:
    v = visit(browser, address, locale="ko-KR")
    assert v.page.evaluate("document.documentElement.lang") == "ko"
    assert "누가 누구와" in text_of(v, "h1")
    assert "조태열" in (v.page.locator("svg.plan.wide[lang=ko]").text_content() or "")
    v.page.click("#language")
    assert v.page.evaluate("document.documentElement.lang") == "en"
    v.set("lang=ko&sel=person/cho-tae-yul")
    assert text_of(v, "#panel h2") == "조태열"
    assert "직위" in text_of(v, "#panel")
    fine(v)


def test_embedded_it_is_the_picture_alone(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}?embed=1")
    assert not v.page.locator(".controls").is_visible()
    assert not v.page.locator("footer").is_visible()
    assert v.page.locator("svg.plan.wide[lang=en]").is_visible()
    fine(v)


def test_printed_graph_first_table_after(browser: Browser, address: str) -> None:
    v = visit(browser, f"{address}#view=lanes&theme=dark")
    v.page.emulate_media(media="print")
    plan = v.page.locator("svg.plan.wide[lang=en]").bounding_box()
    table = v.page.locator("#view-table table").bounding_box()
    assert plan
    assert table
    assert plan["y"] + plan["height"] <= table["y"]
    assert not v.page.locator("#panel").is_visible()
    assert v.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") in (
        "rgb(255, 255, 255)",
    )
    assert v.page.pdf()[:4] == b"%PDF"
    fine(v)


def test_without_javascript_plan_timeline_and_table_are_there(
    browser: Browser, address: str
) -> None:
    v = visit(browser, address, java_script_enabled=False)
    for part in ("svg.plan.wide[lang=en]", "svg.lanes", "#view-table table"):
        assert v.page.locator(part).is_visible()
    assert not v.page.locator("#find").is_visible()
    assert v.page.locator("#view-table tbody tr").count() > 80
    fine(v)


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, address: str) -> None:
    v = visit(browser, address, viewport={"width": 390, "height": 844}, has_touch=True)
    assert v.page.locator("svg.plan.narrow[lang=en]").is_visible()
    assert not v.page.locator("svg.plan.wide[lang=en]").is_visible()
    assert v.page.evaluate("document.documentElement.scrollWidth") <= 390
    v.page.locator("svg.plan.narrow[lang=en] .meeting").first.tap()
    assert v.page.locator("#panel h2").is_visible()
    fine(v)


@pytest.mark.parametrize(
    ("place", "size"),
    [
        ("", (1440, 900)),
        ("theme=dark&sel=encounter/choi-biegun-2020-09", (1440, 900)),
        ("view=table", (1440, 900)),
        ("view=lanes&lang=ko", (1440, 900)),
        ("view=map", (1440, 900)),
        ("sel=person/antony-blinken", (390, 844)),
        ("story=0.1&theme=dark", (390, 844)),
        ("from=person/mark-esper&to=person/antony-blinken", (1024, 768)),
    ],
)
def test_axe_finds_nothing(
    browser: Browser, address: str, place: str, size: tuple[int, int]
) -> None:
    v = visit(browser, f"{address}#{place}", viewport={"width": size[0], "height": size[1]})
    v.page.wait_for_timeout(300)
    assert by_axe(v) == []
    fine(v)


def by_axe(v: Visit) -> list[object]:
    wheel = find_spec("axe_playwright_python")
    assert wheel
    assert wheel.origin
    axe = Path(wheel.origin).with_name("axe.min.js").read_text("utf-8")
    v.page.evaluate(axe)
    found = v.page.evaluate("axe.run().then((r) => r.violations)")
    return [
        (f["id"], n["target"], n.get("failureSummary", "")) for f in found for n in f["nodes"][:3]
    ]


@pytest.fixture(scope="module")
def beside_records(store: Embedded) -> str:
    """The page of a build with the committed sample of official records."""
    facts = seeds.load(paths.seeds()).facts
    decisions, _ = matching.load(facts, paths.seeds(), "historyatstate")
    assert decisions is not None
    both = Embedded(store.quads())
    sample = Path(__file__).parent / "data" / "historyatstate"
    for partition in historyatstate.partitions(sample, decisions):
        both.load(historyatstate.quads(partition))
    return page.render(network.network(store), store, None, compare.compare(both))


def test_what_records_confirm_is_marked_on_the_plan(made: str, beside_records: str) -> None:
    marks = re.findall(r'<title id="(record-(\w+)-(\w+)-\d+)">([^<]*)</title>', beside_records)
    ids = [mark[0] for mark in marks]
    assert len(ids) == len(set(ids)) > 0
    assert sorted(re.findall(r'aria-describedby="(record-[^"]+)"', beside_records)) == sorted(ids)
    drawn = {(form, language) for _, form, language, _ in marks}
    assert drawn == {(form, language) for form in ("wide", "narrow") for language in ("en", "ko")}
    told = {text for *_, language, text in marks if language == "en"}
    assert any("positions-principals/secretary.xml, secr-2021-blin" in text for text in told)
    assert any("blinken-antony-j.xml, 3993" in text for text in told)
    assert "✓: an official record shows the same." in beside_records
    # without records nothing of it is there
    assert "✓" not in made
    assert "record-wide" not in made


def test_a_mark_of_a_record_has_words_for_those_who_do_not_see_it(
    browser: Browser, beside_records: str, tmp_path: Path
) -> None:
    (tmp_path / "network.html").write_text(beside_records, "utf-8")
    v = visit(browser, (tmp_path / "network.html").as_uri())
    v.page.wait_for_timeout(300)
    item = v.page.locator("svg.plan.wide[lang=en] .meeting[aria-describedby]").first
    told = v.page.evaluate(
        "(g) => document.getElementById(g.getAttribute('aria-describedby')).textContent",
        item.element_handle(),
    )
    assert told.startswith("Confirmed by official records: ")
    assert item.locator("text", has_text="✓").is_visible()
    assert by_axe(v) == []
    fine(v)


def test_another_alliance_is_drawn_as_well(browser: Browser, tmp_path: Path) -> None:
    other = compiled(OTHER)
    html = page.render(network.network(other), other)
    (tmp_path / "other.html").write_text(html, "utf-8")
    v = visit(browser, (tmp_path / "other.html").as_uri())
    assert "Japan" in text_of(v, "h1")
    assert v.page.locator("svg.plan.wide[lang=en] .meeting").count() >= 1
    assert v.page.locator("svg.plan.wide[lang=en] .tie").count() >= 2
    assert "Korea" not in v.page.locator("body").inner_text()
    fine(v)


def test_a_focus_is_opened_at_its_node(browser: Browser, store: Embedded, tmp_path: Path) -> None:
    near = network.network(store).around(f"{ID}person/ko-yun-ju", 1)
    (tmp_path / "near.html").write_text(page.render(near, store), "utf-8")
    v = visit(browser, (tmp_path / "near.html").as_uri())
    assert text_of(v, "#panel h2") == "Ko Yun-ju"
    fine(v)


# --- what must never happen ------------------------------------------------------------------------

PAYLOADS = (
    '<img src=x onerror="window.pwned=1">',
    "</script><script>window.pwned=1</script>",
    '"><svg onload=window.pwned=1>',
    "'-window.pwned(1)-'",
    'href="javascript:window.pwned=1" <a href="javascript:window.pwned=1">x</a>',
    "<!--<script>window.pwned=1//",
    "</style><style>@import 'http://127.0.0.1:9/x';</style>",
    '<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">',
    "<base href=http://127.0.0.1:9/><link rel=prefetch href=http://127.0.0.1:9/>",
    "{{ 7*7 }}{% raw %}${window.pwned=1}`",
    "__proto__\u2028constructor\u202e",
    "</title></textarea></noscript><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "=HYPERLINK(1)\r\n@SUM",
)


def hostile(store: Embedded) -> Embedded:
    """The same facts, with a payload in every text of every field and in every address."""
    out, n = [], 0
    for quad in store.quads():
        subject, value = quad.subject, quad.object
        shipped = quad.graph_name in (NamedNode(ONTOLOGY_GRAPH), NamedNode(VOCABULARIES))
        if isinstance(value, Literal) and (
            value.language or value.datatype.value.endswith("#string")
        ):
            n += 1
            text = (
                f"{PAYLOADS[n % 3]} {PAYLOADS[n % len(PAYLOADS)]} {'' if shipped else value.value}"
            )
            value = Literal(text, language=value.language) if value.language else Literal(text)
        elif quad.predicate.value == SCHEMA + "url":
            value = NamedNode("javascript:window.pwned=1")
        out.append(Quad(subject, quad.predicate, value, quad.graph_name))
    made = Embedded(out)
    made.load(
        Quad(NamedNode(f"{ID}person/x'-window.pwned()-'"), NamedNode(p), o, NamedNode(TRUTHY))
        for p, o in (
            (
                "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
                NamedNode("http://xmlns.com/foaf/0.1/Person"),
            ),
            ("http://www.w3.org/2004/02/skos/core#prefLabel", Literal(PAYLOADS[0], language="en")),
        )
    )
    return made


def test_a_hostile_string_in_every_field_never_runs(
    browser: Browser, store: Embedded, tmp_path: Path
) -> None:
    bad = hostile(store)
    (tmp_path / "bad.html").write_text(page.render(network.network(bad), bad), "utf-8")
    v = visit(browser, (tmp_path / "bad.html").as_uri())
    count = v.page.evaluate("JSON.parse(document.getElementById('data').textContent).nodes.length")
    slugs = v.page.evaluate(
        "JSON.parse(document.getElementById('data').textContent).nodes.map(n => n.i)"
    )
    assert count > 300
    for language in ("en", "ko"):
        for view in ("plan", "lanes", "table", "map"):
            v.set(f"view={view}&lang={language}")
            v.page.wait_for_timeout(100)
    v.page.evaluate(
        """async (slugs) => {
          for (const slug of slugs) {
            location.hash = "sel=" + encodeURIComponent(slug);
            await new Promise((done) => setTimeout(done, 4));
          }
        }""",
        slugs,
    )
    v.set("view=map&whole=1")
    v.page.wait_for_timeout(300)
    for story in range(
        v.page.evaluate("JSON.parse(document.getElementById('data').textContent).stories.length")
    ):
        v.set(f"story={story}.1")
    v.set("view=plan")
    for text in (PAYLOADS[0], PAYLOADS[1], "img"):
        v.page.fill("#find", text)
        v.page.wait_for_timeout(20)
    v.page.keyboard.press("Escape")
    for what in ("svg", "csv", "json", "sparql", "png"):
        take(v, what)
    for item in v.page.locator("svg.plan.wide[lang=en] .it").all()[::15]:
        item.hover(force=True)
    assert v.page.evaluate("window.pwned") is None
    assert v.page.locator("body img, body iframe, body base, body meta").count() == 0
    assert not v.page.locator("a").evaluate_all(
        "all => all.filter(a => !/^(https?|blob):/.test(a.href)).length"
    )
    fine(v)


def test_even_what_slips_through_would_be_stopped_by_the_policy(
    browser: Browser, made: str, tmp_path: Path
) -> None:
    holed = made.replace(
        "<footer>", '<footer><script>window.pwned=1</script><img src="http://127.0.0.1:9/x">'
    )
    (tmp_path / "holed.html").write_text(holed, "utf-8")
    v = visit(browser, (tmp_path / "holed.html").as_uri())
    assert v.page.evaluate("window.pwned") is None
    assert sum("Content Security Policy" in w for w in v.wrong) == 2
    v.page.context.close()
