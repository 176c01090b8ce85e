"""The network as a plain value: what is tied to what, on which side, how sure."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from alliance_graph import build, derive, paths, rdf, seeds
from alliance_graph.network import Edge, Network, Node, network, positions
from alliance_graph.shapes import Graph
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ID

OTHER = Path(__file__).parent / "data" / "other-alliance"


def compiled(root: Path) -> Network:
    store = Embedded(rdf.quads(seeds.load(root).facts))
    store.load(build.ontology_quads())
    derive.derive(store)
    return network(store)


@pytest.fixture(scope="module")
def made() -> Network:
    return compiled(paths.seeds())


def node(made: Network, slug: str) -> Node:
    return made.by_iri[ID + slug]


def ties(made: Network, kind: str, source: str = "", target: str = "") -> list[Edge]:
    return [
        e
        for e in made.edges
        if e.kind == kind
        and (not source or e.source == ID + source)
        and (not target or e.target == ID + target)
    ]


def test_nodes_and_ties_are_in_order_and_each_once(made: Network) -> None:
    iris = [n.iri for n in made.nodes]
    assert iris == sorted(set(iris))
    assert all(e.source in made.by_iri and e.target in made.by_iri for e in made.edges)
    keys = Counter((e.source, e.target, e.kind, e.capacity, e.channel) for e in made.edges)
    assert [k for k, n in keys.items() if n > 1] == []


def test_people_sit_on_the_side_of_their_country_at_the_level_of_their_office(
    made: Network,
) -> None:
    cho, blinken = node(made, "person/cho-tae-yul"), node(made, "person/antony-blinken")
    assert (cho.side, blinken.side) == (1, 2)
    assert cho.level == blinken.level == "minister"
    assert node(made, "person/kim-jong-un").side == 3
    assert node(made, "encounter/scm-52").side == 0
    assert node(made, "encounter/scm-52").level == "minister"


def test_only_what_was_held_is_held(made: Network) -> None:
    states = {n.iri.rpartition("/")[2]: n.state for n in made.nodes}
    assert states["cho-blinken-call-2024-12-21"] == "held"
    assert states["cho-blinken-in-person-meeting-planned"] == "planned"
    assert states["trump-kim-meeting-desired-2025"] == "desired"
    assert states["us-contact-attempts-2021"] == "attempted"
    assert states["permanent-consultative-body-north-korea"] == "denied"


def test_conflicts_are_marked(made: Network) -> None:
    assert node(made, "encounter/choi-biegun-2020-09").conflict
    assert node(made, "channel/rok-us-alliance-dialogue").conflict
    assert not node(made, "encounter/scm-52").conflict


def test_a_tenure_is_no_finer_than_the_sources_and_open_at_both_ends(made: Network) -> None:
    (held,) = ties(made, "holds", "person/choi-jong-kun")
    assert held.dates[0] == "2020-09"
    assert (held.earliest, held.latest) == ("2020-09-01", "2020-09-30")
    assert held.open_start
    assert held.open_end
    capacities = {e.capacity for e in ties(made, "holds", "person/stephen-biegun")}
    assert capacities == {"regular", "concurrent"}


def test_who_took_part_did_so_in_a_post_with_the_printed_title(made: Network) -> None:
    (part,) = ties(made, "took part", "person/marc-knapper", "encounter/ko-knapper-2020-10")
    assert part.posts == (ID + "office/us-state-das-korea-japan",)
    assert part.claims
    assert part.sources == ("asiae-2020-10-16",)
    assert part.known == "2020-10-16"


def test_counterparts_say_whether_asserted_or_derived(made: Network) -> None:
    found = {
        (e.source.rpartition("/")[2], e.target.rpartition("/")[2]): e
        for e in ties(made, "counterpart")
    }
    pair = found["kr-mofa-minister", "us-state-secretary"]
    assert pair.basis
    assert pair.basis.startswith(("derived", "asserted"))
    assert pair.sources
    assert all(e.channel is None or e.channel in made.by_iri for e in found.values())


def test_a_channel_knows_its_statuses_in_the_order_of_days(made: Network) -> None:
    told = node(made, "channel/rok-us-alliance-dialogue").statuses
    assert {"agreed", "stalled", "proposed"} <= {s.status for s in told}
    days = [s.earliest or s.latest or "9999" for s in told]
    assert days == sorted(days)
    assert any(s.set_aside for s in told)
    arranged = node(made, "channel/rok-us-north-korea-policy-consultation").statuses
    assert {s.state for s in arranged} > {"held"}


def test_around_keeps_what_is_near_and_the_sides_of_the_table(made: Network) -> None:
    iri = ID + "person/ko-yun-ju"
    near = made.around(iri, 1)
    assert near.focus == iri
    assert ID + "encounter/ko-knapper-2020-10" in near.by_iri
    assert ID + "person/park-il" not in near.by_iri
    assert near.country(1) == made.country(1)
    assert len(near.nodes) < len(made.around(iri, 2).nodes) < len(made.nodes)
    assert all(e.source in near.by_iri and e.target in near.by_iri for e in near.edges)
    assert made.around(iri, 0).by_iri.keys() >= {iri}
    with pytest.raises(KeyError):
        made.around(ID + "person/nobody")


def test_networkx_gets_every_node_and_tie_with_plain_values(made: Network) -> None:
    graph = made.to_networkx()
    assert graph.number_of_nodes() == len(made.nodes)
    assert graph.number_of_edges() == len(made.edges)
    values = [v for _, data in graph.nodes(data=True) for v in data.values()]
    values += [v for *_, data in graph.edges(data=True) for v in data.values()]
    assert {type(v) for v in values} <= {str, int, bool}
    assert graph.nodes[ID + "encounter/scm-52"]["session"] == "52"


def test_pyvis_gets_every_node_and_tie_with_positions_and_no_physics(made: Network) -> None:
    drawn = made.to_pyvis()
    assert [n["id"] for n in drawn.nodes] == [n.iri for n in made.nodes]
    assert [(e["from"], e["to"]) for e in drawn.edges] == [(e.source, e.target) for e in made.edges]
    assert drawn.options["physics"] == {"enabled": False}
    assert not any("title" in n for n in drawn.nodes)


_DRAWS = """
import sys
from alliance_graph.network import Network, Node

