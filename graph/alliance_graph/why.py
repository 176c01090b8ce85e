"""On what something rests: from a derived statement by its rule to claims, and on to the words.

:func:`claims` reads claims with their qualities and locators, and a :class:`Line` shows them: for
whoever has to name sources. :func:`why` makes the tree that ``alliance why`` prints.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode

from alliance_graph import resolve
from alliance_graph.errors import AllianceError, QueryError, UnknownName
from alliance_graph.store import select
from alliance_graph.tables import clean, short, wrap
from alliance_graph.vocabulary import ALLY, PREFIXES, RDF, RDFS, TERMS, split

if TYPE_CHECKING:
    from alliance_graph.evidence import Copy
    from alliance_graph.store import Store, Term


# --- claims ---------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Source:
    """Where a passage stands, and whose word it is there."""

    article: str
    """Id of the article; empty for knowledge from outside."""
    block: str = ""
    paragraph: int = 0
    words: str = ""
    digest: str = ""
    holder: str = ""
    """Id of who says so; the article's own id for its narrative."""
    sides: tuple[str, ...] = ()
    attribution: str = ""
    outside: str = ""
    """For knowledge from outside the articles: its basis and what it is taken from."""
    claim: str = ""
    """Id of the claim."""

    @property
    def place(self) -> str:
        """Article, block and words: ``koreatimes-2024-12-21 ¶3 words 4-9``."""
        if not self.article:
            return self.outside
        where = f"¶{self.paragraph}" if self.block == "body" else f"{self.block} {self.paragraph}"
        located = f"{self.article} {where}" if self.block else self.article
        return f"{located} words {self.words}" if self.words else located

    @property
    def says(self) -> str:
        """Who says so, for which side, on record or not."""
        if not self.holder:
            return ""
        holder = "the article" if self.holder == self.article else self.holder
        told = [*self.sides, self.attribution] if self.attribution != "narrative" else [*self.sides]
        return f"{holder} ({', '.join(told)})" if told else holder

    def __str__(self) -> str:
        parts = (self.place, self.says, self.outside if self.article else "")
        return " · ".join(p for p in parts if p)


@dataclass(frozen=True)
class Claim:
    """One claim with its qualities; ids stand for things and concepts."""

    iri: str
    subject: str
    """IRI of what it is about."""
    predicate: str
    """IRI of the predicate."""
    value: NamedNode | Literal
    rank: str = "normal"
    because: str = ""
    polarity: str = "asserted"
    modality: str = "held"
    attribution: str = ""
    basis: str = ""
    holder: str = ""
    sides: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()
    outside: str = ""
    note: str = ""
    gap: str = ""
    date_basis: str = ""
    anchor: str = ""
    article: str = ""
    sources: tuple[Source, ...] = ()

    @property
    def id(self) -> str:
        """Its id among claims."""
        return short(self.iri)

    @property
    def qualities(self) -> list[str]:
        """What is out of the ordinary about it, in words."""
        said = []
        if self.polarity == "denied":
            said.append("denied")
        if self.modality != "held":
            said.append(self.modality)
        if self.rank != "normal":
            said.append(f"{self.rank}: {self.because.replace('-', ' ')}")
        if self.attribution in ("anonymous", "inference"):
            said.append(self.attribution)
        if self.basis not in ("", "article"):
            said.append(self.basis.replace("-", " "))
        if self.date_basis not in ("", "stated"):
            said.append(self.date_basis.replace("-", " "))
        if self.gap:
            said.append(f"by {self.gap}")
        return said


def claims(store: Store, things: Iterable[str], of: str = "subject") -> list[Claim]:
    """The claims about things (IRIs), in the order of their own; with their locators.

    ``of``: ``"subject"``, claims about the things; ``"object"``, claims that have them as value;
    ``"self"``, the things are the claims.
    """
    found: list[Claim] = []
    asked = sorted(set(things))
    for start in range(0, len(asked), 200):
        found += _claims(store, asked[start : start + 200], of)
    return sorted(found, key=lambda c: c.iri)


