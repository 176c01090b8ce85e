"""Facts as quads: what each claim says, and what reaches the truthy layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from alliance_graph import model, rdf, seeds
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, EDTF, OUTSIDE, PREFIXES, TRUTHY, article_graph

OTHER = Path(__file__).parent / "data" / "other-alliance"
EVIDENCE = {"p": 1, "words": "1-3", "digest": "0123456789abcdef"}


def facts(**sections: Any) -> model.Facts:
    """The people and offices of one real meeting, and an article that says ``sections`` of it."""
    article = {
        "id": "asiae-2020-10-16",
        "kind": "news-article",
        "headline": "A headline",
        "publisher": "asiae",
        "url": "https://cm.asiae.co.kr/en/article/2020101609063356933",
        "published": {"is": "2020-10-16", "basis": "external", "source": "the site"},
        "anchor": "2020-10-16",
        "blocks": [{"block": "body", "words": 98, "digest": "0123456789abcdef"}],
        **sections,
    }
    office = {"level": "vice-minister", "level_basis": "convention", "portfolio": "foreign-affairs"}
    return model.Facts(
        countries=tuple(
            model.Country.model_validate({"id": i, "label": i.upper()}) for i in ("kr", "us")
        ),
        institutions=tuple(
            model.Institution.model_validate({"id": i, "label": i, "kind": "ministry"})
            for i in ("asiae", "kr-mofa", "us-state-department")
        ),
        offices=(
            model.Office.model_validate(
                {"id": "kr-vice", "label": "V", "institution": "kr-mofa", "country": "kr", **office}
            ),
            model.Office.model_validate(
                {
                    "id": "us-deputy",
                    "label": "D",
                    "institution": "us-state-department",
                    "country": "us",
                    **office,
                }
            ),
        ),
        people=tuple(
            model.Person.model_validate(p)
            for p in (
                {
                    "id": "choi-jong-kun",
                    "label": "Choi Jong-kun",
                    "ko": [{"is": "최종건", "basis": "general-knowledge"}],
                },
                {"id": "stephen-biegun", "label": "Stephen Biegun"},
            )
        ),
        channels=(
            model.Channel.model_validate(
                {
                    "id": "alliance-dialogue",
                    "label": "Alliance Dialogue",
                    "kind": "consultative-body",
                }
            ),
        ),
        articles=(model.Article.model_validate(article),),
    )


def meeting(**fields: Any) -> dict[str, Any]:
    return {
        "id": "choi-biegun-2020-09",
        "label": "Choi–Biegun meeting",
        "kind": "meeting",
        "evidence": EVIDENCE,
        "participants": [
            {"person": "choi-jong-kun", "in": "kr-vice", "printed": "Deputy Minister"},
            {"person": "stephen-biegun", "in": "us-deputy"},
        ],
        **fields,
    }


def rows(made: model.Facts, query: str) -> list[tuple[str, ...]]:
    answer: Any = Embedded(rdf.quads(made)).query(query)
    return sorted(tuple("" if v is None else v.value for v in row) for row in answer)


TWO_DATES = [
    {"is": "2020-09-10", "rank": "preferred", "because": "agrees-with-relative-date"},
    {"is": "2020-10-10", "rank": "deprecated", "because": "contradicted-by-same-source"},
]


def test_both_accounts_are_claims_and_the_best_is_truthy() -> None:
    made = facts(encounters=[meeting(date=TWO_DATES)])
    claims = "SELECT ?d ?r WHERE { ?c rdf:predicate ally:date ; rdf:object ?d ; ally:rank ?r }"
    assert [(d, r.rpartition("/")[2]) for d, r in rows(made, claims)] == [
        ("2020-09-10", "preferred"),
        ("2020-10-10", "deprecated"),
    ]
    truthy = (
        "SELECT ?d ?e ?l { ?m a ally:Encounter ; ally:date ?d ; ally:earliest ?e ; ally:latest ?l }"
    )
    assert rows(made, truthy) == [("2020-09-10", "2020-09-10", "2020-09-10")]


def test_two_undecided_dates_both_show() -> None:
    made = facts(encounters=[meeting(date=["2020-09-10", "2020-10-10"])])
    assert len(rows(made, "SELECT ?d WHERE { GRAPH graph:truthy { ?m ally:date ?d } }")) == 2


@pytest.mark.parametrize("modality", ["planned", "tentative", "desired", "hypothetical"])
def test_a_plan_is_no_encounter(modality: str) -> None:
    made = facts(encounters=[meeting(date="2020-11", modality=modality)])
    assert rows(made, "SELECT ?e WHERE { ?e a ally:Encounter }") == []
    assert rows(made, "SELECT ?e ?d WHERE { ?e ally:date ?d }") == []
    planned = "SELECT ?d ?m WHERE { ?e a ally:PlannedEncounter ; ally:scheduledFor ?d ; ally:modality ?m }"
    assert [(d, m.rpartition("/")[2]) for d, m in rows(made, planned)] == [("2020-11", modality)]


def test_an_attempt_is_neither() -> None:
    made = facts(encounters=[meeting(modality="attempted")])
    assert rows(
        made, "SELECT ?c WHERE { GRAPH graph:truthy { encounter:choi-biegun-2020-09 a ?c } }"
    ) == [(str(ALLY.AttemptedEncounter),)]


def test_what_is_denied_has_a_label_and_nothing_else() -> None:
    made = facts(encounters=[meeting(polarity="denied", date="2020-09-10", mode="in-person")])
    said = rows(
        made, "SELECT ?p WHERE { GRAPH graph:truthy { encounter:choi-biegun-2020-09 ?p ?o } }"
    )
    assert {p.rpartition("/")[2].rpartition("#")[2] for (p,) in said} == {
        "type",
        "label",
        "prefLabel",
    }
    assert rows(made, "SELECT ?x WHERE { ?x a ally:Denied }") == [
        ("https://w3id.org/alliance-graph/id/encounter/choi-biegun-2020-09",)
    ]


def test_a_value_less_sure_than_its_record_stays_a_claim() -> None:
    made = facts(encounters=[meeting(mode={"is": "in-person", "modality": "tentative"})])
    assert rows(made, "SELECT ?m WHERE { ?e ally:mode ?m }") == []
    assert len(rows(made, "SELECT ?c WHERE { ?c rdf:predicate ally:mode }")) == 1


def test_holder_side_and_evidence_descend() -> None:
    made = facts(
        defaults={"holder": "narrative", "via": "asiae"},
        encounters=[
            meeting(
                mode={"is": "in-person", "holder": "kr-mofa", "side": "kr", "printed": "met"},
                date="2020-09-10",
            )
        ],
    )
    query = (
        "SELECT ?h ?s ?v ?e WHERE { ?c rdf:predicate %s ; ally:holder ?h ; ally:via ?v ;"
        " ally:evidence ?e OPTIONAL { ?c ally:side ?s } }"
    )

    def short(predicate: str) -> list[tuple[str, ...]]:
        return [tuple(v.rpartition("/")[2] for v in r) for r in rows(made, query % predicate)]

    place = "asiae-2020-10-16.body-1.1-3"
    assert short("ally:mode") == [("kr-mofa", "kr", "asiae", place)]
    assert short("ally:date") == [("asiae-2020-10-16", "", "asiae", place)]


def test_names_from_outside_stand_in_their_own_graph() -> None:
    store = Embedded(rdf.quads(facts()))
    hangul = Literal("최종건", language="ko")
    graphs = {q.graph_name for q in store.quads() if q.object == hangul}
    assert graphs == {NamedNode(OUTSIDE)}
    # left out in one line
    store.update(f"DROP GRAPH <{OUTSIDE}>")
    assert not any(q.object == hangul for q in store.quads())
    assert any(q.object == Literal("Choi Jong-kun", language="en") for q in store.quads())


def test_a_channel_that_is_only_denied_is_no_channel() -> None:
    made = facts(
        channels=[
            {
                "channel": "alliance-dialogue",
                "status": "proposed",
                "polarity": "denied",
                "evidence": EVIDENCE,
            }
        ]
    )
    assert rows(made, "SELECT ?c WHERE { channel:alliance-dialogue a ?c }") == [(str(ALLY.Denied),)]
    assert rows(made, "SELECT ?s WHERE { ?c ally:statusPeriod ?s }") == []


def test_dates_are_edtf_with_days_beside() -> None:
    made = facts(encounters=[meeting(date="2020-09-16/2020-09-20")])
    quads = set(rdf.quads(made))
    literal = Literal("2020-09-16/2020-09-20", datatype=NamedNode(EDTF))
    subject = NamedNode(PREFIXES["encounter"] + "choi-biegun-2020-09")
    day = NamedNode(PREFIXES["xsd"] + "date")
    truthy = NamedNode(TRUTHY)
    assert {
        Quad(subject, NamedNode(ALLY.date), literal, truthy),
        Quad(subject, NamedNode(ALLY.earliest), Literal("2020-09-16", datatype=day), truthy),
        Quad(subject, NamedNode(ALLY.latest), Literal("2020-09-20", datatype=day), truthy),
    } <= quads


def test_no_blank_nodes_and_every_reference_is_described() -> None:
    store = Embedded(rdf.quads(seeds.load(OTHER).facts))
    quads = list(store.quads())
    described = {q.subject for q in quads}
    base = PREFIXES["id"]
    for q in quads:
        assert isinstance(q.subject, NamedNode)
        assert (
            not isinstance(q.object, NamedNode)
            or not q.object.value.startswith(base)
            or (q.object in described)
        ), q


def test_claims_stand_in_the_graph_of_their_article() -> None:
    store = Embedded(rdf.quads(facts(encounters=[meeting(date="2020-09-10")])))
    graphs = {
        q.graph_name
        for q in store.quads()
        if q.predicate == NamedNode(ALLY.inArticle) and "published" not in str(q.subject)
    }
    assert graphs == {NamedNode(article_graph("asiae-2020-10-16"))}


def test_every_claimed_field_of_the_model_has_a_predicate() -> None:
    records = (
        model.ChannelFacts,
        model.Tenure,
        model.Membership,
        *(c for c in rdf.CLASSES if issubclass(c, model.Record)),
    )
    for record in records:
        for name, info in record.model_fields.items():
            if "Claim" in str(info.annotation) and name != "status":
                assert (record, name) in rdf.OVERRIDES or name in rdf.FIELDS, (record, name)


def test_a_planned_pair_is_a_claim_and_no_relation() -> None:
    pair = {
        "a": "kr-vice",
        "b": "us-deputy",
        "parity": "equal",
        "counterpart_basis": "asserted",
        "evidence": EVIDENCE,
    }
    count = "SELECT ?r WHERE { ?r a ally:CounterpartRelation }"
    assert len(rows(facts(counterparts=[pair]), count)) == 1
    planned = facts(counterparts=[pair | {"modality": "planned"}])
    assert rows(planned, count) == []
    assert rows(planned, "SELECT ?a WHERE { ?r ally:counterpartA ?a }") == []
    assert len(rows(planned, "SELECT ?c WHERE { ?c rdf:predicate ally:counterpartA }")) == 1


def test_general_knowledge_within_an_article_can_be_left_out() -> None:
    place = {"is": "kr", "basis": "general-knowledge"}
    store = Embedded(rdf.quads(facts(encounters=[meeting(place=place)])))
    said = [q for q in store.quads() if q.predicate == NamedNode(ALLY.place)]
    assert [q.graph_name for q in said] == [NamedNode(OUTSIDE)]
