"""What different holders, sides and blocks say of one thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, permutations

from alliance_graph.check.codes import finding
from alliance_graph.check.index import Held, Index, Present, Told, loose, words
from alliance_graph.errors import Finding

_ALIVE = frozenset({"established", "active", "resumed"})


def statuses(index: Index) -> Iterator[Finding]:
    """What different holders say of a channel's status at one time."""
    for thing, fields in sorted(index.claims.items()):
        claims = [h for h in fields.get("status", ()) if h.counts and h.said["modality"] == "held"]
        apart = [
            (a, b)
            for a, b in combinations(claims, 2)
            if a.value != b.value
            and a.holder != b.holder
            and not {a.value, b.value} <= _ALIVE
            and (a.told.article.id == b.told.article.id or (a.days and b.days))
            and (a.days is None or b.days is None or a.days.overlaps(b.days))
        ]
        if apart:
            both = [h for h in claims if any(h in pair for pair in apart)]
            told = list({(h.value, h.holder): h for h in reversed(both)}.values())[::-1]
            what = f"{thing}: the status at one time is told as {' against '.join(map(str, told))}"
            yield finding(index, "accounts-differ", what, (thing,), *told)


def sureness(index: Index) -> Iterator[Finding]:
    """One thing told as planned here and as tentative there: set to, may."""
    for thing, tellings in sorted(index.tellings.items()):
        section = tellings[0].section
        records = {t.said["modality"]: t for t in tellings if t.counts}
        if section in ("encounters", "visits", "background") and len(records) > 1:
            listed = " against ".join(f"{m} ({t.article.id})" for m, t in records.items())
            what, mend = f"{thing} is told as {listed}", "give the plan an id of its own"
            yield finding(index, "accounts-differ", what, (thing,), *records.values(), mend=mend)
        told: dict[tuple[str, str], Held] = {}
        for field, claims in index.claims[thing].items():
            if section == "channels" and field != "status":
                continue
            for a, b in combinations([h for h in claims if h.counts], 2):
                one_source = a.told.article is b.told.article and a.value == b.value
                if one_source and a.said["modality"] != b.said["modality"]:
                    for held in (a, b):
                        told.setdefault((held.value, held.said["modality"]), held)
        if told:
            listed = " against ".join(f"{sure}, {h}" for (_, sure), h in told.items())
            what = f"{thing} is told with different sureness: {listed}"
            yield finding(index, "accounts-differ", what, (thing,), *told.values())


def denials(index: Index) -> Iterator[Finding]:
    """One holder asserts what another denies: a record, who took part, a value of a field."""
    attended: dict[tuple[str, str], dict[str, Present]] = defaultdict(dict)
    for present in index.present():
        if present.said["rank"] != "deprecated" and present.told.counts:
            who = attended[present.told.id, present.one.who]
            who.setdefault(present.said["polarity"], present)
    for (thing, name), told in sorted(attended.items()):
        if len(told) > 1:
            what = f"{thing}: that {name} took part"
            yield _denial(index, (thing, name), what, told["asserted"], told["denied"])
    for thing, tellings in sorted(index.tellings.items()):
        records = {t.said["polarity"]: t for t in tellings if t.said["rank"] != "deprecated"}
        if len(records) > 1:
            yes, no = records["asserted"], records["denied"]
            yield _denial(index, (thing,), thing, yes, no)
        for field, claims in index.claims[thing].items():
            for a, b in permutations([h for h in claims if h.said["rank"] != "deprecated"], 2):
                polarity = a.said["polarity"], b.said["polarity"]
                of_records = {a.told.said["polarity"], b.told.said["polarity"]}
                if (
                    a.value == b.value
                    and polarity == ("asserted", "denied")
                    and len(of_records) == 1
                ):
                    what = f"{thing}: the {words(field)} {a.value}"
                    yield _denial(index, (thing,), what, a, b)


