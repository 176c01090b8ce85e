"""Spellings of names: a key that forgives the usual romanisations, and a search that proposes.

One Korean name is written many ways (Choi Jong-kun, Choi Jong-geon, Ch'oe Chong-gŏn).
:func:`fold` gives them one key. A key joins too much rather than too little: it *proposes*, it
never merges.
Plain strings only; nothing heavy is imported until a search needs it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

# --- Hangul ---------------------------------------------------------------------------------------

# Syllable arithmetic: The Unicode Standard, section 3.12, "Conjoining Jamo Behavior".
_FIRST, _LAST, _VOWELS, _CODAS = 0xAC00, 0xD7A3, 21, 28
# Revised Romanization of Korean (Ministry of Culture and Tourism, Notice 2000-8), section 2.
_ONSET, _VOWEL, _CODA = (
    line.split(",")
    for line in (
        "g,kk,n,d,tt,r,m,b,pp,s,ss,,j,jj,ch,k,t,p,h",
        "a,ae,ya,yae,eo,e,yeo,ye,o,wa,wae,oe,yo,u,wo,we,wi,yu,eu,ui,i",
        ",k,k,k,n,n,n,t,l,k,m,l,l,l,p,l,m,p,p,t,t,ng,t,t,k,t,p,t",
    )
)
_LONG_SURNAMES = ("남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방")
_NAME = re.compile(r"[가-힣]{2,5}")


def romanise(hangul: str) -> str:
    """A Hangul text in the Revised Romanization, syllable by syllable.

    A word of two to five syllables is taken for a person's name: family name, blank, given name
    with hyphens, without assimilating sounds between syllables (section 3, rule 4 of the notice).
    What is no Hangul syllable stays as it is.
    """
    text = unicodedata.normalize("NFC", hangul).strip()
    if not _NAME.fullmatch(text):
        return "".join(map(_syllable, text))
    cut = 2 if text[:2] in _LONG_SURNAMES and len(text) > 2 else 1
    family = "".join(map(_syllable, text[:cut]))
    given = "-".join(map(_syllable, text[cut:]))
    return f"{family.capitalize()} {given.capitalize()}"


def _syllable(char: str) -> str:
    at = ord(char) - _FIRST
    if not 0 <= at <= _LAST - _FIRST:
        return char
    onset, rest = divmod(at, _VOWELS * _CODAS)
    vowel, coda = divmod(rest, _CODAS)
    return _ONSET[onset] + _VOWEL[vowel] + _CODA[coda]


# --- the spelling key -----------------------------------------------------------------------------

# Family names whose usual spellings follow no system.
_HABITS = {
    written: usual
    for usual, habits in {
        "i": "lee rhee rhie yi yee ee li ri ree",
        "bak": "park bark bahk pahk",
        "no": "roh rho ro",
        "na": "ra rah la",
        "im": "lim rim yim",
        "seo": "sur suhr",
        "heo": "hur her",
    }.items()
    for written in habits.split()
}
# In order. Capitals stand for sounds that several letters write: N is the ng of a syllable's end.
_CONSONANTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"back$", "baek"),
        (r"wh", "hw"),
        (r"y(?=i)|(?<=s)y(?=e)", ""),
        (r"ng(?![aeiouwy])", "N"),
        (r"tch|ch|jj|jh|j", "J"),
        (r"(?<=J)y", ""),
        (r"sh|ss", "s"),
        (r"pp|ph|p|b", "B"),
        (r"tt|th|t|d", "D"),
        (r"kk|kh|ck|q|k|c|gg|gh|g", "G"),
        (r"r", "l"),
        (r"(?<=[aei])h(?![aeiouwy])", ""),
        (r"([^aeiou])\1(?=$)|([als])\2", r"\1\2"),
    )
)
_VOWEL_GROUP = re.compile(
    r"(?P<glide>[wy]?)(?P<vowel>eui|ui|eou|eo|eu|oo|ou|(?<=[Jh])o[eiy]|ae|ai|ay(?![aeiou])|ea|ee|ie|[aeiou])"
    r"(?P<h>h(?![aeiouwy]))?(?P<open>(?=$|[BDGJfhlmnsvz]?[wy]?[aeiou]))?"
)
_PLAIN = {"a": "a", "ae": "e", "ai": "e", "ay": "e", "ea": "e", "e": "e"} | dict.fromkeys(
    ("eui", "ui", "ee", "ie", "i"), "i"
)
# Family names by which the order of three words is told; any usual spelling will do.
_SURNAMES = """
    kim lee park choi jeong kang cho yoon jang im han oh seo shin kwon hwang ahn song ryu hong jeon
    ko moon yang son bae baek heo yoo nam shim noh ha kwak cha joo woo min na jin ji um chae won
    cheon bang gong ham byun yeom choo suk sun seol ma pyo ki ban wang ok thae hyon wi gil do eun eo
