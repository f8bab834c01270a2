"""Say in the program's own words why the engine could not write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from earlywarn.errors import StorageError

if TYPE_CHECKING:
    import duckdb

_FULL = ("No space left", "File too large", "quota exceeded", "max_temp_directory_size")
_CLOSED = ("Read-only file system", "Permission denied", "not permitted")


def storage_error(error: duckdb.Error, folder: Path) -> StorageError:
    """Return the refusal for what the engine met; its own text may hold a path and stays out."""
    text = str(error)
    if any(mark in text for mark in _FULL):
        what, todo = "the disk is full", "free space and rerun"
    elif any(mark in text for mark in _CLOSED):
        what, todo = "the folder cannot be written", "check its rights and rerun"
    elif type(error).__name__ == "OutOfMemoryException":
        what, todo = "the memory is full", "free memory and rerun"
    else:
        what, todo = "the disk cannot be read or written", "check the disk and rerun"
    return StorageError(what, where=str(folder), todo=f"{todo}; the earlier tables are whole")
