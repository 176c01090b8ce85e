"""What Jupyter shows: tables with names and sources, pictures, a cell magic for SPARQL.

The answers of :class:`alliance_graph.Graph` draw themselves; there is nothing to set up. The magic
``%%sparql`` is there after ``%load_ext alliance_graph.notebook`` and not before. pandas, polars and
Jupyter are imported only by what needs them.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeGuard

from pyoxigraph import Literal, NamedNode, RdfFormat, serialize

from alliance_graph import dossier, html, sources
from alliance_graph.errors import QueryError
from alliance_graph.seating import when
from alliance_graph.store import select
from alliance_graph.tables import Answer, Table, Triples, plain, short
from alliance_graph.vocabulary import EDTF, ID, PREFIXES, VOC, compact, iri, split

if TYPE_CHECKING:
    import inspect

    import rdflib
    from rdflib.query import Result

    from alliance_graph.dossier import Cited
    from alliance_graph.questions import Param
    from alliance_graph.store import Store
    from alliance_graph.tables import Term, Value
    from alliance_graph.why import Source


_NAMELESS = frozenset("claim counterparts evidence participation status-period tenure".split())
"""Kinds of things that have no name; ``why`` tells what stands behind them."""
_HOLDERS = ("institution", "person", "unnamed-party", "document")
"""Kinds of things by whose account something is told."""
_EXPLAINED = 250
"""Rows up to this many say why and what their names are, which takes some 2 ms each."""
_CONSOLE = 60
"""Rows beyond this many are only counted where an answer is printed."""


@dataclass(frozen=True, repr=False)
class Rows(Table):
    """Rows of an answer that a notebook shows as a table, each with the sources behind it.

    >>> import alliance_graph as ag
    >>> rows = ag.open().ask("counterparts", person="antony-blinken")
    >>> rows.columns[:2], len(rows) == len(rows.rows)
    (('person', 'personLabel'), True)
    """

    store: Store | None = field(default=None, repr=False, compare=False)
    page: str | None = field(default=None, repr=False, compare=False)
    """Where names lead, see :attr:`alliance_graph.Graph.page`."""

    def __repr__(self) -> str:
        first = replace(self, terms=self.terms[:_CONSOLE]).text().rstrip("\n")
        more = len(self) - _CONSOLE
        return first if more <= 0 else f"{first.rpartition(chr(10))[0]}\n… and {more} more rows"

    def df(self, library: str = "pandas") -> Any:
        """The rows as a data frame with typed columns; ``library`` is "pandas" or "polars".

        Days become days, whole numbers may be missing, concepts are categories (levels from the
        highest down), things are ids; dates that a source leaves open stay EDTF text. Raises
        AllianceError where the library is not installed.

        >>> import alliance_graph as ag
        >>> frame = ag.open().ask("counterparts").df()
        >>> str(frame["first"].dtype), str(frame["encounters"].dtype)
        ('datetime64[s]', 'Int64')
        """
        from alliance_graph import frames

        return frames.frame(self, library, orders(self.store) if self.store else None)

    def rdf(self) -> Result:
        """The rows as rdflib's own query result, with rdflib's terms.

        >>> import alliance_graph as ag
        >>> ag.open().ask("articles").rdf().type
        'SELECT'
        """
        from rdflib.query import Result

        return Result.parse(io.BytesIO(self.json().encode()), format="json")

    def _repr_html_(self) -> str:
        if not self.terms:
            return html.block(html.soft(f"0 rows: {self.absence}"))
        named = [i for i, c in enumerate(self.columns) if c + "Label" not in self.columns]
        empty = [i for i in named if all(row[i] is None for row in self.terms)]
        ids = [i for i in named if i not in empty and self._nameless(i)]
        shown = [i for i in named if i not in (*empty, *ids)] or named
        first, explained = self.terms[: html.MOST], self.terms[:_EXPLAINED]
        names = self._names(first)
        things = [t.value for row in explained for i in shown if _named(t := self._thing(row, i))]
        known = cards(self.store, things) if self.store else {}
        rows = [[self._cell(row, i, names, known) for i in shown] for row in explained]
        rows += [[self._cell(row, i, names, {}) for i in shown] for row in first[len(explained) :]]
        notes = self._notes(explained)
        # rows that are only counted need no cell
        rows += [[html.Cell("")] * len(shown)] * (len(self) - len(first))
        count = f"{len(self)} row{'s' if len(self) != 1 else ''}"
        for what, left in (("no values", empty), ("ids, in .df() only", ids)):
            if left and shown != named:
                count += f" · {what}: {', '.join(heading(self.columns[i]) for i in left)}"
        heads = [heading(self.columns[i]) for i in shown]
        return html.block(html.table(heads, rows, notes), html.soft(count))

    def _nameless(self, i: int) -> bool:
        """Whether a column holds only things that nobody knows by a name, such as claims."""
        kinds = {
            (split(t.value) or ("", ""))[0] if isinstance(t, NamedNode) else ""
            for row in self.terms
            if (t := row[i]) is not None
        }
        return kinds <= _NAMELESS

    def _names(self, rows: Iterable[tuple[Term | None, ...]]) -> dict[str, str]:
        iris = {t.value for row in rows for t in row if isinstance(t, NamedNode)}
        return labels(self.store, iris) if self.store else {}

    def _thing(self, row: tuple[Term | None, ...], i: int) -> Term | None:
        """What a cell tells of: beside a label, the thing that has it."""
        stem = self.columns[i].removesuffix("Label")
        return row[self.columns.index(stem)] if stem in self.columns else row[i]

    def _cell(
        self, row: tuple[Term | None, ...], i: int, names: dict[str, str], known: dict[str, str]
    ) -> html.Cell:
        thing = self._thing(row, i)
        term = row[i] if row[i] is not None else thing
        iri = thing.value if isinstance(thing, NamedNode) else ""
        if isinstance(term, NamedNode):
            text = names.get(term.value) or short(term.value)
        else:
            text = shown(plain(term))
        kind, name = split(iri) or ("", "")
        title = f"{kind}: {name}" if kind else short(iri) if iri else ""
        if isinstance(term, Literal) and term.datatype.value == EDTF:
            title = when(term.value)[0]
        href = _address(self.page, kind, name) if self.page and kind else ""
        number = isinstance(plain(term), int | float) and not isinstance(plain(term), bool)
        return html.Cell(text, title, href, number, known.get(iri, ""))

    def _notes(self, rows: Iterable[tuple[Term | None, ...]]) -> list[str]:
        if self.store is None:
            return []
        things = [
            [t.value for t in row if isinstance(t, NamedNode) and t.value.startswith(ID)]
            for row in rows
        ]
        found = sources.behind(self.store, things)
        cited = {a.id: a for a in dossier.library(self.store)}
        ids = {s.holder for row in found for s in row if s.holder}
        holders = {iri(kind, name) for kind in _HOLDERS for name in ids}
        names = {short(k): v for k, v in labels(self.store, holders).items()}
        return [passages(row, cited, names) for row in found]


@dataclass(frozen=True, repr=False)
class Statements(Triples):
    """Triples of a CONSTRUCT or DESCRIBE, which a notebook shows as Turtle.

    >>> import alliance_graph as ag
    >>> found = ag.open().sparql("CONSTRUCT WHERE { ?a ally:counterpartOf ?b }")
    >>> len(found.rdf()) == len(found)
    True
    """

    def __repr__(self) -> str:
        return self.write("table").rstrip("\n")

    def rdf(self) -> rdflib.Graph:
        """The triples as an rdflib Graph with our prefixes.

        >>> import alliance_graph as ag
        >>> found = ag.open().sparql("CONSTRUCT WHERE { ?a ally:counterpartOf ?b }")
        >>> dict(found.rdf().namespaces())["ally"]
        rdflib.term.URIRef('https://w3id.org/alliance-graph/ontology#')
        """
        import rdflib

        graph = rdflib.Graph()
        for prefix, namespace in PREFIXES.items():
            graph.bind(prefix, namespace, override=True)
        data = serialize(self.triples, format=RdfFormat.N_TRIPLES)
        graph.parse(io.BytesIO(data or b""), format="nt")
        return graph

    def _repr_html_(self) -> str:
        count = f"{len(self)} triple{'s' if len(self) != 1 else ''}"
        return html.block(html.folded(count, html.plain(self.write("table")), len(self) <= 20))


@dataclass(frozen=True, repr=False)
class Timeline:
    """What took place when, as a table, and as lanes of channels where a notebook shows it.

    >>> import alliance_graph as ag
    >>> ag.open().timeline("blinken").rows.columns[:2]
    ('what', 'whatLabel')
    """

    rows: Rows
    drawing: str

    def __repr__(self) -> str:
        return repr(self.rows)

    def svg(self) -> str:
        """The lanes as SVG.

        >>> import alliance_graph as ag
        >>> t = ag.open().timeline("blinken")
        >>> t.svg().startswith("<svg")
        True
        """
        return self.drawing

    def df(self, library: str = "pandas") -> Any:
        """The events as a data frame, see :meth:`Rows.df`.

        >>> import alliance_graph as ag
        >>> t = ag.open().timeline("blinken")
        >>> str(t.df()["earliest"].dtype)
        'datetime64[s]'
        """
        return self.rows.df(library)

    def csv(self) -> str:
        """The events as CSV.

        >>> import alliance_graph as ag
        >>> t = ag.open().timeline("blinken")
        >>> t.csv().split(",")[:2]
        ['what', 'whatLabel']
        """
        return self.rows.csv()

    def text(self, *, width: int | None = None) -> str:
        """The events as a table for people, ``width`` characters wide.

        >>> import alliance_graph as ag
        >>> t = ag.open().timeline("blinken")
        >>> "two plus two" in t.text(width=200)
        True
        """
        return self.rows.text(width=width)

    def __len__(self) -> int:
        return len(self.rows)

    def _repr_html_(self) -> str:
        table = html.folded(f"{len(self.rows)} events as a table", self.rows._repr_html_())
        return html.block(f'<div class="ag-x">{self.drawing}</div>', table)


def dressed(answer: Answer, store: Store, page: str | None = None) -> Any:
    """An answer as one that shows itself: Rows, Statements, or yes or no as it was."""
    if isinstance(answer, Table):
        columns, terms = answer.columns, answer.terms
        return Rows(columns, terms, answer.question, answer.absence, store, page)
    return Statements(answer.triples) if isinstance(answer, Triples) else answer


# --- questions as verbs --------------------------------------------------------------------------


class Questions:
    """The shipped questions as verbs that Tab completes: ``g.questions.counterparts(person=…)``.

    ``g.questions.counterparts?`` tells its parameters and columns.

    >>> import alliance_graph as ag
    >>> g = ag.open()
    >>> len(g.questions.counterparts(person="antony-blinken")) > 0
    True
    >>> "planned_not_held" in dir(g.questions)
    True
    """

    def __init__(self, store: Store, ask: Callable[..., Rows]) -> None:
        self._store = store
        self._ask = ask

    def __dir__(self) -> list[str]:
        from alliance_graph import questions

        return [q.name.replace("-", "_") for q in questions.catalogue()]

    def __getattr__(self, name: str) -> Verb:
        from alliance_graph import questions

        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return Verb(questions.find(name).name, self._store, self._ask)
        except QueryError as bad:
            raise AttributeError(str(bad)) from None

    def __repr__(self) -> str:
        return "\n".join(self)

    def __iter__(self) -> Any:
        from alliance_graph import questions

        return iter(f"{q.name}: {q.summary}" for q in questions.catalogue())

    def _repr_html_(self) -> str:
        from alliance_graph import questions

        groups: dict[str, list[list[html.Cell]]] = {}
        for q in questions.catalogue():
            takes = ", ".join(p.name + ("*" if p.required else "") for p in q.params)
            cells = [html.Cell(q.name), html.Cell(q.summary, q.description), html.Cell(takes)]
            groups.setdefault(q.group or "other", []).append(cells)
        made = [
            html.folded(
                f"{name} ({len(rows)})",
                html.table(["question", "what it answers", "parameters (* needed)"], rows),
                opened=i == 0,
            )
            for i, (name, rows) in enumerate(groups.items())
        ]
        return html.block(*made)


class Verb:
    """One question to be called with its parameters."""

    def __init__(self, name: str, store: Store, ask: Callable[..., Rows]) -> None:
        from alliance_graph import questions

        self._question = questions.find(name)
        self._store = store
        self._ask = ask

    def __call__(self, **params: Any) -> Rows:
        """Ask it."""
        return self._ask(self._question.name, **params)

    def __repr__(self) -> str:
        return f"<question {self._question.name}: {self._question.summary}>"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the parameters that have to be given.

        >>> import alliance_graph as ag
        >>> ag.open().questions.shortest_chain.needs
        ('start', 'end')
        """
        return self._question.required

    @property
    def sparql(self) -> str:
        """The query as text for any engine, with the prefixes that it uses.

        >>> import alliance_graph as ag
        >>> "PREFIX ally:" in ag.open().questions.counterparts.sparql
        True
        """
        return self._question.standalone()

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect

        kind = inspect.Parameter.KEYWORD_ONLY
        needed = [p for p in self._question.params if p.name in self._question.required]
        rest = [p for p in self._question.params if p not in needed]
        return inspect.Signature(
            [
                *(inspect.Parameter(p.name, kind) for p in needed),
                *(inspect.Parameter(p.name, kind, default=p.default) for p in rest),
            ],
            return_annotation=Rows,
        )

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # what is known only when it is asked for
        from alliance_graph import questions

        q = self._question
        columns = questions.ask(self._store, q.name, **q.example).columns
        lines = [q.summary, "", q.description, "", "Parameters:"]
        lines += [_parameter(p) for p in q.params] or ["  none"]
        given = ", ".join(f"{name}={value!r}" for name, value in q.example.items())
        example = f">>> g.questions.{q.name.replace('-', '_')}({given})"
        return "\n".join([*lines, "", f"Columns: {', '.join(columns)}", "", "Example:", example])


