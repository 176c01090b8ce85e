"""How far the facts reach and how sure they are, as one value, as JSON and as a page.

What is not there is worded as what it is: absence from these articles, not from the world.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from alliance_graph import evidence, model, names, rdf, seeds
from alliance_graph.check import CODES, Index
from alliance_graph.check.index import Held, Told
from alliance_graph.compare import RULES, VERDICTS
from alliance_graph.coverage import coverage
from alliance_graph.errors import Finding, Mark
from alliance_graph.vocabulary import split

if TYPE_CHECKING:
    from alliance_graph.compare import Compared
    from alliance_graph.seeds import Loaded
    from alliance_graph.store import Store


# --- the value -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Locator:
    """Where a passage stands; its words only in a private report."""

    article: str
    block: str
    p: int
    words: str
    passage: str | None = None


@dataclass(frozen=True)
class Source:
    """One article."""

    id: str
    number: int
    """By which the report cites it: its place in the order of publication."""
    headline: str
    publisher: str
    published: str
    """EDTF."""
    date_basis: str
    url: str
    kind: str
    words: int
    covered: int
    claims: int
    """Claims that the article makes, in the graph."""
    open_blocks: int
    """Blocks with neither a claim nor a reason."""


@dataclass(frozen=True)
class Block:
    """One block of text, and which of its words some claim cites."""

    article: str
    block: str
    p: int
    words: int
    claims: int
    covered: int
    runs: tuple[tuple[int, int, int], ...]
    """Runs of words that equally many claims cite: first and last, from 1, and how many claims."""
    reason: str | None
    uncited: tuple[str, ...] = ()
    """The words that no claim cites; only in a private report."""


@dataclass(frozen=True)
class Account:
    """What one holder says, and where."""

    about: str
    field: str
    value: str
    holder: str
    sides: tuple[str, ...]
    attribution: str
    polarity: str
    modality: str
    rank: str
    because: str | None
    printed: str | None
    places: tuple[Locator, ...]


@dataclass(frozen=True)
class Tension:
    """One finding of the check with the accounts it speaks of and the curator's decision."""

    code: str
    meaning: str
    severity: str
    what: str
    about: tuple[str, ...]
    accounts: tuple[Account, ...]
    decision: str | None
    why: str | None
    where: str | None
    """File and line, as ``articles/….yaml:28``."""


@dataclass(frozen=True)
class Count:
    """How many claims have one value of a quality, in each article and from outside of them."""

    value: str
    total: int
    by_article: tuple[int, ...]
    """In the order of the sources."""
    outside: int


@dataclass(frozen=True)
class Tally:
    """The claims by one of their qualities."""

    quality: str
    counts: tuple[Count, ...]


@dataclass(frozen=True)
class Item:
    """One thing that is reported of an event."""

    what: str
    holders: tuple[str, ...]
    places: tuple[Locator, ...]


@dataclass(frozen=True)
class Column:
    """What of an event only these sides report (one side), or all of these (several)."""

    sides: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def holders(self) -> tuple[str, ...]:
        """Through whom it is told."""
        return tuple(dict.fromkeys(h for item in self.items for h in item.holders))


@dataclass(frozen=True)
class Event:
    """An event of which two or more sides give an account."""

    id: str
    label: str
    date: str | None
    columns: tuple[Column, ...]
    """One for each side alone, the last for what more than one side reports."""
    narrative: int
    """Items that no side's account has, only the articles' own telling."""


@dataclass(frozen=True)
class Ledger:
    """Which sides' accounts these articles have of the events that were held."""

    told_by: tuple[tuple[str, int], ...]
    """How many events are told by which sides."""
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Reach:
    """On how much the things of one kind rest."""

    kind: str
    things: int
    one_article: int
    one_passage: int


@dataclass(frozen=True)
class Thin:
    """A thing that rests on a single passage."""

    id: str
    kind: str
    label: str
    place: Locator


@dataclass(frozen=True)
class Outside:
    """A fact that is not from the articles."""

    thing: str
    field: str
    value: str
    basis: str
    source: str | None
    note: str | None


