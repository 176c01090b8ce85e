"""Names: the closed list is the ontology's, the concepts are the model's, IRIs are made one way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, get_args, get_origin

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import NamedNode, RdfFormat

from alliance_graph import compare, model, paths, vocabulary
from alliance_graph.vocabulary import ALLY, KINDS, ONTOLOGY, PREFIXES, RDF, SCHEMES, SKOS, TERMS

MEMBERS: dict[str, object] = {
    "rank": model.Rank,
    "polarity": model.Polarity,
    "modality": model.Modality,
    "attribution": model.Attribution,
    "basis": model.Basis,
    "date-basis": model.DateBasis,
    "reason": model.Reason,
    "level": model.Level,
    "portfolio": model.Portfolio,
    "status": model.Status,
    "mode": model.Mode,
    "setting": model.Setting,
    "capacity": model.Capacity,
    "channel-kind": model.ChannelKind,
    "formality": model.Formality,
    "periodicity": model.Periodicity,
    "parity": model.Parity,
    "counterpart-basis": model.CounterpartBasis,
    "commitment-kind": model.CommitmentKind,
    "commitment-state": model.CommitmentState,
    "strength": model.Strength,
    "position": model.Position,
    "document-kind": model.DocumentKind,
    "institution-kind": model.InstitutionKind,
    "place-kind": model.PlaceKind,
    "block": model.Block,
    "role": model.Participation.model_fields["role"].annotation,
    "decision": model.DecisionKind,
    "verdict": compare.Verdict,
}
"""Scheme -> the closed list of the model."""


def parsed(name: str) -> list[ox.Quad]:
    path: Path = paths.ontology() / f"{name}.ttl"
    return list(ox.parse(path=str(path), format=RdfFormat.TURTLE))


def test_terms_are_those_of_the_ontology() -> None:
    said = {q.subject.value for q in parsed("alliance") if isinstance(q.subject, NamedNode)}
    assert {s.removeprefix(str(ALLY)) for s in said if s.startswith(str(ALLY))} == TERMS


def test_schemes_are_those_of_the_vocabularies() -> None:
    schemes = {
        q.subject.value
        for q in parsed("vocabularies")
        if q.object == NamedNode(SKOS + "ConceptScheme") and isinstance(q.subject, NamedNode)
    }
    assert schemes == {f"{vocabulary.VOC}{s}" for s in SCHEMES}
    assert schemes == {f"{vocabulary.VOC}{s}" for s in MEMBERS}


def test_every_closed_list_of_the_model_is_a_scheme() -> None:
    lists = {name for name, value in vars(model).items() if get_origin(value) is Literal}
    named = {name for name in lists if any(getattr(model, name) is m for m in MEMBERS.values())}
    assert lists == named


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_concepts_are_the_values_of_the_model(scheme: str) -> None:
    concepts = {
        q.subject.value
        for q in parsed("vocabularies")
        if q.predicate.value == SKOS + "inScheme"
        and q.object == NamedNode(f"{vocabulary.VOC}{scheme}")
        and isinstance(q.subject, NamedNode)
    }
    # what the rules derive is never written by a curator
    extra = {"derived"} if scheme == "counterpart-basis" else set()
    wanted = set(get_args(MEMBERS[scheme])) | extra
    assert concepts == {vocabulary.concept(scheme, member) for member in wanted}


@pytest.mark.parametrize("typo", ["Encouter", "title", "format", "", "ally"])
def test_a_typo_raises_at_once(typo: str) -> None:
    with pytest.raises(AttributeError, match="the ontology has no term"):
        getattr(ALLY, typo)


def test_a_term_is_its_iri() -> None:
    assert f"{ONTOLOGY}#" == str(ALLY)
    assert f"{ONTOLOGY}#Encounter" == ALLY.Encounter


def test_unknown_kinds_and_schemes_are_refused() -> None:
    with pytest.raises(ValueError, match="no kind 'meeting'"):
        vocabulary.iri("meeting", "x")
    with pytest.raises(ValueError, match="no scheme 'ranks'"):
        vocabulary.concept("ranks", "normal")


def test_a_prefix_has_one_meaning() -> None:
    assert not KINDS & SCHEMES
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    assert PREFIXES["edtf"] + "EDTF" == vocabulary.EDTF


@given(st.sampled_from(sorted(KINDS)), st.from_regex(r"[a-z0-9]+([.-][a-z0-9]+)*", fullmatch=True))
def test_an_iri_tells_its_kind_and_slug(kind: str, name: str) -> None:
    made = vocabulary.iri(kind, name)
    assert vocabulary.split(made) == (kind, name)
    NamedNode(made)


@pytest.mark.parametrize(
    "foreign",
    [
        "https://example.org/id/person/x",
        vocabulary.ID,
        f"{vocabulary.ID}person/",
        f"{vocabulary.ID}meeting/x",
        vocabulary.concept("rank", "normal"),
    ],
)
def test_what_is_not_ours_is_not_split(foreign: str) -> None:
    assert vocabulary.split(foreign) is None


@given(st.text(max_size=120), st.integers(1, 60))
def test_a_slug_is_ascii_and_stays_itself(text: str, limit: int) -> None:
    made = vocabulary.slug(text, limit)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", made)
    assert len(made) <= limit
    assert vocabulary.slug(made, limit) == made


def test_slugs_read_well() -> None:
    assert vocabulary.slug("Élysée  Palace, Paris!") == "elysee-palace-paris"
    assert vocabulary.slug("최종건") == ""


@pytest.mark.parametrize(
    ("whole", "short"),
    [
        (RDF + "type", "rdf:type"),
        (str(ALLY) + "Encounter", "ally:Encounter"),
        (vocabulary.iri("person", "choi-jong-kun"), "person:choi-jong-kun"),
        (vocabulary.concept("level", "minister"), "level:minister"),
        (vocabulary.EDTF, "edtf:EDTF"),
        ("https://example.org/x", "https://example.org/x"),
        (vocabulary.iri("claim", "a.b"), vocabulary.iri("claim", "a.b")),
    ],
)
def test_compact_takes_the_longest_prefix(whole: str, short: str) -> None:
    assert vocabulary.compact(whole) == short


@given(st.sampled_from(sorted(PREFIXES)), st.from_regex(r"[A-Za-z0-9_-]+", fullmatch=True))
def test_compact_can_be_undone(prefix: str, name: str) -> None:
    whole = PREFIXES[prefix] + name
    shown, _, rest = vocabulary.compact(whole).partition(":")
    assert PREFIXES[shown] + rest == whole


def test_a_slug_has_its_bounds() -> None:
    assert vocabulary.slug("a" * 100) == "a" * 48
    assert vocabulary.slug("a" * 47 + " b") == "a" * 47
    assert vocabulary.slug("--ab cd", 3) == "ab"
    assert vocabulary.slug("서울") == ""
    assert vocabulary.slug("Dr. É–1") == "dr-e1"


def test_of_a_name_with_a_slash_the_kind_is_what_stands_first() -> None:
    assert vocabulary.split(f"{vocabulary.ID}claim/a/b") == ("claim", "a/b")
