"""SVG text: well formed, escaped, each sign its own shape."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from alliance_graph.network import Edge, Level, Network, Node
from alliance_graph.seating import Line, plan
from alliance_graph.svg import number, seating, sign, text_element
from alliance_graph.vocabulary import ID


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (1.25, "1.2"), (0.04, "0"), (-3, "-3")])
def test_numbers_have_one_decimal_at_most(value: float, text: str) -> None:
    assert number(value) == text


def test_texts_are_escaped() -> None:
    made = text_element(Line(1, 2, "<b>&\"'", 12, "seat", "end"))
    assert ElementTree.fromstring(made).text == "<b>&\"'"


def test_each_kind_has_a_sign_of_its_own() -> None:
    assert len({sign(kind, 5, 5) for kind in ("seat", "holder", "channel", "meeting")}) == 4


def test_a_plan_is_well_formed_and_names_its_nodes_by_number() -> None:
    country, person, office = f"{ID}country/a", f"{ID}person/<p>", f"{ID}office/o"
    made = Network(
        (
            Node(country, "country", "A", country=country, side=1),
            Node(person, "person", "<script>", country=country, side=1, level="l"),
            Node(office, "office", "O & P", country=country, side=1, level="l"),
            Node(f"{ID}encounter/m", "encounter", "M", level="l", state="planned", conflict=True),
        ),
        (
            Edge(person, office, "holds", dates=("2020",)),
            Edge(person, f"{ID}encounter/m", "took part", posts=(office,)),
        ),
        (Level("l", "l", None, 1),),
    )
    text = seating(plan(made), {n.iri: i for i, n in enumerate(made.nodes)}, "wide", 'A "title"')
    picture = ElementTree.fromstring(text)
    assert "<script>" in "".join(picture.itertext())
    assert picture.attrib["aria-label"] == 'A "title"'
    items = [e for e in picture.iter() if e.attrib.get("class", "").startswith("it ")]
    assert [e.attrib["data-n"] for e in items] == ["3", "2", "1"]
    assert len([e for e in picture.iter() if e.attrib.get("class") == "tie s1 planned"]) == 1
    assert "≠" in "".join(picture.itertext())
