from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from alliance_graph import timeline
from alliance_graph.store.embedded import Embedded
from alliance_graph.timeline import Snapshot


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


def text(found: Snapshot, title: str) -> str:
    return "\n".join(
        f"[{line.mark}] {line.text}"
        for s in found.sections
        if s.title.startswith(title)
        for line in s.lines
    )


def test_who_is_attested_on_the_day_itself(store: Embedded) -> None:
    found = timeline.at(store, date(2021, 3, 18))
    offices = text(found, "Offices")
    assert "US Secretary of State: Antony Blinken · attested 2021-03-18, on that day" in offices
    assert "Mike Pompeo" not in offices
    assert "two plus two" in text(found, "On that day")


def test_between_attestations_both_are_given_with_their_distance(store: Embedded) -> None:
    offices = text(timeline.at(store, date(2020, 12, 31)), "Offices")
    assert "US Secretary of State: Mike Pompeo · attested 2020-10-15, 77 days before" in offices
    assert "US Secretary of State: Antony Blinken · attested 2021-03-18, 77 days after" in offices


def test_a_month_is_as_far_as_its_nearest_day(store: Embedded) -> None:
    offices = text(timeline.at(store, date(2020, 9, 1)), "Offices")
    biegun = "US Deputy Secretary of State: Stephen Biegun · attested 2020-09"
    # some day of that month: which one nobody says
    assert f"{biegun}, that day lies within" in offices
    offices = text(timeline.at(store, date(2020, 10, 2)), "Offices")
    assert "attested 2020-09, 2 days before" in offices


def test_one_of_several_days_is_only_maybe_the_day(store: Embedded) -> None:
    found = timeline.at(store, date(2021, 3, 18))
    assert "Yonhap News TV" in text(found, "Maybe on that day")
    assert "Yonhap News TV" not in text(found, "On that day")
    # an interval lasts over all its days
    assert "Two days of ROK–US contacts" in text(found, "On that day")
    impeached = timeline.at(store, date(2024, 12, 14))
    assert "Impeachment of Yoon Suk Yeol" in text(impeached, "Maybe on that day")
    titles = [s.title for s in timeline.at(store, date(2016, 10, 1)).sections]
    assert [t for t in titles if t.startswith("Maybe")]
    titles = [s.title for s in timeline.at(store, date(2015, 1, 1)).sections]
    assert not [t for t in titles if t.startswith("Maybe")]


def test_what_is_attested_far_away_is_counted_and_kept(store: Embedded) -> None:
    found = timeline.at(store, date(2021, 3, 18))
    (offices,) = [s for s in found.sections if s.title.startswith("Offices")]
    far = [line for line in offices.lines if line.far]
    assert any("Jeong Yeon-doo" in line.text for line in far)
    assert offices.rest.startswith(f"{len(far)} more attestations farther than 400 days away; ")
    assert f"{offices.rest}: --all shows them" in " ".join(found.text().split())
    assert "Jeong Yeon-doo" not in found.text()
    assert "Jeong Yeon-doo" in found.text(everything=True)
    assert "--all" not in found.text(everything=True)
    assert found._repr_html_().count("Jeong Yeon-doo") == 1
    (listed,) = [s for s in found.as_dict()["sections"] if s["title"] == offices.title]
    assert sum(line.get("far", False) for line in listed["lines"]) == len(far)
    without = timeline.at(store, date(2021, 3, 18), window=None)
    assert not any(line.far for s in without.sections for line in s.lines)


def test_a_plan_reported_after_the_day_stands_apart(store: Embedded) -> None:
    day = date(2025, 12, 10)
    found = timeline.at(store, day)
    assert "First ROK–US regular consultation" in text(found, "Reported only later")
    assert "Meeting of Donald Trump" not in text(found, "Reported only later")
    assert text(timeline.at(store, day, known_by=day), "Reported only later") == ""
    assert text(timeline.at(store, date(2025, 12, 12)), "Reported only later") == ""
    (later,) = [
        s
        for s in timeline.at(store, date(2020, 1, 1)).sections
        if s.title.startswith("Reported only later")
    ]
    assert [line for line in later.lines if line.far and "regular consultation" in line.text]
    assert "more reported only farther than 400 days later" in later.rest