def _parameter(p: Param) -> str:
    parts = [p.about, "needed" if p.required else "", f"such as {p.example}" if p.example else ""]
    return f"  {p.name} ({p.type}): {'; '.join(part for part in parts if part)}"


# --- names, orders, cells ------------------------------------------------------------------------


def labels(store: Store, iris: Iterable[str]) -> dict[str, str]:
    """English names of things, concepts and terms; those without one are left out."""
    out: dict[str, str] = {}
    wanted = sorted(iris)
    for i in range(0, len(wanted), 400):
        values = " ".join(f"<{iri}>" for iri in wanted[i : i + 400])
        query = (
            f"SELECT ?x ?l WHERE {{ VALUES ?x {{ {values} }} ?x skos:prefLabel|rdfs:label ?l "
            'FILTER(LANG(?l) = "en") } ORDER BY ?x ?l'
        )
        for row in select(store, query):
            out.setdefault(row["x"].value, row["l"].value)
    return out


def orders(store: Store) -> dict[str, list[str]]:
    """Schemes of our vocabularies whose concepts have a rank, with their slugs in that order."""
    out: dict[str, list[tuple[int, str]]] = {}
    query = "SELECT ?c ?n WHERE { ?c ally:rankOrder ?n ; skos:inScheme ?s }"
    for row in select(store, query):
        scheme, _, slug = row["c"].value.removeprefix(VOC).partition("/")
        out.setdefault(scheme, []).append((int(row["n"].value), slug))
    return {scheme: [slug for _, slug in sorted(set(found))] for scheme, found in out.items()}


