"""Every constraint of every shape has a graph that keeps it and one that breaks it.

The graph that keeps all is ``data/passing.ttl``. It is broken in one place for each constraint, by a
mutation made from the constraint itself; what cannot be made so stands in ``BY_HAND``. pySHACL and
pyrudof are the oracles.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple

from alliance_graph import paths, shapes
from alliance_graph.errors import AllianceError, Mark
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import (
    ALLY,
    IDENTITIES,
    PREFIXES,
    RDF,
    RDFS,
    SKOS,
    TRUTHY,
    XSD,
    concept,
    iri,
)

SH = shapes.SH
NAMESPACES = "".join(f"@prefix {p}: <{base}> .\n" for p, base in PREFIXES.items())

RECORDS = """
visit:choi-to-washington rdf:type ally:Visit
visit:choi-to-washington ally:participation participation:choi-to-washington.choi-jong-kun
encounter:choi-biegun-2020-09 ally:participation participation:choi-biegun-2020-09.choi-jong-kun
encounter:choi-biegun-2020-09 ally:participation participation:choi-biegun-2020-09.aides
encounter:first-dialogue rdf:type ally:PlannedEncounter
encounter:attempted rdf:type ally:AttemptedEncounter
channel:denied rdf:type ally:Channel
context-event:background rdf:type ally:ContextEvent
commitment:launch rdf:type ally:Commitment
statement:reply rdf:type ally:Statement
stance:kr-on-dialogue rdf:type ally:Stance
document:readout rdf:type ally:OfficialDocument
tenure:choi-jong-kun.kr-mofa-first-vice-minister rdf:type ally:Tenure
"""

CLAIM = """
claim:asiae-2020-10-16.{n} a ally:Claim ;
    rdf:subject {s} ; rdf:predicate {p} ; rdf:object {o} ;
    ally:rank rank:normal ; ally:polarity polarity:asserted ; ally:modality modality:held ;
    ally:holder article:asiae-2020-10-16 ; ally:attribution attribution:narrative ;
    ally:provenanceBasis basis:article ; ally:inArticle article:asiae-2020-10-16 ;
    ally:evidence evidence:asiae-2020-10-16.body-3.28-41 .
