"""Questions: finds, describes, binds and asks the ``.rq`` files of ``queries/``.

A question is a SPARQL 1.1 query that runs as it stands; its head (``#+`` lines, YAML, in the manner
of grlc, https://grlc.io) says in words what it answers and which of its variables may be given a
value. A value is checked against its type, made a term and put before the pattern as a VALUES
block: no text is ever pasted into a query.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pyoxigraph import BlankNode, Literal, NamedNode, QueryResultsFormat, QuerySolutions

from alliance_graph import resolve, steps
from alliance_graph.errors import DateError, QueryError, UnknownName
from alliance_graph.store import select
from alliance_graph.tables import Answer, Table, Term, answer
from alliance_graph.vocabulary import KINDS, PREFIXES, VOC, XSD, concept, iri

if TYPE_CHECKING:
    from alliance_graph.store import Store

FOLDER = Path(__file__).resolve().parent / "queries"

SCHEMES = frozenset(
    "rank polarity modality attribution basis date-basis reason level portfolio status mode "
    "setting capacity channel-kind formality periodicity parity counterpart-basis "
    "commitment-kind commitment-state strength position document-kind institution-kind "
    "place-kind block role decision verdict".split()
)
"""Types whose values are a closed list: the SKOS schemes of our vocabularies."""

GROUPS: dict[str, frozenset[str]] = {
    "institution": frozenset({"institution", "administration"}),
    "place": frozenset({"place", "country"}),
    "actor": frozenset({"person", "institution", "administration", "country", "unnamed-party"}),
    "holder": frozenset(
        {"person", "institution", "administration", "country", "unnamed-party"}
        | {"document", "article"}
    ),
    "party": frozenset({"country", "institution", "administration", "office", "person"}),
    "occasion": frozenset({"encounter", "visit", "context-event"}),
    "thing": KINDS,
}
"""Types that take things of several kinds; every kind of thing is a type as well."""

SCALARS = {
    "date": "a day such as 2021-03-18",
    "since": "a date (EDTF) whose first day counts: 2021-03-18, 2021-03, 2021",
    "until": "a date (EDTF) whose last day counts: 2021-03-18, 2021-03, 2021",
    "integer": "a whole number",
    "boolean": "true or false",
    "text": "any text",
}
"""Types that are no thing and no concept, and what they take."""


@dataclass(frozen=True)
class Param:
    """What a question may be given."""

    name: str
    type: str
    """A kind of thing, a group of kinds, a closed list of concepts, or a scalar."""
    about: str = ""
    required: bool = False
    default: str | None = None
    example: str | None = None
    """A value with which the question has rows on the shipped facts."""


@dataclass(frozen=True)
class Question:
    """One question: what its head says, and the query."""

    name: str
    summary: str
    """The question in words."""
    description: str
    """What the columns mean, and how absence is to be read."""
    group: str
    """Who would ask it."""
    tags: tuple[str, ...]
    params: tuple[Param, ...]
    text: str
    """The query, head included; it runs as it stands wherever our prefixes are known."""
    absence: str | None = None
    """What an empty answer says."""
    may_be_empty: bool = False
    """Whether no rows at all is a right answer on the shipped facts."""
    then: str | None = None
    """The step that finishes the rows (:mod:`alliance_graph.steps`)."""
    lists: tuple[str, ...] = ()
    """Columns that hold several names in one text; SPARQL leaves their order open, we sort them."""

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the parameters that have to be given."""
        return tuple(p.name for p in self.params if p.required and p.default is None)

    @property
    def example(self) -> dict[str, str]:
        """Parameters with which the question has rows on the shipped facts."""
        return {p.name: p.example for p in self.params if p.example is not None}

    def standalone(self) -> str:
        """The query with a declaration for each of our prefixes that it uses, for any engine."""
        return standalone(self.text)


# --- the catalogue --------------------------------------------------------------------------------


def catalogue(folder: Path = FOLDER) -> tuple[Question, ...]:
    """Every question, by group and name."""
    found = [_read(path) for path in sorted(folder.glob("*.rq"))]
    return tuple(sorted(found, key=lambda q: (q.group, q.name)))


