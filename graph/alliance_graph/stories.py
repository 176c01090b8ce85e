"""Guided walks through the network, made from what stands in it.

The life of the channel whose statuses are told most often, and the event of which both sides give
accounts that differ most. Sentences are ours; names, dates and statuses come from the data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alliance_graph.network import Network, Node, many, named, one
from alliance_graph.seating import WORDS, when
from alliance_graph.vocabulary import ALLY, RDF, SKOS

if TYPE_CHECKING:
    from alliance_graph.network import Index

Both = tuple[str, str]
"""A text in English and in Korean."""

_MOST = 6
"""So many things are named in one sentence at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """One view and one sentence."""

    text: Both
    nodes: tuple[str, ...]
    """IRIs of what is shown."""
    view: str = "plan"
    """plan or timeline."""
    day: str | None = None
    """The day (ISO) on which the view stands, or None for all days."""


@dataclass(frozen=True, slots=True)
class Story:
    """A title and its steps."""

    title: Both
    steps: tuple[Step, ...]


def stories(network: Network, index: Index, names: dict[str, tuple[str, str]]) -> list[Story]:
    """The stories that the data can tell: none, one or two."""
    teller = _Teller(network, index, names)
    return [s for s in (teller.life_of_a_channel(), teller.two_accounts()) if s]


