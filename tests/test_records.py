"""Official records: what an import makes of them, what it finds wrong, what it refuses."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from pyoxigraph import NamedNode, Quad

from alliance_graph import cli, model, paths, records, seeds
from alliance_graph.errors import AllianceError, BrokenFacts, Finding
from alliance_graph.records import historyatstate, job, matching, xml
from alliance_graph.records.historyatstate import Partition, Tally
from alliance_graph.records.matching import Decisions
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, ID, RDF, SKOS, slug

SAMPLE = Path(__file__).parent / "data" / "historyatstate"
BLINKEN = "travels/secretary-travels/blinken-antony-j.xml"
KOREA = "pocom/missions-countries/korea.xml"


@pytest.fixture(scope="module")
def facts() -> model.Facts:
    return seeds.load(paths.seeds()).facts


@pytest.fixture(scope="module")
def decisions(facts: model.Facts) -> Decisions:
    found, findings = matching.load(facts, paths.seeds(), "historyatstate")
    assert findings == []
    assert found is not None
    return found


def read(folder: Path, decisions: Decisions) -> tuple[list[Quad], Tally]:
    tally = Tally()
    found = [
        quad
        for partition in historyatstate.partitions(folder, decisions)
        for group in historyatstate.groups(partition, tally)
        for quad in group.quads
    ]
    return found, tally


@pytest.fixture(scope="module")
def whole(decisions: Decisions) -> tuple[list[Quad], Tally]:
    return read(SAMPLE, decisions)


@pytest.fixture(scope="module")
def store(whole: tuple[list[Quad], Tally]) -> Embedded:
    return Embedded(whole[0])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sample in a folder of its own, to be changed."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "source"))


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def rows(store: Embedded, where: str) -> list[dict[str, str]]:
    return [
        {k: v.value for k, v in r.items()} for r in select(store, f"SELECT * WHERE {{{where}}}")
    ]


def found_in(folder: Path, decisions: Decisions) -> list[Finding]:
    return read(folder, decisions)[1].findings


# --- what becomes of a record ---------------------------------------------------------------------


def test_a_journey_is_a_visit_with_its_traveller_places_and_days(store: Embedded) -> None:
    [visit] = rows(
        store,
        "visit:hs-travels-4221 a ally:Visit ; ally:traveller ?who ; ally:date ?when ; "
        "ally:earliest ?from ; ally:latest ?to ; ally:participation/ally:inPost ?post",
    )
    assert visit["who"] == f"{ID}person/antony-blinken"
    assert visit["post"] == f"{ID}office/us-state-secretary"
    assert (visit["when"], visit["from"], visit["to"]) == (
        "2024-03-17/2024-03-18",
        "2024-03-17",
        "2024-03-18",
    )
    places = {r["p"] for r in rows(store, "visit:hs-travels-4221 ally:place ?p")}
    assert places == {f"{ID}place/seoul"}


def test_every_claim_has_the_holder_the_side_and_the_record(store: Embedded) -> None:
    claims = rows(store, "?c a ally:Claim")
    shown = rows(
        store,
        "?c a ally:Claim ; ally:holder institution:us-office-of-the-historian ; ally:side "
        "country:us ; ally:rank rank:normal ; ally:polarity polarity:asserted ; ally:modality ?m ; "
        "ally:attribution attribution:on-record ; ally:evidence ?e ; ally:source ?w ; rdf:subject ?s ; "
        "rdf:predicate ?p ; rdf:object ?o . ?e a ally:Record ; ally:recordFile ?f ; "
        "ally:recordId ?i ; ally:recordSet ?set . ?set a ally:RecordSet",
    )
    assert len(claims) > 450
    assert len(shown) == len(claims)
    assert {(r["f"], r["i"]) for r in shown if r["s"].endswith("/visit/hs-travels-4275")} == {
        (BLINKEN, "4275")
    }
    assert all((SAMPLE / r["f"]).is_file() for r in shown)
    assert all(r["w"] == f"{r['f']}, {r['i']}" for r in shown)


def test_what_is_plain_is_claimed(store: Embedded) -> None:
    """Each plain date, place, participation and milestone of the records rests on a claim."""
    for p in "date place participation setting start end appointedOn arrivedOn attestedOn".split():
        plain = rows(store, f"?s ally:{p} ?o MINUS {{ ?s a ally:RecordSet }}")
        kept = rows(
            store,
            f"?s ally:{p} ?o . ?c rdf:subject ?s ; rdf:predicate ally:{p} ; rdf:object ?o",
        )
        assert plain, p
        assert {(r["s"], r["o"]) for r in plain} == {(r["s"], r["o"]) for r in kept}, p


def test_all_of_it_stands_in_one_graph_without_blank_nodes(
    whole: tuple[list[Quad], Tally],
) -> None:
    graphs = {q.graph_name for q in whole[0]}
    assert graphs == {NamedNode(records.graph("historyatstate"))}
    assert all(isinstance(q.subject, NamedNode) for q in whole[0])


def test_what_a_remark_surely_says_is_an_encounter_on_some_day_of_the_journey(
    store: Embedded,
) -> None:
    met = rows(
        store,
        "?e a ally:Encounter ; ally:during visit:hs-travels-4221 ; ally:date ?d ; rdfs:label ?l ; "
        "ally:participation/ally:person ?p",
    )
    # one meets on a day; an event may go on for both
    assert {(r["d"], "summit" in r["l"].casefold()) for r in met} == {
        ("[2024-03-17..2024-03-18]", False),
        ("2024-03-17/2024-03-18", True),
    }
    assert not rows(store, "?e a ally:Encounter ; ally:mode ?m"), "how they met is not told"
    assert {r["p"].rpartition("/")[2] for r in met} == {
        "antony-blinken",
        "yoon-suk-yeol",
        "cho-tae-yul",
    }
    [event] = rows(
        store, "?e ally:during visit:hs-travels-4221 ; ally:sessionNumber ?n ; rdfs:label ?l"
    )
    assert event["n"] == "3"
    assert "Summit for Democracy" in event["l"]


def test_who_is_met_has_no_country_of_the_place(store: Embedded) -> None:
    """Where somebody was met is not whose they are; only a visitor's country is told."""
    [met] = rows(store, "person:hs-korea-south-foreign-minister-park-jin a ?c")
    assert met["c"].endswith("Person")
    assert not rows(store, "person:hs-korea-south-foreign-minister-park-jin ally:country ?c")
    assert rows(store, "person:hs-greece-prime-minister-kyriakos-mitsotakis ally:country ?c")


