"""The seating plan: who sits where, and where every line of text goes.

x is the side of the table, y the level. Each side is one column of offices, grouped by institution,
with those who are shown in them; between the columns stand the channels, each with its meetings.
Ties run only in the gutters between columns, so that none crosses a label; what stands in a column
is stacked, so that no two labels meet. Widths of text are taken from a table of Arial's, to which
the usual sans-serif faces are metrically close. Everything is computed here, without a browser.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from alliance_graph.network import Edge, Network, Node

# --- text ----------------------------------------------------------------------------------------


class _Widths(dict[str, int]):
    """Advance widths in thousandths of the size (Arial, which Helvetica and Liberation share)."""

    def __missing__(self, char: str) -> int:
        found = self[char] = 950 if ord(char) > 0x2E7F else 600
        return found


_WIDTHS = _Widths(
    (char, width)
    for width, chars in {
        191: "'",
        222: "ijl’‘",
        278: " !,./:;I[]\\ft|·",
        333: "r()-`“”{}",
        355: '"',
        500: "ckvxyzsJ",
        556: "abdeghnopqu0123456789L?_$#–",
        584: "+<=>~≠≈",
        611: "FTZ",
        667: "ABEKPSVXY&",
        722: "CDHNRUw",
        778: "GOQ",
        833: "Mm",
        889: "%",
        944: "W",
    }.items()
    for char in chars
)
_SLACK = 1.04
"""Room for faces that run a little wider than Arial."""


def width(text: str, size: float, bold: bool = False) -> float:
    """Width of a text in user units, rather too wide than too narrow."""
    return sum(map(_WIDTHS.__getitem__, text)) * size / 1000 * _SLACK * (1.07 if bold else 1.0)


@lru_cache(maxsize=4096)
def wrap(text: str, room: float, size: float, bold: bool = False) -> tuple[str, ...]:
    """Lines no wider than ``room``, broken at blanks, within a word only where it must be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        together = f"{line} {word}" if line else word
        if width(together, size, bold) <= room:
            line = together
            continue
        if line:
            lines.append(line)
        while width(word, size, bold) > room and len(word) > 1:
            at = len(word) - 1
            while at > 1 and width(word[:at], size, bold) > room:
                at -= 1
            lines.append(word[:at])
            word = word[at:]
        line = word
    return (*lines, line) if line else tuple(lines)


_MONTHS = "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec".split()


def when(date: str | None) -> tuple[str, str]:
    """An EDTF date in words, English and Korean; empty where there is none."""
    if not date:
        return "", ""
    text = date.strip("[]{}").rstrip("?~%")
    one_of = date.startswith("[")
    for mark in ("..", "/"):
        if mark == "/" and "/" not in text:
            continue
        if mark == ".." and (".." not in text or "/" in text):
            continue
        start, _, end = text.partition(mark)
        return _span(start.strip(".? ~%"), end.strip(".? ~%"), one_of)
    english, korean = _day(text)
    if date[-1:] in "?~%":
        return f"c. {english}", f"{korean} 무렵"
    return english, korean


