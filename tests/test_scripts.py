"""Letters that look alike: which words are told, and which are nobody's mistake."""

from __future__ import annotations

import doctest
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import scripts
from alliance_graph.scripts import mixed


def test_the_examples_hold() -> None:
    assert doctest.testmod(scripts) == (0, 2)


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("Кim", False, ("Кim", "К")),
        ("He met Kіm.", False, ("Kіm", "і")),
        ("ΚIM and Lее", False, ("ΚIM", "Κ")),
        ("Kim Ко", False, None),
        ("Kim Ко", True, ("Kim Ко", "К")),
        ("Стив-Jo", False, None),
        ("Стив-Jo", True, ("Стив-Jo", "J")),
        ("Kyiv (Київ)", True, None),
        ("Mr. Ко’s", True, ("Mr. Ко’s", "К")),
        ("Ｋim", False, ("Ｋim", "Ｋ")),
        ("Ｋ한文カ", False, None),
        ("Вeijing京", False, ("Вeijing京", "В")),
        ("ⅠV", False, None),
        ("3Д-2D", True, None),
        ("ʼKim", False, None),
        ("Ա", True, None),
        ("", True, None),
    ],
)
def test_what_is_told(text: str, name: bool, found: tuple[str, str] | None) -> None:
    assert mixed(text, name) == found


_LATIN = st.text(st.characters(codec="latin-1", categories=["Lu", "Ll"]), min_size=1, max_size=8)
_CYRILLIC = st.text(st.characters(min_codepoint=0x410, max_codepoint=0x44F), min_size=1, max_size=8)
_EASTERN = st.text("한글漢字かなカナー々", max_size=4)


@given(_LATIN, _CYRILLIC, _EASTERN)
def test_each_script_alone_is_fine_and_two_are_told(
    latin: str, cyrillic: str, eastern: str
) -> None:
    for text in (latin + eastern, eastern + cyrillic, f"{cyrillic} {latin}"):
        assert mixed(unicodedata.normalize("NFC", text)) is None
    found = mixed(f"{eastern} ({latin}{cyrillic})")
    assert found is not None
    word, odd = found
    assert word == latin + cyrillic
    assert odd in word
    assert mixed(f"{cyrillic} {latin}", name=True) is not None