def _claims(store: Store, things: list[str], of: str) -> list[Claim]:
    values = f"VALUES ?x {{ {' '.join(f'<{t}>' for t in things)} }}"
    link = "BIND(?x AS ?claim)" if of == "self" else f"?claim rdf:{of} ?x ."
    held: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    text = f"SELECT DISTINCT ?claim ?p ?o WHERE {{ {values} {link} ?claim a ally:Claim ; ?p ?o }}"
    for row in select(store, text):
        held[row["claim"].value][row["p"].value].append(row["o"])
    places: dict[str, list[dict[str, Term]]] = defaultdict(list)
    text = f"""SELECT DISTINCT ?claim ?article ?block ?paragraph ?words ?digest WHERE {{
        {values} {link} ?claim ally:evidence ?e .
        ?e oa:hasSource ?article ; ally:block ?block ; ally:paragraph ?paragraph .
        OPTIONAL {{ ?e ally:words ?words }} OPTIONAL {{ ?e ally:passageDigest ?digest }}
    }}"""
    for row in select(store, text):
        places[row["claim"].value].append(row)
    return [_claim(iri, said, places[iri]) for iri, said in held.items()]


def _claim(iri: str, said: dict[str, list[Term]], places: list[dict[str, Term]]) -> Claim:
    def all_of(predicate: str) -> tuple[str, ...]:
        return tuple(sorted(_word(t) for t in said.get(predicate, ())))

    def one(predicate: str) -> str:
        return next(iter(all_of(predicate)), "")

    value = said[RDF + "object"][0]
    basis = one(ALLY.provenanceBasis)
    about = [basis.replace("-", " "), *all_of(ALLY.source)]
    claim = Claim(
        iri=iri,
        subject=said[RDF + "subject"][0].value,
        predicate=said[RDF + "predicate"][0].value,
        value=value if isinstance(value, NamedNode | Literal) else Literal(value.value),
        rank=one(ALLY.rank) or "normal",
        because=one(ALLY.because),
        polarity=one(ALLY.polarity) or "asserted",
        modality=one(ALLY.modality) or "held",
        attribution=one(ALLY.attribution),
        basis=basis,
        holder=one(ALLY.holder),
        sides=all_of(ALLY.side),
        via=all_of(ALLY.via),
        printed=all_of(ALLY.printed),
        outside=": ".join(a for a in about if a) if basis != "article" else "",
        note=one(RDFS + "comment"),
        gap=one(ALLY.gap),
        date_basis=one(ALLY.dateBasis),
        anchor=one(ALLY.anchor),
        article=one(ALLY.inArticle),
    )
    base = Source(
        article=claim.article,
        holder=claim.holder,
        sides=claim.sides,
        attribution=claim.attribution,
        outside=claim.outside,
        claim=claim.id,
    )
    located = [
        replace(
            base,
            article=short(p["article"].value),
            block=short(p["block"].value),
            paragraph=int(p["paragraph"].value),
            words=p["words"].value if "words" in p else "",
            digest=p["digest"].value if "digest" in p else "",
        )
        for p in places
    ]
    return replace(claim, sources=tuple(sorted(located)) or (base,))


def _word(term: Term) -> str:
    return short(term.value) if isinstance(term, NamedNode) else term.value


def spoken(predicate: str) -> str:
    """A predicate (IRI) in words: ``ally:inChannel`` as "in channel"."""
    known = {RDF + "type": "is", PREFIXES["skos"] + "altLabel": "name"}
    if predicate in known:
        return known[predicate]
    local = re.split(r"[#/]", predicate)[-1]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", local).lower()


def names_of(store: Store, things: Iterable[str]) -> dict[str, str]:
    """What to call things (IRIs): the label, or what they are made of, at least the id."""
    asked = sorted(set(things))
    named = resolve.labels(store, asked)
    rest = [t for t in asked if t not in named]
    parts = {t: p for t in rest if (p := split(t)) and p[0] in _MADE_OF}
    if parts:
        named |= _composed(store, parts)
    return {t: named.get(t) or short(t) for t in asked}


