"""Turn a file's bytes into exact UTF-8 lines, or refuse the file and name the line.

Nothing is guessed: a byte that the declared encoding does not know, a NUL, text decoded twice or a file that
is plainly in another encoding is refused, because a name once garbled cannot be told from a real one.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from earlywarn.errors import ExtractError

_WIDE = ("utf-16", "utf-32")
_UNICODE = ("utf-8", "utf-8-sig")
_REPLACEMENT = "\ufffd".encode()
_TWICE_DECODED = b"\xc3\x83\xc2"
ODD_QUOTES = "odd_quotes"
STRAY_QUOTE = "stray_quote"


@dataclass(frozen=True)
class Lines:
    """A file's text without the lines that were taken out, and the numbers of those that stayed."""

    content: bytes
    numbers: np.ndarray | None
    quarantined: tuple[tuple[int, str], ...]
    digest: str


def read_lines(path: Path, *, encoding: str, separator: str, quoted_newlines: bool) -> Lines:
    """Read and decode a delimited file, strictly.

    Raises:
        ExtractError: The file cannot be read exactly; names the line.
    """
    raw = read_bytes(path)
    digest = hashlib.sha256(raw).hexdigest()
    content = _line_ends(path, _decoded(path, _unpacked(path, raw), encoding))
    if quoted_newlines:
        if content.count(b'"') % 2:
            raise ExtractError("a quote is never closed", where=path.name, todo="export the file again")
        return Lines(content, None, (), digest)
    return _without_bad_lines(content, separator, digest)


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        ExtractError: It cannot be opened.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        message = "the file cannot be opened"
        raise ExtractError(message, where=path.name, todo="check that it is there and readable") from error


def _unpacked(path: Path, raw: bytes) -> bytes:
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        message = "the compressed file is damaged or cut short"
        raise ExtractError(message, where=path.name, todo="copy it again") from error


def _decoded(path: Path, raw: bytes, encoding: str) -> bytes:
    if not encoding.startswith(_WIDE):
        _refuse_at(path, raw, raw.find(b"\0"), "a NUL byte")
    if raw.isascii() and not encoding.startswith(_WIDE):
        return raw
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        _refuse_at(path, raw, error.start, f"a byte that {encoding} does not know")
        raise
    if encoding not in _UNICODE and not encoding.startswith(_WIDE) and _is_utf8(raw):
        message = f"the file is UTF-8, not {encoding}"
        raise ExtractError(message, where=path.name, todo="declare its true encoding")
    # A leading mark says only which encoding it is; it is no part of the first header.
    content = text.removeprefix("\ufeff").encode("utf-8", errors="surrogatepass")
    _refuse_at(path, content, content.find(b"\0"), "a NUL character")
    _refuse_at(path, content, content.find(_REPLACEMENT), "a character lost by an earlier conversion")
    _refuse_at(path, content, content.find(_TWICE_DECODED), "text that was decoded twice")
    return content


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refuse_at(path: Path, content: bytes, position: int, what: str) -> None:
    if position >= 0:
        line = content.count(b"\n", 0, position) + 1
        message = f"line {line} holds {what}"
        raise ExtractError(message, where=path.name, todo="export the file again, or declare its encoding")


def _line_ends(path: Path, content: bytes) -> bytes:
    if b"\r" not in content:
        return content
    if b"\n" not in content:
        return content.replace(b"\r", b"\n")
    content = content.replace(b"\r\n", b"\n")
    _refuse_at(path, content, content.find(b"\r"), "a line end of another kind than the others")
    return content


def _without_bad_lines(content: bytes, separator: str, digest: str) -> Lines:
    """Take out blank lines, and lines whose quotes do not close on the line or stand inside a cell."""
    has_quotes = b'"' in content
    has_blanks = b"\n\n" in content or content.startswith(b"\n")
    if not has_quotes and not has_blanks:
        return Lines(content, None, (), digest)
    octets = np.frombuffer(content, dtype=np.uint8)
    ends = np.flatnonzero(octets == ord("\n"))
    if not len(octets) or octets[-1] != ord("\n"):
        ends = np.append(ends, len(octets))
    starts = np.concatenate(([0], ends[:-1] + 1))
    bad = _bad_quotes(octets, starts, ends, separator) if has_quotes else {}
    blank = np.flatnonzero(starts == ends)
    out = np.unique(np.concatenate((blank, np.array(sorted(bad), dtype=np.int64)))).astype(np.int64)
    if not len(out):
        return Lines(content, None, (), digest)
    kept = np.setdiff1d(np.arange(len(ends)), out, assume_unique=True)
    pieces, at = [], 0
    for line in out:
        pieces.append(content[at : int(starts[line])])
        at = int(ends[line]) + 1
    pieces.append(content[at:])
    quarantined = tuple((line + 1, reason) for line, reason in sorted(bad.items()))
    return Lines(b"".join(pieces), kept + 1, quarantined, digest)


def _bad_quotes(octets: np.ndarray, starts: np.ndarray, ends: np.ndarray, separator: str) -> dict[int, str]:
    quotes = np.flatnonzero(octets == ord('"'))
    per_line = np.searchsorted(quotes, ends) - np.searchsorted(quotes, starts)
    bad = {int(line): ODD_QUOTES for line in np.flatnonzero(per_line % 2)}
    edge = np.array([ord(separator), ord("\n"), ord('"')], dtype=np.uint8)
    before = octets[quotes - 1]
    after = octets[np.minimum(quotes + 1, len(octets) - 1)]
    free = (quotes > 0) & (quotes < len(octets) - 1) & ~np.isin(before, edge) & ~np.isin(after, edge)
    for line in np.searchsorted(ends, quotes[free]):
        bad.setdefault(int(line), STRAY_QUOTE)
    return bad
