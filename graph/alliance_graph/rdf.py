"""Facts as quads: the only place where a field of the model meets a predicate.

Each claim becomes a node in the graph of its article, with the qualities that say how sure it is.
Beside them stands the truthy layer, plain triples that a simple query sees: best rank, asserted,
and held (a plan's values under ``ally:PlannedEncounter``). Names from outside the articles have a
graph of their own. No blank nodes: every IRI is made from the place of its fact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date as Day
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from alliance_graph import dates, model
from alliance_graph.vocabulary import (
    ALLY,
    DCTERMS,
    EDTF,
    FOAF,
    ID,
    IDENTITIES,
    OA,
    ORG,
    OUTSIDE,
    PROV,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    TRUTHY,
    XSD,
    article_graph,
    concept,
    iri,
)
from alliance_graph.vocabulary import slug as _slug_of

if TYPE_CHECKING:
    from pyoxigraph import Quad

Fact = tuple[str, str, str, str]
"""Subject, predicate, object and graph, each as it stands in N-Quads."""

slug = lru_cache(1 << 16)(_slug_of)


@cache
def _node(value: str) -> str:
    """An IRI as it stands in N-Quads; most of them stand in thousands."""
    return f"<{value}>"


def _line(fact: Fact) -> str:
    return "{} {} {} {} .\n".format(*fact)


# the escapes of canonical N-Quads (https://www.w3.org/TR/rdf12-n-quads/#canonical-quads)
_ESCAPES = {c: f"\\u{c:04X}" for c in (*range(32), 127)} | {
    ord(char): f"\\{name}" for char, name in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)
}


def _literal(value: str) -> str:
    return f'"{value.translate(_ESCAPES)}"'


# --- the table: field -> predicate and kind of value -----------------------------------------
# kinds: ref (id of a thing), text (English), plain (no language), int, edtf, concept:<scheme>

FIELDS: dict[str, tuple[str, str]] = {
    "about": (ALLY.topic, "ref"),
    "actor": (ALLY.actor, "ref"),
    "addressed_to": (ALLY.addressedTo, "ref"),
    "after": (ALLY.after, "ref"),
    "attested": (ALLY.attestedOn, "edtf"),
    "before": (ALLY.before, "ref"),
    "channel": (ALLY.inChannel, "ref"),
    "content": (ALLY.content, "text"),
    "date": (ALLY.date, "edtf"),
    "discussed": (ALLY.discussed, "ref"),
    "does_not_mention": (ALLY.doesNotMention, "ref"),
    "due": (ALLY.dueDate, "edtf"),
    "during": (ALLY.during, "ref"),
    "end": (ALLY.end, "edtf"),
    "field": (ALLY.field, "ref"),
    "formality": (ALLY.formality, "concept:formality"),
    "fulfilled_by": (ALLY.fulfilledBy, "ref"),
    "fulfils": (ALLY.fulfils, "ref"),
    "host": (ALLY.host, "ref"),
    "hosted_by": (ALLY.hostedBy, "ref"),
    "in_post": (ALLY.inPost, "ref"),
    "in_response_to": (ALLY.inResponseTo, "ref"),
    "initiated_by": (ALLY.initiatedBy, "ref"),
    "issued_by": (ALLY.issuedBy, "ref"),
    "level": (ALLY.level, "concept:level"),
    "made_at": (ALLY.madeAt, "ref"),
    "mode": (ALLY.mode, "concept:mode"),
    "name": (SKOS + "altLabel", "text"),
    "on_behalf_of": (ALLY.onBehalfOf, "ref"),
    "on_occasion_of": (ALLY.onOccasionOf, "ref"),
    "outcome_document": (ALLY.outcomeDocument, "ref"),
    "outcome_of": (ALLY.outcomeOf, "ref"),
    "part_of": (ALLY.partOf, "ref"),
    "party": (ALLY.party, "ref"),
    "periodicity": (ALLY.periodicity, "concept:periodicity"),
    "place": (ALLY.place, "ref"),
    "position": (ALLY.position, "concept:position"),
    "principal": (ALLY.principal, "ref"),
    "proposed_by": (ALLY.proposedBy, "ref"),
    "provisional_name": (ALLY.provisionalName, "text"),
    "refers_to": (ALLY.refersTo, "ref"),
    "resulted_in": (ALLY.resultedIn, "ref"),
    "session_number": (ALLY.sessionNumber, "int"),
    "start": (ALLY.start, "edtf"),
    "state": (ALLY.state, "concept:commitment-state"),
    "stated_on": (ALLY.statedOn, "edtf"),
    "strength": (ALLY.strength, "concept:strength"),
    "succeeds": (ALLY.succeeds, "ref"),
    "topic": (ALLY.topic, "ref"),
    "wording": (ALLY.wording, "plain"),
}

OVERRIDES: dict[tuple[type[model.Said], str], tuple[str, str]] = {
    (model.Commitment, "kind"): (ALLY.commitmentKind, "concept:commitment-kind"),
}

CLASSES: dict[type[model.Said], str] = {
    model.Encounter: ALLY.Encounter,
    model.Visit: ALLY.Visit,
    model.ContextEvent: ALLY.ContextEvent,
    model.Commitment: ALLY.Commitment,
    model.Statement: ALLY.Statement,
    model.Stance: ALLY.Stance,
    model.Document: ALLY.OfficialDocument,
    model.Tenure: ALLY.Tenure,
    model.Membership: ORG + "Membership",
    model.Counterparts: ALLY.CounterpartRelation,
}

NOT_HELD: dict[type[model.Said], tuple[str, str]] = {
    # class where it is only planned (tentative, desired, hypothetical), and where it was attempted
    model.Encounter: (ALLY.PlannedEncounter, ALLY.AttemptedEncounter),
    model.Visit: (ALLY.PlannedVisit, ALLY.PlannedVisit),
    model.ContextEvent: (ALLY.PlannedContextEvent, ALLY.PlannedContextEvent),
    model.Document: (ALLY.PlannedDocument, ALLY.PlannedDocument),
}

_HELD_CLASSES = frozenset(CLASSES.values())
_ONLY_HELD = (model.Tenure, model.Membership, model.Counterparts)
"""What is a claim and no more where it is not held."""

IDENTITY_CLASSES: dict[type[model.Identity], str] = {
    model.Country: ALLY.Country,
    model.Place: ALLY.Place,
    model.Topic: ALLY.Topic,
    model.Institution: ORG + "Organization",
    model.Office: ORG + "Post",
    model.Person: FOAF + "Person",
    model.Channel: ALLY.Channel,
}

CHANNEL_CLASSES = {
    "consultative-body": ALLY.ConsultativeBody,
    "meeting-series": ALLY.MeetingSeries,
    "contact-route": ALLY.ContactRoute,
}

PRINCIPAL_DATE = ("date", "attested", "stated_on")
"""The fields whose best date gives a record its ``ally:earliest`` and ``ally:latest``."""


def predicate_of(record: model.Said, name: str, planned: bool = False) -> tuple[str, str]:
    """Predicate IRI and kind of value of a field; a plan's ``date`` is ``ally:scheduledFor``."""
    if name == "date" and planned:
        return ALLY.scheduledFor, "edtf"
    return OVERRIDES.get((type(record), name)) or FIELDS[name]