_MADE_OF = {
    # kind -> properties that tell what it is, in the order of the sentence
    "participation": ("person", "unnamedParty", "inPost"),
    "status-period": ("status", "date"),
    "counterparts": ("counterpartA", "counterpartB"),
    "evidence": (),
}
_JOINED = {"participation": " as ", "status-period": ", ", "counterparts": " – "}


def _composed(store: Store, things: dict[str, tuple[str, str]]) -> dict[str, str]:
    values = " ".join(f"<{t}>" for t in sorted(things))
    found: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    text = (
        f"SELECT DISTINCT ?x ?p ?o WHERE {{ VALUES ?x {{ {values} }} ?x ?p ?o }} ORDER BY ?x ?p ?o"
    )
    for row in select(store, text):
        found[row["x"].value][re.split("[#/]", row["p"].value)[-1]].append(row["o"])
    wanted = {
        t: [o for name in _MADE_OF[kind] for o in found[t][name]] for t, (kind, _) in things.items()
    }
    inner = resolve.labels(
        store, (o.value for objects in wanted.values() for o in objects if _is_thing(o))
    )
    out = {}
    for thing, (kind, _) in things.items():
        words = [inner.get(o.value) or _word(o) for o in wanted[thing]]
        out[thing] = _JOINED.get(kind, " ").join(words)
    return out


def _is_thing(term: Term) -> bool:
    return isinstance(term, NamedNode) and split(term.value) is not None


# --- lines with sources ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of text that names its sources."""

    text: str
    mark: str = ""
    """``conflict``, ``denied``, ``attempted``, ``planned`` (tentative, desired, hypothetical),
    ``derived``, ``absent``, or empty."""
    sources: tuple[Source, ...] = ()
    note: str = ""
    """The curator's remark."""
    far: bool = False
    """Whether a text for people only counts it: far from the day that was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values; what is empty is left out."""
        sources = [{k: v for k, v in asdict(s).items() if v} for s in self.sources]
        out = {
            "text": self.text,
            "mark": self.mark,
            "note": self.note,
            "far": self.far,
            "sources": sources,
        }
        return {k: v for k, v in out.items() if v or k == "text"}


@dataclass(frozen=True)
class Section:
    """Lines under one heading."""

    title: str
    lines: tuple[Line, ...]
    rest: str = ""
    """What stands for the lines that are far, in a text for people."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; lines that are far stand there as well."""
        return {"title": self.title, "lines": [line.as_dict() for line in self.lines]}

    def html(self) -> str:
        """The section for a notebook, the sources of each line folded away."""
        from alliance_graph import html

        mark = {"absent": ""}
        near, far = (
            [
                (mark.get(line.mark, line.mark), line.text, line.note, _places(line.sources))
                for line in self.lines
                if line.far == wanted
            ]
            for wanted in (False, True)
        )
        rest = html.section(self.rest, far, most=0) if far else ""
        return html.section(self.title, near) + rest

    def text_lines(self, width: int, everything: bool = False) -> Iterator[str]:
        """The lines for a terminal, each followed by its sources; without the heading.

        Lines that are far are only counted, unless ``everything`` is wanted.
        """
        for line in self.lines:
            if line.far and not everything:
                continue
            mark = f"[{line.mark}] " if line.mark and line.mark != "absent" else ""
            yield from hanging(mark + line.text, "  ", "    ", width)
            if line.note:
                yield from hanging(f"note: {line.note}", "    ", "    ", width)
            for place in _places(line.sources):
                yield from hanging(place, "      ← ", "        ", width)
        if self.rest and not everything:
            yield from hanging(f"{self.rest}: --all shows them", "  ", "    ", width)


def hanging(text: str, first: str, rest: str, width: int) -> list[str]:
    """A text as lines of at most ``width``: the first begins so, the rest so."""
    lines = wrap(clean(text), max(width - len(rest), 20))
    return [(first if i == 0 else rest) + line for i, line in enumerate(lines)]


