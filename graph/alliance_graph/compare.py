"""The press beside official records: by person, office, place and time.

Every encounter, plan, visit, tenure and promise that an article tells of is set against the records
that are in the store, by the rules of :data:`RULES`; so is each visit between the allies, and each
tenure of an office that the articles know, that only the records have. What comes out is an
inference with its rule and premises: it stands in a graph of its own and leaves what articles claim
(``ally:state`` of a promise, for one) as it is. Silence of a record counts only where the record
would speak: whom the records follow, and until when, is read from the records themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date as Day
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pyoxigraph import Literal as Text
from pyoxigraph import NamedNode, Quad

from alliance_graph.derive import RULES as RULE_BASE
from alliance_graph.store import select
from alliance_graph.tables import Table, short
from alliance_graph.vocabulary import ALLY, EDTF, GRAPH, ID, RDF, RDFS, concept, iri

if TYPE_CHECKING:
    from alliance_graph.store import Store

Verdict = Literal[
    "fulfilled", "confirmed", "contradicted", "compatible", "records-only", "press-only"
]
VERDICTS: dict[Verdict, str] = {
    "fulfilled": "those who were to meet by a plan or promise met after it (that it was this "
    "meeting is inferred), or one of them attended the event of that name",
    "confirmed": "the records show the same by person, place and time",
    "contradicted": "the records show what cannot be so if the press is right",
    "compatible": "nothing stands against it, but the records do not show it",
    "records-only": "in the records, and in no article",
    "press-only": "in an article, and not in the records",
}
"""Every verdict and what it says, in the order in which they are told."""
COMPARISON = GRAPH + "records/comparison"
"""The named graph of what is found; without it the rest stands as it was."""

RULES: dict[str, str] = {
    "same-persons": "Two who met by an article are shown to have met on a journey of those days.",
    "same-event": "Somebody who took part by an article attended an event of that name then.",
    "same-event-other-day": "The records have the event, but on days that exclude the article's.",
    "elsewhere": "On the article's day a journey of theirs has them in another country.",
    "same-place": "A journey has them in that country on those days; whom they met is not told.",
    "on-a-journey": "A journey has them abroad on those days; the article names no place.",
    "at-home": "The records, which follow their journeys, have none abroad on that day.",
    "visit": "The records have a visit of theirs to that country on those days.",
    "several-visits": "The records have several visits that may be meant.",
    "in-office": "The records show them in the office on that day.",
    "out-of-office": "The records show them in the office only before or after that day.",
    "end-unknown": "The records show them entering the office before, and leave its end blank.",
    "before-and-after": "The records show them in the office before that day and after it.",
    "plan-held": "Who was to meet by a plan met afterwards; that this was the meeting is inferred.",
    "plan-event": "Who was to attend by a plan attended an event of that name afterwards.",
    "wish": "Who were wished or might be to meet met afterwards; there was no plan to carry out.",
    "promise-held": "A promise is about a plan after which who was to meet or attend did so.",
    "visit-untold": "A visit between allies, from the first article on, that no article tells of.",
    "tenure-untold": "A tenure, from the first article on, of an office that the articles know.",
    "not-followed": "The records follow other officials, or other kinds of contact.",
    "after-the-end": "The records end before.",
    "no-day": "The article gives no day, or names nobody whom the records follow.",
    "not-there": "The records follow this, and have no such entry.",
}
"""The rules by name, each in a sentence."""
_HORIZON = timedelta(days=366)
"""How long after it was made a plan without a day may be found to be carried out."""
_NEAR = timedelta(days=31)
"""Within how many days an event of the same name is the same event; yearly ones lie further."""
_MEETINGS = frozenset({"meeting", "talks", "consultation", "courtesy-call", "summit", "contact"})
_PLANNED = frozenset({"planned", "tentative"})
"""The modalities of a plan that can be carried out; a wish or a condition is none."""
_PROMISES = frozenset({"agreement", "plan", "offer"})
_EMPTY_WORDS = frozenset("a an the of for on and in to at with between meeting by s".split())


class Source(NamedTuple):
    """Where something stands: an article with a locator, or a record."""

    what: str
    """The article's id, or the file of the record."""
    place: str
    """Block, paragraph and words; or the record's id."""
    text: str = ""
    """The free text of a record."""

    def __str__(self) -> str:
        return f"{self.what}, {self.place}" if self.place else self.what


class Part(NamedTuple):
    """Somebody at an event."""

    person: str
    posts: frozenset[str]
    country: str
    acting: bool


@dataclass
class Event:
    """An encounter, plan, visit, tenure or promise, as one side tells it."""

    id: str
    kind: str
    label: str = ""
    first: Day | None = None
    last: Day | None = None
    when: str = ""
    """The date as EDTF."""
    parts: list[Part] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    """Its places with all in which they lie."""
    setting: str = ""
    mode: str = ""
    number: int | None = None
    names: set[str] = field(default_factory=set)
    """Labels by which it may be found: its own, its channel's."""
    modality: set[str] = field(default_factory=set)
    """How the articles tell of a plan: planned, tentative, desired, hypothetical."""
    during: str = ""
    about: set[str] = field(default_factory=set)
    person: str = ""
    post: str = ""
    said: Day | None = None
    """When the article that tells of it appeared."""
    sources: list[Source] = field(default_factory=list)

    def who(self) -> set[str]:
        """The persons at it."""
        return {p.person for p in self.parts}

    def overlaps(self, other: Event) -> bool:
        """Whether both are dated and share a day; an end that is not known reaches any day."""
        if (self.first or self.last) is None or (other.first or other.last) is None:
            return False
        return not (
            (self.last and other.first and self.last < other.first)
            or (other.last and self.first and other.last < self.first)
        )

    @property
    def day(self) -> Day | None:
        """The one day on which it was, where it is that precise."""
        return self.first if self.first == self.last else None