def test_an_acting_title_is_a_capacity_and_no_office_is_made_of_a_title(store: Embedded) -> None:
    [part] = rows(
        store,
        "?part ally:person person:hs-korea-south-acting-president-choi-sang-mok ; "
        "ally:capacity ?c ; ally:printed ?t",
    )
    assert (part["c"].rpartition("/")[2], part["t"]) == ("acting", "Acting President")
    assert not rows(store, "?p a org:Post FILTER(CONTAINS(STR(?p), 'president'))")


def test_who_is_still_to_take_up_an_office_holds_none(store: Embedded) -> None:
    """Before and after: the same president, on a journey as president-elect and on a later one."""
    before, after = "visit:hs-travels-2739", "visit:hs-travels-2740"
    [part] = rows(store, f"{before} ally:participation ?p . ?p ally:person ?who ; ally:printed ?t")
    assert part["t"] == "President-elect"
    assert not rows(store, f"{before} ally:participation/ally:inPost ?post")
    [held] = rows(store, f"{after} ally:participation/ally:inPost ?post")
    assert held["post"] == f"{ID}office/us-president"


@pytest.mark.parametrize(
    ("remark", "office"),
    [
        ("Met with President Moon Jae-in. [Visit made as President-elect.]", False),
        ("Met with President Moon Jae-in. [Visit made as Secretary of State-elect.]", False),
        ("Met with President-elect Moon Jae-in.", True),
    ],
)
def test_only_the_travellers_own_election_takes_the_office(
    copy: Path, decisions: Decisions, remark: str, office: bool
) -> None:
    file = "travels/president-travels/eisenhower-dwight-d.xml"
    change(copy, file, "Dedicated Falcon Dam.", remark)
    store = Embedded(read(copy, decisions)[0])
    posts = rows(
        store,
        "?x ally:participation ?p . ?p ally:inPost office:us-president ; ally:person ?who "
        "FILTER(CONTAINS(STR(?p), 'hs-travels-2740') && CONTAINS(STR(?who), 'eisenhower'))",
    )
    assert bool(posts) == office