@dataclass(frozen=True)
class Spelling:
    """One printed spelling and the articles that print it."""

    printed: str
    articles: tuple[str, ...]
    how: str
    """For a person one of ``WAYS``, else empty."""


@dataclass(frozen=True)
class Named:
    """The names of one thing."""

    id: str
    kind: str
    label: str
    hangul: tuple[tuple[str, str], ...]
    """Each with its basis, or its source where that is external."""
    also: tuple[tuple[str, str], ...]
    """Other names from outside the articles, likewise."""
    printed: tuple[Spelling, ...]


@dataclass(frozen=True)
class OfficeLevel:
    """The level of an office, and whether a text states it."""

    id: str
    label: str
    institution: str
    level: str
    stated: bool


@dataclass(frozen=True)
class Cell:
    """What is known of one aspect of a channel; no values: not in these articles."""

    aspect: str
    values: tuple[str, ...]
    conventional: bool
    """Whether all of it is convention or general knowledge, not text."""


@dataclass(frozen=True)
class ChannelState:
    """What is known of a channel, and what is missing for it to be complete."""

    id: str
    label: str
    kind: str
    cells: tuple[Cell, ...]
    denied: bool
    """Whether every claim of it is a denial."""

    @property
    def missing(self) -> tuple[str, ...]:
        """The aspects of which these articles tell nothing."""
        return tuple(c.aspect for c in self.cells if not c.values)


@dataclass(frozen=True)
class Agreement:
    """How far two independent codings of an article agree in one kind of fact."""

    article: str
    section: str
    both: int
    first: int
    second: int
    agreement: float | None
    on: str
    why: str


@dataclass(frozen=True)
class Correction:
    """A correction to a fact that had been published."""

    about: str
    on: str
    was: str
    now: str
    why: str


@dataclass(frozen=True)
class Report:
    """The data-quality report."""

    private: bool
    """Whether it holds passages of the articles, which are not ours to publish."""
    absence: str
    """How absence is worded: absence from how many articles."""
    sources: tuple[Source, ...]
    coverage: tuple[Block, ...]
    tensions: tuple[Tension, ...]
    remarks: tuple[tuple[str, str, int], ...]
    """Findings that ask for nothing: code, meaning, how many."""
    ranked: tuple[Account, ...]
    """Claims that are put forward or set aside."""
    tallies: tuple[Tally, ...]
    anonymous: tuple[Account, ...]
    """Records that anonymous sources alone tell of."""
    ledger: Ledger
    reach: tuple[Reach, ...]
    thin: tuple[Thin, ...]
    outside: tuple[Outside, ...]
    scripts: tuple[tuple[str, int], ...]
    spellings: tuple[tuple[str, int], ...]
    named: tuple[Named, ...]
    offices: tuple[OfficeLevel, ...]
    channels: tuple[ChannelState, ...]
    errata: tuple[Correction, ...]
    codings: tuple[Agreement, ...]
    compared: Compared | None = None
    """The press beside official records, where some were given."""


def report(
    loaded: Loaded,
    store: Store,
    findings: Iterable[Finding],
    texts: Path | None = None,
    compared: Compared | None = None,
) -> Report:
    """Take stock of facts that were loaded, compiled into a store, and checked.

    With ``texts``, a folder of the articles' texts, the report holds passages and is private; with
    ``compared`` it tells what official records say.
    """
    desk = _Desk(loaded, texts)
    blocks = tuple(_blocks(desk))
    count = len(loaded.facts.articles)
    found = list(findings)
    counted = _counted(store)
    reach, thin = _reach(desk)
    named = tuple(_named(desk))
    return Report(
        private=texts is not None,
        absence=f"not in {'this article' if count == 1 else f'these {count} articles'}",
        sources=tuple(_sources(desk, blocks, counted)),
        coverage=blocks,
        tensions=tuple(_tensions(desk, found)),
        remarks=tuple(_remarks(found)),
        ranked=tuple(_ranked(desk)),
        tallies=tuple(_tallies(desk, counted)),
        anonymous=tuple(_anonymous(desk)),
        ledger=_ledger(desk),
        reach=reach,
        thin=thin,
        outside=tuple(_outside(desk)),
        scripts=_scripts(named),
        spellings=_ways(named),
        named=named,
        offices=tuple(_offices(desk)),
        channels=tuple(_channels(desk)),
        errata=tuple(
            Correction(e.about, e.on, e.was, e.is_, e.why)
            for e in sorted(loaded.facts.errata, key=lambda e: (e.on, e.about))
        ),
        codings=tuple(
            Agreement(c.article, c.section, c.both, c.first, c.second, c.agreement, c.on, c.why)
            for c in loaded.facts.codings
        ),
        compared=compared,
    )


