"""A day: who is attested in which office, which channels are alive, what is planned and promised.

Two times are kept apart: the day asked for (*valid on*, the events' own dates) and the day up to
which publications count (*known by*). Nobody is said to hold an office between two attestations:
each is given with its distance from the day, and what lies farther away than a window of days is
only counted in the text. Where a source knows a span of days and not the day, *maybe* is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date as Day
from typing import TYPE_CHECKING, Any

from alliance_graph import why
from alliance_graph.steps import days_from
from alliance_graph.store import select
from alliance_graph.tables import ABSENCE, clean, plain, short
from alliance_graph.vocabulary import ALLY
from alliance_graph.why import Claim, Line, Section, Source, spoken

if TYPE_CHECKING:
    from alliance_graph.store import Store, Term

Row = dict[str, "Term"]

WINDOW = 400
"""Days before and after the day asked for, beyond which the text only counts: a year and a bit."""


@dataclass(frozen=True)
class Snapshot:
    """What these sources tell of one day.

    >>> import alliance_graph as ag
    >>> day = ag.open().at("2021-03-18", known_by="2021-03-19")
    >>> len(day.articles)
    2
    """

    date: Day
    known_by: Day | None
    articles: tuple[str, ...]
    """Ids of the articles that were taken into account."""
    sections: tuple[Section, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        >>> import alliance_graph as ag
        >>> ag.open().at("2021-03-18").as_dict()["valid_on"]
        '2021-03-18'
        """
        return {
            "valid_on": self.date.isoformat(),
            "known_by": self.known_by.isoformat() if self.known_by else None,
            "articles": list(self.articles),
            "absence": f"what is not listed is {ABSENCE}",
            "sections": [s.as_dict() for s in self.sections],
        }

    def text(self, width: int = 100, everything: bool = False) -> str:
        """The day for a terminal, each line followed by its sources.

        With ``everything`` also the lines that lie outside the window of days.

        >>> import alliance_graph as ag
        >>> "Moon Jae-in" in ag.open().at("2021-03-18").text()
        True
        """
        known = f", as known by {self.known_by}" if self.known_by else ""
        count = len(self.articles)
        out = [f"{self.date}{known}  ({count} article{'s' if count != 1 else ''})"]
        for section in self.sections:
            out += ["", section.title, *section.text_lines(width, everything)]
        out += ["", f"What is not listed is {ABSENCE}."]
        return "\n".join(out) + "\n"

    def _repr_html_(self) -> str:
        from alliance_graph import html

        known = f"as known by {self.known_by}, " if self.known_by else ""
        count = len(self.articles)
        title = html.title(str(self.date), f"{known}{count} article{'s' if count != 1 else ''}")
        foot = html.soft(f"What is not listed is {ABSENCE}.")
        return html.block(title, *(s.html() for s in self.sections), foot)


@dataclass(frozen=True)
class _Dated:
    """A value with the span of days it is attested for, and the claims that say so."""

    what: str
    first: Day | None
    last: Day | None
    text: str
    claims: tuple[str, ...] = ()
    extra: str = ""

    def days(self, day: Day) -> int | None:
        """Days from ``day`` to the span: 0 in it; None where it has no end that one could count."""
        return days_from(day, self.first or self.last, self.last or self.first)

    def distance(self, day: Day) -> str:
        """How far the span is from ``day``, in words."""
        days = self.days(day)
        if days is None:
            return "no day that one could count from"
        if days == 0:
            return "on that day" if self.first == self.last else "that day lies within"
        return f"{abs(days)} day{'s' if abs(days) != 1 else ''} {'before' if days < 0 else 'after'}"


def at(
    store: Store, day: Day, known_by: Day | None = None, window: int | None = WINDOW
) -> Snapshot:
    """What is attested around ``day`` by articles published up to ``known_by`` (default: all).

    What lies more than ``window`` days away (None: no limit) is marked as far: it is in the
    snapshot, but its text only counts it.
    """
    return _Day(store, day, known_by, window).snapshot()


