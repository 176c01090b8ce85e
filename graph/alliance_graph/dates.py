"""Dates as printed and as understood: an EDTF subset, relative phrases, and stated intervals.

The forms are those of the Extended Date/Time Format of the Library of Congress
(https://www.loc.gov/standards/datetime/), levels 0 and 1 and the one-of sets of level 2, without
seasons, exponents and years outside 0001-9999. A date is local to the place of the event: of a
date with a time the local day counts, whatever its offset.

    parse("2020-10")                  what a date covers: its earliest and latest day
    resolve("last month", anchor)     what a printed phrase covers, counted from a day
    gap("P6D", earlier, later)        whether a stated interval agrees with two dates
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Literal

from alliance_graph.errors import DateError

Precision = Literal["year", "month", "day", "time", "interval", "set"]
Direction = Literal["past", "future"]

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""English names, whatever the locale."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Edtf:
    """A date as EDTF text, and the days that it covers.

    ``earliest`` and ``latest`` are inclusive local days; ``None`` where that end is open or
    unknown. ``~`` and ``?`` say that a date is approximate or uncertain; by how much the standard
    does not say, so they never widen the days.
    """

    text: str
    earliest: date | None
    latest: date | None
    approximate: bool = False
    uncertain: bool = False
    precision: Precision = "day"

    def overlaps(self, other: Edtf) -> bool:
        """Whether some day lies in both; an end that is not known reaches any day."""
        return not (
            (self.latest and other.earliest and self.latest < other.earliest)
            or (other.latest and self.earliest and other.latest < self.earliest)
        )

    def within(self, other: Edtf) -> bool:
        """Whether every day of this lies in ``other``."""
        starts = other.earliest is None or (
            self.earliest is not None and self.earliest >= other.earliest
        )
        ends = other.latest is None or (self.latest is not None and self.latest <= other.latest)
        return starts and ends


# --- EDTF ---------------------------------------------------------------------------------------

_DATE = re.compile(r"([0-9X]{4})(?:-([0-9X]{2}))?(?:-([0-9X]{2}))?([?~%])?")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}(?::[0-9]{2})?)?"
)


@lru_cache(maxsize=4096)
def parse(text: str) -> Edtf:
    """The days that an EDTF text covers.

    Read are ``2020``, ``2020-10``, ``2020-10-15``, ``2020-10-15T16:34+09:00`` (seconds may be
    left out), each ending in ``?`` (uncertain), ``~`` (approximate) or ``%`` (both); unspecified
    digits (``201X``, ``2020-XX``, ``2020-10-XX``); intervals ``a/b`` with an open (``..``) or
    unknown (empty) end; and one of several, ``[a,b]`` or ``[a..b]``.

    :raises DateError: with what is wrong and, after a semicolon, how to mend it
    """
    if len(text) > 200:
        raise DateError("a date of more than 200 characters; give one EDTF date")
    if text.startswith("["):
        return _one_of(text)
    if "/" in text:
        return _interval(text)
    if "T" in text:
        return _moment(text)
    return _day(text)


def _day(text: str) -> Edtf:
    match = _DATE.fullmatch(text)
    if not match:
        raise DateError(f"“{text}” is no date; {_hint(text)}")
    year, month, day, qualifier = match.groups()
    if day is None:
        days = "XX"
    elif "X" in (month or "") and "X" not in day:
        raise DateError(f"“{text}” has a day in no month; write {year}-{month}")
    else:
        days = day
    first = next(_matching(year, month or "XX", days), None)
    if first is None:
        raise DateError(f"“{text}” is no date; {_why_none(year, month, day)}")
    last = next(_matching(year, month or "XX", days, backwards=True))
    return Edtf(
        text,
        first,
        last,
        approximate=qualifier in ("~", "%"),
        uncertain=qualifier in ("?", "%"),
        precision="day" if day else "month" if month else "year",
    )


def _digits(pattern: str, low: int, high: int, backwards: bool) -> Iterator[int]:
    if "X" not in pattern:
        numbers = [int(pattern)] if low <= int(pattern) <= high else []
        return iter(numbers)
    shape = re.compile(pattern.replace("X", "[0-9]"))
    span = range(high, low - 1, -1) if backwards else range(low, high + 1)
    return (n for n in span if shape.fullmatch(f"{n:0{len(pattern)}}"))


def _matching(year: str, month: str, day: str, backwards: bool = False) -> Iterator[date]:
    for y in _digits(year, 1, 9999, backwards):
        for m in _digits(month, 1, 12, backwards):
            for d in _digits(day, 1, calendar.monthrange(y, m)[1], backwards):
                yield date(y, m, d)


def _why_none(year: str, month: str | None, day: str | None) -> str:
    if year == "0000":
        return "years run from 0001"
    if month and month.isdigit() and not 1 <= int(month) <= 12:
        return "months run from 01 to 12"
    if year.isdigit() and month and month.isdigit() and day:
        y, m = int(year), int(month)
        return f"{MONTHS[m - 1]} {y} has the days 01 to {calendar.monthrange(y, m)[1]}"
    return "no day fits these digits"


def _hint(text: str) -> str:
    bare = text.strip()
    if bare != text:
        return "leave out the spaces around it"
    if not text:
        return "leave the field out, or write `..` for an open end"
    if re.fullmatch(
        r"[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}|[0-9]{4}-[0-9]{1,2}(-[0-9]{1,2})?", text
    ):
        parts = re.split(r"[-/.]", text)
        return f"write {'-'.join([parts[0], *(p.zfill(2) for p in parts[1:])])}"
    if re.fullmatch(r"[0-9]{8}", text):
        return f"write {text[:4]}-{text[4:6]}-{text[6:]}"
    if re.search(r"[?~%].", text):
        return "put ?, ~ or % at the end, once"
    if text.startswith("{"):
        return "only one of several is read, as [a,b]"
    return (
        "write it as EDTF: 2020, 2020-10, 2020-10-15, 2020-10~, 2020-10-15/2020-10-20, 2020-10/.."
    )


def _moment(text: str) -> Edtf:
    match = _TIME.fullmatch(text)
    if not match:
        raise DateError(f"“{text}” is no date with a time; write it as 2021-03-19T16:34+09:00")
    day, clock, offset = match.groups()
    try:
        datetime.fromisoformat(f"{day}T{clock}{offset or ''}")
    except ValueError as bad:
        raise DateError(
            f"“{text}” is no date with a time ({bad}); write it as 2021-03-19T16:34+09:00"
        ) from None
    local = date.fromisoformat(day)
    return Edtf(text, local, local, precision="time")


def _interval(text: str) -> Edtf:
    ends = text.split("/")
    if len(ends) != 2:
        raise DateError(
            f"“{text}” has {len(ends)} parts; an interval has two: 2020-10-15/2020-10-20"
        )
    start, end = (None if e in ("", "..") else _day(e) for e in ends)
    if start is None and end is None:
        raise DateError(f"“{text}” says nothing; leave the field out")
    if start and end and start.earliest and end.latest and start.earliest > end.latest:
        raise DateError(f"“{text}” ends before it begins; write {ends[1]}/{ends[0]}")
    known = [e for e in (start, end) if e]
    return Edtf(
        text,
        start.earliest if start else None,
        end.latest if end else None,
        approximate=any(e.approximate for e in known),
        uncertain=any(e.uncertain for e in known),
        precision="interval",
    )


def _one_of(text: str) -> Edtf:
    if not text.endswith("]") or not text[1:-1].strip():
        raise DateError(
            f"“{text}” is no set of dates; write one of several as [2020-10-15,2020-10-16]"
        )
    members: list[Edtf] = []
    for part in text[1:-1].split(","):
        part = part.strip()
        if ".." in part:
            low, _, high = part.partition("..")
            if not low and not high:
                raise DateError(
                    f"“{text}” has an empty part; write [2020..2022], [..2022] or [2020..]"
                )
            members.append(_interval(f"{low or '..'}/{high or '..'}"))
        else:
            members.append(_day(part))
    starts = [m.earliest for m in members]
    ends = [m.latest for m in members]
    return Edtf(
        text,
        None if None in starts else min(s for s in starts if s),
        None if None in ends else max(e for e in ends if e),
        approximate=any(m.approximate for m in members),
        uncertain=any(m.uncertain for m in members),
        precision="set",
    )


# --- printed phrases ----------------------------------------------------------------------------

_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_MONTHS = {
    name: i
    for i, full in enumerate(MONTHS, start=1)
    for name in (full.lower(), full[:3].lower(), f"{full[:3].lower()}.")
} | {"sept": 9, "sept.": 9}
_DAYS = {
    name: i
    for i, full in enumerate(WEEKDAYS)
    for name in (full.lower(), full[:3].lower(), f"{full[:3].lower()}.")
}

_MONTH = "(?:" + "|".join(re.escape(m) for m in sorted(_MONTHS, key=len, reverse=True)) + ")"
_WEEKDAY = "(?:" + "|".join(re.escape(d) for d in sorted(_DAYS, key=len, reverse=True)) + ")"
_DAY = r"[0-3]?[0-9](?:st|nd|rd|th)?"
_NTH = r"[0-3]?[0-9](?:st|nd|rd|th)"
_YEAR = r"(?:,? (?P<year>(?:19|20)[0-9]{2}))"
_TO = r"(?: (?:to|until|through) | ?[-–] ?)"
_PART = r"(?P<part>early|mid|late|(?:the )?(?:beginning|middle|end) of)"
_WHICH = {
    "last": -1,
    "the previous": -1,
    "this": 0,
    "the current": 0,
    "next": 1,
    "the next": 1,
    "the following": 1,
}
_BESIDE = "(?P<which>" + "|".join(_WHICH) + ")"

_LEAD = re.compile(r"^(?:sometime|just|only|merely|around|about|like|on|in|at|during|from|of) ")
_OPEN_END = re.compile(
    r"^(?:(?:ever )?since|as (?:soon|early) as|starting|beginning|commencing) (?!of )"
)
_TAIL = re.compile(
    r"(?: \((?:[^()]*time[^()]*|[a-z]{3})\)|,? local time"
    r"|(?<!^this) (?:morning|afternoon|evening|night))$"
)

_Groups = dict[str, str | None]
_Read = Callable[[_Groups, date, Direction | None], Edtf | None]
_PHRASES: list[tuple[str, _Read]] = []


def _phrase(*patterns: str) -> Callable[[_Read], _Read]:
    """Registers what reads a phrase of one of these forms; the first that finds days is taken."""

    def keep(read: _Read) -> _Read:
        _PHRASES.extend((pattern, read) for pattern in patterns)
        return read

    return keep


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first asked for: most runs resolve no phrase."""
    return re.compile(pattern)


