"""XML from outside, read safely: no DOCTYPE, so no entity of any kind, and no file beyond a size.

Bombs ("billion laughs") and external entities both need a document type declaration; whatever has
one is refused before its first entity is seen. The parser is expat, through the standard library.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn
from xml.etree import ElementTree

from alliance_graph.errors import Finding, Mark

MAX_BYTES = 16 << 20
"""No file of the sources that we know has a tenth of it."""
Element = ElementTree.Element


class Refused(Exception):
    """A file that is not read; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


class _Plain(ElementTree.TreeBuilder):
    """Builds a tree of elements, attributes and text, and stops at a document type."""

    def doctype(self, *_: str | None) -> NoReturn:
        raise ValueError("has a DOCTYPE")


def root(path: Path, name: str) -> Element:
    """The root element of the file ``path``, which findings call ``name``.

    Raises Refused where the file is missing, too big, no XML, or declares a document type.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as bad:
        raise _refused("unreadable", f"cannot be read: {bad.strerror}", "see to it", name) from None
    if len(raw) > MAX_BYTES:
        what = f"has more than {MAX_BYTES >> 20} MB, which no record file has"
        raise _refused("xml-too-big", what, "leave it out", name)
    parser = ElementTree.XMLParser(target=_Plain())  # noqa: S314 - what it would expand is refused
    try:
        parser.feed(raw)
        found = parser.close()
    except ElementTree.ParseError as bad:
        line, column = bad.position
        what = f"no well-formed XML: {str(bad).partition(':')[0]}"
        raise _refused("xml-syntax", what, "get the file anew", name, line, column + 1) from None
    except LookupError as bad:
        raise _refused("xml-syntax", str(bad), "save it as UTF-8", name) from None
    except ValueError:
        what = "has a document type (DOCTYPE), which could carry entities, and is not read"
        raise _refused("xml-doctype", what, "leave it out, or remove the DOCTYPE", name) from None
    assert isinstance(found, Element)  # what a TreeBuilder gives
    return found


def text(parent: Element | None, name: str = "") -> str:
    """The words of a child (or of the element itself), white space folded; "" where it is not."""
    element = parent if parent is None or not name else parent.find(name)
    if element is None:
        return ""
    if not len(element):
        return " ".join((element.text or "").split())
    return " ".join("".join(element.itertext()).split())


def _refused(code: str, what: str, mend: str, name: str, line: int = 1, column: int = 1) -> Refused:
    return Refused(Finding("error", code, what, mend, Mark(name, line, column)))
