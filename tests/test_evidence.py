from __future__ import annotations

import doctest
import hashlib
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import evidence, paths, seeds
from alliance_graph.errors import AllianceError, Mark
from alliance_graph.evidence import (
    Copy,
    Span,
    digest,
    find,
    passage,
    pin,
    verify,
    verify_all,
    words,
)
from alliance_graph.model import Article, Evidence, Facts

TEXT = """\
Share
Biegun in Seoul

Deputy Secretary Stephen Biegun (left) and Vice Minister Choi Jong-kun in Seoul, December 2020.
Deputy Secretary Stephen Biegun (left) and Vice Minister Choi Jong-kun in Seoul, December 2020.

Deputy Secretary of State Stephen Biegun came to Seoul in December 2020, his last journey there in office. He met First Vice Minister Choi Jong-kun at the “foreign ministry” on December 9.

The two had met in Washington three months before. He met Lee Do-hoon as well.
"""

ARTICLE: dict[str, Any] = {
    "id": "biegun-seoul-2020-12",
    "kind": "news-article",
    "headline": "Biegun in Seoul",
    "publisher": "yonhap",
    "url": "https://example.org/biegun",
    "published": "2020-12-11",
    "anchor": "2020-12-11",
    "blocks": [
        {"block": "headline", "quote": "Biegun in Seoul"},
        {"block": "caption", "quote": "Deputy Secretary Stephen …"},
        {"block": "body", "p": 1, "quote": "Deputy Secretary of State … December 9."},
        {"block": "body", "p": 2, "quote": "The two had met ..."},
    ],
    "visits": [
        {
            "id": "biegun-visit-2020-12",
            "label": "Visit to Seoul",
            "travellers": [{"person": "stephen-biegun", "evidence": {"quote": "his last journey"}}],
            "evidence": {"quote": "Deputy Secretary of State Stephen Biegun came to Seoul"},
        }
    ],
    "encounters": [
        {
            "id": "choi-biegun-2020-12",
            "label": "Meeting",
            "kind": "meeting",
            "date": {
                "is": "2020-12-09",
                "printed": "December 9",
                "evidence": {"p": 1, "quote": "He met … December 9."},
            },
            "evidence": {"p": 1, "quote": "He met first vice minister … on december 9"},
        }
    ],
}


def article(**changes: Any) -> Article:
    return Article.model_validate({**ARTICLE, **changes})


def pinned() -> Article:
    done, findings = pin(article(), Copy(TEXT))
    assert findings == []
    return done


def where(_: str, *loc: str | int) -> Mark:
    return Mark("/".join(map(str, loc)))


def test_the_examples_hold() -> None:
    assert doctest.testmod(evidence) == (0, 1)


def lines(text: str) -> list[str]:
    copy = Copy(text)
    return [copy.text(line) for line in copy.lines]


# --- words and digests --------------------------------------------------------------------------


def test_words_are_nfc_and_split_on_any_white_space() -> None:
    decomposed = unicodedata.normalize("NFD", "최종건 차관")
    assert words(f" {decomposed}\u00a0met\n\tBiegun\u3000. ") == [
        "최종건",
        "차관",
        "met",
        "Biegun",
        ".",
    ]


def test_the_digest_is_sixteen_hex_digits_of_sha_256() -> None:
    joined = "met in Washington"
    assert digest(words(" met  in\nWashington")) == hashlib.sha256(joined.encode()).hexdigest()[:16]


@given(
    st.lists(st.text(alphabet="ab각é.", min_size=1, max_size=4), min_size=1, max_size=30), st.data()
)
def test_any_run_of_words_is_found_again(found: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(found) - 1))
    end = data.draw(st.integers(start + 1, len(found)))
    run = words(" ".join(found))[start:end]
    lines = data.draw(st.sampled_from([" ", "\n", "  \n\n"]))
    copy = Copy(lines.join(found))
    seen = copy.find(len(run), digest(run))
    assert seen
    assert words(copy.text(seen)) == run
    assert copy.digest(seen) == digest(run)


_WORDS = st.lists(st.text(alphabet="ab각é“.,", min_size=1, max_size=3), min_size=1, max_size=12)


