"""Words that mix scripts whose letters look alike: ``Кim`` with a Cyrillic К.

After Unicode Technical Standard 39 (https://www.unicode.org/reports/tr39/#Mixed_Script_Detection),
but the scripts of East Asia may stand beside any other, since particles follow foreign words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

FOREIGN = re.compile(
    "[^\\W\\d_A-Za-z\u00aa\u00b5\u00ba\u00c0-\u024f\u02b0-\u02ff\u1e00-\u1eff"
    "\u3005-\u30ff\u4e00-\u9fff\uac00-\ud7a3]"
)
"""A letter of another script than Latin and those of East Asia."""
_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"[^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*")
_BESIDE_ANY = frozenset(
    "HANGUL CJK HIRAGANA KATAKANA IDEOGRAPHIC BOPOMOFO HALFWIDTH MODIFIER "
    "MICRO FEMININE MASCULINE".split()  # µ ª º
)


def mixed(text: str, name: bool = False) -> tuple[str, str] | None:
    """The first word that mixes scripts, and a letter in it of the script that is less used there.

    With ``name``, words that only blanks, points, hyphens and apostrophes part count as one.

    >>> mixed("Talks with Кim in Seoul")
    ('Кim', 'К')
    >>> mixed("Путин은 G20에")
    """
    if not FOREIGN.search(text):
        return None
    for found in (_NAME if name else _WORD).finditer(text):
        by_script = {c: script for c in found[0] if (script := _script(c))}
        counted = Counter(by_script[c] for c in found[0] if c in by_script)
        if len(counted) > 1:
            rare = min(counted, key=counted.__getitem__)
            return found[0], next(c for c, script in by_script.items() if script == rare)
    return None


def _script(char: str) -> str:
    """The script of a letter, as its name begins; "" where it may stand beside any other."""
    first = re.split("[ -]", unicodedata.name(char, ""))[0] if char.isalpha() else ""
    return "" if first in _BESIDE_ANY else first
