"""Every export, read back by a tool that we did not write, with its counts compared."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import click
import csvw
import networkx
import pytest
import rdflib
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse
from tests.conftest import NeedsTool

from alliance_graph import cli, export, model, network, outputs, rdf, seeds, yaml12
from alliance_graph.errors import AllianceError
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, ID, RDF

OTHER = Path(__file__).parent / "data" / "other-alliance"


@pytest.fixture(scope="module")
def store() -> Embedded:
    from alliance_graph import build

    return build.compile_facts(OTHER).store


@pytest.fixture(scope="module", params=["small", "shipped"])
def each(request: pytest.FixtureRequest, store: Embedded, built: Path) -> Embedded:
    """The small alliance, and the shipped facts with all that they have of odd."""
    return store if request.param == "small" else Embedded.read(built / "alliance.trig")


@pytest.fixture(scope="module")
def made(store: Embedded) -> dict[str, bytes]:
    """Every format of the small alliance, once."""
    return {form: export.export(store, form) for form in export.FORMATS}


def _count(store: Embedded, pattern: str) -> int:
    query = f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ {pattern} }}"
    return int(next(select(store, query))["n"].value)


def _triples(store: Embedded) -> int:
    return len({q.triple for q in store.quads()})


# --- RDF ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["turtle", "trig", "nquads", "ntriples", "rdfxml"])
def test_raptor_counts_the_same_statements(
    form: str, store: Embedded, made: dict[str, bytes], tmp_path: Path, needs_tool: NeedsTool
) -> None:
    rapper = needs_tool("rapper", "apt-get install raptor2-utils")
    path = tmp_path / form
    path.write_bytes(made[form])
    told = subprocess.run(
        [rapper, "--input", form, "--count", path], capture_output=True, text=True, check=True
    )
    wanted = len(store) if form in ("trig", "nquads") else _triples(store)
    assert f"returned {wanted} triples" in told.stderr
    assert "warning" not in told.stderr.lower()


def test_raptor_counts_the_shipped_statements(
    built: Path, tmp_path: Path, needs_tool: NeedsTool
) -> None:
    rapper = needs_tool("rapper", "apt-get install raptor2-utils")
    shipped = Embedded.read(built / "alliance.trig")
    (tmp_path / "all").write_bytes(export.export(shipped, "ntriples"))
    told = subprocess.run(
        [rapper, "--input", "ntriples", "--count", tmp_path / "all"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"returned {_triples(shipped)} triples" in told.stderr


@pytest.mark.parametrize(
    ("form", "parser"), [("turtle", "turtle"), ("ntriples", "nt"), ("rdfxml", "xml")]
)
def test_rdflib_reads_the_same_triples(
    form: str, parser: str, store: Embedded, made: dict[str, bytes]
) -> None:
    assert len(rdflib.Graph().parse(data=made[form], format=parser)) == _triples(store)


# rdflib's own readers still use what rdflib deprecates
@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("form", ["trig", "nquads"])
def test_rdflib_reads_every_graph(form: str, store: Embedded, made: dict[str, bytes]) -> None:
    data = rdflib.Dataset()
    data.parse(io.BytesIO(made[form]), format=form)
    sizes = Counter(str(q.graph_name)[1:-1] for q in store.quads())
    assert {g.identifier.toPython(): len(g) for g in data.graphs() if len(g)} == sizes


def test_the_engine_reads_the_same_quads_in_each_format(made: dict[str, bytes]) -> None:
    forms = {"trig": RdfFormat.TRIG, "nquads": RdfFormat.N_QUADS, "turtle": RdfFormat.TURTLE}
    forms |= {"ntriples": RdfFormat.N_TRIPLES, "rdfxml": RdfFormat.RDF_XML}
    read = {f: [q for q in parse(made[f], format=kind) if _named(q)] for f, kind in forms.items()}
    assert set(read["trig"]) == set(read["nquads"])
    union = {q.triple for q in read["trig"]}
    assert all({q.triple for q in read[form]} == union for form in ("turtle", "ntriples", "rdfxml"))


def _named(quad: Quad) -> bool:
    return isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal)


def test_pyld_reads_json_ld_with_the_same_triples(store: Embedded, made: dict[str, bytes]) -> None:
    lines = jsonld.to_rdf(json.loads(made["jsonld"]), {"format": "application/n-quads"})
    merged = outputs.in_order(store.quads()).merged
    assert {q.triple for q in parse(lines, format=RdfFormat.N_QUADS)} == set(merged)


# --- RDF 1.2 -----------------------------------------------------------------------------------


def test_rdf12_turns_claims_into_triple_terms_that_the_engine_can_ask(
    store: Embedded, made: dict[str, bytes]
) -> None:
    told = Embedded()
    told.engine.bulk_load(made["rdf12"], format=RdfFormat.TRIG)
    claims = _count(store, "?x rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o")
    assert claims > 50
    assert _count(told, "?x rdf:reifies ?t") == claims
    assert _count(told, "?x rdf:subject|rdf:predicate|rdf:object ?y") == 0
    asked = (
        "SELECT ?rank WHERE { ?claim rdf:reifies <<( ?s rdf:type ally:Encounter )>> ;"
        " ally:rank ?rank }"
    )
    plain = (
        "SELECT ?rank WHERE { ?claim rdf:subject ?s ; rdf:predicate rdf:type ;"
        " rdf:object ally:Encounter ; ally:rank ?rank }"
    )
    assert Counter(r["rank"] for r in select(told, asked)) == Counter(
        r["rank"] for r in select(store, plain)
    )


def test_rdf12_comes_back_without_loss(made: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "graph.trig"
    path.write_bytes(made["rdf12"])
    assert export.export(Embedded.read(path), "trig") == made["trig"]


_nodes = st.sampled_from([NamedNode(f"urn:n:{i}") for i in range(4)])
_predicates = st.sampled_from(
    [NamedNode(RDF + p) for p in ("subject", "predicate", "object", "type", "reifies")]
)
_quads = st.builds(Quad, _nodes, _predicates, _nodes | st.builds(Literal, st.text()), _nodes)


@given(st.lists(_quads, unique=True))
def test_whatever_is_said_of_statements_comes_back(quads: list[Quad]) -> None:
    assert set(export.plain(export.reified(quads))) == set(quads)


def _free(text: str) -> bool:
    hidden = yaml12._FORBIDDEN.search(text)
    return not hidden and bool(text.strip()) and unicodedata.is_normalized("NFC", text)


_texts = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="<>&\"'\\\t\n ]]{}#@^=`%한é😀", max_size=20),
    st.sampled_from(["a\r\nb", "]]>", "=1+1", "\\u0041", "<b>", "@en", '"""', "&#10;", "a\u2029"]),
).filter(_free)