def test_an_office_of_another_agency_is_not_in_the_department(store: Embedded) -> None:
    agency = "office:hs-director-mutual-security-agency"
    assert rows(store, f"?t ally:post {agency} ; org:member ?p")
    assert not rows(store, f"{agency} org:postIn ?i")
    [within] = rows(store, "office:hs-second-assistant-secretary org:postIn ?i")
    assert within["i"] == f"{ID}institution/us-state-department"


@pytest.mark.parametrize(
    "name",
    ["secretary-of-foreign-affairs-continental-congress", "inspector-general-foreign-assistance"],
)
def test_what_was_before_or_beside_the_department_is_not_in_it(
    copy: Path, decisions: Decisions, name: str
) -> None:
    folder = copy / "pocom" / "positions-principals"
    text = (folder / "second-assistant-secretary.xml").read_text("utf-8")
    (folder / f"{name}.xml").write_text(text.replace("second-assistant-secretary", name), "utf-8")
    store = Embedded(read(copy, decisions)[0])
    assert rows(store, f"office:hs-{slug(name)} a org:Post")
    assert not rows(store, f"office:hs-{slug(name)} org:postIn ?i")


def test_the_milestones_of_a_tenure_stay_apart_and_a_blank_end_stays_unknown(
    store: Embedded,
) -> None:
    name = "tenure:hs-korea.xb-2018-harr-01".replace(".", "\\.")
    [harris] = rows(
        store,
        f"{name} ally:appointedOn ?a ; ally:arrivedOn ?v ; ally:start ?s ; ally:attestedOn ?t "
        f"OPTIONAL {{ {name} ally:end ?e }} OPTIONAL {{ {name} ally:latest ?l }}",
    )
    assert harris == {"a": "2018-06-29", "v": "2018-07-07", "s": "2018-07-25", "t": "2018-07-25/"}
    blinken = "tenure:hs-secretary.secr-2021-blin".replace(".", "\\.")
    [ended] = rows(store, f"{blinken} ally:attestedOn ?t ; ally:end ?e ; ally:latest ?l")
    assert ended["t"] == "2021-01-26/2025-01-20"


def test_who_declined_an_appointment_held_no_post(store: Embedded) -> None:
    name = "tenure:hs-korea.xb-1884-foot-01".replace(".", "\\.")
    assert not rows(store, f"{name} a ally:Tenure")
    assert not rows(store, f"{name} org:member ?p")
    [claim] = rows(store, f"?c rdf:subject {name} ; rdf:predicate rdf:type ; ally:modality ?m")
    assert claim["m"].endswith("/attempted")


def test_persons_whom_a_decision_joins_have_no_second_name_and_others_their_own(
    store: Embedded,
) -> None:
    assert not rows(store, "person:antony-blinken skos:prefLabel ?n")
    names = rows(store, "?p a foaf:Person ; skos:prefLabel ?n")
    assert {"Marco Rubio", "William Hunter"} <= {r["n"] for r in names}
    assert max(Counter(r["p"] for r in names).values()) == 1


