"""Texts that would like to be scripts, in every field of the facts and in every view of them.

A run is one payload in one field that was seen in one view of a real browser. Nothing may run,
nothing may be asked of the network, and no policy may have been needed: the texts are text.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, StringConstraints
from pyoxigraph import Literal, NamedNode, Quad
from tests.hard import Figure

import alliance_graph as ag
from alliance_graph import (
    build,
    catalogue,
    codebook,
    derive,
    model,
    network,
    outputs,
    page,
    paths,
    questions,
    rdf,
    report,
    seeds,
)
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import BASE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ENOUGH = 300
"""Runs that the whole of this has to reach at least."""
PAYLOADS = (
    '<img src={net} onerror="{run}">',
    "</script><script>{run}</script>",
    "</style><style>@import '{net}';</style><svg onload={run}>",
    "' onmouseover='{run}' \" onfocus=\"{run}\" autofocus x='",
    '<a href="javascript:{run}">href</a>',
    "<!--<script>{run}//--><!--",
    '<meta http-equiv="refresh" content="0;url={net}"><base href={net}>',
    "<link rel=stylesheet href={net}><link rel=prefetch href={net}>",
    "]]></title></textarea></noscript><iframe srcdoc='<script>{run}</script>'>",
    "<video><source src={net} onerror={run}></video><object data={net}></object>",
    "<form action={net}><button formaction=javascript:{run} autofocus>x</button></form>",
    "{{{{ 7*7 }}}}{{% raw %}}${{{run}}}`{run}`<%= {run} %>",
    "<math><mtext><table><mglyph><style><img src=x onerror={run}>",
    "'-{run}-'\"-{run}-\"\\';{run}//",
    "=HYPERLINK({net}) @SUM(1) +1 [x](javascript:{run}) ![x]({net})",
    '<details open ontoggle="{run}"><template><script>{run}</script></template>',
)
"""{run} is a call that tells that it ran, {net} an address that counts who asks."""

_TOKEN = re.compile(r"zq(\d+)x(\d+)z")


def payload(number: int, at: int, port: int) -> str:
    """A payload with the token that names it and its field."""
    text = PAYLOADS[number].format(run="self.ran=1", net=f"http://127.0.0.1:{port}/")
    return f"zq{at}x{number}z{text}"


# --- facts ----------------------------------------------------------------------------------------


@dataclass
class Hostile:
    """Replaces every text by a payload, each time the next one for its field."""

    port: int
    first: int = 0
    fields: dict[str, int] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def text(self, name: str) -> str:
        at = self.fields.setdefault(name, len(self.fields))
        self.uses[name] += 1
        return payload((self.first + at + self.uses[name]) % len(PAYLOADS), at, self.port)

    def value(self, value: Any, name: str, info: Any) -> Any:
        """A value of the model with payloads for all texts that are free."""
        if isinstance(value, tuple):
            return tuple(self.value(v, name, info) for v in value)
        if isinstance(value, BaseModel):
            return self.model(value, name)
        free = any(
            isinstance(p, StringConstraints) and p.pattern == r"\S" for p in model.parts(info)
        )
        return self.text(name) if free and isinstance(value, str) else value

    def model(self, thing: BaseModel, name: str = "") -> BaseModel:
        kind = type(thing).__name__.partition("[")[0]
        owner = name if kind.endswith("Claim") else kind
        changed = {}
        for key, info in type(thing).model_fields.items():
            held = getattr(thing, key)
            if isinstance(held, (tuple, str, BaseModel)) and key not in ("id", "about"):
                changed[key] = self.value(held, owner if key == "is_" else f"{owner}.{key}", info)
        return thing.model_copy(update=changed)

    def facts(self, root: Path, into: Path) -> None:
        """Writes the facts of a folder, every free text replaced, as files that the loader takes."""
        facts = seeds.load(root).facts
        for folder, kind in seeds.FOLDERS.items():
            (into / folder).mkdir(parents=True)
            for thing in getattr(facts, folder):
                made = self.model(thing)
                assert isinstance(made, kind)
                (into / folder / f"{thing.id}.yaml").write_text(seeds.dump(made), "utf-8")
        for name in seeds.LISTS:
            shutil.copy(root / f"{name}.yaml", into)

    @staticmethod
    def replaceable(value: Literal) -> bool:
        """Whether it is a text, and no payload yet."""
        text = value.language or value.datatype.value.endswith("#string")
        return bool(text) and not _TOKEN.search(value.value)

    def store(self, store: Embedded) -> Embedded:
        """A graph with payloads in the ontology too, and addresses that are scripts."""
        made = []
        for quad in store.quads():
            value = quad.object
            if isinstance(value, Literal) and self.replaceable(value):
                text = self.text(quad.predicate.value.rpartition("#")[2].rpartition("/")[2])
                value = Literal(text, language=value.language) if value.language else Literal(text)
            elif quad.predicate.value.endswith(("/url", "#exactMatch", "#seeAlso")):
                value = NamedNode("javascript:self.ran=1")
            made.append(Quad(quad.subject, quad.predicate, value, quad.graph_name))
        return Embedded(made)


# --- what happens in the browser -------------------------------------------------------------------


class Listener:
    """Counts whoever connects to a port of loopback."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                with peer:
                    peer.settimeout(1)
                    with contextlib.suppress(OSError):
                        self.asked.append(peer.recv(200).partition(b"\r\n")[0].decode("latin-1"))

    def close(self) -> None:
        self._socket.close()


