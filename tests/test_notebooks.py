"""The notebooks: as they lie in git, and run by a real kernel from a wheel in another folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parents[1]
RECORDS = os.environ.get("ALLIANCE_RECORDS", ROOT / "tests" / "data" / "historyatstate")
"""Official records: a few of them lie here; what is told of all needs all."""
PAGES = os.environ.get("ALLIANCE_NOTEBOOKS")
"""A folder to which the notebooks are written as pages, once they have run."""
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

FINDINGS = {
    "01-tour": [
        "set(g.ask('counterparts', person='antony-blinken').column('counterpart')) "
        "== {'chung-eui-yong', 'cho-tae-yul'}",
        "set(told.column('articles')) == {1}",
    ],
    "02-counterparts-and-parity": [
        "set(pairs['pairParity']) == {'equal'}",
        "set(g.ask('offices').column('levelBasis')) == {'convention'}",
        "(both['difference'] == 0).sum() >= 10",
        "list(both[both['difference'] != 0]['kr']) == [1]",
        "len(pairs) == g.ask('counterparts-of-office').df()['pair'].nunique() == 10",
        "set(g.ask('asymmetric-pairs').column('modality')) == {'planned'}",
        "table['asiae-2020-10-16'].idxmax() == 'Antony Blinken'",
        "table['asiae-2020-10-16'].max() > 4 * table['all'].max()",
        "table['hankyoreh-2021-03-19'].max().round(3) == 0.013",
        "abs(table[['koreatimes-2024-12-21', 'mofa-2024-02-29']].max() "
        "- table['all'].max()).max() < 0.02",
    ],
    "03-promises": [
        "len(g.ask('fulfilled')) == 0",
        "'broken' not in set(promises['states'])",
        "promises['states'].value_counts().idxmax() == 'unknown'",
        "firm[firm['attribution'] == 'on-record']['holder'].value_counts().to_dict() "
        "== {'kr-mofa': 12, 'moon-jae-in': 1, 'rok-us-joint-statement-2021-03-18': 1}",
        "differ['commitment'].nunique() == 3",
    ],
    "04-two-readouts": [
        "list(by[by == 'kr and us'].index) == ['ROK–US alliance'] and len(by) == 10",
        "by.index.str.contains('democra', case=False).sum() == 3",
        "set(said[said['onLabel'] == 'Han Duck-soo']['sides']) == {'South Korea', 'United States'}",
        "set(agreed[agreed['thing'] == promise]['side']) == {'kr'}",
        "list(table.index[(table['kr'] > 0) & (table['us'] > 0)]) "
        "== ['Phone call of Cho Tae-yul and Antony Blinken, 21 December 2024']",
    ],
    "05-a-channels-life": [
        "set(told[told['speaker'] == 'kr']['was']) == {'proposed'}",
        "'agreed' in set(told[told['speaker'] == 'the article']['was'])",
        "len(g.ask('sessions', channel='rok-us-alliance-dialogue')) == 0",
        "sessions.column('daysSincePrevious')[-1] == '1599–1629'",
        "dated['days before the article'].median() <= 2",
        "list(months.index) == ['kr', 'us'] and months['all'].sum() == len(once) > 10",
        "len(once) < 50 or (list(months['all']), months.loc['us', 11]) == ([45, 64], 14)",
        "len(once) < 50 or list(months['as full by lot'] < 0.01) == [False, True]",
        "len(once) < 50 or (once['earliest'].min().year, str(once['latest'].max())[:7]) "
        "== (1952, '2025-01')",
        "len(once) < 50 or (empty.loc['kr'].iloc[:2] == 2).all()",
        "len(once) < 50 or list(empty['as empty by lot'] < 0.01) == [True, False]",
        "len(once) < 50 or len(november) == 14",
        "len(once) < 50 or november['remark'].str.contains('APEC|Conf|G-20|Forum').sum() == 4",
        "len(once) < 50 or november['remark'].str.contains('funeral').sum() == 1",
        "len(once) < 50 or november['remark'].str.contains('State visit').sum() == 1",
    ],
    "06-an-article-of-your-own": [
        "len(g.ask('counterparts')) == 4",
        "len(g.ask('planned-not-held')) == 1",
        "'quote' not in article.read_text('utf-8')",
        "'agreed to go on' in g.why('au-jp-talks-2023', texts=texts).text()",
    ],
    "07-your-own-engine": [
        "theirs == ours and len(ours) > 5",
        "server and len(same) > 60 and other == []",
        "elsewhere.terms == g.ask('counterparts', person='antony-blinken').terms",
        "all(found == mine and equal for found, mine, equal in tried.values())",
    ],
}
"""What the text of each notebook says, in terms of its own variables."""


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    content = json.loads(path.read_text("utf-8"))
    return [c for c in content["cells"] if c["cell_type"] == kind]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and nothing of the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        str(out),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    (made,) = out.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(out / "site")
    return out / "site"


def test_there_is_a_finding_to_check_for_each() -> None:
    assert [p.stem for p in NOTEBOOKS] == sorted(FINDINGS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_in_git_it_has_no_outputs_and_uses_public_names_only(path: Path) -> None:
    content = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # it has none
    nbformat.validate(content)
    assert set(content.metadata) == {"kernelspec", "language_info"}
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}
    code = "\n".join("".join(c["source"]) for c in cells(path, "code"))
    assert "import alliance_graph as ag" in code
    assert not re.search(r"from alliance_graph|import alliance_graph\.|\bg\.store\.(?!__)", code)
    assert not re.search(r"\b_[a-z]\w*\(", code), "a private name"
    assert not re.search(r"https?://(?!localhost|example\.org|w3id\.org|www\.w3\.org)", code)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_tells_what_it_asks_and_what_it_found(path: Path) -> None:
    texts = ["".join(c["source"]) for c in cells(path, "markdown")]
    assert texts[0].startswith("# ")
    assert "## What " in texts[-1]
    assert len(texts) >= len(cells(path, "code")) / 2
    assert all(len(line) <= 130 for text in texts for line in text.splitlines())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs_from_a_wheel_elsewhere_and_finds_what_it_says(
    path: Path, wheel: Path, tmp_path: Path
) -> None:
    content = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    checks = [f"assert ag.__file__.startswith({str(wheel)!r}), ag.__file__"]
    checks += [f"assert {finding}" for finding in FINDINGS[path.stem]]
    last = nbformat.v4.new_code_cell("\n".join(checks))  # type: ignore[no-untyped-call]
    content.cells.append(last)
    environment = {**os.environ, "PYTHONPATH": str(wheel), "ALLIANCE_RECORDS": str(RECORDS)}
    NotebookClient(content, timeout=120).execute(cwd=str(tmp_path), env=environment)
    content.cells.remove(last)
    outputs = [o for c in content.cells if c.cell_type == "code" for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    shown = [o.data for o in outputs if o.output_type in ("execute_result", "display_data")]
    assert [d for d in shown if "text/html" in d or "image/svg+xml" in d]
    for data in shown:
        assert "<script" not in data.get("text/html", "")
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="offline", extra_template_basedirs=[str(ROOT / "notebooks")]
    )
    page, _ = exporter.from_notebook_node(content)
    assert "<h1" in page
    assert "<script" not in page
    assert not re.search(r"""(?:src|<link[^>]*href)=["']?(?:https?:)?//""", page)
    assert "@import" not in page
    if PAGES:
        Path(PAGES).mkdir(parents=True, exist_ok=True)
        Path(PAGES, f"{path.stem}.html").write_text(page, "utf-8")