def _places(sources: Iterable[Source]) -> list[str]:
    """Sources by who says so, each holder with all its places."""
    by: dict[tuple[str, str], list[str]] = {}
    for s in sources:
        places = by.setdefault((s.article, " · ".join(p for p in (s.says, s.outside) if p)), [])
        place = s.place.removeprefix(s.article).strip() if s.article else ""
        if place and place not in places:
            places.append(place)
    out = []
    for (article, says), places in by.items():
        where = f"{article} {', '.join(places)}".strip()
        out.append(
            " · ".join(p for p in (where, f"says {says}" if article and says else says) if p)
        )
    return out


def quoted(text: str) -> str:
    """A phrase as printed, in quotation marks unless it brings its own."""
    return text if text[:1] in '“"' and text[-1:] in '”"' else f"“{text}”"


# --- the tree -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tree:
    """Something, and below it what it rests on.

    >>> import alliance_graph as ag
    >>> tree = ag.open().why("choi-biegun-2020-09")
    >>> tree.kind, len(tree.children) > 0
    ('thing', True)
    """

    label: str
    kind: str
    """``thing``, ``triple``, ``derived``, ``premise``, ``claim`` or ``passage``."""
    id: str = ""
    """Id of the thing, claim or derivation; of a passage, where it stands."""
    passage: str = ""
    """The words themselves, where the texts are at hand."""
    children: tuple[Tree, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is empty is left out.

        >>> import alliance_graph as ag
        >>> list(ag.open().why("choi-biegun-2020-09").as_dict())
        ['label', 'kind', 'id', 'children']
        """
        out: dict[str, Any] = {"label": self.label, "kind": self.kind}
        if self.id:
            out["id"] = self.id
        if self.passage:
            out["passage"] = self.passage
        if self.children:
            out["children"] = [child.as_dict() for child in self.children]
        return out

    def text(self) -> str:
        """The tree for a terminal.

        >>> import alliance_graph as ag
        >>> "└─ " in ag.open().why("choi-biegun-2020-09").text()
        True
        """
        return "\n".join(self._lines()) + "\n"

    def _repr_html_(self) -> str:
        from alliance_graph import html

        return html.block(html.tree(self))

    def _lines(self) -> Iterator[str]:
        yield clean(self.label)
        if self.passage:
            yield f"   “{clean(self.passage)}”"
        for i, child in enumerate(self.children):
            last = i == len(self.children) - 1
            for j, line in enumerate(child._lines()):
                stem = ("└─ " if last else "├─ ") if j == 0 else ("   " if last else "│  ")
                yield stem + line


def why(store: Store, what: str | tuple[str, str, str], texts: Path | None = None) -> Tree:
    """The tree below a claim, a thing or a triple, down to passages.

    ``what`` is an id, IRI or name; a triple is three of them, or one text with a predicate between
    two ids (``antony-blinken counterpartOf cho-tae-yul``). With a folder of ``texts`` (the
    articles, as ``.txt``) each passage shows its words.

    Raises UnknownName (also for a triple that neither a claim nor a rule gives) and QueryError.
    """
    asked = _Asked(store, texts)
    triple = _triple(store, what)
    if triple:
        return asked.triple(*triple)
    if not isinstance(what, str):
        raise QueryError(f"{' '.join(what)}: the second is no predicate of ours")
    return asked.thing(resolve.one(store, what).iri)


def _triple(store: Store, what: str | tuple[str, str, str]) -> tuple[str, str, str] | None:
    parts = what.split() if isinstance(what, str) else list(what)
    if len(parts) != 3:
        return None
    prefix, colon, name = parts[1].rpartition(":")
    if name in TERMS and prefix in ("", "ally"):
        predicate = getattr(ALLY, name)
    elif colon and prefix in PREFIXES:
        predicate = PREFIXES[prefix] + name
    elif re.fullmatch(r"<?https?:.*", parts[1]):
        predicate = parts[1].strip("<>")
    else:
        return None
    return resolve.one(store, parts[0]).iri, predicate, parts[2]


@dataclass(frozen=True)
class _Derivation:
    iri: str
    subject: str
    predicate: str
    value: str
    rule: str
    premises: tuple[str, ...]


class _Asked:
    """One question: the store, and the passages where there are texts."""

    def __init__(self, store: Store, texts: Path | None) -> None:
        self.store = store
        self.passages = Passages(store, texts) if texts else None

    def thing(self, iri: str) -> Tree:
        found = claims(self.store, [iri], of="self")
        if found:
            return self.claim(found[0], whole=True)
        derived = self.derivations(f"BIND(<{iri}> AS ?why)")
        if derived:
            return self.derived(derived)[0]
        said = claims(self.store, [iri])
        derived = self.derivations(f"?why rdf:subject <{iri}> .")
        names = names_of(self.store, [iri])
        children = (*self.all_of(said), *self.derived(derived))
        kind = iri.split("/")[-2]
        return Tree(f"{names[iri]} ({kind})", "thing", short(iri), children=children)

    def triple(self, subject: str, predicate: str, value: str) -> Tree:
        def fits(given: str) -> bool:
            return value.strip('<>"') in (given, short(given))

        said = [
            c
            for c in claims(self.store, [subject])
            if c.predicate == predicate and fits(c.value.value)
        ]
        link = f"?why rdf:subject <{subject}> ; rdf:predicate <{predicate}> ."
        derived = [d for d in self.derivations(link) if fits(d.value)]
        if not said and not derived:
            known = sorted(
                {
                    short(c.value.value)
                    for c in claims(self.store, [subject])
                    if c.predicate == predicate
                }
            )
            hint = f"; for that predicate they have {', '.join(known)}" if known else ""
            raise UnknownName(f"neither a claim nor a rule in these sources says so{hint}")
        label = f"{short(subject)} — {spoken(predicate)} — {value}"
        return Tree(label, "triple", children=(*self.all_of(said), *self.derived(derived)))

    # claims

    def all_of(self, said: list[Claim]) -> list[Tree]:
        names = self.values(said)
        order = {RDF + "type": 0}
        ranked = {"preferred": 0, "normal": 1, "deprecated": 2}
        said = sorted(
            said, key=lambda c: (order.get(c.predicate, 1), c.predicate, ranked[c.rank], c.iri)
        )
        return [self.claim(c, names=names) for c in said]

    def values(self, said: Iterable[Claim]) -> dict[str, str]:
        return names_of(self.store, (c.value.value for c in said if _is_thing(c.value)))

    def claim(self, claim: Claim, whole: bool = False, names: dict[str, str] | None = None) -> Tree:
        names = self.values([claim]) if names is None else names
        value = names.get(claim.value.value) or _word(claim.value)
        if claim.predicate == RDF + "type":
            value = spoken(claim.value.value)
        label = f"{spoken(claim.predicate)}: {value}"
        if whole:
            label = f"{names_of(self.store, [claim.subject])[claim.subject]} — {label}"
        label = " · ".join([label, *claim.qualities, *map(quoted, claim.printed)])
        if claim.sources and claim.sources[0].says:
            label += f" · says {claim.sources[0].says}"
        below = tuple(self.source(s) for s in claim.sources)
        if claim.note:
            below = (Tree(f"note: {claim.note}", "note"), *below)
        return Tree(label, "claim", claim.id, children=below)

    def source(self, source: Source) -> Tree:
        words = self.passages.of(source) if self.passages else None
        return Tree(source.place or "the article as a whole", "passage", passage=words or "")

    # what follows by rules

    def derivations(self, link: str) -> list[_Derivation]:
        text = f"""SELECT DISTINCT ?why ?s ?p ?o ?rule ?premise WHERE {{ {link}
            ?why a ally:Derivation ; rdf:subject ?s ; rdf:predicate ?p ; rdf:object ?o ;
              ally:rule/rdfs:label ?rule ; ally:premise ?premise }} ORDER BY ?p ?o ?why ?premise"""
        found: dict[str, _Derivation] = {}
        for row in select(self.store, text):
            iri, premise = row["why"].value, row["premise"].value
            if iri in found:
                known = found[iri]
                found[iri] = replace(known, premises=(*known.premises, premise))
            else:
                s, p, o = (row[name].value for name in ("s", "p", "o"))
                found[iri] = _Derivation(iri, s, p, o, row["rule"].value, (premise,))
        return list(found.values())

    def derived(self, found: list[_Derivation]) -> list[Tree]:
        if not found:
            return []
        premises = sorted({p for d in found for p in d.premises})
        about: dict[str, list[Claim]] = defaultdict(list)
        for c in claims(self.store, [p for p in premises if not _part(p)]):
            about[c.subject].append(c)
        for c in claims(self.store, [p for p in premises if _part(p)], of="object"):
            about[c.value.value].append(c)
        names = names_of(
            self.store,
            [
                *premises,
                *(c.subject for p in premises for c in about[p]),
                *(i for d in found for i in (d.subject, d.value) if split(i)),
            ],
        )
        return [self.conclusion(d, about, names) for d in found]

    def conclusion(
        self, d: _Derivation, about: dict[str, list[Claim]], names: dict[str, str]
    ) -> Tree:
        label = f"{names[d.subject]} — {spoken(d.predicate)} — {names.get(d.value, short(d.value))}"
        label += f" · by rule: {d.rule}"
        # a rule that turns a claim round rests on that claim, not on all about its two ends
        turned = [c for p in d.premises for c in about[p] if c.value.value in d.premises]
        if turned and not any(map(_part, d.premises)):
            return Tree(label, "derived", short(d.iri), children=tuple(self.all_of(turned)))
        below = []
        for p in d.premises:
            name = names[p]
            told = [c for c in about[p] if _part(p) or c.predicate in _TELLING]
            if _part(p) and told:
                name += f", {names[told[0].subject]}"
            kind = p.split("/")[-2]
            children = tuple(self.all_of(told))
            below.append(Tree(f"{name} ({kind})", "premise", short(p), children=children))
        return Tree(label, "derived", short(d.iri), children=tuple(below))


_TELLING = frozenset(
    {RDF + "type", ALLY.date, ALLY.attestedOn, ALLY.setting, ALLY.status, ALLY.parity}
)
"""Claims that say what a premise is and when; the rest of it is not what the rule rests on."""


def _part(iri: str) -> bool:
    """Whether a thing has no claims of its own, but is the value of one."""
    return iri.split("/")[-2] in ("participation", "status-period")


# --- passages -------------------------------------------------------------------------------------


class Passages:
    """The words of passages, from a folder with copies of the articles (``*.txt``).

    A copy belongs to the article most of whose blocks it has. Raises AllianceError where the folder
    cannot be read.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        from alliance_graph.evidence import Copy

        if not folder.is_dir():
            raise AllianceError(f"{folder}: no such folder of texts")
        try:
            texts = [p.read_text("utf-8") for p in sorted(folder.glob("*.txt"))]
        except (OSError, UnicodeDecodeError) as bad:
            raise AllianceError(f"{folder}: a text cannot be read as UTF-8: {bad}") from None
        copies = [Copy(text) for text in texts]
        self.copies: dict[str, Copy] = {}
        blocks: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for row in select(
            store,
            """SELECT DISTINCT ?article ?count ?digest WHERE {
                 ?b a ally:TextBlock ; dcterms:isPartOf ?article ; ally:wordCount ?count ;
                   ally:passageDigest ?digest }""",
        ):
            entry = (int(row["count"].value), row["digest"].value)
            blocks[short(row["article"].value)].append(entry)
        for article, known in blocks.items():
            shares = [sum(copy.find(*b) is not None for b in known) for copy in copies]
            most = max(shares, default=0)
            if most:
                self.copies[article] = copies[shares.index(most)]

    def of(self, source: Source) -> str | None:
        """The words of a passage; None where no copy has them."""
        copy = self.copies.get(source.article)
        if copy is None or not source.words or not source.digest:
            return None
        first, _, last = source.words.partition("-")
        span = copy.find(int(last or first) - int(first) + 1, source.digest)
        return copy.text(span) if span else None
