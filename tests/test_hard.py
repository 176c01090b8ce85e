"""The table of targets beside figures, and when it counts as a failure."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.hard import Figure, __main__, promises
from tests.hard.runs import ROOT


@pytest.mark.parametrize(
    ("held", "late", "status", "end"),
    [
        (True, False, 0, "every target held"),
        (True, True, 0, "every target held; 1 of time missed"),
        (False, False, 1, "1 targets not held"),
        (False, True, 1, "1 targets not held; 1 of time missed"),
    ],
)
def test_a_target_that_is_no_time_has_to_be_held(
    held: bool,
    late: bool,
    status: int,
    end: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = {
        "bytes": [Figure("what is lost", "0", "0" if held else "3", held)],
        "times": [Figure("how long", "< 1 ms", "2 ms", not late, timed=True)],
    }
    for name, figures in found.items():
        module = ModuleType(f"tests.hard.{name}")
        module.main = lambda figures=figures: figures  # type: ignore[attr-defined]  # a module of its own
        monkeypatch.setitem(sys.modules, f"tests.hard.{name}", module)
        (tmp_path / f"{name}.py").write_text("\ndef main(): ...", "utf-8")
    (tmp_path / "helpers.py").write_text("", "utf-8")
    monkeypatch.setattr(__main__, "HERE", tmp_path)
    assert __main__.main([]) == status
    told = capsys.readouterr().out
    assert told.endswith(f"\n{end}\n")
    _, whole = told.split("== all targets\n")
    marks = [(line[0], line.split()[-2:]) for line in whole.splitlines()[1:3]]
    assert [mark for mark, _ in marks] == [" " if held else "!", "!" if late else " "]
    assert __main__.main(["helpers"]) == 2


def test_each_test_that_a_target_names_is_there() -> None:
    names = [name for _, _, tests in promises.TARGETS for name in tests if "::" in name]
    assert len(names) > 10
    for name in names:
        path, _, function = name.partition("::")
        assert f"\ndef {function}(" in (ROOT / path).read_text("utf-8"), name
