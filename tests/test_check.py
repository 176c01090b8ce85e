"""Rules between records: each has a case that it finds, and a near one that it must not find.

The identities are the curated ones; the records are small pieces of the five articles, most of them
bent so that they disagree.
"""

from __future__ import annotations

import re
import shutil
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import check as checking
from alliance_graph import paths, seeds, yaml12
from alliance_graph.check import CODES, RULES, check, spelling
from alliance_graph.errors import Finding
from alliance_graph.model import Article, DecisionKind, Facts, Institution, Office, Person
from alliance_graph.seeds import Loaded

DIGEST = "0" * 16


def at(p: int = 1, words: str = "1-10", block: str = "body") -> dict[str, Any]:
    return {"block": block, "p": p, "words": words, "digest": DIGEST}


HEADLINE = at(block="headline", words="1-5")
MEETING = {"id": "choi-biegun-2020-09", "kind": "meeting", "label": "Choi and Biegun meet"}


@cache
def curated() -> Loaded:
    return seeds.load(paths.seeds())


@cache
def identities() -> Facts:
    return curated().facts.model_copy(update={"articles": ()})


def article(day: str = "2020-10-16", name: str = "asiae", **sections: Any) -> Article:
    """An article of a day, whose records have a passage unless they say otherwise."""
    for section, records in sections.items():
        if isinstance(records, list) and section not in ("blocks", "decisions", "unnamed"):
            sections[section] = [{"evidence": at(), **record} for record in records]
    return Article.model_validate(
        {
            "id": f"{name}-{day}",
            "kind": "news-article",
            "headline": "A headline",
            "publisher": "asiae",
            "url": "https://example.org/",
            "published": {"is": day, "date_basis": "stated"},
            "anchor": day,
            **sections,
        }
    )


def found(*articles: Article, code: str, **more: Any) -> list[Finding]:
    """The findings of one code over some articles."""
    assert code in CODES
    facts = identities().model_copy(update={"articles": articles, **more})
    return [f for f in check(Loaded(facts, ())) if f.code == code]


def meeting(**fields: Any) -> dict[str, Any]:
    return {**MEETING, **fields}


# --- the conflict of 2020-10-16 --------------------------------------------------------------------


def without(value: Any, *keys: str) -> Any:
    if isinstance(value, dict):
        return {k: without(v, *keys) for k, v in value.items() if k not in keys}
    return [without(v, *keys) for v in value] if isinstance(value, list) else value


@pytest.fixture
def bare(tmp_path: Path) -> Loaded:
    """The curated facts, but in the first article each passage's date is simply recorded."""
    root = tmp_path / "seeds"
    shutil.copytree(paths.seeds(), root)
    path = root / "articles" / "asiae-2020-10-16.yaml"
    data, _, wrong = yaml12.read(path.read_bytes(), str(path))
    assert not wrong
    path.write_text(yaml12.write(without(data, "rank", "because", "decisions")), "utf-8")
    return seeds.load(root)


def test_the_two_dates_of_one_meeting_are_found_without_rank_and_reason(bare: Loaded) -> None:
    assert not bare.broken
    (conflict,) = [f for f in check(bare) if f.code == "date-conflict"]
    assert conflict.about == ("choi-biegun-2020-09",)
    assert conflict.fails
    for part in ("2020-09-10", "September 10th", "kr-mofa", "2020-10-10", "October 10th"):
        assert part in conflict.what
    assert conflict.where is not None
    assert len(conflict.related) == 1
    lines = Path(conflict.where.file).read_text("utf-8").splitlines()
    places = [lines[mark.line - 1] for mark in (conflict.where, *conflict.related)]
    assert ["2020-09-10" in places[0], "2020-10-10" in places[1]] == [True, True]


def test_the_month_of_the_visit_and_the_order_speak_against_october(bare: Loaded) -> None:
    findings = check(bare)
    (outside,) = [f for f in findings if f.code == "outside-occasion" and "choi" in f.about[0]]
    assert outside.about == ("choi-biegun-2020-09", "choi-visit-us-2020-09")
    assert "October 10th" in outside.what
    assert "last month" in outside.what
    (order,) = [f for f in findings if f.code == "order-disagrees"]
    assert order.about == ("lee-biegun-2020-09", "choi-biegun-2020-09")


def test_as_curated_the_conflict_stays_listed_with_its_decision() -> None:
    findings = check(curated())
    (conflict,) = [f for f in findings if f.code == "date-conflict"]
    assert conflict.decision is not None
    assert conflict.decision.startswith("ranked: ")
    assert not conflict.fails
    assert not [f for f in findings if f.code == "order-disagrees"]


def test_the_curated_facts_are_clean() -> None:
    failing = [str(f) for f in check(curated()) if f.fails]
    assert failing == []


# --- conflicts -------------------------------------------------------------------------------------

SEPTEMBER = {"is": "2020-09-10", "printed": "September 10th", "holder": "kr-mofa"}
OCTOBER = {"is": "2020-10-10", "printed": "October 10th"}


def test_two_dates_conflict() -> None:
    (one,) = found(article(encounters=[meeting(date=[SEPTEMBER, OCTOBER])]), code="date-conflict")
    assert one.severity == "warning"
    assert one.fails
    assert "the narrative of asiae-2020-10-16" in one.what


@pytest.mark.parametrize(
    ("first", "second", "decision"),
    [
        ({"rank": "preferred", "because": "agrees-with-relative-date"}, {}, "2020-09-10, agrees"),
        ({}, {"rank": "deprecated", "because": "misprint"}, "not 2020-10-10, misprint"),
    ],
)
def test_a_ranked_conflict_is_decided(
    first: dict[str, str], second: dict[str, str], decision: str
) -> None:
    record = meeting(date=[SEPTEMBER | first, OCTOBER | second])
    (one,) = found(article(encounters=[record]), code="date-conflict")
    assert not one.fails
    assert one.decision is not None
    assert one.decision.startswith(f"ranked: {decision}")


def test_two_preferred_dates_decide_nothing() -> None:
    rank = {"rank": "preferred", "because": "first-hand"}
    record = meeting(date=[SEPTEMBER | rank, OCTOBER | rank])
    assert found(article(encounters=[record]), code="date-conflict")[0].fails