"""


def _vowel(found: re.Match[str]) -> str:
    glide, vowel = found["glide"], found["vowel"]
    if vowel in ("oe", "oi", "oy") or (glide == "w" and _PLAIN.get(vowel) == "e"):
        return "w"
    if vowel in _PLAIN:
        return glide + _PLAIN[vowel]
    # "u" writes two vowels within a closed syllable (Kun, Suk), but only one at the end of one.
    back = vowel in ("u", "oo", "ou", "eu") and found["h"] is None
    if glide == "w" and back:
        glide = ""
    return glide + ("u" if back and found["open"] is not None else "o")


@lru_cache(maxsize=4096)
def _part(text: str, first: bool = True) -> str:
    """One syllable (or several, where they are written together), folded."""
    if first:
        # An l or r that the South drops or writes as n stands only at the beginning.
        text = re.sub(r"^[lr](?=y)", "", _HABITS.get(text, text))
    for pattern, to in _CONSONANTS:
        text = pattern.sub(to, text)
    return _VOWEL_GROUP.sub(_vowel, text).replace("N", "ng").lower()


@lru_cache(maxsize=1)
def _surname_keys() -> frozenset[str]:
    return frozenset(map(_part, _SURNAMES.split()))


def _plain(name: str) -> str:
    """Lower-case ASCII letters, blanks, hyphens, commas, points; ŏ and ŭ as eo and eu."""
    text = unicodedata.normalize("NFD", romanise(name).casefold())
    text = re.sub("([ou])[\u0306\u0302\u030c]", r"e\1", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"[^a-z\s,.-]", "", text)


@lru_cache(maxsize=4096)
def units(name: str) -> tuple[str, ...]:
    """The folded units of a name, family name first where it can be told.

    A given name of two syllables is one unit, however it is written; initials are left out.
    """
    text = _plain(name)
    family, comma, given = text.partition(",")
    words = [w for w in f"{family} {given}".split() if not re.fullmatch(r"[a-z]\.", w)]
    groups = [[p for p in w.replace(".", "").split("-") if p] for w in words]
    groups = [g for g in groups if g]
    if len(groups) > 2 and all(len(g) == 1 for g in groups):
        flat = [g[0] for g in groups]
        known = [_part(w) in _surname_keys() for w in flat]
        if comma or known[0] or (not known[-1] and all(map(_one_syllable, flat))):
            groups = [flat[:1], flat[1:]]
        elif known[-1]:
            groups = [flat[-1:], flat[:-1]]
    elif len(groups) == 2 and not comma:
        (one, *more), (_, *others) = groups
        if more or not (others or _part(one) in _surname_keys()):
            groups.reverse()
    return tuple("".join(_part(p, i == 0) for i, p in enumerate(g)) for g in groups)


def _one_syllable(word: str) -> bool:
    return len(re.findall(r"[aeiou]+", word)) == 1


def fold(name: str) -> str:
    """The spelling key of a name: equal for the usual ways of writing one Korean name.

    Tolerates ch/j, g/k, d/t, b/p, sh/s, l/r, eo/u/o, yeo/yu, ae/ai/e, ui/i, the habits of family
    names (Lee, Rhee, Yi; Park, Pak; Lim, Im), hyphens, case, diacritics, initials and the order of
    family and given name. Hangul is romanised first. Different people can share a key.
    """
    return " ".join(sorted(units(name)))


# --- search ---------------------------------------------------------------------------------------


class Match(NamedTuple):
    """One thing that a query may mean."""

    id: str
    name: str
    """The name by which it was found."""
    score: float
    """From 100 (its very name) downwards; only good for ordering."""
    how: Literal["exact", "word", "key", "near"]
    """The name itself; whole words of it; one spelling key; or just alike."""


def search(
    query: str, entries: Iterable[tuple[str, str]], *, limit: int = 10, least: float = 72.0
) -> list[Match]:
    """What ``query`` may mean among ``entries`` of (id, name), the likeliest first, each id once.

    Every name of a thing is an entry: label, alias, Hangul, spelling of an article. It proposes:
    a caller takes the first only if its score stands alone.
    """
    wanted = _loose(query)
    if not wanted:
        return []
    words, parts, key = set(wanted.split()), set(units(query)), fold(query)
    alike: Callable[[str, str], float] | None = None
    best: dict[str, Match] = {}
    for id_, name in entries:
        loose = _loose(name)
        if loose == wanted or id_ == query:
            found = Match(id_, name, 100.0, "exact")
        elif words <= set(loose.split()):
            found = Match(id_, name, 90.0 + 5.0 * len(wanted) / len(loose), "word")
        elif key and key == fold(name):
            found = Match(id_, name, 89.0, "key")
        elif parts and parts <= set(units(name)):
            found = Match(id_, name, 80.0 + 5.0 * len(wanted) / max(len(loose), len(wanted)), "key")
        else:
            if alike is None:
                from rapidfuzz import fuzz

                alike = fuzz.ratio
            score = 0.6 * alike(key, fold(name)) + 0.4 * alike(wanted, loose)
            if len(words) == 1 and len(wanted) > 4:
                # a surname alone, misspelt; the more of the name it makes out the likelier
                part = 0.96 + 0.04 * len(wanted) / max(len(loose), len(wanted))
                score = max(score, part * max((alike(wanted, w) for w in loose.split()), default=0))
            found = Match(id_, name, round(0.89 * score, 2), "near")
        if found.score >= least and (id_ not in best or best[id_].score < found.score):
            best[id_] = found
    return sorted(best.values(), key=lambda m: (-m.score, m.id))[:limit]


def _loose(name: str) -> str:
    """Case, marks and punctuation apart: what one may leave out without misspelling."""
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w]+", " ", unicodedata.normalize("NFC", text)).split())