@settings(max_examples=20)
@given(_texts, st.lists(_texts, max_size=4, unique=True))
def test_facts_with_any_texts_come_back_from_every_format(label: str, printed: list[str]) -> None:
    """Also: whatever a name holds, its claim gets an IRI of its own, and keeps it."""
    facts = _told_as(label, printed)
    made = Embedded(rdf.quads(facts))
    quads = set(made.quads())
    triples = {q.triple for q in quads}
    assert Literal(label, language="en") in {t.object for t in triples}
    _minted_well(triples, printed)
    longer = {q.triple for q in rdf.quads(_told_as(label, [*printed, "one more"]))}
    claims = _claims(triples)
    assert claims.items() <= _claims(longer).items()
    for form, kind in (("trig", RdfFormat.TRIG), ("nquads", RdfFormat.N_QUADS)):
        assert set(parse(export.export(made, form), format=kind)) == quads
    assert set(export.plain(parse(export.export(made, "rdf12"), format=RdfFormat.TRIG))) == quads
    merged = set(outputs.in_order(quads).merged)
    for form, kind, wanted in (
        ("turtle", RdfFormat.TURTLE, triples),
        ("ntriples", RdfFormat.N_TRIPLES, triples),
        ("rdfxml", RdfFormat.RDF_XML, triples),
        ("jsonld", RdfFormat.JSON_LD, merged),
    ):
        assert {q.triple for q in parse(export.export(made, form), format=kind)} == wanted, form