@dataclass(frozen=True)
class Comparison:
    """What the records say of one thing."""

    verdict: Verdict
    rule: str
    kind: str
    about: str
    """IRI of what the press tells; of a ``records-only`` one, of what the record tells."""
    label: str
    said: str
    """The date by the press, EDTF."""
    recorded: str
    """The date by the records, EDTF."""
    note: str
    """What is found, in a sentence."""
    press: tuple[Source, ...] = ()
    records: tuple[Source, ...] = ()
    premises: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    """Whom it concerns beside: the person of a tenure, the travellers of a visit."""

    @property
    def id(self) -> str:
        """Made from what it is about (and the day, of a tenure shown on several)."""
        name = re.sub(r"[^\w.-]", "-", f"{self.about.removeprefix(ID).replace('/', '.')}")
        day = re.sub(r"[^\w-]", "-", self.said or self.recorded) if self.kind == "tenure" else ""
        return f"{name}.{day}" if day else name

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"  {self.label}" + (f"  [{self.said}]" if self.said else "")
        if self.note:
            yield f"      found    {self.note}"
        for source in self.press:
            yield f"      press    {source}"
        for source in self.records:
            yield f"      records  {source}" + (f": {source.text}" if source.text else "")
        yield f"      rule     {self.rule}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--format json``."""
        return {
            "verdict": self.verdict,
            "rule": self.rule,
            "kind": self.kind,
            "about": short(self.about),
            "label": self.label,
            "press_date": self.said,
            "records_date": self.recorded,
            "note": self.note,
            "press": [str(s) for s in self.press],
            "records": [{"record": str(s), "text": s.text} for s in self.records],
        }


@dataclass(frozen=True)
class Coverage:
    """What a set of records follows, and until when."""

    label: str
    first: str
    last: str
    entries: int
    offices: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """All that was found."""

    found: tuple[Comparison, ...]
    coverage: tuple[Coverage, ...]

    def counts(self) -> dict[Verdict, int]:
        """How many of each verdict."""
        counted = Counter(c.verdict for c in self.found)
        return {v: counted[v] for v in VERDICTS}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "counts": self.counts(),
            "found": [c.as_dict() for c in self.found],
            "coverage": [vars(c) for c in self.coverage],
        }

    def table(self, verdicts: Iterable[str] = VERDICTS) -> Table:
        """The comparisons of some verdicts, for people and as CSV."""
        columns = ("verdict", "kind", "about", "aboutLabel", "press_date", "records_date", "found",
                   "press", "record", "rule")  # fmt: skip
        rows = tuple(
            (
                NamedNode(concept("verdict", c.verdict)),
                Text(c.kind),
                NamedNode(c.about),
                Text(c.label),
                Text(c.said) if c.said else None,
                Text(c.recorded) if c.recorded else None,
                Text(c.note),
                Text("; ".join(map(str, c.press))) if c.press else None,
                Text("; ".join(map(str, c.records))) if c.records else None,
                Text(c.rule),
            )
            for c in self.found
            if c.verdict in set(verdicts)
        )
        return Table(columns, rows, "compare", "nothing of that verdict")

    def text(self, verdicts: Iterable[str] = ()) -> str:
        """For people: verdict by verdict, each with both sides; what only the press has, counted.

        With ``verdicts`` only those, in full.
        """
        if not self.coverage:
            return "no records here to compare with\n"
        wanted = set(verdicts)
        lines: list[str] = []
        for verdict, meaning in VERDICTS.items():
            found = [c for c in self.found if c.verdict == verdict]
            if wanted and verdict not in wanted:
                continue
            lines += [f"{verdict.upper()} ({len(found)}): {meaning}"]
            if verdict == "press-only" and not wanted:
                notes = Counter((c.rule, RULES[c.rule]) for c in found)
                lines += [f"  {n:>3}  {rule}: {text}" for (rule, text), n in notes.most_common()]
                lines += ["       `--verdict press-only` lists them"]
            else:
                lines += [line for c in found for line in c.lines()]
            lines.append("")
        return "\n".join([*lines, *self.limits(), ""])

    def limits(self) -> list[str]:
        """What the records cannot know, a line each."""
        lines = ["What these records follow; of what lies beyond they say nothing:"]
        for s in self.coverage:
            of = f" (here: {', '.join(s.offices)})" if s.offices else ""
            span = f"{s.first} to {s.last}" if s.first else "no days"
            lines.append(f"  {s.label}{of}: {span}")
        return lines


def compare(store: Store) -> Compared:
    """Set the articles beside the records in a store; empty where it holds no records."""
    sides = _Sides(store)
    if not sides.sets:
        return Compared((), ())
    found = [*_held(sides), *_visits(sides), *_tenures(sides)]
    plans = list(_plans(sides))
    found += [*plans, *_promises(sides, plans), *_untold(sides, found + plans)]
    order = {v: i for i, v in enumerate(VERDICTS)}
    found.sort(key=lambda c: (order[c.verdict], c.kind, c.said or c.recorded, c.label, c.id))
    return Compared(tuple(found), tuple(sides.coverage()))


