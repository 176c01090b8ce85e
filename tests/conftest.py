"""What all tests share: the articles' texts, one built graph, tools of the system, and no skips.

``ALLIANCE_TEXTS`` names a folder with the articles' texts. ``ALLIANCE_ALL=1`` is set where every
tool is installed: there a skip is a failure.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The same examples in every run, so that no gate fails by chance;
# `pytest --hypothesis-profile search` looks for new ones.
settings.register_profile("steady", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=10_000)
settings.load_profile("steady")


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that tells its reason; an expected failure is none."""
    if os.environ.get("ALLIANCE_ALL") != "1" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"ALLIANCE_ALL=1 allows no skip, and this was one. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def until(page: Page, holds: str, arg: object = None) -> None:
    """Ask from here until a JavaScript function holds: the page's own policy forbids it to eval."""
    end = time.monotonic() + 30
    while not page.evaluate(holds, arg):
        assert time.monotonic() < end, f"still not so: {holds}"
        page.wait_for_timeout(20)


class NeedsTool(Protocol):
    """Looks for a program of the system, and skips the test that lacks it."""

    def __call__(self, name: str, install_hint: str) -> Path: ...


@pytest.fixture(scope="session")
def needs_tool() -> NeedsTool:
    """Call it with a program's name and how to install it; gives the program's path."""

    def find(name: str, install_hint: str) -> Path:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"needs {name}: {install_hint}")
        return Path(path)

    return find


@pytest.fixture(scope="module")
def browser(needs_tool: NeedsTool) -> Iterator[Browser]:
    """The system's Chromium; for one module, since its driver keeps an event loop running."""
    chromium = needs_tool("chromium", "apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --disable-dev-shm-usage"
    ).split()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium), args=flags)
        yield started
        started.close()


@pytest.fixture(scope="session")
def texts() -> Path:
    """The folder with the texts of the articles, which are not ours to publish."""
    folder = os.environ.get("ALLIANCE_TEXTS")
    if not folder:
        pytest.skip("needs the articles' texts: set ALLIANCE_TEXTS to a folder that holds them")
    path = Path(folder).resolve()
    if not any(path.glob("*.txt")):
        pytest.fail(f"ALLIANCE_TEXTS names {path}, which holds no .txt file")
    return path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one build of the shipped facts; look, do not write."""
    from alliance_graph import build, paths

    out = tmp_path_factory.mktemp("built") / "build"
    build.build(paths.seeds(), out)
    return out
