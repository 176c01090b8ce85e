"""Validation: our shapes over one graph, ours beside pyrudof (Rust) and pySHACL.

The same file of shapes and the same made-up years; CPU seconds of one process each, without the
time to read the graph. BENCH_FACTS sets the size (pySHACL takes minutes at 10,000).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyoxigraph as ox
from tests.bench import synthetic
from tests.bench.peers import _TIMED

from alliance_graph import build, paths

FACTS = int(os.environ.get("BENCH_FACTS", "1000").split()[0])
_OURS = """
import pyoxigraph as ox
from alliance_graph import shapes
quads = list(ox.parse(path=sys.argv[1], format=ox.RdfFormat.N_TRIPLES))
gc.disable()
told(lambda: (len(shapes.validate(quads)), None))
"""
_RUDOF = """
import pyrudof
rudof = pyrudof.Rudof(pyrudof.RudofConfig())
rudof.read_data(open(sys.argv[1]).read(), format=pyrudof.RDFFormat.NTriples)
rudof.read_shacl(sys.argv[2])
told(lambda: (sum(1 for _ in rudof.validate_shacl()), None))
"""
_PYSHACL = """
import pyshacl, rdflib
data = rdflib.Graph().parse(sys.argv[1], format="nt")
shapes = rdflib.Graph().parse(sys.argv[2], format="turtle")
def job():
    report = pyshacl.validate(data, shacl_graph=shapes)[1]
    return len(list(report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult))), report
told(job)
"""


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        synthetic.write(folder / "facts", FACTS)
        store = build.compile_facts(folder / "facts").store
        data = folder / "data.nt"
        triples = (q.triple for q in store.quads())
        ox.serialize(triples, str(data), format=ox.RdfFormat.N_TRIPLES)
        print(f"shacl: {FACTS:,} facts, {len(store):,} triples")
        print(f"{'':<12}{'CPU s':>8}{'MB':>8}{'results':>9}")
        for name, script in (("alliance", _OURS), ("pyrudof", _RUDOF), ("pySHACL", _PYSHACL)):
            command = [sys.executable, "-c", _TIMED + script, str(data)]
            command.append(str(paths.ontology() / "shapes.ttl"))
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{name:<12}{done.stderr.strip().rpartition(chr(10))[2][:60]}")
                continue
            told = json.loads(done.stdout.strip().rpartition("\n")[2])
            print(
                f"{name:<12}{told['seconds']:>8.2f}{told['mb']:>8.0f}{told['triples']:>9}",
                flush=True,
            )
