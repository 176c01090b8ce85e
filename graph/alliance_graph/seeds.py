"""Facts on disk: YAML to model, strict, with the place of every value; model to canonical YAML.

A folder of facts has one folder for each kind of identity (``people/``, ``offices/`` …), one
identity a file, and ``articles/``, one article a file with all that it says; a file is named after
the id in it. Nothing wrong in a file is ever an exception: all of it is reported at once.
"""

from __future__ import annotations

import ast
import errno
import inspect
import os
import re
import stat
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic.json_schema import CoreModeRef, DefsRef, GenerateJsonSchema

from alliance_graph import complaints, dates, evidence, model, scripts, yaml12
from alliance_graph.complaints import words_of
from alliance_graph.errors import Finding, Mark, in_order
from alliance_graph.model import (
    Article,
    Facts,
    Record,
    RefTo,
    Said,
    Thing,
    inner_model,
    parts,
)
from alliance_graph.yaml12 import Node

FOLDERS: dict[str, type[Thing]] = {
    "countries": model.Country,
    "places": model.Place,
    "topics": model.Topic,
    "institutions": model.Institution,
    "offices": model.Office,
    "people": model.Person,
    "channels": model.Channel,
    "articles": Article,
}
"""The folders of a set of facts, and what a file in each holds."""
IDENTITIES = tuple(folder for folder in FOLDERS if folder != "articles")
"""The folders of what is known apart from any article."""
RECORDS = "records"
"""The folder with decisions on official records, which ``records.matching`` reads."""
LISTS = ("errata", "codings")
"""The files beside the folders (``errata.yaml``, ``codings.yaml``): each a list, none needed."""

Loc = tuple[str | int, ...]


class _File(NamedTuple):
    """A file that was read: where it lies, what it holds, and the places in it."""

    path: Path
    folder: str
    text: str
    data: Any
    node: Node
    reads: bool = True
    """Whether the value is to be used; if not, only for the ids in it."""

    @property
    def name(self) -> str:
        """The path as the user gave it."""
        return str(self.path)

    @property
    def key(self) -> str:
        """The id in it, else the one that its name promises."""
        given = self.data.get("id") if isinstance(self.data, dict) else None
        return given if isinstance(given, str) else self.path.stem


@dataclass(frozen=True)
class Loaded:
    """What a folder of facts holds, what is wrong with it, and where each value stands."""

    facts: Facts
    findings: tuple[Finding, ...]
    _files: Mapping[str, _File] = field(default_factory=dict, repr=False)
    _places: Mapping[str, tuple[tuple[str, Loc], ...]] = field(default_factory=dict, repr=False)

    def where(self, *path: str | int) -> Mark | None:
        """The place of a value: the id of its file, then its path in the model.

        Steps that the file leaves out (the ``0`` and ``is`` of a plain value) are passed over;
        what is not there at all has the place of what should hold it.
        """
        file = self._files.get(str(path[0])) if path else None
        return _mark(file, path[1:]) if file else None

    def mark(self, thing_id: str, *loc: str | int, article: str | None = None) -> Mark | None:
        """The place of a thing by its own id, or of a value in it.

        A record that several articles tell of has several places: that in ``article``, else the
        first.
        """
        for file, base in self._places.get(thing_id, ()):
            if article is None or file == article:
                return self.where(file, *base, *loc)
        return None

    @property
    def broken(self) -> bool:
        """Whether an error stands in the way of a build."""
        return any(f.severity == "error" for f in self.findings)


def _mark(file: _File, loc: Iterable[str | int], key: bool = False) -> Mark:
    """The place of the nearest node; with ``key``, of the key of the last step."""
    node, place = file.node, (file.node.line, file.node.column)
    for step in loc:
        child = node.child(step)
        if child is None:
            continue
        place = node.keys[str(step)] if key and node.keys else (child.line, child.column)
        node = child
    return Mark(file.name, *place)


# --- loading ------------------------------------------------------------------------------------


