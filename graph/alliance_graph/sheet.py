"""One HTML file for reading and printing: a template, our style, nothing from outside.

The file has no script at all, and its content security policy allows none: nothing is fetched, and
only the style that is known by its digest applies. Whatever a value holds is escaped.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(template: str, **values: Any) -> str:
    """The template of that name with these values; the same values give the same text."""
    return _environment().get_template(template).render(values)


@cache
def style() -> str:
    """The style of every sheet."""
    return (TEMPLATES / "sheet.css").read_text("utf-8")


@cache
def _environment() -> Environment:
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    made = environment(TEMPLATES)
    made.globals["style"] = Markup(style())  # noqa: S704 - ours, from the package
    made.globals["policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return made


def environment(folder: Path) -> Environment:
    """The templates of a folder of the package: escaping, and strict where a value is missing.

    What they compile to is kept in ``__pycache__``, as Python keeps that of its modules: where it
    can be written, and unless ``PYTHONDONTWRITEBYTECODE`` says not to.
    """
    from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
    from jinja2.bccache import Bucket

    class Kept(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            if not sys.dont_write_bytecode:
                with contextlib.suppress(OSError):
                    Path(self.directory).mkdir(exist_ok=True)
                    super().dump_bytecode(bucket)

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,  # folding constants costs more than it saves in a page made once
        # the number is to change with these options, of which jinja's own key knows nothing
        bytecode_cache=Kept(str(folder / "__pycache__"), "1-%s.jinja"),
    )
