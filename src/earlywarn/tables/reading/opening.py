"""Find the files an extract names, and open each by its format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.delimited import DelimitedText
from earlywarn.tables.reading.parquet import ParquetText
from earlywarn.tables.reading.text import GivenText
from earlywarn.tables.reading.workbook import WorkbookText


def open_texts(extract: Extract, folder: Path, *, first: int) -> Iterator[GivenText]:
    """Yield each source of an extract, in the order of their names; their rows are numbered from `first`.

    Raises:
        ExtractError: There is none and the extract is not optional.
    """
    for number, path in enumerate(_found(extract, folder), start=first):
        yield open_text(path, extract, number=number)


def open_text(path: Path, extract: Extract, *, number: int = 0) -> GivenText:
    """Open one file; `number` tells its rows from those of the other files of an intake."""
    if extract.format == "parquet":
        return ParquetText(path, extract, number)
    if extract.format == "xlsx":
        return WorkbookText(path, extract, number)
    return DelimitedText(path, extract, number)


def _found(extract: Extract, folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob(extract.file) if path.is_file())
    if not found and not extract.optional:
        raise ExtractError(
            f"there is no file '{extract.file}' for table '{extract.table}'",
            where=str(folder),
            todo="add the file, or declare the extract optional",
        )
    return found
