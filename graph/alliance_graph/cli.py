"""The command ``alliance``. Each command imports what it needs when it runs."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from alliance_graph import __version__, paths
from alliance_graph.errors import AllianceError, BrokenFacts, Finding

if TYPE_CHECKING:
    from alliance_graph.build import Built
    from alliance_graph.coverage import BlockCoverage
    from alliance_graph.questions import Question
    from alliance_graph.seeds import Loaded
    from alliance_graph.store.embedded import Embedded
    from alliance_graph.store.remote import Remote

OUT = Path("build")
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO})
"""What a write to a stream fails with, which has no name to be told by."""


class _Commands(click.Group):
    """Commands in the order in which one needs them; exit codes 0, 1 findings, 2 could not."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        _open_streams()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _stop("interrupted", 2)
        except BrokenFacts as broken:
            _print_findings(broken.findings)
            failing = sum(f.fails for f in broken.findings)
            _stop(f"{failing} of {len(broken.findings)} findings stand in the way", 1)
        except AllianceError as bad:
            _stop(str(bad), 2)
        except BrokenPipeError:
            # the reader has gone (`| head`): nothing is wrong
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as bad:
            where = bad.filename or ("what is printed" if bad.errno in _FULL else "")
            _stop(f"{where}: {bad.strerror or bad}".removeprefix(": "), 2)


def _open_streams() -> None:
    """Python has None for a standard stream that the caller closed (``<&-``)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - stays open
            setattr(sys, name, stream)


def _stop(message: str, code: int) -> NoReturn:
    click.echo(f"alliance: {message}", err=True)
    sys.exit(code)


def _print_findings(findings: list[Finding] | tuple[Finding, ...]) -> None:
    for finding in findings:
        click.echo(str(finding), err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="alliance-graph")
def main() -> None:
    """Facts about alliance diplomacy: compile, check, query, draw; each with its source.

    \b
    alliance build                     facts -> build/
    alliance query counterparts --param person=antony-blinken
    alliance show blinken
    """


def _example(*lines: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Ends a command's help with an example (each is run by a test)."""

    def mark(function: Callable[..., None]) -> Callable[..., None]:
        shown = "\n".join(f"  {line}" for line in lines)
        about = inspect.cleandoc(function.__doc__ or "")
        function.__doc__ = f"{about}\n\n\b\nExample:\n{shown}"
        return function

    return mark


_folder = click.Path(file_okay=False, path_type=Path)
_there = click.Path(exists=True, file_okay=False, path_type=Path)
_facts = click.option(
    "--facts",
    type=_folder,
    default=None,
    help="Folder of facts (default: ./seeds, else the shipped ones).",
)
_graph = click.option(
    "--graph",
    "where",
    type=click.Path(path_type=Path),
    default=None,
    help="A build's folder, a .trig file or a folder of facts (default: ./build, else ./seeds).",
)
_endpoint = click.option(
    "--endpoint",
    metavar="URL",
    help="A SPARQL 1.1 endpoint instead; who one is, it learns from the environment or netrc.",
)
_format = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)


def _facts_folder(given: Path | None) -> Path:
    if given is not None:
        from alliance_graph import build

        return build.holding_facts(given)
    here = Path("seeds")
    return here if (here / "articles").is_dir() else paths.seeds()


def _open(where: Path | None) -> Embedded:
    from alliance_graph.store.embedded import Embedded

    if where is None and any((OUT / n).exists() for n in ("alliance.trig", "store/CURRENT")):
        where = OUT
    if where is not None and where.is_dir() and (where / "alliance.trig").is_file():
        where = where / "alliance.trig"
    if where is not None and where.is_file():
        return Embedded.read(where)
    from alliance_graph import graph

    folder = where or _facts_folder(None)
    if (folder / "store" / "CURRENT").is_file():
        return Embedded.on_disk(folder / "store")
    # those that we ship come compiled, or are kept
    if (folder / "articles").is_dir() and folder.resolve() != paths.seeds():
        click.echo(
            "no build here: compiling the facts first (`alliance build` keeps them)", err=True
        )
    store = graph.open(folder).store
    assert isinstance(store, Embedded)  # no address gets here
    return store


def _remote(
    endpoint: str,
    seconds: float = 60.0,
    update: str | None = None,
    graph_store: str | None = None,
) -> Remote:
    from alliance_graph.store.remote import Remote

    return Remote(endpoint, update, graph_store=graph_store, seconds=seconds)


