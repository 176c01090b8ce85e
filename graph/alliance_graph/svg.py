"""The plan as SVG text: what is seen without JavaScript, in print, in notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from alliance_graph.seating import Item, Line, Plan


def number(value: float) -> str:
    """A coordinate with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")


def text_element(line: Line) -> str:
    """One line of text, with the width that it has room for."""
    left, _, right, _ = line.box
    language = f' lang="{line.language}"' if line.language else ""
    anchor = f' text-anchor="{line.anchor}"' if line.anchor != "start" else ""
    return (
        f'<text class="t-{line.role}" x="{number(line.x)}" y="{number(line.y)}" '
        f'font-size="{number(line.size)}" data-room="{right - left:.0f}"{anchor}{language}>'
        f"{escape(line.text)}</text>"
    )


def sign(kind: str, x: float, y: float, size: float = 4.5) -> str:
    """The sign of a kind: circle for people, diamond for channels, triangle for meetings."""
    a, b = number(x), number(y)
    if kind == "channel":
        r = size + 1
        return f'<path class="m" d="M{a} {number(y - r)}l{r} {r}l{-r} {r}l{-r} {-r}z"/>'
    if kind == "meeting":
        r = size
        return (
            f'<path class="m" d="M{a} {number(y - r)}l{number(r * 1.05)} {number(r * 1.8)}'
            f'h{number(-r * 2.1)}z"/>'
        )
    if kind == "seat":
        r = size
        return f'<path class="m" d="M{number(x - r)} {number(y - r)}h{r * 2}v{r * 2}h{-r * 2}z"/>'
    return f'<circle class="m" cx="{a}" cy="{b}" r="{number(size - 0.5)}"/>'


def _item(
    index: int, item: Item, number_of: dict[str, int], name: str, recorded: str
) -> Iterator[str]:
    classes = f"it {item.kind} s{item.side} {item.state}" + (" conflict" if item.conflict else "")
    tie = "" if item.tie is None else f' data-e="{item.tie}"'
    told = f' aria-describedby="{name}-{index}"' if recorded else ""
    yield f'<g class="{classes}" data-i="{index}" data-n="{number_of[item.node]}"{tie}{told}>'
    yield (
        f'<rect class="hit" x="{number(item.left)}" y="{number(item.top)}" rx="3" '
        f'width="{number(item.right - item.left)}" height="{number(item.bottom - item.top)}"/>'
    )
    if item.mark:
        yield sign(item.kind, *item.mark)
    yield from map(text_element, item.lines)
    if item.conflict and item.kind in ("meeting", "channel"):
        yield (
            f'<text class="t-conflict" x="{number(item.right - 6)}" y="{number(item.port + 4)}" '
            'text-anchor="end" font-size="13">≠</text>'
        )
    if recorded:
        x, y = item.mark or (item.left, item.port)
        yield (
            f'<g class="record"><title id="{name}-{index}">{escape(recorded)}</title>'
            f'<text x="{number(x)}" y="{number(y - 5)}" font-size="10" font-weight="700" '
            'text-anchor="middle" fill="currentColor">✓</text></g>'
        )
    if item.state == "denied":
        yield (
            f'<path class="cross" d="M{number(item.left + 4)} {number(item.bottom)}'
            f'L{number(item.right - 4)} {number(item.top + 2)}"/>'
        )
    yield "</g>"


def seating(
    plan: Plan,
    number_of: dict[str, int],
    name: str,
    title: str,
    language: str = "en",
    recorded: Mapping[int, str] | None = None,
) -> str:
    """A seating plan; ``number_of`` gives a node's index, ``name`` the class of the picture.

    Items in ``recorded`` are marked as confirmed by official records, with these words.
    """
    marks = recorded or {}
    wide, high = number(plan.width), number(plan.height)
    out = [
        f'<svg class="plan {name}" lang="{language}" viewBox="0 0 {wide} {high}" role="group" '
        f'aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    ]
    for row in plan.rows:
        y = number(row.top)
        out.append(
            f'<g class="row" data-v="{escape(row.level)}"><path class="rule" d="M0 {y}H{wide}"/>'
        )
        out += map(text_element, row.lines)
        out.append("</g>")
    for left, top, right, bottom in plan.cards:
        out.append(
            f'<rect class="card" x="{number(left)}" y="{number(top)}" rx="5" '
            f'width="{number(right - left)}" height="{number(bottom - top)}"/>'
        )
    out.append('<g class="ties">')
    for tie in plan.ties:
        side = plan.items[tie.source].side
        out.append(
            f'<path class="tie s{side} {tie.state}" data-e="{tie.edge}" data-a="{tie.source}" '
            f'data-b="{tie.target}" d="{tie.path}"/>'
        )
    out.append("</g>")
    out += map(text_element, plan.loose)
    for i, item in enumerate(plan.items):
        out += _item(i, item, number_of, f"record-{name}-{language}", marks.get(i, ""))
    out.append("</svg>")
    return "\n".join(out)
