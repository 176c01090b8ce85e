from __future__ import annotations

import os
import random
import re
import shutil
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from tests.hard import fuzz

from alliance_graph import complaints, evidence, model, paths, seeds, yaml12
from alliance_graph.errors import Finding, Mark
from alliance_graph.model import Person

FILES = {
    "countries/us.yaml": "id: us\nlabel: United States\nparty_of_alliance: true\nside: 2\n",
    "countries/kr.yaml": "id: kr\nlabel: South Korea\nparty_of_alliance: true\nside: 1\n",
    "places/seoul.yaml": "id: seoul\nlabel: Seoul\nkind: city\ncountry: kr\n",
    "topics/alliance.yaml": "id: alliance\nlabel: The alliance\n",
    "institutions/kr-mofa.yaml": (
        "id: kr-mofa\nkind: ministry\nlabel: Ministry of Foreign Affairs\ncountry: kr\n"
    ),
    "institutions/us-state-department.yaml": (
        "id: us-state-department\nkind: department\nlabel: Department of State\ncountry: us\n"
    ),
    "institutions/yonhap.yaml": "id: yonhap\nkind: news-agency\nlabel: Yonhap\ncountry: kr\n",
    "offices/kr-mofa-first-vice-minister.yaml": (
        "id: kr-mofa-first-vice-minister\nlabel: First Vice Minister of Foreign Affairs\n"
        "institution: kr-mofa\ncountry: kr\nlevel: vice-minister\nlevel_basis: convention\n"
        "portfolio: foreign-affairs\n"
    ),
    "people/choi-jong-kun.yaml": (
        "id: choi-jong-kun\nlabel: Choi Jong-kun\n"
        "ko: {is: 최종건, basis: general-knowledge}\ncountry: kr\n"
    ),
    "people/stephen-biegun.yaml": "id: stephen-biegun\nlabel: Stephen Biegun\ncountry: us\n",
    "channels/vice-ministers.yaml": (
        "id: vice-ministers\nlabel: Talks of vice ministers\nkind: meeting-series\n"
    ),
    "articles/biegun-seoul-2020-12.yaml": """\
id: biegun-seoul-2020-12
kind: news-article
headline: Biegun in Seoul
publisher: yonhap
url: https://example.org/biegun
published: 2020-12-11
anchor: 2020-12-11
blocks:
- {block: headline, quote: Biegun in Seoul}
- {block: body, p: 1, quote: Deputy Secretary of State …}
unnamed:
- {id: us-diplomats, label: American diplomats, of: us}
channels:
- channel: vice-ministers
  level: vice-minister
  status: {is: active, date: 2020-12-09}
encounters:
- id: choi-biegun-2020-12
  label: Choi and Biegun in Seoul
  kind: meeting
  channel: vice-ministers
  place: seoul
  participants:
  - {person: choi-jong-kun, in: kr-mofa-first-vice-minister}
  - {person: stephen-biegun, country: us}
  - {unnamed: us-diplomats}
  date:
  - is: 2020-12-09
    printed: December 9
    evidence: {p: 1, quote: He met … December 9.}
  discussed: [alliance, vice-ministers]
  evidence: {p: 1, quote: He met First Vice Minister Choi Jong-kun}
""",
}
TEXT = """\
Share
Biegun in Seoul
Deputy Secretary of State Stephen Biegun came to Seoul in December 2020. He met First Vice Minister Choi Jong-kun on December 9.
"""
ARTICLE = "articles/biegun-seoul-2020-12.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small folder of facts, with quotes not yet pinned."""
    for name, text in FILES.items():
        path = tmp_path / "facts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "facts"


@pytest.fixture
def sound(root: Path) -> Path:
    """The same, pinned."""
    assert [f.code for f in seeds.pin(root, {"a.txt": TEXT})] == ["pinned"]
    assert seeds.load(root).findings == ()
    return root


