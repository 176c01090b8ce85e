"""Stories are made from the data, and say who says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_graph import build, derive, paths, rdf, seeds
from alliance_graph.network import Network, network
from alliance_graph.store.embedded import Embedded
from alliance_graph.stories import Story, stories


def told(root: Path) -> tuple[Network, list[Story]]:
    store = Embedded(rdf.quads(seeds.load(root).facts))
    store.load(build.ontology_quads())
    derive.derive(store)
    made = network(store)
    assert made.index is not None
    return made, stories(made, made.index, {})


@pytest.fixture(scope="module")
def shipped() -> tuple[Network, list[Story]]:
    return told(paths.seeds())


def test_a_channel_with_many_statuses_has_a_life(shipped: tuple[Network, list[Story]]) -> None:
    made, found = shipped
    life = found[0]
    assert life.title[0].startswith("The life of a channel")
    channel = made.by_iri[life.steps[0].nodes[0]]
    assert channel.kind == "channel"
    assert len(life.steps) == len(channel.statuses) + 2
    days = [s.day for s in life.steps if s.day]
    assert days == sorted(days)
    assert all("So says" in s.text[0] for s in life.steps[1:-1])


def test_two_sides_tell_one_event(shipped: tuple[Network, list[Story]]) -> None:
    made, found = shipped
    accounts = found[1]
    event = made.by_iri[accounts.steps[0].nodes[0]]
    assert event.kind == "encounter"
    first, second = accounts.steps[1], accounts.steps[2]
    assert set(first.nodes[1:]) != set(second.nodes[1:])
    assert len({s.text for s in accounts.steps}) == len(accounts.steps)


def test_each_sentence_is_in_both_languages(shipped: tuple[Network, list[Story]]) -> None:
    made, found = shipped
    for story in found:
        for step in story.steps:
            assert all(step.text)
            assert set(step.nodes) <= made.by_iri.keys()


def test_where_there_is_nothing_to_tell_there_is_no_story() -> None:
    _, found = told(Path(__file__).parent / "data" / "other-alliance")
    assert all(len(s.steps) >= 3 for s in found)
    assert stories(Network((), ()), {}, {}) == []