def test_one_print_after_a_generation_is_somebody_else(copy: Path, decisions: Decisions) -> None:
    change(copy, "visits/data/2020.xml", "Prime Minister Kyriakos Mitsotakis", "King Faisal")
    change(copy, "visits/data/2010.xml", "President Moon Jae-in", "King Faisal")
    for file, country in (("2020", "greece"), ("2010", "korea")):
        text = (copy / f"visits/data/{file}.xml").read_text("utf-8")
        (copy / f"visits/data/{file}.xml").write_text(
            text.replace(f'<from id="{country}">', '<from id="iraq">', 1), "utf-8"
        )
    change(copy, "visits/data/2010.xml", "2017-06-29", "1965-06-29")
    change(copy, "visits/data/2010.xml", "2017-06-30", "1965-06-30")
    people = {q.subject.value for q in read(copy, decisions)[0] if isinstance(q.subject, NamedNode)}
    known = {p.rpartition("/")[2] for p in people if "/person/hs-iraq-king-faisal" in p}
    assert known == {"hs-iraq-king-faisal", "hs-iraq-king-faisal-2020"}


WHOLE = os.environ.get("ALLIANCE_RECORDS")
"""A folder with all the records, where they are at hand."""


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(SAMPLE, id="sample"),
        *([pytest.param(Path(WHOLE), id="whole")] if WHOLE else []),
    ],
)
def test_every_entry_is_read(folder: Path, decisions: Decisions) -> None:
    """As many records as a plain reading of the files counts, and no finding that would fail."""
    counted = Counter(
        {"trip": "travels", "visit": "visits", "chief": "tenures", "principal": "tenures"}[e.tag]
        for pattern in ("travels/*-travels/*.xml", "visits/data/*.xml", "pocom/[mp]*s-*/*.xml")
        for path in folder.glob(pattern)
        for e in ElementTree.parse(path).getroot().iter()
        if e.tag in ("trip", "visit", "chief", "principal")
    )
    tally = Tally()
    quads = 0
    names: dict[object, set[str]] = defaultdict(set)
    for partition in historyatstate.partitions(folder, decisions):
        for group in historyatstate.groups(partition, tally):
            quads += len(group.quads)
            for q in group.quads:
                if q.predicate.value == SKOS + "prefLabel":
                    names[q.subject].add(str(q.object))
    assert {s for s, some in names.items() if len(some) > 1} == set(), "one name, whoever reads it"
    counts = tally.counts
    assert counted["travels"] == counts["travels.president"] + counts["travels.secretary"]
    assert counted["visits"] == counts["visits"]
    assert counted["tenures"] == counts["pocom.tenures"]
    assert counts["pocom.people"] == len(list(folder.glob("pocom/people/*/*.xml")))
    assert quads > 20 * sum(counted.values())
    assert not any(f.fails for f in tally.findings)


# --- defects of the source ------------------------------------------------------------------------


def test_the_defects_in_the_sample_are_found_with_file_line_and_id(
    whole: tuple[list[Quad], Tally],
) -> None:
    found = Counter(f.code for f in whole[1].findings)
    assert found == {
        "duplicate-trip": 2,
        "same-days": 2,
        "no-description": 1,
        "mixed-precision": 1,
        "duplicate-id": 1,
        "unknown-element": 1,
        "ends-before-start": 1,
    }
    [backwards] = [f for f in whole[1].findings if f.code == "ends-before-start"]
    assert backwards.where is not None
    line = (SAMPLE / backwards.where.file).read_text("utf-8").splitlines()[backwards.where.line - 1]
    assert line.strip() == f"<id>{backwards.about[0]}</id>"
    assert not any(f.fails for f in whole[1].findings)


