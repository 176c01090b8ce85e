"""The press beside official records: what is found, and that it changes when the facts change."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner
from pyoxigraph import NamedNode, Quad, RdfFormat

from alliance_graph import (
    build,
    cli,
    compare,
    derive,
    outputs,
    paths,
    questions,
    seeds,
    shapes,
    timeline,
)
from alliance_graph.compare import Compared, Comparison
from alliance_graph.model import Facts
from alliance_graph.records import historyatstate, job, matching
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, ID

SAMPLE = Path(__file__).parent / "data" / "historyatstate"
BLINKEN = "travels/secretary-travels/blinken-antony-j.xml"
SECRETARY = "pocom/positions-principals/secretary.xml"
PLAN = "encounter/cho-blinken-in-person-meeting-planned"
PROMISE = "commitment/in-person-foreign-ministers-meeting-at-early-date"
SUMMIT = "encounter/summit-for-democracy-3"
TWO = "encounter/two-plus-two-2021-03-18"
STATE_VISIT = "visit/yoon-state-visit-2023"


@pytest.fixture(scope="module")
def made() -> build.Compiled:
    return build.compile_facts(paths.seeds())


@pytest.fixture(scope="module")
def press(made: build.Compiled) -> list[Quad]:
    return list(made.store.quads())


@pytest.fixture(scope="module")
def facts() -> Facts:
    return seeds.load(paths.seeds()).facts


def recorded(folder: Path, facts: Facts) -> Iterator[Quad]:
    decisions, _ = matching.load(facts, paths.seeds(), "historyatstate")
    assert decisions is not None
    for partition in historyatstate.partitions(folder, decisions):
        yield from historyatstate.quads(partition)


@pytest.fixture(scope="module")
def store(press: list[Quad], facts: Facts) -> Embedded:
    both = Embedded(press)
    both.load(recorded(SAMPLE, facts))
    return both


@pytest.fixture(scope="module")
def compared(store: Embedded) -> Compared:
    return compare.compare(store)


Changed = Callable[..., Compared]


@pytest.fixture
def changed(tmp_path: Path, press: list[Quad], facts: Facts) -> Changed:
    """What is found once texts of a file of the records, or quads of the press, are others."""

    def run(file: str = "", *texts: tuple[str, str], swap: tuple[str, str] = ("", "")) -> Compared:
        folder = Path(shutil.copytree(SAMPLE, tmp_path / "source"))
        if file:
            text = (folder / file).read_text("utf-8")
            for old, new in texts:
                assert old in text
                text = text.replace(old, new)
            (folder / file).write_text(text, "utf-8")
        old, new = swap
        both = Embedded()
        both.engine.bulk_load(
            "\n".join(
                str(q).replace(old, new) + " ." if old and old in str(q) else f"{q} ."
                for q in press
            ).encode(),
            format=RdfFormat.N_QUADS,
        )
        both.load(recorded(folder, facts))
        return compare.compare(both)

    return run


def of(compared: Compared, about: str, said: str = "") -> Comparison:
    [found] = [c for c in compared.found if c.about == ID + about and (not said or c.said == said)]
    return found


# --- what is found in the five articles -----------------------------------------------------------


def test_the_plans_and_promises_that_came_about_are_found(compared: Compared) -> None:
    fulfilled = {c.about.removeprefix(ID): c for c in compared.found if c.verdict == "fulfilled"}
    assert fulfilled.keys() == {
        PLAN,
        PROMISE,
        SUMMIT,
        "commitment/blinken-plan-summit-for-democracy-3",
    }
    assert {s.place for s in fulfilled[PLAN].records} == {"4275"}
    assert fulfilled[PLAN].recorded == "2025-01-06"
    assert {s.place for s in fulfilled[SUMMIT].records} == {"4221"}
    assert fulfilled[SUMMIT].rule == "plan-event"
    for c in fulfilled.values():
        assert c.press
        assert c.records
        assert c.note


def test_the_dates_that_the_records_confirm_are_found(compared: Compared) -> None:
    two = of(compared, TWO)
    assert (two.verdict, two.rule, two.said) == ("confirmed", "same-event", "2021-03-18")
    assert {s.place for s in two.records} == {"3993", "4020"}
    visit = of(compared, STATE_VISIT)
    assert (visit.verdict, visit.recorded) == ("confirmed", "2023-04-26")
    assert [s.text for s in visit.records] == ["State Visit."]
    held = [c for c in compared.found if c.rule == "in-office" and "Pompeo" in c.label]
    assert [(c.verdict, c.said) for c in held] == [("confirmed", "2020-10-15")]


def test_a_meeting_that_a_journey_does_not_name_is_no_more_than_compatible(
    compared: Compared,
) -> None:
    found = of(compared, "encounter/moon-meets-us-secretaries-2021-03-18")
    assert (found.verdict, found.rule) == ("compatible", "same-place")
    at_home = of(compared, "encounter/rok-us-fm-meeting-2024-02-28")
    assert (at_home.verdict, at_home.rule) == ("compatible", "at-home")


def test_what_the_records_cannot_know_is_not_held_against_the_press(compared: Compared) -> None:
    assert not [c for c in compared.found if c.verdict == "contradicted"]
    call = of(compared, "encounter/cho-blinken-call-2024-12-21")
    assert (call.verdict, call.rule) == ("press-only", "not-followed")
    wish = of(compared, "encounter/trump-kim-meeting-desired-2025")
    assert (wish.verdict, wish.rule) == ("press-only", "after-the-end")
    other = of(compared, "encounter/us-engagement-with-han-administration")
    assert (other.verdict, other.rule) == ("press-only", "not-followed")
    campbell = of(compared, "tenure/kurt-campbell.us-state-deputy-secretary")
    assert (campbell.verdict, campbell.rule) == ("press-only", "not-there")


def test_a_blank_end_confirms_nothing(compared: Compared) -> None:
    found = of(compared, "tenure/stephen-biegun.us-state-deputy-secretary")
    assert (found.verdict, found.rule) == ("compatible", "end-unknown")


def test_visits_between_the_allies_that_no_article_tells_of_are_listed(compared: Compared) -> None:
    only = {s.place for c in compared.found if c.verdict == "records-only" for s in c.records}
    assert {"4103", "3020", "3167", "3204", "3305", "4182", "secr-2025-rubi"} <= only
    told = {"4221", "4275", "3993", "3157"}  # by an article, or shown to carry out what it tells
    earlier = {"2912", "2959", "3896"}  # before the first article
    elsewhere = {"2991", "4276", "4286"}  # not between the allies
    assert not only & (told | earlier | elsewhere)


def test_coverage_is_read_from_the_records(compared: Compared) -> None:
    known = {c.label: c for c in compared.coverage}
    secretaries = known["Journeys abroad of secretaries of state"]
    assert (secretaries.last, secretaries.offices) == ("2025-02-19", ("US Secretary of State",))
    assert known["Visits of foreign leaders"].last == "2024-11-12"
    assert any("2025-02-19" in line for line in compared.limits())


def test_every_claim_of_an_article_that_can_be_compared_has_one_verdict(
    compared: Compared, store: Embedded
) -> None:
    told = {
        r["x"].value
        for kind in ("Encounter", "PlannedEncounter", "Visit")
        for r in select(
            store, f"SELECT ?x WHERE {{ ?x a ally:{kind} . ?c rdf:subject ?x ; ally:inArticle ?a }}"
        )
    } | {
        r["x"].value
        for r in select(
            store,
            "SELECT ?x WHERE { ?c rdf:subject ?x ; rdf:predicate ally:attestedOn ; "
            "ally:inArticle ?a . ?x a ally:Tenure }",
        )
    }
    verdicts = {c.about for c in compared.found if c.kind != "promise"}
    assert len(told) > 60
    assert told - verdicts == set()
    assert len({(c.about, c.said) for c in compared.found}) == len(compared.found)


# --- when the facts change ------------------------------------------------------------------------


def test_without_the_meeting_the_plan_stays_open(changed: Changed) -> None:
    found = changed(BLINKEN, ("and Foreign Minister Cho Tae-yul", "and Foreign Minister Other Man"))
    for about in (PLAN, PROMISE):
        assert not [c for c in found.found if c.about == ID + about and c.verdict == "fulfilled"]
    assert of(found, PLAN).verdict == "press-only"


def test_a_meeting_before_the_plan_does_not_carry_it_out(changed: Changed) -> None:
    found = changed(BLINKEN, ("2025-01-06", "2024-12-20"))
    assert of(found, PLAN).verdict == "press-only"


def test_a_tentative_plan_is_named_and_a_wish_is_none(changed: Changed) -> None:
    """The plan of the ministers' meeting, told as something less sure."""
    plan = f"<{ID}{PLAN}> <{ALLY.modality}> <{ID.replace('/id/', '/vocabulary/')}modality/"
    tentative = of(changed(swap=(f"{plan}planned>", f"{plan}tentative>")), PLAN)
    assert (tentative.verdict, tentative.rule) == ("fulfilled", "plan-held")
    assert "after the tentative plan of 2024-12-21" in tentative.note


