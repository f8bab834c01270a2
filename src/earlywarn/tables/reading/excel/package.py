"""Open an .xlsx file as the zip of parts that it is, within limits known before anything is unpacked."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from earlywarn.errors import ExtractError

# A sheet of a million rows and ten columns takes about 350 MB once unpacked.
MOST_BYTES = 800_000_000
# Sheets of real rows shrink 8 to 30 times; what shrinks more than this is made to burst.
MOST_RATIO = 100
_SMALL = 10_000_000
_MOST_DIRECTORY = 2_000_000
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE_AS = "open it in a spreadsheet program and save it as .xlsx, without a password"


class Package:
    """The parts of one workbook file, by name; letter case does not count, as programs differ in it."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self.name = name
        self._archive = archive
        self._parts = {info.filename.replace("\\", "/").lower(): info for info in archive.infolist()}
        if len(self._parts) < len(archive.infolist()):
            raise damaged(name, "a part stands there twice")

    def __contains__(self, part: str) -> bool:
        """Say whether the part is there."""
        return part.lower() in self._parts

    def open(self, part: str) -> IO[bytes]:
        """Open a part; never gives more bytes than the part declares.

        Raises:
            ExtractError: It is not there.
        """
        info = self._parts.get(part.lower())
        if info is None:
            raise damaged(self.name)
        return self._archive.open(info)


def damaged(name: str, where: str = "") -> ExtractError:
    """Return the refusal of a workbook that is not what Excel writes."""
    place = f" ({where})" if where else ""
    return ExtractError(
        f"the workbook is damaged or cut short{place}", where=name, todo="copy or save it again"
    )


@contextmanager
def open_package(path: Path) -> Iterator[Package]:
    """Open a workbook file.

    Raises:
        ExtractError: It is no .xlsx file, is protected or damaged, or would unpack past the limits.
    """
    try:
        with path.open("rb") as handle:
            _refuse_other_kinds(handle, path.name)
            _refuse_long_directory(handle, path.name)
            with zipfile.ZipFile(handle) as archive:
                _refuse_bombs(archive, path.name)
                package = Package(archive, path.name)
                _refuse_other_zips(package)
                yield package
    except OSError as error:
        message = "the file cannot be opened"
        raise ExtractError(message, where=path.name, todo="check that it is there and readable") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise damaged(path.name) from error


def _refuse_other_kinds(handle: IO[bytes], name: str) -> None:
    start = handle.read(8)
    if start.startswith(_COMPOUND):
        kind = "protected by a password" if _is_encrypted(handle) else "an old .xls workbook"
        raise ExtractError(f"the file is {kind}", where=name, todo=_SAVE_AS)
    if not start.startswith((b"PK\x03\x04", _END)):
        looks = (
            "a text or web page" if start.strip()[:1] in (b"<", b"\xef", b"\xff") else "another kind of file"
        )
        raise ExtractError(f"the file is {looks}, not an .xlsx workbook", where=name, todo=_SAVE_AS)


def _is_encrypted(handle: IO[bytes]) -> bool:
    """Look for the stream that holds a protected workbook in the old container's directory of names."""
    mark, tail = "EncryptedPackage".encode("utf-16-le"), b""
    while chunk := handle.read(1 << 20):
        if mark in tail + chunk:
            return True
        tail = chunk[-len(mark) :]
    return False


def _refuse_long_directory(handle: IO[bytes], name: str) -> None:
    """Look at the size of the list of parts before that list is read: a million entries fill the memory."""
    size = handle.seek(0, 2)
    handle.seek(max(0, size - 65_557))
    tail = handle.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        raise damaged(name)
    sizes = [struct.unpack_from("<I", tail, at + 12)[0]]
    if at >= 20 and tail[at - 20 : at - 16] == _END_64:
        handle.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], size))
        record = handle.read(56)
        sizes = [struct.unpack_from("<Q", record, 40)[0] if len(record) == 56 else _MOST_DIRECTORY + 1]
    if max(sizes) > _MOST_DIRECTORY:
        raise ExtractError("the file lists far more parts than a workbook has", where=name, todo=_SAVE_AS)


def _refuse_bombs(archive: zipfile.ZipFile, name: str) -> None:
    parts = archive.infolist()
    total = sum(part.file_size for part in parts)
    bursts = any(p.file_size > max(_SMALL, MOST_RATIO * p.compress_size) for p in parts)
    if total > MOST_BYTES or bursts:
        message = f"the workbook would unpack to {total // 1_000_000} MB, more than is read"
        raise ExtractError(message, where=name, todo="export the sheet as CSV, or split it")
    if any(part.flag_bits & 1 for part in parts):
        raise ExtractError("the file is protected by a password", where=name, todo=_SAVE_AS)


def _refuse_other_zips(package: Package) -> None:
    if "_rels/.rels" in package and "xl/workbook.bin" not in package:
        return
    kind = "a zip file, but no .xlsx workbook"
    if "xl/workbook.bin" in package:
        kind = "a binary .xlsb workbook"
    elif "content.xml" in package:
        kind = "an OpenDocument sheet"
    raise ExtractError(f"the file is {kind}", where=package.name, todo=_SAVE_AS)
