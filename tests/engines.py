"""Asks every shipped question on every engine; ``python -m tests.engines`` writes engines.md.

Each question is asked as it stands, where it needs no value, and with the values of its example;
rdflib, which is slow with a VALUES block before long patterns, only where it has to be.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import servers

from alliance_graph import export, push, questions
from alliance_graph.errors import AllianceError
from alliance_graph.store import Store
from alliance_graph.store.embedded import Embedded
from alliance_graph.store.remote import Remote

TABLE = Path(__file__).parent / "bench" / "engines.md"
Answers = dict[tuple[str, bool], Counter[str] | str]
"""Question, and whether asked with its example -> its rows, in any order, or what went wrong."""

NOTES = """\
Written by `python -m tests.engines`; `tests/test_engines.py` asks all of them again.

"same" means the same rows with the same values as from the engine inside this package, over the
shipped facts, asked as it stands, where it needs no value, and with the values of its example
(rdflib-endpoint: the first where it can be). Rows that a question's order leaves equal may come in
another order.

| engine | how the graph got there | what to know |
|---|---|---|
| Oxigraph server | `alliance push` | its default graph is not the union: we name the graphs with each query |
| Virtuoso 7 | `alliance push`, Digest credentials | keeps no `xsd:duration`: the values go as texts; computes no boolean but by `STRDT`; repeats rows in spite of DISTINCT, which `store/remote.py` takes out; takes a query only as a form |
| rdflib-endpoint | N-Quads from `alliance export` | takes any `alliance push`, too, but reads a hundred statements a second |
"""


def ask_all(store: Store, asked: tuple[questions.Question, ...], both: bool = True) -> Answers:
    """The answers to questions; without ``both`` the example is left out where it can be."""
    answers: Answers = {}
    for question in asked:
        cases = [False] * (not question.required)
        cases += [True] * bool(question.example and (both or question.required))
        for case in cases:
            try:
                rows = questions.ask(
                    store, question.name, **(question.example if case else {})
                ).rows
                answers[question.name, case] = Counter(map(repr, rows))
            except AllianceError as bad:
                answers[question.name, case] = f"{type(bad).__name__}: {bad}"
    return answers


def everywhere(graph: Path, virtuoso: Path) -> tuple[Answers, dict[str, Answers]]:
    """The answers of our engine to a build's graph, and those of the others, by name."""
    store, catalogue = Embedded.read(graph), questions.catalogue()
    quads = list(store.quads())
    with contextlib.ExitStack() as stack:

        def folder() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))

        lines = folder() / "graph.nq"
        lines.write_bytes(export.export(store, "nquads"))
        engines = [
            stack.enter_context(servers.oxigraph(folder())),
            stack.enter_context(servers.virtuoso(folder(), lambda name, hint: virtuoso)),
            stack.enter_context(servers.rdflib_endpoint(folder(), lines)),
        ]
        for engine in engines:
            stack.enter_context(engine.credentials())

        def asked(engine: servers.Engine) -> Answers:
            remote = Remote(engine.endpoint)
            slow = engine.name == "rdflib-endpoint"
            if not slow:
                push.push(remote, quads)
            return ask_all(remote, catalogue, both=not slow)

        with ThreadPoolExecutor(len(engines)) as pool:
            others = dict(zip((e.name for e in engines), pool.map(asked, engines), strict=True))
    return ask_all(store, catalogue), others


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


def table(ours: Answers, others: dict[str, Answers]) -> str:
    """The table as Markdown."""
    lines = ["# Every question on every engine", "", NOTES]
    lines.append(f"| question | {' | '.join(others)} |")
    lines.append("|---" * (len(others) + 1) + "|")
    lines += [
        f"| {name} | {' | '.join(compared(ours, other, name) for other in others.values())} |"
        for name in dict.fromkeys(name for name, _ in ours)
    ]
    return "\n".join(lines) + "\n"


def _main(write: Callable[[str], object]) -> None:
    from alliance_graph import build, paths

    program = shutil.which("virtuoso-t")
    if program is None:
        raise SystemExit("needs virtuoso-t: apt-get install virtuoso-opensource-7-bin")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "build"
        build.build(paths.seeds(), out)
        write(table(*everywhere(out / "alliance.trig", Path(program))))


if __name__ == "__main__":
    _main(lambda text: TABLE.write_text(text, "utf-8"))