def _params(ctx: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    out: dict[str, str] = {}
    for value in values:
        name, equals, rest = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{value!r}: write it as name=value")
        name = name.replace("-", "_")
        if name in out:
            raise click.BadParameter(f"{name} is given twice: {out[name]!r} and {rest!r}")
        out[name] = rest
    return out


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


@main.command()
@_facts
@click.option("--out", type=_folder, default=None, help="Where to (default: ./build).")
@click.option(
    "--texts",
    type=_there,
    help="Folder of the articles' texts: shows passages, for private use; needs --out.",
)
@click.option(
    "--records",
    type=_there,
    help="An imported folder of official records: the press is set beside them.",
)
@click.option("--all-records", is_flag=True, help="In shards, those that touch no fact as well.")
@click.option("--shards", is_flag=True, help="Only N-Quads in shards, for a bulk loader.")
@click.option("--gzip", is_flag=True, help="Compress the shards.")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Make shards on a Dask cluster (tcp://…), on all cores (local) or here (none).",
)
@_format
@_example("alliance build --out build")
def build(
    facts: Path | None,
    out: Path | None,
    texts: Path | None,
    records: Path | None,
    all_records: bool,
    shards: bool,
    gzip: bool,
    scheduler: str | None,
    form: str,
) -> None:
    """Compile the facts into a folder.

    A large set (more than 0.5 MB of articles) becomes N-Quads in shards/ and a store on disk, which
    the other commands ask; its unchanged files are not compiled again.
    """
    if texts is not None and out is None:
        raise click.UsageError("a build with texts is private: name its folder with --out")
    from alliance_graph import build as job
    from alliance_graph import memory

    gc.disable()  # a short life with much to keep: collecting costs a fifth and frees nothing
    atexit.register(gc.freeze)  # nor has the end of it to look through all that was kept
    memory.hold(2**30, ahead=2**26)  # which takes a twentieth off
    folder = _facts_folder(facts)
    if shards or gzip or scheduler or all_records or job.is_large(folder):
        if texts is not None:
            raise click.UsageError("passages are shown on the page, which so large a set has not")
        if all_records and records is None:
            raise click.UsageError("--all-records: name the imported folder with --records")
        from alliance_graph import large

        gc.enable()
        where = large.scheduler(scheduler)
        kinds = {"store": not shards, "compressed": gzip, "everything": all_records}
        _show_large(large.build_large(folder, out or OUT, where, records=records, **kinds), form)
        return
    built = job.build(folder, out or OUT, texts, records)
    store = built.store or _open(built.out)
    if built.fresh and records is None and folder.resolve() == paths.seeds():
        from alliance_graph import cache

        cache.keep(store, built.out / "alliance.trig")
    if form == "json":
        record = {"out": str(built.out), "fresh": built.fresh, "summary": built.summary}
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
        return
    if texts is not None:
        click.echo("PRIVATE: this build holds passages of the articles; do not publish it")
    click.echo(f"{built.out}/ {'built' if built.fresh else 'is up to date'}")
    width = max(len(name) for name in built.summary)
    for name, number in built.summary.items():
        click.echo(f"  {name:<{width}}  {number:>6,}")
    _one_answer(store)
    click.echo(f"open {built.out / 'network.html'}")


def _show_large(built: Built, form: str) -> None:
    if form == "json":
        record = {"out": str(built.out), "fresh": built.fresh, "summary": built.summary}
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
        return
    click.echo(f"{built.out}/ {'built' if built.fresh else 'is up to date'}")
    width = max(len(name) for name in built.summary)
    for name, number in built.summary.items():
        click.echo(f"  {name:<{width}}  {number:>11,}")
    click.echo(f"{built.out / 'shards'}/ holds it as N-Quads, {len(built.files):,} files")
    if (built.out / "store").is_dir():
        click.echo(
            f"{built.out / 'store'}/ is asked on disk (`alliance query`, `show`, `serve`); a page, "
            "tables and a report are made of sets that a person can read"
        )


def _one_answer(store: Embedded) -> None:
    """One real question with its answer, so that a newcomer sees what the graph is for."""
    from alliance_graph import questions, tables

    question = questions.find("planned-not-held")
    table = questions.ask(store, question.name)
    click.echo(f"\n{question.summary}  (alliance query {question.name})")
    click.echo(table.text(width=tables.terminal(sys.stdout)[0]))


@main.command()
@_facts
@click.option("--fix", is_flag=True, help="Rewrite the files in canonical form.")
@click.option("--watch", is_flag=True, help="Check again whenever a file changes, until Ctrl-C.")
@click.option("--all", "everything", is_flag=True, help="Show decided findings and remarks, too.")
@_format
@_example("alliance check --facts seeds")
def check(facts: Path | None, fix: bool, watch: bool, everything: bool, form: str) -> None:
    """Say all that is wrong or in tension.

    Each finding has its place, what, and how to mend it; exit code 1 while one is undecided.
    """
    folder = _facts_folder(facts)
    if fix:
        from alliance_graph import seeds

        for path in seeds.fix(folder):
            click.echo(f"{path}: rewritten", err=True)
    code = _check_once(folder, everything, form)
    if watch:
        _watch(folder, lambda: _check_once(folder, everything, form))
    sys.exit(code)


def _check_once(folder: Path, everything: bool, form: str) -> int:
    from alliance_graph import build as job
    from alliance_graph import large, seeds

    try:
        if job.is_large(folder):
            findings = large.check(folder)
        else:
            findings = list(job.compile_facts(folder).findings)
    except BrokenFacts as broken:
        findings = broken.findings
    loose = [] if job.is_large(folder) else seeds.uncanonical(folder)
    findings = [*findings, *loose]
    failing = sum(f.fails for f in findings)
    shown = findings if everything else [f for f in findings if f.fails]
    if form == "json":
        click.echo(json.dumps([f.as_dict() for f in findings], ensure_ascii=False, indent=1))
    else:
        for finding in shown:
            click.echo(str(finding))
        decided = sum(f.decision is not None for f in findings)
        remarks = sum(f.severity == "info" for f in findings)
        click.echo(f"{failing} to mend or decide, {decided} decided, {remarks} remarks", err=True)
        if loose:
            files = f"{len(loose)} file{'s are' if len(loose) > 1 else ' is'}"
            click.echo(f"{files} not in canonical form: `alliance check --fix` writes it", err=True)
    return 1 if failing else 0


def _watch(folder: Path, again: Callable[[], int]) -> None:
    import time

    def state() -> dict[Path, int]:
        times = {}
        for path in folder.rglob("*.yaml"):
            with contextlib.suppress(FileNotFoundError):  # an editor is just replacing it
                times[path] = path.stat().st_mtime_ns
        return times

    seen = state()
    try:
        while True:
            time.sleep(0.5)
            now = state()
            if now != seen:
                seen = now
                click.echo("—", err=True)
                again()
    except KeyboardInterrupt:
        return


@main.command()
@_facts
@click.option("--texts", type=_there, help="Folder of the texts: verifies each locator, too.")
@_format
@_example("alliance coverage")
def coverage(facts: Path | None, texts: Path | None, form: str) -> None:
    """Which paragraphs have claims.

    And why the others have none; with --texts every locator is verified, too.
    """
    from alliance_graph import coverage as job
    from alliance_graph import seeds

    loaded = seeds.load(_facts_folder(facts))
    rows = job.coverage(loaded.facts)
    if form == "json":
        click.echo(_json([r._asdict() for r in rows]))
    else:
        click.echo(_coverage_text(rows))
    findings = [f for f in loaded.findings if f.fails]  # what a broken file tells is not counted
    if texts is not None:
        from alliance_graph import evidence

        findings += evidence.verify_all(loaded.facts, texts, loaded.where)
    _print_findings(findings)
    sys.exit(1 if any(f.fails for f in findings) or any(r.open for r in rows) else 0)


def _coverage_text(rows: list[BlockCoverage]) -> str:
    lines = []
    article = ""
    for r in rows:
        if r.article != article:
            article = r.article
            lines.append(f"{article}")
        if r.open:
            told = "NO CLAIM AND NO REASON"
        elif r.reason:
            told = f"no claim: {r.reason}"
        else:
            told = f"{r.claims} claims, {r.covered} of {r.words} words"
        lines.append(f"  {r.block + ' ' + str(r.p):<12} {told}")
    covered, words = sum(r.covered for r in rows), sum(r.words for r in rows if not r.reason)
    uncited = sum(r.open for r in rows)
    lines.append(
        f"{len(rows)} blocks, {uncited} without claim or reason; {covered} of {words} words"
    )
    return "\n".join(lines)


@main.command()
@click.argument("name", required=False)
@click.option("--tag", help="Only questions with this tag.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "ttl", "html"]),
    default="text",
    show_default=True,
    help="ttl: as sh:SPARQLExecutable; html: a page of all, with what each answers.",
)
@_graph
@_example("alliance questions counterparts")
def questions(name: str | None, tag: str | None, form: str, where: Path | None) -> None:
    """List the questions, or describe one."""
    from alliance_graph import questions as job

    if form == "html":
        from alliance_graph import catalogue

        _write(catalogue.as_html(_open(where)).encode())
        return

    if form == "ttl":
        from alliance_graph import catalogue

        chosen = [job.find(name)] if name else job.catalogue()
        _write(catalogue.as_turtle(q for q in chosen if tag is None or tag in q.tags))
        return
    if name:
        question = job.find(name)
        click.echo(_json(asdict(question)) if form == "json" else _described(question))
        return
    found = [q for q in job.catalogue() if tag is None or tag in q.tags]
    if form == "json":
        click.echo(_json([asdict(q) for q in found]))
        return
    group = ""
    for q in sorted(found, key=lambda q: (q.group, q.name)):
        if q.group != group:
            group = q.group
            click.echo(f"\n{group}")
        click.echo(f"  {q.name:<28} {q.summary}")


def _described(question: Question) -> str:
    lines = [question.summary, "", question.description, ""]
    for p in question.params:
        needed = "required" if p.required else "optional"
        if p.default is not None:
            needed = f"default {p.default}"
        about = f": {p.about}" if p.about else ""
        lines.append(f"  --param {p.name}=…  ({p.type}, {needed}){about}")
    example = "".join(f" --param {name}={value}" for name, value in question.example.items())
    lines += ["", f"Example:\n  alliance query {question.name}{example}"]
    return "\n".join(lines)


_FORMATS = ["table", "csv", "tsv", "json", "xml", "ttl", "jsonld"]


@main.command()
@click.argument("question")
@click.option("--param", "-p", "params", multiple=True, callback=_params, metavar="NAME=VALUE")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", show_default=True)
@click.option("--trusted", is_flag=True, help="Run a query of your own without limits.")
@click.option("--seconds", type=float, default=30.0, show_default=True, help="Time limit.")
@click.option("--megabytes", type=int, default=2048, show_default=True, help="Memory limit.")
@_endpoint
@_graph
@_example("alliance query counterparts --param person=antony-blinken")
def query(
    question: str,
    params: dict[str, str],
    form: str,
    trusted: bool,
    seconds: float,
    megabytes: int,
    endpoint: str | None,
    where: Path | None,
) -> None:
    """Ask a question.

    QUESTION is the name of one of ours, a FILE with SPARQL, or - for standard input. With
    --endpoint it is asked there, within the limits that are set there.
    """
    from alliance_graph import hints, tables, worker
    from alliance_graph import questions as job

    own = question == "-" or "/" in question or question.endswith((".rq", ".sparql"))
    if not own:
        job.find(question)  # a typing mistake need not wait for the graph
    text = ""
    if question == "-":
        text = _decoded(sys.stdin.buffer.read(), "standard input")
    elif own:
        text = _decoded(Path(question).read_bytes(), question)
    store = _remote(endpoint, seconds) if endpoint else _open(where)

    width, colour = tables.terminal(sys.stdout)

    limited = own and not trusted and not endpoint

    # what looks at the text of a stranger does so in the worker as well
    def answer() -> bytes:
        ask = job.run if own else job.ask
        if own and (foreign := hints.undeclared(text)):
            raise AllianceError(foreign)
        if limited and "SERVICE" in worker.keywords(text):
            raise AllianceError("SERVICE is refused: a limited query asks nobody; give --trusted")
        found = ask(store, text if own else question, **params)
        written = found.write(form, width=width, colour=colour)
        doubts = hints.strangers(store, text) if own else []
        if own and not doubts and written.startswith(("0 ", "no: ")):
            doubts = hints.of_nothing(store, text)
        return json.dumps([written, doubts]).encode()

    written, doubts = json.loads(
        worker.limited(answer, seconds, megabytes) if limited else answer()
    )
    _write(written.encode())
    for doubt in doubts:
        click.echo(f"alliance: {doubt}", err=True)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as bad:
        raise AllianceError(f"{name}: not UTF-8 at byte {bad.start}; save it as UTF-8") from None


@main.command()
@click.argument("entity", nargs=-1, required=True)
@_format
@_graph
@_example("alliance show blinken")
def show(entity: tuple[str, ...], form: str, where: Path | None) -> None:
    """All that is known of a person, channel, meeting …

    Each line names its source. ENTITY is an id or a name, in English or Korean.
    """
    from alliance_graph import dossier, resolve

    store = _open(where)
    found = dossier.dossier(store, resolve.one(store, " ".join(entity)).iri)
    click.echo(_json(found.as_dict()) if form == "json" else found.text())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


@main.command()
@click.argument("what")
@click.option("--texts", type=_there, help="Folder of the texts: shows the passages.")
@_format
@_graph
@_example("alliance why choi-biegun-2020-09")
def why(what: str, texts: Path | None, form: str, where: Path | None) -> None:
    """On what a claim or thing rests.

    Rules, claims, article, paragraph, words.
    """
    from alliance_graph import why as job

    tree = job.why(_open(where), what, texts)
    click.echo(_json(tree.as_dict()) if form == "json" else tree.text())


@main.command()
@click.argument("date")
@click.option("--known-by", help="Leave out what was published after this day.")
@click.option("--all", "everything", is_flag=True, help="Also what is attested only far away.")
@_format
@_graph
@_example("alliance at 2021-03-18")
def at(date: str, known_by: str | None, everything: bool, form: str, where: Path | None) -> None:
    """What held on a DATE.

    Who is attested in which office, which channels are alive, what is planned.
    """
    from alliance_graph.graph import Graph

    snapshot = Graph(_open(where)).at(date, known_by)
    told = _json(snapshot.as_dict()) if form == "json" else snapshot.text(everything=everything)
    click.echo(told)


@main.command()
@click.argument("old", type=click.Path(exists=True, path_type=Path))
@click.argument("new", type=click.Path(exists=True, path_type=Path))
@_format
@_example("alliance diff build build")
def diff(old: Path, new: Path, form: str) -> None:
    """What changed between two builds."""
    from alliance_graph import diff as job

    changes = job.diff(job.read(old), job.read(new))
    click.echo(_json(job.as_dict(changes)) if form == "json" else job.as_text(changes))


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default="-", help="A file, or - .")
@click.option("--focus", help="Only what is around this thing.")
@click.option("--radius", type=click.IntRange(1, 5), default=1, show_default=True)
@_graph
@_example("alliance draw --focus blinken --out blinken.html")
def draw(out: Path, focus: str | None, radius: int, where: Path | None) -> None:
    """The network as one HTML file."""
    from alliance_graph import network, page, resolve, staging

    store = _open(where)
    made = network.network(store)
    if focus:
        made = made.around(resolve.one(store, focus).iri, radius)
    data = page.render(made, store).encode()
    if str(out) == "-":
        _write(data)
    else:
        staging.write(out, data)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=7878, show_default=True)
