from __future__ import annotations

import json
from pathlib import Path

import pytest

from alliance_graph import dossier, model, rdf
from alliance_graph.dossier import Dossier
from alliance_graph.errors import UnknownName
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, iri
from alliance_graph.why import Line


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


def lines(found: Dossier, title: str) -> list[Line]:
    return [line for s in found.sections if s.title.startswith(title) for line in s.lines]


def text(found: Dossier, title: str) -> str:
    return "\n".join(f"[{line.mark}] {line.text}" for line in lines(found, title))


def test_single_valued_predicates_are_those_of_the_model() -> None:
    of_model = {rdf.FIELDS[name][0] for name in model.SINGLE_VALUED if name in rdf.FIELDS}
    assert of_model <= dossier.SINGLE
    extra = {ALLY.commitmentKind, ALLY.dueDate, ALLY.scheduledFor, ALLY.setting}
    assert dossier.SINGLE - of_model == extra - of_model


def test_an_official_with_two_posts(store: Embedded) -> None:
    found = dossier.dossier(store, "biegun")
    assert (found.kind, found.id, found.label) == ("person", "stephen-biegun", "Stephen Biegun")
    posts = text(found, "Posts")
    assert "US Deputy Secretary of State · attested 2020-09, 2020-09-10" in posts
    assert "US Special Representative for North Korea (concurrent)" in posts
    faced = text(found, "Counterparts")
    assert "Choi Jong-kun, First Vice Minister of Foreign Affairs (South Korea)" in faced
    assert "asserted and derived" in faced
    met = lines(found, "Encounters")
    assert [line.text[:10] for line in met] == ["2020-09 · ", "2020-09-10"]
    assert "as US Special Representative for North Korea" in met[0].text


def test_every_line_of_a_source_names_it(store: Embedded) -> None:
    found = dossier.dossier(store, "antony-blinken")
    for title in ("Names", "Posts", "Counterparts", "Encounters", "Statements", "Stances"):
        assert lines(found, title), title
        for line in lines(found, title):
            assert line.sources, line.text
            assert all(s.paragraph or s.outside for s in line.sources)
    assert {a.id for a in found.articles} >= {"hankyoreh-2021-03-19", "mofa-2024-02-29"}


def test_an_acting_ambassador_whose_counterpart_is_only_planned(store: Embedded) -> None:
    found = dossier.dossier(store, "kevin-kim")
    assert "US Ambassador to South Korea (acting)" in text(found, "Posts")
    (nobody,) = [s for s in found.sections if s.title == "Counterparts"]
    assert nobody.lines == (Line("counterparts: not in these sources", "absent"),)
    (pair,) = lines(found, "Counterparts only planned")
    assert pair.mark == "planned"
    assert "Jeong Yeon-doo" in pair.text
    assert "asymmetric" in pair.text
    (plan,) = lines(found, "Encounters")
    assert plan.mark == "tentative"


def test_a_channel_reads_like_a_fact_box(store: Embedded) -> None:
    found = dossier.dossier(store, "rok-us-2-plus-2")
    box = text(found, "Fact box")
    assert "kind: meeting series" in box
    assert "party: South Korea" in box
    assert "principal: US Secretary of State" in box
    first, second = lines(found, "Sessions")
    assert first.text.startswith("2016-10")
    assert "1599–1629 days after the one before it here" in second.text
    assert "equal" in text(found, "Counterparts in it")


def test_a_channel_keeps_accounts_apart(store: Embedded) -> None:
    found = dossier.dossier(store, "rok-us-alliance-dialogue")
    levels = [line for line in lines(found, "Fact box") if line.text.startswith("level")]
    assert [line.mark for line in levels] == ["conflict", "conflict"]
    assert levels[0].text.startswith("level: director-general · preferred")
    assert "principals: not in these sources" in text(found, "Fact box")
    history = text(found, "Status")
    assert history.index("2020-09-10 (year inferred) · proposed") < history.index("2020-10-15")
    assert "deprecated: contradicted by same source" in history
    assert "sessions held or planned: not in these sources" in text(found, "Sessions")


def test_a_denied_channel_is_marked(store: Embedded) -> None:
    found = dossier.dossier(store, "permanent-consultative-body-north-korea")
    box = text(found, "Fact box")
    assert "[denied] every account of it is a denial" in box
    assert "[denied] formality: standing" in box


def test_conflicting_dates_stand_one_below_the_other(store: Embedded) -> None:
    found = dossier.dossier(store, "choi-biegun-2020-09")
    dates = [line for line in lines(found, "What is said") if line.text.startswith("date")]
    assert [line.mark for line in dates] == ["conflict", "conflict"]
    assert dates[0].text.startswith("date: 2020-09-10 · preferred: agrees with relative date")
    assert dates[1].text.startswith("date: 2020-10-10 · deprecated")
    assert "place: not in these sources" in text(found, "Not told")
    assert len(lines(found, "Who took part")) == 2
    assert len(lines(found, "Counterparts it shows")) == 1


