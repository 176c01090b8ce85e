"""Large sets of facts: file by file, in bounded memory, and nothing twice.

The article files are cut into shards, some 32 files each, in the order of their names. Three steps,
of which each keeps what it makes under the digest of all that it was made from:

``scan``
    reads a file by itself: its ids, to what it refers, what is wrong in it;
``part``
    compiles a shard. It knows the kind of each id and the identities that it refers to. What other
    files may tell of as well (channels, tenures, names, a meeting in two articles) is set aside;
``compare``
    holds against each other what articles of several shards tell of one thing, channel or office
    (see :mod:`alliance_graph.check.across`);
``finish``
    runs the rules that look at one record, and the shapes, over a shard and what it refers to;
``beside``
    does so again where official records are set beside the articles: over each part of the records,
    and over the shards that name somebody whose tenures they tell of.

Between them the *hub* puts together what was set aside; after them the other rules run over the hub
and over those statements of the shards that they read. The result is the same set of quads as when
all facts are compiled at once, as canonical N-Quads sorted within each file, and the same findings.

Shards know nothing of each other, so they can be made anywhere: here, by the processes of Dask's
local scheduler, or by a Dask cluster that sees the same folders.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import pickle
import re
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache as once
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alliance_graph import check, model, paths, rdf, seeds
from alliance_graph.check import across
from alliance_graph.errors import AllianceError, BrokenFacts, Finding, Mark, in_order
from alliance_graph.progress import Progress
from alliance_graph.records import matching
from alliance_graph.vocabulary import ALLY, BASE, DERIVED, GRAPH, ID, PREFIXES, RDF, TRUTHY

if TYPE_CHECKING:
    from alliance_graph.store.embedded import Embedded

FILES = 32
"""So many files a shard has on average."""
MOST_FINDINGS = 1000
"""So many findings are kept; all are counted."""
MOST_PLACES = 50
"""In so many files the lines of findings that fail nothing are looked up; of others the file."""
_PACKAGE = Path(__file__).resolve().parent
_TYPE = f"<{RDF}type>"
_IN_TRUTHY = f" <{TRUTHY}> ."
_OF_ARTICLES = f" <{GRAPH}article/"
_IN_DERIVED = f" <{DERIVED}> ."
_NAMED = re.compile(rf"<{re.escape(ID)}(?!claim/|evidence/|participation/)[^>]+>")
_IDENTITIES = tuple(f"<{ID}{kind}/" for kind in ("person", "office", "institution", "country"))
_TENURE = f"<{ID}tenure/"
_TIE = tuple(f"<{p}>" for p in (RDF + "type", PREFIXES["org"] + "member", ALLY.post, ALLY.capacity))


@dataclass(frozen=True)
class Scan:
    """What one article file has to do with others."""

    id: str
    path: str
    digest: str
    kinds: dict[str, str]
    """Kind by id of everything that it defines, itself first."""
    records: tuple[str, ...]
    """Those of the ids that other files may tell of, too."""
    refs: tuple[tuple[str, str], ...]
    """Ids to which it refers, each with the kinds that are allowed there."""
    links: dict[str, tuple[str, ...]]
    """What it tells of, each with the records of which rules need to know."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Task:
    """Some work on a shard, complete in itself."""

    cache: str
    key: str
    """Digest of all that the outcome depends on."""
    files: tuple[tuple[str, str, str], ...] = ()
    """Id, path and digest of each file."""
    known: model.Facts = field(default_factory=model.Facts)
    kinds: dict[str, str] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    """What is compared with other shards, not here."""
    batch: across.Batch | None = None
    heads: dict[str, str] = field(default_factory=dict)
    """The articles of the batch."""
    part: str = ""
    """Key of the compiled shard."""
    text: str = ""
    """A part of official records, as N-Quads."""
    context: str = ""
    """What the hub and other shards say of that to which it refers, as N-Quads."""


@dataclass(frozen=True)
class Shards:
    """What was made: files of N-Quads, what they hold, and what was found."""

    files: dict[str, Path]
    """By name: ``hub.nq``, ``derived.nq``, ``0000.nq`` …; they lie in the cache."""
    summary: dict[str, int]
    findings: tuple[Finding, ...]
    done: int
    """How many shards had to be made; the others were there."""


# --- what is kept ---------------------------------------------------------------------------------


