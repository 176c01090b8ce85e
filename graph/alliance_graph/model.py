"""What is known, as frozen values: identities, and what articles claim of them.

Nothing here reads a file or speaks RDF. A record's field holds *claims*: a plain YAML value is one
claim that inherits who says so from its record, and the record inherits from its article's
``defaults``. Where accounts differ a field is a list of claims, each with its own qualities.

Dates are EDTF text (https://www.loc.gov/standards/datetime/); every date is local to the place of
the event, never an instant in UTC.
"""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.fields import FieldInfo

from alliance_graph import dates
from alliance_graph.errors import DateError

# --- closed lists: each is a SKOS scheme of the same name in ontology/vocabularies.ttl ---------

Rank = Literal["preferred", "normal", "deprecated"]
Polarity = Literal["asserted", "denied"]
Modality = Literal["held", "planned", "tentative", "desired", "hypothetical", "attempted"]
Attribution = Literal["on-record", "anonymous", "narrative", "inference"]
Basis = Literal["article", "external", "general-knowledge", "curated", "convention"]
DateBasis = Literal["stated", "resolved", "year-inferred", "external"]
Reason = Literal[
    "agrees-with-relative-date",
    "contradicted-by-same-source",
    "contradicted-by-official-account",
    "official-account",
    "first-hand",
    "more-precise",
    "later-account",
    "misprint",
]
Level = Literal[
    "head-of-state-or-government",
    "minister",
    "vice-minister",
    "deputy-minister",
    "director-general",
    "director",
    "working-level",
    "head-of-mission",
    "special-representative",
    "military",
    "spokesperson",
]
Portfolio = Literal[
    "leadership",
    "foreign-affairs",
    "defence",
    "national-security",
    "nuclear-negotiation",
    "diplomatic-mission",
    "public-affairs",
    "energy",
    "commerce",
    "legislature",
]
Status = Literal[
    "proposed",
    "agreed",
    "being-arranged",
    "tentative",
    "scheduled",
    "established",
    "active",
    "stalled",
    "suspended",
    "resumed",
    "renamed",
    "ended",
]
Mode = Literal["in-person", "phone", "video", "written", "broadcast"]
Setting = Literal[
    "meeting",
    "talks",
    "consultation",
    "courtesy-call",
    "call",
    "news-conference",
    "press-briefing",
    "interview",
    "portrait",
    "contact",
    "summit",
]
Capacity = Literal["regular", "acting", "concurrent", "designate"]
ChannelKind = Literal["consultative-body", "meeting-series", "contact-route"]
Formality = Literal["standing", "regular", "ad-hoc", "informal"]
Periodicity = Literal["annual", "regular", "irregular", "once"]
Parity = Literal["equal", "asymmetric"]
CounterpartBasis = Literal["asserted", "curated"]
CommitmentKind = Literal["agreement", "proposal", "plan", "demand", "offer"]
CommitmentState = Literal["open", "fulfilled", "superseded", "rejected", "unknown"]
Strength = Literal["firm", "intended", "tentative", "aspirational", "called-for"]
Position = Literal[
    "supports",
    "opposes",
    "seeks",
    "prioritises",
    "reaffirms",
    "condemns",
    "concerned",
    "cautious",
    "balances",
    "rejects",
    "welcomes",
    "confident",
]
DocumentKind = Literal[
    "joint-statement",
    "readout",
    "press-release",
    "declaration",
    "statement",
    "strategy",
    "report",
    "resolution",
    "treaty",
]
InstitutionKind = Literal[
    "presidency",
    "ministry",
    "department",
    "office",
    "bureau",
    "mission",
    "legislature",
    "international-organisation",
    "military",
    "news-agency",
    "newspaper",
    "broadcaster",
    "think-tank",
    "administration",
]
PlaceKind = Literal["city", "building", "region"]
Block = Literal["headline", "subtitle", "caption", "takeaway", "byline", "body"]
DecisionKind = Literal["kept-as-conflict", "ranked", "explained"]

