"""How to cite the data set, an article or a claim: BibTeX and CSL-JSON.

CSL-JSON: https://citeproc-js.readthedocs.io/en/latest/csl-json/markup.html. A claim is cited as its
article with the locator of its passage, and the data set beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import NamedNode

from alliance_graph import __version__, resolve
from alliance_graph.errors import UnknownName
from alliance_graph.store import select
from alliance_graph.vocabulary import ID, MAKERS, ONTOLOGY, TITLE, split

if TYPE_CHECKING:
    from alliance_graph.store import Store


@dataclass(frozen=True)
class Citation:
    """One entry: CSL type, title, authors (as printed), publisher, day (ISO or ""), address."""

    key: str
    type: str
    title: str
    authors: tuple[str, ...] = ()
    publisher: str = ""
    issued: str = ""
    url: str = ""
    locator: str = ""
    version: str = ""
    note: str = ""
    also: tuple[Citation, ...] = field(default=())


_CLAIM = """
SELECT ?claim ?article ?block ?p ?words WHERE {
  ?claim a ally:Claim ; ally:inArticle ?article .
  OPTIONAL {
    ?claim ally:evidence ?e .
    ?e ally:block ?b ; ally:paragraph ?p ; ally:words ?words .
    BIND(STRAFTER(STR(?b), "/block/") AS ?block)
  }
}
ORDER BY ?p ?words"""

_ARTICLE = """
SELECT ?title ?author ?publisher ?day ?url ?kind WHERE {
  ?article a ally:Article , ?kind ; schema:headline ?title ; schema:url ?url .
  OPTIONAL { ?article schema:author/skos:prefLabel ?author FILTER(LANG(?author) = "en") }
  OPTIONAL { ?article schema:publisher/skos:prefLabel ?publisher FILTER(LANG(?publisher) = "en") }
  OPTIONAL { ?article schema:datePublished ?day }
}
ORDER BY ?author"""

_DATA_SET = """
SELECT ?p ?o WHERE { ?set ?p ?o FILTER(ISLITERAL(?o) && LANG(?o) IN ("", "en")) }
ORDER BY ?p ?o"""


def cite(store: Store, what: str | None = None) -> Citation:
    """What to cite: the data set (None), an article, or a claim (id or IRI).

    Raises UnknownName where neither goes by that name.
    """
    if what is None:
        return _data_set(store)
    for claim in _claim_names(what):
        rows = _rows(store, _bound(_CLAIM, "claim", claim))
        if rows:
            return _claim(store, claim, rows[0])
    iri = what if what.startswith(ID) else resolve.one(store, what, kinds=("article",)).iri
    return _article(store, iri)


def _claim_names(what: str) -> Iterator[str]:
    """The IRIs that a claim may be meant by, where the text can be part of one."""
    name = what.removeprefix(ID).removeprefix("claim/")
    if re.fullmatch(r"[\w.-]+", name):
        yield f"{ID}claim/{name}"


def _bound(query: str, name: str, iri: str) -> str:
    try:
        NamedNode(iri)
    except ValueError as bad:
        raise UnknownName(f"{iri}: no IRI ({bad})") from None
    return query.replace("WHERE {", f"WHERE {{ VALUES ?{name} {{ <{iri}> }}", 1)


def _rows(store: Store, text: str) -> list[dict[str, str]]:
    return [{n: t.value for n, t in row.items()} for row in select(store, text)]


def _claim(store: Store, claim: str, row: dict[str, str]) -> Citation:
    name = claim.removeprefix(ID)
    locator = f"{row['block']} {row['p']}, words {row['words']}" if "words" in row else ""
    return replace(
        _article(store, row["article"]),
        key=re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-"),
        locator=locator,
        note=f"alliance-graph {__version__}, {name}",
        also=(_data_set(store),),
    )


def _data_set(store: Store) -> Citation:
    about = {
        r["p"].rpartition("/")[2]: r["o"] for r in _rows(store, _bound(_DATA_SET, "set", ONTOLOGY))
    }
    return Citation(
        key=f"alliance-graph-{__version__}",
        type="dataset",
        title=TITLE,
        authors=(about.get("creator", MAKERS),),
        issued=about.get("modified", about.get("created", "")),
        version=__version__,
        url=ONTOLOGY,
    )


def _article(store: Store, iri: str) -> Citation:
    kind, _ = split(iri) or ("", "")
    rows = _rows(store, _bound(_ARTICLE, "article", iri)) if kind == "article" else []
    if not rows:
        raise UnknownName(f"{iri}: no article or claim; `alliance query articles` lists them")
    readout = any(r["kind"].endswith("OfficialReadout") for r in rows)
    first = rows[0]
    return Citation(
        key=iri.rpartition("/")[2],
        type="webpage" if readout else "article-newspaper",
        title=first["title"],
        authors=tuple(dict.fromkeys(r["author"] for r in rows if "author" in r)),
        publisher=first.get("publisher", ""),
        issued=first.get("day", ""),
        url=first["url"],
    )


def csl(citation: Citation) -> str:
    """CSL-JSON: an array of items."""
    items = []
    for c in (citation, *citation.also):
        item: dict[str, Any] = {"id": c.key, "type": c.type, "title": c.title}
        if c.authors:
            # names are kept as printed: which part is the family name is not ours to guess
            item["author"] = [{"literal": a} for a in c.authors]
        if c.publisher:
            item["container-title" if c.type == "article-newspaper" else "publisher"] = c.publisher
        if c.issued:
            item["issued"] = {"date-parts": [[int(n) for n in c.issued.split("-")]]}
        for name, value in (("URL", c.url), ("version", c.version), ("locator", c.locator)):
            if value:
                item[name] = value
        if c.note:
            item["note"] = c.note
        items.append(item)
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"


_BIBTEX = {"article-newspaper": "article", "webpage": "misc", "dataset": "misc"}
_ESCAPES = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(citation: Citation) -> str:
    """BibTeX entries; authors in braces, kept as printed."""
    out = []
    for c in (citation, *citation.also):
        fields = {
            "title": "{" + _escaped(c.title) + "}",
            "author": " and ".join("{" + _escaped(a) + "}" for a in c.authors),
            ("journal" if c.type == "article-newspaper" else "publisher"): _escaped(c.publisher),
            "year": c.issued[:4],
            "date": c.issued,
            "version": c.version,
            "url": c.url,
            "note": _escaped("; ".join(n for n in (c.locator, c.note) if n)),
        }
        body = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
        out.append(f"@{_BIBTEX[c.type]}{{{c.key},\n{body}}}\n")
    return "\n".join(out)


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)
