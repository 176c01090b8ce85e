"""Pictures for notebooks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import networkx as nx
import pytest
from nbconvert import HTMLExporter

import alliance_graph as ag
from alliance_graph import network, pictures
from alliance_graph.vocabulary import ID

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"
BLINKEN = ID + "person/antony-blinken"


@pytest.fixture(scope="module")
def g(built: Path) -> ag.Graph:
    return ag.open(built)


@pytest.fixture(scope="module")
def whole(g: ag.Graph) -> network.Network:
    return network.network(g.store)


def frames(text: str) -> list[dict[str, str | None]]:
    """The attributes of each frame in a page."""
    found = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "iframe":
                found.append(dict(attrs))

    Parser().feed(text)
    return found


def words(drawing: str) -> str:
    return " ".join(t.text or "" for t in ET.fromstring(drawing).iter(f"{SVG}text"))


def test_a_picture_is_a_networkx_graph_with_attributes(g: ag.Graph) -> None:
    picture = g.network(focus="blinken")
    assert isinstance(picture, nx.MultiDiGraph)
    assert picture.nodes[BLINKEN]["label"] == "Antony Blinken"
    assert nx.number_of_edges(nx.Graph(picture)) > 5
    assert set(picture.subgraph([BLINKEN])) == {BLINKEN}
    assert set(picture.copy()) == set(picture)


def test_it_draws_those_across_the_table(g: ag.Graph) -> None:
    drawing = g.network(focus="blinken").svg()
    assert "Cho Tae-yul" in words(drawing)
    assert "Chung Eui-yong" in words(drawing)
    root = ET.fromstring(drawing)
    assert root.get("class", "").startswith("ag-svg")
    assert "script" not in {e.tag.removeprefix(SVG) for e in root.iter()}
    assert root.find(f"{SVG}title") is not None


def test_drawings_are_in_english_only_and_their_style_is_their_own(g: ag.Graph) -> None:
    for drawing in (g.network().svg(), g.timeline().svg()):
        assert 'lang="ko"' not in drawing
        style = ET.fromstring(drawing).findtext(f"{SVG}style") or ""
        for rule in style.split("}")[:-1]:
            for selector in rule.partition("{")[0].split(","):
                assert selector.strip().startswith(".ag-svg"), selector


def test_a_copy_draws_nothing(g: ag.Graph) -> None:
    copied = g.network(focus="blinken").copy()
    assert copied.svg() == ""
    assert copied._repr_svg_() is copied._repr_html_() is None
    with pytest.raises(ValueError, match="no page"):
        copied.page()
    with pytest.raises(ValueError, match="no pyvis"):
        copied.pyvis()


def test_the_page_in_a_frame_is_whole_and_escaped(g: ag.Graph, tmp_path: Path) -> None:
    page = g.network(focus="blinken").page(500)
    (frame,) = frames(page._repr_html_())
    assert frame["srcdoc"] == page.html
    assert "person/cho-tae-yul" in page.html, "those across the table are there as well"
    assert frame["height"] == "500"
    assert "allow-same-origin" not in (frame["sandbox"] or "")
    page.save(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text("utf-8") == page.html


def test_a_page_survives_nbconvert(g: ag.Graph) -> None:
    page = g.network(focus="blinken").page()
    data = {"text/html": page._repr_html_(), "text/plain": repr(page)}
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "page",
        "metadata": {},
        "outputs": [
            {"output_type": "execute_result", "execution_count": 1, "data": data, "metadata": {}}
        ],
        "source": 'g = ag.open()\ng.network(focus="blinken").page()',
    }
    content = nbformat.from_dict(  # type: ignore[no-untyped-call]  # it has no types
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )
    offline = {"template_name": "offline", "extra_template_basedirs": [str(ROOT / "notebooks")]}
    for exporter in (HTMLExporter(), HTMLExporter(**offline)):  # type: ignore[no-untyped-call]
        exported, _ = exporter.from_notebook_node(content)
        (frame,) = frames(exported)
        assert frame["srcdoc"] == page.html
        assert frame["sandbox"] == "allow-scripts allow-downloads allow-popups"


def test_pyvis_has_as_many_nodes(g: ag.Graph) -> None:
    picture = g.network(focus="blinken")
    assert len(picture.pyvis().nodes) == len(picture)


def test_between_two_days_is_what_may_have_fallen_there(whole: network.Network) -> None:
    cut = pictures.between(whole, "2021-01-01", "2021-12-31")
    met = {n.iri.rpartition("/")[2] for n in cut.nodes if n.kind == "encounter"}
    assert "two-plus-two-2021-03-18" in met
    assert "choi-biegun-2020-09" not in met
    # known only within bounds that reach into the year
    assert "cho-blinken-in-person-meeting-planned" not in met  # no date at all
    assert pictures.between(whole, None, None).edges == whole.edges


def test_events_stand_in_the_order_of_days(whole: network.Network) -> None:
    table = pictures.events(whole)
    days = [str(d) for d in table.column("earliest") if d]
    assert days == sorted(days)
    assert {"encounter", "agreed", "stalled"} <= set(table.column("kind"))


def test_around_a_person_are_the_channels_of_the_meetings(whole: network.Network) -> None:
    near = pictures.around(whole, BLINKEN)
    channels = {n.iri.rpartition("/")[2] for n in near.nodes if n.kind == "channel"}
    assert {"rok-us-2-plus-2", "rok-us-foreign-ministers-phone"} <= channels
    with pytest.raises(KeyError):
        pictures.around(whole, ID + "person/nobody")
