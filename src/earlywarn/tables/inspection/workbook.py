"""Take a sample of each sheet of a workbook that holds anything, and find the row where its header stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.headers import header_doubts, looks_like_data
from earlywarn.tables.inspection.sample import MOST_ROWS, Sample
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
)
from earlywarn.tables.reading.workbook import is_filled, read_header
from earlywarn.tables.reading.writing import Writing

_HEADER_WITHIN, _LOOKED_AT = 30, 200_000
_FIRST, _LAST = 2 * MOST_ROWS // 3, MOST_ROWS // 3
_AS_WIDE = 0.8
_TEXTS = ("s", "str", "inlineStr")


def sample_workbook(path: Path) -> list[Sample]:
    """Return a sample of each sheet that is shown and filled.

    Raises:
        ExtractError: The file is no workbook, or no sheet has a header.
    """
    with open_package(path) as package:
        book = read_book(package)
        sheets = [s for s in book.sheets if not s.is_hidden and is_filled(package, book, s)]
        if not sheets:
            raise ExtractError("no sheet that is shown holds rows", where=path.name, todo="export it again")
        return [_sample(package, book, sheet, is_only=len(sheets) == 1) for sheet in sheets]


def _sample(package: Package, book: Book, sheet: Sheet, *, is_only: bool) -> Sample:
    with package.open(sheet.part) as stream:
        header_row = _header_row(list(islice(sheet_rows(stream, book.name), _HEADER_WITHIN)), book)
    with package.open(sheet.part) as stream:
        areas = merged_areas(stream, book.name)
    with package.open(sheet.part) as stream:
        rows = sheet_rows(stream, book.name)
        header = read_header(rows, book, header_row)
        if looks_like_data(header):
            message = f"the first row of sheet '{sheet.name[:31]}' looks like data, and a header is needed"
            raise ExtractError(message, where=book.name, todo="write a header above it")
        columns = [MappedColumn(word, place, word, Writing()) for place, word in enumerate(header) if word]
        found, is_whole = _some_of(records(rows, book, header, columns, areas))
    kept = [tuple(record.texts) for record in found if record.reason is None]
    doubts = [*header_doubts(header)]
    if header_row > 1:
        doubts.append(Doubt("title_rows"))
    if len(kept) < len(found):
        doubts.append(Doubt("waiting_rows", n=str(len(found) - len(kept))))
    reading: dict[str, str | int | bool] = {"format": "xlsx"}
    if not is_only:
        reading["sheet"] = sheet.name
    if header_row > 1:
        reading["header_row"] = header_row
    named = tuple(word for word in header if word)
    return Sample(
        book.name, named, tuple(kept), reading, is_typed=True, is_whole=is_whole, doubts=tuple(doubts)
    )


def _header_row(rows: Sequence[Row], book: Book) -> int:
    """Return the first row of words alone that is about as wide as the widest; titles are narrower."""
    filled = {row.number: [cell for cell in row.cells if holds_anything(cell, book)] for row in rows}
    widest = max(map(len, filled.values()), default=0)
    for number, cells in filled.items():
        is_wide = len(cells) >= max(1, _AS_WIDE * widest)
        if is_wide and all(cell.kind in _TEXTS for cell in cells):
            return number
    return next((number for number, cells in filled.items() if cells), 1)


def _some_of(found: Iterator[Record]) -> tuple[list[Record], bool]:
    """Return the first records and the last ones, and whether these are all."""
    first = list(islice(found, _FIRST))
    last: deque[Record] = deque(maxlen=_LAST)
    n_more = 0
    for record in islice(found, _LOOKED_AT):
        last.append(record)
        n_more += 1
    return [*first, *last], n_more <= _LAST
