"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from alliance_graph import cli

RECORDS = Path(__file__).parent / "data" / "historyatstate"
OTHER = Path(__file__).parent / "data" / "other-alliance"
TEXT = Path(__file__).parent / "data" / "other-alliance.txt"
LATER = {"serve"}
"""Commands whose examples need a server or never end; their own tests run them."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, built: Path) -> Path:
    """A folder as a user has it: a build, and the texts of other facts."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(built, folder / "build")
    (folder / "texts").mkdir()
    shutil.copy(TEXT, folder / "texts")
    return folder


def alliance(
    home: Path, *args: str, stdin: str = "", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alliance_graph", *args],
        cwd=home,
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )


INTERRUPTED = """
import os, signal
from alliance_graph import cli, staging
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may have it ignored
staging.exchange = lambda *_: os.kill(os.getpid(), signal.SIGINT)
cli.main(["build"])
"""
"""A build that gets Ctrl-C when everything but the last step is done."""
COMMANDS = [name for name in cli.main.commands if name not in LATER]


def example(name: str) -> list[str]:
    text = cli.main.commands[name].help or ""
    (line,) = re.findall(r"Example:\n +alliance (.+)$", text, re.M)
    return shlex.split(line)


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_help_ends_with_an_example(name: str) -> None:
    command = cli.main.commands[name]
    text = click.Context(command, info_name=name)
    assert command.get_help(text)
    assert example(name)[0] == name


@pytest.mark.parametrize("name", cli.main.commands)
def test_no_prose_of_a_help_has_gaps(name: str) -> None:
    command = cli.main.commands[name]
    shown = command.get_help(click.Context(command, info_name=name))
    about = shown.partition("Options:")[0].partition("Example:")[0]
    # a list is aligned: a word or two, then what they mean, in a column
    aligned = re.compile(r"  [\w-]+(, [\w-]+)* {2,}\S.*| {10,}\S.*")
    prose = [line for line in about.splitlines() if not aligned.fullmatch(line)]
    assert [line for line in prose if re.search(r"\S {3,}\S|^ {3,}", line)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_runs(name: str, home: Path, tmp_path: Path) -> None:
    words = example(name)
    here = tmp_path / "home"
    shutil.copytree(home, here)
    if "texts/" in words or "--facts" in words:
        # facts of which we have the text
        shutil.copytree(OTHER, here / "seeds")
        words = ["au-jp-2-plus-2-2022-12-09" if w == "choi-biegun-2020-09" else w for w in words]
    if name in ("import", "compare"):
        shutil.copytree(RECORDS, tmp_path / "historyatstate")
    if name == "compare":
        alliance(here, *example("import"))
    done = alliance(here, *words)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_commands_in_the_order_in_which_one_needs_them(home: Path) -> None:
    text = alliance(home, "--help").stdout
    listed = re.findall(r"^  ([a-z]+) ", text.partition("Commands:")[2], re.M)
    assert listed == list(cli.main.commands)
    assert listed[:5] == ["build", "check", "coverage", "questions", "query"]
    assert "…" not in text.replace("meeting …", "")


def test_a_question_by_name(home: Path) -> None:
    done = alliance(home, "query", "counterparts", "--param", "person=antony-blinken")
    assert done.returncode == 0
    assert "Cho Tae-yul" in done.stdout
    assert "Chung Eui-yong" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_query_of_ones_own_from_a_stream_and_a_file(home: Path, tmp_path: Path) -> None:
    query = "SELECT (COUNT(?a) AS ?n) WHERE { ?a a ally:Article }"
    assert "5" in alliance(home, "query", "-", stdin=query).stdout
    path = tmp_path / "mine.rq"
    path.write_text(query, "utf-8")
    assert alliance(home, "query", str(path), "--format", "csv").stdout.split() == ["n", "5"]


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "xml", "table"])
def test_formats(home: Path, form: str) -> None:
    done = alliance(home, "query", "articles", "--format", form)
    assert done.returncode == 0
    assert ("5 rows" if form == "table" else "asiae-2020-10-16") in done.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("query", "counterpats"), "counterparts"),
        (("query", "counterparts", "-p", "persn=x"), "person"),
        (("query", "counterparts", "-p", "person=antony-blinkn"), "antony-blinken"),
        (("query", "counterparts", "-p", "person"), "name=value"),
        (("query", "no/such/file.rq"), "no/such/file.rq"),
        (("show", "zzzzqqqq"), "zzzzqqqq"),
        (("at", "18 March 2021"), "2021-03-18"),
        (("cite", "nothing-of-this-name"), "nothing-of-this-name"),
        (("diff", "build", "seeds-that-are-not"), "seeds-that-are-not"),
        (("build", "--texts", "texts"), "--out"),
        (("build", "--facts", "texts"), "articles/"),
        (("check", "--facts", "nowhere"), "articles/"),
        (("coverage", "--facts", "nowhere"), "articles/"),
        (("coverage", "--texts", "nowhere"), "nowhere"),
        (("evidence", "--facts", "nowhere", "--texts", "texts"), "articles/"),
        (("pin", "--facts", "nowhere", "texts"), "articles/"),
        (("why", "choi-biegun-2020-09", "--texts", "nowhere"), "nowhere"),
        (("query", "encounters", "-p", "since=2020", "-p", "since=2021"), "given twice"),
        (("draw", "--out", "nowhere/page.html"), "nowhere: no such folder"),
    ],
)
def test_mistakes_are_one_clear_line_and_exit_code_2(
    home: Path, args: tuple[str, ...], told: str
) -> None:
    done = alliance(home, *args)
    assert done.returncode == 2, done.stdout
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_query_that_does_not_parse(home: Path) -> None:
    done = alliance(home, "query", "-", stdin="SELECT WHERE")
    assert done.returncode == 2
    assert "not a SPARQL 1.1 query" in done.stderr


