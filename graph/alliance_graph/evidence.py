"""Passages without their words: named by block, word range and digest, and found again in a copy.

A passage is digested over its words (Unicode NFC, split on white space, joined by one space), so
neither line breaks nor spacing matter. As the number of its words is known, it is found in any
copy of the text by sliding over it, even where the paragraphs differ.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alliance_graph.errors import AllianceError, Finding, Mark, in_order
from alliance_graph.model import Article, Claim, Evidence, Facts, TextBlock, deeper

ELLIPSES = ("…", "...", "[…]", "[...]")
"""Between two of its words, a quote may leave out what stands between them in the text."""

MAX_TEXT = 2_000_000
"""Bytes of a copy of a text."""
MAX_RUNS = 1_000_000
"""Digests of a copy's runs of words that are remembered."""

Where = Callable[..., Mark | None]
"""``where(article_id, *loc)``: the place of a value in its file; `seeds.Loaded.where` is one."""


def words(text: str) -> list[str]:
    """The words of a text: NFC, split on white space; punctuation stays with its word."""
    return unicodedata.normalize("NFC", text).split()


def digest(found: Sequence[str]) -> str:
    """The first 16 hex digits of sha-256 over words joined by one space.

    >>> digest(words("met  in Seoul"))
    'd5452906fd28f0f8'
    """
    return _digest(" ".join(found).encode())


def _digest(joined: bytes | memoryview) -> str:
    return hashlib.sha256(joined).hexdigest()[:16]


@dataclass(frozen=True)
class Span:
    """A run of words in a copy: from word ``start`` (counted from 0) up to ``end`` (not in it)."""

    start: int
    end: int

    @property
    def count(self) -> int:
        """How many words."""
        return self.end - self.start


class Copy:
    """A copy of an article's text: its words, its lines, and what is found in it.

    A line with words in it is one block. Digests of all runs of one length are made once, when
    first asked for.
    """

    def __init__(self, text: str) -> None:
        self.words: list[str] = []
        self.lines: list[Span] = []
        for line in text.splitlines():
            found = words(line)
            if found:
                self.lines.append(Span(len(self.words), len(self.words) + len(found)))
                self.words += found
        self._joined = " ".join(self.words).encode()
        self._starts: list[int] = []
        at = 0
        for word in self.words:
            self._starts.append(at)
            at += len(word.encode()) + 1
        self._starts.append(at)
        self._runs: dict[int, dict[str, Span]] = {}

    @cached_property
    def _plain(self) -> list[str]:
        return [_plain(word) for word in self.words]

    @cached_property
    def _lines(self) -> dict[tuple[int, str], Span]:
        found: dict[tuple[int, str], Span] = {}
        for line in self.lines:
            found.setdefault((line.count, self.digest(line)), line)
        return found

    def digest(self, span: Span) -> str:
        """The digest of a run of words."""
        view = memoryview(self._joined)
        return _digest(view[self._starts[span.start] : self._starts[span.end] - 1])

    def text(self, span: Span) -> str:
        """The words themselves, joined by one space."""
        return " ".join(self.words[span.start : span.end])

    def find(self, count: int, wanted: str) -> Span | None:
        """The first run of ``count`` words with this digest: a whole line before any other run."""
        line = self._lines.get((count, wanted))
        if line:
            return line
        if count not in self._runs:
            if sum(map(len, self._runs.values())) > MAX_RUNS:
                self._runs.clear()
            runs: dict[str, Span] = {}
            for start in range(len(self.words) - count + 1):
                span = Span(start, start + count)
                runs.setdefault(self.digest(span), span)
            self._runs[count] = runs
        return self._runs[count].get(wanted)

    def quoted(self, quote: str, within: Span | None = None) -> list[Span]:
        """Every run of words that a quote can mean, in order.

        The quote is the passage itself, or its first and last words with ``…`` between; an
        ellipsis at its end (or beginning) means up to the end (from the beginning) of the line, or
        of ``within``. Where no run has exactly these words, small and capital letters, quotation
        marks and punctuation at a word's edge may differ.
        """
        asked = words(quote)
        if not asked:
            return []
        for exact in (True, False):
            whole = self._runs_of(asked, within, exact)
            found = whole or self._elided(asked, within, exact)
            if found:
                return found
        return []

    def _runs_of(self, asked: list[str], within: Span | None, exact: bool) -> list[Span]:
        if any(w in ELLIPSES for w in asked) and not exact:
            return []
        have = self.words if exact else self._plain
        want = asked if exact else [_plain(w) for w in asked]
        low, high = (within.start, within.end) if within else (0, len(have))
        return [
            Span(i, i + len(want))
            for i in range(low, high - len(want) + 1)
            if have[i] == want[0] and have[i : i + len(want)] == want
        ]

    def _elided(self, asked: list[str], within: Span | None, exact: bool) -> list[Span]:
        parts: list[list[str]] = [[]]
        for word in asked:
            if word in ELLIPSES:
                parts.append([])
            else:
                parts[-1].append(word)
        if len(parts) == 1 or not any(parts):
            return []
        found: list[Span] = []
        for line in [within] if within else self.lines:
            found += self._elided_in(line, parts, exact)
        return found

    def _elided_in(self, line: Span, parts: list[list[str]], exact: bool) -> list[Span]:
        runs = [self._runs_of(p, line, exact) if p else None for p in parts]
        first = runs[0] if runs[0] is not None else [Span(line.start, line.start)]
        found: dict[int, Span] = {}
        for begin in first:
            end: int | None = begin.end
            for run in runs[1:]:
                if run is None:
                    end = line.end
                    continue
                end = next((r.end for r in run if r.start >= (end or 0)), None)
                if end is None:
                    break
            if end is not None:
                found[end] = Span(begin.start, end)  # of two beginnings, the one nearer to the end
        return list(found.values())


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    return re.sub(r"^[^\w]+|[^\w]+$", "", folded) or folded


