"""YAML as we read and write it: strict, with the place of every value, and canonical.

Read is a safe part of YAML 1.2 (https://yaml.org/spec/1.2.2/): one document of maps, lists and
scalars; no anchors, aliases, tags, merge keys or directives; no key twice. Of plain scalars only
``true``, ``false``, ``null``, decimal integers and floats are more than text: ``NO``, ``on``,
``12:30:45``, ``0755`` and ``2020-10-15`` stay as they are written. Everything wrong is a Finding.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from alliance_graph.errors import Finding, Mark

MAX_BYTES = 1_000_000
MAX_DEPTH = 16
MAX_NODES = 20_000
MAX_SCALAR = 20_000
MAX_FINDINGS = 20
"""Of one kind in one file: the rest is counted."""
WIDTH = 100


class Node:
    """Where a value stands, and where the values in it do; line and column from 1."""

    __slots__ = ("column", "inside", "keys", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column
        self.inside: dict[str, Node] | list[Node] | None = None
        self.keys: dict[str, tuple[int, int]] = {}

    def child(self, key: str | int) -> Node | None:
        """The node of a field or an item."""
        if isinstance(self.inside, dict):
            return self.inside.get(key) if isinstance(key, str) else None
        if isinstance(self.inside, list) and isinstance(key, int):
            return self.inside[key] if 0 <= key < len(self.inside) else None
        return None


class Refused(Exception):
    """The text cannot be read on; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


# the last two of each plane are no characters
_LAST_TWO = "".join(chr(p) + chr(p + 1) for p in range(0x1FFFE, 0xFFFFE, 0x10000))
_FORBIDDEN = re.compile(
    "\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff" + _LAST_TWO + "]"
)
"""Control, invisible, bidirectional, private-use and noncharacters: a reader would not see them."""
_PIECE = 1_000
"""Characters looked at together for Unicode's composed form: of many marks in a row, the time to
sort them grows with the square of their number."""
_TAB_INDENT = re.compile(r"^ *\t", re.M)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


def read(raw: bytes, file: str) -> tuple[Any, Node | None, list[Finding]]:
    """The value of a YAML file, the places in it, and everything wrong with it.

    The value is only to be used if no finding is an error.
    """
    try:
        text = _text(raw, file)
    except Refused as refused:
        return None, None, [refused.finding]
    findings = _unseen(text, file)
    if findings:
        return None, None, findings
    builder = _Builder(file, checks=("\\" in text))
    try:
        value, node = builder.document(text)
    except Refused as refused:
        return None, None, [*builder.findings, refused.finding]
    except yaml.YAMLError as bad:
        return None, None, [*builder.findings, _syntax(bad, text, file)]
    return value, node, builder.findings


def _text(raw: bytes, file: str) -> str:
    if len(raw) > MAX_BYTES:
        what = f"the file has more than {MAX_BYTES:,} bytes, which is the most that is read"
        raise Refused(Finding("error", "yaml-too-big", what, "split it", Mark(file)))
    if raw.startswith(b"\xef\xbb\xbf"):
        what, mend = "the file begins with a byte order mark", "save it as UTF-8 without BOM"
        raise Refused(Finding("error", "yaml-bytes", what, mend, Mark(file)))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        before = raw[: bad.start].decode("utf-8", "replace")
        what = f"byte {raw[bad.start]:#04x} is not UTF-8"
        raise Refused(
            Finding("error", "yaml-bytes", what, "save the file as UTF-8", _mark(file, before))
        ) from None


def _mark(file: str, before: str) -> Mark:
    """The place right after a text."""
    line = before.count("\n")
    return Mark(file, line + 1, len(before) - (before.rfind("\n") + 1) + 1)


def character(char: str) -> str:
    """A character by number and name.

    >>> character("é")
    'U+00E9 LATIN SMALL LETTER E WITH ACUTE'
    """
    nameless = {"Cc": "control character", "Co": "private-use character"}
    name = unicodedata.name(char, nameless.get(unicodedata.category(char), "noncharacter"))
    return f"U+{ord(char):04X} {name}"


