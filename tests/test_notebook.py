"""What Jupyter shows."""

from __future__ import annotations

import doctest
import importlib
import inspect
import os
import subprocess
import sys
from collections.abc import Generator
from html.parser import HTMLParser
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
import rdflib
from pyoxigraph import Literal, NamedNode

import alliance_graph as ag
from alliance_graph import (
    cache,
    dossier,
    frames,
    notebook,
    pictures,
    questions,
    tables,
    timeline,
    why,
)
from alliance_graph.errors import QueryError, UnknownName
from alliance_graph.vocabulary import ID

# IPython has types, but not for what it is made with
InteractiveShell: Any = importlib.import_module("IPython.core.interactiveshell").InteractiveShell
HOSTILE = "</style></table><script>alert(1)</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture(scope="module")
def g(built: Path) -> ag.Graph:
    return ag.open(built)


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page(answer: Any) -> _Page:
    return _Page(answer._repr_html_())


# --- tables ----------------------------------------------------------------------------------------


def test_a_table_has_names_instead_of_iris_and_says_why(g: ag.Graph) -> None:
    shown = page(g.ask("counterparts", person="antony-blinken"))
    assert "Cho Tae-yul" in shown.text
    assert "w3id.org" not in shown.text
    assert shown.words.count("why") == 3  # in each row
    assert "paragraph" in shown.text
    assert "script" not in shown.tags


def test_names_are_found_for_iris_of_ones_own_query(g: ag.Graph) -> None:
    rows = g.sparql("SELECT ?c ?level WHERE { ?c a ally:Channel ; ally:level ?level } ORDER BY ?c")
    assert "ROK–US Alliance Dialogue" in page(rows).text
    assert "vice minister" in page(rows).text


