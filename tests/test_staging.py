"""Folders that change places, files too; whole builds, killed and doubled: test_build.py."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import threading
from collections.abc import Iterator
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


@pytest.mark.parametrize("named", [True, False])
def test_who_cannot_write_any_more_is_told_what_stands(tmp_path: Path, named: bool) -> None:
    out = tmp_path / "build"
    out.mkdir()
    (out / "file").write_text("old", "utf-8")

    def fill() -> None:
        with staging.stage(out) as stage:
            raise OSError(errno.ENOSPC, "No space left on device", *[str(stage / "x")] * named)

    with pytest.raises(AllianceError, match=r"No space left.*the old one stands") as told:
        fill()
    assert str(told.value).startswith(str(out))
    assert (out / "file").read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_what_fails_elsewhere_is_no_fault_of_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), staging.stage(tmp_path / "build"):
        (tmp_path / "input").read_bytes()
    assert list(tmp_path.iterdir()) == []


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def small() -> Iterator[int]:
    """No file may become larger than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield 1000
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    staging.write(path, b"one, and longer")
    # what a killed writer left is written over
    (tmp_path / ".page.html.new").write_bytes(b"something that is longer than the new one")
    staging.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(AllianceError, match="no such folder"):
        staging.write(tmp_path / "nowhere" / "page.html", b"")


def test_files_that_do_not_all_fit_leave_all_old_ones(tmp_path: Path, small: int) -> None:
    names = [tmp_path / name for name in "abc"]
    staging.write_all(dict.fromkeys(names, b"old"))
    with pytest.raises(AllianceError, match=r"b: cannot be written.*too large.*stands as it was"):
        staging.write_all({name: b"x" * (small + (name.name == "b")) for name in names})
    assert [name.read_bytes() for name in names] == [b"old"] * 3
    assert sorted(tmp_path.iterdir()) == names


def test_links_stay_and_devices_are_written_as_they_are(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    link.symlink_to(file)
    staging.write(link, b"through it")
    assert link.is_symlink()
    assert file.read_bytes() == b"through it"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    staging.write(pipe, b"whole")
    reader.join(10)
    assert got == [b"whole"]
    assert pipe.is_fifo()
    assert {p.name for p in tmp_path.iterdir()} == {"link", "file", "pipe"}
    with pytest.raises(AllianceError, match="cannot be written"):
        staging.write(tmp_path, b"")


def test_who_writes_at_the_same_time_waits(tmp_path: Path) -> None:
    path, texts = tmp_path / "file", [bytes([n]) * 300_000 for n in range(8)]
    with (tmp_path / ".file.new").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        threads = [threading.Thread(target=staging.write, args=(path, text)) for text in texts]
        for thread in threads:
            thread.start()
        threads[0].join(0.05)
        assert all(thread.is_alive() for thread in threads)
        assert not path.exists()
    for thread in threads:
        thread.join(10)
    assert path.read_bytes() in texts
    assert list(tmp_path.iterdir()) == [path]
