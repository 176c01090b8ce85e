"""The way in for Python: one object over a compiled graph."""

from __future__ import annotations

import io
from datetime import date as Day
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_graph import paths
from alliance_graph.errors import AllianceError
from alliance_graph.store.embedded import Embedded

if TYPE_CHECKING:
    import networkx as nx
    import rdflib

    from alliance_graph.dossier import Dossier
    from alliance_graph.tables import Table
    from alliance_graph.timeline import Snapshot
    from alliance_graph.why import Tree


class Graph:
    """A compiled graph of the facts; made by :func:`open`."""

    def __init__(self, store: Embedded) -> None:
        self.store = store

    def __repr__(self) -> str:
        rows = self.sparql("SELECT (COUNT(DISTINCT ?a) AS ?n) WHERE { ?a a ally:Article }").rows
        return f"<alliance graph: {rows[0][0]} articles>"

    def ask(self, question: str, **params: Any) -> Table:
        """Ask one of the shipped questions; ``params`` as ``alliance questions NAME`` lists them.

        Things are given by slug or by name, dates as EDTF text or ``datetime.date``. Raises
        QueryError for a question or parameter that there is not, UnknownName for a name.

        >>> import alliance_graph as ag
        >>> ag.open().ask("counterparts", person="antony-blinken").columns[0]
        'person'
        """
        from alliance_graph import questions

        return questions.ask(self.store, question, **params)

    def sparql(self, text: str, **values: Any) -> Table:
        """Answer a SPARQL 1.1 query of one's own; ``values`` bind its variables as typed terms.

        Our prefixes are known, the default graph is the union of all graphs.

        >>> import alliance_graph as ag
        >>> table = ag.open().sparql("SELECT (COUNT(?a) AS ?n) WHERE { ?a a ally:Article }")
        >>> len(table.rows)
        1
        """
        from alliance_graph import questions

        return questions.run(self.store, text, **values)

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
        from pyoxigraph import RdfFormat, serialize

        from alliance_graph.vocabulary import PREFIXES

        dataset = rdflib.Dataset(default_union=True)
        for prefix, namespace in PREFIXES.items():
            dataset.bind(prefix, namespace, override=True)
        data = serialize(self.store.quads(), format=RdfFormat.N_QUADS)
        dataset.parse(io.BytesIO(data or b""), format="nquads")
        return dataset

    def network(self, focus: str | None = None, radius: int = 1) -> nx.MultiDiGraph[str]:
        """Who is tied to whom, as a networkx graph; around ``focus`` only, where that is given.

        >>> import alliance_graph as ag
        >>> ag.open().network(focus="blinken").number_of_nodes() > 3
        True
        """
        from alliance_graph import network, resolve

        made = network.network(self.store)
        if focus is not None:
            made = made.around(resolve.one(self.store, focus).iri, radius)
        return made.to_networkx()


def _day(value: str | Day) -> Day:
    if isinstance(value, Day):
        return value
    try:
        return Day.fromisoformat(value)
    except ValueError:
        raise AllianceError(f"{value!r} is no day: write it as 2021-03-18") from None


def open(where: str | PathLike[str] | None = None) -> Graph:
    """Open a graph: the shipped facts, a build (folder or ``.trig``), or a folder of own facts.

    Raises AllianceError where there is neither, BrokenFacts where the facts have errors.

    >>> import alliance_graph as ag
    >>> ag.open()
    <alliance graph: 5 articles>
    """
    from alliance_graph import build

    path = paths.seeds() if where is None else Path(where)
    if path.is_file():
        return Graph(Embedded.read(path))
    if (path / "alliance.trig").is_file():
        return Graph(Embedded.read(path / "alliance.trig"))
    if (path / "articles").is_dir():
        return Graph(build.compile_facts(path).store)
    raise AllianceError(
        f"{path}: neither a build (alliance.trig) nor a folder of facts (articles/); "
        "`alliance build` makes one"
    )
