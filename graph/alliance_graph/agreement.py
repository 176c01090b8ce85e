"""How far two codings of one article agree, kind of fact by kind of fact.

Two coders choose their own ids and cut the facts in their own grain, so records are paired by what
they tell: who, on what, when, and from which words of the article. A pair is then compared field
by field. What is written in our own words (labels, notes, contents) is not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from alliance_graph import dates, model, seeds
from alliance_graph.errors import AllianceError
from alliance_graph.evidence import word_range
from alliance_graph.model import Article, Claim, Evidence, Participation, StatusClaim

KINDS = ("unnamed", *model.SECTIONS)
"""The kinds of fact: the sections of an article file."""
LIKE = 0.5
"""Two records tell of the same thing if they are more alike than this."""

Verdict = Literal["same", "compatible", "one side only", "different"]
VERDICTS: tuple[Verdict, ...] = ("same", "compatible", "one side only", "different")

_HEAD = ("kind", "A", "B", "both", "only A", "only B", "agreement", *VERDICTS, "field agreement")
_KEYED: Mapping[str, tuple[str, ...]] = {
    "names": ("of", "printed"),
    "tenures": ("person", "post"),
    "memberships": ("member", "body"),
    "channels": ("channel",),
    "counterparts": ("a", "b", "channel"),
}
"""Records that are the same if these fields are; all others are paired by likeness."""
_WHO = ("participants", "travellers", "actor", "issued_by", "party", "proposed_by", "of")
_WHAT = ("kind", "position", "mode")
_ON = ("channel", "topic", "about", "discussed", "refers_to", "place")
_WHEN = ("date", "stated_on")
_OF_OTHERS = {"before", "after", "in_response_to"}
"""Fields whose passages tell of another thing."""
_DATES = {"date", "stated_on", "attested", "start", "end", "due", "status date"}
_QUALITIES = ("holder", "side", "via", "attribution", "polarity", "modality")
_OWN_WORDS = {"id", "label", "ko", "note", "content", "evidence", "source", "printed"}
_USUAL = {"polarity": ("asserted",), "modality": ("held",), "capacity": ("regular",)}
_UNSAID = {"rank", "because", "basis", *_QUALITIES}

Word = tuple[str, int, int]
"""A word of the article: block, paragraph, place in it."""


@dataclass(frozen=True)
class FieldAgreement:
    """One field of a pair, with the values on each side.

    ``compatible``: dates that share a day, lists that share a value, a phrase within a longer one.
    ``one side only``: the other coding leaves the field out.
    """

    field: str
    verdict: Verdict
    a: tuple[str, ...]
    b: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """Two records that tell of the same thing; ``likeness`` from 0 to 1."""

    kind: str
    a: str
    b: str
    likeness: float
    fields: tuple[FieldAgreement, ...]


@dataclass(frozen=True)
class Alone:
    """A record that only one coding has (``coding``: ``a`` or ``b``).

    ``near``: records of the other coding that tell of it too, as ``kind/id``: one of its own kind
    that is paired already (the coders cut differently), or those of another kind that cite the
    same words. Empty: the other coding lacks the fact.
    """

    kind: str
    coding: Literal["a", "b"]
    id: str
    near: tuple[str, ...]


@dataclass(frozen=True)
class KindAgreement:
    """Counts of one kind of fact: records of each coding, pairs, and verdicts on their fields."""

    kind: str
    a: int
    b: int
    both: int
    fields: tuple[int, int, int, int]
    """Fields of the pairs by verdict, in the order of ``VERDICTS``."""

    @property
    def agreement(self) -> float | None:
        """Shared records as a part of all, 2·both / (a + b); ``None`` where there are none."""
        return 2 * self.both / (self.a + self.b) if self.a + self.b else None

    @property
    def field_agreement(self) -> float | None:
        """Same or compatible, as a part of the fields that both codings fill."""
        same, compatible, _, different = self.fields
        filled = same + compatible + different
        return (same + compatible) / filled if filled else None


@dataclass(frozen=True)
class Agreement:
    """What two codings share and where they part."""

    article: str
    kinds: tuple[KindAgreement, ...]
    pairs: tuple[Pair, ...]
    alone: tuple[Alone, ...]

    @property
    def total(self) -> KindAgreement:
        """All kinds together."""
        same, compatible, one_sided, different = (
            sum(k.fields[i] for k in self.kinds) for i in range(len(VERDICTS))
        )
        return KindAgreement(
            "all",
            sum(k.a for k in self.kinds),
            sum(k.b for k in self.kinds),
            sum(k.both for k in self.kinds),
            (same, compatible, one_sided, different),
        )

    def differences(self) -> Iterator[str]:
        """One line for each field that differs and each record that stands alone."""
        for pair in self.pairs:
            for field in pair.fields:
                if field.verdict in ("different", "one side only"):
                    a, b = (", ".join(v) or "–" for v in (field.a, field.b))
                    yield f"{pair.kind} {pair.a} = {pair.b}: {field.field} {a} | {b}"
        for record in self.alone:
            near = f" (near {', '.join(record.near)})" if record.near else ""
            yield f"{record.kind} {record.id}: only in {record.coding}{near}"

    def table(self, fields: bool = True) -> str:
        """The counts as a table in Markdown, which also reads as plain text.

        Without ``fields``, of records alone.
        """
        columns = len(_HEAD) if fields else _HEAD.index("agreement") + 1
        head = _HEAD[:columns]
        rows = [_cells(k)[:columns] for k in (*self.kinds, self.total) if k.a + k.b]
        widths = [max(len(c) for c in column) for column in zip(head, *rows, strict=True)]
        lines = [_line(head, widths)]
        lines.append("|" + "|".join(_rule(i, w) for i, w in enumerate(widths)) + "|")
        return "\n".join([*lines, *(_line(row, widths) for row in rows)])

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        out = asdict(self)
        for told, kind in zip(out["kinds"], self.kinds, strict=True):
            told["fields"] = dict(zip(VERDICTS, kind.fields, strict=True))
            told["agreement"] = kind.agreement
            told["field_agreement"] = kind.field_agreement
        return out


def compare(a: Article, b: Article) -> Agreement:
    """How far two codings of one article agree.

    :raises AllianceError: if they are of two articles, or divide its text differently
    """
    _comparable(a, b)
    left = {kind: _told(a, kind) for kind in KINDS}
    parties = _paired("unnamed", left["unnamed"], _told(b, "unnamed"))
    names = {y.id: x.id for x, y, _ in parties}
    right = {kind: _told(b, kind, names) for kind in KINDS}
    found = {kind: _paired(kind, left[kind], right[kind]) for kind in KINDS}
    names = {told.id: f"{told.id} (only B)" for told in chain(*right.values())}
    names |= {y.id: x.id for x, y, _ in chain(*found.values())}
    kinds, pairs, alone = [], [], []
    for kind in KINDS:
        told = [
            Pair(kind, x.id, y.id, round(score, 3), tuple(_fields(kind, a, x, b, y, names)))
            for x, y, score in found[kind]
        ]
        verdicts = Counter(field.verdict for pair in told for field in pair.fields)
        same, compatible, one_sided, different = (verdicts[v] for v in VERDICTS)
        counts = (same, compatible, one_sided, different)
        kinds.append(KindAgreement(kind, len(left[kind]), len(right[kind]), len(told), counts))
        pairs += told
        mine, yours = {p.a for p in told}, {p.b for p in told}
        alone += [
            Alone(kind, "a", t.id, _near(kind, t, right)) for t in left[kind] if t.id not in mine
        ]
        alone += [
            Alone(kind, "b", t.id, _near(kind, t, left)) for t in right[kind] if t.id not in yours
        ]
    return Agreement(a.id, tuple(kinds), tuple(pairs), tuple(alone))


def _comparable(a: Article, b: Article) -> None:
    if a.id != b.id:
        raise AllianceError(f"{a.id} and {b.id} are two articles; give two codings of one")
    blocks = {(t.block, t.p): t.digest for t in a.blocks}
    for t in b.blocks:
        if blocks.get((t.block, t.p), t.digest) != t.digest:
            raise AllianceError(
                f"{t.block} {t.p} of {a.id} is not the same block in both codings, so their"
                " passages cannot be compared; divide the text in one way and pin again"
            )


# --- pairing ------------------------------------------------------------------------------------


class _Told(NamedTuple):
    """A record and what it is paired by."""

    id: str
    record: BaseModel
    key: tuple[str, ...]
    who: frozenset[str]
    on: frozenset[str]
    what: frozenset[str]
    days: tuple[dates.Edtf, ...]
    words: frozenset[Word]


def _told(article: Article, kind: str, names: Mapping[str, str] | None = None) -> list[_Told]:
    own = {t.id for t in article.unnamed} | {
        r.id for _, _, r in article.records() if isinstance(r, model.Record)
    }
    return [
        _Told(
            _id(kind, record),
            record,
            tuple(_folded(str(getattr(record, f))) for f in _KEYED.get(kind, ())),
            frozenset((names or {}).get(v, v) for v in _values(record, _WHO)),
            frozenset(_values(record, _ON)) - own,
            frozenset(_values(record, _WHAT)),
            tuple(dates.parse(v) for v in _values(record, _WHEN)),
            _words(article, kind, record),
        )
        for record in getattr(article, kind)
    ]


def _id(kind: str, record: BaseModel) -> str:
    if isinstance(record, model.PrintedName):
        return f"{record.of} “{record.printed}”"
    return str(getattr(record, "channel" if kind == "channels" else "id"))


def _values(record: BaseModel, fields: Iterable[str]) -> list[str]:
    return [v for f in fields for v in _plain(getattr(record, f, None))]


def _plain(held: Any) -> Iterator[str]:
    """What a field says, without who says so."""
    if isinstance(held, tuple):
        for item in held:
            yield from _plain(item)
    elif isinstance(held, Claim):
        yield str(held.is_)
    elif isinstance(held, Participation):
        yield held.who
    elif held is not None:
        yield str(held)


def _words(article: Article, kind: str, record: BaseModel) -> frozenset[Word]:
    """The words that a record cites; an unnamed party has those of the records that name it."""
    if kind == "unnamed":
        name = str(getattr(record, "id", ""))
        return frozenset(
            word
            for section, _, said in article.records()
            if any(ref == name for _, ref, _ in seeds.references(said))
            for word in _words(article, section, said)
        )
    return frozenset(_cited(record))


def _cited(value: Any) -> Iterator[Word]:
    if isinstance(value, Evidence):
        span = word_range(value)
        if span is not None:
            yield from ((value.block, value.p, i) for i in range(span.start, span.end))
    elif isinstance(value, tuple):
        for item in value:
            yield from _cited(item)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in _OF_OTHERS:
                yield from _cited(getattr(value, name))


def _paired(kind: str, left: list[_Told], right: list[_Told]) -> list[tuple[_Told, _Told, float]]:
    """The most alike first; each record once. The order of the files does not matter."""
    scored = sorted(
        ((x, y, _likeness(kind, x, y)) for x in left for y in right),
        key=lambda s: (-s[2], *sorted((s[0].id, s[1].id)), s[0].id),
    )
    taken: set[tuple[str, int]] = set()
    pairs = []
    for x, y, score in scored:
        mine, yours = ("a", id(x.record)), ("b", id(y.record))
        if score > LIKE and not {mine, yours} & taken:
            taken |= {mine, yours}
            pairs.append((x, y, score))
    return sorted(pairs, key=lambda p: (p[0].id, p[1].id))


def _likeness(kind: str, x: _Told, y: _Told) -> float:
    """Equal keys where a kind has them; else the mean of what both tell, the words twice."""
    if kind in _KEYED:
        return float(x.key == y.key)
    parts = [_overlap(x.words, y.words)] * 2 if x.words and y.words else []
    parts += [_shared(i, j) for i, j in ((x.who, y.who), (x.on, y.on), (x.what, y.what)) if i and j]
    if x.days and y.days:
        parts.append(float(_meet(x.days, y.days)))
    return sum(parts) / len(parts) if parts else 0.0


def _overlap(x: frozenset[Word], y: frozenset[Word]) -> float:
    """How much of the shorter passage lies in the longer: coders cite a clause or a sentence."""
    return len(x & y) / min(len(x), len(y))


def _shared(x: frozenset[str], y: frozenset[str]) -> float:
    return len(x & y) / len(x | y)


def _meet(x: Iterable[dates.Edtf], y: tuple[dates.Edtf, ...]) -> bool:
    return any(i.overlaps(j) for i in x for j in y)


def _near(kind: str, told: _Told, others: Mapping[str, list[_Told]]) -> tuple[str, ...]:
    """Where the other coding tells of a record that it has no pair for."""
    alike = [(_likeness(kind, told, o), o.id) for o in others[kind]]
    close = max(alike, default=(0.0, ""))
    if close[0] > LIKE:
        return (f"{kind}/{close[1]}",)
    citing = [(k, o) for k in KINDS if k not in ("names", kind) for o in others[k] if o.words]
    return tuple(
        f"{k}/{o.id}" for k, o in citing if told.words and _overlap(told.words, o.words) > LIKE
    )


# --- fields -------------------------------------------------------------------------------------


def _fields(
    kind: str, a: Article, x: _Told, b: Article, y: _Told, names: Mapping[str, str]
) -> Iterator[FieldAgreement]:
    """Each field that one of a pair fills, and the qualities of the record as a whole.

    What all records of a pair have in common anyway (their key, ``asserted``, ``held``) does not
    count as agreement.
    """
    left = _said(a, kind, x.record, {})
    right = _said(b, kind, y.record, names)
    for field in [*left, *(f for f in right if f not in left)]:
        i, j = (tuple(dict.fromkeys(sorted(s.get(field, ())))) for s in (left, right))
        if (i or j) and not i == j == _USUAL.get(field):
            yield FieldAgreement(field, _verdict(field, i, j), i, j)
    if x.words or y.words:
        yield _passages(x, y)


def _said(
    article: Article, kind: str, record: BaseModel, names: Mapping[str, str]
) -> dict[str, list[str]]:
    """Every field as plain texts; ids of the coder's own records as those of their pairs."""
    out: dict[str, list[str]] = {}
    keys = _KEYED.get(kind, ())
    for name in type(record).model_fields:
        held = getattr(record, name)
        if name in keys or name in _OWN_WORDS | _UNSAID:
            continue
        if name in ("participants", "travellers"):
            out[name] = [names.get(p.who, p.who) for p in held]
            out["offices"] = [
                " ".join((names.get(p.who, p.who), post, p.capacity or "regular"))
                for p in held
                for post in p.in_
            ]
            out["roles"] = [
                f"{names.get(p.who, p.who)} {p.role}" for p in held if p.role != "participant"
            ]
            continue
        out[name] = [names.get(v, v) for v in _plain(held)]
        if name == "status":
            out["status date"] = [c.date for c in held if isinstance(c, StatusClaim) and c.date]
    if isinstance(record, model.Said):
        known = model.inherited(record, article.defaults)
        for name in _QUALITIES:
            out[name] = [names.get(v, v) for v in _plain(known[name])]
    return out