def _told_as(label: str, printed: list[str]) -> model.Facts:
    """The small alliance with a person of that name, printed in these ways."""
    facts = _OTHER
    (first, *others) = facts.people
    (article, *more) = facts.articles
    evidence = {"p": 1, "words": "1-2", "digest": "0123456789abcdef"}
    names = [{"of": first.id, "printed": text, "evidence": evidence} for text in printed]
    told = article.model_copy(update={"names": tuple(map(model.PrintedName.model_validate, names))})
    people = (first.model_copy(update={"label": label}), *others)
    return facts.model_copy(update={"people": people, "articles": (told, *more)})


def _claims(triples: set[Triple]) -> dict[str, str]:
    """What each claim on a printed name says, by its IRI."""
    named = f"{ID}claim/{_OTHER.articles[0].id}.{_OTHER.people[0].id}.name"
    said = [
        (t.subject.value, t.object.value)
        for t in triples
        if t.predicate.value == RDF + "object"
        and isinstance(t.subject, NamedNode)
        and isinstance(t.object, Literal)
        and t.subject.value.startswith(named)
    ]
    assert len(dict(said)) == len(said), "one claim says two things"
    return dict(said)


def _minted_well(triples: set[Triple], printed: list[str]) -> None:
    assert sorted(_claims(triples).values()) == sorted(printed)
    for triple in triples:
        for term in (triple.subject, triple.predicate, triple.object):
            if isinstance(term, NamedNode):
                assert re.fullmatch(r"https?://[!#-;=?-\[\]_a-z~]+", term.value), term


_OTHER = seeds.load(OTHER).facts


def test_a_statement_told_twice_over_stays_as_it_is() -> None:
    said = [("subject", "a"), ("predicate", "b"), ("object", "c"), ("object", "d")]
    claim, graph = NamedNode("urn:claim"), NamedNode("urn:g")
    quads = [Quad(claim, NamedNode(RDF + p), NamedNode(f"urn:{o}"), graph) for p, o in said]
    assert set(export.reified(quads)) == set(quads)
    (whole,) = export.reified(quads[:3])
    assert whole.object == Triple(NamedNode("urn:a"), NamedNode("urn:b"), NamedNode("urn:c"))


# --- networks ----------------------------------------------------------------------------------


def test_networkx_reads_graphml(store: Embedded, made: dict[str, bytes]) -> None:
    mine = network.network(store)
    read = networkx.read_graphml(io.BytesIO(made["graphml"]), force_multigraph=True)
    assert read.number_of_nodes() == len(mine.nodes)
    assert read.number_of_edges() == len(mine.edges)
    for node in mine.nodes:
        held = read.nodes[node.iri]
        assert (held["label"], held["kind"], held["state"]) == (node.label, node.kind, node.state)
        assert (held["side"], held["conflict"]) == (node.side, node.conflict)
    kinds = Counter(held["kind"] for *_, held in read.edges(data=True))
    assert kinds == Counter(edge.kind for edge in mine.edges)
    for name in ("earliest", "latest", "capacity"):
        held = Counter(tie[name] for *_, tie in read.edges(data=True) if name in tie)
        assert held == Counter(getattr(e, name) for e in mine.edges if getattr(e, name))
        assert held
    for name in ("earliest", "latest"):
        told = {iri: held[name] for iri, held in read.nodes(data=True) if name in held}
        assert told == {n.iri: getattr(n, name) for n in mine.nodes if getattr(n, name)}
        assert told


