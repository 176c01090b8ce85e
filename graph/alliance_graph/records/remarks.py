"""What a remark on a journey surely says: whom the traveller met, and what they attended.

Remarks are prose of the records' keepers ("Met with Foreign Minister …", "Attended the …"). A
remark is cut into clauses, and a clause is read only where the whole of it fits one of these forms;
everything else stays text:

    remark  = clause { ("." | ";" | "and" before a verb) clause }
    clause  = met people [ "to discuss" … ] | "Discussed" … "with" people | attended event
    met     = ["Also"] "Met" ["separately" | "jointly" | "privately"] "with" | "Held talks with"
    people  = person { ("," | "and" | ", and") person } [ "and" officials without names ]
    person  = ["Acting"] title name
    attended = "Attended" | "Participated in" | ("Headed" | "Led") "the U.S. delegation to"
    event   = ["a" | "an" | "the"] [ordinal] words that end in a kind of event

A nationality before a title, a plural title, "former", an apposition, a place or a date after a
name: none of them fits, since what they change would be lost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["meeting", "talks", "summit", "contact"]
"""What the words call it; who "discussed" had a contact that has no name."""

TITLES = (
    "Acting President",
    "Acting Prime Minister",
    "Chairman",
    "Chancellor",
    "Crown Prince",
    "Defense Minister",
    "Deputy Foreign Minister",
    "Deputy Prime Minister",
    "Emperor",
    "External Affairs Minister",
    "Foreign Minister",
    "Foreign Secretary",
    "General Secretary",
    "King",
    "National Security Advisor",
    "Pope",
    "Premier",
    "President",
    "Prime Minister",
    "Queen",
    "Secretary-General",
    "Sultan",
    "Vice President",
)
"""Titles that stand before a name; a longer one counts before a shorter."""
_TITLE = "|".join(re.escape(t) for t in sorted(TITLES, key=len, reverse=True))
_PARTICLES = (
    "abd|abdel|abu|al|bin|bint|ben|da|das|de|del|della|den|der|di|do|dos|du|e|el|ibn|la|le|"
    "ter|ul|van|von|y|zu"
)
_NAME_WORD = rf"(?:[A-ZÀ-ÖØ-ÞŠŽČĆĐŁÖİŞ][\w’'ʻ-]*\.?|[A-Z]\.|(?:{_PARTICLES})(?=[ -])(?:-[\w’'-]+)?)"
_WORD = re.compile(r"[A-Za-z-]+")
_PERSON = re.compile(rf"(?P<title>{_TITLE}) (?P<name>{_NAME_WORD}(?: {_NAME_WORD}){{0,6}})")
_SPLIT = re.compile(r", and |, | and ")
_NO_NAME = frozenset(word for title in TITLES for word in re.split("[ -]", title)) | frozenset(
    "Minister Ministers Secretary Secretaries Leader Leaders Ambassador General Governor Senator "
    "Envoy Cardinal Archbishop Bishop Prince Princess Sheikh Representative Director Commissioner "
    "Delegation Group Committee Council Party Union Commission Parliament Government Officials "
    "Affairs Foreign Prime Vice Deputy Acting Former NATO ASEAN EU UN U.N. U.S. Soviet".split()
) - frozenset(("Sheikh", "Prince", "General", "King"))

_ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}
_HEADS: dict[str, Kind] = {
    **dict.fromkeys(
        ("Assembly", "Conference", "Dialogue", "Forum", "Meeting", "Ministerial", "Session"),
        "meeting",
    ),
    **dict.fromkeys(("Consultations", "Talks"), "talks"),
    "Summit": "summit",
}
_HEAD = "|".join(_HEADS)
_EVENT = re.compile(
    rf"(?:(?:a|an|the) )?(?:(?P<nth>{'|'.join(_ORDINALS)}|\d{{1,3}}(?:st|nd|rd|th)) )?"
    rf"(?P<name>(?:[\w.’'&/-]+ ){{0,12}}(?P<head>{_HEAD})(?: (?:for|of|on) (?:the )?[\w’' -]+)?)",
    re.IGNORECASE,
)
_NO_EVENT = re.compile(
    r"\b(?:with|who|where|which|while|after|before|during|en route|met|and (?!\w*[A-Z])|"
    r"the (?:opening|closing|final|funeral)|via|by|at|in|from|to|his|her)\b|\d{4}"
)
_TWO_EVENTS = re.compile(rf"\b(?:{_HEAD})\b.*\band\b", re.IGNORECASE)
_MET = re.compile(
    r"(?:Also )?(?:Met|met|also met)(?: (?:separately|jointly|privately|again))? with "
    r"(?P<people>.+)|"
    r"(?:Held|held) (?:bilateral )?talks with (?P<talks>.+)"
)
_DISCUSSED = re.compile(
    r"(?:Discussed|discussed|Reviewed|reviewed) (?P<what>.+?) with (?P<people>.+)"
)
_ATTENDED = re.compile(
    r"(?:Attended|attended|Participated in|participated in|"
    r"(?:Headed|headed|Led|led) the U\.S\. delegation to) (?P<event>.+)"
)
_UNNAMED = re.compile(
    r"(?:(?:other|senior|top|high-level) )*(?:[A-Z][a-z]+(?:-[A-Z][a-z]+)? )?(?:[Gg]overnment )?"
    r"(?:officials|leaders)"
)
"""Officials without names at the end of a list: they stay text and change nothing before them."""
# A point ends a clause unless it belongs to an initial or an abbreviation.
_END = re.compile(
    r"(?<!\b[A-Z])(?<!\bU\.S)(?<!\bU\.N)(?<!\bDr)(?<!\bSt)(?<!\bMr)(?<!\bMrs)(?<!\bGen)(?<!\bJr)"
    r"(?<!\bSr)\.(?:\s+|$)|;\s+|"
    r",? and (?=(?:also )?(?:met|held talks|attended|participated|discussed|addressed|signed|"
    r"visited|briefed|joined|led|headed)\b)"
)


@dataclass(frozen=True, order=True)
class Named:
    """Somebody as a remark prints them: title and name."""

    title: str
    name: str

    @property
    def acting(self) -> bool:
        """Whether the title itself says that they stand in for a holder."""
        return self.title.startswith("Acting ")

    def __str__(self) -> str:
        return f"{self.title} {self.name}"


@dataclass(frozen=True)
class Met:
    """The traveller met this person; what several names share (one room?) is not told."""

    person: Named
    kind: Kind
    words: str
    """The clause that says so."""


@dataclass(frozen=True)
class Attended:
    """The traveller took part in an event, named as printed."""

    event: str
    kind: Kind
    number: int | None
    """Its ordinal, where one is printed."""
    words: str


def clauses(remark: str) -> list[str]:
    """A remark's clauses, each read by itself."""
    return [c.strip() for c in _END.split(remark) if c.strip()]


