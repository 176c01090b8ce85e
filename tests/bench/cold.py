"""The command line from a cold start, and the whole job, beside rdflib on the same file."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import paired

from alliance_graph import build, paths

_RDFLIB = """
import sys, rdflib
data = rdflib.Dataset(default_union=True)
data.parse(sys.argv[1], format="trig")
from alliance_graph import questions
print(len(list(data.query(questions.find("counterparts").standalone()))))
"""


def main() -> None:
    """Print the table."""
    alliance = [sys.executable, "-m", "alliance_graph"]
    ask = [*alliance, "query", "counterparts", "--param", "person=antony-blinken"]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build.build(paths.seeds(), home / "build")
        in_rdflib = [sys.executable, "-c", _RDFLIB, str(home / "build" / "alliance.trig")]
        print("CPU seconds of the whole process (median, least–most)")
        figures = paired(
            {
                "python -c pass": [sys.executable, "-c", "pass"],
                "import alliance_graph": [sys.executable, "-c", "import alliance_graph"],
                "ag.open()": [sys.executable, "-c", "import alliance_graph as ag; ag.open()"],
                "alliance --help": [*alliance, "--help"],
                "alliance query counterparts": ask,
                "the same file and query in rdflib": in_rdflib,
                "alliance show blinken": [*alliance, "show", "blinken"],
                "alliance build, nothing changed": [*alliance, "build"],
            },
            home,
        )
        for name, figure in figures.items():
            print(figure.row(name))

        def forget() -> None:
            shutil.rmtree(home / "again", ignore_errors=True)

        whole = {
            "alliance build, five articles from nothing": [*alliance, "build", "--out", "again"]
        }
        for name, figure in paired(whole, home, 5, forget).items():
            print(figure.row(name))
