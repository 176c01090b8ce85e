"""The ontology: complete, in two languages, OWL 2 DL, consistent, within OWL 2 RL, and as used."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple

import alliance_graph
from alliance_graph import dates, paths, rdf
from alliance_graph.errors import DateError
from alliance_graph.vocabulary import (
    ALLY,
    BASE,
    DCTERMS,
    EDTF,
    ONTOLOGY,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    TERMS,
    VOC,
    XSD,
    concept,
)

PACKAGE = Path(alliance_graph.__file__).parent
VANN = "http://purl.org/vocab/vann/"
SH = "http://www.w3.org/ns/shacl#"
KINDS_OF_TERM = {
    OWL + k for k in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
}


@functools.cache
def triples(name: str = "alliance") -> tuple[Triple, ...]:
    path = paths.ontology() / f"{name}.ttl"
    return tuple(q.triple for q in ox.parse(path=str(path), format=RdfFormat.TURTLE))


@functools.cache
def said(name: str = "alliance") -> dict[str, dict[str, list[NamedNode | Literal]]]:
    """Subject -> predicate -> values, of what is named."""
    out: dict[str, dict[str, list[NamedNode | Literal]]] = defaultdict(lambda: defaultdict(list))
    for s, p, o in triples(name):
        if isinstance(s, NamedNode) and isinstance(o, NamedNode | Literal):
            out[s.value][p.value].append(o)
    return out


def kinds(term: str) -> set[str]:
    return {o.value for o in said()[term][RDF + "type"]}


def ours() -> list[str]:
    return [s for s in said() if s.startswith(str(ALLY))]


def declared() -> list[str]:
    return [s for s in said() if kinds(s) & KINDS_OF_TERM]


def languages(term: str, predicate: str, name: str = "alliance") -> list[str]:
    return sorted(str(o.language) for o in said(name)[term][predicate] if isinstance(o, Literal))


# --- complete and readable -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["alliance", "vocabularies", "shapes"])
def test_rdflib_reads_the_same_triples(name: str) -> None:
    graph = rdflib.Graph().parse(str(paths.ontology() / f"{name}.ttl"))
    assert len(graph) == len(set(triples(name)))


def test_the_ontology_says_what_it_is() -> None:
    head = said()[ONTOLOGY]
    assert kinds(ONTOLOGY) == {OWL + "Ontology"}
    (version,) = (o.value for o in head[OWL + "versionInfo"])
    assert version == alliance_graph.__version__
    assert [o.value for o in head[OWL + "versionIRI"]] == [f"{ONTOLOGY}/{version}"]
    assert [o.value for o in head[VANN + "preferredNamespacePrefix"]] == ["ally"]
    assert [o.value for o in head[VANN + "preferredNamespaceUri"]] == [str(ALLY)]
    assert [o.value for o in head[DCTERMS + "creator"]] == ["alliance-graph maintainers"]
    assert version in head[DCTERMS + "bibliographicCitation"][0].value
    for predicate in ("title", "description"):
        assert languages(ONTOLOGY, DCTERMS + predicate) == ["en", "ko"]
    for predicate in ("license", "created"):
        assert len(head[DCTERMS + predicate]) == 1
    assert not head[OWL + "imports"]


def test_every_term_has_label_and_definition_in_both_languages() -> None:
    for term in ours():
        assert languages(term, RDFS + "label") == ["en", "ko"], term
        assert languages(term, SKOS + "definition") == ["en", "ko"], term
        assert languages(term, SKOS + "scopeNote") in ([], ["en", "ko"]), term
        assert [o.value for o in said()[term][RDFS + "isDefinedBy"]] == [ONTOLOGY], term
        assert len(kinds(term) & KINDS_OF_TERM) == 1, term
    for term in declared():
        assert languages(term, RDFS + "label") == ["en", "ko"], term
        assert said()[term][RDFS + "isDefinedBy"], term


def test_korean_is_korean_and_english_is_not() -> None:
    hangul = re.compile("[가-힣]")
    for name in ("alliance", "vocabularies"):
        for s, _, o in triples(name):
            if isinstance(o, Literal) and o.language:
                # an English definition may quote a Korean title in brackets
                text = re.sub(r"\([^)]*\)", "", o.value) if o.language == "en" else o.value
                assert bool(hangul.search(text)) == (o.language == "ko"), (s, o)
                assert o.value == o.value.strip()


def test_no_definition_is_given_twice() -> None:
    seen: dict[str, str] = {}
    for term in ours():
        for text in said()[term][SKOS + "definition"]:
            assert text.value not in seen, (term, seen[text.value])
            seen[text.value] = term


def test_every_concept_is_named_defined_and_placed() -> None:
    vocabularies = said("vocabularies")
    names: set[tuple[str, str | None, str]] = set()
    for node, about in vocabularies.items():
        for predicate in (SKOS + "prefLabel", RDFS + "label", SKOS + "definition"):
            assert languages(node, predicate, "vocabularies") == ["en", "ko"], node
        assert set(about[SKOS + "prefLabel"]) == set(about[RDFS + "label"])
        if NamedNode(SKOS + "ConceptScheme") in about[RDF + "type"]:
            continue
        (scheme,) = about[SKOS + "inScheme"]
        assert about[SKOS + "topConceptOf"] == [scheme]
        assert scheme.value in vocabularies
        (notation,) = about[SKOS + "notation"]
        assert node == f"{scheme.value}/{notation.value}"
        for label in about[SKOS + "prefLabel"]:
            assert isinstance(label, Literal)
            names.add((scheme.value, label.language, label.value))
    concepts = sum(bool(about[SKOS + "inScheme"]) for about in vocabularies.values())
    assert len(names) == 2 * concepts, "two concepts of a scheme have one name"


def test_levels_have_their_order_and_tracks_a_usual_rank() -> None:
    order = {
        "head-of-state-or-government": 1,
        "minister": 2,
        "vice-minister": 3,
        "deputy-minister": 4,
        "director-general": 5,
        "director": 6,
        "working-level": 7,
    }
    tracks = {"head-of-mission", "special-representative", "military", "spokesperson"}
    for name, rank in order.items():
        level = said("vocabularies")[concept("level", name)]
        assert level[ALLY.rankOrder] == [Literal(rank)]
        assert not level[ALLY.usualRank]
    for name in tracks:
        level = said("vocabularies")[concept("level", name)]
        assert not level[ALLY.rankOrder]
        (usual,) = level[ALLY.usualRank]
        assert 1 <= int(usual.value) <= 7
        told = {d.language: d.value for d in level[SKOS + "definition"] if isinstance(d, Literal)}
        assert "convention" in told["en"]
        assert "관례" in told["ko"]


# --- as used ---------------------------------------------------------------------------------------


def sources() -> list[Path]:
    found = [*(paths.ontology() / "rules").glob("*.rq"), *PACKAGE.rglob("*.rq")]
    found += [*PACKAGE.rglob("*.py"), paths.ontology() / "shapes.ttl"]
    assert len(found) > 20
    return found


def test_every_term_that_is_used_exists() -> None:
    missing = {
        (path.name, term)
        for path in sources()
        if path.name != "vocabulary.py"  # which tells what a typo does
        for term in re.findall(r"\b(?:ally:|ALLY\.)([A-Za-z]+)", path.read_text("utf-8"))
        if term not in TERMS
    }
    assert not missing


def test_every_borrowed_term_that_is_used_is_declared() -> None:
    borrowed = ("dcterms", "foaf", "oa", "org", "prov", "schema", "skos")
    known = {t for t in declared() if not t.startswith(str(ALLY))}
    used: set[tuple[str, str]] = set()
    for path in sources():
        text = path.read_text("utf-8")
        for prefix, name in re.findall(rf"(?<![\w:/@])({'|'.join(borrowed)}):(\w+)", text):
            used.add((path.name, PREFIXES[prefix] + name))
    for prefix in borrowed:
        for name in re.findall(rf'\b{prefix.upper()} \+ "(\w+)"', (PACKAGE / "rdf.py").read_text()):
            used.add(("rdf.py", PREFIXES[prefix] + name))
    # dcterms:conformsTo is said of the file of shapes, not of the facts
    assert {u for u in used if u[1] not in known} <= {("shapes.ttl", DCTERMS + "conformsTo")}
    assert len(used) > 20


def test_every_concept_that_is_used_exists() -> None:
    known = said("vocabularies").keys()
    used = {
        (path.name, scheme, slug)
        for path in sources()
        for scheme, slug in re.findall(
            rf"<{re.escape(VOC)}([a-z-]+)/([a-z-]+)>", path.read_text("utf-8")
        )
    }
    assert {u for u in used if concept(u[1], u[2]) not in known} == set()
    assert used


def test_a_field_of_the_model_meets_a_property_of_its_kind() -> None:
    for name, (predicate, kind) in rdf.FIELDS.items():
        wanted = "ObjectProperty" if kind == "ref" or ":" in kind else "DatatypeProperty"
        if predicate.startswith(str(ALLY)):
            assert OWL + wanted in kinds(predicate), name
        if kind == "edtf":
            assert said()[predicate][SCHEMA + "rangeIncludes"] == [NamedNode(EDTF)], name


def test_facts_are_said_of_what_the_ontology_says(built: Path) -> None:
    """schema:domainIncludes and schema:rangeIncludes document; here they are held to the data."""
    facts = [q.triple for q in ox.parse(path=str(built / "alliance.trig"))]
    above: dict[str, set[str]] = defaultdict(set)
    types: dict[object, set[str]] = defaultdict(set)
    for s, p, o in facts:
        if isinstance(s, NamedNode) and isinstance(o, NamedNode) and p.value == RDFS + "subClassOf":
            above[s.value].add(o.value)
        if isinstance(o, NamedNode) and p.value == RDF + "type":
            types[s].add(o.value)

    def classes(term: object) -> set[str]:
        if isinstance(term, Literal):
            return {term.datatype.value}
        found, todo = set[str](), list(types[term])
        while todo:
            cls = todo.pop()
            if cls not in found:
                found.add(cls)
                todo += above[cls]
        return found

    # of what is denied only a label is said, but others speak of it
    anything = {ALLY.Denied}
    wrong = set()
    for s, p, o in set(facts):
        for term, end in ((s, "domainIncludes"), (o, "rangeIncludes")):
            wanted = {v.value for v in said()[p.value][SCHEMA + end]} if _is_ours(p) else set()
            if wanted and not classes(term) & (wanted | anything):
                wrong.add((p.value, end, *sorted(types[term])))
    assert not wrong


def _is_ours(predicate: NamedNode) -> bool:
    return predicate.value.startswith(str(ALLY))


# --- OWL -------------------------------------------------------------------------------------------


def test_axioms_stay_within_owl_2_rl() -> None:
    """Only axioms between names, all of which OWL 2 RL allows.

    W3C, OWL 2 Web Ontology Language Profiles, section 4.2 (https://www.w3.org/TR/owl2-profiles/):
    atomic classes on both sides of SubClassOf, DisjointClasses, SubObjectPropertyOf,
    SubDataPropertyOf, InverseObjectProperties, SymmetricObjectProperty and
    TransitiveObjectProperty. The definition of the EDTF datatype is the one exception.
    """
    axioms = {
        RDFS + "subClassOf",
        RDFS + "subPropertyOf",
        OWL + "disjointWith",
        OWL + "inverseOf",
        RDF + "type",
    }
    header = {OWL + "versionIRI", OWL + "versionInfo"}
    annotations = {s for s in said() if OWL + "AnnotationProperty" in kinds(s)}
    annotations |= {RDFS + n for n in ("label", "comment", "seeAlso", "isDefinedBy")}
    types = {*KINDS_OF_TERM, OWL + "Ontology", RDFS + "Datatype"}
    types |= {OWL + "TransitiveProperty", OWL + "SymmetricProperty"}
    datatype: list[Triple] = []
    for triple in triples():
        s, p, o = triple
        if isinstance(s, BlankNode) or isinstance(o, BlankNode):
            datatype.append(triple)
        elif p.value in axioms:
            assert isinstance(o, NamedNode), triple
            assert p.value != RDF + "type" or o.value in types, triple
        else:
            assert p.value in annotations | header, triple
    assert len(datatype) == 7
    assert (
        Triple(NamedNode(EDTF), NamedNode(OWL + "equivalentClass"), datatype[0].object) in datatype
    )


def test_the_blank_nodes_of_the_datatype_are_named_in_the_file() -> None:
    """A parser's own names would make each build differ."""
    blank = {s.value for s, _, _ in triples() if isinstance(s, BlankNode)}
    assert blank == {"edtf-text", "edtf-facets", "edtf-pattern"}


def test_what_can_conflict_is_not_functional_and_nothing_is_the_same_as_elsewhere() -> None:
    text = (paths.ontology() / "alliance.ttl").read_text("utf-8")
    for word in ("owl:FunctionalProperty", "owl:sameAs", "rdfs:domain", "rdfs:range "):
        assert word not in text


def test_plans_and_denials_are_disjoint_from_what_was_held() -> None:
    pairs = {
        frozenset((s.value, o.value))
        for s, p, o in triples()
        if p.value == OWL + "disjointWith" and isinstance(s, NamedNode) and isinstance(o, NamedNode)
    }
    four = (ALLY.Encounter, ALLY.PlannedEncounter, ALLY.AttemptedEncounter, ALLY.Denied)
    for n, first in enumerate(four):
        for second in four[n + 1 :]:
            assert frozenset((first, second)) in pairs


@functools.cache
def patterns() -> tuple[str, str]:
    """The EDTF pattern of the datatype and of the shapes."""
    (owl,) = (o for _, p, o in triples() if p.value == XSD + "pattern")
    store = ox.Store()
    store.load(path=str(paths.ontology() / "shapes.ttl"), format=RdfFormat.TURTLE)
    shape = NamedNode(f"{BASE}shapes#edtf")
    (quad,) = store.quads_for_pattern(shape, NamedNode(SH + "pattern"), None)
    assert isinstance(owl, Literal)
    assert isinstance(quad.object, Literal)
    return owl.value, quad.object.value


def test_datatype_and_shapes_have_one_pattern_for_dates() -> None:
    owl, shape = patterns()
    assert shape == f"^({owl})$"


YEARS = st.from_regex(r"(19|20)[0-9X][0-9X]", fullmatch=True)
DAYS = st.builds(
    lambda year, rest, mark: year + rest + mark,
    YEARS,
    st.sampled_from(["", "-10", "-XX", "-10-15", "-10-XX", "-13", "-02-30"]),
    st.sampled_from(["", "?", "~", "%"]),
)
TEXTS = st.one_of(
    DAYS,
    st.builds(
        "{}/{}".format, DAYS | st.sampled_from(["", ".."]), DAYS | st.sampled_from(["", ".."])
    ),
    st.builds("[{},{}]".format, DAYS, DAYS),
    st.builds("[{}..{}]".format, DAYS, DAYS),
    st.builds(
        "{}T{}".format, DAYS, st.sampled_from(["16:34", "16:34:00", "16:34Z", "16:34+09:00"])
    ),
    st.text("0123456789-/.X~?%[], TZ+:", max_size=16),
)


@given(TEXTS)
def test_every_date_that_is_read_has_the_pattern_of_the_datatype(text: str) -> None:
    try:
        dates.parse(text)
    except DateError:
        return
    assert re.fullmatch(patterns()[0], text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2020-1-5", "15.10.2020", "20201015", "2020-10-15 ", "[]", "a/b"]
)
def test_the_pattern_refuses_what_is_no_date(text: str) -> None:
    assert not re.fullmatch(patterns()[0], text)


# --- reasoners -------------------------------------------------------------------------------------

JAVA = "install a Java runtime, as `apt-get install default-jre-headless`"
JDK = "install a JDK and OWLAPI, as `apt-get install default-jdk-headless libowlapi-java`"

PROFILES = """
import java.io.File;
import org.semanticweb.owlapi.apibinding.OWLManager;
import org.semanticweb.owlapi.model.OWLOntology;
import org.semanticweb.owlapi.profiles.*;

public class CheckProfiles {
    public static void main(String[] files) throws Exception {
        for (String file : files) {
            OWLOntology ontology = OWLManager.createOWLOntologyManager()
                .loadOntologyFromOntologyDocument(new File(file));
            for (Profiles profile : new Profiles[] {Profiles.OWL2_DL, Profiles.OWL2_RL})
                for (OWLProfileViolation v : profile.checkOntology(ontology).getViolations())
                    System.out.println(new File(file).getName() + "\\t" + profile + "\\t" + v);
        }
        System.out.println("done");
    }
}
"""


def written(folder: Path, name: str, *more: str) -> Path:
    """Ontology and vocabularies as one file that OWLAPI and HermiT read, with more axioms."""
    parts = [*triples(), *triples("vocabularies")]
    for text in more:
        head = "".join(f"@prefix {p}: <{base}> .\n" for p, base in PREFIXES.items())
        parts += [q.triple for q in ox.parse(head + text, format=RdfFormat.TURTLE)]
    path = folder / name
    ox.serialize(parts, output=str(path), format=RdfFormat.TURTLE)
    return path


def test_owlapi_finds_it_in_owl_2_dl(needs_tool: Any, tmp_path: Path) -> None:
    needs_tool("javac", JDK)
    java = needs_tool("java", JDK)
    jars = Path("/usr/share/java")
    if not (jars / "owlapi-distribution.jar").exists():
        pytest.skip(f"needs OWLAPI: {JDK}")
    program = tmp_path / "CheckProfiles.java"
    program.write_text(PROFILES, "utf-8")
    good = written(tmp_path, "good.ttl")
    # the same name for an object and a datatype property is what OWL 2 DL forbids
    bad = written(tmp_path, "bad.ttl", "ally:date a owl:ObjectProperty .")
    run = subprocess.run(
        [str(java), "-cp", f"{jars}/*", str(program), str(good), str(bad)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.stdout.endswith("done\n"), run.stderr
    told = [line.split("\t") for line in run.stdout.splitlines() if "\t" in line]
    dl = {file for file, profile, _ in told if profile == "OWL2_DL"}
    assert dl == {"bad.ttl"}
    rl = [what for file, profile, what in told if (file, profile) == ("good.ttl", "OWL2_RL")]
    assert rl, "the EDTF datatype is outside OWL 2 RL"
    assert all("DatatypeDefinition" in what and EDTF in what for what in rl), rl


@pytest.mark.parametrize(
    ("more", "consistent"),
    [
        ("encounter:x a ally:Encounter . document:x a ally:OfficialReadout .", True),
        ("encounter:x a ally:Encounter , ally:PlannedEncounter .", False),
    ],
)
def test_hermit_finds_it_consistent(
    needs_tool: Any, tmp_path: Path, more: str, consistent: bool
) -> None:
    java = needs_tool("java", JAVA)
    import owlready2

    # only the classes and properties: HermiT takes long over the individuals of the vocabularies
    head = "".join(f"@prefix {p}: <{base}> .\n" for p, base in PREFIXES.items())
    parts = [*triples(), *(q.triple for q in ox.parse(head + more, format=RdfFormat.TURTLE))]
    path = tmp_path / "ontology.nt"
    ox.serialize(parts, output=str(path), format=RdfFormat.N_TRIPLES)
    owlready2.JAVA_EXE = str(java)
    world = owlready2.World()
    ontology = world.get_ontology(path.as_uri()).load()
    try:
        with ontology:
            owlready2.sync_reasoner_hermit(world, debug=0)
    except owlready2.OwlReadyInconsistentOntologyError:
        assert not consistent
    else:
        assert consistent
        assert list(world.inconsistent_classes()) == []
    finally:
        world.close()


# --- JSON-LD ---------------------------------------------------------------------------------------


def context() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((paths.ontology() / "context.jsonld").read_text("utf-8"))
    assert loaded.keys() == {"@context"}
    terms: dict[str, Any] = loaded["@context"]
    return terms


def test_the_context_has_every_term_as_the_ontology_declares_it() -> None:
    terms = context()
    for term in ours():
        name = term.removeprefix(str(ALLY))
        curie = f"ally:{name}"
        wanted: object = curie
        ranges = {o.value for o in said()[term][SCHEMA + "rangeIncludes"]}
        if OWL + "ObjectProperty" in kinds(term):
            wanted = {"@id": curie, "@type": "@id"}
        elif OWL + "DatatypeProperty" in kinds(term):
            (datatype,) = ranges
            if datatype == RDF + "langString":
                wanted = {"@id": curie, "@container": "@language"}
            elif datatype != XSD + "string":
                prefix = "edtf" if datatype == EDTF else "xsd"
                wanted = {
                    "@id": curie,
                    "@type": f"{prefix}:{datatype.rpartition('/')[2].rpartition('#')[2]}",
                }
        assert terms[name] == wanted, name


def test_the_context_names_every_borrowed_term_that_facts_use(built: Path) -> None:
    terms = context()
    named = {d["@id"] if isinstance(d, dict) else d for d in terms.values()}
    named = {
        PREFIXES[n.split(":")[0]] + n.split(":")[1]
        for n in map(str, named)
        if "//" not in n and ":" in n
    }
    facts = {q.triple for q in ox.parse(path=str(built / "alliance.ttl"))}
    used = {p.value for _, p, _ in facts if p.value != RDF + "type"}
    used |= {o.value for _, p, o in facts if p.value == RDF + "type" and isinstance(o, NamedNode)}
    assert used <= named | {RDF + "type"}


def test_the_context_gives_back_the_triples() -> None:
    terms = context()
    document = {
        "@context": terms,
        "@id": "id:encounter/choi-biegun-2020-09",
        "@type": "Encounter",
        "label": {"en": "Choi and Biegun meet", "ko": "최종건·비건 회동"},
        "date": "2020-09-10",
        "earliest": "2020-09-10",
        "sessionNumber": "1",
        "mode": "voc:mode/in-person",
        "participant": ["id:person/choi-jong-kun"],
    }
    read = {
        str(q.triple.predicate.value): q.object
        for q in ox.parse(json.dumps(document), format=RdfFormat.JSON_LD)
    }
    assert read[ALLY.date] == Literal("2020-09-10", datatype=NamedNode(EDTF))
    assert read[ALLY.earliest] == Literal("2020-09-10", datatype=NamedNode(XSD + "date"))
    assert read[ALLY.sessionNumber] == Literal(1)
    assert read[ALLY.mode] == NamedNode(concept("mode", "in-person"))
    assert read[ALLY.participant] == NamedNode(f"{BASE}id/person/choi-jong-kun")
    assert isinstance(read[RDFS + "label"], Literal)
    assert read[RDFS + "label"].language in ("en", "ko")