# --- small parts ---------------------------------------------------------------------------

T = TypeVar("T")


class Value(BaseModel):
    """A frozen value; a field that it does not know is an error."""

    # deferred: only what a file holds as a whole is ever validated on its own
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


def _edtf(text: str) -> str:
    try:
        dates.parse(text)
    except DateError as bad:
        raise ValueError(str(bad)) from None
    return text


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, StringConstraints(pattern=r"\S", max_length=600)]
Short = Annotated[str, StringConstraints(pattern=r"\S", max_length=200)]
Edtf = Annotated[str, AfterValidator(_edtf)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Words = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,5}(-[1-9][0-9]{0,5})?$")]
Url = Annotated[
    str,
    # an IRI that every RDF tool takes: RFC 3987 without user names and IPv6 hosts
    StringConstraints(
        pattern=r"^https?://[\w.~-]+(:[0-9]{1,5})?"
        r"(/([\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
        r"(\?([\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
        r"(#([\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$",
        max_length=500,
    ),
]
Duration = Annotated[str, StringConstraints(pattern=r"^P[0-9]{1,4}[YMWD]$")]


class RefTo:
    """Marks a field as the id of a thing of one of these kinds (checked after loading)."""

    def __init__(self, *kinds: str) -> None:
        self.kinds = kinds

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        """Tells the editors' schema (`seeds.schema`) which kinds of thing are meant."""
        return {**handler(core), "x-kinds": list(self.kinds)}


PersonRef = Annotated[Slug, RefTo("person")]
OfficeRef = Annotated[Slug, RefTo("office")]
InstitutionRef = Annotated[Slug, RefTo("institution", "administration")]
CountryRef = Annotated[Slug, RefTo("country")]
PlaceRef = Annotated[Slug, RefTo("place", "country")]
ChannelRef = Annotated[Slug, RefTo("channel")]
TopicRef = Annotated[Slug, RefTo("topic")]
EncounterRef = Annotated[Slug, RefTo("encounter")]
CommitmentRef = Annotated[Slug, RefTo("commitment")]
DocumentRef = Annotated[Slug, RefTo("document")]
StatementRef = Annotated[Slug, RefTo("statement", "encounter", "document", "commitment")]
OccasionRef = Annotated[Slug, RefTo("encounter", "visit", "context-event")]
ActorRef = Annotated[
    Slug, RefTo("person", "institution", "administration", "country", "unnamed-party")
]
HolderRef = Annotated[
    Slug, RefTo("person", "institution", "administration", "country", "unnamed-party", "document")
]
PartyRef = Annotated[
    Slug, RefTo("country", "institution", "administration", "office", "person", "unnamed-party")
]
SubjectRef = Annotated[
    Slug,
    RefTo(
        "topic",
        "channel",
        "document",
        "encounter",
        "commitment",
        "context-event",
        "statement",
        "country",
        "institution",
        "administration",
        "person",
        "visit",
    ),
]


def _tuple(value: Any) -> Any:
    """One value where several may stand."""
    return tuple(value) if isinstance(value, list) else (value,)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Many = Annotated[tuple[T, ...], BeforeValidator(_tuple)]
Records = Annotated[tuple[T, ...], BeforeValidator(_frozen)]


class Evidence(Value):
    """Where a passage stands: block, paragraph, word range (from 1) and digest of its words.

    While curating, ``quote`` holds the passage itself; ``alliance pin`` turns it into the rest, and
    a file that still has a quote does not compile.
    """

    block: Block = "body"
    p: int = Field(default=1, ge=1, le=999)
    """Which block of its kind, counted from 1: the third body paragraph is ``p: 3``."""
    words: Words | None = None
    """First and last word within the block, as ``28-41``."""
    digest: Digest | None = None
    """First 16 hex digits of sha-256 over the words (NFC, joined by one space)."""
    quote: str | None = None
    """The passage, only until it is pinned."""

    @model_validator(mode="after")
    def _pinned_or_quoted(self) -> Self:
        if self.quote is None and (self.words is None or self.digest is None):
            raise ValueError("needs words and digest, or a quote for `alliance pin`")
        return self