# --- an article's locators ----------------------------------------------------------------------

Loc = tuple[str | int, ...]


def locators(article: Article) -> Iterator[tuple[Loc, str, Evidence]]:
    """Every evidence of an article, as (path in the model, what it is evidence for, evidence)."""
    yield from _walk(article, (), article.id)


def _walk(value: BaseModel, loc: Loc, of: str) -> Iterator[tuple[Loc, str, Evidence]]:
    if isinstance(value, Evidence):
        yield loc, of, value
        return
    of = _named(value, loc, of)
    fields = vars(value)
    for name, alias, _ in deeper(type(value)):
        held = fields[name]
        if isinstance(held, tuple):
            for i, item in enumerate(held):
                yield from _walk(item, (*loc, alias, i), of)
        elif held is not None:
            yield from _walk(held, (*loc, alias), of)


@cache
def _naming(kind: type[BaseModel]) -> tuple[str, ...]:
    """The fields and properties of a class that tell what it is of."""
    names = ("id", "channel", "person", "unnamed", "of")
    return tuple(n for n in names if n in kind.model_fields or hasattr(kind, n))


def _named(value: BaseModel, loc: Loc, of: str) -> str:
    if isinstance(value, Claim):
        field = next(s for s in reversed(loc) if isinstance(s, str))
        return f"{of} {field} “{value.is_}”"
    if not loc:
        return of
    for name in _naming(type(value)):
        known = getattr(value, name)
        if isinstance(known, str):
            return known if len(loc) <= 2 else f"{of} {known}"
    return of


def word_range(evidence: Evidence) -> Span | None:
    """The words of a pinned locator within their block, counted from 0; ``None`` if unpinned."""
    if evidence.words is None:
        return None
    first, _, last = evidence.words.partition("-")
    return Span(int(first) - 1, int(last or first))


def places(article: Article, where: Where | None = None) -> list[Finding]:
    """Whether each locator names a block that the article has, and words that the block has.

    And whether all that name the same words give them one digest. Needs no text.
    """
    return [*_repeated(article, where), *(f for _, f in _misplaced(article, where))]


