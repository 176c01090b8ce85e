"""Which words of each article some claim cites; told from the locators alone, without the texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from alliance_graph.evidence import word_range
from alliance_graph.model import (
    Article,
    Encounter,
    Evidence,
    Facts,
    Said,
    Visit,
    claims_of,
)


class BlockCoverage(NamedTuple):
    """How well one block of an article is covered."""

    article: str
    block: str
    p: int
    words: int
    """Words in the block; 0 where it is not pinned yet."""
    claims: int
    """Claims that cite it, with what they inherit from their record."""
    covered: int
    """Words that some claim cites."""
    reason: str | None
    """Why no claim cites it."""

    @property
    def open(self) -> bool:
        """Whether it has neither a claim nor a reason."""
        return self.claims == 0 and self.reason is None


def coverage(facts: Facts) -> list[BlockCoverage]:
    """Each block of each article, in the order of the text."""
    return [row for article in facts.articles for row in blocks_of(article)]


def blocks_of(article: Article) -> list[BlockCoverage]:
    """Each block of one article, in the order of the text."""
    citing: dict[tuple[str, int], int] = defaultdict(int)
    cited: dict[tuple[str, int], set[int]] = defaultdict(set)
    for passages in _claims(article):
        for place in {(e.block, e.p) for e in passages}:
            citing[place] += 1
        for e in passages:
            span = word_range(e)
            if span is not None:
                cited[e.block, e.p].update(range(span.start, span.end))
    rows = []
    for block in article.blocks:
        place = (block.block, block.p)
        words = block.words or 0
        covered = sum(i < words for i in cited[place])
        rows.append(BlockCoverage(article.id, *place, words, citing[place], covered, block.none))
    return rows


def _claims(article: Article) -> Iterator[Iterable[Evidence]]:
    """The passages of each claim: that a record is so, each value in it, each who took part."""
    yield article.published.evidence
    if article.modified:
        yield article.modified.evidence
    for _, _, record in article.records():
        yield record.evidence
        inner: list[Said] = [claim for _, _, claim in claims_of(record)]
        if isinstance(record, Encounter):
            inner += record.participants
        elif isinstance(record, Visit):
            inner += record.travellers
        for said in inner:
            yield said.evidence or record.evidence
