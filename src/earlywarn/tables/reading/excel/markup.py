"""Read a part's XML as a stream of elements; a document type, and with it every entity, is refused."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile

from earlywarn.tables.reading.excel.package import damaged

_CHUNK = 1 << 16
_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
Attributes = dict[str, str]


class DocumentTypeError(ValueError):
    """A part declares a document type, which no workbook does."""


def main_elements(*names: str) -> dict[str, str]:
    """Return the local names of elements by the names the parser gives them, in either dialect."""
    return {f"{space} {name}": name for space in _MAIN for name in names}


def local(name: str) -> str:
    """Return a name without its namespace.

    >>> local("http://example.org/x sheet")
    'sheet'
    """
    return name.rpartition(" ")[2]


def parsed(
    stream: IO[bytes],
    name: str,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Feed a part to the handlers, and yield after each piece of it.

    Raises:
        ExtractError: The part is damaged, or is no plain XML.
    """
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield
    except (expat.ExpatError, DocumentTypeError, BadZipFile, zlib.error, EOFError) as error:
        raise damaged(name) from error


def read_elements(stream: IO[bytes], name: str) -> list[tuple[str, Attributes]]:
    """Return every element of a small part, in order: its local name and its attributes."""
    found: list[tuple[str, Attributes]] = []
    for _ in parsed(stream, name, start=lambda element, given: found.append((local(element), given))):
        pass
    return found


def _refuse_document_type(*_: object) -> None:
    raise DocumentTypeError("a workbook has no document type")