def _repeated(article: Article, where: Where | None) -> Iterator[Finding]:
    seen: set[tuple[str, int]] = set()
    for i, block in enumerate(article.blocks):
        if (block.block, block.p) in seen:
            yield Finding(
                "error",
                "block-twice",
                f"{article.id} has two blocks {block.block} {block.p}",
                "number the blocks of a kind from 1, in the order of the text",
                _at(where, article, "blocks", i),
                (article.id,),
            )
        seen.add((block.block, block.p))


def _misplaced(article: Article, where: Where | None) -> Iterator[tuple[Loc, Finding]]:
    counts = {(b.block, b.p): b.words for b in article.blocks}
    digests = {(b.block, b.p, Span(0, b.words)): b.digest for b in article.blocks if b.words}
    for loc, of, evidence in locators(article):
        span = word_range(evidence)
        if span is None:
            continue
        named = (evidence.block, evidence.p)
        name = f"{evidence.block} {evidence.p}"
        count = counts.get(named, -1)
        if count == -1:
            has = ", ".join(f"{b} {p}" for b, p in counts) or "no blocks"
            what = f"the evidence of {of} names block {name}, which the article does not have"
            mend = f"it has {has}"
        elif span.count < 1:
            what = (
                f"the evidence of {of} has the words {evidence.words}, which end before they begin"
            )
            mend = "give first and last word, as 28-41, or quote the passage and run `alliance pin`"
        elif count is not None and span.end > count:
            what = f"the evidence of {of} has the words {evidence.words}; block {name} has {count}"
            mend = "quote the passage and run `alliance pin`"
        elif digests.setdefault((*named, span), evidence.digest) != evidence.digest:
            what = f"the evidence of {of} gives the words {evidence.words} of {name} another digest"
            mend = "quote the passage and run `alliance pin`"
        else:
            continue
        mark = _at(where, article, *loc)
        yield loc, Finding("error", "evidence-place", what, mend, mark, (article.id,))


def _at(where: Where | None, article: Article, *loc: str | int) -> Mark | None:
    return where(article.id, *loc) if where else None


def locate(article: Article, copy: Copy) -> dict[tuple[str, int], Span]:
    """Where a copy has each pinned block of an article; those that it lacks are left out."""
    found: dict[tuple[str, int], Span] = {}
    for block in article.blocks:
        if block.words is not None and block.digest is not None:
            span = copy.find(block.words, block.digest)
            if span:
                found[block.block, block.p] = span
    return found


def find(article: Article, evidence: Evidence, copy: Copy) -> Span | None:
    """Where a copy has a passage: at its place in its block, else anywhere in the text."""
    span = word_range(evidence)
    if span is None or evidence.digest is None or span.count < 1:
        return None
    block = next(
        (b for b in article.blocks if (b.block, b.p) == (evidence.block, evidence.p)), None
    )
    if block and block.words and block.digest:
        home = copy.find(block.words, block.digest)
        if home and home.start + span.end <= home.end:
            here = Span(home.start + span.start, home.start + span.end)
            if copy.digest(here) == evidence.digest:
                return here
    return copy.find(span.count, evidence.digest)


def passage(article: Article, evidence: Evidence, text: str | Copy) -> str | None:
    """The words of a passage in a copy of the text; ``None`` if the copy does not have them."""
    copy = Copy(text) if isinstance(text, str) else text
    span = find(article, evidence, copy)
    return copy.text(span) if span else None


