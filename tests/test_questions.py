from __future__ import annotations

import io
import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, serialize

from alliance_graph import model, questions, vocabulary
from alliance_graph.errors import QueryError, UnknownName
from alliance_graph.questions import Question
from alliance_graph.store.embedded import Embedded
from alliance_graph.tables import Table, Term, Triples, Truth
from alliance_graph.vocabulary import XSD, concept, iri

if TYPE_CHECKING:
    import rdflib

CATALOGUE = questions.catalogue()
BY_NAME = {q.name: q for q in CATALOGUE}
each_question = pytest.mark.parametrize("question", CATALOGUE, ids=lambda q: q.name)


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


# --- the catalogue --------------------------------------------------------------------------------


def test_there_are_many_questions_for_several_kinds_of_people() -> None:
    assert len(CATALOGUE) >= 70
    assert {q.group for q in CATALOGUE} == {
        "analyst",
        "desk officer",
        "fact-checker",
        "historian",
        "librarian",
    }


@each_question
def test_each_head_says_what_a_reader_needs(question: Question) -> None:
    assert question.summary.endswith("?")
    assert question.description.endswith(".")
    assert question.tags
    for param in question.params:
        assert param.about, param.name
        assert re.search(rf"\?{param.name}\b", _body(question)) or question.then, param.name
    assert len({p.name for p in question.params}) == len(question.params)


def _body(question: Question) -> str:
    return "\n".join(x for x in question.text.splitlines() if not x.startswith("#+"))


@each_question
def test_each_query_is_in_an_order_of_its_own_and_without_doubles(question: Question) -> None:
    body = _body(question)
    assert re.search(r"\nORDER BY ", body)
    # the same triple in two graphs is two rows on some engines
    assert re.search(r"^SELECT DISTINCT", body, re.MULTILINE) or "\nGROUP BY" in body
    assert "gYear" not in body
    assert "NOT EXISTS" not in body


@each_question
def test_each_query_runs_on_an_engine_that_does_not_know_our_prefixes(question: Question) -> None:
    pyoxigraph.Store().query(question.standalone())


def test_closed_lists_are_those_of_the_model() -> None:
    schemes = {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
        for name, value in vars(model).items()
        if getattr(value, "__origin__", None) is getattr(model.Rank, "__origin__", None)
        and isinstance(getattr(value, "__args__", (None,))[0], str)
    }
    # two are named otherwise in the model: a document's and a decision's kind
    schemes = {{"setting": "setting"}.get(s, s) for s in schemes}
    assert questions.SCHEMES - schemes <= {"role", "decision", "block", "verdict"}
    assert not questions.SCHEMES & vocabulary.KINDS


def test_every_closed_list_has_concepts(store: Embedded) -> None:
    for scheme in sorted(questions.SCHEMES):
        assert questions.concepts(store, scheme), scheme


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        ("#+ summary: [", "is no YAML"),
        ("#+ just words", "is a YAML mapping"),
        ("#+ sumary: x", "no key 'sumary'; did you mean summary"),
        ("#+ params: [a]", "maps names to their types"),
        ("#+ params:\n#+   a: {about: b}", "needs `type:`"),
        ("#+ params:\n#+   a: {type: persn}", "no type 'persn'; did you mean person"),
    ],
)
def test_a_wrong_head_is_told(head: str, complaint: str) -> None:
    with pytest.raises(QueryError, match=complaint):
        questions.parse("mine", head + "\nSELECT * WHERE { ?s ?p ?o }")


def test_find_reads_one_file_and_forgives_underscores() -> None:
    assert questions.find("who_held").name == "who-held"
    assert questions.find("WHO-HELD.rq").summary == BY_NAME["who-held"].summary
    with pytest.raises(QueryError, match="did you mean counterparts") as caught:
        questions.find("conterparts")
    assert "who-held" in str(caught.value)
    with pytest.raises(QueryError, match="no question"):
        questions.find("../../etc/passwd")


