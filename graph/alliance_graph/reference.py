"""The ontology as a page for readers: each term in words, in both languages, and at work.

Beside what the ontology says of a term stand the rules of ``ontology/shapes.ttl`` in words, the
questions that use it, and a query that was asked of the graph at hand, with the rows that it gave.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from alliance_graph import catalogue, codebook, paths, questions, sheet, staging
from alliance_graph.store import select
from alliance_graph.tables import Table, clean
from alliance_graph.vocabulary import (
    ALLY,
    BASE,
    DCTERMS,
    OWL,
    PREFIXES,
    RDF,
    RDFS,
    SCHEMA,
    SKOS,
    VOC,
    XSD,
    compact,
)

if TYPE_CHECKING:
    from alliance_graph.questions import Question
    from alliance_graph.store import Store

_SH = "http://www.w3.org/ns/shacl#"
_OURS = str(ALLY)
_SHOWN = 3
"""Rows of an example."""
_KINDS = {
    OWL + "Class": "class",
    OWL + "ObjectProperty": "property",
    OWL + "DatatypeProperty": "property",
    OWL + "AnnotationProperty": "property",
    RDFS + "Datatype": "datatype",
}
_CHARACTERS = {
    OWL + "SymmetricProperty": "holds in both directions",
    OWL + "TransitiveProperty": "leads on from one to the next",
}
_DATATYPES = {
    XSD + "string": "text",
    XSD + "date": "a day",
    XSD + "dateTime": "a moment",
    XSD + "integer": "a whole number",
    XSD + "nonNegativeInteger": "a whole number, not negative",
    XSD + "decimal": "a number",
    XSD + "boolean": "true or false",
    XSD + "anyURI": "an address",
    XSD + "duration": "a duration",
    RDF + "langString": "text in a language",
    RDFS + "Literal": "a value",
    PREFIXES["edtf"] + "EDTF": "a date (EDTF)",
}
_NAMES = (RDFS + "label", SKOS + "prefLabel")
_SEVERITIES = {
    _SH + "Violation": "must",
    _SH + "Warning": "should",
    _SH + "Info": "complete only so",
}


@dataclass(frozen=True)
class Link:
    """A word of the page, and where it leads: nowhere, where the page does not tell of it."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Rule:
    """What must hold, in words."""

    path: Link
    words: str
    strict: str
    """``must``, ``should``, or ``complete only so``."""
    message: str
    """What ``alliance check`` says where it does not hold."""


@dataclass(frozen=True)
class Example:
    """A query that was asked, and its first rows."""

    query: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Entry:
    """A class, a property or a datatype."""

    name: str
    anchor: str
    iri: str
    kind: str
    label: str
    ko: str
    definition: str
    definition_ko: str
    note: str
    note_ko: str
    ours: bool
    count: int
    """How many things of this class, or statements with this property, the graph has."""
    facts: tuple[tuple[str, tuple[Link, ...]], ...]
    rules: tuple[Rule, ...]
    questions: tuple[Link, ...]
    example: Example | None


@dataclass(frozen=True)
class Scheme:
    """A closed list."""

    name: str
    label: str
    ko: str
    definition: str
    definition_ko: str
    properties: tuple[Link, ...]
    words: tuple[codebook.Term, ...]
    example: Example | None


def write(store: Store, folder: Path) -> list[Path]:
    """Write the pages for readers, which lead to one another; a build that holds them lists them.

    The ontology, the codebook, and the questions with what each of them answers.
    """
    pages = {
        "codebook.html": codebook.as_html(store),
        "ontology.html": as_html(store),
        "questions.html": catalogue.as_html(store),
    }
    folder.mkdir(parents=True, exist_ok=True)
    digests, files = {}, {}
    for name, page in pages.items():
        data = files[folder / name] = page.encode()
        digests[f"{folder.name}/{name}"] = hashlib.sha256(data).hexdigest()
    listed = folder.parent / "manifest.json"
    if (folder.parent / "alliance.trig").is_file() and listed.is_file():
        manifest = json.loads(listed.read_text("utf-8"))
        manifest["files"] = dict(sorted((manifest["files"] | digests).items()))
        text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        files[listed] = text.encode()
    staging.write_all(files)
    return [folder / name for name in pages]