class Cache:
    """Files under the digest of what they were made from; whole or not there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.used: set[Path] = set()

    def path(self, kind: str, key: str, suffix: str = ".json") -> Path:
        """Where something is kept."""
        path = self.root / kind / key[:2] / f"{key}{suffix}"
        self.used.add(path)
        return path

    def read(self, kind: str, key: str) -> Any:
        """What is kept under a digest; None where it is not there or not whole."""
        try:
            return json.loads(self.path(kind, key).read_bytes())
        except (OSError, ValueError):
            return None

    def write(self, path: Path, data: bytes) -> None:
        """Keep it: beside its place, then moved there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_bytes(data)
        beside.replace(path)

    def keep(self, kind: str, key: str, value: Any) -> None:
        """Keep a value of plain types."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        self.write(self.path(kind, key), text.encode())

    def sweep(self) -> None:
        """Remove what this run had no use for."""
        for path in self.root.rglob("*"):
            if path.is_file() and path not in self.used:
                path.unlink(missing_ok=True)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@once
def code() -> str:
    """Digest of code, ontology and libraries: what else an outcome depends on."""
    found = hashlib.sha256()
    for folder, pattern in ((_PACKAGE, "**/*.py"), (paths.ontology(), "**/*")):
        for path in sorted(p for p in folder.glob(pattern) if p.is_file()):
            found.update(path.relative_to(folder).as_posix().encode() + b"\0")
            found.update(hashlib.sha256(path.read_bytes()).digest())
    libraries = (f"{n} {version(n)}" for n in ("pyoxigraph", "pydantic", "PyYAML"))
    return _digest(found.hexdigest(), *libraries)


# --- the steps, each a plain function of a task ---------------------------------------------------


def scan(task: Task) -> list[dict[str, Any]]:
    """Read the files of a task, each by itself; those that hold are kept."""
    cache = Cache(Path(task.cache))
    return [_scan(cache, *file) for file in task.files]


def _scan(cache: Cache, _: str, path: str, digest: str) -> dict[str, Any]:
    key = _digest(code(), Path(path).name, digest)
    told = cache.read("scan", key)
    if told is not None and cache.path("scan", key, ".data").is_file():
        return {**told, "findings": []}
    one = seeds.one(Path(path))
    if one.article is None or any(f.severity == "error" for f in one.findings):
        return {"kinds": {}, "records": [], "refs": [], "links": {}, "findings": one.findings}
    article = one.article
    records = [r for _, _, r in article.records() if isinstance(r, model.Record)]
    things: list[model.Thing] = [article, *article.unnamed, *records]
    told = {
        "kinds": {thing.id: thing.iri_kind for thing in things},
        "records": sorted({r.id for r in records}),
        "refs": sorted({(n, "|".join(kinds)) for _, n, kinds in seeds.references(article)}),
        "links": across.links(article),
    }
    data = json.dumps(one.data, ensure_ascii=False, separators=(",", ":"))
    cache.write(cache.path("scan", key, ".data"), data.encode())
    if not one.findings:
        cache.keep("scan", key, told)
    return {**told, "findings": one.findings}


def _article(cache: Cache, path: str, digest: str) -> model.Article:
    """An article that was scanned; read again where the cache has lost it."""
    kept = cache.path("scan", _digest(code(), Path(path).name, digest), ".data")
    try:
        return model.Article.model_validate(json.loads(kept.read_bytes()))
    except (OSError, ValueError):
        article = seeds.one(Path(path)).article
        if article is None:
            raise AllianceError(f"{path}: changed while it was compiled; build again") from None
        return article


def part(task: Task) -> None:
    """Compile a shard; what the hub needs of it is kept beside its text."""
    cache = Cache(Path(task.cache))
    articles = [_article(cache, path, digest) for _, path, digest in task.files]
    facts = task.known.model_copy(update={"articles": tuple(articles)})
    index = check.Index(across.Unplaced(facts, ()))
    found = check.found(index, check.SCOPES["alone"])
    compared = check.found(index, check.SCOPES["things"])
    found += [f for f in compared if f.about[0] not in task.elsewhere]
    text, heard = rdf.part(articles, task.known, task.kinds, task.shared)
    types = [
        line
        for line in text.splitlines()
        if _TYPE in line and line.endswith(_IN_TRUTHY) and _NAMED.match(line)
    ]
    data = zlib.compress(text.encode(), 1)  # a tenth of the room, for a hundredth of the time
    cache.write(cache.path("part", task.key, ".nq"), data)
    told = {
        "size": len(data),
        "heard": [h.plain() for h in heard],
        "types": types,
        "names": sorted(set(_NAMED.findall(text))),
        "findings": [f.as_dict() for f in found],
        "rows": across.rows(articles, task.kinds, task.elsewhere, task.shared),
        "heads": {a.id: across.head(a) for a in articles},
        "decisions": {
            a.id: [d.model_dump(mode="json") for d in a.decisions] for a in articles if a.decisions
        },
    }
    cache.keep("part", task.key, told)


def compare(task: Task) -> None:
    """Hold against each other what several shards tell."""
    assert task.batch is not None
    found = across.look(task.batch, task.heads, task.known)
    Cache(Path(task.cache)).keep("compare", task.key, {"findings": [f.as_dict() for f in found]})


def finish(task: Task) -> None:
    """Derive what follows from single records of a shard, hold it against the shapes, sort it."""
    from alliance_graph import derive

    cache = Cache(Path(task.cache))
    text = zlib.decompress(cache.path("part", task.part, ".nq").read_bytes()).decode()
    own = {line.partition(" ")[0] for line in text.splitlines()}
    store = _store(text, task.context)
    derive.derive(store, [r for r in derive.rules() if r.scope == "record"])
    said = set(text.splitlines())
    loose = []
    for line in _derived(store):
        subject = line.partition(" ")[0]
        if subject in own or f"{ID}claim/derived." in subject:
            said.add(line)
        else:
            loose.append(line)
    read = _read_by_others()
    needed = [line for line in said if line.split(" ", 2)[1] in read and _OF_ARTICLES not in line]
    data = _sorted(said)
    cache.write(cache.path("finish", task.key, ".nq"), data)
    told = {
        "size": len(data),
        "loose": loose,
        "needed": [n for n in needed if _TYPE not in n or n.split(" ", 3)[2] in read],
        "types": Counter(_types(said)),
        "quads": len(said),
        "findings": [f.as_dict() for f in _shapes([*said, *loose], task.context, own)],
    }
    cache.keep("finish", task.key, told)


def beside(task: Task) -> None:
    """Derive what follows of records, or of a shard now that there are records."""
    from alliance_graph import derive

    cache = Cache(Path(task.cache))
    text = task.text or cache.path("finish", task.part, ".nq").read_bytes().decode()
    store = _store(text, task.context)
    derive.derive(store, [r for r in derive.rules() if r.scope == "record"])
    there = set(text.splitlines())
    new = [line for line in _derived(store) if line not in there]
    told: dict[str, Any] = {"new": new, "needed": [], "findings": []}
    if task.text:
        read = _read_by_others()
        needed = (line for line in sorted(there) if line.split(" ", 2)[1] in read)
        told["needed"] = [n for n in needed if _TYPE not in n or n.split(" ", 3)[2] in read]
        # of who they are other parts may tell as well
        own = {line.partition(" ")[0] for line in there if not line.startswith(_IDENTITIES)}
        found = _shapes([*there, *new], task.context, own)
        told["findings"] = [f.as_dict() for f in found]
    cache.keep("beside", task.key, told)


def _store(*texts: str) -> Embedded:
    from alliance_graph.store.embedded import Embedded

    store = Embedded()
    for text in texts:
        store.load_lines(text)
    return store


def _derived(store: Embedded) -> Iterator[str]:
    """What rules said, as lines, but for the names of the rules."""
    from pyoxigraph import NamedNode, RdfFormat, serialize

    graph = NamedNode(DERIVED)
    quads = store.engine.quads_for_pattern(None, None, None, graph)
    rules = f"<{BASE}ontology/rules/"
    for line in (serialize(quads, format=RdfFormat.N_QUADS) or b"").decode().splitlines():
        if not line.startswith(rules):
            yield line


@once
def _read_by_others() -> frozenset[str]:
    """The predicates and classes that rules over more than one record read."""
    from alliance_graph import derive

    found = {_TYPE}
    for rule in derive.rules():
        if rule.scope != "record":
            for prefix, name in re.findall(r"(?<![\w<])([a-z]+):(\w+)", rule.text):
                if prefix in PREFIXES:
                    found.add(f"<{PREFIXES[prefix]}{name}>")
    return frozenset(found)


def _types(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if _TYPE in line:
            yield line.split(" ", 3)[2]


def _sorted(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in sorted(lines)).encode()


@once
def _ontology() -> tuple[Any, ...]:
    from pyoxigraph import RdfFormat, parse

    files = (paths.ontology() / f"{name}.ttl" for name in ("alliance", "vocabularies"))
    return tuple(q for path in files for q in parse(path=str(path), format=RdfFormat.TURTLE))


def _shapes(lines: Iterable[str], context: str, own: set[str]) -> list[Finding]:
    """What in the lines breaks a shape; the context is there to be looked at only."""
    from itertools import chain

    from pyoxigraph import RdfFormat, parse

    from alliance_graph import shapes

    text = "\n".join(chain(lines, (context,)))
    quads = parse(text.encode(), format=RdfFormat.N_QUADS, lenient=True)
    mine = {s[1:-1].removeprefix(ID).partition("/")[2] for s in own}
    found = shapes.validate(chain(quads, _ontology()))
    return [f for f in found if f.about and f.about[0] in mine]


# --- many tasks -----------------------------------------------------------------------------------


def _call(name: str, task: bytes) -> Any:
    """A step by name: what travels is one text, which Dask need not look into."""
    steps: dict[str, Callable[[Task], Any]]
    steps = {"scan": scan, "part": part, "compare": compare, "finish": finish, "beside": beside}
    collecting = gc.isenabled()
    gc.disable()  # much is made and kept until the end: collecting would cost a fifth
    try:
        return steps[name](pickle.loads(task))  # noqa: S301 - what `each` has pickled
    finally:
        if collecting:
            gc.enable()


def _help(name: str, task: bytes) -> Any:
    """A step in a process of the local scheduler, which waits for more until somebody ends it."""
    _end_with_parent()
    return _call(name, task)


@once
def _end_with_parent() -> None:
    """End this process when the one that started it has been killed."""
    import multiprocessing
    import threading

    parent = multiprocessing.parent_process()

    def watch() -> None:
        assert parent is not None  # else nobody watches
        parent.join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True).start()


def each(
    name: str, tasks: list[Task], scheduler: str | None, unit: str = "shards"
) -> Iterator[tuple[int, Any]]:
    """The outcomes of a step, with the number of the task, in the order in which they come.

    ``scheduler`` is None (here, one after the other), ``"local"`` (processes of Dask's local
    scheduler) or the address of a Dask scheduler.
    """
    told = Progress(name, sum(len(t.files) or 1 for t in tasks), unit)
    try:
        blobs = [pickle.dumps(t) for t in tasks]
        for i, outcome in _spread(name, blobs, scheduler):
            told.step(len(tasks[i].files) or 1)
            yield i, outcome
    finally:
        told.close()


def _spread(name: str, blobs: list[bytes], scheduler: str | None) -> Iterator[tuple[int, Any]]:
    if scheduler is None or not blobs:
        for i, blob in enumerate(blobs):
            yield i, _call(name, blob)
        return
    try:
        if scheduler == "local":
            from dask.multiprocessing import get
        else:
            import distributed
    except ImportError:
        raise AllianceError("scheduler needs Dask: pip install '.[scale]' in a checkout") from None
    if scheduler == "local":
        # a batch at a time: the local scheduler tells of nothing before it has ended
        size = 4 * (os.cpu_count() or 1)
        for start in range(0, len(blobs), size):
            graph = {f"{name}-{i}": (_help, name, b) for i, b in enumerate(blobs[start:][:size])}
            yield from enumerate(get(graph, list(graph)), start)
        return
    try:
        client: Any = distributed.Client(scheduler)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as bad:
        raise AllianceError(f"{scheduler}: no Dask scheduler answers there: {bad}") from None
    with client:
        futures = {client.submit(_call, name, b, pure=False): i for i, b in enumerate(blobs)}
        for future in distributed.as_completed(futures):  # type: ignore[no-untyped-call]
            yield futures[future], future.result()


# --- the whole ------------------------------------------------------------------------------------


def compile_large(
    root: Path, cache: Cache, scheduler: str | None = None, records: Iterable[str] = ()
) -> Shards:
    """Compile a folder of facts into files of N-Quads in ``cache``.

    ``records`` are the parts of imported official records to be set beside them.
    Raises BrokenFacts where findings fail, as a small build does; AllianceError where a scheduler
    cannot be reached.
    """
    files = _files(root)
    scans = _scans(cache, files, scheduler)
    findings = [f for s in scans for f in s.findings]
    kinds, shared = _index(scans, findings)
    known = seeds.load(root, seeds.IDENTITIES, kinds)
    findings += known.findings
    for thing in known.facts.identities():
        if thing.id in kinds:
            findings.append(_twice(thing.id, thing.iri_kind, kinds[thing.id]))
        kinds[thing.id] = thing.iri_kind
    findings += _unresolved(scans, kinds)
    _stop_at(findings)
    shards = list(_shards(scans))
    compiler = _Whole(root, cache, scheduler, known.facts, kinds, shared)
    findings += matching.check(known.facts, root)
    made = compiler.run(shards, list(records))
    findings = _placed([*findings, *made.findings], root)
    _stop_at(findings)
    return replace(made, findings=tuple(in_order(findings)))


def _stop_at(findings: list[Finding]) -> None:
    failing = [f for f in findings if f.fails]
    if failing:
        raise BrokenFacts(in_order(findings if len(findings) <= MOST_FINDINGS else failing))


def _placed(findings: list[Finding], root: Path) -> list[Finding]:
    """Findings with the line of each; where that takes too many files, only of those that fail."""
    folders = {p.stem: p for folder in seeds.FOLDERS for p in (root / folder).glob("*.yaml")}

    def files(f: Finding) -> set[Path]:
        marks = (m for m in (f.where, *f.related) if m and not m.line)
        return {folders[json.loads(m.file)[0]] for m in marks}

    read: set[Path] = set()
    for i, f in enumerate(sorted(findings, key=lambda f: not f.fails)):
        more = read | files(f)
        if len(more) <= MOST_PLACES or (f.fails and i < MOST_FINDINGS):
            read = more
    loaded = seeds.located(model.Facts(), sorted(read))

    def place(mark: Mark | None) -> Mark | None:
        if mark is None or mark.line:
            return mark
        path = json.loads(mark.file)
        file = folders[path[0]]
        return loaded.where(*path) if file in read else Mark(str(file))

    return [
        replace(f, where=place(f.where), related=tuple(m for m in map(place, f.related) if m))
        for f in findings
    ]


def _files(root: Path) -> list[tuple[str, str, str]]:
    found = []
    for path in seeds.articles(root):
        raw = b""
        with contextlib.suppress(OSError):  # `scan` says so
            raw = seeds.content(path)
        found.append((path.stem, str(path), hashlib.sha256(raw).hexdigest()))
    return found


def _cut(names: Iterable[str]) -> Iterator[list[int]]:
    """Runs of places in a list of names; a name added or gone changes its own run only."""
    run: list[int] = []
    for i, name in enumerate(names):
        run.append(i)
        if zlib.crc32(name.encode()) % FILES == 0 or len(run) >= 4 * FILES:
            yield run
            run = []
    if run:
        yield run


def _shards(scans: list[Scan]) -> Iterator[list[Scan]]:
    for run in _cut(s.id for s in scans):
        yield [scans[i] for i in run]


def _scans(cache: Cache, files: list[tuple[str, str, str]], scheduler: str | None) -> list[Scan]:
    runs = [[files[i] for i in run] for run in _cut(f[0] for f in files)]
    tasks: list[Task] = []
    there: list[Task] = []
    for run in runs:
        keys = [_digest(code(), Path(path).name, digest) for _, path, digest in run]
        whole = all(cache.path("scan", k).is_file() for k in keys)
        whole &= all(cache.path("scan", k, ".data").is_file() for k in keys)
        (there if whole else tasks).append(Task(str(cache.root), "", tuple(run)))
    told: dict[str, dict[str, Any]] = {}
    for task in there:
        told.update(zip((f[0] for f in task.files), scan(task), strict=True))
    for i, outcome in each("scan", tasks, scheduler, "files"):
        told.update(zip((f[0] for f in tasks[i].files), outcome, strict=True))
    word = sys.intern
    return [
        Scan(
            name,
            path,
            digest,
            {word(k): word(v) for k, v in told[name]["kinds"].items()},
            tuple(word(r) for r in told[name]["records"]),
            tuple((word(n), word(k)) for n, k in told[name]["refs"]),
            {word(n): tuple(map(word, to)) for n, to in told[name]["links"].items()},
            tuple(told[name]["findings"]),
        )
        for name, path, digest in files
    ]


def _twice(name: str, kind: str, other: str) -> Finding:
    what = f"the id {name} of this {kind} is already that of a thing of the kind {other}"
    mend = "give it another id; ids are unique over all kinds"
    return Finding("error", "duplicate-id", what, mend, about=(name,))


def _index(scans: list[Scan], findings: list[Finding]) -> tuple[dict[str, str], set[str]]:
    """The kind of every id, and the records of which several files tell."""
    kinds: dict[str, str] = {}
    told = Counter(r for s in scans for r in s.records)
    for s in scans:
        for name, kind in s.kinds.items():
            if kinds.setdefault(name, kind) != kind:
                found = _twice(name, kind, kinds[name])
                findings.append(replace(found, where=Mark(s.path)))
    return kinds, {name for name, count in told.items() if count > 1}


def _unresolved(scans: list[Scan], kinds: dict[str, str]) -> Iterator[Finding]:
    for s in scans:
        wrong = {n for n, allowed in s.refs if kinds.get(n) not in allowed.split("|")}
        if wrong:
            yield from seeds.unresolved(Path(s.path), wrong, kinds)


class _Whole:
    """The second half of a run, when every id is known."""

    def __init__(
        self,
        root: Path,
        cache: Cache,
        scheduler: str | None,
        known: model.Facts,
        kinds: dict[str, str],
        shared: set[str],
    ) -> None:
        self.root, self.cache, self.scheduler = root, cache, scheduler
        self.known, self.kinds, self.shared = known, kinds, shared
        self.identities = {thing.id: thing for thing in known.identities()}
        self.digests = {
            name: _digest(thing.model_dump_json()) for name, thing in self.identities.items()
        }
        self.beside = {
            name: [r for _, r, _ in seeds.references(thing)]
            for name, thing in self.identities.items()
        }

    def run(self, shards: list[list[Scan]], records: list[str]) -> Shards:
        self.groups = across.components(([s.links for s in shard] for shard in shards), self.kinds)
        parts = [self.part(shard) for shard in shards]
        told, _ = self.outcomes("part", parts)
        compared = self.compared(shards, told)
        heard = [rdf.Heard.of(h) for t in told for h in t["heard"]]
        hub = rdf.whole(self.known, self.kinds, sorted(heard, key=lambda h: h.article))
        del heard
        contexts = _Contexts(hub, [t["types"] for t in told])
        tasks = [self.finish(p, contexts.of(t["names"])) for p, t in zip(parts, told, strict=True)]
        ends, done = self.outcomes("finish", tasks)
        files = {f"{i:04}.nq": self.cache.path("finish", t.key, ".nq") for i, t in enumerate(tasks)}
        found = [*compared, *(_finding(f) for t in ends for f in t["findings"])]
        lines, derived, more = self.others(hub, ends, contexts)
        types = Counter([*_types(lines), *_types(derived)])
        for end in ends:
            types.update(end["types"])
        quads = sum(e["quads"] for e in ends) + len(lines) + len(derived)
        made = {"hub.nq": lines, "derived.nq": derived}
        if records:
            named = (t["names"] for t in told)
            shards_done = list(zip(tasks, named, ends, strict=True))
            added, wrong = self.with_records(records, made, shards_done, contexts)
            made |= added
            found += wrong
            quads += sum(map(len, added.values()))
        for name, said in made.items():
            data = _sorted(set(said))
            files[name] = self.cache.path("link", hashlib.sha256(data).hexdigest(), ".nq")
            self.cache.write(files[name], data)
        found += more
        return Shards(files, _summary(types, found, quads), tuple(found), done)

    def outcomes(self, step: str, tasks: list[Task]) -> tuple[list[dict[str, Any]], int]:
        """What a step tells of each task, and how many of them had to be done."""
        told = [self.kept(step, t) for t in tasks]
        missing = [i for i, t in enumerate(told) if t is None]
        for i, _ in each(step, [tasks[i] for i in missing], self.scheduler):
            told[missing[i]] = self.kept(step, tasks[missing[i]])
        lost = [tasks[i] for i, t in enumerate(told) if t is None]
        if lost:
            raise AllianceError(
                f"{self.cache.root}: what a worker keeps there does not arrive; a cluster needs "
                "one folder that all its machines see"
            )
        return [t for t in told if t is not None], len(missing)

    def kept(self, step: str, task: Task) -> dict[str, Any] | None:
        """What is there of a task, if it is whole."""
        told: dict[str, Any] | None = self.cache.read(step, task.key)
        if step in ("compare", "beside"):
            return told
        path = self.cache.path(step, task.key, ".nq")
        try:
            return told if told and path.stat().st_size == told["size"] else None
        except OSError:
            return None

    def part(self, shard: list[Scan]) -> Task:
        names = {n for s in shard for n, _ in s.refs}
        todo = [n for n in names if n in self.beside]
        while todo:
            for name in self.beside[todo.pop()]:
                if name not in names:
                    names.add(name)
                    if name in self.beside:
                        todo.append(name)
        kinds = {n: self.kinds[n] for n in sorted(names) if n in self.kinds}
        for s in shard:
            kinds |= s.kinds
        shared = frozenset(self.shared.intersection(*[[r for s in shard for r in s.records]]))
        told = {name for s in shard for name in s.links}
        elsewhere = {n for n in told if n in self.groups or self.kinds.get(n) == "channel"}
        things = [self.identities[n] for n in sorted(names) if n in self.identities]
        known: dict[str, Any] = {
            folder: tuple(t for t in things if isinstance(t, kind))
            for folder, kind in seeds.FOLDERS.items()
            if folder != "articles"
        }
        key = _digest(
            code(),
            *(f"{s.id} {s.digest}" for s in shard),
            *(f"{n} {k} {self.digests.get(n, '')}" for n, k in kinds.items()),
            *sorted(shared),
            *(f"{n} elsewhere" for n in sorted(elsewhere)),
        )
        return Task(
            str(self.cache.root),
            key,
            tuple((s.id, s.path, s.digest) for s in shard),
            model.Facts.model_construct(**known),
            kinds,
            shared,
            frozenset(elsewhere),
        )

    def compared(self, shards: list[list[Scan]], told: list[dict[str, Any]]) -> list[Finding]:
        """All that the rules between records find, with the decisions on it."""
        rows: dict[str, list[across.Row]] = defaultdict(list)
        heads: dict[str, str] = {}
        decisions: dict[str, list[Any]] = {}
        for t in told:
            for use, some in t.pop("rows").items():
                rows[use] += (across.Row._make([*r[:5], tuple(r[5])]) for r in some)
            heads |= t.pop("heads")
            decisions |= t.pop("decisions")
        channels = [r for r in rows["things"] if r.section == "channels"]
        found = [_finding(f) for t in told for f in t["findings"]]
        batches = across.batches(rows, self.groups, self.kinds)
        # some at a time: an event is in the batch of each office that it names
        while some := [self.compare(b, heads) for b in islice(batches, 8)]:
            ends, _ = self.outcomes("compare", some)
            found += (_finding(f) for t in ends for f in t["findings"])
        shared = rows.pop("shared", [])
        rows.clear()
        whole = across.Batch("whole", frozenset(), tuple(channels))
        used = {n for shard in shards for s in shard for n, _ in s.refs}
        used.update(name for names in self.beside.values() for name in names)
        found += across.look(whole, heads, self.known, used)
        found += across.told_twice(shared, self.kinds)
        return across.settled(found, heads, decisions)

    def compare(self, batch: across.Batch, heads: dict[str, str]) -> Task:
        mine = {row.article: heads[row.article] for row in batch.rows}
        needed = {"things": ("places",), "channels": (), "offices": ("offices",)}
        folders = needed.get(batch.scope, ("people", "offices", "institutions", "countries"))
        known = {f: getattr(self.known, f) for f in folders}
        if batch.scope == "offices":
            known["offices"] = tuple(o for o in known["offices"] if o.id in batch.about)
        names = (n for some in known.values() for n in (thing.id for thing in some))
        key = _digest(
            code(),
            repr((batch.scope, sorted(batch.about), batch.rows, mine)),
            *(self.digests[n] for n in names),
        )
        facts = model.Facts.model_construct(**known)
        return Task(str(self.cache.root), key, known=facts, batch=batch, heads=mine)

    def finish(self, part: Task, context: str) -> Task:
        return Task(part.cache, _digest(part.key, context), part=part.key, context=context)

    def others(
        self, hub: str, ends: list[dict[str, Any]], contexts: _Contexts
    ) -> tuple[list[str], list[str], list[Finding]]:
        """The hub's lines, what the rules over more than one record derive, and what is wrong."""
        from alliance_graph import derive

        loose = {line for e in ends for line in e["loose"]}
        needed = {line for e in ends for line in e["needed"]}
        key = _digest(code(), hub, *sorted(loose), *sorted(needed))
        lines = hub.splitlines()
        kept = self.cache.read("link", key)
        if kept is not None:
            return lines, kept["derived"], [_finding(f) for f in kept["findings"]]
        store = _store(hub, "\n".join((*loose, *needed)))
        derive.derive(store)
        said = {line.rpartition(" <")[0] for line in lines if line.endswith(_IN_TRUTHY)}
        there = {line for line in needed if line.endswith(_IN_DERIVED)}
        derived = [
            line
            for line in _derived(store)
            if line not in there and line.rpartition(" <")[0] not in said
        ]
        derived += _rule_names()
        own = {line.partition(" ")[0] for line in (*lines, *derived)}
        strangers = {s for s in own if s in contexts.types}
        context = contexts.around("\n".join((*lines, *derived)))
        found = _shapes([*lines, *derived], context, own - strangers)
        kept = {"derived": derived, "findings": [f.as_dict() for f in found]}
        self.cache.keep("link", key, kept)
        return lines, derived, found

    def with_records(
        self,
        records: list[str],
        made: dict[str, list[str]],
        shards: list[tuple[Task, list[str], dict[str, Any]]],
        contexts: _Contexts,
    ) -> tuple[dict[str, list[str]], list[Finding]]:
        """Shards of the records and of what follows from them beside the articles, by name.

        And what is wrong in them.
        """
        from alliance_graph import derive

        parts = [text.splitlines() for text in records]
        hub = [line for lines in made.values() for line in lines]
        # who they are and which offices they held is told to all
        known = [
            line for lines in parts for line in lines if line.startswith((*_IDENTITIES, _TENURE))
        ]
        around = _Contexts("\n".join((*hub, *known)), [])
        around.types = contexts.types.copy()
        for line in (line for lines in parts for line in lines):
            if _TYPE in line and _NAMED.match(line):
                around.types.setdefault(line.partition(" ")[0], []).append(line)
        tasks = []
        for text in records:
            context = around.of(set(_NAMED.findall(text)))
            key = _digest(code(), text, context)
            tasks.append(Task(str(self.cache.root), key, text=text, context=context))
        for task, names, _ in shards:
            context = around.of(names)
            if context != contexts.of(names):
                key = _digest(code(), task.key, context)
                tasks.append(Task(task.cache, key, part=task.key, context=context))
        ends, _ = self.outcomes("beside", tasks)
        said = {line.rpartition(" <")[0] for line in hub if line.endswith(_IN_TRUTHY)}
        new = {n for e in ends for n in e["new"] if n.rpartition(" <")[0] not in said}
        needed = {line for _, _, e in shards for line in (*e["needed"], *e["loose"])}
        needed.update(line for e in ends for line in e["needed"])
        store = _store("\n".join((*hub, *known, *sorted(needed), *sorted(new))))
        derive.derive(store)
        there = needed.union(hub)
        derived = [
            line
            for line in _derived(store)
            if line not in there and line.rpartition(" <")[0] not in said
        ]
        files = {f"records-{i:04}.nq": lines for i, lines in enumerate(parts)}
        own = {
            line.partition(" ")[0] for line in (*derived, *known) if not line.startswith(_TENURE)
        }
        found = [_finding(f) for e in ends for f in e["findings"]]
        text = "\n".join(derived)
        context = "\n".join((*hub, *known, around.around(text)))
        found += _shapes(derived, context, own - around.types.keys())
        return {**files, "beside.nq": derived}, found