def test_networkx_reads_gexf_with_days_and_qualifiers(
    store: Embedded, made: dict[str, bytes]
) -> None:
    mine = network.network(store)
    read = networkx.read_gexf(io.BytesIO(made["gexf"]))
    assert read.number_of_nodes() == len(mine.nodes)
    assert read.number_of_edges() == len(mine.edges)
    dated = [node for node in mine.nodes if node.earliest and node.latest]
    assert len(dated) > 3
    for node in dated:
        held = read.nodes[node.iri]
        assert (held["start"], held["end"]) == (node.earliest, node.latest)
    states = Counter(held["state"] for *_, held in read.edges(data=True))
    assert states == Counter(edge.state for edge in mine.edges)
    assert {h["capacity"] for *_, h in read.edges(data=True) if "capacity" in h} == {
        edge.capacity for edge in mine.edges if edge.capacity
    }


def test_gexf_is_what_its_schema_asks_for_and_has_no_clock(made: dict[str, bytes]) -> None:
    root = ElementTree.fromstring(made["gexf"])
    name = "{http://gexf.net/1.3}"
    assert root.attrib == {"version": "1.3"}
    assert [child.tag for child in root] == [name + "graph"]
    assert b"lastmodified" not in made["gexf"]
    ids = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(ids) == len(set(ids))
    declared = {item.get("id") for item in root.iter(name + "attribute")}
    assert {item.get("for") for item in root.iter(name + "attvalue")} == declared
    nodes = {item.get("id") for item in root.iter(name + "node")}
    for tie in root.iter(name + "edge"):
        assert {tie.get("source"), tie.get("target")} <= nodes


# --- tables ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(each: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tables")
    for name, data in export.tables(each).items():
        (out / name).write_bytes(data)
    return out


def test_csvw_reads_every_table_with_its_types_and_keys(each: Embedded, folder: Path) -> None:
    group = csvw.TableGroup.from_file(folder / "csv-metadata.json")
    group.check_referential_integrity()
    assert {p.name for p in folder.glob("*.csv")} == {str(t.url) for t in group.tables}
    for table in group.tables:
        rows = list(table.iterdicts(strict=True))
        kind = str(table.url).removesuffix(".csv")
        subjects = f"?x ?p ?o FILTER(STRSTARTS(STR(?x), '{ID}{kind}/'))"
        assert len(rows) == _count(each, subjects), kind
    assert sum(len(t.tableSchema.foreignKeys) for t in group.tables) > 10


def test_values_of_a_table_are_those_of_the_graph(each: Embedded, folder: Path) -> None:
    group = csvw.TableGroup.from_file(folder / "csv-metadata.json")
    (table,) = [t for t in group.tables if str(t.url) == "encounter.csv"]
    rows = {row["id"]: row for row in table.iterdicts()}
    found = 0
    for row in select(each, "SELECT ?x ?d WHERE { ?x a ally:Encounter ; ally:earliest ?d }"):
        slug = row["x"].value.removeprefix(f"{ID}encounter/")
        assert rows[slug]["earliest"].date().isoformat() == row["d"].value
        found += 1
    assert found
    who = {row["id"]: set(row["participant"]) for row in rows.values() if row["participant"]}
    pairs = list(select(each, "SELECT ?x ?p WHERE { ?x ally:participant ?p }"))
    assert sum(map(len, who.values())) == len(pairs) > 3


def test_the_zip_holds_the_tables(each: Embedded, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(export.export(each, "csv"))) as held:
        assert sorted(held.namelist()) == sorted(p.name for p in folder.iterdir())
        for name in held.namelist():
            assert held.read(name) == (folder / name).read_bytes()