def find(name: str, folder: Path = FOLDER) -> Question:
    """The question of this name; raises QueryError with near ones where there is none."""
    wanted = name.strip().lower().replace("_", "-").removesuffix(".rq")
    path = folder / f"{wanted}.rq"
    if not re.fullmatch(r"[a-z0-9-]+", wanted) or not path.is_file():
        known = sorted(p.stem for p in folder.glob("*.rq"))
        raise QueryError(
            f"no question {name!r}{_near(wanted, known)} The questions are: {', '.join(known)}"
        )
    return _read(path)


def parse(name: str, text: str) -> Question:
    """A question from its text; without a head it has no parameters of its own.

    Raises QueryError where the head is not what it should be.
    """
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("#+"):
            lines.append(line[2:].removeprefix(" "))
        elif line.strip():
            break
    head = _yaml(name, "\n".join(lines)) if lines else {}
    unknown = sorted(set(head) - _KEYS)
    if unknown:
        raise QueryError(f"{name}: the head has no key {unknown[0]!r}{_near(unknown[0], _KEYS)}")
    declared = head.get("params") or {}
    if not isinstance(declared, dict):
        raise QueryError(f"{name}: `params:` in the head maps names to their types")
    return Question(
        name=name,
        summary=_one_line(head.get("summary", "")),
        description=_one_line(head.get("description", "")),
        group=_one_line(head.get("group", "")),
        tags=tuple(head.get("tags") or ()),
        params=tuple(_param(name, n, spec) for n, spec in declared.items()),
        text=text,
        absence=_one_line(head["absence"]) if head.get("absence") else None,
        may_be_empty=head.get("may_be_empty") == "true",
        then=head.get("then"),
        lists=tuple(head.get("lists") or ()),
    )


_KEYS = frozenset("summary description group tags params absence may_be_empty then lists".split())
_PARAM_KEYS = frozenset({"type", "about", "required", "default", "example"})


@lru_cache(maxsize=256)
def _read(path: Path) -> Question:
    return parse(path.stem, path.read_text("utf-8"))


def _yaml(name: str, text: str) -> dict[str, Any]:
    try:
        # every scalar as text: a type says what it is
        head = yaml.load(text, Loader=yaml.CBaseLoader)  # noqa: S506 - makes nothing but text
    except yaml.YAMLError as bad:
        raise QueryError(f"{name}: the `#+` head is no YAML: {bad}") from None
    if not isinstance(head, dict):
        raise QueryError(f"{name}: the `#+` head is a YAML mapping, such as `#+ summary: …`")
    return head


def _param(question: str, name: str, spec: Any) -> Param:
    if not isinstance(spec, dict) or set(spec) - _PARAM_KEYS or "type" not in spec:
        raise QueryError(
            f"{question}: parameter {name} needs `type:`, and may have about, required, default, "
            "example"
        )
    kind = spec["type"]
    if kind not in _types():
        raise QueryError(
            f"{question}: parameter {name} has no type {kind!r}{_near(kind, _types())}"
        )
    about = _one_line(spec.get("about", ""))
    required = spec.get("required") == "true"
    return Param(name, kind, about, required, spec.get("default"), spec.get("example"))


