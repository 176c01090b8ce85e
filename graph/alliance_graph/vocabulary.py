"""Names: namespaces, the closed list of our terms, and how IRIs are made.

Plain strings, so that no RDF library is needed to speak of a term. ``ALLY.typo`` raises at once.
"""

from __future__ import annotations

import re
import unicodedata

BASE = "https://w3id.org/alliance-graph/"
ONTOLOGY = BASE + "ontology"
TITLE = "alliance-graph"
MAKERS = "alliance-graph maintainers"
"""What the data set is called, and who made it: for citations and catalogues."""

KINDS = frozenset(
    "person office institution administration country place channel encounter participation "
    "unnamed-party visit context-event tenure commitment statement stance document topic article "
    "claim evidence counterparts status-period record record-set comparison".split()
)
"""Every ``{kind}`` of ``…/id/{kind}/{slug}``."""

SCHEMES = frozenset(
    "rank polarity modality attribution basis date-basis reason level portfolio status mode "
    "setting capacity channel-kind formality periodicity parity counterpart-basis commitment-kind "
    "commitment-state strength position document-kind institution-kind place-kind block role "
    "decision verdict".split()
)
"""Every ``{scheme}`` of ``…/vocabulary/{scheme}/{slug}``."""

TERMS = frozenset(
    # classes
    "Administration Article AttemptedEncounter Channel Claim Commitment Comparison "
    "ConsultativeBody "
    "ContactRoute ContextEvent CounterpartRelation Country Decision Denied Derivation Encounter "
    "MeetingSeries OfficialDocument OfficialReadout Participation Place PlannedContextEvent "
    "PlannedDocument PlannedEncounter PlannedVisit Record RecordSet Stance Statement StatusPeriod "
    "Tenure TextBlock Topic UnnamedParty Visit "
    # properties
    "about actor addressedTo after allianceParty anchor appointedOn arrivedOn attestedOn "
    "attribution basedOn basis because before block blockCount capacity commitmentKind content "
    "counterpartA counterpartB counterpartOf country date dateBasis decision discussed "
    "documentKind doesNotMention dueDate dueEarliest dueLatest during earliest end evidence field "
    "finding firstAttested formality fulfilledBy fulfils gap hasHeldPost headedBy holder hostedBy "
    "host inArticle inChannel inPost inResponseTo initiatedBy institutionKind issuedBy "
    "lastAttested latest level levelBasis madeAt modality mode noClaim of ofChannel onBehalfOf "
    "onOccasionOf outcomeDocument outcomeOf paragraph parity partOf participant participation "
    "party passageDigest periodicity person place placeKind polarity portfolio position post "
    "premise principal printed proposedBy provenanceBasis provisionalName rank rankOrder "
    "recordFile recordId recordSet recordText refersTo resultedIn role rule scheduledFor "
    "sessionNumber setting side source start state statedOn status statusPeriod strength succeeds "
    "tableSide textDigest topic traveller unnamedParty untilKnown usualRank verdict via within "
    "wordCount wording words".split()
)
"""The terms of ``ontology/alliance.ttl``; a test holds both equal."""


class _Closed:
    """A namespace that knows its terms."""

    def __init__(self, iri: str) -> None:
        self._iri = iri

    def __str__(self) -> str:
        return self._iri

    def __getattr__(self, term: str) -> str:
        if term in TERMS:
            found = self.__dict__[term] = f"{self._iri}{term}"
            return found
        raise AttributeError(f"the ontology has no term {term!r}")


ALLY = _Closed(ONTOLOGY + "#")
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
ORG = "http://www.w3.org/ns/org#"
PROV = "http://www.w3.org/ns/prov#"
FOAF = "http://xmlns.com/foaf/0.1/"
SCHEMA = "https://schema.org/"
DCTERMS = "http://purl.org/dc/terms/"
OA = "http://www.w3.org/ns/oa#"
EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"

ID = BASE + "id/"
VOC = BASE + "vocabulary/"
GRAPH = BASE + "graph/"

PREFIXES: dict[str, str] = {
    "ally": str(ALLY),
    "dcterms": DCTERMS,
    "edtf": "http://id.loc.gov/datatypes/edtf/",
    "foaf": FOAF,
    "graph": GRAPH,
    "id": ID,
    "oa": OA,
    "org": ORG,
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": SCHEMA,
    "skos": SKOS,
    "voc": VOC,
    "xsd": XSD,
    # one for each kind of thing and each scheme, so that one writes person:… and level:…
    **{kind: f"{ID}{kind}/" for kind in sorted(KINDS)},
    **{scheme: f"{VOC}{scheme}/" for scheme in sorted(SCHEMES)},
}
"""Prefixes of every file we write and of every query (which need not declare them)."""
_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))

TRUTHY = GRAPH + "truthy"
DERIVED = GRAPH + "derived"
IDENTITIES = GRAPH + "identities"
OUTSIDE = GRAPH + "outside"
ONTOLOGY_GRAPH = GRAPH + "ontology"
VOCABULARIES = GRAPH + "vocabularies"


def iri(kind: str, slug: str) -> str:
    """IRI of a thing; raises ValueError for a kind that is not ours."""
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r}")
    return f"{ID}{kind}/{slug}"


def concept(scheme: str, slug: str) -> str:
    """IRI of a concept; raises ValueError for a scheme that is not ours."""
    if scheme not in SCHEMES:
        raise ValueError(f"no scheme {scheme!r}")
    return f"{VOC}{scheme}/{slug}"


def article_graph(slug: str) -> str:
    """Named graph with what one article says."""
    return f"{GRAPH}article/{slug}"


def slug(text: str, limit: int = 48) -> str:
    """ASCII slug of a text: lower case, runs of anything else as one hyphen; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:limit].strip("-")


def split(thing: str) -> tuple[str, str] | None:
    """Kind and slug of a thing's IRI, or None where it is not one of ours."""
    kind, _, name = thing.removeprefix(ID).partition("/")
    return (kind, name) if thing.startswith(ID) and kind in KINDS and name else None


def compact(value: str) -> str:
    """The IRI as a prefixed name where one of our prefixes fits and the rest is plain."""
    for prefix, namespace in _LONGEST_FIRST:
        rest = value.removeprefix(namespace)
        if rest != value and re.fullmatch(r"[\w-]+", rest):
            return f"{prefix}:{rest}"
    return value
