"""The room where it is kept who people are: encrypted files, one per table, that only a key reads.

The ledger names the files, so that they and the tables change in one step; each is named by its content,
so that the same people give the same file.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.encryption import decrypt, encrypt, key_of
from earlywarn.errors import StorageError
from earlywarn.tables.keyring import identity_key_of
from earlywarn.tables.ledger import IdentityFile, Ledger, read_ledger
from earlywarn.workspace import Workspace, storage_errors, write_atomically

CODES = "_codes"
"""Where the codes of all stored rows are kept: a rotation of the keys gives each a new pseudonym."""
FORMER = "_former"
"""Where it is kept who was who under each former key."""


def write_identities(table: str, rows: pa.Table, workspace: Workspace, *, key: bytes) -> IdentityFile:
    """Encrypt a table's people under a name of its own; nobody reads it before the ledger names it."""
    plain = io.BytesIO()
    pq.write_table(rows.combine_chunks(), plain, compression="zstd")
    locked = encrypt(plain.getvalue(), key, "identities", table)
    digest = hashlib.sha256(locked).hexdigest()
    file = f"{table}-{digest[:16]}.encrypted"
    write_atomically(workspace.identities / file, locked)
    return IdentityFile(file=file, n_rows=rows.num_rows, digest=digest)


def read_identities(table: str, workspace: Workspace, *, keys: Path) -> pa.Table | None:
    """Return a table's identities, one row per person: id, `_code` as folded, names; None before any intake.

    Raises:
        SettingsError: The key is not there.
        StorageError: The file was written with another key, or is damaged.
    """
    ledger = read_ledger(workspace)
    if table not in ledger.identities:
        return None
    try:
        return _read(ledger.identities[table], table, workspace, keys)
    except FileNotFoundError as error:
        # An intake or a rotation that ended meanwhile has put another file in its place.
        later = read_ledger(workspace)
        if later == ledger:
            raise _gone(ledger.identities[table], workspace) from error
        return _read(later.identities[table], table, workspace, keys)


def identity_files(ledger: Ledger) -> set[str]:
    """Return the names of the files that the ledger knows."""
    return {file.file for file in ledger.identities.values()}


def _read(file: IdentityFile, table: str, workspace: Workspace, keys: Path) -> pa.Table:
    path = workspace.identities / file.file
    with storage_errors(path):
        locked = path.read_bytes()
    key = identity_key_of(keys, key_of(locked))
    return pq.read_table(pa.BufferReader(decrypt(locked, key, "identities", table, where=str(path))))


def _gone(file: IdentityFile, workspace: Workspace) -> StorageError:
    return StorageError(
        "the identities are not there",
        where=str(workspace.identities / file.file),
        todo="restore them from a backup",
    )