def test_the_catalogue_takes_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.rq").write_text("#+ summary: Mine?\nSELECT * WHERE { ?s a ally:Topic }\n")
    assert [q.summary for q in questions.catalogue(tmp_path)] == ["Mine?"]
    assert questions.find("mine", tmp_path).name == "mine"


# --- answers on the shipped facts -----------------------------------------------------------------


@each_question
def test_each_question_has_an_answer_in_the_shipped_facts(
    store: Embedded, question: Question
) -> None:
    for params in (question.example, {n: question.example[n] for n in question.required}):
        table = questions.ask(store, question.name, **params)
        assert len(set(table.columns)) == len(table.columns)
        if not question.may_be_empty:
            assert len(table) > 0, params
        assert len(set(table.terms)) == len(table.terms), "a row comes twice"


VALUES = {
    "actor": "us",
    "article": "hankyoreh-2021-03-19",
    "attribution": "anonymous",
    "basis": "convention",
    "boolean": "true",
    "capacity": "acting",
    "channel": "rok-us-2-plus-2",
    "channel-kind": "meeting-series",
    "commitment": "alliance-dialogue-establishment",
    "commitment-kind": "demand",
    "commitment-state": "unknown",
    "counterpart-basis": "asserted",
    "country": "kr",
    "date": "2021-03-18",
    "date-basis": "resolved",
    "document": "washington-declaration",
    "document-kind": "readout",
    "encounter": "scm-52",
    "holder": "kr-mofa",
    "institution": "kr-mofa",
    "institution-kind": "newspaper",
    "integer": "1",
    "level": "minister",
    "modality": "planned",
    "mode": "phone",
    "occasion": "scm-52",
    "office": "us-state-secretary",
    "parity": "equal",
    "party": "us",
    "person": "antony-blinken",
    "place": "washington",
    "polarity": "denied",
    "portfolio": "defence",
    "position": "seeks",
    "rank": "preferred",
    "setting": "call",
    "since": "2021",
    "status": "active",
    "strength": "firm",
    "text": "2+2",
    "thing": "antony-blinken",
    "topic": "extended-deterrence",
    "until": "2021-12",
}


@each_question
def test_each_parameter_only_narrows_the_answer(store: Embedded, question: Question) -> None:
    given = {name: question.example[name] for name in question.required}
    everything = questions.ask(store, question.name, **given)
    counted = "COUNT(" in question.text or "differs" in everything.columns or question.then
    for param in question.params:
        if param.required or param.default is not None:
            continue
        value = param.example or VALUES[param.type]
        narrowed = questions.ask(store, question.name, **given, **{param.name: value})
        assert narrowed.columns == everything.columns
        assert len(narrowed) <= len(everything), param.name
        if not counted:
            assert set(narrowed.terms) <= set(everything.terms), param.name


def test_rows_come_in_one_order_however_the_graph_was_filled(store: Embedded) -> None:
    quads = sorted(store.quads(), key=lambda q: str(q.object), reverse=True)
    other = Embedded(quads)
    for question in CATALOGUE:
        mine = questions.ask(store, question.name, **question.example)
        theirs = questions.ask(other, question.name, **question.example)
        assert mine.terms == theirs.terms, question.name


def _rdflib_rows(
    data: rdflib.Dataset, question: Question, given: dict[str, tuple[Term, ...]]
) -> Table:
    import rdflib

    def term(value: object) -> Term | None:
        if value is None:
            return None
        if isinstance(value, rdflib.URIRef):
            return NamedNode(str(value))
        assert isinstance(value, rdflib.Literal)
        if value.language:
            return Literal(str(value), language=value.language)
        kind = str(value.datatype) if value.datatype else XSD + "string"
        return Literal(str(value), datatype=NamedNode(kind))

    result = data.query(questions.standalone(questions.insert(question.text, given)))
    names = tuple(str(v) for v in result.vars or ())
    rows = cast("list[dict[Any, object]]", result.bindings)
    terms = tuple(tuple(term(row.get(rdflib.Variable(n))) for n in names) for row in rows)
    return questions.finished(question, Table(names, terms, question.name), given)


