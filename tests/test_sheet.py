"""The pages for reading: what every one of them must hold, whatever it tells."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from playwright.sync_api import sync_playwright

from alliance_graph import reference, sheet
from alliance_graph.store.embedded import Embedded

PAGES = ("report.html", "docs/codebook.html", "docs/ontology.html")


class Elements(HTMLParser):
    """Start tags in order, each with its attributes, the tags it lies in, and the text in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.texts: list[list[str]] = []
        self.unclosed: list[tuple[str, int]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(t for t, _ in self.unclosed)))
        self.texts.append([])
        if tag not in ("meta", "br"):
            self.unclosed.append((tag, len(self.found) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(t for t, _ in self.unclosed)))
        self.texts.append([])

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self.unclosed.pop()
        assert opened == tag, f"</{tag}> closes <{opened}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        for _, at in self.unclosed:
            self.texts[at].append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.found if name == tag]


@pytest.fixture(scope="module")
def pages(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with the pages that `alliance docs` adds."""
    out = tmp_path_factory.mktemp("pages") / "build"
    shutil.copytree(built, out)
    reference.write(Embedded.read(out / "alliance.trig"), out / "docs")
    return out


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, pages: Path) -> Path:
    return pages / str(request.param)


@pytest.fixture
def text(page: Path) -> str:
    return page.read_text("utf-8")


@pytest.fixture
def elements(text: str) -> Elements:
    return Elements(text)


def test_nothing_runs_and_nothing_is_fetched(elements: Elements, text: str) -> None:
    for tag, attributes, _ in elements.found:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form")
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "src", "srcset")]
    assert "@import" not in text
    assert "url(" not in text


def test_the_policy_allows_the_style_by_its_digest_and_no_more(
    elements: Elements, text: str
) -> None:
    [style] = re.findall(r"<style>(.*?)</style>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policies = [m["content"] for m in elements.of("meta") if "http-equiv" in m]
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]


def test_every_element_is_closed_in_order(elements: Elements) -> None:
    assert elements.unclosed == []


def test_it_can_be_read_by_ear(elements: Elements) -> None:
    [html] = elements.of("html")
    assert html["lang"] == "en"
    assert len(elements.of("main")) == len(elements.of("h1")) == len(elements.of("header")) == 1
    levels = [int(tag[1]) for tag, _, _ in elements.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    titles = [
        t for (tag, _, _), t in zip(elements.found, elements.texts, strict=True) if tag == "title"
    ]
    assert "".join(titles[0]).strip()


def test_every_table_has_a_name_and_every_heading_cell_a_scope(elements: Elements) -> None:
    captioned = [path for tag, _, path in elements.found if tag == "caption"]
    regions = [a for a in elements.of("div") if a.get("role") in ("region", "group")]
    assert len(regions) == len(elements.of("table")) > 10
    assert all(r.get("aria-labelledby") or r.get("aria-label") for r in regions)
    assert all(r["tabindex"] == "0" for r in regions)
    assert all(path[-1] == "table" for path in captioned)
    assert all(th.get("scope") for th in elements.of("th"))


def test_ids_are_unique_and_every_link_leads_somewhere(elements: Elements) -> None:
    ids = Counter(a["id"] for _, a, _ in elements.found if "id" in a)
    assert [i for i, n in ids.items() if n > 1] == []
    for link in elements.of("a"):
        href = link["href"] or ""
        if href.startswith("#"):
            assert href[1:] in ids
        elif re.match(r"(codebook|ontology|questions)\.html", href):
            assert "rel" not in link  # to a page beside it
        else:
            assert href.startswith(("https://", "http://"))
            assert link["rel"] == "noreferrer"
    for _, attributes, _ in elements.found:
        named_by = attributes.get("aria-labelledby")
        assert named_by is None or named_by in ids


def test_korean_is_marked_as_such(elements: Elements) -> None:
    hangul = re.compile("[가-힣]{2}")
    marked = sum(
        bool(hangul.search("".join(t)))
        for (_, a, _), t in zip(elements.found, elements.texts, strict=True)
        if a.get("lang") == "ko"
    )
    assert marked > 100


def test_a_browser_shows_it_without_a_complaint(
    page: Path, needs_tool: Callable[[str, str], Path]
) -> None:
    chromium = needs_tool("chromium", "apt-get install chromium")
    complaints: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        shown = browser.new_page(color_scheme="dark", viewport={"width": 390, "height": 800})
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("request", lambda request: requests.append(request.url))
        shown.goto(page.as_uri())
        look: dict[str, Any] = shown.evaluate(
            """() => ({
              sheets: document.styleSheets.length,
              ground: getComputedStyle(document.body).backgroundColor,
              wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
            })"""
        )
        browser.close()
    assert complaints == []
    assert requests == [page.as_uri()]
    assert look == {"sheets": 1, "ground": "rgb(22, 23, 26)", "wider": 0}


def test_light_and_dark_have_contrast_enough_to_read() -> None:
    """WCAG 2.2, success criterion 1.4.3: 4.5 to 1 for text, on the page and on its washes."""
    style = (Path(sheet.__file__).parent / "templates" / "sheet.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    )
    assert light.keys() == dark.keys()
    for colours in (light, dark):
        for ink in ("ink", "soft", "link", "alert", "good"):
            assert _contrast(colours[ink], colours["paper"]) >= 4.5, ink
        assert _contrast(colours["ink"], colours["wash"]) >= 4.5
        assert _contrast(colours["alert"], colours["alert-wash"]) >= 4.5


def _contrast(a: str, b: str) -> float:
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        sheet.render("codebook.html", parts=())


def test_a_template_of_ours_escapes_and_a_text_ends_no_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    hostile = "</script><!--<script>'\"&<b>\u2028"
    (tmp_path / "t.html").write_text(
        '<p title="{{ x }}">{{ x }}</p>\n'
        '<script type="application/json">{{ {"x": x} | tojson }}</script>\n'
        "{% if x %}\n  yes\n  {% endif %}\n",
        "utf-8",
    )
    made = sheet.environment(tmp_path)
    text = made.get_template("t.html").render(x=hostile)
    escaped = "&lt;/script&gt;&lt;!--&lt;script&gt;&#39;&#34;&amp;&lt;b&gt;\u2028"
    data = re.findall(r"json\">(.*)</script>", text)[0]
    assert text == (
        f'<p title="{escaped}">{escaped}</p>\n'
        f'<script type="application/json">{data}</script>\n'
        "  yes\n"
    )
    assert not set("<>&'") & set(data)
    assert json.loads(data) == {"x": hostile}
    with pytest.raises(UndefinedError):
        made.get_template("t.html").render()
    kept = list((tmp_path / "__pycache__").iterdir())
    assert [p.name.startswith("1-") and p.suffix == ".jinja" for p in kept] == [True]


def test_templates_escape_where_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.html").write_text("{{ x }}", "utf-8")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert sheet.environment(tmp_path).get_template("t.html").render(x="<") == "&lt;"
    assert [p.name for p in tmp_path.iterdir()] == ["t.html"]


def test_the_environment_of_the_sheets_escapes_and_knows_its_policy() -> None:
    made = sheet._environment()
    assert made is sheet._environment()
    assert made.from_string("{{ x }}{{ style }}").render(x="<") == f"&lt;{sheet.style()}"
    digest = base64.b64encode(hashlib.sha256(sheet.style().encode()).digest()).decode()
    assert made.globals["policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert made.get_template("report.html") is not None
