"""Take bytes of the start, the middle and the end of a file, as whole lines, without reading it whole."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO

from earlywarn.errors import ExtractError

PART = 1 << 20
_WHOLE = 4 * PART
_MOST_UNPACKED = 1 << 26
_MOST_KEPT = 32


def byte_parts(path: Path) -> list[bytes]:
    """Return a small file's bytes, or three parts of a larger one, each from an even place; .gz is unpacked.

    Raises:
        ExtractError: The file cannot be read or unpacked.
    """
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rb") as stream:
                return _of_stream(stream)
        with path.open("rb") as handle:
            return _of_file(handle, path.stat().st_size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        message = "the compressed file is damaged or cut short"
        raise ExtractError(message, where=path.name, todo="copy it again") from error
    except OSError as error:
        message = "the file cannot be opened"
        raise ExtractError(message, where=path.name, todo="check that it is there and readable") from error


def whole_lines(parts: list[bytes]) -> list[bytes]:
    r"""Return the parts without the lines that they begin or end within; the first part begins with its line.

    >>> whole_lines([b"a\nb\nc", b"c\nd\ne\nf"])
    [b'a\nb', b'd\ne']
    """
    if len(parts) == 1:
        return parts
    end = b"\n" if any(b"\n" in part for part in parts) else b"\r"
    found = []
    for place, part in enumerate(parts):
        start = 0 if place == 0 else part.find(end) + 1
        stop = part.rfind(end)
        if stop > start or (place == 0 and stop > 0):
            found.append(part[start:stop])
    return found or parts[:1]


def _of_file(handle: IO[bytes], size: int) -> list[bytes]:
    if size <= _WHOLE:
        return [handle.read()]
    parts = []
    for start in (0, size // 2, size - PART):
        handle.seek(start - start % 2)
        parts.append(handle.read(PART + start % 2))
    return parts


def _of_stream(stream: gzip.GzipFile) -> list[bytes]:
    """Read a compressed file up to a limit; parts are kept evenly over what was read."""
    kept: list[bytes] = []
    step, n_read = 1, 0
    last = b""
    while n_read * PART < _MOST_UNPACKED and (part := _full(stream)):
        if n_read % step == 0:
            kept.append(part)
        if len(kept) > _MOST_KEPT:
            kept, step = kept[::2], step * 2
        last, n_read = part, n_read + 1
    if n_read * PART <= _WHOLE:
        return [b"".join(kept)] if kept else [b""]
    return [kept[0], kept[len(kept) // 2], last]


def _full(stream: gzip.GzipFile) -> bytes:
    pieces = []
    missing = PART
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