@click.option("--allow-host", "names", multiple=True, help="Another name that leads here.")
@click.option("--cors", "origins", multiple=True, metavar="ORIGIN", help="Scripts of it may read.")
@click.option("--seconds", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--megabytes", type=click.IntRange(64), default=1024, show_default=True)
@click.option("--rows", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), help="Two for each processor, 4 at least.")
@click.option(
    "--rate",
    type=click.FloatRange(0),
    metavar="N",
    help="Requests a second of one address: 50, but any number from this machine; 0 for all.",
)
@click.option("--check", "only_check", is_flag=True, help="Start, ask one question, stop.")
@_graph
@_example("alliance serve --check")
def serve(
    host: str,
    port: int,
    names: tuple[str, ...],
    origins: tuple[str, ...],
    seconds: float,
    megabytes: int,
    rows: int,
    workers: int | None,
    rate: float | None,
    only_check: bool,
    where: Path | None,
) -> None:
    """A read-only SPARQL endpoint with pages, for browsers and tools.

    Each query runs within limits of time, memory and rows, in a process of its own.
    """
    from alliance_graph import serve as job
    from alliance_graph.serve.pool import Limits

    limits = Limits(seconds, megabytes, rows, **({"workers": workers} if workers else {}))
    store = _open(where)
    if only_check:
        click.echo(f"workers answer; off the network by {_barriers(job.check(store, limits))}")
        return
    folder = where if where is not None else OUT

    def ready(address: str, barriers: tuple[str, ...]) -> None:
        click.echo(f"{address} serves the graph, SPARQL at {address}sparql; Ctrl-C stops it")
        click.echo(f"workers are off the network by {_barriers(barriers)}", err=True)

    whole = folder if (folder / "manifest.json").is_file() else None
    job.serve(
        store,
        limits,
        build=whole,
        host=host,
        port=port,
        names=names,
        origins=origins,
        rate=rate,
        ready=ready,
    )


