"""Citations of the data set, an article and a claim, read back by what they are made of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from alliance_graph import cite
from alliance_graph.errors import UnknownName
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def store(built: Path) -> Embedded:
    return Embedded.read(built / "alliance.trig")


def entries(bibtex: str) -> list[dict[str, str]]:
    """What a BibTeX file says, by a reader as simple as our output is regular."""
    out = []
    for kind, key, body in re.findall(r"@(\w+)\{([^,]+),\n(.*?)^\}", bibtex, re.M | re.S):
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", body, re.M))
        out.append({"type": kind, "key": key, **fields})
    return out


def test_the_data_set(store: Embedded) -> None:
    (item,) = json.loads(cite.csl(cite.cite(store)))
    assert item["type"] == "dataset"
    assert item["version"] == "0.1.0"
    assert item["author"] == [{"literal": "alliance-graph maintainers"}]
    (entry,) = entries(cite.bibtex(cite.cite(store)))
    assert entry["url"] == "https://w3id.org/alliance-graph/ontology"


def test_the_citation_file_says_the_same(store: Embedded) -> None:
    (item,) = json.loads(cite.csl(cite.cite(store)))
    held = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert (held["title"], held["version"], held["url"]) == (
        item["title"],
        item["version"],
        item["URL"],
    )
    assert [author["name"] for author in held["authors"]] == [a["literal"] for a in item["author"]]


def test_an_article(store: Embedded) -> None:
    (item,) = json.loads(cite.csl(cite.cite(store, "hankyoreh-2021-03-19")))
    assert item["type"] == "article-newspaper"
    assert item["author"] == [{"literal": "Kim Ji-eun"}]
    assert item["issued"] == {"date-parts": [[2021, 3, 19]]}
    assert item["URL"].startswith("http://english.hani.co.kr/")
    (entry,) = entries(cite.bibtex(cite.cite(store, "hankyoreh-2021-03-19")))
    assert entry["type"] == "article"
    assert entry["year"] == "2021"
    assert entry["author"] == "{Kim Ji-eun}"


def test_a_readout_is_no_newspaper_article(store: Embedded) -> None:
    (item,) = json.loads(cite.csl(cite.cite(store, "mofa-2024-02-29")))
    assert item["type"] == "webpage"
    assert "publisher" in item


def test_a_claim_cites_its_article_with_locator_and_the_data_set(store: Embedded) -> None:
    query = (
        "SELECT ?c WHERE { ?c a ally:Claim ; ally:evidence ?e ; ally:inArticle"
        " article:asiae-2020-10-16 } ORDER BY ?c LIMIT 1"
    )
    claim = next(select(store, query))["c"].value
    for name in (claim, claim.rpartition("/id/")[2], claim.rpartition("/")[2]):
        article, data = json.loads(cite.csl(cite.cite(store, name)))
        assert article["URL"] == "https://cm.asiae.co.kr/en/article/2020101609063356933"
        assert re.fullmatch(r"[a-z]+ \d+, words \d+(-\d+)?", article["locator"])
        assert claim.rpartition("/")[2] in article["note"]
        assert data["type"] == "dataset"


def test_what_can_not_be_cited(store: Embedded) -> None:
    with pytest.raises(UnknownName):
        cite.cite(store, "no-such-article-anywhere")
    with pytest.raises(UnknownName, match="alliance query articles"):
        cite.cite(store, "https://w3id.org/alliance-graph/id/person/antony-blinken")
    with pytest.raises(UnknownName, match="no IRI"):
        cite.cite(store, "https://w3id.org/alliance-graph/id/article/x> ?p ?o }")


def test_bibtex_escapes_what_tex_would_read() -> None:
    citation = cite.Citation(key="k", type="dataset", title=r"50% of R&D_{x} ~ \a")
    text = cite.bibtex(citation)
    assert r"50\% of R\&D\_\{x\} \textasciitilde{} \textbackslash{}a" in text


def test_every_article_can_be_cited(store: Embedded) -> None:
    rows: Any = select(store, "SELECT ?a WHERE { ?a a ally:Article } ORDER BY ?a")
    for row in rows:
        (item,) = json.loads(cite.csl(cite.cite(store, row["a"].value)))
        assert item["title"]
        assert item["issued"]
