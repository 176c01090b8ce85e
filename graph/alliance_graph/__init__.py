"""Curated facts about alliance diplomacy, as a graph that leads back to its sources.

>>> import alliance_graph as ag
>>> g = ag.open()
>>> g.ask("counterparts", person="antony-blinken").columns[0]
'person'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alliance_graph.graph import Graph, open

__version__ = "0.1.0"
__all__ = ["Graph", "__version__", "open"]


def __getattr__(name: str) -> Any:
    # heavy libraries wait until they are needed
    if name in ("Graph", "open"):
        from alliance_graph import graph

        return getattr(graph, name)
    raise AttributeError(f"module 'alliance_graph' has no attribute {name!r}")
