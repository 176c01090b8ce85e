"""Inputs made to break things, and figures beside targets: ``make hard``.

A module has ``main() -> Iterable[Figure]``; while it runs it may print what it likes.
"""

from __future__ import annotations

from typing import NamedTuple


class Figure(NamedTuple):
    """One target beside what was measured."""

    what: str
    target: str
    measured: str
    held: bool
    timed: bool = False
    """A time, which a busy machine misses: marked in the table, but no failure."""
