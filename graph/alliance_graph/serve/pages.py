"""The pages that the server makes: start, query page, query form with results, one thing.

Scripts are on the query page only, and there only from files of this server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import textwrap
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from alliance_graph import __version__, dossier, paths, questions, resolve, sheet, why
from alliance_graph.errors import QueryError, UnknownName
from alliance_graph.tables import Table, plain, short
from alliance_graph.vocabulary import BASE, PREFIXES, RDF, RDFS, SKOS, compact, split

if TYPE_CHECKING:
    import pyoxigraph as ox

    from alliance_graph.store import Store
    from alliance_graph.tables import Term

SHOWN = 200
"""Lines of one list on the page of a thing; its RDF has all."""
OPENED = ("counterparts", "who-met-whom", "planned-not-held", "disagreements")
"""Questions whose tabs are open when somebody comes for the first time."""
_GRIPS = "sha256-zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk="
"""The one style that YASGUI puts into the page: of the grips between a table's columns."""


def policy(style: str, *, files: bool = False) -> str:
    """The content security policy of a page with this style: nothing else, forms lead here.

    With ``files`` also scripts, styles and answers of this server.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = "default-src 'none'; base-uri 'none'; form-action 'self'"
    allowed += f"; style-src 'sha256-{digest}'"
    if files:
        # YASGUI underlines with a style attribute what it expected in place of a mistake
        allowed += f" 'self' '{_GRIPS}'; style-src-attr 'unsafe-inline'"
        allowed += "; script-src 'self'; connect-src 'self'"
    return allowed


@cache
def _style() -> tuple[Any, str]:
    from markupsafe import Markup

    text = sheet.style() + (sheet.TEMPLATES / "serve.css").read_text("utf-8")
    return Markup(text), policy(text)  # noqa: S704 - ours, from the package


def _render(template: str, **values: Any) -> str:
    style, allowed = _style()
    return sheet.render(template, style=style, policy=allowed, **values)


def front(facts: dict[str, int], files: Collection[str]) -> str:
    """Where everything is: pages, endpoint, files."""
    tables = sorted(f.removeprefix("tables/") for f in files if f.startswith("tables/"))
    return _render("front.html", facts=facts, files=files, tables=tables)


def editor() -> str:
    """The query page: YASGUI, for those who have scripts."""
    return sheet.render("editor.html", policy=policy(sheet.style(), files=True))


@cache
def _files() -> dict[str, bytes]:
    ours = {f"web/{name}": (paths.EDITOR.parent / name) for name in ("query.css", "query.js")}
    theirs = {f"web/yasgui/{path.name}": path for path in sorted(paths.EDITOR.glob("*"))}
    if "web/yasgui/yasgui.min.js" not in theirs:
        return {}
    return {name: path.read_bytes() for name, path in {**ours, **theirs}.items()}


def assets(store: Store) -> dict[str, bytes]:
    """What the query page loads, by path; empty where there is no editor (``make web``)."""
    if not _files():
        return {}
    groups: dict[str, list[dict[str, str]]] = {}
    for question in questions.catalogue():
        entry = {"name": question.name, "summary": question.summary, "about": question.description}
        entry["text"] = ready(store, question)
        groups.setdefault(question.group, []).append(entry)
    told = {"version": __version__, "prefixes": PREFIXES, "opened": OPENED, "groups": groups}
    return {**_files(), "web/questions.json": json.dumps(told, ensure_ascii=False).encode()}


def ready(store: Store, question: questions.Question) -> str:
    """A question as a text to run and change: with its parameters, those of its example given.

    Of other facts, which know nothing of the example, nothing is given.
    """
    try:
        given = questions.terms(question, store, question.example)
    except (QueryError, UnknownName):
        given = {}
    lines = [line for line in question.text.splitlines() if not line.startswith("#+")]
    text = questions.insert("\n".join(lines), given)
    if given:
        before, _, rest = text.partition(" VALUES (?")
        block, _, after = rest.partition(" } ")
        block = re.sub(r"<([^<>]*)>", lambda found: _spoken(found[1]), block)
        text = f"{before.rstrip()}\n  VALUES (?{block} }}\n  {after.lstrip()}"
    told = [question.summary]
    if question.params:
        takes = (f"?{p.name}" + (f" ({p.about})" if p.about else "") for p in question.params)
        told.append(f"Parameters (give them as VALUES, first in WHERE): {', '.join(takes)}.")
    if question.then:
        told.append(f"`alliance query {question.name}` makes its answer from these rows.")
    notes = "".join(textwrap.indent(textwrap.fill(t, 94) + "\n", "# ") for t in told)
    return notes + replace(question, text=text.strip() + "\n").standalone()


def _spoken(iri: str) -> str:
    name = compact(iri)
    return f"<{iri}>" if name == iri else name


def form(text: str = "", chosen: questions.Question | None = None) -> str:
    """The query page without scripts: a form, with our questions ready."""
    if chosen is not None:
        lines = chosen.text.splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("#+")).strip() + "\n"
    return _query_page(text, chosen=chosen)


def results(
    text: str,
    *,
    table: Table | None = None,
    truth: bool | None = None,
    turtle: str | None = None,
    cut: int | None = None,
) -> str:
    """The query page with an answer under the form."""
    columns, rows = _named_rows(table) if table is not None else ([], [])
    return _query_page(
        text, table=table, columns=columns, rows=rows, truth=truth, turtle=turtle, cut=cut
    )


def _named_rows(table: Table) -> tuple[list[str], list[list[Cell]]]:
    """Columns and cells; where a column has a name beside it (``post``, ``postLabel``), in one."""
    at = {name: i for i, name in enumerate(table.columns)}
    columns = [c for c in at if not (c.endswith("Label") and c.removesuffix("Label") in at)]

    def cell(row: tuple[Term | None, ...], column: str) -> Cell:
        made, name = _cell(row[at[column]]), row[at.get(column + "Label", at[column])]
        return replace(made, text=name.value) if isinstance(name, Literal) else made

    return columns, [[cell(row, column) for column in columns] for row in table.terms]


def _query_page(text: str, **values: Any) -> str:
    groups: dict[str, list[questions.Question]] = {}
    for question in questions.catalogue():
        groups.setdefault(question.group, []).append(question)
    nothing = dict.fromkeys(("chosen", "table", "truth", "turtle", "cut"))
    shown = {**nothing, "columns": [], "rows": [], **values}
    return _render("query.html", text=text, groups=groups, prefixes=PREFIXES, **shown)


# --- one thing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A term as a reader sees it, with where it leads."""

    text: str
    href: str = ""
    title: str = ""
    language: str = ""