_SEEN = r"""
  const tokens = (text) => text.match(/zq\d+x\d+z/g) || [];
  const texts = (root) => {
    const found = [];
    for (const e of root.querySelectorAll("*")) {
      for (const a of e.attributes) if (/zq\d+x\d+z/.test(a.value)) found.push(a.value);
      if (e.localName === "script" || e.localName === "style") continue;
      if (e.localName === "textarea" || e.localName === "input") found.push(e.value);
      for (const n of e.childNodes) if (n.nodeType === 3) found.push(n.data);
    }
    return [...new Set(tokens(found.join(" ")))];
  };
"""
_LOOK = (
    "() => {"
    + _SEEN
    + r"""
  const wrong = [];
  for (const e of document.querySelectorAll("*")) {
    const tag = e.localName;
    if (["base", "object", "embed", "video", "audio", "source", "mglyph"].includes(tag))
      wrong.push(tag);
    for (const a of e.attributes) {
      if (a.name.startsWith("on")) wrong.push(`${tag} ${a.name}`);
      const leads = ["href", "src", "action", "formaction", "data", "xlink:href"].includes(a.name);
      if (leads && /^[\s\0-\x1f]*(javascript|vbscript|data:text)/i.test(a.value))
        wrong.push(`${tag} ${a.name}=${a.value.slice(0, 40)}`);
      if ((leads || a.name === "content") && /^[^#?]*127\.0\.0\.1:PORT/.test(a.value))
        wrong.push(`${tag} ${a.name}=${a.value.slice(0, 40)}`);
    }
  }
  if (self.ran !== undefined) wrong.push("it ran");
  return [texts(document), wrong];
}"""
)
_TOUR = (
    "async (hashes) => {"
    + _SEEN
    + r"""
  const found = new Set();
  for (const hash of hashes) {
    location.hash = hash;
    await new Promise((done) => setTimeout(done, 8));
    for (const d of document.querySelectorAll("#panel details")) d.open = true;
    for (const token of texts(document.getElementById("panel"))) found.add(token);
  }
  return [...found];
}"""
)


