"""Where the graph is kept and asked: one protocol, whatever the engine.

Terms and results are pyoxigraph's values on every engine, since it parses the SPARQL result formats
too. Every query sees the union of all named graphs as its default graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pyoxigraph import BlankNode, Literal, NamedNode, QuerySolutions, QueryTriples

from alliance_graph.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyoxigraph import Quad, QueryBoolean, Triple

    Answer = QuerySolutions | QueryBoolean | QueryTriples

Term = NamedNode | Literal | BlankNode


class Store(Protocol):
    """What the rest of the house needs of an engine."""

    def query(self, text: str) -> Answer:
        """Answer a SPARQL 1.1 query; our prefixes are known. Raises QueryError."""

    def update(self, text: str) -> None:
        """Carry out a SPARQL 1.1 update. Raises QueryError."""

    def load(self, quads: Iterable[Quad]) -> None:
        """Add quads."""

    def close(self) -> None:
        """Let go of the engine."""


def select(store: Store, text: str) -> Iterator[dict[str, Term]]:
    """The rows of a SELECT, unbound variables left out; raises QueryError where it has none."""
    answer = store.query(text)
    if not isinstance(answer, QuerySolutions):
        raise QueryError("a SELECT is needed here")
    names = [v.value for v in answer.variables]
    try:
        for row in answer:
            # a triple term (RDF 1.2) cannot come: the data is RDF 1.1
            yield {n: row[n] for n in names if isinstance(row[n], Term)}
    except (OSError, RuntimeError) as bad:  # rows are made as they are read; OSError: of SERVICE
        raise QueryError(f"the engine could not answer: {bad}") from None


def construct(store: Store, text: str) -> Iterator[Triple]:
    """The triples of a CONSTRUCT or DESCRIBE; raises QueryError for another form."""
    answer = store.query(text)
    if not isinstance(answer, QueryTriples):
        raise QueryError("a CONSTRUCT or DESCRIBE is needed here")
    yield from answer