def heading(column: str) -> str:
    """A column's name in words: ``counterpartPostLabel`` is "counterpart post"."""
    name = column.removesuffix("Label") or column
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).replace("_", " ").strip()


def shown(value: Value) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def passages(
    found: Sequence[Source], cited: dict[str, Cited], names: dict[str, str], most: int = 6
) -> str:
    """Sources as a list in HTML, a line for each article and who says it there; "" for none."""
    by: dict[tuple[str, str], dict[str, list[str]]] = {}
    for source in found:
        places = by.setdefault((source.article, source.holder), {})
        if source.block:
            block = "paragraph" if source.block == "body" else source.block
            words = places.setdefault(f"{block} {source.paragraph}", [])
            words.append(source.words.replace("-", "–"))
    lines = []
    for (article, holder), where in by.items():
        told = [f"{w}, words {', '.join(dict.fromkeys(words))}" for w, words in where.items()]
        if told:
            more = f"; and {len(told) - most} more" if len(told) > most else ""
            who = "" if holder in ("", article) else f"{names.get(holder, holder)}: "
            name = html.link(*_printed(cited, article), article)
            lines.append(f"{name}: {html.link(who + '; '.join(told[:most]) + more, '')}")
    for outside in dict.fromkeys(s.outside for s in found if s.outside):
        lines.append(f"from outside the articles: {html.link(outside, '')}")
    return html.listed(lines) if lines else ""


