"""Say what one cell holds as text, exactly, or why it cannot be said."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from earlywarn.tables.reading.excel.book import Book
from earlywarn.tables.reading.excel.dates import moment_of
from earlywarn.tables.reading.excel.package import damaged
from earlywarn.tables.reading.excel.rows import Cell
from earlywarn.tables.reading.writing import NOT_A_DATE, TIME_OF_DAY, Text, Writing, exact

ERROR_CELL = "error_cell"
NO_CACHED_VALUE = "no_cached_value"
NUMBER_TOO_LONG = "number_too_long"
_TOO_LONG = 10**15
_LONGEST = 64


def cell_text(cell: Cell, book: Book, writing: Writing) -> Text:
    """Return a cell's text, or "" and the reason why there is none.

    Raises:
        ExtractError: The cell is not one that a workbook can hold.
    """
    kind, text = cell.kind, cell.text
    if cell.has_formula and (book.is_stale or _lacks_result(cell)):
        return "", NO_CACHED_VALUE
    if kind == "e":
        return "", ERROR_CELL
    if not text:
        return "", None
    if kind == "n":
        return _number(text, cell.style, book, writing)
    if kind == "b":
        return (writing.true if text == "1" else writing.false), None
    if kind == "d":
        return _iso_moment(text, book, writing)
    if kind == "s":
        text = _shared(text, book)
    elif kind not in ("str", "inlineStr"):
        raise damaged(book.name, "a cell of an unknown kind")
    return exact(text)


def holds_anything(cell: Cell, book: Book) -> bool:
    """Say whether a cell shows anything: a formula that gives "" and a text of spaces show nothing."""
    if not cell.text:
        return cell.kind == "e" or (cell.has_formula and _lacks_result(cell))
    text = _shared(cell.text, book) if cell.kind == "s" else cell.text
    return bool(text.strip())


def _lacks_result(cell: Cell) -> bool:
    """Say whether a formula was never computed; one that gives "" has a text, which is empty."""
    return cell.text is None or (cell.kind == "n" and not cell.text)


def shown_text(cell: Cell, book: Book) -> str:
    """Return a cell's text for people to read, whatever it holds."""
    text, reason = cell_text(cell, book, Writing())
    return text if reason is None else cell.text or reason


def shortened(stored: str, name: str) -> Decimal:
    """Return a stored number to 15 significant digits, as Excel itself shows it.

    Raises:
        ExtractError: It is no number that a cell can hold.

    >>> shortened("72.5", "a.xlsx"), shortened("0.30000000000000004", "a.xlsx"), shortened("1.0", "a.xlsx")
    (Decimal('72.5'), Decimal('0.3'), Decimal('1'))
    """
    try:
        value = float(stored) if len(stored) <= _LONGEST else float("nan")
    except ValueError as error:
        raise damaged(name, "a number is none") from error
    if abs(value) == float("inf") or value != value:
        raise damaged(name, "a number is none")
    return Decimal(f"{value:.15g}")


def _number(stored: str, style: int, book: Book, writing: Writing) -> Text:
    if style >= len(book.formats):
        raise damaged(book.name, "a cell has a style that is not there")
    shown, value = book.formats[style], shortened(stored, book.name)
    if shown.kind == "date":
        return _moment(moment_of(float(stored), from_1904=book.from_1904), writing)
    if shown.kind == "time":
        return "", TIME_OF_DAY
    if abs(value) >= _TOO_LONG:
        return "", NUMBER_TOO_LONG
    if shown.kind == "percent":
        # A share of 0.85 that the sheet shows as 85% is no 0.85 to whoever filled it in, and no 85 either.
        return writing.number((value * 100).normalize()) + "%", None
    if shown.kind == "padded" and value >= 0 and value == value.to_integral_value():
        return shown.padded(format(value, ".0f")), None
    return writing.number(value), None


def _shared(index: str, book: Book) -> str:
    if not index.isdigit() or len(index) > 9 or int(index) >= len(book.texts):
        raise damaged(book.name, "a cell points to a text that is not there")
    return book.texts[int(index)]


def _iso_moment(text: str, book: Book, writing: Writing) -> Text:
    try:
        return _moment(datetime.fromisoformat(text), writing)
    except ValueError as error:
        raise damaged(book.name, "a date is none") from error


def _moment(moment: datetime | None, writing: Writing) -> Text:
    if moment is None:
        return "", NOT_A_DATE
    text = writing.moment(moment)
    return ("", TIME_OF_DAY) if text is None else (text, None)
