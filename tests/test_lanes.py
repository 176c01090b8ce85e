"""The timeline: time in order, gaps told, plans hollow."""

from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph.lanes import axis, draw, how_long
from alliance_graph.network import Edge, Network, Node, Status
from alliance_graph.vocabulary import ID

DAYS = st.dates(date(1950, 1, 1), date(2050, 1, 1)).map(date.isoformat)


@given(st.sets(DAYS, min_size=1, max_size=30))
def test_later_days_stand_further_right_within_the_picture(days: set[str]) -> None:
    scale = axis(days, 100, 900)
    at = [scale.x(d) for d in sorted(days)]
    assert at == sorted(at)
    assert len(set(at)) == len(days)
    assert all(100 <= x <= 900.01 for x in at)
    first = date.fromisoformat(min(days))
    assert scale.x((first - timedelta(400)).isoformat()) == at[0]


def test_long_silences_are_cut_short_and_counted() -> None:
    scale = axis({"2016-10-01", "2020-09-10", "2020-09-20"}, 0, 100)
    ((left, right, days),) = scale.breaks
    assert (left, days) == (0, 1440)
    assert right < 80


@pytest.mark.parametrize(
    ("days", "english", "korean"),
    [
        (1, "1 day", "1일"),
        (15, "2 weeks", "2주"),
        (250, "8 months", "8개월"),
        (1600, "4.4 years", "4.4년"),
    ],
)
def test_intervals_in_words(days: int, english: str, korean: str) -> None:
    assert how_long(days) == (english, korean)


def small() -> Network:
    channel = ID + "channel/c"
    statuses = (
        Status("proposed", "2020-02", "2020-02-01", "2020-02-29", "2020-03-01", "held", False),
        Status("established", None, None, None, "2020-03-01", "planned", False),
    )
    nodes = (
        Node(channel, "channel", "A <channel>", "채널", statuses=statuses),
        Node(ID + "encounter/a", "encounter", "First", earliest="2020-03-01", latest="2020-03-01"),
        Node(ID + "encounter/b", "encounter", "Second", earliest="2021-03-01", latest="2021-03-05"),
        Node(ID + "encounter/c", "encounter", "Third", state="planned"),
    )
    edges = tuple(Edge(f"{ID}encounter/{x}", channel, "in channel") for x in "abc")
    return Network(nodes, edges)


def test_a_lane_has_its_sessions_the_gap_its_statuses_and_hollow_plans() -> None:
    made = small()
    text = draw(
        made,
        {n.iri: i for i, n in enumerate(made.nodes)},
        {"status/proposed": ("proposed", "제안")},
    )
    picture = ElementTree.fromstring(text)
    told = "".join(picture.itertext())
    assert "A <channel>" in told
    assert "12 months" in told
    assert "제안" in told
    assert "established (planned)" in told
    assert "no date told" in told
    assert len(re.findall(r'class="it meeting s0 held"', text)) == 2
    assert len(re.findall(r'class="it meeting s0 planned"', text)) == 1
    assert 'class="spread"' in text


def test_a_network_without_any_meeting_is_drawn_too() -> None:
    ElementTree.fromstring(draw(Network((), ()), {}, {}))