def _printed(cited: dict[str, Cited], article: str) -> tuple[str, str]:
    """Publisher and day of an article, and its address."""
    known = cited.get(article)
    if known is None:
        return article, ""
    day = when(known.published[:10])[0]
    return ", ".join(filter(None, (known.publisher, day))), known.url


_TOLD = (
    "ally:hasHeldPost org:postIn ally:level ally:inChannel ally:mode ally:place ally:periodicity "
    "ally:status ally:commitmentKind ally:state ally:issuedBy schema:publisher ally:country"
)
"""What is told of a thing, where the graph has it: properties of things that have names."""
_DATES = ("ally:date", "schema:datePublished")
_ORDER = ("skos:prefLabel", *_DATES, *_TOLD.split())


def cards(store: Store, things: Iterable[str]) -> dict[str, str]:
    """What each thing (IRI) is, in one line; what has no name is left out."""
    wanted = sorted(set(things))
    found: dict[str, dict[str, list[str]]] = {}
    for i in range(0, len(wanted), 400):
        values = " ".join(f"<{thing}>" for thing in wanted[i : i + 400])
        query = f"""SELECT DISTINCT ?x ?p ?l WHERE {{ VALUES ?x {{ {values} }}
            {{ ?x skos:prefLabel ?l BIND(skos:prefLabel AS ?p) FILTER(LANG(?l) = "ko") }}
            UNION {{ VALUES ?p {{ {_TOLD} }} ?x ?p ?o . ?o skos:prefLabel ?l
              FILTER(LANG(?l) = "en") }}
            UNION {{ VALUES ?p {{ ally:date schema:datePublished }} ?x ?p ?l }} }}"""
        for row in select(store, query):
            said = found.setdefault(row["x"].value, {})
            key, text = compact(row["p"].value), row["l"].value
            if key in _DATES:
                text = when(text)[0]
            said.setdefault(key, []).append(text)
    made = {}
    for thing in wanted:
        kind, name = split(thing) or ("", "")
        said = found.get(thing, {})
        told = [", ".join(sorted(said[key])) for key in _ORDER if key in said]
        made[thing] = " · ".join([*told, kind.replace("-", " "), f'g.show("{name}") tells all'])
    return made


