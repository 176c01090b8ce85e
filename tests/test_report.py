"""The report says of the facts what they hold: counted again here from the graph and the YAML."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance_graph import build, model, paths, report, seeds
from alliance_graph.build import Compiled
from alliance_graph.report import ChannelState, Report

OTHER = Path(__file__).parent / "data" / "other-alliance"
CALL = "cho-blinken-call-2024-12-21"


@pytest.fixture(scope="module")
def made() -> Compiled:
    return build.compile_facts(paths.seeds())


@pytest.fixture(scope="module")
def told(made: Compiled) -> Report:
    return report.report(made.loaded, made.store, made.findings)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    """A copy of the other alliance's facts, to be bent."""
    return Path(shutil.copytree(OTHER, tmp_path / "facts"))


def of(folder: Path, texts: Path | None = None) -> Report:
    compiled = build.compile_facts(folder, strict=False)
    return report.report(compiled.loaded, compiled.store, compiled.findings, texts)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def rows(made: Compiled, query: str) -> list[Any]:
    return list(cast("Iterable[Any]", made.store.query(query)))


def number(made: Compiled, pattern: str) -> int:
    [row] = rows(made, f"SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}")
    return int(row["n"].value)


# --- coverage ------------------------------------------------------------------------------------


def test_sources_stand_in_the_order_of_publication(told: Report) -> None:
    assert [s.number for s in told.sources] == [1, 2, 3, 4, 5]
    assert [s.published for s in told.sources] == sorted(s.published for s in told.sources)


def test_claims_of_the_sources_are_those_of_the_graph(told: Report, made: Compiled) -> None:
    for source in told.sources:
        assert source.claims == number(
            made, f"?x a ally:Claim ; ally:inArticle article:{source.id}"
        )


def test_every_block_is_there_with_the_words_that_are_cited(told: Report, made: Compiled) -> None:
    blocks = {(a.id, b.block, b.p): b for a in made.loaded.facts.articles for b in a.blocks}
    assert [
        (b.article, b.block, b.p) for b in told.coverage if b.article == told.sources[0].id
    ] == [key for key in blocks if key[0] == told.sources[0].id]
    assert {(b.article, b.block, b.p) for b in told.coverage} == blocks.keys()
    for b in told.coverage:
        assert sum(last - first + 1 for first, last, _ in b.runs) == b.covered <= b.words
        assert [run[:2] for run in b.runs] == sorted(run[:2] for run in b.runs)
        assert all(claims > 0 for _, _, claims in b.runs)
        assert b.claims or b.reason


def test_a_word_has_the_claims_that_cite_it(told: Report, made: Compiled) -> None:
    """A paragraph in which every claim's passage is the same words."""
    [block] = [b for b in told.coverage if (b.article, b.block, b.p) == (OPCON, "body", 14)]
    assert block.runs == ((1, 7, block.claims),)


OPCON = "hankyoreh-2021-03-19"


def test_a_block_without_claim_or_reason_is_counted_as_open(facts: Path) -> None:
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    change(article, ", none: says no more than the text", "")
    loaded = seeds.load(facts)
    store = build.compile_facts(OTHER).store
    bent = report.report(loaded, store, ())
    assert [s.open_blocks for s in bent.sources] == [1]
    assert "No claim, and no reason given" in report.as_html(bent)


# --- tensions ------------------------------------------------------------------------------------


def test_a_conflict_shows_both_passages_and_the_decision_beside_it(told: Report) -> None:
    [conflict] = [t for t in told.tensions if t.code == "date-conflict"]
    ministry, narrative = conflict.accounts
    assert (ministry.value, ministry.rank, ministry.printed) == (
        "2020-09-10",
        "preferred",
        "September 10th",
    )
    assert (narrative.value, narrative.rank, narrative.printed) == (
        "2020-10-10",
        "deprecated",
        "October 10th",
    )
    assert ministry.sides == ("South Korea",)
    assert narrative.holder == "the article's own telling"
    for account in conflict.accounts:
        [place] = account.places
        assert (place.article, place.block, place.p) == ("asiae-2020-10-16", "body", 3)
        assert place.passage is None
    assert conflict.decision == "ranked"
    assert conflict.why is not None
    assert conflict.why.startswith("The ministry's 10 September")
    assert conflict.where is not None
    assert re.fullmatch(r"articles/asiae-2020-10-16\.yaml:\d+", conflict.where)


