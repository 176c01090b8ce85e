"""Dossiers: all that is known of one thing, in lines that each name their sources.

A dossier is plain values (sections of lines); ``text()`` prints it. Planned, attempted and denied
things are marked. What a section does not list is not in these sources, and where one would expect
it, a line says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from operator import eq
from typing import TYPE_CHECKING, Any, NamedTuple

from pyoxigraph import NamedNode

from alliance_graph import questions, resolve, why
from alliance_graph.errors import UnknownName
from alliance_graph.store import select
from alliance_graph.tables import ABSENCE, plain, short
from alliance_graph.vocabulary import ALLY, DCTERMS, ID, ORG, PROV, RDF, SCHEMA, SKOS, split
from alliance_graph.why import Claim, Line, Section, Source, hanging, quoted, spoken

if TYPE_CHECKING:
    from alliance_graph.store import Store, Term

SINGLE = frozenset(
    {
        ALLY.commitmentKind,
        ALLY.date,
        ALLY.dueDate,
        ALLY.during,
        ALLY.end,
        ALLY.formality,
        ALLY.initiatedBy,
        ALLY.level,
        ALLY.mode,
        ALLY.periodicity,
        ALLY.place,
        ALLY.position,
        ALLY.scheduledFor,
        ALLY.sessionNumber,
        ALLY.setting,
        ALLY.start,
        ALLY.state,
        ALLY.statedOn,
        ALLY.strength,
    }
)
"""Predicates of which one value can be true: two are a conflict (a test compares the model)."""


@dataclass(frozen=True)
class Cited:
    """An article that the lines cite."""

    id: str
    headline: str
    publisher: str
    published: str
    url: str


@dataclass(frozen=True)
class Dossier:
    """All that is known of one thing.

    >>> import alliance_graph as ag
    >>> ag.open().show("blinken").label
    'Antony Blinken'
    """

    id: str
    kind: str
    label: str
    ko: str
    sections: tuple[Section, ...]
    articles: tuple[Cited, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        >>> import alliance_graph as ag
        >>> ag.open().show("blinken").as_dict()["kind"]
        'person'
        """
        return {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "ko": self.ko,
            "absence": f"what is not listed is {ABSENCE}",
            "sections": [s.as_dict() for s in self.sections],
            "articles": [asdict(a) for a in self.articles],
        }

    def text(self, width: int = 100) -> str:
        """The dossier for a terminal, each line followed by its sources.

        >>> import alliance_graph as ag
        >>> "Cho Tae-yul" in ag.open().show("blinken").text(width=80)
        True
        """
        title = f"{self.label} {self.ko}".strip()
        out = [f"{title}  ({self.kind} {self.id})"]
        for section in self.sections:
            out += ["", section.title, *section.text_lines(width)]
        if self.articles:
            out += ["", "Articles"]
        for a in self.articles:
            out += hanging(f"{a.id}: {a.publisher}, {a.published}", "  ", "    ", width)
            out.append(f"    {a.url}")
        out += ["", f"What is not listed is {ABSENCE}."]
        return "\n".join(out) + "\n"

    def _repr_html_(self) -> str:
        from alliance_graph import html

        title = html.title(f"{self.label} {self.ko}".strip(), f"{self.kind} {self.id}")
        cited = [
            html.link(f"{a.publisher}, {a.published}: {a.headline}", a.url) for a in self.articles
        ]
        articles = html.folded("Articles", html.listed(cited)) if cited else ""
        foot = html.soft(f"What is not listed is {ABSENCE}.")
        return html.block(title, *(s.html() for s in self.sections), articles, foot)


def dossier(store: Store, thing: str) -> Dossier:
    """The dossier of a thing, by IRI, id or name; raises UnknownName where there is none."""
    iri = thing if thing.startswith(ID) else resolve.one(store, thing).iri
    parts = split(iri)
    if parts is None or not resolve.exists(store, [iri]):
        raise UnknownName(f"nothing {thing!r} in these sources")
    kind, name = parts
    file = _File(store, iri)
    build = _BUILDERS.get(kind, _record)
    decided = Section("What the curators decided", file.decided())
    sections = tuple(s for s in (*build(file), decided) if s.lines)
    cited = {s.article for section in sections for line in section.lines for s in line.sources}
    if kind == "article":
        cited.add(name)
    articles = tuple(a for a in library(store) if a.id in cited)
    return Dossier(name, kind, file.name(iri), file.korean(), sections, articles)


def library(store: Store) -> list[Cited]:
    """Every article, as lines cite it."""
    table = questions.ask(store, "articles")
    names = ("article", "articleLabel", "publisherLabel", "published", "url")
    return [Cited(*(str(row[n] or "") for n in names)) for row in table.dicts()]


# --- the material ---------------------------------------------------------------------------------


class _Pair(NamedTuple):
    """A pair of offices in one encounter, seen from one of them."""

    pair: str
    post: str
    other_post: str
    parity: str
    basis: str
    level: str
    channel: str
    encounter: str
    person: str
    other: str


