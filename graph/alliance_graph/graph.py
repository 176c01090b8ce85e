"""The way in for Python: one object over a compiled graph."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from datetime import date as Day
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_graph import paths
from alliance_graph.errors import AllianceError, QueryError
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import rdflib
    from pyoxigraph import Quad

    from alliance_graph.dossier import Dossier
    from alliance_graph.notebook import Questions, Rows, Timeline
    from alliance_graph.pictures import Picture
    from alliance_graph.store import Store
    from alliance_graph.timeline import Snapshot
    from alliance_graph.why import Tree


class Graph:
    """A compiled graph of the facts; made by :func:`open`.

    What its verbs give is a plain value with ``text()`` or ``csv()``; a notebook shows it as it is.

    >>> import alliance_graph as ag
    >>> isinstance(ag.open(), ag.Graph)
    True
    """

    def __init__(self, store: Store, page: str | Callable[[], str | None] | None = None) -> None:
        self.store = store
        self._page = page

    def __repr__(self) -> str:
        rows = self.sparql("SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a ally:Article }").rows
        return f"<alliance graph: {rows[0][0]} articles>"

    @property
    def page(self) -> str | None:
        """Where the pages are to which names in tables lead: a network page (``network.html``), or
        an address that ends in ``/`` and has a page for each thing (``https://…/id/``). None: a
        name unfolds to what it is, and leads nowhere.

        It is known for a build and for a server of ours, and can be set.

        >>> import alliance_graph as ag
        >>> g = ag.open()
        >>> g.page = "network.html"
        >>> '"network.html#sel=person/' in g.ask("counterparts")._repr_html_()
        True
        """
        if callable(self._page):  # a server is asked with the first answer, and once
            self._page = self._page()
        return self._page

    @page.setter
    def page(self, address: str | None) -> None:
        self._page = address

    @property
    def questions(self) -> Questions:
        """The shipped questions, as verbs that Tab completes and ``?`` explains.

        >>> import alliance_graph as ag
        >>> g = ag.open()
        >>> g.questions.counterparts(person="antony-blinken").columns[0]
        'person'
        """
        from alliance_graph import notebook

        return notebook.Questions(self.store, self.ask)

    def ask(self, question: str, **params: Any) -> Rows:
        """Ask one of the shipped questions; ``g.questions`` lists them with their parameters.

        Tab completes the names of questions in ``g.questions.…``, where each is a verb.

        Things are given by id or by name, dates as EDTF text or ``datetime.date``, several values
        as a list (any of them). Raises QueryError for a question or parameter that there is not,
        UnknownName for a name. The answer knows ``df()``, ``rdf()``, ``csv()`` and ``text()``.

        >>> import alliance_graph as ag
        >>> ag.open().ask("counterparts", person="antony-blinken").columns[0]
        'person'
        """
        from alliance_graph import notebook, questions

        answer = questions.ask(self.store, question, **params)
        return notebook.Rows(
            answer.columns, answer.terms, answer.question, answer.absence, self.store, self.page
        )

    def sparql(self, text: str, **values: Any) -> Any:
        """Answer a SPARQL 1.1 query of one's own; ``values`` bind its variables as typed terms.

        Our prefixes are known, the default graph is the union of all graphs. SELECT gives Rows, ASK
        a Truth, CONSTRUCT and DESCRIBE give Statements. Raises QueryError, UnknownName; warns of
        names that the graph does not know, so that a slip of the pen does not pass for absence.

        >>> import alliance_graph as ag
        >>> table = ag.open().sparql("SELECT (COUNT(?a) AS ?n) WHERE { ?a a ally:Article }")
        >>> len(table.rows)
        1
        """
        from alliance_graph import hints, notebook, questions, tables

        if foreign := hints.undeclared(text):
            raise QueryError(foreign)
        answer = questions.run(self.store, text, **values)
        for stranger in (strangers := hints.strangers(self.store, text)):
            warnings.warn(stranger, stacklevel=2)
        if isinstance(answer, tables.Table) and not answer and not strangers:
            why = "; ".join([answer.absence, *hints.of_nothing(self.store, text)])
            answer = replace(answer, absence=why)
        return notebook.dressed(answer, self.store, self.page)

    def show(self, name: str) -> Dossier:
        """All that is known of one thing, each line with its source.

        >>> import alliance_graph as ag
        >>> "Blinken" in ag.open().show("blinken").text()
        True
        """
        from alliance_graph import dossier, resolve

        return dossier.dossier(self.store, resolve.one(self.store, name).iri)

    def why(self, what: str, texts: str | PathLike[str] | None = None) -> Tree:
        """The claims, rules and passages on which a claim or thing rests.

        >>> import alliance_graph as ag
        >>> "asiae" in ag.open().why("choi-biegun-2020-09").text()
        True
        """
        from alliance_graph import why

        return why.why(self.store, what, Path(texts) if texts else None)

    def at(self, day: str | Day, known_by: str | Day | None = None) -> Snapshot:
        """Who is attested in which office, and what was alive or planned on a day.

        ``day`` is a local date (valid on); ``known_by`` leaves out what was published later.

        >>> import alliance_graph as ag
        >>> "2021-03-18" in ag.open().at("2021-03-18").text()
        True
        """
        from alliance_graph import timeline

        return timeline.at(self.store, _day(day), _day(known_by) if known_by else None)

    def rdf(self) -> rdflib.Dataset:
        """The same data as an rdflib Dataset whose default graph is the union of all graphs.

        >>> import alliance_graph as ag
        >>> ag.open().rdf().default_union
        True
        """
        import rdflib

        from alliance_graph.vocabulary import PREFIXES

        dataset = rdflib.Dataset(default_union=True)
        for prefix, namespace in PREFIXES.items():
            dataset.bind(prefix, namespace, override=True)
        graphs = {}
        for quad in _quads(self.store):
            name = str(_rdflib(quad.graph_name))
            if name not in graphs:
                graphs[name] = dataset.graph(rdflib.URIRef(name))
            graphs[name].add((_rdflib(quad.subject), _rdflib(quad.predicate), _rdflib(quad.object)))
        return dataset

    def network(self, focus: str | None = None, radius: int = 1) -> Picture:
        """Who is tied to whom, as a networkx graph; around ``focus`` only, where that is given.

        ``radius`` counts ties. A notebook draws it as two sides of a table, level by level;
        ``.page()`` gives the whole page in a frame, ``.pyvis()`` pyvis's object.

        >>> import alliance_graph as ag
        >>> ag.open().network(focus="blinken").number_of_nodes() > 3
        True
        """
        from alliance_graph import network, pictures, resolve

        made = network.network(self.store)
        if focus is None:
            return pictures.Picture.of(made, self.store)
        near = made.around(resolve.one(self.store, focus).iri, radius)
        return pictures.Picture.of(near, self.store, pictures.at_the_table(made, near))

    def timeline(
        self,
        focus: str | None = None,
        since: str | Day | None = None,
        until: str | Day | None = None,
    ) -> Timeline:
        """What took place when, or was planned, and which status channels were in.

        Only what touches ``focus``, where that is given. Between two days stands everything that
        may have fallen between them; what has no date is then left out. Columns: what,
        whatLabel, kind, state, date (EDTF), earliest, latest, channel, channelLabel.

        >>> import alliance_graph as ag
        >>> "2021-03-18" in ag.open().timeline("blinken", since="2021-01-01").csv()
        True
        """
        from alliance_graph import network, notebook, pictures, resolve

        made = network.network(self.store)
        if focus is not None:
            made = pictures.around(made, resolve.one(self.store, focus).iri)
        first, last = (str(_day(d)) if d else None for d in (since, until))
        made = pictures.in_lanes(pictures.between(made, first, last))
        rows = notebook.dressed(pictures.events(made), self.store, self.page)
        return notebook.Timeline(rows, pictures.timeline(made, self.store))


def _quads(store: Store) -> Iterator[Quad]:
    """Every quad; blank nodes of a store elsewhere stand for whatever they stand for there."""
    from pyoxigraph import Quad

    if isinstance(store, Embedded):
        yield from store.quads()
        return
    for row in select(store, "SELECT ?g ?s ?p ?o WHERE { GRAPH ?g { ?s ?p ?o } }"):
        yield Quad(row["s"], row["p"], row["o"], row["g"])  # type: ignore[arg-type]  # IRIs where RDF wants them


def _rdflib(term: object) -> rdflib.term.Node:
    """One of pyoxigraph's terms as one of rdflib's, its text as it is."""
    import rdflib
    from pyoxigraph import BlankNode, Literal, NamedNode

    from alliance_graph.vocabulary import XSD

    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    assert isinstance(term, Literal)  # no triple terms: the data is RDF 1.1
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    kind = term.datatype.value
    datatype = None if kind == XSD + "string" else rdflib.URIRef(kind)
    return rdflib.Literal(term.value, datatype=datatype, normalize=False)


def _day(value: str | Day) -> Day:
    if isinstance(value, Day):
        return value
    try:
        return Day.fromisoformat(value)
    except ValueError:
        raise AllianceError(f"{value!r} is no day: write it as 2021-03-18") from None


def open(
    where: str | PathLike[str] | None = None, *, records: str | PathLike[str] | None = None
) -> Graph:
    """Open a graph: the shipped facts, a build, a folder of own facts, or an endpoint.

    A build is its folder or its ``.trig``, an endpoint the address of a SPARQL 1.1 engine that has
    a build (:mod:`alliance_graph.store.remote` says how it is asked). The shipped facts come
    compiled with a wheel, and are compiled once in a checkout (:mod:`alliance_graph.cache`); other
    facts are compiled whenever they are opened. ``records`` is a folder of official records that
    ``alliance import`` has made: those that touch the facts are then there as well. Raises
    AllianceError where there is nothing to open, BrokenFacts where the facts have errors; an
    endpoint is asked, and may raise EndpointError, with the first question.

    >>> import alliance_graph as ag
    >>> ag.open()
    <alliance graph: 5 articles>
    """
    graph = _opened(where)
    if records is not None:
        from alliance_graph.records import job

        if not isinstance(graph.store, Embedded):
            raise AllianceError(f"{where}: records are taken beside facts or a build of one's own")
        graph.store.load(job.read(Path(records)))
    return graph


def _opened(where: str | PathLike[str] | None) -> Graph:
    if where is None or Path(where).resolve() == paths.seeds():
        from alliance_graph import cache

        return Graph(cache.shipped())
    if str(where).startswith(("http://", "https://")):
        from alliance_graph.store.remote import Remote

        there = Remote(str(where))
        return Graph(there, there.pages)
    path = Path(where)
    if path.is_file():
        return Graph(Embedded.read(path))
    if (path / "alliance.trig").is_file():
        # a page has relative addresses only: from the notebook, which lies where its kernel runs
        page = os.path.relpath(path / "network.html").replace(os.sep, "/")
        return Graph(Embedded.read(path / "alliance.trig"), page)
    if (path / "store" / "CURRENT").is_file():
        return Graph(Embedded.on_disk(path / "store"))
    if (path / "articles").is_dir():
        from alliance_graph import build

        return Graph(build.compile_facts(path).store)
    raise AllianceError(
        f"{path}: neither a build (alliance.trig) nor a folder of facts (articles/); "
        "`alliance build` makes a build"
    )