# --- small terms ---------------------------------------------------------------------------------


@cache
def _concept(scheme: str, name: str) -> str:
    return _node(concept(scheme, name))


def _text(value: str, language: str = "en") -> str:
    return f"{_literal(value)}@{language}"


def _typed(value: object, datatype: str) -> str:
    return f'"{value}"^^<{XSD}{datatype}>'


def _edtf(value: str) -> str:
    return f'"{value}"^^<{EDTF}>'


def _day(value: Day) -> str:
    return f'"{value}"^^<{XSD}date>'


@dataclass
class _Said:
    """One value on its way to the truthy layer."""

    subject: str
    predicate: str
    value: str
    rank: str
    single: bool
    graph: str
    principal: bool = False
    due: bool = False


@dataclass
class _Account:
    """How one article tells of a thing, and what it brings to the truthy layer if it counts."""

    cls: str
    rank: str
    denied: bool
    graph: str
    """Where its claims stand."""
    where: str
    """Where its plain values stand: truthy or outside."""
    plain: list[tuple[str, str, str]] = field(default_factory=list)
    said: list[_Said] = field(default_factory=list)
    parts: list[tuple[str, str, str]] = field(default_factory=list)
    """What describes its participations: in the graph of its claims where it does not count."""
    aside: list[Fact] = field(default_factory=list)
    """What has its graph whether it counts or not."""


@dataclass
class _Being:
    """What several accounts together make of a thing."""

    accounts: list[_Account] = field(default_factory=list)
    others: list[_Account] = field(default_factory=list)
    """Of ties that are planned or denied: they say nothing of what there is."""
    labels: dict[str, str] = field(default_factory=dict)

    def counting(self) -> list[_Account]:
        """The accounts of the class that it has: the preferred one's, else held before planned.

        Empty where all are denied or ranked down.
        """
        some = [a for a in self.accounts if not a.denied and a.rank != "deprecated"]
        best = [a for a in some if a.rank == "preferred"] or some
        held = [a for a in best if a.cls in _HELD_CLASSES] or best
        return [a for a in some if a.cls in {b.cls for b in held}]


class Heard(NamedTuple):
    """What one article says of things that other articles may tell of as well."""

    article: str
    beings: dict[str, _Being]
    channels: dict[str, list[bool]]
    said: list[_Said]
    parts: list[Fact]

    def plain(self) -> list[Any]:
        """The same as lists, maps and texts."""
        beings = {s: asdict(being) for s, being in self.beings.items()}
        return [self.article, beings, self.channels, [asdict(s) for s in self.said], self.parts]

    @classmethod
    def of(cls, plain: list[Any]) -> Heard:
        """What :meth:`plain` made plain."""
        article, beings, channels, said, parts = plain

        def accounts(told: list[dict[str, Any]]) -> list[_Account]:
            return [_Account(**{**t, "said": [_Said(**s) for s in t["said"]]}) for t in told]

        return cls(
            article,
            {
                s: _Being(accounts(b["accounts"]), accounts(b["others"]), b["labels"])
                for s, b in beings.items()
            },
            channels,
            [_Said(**s) for s in said],
            parts,
        )