@given(st.lists(_WORDS, min_size=1, max_size=4), st.data())
def test_any_passage_that_can_be_pinned_is_found_in_any_layout(
    paragraphs: list[list[str]], data: st.DataObject
) -> None:
    """Quote → block, range and digest → the same words, however spaced the copy is."""
    p = data.draw(st.integers(1, len(paragraphs)))
    own = words(" ".join(paragraphs[p - 1]))
    start = data.draw(st.integers(0, len(own) - 1))
    end = data.draw(st.integers(start + 1, len(own)))
    quote = " ".join(own[start:end])
    if end - start > 2 and data.draw(st.booleans()):
        quote = f"{own[start]} … {own[end - 1]}"
    told: dict[str, Any] = {
        "blocks": [{"block": "body", "p": p, "quote": " ".join(own)}],
        "encounters": [
            {
                "id": "x",
                "label": "X",
                "kind": "meeting",
                "evidence": {"p": p, "quote": quote},
            }
        ],
    }
    text = "\n".join(" ".join(one) for one in paragraphs)
    done, findings = pin(article(**told), Copy(text))
    if findings:  # words that stand there twice name no one passage
        assert {f.code for f in findings} <= {"quote-not-pinned"}
        return
    (block,), (locator,) = done.blocks, done.encounters[0].evidence
    span = evidence.word_range(locator)
    assert span is not None
    assert (block.words, block.digest) == (len(own), digest(own))
    assert 0 <= span.start < span.end <= len(own)
    passage = own[span.start : span.end]
    assert locator.words == f"{span.start + 1}-{span.end}"
    assert locator.digest == digest(passage)
    if "…" not in quote:
        assert [w.casefold() for w in passage] == [w.casefold() for w in own[start:end]]
    other = data.draw(st.sampled_from([" ", "\n", " \n\n  ", "\u00a0"]))
    for copy in (text, unicodedata.normalize("NFD", text), text.replace(" ", other)):
        assert evidence.passage(done, locator, copy) == " ".join(passage)
        assert evidence.verify(done, copy) == []
    again, none = pin(done, Copy(text))
    assert (again, none) == (done, [])


def test_blocks_are_the_lines_with_words() -> None:
    assert lines("one  two\n\n \t\nthree\r\nfour") == ["one two", "three", "four"]


def test_an_empty_copy_has_nothing() -> None:
    copy = Copy("\n \n")
    assert copy.lines == []
    assert copy.find(1, digest(["a"])) is None
    assert copy.quoted("a …") == []


def test_a_copy_saved_with_a_byte_order_mark_is_the_same_copy(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT, "utf-8-sig")
    assert evidence.copies(path)["a.txt"].words == Copy(TEXT).words


# --- quotes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quote", "said"),
    [
        ("had met in Washington", "had met in Washington"),
        ("The two … Washington", "The two had met in Washington"),
        ("The two ... three months", "The two had met in Washington three months"),
        ("in Washington …", "in Washington three months before. He met Lee Do-hoon as well."),
        ("… months before.", "The two had met in Washington three months before."),
        ("The … met … Washington", "The two had met in Washington"),
        ("the TWO had met", "The two had met"),
        ('the "foreign ministry" on December 9', "the “foreign ministry” on December 9."),
        ("Lee Do-hoon as well", "Lee Do-hoon as well."),
        ("[…] in Seoul, December 2020, his", None),
        ("met in Seoul three", None),
        ("Washington … The two", None),
        ("…", None),
        ("", None),
    ],
)
def test_a_quote_names_its_words(quote: str, said: str | None) -> None:
    copy = Copy(TEXT)
    found = copy.quoted(quote)
    assert [copy.text(s) for s in found] == ([said] if said else [])


def test_a_quote_may_fit_several_places() -> None:
    copy = Copy(TEXT)
    assert len(copy.quoted("He met")) == 2
    assert len(copy.quoted("Deputy Secretary Stephen …")) == 2


def test_exact_words_go_before_similar_ones() -> None:
    copy = Copy("He met him.\nhe met him")
    assert copy.quoted("he met him") == [Span(3, 6)]
    assert copy.quoted("HE MET HIM") == [Span(0, 3), Span(3, 6)]


# --- pinning ------------------------------------------------------------------------------------


def test_pin_turns_every_quote_into_a_locator() -> None:
    done = pinned()
    assert all(b.quote is None for b in done.blocks)
    assert all(e.quote is None for _, _, e in evidence.locators(done))
    assert [b.words for b in done.blocks] == [3, 14, 32, 15]
    assert done.text_digest == digest(words(" ".join(lines(TEXT)[i] for i in (1, 2, 4, 5))))
    seen = {of: passage(done, e, TEXT) for _, of, e in evidence.locators(done)}
    assert seen == {
        "biegun-visit-2020-12 stephen-biegun": "his last journey",
        "biegun-visit-2020-12": "Deputy Secretary of State Stephen Biegun came to Seoul",
        "choi-biegun-2020-12 date “2020-12-09”": (
            "He met First Vice Minister Choi Jong-kun at the “foreign ministry” on December 9."
        ),
        "choi-biegun-2020-12": (
            "He met First Vice Minister Choi Jong-kun at the “foreign ministry” on December 9."
        ),
    }


