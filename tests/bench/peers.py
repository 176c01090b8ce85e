"""Compiling: parsed values to a store of quads, beside LinkML, morph-kgc and maplib.

The peers get the claim nodes of the same made-up years as rows of twelve columns and make twelve
statements of each; ours makes everything (17 statements a claim). One core each, whole rounds in
turn; seconds are CPU after imports, from parsed values to a store or graph that can be asked.

The peers live apart: ``python -m venv tests/bench/.peers`` and ``tests/bench/.peers/bin/pip
install linkml morph-kgc 'numpy<2' 'pandas<2.3' maplib polars pyshacl pyrudof``;
BENCH_PEERS names another environment that has them.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import synthetic

from alliance_graph import rdf, seeds
from alliance_graph.store import select
from alliance_graph.store.embedded import Embedded
from alliance_graph.vocabulary import ALLY, RDF

FACTS = int(os.environ.get("BENCH_FACTS", "10000").split()[0])
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
PEERS = Path(os.environ.get("BENCH_PEERS", Path(__file__).parent / ".peers")) / "bin" / "python"
COLUMNS = {
    # morph-kgc has columns of its own named subject, predicate, object
    "of": f"{RDF}subject",
    "field": f"{RDF}predicate",
    "value": f"{RDF}object",
    **{n: getattr(ALLY, n) for n in ("rank", "polarity", "modality", "attribution")},
    "provenanceBasis": ALLY.provenanceBasis,
    "holder": ALLY.holder,
    "inArticle": ALLY.inArticle,
    "evidence": ALLY.evidence,
}
"""With the class, twelve statements; only claims of which every value is an IRI are taken."""

_TIMED = """
import json, resource, sys, time, gc
def told(job):
    gc.collect()
    before = time.process_time()
    triples, kept = job()
    seconds = time.process_time() - before
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "triples": triples, "mb": mb}))
"""

_OURS = """
from pathlib import Path
import pyoxigraph as ox
from alliance_graph import model, rdf, seeds
known = seeds.load(Path(sys.argv[1]), seeds.IDENTITIES, {}).facts
data = [seeds.one(p).data for p in seeds.articles(Path(sys.argv[1]))]
gc.disable()  # as the command does
def job():
    articles = tuple(model.Article.model_validate(d) for d in data)
    facts = known.model_copy(update={"articles": articles})
    store = ox.Store()
    text = "".join(rdf.nquads(facts)).encode()
    store.bulk_load(input=text, format=ox.RdfFormat.N_QUADS, lenient=True)
    return len(store), store
told(job)
"""

_LOADED = """
from pathlib import Path
import pyoxigraph as ox
text = Path(sys.argv[1]).read_bytes()
def job():
    store = ox.Store()
    store.bulk_load(input=text, format=ox.RdfFormat.N_QUADS)
    return len(store), store
told(job)
"""

_LINKML = """
from linkml.generators.pythongen import PythonGenerator
from linkml_runtime.dumpers import rdflib_dumper
from linkml_runtime.utils.schemaview import SchemaView
schema = open(sys.argv[1]).read()
made = PythonGenerator(schema).compile_module()
view = SchemaView(schema)
rows = json.load(open(sys.argv[2]))
def job():
    graph = rdflib_dumper.as_rdf_graph(made.Claims(claims=[made.Claim(**r) for r in rows]), view)
    return len(graph), graph
told(job)
"""

_MORPH = """
import logging
import morph_kgc
logging.disable(logging.CRITICAL)
def job():
    store = morph_kgc.materialize_oxigraph(open(sys.argv[1]).read())
    return len(store), store
told(job)
"""

_MAPLIB = """
import polars
from maplib import Model
frame = polars.read_csv(sys.argv[2])
def job():
    model = Model()
    model.add_template(open(sys.argv[1]).read())
    model.map("urn:claim", frame)
    rows = model.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    return int(rows["n"][0]), model