def _cell(term: Term | None, names: dict[str, str] | None = None) -> Cell:
    if isinstance(term, NamedNode):
        name = (names or {}).get(term.value) or short(term.value)
        return Cell(name, address(term.value), compact(term.value))
    if isinstance(term, Literal):
        text = str(plain(term)).lower() if term.value in ("true", "false") else term.value
        return Cell(text, language=term.language or "")
    return Cell("" if term is None else str(term))


def address(iri: str) -> str:
    """Where a link to an IRI leads: to our own page of it, to the web, or nowhere."""
    if iri.startswith(BASE):
        rest = iri.removeprefix(BASE)
        return f"/{rest}" if not rest.startswith("/") else ""
    return iri if iri.startswith(("https://", "http://")) else ""


@dataclass(frozen=True)
class Said:
    """Values of one predicate."""

    predicate: Cell
    values: tuple[Cell, ...]
    more: int = 0


_HIDDEN = frozenset({RDF + "type", RDFS + "label", SKOS + "prefLabel", RDF + "subject"})


def thing(
    store: Store, node: NamedNode, out: Collection[ox.Triple], back: Collection[ox.Triple]
) -> str:
    """The page of a thing: its dossier, what the graph says of it, and what leads to it."""
    iri = node.value
    known = dossier.dossier(store, iri) if split(iri) else None
    values: dict[str, list[Term]] = {}
    for triple in out:
        values.setdefault(triple.predicate.value, []).append(triple.object)
    leading: dict[str, list[Term]] = {}
    for triple in back:
        leading.setdefault(triple.predicate.value, []).append(triple.subject)
    met = {iri}
    for terms in (*values.values(), *leading.values()):
        met |= {t.value for t in terms if isinstance(t, NamedNode)}
    names = {**resolve.labels(store, met), **why.names_of(store, (m for m in met if split(m)))}
    korean = [
        t.value
        for t in values.get(SKOS + "prefLabel", ())
        if isinstance(t, Literal) and t.language == "ko"
    ]
    return _render(
        "thing.html",
        iri=iri,
        name=names.get(iri) or short(iri),
        korean=[known.ko] if known and known.ko else korean,
        types=[_cell(t, names) for t in sorted(values.get(RDF + "type", ()), key=str)],
        dossier=known,
        said=list(_said(values, names)),
        leading=list(_said(leading, names)),
    )


def _said(values: dict[str, list[Term]], names: dict[str, str]) -> Iterator[Said]:
    for predicate in sorted(set(values) - _HIDDEN):
        cells = sorted((_cell(t, names) for t in values[predicate]), key=lambda c: (c.text, c.href))
        head = Cell(why.spoken(predicate), address(predicate), compact(predicate))
        yield Said(head, tuple(cells[:SHOWN]), max(0, len(cells) - SHOWN))
