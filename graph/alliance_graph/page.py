"""The network as one HTML file that asks nothing of any network.

Made through ``pyvis.network.Network`` with an escaping template of ours in place of its own, and
with the vis-network that lies in its wheel. Texts reach the page as escaped text or as JSON, never
as HTML; a Content-Security-Policy with the digest of each script and style lets nothing else run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alliance_graph import __version__, lanes, names, seating, stories, svg
from alliance_graph import network as net
from alliance_graph.network import Edge, Network, Node, first, many, named, one
from alliance_graph.sheet import environment
from alliance_graph.vocabulary import (
    ALLY,
    BASE,
    EDTF,
    ID,
    PREFIXES,
    RDF,
    RDFS,
    SKOS,
    VOC,
    concept,
    split,
)

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from alliance_graph.compare import Compared, Comparison
    from alliance_graph.store import Store

_WEB = Path(__file__).resolve().parent / "web"
_SCRIPTS = ("state.js", "find.js", "panel.js", "plan.js", "map.js", "take.js", "main.js")
"""Our own scripts, in the order in which they are joined."""


@cache
def words() -> dict[str, list[str]]:
    """The page's own words by key, as [English, Korean]."""
    found: dict[str, list[str]] = json.loads((_WEB / "words.json").read_text("utf-8"))
    return found


def safe_url(url: str) -> str:
    """The URL where it is http or https with a host and without a control character, else ""."""
    if re.search(r"[\x00-\x20\x7f-\x9f\\]", url):
        return ""
    parts = urlsplit(url)
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def render(
    network: Network, store: Store, texts: Path | None = None, compared: Compared | None = None
) -> str:
    """The page of a network, as complete HTML.

    ``store`` gives what stands behind it: claims, evidence, labels. With ``texts``, a folder of the
    articles' texts, passages are shown and the page says that it is private. With ``compared`` each
    dossier tells what official records say of it.
    """
    sheet = _Sheet(network, store, texts)
    if compared is not None:
        sheet.compare(compared)
    data = sheet.payload()
    made = network.to_pyvis()
    vis = _vis_network()
    made.templateEnv = environment(_WEB)
    made.path = "page.html"
    style = "\n" + (_WEB / "page.css").read_text("utf-8")
    ours = (f"// {name}\n" + (_WEB / name).read_text("utf-8") for name in _SCRIPTS)
    script = "\n(() => {\n'use strict';\n" + "\n".join(ours) + "})();\n"
    made.templateEnv.globals.update(
        data=data,
        words=words(),
        title=sheet.title,
        about=sheet.about,
        private=texts is not None,
        policy=_policy([script, vis], [style]),
        style=style,
        script=script,
        vis=vis,
        plans=sheet.drawn(),
        lanes=lanes.draw(network, sheet.number, sheet.names),
        rows=sheet.rows(),
        sides=sheet.sides,
        articles=network.articles,
        safe_url=safe_url,
        left_out=sheet.left_out,
        kinds=sheet.kinds_shown(),
        states=sheet.states_shown(),
        version=__version__,
    )
    html: str = made.generate_html(name="network.html")
    return html


