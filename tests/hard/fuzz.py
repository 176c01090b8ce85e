"""Mutations of real files of facts: each is read, or refused with a place and a remedy.

Mutated are all files that ship. Of an article, which is long, most mutations are of an extract:
its head and one record of each section. ``ALLIANCE_FUZZ`` says how many (a million).
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.hard import Figure

from alliance_graph import paths, seeds, yaml12
from alliance_graph.errors import Finding
from alliance_graph.model import Thing

COUNT = 1_000_000
SLOW = 0.1
"""CPU seconds that no mutation may take."""
WHOLE = 0.04
"""How many mutations are of a whole article."""
GROWTH = 32
"""Megabytes that a run may add to the process."""

_PIECES = [
    *"\t \n - : ? , [ ] { } # & * ! | > ' \" % @ ` ~ = \\".split(" "),
    *("<<: ", "&a ", "*a", "!!python/object:os.system ", "!<tag:%0a> ", "%TAG ! x\n", "---\n"),
    *("...\n", "\r", "\r\n", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u200d"),
    *("\u202e", "\u2028", "\ufeff", "\ufffe", "\U000e0041", "e\u0301", "\u1112\u1161", "К"),
    *('"\\uD800"', '"\\u202E"', '"\\0"', "가나다", "🇰🇷", ": |\n", ": >-\n", "- - - - - ", "[[[[[["),
]
_VALUES = [
    *"null ~ [] {} true false NO on 7 2020 0755 08 0x1f 1e3 1e999 .inf -0 12:30:45".split(),
    *("2020-02-30", "2020-13", "''", "'2020'", "9" * 40, "x" * 700, "a b " * 400, "../../etc"),
    *("javascript:alert(1)", "https://", "kr-mofa", "<<", "{a: {b: {c: [d]}}}", "- a\n- b"),
]


@dataclass(frozen=True)
class Original:
    """A real text to mutate, and the folder it belongs to."""

    folder: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines(keepends=True)

    @cached_property
    def words(self) -> list[str]:
        return self.text.split()


def originals(root: Path) -> tuple[list[Original], list[Original]]:
    """Files and extracts of a folder of facts, and the whole articles."""
    short, whole = [], []
    for folder in seeds.FOLDERS:
        for path in sorted((root / folder).glob("*.yaml")):
            text = path.read_text("utf-8")
            if folder != "articles":
                short.append(Original(folder, text))
                continue
            whole.append(Original(folder, text))
            short += (Original(folder, part) for part in _extracts(text))
    return short, whole


def _extracts(text: str, most: int = 40) -> Iterator[str]:
    """An article's head with the n-th record of each section, until no section has one."""
    fields, _, _ = yaml12.read(text.encode(), "an article")
    sections = {k: v for k, v in fields.items() if isinstance(v, list) and isinstance(v[0], dict)}
    head = {k: v for k, v in fields.items() if k not in sections}
    for n in range(min(most, max(map(len, sections.values())))):
        yield yaml12.write({**head, **{k: [v[n]] for k, v in sections.items() if n < len(v)}})


def mutated(original: Original, dice: random.Random) -> bytes:
    """One to three changes: of words, lines, characters and, at last, bytes."""
    text, lines, words = original.text, original.lines, original.words
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(text) + 1)
        match dice.randrange(9):
            case 0:
                text = text.replace(dice.choice(words), dice.choice(words), 1)
            case 1:
                text = text.replace(dice.choice(lines), "", 1)
            case 2:
                line = dice.choice(lines)
                text = text.replace(line, line * 2, 1)
            case 3:
                text = text[:at] + dice.choice(_PIECES) + text[at:]
            case 4:
                text = text.replace(dice.choice(words), dice.choice(_VALUES), 1)
            case 5:
                line = dice.choice(lines)
                text = text.replace(line, "  " + line, 1)
            case 6:
                text = text[:at] + text[at + dice.randint(1, 30) :]
            case 7:
                text = text[:at] + text[at : at + 20] * dice.randint(2, 4) + text[at:]
            case _ if dice.random() < 0.2:
                text = text[:at]
            case _:
                text = text.replace(dice.choice(words), dice.choice(words) * 2, 1)
        text = text or "a"
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    if dice.random() < 0.15:
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    return bytes(raw)