def _types() -> frozenset[str]:
    return KINDS | SCHEMES | frozenset(GROUPS) | frozenset(SCALARS)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _near(word: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else "."


# --- asking ---------------------------------------------------------------------------------------


def ask(store: Store, name: str, /, **params: Any) -> Table:
    """The rows that answer a question; ``params`` by name, things by id, IRI or any of their names.

    Raises QueryError for a question or parameter that there is not or a value of the wrong type,
    UnknownName for a name that no thing (or more than one) has.
    """
    question = find(name)
    given = terms(question, store, params)
    if question.then == "chain":
        return finished(question, _outwards(store, question, given), given)
    return finished(question, _table(store, question, given), given)


def _table(store: Store, question: Question, given: Mapping[str, tuple[Term, ...]]) -> Table:
    found = store.query(insert(question.text, given))
    table = answer(found, question.name, question.absence)
    if not isinstance(table, Table):
        raise QueryError(f"{question.name} is not a SELECT query")
    return table


def _outwards(store: Store, question: Question, given: Mapping[str, tuple[Term, ...]]) -> Table:
    """The rows of a chain's question as far as its end, asked hop by hop: a near one is near."""
    reached, ends = set(given["start"]), set(given["end"])
    edge = given["start"]
    rows: tuple[tuple[Term | None, ...], ...] = ()
    while True:
        table = _table(store, question, {"person": edge})
        rows += table.terms
        at = table.columns.index("other")
        met = {term for row in table.terms if (term := row[at]) is not None} - reached
        reached |= met
        if not met or reached & ends:
            return replace(table, terms=rows)
        edge = tuple(sorted(met, key=str))


def csv(store: Store, name: str) -> bytes:
    """The rows of a question without parameters as SPARQL 1.1 CSV, the same as ``ask`` gives them.

    Where nothing is to be done to them, the engine writes them: in a fifth of the time.
    """
    question = find(name)
    if not question.lists and question.then is None:
        found = store.query(insert(question.text, terms(question, store, {})))
        assert isinstance(found, QuerySolutions)  # a question is a SELECT
        written = found.serialize(format=QueryResultsFormat.CSV)
        without_a_value = b"\r\n" + b"," * (len(found.variables) - 1) + b"\r\n"
        if written is not None and without_a_value not in written:
            return written
    return ask(store, name).csv().encode()


def run(store: Store, text: str, /, **params: Any) -> Answer:
    """Answer a query of one's own: a Table for SELECT, a Truth for ASK, Triples for a graph.

    ``params`` give values to its variables: typed by its head, if it has one, else by what they
    look like (a day, a number, an IRI or prefixed name, a thing's id or name; text in quotes).
    """
    question = parse("query", text)
    given = terms(question, store, params)
    found = answer(store.query(insert(text, given)))
    return finished(question, found, given) if isinstance(found, Table) else found


def bind(question: Question, store: Store | None = None, /, **params: Any) -> str:
    """The question's query with parameters as VALUES; without a store, things only by their id."""
    return insert(question.text, terms(question, store, params))


def finished(question: Question, table: Table, given: Mapping[str, tuple[Term, ...]]) -> Table:
    """The rows of a question's query as the question shows them, whatever engine gave them.

    Names within a cell are sorted, the question's step is taken, and a row without any value (some
    engines make one when they group nothing) is none.
    """
    if not all(map(any, table.terms)):
        table = replace(table, terms=tuple(filter(any, table.terms)))
    if question.lists:
        table = steps.in_order(table, question.lists)
    if question.then is None:
        return table
    if question.then not in steps.STEPS:
        raise QueryError(f"{question.name}: no step {question.then!r}: {', '.join(steps.STEPS)}")
    return steps.STEPS[question.then](table, given)


# --- values to terms ------------------------------------------------------------------------------


def terms(
    question: Question, store: Store | None, params: Mapping[str, Any]
) -> dict[str, tuple[Term, ...]]:
    """Parameters as typed terms; a list of values means any of them.

    Raises QueryError (with the list of parameters) and UnknownName.
    """
    declared = {p.name: p for p in question.params}
    given = {name.replace("-", "_"): value for name, value in params.items() if value is not None}
    for name in given:
        if declared and name not in declared:
            raise QueryError(
                f"{question.name} takes no {name!r}{_near(name, declared)} "
                f"It takes {_described(question.params)}"
            )
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise QueryError(f"{name!r} can be no name of a variable")
        if not declared and not re.search(rf"[?$]{name}\b", question.text):
            raise QueryError(f"the query has no variable ?{name}")
    for param in question.params:
        if param.default is not None:
            given.setdefault(param.name, param.default)
    missing = [n for n in question.required if n not in given]
    if missing:
        raise QueryError(
            f"{question.name} needs {' and '.join(missing)}: it takes {_described(question.params)}"
        )
    return {
        name: tuple(
            _term(declared.get(name), name, one, store)
            for one in (value if isinstance(value, list | tuple | set | frozenset) else (value,))
        )
        for name, value in sorted(given.items())
    }


def _described(params: Sequence[Param]) -> str:
    if not params:
        return "no parameters"
    return ", ".join(f"{p.name} ({p.type}{', required' if p.required else ''})" for p in params)


def _term(param: Param | None, name: str, value: Any, store: Store | None) -> Term:
    if isinstance(value, NamedNode | Literal):
        return value
    if isinstance(value, BlankNode):
        raise QueryError(f"{name}: a blank node names nothing")
    kind = param.type if param else "any"
    try:
        if kind in SCALARS:
            return _scalar(kind, value)
        if kind in SCHEMES:
            return _concept(kind, str(value), store)
        if kind == "any":
            return _guessed(value, store)
        kinds = GROUPS.get(kind, frozenset({kind}))
        return _thing(str(value), kinds, store)
    except (QueryError, UnknownName) as bad:
        raise type(bad)(f"{name}: {bad}") from None


def _typed(value: str, datatype: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + datatype))