def test_two_records_of_one_journey_are_evidence_of_one_visit(store: Embedded) -> None:
    assert not rows(store, "visit:hs-travels-4020 ?p ?o")
    said = rows(
        store,
        "?c rdf:subject visit:hs-travels-3993 ; rdf:predicate ally:date ; "
        "ally:evidence/ally:recordId ?i",
    )
    assert {r["i"] for r in said} == {"3993", "4020"}


def test_a_tenure_that_ends_before_it_starts_is_no_span(store: Embedded) -> None:
    name = "tenure:hs-second-assistant-secretary.secr-1866-hunt".replace(".", "\\.")
    assert rows(store, f"{name} ally:start ?s ; ally:end ?e")
    assert not rows(store, f"{name} ally:attestedOn ?t")


@pytest.mark.parametrize(
    ("file", "old", "new", "code"),
    [
        (BLINKEN, "<start-date>2024-03-17", "<start-date>2024-13-17", "incomplete"),
        (BLINKEN, "<start-date>2024-03-17", "<start-date>2024-03-19", "ends-before-start"),
        (BLINKEN, "<role>secretary</role>", "<role>president</role>", "two-roles"),
        (KOREA, "<date>2018-07-07</date>", "<date>July 2018</date>", "no-date"),
        (KOREA, "<date>2018-07-25</date>", "<date>1998-07-25</date>", "end-missing"),
        (KOREA, "knapper-marc-e<", "nobody-at-all<", "unknown-person"),
        (KOREA, "xb-2018-harr-01", "xb-2017-knap-01", "duplicate-id"),
        (KOREA, "xb-2018-harr-01", "ke-2019-mcca-01", "duplicate-id"),
    ],
)
def test_a_new_defect_is_found(
    copy: Path, decisions: Decisions, file: str, old: str, new: str, code: str
) -> None:
    before = Counter(f.code for f in found_in(copy, decisions))
    change(copy, file, old, new)
    assert Counter(f.code for f in found_in(copy, decisions))[code] > before[code]


def test_about_a_day_is_approximate(copy: Path, decisions: Decisions) -> None:
    change(
        copy,
        KOREA,
        "<date>2018-07-25</date>\n                <note/>",
        "<date>2018-07-25</date>\n                <note>On or shortly before</note>",
    )
    store = Embedded(read(copy, decisions)[0])
    name = "tenure:hs-korea.xb-2018-harr-01".replace(".", "\\.")
    [claim] = rows(
        store,
        f"?c rdf:subject {name} ; rdf:predicate ally:start ; rdf:object ?d ; ally:printed ?w",
    )
    assert (claim["d"], claim["w"]) == ("2018-07-25~", "On or shortly before")


# --- partitions -----------------------------------------------------------------------------------


def test_partitions_do_not_know_each_other(decisions: Decisions) -> None:
    """In any order, alone and after a journey through pickle, they give the same quads."""
    parts = historyatstate.partitions(SAMPLE, decisions)
    assert len({p.name for p in parts}) == len(parts)
    forward = [set(historyatstate.quads(p)) for p in parts]
    sent: list[Partition] = pickle.loads(pickle.dumps(parts))  # noqa: S301 - just made here
    assert [set(historyatstate.quads(p)) for p in reversed(sent)] == forward[::-1]


def test_a_folder_that_holds_nothing_of_it_is_said(tmp_path: Path, decisions: Decisions) -> None:
    with pytest.raises(AllianceError, match="holds none of travels/, visits/, pocom/"):
        historyatstate.partitions(tmp_path, decisions)


# --- the import -----------------------------------------------------------------------------------


def imported(folder: Path, out: Path, facts: model.Facts, decisions: Decisions) -> job.Imported:
    return job.run("historyatstate", folder, out, facts, decisions)


