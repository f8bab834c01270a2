"""Write rows of typed values, as a database gives them, as blocks of exact text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

import numpy as np
import pyarrow as pa

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.header import check_header
from earlywarn.tables.reading.text import TextBlock, labeled
from earlywarn.tables.reading.writing import TIME_OF_DAY, Text, Writing, columns_given, exact, writings

NOT_A_NUMBER = "not_a_number"
_MIDNIGHT = time()


class TypedRows:
    """One source's rows on their way to text; a row's line is its place among the rows, from 1.

    The digest covers the text of every row in order, so the same rows give the same digest however they came.
    """

    def __init__(self, header: Sequence[str], extract: Extract, *, name: str, number: int) -> None:
        """Check the header.

        Raises:
            ExtractError: The columns are not those that the mapping names.
        """
        self.needed = check_header(list(header), extract, name)
        self._writings = [writings(extract)[column] for column in self.needed]
        self._names = [columns_given(extract)[column] for column in self.needed]
        self._where, self._number = name, number
        self._n_rows = 0
        self._sum = hashlib.sha256(json.dumps(self.needed).encode())

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the text so far."""
        return self._sum.hexdigest()

    def block(self, rows: Sequence[Sequence[object]]) -> TextBlock:
        """Return some rows' values, in the order of the mapped columns, as text.

        Raises:
            ExtractError: A value is of a kind that no text stands for.
        """
        lines: list[int] = []
        texts: list[list[str]] = []
        quarantined: list[tuple[int, str]] = []
        for line, row in enumerate(rows, self._n_rows + 1):
            written = [self._text(value, place) for place, value in enumerate(row)]
            self._sum.update(json.dumps(written).encode())
            flaw = next((f"{self._names[i]}:{found}" for i, (_, found) in enumerate(written) if found), None)
            if flaw is not None:
                quarantined.append((line, flaw))
                continue
            lines.append(line)
            texts.append([text for text, _ in written])
        self._n_rows += len(rows)
        columns = [pa.array([row[i] for row in texts], pa.string()) for i in range(len(self.needed))]
        cells = pa.Table.from_arrays(columns, names=list(self.needed))
        return TextBlock(labeled(cells, np.array(lines, dtype=np.int64), self._number), tuple(quarantined))

    def _text(self, value: object, place: int) -> Text:
        writing = self._writings[place]
        if value is None:
            return "", None
        if isinstance(value, str):
            return exact(value)
        if isinstance(value, bool):
            return (writing.true if value else writing.false), None
        if isinstance(value, int):
            return str(value), None
        if isinstance(value, float | Decimal):
            return _number(value, writing)
        if isinstance(value, date):
            return _day(value, writing)
        if isinstance(value, UUID):
            return str(value), None
        message = f"column '{self.needed[place][:40]}' holds values of type {type(value).__name__}, not text"
        raise ExtractError(message, where=self._where, todo="cast it to text in the view, or leave it out")


def _number(value: float | Decimal, writing: Writing) -> Text:
    exact = Decimal(repr(value)) if isinstance(value, float) else value
    if not exact.is_finite():
        return "", NOT_A_NUMBER
    if isinstance(value, float) and value.is_integer():
        # A float has no decimals of its own, so it shows none that are zero.
        exact = exact.to_integral_value()
    return writing.number(exact), None


def _day(value: date, writing: Writing) -> Text:
    moment = value if isinstance(value, datetime) else datetime.combine(value, _MIDNIGHT)
    if moment.tzinfo is not None:
        # The same instant is another day in another time zone, and the view does not say in which it counts.
        return "", TIME_OF_DAY
    text = writing.moment(moment)
    return ("", TIME_OF_DAY) if text is None else (text, None)