def verify(article: Article, text: str | Copy, where: Where | None = None) -> list[Finding]:
    """Whether a copy of the text has every block and every passage that an article cites.

    A block is found by the digest over its words, as a line of the copy or across its lines; a
    passage in its block at its words, else anywhere in the copy. What is not found is an error
    that names the claim; a passage that stands elsewhere than its locator says is an error too,
    unless the copy lacks the block as a whole.
    """
    copy = Copy(text) if isinstance(text, str) else text
    homes = locate(article, copy)
    misplaced = dict(_misplaced(article, where))
    findings = [*_repeated(article, where), *misplaced.values()]
    for i, block in enumerate(article.blocks):
        if block.digest is not None and (block.block, block.p) not in homes:
            findings.append(
                Finding(
                    "error",
                    "block-differs",
                    f"block {block.block} {block.p} of {article.id} ({block.words} words) is not in"
                    " this copy of the text",
                    "compare the copy with the address of the article, or pin the block again",
                    _at(where, article, "blocks", i),
                    (article.id,),
                )
            )
    for loc, of, evidence in locators(article):
        span = word_range(evidence)
        mark = _at(where, article, *loc)
        if span is None or loc in misplaced:
            continue
        home = homes.get((evidence.block, evidence.p))
        found = find(article, evidence, copy)
        if found and (home is None or found.start == home.start + span.start):
            continue
        at = f"{evidence.block} {evidence.p}, words {evidence.words}"
        if found:
            what = f"the passage for {of} does not stand at {at}, but elsewhere in the text"
        else:
            what = f"the passage for {of} ({at}) is not in this copy of the text"
        findings.append(
            Finding(
                "error",
                "passage-differs",
                what,
                "quote the passage and run `alliance pin`",
                mark,
                (article.id,),
            )
        )
    return findings


def copies(texts: Path | Mapping[str, str]) -> dict[str, Copy]:
    """Copies by name: of one file, of the ``.txt`` files of a folder, or of texts by name."""
    if isinstance(texts, Path):
        paths = [texts] if texts.is_file() else sorted(texts.glob("*.txt"))
        texts = {p.name: _read(p) for p in paths if p.is_file()}
    return {name: Copy(text) for name, text in texts.items()}


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        raw = stream.read(MAX_TEXT + 1)
    if len(raw) > MAX_TEXT:
        raise AllianceError(
            f"{path}: has more than {MAX_TEXT:,} bytes, so it is no article's text; "
            "move it out of the folder"
        )
    return raw.decode("utf-8-sig", errors="replace")


def text_of(article: Article, among: Mapping[str, Copy]) -> str | None:
    """The name of the text that has most blocks of an article; ``None`` if none has any."""
    best, most = None, 0
    for name, copy in sorted(among.items()):
        has = len(locate(article, copy))
        has += sum(bool(b.quote is not None and copy.quoted(b.quote)) for b in article.blocks)
        if has > most:
            best, most = name, has
    return best


def verify_all(
    facts: Facts, texts: Path | Mapping[str, str], where: Where | None = None
) -> list[Finding]:
    """`verify` for every article; one that no text belongs to is an error of its own."""
    among = copies(texts)
    findings: list[Finding] = []
    for article in facts.articles:
        name = text_of(article, among)
        if name is not None:
            findings += verify(article, among[name], where)
            continue
        what = f"no text of the {len(among)} given has a block of {article.id}"
        mend = f"save the article from {article.url} as a .txt file in the folder"
        findings.append(Finding("error", "no-text", what, mend, _at(where, article), (article.id,)))
    return in_order(findings)


def text_digest(copy: Copy, spans: Sequence[Span]) -> str:
    """The digest over the words of an article's blocks, in order."""
    return digest([w for span in spans for w in copy.words[span.start : span.end]])


# --- pinning ------------------------------------------------------------------------------------