# --- what all parts need -------------------------------------------------------------------------


class _Desk:
    """The facts with labels, the order of the sources, and the texts where there are any."""

    def __init__(self, loaded: Loaded, texts: Path | None) -> None:
        self.loaded = loaded
        self.facts = loaded.facts
        self.index = Index(loaded)
        self.articles = sorted(self.facts.articles, key=lambda a: (a.published.is_, a.id))
        self.kinds = self.facts.kinds()
        self.labels: dict[str, str] = {}
        for thing in self.facts.things():
            self.labels.setdefault(thing.id, getattr(thing, "label", thing.id))
        self.copies: dict[str, evidence.Copy] = {}
        if texts is not None:
            copies = evidence.copies(texts)
            for article in self.articles:
                name = evidence.text_of(article, copies)
                if name:
                    self.copies[article.id] = copies[name]

    def passages(self) -> Iterator[tuple[model.Article, model.Evidence, int]]:
        """Every passage that is cited, and how many claims cite it there.

        A record's passage counts for the claim that it is so, and for each claim in it that has
        no passage of its own.
        """
        for article in self.articles:
            for dated in (article.published, article.modified):
                yield from ((article, e, 1) for e in (dated.evidence if dated else ()))
        heirs: Counter[Told] = Counter()
        for held in self.claims():
            heirs[held.told] += not held.claim.evidence
            yield from ((held.told.article, e, 1) for e in held.claim.evidence)
        for told, _, one in self.index.present():
            heirs[told] += not one.evidence
            yield from ((told.article, e, 1) for e in one.evidence)
        for told in self.index.told:
            yield from ((told.article, e, 1 + heirs[told]) for e in told.record.evidence)

    def claims(self) -> Iterator[Held]:
        """Every claim of a field of a record."""
        for fields in self.index.claims.values():
            for claims in fields.values():
                yield from claims

    def label(self, name: str) -> str:
        return self.labels.get(name, name)

    def locators(
        self, article: model.Article, passages: Iterable[model.Evidence]
    ) -> tuple[Locator, ...]:
        copy = self.copies.get(article.id)
        return tuple(
            Locator(
                article.id,
                e.block,
                e.p,
                e.words or "",
                evidence.passage(article, e, copy) if copy else None,
            )
            for e in passages
        )

    def value(self, held: Held) -> str:
        """A value in words: the label of a thing, a word of a closed list, or the text."""
        value = str(held.value)
        if isinstance(held.claim, model.StatusClaim):
            return " ".join(filter(None, (value.replace("-", " "), held.claim.date)))
        kind = rdf.predicate_of(held.told.record, held.field)[1]
        return self.label(value) if kind == "ref" else _words(value, kind)

    def sure_value(self, held: Held) -> str:
        """The value with its modality, where that is not ``held``."""
        modality = held.said["modality"]
        return self.value(held) + ("" if modality == "held" else f" ({modality})")

    def account(self, said: Told | Held) -> Account:
        told = said.told if isinstance(said, Held) else said
        qualities = said.said
        field, value = "", "as a whole"
        if isinstance(said, Held):
            field, value = said.field.replace("_", " "), self.value(said)
        elif isinstance(told.record, model.PrintedName):
            field, value = "printed name", told.record.printed
        return Account(
            about=self.label(told.id),
            field=field,
            value=value,
            holder=self.holder(qualities),
            sides=tuple(map(self.label, qualities["side"] or ())),
            attribution=qualities["attribution"] or "",
            polarity=qualities["polarity"],
            modality=qualities["modality"],
            rank=qualities["rank"],
            because=qualities["because"],
            printed=qualities["printed"] if qualities["printed"] != value else None,
            places=self.locators(told.article, qualities["evidence"]),
        )

    def holder(self, qualities: dict[str, Any]) -> str:
        holder = qualities["holder"]
        return "the article's own telling" if holder == "narrative" else self.label(holder)


