"""The records of the Office of the Historian (https://history.state.gov).

Three sets of XML files, public domain (CC0): ``travels`` (journeys abroad of presidents and
secretaries of state), ``visits`` (visits of foreign leaders) and ``pocom``
(principal officers and chiefs of mission since 1789). A journey or visit becomes an ``ally:Visit``,
a tenure an ``ally:Tenure`` whose four milestones stay apart; a blank end stays unknown. What a
remark on a journey surely says becomes encounters (see ``remarks``), the rest stays text.

Who is whom in the curated facts comes from decisions (see ``matching``); all others have identities
of their own, named after their record (``hs-…``). A leader who has no id in the records is known by
title, name and country as printed; the same print after more than a generation is somebody else.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode, Quad

from alliance_graph import dates, records
from alliance_graph.errors import AllianceError, DateError, Finding, Mark
from alliance_graph.records import remarks, xml
from alliance_graph.records.matching import Decisions, key
from alliance_graph.records.xml import Element, text
from alliance_graph.vocabulary import (
    ALLY,
    DCTERMS,
    EDTF,
    FOAF,
    ORG,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    XSD,
    concept,
    iri,
    slug,
)

NAME = "historyatstate"
LABEL = "Records of the Office of the Historian"
LICENSE = "https://creativecommons.org/publicdomain/zero/1.0/"
FOLDERS = ("travels", "visits", "pocom")
GENERATION = 20
"""Years without a record after which one print of title and name counts as somebody else."""
OLD = 10
"""Years after which an end that is still blank is reported."""
_ROLES = {"president": "president-travels", "secretary": "secretary-travels"}
MILESTONES = {
    "appointed": ALLY.appointedOn,
    "arrived": ALLY.arrivedOn,
    "started": ALLY.start,
    "ended": ALLY.end,
}
"""The dates of a tenure and their properties. ``started`` of a chief of mission is the day on which
credentials were presented, of a principal officer the day of entering on duty."""
_ELECT = re.compile(r"\bmade as ([\w -]+-elect)\b", re.I)
"""A journey made before the office was taken up: "[Visit made as President-elect.]"."""
_APART = frozenset((
    "foreign-assistance-agencies",
    "secretary-of-foreign-affairs-continental-congress",
    "inspector-general-foreign-assistance",
    "deputy-inspector-general-foreign-assistance",
))  # fmt: skip
"""Categories and ids of principal positions that by the records were none of the department."""
_ABOUT = re.compile(r"\b(about|shortly before|shortly after|soon after|on or before)\b", re.I)

_node = cache(NamedNode)


@dataclass(frozen=True)
class Tables:
    """What every partition needs to know of the others: names of codes, and who is whom."""

    decisions: Decisions
    countries: dict[str, str] = field(default_factory=dict)
    """Country id -> its commonest name in the records."""
    roles: dict[str, str] = field(default_factory=dict)
    """Role title id -> the title in full."""
    resident: dict[str, str] = field(default_factory=dict)
    """Id of a tenure held beside others -> the territory in which the officer resided."""
    eras: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Slug of a printed leader -> the years in which a new person of that print begins."""
    prints: dict[str, str] = field(default_factory=dict)
    """Slug of a leader who is printed in several ways -> the commonest."""
    spans: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Table -> first and last day in it."""


@dataclass(frozen=True)
class Partition:
    """Some files of the source that can be read apart from all others; picklable."""

    name: str
    """Its place in the source, such as ``travels/secretary-travels/rubio-marco.xml``."""
    folder: str
    tables: Tables = field(repr=False)


class Group(NamedTuple):
    """The quads of one record."""

    shared: bool
    """Whether it touches something of the curated facts."""
    quads: list[Quad]


@dataclass
class Tally:
    """What reading a partition counted and found."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)
    """Keys and names of persons, for the matcher."""
    ids: dict[str, str] = field(default_factory=dict)
    """Id of each tenure -> the file in which it stood first."""


# --- what there is ------------------------------------------------------------------------------


def partitions(folder: Path, decisions: Decisions) -> list[Partition]:
    """The source cut into parts, in a fixed order.

    Raises AllianceError where ``folder`` does not hold the source. Files that do not read are
    findings of their partition.
    """
    if not any((folder / name).is_dir() for name in FOLDERS):
        raise AllianceError(f"{folder}: holds none of {', '.join(f'{n}/' for n in FOLDERS)}")
    tables = _tables(folder, decisions)
    files = [
        path.relative_to(folder).as_posix()
        for pattern in (
            "travels/*-travels/*.xml",
            "visits/data/*.xml",
            "pocom/positions-principals/*.xml",
            "pocom/missions-countries/*.xml",
            "pocom/missions-orgs/*.xml",
        )
        for path in sorted(folder.glob(pattern))
    ]
    people = [p.relative_to(folder).as_posix() for p in sorted(folder.glob("pocom/people/*"))]
    names = ["", *files, *(p for p in people if (folder / p).is_dir())]
    return [Partition(name, str(folder), tables) for name in names]