class _File:
    """What the graph has on one thing, read as it is asked for."""

    def __init__(self, store: Store, iri: str) -> None:
        self.store = store
        self.iri = iri
        self.about = why.claims(store, [iri])
        self.uses = why.claims(store, [iri], of="object")
        self._facts: dict[str, dict[str, list[Term]]] = {}
        self._names: dict[str, str] = {}
        self.learn(
            [iri]
            + [c.value.value for c in self.about if isinstance(c.value, NamedNode)]
            + [c.subject for c in self.uses]
        )

    def learn(self, things: Iterable[str]) -> None:
        """Names and properties of things, in two queries for all."""
        new = sorted({t for t in things if split(t)} - set(self._facts))
        if not new:
            return
        self._names |= why.names_of(self.store, new)
        for thing in new:
            self._facts[thing] = defaultdict(list)
        for start in range(0, len(new), 300):
            values = " ".join(f"<{t}>" for t in new[start : start + 300])
            text = (
                f"SELECT DISTINCT ?x ?p ?o WHERE {{ VALUES ?x {{ {values} }} ?x ?p ?o }} "
                "ORDER BY ?x ?p ?o"
            )
            for row in select(self.store, text):
                self._facts[row["x"].value][row["p"].value].append(row["o"])

    def name(self, thing: str) -> str:
        self.learn([thing])
        return self._names.get(thing) or short(thing)

    def all_of(self, thing: str, predicate: str) -> list[str]:
        """Values of a thing's property, as IRIs or text."""
        self.learn([thing])
        return [o.value for o in self._facts.get(thing, {}).get(predicate, ())]

    def one(self, thing: str, predicate: str) -> str:
        return next(iter(self.all_of(thing, predicate)), "")

    def word(self, thing: str, predicate: str) -> str:
        """A property's values for people."""
        return ", ".join(map(self.value, self.all_of(thing, predicate)))

    def value(self, value: str) -> str:
        return self.name(value) if split(value) else short(value) if "://" in value else value

    def korean(self) -> str:
        labels = self._facts.get(self.iri, {}).get(SKOS + "prefLabel", ())
        return next((t.value for t in labels if getattr(t, "language", None) == "ko"), "")

    def day(self, thing: str) -> str:
        """Date of an event, statement or promise as text; empty where these sources have none."""
        for predicate in (ALLY.date, ALLY.scheduledFor, ALLY.statedOn):
            found = self.all_of(thing, predicate)
            if found:
                return ", ".join(found)
        return ""

    def order(self, thing: str) -> tuple[bool, str, str]:
        """What to sort by: day, things without one last."""
        first = self.one(thing, ALLY.earliest) or self.one(thing, ALLY.latest)
        return not first, first, thing

    def mark(self, thing: str) -> str:
        """Whether a thing is only planned, attempted, or denied."""
        classes = set(self.all_of(thing, RDF + "type"))
        if ALLY.Denied in classes:
            return "denied"
        if ALLY.AttemptedEncounter in classes:
            return "attempted"
        planned = {ALLY.PlannedEncounter, ALLY.PlannedVisit, ALLY.PlannedContextEvent}
        modality = short(self.one(thing, ALLY.modality) or "")
        if planned & classes or modality not in ("", "held"):
            return modality or "planned"
        return ""

    # lines

    def fields(
        self,
        claims: Iterable[Claim],
        only: Callable[[str], bool] = lambda predicate: True,
        first: tuple[str, ...] = (),
    ) -> tuple[Line, ...]:
        """One line for each value that is claimed, conflicting ones one below the other."""
        grouped: dict[tuple[str, str, str, str], list[Claim]] = defaultdict(list)
        for c in claims:
            if only(c.predicate):
                grouped[c.predicate, c.value.value, c.polarity, c.modality].append(c)
        self.learn(c.value.value for cs in grouped.values() for c in cs)
        values: dict[str, set[str]] = defaultdict(set)
        for predicate, value, polarity, _ in grouped:
            if polarity == "asserted":
                values[predicate].add(value)
        order = {p: i for i, p in enumerate((RDF + "type", *first))}
        rank = {"preferred": 0, "normal": 1, "deprecated": 2}
        keys = sorted(
            grouped,
            key=lambda k: (
                order.get(k[0], len(order)),
                k[0],
                min(rank[c.rank] for c in grouped[k]),
                self.order(k[1]) if split(k[1]) else (False, k[1], ""),
                k[2:],
            ),
        )
        return tuple(self.field(grouped[k], k[0] in SINGLE and len(values[k[0]]) > 1) for k in keys)

    def field(self, claims: list[Claim], conflict: bool = False) -> Line:
        """The claims of one value as a line."""
        c = claims[0]
        value = self.value(c.value.value)
        if c.predicate == RDF + "type":
            value = spoken(c.value.value)
        if c.predicate in (ALLY.content, ALLY.wording):
            value = quoted(value) if c.predicate == ALLY.wording else value
        told = list(
            dict.fromkeys(q for claim in claims for q in claim.qualities if q != c.modality)
        )
        if c.predicate == ALLY.level and any(x.basis in ("", "article") for x in claims):
            told.append("stated")
        printed = list(dict.fromkeys(p for claim in claims for p in claim.printed))
        text = " · ".join([f"{spoken(c.predicate)}: {value}", *told, *map(quoted, printed)])
        mark = "denied" if c.polarity == "denied" else "" if c.modality == "held" else c.modality
        return Line(
            text.replace(" · denied", ""),
            mark or ("conflict" if conflict else ""),
            _sources(claims),
            " ".join(dict.fromkeys(claim.note for claim in claims if claim.note)),
        )

    def record_line(self, thing: str, claims: list[Claim], *more: str) -> Line:
        """A record (event, promise, stance …) in one line: day, label, and what is added."""
        text = " · ".join(p for p in (self.day(thing), self.name(thing), *more) if p)
        return Line(text, self.mark(thing), _sources(claims))

    def mentions(self, claims: Iterable[Claim]) -> tuple[Line, ...]:
        """Where a thing is the value of a claim: a line for each subject and predicate."""
        grouped: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        for c in claims:
            grouped[c.predicate, c.subject].append(c)
        self.learn(subject for _, subject in grouped)
        lines = []
        for key in sorted(grouped, key=lambda k: (k[0], self.order(k[1]))):
            predicate, subject = key
            kind = (split(subject) or ("thing", ""))[0]
            line = self.record_line(subject, grouped[key])
            denied = all(c.polarity == "denied" for c in grouped[key])
            mark = "denied" if denied else line.mark
            relation = _INVERSE.get(predicate, f"{spoken(predicate)} of")
            text = f"{relation}: {line.text} ({kind})"
            lines.append(replace(line, text=text, mark=mark))
        return tuple(lines)

    def names(self) -> tuple[Line, ...]:
        """Every name with the article that prints it, or where it is from."""
        kept = (SKOS + "altLabel", SKOS + "prefLabel", ALLY.provisionalName)
        by: dict[tuple[str, str], list[Claim]] = defaultdict(list)
        for c in self.about:
            if c.predicate in kept:
                by[c.value.value, c.predicate].append(c)
        return tuple(
            Line(
                name + (" (provisional)" if predicate == ALLY.provisionalName else ""),
                "denied" if all(c.polarity == "denied" for c in claims) else "",
                _sources(claims),
                " ".join(dict.fromkeys(c.note for c in claims if c.note)),
            )
            for (name, predicate), claims in sorted(by.items())
        )

    def identity(self, *predicates: str) -> tuple[Line, ...]:
        """What an identity is, apart from what any article says of it."""
        return tuple(
            Line(f"{spoken(p)}: {self.word(self.iri, p)}")
            for p in predicates
            if self.all_of(self.iri, p)
        )

    def tenures(self, link: str, named: Callable[[str], str]) -> tuple[Line, ...]:
        """Tenures that a pattern finds, with the days on which they are attested."""
        rows = select(self.store, f"SELECT DISTINCT ?t WHERE {{ ?t a ally:Tenure ; {link} }}")
        tenures = [row["t"].value for row in rows]
        self.learn(tenures)
        told: dict[str, list[Claim]] = defaultdict(list)
        for c in why.claims(self.store, tenures):
            told[c.subject].append(c)
        lines = []
        for t in sorted(
            tenures, key=lambda t: (min(self.all_of(t, ALLY.attestedOn), default="~"), t)
        ):
            capacity = short(self.one(t, ALLY.capacity))
            parts = [named(t) + ("" if capacity == "regular" else f" ({capacity})")]
            days = sorted(self.all_of(t, ALLY.attestedOn))
            parts.append(f"attested {', '.join(days)}" if days else "attested on no day")
            for name, predicate in (("from", ALLY.start), ("until", ALLY.end)):
                parts += [f"{name} {d}" for d in self.all_of(t, predicate)]
            printed = sorted({p for c in told[t] for p in c.printed if c.predicate == RDF + "type"})
            parts += map(quoted, printed)
            lines.append(Line(" · ".join(parts), self.mark(t), _sources(told[t])))
        return tuple(lines)

    def taken_part(self, link: str, kinds: tuple[str, ...]) -> tuple[Line, ...]:
        """Events in which participations that a pattern finds took part."""
        rows = select(self.store, f"SELECT DISTINCT ?part WHERE {{ ?part {link} }}")
        parts = [row["part"].value for row in rows]
        by: dict[str, list[Claim]] = defaultdict(list)
        for c in why.claims(self.store, parts, of="object"):
            if (split(c.subject) or ("", ""))[0] in kinds:
                by[c.subject].append(c)
        self.learn([*parts, *by])
        self.learn(p for e in by for p in self.all_of(e, ALLY.participation))
        return tuple(self.event(e, by[e]) for e in sorted(by, key=self.order))

    def present(self, claims: Iterable[Claim]) -> tuple[Line, ...]:
        """Who takes part, each with the capacity that the participation or else a tenure tells."""
        by: dict[str, list[Claim]] = defaultdict(list)
        for c in claims:
            by[c.value.value].append(c)
        self.learn(by)
        lines = []
        for part in sorted(by):
            name = self.name(part)
            for line in self.fields(by[part]):
                rest = line.text.removeprefix("participation: ").removeprefix(name)
                lines.append(replace(line, text=name + self.capacity(part) + rest))
        return tuple(lines)

    def capacity(self, part: str) -> str:
        """In which capacity somebody takes part, in brackets; empty for a regular holder."""
        posts = self.all_of(part, ALLY.inPost)
        said = {short(c) for c in self.all_of(part, ALLY.capacity)} - {"regular"}
        if said:
            return f" ({', '.join(sorted(said))})"
        held: dict[str, set[str]] = defaultdict(set)
        for person in self.all_of(part, ALLY.person):
            text = f"""SELECT DISTINCT ?post ?capacity WHERE {{
                ?tenure a ally:Tenure ; org:member <{person}> ; ally:post ?post ;
                  ally:capacity ?capacity }} ORDER BY ?post ?capacity"""
            for row in select(self.store, text):
                held[row["post"].value].add(short(row["capacity"].value))
        alone = {p: min(held[p]) for p in posts if len(held[p]) == 1 and held[p] != {"regular"}}
        of = {p: f" as {self.name(p)}" if len(posts) > 1 else "" for p in alone}
        told = ", ".join(f"{alone[p]}{of[p]}" for p in alone)
        return f" ({told})" if told else ""

    def event(self, event: str, claims: list[Claim]) -> Line:
        """An encounter or visit as seen by some who took part."""
        mine = {c.value.value for c in claims}
        others = [p for p in self.all_of(event, ALLY.participation) if p not in mine]
        posts = sorted({self.name(o) for p in mine for o in self.all_of(p, ALLY.inPost)})
        capacity = sorted({short(c) for p in mine for c in self.all_of(p, ALLY.capacity)})
        printed = sorted({x for p in mine for x in self.all_of(p, ALLY.printed)})
        as_ = " and ".join(posts) + (f" ({', '.join(capacity)})" if capacity else "")
        shown = ", ".join(map(quoted, printed))
        return self.record_line(
            event,
            claims,
            self.word(event, ALLY.mode),
            f"in {self.word(event, ALLY.inChannel)}" if self.one(event, ALLY.inChannel) else "",
            f"at {self.word(event, ALLY.place)}" if self.one(event, ALLY.place) else "",
            f"as {as_}" if as_ else "",
            f"printed {shown}" if shown else "",
            f"with {'; '.join(map(self.name, others))}" if others else "",
        )

    def pairs(self, condition: str) -> tuple[Line, ...]:
        """Offices that face each other, with the people and encounters that show it."""
        text = f"""SELECT DISTINCT
              ?pair ?post ?otherPost ?parity ?basis ?level ?channel ?e ?person ?other
            WHERE {{
              VALUES (?near ?far) {{
                (ally:counterpartA ally:counterpartB) (ally:counterpartB ally:counterpartA)
              }}
              ?pair a ally:CounterpartRelation ; ?near ?post ; ?far ?otherPost ;
                ally:parity ?parity ; ally:basis ?basis .
              OPTIONAL {{ ?pair ally:level ?level }}
              OPTIONAL {{ ?pair ally:inChannel ?channel }}
              OPTIONAL {{
                ?pair prov:wasDerivedFrom ?e . ?e ally:participation ?mine , ?theirs .
                ?mine ally:person ?person ; ally:inPost ?post .
                ?theirs ally:person ?other ; ally:inPost ?otherPost
              }}
              {condition}
            }} ORDER BY ?pair ?person ?other ?e ?basis"""
        found = [
            _Pair(**{n: row[c].value if c in row else "" for n, c in _PAIR.items()})
            for row in select(self.store, text)
        ]
        told: dict[str, list[Claim]] = defaultdict(list)
        things = {p.pair for p in found} | {p.encounter for p in found if p.encounter}
        for c in why.claims(self.store, things):
            if c.predicate in (RDF + "type", ALLY.date):
                told[c.subject].append(c)
        self.learn(t for p in found for t in (p.post, p.other_post, p.channel, p.encounter, *p[8:]))
        grouped: dict[tuple[str, str, str], list[_Pair]] = defaultdict(list)
        for p in found:
            grouped[p.pair, p.person, p.other].append(p)
        lines = [self.pair(ps, told) for ps in grouped.values()]
        return tuple(sorted(lines, key=lambda line: line.text))

    def pair(self, pairs: list[_Pair], told: dict[str, list[Claim]]) -> Line:
        p = pairs[0]
        met = sorted({x.encounter for x in pairs if x.encounter}, key=self.order)
        bases = sorted({short(x.basis) for x in pairs})
        who = (
            f"{self.name(p.other)}, {self.name(p.other_post)}"
            if p.other
            else self.name(p.other_post)
        )
        facing = self.name(p.person) if p.person and p.person != self.iri else ""
        posts = f"facing {facing}, {self.name(p.post)}" if facing else f"facing {self.name(p.post)}"
        days = [self.one(e, d) for e in met for d in (ALLY.earliest, ALLY.latest)]
        known = sorted(d for d in days if d)
        attested = " to ".join(dict.fromkeys((known[0], known[-1]))) if known else ""
        parts = (
            who,
            posts,
            f"in {self.name(p.channel)}" if p.channel else "",
            short(p.level),
            short(p.parity),
            " and ".join(bases),
            f"attested {attested}" if attested else "",
        )
        claims = [c for t in (p.pair, *met) for c in told[t]]
        derived = bases == ["derived"]
        notes = dict.fromkeys(c.note for c in told[p.pair] if c.note)
        text = " · ".join(x for x in parts if x)
        return Line(text, "derived" if derived else "", _sources(claims), " ".join(notes))

    def planned_pairs(self) -> tuple[Line, ...]:
        """Pairs that are only planned, in which this person, office or channel has a part."""
        table = questions.ask(self.store, "planned-pairs")
        mine = short(self.iri)
        rows = [
            (row, terms[0])
            for row, terms in zip(table.dicts(), table.terms, strict=True)
            if mine in (row["post"], row["counterpart"], row["person"], row["other"], row["in"])
        ]
        told = why.claims(self.store, [t.value for _, t in rows if isinstance(t, NamedNode)])
        lines: dict[str, Line] = {}
        for row, pair in rows:
            sides = [
                ", ".join(str(row[n]) for n in names if row[n])
                for names in (("personLabel", "postLabel"), ("otherLabel", "counterpartLabel"))
            ]
            parts = [" – ".join(sides), row["inLabel"], row["parity"]]
            claims = [c for c in told if NamedNode(c.subject) == pair and _is_class(c)]
            text = " · ".join(str(p) for p in parts if p)
            lines[text] = Line(
                text, str(row["modality"]), _sources(claims), str(row["reason"] or "")
            )
        return tuple(lines.values())

    def decided(self) -> tuple[Line, ...]:
        """How tensions about this thing were settled, and why."""
        found = questions.ask(self.store, "decisions", thing=NamedNode(self.iri)).dicts()
        return tuple(
            Line(
                f"{r['finding']}: {short(str(r['decision'])).replace('-', ' ')}"
                + (f", {r['decided']}" if r["decided"] else ""),
                note=str(r["why"]),
            )
            for r in found
        )

    def voice(self) -> tuple[Line, ...]:
        """How many claims rest on this holder's word, by article."""
        rows = select(
            self.store,
            f"""SELECT ?article ?attribution (COUNT(DISTINCT ?c) AS ?n) WHERE {{
                  ?c a ally:Claim ; ally:holder <{self.iri}> ; ally:inArticle ?article .
                  OPTIONAL {{ ?c ally:attribution ?attribution }}
                }} GROUP BY ?article ?attribution ORDER BY ?article ?attribution""",
        )
        lines = []
        for row in rows:
            how = short(row["attribution"].value) if "attribution" in row else ""
            told = f"{row['n'].value} claims in {short(row['article'].value)}"
            lines.append(Line(f"{told}, {how}" if how else told))
        if lines:
            name = short(self.iri)
            lines.append(Line(f"all of them: alliance query who-says --param holder={name}"))
        return tuple(lines)

    def absent(self, lines: tuple[Line, ...], what: str) -> tuple[Line, ...]:
        """The lines, or one that says of what there are none."""
        return lines or (Line(f"{what}: {ABSENCE}", "absent"),)