def test_every_tension_leads_to_passages(told: Report, made: Compiled) -> None:
    assert len(told.tensions) == sum(f.severity != "info" for f in made.findings)
    for tension in told.tensions:
        assert tension.accounts, tension.code
        assert tension.decision
        assert tension.meaning


def test_what_is_undecided_comes_first_and_says_so(made: Compiled, tmp_path: Path) -> None:
    facts = Path(shutil.copytree(paths.seeds(), tmp_path / "facts"))
    article = facts / "articles" / "asiae-2020-10-16.yaml"
    text = article.read_text("utf-8")
    entry = re.search(r"- finding: date-conflict\n(?:  .*\n)+", text)
    meeting = re.search(r"- id: choi-biegun-2020-09\n(?:  .*\n)+", text)
    assert entry
    assert meeting
    unranked = re.sub(
        r"^ +(?:rank|because): .*\n|, (?:rank|because): [a-z-]+", "", meeting[0], flags=re.M
    )
    text = text.replace(entry[0], "").replace(meeting[0], unranked)
    article.write_text(text, "utf-8")
    loaded, findings = build.find_all(facts)
    bent = report.report(loaded, made.store, findings)
    undecided = [t for t in bent.tensions if t.decision is None]
    assert bent.tensions[: len(undecided)] == tuple(undecided)
    found = [t for t in undecided if t.code == "date-conflict"]
    assert {a.value for t in found for a in t.accounts} >= {"2020-09-10", "2020-10-10"}
    assert report.as_html(bent).count("Not decided yet") == len(undecided)


def test_ranked_claims_give_their_reason(told: Report, made: Compiled) -> None:
    wanted = number(made, "?x ally:rank ?r FILTER(?r != rank:normal)")
    assert len(told.ranked) == wanted
    assert all(a.because for a in told.ranked)


# --- who says what -------------------------------------------------------------------------------


def test_tallies_add_up_to_all_claims(told: Report, made: Compiled) -> None:
    total = number(made, "?x a ally:Claim")
    assert [t.quality for t in told.tallies] == [
        "holder",
        "side",
        "attribution",
        "modality",
        "polarity",
        "rank",
        "basis",
    ]
    for tally in told.tallies:
        assert sum(c.total for c in tally.counts) == total
        assert all(c.total == sum(c.by_article) + c.outside for c in tally.counts)


def test_joint_accounts_are_neither_sides_own(told: Report, made: Compiled) -> None:
    [tally] = [t for t in told.tallies if t.quality == "side"]
    counts = {c.value: c.total for c in tally.counts}
    joint = number(made, "?x a ally:Claim ; ally:side country:kr, country:us")
    assert counts["joint: South Korea, United States"] == joint > 0
    own = number(made, "?x a ally:Claim ; ally:side country:us") - joint
    assert counts["United States"] == own


def test_anonymous_alone_means_that_no_other_account_stands(told: Report) -> None:
    assert {a.about for a in told.anonymous} == {
        "Agreement that a regular ROK–US channel on North Korea is needed",
        "Officials deny plans for a permanent consultative body",
    }


# --- the ledger ----------------------------------------------------------------------------------


def test_the_ledger_parts_what_each_side_reports_of_a_call(told: Report) -> None:
    [call] = [e for e in told.ledger.events if e.id == CALL]
    korea, america, both = call.columns
    assert (korea.sides, america.sides) == (("South Korea",), ("United States",))
    assert both.sides == ("South Korea", "United States")
    topic = "discussed: Promotion of democratic principles"
    assert topic in {i.what for i in america.items}
    assert topic not in {i.what for i in (*korea.items, *both.items)}
    meeting = "commitment: Agreement of the foreign ministers to arrange an in-person meeting"
    assert [i.what for i in korea.items].count(meeting) == 1
    assert "discussed: ROK–US alliance" in {i.what for i in both.items}
    assert all(i.places for c in call.columns for i in c.items)