def _words(value: str, kind: str) -> str:
    return value.replace("-", " ") if kind.startswith("concept:") else value


# --- coverage ------------------------------------------------------------------------------------


def _blocks(desk: _Desk) -> Iterator[Block]:
    edges: dict[tuple[str, str, int], Counter[int]] = defaultdict(Counter)
    for article, e, claims in desk.passages():
        span = evidence.word_range(e)
        if span:
            edges[article.id, e.block, e.p][span.start] += claims
            edges[article.id, e.block, e.p][span.end] -= claims
    order = {a.id: i for i, a in enumerate(desk.articles)}
    homes = {a.id: evidence.locate(a, desk.copies[a.id]) for a in desk.articles if desk.copies}
    for row in sorted(coverage(desk.facts), key=lambda r: order[r.article]):
        runs = tuple(_runs(edges[row.article, row.block, row.p], row.words))
        uncited: tuple[str, ...] = ()
        home = homes.get(row.article, {}).get((row.block, row.p))
        if home and not row.reason:
            text = desk.copies[row.article].text
            uncited = tuple(
                text(evidence.Span(home.start + first - 1, home.start + last))
                for first, last, claims in runs
                if not claims
            )
        yield Block(
            row.article,
            row.block,
            row.p,
            row.words,
            row.claims,
            row.covered,
            tuple(run for run in runs if run[2]),
            row.reason,
            uncited,
        )


def _runs(edges: Counter[int], words: int) -> Iterator[tuple[int, int, int]]:
    """Runs of words under equally many claims; ``edges`` tell where claims begin and end."""
    start = claims = 0
    for at in sorted({at for at, n in edges.items() if n and 0 < at < words} | {words}):
        claims += edges[start]
        if at > start:
            yield start + 1, at, claims
        start = at


def _sources(
    desk: _Desk, blocks: Sequence[Block], counted: list[tuple[dict[str, str], int]]
) -> Iterator[Source]:
    claims: Counter[str] = Counter()
    for qualities, n in counted:
        claims[qualities["article"]] += n
    for number, article in enumerate(desk.articles, 1):
        own = [b for b in blocks if b.article == article.id]
        yield Source(
            id=article.id,
            number=number,
            headline=article.headline,
            publisher=desk.label(article.publisher),
            published=article.published.is_,
            date_basis=article.published.date_basis or "stated",
            url=article.url,
            kind=article.kind.replace("-", " "),
            words=sum(b.words for b in own),
            covered=sum(b.covered for b in own),
            claims=claims[article.id],
            open_blocks=sum(not b.claims and not b.reason for b in own),
        )


# --- tensions ------------------------------------------------------------------------------------


def _tensions(desk: _Desk, findings: Iterable[Finding]) -> Iterator[Tension]:
    """Findings that need or have a decision; the undecided come first."""
    at = _Places(desk)
    chosen = [f for f in findings if f.severity != "info"]
    for f in sorted(chosen, key=lambda f: f.decision is not None):
        said = [at.find(mark) for mark in (f.where, *f.related) if mark]
        decision, _, why = (f.decision or "").partition(": ")
        yield Tension(
            code=f.code,
            meaning=CODES[f.code].meaning if f.code in CODES else "",
            severity=f.severity,
            what=f.what,
            about=tuple(map(desk.label, f.about)),
            accounts=tuple(desk.account(s) for s in dict.fromkeys(said) if s),
            decision=decision or None,
            why=why or None,
            where=_portable(f.where),
        )


class _Places:
    """Which record or claim stands at a place of a file."""

    def __init__(self, desk: _Desk) -> None:
        self.desk = desk
        self._files: dict[str, list[tuple[int, int, Told | Held]]] = {}

    def find(self, mark: Mark) -> Told | Held | None:
        """The one that begins at the place, else the last one that begins before it."""
        if not self._files:
            self._files = self._read()
        places = self._files.get(mark.file, [])
        at = bisect_right(places, (mark.line, mark.column), key=lambda s: s[:2])
        return places[at - 1][2] if at else None

    def _read(self) -> dict[str, list[tuple[int, int, Told | Held]]]:
        index = self.desk.index
        files: dict[str, list[tuple[int, int, Told | Held]]] = defaultdict(list)
        everything: list[Told | Held] = [*index.told, *self.desk.claims()]
        for said in everything:
            mark = index.where(said)
            if mark:
                files[mark.file].append((mark.line, mark.column, said))
        for found in files.values():
            found.sort(key=lambda s: s[:2])
        return files


