"""Find the files an extract names, and open each by its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.content import Content, members
from earlywarn.tables.reading.delimited import DelimitedText
from earlywarn.tables.reading.parquet import ParquetText
from earlywarn.tables.reading.text import GivenText
from earlywarn.tables.reading.workbook import WorkbookText


class OpenView(Protocol):
    """Opens the view that an extract names in place of a file; the room that knows databases gives it."""

    def __call__(self, extract: Extract, *, number: int) -> GivenText:
        """Return the view as a source of text; `number` tells its rows from those of the other sources."""


def open_texts(
    extract: Extract,
    folder: Path,
    *,
    first: int,
    repeating: frozenset[str] = frozenset(),
    open_view: OpenView | None = None,
) -> Iterator[GivenText]:
    """Yield each source of an extract, in the order of their names; their rows are numbered from `first`.

    Args:
        extract: What the mapping says of the files.
        folder: Where they lie.
        first: The number of the first file.
        repeating: The file's columns that hold few different texts, which may come dictionary-encoded.
        open_view: Opens the view that the extract may name in place of files.

    Raises:
        ExtractError: There is none and the extract is not optional, or it is a view and none can be opened.
    """
    if extract.view is not None:
        if open_view is None:
            message = "this intake reads files only, and the mapping names a view"
            raise ExtractError(message, where=f"table '{extract.table}'", todo="run earlywarn ingest")
        yield open_view(extract, number=first)
        return
    number = first
    for path in _found(extract, folder):
        contents = members(path, extract.member) if extract.member else [Content(path)]
        if not contents:
            message = f"it holds no member '{extract.member}' for table '{extract.table}'"
            raise ExtractError(message, where=path.name, todo="mend member in extracts.toml")
        for content in contents:
            yield open_text(content, extract, number=number, repeating=repeating)
            number += 1


def open_text(
    content: Content | Path, extract: Extract, *, number: int = 0, repeating: frozenset[str] = frozenset()
) -> GivenText:
    """Open one file; `number` tells its rows from those of the other files of an intake."""
    content = content if isinstance(content, Content) else Content(content)
    if extract.format == "parquet":
        return ParquetText(content.path, extract, number)
    if extract.format == "xlsx":
        return WorkbookText(content.path, extract, number)
    return DelimitedText(content, extract, number, repeating=repeating)


def _found(extract: Extract, folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob(extract.file) if path.is_file())
    if not found and not extract.optional:
        raise ExtractError(
            f"there is no file '{extract.file}' for table '{extract.table}'",
            where=str(folder),
            todo="add the file, or declare the extract optional",
        )
    return found
