"""A sample of ``python -m tests.hard faults``, which has whole disks as well: a line, nothing lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from tests.hard.faults import Faults, cases

from alliance_graph.cli import main


@pytest.mark.parametrize("name", ["build", "import", "export turtle", "export csv"])
def test_what_goes_wrong_costs_a_line_and_nothing_else(name: str, tmp_path: Path) -> None:
    seen = Faults(next(case for case in cases(tmp_path) if case.name == name), tmp_path)
    seen.small_files(2)
    assert seen.refused == 2
    seen.forbidden()
    assert seen.refused == 3
    if name != "build":  # those stand in test_build.py
        seen.vanishing(1, Random(5))
        seen.pairs(1)
    assert seen.wrong == []


def test_records_that_are_gone_before_the_import_begins_cost_a_line_too(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["import", "historyatstate", str(tmp_path / "gone")])
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"alliance: {tmp_path / 'gone'}: no such folder; name ")