# --- reading both sides ---------------------------------------------------------------------------

_KINDS = {
    "Encounter": "encounter",
    "PlannedEncounter": "plan",
    "Visit": "visit",
    "PlannedVisit": "planned visit",
}
_EVENTS = """
SELECT DISTINCT ?x ?class ?from ?to ?when ?setting ?mode ?number ?during ?modality WHERE {
  VALUES ?class { ally:Encounter ally:PlannedEncounter ally:Visit ally:PlannedVisit }
  ?x a ?class .
  OPTIONAL { ?x ally:earliest ?from } OPTIONAL { ?x ally:latest ?to }
  OPTIONAL { ?x ally:date|ally:scheduledFor ?when }
  OPTIONAL { ?x ally:setting ?setting } OPTIONAL { ?x ally:mode ?mode }
  OPTIONAL { ?x ally:sessionNumber ?number } OPTIONAL { ?x ally:during ?during }
  OPTIONAL { ?x ally:modality ?modality }
}"""
_PARTS = """
SELECT ?x ?person ?post ?country ?capacity WHERE {
  ?x ally:participation ?part . ?part ally:person ?person .
  OPTIONAL { ?part ally:inPost ?post } OPTIONAL { ?part ally:country ?country }
  OPTIONAL { ?part ally:capacity ?capacity }
}"""
_NAMES = """
SELECT DISTINCT ?x ?name WHERE {
  VALUES ?class { ally:Encounter ally:PlannedEncounter ally:Visit ally:PlannedVisit }
  ?x a ?class .
  { ?x skos:prefLabel ?name } UNION { ?x ally:inChannel/(skos:prefLabel|skos:altLabel) ?name }
  FILTER(LANG(?name) = "en")
}"""
_TENURES = """
SELECT ?x ?claim ?person ?post ?capacity ?when ?from ?to ?article WHERE {
  ?x a ally:Tenure ; org:member ?person ; ally:post ?post ; ally:capacity ?capacity .
  ?claim a ally:Claim ; rdf:subject ?x ; rdf:predicate ally:attestedOn ; rdf:object ?when .
  OPTIONAL { ?claim ally:earliest ?from } OPTIONAL { ?claim ally:latest ?to }
  OPTIONAL { ?claim ally:inArticle ?article }
}"""
_PROMISED = """
SELECT ?x ?label ?kind ?about ?party WHERE {
  ?x a ally:Commitment ; skos:prefLabel ?label ; ally:commitmentKind ?kind ; ally:topic ?about .
  FILTER(LANG(?label) = "en") ?about a ally:PlannedEncounter .
}"""
_TOLD = """
SELECT DISTINCT ?x ?claim ?dated ?article ?published ?block ?p ?words WHERE {
  ?claim rdf:subject ?x ; rdf:predicate ?of ; ally:inArticle ?article ; ally:evidence ?e .
  FILTER(?of IN (rdf:type, ally:date, ally:scheduledFor, ally:attestedOn))
  ?e ally:block ?block ; ally:paragraph ?p ; ally:words ?words .
  OPTIONAL { ?article schema:datePublished ?published }
  BIND(?of != rdf:type AS ?dated)
}"""
_RECORDED = """
SELECT DISTINCT ?x ?record ?file ?id ?text WHERE {
  ?claim rdf:subject ?x ; ally:evidence ?record .
  ?record a ally:Record ; ally:recordFile ?file ; ally:recordId ?id .
  OPTIONAL { ?record ally:recordText ?text }
}"""
_SETS = """
SELECT ?set ?label ?from ?to ?when (COUNT(?record) AS ?n) WHERE {
  ?set a ally:RecordSet ; skos:prefLabel ?label . ?record a ally:Record ; ally:recordSet ?set .
  OPTIONAL { ?set ally:earliest ?from ; ally:latest ?to }
} GROUP BY ?set ?label ?from ?to ?when"""