def _as_rdflib(store: Embedded) -> rdflib.Dataset:
    import rdflib

    data = rdflib.Dataset(default_union=True)
    quads = serialize(store.quads(), format=RdfFormat.N_QUADS)
    data.parse(io.BytesIO(quads or b""), format="nquads")
    return data


@pytest.mark.parametrize("name", [q.name for q in questions.catalogue() if not q.required])
def test_csv_by_the_engine_is_the_csv_of_the_table(store: Embedded, name: str) -> None:
    assert questions.csv(store, name) == questions.ask(store, name).csv().encode()


@pytest.fixture(scope="module")
def one_article() -> Embedded:
    """The graph of one article: small enough for rdflib to answer every question."""
    from tests import engines

    return engines.one_article()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")  # of its own parts
def test_rdflib_gives_the_same_rows_in_the_same_order(
    store: Embedded, one_article: Embedded
) -> None:
    # all five articles where time is no matter
    engine = store if os.environ.get("ALLIANCE_ALL") == "1" else one_article
    data = _as_rdflib(engine)
    some = 0
    for question in CATALOGUE:
        given = questions.terms(
            question, store, {n: question.example[n] for n in question.required}
        )
        answer = cast("Any", engine.query(questions.insert(question.text, given)))
        ours = questions.finished(question, Table.of(answer, question.name), given)
        theirs = _rdflib_rows(data, question, given)
        assert theirs.columns == ours.columns, question.name
        assert theirs.terms == ours.terms, question.name
        some += len(ours) > 0
    assert some > 50


# --- some answers that a reader of the articles can check ------------------------------------------


def rows(store: Embedded, name: str, *columns: str, **params: Any) -> list[tuple[object, ...]]:
    table = questions.ask(store, name, **params)
    return [tuple(row[c] for c in columns) for row in table.dicts()]


def test_blinkens_counterparts(store: Embedded) -> None:
    found = rows(store, "counterparts", "counterpart", "pairParity", "first", person="Blinken")
    assert ("chung-eui-yong", "equal", date(2021, 3, 18)) in found
    assert ("cho-tae-yul", "equal", date(2024, 2, 28)) in found
    assert {f[0] for f in found} == {"chung-eui-yong", "cho-tae-yul"}


def test_who_was_secretary_of_state(store: Embedded) -> None:
    found = rows(
        store, "who-held", "person", "days", office="us-state-secretary", date="2020-10-15"
    )
    assert found[0] == ("mike-pompeo", 0)
    assert ("antony-blinken", 154) in found


def test_the_one_meeting_with_two_dates(store: Embedded) -> None:
    found = rows(store, "conflicts", "value", "rank", thing="choi-biegun-2020-09", differ="value")
    assert ("2020-09-10", "preferred") in found
    assert ("2020-10-10", "deprecated") in found
    stands = rows(store, "conflict-resolution", "value", "stands", thing="choi-biegun-2020-09")
    assert ("2020-09-10", True) in stands
    assert ("2020-10-10", None) in stands
    listed = rows(store, "encounters", "encounter", valid_on="2020-10-10")
    assert ("choi-biegun-2020-09",) not in listed


def test_two_plus_two_after_five_years(store: Embedded) -> None:
    found = rows(store, "sessions", "date", "daysSincePrevious", channel="rok-us-2-plus-2")
    assert found == [("2016-10", None), ("2021-03-18", "1599–1629")]
    assert ("P6D", 6) in rows(store, "before-and-after", "gap", "days")


def test_a_plan_is_no_encounter(store: Embedded) -> None:
    planned = {r[0] for r in rows(store, "planned-not-held", "plan")}
    held = {r[0] for r in rows(store, "encounters", "encounter")}
    assert "cho-blinken-in-person-meeting-planned" in planned
    assert not planned & held
    assert {r[0] for r in rows(store, "attempted", "holder")} == {"choe-son-hui"}


def test_silences_that_a_source_points_out(store: Embedded) -> None:
    assert ("antony-blinken", "choe-statement-2021-03-18") in rows(store, "unanswered", "by", "to")
    assert ("China",) in rows(store, "not-mentioned", "whatLabel")