def _scalar(kind: str, value: Any) -> Literal:
    text = value.isoformat() if isinstance(value, date) else str(value).strip()
    wrong = QueryError(f"{text!r} is not {SCALARS[kind]}")
    if kind == "text":
        return Literal(text)
    if kind == "integer":
        if isinstance(value, bool) or not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise wrong
        return _typed(str(int(text)), "integer")
    if kind == "boolean":
        if text.lower() not in ("true", "false", "yes", "no"):
            raise wrong
        return _typed("true" if text.lower() in ("true", "yes") else "false", "boolean")
    from alliance_graph import dates

    try:
        parsed = dates.parse(text)
    except DateError as bad:
        raise QueryError(str(bad)) from None
    day = parsed.latest if kind == "until" else parsed.earliest
    if day is None or (kind == "date" and parsed.latest != day):
        raise wrong
    return _typed(day.isoformat(), "date")


def concepts(store: Store, scheme: str) -> list[str]:
    """The values of a closed list, in the order of their names; empty where the graph lacks it."""
    text = f"SELECT DISTINCT ?c WHERE {{ ?c skos:inScheme <{VOC}{scheme}> }} ORDER BY ?c"
    return [row["c"].value.rpartition("/")[2] for row in select(store, text)]


def _concept(scheme: str, value: str, store: Store | None) -> NamedNode:
    name = value.removeprefix("<").removesuffix(">").removeprefix(concept(scheme, ""))
    name = re.sub(r"[\s_]+", "-", name.strip().lower())
    known = concepts(store, scheme) if store else []
    if (known and name not in known) or not re.fullmatch(r"[a-z0-9-]+", name):
        listed = f" It is one of {', '.join(known)}" if known else ""
        raise QueryError(f"{value!r} is no {scheme}{_near(name, known)}{listed}")
    return NamedNode(concept(scheme, name))


def _thing(value: str, kinds: frozenset[str], store: Store | None) -> NamedNode:
    if store is not None:
        known = resolve.by_id(store, value, kinds)
        return NamedNode(known[0] if len(known) == 1 else resolve.one(store, value, kinds).iri)
    if len(kinds) == 1 and re.fullmatch(r"[a-z0-9][a-z0-9.\-]*", value):
        (kind,) = kinds
        return NamedNode(iri(kind, value))
    raise QueryError(f"{value!r} needs a graph to be looked up in")


def _guessed(value: Any, store: Store | None) -> Term:
    """A value for a variable whose type nobody has said."""
    if isinstance(value, bool):
        return _scalar("boolean", value)
    if isinstance(value, int):
        return _scalar("integer", value)
    if isinstance(value, float):
        return _typed(repr(value), "double")
    if isinstance(value, date):
        return _scalar("date", value)
    text = str(value).strip()
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return _scalar("date", text)
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return _scalar("integer", text)
    if text in ("true", "false"):
        return _scalar("boolean", text)
    quoted = re.fullmatch(r"\"(.*)\"(?:@([A-Za-z-]+))?", text, re.DOTALL)
    if quoted:
        return Literal(quoted[1], language=quoted[2]) if quoted[2] else Literal(quoted[1])
    prefix, colon, rest = text.partition(":")
    if colon and prefix in PREFIXES:
        return _node(PREFIXES[prefix] + rest.replace("\\/", "/"))
    if re.fullmatch(r"<.*>|https?://.*", text):
        return _node(text.removeprefix("<").removesuffix(">"))
    try:
        return _thing(text, KINDS, store)
    except UnknownName as bad:
        raise UnknownName(f'{bad}; for a plain text write it in quotes: "{text}"') from None


