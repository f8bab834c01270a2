"""Find the lines of a piece that are no records: blank ones, and those whose quotes cannot be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from earlywarn.errors import ExtractError
from earlywarn.tables.reading.decoding import Decoded

ODD_QUOTES = "odd_quotes"
STRAY_QUOTE = "stray_quote"
STRAY_END = "stray_line_end"
_QUOTE, _NEWLINE, _RETURN = ord('"'), ord("\n"), ord("\r")
_LONGEST_RECORD = 1 << 26


@dataclass(frozen=True)
class Lines:
    """Content that can be cut into cells, and the place from 0 of each record's first line in the piece.

    `numbers` is None where no line was taken out and every line is a record.
    """

    content: bytes
    n_lines: int
    numbers: np.ndarray | None = None
    bad: dict[int, str] | None = None


def with_one_line_end(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces whose lines end in a line feed, where the whole file ends them in a carriage return."""
    ends_in_return = None
    for piece in pieces:
        if ends_in_return is None:
            ends_in_return = b"\r" in piece and b"\n" not in piece
        yield piece.replace(b"\r", b"\n") if ends_in_return else piece


def whole_records(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield pieces that end where a record ends, though a quoted cell holds line ends.

    Raises:
        ExtractError: A quote is never closed.
    """
    rest = b""
    for piece in pieces:
        piece = rest + piece
        end = _record_end(piece)
        rest = piece[end:]
        if len(rest) > _LONGEST_RECORD:
            break
        if end:
            yield piece[:end]
    if rest.count(b'"') % 2:
        raise ExtractError("a quote is never closed", where=name, todo="export the file again")
    if rest:
        yield rest


def _record_end(piece: bytes) -> int:
    if b'"' not in piece:
        return piece.rfind(b"\n") + 1
    octets = np.frombuffer(piece, dtype=np.uint8)
    ends = np.flatnonzero(octets == _NEWLINE)
    n_quotes = np.searchsorted(np.flatnonzero(octets == _QUOTE), ends)
    outside = ends[n_quotes % 2 == 0]
    return int(outside[-1]) + 1 if outside.size else 0


def separated(decoded: Decoded, separator: str, *, look_closely: bool = False) -> Lines:
    """Return the lines of a piece that may be cut, where no cell holds a line end.

    Args:
        decoded: The piece, and the lines that its encoding makes unusable.
        separator: What stands between cells.
        look_closely: Whether to look for blank lines and for carriage returns inside lines, too.
    """
    content = decoded.content
    has_quotes = b'"' in content
    if not (has_quotes or decoded.bad or look_closely):
        return Lines(content, count_lines(content))
    # A carriage return at the very end is half of a line end.
    content = content.replace(b"\r\n", b"\n").removesuffix(b"\r")
    octets = np.frombuffer(content, dtype=np.uint8)
    starts, ends = _bounds(octets)
    bad = dict(decoded.bad)
    for line in _lines_of(np.flatnonzero(octets == _RETURN), ends):
        bad.setdefault(line, STRAY_END)
    if has_quotes:
        for line, reason in _bad_quotes(octets, starts, ends, separator):
            bad.setdefault(line, reason)
    is_kept = starts != ends
    is_kept[list(bad)] = False
    if is_kept.all():
        return Lines(content, len(ends))
    lengths = np.diff(starts, append=octets.size)
    left = octets[np.repeat(is_kept, lengths)].tobytes()
    return Lines(left, len(ends), np.flatnonzero(is_kept), bad)


def quoted(decoded: Decoded, separator: str, name: str, first_line: int) -> Lines:
    """Return the records of a piece whose quoted cells may hold line ends.

    Raises:
        ExtractError: A line is unusable, or a quote stands where none may; what follows cannot be trusted.
    """
    content = decoded.content.replace(b"\r\n", b"\n")
    octets = np.frombuffer(content, dtype=np.uint8)
    starts, ends = _bounds(octets)
    quotes = np.flatnonzero(octets == _QUOTE)
    wrong = quotes[_misplaced(octets, quotes, np.arange(len(quotes)) % 2 == 0, separator)]
    lines = [*decoded.bad, *_lines_of(wrong, ends), *_lines_of(np.flatnonzero(octets == _RETURN), ends)]
    if lines:
        raise ExtractError(
            f"line {first_line + min(lines)} holds a quote, a line end or a character out of place",
            where=name,
            todo="export the file again, or do without quoted_newlines: then only such lines wait",
        )
    is_record = (np.searchsorted(quotes, starts) % 2 == 0) & (starts != ends)
    return Lines(content, len(ends), np.flatnonzero(is_record), {})


def count_lines(content: bytes) -> int:
    """Return how many lines the content has; the last may lack its end."""
    return content.count(b"\n") + (not content.endswith(b"\n") and bool(content))


def _bounds(octets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = np.flatnonzero(octets == _NEWLINE)
    if octets.size and octets[-1] != _NEWLINE:
        ends = np.append(ends, octets.size)
    starts = np.concatenate((np.zeros(min(1, len(ends)), dtype=np.int64), ends[:-1] + 1))
    return starts, ends


def _lines_of(positions: np.ndarray, ends: np.ndarray) -> list[int]:
    return [int(line) for line in np.unique(np.searchsorted(ends, positions))]


def _bad_quotes(
    octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, separator: str
) -> Iterator[tuple[int, str]]:
    quotes = np.flatnonzero(octets == _QUOTE)
    before = np.searchsorted(quotes, starts)
    per_line = np.searchsorted(quotes, ends) - before
    yield from ((int(line), ODD_QUOTES) for line in np.flatnonzero(per_line % 2))
    line = np.searchsorted(ends, quotes)
    opens = (np.arange(len(quotes)) - before[line]) % 2 == 0
    for one in np.unique(line[_misplaced(octets, quotes, opens, separator)]):
        yield int(one), STRAY_QUOTE


def _misplaced(octets: np.ndarray, quotes: np.ndarray, opens: np.ndarray, separator: str) -> np.ndarray:
    """Say which quotes neither open a cell, nor close one, nor stand doubled inside one (RFC 4180)."""
    edge = np.array([ord(separator), _NEWLINE, _QUOTE], dtype=np.uint8)
    at_start = (quotes == 0) | np.isin(octets[np.maximum(quotes - 1, 0)], edge)
    at_end = (quotes == octets.size - 1) | np.isin(octets[np.minimum(quotes + 1, octets.size - 1)], edge)
    return np.asarray(np.where(opens, ~at_start, ~at_end))
