"""Coverage by block, from the locators alone."""

from __future__ import annotations

from typing import Any

from alliance_graph import paths, seeds
from alliance_graph.coverage import BlockCoverage, blocks_of, coverage
from alliance_graph.model import Article, Facts

DIGEST = "0" * 16


def at(words: str, p: int = 1, block: str = "body") -> dict[str, Any]:
    return {"block": block, "p": p, "words": words, "digest": DIGEST}


def article(**sections: Any) -> Article:
    return Article.model_validate(
        {
            "id": "asiae-2020-10-16",
            "kind": "news-article",
            "headline": "A headline",
            "publisher": "asiae",
            "url": "https://example.org/",
            "published": "2020-10-16",
            "anchor": "2020-10-16",
            "blocks": [
                {"block": "headline", "words": 22, "digest": DIGEST},
                {"block": "body", "words": 100, "digest": DIGEST},
                {"block": "body", "p": 2, "words": 83, "digest": DIGEST, "none": "an address"},
            ],
            **sections,
        }
    )


def meeting(**fields: Any) -> dict[str, Any]:
    return {"id": "ko-knapper", "kind": "meeting", "label": "Ko and Knapper", **fields}


def body(told: Article) -> BlockCoverage:
    return next(row for row in blocks_of(told) if (row.block, row.p) == ("body", 1))


def test_without_claims_a_block_is_open_unless_a_reason_is_given() -> None:
    rows = blocks_of(article())
    assert [(r.block, r.p, r.words, r.claims, r.covered, r.open) for r in rows] == [
        ("headline", 1, 22, 0, 0, True),
        ("body", 1, 100, 0, 0, True),
        ("body", 2, 83, 0, 0, False),
    ]
    assert rows[2].reason == "an address"


def test_words_are_counted_once_and_claims_each() -> None:
    date = {"is": "2020-10-15", "evidence": [at("41-50"), at("46-55")]}
    row = body(article(encounters=[meeting(evidence=at("30-64"), date=date, mode="in-person")]))
    assert row.covered == 35
    assert row.claims == 3  # that it took place, its date, and its mode by what it inherits


def test_participants_cite_too() -> None:
    took_part = [{"person": "ko-yun-ju", "evidence": at("1-2")}, {"person": "marc-knapper"}]
    row = body(article(encounters=[meeting(evidence=at("3-4"), participants=took_part)]))
    assert (row.claims, row.covered) == (3, 4)


def test_travellers_and_the_day_of_publication_cite_too() -> None:
    visit = {"id": "visit", "label": "Visit", "travellers": [{"person": "suh-hoon"}]}
    published = {"is": "2020-10-16", "evidence": at("1-10")}
    told = article(published=published, visits=[visit | {"evidence": at("5-12")}])
    assert (body(told).claims, body(told).covered) == (3, 12)
    again = article(modified={"is": "2020-10-16", "evidence": at("100")})
    assert (body(again).claims, body(again).covered) == (1, 1)


def test_words_past_the_end_of_a_block_do_not_count() -> None:
    assert body(article(encounters=[meeting(evidence=at("91-120"))])).covered == 10


def test_what_is_not_pinned_yet_is_cited_but_covers_nothing() -> None:
    row = body(article(encounters=[meeting(evidence={"quote": "some words"})]))
    assert (row.claims, row.covered, row.open) == (1, 0, False)


def test_each_block_of_the_five_articles_has_claims_or_a_reason() -> None:
    facts = seeds.load(paths.seeds()).facts
    rows = coverage(facts)
    assert len(rows) == sum(len(a.blocks) for a in facts.articles)
    assert [r for r in rows if r.open] == []
    assert all(r.covered <= r.words for r in rows)


def test_no_facts_have_no_coverage() -> None:
    assert coverage(Facts()) == []