def loaded(raw: bytes, folder: str) -> tuple[Thing | None, list[Finding]]:
    """What the loader makes of a file and says of it."""
    data, node, findings = yaml12.read(raw, "f.yaml")
    if findings or node is None:
        return None, findings
    text = raw.decode("utf-8")
    file = seeds._File(Path("f.yaml"), folder, text, data, node)
    findings = [*seeds._comments(text, "f.yaml"), *seeds._alike(file)]
    return seeds._validated(file, findings), findings


def judge(raw: bytes, thing: Thing | None, findings: list[Finding]) -> None:
    """Raises AssertionError where a finding helps nobody, or a thing is another when written."""
    if thing is not None:
        again, _, none = yaml12.read(seeds.dump(thing).encode(), "f.yaml")
        assert none == []
        assert type(thing).model_validate(again) == thing
    assert thing is not None or findings, "refused without a word"
    lines = raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    for finding in findings:
        where = finding.where
        assert where is not None
        assert 1 <= where.line <= len(lines), finding
        assert 1 <= where.column <= len(lines[where.line - 1]) + 1, finding
        told = str(finding)
        assert told.startswith(f"f.yaml:{where.line}:{where.column}: "), told
        assert told.isprintable(), ascii(told)
        assert finding.what, told
        assert finding.mend, told


@dataclass
class Seen:
    """What came of many mutations."""

    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    """CPU seconds of the slowest."""
    slow: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    digest: int = 0
    """Of all mutations: the same numbers give the same ones."""
    grown: float = 0.0
    """Megabytes that the process grew by, after the first tenth."""

    @property
    def all(self) -> int:
        return self.read + self.refused


def run(count: int, seed: int = 20201015, root: Path | None = None) -> Seen:
    """Mutate so many times; nothing is raised, ``wrong`` tells of what went wrong."""
    short, whole = originals(root or paths.seeds())
    dice, seen, before = random.Random(seed), Seen(), 0.0
    for n in range(count):
        if n == count // 10:
            before = resident()
        if n and n % 100_000 == 0:
            print(f"{n:,} so far, {len(seen.wrong)} wrong", flush=True)
        original = dice.choice(whole if dice.random() < WHOLE else short)
        raw = mutated(original, dice)
        seen.digest = zlib.crc32(raw, seen.digest)
        findings: list[Finding] = []
        try:
            start = time.process_time()
            thing, findings = loaded(raw, original.folder)
            took = time.process_time() - start
            seen.slowest = max(seen.slowest, took)
            seen.slow += took > SLOW
            judge(raw, thing, findings)
        except Exception as bad:  # noqa: BLE001 - whatever it is, is what we are looking for
            seen.wrong.append(f"{type(bad).__name__}: {bad}; from {raw[:2000]!r}")
        if any(f.severity == "error" for f in findings):
            seen.refused += 1
        else:
            seen.read += 1
        for code in {f.code for f in findings}:
            seen.codes[code] = seen.codes.get(code, 0) + 1
    seen.grown = resident() - before
    return seen


def resident() -> float:
    """Megabytes of memory of this process; of other systems than Linux, the most it ever had."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> list[Figure]:
    """Figures of a million mutations, or as many as ``ALLIANCE_FUZZ`` says."""
    count = int(os.environ.get("ALLIANCE_FUZZ", COUNT))
    seen = run(count)
    for text in seen.wrong[:10]:
        print(text)
    told = ", ".join(f"{code} {n:,}" for code, n in sorted(seen.codes.items()))
    print(f"{seen.read:,} read, {seen.refused:,} refused: {told}")
    rows: list[tuple[str, str, Any, bool]] = [
        ("mutations of real files", f"{COUNT:,}", f"{seen.all:,}", seen.all >= count),
        ("uncaught, without a place or not printable", "0", len(seen.wrong), not seen.wrong),
        (
            "slowest mutation, CPU",
            f"< {SLOW * 1000:.0f} ms",
            f"{seen.slowest * 1000:.1f} ms ({seen.slow} over)",
            seen.slow == 0,
        ),
        ("growth of memory", f"< {GROWTH} MB", f"{seen.grown:.1f} MB", seen.grown < GROWTH),
        ("memory of the process", "< 200 MB", f"{resident():.0f} MB", resident() < 200),
    ]
    return [
        Figure(what, target, str(measured), held, timed="CPU" in what)
        for what, target, measured, held in rows
    ]