@dataclass
class Watch:
    """A tab in which things are looked at; keeps what was seen and what was wrong."""

    tab: Page
    port: int
    runs: set[tuple[str, int, int]] = field(default_factory=set)
    """View, field, payload."""
    wrong: list[str] = field(default_factory=list)
    view: str = ""

    @classmethod
    def of(cls, browser: Browser, port: int) -> Watch:
        made = cls(browser.new_page(viewport={"width": 1440, "height": 900}), port)
        made.tab.on("pageerror", lambda e: made.tell(f"error {e}"))
        made.tab.on("console", lambda m: made.tell(m.text) if "Security Policy" in m.text else None)

        def dialog(shown: Any) -> None:
            made.tell(f"dialog {shown.message}")
            shown.dismiss()

        made.tab.on("dialog", dialog)
        return made

    def tell(self, what: str) -> None:
        self.wrong.append(f"{self.view}: {what}")

    def saw(self, tokens: Iterable[str]) -> None:
        for token in tokens:
            found = _TOKEN.fullmatch(token)
            assert found is not None
            self.runs.add((self.view, int(found[1]), int(found[2])))

    def look(self) -> None:
        """Every text of the tab and of the frames in it, and whatever is more than text."""
        for frame in self.tab.frames:
            tokens, wrong = frame.evaluate(_LOOK.replace("PORT", str(self.port)))
            self.saw(tokens)
            for what in wrong:
                self.tell(what)

    def open(self, view: str, url: str) -> None:
        self.view = view
        self.tab.goto(url)
        self.look()

    def edited(self, view: str, url: str) -> None:
        """The query page with its editor: the answer as rows, all of them, and as it came."""
        self.open(view, url)
        tab = ".tabPanel.active"
        self.tab.wait_for_selector("html[data-ready]")
        self.tab.wait_for_selector(f"{tab} .yasr_response_chip:not(.empty)")
        self.tab.wait_for_selector(f"{tab} .busy", state="detached")
        self.tab.wait_for_selector(f"{tab} .yasr_results > *")
        self.look()
        if self.tab.locator(f"{tab} .tableSizer").count():
            self.tab.select_option(f"{tab} .tableSizer", "-1")
            self.look()
            self.tab.locator(f"{tab} .switch input").click()
            self.look()
        self.tab.locator(f"{tab} .select_response").last.click()
        self.tab.wait_for_timeout(60)
        self.look()

    def tour(self, view: str, url: str, most: int) -> None:
        """The page of the network: every view, things in the panel, stories and search."""
        self.open(view, url)
        self.tab.wait_for_selector("html[data-ready]")
        data = self.tab.evaluate("JSON.parse(document.getElementById('data').textContent)")
        for language in ("en", "ko"):
            for name in ("plan", "lanes", "table", "map"):
                self.tab.evaluate("h => { location.hash = h }", f"view={name}&lang={language}")
                self.tab.wait_for_timeout(120)
                self.look()
        shown = data["nodes"][:: max(1, 3 - most)]
        steps = [
            f"story={n}.{m}"
            for n, s in enumerate(data["stories"])
            for m, _ in enumerate(s["steps"])
        ]
        self.saw(self.tab.evaluate(_TOUR, ["sel=" + quote(n["i"], safe="") for n in shown]))
        for step in steps:
            self.tab.evaluate("h => { location.hash = h }", step)
            self.tab.wait_for_timeout(15)
        self.tab.fill("#find", "img")
        self.tab.wait_for_timeout(60)
        self.look()


# --- the views -------------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(graph: Path, folder: Path) -> Iterator[str]:
    """``alliance serve`` of a graph, for as long as it is needed; gives its address."""
    command = [
        sys.executable,
        "-m",
        "alliance_graph",
        "serve",
        "--port",
        "0",
        "--graph",
        str(graph),
    ]
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().decode().split()[0].rstrip("/")
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def served(watch: Watch, url: str, store: Embedded, hostile: Hostile, most: int) -> None:
    """Pages of things of each kind, and the query page with answers, faults and a question."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for iri in sorted({q.subject.value for q in store.quads() if isinstance(q.subject, NamedNode)}):
        if iri.startswith(BASE):
            kinds[iri.removeprefix(BASE).rpartition("/")[0]].append(iri)
    for things in kinds.values():
        for iri in things[:: max(1, len(things) // most)][:most]:
            watch.open("pages of things", f"{url}/{iri.removeprefix(BASE)}")
    texts = "SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'zq')) } LIMIT 900"
    said = hostile.text("query.text").replace("\\", "")
    quoted = hostile.text("query.literal").replace("\\", "").replace("'", "").replace("\n", " ")
    asked = [
        *(f"{texts} OFFSET {n * 900}" for n in range(3)),
        "CONSTRUCT { ?s rdfs:label ?o } WHERE { ?s skos:prefLabel ?o } LIMIT 300",
        f"SELECT ('{quoted}' AS ?x) (<javascript:self.ran=1> AS ?y) {{}} # {said}",
        f"ASK {{}} # {said}",
        f"SELECT {said}",
    ]
    for text in asked:
        watch.open("query page", f"{url}/sparql?{urlencode({'query': text, 'format': 'html'})}")
        watch.open("query page", f"{url}/query?{urlencode({'query': text, 'plain': ''})}")
    if (paths.EDITOR / "yasgui.min.js").exists():
        for text in asked[max(0, 3 - most) :]:
            watch.edited("query page, YASGUI", f"{url}/query?{urlencode({'query': text})}")


def noted(graph: ag.Graph, most: int) -> str:
    """What a notebook shows, one after the other, as it shows it: in a page without any policy."""
    parts: list[Any] = [graph.questions]
    for question in questions.catalogue():
        parts.append(graph.ask(question.name, **question.example))
    parts.append(graph.sparql("SELECT * { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'zq')) } LIMIT 900"))
    parts.append(graph.sparql("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o . ?s a ally:Encounter }"))
    things = graph.sparql(
        "SELECT DISTINCT ?t { ?t a ?k FILTER(?k IN (foaf:Person, ally:Encounter, "
        "org:Post, ally:Channel, ally:Article, ally:Claim)) } ORDER BY ?t"
    )
    iris = [row[0].value for row in things.terms]
    for iri in iris[:: max(1, len(iris) // most)]:
        parts += [graph.show(iri), graph.why(iri)]
    focus = next(i for i in iris if "/person/" in i)
    parts += [graph.at("2021-03-18"), graph.timeline(focus), graph.network(focus=focus)]
    parts.append(graph.network(focus=focus).page())
    made = "\n<hr>\n".join(part._repr_html_() or "" for part in parts)
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>n</title>{made}</html>'


@contextlib.contextmanager
def chromium(program: str | None = None) -> Iterator[Browser]:
    """The system's chromium without a window."""
    from playwright.sync_api import sync_playwright

    flags = "--no-sandbox --disable-gpu --disable-background-networking --disable-dev-shm-usage"
    with sync_playwright() as playwright:
        path = program or shutil.which("chromium")
        started = playwright.chromium.launch(executable_path=path, args=flags.split())
        yield started
        started.close()