def test_the_same_records_give_the_same_bytes_and_all_quads(
    tmp_path: Path, facts: model.Facts, decisions: Decisions, whole: tuple[list[Quad], Tally]
) -> None:
    for name in ("one", "two", "one"):
        imported(SAMPLE, tmp_path / name, facts, decisions)
    one, two = (sorted((tmp_path / n).iterdir()) for n in ("one", "two"))
    assert [p.name for p in one] == [
        "findings.json",
        "manifest.json",
        "others.nq.gz",
        "shared.nq.gz",
    ]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    assert set(job.read(tmp_path / "one", everything=True)) == set(whole[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["one", "two"]


def test_what_is_shared_touches_the_curated_facts_and_stands_by_itself(
    tmp_path: Path, facts: model.Facts, decisions: Decisions
) -> None:
    imported(SAMPLE, tmp_path / "out", facts, decisions)
    shared = Embedded(job.read(tmp_path / "out"))
    kept = {r["i"] for r in rows(shared, "?r ally:recordId ?i")}
    assert {"4275", "3157", "xb-2018-harr-01", "secr-2021-blin", "blinken-antony-j"} <= kept
    assert not {"2991", "4286", "ao-1992-deja-01"} & kept
    ours = {f"{ID}{k}/{n}" for n, k in facts.kinds().items()}
    for r in rows(shared, "?s ally:participation/ally:person ?p"):
        assert r["p"] in ours or rows(shared, f"<{r['p']}> skos:prefLabel ?n")


def test_broken_files_are_all_named_at_once_and_what_stands_is_left_alone(
    copy: Path, tmp_path: Path, facts: model.Facts, decisions: Decisions
) -> None:
    out = tmp_path / "out"
    imported(SAMPLE, out, facts, decisions)
    before = (out / "manifest.json").read_bytes()
    (copy / BLINKEN).write_text("<trips><trip></trips>", "utf-8")
    (copy / "visits/data/1920.xml").write_text("", "utf-8")
    (copy / "pocom/people/p/pompeo-michael-r.xml").write_text("<person>", "utf-8")
    with pytest.raises(BrokenFacts) as broken:
        imported(copy, out, facts, decisions)
    assert [f.where.file for f in broken.value.findings if f.where] == [
        "pocom/people/p/pompeo-michael-r.xml",
        BLINKEN,
        "visits/data/1920.xml",
    ]
    assert (out / "manifest.json").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "source"]


def test_a_foreign_or_damaged_folder_is_refused(
    tmp_path: Path, facts: model.Facts, decisions: Decisions
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", "utf-8")
    with pytest.raises(AllianceError, match="no import"):
        imported(SAMPLE, tmp_path / "mine", facts, decisions)
    with pytest.raises(AllianceError, match="no imported records"):
        list(job.read(tmp_path / "mine"))
    imported(SAMPLE, tmp_path / "out", facts, decisions)
    (tmp_path / "out" / "shared.nq.gz").write_bytes(b"x")
    with pytest.raises(AllianceError, match="import the records again"):
        list(job.read(tmp_path / "out"))


# --- hostile XML ----------------------------------------------------------------------------------

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE trips [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><trips><trip><id>&j;</id></trip></trips>"
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "xml-doctype"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml-doctype"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml-doctype"),
        ('<!DOCTYPE a [<!ENTITY % x SYSTEM "http://localhost/x"> %x;]><a/>', "xml-doctype"),
        ("<!DOCTYPE a><a/>", "xml-doctype"),
        ("<a>&unknown;</a>", "xml-syntax"),
        ("<a><b></a>", "xml-syntax"),
        ("", "xml-syntax"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "xml-syntax"),
        ("<a>\x00</a>", "xml-syntax"),
    ],
)
def test_hostile_xml_is_refused_in_a_line(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(text, "utf-8")
    with pytest.raises(xml.Refused) as refused:
        xml.root(path, "x.xml")
    assert refused.value.finding.code == code
    assert "\n" not in str(refused.value.finding)
    assert str(tmp_path) not in str(refused.value.finding)


def test_a_file_past_all_measure_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xml, "MAX_BYTES", 100)
    (tmp_path / "x.xml").write_text(f"<a>{'x' * 100}</a>", "utf-8")
    with pytest.raises(xml.Refused, match="more than"):
        xml.root(tmp_path / "x.xml", "x.xml")
    with pytest.raises(xml.Refused, match="cannot be read"):
        xml.root(tmp_path / "none.xml", "none.xml")