def test_the_ledger_agrees_with_the_claims(told: Report, made: Compiled) -> None:
    """What is said to be discussed at a call, by side, as a query of its own gives it."""
    for event in told.ledger.events:
        pattern = f"?c rdf:subject encounter:{event.id} ; rdf:predicate ally:discussed"
        claims = rows(
            made,
            "SELECT ?label (GROUP_CONCAT(DISTINCT ?name; separator='+') AS ?sides) {"
            f" {pattern} ; rdf:object ?o ; ally:side/rdfs:label ?name ."
            " ?c ally:provenanceBasis basis:article . ?o rdfs:label ?label"
            " FILTER(LANG(?name) = 'en' && LANG(?label) = 'en') } GROUP BY ?label",
        )
        wanted = {
            (f"discussed: {r['label'].value}", frozenset(r["sides"].value.split("+")))
            for r in claims
        }
        found = {
            (item.what, frozenset(column.sides))
            for column in event.columns
            for item in column.items
            if item.what.startswith("discussed: ")
        }
        assert found == wanted


def test_every_held_event_is_told_by_somebody(told: Report, made: Compiled) -> None:
    held = "{ ?x a ally:Encounter } UNION { ?x a ally:Visit }"
    assert sum(n for _, n in told.ledger.told_by) == number(made, held)


# --- on how much it rests ------------------------------------------------------------------------


def test_people_rest_on_the_articles_that_name_them(told: Report, made: Compiled) -> None:
    [people] = [r for r in told.reach if r.kind == "person"]
    assert people.things == len(made.loaded.facts.people)
    texts = {
        p.id: {a.id for a in made.loaded.facts.articles if re.search(rf"\b{p.id}\b", str(a))}
        for p in made.loaded.facts.people
    }
    assert people.one_article == sum(len(articles) == 1 for articles in texts.values())


def test_what_rests_on_one_passage_is_listed_with_it(told: Report) -> None:
    thin = {t.id: t for t in told.thin}
    assert len(thin) == sum(r.one_passage for r in told.reach)
    place = thin["mike-pompeo"].place
    assert (place.article, place.block, place.p) == ("asiae-2020-10-16", "body", 5)
    assert "antony-blinken" not in thin


# --- outside knowledge, names --------------------------------------------------------------------


def test_outside_knowledge_names_its_source(told: Report) -> None:
    assert "article" not in {o.basis for o in told.outside}
    assert all(o.source for o in told.outside if o.basis == "external")
    [published] = [o for o in told.outside if o.thing == "asiae-2020-10-16"]
    assert (published.field, published.value) == ("published", "2020-10-16")


def test_all_printed_spellings_are_there_with_their_articles(told: Report, made: Compiled) -> None:
    printed = {
        (n.id, s.printed, article) for n in told.named for s in n.printed for article in s.articles
    }
    for article in made.loaded.facts.articles:
        for name in article.names:
            assert (name.of, name.printed, article.id) in printed
        for channel in article.channels:
            assert all((channel.channel, c.is_, article.id) in printed for c in channel.name)


@pytest.mark.parametrize(
    ("person", "spelling", "how"),
    [
        ("antony-blinken", "Antony Blinken", "as here"),
        ("antony-blinken", "Antony J. Blinken", "another romanisation or initials"),
        ("choi-jong-kun", "Choi Jong-geon", "another romanisation or initials"),
        ("marc-knapper", "Mark Napier", "another reading"),
        ("kevin-kim", "Kim", "a part of the name"),
    ],
)
def test_a_spelling_is_told_by_how_it_differs(
    told: Report, person: str, spelling: str, how: str
) -> None:
    [named] = [n for n in told.named if n.id == person]
    assert {s.printed: s.how for s in named.printed}[spelling] == how
    assert how in report.WAYS


# --- offices and channels ------------------------------------------------------------------------


def channel(told: Report, name: str) -> ChannelState:
    return next(c for c in told.channels if c.id == name)


