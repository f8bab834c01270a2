"""Check the header of an export's file against the specification: names, case and order.

A header that is not the specification's is described by its place, never repeated: a file that lacks a header
would show its first student.
"""

from __future__ import annotations

import csv
import re

from earlywarn.errors import ExtractError
from earlywarn.tables.oneroster import START, RosterFile
from earlywarn.tables.reading import Content

EXTENSION = "metadata."
_MAX_HEADER = 1 << 16
_LINE_END = re.compile(rb"\r\n|\n|\r")


def header_of(content: Content, shape: RosterFile) -> tuple[str, ...]:
    """Return the columns a file has, extensions apart.

    Columns that the specification does not require may be missing: they are read as empty.

    Raises:
        ExtractError: A column is unknown, out of its place, or missing though required; or no row follows.
    """
    with content.open() as handle:
        first, *rest = _LINE_END.split(handle.read(_MAX_HEADER), maxsplit=1)
    try:
        cells = next(csv.reader([first.decode("utf-8-sig")]), [])
    except UnicodeDecodeError as error:
        raise _refused(content, "its first line is not UTF-8", "export it as UTF-8") from error
    found = [cell.strip() for cell in cells]
    while found and found[-1].startswith(EXTENSION):
        found.pop()
    _check_order(content, found, shape.header)
    missing = [name for name in (*START, *shape.required) if name not in found]
    if missing:
        listed = ", ".join(f"'{name}'" for name in missing)
        raise _refused(content, f"the header lacks {listed}", "export it again")
    if not rest or not rest[0].strip():
        raise _refused(content, "it has a header and no row", "declare the file absent in manifest.csv")
    return tuple(found)


def _check_order(content: Content, found: list[str], specified: tuple[str, ...]) -> None:
    at = -1
    for place, name in enumerate(found, start=1):
        following = ", ".join(specified[at + 1 : at + 4]) or "metadata.* extensions alone"
        if name not in specified[at + 1 :]:
            raise _refused(
                content,
                f"column {place} of the header is unknown or out of its place: next come {following}",
                "export it with the columns of the specification, in its order and case",
            )
        at = specified.index(name, at + 1)


def _refused(content: Content, what: str, todo: str) -> ExtractError:
    return ExtractError(what, where=content.name, todo=todo)