def test_deep_nesting_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "x.xml").write_text("<a>" * 100_000 + "</a>" * 100_000, "utf-8")
    assert xml.text(xml.root(tmp_path / "x.xml", "x.xml")) == ""


# --- who is whom ----------------------------------------------------------------------------------


def test_what_is_undecided_is_proposed_with_the_reason(
    facts: model.Facts, decisions: Decisions
) -> None:
    keys = [
        ("printed/korea-south/cho-tae-yeol", "Cho Tae-yeol"),
        ("person/oconnor-x", "Robert C. O'Brien"),
        ("printed/egypt/hosni-mubarak", "Hosni Mubarak"),
        ("printed/x/kim", "Kim"),
        ("printed/korea-south/cho-tae-yul", "Cho Tae-yul"),
    ]
    proposed = {p.record: (p.id, p.how) for p in matching.propose(keys, facts, decisions)}
    assert proposed == {
        "printed/korea-south/cho-tae-yeol": ("cho-tae-yul", "one spelling key"),
        "person/oconnor-x": ("robert-obrien", "one spelling key"),
    }


def test_a_decision_of_any_kind_ends_the_proposal(facts: model.Facts, tmp_path: Path) -> None:
    for answer in ("same", "different", "unsure"):
        decided = decided_in(tmp_path, f"printed/korea-south/cho-tae-yeol, is: cho-tae-yul, "
                             f"decision: {answer}")  # fmt: skip
        found, wrong = matching.load(facts, decided, "x")
        assert wrong == []
        assert found is not None
        key = "printed/korea-south/cho-tae-yeol"
        assert list(matching.propose([(key, "Cho Tae-yeol")], facts, found)) == []
        assert (found.iri(key) is not None) == (answer == "same")


def decided_in(tmp_path: Path, entry: str, holder: str = "kr-mofa") -> Path:
    folder = tmp_path / "facts"
    (folder / "records").mkdir(parents=True, exist_ok=True)
    (folder / "records" / "x.yaml").write_text(
        f"id: x\nholder: {holder}\nhome: us\ndecisions:\n"
        f"- {{record: {entry}, on: 2026-01-01, why: Because.}}\n",
        "utf-8",
    )
    return folder


@pytest.mark.parametrize(
    ("entry", "holder", "code"),
    [
        ("person/x, is: nobody-here, decision: same", "kr-mofa", "unknown-id"),
        ("country/x, is: mike-pompeo, decision: same", "kr-mofa", "unknown-id"),
        ("planet/x, is: kr, decision: same", "kr-mofa", "record-key"),
        ("person/x, is: mike-pompeo, decision: same", "nobody", "unknown-id"),
        ("person/x, is: mike-pompeo, decision: maybe", "kr-mofa", "unknown-value"),
        ("person/x, is: mike-pompeo, decision: same, colour: red", "kr-mofa", "unknown-field"),
    ],
)
def test_a_wrong_decision_has_its_place(
    facts: model.Facts, tmp_path: Path, entry: str, holder: str, code: str
) -> None:
    folder = decided_in(tmp_path, entry, holder)
    found, wrong = matching.load(facts, folder, "x")
    assert found is None
    assert [f.code for f in wrong] == [code]
    assert wrong == matching.check(facts, folder)
    assert wrong[0].where is not None
    assert wrong[0].where.line == (2 if holder == "nobody" else 5)


