"""What stands behind the rows of an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

import alliance_graph as ag
from alliance_graph import sources
from alliance_graph.vocabulary import ID
from alliance_graph.why import Source

BLINKEN, CHO = ID + "person/antony-blinken", ID + "person/cho-tae-yul"
MEETING = ID + "encounter/rok-us-fm-meeting-2024-02-28"


@pytest.fixture(scope="module")
def g(built: Path) -> ag.Graph:
    return ag.open(built)


def articles(found: list[Source]) -> set[str]:
    return {s.article for s in found}


def test_two_that_are_tied_rest_on_their_meetings(g: ag.Graph) -> None:
    (found,) = sources.behind(g.store, [[BLINKEN, CHO]])
    assert articles(found) == {"koreatimes-2024-12-21", "mofa-2024-02-29"}
    assert all(s.paragraph >= 1 and s.words for s in found)


def test_a_record_rests_on_its_claims(g: ag.Graph) -> None:
    (found,) = sources.behind(g.store, [[BLINKEN, MEETING]])
    assert articles(found) == {"mofa-2024-02-29"}
    assert {s.holder for s in found if s.block} == {"kr-mofa"}


def test_a_claim_rests_on_itself(g: ag.Graph) -> None:
    rows = g.ask("conflicts", thing="choi-biegun-2020-09")
    claims = [str(row[rows.columns.index("claim")].value) for row in rows.terms]  # type: ignore[union-attr]  # an IRI
    each = sources.behind(g.store, [[c, ID + "encounter/choi-biegun-2020-09"] for c in claims])
    assert [len(found) for found in each] == [1] * len(claims)
    assert {(s.paragraph, s.words) for found in each for s in found} == {
        (3, "36-52"),
        (3, "100-122"),
    }


def test_nothing_is_behind_nothing(g: ag.Graph) -> None:
    assert sources.behind(g.store, [[], [ID + "person/nobody"]]) == [[], []]


def test_what_comes_from_outside_says_so(g: ag.Graph) -> None:
    claims = g.sparql("SELECT ?c ?text WHERE { ?c a ally:Claim ; ally:source ?text }").rows
    each = sources.behind(g.store, [[f"{ID}claim/{claim}"] for claim, _ in claims])
    for (_, text), found in zip(claims, each, strict=True):
        assert [s for s in found if s.outside.endswith(str(text))]
