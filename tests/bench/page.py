"""Time to first drawing and the renderer's CPU, beside stock pyvis and sigma.js on the same graph.

Needs chromium, and for sigma ``npm install --prefix tests/bench sigma@3 graphology``.
``BENCH_SIZES`` (such as "60 300") measures these sizes only, ``BENCH_LIMIT`` gives up earlier.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from alliance_graph import page
from alliance_graph.network import Edge, Level, Network, Node, positions
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = (60, 300, 1_000, 5_000, 20_000)
LIMIT = float(os.environ.get("BENCH_LIMIT", "60"))
"""Seconds after which a page is given up."""
SIGMA = Path(__file__).parent / "node_modules"


def network(size: int) -> Network:
    """Officials, offices and meetings of two sides: average degree about 4."""
    chance = random.Random(size)  # a reproducible graph, no secret
    levels = tuple(Level(f"level-{i}", f"level {i}", None, i) for i in range(1, 8))
    countries = [
        Node(f"{ID}country/{c}", "country", c.upper(), country=f"{ID}country/{c}", side=i)
        for i, c in enumerate(("a", "b"), 1)
    ]
    people, offices, meetings = [], [], []
    edges: list[Edge] = []
    for i in range(size // 3):
        side = 1 + i % 2
        country, level = countries[side - 1].iri, levels[i % 7].slug
        office = Node(
            f"{ID}office/{i}", "office", f"Office {i}", country=country, side=side, level=level
        )
        person = Node(
            f"{ID}person/{i}",
            "person",
            f"Official number {i}",
            country=country,
            side=side,
            level=level,
        )
        offices.append(office)
        people.append(person)
        edges.append(Edge(person.iri, office.iri, "holds", dates=("2020",)))
    for i in range(size - 2 - 2 * len(people)):
        iri = f"{ID}encounter/{i}"
        day = f"20{10 + i % 15}-{1 + i % 12:02}-{1 + i % 28:02}"
        level = levels[i % 7].slug
        meetings.append(
            Node(iri, "encounter", f"Meeting {i}", level=level, date=day, earliest=day, latest=day)
        )
        for person in chance.sample(people, min(5, len(people))):
            edges.append(Edge(person.iri, iri, "took part", earliest=day, latest=day))
    return Network((*countries, *people, *offices, *meetings), tuple(edges), levels)


def ours(made: Network) -> str:
    """Our page."""
    return page.render(made, Embedded())


def stock(made: Network) -> str:
    """Pyvis as it comes: its template, its physics."""
    from pyvis.network import Network as Pyvis

    # directed, since each undirected edge is compared with all before it
    drawn = Pyvis(cdn_resources="in_line", directed=True)
    for node in made.nodes:
        drawn.add_node(node.iri, label=node.label)
    for edge in made.edges:
        drawn.add_edge(edge.source, edge.target)
    html: str = drawn.generate_html()
    return html.replace("network = new vis.Network", "network = window.network = new vis.Network")


def sigma(made: Network) -> str:
    """sigma.js on WebGL at our positions."""
    scripts = [
        (SIGMA / "graphology" / "dist" / "graphology.umd.min.js").read_text("utf-8"),
        (SIGMA / "sigma" / "dist" / "sigma.min.js").read_text("utf-8"),
    ]
    nodes = [[n.iri, n.label, *at] for n, at in zip(made.nodes, positions(made), strict=True)]
    edges = [[e.source, e.target] for e in made.edges]
    data = json.dumps([nodes, edges])
    return (
        '<!doctype html><meta charset="utf-8"><div id="c" style="height:800px"></div>'
        + "".join(f"<script>{s}</script>" for s in scripts)
        + f"<script>const [nodes, edges] = {data};"
        "const g = new graphology.MultiGraph();"
        "for (const [k, label, x, y] of nodes) g.addNode(k, { label, x, y: -y, size: 3 });"
        "for (const [a, b] of edges) g.addEdge(a, b);"
        "window.made = new Sigma(g, document.getElementById('c'));"
        "requestAnimationFrame(() => { window.drawn = performance.now(); });</script>"
    )


# what tells that something has been drawn, in milliseconds since navigation
DRAWN = {
    "ours": "window.done",
    "ours, everything": "window.done",
    "pyvis": "window.done",
    "sigma": "window.drawn",
}
HOOK = {
    "ours": "const wait = setInterval(() => { if (document.documentElement?.dataset.ready)"
    " { clearInterval(wait); requestAnimationFrame(() => { window.done = performance.now(); }); } }, 4);",
    "ours, everything": "const wait = setInterval(() => { if (document.documentElement?.dataset.drawn)"
    " { window.done = performance.now(); clearInterval(wait); } }, 4);",
    "pyvis": "const wait = setInterval(() => { if (window.network?.once) { clearInterval(wait);"
    "window.network.once('stabilizationIterationsDone', () => requestAnimationFrame(() => { window.done = performance.now(); })); } }, 20);",
}


def measure(browser: Browser, html: Path, name: str) -> tuple[float | None, float]:
    """Seconds to the first drawing (None: not within the limit), and CPU seconds of the renderer."""
    from playwright.sync_api import TimeoutError as TooLate

    system = browser.new_browser_cdp_session()

    def spent() -> float:
        told = system.send("SystemInfo.getProcessInfo")["processInfo"]
        return float(sum(p["cpuTime"] for p in told if p["type"] in ("renderer", "GPU")))

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    seen = context.new_page()
    seen.route("http*://**", lambda route: route.abort())
    if name in HOOK:
        seen.add_init_script(HOOK[name])
    before = spent()
    place = "#view=map&whole=1" if name == "ours, everything" else ""
    first: float | None = None
    try:
        seen.goto(html.as_uri() + place, timeout=LIMIT * 1000, wait_until="commit")
        seen.wait_for_function(f"() => {DRAWN[name]}", timeout=LIMIT * 1000)
        first = seen.evaluate(DRAWN[name]) / 1000
    except TooLate:
        pass
    cpu = spent() - before
    context.close()
    system.detach()
    return first, cpu


def main() -> None:
    """Print the table."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("page: needs chromium (apt-get install chromium)")
        return
    from playwright.sync_api import sync_playwright

    makers: dict[str, Callable[[Network], str]] = {
        "ours": ours,
        "ours, everything": ours,
        "pyvis": stock,
        "sigma": sigma,
    }
    if not (SIGMA / "sigma").is_dir():
        print("page: without sigma (npm install --prefix tests/bench sigma@3 graphology)")
        del makers["sigma"]
    flags = "--no-sandbox --disable-gpu --enable-unsafe-swiftshader --disable-background-networking"
    sizes = [int(s) for s in os.environ.get("BENCH_SIZES", "").split()] or list(SIZES)
    print(
        "page: seconds to the first drawing, and CPU seconds of renderer and GPU process until then"
    )
    print(f"{'':<18}" + "".join(f"{n:>16,}" for n in sizes))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name, maker in makers.items():
            cells = []
            for size in sizes:
                path = Path(folder) / f"{name}-{size}.html"
                path.write_text(maker(network(size)), "utf-8")
                browser = playwright.chromium.launch(executable_path=chromium, args=flags.split())
                first, cpu = measure(browser, path, name)
                browser.close()
                cells.append(
                    f"{first:.2f} / {cpu:.1f}" if first is not None else f">{LIMIT:.0f} / {cpu:.0f}"
                )
            print(f"{name:<18}" + "".join(f"{c:>16}" for c in cells), flush=True)