class _Teller:
    def __init__(self, network: Network, index: Index, names: dict[str, tuple[str, str]]) -> None:
        self.network = network
        self.index = index
        self.names = names
        self.nodes = network.by_iri

    def name(self, iri: str) -> Both:
        node = self.nodes.get(iri)
        if node:
            return node.label, node.ko or node.label
        en = named(self.index, iri, SKOS + "prefLabel", "en") or iri.rpartition("/")[2]
        return en, named(self.index, iri, SKOS + "prefLabel", "ko") or en

    def article(self, claim: str) -> Both:
        found = one(self.index, claim, ALLY.inArticle)
        article = next((a for a in self.network.articles if a.iri == found), None)
        if article is None:
            return "", ""
        day = when(article.published)
        return f"{article.publisher}, {day[0]}", f"{article.publisher}, {day[1]}"

    def holder(self, claim: str) -> Both:
        """Who says so, or the article itself."""
        found = one(self.index, claim, ALLY.holder)
        if found and found != one(self.index, claim, ALLY.inArticle):
            return self.name(found)
        return "the article", "기사"

    # the life of a channel

    def life_of_a_channel(self) -> Story | None:
        told = {
            n.iri: [c for c in n.claims if self.predicate(c) == ALLY.statusPeriod]
            for n in self.network.nodes
            if n.kind == "channel" and n.state != "denied"
        }
        best = max(told, key=lambda iri: (len(told[iri]), iri), default=None)
        if best is None or len(told[best]) < 3:
            return None
        channel = self.nodes[best]
        name = self.name(best)
        meetings = self.with_people(self.meetings(best))
        steps = [
            Step(
                (
                    f"{name[0]}: how these sources tell its life, status by status.",
                    f"{name[1]}: 기사들이 전하는 상태의 변화를 차례로 본다.",
                ),
                (best, *meetings),
            )
        ]
        for claims in self.by_period(told[best]):
            steps.append(self.status_step(channel, claims))
        last = max((d for c in told[best] if (d := self.latest(c))), default=None)
        if last:
            day = when(last)
            steps.append(
                Step(
                    (
                        f"After {day[0]} these sources say no more of it: silence, not an end.",
                        f"{day[1]} 이후는 이 기사들에 없다. 끝났다는 뜻은 아니다.",
                    ),
                    (best, *meetings),
                    "timeline",
                )
            )
        return Story(
            (f"The life of a channel: {name[0]}", f"한 채널의 내력: {name[1]}"), tuple(steps)
        )

    def meetings(self, channel: str) -> tuple[str, ...]:
        return tuple(
            e.source for e in self.network.edges if e.kind == "in channel" and e.target == channel
        )

    def with_people(self, meetings: Iterable[str]) -> tuple[str, ...]:
        """Meetings and those who take part in them."""
        kept = tuple(meetings)
        people = (
            e.source for e in self.network.edges if e.kind == "took part" and e.target in kept
        )
        return tuple(dict.fromkeys((*kept, *people)))

    def predicate(self, claim: str) -> str:
        return one(self.index, claim, RDF + "predicate") or ""

    def period(self, claim: str) -> str:
        return one(self.index, claim, RDF + "object") or ""

    def latest(self, claim: str) -> str | None:
        return one(self.index, self.period(claim), ALLY.latest)

    def by_period(self, claims: list[str]) -> list[list[str]]:
        """Claims of one status period together, by date; without one, last."""
        groups: dict[str, list[str]] = defaultdict(list)
        for c in claims:
            groups[self.period(c)].append(c)

        def order(period: str) -> tuple[str, str, str]:
            first = one(self.index, period, ALLY.earliest)
            last = one(self.index, period, ALLY.latest)
            return first or last or "9999", last or first or "", period

        return [groups[p] for p in sorted(groups, key=order)]

    def status_step(self, channel: Node, claims: list[str]) -> Step:
        period = self.period(claims[0])
        date = one(self.index, period, ALLY.date)
        slug = (one(self.index, period, ALLY.status) or "").rpartition("/")[2]
        status = self.names.get("status/" + slug, (slug, slug))
        day = when(date)
        holders = _joined(self.holder(c) for c in claims)
        sources = _joined(self.article(c) for c in claims)
        doubt = self.doubt(claims)
        text = (
            f"{day[0] or 'No date told'}: {status[0]}{doubt[0]}. "
            f"So says {holders[0]} ({sources[0]}).",
            f"{day[1] or '날짜 미상'}: {status[1]}{doubt[1]}. 출처: {holders[1]}({sources[1]}).",
        )
        latest = one(self.index, period, ALLY.latest) or one(self.index, period, ALLY.earliest)
        seen = self.with_people(self.meetings(channel.iri))
        return Step(text, (channel.iri, *seen), day=latest)

    def doubt(self, claims: list[str]) -> Both:
        """That a status is denied, only planned, or given up for a better account."""
        notes: list[Both] = []
        if all((one(self.index, c, ALLY.polarity) or "").endswith("/denied") for c in claims):
            notes.append(WORDS["denied"])
        modality = {
            (one(self.index, c, ALLY.modality) or "/held").rpartition("/")[2] for c in claims
        }
        if "held" not in modality:
            notes += [WORDS[m] for m in sorted(modality) if m in WORDS]
        if all((one(self.index, c, ALLY.rank) or "").endswith("/deprecated") for c in claims):
            notes.append(("set aside for another account", "다른 서술이 채택됨"))
        if not notes:
            return "", ""
        return f" ({', '.join(n[0] for n in notes)})", f"({', '.join(n[1] for n in notes)})"

    # two accounts of one event

    def two_accounts(self) -> Story | None:
        one_side, other = self.network.country(1), self.network.country(2)
        if one_side is None or other is None:
            return None
        about: dict[str, list[str]] = defaultdict(list)
        for e in self.network.edges:
            if e.kind in ("made at", "on occasion of", "outcome of"):
                about[e.target].append(e.source)
        best: tuple[int, str] | None = None
        for n in self.network.nodes:
            if n.kind == "encounter":
                said = [self.said(n, about[n.iri], side.iri) for side in (one_side, other)]
                least = min(len(set(said[0]) - set(said[1])), len(set(said[1]) - set(said[0])))
                if least and (best is None or least > best[0]):
                    best = least, n.iri
        if best is None:
            return None
        event = self.nodes[best[1]]
        name = self.name(event.iri)
        said = [self.said(event, about[event.iri], side.iri) for side in (one_side, other)]
        day = when(event.date)
        who = self.with_people([event.iri])
        steps = [
            Step(
                (
                    f"{name[0]} ({day[0] or 'no date told'}). Both governments gave accounts.",
                    f"{name[1]}({day[1] or '날짜 미상'}). 두 정부가 저마다 내용을 전했다.",
                ),
                who,
            )
        ]
        for i, side in enumerate((one_side, other)):
            only = [x for x in dict.fromkeys(said[i]) if x not in said[1 - i]]
            country = self.name(side.iri)
            steps.append(
                Step(
                    (
                        f"Only in the account of {country[0]}: {self.listed(only, 0)}.",
                        f"{country[1]} 쪽 설명에만 있는 것: {self.listed(only, 1)}.",
                    ),
                    (*who, *only),
                )
            )
        both = [x for x in dict.fromkeys(said[0]) if x in said[1]]
        shared: Both = (
            (
                f"In both: {self.listed(both, 0)}. Open the meeting to compare them line by line.",
                f"양쪽에 다 있는 것: {self.listed(both, 1)}. 회의를 열면 한 줄씩 견줄 수 있다.",
            )
            if both
            else (
                "No item stands in both. Open the meeting to compare them line by line.",
                "양쪽에 다 있는 항목은 없다. 회의를 열면 한 줄씩 견줄 수 있다.",
            )
        )
        steps.append(Step(shared, (*who, *both)))
        return Story(
            (f"Two accounts of one event: {name[0]}", f"한 사건, 두 설명: {name[1]}"), tuple(steps)
        )

    def said(self, event: Node, about: list[str], side: str) -> list[str]:
        """What the account of one side alone tells of an event: things it names."""
        out = []
        for c in event.claims:
            if many(self.index, c, ALLY.side) == [side]:
                value = one(self.index, c, RDF + "object") or ""
                if value in self.nodes:
                    out.append(value)
        for record in about:
            if any(
                many(self.index, c, ALLY.side) == [side] and self.predicate(c) == RDF + "type"
                for c in self.nodes[record].claims
            ):
                out.append(record)
        return out

    def listed(self, things: list[str], language: int) -> str:
        shown = [self.name(t)[language] for t in things[:_MOST]]
        if len(things) > _MOST:
            shown.append(("and more", "등")[language])
        return "; ".join(shown)


def _joined(texts: Iterable[Both]) -> Both:
    found = [t for t in dict.fromkeys(texts) if t[0]]
    return "; ".join(t[0] for t in found), "; ".join(t[1] for t in found)