@pytest.mark.parametrize("modality", ["desired", "hypothetical"])
def test_a_wish_is_not_fulfilled_by_a_later_meeting(changed: Changed, modality: str) -> None:
    plan = f"<{ID}{PLAN}> <{ALLY.modality}> <{ID.replace('/id/', '/vocabulary/')}modality/"
    found = changed(swap=(f"{plan}planned>", f"{plan}{modality}>"))
    wish = of(found, PLAN)
    assert (wish.verdict, wish.rule) == ("compatible", "wish")
    assert modality in wish.note
    assert {s.place for s in wish.records} == {"4275"}
    assert not [c for c in found.found if c.about == ID + PROMISE and c.verdict == "fulfilled"]
    assert not [
        q for q in compare.quads(found)
        if q.predicate.value == ALLY.fulfils and ID + PLAN in str(q.object)
    ]  # fmt: skip


def test_an_event_of_another_number_or_name_is_another(changed: Changed) -> None:
    found = changed(BLINKEN, ("third Summit for Democracy", "fourth Summit for Democracy"))
    assert of(found, SUMMIT).verdict == "press-only"


def test_an_abbreviation_tells_one_body_from_another(changed: Changed) -> None:
    found = changed(
        BLINKEN,
        ("U.S.-ROK Foreign and Defense Ministerial", "NATO Foreign and Defense Ministerial"),
    )
    assert of(found, TWO).rule == "same-persons"