def test_a_date_within_another_is_no_conflict_but_less_precise() -> None:
    told = article(encounters=[meeting(date=["2020-09", "2020-09-10"])])
    assert found(told, code="date-conflict") == []
    (one,) = found(told, code="less-precise")
    assert not one.fails


def test_the_same_date_told_twice_is_nothing() -> None:
    told = article(encounters=[meeting(date=[SEPTEMBER, "2020-09-10"])])
    assert found(told, code="date-conflict") == found(told, code="less-precise") == []


def test_dates_conflict_across_articles() -> None:
    one = article(encounters=[meeting(date="2020-09-10")])
    other = article("2020-10-17", encounters=[meeting(date="2020-09-11")])
    (conflict,) = found(one, other, code="date-conflict")
    assert "asiae-2020-10-17" in conflict.what


def test_a_denied_date_is_no_conflict() -> None:
    record = meeting(date=["2020-09-10", {"is": "2020-10-10", "polarity": "denied"}])
    assert found(article(encounters=[record]), code="date-conflict") == []


def test_two_places_conflict_unless_one_lies_in_the_other() -> None:
    def told(*places: str) -> Article:
        return article(encounters=[meeting(place=list(places))])

    assert found(told("blue-house", "washington"), code="value-conflict")
    assert found(told("blue-house", "seoul"), code="value-conflict") == []
    assert found(told("washington", "us"), code="value-conflict") == []
    assert found(told("blue-house", "mofa-complex"), code="value-conflict")


def test_several_values_of_a_field_that_may_have_several_are_fine() -> None:
    record = meeting(discussed=["rok-us-alliance", "indo-pacific-cooperation"])
    assert found(article(encounters=[record]), code="value-conflict") == []


# --- phrases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "date", "printed", "code"),
    [
        ("2020-10-16", "2020-10", "last month", "phrase-disagrees"),
        ("2020-10-16", "2020-09-14", "the 15th (local time)", "phrase-disagrees"),
        ("2020-10-16", "2020-09-10", "last month", "too-precise"),
        ("2021-03-19", "2021-03-17", "Thursday", "weekday-disagrees"),
        ("2024-12-21", "2024-12-14", "Saturday", "phrase-disagrees"),
        ("2025-12-12", "2025-12-15", "Monday", "phrase-disagrees"),
        ("2021-03-19", "2021-03-16", "yesterday", "phrase-disagrees"),
        ("2021-03-19", "2021-02-15/2021-03-18", "since mid-February", "too-precise"),
    ],
)
def test_a_phrase_that_does_not_give_the_date(day: str, date: str, printed: str, code: str) -> None:
    told = article(day, encounters=[meeting(date={"is": date, "printed": printed})])
    (one,) = found(told, code=code)
    assert printed in one.what
    others = {"phrase-disagrees", "too-precise", "weekday-disagrees"} - {code}
    assert not any(found(told, code=other) for other in others)


@pytest.mark.parametrize(
    ("day", "date", "printed"),
    [
        ("2020-10-16", "2020-09", "last month"),
        ("2020-10-16", "2020-10", "the 15th (local time)"),  # wider than the phrase is allowed
        ("2020-10-16", "2020-09-16/2020-09-20", "the 16th to the 20th of last month"),
        ("2021-03-19", "2021-03-18", "Thursday"),
        ("2021-03-19", "2021-03-18", "yesterday"),
        ("2024-12-21", "2024-12-16/2024-12-20", "earlier this week"),
        ("2024-02-29", "2024-02-22", "on February 22"),
        ("2021-03-19", "2021-02-11~/2021-03-18", "since mid-February"),
        ("2021-03-19", "2021-02/2021-03-18", "since mid-February"),
        ("2020-10-16", "2020-10-15", "the session"),  # says nothing of a day
        ("2024-12-21", "2024-12-18/2024-12-19", "Thursday"),
    ],
)
def test_a_phrase_that_gives_the_date(day: str, date: str, printed: str) -> None:
    told = article(day, encounters=[meeting(date={"is": date, "printed": printed})])
    for code in ("phrase-disagrees", "weekday-disagrees", "too-precise"):
        assert [f.what for f in found(told, code=code)] == []


def test_a_plan_is_read_into_the_future() -> None:
    date = {"is": "2025-12-16", "printed": "next Tuesday"}
    told = article("2025-12-12", encounters=[meeting(modality="tentative", date=date)])
    assert found(told, code="phrase-disagrees") == []
    date = {"is": "2025-01-20", "printed": "Jan. 20"}
    told = article("2024-12-21", encounters=[meeting(modality="planned", date=date)])
    assert found(told, code="phrase-disagrees") == []


def test_a_phrase_counts_from_its_own_anchor() -> None:
    event = {"id": "two-plus-two", "label": "2+2", "kind": "meeting", "date": "2021-03-18"}
    day_before = {"is": "2021-03-17", "printed": "the previous day", "anchor": "two-plus-two"}
    remarks = {"id": "remarks", "label": "Remarks", "actor": "antony-blinken", "date": day_before}
    told = article("2021-03-19", encounters=[event], statements=[remarks])
    assert found(told, code="phrase-disagrees") == []
    remarks["date"] = day_before | {"is": "2021-03-16"}
    told = article("2021-03-19", encounters=[event], statements=[remarks])
    assert found(told, code="phrase-disagrees")


def test_outside_knowledge_need_not_agree_with_a_phrase() -> None:
    date = {"is": "2020-09-22", "printed": "last month", "basis": "external", "source": "UN"}
    told = article(encounters=[meeting(date=date)])
    assert found(told, code="too-precise") == []


def test_the_day_of_publication_is_checked_too() -> None:
    published = {"is": "2025-12-12", "date_basis": "year-inferred", "printed": "Friday"}
    told = article("2025-12-12", published=published)
    assert found(told, code="weekday-disagrees") == []
    told = article("2024-12-12", published=published | {"is": "2024-12-12"})
    (one,) = found(told, code="weekday-disagrees")
    assert "is a Thursday, not a Friday" in one.what


