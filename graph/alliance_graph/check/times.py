"""Dates against phrases, intervals, orders, occasions, tenures and the day of telling."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple, cast

from alliance_graph import dates
from alliance_graph.check.codes import finding
from alliance_graph.check.index import Held, Index, Told, circle, one_each, precedes
from alliance_graph.errors import Finding
from alliance_graph.model import DateClaim, OrderClaim, Tenure

if TYPE_CHECKING:
    from alliance_graph.errors import Mark


class _Phrase(NamedTuple):
    """A date beside the phrase in which it is printed."""

    about: str
    shown: str
    printed: str
    days: dates.Edtf
    anchor: date | None
    future: bool
    mark: Mark | None


def _phrases(index: Index) -> Iterator[_Phrase]:
    for article in index.facts.articles:
        for field in ("published", "modified"):
            claim: DateClaim | None = getattr(article, field)
            if claim and claim.printed and claim.date_basis != "external":
                days, anchor = dates.parse(claim.is_), _one_day(dates.parse(article.anchor))
                shown, mark = (
                    f"{claim.is_} (“{claim.printed}”)",
                    index.loaded.where(article.id, field),
                )
                yield _Phrase(article.id, shown, claim.printed, days, anchor, False, mark)
    for fields in index.claims.values():
        for held in (h for claims in fields.values() for h in claims):
            external = getattr(held.claim, "date_basis", None) == "external"
            if held.printed and held.days and held.said["basis"] == "article" and not external:
                yield _Phrase(
                    held.id,
                    str(held),
                    held.printed,
                    held.days,
                    _anchor(index, held),
                    held.said["modality"] != "held" or held.field == "due",
                    index.where(held),
                )


def phrases(index: Index) -> Iterator[Finding]:
    """A date beside the phrase in which it is printed: the same arithmetic, done again."""
    for it in _phrases(index):
        code = what = ""
        day = _one_day(it.days)
        weekday = re.search(rf"\b({'|'.join(dates.WEEKDAYS)})\b", it.printed, re.IGNORECASE)
        meant = _meant(it)
        if day and weekday and dates.weekday(day) != weekday[1].capitalize():
            code = "weekday-disagrees"
            what = f"is a {dates.weekday(day)}, not a {weekday[1].capitalize()}"
        elif meant and not meant.overlaps(it.days):
            code = "phrase-disagrees"
            what = f"is not what the phrase says: {meant.text}, counted from {it.anchor}"
        elif meant and it.days.within(meant) and not meant.within(it.days):
            code, what = "too-precise", f"is more precise than the phrase: {meant.text}"
        if code:
            found = finding(index, code, f"{it.about}: {it.shown} {what}", (it.about,))
            yield replace(found, where=it.mark)


def _one_day(days: dates.Edtf | None) -> date | None:
    return days.earliest if days and days.earliest == days.latest else None


def _anchor(index: Index, held: Held) -> date | None:
    """The day from which a phrase counts: that of the claim, else that of its article."""
    anchor = getattr(held.claim, "anchor", None) or held.told.article.anchor
    if dates.readable(anchor):
        return _one_day(dates.parse(anchor))
    return next((_one_day(h.days) for h in index.when(anchor)), None)


def _meant(it: _Phrase) -> dates.Edtf | None:
    """What a phrase says; of a plan's readings, after and before the anchor, one that fits.

    A phrase without end ("since …") reaches to the day on which it was written.
    """
    if it.anchor is None:
        return None
    anchor = it.anchor
    ways: tuple[dates.Direction | None, ...] = ("future", None) if it.future else (None,)
    known = [r for way in ways if (r := dates.resolve(it.printed, anchor, way))]
    meant = next((r for r in known if r.overlaps(it.days)), known[0] if known else None)
    if meant and meant.latest is None and it.days.latest and it.days.latest <= anchor:
        return replace(meant, latest=it.days.latest)
    return meant


def orders(index: Index) -> Iterator[Finding]:
    """Before, after, and the intervals told between events, beside the dates of both."""
    later_than: dict[str, set[str]] = defaultdict(set)
    first_told: dict[tuple[str, str], Held] = {}
    for thing, fields in index.claims.items():
        for held in (h for f in ("before", "after") for h in fields.get(f, ()) if h.counts):
            earlier, later = (thing, held.value) if held.field == "before" else (held.value, thing)
            later_than[later].add(earlier)
            first_told.setdefault((earlier, later), held)
            yield from _order(index, held, earlier, later)
    if met := circle(later_than):
        told = [h for pair, h in first_told.items() if set(pair) <= set(met)]
        what = f"told to be each before the next, in a circle: {', '.join(met)}"
        yield finding(index, "order-disagrees", what, sorted(met), *told)


_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}


def _order(index: Index, held: Held, earlier: str, later: str) -> Iterator[Finding]:
    gap = cast(OrderClaim, held.claim).gap
    about = (later, earlier)
    for a, b in product(index.when(earlier), index.when(later)):
        if not (a.days and b.days):
            continue
        if precedes(b.days, a.days):
            what = f"{later} is told to come after {earlier}, but has the date {b} against {a}"
            yield finding(index, "order-disagrees", what, about, held, b, a)
        found = dates.gap(gap, a.days, b.days) if gap else None
        if gap is None or found is None:
            continue
        count, unit = int(gap[1:-1]), _UNITS[gap[-1]]
        what = f"{later} is told to come {count} {unit} after {earlier}; from {a} to {b} it is "
        if not found.agrees:
            counts = "-".join(map(str, dict.fromkeys((found.least, found.most))))
            what += f"{found.exact}, by the calendar {counts} {unit}"
            yield finding(index, "gap-disagrees", what, about, held, b, a)
        elif gap[-1] in "YM" and not _elapsed(gap[-1], count, a.days, b.days):
            yield finding(index, "gap-rounded", what + found.exact, about, held, b, a)


def _elapsed(unit: str, count: int, a: dates.Edtf, b: dates.Edtf) -> bool:
    """Whether that many whole months or years can lie between two dates."""

    def whole(first: date, last: date) -> int:
        months = (last.year - first.year) * 12 + last.month - first.month
        months -= last.day < first.day
        return months // 12 if unit == "Y" else months

    if not (a.earliest and a.latest and b.earliest and b.latest):
        return True
    return whole(a.latest, b.earliest) <= count <= whole(a.earliest, b.latest)


def firsts(index: Index) -> Iterator[Finding]:
    """Another session of the channel between two of which none is told to lie between."""
    sessions: dict[str, list[Told]] = defaultdict(list)
    for other in index.of("encounters"):
        for channel in {h.value for h in index.best(other.id, "channel")} if other.held else ():
            sessions[channel].append(other)
    for thing, fields in index.claims.items():
        for held in (h for f in ("before", "after") for h in fields.get(f, ()) if h.counts):
            earlier, later = (thing, held.value) if held.field == "before" else (held.value, thing)
            gap = cast(OrderClaim, held.claim).gap
            both = [{h.value for h in index.best(x, "channel")} for x in (earlier, later)]
            shared = both[0] & both[1] if gap else ()
            others = dict.fromkeys(o for channel in sorted(shared) for o in sessions[channel])
            for a, b in product(index.when(earlier), index.when(later)) if others else ():
                if not (gap and a.days and b.days and dates.gap(gap, a.days, b.days)):
                    continue
                for c in (c for other in others for c in index.when(other.id)):
                    if c.days and precedes(a.days, c.days) and precedes(c.days, b.days):
                        about = (later, earlier, c.id)
                        since = f"{later} is told as the first since {earlier}"
                        what = f"{since}, but {c.id} lies between: {c}"
                        yield finding(index, "not-the-first", what, about, held, c)


def occasions(index: Index) -> Iterator[Finding]:
    """An encounter or visit outside the visit or the event at which it is placed."""
    for told in index.of("encounters", "visits"):
        links = [*index.best(told.id, "during"), *index.best(told.id, "on_occasion_of")]
        for link in one_each(h for h in links if h.told is told):
            for own, other in product(index.when(told.id), index.when(link.value)):
                if own.days and other.days and not own.days.overlaps(other.days):
                    how = "during" if link.field == "during" else "on the occasion of"
                    what = (
                        f"{told.id} is told to be {how} {link.value} ({link.holder}, "
                        f"{link.passage}), but has the date {own} against {other}"
                    )
                    about = (told.id, link.value)
                    yield finding(index, "outside-occasion", what, about, link, own, other)


class _Shown(NamedTuple):
    """A person shown in an office on a day, and over which days that tells of them in it."""

    person: str
    office: str
    day: date
    first: date
    last: date
    where: Told | Held


def _shown(index: Index) -> Iterator[_Shown]:
    """Tenures and participations of known days, but for acting and designated holders."""
    stand_ins = set()
    for told in index.of("tenures"):
        tenure = cast(Tenure, told.record)
        if tenure.capacity in ("acting", "designate"):
            stand_ins.add((tenure.person, tenure.post))
            continue
        starts, ends = index.best(tenure.id, "start"), index.best(tenure.id, "end")
        for held in index.best(tenure.id, "attested"):
            if held.told is not told or held.days is None:
                continue
            first = starts[0].days.earliest if starts and starts[0].days else None
            last = ends[0].days.latest if ends and ends[0].days else None
            if day := _one_day(held.days):
                span = (min(first or day, day), max(last or day, day))
                yield _Shown(tenure.person, tenure.post, day, *span, held)
    for present in index.present():
        told, _, one = present
        if one.person is None or not present.held or one.capacity in ("acting", "designate"):
            continue
        for office in one.in_:
            if (one.person, office) in stand_ins:
                continue
            for day in filter(None, (_one_day(h.days) for h in index.when(told.id))):
                yield _Shown(one.person, office, day, day, day, told)


def tenures(index: Index) -> Iterator[Finding]:
    """Acting outside a tenure whose start or end is told; two holders of one office on one day."""
    by_office: dict[str, dict[str, list[_Shown]]] = defaultdict(lambda: defaultdict(list))
    for one in _shown(index):
        by_office[one.office][one.person].append(one)
    for told in index.of("tenures"):
        tenure = cast(Tenure, told.record)
        limits = [*index.best(tenure.id, "start"), *index.best(tenure.id, "end")]
        shown = by_office[tenure.post][tenure.person]
        for limit, one in product((h for h in limits if h.told is told), shown):
            if limit.days is None:
                continue
            first, last = limit.days.earliest, limit.days.latest
            early = limit.field == "start" and first and one.day < first
            late = limit.field == "end" and last and one.day > last
            if early or late:
                what = (
                    f"{one.person} is shown as {one.office} on {one.day}, but the {limit.field} "
                    f"told of it is {limit}"
                )
                about = (tenure.id, one.where.id)
                yield finding(index, "outside-tenure", what, about, one.where, limit)
    for office, people in by_office.items():
        spans = {
            who: (min(s.first for s in some), max(s.last for s in some))
            for who, some in people.items()
            if some
        }
        for a, b in combinations(sorted(spans), 2):
            if spans[a][0] > spans[b][1] or spans[b][0] > spans[a][1]:
                continue  # most pairs of an office that many have held
            of_a, of_b = people[a], people[b]
            both = ((x, y) for x in of_a for y in of_b if x.first <= y.last and y.first <= x.last)
            pair = next(both, None)
            if pair:
                day = max(pair[0].first, pair[1].first)
                what = f"{a} and {b} are both shown as {office} on {day}"
                yield finding(index, "two-holders", what, (office, a, b), *(s.where for s in pair))


def telling(index: Index) -> Iterator[Finding]:
    """A plan whose day is over when it is told; something told as held that is still to come."""
    for told in index.of("encounters", "visits", "background", "statements", "commitments"):
        published = dates.parse(told.article.published.is_)
        if told.section == "commitments":
            field, held = "due", False
            planned = any(h.value == "open" for h in index.best(told.id, "state"))
        else:
            field, held = "date", told.held
            planned = told.said["modality"] in ("planned", "tentative", "desired", "hypothetical")
        for day in index.best(told.id, field):
            if day.told is not told or day.days is None:
                continue
            if planned and precedes(day.days, published):
                what = f"{told.id} is told as still to come, but its date is over: {day}"
                yield finding(index, "plan-in-the-past", what, (told.id,), day)
            elif held and precedes(published, day.days):
                what = f"{told.id} is told as held, but lies after the article: {day}"
                yield finding(index, "held-in-the-future", what, (told.id,), day)


def sessions(index: Index) -> Iterator[Finding]:
    """The numbers of a channel's sessions against their dates."""
    numbered: dict[str, list[tuple[int, Held, str]]] = defaultdict(list)
    for thing, fields in index.claims.items():
        for number in one_each(h for h in fields.get("session_number", ()) if h.counts):
            for channel in {h.value for h in index.best(thing, "channel")}:
                numbered[channel].append((number.value, number, thing))
    for channel, found in sorted(numbered.items()):
        for (n, first, a), (m, second, b) in combinations(sorted(found, key=lambda x: x[0]), 2):
            about = (channel, a, b)
            if n == m and a != b:
                what = f"{a} and {b} are both the session {n} of {channel}"
                yield finding(index, "session-order", what, about, first, second)
            for x, y in product(index.when(a), index.when(b)) if n < m else ():
                if x.days and y.days and precedes(y.days, x.days):
                    what = f"session {m} of {channel} ({y}) lies before session {n} ({x})"
                    yield finding(index, "session-order", what, about, second, first)