def test_a_query_past_its_time_is_told_so(home: Path) -> None:
    cross = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    done = alliance(home, "query", "-", "--seconds", "0.5", stdin=cross)
    assert done.returncode == 2
    assert "longer than 0.5 s" in done.stderr


def test_findings_say_where_what_and_how_to_mend(tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    shutil.copytree(OTHER, facts)
    person = facts / "people" / "penny-wong.yaml"
    person.write_text(person.read_text("utf-8") + "birthday: 1968-11-05\n", "utf-8")
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    text = article.read_text("utf-8")
    article.write_text(text.replace("person: richard-marles", "person: richard-marle"), "utf-8")
    done = alliance(tmp_path, "check", "--facts", "facts")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(
        re.match(r"facts/people/penny-wong\.yaml:\d+:\d+: error: .*birthday", x) for x in lines
    )
    assert any(
        "test-notes-2022-12-10.yaml" in x and "did you mean richard-marles?" in x for x in lines
    )
    told = json.loads(alliance(tmp_path, "check", "--facts", "facts", "--format", "json").stdout)
    assert {"severity", "code", "what", "mend", "where"} <= set(told[0])
    assert told[0]["where"]["line"] >= 1


def test_a_broken_build_prints_findings_and_ends_with_1(tmp_path: Path) -> None:
    facts = tmp_path / "seeds"
    shutil.copytree(OTHER, facts)
    assert alliance(tmp_path, "build").returncode == 0
    before = (tmp_path / "build" / "manifest.json").read_bytes()
    (facts / "people" / "penny-wong.yaml").write_text("id: penny-wong\nlabel: [", "utf-8")
    done = alliance(tmp_path, "build")
    assert done.returncode == 1
    assert re.search(r"penny-wong\.yaml:\d+:\d+: error", done.stderr)
    assert (tmp_path / "build" / "manifest.json").read_bytes() == before


def test_coverage_of_broken_facts_is_no_success(tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    shutil.copytree(OTHER, facts)
    assert alliance(tmp_path, "coverage", "--facts", "facts").returncode == 0
    (facts / "articles" / "test-notes-2022-12-10.yaml").write_text("id: [", "utf-8")
    done = alliance(tmp_path, "coverage", "--facts", "facts")
    assert done.returncode == 1
    assert re.search(r"test-notes-2022-12-10\.yaml:\d+:\d+: error", done.stderr)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_crash(home: Path, closed: str) -> None:
    command = f"{shlex.quote(sys.executable)} -m alliance_graph query - --format csv {closed}"
    query = "SELECT ?a WHERE { ?a a ally:Article }"
    done = subprocess.run(
        ["bash", "-c", command], cwd=home, input=query, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    # without a query there is none to answer; without a reader, nobody to tell
    assert done.returncode == (2 if closed == "<&-" else 0)


def test_an_interrupt_is_told_as_one_and_leaves_nothing(tmp_path: Path) -> None:
    shutil.copytree(OTHER, tmp_path / "seeds")
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "alliance: interrupted\n"
    assert [p.name for p in tmp_path.iterdir()] == ["seeds"]


def test_check_fix_writes_the_canonical_form(tmp_path: Path) -> None:
    facts = tmp_path / "seeds"
    shutil.copytree(OTHER, facts)
    path = facts / "people" / "penny-wong.yaml"
    canonical = path.read_text("utf-8")
    path.write_text(canonical.replace("label: Penny Wong", "label:   'Penny Wong'"), "utf-8")
    told = alliance(tmp_path, "check", "--all")
    assert told.returncode == 0
    assert "1 file is not in canonical form: `alliance check --fix` writes it" in told.stderr
    assert "penny-wong.yaml:3:1: info: not in canonical form from here on" in told.stdout
    done = alliance(tmp_path, "check", "--fix")
    assert done.returncode == 0
    assert "penny-wong.yaml: rewritten" in done.stderr
    assert "canonical" not in done.stderr
    assert path.read_text("utf-8") == canonical


def test_why_leads_down_to_article_paragraph_and_words(home: Path) -> None:
    text = alliance(home, "why", "choi-biegun-2020-09").stdout
    assert "asiae-2020-10-16" in text
    assert re.search(r"¶3 words \d+", text)


def test_a_reader_that_goes_away_is_no_error(home: Path) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m alliance_graph query who-says --format csv | head -1"
    )
    done = subprocess.run(["bash", "-c", command], cwd=home, capture_output=True, text=True)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_without_a_build_it_compiles_and_says_so(tmp_path: Path) -> None:
    done = alliance(tmp_path, "query", "articles", "--format", "csv", "--graph", str(OTHER))
    assert done.returncode == 0
    assert "no build here" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_without_a_build_the_shipped_facts_are_kept_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = alliance(tmp_path, "query", "articles", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 6
    assert len(list((tmp_path / "cache" / "alliance-graph").glob("*.trig"))) == 1


def test_version(home: Path) -> None:
    assert alliance(home, "--version").stdout.strip() == "alliance-graph, version 0.1.0"


def test_what_is_attested_far_from_a_day_comes_when_asked_for(home: Path) -> None:
    near = alliance(home, "at", "2021-03-18").stdout
    every = alliance(home, "at", "2021-03-18", "--all").stdout
    assert "--all shows them" in near
    assert "Jeong Yeon-doo" not in near
    assert "Jeong Yeon-doo" in every
