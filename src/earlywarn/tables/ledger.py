"""The ledger of a workspace's batches: which files hold which rows, received when.

It is written whole or not at all.
A batch file that the ledger does not name does not exist, for every reader.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from earlywarn.declarations import Declared
from earlywarn.errors import TableError
from earlywarn.workspace import Workspace, write_atomically

FORMAT = 2


class StoredFile(Declared):
    """One Parquet file of a batch, below `tables/`."""

    file: str
    digest: str


class BatchFile(Declared):
    """One table's rows of one batch; `n_superseding` counts the versions that take another's place."""

    files: tuple[StoredFile, ...]
    n_rows: int
    n_superseding: int


class GivenFile(Declared):
    """A file as a school gave it, by its number in the batch's `_file` column."""

    number: int
    name: str
    table: str
    digest: str


class Batch(Declared):
    """What one intake added."""

    number: int
    received_on: date
    backfill: bool
    tables: dict[str, BatchFile]
    files: tuple[GivenFile, ...]

    @property
    def digest(self) -> str:
        """Return one digest of all its rows."""
        digests = [file.digest for _, table in sorted(self.tables.items()) for file in table.files]
        return hashlib.sha256("".join(digests).encode()).hexdigest()


class Ledger(Declared):
    """Every batch of a workspace, in the order received."""

    format: int = FORMAT
    network: str
    batches: tuple[Batch, ...] = ()

    def files_of(self, table: str) -> list[BatchFile]:
        """Return a table's batch files, oldest first."""
        return [batch.tables[table] for batch in self.batches if table in batch.tables]

    def with_batch(self, batch: Batch) -> Ledger:
        """Return the ledger one batch longer."""
        return self.model_copy(update={"batches": (*self.batches, batch)})


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_ledger(workspace: Workspace, network: str) -> Ledger:
    """Return the workspace's ledger; an empty one before the first intake.

    Raises:
        TableError: It is damaged, of a later format, or of another network.
    """
    path = workspace.tables / "ledger.json"
    if not path.is_file():
        return Ledger(network=network)
    try:
        ledger = Ledger.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise TableError("the ledger is damaged", where=str(path), todo="restore it from a backup") from error
    if ledger.format != FORMAT or ledger.network != network:
        message = f"the workspace holds network '{ledger.network}', format {ledger.format}"
        raise TableError(message, where=str(path), todo=f"use a workspace of its own for '{network}'")
    return ledger


def write_ledger(workspace: Workspace, ledger: Ledger) -> None:
    """Replace the ledger in one step.

    Raises:
        StorageError: The disk is full; the earlier ledger stands.
    """
    content = json.dumps(ledger.model_dump(mode="json"), indent=1, sort_keys=True)
    write_atomically(workspace.tables / "ledger.json", content.encode())
