"""The same rules where no process holds all facts: what articles tell of one thing, side by side.

A rule needs to see so much at once: a record, the tellings of a thing and of what it names, the
sessions of a channel, the holders of an office, all printed names. :func:`rows` cuts an article
into what the rules need of it, :func:`batches` brings together the rows of some things, channels
or offices, and :func:`look` runs their rules over one batch.

The rows are linear in the facts, a batch has some thousand of them. Within one thing, channel or
office the rules compare each telling with each, as they do in a small set.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, cast, get_args

from alliance_graph import check, model, seeds
from alliance_graph.check.index import Index, Told
from alliance_graph.errors import Finding, Mark

EVENTS = frozenset("encounter visit context-event document commitment statement stance".split())
"""Kinds of records."""
_FOLLOWED = frozenset("before after during on_occasion_of made_at fulfilled_by".split())
"""Fields (and ``anchor:`` within them) that name a record of which the rules read more."""
_ORDER = {section: i for i, section in enumerate(model.SECTIONS)}
_HEAD = {"id", "kind", "headline", "publisher", "url", "published", "anchor", "defaults"}
_EVENT = set(model.Record.model_fields).union(
    "kind channel session_number date before after participants travellers".split()
)
"""What the rules on channels and offices read of an encounter or a visit."""
MOST = 2048
"""So many rows a batch has, about."""


class Row(NamedTuple):
    """A record, or so much of it as is needed, as one article tells it."""

    article: str
    section: str
    at: int
    id: str
    text: str
    """The record as JSON."""
    keys: tuple[str, ...] = ()
    """Channel and offices that an event names, the office of a tenure or a title."""

    @property
    def order(self) -> tuple[str, int, int]:
        """Its place among all rows, as in a small set."""
        return self.article, _ORDER[self.section], self.at


class Batch(NamedTuple):
    """Some rows and by which rules they are looked at: a key of :data:`SCOPES`."""

    scope: str
    about: frozenset[str]
    """Only findings about these count, where there are some: of others not all may be here."""
    rows: tuple[Row, ...]


class Unplaced(seeds.Loaded):
    """Facts whose files are read for the places of findings only, and only when there are some."""

    def where(self, *path: str | int) -> Mark | None:
        """A mark to be given to :func:`alliance_graph.seeds.placed`."""
        return Mark(json.dumps(path), 0, 0)


def links(article: model.Article) -> dict[str, list[str]]:
    """What an article tells of, each with the records that it names there."""
    told = {
        (section, at): Told(article, section, at, record).id
        for section, at, record in article.records()
        if section != "names"
    }
    found: dict[str, list[str]] = {name: [] for name in told.values()}
    for loc, name, kinds in seeds.references(article):
        home = told.get((str(loc[0]), cast(int, loc[1]))) if len(loc) > 1 else None
        followed = len(loc) > 2 and (loc[2] in _FOLLOWED or loc[-1] == "anchor")
        if home and followed and not EVENTS.isdisjoint(kinds):
            found[home].append(name)
    for document in article.documents:
        if document.does_not_mention:  # what else the article tells of that
            found[document.id] += [s.id for s in (*article.statements, *article.stances)]
    return found


def components(
    shards: Iterable[Iterable[Mapping[str, Iterable[str]]]], kinds: Mapping[str, str]
) -> dict[str, str]:
    """Things that only several shards together tell of, each with the name of its group.

    ``shards`` holds what :func:`links` gave for each article. A group is closed: the records that
    the rules follow from one of its things are in it as well.
    """
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (up := above.setdefault(name, name)) != name:
            above[name] = above[up]
            name = up
        return name

    kept = [list(shard) for shard in shards]
    for article in (article for shard in kept for article in shard):
        for name, named in article.items():
            for other in (n for n in named if kinds.get(n) in EVENTS):
                one, two = sorted((top(name), top(other)))
                above[two] = one
    first: dict[str, int] = {}
    several = set()
    for i, shard in enumerate(kept):
        for name in (name for article in shard for name in article):
            if first.setdefault(top(name), i) != i:
                several.add(top(name))
    return {name: top(name) for name in sorted(above.keys() | first) if top(name) in several}


def rows(
    articles: Iterable[model.Article],
    kinds: Mapping[str, str],
    across: Collection[str],
    shared: Collection[str],
) -> dict[str, list[Row]]:
    """What other shards' articles may be compared with, by the use that is made of it.

    ``across`` are things that are compared with other shards, ``shared`` records of several files.
    """
    found: dict[str, list[Row]] = defaultdict(list)
    for article in articles:
        for section, at, record in article.records():
            told = Told(article, section, at, record)

            def row(*keys: str, only: set[str] | None = None, told: Told = told) -> Row:
                text = told.record.model_dump_json(
                    by_alias=True, exclude_defaults=True, include=only
                )
                return Row(told.article.id, told.section, told.at, told.id, text, keys)

            if isinstance(record, model.PrintedName):
                kind = kinds[record.of]
                if kind in ("person", "office"):
                    found["names" if kind == "person" else "titles"].append(row(record.of))
                continue
            if told.id in across:
                found["things"].append(row())
            if told.id in shared and isinstance(record, model.Record):
                found["shared"].append(Row(article.id, section, at, told.id, ""))
            if isinstance(record, model.Tenure):
                found["tenures"].append(row(record.post))
            elif isinstance(record, (model.Encounter, model.Visit)):
                people = getattr(record, "participants", ()) or getattr(record, "travellers", ())
                keys = {office for one in people for office in one.in_}
                keys.update(c.is_ for c in getattr(record, "channel", ()))
                if keys or told.id in across:
                    found["events"].append(row(*sorted(keys), only=_EVENT))
    return found


def head(article: model.Article) -> str:
    """An article without what it tells, as JSON."""
    return article.model_dump_json(by_alias=True, exclude_defaults=True, include=_HEAD)


# --- what is looked at together -------------------------------------------------------------------


def batches(
    told: Mapping[str, list[Row]], groups: Mapping[str, str], kinds: Mapping[str, str]
) -> Iterator[Batch]:
    """All rows of all shards, so that each batch has what its rules have to see at once."""
    things: dict[str, list[Row]] = defaultdict(list)
    for row in told["things"]:
        things[groups.get(row.id, row.id)].append(row)
    for _, some in _cut(things):
        yield Batch("things", frozenset(r.id for r in some), _sorted(some))
    seats: dict[str, list[Row]] = defaultdict(list)
    for row in (*told["tenures"], *told["titles"]):
        seats[row.keys[0]].append(row)
    by_id: dict[str, list[Row]] = defaultdict(list)
    offices: dict[str, dict[str, None]] = defaultdict(dict)
    channels: dict[str, dict[str, None]] = defaultdict(dict)
    for row in told["events"]:
        by_id[row.id].append(row)
        for key in row.keys:
            (channels if kinds[key] == "channel" else offices)[key][row.id] = None
    held = {
        key: [*seats.get(key, ()), *(r for name in offices[key] for r in by_id[name])]
        for key in offices.keys() | seats.keys()
    }
    for keys, some in _cut(held):
        tenures = frozenset(r.id for r in some if r.section == "tenures")
        yield Batch("offices", tenures.union(keys), _sorted(some))
    sessions = {key: [r for name in channels[key] for r in by_id[name]] for key in channels}
    for _, some in _cut({k: rs for k, rs in sessions.items() if any(map(_numbered, rs))}):
        yield Batch("channels", frozenset(), _sorted(some))
    if told["names"]:
        yield Batch("names", frozenset(), _sorted(told["names"]))


def _numbered(row: Row) -> bool:
    """Whether a session has a number, or is told to follow on another."""
    return '"session_number":' in row.text or '"gap":' in row.text


def _sorted(some: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(dict.fromkeys(some), key=lambda row: row.order))


def _cut(together: Mapping[str, list[Row]]) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    """Runs of keys with their rows; a key added or gone changes few runs besides its own."""
    keys: list[str] = []
    some: list[Row] = []
    for key in sorted(together):
        keys.append(key)
        some += together[key]
        ends = zlib.crc32(key.encode()) % 4 == 0
        if len(some) >= (MOST if ends else 4 * MOST):
            yield tuple(keys), some
            keys, some = [], []
    if keys:
        yield tuple(keys), some


# --- the rules over it ----------------------------------------------------------------------------


def look(
    batch: Batch, heads: Mapping[str, str], known: model.Facts, used: set[str] | None = None
) -> list[Finding]:
    """What the rules find in a batch.

    ``heads`` are its articles without what they tell; ``used`` the ids to which anything refers.
    """
    names = dict.fromkeys(row.article for row in batch.rows)
    articles = {n: model.Article.model_validate(json.loads(heads[n])) for n in names}
    mine = batch.about
    told = []
    for row in batch.rows:
        data = json.loads(row.text)
        if batch.scope == "offices":  # of who else was there no rule asks
            for field in ("participants", "travellers"):
                if field in data:
                    data[field] = [p for p in data[field] if not mine.isdisjoint(p.get("in", ()))]
        record = _kind(row.section).model_validate(data)
        told.append(Told(articles[row.article], row.section, row.at, record))
    facts = known.model_copy(update={"articles": tuple(articles.values())})
    index = Index(Unplaced(facts, ()), told)
    if used is not None:
        index.used = used
    found = check.found(index, check.SCOPES[batch.scope])
    return [f for f in found if not mine or f.about[0] in mine]


def told_twice(some: Iterable[Row], kinds: Mapping[str, str]) -> Iterator[Finding]:
    """Records of which several articles tell."""
    tellings: dict[str, list[Row]] = defaultdict(list)
    for row in _sorted(some):
        tellings[row.id].append(row)
    place = Unplaced(model.Facts(), ()).where
    for name, told in tellings.items():
        marks = tuple(m for r in told if (m := place(r.article, r.section, r.at, "id")))
        yield seeds.told_twice(name, kinds[name], marks)


def settled(
    found: list[Finding], heads: Mapping[str, str], decisions: Mapping[str, list[Any]]
) -> list[Finding]:
    """All findings, each once, with the decisions that articles hold."""
    articles = tuple(
        model.Article.model_validate({**json.loads(heads[name]), "decisions": told})
        for name, told in sorted(decisions.items())
    )
    facts = model.Facts.model_construct(articles=articles)
    return check.settled(Index(Unplaced(facts, ())), list(dict.fromkeys(found)))


@cache
def _kind(section: str) -> type[model.Said]:
    """What a section of an article holds."""

    def inner(annotation: Any) -> Iterator[Any]:
        yield annotation
        for part in get_args(annotation):
            yield from inner(part)

    kinds = inner(model.Article.model_fields[section].annotation)
    return next(k for k in kinds if isinstance(k, type) and issubclass(k, model.Said))