def _barriers(barriers: tuple[str, ...]) -> str:
    if barriers:
        return " and ".join(barriers)
    return "NOTHING BUT THEIR OWN CARE: this system allows neither namespaces nor seccomp"


# the names in `records.SOURCES`, which is imported only to import; a test holds both equal
_SOURCES = ["historyatstate"]
RECORDS = Path("records")


@main.command(name="import")
@click.argument("source", type=click.Choice(_SOURCES))
@click.argument("folder", type=_folder)
@click.option("--out", type=_folder, help="Where to (default: ./records/SOURCE).")
@click.option("--all", "everything", is_flag=True, help="List each defect of the source.")
@_facts
@_format
@_example("alliance import historyatstate ../historyatstate")
def import_(
    source: str, folder: Path, out: Path | None, everything: bool, facts: Path | None, form: str
) -> None:
    """Import official records as facts of the same model.

    FOLDER holds the source's files as its keepers publish them (of historyatstate: travels/,
    visits/, pocom/). Who in them is whom in the facts is decided in records/SOURCE.yaml of the
    facts; what is not decided yet is proposed. `alliance compare` sets the press beside them.
    """
    from collections import Counter

    from alliance_graph import seeds
    from alliance_graph.records import job, matching

    if not folder.is_dir():
        raise AllianceError(f"{folder}: no such folder; name the one with the source's files")
    root = _facts_folder(facts)
    loaded = seeds.load(root)
    decisions, findings = matching.load(loaded.facts, root, source)
    if loaded.broken or any(f.fails for f in findings):
        raise BrokenFacts([*loaded.findings, *findings])
    if decisions is None:
        raise AllianceError(
            f"{root / 'records' / source}.yaml: says whose records these are; add it"
        )
    gc.disable()  # a short life with much to keep: collecting costs a fifth and frees nothing
    done = job.run(source, folder, out or RECORDS / source, loaded.facts, decisions, _bar)
    if form == "json":
        record = {
            "out": str(done.out),
            "counts": done.counts,
            "quads": done.facts,
            "findings": [f.as_dict() for f in done.findings],
            "proposals": [p._asdict() for p in done.proposals],
        }
        click.echo(_json(record))
        return
    click.echo(f"{done.out}/ written")
    counted = {**done.counts, **{f"quads in {name}": n for name, n in done.facts.items()}}
    width = max(map(len, counted))
    for name, number in counted.items():
        click.echo(f"  {name:<{width}}  {number:>9,}")
    defects = Counter(f.code for f in done.findings)
    if defects:
        click.echo(f"{len(done.findings)} defects of the source, kept as they stand:")
        for code, number in sorted(defects.items()):
            first = next(f for f in done.findings if f.code == code)
            click.echo(f"  {number:>4}  {code:<18} {first.where}: {first.what}")
    if everything:
        _print_findings(done.findings)
    for proposal in done.proposals:
        click.echo(f"to decide: {proposal}")


def _bar(items: list[Any]) -> Iterator[Any]:
    """The items, with a bar on a terminal."""
    with click.progressbar(items, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield from bar


# the names in `compare.VERDICTS`; a test holds both equal
_VERDICTS = "fulfilled confirmed contradicted compatible records-only press-only".split()


@main.command()
@click.option(
    "--records",
    "folder",
    type=_there,
    help="An imported folder (default: those in ./records, else those of the build).",
)
@click.option("--verdict", "verdicts", multiple=True, type=click.Choice(_VERDICTS))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "table", "csv", "json"]),
    default="text",
    show_default=True,
)
@_graph
@_example("alliance compare --verdict fulfilled")
def compare(folder: Path | None, verdicts: tuple[str, ...], form: str, where: Path | None) -> None:
    """Set the press beside official records.

    \b
    By person, office, place and time, each with both passages or record ids:
    fulfilled     who were to meet met afterwards (that it was this is inferred),
                  or went to the event that was planned
    confirmed     the records show the same
    contradicted  the records show what cannot be so if the press is right
    compatible    nothing stands against it, but the records do not show it
    records-only, press-only
    """
    from alliance_graph import compare as job
    from alliance_graph import tables
    from alliance_graph.records import job as imported

    store = _open(where)
    found = [folder] if folder else sorted(p.parent for p in RECORDS.glob("*/manifest.json"))
    for one in found:
        try:
            store.load(imported.read(one))
        except RuntimeError:
            what = f"{where or OUT}: a large build is on disk, and only read"
            raise AllianceError(f"{what}; name a folder of facts with --graph") from None
    compared = job.compare(store)
    if not compared.coverage:
        raise AllianceError("no records: first `alliance import historyatstate DIR`")
    if form == "text":
        click.echo(compared.text(verdicts), nl=False)
    elif form == "json":
        told = compared.as_dict()
        chosen = [c for c in told["found"] if not verdicts or c["verdict"] in verdicts]
        click.echo(_json(told | {"found": chosen}))
    else:
        width = tables.terminal(sys.stdout)[0]
        click.echo(compared.table(verdicts or _VERDICTS).write(form, width=width), nl=False)


# the names in `export.FORMATS`, which is imported only to write one; a test holds both equal
_EXPORTS = "turtle trig nquads ntriples rdfxml jsonld rdf12 graphml gexf csv ftm".split()


@main.command()
@click.option("--format", "form", type=click.Choice(_EXPORTS), required=True)
@click.option("--out", type=click.Path(path_type=Path), default="-", help="A file, or - .")
@_graph
@_example("alliance export --format gexf --out alliance.gexf")
def export(form: str, out: Path, where: Path | None) -> None:
    """The graph in another tool's format.

    \b
    turtle, ntriples, rdfxml  all graphs as one
    trig, nquads              every graph by name
    rdf12                     the same, claims as triple terms (RDF 1.2 TriG)
    jsonld                    what is plain, an object a thing
    graphml, gexf             the network, with days and qualifiers
    csv                       a table a kind of thing, described by CSVW: a zip, or the folder --out
    ftm                       FollowTheMoney entities of what was held, one a line
    """
    from alliance_graph import export as job
    from alliance_graph import staging

    store = _open(where)
    if form == "csv" and str(out) != "-" and out.suffix != ".zip":
        files = job.tables(store)
        out.mkdir(parents=True, exist_ok=True)
        staging.write_all({out / name: data for name, data in files.items()})
        return
    data = job.export(store, form)
    if str(out) == "-":
        _write(data)
    else:
        staging.write(out, data)