def _span(first: date | None, last: date | None, mark: str = "") -> Edtf | None:
    """The shortest text for the days from first to last, both counted."""
    if first is None or last is None or first > last:
        return None
    if first == last:
        return parse(f"{first}{mark}")
    if (first, last) == _unit(first, "month", 0):
        return parse(f"{first}"[:-3] + mark)
    if (first, last) == _unit(first, "year", 0):
        return parse(f"{first}"[:-6] + mark)
    return parse(f"{first}{mark}/{last}{mark}")


def _month(year: int, month: int) -> tuple[date, date]:
    """The days of a month; months below 1 or above 12 run into the years beside."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _unit(anchor: date, unit: str, offset: int) -> tuple[date, date]:
    """The day, week (from Monday), month or year that many of its kind from the anchor's."""
    if unit == "day":
        day = anchor + timedelta(days=offset)
        return day, day
    if unit == "week":
        monday = anchor - timedelta(days=anchor.weekday()) + timedelta(weeks=offset)
        return monday, monday + timedelta(days=6)
    if unit == "month":
        return _month(anchor.year, anchor.month + offset)
    return date(anchor.year + offset, 1, 1), date(anchor.year + offset, 12, 31)


def _third(first: date, last: date, part: str) -> Edtf | None:
    """Early, middle or late: the days 1-10, 11-20, 21-end of a month; four months of a year."""
    which = 0 if "early" in part or "beginning" in part else 1 if "mid" in part else 2
    if (first, last) == _unit(first, "year", 0):
        return parse(f"{first.year:04}-{which * 4 + 1:02}~/{first.year:04}-{which * 4 + 4:02}~")
    begin = first.replace(day=(1, 11, 21)[which])
    return _span(begin, last if which == 2 else first.replace(day=(10, 20)[which]), "~")