def test_the_date_of_a_status_is_checked_too() -> None:
    status = {"is": "agreed", "date": "2020-08", "date_printed": "last month"}
    facts = {"channel": "rok-us-alliance-dialogue", "status": status}
    assert found(article(channels=[facts]), code="phrase-disagrees")
    facts["status"] = status | {"date": "2020-09"}
    assert found(article(channels=[facts]), code="phrase-disagrees") == []


# --- orders ----------------------------------------------------------------------------------------


def pair(first: str, second: str, **link: Any) -> Article:
    """An event, and a later one told to come after it."""
    earlier = {"id": "earlier", "label": "Earlier", "kind": "meeting", "date": first}
    later = {"id": "later", "label": "Later", "kind": "meeting", "date": second}
    channel = {"channel": "rok-us-2-plus-2"}
    return article(
        "2024-03-01",
        encounters=[
            earlier | channel,
            later | channel | {"after": {"is": "earlier", **link}},
        ],
    )


@pytest.mark.parametrize(
    ("first", "second", "gap", "code"),
    [
        ("2024-02-22", "2024-02-28", "P6D", None),
        ("2024-02-22", "2024-02-27", "P6D", "gap-disagrees"),
        ("2016-10", "2021-03-18", "P5Y", "gap-rounded"),
        ("2016-10", "2021-11-18", "P5Y", None),
        ("2016-10", "2021-10-18", "P5Y", None),
        ("2020-09-15", "2020-10-16", "P1M", None),
        ("2020-09-16", "2020-10-16", "P1M", None),
        ("2020-09-30", "2020-10-16", "P1M", "gap-rounded"),
        ("2020-09-30", "2020-10-16", "P2W", None),
        ("2016-10", "2021-03-18", "P4Y", "gap-disagrees"),
        ("2016-10", "2021-03-18", "P6Y", "gap-disagrees"),
        ("2024-02-22", "2024-02-20", "P6D", "gap-disagrees"),
    ],
)
def test_intervals(first: str, second: str, gap: str, code: str | None) -> None:
    told = pair(first, second, gap=gap)
    for each in ("gap-disagrees", "gap-rounded"):
        assert len(found(told, code=each)) == (each == code)


def test_a_rounded_interval_tells_the_exact_one() -> None:
    (one,) = found(pair("2016-10", "2021-03-18", gap="P5Y"), code="gap-rounded")
    assert "5 years" in one.what
    assert "4 years 4 months" in one.what


def test_orders() -> None:
    assert found(pair("2020-10-10", "2020-09"), code="order-disagrees")
    assert found(pair("2020-09-10", "2020-09"), code="order-disagrees") == []
    assert found(pair("2020-09-10", "2020-09-10"), code="order-disagrees") == []


def test_an_order_in_a_circle() -> None:
    a = {"id": "a", "label": "A", "kind": "meeting", "after": "c"}
    b = {"id": "b", "label": "B", "kind": "meeting", "after": "a"}
    c = {"id": "c", "label": "C", "kind": "meeting", "after": "b"}
    (one,) = found(article(encounters=[a, b, c]), code="order-disagrees")
    assert set(one.about) == {"a", "b", "c"}
    b["after"] = []  # type: ignore[assignment]  # YAML may have a list here
    assert found(article(encounters=[a, b, c]), code="order-disagrees") == []


def test_the_first_in_five_years_has_none_between() -> None:
    told = pair("2016-10", "2021-03-18", gap="P5Y")
    between = {"id": "between", "kind": "meeting", "label": "B", "date": "2019-05-01"}
    of_channel = between | {"channel": "rok-us-2-plus-2"}
    (one,) = found(told, article(encounters=[of_channel]), code="not-the-first")
    assert one.about == ("later", "earlier", "between")
    for other in (
        between,
        of_channel | {"channel": "security-consultative-meeting"},
        of_channel | {"date": "2016-01"},
        of_channel | {"modality": "planned"},
    ):
        assert found(told, article(encounters=[other]), code="not-the-first") == []


# --- occasions, tenures, sessions, telling ---------------------------------------------------------

SCM = {"id": "scm-52", "label": "52nd SCM", "kind": "meeting", "date": "2020-10-14"}
KO = {"id": "ko-knapper-2020-10", "label": "Ko and Knapper", "kind": "meeting"}


@pytest.mark.parametrize(("day", "outside"), [("2020-10-15", 1), ("2020-10-14", 0), ("2020-10", 0)])
def test_during_a_session_of_another_day(day: str, outside: int) -> None:
    told = article(encounters=[SCM, KO | {"date": day, "on_occasion_of": "scm-52"}])
    findings = found(told, code="outside-occasion")
    assert len(findings) == outside
    for one in findings:
        assert one.about == ("ko-knapper-2020-10", "scm-52")


def test_outside_a_visit() -> None:
    visit = {"id": "visit", "label": "Visit", "date": "2020-09"}
    inside = meeting(date="2020-09-10", during="visit")
    assert found(article(visits=[visit], encounters=[inside]), code="outside-occasion") == []
    outside = meeting(date="2020-10-10", during="visit")
    assert found(article(visits=[visit], encounters=[outside]), code="outside-occasion")
    for down in (
        {"rank": "deprecated", "because": "misprint"},
        {"polarity": "denied"},
    ):
        ranked = meeting(date=["2020-09-10", {"is": "2020-10-10", **down}], during="visit")
        assert found(article(visits=[visit], encounters=[ranked]), code="outside-occasion") == []
    up = {"is": "2020-09-10", "rank": "preferred", "because": "first-hand"}
    ranked = meeting(date=[up, "2020-10-10"], during="visit")
    assert found(article(visits=[visit], encounters=[ranked]), code="outside-occasion") == []
    unknown = {"id": "visit", "label": "Visit"}
    assert found(article(visits=[unknown], encounters=[outside]), code="outside-occasion") == []


def in_office(person: str, day: str, **more: Any) -> dict[str, Any]:
    return {"person": person, "post": "kr-mofa-minister", "attested": day, **more}