class Said(Value):
    """Who says so, how surely, and where: what every claim and every record may carry."""

    holder: HolderRef | Literal["narrative"] | None = None
    """Who says so: person, institution, unnamed party, document, or the article's narrative."""
    side: Many[CountryRef] | None = None
    """Whose account it is; two countries: a joint account; ``[]``: nobody's."""
    via: Many[InstitutionRef] | None = None
    """Through whom it reached the article: an agency, an outlet."""
    attribution: Attribution | None = None
    polarity: Polarity | None = None
    modality: Modality | None = None
    rank: Rank | None = None
    because: Reason | None = None
    """Why the rank is not normal."""
    basis: Basis | None = None
    """Where the knowledge is from; ``article`` unless said."""
    source: Short | None = None
    """For knowledge from outside the articles: what it is taken from."""
    printed: Short | None = None
    """The short phrase as printed."""
    evidence: Many[Evidence] = ()
    note: Text | None = None
    """A curator's remark, in our own words."""

    @model_validator(mode="after")
    def _reasons(self) -> Self:
        if self.rank in ("preferred", "deprecated") and self.because is None:
            raise ValueError(f"rank {self.rank} needs `because:`")
        if self.basis == "external" and self.source is None:
            raise ValueError("basis external needs `source:`")
        return self


class Claim(Said, Generic[T]):
    """One value of a field, with who says so."""

    is_: T = Field(alias="is")


class DateClaim(Claim[Edtf]):
    """A date: EDTF, local to the place."""

    date_basis: DateBasis | None = None
    """``stated`` in full, ``resolved`` from a relative phrase, ``year-inferred``, ``external``."""
    anchor: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[0-9a-z][0-9a-z.:+-]{3,79}$"),
            RefTo("encounter", "visit", "context-event", "document", "statement"),
        ]
        | None
    ) = None
    """What a relative phrase counts from: a date or an encounter's id; default: publication."""


def _claim(value: Any) -> Any:
    return value if isinstance(value, (dict, BaseModel)) else {"is": value}


class OrderClaim(Claim[OccasionRef]):
    """This stands before or after another event, maybe by a stated interval."""

    gap: Duration | None = None
    """The stated interval as an ISO 8601 duration: ``P6D``, ``P5Y``."""


class StatusClaim(Claim[Status]):
    """A channel was in this status."""

    date: Edtf | None = None
    """When (EDTF): the day it came about, or an interval; absent where no text says."""
    date_basis: DateBasis | None = None
    date_printed: Short | None = None
    until_known: bool = False
    """True where a text says that the status ended with the interval."""


def _claims(value: Any) -> Any:
    items = value if isinstance(value, list) else [value]
    return tuple(
        i if isinstance(i, BaseModel) or (isinstance(i, dict) and "is" in i) else {"is": i}
        for i in items
    )


Claims = Annotated[tuple[T, ...], BeforeValidator(_claims)]
DateClaims = Claims[DateClaim]
OrderClaims = Claims[OrderClaim]
StatusClaims = Claims[StatusClaim]
Names = Claims[Claim[Short]]


class Thing(Value):
    """Anything with an id of its own."""

    kind_name: ClassVar[str]
    """The ``{kind}`` of its IRI."""

    id: Slug

    @property
    def iri_kind(self) -> str:
        """The ``{kind}`` of this thing's IRI."""
        return self.kind_name


# --- identities ----------------------------------------------------------------------------