def change(root: Path, name: str, old: str, new: str) -> None:
    path = root / name
    text = path.read_text("utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), "utf-8")


def told(root: Path) -> list[Finding]:
    """The findings, each with what everybody needs to mend it."""
    findings = seeds.load(root).findings
    for finding in findings:
        assert finding.where
        assert finding.where.file.startswith(str(root))
        assert min(finding.where.line, finding.where.column) >= 1
        assert finding.what
        assert finding.mend
    return list(findings)


def only(root: Path) -> Finding:
    findings = told(root)
    assert len(findings) == 1, findings
    return findings[0]


def at(finding: Finding) -> str:
    assert finding.where
    return f"{finding.where.line}:{finding.where.column}"


# --- loading ------------------------------------------------------------------------------------


def test_everything_is_loaded_in_the_order_of_ids(sound: Path) -> None:
    loaded = seeds.load(sound)
    assert not loaded.broken
    assert [c.id for c in loaded.facts.countries] == ["kr", "us"]
    assert [p.label for p in loaded.facts.people] == ["Choi Jong-kun", "Stephen Biegun"]
    [article] = loaded.facts.articles
    assert article.encounters[0].date[0].is_ == "2020-12-09"
    assert loaded.facts.kinds()["kr-mofa"] == "institution"


def test_the_same_files_give_the_same_facts(sound: Path) -> None:
    assert seeds.load(sound).facts == seeds.load(sound).facts


def test_hidden_files_and_readmes_are_no_facts(sound: Path) -> None:
    (sound / "people" / ".x.yaml").write_text("[", "utf-8")
    (sound / "people" / "README.md").write_text("People", "utf-8")
    (sound / "README.md").write_text("Facts", "utf-8")
    assert told(sound) == []


def test_every_value_is_found_again(sound: Path) -> None:
    loaded = seeds.load(sound)
    name = "biegun-seoul-2020-12"
    lines = (sound / ARTICLE).read_text("utf-8").splitlines()

    def seen(*loc: str | int) -> str:
        mark = loaded.where(name, *loc)
        assert mark
        assert mark.file == str(sound / ARTICLE)
        return lines[mark.line - 1][mark.column - 1 :]

    assert seen("published", "is").startswith("2020-12-11")
    assert seen("encounters", 0, "channel", 0, "is").startswith("vice-ministers")
    assert seen("encounters", 0, "date", 0, "is").startswith("2020-12-09")
    assert seen("encounters", 0, "date", 0, "evidence", 0, "words").startswith("13-")
    assert seen("encounters", 0, "discussed", 1).startswith("vice-ministers")
    assert seen("encounters", 0, "participants", 0, "in", 0).startswith("kr-mofa-first")
    assert seen("encounters", 0, "no-such-field").startswith("id: choi-biegun-2020-12")
    assert loaded.where(name, "encounters", 0) == loaded.mark("choi-biegun-2020-12")
    assert loaded.mark("choi-biegun-2020-12", "date", 0) == loaded.where(
        name, "encounters", 0, "date", 0
    )
    assert loaded.mark("us-diplomats", article=name) == loaded.where(name, "unnamed", 0)
    assert loaded.mark("us-diplomats", article="other") is None
    assert loaded.where("nothing") is None
    assert loaded.where() is None
    assert loaded.mark("nothing") is None
    assert loaded.mark("kr", "label") == Mark(str(sound / "countries" / "kr.yaml"), 2, 8)


def test_a_folder_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    [finding] = seeds.load(tmp_path / "nothing").findings
    assert finding.code == "no-folder"
    assert seeds.load(tmp_path).findings == ()


# --- what is wrong with one file ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "here", "what", "mend"),
    [
        ("people/choi-jong-kun.yaml", "label:", "lable:", "missing-field", "id: choi", "`label` is missing", "add"),
        ("people/stephen-biegun.yaml", "country: us", "county: us", "unknown-field", "county:", "no field `county`", "did you mean `country`?"),
        ("people/stephen-biegun.yaml", "country: us", "zzz: us", "unknown-field", "zzz:", "no field `zzz`", "the fields here are id"),
        ("people/stephen-biegun.yaml", "country: us", "country: usa", "unknown-id", "usa", "nothing has the id usa, where a country is wanted", "did you mean us?"),
        ("people/stephen-biegun.yaml", "country: us", "country: kr-mofa", "wrong-kind", "kr-mofa", "kr-mofa is an institution, where a country is wanted", "add countries/kr-mofa.yaml"),
        ("people/stephen-biegun.yaml", "country: us", "country: NO", "id", "NO", "cannot be “NO”", "such as no"),
        ("people/stephen-biegun.yaml", "country: us", "country: 1", "wrong-type", "1", "the number 1, where text", "quotes: '1'"),
        ("people/stephen-biegun.yaml", "country: us", "country: true", "wrong-type", "true", "the truth value true", "quotes: 'true'"),
        ("people/stephen-biegun.yaml", "country: us", "country: [us]", "wrong-type", "[us]", "`country` is a list", "one text"),
        ("people/stephen-biegun.yaml", "label: Stephen Biegun", "label:", "wrong-type", "", "has no value", "leave the field out"),
        ("people/stephen-biegun.yaml", "label: Stephen Biegun", "label: ''", "too-short", "''", "is empty", "fill it"),
        ("people/stephen-biegun.yaml", "label: Stephen Biegun", f"label: {'x' * 201}", "too-long", "xxx", "at most 200", "shorten"),
        ("countries/us.yaml", "side: 2", "side: '2'", "wrong-type", "'2'", "“2”", "a whole number"),
        ("countries/us.yaml", "side: 2", "side: 3", "wrong-value", "3", "less than or equal to 2", "the number 3"),
        ("countries/us.yaml", "true", "yes", "wrong-type", "yes", "“yes”", "true or false"),
        ("offices/kr-mofa-first-vice-minister.yaml", "level: vice-minister", "level: vice-ministr", "unknown-value", "vice-ministr", "cannot be “vice-ministr”", "did you mean vice-minister? it is one of head-of-state"),
        ("offices/kr-mofa-first-vice-minister.yaml", "portfolio: foreign-affairs\n", "", "missing-field", "id: kr-mofa-first", "`portfolio` is missing", "one of leadership, foreign-affairs"),
        ("offices/kr-mofa-first-vice-minister.yaml", "institution: kr-mofa\n", "", "missing-field", "id: kr-mofa-first", "`institution` is missing", "the id of an institution or an administration"),
        ("people/choi-jong-kun.yaml", "basis: general-knowledge", "basis: external", "rule", "{is:", "basis external needs `source:`", "add `source:`"),
        ("people/choi-jong-kun.yaml", "is: 최종건, ", "", "missing-field", "{basis:", "a claim of `ko` has no `is:`", "is: …"),
        ("people/choi-jong-kun.yaml", "id: choi-jong-kun", "id: choi", "file-name", "choi\n", "not the name of the file", "rename the file choi.yaml"),
        (ARTICLE, "published: 2020-12-11", "published: 2020", "wrong-type", "2020\n", "the number 2020", "quotes: '2020'"),
        (ARTICLE, "published: 2020-12-11", "published: 2020-02-30", "date", "2020-02-30", "“2020-02-30” is no date", "01 to 29"),
        (ARTICLE, "{is: 2020-12-09,", "{is: 2020-12-09/2020-12-01,", "date", "2020-12-09/2020-12-01", "ends before it begins", "write 2020-12-01/2020-12-09"),
        (ARTICLE, "url: https:", "url: ftp:", "url", "ftp:", "ftp", "https://"),
        (ARTICLE, "example.org/biegun", "example.org/%zz[1]", "url", "https:", "%zz[1]”", "%5B"),
        ("people/choi-jong-kun.yaml", "label: Choi Jong-kun", "label: ' '", "too-short", "' '", "`label` is", "fill it"),
        (ARTICLE, "encounters:\n", "decisions:\n- {finding: unused, about: [], decision: explained, why: x, on: 2026-11-21}\nencounters:\n", "too-short", "[], d", "`about` is empty", "fill it"),
        (ARTICLE, "words: 13-", "words: ١3-", "words", None, "cannot be “١3-", "as 28-41"),
        (ARTICLE, "kind: meeting", "kind: meting", "unknown-value", "meting", "“meting”", "did you mean meeting?"),
        (ARTICLE, "place: seoul", "place: soul", "unknown-id", "soul", "a place or a country is wanted", "did you mean seoul?"),
        (ARTICLE, "discussed: [alliance, ", "discussed: [aliance, ", "unknown-id", "aliance", "aliance", "did you mean alliance?"),
        (ARTICLE, "{person: choi-jong-kun, in", "{person: choi-jong-un, in", "unknown-id", "choi-jong-un", "choi-jong-un", "did you mean choi-jong-kun?"),
        (ARTICLE, "{unnamed: us-diplomats}", "{unnamed: us-diplomats, person: stephen-biegun}", "rule", "{unnamed:", "exactly one of", "add exactly one"),
        (ARTICLE, "{unnamed: us-diplomats}", "us-diplomats", "wrong-type", "us-diplomats\n", "us-diplomats", "a map of fields"),
        (ARTICLE, "{is: active, date: 2020-12-09}", "{is: actve, date: 2020-12-09}", "unknown-value", "actve", "actve", "did you mean active?"),
        (ARTICLE, "printed: December 9,", "printed: December 9, rank: preferred,", "rule", "{is: 2020-12-09", "in this entry of `date`, rank preferred needs", "add `because:`"),
        (ARTICLE, "printed: December 9,", "printed: December 9, holder: 'Kim',", "id", "'Kim'", "`holder` cannot be “Kim”", "such as kim"),
        (ARTICLE, "words: 13-", "words: 0-", "words", None, "cannot be “0-", "as 28-41"),
        (ARTICLE, "words: 13-19", "words: 99-105", "evidence-place", None, "block body 1 has", "alliance pin"),
        (ARTICLE, "evidence: {words: 13-19", "evidence: {p: 2, words: 13-19", "evidence-place", None, "names block body 2", "it has headline 1, body 1"),
        (ARTICLE, "digest: ", "digest: XX", "digest", None, "cannot be “XX", "16 hex digits"),
        (ARTICLE, "encounters:\n", "encounters:\n- {}\n", None, None, "", ""),
        (ARTICLE, "id: us-diplomats", "id: kr", "duplicate-id", None, "the id kr of this unnamed-party is already that of a country", "unique"),
    ],
)  # fmt: skip
def test_one_thing_wrong(
    sound: Path,
    name: str,
    old: str,
    new: str,
    code: str | None,
    here: str | None,
    what: str,
    mend: str,
) -> None:
    change(sound, name, old, new)
    findings = told(sound)
    if code is None:
        assert {f.what for f in findings} >= {
            "the field `id` is missing",
            "the field `kind` is missing",
        }
        return
    first = next((f for f in findings if f.code == code), None)
    assert first, findings
    assert what in first.what
    assert mend in first.mend
    assert first.severity == "error"
    assert first.where
    assert first.where.file == str(sound / name)
    if here is not None:
        line = (sound / name).read_text("utf-8").splitlines(keepends=True)[first.where.line - 1]
        assert line[first.where.column - 1 :].startswith(here)
    known_to_follow = {
        "duplicate-id": {"wrong-kind", "unknown-id"},
        "file-name": {"unknown-id"},
        "missing-field": {"unknown-field"},
    }
    assert {f.code for f in findings} - {code} <= known_to_follow.get(code, set())