def test_pin_finds_block_and_paragraph_itself_where_only_one_has_the_words() -> None:
    visit = pinned().visits[0]
    assert (visit.evidence[0].block, visit.evidence[0].p, visit.evidence[0].words) == (
        "body",
        1,
        "1-9",
    )
    caption = article(statements=[_statement({"quote": "(left)"})])
    done, findings = pin(caption, Copy(TEXT))
    assert findings == []
    assert done.statements[0].evidence[0].block == "caption"


def _statement(where: dict[str, Any]) -> dict[str, Any]:
    return {"id": "a-statement", "label": "S", "actor": "stephen-biegun", "evidence": where}


@pytest.mark.parametrize(
    ("where", "what", "mend"),
    [
        ({"quote": "He met"}, "stands in body 1, body 2", "say which"),
        ({"p": 2, "quote": "met"}, "stands 2 times in body 2", "quote more"),
        ({"quote": "Share"}, "is in no block", "add its block"),
        ({"quote": "He met Moon Jae-in"}, "is in no block", "copy the words"),
    ],
)
def test_what_cannot_be_pinned_is_told_and_stays(
    where: dict[str, Any], what: str, mend: str
) -> None:
    told = article(statements=[_statement(where)])
    done, findings = pin(told, Copy(TEXT), lambda _, *loc: Mark("/".join(map(str, loc))))
    assert [f.code for f in findings] == ["quote-not-pinned"]
    assert what in findings[0].what
    assert "a-statement" in findings[0].what
    assert mend in findings[0].mend
    assert str(findings[0].where).startswith("statements/0/evidence/0")
    assert done.statements[0].evidence[0].quote == where["quote"]
    assert done.encounters[0].evidence[0].quote is None


def test_blocks_that_cannot_be_pinned_are_told() -> None:
    wrong = [
        {"block": "headline", "quote": "Biegun in Busan"},
        {"block": "body", "quote": "He met …"},
        {"block": "body", "p": 2, "quote": "The two …"},
    ]
    done, findings = pin(article(blocks=wrong, visits=[], encounters=[]), Copy(TEXT))
    assert [f.what.partition(" of biegun")[0] for f in findings] == [
        "the quote of block headline 1",
        "the quote of block body 1",
    ]
    assert done.text_digest is None
    assert done.blocks[2].quote is None


def test_a_repeated_line_is_taken_after_the_block_before() -> None:
    twice = [
        {"block": "caption", "p": 1, "quote": "Deputy Secretary Stephen …"},
        {"block": "caption", "p": 2, "quote": "Deputy Secretary Stephen …"},
    ]
    done, findings = pin(article(blocks=twice, visits=[], encounters=[]), Copy(TEXT))
    assert findings == []
    assert done.blocks[0].digest == done.blocks[1].digest
    assert done.text_digest == digest(words(" ".join(lines(TEXT)[2:4])))


def test_pinning_again_changes_nothing() -> None:
    done = pinned()
    again, findings = pin(done, Copy(TEXT))
    assert findings == []
    assert again == done


# --- verifying ----------------------------------------------------------------------------------


def test_the_text_itself_has_everything() -> None:
    assert verify(pinned(), TEXT, where) == []


@pytest.mark.parametrize("join", [" ", "\n", "\n\n"])
def test_a_copy_with_other_paragraphs_has_everything(join: str) -> None:
    other = "A word before. " + join.join(words(unicodedata.normalize("NFD", TEXT)))
    assert verify(pinned(), other, where) == []


def test_the_same_words_have_one_digest() -> None:
    """A locator that somebody mended by hand shows without the text."""
    there = {"p": 2, "words": "3-4", "digest": digest(words("had met"))}
    other = there | {"digest": "0" * 16}

    def told(*passages: dict[str, Any]) -> list[str]:
        statements = article(
            statements=[_statement(p) | {"id": f"s-{i}"} for i, p in enumerate(passages)]
        ).statements
        done = pinned().model_copy(update={"statements": statements})
        return [f.what for f in evidence.places(done, where)]

    assert told(there, there) == []
    (one,) = told(there, other)
    assert "another digest" in one
    whole = {"p": 2, "words": "1-15", "digest": pinned().blocks[3].digest}
    assert told(whole) == []
    assert "another digest" in told(whole | {"digest": "0" * 16})[0]