@pytest.mark.parametrize(
    ("thing", "title", "expected"),
    [
        ("us-state-secretary", "Holders", "Mike Pompeo · attested 2020-10-15"),
        ("us-state-secretary", "Fact box", "level basis: convention"),
        ("kr-mofa", "Offices and parts", "office: Minister of Foreign Affairs (South Korea)"),
        ("kr-mofa", "Claims on its word", "claims in mofa-2024-02-29"),
        ("kp", "Officials", "Choe Son-hui, First Vice Minister"),
        ("kp", "Promises", "demand"),
        ("wartime-operational-control", "Stances", "Austin"),
        ("state-department-building", "What took place there", "2024-02-28"),
        ("diplomatic-sources-2025-12-12", "Claims on their word", "anonymous"),
        ("mofa-2024-02-29", "Bibliography", "publisher: Ministry of Foreign Affairs"),
        ("koreatimes-2024-12-21", "Whose word", "its own narrative"),
        ("washington-declaration", "What refers to it", "referred to by"),
        ("kim-hyun-chong-visit-us-2020-09", "Travellers", "Kim Hyun-chong"),
        ("choe-statement-2021-03-18", "What refers to it", "[denied] answered by"),
    ],
)
def test_each_kind_has_its_sections(store: Embedded, thing: str, title: str, expected: str) -> None:
    assert expected in text(dossier.dossier(store, thing), title)


def test_every_thing_with_a_name_has_a_dossier(store: Embedded) -> None:
    rows = select(store, "SELECT DISTINCT ?x WHERE { ?x a ?class ; skos:prefLabel ?name }")
    things = sorted({r["x"].value for r in rows if r["x"].value.startswith(iri("person", "")[:-7])})
    assert len(things) > 300
    for thing in things[::7]:
        found = dossier.dossier(store, thing)
        assert found.label
        assert found.text(60).splitlines()[-1] == "What is not listed is not in these sources."


def test_who_takes_part_and_in_which_capacity(store: Embedded) -> None:
    call = text(dossier.dossier(store, "han-biden-call-2024-12"), "Who took part")
    assert "Han Duck-soo as President of South Korea (acting)" in call
    assert "Joe Biden as President of the United States · " in call
    plan = dossier.dossier(store, "rok-us-north-korea-policy-consultation-2025-12")
    assert not lines(plan, "Who took part")
    assert "Kevin Kim as US Ambassador to South Korea (acting)" in text(plan, "Who is to take")
    attempt = dossier.dossier(store, "us-contact-attempts-2021")
    assert lines(attempt, "Who was to take part")


def test_a_level_of_general_knowledge_is_not_stated(store: Embedded) -> None:
    (level,) = [
        line
        for line in lines(dossier.dossier(store, "nuclear-consultative-group"), "Fact box")
        if line.text.startswith("level")
    ]
    assert level.text == "level: deputy-minister · general knowledge"
    box = text(dossier.dossier(store, "choi-biegun-2020-09"), "What is said")
    assert "level: vice-minister · stated" in box


def test_what_the_curators_decided_has_its_reason(store: Embedded) -> None:
    (line,) = lines(dossier.dossier(store, "choi-biegun-2020-09"), "What the curators decided")
    assert line.text.startswith("date-conflict: ranked, 20")
    assert "journey in the month before" in line.note
    (line,) = lines(dossier.dossier(store, "ko-knapper-2020-10"), "What the curators decided")
    assert line.text.startswith("outside-occasion: kept as conflict")


def test_json_is_the_same_in_plain_values(store: Embedded) -> None:
    found = dossier.dossier(store, "rok-us-alliance-dialogue")
    data = json.loads(json.dumps(found.as_dict(), ensure_ascii=False))
    assert data["ko"] == "한미 동맹대화"
    assert data["absence"] == "what is not listed is not in these sources"
    assert [s["title"] for s in data["sections"]] == [s.title for s in found.sections]
    first = data["sections"][1]["lines"][0]
    assert first["sources"][0]["article"] == "asiae-2020-10-16"
    assert data["articles"][0]["url"].startswith("https://cm.asiae.co.kr/")


def test_text_keeps_to_its_width(store: Embedded) -> None:
    from alliance_graph.tables import wide

    long = [
        line
        for line in dossier.dossier(store, "antony-blinken").text(80).splitlines()
        if wide(line) > 80 and "http" not in line
    ]
    assert long == []


def test_nothing_is_made_up_for_a_stranger(store: Embedded) -> None:
    with pytest.raises(UnknownName):
        dossier.dossier(store, "nobody-at-all")
    with pytest.raises(UnknownName, match="in these sources"):
        dossier.dossier(store, iri("person", "nobody-at-all"))
