"""Made-up years of diplomacy in the shape of real ones, for measuring; nobody in them has a name.

Seeded: the same numbers give the same bytes. A *fact* is one claim, and a year has 120 articles of
some 84 claims each, so 10,000 facts a year:

* eight countries, of which the first two are allies; each has ten institutions and 30 offices, six
  levels of five portfolios; each office changes hands every second year, and who leaves does not
  come back: 120 new persons a year, whose names are numbers ("#00042");
* 40 channels, of four topics each, told of by one article in four;
* an article has ten blocks with digests, prints names, shows people in office, tells of five
  encounters (two to six participants, one day, place, mode, two topics; half of them in a channel)
  and of a visit, statements, a stance, a promise, a document. One encounter in ten is only planned,
  one in 25 has two dates of which one is preferred, one in seven was told by another article before.

``python -m tests.bench.synthetic FOLDER FACTS`` writes one.
"""

from __future__ import annotations

import random
import sys
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

FACTS_A_YEAR = 10_000
ARTICLES_A_YEAR = 120
FIRST_YEAR = 1900
COUNTRIES = ("aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh")
PORTFOLIOS = ("leadership", "foreign-affairs", "defence", "national-security", "energy")
LEVELS = (
    "head-of-state-or-government",
    "minister",
    "vice-minister",
    "deputy-minister",
    "director-general",
    "director",
)
TERM = 2
"""Years for which an office is held."""
PAPERS = 12
TOPICS = 120
CHANNELS = 40
_SETTINGS = ("meeting", "talks", "consultation", "call")
_POSITIONS = ("supports", "seeks", "reaffirms", "cautious", "welcomes")


def write(root: Path, facts: int, seed: int = 2026, countries: int = len(COUNTRIES)) -> int:
    """A folder of about so many facts; returns how many article files it has."""
    years = max(1, round(facts / FACTS_A_YEAR))
    articles = max(1, round(facts * ARTICLES_A_YEAR / FACTS_A_YEAR))
    for folder, name, text in _identities(years, COUNTRIES[:countries]):
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / f"{name}.yaml").write_text(text, "utf-8")
    (root / "articles").mkdir(exist_ok=True)
    chance = random.Random(seed)  # a reproducible set, no secret
    told: list[tuple[str, str]] = []
    for number in range(articles):
        name, text = _article(number, years, articles, countries, chance, told)
        (root / "articles" / f"{name}.yaml").write_text(text, "utf-8")
    return articles