def _portable(mark: Mark | None) -> str | None:
    """A place without the folders of one machine."""
    if mark is None:
        return None
    path = Path(mark.file)
    inside = path.parent.name in seeds.FOLDERS
    return f"{path.parent.name}/{path.name}:{mark.line}" if inside else f"{path.name}:{mark.line}"


def _remarks(findings: Iterable[Finding]) -> Iterator[tuple[str, str, int]]:
    counts = Counter(f.code for f in findings if f.severity == "info")
    for code, number in sorted(counts.items()):
        yield code, CODES[code].meaning if code in CODES else "", number


def _ranked(desk: _Desk) -> Iterator[Account]:
    return (desk.account(held) for held in desk.claims() if held.claim.rank not in (None, "normal"))


# --- who says what -------------------------------------------------------------------------------

_QUALITIES = ("holder", "side", "attribution", "modality", "polarity", "rank", "basis")
_COUNTED = """
SELECT ?holder ?side ?attribution ?modality ?polarity ?rank ?basis ?article (COUNT(?c) AS ?n)
WHERE {
  ?c a ally:Claim ; ally:modality ?modality ; ally:polarity ?polarity ; ally:rank ?rank ;
    ally:provenanceBasis ?basis .
  OPTIONAL { ?c ally:holder ?holder }
  OPTIONAL { ?c ally:attribution ?attribution }
  OPTIONAL { ?c ally:inArticle ?article }
  OPTIONAL {
    { SELECT ?c (GROUP_CONCAT(DISTINCT STR(?s); separator=" ") AS ?side)
      WHERE { ?c ally:side ?s } GROUP BY ?c }
  }
}
GROUP BY ?holder ?side ?attribution ?modality ?polarity ?rank ?basis ?article"""
_NOTHING = {
    "holder": "nobody: curated, or from outside",
    "side": "no side's account",
    "attribution": "none: curated, or from outside",
}


def _counted(store: Store) -> list[tuple[dict[str, str], int]]:
    """Numbers of claims by all their qualities and article; an empty name stands for none."""
    rows = cast("Iterable[dict[str, Any]]", store.query(_COUNTED))
    return [
        ({q: _slugs(row[q]) for q in (*_QUALITIES, "article")}, int(row["n"].value)) for row in rows
    ]


def _slugs(term: Any) -> str:
    return " ".join(sorted(map(_slug, term.value.split()))) if term else ""


def _slug(iri: str) -> str:
    kind_and_name = split(iri)
    return kind_and_name[1] if kind_and_name else iri.rpartition("/")[2]


def _tallies(desk: _Desk, counted: list[tuple[dict[str, str], int]]) -> Iterator[Tally]:
    articles = [a.id for a in desk.articles]
    for quality in _QUALITIES:
        by_value: dict[str, Counter[str]] = defaultdict(Counter)
        for qualities, n in counted:
            by_value[_tallied(desk, quality, qualities[quality])][qualities["article"]] += n
        counts = [
            Count(name, n.total(), tuple(n[a] for a in articles), n[""])
            for name, n in by_value.items()
        ]
        yield Tally(quality, tuple(sorted(counts, key=lambda c: (-c.total, c.value))))


def _tallied(desk: _Desk, quality: str, value: str) -> str:
    if not value:
        return _NOTHING.get(quality, "none")
    if quality == "side":
        sides = [desk.label(v) for v in value.split()]
        return sides[0] if len(sides) == 1 else "joint: " + ", ".join(sides)
    if quality == "holder":
        return "the articles' own telling" if value in desk.index.articles else desk.label(value)
    return value.replace("-", " ")


