"""Keep the profiles of each batch beside the ledger, and read back those of a table.

One file per batch, written whole before the ledger names the batch.
A profile of a batch that the ledger does not name does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from earlywarn.declarations import Declared
from earlywarn.errors import TableError
from earlywarn.tables.drift.profile import Profile
from earlywarn.workspace import Workspace, write_atomically

_FORMAT = 1
_LOOKS_BACK = 100


class _Kept(Declared):
    """The profiles of one batch."""

    format: int = _FORMAT
    number: int
    profiles: tuple[Profile, ...]


def read_profiles(workspace: Workspace, table: str, numbers: Sequence[int]) -> tuple[Profile, ...]:
    """Return a table's profiles in the batches `numbers`, the latest first; at most the last hundred batches.

    Raises:
        TableError: A file of profiles is damaged.
    """
    found: list[Profile] = []
    for number in sorted(numbers, reverse=True)[:_LOOKS_BACK]:
        path = _path(workspace, number)
        if path.is_file():
            found += [one for one in _read(path).profiles if one.table == table]
    return tuple(found)


def write_profiles(workspace: Workspace, number: int, profiles: Sequence[Profile]) -> None:
    """Keep the profiles of the batch `number`; the same profiles give the same bytes.

    Raises:
        StorageError: The disk is full.
    """
    kept = _Kept(number=number, profiles=tuple(profiles))
    content = json.dumps(kept.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(_path(workspace, number), content.encode())


def _path(workspace: Workspace, number: int) -> Path:
    return workspace.tables / "profiles" / f"{number:06d}.json"


def _read(path: Path) -> _Kept:
    try:
        return _Kept.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise TableError(
            "the profiles of a batch are damaged",
            where=str(path),
            todo="restore them from a backup, or remove the file: only comparisons with it are lost",
        ) from error
