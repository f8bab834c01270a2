"""Keep an index beside each large batch file: in which blocks of its rows each student stands.

A batch file never changes, so that this is worked out once: by the intake that wrote it, or by whoever finds
no index that belongs to it. An index is made from its batch alone and may be removed at any time.

Grain of an index: one row per hash of a student's word, with the numbers of its blocks. Where two students
have one hash, the blocks of both are read for either, which costs time and changes nothing. The hash is the
engine's own, the fastest by far; as another release may compute another, an index names the one it was made
by. See docs/decisions/0030.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import StorageError
from earlywarn.tables.contract import Contract
from earlywarn.tables.conversion import literal
from earlywarn.tables.expressions import quote
from earlywarn.tables.ledger import Ledger, read_ledger
from earlywarn.tables.staging import arrow
from earlywarn.tables.versions import connect, shows_students_apart
from earlywarn.workspace import Workspace, write_atomically

if TYPE_CHECKING:
    import duckdb

BLOCK = 122_880
"""Rows of a Parquet row group as batches are written: it is read or left unread as one."""

_FORMAT = 1
_MARK = b"earlywarn.index"
_ROWS_AT_ONCE = 1 << 24
_WORD = "a student's word, longer than twelve bytes"


@dataclass(frozen=True)
class LargeFile:
    """A batch file of several blocks, of a table in which some students' rows can be read alone."""

    file: str
    path: Path
    digest: str
    student: str
    n_rows: int
    block: int


def large_files(
    workspace: Workspace, contract: Contract, ledger: Ledger, tables: Collection[str], *, block: int = BLOCK
) -> Iterator[LargeFile]:
    """Yield the large files of some tables, table by table, in the order received."""
    for name in sorted(tables):
        batches = ledger.files_of(name)
        if not shows_students_apart(contract, name, any(batch.n_superseding for batch in batches)):
            continue
        # Most batches are small, and what the ledger says of them is enough.
        for stored in (one for batch in batches if batch.n_rows > block for one in batch.files):
            path = workspace.tables / stored.file
            if (n_rows := pq.read_metadata(path).num_rows) > block:
                yield LargeFile(stored.file, path, stored.digest, contract.network.student, n_rows, block)


def hash_sql(student: str) -> str:
    """Return the SQL of what an index knows a student by, whatever type the column has."""
    return f"hash(CAST({quote(student)} AS VARCHAR))"


def index_path(batch: Path) -> Path:
    """Return where the index of a batch file stands."""
    return batch.with_suffix(".index")


def index_batches(
    workspace: Workspace, contract: Contract, *, progress: Progress = no_progress, threads: int = 2
) -> None:
    """Make the indexes that a workspace's large files lack; where one cannot be written, do without."""
    files = list(large_files(workspace, contract, read_ledger(workspace), contract.tables))
    if not files:
        return
    connection = connect(threads=threads)
    try:
        lacking = [one for one in files if not _is_kept(index_path(one.path), _mark(connection, one))]
        for done, one in enumerate(lacking, start=1):
            index_of(connection, one)
            progress("index", done, len(lacking))
    finally:
        connection.close()


def index_of(connection: duckdb.DuckDBPyConnection, file: LargeFile) -> pa.Table:
    """Return the index of a file, `hash` and `blocks`: the one that is kept, or a new one.

    A new one is kept, if it can be: on a full disk, or where nothing may be written, it is just returned.
    """
    path, mark = index_path(file.path), _mark(connection, file)
    with suppress(OSError, pa.ArrowException), pq.ParquetFile(path, page_checksum_verification=True) as kept:
        if _marked(kept.schema_arrow, mark):
            return kept.read()
    index = _made(connection, file).replace_schema_metadata({_MARK: mark})
    content = io.BytesIO()
    pq.write_table(index, content, compression="zstd", write_page_checksum=True)
    with suppress(OSError, StorageError):
        write_atomically(path, content.getvalue())
    return index


def _made(connection: duckdb.DuckDBPyConnection, file: LargeFile) -> pa.Table:
    """Find everybody's blocks, as many students at once as stand in so many rows: the rest is not held."""
    n_parts = 1 + file.n_rows // _ROWS_AT_ONCE
    rows = (
        f"SELECT {hash_sql(file.student)} AS hash, "
        f"CAST(file_row_number // {file.block} AS INTEGER) AS block "
        f"FROM read_parquet({literal(str(file.path))}, file_row_number = true) "
        f"WHERE {quote(file.student)} IS NOT NULL"
    )
    parts = (
        f"SELECT hash, list_sort(list(DISTINCT block)) AS blocks FROM ({rows}) "
        f"WHERE hash % {n_parts} = {part} GROUP BY hash ORDER BY hash"
        for part in range(n_parts)
    )
    return pa.concat_tables([arrow(connection, part) for part in parts])


def _mark(connection: duckdb.DuckDBPyConnection, file: LargeFile) -> bytes:
    """Return what an index says of itself, by which it is known to belong to a file."""
    engine = connection.execute("SELECT version(), hash($1)", [_WORD]).fetchall()[0]
    said = {"format": _FORMAT, "digest": file.digest, "block": file.block, "hash": engine}
    return json.dumps(said, sort_keys=True).encode()


def _is_kept(path: Path, mark: bytes) -> bool:
    try:
        return _marked(pq.read_schema(path), mark)
    except (OSError, pa.ArrowException):
        return False


def _marked(schema: pa.Schema, mark: bytes) -> bool:
    return (schema.metadata or {}).get(_MARK) == mark