class _Compiler:
    """Carries what several articles say of one thing until all have been heard.

    ``kinds`` tells the kind of each id that the articles name. With ``shared``, what is said of
    these records, of channels, tenures, memberships, pairs and names goes to :attr:`heard`, for a
    compiler that hears all articles.
    """

    def __init__(
        self,
        known: model.Facts,
        kinds: Mapping[str, str],
        shared: Collection[str] | None = None,
    ) -> None:
        self.known = known
        self.labels = {i.id: i.label for i in known.identities()}
        self.kinds = kinds
        self.shared = shared
        self.heard: list[Heard] = []
        self.nodes: dict[str, str] = {}
        self.used: set[str] = set()
        self.qualities: dict[tuple[int, str], tuple[dict[str, Any], str]] = {}
        self.said: list[_Said] = []
        self.parts: list[Fact] = []
        self.beings: dict[str, _Being] = {}
        self.hub: dict[str, _Being] = self.beings
        self.channels: dict[str, list[bool]] = {}
        self.names = {self.ref(i.id): set(_preferred(i)) for i in known.identities()}
        self.offices = {o.id: o for o in known.offices}
        self.people = {p.id: p for p in known.people}

    # IRIs

    def ref(self, name: str) -> str:
        node = self.nodes.get(name)
        if node is None:
            node = self.nodes[name] = _node(iri(self.kinds[name], name))
        return node

    def evidence(self, article: model.Article, e: model.Evidence) -> str:
        return f"<{ID}evidence/{article.id}.{e.block}-{e.p}.{e.words}>"

    def claim_iri(self, *parts: str) -> str:
        name = unique = ".".join([p for p in parts if p])
        n = 1
        while unique in self.used:
            n += 1
            unique = f"{name}.{n}"
        self.used.add(unique)
        return f"<{ID}claim/{unique}>"

    def value(self, kind: str, value: Any) -> str:
        if kind == "ref":
            return self.ref(value)
        if kind == "text":
            return _text(value)
        if kind == "plain":
            return _literal(value)
        if kind == "int":
            return _typed(value, "integer")
        if kind == "edtf":
            return _edtf(value)
        return _concept(kind.removeprefix("concept:"), value)

    # identities

    def identities(self) -> Iterator[Fact]:
        graph = _node(IDENTITIES)
        for thing in self.known.identities():
            subject = self.ref(thing.id)
            yield from _labels(subject, thing.label, None, graph)
            for predicate, value in self.identity(thing):
                yield subject, _node(predicate), value, graph
            if thing.note:
                yield subject, _node(SKOS + "editorialNote"), _text(thing.note), graph
            for url in thing.exact_match:
                yield subject, _node(SKOS + "exactMatch"), _node(url), graph
            yield from self.outside_names(thing, subject)

    def identity(self, thing: model.Identity) -> Iterator[tuple[str, str]]:
        a = RDF + "type"
        if not isinstance(thing, model.Channel):
            yield a, _node(IDENTITY_CLASSES[type(thing)])
        match thing:
            case model.Country():
                yield ALLY.allianceParty, _typed(str(thing.party_of_alliance).lower(), "boolean")
                if thing.side:
                    yield ALLY.tableSide, _typed(thing.side, "integer")
            case model.Place():
                yield ALLY.placeKind, _concept("place-kind", thing.kind)
                if thing.country:
                    yield ALLY.country, self.ref(thing.country)
                if thing.within:
                    yield ALLY.within, self.ref(thing.within)
            case model.Topic():
                for broader in thing.broader:
                    yield SKOS + "broader", self.ref(broader)
            case model.Institution():
                if thing.kind == "administration":
                    yield a, _node(ALLY.Administration)
                yield ALLY.institutionKind, _concept("institution-kind", thing.kind)
                if thing.country:
                    yield ALLY.country, self.ref(thing.country)
                if thing.part_of:
                    yield ORG + "subOrganizationOf", self.ref(thing.part_of)
                if thing.headed_by:
                    yield ALLY.headedBy, self.ref(thing.headed_by)
            case model.Office():
                basis = "article" if thing.level_basis == "stated" else "convention"
                yield ORG + "postIn", self.ref(thing.institution)
                yield ALLY.country, self.ref(thing.country)
                yield ALLY.level, _concept("level", thing.level)
                yield ALLY.levelBasis, _concept("basis", basis)
                yield ALLY.portfolio, _concept("portfolio", thing.portfolio)
            case model.Person():
                if thing.country:
                    yield ALLY.country, self.ref(thing.country)
            case _:
                pass

    def outside_names(self, thing: model.Identity, subject: str) -> Iterator[Fact]:
        for name, claims, language in (("ko", thing.ko, "ko"), ("alias", thing.aliases, "en")):
            for i, claim in enumerate(claims):
                first = name == "ko" and i == 0
                # a translation of ours is no knowledge from outside
                ours = claim.basis == "curated"
                graph = _node(IDENTITIES if ours else OUTSIDE)
                predicate = SKOS + ("prefLabel" if first else "altLabel")
                value = _text(claim.is_, language)
                if first:
                    yield subject, _node(predicate), value, graph
                    yield subject, _node(RDFS + "label"), value, graph
                elif value not in self.names[subject]:
                    yield subject, _node(predicate), value, graph
                if ours:
                    continue
                node = self.claim_iri("outside", thing.id, name, slug(claim.is_))
                held = model.inherited(claim, model.Said(basis="general-knowledge"))
                told = ((RDF + "subject", subject), (RDF + "predicate", _node(predicate)))
                for p, o in (*told, (RDF + "object", value), *self.quality(held, None)):
                    yield node, _node(p), o, graph

    # claims

    def claim(
        self,
        node: str,
        subject: str,
        predicate: str,
        value: str,
        held: dict[str, Any],
        article: model.Article,
        graph: str,
    ) -> str:
        """The claim node with its qualities, which many claims of one record share."""
        key = id(held), graph
        kept = self.qualities.get(key)
        if kept is None:
            made = [f"\0 <{p}> {o} {graph} .\n" for p, o in self.quality(held, article)]
            # with held itself: as long as it is kept no other has its id
            kept = self.qualities[key] = held, "".join(made)
        return (
            f"{node} <{RDF}subject> {subject} {graph} .\n"
            f"{node} <{RDF}predicate> <{predicate}> {graph} .\n"
            f"{node} <{RDF}object> {value} {graph} .\n"
        ) + kept[1].replace("\0", node)

    def quality(
        self, held: dict[str, Any], article: model.Article | None
    ) -> Iterator[tuple[str, str]]:
        """What a claim says beside what it claims."""
        yield RDF + "type", _node(ALLY.Claim)
        for name in ("rank", "polarity", "modality", "attribution"):
            if held[name]:
                yield getattr(ALLY, name), _concept(name, held[name])
        yield ALLY.provenanceBasis, _concept("basis", held["basis"])
        if held["because"]:
            yield ALLY.because, _concept("reason", held["because"])
        if held["holder"] == "narrative" and article:
            yield ALLY.holder, self.ref(article.id)
        elif held["holder"]:
            yield ALLY.holder, self.ref(held["holder"])
        for side in held["side"] or ():
            yield ALLY.side, self.ref(side)
        for via in held["via"] or ():
            yield ALLY.via, self.ref(via)
        if held["printed"]:
            yield ALLY.printed, _literal(held["printed"])
        if held["source"]:
            yield ALLY.source, _literal(held["source"])
        if held["note"]:
            yield RDFS + "comment", _text(held["note"])
        if article:
            yield ALLY.inArticle, self.ref(article.id)
            for e in held["evidence"]:
                yield ALLY.evidence, self.evidence(article, e)

    @staticmethod
    def held(claim: model.Said, plain: dict[str, Any], *outer: Any) -> dict[str, Any]:
        """A claim's qualities: the ``plain`` ones of its record, where it has none of its own."""
        if _OF_ITS_OWN.isdisjoint(claim.model_fields_set):
            return plain
        return model.inherited(claim, *outer)

    def field_claim(
        self,
        article: model.Article,
        record: model.Said,
        subject: str,
        name: str,
        claim: model.Claim[Any],
        held: dict[str, Any],
        path: str,
        planned: bool,
        graph: str,
        said: list[_Said],
    ) -> Iterator[str]:
        """The claim of a field; if it counts, its value goes to those ``said`` of its subject."""
        predicate, kind = predicate_of(record, name, planned)
        value = self.value(kind, claim.is_)
        node = self.claim_iri(article.id, path, name.replace("_", "-"), slug(str(claim.is_)))
        outside = _outside(held)
        graph = outside or graph
        yield self.claim(node, subject, predicate, value, held, article, graph)
        if isinstance(claim, model.DateClaim):
            for p, o in _days(claim.is_):
                yield _line((node, _node(p), o, graph))
            if claim.date_basis:
                basis = _concept("date-basis", claim.date_basis)
                yield _line((node, _node(ALLY.dateBasis), basis, graph))
            if claim.anchor:
                known = claim.anchor in self.kinds
                anchor = self.ref(claim.anchor) if known else _edtf(claim.anchor)
                yield _line((node, _node(ALLY.anchor), anchor, graph))
        if isinstance(claim, model.OrderClaim) and claim.gap:
            yield _line((node, _node(ALLY.gap), _typed(claim.gap, "duration"), graph))
        if self.counts(held, record):
            said.append(
                _Said(
                    subject,
                    predicate,
                    value,
                    held["rank"],
                    name in model.SINGLE_VALUED,
                    outside or _node(TRUTHY),
                    principal=name in PRINCIPAL_DATE,
                    due=name == "due",
                )
            )

    @staticmethod
    def counts(held: dict[str, Any], record: model.Said) -> bool:
        """Whether a claim may reach the truthy layer.

        A record that is itself only planned (or a stance, a promise with a modality of its own)
        shows its values; a value that is less than its record does not, nor a planned tenure,
        membership or pair, which have no class of their own.
        """
        own = record.modality or "held"
        if isinstance(record, _ONLY_HELD) and own != "held":
            return False
        return (
            held["polarity"] == "asserted"
            and (record.polarity or "asserted") == "asserted"
            and "deprecated" not in (held["rank"], record.rank)
            and held["modality"] in ("held", own)
        )

    # what articles say

    def article(self, article: model.Article) -> Iterator[str]:
        graph = _node(article_graph(article.id))
        self.qualities.clear()
        if self.shared is not None:
            self.hub, self.channels, self.said, self.parts = {}, {}, [], []
            self.heard.append(Heard(article.id, self.hub, self.channels, self.said, self.parts))
        yield from map(_line, self.bibliography(article, _node(TRUTHY)))
        yield from self.dates_of(article)
        yield from map(_line, self.evidence_nodes(article, graph))
        for party in article.unnamed:
            yield from map(_line, self.unnamed(party, _node(TRUTHY)))
        for decision in article.decisions:
            yield from map(_line, self.decision(article, decision, graph))
        for _, _, record in article.records():
            match record:
                case model.PrintedName():
                    yield self.printed_name(article, record, graph)
                case model.ChannelFacts():
                    yield from self.channel(article, record, graph)
                case _:
                    yield from self.record(article, record, graph)

    def decision(
        self, article: model.Article, decision: model.Decision, graph: str
    ) -> Iterator[Fact]:
        """What the curator made of a tension, where a reader of the graph can see it."""
        about = [name for name in decision.about if name in self.kinds]
        node = self.claim_iri(article.id, "decision", decision.finding, slug(decision.about[0]))
        day = dates.parse(decision.on).earliest
        yield node, _node(RDF + "type"), _node(ALLY.Decision), graph
        yield node, _node(ALLY.finding), _literal(decision.finding), graph
        yield node, _node(ALLY.decision), _concept("decision", decision.decision), graph
        yield node, _node(RDFS + "comment"), _text(decision.why), graph
        yield node, _node(ALLY.inArticle), self.ref(article.id), graph
        for name in about:
            yield node, _node(ALLY.about), self.ref(name), graph
        if day:
            yield node, _node(DCTERMS + "date"), _day(day), graph

    def unnamed(self, party: model.UnnamedParty, graph: str) -> Iterator[Fact]:
        subject = self.ref(party.id)
        yield subject, _node(RDF + "type"), _node(ALLY.UnnamedParty), graph
        yield from _labels(subject, party.label, party.ko, graph)
        for of in party.of:
            yield subject, _node(ALLY.of), self.ref(of), graph
        if party.printed:
            yield subject, _node(ALLY.printed), _literal(party.printed), graph
        if party.note:
            yield subject, _node(SKOS + "editorialNote"), _text(party.note), graph

    def bibliography(self, article: model.Article, graph: str) -> Iterator[Fact]:
        subject = self.ref(article.id)

        def say(p: str, o: str) -> Fact:
            return subject, _node(p), o, graph

        readout = article.kind == "official-readout"
        yield say(RDF + "type", _node(ALLY.OfficialReadout if readout else SCHEMA + "NewsArticle"))
        yield say(RDF + "type", _node(ALLY.Article))
        yield from _labels(subject, article.headline, None, graph)
        yield say(SCHEMA + "headline", _text(article.headline, article.language))
        if article.subtitle:
            yield say(SCHEMA + "alternativeHeadline", _text(article.subtitle, article.language))
        yield say(SCHEMA + "publisher", self.ref(article.publisher))
        for author in article.authors:
            yield say(SCHEMA + "author", self.ref(author))
        for agency in article.based_on:
            yield say(ALLY.basedOn, self.ref(agency))
        if article.document:
            yield say(SCHEMA + "exampleOfWork", self.ref(article.document))
        yield say(SCHEMA + "url", _node(article.url))
        yield say(SCHEMA + "inLanguage", _literal(article.language))
        yield say(ALLY.anchor, _edtf(article.anchor))
        if article.text_digest:
            yield say(ALLY.textDigest, _literal(article.text_digest))
        yield say(ALLY.blockCount, _typed(len(article.blocks), "integer"))

    def dates_of(self, article: model.Article) -> Iterator[str]:
        subject = self.ref(article.id)
        for name, claim in (("published", article.published), ("modified", article.modified)):
            if claim is None:
                continue
            predicate = SCHEMA + ("datePublished" if name == "published" else "dateModified")
            outside = claim.basis in ("external", "general-knowledge")
            earliest = dates.parse(claim.is_).earliest
            if earliest:
                where = _node(OUTSIDE if outside else TRUTHY)
                yield _line((subject, _node(predicate), _day(earliest), where))
            node = self.claim_iri(article.id, name)
            held = model.inherited(claim, article.defaults)
            said = _outside(held) or _node(article_graph(article.id))
            yield self.claim(node, subject, predicate, _edtf(claim.is_), held, article, said)
            if claim.date_basis:
                basis = _concept("date-basis", claim.date_basis)
                yield _line((node, _node(ALLY.dateBasis), basis, said))

    def evidence_nodes(self, article: model.Article, graph: str) -> Iterator[Fact]:
        source = self.ref(article.id)

        def locator(node: str, block: str, p: int, digest: str | None) -> Iterator[Fact]:
            yield node, _node(ALLY.block), _concept("block", block), graph
            yield node, _node(ALLY.paragraph), _typed(p, "integer"), graph
            if digest:
                yield node, _node(ALLY.passageDigest), _literal(digest), graph

        for b in article.blocks:
            node = _node(iri("evidence", f"{article.id}.{b.block}-{b.p}"))
            yield node, _node(RDF + "type"), _node(ALLY.TextBlock), graph
            yield node, _node(DCTERMS + "isPartOf"), source, graph
            yield from locator(node, b.block, b.p, b.digest)
            if b.words:
                yield node, _node(ALLY.wordCount), _typed(b.words, "integer"), graph
            if b.none:
                yield node, _node(ALLY.noClaim), _text(b.none), graph
        seen: set[str] = set()
        for e in _evidence(article):
            node = self.evidence(article, e)
            if node in seen:
                continue
            seen.add(node)
            yield node, _node(RDF + "type"), _node(OA + "SpecificResource"), graph
            yield node, _node(OA + "hasSource"), source, graph
            yield from locator(node, e.block, e.p, e.digest)
            if e.words:
                yield node, _node(ALLY.words), _literal(e.words), graph

    def printed_name(self, article: model.Article, record: model.PrintedName, graph: str) -> str:
        subject, predicate = self.ref(record.of), SKOS + "altLabel"
        value = _text(record.printed, article.language)
        node = self.claim_iri(article.id, record.of, "name", slug(record.printed))
        held = model.inherited(record, article.defaults)
        if self.counts(held, record):
            where = _outside(held) or _node(TRUTHY)
            self.said.append(_Said(subject, predicate, value, held["rank"], False, where))
        return self.claim(node, subject, predicate, value, held, article, graph)

    def channel(
        self, article: model.Article, record: model.ChannelFacts, graph: str
    ) -> Iterator[str]:
        subject = self.ref(record.channel)
        denied = self.channels.setdefault(record.channel, [])
        claims = list(model.claims_of(record))
        if not claims:  # then it tells that there is such a channel, or that there is none
            held = model.inherited(record, article.defaults)
            denied.append(held["polarity"] == "denied")
            node = self.claim_iri(article.id, record.channel, "is")
            cls = _node(ALLY.Channel)
            yield self.claim(node, subject, RDF + "type", cls, held, article, graph)
        outer = record, article.defaults
        plain = model.inherited(_NOTHING_SAID, *outer)
        for name, _, claim in claims:
            held = self.held(claim, plain, *outer)
            denied.append(held["polarity"] == "denied")
            if isinstance(claim, model.StatusClaim):
                yield from self.status(article, record, subject, claim, held, graph)
            else:
                yield from self.field_claim(
                    article,
                    record,
                    subject,
                    name,
                    claim,
                    held,
                    record.channel,
                    False,
                    graph,
                    self.said,
                )

    def status(
        self,
        article: model.Article,
        record: model.ChannelFacts,
        subject: str,
        claim: model.StatusClaim,
        held: dict[str, Any],
        graph: str,
    ) -> Iterator[str]:
        name = f"{record.channel}.{claim.is_}.{slug(claim.date or 'undated')}"
        if held["polarity"] == "denied" or not self.counts(held, record):
            # what is denied or only planned must not share a node with what is
            name += f".{held['polarity'] if held['polarity'] == 'denied' else held['modality']}"
        period = _node(iri("status-period", name))
        node = self.claim_iri(
            article.id, record.channel, "status", claim.is_, slug(claim.date or "")
        )
        yield self.claim(node, subject, ALLY.statusPeriod, period, held, article, graph)
        if claim.date_printed:
            yield _line((node, _node(ALLY.printed), _literal(claim.date_printed), graph))
        described: list[tuple[str, str]] = [
            (RDF + "type", _node(ALLY.StatusPeriod)),
            (ALLY.ofChannel, subject),
            (ALLY.status, _concept("status", claim.is_)),
        ]
        if claim.date:
            described += [(ALLY.date, _edtf(claim.date)), *_days(claim.date)]
        if claim.date_basis:
            described.append((ALLY.dateBasis, _concept("date-basis", claim.date_basis)))
        if claim.until_known:
            described.append((ALLY.untilKnown, _typed("true", "boolean")))
        where = _node(TRUTHY) if self.counts(held, record) else graph
        self.parts += [(period, _node(p), o, where) for p, o in described]
        if self.counts(held, record):
            self.said.append(
                _Said(subject, ALLY.statusPeriod, period, held["rank"], False, _node(TRUTHY))
            )

    def record(self, article: model.Article, record: model.Said, graph: str) -> Iterator[str]:
        subject = self.subject(record)
        held = model.inherited(record, article.defaults)
        cls = self.class_of(record, held)
        planned = cls == ALLY.PlannedEncounter
        path = self.path(record)
        node = self.claim_iri(article.id, path, "is")
        graph = _outside(held) or graph
        where = _outside(held) or _node(TRUTHY)
        yield self.claim(node, subject, RDF + "type", _node(cls), held, article, graph)
        counts = self.counts(held, record)
        account = _Account(cls, held["rank"], held["polarity"] == "denied", graph, where)
        itself = isinstance(record, model.Record)
        own = self.shared is not None and itself and path not in self.shared
        beings = self.beings if own else self.hub
        being = beings.get(subject)
        if being is None:
            being = beings[subject] = _Being()
        # what is told in vain still has names and parts
        (being.accounts if counts or itself else being.others).append(account)
        label = self.label_of(record)
        if label:
            # a planned pair is no relation, but a reader wants its name as well
            account.aside += _labels(subject, label, None, where if counts else graph)
        if isinstance(record, model.Record):
            being.labels.setdefault("en", record.label)
            if record.ko:
                being.labels.setdefault("ko", record.ko)
        for predicate, value, said in self.fixed(record):
            if said:
                claim_node = self.claim_iri(article.id, path, said)
                yield self.claim(claim_node, subject, predicate, value, held, article, graph)
            account.plain.append((subject, predicate, value))
        if held["modality"] != "held" or isinstance(record, model.Commitment):
            modality = _concept("modality", held["modality"])
            account.plain.append((subject, ALLY.modality, modality))
        outer = record, article.defaults
        plain = model.inherited(_NOTHING_SAID, *outer)
        for section in ("participants", "travellers"):
            for participation in getattr(record, section, ()):
                yield self.participation(
                    article,
                    record,
                    subject,
                    participation,
                    self.held(participation, plain, *outer),
                    section == "travellers",
                    account,
                )
        for name, _, claim in model.claims_of(record):
            own_held = self.held(claim, plain, *outer)
            yield from self.field_claim(
                article,
                record,
                subject,
                name,
                claim,
                own_held,
                path,
                planned,
                graph,
                account.said,
            )

    def label_of(self, record: model.Said) -> str | None:
        """The name of a record that has none of its own, made of what it ties together."""
        match record:
            case model.Tenure():
                acting = "" if record.capacity == "regular" else f" ({record.capacity})"
                return f"{self.labels[record.person]}, {self.labels[record.post]}{acting}"
            case model.Membership():
                member = self.labels.get(record.member, record.member)
                return f"{member} in {self.labels[record.body]}"
            case model.Counterparts():
                first, second = sorted((record.a, record.b))
                return f"{self.labels[first]} – {self.labels[second]}"
            case _:
                return None

    def subject(self, record: model.Said) -> str:
        match record:
            case model.Record():
                return self.ref(record.id)
            case model.Tenure() | model.Membership():
                return _node(iri("tenure", record.id))
            case model.Counterparts():
                return _node(iri("counterparts", record.id))
        raise TypeError(type(record).__name__)

    @staticmethod
    def path(record: model.Said) -> str:
        prefix = "counterparts." if isinstance(record, model.Counterparts) else ""
        return prefix + str(getattr(record, "id"))  # noqa: B009 - records share no base with an id

    def class_of(self, record: model.Said, held: dict[str, Any]) -> str:
        if type(record) in NOT_HELD and held["modality"] != "held":
            planned, attempted = NOT_HELD[type(record)]
            return attempted if held["modality"] == "attempted" else planned
        return CLASSES[type(record)]

    def fixed(self, record: model.Said) -> Iterator[tuple[str, str, str]]:
        """Values that are part of what the record is: (predicate, value, claim name or "")."""
        match record:
            case model.Encounter():
                yield ALLY.setting, _concept("setting", record.kind), "setting"
            case model.Document():
                yield ALLY.documentKind, _concept("document-kind", record.kind), "kind"
            case model.Tenure():
                yield ORG + "member", self.ref(record.person), ""
                yield ALLY.post, self.ref(record.post), ""
                yield ALLY.capacity, _concept("capacity", record.capacity), ""
            case model.Membership():
                yield ORG + "member", self.ref(record.member), ""
                yield ORG + "organization", self.ref(record.body), ""
            case model.Counterparts():
                first, second = sorted((record.a, record.b))
                yield ALLY.counterpartA, self.ref(first), "a"
                yield ALLY.counterpartB, self.ref(second), "b"
                yield ALLY.parity, _concept("parity", record.parity), "parity"
                basis = _concept("counterpart-basis", record.counterpart_basis)
                yield ALLY.basis, basis, "basis"
                if record.channel:
                    yield ALLY.inChannel, self.ref(record.channel), "channel"
                if record.level:
                    yield ALLY.level, _concept("level", record.level), "level"
                if record.encounter:
                    yield PROV + "wasDerivedFrom", self.ref(record.encounter), "encounter"
                days = [dates.parse(c.is_) for c in record.attested]
                first_days = [d.earliest for d in days if d.earliest]
                last_days = [d.latest for d in days if d.latest]
                if first_days and last_days:
                    yield ALLY.firstAttested, _day(min(first_days)), ""
                    yield ALLY.lastAttested, _day(max(last_days)), ""
            case _:
                pass

    def participation(
        self,
        article: model.Article,
        record: model.Said,
        subject: str,
        p: model.Participation,
        held: dict[str, Any],
        travels: bool,
        account: _Account,
    ) -> str:
        node = _node(iri("participation", f"{self.path(record)}.{p.who}"))
        claim = self.claim_iri(article.id, self.path(record), "participation", p.who)
        graph = account.graph
        described: list[tuple[str, str]] = [
            (RDF + "type", _node(ALLY.Participation)),
            (ALLY.person if p.person else ALLY.unnamedParty, self.ref(p.who)),
            (ALLY.role, _concept("role", p.role)),
            *((ALLY.inPost, self.ref(o)) for o in p.in_),
        ]
        countries = {p.country} if p.country else {self.offices[o].country for o in p.in_}
        if not countries and p.person:
            countries = {self.people[p.person].country or ""}
        described += [(ALLY.country, self.ref(c)) for c in sorted(countries) if c]
        if p.capacity:
            described.append((ALLY.capacity, _concept("capacity", p.capacity)))
        if p.printed:
            described.append((ALLY.printed, _literal(p.printed)))
        if self.counts(held, record):
            account.parts += [(node, a, b) for a, b in described]
            account.plain.append((subject, ALLY.participation, node))
            if travels:
                account.plain.append((subject, ALLY.traveller, self.ref(p.who)))
        else:
            account.aside += [(node, _node(a), b, graph) for a, b in described]
        return self.claim(claim, subject, ALLY.participation, node, held, article, graph)

    # what stands in the end

    def hear(self, heard: Heard) -> None:
        """Take up what one article says; articles come in the order of their ids."""
        for subject, being in heard.beings.items():
            mine = self.beings.setdefault(subject, _Being())
            mine.accounts += being.accounts
            mine.others += being.others
            mine.labels = being.labels | mine.labels
        for channel, denied in heard.channels.items():
            self.channels.setdefault(channel, []).extend(denied)
        self.said += heard.said
        self.parts += heard.parts

    def own(self) -> Iterator[Fact]:
        """The truthy layer of the records of which only the articles heard so far tell."""
        self.said, self.parts = [], []
        for subject, being in self.beings.items():
            yield from self.being(subject, being)
        yield from self.parts
        yield from self.best()

    def truthy(self) -> Iterator[Fact]:
        graph = _node(TRUTHY)
        a = _node(RDF + "type")
        for channel in self.known.channels:
            subject, denied = self.ref(channel.id), self.channels.get(channel.id)
            if denied and all(denied):
                yield subject, a, _node(ALLY.Denied), graph
            else:
                yield subject, a, _node(ALLY.Channel), graph
                yield subject, a, _node(CHANNEL_CLASSES[channel.kind]), graph
        for subject, being in self.beings.items():
            yield from self.being(subject, being)
        yield from self.parts
        yield from self.best()

    def being(self, subject: str, being: _Being) -> Iterator[Fact]:
        """Class, labels and plain values of what records tell of, from the accounts that count."""
        counting = being.counting()
        # what only the outside world tells is left out with it
        inside = any(a.where == _node(TRUTHY) for a in counting or being.accounts)
        graph = _node(TRUTHY if inside else OUTSIDE)
        if counting:
            classes = sorted({a.cls for a in counting})
        elif being.accounts:
            classes = [ALLY.Denied] if all(a.denied for a in being.accounts) else []
        else:
            classes = []
        for cls in classes:
            yield subject, _node(RDF + "type"), _node(cls), graph
        if "en" in being.labels:
            yield from _labels(subject, being.labels["en"], being.labels.get("ko"), graph)
        for account in being.accounts:
            here = any(account is a for a in counting)
            if here:
                self.said += account.said
                for s, p, o in account.plain:
                    yield s, _node(p), o, account.where
            graph = _node(TRUTHY) if here else account.graph
            self.parts += [(s, _node(p), o, graph) for s, p, o in account.parts]
            self.parts += account.aside
        for account in being.others:
            self.parts += account.aside

    def best(self) -> Iterator[Fact]:
        by_field: dict[tuple[str, str], list[_Said]] = defaultdict(list)
        for s in self.said:
            by_field[s.subject, s.predicate].append(s)
        for (subject, predicate), said in by_field.items():
            preferred = [s for s in said if s.rank == "preferred"]
            chosen = preferred if preferred and said[0].single else said
            chosen = [s for s in chosen if s.rank != "deprecated"]
            for s in chosen:
                if predicate != SKOS + "altLabel" or s.value not in self.names.get(subject, ()):
                    yield subject, _node(predicate), s.value, s.graph
            if chosen and (said[0].principal or said[0].due):
                # days that rest on outside knowledge only where nothing else gives them
                own = [s for s in chosen if s.graph == _node(TRUTHY)] or chosen
                yield from _span(subject, own, said[0].due, own[0].graph)


