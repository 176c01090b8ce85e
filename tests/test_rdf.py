"""Facts as quads: what each claim says, and what reaches the truthy layer."""

from __future__ import annotations

import re
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


def test_a_status_that_ended_with_its_date_says_so() -> None:
    status = [
        {"is": "stalled", "date": "/2020-10-14", "until_known": True, "evidence": EVIDENCE},
        {"is": "active", "date": "2020-10-14/..", "evidence": EVIDENCE},
    ]
    made = facts(channels=[{"channel": "alliance-dialogue", "status": status}])
    query = "SELECT ?status ?v WHERE { ?p ally:status ?status ; ally:untilKnown ?v }"
    assert [(s.rpartition("/")[2], v) for s, v in rows(made, query)] == [("stalled", "true")]


def test_an_article_that_is_the_text_of_a_document_leads_to_it() -> None:
    readout = {"id": "readout", "kind": "readout", "label": "Readout", "evidence": EVIDENCE}
    made = facts(kind="official-readout", document="readout", documents=[readout])
    query = "SELECT ?d WHERE { ?a a ally:OfficialReadout ; schema:exampleOfWork ?d }"
    assert [d.rpartition("/")[2] for (d,) in rows(made, query)] == ["readout"]


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
    records: tuple[type[model.Said], ...] = (
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


def test_a_decision_stands_beside_what_it_settles() -> None:
    decision = {
        "finding": "date-conflict",
        "about": "choi-biegun-2020-09",
        "decision": "ranked",
        "why": "The journey was in September.",
        "on": "2026-11-21",
    }
    made = facts(encounters=[meeting(date=TWO_DATES)], decisions=[decision])
    query = (
        "SELECT ?f ?k ?w ?d WHERE { ?x a ally:Decision ; ally:about encounter:choi-biegun-2020-09 ;"
        " ally:finding ?f ; ally:decision ?k ; rdfs:comment ?w ; dcterms:date ?d }"
    )
    assert [(f, k.rpartition("/")[2], w, d) for f, k, w, d in rows(made, query)] == [
        ("date-conflict", "ranked", "The journey was in September.", "2026-11-21")
    ]


# --- several accounts of one thing -----------------------------------------------------------------


def two(first: dict[str, Any], second: dict[str, Any]) -> model.Facts:
    """The same identities, and two articles."""
    made = facts(**first)
    other = facts(**second).articles[0].model_copy(update={"id": "asiae-2020-10-17"})
    return made.model_copy(update={"articles": (*made.articles, other)})


def truthy(made: model.Facts, thing: str = "encounter:choi-biegun-2020-09") -> set[tuple[str, str]]:
    """What the truthy layer says of a thing, as (local name, local name or text)."""
    found = rows(made, f"SELECT ?p ?o WHERE {{ GRAPH graph:truthy {{ {thing} ?p ?o }} }}")
    return {(re.split("[#/]", p)[-1], re.split("[#/]", o)[-1]) for p, o in found}


CHOI = [{"person": "choi-jong-kun", "in": "kr-vice"}]


def test_a_plan_of_one_article_adds_nothing_to_what_another_tells_as_held() -> None:
    plan = meeting(modality="planned", date="2020-11", place="kr")
    held = meeting(date="2020-09-10", participants=CHOI)
    for made in (
        two({"encounters": [plan]}, {"encounters": [held]}),
        two({"encounters": [held]}, {"encounters": [plan]}),
    ):
        said = truthy(made)
        assert {o for p, o in said if p == "type"} == {"Encounter"}
        assert {o for p, o in said if p in ("date", "earliest", "latest")} == {"2020-09-10"}
        assert not {"scheduledFor", "modality", "place"} & {p for p, _ in said}
        there = "SELECT DISTINCT ?x WHERE { ?e ally:participation/ally:person ?x }"
        assert [x.rpartition("/")[2] for (x,) in rows(made, there)] == ["choi-jong-kun"]
        # both stand as claims
        assert len(rows(made, "SELECT ?d { ?c rdf:predicate ally:scheduledFor ; rdf:object ?d }"))


def test_a_denial_of_one_article_takes_nothing_from_what_another_asserts() -> None:
    denied = meeting(polarity="denied", date="2020-11")
    made = two({"encounters": [denied]}, {"encounters": [meeting(date="2020-09-10")]})
    said = truthy(made)
    assert ("type", "Encounter") in said
    assert {o for p, o in said if p == "date"} == {"2020-09-10"}


def test_the_rank_of_accounts_decides_before_their_class() -> None:
    down = meeting(rank="deprecated", because="misprint", date="2020-11", mode="phone")
    plan = meeting(modality="planned", date="2020-09-10")
    said = truthy(two({"encounters": [down]}, {"encounters": [plan]}))
    assert {o for p, o in said if p == "type"} == {"PlannedEncounter"}
    assert not {"mode", "date"} & {p for p, _ in said}
    best = meeting(rank="preferred", because="official-account", modality="tentative")
    said = truthy(two({"encounters": [meeting()]}, {"encounters": [best]}))
    assert {o for p, o in said if p == "type"} == {"PlannedEncounter"}


def test_a_record_that_is_ranked_down_keeps_its_label_only() -> None:
    down = {"rank": "deprecated", "because": "misprint"}
    said = truthy(facts(encounters=[meeting(date="2020-11", **down)]))
    assert {p for p, _ in said} == {"label", "prefLabel"}
    tenure = {"person": "choi-jong-kun", "post": "kr-vice", "attested": "2020-08"}
    made = facts(tenures=[tenure | {"evidence": EVIDENCE} | down])
    assert (
        truthy(made, "<https://w3id.org/alliance-graph/id/tenure/choi-jong-kun.kr-vice>") == set()
    )


def test_a_planned_tenure_or_membership_is_a_claim_and_no_more() -> None:
    tenure = {"person": "choi-jong-kun", "post": "kr-vice", "attested": "2020-08"}
    member = {"member": "kr", "body": "kr-mofa", "attested": "2020"}
    for section, record in (("tenures", tenure), ("memberships", member)):
        planned = facts(**{section: [record | {"modality": "planned", "evidence": EVIDENCE}]})
        assert rows(planned, "SELECT ?t WHERE { ?t org:member ?m }") == []
        assert rows(planned, "SELECT ?t WHERE { ?t ally:attestedOn ?d }") == []
        assert len(rows(planned, "SELECT ?c WHERE { ?c rdf:predicate ally:attestedOn }")) == 1
        held = facts(**{section: [record | {"evidence": EVIDENCE}]})
        assert len(rows(held, "SELECT ?t WHERE { ?t org:member ?m }")) == 1


def test_no_name_is_both_preferred_and_alternative() -> None:
    made = facts(
        language="ko",
        names=[{"of": "choi-jong-kun", "printed": "최종건", "evidence": EVIDENCE}],
        channels=[
            {
                "channel": "alliance-dialogue",
                "name": ["Alliance Dialogue", "The Dialogue"],
                "evidence": EVIDENCE,
            }
        ],
    )
    names = "SELECT ?n WHERE { ?x skos:altLabel ?n }"
    assert rows(made, names) == [("The Dialogue",)]
    assert rows(made, "SELECT ?n WHERE { ?x skos:prefLabel ?n ; skos:altLabel ?n }") == []
    claimed = "SELECT ?n WHERE { ?c rdf:predicate skos:altLabel ; rdf:object ?n }"
    assert len(rows(made, claimed)) == 3


def test_a_denied_name_is_no_name() -> None:
    name = {"of": "choi-jong-kun", "printed": "Choi Jong Gun", "evidence": EVIDENCE}
    assert len(rows(facts(names=[name]), "SELECT ?n WHERE { ?x skos:altLabel ?n }")) == 1
    denied = facts(names=[name | {"polarity": "denied"}])
    assert rows(denied, "SELECT ?n WHERE { ?x skos:altLabel ?n }") == []


def test_a_channel_that_is_only_said_to_be_is_a_claim_too() -> None:
    bare = {"channel": "alliance-dialogue", "evidence": EVIDENCE}
    claims = "SELECT ?v WHERE { ?c rdf:subject channel:alliance-dialogue ; ally:polarity ?v }"
    kinds = "SELECT ?c WHERE { channel:alliance-dialogue a ?c }"
    made = facts(channels=[bare | {"polarity": "denied"}])
    assert [v.rpartition("/")[2] for (v,) in rows(made, claims)] == ["denied"]
    assert rows(made, kinds) == [(str(ALLY.Denied),)]
    made = facts(channels=[bare])
    assert len(rows(made, claims)) == 1
    assert (str(ALLY.Channel),) in rows(made, kinds)


def test_days_rest_on_outside_knowledge_only_where_nothing_else_gives_them() -> None:
    outside = {"is": "2020-08-10", "basis": "external", "source": "the ministry's site"}
    said = truthy(facts(encounters=[meeting(date=["2020-09", outside])]))
    assert ("earliest", "2020-09-01") in said
    made = facts(encounters=[meeting(date=outside)])
    assert not {p for p, _ in truthy(made)} & {"date", "earliest", "latest"}
    assert rows(
        made, "SELECT DISTINCT ?d WHERE { GRAPH graph:outside { ?e ally:earliest ?d } }"
    ) == [("2020-08-10",)]


def test_no_triple_stands_in_two_graphs() -> None:
    """A query that sees the union of all graphs would count it twice."""
    outside = {"basis": "external", "source": "the ministry's site"}
    first = {
        "encounters": [meeting(date="2020-09-10", participants=CHOI)],
        "names": [{"of": "choi-jong-kun", "printed": "Choi", "evidence": EVIDENCE}],
        "channels": [
            {
                "channel": "alliance-dialogue",
                "status": {"is": "agreed", "modality": "planned"},
                "evidence": EVIDENCE,
            }
        ],
    }
    absent = [CHOI[0] | {"polarity": "denied"}]
    second = first | {
        "encounters": [meeting(date={"is": "2020-09-10"} | outside, participants=absent)],
    }
    made = two(first, second)
    choi = made.people[0]
    alias = model.Claim[str].model_validate({"is": "Choi", "basis": "general-knowledge"})
    made = made.model_copy(
        update={"people": (choi.model_copy(update={"aliases": (alias,)}), *made.people[1:])}
    )
    quads = list(Embedded(rdf.quads(made)).quads())
    assert len({q.triple for q in quads}) == len(quads)
    for name in (ALLY.date, PREFIXES["skos"] + "altLabel"):
        said = [q for q in quads if q.predicate == NamedNode(name)]
        assert [q.graph_name for q in said] == [NamedNode(TRUTHY)]


def test_the_remark_on_an_unnamed_party_is_kept() -> None:
    party = {"id": "officials-2020-10", "label": "Officials", "note": "Whose is not told."}
    made = facts(unnamed=[party])
    assert rows(made, "SELECT ?n WHERE { ?x skos:editorialNote ?n }") == [("Whose is not told.",)]


def test_a_tenure_is_named_by_who_and_what() -> None:
    tenure = {"person": "stephen-biegun", "post": "us-deputy", "evidence": EVIDENCE}
    made = facts(tenures=[tenure, tenure | {"capacity": "acting"}])
    names = rows(made, "SELECT ?l WHERE { ?t a ally:Tenure ; rdfs:label ?l }")
    assert names == [("Stephen Biegun, D",), ("Stephen Biegun, D (acting)",)]
