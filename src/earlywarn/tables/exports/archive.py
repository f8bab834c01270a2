"""Look into a zip and check its limits before anything of it is unpacked.

A zip may lie about itself: what is unpacked is held to what it declares, and what it declares to the limits.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path

from earlywarn.errors import ExtractError

MAX_MEMBERS = 100
MAX_DIRECTORY_BYTES = 1 << 20
MAX_BYTES = 32 << 30
MAX_RATIO = 200
# Small members may be as repetitive as they like.
_FREE_BYTES = 32 << 20
_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT = 1 << 16
_ENCRYPTED = 0x1


def has_member(path: Path, name: str) -> bool:
    """Say whether a file is a zip that holds a member of this name, at its top or in a folder.

    Raises:
        ExtractError: It is a zip that breaks a limit.
    """
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as packed:
            return any(info.filename.rpartition("/")[2] == name for info in packed.infolist())
    except (zipfile.BadZipFile, NotImplementedError):
        return False


def checked_members(path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name.

    Raises:
        ExtractError: It is no zip, breaks a limit, or holds what no export holds.
    """
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as packed:
            members = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise _refused(path, "it is no zip, or is damaged", "copy it again") from error
    found: dict[str, zipfile.ZipInfo] = {}
    for place, member in enumerate(members, start=1):
        _check_member(path, place, member)
        if member.filename.lower() in {name.lower() for name in found}:
            raise _refused(path, f"two members are named alike (member {place})", "pack the files again")
        found[member.filename] = member
    n_bytes = sum(member.file_size for member in members)
    if n_bytes > MAX_BYTES:
        raise _refused(
            path, f"it unpacks to more than {MAX_BYTES >> 30} GiB", "export fewer schools at a time"
        )
    return found


def read_member(path: Path, member: zipfile.ZipInfo, *, at_most: int) -> bytes:
    """Return a small member's bytes.

    Raises:
        ExtractError: It is larger than it may be, or damaged.
    """
    if member.file_size > at_most:
        raise _refused(path, f"'{member.filename}' is larger than {at_most >> 10} KiB", "export it again")
    try:
        with zipfile.ZipFile(path) as packed:
            return packed.read(member)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise _refused(path, f"'{member.filename}' is damaged", "copy it again") from error


def _check_directory(path: Path) -> None:
    """Refuse a directory of members too large to be an export's, before it is read."""
    n_bytes = path.stat().st_size
    with path.open("rb") as handle:
        handle.seek(max(0, n_bytes - _END_BYTES - _MAX_COMMENT))
        tail = handle.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) < end + _END_BYTES:
        raise zipfile.BadZipFile
    n_members, directory_bytes = struct.unpack_from("<HI", tail, end + 10)
    if n_members > MAX_MEMBERS or directory_bytes > MAX_DIRECTORY_BYTES:
        raise _refused(path, f"it holds more than {MAX_MEMBERS} members", "pack the export alone")


def _check_member(path: Path, place: int, member: zipfile.ZipInfo) -> None:
    name = member.filename
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise _refused(
            path, f"member {place} does not lie at the top of the zip", "pack the files without folders"
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise _refused(path, f"member {place} is a link", "pack the files themselves")
    if not name.endswith(".csv"):
        raise _refused(path, f"member {place} is no .csv file", "pack the export's files alone")
    if member.flag_bits & _ENCRYPTED:
        raise _refused(path, f"member {place} is encrypted", "pack it without a password")
    if member.file_size > max(_FREE_BYTES, MAX_RATIO * member.compress_size):
        raise _refused(
            path,
            f"member {place} unpacks to more than {MAX_RATIO} times its size",
            "check where the zip comes from",
        )


def _refused(path: Path, what: str, todo: str) -> ExtractError:
    return ExtractError(what, where=path.name, todo=todo)
