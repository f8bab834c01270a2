"""The ledger of a workspace's batches: which files hold which rows, received when.

It is written whole or not at all.
A batch file that the ledger does not name does not exist, for every reader.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError

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


class IdentityFile(Declared):
    """The encrypted file of one table's people, or of all codes."""

    file: str
    n_rows: int
    digest: str


class Rotation(Declared):
    """One change of the keys: what the tables are under since, and which file took the place of which."""

    rotated_on: date
    after_batch: int
    former_key: str
    key: str
    replaced: dict[str, str]
    """The digest of each batch file before, and of the one that holds the same rows since."""


class Ledger(Declared):
    """Every batch of a workspace, in the order received, and where its people's identities are kept."""

    format: int = FORMAT
    network: str
    key: str | None = None
    """The public name of the key that made the pseudonyms; None where no table has any."""
    batches: tuple[Batch, ...] = ()
    identities: dict[str, IdentityFile] = Field(default_factory=dict)
    rotations: tuple[Rotation, ...] = ()

    def files_of(self, table: str) -> list[BatchFile]:
        """Return a table's batch files, oldest first."""
        return [batch.tables[table] for batch in self.batches if table in batch.tables]

    def until(self, last_batch: int | None) -> Ledger:
        """Return the ledger as it stood after a batch; batch files are never changed by later ones."""
        if last_batch is None:
            return self
        kept = tuple(batch for batch in self.batches if batch.number <= last_batch)
        return self.model_copy(update={"batches": kept})

    def with_batch(self, batch: Batch) -> Ledger:
        """Return the ledger one batch longer."""
        return self.model_copy(update={"batches": (*self.batches, batch)})

    def with_identities(self, files: Mapping[str, IdentityFile], *, key: str | None) -> Ledger:
        """Return the ledger with these files in the place of earlier ones, under a pseudonym key."""
        return self.model_copy(update={"identities": {**self.identities, **files}, "key": key})

    def with_files(self, written: Mapping[str, StoredFile]) -> Ledger:
        """Return the ledger with other files for the same rows, given by the names of the former files."""

        def moved(table: BatchFile) -> BatchFile:
            files = tuple(written.get(file.file, file) for file in table.files)
            return table.model_copy(update={"files": files})

        batches = (
            batch.model_copy(update={"tables": {name: moved(table) for name, table in batch.tables.items()}})
            for batch in self.batches
        )
        return self.model_copy(update={"batches": tuple(batches)})

    def stored_files(self) -> Iterator[tuple[str, StoredFile]]:
        """Yield every batch file there is, with the table whose rows it holds."""
        for batch in self.batches:
            for name, table in batch.tables.items():
                yield from ((name, file) for file in table.files)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_ledger(workspace: Workspace, network: str | None = None) -> Ledger:
    """Return the workspace's ledger, of whichever network where none is named; empty before the first intake.

    Raises:
        TableError: It is damaged, of a later format, or of another network.
    """
    path = workspace.tables / "ledger.json"
    if not path.is_file():
        return Ledger(network=network or "")
    try:
        ledger = Ledger.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise TableError("the ledger is damaged", where=str(path), todo="restore it from a backup") from error
    if ledger.format != FORMAT:
        message = f"the workspace is of format {ledger.format}, and this program reads format {FORMAT}"
        raise TableError(message, where=str(path), todo="take the files in again, in a new workspace")
    if network is not None and ledger.network != network:
        message = f"the workspace holds network '{ledger.network}'"
        raise TableError(message, where=str(path), todo=f"use a workspace of its own for '{network}'")
    return ledger


def write_ledger(workspace: Workspace, ledger: Ledger) -> None:
    """Replace the ledger in one step.

    Raises:
        StorageError: The disk is full; the earlier ledger stands.
    """
    content = json.dumps(ledger.model_dump(mode="json"), indent=1, sort_keys=True)
    write_atomically(workspace.tables / "ledger.json", content.encode())
