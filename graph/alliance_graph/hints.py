"""What may be wrong with a query of one's own: "no rows" must not stand for a typing mistake.

An answer without rows is worded as absence from the sources. That is only true of a query that
names what the graph knows, so names that it does not know are said, with the nearest that it does.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pyoxigraph import Literal

from alliance_graph.store import select
from alliance_graph.vocabulary import BASE, PREFIXES, SCHEMES, VOC, compact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alliance_graph.store import Store

# As far as names and texts need: https://www.w3.org/TR/sparql11-query/#sparqlGrammar
_TOKEN = re.compile(
    r"""\#[^\n]*
    |(?P<declared>\b(?i:prefix)\s+(?P<prefix>[\w-]*):\s*<(?P<namespace>[^<>\s]*)>)
    |<(?P<iri>[^<>"{}|^`\\\s]*)>
    |(?P<text>\"\"\".*?\"\"\"|'''.*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?P<tag>@|\^\^)?
    |(?P<name>(?<![?$\w])[\w-]*:[\w.%-]*\w|(?<![?$\w:])[\w-]+:(?=[\s;,.)]))""",
    re.VERBOSE | re.DOTALL,
)
_SAFE = re.compile(r"[^<>\"{}|^`\\\s]+")
_APART = frozenset({"xsd", "edtf"})
"""Namespaces of datatypes and casts, which no triple need name."""
_DATES = re.compile(r"\bally:(?:date|attestedOn|statedOn|scheduledFor|dueDate|start|end)\b")


def undeclared(text: str) -> str | None:
    """What to say of the first prefix that is neither ours nor declared; None where all are."""
    known = {**PREFIXES, **_declared(text)}
    for found in _TOKEN.finditer(text):
        prefix = (found["name"] or ":").partition(":")[0]
        if found["name"] and prefix not in known and prefix != "_":
            near = get_close_matches(prefix, PREFIXES, n=2, cutoff=0.7)
            meant = f"; did you mean {' or '.join(n + ':' for n in near)}?" if near else ""
            return f"no prefix {prefix + ':'!r}{meant or ': declare it with PREFIX'}"
    return None


def strangers(store: Store, text: str) -> list[str]:
    """A sentence for each name in a query that is one of our namespaces' but not the graph's."""
    used = {iri: said for iri, said in _names(text) if _SAFE.fullmatch(iri)}
    if not used:
        return []
    values = " ".join(f"<{iri}>" for iri in used)
    known = select(
        store,
        f"""SELECT DISTINCT ?x WHERE {{ VALUES ?x {{ {values} }}
          {{ ?x ?p ?o }} UNION {{ ?s ?x ?o }} UNION {{ ?s ?p ?x }}
          UNION {{ GRAPH ?x {{ ?s ?p ?o }} }}
        }}""",
    )
    there = {row["x"].value for row in known}
    return [_stranger(store, iri, said) for iri, said in used.items() if iri not in there]


def of_nothing(store: Store, text: str) -> list[str]:
    """Why a query whose names are all known may have found nothing all the same."""
    found = []
    if _DATES.search(text) and re.search(r"[<>]=?\s*[\"'?]", text):
        found.append(
            "a date here is text such as 2020-09-16/2020-09-20 and does not compare: "
            'compare ally:earliest and ally:latest with "2020-10-01"^^xsd:date'
        )
    for token in _TOKEN.finditer(text):
        if token["text"] and not token["tag"]:
            found.extend(_bare(store, token["text"].strip("\"'")))
    for iri, said in _names(text):
        found.extend(_above(store, iri, said))
    return list(dict.fromkeys(found))


def _declared(text: str) -> dict[str, str]:
    return {f["prefix"]: f["namespace"] for f in _TOKEN.finditer(text) if f["declared"]}


def _names(text: str) -> Iterator[tuple[str, str]]:
    """IRI and name as written, of each name of a namespace that the graph uses."""
    namespaces = {**PREFIXES, **_declared(text)}
    ours = [n for p, n in PREFIXES.items() if p not in _APART]
    for found in _TOKEN.finditer(text):
        if found["iri"]:
            iri = found["iri"]
        elif found["name"]:
            prefix, _, rest = found["name"].partition(":")
            iri = namespaces.get(prefix, "") + rest
        else:
            continue
        # a namespace alone is one to cut names at, as in STR(id:)
        if any(iri.startswith(n) and iri != n for n in ours):
            yield iri, found["name"] or compact(iri)


def _stranger(store: Store, iri: str, said: str) -> str:
    cut = max(iri.rfind("/"), iri.rfind("#")) + 1
    space, name = iri[:cut], iri[cut:]
    every = select(
        store,
        f"""SELECT DISTINCT ?x WHERE {{
          {{ ?x a ?c }} UNION {{ SELECT DISTINCT ?x WHERE {{ ?s ?x ?o }} }}
          FILTER(STRSTARTS(STR(?x), {Literal(space)}))
        }}""",
    )
    others = sorted({row["x"].value.removeprefix(space) for row in every})
    folded = {o.casefold(): o for o in others}
    near = [folded[n] for n in get_close_matches(name.casefold(), folded, n=3, cutoff=0.7)]
    near += [o for o in others if name and name in o.split("-") and o not in near]
    meant = " or ".join(compact(space + n) for n in near[:3])
    return f"{said} is no name in this graph" + (f"; did you mean {meant}?" if meant else "")


def _bare(store: Store, text: str) -> Iterator[str]:
    """A text that is a concept's name, or a name without its language."""
    concepts = [
        compact(row["x"].value)
        for row in select(
            store, f"SELECT ?x WHERE {{ ?x skos:notation {Literal(text)} }} ORDER BY ?x"
        )
        if row["x"].value.removeprefix(VOC).partition("/")[0] in SCHEMES
    ]
    if concepts:
        yield f'"{text}" is a concept here: write {" or ".join(concepts)}'
        return
    tagged = select(
        store,
        f"""SELECT DISTINCT ?l WHERE {{ VALUES ?p {{ rdfs:label skos:prefLabel skos:altLabel }}
          ?x ?p ?l FILTER(STR(?l) = {Literal(text)} && LANG(?l) != "") }} ORDER BY ?l""",
    )
    for row in tagged:
        yield f"names carry a language: write {row['l']}"


def _above(store: Store, iri: str, said: str) -> Iterator[str]:
    """A class whose members are all typed by a narrower one."""
    if not _SAFE.fullmatch(iri):
        return
    below = select(
        store,
        f"""SELECT DISTINCT ?c WHERE {{ ?c rdfs:subClassOf+ <{iri}> . ?x a ?c
          FILTER NOT EXISTS {{ ?y a <{iri}> }} }} ORDER BY ?c""",
    )
    narrower = [compact(row["c"].value) for row in below if row["c"].value.startswith(BASE)]
    if narrower:
        yield f"only narrower classes are written here, of {said}: {', '.join(narrower)}"
