"""What changed between two builds, claim by claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode

from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, ID, RDF, VOC, compact

_MADE_OF = (RDF + "subject", RDF + "predicate", RDF + "object")


@dataclass(frozen=True, order=True)
class Change:
    """One difference: ``added``, ``gone`` or ``changed``; what it is about; before and after."""

    kind: str
    subject: str
    predicate: str
    before: str | None
    after: str | None
    source: str
    """The article of a claim; of what no claim says, the named graph."""

    def __str__(self) -> str:
        sign = {"added": "+", "gone": "-", "changed": "~"}[self.kind]
        values = " → ".join(v for v in (self.before, self.after) if v is not None)
        return f"{sign} {self.subject} {self.predicate} {values}  ({self.source})"


def read(where: Path) -> Embedded:
    """A build by its folder or its ``alliance.trig``; raises AllianceError."""
    return Embedded.read(where / "alliance.trig" if where.is_dir() else where)


def diff(old: Embedded, new: Embedded) -> list[Change]:
    """What was added, went, or changed, sorted: claims, and what is stated without one."""
    before, after = _read_claims(old), _read_claims(new)
    changes = [*_claims(before, after), *_plain(_stated(old, before), _stated(new, after))]
    return sorted(set(changes), key=lambda c: (c.subject, c.predicate, c.kind, str(c)))


def as_dict(changes: list[Change]) -> dict[str, Any]:
    """Plain values for ``--format json``."""
    counts = {k: sum(c.kind == k for c in changes) for k in ("added", "gone", "changed")}
    return {"counts": counts, "changes": [asdict(c) for c in changes]}


def as_text(changes: list[Change]) -> str:
    """One line a change, and their number."""
    counts = as_dict(changes)["counts"]
    total = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return "\n".join([*map(str, changes), total if changes else "no difference"])


def _name(term: object) -> str:
    if isinstance(term, NamedNode):
        for base in (ID, VOC):
            if term.value.startswith(base):
                return term.value.removeprefix(base)
        return compact(term.value)
    return f"“{term.value}”" if isinstance(term, Literal) else str(term)


Key = tuple[str, str, str]


Claims = dict[Key, dict[str, set[tuple[str, ...]]]]


def _read_claims(store: Embedded) -> Claims:
    """(article, subject, predicate) -> value -> the qualities of each claim that says so."""
    nodes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in select(store, "SELECT ?c ?p ?o WHERE { ?c a ally:Claim ; ?p ?o }"):
        nodes[row["c"].value][row["p"].value].append(_name(row["o"]))
    out: Claims = defaultdict(lambda: defaultdict(set))
    for node in nodes.values():
        subject, predicate, value = (node[p][0] for p in _MADE_OF)
        article = node.get(ALLY.inArticle, ["outside"])[0]
        qualities = tuple(
            sorted(
                f"{compact(p).removeprefix('ally:')} {v}"
                for p, values in node.items()
                if p not in (*_MADE_OF, RDF + "type", ALLY.inArticle)
                for v in values
            )
        )
        out[article, subject, predicate][value].add(qualities)
    return out


def _claims(before: Claims, after: Claims) -> list[Change]:
    changes = []
    for key in before.keys() | after.keys():
        article, subject, predicate = key
        gone = sorted(before.get(key, {}).keys() - after.get(key, {}).keys())
        come = sorted(after.get(key, {}).keys() - before.get(key, {}).keys())
        if len(gone) == len(come) == 1:
            changes.append(Change("changed", subject, predicate, gone[0], come[0], article))
        else:
            changes += [Change("gone", subject, predicate, v, None, article) for v in gone]
            changes += [Change("added", subject, predicate, None, v, article) for v in come]
        for value in before.get(key, {}).keys() & after.get(key, {}).keys():
            was, now = before[key][value], after[key][value]
            for old_one, new_one in zip_longest(sorted(was - now), sorted(now - was)):
                if old_one is None:
                    changes.append(Change("added", subject, predicate, None, value, article))
                elif new_one is None:
                    changes.append(Change("gone", subject, predicate, value, None, article))
                else:
                    lost = "; ".join(sorted({*old_one} - {*new_one}))
                    got = "; ".join(sorted({*new_one} - {*old_one}))
                    told = f"{value} [{lost}]", f"{value} [{got}]"
                    changes.append(Change("changed", subject, predicate, *told, article))
    return changes


_STATED = """
SELECT ?g ?s ?p ?o WHERE {
  VALUES ?g { graph:identities graph:outside graph:truthy }
  GRAPH ?g { ?s ?p ?o }
  FILTER(!STRSTARTS(STR(?s), STR(claim:)) && ?p NOT IN (
    rdfs:label, ally:earliest, ally:latest, ally:dueEarliest, ally:dueLatest))
}"""


def _stated(store: Embedded, claims: Claims) -> set[tuple[str, str, str, str]]:
    """What stands without a claim: identities, labels, who took part in which office."""
    said = {(s, p, value) for (_, s, p), values in claims.items() for value in values}
    rows = (
        (_name(r["g"]).rpartition(":")[2], _name(r["s"]), _name(r["p"]), _name(r["o"]))
        for r in select(store, _STATED)
    )
    return {row for row in rows if row[1:] not in said}


def _plain(
    before: set[tuple[str, str, str, str]], after: set[tuple[str, str, str, str]]
) -> Iterator[Change]:
    for graph, s, p, o in before - after:
        yield Change("gone", s, p, o, None, graph)
    for graph, s, p, o in after - before:
        yield Change("added", s, p, None, o, graph)
