"""Fragments of HTML for notebooks: quiet, escaped, without JavaScript, the same in light and dark.

Colours follow the text around them (``currentColor``), so that JupyterLab, VS Code, Colab and a
printed page need no theme of ours. Nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

FOLDED = 50
"""Rows beyond this many are folded away."""
MOST = 1000
"""Rows beyond this many are only counted."""

_SHORT, _LONG = 12, 32
"""Texts up to so many characters, such as a day, are not broken into lines; longer ones need room.
"""
_BRANCHES = 12
"""What something rests on, beyond this many, is folded away."""

STYLE = """<style>
.ag{line-height:1.4;max-width:100%}
.ag .ag-x{overflow-x:auto;max-width:100%}
.ag table{border-collapse:collapse;border:0;margin:.2em 0;font-size:.88em;table-layout:auto}
.ag table thead th{border:0;border-bottom:1.5px solid currentColor;font-weight:600;
text-align:left!important;vertical-align:bottom;padding:.25em 1em .25em 0}
.ag table tbody tr{background:none!important}
.ag table tbody td{border:0;border-bottom:1px solid color-mix(in srgb,currentColor 16%,transparent);
text-align:left!important;vertical-align:top;padding:.3em 1em .3em 0;max-width:30em;
white-space:normal}
.ag table tbody td.ag-n,.ag table thead th.ag-n{text-align:right!important;
font-variant-numeric:tabular-nums}
.ag table tbody td.ag-w{white-space:nowrap}
.ag table tbody td.ag-m{min-width:7em}
.ag table tbody td.ag-l{min-width:14em}
.ag .ag-s{color:color-mix(in srgb,currentColor 72%,transparent);font-size:.92em}
.ag details>summary{cursor:pointer}
.ag td.ag-y summary{white-space:nowrap;color:color-mix(in srgb,currentColor 72%,transparent)}
.ag td.ag-y details[open]{min-width:20em}
.ag td:not(.ag-y) summary{list-style:none;text-decoration:underline dotted .06em;
text-underline-offset:.2em}
.ag td summary::-webkit-details-marker{display:none}
.ag td.ag-y summary::-webkit-details-marker{display:inline}
.ag td details .ag-s{white-space:normal;min-width:12em}
.ag ul{margin:.1em 0 .2em 0;padding-left:1.3em;list-style:none}
.ag td ul{padding-left:0}
.ag li{margin:.1em 0}
.ag h4{margin:.9em 0 .2em;font-size:1em}
.ag a{color:inherit!important;text-decoration:underline!important;
text-decoration-thickness:.06em!important;text-underline-offset:.2em}
.ag pre{white-space:pre-wrap;font-size:.88em;background:none;padding:0}
</style>"""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one cell, as plain text."""

    text: str
    title: str = ""
    """What is said of it when one points at it."""
    href: str = ""
    number: bool = False
    about: str = ""
    """What folds out below it."""


def block(*parts: str) -> str:
    """Fragments under our style, which touches nothing outside them."""
    return f'<div class="ag">{STYLE}{"".join(parts)}</div>'


def link(text: str, href: str, title: str = "") -> str:
    """Text that leads to an address; only http, https and relative addresses become links."""
    scheme, colon, _ = href.partition(":")
    safe = href and (not colon or scheme in ("http", "https") or "/" in scheme or "#" in scheme)
    about = f' title="{escape(title)}"' if title else ""
    if safe:
        return f'<a href="{escape(href)}"{about}>{escape(text)}</a>'
    return f"<span{about}>{escape(text)}</span>" if title else escape(text)


def soft(text: str) -> str:
    """A line that stands back."""
    return f'<div class="ag-s">{escape(text)}</div>'


def title(name: str, kind: str) -> str:
    """What a dossier is about."""
    return f'<h4>{escape(name)} <span class="ag-s">{escape(kind)}</span></h4>'


def section(name: str, lines: Sequence[tuple[str, str, str, Sequence[str]]], most: int = 8) -> str:
    """Lines (mark, text, note, sources) under a heading; long sections are folded away."""
    made = []
    for mark, text, note, sources in lines:
        said = f"<i>{escape(mark)}</i> {escape(text)}" if mark else escape(text)
        said += soft(note) if note else ""
        made.append(folded_html(said, listed(map(escape, sources))) if sources else said)
    opened = " open" if len(lines) <= most else ""
    summary = f"<summary><b>{escape(name)}</b> ({len(lines)})</summary>"
    return f"<details{opened}>{summary}{listed(made)}</details>"