class Identity(Thing):
    """Who or what it is, apart from what any article says of it."""

    label: Short
    """The usual name in English."""
    ko: Names = ()
    """The name in Hangul; outside knowledge, so with ``basis`` (and ``source`` if external)."""
    aliases: Names = ()
    """Other names from outside the articles; spellings that an article prints go there."""
    exact_match: Many[Url] = ()
    """Records of the same thing elsewhere (skos:exactMatch)."""
    note: Text | None = None


class Country(Identity):
    """A country."""

    kind_name: ClassVar[str] = "country"
    party_of_alliance: bool = False
    """Whether it is one of the allies this set of facts is about."""
    side: int | None = Field(default=None, ge=1, le=2)
    """Which side of the picture's table it sits on (1 left, 2 right)."""


class Place(Identity):
    """A city or building where something took place."""

    kind_name: ClassVar[str] = "place"
    kind: PlaceKind
    country: CountryRef | None = None
    within: PlaceRef | None = None


class Topic(Identity):
    """What is talked about."""

    kind_name: ClassVar[str] = "topic"
    broader: Many[TopicRef] = ()


class Institution(Identity):
    """A ministry, an organisation, a newsroom, or the administration of the day."""

    kind_name: ClassVar[str] = "institution"
    kind: InstitutionKind
    country: CountryRef | None = None
    part_of: InstitutionRef | None = None
    headed_by: Annotated[Slug, RefTo("office", "person")] | None = None

    @property
    def iri_kind(self) -> str:
        """Administrations have IRIs of their own kind."""
        return "administration" if self.kind == "administration" else "institution"


class Office(Identity):
    """A post, whoever holds it."""

    kind_name: ClassVar[str] = "office"
    institution: InstitutionRef
    country: CountryRef
    level: Level
    level_basis: Literal["stated", "convention"]
    """Whether an article states the level, or it is the usual rank of such an office."""
    portfolio: Portfolio


class Person(Identity):
    """A named human being."""

    kind_name: ClassVar[str] = "person"
    country: CountryRef | None = None


class Channel(Identity):
    """A body, a series of meetings or a route through which governments talk: its identity only."""

    kind_name: ClassVar[str] = "channel"
    kind: ChannelKind


IDENTITIES: tuple[type[Identity], ...] = (
    Country,
    Place,
    Topic,
    Institution,
    Office,
    Person,
    Channel,
)

# --- what articles say ---------------------------------------------------------------------


class Record(Thing, Said):
    """Something an article tells; that it is so is itself a claim, with these qualities."""

    label: Short
    """A short name of ours, in English."""
    ko: Short | None = None
    """The same in Korean, ours."""


class UnnamedParty(Thing):
    """People a text mentions without names."""

    kind_name: ClassVar[str] = "unnamed-party"
    label: Short
    ko: Short | None = None
    printed: Short | None = None
    of: Many[Annotated[Slug, RefTo("institution", "administration", "country")]] = ()
    note: Text | None = None


class PrintedName(Said):
    """A spelling that this article prints for somebody or something known otherwise."""

    of: Annotated[
        Slug,
        RefTo(
            "person",
            "institution",
            "administration",
            "office",
            "channel",
            "topic",
            "place",
            "country",
        ),
    ]
    printed: Short


class Tenure(Said):
    """A person shown in an office on a day; start and end only where the text states them."""

    person: PersonRef
    post: OfficeRef
    capacity: Capacity = "regular"
    attested: DateClaims = ()
    start: DateClaims = ()
    end: DateClaims = ()

    @property
    def id(self) -> str:
        """Made from person, post and capacity."""
        extra = "" if self.capacity == "regular" else f".{self.capacity}"
        return f"{self.person}.{self.post}{extra}"


class Membership(Said):
    """A country or institution belongs to a body."""

    member: PartyRef
    body: InstitutionRef
    attested: DateClaims = ()

    @property
    def id(self) -> str:
        """Made from member and body."""
        return f"{self.member}.{self.body}"