def load(
    root: Path, folders: Iterable[str] = tuple(FOLDERS), elsewhere: Mapping[str, str] | None = None
) -> Loaded:
    """Everything in a folder of facts; whatever is wrong becomes a finding with its place.

    A file that does not read or does not fit the model is left out; all others are still checked,
    and what the left-out file would have defined counts as known. Where only some ``folders`` are
    read, ``elsewhere`` tells the kind of each id that the others define.
    """
    findings: list[Finding] = []
    files: dict[str, _File] = {}
    things: dict[str, list[Thing]] = {folder: [] for folder in FOLDERS}
    known = _Known()
    held: list[tuple[Thing, _File]] = []
    for file in _read_all(root, findings, folders):
        files.setdefault(file.key, file)
        thing = _validated(file, findings)
        if thing is None:
            known.add_raw(file)
            continue
        findings += _name_finding(file, thing)
        known.add(thing, file)
        things[file.folder].append(thing)
        held.append((thing, file))
    findings += known.clashes()
    places = known.places()
    known.add_kinds(elsewhere or {})
    for thing, file in held:
        findings += _references(thing, file, known)
    loaded = Loaded(_facts(things, **_lists(root, known, findings)), (), files, places)
    for article in loaded.facts.articles:
        findings += _quotes(article, loaded)
        findings += evidence.places(article, loaded.where)
    return Loaded(loaded.facts, tuple(in_order(findings)), files, places)


def _facts(things: dict[str, list[Thing]], **lists: Any) -> Facts:
    """The facts, kind by kind in the order of ids; the things in it have been validated."""
    ordered: dict[str, Any] = {
        folder: tuple(sorted(found, key=lambda t: t.id)) for folder, found in things.items()
    }
    return Facts.model_construct(**ordered, **lists)


def _lists(root: Path, known: _Known, findings: list[Finding]) -> dict[str, tuple[BaseModel, ...]]:
    """What the files beside the folders hold, by name."""
    lists: dict[str, tuple[BaseModel, ...]] = {}
    for name in LISTS:
        path = root / f"{name}.yaml"
        if path.is_symlink():
            findings.append(_link(path))
        if path.is_symlink() or not path.is_file():  # what else it may be is a stray
            continue
        file = _read(path, "", findings)
        if not file.reads:
            continue
        if not isinstance(file.data, list):
            what = f"{path.name} is a list, not {complaints.shown(file.data)}"
            mend = "begin each entry with `- `, or write `[]`"
            findings.append(Finding("error", "shape", what, mend, _mark(file, ())))
            continue
        try:
            lists[name] = getattr(Facts.model_validate({name: file.data}), name)
        except ValidationError as bad:
            errors = bad.errors(include_url=False)
            findings += complaints.findings(errors, Facts, partial(_mark, file), ())
            continue
        for i, entry in enumerate(lists[name]):
            field = "about" if isinstance(entry, model.Erratum) else "article"
            findings += known.unknown(getattr(entry, field), _mark(file, (i, field)))
    return lists


def _read_all(
    root: Path, findings: list[Finding], folders: Iterable[str] = tuple(FOLDERS)
) -> Iterator[_File]:
    """Each file in the order of folders and names, also those that do not read."""
    if not root.is_dir():
        findings.append(
            Finding(
                "error",
                "no-folder",
                f"{root} is no folder",
                "name a folder of facts",
                Mark(str(root)),
            )
        )
        return
    findings += _strays(root)
    for folder in folders:
        for path in files_in(root / folder, findings):
            yield _read(path, folder, findings)


def _read(path: Path, folder: str, findings: list[Finding]) -> _File:
    wrong: list[Finding] = []
    text, data, node = document(path, wrong)
    file = _File(path, folder, text, data, node or Node(1, 1), reads=not wrong)
    findings += [*wrong, *_comments(text, file.name), *_alike(file)]
    return file


def document(path: Path, findings: list[Finding]) -> tuple[str, Any, Node | None]:
    """Text, value and places of a file; the text is "" where something is wrong with it."""
    name = str(path)
    try:
        raw = content(path)
    except OSError as bad:
        what = f"cannot be read: {bad.strerror}"
        findings.append(Finding("error", "unreadable", what, "see to the file", Mark(name)))
        return "", None, None
    data, node, wrong = yaml12.read(raw, name)
    findings += wrong
    return "" if wrong else raw.decode(), data, node