def test_the_same_event_on_other_days_contradicts(changed: Changed) -> None:
    found = changed(BLINKEN, ("2021-03-17<", "2021-03-24<"), ("2021-03-18<", "2021-03-25<"))
    assert (of(found, TWO).verdict, of(found, TWO).rule) == (
        "contradicted",
        "same-event-other-day",
    )


def test_a_journey_elsewhere_on_the_day_contradicts(changed: Changed) -> None:
    meeting = "encounter/rok-us-fm-meeting-2024-02-28"
    days = (("2024-02-15<", "2024-02-27<"), ("2024-02-17<", "2024-02-29<"))
    found = of(changed(BLINKEN, *days), meeting)
    assert (found.verdict, found.rule) == ("contradicted", "elsewhere")
    assert found.records


def test_a_day_of_departure_or_return_contradicts_nothing(changed: Changed) -> None:
    meeting = "encounter/rok-us-fm-meeting-2024-02-28"
    days = (("2024-02-15<", "2024-02-28<"), ("2024-02-17<", "2024-02-29<"))
    assert of(changed(BLINKEN, *days), meeting).verdict != "contradicted"


def test_a_tenure_that_ended_before_contradicts(changed: Changed) -> None:
    found = changed(SECRETARY, ("<date>2025-01-20</date>", "<date>2024-06-01</date>"))
    by_day = {c.said: c.verdict for c in found.found
              if c.about == f"{ID}tenure/antony-blinken.us-state-secretary"}  # fmt: skip
    assert by_day == {
        "2021-03-18": "confirmed",
        "2024-02-28": "confirmed",
        "2024-10-31": "contradicted",
        "2024-12-21": "contradicted",
    }


def test_another_year_of_the_visit_is_not_confirmed(changed: Changed) -> None:
    found = changed("visits/data/2020.xml", ("2023-", "2022-"), ("2024-", "2022-"))
    assert of(found, STATE_VISIT).verdict == "press-only"


