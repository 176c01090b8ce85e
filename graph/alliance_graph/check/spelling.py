"""Printed names and titles against the persons and offices they are given to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import cast

from alliance_graph import names
from alliance_graph.check.codes import finding
from alliance_graph.check.index import Index, Told, loose
from alliance_graph.errors import Finding
from alliance_graph.model import Person, PrintedName, Tenure


def _printed(index: Index) -> Iterator[tuple[Told, Person, str]]:
    for told in index.of("names"):
        name = cast(PrintedName, told.record)
        if name.of in index.people:
            yield told, index.people[name.of], name.printed


def _known_names(person: Person) -> list[str]:
    return [person.label, *(a.is_ for a in person.aliases)]


def _untitled(index: Index) -> Callable[[str], set[str]]:
    """What reads a printed name as folded units, without the words of offices and countries."""
    titles = {
        names.fold(word)
        for thing in (*index.facts.offices, *index.facts.institutions, *index.facts.countries)
        for word in loose(thing.label).split()
    }

    def read(name: str) -> set[str]:
        own = [word for word in name.split() if names.fold(word) not in titles]
        return set(names.units(" ".join(own)))

    return read


def near_names(index: Index) -> Iterator[Finding]:
    """Two persons with one spelling key or nearly one; a printed name that may mean two."""
    printed: dict[str, list[Told]] = defaultdict(list)
    for told, person, _ in _printed(index):
        printed[person.id].append(told)
    spelt = {
        person.id: {
            units
            for name in (
                *_known_names(person),
                *(cast(PrintedName, t.record).printed for t in printed[person.id]),
            )
            # in a script other than Hangul or Latin a name has none
            if (units := names.units(name))
        }
        for person in index.facts.people
    }
    met = set()
    for a, b in _pairs(spelt):
        if any(_near(x, y) for x in spelt[a] for y in spelt[b]):
            met.add((a, b))
            what = (
                f"{a} ({index.people[a].label}) and {b} ({index.people[b].label}) are two persons "
                "with one spelling key, or nearly one"
            )
            yield finding(index, "near-names", what, (a, b), *printed[a][:1], *printed[b][:1])
    here: dict[str, set[str]] = defaultdict(set)
    for told, person, _ in _printed(index):
        here[told.article.id].add(person.id)
    read = _untitled(index)
    for told, person, name in _printed(index):
        asked = read(name)
        for other in sorted(here[told.article.id] - {person.id}):
            pair = (min(person.id, other), max(person.id, other))
            if asked and pair not in met and any(asked <= set(u) for u in spelt[other]):
                met.add(pair)
                what = f"“{name}” in {told.article.id} is given to {person.id} and fits {other} too"
                yield finding(index, "near-names", what, pair, told, *printed[other][:1])


def _pairs(spelt: Mapping[str, Iterable[tuple[str, ...]]]) -> list[tuple[str, str]]:
    """The persons who may be near each other, by what two such names have in common.

    Two texts that differ in one letter become one where a letter is left out of either or both.
    """
    alike: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for who, names_of in spelt.items():
        for family, *given in names_of:
            alike[("", *sorted((family, *given)))].add(who)
            own = " ".join(given)
            for i in range(len(own) + 1):
                alike[family, own[:i] + own[i + 1 :]].add(who)
    pairs = {pair for whos in alike.values() for pair in combinations(sorted(whos), 2)}
    return sorted(pairs)


def _near(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """One key, or one family name and given names that differ in one letter."""
    if sorted(one) == sorted(other):
        return True
    (family, *given), (family_of_other, *given_of_other) = one, other
    a, b = " ".join(given), " ".join(given_of_other)
    if family != family_of_other or min(len(a), len(b)) < 4:
        return False
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(a, b, score_cutoff=1) <= 1


def spellings(index: Index) -> Iterator[Finding]:
    """Each person who is printed in a spelling other than the label's, and who prints it."""
    printed: dict[str, dict[str, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for told, person, name in _printed(index):
        printed[person.id][name].append(told)
    for who, by_name in sorted(printed.items()):
        label = index.people[who].label
        full = [n for n in by_name if len(names.units(n)) >= len(names.units(label))]
        if len({loose(n) for n in (label, *full)}) > 1:
            listed = "; ".join(
                f"{n} ({', '.join(sorted({t.article.id for t in by_name[n]}))})"
                for n in sorted(full)
            )
            what = f"{who}, here {label}, is printed as {listed}"
            yield finding(index, "spellings", what, (who,), *(by_name[n][0] for n in sorted(full)))


def far_names(index: Index) -> Iterator[Finding]:
    """A printed name that no usual romanisation, title or initial leads to its person."""
    read = _untitled(index)
    for told, person, name in _printed(index):
        if not any(read(name) <= set(names.units(n)) for n in _known_names(person)):
            what = (
                f"“{name}” is given to {person.id}, but no usual spelling of "
                f"{' or '.join(_known_names(person))} is near it"
            )
            yield finding(index, "name-far-from-label", what, (person.id,), told)


_RANKS = re.compile(
    r"^(?:(?!\b(?:deputy|vice|prime|assistant)\b).)*"
    r"\b(director[ -]general|director|vice[ -]minister|deputy[ -]minister|minister)\b(?!-level)"
)


def titles(index: Index) -> Iterator[Finding]:
    """Printed titles whose words are another level's than that of the office."""
    told_as: list[tuple[str, str, Told]] = []
    for told in index.of("names", "tenures"):
        record = cast(PrintedName | Tenure, told.record)
        office = record.of if isinstance(record, PrintedName) else record.post
        told_as.append((office, record.printed or "", told))
    for told, _, one in index.present():
        told_as += [(office, one.printed or "", told) for office in one.in_ if len(one.in_) == 1]
    met: set[tuple[str, str]] = set()
    for name, printed, told in told_as:
        found = _RANKS.match(printed.lower())
        known = index.offices.get(name)
        rank = found[1].replace(" ", "-") if found else ""
        if known and found and rank != known.level and (name, rank) not in met:
            met.add((name, rank))
            what = f"“{printed}” reads as {rank}, but {name} is of the level {known.level}"
            yield finding(index, "title-misleads", what, (name,), told)