@pytest.mark.parametrize("text", ["[]\n", "- id: x\n", "text\n", "2020\n", "null\n", "'x'\n"])
def test_a_file_that_is_no_map(sound: Path, text: str) -> None:
    (sound / "people" / "stephen-biegun.yaml").write_text(text, "utf-8")
    shape = [f for f in told(sound) if f.code == "shape"]
    assert len(shape) == 1
    assert at(shape[0]) == "1:1"


def test_all_is_told_at_once_and_in_order(sound: Path) -> None:
    change(sound, ARTICLE, "kind: meeting", "kind: meting\n  colour: red")
    change(sound, ARTICLE, "place: seoul", "place: [{is: seoul}, {is: 7}]")
    change(sound, "countries/us.yaml", "side: 2", "side: 2\nside: 1")
    change(sound, "people/choi-jong-kun.yaml", "country: kr", "country: kt")
    findings = told(sound)
    assert [f.code for f in findings] == [
        "unknown-value",
        "unknown-field",
        "wrong-type",
        "yaml-duplicate-key",
        "unknown-id",
    ]
    assert findings == sorted(findings, key=lambda f: f.where or Mark(""))


def test_what_a_broken_file_defines_is_still_known(sound: Path) -> None:
    change(sound, ARTICLE, "kind: news-article", "kind: news-articl")
    change(sound, "offices/kr-mofa-first-vice-minister.yaml", "level: vice", "level: voce")
    change(sound, "countries/kr.yaml", "side: 1", "side: one")
    assert sorted(f.code for f in told(sound)) == ["unknown-value", "unknown-value", "wrong-type"]
    facts = seeds.load(sound).facts
    assert facts.articles == ()
    assert facts.offices == ()
    assert len(facts.people) == 2
    assert seeds.load(sound).mark("choi-biegun-2020-12")