class ChannelFacts(Said):
    """What this article says of a channel; a plain value inherits the evidence here."""

    channel: ChannelRef
    name: Claims[Claim[Short]] = ()
    """A name it is given here."""
    provisional_name: Claims[Claim[Short]] = ()
    level: Claims[Claim[Level]] = ()
    party: Claims[Claim[PartyRef]] = ()
    principal: Claims[Claim[OfficeRef]] = ()
    formality: Claims[Claim[Formality]] = ()
    periodicity: Claims[Claim[Periodicity]] = ()
    field: Claims[Claim[TopicRef]] = ()
    """What it is for."""
    part_of: Claims[Claim[ChannelRef]] = ()
    succeeds: Claims[Claim[ChannelRef]] = ()
    status: StatusClaims = ()


class Participation(Said):
    """Somebody at an encounter, in the capacity in which they were there."""

    person: PersonRef | None = None
    unnamed: Annotated[Slug, RefTo("unnamed-party")] | None = None
    in_: Many[OfficeRef] = Field(default=(), alias="in")
    """The office (or offices) in which they took part."""
    capacity: Capacity | None = None
    country: CountryRef | None = None
    """For whom, where no office tells."""
    role: Literal["participant", "speaker", "audience", "host", "traveller"] = "participant"

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.person is None) == (self.unnamed is None):
            raise ValueError("needs exactly one of `person` and `unnamed`")
        return self

    @property
    def who(self) -> str:
        """The id of the person or the unnamed party."""
        return self.person or self.unnamed or ""


class Encounter(Record):
    """A meeting, call, briefing, broadcast …: held, or only planned, wished for, attempted."""

    kind_name: ClassVar[str] = "encounter"
    kind: Setting
    channel: Claims[Claim[ChannelRef]] = ()
    session_number: Claims[Claim[int]] = ()
    mode: Claims[Claim[Mode]] = ()
    level: Claims[Claim[Level]] = ()
    place: Claims[Claim[PlaceRef]] = ()
    date: DateClaims = ()
    during: Claims[Claim[Annotated[Slug, RefTo("visit")]]] = ()
    on_occasion_of: Claims[Claim[OccasionRef]] = ()
    participants: Records[Participation] = ()
    hosted_by: Claims[Claim[PartyRef]] = ()
    initiated_by: Claims[Claim[ActorRef]] = ()
    discussed: Claims[Claim[SubjectRef]] = ()
    outcome_document: Claims[Claim[DocumentRef]] = ()
    resulted_in: Claims[Claim[CommitmentRef]] = ()
    before: OrderClaims = ()
    after: OrderClaims = ()
    fulfils: Claims[Claim[Annotated[Slug, RefTo("encounter", "commitment")]]] = ()


class Visit(Record):
    """A journey to another country."""

    kind_name: ClassVar[str] = "visit"
    travellers: Records[Participation] = ()
    host: Claims[Claim[PartyRef]] = ()
    place: Claims[Claim[PlaceRef]] = ()
    date: DateClaims = ()
    on_occasion_of: Claims[Claim[OccasionRef]] = ()
    before: OrderClaims = ()
    after: OrderClaims = ()
    fulfils: Claims[Claim[CommitmentRef]] = ()


class ContextEvent(Record):
    """Background: an election, a declaration of martial law, a speech."""

    kind_name: ClassVar[str] = "context-event"
    actor: Claims[Claim[ActorRef]] = ()
    place: Claims[Claim[PlaceRef]] = ()
    date: DateClaims = ()
    topic: Claims[Claim[SubjectRef]] = ()
    before: OrderClaims = ()
    after: OrderClaims = ()