_PAIR = {
    "pair": "pair",
    "post": "post",
    "other_post": "otherPost",
    "parity": "parity",
    "basis": "basis",
    "level": "level",
    "channel": "channel",
    "encounter": "e",
    "person": "person",
    "other": "other",
}


_INVERSE = {
    ALLY.actor: "acts in",
    ALLY.addressedTo: "addressed by",
    ALLY.after: "followed by",
    ALLY.before: "preceded by",
    ALLY.discussed: "discussed at",
    ALLY.doesNotMention: "said not to be mentioned by",
    ALLY.during: "during it",
    ALLY.field: "field of",
    ALLY.fulfilledBy: "fulfils",
    ALLY.fulfils: "fulfilled by",
    ALLY.hostedBy: "host of",
    ALLY.inChannel: "encounter in it",
    ALLY.inResponseTo: "answered by",
    ALLY.initiatedBy: "initiator of",
    ALLY.issuedBy: "issued",
    ALLY.madeAt: "made here",
    ALLY.onBehalfOf: "spoken for in",
    ALLY.onOccasionOf: "on its occasion",
    ALLY.outcomeDocument: "outcome of",
    ALLY.outcomeOf: "outcome",
    ALLY.partOf: "has part",
    ALLY.party: "party to",
    ALLY.place: "place of",
    ALLY.principal: "leads",
    ALLY.proposedBy: "proposed",
    ALLY.refersTo: "referred to by",
    ALLY.resultedIn: "result of",
    ALLY.succeeds: "succeeded by",
    ALLY.topic: "topic of",
    PROV + "wasDerivedFrom": "shows the pair",
}
"""A predicate read from its value's end."""