def _named(term: Term | None) -> TypeGuard[NamedNode]:
    parts = split(term.value) if isinstance(term, NamedNode) else None
    return parts is not None and parts[0] not in _NAMELESS


def _address(page: str, kind: str, name: str) -> str:
    """Where a thing is told of: on the network page, or at an address of its own."""
    return f"{page}{kind}/{name}" if page.endswith("/") else f"{page}#sel={kind}/{name}"


# --- the magic -----------------------------------------------------------------------------------


def load_ipython_extension(ipython: Any) -> None:
    """Called by ``%load_ext alliance_graph.notebook``: adds ``%%sparql`` and ``%sparql``."""
    ipython.register_magic_function(_Magic(ipython).run, "line_cell", "sparql")


def unload_ipython_extension(ipython: Any) -> None:
    """Called by ``%unload_ext alliance_graph.notebook``: takes them away."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("sparql", None)


_USE = """%%sparql [--on GRAPH] [--to NAME] [variable=value ...]
SELECT ...

--on   the variable that holds the graph (default: g; where there is none, the shipped facts)
--to   also keep the answer in this variable
variable=value gives a value to a variable of the query: a day, a number, an id or a name.

Prefixes that are known:
"""


class _Magic:
    def __init__(self, ipython: Any) -> None:
        self.ipython = ipython

    def run(self, line: str, cell: str | None = None) -> Any:
        """SPARQL over a graph; without a query, how it is used and which prefixes are known."""
        if cell is None:
            print(help_text())  # noqa: T201 - a line magic is there to print
            return None
        on, to, values = arguments(line)
        namespace: dict[str, Any] = self.ipython.user_ns
        graph: Any = namespace.get(on or "g")
        if graph is None and on is None:
            import alliance_graph

            graph = alliance_graph.open()
        if not hasattr(graph, "sparql"):
            raise QueryError(f"{on or 'g'} is no graph: g = ag.open(), or %%sparql --on NAME")
        answer = graph.sparql(cell, **values)
        if to:
            namespace[to] = answer
        return answer


def help_text() -> str:
    """How ``%%sparql`` is used, and the prefixes that are known in every query.

    >>> "ally: " in help_text()
    True
    """
    return _USE + "\n".join(f"  {p}: {namespace}" for p, namespace in sorted(PREFIXES.items()))


def arguments(line: str) -> tuple[str | None, str | None, dict[str, str]]:
    """The words behind ``%%sparql``: graph, name to keep the answer in, values of variables.

    >>> arguments("--to answer person=antony-blinken")
    (None, 'answer', {'person': 'antony-blinken'})
    """
    options: dict[str, str | None] = {"--on": None, "--to": None}
    values: dict[str, str] = {}
    words = iter(shlex.split(line))
    for word in words:
        if word in options:
            options[word] = next(words, None)
            if not (options[word] or "").isidentifier():
                raise QueryError(f"{word} needs the name of a variable")
            continue
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise QueryError(f"{word!r}: write name=value. {_USE.splitlines()[0]}")
        values[name] = value
    return options["--on"], options["--to"], values