def _anonymous(desk: _Desk) -> Iterator[Account]:
    for tellings in desk.index.tellings.values():
        told = tellings[0]
        if not isinstance(told.record, model.Record) or not all(map(_is_anonymous, tellings)):
            continue
        claims = (h for held in desk.index.claims[told.id].values() for h in held)
        if all(_is_anonymous(h) for h in claims if h.said["basis"] == "article"):
            yield desk.account(told)


def _is_anonymous(said: Told | Held) -> bool:
    return bool(said.said["attribution"] == "anonymous")


# --- the ledger of sides -------------------------------------------------------------------------


@dataclass
class _Entry:
    sides: set[str]
    holders: dict[str, None]
    places: dict[Locator, None]


def _ledger(desk: _Desk) -> Ledger:
    reported = _reported(desk)
    told_by: Counter[tuple[str, ...]] = Counter()
    events = []
    for told in desk.index.of("encounters", "visits"):
        if desk.index.tellings[told.id][0] is not told or not told.held:
            continue
        entries = reported[told.id]
        sides = tuple(sorted({s for e in entries.values() for s in e.sides}))
        told_by[sides] += 1
        if len(sides) > 1:
            events.append(_event(desk, told, sides, entries))
    named = {
        sides: " and ".join(map(desk.label, sides)) or "no side, only the articles' own telling"
        for sides in told_by
    }
    order = sorted(told_by, key=lambda s: (-len(s), s))
    return Ledger(tuple((named[s], told_by[s]) for s in order), tuple(events))


def _reported(desk: _Desk) -> dict[str, dict[str, _Entry]]:
    """What is reported of each event: of itself, and what was said, agreed or issued there."""
    reported: dict[str, dict[str, _Entry]] = defaultdict(dict)

    def note(event: str, what: str, said: Told | Held) -> None:
        entry = reported[event].setdefault(what, _Entry(set(), {}, {}))
        entry.sides.update(said.said["side"] or ())
        told = said.told if isinstance(said, Held) else said
        entry.holders[desk.holder(said.said)] = None
        entry.places |= dict.fromkeys(desk.locators(told.article, said.said["evidence"]))

    def named(thing: str) -> str:
        return f"{desk.kinds[thing].replace('-', ' ')}: {desk.label(thing)}"

    for told in desk.index.of("encounters", "visits"):
        note(told.id, "that it was held", told)
    for held in desk.claims():
        thing, field = held.id, held.field
        if held.told.section in ("encounters", "visits"):
            if held.counts and held.said["basis"] == "article":
                outcome = field in ("resulted_in", "outcome_document")
                words = f"{field.replace('_', ' ')}: {desk.value(held)}"
                note(thing, named(held.value) if outcome else words, held)
        elif field in ("on_occasion_of", "made_at", "outcome_of"):
            note(held.value, named(thing), held.told)
            for other in (o for claims in desk.index.claims[thing].values() for o in claims):
                if other.told is held.told and other.claim.side:
                    note(held.value, named(thing), other)
    return reported


def _event(desk: _Desk, told: Told, sides: Sequence[str], entries: dict[str, _Entry]) -> Event:
    def items(wanted: Callable[[set[str]], bool]) -> tuple[Item, ...]:
        return tuple(
            Item(what, tuple(e.holders), tuple(e.places))
            for what, e in entries.items()
            if wanted(e.sides)
        )

    columns = [Column((desk.label(s),), items({s}.__eq__)) for s in sides]
    columns.append(Column(tuple(map(desk.label, sides)), items(lambda s: len(s) > 1)))
    when = desk.index.when(told.id)
    return Event(
        told.id,
        desk.label(told.id),
        when[0].value if when else None,
        tuple(columns),
        sum(not e.sides for e in entries.values()),
    )


# --- on how much it rests ------------------------------------------------------------------------

_SAYING = frozenset({"holder", "side", "via"})


