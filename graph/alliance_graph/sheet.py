"""One HTML file for reading and printing: a template, our style, nothing from outside.

The file has no script at all, and its content security policy allows none: nothing is fetched, and
only the style that is known by its digest applies. Whatever a value holds is escaped.
"""

from __future__ import annotations

import base64
import hashlib
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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,  # folding constants costs more than it saves in a page made once
    )
    environment.globals["style"] = Markup(style())  # noqa: S704 - ours, from the package
    environment.globals["policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    return environment
