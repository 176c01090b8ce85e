from __future__ import annotations

import random
import unicodedata
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import yaml12
from alliance_graph.errors import Finding
from alliance_graph.yaml12 import Refused, comments, head, read, write

RECORD = """\
# yaml-language-server: $schema=article.json
id: choi-biegun-2020-12
label: "Choi and Biegun: Seoul"
ko: 최종건·비건 회담
kind: meeting
session_number: 3
participants:
- {person: choi-jong-kun, in: kr-mofa-first-vice-minister, printed: 'First Vice Minister'}
- person: stephen-biegun
  in: [us-state-deputy-secretary, us-special-representative-for-north-korea]
date:
- is: 2020-12-09
  printed: December 9
  evidence: {p: 1, words: 19-31, digest: 0123456789abcdef}
note: >-
  His last journey there in office;
  they had met in Washington in September.
held: true
"""


def value(text: str) -> Any:
    data, node, findings = read(text.encode(), "f.yaml")
    assert findings == []
    assert node
    return data


def refused(raw: bytes | str) -> list[Finding]:
    data, node, findings = read(raw.encode() if isinstance(raw, str) else raw, "f.yaml")
    assert findings
    assert node is None or data is not None
    for finding in findings:
        assert finding.severity == "error"
        assert finding.where
        assert finding.where.file == "f.yaml"
        assert finding.where.line >= 1
        assert finding.where.column >= 1
        assert finding.what
        assert finding.mend
        assert str(finding).isprintable()
    return findings


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        *[
            (w, w)
            for w in "NO no yes Yes on Off y 12:30:45 0755 08 0o17 0o755 0x1f 2020-03".split()
        ],
        *[(w, w) for w in ("2020-10-15", "2020-02-30", "28-41", "1_000", "1,5", "+", ".", "<<a")],
        *[(w, None) for w in ("", "~", "null", "Null", "NULL")],
        *[(w, True) for w in ("true", "True", "TRUE")],
        *[(w, False) for w in ("false", "False", "FALSE")],
        ("2020", 2020),
        ("-7", -7),
        ("0", 0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("'2020'", "2020"),
        ('"true"', "true"),
        ("''", ""),
        ("nUll", "nUll"),
        ("tRUE", "tRUE"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("서울", "서울"),
        ("a\\b", "a\\b"),
        ('"a\\tb"', "a\tb"),
        ("100000000000000000", 10**17),
    ],
)
def test_plain_values(written: str, read_as: Any) -> None:
    found = value(f"k: {written}\n")["k"]
    assert found == read_as
    assert type(found) is type(read_as)


def test_every_value_has_its_place() -> None:
    _, node, findings = read(RECORD.encode(), "f.yaml")
    assert findings == []
    assert node
    second = node.child("participants").child(1)  # type: ignore[union-attr]  # it is there
    assert (second.line, second.column) == (9, 3)  # type: ignore[union-attr]  # as above
    assert node.keys["note"] == (15, 1)
    ko = node.child("ko")
    assert ko
    assert (ko.line, ko.column) == (4, 5)
    assert ko.child(0) is None
    assert node.child("nothing") is None
    assert node.child(0) is None
    people = node.child("participants")
    assert people
    assert people.child(0)
    assert people.child(2) is None
    assert people.child(-1) is None
    assert people.child("person") is None
    assert str(Refused(Finding("error", "x", "what", "mend"))) == "what"


def test_windows_line_ends_and_tabs_between_words_are_fine() -> None:
    assert value("a: 1\r\nb:\t2\r\n") == {"a": 1, "b": 2}


# --- what is refused ----------------------------------------------------------------------------

BOMB = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"


