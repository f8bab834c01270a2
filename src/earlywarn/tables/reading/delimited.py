"""Read a delimited file as text, cell by cell, and count every row on the way, in bounded memory.

Grain of what is given: one row per record of the file. Converts nothing; a record with too few or too many
cells is quarantined with its line.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.cells import Cut, Layout, another_header, cut, has_empty_row
from earlywarn.tables.reading.content import Content, Pieces
from earlywarn.tables.reading.decoding import NUL, WORDS, Decoded, as_utf8, decode
from earlywarn.tables.reading.header import check_header
from earlywarn.tables.reading.lines import (
    Lines,
    count_lines,
    quoted,
    separated,
    whole_records,
    with_one_line_end,
)
from earlywarn.tables.reading.text import RAGGED, TextBlock, labeled

_THREADS, _AHEAD = 3, 5


@dataclass
class _Counts:
    """What was met so far, from which a wrongly declared encoding is told."""

    n_lines: int = 0
    n_accented: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Piece:
    """One piece, read: what was cut and what was taken out before."""

    decoded: Decoded
    lines: Lines
    rows: Cut


class DelimitedText:
    """One delimited text file."""

    def __init__(
        self, content: Content, extract: Extract, number: int, *, repeating: frozenset[str] = frozenset()
    ) -> None:
        self.name = content.name
        self.header: tuple[str, ...] = ()
        self._pieces = Pieces(content)
        self._extract, self._number, self._repeating = extract, number, repeating
        encoding = extract.encoding
        self._encoding = "utf-8" if encoding.startswith(("utf-16", "utf-32")) else encoding

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the unpacked file."""
        return self._pieces.digest

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped columns, a piece of the file at a time.

        Raises:
            ExtractError: The file cannot be read exactly, or its header is not what the mapping says.
        """
        pieces = with_one_line_end(as_utf8(iter(self._pieces), self._extract.encoding, self.name))
        if self._extract.quoted_newlines:
            pieces = whole_records(pieces, self.name)
        first = next(pieces, b"")
        header, n_lines, body = self._header(first)
        layout = self._layout(header, body)
        counts = _Counts(n_lines)
        for piece in self._read(chain([body] if body else [], pieces), layout, n_lines):
            yield self._block(piece, layout, counts)
        self._check_encoding(counts)

    def _header(self, first: bytes) -> tuple[list[str], int, bytes]:
        """Return the header's cells, how many lines it takes, and what follows."""
        end = first.find(b"\n") + 1 or len(first)
        if self._extract.quoted_newlines:
            while first[:end].count(b'"') % 2:
                end = first.find(b"\n", end) + 1 or len(first)
        decoded = decode(first[:end], self._encoding)
        for reason in decoded.bad.values():
            raise self._refusal(f"line 1 holds {WORDS[reason]}")
        text = decoded.content.decode("utf-8").strip("\r\n")
        cells = self._cells(text)
        if not any(cells):
            raise ExtractError("the file has no header", where=self.name, todo="export the file again")
        return cells, text.count("\n") + 1, first[end:]

    def _cells(self, line: str) -> list[str]:
        """Return the cells of one line; none where its quotes or line ends are out of place."""
        is_whole = line.count('"') % 2 == 0 and (self._extract.quoted_newlines or "\r" not in line)
        reader = csv.reader([line] if is_whole else [], delimiter=self._extract.separator)
        return [cell.strip() for cell in next(reader, [])]

    def _layout(self, header: list[str], body: bytes) -> Layout:
        wanted = check_header(header, self._extract, self.name)
        self.header = tuple(header)
        row = self._cells(body.partition(b"\n")[0].rstrip(b"\r").decode(self._encoding, errors="replace"))
        # A separator at the end of lines, or of the header, that the other lacks adds no cell.
        if header[-1:] == [""] and len(row) == len(header) - 1:
            header = header[:-1]
        return Layout(
            tuple(header),
            wanted,
            self._repeating,
            self._extract.separator,
            self._extract.quoted_newlines,
            has_extra_cell=len(row) == len(header) + 1 and row[-1] == "",
        )

    def _read(self, pieces: Iterator[bytes], layout: Layout, n_lines: int) -> Iterator[_Piece]:
        """Read pieces ahead of what is taken, in order."""
        first, second = next(pieces, None), next(pieces, None)
        if first is None or second is None:
            yield from () if first is None else (self._read_piece(first, layout, n_lines + 1),)
            return
        pieces = chain((first, second), pieces)
        with ThreadPoolExecutor(_THREADS) as pool:
            waiting: deque[Future[_Piece]] = deque()
            upcoming = pool.submit(next, pieces, None)
            while piece := upcoming.result():
                upcoming = pool.submit(next, pieces, None)
                waiting.append(pool.submit(self._read_piece, piece, layout, n_lines + 1))
                if layout.quoted_newlines:
                    n_lines += count_lines(piece)
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _read_piece(self, piece: bytes, layout: Layout, first_line: int) -> _Piece:
        decoded = decode(piece, self._encoding)
        separator = layout.separator
        if layout.quoted_newlines:
            lines = quoted(decoded, separator, self.name, first_line)
            rows = cut(lines, layout, self.name)
        else:
            lines = separated(decoded, separator)
            rows = cut(lines, layout, self.name)
            if lines.numbers is None and (rows.n_records != lines.n_lines or has_empty_row(rows.cells)):
                # A carriage return inside a line ends a row where no line ends; a blank line is no row.
                lines = separated(decoded, separator, look_closely=True)
                rows = cut(lines, layout, self.name)
        if lines.numbers is not None and rows.n_records != len(lines.numbers):
            raise ExtractError("lines and rows differ in number", where=self.name, todo="report this defect")
        return _Piece(decoded, lines, rows)

    def _block(self, piece: _Piece, layout: Layout, counts: _Counts) -> TextBlock:
        at = counts.n_lines + 1
        bad = piece.lines.bad or piece.decoded.bad
        counts.n_lines += piece.lines.n_lines
        counts.n_accented += piece.decoded.n_accented
        for line, reason in bad.items():
            if reason in WORDS:
                counts.bad[reason] += 1
                counts.first.setdefault(reason, at + line)
        place = another_header(piece.rows.cells, layout.header)
        if place is not None:
            line = at + int(piece.rows.places[place])
            message = f"line {line} is a header of other columns: two files were glued"
            raise ExtractError(message, where=self.name, todo="cut the file there, and give both files")
        held = [(at + line, reason) for line, reason in bad.items()]
        held += [(at + int(line), RAGGED) for line in piece.rows.ragged]
        cells = labeled(piece.rows.cells, piece.rows.places.astype(np.int64) + at, self._number)
        return TextBlock(cells, tuple(sorted(held)))

    def _check_encoding(self, counts: _Counts) -> None:
        """Refuse a file most of whose accented lines are no text in its declared encoding."""
        n_garbled = counts.bad.total() - counts.bad[NUL]
        n_accented = max(counts.n_accented, n_garbled)
        if 2 * n_garbled > n_accented or 2 * counts.bad[NUL] > counts.n_lines:
            line, reason = min((line, reason) for reason, line in counts.first.items())
            raise self._refusal(f"line {line} holds {WORDS[reason]}, as most such lines do")

    def _refusal(self, what: str) -> ExtractError:
        message = f"{what} ({self._extract.encoding})"
        return ExtractError(message, where=self.name, todo="declare its true encoding, or export it again")