def _sources(claims: Iterable[Claim]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(s for c in claims for s in c.sources))


def _is_class(claim: Claim) -> bool:
    return claim.predicate == RDF + "type"


def _of_kind(claims: Iterable[Claim], *kinds: str) -> list[Claim]:
    return [c for c in claims if (split(c.subject) or ("", ""))[0] in kinds]


# --- one builder a kind ---------------------------------------------------------------------------

_NAMES = frozenset({SKOS + "altLabel", SKOS + "prefLabel", ALLY.provisionalName})


def _person(f: _File) -> list[Section]:
    me = f"<{f.iri}>"
    posts = f.tenures(f"org:member {me}", lambda t: f.word(t, ALLY.post))
    met = f.taken_part(f"ally:person {me}", ("encounter",))
    pairs = f.pairs(f"FILTER(?person = {me})")
    rest = [c for c in f.uses if (split(c.subject) or ("", ""))[0] not in _SHOWN]
    return [
        Section("Names", f.names()),
        Section("Country", f.identity(ALLY.country)),
        Section("Posts (attested days, no beginnings or ends)", f.absent(posts, "posts")),
        Section("Counterparts", f.absent(pairs, "counterparts")),
        Section("Counterparts only planned", f.planned_pairs()),
        Section("Encounters", f.absent(met, "encounters")),
        Section("Visits", f.taken_part(f"ally:person {me}", ("visit",))),
        Section("Promises, proposals, demands", _promises(f)),
        Section("Statements", _sayings(f, "statement")),
        Section("Stances", _sayings(f, "stance")),
        Section("Claims on their word", f.voice()),
        Section("Also", f.mentions(rest)),
    ]


