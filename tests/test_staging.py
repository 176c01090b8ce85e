"""Folders that change places; whole builds, killed and doubled, stand in test_build.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from alliance_graph import staging
from alliance_graph.errors import AllianceError


def test_what_one_is_writing_is_swept_by_no_other(tmp_path: Path) -> None:
    out = tmp_path / "build"
    with staging.stage(out) as one:
        (one / "half.ttl").write_text("", "utf-8")
        with staging.stage(out) as other:
            assert other != one
            assert (one / "half.ttl").exists()
    left = tmp_path / ".build.new-killed"
    left.mkdir()
    with staging.stage(out):
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_another_in_one_step(tmp_path: Path) -> None:
    out = tmp_path / "build"
    for text in ("one", "two"):
        with staging.stage(out) as stage:
            (stage / "file").write_text(text, "utf-8")
            staging.exchange(stage, out)
        assert (out / "file").read_text("utf-8") == text
        assert list(tmp_path.iterdir()) == [out]


def test_without_a_call_for_it_two_renames_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_CALLS", {})
    test_a_folder_takes_the_place_of_another_in_one_step(tmp_path)


def test_what_fails_while_it_is_written_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "build"
    out.mkdir()
    (out / "file").write_text("old", "utf-8")

    def fill() -> None:
        with staging.stage(out) as stage:
            (stage / "file").write_text("new", "utf-8")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fill()
    assert (out / "file").read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_where_no_folder_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with (
        pytest.raises(AllianceError, match="name another folder with --out"),
        staging.stage(tmp_path / "file" / "build"),
    ):
        pass