def _day(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", text)
    if not found or (found[2] and not 1 <= int(found[2]) <= 12):
        return text, text
    year, month, day = found[1], found[2], found[3]
    if not month:
        return year, f"{year}년"
    name = _MONTHS[int(month) - 1]
    if not day:
        return f"{name} {year}", f"{year}년 {int(month)}월"
    return f"{int(day)} {name} {year}", f"{year}년 {int(month)}월 {int(day)}일"


def _span(start: str, end: str, one_of: bool) -> tuple[str, str]:
    if not start or not end:
        english, korean = _day(start or end)
        return (f"from {english}", f"{korean}부터") if start else (f"by {english}", f"{korean}까지")
    a, b = _day(start), _day(end)
    if a == b:
        return a
    english = f"{a[0]} – {b[0]}"
    if start[:4] == end[:4] and len(start) == len(end) == 10:
        first = str(int(start[8:])) if start[:7] == end[:7] else a[0].removesuffix(f" {start[:4]}")
        english = f"{first}–{b[0]}"
    korean = f"{a[1]}–{b[1]}"
    if start[:4] == end[:4] and len(start) > 4 and len(end) > 4:
        korean = f"{a[1]}–{b[1].partition('년 ')[2]}"
        if start[:7] == end[:7] and len(start) == len(end) == 10:
            korean = f"{a[1].removesuffix('일')}–{int(end[8:])}일"
    return (f"between {english}", f"{korean} 중") if one_of else (english, korean)


def undated(label: str) -> str:
    """A label without the date at its end, which its line on the plan tells."""
    months = "|".join(
        (*_MONTHS, *"January February March April September October November December".split())
    )
    days = rf"(?:\d{{1,2}} )?(?:{months}) \d{{4}}"
    short = re.sub(rf",? {days}$|\s*\([^()]*\d{{4}}\)$|\s*\([^()]*\bdate\)$", "", label)
    return (
        re.sub(
            r",?\s*\d{4}년(?: \d{1,2}월)?(?: \d{1,2}일)?$|\s*\([^()]*\d{4}년[^()]*\)$", "", short
        )
        or label
    )


def bare(label: str) -> str:
    """A label without what stands in parentheses at its end, which its place on the plan tells."""
    return re.sub(r"\s*\([^()]*\)$", "", label) or label


# --- what the plan is made of --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, in one language."""

    x: float
    y: float
    """Its baseline."""
    text: str
    size: float
    role: str
    """group, seat, holder, when, channel, meeting …: how it is set."""
    anchor: str = "start"
    language: str = ""
    """en or ko where a drawing holds both."""
    bold: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        wide = width(self.text, self.size, self.bold)
        left = {"start": self.x, "end": self.x - wide, "middle": self.x - wide / 2}[self.anchor]
        return left, self.y - self.size * 0.8, left + wide, self.y + self.size * 0.24


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the plan that can be selected: an office, who holds it, a channel, a meeting."""

    node: str
    """IRI."""
    kind: str
    """seat, holder, channel or meeting."""
    side: int
    left: float
    top: float
    right: float
    bottom: float
    lines: tuple[Line, ...]
    port: float = 0.0
    """y at which ties end."""
    mark: tuple[float, float] | None = None
    """Where its sign is drawn."""
    state: str = "held"
    conflict: bool = False
    tie: int | None = None
    """Index of the edge that seats a holder in the office."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A curve in a gutter from somebody in an office to a meeting."""

    source: int
    target: int
    """Indexes of items."""
    edge: int
    """Index of the edge in the network."""
    x1: float
    y1: float
    x2: float
    y2: float
    state: str

    @property
    def path(self) -> str:
        """SVG path: leaves and arrives level, stays between its ends."""
        half = (self.x1 + self.x2) / 2
        return (
            f"M{_n(self.x1)} {_n(self.y1)}C{_n(half)} {_n(self.y1)} "
            f"{_n(half)} {_n(self.y2)} {_n(self.x2)} {_n(self.y2)}"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A level: from where to where it goes, and its name."""

    level: str
    top: float
    bottom: float
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is drawn, with its place."""

    width: float
    height: float
    rows: tuple[Row, ...]
    items: tuple[Item, ...]
    ties: tuple[Tie, ...]
    loose: tuple[Line, ...]
    """Lines that belong to no item: names of sides and institutions."""
    cards: tuple[tuple[float, float, float, float], ...]
    """Left, top, right and bottom of each channel with its meetings."""
    left_out: int = 0
    """How many things there was no room for."""

    def lines(self) -> list[Line]:
        """All lines of text."""
        found = [*self.loose, *(line for row in self.rows for line in row.lines)]
        return found + [line for item in self.items for line in item.lines]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Form:
    """Measures of a plan."""

    width: float
    side: float
    """Width of a side's column."""
    gutter: float
    name: float
    """Size of names; other texts follow it."""
    beside: bool
    """Whether dates stand beside names, or below them."""

    @property
    def small(self) -> float:
        """Size of titles and dates."""
        return round(self.name * 0.86, 1)

    @property
    def centre(self) -> tuple[float, float]:
        """Left and right of the middle column."""
        return self.side + self.gutter, self.width - self.side - self.gutter


WIDE = Form(width=1080, side=292, gutter=92, name=13, beside=True)
NARROW = Form(width=400, side=118, gutter=18, name=11, beside=False)

MOST = 150
"""So many things are drawn at most; the rest is found by search and focus."""


# --- who and what is on it -----------------------------------------------------------------------


@dataclass
class _Holder:
    node: Node
    edge: int | None
    tie: Edge | None


@dataclass
class _Seat:
    office: Node | None
    """None for those without an office."""
    group: Node | None
    """The institution."""
    side: int
    holders: list[_Holder] = field(default_factory=list)
    others: bool = False
    """Whether it is of a third party."""


@dataclass
class _Card:
    channel: Node | None
    meetings: list[Node] = field(default_factory=list)


BEYOND = "beyond"
NO_LEVEL = "none"


class _Cast:
    """Chooses who and what is drawn, and in which row."""

    def __init__(self, network: Network, most: int) -> None:
        self.network = network
        nodes = network.by_iri
        self.rank = {level.slug: i for i, level in enumerate(network.levels)}
        self.group_of = {
            e.source: nodes[e.target]
            for e in reversed(network.edges)
            if e.kind in ("in institution", "of") and e.target in nodes
        }
        self.part = [i for i, e in enumerate(network.edges) if e.kind == "took part"]
        meetings = [n for n in network.nodes if n.kind == "encounter"]
        channels = [n for n in network.nodes if n.kind == "channel"]
        self.left_out = 0
        room = max(10, most // 2)
        if len(meetings) + len(channels) > room:
            meetings, channels = self.chosen(meetings, channels, room)
        kept = {m.iri for m in meetings}
        self.part = [i for i in self.part if network.edges[i].target in kept]
        self.met: dict[str, list[str]] = defaultdict(list)
        for i in self.part:
            self.met[network.edges[i].target].append(network.edges[i].source)
        self.cards = self.make_cards(meetings, channels)
        self.seats = self.make_seats(most - len(meetings) - len(channels))

    def chosen(
        self, meetings: list[Node], channels: list[Node], room: int
    ) -> tuple[list[Node], list[Node]]:
        """Meetings with most who take part, the latest first, with their channels."""
        size: dict[str, int] = defaultdict(int)
        for i in self.part:
            size[self.network.edges[i].target] += 1
        channel = {e.source: e.target for e in self.network.edges if e.kind == "in channel"}
        order = sorted(meetings, key=lambda m: m.iri)
        order.sort(key=lambda m: (min(size[m.iri], 4), m.latest or ""), reverse=True)
        kept = order[: room * 2 // 3]
        used = {channel.get(m.iri) for m in kept}
        body = [c for c in channels if c.iri in used][: room - len(kept)]
        self.left_out += len(meetings) + len(channels) - len(kept) - len(body)
        return sorted(kept, key=lambda m: m.iri), body

    def make_cards(self, meetings: list[Node], channels: list[Node]) -> list[_Card]:
        of = {e.source: e.target for e in self.network.edges if e.kind == "in channel"}
        by_channel: dict[str, list[Node]] = defaultdict(list)
        loose = []
        known = {c.iri for c in channels}
        for m in meetings:
            channel = of.get(m.iri)
            if channel in known:
                by_channel[channel].append(m)
            else:
                loose.append(m)
        cards = [
            _Card(
                c, sorted(by_channel[c.iri], key=lambda m: (m.earliest or m.latest or "9", m.iri))
            )
            for c in channels
        ]
        return cards + [_Card(None, [m]) for m in loose]

    def make_seats(self, room: int) -> list[_Seat]:
        network, nodes = self.network, self.network.by_iri
        held: dict[str, list[_Holder]] = defaultdict(list)
        seated: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for i, e in enumerate(network.edges):
            if e.kind == "holds" and e.source in nodes and e.target in nodes:
                held[e.target].append(_Holder(nodes[e.source], i, e))
                seated.add(e.source)
                pairs.add((e.source, e.target))
        loose: dict[str, _Holder] = {}
        for i in self.part:
            e = network.edges[i]
            for post in e.posts:
                if post in nodes and (e.source, post) not in pairs:
                    held[post].append(_Holder(nodes[e.source], None, None))
                    seated.add(e.source)
                    pairs.add((e.source, post))
            if not e.posts and e.source not in seated:
                loose.setdefault(e.source, _Holder(nodes[e.source], None, None))
        busy = {network.edges[i].source for i in self.part}
        seats = []
        for n in network.nodes:
            if n.kind == "office":
                seats.append(
                    _Seat(n, self.group_of.get(n.iri), n.side, held[n.iri], n.side not in (1, 2))
                )
            elif n.iri in loose and n.iri not in seated:
                holder = loose[n.iri]
                seats.append(
                    _Seat(None, self.group_of.get(n.iri), n.side, [holder], n.side not in (1, 2))
                )
        count = sum(1 + len(s.holders) for s in seats)
        if count > room:
            # those who met come first; an office without anybody shown in it goes first
            seats.sort(key=lambda s: not any(h.node.iri in busy for h in s.holders))
            while seats and count > room:
                gone = seats.pop()
                count -= 1 + len(gone.holders)
                self.left_out += 1 + len(gone.holders)
        for s in seats:
            s.holders.sort(key=lambda h: ((h.tie and h.tie.earliest) or "", h.node.iri))
        return seats

    def row_of(self, node: Node, beyond: bool = False) -> str:
        if beyond:
            return BEYOND
        return node.level if node.level in self.rank else NO_LEVEL

    def card_row(self, card: _Card) -> str:
        if card.channel is not None and card.channel.level in self.rank:
            return self.row_of(card.channel)
        levels = [m.level for m in card.meetings if m.level in self.rank]
        if levels:
            return min(levels, key=lambda v: self.rank[v or ""]) or NO_LEVEL
        return NO_LEVEL


# --- where it goes -------------------------------------------------------------------------------

WORDS = {
    "none": ("level not told", "급 미상"),
    "beyond": ("beyond the table", "그 밖의 당사자"),
    "no post": ("no post told", "직위 미상"),
    "planned": ("planned", "예정"),
    "tentative": ("tentative", "잠정"),
    "desired": ("wished for", "희망"),
    "hypothetical": ("hypothetical", "가정"),
    "attempted": ("attempted", "시도"),
    "denied": ("denied", "부인됨"),
    "acting": ("acting", "대행"),
    "concurrent": ("also", "겸임"),
    "designate": ("designate", "지명"),
    "undated": ("no date told", "날짜 미상"),
    "session": ("session {}", "{}차"),
    "phone": ("phone", "전화"),
    "video": ("video", "화상"),
    "not known": ("nobody named", "이름 없음"),
}
"""Our own words on the plan, English and Korean."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is set."""

    size: float
    role: str
    anchor: str = "start"
    bold: bool = False
    most: int = 9
    """So many lines at most."""


class _Pen:
    """Lays lines below each other in a column."""

    def __init__(self, form: Form, names: dict[str, tuple[str, str]], language: int) -> None:
        self.form = form
        self.names = names
        self.language = language
        self.items: list[Item] = []
        self.loose: list[Line] = []
        self.cards: list[tuple[float, float, float, float]] = []
        self.where: dict[tuple[str, str | None], int] = {}

    def text(
        self, texts: tuple[str, str], x: float, top: float, room: float, style: _Style
    ) -> tuple[tuple[Line, ...], float]:
        """The lines of a text, and the y below it."""
        return self.stack([(texts, style)], x, top, room)

    def stack(
        self, blocks: list[tuple[tuple[str, str], _Style]], x: float, top: float, room: float
    ) -> tuple[tuple[Line, ...], float]:
        """Texts below each other, and the y below them."""
        out: list[Line] = []
        y = top
        for texts, style in blocks:
            step = round(style.size * 1.22, 1)
            lines = wrap(self.say(texts), room, style.size, style.bold)
            if len(lines) > style.most:
                rest = " ".join(lines[style.most - 1 :])
                lines = (*lines[: style.most - 1], _cut(rest, room, style.size, style.bold))
            for line in lines:
                at = round(y + style.size * 0.82, 1)
                out.append(Line(x, at, line, style.size, style.role, style.anchor, bold=style.bold))
                y = round(y + step, 1)
        return tuple(out), y

    def say(self, texts: tuple[str, str]) -> str:
        """The text in the plan's language, in English where there is no other."""
        return texts[self.language] or texts[0]

    def seat(self, seat: _Seat, top: float, group: bool) -> float:
        """Draw an office with its holders; gives the y below."""
        form = self.form
        left_side = seat.side == 1 and not seat.others
        if left_side:
            edge, far, anchor, back = form.side, 0.0, "end", "start"
            x = edge - 12
        else:
            edge, far, anchor, back = form.width - form.side, form.width, "start", "end"
            x = edge + 12
        room = form.side - 14
        low, high = (far, edge) if left_side else (edge, far)
        y = top
        if group and seat.group is not None:
            texts = self.shortened(seat, seat.group)
            style = _Style(form.small * 0.94, "group", anchor, True, 3)
            lines, y = self.text(texts, x, y, room, style)
            self.loose += lines
            y += 1
        if seat.office is not None:
            texts = self.shortened(seat, seat.office)
            lines, y2 = self.text(texts, x, y, room, _Style(form.small, "seat", anchor, most=4))
            self.add(
                Item(
                    seat.office.iri,
                    "seat",
                    seat.side,
                    low,
                    y - 1,
                    high,
                    y2,
                    lines,
                    port=(y + y2) / 2,
                )
            )
            y = y2 + 1
        if not seat.holders:
            style = _Style(form.small, "when", anchor)
            lines, y = self.text(WORDS["not known"], x, y, room, style)
            self.loose += lines
        for holder in seat.holders:
            y = self.holder(seat, holder, x, y, room, anchor, back, far, low, high, edge)
        return y + 8

    @staticmethod
    def shortened(seat: _Seat, node: Node) -> tuple[str, str]:
        """A name without the country in parentheses, where the column tells it."""
        if seat.others:
            return node.label, node.ko or ""
        return bare(node.label), bare(node.ko or "")

    def holder(
        self,
        seat: _Seat,
        holder: _Holder,
        x: float,
        y: float,
        room: float,
        anchor: str,
        back: str,
        far: float,
        low: float,
        high: float,
        edge: float,
    ) -> float:
        form, node, tie = self.form, holder.node, holder.tie
        notes = _dates(tie)
        named = node.kind == "person"
        noted = width(self.say(notes), form.small) if form.beside and notes[0] else 0.0
        size = form.name if named else form.small
        names = (node.label, node.ko or "")
        style = _Style(size, "holder" if named else "unnamed", anchor, named, 4)
        blocks = [(names, style)]
        if notes[0] and not form.beside:
            blocks.append((notes, _Style(form.small, "when", anchor, most=3)))
        lines, y2 = self.stack(blocks, x, y, room - (noted + 10 if noted else 0))
        port = y + size * 0.55
        if noted:
            step = size * 0.82 - form.small * 0.82
            more, _ = self.text(notes, far, y + step, noted + 2, _Style(form.small, "when", back))
            lines += more
        state = tie.state if tie else "held"
        item = Item(
            node.iri,
            "holder",
            seat.side,
            low,
            y - 1,
            high,
            y2,
            lines,
            port,
            (edge - 4 if anchor == "end" else edge + 4, port),
            state,
            bool(tie and tie.conflict),
            holder.edge,
        )
        self.where[node.iri, seat.office.iri if seat.office else None] = self.add(item)
        return y2 + 2

    def add(self, item: Item) -> int:
        self.items.append(item)
        return len(self.items) - 1

    def card(self, card: _Card, top: float, span: tuple[float, float] | None = None) -> float:
        """Draw a channel with its meetings, or a meeting outside any channel; gives the y below."""
        form = self.form
        left, right = span or form.centre
        x, room = left + 22, right - left - 30
        y = top + 5
        channel = card.channel
        if channel is not None:
            name = (bare(channel.label), bare(channel.ko or ""))
            blocks = [(name, _Style(form.name * 0.96, "channel", bold=True, most=5))]
            blocks.append((self.status(channel), _Style(form.small, "note")))
            lines, y2 = self.stack(blocks, x, y, room - (14 if channel.conflict else 0))
            self.add(
                Item(
                    channel.iri,
                    "channel",
                    0,
                    left,
                    y - 4,
                    right,
                    y2,
                    lines,
                    y + form.name * 0.5,
                    (left + 11, y + form.name * 0.5),
                    channel.state,
                    channel.conflict,
                )
            )
            y = y2 + 2
        for meeting in card.meetings:
            y = self.meeting(meeting, channel is not None, x, y, room, left, right)
        self.cards.append((left, top, right, y + 2))
        return y + 2

    def status(self, channel: Node) -> tuple[str, str]:
        """The latest status told, with its day; never one set aside or only planned."""
        if channel.state != "held":
            return WORDS.get(channel.state, ("", ""))
        told = [s for s in channel.statuses if s.state == "held" and not s.set_aside]
        dated = [s for s in told if s.earliest or s.latest]
        if not told:
            return "", ""
        last = (dated or told)[-1]
        name = self.names.get("status/" + last.status, (last.status, last.status))
        day = when(last.date)
        if not day[0] or not self.form.beside:
            return name
        return f"{name[0]} · {day[0]}", f"{name[1]} · {day[1]}"

    def meeting(
        self, node: Node, within: bool, x: float, y: float, room: float, left: float, right: float
    ) -> float:
        form = self.form
        if node.conflict:
            room -= 14
        size = form.small if within else form.name * 0.92
        port = y + size * 0.55
        names = (undated(node.label), undated(node.ko or ""))
        blocks = [] if within else [(names, _Style(size, "meeting", most=4))]
        blocks.append((self.told(node), _Style(form.small, "when", most=4)))
        lines, y2 = self.stack(blocks, x, y, room)
        item = Item(
            node.iri,
            "meeting",
            0,
            left,
            y - 2,
            right,
            y2,
            lines,
            port,
            (left + 11, port),
            node.state,
            node.conflict,
        )
        self.where[node.iri, None] = self.add(item)
        return y2 + 3

    def told(self, node: Node) -> tuple[str, str]:
        """What a meeting's line says: when, which session, how, and that it is only planned."""
        out = []
        for language in (0, 1):
            parts = [when(node.date)[language] or WORDS["undated"][language]]
            if session := node.detail("session"):
                parts.append(WORDS["session"][language].format(session))
            mode, setting = node.detail("mode"), node.detail("setting")
            if mode in ("phone", "video"):
                parts.append(WORDS[mode][language])
            if setting and not (mode == "phone" and setting == "call"):
                parts.append(self.names.get("setting/" + setting, (setting, setting))[language])
            if node.state != "held":
                parts.append(WORDS.get(node.state, (node.state, node.state))[language])
            out.append(" · ".join(parts))
        return out[0], out[1]


def shown(tie: Edge) -> tuple[str, str]:
    """The days on which somebody is shown in an office, no finer than the sources tell them.

    Who is shown on two days was not shown on those between: months will do.
    """
    if not tie.dates:
        return "", ""
    if len(tie.dates) == 1:
        return when(tie.dates[0])
    first = tie.dates[0].partition("/")[0].strip("[]{}.?~%")
    last = (
        max(tie.dates, key=lambda d: d.partition("/")[2] or d).rpartition("/")[2].strip("[]{}.?~%")
    )
    if first[:7] == last[:7]:
        return when(first[:7])
    start, end = when(first[:7]), when(last[:7])
    english = start[0].removesuffix(f" {last[:4]}") if len(first) > 4 else start[0]
    korean = end[1].partition("년 ")[2] if first[:4] == last[:4] and len(first) > 4 else end[1]
    return f"{english} – {end[0]}", f"{start[1]}–{korean or end[1]}"


def _dates(tie: Edge | None) -> tuple[str, str]:
    """When somebody is shown in an office, and that it is as acting or besides another."""
    if tie is None:
        return "", ""
    texts = shown(tie)
    if tie.capacity not in ("acting", "concurrent", "designate"):
        return texts
    note = WORDS[tie.capacity]
    return ", ".join(t for t in (note[0], texts[0]) if t), ", ".join(
        t for t in (note[1], texts[1]) if t
    )


def _cut(text: str, room: float, size: float, bold: bool) -> str:
    while text and width(text + "…", size, bold) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def plan(
    network: Network,
    form: Form = WIDE,
    names: dict[str, tuple[str, str]] | None = None,
    language: str = "en",
    most: int = MOST,
) -> Plan:
    """Seat a network at the table; ``language`` is en or ko.

    ``names`` gives concepts of our vocabularies ("setting/call") in English and Korean. At most
    about ``most`` things are drawn.
    """
    cast = _Cast(network, most)
    pen = _Pen(form, names or {}, ("en", "ko").index(language))
    rows: list[Row] = []
    y = 10.0
    known = [level.slug for level in network.levels]
    titles = {level.slug: (level.label, level.ko or level.label) for level in network.levels}
    pairs = _facing(network.edges)
    for slug in [*known, BEYOND, NO_LEVEL]:
        seats = [
            s for s in cast.seats if cast.row_of(s.office or s.holders[0].node, s.others) == slug
        ]
        cards = [c for c in cast.cards if cast.card_row(c) == slug]
        if not seats and not cards:
            continue
        top = y
        style = _Style(form.small * 0.94, "level", bold=True)
        title, y = pen.text(titles.get(slug) or WORDS[slug], 0, y + 4, form.side, style)
        y += 6
        end = _lay_row(pen, seats, cards, y, pairs, cast)
        rows.append(Row(slug, top, end + 8, title))
        y = end + 12
    ties = tuple(_ties(network, cast, pen))
    return Plan(
        form.width,
        y,
        tuple(rows),
        tuple(pen.items),
        ties,
        tuple(pen.loose),
        tuple(pen.cards),
        cast.left_out,
    )


def _facing(edges: Iterable[Edge]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = defaultdict(list)
    for e in edges:
        if e.kind == "counterpart":
            out[e.source].append(e.target)
            out[e.target].append(e.source)
    return out


def _lay_row(
    pen: _Pen,
    seats: list[_Seat],
    cards: list[_Card],
    top: float,
    pairs: dict[str, list[str]],
    cast: _Cast,
) -> float:
    """Seats on both sides, counterparts at one height; between them the cards. Gives the end."""
    left = _grouped([s for s in seats if s.side == 1 and not s.others])
    right = _grouped([s for s in seats if s.side != 1 or s.others])
    lines = _facing_lines(left, right, pairs)
    rank = {h.node.iri: i for i, line in enumerate(lines) for s in line if s for h in s.holders}
    cards = _in_order(cards, rank, cast)
    if not seats and not any(m.iri in cast.met for c in cards for m in c.meetings):
        return _lay_grid(pen, cards, top)
    y = top
    for card in cards:
        y = pen.card(card, y) + 6
    # a first try tells how high the seats are, the second spreads them over the height of the cards
    scratch = _Pen(pen.form, pen.names, pen.language)
    spare = y - _lay_seats(scratch, lines, top, 0.0)
    more = min(max(spare, 0.0) / max(len(lines), 1), 44.0)
    return max(_lay_seats(pen, lines, top, round(more, 1)), y)


Line2 = tuple[_Seat | None, _Seat | None]
"""What sits on the left and on the right at one height."""


def _facing_lines(
    left: list[_Seat], right: list[_Seat], pairs: dict[str, list[str]]
) -> list[Line2]:
    """Counterparts at one height; the rest fills up in order."""
    free = list(right)
    lines: list[Line2] = []
    for seat in left:
        faces = pairs.get(seat.office.iri, []) if seat.office else []
        partner = next((s for s in free if s.office and s.office.iri in faces), None)
        if partner is not None:
            free.remove(partner)
        lines.append((seat, partner))
    out: list[Line2] = []
    for seat_, partner in lines:
        if partner is None and free:
            partner = free.pop(0)
        out.append((seat_, partner))
    return [*out, *((None, s) for s in free)]


def _lay_seats(pen: _Pen, lines: list[Line2], top: float, more: float) -> float:
    y = top
    last: list[Node | None] = [None, None]
    for line in lines:
        ends = [y]
        for column, seat in enumerate(line):
            if seat is not None:
                new = seat.group is None or seat.group is not last[column]
                last[column] = seat.group
                ends.append(pen.seat(seat, y, new))
        y = max(ends) + 3 + more
    return y - more


def _lay_grid(pen: _Pen, cards: list[_Card], top: float) -> float:
    """Cards that nothing ties to the table, next to each other over the whole width."""
    form = pen.form
    across = 3 if form.beside else 2
    wide = (form.width - 10 * (across - 1)) / across
    for at in range(0, len(cards), across):
        ends = [
            pen.card(card, top, (i * (wide + 10), i * (wide + 10) + wide))
            for i, card in enumerate(cards[at : at + across])
        ]
        top = max(ends) + 8
    return top


def _grouped(seats: list[_Seat]) -> list[_Seat]:
    """Seats of one institution next to each other."""
    order: dict[str, int] = {}
    for s in seats:
        order.setdefault(s.group.iri if s.group else "", len(order))
    return sorted(seats, key=lambda s: (order[s.group.iri if s.group else ""], s.office is None))


def _in_order(cards: list[_Card], rank: dict[str, int], cast: _Cast) -> list[_Card]:
    """Cards near those who take part, so that ties cross little; the oldest of equals first."""

    def middle(card: _Card) -> tuple[float, str]:
        found = [rank[w] for m in card.meetings for w in cast.met.get(m.iri, ()) if w in rank]
        day = min((m.earliest or m.latest or "9999" for m in card.meetings), default="9999")
        return (sum(found) / len(found) if found else 1e9), day

    return sorted(cards, key=middle)


def _ties(network: Network, cast: _Cast, pen: _Pen) -> Iterable[Tie]:
    form = pen.form
    centre_left, centre_right = form.centre
    for i in cast.part:
        e = network.edges[i]
        target = pen.where.get((e.target, None))
        source = next(
            (pen.where[e.source, p] for p in (*e.posts, None) if (e.source, p) in pen.where),
            None,
        )
        if source is None:
            source = next((n for (who, _), n in pen.where.items() if who == e.source), None)
        if source is None or target is None:
            continue
        a, b = pen.items[source], pen.items[target]
        state = b.state if e.state == "held" else e.state
        if a.right <= centre_left:
            yield Tie(source, target, i, form.side, a.port, centre_left, b.port, state)
        else:
            start = form.width - form.side
            yield Tie(source, target, i, start, a.port, centre_right, b.port, state)


def overlaps(plan: Plan) -> list[tuple[str, str]]:
    """Pairs of lines that would touch: none, unless the plan is broken."""
    lines = sorted(plan.lines(), key=lambda line: line.box[1])
    found = []
    for i, a in enumerate(lines):
        for b in lines[i + 1 :]:
            if b.box[1] >= a.box[3]:
                break
            if a.box[0] < b.box[2] and b.box[0] < a.box[2]:
                found.append((a.text, b.text))
    return found


def crossings(plan: Plan) -> list[tuple[Tie, Line]]:
    """Ties that run through a line of text, told from points along the curve."""
    boxes = [(line, line.box) for line in plan.lines()]
    found = []
    for tie in plan.ties:
        for x, y in _points(tie):
            for line, (left, top, right, bottom) in boxes:
                if left < x < right and top < y < bottom:
                    found.append((tie, line))
    return found


def _points(tie: Tie, steps: int = 40) -> Sequence[tuple[float, float]]:
    half = (tie.x1 + tie.x2) / 2
    out = []
    for i in range(steps + 1):
        t = i / steps
        a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t * t, t**3
        out.append(
            (
                a * tie.x1 + b * half + c * half + d * tie.x2,
                a * tie.y1 + b * tie.y1 + c * tie.y2 + d * tie.y2,
            )
        )
    return out