@cache
def _vis_network() -> str:
    """The script of vis-network from pyvis's wheel."""
    import pyvis

    found = sorted((Path(pyvis.__file__).parent / "lib").glob("vis-*/vis-network.min.js"))
    text = found[-1].read_text("utf-8")
    # a comment that would make browsers ask for a file; and nothing may end the element early
    text = re.sub(r"//# sourceMappingURL=.*", "", text)
    return "\n" + text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _policy(scripts: Iterable[str], styles: Iterable[str]) -> str:
    """A Content-Security-Policy that allows these inline texts and no request at all."""

    def digests(texts: Iterable[str]) -> str:
        found = (base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in texts)
        return " ".join(f"'sha256-{d}'" for d in found)

    return (
        f"default-src 'none'; script-src {digests(scripts)}; style-src {digests(styles)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


# --- what the page knows -------------------------------------------------------------------------

_LOCAL = {
    RDF + "type": "is-so",
    SKOS + "altLabel": "called",
    RDFS + "label": "called",
    SKOS + "prefLabel": "called",
}
"""Predicates that are not of our ontology, and the key of our word for them."""


class _Sheet:
    """Gathers what the page shows, each text once."""

    def __init__(self, network: Network, store: Store, texts: Path | None) -> None:
        self.network = network
        self.index = network.index or net.read(store)
        self.number = {node.iri: i for i, node in enumerate(network.nodes)}
        self.article = {a.iri: i for i, a in enumerate(network.articles)}
        self.slug = {a.slug: i for i, a in enumerate(network.articles)}
        self.passages = _Passages(texts) if texts else None
        self.texts: dict[str, list[str]] = {}
        self.names = {
            iri.removeprefix(VOC): (
                named(self.index, iri, SKOS + "prefLabel", "en") or iri.rpartition("/")[2],
                named(self.index, iri, SKOS + "prefLabel", "ko") or "",
            )
            for iri in self.index
            if iri.startswith(VOC) and iri.count("/") > VOC.count("/")
        }
        for scheme in ("setting", "status", "mode", "capacity"):
            for key in [k for k in self.names if k.startswith(f"{scheme}/")]:
                en, ko = self.names[key]
                self.names[key] = (en, ko or en)
        self.left_out = 0
        self.decisions: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.beside: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.confirmed: dict[str, dict[str, None]] = defaultdict(dict)
        """What official records confirm, with the records."""
        for iri in sorted(self.index):
            if one(self.index, iri, RDF + "type") == ALLY.Decision:
                for thing in many(self.index, iri, ALLY.about):
                    self.decisions[thing].append(self.decision(iri))
        one_side, other = network.country(1), network.country(2)
        self.sides = (one_side, other)
        if one_side and other:
            self.title = (
                f"Who faces whom: {one_side.label} and {other.label}",
                "누가 누구와 마주 앉는가: "
                f"{one_side.ko or one_side.label}, {other.ko or other.label}",
            )
        else:
            self.title = ("Who faces whom", "누가 누구와 마주 앉는가")
        count = len(network.articles)
        days = [a.published for a in network.articles if a.published]
        span_en = span_ko = ""
        if days:
            first, last = seating.when(min(days)), seating.when(max(days))
            span_en, span_ko = f", {first[0]} to {last[0]}", f"({first[1]}–{last[1]})"
            if first == last:
                span_en, span_ko = f" of {first[0]}", f"({first[1]})"
        told = f"one article{span_en} tells" if count == 1 else f"{count} articles{span_en} tell"
        self.about = (
            f"Only what {told}. What is not here is not in these sources.",
            f"기사 {count}건{span_ko}이 전하는 것만 담았다. "
            "여기 없다는 것은 이 기사들에 없다는 뜻이다.",
        )

    def compare(self, compared: Compared) -> None:
        """Take in what official records say; what they do not follow needs no line.

        What they confirm is marked on the plan.
        """
        for c in compared.found:
            if c.verdict == "confirmed":
                self.confirmed[c.about] |= dict.fromkeys(map(str, c.records))
        told_of = ("✓: an official record shows the same.", "✓: 공식 기록에도 같은 내용이 있다.")
        english, korean = (f"{a} {b}" for a, b in zip(self.about, told_of, strict=True))
        self.about = (english, korean)
        told: dict[tuple[str, str, str], list[Comparison]] = defaultdict(list)
        for c in compared.found:
            if c.verdict != "press-only":
                for thing in dict.fromkeys((c.about, *c.of)):
                    told[thing, c.label, c.note].append(c)
        for (thing, label, note), alike in told.items():
            c = alike[0]
            days = ", ".join(dict.fromkeys(c.said for c in alike if c.said))
            said = {
                "v": self.concept(concept("verdict", c.verdict)),
                "l": f"{label} ({days})" if len(alike) > 1 or c.kind == "tenure" else label,
                "w": note,
                "s": [f"{s}: {s.text}" if s.text else str(s) for s in c.records],
            }
            if thing in self.number:
                self.beside[thing].append(said)

    # drawings

    def drawn(self) -> list[str]:
        """The seating plan, wide and narrow, in both languages; CSS shows one of them."""
        out = []
        for form, name in ((seating.NARROW, "narrow"), (seating.WIDE, "wide")):
            for i, language in enumerate(("ko", "en")):
                self.plan = seating.plan(self.network, form, self.names, language)
                title = self.title[1 - i]
                marks = self.marks(language)
                out.append(svg.seating(self.plan, self.number, name, title, language, marks))
        self.left_out = self.plan.left_out
        return out[::-1]

    def marks(self, language: str) -> dict[int, str]:
        """Items of the plan that official records confirm, with the words for it."""
        out = {}
        for i, item in enumerate(self.plan.items):
            found = self.confirmed.get(item.node, {}) if item.kind == "meeting" else {}
            if item.kind == "holder" and item.tie is not None:
                edge = self.network.edges[item.tie]
                slugs = [end.rpartition("/")[2] for end in (edge.source, edge.target)]
                slugs += [edge.capacity] if edge.capacity not in (None, "", "regular") else []
                found = self.confirmed.get(f"{ID}tenure/{'.'.join(slugs)}", {})
            if found:
                word = ("Confirmed by official records", "공식 기록으로 확인됨")[language == "ko"]
                out[i] = f"{word}: {'; '.join(found)}"
        return out

    # small values

    def concept(self, iri: str | None) -> list[str] | None:
        if not iri:
            return None
        en, ko = self.names.get(iri.removeprefix(VOC), (iri.rpartition("/")[2], ""))
        return [en, ko or en]

    def decision(self, iri: str) -> dict[str, Any]:
        """How the curators settled a tension, in both languages, and why (in theirs)."""
        return {
            "k": self.concept(one(self.index, iri, ALLY.decision)),
            "w": one(self.index, iri, RDFS + "comment"),
        }

    def text(self, iri: str) -> list[str]:
        """A thing's name in both languages."""
        if iri not in self.texts:
            en = named(self.index, iri, SKOS + "prefLabel", "en") or iri.rpartition("/")[2]
            self.texts[iri] = [en, named(self.index, iri, SKOS + "prefLabel", "ko") or en]
        return self.texts[iri]

    def value(self, term: NamedNode | Literal) -> Any:
        """An object of a claim: {"n": node}, or a text, or a text in both languages."""
        value = term.value
        if value in self.number:
            return {"n": self.number[value]}
        if value.startswith(VOC):
            return self.concept(value)
        parts = split(value)
        if parts and parts[0] == "status-period":
            status = self.concept(one(self.index, value, ALLY.status)) or ["", ""]
            day = seating.when(one(self.index, value, ALLY.date))
            return [f"{status[0]}, {day[0]}".strip(", "), f"{status[1]}, {day[1]}".strip(", ")]
        if value.startswith(str(ALLY)):
            return self.term(value)
        if parts:
            return self.text(value)
        datatype = getattr(term, "datatype", None)
        if datatype is not None and datatype.value == EDTF:
            return list(seating.when(value))
        return value

    def term(self, iri: str) -> list[str]:
        en = named(self.index, iri, RDFS + "label", "en") or iri.rpartition("#")[2]
        return [en, named(self.index, iri, RDFS + "label", "ko") or en]

    # payload

    def payload(self) -> dict[str, Any]:
        wanted = sorted(
            {c for n in self.network.nodes for c in n.claims}
            | {c for e in self.network.edges for c in e.claims}
        )
        self.claim_number = {c: i for i, c in enumerate(wanted)}
        self.predicates: dict[str, int] = {}
        self.places: dict[str, int] = {}
        claims = [self.claim(c) for c in wanted]
        told = stories.stories(self.network, self.index, self.names)
        days = sorted(
            {d for n in self.network.nodes for d in (n.earliest, n.latest) if d}
            | {d for e in self.network.edges for d in (e.earliest, e.latest) if d}
        )
        return {
            "base": BASE,
            "title": self.title,
            "private": self.passages is not None,
            "nodes": [self.node(n) for n in self.network.nodes],
            "edges": [self.edge(e) for e in self.network.edges],
            "claims": claims,
            "predicates": [words().get(_LOCAL.get(p, "")) or self.term(p) for p in self.predicates],
            "oneValued": [i for p, i in self.predicates.items() if p in net.ONE_VALUE],
            "evidence": [self.place(p) for p in self.places],
            "articles": [
                {
                    "s": a.slug,
                    "h": a.headline,
                    "p": a.publisher,
                    "u": safe_url(a.url),
                    "d": a.published,
                }
                for a in self.network.articles
            ],
            "levels": [[v.slug, v.label, v.ko or v.label] for v in self.network.levels],
            "concepts": {
                k: list(v)
                for k, v in sorted(self.names.items())
                if k.partition("/")[0]
                in (
                    "setting mode status capacity commitment-state commitment-kind position "
                    "document-kind institution-kind modality portfolio parity counterpart-basis"
                ).split()
            },
            "days": [days[0], days[-1]] if days else [],
            "stories": [
                {
                    "title": list(s.title),
                    "steps": [
                        {
                            "text": list(step.text),
                            "n": [self.number[i] for i in step.nodes if i in self.number],
                            "view": step.view,
                            "day": step.day,
                        }
                        for step in s.steps
                    ],
                }
                for s in told
            ],
            "focus": self.number.get(self.network.focus or ""),
            "prefixes": {k: PREFIXES[k] for k in ("ally", "rdfs", "skos")},
        }

    def node(self, node: Node) -> dict[str, Any]:
        folded = (node.label, *node.names) if node.kind in _FOLDED else ()
        keys = sorted({k for name in folded if (k := names.fold(name))})
        out: dict[str, Any] = {
            "i": node.iri.removeprefix(ID),
            "k": node.kind,
            "l": node.label,
            "o": node.ko,
            "m": list(node.names),
            "f": keys,
            "c": self.number.get(node.country or ""),
            "s": node.side,
            "v": node.level,
            "t": node.state if node.state != "held" else None,
            "d": list(seating.when(node.date)) if node.date else None,
            "e": node.earliest,
            "z": node.latest,
            "w": node.known,
            "x": int(node.conflict),
            "b": dict(node.details),
            "u": [
                _lean(
                    {
                        "s": u.status,
                        "d": list(seating.when(u.date)) if u.date else None,
                        "e": u.earliest,
                        "z": u.latest,
                        "w": u.known,
                        "t": u.state if u.state != "held" else None,
                        "x": int(u.set_aside),
                    }
                )
                for u in node.statuses
            ],
            "j": self.decisions.get(node.iri, []),
            "r": self.beside.get(node.iri, []),
            "q": [self.claim_number[c] for c in node.claims],
            "a": [self.slug[s] for s in node.sources if s in self.slug],
        }
        return _lean(out)

    def edge(self, edge: Edge) -> dict[str, Any]:
        channel = self.number.get(edge.channel or "")
        out: dict[str, Any] = {
            "a": self.number[edge.source],
            "b": self.number[edge.target],
            "k": edge.kind,
            "t": edge.state if edge.state != "held" else None,
            "d": list(seating.shown(edge)) if edge.dates else None,
            "e": edge.earliest,
            "z": edge.latest,
            "w": edge.known,
            "p": edge.capacity if edge.capacity != "regular" else None,
            "o": [self.number[p] for p in edge.posts if p in self.number],
            "h": channel,
            "g": edge.basis,
            "m": list(edge.printed),
            "x": int(edge.conflict),
            "q": [self.claim_number[c] for c in edge.claims],
            "r": [self.slug[s] for s in edge.sources if s in self.slug],
        }
        return _lean(out)

    def claim(self, iri: str) -> dict[str, Any]:
        held = self.index[iri]

        def said(predicate: str) -> str | None:
            return first(held, predicate)

        predicate = said(RDF + "predicate") or ""
        objects = held.get(RDF + "object", ())
        holder = said(ALLY.holder)
        rank = said(ALLY.rank) or ""
        modality = (said(ALLY.modality) or "held").rpartition("/")[2]
        attribution = said(ALLY.attribution)
        basis = (said(ALLY.provenanceBasis) or "article").rpartition("/")[2]
        out: dict[str, Any] = {
            "p": self.predicates.setdefault(predicate, len(self.predicates)),
            "v": self.value(min(objects, key=str)) if objects else "",
            "i": iri.removeprefix(ID + "claim/"),
            "h": None
            if holder is None or holder in self.article
            else {"n": self.number[holder]}
            if holder in self.number
            else self.text(holder),
            "s": [self.text(s) for s in many(self.index, iri, ALLY.side)],
            "y": [self.text(s) for s in many(self.index, iri, ALLY.via)],
            "t": self.concept(attribution) if attribution else None,
            "r": rank.rpartition("/")[2] if not rank.endswith("/normal") else None,
            "u": self.concept(said(ALLY.because)),
            "n": int((said(ALLY.polarity) or "").endswith("/denied")),
            "m": self.concept(f"{VOC}modality/{modality}") if modality != "held" else None,
            "d": self.concept(said(ALLY.dateBasis)),
            "g": said(ALLY.printed),
            "c": said(RDFS + "comment"),
            "b": self.concept(f"{VOC}basis/{basis}") if basis != "article" else None,
            "x": said(ALLY.source),
            "a": self.article.get(said(ALLY.inArticle) or ""),
            "e": [
                self.places.setdefault(e, len(self.places))
                for e in many(self.index, iri, ALLY.evidence)
            ],
        }
        return _lean(out)

    def place(self, iri: str) -> list[Any]:
        """Where a passage stands: block, paragraph, words, and with texts the passage itself."""
        block = self.concept(one(self.index, iri, ALLY.block)) or ["", ""]
        paragraph, span = one(self.index, iri, ALLY.paragraph), one(self.index, iri, ALLY.words)
        out: list[Any] = [block, int(paragraph or 0), span or ""]
        if self.passages:
            digest = one(self.index, iri, ALLY.passageDigest)
            out.append(self.passages.find(span or "", digest or ""))
        return out

    # the table, which is there without JavaScript

    def rows(self) -> Iterator[dict[str, Any]]:
        """What is on the plan, as rows: meetings by date, then channels, offices, officials."""
        shown = {item.node for item in self.plan.items}
        between: dict[str, list[str]] = {}
        nodes = self.network.by_iri
        days: dict[str, set[str]] = defaultdict(set)
        for e in self.network.edges:
            if e.kind in ("holds", "took part") and e.state == "held":
                days[e.source].update(e.dates)
            if e.kind == "holds":
                days[e.target].update(e.dates)
            elif e.kind == "in channel" and nodes[e.source].state == "held":
                days[e.target].update(filter(None, [nodes[e.source].date]))
            if e.kind == "took part" and e.target in shown:
                between.setdefault(e.target, []).append(e.source)
            elif e.kind == "holds":
                between.setdefault(e.target, []).append(e.source)
                between.setdefault(e.source, []).append(e.target)
            elif e.kind == "party":
                between.setdefault(e.source, []).append(e.target)
        order = {"encounter": 0, "channel": 1, "office": 2, "person": 3, "unnamed-party": 4}
        found = [n for n in self.network.nodes if n.iri in shown]
        found.sort(key=lambda n: (order.get(n.kind, 9), n.earliest or n.latest or "9999", n.iri))
        for n in found:
            yield {
                "number": self.number[n.iri],
                "node": n,
                "when": seating.when(n.date)
                if n.date
                else seating.shown(
                    Edge(n.iri, "", "holds", dates=tuple(sorted(days[n.iri], key=net.first_named)))
                ),
                "level": next(
                    ((v.label, v.ko or v.label) for v in self.network.levels if v.slug == n.level),
                    ("", ""),
                ),
                "between": [nodes[b] for b in dict.fromkeys(between.get(n.iri, [])) if b in nodes],
                "articles": [
                    self.network.articles[self.slug[s]] for s in n.sources if s in self.slug
                ],
            }

    def kinds_shown(self) -> list[str]:
        """Kinds of items on the plan, as the legend lists them."""
        return [k for k in ("holder", "seat", "channel", "meeting") if self.has("kind", k)]

    def states_shown(self) -> list[str]:
        """States on the plan, as the legend lists them: what is not held counts as planned."""
        found = {i.state if i.state in ("held", "denied") else "planned" for i in self.plan.items}
        return [s for s in ("held", "planned", "denied") if s in found]

    def has(self, name: str, value: str) -> bool:
        return any(getattr(item, name) == value for item in self.plan.items)


_FOLDED = frozenset({"person", "place", "unnamed-party"})
"""Kinds whose names are written in several ways."""


def _lean(out: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty: a page says nothing of it, and is smaller."""
    return {k: v for k, v in out.items() if v or (v == 0 and k not in "xn")}


class _Passages:
    """Finds passages in local copies of the texts."""

    def __init__(self, texts: Path) -> None:
        from alliance_graph import evidence

        self.copies = [c for _, c in sorted(evidence.copies(texts).items())]

    def find(self, span: str, digest: str) -> str:
        """The passage with this word range and digest, or "" where no copy has it."""
        found = re.fullmatch(r"(\d+)(?:-(\d+))?", span)
        if not found:
            return ""
        count = int(found[2] or found[1]) - int(found[1]) + 1
        for copy in self.copies:
            at = copy.find(count, digest)
            if at is not None:
                return copy.text(at)
        return ""