def _reach(desk: _Desk) -> tuple[tuple[Reach, ...], tuple[Thin, ...]]:
    """For each thing the passages that tell of it: where it is told, or named in what is told."""
    passages: dict[str, dict[tuple[str, model.Evidence], model.Article]] = defaultdict(dict)
    for told in desk.index.told:
        article, record = told.article, told.record
        if isinstance(record, model.Record):
            for e in record.evidence:
                passages[record.id][article.id, e] = article
        for loc, name, _ in seeds.references(record):
            if not _SAYING.isdisjoint(loc):
                continue
            said = record
            if len(loc) > 1 and isinstance(loc[1], int):
                inner = getattr(record, str(loc[0]))[loc[1]]
                if isinstance(inner, model.Said) and inner.evidence:
                    said = inner
            for e in said.evidence:
                passages[name][article.id, e] = article
    reach: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    thin = []
    for name, found in sorted(passages.items()):
        kind = desk.kinds[name]
        one = len(found) == 1
        counts = reach[kind]
        counts[0] += 1
        counts[1] += len({article for article, _ in found}) == 1
        counts[2] += one
        if one:
            [((_, e), article)] = found.items()
            thin.append(Thin(name, kind, desk.label(name), desk.locators(article, (e,))[0]))
    kinds = sorted(reach)
    return (
        tuple(Reach(kind, *reach[kind]) for kind in kinds),
        tuple(sorted(thin, key=lambda t: (t.kind, t.label, t.id))),
    )


# --- outside knowledge, names --------------------------------------------------------------------


def _outside(desk: _Desk) -> Iterator[Outside]:
    """What the articles do not say themselves; names in Hangul are told with the names."""
    for told in desk.index.told:
        record, label = told.record, desk.label(told.id)
        if record.basis not in (None, "article"):
            yield Outside(label, "", "as a whole", str(record.basis), record.source, record.note)
    for held in desk.claims():
        claim, label = held.claim, desk.label(held.id)
        if claim.basis not in (None, "article"):
            field, basis = held.field.replace("_", " "), str(claim.basis)
            yield Outside(label, field, desk.value(held), basis, claim.source, claim.note)
    for told, _, one in desk.index.present():
        if one.basis not in (None, "article"):
            label, who = desk.label(told.id), desk.label(one.who)
            yield Outside(label, "took part", who, str(one.basis), one.source, one.note)
    for article in desk.articles:
        for field, date in (("published", article.published), ("modified", article.modified)):
            if date is not None and date.basis not in (None, "article"):
                basis = str(date.basis)
                yield Outside(article.id, field, date.is_, basis, date.source, date.note)


def _named(desk: _Desk) -> Iterator[Named]:
    printed: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    order = {a.id: i for i, a in enumerate(desk.articles)}
    spelled_by = sorted(_printed(desk), key=lambda p: order[p[2].id])
    for thing_id, text, article in spelled_by:
        printed[thing_id][text][article.id] = None
    for thing in desk.facts.identities():
        spelled = printed.get(thing.id, {})
        if not (spelled or thing.ko or thing.aliases):
            continue
        person = isinstance(thing, model.Person)
        yield Named(
            thing.id,
            desk.kinds[thing.id],
            thing.label,
            _from(thing.ko),
            _from(thing.aliases),
            tuple(
                Spelling(text, tuple(articles), _spelled(thing.label, text) if person else "")
                for text, articles in spelled.items()
            ),
        )


def _printed(desk: _Desk) -> Iterator[tuple[str, str, model.Article]]:
    """What the articles print for a thing: names, names of channels, titles for offices."""
    for told in desk.index.of("names"):
        record = cast(model.PrintedName, told.record)
        yield record.of, record.printed, told.article
    for held in desk.claims():
        if held.field in ("name", "provisional_name"):
            yield held.id, str(held.value), held.told.article
    for told, _, one in desk.index.present():
        if one.printed and len(one.in_) == 1:
            yield one.in_[0], one.printed, told.article


def _from(claims: Iterable[model.Claim[str]]) -> tuple[tuple[str, str], ...]:
    """Names with where they are from."""
    return tuple(
        (c.is_, c.source or (c.basis or "general-knowledge").replace("-", " ")) for c in claims
    )


WAYS = ("as here", "another romanisation or initials", "a part of the name", "another reading")
"""How a printed spelling of a person stands to the standard form here."""


def _spelled(label: str, printed: str) -> str:
    if printed == label:
        return WAYS[0]
    here, there = names.units(label), names.units(printed)
    if sorted(here) == sorted(there):
        return WAYS[1]
    return WAYS[2] if set(there) < set(here) else WAYS[3]


