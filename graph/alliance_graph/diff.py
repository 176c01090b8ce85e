"""What changed between two builds, claim by claim."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode

from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, ID, IDENTITIES, OUTSIDE, RDF, RDFS, VOC, compact

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
    """The article, or the named graph for identities and outside names."""

    def __str__(self) -> str:
        sign = {"added": "+", "gone": "-", "changed": "~"}[self.kind]
        values = " → ".join(v for v in (self.before, self.after) if v is not None)
        return f"{sign} {self.subject} {self.predicate} {values}  ({self.source})"


def read(where: Path) -> Embedded:
    """A build by its folder or its ``alliance.trig``; raises AllianceError."""
    return Embedded.read(where / "alliance.trig" if where.is_dir() else where)


def diff(old: Embedded, new: Embedded) -> list[Change]:
    """Claims and identities that were added, went, or changed, sorted."""
    changes = [*_claims(old, new), *_plain(old, new)]
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


def _read_claims(store: Embedded) -> dict[Key, dict[str, tuple[str, ...]]]:
    """(article, subject, predicate) -> claim's text with its qualities."""
    nodes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in select(store, "SELECT ?c ?p ?o WHERE { ?c a ally:Claim ; ?p ?o }"):
        nodes[row["c"].value][row["p"].value].append(_name(row["o"]))
    out: dict[Key, dict[str, tuple[str, ...]]] = defaultdict(dict)
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
        out[article, subject, predicate][value] = qualities
    return out


def _claims(old: Embedded, new: Embedded) -> list[Change]:
    before, after = _read_claims(old), _read_claims(new)
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
            was, now = set(before[key][value]), set(after[key][value])
            if was != now:
                changes.append(
                    Change(
                        "changed",
                        subject,
                        predicate,
                        f"{value} [{'; '.join(sorted(was - now))}]",
                        f"{value} [{'; '.join(sorted(now - was))}]",
                        article,
                    )
                )
    return changes


def _plain(old: Embedded, new: Embedded) -> list[Change]:
    changes = []
    for graph in (IDENTITIES, OUTSIDE):
        query = (
            f"SELECT ?s ?p ?o WHERE {{ GRAPH <{graph}> {{ ?s ?p ?o "
            f"FILTER(!STRSTARTS(STR(?s), '{ID}claim/') && ?p != <{RDFS}label>) }} }}"
        )
        was, now = (
            {(_name(r["s"]), _name(r["p"]), _name(r["o"])) for r in select(store, query)}
            for store in (old, new)
        )
        source = graph.rpartition("/")[2]
        changes += [Change("gone", s, p, o, None, source) for s, p, o in was - now]
        changes += [Change("added", s, p, None, o, source) for s, p, o in now - was]
    return changes