def listed(items: Iterable[str]) -> str:
    """A list of fragments that are HTML already."""
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>"


def folded(summary: str, inside: str, opened: bool = False) -> str:
    """Something folded away under a line of text; ``inside`` is HTML already."""
    return (
        f"<details{' open' if opened else ''}><summary>{escape(summary)}</summary>"
        f"{inside}</details>"
    )


class Branch(Protocol):
    """Something with what it rests on below it."""

    @property
    def label(self) -> str:
        """What it says."""

    @property
    def passage(self) -> str:
        """The words themselves; "" where they are not at hand."""

    @property
    def children(self) -> Sequence[Branch]:
        """What it rests on."""


def tree(branch: Branch, depth: int = 0) -> str:
    """A tree whose branches fold out; only the first is open, and not more than its first ones."""
    label = escape(branch.label) if depth else f"<b>{escape(branch.label)}</b>"
    quoted = f"<div>“{escape(branch.passage)}”</div>" if branch.passage else ""
    if not branch.children:
        return label + quoted
    made = [tree(child, depth + 1) for child in branch.children]
    below, more = listed(made[:_BRANCHES]), made[_BRANCHES:]
    if more:
        below += folded(f"{len(more)} more", listed(more))
    opened = "" if depth else " open"
    return f"<details{opened}><summary>{label}</summary>{quoted}{below}</details>"


def folded_html(summary: str, inside: str) -> str:
    """Something folded away under a line; both are HTML already."""
    return f"<details><summary>{summary}</summary>{inside}</details>"


def plain(text: str) -> str:
    """Text as it stands, lines kept."""
    return f"<pre>{escape(text)}</pre>"


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    notes: Sequence[str] = (),
    *,
    note: str = "why",
    rest: int = FOLDED,
    most: int = MOST,
) -> str:
    """A table; ``notes`` (HTML already, one a row, "" for none) fold out under the word ``note``.

    Rows after the first ``rest`` are folded away, those after ``most`` only counted.
    """
    numbers = [
        bool(rows)
        and all(row[i].number or not row[i].text for row in rows)
        and any(row[i].number for row in rows)
        for i in range(len(heads))
    ]
    noted = any(notes)
    head = "".join(_head(h, n) for h, n in zip(heads, numbers, strict=True))
    head = f"<thead><tr>{'<th></th>' if noted else ''}{head}</tr></thead>"

    def lines(first: int, last: int) -> str:
        out = []
        for at in range(first, min(last, len(rows))):
            cells = "".join(_cell(c, n) for c, n in zip(rows[at], numbers, strict=True))
            if noted:
                behind = notes[at] if at < len(notes) else ""
                # first, since a wide table is cut off at its end
                cells = f'<td class="ag-y">{folded(note, behind) if behind else ""}</td>{cells}'
            out.append(f"<tr>{cells}</tr>")
        return f'<div class="ag-x"><table>{head}<tbody>{"".join(out)}</tbody></table></div>'

    made = lines(0, rest)
    if len(rows) > rest:
        more = min(len(rows), most) - rest
        said = f"{more} more rows"
        if noted and len(notes) < rest + more:
            said += f"; “{note}” for the first {len(notes)} only"
        made += folded(said, lines(rest, most))
    if len(rows) > most:
        made += soft(f"and {len(rows) - most} rows that are not shown; .df() has all of them")
    return made


def _head(text: str, number: bool) -> str:
    kind = ' class="ag-n"' if number else ""
    return f'<th{kind} scope="col">{escape(text)}</th>'


def _cell(cell: Cell, number: bool) -> str:
    size = len(cell.text)
    name = "ag-w" if size <= _SHORT else "ag-m" if size <= _LONG else "ag-l"
    kind = f' class="{"ag-n" if number else name}"'
    if not cell.about:
        return f"<td{kind}>{link(cell.text, cell.href, cell.title)}</td>"
    summary = f'<summary title="{escape(cell.title)}">{escape(cell.text)}</summary>'
    page = link("page", cell.href)
    inside = soft(cell.about) + (f'<div class="ag-s">{page}</div>' if cell.href else "")
    return f"<td{kind}><details>{summary}{inside}</details></td>"
