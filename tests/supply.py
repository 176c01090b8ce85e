"""What we stand on: an SBOM (CycloneDX 1.6) from the lock files, with licences.

``python -m tests.supply FILE`` writes it: every pinned package of a user and of a build, the scripts
that lie in the page and, where the wheel carries it, in the query page. Same pins, same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import alliance_graph

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "tests" / "requirements.lock"
NPM_LOCK = ROOT / "graph" / "web" / "package-lock.json"

SHIPPED = frozenset(
    "MIT MIT-0 0BSD BSD-2-Clause BSD-3-Clause Apache-2.0 ISC PSF-2.0 Zlib Unlicense CC0-1.0 "
    "BlueOak-1.0.0 MPL-2.0 CC-BY-4.0".split()
)
"""Licences of what we build on and ship beside our MIT; MPL-2.0 binds its own files only."""
USED = SHIPPED | {"LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later", "W3C"}
"""Licences of what only the tests use, and which is never passed on."""

_WORDED = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD 3-Clause OR Apache-2.0": "BSD-3-Clause OR Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "W3C License": "W3C",
}
"""What packages call their licences that do not yet use SPDX's names."""
_READ = {
    # by hand from their licence files: other systems' packages, and those that do not say
    "appnope": "BSD-2-Clause",
    "axe-playwright-python": "MIT",
    "cffi": "MIT",
    "jsuri": "MIT",
    "colorama": "BSD-3-Clause",
    "owlrl": "W3C",
    "pycparser": "BSD-3-Clause",
    "pyicu": "MIT",
}


@dataclass(frozen=True, order=True)
class Component:
    """A pinned package: where it is from, what it is, its digests and its licence (SPDX)."""

    kind: str
    """``pypi`` or ``npm``."""
    name: str
    version: str
    licence: str
    hashes: tuple[tuple[str, str], ...]
    """Algorithm and hex digits."""

    def as_json(self) -> dict[str, Any]:
        named = self.name.replace("@", "%40")
        purl = f"pkg:{self.kind}/{named}@{self.version}"
        return {
            "type": "library",
            "bom-ref": purl,
            "name": self.name,
            "version": self.version,
            "licenses": [{"expression": self.licence}],
            "hashes": [{"alg": alg, "content": digits} for alg, digits in self.hashes],
            "purl": purl,
        }


def allowed(licence: str, names: frozenset[str]) -> bool:
    """Whether one may choose only licences of these names: ``(MIT OR X) AND ISC``."""
    parts = [part.strip(" ()") for part in licence.split(" AND ")]
    return all(any(word.strip(" ()") in names for word in p.split(" OR ")) for p in parts)


def licence(name: str) -> str:
    """The licence of an installed package in SPDX's words; "" where nobody can tell."""
    if name in _READ:
        return _READ[name]
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if "License-Expression" in told:
        return told["License-Expression"]
    classes = [c for c in told.get_all("Classifier") or () if c.startswith("License")]
    words = [_WORDED.get(c.rpartition(" :: ")[2], "") for c in classes]
    if words and all(words):
        return " OR ".join(sorted(set(words)))
    text = told["License"].partition("\n")[0].strip() if "License" in told else ""
    return _WORDED.get(text, text)


def python(lock: Path) -> Iterator[Component]:
    """The packages of a lock file."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text("utf-8")):
        if entry[:1].isalnum():
            requirement = Requirement(entry.partition(" \\\n")[0])
            (pin,) = requirement.specifier
            digests = sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
            name = canonicalize_name(requirement.name)
            hashes = tuple(("SHA-256", d) for d in digests)
            yield Component("pypi", name, pin.version, licence(name), hashes)


def scripts() -> Iterator[Component]:
    """The packages that the query page in a wheel is put together from."""
    packages: dict[str, Any] = json.loads(NPM_LOCK.read_text("utf-8"))["packages"]
    for path, told in packages.items():
        if path and not told.get("dev"):
            name = path.rpartition("node_modules/")[2]
            digits = base64.b64decode(told["integrity"].removeprefix("sha512-")).hex()
            hashes = (("SHA-512", digits),)
            yield Component(
                "npm", name, told["version"], _READ.get(name) or told.get("license", ""), hashes
            )


def page() -> Iterator[Component]:
    """What lies in every page and comes in pyvis's wheel."""
    import pyvis

    for script in (Path(pyvis.__file__).parent / "lib").glob("vis-*/vis-network.min.js"):
        digest = hashlib.sha256(script.read_bytes()).hexdigest()
        version = script.parent.name.removeprefix("vis-")
        licence = "Apache-2.0 OR MIT"
        yield Component("npm", "vis-network", version, licence, (("SHA-256", digest),))


def sbom() -> dict[str, Any]:
    """The bill of materials of a release; without a time and without a random number."""
    ours = f"pkg:pypi/alliance-graph@{alliance_graph.__version__}"
    parts = sorted({*python(LOCK), *page(), *scripts()})
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": "alliance-graph",
                "version": alliance_graph.__version__,
                "licenses": [{"expression": "MIT AND CC-BY-4.0"}],
                "purl": ours,
            }
        },
        "components": [part.as_json() for part in parts],
        "dependencies": [{"ref": ours, "dependsOn": [part.as_json()["purl"] for part in parts]}],
    }


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(sbom(), indent=1) + "\n", "utf-8")
    print(out)