told(job)
"""


def prepare(root: Path, folder: Path) -> int:
    """The files that the peers read; returns how many claims they have."""
    facts = seeds.load(root).facts
    text = "".join(rdf.nquads(facts))
    (folder / "all.nq").write_text(text, "utf-8")
    store = Embedded(rdf.quads(facts))
    pattern = " ; ".join(f"<{p}> ?{name}" for name, p in COLUMNS.items())
    tests = " && ".join(f"isIRI(?{name})" for name in COLUMNS)
    query = f"SELECT * WHERE {{ ?id a ally:Claim ; {pattern} FILTER({tests}) }}"
    rows = [{n: row[n].value for n in ("id", *COLUMNS)} for row in select(store, query)]
    rows = list({row["id"]: row for row in rows}.values())
    (folder / "claims.json").write_text(json.dumps(rows), "utf-8")
    with (folder / "claims.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["id", *COLUMNS])
        writer.writeheader()
        writer.writerows(rows)
    slots = "".join(
        f"      {name}:\n        range: uriorcurie\n        slot_uri: {iri}\n"
        for name, iri in COLUMNS.items()
    )
    (folder / "schema.yaml").write_text(
        "id: https://example.org/claims\nname: claims\ndefault_prefix: ex\n"
        "prefixes:\n  ex: https://example.org/\n  linkml: https://w3id.org/linkml/\n"
        "imports: [linkml:types]\nclasses:\n  Claims:\n    tree_root: true\n    attributes:\n"
        "      claims: {range: Claim, multivalued: true, inlined_as_list: true}\n"
        f"  Claim:\n    class_uri: {ALLY.Claim}\n    attributes:\n"
        f"      id: {{identifier: true, range: uriorcurie}}\n{slots}",
        "utf-8",
    )
    maps = " ;\n".join(
        f"  rr:predicateObjectMap [ rr:predicate <{iri}> ; "
        f'rr:objectMap [ rml:reference "{name}" ; rr:termType rr:IRI ] ]'
        for name, iri in COLUMNS.items()
    )
    (folder / "claims.rml.ttl").write_text(
        "@prefix rr: <http://www.w3.org/ns/r2rml#> .\n"
        "@prefix rml: <http://semweb.mmlab.be/ns/rml#> .\n"
        "@prefix ql: <http://semweb.mmlab.be/ns/ql#> .\n"
        "<urn:map> rml:logicalSource [ "
        f'rml:source "{folder / "claims.csv"}" ; rml:referenceFormulation ql:CSV ] ;\n'
        '  rr:subjectMap [ rml:reference "id" ; rr:termType rr:IRI ; '
        f"rr:class <{ALLY.Claim}> ] ;\n{maps} .\n",
        "utf-8",
    )
    (folder / "morph.ini").write_text(
        "[CONFIGURATION]\nnumber_of_processes: 1\nlogging_level: CRITICAL\n"
        f"[claims]\nmappings: {folder / 'claims.rml.ttl'}\n",
        "utf-8",
    )
    given = ", ".join(f"ottr:IRI ?{name}" for name in ("id", *COLUMNS))
    body = ",\n".join(f"  ottr:Triple(?id, <{iri}>, ?{n})" for n, iri in COLUMNS.items())
    (folder / "claims.stottr").write_text(
        "@prefix ottr: <http://ns.ottr.xyz/0.4/> .\n"
        f"<urn:claim> [{given}] :: {{\n  ottr:Triple(?id, <{RDF}type>, <{ALLY.Claim}>),\n{body}\n}} .\n",
        "utf-8",
    )
    return len(rows)


def measured(python: str, script: str, *given: Path) -> dict[str, float] | str:
    """What a script tells, or the last line of what it complains of."""
    command = [python, "-c", _TIMED + script, *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    if done.returncode:
        return done.stderr.strip().rpartition("\n")[2][:70] or "failed"
    told: dict[str, float] = json.loads(done.stdout.strip().rpartition("\n")[2])
    return told


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        root = folder / "facts"
        synthetic.write(root, FACTS)
        claims = prepare(root, folder)
        ways: dict[str, tuple[str, str, tuple[Path, ...]]] = {
            "alliance (validated, all statements)": (sys.executable, _OURS, (root,)),
            "Oxigraph loads the same N-Quads": (sys.executable, _LOADED, (folder / "all.nq",)),
        }
        if PEERS.is_file():
            python = str(PEERS)
            ways |= {
                "maplib": (python, _MAPLIB, (folder / "claims.stottr", folder / "claims.csv")),
                "morph-kgc": (python, _MORPH, (folder / "morph.ini",)),
                "LinkML": (python, _LINKML, (folder / "schema.yaml", folder / "claims.json")),
            }
        else:
            print(__doc__.rpartition("\n\n")[2] if __doc__ else "")
        seen: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, (python, script, given) in ways.items():
                told = measured(python, script, *given)
                if isinstance(told, str):
                    print(f"{name}: {told}")
                else:
                    seen[name].append(told)
        print(f"compile: {FACTS:,} facts ({claims:,} claim rows for the peers)")
        print(f"{'':<38}{'CPU s':>8}{'triples':>12}{'triples/s':>12}{'MB':>8}")
        for name, figures in seen.items():
            if not figures:
                continue
            seconds = statistics.median(f["seconds"] for f in figures)
            triples, mb = figures[0]["triples"], max(f["mb"] for f in figures)
            rate = triples / seconds
            print(f"{name:<38}{seconds:>8.2f}{triples:>12,.0f}{rate:>12,.0f}{mb:>8.0f}", flush=True)