class Commitment(Record):
    """An agreement to do something later, a proposal, plan, demand or offer."""

    kind_name: ClassVar[str] = "commitment"
    kind: Claims[Claim[CommitmentKind]]
    content: Claims[Claim[Text]]
    """What is promised, in our words."""
    wording: Claims[Claim[Short]] = ()
    """The strength of the words, as printed."""
    strength: Claims[Claim[Strength]] = ()
    party: Claims[Claim[PartyRef]] = ()
    proposed_by: Claims[Claim[ActorRef]] = ()
    about: Claims[Claim[SubjectRef]] = ()
    made_at: Claims[Claim[OccasionRef]] = ()
    stated_on: DateClaims = ()
    due: DateClaims = ()
    state: Claims[Claim[CommitmentState]] = ()
    fulfilled_by: Claims[
        Claim[Annotated[Slug, RefTo("encounter", "visit", "document", "context-event", "channel")]]
    ] = ()


class Statement(Record):
    """Something said or issued; with ``polarity: denied``, said not to have been."""

    kind_name: ClassVar[str] = "statement"
    actor: Claims[Claim[ActorRef]]
    in_post: Claims[Claim[OfficeRef]] = ()
    on_behalf_of: Claims[Claim[PartyRef]] = ()
    content: Claims[Claim[Text]] = ()
    """What was said, in our words."""
    wording: Claims[Claim[Short]] = ()
    about: Claims[Claim[SubjectRef]] = ()
    on_occasion_of: Claims[Claim[OccasionRef]] = ()
    in_response_to: Claims[Claim[StatementRef]] = ()
    addressed_to: Claims[Claim[ActorRef]] = ()
    mode: Claims[Claim[Mode]] = ()
    date: DateClaims = ()


class Stance(Record):
    """The position of a side or person on a topic."""

    kind_name: ClassVar[str] = "stance"
    actor: Claims[Claim[ActorRef]]
    on_behalf_of: Claims[Claim[PartyRef]] = ()
    topic: Claims[Claim[SubjectRef]]
    position: Claims[Claim[Position]]
    content: Claims[Claim[Text]] = ()
    wording: Claims[Claim[Short]] = ()
    on_occasion_of: Claims[Claim[OccasionRef]] = ()
    in_response_to: Claims[Claim[StatementRef]] = ()
    date: DateClaims = ()


class Document(Record):
    """A joint statement, readout, declaration, report …"""

    kind_name: ClassVar[str] = "document"
    kind: DocumentKind
    issued_by: Claims[Claim[ActorRef]] = ()
    date: DateClaims = ()
    outcome_of: Claims[Claim[OccasionRef]] = ()
    refers_to: Claims[Claim[SubjectRef]] = ()
    does_not_mention: Claims[Claim[SubjectRef]] = ()


class Counterparts(Said):
    """Two offices facing each other, asserted by a source or curated by us (with ``note``)."""

    a: OfficeRef
    b: OfficeRef
    channel: ChannelRef | None = None
    level: Level | None = None
    parity: Parity
    counterpart_basis: CounterpartBasis
    attested: DateClaims = ()
    encounter: EncounterRef | None = None
    """The encounter that shows it."""

    @property
    def id(self) -> str:
        """Made from both offices, in order, and the channel."""
        first, second = sorted((self.a, self.b))
        return f"{first}.{second}" + (f".{self.channel}" if self.channel else "")

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if self.counterpart_basis == "curated" and self.note is None:
            raise ValueError("a curated pair needs `note:` with the reason")
        return self


class TextBlock(Value):
    """One block of the article's text, with its length; the words themselves stay out."""

    block: Block
    p: int = Field(default=1, ge=1, le=999)
    words: int | None = Field(default=None, ge=1, le=100_000)
    digest: Digest | None = None
    none: Short | None = None
    """Why no claim cites this block."""
    quote: str | None = None
    """The block itself, only until it is pinned."""

    @model_validator(mode="after")
    def _pinned_or_quoted(self) -> Self:
        if self.quote is None and (self.words is None or self.digest is None):
            raise ValueError("needs words and digest, or a quote for `alliance pin`")
        return self