def test_a_visit_in_no_words_of_its_own_is_one_of_several(changed: Changed) -> None:
    found = changed("visits/data/2020.xml", ("State Visit.", "Official Visit."))
    assert (of(found, STATE_VISIT).verdict, of(found, STATE_VISIT).rule) == (
        "compatible",
        "several-visits",
    )


def test_a_change_in_the_press_changes_the_finding(changed: Changed) -> None:
    """The article's date moved by a week, in every quad that says it of the meeting."""
    found = changed(swap=('"2021-03-18"', '"2021-03-25"'))
    assert of(found, TWO).verdict == "contradicted"


# --- as facts, questions and files ----------------------------------------------------------------


def test_without_records_nothing_is_compared(press: list[Quad]) -> None:
    alone = Embedded(press)
    assert compare.compare(alone) == Compared((), ())
    for name in ("compared-with-records", "fulfilled-by-records", "record-coverage"):
        assert len(questions.ask(alone, name)) == 0
    assert len(questions.ask(alone, "records-of", person="antony-blinken")) == 0


def test_the_questions_answer_where_records_are(
    press: list[Quad], facts: Facts, compared: Compared
) -> None:
    both = Embedded(press)
    both.load(recorded(SAMPLE, facts))
    both.load(compare.quads(compared))
    fulfilled = questions.ask(both, "fulfilled-by-records")
    assert {r["promise"] for r in fulfilled.dicts()} == {
        c.about.rpartition("/")[2] for c in compared.found if c.verdict == "fulfilled"
    }
    assert set(fulfilled.column("state")) <= {"unknown", None}, "an article's state stands"
    rows = questions.ask(both, "compared-with-records", verdict="confirmed").dicts()
    assert {r["about"] for r in rows} >= {"two-plus-two-2021-03-18", "yoon-state-visit-2023"}
    held = questions.ask(both, "records-of", person="cho-tae-yul", since="2025").dicts()
    assert {r["record"] for r in held} == {"4275"}
    assert len(questions.ask(both, "record-coverage")) == 5
    known = {r["promise"] for r in questions.ask(both, "fulfilled").dicts()}
    assert "summit-for-democracy-3" in known


def test_what_is_found_is_marked_as_derived_and_can_be_left_out(
    press: list[Quad], compared: Compared
) -> None:
    found = list(compare.quads(compared))
    assert {q.graph_name for q in found} == {NamedNode(compare.COMPARISON)}
    assert not {q.predicate.value for q in found} & {ALLY.state, ALLY.rank}
    plain = [q for q in found if q.predicate.value in (ALLY.fulfils, ALLY.fulfilledBy)]
    assert len(plain) == 4
    both = Embedded([*press, *found])
    for q in plain:
        why = list(
            select(
                both,
                f"SELECT ?r ?p WHERE {{ ?d a ally:Derivation ; rdf:subject {q.subject} ; "
                f"rdf:predicate {q.predicate} ; rdf:object {q.object} ; ally:rule/rdfs:label ?r ; "
                "ally:premise ?p }",
            )
        )
        assert len(why) >= 2
    both.update(f"DROP GRAPH <{compare.COMPARISON}>")
    assert set(both.quads()) == set(press)


def test_both_together_hold(press: list[Quad], facts: Facts, compared: Compared) -> None:
    """Press, records and comparison keep every shape, and no triple stands in two graphs."""
    both = Embedded(press)
    both.load(recorded(SAMPLE, facts))
    derive.derive(both)
    both.load(compare.quads(compared))
    found = shapes.validate(shapes.Graph(q.triple for q in both.quads()), lambda _: None)
    assert [str(f) for f in found if f.fails] == []
    assert len({q.triple for q in both.quads()}) == len(both)


def test_the_same_facts_give_the_same_findings(store: Embedded, compared: Compared) -> None:
    again = compare.compare(store)
    assert again == compared
    assert len({c.id for c in again.found}) == len(again.found)
    assert outputs.in_order(compare.quads(again)) == outputs.in_order(compare.quads(compared))