def test_several_texts_of_a_cell_can_be_told_apart() -> None:
    thing = NamedNode(f"{ID}topic/one")
    names = [Literal("a|b", language="en"), Literal('c, "d"\ne', language="en")]
    alt = NamedNode("http://www.w3.org/2004/02/skos/core#altLabel")
    graph = NamedNode("urn:g")
    made = export.tables(Embedded(Quad(thing, alt, name, graph) for name in names))
    (row,) = csv.DictReader(io.StringIO(made["topic.csv"].decode(), newline=""))
    assert row["other_names_en"].split("|") == ["a│b", 'c, "d"\ne']


# --- FollowTheMoney ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ftm() -> Any:
    """Its model. PyICU, which it imports to transliterate names, has no wheels and is not needed."""
    latin = SimpleNamespace(transliterate=str)
    with pytest.MonkeyPatch.context() as patch:
        trans = SimpleNamespace(createInstance=lambda name: latin)
        patch.setitem(sys.modules, "icu", SimpleNamespace(Transliterator=trans))
        import followthemoney

        return followthemoney.model


def test_followthemoney_takes_every_entity_and_value(ftm: Any, each: Embedded) -> None:
    entities = [json.loads(line) for line in export.export(each, "ftm").splitlines()]
    known = {e["id"]: e["schema"] for e in entities}
    assert len(known) == len(entities)
    for told in entities:
        proxy = ftm.get_proxy(told, cleaned=False)
        proxy.schema.validate(told)
        # what its cleaning drops or changes is not what we wrote
        assert {n: sorted(proxy.get(n)) for n in told["properties"]} == told["properties"]
        for prop, value in proxy.itervalues():
            if prop.type.name == "entity":
                assert ftm.get(known[value]).is_a(prop.range), (told["id"], prop.name, value)
    counts = Counter(known.values())
    assert counts["Person"] == _count(each, "?x a foaf:Person")
    assert counts["Position"] == _count(each, "?x a org:Post")
    assert counts["Article"] == _count(each, "?x a ally:Article")
    assert counts["Occupancy"] == _count(each, "?x a ally:Tenure ; ally:post ?p")
    held = "{ ?x a ally:Encounter } UNION { ?x a ally:Visit } UNION { ?x a ally:ContextEvent }"
    assert counts["Event"] == _count(each, held)
    assert counts["UnknownLink"] * 2 == _count(
        each, f"?a <{ALLY.counterpartOf}> ?b BIND(CONCAT(STR(?a), STR(?b)) AS ?x)"
    )


# --- all of them -------------------------------------------------------------------------------


def test_the_same_graph_gives_the_same_bytes(made: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "again.trig"
    path.write_bytes(made["trig"])
    again = Embedded.read(path)
    for form, data in made.items():
        assert export.export(again, form) == data, form


def test_a_format_that_there_is_not() -> None:
    with pytest.raises(AllianceError, match="turtle, trig"):
        export.export(Embedded(), "xlsx")


def test_an_empty_graph_is_a_graph() -> None:
    for form in export.FORMATS:
        assert isinstance(export.export(Embedded(), form), bytes)


# --- the command -------------------------------------------------------------------------------


def test_the_command_knows_every_format_and_writes_it(
    made: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "graph.trig").write_bytes(made["trig"])
    asked = ["export", "--graph", str(tmp_path / "graph.trig"), "--format"]
    (form,) = [p for p in cli.main.commands["export"].params if p.name == "form"]
    assert isinstance(form.type, click.Choice)
    assert list(form.type.choices) == list(export.FORMATS)
    done = CliRunner().invoke(cli.main, [*asked, "ftm"])
    assert (done.exit_code, done.stdout_bytes) == (0, made["ftm"])
    for out in ("tables.zip", "tables"):
        done = CliRunner().invoke(cli.main, [*asked, "csv", "--out", str(tmp_path / out)])
        assert done.exit_code == 0, done.output
    assert (tmp_path / "tables.zip").read_bytes() == made["csv"]
    held = {p.name: p.read_bytes() for p in (tmp_path / "tables").iterdir()}
    assert export.zipped(held) == made["csv"]