def _strays(root: Path) -> Iterator[Finding]:
    """Folders with facts in them, and files beside the folders, that nothing reads."""
    known = (*FOLDERS, RECORDS)
    lists = [f"{name}.yaml" for name in LISTS]
    for path in sorted(root.iterdir()):
        if path.is_symlink() and path.name in (*known, *lists):
            continue  # told where it would be read
        if path.name in known and not path.is_dir():
            what = f"{path.name} is no folder and is not read"
            yield Finding("warning", "stray-file", what, "make it a folder", Mark(str(path)))
        elif path.name in lists and not path.is_file():
            what = f"{path.name} is no plain file and is not read"
            yield Finding("warning", "stray-file", what, "make it a file", Mark(str(path)))
        elif path.suffix in (".yaml", ".yml") and path.name not in lists:
            meant = complaints.near(path.stem, LISTS)
            mend = f"did you mean {meant}.yaml?" if meant else "move it into the folder of its kind"
            what = f"the file {path.name} is not read here"
            yield Finding("warning", "stray-file", what, mend, Mark(str(path)))
        elif path.is_dir() and path.name not in known and next(path.glob("*.yaml"), None):
            meant = complaints.near(path.name, FOLDERS)
            folders = complaints.listed(FOLDERS)
            mend = f"did you mean {meant}/?" if meant else f"the folders are {folders}"
            what = f"the folder {path.name}/ is not read"
            yield Finding("warning", "stray-folder", what, mend, Mark(str(path)))


def files_in(folder: Path, findings: list[Finding]) -> list[Path]:
    """The YAML files of a folder; links and files of other names are findings."""
    if folder.is_symlink():
        findings.append(_link(folder))
        return []
    if not folder.is_dir():
        return []
    paths = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name == "README.md":
            continue
        if path.is_symlink():
            findings.append(_link(path))
        elif path.suffix == ".yaml" and path.is_file():
            paths.append(path)
        else:
            what = f"{path.name} is no .yaml file and is not read"
            mend = "name it <id>.yaml, or move it out of the folder"
            findings.append(Finding("warning", "stray-file", what, mend, Mark(str(path))))
    return paths


def _link(path: Path) -> Finding:
    what = f"{path.name} is a symbolic link; links are not followed"
    return Finding("error", "symlink", what, "put the file itself there", Mark(str(path)))


def content(path: Path) -> bytes:
    """At most one byte more than is read, never through a link, never from a pipe or device.

    Raises OSError.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file", str(path))
        return stream.read(yaml12.MAX_BYTES + 1)


def _comments(text: str, name: str) -> list[Finding]:
    return [
        Finding(
            "warning",
            "comment",
            "a comment here is lost when the file is written in canonical form",
            "move it into `note:`, or to the head of the file",
            mark,
        )
        for mark in yaml12.comments(text, name)
    ]


def _alike(file: _File) -> Iterator[Finding]:
    """Words, and whole names, with letters of scripts that look alike."""
    if not (scripts.FOREIGN.search(file.text) or "\\" in file.text):
        return
    for loc, text in _texts(file.data, ()):
        name = any(step in ("label", "aliases") for step in loc) or loc[:1] == ("names",)
        if found := scripts.mixed(text, name):
            word, odd = found
            what = f"“{word}” has letters of two scripts: “{odd}” is {yaml12.character(odd)}"
            mend = "write it in the letters of one script"
            yield Finding("warning", "mixed-script", what, mend, _mark(file, loc), (file.key,))


def _texts(value: Any, loc: Loc) -> Iterator[tuple[Loc, str]]:
    """The texts in plain data, each with its path."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, (dict, list)):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*loc, step))


def _name_finding(file: _File, thing: Thing) -> list[Finding]:
    if file.path.stem == thing.id:
        return []
    what = f"the id {thing.id} is not the name of the file"
    mend = f"rename the file {thing.id}.yaml, or the id {file.path.stem}"
    return [Finding("error", "file-name", what, mend, _mark(file, ("id",)), (thing.id,))]


def _quotes(article: Article, loaded: Loaded) -> list[Finding]:
    locs = _quoted(article)
    if not locs:
        return []
    what = f"{article.id} has {len(locs)} {'quote' if len(locs) == 1 else 'quotes'} not yet pinned"
    mend = "run `alliance pin`, which turns quotes into locators"
    first, *others = sorted(filter(None, (loaded.where(article.id, *loc) for loc in locs)))
    return [Finding("error", "not-pinned", what, mend, first, (article.id,), tuple(others[:5]))]


def _quoted(article: Article) -> list[Loc]:
    """Where an article still has quotes."""
    blocks: list[Loc] = [("blocks", i) for i, b in enumerate(article.blocks) if b.quote is not None]
    return blocks + [loc for loc, _, e in evidence.locators(article) if e.quote is not None]