@pytest.mark.parametrize(
    ("raw", "code", "line", "column"),
    [
        (b"", "yaml-empty", 1, 1),
        (b"# only a comment\n", "yaml-empty", 2, 1),
        (b"# only a comment", "yaml-empty", 1, 17),
        (BOMB.encode(), "yaml-alias", 1, 4),
        (b"a: *b\n", "yaml-alias", 1, 4),
        (b"a: &a [*a]\n", "yaml-alias", 1, 4),
        (b"a: &a {b: 1}\nc: {<<: *a}\n", "yaml-alias", 1, 4),
        (b"a: 1\n*a : 2\n", "yaml-alias", 2, 1),
        (b"&k a: 1\n", "yaml-alias", 1, 1),
        (b"a: {<<: {b: 1}}\n", "yaml-merge", 1, 5),
        (b"a: !!python/object:os.system x\n", "yaml-tag", 1, 4),
        (b"a: !x [1]\n", "yaml-tag", 1, 4),
        (b"a: ! 1\n", "yaml-tag", 1, 4),
        (b"!!map {a: 1}\n", "yaml-tag", 1, 1),
        (b"a: !<tag:%0a%1b> x\n", "yaml-tag", 1, 4),
        (b"%YAML 1.2\n---\na: 1\n", "yaml-directive", 1, 1),
        (b"a: 1\n---\nb: 2\n", "yaml-documents", 2, 1),
        (b"a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", 3, 1),
        (b"a: {b: 1, b: 2}\n", "yaml-duplicate-key", 1, 11),
        (b"a:\n\tb: 1\n", "yaml-tab", 2, 1),
        (b"a:\n  \tb: 1\n", "yaml-tab", 2, 3),
        (b"[a]: 1\n", "yaml-key", 1, 1),
        (b"? {a: 1}\n: 1\n", "yaml-key", 1, 3),
        (b"a: [1\nb: 2\n", "yaml-syntax", 2, 2),
        (b"a: 'x\n", "yaml-syntax", 2, 1),
        (b"a: 'x", "yaml-syntax", 1, 6),
        (b"a: [1\nb", "yaml-syntax", 2, 2),
        (b"a: b: c\n", "yaml-syntax", 1, 5),
        (b'a: "\\uD800"\n', "yaml-syntax", 1, 7),
        (b"a: " + b"9" * 5000, "yaml-number", 1, 4),
        (b"a: 1e999\n", "yaml-number", 1, 4),
        (b"a: 1." + b"9" * 5000, "yaml-number", 1, 4),
        (b"\xef\xbb\xbfa: 1\n", "yaml-bytes", 1, 1),
        ("a: 1\n".encode("utf-16"), "yaml-bytes", 1, 1),
        (b"a: 1\nb: x\xff\n", "yaml-bytes", 2, 5),
        (b"a: \xc0\xae\n", "yaml-bytes", 1, 4),
        (b"a: \xed\xa0\x80\n", "yaml-bytes", 1, 4),
        (b"a: x\x00\n", "yaml-character", 1, 5),
        (b"a: x\rb: y\n", "yaml-character", 1, 5),
        (b'a: "x\\ry"\n', "yaml-character", 1, 4),
        (b"a: x\x1b[31m\n", "yaml-character", 1, 5),
        (b"a: x\x7f\n", "yaml-character", 1, 5),
        ("a: x\x85b\n".encode(), "yaml-character", 1, 5),
        ("가: x\ufeff\n".encode(), "yaml-character", 1, 5),
        ("a: x\u202ey\n".encode(), "yaml-character", 1, 5),
        ("a: x\u2028b: 1\n".encode(), "yaml-character", 1, 5),
        ("a: x\u200dy\n".encode(), "yaml-character", 1, 5),
        ("a: x\ufffe\n".encode(), "yaml-character", 1, 5),
        ("a: x\u3164\n".encode(), "yaml-character", 1, 5),
        ("a: x\U000e0041\n".encode(), "yaml-character", 1, 5),
        ("a: x\u034fy\n".encode(), "yaml-character", 1, 5),
        ("a: x\u180by\n".encode(), "yaml-character", 1, 5),
        ("a: x\u17b4y\n".encode(), "yaml-character", 1, 5),
        ("a: \u2800\n".encode(), "yaml-character", 1, 4),
        ("a: x\U0001d173y\n".encode(), "yaml-character", 1, 5),
        ("a: x\U0001bca0y\n".encode(), "yaml-character", 1, 5),
        ("a: x\ue000y\n".encode(), "yaml-character", 1, 5),
        ("a: x\U000f0000y\n".encode(), "yaml-character", 1, 5),
        ("a: x\ufdd0y\n".encode(), "yaml-character", 1, 5),
        ("a: x\U0001fffey\n".encode(), "yaml-character", 1, 5),
        ("a: x\U000effffy\n".encode(), "yaml-character", 1, 5),
        (("a: a" + "\u0301\u0316" * 200_000).encode(), "yaml-nfc", 1, 4),
        (("b: 1\na: a" + "\u0316" * 200_000 + "\u0301").encode(), "yaml-nfc", 2, 1),
        (("a: " + "x" * 2_000 + "e\u0301").encode(), "yaml-nfc", 1, 2_004),
        (b'a: "x\\u202Ey"\n', "yaml-character", 1, 4),
        (b'a: "\\0"\n', "yaml-character", 1, 4),
        (b'"\\u200b": 1\n', "yaml-character", 1, 1),
        (f'a: "{"e"}\\u0301"\n'.encode(), "yaml-character", 1, 4),
        (unicodedata.normalize("NFD", "ok: 1\na: x 서울\n").encode(), "yaml-nfc", 2, 6),
        (b"a: " + b"[" * 40 + b"]" * 40, "yaml-deep", 1, 4 + yaml12.MAX_DEPTH - 1),
        (b"a: 'x" + b"y" * 20_001 + b"'", "yaml-too-big", 1, 4),
        (b"k" * 1000 + b": 1\n", None, 0, 0),
        (b"x" * 1_000_001, "yaml-too-big", 1, 1),
    ],
)
def test_hostile_input(raw: bytes, code: str | None, line: int, column: int) -> None:
    if code is None:
        assert value(raw.decode())
        return
    first = refused(raw)[0]
    assert first.where
    assert (first.code, first.where.line, first.where.column) == (code, line, column)


