"""What can go wrong, and how it is told.

    AllianceError            the command could not run (exit 2)
    ├── DateError            a text is no date that we read
    ├── UnknownName          nothing (or more than one thing) has that name
    ├── QueryError           a query or its parameters are wrong
    ├── EndpointError        a SPARQL endpoint cannot be reached or does not do its part
    ├── LimitError           a query went past its time, memory or rows
    └── BrokenFacts          findings stand in the way (exit 1); carries them all

Everything that is wrong *in the data* is a :class:`Finding`, never an exception: all of them are
reported at once.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
_WEIGHT: dict[str, int] = {"error": 0, "warning": 1, "info": 2}


class AllianceError(Exception):
    """Something that stops a command; the message says what, and how to mend it."""


class DateError(AllianceError):
    """A text is not one of the EDTF forms that we read."""


class UnknownName(AllianceError):
    """No thing, or more than one, goes by that name; the message lists near ones."""


class QueryError(AllianceError):
    """A query does not parse, or a parameter is missing, unknown or of the wrong type."""


class EndpointError(AllianceError):
    """A SPARQL endpoint cannot be reached, or did not answer as one should."""


class LimitError(AllianceError):
    """A query went past its limit.

    ``limit`` is ``"time"``, ``"memory"`` or ``"rows"``.
    """

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(frozen=True, order=True)
class Mark:
    """A place in a file: path as the user gave it, line and column from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Finding:
    """One thing to look at, with its place and its remedy.

    ``code`` is a stable short name (``date-conflict``), ``about`` the ids of the records it speaks
    of, ``related`` further places (the other passage of a conflict) and ``decision`` what the
    curator said of it, as ``"explained: …"``; a decided finding no longer fails a check.
    """

    severity: Severity
    code: str
    what: str
    mend: str
    where: Mark | None = None
    about: tuple[str, ...] = ()
    related: tuple[Mark, ...] = ()
    decision: str | None = None

    @property
    def fails(self) -> bool:
        """Whether this finding makes a run end with exit code 1."""
        return self.severity != "info" and self.decision is None

    def decided(self, decision: str) -> Finding:
        """The same finding with the curator's decision beside it."""
        return replace(self, decision=decision)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        seen = f" (see {', '.join(map(str, self.related))})" if self.related else ""
        decided = f" [decided: {self.decision}]" if self.decision else ""
        told = f"{place}{self.severity}: {self.what}{seen}; {self.mend}{decided}"
        if told.isprintable():
            return told
        # a name or a value from a stranger's file may hold what moves a terminal's cursor
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in told)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--format json``."""
        return asdict(self)


def in_order(findings: list[Finding]) -> list[Finding]:
    """Findings by file and line, errors before warnings at one place."""
    nowhere = Mark("", 0, 0)
    return sorted(
        findings,
        key=lambda f: (f.where or nowhere, _WEIGHT[f.severity], f.code, f.what, f.mend),
    )


class BrokenFacts(AllianceError):
    """The facts have findings that stand in the way; nothing was written."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings
