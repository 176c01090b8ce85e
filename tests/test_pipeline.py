"""Large sets: the same graph as at once, nothing made twice, on one machine and on several."""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pyoxigraph import Quad, RdfFormat, Store, parse
from tests import serving
from tests.bench import synthetic

import alliance_graph
from alliance_graph import build, cli, large, paths, pipeline, seeds, yaml12
from alliance_graph.errors import AllianceError, BrokenFacts, Finding
from alliance_graph.pipeline import Cache, Shards
from alliance_graph.progress import Progress
from alliance_graph.records import job, matching

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="session")
def years(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 1,000 made-up facts in twelve files."""
    root = tmp_path_factory.mktemp("years")
    assert synthetic.write(root, 1000, countries=3) == 12
    return root


@pytest.fixture(scope="session")
def compiled(years: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shards]:
    """Them compiled once: the cache, and what came of it."""
    root = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "FILES", 3)
        return root, pipeline.compile_large(years, Cache(root))


@pytest.fixture
def cached(compiled: tuple[Path, Shards], tmp_path: Path) -> Path:
    """A copy of that cache."""
    return Path(shutil.copytree(compiled[0], tmp_path / "cache"))


@pytest.fixture
def first(compiled: tuple[Path, Shards]) -> dict[str, bytes]:
    """Its files."""
    return read(compiled[1])


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "FILES", 3)


def read(made: Shards) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in made.files.items()}


def quads(texts: dict[str, bytes]) -> set[Quad]:
    return {q for text in texts.values() for q in parse(text, format=RdfFormat.N_QUADS)}


def at_once(root: Path) -> set[Quad]:
    ontology = set(build.ontology_quads())
    return {q for q in build.compile_facts(root).store.quads() if q not in ontology}


@pytest.mark.parametrize("which", ["five articles", "another alliance", "made-up years"])
def test_shards_hold_what_is_compiled_at_once(which: str, years: Path, tmp_path: Path) -> None:
    root = {"five articles": paths.seeds(), "another alliance": OTHER}.get(which, years)
    made = pipeline.compile_large(root, Cache(tmp_path))
    texts = read(made)
    assert len(texts) > 3 or which == "another alliance"
    assert quads(texts) == at_once(root)
    for text in texts.values():
        lines = text.splitlines()
        assert lines == sorted(set(lines))


def findings(make: Callable[[], tuple[Finding, ...]]) -> list[Finding]:
    try:
        return list(make())
    except BrokenFacts as broken:
        return broken.findings


def disagreeing(root: Path) -> Path:
    """The five articles without decisions, each telling some of the next one's facts otherwise."""
    shutil.copytree(paths.seeds(), root)
    files = sorted((root / "articles").glob("*.yaml"))
    told = [seeds.one(path).data for path in files]
    for one in told:
        one.pop("decisions", None)
    for i, one in enumerate(told):
        following = copy.deepcopy(told[(i + 1) % len(told)])
        evidence = next(e["evidence"] for e in one["encounters"] if "evidence" in e)
        for section in ("encounters", "tenures", "channels", "statements", "names"):
            taken = {record.get("id") for record in one.get(section, [])} - {None}
            fresh = [r for r in following.get(section, []) if r.get("id") not in taken][:6]
            for n, record in enumerate(fresh):
                for inner in walk(record):
                    if "evidence" in inner:
                        inner["evidence"] = evidence
                    inner.pop("printed", None) if section != "names" else None
                    when = inner.get("is")
                    if isinstance(when, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", when) and n % 2:
                        inner["is"] = when[:8] + ("14" if when[8:] == "15" else "15")
                if not any("unnamed" in inner for inner in walk(record)):
                    record["evidence"] = evidence
                    one.setdefault(section, []).append(record)
        if "tenures" in one:
            one["tenures"][0]["end"] = {"is": "1999-12-31", "date_basis": "stated"}
            somebody = {**one["tenures"][0], "person": one["tenures"][-1]["person"]}
            one["tenures"].append(somebody)
    for path, one in zip(files, told, strict=True):
        path.write_text(json.dumps(one, ensure_ascii=False), "utf-8")
    return root


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, (dict, list)):
            yield from walk(inner)


@pytest.mark.parametrize("which", ["five articles", "another alliance", "they disagree"])
def test_each_file_a_shard_finds_what_is_found_at_once(
    which: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the same places, decisions and ways to mend."""
    monkeypatch.setattr(pipeline, "FILES", 1)
    root = {"five articles": paths.seeds(), "another alliance": OTHER}.get(which)
    root = root or disagreeing(tmp_path / "facts")
    there = findings(lambda: pipeline.compile_large(root, Cache(tmp_path / "cache")).findings)
    at_once = findings(lambda: build.compile_facts(root).findings)
    assert set(there) == set(at_once)
    assert len(there) == len(at_once)
    if which == "they disagree":
        assert len({f.code for f in there}) > 15, {f.code for f in there}


def test_what_is_compared_is_looked_at_again_only_where_it_changed(
    years: Path, tmp_path: Path, cached: Path
) -> None:
    root = tmp_path / "facts"
    shutil.copytree(years, root)
    batches = set((cached / "compare").rglob("*.json"))
    assert batches
    article = root / "articles" / "a000004.yaml"
    article.write_text(article.read_text("utf-8").replace("label: Stance", "label: View"), "utf-8")
    pipeline.compile_large(root, Cache(cached))
    assert set((cached / "compare").rglob("*.json")) == batches


def test_nothing_is_made_twice(
    years: Path, tmp_path: Path, compiled: tuple[Path, Shards], cached: Path
) -> None:
    root, (_, first) = tmp_path / "facts", compiled
    shutil.copytree(years, root)
    assert first.done == len(first.files) - 2
    again = pipeline.compile_large(root, Cache(cached))
    assert again.done == 0
    assert read(again) == read(first)
    article = root / "articles" / "a000004.yaml"
    article.write_text(article.read_text("utf-8").replace("label: Stance", "label: View"), "utf-8")
    changed = pipeline.compile_large(root, Cache(cached))
    assert changed.done == 1
    fresh = pipeline.compile_large(root, Cache(tmp_path / "other"))
    assert read(changed) == read(fresh) != read(first)


def test_a_new_identity_reaches_all_that_name_it(years: Path, tmp_path: Path, cached: Path) -> None:
    root = tmp_path / "facts"
    shutil.copytree(years, root)
    country = root / "countries" / "aa.yaml"
    country.write_text(country.read_text("utf-8").replace("Country AA", "Land AA"), "utf-8")
    changed = read(pipeline.compile_large(root, Cache(cached)))
    assert changed == read(pipeline.compile_large(root, Cache(tmp_path / "other")))
    assert b"Land AA" in changed["hub.nq"]


def test_a_cache_that_was_cut_off_or_spoilt_is_made_anew(
    years: Path, cached: Path, first: dict[str, bytes]
) -> None:
    for i, path in enumerate(sorted(p for p in cached.rglob("*") if p.is_file())):
        if i % 3 == 0:
            path.unlink()
        elif i % 3 == 1:
            path.write_bytes(path.read_bytes()[:20])
    assert read(pipeline.compile_large(years, Cache(cached))) == first


def test_workers_that_keep_nothing_where_we_look_are_told_of(
    years: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = pipeline.each
    monkeypatch.setattr(
        pipeline, "each", lambda name, *rest: iter(()) if name == "part" else there(name, *rest)
    )
    with pytest.raises(AllianceError, match="one folder that all its machines see"):
        pipeline.compile_large(years, Cache(tmp_path))


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "told"),
    [
        ("a000003", "topic: topic-", "topic: topik-", "unknown-id", "topik-"),
        ("a000003", "actor: p0", "actor: topic-1 #", "wrong-kind", "topic-1"),
        ("a000003", "label: Stance", "lable: Stance", "unknown-field", "lable"),
        ("a000003", "id: a000003-s", "id: a000004", "duplicate-id", "a000004"),
        ("a000003", "kind: news-article", "kind: [", "yaml-syntax", ""),
    ],
)
def test_what_is_wrong_has_its_place(
    file: str, old: str, new: str, code: str, told: str, years: Path, tmp_path: Path
) -> None:
    root = tmp_path / "facts"
    shutil.copytree(years, root)
    path = root / "articles" / f"{file}.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BrokenFacts) as caught:
        pipeline.compile_large(root, Cache(tmp_path / "cache"))
    found = [f for f in caught.value.findings if f.code == code]
    assert found, caught.value.findings
    assert told in found[0].what
    assert found[0].where is not None
    assert found[0].where.file.endswith(".yaml")


@pytest.mark.parametrize("files", [1, 1000])
def test_what_two_articles_tell_differently_is_found_with_both_places(
    files: int, years: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "FILES", files)
    root = tmp_path / "facts"
    shutil.copytree(years, root)
    text = (root / "articles" / "a000005.yaml").read_text("utf-8")
    start = text.index("- id: a000005-e1")
    told = text[start : text.index("- id:", start + 5)].replace("date: {is: 19", "date: {is: 18")
    path = root / "articles" / "a000006.yaml"
    other = path.read_text("utf-8").replace("encounters:\n", f"encounters:\n{told}")
    path.write_text(other, "utf-8")
    with pytest.raises(BrokenFacts) as caught:
        pipeline.compile_large(root, Cache(tmp_path / "cache"))
    found = [f for f in caught.value.findings if f.code == "date-conflict" and f.fails]
    assert found
    places = {Path(m.file).stem for f in found for m in (f.where, *f.related) if m}
    assert {"a000005", "a000006"} <= places


def test_a_large_build_has_shards_and_a_store(years: Path, tmp_path: Path, cached: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    cached.rename(out / ".cache")
    built = large.build_large(years, out)
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["files"] == built.files
    there = {f"shards/{p.name}": p.read_bytes() for p in (out / "shards").iterdir()}
    assert {n: len(t) > 0 for n, t in there.items()} == dict.fromkeys(built.files, True)
    expected = quads(there) | set(build.ontology_quads())
    store = Store.read_only(str(out / "store"))
    assert set(store) == expected
    assert built.summary["triples"] == len(expected)
    assert built.summary["claims"] == sum(t.count(b"ontology#Claim> ") for t in there.values())
    assert not large.build_large(years, out).fresh
    rows = alliance_graph.open(out).ask("counterparts").rows
    assert rows == alliance_graph.open(years).ask("counterparts").rows


def test_a_store_takes_over_what_has_stayed(
    years: Path, tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, out = tmp_path / "facts", tmp_path / "out"
    shutil.copytree(years, root)
    out.mkdir()
    cached.rename(out / ".cache")
    large.build_large(root, out)
    article = root / "articles" / "a000007.yaml"
    changed = article.read_text("utf-8").replace("place: aa-capital", "place: bb-capital")
    article.write_text(changed.replace("a000007-e2", "a000007-e9"), "utf-8")
    monkeypatch.setattr(large, "_SHARE", 1)
    monkeypatch.setattr(build, "ontology_quads", None)  # a store made anew would ask for it
    large.build_large(root, out)
    monkeypatch.undo()
    monkeypatch.setattr(pipeline, "FILES", 3)
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    shutil.copytree(out / ".cache", fresh / ".cache")
    large.build_large(root, fresh)
    assert set(Store.read_only(str(out / "store"))) == set(Store.read_only(str(fresh / "store")))


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The committed sample of official records, imported."""
    facts, out = seeds.load(paths.seeds()).facts, tmp_path_factory.mktemp("records") / "there"
    decisions, _ = matching.load(facts, paths.seeds(), "historyatstate")
    assert decisions is not None
    source = Path(__file__).parent / "data" / "historyatstate"
    job.run("historyatstate", source, out, facts, decisions)
    return out


def test_records_go_through_the_same_shards(records: Path, tmp_path: Path) -> None:
    """Each of their parts is one; they make nothing anew that they do not touch."""
    out = tmp_path / "out"
    built = large.build_large(paths.seeds(), out, records=records)
    small = build.beside_records(build.compile_facts(paths.seeds()), records)
    assert small.whole is not None
    expected = set(small.whole.quads())
    names = {Path(name).name for name in built.files}
    assert {"beside.nq", "compared.nq", "records-0000.nq", "records-0001.nq"} <= names
    there = quads({name: (out / name).read_bytes() for name in built.files})
    assert there | set(build.ontology_quads()) == expected
    assert set(Store.read_only(str(out / "store"))) == expected
    assert small.compared is not None
    counted = {f"{v} by records": n for v, n in small.compared.counts().items()}
    assert counted.items() <= built.summary.items()
    assert not large.build_large(paths.seeds(), out, records=records).fresh
    cache = Cache(out / ".cache")
    assert pipeline.compile_large(paths.seeds(), cache, None, job.parts(records)).done == 0
    command = ["build", "--shards", "--gzip", "--scheduler", "none", "--records", str(records)]
    result = CliRunner().invoke(cli.main, [*command, "--out", str(out)])
    assert result.exit_code == 0, result.output
    packed = {p.name: gzip.decompress(p.read_bytes()) for p in (out / "shards").iterdir()}
    assert quads(packed) == there
    assert not (out / "store").exists()


def test_shards_alone_and_compressed(years: Path, tmp_path: Path, cached: Path) -> None:
    out, plain = tmp_path / "out", tmp_path / "plain"
    for folder in (out, plain):
        shutil.copytree(cached, folder / ".cache")
    args = ["build", "--facts", str(years), "--scheduler", "none"]
    result = CliRunner().invoke(cli.main, [*args, "--out", str(out), "--shards", "--gzip"])
    assert result.exit_code == 0, result.output
    assert not (out / "store").exists()
    result = CliRunner().invoke(cli.main, [*args, "--out", str(plain)])
    assert result.exit_code == 0, result.output
    assert "store/ is asked on disk" in result.output
    for path in (plain / "shards").iterdir():
        packed = out / "shards" / f"{path.name}.gz"
        assert gzip.decompress(packed.read_bytes()) == path.read_bytes()


def test_a_large_folder_is_built_so_by_itself(
    years: Path, tmp_path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cached, tmp_path / "build" / ".cache")
    monkeypatch.setattr(build, "LARGE", 10_000)
    monkeypatch.setattr(large, "scheduler", lambda given: None)
    monkeypatch.chdir(tmp_path)
    args = ["build", "--facts", str(years), "--format", "json"]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["summary"]["articles"] == 12
    result = CliRunner().invoke(cli.main, ["query", "who-met-whom", "-p", "person=p00000"])
    assert result.exit_code == 0, result.output
    assert "#00000" in result.stdout
    result = CliRunner().invoke(cli.main, ["check", "--facts", str(years)])
    assert (result.exit_code, result.stdout) == (0, "")
    result = CliRunner().invoke(cli.main, [*args, "--texts", str(years), "--out", "elsewhere"])
    assert result.exit_code == 2
    assert "passages" in result.output


def test_without_a_scheduler_at_the_address_it_says_so(years: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="needs Dask: pip install '.[scale]'")
    import dask

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(AllianceError, match="no Dask scheduler answers"),
    ):
        pipeline.compile_large(years, Cache(tmp_path), "tcp://127.0.0.1:9")


# --- several processes ------------------------------------------------------------------------------


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler and worker processes: its address, and the workers."""
    python = [sys.executable, "-m"]
    told = folder / "scheduler.json"
    options = "--host 127.0.0.1 --port 0 --no-dashboard --scheduler-file"
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = [
        subprocess.Popen(
            [*python, "distributed.cli.dask_scheduler", *options.split(), str(told)],
            cwd=folder,
            **quiet,
        )
    ]
    try:
        for _ in range(600):
            if told.is_file() and told.stat().st_size:
                break
            time.sleep(0.1)
        address = json.loads(told.read_text())["address"]
        for i in range(workers):
            command = [*python, "distributed.cli.dask_worker", address, "--nthreads", "1"]
            command += ["--no-nanny", "--no-dashboard", "--local-directory", str(folder / str(i))]
            started.append(subprocess.Popen(command, cwd=folder, **quiet))
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def test_a_cluster_that_loses_a_worker_midway_writes_the_same_bytes(
    years: Path, tmp_path: Path, first: dict[str, bytes]
) -> None:
    pytest.importorskip("distributed", reason="needs Dask: pip install '.[scale]'")
    cache = tmp_path / "there"
    results: list[Shards] = []
    errors: list[BaseException] = []

    def run(address: str) -> None:
        try:
            results.append(pipeline.compile_large(years, Cache(cache), address))
        except BaseException as bad:  # noqa: BLE001 - told by the test
            errors.append(bad)

    with cluster(tmp_path, 2) as (address, workers):
        job = threading.Thread(target=run, args=(address,))
        job.start()
        for _ in range(3000):  # until the first part is there, and others are not
            if job.is_alive() and list(cache.glob("part/*/*.json")):
                break
            time.sleep(0.02)
        left = len(first) - 2 - len(list(cache.glob("finish/*/*.json")))
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        job.join(120)
        assert not job.is_alive()
        assert workers[1].poll() is None
    assert not errors, errors
    assert left > 0
    assert workers[0].returncode == -signal.SIGKILL
    assert read(results[0]) == first


def test_all_cores_write_the_same_quads(
    years: Path, tmp_path: Path, first: dict[str, bytes]
) -> None:
    pytest.importorskip("dask", reason="needs Dask: pip install '.[scale]'")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "alliance_graph", "build", "--facts", str(years), "--shards"]
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([*command, "--scheduler", "local", "--out", str(out)], check=True, env=env)
    there = quads({p.name: p.read_bytes() for p in (out / "shards").iterdir()})
    assert there == quads(first)


# --- beside it --------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_tells_rate_and_rest_on_a_terminal_only() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        told = Progress("part", 4, "files", stream)
        told.step()
        told.close()
    assert pipe.getvalue() == ""
    assert "1 of 4 files" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    told = Progress("part", 40, "files", pipe)
    told.done = 10
    assert told.line(5) == "part       █████··············· 10 of 40 files, 2 a second, 15 s left"


def test_made_up_years_are_always_the_same_and_hold(years: Path, tmp_path: Path) -> None:
    synthetic.write(tmp_path, 1000, countries=3)
    for path in years.rglob("*.yaml"):
        assert (tmp_path / path.relative_to(years)).read_bytes() == path.read_bytes()
    claims = build.compile_facts(years).store.query(
        "SELECT (COUNT(?c) AS ?n) WHERE { ?c a ally:Claim }"
    )
    count = int(next(iter(claims))["n"].value)  # type: ignore[arg-type]
    assert abs(count - 1000) < 150


def test_of_a_huge_article_only_the_beginning_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "facts" / "articles"
    folder.mkdir(parents=True)
    with (folder / "huge.yaml").open("wb") as stream:
        stream.truncate(5_000_000_000)
    ((name, _, digest),) = pipeline._files(folder.parent)
    beginning = bytes(yaml12.MAX_BYTES + 1)
    assert (name, digest) == ("huge", hashlib.sha256(beginning).hexdigest())
    with pytest.raises(BrokenFacts) as broken:
        pipeline.compile_large(folder.parent, Cache(tmp_path / "cache"))
    assert "yaml-too-big" in {f.code for f in broken.value.findings}
    (folder / "huge.yaml").unlink()
    (folder / "none.yaml").symlink_to(folder / "huge.yaml")
    assert pipeline._files(folder.parent) == []


HELPED = """
import multiprocessing, time
from alliance_graph import pipeline

def help():
    pipeline._end_with_parent()
    time.sleep(60)

if __name__ == "__main__":
    helper = multiprocessing.get_context("spawn").Process(target=help)
    helper.start()
    print(helper.pid, flush=True)
    time.sleep(60)
"""


def test_who_helped_a_build_that_was_killed_ends_as_well(tmp_path: Path) -> None:
    """A whole build, killed at many points: ``python -m tests.hard kills``."""
    script = tmp_path / "helped.py"
    script.write_text(HELPED, "utf-8")
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    helper = int(parent.stdout.readline())
    assert helper in serving.children_of(parent.pid)
    parent.kill()
    parent.wait()
    # the other end of the pipe is the helper's too: it is closed once that has gone
    with parent.stdout as left:
        assert left.read() == b""
    serving.gone({helper})