_OF_ITS_OWN = frozenset(model.Said.model_fields)
_NOTHING_SAID = model.Said()


def _outside(held: dict[str, Any]) -> str | None:
    """The graph of outside knowledge, where a claim rests on it."""
    return _node(OUTSIDE) if held["basis"] in ("external", "general-knowledge") else None


def _preferred(thing: model.Identity) -> Iterator[str]:
    """Its preferred names, one a language; SKOS wants none of them to be an alternative too."""
    yield _text(thing.label)
    if thing.ko:
        yield _text(thing.ko[0].is_, "ko")


def _span(subject: str, said: list[_Said], due: bool, graph: str) -> Iterator[Fact]:
    spans = [dates.parse(s.value[1 : s.value.rindex('"')]) for s in said]
    earliest = min((d.earliest for d in spans if d.earliest), default=None)
    latest = max((d.latest for d in spans if d.latest), default=None)
    names = (ALLY.dueEarliest, ALLY.dueLatest) if due else (ALLY.earliest, ALLY.latest)
    for name, day in zip(names, (earliest, latest), strict=True):
        if day:
            yield subject, _node(name), _day(day), graph


def _days(text: str) -> Iterator[tuple[str, str]]:
    parsed = dates.parse(text)
    if parsed.earliest:
        yield ALLY.earliest, _day(parsed.earliest)
    if parsed.latest:
        yield ALLY.latest, _day(parsed.latest)


