"""The timeline: a lane for each channel, its sessions, gaps and statuses.

Time runs from left to right, but stretches without any event are cut short and marked, with their
length: the sources tell of a few weeks in many years. What is only planned is hollow; an interval
is a bar as long as the accounts leave open.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date as Day
from html import escape
from itertools import pairwise

from alliance_graph.network import Network, Node
from alliance_graph.seating import WORDS, Line, when, width, wrap
from alliance_graph.svg import number, sign, text_element

_NAME, _RIGHT, _WIDTH = 236.0, 90.0, 1080.0
_LINE = 15.0
_BREAK = 75
"""A stretch of more days than this without any event is cut short."""


@dataclass(frozen=True, slots=True)
class Axis:
    """From days to x: even within a run of events, cut between runs."""

    days: tuple[int, ...]
    at: tuple[float, ...]
    breaks: tuple[tuple[float, float, int], ...]
    """Left, right and number of days of each stretch that is cut short."""

    def x(self, day: str) -> float:
        """Where an ISO day stands."""
        n = Day.fromisoformat(day).toordinal()
        i = bisect_right(self.days, n) - 1
        if i < 0:
            return self.at[0]
        if i >= len(self.days) - 1:
            return self.at[-1]
        part = (n - self.days[i]) / (self.days[i + 1] - self.days[i])
        return self.at[i] + part * (self.at[i + 1] - self.at[i])


def axis(days: set[str], left: float, right: float) -> Axis:
    """An axis for these days (ISO): each step is wide enough to tell two events apart."""
    found = sorted({Day.fromisoformat(d).toordinal() for d in days}) or [
        Day(2000, 1, 1).toordinal()
    ]
    weights = [4.2 if b - a > _BREAK else 0.9 + min(1.6, (b - a) / 12) for a, b in pairwise(found)]
    total = sum(weights) or 1.0
    at = [left]
    for w in weights:
        at.append(at[-1] + w / total * (right - left))
    breaks = tuple(
        (at[i], at[i + 1], b - a) for i, (a, b) in enumerate(pairwise(found)) if b - a > _BREAK
    )
    return Axis(tuple(found), tuple(at), breaks)


@dataclass
class _Lane:
    channel: Node | None
    meetings: list[Node] = field(default_factory=list)


def how_long(days: int) -> tuple[str, str]:
    """A number of days in words, rounded: weeks, months or years."""
    if days < 14:
        return (f"{days} day" + ("s" if days != 1 else ""), f"{days}일")
    if days < 70:
        weeks = round(days / 7)
        return f"{weeks} weeks", f"{weeks}주"
    if days < 700:
        months = round(days / 30.44)
        return f"{months} months", f"{months}개월"
    years = round(days / 365.25, 1)
    text = f"{years:.1f}".removesuffix(".0")
    return f"{text} years", f"{text}년"


def _lanes(network: Network) -> list[_Lane]:
    of = {e.source: e.target for e in network.edges if e.kind == "in channel"}
    by_channel: dict[str | None, list[Node]] = defaultdict(list)
    channels = [n for n in network.nodes if n.kind == "channel"]
    known = {c.iri for c in channels}
    for n in network.nodes:
        if n.kind == "encounter":
            channel = of.get(n.iri)
            by_channel[channel if channel in known else None].append(n)
    lanes = [_Lane(c, by_channel[c.iri]) for c in channels]
    rank = {level.slug: i for i, level in enumerate(network.levels)}
    lanes.sort(
        key=lambda lane: (rank.get((lane.channel and lane.channel.level) or "", 99), _first(lane))
    )
    if by_channel[None]:
        lanes.append(_Lane(None, by_channel[None]))
    room = MOST
    for lane in sorted(lanes, key=lambda lane: (lane.channel is None, -len(lane.meetings))):
        lane.meetings = sorted(lane.meetings, key=lambda m: (m.latest or "", m.iri))[-room:]
        lane.meetings = lane.meetings if room > 0 else []
        room -= len(lane.meetings) + 1
    if len(lanes) > MOST // 3:
        lanes = [lane for lane in lanes if lane.meetings]
    for lane in lanes:
        lane.meetings.sort(key=lambda m: (m.earliest or m.latest or "9999", m.iri))
    return lanes


def _first(lane: _Lane) -> str:
    return min((m.earliest or "9999" for m in lane.meetings), default="9999")


MOST = 300
"""So many meetings are drawn at most, in the channels that have most of them."""


def draw(network: Network, number_of: dict[str, int], names: dict[str, tuple[str, str]]) -> str:
    """The timeline as SVG."""
    lanes = _lanes(network)
    days = {d for n in network.nodes if n.kind == "encounter" for d in (n.earliest, n.latest) if d}
    days |= {d for n in network.nodes for s in n.statuses for d in (s.earliest, s.latest) if d}
    scale = axis(days, _NAME + 14, _WIDTH - _RIGHT)
    body: list[str] = []
    y = 46.0
    for lane in lanes:
        y = _draw_lane(lane, y, scale, number_of, names, body)
    head = [
        f'<svg class="lanes" viewBox="0 0 {number(_WIDTH)} {number(y + 8)}" role="group" '
        'aria-label="Timeline" xmlns="http://www.w3.org/2000/svg">'
    ]
    head += _draw_axis(scale, y)
    return "\n".join([*head, *body, "</svg>"])


def _draw_axis(scale: Axis, bottom: float) -> Iterator[str]:
    for left, right, days in scale.breaks:
        texts = how_long(days)
        yield (
            f'<rect class="break" x="{number(left + 7)}" y="30" '
            f'width="{number(right - left - 14)}" height="{number(bottom - 30)}"/>'
        )
        for language, text in zip(("en", "ko"), texts, strict=True):
            if width(text, 10) < right - left - 4:
                middle = (left + right) / 2
                yield text_element(Line(middle, 42, text, 10, "gap", "middle", language))
    free = {"en": 0.0, "ko": 0.0}
    starts = [0, *(i for i, x in enumerate(scale.at) if any(x == b[1] for b in scale.breaks))]
    for i in starts:
        x = scale.at[i]
        yield f'<path class="tick" d="M{number(x)} 26V{number(bottom)}"/>'
        month = Day.fromordinal(scale.days[i]).isoformat()[:7]
        for language, text in zip(("en", "ko"), when(month), strict=True):
            wide = width(text, 11)
            left = max(min(x, _WIDTH - wide), free[language])
            if left > x + 40:
                continue
            yield text_element(Line(round(left, 1), 20, text, 11, "tick", "start", language))
            free[language] = left + wide + 8
    for language, text in (("en", "no date told"), ("ko", "날짜 미상")):
        yield text_element(Line(_WIDTH, 20, text, 11, "tick", "end", language))


def _draw_lane(
    lane: _Lane,
    y: float,
    scale: Axis,
    number_of: dict[str, int],
    names: dict[str, tuple[str, str]],
    out: list[str],
) -> float:
    channel = lane.channel
    texts = (
        (channel.label, channel.ko or channel.label)
        if channel
        else ("Meetings outside any channel", "채널 밖의 회담")
    )
    size = 12.0
    lines: list[Line] = []
    deep = 0
    for language, text in zip(("en", "ko"), texts, strict=True):
        wrapped = wrap(text, _NAME - 12, size, bold=True)
        deep = max(deep, len(wrapped))
        lines += [
            Line(0, y + 15 + i * _LINE, t, size, "channel", "start", language, True)
            for i, t in enumerate(wrapped)
        ]
    rows = _stacked(lane.meetings, scale)
    used = (max(rows.values()) + 1) * 17 if rows else 0.0
    marks, below = _statuses(lane, channel, y + used + 4, scale, names) if channel else ([], y)
    high = max(deep * _LINE + 8, used + 8, below - y)
    state = channel.state if channel else "held"
    index = f' data-n="{number_of[channel.iri]}"' if channel else ""
    role = "it lane" if channel else "lane"
    out.append(f'<g class="{role} {state}"{index}>')
    out.append(f'<path class="rule" d="M0 {number(y)}H{number(_WIDTH)}"/>')
    out.append(
        f'<rect class="hit" x="0" y="{number(y + 1)}" width="{number(_NAME)}" '
        f'height="{number(high - 2)}" rx="3"/>'
    )
    out += map(text_element, lines)
    out.append("</g>")
    out += marks
    out += _gaps(lane, y, scale)
    for n, m in enumerate(lane.meetings):
        at = y + 12 + rows[m.iri] * 17
        room = _room(m, lane.meetings[n + 1 :], rows, scale) if m.earliest or m.latest else 0.0
        out += _mark(m, at, scale, number_of[m.iri], room)
    return y + high


def _statuses(
    lane: _Lane, channel: Node, top: float, scale: Axis, names: dict[str, tuple[str, str]]
) -> tuple[list[str], float]:
    """What a channel is said to have been, as ticks with words, in as many lines as they need."""
    out: list[str] = []
    ends: list[float] = []
    for s in channel.statuses:
        if s.status == "active" and s.state == "held" and lane.meetings:
            continue  # the sessions themselves show it
        en, ko = names.get("status/" + s.status, (s.status, s.status))
        if s.state != "held":
            note = WORDS.get(s.state, (s.state, s.state))
            en, ko = f"{en} ({note[0]})", f"{ko}({note[1]})"
        wide = max(width(en, 10.5), width(ko, 10.5))
        dated = s.earliest or s.latest
        x = scale.x(dated) if dated else _WIDTH - 6
        right = dated is None or x + wide + 8 > _WIDTH - 70
        left_end, right_end = (x - wide - 8, x + 6) if right else (x - 5, x + wide + 10)
        line = next((i for i, end in enumerate(ends) if end <= left_end), len(ends))
        if line == len(ends):
            ends.append(right_end)
        else:
            ends[line] = right_end
        y = top + 9 + line * 14
        aside = " aside" if s.set_aside else ""
        known = f' data-known="{s.known}"' if s.known else ""
        days = f' data-day="{dated}"' if dated else ""
        out.append(f'<g class="status {s.state}{aside}"{known}{days}>')
        if s.earliest and s.latest and s.latest != s.earliest:
            end = scale.x(s.latest)
            out.append(f'<path class="period" d="M{number(x)} {number(y + 6)}H{number(end)}"/>')
        r = 3.2
        out.append(
            f'<path class="m" d="M{number(x)} {number(y - r)}l{r} {r}l{-r} {r}l{-r} {-r}z"/>'
        )
        for language, text in (("en", en), ("ko", ko)):
            at, anchor = (x - 7, "end") if right else (x + 7, "start")
            out.append(
                text_element(Line(round(at, 1), y + 3.5, text, 10.5, "when", anchor, language))
            )
        out.append("</g>")
    return out, top + len(ends) * 14 + (8 if ends else 0)


def _stacked(meetings: list[Node], scale: Axis) -> dict[str, int]:
    """A line within the lane for each meeting, so that no two marks meet."""
    ends: list[float] = []
    undated = 0
    out: dict[str, int] = {}
    for m in meetings:
        if not (m.earliest or m.latest):
            out[m.iri] = undated
            undated += 1
            continue
        left = scale.x(m.earliest or m.latest or "") - 7
        right = scale.x(m.latest or m.earliest or "") + 7
        line = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        if line == len(ends):
            ends.append(right)
        else:
            ends[line] = right
        out[m.iri] = line
    return out


def _label(node: Node, language: int) -> str:
    """Day and month of a meeting, as far as they are told; the axis tells the year."""
    text = when(node.date)[language]
    if not text or "between" in text or len(text) > 24:
        return ""
    return re.sub(r" \d{4}$", "", text) if language == 0 else text.partition("년 ")[2] or text


def _days_between(a: Node, b: Node) -> int:
    last, first = Day.fromisoformat(a.latest or ""), Day.fromisoformat(b.earliest or "")
    return max(0, (first - last).days)


def _room(node: Node, after: list[Node], row: dict[str, int], scale: Axis) -> float:
    """How wide a label to the right of a meeting's mark may be."""
    right = scale.x(node.latest or node.earliest or "") + 9
    free = [
        scale.x(m.earliest or m.latest or "") - 10
        for m in after
        if row[m.iri] == row[node.iri] and (m.earliest or m.latest)
    ]
    room = min([*free, *(b[0] + 6 for b in scale.breaks if b[0] >= right - 9), _WIDTH - 40]) - right
    later = next((m for m in after if m.state == "held" and m.earliest and m.latest), None)
    if later is None or node.state != "held" or not node.latest:
        return room
    # the length of the gap to the next session goes first
    return room - max(width(t, 10) for t in how_long(_days_between(node, later))) - 20