def _validated(file: _File, findings: list[Finding]) -> Thing | None:
    kind = FOLDERS[file.folder]
    if not file.reads:
        return None
    if not isinstance(file.data, dict):
        what = f"a file of {file.folder}/ is a map of fields, not {complaints.shown(file.data)}"
        findings.append(Finding("error", "shape", what, "begin with `id: …`", _mark(file, ())))
        return None
    try:
        return kind.model_validate(file.data)
    except ValidationError as bad:
        errors = bad.errors(include_url=False)
        given = file.data.get("id")
        about = (given,) if isinstance(given, str) else ()
        findings += complaints.findings(errors, kind, partial(_mark, file), about)
        return None


# --- ids and references -------------------------------------------------------------------------


class _Place(NamedTuple):
    kind: str | None
    file: _File
    loc: Loc


class _Known:
    """Every id that the files define, of which kind and where."""

    def __init__(self) -> None:
        self.ids: dict[str, list[_Place]] = defaultdict(list)
        self._near: dict[tuple[str, tuple[str, ...]], str | None] = {}

    def add(self, thing: Thing, file: _File) -> None:
        self.ids[thing.id].append(_Place(thing.iri_kind, file, ()))
        if isinstance(thing, Article):
            for i, party in enumerate(thing.unnamed):
                self.ids[party.id].append(_Place(party.iri_kind, file, ("unnamed", i)))
            for section, i, record in thing.records():
                if isinstance(record, Record):
                    self.ids[record.id].append(_Place(record.iri_kind, file, (section, i)))

    def add_raw(self, file: _File) -> None:
        """The ids of a file that did not fit the model: references to them are no errors."""
        self._raw(file.key, file, ())
        if not isinstance(file.data, dict):
            return
        for section, items in file.data.items():
            if file.folder == "articles" and isinstance(items, list):
                for i, item in enumerate(items):
                    if isinstance(item, dict):
                        self._raw(item.get("id"), file, (section, i))

    def _raw(self, name: Any, file: _File, loc: Loc) -> None:
        if isinstance(name, str):
            self.ids[name].append(_Place(None, file, loc))

    def places(self) -> dict[str, tuple[tuple[str, Loc], ...]]:
        return {
            name: tuple((p.file.key, p.loc) for p in places) for name, places in self.ids.items()
        }

    def add_kinds(self, kinds: Mapping[str, str]) -> None:
        """Ids of files that are not read here."""
        nowhere = _File(Path(), "", "", None, Node(1, 1))
        for name, kind in kinds.items():
            self.ids[name].append(_Place(kind, nowhere, ()))

    def clashes(self) -> list[Finding]:
        findings = []
        for name, places in self.ids.items():
            if len(places) < 2 or any(p.kind is None for p in places):
                continue
            first, *rest = places
            marks = tuple(_mark(p.file, (*p.loc, "id")) for p in places)
            told = (
                len({p.kind for p in places}) == 1
                and len({p.file.path for p in places}) == len(places)
                and all(p.loc for p in places)
            )
            if told:
                findings.append(told_twice(name, str(first.kind), marks))
                continue
            for place, mark in zip(rest, marks[1:], strict=True):
                other = complaints.kinds([str(first.kind)])
                what = f"the id {name} of this {place.kind} is already that of {other}"
                mend = "give it another id; ids are unique over all kinds"
                findings.append(
                    Finding("error", "duplicate-id", what, mend, mark, (name,), (marks[0],))
                )
        return findings

    def unknown(self, name: str, mark: Mark) -> list[Finding]:
        """A finding where a name is neither an id nor begins, as a claim's does, with one."""
        if name.partition(".")[0] in self.ids:
            return []
        meant = complaints.near(name, self.ids)
        mend = (
            f"did you mean {meant}?" if meant else "of what is gone, name the article that told it"
        )
        what = f"nothing has the id {name}"
        return [Finding("error", "unknown-id", what, mend, mark, (name,))]

    def near(self, name: str, kinds: tuple[str, ...]) -> str | None:
        """The known id of one of these kinds that looks most like a name."""
        if (name, kinds) not in self._near:
            names = [n for n, ps in self.ids.items() if any(p.kind in kinds for p in ps)]
            self._near[name, kinds] = complaints.near(name, names)
        return self._near[name, kinds]