_SHOWN = frozenset({"commitment", "statement", "stance", "encounter", "visit"})


def _promises(f: _File) -> tuple[Line, ...]:
    by: dict[str, list[Claim]] = defaultdict(list)
    for c in _of_kind(f.uses, "commitment"):
        by[c.subject].append(c)
    f.learn(by)
    lines = []
    for promise in sorted(by, key=f.order):
        roles = sorted({spoken(c.predicate) for c in by[promise]})
        due = f.word(promise, ALLY.dueDate)
        parts = (
            f.word(promise, ALLY.commitmentKind),
            f.word(promise, ALLY.strength),
            f"due {due}" if due else "",
            f"state: {f.word(promise, ALLY.state) or ABSENCE}",
            f"here as {', '.join(roles)}",
        )
        lines.append(f.record_line(promise, by[promise], *parts))
    return tuple(lines)


def _sayings(f: _File, kind: str) -> tuple[Line, ...]:
    by: dict[str, list[Claim]] = defaultdict(list)
    for c in _of_kind(f.uses, kind):
        by[c.subject].append(c)
    f.learn(by)
    lines = []
    for said in sorted(by, key=f.order):
        roles = {c.predicate for c in by[said]} - {ALLY.actor}
        wording = "; ".join(map(quoted, f.all_of(said, ALLY.wording)))
        as_ = ", ".join(sorted(spoken(r) for r in roles))
        topics = f.word(said, ALLY.topic) if kind == "stance" else ""
        parts = (
            f.word(said, ALLY.position),
            f"on {topics}" if topics else "",
            wording,
            f"here as {as_}" if as_ else "",
        )
        lines.append(f.record_line(said, by[said], *parts))
    return tuple(lines)


