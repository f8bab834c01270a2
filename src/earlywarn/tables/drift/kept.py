"""Keep the profiles of each batch beside the ledger, and read back the last ones of an extract.

One file per batch, written whole before the ledger names the batch.
A profile of a batch that the ledger does not name does not exist.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from earlywarn.errors import TableError
from earlywarn.tables.drift.profile import Profile
from earlywarn.workspace import Workspace, write_atomically

_FORMAT = 1
_ENOUGH = 20
_LOOKS_BACK = 2_000


@dataclass
class KeptProfiles:
    """The profiles of a workspace; each batch's file is read once, and only as far back as it is needed."""

    workspace: Workspace
    _read: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def last(self, table: str, extracts: Collection[str], numbers: Sequence[int]) -> tuple[Profile, ...]:
        """Return the last profiles of some extracts of a table, the latest first.

        Args:
            table: The table.
            extracts: The names their profiles are kept under.
            numbers: The batches that hold files of the table.

        Raises:
            TableError: A file of profiles is damaged.
        """
        found: list[Profile] = []
        n_with_rows: Counter[str] = Counter()
        for number in sorted(numbers, reverse=True)[:_LOOKS_BACK]:
            wanted = {extract for extract in extracts if n_with_rows[extract] < _ENOUGH}
            if not wanted:
                break
            for given in self._of(number):
                if given.get("table") == table and given.get("extract") in wanted:
                    profile = self._valid(number, given)
                    found.append(profile)
                    n_with_rows[profile.extract] += profile.n_read > 0
        return tuple(found)

    def keep(self, number: int, profiles: Sequence[Profile]) -> None:
        """Keep the profiles of the batch `number`; the same profiles give the same bytes.

        Raises:
            StorageError: The disk is full.
        """
        kept = [profile.model_dump(mode="json") for profile in profiles]
        content = {"format": _FORMAT, "number": number, "profiles": kept}
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False)
        write_atomically(self._path(number), text.encode())

    def _path(self, number: int) -> Path:
        return self.workspace.tables / "profiles" / f"{number:06d}.json"

    def _of(self, number: int) -> list[dict[str, Any]]:
        """Return what a batch's file says; nothing where a batch was stored without profiles."""
        if number not in self._read:
            path = self._path(number)
            try:
                content = json.loads(path.read_bytes()) if path.is_file() else {"profiles": []}
                self._read[number] = [dict(one) for one in content["profiles"]]
            except (ValueError, KeyError, TypeError) as error:
                raise _damaged(path) from error
        return self._read[number]

    def _valid(self, number: int, given: dict[str, Any]) -> Profile:
        try:
            return Profile.model_validate(given)
        except ValidationError as error:
            raise _damaged(self._path(number)) from error


def _damaged(path: Path) -> TableError:
    return TableError(
        "the profiles of a batch are damaged",
        where=str(path),
        todo="restore them from a backup, or remove the file: only comparisons with it are lost",
    )