SAID = """\
yaml-too-big: the file has more than 1,000,000 bytes, which is the most that is read; split it
yaml-bytes: the file begins with a byte order mark; save it as UTF-8 without BOM
yaml-bytes: byte 0xff is not UTF-8; save the file as UTF-8
yaml-character: the character U+0007 control character does not show; take it out
yaml-character: the character U+E000 private-use character does not show; take it out
yaml-character: the character U+1FFFF noncharacter does not show; take it out
yaml-character: an escape makes the character U+202E RIGHT-TO-LEFT OVERRIDE; take it out
yaml-character: an escape makes text that is not NFC; take it out
yaml-tab: a tab indents this line; indent with spaces
yaml-nfc: “éa word tha” is not in Unicode's composed form; write “éa word that” in NFC
yaml-syntax: found unexpected end of stream (while scanning a quoted scalar); see to indentation and \
quotes here and above; put text with `: ` or ` #` in quotes
yaml-syntax: mapping values are not allowed in this context; see to indentation and quotes here and \
above; put text with `: ` or ` #` in quotes
yaml-empty: the file is empty; fill it or delete it
yaml-directive: a % directive; take it out
yaml-documents: a second document begins here; keep one in each file
yaml-too-big: more than 20,000 values; split the file
yaml-deep: nested deeper than 16 levels; flatten it
yaml-alias: the alias *b; write the value out again
yaml-alias: the anchor &b; take it out
yaml-tag: the tag !\\u202e; take it out
yaml-duplicate-key: “a” stands a second time in the same map (see f.yaml:1:1); keep one; several \
values of a field go into a list
yaml-key: a map or list as a key; put {…} or […] in quotes, or mend the line
yaml-merge: the merge key <<; write the fields out
yaml-too-big: a text of 20,001 characters; at most 20,000 are read; shorten it
yaml-number: a number of 19 digits; put it in quotes
yaml-number: 1e999 is too large; put it in quotes
"""
SAID_OF: list[bytes] = [
    b"a" * 1_000_001,
    b"\xef\xbb\xbf",
    b"a: \xff",
    b"a: \x07",
    "a: \ue000".encode(),
    "a: \U0001ffff".encode(),
    b'a: "\\u202E"',
    b'a: "e\\u0301"',
    b"\ta: 1",
    "a: e\u0301a word that goes on".encode(),
    b"a: 'x",
    b"a: b: c",
    b"",
    b"%YAML 1.2\n---\na: 1",
    b"a: 1\n---\nb: 1",
    b"[" + b"{}," * 200_000 + b"]",
    b"[" * 17,
    b"a: *b",
    b"a: &b 1",
    b"a: !%E2%80%AE 1",
    b"a: 1\na: 2",
    b"[a]: 1",
    b"<<: 1",
    b"a: " + b"x" * 20_001,
    b"a: 1" + b"0" * 18,
    b"a: 1e999",
]