def _office(f: _File) -> list[Section]:
    me = f"<{f.iri}>"
    box = f.identity(ORG + "postIn", ALLY.country, ALLY.level, ALLY.levelBasis, ALLY.portfolio)
    holders = f.tenures(f"ally:post {me}", lambda t: f.word(t, ORG + "member"))
    met = f.taken_part(f"ally:inPost {me}", ("encounter", "visit"))
    pairs = f.pairs(f"FILTER(?post = {me})")
    rest = [c for c in f.uses if (split(c.subject) or ("", ""))[0] not in ("counterparts",)]
    return [
        Section("Fact box", box),
        Section("Printed titles", f.names()),
        Section("Holders (attested days)", f.absent(holders, "holders")),
        Section("Counterparts", f.absent(pairs, "counterparts")),
        Section("Counterparts only planned", f.planned_pairs()),
        Section("Encounters and visits in this office", f.absent(met, "encounters")),
        Section("Also", f.mentions(rest)),
    ]


def _channel(f: _File) -> list[Section]:
    me = f"<{f.iri}>"
    classes = sorted(
        spoken(c)
        for c in f.all_of(f.iri, RDF + "type")
        if c in (ALLY.ConsultativeBody, ALLY.MeetingSeries, ALLY.ContactRoute)
    )
    denied = "denied" if f.mark(f.iri) == "denied" else ""
    box: list[Line] = []
    if classes:
        box.append(Line(f"kind: {', '.join(classes)}"))
    if denied:
        box.append(Line("every account of it is a denial", "denied"))
    status = f.word(f.iri, ALLY.status)
    if status:
        box.append(Line(f"last attested status: {status}", "derived"))
    for what, predicate in _CHANNEL_BOX.items():
        lines = f.fields(f.about, partial(eq, predicate))
        box += f.absent(lines, what)
    lineage = f.fields(f.about, lambda p: p in (ALLY.partOf, ALLY.succeeds))
    inverse = [c for c in f.uses if c.predicate in (ALLY.partOf, ALLY.succeeds)]
    rest = [c for c in f.uses if c.predicate not in (ALLY.inChannel, ALLY.partOf, ALLY.succeeds)]
    return [
        Section("Fact box", tuple(box)),
        Section("Names", f.names()),
        Section("Status, by whose account", f.absent(_statuses(f), "status")),
        Section("Lineage and umbrella", (*lineage, *f.mentions(inverse))),
        Section("Sessions", f.absent(_sessions(f), "sessions held or planned")),
        Section(
            "Counterparts in it", f.pairs(f"FILTER(?channel = {me} && ?near = ally:counterpartA)")
        ),
        Section("Also", f.mentions(_of_kind(rest, *_RECORD_KINDS))),
    ]