def test_the_chain_of_encounters(store: Embedded) -> None:
    found = rows(
        store, "shortest-chain", "hop", "person", "other", start="biegun", end="lee-do-hoon"
    )
    assert found == [(1, "stephen-biegun", "lee-do-hoon")]
    none = questions.ask(store, "shortest-chain", start="choe-son-hui", end="antony-blinken")
    assert none.text() == "0 rows: no chain of encounters links them in these sources\n"


def test_a_chain_found_hop_by_hop_is_that_found_in_all_meetings(store: Embedded) -> None:
    question = BY_NAME["shortest-chain"]
    meetings = Table.of(cast("Any", store.query(question.text)))
    start = NamedNode(iri("person", "antony-blinken"))
    hops = set()
    for end in sorted({row[0] for row in meetings.terms}, key=str):
        given = {"start": (start,), "end": (cast("Term", end),)}
        found = questions.ask(store, "shortest-chain", start=start, end=end)
        assert found.terms == questions.finished(question, meetings, given).terms, end
        hops.add(len(found))
    assert len(hops) > 2


def test_allies_differ_where_an_article_says_so_or_positions_lie_apart(store: Embedded) -> None:
    columns = ("topic", "difference", "position", "otherPosition", "holder")
    found = set(rows(store, "disagreements", *columns))
    paper = "hankyoreh-2021-03-19"
    assert {f for f in found if f[1] == "said to differ"} == {
        (topic, "said to differ", None, None, paper)
        for topic in ("china-policy", "north-korea-policy", "wartime-operational-control")
    }
    assert ("china-policy", "unlike positions", "condemns", "balances", "antony-blinken") in found
    # the rest of the first coding's rows were agreement
    assert not {(f[2], f[3]) for f in found} & {("seeks", "supports"), ("supports", "reaffirms")}


@pytest.mark.parametrize("name", ["who-met-whom", "met-without-being-counterparts"])
def test_posing_for_a_portrait_is_no_meeting(store: Embedded, name: str) -> None:
    listed = {r[0] for r in rows(store, "encounters", "encounter")}
    assert "blue-house-portrait-2021-03-18" in listed
    found = {r[0] for r in rows(store, name, "encounter")}
    assert "two-plus-two-2021-03-18" in found
    assert "blue-house-portrait-2021-03-18" not in found


def test_no_chain_leads_over_a_portrait(store: Embedded) -> None:
    found = rows(store, "shortest-chain", "encounter", start="moon", end="chung-eui-yong")
    assert len(found) == 2


def test_headlines_that_agree_with_the_body_are_shown_only_when_asked(store: Embedded) -> None:
    some = rows(store, "headline-versus-holder", "versions", "holder")
    assert (1,) not in {r[:1] for r in some}
    assert {"kr-mofa", "diplomatic-sources-2025-12-12"} <= {r[1] for r in some}
    every = rows(store, "headline-versus-holder", "versions", all=True)
    assert (1,) in every
    assert len(every) > len(some)


def test_what_only_one_side_tells_of_one_call(store: Embedded) -> None:
    call = "cho-blinken-call-2024-12-21"
    found = set(rows(store, "only-one-side", "side", "thing", "class", event=call))
    assert ("kr", "rok-us-japan-cooperation", "ally:discussed") in found
    assert ("us", "us-intent-to-work-with-han", "ally:Commitment") in found
    # both tell of the call itself
    assert call not in {f[1] for f in found}


def test_what_has_no_date_stands_behind_what_has_one(store: Embedded) -> None:
    channel = "rok-us-foreign-ministers-meeting"
    assert rows(store, "sessions", "state", channel=channel) == [("held",), ("planned",)]


def test_a_part_of_the_name_is_no_other_spelling(store: Embedded) -> None:
    found = {r[0] for r in rows(store, "spelled-differently", "printed")}
    assert "Choi Jong-geon" in found
    assert not found & {"Park", "Kim", "Blinken"}