def _rule_names() -> list[str]:
    from alliance_graph import derive

    label = PREFIXES["rdfs"] + "label"
    return [
        f"<{r.iri}> <{label}> {json.dumps(r.summary, ensure_ascii=False)}@en <{DERIVED}> ."
        for r in derive.rules()
    ]


class _Contexts:
    """What a shard needs to know of things that others tell of."""

    def __init__(self, hub: str, types: list[list[str]]) -> None:
        self.types: dict[str, list[str]] = defaultdict(list)
        """Class of each record that one shard tells of."""
        for line in (line for shard in types for line in shard):
            self.types[line.partition(" ")[0]].append(line)
        self.of_hub: dict[str, list[str]] = defaultdict(list)
        self.ties: dict[str, list[str]] = defaultdict(list)
        """Tenures of each person."""
        member, truthy = _TIE[1], _IN_TRUTHY
        for line in hub.splitlines():
            subject, predicate, value = line.split(" ", 3)[:3]
            if not line.endswith(truthy) or predicate in _TIE:
                self.of_hub[subject].append(line)
            if predicate == member:
                self.ties[value].append(subject)

    def of(self, names: Iterable[str]) -> str:
        """The lines for what a shard names."""
        wanted = set(names)
        wanted |= {tie for name in names for tie in self.ties.get(name, ())}
        lines: list[str] = []
        for name in sorted(wanted):
            lines += self.of_hub.get(name, ())
            lines += self.types.get(name, ())
        return "".join(f"{line}\n" for line in lines)

    def around(self, text: str) -> str:
        """The classes of what a text names, and a claim for each thing in it."""
        lines = [line for n in sorted(set(_NAMED.findall(text))) for line in self.types.get(n, ())]
        # what is set aside is set aside with its claims, which stay in the shards
        for name in {line.partition(" ")[0] for line in text.splitlines()}:
            about = "object" if f"{ID}participation/" in name else "subject"
            lines.append(f"<{ID}claim/kept> <{RDF}{about}> {name} <{TRUTHY}> .")
        return "".join(f"{line}\n" for line in lines)


def _finding(told: dict[str, Any]) -> Finding:
    def mark(place: dict[str, Any] | None) -> Mark | None:
        return Mark(**place) if place else None

    related = tuple(m for m in map(mark, told["related"]) if m)
    where = mark(told["where"])
    return Finding(**{**told, "where": where, "about": tuple(told["about"]), "related": related})


_COUNTED = {
    "articles": ALLY.Article,
    "persons": PREFIXES["foaf"] + "Person",
    "offices": PREFIXES["org"] + "Post",
    "institutions": PREFIXES["org"] + "Organization",
    "channels": ALLY.Channel,
    "encounters": ALLY.Encounter,
    "planned encounters": ALLY.PlannedEncounter,
    "visits": ALLY.Visit,
    "documents": ALLY.OfficialDocument,
    "statements": ALLY.Statement,
    "stances": ALLY.Stance,
    "counterparts": ALLY.CounterpartRelation,
    "claims": ALLY.Claim,
}


def _summary(types: Counter[str], findings: list[Finding], quads: int) -> dict[str, int]:
    return {
        **{name: types[f"<{cls}>"] for name, cls in _COUNTED.items()},
        "findings": sum(f.severity != "info" for f in findings),
        "triples": quads,
    }
