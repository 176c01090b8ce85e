"""Whole-process figures: CPU seconds of a finished child, by the system's account."""

from __future__ import annotations

import os
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figures:
    """Of several runs: CPU seconds (median, least, most)."""

    median: float
    least: float
    most: float

    def row(self, name: str) -> str:
        span = f"{self.least:.3f}–{self.most:.3f}"
        return f"{name:<46} {self.median:>8.3f} s  {span:>13}"


def run(command: Sequence[str], cwd: Path, env: dict[str, str] | None = None) -> float:
    """CPU seconds (user and system) of one run; raises where it fails."""
    given = {**os.environ, **(env or {})}
    given.pop("PYTHONDONTWRITEBYTECODE", None)  # users' Python keeps what it compiled
    child = subprocess.Popen(command, cwd=cwd, env=given, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return usage.ru_utime + usage.ru_stime


def paired(
    commands: Mapping[str, Sequence[str]],
    cwd: Path,
    runs: int = 7,
    before: Callable[[], object] = lambda: None,
) -> dict[str, Figures]:
    """Figures of several commands, run in turn A B A B … after one warm-up each."""
    seen: dict[str, list[float]] = {name: [] for name in commands}
    for n in range(runs + 1):
        for name, command in commands.items():
            before()
            figures = run(command, cwd)
            if n:
                seen[name].append(figures)
    return {name: Figures(statistics.median(got), min(got), max(got)) for name, got in seen.items()}