def test_unnamed_parties_are_addressed_or_party_as_the_text_has_it(store: Embedded) -> None:
    found = set(rows(store, "unnamed-participants", "party", "as"))
    assert ("reporters-at-campbell-remarks-2024-12-19", "addressed") in found
    assert ("think-tank-experts-2020-10", "party") in found


def test_valid_on_and_known_by_are_two_times(store: Embedded) -> None:
    known = {r[0] for r in rows(store, "encounters", "reported", known_by="2021-12")}
    assert known == {date(2020, 10, 16), date(2021, 3, 19)}
    at = rows(store, "encounters", "encounter", valid_on="2016-10-05", known_by="2020-12")
    assert at == []
    assert rows(store, "encounters", "encounter", valid_on="2016-10-05") == [
        ("two-plus-two-2016-10",)
    ]


# --- binding --------------------------------------------------------------------------------------


def test_a_value_becomes_a_term_of_its_type(store: Embedded) -> None:
    question = BY_NAME["encounters"]
    given = {
        "person": "최종건",
        "level": "Vice Minister",
        "since": "2020-09",
        "until": date(2020, 9, 30),
    }
    assert questions.terms(question, store, given) == {
        "level": (NamedNode(concept("level", "vice-minister")),),
        "person": (NamedNode(iri("person", "choi-jong-kun")),),
        "since": (Literal("2020-09-01", datatype=NamedNode(XSD + "date")),),
        "until": (Literal("2020-09-30", datatype=NamedNode(XSD + "date")),),
    }
    text = questions.bind(question, store, **given)
    assert text.index("VALUES (?level ?person ?since ?until)") > text.index("WHERE {")


def test_several_values_mean_any_of_them(store: Embedded) -> None:
    both = rows(store, "offices", "level", level=["minister", "vice-minister"])
    assert {r[0] for r in both} == {"minister", "vice-minister"}


def test_terms_are_taken_as_they_are(store: Embedded) -> None:
    blinken = NamedNode(iri("person", "antony-blinken"))
    by_term = questions.ask(store, "counterparts", person=blinken)
    assert by_term.terms == questions.ask(store, "counterparts", person="antony-blinken").terms
    assert questions.ask(store, "counterparts", person=None).terms  # left out
    with pytest.raises(QueryError, match="blank node"):
        questions.ask(store, "counterparts", person=BlankNode("b"))


def test_without_a_store_only_ids_of_one_kind() -> None:
    text = questions.bind(BY_NAME["counterparts"], person="antony-blinken")
    assert f"<{iri('person', 'antony-blinken')}>" in text
    with pytest.raises(QueryError, match="needs a graph"):
        questions.bind(BY_NAME["counterparts"], person="Antony Blinken")
    with pytest.raises(QueryError, match="needs a graph"):
        questions.bind(BY_NAME["names"], thing="antony-blinken")


@pytest.mark.parametrize(
    ("name", "params", "complaint"),
    [
        ("counterparts", {"persn": "x"}, "takes no 'persn'; did you mean person"),
        ("counterparts", {"person": "suh"}, "person: 'suh' can mean more than one"),
        ("counterparts", {"person": "nobody at all"}, "person: no person 'nobody at all'"),
        ("counterparts", {"level": "ministr"}, "did you mean minister"),
        ("counterparts", {"level": "king"}, "It is one of deputy-minister, director"),
        ("who-held", {}, "needs office: it takes office"),
        ("who-held", {"office": "us-state-secretary", "date": "2021-03"}, "is not a day"),
        ("who-held", {"office": "us-state-secretary", "date": "yesterday"}, "yesterday"),
        ("encounters", {"since": "2021-02-30"}, "2021-02-30"),
        ("single-source", {"most": "few"}, "is not a whole number"),
        ("single-source", {"most": True}, "is not a whole number"),
        ("who-met-whom", {"across": "maybe"}, "is not true or false"),
    ],
)
def test_a_wrong_value_is_told_with_what_would_be_right(
    store: Embedded, name: str, params: dict[str, Any], complaint: str
) -> None:
    with pytest.raises((QueryError, UnknownName), match=re.escape(complaint)):
        questions.ask(store, name, **params)