def told_twice(name: str, kind: str, marks: tuple[Mark, ...]) -> Finding:
    """What is to be said of a record of which several articles tell."""
    what = f"{len(marks)} articles tell of the {kind} {name}"
    mend = "fine if it is the same; else give one another id"
    return Finding("info", "told-twice", what, mend, marks[0], (name,), marks[1:])


class _Slot(NamedTuple):
    """A field that holds references, or values in which there may be some."""

    name: str
    alias: str
    refs: tuple[str, ...]
    words: tuple[str, ...]
    """What may stand there instead of an id."""


@cache
def _slots(kind: type[BaseModel]) -> tuple[_Slot, ...]:
    slots = []
    for name, info in kind.model_fields.items():
        refs = next((p.kinds for p in parts(info) if isinstance(p, RefTo)), ())
        inner = inner_model(info)
        deeper = inner is not None and bool(_slots(inner))
        if deeper or (refs and inner is None):
            slots.append(_Slot(name, info.alias or name, refs, tuple(words_of(info))))
    return tuple(slots)


def references(value: BaseModel, loc: Loc = ()) -> Iterator[tuple[Loc, str, tuple[str, ...]]]:
    """Every id that a model value refers to, as (path, id, allowed kinds)."""
    for slot in _slots(type(value)):
        held = getattr(value, slot.name)
        if not held:
            continue
        here = (*loc, slot.alias)
        items = enumerate(held) if isinstance(held, tuple) else [(None, held)]
        for i, item in items:
            at = here if i is None else (*here, i)
            if isinstance(item, BaseModel):
                yield from references(item, at)
            elif isinstance(item, str) and slot.refs and item not in slot.words:
                if slot.name == "anchor" and dates.readable(item):
                    continue  # counted from a day, not from an event
                yield at, item, slot.refs


def _references(thing: Thing, file: _File, known: _Known) -> list[Finding]:
    findings = []
    for loc, name, kinds in references(thing):
        places = known.ids.get(name)
        if places and any(p.kind is None or p.kind in kinds for p in places):
            continue
        wanted = complaints.kinds(kinds)
        if places:
            what = f"{name} is {complaints.kinds([str(places[0].kind)])}, where {wanted} is wanted"
            code = "wrong-kind"
        else:
            what = f"nothing has the id {name}, where {wanted} is wanted"
            code = "unknown-id"
        meant = known.near(name, kinds)
        mend = f"did you mean {meant}?" if meant else _add_hint(name, kinds)
        about = _about(thing, loc)
        findings.append(Finding("error", code, what, mend, _mark(file, loc), about))
    return findings


def _about(thing: Thing, loc: Loc) -> tuple[str, ...]:
    if isinstance(thing, Article) and len(loc) > 1 and isinstance(loc[1], int):
        inner = getattr(getattr(thing, str(loc[0]))[loc[1]], "id", None)
        return (thing.id, inner) if isinstance(inner, str) else (thing.id,)
    return (thing.id,)


def _add_hint(name: str, kinds: tuple[str, ...]) -> str:
    folders = [
        f"{folder}/{name}.yaml" for folder, kind in FOLDERS.items() if kind.kind_name in kinds
    ]
    if folders:
        return "add " + " or ".join(folders)
    return f"add {complaints.kinds(kinds)} with this id to an article"


# --- one article at a time ----------------------------------------------------------------------


class One(NamedTuple):
    """An article file by itself: what it holds, as plain data as well, and what is wrong in it."""

    article: Article | None
    data: Any
    findings: tuple[Finding, ...]


def articles(root: Path) -> list[Path]:
    """The article files of a folder of facts, by name."""
    return files_in(root / "articles", [])


def one(path: Path) -> One:
    """An article file without the others; its references are not looked up."""
    findings: list[Finding] = []
    file = _read(path, "articles", findings)
    article = _validated(file, findings)
    if not isinstance(article, Article):
        return One(None, file.data, tuple(findings))
    findings += _name_finding(file, article)
    loaded = Loaded(Facts.model_construct(articles=(article,)), (), {file.key: file})
    findings += _quotes(article, loaded)
    findings += evidence.places(article, loaded.where)
    return One(article, file.data, tuple(in_order(findings)))


