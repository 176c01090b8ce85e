"""The targets that tests keep in every run, with how many cases each of them is held by.

Suites that are not ours have to be named, as for the tests: ``ALLIANCE_W3C``.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tests.hard import Figure
from tests.hard.runs import ROOT

# what, target, tests: as `pytest` takes them
TARGETS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "hostile YAML: refused with file:line:column, or read as it stands",
        "every named one",
        (
            "tests/test_yaml12.py::test_hostile_input",
            "tests/test_yaml12.py::test_plain_values",
            "tests/test_yaml12.py::test_deep_nesting_stops_early",
        ),
    ),
    (
        "paths, links, devices and ids that lead nowhere outside",
        "0 reads or writes",
        (
            "tests/test_seeds.py::test_hostile_names_and_ids_reach_nothing_outside",
            "tests/test_build.py::test_huge_files_links_and_odd_names_among_the_facts_are_findings",
            "tests/test_serve.py::test_every_file_of_the_build_and_nothing_else",
        ),
    ),
    (
        "W3C protocol: queries; updates refused, the data the same",
        "100 %",
        (
            "tests/test_serve.py::test_the_w3c_protocol_tests",
            "tests/test_serve.py::test_no_update_whatever_its_form",
            "tests/test_serve.py::test_the_w3c_service_description_tests",
        ),
    ),
    (
        "requests that no client of good will sends",
        "a status for each",
        (
            "tests/test_serve.py::test_what_no_client_of_good_will_sends",
            "tests/test_serve.py::test_what_comes_without_end_takes_no_memory",
            "tests/test_serve.py::test_half_open_connections_and_endless_heads",
            "tests/test_serve.py::test_one_address_cannot_take_every_connection",
            "tests/test_connection.py",
        ),
    ),
    (
        "no socket to elsewhere, by whatever query",
        "0",
        (
            "tests/test_worker.py::test_no_query_reaches_the_network",
            "tests/test_serve.py::test_nothing_is_ever_fetched",
        ),
    ),
    ("remote engines: each fault one line, no secret told", "all", ("tests/test_remote.py",)),
    (
        "push broken off at every request, 9 faults, 3 ways: old or new",
        "all",
        ("tests/test_push.py::test_broken_off_anywhere_it_is_old_or_new_and_goes_on_from_there",),
    ),
    (
        "SHACL: an example that passes, one that fails, a mutant, for each constraint",
        "100 %",
        ("tests/test_shapes.py",),
    ),
    (
        "the same answers from rdflib and Oxigraph, every question",
        "all",
        (
            "tests/test_questions.py::test_rdflib_gives_the_same_rows_in_the_same_order",
            "tests/test_engines.py",
        ),
    ),
    ("axe on every page", "0 violations", ("tests", "-k", "test_axe")),
    (
        "pins with digests, licences, bill of materials, a test for each promise",
        "all",
        ("tests/test_supply.py", "tests/test_packaging.py"),
    ),
)


def run(tests: tuple[str, ...]) -> Counter[str]:
    """How many cases of these tests passed, failed and were left out."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            f"--junitxml={told}",
            *tests,
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if not told.exists():
            raise RuntimeError(f"{' '.join(tests)}: {done.stdout[-500:]}{done.stderr[-500:]}")
        cases = list(ElementTree.parse(told).iter("testcase"))
    found = Counter(
        next((c.tag for c in case if c.tag in ("failure", "error", "skipped")), "passed")
        for case in cases
    )
    if found["failure"] + found["error"]:
        print(done.stdout[-3000:])
    return found


def main() -> Iterator[Figure]:
    """Run the tests of each target."""
    for what, target, tests in TARGETS:
        found = run(tests)
        bad = found["failure"] + found["error"]
        told = f"{found['passed']} of {found['passed'] + bad} cases"
        if found["skipped"]:
            told += f", {found['skipped']} left out for want of a tool or a suite"
        yield Figure(what, target, told, not bad and found["passed"] > 0)
