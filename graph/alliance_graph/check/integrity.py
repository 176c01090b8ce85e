"""What is missing, unused, or does not fit together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import cast

from alliance_graph.check.codes import finding
from alliance_graph.check.index import Index, Told, circle, precedes
from alliance_graph.coverage import blocks_of
from alliance_graph.errors import Finding
from alliance_graph.model import (
    Claim,
    Counterparts,
    Identity,
    Office,
    Said,
    Tenure,
    claims_of,
    inherited,
)


def unused(index: Index) -> Iterator[Finding]:
    """Identities to which no article and no other identity refers."""
    for thing in index.facts.identities():
        if thing.id not in index.used:
            what = f"nothing refers to the {thing.iri_kind} {thing.id}"
            yield _of_identity(index, "unused", what, thing)


def bare_channels(index: Index) -> Iterator[Finding]:
    """Channels without level or without parties."""
    for channel in index.facts.channels:
        missing = [f for f in ("level", "party") if not index.held(channel.id, f)]
        if missing:
            what = f"no article tells the {' or the '.join(missing)} of the channel {channel.id}"
            yield _of_identity(index, "bare-channel", what, channel)


def _of_identity(index: Index, code: str, what: str, thing: Identity) -> Finding:
    found = finding(index, code, what, (thing.id,))
    return replace(found, where=index.loaded.where(thing.id))


def circles(index: Index) -> Iterator[Finding]:
    """Things that lie in, belong to or follow one another in a circle."""
    facts = index.facts
    for field, above in (
        ("within", {p.id: [p.within] for p in facts.places if p.within}),
        ("broader", {t.id: t.broader for t in facts.topics}),
        ("part_of", {i.id: [i.part_of] for i in facts.institutions if i.part_of}),
    ):
        if met := circle(above):
            found = finding(index, "circle", _round(field, met), sorted(met))
            yield replace(found, where=index.loaded.where(met[0], field))
    for field in ("part_of", "succeeds"):
        told = {c.id: [h for h in index.held(c.id, field) if h.counts] for c in facts.channels}
        if met := circle({name: [h.value for h in claims] for name, claims in told.items()}):
            claims = [h for name in met for h in told[name] if h.value in met]
            yield finding(index, "circle", _round(field, met), sorted(met), *claims)


def _round(field: str, met: list[str]) -> str:
    return f"by `{field}:` each leads to the next, in a circle: {', '.join(met)}"


def countries(index: Index) -> Iterator[Finding]:
    """People in offices of a country that is not theirs."""
    for present in index.present():
        told, at, one = present
        for office in (index.offices[o] for o in one.in_ if o in index.offices):
            person = index.people.get(one.person or "")
            for theirs in (one.country, person.country if person else None):
                if theirs and theirs != office.country:
                    yield _foreign(index, one.who, theirs, office, told, present.field, at)
    for told in index.of("tenures"):
        tenure = cast(Tenure, told.record)
        person, post = index.people.get(tenure.person), index.offices.get(tenure.post)
        if person and post and person.country and person.country != post.country:
            yield _foreign(index, person.id, person.country, post, told)


def _foreign(
    index: Index, who: str, country: str, office: Office, told: Told, *loc: str | int
) -> Finding:
    what = (
        f"{who} of {country} is shown as {office.id}, an office of {office.country}, in {told.id}"
    )
    found = finding(index, "office-of-another-country", what, (who, office.id), told)
    return replace(found, where=index.loaded.where(*told.loc, *loc))


def parities(index: Index) -> Iterator[Finding]:
    """Equals of different level, or unequals of one."""
    for told in index.of("counterparts"):
        pair = cast(Counterparts, told.record)
        a, b = index.offices.get(pair.a), index.offices.get(pair.b)
        if a and b and (a.level == b.level) != (pair.parity == "equal"):
            pairs = f"{a.id} ({a.level}) and {b.id} ({b.level})"
            what = f"{pairs} are told to be {pair.parity} counterparts"
            yield finding(index, "parity-disagrees", what, (a.id, b.id), told)


def evidenced(index: Index) -> Iterator[Finding]:
    """Each claim has a passage or another basis."""
    for told in index.told:
        bare = [] if told.said["evidence"] or told.said["basis"] != "article" else ["it"]
        loc: tuple[str | int, ...] = ()
        inner: list[tuple[str, int, Said]] = list(claims_of(told.record))
        for name in ("participants", "travellers"):
            inner += [(name, i, p) for i, p in enumerate(getattr(told.record, name, ()))]
        for field, at, said in inner:
            qualities = inherited(said, told.record, told.article.defaults)
            if not qualities["evidence"] and qualities["basis"] == "article":
                bare.append(f"{field} {said.is_}" if isinstance(said, Claim) else field)
                loc = loc or (field, at)
        if bare:
            listed = ", ".join(bare[:5]) + (f" and {len(bare) - 5} more" if len(bare) > 5 else "")
            what = f"{told.id}: nothing bears out {listed}"
            found = finding(index, "no-evidence", what, (told.id,), told)
            yield replace(found, where=index.loaded.where(*told.loc, *loc))


MOST_WORDS = 8
"""So many words of a text in a row may stand in the facts; the text is not ours to publish."""


def phrases_printed(index: Index) -> Iterator[Finding]:
    """More words of an article in a row than may stand here."""
    for told in index.told:
        printed: list[tuple[tuple[str | int, ...], str | None]] = [((), told.record.printed)]
        for field, at, claim in claims_of(told.record):
            printed.append(((field, at), claim.printed))
            printed.append(((field, at), getattr(claim, "date_printed", None)))
            if field == "wording":
                printed.append(((field, at), claim.is_))
        for name in ("participants", "travellers"):
            people = getattr(told.record, name, ())
            printed += (((name, at), one.printed) for at, one in enumerate(people))
        for loc, text in printed:
            run = max((len(part.split()) for part in re.split(r"…|\.\.\.", text or "")), default=0)
            if run > MOST_WORDS:
                what = f"{told.id}: {run} words of the text in a row are printed here"
                found = finding(index, "long-phrase", what, (told.id,), told)
                yield replace(found, where=index.loaded.where(*told.loc, *loc))


def promises(index: Index) -> Iterator[Finding]:
    """What fulfils a promise, beside its state and the day it was made."""
    for told in index.of("commitments"):
        if index.tellings[told.id][0] is not told:
            continue
        kept = index.best(told.id, "fulfilled_by")
        states = index.best(told.id, "state")
        if bool(kept) != any(h.value == "fulfilled" for h in states):
            named = ", ".join(h.value for h in kept) or "nothing"
            said = ", ".join(h.value for h in states) or "not told"
            what = f"{told.id}: the state is {said}, and what fulfils it is {named}"
            yield finding(index, "state-disagrees", what, (told.id,), *(kept or states))
        places_made = [told.id, *(h.value for h in index.best(told.id, "made_at"))]
        made = [day for thing in places_made for day in index.when(thing)]
        for held in kept:
            for done, day in product(index.when(held.value), made):
                if done.days and day.days and precedes(done.days, day.days):
                    what = f"{told.id} is fulfilled by {done.id}, {done}, before it is made: {day}"
                    about = (told.id, done.id)
                    yield finding(index, "fulfilled-before-made", what, about, held, done, day)


def blocks(index: Index) -> Iterator[Finding]:
    """Blocks of a text that no claim cites, and that give no reason."""
    for article in index.facts.articles:
        for at, row in enumerate(blocks_of(article)):
            if row.open:
                what = f"no claim cites {row.block} {row.p} of {article.id} ({row.words} words)"
                found = finding(index, "uncovered-block", what, (article.id,))
                yield replace(found, where=index.loaded.where(article.id, "blocks", at))