class _Sides:
    """What the press tells and what the records have, as plain values."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sets = self.rows(_SETS)
        if not self.sets:
            return
        self.label = {
            r["x"]: r["name"]
            for r in self.rows(
                "SELECT ?x ?name WHERE { ?x a ?c ; skos:prefLabel ?name FILTER(LANG(?name) = 'en') "
                "VALUES ?c { foaf:Person org:Post ally:Country ally:Place } }"
            )
        }
        names = self.rows("SELECT ?name WHERE { ?x a ally:Country ; skos:prefLabel ?name }")
        self.countries = frozenset(w for r in names for w in _words(r["name"]))
        """The words in names of countries."""
        self.above = self.pairs("?x ally:within|ally:country ?y . { ?x a ally:Place }")
        self.allies = {r["x"] for r in self.rows("SELECT ?x WHERE { ?x ally:allianceParty true }")}
        self.recorded: dict[str, list[Source]] = defaultdict(list)
        for r in self.rows(_RECORDED):
            self.recorded[r["x"]].append(Source(r["file"], r["id"], r.get("text", "")))
        told: dict[str, dict[Source, tuple[bool, Day | None]]] = defaultdict(dict)
        self.claims: dict[str, list[Source]] = defaultdict(list)
        self.published: dict[str, Day] = {}
        for r in self.rows(_TOLD):
            place = f"{short(r['block']).rpartition('/')[2]} {r['p']}, words {r['words']}"
            source = Source(short(r["article"]), place)
            day = _day(r.get("published"))
            told[r["x"]][source] = (r["dated"] == "true", day)
            self.claims[r["claim"]].append(source)
            if day:
                self.published[short(r["article"])] = day
        self.told = {
            x: sorted(
                s for s, (dated, _) in found.items() if dated == any(d for d, _ in found.values())
            )
            for x, found in told.items()
        }
        self.events = self._events()
        self.press = [e for e in self.events.values() if e.id in self.told]
        self.records = [e for e in self.events.values() if e.id in self.recorded]
        self.tenures = self._tenures()
        self.journeys: dict[str, list[Event]] = defaultdict(list)
        self.met: dict[str, list[Event]] = defaultdict(list)
        for e in self.records:
            for person in e.who():
                (self.journeys if e.kind == "visit" else self.met)[person].append(e)
        self.followed = self._followed()

    def rows(self, query: str) -> list[dict[str, str]]:
        return [{k: v.value for k, v in row.items()} for row in select(self.store, query)]

    def pairs(self, pattern: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for r in self.rows(f"SELECT DISTINCT ?x ?y WHERE {{ {pattern} }}"):
            found[r["x"]].add(r["y"])
        return found

    def around(self, place: str) -> set[str]:
        """A place and all in which it lies."""
        found, open_ = {place}, [place]
        while open_:
            for above in self.above.get(open_.pop(), ()):
                if above not in found:
                    found.add(above)
                    open_.append(above)
        return found

    def _events(self) -> dict[str, Event]:
        events: dict[str, Event] = {}
        for r in self.rows(_EVENTS):
            kind = _KINDS[r["class"].rpartition("#")[2]]
            e = events.setdefault(r["x"], Event(r["x"], kind))
            e.first, e.last = _day(r.get("from")), _day(r.get("to"))
            e.when = r.get("when", e.when)
            e.setting = r.get("setting", "").rpartition("/")[2]
            e.mode = r.get("mode", "").rpartition("/")[2]
            e.number = int(r["number"]) if "number" in r else None
            e.during = r.get("during", "")
            e.modality |= {r["modality"].rpartition("/")[2]} if "modality" in r else set()
        posts: dict[tuple[str, str], set[str]] = defaultdict(set)
        rows = [r for r in self.rows(_PARTS) if r["x"] in events]
        for r in rows:
            posts[r["x"], r["person"]] |= {r["post"]} if "post" in r else set()
        seen: set[tuple[str, str]] = set()
        for r in rows:
            at = r["x"], r["person"]
            if at not in seen:
                seen.add(at)
                acting = r.get("capacity", "").endswith("/acting")
                part = Part(r["person"], frozenset(posts[at]), r.get("country", ""), acting)
                events[r["x"]].parts.append(part)
        for x, places in self.pairs("?x ally:place ?y").items():
            if x in events:
                events[x].places = {p for place in places for p in self.around(place)}
        for r in self.rows(_NAMES):
            events[r["x"]].names.add(r["name"])
        for r in self.rows(
            "SELECT ?x ?name WHERE { ?x skos:prefLabel ?name FILTER(LANG(?name) = 'en') }"
        ):
            if r["x"] in events:
                events[r["x"]].label = r["name"]
        for e in events.values():
            e.sources = self.told.get(e.id) or self.recorded.get(e.id, [])
            days = [self.published[s.what] for s in e.sources if s.what in self.published]
            e.said = min(days, default=None)
            e.parts.sort()
        return dict(sorted(events.items()))

    def _tenures(self) -> list[Event]:
        """Each day or span on which a person is shown in an office, by either side."""
        found: dict[tuple[str, str, bool], Event] = {}
        for r in self.rows(_TENURES):
            press = "article" in r
            e = Event(r["x"], "tenure", person=r["person"], post=r["post"], when=r["when"])
            e = found.setdefault((e.id, e.when, press), e)
            e.first, e.last = _day(r.get("from")), _day(r.get("to"))
            e.mode = r["capacity"].rpartition("/")[2]
            e.label = f"{self.name(r['person'])}, {self.name(r['post'])}"
            e.during = "" if press else "record"
            known = self.claims.get(r["claim"]) or self.told.get(r["x"], [])
            sources = known if press else self.recorded.get(r["x"], [])
            e.sources = sorted({*e.sources, *sources})
        return sorted(found.values(), key=lambda e: (e.id, e.when, e.sources))

    def _followed(self) -> dict[tuple[str, bool], tuple[Day, Day]]:
        """Which offices' journeys the records follow: (office, abroad) -> first and last day.

        Abroad are the journeys of officials of the country that keeps the records, the others are
        visits to it.
        """
        sets = {r["set"]: r for r in self.sets}
        of = self.pairs("?c rdf:subject ?x ; ally:evidence/ally:recordSet ?y . ?x a ally:Visit")
        found: dict[tuple[str, bool], tuple[Day, Day]] = {}
        for e in self.records:
            if e.kind != "visit":
                continue
            for part in e.parts:
                abroad = part.country not in e.places
                for post in part.posts:
                    for name in of.get(e.id, ()):
                        span = _day(sets[name].get("from")), _day(sets[name].get("to"))
                        if span[0] and span[1]:
                            known = found.get((post, part.country not in e.places))
                            first = min(known[0], span[0]) if known else span[0]
                            last = max(known[1], span[1]) if known else span[1]
                            found[post, abroad] = first, last
        return found

    def name(self, thing: str) -> str:
        """Its name, else its id."""
        return self.label.get(thing, short(thing))

    def coverage(self) -> Iterator[Coverage]:
        """What each set follows, as far as the records themselves tell."""
        of = self.pairs("?c rdf:subject ?x ; ally:evidence/ally:recordSet ?y . ?x a ally:Visit")
        offices: dict[str, set[str]] = defaultdict(set)
        for e in self.records:
            for name in of.get(e.id, ()):
                offices[name] |= {self.name(p) for part in e.parts for p in part.posts}
        for r in sorted(self.sets, key=lambda r: r["set"]):
            yield Coverage(
                r["label"], r.get("from", ""), r.get("to", ""), int(r["n"]),
                tuple(sorted(offices[r["set"]])),
            )  # fmt: skip


def _day(text: str | None) -> Day | None:
    return Day.fromisoformat(text) if text else None


# --- rules ----------------------------------------------------------------------------------------


def _found(
    verdict: Verdict,
    rule: str,
    e: Event,
    note: str,
    records: Iterable[Event] = (),
) -> Comparison:
    shown = sorted(records, key=lambda r: (str(r.first), r.id))
    return Comparison(
        verdict,
        rule,
        e.kind,
        e.id,
        e.label,
        e.when,
        "; ".join(dict.fromkeys(r.when for r in shown)),
        note,
        tuple(e.sources),
        tuple(dict.fromkeys(s for r in shown for s in r.sources)),
        tuple(dict.fromkeys(r.id for r in shown)),
        (e.person,) if e.person else (),
    )


def _held(sides: _Sides) -> Iterator[Comparison]:
    for e in sides.press:
        if e.kind == "encounter":
            yield _encounter(sides, e)


def _encounter(sides: _Sides, e: Event) -> Comparison:
    """An encounter that an article tells as held."""
    near = [r for person in sorted(e.who()) for r in sides.met[person]]
    if e.setting in _MEETINGS and e.mode in ("", "in-person"):
        same = [r for r in near if _same_event(e, r, sides.countries)]
        if now := [r for r in same if e.overlaps(r)]:
            return _found("confirmed", "same-event", e, _who_attended(sides, now), now)
        met = [r for r in near if e.overlaps(r) and _two_sides(e, r) and _may_be_in(e, r)]
        if met:
            return _found("confirmed", "same-persons", e, _who_met(sides, met), met)
        if other := [r for r in same if _within(e, r, _NEAR)]:
            note = f"{_who_attended(sides, other)}, not on {e.when}"
            return _found("contradicted", "same-event-other-day", e, note, other)
    if e.mode not in ("", "in-person"):
        return _silent(sides, e)
    return (_presence(sides, e) if e.places else _away(sides, e)) or _silent(sides, e)


def _away(sides: _Sides, e: Event) -> Comparison | None:
    """Journeys of those who took part in what an article tells without a place."""
    trips = {t.id: t for person in e.who() for t in sides.journeys[person] if e.overlaps(t)}
    if not trips:
        return None
    found = list(trips.values())
    names = _listed({sides.name(p) for t in found for p in t.who()})
    note = f"{names}: on a journey abroad on these days; the article names no place"
    return _found("compatible", "on-a-journey", e, note, found)


def _presence(sides: _Sides, e: Event) -> Comparison | None:
    """What journeys of those who took part say of the place of an encounter."""
    here: list[tuple[str, Event]] = []
    at_home: list[str] = []
    for part in e.parts:
        trips = [t for t in sides.journeys[part.person] if e.overlaps(t)]
        if e.day:
            away = [t for t in trips if _inside(e.day, t) and not _shared_place(e, t)]
            elsewhere = away and not any(_shared_place(e, t) for t in trips)
            if elsewhere:
                name = sides.name(part.person)
                note = f"{name} was on a journey elsewhere, from {away[0].first} to {away[0].last}"
                return _found("contradicted", "elsewhere", e, note, away)
        here += [(part.person, t) for t in trips if _shared_place(e, t)]
        span = _span(sides, part, True)
        home = part.country in e.places
        if span and home and e.day and span[0] <= e.day <= span[1] and not trips:
            at_home.append(sides.name(part.person))
    if here:
        names = _listed({sides.name(person) for person, _ in here})
        note = f"{names}: in the country on these days by a journey; this meeting is not named"
        return _found("compatible", "same-place", e, note, [t for _, t in here])
    if at_home:
        note = f"no journey abroad of {_listed(at_home)} on that day; meetings at home are not kept"
        return _found("compatible", "at-home", e, note)
    return None


def _silent(sides: _Sides, e: Event) -> Comparison:
    """Why the records do not tell of something."""
    spans = [(p, span) for p in e.parts if (span := _span(sides, p, None))]
    if not spans or not (e.first or e.last):
        note = "names nobody whose journeys the records follow"
        if spans:
            note = "gives no day by which a record could be found"
        elif e.mode == "phone":
            note = "calls are not kept"
        return _found("press-only", "not-followed" if not spans else "no-day", e, note)
    if e.mode not in ("", "in-person"):
        note = "calls and other contacts from afar are not kept; journeys and visits are"
        return _found("press-only", "not-followed", e, note)
    last = max(span[1] for _, span in spans)
    if e.first and e.first > last:
        return _found("press-only", "after-the-end", e, f"the records end on {last}")
    note = "no journey or visit of that day and place; meetings at home are not kept"
    return _found("press-only", "not-there", e, note)


def _visits(sides: _Sides) -> Iterator[Comparison]:
    for e in sides.press:
        if e.kind != "visit":
            continue
        known = [
            r
            for person in sorted(e.who())
            for r in sides.journeys[person]
            if e.overlaps(r) and _shared_place(e, r)
        ]
        words = [r for r in known if _same_words(e, r)]
        chosen = words if len(words) == 1 else known
        if len(chosen) == 1:
            travellers = _listed(sides.name(p) for p in sorted(chosen[0].who()))
            note = f"a visit of {travellers}, {_shown(chosen[0].when)}"
            if len(known) > 1:
                note += f"; the only one of {len(known)} of those days in the same words"
            yield _found("confirmed", "visit", e, note, chosen)
        elif known:
            note = f"{len(known)} visits of those days"
            yield _found("compatible", "several-visits", e, note, known)
        else:
            yield _no_visit(sides, e)


def _no_visit(sides: _Sides, e: Event) -> Comparison:
    followed = [
        span for p in e.parts if (span := _span(sides, p, p.country not in e.places, visiting=True))
    ]
    if not followed:
        offices = _listed({sides.name(o) for p in e.parts for o in p.posts}) or "unnamed officials"
        note = f"the records do not follow journeys of: {offices}"
        return _found("press-only", "not-followed", e, note)
    last = max(end for _, end in followed)
    if e.first and e.first > last:
        return _found("press-only", "after-the-end", e, f"the records end on {last}")
    return _found("press-only", "not-there", e, "no visit of theirs on those days")


def _tenures(sides: _Sides) -> Iterator[Comparison]:
    kept = [t for t in sides.tenures if t.during == "record"]
    by_post: dict[str, list[Event]] = defaultdict(list)
    for t in kept:
        by_post[t.post].append(t)
    for e in sides.tenures:
        if e.during == "record" or e.id not in sides.told:
            continue
        yield _in_office(sides, e, by_post[e.post])


def _in_office(sides: _Sides, e: Event, entries: list[Event]) -> Comparison:
    """A person shown in an office on a day."""
    own = [t for t in entries if t.person == e.person]
    if e.mode == "acting":
        own = [t for t in own if t.mode == "acting"]
    days = Event("", "", first=e.first, last=e.last)
    if closed := [t for t in own if t.last and days.overlaps(t)]:
        note = f"in the office {_shown(closed[0].when)}"
        return _found("confirmed", "in-office", e, note, closed)
    if opened := [t for t in own if not t.last and days.overlaps(t)]:
        note = f"entered on {opened[0].first}; the end is blank, so unknown"
        return _found("compatible", "end-unknown", e, note, opened)
    if own:
        note = f"in the office only {_listed(_shown(t.when) for t in own)}"
        return _found("contradicted", "out-of-office", e, note, own)
    shown = [
        r
        for r in sides.records
        for p in r.parts
        if p.person == e.person and e.post in p.posts and p.acting == (e.mode == "acting")
    ]
    if now := [r for r in shown if days.overlaps(r)]:
        return _found(
            "confirmed",
            "in-office",
            e,
            f"shown in it: {_shown(min(now, key=lambda r: (str(r.first), r.id)).when)}",
            now,
        )
    before = [r for r in shown if r.last and e.first and r.last < e.first]
    after = [r for r in shown if r.first and e.last and r.first > e.last]
    if before and after:
        pair = [
            max(before, key=lambda r: (r.last, r.id)),
            min(after, key=lambda r: (r.first, r.id)),
        ]
        note = f"shown in it before, {_shown(pair[0].when)}; and after, {_shown(pair[1].when)}"
        return _found("compatible", "before-and-after", e, note, pair)
    return _not_in_office(sides, e, entries, before or after)


def _not_in_office(sides: _Sides, e: Event, entries: list[Event], shown: list[Event]) -> Comparison:
    if shown:
        nearest = min(shown, key=lambda r: (_distance(e, r), r.id))
        ends = [s[1] for way in (True, False) if (s := sides.followed.get((e.post, way)))]
        if ends and e.first and e.first > max(ends):
            note = f"last shown in it: {_shown(nearest.when)}; the records end on {max(ends)}"
            return _found("press-only", "after-the-end", e, note, [nearest])
        note = f"shown in it only before or after, nearest {_shown(nearest.when)}"
        return _found("press-only", "not-there", e, note, [nearest])
    starts = [t.first for t in entries if t.first]
    if not starts:
        note = "no list of this office, and nobody is shown who met this person in it"
        return _found("press-only", "not-followed", e, note)
    last = max(starts)
    if e.first and last < e.first:
        note = f"the last entry of this office is of {last}"
        return _found("press-only", "after-the-end", e, note)
    note = f"the list of this office goes on to {last} without this person: it has a gap"
    return _found("press-only", "not-there", e, note)


def _plans(sides: _Sides) -> Iterator[Comparison]:
    for e in sides.press:
        if e.kind != "plan":
            continue
        later = sorted(
            {r.id: r for p in e.who() for r in sides.met[p] if _after(e, r)}.values(),
            key=lambda r: (r.first or Day.max, r.id),
        )
        event = [r for r in later if _same_event(e, r, sides.countries)]
        met = [r for r in later if _two_sides(e, r) and _may_be_in(e, r)]
        plan = "plan" if "planned" in e.modality else "tentative plan"
        if not e.modality & _PLANNED:
            if shown := event or (met if e.setting in _MEETINGS else []):
                told = _listed(sorted(e.modality)) or "of no stated modality"
                who = _who_attended if event else _who_met
                note = f"{who(sides, shown[:1])}; the article tells no plan: it is {told}"
                yield _found("compatible", "wish", e, note, shown[:1])
            else:
                yield _open_plan(sides, e)
        elif event:
            note = f"{_who_attended(sides, event[:1])}, after the {plan} of {e.said}"
            yield _found("fulfilled", "plan-event", e, note, event[:1])
        elif met and e.setting in _MEETINGS:
            note = f"{_who_met(sides, met[:1])}, the first time after the {plan} of {e.said}"
            yield _found(
                "fulfilled", "plan-held", e, f"{note}; that it is this one is inferred", met[:1]
            )
        else:
            yield _open_plan(sides, e)


def _open_plan(sides: _Sides, e: Event) -> Comparison:
    spans = [span for p in e.parts if (span := _span(sides, p, None))]
    if not spans:
        note = "names nobody whose journeys the records follow"
        return _found("press-only", "not-followed", e, note)
    last = max(end for _, end in spans)
    since = e.first or e.said
    if since and since > last:
        note = f"the records of such journeys end on {last}, before the plan"
        return _found("press-only", "after-the-end", e, note)
    return _found("press-only", "not-there", e, "no such meeting is shown after the plan")


def _promises(sides: _Sides, plans: list[Comparison]) -> Iterator[Comparison]:
    held = {c.about: c for c in plans if c.verdict == "fulfilled"}
    for r in sides.rows(_PROMISED):
        done, kind = held.get(r["about"]), r["kind"].rpartition("/")[2]
        if done and kind in _PROMISES:
            note = f"{kind}: {done.note}"
            yield Comparison(
                "fulfilled", "promise-held", "promise", r["x"], r["label"], done.said,
                done.recorded, note, tuple(sides.told.get(r["x"], ())), done.records,
                (r["about"], *done.premises),
            )  # fmt: skip


def _untold(sides: _Sides, found: list[Comparison]) -> Iterator[Comparison]:
    """What the records have, in the years of the articles, and no article tells of."""
    # that somebody was in office on a visit does not tell of the visit
    used = {premise for c in found if c.kind != "tenure" for premise in c.premises}
    if not sides.published:
        return
    appeared = sides.published.values()
    years = Event("", "", first=min(appeared), last=max(appeared))
    used |= {e.during for e in sides.records if e.id in used}
    for e in sides.records:
        if e.kind == "visit" and e.id not in used and years.overlaps(e):
            countries = {p.country for p in e.parts} | e.places
            if len(countries & sides.allies) > 1 and not {p.country for p in e.parts} & e.places:
                yield _only_recorded("visit-untold", e)
    told = {(e.person, e.post) for e in sides.tenures if e.during != "record"}
    offices = {e.post for e in sides.tenures if e.during != "record"}
    for e in sides.tenures:
        if e.during == "record" and e.post in offices and (e.person, e.post) not in told:
            # a blank end reaches nobody knows where: only the start tells
            dated = Event("", "", first=e.first, last=e.last or e.first)
            if years.overlaps(dated):
                yield _only_recorded("tenure-untold", e)


def _only_recorded(rule: str, e: Event) -> Comparison:
    of = (e.person,) if e.person else tuple(sorted(e.who()))
    return Comparison(
        "records-only",
        rule,
        e.kind,
        e.id,
        e.label,
        "",
        e.when,
        "",
        records=tuple(e.sources),
        premises=(e.id,),
        of=of,
    )


# --- small tests ----------------------------------------------------------------------------------


def _span(
    sides: _Sides, part: Part, abroad: bool | None, *, visiting: bool = False
) -> tuple[Day, Day] | None:
    """Over which days the records follow journeys of this person's office."""
    ways = (True, False) if abroad is None else (abroad,)
    spans = [s for post in part.posts for way in ways if (s := sides.followed.get((post, way)))]
    if part.acting and not visiting:
        return None
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