def test_a_quote_left_is_one_error_that_names_the_remedy(root: Path) -> None:
    finding = only(root)
    assert finding.code == "not-pinned"
    assert "4 quotes" in finding.what
    assert "alliance pin" in finding.mend
    assert at(finding) == "9:3"
    assert len(finding.related) == 3


def test_a_comment_that_would_be_lost_is_a_warning(sound: Path) -> None:
    change(sound, "people/stephen-biegun.yaml", "country: us", "country: us # for now")
    finding = only(sound)
    assert (finding.severity, finding.code, at(finding)) == ("warning", "comment", "3:13")


# --- ids over files -----------------------------------------------------------------------------


def test_one_id_in_two_kinds_is_an_error(sound: Path) -> None:
    (sound / "topics" / "kr.yaml").write_text("id: kr\nlabel: Korea\n", "utf-8")
    finding = only(sound)
    assert finding.code == "duplicate-id"
    assert "this topic is already that of a country" in finding.what
    assert finding.related


def test_two_articles_may_tell_of_one_encounter(sound: Path) -> None:
    text = (sound / ARTICLE).read_text("utf-8")
    other = text.replace("id: biegun-seoul-2020-12", "id: other-2020-12").replace(
        "us-diplomats", "others"
    )
    (sound / "articles" / "other-2020-12.yaml").write_text(other, "utf-8")
    finding = only(sound)
    assert (finding.severity, finding.code) == ("info", "told-twice")
    assert finding.about == ("choi-biegun-2020-12",)
    loaded = seeds.load(sound)
    here = loaded.mark("choi-biegun-2020-12", article="other-2020-12")
    assert here
    assert here.file.endswith("other-2020-12.yaml")


def test_one_id_twice_in_an_article_or_for_two_kinds_is_an_error(sound: Path) -> None:
    again = "- {id: choi-biegun-2020-12, label: Again, kind: call}\n"
    change(sound, ARTICLE, "encounters:\n", "encounters:\n" + again)
    assert only(sound).code == "duplicate-id"
    change(sound, ARTICLE, again, "")
    change(
        sound,
        ARTICLE,
        "encounters:\n",
        "visits:\n- {id: choi-biegun-2020-12, label: V}\nencounters:\n",
    )
    assert only(sound).code == "duplicate-id"


# --- files that are none ------------------------------------------------------------------------


