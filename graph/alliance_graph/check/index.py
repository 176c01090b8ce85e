"""The facts, turned so that rules between records are short: by id, by field, with all qualities.

A record that several articles tell of is found once under its id, with each telling; a claim
carries what it inherits from its record and its article.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from alliance_graph import dates
from alliance_graph.model import (
    Article,
    Claim,
    DateClaim,
    Encounter,
    Evidence,
    Office,
    Participation,
    Person,
    Place,
    Said,
    StatusClaim,
    Visit,
    claims_of,
    inherited,
)

if TYPE_CHECKING:
    from alliance_graph.errors import Mark
    from alliance_graph.seeds import Loaded

PRINCIPAL_DATE = {
    "encounters": "date",
    "visits": "date",
    "background": "date",
    "documents": "date",
    "statements": "date",
    "stances": "date",
    "commitments": "stated_on",
    "tenures": "attested",
    "memberships": "attested",
    "counterparts": "attested",
}
"""The field of each section that says when."""
HEADS = frozenset({"headline", "subtitle", "takeaway"})
"""Blocks that sum up the text."""


@dataclass(frozen=True, eq=False)
class Told:
    """One record as one article tells it."""

    article: Article
    section: str
    at: int
    record: Said

    @cached_property
    def id(self) -> str:
        """The id of what is told of: a record, a channel, or whoever a printed name means."""
        for name in ("id", "channel", "of"):
            known = getattr(self.record, name, None)
            if isinstance(known, str):
                return known
        raise AssertionError(f"a record of {self.section} without id")

    @property
    def loc(self) -> tuple[str | int, ...]:
        """The path for :meth:`Loaded.where`."""
        return (self.article.id, self.section, self.at)

    @property
    def passage(self) -> str:
        """Its first passage in words."""
        return _passage(self.article, self.said["evidence"])

    @cached_property
    def said(self) -> dict[str, Any]:
        """The qualities of the claim that it is so."""
        return inherited(self.record, self.article.defaults)

    @property
    def counts(self) -> bool:
        """Whether it is asserted and not ranked down."""
        return _counts(self.said)

    @property
    def held(self) -> bool:
        """Whether it is told as having taken place, or as being so."""
        return _held(self.said)


@dataclass(frozen=True, eq=False)
class Held:
    """One claim: a value of one field of one record, with who says so."""

    told: Told
    field: str
    at: int
    claim: Claim[Any]

    @property
    def id(self) -> str:
        """The id of the record."""
        return self.told.id

    @property
    def value(self) -> Any:
        """What is claimed."""
        return self.claim.is_

    @cached_property
    def said(self) -> dict[str, Any]:
        """Its qualities, with what it inherits."""
        return inherited(self.claim, self.told.record, self.told.article.defaults)

    @property
    def holder(self) -> str:
        """Who says so; the narrative of two articles is two holders."""
        holder = str(self.said["holder"])
        return f"the narrative of {self.told.article.id}" if holder == "narrative" else holder

    @property
    def counts(self) -> bool:
        """Whether it is asserted and not ranked down, nor is its record."""
        return _counts(self.said) and self.told.said["rank"] != "deprecated"

    @cached_property
    def days(self) -> dates.Edtf | None:
        """The days of a date claim or of a dated status."""
        if isinstance(self.claim, DateClaim):
            return dates.parse(self.claim.is_)
        date = getattr(self.claim, "date", None)
        return dates.parse(date) if date else None

    @property
    def printed(self) -> str | None:
        """The phrase as printed; of a dated status that of the date."""
        if isinstance(self.claim, StatusClaim):
            return self.claim.date_printed
        return self.claim.printed

    @property
    def above(self) -> bool:
        """Whether its own evidence lies only in what sums up the text, not in the text."""
        blocks = {e.block for e in self.claim.evidence}
        return bool(blocks) and blocks <= HEADS

    @property
    def passage(self) -> str:
        """Its first passage in words."""
        return _passage(self.told.article, self.said["evidence"])

    @property
    def loc(self) -> tuple[str | int, ...]:
        """The path for :meth:`Loaded.where`."""
        return (*self.told.loc, self.field, self.at)

    def __str__(self) -> str:
        printed = f"“{self.printed}”, " if self.printed else ""
        return f"{self.value} ({printed}{self.holder}, {self.passage})"


class Present(NamedTuple):
    """Somebody who took part in an encounter or travelled, as one article tells it."""

    told: Told
    at: int
    one: Participation

    @property
    def field(self) -> str:
        """The section of the record in which they stand."""
        return "participants" if self.told.section == "encounters" else "travellers"

    @property
    def said(self) -> dict[str, Any]:
        """The qualities of the claim that they were there."""
        return inherited(self.one, self.told.record, self.told.article.defaults)

    @property
    def held(self) -> bool:
        """Whether it is told as having taken place, and that they were there."""
        return self.told.held and _held(self.said)

    @property
    def passage(self) -> str:
        """Its first passage in words."""
        return _passage(self.told.article, self.said["evidence"])

    @property
    def loc(self) -> tuple[str | int, ...]:
        """The path for :meth:`Loaded.where`."""
        return (*self.told.loc, self.field, self.at)


def _counts(said: dict[str, Any]) -> bool:
    return bool(said["polarity"] == "asserted" and said["rank"] != "deprecated")


def _held(said: dict[str, Any]) -> bool:
    return bool(said["modality"] == "held" and said["polarity"] == "asserted")


def _passage(article: Article, evidence: Iterable[Evidence]) -> str:
    first = next(iter(evidence), None)
    if first is None:
        return f"{article.id}, no passage"
    range_ = f" words {first.words}" if first.words else ""
    return f"{article.id} {first.block} {first.p}{range_}"


def one_each(claims: Iterable[Held]) -> list[Held]:
    """The first claim of each value."""
    first: dict[object, Held] = {}
    for held in claims:
        first.setdefault(held.value, held)
    return list(first.values())


def precedes(a: dates.Edtf, b: dates.Edtf) -> bool:
    """Whether all of one date lies before all of another."""
    return bool(a.latest and b.earliest and a.latest < b.earliest)


def circle(before: Mapping[str, Iterable[str]]) -> list[str]:
    """Names of which each leads to the next and the last to the first; empty if there are none."""
    try:
        # sorted: of several circles, and of one circle's beginnings, always the same
        TopologicalSorter({name: sorted(before[name]) for name in sorted(before)}).prepare()
    except CycleError as bad:
        found: list[str] = bad.args[1][:-1]
        return found
    return []


def words(field: str) -> str:
    """A field's name as words."""
    return field.replace("_", " ")


