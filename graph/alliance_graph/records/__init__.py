"""Official records: importers, one module a source, into facts of the same model.

Each record becomes claims whose holder keeps the records and whose evidence is the record itself
(file, id), with a truthy layer of the same shape as that of articles; all of it in a named graph of
its own, so that it can be left out in one line. A source can be cut into partitions that do not
know each other::

    for partition in historyatstate.partitions(folder, decisions):
        for quad in historyatstate.quads(partition): ...
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from alliance_graph.errors import AllianceError
from alliance_graph.vocabulary import GRAPH

if TYPE_CHECKING:
    from types import ModuleType

SOURCES = ("historyatstate",)
"""What can be imported: the module of each source has its name."""


def source(name: str) -> ModuleType:
    """The importer of a source; raises AllianceError for one that there is not."""
    if name not in SOURCES:
        raise AllianceError(f"no importer {name!r}; there is {', '.join(SOURCES)}")
    return import_module(f"alliance_graph.records.{name}")


def graph(name: str) -> str:
    """The named graph of a source."""
    return f"{GRAPH}records/{name}"