def views(watch: Watch, folder: Path, hostile: Hostile, most: int = 3) -> None:
    """Every view of hostile facts, one after the other."""
    facts = folder / "facts"
    hostile.facts(paths.seeds(), facts)
    loaded, findings = build.find_all(facts)
    assert not loaded.broken, [str(f) for f in findings if f.severity == "error"][:3]
    # no shape is asked: it would stop at names that are no names
    store = Embedded(rdf.quads(loaded.facts))
    store.load(build.ontology_quads())
    derive.derive(store)
    bad = hostile.store(store)
    told = report.report(loaded, store, tuple(findings), None)
    for name, text in (
        ("network", page.render(network.network(bad), bad)),
        ("report", report.as_html(told)),
        ("codebook", codebook.as_html(bad)),
        ("questions", catalogue.as_html(bad)),
    ):
        (folder / f"{name}.html").write_text(text, "utf-8")
    (folder / "bad.trig").write_bytes(outputs.trig(outputs.in_order(bad.quads())))
    watch.tour("network.html", (folder / "network.html").as_uri(), most)
    for name in ("report", "codebook", "questions"):
        watch.open(f"{name}.html", (folder / f"{name}.html").as_uri())
    with serving(folder / "bad.trig", folder) as url:
        served(watch, url, bad, hostile, most)
    (folder / "notebook.html").write_text(noted(ag.open(folder / "bad.trig"), most * 10), "utf-8")
    watch.open("notebook", (folder / "notebook.html").as_uri())
    watch.tab.locator("iframe").scroll_into_view_if_needed()
    watch.tab.wait_for_timeout(500)
    watch.look()


@dataclass
class Looked:
    """What came of looking."""

    runs: dict[str, int]
    fields: int
    wrong: list[str]
    asked: list[str]

    @property
    def all(self) -> int:
        """Different payloads in different fields in different views."""
        return sum(self.runs.values())


def run(browser: Browser, folder: Path, rounds: int = 1, most: int = 3) -> Looked:
    """Look at everything so many times, every text with another payload each time."""
    listener = Listener()
    watch = Watch.of(browser, listener.port)
    names: dict[str, int] = {}
    for n in range(rounds):
        here = folder / str(n)
        here.mkdir()
        views(watch, here, Hostile(listener.port, n, names), most)
    watch.tab.close()
    listener.close()
    counted: dict[str, int] = defaultdict(int)
    for view, _, _ in watch.runs:
        counted[view] += 1
    return Looked(dict(counted), len({at for _, at, _ in watch.runs}), watch.wrong, listener.asked)


def main() -> list[Figure]:
    """Four rounds, or as many as ``ALLIANCE_PAYLOADS`` says."""
    rounds = int(os.environ.get("ALLIANCE_PAYLOADS", 4))
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        seen = run(browser, Path(folder), rounds, most=5)
    for text in sorted(set(seen.wrong))[:20]:
        print(text)
    print(", ".join(f"{view} {n:,}" for view, n in sorted(seen.runs.items())))
    return [
        Figure(
            "payload × field × view seen as text",
            f"≥ {ENOUGH}",
            f"{seen.all:,} ({len(PAYLOADS)} payloads, {seen.fields} fields, {len(seen.runs)} views)",
            seen.all >= ENOUGH,
        ),
        Figure("ran, broke out or needed the policy", "0", str(len(seen.wrong)), not seen.wrong),
        Figure("asked of the network", "0", str(len(seen.asked)), not seen.asked),
    ]
