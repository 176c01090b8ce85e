"""A line on a terminal that says how far a long job is; silent where nobody watches."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_EVERY = 0.2
"""Seconds between two drawings."""


class Progress:
    """What has been done of a step, how fast it goes, and how long the rest will take."""

    def __init__(self, what: str, total: int, unit: str, stream: TextIO | None = None) -> None:
        self.what, self.total, self.unit = what, total, unit
        self.stream = stream or sys.stderr
        self.watched = self.stream.isatty()
        self.done = 0
        self._began = time.monotonic()
        self._drawn = 0.0

    def step(self, count: int = 1) -> None:
        """So much more is done."""
        self.done += count
        now = time.monotonic()
        if self.watched and now - self._drawn > _EVERY:
            self._drawn = now
            print(f"\r{self.line(now - self._began)}\x1b[K", end="", file=self.stream, flush=True)

    def line(self, seconds: float) -> str:
        """The line after so many seconds."""
        full = round(20 * self.done / max(1, self.total))
        rate = self.done / seconds if seconds > 0 else 0.0
        left = f"{(self.total - self.done) / rate:.0f} s left" if rate else ""
        bar = "█" * full + "·" * (20 - full)
        counted = f"{self.done:,} of {self.total:,} {self.unit}"
        return f"{self.what:<10} {bar} {counted}, {rate:,.0f} a second, {left}"

    def close(self) -> None:
        """Take the line away."""
        if self.watched:
            print("\r\x1b[K", end="", file=self.stream, flush=True)
