"""Whole-process figures: CPU seconds and peak memory of a finished child, by the system's account."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """Of several runs: CPU seconds (median, least, most) and peak memory in MB."""

    median: float
    least: float
    most: float
    megabytes: float

    def row(self, name: str) -> str:
        span = f"{self.least:.3f}–{self.most:.3f}"
        return f"{name:<46} {self.median:>8.3f} s  {span:>13}  {self.megabytes:>6.0f} MB"


def run(
    command: Sequence[str], cwd: Path, env: dict[str, str] | None = None
) -> tuple[float, float]:
    """CPU seconds (user and system) and peak megabytes of one run; raises where it fails."""
    given = {**os.environ, **(env or {})}
    given.pop("PYTHONDONTWRITEBYTECODE", None)  # users' Python keeps what it compiled
    child = subprocess.Popen(command, cwd=cwd, env=given, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    scale = 1e6 if sys.platform == "darwin" else 1e3  # ru_maxrss: bytes there, kilobytes here
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale


def paired(
    commands: Mapping[str, Sequence[str]],
    cwd: Path,
    runs: int = 7,
    before: Callable[[], object] = lambda: None,
) -> dict[str, Figures]:
    """Figures of several commands, run in turn A B A B … after one warm-up each."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for n in range(runs + 1):
        for name, command in commands.items():
            before()
            figures = run(command, cwd)
            if n:
                seen[name].append(figures)
    return {
        name: Figures(
            statistics.median(c for c, _ in got),
            min(c for c, _ in got),
            max(c for c, _ in got),
            max(m for _, m in got),
        )
        for name, got in seen.items()
    }