def loose(text: str) -> str:
    """A text without case and punctuation."""
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


class Index:
    """The facts by id and field; made once for a check.

    ``some`` are the records to look at, where they are not those of the articles.
    """

    def __init__(self, loaded: Loaded, some: Iterable[Told] | None = None) -> None:
        self.loaded = loaded
        self.facts = loaded.facts
        self.people: dict[str, Person] = {p.id: p for p in self.facts.people}
        self.offices: dict[str, Office] = {o.id: o for o in self.facts.offices}
        self.places: dict[str, Place] = {p.id: p for p in self.facts.places}
        self.articles: dict[str, Article] = {a.id: a for a in self.facts.articles}
        self.told: list[Told] = (
            [
                Told(article, section, at, record)
                for article in self.facts.articles
                for section, at, record in article.records()
            ]
            if some is None
            else list(some)
        )
        self.tellings: dict[str, list[Told]] = defaultdict(list)
        self.claims: dict[str, dict[str, list[Held]]] = defaultdict(lambda: defaultdict(list))
        for told in self.told:
            if told.section == "names":
                continue
            self.tellings[told.id].append(told)
            for field, at, claim in claims_of(told.record):
                self.claims[told.id][field].append(Held(told, field, at, claim))

    @cached_property
    def used(self) -> set[str]:
        """Every id to which something refers."""
        from alliance_graph import seeds

        return {
            name
            for thing in (*self.facts.identities(), *self.facts.articles)
            for _, name, _ in seeds.references(thing)
        }

    def of(self, *sections: str) -> Iterator[Told]:
        """The records of some sections."""
        return (t for t in self.told if t.section in sections)

    def held(self, thing: str, field: str) -> list[Held]:
        """Every claim of a field, whoever makes it."""
        return self.claims[thing][field] if thing in self.claims else []

    def best(self, thing: str, field: str) -> list[Held]:
        """The claims that count: the preferred ones if there are any, else all not ranked down."""
        counting = [h for h in self.held(thing, field) if h.counts]
        return [h for h in counting if h.said["rank"] == "preferred"] or counting

    def when(self, thing: str) -> list[Held]:
        """The best claims of when it is, was or shall be; several if they are not decided."""
        tellings = self.tellings.get(thing)
        field = PRINCIPAL_DATE.get(tellings[0].section) if tellings else None
        return self.best(thing, field) if field else []

    def present(self) -> Iterator[Present]:
        """Who took part in what: encounters and visits."""
        for told in self.of("encounters", "visits"):
            record = cast(Encounter | Visit, told.record)
            people = record.participants if isinstance(record, Encounter) else record.travellers
            for at, one in enumerate(people):
                yield Present(told, at, one)

    def where(self, place: Told | Held | Present) -> Mark | None:
        """The place in the YAML."""
        return self.loaded.where(*place.loc)

    def inside(self, place: str, other: str) -> bool:
        """Whether a place lies in another place or country."""
        seen: set[str] = set()
        here: str | None = place
        while here and here not in seen:
            seen.add(here)
            known = self.places.get(here)
            if here == other or (known and known.country == other):
                return True
            here = known.within if known else None
        return False
