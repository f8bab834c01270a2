"""Keep who people are in a room of its own: encrypted files, one per table, that only a key reads.

The ledger names the files, so that they and the tables change in one step; each is named by its content,
so that the same people give the same file. The codes of all stored rows are kept too: a rotation of the
keys needs them to give everybody a new pseudonym.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.encryption import decrypt, encrypt, key_of
from earlywarn.errors import StorageError
from earlywarn.tables.contract import Contract
from earlywarn.tables.expressions import quote
from earlywarn.tables.keyring import IDENTITY_KEY, identity_key_of, read_key
from earlywarn.tables.ledger import BatchFile, IdentityFile, Ledger, read_ledger
from earlywarn.workspace import Workspace, storage_errors, write_atomically

CODES = "_codes"
FORMER = "_former"


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


def add_identities(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    given: pa.Table,
    workspace: Workspace,
    *,
    key_columns: Sequence[str],
    keys: Path,
) -> IdentityFile:
    """Put the people given over those known before: one row per key, the newest, in the order of the key."""
    known = read_identities(table, workspace, keys=keys)
    both = given if known is None else pa.concat_tables([given, _aligned(known, given.schema)])
    by = ", ".join(quote(column) for column in key_columns)
    connection.register("identities", both)
    latest = connection.sql(
        f"SELECT * EXCLUDE (_at) FROM (SELECT *, row_number() OVER () AS _at FROM identities) "
        f"QUALIFY row_number() OVER (PARTITION BY {by} ORDER BY _at) = 1 ORDER BY {by}"
    ).to_arrow_table()
    connection.unregister("identities")
    return write_identities(table, latest, workspace, key=read_key(keys, IDENTITY_KEY))


def add_codes(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    written: Mapping[str, BatchFile],
    workspace: Workspace,
    *,
    keys: Path,
) -> IdentityFile | None:
    """Keep the codes of the rows just written, over those known; None where no row names a person.

    Reads the relation `pseudonyms` (folded, pseudonym) that the intake learned.
    A code that only quarantined rows hold is not kept.
    """
    stored = [
        f"SELECT DISTINCT {quote(name)} AS pseudonym FROM read_parquet({_literal(workspace, file)})"
        for table, file in sorted(written.items())
        for name in contract.tables[table].pseudonyms
    ]
    if not stored:
        return None
    known = read_identities(CODES, workspace, keys=keys)
    connection.register(
        "known_codes", pa.table({"code": pa.array([], pa.string())}) if known is None else known
    )
    codes = connection.sql(
        "SELECT DISTINCT folded AS code FROM pseudonyms "
        f"SEMI JOIN ({' UNION ALL '.join(stored)}) USING (pseudonym) "
        "UNION SELECT code FROM known_codes ORDER BY code"
    ).to_arrow_table()
    connection.unregister("known_codes")
    return write_identities(CODES, codes, workspace, key=read_key(keys, IDENTITY_KEY))


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


def _aligned(known: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return what is known under today's declared columns; one that is new to the contract is empty."""
    columns = [
        known[field.name].cast(field.type)
        if field.name in known.column_names
        else pa.nulls(known.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _literal(workspace: Workspace, file: BatchFile) -> str:
    return "'" + str(workspace.tables / file.file).replace("'", "''") + "'"
