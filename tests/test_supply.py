"""What we stand on: licences, the bill of materials, and a test for each promise of the threat model."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from tests import supply

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / ".github" / "THREAT_MODEL.md"


@pytest.mark.parametrize(
    ("parts", "names"),
    [
        (list(supply.python(supply.LOCK)), supply.SHIPPED),
        (list(supply.page()), supply.SHIPPED),
        (list(supply.scripts()), supply.SHIPPED),
        (list(supply.python(supply.TEST_LOCK)), supply.USED),
    ],
    ids=["user", "page", "query page", "tests"],
)
def test_every_licence_is_known_and_agrees_with_ours(
    parts: list[supply.Component], names: frozenset[str]
) -> None:
    assert parts
    assert [p for p in parts if not supply.allowed(p.licence, names)] == []


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0-only OR MIT", True),
        ("(MPL-2.0 OR GPL-3.0-only) AND ISC", True),
        ("MIT AND GPL-2.0-only", False),
        ("", False),
        ("MIT License or so", False),
    ],
)
def test_a_licence_that_nobody_knows_or_that_binds_ours_is_refused(
    licence: str, fits: bool
) -> None:
    assert supply.allowed(licence, supply.SHIPPED) == fits


def test_the_bill_of_materials_names_every_pin_with_its_digests() -> None:
    made = supply.sbom()
    assert json.dumps(made) == json.dumps(supply.sbom())
    named = {(c["name"], c["version"]) for c in made["components"]}
    pins = re.findall(r"^([A-Za-z0-9._-]+)==(\S+?)[ ;\\]", supply.LOCK.read_text("utf-8"), re.M)
    assert len(pins) > 30
    assert {(n.lower().replace("_", "-"), v) for n, v in pins} <= named
    assert {"vis-network", "@zazuko/yasgui"} <= {name for name, _ in named}
    for part in made["components"]:
        assert part["hashes"], part["name"]
        assert all(
            re.fullmatch(r"[0-9a-f]{64}|[0-9a-f]{128}", h["content"]) for h in part["hashes"]
        )
    references = {c["bom-ref"] for c in made["components"]}
    assert len(references) == len(made["components"])
    assert set(made["dependencies"][0]["dependsOn"]) == references
    assert "timestamp" not in made["metadata"]


def named_tests() -> list[str]:
    """Every `tests/…::test_…` of the threat model."""
    return re.findall(r"`(tests/[\w/]+\.py::\w+)`", MODEL.read_text("utf-8"))


def test_each_promise_of_the_threat_model_has_a_test() -> None:
    rows = [
        r for r in MODEL.read_text("utf-8").splitlines() if r.startswith("| ") and r[2].isdigit()
    ]
    assert len(rows) > 15
    assert [int(row.split("|")[1]) for row in rows] == list(range(1, len(rows) + 1))
    assert [row for row in rows if "`tests/" not in row] == []


@pytest.mark.parametrize("name", named_tests())
def test_each_test_that_the_threat_model_names_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
