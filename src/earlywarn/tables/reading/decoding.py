"""Turn pieces of a file into exact UTF-8 lines, and name each line that cannot be.

Nothing is guessed: a line with a byte that the declared encoding does not know, a NUL, or text that was
garbled before waits; a file most of whose accented lines are so is in another encoding, and is refused.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from earlywarn.errors import ExtractError
from earlywarn.tables.reading.letters import doubtful, is_strange, is_typed_unicode, was_decoded_twice

_WIDE = ("utf-16", "utf-32")
_UNICODE = ("utf-8", "utf-8-sig")
_REPLACEMENT = "\ufffd".encode()
# How text that was decoded twice begins: Ã, Â, Å or â, then what no one types after it.
_TWICE = (
    b"\xc3\x83\xc2",
    b"\xc3\x83\xe2",
    b"\xc3\x83\xc5",
    b"\xc3\x82\xc2",
    b"\xc3\x85\xe2",
    b"\xc3\xa2\xe2",
)
_COMBINING = (b"\xcc", b"\xcd")

UNKNOWN_BYTE = "unknown_byte"
NUL = "nul"
LOST = "lost_character"
TWICE = "decoded_twice"
OTHER = "other_encoding"
WORDS = {
    UNKNOWN_BYTE: "a byte that the declared encoding does not know",
    OTHER: "text in another encoding than the declared one",
    TWICE: "text that was decoded twice",
    LOST: "a character lost by an earlier conversion",
    NUL: "a NUL character",
}

Judge = Callable[[bytes], str | None]


@dataclass
class Decoded:
    """UTF-8 lines, and the reason of each that must be taken out, by its place from 0."""

    content: bytes
    bad: dict[int, str] = field(default_factory=dict)
    n_accented: int = 0


def as_utf8(pieces: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    """Yield pieces whose bytes stand for themselves: wide encodings are turned into UTF-8 here.

    Raises:
        ExtractError: A wide encoding does not know a byte; names the line.
    """
    if not encoding.startswith(_WIDE):
        yield from _without_mark(pieces)
        return
    decoder, n_lines, rest, is_first = codecs.getincrementaldecoder(encoding)(), 1, "", True
    try:
        for piece in chain(pieces, [b""]):
            text = rest + decoder.decode(piece, final=not piece)
            end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
            if not piece:
                end = len(text)
            rest = text[end:]
            if end:
                n_lines += text.count("\n", 0, end)
                whole = text[:end].removeprefix("\ufeff") if is_first else text[:end]
                is_first = False
                yield whole.encode("utf-8", errors="surrogatepass")
    except UnicodeError as error:
        message = f"line {n_lines} or one soon after holds a byte that {encoding} does not know"
        raise ExtractError(
            message, where=name, todo="export the file again, or declare its encoding"
        ) from error


def _without_mark(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        # A leading mark says only which encoding it is; it is no part of the first header.
        yield piece.removeprefix(codecs.BOM_UTF8) if number == 0 else piece


def decode(piece: bytes, encoding: str) -> Decoded:
    """Return whole lines in UTF-8, with the lines that are not exactly text in the declared encoding."""
    if piece.isascii():
        return _nul_lines(piece) if b"\0" in piece else Decoded(piece)
    octets = np.frombuffer(piece, dtype=np.uint8)
    high = np.flatnonzero(octets >= 0x80)
    ends = np.flatnonzero(octets == ord("\n"))
    accented = np.unique(np.searchsorted(ends, high))
    unicode = encoding in _UNICODE or encoding.startswith(_WIDE)
    is_plain = _is_plain(piece) if unicode else not doubtful(octets, high, encoding).size
    decoded = Decoded(piece, n_accented=len(accented))
    if b"\0" in piece or not is_plain:
        judge = _judge_unicode if unicode else lambda line: _judge_bytes(line, encoding)
        decoded.bad = _judged(piece, accented, judge) | _nul_lines(piece).bad
    if decoded.bad:
        piece = _emptied(piece, decoded.bad)
    if not unicode:
        decoded.content = piece.decode(encoding).encode("utf-8")
    elif any(mark in piece for mark in _COMBINING):
        # An accent written apart is the same letter (Unicode Annex 15); codes and names must meet.
        decoded.content = unicodedata.normalize("NFC", piece.decode("utf-8")).encode("utf-8")
    else:
        decoded.content = piece
    return decoded


def _is_plain(piece: bytes) -> bool:
    """Say whether a piece is plain UTF-8 that needs no closer look."""
    if _REPLACEMENT in piece or any(start in piece for start in _TWICE):
        return False
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not any("\x80" <= letter <= "\x9f" for letter in set(text))


def _judge_unicode(line: bytes) -> str | None:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return UNKNOWN_BYTE
    if "\ufffd" in text:
        return LOST
    if was_decoded_twice(text) or any("\x80" <= letter <= "\x9f" for letter in text):
        return TWICE
    return None


def _judge_bytes(line: bytes, encoding: str) -> str | None:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return OTHER if is_typed_unicode(line) else UNKNOWN_BYTE
    if is_strange(line, encoding):
        return OTHER
    return TWICE if was_decoded_twice(text) else None


def _judged(piece: bytes, accented: np.ndarray, judge: Judge) -> dict[int, str]:
    lines = piece.split(b"\n")
    found = ((int(place), judge(lines[place])) for place in accented)
    return {place: reason for place, reason in found if reason is not None}


def _nul_lines(piece: bytes) -> Decoded:
    decoded, at, line, last = Decoded(piece), piece.find(b"\0"), 0, 0
    while at >= 0:
        line, last = line + piece.count(b"\n", last, at), at
        decoded.bad[line] = NUL
        at = piece.find(b"\0", at + 1)
    return decoded


def _emptied(piece: bytes, bad: dict[int, str]) -> bytes:
    """Replace the bad lines, so that what is left can be decoded; they are taken out as lines later."""
    lines = piece.split(b"\n")
    for place in bad:
        lines[place] = b"?"
    return b"\n".join(lines)