def _gaps(lane: _Lane, y: float, scale: Axis) -> Iterator[str]:
    """A thin line from each session held to the next one, in channels that have several."""
    if lane.channel is None:
        return
    held = [m for m in lane.meetings if m.state == "held" and m.earliest and m.latest]
    for a, b in pairwise(held):
        x1, x2 = scale.x(a.latest or "") + 7, scale.x(b.earliest or "") - 7
        room = _room(a, [b], {a.iri: 0, b.iri: 0}, scale)
        told = [width(t, 10) for t in (_label(a, 0), _label(a, 1))]
        x1 += max((w + 6 for w in told if w and w <= room), default=0.0)
        if x2 - x1 < 4:
            continue
        yield f'<path class="gap" d="M{number(x1)} {number(y + 12)}H{number(x2)}"/>'
        for language, text in zip(("en", "ko"), how_long(_days_between(a, b)), strict=True):
            if width(text, 10) < x2 - x1 - 6:
                yield text_element(
                    Line(round((x1 + x2) / 2, 1), y + 9, text, 10, "gap", "middle", language)
                )


def _mark(node: Node, y: float, scale: Axis, index: int, room: float) -> Iterator[str]:
    conflict = " conflict" if node.conflict else ""
    yield f'<g class="it meeting s0 {node.state}{conflict}" data-n="{index}">'
    if not (node.earliest or node.latest):
        x = _WIDTH - 12
        yield _hit(x - 8, x + 8, y)
        yield sign("meeting", x, y)
    else:
        left = scale.x(node.earliest or node.latest or "")
        right = scale.x(node.latest or node.earliest or "")
        yield _hit(left - 8, right + 8, y)
        if right - left > 3 or not (node.earliest and node.latest):
            tail = 14.0
            x1 = left - (0 if node.earliest else tail)
            x2 = right + (0 if node.latest else tail)
            yield (
                f'<rect class="spread" x="{number(x1)}" y="{number(y - 2.5)}" rx="2.5" '
                f'width="{number(x2 - x1)}" height="5"/>'
            )
        yield sign("meeting", (left + right) / 2, y)
        for i, language in enumerate(("en", "ko")):
            text = _label(node, i)
            if text and width(text, 10) <= room:
                yield text_element(Line(right + 9, y + 3.5, text, 10, "when", "start", language))
    label = f"{node.label}. {when(node.date)[0]}".strip()
    yield f"<title>{escape(label)}</title></g>"


def _hit(left: float, right: float, y: float) -> str:
    return (
        f'<rect class="hit" x="{number(left)}" y="{number(y - 8)}" rx="3" '
        f'width="{number(right - left)}" height="16"/>'
    )