def _node(value: str) -> NamedNode:
    try:
        return NamedNode(value)
    except ValueError as bad:
        raise QueryError(f"{value!r} is no IRI: {bad}") from None


# --- the query's text -----------------------------------------------------------------------------

# Tokens of SPARQL 1.1 (https://www.w3.org/TR/sparql11-query/#sparqlGrammar) as far as braces need.
_COMMENT = r"\#[^\n]*"
_IRI = r"<[^<>\"{}|^`\\\x00-\x20]*>"
_STRING = (
    r"'''(?:(?:'|'')?(?:[^'\\]|\\.))*'''|\"\"\"(?:(?:\"|\"\")?(?:[^\"\\]|\\.))*\"\"\""
    r"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
)
_TOKEN = re.compile(
    rf"(?P<skip>\s+|{_COMMENT})|(?P<iri>{_IRI})|(?P<string>{_STRING})|(?P<variable>[?$]\w+)"
    r"|(?P<name>[\w-]*:(?:[\w:.%-]|\\.)*)|(?P<word>\w+)|(?P<mark>.)",
    re.DOTALL,
)
_MARK = re.compile(rf"{_COMMENT}|{_IRI}|{_STRING}|(?P<mark>[{{}}()])", re.DOTALL)


_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "mark"
        if kind != "skip":
            yield kind, found[0], found.end()


def insert(text: str, given: Mapping[str, tuple[Term, ...]]) -> str:
    """The query with the given variables in a VALUES block, first thing in its outermost pattern.

    One block with a row for each combination: engines that join from left to right then carry the
    values into the pattern. Raises QueryError where there is no such pattern.
    """
    if not given and "!BOUND(" not in text:
        return text
    nodes = (n for n, values in given.items() if all(isinstance(v, NamedNode) for v in values))
    pieces = _prepared(text, tuple(given), frozenset(nodes))
    values = {name: " ".join(map(str, terms)) for name, terms in given.items()}
    rows = itertools.product(*given.values())
    values[""] = " ".join(f"({' '.join(map(str, row))})" for row in rows)
    return "".join(values[one] if at % 2 else one for at, one in enumerate(pieces))


_HOLE = "\ufdd0"
"""Stands on both sides of the name whose values go there; no character (Unicode, section 23.7)."""
_IF_GIVEN = re.compile(r"\s*!\s*BOUND\(\s*\?(\w+)\s*\)\s*\|\|")
_EQUAL = re.compile(_IF_GIVEN.pattern + r"\s*\?(\w+)\s*=\s*\?\1\s*")


@lru_cache(maxsize=512)
def _prepared(text: str, names: tuple[str, ...], nodes: frozenset[str]) -> tuple[str, ...]:
    """The query in pieces; at odd places the name whose values go there (empty: all, in rows).

    It has the rows of the query as it stands. But engines join first and filter then, so:

    * the filter of a parameter that is not given is left out, and so is an OPTIONAL whose variables
      then stand nowhere else;
    * what a filter holds equal to a given thing has that ahead of the pattern as well, and the
      OPTIONAL that binds it is no longer optional;
    * values go into each MINUS, branch and sub-select that binds their variable.
    """
    try:
        at = _pattern(text)
    except QueryError:
        if names:
            raise
        return (text,)
    pattern, tail = _outermost(text[at:])
    clauses = re.sub(r"(?m)^\s*#.*", "", text[:at]) + tail
    parts = _needed(_parts(pattern), clauses, names)
    first, parts, held = _held(parts, nodes)
    inside = _within(parts, {n: n for n in names} | held)
    ahead = f" VALUES ({' '.join(f'?{n}' for n in names)}) {{ {_HOLE}{_HOLE} }} " if names else ""
    ahead += "".join(f"VALUES ?{v} {{ {_HOLE}{n}{_HOLE} }} " for v, n in held.items())
    return tuple(f"{text[:at]}{ahead}{first}{inside}{tail}".split(_HOLE))


