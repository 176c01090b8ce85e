"""Asks every shipped question on every engine; ``python -m tests.engines`` writes the table.

Each question is asked as it stands, where it needs no value, and with the values of its example.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import QueryResultsFormat, parse_query_results
from tests import servers

from alliance_graph import build, derive, export, paths, push, questions, rdf, seeds
from alliance_graph.errors import AllianceError
from alliance_graph.graph import Graph
from alliance_graph.store.embedded import Embedded
from alliance_graph.store.remote import Remote, declared

if TYPE_CHECKING:
    from alliance_graph.store import Answer, Store

TABLE = Path(__file__).parent / "bench" / "engines.md"
VIRTUOSO = ("virtuoso-t", "apt-get install virtuoso-opensource-7-bin")
NAMES = ("Oxigraph server", "Virtuoso 7", "rdflib-endpoint", "rdflib")
Answers = dict[tuple[str, bool], Counter[str] | str]
"""Question, and whether asked with its example -> its rows, in any order, or what went wrong."""

NOTES = """\
Written by `python -m tests.engines`, after a change of facts or questions; the columns of
rdflib-endpoint and rdflib come from that run alone. The tests ask Oxigraph server and Virtuoso all
of it again, rdflib-endpoint over the graph of one article, and rdflib each question once, with the
values that it requires (in the gate over all articles).

"same" means the same rows with the same values as from the engine inside this package (pyoxigraph),
over the shipped facts, both as it stands, where it needs no value, and with the values of its
example; the first two columns say how many rows. Rows that a question's order leaves equal may come
in another order.

| engine | how the graph got there | what to know |
|---|---|---|
| Oxigraph server | `alliance push` | its default graph is not the union: we name the graphs with each query |
| Virtuoso 7 | `alliance push`, Digest credentials | keeps no `xsd:duration`: the values go as texts; computes no boolean but by `STRDT`; repeats rows in spite of DISTINCT, which `store/remote.py` takes out; takes a query only as a form; falls over where a path `*` ends in a given value |
| rdflib-endpoint | N-Quads from `alliance export` | takes any `alliance push`, too, but reads a hundred statements a second |
| rdflib | `alliance_graph.open(…).rdf()` | the same engine as before, inside one's own program |
"""


@dataclass(frozen=True)
class Asked:
    """What an engine answered, and how long it took over it (seconds)."""

    answers: Answers
    seconds: float


class InProcess(Embedded):
    """rdflib itself, over the graph of a store of ours."""

    def __init__(self, store: Embedded) -> None:
        self.engine = store.engine
        self.data = Graph(store).rdf()

    def query(self, text: str) -> Answer:
        told = self.data.query(declared(text)).serialize(format="json")
        return parse_query_results(told or b"", format=QueryResultsFormat.JSON)


def one_article() -> Embedded:
    """The graph of one article: small enough for rdflib to answer every question at once."""
    facts = seeds.load(paths.seeds()).facts
    articles = tuple(a for a in facts.articles if a.id == "nationpress-2025-12-12")
    small = Embedded(rdf.quads(facts.model_copy(update={"articles": articles})))
    small.load(build.ontology_quads())
    derive.derive(small)
    return small


def ask_all(store: Store) -> Asked:
    """The answers to all questions."""
    answers: Answers = {}
    started = time.monotonic()
    for question in questions.catalogue():
        for case in [False] * (not question.required) + [True] * bool(question.example):
            try:
                given = question.example if case else {}
                rows = questions.ask(store, question.name, **given).rows
                answers[question.name, case] = Counter(map(repr, rows))
            except AllianceError as bad:
                answers[question.name, case] = f"{type(bad).__name__}: {bad}"
    return Asked(answers, time.monotonic() - started)


@contextlib.contextmanager
def running(virtuoso: Path, for_rdflib: Embedded) -> Iterator[list[servers.Engine]]:
    """The servers, rdflib-endpoint with its graph, the others empty."""
    with contextlib.ExitStack() as stack:

        def folder() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))

        lines = folder() / "graph.nq"
        lines.write_bytes(export.export(for_rdflib, "nquads"))
        engines = [
            stack.enter_context(servers.oxigraph(folder())),
            stack.enter_context(servers.virtuoso(folder(), lambda name, hint: virtuoso)),
            stack.enter_context(servers.rdflib_endpoint(folder(), lines)),
        ]
        for engine in engines:
            stack.enter_context(engine.credentials())
        yield engines


def everywhere(
    store: Embedded, virtuoso: Path, for_rdflib: Embedded | None = None
) -> dict[str, Asked]:
    """The answers of all servers by name; rdflib-endpoint may get a graph of its own."""
    with running(virtuoso, for_rdflib or store) as engines:

        def asked(engine: servers.Engine) -> Asked:
            remote = Remote(engine.endpoint, seconds=600)  # on a machine that is busy, too
            if engine.name != "rdflib-endpoint":  # which reads some hundred statements a second
                push.push(remote, store.quads())
            return ask_all(remote)

        with ThreadPoolExecutor(len(engines)) as pool:
            return dict(zip((e.name for e in engines), pool.map(asked, engines), strict=True))


def compared(ours: Answers, theirs: Answers, question: str) -> str:
    """``same``, or in which way an engine's answers are others."""
    for case, other in theirs.items():
        mine = ours[case]
        if case[0] != question or mine == other:
            continue
        if isinstance(other, str) or isinstance(mine, str):
            return f"{mine if isinstance(mine, str) else other}"
        return f"{(mine - other).total()} rows missing, {(other - mine).total()} others"
    return "same" if any(name == question for name, _ in theirs) else "not asked"