def located(facts: Facts, paths: Iterable[Path]) -> Loaded:
    """Facts with the places in some of their files, which are read again for that."""
    files = [_read(path, path.parent.name, []) for path in paths]
    return Loaded(facts, (), {file.key: file for file in files})


def unresolved(path: Path, names: Collection[str], kinds: Mapping[str, str]) -> list[Finding]:
    """What is wrong with the references of an article file to some names."""
    file = _read(path, "articles", [])
    article = _validated(file, [])
    if article is None:
        return []
    known = _Known()
    known.add_kinds(kinds)
    return [f for f in _references(article, file, known) if any(n in f.what for n in names)]


# --- canonical form -----------------------------------------------------------------------------

SCHEMA = "../../build/schema/{name}.json"
"""Where the head line of a file looks for its JSON Schema (`alliance schema` writes them)."""


@cache
def _order(kind: type[BaseModel]) -> tuple[tuple[str, str, bool], ...]:
    """A model's fields as (name, name in YAML, one value may stand for a list), in written order.

    First id, value and kind, then what is its own, last who says so and the remarks.
    """
    fields = kind.model_fields
    said = [
        name
        for name, info in Said.model_fields.items()
        if issubclass(kind, Said) and fields[name].annotation == info.annotation
    ]
    first = [name for name in ("id", "is_", "block", "p", "kind", "label") if name in fields]
    last = [name for name in ("exact_match", *said, "note") if name in fields]
    middle = [name for name in fields if name not in first and name not in last]
    return tuple(
        (name, fields[name].alias or name, _collapses(fields[name]))
        for name in dict.fromkeys(first + middle + last)
    )


def _collapses(info: FieldInfo) -> bool:
    one_for_many = (model._tuple, model._claims)
    return any(
        isinstance(p, BeforeValidator) and cast(Any, p.func) in one_for_many for p in _outer(info)
    )


def _outer(info: FieldInfo) -> Iterator[Any]:
    """The marks on a field itself, not on what is in its list."""
    yield from info.metadata
    for part in (info.annotation, *get_args(info.annotation)):
        yield from getattr(part, "__metadata__", ())


def plain(value: Any) -> Any:
    """A model value as maps, lists and scalars, in canonical order, without what goes unsaid."""
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if not isinstance(value, BaseModel):
        return value
    fields: dict[str, Any] = {}
    kind = type(value)
    for name, alias, collapses in _order(kind):
        held = getattr(value, name)
        info = kind.model_fields[name]
        if not info.is_required() and held == info.default:
            continue
        out = plain(held)
        if collapses and isinstance(out, list) and len(out) == 1 and not isinstance(out[0], list):
            out = out[0]
        fields[alias] = out
    if isinstance(value, model.Claim) and len(fields) == 1:
        return fields["is"]
    return fields


def dump(thing: Thing, head: Iterable[str] = ()) -> str:
    """A thing as the canonical text of its file, below the comment lines of ``head``."""
    lines = [line for line in head if "yaml-language-server" not in line]
    schema = [line for line in head if "yaml-language-server" in line]
    if not schema:
        schema = [f"# yaml-language-server: $schema={SCHEMA.format(name=thing.kind_name)}"]
    return "\n".join([*schema[:1], *lines]) + "\n" + yaml12.write(plain(thing))


def canonical(text: str, path: Path) -> str:
    """The canonical form of a file's text; the folder in ``path`` says what it holds.

    A text that has errors, or comments that would be lost, is given back as it is.
    """
    folder = path.parent.name
    data, node, wrong = yaml12.read(text.encode(), str(path))
    if wrong or node is None or folder not in FOLDERS:
        return text
    return _canonical(_File(path, folder, text, data, node), [])


def _canonical(file: _File, findings: list[Finding]) -> str:
    thing = _validated(file, findings)
    if thing is None or yaml12.comments(file.text, file.name):
        return file.text
    return dump(thing, yaml12.head(file.text))


def uncanonical(root: Path) -> list[Finding]:
    """The files that are not in canonical form."""
    findings = []
    for file in _read_all(root, []):
        wanted = _canonical(file, [])
        if wanted != file.text:
            old, new = file.text.splitlines(), wanted.splitlines()
            pairs = enumerate(zip(old, new, strict=False), start=1)
            line = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new)))
            what = "not in canonical form from here on"
            mend = "run `alliance check --fix`"
            findings.append(Finding("info", "not-canonical", what, mend, Mark(file.name, line)))
    return findings