@pytest.mark.parametrize(
    ("tenure", "day", "outside"),
    [
        ({"start": "2024-01-12"}, "2024-01-10", 1),
        ({"start": "2024-01-12"}, "2024-02-28", 0),
        ({"start": "2024-01"}, "2024-01-10", 0),
        ({"end": "2024-02-01"}, "2024-02-28", 1),
        ({}, "2019-02-28", 0),
    ],
)
def test_outside_a_tenure(tenure: dict[str, str], day: str, outside: int) -> None:
    held = in_office("cho-tae-yul", "2024-01-20", **tenure)
    took_part = {"person": "cho-tae-yul", "in": "kr-mofa-minister"}
    told = article(
        "2024-02-29", tenures=[held], encounters=[meeting(date=day, participants=[took_part])]
    )
    assert len(found(told, code="outside-tenure")) == outside


def test_the_tenure_of_another_person_sets_no_limit() -> None:
    held = in_office("cho-tae-yul", "2024-01-20", start="2024-01-12")
    before = in_office("chung-eui-yong", "2021-03-18")
    assert found(article("2024-02-29", tenures=[held, before]), code="outside-tenure") == []
    other = before | {"person": "cho-tae-yul", "post": "kr-president"}
    assert found(article("2024-02-29", tenures=[held, other]), code="outside-tenure") == []


def test_two_holders_of_one_office_on_one_day() -> None:
    def told(*tenures: dict[str, Any]) -> list[Finding]:
        return found(article("2024-03-01", tenures=list(tenures)), code="two-holders")

    cho, chung = in_office("cho-tae-yul", "2024-02-28"), in_office("chung-eui-yong", "2024-02-28")
    (one,) = told(cho, chung)
    assert one.about == ("kr-mofa-minister", "cho-tae-yul", "chung-eui-yong")
    assert told(cho, cho) == []
    assert told(cho, in_office("chung-eui-yong", "2021-03-18")) == []
    assert told(cho, in_office("chung-eui-yong", "2024-02")) == []
    assert told(*(in_office(who, "2024-02") for who in ("cho-tae-yul", "chung-eui-yong"))) == []
    assert told(cho, chung | {"capacity": "acting"}) == []
    span = in_office("chung-eui-yong", "2024-02-01", end="2024-03-01")
    assert told(cho, span)


def test_two_holders_shown_at_encounters() -> None:
    def told(**one: Any) -> list[Finding]:
        took_part = [{"person": "suh-wook", "in": "kr-mofa-minister"} | one]
        record = meeting(date="2024-02-28", participants=took_part)
        holder = in_office("cho-tae-yul", "2024-02-28")
        return found(
            article("2024-03-01", tenures=[holder], encounters=[record]), code="two-holders"
        )

    assert told()
    assert told(capacity="acting") == []


@pytest.mark.parametrize(
    ("modality", "day", "code"),
    [
        ("planned", "2020-09-10", "plan-in-the-past"),
        ("tentative", "2020-10-15", "plan-in-the-past"),
        ("planned", "2020-10-16", None),
        ("planned", "2020-10", None),
        ("attempted", "2020-09-10", None),
        ("held", "2020-11-03", "held-in-the-future"),
        ("held", "2020-10-16", None),
        ("planned", "2020-11-03", None),
    ],
)
def test_the_day_of_telling(modality: str, day: str, code: str | None) -> None:
    told = article(encounters=[meeting(modality=modality, date=day)])
    for each in ("plan-in-the-past", "held-in-the-future"):
        assert len(found(told, code=each)) == (each == code)


def test_a_day_is_held_against_the_article_that_tells_it() -> None:
    plan = meeting(modality="planned")
    before = article("2020-09-01", encounters=[plan | {"date": "2020-09-10"}])
    assert found(before, article(encounters=[plan]), code="plan-in-the-past") == []


def promise(**fields: Any) -> dict[str, Any]:
    return {
        "id": "alliance-dialogue-establishment",
        "label": "Set up the Alliance Dialogue",
        "kind": "agreement",
        "content": "Found the body",
        **fields,
    }


def test_an_open_promise_that_was_due() -> None:
    for state, overdue in (("open", 1), ("unknown", 0), ("superseded", 0)):
        told = article(commitments=[promise(due="2020-09", state=state)])
        assert len(found(told, code="plan-in-the-past")) == overdue


def test_sessions_come_in_the_order_of_their_numbers() -> None:
    def told(first: tuple[int, str], second: tuple[int, str]) -> list[Finding]:
        records = [
            {
                "id": f"session-{i}",
                "label": "Session",
                "kind": "meeting",
                "channel": "security-consultative-meeting",
                "session_number": number,
                "date": day,
            }
            for i, (number, day) in enumerate((first, second))
        ]
        return found(article(encounters=records), code="session-order")

    assert told((51, "2019-11-15"), (52, "2020-10-14")) == []
    assert told((53, "2019-11-15"), (52, "2020-10-14"))
    assert told((52, "2019-11-15"), (52, "2020-10-14"))
    assert told((53, "2020"), (52, "2020-10-14")) == []


# --- accounts --------------------------------------------------------------------------------------


def test_agreed_by_one_and_proposed_by_another() -> None:
    kinds = ["agreement", {"is": "proposal", "holder": "kr-mofa", "side": "kr"}]
    (one,) = found(article(commitments=[promise(kind=kinds)]), code="accounts-differ")
    assert "the narrative of asiae-2020-10-16" in one.what
    assert "kr-mofa" in one.what
    assert one.fails
    same = ["agreement", {"is": "agreement", "holder": "kr-mofa"}]
    assert found(article(commitments=[promise(kind=same)]), code="accounts-differ") == []


def test_one_holder_who_says_both_contradicts_himself() -> None:
    told = article(commitments=[promise(kind=["agreement", "proposal"])])
    assert found(told, code="accounts-differ") == []
    assert found(told, code="value-conflict")


def dialogue(*status: dict[str, Any]) -> Article:
    return article(channels=[{"channel": "rok-us-alliance-dialogue", "status": list(status)}])