@pytest.mark.parametrize(("raw", "said"), list(zip(SAID_OF, SAID.splitlines(), strict=True)))
def test_what_is_said_of_it(raw: bytes, said: str) -> None:
    first = refused(raw)[0]
    place, _, told = str(first).partition(": error: ")
    assert f"{first.code}: {unicodedata.normalize('NFC', told)}" == said
    assert place == str(first.where)


def test_the_most_that_is_read() -> None:
    assert value("# " + "x" * 999_990 + "\na: 1\n")
    assert value("[" + "1," * 19_999 + "]")
    assert value("a: " + "x" * 20_000) == {"a": "x" * 20_000}
    assert value("[" * 15 + "1" + "]" * 15)
    assert value("a: -" + "9" * 18) == {"a": -(10**18 - 1)}
    assert value("a: 1." + "0" * 38) == {"a": 1.0}
    long = "x" * 100
    assert f"“{'x' * 60}”" in refused(f"{long}: 1\n{long}: 2\n")[0].what
    assert refused("a: !" + long)[0].what == "the tag !" + "x" * 59
    assert refused("a: 1e9" + "9" * 60)[0].what == "1e" + "9" * 18 + " is too large"


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n", "? "])
def test_deep_nesting_stops_early(opening: str) -> None:
    stairs = "".join(" " * i + "a:\n" for i in range(1300))
    raw = stairs if opening == "a:\n" else opening * 100_000
    assert refused(raw[:900_000])


def test_all_duplicates_are_told_at_once_with_the_first_place() -> None:
    findings = refused("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n")
    assert [str(f.where) for f in findings] == ["f.yaml:2:11", "f.yaml:3:1", "f.yaml:4:1"]
    assert [str(f.related[0]) for f in findings] == ["f.yaml:2:5", "f.yaml:1:1", "f.yaml:1:1"]


def test_a_flood_of_findings_is_cut() -> None:
    assert len(refused("a: \u200b\n" * 500)) == yaml12.MAX_FINDINGS
    assert len(refused("\ta\n" * 500)) == yaml12.MAX_FINDINGS
    assert len(refused("k: 1\n" * 500)) == yaml12.MAX_FINDINGS
    decomposed = unicodedata.normalize("NFD", "é: 1\n")
    assert len(refused(decomposed * 500)) == yaml12.MAX_FINDINGS


def test_hidden_characters_are_named() -> None:
    assert "U+202E RIGHT-TO-LEFT OVERRIDE" in refused("a: \u202e\n")[0].what


# --- comments -----------------------------------------------------------------------------------