def _words(name: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", name.casefold().replace(".", ""))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = (w.removesuffix("s") for w in re.findall(r"[a-z0-9]+", re.sub("[’']", "", plain)))
    return frozenset(w for w in words if w not in _EMPTY_WORDS and len(w) > 1)


def _same_event(e: Event, record: Event, countries: frozenset[str]) -> bool:
    """Whether a recorded event has the name of what an article tells.

    Three quarters of its words (two at least), and all abbreviations and countries in it, stand in
    the names of the encounter or its channel; the ordinals do not differ, one person is at both.
    The traveller's own name leads the label of a recorded encounter and is left out; a meeting with
    persons has no name of its own.
    """
    if len(record.parts) != 1 or not record.who() & e.who():
        return False
    if e.number and record.number and e.number != record.number:
        return False
    words = _words(_event_name(record))
    known = frozenset(w for n in e.names for w in _words(n))
    missing = words - known
    named = missing & (countries | _acronyms(_event_name(record)))
    return not named and len(words) - len(missing) >= 2 and 4 * len(missing) <= len(words)


def _event_name(record: Event) -> str:
    return record.label.partition(": ")[2].partition(", ")[0]


def _acronyms(name: str) -> frozenset[str]:
    """The abbreviations of a name, which tell one body from another: NATO, G7, U.S."""
    found = re.findall(r"[\w.’']+", name)
    return frozenset(
        word
        for text in found
        if sum(c.isupper() for c in text) > 1 or any(c.isdigit() for c in text)
        for word in _words(text)
    )


def _two_sides(e: Event, record: Event) -> bool:
    """Whether two of those at an encounter, for different countries, are at the recorded one."""
    countries = {p.country for p in e.parts if p.person in record.who() and p.country}
    return len(countries) > 1


def _may_be_in(e: Event, record: Event) -> bool:
    """Whether no place stands against it: one of them has none, or they share one."""
    return not e.places or not record.places or _shared_place(e, record)


def _shared_place(e: Event, other: Event) -> bool:
    return bool(e.places & other.places)


def _same_words(e: Event, record: Event) -> bool:
    """Whether the kind of visit that a record names ("State Visit") stands in ours."""
    kind = record.sources[0].text.partition(".")[0] if record.sources else ""
    words = _words(kind)
    return bool(words) and words <= frozenset(w for n in e.names for w in _words(n))


def _inside(day: Day, trip: Event) -> bool:
    """Whether a day lies between the day of departure and that of return, on which one travels."""
    return bool(trip.first and trip.last and trip.first < day < trip.last)


def _within(e: Event, record: Event, span: timedelta) -> bool:
    if not (e.first and e.last and record.first and record.last):
        return False
    return record.first - span <= e.last and e.first <= record.last + span


def _distance(e: Event, record: Event) -> timedelta:
    """Days between two that do not overlap; the greatest there is where one has no day."""
    if e.first and record.last and record.last < e.first:
        return e.first - record.last
    if e.last and record.first and record.first > e.last:
        return record.first - e.last
    return timedelta.max


def _after(plan: Event, record: Event) -> bool:
    """Whether something recorded can be what was planned: on its days, else within a year of it."""
    if not record.first or not plan.said or record.first < plan.said:
        return False
    if plan.first or plan.last:
        return plan.overlaps(record)
    return record.first - plan.said <= _HORIZON


def _who_met(sides: _Sides, records: list[Event]) -> str:
    names = _listed(dict.fromkeys(sides.name(p) for r in records for p in sorted(r.who())))
    return f"{names} met, {_listed(dict.fromkeys(_shown(r.when) for r in records))}"


def _who_attended(sides: _Sides, records: list[Event]) -> str:
    names = _listed(dict.fromkeys(sides.name(p) for r in records for p in sorted(r.who())))
    event = _event_name(records[0])
    return f"{names} attended: {event}, {_listed(dict.fromkeys(_shown(r.when) for r in records))}"


def _shown(edtf: str) -> str:
    """An EDTF date as words of a sentence."""
    if edtf.startswith("["):
        return f"a day of {edtf.strip('[]').replace('..', ' to ')}"
    first, slash, last = edtf.partition("/")
    if not slash:
        return edtf
    return f"{first} to {last}" if last else f"from {first}, the end is blank"


def _listed(names: Iterable[str]) -> str:
    some = list(names) if not isinstance(names, (set, frozenset)) else sorted(names)
    return " and ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)


# --- as quads -------------------------------------------------------------------------------------


def quads(compared: Compared) -> Iterator[Quad]:
    """What was found, as facts: a node for each comparison, and what follows for plans.

    ``ally:fulfils`` and ``ally:fulfilledBy`` come with an ``ally:Derivation`` that names rule and
    premises, as everything that is derived.
    """
    graph = NamedNode(COMPARISON)

    def say(s: str, p: str, o: NamedNode | Text) -> Quad:
        return Quad(NamedNode(s), NamedNode(p), o, graph)

    used = {c.rule for c in compared.found}
    for rule in sorted(used):
        node = f"{RULE_BASE}compare-{rule}"
        yield say(node, RDFS + "label", Text(RULES[rule], language="en"))
    for c in compared.found:
        node = iri("comparison", c.id)
        yield say(node, RDF + "type", NamedNode(ALLY.Comparison))
        yield say(node, ALLY.verdict, NamedNode(concept("verdict", c.verdict)))
        yield say(node, ALLY.rule, NamedNode(f"{RULE_BASE}compare-{c.rule}"))
        yield say(node, ALLY.about, NamedNode(c.about))
        if c.note:
            yield say(node, RDFS + "comment", Text(c.note, language="en"))
        if c.said:
            yield say(node, ALLY.attestedOn, _edtf(c.said))
        for premise in c.premises:
            yield say(node, ALLY.premise, NamedNode(premise))
        if c.verdict == "fulfilled":
            yield from _derived(c, say)


def _edtf(value: str) -> Text:
    return Text(value, datatype=NamedNode(EDTF))


def _derived(c: Comparison, say: Callable[[str, str, NamedNode | Text], Quad]) -> Iterator[Quad]:
    event = c.premises[-1]
    s, p, o = event, ALLY.fulfils, c.about
    if c.kind == "promise":
        s, p, o = c.about, ALLY.fulfilledBy, event
    yield say(s, p, NamedNode(o))
    why = iri("claim", f"compared.{c.id}")
    yield say(why, RDF + "type", NamedNode(ALLY.Derivation))
    yield say(why, RDF + "subject", NamedNode(s))
    yield say(why, RDF + "predicate", NamedNode(p))
    yield say(why, RDF + "object", NamedNode(o))
    yield say(why, ALLY.rule, NamedNode(f"{RULE_BASE}compare-{c.rule}"))
    for premise in (c.about, *c.premises):
        yield say(why, ALLY.premise, NamedNode(premise))