class Defaults(Value):
    """What claims of this article carry unless they say otherwise."""

    holder: HolderRef | Literal["narrative"] = "narrative"
    side: Many[CountryRef] = ()
    via: Many[InstitutionRef] = ()
    attribution: Attribution = "narrative"


class Decision(Value):
    """What the curator said of a finding of ``alliance check``."""

    finding: Slug
    """The finding's code."""
    about: Many[Short] = Field(min_length=1)
    """The ids the finding speaks of."""
    decision: DecisionKind
    why: Text
    on: Edtf


class Article(Thing):
    """One article or official readout, with all that it says."""

    kind_name: ClassVar[str] = "article"
    kind: Literal["news-article", "official-readout"]
    headline: Short
    subtitle: Short | None = None
    publisher: InstitutionRef
    authors: Many[PersonRef] = ()
    based_on: Many[InstitutionRef] = ()
    """The agency whose report it carries."""
    document: DocumentRef | None = None
    """The official document whose text it is, so that who refers to that refers to this."""
    url: Url
    language: Literal["en", "ko"] = "en"
    published: Annotated[DateClaim, BeforeValidator(_claim)]
    modified: Annotated[DateClaim, BeforeValidator(_claim)] | None = None
    anchor: Edtf
    """The day from which its relative dates count (publication, or the dateline where printed)."""
    text_digest: Digest | None = None
    """Over the words of all blocks in order; set by ``alliance pin``."""
    defaults: Defaults = Defaults()
    blocks: Records[TextBlock] = ()
    unnamed: Records[UnnamedParty] = ()
    names: Records[PrintedName] = ()
    tenures: Records[Tenure] = ()
    memberships: Records[Membership] = ()
    channels: Records[ChannelFacts] = ()
    encounters: Records[Encounter] = ()
    visits: Records[Visit] = ()
    background: Records[ContextEvent] = ()
    documents: Records[Document] = ()
    commitments: Records[Commitment] = ()
    statements: Records[Statement] = ()
    stances: Records[Stance] = ()
    counterparts: Records[Counterparts] = ()
    decisions: Records[Decision] = ()

    def records(self) -> Iterator[tuple[str, int, Said]]:
        """Everything it says, as (section, index, record)."""
        for section in SECTIONS:
            for i, record in enumerate(getattr(self, section)):
                yield section, i, record


SECTIONS = (
    "names",
    "tenures",
    "memberships",
    "channels",
    "encounters",
    "visits",
    "background",
    "documents",
    "commitments",
    "statements",
    "stances",
    "counterparts",
)


class Erratum(Value):
    """A correction to a fact that had been published; ``errata.yaml`` is a list of them."""

    about: Short
    """The id of the thing or of the claim; of what is gone, the id of its article."""
    on: Edtf
    """The day of the correction."""
    was: Text
    """What was published, in our words."""
    is_: Text = Field(alias="is")
    """What stands now, in our words."""
    why: Text


class Coding(Value):
    """How far two independent codings of an article agree in one kind of fact.

    ``codings.yaml`` is a list of them.
    """

    article: Annotated[Slug, RefTo("article")]
    section: Short
    """The kind of fact: a section of an article file."""
    both: int = Field(ge=0)
    """Facts that both codings have."""
    first: int = Field(ge=0)
    """Facts that only the first coding has."""
    second: int = Field(ge=0)
    """Facts that only the second coding has."""
    on: Edtf
    """The day of the comparison."""
    why: Text
    """How the differences were decided."""

    @property
    def agreement(self) -> float | None:
        """Positive specific agreement, 0 to 1; ``None`` where neither coding has such a fact.

        What neither has cannot be counted, so no chance-corrected measure applies (Hripcsak and
        Rothschild 2005, https://doi.org/10.1197/jamia.M1733).
        """
        facts = 2 * self.both + self.first + self.second
        return 2 * self.both / facts if facts else None