def test_each_rule_and_verdict_that_is_used_is_explained(compared: Compared) -> None:
    assert {c.rule for c in compared.found} <= compare.RULES.keys()
    assert {c.verdict for c in compared.found} <= compare.VERDICTS.keys()
    assert list(compare.VERDICTS) == cli._VERDICTS


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, facts: Facts) -> Path:
    out = tmp_path_factory.mktemp("records") / "historyatstate"
    decisions, _ = matching.load(facts, paths.seeds(), "historyatstate")
    assert decisions is not None
    job.run("historyatstate", SAMPLE, out, facts, decisions)
    return out


def test_the_command_tells_both_sides(imported: Path, compared: Compared) -> None:
    base = ["compare", "--records", str(imported), "--graph", str(paths.seeds())]
    text = CliRunner().invoke(cli.main, base)
    assert text.exit_code == 0, text.output
    assert "FULFILLED (4)" in text.output
    assert f"{BLINKEN}, 4275: Met with Acting President" in text.output
    assert "koreatimes-2024-12-21, body 3, words 1-23" in text.output
    assert "What these records follow" in text.output
    table = CliRunner().invoke(cli.main, [*base, "--format", "csv", "--verdict", "confirmed"])
    lines = list(csv.DictReader(io.StringIO(table.stdout)))
    assert len(lines) == compared.counts()["confirmed"]
    told = CliRunner().invoke(cli.main, [*base, "--format", "json", "--verdict", "fulfilled"])
    data = json.loads(told.stdout)
    assert data["counts"] == compared.counts()
    assert len(data["found"]) == 4
    assert len(data["coverage"]) == 5


def test_the_command_says_what_to_do_without_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner().invoke(cli.main, ["compare", "--graph", str(paths.seeds())])
    assert run.exit_code == 2
    assert "first `alliance import historyatstate DIR`" in run.output


def test_a_store_that_is_only_read_is_said(imported: Path, tmp_path: Path) -> None:
    ox.Store(str(tmp_path / "store")).flush()
    run = CliRunner().invoke(
        cli.main, ["compare", "--records", str(imported), "--graph", str(tmp_path)]
    )
    assert run.exit_code == 2
    assert "only read; name a folder of facts" in run.output


def test_a_build_with_records_has_them_in_graph_report_and_page(
    imported: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    built = build.build(paths.seeds(), out, records=imported)
    assert built.summary["fulfilled by records"] == 4
    graph = (out / "alliance.trig").read_text("utf-8")
    assert "graph:records" in graph or "graph/records/historyatstate" in graph
    assert "hs-travels-4275" in (out / "alliance.ttl").read_text("utf-8")
    assert "hs-travels-4275.is" in (out / "claims.ttl").read_text("utf-8")
    report = (out / "report.html").read_text("utf-8")
    assert "13. Official records" in report
    assert "Headed the U.S. delegation to the third Summit for Democracy" in report
    data = json.loads((out / "report.json").read_text("utf-8"))
    assert data["compared"]["counts"]["fulfilled"] == 4
    page = (out / "network.html").read_text("utf-8")
    assert "Headed the U.S. delegation" in page
    table = (out / "tables" / "fulfilled-by-records.csv").read_text("utf-8")
    assert "hs-travels-4275" in table
    assert build.build(paths.seeds(), out, records=imported).fresh is False
    assert build.build(paths.seeds(), out).fresh is True
    assert "Official records</h2>" not in (out / "report.html").read_text("utf-8")


def test_a_day_shows_what_records_hold_of_it(store: Embedded, made: build.Compiled) -> None:
    day = date(2021, 3, 18)
    found, press = timeline.at(store, day), timeline.at(made.store, day)
    *sections, records = found.sections
    assert tuple(sections) == press.sections
    assert records.title == "By official records"
    assert all(line.text.startswith("record: ") for line in records.lines)
    journey = next(line for line in records.lines if "Journey of Antony" in line.text)
    assert {s.holder for s in journey.sources} == {"us-office-of-the-historian"}
    # the records have this journey twice
    assert {s.outside for s in journey.sources} == {
        f"external: {BLINKEN}, {n}" for n in (3993, 4020)
    }
    assert any("Secretary of State: Antony Blinken" in line.text for line in records.lines)
    assert any(line.text.endswith("maybe on that day") for line in records.lines)
    # what was known by a day is what had been published by then, which of records nobody says
    assert timeline.at(store, day, day).sections == timeline.at(made.store, day, day).sections