def test_the_status_of_a_channel_by_two_holders() -> None:
    agreed = {"is": "agreed", "date": "2020-09"}
    proposed = {"is": "proposed", "date": "2020-09-10", "holder": "kr-mofa"}
    (one,) = found(dialogue(agreed, proposed), code="accounts-differ")
    assert one.about == ("rok-us-alliance-dialogue",)
    assert found(dialogue(agreed, proposed | {"date": "2020-10-15"}), code="accounts-differ") == []
    assert found(dialogue(agreed, proposed | {"holder": "narrative"}), code="accounts-differ") == []
    assert found(dialogue(agreed, proposed | {"is": "agreed"}), code="accounts-differ") == []
    planned = proposed | {"is": "established", "modality": "planned"}
    assert found(dialogue(agreed, planned), code="accounts-differ") == []
    later = {"is": "stalled", "date": "2020-10-15", "holder": "narrative"}
    (one,) = found(dialogue(agreed, later, proposed), code="accounts-differ")
    assert "stalled" not in one.what
    active = {"is": "active", "date": "2020-09"}
    established = {"is": "established", "date": "2020-09-10", "holder": "kr-mofa"}
    assert found(dialogue(active, established), code="accounts-differ") == []


def test_a_channel_at_two_times_is_no_difference() -> None:
    one = dialogue({"is": "proposed", "date": "2020-09-10", "holder": "kr-mofa"})
    facts = {"channel": "rok-us-alliance-dialogue", "status": {"is": "ended"}}
    other = article("2025-12-12", channels=[facts])
    assert found(one, other, code="accounts-differ") == []


def test_set_to_by_one_and_may_by_another() -> None:
    sources = {"is": "established", "modality": "planned", "printed": "set to launch"}
    takeaway = {"is": "established", "modality": "tentative", "printed": "may begin"}
    (one,) = found(dialogue(sources, takeaway), code="accounts-differ")
    assert "planned" in one.what
    assert "tentative" in one.what
    assert found(dialogue(sources, sources), code="accounts-differ") == []
    field = {"is": "rok-us-alliance", "modality": "planned"}
    facts = {"channel": "rok-us-alliance-dialogue", "field": [field, "rok-us-alliance"]}
    assert found(article(channels=[facts]), code="accounts-differ") == []


def test_an_account_that_is_ranked_down_differs_from_none() -> None:
    down = {"rank": "deprecated", "because": "contradicted-by-official-account"}
    plan = article(encounters=[meeting(modality="planned", mode="phone", **down)])
    told = article("2020-11-01", encounters=[meeting(mode="in-person")])
    for code in ("accounts-differ", "value-conflict"):
        assert found(plan, told, code=code) == []
    denied = article(encounters=[meeting(polarity="denied", **down)])
    assert found(denied, told, code="denied-and-asserted") == []


def test_planned_in_one_article_and_held_in_another_under_one_id() -> None:
    plan = article(encounters=[meeting(modality="planned")])
    (one,) = found(plan, article("2020-11-01", encounters=[MEETING]), code="accounts-differ")
    assert "an id of its own" in one.mend
    assert (
        found(
            plan,
            article("2020-11-01", encounters=[meeting(modality="planned")]),
            code="accounts-differ",
        )
        == []
    )


def test_asserted_anonymously_and_denied_on_record() -> None:
    body = "permanent-consultative-body-north-korea"
    said = {"channel": body, "attribution": "anonymous"}
    no = {"channel": body, "polarity": "denied", "holder": "kr-mofa", "attribution": "on-record"}
    (one,) = found(article(channels=[said, no]), code="denied-and-asserted")
    assert "anonymous only" in one.what
    assert "denied by kr-mofa" in one.what
    assert found(article(channels=[no]), code="denied-and-asserted") == []
    assert found(article(channels=[said]), code="denied-and-asserted") == []


def test_who_took_part_asserted_and_denied() -> None:
    there = {"person": "choi-jong-kun"}
    away = {**there, "polarity": "denied", "holder": "kr-mofa", "attribution": "on-record"}

    def told(first: dict[str, Any], second: dict[str, Any], **fields: Any) -> list[Finding]:
        return found(
            article(encounters=[meeting(participants=[first], **fields)]),
            article("2020-10-17", encounters=[meeting(participants=[second])]),
            code="denied-and-asserted",
        )

    (one,) = told(there, away)
    assert "that choi-jong-kun took part is asserted by narrative" in one.what
    assert "denied by kr-mofa (on-record" in one.what
    assert one.about == ("choi-biegun-2020-09", "choi-jong-kun")
    assert told(there, there) == []
    assert told(away, away) == []
    assert told({"person": "stephen-biegun"}, away) == []
    assert told(there | {"rank": "deprecated", "because": "misprint"}, away) == []
    assert told(there, away, rank="deprecated", because="misprint") == []


def test_who_is_said_to_have_been_away_held_no_office_there() -> None:
    def told(**more: str) -> list[Finding]:
        here = {"in": "us-state-secretary"}
        people = [here | {"person": "antony-blinken"}, here | {"person": "stephen-biegun"} | more]
        told = article("2021-03-20", encounters=[meeting(date="2021-03-18", participants=people)])
        return found(told, code="two-holders")

    assert told()
    assert told(polarity="denied") == []
    assert told(modality="planned") == []


def test_one_value_asserted_and_denied() -> None:
    yes = {"is": "standing", "attribution": "anonymous"}
    no = {"is": "standing", "polarity": "denied", "holder": "kr-mofa"}

    def told(*formality: dict[str, Any]) -> list[Finding]:
        facts = {"channel": "rok-us-alliance-dialogue", "formality": list(formality)}
        return found(article(channels=[facts]), code="denied-and-asserted")

    assert len(told(yes, no)) == 1
    assert told(yes | {"is": "regular"}, no) == []
    assert told(yes | {"rank": "deprecated", "because": "misprint"}, no) == []