@dataclass(frozen=True, eq=False)
class _Part:
    """A piece of a group pattern: plain text, or what stands in braces or parentheses."""

    text: str
    word: str = ""
    """What stands before the brace: OPTIONAL, MINUS, FILTER …, or the brace alone."""
    inner: str = ""
    """What stands between the braces."""

    @cached_property
    def variables(self) -> frozenset[str]:
        return _variables(self.text)

    def having(self, inner: str) -> _Part:
        """The same piece with something else between its braces."""
        text = self.text.removesuffix(f"{self.inner}}}")
        return _Part(f"{text}{inner}}}", self.word, inner)


def _variables(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[?$](\w+)", text))


def _outermost(text: str) -> tuple[str, str]:
    """A text up to the brace that closes its pattern, and the rest."""
    depth = 1
    for found in _MARK.finditer(text):
        depth += (found[0] == "{") - (found[0] == "}")
        if not depth:
            return text[: found.start()], text[found.start() :]
    return text, ""


def _parts(pattern: str) -> list[_Part]:
    """A group pattern in pieces, which together are its text."""
    parts: list[_Part] = []
    depth = done = start = 0
    for found in _MARK.finditer(pattern):
        if found["mark"] is None:
            continue
        if found[0] in "{(":
            start = start if depth else found.start()
            depth += 1
            continue
        depth -= 1
        if depth:
            continue
        before = re.sub(_COMMENT, lambda told: " " * len(told[0]), pattern[done:start])
        word = re.search(r"(?<![?$:\w])[A-Za-z]+\s*\Z", before)
        begin = done + word.start() if word else start
        parts.append(_Part(pattern[done:begin]))
        name = word[0].strip().upper() if word else pattern[start]
        inner = pattern[start + 1 : found.start()]
        parts.append(_Part(pattern[begin : found.end()], name, inner))
        done = found.end()
    return [*parts, _Part(pattern[done:])]


def _bound(parts: Iterable[_Part]) -> frozenset[str]:
    """Variables that a group's own triples bind, not those of a group within it."""
    plain = " ".join(p.text for p in parts if not p.word)
    return _variables(re.sub(f"{_COMMENT}|{_STRING}", " ", plain))


def _needed(parts: list[_Part], clauses: str, names: Sequence[str]) -> list[_Part]:
    """What is left without the filters of parameters not given and what only they need."""
    named = _variables(clauses)
    asks: dict[str, list[_Part]] = {}
    for part in parts:
        found = _IF_GIVEN.match(part.inner) if part.word == "FILTER" else None
        if found and found[1] not in names and found[1] not in named:
            asks.setdefault(found[1], []).append(part)
    for name, filters in asks.items():
        rest = [p for p in parts if p not in filters]
        if not any(name in p.variables for p in rest):
            parts = rest
    # repeated rows must make no difference
    aggregate = r"\b(?:COUNT|SUM|AVG|GROUP_CONCAT)\s*\(\s*(?!DISTINCT\b)"
    if not re.search(r"\bSELECT\s+DISTINCT\b|\bGROUP\s+BY\b", clauses, re.IGNORECASE) or (
        "*" in clauses or re.search(aggregate, clauses, re.IGNORECASE)
    ):
        return parts
    return _pruned(parts, named, frozenset(names))


def _pruned(parts: list[_Part], named: frozenset[str], bound: frozenset[str]) -> list[_Part]:
    """The pieces without each OPTIONAL of which no new variable is named elsewhere."""
    bound |= _bound(parts)
    for part in [p for p in parts if p.word == "OPTIONAL"]:
        at = parts.index(part)
        rest = parts[:at] + parts[at + 1 :]
        others = named.union(*(p.variables for p in rest))
        if part.variables & others <= bound:
            return _pruned(rest, named, bound)
        if "OPTIONAL" in part.inner and "SELECT" not in part.inner:
            inner = "".join(p.text for p in _pruned(_parts(part.inner), others, bound))
            parts = [*parts[:at], part.having(inner), *parts[at + 1 :]]
    return parts


def _held(parts: list[_Part], nodes: frozenset[str]) -> tuple[str, list[_Part], dict[str, str]]:
    """What is to stand first, the rest, and the parameters of variables that a filter holds equal.

    The filter stays and says the same. In a branch or sub-select a variable may be another one.
    """
    first = ""
    held: dict[str, str] = {}
    for part in list(parts):
        found = _EQUAL.fullmatch(part.inner) if part.word == "FILTER" else None
        if not found or found[1] not in nodes:
            continue
        var = found[2]
        bound = _bound(parts)
        groups = [p for p in parts if p.word not in ("", "FILTER")]
        having = [p for p in groups if var in p.variables]
        if var not in bound:
            if len(having) != 1 or having[0].word != "OPTIONAL":
                continue
            (group,) = having
            inner = _bound(_parts(group.inner))
            others = frozenset[str]().union(*(p.variables for p in groups if p is not group))
            if var not in inner or not group.variables & others <= bound:
                continue
            parts = [p for p in parts if p is not group]
            first += f"{group.inner.strip().removesuffix('.')} . "
        held[var] = found[1]
    return first, parts, held


def _within(parts: Iterable[_Part], values: Mapping[str, str]) -> str:
    """The text, with the values of variables in each group where they would come too late."""
    text = ""
    for part in parts:
        if part.word not in ("{", "UNION", "MINUS", "OPTIONAL"):
            text += part.text
            continue
        inner = part.inner
        if inner.lstrip()[:6].upper() == "SELECT":
            at = _pattern(inner)
            pattern, tail = _outermost(inner[at:])
            shown = re.sub(r"\([^()]*(\([^()]*\)[^()]*)*\)", "", inner[:at])
            mine = {v: n for v, n in values.items() if v in _variables(shown)}
            if "LIMIT" not in tail.upper():
                inner = inner[:at] + _valued(pattern, mine) + tail
        elif part.word != "OPTIONAL" or re.search(r"\?\w+ [.;,]\s", inner):
            # an OPTIONAL of one pattern is looked up row by row, one of several may be joined whole
            inner = _valued(inner, values)
        text += part.having(inner).text
    return text


def _valued(pattern: str, values: Mapping[str, str]) -> str:
    parts = _parts(pattern)
    bound = _bound(parts)
    ahead = (f" VALUES ?{v} {{ {_HOLE}{n}{_HOLE} }}" for v, n in values.items() if v in bound)
    return f"{''.join(ahead)}{_within(parts, values)}"


def _pattern(text: str) -> int:
    """Where the outermost group graph pattern begins: just behind its brace."""
    tokens = _tokens(text)
    form = next((t.upper() for _, t, _ in tokens if t.upper() in _FORMS), "")
    if form == "CONSTRUCT":
        # its template stands before the pattern; the short form has none, and takes no VALUES
        if next(tokens, ("", "", 0))[1] != "{":
            raise QueryError("a parameter needs the long form: CONSTRUCT { … } WHERE { … }")
        next((t for _, t, _ in tokens if t == "}"), "")
    depth = 0
    for kind, mark, end in tokens:
        if kind != "mark":
            continue
        depth += (mark == "(") - (mark == ")")
        if mark == "{" and not depth:
            first = next(_tokens(text[end:]), ("", "", 0))[1]
            if first.upper() == "SELECT":
                raise QueryError("a parameter needs the sub-select inside braces of its own")
            return end
    raise QueryError("a parameter needs a pattern to stand in: WHERE { … }")


def standalone(text: str) -> str:
    """A query with a PREFIX line for each of our prefixes that it uses and does not declare."""
    used: set[str] = set()
    declared: set[str] = set()
    previous = ""
    for kind, token, _ in _tokens(text):
        if kind == "name":
            prefix = token.partition(":")[0]
            (declared if previous == "PREFIX" else used).add(prefix)
        previous = token.upper()
    lines = [f"PREFIX {p}: <{PREFIXES[p]}>\n" for p in sorted((used & set(PREFIXES)) - declared)]
    return "".join(lines) + text