"""

BY_HAND = {
    "claim-ranked-with-reason": "DELETE WHERE { ?c ally:because ?reason }",
    "claim-shown": "DELETE WHERE { ?c ally:evidence ?passage }",
    "claim-sourced": "DELETE WHERE { ?c ally:source ?source }",
    "channel-of-one-kind": """
        INSERT DATA { channel:alliance-dialogue a ally:ContactRoute }""",
    "tenure-dated": """
        DELETE { ?t ally:attestedOn ?a ; ally:start ?b ; ally:end ?c }
        WHERE { ?t ally:attestedOn ?a ; ally:start ?b ; ally:end ?c }""",
    "membership-of-one": "DELETE WHERE { ?m org:organization ?body }",
    "one-way-of-being": """
        INSERT DATA { encounter:first-dialogue a ally:Encounter }""",
    "participation-of-one": """
        INSERT DATA { participation:choi-biegun-2020-09.aides ally:person person:stephen-biegun }""",
    "commitment-by-somebody": """
        DELETE { ?c ally:party ?party } WHERE { ?c a ally:Commitment ; ally:party ?party }""",
    "document-of-kind": "DELETE WHERE { ?d ally:documentKind ?kind }",
    "office-institution": "DELETE WHERE { ?o org:postIn ?i }",
    "office-level": "DELETE { ?o ally:level ?l } WHERE { ?o a org:Post ; ally:level ?l }",
    "office-level-basis": "DELETE WHERE { ?o ally:levelBasis ?b }",
    "office-portfolio": "DELETE WHERE { ?o ally:portfolio ?p }",
    "counterparts-derived-from": "DELETE WHERE { ?c prov:wasDerivedFrom ?e }",
}
"""Shape -> an update that breaks it."""


@functools.cache
def passing() -> frozenset[Triple]:
    """The graph that keeps every shape, with what of the ontology counts in validation."""
    text = (Path(__file__).parent / "data" / "passing.ttl").read_text("utf-8")
    for n, line in enumerate(RECORDS.strip().splitlines()):
        s, p, o = line.split()
        text += CLAIM.format(n=n, s=s, p=p, o=o)
    found = {q.triple for q in ox.parse(NAMESPACES + text, format=RdfFormat.TURTLE)}
    for name in ("alliance", "vocabularies"):
        for q in ox.parse(path=str(paths.ontology() / f"{name}.ttl"), format=RdfFormat.TURTLE):
            if q.predicate.value in (RDFS + "subClassOf", SKOS + "inScheme", RDF + "type"):
                found.add(q.triple)
    return frozenset(found)


@functools.cache
def shape_graph() -> ox.Store:
    store = ox.Store()
    store.load(path=str(paths.ontology() / "shapes.ttl"), format=RdfFormat.TURTLE)
    return store


@functools.cache
def ready() -> dict[str, shapes.Shape]:
    return {s.iri: s for s in shapes.read()}


def targeted() -> list[shapes.Shape]:
    return [s for s in ready().values() if s.classes or s.subjects_of or s.objects_of]


def constraints() -> list[tuple[str, str]]:
    """(shape, component) of everything that a report can name."""
    return [(s.iri, component) for s in targeted() for component, _ in s.checks]


def parameter(shape: str, name: str) -> Iterable[NamedNode | Literal | ox.BlankNode]:
    return [
        q.object
        for q in shape_graph().quads_for_pattern(NamedNode(shape), NamedNode(SH + name), None)
        if not isinstance(q.object, Triple)
    ]


def results(triples: Iterable[Triple]) -> list[shapes.Result]:
    return shapes.results(shapes.Graph(triples), ready().values())


# --- breaking --------------------------------------------------------------------------------------

NOWHERE = NamedNode("https://example.org/nowhere")
_FAULTY: dict[str, Callable[[str | None], NamedNode | Literal]] = {
    "Class": lambda like: NOWHERE,
    "Datatype": lambda like: Literal(1) if like == XSD + "string" else Literal("x"),
    "In": lambda like: NOWHERE,
    "LanguageIn": lambda like: Literal("nom", language="fr"),
    "MaxInclusive": lambda like: Literal(10**9),
    "MaxLength": lambda like: typed("x" * 1000, like),
    "MinInclusive": lambda like: Literal(-1),
    "MinLength": lambda like: typed("", like),
    "Node": lambda like: NOWHERE,
    "NodeKind": lambda like: Literal("x"),
    "Or": lambda like: NOWHERE,
    "Pattern": lambda like: typed("?!", like),
}
"""A value that breaks a constraint on single values."""


def typed(text: str, datatype: str | None) -> Literal:
    if datatype == RDF + "langString":
        return Literal(text, language="en")
    return Literal(text, datatype=NamedNode(datatype or XSD + "string"))


def update(triples: Iterable[Triple], text: str) -> frozenset[Triple]:
    store = ox.Store()
    store.extend(Quad(*t) for t in triples)
    store.update(text, prefixes=PREFIXES)
    return frozenset(q.triple for q in store)


def broken(triples: frozenset[Triple], shape: shapes.Shape, component: str) -> frozenset[Triple]:
    """The graph with one place that breaks a constraint."""
    local = shape.iri.removeprefix(shapes.SHAPES)
    if local in BY_HAND:
        return update(triples, BY_HAND[local])
    assert shape.path is not None, f"{local}: add how to break it to BY_HAND"
    predicate, backwards = NamedNode(shape.path[0]), shape.path[1]
    data = shapes.Graph(triples)
    focus = min(shape.targets(data), key=str)
    assert not isinstance(focus, Literal | Triple)
    told = {t for t in triples if t.predicate == predicate}
    told = {t for t in told if (t.object if backwards else t.subject) == focus}
    if component in ("MinCount", "QualifiedMinCount"):
        return triples - told
    if component == "MaxCount":
        most = max(int(v.value) for v in parameter(shape.iri, "maxCount") if isinstance(v, Literal))
        extra = [NamedNode(f"{NOWHERE.value}/{n}") for n in range(most + 1)]
        return triples | {Triple(focus, predicate, e) for e in extra}
    if component == "UniqueLang":
        return triples | {Triple(focus, predicate, Literal(n, language="en")) for n in "ab"}
    if component == "LessThanOrEquals":
        late = Literal("2999-01-01", datatype=NamedNode(XSD + "date"))
        return (triples - told) | {Triple(focus, predicate, late)}
    if component == "Disjoint":
        other = NamedNode(next(iter(parameter(shape.iri, "disjoint"))).value)
        return triples | {Triple(focus, other, t.object) for t in told}
    if component == "Equals":
        return triples - told
    like = next(iter(parameter(shape.iri, "datatype")), None)
    faulty = _FAULTY[component](like.value if isinstance(like, NamedNode) else None)
    return triples | {Triple(focus, predicate, faulty)}


def test_a_graph_that_was_read_before_gives_the_same_findings() -> None:
    quads = [Quad(*t) for t in batches()["less"]]
    found = shapes.validate(quads)
    assert found
    assert shapes.validate(shapes.Graph(quads)) == found


# --- every shape -----------------------------------------------------------------------------------


def test_the_passing_graph_passes() -> None:
    assert results(passing()) == []


def test_every_shape_looks_at_something_in_the_passing_graph() -> None:
    data = shapes.Graph(passing())
    idle = {s.iri for s in targeted() if not s.targets(data)}
    assert not idle
    blind = {
        s.iri
        for s in targeted()
        if s.path and not s.path[1] and s.subjects_of and not data.by(s.path[0])
    }
    assert not blind


@pytest.mark.parametrize(
    ("shape", "component"),
    [pytest.param(*c, id=f"{c[0].rpartition('#')[2]}-{c[1]}") for c in constraints()],
)
def test_each_constraint_can_be_broken(shape: str, component: str) -> None:
    found = results(broken(passing(), ready()[shape], component))
    assert (shape, component) in {(r.shape, r.component) for r in found}


@pytest.mark.parametrize(
    ("shape", "component"),
    [pytest.param(*c, id=f"{c[0].rpartition('#')[2]}-{c[1]}") for c in constraints()],
)
def test_shapes_without_a_constraint_are_caught(shape: str, component: str, tmp_path: Path) -> None:
    """A mutant for each constraint, that lacks it: the graph that breaks it tells them apart."""
    own = f"{SH}{component[0].lower()}{component[1:]}"
    lacking = [
        q.triple
        for q in shape_graph()
        if (q.subject, q.predicate) != (NamedNode(shape), NamedNode(own))
    ]
    assert len(lacking) < len(shape_graph())
    mutant = tmp_path / "shapes.ttl"
    ox.serialize(lacking, output=str(mutant), format=RdfFormat.TURTLE)
    bad = shapes.Graph(broken(passing(), ready()[shape], component))
    found = shapes.results(bad, shapes.read(mutant))
    assert (shape, component) not in {(r.shape, r.component) for r in found}


LIMITS = ("MinCount", "MaxCount", "MinLength", "MaxLength", "MinInclusive", "MaxInclusive")


@pytest.mark.parametrize(
    ("shape", "component"),
    [
        pytest.param(*c, id=f"{c[0].rpartition('#')[2]}-{c[1]}")
        for c in constraints()
        if c[1] in LIMITS and ready()[c[0]].path is not None
    ],
)
def test_a_limit_that_is_one_too_wide_or_too_narrow_is_caught(shape: str, component: str) -> None:
    """What stands at the limit is let pass, and what is one beyond it is not."""
    made = ready()[shape]
    assert made.path is not None
    predicate, backwards = NamedNode(made.path[0]), made.path[1]
    focus = min(made.targets(shapes.Graph(passing())), key=str)
    assert not isinstance(focus, Literal | Triple)
    (limit,) = {
        int(v.value)
        for v in parameter(shape, component[0].lower() + component[1:])
        if isinstance(v, Literal)
    }
    like = next(iter(parameter(shape, "datatype")), None)
    datatype = like.value if isinstance(like, NamedNode) else None
    others = {
        t
        for t in passing()
        if t.predicate != predicate or (t.object if backwards else t.subject) != focus
    }

    def refused(number: int) -> bool:
        values: list[NamedNode | Literal]
        if component.endswith("Count"):
            values = [NamedNode(f"{NOWHERE.value}/{n}") for n in range(number)]
        elif component.endswith("Length"):
            values = [typed("x" * number, datatype)]
        else:
            values = [Literal(number)]
        said = {
            # only what is counted stands before the predicate, and that has an IRI
            Triple(value, predicate, focus) if backwards else Triple(focus, predicate, value)  # type: ignore[arg-type]
            for value in values
        }
        found = made.broken(shapes.Graph(others | said), {focus})
        return component in {r.component for r in found if r.shape == shape}

    beyond = limit + 1 if component.startswith("Max") else limit - 1
    assert not refused(limit)
    assert refused(beyond)


@pytest.mark.parametrize(
    ("shape", "component"),
    [
        pytest.param(*c, id=f"{c[0].rpartition('#')[2]}-{c[1]}")
        for c in constraints()
        if c[1] in ("In", "LanguageIn") and ready()[c[0]].path is not None
    ],
)
def test_each_value_of_a_closed_list_is_let_pass(shape: str, component: str) -> None:
    """So that a list that lacks one of them is caught."""
    made = ready()[shape]
    assert made.path is not None
    focus = min(made.targets(shapes.Graph(passing())), key=str)
    assert not isinstance(focus, Literal | Triple)
    (head,) = parameter(shape, component[0].lower() + component[1:])
    listed = list(shapes.Graph(q.triple for q in shape_graph()).members(head))
    assert listed

    def refused(value: Any) -> bool:
        text = component == "LanguageIn"
        said = Triple(
            focus,
            NamedNode(made.path[0] if made.path else ""),
            Literal("x", language=value.value) if text else value,
        )
        found = made.broken(shapes.Graph({*passing(), said}), {focus})
        return (component, said.object) in {(r.component, r.value) for r in found}

    assert [value for value in listed if refused(value)] == []
    assert refused(Literal("fr") if component == "LanguageIn" else NOWHERE)


def test_nothing_is_broken_by_hand_that_is_no_shape() -> None:
    assert {shapes.SHAPES + name for name in BY_HAND} <= ready().keys()


def test_every_shape_is_reached() -> None:
    """A shape without a target, that no other shape names, would check nothing."""
    named = {
        q.object
        for q in shape_graph()
        if q.predicate.value != RDF + "type" and isinstance(q.object, NamedNode)
    }
    reached = {s.iri for s in targeted()} | {n.value for n in named}
    assert {s for s in ready() if s.startswith(shapes.SHAPES)} <= reached


def test_every_targeted_shape_says_what_is_wrong_and_how_to_mend_it() -> None:
    for shape in targeted():
        assert shape.iri.startswith(shapes.SHAPES), shape.iri
        assert not shape.inner, f"{shape.iri}: give the property shape its own target and message"
        what, semicolon, mend = shape.message.partition("; ")
        assert what, shape.iri
        assert mend, shape.iri
        assert ";" not in mend, shape.iri
        assert semicolon, shape.iri
        assert not mend.endswith("."), shape.iri
        assert list(parameter(shape.iri, "severity")), shape.iri
        (message,) = parameter(shape.iri, "message")
        assert isinstance(message, Literal)
        assert message.language == "en"


def test_patterns_are_linear_and_come_with_a_length() -> None:
    for q in shape_graph().quads_for_pattern(None, NamedNode(SH + "pattern"), None):
        assert not isinstance(q.object, Triple)
        assert not re.search(r"[*+}]\)[*+{]", q.object.value), q.object
        assert list(shape_graph().quads_for_pattern(q.subject, NamedNode(SH + "maxLength"), None))


# --- findings --------------------------------------------------------------------------------------


def test_a_finding_leads_back_to_its_place() -> None:
    passage = NamedNode(iri("claim", "asiae-2020-10-16.choi-biegun-2020-09.date.2020-09-10"))
    triples = {t for t in passing() if t.subject != passage or t.predicate.value != ALLY.polarity}
    asked: list[str] = []

    def where(name: str) -> Mark:
        asked.append(name)
        return Mark("asiae-2020-10-16.yaml", 7, 5)

    (finding,) = shapes.validate([Quad(*t) for t in triples], where)
    assert asked == [passage.value]
    assert str(finding) == (
        "asiae-2020-10-16.yaml:7:5: error: "
        "claim asiae-2020-10-16.choi-biegun-2020-09.date.2020-09-10: "
        "the claim is not either asserted or denied; say `polarity: asserted` or `denied`"
    )
    assert finding.code == "shape-claim-polarity"
    assert finding.about == ("asiae-2020-10-16.choi-biegun-2020-09.date.2020-09-10",)


def test_a_finding_shows_the_value_and_all_are_told_at_once() -> None:
    office = NamedNode(iri("office", "kr-mofa-first-vice-minister"))
    level = NamedNode(concept("rank", "normal"))
    undated = update(passing(), BY_HAND["tenure-dated"])
    triples = {*undated, Triple(office, NamedNode(ALLY.level), level)}
    found = shapes.validate(Quad(*t) for t in triples)
    assert [(f.severity, f.code, f.fails) for f in found] == [
        ("error", "shape-office-level", True),
        ("error", "shape-value-level", True),
        ("info", "shape-tenure-dated", False),
    ]
    assert found[1].what.endswith("is no concept of the scheme level: rank:normal")


def test_a_store_is_taken_as_one_graph_and_subclasses_count() -> None:
    triples = sorted(passing(), key=str)
    split = [
        Quad(s, p, o, NamedNode(TRUTHY if n % 2 else IDENTITIES))
        for n, (s, p, o) in enumerate(triples)
    ]
    assert shapes.validate(Embedded(split)) == []
    claimless = NamedNode(iri("article", "mofa-2024-02-29"))
    readout = Quad(claimless, NamedNode(RDF + "type"), NamedNode(ALLY.OfficialReadout))
    codes = {f.code for f in shapes.validate([*split, readout])}
    assert codes == {"shape-record-claimed", "shape-named-label", "shape-named-preferred"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("this is no Turtle", "cannot be read"),
        ("[] a sh:NodeShape ; sh:closed true .", "sh:closed is not read here"),
        (":s sh:targetClass :c ; sh:sparql [] .", "sh:sparql is not read here"),
        (":s a sh:PropertyShape ; sh:path ( :a :b ) .", "that path is not read here"),
        (":s a sh:NodeShape ; sh:severity :Dire .", "Dire is not read here"),
        (":s a sh:NodeShape ; sh:nodeKind sh:IRIOrLiteral .", "IRIOrLiteral is not read here"),
        (":s a sh:NodeShape ; sh:maxInclusive '1'^^xsd:float .", "is not read here"),
        (":s a sh:NodeShape ; sh:in [ rdf:first 1 ] .", "no whole RDF list"),
        (":s a sh:PropertyShape ; sh:path :a ; sh:qualifiedMinCount 1 .", "without sh:qual"),
    ],
)
def test_what_is_not_read_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "shapes.ttl"
    path.write_text(f"{NAMESPACES}@prefix sh: <{SH}> .\n@prefix : <urn:x:> .\n{text}", "utf-8")
    with pytest.raises(AllianceError, match=complaint):
        shapes.read(path)


@pytest.mark.parametrize(
    ("low", "high", "fits"),
    [
        (Literal(3), Literal(4), True),
        (Literal(10), Literal(9), False),
        (typed("3.9", XSD + "decimal"), Literal(4), True),
        (typed("2020-09-10", XSD + "date"), typed("2020-10-10", XSD + "date"), True),
        (typed("2020-10-10", XSD + "date"), typed("2020-09-10", XSD + "date"), False),
        (typed("2020-02-30", XSD + "date"), typed("2020-03-01", XSD + "date"), False),
        (typed("2020-09-10", XSD + "date"), Literal(4), False),
        (Literal("a"), Literal("b"), False),
        (NOWHERE, NOWHERE, False),
    ],
)
def test_only_what_can_be_compared_is_in_order(
    low: NamedNode | Literal, high: NamedNode | Literal, fits: bool
) -> None:
    assert shapes._at_most(low, high) == fits


def test_a_missing_file_of_shapes_is_told(tmp_path: Path) -> None:
    with pytest.raises(AllianceError, match=r"none\.ttl: the shapes cannot be read"):
        shapes.read(tmp_path / "none.ttl")


# --- the oracles -----------------------------------------------------------------------------------


@functools.cache
def batches() -> dict[str, frozenset[Triple]]:
    """Few graphs that together hold every mutation, since an oracle takes its time."""
    more = less = by_hand = passing()
    for name, component in constraints():
        shape = ready()[name]
        if name.removeprefix(shapes.SHAPES) in BY_HAND:
            by_hand = broken(by_hand, shape, component)
            continue
        mutated = broken(passing(), shape, component)
        more |= mutated
        less -= passing() - mutated
    return {"passing": passing(), "more": more, "less": less, "by hand": by_hand}


@pytest.mark.parametrize("name", ["passing", "more", "less", "by hand"])
def test_pyshacl_finds_the_same(name: str) -> None:
    import pyshacl
    import rdflib
    from rdflib.namespace import SH as SHACL

    triples = batches()[name]
    data = rdflib.Graph().parse(data=ox.serialize(triples, format=RdfFormat.N_TRIPLES), format="nt")
    wanted = rdflib.Graph().parse(str(paths.ontology() / "shapes.ttl"))
    _, report, _ = pyshacl.validate(data, shacl_graph=wanted, inplace=True)
    assert isinstance(report, rdflib.Graph)

    def told(result: rdflib.term.Node, predicate: rdflib.URIRef) -> str:
        return str(report.value(result, predicate) or "")

    theirs = {
        (
            told(r, SHACL.sourceShape),
            told(r, SHACL.sourceConstraintComponent).removeprefix(SH),
            told(r, SHACL.focusNode),
            told(r, SHACL.value),
        )
        for r in report.objects(None, SHACL.result)  # without those under sh:detail
    }
    ours = {
        (r.shape, f"{r.component}ConstraintComponent", shapes._text(r.focus), _value(r))
        for r in results(triples)
    }
    assert ours == theirs
    assert bool(ours) == (name != "passing")


def _value(result: shapes.Result) -> str:
    return "" if result.value is None else shapes._text(result.value)


@pytest.mark.parametrize("name", ["passing", "more", "less", "by hand"])
def test_pyrudof_finds_the_same(name: str) -> None:
    import pyrudof

    triples = batches()[name]
    rudof = pyrudof.Rudof(pyrudof.RudofConfig())
    text = ox.serialize(triples, format=RdfFormat.N_TRIPLES)
    assert text is not None
    rudof.read_data(text.decode(), format=pyrudof.RDFFormat.NTriples)
    rudof.read_shacl(str(paths.ontology() / "shapes.ttl"))
    theirs = {
        (e.source_shape, e.constraint_component.removeprefix(SH), e.focus_node)
        for e in rudof.validate_shacl()
    }
    ours = {
        (r.shape, f"{r.component}ConstraintComponent", shapes._text(r.focus))
        for r in results(triples)
    }
    assert ours == theirs