@given(st.text(min_size=1, max_size=40))
def test_no_text_breaks_out_of_its_term(text: str) -> None:
    query = "#+ params: {x: {type: text}}\nSELECT ?x ?y WHERE { BIND(1 AS ?y) }"
    try:
        table = questions.run(Embedded(), query, x=text)
    except QueryError:
        # a lone surrogate is no text that RDF could hold
        assert any("\ud800" <= c <= "\udfff" for c in text)
        return
    assert isinstance(table, Table)
    assert table.rows == ((text.strip(), 1),)


@given(st.sampled_from([q for q in CATALOGUE if q.params]), st.text(max_size=20))
def test_no_value_of_any_parameter_raises_anything_else(question: Question, text: str) -> None:
    for param in question.params:
        try:
            questions.terms(question, None, {param.name: text})
        except (QueryError, UnknownName):
            continue


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELECT ?x WHERE { ?x a ?y }", 1),
        ("SELECT ?x { ?x a ?y }", 1),
        ("SELECT (IF(EXISTS { ?a ?b ?c }, 1, 2) AS ?n) WHERE { ?x a ?y }", 1),
        ("# { in a comment\nSELECT ?x WHERE { ?x a ?y }", 1),
        ("PREFIX select: <urn:x> SELECT ?x WHERE { ?x a ?y }", 1),
        ("SELECT ?x FROM <urn:g{> WHERE { ?x a ?y }", 0),
        ("ASK { ?x a ?y }", 1),
        ("CONSTRUCT { ?x a ?y } WHERE { ?x a ?y }", 1),
        ("DESCRIBE ?x WHERE { ?x a ?y }", 1),
        ('SELECT ?x WHERE { ?x ?p \'{\', """{""" . ?x a ?y }', 1),
    ],
)
def test_values_stand_first_in_the_outermost_pattern(text: str, values: int) -> None:
    if not values:
        # no IRI may hold a brace: whatever the engine says, it is the engine that says it
        with pytest.raises(QueryError):
            questions.run(Embedded(), questions.insert(text, {"x": (NamedNode("urn:x"),)}))
        return
    bound = questions.insert(text, {"x": (NamedNode("urn:x"), NamedNode("urn:z"))})
    assert "{ VALUES (?x) { (<urn:x>) (<urn:z>) }  ?x" in bound.replace("}  ", "}  ")
    questions.run(Embedded(), bound)


def test_queries_that_no_parameter_fits_into() -> None:
    x = {"x": (NamedNode("urn:x"),)}
    with pytest.raises(QueryError, match="long form"):
        questions.insert("CONSTRUCT WHERE { ?x a ?y }", x)
    with pytest.raises(QueryError, match="braces of its own"):
        questions.insert("SELECT ?x WHERE { SELECT ?x WHERE { ?x a ?y } }", x)
    with pytest.raises(QueryError, match="needs a pattern"):
        questions.insert("DESCRIBE <urn:x>", x)
    assert questions.insert("whatever", {}) == "whatever"


# --- queries of one's own ---------------------------------------------------------------------------


def test_a_query_of_ones_own_gets_typed_values(store: Embedded) -> None:
    query = "SELECT ?name WHERE { ?person skos:prefLabel ?name FILTER(LANG(?name) = 'en') }"
    for value in ("blinken", iri("person", "antony-blinken"), "id:person/antony-blinken"):
        table = questions.run(store, query, person=value)
        assert isinstance(table, Table)
        assert table.rows == (("Antony Blinken",),)
    with pytest.raises(QueryError, match="no variable \\?persn"):
        questions.run(store, query, persn="blinken")
    with pytest.raises(UnknownName, match="write it in quotes"):
        questions.run(store, query, person="no such name")
    with pytest.raises(QueryError, match="no IRI"):
        questions.run(store, query, person="<not an iri>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2021-03-18", date(2021, 3, 18)),
        (date(2021, 3, 18), date(2021, 3, 18)),
        ("52", 52),
        (52, 52),
        (0.5, 0.5),
        ("true", True),
        (False, False),
        ('"a text"', "a text"),
        ('"글"@ko', "글"),
        ("ally:Encounter", "ally:Encounter"),
        ("https://example.org/x", "https://example.org/x"),
    ],
)
def test_untyped_values_are_read_by_their_look(value: Any, expected: object) -> None:
    table = questions.run(Embedded(), "SELECT ?x WHERE { BIND(1 AS ?y) }", x=value)
    assert isinstance(table, Table)
    assert table.rows == ((expected,),)