def _labels(subject: str, english: str, korean: str | None, graph: str) -> Iterator[Fact]:
    for text, language in ((english, "en"), (korean, "ko")):
        if text:
            for predicate in (RDFS + "label", SKOS + "prefLabel"):
                yield subject, _node(predicate), _text(text, language), graph


def _evidence(article: model.Article) -> Iterator[model.Evidence]:
    yield from article.published.evidence
    if article.modified:
        yield from article.modified.evidence
    for _, _, record in article.records():
        yield from record.evidence
        for section in ("participants", "travellers"):
            for participation in getattr(record, section, ()):
                yield from participation.evidence
        for _, _, claim in model.claims_of(record):
            yield from claim.evidence


_FIRST = {f"<{TRUTHY}>": 0, f"<{IDENTITIES}>": 1, f"<{OUTSIDE}>": 2}


def _once(plain: Iterable[Fact]) -> Iterator[str]:
    """Of a triple in several graphs the one in the truthy graph, else the first by these.

    A query that sees the union of all graphs would count it twice.
    """
    kept: dict[tuple[str, str, str], str] = {}
    for s, p, o, graph in plain:
        known = kept.setdefault((s, p, o), graph)
        if known != graph and _FIRST.get(graph, 3) < _FIRST.get(known, 3):
            kept[s, p, o] = graph
    for (s, p, o), graph in kept.items():
        yield f"{s} {p} {o} {graph} .\n"


