"""The main job: facts to findings, graph, files.

Everything is written into a folder beside the wanted one, which then changes places with it: a
reader sees the old build whole or the new one whole, and broken facts leave the old one alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from alliance_graph import __version__, paths, staging
from alliance_graph.errors import AllianceError, BrokenFacts, Finding, Mark, in_order
from alliance_graph.store import select
from alliance_graph.vocabulary import ONTOLOGY_GRAPH, VOCABULARIES, split

if TYPE_CHECKING:
    from alliance_graph.compare import Compared
    from alliance_graph.seeds import Loaded
    from alliance_graph.shapes import Graph
    from alliance_graph.store.embedded import Embedded

_PACKAGE = Path(__file__).resolve().parent
_NAME = "alliance-graph"
"""What a manifest of ours is called."""
_HUGE = 50_000_000
"""Bytes of a file that is too big for facts, texts and our own files."""


@dataclass(frozen=True)
class Compiled:
    """Facts that hold, and their graph with everything derived."""

    loaded: Loaded
    store: Embedded
    findings: tuple[Finding, ...]
    told: Graph | None = field(default=None, compare=False, repr=False)
    """The graph once more, by predicate and subject, as the shapes read it."""
    whole: Embedded | None = field(default=None, compare=False, repr=False)
    """The graph with official records beside the press, where some were given."""
    compared: Compared | None = field(default=None, compare=False, repr=False)
    """The press beside them."""
    quads: tuple[Quad, ...] = field(default=(), compare=False, repr=False)
    """What ``store`` holds, read from it once."""


@dataclass(frozen=True)
class Built:
    """What a build gave: where, counts by kind, findings, and whether anything had to be done."""

    out: Path
    summary: dict[str, int]
    findings: tuple[Finding, ...] = ()
    fresh: bool = True
    files: dict[str, str] = field(default_factory=dict)
    store: Embedded | None = field(default=None, compare=False, repr=False)
    """The graph, where it has just been compiled."""


def ontology_quads() -> Iterator[Quad]:
    """The ontology and its vocabularies, each in its named graph."""
    for name, graph in (("alliance", ONTOLOGY_GRAPH), ("vocabularies", VOCABULARIES)):
        path = paths.ontology() / f"{name}.ttl"
        for t in parse(path=str(path), format=RdfFormat.TURTLE):
            yield Quad(t.subject, t.predicate, t.object, NamedNode(graph))


def find_all(root: Path) -> tuple[Loaded, list[Finding]]:
    """Load the facts of a folder and check them: all that can be said of them before RDF."""
    from alliance_graph import check, seeds
    from alliance_graph.records import matching

    loaded = seeds.load(root)
    findings = list(loaded.findings)
    if not loaded.broken:
        findings += check.check(loaded)
        findings += matching.check(loaded.facts, root)
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
    store = Embedded()
    store.load_lines("".join(rdf.nquads(loaded.facts)))
    store.load(ontology_quads())
    derive.derive(store)
    quads = tuple(store.quads())
    told = shapes.Graph(quads)
    found = shapes.validate(told, lambda iri: _place(loaded, iri))
    findings = in_order([*findings, *found])
    if any(f.fails and (strict or f.severity == "error") for f in findings):
        raise BrokenFacts(findings)
    return Compiled(loaded, store, tuple(findings), told, quads=quads)


def beside_records(made: Compiled, folder: Path) -> Compiled:
    """The same facts with imported records (``alliance import``) and what comparing them gives.

    ``store`` stays the graph of the press alone, ``whole`` is that of both. Raises BrokenFacts
    where both together do not hold.
    """
    from alliance_graph import compare, derive, shapes
    from alliance_graph.records import job
    from alliance_graph.store.embedded import Embedded

    whole = Embedded(made.store.quads())
    whole.load(job.read(folder))
    derive.derive(whole)
    compared = compare.compare(whole)
    whole.load(compare.quads(compared))
    graph = shapes.Graph(whole.quads())
    known = {(f.code, f.what) for f in made.findings}
    found = shapes.validate(graph, lambda _: None)
    new = [f for f in found if f.fails and (f.code, f.what) not in known]
    if new:
        raise BrokenFacts(in_order(new))
    return replace(made, whole=whole, compared=compared)


def holding_facts(root: Path) -> Path:
    """The folder itself; raises AllianceError where it can be no folder of facts."""
    if not (root / "articles").is_dir():
        raise AllianceError(f"{root}: no such folder of facts; name one that holds articles/")
    return root


LARGE = 500_000
"""Article files of more bytes than this are a large set: some 6,000 claims, three times what five
articles hold. Beyond it a page and tables are more than anybody reads."""


def is_large(root: Path) -> bool:
    """Whether a folder of facts is built by ``large``, in shards and on disk."""
    return sum(p.stat().st_size for p in (root / "articles").glob("*.yaml")) > LARGE


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


def build(root: Path, out: Path, texts: Path | None = None, records: Path | None = None) -> Built:
    """Compile the facts under ``root`` into the folder ``out``.

    With ``texts`` (a folder of the articles' texts) the page and the report show the passages and
    say that they are private; with ``records`` (a folder of imported records) graph, tables, report
    and page set the press beside them. Where findings fail it raises BrokenFacts and leaves ``out``
    alone.
    """
    target = out.resolve()  # of a link, the folder to which it leads changes
    key = _inputs(root, texts, target, records)
    standing = _standing(out, key)
    if standing is not None:
        staging.sweep(target)
        return standing
    _ours(out)
    made = compile_facts(root)
    counts = summary(made.store, made.findings)
    if records is not None:
        made = beside_records(made, records)
        assert made.compared is not None
        counts |= {f"{v} by records": n for v, n in made.compared.counts().items()}
    with staging.stage(target) as stage:
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
        staging.exchange(stage, target)
    return Built(out, counts, made.findings, True, digests, made.whole or made.store)


def files(
    made: Compiled, counts: dict[str, int], texts: Path | None
) -> Iterator[tuple[str, bytes]]:
    """Every file of a build but its manifest, as (name, bytes)."""
    from alliance_graph import network, outputs, page, questions, report, seeds

    whole = made.whole or made.store
    quads = outputs.in_order(made.whole.quads() if made.whole else made.quads)
    yield "alliance.trig", outputs.trig(quads)
    yield "alliance.ttl", outputs.turtle(quads)
    yield "claims.ttl", outputs.claims(quads)
    yield "alliance.jsonld", outputs.jsonld(quads)
    for question in questions.catalogue():
        if not question.required:
            yield f"tables/{question.name}.csv", questions.csv(whole, question.name)
    for kind, schema in seeds.schema(made.loaded.facts).items():
        yield f"schema/{kind}.json", (json.dumps(schema, ensure_ascii=False) + "\n").encode()
    drawn = network.network(made.store, made.told)
    yield "network.html", page.render(drawn, made.store, texts, made.compared).encode()
    data = report.report(made.loaded, made.store, made.findings, texts, made.compared)
    yield "report.json", report.as_json(data).encode()
    yield "report.html", report.as_html(data).encode()


def _portable(findings: tuple[Finding, ...], root: Path) -> Iterator[Finding]:
    """Findings with places relative to the folder of facts: no path of a machine in a build."""

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


def digest(root: Path) -> str:
    """Digest of every file that a graph is compiled from: facts, ontology, code; in hexadecimal.

    The same in a checkout and in a wheel made from it.
    """
    facts = root.resolve()
    return _digest(
        (facts, "*"),  # nothing is read deeper than articles/x.yaml
        (facts, "*/*"),
        (paths.ontology(), "**/*"),
        (_PACKAGE, "**/*.py"),
    )


def _inputs(
    root: Path, texts: Path | None, out: Path | None = None, records: Path | None = None
) -> str:
    """Digest of everything a build depends on: facts, ontology, code, engine, texts, records.

    Nothing in ``out`` counts, which may lie in the folder of facts.
    """
    from importlib.metadata import version

    facts = root.resolve()
    files = _digest(
        (facts, "*"),
        (facts, "*/*"),
        (paths.ontology(), "**/*"),
        (_PACKAGE, "**/*"),
        (texts, "*"),
        (records, "manifest.json"),  # which has the digests of the others
        # what lies inside the package and counts as something else, or not at all
        but=(out, paths.seeds(), paths.ontology(), paths.COMPILED, paths.EDITOR),
    )
    names = ("pyoxigraph", "pydantic", "pyvis", "networkx", "Jinja2", "PyYAML", "rapidfuzz")
    made = [files, *(f"{name} {version(name)}" for name in names)]
    return hashlib.sha256("\n".join(made).encode()).hexdigest()


def _digest(*where: tuple[Path | None, str], but: Iterable[Path | None] = ()) -> str:
    """Digest of the files that patterns find in folders, by name; caches of Python do not count."""
    found = hashlib.sha256()
    for folder, pattern in where:
        inside = {b for b in but if b not in (None, folder)}
        for path in sorted(p for p in folder.glob(pattern) if p.is_file()) if folder else ():
            if "__pycache__" not in path.parts and inside.isdisjoint((path, *path.parents)):
                found.update(os.fsencode(path.relative_to(folder or path).as_posix()) + b"\0")
                found.update(hashlib.sha256(_content(path)).digest())
        found.update(b"\1" if folder else b"\2")
    return found.hexdigest()


def _content(path: Path) -> bytes:
    """What stands in a file; of a link or a huge file, which no loader reads, size and time."""
    told = path.stat()
    if path.is_symlink() or told.st_size > _HUGE:
        return f"{told.st_size} {told.st_mtime_ns}".encode()
    return path.read_bytes()


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
