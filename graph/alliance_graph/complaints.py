"""What pydantic finds wrong with a file, said so that a curator can mend it.

An error of pydantic has a type, a location and an input. Told from these are one place, what is
wrong there, and what to write instead: the allowed values, the field that was probably meant.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from alliance_graph.errors import Finding, Mark
from alliance_graph.model import RefTo, inner_model, parts

Loc = tuple[str | int, ...]

MOST = 20
"""Findings of one kind in one file; the rest is counted."""

# --- what a model's annotations say -------------------------------------------------------------


@cache
def fields_of(kind: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by their names in YAML."""
    return {info.alias or name: info for name, info in kind.model_fields.items()}


def words_of(info: FieldInfo) -> list[str]:
    """The texts that a field's Literals allow."""
    options = [option for part in parts(info) for option in get_args(part)]
    return [option for option in options if isinstance(option, str)]


# --- words for values and kinds -----------------------------------------------------------------


def near(name: str, names: Iterable[str]) -> str | None:
    """The one of some names that looks most like this one; ``None`` if none is near."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return found[0] if found else None


def listed(names: Iterable[str], most: int = 40) -> str:
    """Names in a row, the first so many of them."""
    some = list(names)
    more = f" and {len(some) - most} more" if len(some) > most else ""
    return ", ".join(some[:most]) + more


def kinds(names: Iterable[str]) -> str:
    """Kinds of things with their articles: "a person, an institution or a country"."""
    told = [f"{'an' if n[0] in 'aeiou' and n[:2] != 'un-' else 'a'} {n}" for n in names]
    return told[0] if len(told) == 1 else ", ".join(told[:-1]) + " or " + told[-1]


def shown(value: Any) -> str:
    """A value as a reader of the file sees it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"“{value[:60]}{'…' if len(value) > 60 else ''}”"
    return "a map" if isinstance(value, dict) else "a list"


# --- findings -----------------------------------------------------------------------------------


def findings(
    errors: list[ErrorDetails],
    kind: type[BaseModel],
    mark: Callable[[Loc, bool], Mark],
    about: tuple[str, ...] = (),
) -> list[Finding]:
    """One finding for each place with errors.

    :param mark: the place of a location in the file; if its second argument is true, of the key
    :param about: the ids that the findings speak of
    """
    told: dict[Loc, list[ErrorDetails]] = defaultdict(list)
    for error in errors:
        told[_without_branches(error, kind)].append(error)
    found = []
    counted: Counter[str] = Counter()
    for loc, group in told.items():
        # Of the branches of a union, a list of allowed words says least.
        error = min(group, key=lambda e: e["type"] == "literal_error")
        sort = error["type"]
        counted[sort] += 1
        if counted[sort] > MOST:
            continue
        code, what, mend = _sentence(_Case.of(error, loc, kind))
        if counted[sort] == MOST:
            more = sum(sort in {e["type"] for e in group} for group in told.values()) - MOST
            what += f" (and {more} more of this kind)" if more else ""
        place = mark(loc, sort == "extra_forbidden")
        found.append(Finding("error", code, what, mend, place, about))
    return found


def _without_branches(error: ErrorDetails, kind: type[BaseModel]) -> Loc:
    """A location without the names that pydantic gives to the branches of a union."""
    loc: list[str | int] = []
    here: type[BaseModel] | None = kind
    last = len(error["loc"]) - 1
    for i, step in enumerate(error["loc"]):
        if isinstance(step, int):
            loc.append(step)
        elif here is not None and step in fields_of(here):
            loc.append(step)
            here = inner_model(fields_of(here)[step])
        elif error["type"] == "extra_forbidden" and i == last:
            loc.append(step)
    return tuple(loc)


class _Case(NamedTuple):
    """An error with what the model says of its place."""

    sort: str
    given: Any
    context: dict[str, Any]
    message: str
    name: str
    """The field it is in, as the file names it."""
    last: str | int | None
    owner: type[BaseModel]
    info: FieldInfo | None

    @classmethod
    def of(cls, error: ErrorDetails, loc: Loc, kind: type[BaseModel]) -> _Case:
        owner, info = kind, None
        names = [step for step in loc if isinstance(step, str)]
        for i, name in enumerate(names):
            info = fields_of(owner).get(name)
            inner = inner_model(info) if info else None
            if inner is None or i == len(names) - 1:
                break
            owner = inner
        name = next((n for n in reversed(names) if n != "is"), "")
        context = error.get("ctx", {})
        last = loc[-1] if loc else None
        return cls(error["type"], error["input"], context, error["msg"], name, last, owner, info)


_Told = tuple[str, str, str]
"""Code, what is wrong, how to mend it."""


