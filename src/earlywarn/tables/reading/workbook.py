"""Read one sheet of an Excel workbook as text: what each cell holds, exactly, or the line held back.

Grain of what is returned: one row per row of the sheet that holds anything; its line is its number there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.excel import (
    Book,
    MappedColumn,
    Package,
    Record,
    Row,
    Sheet,
    holds_anything,
    merged_areas,
    open_package,
    read_book,
    records,
    sheet_rows,
    shown_text,
)
from earlywarn.tables.reading.header import check_header
from earlywarn.tables.reading.text import TextBlock, labeled
from earlywarn.tables.reading.writing import columns_given, writings

_CELLS, _LETTERS = 500_000, 1 << 25


class WorkbookText:
    """One sheet of one workbook."""

    def __init__(self, path: Path, extract: Extract, number: int) -> None:
        self.name = path.name
        self.header: tuple[str, ...] = ()
        self._path, self._extract, self._number = path, extract, number

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the file."""
        with self._path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped columns, at most half a million cells at a time.

        Raises:
            ExtractError: The file is no workbook or is damaged, or its sheet or header is not as mapped.
        """
        with open_package(self._path) as package:
            book = read_book(package)
            sheet = chosen_sheet(package, book, self._extract.sheet)
            with package.open(sheet.part) as stream:
                areas = merged_areas(stream, self.name)
            with package.open(sheet.part) as stream:
                rows = sheet_rows(stream, self.name)
                header = read_header(rows, book, self._extract.header_row)
                wanted = check_header(header, self._extract, self.name)
                self.header = tuple(header)
                columns = _columns(header, wanted, self._extract)
                found = records(rows, book, header, columns, areas)
                yield from _blocks(found, wanted, self._number)


def chosen_sheet(package: Package, book: Book, name: str | None) -> Sheet:
    """Return the sheet of that name, or the only one that is shown and holds anything.

    Raises:
        ExtractError: There is none, or several; names those that are there.
    """
    names = ", ".join(f"'{sheet.name[:31]}'" for sheet in book.sheets[:20]) or "none"
    if name is not None:
        found = next((sheet for sheet in book.sheets if sheet.name == name), None)
        if found is None:
            message = f"there is no sheet '{name}'; the sheets are: {names}"
            raise ExtractError(message, where=book.name, todo="correct sheet in extracts.toml")
        return found
    filled = [sheet for sheet in book.sheets if not sheet.is_hidden and is_filled(package, book, sheet)]
    if not filled:
        message = f"no sheet that is shown holds rows; the sheets are: {names}"
        raise ExtractError(message, where=book.name, todo="export it again, or name one by sheet")
    if len(filled) > 1:
        message = f"several sheets hold rows: {', '.join(repr(sheet.name[:31]) for sheet in filled[:20])}"
        raise ExtractError(message, where=book.name, todo="name one by sheet in extracts.toml")
    return filled[0]


def is_filled(package: Package, book: Book, sheet: Sheet) -> bool:
    """Say whether a sheet shows anything at all."""
    with package.open(sheet.part) as stream:
        return any(holds_anything(cell, book) for row in sheet_rows(stream, book.name) for cell in row.cells)


def read_header(rows: Iterator[Row], book: Book, header_row: int) -> list[str]:
    """Take the rows up to the header, and return its words; a line end inside a word is read as a space.

    Raises:
        ExtractError: The row that should hold the header is empty.
    """
    row = next((row for row in rows if row.number >= header_row), None)
    cells = row.cells if row is not None and row.number == header_row else []
    words = {cell.column: " ".join(shown_text(cell, book).split()) for cell in cells}
    last = max((column for column, word in words.items() if word), default=None)
    if last is None:
        message = f"row {header_row} is empty, and the header should stand there"
        raise ExtractError(message, where=book.name, todo="give its row by header_row in extracts.toml")
    return [words.get(column, "") for column in range(last + 1)]


def _columns(header: list[str], wanted: tuple[str, ...], extract: Extract) -> list[MappedColumn]:
    written, names = writings(extract), columns_given(extract)
    return [MappedColumn(word, header.index(word), names[word], written[word]) for word in wanted]


def _blocks(found: Iterator[Record], needed: tuple[str, ...], number: int) -> Iterator[TextBlock]:
    most_rows = max(1, _CELLS // max(1, len(needed)))
    gathered: list[Record] = []
    n_letters = 0
    for record in found:
        gathered.append(record)
        n_letters += sum(map(len, record.texts))
        if len(gathered) >= most_rows or n_letters > _LETTERS:
            yield _block(gathered, needed, number)
            gathered, n_letters = [], 0
    yield _block(gathered, needed, number)


def _block(gathered: list[Record], needed: tuple[str, ...], number: int) -> TextBlock:
    kept = [record for record in gathered if record.reason is None]
    columns = [
        pa.array([record.texts[index] for record in kept], pa.string()) for index in range(len(needed))
    ]
    lines = np.array([record.line for record in kept], dtype=np.int64)
    return TextBlock(
        labeled(pa.Table.from_arrays(columns, names=list(needed)), lines, number),
        tuple((record.line, record.reason) for record in gathered if record.reason is not None),
    )