class Facts(Value):
    """All that is known, in the order of ids."""

    countries: tuple[Country, ...] = ()
    places: tuple[Place, ...] = ()
    topics: tuple[Topic, ...] = ()
    institutions: tuple[Institution, ...] = ()
    offices: tuple[Office, ...] = ()
    people: tuple[Person, ...] = ()
    channels: tuple[Channel, ...] = ()
    articles: tuple[Article, ...] = ()
    errata: Records[Erratum] = ()
    codings: Records[Coding] = ()

    def identities(self) -> Iterator[Identity]:
        """Every identity, kind by kind."""
        for field in (
            "countries",
            "places",
            "topics",
            "institutions",
            "offices",
            "people",
            "channels",
        ):
            yield from getattr(self, field)

    def things(self) -> Iterator[Thing]:
        """Everything with an id: identities, articles, unnamed parties, records (maybe twice)."""
        yield from self.identities()
        for article in self.articles:
            yield article
            yield from article.unnamed
            for _, _, record in article.records():
                if isinstance(record, Record):
                    yield record

    def kinds(self) -> dict[str, str]:
        """Which kind each id is of."""
        return {thing.id: thing.iri_kind for thing in self.things()}


def parts(info: FieldInfo) -> Iterator[Any]:
    """Every type and every mark in a field's annotation, from the outside in."""
    pending = [info.annotation, *info.metadata]
    while pending:
        part = pending.pop(0)
        yield part
        pending += getattr(part, "__metadata__", ())
        pending += get_args(part)


def inner_model(info: FieldInfo) -> type[BaseModel] | None:
    """The model whose values a field holds, alone or in a list."""
    return next((t for t in parts(info) if isinstance(t, type) and issubclass(t, BaseModel)), None)


@cache
def deeper(kind: type[BaseModel]) -> tuple[tuple[str, str, type[BaseModel]], ...]:
    """The fields of a class that hold values of the model, as (name, alias, their class)."""
    held = ((name, f.alias or name, inner_model(f)) for name, f in kind.model_fields.items())
    return tuple((name, alias, inner) for name, alias, inner in held if inner is not None)


@cache
def _claim_fields(kind: type[Said]) -> tuple[str, ...]:
    return tuple(name for name, _, inner in deeper(kind) if issubclass(inner, Claim))


def claims_of(record: Said) -> Iterator[tuple[str, int, Claim[Any]]]:
    """The claims in a record's fields, as (field, index, claim), in the order of the model."""
    held = vars(record)
    for name in _claim_fields(type(record)):  # asking each value for its class is slow
        for i, item in enumerate(held[name]):
            yield name, i, item


def inherited(claim: Said, *outer: Said | Defaults) -> dict[str, Any]:
    """A claim's qualities, filled from its record and then its article's defaults.

    Rank and reason do not descend: they say something of one value among others. A phrase as
    printed does not descend either.
    """
    out: dict[str, Any] = {
        "rank": claim.rank or "normal",
        "because": claim.because,
        "printed": claim.printed,
        "source": claim.source,
        "note": claim.note,
    }
    for name in ("holder", "side", "via", "attribution", "polarity", "modality", "basis"):
        value = getattr(claim, name)
        for level in outer:
            if value is None:
                value = vars(level).get(name)  # asking pydantic for what is not there is slow
        out[name] = value
    out["polarity"] = out["polarity"] or "asserted"
    out["modality"] = out["modality"] or "held"
    out["basis"] = out["basis"] or "article"
    evidence = claim.evidence
    for level in outer:
        evidence = evidence or vars(level).get("evidence", ())
    out["evidence"] = evidence
    return out


SINGLE_VALUED = frozenset(
    {
        "date",
        "session_number",
        "mode",
        "level",
        "place",
        "kind",
        "state",
        "stated_on",
        "due",
        "formality",
        "periodicity",
        "position",
        "strength",
        "start",
        "end",
        "during",
        "initiated_by",
    }
)
"""Fields of which one value can be true: two with different values are a conflict."""
