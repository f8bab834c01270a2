"""Read a file of one JSON object a line as text: each value exactly as written, no number as a float.

A line that is no row is quarantined with its number and the reason; the lines around it stand. A row is
whole: every mapped name stands once on its line, null where there is nothing to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.content import Content, Pieces
from earlywarn.tables.reading.decoding import as_utf8, decode
from earlywarn.tables.reading.text import TextBlock, labeled

LONGEST_LINE = 1 << 20
_PIECE = 1 << 22
_MOST_DIGITS = 60


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object's names and values, in order, repeated names included."""


class _NotFinite:
    """NaN or an infinity, which are no JSON, but which some programs write."""


_DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=lambda _: _NotFinite()
)


class NdjsonText:
    """One file of JSON lines."""

    def __init__(self, content: Content, extract: Extract, number: int) -> None:
        self.name = content.name
        self._pieces, self._number = Pieces(content, size=_PIECE), number
        self._encoding = extract.encoding
        self._names = extract.needed
        self._known = {*extract.needed, *extract.ignore}
        self._ignores_all = "*" in extract.ignore
        self._shape: tuple[str, ...] | None = None
        self._places: list[int] = []
        # By the file's name of a value: the column that it is reported under, and whether it must be text.
        self._columns = {source.from_: name for name, source in reversed(list(extract.columns.items()))}
        self._texts = frozenset(
            source.from_ for name, source in extract.columns.items() if name in extract.texts
        )

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the unpacked file."""
        return self._pieces.digest

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names that each line must have."""
        return self._names

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped names' values as text, a piece of the file at a time.

        Raises:
            ExtractError: The file cannot be opened.
        """
        n_lines = 0
        encoding = "utf-8" if self._encoding.startswith(("utf-16", "utf-32")) else self._encoding
        for piece in as_utf8(iter(self._pieces), self._encoding, self.name):
            decoded = decode(piece, encoding)
            # A line that is no text was replaced by a mark that is no JSON either.
            lines = decoded.content.split(b"\n")
            yield self._block(lines, decoded.bad, n_lines + 1)
            n_lines += len(lines) - 1

    def _block(self, lines: list[bytes], garbled: dict[int, str], first: int) -> TextBlock:
        cells: list[str] = []
        numbers: list[int] = []
        bad: list[tuple[int, str]] = []
        for place, line in enumerate(lines):
            found = garbled.get(place) or self._read(line)
            if isinstance(found, str):
                bad.append((first + place, found))
            elif found is not None:
                cells += found
                numbers.append(first + place)
        width = len(self._names)
        columns = {name: pa.array(cells[at::width], pa.string()) for at, name in enumerate(self._names)}
        where = np.array(numbers, dtype=np.int64)
        return TextBlock(labeled(pa.table(columns), where, self._number), tuple(bad))

    def _read(self, line: bytes) -> list[str] | str | None:
        """Return a line's cells, or why it is no row; None for a blank line."""
        if len(line) > LONGEST_LINE:
            return "too_long"
        text = line.decode("utf-8")
        if not text.strip(" \t\r"):
            return None
        try:
            pairs = _DECODER.decode(text)
        except (ValueError, RecursionError):
            return "not_an_object"
        if not isinstance(pairs, _Pairs):
            return "not_an_object"
        names = tuple([name for name, _ in pairs])
        if names != self._shape:
            if (reason := self._misnamed(names)) is not None:
                return reason
            # Lines of one file mostly name the same things in the same order.
            self._shape, self._places = names, [names.index(name) for name in self._names]
        return self._cells([pairs[place][1] for place in self._places], escaped="\\u" in text)

    def _misnamed(self, names: tuple[str, ...]) -> str | None:
        given = set(names)
        if len(given) < len(names):
            return "repeated_name"
        if not self._ignores_all and not given <= self._known:
            return "unknown_name"
        return None if given.issuperset(self._names) else "missing_name"

    def _cells(self, values: list[Any], *, escaped: bool) -> list[str] | str:
        for index, value in enumerate(values):
            reason = None
            if type(value) is str:
                if escaped:
                    values[index], reason = _unescaped(value)
            elif value is None:
                values[index] = ""
            elif isinstance(value, list):
                reason = "nested_value"
            elif isinstance(value, _NotFinite):
                reason = "not_finite"
            elif self._names[index] in self._texts:
                reason = "not_text"
            elif isinstance(value, bool):
                values[index] = "true" if value else "false"
            else:
                values[index] = _plain(value)
            if reason is not None:
                return f"{self._columns.get(self._names[index], 'row')}:{reason}"
        return values


def _unescaped(text: str) -> tuple[str, str | None]:
    """Judge a text that escapes have a part in, as text is judged that has none."""
    try:
        decoded = decode(text.encode("utf-8"), "utf-8")
    except UnicodeEncodeError:
        return "", "half_character"
    return decoded.content.decode("utf-8"), next(iter(decoded.bad.values()), None)


def _plain(number: str) -> str:
    """Write a JSON number without its exponent, digit for digit; one of absurd size stays as it is.

    >>> _plain("72.50"), _plain("7.250e1"), _plain("1e999")
    ('72.50', '72.50', '1e999')
    """
    if "e" not in number and "E" not in number:
        return number
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return number
    return format(exact, "f") if abs(exact.adjusted()) <= _MOST_DIGITS >= len(number) else number
