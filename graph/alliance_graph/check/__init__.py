"""Rules between records: what disagrees in the facts, and what the curator decided of it.

Each rule is a small function from the :class:`~alliance_graph.check.index.Index` to findings, over
the model, before any RDF. A finding that fails a run names both passages and prints the entry of
``decisions:`` that would settle it; one that is settled stays in the list with its decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from alliance_graph.check import accounts, conflicts, integrity, spelling, times
from alliance_graph.check.codes import CODES, Code, finding
from alliance_graph.check.index import Index
from alliance_graph.errors import Finding, in_order

if TYPE_CHECKING:
    from alliance_graph.seeds import Loaded

__all__ = ["CODES", "RULES", "SCOPES", "Code", "Index", "Rule", "check", "found", "settled"]

Rule = Callable[[Index], Iterator[Finding]]

SCOPES: dict[str, tuple[Rule, ...]] = {
    "alone": (
        integrity.countries,
        integrity.parities,
        integrity.evidenced,
        integrity.phrases_printed,
        integrity.blocks,
    ),
    "things": (
        conflicts.conflicts,
        times.phrases,
        times.orders,
        times.occasions,
        times.telling,
        accounts.statuses,
        accounts.sureness,
        accounts.denials,
        accounts.readouts,
        accounts.headlines,
        accounts.silences,
        integrity.promises,
    ),
    "channels": (times.sessions, times.firsts),
    "offices": (times.tenures, spelling.titles),
    "names": (spelling.near_names, spelling.spellings, spelling.far_names),
    "whole": (integrity.unused, integrity.bare_channels, integrity.circles),
}
"""The rules, by what they have to see at once (see :mod:`alliance_graph.check.across`)."""
RULES: tuple[Rule, ...] = tuple(rule for rules in SCOPES.values() for rule in rules)
"""Every rule, in the order in which a check runs them."""


def check(loaded: Loaded) -> list[Finding]:
    """Everything the rules find, each with the curator's decision beside it if there is one."""
    index = Index(loaded)
    return settled(index, found(index))


def found(index: Index, rules: Iterable[Rule] = RULES) -> list[Finding]:
    """What some rules find, each once."""
    return list(dict.fromkeys(found for rule in rules for found in rule(index)))


def settled(index: Index, found: list[Finding]) -> list[Finding]:
    """Findings with the decisions of all articles, and the decisions that meet none of them."""
    return in_order([*_decided(index, found), *_stale(index, found)])


def _key(code: str, about: Iterable[str]) -> tuple[str, frozenset[str]]:
    """What a decision and a finding must have in common."""
    return code, frozenset(about)


def _decided(index: Index, found: list[Finding]) -> Iterator[Finding]:
    decisions = {_key(d.finding, d.about): d for a in index.facts.articles for d in a.decisions}
    for one in found:
        decision = decisions.get(_key(one.code, one.about))
        yield one.decided(f"{decision.decision}: {decision.why}") if decision else one


def _stale(index: Index, found: list[Finding]) -> Iterator[Finding]:
    met = {_key(one.code, one.about) for one in found}
    for article in index.facts.articles:
        for at, decision in enumerate(article.decisions):
            if _key(decision.finding, decision.about) in met:
                continue
            alike = {", ".join(one.about) for one in found if one.code == decision.finding}
            there = f"it is found of {'; '.join(sorted(alike))}" if alike else "none is found"
            about = ", ".join(decision.about)
            what = f"the decision on {decision.finding} of {about} meets no finding; {there}"
            stale = finding(index, "stale-decision", what, (article.id, *decision.about))
            yield replace(stale, where=index.loaded.where(article.id, "decisions", at))