class _Day:
    def __init__(
        self, store: Store, day: Day, known_by: Day | None, window: int | None = WINDOW
    ) -> None:
        self.store = store
        self.day = day
        self.known_by = known_by
        self.window = window
        self.articles: dict[str, Day] = {}
        for row in select(
            store,
            """SELECT DISTINCT ?article ?published WHERE {
                 ?article a ally:Article ; schema:datePublished ?published
               } ORDER BY ?published ?article""",
        ):
            published = plain(row["published"])
            if isinstance(published, Day) and (known_by is None or published <= known_by):
                self.articles[row["article"].value] = published
        self._claims: dict[str, Claim] = {}

    def snapshot(self) -> Snapshot:
        on, maybe = self.events()
        planned, later = self.plans()
        sections = (
            Section("On that day", on),
            Section("Maybe on that day: the day is one of several", maybe),
            self.offices(),
            Section("Channels", self.channels()),
            Section("Planned, by reports up to that day", planned),
            later,
            Section("Promises not known to be fulfilled", self.promises()),
            self.records(),
        )
        seldom = (sections[1], later, sections[-1])
        filled = tuple(
            s if s.lines else replace(s, lines=(Line(ABSENCE, "absent"),))
            for s in sections
            if s.lines or s not in seldom
        )
        return Snapshot(self.day, self.known_by, tuple(map(short, self.articles)), filled)

    # the material

    def rows(self, pattern: str, *columns: str) -> list[Row]:
        """Rows of a pattern in which every ``?article…`` was published in time."""
        names = " ".join(f"?{c}" for c in columns)
        text = f"SELECT DISTINCT {names} WHERE {{ {pattern} }} ORDER BY {names}"
        return [
            row
            for row in select(self.store, text)
            if all(
                row[c].value in self.articles
                for c in columns
                if c.startswith("article") and c in row
            )
        ]

    def span(self, row: Row) -> tuple[Day | None, Day | None]:
        def day(name: str) -> Day | None:
            found = plain(row[name]) if name in row else None
            return found if isinstance(found, Day) else None

        return day("first"), day("last")

    def sources(self, claims: Iterable[str]) -> tuple[Source, ...]:
        """Where claims (IRIs) stand, as far as published in time."""
        asked = sorted(set(claims))
        missing = [c for c in asked if c not in self._claims]
        for claim in why.claims(self.store, missing, of="self"):
            self._claims[claim.iri] = claim
        known = set(map(short, self.articles))
        found = (s for c in asked if c in self._claims for s in self._claims[c].sources)
        return tuple(dict.fromkeys(s for s in found if not s.article or s.article in known))

    def best(self, found: list[Row], *key: str) -> dict[tuple[str, ...], list[Row]]:
        """Rows by key: of several dates of one thing the preferred ones, if there are any."""
        by: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in found:
            by[tuple(row[k].value if k in row else "" for k in key)].append(row)
        for rows in by.values():
            preferred = [r for r in rows if "rank" in r and short(r["rank"].value) == "preferred"]
            if preferred:
                rows[:] = preferred
        return by

    def is_far(self, days: int | None) -> bool:
        return days is not None and self.window is not None and abs(days) > self.window

    # what there is

    def events(self) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
        """Encounters, visits and background events on the day, and those that may be."""
        pattern = """VALUES ?class { ally:Encounter ally:Visit ally:ContextEvent }
            ?event a ?class .
            ?is rdf:subject ?event ; rdf:predicate rdf:type ; ally:inArticle ?article .
            ?claim rdf:subject ?event ; rdf:predicate ally:date ; rdf:object ?date ;
              ally:rank ?rank ; ally:inArticle ?articleOfDate ;
              ally:polarity <https://w3id.org/alliance-graph/vocabulary/polarity/asserted> .
            FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
            OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }"""
        columns = ("event", "class", "is", "article", "claim", "date", "rank", "articleOfDate")
        by = self.best(self.rows(pattern, *columns, "first", "last"), "event")
        names = why.names_of(self.store, (k[0] for k in by))
        lines: dict[bool, list[tuple[str, Line]]] = {True: [], False: []}
        for (event,), rows in by.items():
            here = [r for r in rows if _Dated(event, *self.span(r), "").days(self.day) == 0]
            if not here:
                continue
            sure = len(here) == len(rows) and all(map(self.takes_in, here))
            days = ", ".join(dict.fromkeys(r["date"].value for r in rows))
            kind = spoken(rows[0]["class"].value)
            sources = self.sources(r[c].value for r in rows for c in ("is", "claim"))
            lines[sure].append((days, Line(f"{days} · {names[event]} ({kind})", "", sources)))
        on, maybe = (
            tuple(x for _, x in sorted(lines[s], key=lambda x: (len(x[0]), x[0], x[1].text)))
            for s in (True, False)
        )
        return on, maybe

    def takes_in(self, row: Row) -> bool:
        """Whether a date that has the day in its span says that it was on this day.

        An interval lasts over all its days; a month, or one of several days, leaves the day open.
        """
        first, last = self.span(row)
        return first == last or ("/" in row["date"].value and first is not None)

    def records(self) -> Section:
        """What official records hold of the day, where a build has some.

        A record has no day of publication: of a day as known by another none is shown.
        """
        pattern = f"""?claim rdf:subject ?thing ; rdf:predicate ?dated ; rdf:object ?date ;
              ally:evidence ?record ; ally:earliest ?first ; ally:latest ?last .
            ?record ally:recordFile ?file .
            FILTER(?dated IN (ally:date, ally:attestedOn))
            FILTER(?first <= "{self.day}"^^xsd:date && ?last >= "{self.day}"^^xsd:date)
            ?thing a ?class .
            FILTER(?class IN (ally:Encounter, ally:Visit, ally:Tenure))
            OPTIONAL {{ ?thing org:member ?person ; ally:post ?post }}"""
        columns = ("thing", "class", "claim", "date", "first", "last", "person", "post")
        found = [] if self.known_by else self.rows(pattern, *columns)
        named = (row[c].value for row in found for c in ("thing", "person", "post") if c in row)
        names = why.names_of(self.store, named)
        claims: dict[tuple[bool, str], set[str]] = defaultdict(set)
        for row in found:
            thing, date = row["thing"].value, row["date"].value
            if "post" in row:
                text = f"{names[row['post'].value]}: {names[row['person'].value]}"
            else:
                text = f"{names[thing]} ({spoken(row['class'].value)})"
            maybe = "" if self.takes_in(row) else ", maybe on that day"
            told = f"record: {text} · {date}{maybe}"
            claims["post" in row, told].add(row["claim"].value)  # a journey may be there twice
        lines = (Line(t, "", self.sources(of)) for (_, t), of in sorted(claims.items()))
        return Section("By official records", tuple(lines))

    def offices(self) -> Section:
        """For each office the attestations on the day, or the nearest before and after it."""
        tenures = """?tenure a ally:Tenure ; org:member ?person ; ally:post ?post ;
              ally:capacity ?capacity .
            ?claim rdf:subject ?tenure ; rdf:predicate ally:attestedOn ; rdf:object ?date ;
              ally:inArticle ?article ; ally:rank ?rank .
            FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
            OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }"""
        taken = """?event a ally:Encounter ; ally:participation ?part .
            ?part ally:person ?person ; ally:inPost ?post .
            ?is rdf:subject ?event ; rdf:predicate ally:participation ; rdf:object ?part ;
              ally:inArticle ?article .
            ?claim rdf:subject ?event ; rdf:predicate ally:date ; rdf:object ?date ;
              ally:inArticle ?articleOfDate ; ally:rank ?rank .
            FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
            OPTIONAL { ?part ally:capacity ?capacity }
            OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }"""
        common = ("person", "post", "capacity", "claim", "date", "article", "rank", "first", "last")
        found = self.rows(tenures, *common)
        met = self.best(self.rows(taken, *common, "is", "event", "articleOfDate"), "event", "part")
        found += [row for rows in met.values() for row in rows]
        # a participation says its capacity where the text does; else it is that of the tenure
        held: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in found:
            if "capacity" in row:
                held[row["person"].value, row["post"].value].add(row["capacity"].value)
        by: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
        spans: dict[tuple[str, str, str, str], _Dated] = {}
        for row in found:
            post, person = row["post"].value, row["person"].value
            said = {row["capacity"].value} if "capacity" in row else held[person, post]
            capacity = short(min(said)) if len(said) == 1 else ""
            key = (post, person, capacity.replace("regular", ""), row["date"].value)
            first, last = self.span(row)
            spans[key] = _Dated(post, first, last, row["date"].value)
            by[key] |= {row[c].value for c in ("claim", "is") if c in row}
        seats: dict[str, list[tuple[int, tuple[str, str, str, str]]]] = defaultdict(list)
        for key, dated in spans.items():
            days = dated.days(self.day)
            if days is not None:
                seats[key[0]].append((days, key))
        names = why.names_of(self.store, {t for k in spans for t in k[:2]})
        lines = []
        shown: set[str] = set()
        for post in sorted(seats, key=lambda p: (names[p], p)):
            for days, key in _nearest(seats[post]):
                capacity = f" ({key[2]})" if key[2] else ""
                text = (
                    f"{names[post]}: {names[key[1]]}{capacity} · attested {key[3]}, "
                    f"{spans[key].distance(self.day)}"
                )
                far = self.is_far(days)
                lines.append(Line(text, "", self.sources(by[key]), far=far))
                shown |= set() if far else {post}
        hidden = len(seats) - len(shown)
        more = sum(line.far for line in lines)
        rest = (
            f"{more} more attestation{'s' if more != 1 else ''} farther than {self.window} days "
            f"away; {hidden} office{'s have' if hidden != 1 else ' has'} no nearer one"
        )
        return Section(
            "Offices, by the attestations nearest to it", tuple(lines), rest if more else ""
        )

    def channels(self) -> tuple[Line, ...]:
        """For each channel the last status attested by the day, and the session before it."""
        statuses = """?claim rdf:subject ?channel ; rdf:predicate ally:statusPeriod ;
              rdf:object ?period ; ally:inArticle ?article ; ally:rank ?rank ;
              ally:modality <https://w3id.org/alliance-graph/vocabulary/modality/held> ;
              ally:polarity ?polarity .
            FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
            ?period ally:status ?status . OPTIONAL { ?period ally:date ?date }
            OPTIONAL { ?period ally:earliest ?first } OPTIONAL { ?period ally:latest ?last }"""
        columns = ("channel", "period", "claim", "article", "polarity", "status", "date")
        known: dict[str, list[_Dated]] = defaultdict(list)
        for row in self.rows(statuses, *columns, "first", "last"):
            first, last = self.span(row)
            text, denied = short(row["status"].value), short(row["polarity"].value) == "denied"
            if "date" not in row:
                # a status that no text dates is one on the day of the article that tells it
                first = last = self.articles[row["article"].value]
                text += f" (no date; told {first})"
            else:
                text += f" ({row['date'].value})"
            known[row["channel"].value].append(
                _Dated(
                    row["status"].value,
                    first,
                    last,
                    text,
                    (row["claim"].value,),
                    "denied" if denied else "",
                )
            )
        held = self.sessions()
        names = why.names_of(self.store, {*known, *held})
        lines = []
        for channel in sorted(names, key=lambda c: (names[c], c)):
            lines += self.channel(names[channel], known[channel], held.get(channel, []))
        return tuple(lines)

    def channel(self, name: str, statuses: list[_Dated], sessions: list[_Dated]) -> list[Line]:
        lines = []
        reached = [s for s in statuses if (s.first or s.last or self.day) <= self.day]
        if reached:
            # open to the left ("/2020-10-14"): what counts is the day up to which it is attested
            last = max(min(s.last or self.day, self.day) for s in reached)
            now = [s for s in reached if min(s.last or self.day, self.day) == last]
            for text, mark in dict.fromkeys((s.text, s.extra) for s in now):
                same = [s for s in now if (s.text, s.extra) == (text, mark)]
                where = same[0].distance(self.day)
                claims = [c for s in same for c in s.claims]
                lines.append(Line(f"{name}: {text} · {where}", mark, self.sources(claims)))
        elif statuses:
            nearest = min(statuses, key=lambda s: (s.first or s.last or self.day, s.text))
            where = nearest.distance(self.day)
            text = f"{name}: first attested later, {nearest.text} · {where}"
            lines.append(Line(text, nearest.extra, self.sources(nearest.claims)))
        before = [s for s in sessions if (s.days(self.day) or 0) <= 0]
        if before:
            s = max(before, key=lambda s: (s.days(self.day) or 0, s.text))
            text = f"{name}: session {s.text} · {s.distance(self.day)}"
            lines.append(Line(text, "", self.sources(s.claims)))
        return lines

    def sessions(self) -> dict[str, list[_Dated]]:
        pattern = """?event a ally:Encounter ; ally:inChannel ?channel .
            ?is rdf:subject ?event ; rdf:predicate ally:inChannel ; rdf:object ?channel ;
              ally:inArticle ?article .
            ?claim rdf:subject ?event ; rdf:predicate ally:date ; rdf:object ?date ;
              ally:inArticle ?articleOfDate ; ally:rank ?rank .
            FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
            OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }"""
        columns = ("channel", "event", "is", "article", "claim", "date", "articleOfDate", "rank")
        found = self.best(self.rows(pattern, *columns, "first", "last"), "channel", "event")
        names = why.names_of(self.store, (k[1] for k in found))
        out: dict[str, list[_Dated]] = defaultdict(list)
        for (channel, event), rows in found.items():
            first, last = self.span(rows[0])
            text = f"{rows[0]['date'].value}, {names[event]}"
            claims = tuple(r[c].value for r in rows for c in ("is", "claim"))
            out[channel].append(_Dated(event, first, last, text, claims))
        return out

    def plans(self) -> tuple[tuple[Line, ...], Section]:
        """Plans whose time had not gone by and that nothing fulfils: told by the day, or later."""
        pattern = """VALUES ?class {
              ally:PlannedEncounter ally:PlannedVisit ally:PlannedContextEvent
            }
            ?plan a ?class .
            ?is rdf:subject ?plan ; rdf:predicate rdf:type ; ally:inArticle ?article ;
              ally:modality ?modality .
            MINUS { ?event ally:fulfils ?plan . ?event a ally:Encounter }
            OPTIONAL {
              ?claim rdf:subject ?plan ; rdf:predicate ?when ; rdf:object ?date ;
                ally:inArticle ?articleOfDate ; ally:rank ?rank .
              FILTER(?when IN (ally:scheduledFor, ally:date))
              FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
              OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }
            }"""
        columns = ("plan", "is", "article", "modality", "claim", "date", "articleOfDate", "rank")
        found = self.best(self.rows(pattern, *columns, "first", "last"), "plan")
        names = why.names_of(self.store, (k[0] for k in found))
        lines: list[Line] = []
        later: list[Line] = []
        for (plan,), rows in found.items():
            told = min(self.articles[r["article"].value] for r in rows)
            last = max((d for r in rows if (d := self.span(r)[1])), default=None)
            dated = any(d for r in rows for d in self.span(r))
            if (last is not None and last < self.day) or (told > self.day and not dated):
                continue
            days = ", ".join(sorted({r["date"].value for r in rows if "date" in r})) or "no date"
            modality = ", ".join(sorted({short(r["modality"].value) for r in rows}))
            sources = self.sources(r[c].value for r in rows for c in ("is", "claim") if c in r)
            text = f"{days} · {names[plan]} · told {told}"
            far = told > self.day and self.is_far((told - self.day).days)
            line = Line(text, modality, sources, far=far)
            (later if told > self.day else lines).append(line)
        lines.sort(key=lambda line: line.text)
        later.sort(key=lambda line: line.text)
        more = sum(line.far for line in later)
        rest = f"{more} more reported only farther than {self.window} days later" if more else ""
        title = "Reported only later: planned for that day or after it"
        return tuple(lines), Section(title, tuple(later), rest)

    def promises(self) -> tuple[Line, ...]:
        """Commitments made or told by the day that no source shows settled."""
        pattern = """?promise a ally:Commitment .
            ?is rdf:subject ?promise ; rdf:predicate rdf:type ; ally:inArticle ?article .
            OPTIONAL {
              ?claim rdf:subject ?promise ; rdf:predicate ?what ; rdf:object ?value ;
                ally:inArticle ?articleOfValue ; ally:rank ?rank .
              FILTER(?what IN (ally:statedOn, ally:dueDate, ally:state, ally:fulfilledBy))
              FILTER(?rank != <https://w3id.org/alliance-graph/vocabulary/rank/deprecated>)
              OPTIONAL { ?claim ally:earliest ?first } OPTIONAL { ?claim ally:latest ?last }
            }"""
        columns = ("promise", "is", "article", "claim", "what", "value", "articleOfValue", "rank")
        by: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows(pattern, *columns, "first", "last"):
            by[row["promise"].value][row["what"].value if "what" in row else ""].append(row)
        names = why.names_of(self.store, by)
        lines = []
        for promise, told in by.items():
            line = self.promise(names[promise], told)
            if line:
                lines.append(line)
        return tuple(sorted(lines, key=lambda line: line.text))

    def promise(self, name: str, told: dict[str, list[Row]]) -> Line | None:
        rows = [row for some in told.values() for row in some]
        published = min(self.articles[r["article"].value] for r in rows)
        (stated,) = self.best(told[ALLY.statedOn]).values() if told[ALLY.statedOn] else ([],)
        days = [d for r in stated for d in self.span(r) if d]
        made = min(days, default=published)
        states = {short(r["value"].value) for r in told[ALLY.state]}
        if made > self.day or told[ALLY.fulfilledBy] or states & _SETTLED:
            return None
        (due,) = self.best(told[ALLY.dueDate]).values() if told[ALLY.dueDate] else ([],)
        parts = [", ".join(r["value"].value for r in stated) or f"told {published}", name]
        if due:
            last = max((d for r in due if (d := self.span(r)[1])), default=None)
            over = " and past" if last and last < self.day else ""
            parts.append(f"due {', '.join(r['value'].value for r in due)}{over}")
        parts.append(f"state: {', '.join(sorted(states)) or ABSENCE}")
        kept = {r["is"].value for r in rows} | {r["claim"].value for r in (*stated, *due)}
        return Line(clean(" · ".join(parts)), "", self.sources(kept))


_SETTLED = frozenset({"fulfilled", "superseded", "rejected"})


def _nearest(
    found: list[tuple[int, tuple[str, str, str, str]]],
) -> list[tuple[int, tuple[str, str, str, str]]]:
    """What is attested on the day itself, or else what lies nearest before and nearest after it."""
    on = [f for f in found if f[0] == 0]
    if on:
        return sorted(on)
    before = max((f[0] for f in found if f[0] < 0), default=None)
    after = min((f[0] for f in found if f[0] > 0), default=None)
    return sorted(f for f in found if f[0] in (before, after))