def as_html(store: Store) -> str:
    """The page over a graph that holds the ontology, as one HTML file without scripts."""
    book = _Book(store)
    entries = tuple(book.entry(iri) for iri in book.terms)
    about = {
        name: (book.text(BASE + "ontology", iri, "en"), book.text(BASE + "ontology", iri, "ko"))
        for name, iri in (("title", DCTERMS + "title"), ("description", DCTERMS + "description"))
    }
    return sheet.render(
        "reference.html",
        about=about,
        iri=BASE + "ontology",
        version=book.said(BASE + "ontology", OWL + "versionInfo"),
        licence=book.said(BASE + "ontology", DCTERMS + "license"),
        citation=book.said(BASE + "ontology", DCTERMS + "bibliographicCitation"),
        classes=[e for e in entries if e.kind == "class"],
        properties=[e for e in entries if e.kind == "property"],
        datatypes=[e for e in entries if e.kind == "datatype"],
        schemes=tuple(book.schemes()),
        prefixes=sorted((p, iri) for p, iri in PREFIXES.items() if p in book.prefixes),
    )


class _Book:
    """What the ontology, the shapes, the questions and the graph say of each term."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.out: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        self.into: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for graph in ("ontology", "vocabularies"):
            triples = select(
                store, f"SELECT ?s ?p ?o WHERE {{ GRAPH graph:{graph} {{ ?s ?p ?o }} }}"
            )
            for row in triples:
                s, p, o = row["s"].value, row["p"].value, row["o"]
                self.out[s][p].append(o)
                if isinstance(o, NamedNode):
                    self.into[o.value][p].append(s)
        self.kinds = {
            iri: kind
            for iri, said in self.out.items()
            for t in said.get(RDF + "type", ())
            if (kind := _KINDS.get(t.value)) and self.text(iri, RDFS + "label", "en")
        }
        self.terms = sorted(self.kinds, key=lambda i: (not i.startswith(_OURS), compact(i).lower()))
        self.prefixes = {compact(iri).partition(":")[0] for iri in self.terms} | {"voc", "id"}
        self.uses = self._counts("?s ?x ?o")
        self.instances = self._counts("?s a ?x")
        self.shapes = _Shapes()
        self.asked: dict[str, list[Question]] = defaultdict(list)
        for question in questions.catalogue():
            for iri in sorted(_named_in(question)):
                self.asked[iri].append(question)
        self.with_property = self._pairs()

    def _counts(self, pattern: str) -> dict[str, int]:
        each = f"SELECT DISTINCT * WHERE {{ {pattern} }}"
        text = f"SELECT ?x (COUNT(*) AS ?n) WHERE {{ {each} }} GROUP BY ?x"
        return {r["x"].value: int(r["n"].value) for r in select(self.store, text) if "x" in r}

    def _pairs(self) -> dict[str, dict[str, int]]:
        """How many things of a class have a property."""
        text = "SELECT ?c ?p (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?c ; ?p ?o } GROUP BY ?c ?p"
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in select(self.store, text):
            if "c" in row:
                found[row["c"].value][row["p"].value] = int(row["n"].value)
        return found

    # words

    def text(self, iri: str, predicate: str, language: str) -> str:
        """A text in a language; empty where there is none."""
        found = [o.value for o in self.out[iri][predicate] if o.language == language]
        return min(found, default="")

    def said(self, iri: str, predicate: str) -> str:
        """A value, whatever it is; empty where there is none."""
        return min((o.value for o in self.out[iri][predicate]), default="")

    def words(self, iri: str) -> tuple[str, str, str, str]:
        """Label and definition in English and Korean."""
        keys = ((p, lang) for p in (RDFS + "label", SKOS + "definition") for lang in ("en", "ko"))
        en, ko, means, means_ko = (self.text(iri, p, lang) for p, lang in keys)
        return en, ko, means, means_ko

    def link(self, iri: str) -> Link:
        """A term by its name, led to where the page tells of it."""
        if iri in self.kinds:
            return Link(compact(iri), f"#{_anchor(iri)}")
        if iri.startswith(VOC):
            name = iri.removeprefix(VOC)
            return Link(f"voc:{name}", f"#scheme-{name.partition('/')[0]}")
        if iri in _DATATYPES:
            return Link(_DATATYPES[iri])
        return Link(compact(iri), iri if iri.startswith("http") else "")

    # entries

    def entry(self, iri: str) -> Entry:
        kind = self.kinds[iri]
        count = (self.instances if kind == "class" else self.uses).get(iri, 0)
        return Entry(
            compact(iri),
            _anchor(iri),
            iri,
            kind,
            *self.words(iri),
            self.text(iri, SKOS + "scopeNote", "en"),
            self.text(iri, SKOS + "scopeNote", "ko"),
            iri.startswith(_OURS),
            count,
            tuple(self._facts(iri, kind)),
            tuple(self._rules(iri)),
            tuple(Link(q.summary, f"questions.html#{q.name}") for q in self.asked[iri]),
            self._example(iri, kind) if count else None,
        )

    def _facts(self, iri: str, kind: str) -> Iterator[tuple[str, tuple[Link, ...]]]:
        said, into = self.out[iri], self.into[iri]

        def links(found: Iterable[Any]) -> tuple[Link, ...]:
            iris = {f if isinstance(f, str) else f.value for f in found if f is not None}
            ordered = sorted(iris, key=lambda i: (not i.startswith(_OURS), compact(i).lower()))
            return tuple(self.link(i) for i in ordered if "/genid/" not in i)

        lists = [link for link in self.shapes.lists(iri) if kind == "property"]
        values = [] if lists else said[SCHEMA + "rangeIncludes"]
        higher = RDFS + ("subClassOf" if kind == "class" else "subPropertyOf")
        above = [o for o in said[higher] if isinstance(o, NamedNode)]
        characters = [
            Link(_CHARACTERS[t.value]) for t in said[RDF + "type"] if t.value in _CHARACTERS
        ]
        for name, found in (
            ("a kind of", links(above)),
            ("its kinds", links(into[higher])),
            ("never also", links([*said[OWL + "disjointWith"], *into[OWL + "disjointWith"]])),
            ("used with", links(said[SCHEMA + "domainIncludes"])),
            ("values", (*links(values), *(self.link(VOC + name) for name in lists))),
            ("the other way round", links([*said[OWL + "inverseOf"], *into[OWL + "inverseOf"]])),
            ("character", tuple(characters)),
            ("properties", links(into[SCHEMA + "domainIncludes"])),
            ("value of", links(into[SCHEMA + "rangeIncludes"])),
            ("compare", links(said[RDFS + "seeAlso"])),
        ):
            if found:
                yield name, found

    def _rules(self, iri: str) -> Iterator[Rule]:
        told = self.shapes.of(iri)
        for path, words, severity, message in told:
            of = self.link(path) if path else Link("the whole")
            yield Rule(of, words, _SEVERITIES[severity], message)

    # examples

    def _example(self, iri: str, kind: str) -> Example | None:
        if kind == "datatype":
            return self._asked(
                f"SELECT ?thing ?property ?value WHERE {{\n  ?thing ?property ?value "
                f"FILTER(DATATYPE(?value) = {_name(iri)})\n}}\n"
            )
        if kind == "property":
            name = _local(iri)
            value = "of" if name in ("thing", "") else name
            return self._asked(
                f"SELECT ?thing ?{value} WHERE {{\n  ?thing {_name(iri)} ?{value}\n}}\n"
            )
        telling = self._telling(iri)
        # not all that things of a class often have, one of them has together
        for several in range(len(telling), -1, -1):
            found = self._asked(_together(iri, telling[:several]))
            if found:
                return found
        return None

    def _telling(self, iri: str) -> list[str]:
        """Up to three properties that things of a class have most: a name, and two of ours."""
        have = self.with_property[iri]
        names = [p for p in _NAMES if p in have][:1]
        wanted = {t for t in self.into[iri][SCHEMA + "domainIncludes"] if t in have}
        best = sorted(wanted, key=lambda p: (-have[p], not p.startswith(_OURS), p))
        return [*names, *(p for p in best if p not in names)][:3]

    def _asked(self, text: str) -> Example | None:
        names = " ".join(re.findall(r"\?\w+", text.partition(" WHERE")[0]))
        query = f"{text}ORDER BY {names} LIMIT {_SHOWN}"
        table = questions.run(self.store, query)
        assert isinstance(table, Table)
        if not table.terms:
            return None
        rows = tuple(tuple("" if v is None else clean(str(v)) for v in row) for row in table.rows)
        return Example(query, table.columns, rows)

    # closed lists

    def schemes(self) -> Iterator[Scheme]:
        """The closed lists by name, each with its words, the most used first."""
        used = """SELECT ?p ?o (COUNT(*) AS ?n) WHERE { ?o skos:inScheme ?scheme . ?s ?p ?o
            FILTER(?p NOT IN (rdf:object, skos:broader)) } GROUP BY ?p ?o"""
        counts: dict[str, int] = defaultdict(int)
        with_it: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in select(self.store, used):
            if "o" in row:
                n, scheme = int(row["n"].value), row["o"].value.rpartition("/")[0]
                counts[row["o"].value] += n
                with_it[scheme][row["p"].value] += n
        found = {i for i in self.into if i.startswith(VOC) and SKOS + "inScheme" in self.into[i]}
        for scheme in sorted(found):
            members = self.into[scheme][SKOS + "inScheme"]
            words = [
                codebook.Term(_local(iri), *self._concept(iri), counts[iri])
                for iri in sorted(members)
            ]
            most = sorted(with_it[scheme], key=lambda p: (-with_it[scheme][p], p))
            example = None
            if most:
                name = _local(most[0])
                example = self._asked(
                    f"SELECT ?thing ?{name} WHERE {{\n  ?thing {_name(most[0])} ?{name} . "
                    f"?{name} skos:inScheme <{scheme}>\n}}\n"
                )
            yield Scheme(
                scheme.removeprefix(VOC),
                *self._concept(scheme),
                tuple(self.link(p) for p in sorted(most)),
                tuple(sorted(words, key=lambda w: (-w.count, w.name))),
                example,
            )

    def _concept(self, iri: str) -> tuple[str, str, str, str]:
        return self.words(iri)


def _named_in(question: Question) -> set[str]:
    """IRIs that a question's query names by prefix."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"|<[^>]*>|#[^\n]*', " ", catalogue.bare(question))
    return {
        PREFIXES[prefix] + local
        for prefix, local in re.findall(r"(?<![\w?$-])([a-z][\w-]*):([A-Za-z][\w-]*)", text)
        if prefix in PREFIXES
    }