def _nearest(days: Iterable[date | None], anchor: date, direction: Direction | None) -> date | None:
    """The nearest day not after the anchor; with ``future``, the nearest not before it."""
    if direction == "future":
        return min((d for d in days if d and d >= anchor), default=None)
    return max((d for d in days if d and d <= anchor), default=None)


def _number(word: str | None) -> int:
    """A count in digits or words, also an ordinal."""
    digits = (word or "").rstrip("stndrh")
    return int(digits) if digits.isdigit() else (_NUMBERS | _ORDINALS)[word or ""]


def _day_in(year: int, month: int, day: str | None) -> date | None:
    """A day of a month, from its number as printed ("15th"); ``None`` if the month lacks it."""
    first, last = _month(year, month)
    number = _number(day)
    return first.replace(day=number) if 1 <= number <= last.day else None


def _dated(
    month: str | None, day: str | None, year: str | None, anchor: date, direction: Direction | None
) -> date | None:
    """A day from month and number, in the year given or in the nearest that fits."""
    number = _MONTHS[month or ""]
    if year:
        return _day_in(int(year), number, day)
    years = range(max(1, anchor.year - 8), anchor.year + 9)
    return _nearest((_day_in(y, number, day) for y in years), anchor, direction)


def _numbered(day: str | None, anchor: date, direction: Direction | None) -> date | None:
    """The nearest day of that number; not every month has it."""
    months = range(anchor.month - 2, anchor.month + 3)
    return _nearest((_day_in(anchor.year, m, day) for m in months), anchor, direction)