def test_a_head_of_ones_own_types_its_parameters(store: Embedded) -> None:
    query = (
        "#+ summary: Mine?\n#+ params:\n#+   day: {type: since, required: true}\n"
        "SELECT (COUNT(DISTINCT ?e) AS ?n) WHERE { ?e a ally:Encounter ; ally:latest ?to "
        "FILTER(?to >= ?day) }"
    )
    later = questions.run(store, query, day="2024")
    all_of_them = questions.run(store, query, day="2010")
    assert isinstance(later, Table)
    assert isinstance(all_of_them, Table)
    assert 0 < cast("int", later.rows[0][0]) < cast("int", all_of_them.rows[0][0])
    with pytest.raises(QueryError, match="needs day"):
        questions.run(store, query)


def test_ask_and_construct_of_ones_own(store: Embedded) -> None:
    assert isinstance(questions.run(store, "ASK { ?x a ally:Encounter }"), Truth)
    made = questions.run(store, "CONSTRUCT { ?e a ally:Encounter } WHERE { ?e a ally:Encounter }")
    assert isinstance(made, Triples)
    with pytest.raises(QueryError, match="not a SPARQL"):
        questions.run(store, "SELECT WHERE")


def test_standalone_declares_what_is_used_and_no_more() -> None:
    text = questions.standalone(
        "PREFIX ally: <urn:a#>\nSELECT * WHERE { ?x a ally:X, foaf:Person }"
    )
    assert text.count("PREFIX ally:") == 1
    assert "PREFIX foaf: <http://xmlns.com/foaf/0.1/>" in text
    assert "PREFIX org:" not in text


def test_what_a_filter_holds_equal_is_put_ahead_where_that_is_the_same() -> None:
    country = {"c": (NamedNode("urn:kr"),)}

    def ahead(pattern: str) -> bool:
        text = f"SELECT * WHERE {{ {pattern} FILTER(!BOUND(?c) || ?of = ?c) }}"
        return "VALUES ?of { <urn:kr> }" in questions.insert(text, country)

    assert ahead("?s <urn:p> ?of .")
    assert ahead("?s <urn:p> ?o OPTIONAL { ?s <urn:q> ?of }")
    assert not ahead("?s <urn:p> ?o OPTIONAL { ?s <urn:q> ?of } OPTIONAL { ?s <urn:r> ?of }")
    assert not ahead("?s <urn:p> ?o OPTIONAL { ?s <urn:q> ?x } OPTIONAL { ?of <urn:r> ?x }")
    assert not ahead("?s <urn:p> ?o OPTIONAL { ?s <urn:q> ?x OPTIONAL { ?x <urn:r> ?of } }")
    assert not ahead("{ ?s <urn:p> ?of } UNION { ?s <urn:q> ?o }")
    assert not ahead("?s <urn:p> ?o BIND(STR(?o) AS ?of)")
    inner = "?s <urn:p> ?of MINUS { ?s <urn:q> ?of FILTER(!BOUND(?c) || ?of = ?c) }"
    assert "VALUES ?of" not in questions.insert(f"SELECT * WHERE {{ {inner} }}", country)
    text = "SELECT * WHERE { ?s <urn:p> ?of FILTER(!BOUND(?c) || ?of = ?c) }"
    assert "VALUES ?of" not in questions.insert(text, {"c": (Literal("kr"),)})