_CHANNEL_BOX = {
    "level": ALLY.level,
    "parties": ALLY.party,
    "principals": ALLY.principal,
    "formality": ALLY.formality,
    "periodicity": ALLY.periodicity,
    "field": ALLY.field,
}
_RECORD_KINDS = (
    "encounter visit context-event commitment statement stance document article topic".split()
)


def _statuses(f: _File) -> tuple[Line, ...]:
    lines = []
    told = [c for c in f.about if c.predicate == ALLY.statusPeriod]
    f.learn(c.value.value for c in told)
    grouped: dict[tuple[str, str, str], list[Claim]] = defaultdict(list)
    for c in told:
        grouped[c.value.value, c.polarity, c.rank].append(c)
    for (period, _, _), claims in sorted(grouped.items(), key=lambda g: (f.order(g[0][0]), g[0])):
        line = f.field(claims)
        days = f.word(period, ALLY.date)
        basis = short(f.one(period, ALLY.dateBasis))
        when = days if not basis or basis == "stated" else f"{days} ({basis.replace('-', ' ')})"
        said = line.text.partition(" · ")[2]
        status = f.word(period, ALLY.status)
        text = " · ".join(p for p in (when or "no date", status, said) if p)
        lines.append(replace(line, text=text))
    return tuple(lines)


def _sessions(f: _File) -> tuple[Line, ...]:
    table = questions.ask(f.store, "sessions", channel=NamedNode(f.iri))
    rows = [dict(zip(table.columns, terms, strict=True)) for terms in table.terms]
    gaps = {
        r["encounter"].value: plain(r["daysSincePrevious"])
        for r in rows
        if isinstance(r["encounter"], NamedNode)
    }
    encounters = sorted(gaps)
    told: dict[str, list[Claim]] = defaultdict(list)
    for c in why.claims(f.store, encounters):
        if c.predicate in (RDF + "type", ALLY.inChannel, ALLY.sessionNumber):
            told[c.subject].append(c)
    f.learn(encounters)
    lines = []
    for encounter, gap in gaps.items():
        number = f.word(encounter, ALLY.sessionNumber)
        since = "" if gap is None else f"{gap} days after the one before it here"
        place = f.word(encounter, ALLY.place)
        parts = (f"no. {number}" if number else "", f"at {place}" if place else "", since)
        lines.append(f.record_line(encounter, told[encounter], *parts))
    return tuple(lines)


def _institution(f: _File) -> list[Section]:
    box = f.identity(ALLY.institutionKind, ALLY.country, ORG + "subOrganizationOf", ALLY.headedBy)
    rows = select(
        f.store,
        f"""SELECT DISTINCT ?x ?p WHERE {{ VALUES ?p {{ org:postIn org:subOrganizationOf }}
              ?x ?p <{f.iri}> }} ORDER BY ?p ?x""",
    )
    below = [(row["p"].value, row["x"].value) for row in rows]
    f.learn(x for _, x in below)
    inside = tuple(
        Line(f"{'office' if p == ORG + 'postIn' else 'part'}: {f.name(x)}") for p, x in below
    )
    return [
        Section("Fact box", box),
        Section("Names", f.names()),
        Section("Offices and parts", inside),
        Section("Memberships", _memberships(f)),
        Section("Promises, proposals, demands", _promises(f)),
        Section("Statements", _sayings(f, "statement")),
        Section("Stances", _sayings(f, "stance")),
        Section("Claims on its word", f.voice()),
        Section("Also", f.mentions(_others(f))),
    ]


def _memberships(f: _File) -> tuple[Line, ...]:
    rows = select(
        f.store,
        f"""SELECT DISTINCT ?m WHERE {{
              ?m a org:Membership ; org:member|org:organization <{f.iri}> .
              MINUS {{ ?m a ally:Tenure }} }} ORDER BY ?m""",
    )
    members = [row["m"].value for row in rows]
    f.learn(members)
    told: dict[str, list[Claim]] = defaultdict(list)
    for c in why.claims(f.store, members):
        told[c.subject].append(c)
    return tuple(
        Line(
            f"{f.word(m, ORG + 'member')} in {f.word(m, ORG + 'organization')}"
            + (f" · attested {f.word(m, ALLY.attestedOn)}" if f.one(m, ALLY.attestedOn) else ""),
            "",
            _sources(told[m]),
        )
        for m in members
    )


def _others(f: _File) -> list[Claim]:
    shown = {"commitment", "statement", "stance"}
    return [c for c in f.uses if (split(c.subject) or ("", ""))[0] not in shown]


def _country(f: _File) -> list[Section]:
    officials = questions.ask(f.store, "officials", country=NamedNode(f.iri))
    who = sorted({f"{r['personLabel']}, {r['postLabel']}" for r in officials.dicts()})
    channels = [c for c in f.uses if c.predicate == ALLY.party and "/channel/" in c.subject]
    rest = [c for c in _others(f) if c not in channels]
    return [
        Section("Fact box", f.identity(ALLY.allianceParty)),
        Section("Names", f.names()),
        Section("Memberships", _memberships(f)),
        Section("Officials", f.absent(tuple(map(Line, who)), "officials")),
        Section("Channels it is a party of", f.mentions(channels)),
        Section("Promises, proposals, demands", _promises(f)),
        Section("Statements", _sayings(f, "statement")),
        Section("Stances", _sayings(f, "stance")),
        Section("Also", f.mentions(rest)),
    ]