def _month_named(name: str, anchor: date, direction: Direction | None) -> tuple[date, date]:
    """The nearest such month that has begun by the anchor (with ``future``: is not over)."""
    this = _month(anchor.year, _MONTHS[name])
    if direction == "future":
        return this if this[1] >= anchor else _month(anchor.year + 1, _MONTHS[name])
    return this if this[0] <= anchor else _month(anchor.year - 1, _MONTHS[name])


@_phrase(
    r"(?P<shift>today|yesterday|tomorrow|the day before yesterday|the day after tomorrow"
    r"|the day before|the day after|the (?:same|very) day|that day|tonight"
    r"|(?:earlier|later) today|this (?:morning|afternoon|evening))"
)
def _days_beside(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    shift = {
        "the day before yesterday": -2,
        "yesterday": -1,
        "the day before": -1,
        "the day after": 1,
        "tomorrow": 1,
        "the day after tomorrow": 2,
    }.get(said["shift"] or "", 0)
    return _span(*_unit(anchor, "day", shift))


@_phrase(
    rf"{_BESIDE} (?P<unit>day|week|month|year)",
    r"the (?P<unit>week|month|year) (?P<far>before last|after next|before|after)",
)
def _units_beside(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    far = {"before last": -2, "before": -1, "after": 1, "after next": 2}
    offset = far[said["far"] or ""] if said.get("far") else _WHICH[said["which"] or ""]
    return _span(*_unit(anchor, said["unit"] or "", offset))


@_phrase(r"(?P<when>earlier|later) (?P<which>this|last|next) (?P<unit>week|month|year)")
def _earlier_or_later(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    first, last = _unit(anchor, said["unit"] or "", _WHICH[said["which"] or ""])
    if said["which"] == "this" and said["when"] == "earlier":
        last = max(first, anchor - timedelta(days=1))
    elif said["which"] == "this":
        first = min(last, anchor + timedelta(days=1))
    return _span(first, last)


@_phrase(
    rf"{_PART} (?P<which>this|last|next|the) (?P<unit>month|year)",
    rf"{_PART}[ -](?P<month>{_MONTH}){_YEAR}?",
    rf"{_PART}[ -]?{_YEAR}",
)
def _parts(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    part, year = said["part"] or "", said.get("year")
    if said.get("unit"):
        days = _unit(anchor, said["unit"] or "", _WHICH.get(said["which"] or "", 0))
    elif said.get("month") and year:
        days = _month(int(year), _MONTHS[said["month"] or ""])
    elif year:
        days = _unit(date(int(year), 1, 1), "year", 0)
    else:
        days = _month_named(said["month"] or "", anchor, direction)
    return _third(*days, part)


@_phrase(rf"(?:the )?(?P<day>{_NTH})", rf"(?:the )?(?P<day>{_NTH}) (?:day )?of {_BESIDE} month")
def _day_of_month(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    if said.get("which"):
        day = _day_in(anchor.year, anchor.month + _WHICH[said["which"] or ""], said["day"])
    else:
        day = _numbered(said["day"], anchor, direction)
    return _span(day, day)


@_phrase(
    rf"(?:the )?(?P<first>{_DAY}){_TO}(?:the )?(?P<last>{_NTH})(?: of {_BESIDE} month)?",
)
def _days_of_month(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    if said["which"]:
        last = _day_in(anchor.year, anchor.month + _WHICH[said["which"]], said["last"])
    else:
        last = _numbered(said["last"], anchor, direction)
    return _span(_day_in(last.year, last.month, said["first"]), last) if last else None


@_phrase(
    rf"(?P<month>{_MONTH}) (?P<day>{_DAY}){_YEAR}?",
    rf"(?P<day>{_DAY}) (?:of )?(?P<month>{_MONTH}){_YEAR}?",
)
def _day_in_words(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    day = _dated(said["month"], said["day"], said["year"], anchor, direction)
    return _span(day, day)


@_phrase(
    rf"(?P<month>{_MONTH}) (?P<first>{_DAY}){_TO}(?:(?P<until>{_MONTH}) )?(?P<last>{_DAY}){_YEAR}?"
)
def _days_in_words(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    month, until = said["month"] or "", said["until"] or said["month"] or ""
    last = _dated(until, said["last"], said["year"], anchor, direction)
    if last is None:
        return None
    turn = _MONTHS[month] > _MONTHS[until]
    return _span(_day_in(last.year - turn, _MONTHS[month], said["first"]), last)


@_phrase(rf"(?P<month>{_MONTH})(?: of)?{_YEAR}?", rf"(?P<month>{_MONTH}) (?:of )?{_BESIDE} year")
def _month_in_words(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    name = said["month"] or ""
    if said.get("which"):
        return _span(*_month(anchor.year + _WHICH[said["which"] or ""], _MONTHS[name]))
    if said["year"]:
        return _span(*_month(int(said["year"]), _MONTHS[name]))
    return _span(*_month_named(name, anchor, direction))


@_phrase(rf"(?P<which>last|this|next) (?P<month>{_MONTH})")
def _month_beside(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    number = _MONTHS[said["month"] or ""]
    turn = {"last": number >= anchor.month, "this": False, "next": number <= anchor.month}
    which = said["which"] or ""
    return _span(*_month(anchor.year + turn[which] * _WHICH[which], number))


@_phrase(_YEAR.removeprefix("(?:,? ").removesuffix(")"))
def _year_in_digits(said: _Groups, _anchor: date, _: Direction | None) -> Edtf | None:
    return parse(said["year"] or "")


@_phrase(
    rf"(?P<day>{_WEEKDAY}) (?:of )?(?P<which>last|this|next) week",
    rf"(?P<which>this) (?P<day>{_WEEKDAY})",
)
def _weekday_of_week(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    monday, _sunday = _unit(anchor, "week", _WHICH[said["which"] or ""])
    day = monday + timedelta(days=_DAYS[said["day"] or ""])
    return _span(day, day)


@_phrase(rf"(?P<day>{_WEEKDAY})")
def _weekday_near(said: _Groups, anchor: date, direction: Direction | None) -> Edtf | None:
    week = [anchor + timedelta(days=i) for i in range(-6, 7)]
    number = _DAYS[said["day"] or ""]
    day = _nearest((d for d in week if d.weekday() == number), anchor, direction)
    return _span(day, day)


@_phrase(rf"{_BESIDE} (?P<day>{_WEEKDAY})")
def _weekday_beside(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    """The first such day before or after; said in the same week, maybe the one beyond it."""
    sign, number = _WHICH[said["which"] or ""], _DAYS[said["day"] or ""]
    if not sign:
        return None
    near = next(d for i in range(1, 8) if (d := anchor + timedelta(i * sign)).weekday() == number)
    beyond = _unit(anchor, "week", sign)[0] + timedelta(days=number)
    first, last = sorted((near, beyond))
    return _span(near, near) if near == beyond else parse(f"[{first},{last}]")


@_phrase(
    rf"(?P<count>[0-9]{{1,3}}|{'|'.join(_NUMBERS)}) (?P<unit>day|week|month|year)s?"
    r" (?:(?P<back>ago|earlier|before|prior)|later|after|from now|hence)"
)
def _counted(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    unit = said["unit"] or ""
    count = -_number(said["count"]) if said["back"] else _number(said["count"])
    if unit == "week":
        day = anchor + timedelta(weeks=count)
        return _span(day, day, "~")
    return _span(*_unit(anchor, unit, count))


@_phrase(
    rf"(?:over|during) (?:the course of )?(?P<count>[0-9]{{1,2}}|{'|'.join(_NUMBERS)}) days",
    rf"(?:the )?(?:past|last) (?P<count>[0-9]{{1,2}}|{'|'.join(_NUMBERS)}) days",
)
def _days_up_to(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    """The days that end with the anchor."""
    return _span(anchor - timedelta(days=_number(said["count"]) - 1), anchor)


@_phrase(
    rf"(?:the )?(?P<count>[0-9]{{1,3}}(?:st|nd|rd|th)|{'|'.join(_ORDINALS)}) anniversary(?: of)?"
)
def _anniversary(said: _Groups, anchor: date, _: Direction | None) -> Edtf | None:
    """The year of what has its anniversary in the anchor's year."""
    return _span(*_unit(anchor, "year", -_number(said["count"])))


def readable(text: str) -> bool:
    """Whether :func:`parse` reads a text as a date."""
    try:
        parse(text)
    except DateError:
        return False
    return True


def resolve(phrase: str, anchor: date, direction: Direction | None = None) -> Edtf | None:
    """The days that a phrase as printed can mean, counted from the day ``anchor``.

    News tells of what has been: a week-day, a day of the month or a date without its year is the
    latest one not after the anchor, with ``direction="future"`` the first one not before it.
    Weeks run from Monday. "Next Tuesday" said before that week's Tuesday can mean either of two
    days: an EDTF one-of set. "Early", "mid-" and "late" are thirds (days 1-10, 11-20, 21-end of a
    month; four months of a year) and approximate; so is a count of weeks. Months and years that
    are counted are whole ones. "Since ..." and "as soon as ..." begin an interval with an open end.

    >>> resolve("Earlier last month", date(2020, 10, 16)).text
    '2020-09'
    >>> resolve("next Tuesday", date(2025, 12, 12)).text
    '2025-12-16'

    :returns: ``None`` where the phrase is not understood, or no such day exists
    """
    text = " ".join(phrase[:200].lower().split()).strip(" .,;:")
    text = re.sub(r"^[a-z]+day, (?=[a-z])", "", text)
    opened = _OPEN_END.match(text)
    text = _OPEN_END.sub("", text)
    found, before = None, None
    while found is None and before != text:
        before = text
        text = _TAIL.sub("", text).strip(" ,")
        found = _read(text, anchor, direction)
        text = _LEAD.sub("", text)
    if opened and found and found.earliest:
        begin = found.text.partition("/")[0]
        return parse(f"{found.earliest if found.precision == 'set' else begin}/..")
    return found


def _read(text: str, anchor: date, direction: Direction | None) -> Edtf | None:
    try:
        if re.match("[0-9]{4}-", text):
            return parse(text.upper())
        for pattern, read in _PHRASES:
            match = _compiled(pattern).fullmatch(text)
            found = match and read(match.groupdict(), anchor, direction)
            if found:
                return found
    except (DateError, ValueError, OverflowError):  # a day before year 1 or after 9999
        return None
    return None


# --- arithmetic ---------------------------------------------------------------------------------


def weekday(day: date) -> str:
    """The English name of a day's week-day."""
    return WEEKDAYS[day.weekday()]


def days_between(earlier: Edtf, later: Edtf) -> tuple[int, int] | None:
    """The least and the most days from one date to another; ``None`` where an end is open."""
    if not (earlier.earliest and earlier.latest and later.earliest and later.latest):
        return None
    return (later.earliest - earlier.latest).days, (later.latest - earlier.earliest).days


@dataclass(frozen=True)
class Gap:
    """A stated interval beside the exact one.

    ``least`` and ``most`` are in the stated unit, ``exact`` is the difference in words.
    """

    agrees: bool
    least: int
    most: int
    exact: str


_DURATION = re.compile(r"P([0-9]{1,4})([YMWD])")


def gap(duration: str, earlier: Edtf, later: Edtf) -> Gap | None:
    """Whether an interval such as ``P6D`` or ``P5Y`` agrees with two dates.

    Days are counted exactly. Weeks (from Monday), months and years are counted on the calendar, as
    "the first in five years" does: October 2016 to March 2021 is five calendar years, though 4
    years and 5 months exactly; ``exact`` tells.

    :returns: ``None`` where one of the dates has an open end
    :raises DateError: if the duration is not ``P`` number ``Y``, ``M``, ``W`` or ``D``
    """
    match = _DURATION.fullmatch(duration)
    if not match:
        raise DateError(f"“{duration}” is no interval; write P6D, P2W, P3M or P5Y")
    days = days_between(earlier, later)
    if days is None or not (
        earlier.earliest and earlier.latest and later.earliest and later.latest
    ):
        return None
    count, unit = int(match[1]), match[2]

    def number(day: date) -> int:
        if unit == "Y":
            return day.year
        if unit == "M":
            return day.year * 12 + day.month
        return day.toordinal() if unit == "D" else (day.toordinal() - 1) // 7

    least = number(later.earliest) - number(earlier.latest)
    most = number(later.latest) - number(earlier.earliest)
    low = _difference(earlier.latest, later.earliest)
    high = _difference(earlier.earliest, later.latest)
    exact = low if low == high else f"between {low} and {high}"
    return Gap(least <= count <= most, least, most, exact)


def _difference(a: date, b: date) -> str:
    """From a to b in years, months and days, or in days where it is less than a month."""
    if b < a:
        return f"minus {_difference(b, a)}"
    months = (b.year - a.year) * 12 + b.month - a.month
    if months and b.day < a.day:
        months -= 1
    if not months:
        return _plural((b - a).days, "day")
    first, last = _month(a.year, a.month + months)
    rest = (b - first.replace(day=min(a.day, last.day))).days
    parts = [(months // 12, "year"), (months % 12, "month"), (rest, "day")]
    return " ".join(_plural(n, unit) for n, unit in parts if n)


def _plural(n: int, unit: str) -> str:
    return f"{n} {unit}" + ("" if n == 1 else "s")
