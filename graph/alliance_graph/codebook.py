"""How each kind of fact is coded: the data dictionary of the facts beside the ontology's terms.

Made from ``seeds/README.md`` and the ontology, with the numbers of one graph, so that text, terms
and data cannot drift apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from alliance_graph import paths, rdf, sheet
from alliance_graph.shapes import Graph
from alliance_graph.store import construct
from alliance_graph.vocabulary import ALLY, PREFIXES, RDF, RDFS, SCHEMA, SKOS, VOC, compact

if TYPE_CHECKING:
    from markupsafe import Markup

    from alliance_graph.store import Store

KINDS: dict[str, str] = {
    "countries": "ally:Country",
    "places": "ally:Place",
    "topics": "ally:Topic skos:broader",
    "institutions": "org:Organization ally:Administration org:subOrganizationOf",
    "offices": "org:Post org:postIn",
    "people": "foaf:Person",
    "channels": "ally:Channel ally:ConsultativeBody ally:MeetingSeries ally:ContactRoute",
    "an article file": "ally:Article schema:NewsArticle ally:OfficialReadout schema:headline"
    " schema:alternativeHeadline schema:author schema:publisher schema:exampleOfWork schema:url"
    " schema:inLanguage schema:datePublished schema:dateModified",
    "blocks": "ally:TextBlock",
    "unnamed": "ally:UnnamedParty",
    "names": "skos:altLabel",
    "tenures": "ally:Tenure org:member",
    "memberships": "org:Membership org:member org:organization",
    "channels of an article": "ally:StatusPeriod",
    "encounters": "ally:Encounter ally:PlannedEncounter ally:AttemptedEncounter",
    "participants": "ally:Participation",
    "visits": "ally:Visit ally:PlannedVisit",
    "background": "ally:ContextEvent ally:PlannedContextEvent",
    "documents": "ally:OfficialDocument ally:PlannedDocument",
    "commitments": "ally:Commitment",
    "statements": "ally:Statement",
    "stances": "ally:Stance",
    "counterparts": "ally:CounterpartRelation prov:wasDerivedFrom",
    "claims and their qualities": "ally:Claim",
    "evidence": "oa:SpecificResource oa:hasSource",
    "what the rules derive": "ally:Derivation",
    "what is denied": "ally:Denied",
}
"""Headings of the data dictionary, and the classes and reused properties that each leads to."""

_OURS = str(ALLY)
_WRITTEN_IN = {"channels": "", "channels of an article": "ally:Channel ally:StatusPeriod"}
"""Headings that show the properties of other classes than their own: those written there."""
_LEFT_OUT = ("Add an article, step by step", "The YAML")
"""Chapters for who writes facts, not for who reads them."""
_OTHERWISE = {
    "a": "counterpartA",
    "authors": "author",
    "b": "counterpartB",
    "basis": "provenanceBasis",
    "body": "organization",
    "counterpart_basis": "basis",
    "digest": "passageDigest",
    "document": "exampleOfWork",
    "encounter": "wasDerivedFrom",
    "in": "inPost",
    "institution": "postIn",
    "is": "object",
    "language": "inLanguage",
    "modified": "dateModified",
    "none": "noClaim",
    "p": "paragraph",
    "part_of": "partOf subOrganizationOf",
    "participants": "participation",
    "party_of_alliance": "allianceParty",
    "published": "datePublished",
    "side": "side tableSide",
    "subtitle": "alternativeHeadline",
    "travellers": "traveller participation",
    "unnamed": "unnamedParty",
    "words": "words wordCount",
}
"""Fields whose properties have other names."""
_DERIVED = """
## What is made of them

### What the rules derive

Statements that no source makes, made by rules from what sources say, each with its rule and its
premises; no fact is written here.

### What is denied