def _tables(folder: Path, decisions: Decisions) -> Tables:
    countries: dict[str, Counter[str]] = defaultdict(Counter)
    years: dict[str, set[int]] = defaultdict(set)
    prints: dict[str, Counter[str]] = defaultdict(Counter)
    days: dict[str, list[str]] = defaultdict(list)
    for table, entry in _entries(folder):
        place = entry.find("from" if table == "visits" else "country")
        country = place.get("id", "") if place is not None else ""
        countries[country][text(place)] += 1
        span = [d for d in (text(entry, "start-date"), text(entry, "end-date")) if d]
        days[table] += span
        year = int(span[0][:4]) if span and span[0][:4].isdigit() else 0
        for named in _named(table, entry):
            years[leader(country, str(named))].add(year)
            prints[leader(country, str(named))][str(named)] += 1
    dated = sorted(
        d.decode()
        for path in sorted(folder.glob("pocom/*/*.xml"))
        for d in re.findall(rb"<date>\s*(\d{4}-\d\d-\d\d)\s*</date>", path.read_bytes())
    )
    if dated:
        days["pocom.tenures"] = [dated[0], dated[-1]]
    roles: dict[str, str] = {}
    for pattern in ("roles-country-chiefs/*.xml", "positions-principals/*.xml", "missions-orgs/*"):
        for _, root in _readable(folder, f"pocom/{pattern}"):
            roles[text(root, "id")] = text(root.find("names"), "singular")
    residents: dict[str, str] = {}
    for _, root in _readable(folder, "pocom/concurrent-appointments/*.xml"):
        resident = text(root.find("resident-at"), "contemporary-territory-id")
        residents |= {text(chief): resident for chief in root.findall("chief-id")}
    return Tables(
        decisions,
        {c: _commonest(n) for c, n in sorted(countries.items()) if c},
        dict(sorted(roles.items())),
        residents,
        {who: eras for who, found in sorted(years.items()) if (eras := _eras(found))},
        {who: _commonest(n) for who, n in sorted(prints.items()) if len(n) > 1},
        {table: (min(found), max(found)) for table, found in sorted(days.items())},
    )


def _commonest(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], name))


def _entries(folder: Path) -> Iterator[tuple[str, Element]]:
    """Every journey and visit that reads, with its table."""
    for role, name in _ROLES.items():
        for _, root in _readable(folder, f"travels/{name}/*.xml"):
            yield from ((f"travels.{role}", trip) for trip in root.iter("trip"))
    for _, root in _readable(folder, "visits/data/*.xml"):
        yield from (("visits", visit) for visit in root.iter("visit"))


def _readable(folder: Path, pattern: str) -> Iterator[tuple[Path, Element]]:
    for path in sorted(folder.glob(pattern)):
        try:
            yield path, xml.root(path, path.name)
        except xml.Refused:
            continue  # its partition tells


def _named(table: str, entry: Element) -> Iterator[remarks.Named | str]:
    """Leaders as an entry prints them."""
    if table == "visits":
        yield text(entry, "visitor")
    else:
        for said in remarks.read(text(entry, "remarks"))[0]:
            if isinstance(said, remarks.Met):
                yield said.person


def _eras(years: set[int]) -> tuple[int, ...]:
    known = sorted(y for y in years if y)
    return tuple(b for a, b in pairwise(known) if b - a > GENERATION)


def leader(country: str, printed: str) -> str:
    """The slug of a leader who has no id in the records."""
    return f"hs-{slug(country)}-{slug(printed, 80)}"


# --- reading a partition ------------------------------------------------------------------------


def quads(partition: Partition) -> Iterator[Quad]:
    """The quads of a partition; files that do not read are left out."""
    for group in groups(partition, Tally()):
        yield from group.quads


def groups(partition: Partition, tally: Tally) -> Iterator[Group]:
    """The quads of a partition, record by record; ``tally`` takes counts and findings."""
    reader = _Reader(partition, tally)
    if not partition.name:
        yield reader.sets()
    elif partition.name.startswith("pocom/people/"):
        for path in sorted((Path(partition.folder) / partition.name).glob("*.xml")):
            name = path.relative_to(partition.folder).as_posix()
            root = reader.root(name)
            if root is not None:
                yield from reader.officer(name, root)
    else:
        root = reader.root(partition.name)
        if root is None:
            return
        if partition.name.startswith("travels/"):
            yield from reader.journeys(partition.name, root)
        elif partition.name.startswith("visits/"):
            yield from reader.visits(partition.name, root)
        else:
            yield from reader.tenures(partition.name, root)


