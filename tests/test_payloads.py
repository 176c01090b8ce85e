"""A sample of ``python -m tests.hard payloads``: one round, every view, fewer pages of things."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import NeedsTool
from tests.hard import payloads

from alliance_graph import paths

HINT = "apt-get install chromium (a browser on the PATH, named chromium)"


def test_a_payload_in_every_field_is_text_in_every_view(
    needs_tool: NeedsTool, tmp_path: Path
) -> None:
    """What is counted was seen in the browser: a payload, in a field, in a view."""
    with payloads.chromium(str(needs_tool("chromium", HINT))) as browser:
        seen = payloads.run(browser, tmp_path, most=1)
    assert seen.wrong == []
    assert seen.asked == []
    assert seen.all >= payloads.ENOUGH, seen.runs
    editor = {"query page, YASGUI"} if (paths.EDITOR / "yasgui.min.js").exists() else set()
    assert set(seen.runs) == editor | {
        "network.html",
        "report.html",
        "codebook.html",
        "questions.html",
        "pages of things",
        "query page",
        "notebook",
    }
    assert seen.fields > 150