def test_head_comments() -> None:
    assert head("# one\n# two  \nid: x\n# three\n") == ["# one", "# two"]
    assert head("id: x\n") == []
    assert head("") == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("# head\na: 1\n", []),
        ("# head\na: x#y\n", []),
        ("a: 'x # y'\n", []),
        ('a: "x # y"\n', []),
        ("a: >-\n  x # y\n  # z\n", []),
        ("a: |\n  x # y\n", []),
        ("a: 1 # one\n", ["1:6"]),
        ("# head\n\n# below\na: 1\n", ["3:1"]),
        ("a:\n  # inside\n  b: 1\n", ["2:3"]),
        ("a: > # folded\n  x\n", ["1:6"]),
        ("a: | # kept\n  x # y\n", ["1:6"]),
        ("a: |\n  x\nb: | # two\n  x # y\nc: 1\n", ["3:6"]),
        ("a: x\n# after\nb: 'y'# no blank, no remark\n", ["2:1"]),
        ("a: [1, # one\n  2]\n# end\n", ["1:8", "3:1"]),
        ("가나: 다 # 라\n", ["1:7"]),
        ("a: [\n# x", []),
    ],
)
def test_comments_that_a_rewrite_would_lose(text: str, places: list[str]) -> None:
    assert [str(m).removeprefix("f.yaml:") for m in comments(text, "f.yaml")] == places


# --- writing ------------------------------------------------------------------------------------


def test_canonical_style() -> None:
    long = "word " * 30 + "end"
    text = write(
        {
            "id": "a",
            "text": long,
            "short": {"p": 3, "words": "28-41"},
            "names": ["a", "b, c", "d: e"],
            "records": [{"id": "x", "list": ["y"]}, {"id": "z", "text": long}, "plain"],
            "empty": [],
            "nothing": {},
        }
    )
    assert text == (
        "id: a\n"
        "text: >-\n"
        f"  {' '.join(['word'] * 19)}\n"
        f"  {' '.join(['word'] * 11)} end\n"
        "short: {p: 3, words: 28-41}\n"
        "names: [a, 'b, c', 'd: e']\n"
        "records:\n"
        "- {id: x, list: [y]}\n"
        "- id: z\n"
        "  text: >-\n"
        f"    {' '.join(['word'] * 19)}\n"
        f"    {' '.join(['word'] * 11)} end\n"
        "- plain\n"
        "empty: []\n"
        "nothing: {}\n"
    )


def test_lines_are_as_long_as_they_may_be() -> None:
    """One hundred characters, lists and maps as well as texts."""
    for n in (91, 92, 93, 94, 95):
        assert write({"key": ["x" * n]}) == (
            f"key: [{'x' * n}]\n" if n <= 93 else f"key:\n- {'x' * n}\n"
        )
        assert (write({"a": {"b": "x" * n}}).count("\n") == 1) == (n <= 92), n
    for n in (87, 88, 89):
        entry = {"a": "x" * (n - 1), "b": 1}
        assert (write({"k": [entry]}).count("\n") == 2) == (n <= 88), n
    for n in (93, 94, 95, 96):
        text = "a" * (n - 2) + " b"
        assert (write({"key": text}).count("\n") == 1) == (n <= 95), n
    words = "a" * 49 + " " + "b" * 48 + " " + "c" * 3
    assert write({"k": words}) == f"k: >-\n  {words[:98]}\n  ccc\n"
    assert write({"k": "x" * 200}) == f"k: {'x' * 200}\n"
    assert write({"k": "a  b " * 40 + "c"}).count("\n") == 1
    deep: dict[str, Any] = {"k": [["a" * 60, "b" * 60]]}
    assert write(deep) == f"k:\n- - {'a' * 60}\n  - {'b' * 60}\n"
    assert value(write(deep)) == deep
    assert (
        write({"a": None, "b": True, "c": False, "d": 1.5})
        == "a: null\nb: true\nc: false\nd: 1.5\n"
    )


