from __future__ import annotations

import doctest
import re
import warnings
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alliance_graph import dates
from alliance_graph.dates import days_between, gap, parse, resolve, weekday
from alliance_graph.errors import DateError


def test_the_examples_hold() -> None:
    assert doctest.testmod(dates) == (0, 2)


# --- EDTF ---------------------------------------------------------------------------------------

DAYS_OF = {
    "2020": ("2020-01-01", "2020-12-31"),
    "2020-02": ("2020-02-01", "2020-02-29"),
    "2021-02": ("2021-02-01", "2021-02-28"),
    "2020-10-15": ("2020-10-15", "2020-10-15"),
    "2020-10-15?": ("2020-10-15", "2020-10-15"),
    "2020-10~": ("2020-10-01", "2020-10-31"),
    "2020%": ("2020-01-01", "2020-12-31"),
    "201X": ("2010-01-01", "2019-12-31"),
    "20XX": ("2000-01-01", "2099-12-31"),
    "2020-XX": ("2020-01-01", "2020-12-31"),
    "2020-1X": ("2020-10-01", "2020-12-31"),
    "2020-10-XX": ("2020-10-01", "2020-10-31"),
    "2020-10-1X": ("2020-10-10", "2020-10-19"),
    "2021-02-3X~": None,
    "2020-XX-XX": ("2020-01-01", "2020-12-31"),
    "2021-03-19T16:34+09:00": ("2021-03-19", "2021-03-19"),
    "2021-03-19T23:59:59Z": ("2021-03-19", "2021-03-19"),
    "2021-03-19T00:30:00-05:00": ("2021-03-19", "2021-03-19"),
    "2020-09-16/2020-09-20": ("2020-09-16", "2020-09-20"),
    "2020-09/2020-10-15": ("2020-09-01", "2020-10-15"),
    "2020-10-15/2020-10": ("2020-10-15", "2020-10-31"),
    "2021-02~/..": ("2021-02-01", None),
    "../2020": (None, "2020-12-31"),
    "/2020-10-15": (None, "2020-10-15"),
    "2020-10-15/": ("2020-10-15", None),
    "[2020-09-10,2020-10-10]": ("2020-09-10", "2020-10-10"),
    "[2020-09-10, 2020-10]": ("2020-09-10", "2020-10-31"),
    "[2020-09-10..2020-09-12]": ("2020-09-10", "2020-09-12"),
    "[..2020]": (None, "2020-12-31"),
    "[2016,2020..]": ("2016-01-01", None),
}


@pytest.mark.parametrize(("text", "days"), DAYS_OF.items())
def test_covers_its_days(text: str, days: tuple[str | None, str | None] | None) -> None:
    if days is None:
        with pytest.raises(DateError, match=r"has the days 01 to 28|no day fits"):
            parse(text)
        return
    found = parse(text)
    assert (_iso(found.earliest), _iso(found.latest)) == days
    assert found.text == text


def _iso(day: date | None) -> str | None:
    return str(day) if day else None


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("2020-02-30", "February 2020 has the days 01 to 29"),
        ("2020-13", "months run from 01 to 12"),
        ("0000", "years run from 0001"),
        ("2020-1-5", "write 2020-01-05"),
        ("2020/1/5", "parts|write"),
        ("20201015", "write 2020-10-15"),
        (" 2020", "leave out the spaces"),
        ("", "leave the field out"),
        ("~2020", "at the end"),
        ("2020?-10", "at the end"),
        ("2020-10-15/2020-10-01", "write 2020-10-01/2020-10-15"),
        ("2020/2019", "write 2019/2020"),
        ("../..", "leave the field out"),
        ("2019/2020/2021", "an interval has two"),
        ("{2019,2020}", "only one of several"),
        ("[]", "write one of several"),
        ("[2020", "write one of several"),
        ("[..]", "write"),
        ("2020-XX-15", "write 2020-XX"),
        ("2021-03-19T25:00", "write it as"),
        ("2021-03-19 16:34", "EDTF"),
        ("March 2021", "EDTF"),
        ("2021-03-19T16:34+25:00", "write it as"),
        ("٢٠٢٠", "EDTF"),
        ("2" * 300, "one EDTF date"),
    ],
)
def test_refuses_and_says_how_to_mend(text: str, mend: str) -> None:
    with pytest.raises(DateError, match=mend) as told:
        parse(text)
    assert "; " in str(told.value)


