"""A sample of ``python -m tests.hard kills``: six points each, at which nothing is left half done."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.hard.kills import JOBS, kill


@pytest.mark.parametrize("name", ["build", "import", "push"])
def test_killed_at_any_point_it_is_old_or_new_and_the_next_run_sweeps_up(
    name: str, tmp_path: Path
) -> None:
    made, usual = JOBS[name]
    assert usual == 200
    with made(tmp_path) as job:
        came = kill(job, 6)
    assert came.kills == came.old + came.new == 6, came
    assert came.by_step >= 1, came
    assert came.held, came