def _verdict(field: str, a: tuple[str, ...], b: tuple[str, ...]) -> Verdict:
    if a == b:
        return "same"
    if not (a and b):
        return "one side only"
    if field in _DATES:
        met = _meet(map(dates.parse, a), tuple(map(dates.parse, b)))
    elif field == "wording":
        met = any(_within(i, j) or _within(j, i) for i in a for j in b)
    else:
        met = bool(set(a) & set(b))
    return "compatible" if met else "different"


def _passages(x: _Told, y: _Told) -> FieldAgreement:
    """Whether both cite the same words, some of the same, or none."""
    met: Verdict = "compatible" if x.words & y.words else "different"
    if not (x.words and y.words):
        met = "one side only"
    verdict = "same" if x.words == y.words else met
    return FieldAgreement("evidence", verdict, _places(x.words), _places(y.words))


def _places(words: frozenset[Word]) -> tuple[str, ...]:
    """Words as runs: ``body 3 words 28-41``."""
    runs: list[list[Word]] = []
    for word in sorted(words):
        if runs and runs[-1][-1] == (word[0], word[1], word[2] - 1):
            runs[-1].append(word)
        else:
            runs.append([word])
    return tuple(f"{r[0][0]} {r[0][1]} words {r[0][2] + 1}-{r[-1][2] + 1}" for r in runs)


def _folded(text: str) -> str:
    """A printed phrase without case, article, possessive and marks."""
    plain = re.sub(r"['’]s?\b|[^\w\s-]", "", text.casefold())
    return " ".join(plain.removeprefix("the ").split())


def _within(short: str, long: str) -> bool:
    return f" {_folded(short)} " in f" {_folded(long)} "


# --- the table ----------------------------------------------------------------------------------


def _cells(k: KindAgreement) -> tuple[str, ...]:
    counts = (k.a, k.b, k.both, k.a - k.both, k.b - k.both)
    return (
        k.kind,
        *map(str, counts),
        _percent(k.agreement),
        *map(str, k.fields),
        _percent(k.field_agreement),
    )


def _percent(part: float | None) -> str:
    return "–" if part is None else f"{100 * part:.0f} %"


def _line(cells: Iterable[str], widths: list[int]) -> str:
    """The kind to the left, numbers to the right."""
    first, *rest = (c.rjust(w) for c, w in zip(cells, widths, strict=True))
    return f"| {' | '.join([first.strip().ljust(widths[0]), *rest])} |"


def _rule(column: int, width: int) -> str:
    return "-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