def test_what_only_a_parameter_needs_is_left_out_where_it_is_not_given() -> None:
    def asked(select: str, pattern: str, **given: str) -> str:
        text = f"{select} WHERE {{ ?s <urn:p> ?o {pattern} FILTER(!BOUND(?c) || ?of = ?c) }}"
        values = {n: (NamedNode(v),) for n, v in given.items()}
        return " ".join(questions.insert(text, values).split())

    optional = "OPTIONAL { ?s <urn:q> ?of }"
    plain = "SELECT DISTINCT ?s WHERE { ?s <urn:p> ?o }"
    assert asked("SELECT DISTINCT ?s", optional) == plain
    assert asked("SELECT DISTINCT ?s", 'OPTIONAL { ?s <urn:q> ?of FILTER(?of != "{") }') == plain
    nested = "OPTIONAL { ?s <urn:r> ?x OPTIONAL { ?x <urn:q> ?of } }"
    assert asked("SELECT DISTINCT ?x", nested) == (
        "SELECT DISTINCT ?x WHERE { ?s <urn:p> ?o OPTIONAL { ?s <urn:r> ?x } }"
    )
    for select in ("SELECT ?s", "SELECT *", "SELECT DISTINCT ?s ?of", "SELECT (COUNT(?s) AS ?n)"):
        assert optional in asked(select, optional), select
    assert "FILTER" in asked("SELECT DISTINCT ?c", optional)
    assert "FILTER" in asked("SELECT DISTINCT ?s", "OPTIONAL { ?s <urn:q> ?c }")
    assert "FILTER" in asked("SELECT DISTINCT ?s", optional, c="urn:kr")


def test_values_go_where_an_engine_would_look_at_everything() -> None:
    def asked(pattern: str) -> str:
        text = f"SELECT DISTINCT ?x WHERE {{ ?x a ?y {pattern} }}"
        return " ".join(questions.insert(text, {"x": (NamedNode("urn:a"),)}).split())

    values = "VALUES ?x { <urn:a> }"
    assert f"MINUS {{ {values} ?x" in asked("MINUS { ?x <urn:p> ?z }")
    assert f"{{ {values} ?x" in asked("# a word\n { ?x <urn:p> ?z }")
    both = asked("{ ?x <urn:p> ?z } UNION { ?z <urn:p> ?w }")
    assert f"{{ {values} ?x <urn:p> ?z }} UNION {{ ?z" in both
    within = "SELECT {} WHERE {{ ?x <urn:p> ?z }} GROUP BY ?x"
    assert values in asked(f"{{ {within.format('?x (COUNT(?z) AS ?n)')} }}")
    assert values not in asked(f"{{ {within.format('(COUNT(?x) AS ?n)')} }}")
    assert values not in asked(f"{{ {within.format('?x')} LIMIT 1 }}")
    assert values not in asked("OPTIONAL { ?x <urn:p> ?z }")


@each_question
def test_a_question_rewritten_has_the_rows_of_the_question_as_it_stands(
    store: Embedded, question: Question
) -> None:
    required = {name: question.example[name] for name in question.required}
    cases = [required, question.example]
    cases += [{**required, p.name: p.example or VALUES[p.type]} for p in question.params]
    for case in cases:
        given = questions.terms(question, store, case)
        asked = questions.insert(question.text, given)
        names, row = " ".join(f"?{n}" for n in given), " ".join(str(v[0]) for v in given.values())
        at = question.text.index("WHERE {") + len("WHERE {")
        values = f" VALUES ({names}) {{ ({row}) }} " if given else ""
        plain = question.text[:at] + values + question.text[at:]
        if asked != plain:
            rows = [
                questions.finished(question, Table.of(cast("Any", store.query(text))), given).rows
                for text in (asked, plain)
            ]
            assert sorted(map(repr, rows[0])) == sorted(map(repr, rows[1])), case


def test_conflicts_start_from_all_that_is_not_held() -> None:
    named = set(re.findall(r"modality:([a-z]+)", BY_NAME["conflicts"].text))
    assert named == set(get_args(model.Modality)) - {"held"}