def test_what_one_side_alone_reports_of_a_call() -> None:
    call = {
        "id": "cho-blinken-call",
        "kind": "call",
        "label": "Call",
        "discussed": [
            {"is": "rok-us-alliance", "side": "kr", "holder": "kr-mofa"},
            {"is": "rok-us-alliance", "side": "us", "holder": "matthew-miller"},
            {"is": "rok-us-japan-cooperation", "side": "kr", "holder": "kr-mofa"},
        ],
    }
    stance = {
        "id": "miller-on-democracy",
        "label": "Democracy",
        "actor": "antony-blinken",
        "topic": "democratic-institutions-and-rule-of-law",
        "position": "prioritises",
        "on_occasion_of": "cho-blinken-call",
        "holder": "matthew-miller",
        "side": "us",
    }
    (one,) = found(article(encounters=[call], stances=[stance]), code="one-sided")
    assert "kr alone tells of rok-us-japan-cooperation" in one.what
    assert "us alone tells of democratic-institutions-and-rule-of-law" in one.what
    assert "all of them of rok-us-alliance" in one.what
    assert not one.fails
    assert (
        found(article(encounters=[call | {"discussed": call["discussed"][:2]}]), code="one-sided")
        == []
    )
    assert (
        found(article(encounters=[call | {"discussed": call["discussed"][2:]}]), code="one-sided")
        == []
    )
    again = article("2020-10-17", encounters=[call])
    assert len(found(article(encounters=[call], stances=[stance]), again, code="one-sided")) == 1
    joint = stance | {"side": ["kr", "us"]}
    alike = call | {"discussed": call["discussed"][:2]}
    assert found(article(encounters=[alike], stances=[joint]), code="one-sided") == []


def test_the_headline_against_the_body() -> None:
    def told(*wording: dict[str, Any]) -> list[Finding]:
        return found(article(commitments=[promise(wording=list(wording))]), code="headline-differs")

    head = {"is": "promptly", "evidence": HEADLINE}
    body = {"is": "at an early date", "evidence": at()}
    (one,) = told(head, body)
    assert "promptly" in one.what
    assert "at an early date" in one.what
    assert told(head, body, {"is": "“Promptly”", "evidence": at()}) == []
    assert told(head) == told(body) == []
    assert told(head | {"evidence": [HEADLINE, at()]}, body) == []


def test_the_strength_of_the_headline() -> None:
    def told(code: str, *strength: dict[str, Any]) -> list[Finding]:
        return found(article(commitments=[promise(strength=list(strength))]), code=code)

    head, body = {"is": "firm", "evidence": HEADLINE}, {"is": "intended", "evidence": at()}
    assert told("headline-differs", head, body)
    assert told("value-conflict", head, body) == []
    assert told("headline-differs", head, body | {"is": "firm"}) == []


def test_a_document_that_is_silent_on_what_others_speak_of() -> None:
    document = {
        "id": "joint-statement",
        "kind": "joint-statement",
        "label": "Joint statement",
        "does_not_mention": "cn",
    }
    remarks = {"id": "remarks", "label": "R", "actor": "antony-blinken", "about": "cn"}
    (one,) = found(article(documents=[document], statements=[remarks]), code="silent-document")
    assert one.about == ("joint-statement", "cn")
    other = remarks | {"about": "jp"}
    assert found(article(documents=[document], statements=[other]), code="silent-document") == []


# --- names -----------------------------------------------------------------------------------------


def person(name: str, label: str, *aliases: str) -> Person:
    return Person.model_validate(
        {
            "id": name,
            "label": label,
            "aliases": [{"is": a, "basis": "general-knowledge"} for a in aliases],
        }
    )


def printed(**names: str) -> Article:
    return article(names=[{"of": of.replace("_", "-"), "printed": p} for of, p in names.items()])


def test_two_persons_with_one_key() -> None:
    def near(a: Person, b: Person) -> list[Finding]:
        return found(article(), code="near-names", people=(a, b))

    choi = person("choi-jong-kun", "Choi Jong-kun")
    assert near(choi, person("choe-jong-gon", "Choe Jong-gon"))
    assert near(choi, person("choi-jong-moon", "Choi Jong-moon"))  # both vice ministers in 2021
    assert near(choi, person("choi-jong-hyun", "Choi Jong-hyun")) == []
    assert near(person("suh-hoon", "Suh Hoon"), person("suh-wook", "Suh Wook")) == []
    assert near(person("mark-esper", "Mark Esper"), person("marc", "Marc Knapper")) == []
    (one,) = near(choi, person("choi", "Vice Minister Choi", "Ch'oe Chong-gŏn"))
    assert one.about == ("choi", "choi-jong-kun")


def test_names_in_scripts_that_have_no_spelling_key() -> None:
    two = (person("wong", "黄英賢"), person("lin", "Лин"), person("nobody", "Nobody"))
    told = article(names=[{"of": "nobody", "printed": "—"}])
    assert found(told, code="near-names", people=two) == []


def test_one_printed_name_that_fits_two_persons() -> None:
    told = printed(kevin_kim="Kim", kim_jong_un="Kim Jong-un")
    (one,) = found(told, code="near-names")
    assert one.about == ("kevin-kim", "kim-jong-un")
    assert found(printed(kevin_kim="Kevin Kim", kim_jong_un="Kim Jong-un"), code="near-names") == []
    assert found(printed(kevin_kim="Kim"), code="near-names") == []


def test_spellings_are_listed_with_their_articles() -> None:
    (one,) = found(printed(choi_jong_kun="Choi Jong-geon"), code="spellings")
    assert "Choi Jong-geon (asiae-2020-10-16)" in one.what
    assert not one.fails
    assert found(printed(choi_jong_kun="Choi Jong-kun"), code="spellings") == []
    assert found(printed(antony_blinken="Blinken"), code="spellings") == []


@pytest.mark.parametrize(
    ("of", "name", "far"),
    [
        ("marc_knapper", "Mark Napier", True),
        ("marc_knapper", "Knapper", False),
        ("marc_knapper", "Marc Knapper", False),
        ("choi_jong_kun", "Choi Jong-geon", False),
        ("choi_jong_kun", "Choi Jong-moon", True),
        ("choi_jong_kun", "Vice Minister Choi", False),
        ("ko_yun_ju", "Ko Yoon-joo", False),
        ("antony_blinken", "Antony J. Blinken", False),
        ("kevin_kim", "Ambassador Kim", False),
        ("kevin_kim", "Ambassador Park Il", True),
        ("robert_obrien", "Robert O’Brien", False),
    ],
)
def test_names_far_from_the_label(of: str, name: str, far: bool) -> None:
    findings = found(printed(**{of: name}), code="name-far-from-label")
    assert len(findings) == far
    assert all(f.fails for f in findings)