def _denial(
    index: Index,
    about: tuple[str, ...],
    what: str,
    yes: Told | Held | Present,
    no: Told | Held | Present,
) -> Finding:
    def by(one: Told | Held | Present) -> str:
        sources = {"anonymous": "anonymous only", "narrative": "the narrative"}
        how = sources.get(one.said["attribution"], one.said["attribution"])
        return f"{one.said['holder']} ({how}, {one.passage})"

    what = f"{what} is asserted by {by(yes)} and denied by {by(no)}"
    return finding(index, "denied-and-asserted", what, about, yes, no)


def readouts(index: Index) -> Iterator[Finding]:
    """What each side alone reports of an encounter, where both report of it."""
    reported: dict[str, dict[str, dict[str, Held]]] = defaultdict(lambda: defaultdict(dict))
    for thing, fields in index.claims.items():
        told = next(iter(index.tellings[thing]))
        for held in (h for f in ("discussed", "resulted_in") for h in fields.get(f, ())):
            _report(reported[thing], held)
        for link in (h for f in ("on_occasion_of", "made_at") for h in fields.get(f, ())):
            if told.section in ("statements", "stances", "commitments"):
                for held in (h for f in ("about", "topic") for h in fields.get(f, ())):
                    _report(reported[link.value], held)
    for told in index.of("encounters"):
        by_side = reported.get(told.id, {})
        if len(by_side) < 2 or index.tellings[told.id][0] is not told:
            continue
        tellers: dict[str, list[str]] = defaultdict(list)
        for side, topics in sorted(by_side.items()):
            for topic in topics:
                tellers[topic].append(side)
        alone = {side: sorted(t for t, s in tellers.items() if s == [side]) for side in by_side}
        if any(alone.values()):
            parts = [
                f"{s} alone tells of {', '.join(t) or 'nothing'}" for s, t in sorted(alone.items())
            ]
            joint = sorted(t for t, sides in tellers.items() if len(sides) == len(by_side))
            if joint:
                parts.append(f"all of them of {', '.join(joint)}")
            places = [by_side[side][topics[0]] for side, topics in sorted(alone.items()) if topics]
            what = f"{told.id}: {'; '.join(parts)}"
            yield finding(index, "one-sided", what, (told.id,), *places)


def _report(by_side: dict[str, dict[str, Held]], held: Held) -> None:
    """Note what one side's account tells of; a joint account is no side's own."""
    sides: tuple[str, ...] = held.said["side"] or ()
    if len(sides) == 1 and held.counts:
        by_side[sides[0]].setdefault(held.value, held)


def headlines(index: Index) -> Iterator[Finding]:
    """Words above the text (headline, subtitle, takeaways) that the text itself does not use.

    Single-valued fields that differ so are found by :func:`~.conflicts.conflicts`.
    """
    for thing, fields in sorted(index.claims.items()):
        claims = [h for h in fields.get("wording", ()) if h.counts]
        bodies = [h for h in claims if not h.above]
        said = {loose(h.value) for h in bodies}
        heads = [h for h in claims if h.above and loose(h.value) not in said]
        if heads and bodies:
            what = (
                f"{thing}: the wording above the text is {' and '.join(map(str, heads))}, "
                f"in it {' and '.join(map(str, bodies))}"
            )
            yield finding(index, "headline-differs", what, (thing,), *heads, *bodies)


def silences(index: Index) -> Iterator[Finding]:
    """What a document is said not to mention, told of elsewhere in the same article."""
    for told in index.of("documents"):
        for gap in index.held(told.id, "does_not_mention"):
            if gap.told is not told:
                continue
            others = [
                held
                for other in index.of("statements", "stances")
                if other.article is told.article
                for field in ("about", "topic")
                for held in index.held(other.id, field)
                if held.value == gap.value and held.counts
            ]
            if others:
                listed = ", ".join(dict.fromkeys(h.id for h in others))
                what = f"{told.id} is said not to mention {gap.value}, of which {listed} tells"
                yield finding(index, "silent-document", what, (told.id, gap.value), gap, *others)