def _unseen(text: str, file: str) -> list[Finding]:
    """Characters that do not show, tabs as indentation, and text that is not NFC."""
    findings = []
    for match in _FORBIDDEN.finditer(text):
        what = f"the character {character(match[0])} does not show"
        mark = _mark(file, text[: match.start()])
        findings.append(Finding("error", "yaml-character", what, "take it out", mark))
        if len(findings) >= MAX_FINDINGS:
            return findings
    for match in _TAB_INDENT.finditer(text):
        mark = _mark(file, text[: match.end() - 1])
        findings.append(
            Finding("error", "yaml-tab", "a tab indents this line", "indent with spaces", mark)
        )
        if len(findings) >= MAX_FINDINGS:
            return findings
    if not unicodedata.is_normalized("NFC", text):
        for number, line in enumerate(text.split("\n"), start=1):
            if unicodedata.is_normalized("NFC", line):
                continue
            at, written = _decomposed(line)
            what = f"“{line[at : at + 12].strip()}” is not in Unicode's composed form"
            mark = Mark(file, number, at + 1)
            findings.append(Finding("error", "yaml-nfc", what, f"write “{written}” in NFC", mark))
            if len(findings) >= MAX_FINDINGS:
                break
    return findings


def _decomposed(line: str) -> tuple[int, str]:
    """Where a line leaves the composed form, and some of it composed."""
    for start in range(0, len(line), _PIECE // 2):
        piece = line[start : start + _PIECE]
        composed = unicodedata.normalize("NFC", piece)
        if composed != piece:
            pairs = enumerate(zip(piece, composed, strict=False))
            at = next((i for i, (a, b) in pairs if a != b), 0)
            return start + at, composed[at : at + 12].strip()
    return 0, line[:12].strip()


def _syntax(bad: yaml.YAMLError, text: str, file: str) -> Finding:
    at = getattr(bad, "problem_mark", None)
    place = _mark(file, text[: at.index]) if at else Mark(file)
    problem, context = getattr(bad, "problem", "this is no YAML"), getattr(bad, "context", None)
    what = f"{problem} ({context})" if context else problem
    mend = "see to indentation and quotes here and above; put text with `: ` or ` #` in quotes"
    return Finding("error", "yaml-syntax", what, mend, place)


def _place(event: Event) -> tuple[int, int]:
    """Line and column of an event, from 1."""
    at = event.start_mark
    return (at.line + 1, at.column + 1) if at else (1, 1)


class _Builder:
    """Plain values and their places from the events of libyaml, refusing as early as can be."""

    parser: CParser

    def __init__(self, file: str, checks: bool) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.checks = checks
        self.nodes = 0

    def refuse(self, event: Event, code: str, what: str, mend: str) -> Refused:
        return Refused(Finding("error", code, what, mend, self.mark(event)))

    def mark(self, event: Event) -> Mark:
        return Mark(self.file, *_place(event))

    def next(self) -> Event:
        event = self.parser.get_event()
        assert event is not None, "libyaml ends a stream with an event, then nothing is asked of it"
        return event

    def document(self, text: str) -> tuple[Any, Node]:
        """The value of the stream's only document, and the places in it."""
        self.parser = CParser(text)
        self.next()
        start = self.next()
        if not isinstance(start, DocumentStartEvent):
            what, mend = "the file is empty", "fill it or delete it"
            raise Refused(Finding("error", "yaml-empty", what, mend, _mark(self.file, text)))
        if start.version or start.tags:
            raise self.refuse(start, "yaml-directive", "a % directive", "take it out")
        value, node = self.value(self.next(), 1)
        self.next()
        end = self.next()
        if isinstance(end, DocumentStartEvent):
            what = "a second document begins here"
            raise self.refuse(end, "yaml-documents", what, "keep one in each file")
        return value, node

    def value(self, event: Event, depth: int) -> tuple[Any, Node]:
        self.plain(event)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            what = f"more than {MAX_NODES:,} values"
            raise self.refuse(event, "yaml-too-big", what, "split the file")
        if depth > MAX_DEPTH:
            what = f"nested deeper than {MAX_DEPTH} levels"
            raise self.refuse(event, "yaml-deep", what, "flatten it")
        node = Node(*_place(event))
        if isinstance(event, ScalarEvent):
            return self.scalar(event), node
        if isinstance(event, SequenceStartEvent):
            return self.items(node, depth), node
        return self.fields(node, depth), node

    def plain(self, event: Event) -> None:
        """Refuse what is more than plain data: aliases, anchors and tags."""
        if isinstance(event, AliasEvent):
            what, mend = f"the alias *{event.anchor}", "write the value out again"
            raise self.refuse(event, "yaml-alias", what, mend)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise self.refuse(event, "yaml-alias", f"the anchor &{event.anchor}", "take it out")
        if isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.tag is not None:
            tag = ascii(event.tag)[1:-1]  # libyaml has decoded its %1B
            raise self.refuse(event, "yaml-tag", f"the tag {tag[:60]}", "take it out")

    def items(self, node: Node, depth: int) -> list[Any]:
        values: list[Any] = []
        node.inside = inside = []
        while not isinstance(event := self.next(), SequenceEndEvent):
            value, child = self.value(event, depth + 1)
            values.append(value)
            inside.append(child)
        return values

    def fields(self, node: Node, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        node.inside = inside = {}
        while not isinstance(event := self.next(), MappingEndEvent):
            key = self.key(event)
            value, child = self.value(self.next(), depth + 1)
            if key in values:
                self.twice(event, key, node.keys[key])
                continue
            values[key] = value
            inside[key] = child
            node.keys[key] = _place(event)
        return values

    def twice(self, event: Event, key: str, first: tuple[int, int]) -> None:
        if len(self.findings) < MAX_FINDINGS:
            what = f"“{key[:60]}” stands a second time in the same map"
            mend = "keep one; several values of a field go into a list"
            related = (Mark(self.file, *first),)
            self.findings.append(
                Finding(
                    "error", "yaml-duplicate-key", what, mend, self.mark(event), related=related
                )
            )

    def key(self, event: Event) -> str:
        self.plain(event)
        if not isinstance(event, ScalarEvent):
            mend = "put {…} or […] in quotes, or mend the line"
            raise self.refuse(event, "yaml-key", "a map or list as a key", mend)
        key: str = event.value
        if key == "<<" and event.implicit[0]:
            raise self.refuse(event, "yaml-merge", "the merge key <<", "write the fields out")
        self.size(event, key)
        return key

    def size(self, event: ScalarEvent, value: str) -> None:
        if len(value) > MAX_SCALAR:
            what = f"a text of {len(value):,} characters; at most {MAX_SCALAR:,} are read"
            raise self.refuse(event, "yaml-too-big", what, "shorten it")
        if self.checks and (
            _FORBIDDEN.search(value) or not unicodedata.is_normalized("NFC", value)
        ):
            hidden = _FORBIDDEN.search(value)
            name = f"the character {character(hidden[0])}" if hidden else "text that is not NFC"
            raise self.refuse(event, "yaml-character", f"an escape makes {name}", "take it out")

    def scalar(self, event: ScalarEvent) -> Any:
        text: str = event.value
        self.size(event, text)
        if not event.implicit[0] or event.style not in (None, ""):
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in "0123456789+-.":
            if _INT.fullmatch(text):
                digits = len(text.lstrip("+-"))
                if digits > 18:
                    raise self.refuse(
                        event, "yaml-number", f"a number of {digits} digits", "put it in quotes"
                    )
                return int(text)
            if _FLOAT.fullmatch(text):
                number = float(text) if len(text) <= 40 else float("inf")
                if number in (float("inf"), float("-inf")):
                    raise self.refuse(
                        event, "yaml-number", f"{text[:20]} is too large", "put it in quotes"
                    )
                return number
        return text


# --- comments -----------------------------------------------------------------------------------

_HASH = re.compile(r"(?:^|(?<=[ \t\n]))#[^\n]*")


def head(text: str) -> list[str]:
    """The comment lines before anything else."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.rstrip())
    return lines


def comments(text: str, file: str) -> list[Mark]:
    """Where comments stand that a canonical rewrite would lose: all but the head of the file."""
    start = sum(len(line) for line in text.splitlines(keepends=True)[: len(head(text))])
    if "#" not in text[start:]:
        return []
    spans = []
    parser = CParser(text)
    try:
        while (event := parser.get_event()) is not None:
            if isinstance(event, ScalarEvent) and event.start_mark and event.end_mark:
                begin, end = event.start_mark.index, event.end_mark.index
                if event.style in ("|", ">"):
                    begin = text.find("\n", begin)  # what follows the | on its line is a comment
                spans.append((begin, end))
    except yaml.YAMLError:
        return []
    found = []
    for match in _HASH.finditer(text, start):
        if not any(begin <= match.start() < end for begin, end in spans):
            found.append(_mark(file, text[: match.start()]))
    return found


# --- writing ------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~]|-(?=[^\s,\[\]{}#\-])")
_SPECIAL = re.compile(r": |:$| #|[\n\t\r]")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def scalar(value: Any, flow: bool = False) -> str:
    """A scalar on one line, in quotes only where it must be."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    if _safe(value, flow):
        return value
    if not any(c in value for c in "\n\t\r"):
        return "'" + value.replace("'", "''") + "'"
    return '"' + "".join(_ESCAPES.get(c, c) for c in value) + '"'


def _safe(value: str, flow: bool) -> bool:
    if not value or value in _WORDS or value.strip() != value or not _PLAIN.match(value):
        return False
    if _SPECIAL.search(value) or value.startswith("..."):
        return False
    if flow and re.search(r"[,\[\]{}]|:\?", value):  # libyaml takes `:?` for the end of a key
        return False
    return not (_INT.fullmatch(value) or _FLOAT.fullmatch(value))


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k, True)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return scalar(value, True)


def write(fields: dict[str, Any]) -> str:
    """A map as canonical YAML: two spaces a level, short maps and lists on one line."""
    return "\n".join(_map(fields, 0)) + "\n"


def _map(fields: dict[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, value in fields.items():
        lines += _entry(" " * indent + scalar(key) + ":", value, indent)
    return lines


def _entry(lead: str, value: Any, indent: int) -> list[str]:
    """The lines of ``key:`` with its value."""
    if isinstance(value, str):
        return _text_lines(lead + " ", value, indent + 2)
    if not isinstance(value, (dict, list)):
        return [f"{lead} {scalar(value)}"]
    blocky = isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value)
    one_line = f"{lead} {_flow(value)}"
    if not value or (not blocky and len(one_line) <= WIDTH and indent < WIDTH // 2):
        return [one_line]
    if isinstance(value, dict):
        return [lead, *_map(value, indent + 2)]
    return [lead, *_list(value, indent)]


def _list(items: list[Any], indent: int) -> list[str]:
    lines: list[str] = []
    pad = " " * indent
    for item in items:
        one_line = f"{pad}- {_flow(item)}"
        if isinstance(item, str):
            lines += _text_lines(f"{pad}- ", item, indent + 2)
        elif not item or not isinstance(item, (dict, list)) or len(one_line) <= WIDTH:
            lines.append(one_line)
        else:
            inner = _map(item, indent + 2) if isinstance(item, dict) else _list(item, indent + 2)
            lines.append(f"{pad}- {inner[0].lstrip()}")
            lines += inner[1:]
    return lines


def _text_lines(lead: str, value: str, indent: int) -> list[str]:
    """A text on its key's line, or folded below it (``>-``) where that is too long."""
    one_line = lead + scalar(value)
    if len(one_line) <= WIDTH or not _folds(value):
        return [one_line]
    pad, lines = " " * indent, []
    line = pad
    for word in value.split(" "):
        if line != pad and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = pad
        line += word if line == pad else f" {word}"
    return [f"{lead}>-", *lines, line]


def _folds(value: str) -> bool:
    return (
        " " in value
        and "  " not in value
        and value.strip() == value
        and not re.search(r"[\n\t\r]", value)
    )
