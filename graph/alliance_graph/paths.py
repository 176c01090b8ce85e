"""Where ontology and facts lie: beside the package in a wheel, two folders up in a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent

COMPILED = _HERE / "shipped.trig"
"""The graph of the shipped facts, which a wheel brings; in a checkout there is none."""


EDITOR = _HERE / "web" / "yasgui"
"""The editor of the query page, which a wheel brings, and `make web` a checkout."""


def shipped(name: str) -> Path:
    """Folder ``name`` ("ontology", "seeds") of the wheel or of the checkout; may not exist."""
    inside = _HERE / name
    return inside if inside.is_dir() else _HERE.parents[1] / name


def ontology() -> Path:
    """The folder with ``alliance.ttl``, ``vocabularies.ttl``, ``shapes.ttl`` and ``rules/``."""
    return shipped("ontology")


def seeds() -> Path:
    """The curated facts that come with the package."""
    return shipped("seeds")