def test_capacity_goes_with_the_office(store: Embedded) -> None:
    offices = text(timeline.at(store, date(2024, 12, 21)), "Offices")
    assert "President of South Korea: Han Duck-soo (acting)" in offices
    assert "Prime Minister of South Korea: Han Duck-soo · attested" in offices


def test_known_by_leaves_later_articles_out(store: Embedded) -> None:
    day = date(2020, 10, 15)
    everything = timeline.at(store, day)
    then = timeline.at(store, day, date(2020, 10, 16))
    assert then.articles == ("asiae-2020-10-16",)
    assert len(everything.articles) == 5
    assert "Antony Blinken" not in then.text()
    assert "first attested later" in text(everything, "Channels")
    assert "first attested later" not in text(then, "Channels")
    nothing = timeline.at(store, day, date(2020, 1, 1))
    assert nothing.articles == ()
    assert all(s.lines[0].mark == "absent" for s in nothing.sections)


def test_every_source_was_published_in_time(store: Embedded) -> None:
    found = timeline.at(store, date(2024, 12, 17), date(2024, 3, 1))
    articles = {s.article for sec in found.sections for line in sec.lines for s in line.sources}
    assert articles <= {*found.articles, ""}
    assert "koreatimes-2024-12-21" not in found.articles


def test_a_channel_has_the_last_status_attested_by_the_day(store: Embedded) -> None:
    def dialogue(day: date) -> list[str]:
        return [
            line
            for line in text(timeline.at(store, day), "Channels").splitlines()
            if "Alliance Dialogue" in line
        ]

    (september,) = dialogue(date(2020, 9, 12))
    assert "proposed (2020-09-10) · 2 days before" in september or "agreed" in september
    october = dialogue(date(2020, 10, 15))
    assert {x.partition(": ")[2] for x in october} == {
        "being-arranged (2020-10-15) · on that day",
        "proposed (2020-10-15) · on that day",
    }
    assert not any("2020-10-10" in x for x in dialogue(date(2020, 10, 12)))


def test_what_is_denied_is_marked_so(store: Embedded) -> None:
    channels = text(timeline.at(store, date(2025, 12, 12)), "Channels")
    assert "[denied] Permanent ROK–US consultative body on North Korea" in channels


def test_a_plan_is_one_from_its_report_to_its_day(store: Embedded) -> None:
    def plans(day: date) -> str:
        return text(timeline.at(store, day), "Planned")

    first = "[tentative] 2025-12-16 · First ROK–US regular consultation"
    assert first not in plans(date(2025, 12, 11))
    assert first in plans(date(2025, 12, 12))
    assert first in plans(date(2025, 12, 16))
    assert first not in plans(date(2025, 12, 17))
    assert "[desired] no date · Meeting of Donald Trump" in plans(date(2025, 12, 17))


def test_promises_stay_until_a_source_settles_them(store: Embedded) -> None:
    def promises(day: date) -> str:
        return text(timeline.at(store, day), "Promises")

    assert "Set up the Alliance Dialogue" not in promises(date(2020, 9, 9))
    assert "2020-09-10 · Set up the Alliance Dialogue · state: open" in promises(date(2020, 9, 10))
    assert "due 2024 and past" in promises(date(2025, 1, 1))
    assert "due 2024 and past" not in promises(date(2024, 12, 31))
    assert "suspend the joint exercises" not in promises(date(2021, 3, 19))


def test_text_and_json_say_the_same(store: Embedded) -> None:
    found = timeline.at(store, date(2021, 3, 18), date(2021, 3, 19))
    assert found.text().startswith("2021-03-18, as known by 2021-03-19  (2 articles)\n")
    data = json.loads(json.dumps(found.as_dict(), ensure_ascii=False))
    assert data["valid_on"] == "2021-03-18"
    assert data["known_by"] == "2021-03-19"
    assert [s["title"] for s in data["sections"]] == [s.title for s in found.sections]
    assert timeline.at(store, date(2021, 3, 18)).as_dict()["known_by"] is None