# --- from facts to N-Quads ------------------------------------------------------------------------


def nquads(facts: model.Facts) -> Iterator[str]:
    """Everything the facts say, as lines of N-Quads, several at a time.

    RDF 1.1 without blank nodes; what is plain stands in one graph only. References must resolve
    (``seeds.load`` and ``check`` see to it): raises KeyError where one does not.
    """
    compiler = _Compiler(facts, facts.kinds())
    identities = list(compiler.identities())
    for article in facts.articles:
        yield from compiler.article(article)
    yield from _once((*identities, *compiler.truthy()))


def quads(facts: model.Facts) -> Iterator[Quad]:
    """The same as values of pyoxigraph; raises KeyError where a reference does not resolve."""
    from pyoxigraph import RdfFormat, parse

    return parse("".join(nquads(facts)).encode(), format=RdfFormat.N_QUADS)


def part(
    articles: Iterable[model.Article],
    known: model.Facts,
    kinds: Mapping[str, str],
    shared: Collection[str],
) -> tuple[str, list[Heard]]:
    """What some articles say as N-Quads, and what :func:`whole` needs of each.

    ``known`` holds the identities and ``kinds`` the kinds of the ids to which they refer;
    ``shared`` are the ids of the records of which several articles tell.
    """
    compiler = _Compiler(known, kinds, shared)
    lines = [line for article in articles for line in compiler.article(article)]
    lines += _once(compiler.own())
    return "".join(lines), compiler.heard


def whole(known: model.Facts, kinds: Mapping[str, str], heard: Iterable[Heard]) -> str:
    """Identities, and what all articles together make of things of which several may tell.

    ``heard`` is what :func:`part` gave, in the order of articles.
    """
    compiler = _Compiler(known, kinds)
    identities = list(compiler.identities())
    for one in heard:
        compiler.hear(one)
    return "".join(_once((*identities, *compiler.truthy())))
