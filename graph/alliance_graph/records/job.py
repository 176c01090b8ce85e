"""The import of a source into a folder that downstream reads.

The folder holds ``shared.nq.gz`` (the records that touch something of the curated facts),
``others.nq.gz`` (all others), ``findings.json`` (the defects of the source) and ``manifest.json``
(counts, digests, what the matcher proposes). Same input, same bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from pyoxigraph import Quad, RdfFormat, parse, serialize

from alliance_graph import records, staging
from alliance_graph.errors import AllianceError, BrokenFacts, Finding, in_order
from alliance_graph.records import matching
from alliance_graph.vocabulary import ID

if TYPE_CHECKING:
    from alliance_graph import model
    from alliance_graph.records.historyatstate import Partition
    from alliance_graph.records.matching import Proposal

FILES = {True: "shared.nq.gz", False: "others.nq.gz"}
_NAME = "alliance-graph records"
_IDENTITIES = tuple(f"<{ID}{kind}/" for kind in ("person", "office", "institution", "country"))


@dataclass(frozen=True)
class Imported:
    """What an import gave."""

    out: Path
    counts: dict[str, int]
    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]
    facts: dict[str, int]
    """Quads in each file."""


def run(
    source: str,
    folder: Path,
    out: Path,
    facts: model.Facts,
    decisions: matching.Decisions,
    watch: Callable[[list[Partition]], Iterable[Partition]] = iter,
) -> Imported:
    """Import the records in ``folder`` into the folder ``out``.

    ``watch`` may look on as the partitions pass. Where a file does not read it raises BrokenFacts
    with every finding and leaves ``out`` alone.
    """
    importer = records.source(source)
    _ours(out)
    partitions = importer.partitions(folder, decisions)
    tally = importer.Tally()
    target = out.resolve()  # of a link, the folder to which it leads changes
    with staging.stage(target) as stage:
        written = _write(stage, watch(partitions), lambda p: importer.groups(p, tally))
        findings = in_order(tally.findings)
        if any(f.severity == "error" for f in findings):
            raise BrokenFacts([f for f in findings if f.severity == "error"])
        proposals = tuple(sorted(matching.propose(tally.names, facts, decisions)))
        _json(stage / "findings.json", [f.as_dict() for f in findings])
        digests = {p.name: _digest(p) for p in sorted(stage.iterdir())}
        counted = {name: sum(parts) for name, parts in written.items()}
        manifest = {
            "name": _NAME,
            "source": source,
            "counts": dict(sorted(tally.counts.items())),
            "defects": dict(sorted(Counter(f.code for f in findings).items())),
            "proposals": [p._asdict() for p in proposals],
            "quads": counted,
            "parts": written,
            "files": digests,
        }
        _json(stage / "manifest.json", manifest)
        stage.chmod(0o755)
        staging.exchange(stage, target)
    counts = dict(sorted(tally.counts.items()))
    return Imported(out, counts, tuple(findings), proposals, counted)


def _write(
    stage: Path,
    partitions: Iterable[Partition],
    groups: Callable[[Partition], Iterator[Any]],
) -> dict[str, list[int]]:
    """The quads of all partitions, one at a time; how many of each went into each file."""
    count: dict[str, list[int]] = {name: [] for name in FILES.values()}
    said: dict[bool, set[Quad]] = {True: set(), False: set()}
    with ExitStack() as stack:
        streams = {}
        for shared, name in FILES.items():
            raw = stack.enter_context((stage / name).open("wb"))
            # no name and no time in the head: the same bytes for the same quads
            zipped = gzip.GzipFile("", "wb", 1, raw, mtime=0)
            streams[shared] = cast("IO[bytes]", stack.enter_context(zipped))
        for partition in partitions:
            kept: dict[bool, list[Quad]] = {True: [], False: []}
            for group in groups(partition):
                kept[group.shared] += _new(group.quads, said[group.shared])
            for shared, quads in kept.items():
                if quads:
                    serialize(quads, streams[shared], RdfFormat.N_QUADS)
                    count[FILES[shared]].append(len(quads))
    return count


def _new(quads: list[Quad], said: set[Quad]) -> Iterator[Quad]:
    """Quads without what describes an identity a second time."""
    for quad in quads:
        if str(quad.subject).startswith(_IDENTITIES):
            if quad in said:
                continue
            said.add(quad)
        yield quad


def read(folder: Path, *, everything: bool = False) -> Iterator[Quad]:
    """The quads of an imported folder: what touches the curated facts, or ``everything``.

    Raises AllianceError where it is no imported folder, or not whole.
    """
    for path, _ in _files(folder, everything):
        with gzip.open(path) as stream:
            yield from parse(cast("IO[bytes]", stream), RdfFormat.N_QUADS)


def parts(folder: Path, *, everything: bool = False) -> Iterator[str]:
    """The same as N-Quads, a text for each part of the source that has some; raises as it does."""
    for path, counts in _files(folder, everything):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for count in counts:
                yield "".join(islice(lines, count))


def _files(folder: Path, everything: bool) -> Iterator[tuple[Path, list[int]]]:
    manifest = _manifest(folder)
    for shared, name in FILES.items():
        if not shared and not everything:
            continue
        path = folder / name
        if not path.is_file() or _digest(path) != manifest["files"].get(name):
            raise AllianceError(f"{path}: is not what was imported; import the records again")
        yield path, manifest["parts"][name]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text("utf-8"))
        if manifest["name"] == _NAME and "parts" in manifest:
            return manifest
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise AllianceError(
        f"{folder}: no imported records; `alliance import {records.SOURCES[0]} DIR` makes them"
    )


def _ours(out: Path) -> None:
    """Refuse to put an import in the place of a folder that is none."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        try:
            _manifest(out)
        except AllianceError:
            raise AllianceError(
                f"{out}: holds something that is no import; name a new folder with --out"
            ) from None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
