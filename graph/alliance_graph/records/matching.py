"""Who in the records is whom in the curated facts: decisions of a person, and proposals for them.

Decisions stand in ``records/<source>.yaml`` of a folder of facts. A record's key (``person/…``,
``country/…``) is decided to be one of our things (``same``), not to be it (``different``), or left
open with the reason (``unsure``); nothing is joined without a decision. Keys without any decision
get identities of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, StringConstraints, ValidationError

from alliance_graph import complaints, model, names, seeds, yaml12
from alliance_graph.errors import Finding, Mark
from alliance_graph.seeds import RECORDS
from alliance_graph.vocabulary import iri, slug

KINDS = {
    "country": ("country",),
    "institution": ("institution", "administration"),
    "locale": ("place",),
    "office": ("office",),
    "person": ("person",),
    "printed": ("person",),
    "title": ("office",),
}
"""The first part of a key, and what kinds of ours it can be."""


Key = Annotated[str, StringConstraints(pattern=r"^[a-z]+(/[a-z0-9-]+){1,2}$", max_length=200)]


class Decision(model.Value):
    """One decision on one key of a source."""

    record: Key
    """The key: ``person/<id>``, ``country/<id>``, ``office/<id>``, ``title/<country>/<title>``,
    ``printed/<country>/<name>``, ``locale/<country>/<name>``, ``institution/<id>``."""
    is_: model.Slug = Field(alias="is")
    """One of our things."""
    decision: Literal["same", "different", "unsure"]
    on: model.Edtf
    why: model.Text


class Decided(model.Value):
    """What a folder of facts says of one source: whose records they are, and the decisions."""

    id: model.Slug
    """The source; the file's name."""
    holder: model.InstitutionRef
    """Who keeps the records, and so says what they say."""
    home: model.CountryRef
    """The country whose officials travel, and which foreign leaders visit."""
    decisions: model.Records[Decision] = ()


@dataclass(frozen=True)
class Decisions:
    """The decisions on a source, ready to be asked; picklable."""

    holder: str
    home: str
    same: dict[str, str] = field(default_factory=dict)
    """Key -> id of ours."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Id of ours -> kind of its IRI."""
    labels: dict[str, str] = field(default_factory=dict)
    """Id of ours -> its name."""
    decided: frozenset[tuple[str, str]] = frozenset()
    """Every (key, id) that a person has decided on, whatever the answer."""

    def iri(self, key: str) -> str | None:
        """The IRI of the thing that a key was decided to be."""
        found = self.same.get(key)
        return iri(self.kinds[found], found) if found else None


class Proposal(NamedTuple):
    """A key of the records and one of our persons whom it may mean, with the reason."""

    record: str
    name: str
    """As the records have it."""
    id: str
    ours: str
    """The one of our names that agrees."""
    how: Literal["one spelling key", "the words of one name are in the other"]

    def __str__(self) -> str:
        return f"{self.record} ({self.name}) may be {self.id} ({self.ours}): {self.how}"


def load(facts: model.Facts, folder: Path, source: str) -> tuple[Decisions | None, list[Finding]]:
    """The decisions on ``source`` in a folder of facts, and everything wrong with them.

    ``None`` where the folder has none, or has errors in them.
    """
    found: list[Finding] = []
    path = folder / RECORDS / f"{source}.yaml"
    if path in seeds.files_in(folder / RECORDS, found):
        return _load(facts, path)
    files = (str(path), str(path.parent))
    return None, [f for f in found if f.where and f.where.file in files]


def _load(facts: model.Facts, path: Path) -> tuple[Decisions | None, list[Finding]]:
    findings: list[Finding] = []
    _, value, node = seeds.document(path, findings)
    if findings or node is None:
        return None, findings
    where = partial(_mark, node, str(path))
    try:
        decided = Decided.model_validate(value)
    except ValidationError as bad:
        errors = bad.errors(include_url=False)
        return None, complaints.findings(errors, Decided, where, ())
    kinds = facts.kinds()
    wrong = list(_wrong(decided, kinds, where))
    if wrong:
        return None, wrong
    return Decisions(
        decided.holder,
        decided.home,
        {d.record: d.is_ for d in decided.decisions if d.decision == "same"},
        {i: kinds[i] for i in {decided.holder, decided.home, *(d.is_ for d in decided.decisions)}},
        {t.id: t.label for t in facts.identities()},
        frozenset((d.record, d.is_) for d in decided.decisions),
    ), []