def rows(ours: Answers, question: str) -> list[str]:
    """How many rows a question has as it stands and with its example."""
    answers = [ours.get((question, case)) for case in (False, True)]
    return [f"{a.total():,}" if isinstance(a, Counter) else "–" for a in answers]


def lines(ours: Answers, others: dict[str, Answers]) -> list[str]:
    """The lines of the table, without its head."""
    return [
        f"| {' | '.join([name, *rows(ours, name), *(compared(ours, o, name) for o in others.values())])} |"
        for name in dict.fromkeys(name for name, _ in ours)
    ]


def table(ours: Asked, others: dict[str, Asked], versions: dict[str, str]) -> str:
    """The table as Markdown, with the seconds that each engine took."""
    head = ["question", "rows", "with example", *others]
    took = [f"{name} ({versions[name]}) {asked.seconds:.0f} s" for name, asked in others.items()]
    text = [
        "# Every question on every engine",
        "",
        NOTES,
        f"All of them together took in one run on two cores: pyoxigraph {ours.seconds:.1f} s; "
        f"{'; '.join(took)}.",
        "",
        f"| {' | '.join(head)} |",
        f"|---|--:|--:|{'---|' * len(others)}",
        *lines(ours.answers, {name: asked.answers for name, asked in others.items()}),
    ]
    return "\n".join(text) + "\n"


def _versions(virtuoso: Path) -> dict[str, str]:
    told = subprocess.run([virtuoso, "-?"], capture_output=True, text=True, check=False)
    found = re.search(r"Version ([\d.]+)", told.stdout + told.stderr)
    packages = ("oxigraph", "", "rdflib-endpoint", "rdflib")
    return {
        name: importlib.metadata.version(package) if package else found[1] if found else ""
        for name, package in zip(NAMES, packages, strict=True)
    }


def _main() -> None:
    program = shutil.which(VIRTUOSO[0])
    if program is None:
        raise SystemExit(f"needs {VIRTUOSO[0]}: {VIRTUOSO[1]}")
    virtuoso = Path(program)
    store = build.compile_facts(paths.seeds()).store
    others = everywhere(store, virtuoso) | {"rdflib": ask_all(InProcess(store))}
    text = table(ask_all(store), others, _versions(virtuoso))
    TABLE.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    _main()
