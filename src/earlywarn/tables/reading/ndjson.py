"""Read a file of one JSON object a line as text: each value exactly as written, no number as a float.

A line that is no row is quarantined with its number and the reason; the lines around it stand. A row is
whole: every mapped name stands once on its line, null where there is nothing to say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.text import TextBlock, labeled

LONGEST_LINE = 1 << 20
_ROWS, _BYTES = 100_000, 1 << 24
_MARK = b"\xef\xbb\xbf"
_LOST = ("\ufffd".encode(), b"\xc3\x83\xc2")
# What no text may hold: a NUL, half of a character, a character that an earlier conversion lost.
_IMPOSSIBLE = re.compile("[\x00\ud800-\udfff\ufffd]")
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

    def __init__(self, path: Path, extract: Extract, number: int) -> None:
        self.name = path.name
        self._path, self._number = path, number
        self._names = extract.needed
        self._known = {*extract.needed, *extract.ignore}
        self._ignores_all = "*" in extract.ignore
        self._shape: tuple[str, ...] | None = None
        self._places: list[int] = []
        self._texts = frozenset(
            source.from_ for name, source in extract.columns.items() if name in extract.texts
        )

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the file."""
        with self._path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped names' values as text, some thousands of rows at a time.

        Raises:
            ExtractError: The file cannot be opened.
        """
        try:
            handle = self._path.open("rb")
        except OSError as error:
            message = "the file cannot be opened"
            raise ExtractError(
                message, where=self.name, todo="check that it is there and readable"
            ) from error
        with handle:
            cells: list[str] = []
            lines: list[int] = []
            bad: list[tuple[int, str]] = []
            size = 0
            for number, line in enumerate(_lines(handle), start=1):
                found = self._read(line)
                if found is None:
                    continue
                if isinstance(found, str):
                    bad.append((number, found))
                else:
                    cells += found
                    lines.append(number)
                size += len(line)
                if len(lines) >= _ROWS or size >= _BYTES:
                    yield self._block(cells, lines, bad)
                    cells, lines, bad, size = [], [], [], 0
            yield self._block(cells, lines, bad)

    def _block(self, cells: list[str], lines: list[int], bad: list[tuple[int, str]]) -> TextBlock:
        width = len(self._names)
        columns = {name: pa.array(cells[at::width], pa.string()) for at, name in enumerate(self._names)}
        numbers = np.array(lines, dtype=np.int64)
        return TextBlock(labeled(pa.table(columns), numbers, self._number), tuple(bad))

    def _read(self, line: bytes) -> list[str] | str | None:
        """Return a line's cells, or why it is no row; None for a blank line."""
        if len(line) > LONGEST_LINE:
            return "too_long"
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return "not_utf8"
        if _LOST[0] in line or _LOST[1] in line:
            return "impossible_character"
        if not text.strip(" \t\r\n"):
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
            if type(value) is str:
                if escaped and _IMPOSSIBLE.search(value):
                    return "impossible_character"
            elif value is None:
                values[index] = ""
            elif isinstance(value, list):
                return "nested_value"
            elif isinstance(value, _NotFinite):
                return "not_finite"
            elif self._names[index] in self._texts:
                return "not_text"
            elif isinstance(value, bool):
                values[index] = "true" if value else "false"
            else:
                values[index] = _plain(value)
        return values


def _lines(handle: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines; of one that is too long, only so much that its length is seen."""
    line = handle.readline(LONGEST_LINE + 1).removeprefix(_MARK)
    while line:
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            line = handle.readline(LONGEST_LINE + 1)
        line = handle.readline(LONGEST_LINE + 1)


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
