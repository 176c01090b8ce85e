"""The data dictionary agrees with the model, and the codebook with the ontology and the graph."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path
from typing import Annotated, Any, cast, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from alliance_graph import build, codebook, complaints, model, paths, yaml12
from alliance_graph.build import Compiled
from alliance_graph.model import Claim, DateClaim, RefTo
from alliance_graph.records import matching
from alliance_graph.vocabulary import SCHEMES, TERMS

SECTIONS: dict[str, type[BaseModel]] = {
    "Claims and their qualities": model.Said,
    "`claim`": model.Claim,
    "`date claim`": model.DateClaim,
    "`order claim`": model.OrderClaim,
    "`status claim`": model.StatusClaim,
    "`evidence`": model.Evidence,
    "Identities": model.Identity,
    "`countries`": model.Country,
    "`places`": model.Place,
    "`topics`": model.Topic,
    "`institutions`": model.Institution,
    "`offices`": model.Office,
    "`people`": model.Person,
    "`channels`": model.Channel,
    "An article file": model.Article,
    "`defaults`": model.Defaults,
    "`blocks`": model.TextBlock,
    "`unnamed`": model.UnnamedParty,
    "`names`": model.PrintedName,
    "Kinds of fact": model.Record,
    "`tenures`": model.Tenure,
    "`memberships`": model.Membership,
    "`channels` of an article": model.ChannelFacts,
    "`encounters`": model.Encounter,
    "`participants`": model.Participation,
    "`visits`": model.Visit,
    "`background`": model.ContextEvent,
    "`documents`": model.Document,
    "`commitments`": model.Commitment,
    "`statements`": model.Statement,
    "`stances`": model.Stance,
    "`counterparts`": model.Counterparts,
    "`decisions`": model.Decision,
    "`errata`": model.Erratum,
    "`codings`": model.Coding,
    "`records`": matching.Decided,
    "`decisions` on records": matching.Decision,
}
"""Headings of the data dictionary, and the model that the table below each describes."""
BASES = (model.Identity, model.Record, model.Said, model.Claim)
"""Models whose fields are described once, for all that have them."""


@pytest.fixture(scope="module")
def readme() -> str:
    return (paths.seeds() / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def made() -> Compiled:
    return build.compile_facts(paths.seeds())


@pytest.fixture(scope="module")
def page(made: Compiled) -> str:
    return codebook.as_html(made.store)


# --- the data dictionary and the model -----------------------------------------------------------


def tables(readme: str) -> dict[str, dict[str, tuple[str, str]]]:
    """What each table says: heading -> field (with its star) -> what it takes, and its values."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for chunk in re.split(r"^#{2,3} ", readme, flags=re.M)[1:]:
        rows = re.findall(r"^\| `(\w+)`( \*)? \| ([a-z]+) \| (.*?) \| (.+) \|$", chunk, re.M)
        if rows:
            heading = chunk.partition("\n")[0]
            found[heading] = {
                f"{name}{star}": (takes, values) for name, star, takes, values, _ in rows
            }
    return found


