"""From what a person types to a thing: an id, an IRI, or any of its names.

Names are labels, aliases, the spellings that articles print, and Hangul. A spelling key forgives
the usual romanisations; where more than one thing could be meant, all are proposed and none taken.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Literal

from alliance_graph import names
from alliance_graph.errors import UnknownName
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import BASE, ID, KINDS, iri, split

if TYPE_CHECKING:
    from alliance_graph.store import Store

IDENTITIES = frozenset(
    "person office institution administration channel country place topic".split()
)
"""Kinds of things that have names of their own; what else has a label tells of them."""
RECORDS = frozenset(
    "encounter visit context-event commitment statement stance document article "
    "unnamed-party".split()
)
"""Kinds of things that a person would look for by a label of ours."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9.\-]*")
_SURE = {"exact": 0, "word": 1, "key": 2, "near": 3}


@dataclass(frozen=True)
class Match:
    """A thing that may be meant, and by which of its names it was found."""

    iri: str
    label: str
    """Its name in English."""
    name: str
    """The name that fits what was asked for."""
    score: float
    """From 100 downwards; only good for ordering."""
    how: str
    """``id``, ``exact``, ``word``, ``key`` (one spelling key) or ``near``."""

    @property
    def kind(self) -> str:
        """The ``{kind}`` of its IRI."""
        return self.iri.removeprefix(ID).partition("/")[0]

    @property
    def id(self) -> str:
        """Its id among all things."""
        return self.iri.removeprefix(ID).partition("/")[2]


def find(
    store: Store, text: str, kinds: Collection[str] | None = None, limit: int = 10
) -> list[Match]:
    """What ``text`` may mean, the likeliest first: only things of ``kinds`` (default: with names).

    It proposes; :func:`one` decides.
    """
    text = text.strip()
    known = by_id(store, text, kinds)
    if known:
        return [
            Match(found, label(store, found) or found.rpartition("/")[2], text, 100.0, "id")
            for found in known
        ]
    wanted = frozenset(kinds) if kinds else IDENTITIES | RECORDS
    named, entries = _entries(store, wanted)
    found = [
        Match(m.id, named.get(m.id, m.name), m.name, m.score, m.how)
        for m in names.search(text, entries, limit=limit)
    ]
    sure = [m for m in found if m.how != "near"]
    seen = {m.iri for m in sure}
    parts = [m for m in _parts(text, named, entries) if m.iri not in seen]
    seen |= {m.iri for m in parts}
    return [*sure, *parts, *(m for m in found if m.iri not in seen)][:limit]


def one(store: Store, text: str, kinds: Collection[str] | None = None) -> Match:
    """The one thing that ``text`` means.

    An id or IRI is that thing. A name is taken where the best way in which anything bears it is
    borne by one thing only, people, posts, bodies and channels before meetings and papers; a name
    that is merely alike is never taken. Raises UnknownName with proposals.
    """
    found = find(store, text, kinds, limit=50)
    for group in (IDENTITIES, KINDS - IDENTITIES):
        sure = [m for m in found if m.kind in group and m.how != "near"]
        best = min((_SURE.get(m.how, -1) for m in sure), default=None)
        bearers = [m for m in sure if _SURE.get(m.how, -1) == best]
        if len(bearers) == 1:
            return bearers[0]
        if bearers:
            raise UnknownName(_ambiguous(text, bearers))
    raise UnknownName(_unknown(text, kinds, found))


def by_id(store: Store, text: str, kinds: Collection[str] | None = None) -> list[str]:
    """IRIs of the things of ``kinds`` (default: all) whose id or IRI this is."""
    wanted = kinds or KINDS
    name = text.removeprefix("<").removesuffix(">")
    if name.startswith(BASE):
        known = split(name)
        candidates = [name] if known and known[0] in wanted else []
    else:
        name = name.removeprefix("id:").replace("\\/", "/")
        kind, slash, rest = name.partition("/")
        if slash:
            candidates = [iri(kind, rest)] if kind in wanted and _SLUG.fullmatch(rest) else []
        else:
            fits = _SLUG.fullmatch(name)
            candidates = [iri(k, name) for k in sorted(wanted)] if fits else []
    candidates = [c for c in candidates if re.fullmatch(r"[^\s<>\"{}|\\^`]+", c)]
    return exists(store, candidates) if candidates else []