def pin(article: Article, copy: Copy, where: Where | None = None) -> tuple[Article, list[Finding]]:
    """The article with every quote turned into a locator, and what could not be.

    Block quotes come first, in the order of the file: a quote that the text has more than once
    means the first one after the block before. A quote of evidence is looked for in its block;
    where it is not there (or the block was left at its default), in all blocks, and block and
    paragraph are set if exactly one has it.
    """
    findings: list[Finding] = []
    pinned: list[TextBlock] = []
    homes: dict[tuple[str, int], Span] = {}
    after = 0
    for i, block in enumerate(article.blocks):
        span = None
        if block.quote is not None:
            span = _block_span(
                article, block, copy, after, _at(where, article, "blocks", i), findings
            )
            if span:
                block = block.model_copy(
                    update={"quote": None, "words": span.count, "digest": copy.digest(span)}
                )
        elif block.words is not None and block.digest is not None:
            span = copy.find(block.words, block.digest)
        if span:
            homes[block.block, block.p] = span
            after = max(after, span.end)
        pinned.append(block)
    article = article.model_copy(update={"blocks": tuple(pinned)})
    if len(homes) == len(pinned) and pinned:
        spans = [homes[b.block, b.p] for b in pinned]
        article = article.model_copy(update={"text_digest": text_digest(copy, spans)})

    def replaced(loc: Loc, of: str, evidence: Evidence) -> Evidence:
        if evidence.quote is None:
            return evidence
        return _pinned(article, evidence, copy, homes, of, _at(where, article, *loc), findings)

    done: Article = _mapped(article, (), article.id, replaced)
    return done, findings


def _mapped(value: Any, loc: Loc, of: str, change: Callable[[Loc, str, Evidence], Evidence]) -> Any:
    """A copy of a model value with every evidence in it changed."""
    if isinstance(value, Evidence):
        return change(loc, of, value)
    if isinstance(value, tuple):
        return tuple(_mapped(item, (*loc, i), of, change) for i, item in enumerate(value))
    if isinstance(value, BaseModel):
        of = _named(value, loc, of)
        update = {}
        for name, field in type(value).model_fields.items():
            held = getattr(value, name)
            if isinstance(held, (tuple, BaseModel)):
                new = _mapped(held, (*loc, field.alias or name), of, change)
                if new != held:
                    update[name] = new
        return value.model_copy(update=update) if update else value
    return value


def _block_span(
    article: Article,
    block: TextBlock,
    copy: Copy,
    after: int,
    mark: Mark | None,
    findings: list[Finding],
) -> Span | None:
    found = copy.quoted(block.quote or "")
    distinct = {copy.digest(s) for s in found}
    name = f"block {block.block} {block.p} of {article.id}"
    if len(distinct) == 1:
        return next((s for s in found if s.start >= after), found[0])
    if found:
        what = f"the quote of {name} fits {len(distinct)} places of the text"
        mend = "give more of its first or last words"
    else:
        what = f"the quote of {name} is not in the text"
        mend = "copy it from the text: all of it, or its first words … its last words"
    findings.append(Finding("error", "quote-not-pinned", what, mend, mark, (article.id,)))
    return None


def _pinned(
    article: Article,
    evidence: Evidence,
    copy: Copy,
    homes: dict[tuple[str, int], Span],
    of: str,
    mark: Mark | None,
    findings: list[Finding],
) -> Evidence:
    quote = evidence.quote or ""
    named = (evidence.block, evidence.p)
    hits = {key: spans for key, home in homes.items() if (spans := copy.quoted(quote, home))}
    told = "p" in evidence.model_fields_set or "block" in evidence.model_fields_set
    if named in hits and (told or len(hits) == 1):
        hits = {named: hits[named]}
    if len(hits) == 1:
        [(key, spans)] = hits.items()
        if len(spans) == 1:
            start = spans[0].start - homes[key].start
            return Evidence.model_validate(
                {
                    "block": key[0],
                    "p": key[1],
                    "words": f"{start + 1}-{start + spans[0].count}",
                    "digest": copy.digest(spans[0]),
                }
            )
        what = f"the quote for {of} stands {len(spans)} times in {key[0]} {key[1]}"
        mend = "quote more of the passage"
    elif hits:
        names = ", ".join(f"{b} {p}" for b, p in hits)
        what = f"the quote for {of} stands in {names}"
        mend = "say which with `block:` and `p:`, or quote more of the passage"
    else:
        anywhere = copy.quoted(quote)
        what = f"the quote for {of} is in no block of {article.id}"
        mend = (
            "the text has it outside the blocks that were found: add its block to `blocks:`"
            if anywhere
            else "copy the words from the text: all of them, or first words … last words"
        )
    findings.append(Finding("error", "quote-not-pinned", what, mend, mark, (article.id,)))
    return evidence