@main.command()
@click.option("--endpoint", metavar="URL", required=True, help="Where the engine takes queries.")
@click.option("--update", metavar="URL", help="Where it takes updates (default: the same).")
@click.option(
    "--graph-store",
    metavar="URL",
    help="Where it takes whole graphs (Graph Store Protocol): Oxigraph …/store, Virtuoso "
    "…/sparql-graph-crud-auth, Fuseki …/data.",
)
@click.option("--prune", is_flag=True, help="Drop graphs of ours that this build has not.")
@click.option("--dry-run", is_flag=True, help="Say what would be pushed, and ask nobody.")
@click.option("--seconds", type=float, default=300.0, show_default=True, help="Limit a request.")
@_format
@_graph
@_example("alliance push --endpoint http://localhost:7878/query --dry-run")
def push(
    endpoint: str,
    update: str | None,
    graph_store: str | None,
    prune: bool,
    dry_run: bool,
    seconds: float,
    form: str,
    where: Path | None,
) -> None:
    """Put the graph into an engine of your own.

    Only graphs that differ are sent; they take their places in one update, after all have been
    read back. Break it off at will: what was sent counts when you push again. For …/query updates
    go to …/update; a server that takes none, but has a --graph-store, gets graph by graph. User
    and password, or a token, come from ALLIANCE_ENDPOINT_USER and _PASSWORD, or _TOKEN, else from
    netrc.
    """
    from alliance_graph import push as job

    remote = _remote(endpoint, seconds, update, graph_store)
    quads = _open(where).quads()
    if dry_run:
        report = job.plan(quads)
    else:
        terminal = sys.stderr.isatty()
        report = job.push(
            remote,
            quads,
            prune=prune,
            tell=lambda line: click.echo(line, err=True) if terminal else None,
        )
    if form == "json":
        click.echo(_json(asdict(report)))
        return
    for graph in report.graphs:
        click.echo(f"{graph.state:<8} {graph.triples:>7,}  {graph.digest:<16}  {graph.graph}")
    for kind, count in report.as_text:
        click.echo(f"{count} values of {kind} went as plain texts: it keeps none of that type")
    if not report.together:
        click.echo("it takes no updates: graphs changed one by one, not all in one step")
    if any(graph.state == "left" for graph in report.graphs):
        click.echo("graphs that are left are not in this build; --prune drops them")