def _scripts(named: Sequence[Named]) -> tuple[tuple[str, int], ...]:
    """How many things have names in which script."""
    return (
        ("with a name in Hangul", sum(bool(n.hangul) for n in named)),
        ("of them stated by general knowledge alone", sum(_general(n) for n in named)),
        ("without a name in Hangul", sum(not n.hangul for n in named)),
        ("printed in Latin letters", sum(bool(n.printed) for n in named)),
        ("printed in more than one spelling", sum(len(n.printed) > 1 for n in named)),
    )


def _general(n: Named) -> bool:
    return bool(n.hangul) and all(basis == "general knowledge" for _, basis in n.hangul)


def _ways(named: Sequence[Named]) -> tuple[tuple[str, int], ...]:
    """How persons are spelled against the standard form here."""
    counts = Counter(s.how for n in named for s in n.printed if s.how)
    return tuple((how, counts[how]) for how in WAYS)


# --- offices, channels ---------------------------------------------------------------------------


def _offices(desk: _Desk) -> Iterator[OfficeLevel]:
    levels = get_args(model.Level)
    for office in sorted(desk.facts.offices, key=lambda o: (levels.index(o.level), o.label)):
        yield OfficeLevel(
            office.id,
            office.label,
            desk.label(office.institution),
            office.level.replace("-", " "),
            office.level_basis == "stated",
        )


_ASPECTS = {
    "level": "level",
    "parties": "party",
    "principals": "principal",
    "formality": "formality",
    "periodicity": "periodicity",
    "dated status": "status",
}


def _first_day(held: Held) -> str:
    """For sorting: the first day, else the last, of a dated claim."""
    day = held.days and (held.days.earliest or held.days.latest)
    return day.isoformat() if day else ""


def _channels(desk: _Desk) -> Iterator[ChannelState]:
    sessions: dict[str, list[Told]] = defaultdict(list)
    for told in desk.index.of("encounters"):
        if desk.index.tellings[told.id][0] is told:
            for held in desk.index.best(told.id, "channel"):
                sessions[held.value].append(told)
    for channel in desk.facts.channels:
        cells = []
        for aspect, field in _ASPECTS.items():
            claims = desk.index.best(channel.id, field)
            if field == "status":
                claims = [h for h in claims if h.days]
                claims.sort(key=lambda h: (_first_day(h), h.value))
            values = dict.fromkeys(map(desk.sure_value, claims))
            text = [h for h in claims if h.said["basis"] == "article"]
            cells.append(Cell(aspect, tuple(values), bool(claims) and not text))
        done = sum(t.held for t in sessions[channel.id])
        others = len(sessions[channel.id]) - done
        told_of = [f"{done} held"] * bool(done) + [f"{others} not held"] * bool(others)
        cells.append(Cell("sessions", tuple(told_of), False))
        tellings = desk.index.tellings.get(channel.id, [])
        bare: list[Told | Held] = [t for t in tellings if not any(model.claims_of(t.record))]
        said = [*bare, *(h for hs in desk.index.claims[channel.id].values() for h in hs)]
        denied = bool(said) and all(s.said["polarity"] == "denied" for s in said)
        yield ChannelState(
            channel.id, channel.label, channel.kind.replace("-", " "), tuple(cells), denied
        )


# --- as text -------------------------------------------------------------------------------------


def as_json(data: Report) -> str:
    """The report as JSON, for programs."""
    channels = tuple({**vars(c), "missing": c.missing} for c in data.channels)
    plain = {**vars(data), "channels": channels}
    if data.compared is not None:
        plain["compared"] = data.compared.as_dict()
    return json.dumps(plain, ensure_ascii=False, indent=1, default=vars) + "\n"


def as_html(data: Report) -> str:
    """The report as one HTML file without scripts, for reading and printing."""
    from alliance_graph import sheet

    numbers = {s.id: s.number for s in data.sources}
    return sheet.render(
        "report.html",
        report=data,
        numbers=numbers,
        aspects=(*_ASPECTS, "sessions"),
        verdicts=VERDICTS,
        rules=RULES,
    )
