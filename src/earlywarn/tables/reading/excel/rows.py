"""Read a sheet's rows in one pass: for each cell its column, its kind, its stored text and its style.

Grain: one `Row` per row that the sheet writes down, in order; a row that is hidden is a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

from earlywarn.errors import ExtractError
from earlywarn.tables.reading.excel.book import MOST_PIECES, joined
from earlywarn.tables.reading.excel.markup import Attributes, main_elements, parsed
from earlywarn.tables.reading.excel.package import damaged

MOST_ROWS, MOST_COLUMNS, MOST_AREAS = 1_048_576, 16_384, 100_000
_ELEMENTS = main_elements("sheetData", "row", "c", "v", "f", "t", "is", "rPh")
_AREA = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"'
)
_CHUNK = 1 << 20


class Cell(NamedTuple):
    """One written cell: `kind` is the format's own letter, `text` None where it holds no value."""

    column: int
    kind: str
    text: str | None
    style: int
    has_formula: bool


class Row(NamedTuple):
    """One written row: its number in the sheet, and its cells from left to right."""

    number: int
    cells: list[Cell]


class Area(NamedTuple):
    """A block of merged cells, first and last row and column."""

    top: int
    left: int
    bottom: int
    right: int


def column_number(letters: str) -> int:
    """Return a column's place from 0.

    >>> column_number("A"), column_number("Z"), column_number("AA")
    (0, 25, 26)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def sheet_rows(stream: IO[bytes], name: str) -> Iterator[Row]:
    """Yield a sheet's rows.

    Raises:
        ExtractError: The sheet is damaged, or its rows or cells are out of order.
    """
    reader = _Reader(name)
    for _ in parsed(stream, name, start=reader.start, end=reader.end, text=reader.text):
        yield from reader.rows
        reader.rows.clear()


def merged_areas(stream: IO[bytes], name: str) -> list[Area]:
    """Return a sheet's blocks of merged cells, which it names after its rows.

    Raises:
        ExtractError: The sheet is damaged, or merges more blocks than any table does.
    """
    areas: list[Area] = []
    tail = b""
    while chunk := stream.read(_CHUNK):
        text = tail + chunk
        kept = text.rfind(b"<")
        for left, top, right, bottom in _AREA.findall(text) if b"mergeCell " in text else ():
            areas.append(
                Area(int(top), column_number(left.decode()), int(bottom), column_number(right.decode()))
            )
        # What stands behind the last opening mark may go on in the next piece; a whole one is not met twice.
        tail = text[kept:] if kept >= 0 and b">" not in text[kept:] else b""
        if len(areas) > MOST_AREAS or len(tail) > _CHUNK:
            raise ExtractError(
                "the sheet merges more cells than is read", where=name, todo="unmerge them, or export as CSV"
            )
    return areas


class _Reader:
    """The parser's handlers; finished rows gather in `rows`."""

    def __init__(self, name: str) -> None:
        self.rows: list[Row] = []
        self._name = name
        self._columns: dict[str, int] = {}
        self._number, self._digits, self._column = 0, "0", -1
        self._row: list[Cell] | None = None
        self._cell: tuple[str, int] | None = None
        self._pieces: list[str] = []
        self._has_value = self._has_formula = self._is_text = self._is_aid = False

    def start(self, name: str, given: Attributes) -> None:
        element = _ELEMENTS.get(name)
        if element == "c":
            self._begin_cell(given)
        elif element == "v" or element == "is":
            self._has_value = True
            self._is_text = element == "v"
        elif element == "t":
            self._is_text = not self._is_aid
        elif element == "row":
            self._begin_row(given)
        elif element == "f":
            self._has_formula, self._is_text = True, False
        elif element == "rPh":
            self._is_aid = True

    def text(self, given: str) -> None:
        if self._is_text and self._cell is not None:
            self._pieces.append(given)
            if len(self._pieces) > MOST_PIECES:
                raise damaged(self._name, f"row {self._number}")

    def end(self, name: str) -> None:
        element = _ELEMENTS.get(name)
        self._is_text = False
        if element == "c":
            self._end_cell()
        elif element == "rPh":
            self._is_aid = False
        elif element == "row" and self._row is not None:
            self.rows.append(Row(self._number, self._row))
            self._row = None

    def _begin_row(self, given: Attributes) -> None:
        number = _whole(given.get("r"), self._number + 1)
        if not self._number < number <= MOST_ROWS or self._row is not None:
            raise damaged(self._name, f"after row {self._number}")
        self._number, self._digits, self._column, self._row = number, str(number), -1, []

    def _begin_cell(self, given: Attributes) -> None:
        place = given.get("r")
        column = self._column + 1 if place is None else self._place(place)
        style = _whole(given["s"], 0) if "s" in given else 0
        if self._row is None or not self._column < column < MOST_COLUMNS or style < 0:
            raise damaged(self._name, f"row {self._number}")
        self._column = column
        self._cell = (given.get("t", "n"), style)
        self._has_value = self._has_formula = False

    def _place(self, place: str) -> int:
        """Return the column of a place like B7; the row it names must be the row it stands in."""
        letters = place.removesuffix(self._digits)
        column = self._columns.get(letters)
        if column is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise damaged(self._name, f"row {self._number}")
            column = self._columns[letters] = column_number(letters.upper())
        return column

    def _end_cell(self) -> None:
        if self._row is None or self._cell is None:
            raise damaged(self._name, f"row {self._number}")
        kind, style = self._cell
        text = joined(self._pieces, self._name) if self._has_value else None
        self._pieces.clear()
        self._row.append(Cell(self._column, kind, text, style, self._has_formula))
        self._cell = None


def _whole(given: str | None, otherwise: int) -> int:
    if given is None:
        return otherwise
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else -1
