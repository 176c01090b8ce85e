"""Rules to a fixed point: each file of ``ontology/rules`` is a SPARQL CONSTRUCT.

A rule constructs its conclusions and, beside each, a node of type ``ally:Derivation`` that holds
the conclusion (rdf:subject, rdf:predicate, rdf:object), the rule and the premises, so that
``alliance why`` can walk back to the passages. Rules only add, so the order of files does not
matter for the result. A rule that aggregates over what others derive says ``#+ stratum: 2`` in its
head: it runs when those have come to an end, as in stratified Datalog. ``#+ scope: record`` says
that a rule reads one record with the identities and tenures it names; such a rule may run over some
records without the others (see ``pipeline``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad, Triple

from alliance_graph import paths
from alliance_graph.errors import AllianceError
from alliance_graph.store import construct
from alliance_graph.vocabulary import BASE, DERIVED, PREFIXES, RDFS

if TYPE_CHECKING:
    from alliance_graph.store import Store

RULES = BASE + "ontology/rules/"
_ROUNDS = 20
"""More rounds than any chain of our rules is long; reaching it means that a rule feeds itself."""
_SAID = "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH graph:truthy { ?s ?p ?o } }"


@dataclass(frozen=True)
class Rule:
    """One rule: name, what it says in a sentence, its CONSTRUCT query, and when it runs."""

    name: str
    summary: str
    text: str
    stratum: int = 1
    scope: str = "all"
    """``record`` where it reads one record and what that names; ``all`` where it may read more."""

    @property
    def iri(self) -> str:
        """The IRI that derivations name."""
        return RULES + self.name


def rules(folder: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a folder (default: the shipped ones), by name."""
    found = []
    for path in sorted((folder or paths.ontology() / "rules").glob("*.rq")):
        text = path.read_text("utf-8")
        head = re.match(r"#\+ summary: (.+)", text)
        if head is None:
            raise AllianceError(f"{path.name}: begin it with `#+ summary: …`")
        stratum = re.search(r"^#\+ stratum: (\d+)$", text, re.M)
        scope = re.search(r"^#\+ scope: (record|all)$", text, re.M)
        rule = Rule(
            path.stem,
            head[1].strip(),
            text,
            int(stratum[1]) if stratum else 1,
            scope[1] if scope else "all",
        )
        found.append(rule)
    return tuple(found)


def derive(store: Store, ruleset: Iterable[Rule] | None = None) -> int:
    """Run the rules until nothing new comes, into the derived graph; returns how many quads came.

    What the truthy graph says already is not said again: Oxigraph's union of graphs would give such
    a triple twice, and a count over it would be wrong. Its derivation is kept.
    Raises QueryError where a rule does not parse.
    """
    graph = NamedNode(DERIVED)
    ruleset = tuple(rules() if ruleset is None else ruleset)
    said = frozenset(construct(store, _with_prefixes(_SAID)))
    known: set[Triple] = set(said)
    for stratum in sorted({rule.stratum for rule in ruleset}):
        for _ in range(_ROUNDS):
            new: set[Triple] = set()
            for rule in (r for r in ruleset if r.stratum == stratum):
                new.update(construct(store, _with_prefixes(rule.text)))
            new -= known
            if not new:
                break
            known |= new
            store.load(Quad(t.subject, t.predicate, t.object, graph) for t in new)
        else:
            raise AllianceError("the rules do not come to an end: one of them feeds itself")
    labels = [
        Quad(NamedNode(r.iri), NamedNode(RDFS + "label"), Literal(r.summary, language="en"), graph)
        for r in ruleset
    ]
    store.load(labels)
    return len(known) - len(said) + len(labels)


def _with_prefixes(text: str) -> str:
    return "".join(f"PREFIX {p}: <{iri}>\n" for p, iri in sorted(PREFIXES.items())) + text