@pytest.mark.parametrize(
    ("office", "title", "reads"),
    [
        ("kr-mofa-first-vice-minister", "Deputy Minister of Foreign Affairs", "deputy-minister"),
        ("kr-mofa-first-vice-minister", "First Vice Minister", None),
        ("kr-mofa-first-vice-minister", "Deputy Foreign Minister", None),
        ("kr-mofa-north-american-affairs-director-general", "Director of the Bureau", "director"),
        ("kr-mofa-north-american-affairs-director-general", "Director-General", None),
        ("kr-mofa-minister", "Foreign Minister", None),
        ("kr-prime-minister", "Prime Minister", None),
        ("us-state-das-korea-japan", "Deputy Assistant Secretary", None),
    ],
)
def test_titles_that_read_as_another_level(office: str, title: str, reads: str | None) -> None:
    findings = found(article(names=[{"of": office, "printed": title}]), code="title-misleads")
    assert [f"reads as {reads}," in f.what for f in findings] == ([True] if reads else [])


def test_a_title_printed_with_two_offices_is_not_judged() -> None:
    def told(*offices: str) -> list[Finding]:
        one = {"person": "suh-hoon", "in": list(offices), "printed": "Director"}
        return found(article(encounters=[meeting(participants=[one])]), code="title-misleads")

    assert told("kr-nso-director")
    assert told("kr-nso-director", "kr-mofa-minister") == []


# --- integrity -------------------------------------------------------------------------------------


def test_unused_identities() -> None:
    nobody = person("nobody", "Nobody")
    (one,) = found(
        article(),
        code="unused",
        people=(nobody,),
        offices=(),
        topics=(),
        places=(),
        channels=(),
        institutions=(),
        countries=(),
    )
    assert one.about == ("nobody",)
    told = article(tenures=[{"person": "nobody", "post": "kr-president"}])
    assert "nobody" not in {
        i for f in found(told, code="unused", people=(nobody,)) for i in f.about
    }


def test_channels_without_level_or_party() -> None:
    facts = {"channel": "rok-us-2-plus-2", "level": "minister", "party": ["kr", "us"]}

    def bare_ones(facts: dict[str, Any]) -> list[str]:
        return [f.about[0] for f in found(article(channels=[facts]), code="bare-channel")]

    assert "rok-us-2-plus-2" not in bare_ones(facts)
    assert "rok-us-2-plus-2" in bare_ones({k: v for k, v in facts.items() if k != "party"})


def test_circles_of_identities() -> None:
    def bureau(name: str, part_of: str) -> Institution:
        fields = {"id": name, "label": name, "kind": "bureau", "part_of": part_of}
        return Institution.model_validate(fields)

    def told(*pairs: tuple[str, str]) -> list[Finding]:
        made = tuple(bureau(a, b) for a, b in pairs)
        return found(article(), code="circle", institutions=made)

    (one,) = told(("a", "b"), ("b", "c"), ("c", "a"))
    assert one.severity == "error"
    assert "by `part_of:`" in one.what
    assert one.about == ("a", "b", "c")
    assert told(("a", "a"))[0].about == ("a",)
    assert told(("a", "b"), ("b", "c"), ("d", "b")) == []


@pytest.mark.parametrize("field", ["part_of", "succeeds"])
def test_circles_of_channels(field: str) -> None:
    one, other = "rok-us-2-plus-2", "rok-us-alliance-dialogue"

    def told(**back: Any) -> list[Finding]:
        channels = [{"channel": one, field: other}, {"channel": other, field: {"is": one, **back}}]
        return found(article(channels=channels), code="circle")

    (circle,) = told()
    assert circle.about == (one, other)
    assert told(polarity="denied") == []


def test_an_office_of_another_country() -> None:
    def told(**one: Any) -> list[Finding]:
        record = meeting(participants=[one])
        return found(article(encounters=[record]), code="office-of-another-country")

    assert told(person="antony-blinken", **{"in": "us-state-secretary"}) == []
    assert told(person="antony-blinken", **{"in": "kr-mofa-minister"})
    assert told(person="kim-ji-eun-hankyoreh", **{"in": "kr-mofa-minister"}) == []
    assert told(person="antony-blinken", country="kr", **{"in": "us-state-secretary"})
    tenure = {"person": "antony-blinken", "post": "kr-mofa-minister"}
    assert found(article(tenures=[tenure]), code="office-of-another-country")


def test_parity() -> None:
    def told(b: str, parity: str) -> list[Finding]:
        pair = {"a": "kr-mofa-minister", "b": b, "parity": parity, "counterpart_basis": "asserted"}
        return found(article(counterparts=[pair]), code="parity-disagrees")

    assert told("us-state-secretary", "equal") == []
    assert told("us-state-deputy-secretary", "asymmetric") == []
    assert told("us-state-deputy-secretary", "equal")
    assert told("us-state-secretary", "asymmetric")


def test_a_claim_without_passage_or_basis() -> None:
    def told(**record: Any) -> list[Finding]:
        return found(article(encounters=[meeting(**record)]), code="no-evidence")

    assert told() == []
    assert told(mode="phone") == []
    (one,) = told(evidence=[], mode="phone", participants=[{"person": "suh-wook"}])
    assert one.severity == "error"
    assert "it, mode phone, participants" in one.what
    assert told(evidence=[], basis="curated", note="our reading", mode="phone") == []
    assert told(evidence=[], mode={"is": "phone", "evidence": at()})


def test_no_sentence_of_a_text_stands_in_the_facts() -> None:
    eight = "one two three four five six seven eight"
    nine = f"{eight} nine"
    elided = f"{eight} … {eight}"

    def told(printed: str) -> set[str]:
        one = {"person": "suh-wook", "printed": printed}
        date = {"is": "2020-09", "printed": printed}
        status = {"is": "agreed", "date": "2020-09", "date_printed": printed}
        findings = found(
            article(
                encounters=[meeting(printed=printed, participants=[one], date=date)],
                channels=[{"channel": "rok-us-alliance-dialogue", "status": status}],
                commitments=[promise(wording=printed)],
                names=[{"of": "suh-wook", "printed": printed}],
            ),
            code="long-phrase",
        )
        assert all("9 words" in f.what for f in findings)
        return {f.about[0] for f in findings}

    assert told(eight) == told(elided) == set()
    assert told(nine) == {MEETING["id"], "rok-us-alliance-dialogue", promise()["id"], "suh-wook"}