def fix(root: Path) -> list[Path]:
    """Rewrite every file that reads into canonical form, and tell which were changed.

    Files with errors, or with comments that would be lost, are left alone; `load` reports both.
    """
    changed = []
    for file in _read_all(root, []):
        wanted = _canonical(file, [])
        if wanted != file.text:
            _replace(file.path, wanted)
            changed.append(file.path)
    return changed


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: beside it, then renamed over it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


# --- pinning ------------------------------------------------------------------------------------


def pin(
    root: Path, texts: Path | Mapping[str, str], only: Callable[[str], bool] = lambda _: True
) -> list[Finding]:
    """Turn every ``quote:`` in the article files into a locator, in place and in canonical form.

    The text of an article is the one that has most of its blocks. Quotes that are not found, or
    found more than once, stay and are reported; all others are pinned.

    :param texts: a folder of ``.txt`` files, or texts by name
    :param only: which articles, by id
    :returns: what could not be pinned, and an info for each file that was rewritten
    """
    copies = evidence.copies(texts)
    findings: list[Finding] = []
    for file in _read_all(root, findings, ("articles",)):
        if not only(file.path.stem):
            continue
        article = _validated(file, findings)
        if not isinstance(article, Article) or yaml12.comments(file.text, file.name):
            continue
        if _quoted(article) or article.text_digest is None:
            findings += _pin_file(article, file, copies)
    return in_order(findings)


def _pin_file(article: Article, file: _File, copies: Mapping[str, evidence.Copy]) -> list[Finding]:
    name = evidence.text_of(article, copies)
    if name is None:
        what = f"no text has a block of {article.id}"
        mend = "quote its blocks as `- {block: body, p: 1, quote: first words … last words}`"
        return [Finding("error", "no-text", what, mend, _mark(file, ("blocks",)), (article.id,))]
    done, left = evidence.pin(article, copies[name], _where(file))
    if done == article:
        return left
    text = dump(done, yaml12.head(file.text))
    _replace(file.path, text)
    _, node, _ = yaml12.read(text.encode(), file.name)
    if left and node:  # their places are now others
        _, left = evidence.pin(done, copies[name], _where(file._replace(node=node)))
    before, after = len(_quoted(article)), len(_quoted(done))
    what = f"{before - after} of {before} quotes pinned"
    mend = "look at the change, then run `alliance check`"
    return [Finding("info", "pinned", what, mend, Mark(file.name), (article.id,)), *left]


def _where(file: _File) -> evidence.Where:
    return lambda _, *loc: _mark(file, loc)


# --- for editors --------------------------------------------------------------------------------


def schema(facts: Facts | None = None) -> dict[str, dict[str, Any]]:
    """JSON Schemas (draft 2020-12) of the files, by kind: ``article``, ``person``, ``office`` …

    Fields carry their descriptions, closed lists their values, and a plain value is allowed
    wherever the loader takes one. With ``facts``, references offer the ids that are known.
    """
    known: dict[str, set[str]] = defaultdict(set)
    for thing in facts.things() if facts else ():
        known[thing.iri_kind].add(thing.id)
    made = _JsonSchema()
    roots = {}
    for kind in FOLDERS.values():
        kind.model_rebuild()
        root = made.generate_inner(kind.__pydantic_core_schema__)
        roots[kind.kind_name] = root["$ref"].removeprefix(_DEFS)
    parts = _Parts({name: made.sort(part) for name, part in made.definitions.items()}, known)
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": name,
            **parts.ready[root],
            "$defs": {used: parts.ready[used] for used in sorted(parts.used_by(root))},
        }
        for name, root in roots.items()
    }


_DEFS = "#/$defs/"


class _JsonSchema(GenerateJsonSchema):
    """One run over all classes, which leaves each in ``definitions`` by a name that one can read.

    Marks where the loader takes a plain value for a claim, or one value for a list.
    """

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        """The name of the class; claims, which are one class for each type, are counted."""
        found = re.match(r"(?:\w+\.)*(\w+)", core_mode_ref[0])
        assert found is not None  # module.Class:id
        unique, n = found[1], 1
        while unique in self.defs_to_core_refs:
            n += 1
            unique = f"{found[1]}-{n}"
        return DefsRef(unique)

    def default_schema(self, schema: Any) -> dict[str, Any]:
        """Without the default: what goes unsaid in a file is in its description."""
        return self.generate_inner(schema["schema"])

    def function_before_schema(self, schema: Any) -> dict[str, Any]:
        inner = super().function_before_schema(schema)
        plain = {model._tuple: "many", model._claims: "claims", model._claim: "claim"}
        takes = plain.get(schema["function"]["function"])
        return {**inner, "x-takes": takes} if takes else inner


