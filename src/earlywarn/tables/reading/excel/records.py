"""Turn a sheet's rows into the texts of its mapped columns, or the reason why a row waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from earlywarn.tables.reading.excel.book import Book
from earlywarn.tables.reading.excel.rows import Area, Cell, Row
from earlywarn.tables.reading.excel.texts import cell_text, holds_anything
from earlywarn.tables.reading.text import RAGGED
from earlywarn.tables.reading.writing import Text, Writing

MERGED_CELL = "merged_cell"
REPEATED_HEADER = "repeated_header"
_REMEMBERED = 50_000


class Record(NamedTuple):
    """One row that holds anything: its number in the sheet, and its texts or the reason why it waits."""

    line: int
    texts: list[str]
    reason: str | None


@dataclass(frozen=True)
class MappedColumn:
    """A column that the mapping reads: its header, its place in the sheet, its name in the contract."""

    header: str
    place: int
    name: str
    writing: Writing


def records(
    rows: Iterator[Row],
    book: Book,
    header: Sequence[str],
    columns: Sequence[MappedColumn],
    areas: Sequence[Area],
) -> Iterator[Record]:
    """Yield the rows below the header, blank ones left out.

    Args:
        rows: The rows below the header.
        book: The workbook they stand in.
        header: Every column's word, "" where it has none.
        columns: The columns to give, in order.
        areas: The sheet's merged cells; a row waits where one covers a mapped column without a value.
    """
    reader = _Reader(book, header, columns)
    spans = {index: _Spans(found) for index, found in _covered(columns, areas).items()}
    for row in rows:
        if not any(holds_anything(cell, book) for cell in row.cells):
            continue
        texts, reason = reader.read(row)
        covered = next((index for index, span in spans.items() if span.holds(row.number)), None)
        if covered is not None:
            reason = reason or f"{columns[covered].name}:{MERGED_CELL}"
        yield Record(row.number, texts, reason)


class _Reader:
    def __init__(self, book: Book, header: Sequence[str], columns: Sequence[MappedColumn]) -> None:
        self._book, self._columns = book, columns
        self._words = [column.header for column in columns]
        self._index = {column.place: index for index, column in enumerate(columns)}
        self._named = frozenset(place for place, word in enumerate(header) if word)
        self._remembered: list[dict[tuple[str, int], Text]] = [{} for _ in columns]

    def read(self, row: Row) -> tuple[list[str], str | None]:
        texts, reason = [""] * len(self._columns), None
        for cell in row.cells:
            index = self._index.get(cell.column)
            if index is not None:
                texts[index], flaw = self._text(cell, index)
                if flaw is not None and reason is None:
                    reason = f"{self._columns[index].name}:{flaw}"
            elif reason is None and cell.column not in self._named and holds_anything(cell, self._book):
                reason = RAGGED
        if reason is None and [" ".join(text.split()) for text in texts] == self._words:
            reason = REPEATED_HEADER
        return texts, reason

    def _text(self, cell: Cell, index: int) -> Text:
        if cell.kind != "n" or cell.has_formula or cell.text is None:
            return cell_text(cell, self._book, self._columns[index].writing)
        # The same few days and durations stand in a column again and again.
        remembered, key = self._remembered[index], (cell.text, cell.style)
        found = remembered.get(key)
        if found is None:
            if len(remembered) >= _REMEMBERED:
                remembered.clear()
            found = remembered[key] = cell_text(cell, self._book, self._columns[index].writing)
        return found


def _covered(columns: Sequence[MappedColumn], areas: Sequence[Area]) -> Mapping[int, list[tuple[int, int]]]:
    """Return, by mapped column, the rows that a merged cell covers below or beside its value."""
    covered: dict[int, list[tuple[int, int]]] = {}
    for area in areas:
        for index, column in enumerate(columns):
            first = area.top + (column.place == area.left)
            if area.left <= column.place <= area.right and first <= area.bottom:
                covered.setdefault(index, []).append((first, area.bottom))
    return covered


class _Spans:
    """Spans of rows, asked about rows that only grow."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._left = sorted(spans, reverse=True)
        self._last = 0

    def holds(self, row: int) -> bool:
        while self._left and self._left[-1][0] <= row:
            self._last = max(self._last, self._left.pop()[1])
        return row <= self._last