def test_links_are_not_followed(sound: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("password: hunter2\n", "utf-8")
    (sound / "people" / "secret.yaml").symlink_to(secret)
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(sound / "topics")
    (sound / "topics").symlink_to(tmp_path / "elsewhere")
    findings = [f for f in told(sound) if f.code == "symlink"]
    assert len(findings) == 2
    assert "hunter2" not in str(told(sound))


def test_other_files_and_folders_are_named(sound: Path) -> None:
    (sound / "people" / "x.yml").write_text("id: x\n", "utf-8")
    (sound / "people" / "more.yaml").mkdir()
    os.mkfifo(sound / "people" / "pipe.yaml")
    (sound / "persons").mkdir()
    (sound / "persons" / "x.yaml").write_text("id: x\n", "utf-8")
    (sound / "erata.yaml").write_text("- {about: x}\n", "utf-8")
    (sound / "notes.yml").write_text("- x\n", "utf-8")
    (sound / "errata.yaml").write_text("[]\n", "utf-8")
    findings = told(sound)
    assert sorted(f.code for f in findings) == ["stray-file"] * 5 + ["stray-folder"]
    assert "did you mean errata.yaml?" in {f.mend for f in findings}
    assert {f.severity for f in findings} == {"warning"}


def test_hostile_names_and_ids_reach_nothing_outside(sound: Path) -> None:
    """Control characters and bytes that are no UTF-8 in names, paths as ids, devices, big and small."""
    people, good = sound / "people", (sound / "people" / "stephen-biegun.yaml").read_text("utf-8")
    for name in (b"\xff\x1b[31m.yaml", b"a\nb.yaml", b"Stephen-Biegun.yaml", b"CON.yaml"):
        Path(os.fsdecode(os.fsencode(people) + b"/" + name)).write_text(good, "utf-8")
    for n, told_as in enumerate(("../../x", "/etc/passwd", "a/b", "..", "a\\0b", "Kim", "김")):
        text = f'id: "{told_as}"\nlabel: X\ncountry: us\n'
        (people / f"x{n}.yaml").write_text(text, "utf-8")
    (people / "device.yaml").symlink_to("/dev/zero")
    (people / "nowhere.yaml").symlink_to(sound / "nowhere")
    (sound / "codings.yaml").symlink_to("/etc/passwd")
    findings = told(sound)
    assert all(str(f).isprintable() for f in findings)
    assert Counter(f.code for f in findings) == {
        "symlink": 3,
        "file-name": 4,
        "duplicate-id": 4,
        "id": 6,
        "yaml-character": 1,
    }
    assert [p.id for p in seeds.load(sound).facts.people].count("stephen-biegun") == 5


@pytest.mark.parametrize(
    ("written", "place", "word", "odd"),
    [
        ("label: Кim Jong-un", "2:8", "Кim Jong-un", "“К” is U+041A CYRILLIC CAPITAL LETTER KA"),
        ('label: "\\u041aim"', "2:8", "Кim", "U+041A"),
        ("label: Kim Ко", "2:8", "Kim Ко", "U+041A"),
        ("label: Κim", "2:8", "Κim", "U+039A GREEK CAPITAL LETTER KAPPA"),
        ("label: Ｋim", "2:8", "Ｋim", "U+FF2B FULLWIDTH LATIN CAPITAL LETTER K"),
        ("label: X\naliases: [Y, {is: Sаm}]", "3:19", "Sаm", "U+0430"),
        ("label: X\nnote: He met Кim there", "3:7", "Кim", "U+041A"),
    ],
)
def test_letters_that_only_look_alike_are_told(
    sound: Path, written: str, place: str, word: str, odd: str
) -> None:
    path = sound / "people" / "x.yaml"
    path.write_text(f"id: x\n{written}\ncountry: us\n", "utf-8")
    finding = only(sound)
    assert (finding.severity, finding.code, finding.about) == ("warning", "mixed-script", ("x",))
    assert f"“{word}” has letters of two scripts" in finding.what
    assert odd in finding.what
    assert str(finding.where) == f"{path}:{place}"


@pytest.mark.parametrize(
    "text",
    [
        "G20 정상회의, SCM은 X-Ray다",
        "文在寅 Moon",
        "Киев (Kyiv)",
        "Путин은",
        "Ｇ２０首脳",
        "p'yŏngyang ʼ 5µm 1ª",
        "Ελλάδα",
        "ÅÉő ﬁ",
    ],
)
def test_scripts_that_stand_together_are_fine(sound: Path, text: str) -> None:
    (sound / "people" / "x.yaml").write_text(f'id: x\nlabel: "{text}"\ncountry: us\n', "utf-8")
    assert told(sound) == []


def test_a_flood_of_unknown_fields_is_counted(sound: Path) -> None:
    fields = "".join(f"k{n}: 1\n" for n in range(9_000))
    (sound / "people" / "x.yaml").write_text(f"id: x\nlabel: X\ncountry: us\n{fields}", "utf-8")
    findings = told(sound)
    assert {f.code for f in findings} == {"unknown-field"}
    assert len(findings) == complaints.MOST
    assert findings[-1].what == "there is no field `k19` here (and 8980 more of this kind)"
    assert "more" not in findings[-2].what


def test_what_should_be_a_folder_or_a_list_and_is_neither(root: Path) -> None:
    shutil.rmtree(root / "topics")
    (root / "topics").write_text("id: alliance\n", "utf-8")
    os.mkfifo(root / "records")
    os.mkfifo(root / "errata.yaml")
    (root / "codings.yaml").mkdir()
    strays = {f.what for f in told(root) if f.code == "stray-file"}
    assert strays == {
        "topics is no folder and is not read",
        "records is no folder and is not read",
        "errata.yaml is no plain file and is not read",
        "codings.yaml is no plain file and is not read",
    }


def test_a_file_that_became_a_pipe_is_not_waited_for(sound: Path) -> None:
    os.mkfifo(sound / "pipe")
    with pytest.raises(OSError, match="no plain file"):
        seeds.content(sound / "pipe")


def test_a_file_that_may_not_be_read(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def denied(path: Path, *args: Any) -> int:
        if str(path).endswith("stephen-biegun.yaml"):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args)

    monkeypatch.setattr(os, "open", denied)
    findings = told(sound)
    assert "unreadable" in {f.code for f in findings}
    assert "cannot be read: Permission denied" in {f.what for f in findings}


def test_a_huge_file_is_refused_without_being_read(sound: Path) -> None:
    path = sound / "people" / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(5_000_000_000)
    assert only(sound).code == "yaml-too-big"


# --- canonical form -----------------------------------------------------------------------------


def test_the_shipped_facts_load_and_are_canonical() -> None:
    loaded = seeds.load(paths.seeds())
    assert [str(f) for f in loaded.findings if f.fails] == []
    assert [str(f) for f in seeds.uncanonical(paths.seeds())] == []
    assert loaded.facts.articles


def test_fix_writes_the_canonical_form_and_nothing_else_changes(sound: Path) -> None:
    before = seeds.load(sound).facts
    path = sound / "people" / "choi-jong-kun.yaml"
    path.write_text(
        "# a head\ncountry:   'kr'\nko:\n- basis: general-knowledge\n  is: \"최종건\"\nlabel: Choi Jong-kun\nid: choi-jong-kun\n",
        "utf-8",
    )
    path.chmod(0o640)
    assert [f.code for f in seeds.uncanonical(sound) if str(path) in str(f.where)] == [
        "not-canonical"
    ]
    changed = seeds.fix(sound)
    assert path in changed
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_text("utf-8") == (
        "# yaml-language-server: $schema=../../build/schema/person.json\n"
        "# a head\n"
        "id: choi-jong-kun\n"
        "label: Choi Jong-kun\n"
        "ko: {is: 최종건, basis: general-knowledge}\n"
        "country: kr\n"
    )
    assert seeds.load(sound).facts == before
    assert seeds.fix(sound) == []
    assert seeds.uncanonical(sound) == []
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_fix_leaves_alone_what_it_would_harm(sound: Path) -> None:
    comment, wrong = sound / "people" / "stephen-biegun.yaml", sound / "topics" / "alliance.yaml"
    comment.write_text("label: Stephen Biegun\n# why\nid: stephen-biegun\n", "utf-8")
    wrong.write_text("label: 7\nid: alliance\n", "utf-8")
    before = comment.read_text("utf-8"), wrong.read_text("utf-8")
    changed = seeds.fix(sound)
    assert comment not in changed
    assert wrong not in changed
    assert (comment.read_text("utf-8"), wrong.read_text("utf-8")) == before


def test_canonical_of_a_text() -> None:
    path = Path("people/x.yaml")
    text = "label: X\nid: x\n"
    done = seeds.canonical(text, path)
    assert done.endswith("\nid: x\nlabel: X\n")
    assert seeds.canonical(done, path) == done
    for kept in ("label: 1\n", "[", "id: x # y\nlabel: X\n"):
        assert seeds.canonical(kept, path) == kept
    assert seeds.canonical(text, Path("elsewhere/x.yaml")) == text


def test_a_write_that_fails_leaves_the_file_whole(
    sound: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sound / "people" / "stephen-biegun.yaml"
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        seeds.fix(sound)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


# Values for any field of the model, from its annotations.

_WORDS = st.sampled_from(
    "NO yes 2020 1e3 - # : 'x' \"y\" [a] {b} 서울 외교부 it's a:b null true ~ % @ … “q” 0755 word".split()
)
_TEXT = st.lists(_WORDS, min_size=1, max_size=40).map(
    lambda w: unicodedata.normalize("NFC", " ".join(w))
)
_BY_PATTERN = {
    "^[a-z0-9]+(-": st.sampled_from(
        ["kr", "us", "x-1", "2020", "null", "no", "true", "1e5", "stephen-biegun"]
    ),
    "^[0-9a-f]{16}": st.sampled_from(
        ["0123456789abcdef", "1234567890123456", "12e4567890123456", "0000000000000000"]
    ),
    "^[1-9]": st.sampled_from(["1", "28-41"]),
    "^https?": st.sampled_from(["https://example.org/?a=b#c", "http://x.y"]),
    r"^P\d": st.sampled_from(["P6D", "P5Y"]),
}
_EDTF = st.sampled_from(
    ["2020", "2020-12-09", "2020-12~/..", "[2020,2021]", "2021-03-19T16:34+09:00"]
)


def _plain_values(annotation: Any, marks: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """What may stand in a file for a value of this type."""
    marks = (*getattr(annotation, "__metadata__", ()), *marks)
    if hasattr(annotation, "__metadata__"):
        return _plain_values(annotation.__origin__, marks)
    arguments = get_args(annotation)
    funcs = [getattr(m, "func", None) for m in marks]
    if model._edtf in funcs:
        return _EDTF
    if annotation is str:
        return _texts(marks)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(1, 2)
    if annotation is type(None):
        return st.none()
    if isinstance(annotation, type) and issubclass(annotation, model.Value):
        return _maps(annotation)
    if arguments and isinstance(arguments[0], str):
        return st.sampled_from(arguments)
    if getattr(annotation, "__origin__", None) is tuple:
        item = _plain_values(arguments[0])
        if model._claims in funcs:
            item = item | item.map(lambda c: c["is"])
        many = st.lists(item, max_size=3)
        return many if model._frozen in funcs else many | item
    return st.one_of([_plain_values(a) for a in arguments])


def _field_values(info: FieldInfo) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: _plain_values(info.annotation, tuple(info.metadata)))


def _texts(marks: tuple[Any, ...]) -> st.SearchStrategy[str]:
    for mark in marks:
        pattern = getattr(mark, "pattern", None)
        for start, values in _BY_PATTERN.items():
            if pattern and pattern.startswith(start):
                return values
    most = next((m.max_length for m in marks if getattr(m, "max_length", None)), 600)
    return _TEXT.map(lambda text: text[:most].strip() or "x")


def _maps(kind: type[model.Value]) -> st.SearchStrategy[dict[str, Any]]:
    needed: dict[str, st.SearchStrategy[Any]] = {}
    free: dict[str, st.SearchStrategy[Any]] = {}
    for name, info in complaints.fields_of(kind).items():
        if name == "quote":
            continue
        must = info.is_required() or name in ("words", "digest")
        (needed if must else free)[name] = _field_values(info)

    @st.composite
    def made(draw: st.DrawFn) -> dict[str, Any]:
        some = draw(st.sets(st.sampled_from(sorted(free)), max_size=3)) if free else set()
        return {
            name: draw(values)
            for name, values in {**needed, **{n: free[n] for n in sorted(some)}}.items()
        }

    return made()


@pytest.mark.parametrize("folder", seeds.FOLDERS)
def test_what_is_dumped_loads_as_the_same(folder: str) -> None:
    kind = seeds.FOLDERS[folder]
    seen = 0

    @settings(max_examples=60)
    @given(_maps(kind))
    def round_trip(fields: dict[str, Any]) -> None:
        nonlocal seen
        try:
            thing = kind.model_validate(fields)
        except ValidationError:
            return
        seen += 1
        text = seeds.dump(thing)
        data, node, findings = yaml12.read(text.encode(), "f")
        assert findings == []
        assert node
        again = kind.model_validate(data)
        assert again == thing
        assert seeds.dump(again, yaml12.head(text)) == text
        assert seeds.canonical(text, Path(folder, "f.yaml")) == text

    round_trip()
    assert seen > 10


# --- pinning ------------------------------------------------------------------------------------


def test_pin_rewrites_the_file_with_locators(root: Path) -> None:
    [done] = seeds.pin(root, {"other.txt": "Something else\n", "a.txt": TEXT})
    assert (done.severity, done.code, done.what) == ("info", "pinned", "4 of 4 quotes pinned")
    text = (root / ARTICLE).read_text("utf-8")
    assert "quote" not in text
    assert "He met" not in text
    [article] = seeds.load(root).facts.articles
    assert evidence.verify(article, TEXT) == []
    assert article.text_digest
    assert seeds.pin(root, {"a.txt": TEXT}) == []


def test_pin_reads_a_folder_of_texts_and_only_the_articles_named(
    root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (folder / "notes.md").write_text(TEXT, "utf-8")
    assert seeds.pin(root, folder, lambda name: name == "another") == []
    assert [f.code for f in seeds.pin(root, folder)] == ["pinned"]


def test_pin_keeps_and_tells_what_it_cannot_find(root: Path) -> None:
    change(root, ARTICLE, "quote: He met … December 9.", "quote: He left … December 9.")
    findings = seeds.pin(root, {"a.txt": TEXT})
    assert [f.code for f in findings] == ["pinned", "quote-not-pinned"]
    assert "3 of 4" in findings[0].what
    lines = (root / ARTICLE).read_text("utf-8").splitlines()
    assert findings[1].where
    assert lines[findings[1].where.line - 1].endswith("evidence: {quote: He left … December 9.}}")
    assert "He left" in (root / ARTICLE).read_text("utf-8")


def test_pin_without_the_text_or_with_errors_changes_nothing(root: Path) -> None:
    before = (root / ARTICLE).read_text("utf-8")
    assert [f.code for f in seeds.pin(root, {"a.txt": "Another text\n"})] == ["no-text"]
    assert (root / ARTICLE).read_text("utf-8") == before
    change(root, ARTICLE, "kind: meeting", "kind: meting")
    assert [f.code for f in seeds.pin(root, {"a.txt": TEXT})] == ["unknown-value"]
    change(root, ARTICLE, "kind: meting", "kind: meeting # sic")
    assert [f.code for f in seeds.pin(root, {"a.txt": TEXT})] == ["comment"]


# --- for editors --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schemas() -> dict[str, dict[str, Any]]:
    """The schemas with the ids of the shipped facts."""
    return seeds.schema(seeds.load(paths.seeds()).facts)


@pytest.mark.parametrize("folder", seeds.FOLDERS)
def test_the_schema_accepts_the_shipped_facts_and_refuses_slips(
    folder: str, schemas: dict[str, dict[str, Any]]
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = schemas[seeds.FOLDERS[folder].kind_name]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted((paths.seeds() / folder).glob("*.yaml"))[:3]:
        data, _, findings = yaml12.read(path.read_bytes(), str(path))
        assert findings == []
        assert [e.message for e in validator.iter_errors(data)] == [], path
        assert not validator.is_valid({"colour": "red", **data})
        assert not validator.is_valid({**data, "id": "No Slug"})


def test_the_schema_offers_ids_and_hover_text(schemas: dict[str, dict[str, Any]]) -> None:
    office = schemas["office"]
    assert sorted(schemas) == sorted(kind.kind_name for kind in seeds.FOLDERS.values())
    assert office["properties"]["level_basis"]["description"].startswith("Whether an article")
    country = office["$defs"]["id-of-country"]
    assert "kr" in country["examples"]
    assert country["description"] == "the id of a country"
    without = seeds.schema()
    assert "examples" not in without["office"]["$defs"]["id-of-country"]
    assert "x-takes" not in str(without)
    assert "x-kinds" not in str(without)


def test_the_schema_defines_what_it_uses_and_no_more(schemas: dict[str, dict[str, Any]]) -> None:
    for name, schema in schemas.items():
        used = set(re.findall(r"'#/\$defs/([^']+)'", str(schema)))
        assert used == set(schema["$defs"]), name
        assert not any("title" in part for part in schema["$defs"].values()), name


# --- mutations ----------------------------------------------------------------------------------


def test_mutations_in_a_folder_end_in_findings_with_places(sound: Path) -> None:
    dice = random.Random(16)
    path = sound / ARTICLE
    original = fuzz.Original("articles", path.read_text("utf-8"))
    broken = 0
    for _ in range(200):
        path.write_bytes(fuzz.mutated(original, dice))
        findings = told(sound)
        broken += any(f.severity == "error" for f in findings)
    assert 100 < broken < 200


def test_twenty_thousand_mutations_of_real_files_are_read_or_refused_with_a_place() -> None:
    """A million: ``python -m tests.hard fuzz``."""
    seen = fuzz.run(20_000)
    assert seen.wrong == []
    assert seen.all == 20_000
    assert 1_000 < seen.read < 10_000
    assert seen.grown < fuzz.GROWTH
    # every kind of refusal was met, so that no check sleeps
    assert len(seen.codes) > 25, seen.codes


def test_a_person_is_dumped_as_it_stands() -> None:
    person = Person.model_validate(
        {"id": "x", "label": "X", "aliases": ["Y", {"is": "Z", "basis": "curated"}]}
    )
    assert seeds.dump(person, ["# yaml-language-server: $schema=s.json", "# more"]) == (
        "# yaml-language-server: $schema=s.json\n"
        "# more\n"
        "id: x\n"
        "label: X\n"
        "aliases:\n"
        "- Y\n"
        "- {is: Z, basis: curated}\n"
    )


@pytest.mark.parametrize("anchor", ["2022-13-01", "au-jp-2-plus-2-2022-12-08"])
def test_an_anchor_is_a_date_or_the_id_of_an_event(tmp_path: Path, anchor: str) -> None:
    other = Path(__file__).parent / "data" / "other-alliance"
    for path in other.rglob("*.yaml"):
        copy = tmp_path / path.relative_to(other)
        copy.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8").replace(
            "{is: 2022-12-09, date_basis: stated, printed",
            f"{{is: 2022-12-09, anchor: {anchor}, date_basis: stated, printed",
        )
        copy.write_text(text, "utf-8")
    errors = [f for f in seeds.load(tmp_path).findings if f.severity == "error"]
    assert [f.code for f in errors] == ["unknown-id"]
    assert anchor in errors[0].what