def _sentence(case: _Case) -> _Told:
    told = _SENTENCES.get(case.sort)
    if told:
        return told(case)
    return "wrong-value", f"`{case.name}`: {case.message}", f"here stands {shown(case.given)}"


def _unknown_field(case: _Case) -> _Told:
    fields = fields_of(case.owner)
    meant = near(case.name, fields)
    mend = f"did you mean `{meant}`?" if meant else f"the fields here are {listed(fields)}"
    return "unknown-field", f"there is no field `{case.name}` here", mend


def _missing(case: _Case) -> _Told:
    if case.last == "is":
        return (
            "missing-field",
            f"a claim of `{case.name}` has no `is:`",
            "give its value as `is: …`",
        )
    mend = f"add `{case.name}: …`"
    if case.info:
        words = words_of(case.info)
        refs = next((p.kinds for p in parts(case.info) if isinstance(p, RefTo)), ())
        if refs:
            mend += f", the id of {kinds(refs)}"
        elif words and inner_model(case.info) is None:
            mend += f", one of {listed(words)}"
    return "missing-field", f"the field `{case.name}` is missing", mend


def _unknown_value(case: _Case) -> _Told:
    allowed = re.findall(r"'([^']*)'", str(case.context.get("expected", "")))
    meant = near(case.given, allowed) if isinstance(case.given, str) else None
    mend = (f"did you mean {meant}? " if meant else "") + f"it is one of {listed(allowed)}"
    return "unknown-value", f"`{case.name}` cannot be {shown(case.given)}", mend


def _broken_rule(case: _Case) -> _Told:
    """What a validator of the model says: "what is wrong; how to mend it", or "x needs y"."""
    message = str(case.context.get("error", case.message))
    what, _, mend = message.partition("; ")
    if mend:
        return "date", what, mend
    what = f"in this entry of `{case.name}`, " if case.name else ""
    return "rule", what + message, "add " + (message.partition("needs ")[2] or "what is missing")


def _not_text(case: _Case) -> _Told:
    given = case.given
    if isinstance(given, dict) and case.last == "is":
        return _missing(case)
    if given is None:
        return "wrong-type", f"`{case.name}` has no value", "give one, or leave the field out"
    if isinstance(given, (bool, int, float)):
        text = str(given).lower() if isinstance(given, bool) else given
        what = f"`{case.name}` is {shown(given)}, where text is expected"
        # a number with a point may be written in many ways: 1e3 is 1000.0
        quoted = "" if isinstance(given, float) else f": '{text}'"
        return "wrong-type", what, f"put it in quotes{quoted}"
    return "wrong-type", f"`{case.name}` is {shown(given)}", "give one text"


def _not_a(expected: str) -> Callable[[_Case], _Told]:
    return lambda case: (
        "wrong-type",
        f"{f'`{case.name}`' if case.name else 'the whole'} is {shown(case.given)}",
        f"give {expected}",
    )


def _too_long(case: _Case) -> _Told:
    most = case.context.get("max_length")
    what = f"`{case.name}` has {len(case.given)} characters; at most {most} are allowed"
    return "too-long", what, "shorten it"


def _empty(case: _Case) -> _Told:
    return "too-short", f"`{case.name}` is empty", "fill it, or leave the field out"


def _pattern(case: _Case) -> _Told:
    what, pattern = f"`{case.name}` cannot be {shown(case.given)}", str(case.context["pattern"])
    if pattern == r"\S":
        return _empty(case)
    for start, told in _PATTERNS.items():
        if pattern.startswith(start):
            return (told[0], what, told[1])
    slug = "-".join(re.findall(r"[a-z0-9]+", case.given.lower()))
    such = f", such as {slug}" if slug else ""
    return "id", what, f"ids have small letters, digits and single hyphens{such}"


_PATTERNS = {
    "^https?": (
        "url",
        "give an address as https://host/path; write other characters there as %20, %5B",
    ),
    "^[0-9a-f]": ("digest", "digests have 16 hex digits and are made by `alliance pin`"),
    "^P": ("interval", "write an interval as P6D, P2W, P3M or P5Y"),
    "^[1-9]": ("words", "give first and last word, as 28-41"),
}
"""By how the pattern of a text type of the model begins; what is left are ids."""

_SENTENCES: dict[str, Callable[[_Case], _Told]] = {
    "extra_forbidden": _unknown_field,
    "missing": _missing,
    "literal_error": _unknown_value,
    "value_error": _broken_rule,
    "string_type": _not_text,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _pattern,
    "too_short": _empty,
    "int_type": _not_a("a whole number, without quotes"),
    "bool_type": _not_a("true or false, without quotes"),
    "tuple_type": _not_a("a list: lines that begin with `- `"),
    "model_type": _not_a("a map of fields"),
}
