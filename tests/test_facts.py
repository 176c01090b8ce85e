"""The shipped facts as data: canonical, sourced, decided. What fails here is mended in seeds/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alliance_graph import check, coverage, dates, evidence, model, paths, seeds
from alliance_graph.errors import Finding
from alliance_graph.seeds import Loaded

SEEDS = paths.seeds()


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return seeds.load(SEEDS)


def test_they_load_without_an_error_or_a_warning(loaded: Loaded) -> None:
    assert [str(f) for f in loaded.findings if f.fails] == []


def test_every_file_is_in_canonical_form() -> None:
    assert seeds.uncanonical(SEEDS) == [], "run `alliance check --fix`"


def test_every_tension_has_been_decided(loaded: Loaded) -> None:
    assert [str(f) for f in check.check(loaded) if f.fails] == []


def test_every_paragraph_has_claims_or_a_reason(loaded: Loaded) -> None:
    rows = coverage.coverage(loaded.facts)
    assert {r.article for r in rows} == {a.id for a in loaded.facts.articles}
    assert [r for r in rows if r.open] == []


def test_every_claim_from_an_article_has_a_passage(loaded: Loaded) -> None:
    bare = []
    for article in loaded.facts.articles:
        for section, i, record in article.records():
            for name, _, claim in model.claims_of(record):
                held = model.inherited(claim, record, article.defaults)
                if held["basis"] == "article" and not held["evidence"]:
                    bare.append((article.id, section, i, name))
    assert bare == []


def test_outside_knowledge_says_where_it_is_from(loaded: Loaded) -> None:
    for thing in loaded.facts.identities():
        for claim in (*thing.ko, *thing.aliases):
            # curated: a translation of ours
            assert claim.basis in ("external", "general-knowledge", "curated"), (
                thing.id,
                claim.is_,
            )
            assert claim.basis != "external" or claim.source, (thing.id, claim.is_)


def test_an_alias_from_outside_is_no_spelling_of_an_article(loaded: Loaded) -> None:
    printed = {(n.of, n.printed) for a in loaded.facts.articles for n in a.names}
    aliases = {(i.id, c.is_) for i in loaded.facts.identities() for c in i.aliases}
    assert sorted(printed & aliases) == []


def test_hangul_names_are_hangul(loaded: Loaded) -> None:
    for thing in loaded.facts.identities():
        for claim in thing.ko:
            assert re.search("[가-힣]", claim.is_), (thing.id, claim.is_)


def test_relative_dates_follow_from_their_phrases(loaded: Loaded) -> None:
    """The arithmetic behind every resolved date, repeated: phrase and anchor give the date."""
    checked = 0
    for article in loaded.facts.articles:
        for _, _, record in article.records():
            for _, _, claim in model.claims_of(record):
                if not isinstance(claim, model.DateClaim) or claim.printed is None:
                    continue
                anchor = (
                    dates.parse(claim.anchor or article.anchor)
                    if not claim.anchor or re.match(r"\d{4}", claim.anchor)
                    else None
                )
                if anchor is None or anchor.earliest is None:
                    continue
                found = [
                    r
                    for direction in (None, "past", "future")
                    if (r := dates.resolve(claim.printed, anchor.earliest, direction))
                ]
                if found and claim.rank != "deprecated" and claim.date_basis == "resolved":
                    checked += 1
                    told = dates.parse(claim.is_)
                    assert any(r.overlaps(told) for r in found), (article.id, claim.printed)
    assert checked >= 20


def test_nobody_is_known_twice(loaded: Loaded) -> None:
    labels = [i.label for i in loaded.facts.people]
    assert len(labels) == len(set(labels))
    hangul = [c.is_ for i in loaded.facts.people for c in i.ko]
    assert len(hangul) == len(set(hangul))


def test_the_texts_have_every_passage(loaded: Loaded, texts: Path) -> None:
    assert evidence.verify_all(loaded.facts, texts, loaded.where) == []


def _undecided(text: str) -> str:
    """The article without what the curator made of the dates of its meeting."""
    text = re.sub(r"^  ( *)(rank|because): .*\n", "", text, flags=re.M)
    text = re.sub(r", (rank|because): [a-z-]+", "", text)
    return re.sub(r"^decisions:\n(?:[ -].*\n)*", "", text, flags=re.M)


def test_the_conflict_of_dates_is_found_without_the_curator(tmp_path: Path) -> None:
    """Rank and reason taken out of the article of 2020-10-16: the machine finds the two dates."""
    for path in SEEDS.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(SEEDS)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8")
        stripped = _undecided(text) if path.stem == "asiae-2020-10-16" else text
        assert path.stem != "asiae-2020-10-16" or "rank:" not in stripped
        copy.write_text(stripped, "utf-8")
    loaded = seeds.load(tmp_path)
    assert [str(f) for f in loaded.findings if f.severity == "error"] == []
    found: list[Finding] = [
        f
        for f in check.check(loaded)
        if f.code == "date-conflict" and "choi-biegun-2020-09" in f.about and f.fails
    ]
    assert found
    text = " ".join(f.what for f in found)
    assert "2020-09-10" in text
    assert "2020-10-10" in text
    assert found[0].where is not None
    assert found[0].related