@main.command()
@click.option("--out", type=_folder, help="Write one file a kind into this folder.")
@_example("alliance schema")
def schema(out: Path | None) -> None:
    """JSON Schema of the fact files, for editors."""
    from alliance_graph import seeds, staging

    schemas = seeds.schema()
    if out is None:
        click.echo(_json(schemas))
        return
    out.mkdir(parents=True, exist_ok=True)
    staging.write_all({out / f"{n}.json": (_json(v) + "\n").encode() for n, v in schemas.items()})


@main.command()
@click.option("--out", type=_folder, help="Into this folder (default: docs/ of the build).")
@_graph
@_example("alliance docs")
def docs(out: Path | None, where: Path | None) -> None:
    """Pages for readers: ontology, codebook, questions with samples.

    A new build takes them away with the graph that they tell of.
    """
    from alliance_graph import reference

    build = where or OUT
    if out is None and not (build / "alliance.trig").is_file():
        raise AllianceError(f"{build}: no build; run `alliance build` first, or name --out")
    for path in reference.write(_open(where), out or build / "docs"):
        click.echo(path)


@main.command()
@click.argument("what", required=False)
@click.option("--format", "form", type=click.Choice(["bibtex", "csl"]), default="bibtex")
@_graph
@_example("alliance cite asiae-2020-10-16 --format csl")
def cite(what: str | None, form: str, where: Path | None) -> None:
    """Cite the data set, an article or a claim."""
    from alliance_graph import cite as job

    citation = job.cite(_open(where), what)
    click.echo(job.csl(citation) if form == "csl" else job.bibtex(citation), nl=False)


@main.command()
@click.argument("texts", type=click.Path(exists=True, path_type=Path))
@_facts
@_example("alliance pin --facts seeds texts/")
def pin(texts: Path, facts: Path | None) -> None:
    """Turn pasted quotes into locators.

    TEXTS is a folder of the articles' texts; the words leave the fact files.
    """
    from alliance_graph import seeds

    findings = seeds.pin(_facts_folder(facts), texts)
    _print_findings(findings)
    sys.exit(1 if any(f.fails for f in findings) else 0)


@main.command()
@click.argument("what", required=False)
@click.option("--texts", type=click.Path(exists=True, path_type=Path), required=True)
@_facts
@_format
@_example("alliance evidence --texts texts/ choi-biegun-2020-09")
def evidence(what: str | None, texts: Path, facts: Path | None, form: str) -> None:
    """Verify locators against the texts.

    With WHAT (the id of an article or record) its passages are shown, too.
    """
    from alliance_graph import evidence as job
    from alliance_graph import seeds

    loaded = seeds.load(_facts_folder(facts))
    findings = [*loaded.findings, *job.verify_all(loaded.facts, texts, loaded.where)]
    passages = _passages(loaded, texts, what) if what else []
    if form == "json":
        click.echo(_json({"findings": [f.as_dict() for f in findings], "passages": passages}))
    else:
        for p in passages:
            click.echo(f"{p['of']}  ({p['article']}, {p['place']})\n    {p['passage']}")
        failing = [f for f in findings if f.fails]
        _print_findings(failing)
        cited = sum(len(list(job.locators(a))) for a in loaded.facts.articles)
        click.echo(
            f"{cited} locators in {len(loaded.facts.articles)} articles, {len(failing)} to mend",
            err=True,
        )
    sys.exit(1 if any(f.fails for f in findings) else 0)


def _passages(loaded: Loaded, texts: Path, what: str) -> list[dict[str, str]]:
    from alliance_graph import evidence as job

    copies = job.copies(texts)
    found = []
    for article in loaded.facts.articles:
        name = job.text_of(article, copies)
        for _, of, place in job.locators(article):
            if name is None or what not in (article.id, of, of.partition(" ")[0]):
                continue
            text = job.passage(article, place, copies[name])
            where = f"{place.block} {place.p}, words {place.words}"
            found.append(
                {"of": of, "article": article.id, "place": where, "passage": text or "not found"}
            )
    if not found:
        raise AllianceError(f"no passage of {what!r}: name an article or a record by its id")
    return found