def _identities(years: int, countries: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for i, c in enumerate(countries):
        ally = f"party_of_alliance: true\nside: {i + 1}\n" if i < 2 else ""
        yield "countries", c, f"id: {c}\nlabel: Country {c.upper()}\n{ally}"
        yield (
            "places",
            f"{c}-capital",
            f"id: {c}-capital\nlabel: Capital of {c.upper()}\nkind: city\ncountry: {c}\n",
        )
        for k, portfolio in enumerate(PORTFOLIOS):
            kind = "presidency" if k == 0 else "ministry"
            yield (
                "institutions",
                f"{c}-{portfolio}",
                f"id: {c}-{portfolio}\nlabel: {c.upper()} body for {portfolio}\nkind: {kind}\ncountry: {c}\n",
            )
            for level in range(len(LEVELS)):
                name = _office(c, k, level)
                yield (
                    "offices",
                    name,
                    f"id: {name}\nlabel: Office {c.upper()} {k}.{level}\ninstitution: {c}-{portfolio}\n"
                    f"country: {c}\nlevel: {LEVELS[level]}\nlevel_basis: convention\nportfolio: {portfolio}\n",
                )
    for i in range(PAPERS):
        country = countries[i % len(countries)]
        yield (
            "institutions",
            f"paper-{i}",
            f"id: paper-{i}\nlabel: Newspaper {i}\nkind: newspaper\ncountry: {country}\n",
        )
    for i in range(TOPICS):
        broader = f"broader: topic-{i % 12}\n" if i >= 12 else ""
        yield "topics", f"topic-{i}", f"id: topic-{i}\nlabel: Topic {i}\n{broader}"
    for i in range(CHANNELS):
        kind = ("consultative-body", "meeting-series", "contact-route")[i % 3]
        yield "channels", f"channel-{i}", f"id: channel-{i}\nlabel: Channel {i}\nkind: {kind}\n"
    offices = len(COUNTRIES) * len(PORTFOLIOS) * len(LEVELS)
    seats = len(PORTFOLIOS) * len(LEVELS)
    for number in range(offices * ((years + TERM - 1) // TERM)):
        if number % offices // seats >= len(countries):
            continue
        country = countries[number % offices // seats]
        name = f"p{number:05}"
        yield "people", name, f"id: {name}\nlabel: {_label(name)}\ncountry: {country}\n"


def _label(person: str) -> str:
    return f'"#{person[1:]}"'  # no letters: nothing that could be taken for a name


def _office(country: str, portfolio: int, level: int) -> str:
    return f"{country}-{PORTFOLIOS[portfolio]}-{level}"


def _holder(country: int, portfolio: int, level: int, year: int) -> str:
    a_country = len(PORTFOLIOS) * len(LEVELS)
    offices = len(COUNTRIES) * a_country
    seat = country * a_country + portfolio * len(LEVELS) + level
    return f"p{year // TERM * offices + seat:05}"


def _article(
    number: int,
    years: int,
    articles: int,
    countries: int,
    chance: random.Random,
    told: list[tuple[str, str]],
) -> tuple[str, str]:
    a = f"a{number:06}"
    days = number * years * 365 // articles
    year, day_of_year = divmod(days, 365)
    published = date(FIRST_YEAR + year, 1, 1) + timedelta(day_of_year)

    def digest() -> str:
        return f"a{chance.getrandbits(60):015x}"  # a letter first: never read as a number

    def seen(p: int) -> str:
        first = chance.randrange(1, 60)
        words = f"{first}-{first + chance.randrange(8, 30)}"
        named = f"a{zlib.crc32(f'{a} {p} {words}'.encode()):015x}"  # of one passage always the same
        return f"{{p: {p}, words: {words}, digest: {named}}}"

    def seat(side: int) -> tuple[int, int, int]:
        return side, chance.randrange(len(PORTFOLIOS)), chance.randrange(len(LEVELS))

    here = chance.randrange(2)
    there = 1 - here if chance.random() < 0.7 else chance.randrange(2, countries)
    people: dict[str, tuple[int, int, int]] = {}

    def somebody(side: int) -> tuple[str, str]:
        at = seat(side)
        who = _holder(*at, year)
        people[who] = at
        return who, _office(COUNTRIES[at[0]], at[1], at[2])

    encounters: list[str] = []
    fresh: list[str] = []
    for n in range(5):
        day = published - timedelta(chance.randrange(1, 20))
        if day.year != published.year:
            day = published
        again = told and n == 0 and chance.random() < 0.7
        planned = not again and chance.random() < 0.1
        if again:
            name, when = chance.choice(told[-200:])
        else:
            name, when = f"{a}-e{n}", str(day)
            if planned:
                when = str(published + timedelta(chance.randrange(1, 30)))
            else:
                fresh.append(name)
                if n == 1:
                    told.append((name, when))
        lines = [f"- id: {name}\n  label: Encounter {name}\n  kind: {chance.choice(_SETTINGS)}"]
        if again or n == 1:  # the setting is that of the first account
            lines = [f"- id: {name}\n  label: Encounter {name}\n  kind: meeting"]
        if chance.random() < 0.5 and not again:
            lines.append(f"  channel: channel-{chance.randrange(CHANNELS)}")
        if not again:
            lines.append("  mode: in-person")
            lines.append(f"  place: {COUNTRIES[chance.choice((here, there))]}-capital")
        if chance.random() < 0.04 and not planned and not again:
            other = day - timedelta(1)
            lines.append(
                f"  date:\n  - {{is: {when}, date_basis: stated, rank: preferred, because: official-account}}\n"
                f"  - {{is: {other}, rank: deprecated, because: later-account}}"
            )
        else:
            lines.append(f"  date: {{is: {when}, date_basis: stated}}")
        if not again:
            lines.append("  participants:")
            same = chance.randrange(len(PORTFOLIOS)), chance.randrange(len(LEVELS))
            for side in (here, there):  # counterparts first, then others of either side
                at = (side, *same)
                people[_holder(*at, year)] = at
                office = _office(COUNTRIES[side], *same)
                lines.append(f"  - {{person: {_holder(*at, year)}, in: {office}}}")
            for _ in range(chance.randrange(0, 5)):
                who, office = somebody(chance.choice((here, there)))
                line = f"  - {{person: {who}, in: {office}}}"
                if line not in lines:
                    lines.append(line)
        topics = chance.sample(range(TOPICS), 2)
        lines.append(f"  discussed: [topic-{topics[0]}, topic-{topics[1]}]")
        if planned:
            lines.append("  modality: planned")
        lines.append(f"  evidence: {seen(n + 1)}")
        encounters.append("\n".join(lines))
    names = "\n".join(
        f"- {{printed: {_label(who)}, of: {who}, evidence: {seen(6)}}}" for who in list(people)[:4]
    )
    tenures = "\n".join(
        f"- person: {who}\n  post: {_office(COUNTRIES[at[0]], at[1], at[2])}\n"
        f"  attested: {{is: {published}, date_basis: stated}}\n  evidence: {seen(7)}"
        for who, at in list(people.items())[:5]
    )
    speaker = next(iter(people))
    sections = [
        f"id: {a}\nkind: news-article\nheadline: Article {number} of year {year}\n"
        f"publisher: paper-{number % PAPERS}\nurl: https://news.example/{a}\n"
        f"published: {{is: {published}, date_basis: stated, evidence: {seen(1)}}}\n"
        f"anchor: {published}\ntext_digest: {digest()}\nblocks:",
        "\n".join(
            f"- {{block: body, p: {p}, words: {chance.randrange(90, 140)}, digest: {digest()}}}"
            for p in range(1, 11)
        ),
        f"names:\n{names}",
        f"tenures:\n{tenures}",
    ]
    if number % 4 == 0:
        channel = chance.randrange(CHANNELS)
        sections.append(
            f"channels:\n- channel: channel-{channel}\n  level: {LEVELS[channel % 5]}\n"
            f"  party: [aa, bb]\n  evidence: {seen(8)}"
        )
    sections.append("encounters:\n" + "\n".join(encounters))
    if number % 3 == 0:
        sections.append(
            f"visits:\n- id: {a}-v\n  label: Visit {a}\n  travellers:\n  - {{person: {speaker}}}\n"
            f"  host: {COUNTRIES[there]}\n  place: {COUNTRIES[there]}-capital\n"
            f"  date: {{is: {published}, date_basis: stated}}\n  evidence: {seen(8)}"
        )
    if number % 2 == 0 and fresh:
        sections.append(
            f"documents:\n- id: {a}-d\n  label: Document {a}\n  kind: joint-statement\n"
            f"  issued_by: [{COUNTRIES[here]}, {COUNTRIES[there]}]\n"
            f"  date: {{is: {published}, date_basis: stated}}\n  outcome_of: {fresh[-1]}\n"
            f"  refers_to: topic-{chance.randrange(TOPICS)}\n  evidence: {seen(9)}"
        )
    if fresh:
        sections.append(
            f"commitments:\n- id: {a}-c\n  label: Promise {a}\n  kind: plan\n"
            f"  content: To go on with topic {chance.randrange(TOPICS)}\n"
            f"  party: [{COUNTRIES[here]}, {COUNTRIES[there]}]\n  made_at: {fresh[-1]}\n"
            f"  state: open\n  evidence: {seen(9)}"
        )
    sections.append(
        f"statements:\n- id: {a}-s\n  label: Statement {a}\n  actor: {speaker}\n"
        f"  about: topic-{chance.randrange(TOPICS)}\n  date: {{is: {published}, date_basis: stated}}\n"
        f"  evidence: {seen(10)}"
    )
    sections.append(
        f"stances:\n- id: {a}-p\n  label: Stance {a}\n  actor: {COUNTRIES[here]}\n"
        f"  topic: topic-{chance.randrange(TOPICS)}\n  position: {chance.choice(_POSITIONS)}\n"
        f"  evidence:\n  - {seen(8)}\n  - {seen(9)}"
    )
    return a, "\n".join(sections) + "\n"


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])), "articles")