def test_what_fulfils_a_promise() -> None:
    def told(code: str, **fields: Any) -> list[Finding]:
        day = fields.pop("day", "2021-06-01")
        record = promise(stated_on="2020-09-10", **fields)
        return found(
            article("2022-01-01", commitments=[record], encounters=[meeting(date=day)]), code=code
        )

    kept = {"state": "fulfilled", "fulfilled_by": "choi-biegun-2020-09"}
    assert told("state-disagrees", **kept) == []
    assert told("state-disagrees", state="open") == []
    assert told("state-disagrees", state="fulfilled")
    assert told("state-disagrees", state="open", fulfilled_by="choi-biegun-2020-09")
    assert told("fulfilled-before-made", **kept) == []
    assert told("fulfilled-before-made", day="2020-09-01", **kept)
    assert told("fulfilled-before-made", day="2020-09-10", **kept) == []


def test_blocks_that_nothing_cites() -> None:
    def told(**block: Any) -> list[Finding]:
        two = [
            {"block": "body", "p": 1, "words": 100, "digest": DIGEST},
            {"block": "body", "p": 2, "words": 83, "digest": DIGEST, **block},
        ]
        return found(article(blocks=two, encounters=[MEETING]), code="uncovered-block")

    (one,) = told()
    assert "body 2 of asiae-2020-10-16 (83 words)" in one.what
    assert "decisions" not in one.mend
    assert told(none="repeats the first") == []
    assert told(p=1) == []


# --- decisions -------------------------------------------------------------------------------------


def settled(**decision: Any) -> Article:
    entry = {"finding": "date-conflict", "about": "choi-biegun-2020-09", "decision": "explained"}
    entry |= {"why": "The ministry's date is right.", "on": "2026-11-21", **decision}
    return article(encounters=[meeting(date=[SEPTEMBER, OCTOBER])], decisions=[entry])


def test_a_decision_stands_beside_its_finding() -> None:
    (one,) = found(settled(), code="date-conflict")
    assert one.decision == "explained: The ministry's date is right."
    assert not one.fails
    assert found(settled(), code="stale-decision") == []


@pytest.mark.parametrize(
    "decision",
    [
        {"finding": "value-conflict"},
        {"about": "scm-52"},
        {"about": ["choi-biegun-2020-09", "scm-52"]},
    ],
)
def test_a_decision_that_meets_no_finding_is_an_error(decision: dict[str, Any]) -> None:
    (one,) = found(settled(**decision), code="stale-decision")
    assert one.severity == "error"
    assert found(settled(**decision), code="date-conflict")[0].fails


def test_the_entry_that_a_finding_prints_settles_it() -> None:
    (one,) = found(article(encounters=[meeting(date=[SEPTEMBER, OCTOBER])]), code="date-conflict")
    printed_entry = re.search(r"`- (\{.*\})`", one.mend)
    assert printed_entry
    entry, _, wrong = yaml12.read(
        printed_entry[1].replace("on: …", "on: 2026-11-21").encode(), "decision"
    )
    assert not wrong
    (done,) = found(settled(**entry), code="date-conflict")
    assert not done.fails


# --- the rules themselves --------------------------------------------------------------------------


def test_each_code_is_told_with_its_severity_and_a_remedy() -> None:
    for code, told in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert told.meaning
        assert told.mend
        assert told.settle is None or told.settle in get_args(DecisionKind)


def test_each_code_is_used_and_each_used_code_is_told() -> None:
    folder = Path(checking.__file__).parent
    text = "".join(p.read_text("utf-8") for p in folder.glob("*.py") if p.name != "codes.py")
    used = {code for code in CODES if f'"{code}"' in text}
    assert used == set(CODES)


def test_every_rule_is_run_once() -> None:
    assert len(set(RULES)) == len(RULES)
    modules = (
        checking.conflicts,
        checking.times,
        checking.accounts,
        checking.spelling,
        checking.integrity,
    )
    public = {
        f
        for module in modules
        for name, f in vars(module).items()
        if not name.startswith("_")
        and getattr(f, "__module__", "") == module.__name__
        and getattr(f, "__annotations__", {}).get("return") == "Iterator[Finding]"
    }
    assert public == set(RULES)


def test_no_facts_no_findings() -> None:
    assert check(Loaded(Facts(), ())) == []


def test_findings_come_in_a_steady_order() -> None:
    loaded = curated()
    assert check(loaded) == check(loaded)
    backwards = loaded.facts.model_copy(update={"articles": loaded.facts.articles[::-1]})
    there = {(f.code, frozenset(f.about)) for f in check(Loaded(backwards, ()))}
    assert there == {(f.code, frozenset(f.about)) for f in check(loaded)}


def test_offices_are_read_from_the_data() -> None:
    """Another office of the same words is judged by its own level."""
    office = Office.model_validate(
        {
            "id": "jp-mofa-deputy-minister",
            "label": "Deputy Minister for Foreign Affairs",
            "institution": "jp-mofa",
            "country": "jp",
            "level": "deputy-minister",
            "level_basis": "convention",
            "portfolio": "foreign-affairs",
        }
    )
    told = article(names=[{"of": office.id, "printed": "Deputy Minister of Foreign Affairs"}])
    assert found(told, code="title-misleads", offices=(office,)) == []


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=2, max_size=6, unique=True))
def test_every_two_names_that_are_near_are_looked_at(given_names: list[str]) -> None:
    spelt = {f"p{i}": {("kim", name)} for i, name in enumerate(given_names)}
    pairs = set(spelling._pairs(spelt))
    for a, b in combinations(sorted(spelt), 2):
        (one,), (other,) = spelt[a], spelt[b]
        assert (a, b) in pairs or not spelling._near(one, other)
