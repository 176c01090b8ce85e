from __future__ import annotations

from pathlib import Path

import pytest

from alliance_graph import resolve
from alliance_graph.errors import UnknownName
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import iri


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


@pytest.mark.parametrize(
    ("text", "kind", "slug"),
    [
        ("antony-blinken", "person", "antony-blinken"),
        ("person/antony-blinken", "person", "antony-blinken"),
        ("id:person/antony-blinken", "person", "antony-blinken"),
        (iri("person", "antony-blinken"), "person", "antony-blinken"),
        (f"<{iri('person', 'antony-blinken')}>", "person", "antony-blinken"),
        ("Antony Blinken", "person", "antony-blinken"),
        ("blinken", "person", "antony-blinken"),
        ("  Blinken ", "person", "antony-blinken"),
        ("최종건", "person", "choi-jong-kun"),
        ("Choi Jong-geon", "person", "choi-jong-kun"),
        ("Ch'oe Chong-gŏn", "person", "choi-jong-kun"),
        ("Mark Napier", "person", "marc-knapper"),
        ("Ko Yoon-joo", "person", "ko-yun-ju"),
        ("SCM", "channel", "security-consultative-meeting"),
        ("choi-biegun-2020-09", "encounter", "choi-biegun-2020-09"),
        ("Nuclear Consultative Group", "channel", "nuclear-consultative-group"),
    ],
)
def test_a_name_of_any_kind_leads_to_its_thing(
    store: Embedded, text: str, kind: str, slug: str
) -> None:
    found = resolve.one(store, text)
    assert (found.kind, found.id) == (kind, slug)


def test_people_come_before_meetings_that_name_them(store: Embedded) -> None:
    assert resolve.one(store, "Biegun").kind == "person"
    kinds = {m.kind for m in resolve.find(store, "Biegun", limit=20)}
    assert {"person", "encounter"} <= kinds


def test_two_of_one_surname_are_proposed_and_none_taken(store: Embedded) -> None:
    with pytest.raises(UnknownName, match="more than one") as caught:
        resolve.one(store, "Suh")
    assert "suh-hoon (Suh Hoon)" in str(caught.value)
    assert "suh-wook (Suh Wook)" in str(caught.value)


def test_a_part_of_a_korean_compound_proposes_and_never_takes(store: Embedded) -> None:
    found = resolve.find(store, "계엄")
    assert [(m.id, m.how) for m in found] == [("yoon-martial-law-2024-12-03", "near")]
    with pytest.raises(UnknownName, match="did you mean yoon-martial-law"):
        resolve.one(store, "계엄")
    assert resolve.one(store, "최종건").id == "choi-jong-kun"
    # one syllable is a part of nearly everything
    assert not [m for m in resolve.find(store, "한") if m.how == "near"]


def test_a_misspelling_proposes_and_never_takes(store: Embedded) -> None:
    with pytest.raises(UnknownName, match="did you mean antony-blinken") as caught:
        resolve.one(store, "Antony Blinkin", {"person"})
    assert "in these sources" in str(caught.value)


def test_only_the_kinds_asked_for(store: Embedded) -> None:
    with pytest.raises(UnknownName, match="no channel 'antony-blinken'"):
        resolve.one(store, "antony-blinken", {"channel"})
    assert {m.kind for m in resolve.find(store, "Foreign", {"office"})} == {"office"}


@pytest.mark.parametrize("text", ["", " ", "person/", "no/such", "x> . ?s ?p ?o", "'; DROP", "🙂"])
def test_nonsense_is_no_thing(store: Embedded, text: str) -> None:
    with pytest.raises(UnknownName):
        resolve.one(store, text)


def test_labels_and_existence(store: Embedded) -> None:
    known, unknown = iri("person", "suh-wook"), iri("person", "nobody")
    assert resolve.exists(store, [unknown, known]) == [known]
    assert resolve.labels(store, [unknown, known]) == {known: "Suh Wook"}
    assert resolve.label(store, unknown) is None
    assert resolve.exists(store, []) == []
