"""A build of more facts than a person reads: N-Quads for any engine, and a store on disk.

What ``pipeline`` makes is laid out as ``shards/*.nq`` (or ``.nq.gz``) with their digests in
``manifest.json``, and loaded into ``store/``, which the commands and :func:`alliance_graph.open`
ask without loading it. What a person would read from beginning to end (page, tables, report) is
made of small sets only. Unchanged files are not compiled again, and a store takes over from the one
before it what has stayed: ``.cache/`` keeps all steps and can be removed at any time.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import Quad, RdfFormat, Store, parse, serialize

from alliance_graph import __version__, build, compare, pipeline, staging
from alliance_graph.build import Built
from alliance_graph.errors import BrokenFacts, Finding
from alliance_graph.progress import Progress
from alliance_graph.records import job
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import DERIVED

if TYPE_CHECKING:
    from alliance_graph.pipeline import Shards

_NAME = "alliance-graph"
_SHARE = 5
"""A store is changed rather than loaded anew where less than one line in so many differs."""


def scheduler(given: str | None) -> str | None:
    """Where shards are made: as given, else on all cores where Dask is there, else here."""
    if given is None and importlib.util.find_spec("dask") and (os.cpu_count() or 1) > 1:
        return "local"
    return None if given == "none" else given


def check(root: Path) -> list[Finding]:
    """Everything that is wrong or in tension, found shard by shard; nothing is kept."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        try:
            cache = pipeline.Cache(Path(folder))
            return list(pipeline.compile_large(root, cache, scheduler(None)).findings)
        except BrokenFacts as broken:
            return list(broken.findings)


def build_large(
    root: Path,
    out: Path,
    where: str | None = None,
    *,
    store: bool = True,
    compressed: bool = False,
    records: Path | None = None,
    everything: bool = False,
) -> Built:
    """Compile the facts under ``root`` into shards in ``out``, and load them into a store there.

    ``where`` is a scheduler (see :func:`pipeline.each`); without ``store`` the shards are for other
    engines only. With ``records`` (a folder of imported records) the shards hold those that touch
    the facts, or ``everything``, what follows from both, and in ``compared.nq`` the press set
    beside them. Where findings fail it raises BrokenFacts and leaves ``out`` as it was.
    """
    target = out.resolve()
    key = f"{build._inputs(root, None, target, records)} {store=} {compressed=} {everything=}"
    standing = build._standing(out, key)
    if standing is not None and store == (out / "store").is_dir():
        staging.sweep(target)
        return standing
    build._ours(out)
    target.mkdir(parents=True, exist_ok=True)
    cache = pipeline.Cache(target / ".cache")
    parts = job.parts(records, everything=everything) if records else ()
    made = pipeline.compile_large(root, cache, where, parts)
    with staging.stage(target) as stage:
        stage.chmod(0o755)
        digests = _lay_out(made, stage, compressed)
        counts = dict(made.summary)
        if store or records:
            counts["triples"] = _store(stage, target, digests)
        if records:
            counts |= _compare(stage, digests, compressed)
            if not store:
                shutil.rmtree(stage / "store")
        kept = made.findings[: pipeline.MOST_FINDINGS]
        manifest = {
            "name": _NAME,
            "version": __version__,
            "code": pipeline.code(),
            "private": False,
            "summary": counts,
            "findings": [f.as_dict() for f in build._portable(kept, root)],
            "files": digests,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1)
        (stage / "manifest.json").write_text(text + "\n", "utf-8")
        cache.sweep()
        (target / ".cache").rename(stage / ".cache")
        (stage / ".cache" / "inputs").write_text(key, "utf-8")
        staging.exchange(stage, target)
    return Built(out, counts, made.findings, True, digests)


def _lay_out(made: Shards, stage: Path, compressed: bool) -> dict[str, str]:
    """The shards by name, with the digest of each; links to what the cache keeps."""
    (stage / "shards").mkdir()
    digests: dict[str, str] = {}
    for name, kept in sorted(made.files.items()):
        data = kept.read_bytes()
        path = stage / "shards" / name
        if compressed:
            data = gzip.compress(data, 6, mtime=0)
            path = path.with_name(f"{name}.gz")
            path.write_bytes(data)
        else:
            try:
                os.link(kept, path)
            except OSError:  # some drives know no links
                shutil.copyfile(kept, path)
        digests[f"shards/{path.name}"] = hashlib.sha256(data).hexdigest()
    return digests


# --- the store ----------------------------------------------------------------------------------


def _store(stage: Path, before: Path, digests: dict[str, str]) -> int:
    """Fill ``stage/store``, from the store of the build before where little has changed."""
    gone, come = _changes(stage, before, digests)
    if gone is None:
        store = Store(str(stage / "store"))
        told = Progress("load", len(digests), "files")
        for name in digests:
            path = stage / name
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else None
            if raw is None:
                store.bulk_load(path=str(path), format=RdfFormat.N_QUADS, lenient=True)
            else:
                store.bulk_load(input=raw, format=RdfFormat.N_QUADS, lenient=True)
            told.step()
        told.close()
        store.bulk_extend(build.ontology_quads())
    else:
        Store.read_only(str(before / "store")).backup(str(stage / "store"))
        store = Store(str(stage / "store"))
        for quad in _quads(gone):
            store.remove(quad)
        store.extend(_quads(come))
    store.flush()
    return len(store)


def _compare(stage: Path, digests: dict[str, str], compressed: bool) -> dict[str, int]:
    """Set the press beside the records; a shard more, in the store as well."""
    whole = Embedded()
    whole.engine = Store(str(stage / "store"))
    compared = compare.compare(whole)
    quads = list(compare.quads(compared))
    whole.engine.extend(quads)
    whole.engine.flush()
    lines = (serialize(quads, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)
    data = b"".join(sorted(set(lines)))
    name = "shards/compared.nq"
    if compressed:
        data, name = gzip.compress(data, 6, mtime=0), f"{name}.gz"
    (stage / name).write_bytes(data)
    digests[name] = hashlib.sha256(data).hexdigest()
    counts = {f"{verdict} by records": n for verdict, n in compared.counts().items()}
    return {**counts, "triples": len(whole)}


def _changes(
    stage: Path, before: Path, digests: dict[str, str]
) -> tuple[set[bytes] | None, set[bytes]]:
    """The lines that went and that came since the build before; None for a store to be made anew.

    A line that another shard has as well stays.
    """
    try:
        manifest = json.loads((before / "manifest.json").read_text("utf-8"))
        old = {digest: name for name, digest in manifest["files"].items()}
        usable = (before / "store" / "CURRENT").is_file() and manifest["code"] == pipeline.code()
    except (OSError, ValueError, KeyError, AttributeError):
        return None, set()
    new = {digest: name for name, digest in digests.items()}
    if not usable or len(new.keys() - old.keys()) * _SHARE > len(new):
        return None, set()
    gone: set[bytes] = set()
    for digest in old.keys() - new.keys():
        gone.update(_lines(before / old[digest]))
    come: set[bytes] = set()
    for digest in new.keys() - old.keys():
        come.update(_lines(stage / new[digest]))
    gone, come = gone - come, come - gone
    graph = f" <{DERIVED}> .\n".encode()
    derived = {line for line in gone if line.endswith(graph)}
    if derived:
        for digest in old.keys() & new.keys():
            gone.difference_update(derived.intersection(_lines(stage / new[digest])))
    return gone, come


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        yield from lines


def _quads(lines: Iterable[bytes]) -> Iterator[Quad]:
    return parse(b"".join(lines), format=RdfFormat.N_QUADS)
