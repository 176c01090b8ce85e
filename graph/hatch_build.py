"""What hatchling runs when it builds a wheel: the shipped facts go into it compiled.

So the first `ag.open()` after an install reads them instead of compiling them. An editable install
has none, since its facts and its code change.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Compiled(BuildHookInterface[Any]):
    """Adds ``alliance_graph/shipped.trig``; facts that do not hold make no wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a wheel is put together."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root, "graph")))
        from alliance_graph import cache, paths

        self._made = tempfile.TemporaryDirectory()
        made = Path(self._made.name, paths.COMPILED.name)
        cache.write(made)
        build_data["force_include"][str(made)] = f"alliance_graph/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is written."""
        if version != "editable":
            self._made.cleanup()