def test_two_decisions_on_one_key_are_one_too_many(facts: model.Facts, tmp_path: Path) -> None:
    folder = decided_in(tmp_path, "person/x, is: mike-pompeo, decision: same")
    path = folder / "records" / "x.yaml"
    path.write_text(path.read_text("utf-8").replace("decisions:\n", "decisions:\n- {record: person/x,"
        " is: joe-biden, decision: same, on: 2026-01-01, why: Because.}\n"), "utf-8")  # fmt: skip
    assert [f.code for f in matching.load(facts, folder, "x")[1]] == ["two-decisions"]


def test_links_and_huge_files_among_the_decisions_are_not_read(
    facts: model.Facts, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("root:hunter2\n", "utf-8")
    kept = tmp_path / "facts" / "records"
    kept.mkdir(parents=True)
    (kept / "x.yaml").symlink_to(secret)
    with (kept / "huge.yaml").open("wb") as stream:
        stream.truncate(5_000_000_000)
    os.mkfifo(kept / "pipe.yaml")
    (kept / "text.yaml").write_text("root:hunter2\n", "utf-8")
    found, wrong = matching.load(facts, kept.parent, "x")
    assert found is None
    assert [f.code for f in wrong] == ["symlink"]
    assert matching.load(facts, kept.parent, "none") == (None, [])
    checked = matching.check(facts, kept.parent)
    assert Counter(f.code for f in checked) == {
        "symlink": 1,
        "stray-file": 1,
        "yaml-too-big": 1,
        "wrong-type": 1,
    }
    assert "the whole is “root:hunter2”" in {f.what for f in checked}
    kept.rename(tmp_path / "elsewhere")
    kept.symlink_to(tmp_path / "elsewhere")
    assert [f.code for f in matching.check(facts, kept.parent)] == ["symlink"]
    assert [f.code for f in matching.load(facts, kept.parent, "x")[1]] == ["symlink"]


def test_the_shipped_decisions_name_what_the_records_have(
    whole: tuple[list[Quad], Tally], facts: model.Facts, decisions: Decisions
) -> None:
    assert set(decisions.same.values()) <= facts.kinds().keys()
    held = {q.object for q in whole[0] if q.predicate.value == ALLY.holder}
    assert held == {NamedNode(f"{ID}institution/us-office-of-the-historian")}
    types = {q.object.value for q in whole[0] if q.predicate.value == RDF + "type"
             and isinstance(q.object, NamedNode)}  # fmt: skip
    assert {ALLY.Visit, ALLY.Encounter, ALLY.Tenure, ALLY.Record} <= types


# --- the command ----------------------------------------------------------------------------------


def test_the_command_tells_counts_and_defects(tmp_path: Path) -> None:
    out = tmp_path / "records"
    run = CliRunner().invoke(
        cli.main, ["import", "historyatstate", str(SAMPLE), "--facts", str(paths.seeds()),
                   "--out", str(out), "--all"]
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert re.search(r"pocom\.tenures +17\n", run.output)
    assert "9 defects of the source" in run.output
    assert "4020: the same journey as 3993" in run.output
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    assert manifest["counts"]["visits"] == 11
    assert manifest["proposals"] == []
    assert list(records.SOURCES) == cli._SOURCES


def test_the_command_stops_where_records_or_decisions_are_broken(
    tmp_path: Path, copy: Path
) -> None:
    (copy / BLINKEN).write_text(BOMB, "utf-8")
    arguments = ["import", "historyatstate", str(copy), "--out", str(tmp_path / "out")]
    run = CliRunner().invoke(cli.main, [*arguments, "--facts", str(paths.seeds())])
    assert run.exit_code == 1
    assert "DOCTYPE" in run.output
    bare = tmp_path / "facts"
    (bare / "articles").mkdir(parents=True)
    run = CliRunner().invoke(cli.main, [*arguments, "--facts", str(bare)])
    assert run.exit_code == 2
    assert "says whose records these are" in run.output
    assert not (tmp_path / "out").exists()