def test_names_lead_to_the_page_of_a_build(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    g = ag.open(built)
    asked = g.ask("counterparts", person="antony-blinken")
    there = os.path.relpath(built / "network.html")
    assert f"{there}#sel=person/cho-tae-yul" in page(asked).links
    g.page = "https://example.org/id/"
    asked = g.ask("counterparts", person="antony-blinken")
    assert "https://example.org/id/person/cho-tae-yul" in page(asked).links


def test_a_name_unfolds_to_what_it_is(built: Path) -> None:
    g = ag.open(built / "alliance.trig")
    answer = g.ask("counterparts", person="antony-blinken")
    shown = page(answer)
    (about,) = {w for w in shown.words if "cho-tae-yul" in w}
    assert about == (
        "조태열 · Minister of Foreign Affairs (South Korea) · South Korea · person · "
        'g.show("cho-tae-yul") tells all'
    )
    assert shown.words.count("Cho Tae-yul") == shown.words.count(about) == 2
    many = g.ask("stances")
    assert sum("tells all" in w for w in page(many).words) >= len(many) > 50


def test_nothing_is_said_of_what_has_no_name(built: Path) -> None:
    rows = ag.open(built / "alliance.trig").sparql("SELECT ?c WHERE { ?c a ally:Claim } LIMIT 3")
    assert "tells all" not in page(rows).text


def test_sources_lead_to_the_articles(g: ag.Graph) -> None:
    links = page(g.ask("counterparts", person="antony-blinken")).links
    assert "https://www.mofa.go.kr/us-en/brd/m_4511/view.do?seq=761835" in links


def test_many_rows_are_folded(g: ag.Graph) -> None:
    rows = g.ask("stances")
    assert len(rows) > 50
    shown = page(rows)
    assert f"{len(rows) - 50} more rows" in shown.text
    assert shown.words.count("why") == len(rows)  # in those that are folded away as well


def test_where_rows_do_not_say_why_the_fold_says_so(g: ag.Graph) -> None:
    told = "?claim rdf:subject ?about ; ally:evidence/ally:paragraph ?n"
    query = f"SELECT DISTINCT ?claim ?about {{ {told} }} ORDER BY ?claim LIMIT 260"
    shown = page(g.sparql(query))
    assert shown.words.count("why") == 250
    assert "210 more rows; “why” for the first 250 only" in shown.text


def test_no_rows_are_worded_as_absence_from_the_sources(g: ag.Graph) -> None:
    assert "in these sources" in page(g.ask("counterparts", person="kim-jong-un")).text


def test_whatever_a_row_holds_is_text() -> None:
    rows = notebook.Rows(
        (HOSTILE, "x", "xLabel"),
        ((Literal(HOSTILE), NamedNode(ID + "person/a"), Literal(HOSTILE)),),
    )
    shown = page(rows)
    assert set(shown.tags) <= {
        "div", "style", "table", "thead", "tbody", "tr", "th", "td", "span",
    }  # fmt: skip
    assert shown.text.count(HOSTILE) == 3  # a head and two cells


def test_every_answer_shows_itself(g: ag.Graph) -> None:
    for question in questions.catalogue():
        rows = g.ask(question.name, **question.example)
        assert page(rows).tags, question.name
        assert repr(rows), question.name


def test_a_printed_answer_is_a_table_that_ends(g: ag.Graph) -> None:
    assert "Cho Tae-yul" in repr(g.ask("counterparts", person="antony-blinken"))
    long = repr(g.ask("stances"))
    assert "more rows" in long
    assert len(long.splitlines()) < 70


def test_frames_csv_and_rdf_have_the_same_rows(g: ag.Graph) -> None:
    rows = g.ask("counterparts", person="antony-blinken")
    frame = rows.df()
    assert list(frame.columns) == list(rows.columns)
    assert len(frame) == len(rows) == len(rows.csv().splitlines()) - 1
    result = rows.rdf()
    there = {str(b[rdflib.Variable("counterpart")]) for b in result.bindings}
    assert there == {f"{ID}person/{slug}" for slug in rows.column("counterpart")}


def test_levels_are_ordered_from_the_highest_down(g: ag.Graph) -> None:
    level = g.ask("offices", level="minister").df()["level"]
    assert list(level.cat.categories[:2]) == ["head-of-state-or-government", "minister"]


def test_other_forms_of_answers(g: ag.Graph) -> None:
    assert bool(g.sparql("ASK { ?a a ally:Article }"))
    graph = g.sparql("CONSTRUCT { ?a ally:counterpartOf ?b } WHERE { ?a ally:counterpartOf ?b }")
    assert len(graph.rdf()) == len(graph) > 0
    assert "ally:counterpartOf" in page(graph).text


# --- dossiers, trees, days ---------------------------------------------------------------------------


def test_dossiers_trees_and_days_show_themselves(g: ag.Graph) -> None:
    shown = page(g.show("Blinken"))
    assert "토니 블링컨" in shown.text
    assert [link for link in shown.links if link.startswith("https://")]
    tree = page(g.why("choi-biegun-2020-09"))
    assert "2020-10-10" in tree.text
    assert tree.tags.count("details") > 5
    day = page(g.at("2021-03-18", known_by="2021-03-19"))
    assert "Moon Jae-in" in day.text
    for each in (shown, tree, day):
        assert "script" not in each.tags
        assert "not in these" in each.text or each is tree


def test_a_timeline_is_a_drawing_and_a_table(g: ag.Graph) -> None:
    told = g.timeline("rok-us-alliance-dialogue")
    shown = page(told)
    assert "svg" in shown.tags
    assert "table" in shown.tags
    assert len(told.df()) == len(told) > 3
    assert "stalled" in told.text()
    assert told.svg().startswith("<svg")
    assert "choi-biegun-2020-09" not in g.timeline(since="2021-01-01").csv()


# --- questions as verbs --------------------------------------------------------------------------------


def test_questions_are_verbs_with_parameters_and_columns(g: ag.Graph) -> None:
    assert set(dir(g.questions)) == {q.name.replace("-", "_") for q in questions.catalogue()}
    verb = g.questions.counterparts
    assert verb(person="antony-blinken").rows == g.ask("counterparts", person="antony-blinken").rows
    assert "person" in inspect.signature(verb).parameters
    assert "Columns: person, personLabel" in (inspect.getdoc(verb) or "")
    chain = inspect.signature(g.questions.shortest_chain).parameters
    assert chain["start"].default is inspect.Parameter.empty
    with pytest.raises(AttributeError, match="counterparts"):
        _ = g.questions.counterpart
    assert "counterparts: " in repr(g.questions)
    assert "planned-not-held" in page(g.questions).text


def test_every_verb_explains_itself(g: ag.Graph) -> None:
    for name in dir(g.questions):
        text = inspect.getdoc(getattr(g.questions, name)) or ""
        assert "Parameters:" in text, name
        names, _, example = text.partition("Columns: ")[2].partition("\n\nExample:\n>>> ")
        rows = eval(example, {"g": g})  # noqa: S307 - what the docstring tells people to type
        assert ", ".join(rows.columns) == names


# --- the magic -----------------------------------------------------------------------------------------


@pytest.fixture
def shell(g: ag.Graph) -> Generator[Any, None, None]:
    made = InteractiveShell()
    made.history_manager.enabled = False
    made.user_ns["g"] = g
    made.run_line_magic("load_ext", "alliance_graph.notebook")
    yield made
    made.run_line_magic("unload_ext", "alliance_graph.notebook")
    made.history_manager.end_session()


QUERY = "SELECT ?other WHERE { ?person ally:counterpartOf ?other } ORDER BY ?other"


def test_the_magic_answers_with_bound_values(shell: Any, g: ag.Graph) -> None:
    answer = shell.run_cell_magic("sparql", "--to kept person=antony-blinken", QUERY)
    assert answer.column("other") == ["cho-tae-yul", "chung-eui-yong"]
    assert shell.user_ns["kept"] is answer
    shell.user_ns["own"] = g
    assert len(shell.run_cell_magic("sparql", "--on own", QUERY)) > len(answer)


def test_without_a_graph_the_magic_takes_the_shipped_facts(shell: Any) -> None:
    del shell.user_ns["g"]
    assert len(shell.run_cell_magic("sparql", "", QUERY)) > 5


def test_the_magic_says_how_it_is_used(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run_line_magic("sparql", "")
    said = capsys.readouterr().out
    assert "--on" in said
    assert "ally: https://w3id.org/alliance-graph/ontology#" in said


def test_mistakes_in_the_magic(shell: Any) -> None:
    for line, match in (
        ("person", "name=value"),
        ("--on", "name of a variable"),
        ("--on zzz", "zzz"),
    ):
        with pytest.raises(QueryError, match=match):
            shell.run_cell_magic("sparql", line, QUERY)
    with pytest.raises(UnknownName):
        shell.run_cell_magic("sparql", "person=nobody", QUERY)
    with pytest.raises(QueryError, match="no variable"):
        shell.run_cell_magic("sparql", "zzz=1", QUERY)


def test_a_value_is_never_pasted_into_the_query(shell: Any) -> None:
    line = '"person=\'\\"} DROP ALL #\'"'
    with pytest.raises((UnknownName, QueryError)):
        shell.run_cell_magic("sparql", line, QUERY)


def test_nothing_is_there_before_it_is_loaded_or_after() -> None:
    made = InteractiveShell()
    made.history_manager.enabled = False
    assert "sparql" not in made.magics_manager.magics["cell"]
    made.run_line_magic("load_ext", "alliance_graph.notebook")
    assert "sparql" in made.magics_manager.magics["cell"]
    made.run_line_magic("unload_ext", "alliance_graph.notebook")
    assert "sparql" not in made.magics_manager.magics["cell"]
    made.history_manager.end_session()


# --- names and imports ------------------------------------------------------------------------------------


def members(kind: type) -> set[str]:
    """The public names of a class and where they come from among our classes, and the class."""
    ours = [k for k in kind.__mro__ if k.__module__.partition(".")[0] == ag.__name__]
    found = {k.__name__ for k in ours if not k.__name__.startswith("_")}
    for base in ours:
        for name, value in vars(base).items():
            method = isinstance(value, FunctionType | classmethod | property)
            if method and not name.startswith("_"):
                found.add(f"{base.__name__}.{name}")
    return found


def test_every_public_name_has_an_example_that_runs(
    g: ag.Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "shipped", lambda: g.store)  # each of them opens the same graph
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = {
        t.name.partition(".")[2].partition(".")[2]: t
        for m in (ag.graph, notebook, pictures, frames, dossier, tables, timeline, why)
        for t in finder.find(m)
        if t.examples
    }
    kinds = [ag.Graph, pictures.Picture, pictures.Page, notebook.Rows, notebook.Statements]
    kinds += [notebook.Timeline, notebook.Questions, notebook.Verb]
    kinds += [dossier.Dossier, why.Tree, timeline.Snapshot, tables.Truth]
    wanted = {"open"}.union(*map(members, kinds))
    assert {"Table.column", "Triples.write", "Snapshot.as_dict"} <= wanted
    wanted.remove("Verb")  # what a question says of itself is tested above
    assert wanted - set(tests) == set()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for name in sorted(tests):
        runner.run(tests[name])
    assert runner.summarize(verbose=False).failed == 0


def test_import_needs_neither_pandas_nor_jupyter() -> None:
    code = (
        "import sys, alliance_graph as ag, alliance_graph.notebook; "
        "heavy = ('pandas', 'polars', 'IPython', 'ipykernel', 'networkx', 'rdflib', 'pydantic'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"
