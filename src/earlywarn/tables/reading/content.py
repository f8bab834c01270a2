"""Give a file's content as pieces of whole lines, unpacked on the way, in bounded memory."""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from earlywarn.errors import ExtractError

PIECE = 1 << 24
_LONGEST_LINE = 1 << 26


@dataclass(frozen=True)
class Content:
    """Bytes that hold one file's text: a plain file, a .gz file, or a member of a .zip file."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Return the name that reports show."""
        return self.path.name if self.member is None else f"{self.path.name}/{self.member}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the unpacked bytes.

        Raises:
            ExtractError: The file is missing, damaged or cut short.
        """
        try:
            if self.member is not None:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as handle:
                    yield handle
            elif self.path.suffix == ".gz":
                with gzip.open(self.path) as unpacked:
                    yield cast(IO[bytes], unpacked)
            else:
                with self.path.open("rb") as handle:
                    yield handle
        except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile) as error:
            message = "the compressed file is damaged or cut short"
            raise ExtractError(message, where=self.name, todo="copy it again") from error
        except RuntimeError as error:
            # What zipfile raises where a member is encrypted.
            message = "the compressed file asks for a password"
            raise ExtractError(message, where=self.name, todo="save it without one") from error
        except OSError as error:
            message = "the file cannot be opened"
            raise ExtractError(
                message, where=self.name, todo="check that it is there and readable"
            ) from error


def members(path: Path, pattern: str) -> list[Content]:
    """Return the members of a .zip file that match a pattern, by name.

    Raises:
        ExtractError: The file is no .zip file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        message = "the file is not a .zip file or is damaged"
        raise ExtractError(message, where=path.name, todo="copy it again") from error
    if len(set(names)) < len(names):
        raise ExtractError("two members have one name", where=path.name, todo="pack the files again")
    return [Content(path, name) for name in sorted(names) if fnmatch.fnmatchcase(name, pattern)]


class Pieces:
    """The content as pieces that each end where a line ends; `digest` is known after the last."""

    def __init__(self, content: Content, *, size: int = PIECE) -> None:
        self._content, self._size = content, size
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the unpacked content."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces; the last may lack its line end."""
        rest = b""
        with self._content.open() as handle:
            while read := handle.read(self._size):
                self._hash.update(read)
                end = _line_end(read)
                if end == 0:
                    rest += read
                    if len(rest) > _LONGEST_LINE:
                        message = f"a line is longer than {_LONGEST_LINE >> 20} MiB"
                        raise ExtractError(message, where=self._content.name, todo="check that it is text")
                    continue
                yield rest + read[:end] if rest else read[:end]
                rest = read[end:]
        if rest:
            yield rest


def _line_end(read: bytes) -> int:
    """Return where the last whole line ends; a carriage return at the very end may be half of one."""
    end = read.rfind(b"\n") + 1
    return end or read.rfind(b"\r", 0, len(read) - 1) + 1