def described(kind: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """What the table of a model has to say."""
    once = {
        name
        for base in BASES
        if issubclass(kind, base) and kind is not base
        for name in base.model_fields
    }
    own = {
        name: info
        for name, info in kind.model_fields.items()
        if name not in once or _told_anew(kind, name)
    }
    return {
        f"{info.alias or name}{' *' if info.is_required() else ''}": (
            takes(info),
            values(name, info),
        )
        for name, info in own.items()
    }


def _told_anew(kind: type[BaseModel], name: str) -> bool:
    """Whether a model says of an inherited field what its base does not."""
    if kind is model.PrintedName:
        return name == "printed"
    return issubclass(kind, Claim) and name == "is_"


def takes(info: FieldInfo) -> str:
    marks = [*info.metadata]
    for part in (info.annotation, *get_args(info.annotation)):
        marks += getattr(part, "__metadata__", ())
    by_function = {
        model._claims: "claims",
        model._claim: "claim",
        model._tuple: "several",
        model._frozen: "records",
    }
    functions = [cast(Any, m.func) for m in marks if isinstance(m, BeforeValidator)]
    return next((by_function[f] for f in functions if f in by_function), "one")


def values(name: str, info: FieldInfo) -> str:
    inner = model.inner_model(info)
    if inner is DateClaim:
        return "EDTF"
    if inner and issubclass(inner, Claim):
        return values("is_", inner.model_fields["is_"])
    if inner:
        return "see below"
    parts = list(model.parts(info))
    kinds = next((p.kinds for p in parts if isinstance(p, RefTo)), ())
    told = [f"`{word}`" for word in complaints.words_of(info)]
    if kinds:
        told += ["EDTF"] * (name == "anchor") + [f"id of: {', '.join(kinds)}"]
    return ", ".join(told) or _plain(parts)


def _plain(parts: list[Any]) -> str:
    if bool in parts:
        return "`true`, `false`"
    if int in parts:
        return "whole number"
    if any(getattr(p, "func", None) is model._edtf for p in parts):
        return "EDTF"
    pattern = next((p.pattern for p in parts if getattr(p, "pattern", None)), None)
    by_pattern = {
        _pattern(model.Url): "address",
        _pattern(model.Digest): "digest",
        _pattern(model.Duration): "duration",
        _pattern(model.Words): "word range",
        _pattern(model.Slug): "id",
        _pattern(matching.Key): "record key",
    }
    if pattern in by_pattern:
        return by_pattern[pattern]
    longest = [p.max_length for p in parts if getattr(p, "max_length", None)]
    return "short text" if 200 in longest else "text"


def _pattern(kind: Any) -> str:
    assert get_origin(kind) is Annotated
    return str(kind.__metadata__[0].pattern)


def test_every_table_is_of_a_model_and_every_model_has_one(readme: str) -> None:
    assert tables(readme).keys() == SECTIONS.keys()
    shown = {kind.__name__ for kind in SECTIONS.values()}
    values_ = {k.__name__ for k in _below(model.Value)} - {"Value", "Thing", "Facts"}
    assert {n.partition("[")[0] for n in values_} == shown


def _below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield kind
    for other in kind.__subclasses__():
        if other.__module__ in (model.__name__, matching.__name__):
            yield from _below(other)


@pytest.mark.parametrize("heading", SECTIONS)
def test_a_table_has_the_fields_and_values_of_its_model(readme: str, heading: str) -> None:
    assert tables(readme)[heading] == described(SECTIONS[heading])


def test_the_article_in_the_steps_is_one(readme: str) -> None:
    """The two pieces together, as they stand before pinning."""
    first, second = re.findall(r"   ```yaml\n(.*?)   ```", readme, re.S)
    text = re.sub("^ {3}", "", first + second, flags=re.M)
    data, _, wrong = yaml12.read(text.encode(), "x.yaml")
    assert wrong == []
    article = model.Article.model_validate(data)
    known = {p.stem for p in paths.seeds().rglob("*.yaml")}
    [call] = article.encounters
    assert {p.who for p in call.participants} <= known
    assert {o for p in call.participants for o in p.in_} <= known


def test_the_commands_in_the_steps_are_there(readme: str) -> None:
    from alliance_graph.cli import main

    named = set(re.findall(r"`alliance ([a-z]+)", readme))
    assert named
    assert named <= main.commands.keys()


# --- the codebook --------------------------------------------------------------------------------


def test_every_term_and_every_word_of_every_list_is_in_it(page: str, made: Compiled) -> None:
    codes = set(re.findall(r"<code>([^<]+)</code>", page))
    assert {f"ally:{term}" for term in TERMS} <= codes
    for scheme in SCHEMES:
        assert f'id="scheme-{scheme}"' in page
    concepts = _rows(made, "SELECT ?l { ?c skos:inScheme ?s ; skos:prefLabel ?l }")
    text = unescape(page)
    assert len(concepts) > 300
    assert [c["l"].value for c in concepts if c["l"].value not in text] == []


def test_definitions_stand_in_both_languages(page: str) -> None:
    row = re.search(r'<tr><th scope="row"><code>ally:Encounter</code>.*?</tr>', page, re.S)
    assert row
    assert "was held" in row[0]
    assert '<span class="soft" lang="ko">실제로' in row[0]


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("ally:Encounter", "?x a ally:Encounter"),
        ("ally:PlannedEncounter", "?x a ally:PlannedEncounter"),
        ("ally:Tenure", "?x a ally:Tenure"),
        ("org:Post", "?x a org:Post"),
        ("ally:Claim", "?x a ally:Claim"),
    ],
)
def test_numbers_are_those_of_the_graph(page: str, made: Compiled, name: str, pattern: str) -> None:
    [row] = _rows(made, f"SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}")
    cell = re.search(rf"<code>{name}</code></th>.*?<td class=\"n\">([\d,]+)", page, re.S)
    assert cell
    assert int(cell[1].replace(",", "")) == int(row["n"].value) > 0


def _rows(made: Compiled, query: str) -> list[Any]:
    return list(cast("Iterable[Any]", made.store.query(query)))


def test_a_property_is_shown_with_its_field_and_its_list(page: str) -> None:
    chapter = page[page.index('id="encounters"') : page.index('id="participants"')]
    row = re.search(r"<code>ally:setting</code>.*?</tr>", chapter, re.S)
    assert row
    assert "<code>kind</code>" in row[0]
    assert '<a href="#scheme-setting">' in row[0]
    told = page[page.index('id="channels-of-an-article"') : page.index('id="encounters"')]
    assert re.search(r"<code>ally:principal</code>.*?<code>principal</code>", told, re.S)


def test_every_kind_of_the_codebook_is_a_heading_of_the_data_dictionary(readme: str) -> None:
    headings = re.findall(r"^#{2,3} (.+)$", readme + codebook._DERIVED, re.M)
    assert codebook.KINDS.keys() <= {h.replace("`", "").lower() for h in headings}


def test_how_facts_are_coded_is_in_it_and_how_they_are_written_is_not(page: str) -> None:
    assert "Presence is never inferred" in page
    assert "step by step" not in page


def test_it_does_not_depend_on_what_stands_in_the_graph_first(made: Compiled, page: str) -> None:
    from alliance_graph.store.embedded import Embedded

    other = Embedded(sorted(made.store.quads(), key=str, reverse=True))
    assert codebook.as_html(other) == page


def test_an_alliance_of_others_has_a_codebook_too() -> None:
    facts = Path(__file__).parent / "data" / "other-alliance"
    assert "ally:Encounter" in codebook.as_html(build.compile_facts(facts).store)


@given(st.text(alphabet="ab<>&\"'`*[]()|# \n-1.:/htps", max_size=80))
def test_no_text_of_the_data_dictionary_becomes_a_tag(text: str) -> None:
    for block in codebook._blocks(text):
        held = [block.get("text", ""), *block.get("items", ()), *block.get("head", ())]
        held += [cell for row in block.get("rows", ()) for cell in row]
        if block["kind"] != "code":  # the template escapes it
            for html in held:
                bare = re.sub(
                    r'</?(?:code|strong|em|a)>|<a href="https?://[^"<>]*" rel="noreferrer">',
                    "",
                    html,
                )
                assert "<" not in bare
                assert ">" not in bare
