"""What is said of a file that does not fit the model: to the letter, since curators act on it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from alliance_graph import complaints, model
from alliance_graph.complaints import kinds, listed, near, shown
from alliance_graph.errors import Finding, Mark

PERSON = {"id": "x", "label": "X", "country": "us"}
COUNTRY = {"id": "us", "label": "US"}
OFFICE = {
    "id": "x",
    "label": "X",
    "institution": "i",
    "country": "us",
    "level": "minister",
    "level_basis": "convention",
    "portfolio": "defence",
}
ARTICLE = {
    "id": "x",
    "kind": "news-article",
    "headline": "H",
    "publisher": "p",
    "url": "https://example.org/x",
    "published": "2020-01-01",
    "anchor": "2020-01-01",
    "blocks": [{"block": "body", "words": 3, "digest": "0123456789abcdef"}],
}
MEETING = {"id": "e", "label": "E", "kind": "meeting"}
LEVELS = (
    "head-of-state-or-government, minister, vice-minister, deputy-minister, director-general, "
    "director, working-level, head-of-mission, special-representative, military, spokesperson"
)
PORTFOLIOS = (
    "leadership, foreign-affairs, defence, national-security, nuclear-negotiation, "
    "diplomatic-mission, public-affairs, energy, commerce, legislature"
)
SLUGS = "ids have small letters, digits and single hyphens"


def found(kind: type[BaseModel], data: Any) -> list[Finding]:
    """The findings; the file of each place is its path in the data, "!" where it is of a key."""

    def mark(loc: tuple[str | int, ...], key: bool) -> Mark:
        return Mark("/".join(map(str, loc)) + ("!" if key else ""))

    with pytest.raises(ValidationError) as caught:
        kind.model_validate(data)
    return complaints.findings(caught.value.errors(include_url=False), kind, mark, ("x",))


def meeting(**fields: Any) -> dict[str, Any]:
    return {"encounters": [{**MEETING, **fields}]}


@pytest.mark.parametrize(
    ("kind", "changes", "place", "said"),
    [
        (model.Person, {"lable": 1}, "lable!", "unknown-field: there is no field `lable` here; did you mean `label`?"),
        (model.Person, {"zzz": 1}, "zzz!", "unknown-field: there is no field `zzz` here; the fields here are id, label, ko, aliases, exact_match, note, country"),
        (model.Person, {"ko": {"basis": "external"}}, "ko/0/is", "missing-field: a claim of `ko` has no `is:`; give its value as `is: …`"),
        (model.Person, {"ko": {"is": "최", "basis": "external"}}, "ko/0", "rule: in this entry of `ko`, basis external needs `source:`; add `source:`"),
        (model.Person, {"label": {"a": 1}}, "label", "wrong-type: `label` is a map; give one text"),
        (model.Person, {"label": ["a"]}, "label", "wrong-type: `label` is a list; give one text"),
        (model.Person, {"label": None}, "label", "wrong-type: `label` has no value; give one, or leave the field out"),
        (model.Person, {"label": 7}, "label", "wrong-type: `label` is the number 7, where text is expected; put it in quotes: '7'"),
        (model.Person, {"label": 1000.0}, "label", "wrong-type: `label` is the number 1000.0, where text is expected; put it in quotes"),
        (model.Person, {"label": True}, "label", "wrong-type: `label` is the truth value true, where text is expected; put it in quotes: 'true'"),
        (model.Person, {"label": ""}, "label", "too-short: `label` is empty; fill it, or leave the field out"),
        (model.Person, {"label": "x" * 201}, "label", "too-long: `label` has 201 characters; at most 200 are allowed; shorten it"),
        (model.Person, {"id": "Kim Jong"}, "id", f"id: `id` cannot be “Kim Jong”; {SLUGS}, such as kim-jong"),
        (model.Person, {"id": "김"}, "id", f"id: `id` cannot be “김”; {SLUGS}"),
        (model.Person, {"exact_match": "ftp://x"}, "exact_match/0", "url: `exact_match` cannot be “ftp://x”; give an address as https://host/path; write other characters there as %20, %5B"),
        (model.Office, {"level": "ministr"}, "level", f"unknown-value: `level` cannot be “ministr”; did you mean minister? it is one of {LEVELS}"),
        (model.Office, {"level": 7}, "level", f"unknown-value: `level` cannot be the number 7; it is one of {LEVELS}"),
        (model.Office, {"portfolio": "qqqq"}, "portfolio", f"unknown-value: `portfolio` cannot be “qqqq”; it is one of {PORTFOLIOS}"),
        (model.Country, {"side": "2"}, "side", "wrong-type: `side` is “2”; give a whole number, without quotes"),
        (model.Country, {"side": 9}, "side", "wrong-value: `side`: Input should be less than or equal to 2; here stands the number 9"),
        (model.Country, {"party_of_alliance": "yes"}, "party_of_alliance", "wrong-type: `party_of_alliance` is “yes”; give true or false, without quotes"),
        (model.Article, {"published": "2020-02-30"}, "published/is", "date: “2020-02-30” is no date; February 2020 has the days 01 to 29"),
        (model.Article, {"published": "2020-02-03/2020-01-01"}, "published/is", "date: “2020-02-03/2020-01-01” ends before it begins; write 2020-01-01/2020-02-03"),
        (model.Article, {"encounters": [7]}, "encounters/0", "wrong-type: `encounters` is the number 7; give a map of fields"),
        (model.Article, {"encounters": 7}, "encounters", "wrong-type: `encounters` is the number 7; give a list: lines that begin with `- `"),
        (model.Article, {"defaults": {"holder": "Kim"}}, "defaults/holder", f"id: `holder` cannot be “Kim”; {SLUGS}, such as kim"),
        (model.Article, meeting(participants=[{}]), "encounters/0/participants/0", "rule: in this entry of `participants`, needs exactly one of `person` and `unnamed`; add exactly one of `person` and `unnamed`"),
        (model.Article, meeting(evidence={"p": 1, "words": "0-2", "digest": "0" * 16}), "encounters/0/evidence/0/words", "words: `words` cannot be “0-2”; give first and last word, as 28-41"),
        (model.Article, meeting(evidence={"p": 1, "words": "1-2", "digest": "zz"}), "encounters/0/evidence/0/digest", "digest: `digest` cannot be “zz”; digests have 16 hex digits and are made by `alliance pin`"),
        (model.Article, meeting(evidence={"p": 1}), "encounters/0/evidence/0", "rule: in this entry of `evidence`, needs words and digest, or a quote for `alliance pin`; add words and digest, or a quote for `alliance pin`"),
        (model.Article, meeting(after={"is": "x", "gap": "6 days"}), "encounters/0/after/0/gap", "interval: `gap` cannot be “6 days”; write an interval as P6D, P2W, P3M or P5Y"),
        (model.Article, meeting(colour="red"), "encounters/0/colour!", "unknown-field: there is no field `colour` here; the fields here are "),
    ],
)  # fmt: skip
def test_one_place_one_sentence_one_remedy(
    kind: type[BaseModel], changes: dict[str, Any], place: str, said: str
) -> None:
    whole: dict[type[BaseModel], dict[str, Any]] = {
        model.Person: PERSON,
        model.Country: COUNTRY,
        model.Office: OFFICE,
        model.Article: ARTICLE,
    }
    (finding,) = found(kind, {**whole[kind], **changes})
    told = f"{finding.code}: {finding.what}; {finding.mend}"
    assert told.startswith(said) if said.endswith(" ") else told == said
    assert finding.where == Mark(place)
    assert (finding.severity, finding.about) == ("error", ("x",))


def test_what_is_missing_is_named_with_what_it_takes() -> None:
    told = {
        f.where.file: f"{f.what}; {f.mend}" for f in found(model.Office, {"id": "x"}) if f.where
    }
    assert told == {
        "label": "the field `label` is missing; add `label: …`",
        "institution": "the field `institution` is missing; add `institution: …`, the id of an institution or an administration",
        "country": "the field `country` is missing; add `country: …`, the id of a country",
        "level": f"the field `level` is missing; add `level: …`, one of {LEVELS}",
        "level_basis": "the field `level_basis` is missing; add `level_basis: …`, one of stated, convention",
        "portfolio": f"the field `portfolio` is missing; add `portfolio: …`, one of {PORTFOLIOS}",
    }  # fmt: skip


def test_what_is_no_map_at_all() -> None:
    (finding,) = found(model.Article, "text")
    assert (finding.what, finding.mend) == ("the whole is “text”", "give a map of fields")


def test_of_many_of_one_kind_the_rest_is_counted() -> None:
    many = {f"k{n}": 1 for n in range(25)}
    findings = found(model.Person, {**PERSON, **many, "label": 7})
    unknown = [f for f in findings if f.code == "unknown-field"]
    assert len(unknown) == complaints.MOST == 20
    assert unknown[-1].what == "there is no field `k19` here (and 5 more of this kind)"
    assert unknown[-2].what == "there is no field `k18` here"
    assert [f.what[:7] for f in findings if f.code != "unknown-field"] == ["`label`"]
    just = found(model.Person, {**PERSON, **{f"k{n}": 1 for n in range(20)}})
    assert [f.what for f in just][-1] == "there is no field `k19` here"


def test_words_for_values_and_kinds() -> None:
    assert kinds(["person"]) == "a person"
    assert kinds(["office", "unnamed-party"]) == "an office or an unnamed-party"
    assert kinds(["person", "institution", "country"]) == "a person, an institution or a country"
    assert listed("abc", most=3) == "a, b, c"
    assert listed("abc", most=2) == "a, b and 1 more"
    assert listed(map(str, range(41))).endswith("38, 39 and 1 more")
    assert near("minstr", ["minister", "military"]) == "minister"
    assert near("zzz", ["minister"]) is None
    values: list[Any] = [None, False, 7, 1.5, "x" * 60, "x" * 61, {}, []]
    assert [shown(v) for v in values] == [
        "nothing",
        "the truth value false",
        "the number 7",
        "the number 1.5",
        f"“{'x' * 60}”",
        f"“{'x' * 60}…”",
        "a map",
        "a list",
    ]