def check(facts: model.Facts, folder: Path) -> list[Finding]:
    """Everything wrong with the decisions in a folder of facts."""
    findings: list[Finding] = []
    for path in seeds.files_in(folder / RECORDS, findings):
        findings += _load(facts, path)[1]
    return findings


def _mark(node: yaml12.Node, name: str, loc: Iterable[str | int], key: bool = False) -> Mark:
    """The place of the nearest node; with ``key``, of the key of the last step."""
    place = (node.line, node.column)
    for step in loc:
        child = node.child(step)
        if child is None:
            continue
        place = node.keys[str(step)] if key and node.keys else (child.line, child.column)
        node = child
    return Mark(name, *place)


def _wrong(decided: Decided, kinds: dict[str, str], where: partial[Mark]) -> Iterator[Finding]:
    for name, wanted in (("holder", KINDS["institution"]), ("home", KINDS["country"])):
        yield from _unknown(getattr(decided, name), wanted, kinds, where((name,)))
    seen: dict[str, str] = {}
    for i, d in enumerate(decided.decisions):
        at = ("decisions", i)
        wanted = KINDS.get(d.record.partition("/")[0], ())
        if not wanted:
            what = f"“{d.record}” is no key of a record"
            mend = f"begin it with {complaints.listed(f'{k}/' for k in KINDS)}"
            yield Finding("error", "record-key", what, mend, where((*at, "record")))
            continue
        yield from _unknown(d.is_, wanted, kinds, where((*at, "is")))
        if d.decision == "same" and seen.setdefault(d.record, d.is_) != d.is_:
            what = f"{d.record} is decided to be {seen[d.record]} and {d.is_}"
            yield Finding("error", "two-decisions", what, "keep one", where((*at, "is")))


def _unknown(
    name: str, wanted: tuple[str, ...], kinds: dict[str, str], mark: Mark
) -> Iterator[Finding]:
    if kinds.get(name) not in wanted:
        near = complaints.near(name, [n for n, k in kinds.items() if k in wanted])
        mend = f"did you mean {near}?" if near else "add it to the facts, or correct the id"
        what = f"there is no {' or '.join(wanted)} “{name}”"
        yield Finding("error", "unknown-id", what, mend, mark)


def propose(
    keys: Iterable[tuple[str, str]], facts: model.Facts, decisions: Decisions
) -> Iterator[Proposal]:
    """Which of our persons the named keys may be, the undecided ones only, key by key.

    Proposed is where the spelling keys of two names agree, or where all units of one (two at least)
    stand in the other; among thousands of names a mere likeness is chance.
    """
    entries = [
        (p.id, name, frozenset(names.units(name)))
        for p in facts.people
        for name in _names(p, facts)
    ]
    by_unit: dict[str, list[tuple[str, str, frozenset[str]]]] = defaultdict(list)
    for entry in entries:
        for unit in entry[2]:
            by_unit[unit].append(entry)
    for key_, name in dict.fromkeys(keys):
        units = frozenset(names.units(name))
        if len(units) < 2:
            continue
        found: dict[str, Proposal] = {}
        for id_, ours, theirs in (e for unit in sorted(units) for e in by_unit.get(unit, ())):
            shared = units & theirs
            if len(shared) < 2 or shared not in (units, theirs) or (key_, id_) in decisions.decided:
                continue
            if units == theirs:
                found[id_] = Proposal(key_, name, id_, ours, "one spelling key")
            else:
                how: Literal["the words of one name are in the other"]
                how = "the words of one name are in the other"
                found.setdefault(id_, Proposal(key_, name, id_, ours, how))
        yield from (found[id_] for id_ in sorted(found))


def _names(person: model.Person, facts: model.Facts) -> Iterator[str]:
    yield person.label
    yield from (c.is_ for c in (*person.ko, *person.aliases))
    for article in facts.articles:
        yield from (n.printed for n in article.names if n.of == person.id)


def key(kind: str, *parts: str) -> str:
    """The key of something in the records."""
    return "/".join((kind, *(slug(p, 80) for p in parts)))