def _together(iri: str, properties: list[str]) -> str:
    """The query for things of a class with these properties of theirs."""
    thing = _local(iri)[0].lower() + _local(iri)[1:]
    told = {thing: f"  ?{thing} a {_name(iri)}"}
    for p in properties:
        name = "name" if p in _NAMES else _local(p)
        told.setdefault(name, f"    {_name(p)} ?{name}")
    pattern = " ;\n".join(told.values())
    if "name" in told:
        pattern += ' FILTER(LANG(?name) = "en")'
    return f"SELECT {' '.join(f'?{name}' for name in told)} WHERE {{\n{pattern}\n}}\n"


def _name(iri: str) -> str:
    """An IRI as one writes it in a query."""
    name = compact(iri)
    return name if re.fullmatch(r"[\w-]+:[\w-]+", name) else f"<{iri}>"


def _local(iri: str) -> str:
    return re.split("[#/]", iri)[-1]


def _anchor(iri: str) -> str:
    return _local(iri) if iri.startswith(_OURS) else compact(iri).replace(":", "-")


# --- rules in words ------------------------------------------------------------------------------


class _Shapes:
    """The shapes, as far as one tells of them in words; what they check is for shapes.py."""

    def __init__(self) -> None:
        self.out: dict[Any, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
        for t in parse(path=str(paths.ontology() / "shapes.ttl"), format=RdfFormat.TURTLE):
            self.out[t.subject][t.predicate.value].append(t.object)
        self.by: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
        for shape in sorted((s for s in self.out if isinstance(s, NamedNode)), key=str):
            self._read(shape)

    def of(self, iri: str) -> list[tuple[str, str, str, str]]:
        """Path, words, severity and message of each rule for a class or a property."""
        return list(dict.fromkeys(self.by[iri]))

    def lists(self, iri: str) -> list[str]:
        """The closed lists from which a property takes its values."""
        told = (words for path, words, _, _ in self.by[iri] if path == iri)
        return sorted({n for words in told for n in re.findall(r"of the list ([\w-]+)", words)})

    def _read(self, shape: NamedNode) -> None:
        said = self.out[shape]
        messages = sorted(m.value for m in said[_SH + "message"])
        if not messages:
            return  # a part of others
        severity = said[_SH + "severity"][0].value
        path = said[_SH + "path"]
        for where in ("targetClass", "targetSubjectsOf", "targetObjectsOf"):
            for target in said[_SH + where]:
                told = (
                    self._iri(path[0]) if path else "",
                    self._words(shape),
                    severity,
                    messages[0],
                )
                self.by[target.value].append(told)

    def _iri(self, path: Any) -> str:
        if isinstance(path, NamedNode):
            return path.value
        return str(self.out[path][_SH + "inversePath"][0].value)

    def _words(self, shape: Any) -> str:
        """A shape's constraints in words."""
        said = self.out[shape]
        times = self._times(said)
        path = said[_SH + "path"]
        if path and isinstance(path[0], BlankNode):
            times = f"{times} that leads here" if times else "what leads here"
        return ", ".join(p for p in (times, *self._values(shape)) if p)

    def _values(self, shape: Any) -> Iterator[str]:
        """What a shape asks of values, but for their number."""
        said = self.out[shape]
        spans = {name for low, high, _ in _SPANS if said[_SH + low] for name in (low, high)}
        for component, tell in _WORDS.items():
            if component not in spans:
                for value in sorted(said[_SH + component], key=str):
                    yield tell(self, value)
        for low, high, of in _SPANS:
            for least, most in zip(said[_SH + low], said[_SH + high], strict=False):
                yield f"{least.value} to {most.value}{of}"
        for inner in sorted(said[_SH + "property"], key=lambda p: self._iri_of(p)):
            times = self._times(self.out[inner])
            name = compact(self._iri_of(inner))
            told = " and ".join(self._values(inner))
            what = f"{name} that is {told}" if told else name
            yield f"{'no' if times == 'none' else times} {what}".strip()

    def _iri_of(self, shape: Any) -> str:
        return self._iri(self.out[shape][_SH + "path"][0])

    def _times(self, said: dict[str, list[Any]]) -> str:
        least = said[_SH + "minCount"]
        most = said[_SH + "maxCount"]
        low = int(least[0].value) if least else 0
        high = int(most[0].value) if most else None
        if high == 0:
            return "none"
        if low == high:
            return "exactly one" if low == 1 else f"exactly {low}"
        told = [f"at least {_number(low)}"] * bool(low)
        told += [f"at most {_number(high)}"] if high else []
        return ", ".join(told)

    def items(self, head: Any) -> list[Any]:
        """The members of an RDF list."""
        found = []
        while head != NamedNode(RDF + "nil"):
            found.append(self.out[head][RDF + "first"][0])
            head = self.out[head][RDF + "rest"][0]
        return found

    def node(self, shape: Any) -> str:
        """Another shape in words: a list of concepts by its name, any other by what it says."""
        name = _local(shape.value) if isinstance(shape, NamedNode) else ""
        if name.startswith("in-"):
            return f"a word of the list {name.removeprefix('in-')}"
        return self._words(shape)

    def several(self, head: Any, joint: str) -> str:
        """Several shapes of which one, or only one, has to fit."""
        told = dict.fromkeys(self.node(shape) for shape in self.items(head))
        return joint.join(f"({one})" if ", " in one else one for one in told)


def _number(n: int) -> str:
    return {1: "one", 2: "two", 3: "three"}.get(n, str(n))


def _term(value: Any) -> str:
    if isinstance(value, Literal):
        return f"“{value.value}”"
    return compact(value.value)


_SPANS = (("minInclusive", "maxInclusive", ""), ("minLength", "maxLength", " characters"))
_LANGUAGES = {"en": "English", "ko": "Korean"}
_WORDS: dict[str, Any] = {
    "class": lambda s, v: compact(v.value),
    "datatype": lambda s, v: _DATATYPES.get(v.value, compact(v.value)),
    "nodeKind": lambda s, v: {"IRI": "a thing with an IRI", "Literal": "a plain value"}.get(
        _local(v.value), _local(v.value)
    ),
    "node": lambda s, v: s.node(v),
    "hasValue": lambda s, v: _term(v),
    "in": lambda s, v: "one of " + ", ".join(_term(i) for i in s.items(v)),
    "pattern": lambda s, v: "in a form of its own",
    "maxLength": lambda s, v: f"{v.value} characters at most",
    "languageIn": lambda s, v: "in " + " or ".join(_LANGUAGES[i.value] for i in s.items(v)),
    "uniqueLang": lambda s, v: "one in each language",
    "lessThanOrEquals": lambda s, v: f"not after its {compact(v.value)}",
    "disjoint": lambda s, v: f"other than its {compact(v.value)}",
    "equals": lambda s, v: f"the same as its {compact(v.value)}",
    "or": lambda s, v: s.several(v, " or "),
    "xone": lambda s, v: "either " + s.several(v, " or "),
    "not": lambda s, v: f"not {s.node(v)}",
    "qualifiedValueShape": lambda s, v: f"at least one {s.node(v)}",
}
"""What each constraint component asks for, in words."""