A record, or a channel, of which every account is a denial: it keeps its name, and has no other
class.
"""


@dataclass(frozen=True)
class Term:
    """A class or property, in both languages, with its number in this graph."""

    name: str
    label: str
    ko: str
    definition: str
    definition_ko: str
    count: int
    written: tuple[str, ...] = ()
    """The fields in which a property is written."""
    values: tuple[str, ...] = ()
    """What a property has for values: classes, or the scheme of its concepts."""


@dataclass(frozen=True)
class Scheme:
    """A closed list."""

    name: str
    label: str
    ko: str
    definition: str
    definition_ko: str
    concepts: tuple[Term, ...]


@dataclass(frozen=True)
class Part:
    """A heading of the data dictionary with its text, and the terms that it leads to."""

    level: int
    title: str
    anchor: str
    blocks: tuple[dict[str, Any], ...]
    classes: tuple[Term, ...]
    properties: tuple[Term, ...]


def as_html(store: Store) -> str:
    """The codebook of a graph that holds the ontology, as one HTML file without scripts."""
    everything = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
    terms = _Terms(Graph(construct(store, everything)))
    text = (paths.seeds() / "README.md").read_text("utf-8") + _DERIVED
    parts = tuple(_parts(text, terms))
    shown = {t.name for part in parts for t in (*part.classes, *part.properties)}
    others = tuple(t for t in terms.ours() if t.name not in shown)
    return sheet.render("codebook.html", parts=parts, schemes=tuple(terms.schemes()), others=others)


# --- the ontology --------------------------------------------------------------------------------


class _Terms:
    """The terms of the ontology and the vocabularies, and how often the graph uses them."""

    def __init__(self, told: Graph) -> None:
        self.text: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        for predicate in (RDFS + "label", SKOS + "definition"):
            for subject, values in told.by(predicate).items():
                for o in values:
                    self.text[_value(subject)][predicate, getattr(o, "language", "")] = _value(o)
        self.links: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for predicate in (SCHEMA + "domainIncludes", SCHEMA + "rangeIncludes", SKOS + "inScheme"):
            for subject, values in told.by(predicate).items():
                self.links[_value(subject)][predicate] = sorted(map(_value, values))
        self.instances = {_value(c): len(found) for c, found in told.turned(RDF + "type").items()}
        self.uses = {p: sum(map(len, table.values())) for p, table in told.tables()}
        self.scheme_of: dict[str, str] = {}
        self.concepts: dict[str, int] = defaultdict(int)
        concepts = told.by(SKOS + "inScheme")
        for predicate, table in told.tables():
            if predicate in (RDF + "object", SKOS + "broader"):
                continue
            for o in (o for values in table.values() for o in values if o in concepts):
                scheme = _value(o).removeprefix(VOC).partition("/")[0]
                self.scheme_of[predicate] = min(scheme, self.scheme_of.get(predicate, scheme))
                self.concepts[_value(o)] += 1

    def ours(self) -> list[Term]:
        """Every term of our own ontology, by name."""
        return [self.term(iri) for iri in sorted(self.text) if iri.startswith(_OURS)]

    def term(self, iri: str, fields: Iterable[str] = ()) -> Term:
        return Term(
            compact(iri),
            *self.words(iri),
            self.instances.get(iri, 0) or self.uses.get(iri, 0),
            tuple(f for f in fields if _writes(f, iri)),
            tuple(self.values(iri)),
        )

    def words(self, iri: str) -> tuple[str, str, str, str]:
        """Label and definition, in English and Korean; empty where a reused term has none."""
        label, definition = RDFS + "label", SKOS + "definition"
        keys = ((label, "en"), (label, "ko"), (definition, "en"), (definition, "ko"))
        in_english, in_korean, means, means_in_korean = (self.text[iri].get(k, "") for k in keys)
        return in_english, in_korean, means, means_in_korean

    def values(self, iri: str) -> Iterator[str]:
        if iri in self.scheme_of:
            yield self.scheme_of[iri]
            return
        ranges = self.links[iri][SCHEMA + "rangeIncludes"]
        labels = (self.text.get(r, {}).get((RDFS + "label", "en")) or compact(r) for r in ranges)
        yield from sorted(labels)

    def properties(self, classes: Sequence[str]) -> list[str]:
        """Properties documented as used with one of these classes."""
        wanted = set(classes)
        found = (
            iri
            for iri, links in self.links.items()
            if not wanted.isdisjoint(links.get(SCHEMA + "domainIncludes", ()))
        )
        return sorted(found, key=lambda iri: (not iri.startswith(_OURS), iri))

    def schemes(self) -> Iterator[Scheme]:
        members: dict[str, list[str]] = defaultdict(list)
        for iri, links in self.links.items():
            for scheme in links.get(SKOS + "inScheme", ()):
                members[scheme].append(iri)
        for scheme in sorted(members):
            name = scheme.removeprefix(VOC)
            concepts = (
                Term(iri.rpartition("/")[2], *self.words(iri), self.concepts[iri])
                for iri in members[scheme]
            )
            ordered = sorted(concepts, key=lambda c: (-c.count, c.name))
            yield Scheme(name, *self.words(scheme), tuple(ordered))


def _writes(field: str, iri: str) -> bool:
    """Whether a field of a record is where a property is written."""
    snake = _snake(iri)
    if field == "kind":
        return snake == "setting" or snake.endswith("_kind")
    if field in _OTHERWISE:
        return _local(iri) in _OTHERWISE[field].split()
    return field == snake or rdf.FIELDS.get(field, ("",))[0] == iri


def _value(term: Any) -> str:
    return str(term.value)


@cache
def _snake(iri: str) -> str:
    return re.sub("(?<=[a-z])([A-Z])", r"_\1", _local(iri)).lower()


def _iri(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def _local(iri: str) -> str:
    return re.split("[#/]", iri)[-1]


# --- the data dictionary -------------------------------------------------------------------------


def _parts(text: str, terms: _Terms) -> Iterator[Part]:
    """Each heading of the second and third level with what stands under it."""
    chapter = ""
    for chunk in re.split(r"^(?=#{2,3} )", text, flags=re.M)[1:]:
        head, _, body = chunk.partition("\n")
        marks, _, name = head.partition(" ")
        if len(marks) == 2:
            chapter = name
        if chapter in _LEFT_OUT:
            continue
        title = name.replace("`", "")
        blocks = tuple(_blocks(body))
        fields = [
            cells[0].striptags().partition(" ")[0]
            for block in blocks
            if block["kind"] == "table"
            for cells in block["rows"]
        ]
        wanted = [_iri(n) for n in KINDS.get(title.lower(), "").split()]
        classes = [iri for iri in wanted if _local(iri)[0].isupper()]
        reused = [iri for iri in wanted if iri not in classes]
        told_here = _WRITTEN_IN.get(title.lower())
        subjects = classes if told_here is None else list(map(_iri, told_here.split()))
        slug = re.sub(r"[^a-z]+", "-", title.lower()).strip("-")
        yield Part(
            len(marks),
            title[0].upper() + title[1:],
            slug if len(marks) == 3 else f"chapter-{slug}",
            blocks,
            tuple(map(terms.term, classes)),
            tuple(terms.term(iri, fields) for iri in (*reused, *terms.properties(subjects))),
        )


_BLOCK = re.compile(r"```.*?\n```|(?:(?!\n\n|```).)+", re.S)
_ITEM = re.compile(r"^(?:- |\d+\. )", re.M)


def _blocks(text: str) -> Iterator[dict[str, Any]]:
    """The blocks of a text in the small part of Markdown that the data dictionary uses."""
    for chunk in _BLOCK.findall(text):
        block = chunk.strip("\n")
        if block.startswith("```"):
            yield {"kind": "code", "text": "\n".join(block.split("\n")[1:-1])}
        elif re.match(r"\|.*\n\|[-|]+\|(?:\n|$)", block):
            head, _, *rows = (_cells(line) for line in block.split("\n"))
            yield {"kind": "table", "head": head, "rows": rows}
        elif _ITEM.match(block):
            kind = "list" if block.startswith("- ") else "numbers"
            items = [_inline(" ".join(item.split())) for item in _ITEM.split(block)[1:]]
            yield {"kind": kind, "items": items}
        elif block:
            yield {"kind": "text", "text": _inline(" ".join(block.split()))}


def _cells(line: str) -> list[Markup]:
    return [_inline(cell.strip()) for cell in line.strip("| ").split(" | ")]


def _inline(text: str) -> Markup:
    """Code, emphasis and links; everything else is escaped."""
    from markupsafe import Markup, escape

    html = str(escape(text))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
    html = re.sub(r"\*([^*\s][^*]*)\*", r"<em>\1</em>", html)
    html = re.sub(
        r"\[([^\]]+)\]\((https?://[^)\s]+)\)", r'<a href="\2" rel="noreferrer">\1</a>', html
    )
    return Markup(html)  # noqa: S704 - escaped above
