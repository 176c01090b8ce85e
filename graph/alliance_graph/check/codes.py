"""What each code of a finding means, and how a finding is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from alliance_graph.check.index import Held, Index, Present, Told
from alliance_graph.errors import Finding, Severity
from alliance_graph.model import DecisionKind


class Code(NamedTuple):
    """What a code of a finding means."""

    severity: Severity
    meaning: str
    mend: str
    settle: DecisionKind | None = "explained"
    """The decision that usually settles it; ``None`` where the facts have to change."""


CODES: dict[str, Code] = {
    "date-conflict": Code(
        "warning",
        "one date is told in two ways that cannot both be so",
        "give one `rank: preferred` with `because:`",
        settle="kept-as-conflict",
    ),
    "value-conflict": Code(
        "warning",
        "a field that can have one value only is told in two ways",
        "give one `rank: preferred` with `because:`",
        settle="kept-as-conflict",
    ),
    "accounts-differ": Code(
        "warning",
        "two holders put one thing differently, or with different sureness",
        "keep both",
        settle="kept-as-conflict",
    ),
    "headline-differs": Code(
        "warning",
        "headline, subtitle or takeaways put it differently from the body",
        "keep both, the headline's `rank: deprecated` if the body contradicts it",
        settle="kept-as-conflict",
    ),
    "less-precise": Code(
        "info",
        "two accounts of one value agree, but one is less precise",
        "nothing to do; `rank: preferred, because: more-precise` makes the finer one count",
    ),
    "phrase-disagrees": Code(
        "warning",
        "the phrase as printed cannot mean the date recorded with it",
        "correct the date, its `printed:` or its `anchor:`",
    ),
    "weekday-disagrees": Code(
        "warning",
        "the week-day printed is not that of the date",
        "correct the date or its `anchor:`",
    ),
    "too-precise": Code(
        "warning",
        "the date recorded is more precise than the phrase printed with it",
        "widen the date, or print the phrase that gives it",
    ),
    "gap-disagrees": Code(
        "warning",
        "an interval told between two events is not that between their dates",
        "correct the dates or `gap:`",
    ),
    "gap-rounded": Code(
        "warning",
        "years or months told between two events are right by the calendar only",
        "keep it if the calendar is meant",
    ),
    "order-disagrees": Code(
        "warning",
        "an order told between events is not that of their dates",
        "correct the order or the dates",
    ),
    "not-the-first": Code(
        "warning",
        "an event told to be the first since another has one of its kind between",
        "correct `gap:` or the dates",
    ),
    "outside-occasion": Code(
        "warning",
        "an event lies outside the visit or the occasion at which it is placed",
        "correct one of the dates",
        settle="kept-as-conflict",
    ),
    "outside-tenure": Code(
        "warning",
        "somebody acts in an office before the start or after the end told of it",
        "correct the office, the tenure or the date",
    ),
    "two-holders": Code(
        "warning",
        "two persons are shown in one office on one day",
        "correct one of them, or give one `capacity: acting`",
    ),
    "plan-in-the-past": Code(
        "warning",
        "a plan's day is over before the article that tells of it as a plan",
        "correct the date or the modality",
    ),
    "held-in-the-future": Code(
        "warning",
        "an event told as held lies after the article that tells of it",
        "correct the date or the modality",
    ),
    "session-order": Code(
        "warning",
        "the numbers of a channel's sessions and their dates disagree",
        "correct a number or a date",
    ),
    "denied-and-asserted": Code(
        "warning",
        "one holder asserts what another denies",
        "keep both",
        settle="kept-as-conflict",
    ),
    "one-sided": Code(
        "info",
        "of one encounter the sides report different things",
        "nothing to do; both accounts stand",
    ),
    "silent-document": Code(
        "info",
        "a document is said not to mention what is told elsewhere in the same article",
        "nothing to do; both stand",
    ),
    "near-names": Code(
        "warning",
        "one spelling may mean two persons",
        "make sure that they are two, or join them",
    ),
    "spellings": Code("info", "one person is printed in several spellings", "nothing to do"),
    "name-far-from-label": Code(
        "warning",
        "no usual romanisation leads from the printed name to the person it is given to",
        "correct `of:`, or add the spelling to the person's `aliases:`",
    ),
    "title-misleads": Code(
        "info",
        "a printed title reads as another level than that of the office",
        "nothing to do if the office is the right one",
    ),
    "unused": Code(
        "info", "nothing refers to an identity", "remove its file, or say what it is for"
    ),
    "bare-channel": Code(
        "info",
        "of a channel no article tells the level, or no party",
        "add them if a text tells, or as `basis: convention`",
    ),
    "circle": Code(
        "error",
        "things lie in, belong to or follow one another in a circle",
        "take out the link that goes the wrong way",
    ),
    "office-of-another-country": Code(
        "warning",
        "somebody acts in an office of a country that is not theirs",
        "correct the office or the country",
    ),
    "parity-disagrees": Code(
        "warning",
        "two offices are called equals though their levels differ, or the reverse",
        "correct `parity:` or a level",
    ),
    "no-evidence": Code(
        "error",
        "a claim has neither a passage nor another basis",
        "add `evidence:`, or a `basis:` other than article",
    ),
    "long-phrase": Code(
        "warning",
        "a phrase as printed has so many words in a row that it is a quotation",
        "print fewer than nine, or leave words out with …",
        settle=None,
    ),
    "fulfilled-before-made": Code(
        "warning",
        "what fulfils a promise lies before the promise",
        "correct `fulfilled_by:` or the dates",
    ),
    "state-disagrees": Code(
        "warning",
        "the state of a promise and what fulfils it disagree",
        "set `state: fulfilled` together with `fulfilled_by:`",
    ),
    "uncovered-block": Code(
        "warning",
        "no claim cites a block of the text, and no reason is given",
        "add claims, or `none:` with the reason",
        settle=None,
    ),
    "stale-decision": Code(
        "error",
        "a decision speaks of a finding that there is not",
        "remove it, or correct `finding:` and `about:`",
    ),
}
"""Every code that a check can give."""


def finding(
    index: Index,
    code: str,
    what: str,
    about: Iterable[str],
    *places: Told | Held | Present,
    mend: str = "",
) -> Finding:
    """A finding of a code, with how to mend it or the entry that records the decision.

    The first place is where it is, the others are related.
    """
    about = tuple(dict.fromkeys(about))
    kind = CODES[code]
    mend = mend or kind.mend
    if kind.severity == "warning" and kind.settle:
        told = [p if isinstance(p, Told) else p.told for p in places]
        file = told[0].article.id if told else "an article"
        ids = ", ".join(about)
        entry = f"- {{finding: {code}, about: [{ids}], decision: {kind.settle}, why: …, on: …}}"
        mend = f"{mend}; this settles it under `decisions:` of {file}: `{entry}`"
    marks = [mark for mark in map(index.where, places) if mark]
    where = marks[0] if marks else None
    return Finding(kind.severity, code, what, mend, where, about, tuple(marks[1:]))