def _topic(f: _File) -> list[Section]:
    narrower = select(
        f.store, f"SELECT DISTINCT ?x WHERE {{ ?x skos:broader <{f.iri}> }} ORDER BY ?x"
    )
    below = [row["x"].value for row in narrower]
    f.learn(below)
    broader = f.identity(SKOS + "broader")
    return [
        Section("Place among topics", (*broader, *(Line(f"narrower: {f.name(x)}") for x in below))),
        Section("Names", f.names()),
        Section("Stances", _sayings(f, "stance")),
        Section("Statements", _sayings(f, "statement")),
        Section("Promises, proposals, demands", _promises(f)),
        Section("Also", f.absent(f.mentions(_others(f)), "encounters and documents about it")),
    ]


def _place(f: _File) -> list[Section]:
    return [
        Section("Fact box", f.identity(ALLY.placeKind, ALLY.country, ALLY.within)),
        Section("Names", f.names()),
        Section("What took place there", f.absent(f.mentions(f.uses), "events")),
    ]


def _unnamed(f: _File) -> list[Section]:
    me = f"<{f.iri}>"
    return [
        Section("Fact box", f.identity(ALLY.of, ALLY.printed)),
        Section(
            "Encounters and visits", f.taken_part(f"ally:unnamedParty {me}", ("encounter", "visit"))
        ),
        Section("Claims on their word", f.voice()),
        Section("Also", f.mentions(f.uses)),
    ]


def _article(f: _File) -> list[Section]:
    rows = select(
        f.store,
        f"""SELECT ?holder ?attribution (COUNT(DISTINCT ?c) AS ?n) WHERE {{
              ?c ally:inArticle <{f.iri}> ; ally:holder ?holder .
              OPTIONAL {{ ?c ally:attribution ?attribution }}
            }} GROUP BY ?holder ?attribution ORDER BY DESC(?n) ?holder ?attribution""",
    )
    holders = []
    for row in rows:
        holder = row["holder"].value
        name = "its own narrative" if holder == f.iri else f.name(holder)
        how = f" ({short(row['attribution'].value)})" if "attribution" in row else ""
        holders.append(Line(f"{name}{how}: {row['n'].value} claims"))
    table = questions.ask(f.store, "coverage", article=NamedNode(f.iri))
    blocks = tuple(
        Line(
            f"{r['block']} {r['paragraph']}: {r['claims']} claims"
            + (f" · none: {r['reason']}" if r["reason"] else "")
        )
        for r in table.dicts()
    )
    box = f.identity(
        SCHEMA + "alternativeHeadline",
        SCHEMA + "publisher",
        SCHEMA + "author",
        ALLY.basedOn,
        SCHEMA + "datePublished",
        SCHEMA + "url",
        SCHEMA + "inLanguage",
        DCTERMS + "source",
    )
    return [
        Section("Bibliography", box),
        Section("Dates and how they are known", f.fields(f.about)),
        Section("Whose word its claims are", tuple(holders)),
        Section("Coverage by block of text", blocks),
    ]


def _record(f: _File) -> list[Section]:
    """An encounter, visit, document, promise, statement …: all claims field by field."""
    me = f"<{f.iri}>"
    parts = [c for c in f.about if c.predicate == ALLY.participation]
    first = (ALLY.date, ALLY.scheduledFor, ALLY.statedOn, ALLY.setting, ALLY.inChannel)
    fields = f.fields(f.about, lambda p: p != ALLY.participation and p not in _NAMES, first)
    kind = (split(f.iri) or ("", ""))[0]
    who = f.present(parts)
    sections = [Section("What is said of it", f.absent(fields, "claims"))]
    if kind == "encounter":
        claimed = {c.predicate for c in f.about}
        gaps = [
            Line(f"{what}: {ABSENCE}", "absent")
            for what, wanted in _ENCOUNTER_BOX.items()
            if not claimed & wanted
        ]
        sections.append(Section("Not told", tuple(gaps)))
        mark = f.mark(f.iri)
        took = {"": "Who took part", "denied": "Who took part", "attempted": "Who was to take part"}
        title = took.get(mark, "Who is to take part")
        sections.append(Section(title, f.absent(who, "participants")))
        sections.append(
            Section(
                "Counterparts it shows", f.pairs(f"FILTER(?e = {me} && ?near = ally:counterpartA)")
            )
        )
    elif who:
        sections.append(Section("Travellers", who))
    sections.append(Section("What refers to it", f.mentions(f.uses)))
    return sections


_ENCOUNTER_BOX = {
    "date": {ALLY.date, ALLY.scheduledFor},
    "place": {ALLY.place},
    "mode": {ALLY.mode},
    "channel": {ALLY.inChannel},
}

_BUILDERS: dict[str, Callable[[_File], list[Section]]] = {
    "administration": _institution,
    "article": _article,
    "channel": _channel,
    "country": _country,
    "institution": _institution,
    "office": _office,
    "person": _person,
    "place": _place,
    "topic": _topic,
    "unnamed-party": _unnamed,
}