@cache
def _said_of_fields() -> dict[str, dict[str, str]]:
    """The sentence below each field of the model, by class and field; that of the class as "".

    Read here: pydantic would read the source at every import, for a tenth of a second.
    """
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for kind in ast.parse(inspect.getsource(model)).body:
        if isinstance(kind, ast.ClassDef):
            found[kind.name][""] = ast.get_docstring(kind) or ""
            for named, below in pairwise(kind.body):
                if isinstance(named, ast.AnnAssign) and isinstance(below, ast.Expr):
                    text = ast.literal_eval(below.value)
                    found[kind.name][ast.unparse(named.target)] = inspect.cleandoc(text)
    return found


def _describe(part: dict[str, Any]) -> None:
    """Gives the fields of one class in a schema their sentences, those it inherits as well."""
    kind = getattr(model, str(part.get("title")).partition("[")[0], None)
    if isinstance(kind, type):
        part.pop("description", None)  # python -OO has no docstrings
        part["description"] = _said_of_fields()[kind.__name__][""]
    for name, entry in part.get("properties", {}).items():
        for base in kind.__mro__ if isinstance(kind, type) else ():
            told = _said_of_fields().get(base.__name__, {})
            text = told.get(name) or told.get(name + "_")
            if text:
                entry.setdefault("description", text)
                break


class _Parts:
    """Definitions as an editor reads them: with sentences, ids that are known, and plain values."""

    def __init__(self, made: dict[str, Any], known: Mapping[str, set[str]]) -> None:
        self.made = made
        self.known = known
        self.ready: dict[str, Any] = {}
        self.uses: dict[str, set[str]] = defaultdict(set)
        for name, part in made.items():
            _describe(part)
            self.ready[name] = self.tidy(part, self.uses[name])

    def used_by(self, name: str) -> set[str]:
        """The definitions that one needs, and those that they need."""
        found: set[str] = set()
        todo = [name]
        while todo:
            new = self.uses[todo.pop()] - found
            found |= new
            todo += new
        return found

    def tidy(self, node: Any, used: set[str]) -> Any:
        """A part of a definition; ``used`` collects the definitions that it refers to."""
        if isinstance(node, list):
            return [self.tidy(item, used) for item in node]
        if not isinstance(node, dict):
            return node
        node = dict(node)
        takes, kinds = node.pop("x-takes", None), node.pop("x-kinds", None)
        if kinds:
            name = self.reference(node, kinds)
            used.add(name)
            return {"$ref": f"{_DEFS}{name}"}
        if takes:
            many = {"type": "array", "items": node.pop("items", None)}
            one = {"$ref": node.pop("$ref")} if takes == "claim" else many["items"]
            either = [one] if takes == "many" else [self.value_of(one), one]
            if takes == "claims":
                many["items"] = {"anyOf": either}
            node.pop("type", None)
            node["anyOf"] = either if takes == "claim" else [*either, many]
        if "$ref" in node:
            used.add(node["$ref"].removeprefix(_DEFS))
        return {
            key: {name: self.tidy(field, used) for name, field in value.items()}
            if key == "properties"
            else self.tidy(value, used)
            for key, value in node.items()
            if key != "title"
        }

    def value_of(self, claim: dict[str, Any]) -> Any:
        """What stands for the value in a claim."""
        return self.made[claim["$ref"].removeprefix(_DEFS)]["properties"]["is"]

    def reference(self, node: dict[str, Any], kinds: list[str]) -> str:
        """The name of the definition of an id of these kinds, made when first asked for."""
        name = "id-of-" + "-or-".join(kinds)
        if name not in self.ready:
            ids = sorted({i for k in kinds for i in self.known.get(k, ())})
            self.ready[name] = {**node, "description": f"the id of {complaints.kinds(kinds)}"}
            self.ready[name].pop("title", None)  # of the field that was seen first
            if ids:
                self.ready[name]["examples"] = ids
        return name