class _Journey(NamedTuple):
    """A journey on the way to the encounters in it."""

    id: str
    twin: str
    """The first record of the same journey; mostly its own."""
    visit: NamedNode
    record: NamedNode
    traveller: NamedNode
    name: str
    post: NamedNode | None
    elect: str
    """What the remark calls a traveller who had not taken up the office: "President-elect"."""
    country: str
    place: NamedNode
    span: str
    where: str


class _Reader:
    """Turns the records of one partition into quads."""

    def __init__(self, partition: Partition, tally: Tally) -> None:
        self.folder = Path(partition.folder)
        self.tables = partition.tables
        self.decided = partition.tables.decisions
        self.tally = tally
        self.graph = _node(records.graph(NAME))
        self.home = _node(iri("country", self.decided.home))
        self.qualities = tuple(
            (_node(p), o)
            for p, o in (
                (RDF + "type", _node(ALLY.Claim)),
                (ALLY.rank, _node(concept("rank", "normal"))),
                (ALLY.polarity, _node(concept("polarity", "asserted"))),
                (ALLY.attribution, _node(concept("attribution", "on-record"))),
                (ALLY.provenanceBasis, _node(concept("basis", "external"))),
                (ALLY.holder, _node(iri("institution", self.decided.holder))),
                (ALLY.side, self.home),
            )
        )
        self.out: list[Quad] = []
        self.touched = False
        self.entry = Literal("")
        """File and id of the record at hand."""
        self.lines: tuple[str, list[str]] = ("", [])
        self.officers: dict[str, str] = {}

    # quads

    def say(self, s: NamedNode, p: str, o: NamedNode | Literal) -> None:
        self.out.append(Quad(s, _node(p), o, self.graph))

    def names(self, s: NamedNode, label: str) -> None:
        name = Literal(label[:200], language="en")
        self.say(s, RDFS + "label", name)
        self.say(s, SKOS + "prefLabel", name)

    def group(self) -> Group:
        done = Group(self.touched, self.out)
        self.out, self.touched = [], False
        return done

    def claim(
        self,
        name: str,
        s: NamedNode,
        p: str,
        o: NamedNode | Literal,
        record: NamedNode,
        modality: str = "held",
    ) -> NamedNode:
        node = NamedNode(iri("claim", name))
        graph = self.graph
        self.out += [Quad(node, a, b, graph) for a, b in self.qualities]
        self.say(node, ALLY.modality, _node(concept("modality", modality)))
        self.say(node, RDF + "subject", s)
        self.say(node, RDF + "predicate", _node(p))
        self.say(node, RDF + "object", o)
        self.say(node, ALLY.evidence, record)
        self.say(node, ALLY.source, self.entry)
        return node

    def dated(self, node: NamedNode, edtf: str) -> None:
        parsed = dates.parse(edtf)
        for p, day in ((ALLY.earliest, parsed.earliest), (ALLY.latest, parsed.latest)):
            if day:
                self.say(node, p, Literal(day.isoformat(), datatype=_node(XSD + "date")))

    def record(self, name: str, file: str, id_: str, table: str, words: str = "") -> NamedNode:
        node = _node(iri("record", name))
        self.say(node, RDF + "type", _node(ALLY.Record))
        self.say(node, ALLY.recordSet, _node(iri("record-set", f"{NAME}.{table}")))
        self.say(node, ALLY.recordFile, Literal(file))
        self.say(node, ALLY.recordId, Literal(id_))
        if words:
            self.say(node, ALLY.recordText, Literal(words))
        self.tally.counts[table] += 1
        self.entry = Literal(f"{file}, {id_}"[:200])
        return node

    # what is wrong

    def root(self, name: str) -> Element | None:
        try:
            return xml.root(self.folder / name, name)
        except xml.Refused as refused:
            self.tally.findings.append(refused.finding)
            return None

    def find(self, code: str, what: str, mend: str, file: str, id_: str, nth: int = 1) -> None:
        """A defect of the source, which is kept as it stands."""
        if self.lines[0] != file:
            raw = (self.folder / file).read_text("utf-8", errors="replace")
            self.lines = file, raw.splitlines()
        tag = re.compile(rf"<id>\s*{re.escape(id_)}\s*</id>")
        at = [i for i, line in enumerate(self.lines[1], start=1) if tag.search(line)]
        mark = Mark(file, at[min(nth, len(at)) - 1] if at else 1)
        self.tally.findings.append(Finding("info", code, f"{id_}: {what}", mend, mark, (id_,)))

    def day(self, entry: Element, name: str, file: str, id_: str) -> str:
        """An EDTF date as printed, or nothing where it is blank or no date."""
        printed = text(entry, name)
        try:
            return dates.parse(printed).text if printed else ""
        except DateError as bad:
            self.find("no-date", f"{name}: {bad}", "the date is left out", file, id_)
            return ""

    # identities

    def ours(self, *keys: str) -> NamedNode | None:
        for k in keys:
            found = self.decided.iri(k)
            if found:
                self.touched = True
                return _node(found)
        return None

    def country(self, id_: str) -> NamedNode:
        known = self.decided.iri(key("country", id_))
        if known:
            self.touched = self.touched or known != self.home.value
            return _node(known)
        node = _node(iri("country", f"hs-{slug(id_)}"))
        self.say(node, RDF + "type", _node(ALLY.Country))
        self.names(node, self.country_name(id_))
        no = Literal("false", datatype=_node(XSD + "boolean"))
        self.say(node, ALLY.allianceParty, no)
        return node

    def country_name(self, id_: str) -> str:
        return self.tables.countries.get(id_) or id_.replace("-", " ").title()

    def person(self, node: NamedNode, name: str, country: NamedNode | None) -> NamedNode:
        self.say(node, RDF + "type", _node(FOAF + "Person"))
        self.names(node, name)
        if country:
            self.say(node, ALLY.country, country)
        return node

    def official(self, id_: str, printed: str = "") -> tuple[NamedNode, str]:
        """An officer by id: the thing, and the name that it has in the records."""
        name = self.officer_name(id_) or printed or id_.replace("-", " ").title()
        known = self.ours(key("person", id_))
        if known:
            return known, name
        return self.person(_node(iri("person", f"hs-{slug(id_, 80)}")), name, self.home), name

    def officer_name(self, id_: str) -> str:
        """The name in an officer's own file; "" where there is none."""
        file = f"pocom/people/{id_[:1]}/{id_}.xml"
        if not re.fullmatch(r"[\w-]+", id_) or not (self.folder / file).is_file():
            return ""
        if id_ not in self.officers:
            try:
                self.officers[id_] = _full_name(xml.root(self.folder / file, file))
            except xml.Refused:  # its partition tells
                self.officers[id_] = ""
        return self.officers[id_]

    def leader(
        self, country: str, printed: str, named: remarks.Named | None, year: int, at_home: bool
    ) -> tuple[NamedNode, NamedNode | None]:
        """A leader without an id: the thing, and the office where a decision tells it."""
        if named:
            known = self.ours(key("printed", country, named.name))
            if known:
                title = key("title", country, re.sub("^Acting ", "", named.title))
                return known, self.ours(title)
        name = leader(country, printed)
        era = max((e for e in self.tables.eras.get(name, ()) if e <= year), default=0)
        node = _node(iri("person", f"{name}-{era}" if era else name))
        plain = named.name if named else printed
        self.tally.names.append((key("printed", country, plain), plain))
        # where somebody was met is not whose they are
        shown = self.tables.prints.get(name, printed)
        return self.person(node, shown, self.country(country) if at_home else None), None

    # journeys and visits

    def journeys(self, file: str, root: Element) -> Iterator[Group]:
        first: dict[tuple[str, ...], str] = {}
        days: dict[tuple[str, ...], str] = {}
        for trip, id_, span in self.complete(file, root.iter("trip")):
            who, role = trip.get("who", ""), trip.get("role", "")
            if text(trip, "role") != role:
                what = f"role is {role!r} and {text(trip, 'role')!r}"
                self.find("two-roles", what, "the attribute counts", file, id_)
            place = trip.find("country")
            remark, locale = text(trip, "remarks"), text(trip, "locale")
            same = (who, span, text(place), locale, remark)
            twin = first.setdefault(same, id_)
            if twin != id_:
                what = f"the same journey as {twin}"
                self.find("duplicate-trip", what, "both are evidence of one visit", file, id_)
            elif days.setdefault(same[:4], id_) != id_:
                what = f"the days and the place of {days[same[:4]]}, in other words"
                self.find("same-days", what, "kept as two visits", file, id_)
            yield self.journey(trip, file, id_, twin, who, role, span, remark, locale)

    def complete(self, file: str, entries: Iterable[Element]) -> Iterator[tuple[Element, str, str]]:
        """The records that have an id and a day, each with them."""
        for entry in entries:
            id_ = text(entry, "id")
            span = self.span(entry, file, id_)
            if id_ and span:
                yield entry, id_, span
            else:
                self.find("incomplete", "no id or no day", "the record is left out", file, id_)

    def span(self, entry: Element, file: str, id_: str) -> str:
        start, end = (self.day(entry, name, file, id_) for name in ("start-date", "end-date"))
        if start and end and end < start:
            what = f"ends ({end}) before it starts ({start})"
            self.find("ends-before-start", what, "only the start is taken", file, id_)
            end = ""
        return start if not start or not end or end == start else f"{start}/{end}"

    def journey(
        self,
        trip: Element,
        file: str,
        id_: str,
        twin: str,
        who: str,
        role: str,
        span: str,
        remark: str,
        locale: str,
    ) -> Group:
        place = trip.find("country")
        country_id = place.get("id", "") if place is not None else ""
        traveller, name = self.official(who, text(trip, "name"))
        self.tally.names.append((key("person", who), name))
        country = self.country(country_id)
        slugged = f"hs-travels-{slug(id_)}"
        visit = _node(iri("visit", f"hs-travels-{slug(twin)}"))
        record = self.record(slugged, file, id_, f"travels.{role}", remark)
        where = f"{locale}, {text(place)}" if locale else text(place)
        # an office alone makes no journey one of those that the curated facts know of
        known = self.decided.iri(key("office", role))
        elect = found[1] if (found := _ELECT.search(remark)) else ""
        post = _node(known) if known and not elect else None
        self.claim(f"{slugged}.is", visit, RDF + "type", _node(ALLY.Visit), record)
        node = self.taken(slugged, visit, traveller, record, post, "traveller", self.home,
                          elect)  # fmt: skip
        # a town that we know, if it was the only one; else no more than the country is sure
        at = (self.ours(key("locale", country_id, locale)) if locale else None) or country
        there = self.claim(f"{slugged}.place", visit, ALLY.place, at, record)
        self.say(there, ALLY.printed, Literal(where[:200]))
        when = Literal(span, datatype=_node(EDTF))
        self.dated(self.claim(f"{slugged}.date", visit, ALLY.date, when, record), span)
        if twin == id_:
            self.event(visit, ALLY.Visit, f"Journey of {name} to {where}, {span}", span, at)
            self.say(visit, ALLY.participation, node)
            self.say(visit, ALLY.traveller, traveller)
        journey = _Journey(id_, twin, visit, record, traveller, name, post, elect, country_id, at,
                           span, where)  # fmt: skip
        self.encounters(journey, remark)
        return self.group()

    def event(self, node: NamedNode, cls: str, label: str, span: str, place: NamedNode) -> None:
        self.say(node, RDF + "type", _node(cls))
        self.names(node, label)
        self.say(node, ALLY.date, Literal(span, datatype=_node(EDTF)))
        self.dated(node, span)
        self.say(node, ALLY.place, place)

    def taken(
        self,
        of: str,
        subject: NamedNode,
        person: NamedNode,
        record: NamedNode,
        post: NamedNode | None,
        role: str,
        country: NamedNode | None,
        printed: str = "",
        acting: bool = False,
    ) -> NamedNode:
        """A participation with its claim."""
        who = person.value.rpartition("/")[2]
        node = NamedNode(iri("participation", f"{of}.{who}"))
        self.claim(f"{of}.participation.{who}", subject, ALLY.participation, node, record)
        self.say(node, RDF + "type", _node(ALLY.Participation))
        self.say(node, ALLY.person, person)
        self.say(node, ALLY.role, _node(concept("role", role)))
        if post:
            self.say(node, ALLY.inPost, post)
        if country:
            self.say(node, ALLY.country, country)
        if printed:
            self.say(node, ALLY.printed, Literal(printed))
        if acting:
            self.say(node, ALLY.capacity, _node(concept("capacity", "acting")))
        return node

    def encounters(self, j: _Journey, remark: str) -> None:
        """What the remark surely says; some day of the journey, if it had several."""
        said, left = remarks.read(remark)
        self.tally.counts["remarks read"] += bool(said)
        self.tally.counts["remarks left as text"] += not said
        self.tally.counts["clauses read"] += len(remarks.clauses(remark)) - len(left)
        self.tally.counts["clauses left as text"] += len(left)
        for n, item in enumerate(said, start=1):
            self.encounter(j, n, item)

    def encounter(self, j: _Journey, n: int, item: remarks.Met | remarks.Attended) -> None:
        of = f"hs-travels-{slug(j.id)}.{n}"
        node = _node(iri("encounter", f"hs-travels-{slug(j.twin)}.{n}"))
        day = j.span
        if "/" in day and isinstance(item, remarks.Met):
            # one meets on a day, an event may go on for several
            day = f"[{day.replace('/', '..')}]"
        plain: list[tuple[str, NamedNode | Literal, str]] = [
            (ALLY.setting, _node(concept("setting", item.kind)), "setting"),
            (ALLY.during, j.visit, "during"),
        ]
        held = self.claim(f"{of}.is", node, RDF + "type", _node(ALLY.Encounter), j.record)
        self.say(held, ALLY.printed, Literal(item.words[:200]))
        when = Literal(day, datatype=_node(EDTF))
        self.dated(self.claim(f"{of}.date", node, ALLY.date, when, j.record), day)
        self.claim(f"{of}.place", node, ALLY.place, j.place, j.record)
        part = self.taken(of, node, j.traveller, j.record, j.post, "participant", self.home,
                          j.elect)  # fmt: skip
        parts = [part]
        if isinstance(item, remarks.Attended):
            told = item.event
            if item.number:
                number = Literal(str(item.number), datatype=_node(XSD + "integer"))
                plain.append((ALLY.sessionNumber, number, "session"))
        else:
            person = item.person
            told = f"{item.kind if item.kind == 'contact' else 'meeting'} with {person}"
            other, office = self.leader(j.country, str(person), person, int(j.span[:4]), False)
            parts.append(
                self.taken(of, node, other, j.record, office, "participant", None, person.title,
                           person.acting)
            )  # fmt: skip
        for p, o, name in plain:
            self.claim(f"{of}.{name}", node, p, o, j.record)
        if j.twin != j.id:
            return
        self.tally.counts["encounters"] += 1
        self.event(node, ALLY.Encounter, f"{j.name}: {told}, {j.where}, {j.span}", day, j.place)
        for p, o, _ in plain:
            self.say(node, p, o)
        for part in parts:
            self.say(node, ALLY.participation, part)

    def visits(self, file: str, root: Element) -> Iterator[Group]:
        first: dict[tuple[str, ...], str] = {}
        for entry, id_, span in self.complete(file, root.iter("visit")):
            place = entry.find("from")
            country_id = place.get("id", "") if place is not None else ""
            printed, words = text(entry, "visitor"), text(entry, "description")
            same = (printed, span, country_id, words)
            twin = first.setdefault(same, id_)
            if twin != id_:
                what = f"the same visit as {twin}"
                self.find("duplicate-visit", what, "both are evidence of one visit", file, id_)
            if not words:
                self.find("no-description", "does not say what kind", "kept so", file, id_)
            yield self.visit(file, id_, twin, span, country_id, text(place), printed, words)

    def visit(
        self,
        file: str,
        id_: str,
        twin: str,
        span: str,
        country_id: str,
        country_name: str,
        printed: str,
        words: str,
    ) -> Group:
        named = remarks.visitor(printed)
        person, office = self.leader(country_id, printed, named, int(span[:4]), True)
        country = self.country(country_id)
        slugged = f"hs-visits-{slug(id_)}"
        visit = _node(iri("visit", f"hs-visits-{slug(twin)}"))
        record = self.record(slugged, file, id_, "visits", words)
        self.claim(f"{slugged}.is", visit, RDF + "type", _node(ALLY.Visit), record)
        title = named.title if named else printed
        node = self.taken(slugged, visit, person, record, office, "traveller", country, title[:200],
                          bool(named and named.acting))  # fmt: skip
        self.claim(f"{slugged}.place", visit, ALLY.place, self.home, record)
        when = Literal(span, datatype=_node(EDTF))
        self.dated(self.claim(f"{slugged}.date", visit, ALLY.date, when, record), span)
        if twin == id_:
            label = f"Visit of {printed} ({country_name}), {span}"
            self.event(visit, ALLY.Visit, label, span, self.home)
            self.say(visit, ALLY.participation, node)
            self.say(visit, ALLY.traveller, person)
        return self.group()

    # officers and tenures

    def officer(self, file: str, root: Element) -> Iterator[Group]:
        id_ = text(root, "id")
        if id_ != Path(file).stem:
            what = f"the file is not named after it ({Path(file).name})"
            self.find("file-name", what, "the id counts", file, id_)
        name = _full_name(root)
        person, _ = self.official(id_, name)
        record = self.record(f"hs-people-{slug(id_, 80)}", file, id_, "pocom.people")
        # a second preferred name would be one too many for a thing that has its own
        own = self.decided.iri(key("person", id_))
        predicate = SKOS + ("altLabel" if own else "prefLabel")
        value = Literal(name, language="en")
        self.claim(f"hs-people-{slug(id_, 80)}.name", person, predicate, value, record)
        self.tally.names.append((key("person", id_), name))
        yield self.group()

    def tenures(self, file: str, root: Element) -> Iterator[Group]:
        stem = Path(file).stem
        seen: Counter[str] = Counter()
        for section in root:
            for entry in section:
                if entry.tag not in ("principal", "chief"):
                    continue
                id_ = text(entry, "id")
                seen[id_] += 1
                held = section.tag in ("chiefs", "principals")
                name = f"hs-{slug(stem, 80)}.{slug(id_)}" + (
                    f".{seen[id_]}" if seen[id_] > 1 else ""
                )
                yield self.tenure(file, entry, id_, name, root, held, seen[id_])

    def tenure(
        self, file: str, entry: Element, id_: str, name: str, of: Element, held: bool, nth: int
    ) -> Group:
        def find(code: str, what: str, mend: str) -> None:
            self.find(code, what, mend, file, id_, nth)

        if nth > 1:
            find("duplicate-id", f"the id stands {nth} times in this file", f"kept apart as {name}")
        elif self.tally.ids.setdefault(id_, file) != file:
            find("duplicate-id", f"the id stands in {self.tally.ids[id_]} as well", "kept apart")
        who = text(entry, "person-id")
        if not (self.folder / "pocom" / "people" / who[:1] / f"{who}.xml").is_file():
            find("unknown-person", f"there is no person {who}", "named after the id")
        person, person_name = self.official(who)
        post, post_name = self.office(file, entry, of)
        node = _node(iri("tenure", name))
        note = text(entry, "note")
        record = self.record(name, file, id_, "pocom.tenures", note)
        known = {k: self.milestone(entry, k, find) for k in MILESTONES}
        self.milestones_agree(known, held, find)
        modality = "held" if held else "attempted"
        self.claim(f"{name}.is", node, RDF + "type", _node(ALLY.Tenure), record, modality)
        self.names(node, f"{person_name}, {post_name}" + ("" if held else " (did not serve)"))
        for milestone, (day, words) in known.items():
            if not day:
                continue
            value = Literal(day, datatype=_node(EDTF))
            predicate = MILESTONES[milestone]
            claim = self.claim(f"{name}.{milestone}", node, predicate, value, record, modality)
            self.dated(claim, day)
            if words:
                self.say(claim, ALLY.printed, Literal(words[:200]))
            if held:
                self.say(node, predicate, value)
        if held:
            capacity = "concurrent" if self.is_concurrent(entry, id_) else "regular"
            self.say(node, RDF + "type", _node(ALLY.Tenure))
            self.say(node, ORG + "member", person)
            self.say(node, ALLY.post, post)
            self.say(node, ALLY.capacity, _node(concept("capacity", capacity)))
            self.attested(name, node, record, known["started"][0], known["ended"][0])
        else:
            self.tally.counts["nominations that came to nothing"] += 1
        return self.group()

    def attested(self, name: str, node: NamedNode, record: NamedNode, start: str, end: str) -> None:
        """The days over which the record shows the person in office; a blank end is unknown."""
        if not start or (end and _last(end) < _first(start)):
            return
        span = start if start == end else f"{start}/{end}"
        value = Literal(span, datatype=_node(EDTF))
        self.say(node, ALLY.attestedOn, value)
        self.dated(node, span)
        self.dated(self.claim(f"{name}.attested", node, ALLY.attestedOn, value, record), span)

    def is_concurrent(self, entry: Element, id_: str) -> bool:
        """Whether the officer was accredited here beside the post at which they resided."""
        resident = self.tables.resident.get(id_)
        return resident not in (None, "", text(entry, "contemporary-territory-id"))

    def milestone(
        self, entry: Element, name: str, find: Callable[[str, str, str], None]
    ) -> tuple[str, str]:
        """A milestone's date as EDTF and the words beside it."""
        element = entry.find(name)
        if element is None:
            return "", ""
        for child in element:
            if child.tag not in ("date", "note"):
                find("unknown-element", f"<{child.tag}> in <{name}>", "it is not read")
        printed, words = text(element, "date"), text(element, "note")
        try:
            day = dates.parse(printed).text if printed else ""
        except DateError as bad:
            find("no-date", f"{name}: {bad}", "the date is left out")
            return "", words
        return (f"{day}~" if day and _ABOUT.search(words) else day), words

    def milestones_agree(
        self,
        known: dict[str, tuple[str, str]],
        held: bool,
        find: Callable[[str, str, str], None],
    ) -> None:
        """Finds what is wrong between the dates of a tenure."""
        given = {k: day for k, (day, _) in known.items() if day}
        end = given.get("ended")
        for name in ("started", "arrived"):
            if end and name in given and _last(end) < _first(given[name]):
                what = f"ended ({end}) before it {name} ({given[name]})"
                find("ends-before-start", what, "both dates stand, no span is made of them")
                break
        if len({len(day.rstrip("~")) for day in given.values()}) > 1:
            shown = ", ".join(f"{k} {day}" for k, day in given.items())
            find("mixed-precision", f"dates of several precisions: {shown}", "each as printed")
        if held and not end:
            newest = max((last for _, last in self.tables.spans.values()), default="")
            start = given.get("started") or given.get("appointed") or ""
            if start and newest and int(newest[:4]) - int(start[:4]) >= OLD:
                what = f"no end, though it began in {start[:4]}"
                find("end-missing", what, "the end stays unknown")
        if held and not given:
            find("undated", "no date at all", "the tenure stands without days")

    def office(self, file: str, entry: Element, of: Element) -> tuple[NamedNode, str]:
        """The office of a tenure in the file ``of`` a mission or position: the thing, its name."""
        mission = text(of, "territory-id") or text(of, "id")
        role = text(entry, "role-title-id")
        title = self.tables.roles.get(role) or role.replace("-", " ").title()
        if "missions-countries" in file:
            territory = text(entry, "contemporary-territory-id") or mission
            self.country(territory)
            name = f"{title}, {self.country_name(territory)}"
            own, where = f"{slug(territory)}-{slug(role)}", f"mission-{slug(territory)}"
            label = f"Mission in {self.country_name(territory)}"
        elif "missions-orgs" in file:
            name, own, where = title, slug(role), f"mission-{slug(mission)}"
            label = self.tables.roles.get(mission) or mission
        else:
            name, own, where, label = title, slug(role), "", ""
        known = self.ours(key("office", own))
        if known:
            return known, name
        node = _node(iri("office", f"hs-{own}"))
        self.say(node, RDF + "type", _node(ORG + "Post"))
        self.names(node, name)
        self.say(node, ALLY.country, self.home)
        self.say(node, ALLY.recordSet, _node(iri("record-set", f"{NAME}.pocom.tenures")))
        if where:
            mission_node = _node(iri("institution", f"hs-{where}"))
            self.say(mission_node, RDF + "type", _node(ORG + "Organization"))
            self.names(mission_node, label)
            kind = _node(concept("institution-kind", "mission"))
            self.say(mission_node, ALLY.institutionKind, kind)
            self.say(mission_node, ALLY.country, self.home)
            self.say(node, ORG + "postIn", mission_node)
            self.say(node, ALLY.level, _node(concept("level", "head-of-mission")))
            self.say(node, ALLY.levelBasis, _node(concept("basis", "convention")))
            self.say(node, ALLY.portfolio, _node(concept("portfolio", "diplomatic-mission")))
        elif not _APART & {text(of, "category"), text(of, "id")}:
            above = self.decided.iri("institution/department")
            if above:
                self.say(node, ORG + "postIn", _node(above))
        return node, name

    # the sets themselves

    def sets(self) -> Group:
        """The sets of records with the days that each covers."""
        whole = _node(iri("record-set", NAME))
        parts = {
            "travels.president": "Journeys abroad of presidents",
            "travels.secretary": "Journeys abroad of secretaries of state",
            "visits": "Visits of foreign leaders",
            "pocom.people": "Principal officers and chiefs of mission: persons",
            "pocom.tenures": "Principal officers and chiefs of mission: tenures",
        }
        self.described(whole, LABEL)
        for table, label in parts.items():
            node = _node(iri("record-set", f"{NAME}.{table}"))
            self.described(node, label)
            self.say(node, DCTERMS + "isPartOf", whole)
            if table in self.tables.spans:
                first, last = self.tables.spans[table]
                self.say(node, ALLY.date, Literal(f"{first}/{last}", datatype=_node(EDTF)))
                self.dated(node, f"{first}/{last}")
        self.touched = True
        return self.group()

    def described(self, node: NamedNode, label: str) -> None:
        self.say(node, RDF + "type", _node(ALLY.RecordSet))
        self.names(node, label)
        self.say(node, DCTERMS + "license", _node(LICENSE))
        self.say(node, SCHEMA + "publisher", _node(iri("institution", self.decided.holder)))


def _full_name(root: Element) -> str:
    name = root.find("persName")
    parts = (text(name, "forename"), text(name, "surname"), text(name, "genName"))
    return " ".join(p for p in parts if p) or text(root, "id")


def _first(edtf: str) -> str:
    day = dates.parse(edtf).earliest
    return day.isoformat() if day else ""


def _last(edtf: str) -> str:
    day = dates.parse(edtf).latest
    return day.isoformat() if day else "9999"