def test_knows_approximate_and_uncertain_without_widening() -> None:
    about, maybe, both = parse("2020-10~"), parse("2020-10?"), parse("2020-10%")
    assert (about.approximate, about.uncertain) == (True, False)
    assert (maybe.approximate, maybe.uncertain) == (False, True)
    assert (both.approximate, both.uncertain) == (True, True)
    assert {(d.earliest, d.latest) for d in (about, maybe, both)} == {
        (date(2020, 10, 1), date(2020, 10, 31))
    }


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("2020", "year"),
        ("2020-10", "month"),
        ("2020-10-15", "day"),
        ("2021-03-19T16:34+09:00", "time"),
        ("2020/..", "interval"),
        ("[2020,2021]", "set"),
    ],
)
def test_tells_its_precision(text: str, precision: str) -> None:
    assert parse(text).precision == precision


def test_overlap_and_within_know_open_ends() -> None:
    september, tenth, since = parse("2020-09"), parse("2020-09-10"), parse("2020-09-05/..")
    assert tenth.within(september)
    assert not september.within(tenth)
    assert tenth.within(since)
    assert not since.within(september)
    assert september.overlaps(since)
    assert not parse("2020-08").overlaps(since)
    assert parse("../2020-09-05").overlaps(since)


plain_days = st.dates(min_value=date(1, 1, 1), max_value=date(9999, 12, 31))
modern = st.dates(min_value=date(1900, 1, 1), max_value=date(2090, 12, 31))


@given(plain_days)
def test_a_day_covers_itself_in_its_month_in_its_year(day: date) -> None:
    text = day.isoformat()
    own, month, year = parse(text), parse(text[:7]), parse(text[:4])
    assert own.earliest == own.latest == day
    assert own.within(month)
    assert month.within(year)
    assert year.within(parse(text[:3] + "X"))


@given(plain_days, plain_days)
def test_an_interval_covers_both_ends_or_is_refused(a: date, b: date) -> None:
    if a > b:
        with pytest.raises(DateError, match="before it begins"):
            parse(f"{a}/{b}")
    else:
        found = parse(f"{a}/{b}")
        assert (found.earliest, found.latest) == (a, b)
    either = parse(f"[{a},{b}]")
    assert (either.earliest, either.latest) == (min(a, b), max(a, b))


@given(st.text(alphabet="0123456789X-/.?~%[],T:+Z ", max_size=30) | st.text(max_size=30))
@settings(max_examples=400)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except DateError:
        return
    if found.earliest and found.latest:
        assert found.earliest <= found.latest