def test_offices_say_whether_a_text_states_their_level(told: Report, made: Compiled) -> None:
    stated = {o.id for o in made.loaded.facts.offices if o.level_basis == "stated"}
    assert {o.id for o in told.offices if o.stated} == stated
    assert len(told.offices) == len(made.loaded.facts.offices)


def test_a_channel_of_which_no_more_is_said_than_that_it_is_not(facts: Path) -> None:
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    change(article, "  status: proposed\n  polarity: denied\n", "  polarity: denied\n")
    assert channel(of(facts), "au-jp-secretariat").denied
    change(article, "  polarity: denied\n", "")
    assert not channel(of(facts), "au-jp-secretariat").denied


def test_what_a_channel_lacks(told: Report) -> None:
    denied = channel(told, "permanent-consultative-body-north-korea")
    assert denied.denied
    assert len(denied.missing) == len(denied.cells) == 7
    dialogue = channel(told, "rok-us-alliance-dialogue")
    assert not dialogue.denied
    assert {"principals", "sessions"} <= set(dialogue.missing)
    assert "level" not in dialogue.missing
    annual = channel(told, "security-consultative-meeting")
    [periodicity] = [c for c in annual.cells if c.aspect == "periodicity"]
    assert periodicity.values == ("annual",)
    assert periodicity.conventional


def test_a_status_that_is_only_planned_says_so(told: Report) -> None:
    consultation = channel(told, "rok-us-north-korea-policy-consultation")
    [status] = [c for c in consultation.cells if c.aspect == "dated status"]
    assert all("(" in v for v in status.values if v.startswith("established"))


# --- errata, codings -----------------------------------------------------------------------------


def test_errata_and_codings_are_shown(facts: Path) -> None:
    (facts / "errata.yaml").write_text(
        "- about: au-jp-2-plus-2-2022-12-09\n  on: 2023-01-05\n"
        "  was: the ninth session\n  is: the tenth session\n  why: the headline counts ten\n",
        "utf-8",
    )
    (facts / "codings.yaml").write_text(
        "- {article: test-notes-2022-12-10, section: tenures, both: 3, first: 1, second: 1,"
        " on: 2023-01-06, why: the first reading stands}\n",
        "utf-8",
    )
    bent = of(facts)
    [erratum] = bent.errata
    assert (erratum.was, erratum.now) == ("the ninth session", "the tenth session")
    [coding] = bent.codings
    assert coding.agreement == pytest.approx(0.75)
    html = report.as_html(bent)
    assert "the ninth session" in html
    assert "75 %" in html


@given(
    st.integers(min_value=0, max_value=99),
    st.integers(min_value=0, max_value=99),
    st.integers(min_value=0, max_value=99),
)
def test_agreement_is_a_share(both: int, first: int, second: int) -> None:
    coding = model.Coding(
        article="x", section="tenures", both=both, first=first, second=second, on="2023", why="x"
    )
    if both + first + second == 0:
        assert coding.agreement is None
    else:
        assert coding.agreement is not None
        assert (coding.agreement == 1) == (first == second == 0)
        assert (coding.agreement == 0) == (both == 0)
        assert 0 <= coding.agreement <= 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("errata", "a: b\n", "errata.yaml is a list"),
        ("errata", "- {about: penny-wong, on: 2023-01-05, was: a, is: b}\n", "`why` is missing"),
        (
            "errata",
            "- {about: penny-wang, on: 2023-01-05, was: a, is: b, why: c}\n",
            "nothing has the id penny-wang; did you mean penny-wong?",
        ),
        ("errata", "- {about: penny-wong, on: 5 Jan, was: a, is: b, why: c}\n", "“5 Jan” is no"),
        (
            "codings",
            "- {article: test-notes, section: a, both: -1, first: 0, second: 0, on: 2023-01, why: c}\n",
            "both",
        ),
    ],
)
def test_a_list_beside_the_folders_is_read_as_strictly(
    facts: Path, name: str, text: str, said: str
) -> None:
    (facts / f"{name}.yaml").write_text(text, "utf-8")
    [finding] = [f for f in seeds.load(facts).findings if f.severity == "error"]
    assert said in str(finding)
    assert f"{name}.yaml:1:" in str(finding)