def exists(store: Store, iris: Iterable[str]) -> list[str]:
    """Which of these things the graph knows, in their order."""
    asked = list(iris)
    if isinstance(store, Embedded):
        return [i for i in asked if store.knows(i)]
    values = " ".join(f"<{i}>" for i in asked)
    text = f"SELECT DISTINCT ?x WHERE {{ VALUES ?x {{ {values} }} ?x a ?class }}"
    known = {row["x"].value for row in select(store, text)}
    return [i for i in asked if i in known]


def label(store: Store, thing: str) -> str | None:
    """The English name of a thing (an IRI); None where it has none."""
    return labels(store, [thing]).get(thing)


def labels(store: Store, things: Iterable[str]) -> dict[str, str]:
    """English names of things (IRIs), of those that have one."""
    asked = sorted(set(things))
    found: dict[str, str] = {}
    for start in range(0, len(asked), 400):
        values = " ".join(f"<{i}>" for i in asked[start : start + 400])
        text = (
            f"SELECT ?x ?l WHERE {{ VALUES ?x {{ {values} }} ?x skos:prefLabel ?l "
            'FILTER(LANG(?l) = "en") } ORDER BY ?x ?l'
        )
        for row in select(store, text):
            found.setdefault(row["x"].value, row["l"].value)
    return found


def _entries(store: Store, kinds: frozenset[str]) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """English names by thing, and every (thing, name) pair, of things of these kinds."""
    rows = select(
        store,
        """SELECT DISTINCT ?x ?p ?name WHERE {
             VALUES ?p { skos:prefLabel skos:altLabel ally:provisionalName }
             ?x ?p ?name
           } ORDER BY ?x ?p ?name""",
    )
    english_names: dict[str, str] = {}
    entries: list[tuple[str, str]] = []
    for row in rows:
        thing, name = row["x"].value, row["name"]
        known = split(thing)
        if known is None or known[0] not in kinds:
            continue
        entries.append((thing, name.value))
        english = isinstance(name, Literal) and name.language == "en"
        if english and row["p"].value.endswith("prefLabel"):
            english_names.setdefault(thing, name.value)
    return english_names, entries


def _parts(text: str, named: dict[str, str], entries: list[tuple[str, str]]) -> list[Match]:
    """Things with a name in Hangul that contains ``text``: Korean compounds have no spaces."""
    part = _joined(text)
    if not re.fullmatch(r"[가-힣]{2,}", part):
        return []
    found: dict[str, Match] = {}
    for thing, name in sorted(entries):
        if part in _joined(name):
            score = 100 * len(part) / len(_joined(name))
            match = Match(thing, named.get(thing, name), name, score, "near")
            if thing not in found or found[thing].score < score:
                found[thing] = match
    return sorted(found.values(), key=lambda m: (-m.score, m.iri))


def _joined(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


def _ambiguous(text: str, found: list[Match]) -> str:
    listed = "; ".join(f"{m.id} ({m.label})" for m in found[:8])
    more = f"; and {len(found) - 8} more" if len(found) > 8 else ""
    return f"{text!r} can mean more than one: {listed}{more}. Use the id of the one you mean"


def _unknown(text: str, kinds: Collection[str] | None, found: list[Match]) -> str:
    what = " or ".join(sorted(kinds)) if kinds and len(kinds) <= 3 else "thing"
    if not found:
        return f"no {what} {text!r} in these sources"
    listed = "; ".join(f"{m.id} ({m.label})" for m in found[:5])
    return f"no {what} {text!r} in these sources; did you mean {listed}?"