def test_a_changed_word_names_what_cites_it() -> None:
    findings = verify(pinned(), TEXT.replace("December 9", "December 8"), where)
    assert [f.code for f in findings] == ["block-differs", "passage-differs", "passage-differs"]
    assert all(f.severity == "error" for f in findings)
    assert "body 1" in findings[0].what
    assert "choi-biegun-2020-12 date “2020-12-09”" in " ".join(f.what for f in findings)
    assert {str(f.where).partition(":")[0] for f in findings} == {
        "blocks/2",
        "encounters/0/date/0/evidence/0",
        "encounters/0/evidence/0",
    }


def test_a_passage_that_a_changed_block_still_has_is_found() -> None:
    findings = verify(pinned(), TEXT.replace("his last", "the last"), where)
    assert [f.code for f in findings] == ["block-differs", "passage-differs"]
    assert "biegun-visit-2020-12 stephen-biegun" in findings[1].what


def test_a_passage_at_another_place_than_it_says_is_an_error() -> None:
    there = digest(words("The two"))
    moved = {"p": 2, "words": "3-4", "digest": there}
    done = pinned().model_copy(
        update={"statements": article(statements=[_statement(moved)]).statements}
    )
    findings = verify(done, TEXT, where)
    assert [f.code for f in findings] == ["passage-differs"]
    assert "elsewhere" in findings[0].what


@pytest.mark.parametrize(
    ("locator", "what"),
    [
        ({"p": 7, "words": "1-2"}, "which the article does not have"),
        ({"block": "byline", "words": "1-2"}, "which the article does not have"),
        ({"p": 2, "words": "10-16"}, "block body 2 has 15"),
        ({"p": 2, "words": "5-4"}, "end before they begin"),
        ({"p": 2, "words": "16"}, "block body 2 has 15"),
    ],
)
def test_a_locator_outside_its_article_is_an_error_without_any_text(
    locator: dict[str, Any], what: str
) -> None:
    told = article(statements=[_statement({**locator, "digest": "0" * 16})])
    done = told.model_copy(update={"blocks": pinned().blocks})
    findings = evidence.places(done, where)
    assert [f.code for f in findings] == ["evidence-place"]
    assert what in findings[0].what
    assert str(findings[0].where).startswith("statements/0/evidence/0")
    assert "evidence-place" in [f.code for f in verify(done, TEXT, where)]


def test_two_blocks_of_one_number_are_an_error() -> None:
    twice = pinned()
    twice = twice.model_copy(update={"blocks": (*twice.blocks, twice.blocks[-1])})
    assert [f.code for f in evidence.places(twice)] == ["block-twice"]


def test_one_word_may_be_named_by_one_number() -> None:
    one = Evidence.model_validate({"p": 2, "words": "6", "digest": digest(["Washington"])})
    done = pinned()
    assert passage(done, one, TEXT) == "Washington"
    assert find(done, one, Copy("Washington")) == Span(0, 1)
    assert passage(done, one, "Seoul") is None


def test_a_long_text_is_searched() -> None:
    long = " ".join(f"word{i % 9973}" for i in range(100_000))
    copy = Copy(long)
    wanted = copy.words[90_000:90_040]
    assert copy.find(40, digest(wanted))
    assert copy.find(40, "0" * 16) is None


# --- the articles themselves --------------------------------------------------------------------


def test_every_locator_of_the_shipped_facts_is_found_in_the_articles(texts: Path) -> None:
    loaded = seeds.load(paths.seeds())
    assert loaded.facts.articles
    assert [str(f) for f in verify_all(loaded.facts, texts, loaded.where)] == []


def test_an_article_without_its_text_is_an_error() -> None:
    facts = Facts.model_construct(articles=(pinned(),))
    assert verify_all(facts, {"a": TEXT, "b": "Share"}, where) == []
    findings = verify_all(facts, {"b": "Share"}, where)
    assert [f.code for f in findings] == ["no-text"]
    assert "https://example.org/biegun" in findings[0].mend


def test_a_file_too_big_for_a_text_is_named_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.txt").open("wb") as stream:
        stream.truncate(200_000_000_000)
    with pytest.raises(AllianceError, match=r"huge\.txt: has more than 2,000,000 bytes"):
        evidence.copies(tmp_path)


def test_what_is_remembered_of_a_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_RUNS", 20)
    copy = evidence.Copy("one two three four five six seven eight nine ten")
    spans = [evidence.Span(1, 1 + n) for n in range(1, 9)]
    assert [copy.find(s.count, copy.digest(s)) for s in spans * 2] == spans * 2
    assert sum(map(len, copy._runs.values())) <= 30