drawn = Network((Node("urn:a", "person", "A"),), ()).to_pyvis()
unread = [m for m in ("networkx", "IPython") if m in sys.modules]
import networkx

drawn.from_nx(networkx.Graph([("b", "c")]))
print(unread, len(drawn.nodes), type(networkx.Graph).__name__)
"""


def test_drawing_imports_neither_networkx_nor_ipython_until_they_are_used() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _DRAWS], capture_output=True, text=True, check=True
    ).stdout
    assert told == "[] 3 type\n"


def test_what_the_shapes_have_read_gives_the_same_network() -> None:
    store = build.compile_facts(OTHER).store
    told = Graph(store.quads())
    assert network(store, told) == network(store)


def test_no_two_nodes_are_put_on_one_spot(made: Network) -> None:
    at = positions(made)
    assert len(set(at)) == len(made.nodes)


def test_another_alliance_has_its_own_sides() -> None:
    other = compiled(OTHER)
    first, second = other.country(1), other.country(2)
    assert first
    assert second
    assert {first.label, second.label} == {"Australia", "Japan"}
    assert {n.side for n in other.nodes if n.kind == "office"} == {1, 2}


def test_heavy_libraries_are_not_imported_until_asked_for() -> None:
    code = (
        "import sys; from alliance_graph import network, page; "
        "print([m for m in ('pyvis', 'networkx', 'IPython', 'pydantic', 'rdflib', 'jinja2') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_portrait_shows_who_took_part_and_no_counterparts(made: Network) -> None:
    portrait = node(made, "encounter/blue-house-portrait-2021-03-18")
    assert portrait.detail("setting") == "portrait"
    assert [e for e in made.edges if e.target == portrait.iri and e.kind == "took part"]
    pairs = [e for e in made.edges if e.kind == "counterpart"]
    assert pairs
    assert not [e for e in pairs for c in e.claims if "blue-house-portrait" in c]
