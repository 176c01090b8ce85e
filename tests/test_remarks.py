"""The grammar of remarks: what it reads surely, and what it leaves alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph.records import remarks
from alliance_graph.records.remarks import Attended, Met, Named


def test_a_discussion_is_a_contact_of_no_named_form() -> None:
    """Talks and meetings are called so by the words; who "discussed" did not say how."""
    kinds = {
        r: remarks.read(r)[0][0].kind
        for r in (
            "Held talks with Prime Minister Mori.",
            "Met with Prime Minister Mori.",
            "Discussed trade with Prime Minister Mori.",
        )
    }
    assert list(kinds.values()) == ["talks", "meeting", "contact"]


def said(remark: str) -> list[str]:
    """What is read of a remark, in short."""
    found, _ = remarks.read(remark)
    return [str(f.person) if isinstance(f, Met) else f"{f.kind}: {f.event}" for f in found]


@pytest.mark.parametrize(
    ("remark", "wanted"),
    [
        ("Met with Foreign Minister Vedrine.", ["Foreign Minister Vedrine"]),
        (
            "Met with Acting President Choi Sang-mok and Foreign Minister Cho Tae-yul.",
            ["Acting President Choi Sang-mok", "Foreign Minister Cho Tae-yul"],
        ),
        (
            "Met with President Sergio Mattarella, Prime Minister Giuseppe Conte, and Foreign "
            "Minister Luigi Di Maio.",
            [
                "President Sergio Mattarella",
                "Prime Minister Giuseppe Conte",
                "Foreign Minister Luigi Di Maio",
            ],
        ),
        (
            "Attended a U.S.-ROK Foreign and Defense Ministerial and met with Foreign Minister "
            "Chung Eui-yong.",
            [
                "meeting: U.S.-ROK Foreign and Defense Ministerial",
                "Foreign Minister Chung Eui-yong",
            ],
        ),
        (
            "Met with President Yoon Suk Yeol. Headed the U.S. delegation to the third Summit for "
            "Democracy.",
            ["President Yoon Suk Yeol", "summit: Summit for Democracy"],
        ),
        (
            "Discussed the Middle East peace process with President Sadat and Foreign Minister "
            "Fahmy.",
            ["President Sadat", "Foreign Minister Fahmy"],
        ),
        ("Met with King Abdullah II and senior Jordanian officials.", ["King Abdullah II"]),
        ("Met with King Mohammed V.", ["King Mohammed V"]),
        ("Attended APEC Summit Meeting.", ["summit: APEC Summit Meeting"]),
        ("Held bilateral talks with Prime Minister Mori.", ["Prime Minister Mori"]),
        ("Met with President Michael D. Higgins.", ["President Michael D. Higgins"]),
    ],
)
def test_it_reads_what_is_sure(remark: str, wanted: list[str]) -> None:
    assert said(remark) == wanted


@pytest.mark.parametrize(
    "remark",
    [
        "Met with Japanese Prime Minister Kishida Fumio.",  # of another country than the place
        "Met with the Foreign Ministers of China and Russia.",
        "Met with former Prime Minister Abbas.",
        "Met with President Koivisto en route to Moscow.",
        "Met with President Xi Jinping of China.",
        "Met with senior Rwandan government officials and civil society members.",
        "Met with Foreign Minister Fahmy and Soviet Foreign Minister Gromyko.",
        "Met with Presidents Sadat and Assad.",
        "Met with Secretary of State Cardinal Pietro Parolin.",
        "Met with Deputy Prime Minister and Minister of Foreign Affairs Ayman Safadi.",
        "Joined President Trump’s meeting with President Moon Jae-in.",
        "Accompanied President Bush to the NATO and EU Summit Meetings.",
        "Attended the funeral of Prime Minister Nehru.",
        "Attended the NATO Foreign Ministers meeting, the first ministerial meeting, and a dinner.",
        "Attended the ASEAN Regional Forum and Post Ministerial Conference.",
        "Attended Second Cairo Conference with Prime Minister Churchill.",
        "Discussed the Bosnian crisis with senior German officials.",
        "Vacation.",
        "",
    ],
)
def test_it_leaves_alone_what_is_not(remark: str) -> None:
    found, left = remarks.read(remark)
    assert found == []
    assert bool(left) == bool(remark)


def test_a_clause_that_is_not_read_takes_nothing_from_the_others() -> None:
    found, left = remarks.read("Met with President Rios; visited a hospital. Vacation.")
    assert [f.person for f in found if isinstance(f, Met)] == [Named("President", "Rios")]
    assert left == ["visited a hospital", "Vacation"]


def test_an_ordinal_is_read_as_a_number() -> None:
    for ordinal, number in (("third", 3), ("31st", 31), ("", None)):
        [event] = remarks.read(f"Attended the {ordinal} Summit for Democracy".replace("  ", " "))[0]
        assert isinstance(event, Attended)
        assert (event.event, event.number) == ("Summit for Democracy", number)


def test_acting_is_part_of_the_title() -> None:
    [met] = remarks.read("Met with Acting President Hwang Kyo-ahn.")[0]
    assert isinstance(met, Met)
    assert met.person.acting
    assert met.person.name == "Hwang Kyo-ahn"


def test_a_visitor_has_title_and_name_or_stays_as_printed() -> None:
    assert remarks.visitor("Prime Minister  Gordon Brown") == Named(
        "Prime Minister", "Gordon Brown"
    )
    assert remarks.visitor("Grand Duchess Charlotte") is None


NAMES = st.lists(st.from_regex(r"[A-Z][a-z]{3,9}", fullmatch=True), min_size=1, max_size=3).map(
    " ".join
)
PEOPLE = st.lists(
    st.builds(Named, st.sampled_from(remarks.TITLES), NAMES), min_size=1, max_size=5, unique=True
)


@given(PEOPLE)
def test_every_list_of_titles_and_names_is_read_back(listed: list[Named]) -> None:
    if any(remarks._NO_NAME & set(p.name.split()) for p in listed):
        return
    words = [str(p) for p in listed]
    joined = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    found, left = remarks.read(f"Met with {joined}.")
    assert [f.person for f in found if isinstance(f, Met)] == listed
    assert left == []


@given(PEOPLE, st.sampled_from(["former", "Soviet", "the", "members of", "Ambassador"]))
def test_one_member_out_of_form_leaves_the_whole_list_text(listed: list[Named], odd: str) -> None:
    words = [str(p) for p in listed]
    assert said(f"Met with {' and '.join([*words, f'{odd} {words[0]}'])}.") == []


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error_and_nothing_is_made_up(text: str) -> None:
    found, left = remarks.read(text)
    for item in found:
        name = item.person.name if isinstance(item, Met) else item.event
        assert name in text
    assert len(left) <= len(remarks.clauses(text))


def test_no_remark_stalls_it() -> None:
    for text in ("Met with President " + "Aa " * 3000, "Attended the " + "a-" * 5000 + " Meeting"):
        assert isinstance(remarks.read(text), tuple)
    assert re.fullmatch(remarks._EVENT, "x " * 40 + "Meeting") is None
