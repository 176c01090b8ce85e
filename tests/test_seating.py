"""The plan without a browser: nothing overlaps, nothing is crossed, nothing is surer than it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import build, derive, paths, rdf, seeds
from alliance_graph.network import Edge, Level, Network, Node, network
from alliance_graph.seating import (
    NARROW,
    WIDE,
    Form,
    Plan,
    bare,
    crossings,
    overlaps,
    plan,
    shown,
    undated,
    when,
    width,
    wrap,
)
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID

OTHER = Path(__file__).parent / "data" / "other-alliance"
FORMS = [(form, language) for form in (WIDE, NARROW) for language in ("en", "ko")]


def compiled(root: Path) -> Network:
    store = Embedded(rdf.quads(seeds.load(root).facts))
    store.load(build.ontology_quads())
    derive.derive(store)
    return network(store)


@pytest.fixture(scope="module")
def made() -> Network:
    return compiled(paths.seeds())


def whole(drawn: Plan) -> None:
    """What every plan keeps to, whatever it shows."""
    assert overlaps(drawn) == []
    assert crossings(drawn) == []
    for line in drawn.lines():
        left, top, right, bottom = line.box
        assert left >= -1
        assert right <= drawn.width + 1
        assert top >= 0
        assert bottom <= drawn.height
    for tie in drawn.ties:
        assert drawn.items[tie.target].kind == "meeting"


@pytest.mark.parametrize(("form", "language"), FORMS)
def test_labels_do_not_overlap_and_ties_cross_none(
    made: Network, form: Form, language: str
) -> None:
    drawn = plan(made, form, {}, language)
    whole(drawn)
    assert len(drawn.items) > 80
    assert len(drawn.ties) > 40
    assert drawn.left_out == 0


@pytest.mark.parametrize(("form", "language"), FORMS)
def test_another_alliance_is_seated_as_well(form: Form, language: str) -> None:
    drawn = plan(compiled(OTHER), form, {}, language)
    whole(drawn)
    assert {item.side for item in drawn.items} >= {0, 1, 2}


def test_sides_and_levels_are_the_geometry(made: Network) -> None:
    drawn = plan(made)
    place = {item.node.rpartition("/")[2]: item for item in drawn.items}
    left, right = place["cho-tae-yul"], place["antony-blinken"]
    assert left.right < place["scm-52"].left < right.left
    assert place["moon-jae-in"].top < left.top < place["ko-yun-ju"].top
    # counterparts face each other: their offices stand at one height
    assert abs(place["kr-mofa-minister"].top - place["us-state-secretary"].top) < 1
    # who came later stands below
    assert place["chung-eui-yong"].bottom <= left.top


def test_planned_and_denied_and_conflicts_are_marked(made: Network) -> None:
    states = {item.node.rpartition("/")[2]: item for item in plan(made).items}
    assert states["cho-blinken-in-person-meeting-planned"].state == "planned"
    assert states["permanent-consultative-body-north-korea"].state == "denied"
    assert states["choi-biegun-2020-09"].conflict
    dashed = {t.state for t in plan(made).ties}
    assert {"held", "planned"} <= dashed


def test_the_same_network_is_seated_the_same(made: Network) -> None:
    assert plan(made) == plan(made)


def many(count: int, texts: list[str]) -> Network:
    """A network of ``count`` meetings of two officials each, named by ``texts``."""
    nodes = [
        Node(f"{ID}country/{c}", "country", c.upper(), country=f"{ID}country/{c}", side=i)
        for i, c in enumerate(("a", "b"), 1)
    ]
    edges = []
    for i in range(count):
        text = texts[i % len(texts)]
        for side, c in enumerate(("a", "b"), 1):
            office, person = f"{ID}office/{c}{i}", f"{ID}person/{c}{i}"
            country = f"{ID}country/{c}"
            nodes += [
                Node(office, "office", text, country=country, side=side, level="minister"),
                Node(person, "person", f"{text} {i}", country=country, side=side, level="minister"),
            ]
            edges.append(Edge(person, office, "holds", dates=("2020-01",)))
            edges.append(Edge(person, f"{ID}encounter/m{i}", "took part", posts=(office,)))
        nodes.append(
            Node(f"{ID}encounter/m{i}", "encounter", text, level="minister", date="2020-01-05")
        )
    return Network(tuple(nodes), tuple(edges), (Level("minister", "minister", None, 2),))


def test_at_most_some_150_are_drawn_and_the_rest_is_counted() -> None:
    drawn = plan(many(200, ["Somebody"]))
    whole(drawn)
    assert len(drawn.items) <= 160
    assert drawn.left_out > 500


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=90
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from((WIDE, NARROW)),
)
def test_whatever_the_texts_nothing_overlaps(texts: list[str], form: Form) -> None:
    whole(plan(many(4, texts), form))


@given(st.text(max_size=60), st.floats(20, 300))
def test_wrapped_lines_fit_and_keep_every_letter(text: str, room: float) -> None:
    lines = wrap(text, room, 12)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line, 12) <= room or len(line) == 1 for line in lines)


@pytest.mark.parametrize(
    ("date", "english", "korean"),
    [
        ("2020-10-15", "15 Oct 2020", "2020년 10월 15일"),
        ("2020-09", "Sept 2020", "2020년 9월"),
        ("2023", "2023", "2023년"),
        ("2024-12-16/2024-12-20", "16–20 Dec 2024", "2024년 12월 16–20일"),
        ("2021-02/2021-03-18", "Feb 2021 – 18 Mar 2021", "2021년 2월–3월 18일"),
        ("2020-12-30/2021-01-02", "30 Dec 2020 – 2 Jan 2021", "2020년 12월 30일–2021년 1월 2일"),
        ("2020-10-13/", "from 13 Oct 2020", "2020년 10월 13일부터"),
        ("/2020-10-14", "by 14 Oct 2020", "2020년 10월 14일까지"),
        ("2025-12-15/..", "from 15 Dec 2025", "2025년 12월 15일부터"),
        ("[2021-03-17..2021-03-19]", "between 17–19 Mar 2021", "2021년 3월 17–19일 중"),
        ("2020~", "c. 2020", "2020년 무렵"),
        (None, "", ""),
    ],
)
def test_dates_are_told_as_sure_as_they_are(date: str | None, english: str, korean: str) -> None:
    assert when(date) == (english, korean)


def test_who_is_shown_on_two_days_is_told_by_months() -> None:
    held = Edge("a", "b", "holds", dates=("2021-03-18", "2024-12-21"))
    assert shown(held)[0] == "Mar 2021 – Dec 2024"
    assert shown(Edge("a", "b", "holds", dates=("2023", "2024-12-03")))[0] == "2023 – Dec 2024"
    assert shown(Edge("a", "b", "holds", dates=("2020-10-15",)))[0] == "15 Oct 2020"
    assert shown(Edge("a", "b", "holds")) == ("", "")


def test_labels_lose_what_their_place_tells() -> None:
    assert bare("Minister of Foreign Affairs (South Korea)") == "Minister of Foreign Affairs"
    assert bare("(only)") == "(only)"
    assert undated("Remarks to reporters, 19 December 2024") == "Remarks to reporters"
    assert undated("Talks on the consultation (2025)") == "Talks on the consultation"
    assert undated("기자회견(2024년 10월 31일)") == "기자회견"
    assert undated("Summit of 2020 leaders") == "Summit of 2020 leaders"