def test_an_erratum_may_name_a_claim_or_the_article_of_what_is_gone(facts: Path) -> None:
    claim = "test-notes-2022-12-10.au-jp-2-plus-2-2022-12-09.date.2022-12-09"
    for about in (claim, "test-notes-2022-12-10"):
        entry = f"- {{about: {about}, on: 2023-01-05, was: a, is: b, why: c}}\n"
        (facts / "errata.yaml").write_text(f"# head\n{entry}", "utf-8")
        loaded = seeds.load(facts)
        assert not loaded.broken
        assert [e.about for e in loaded.facts.errata] == [about]


def test_the_shipped_errata_are_in_order(made: Compiled) -> None:
    assert (paths.seeds() / "errata.yaml").is_file()
    days = [e.on for e in made.loaded.facts.errata]
    assert days == sorted(days)


# --- as text -------------------------------------------------------------------------------------


def test_the_json_says_the_same(told: Report) -> None:
    data = json.loads(report.as_json(told))
    assert data["private"] is False
    assert data["absence"] == "not in these 5 articles"
    assert len(data["coverage"]) == len(told.coverage)
    assert data["channels"][0]["missing"] == list(told.channels[0].missing)
    assert data["tensions"][0]["accounts"][0]["places"][0].keys() >= {"article", "words"}


def test_the_same_facts_in_another_folder_give_the_same_bytes(facts: Path, tmp_path: Path) -> None:
    here, there = of(facts), of(Path(shutil.copytree(facts, tmp_path / "else" / "where")))
    assert report.as_html(here) == report.as_html(there)
    assert report.as_json(here) == report.as_json(there)
    assert str(tmp_path) not in report.as_json(here)


def test_absence_is_worded_as_absence_from_these_articles(told: Report, facts: Path) -> None:
    assert report.as_html(told).count("not in these 5 articles") > 20
    assert of(facts).absence == "not in this article"
    assert "these 5 articles" not in report.as_html(of(facts))


def test_without_texts_there_is_no_passage(told: Report) -> None:
    html = report.as_html(told)
    assert "PRIVATE" not in html
    assert "<q" not in html
    assert not any(b.uncited for b in told.coverage)


def test_with_texts_passages_are_shown_and_marked_private(tmp_path: Path) -> None:
    shutil.copy(OTHER.with_suffix(".txt"), tmp_path)
    words = " ".join(OTHER.with_suffix(".txt").read_text("utf-8").split())
    private = of(OTHER, tmp_path)
    assert private.private
    passages = [t.place.passage for t in private.thin]
    assert passages
    assert all(p and p in words for p in passages)
    assert all(w in words for b in private.coverage for w in b.uncited)
    html = report.as_html(private)
    assert "<strong>PRIVATE</strong>" in html
    assert f'<q class="passage">{passages[0]}</q>' in html
    assert json.loads(report.as_json(private))["private"] is True


def test_passages_of_the_articles_are_found(made: Compiled, texts: Path) -> None:
    private = report.report(made.loaded, made.store, made.findings, texts)
    places = [p for t in private.tensions for a in t.accounts for p in a.places]
    assert places
    assert all(p.passage for p in places)


def test_hostile_texts_are_escaped(facts: Path) -> None:
    hostile = "</style><script>alert(1)</script>\"' onload=x {{ 7 * 7 }}"
    article = facts / "articles" / "test-notes-2022-12-10.yaml"
    quoted = hostile.replace("'", "''")
    change(article, "label: Follow-up between officials", f"label: '{quoted}'")
    change(article, "label: Tenth Australia–Japan 2+2", "label: <img src=x onerror=alert(1)>")
    change(article, "printed: the following spring", "printed: <b>the following spring</b>")
    html = report.as_html(of(facts))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39; onload=x {{ 7 * 7 }}" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert html.count("</style>") == 1


def test_no_facts_at_all_make_a_report_too(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    empty = of(tmp_path)
    assert empty.sources == ()
    assert "None was found." in report.as_html(empty)
    json.loads(report.as_json(empty))
