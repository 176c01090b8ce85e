"""Oxigraph inside this process, in memory or on disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from alliance_graph.errors import AllianceError, QueryError
from alliance_graph.vocabulary import PREFIXES

if TYPE_CHECKING:
    from alliance_graph.store import Answer


_TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
_PREFIX = re.compile(r"([A-Za-z][\w-]*):")


def _used(text: str) -> dict[str, str]:
    """Those of our prefixes that may stand in a text: the engine reads each that it is given."""
    return {p: PREFIXES[p] for p in set(_PREFIX.findall(text)) if p in PREFIXES}


class Embedded:
    """A store; queries see the union of all graphs."""

    def __init__(self, quads: Iterable[ox.Quad] = ()) -> None:
        self.engine = ox.Store()
        self.load(quads)

    @classmethod
    def on_disk(cls, path: Path) -> Embedded:
        """The store of a large build, for reading; raises AllianceError where it is none."""
        store = cls()
        try:
            store.engine = ox.Store.read_only(str(path))
        except OSError as bad:
            raise AllianceError(f"{path}: cannot be opened as a store: {bad}") from None
        return store

    @classmethod
    def read(cls, path: Path) -> Embedded:
        """The graph of a build (``alliance.trig``); raises AllianceError where it can't be read."""
        store = cls()
        try:
            store.engine.bulk_load(path=str(path), format=ox.RdfFormat.TRIG)
        except (OSError, SyntaxError) as bad:
            raise AllianceError(f"{path}: cannot be read as a built graph: {bad}") from None
        return store

    def query(self, text: str) -> Answer:
        """Answer a SPARQL 1.1 query; raises QueryError where it does not parse."""
        try:
            return self.engine.query(text, prefixes=_used(text), use_default_graph_as_union=True)
        except SyntaxError as bad:
            raise QueryError(f"not a SPARQL 1.1 query: {bad}") from None
        except RuntimeError as bad:
            raise QueryError(f"the engine could not answer: {bad}") from None

    def update(self, text: str) -> None:
        """Carry out a SPARQL 1.1 update; raises QueryError where it does not parse, or cannot."""
        try:
            self.engine.update(text, prefixes=_used(text))
        except SyntaxError as bad:
            raise QueryError(f"not a SPARQL 1.1 update: {bad}") from None
        except (RuntimeError, OSError) as bad:  # OSError: of LOAD
            raise QueryError(f"the engine could not do it: {bad}") from None

    def knows(self, iri: str) -> bool:
        """Whether anything says what this is, without a query; False for what is no IRI."""
        try:
            found = self.engine.quads_for_pattern(ox.NamedNode(iri), _TYPE, None)
        except ValueError:
            return False
        return next(found, None) is not None

    def load(self, quads: Iterable[ox.Quad]) -> None:
        """Add quads."""
        self.engine.bulk_extend(quads)

    def load_lines(self, nquads: str) -> None:
        """Add N-Quads that we wrote ourselves: their IRIs are not looked at again."""
        self.engine.bulk_load(input=nquads.encode(), format=ox.RdfFormat.N_QUADS, lenient=True)

    def quads(self) -> Iterator[ox.Quad]:
        """Every quad, in no order."""
        return iter(self.engine.quads_for_pattern(None, None, None))

    def __len__(self) -> int:
        return len(self.engine)

    def close(self) -> None:
        """Nothing to let go of: memory is freed with the object."""