def read(remark: str) -> tuple[list[Met | Attended], list[str]]:
    """What the clauses of a remark surely say, in order, and the clauses that stay text."""
    found: list[Met | Attended] = []
    left: list[str] = []
    for clause in clauses(remark):
        said = _clause(clause)
        found += said
        if not said:
            left.append(clause)
    return found, left


def _clause(clause: str) -> list[Met | Attended]:
    if match := _MET.fullmatch(clause):
        kind: Kind = "talks" if match["talks"] else "meeting"
        listed = re.split(r" to (?:discuss|review) ", match["people"] or match["talks"])[0]
        return [Met(p, kind, clause) for p in people(listed)]
    if match := _DISCUSSED.fullmatch(clause):
        return [Met(p, "contact", clause) for p in people(match["people"])]
    if match := _ATTENDED.fullmatch(clause):
        event = _event(match["event"], clause)
        return [event] if event else []
    return []


def people(listed: str) -> list[Named]:
    """The persons of a list, or none where one of its members is no title with a name."""
    named = []
    items = _SPLIT.split(re.sub(r"(?<= [IVX])\.$", "", listed))
    if len(items) > 1 and _UNNAMED.fullmatch(items[-1]):
        del items[-1]
    for item in items:
        match = _PERSON.fullmatch(item)
        if match is None or _NO_NAME & set(match["name"].split()) or match["name"].islower():
            return []
        named.append(Named(match["title"], match["name"]))
    return named


def visitor(printed: str) -> Named | None:
    """Title and name of a visitor, where the title is one that we know."""
    match = _PERSON.fullmatch(" ".join(printed.split()))
    return Named(match["title"], match["name"]) if match else None


def _event(text: str, clause: str) -> Attended | None:
    match = _EVENT.fullmatch(text)
    if match is None or _NO_EVENT.search(text) or _TWO_EVENTS.search(text):
        return None
    nth = (match["nth"] or "").lower()
    number = _ORDINALS.get(nth) or (int(re.sub(r"\D", "", nth)) if nth else None)
    name = match["name"]
    summit = re.search(r"\bsummit(?: meeting)?$", name, re.IGNORECASE)
    return Attended(
        name, "summit" if summit else _HEADS[match["head"].capitalize()], number, clause
    )
