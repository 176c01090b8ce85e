"""The main job: facts to findings, graph, files.

Everything is written into a folder beside the wanted one, which then changes places with it: a
reader sees the old build whole or the new one whole, and broken facts leave the old one alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from alliance_graph import __version__, paths
from alliance_graph.errors import AllianceError, BrokenFacts, Finding, Mark, in_order
from alliance_graph.store import select
from alliance_graph.vocabulary import ONTOLOGY_GRAPH, VOCABULARIES, split

if TYPE_CHECKING:
    from alliance_graph.seeds import Loaded
    from alliance_graph.store.embedded import Embedded

_PACKAGE = Path(__file__).resolve().parent
_NAME = "alliance-graph"
"""What a manifest of ours is called."""


@dataclass(frozen=True)
class Compiled:
    """Facts that hold, and their graph with everything derived."""

    loaded: Loaded
    store: Embedded
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Built:
    """What a build gave: where, counts by kind, findings, and whether anything had to be done."""

    out: Path
    summary: dict[str, int]
    findings: tuple[Finding, ...] = ()
    fresh: bool = True
    files: dict[str, str] = field(default_factory=dict)


def ontology_quads() -> Iterator[Quad]:
    """The ontology and its vocabularies, each in its named graph."""
    for name, graph in (("alliance", ONTOLOGY_GRAPH), ("vocabularies", VOCABULARIES)):
        path = paths.ontology() / f"{name}.ttl"
        for t in parse(path=str(path), format=RdfFormat.TURTLE):
            yield Quad(t.subject, t.predicate, t.object, NamedNode(graph))


def find_all(root: Path) -> tuple[Loaded, list[Finding]]:
    """Load the facts of a folder and check them: all that can be said of them before RDF."""
    from alliance_graph import check, seeds

    loaded = seeds.load(root)
    findings = list(loaded.findings)
    if not loaded.broken:
        findings += check.check(loaded)
    return loaded, in_order(findings)


def compile_facts(root: Path, *, strict: bool = True) -> Compiled:
    """Facts of a folder to a graph with ontology, derived statements and validation.

    Raises BrokenFacts with every finding where one of them fails; with ``strict=False`` only errors
    stand in the way, undecided warnings do not.
    """
    from alliance_graph import derive, rdf, shapes
    from alliance_graph.store.embedded import Embedded

    holding_facts(root)
    loaded, findings = find_all(root)
    if loaded.broken:
        raise BrokenFacts(findings)
    store = Embedded(rdf.quads(loaded.facts))
    store.load(ontology_quads())
    derive.derive(store)
    found = shapes.validate(store, lambda iri: _place(loaded, iri))
    findings = in_order([*findings, *found])
    if any(f.fails and (strict or f.severity == "error") for f in findings):
        raise BrokenFacts(findings)
    return Compiled(loaded, store, tuple(findings))


def holding_facts(root: Path) -> Path:
    """The folder itself; raises AllianceError where it can be no folder of facts."""
    if not (root / "articles").is_dir():
        raise AllianceError(f"{root}: no such folder of facts; name one that holds articles/")
    return root


def _place(loaded: Loaded, iri: str) -> Mark | None:
    """Where the facts tell of what an IRI names: a field of a record, a record, a thing, a file.

    A claim is named after its article, its record and its field, a participation or a tenure after
    what it is made of.
    """
    kind, name = split(iri) or ("", iri)
    first, _, rest = name.partition(".")
    rest = rest.removeprefix("counterparts.") if kind == "claim" else name
    found = []
    for article in loaded.facts.articles:
        for section, i, record in article.records():
            own = getattr(record, "id", None) or getattr(record, "channel", None)
            told_here = kind != "claim" or article.id == first
            if own and told_here and f"{rest}.".startswith(f"{own}."):
                field = rest[len(own) + 1 :].partition(".")[0].replace("-", "_")
                found.append((len(own), (article.id, section, i, field)))
    if found:
        return loaded.where(*max(found, key=lambda f: f[0])[1])
    inside = rest.partition(".")[0] if kind == "claim" else ""
    return loaded.where(first, inside) or loaded.mark(first)


def summary(store: Embedded, findings: tuple[Finding, ...]) -> dict[str, int]:
    """What the graph holds, by kind, in the order in which ``make graph`` tells it."""

    def count(pattern: str) -> int:
        query = f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }}"
        return int(next(select(store, query))["n"].value)

    state = "<https://w3id.org/alliance-graph/vocabulary/commitment-state/"
    return {
        "articles": count("?x a ally:Article"),
        "officials": count("?x a foaf:Person MINUS { ?a a ally:Article ; schema:author ?x }"),
        "offices": count("?x a org:Post"),
        "institutions": count("?x a org:Organization"),
        "channels": count("?x a ally:Channel"),
        "encounters": count("?x a ally:Encounter"),
        "planned encounters": count("?x a ally:PlannedEncounter"),
        "visits": count("?x a ally:Visit"),
        "documents": count("?x a ally:OfficialDocument"),
        "statements": count("?x a ally:Statement"),
        "stances": count("?x a ally:Stance"),
        "counterparts": count("?x a ally:CounterpartRelation"),
        "claims": count("?x a ally:Claim"),
        "denied": count("?x a ally:Denied"),
        "conflicts": sum(f.code in CONFLICTS for f in findings),
        "open promises": count(f"?x a ally:Commitment ; ally:state {state}open>"),
        "promises of unknown outcome": count(f"?x a ally:Commitment ; ally:state {state}unknown>"),
        "findings": sum(f.severity != "info" for f in findings),
        "of them undecided": sum(f.fails for f in findings),
        "triples": len(store),
    }


CONFLICTS = frozenset({"date-conflict", "value-conflict", "accounts-differ", "denied-and-asserted"})
"""Codes of findings that are two accounts of one thing."""


def build(root: Path, out: Path, texts: Path | None = None) -> Built:
    """Compile the facts under ``root`` into the folder ``out``.

    With ``texts`` (a folder of the articles' texts) the page and the report show the passages and
    say that they are private. Where findings fail it raises BrokenFacts and leaves ``out`` alone.
    """
    target = out.resolve()  # of a link, the folder to which it leads changes
    key = _inputs(root, texts, target)
    standing = _standing(out, key)
    if standing is not None:
        return standing
    _ours(out)
    made = compile_facts(root)
    counts = summary(made.store, made.findings)
    with _stage(target) as stage:
        # passages of the articles are for the eyes of who builds with them
        stage.chmod(0o755 if texts is None else 0o700)
        digests: dict[str, str] = {}
        for name, data in files(made, counts, texts):
            path = stage / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
            digests[name] = hashlib.sha256(data).hexdigest()
        manifest = {
            "name": _NAME,
            "version": __version__,
            "private": texts is not None,
            "summary": counts,
            "findings": [f.as_dict() for f in _portable(made.findings, root)],
            "files": dict(sorted(digests.items())),
        }
        (stage / "manifest.json").write_text(
            json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        cache = stage / ".cache"
        cache.mkdir()
        (cache / "inputs").write_text(key, "utf-8")
        _exchange(stage, target)
    return Built(out, counts, made.findings, True, digests)


def files(
    made: Compiled, counts: dict[str, int], texts: Path | None
) -> Iterator[tuple[str, bytes]]:
    """Every file of a build but its manifest, as (name, bytes)."""
    from alliance_graph import codebook, network, outputs, page, questions, report, seeds

    quads = outputs.in_order(made.store.quads())
    yield "alliance.trig", outputs.trig(quads)
    yield "alliance.ttl", outputs.turtle(quads)
    yield "claims.ttl", outputs.claims(quads)
    yield "alliance.jsonld", outputs.jsonld(quads)
    for question in questions.catalogue():
        if not question.required:
            table = questions.ask(made.store, question.name)
            yield f"tables/{question.name}.csv", table.csv().encode()
    for kind, schema in seeds.schema(made.loaded.facts).items():
        yield f"schema/{kind}.json", (json.dumps(schema, ensure_ascii=False) + "\n").encode()
    yield "network.html", page.render(network.network(made.store), made.store, texts).encode()
    data = report.report(made.loaded, made.store, made.findings, texts)
    yield "report.json", report.as_json(data).encode()
    yield "report.html", report.as_html(data).encode()
    yield "docs/codebook.html", codebook.as_html(made.store).encode()


def _portable(findings: tuple[Finding, ...], root: Path) -> Iterator[Finding]:
    """Findings with places relative to the folder of facts: no path of a machine in a build."""
    from dataclasses import replace

    def relative(mark: Mark | None) -> Mark | None:
        if mark is None:
            return None
        path = Path(mark.file)
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        return Mark(name, mark.line, mark.column)

    for f in findings:
        related = tuple(m for m in map(relative, f.related) if m)
        yield replace(f, where=relative(f.where), related=related)


# --- what was built before -------------------------------------------------------------------


def _inputs(root: Path, texts: Path | None, out: Path | None = None) -> str:
    """Digest of everything a build depends on: facts, ontology, code, engine, texts.

    Nothing in ``out`` counts, which may lie in the folder of facts.
    """
    from importlib.metadata import version

    digest = hashlib.sha256()
    facts = root.resolve()
    for folder, pattern in (
        (facts, "*"),  # nothing is read deeper than articles/x.yaml
        (facts, "*/*"),
        (paths.seeds(), "README.md"),
        (paths.ontology(), "**/*"),
        (_PACKAGE, "**/*"),
        (texts, "*"),
    ):
        for path in sorted(p for p in folder.glob(pattern) if p.is_file()) if folder else ():
            if "__pycache__" not in path.parts and path.parent != out:
                digest.update(path.relative_to(folder or path).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        digest.update(b"\1" if folder else b"\2")
    for name in ("pyoxigraph", "pydantic", "pyvis", "networkx", "Jinja2", "PyYAML", "rapidfuzz"):
        digest.update(f"{name} {version(name)}\n".encode())
    return digest.hexdigest()


def _standing(out: Path, key: str) -> Built | None:
    """The build that stands in ``out``, where it is of these inputs and whole."""
    try:
        if (out / ".cache" / "inputs").read_text("utf-8") != key:
            return None
        manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text("utf-8"))
        for name, digest in manifest["files"].items():
            if hashlib.sha256((out / name).read_bytes()).hexdigest() != digest:
                return None
    except (OSError, ValueError, KeyError):
        return None
    return Built(out, manifest["summary"], (), False, manifest["files"])


def _ours(out: Path) -> None:
    """Refuse to put a build in the place of a folder that is none."""
    if not out.exists() or (out.is_dir() and all(p.name == ".cache" for p in out.iterdir())):
        return
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        # other programs have a manifest.json as well
        if json.loads((out / "manifest.json").read_text("utf-8"))["name"] == _NAME:
            return
    raise AllianceError(
        f"{out}: holds something that is no build of ours, which a build would replace; "
        "name an empty or new folder with --out"
    )


@contextlib.contextmanager
def _stage(out: Path) -> Iterator[Path]:
    """A folder beside ``out``, locked as long as it is written; what killed builds left goes."""
    prefix = f".{out.name}.new-"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in out.parent.glob(f"{glob.escape(prefix)}*"):
            _sweep(left)
        stage, lock = _locked_folder(prefix, out.parent)
    except OSError as bad:
        raise AllianceError(
            f"{out}: cannot be made ({bad.strerror}); name another folder with --out"
        ) from None
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        os.close(lock)


def _locked_folder(prefix: str, parent: Path) -> tuple[Path, int]:
    """A new folder and the descriptor that holds its lock, free again when this process ends."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        with contextlib.suppress(FileNotFoundError):  # swept before it was locked: another one
            lock = os.open(folder, os.O_RDONLY)
            with contextlib.suppress(OSError):  # some drives know no locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _sweep(left: Path) -> None:
    """Remove a stage that no build holds."""
    with contextlib.suppress(OSError):
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        finally:
            os.close(lock)


# Linux renameat2(2) with RENAME_EXCHANGE, macOS renameatx_np(2) with RENAME_SWAP: both 2.
_CALLS = {"linux": ("renameat2", -100), "darwin": ("renameatx_np", -2)}


def _exchange(stage: Path, out: Path) -> None:
    """Put ``stage`` in the place of ``out`` in one step; the old folder ends up at ``stage``."""
    try:
        stage.rename(out)
        return
    except OSError:
        if not out.exists():
            raise
    name, here = _CALLS.get(sys.platform, ("", 0))
    if name:
        with contextlib.suppress(AttributeError):
            call = getattr(ctypes.CDLL(None, use_errno=True), name)
            if call(here, os.fsencode(stage), here, os.fsencode(out), ctypes.c_uint(2)) == 0:
                return
    # no such call here: two renames, with a moment between them in which there is no build
    old = stage.with_name(stage.name + ".old")
    out.rename(old)
    stage.rename(out)
    shutil.rmtree(old, ignore_errors=True)
