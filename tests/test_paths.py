"""The ontology and the facts are found from here and from another folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_graph import paths


def test_shipped_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (paths.ontology() / "alliance.ttl").is_file()
    assert (paths.seeds() / "articles").is_dir()