def test_the_edtf_package_reads_the_same_days() -> None:
    """Oracle. Its `lower_fuzzy` widens ~ and ? by more than a year; the strict bounds do not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, from pyparsing
        edtf = pytest.importorskip("edtf")
        both = 0
        for text in DAYS_OF:
            if DAYS_OF[text] is None or re.search(r"T\d\d:\d\d[+Z]|\[|\dX-|\dX$", text):
                continue  # not read there: no seconds, one digit open; its sets have no bounds
            theirs, ours = edtf.parse_edtf(text), parse(text)
            low, high = theirs.lower_strict(), theirs.upper_strict()
            for day, bound in ((ours.earliest, low), (ours.latest, high)):
                if day is not None:
                    assert tuple(bound[:3]) == (day.year, day.month, day.day), text
                    both += 1
        assert both > 30


# --- printed phrases ----------------------------------------------------------------------------

ASIAE = date(2020, 10, 16)
KOREA_TIMES = date(2024, 12, 21)
NATION_PRESS = date(2025, 12, 12)
READOUT = date(2024, 2, 29)
HANKYOREH = date(2021, 3, 19)


@pytest.mark.parametrize(
    ("phrase", "anchor", "text"),
    [
        ("On the 15th (local time)", ASIAE, "2020-10-15"),
        ("on the 16th", ASIAE, "2020-10-16"),
        ("last month", ASIAE, "2020-09"),
        ("Earlier last month,", ASIAE, "2020-09"),
        ("On October 10th", ASIAE, "2020-10-10"),
        ("September 10th", ASIAE, "2020-09-10"),
        ("the 16th to the 20th of last month", ASIAE, "2020-09-16/2020-09-20"),
        ("the 16th of next month", ASIAE, "2020-11-16"),
        ("On the 13th", ASIAE, "2020-10-13"),
        ("the 31st", ASIAE, "2020-08-31"),
        ("Saturday", KOREA_TIMES, "2024-12-21"),
        ("On Thursday", KOREA_TIMES, "2024-12-19"),
        ("earlier this week", KOREA_TIMES, "2024-12-16/2024-12-20"),
        ("Oct. 31", KOREA_TIMES, "2024-10-31"),
        ("Dec. 6", KOREA_TIMES, "2024-12-06"),
        ("next week", NATION_PRESS, "2025-12-15/2025-12-21"),
        ("next Tuesday", NATION_PRESS, "2025-12-16"),
        ("on Monday", NATION_PRESS, "2025-12-08"),
        ("On December 9", NATION_PRESS, "2025-12-09"),
        ("Friday", NATION_PRESS, "2025-12-12"),
        ("commencing next year", NATION_PRESS, "2026/.."),
        ("as soon as next week", NATION_PRESS, "2025-12-15/.."),
        ("next year", NATION_PRESS, "2026"),
        ("on February 28, local time", READOUT, "2024-02-28"),
        ("on February 22", READOUT, "2024-02-22"),
        ("last year", READOUT, "2023"),
        ("this year", READOUT, "2024"),
        ("since early this year", READOUT, "2024-01~/.."),
        ("in Oct. 2016", HANKYOREH, "2016-10"),
        ("Thursday", HANKYOREH, "2021-03-18"),
        ("yesterday", HANKYOREH, "2021-03-18"),
        ("since mid-February", HANKYOREH, "2021-02-11~/.."),
        ("the previous day", date(2021, 3, 18), "2021-03-17"),
        ("Like the previous day", date(2021, 3, 18), "2021-03-17"),
        ("over the course of two days", date(2021, 3, 18), "2021-03-17/2021-03-18"),
        ("tenth anniversary", READOUT, "2014"),
        ("the 70th anniversary of", date(2023, 10, 1), "1953"),
        ("for months", NATION_PRESS, None),
        ("first meeting in five years", HANKYOREH, None),
    ],
)
def test_phrases_of_the_five_articles(phrase: str, anchor: date, text: str | None) -> None:
    found = resolve(phrase, anchor)
    assert (found and found.text) == text


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("today", "2021-03-19"),
        ("this morning", "2021-03-19"),
        ("Thursday afternoon", "2021-03-18"),
        ("tomorrow", "2021-03-20"),
        ("the day before yesterday", "2021-03-17"),
        ("the following day", "2021-03-20"),
        ("the next day", "2021-03-20"),
        ("the week before last", "2021-03-01/2021-03-07"),
        ("last week", "2021-03-08/2021-03-14"),
        ("this week", "2021-03-15/2021-03-21"),
        ("Monday of last week", "2021-03-08"),
        ("Monday last week", "2021-03-08"),
        ("this Sunday", "2021-03-21"),
        ("last Monday", "[2021-03-08,2021-03-15]"),
        ("last Saturday", "2021-03-13"),
        ("next Saturday", "[2021-03-20,2021-03-27]"),
        ("Wed.", "2021-03-17"),
        ("Monday, March 15", "2021-03-15"),
        ("the end of the year", "2021-09~/2021-12~"),
        ("late last month", "2021-02-21~/2021-02-28~"),
        ("early 2020", "2020-01~/2020-04~"),
        ("mid-May 2020", "2020-05-11~/2020-05-20~"),
        ("the middle of May 2020", "2020-05-11~/2020-05-20~"),
        ("10 days before", "2021-03-09"),
        ("six days after", "2021-03-25"),
        ("two weeks ago", "2021-03-05~"),
        ("three months ago", "2020-12"),
        ("five years ago", "2016"),
        ("December", "2020-12"),
        ("March", "2021-03"),
        ("last March", "2020-03"),
        ("next March", "2022-03"),
        ("December last year", "2020-12"),
        ("December of last year", "2020-12"),
        ("December 9, 2025", "2025-12-09"),
        ("9 December 2025", "2025-12-09"),
        ("the 3rd", "2021-03-03"),
        ("March 17-18", "2021-03-17/2021-03-18"),
        ("from Dec. 30 to Jan. 2", "2020-12-30/2021-01-02"),
        ("from December 2020", "2020-12"),
        ("later this year", "2021-03-20/2021-12-31"),
        ("later this month", "2021-03-20/2021-03-31"),
        ("2016", "2016"),
        ("in 2016", "2016"),
        ("2021-03-18", "2021-03-18"),
        ("since 2016", "2016/.."),
        ("since last Monday", "2021-03-08/.."),
        ("the 40th", None),
        ("February 30", None),
        ("a b c", None),
        ("", None),
        ("the 20th to the 16th of last month", None),
    ],
)
def test_other_phrases_counted_from_a_friday_in_march(phrase: str, text: str | None) -> None:
    found = resolve(phrase, HANKYOREH)
    assert (found and found.text) == text


@pytest.mark.parametrize(
    ("phrase", "anchor", "past", "future"),
    [
        ("Jan. 20", KOREA_TIMES, "2024-01-20", "2025-01-20"),
        ("November", ASIAE, "2019-11", "2020-11"),
        ("Monday", NATION_PRESS, "2025-12-08", "2025-12-15"),
        ("the 20th", ASIAE, "2020-09-20", "2020-10-20"),
        ("February 29", HANKYOREH, "2020-02-29", "2024-02-29"),
    ],
)
def test_direction(phrase: str, anchor: date, past: str, future: str) -> None:
    found = [resolve(phrase, anchor, d) for d in (None, "past", "future")]
    assert [f and f.text for f in found] == [past, past, future]


@pytest.mark.parametrize(
    "anchor", [date(1, 1, 1), date(9999, 12, 31), date(2020, 2, 29), date(2021, 1, 1)]
)
def test_the_edges_of_the_calendar_hold(anchor: date) -> None:
    for phrase in (
        "last year",
        "next week",
        "yesterday",
        "tomorrow",
        "twelve years ago",
        "the 31st",
    ):
        found = resolve(phrase, anchor)
        assert found is None or parse(found.text) == found


@given(modern, st.sampled_from(dates.WEEKDAYS))
def test_a_weekday_is_the_latest_or_the_first_one(anchor: date, name: str) -> None:
    past, future = resolve(name, anchor), resolve(f"on {name.upper()}", anchor, "future")
    assert past
    assert past.latest
    assert 0 <= (anchor - past.latest).days < 7
    assert weekday(past.latest) == name
    assert future
    assert future.earliest
    assert 0 <= (future.earliest - anchor).days < 7
    assert weekday(future.earliest) == name


@given(modern, st.sampled_from(["day", "week", "month", "year"]))
def test_last_this_and_next_lie_side_by_side(anchor: date, unit: str) -> None:
    last, this, then = (resolve(f"{w} {unit}", anchor) for w in ("last", "this", "next"))
    assert last
    assert this
    assert then
    assert this.earliest <= anchor <= this.latest  # type: ignore[operator]  # both ends are known
    assert days_between(last, this) is not None
    assert last.latest + timedelta(1) == this.earliest  # type: ignore[operator]  # as above
    assert this.latest + timedelta(1) == then.earliest  # type: ignore[operator]  # as above


@given(
    modern,
    modern,
    st.sampled_from(["{m} {d}, {y}", "{d} {m} {y}", "{m3}. {d}, {y}", "on {m} {d}th, {y}"]),
)
def test_a_full_date_in_words_needs_no_anchor(day: date, anchor: date, form: str) -> None:
    month = dates.MONTHS[day.month - 1]
    phrase = form.format(m=month, m3=month[:3], d=day.day, y=day.year)
    found = resolve(phrase, anchor)
    assert found
    assert found.text == str(day)


@given(st.text(max_size=60), modern)
def test_no_phrase_breaks_it(phrase: str, anchor: date) -> None:
    found = resolve(phrase, anchor)
    assert found is None or parse(found.text) == found


def test_a_long_phrase_is_not_understood() -> None:
    for bad in ("the " * 5000, "on " * 5000, "1" * 9000, "a" * 9000 + " (local time)" * 900):
        assert resolve(bad, ASIAE) is None


# --- intervals ----------------------------------------------------------------------------------


def test_six_days_after() -> None:
    found = gap("P6D", parse("2024-02-22"), parse("2024-02-28"))
    assert found
    assert found.agrees
    assert found.exact == "6 days"


def test_five_years_are_counted_on_the_calendar_and_told_exactly() -> None:
    found = gap("P5Y", parse("2016-10-19"), parse("2021-03-18"))
    assert found
    assert (found.agrees, found.least, found.most) == (True, 5, 5)
    assert found.exact == "4 years 4 months 27 days"
    month = gap("P5Y", parse("2016-10"), parse("2021-03-18"))
    assert month
    assert month.exact == "between 4 years 4 months 18 days and 4 years 5 months 17 days"


def test_a_gap_that_disagrees() -> None:
    found = gap("P10D", parse("2024-02-22"), parse("2024-02-28"))
    assert found
    assert not found.agrees
    assert (found.least, found.most) == (6, 6)
    back = gap("P6D", parse("2024-02-28"), parse("2024-02-22"))
    assert back
    assert not back.agrees
    assert back.exact == "minus 6 days"


@pytest.mark.parametrize(
    ("duration", "a", "b", "agrees"),
    [
        ("P2W", "2021-03-05", "2021-03-15", True),
        ("P1W", "2021-03-05", "2021-03-15", False),
        ("P1M", "2020-09-30", "2020-10-01", True),
        ("P1Y", "2020-12-31", "2021-01-01", True),
        ("P70Y", "1953-10", "2023-10-01", True),
        ("P0D", "2021-03-18", "2021-03-18", True),
    ],
)
def test_gaps_by_unit(duration: str, a: str, b: str, agrees: bool) -> None:
    found = gap(duration, parse(a), parse(b))
    assert found
    assert found.agrees is agrees


def test_an_open_end_has_no_gap() -> None:
    assert gap("P6D", parse("../2020"), parse("2021")) is None
    assert days_between(parse("2020/.."), parse("2021")) is None


@pytest.mark.parametrize("bad", ["6 days", "P6", "P6H", "PT6H", "P-6D", "P1Y2M", ""])
def test_other_intervals_are_refused(bad: str) -> None:
    with pytest.raises(DateError, match="write P6D"):
        gap(bad, parse("2020"), parse("2021"))


@given(plain_days, st.integers(0, 3000))
def test_a_gap_of_days_counts_days(day: date, count: int) -> None:
    assume(day.toordinal() + count <= date.max.toordinal())
    later = day + timedelta(days=count)
    found = gap(f"P{count}D", parse(str(day)), parse(str(later)))
    assert found
    assert found.agrees
    assert days_between(parse(str(day)), parse(str(later))) == (count, count)


@given(plain_days, plain_days)
def test_the_exact_difference_adds_up(a: date, b: date) -> None:
    """Years, months and days from the earlier day lead to the later one."""
    assume(a <= b)
    found = gap("P1D", parse(str(a)), parse(str(b)))
    assert found
    numbers = {unit[:3]: int(n) for n, unit in re.findall(r"(\d+) (\w+)", found.exact)}
    months = a.year * 12 + a.month - 1 + numbers.get("yea", 0) * 12 + numbers.get("mon", 0)
    start = date(months // 12, months % 12 + 1, 1)
    after = start + timedelta(days=32)
    last = (after.replace(day=1) - timedelta(days=1)).day if start < date(9999, 12, 1) else 31
    assert start.replace(day=min(a.day, last)) + timedelta(days=numbers.get("day", 0)) == b