def test_each_level_stands_two_blanks_deeper() -> None:
    long = "word " * 30 + "end"
    assert write({"k": [{"a": 1}]}) == "k:\n- {a: 1}\n"
    assert write({"k": [["a"]]}) == "k:\n- [a]\n"
    deep: dict[str, Any] = {"a": {"b": {"c": long, "d": [long, {"e": long}]}}}
    text = write(deep)
    assert value(text) == deep
    blanks = {line.strip().split()[0]: len(line) - len(line.lstrip()) for line in text.splitlines()}
    assert blanks["b:"] == 2
    assert blanks["c:"] == blanks["d:"] == 4
    assert [len(x) - len(x.lstrip()) for x in text.splitlines() if x.strip().startswith("word")] == [
        6, 6, 6, 6, 8, 8,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("NO", "NO"),
        ("2020-10-15", "2020-10-15"),
        ("2020", "'2020'"),
        ("1234567890123456", "'1234567890123456'"),
        ("12e4567890123456", "'12e4567890123456'"),
        ("0123456789012345", "0123456789012345"),
        ("true", "'true'"),
        ("null", "'null'"),
        ("", "''"),
        ("- a", "'- a'"),
        ("-a", "-a"),
        ("a: b", "'a: b'"),
        ("a:b", "a:b"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("it's", "it's"),
        ("'quoted'", "'''quoted'''"),
        ('"quoted" word', "'\"quoted\" word'"),
        (" a", "' a'"),
        ("a\nb", '"a\\nb"'),
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("...", "'...'"),
        ("---", "'---'"),
    ],
)
def test_quotes_only_where_needed(text: str, written: str) -> None:
    assert write({"k": text}) == f"k: {written}\n"
    assert value(f"k: {written}\n") == {"k": text}


def _unseen(text: str) -> bool:
    return bool(yaml12._FORBIDDEN.search(text)) or not unicodedata.is_normalized("NFC", text)


texts = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="ab 가:#-?,[]{}&*!|>'\"%@`=~<.\n\t\\01e+", max_size=40),
    st.lists(st.text(alphabet="abc:#'", min_size=1, max_size=9), max_size=60).map(" ".join),
).filter(lambda text: not _unseen(text) and "\r" not in text)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(10**17), 10**17), texts)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.map(lambda t: t[:60]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(texts.map(lambda t: t[:60]), trees, min_size=1, max_size=5).filter(
        lambda d: "<<" not in d
    )
)
def test_what_is_written_is_read_back(fields: dict[str, Any]) -> None:
    written = write(fields)
    assert value(written) == fields
    assert write(value(written)) == written


@given(texts)
def test_a_text_is_one_text_in_every_place(text: str) -> None:
    fields: dict[str, Any] = {"a": text, "b": [text, {"c": text}], "d": {"e": [text]}}
    assert value(write(fields)) == fields


def test_other_readers_read_the_canonical_form_too() -> None:
    fields = {
        "a": "it's",
        "b": ["x: y", "#", "%", "@", "a\nb", "word " * 40 + "end"],
        "c": {"d": "[x]"},
    }
    assert yaml.safe_load(write(fields)) == fields


# --- mutations ----------------------------------------------------------------------------------


def test_two_thousand_mutations_are_read_or_refused_with_a_place() -> None:
    dice = random.Random(20201015)
    raw = RECORD.encode()
    pieces = [
        b"\t",
        b"\x00",
        b"&a ",
        b"*a",
        b"!!x ",
        b"<<: ",
        b"- ",
        b": ",
        b"{",
        b"]",
        b"'",
        b'"',
        b"\xff",
    ]
    pieces += [
        b"#",
        b"\n",
        b"---\n",
        b"%TAG ",
        "\u202e".encode(),
        "\ufeff".encode(),
        b"|",
        b">",
        b"?",
    ]
    counts = {"read": 0, "refused": 0}
    for _ in range(2000):
        text = bytearray(raw)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(text))
            end = min(len(text), at + dice.randint(0, 20))
            match dice.randrange(4):
                case 0:
                    text[at:at] = dice.choice(pieces)
                case 1:
                    del text[at:end]
                case 2:
                    text[at] = dice.randrange(256)
                case _:
                    text[at:at] = text[at:end] * dice.randint(1, 3)
        _, node, findings = read(bytes(text), "f.yaml")
        if findings:
            refused(bytes(text))
        counts["refused" if findings else "read"] += 1
        assert findings or node
    assert min(counts.values()) > 100, counts
