"""How far two codings of one article agree: on two real codings of one real article."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copy, copytree
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance_graph import agreement, evidence, paths, seeds, yaml12
from alliance_graph.errors import AllianceError
from alliance_graph.model import SECTIONS, Article, Record

DATA = Path(__file__).parent / "data"
NAME = "koreatimes-2024-12-21.yaml"
NOW = paths.seeds() / "articles" / NAME


def read(path: Path) -> Article:
    data, _, wrong = yaml12.read(path.read_bytes(), str(path))
    assert not wrong
    return Article.model_validate(data)


FIRST = read(DATA / "first-coding" / NAME)
SECOND = read(DATA / "second-coding" / NAME)


def changed(article: Article, change: Callable[[dict[str, Any]], object]) -> Article:
    """The article after a change to its plain form."""
    plain = seeds.plain(article)
    change(plain)
    return Article.model_validate(plain)


def one(plain: dict[str, Any], section: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in plain[section] if r["id"] == name)
    return found


def renamed(article: Article) -> Article:
    """The same coding by somebody who chose other ids."""
    own = {t.id for t in article.unnamed}
    own |= {r.id for _, _, r in article.records() if isinstance(r, Record)}

    def rename(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: rename(v) for k, v in value.items()}
        if isinstance(value, list):
            return [rename(v) for v in value]
        return f"zz-{value[::-1]}" if value in own else value

    return Article.model_validate(rename(seeds.plain(article)))


def field(found: agreement.Agreement, record: str, name: str) -> agreement.FieldAgreement:
    pair = next(p for p in found.pairs if p.a == record)
    return next(f for f in pair.fields if f.field == name)


# --- pairing


def test_a_coding_agrees_with_itself_whatever_ids_it_chose() -> None:
    found = agreement.compare(SECOND, renamed(SECOND))
    assert found.total.agreement == 1
    assert not found.alone
    assert {f.verdict for p in found.pairs for f in p.fields} == {"same"}
    assert {p.b for p in found.pairs if p.a == "cho-blinken-call-2024-12-06"} == {
        "zz-60-21-4202-llac-neknilb-ohc"
    }


def test_the_order_of_the_records_does_not_matter() -> None:
    def reverse(plain: dict[str, Any]) -> None:
        for section in ("unnamed", *SECTIONS):
            plain.get(section, []).reverse()

    as_told = agreement.compare(FIRST, SECOND)
    assert agreement.compare(changed(FIRST, reverse), changed(SECOND, reverse)).kinds == (
        as_told.kinds
    )


def test_it_does_not_matter_which_coding_comes_first() -> None:
    there, back = agreement.compare(FIRST, SECOND), agreement.compare(SECOND, FIRST)
    for a, b in zip(there.kinds, back.kinds, strict=True):
        assert (a.a, a.b, a.both, a.fields) == (b.b, b.a, b.both, b.fields)
    assert {(p.a, p.b) for p in there.pairs} == {(p.b, p.a) for p in back.pairs}


@settings(max_examples=25)
@given(st.data())
def test_what_one_coding_lacks_is_counted_and_named(data: st.DataObject) -> None:
    lost: set[tuple[str, str]] = set()

    def drop(plain: dict[str, Any]) -> None:
        for section in SECTIONS:
            here = data.draw(st.sets(st.sampled_from(range(len(plain.get(section, [0]))))))
            keep = [r for i, r in enumerate(plain.get(section, [])) if i not in here]
            lost.update(
                (section, str(getattr(r, "id", "")))
                for i, r in enumerate(getattr(SECOND, section))
                if i in here and isinstance(r, Record)
            )
            plain[section] = keep

    part = renamed(changed(SECOND, drop))
    found = agreement.compare(SECOND, part)
    for kind in found.kinds[1:]:
        left = len(getattr(part, kind.kind))
        assert kind.both == left
        if kind.a:
            assert kind.agreement == 2 * left / (kind.a + left)
    # an unnamed party that nothing names any longer has no passage to be known by
    assert {record.kind for record in found.alone if record.coding == "b"} <= {"unnamed"}
    assert lost == {
        (r.kind, r.id)
        for r in found.alone
        if r.coding == "a"
        and r.kind not in ("unnamed", "names", "tenures", "memberships", "channels", "counterparts")
    }


def test_two_calls_of_the_same_people_are_two_things() -> None:
    def only(day: str) -> Callable[[dict[str, Any]], None]:
        def cut(plain: dict[str, Any]) -> None:
            plain["encounters"] = [
                e for e in plain["encounters"] if e["id"] == f"cho-blinken-call-2024-12-{day}"
            ]

        return cut

    found = agreement.compare(changed(SECOND, only("06")), changed(SECOND, only("21")))
    calls = next(k for k in found.kinds if k.kind == "encounters")
    assert (calls.a, calls.b, calls.both) == (1, 1, 0)


def test_a_record_alone_says_where_the_other_coding_tells_of_it() -> None:
    found = {(r.coding, r.id): r.near for r in agreement.compare(FIRST, SECOND).alone}
    # a stance there, a statement here
    assert found["b", "blinken-ironclad-2024-12-21"] == (
        "encounters/cho-blinken-call-2024-12-21",
        "documents/state-department-readout-cho-blinken-call-2024-12",
        "stances/blinken-ironclad-commitment-2024-12-21",
    )
    # cut differently: one stance there, two here
    assert found["a", "blinken-agrees-with-cho-2024-12-21"] == (
        "stances/blinken-confident-in-korea-2024-12-21",
    )


# --- fields

CALL = "cho-blinken-call-2024-12-21"


@pytest.mark.parametrize(
    ("day", "verdict"),
    [
        ("2024-12-21", "same"),
        ("2024-12", "compatible"),
        ("2024-12-20/2024-12-22", "compatible"),
        ("2024-12-22", "different"),
        (None, "one side only"),
    ],
)
def test_dates_agree_by_their_days(day: str | None, verdict: str) -> None:
    def move(plain: dict[str, Any]) -> None:
        call = one(plain, "encounters", CALL)
        call["date"] = {"is": day} if day else []

    other = changed(SECOND, move)
    assert field(agreement.compare(SECOND, other), CALL, "date").verdict == verdict


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("mode", "video", "different"),
        ("holder", "narrative", "different"),
        ("modality", "planned", "different"),
        ("discussed", ["rok-us-alliance"], "compatible"),
        ("discussed", [], "one side only"),
        ("channel", "rok-us-foreign-ministers-meeting", "different"),
    ],
)
def test_other_fields_agree_by_their_values(name: str, value: Any, verdict: str) -> None:
    other = changed(SECOND, lambda plain: one(plain, "encounters", CALL).update({name: value}))
    assert field(agreement.compare(SECOND, other), CALL, name).verdict == verdict


def test_acting_for_regular_is_a_difference() -> None:
    def regular(plain: dict[str, Any]) -> None:
        call = one(plain, "encounters", "han-biden-call-2024-12")
        del call["participants"][0]["capacity"]

    found = agreement.compare(SECOND, changed(SECOND, regular))
    offices = field(found, "han-biden-call-2024-12", "offices")
    assert offices.verdict == "compatible"  # Biden's is the same
    assert set(offices.a) - set(offices.b) == {"han-duck-soo kr-president acting"}


def test_a_phrase_within_a_longer_one_is_compatible() -> None:
    stance = "us-commitment-ironclad-2024-12-21"

    def longer(plain: dict[str, Any]) -> None:
        one(plain, "stances", stance)["wording"] = "remains 'Ironclad'"

    found = agreement.compare(SECOND, changed(SECOND, longer))
    assert field(found, stance, "wording").verdict == "compatible"


def test_own_words_and_what_every_record_has_are_not_compared() -> None:
    fields = {f.field for p in agreement.compare(FIRST, SECOND).pairs for f in p.fields}
    assert not fields & {"id", "label", "ko", "note", "content", "rank"}
    usual = [
        f
        for p in agreement.compare(FIRST, SECOND).pairs
        for f in p.fields
        if (f.field, f.a, f.b) == ("polarity", ("asserted",), ("asserted",))
    ]
    assert not usual


# --- what cannot be compared


def test_two_articles_are_refused() -> None:
    other = SECOND.model_copy(update={"id": "koreatimes-2024-12-22"})
    with pytest.raises(AllianceError, match="two articles"):
        agreement.compare(SECOND, other)


def test_two_ways_to_divide_the_text_are_refused() -> None:
    def divide(plain: dict[str, Any]) -> None:
        plain["blocks"][3]["digest"] = "0123456789abcdef"

    with pytest.raises(AllianceError, match=r"body 1 .* divide the text"):
        agreement.compare(SECOND, changed(SECOND, divide))


# --- how it is told


def test_the_counts_are_plain_values() -> None:
    found = agreement.compare(FIRST, SECOND)
    told = json.loads(json.dumps(found.as_dict(), ensure_ascii=False))
    statements = next(k for k in told["kinds"] if k["kind"] == "statements")
    assert (statements["a"], statements["b"], statements["both"]) == (4, 8, 4)
    assert statements["agreement"] == pytest.approx(2 * 4 / 12)
    assert sum(statements["fields"].values()) == sum(
        len(p["fields"]) for p in told["pairs"] if p["kind"] == "statements"
    )
    assert len(told["alone"]) == sum(1 for line in found.differences() if ": only in " in line)


# --- the published comparison


def test_the_second_coding_is_sound(tmp_path: Path) -> None:
    for folder in seeds.FOLDERS:
        if folder != "articles":
            copytree(paths.seeds() / folder, tmp_path / folder)
    (tmp_path / "articles").mkdir()
    copy(DATA / "second-coding" / NAME, tmp_path / "articles")
    assert not [str(f) for f in seeds.load(tmp_path).findings if f.fails]


@pytest.mark.parametrize("coding", [FIRST, SECOND], ids=["first", "second"])
def test_both_codings_cite_the_article(texts: Path, coding: Article) -> None:
    copies = [evidence.Copy(p.read_text()) for p in sorted(texts.glob("*.txt"))]
    assert min((evidence.verify(coding, c) for c in copies), key=len) == []


def test_the_published_tables_are_true() -> None:
    page = (paths.seeds() / "AGREEMENT.md").read_text()
    before = agreement.compare(FIRST, SECOND).table()
    assert before in page, f"the table before the decisions is:\n{before}"
    after = agreement.compare(read(NOW), SECOND).table(fields=False)
    assert after in page, f"the facts have changed; in AGREEMENT.md the table is now:\n{after}"


def test_the_recorded_counts_are_those_before_the_decisions() -> None:
    recorded = seeds.load(paths.seeds()).facts.codings
    assert [(c.section, c.both, c.first, c.second) for c in recorded if c.article == FIRST.id] == [
        (k.kind, k.both, k.a - k.both, k.b - k.both)
        for k in agreement.compare(FIRST, SECOND).kinds
        if k.a + k.b
    ]


def test_each_difference_that_is_left_has_been_decided() -> None:
    page = (paths.seeds() / "AGREEMENT.md").read_text()
    found = agreement.compare(read(NOW), SECOND)
    undecided = [r.id for r in found.alone if r.coding == "b" and r.id not in page]
    undecided += [
        f"{p.a}: {f.field}"
        for p in found.pairs
        for f in p.fields
        if f.verdict == "different" and not (p.a in page and f.field in page)
    ]
    assert not undecided
