"""Write rows anew with other pseudonyms: the same rows in the same order, nothing else changed."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.errors import StorageError, TableError
from earlywarn.tables.ledger import StoredFile, digest_of
from earlywarn.workspace import storage_errors, sync_folder

_ROTATED = re.compile(r"-r\d+$")


def rekeyed_batch(
    file: StoredFile, columns: Sequence[str], folder: Path, renamed: Mapping[str, str], *, number: int
) -> StoredFile:
    """Write a batch file anew beside the old one, row group by row group, and return its entry.

    Args:
        file: The entry of the old file.
        columns: The columns that hold pseudonyms.
        folder: The workspace's folder of tables.
        renamed: Each former pseudonym's successor.
        number: The number of the rotation, for the new file's name.

    Raises:
        TableError: A pseudonym has no successor.
        StorageError: The disk is full, or the old file is damaged.
    """
    source = folder / file.file
    target = source.with_name(f"{_ROTATED.sub('', source.stem)}-r{number}.parquet")
    temporary = target.with_name(f".{target.name}.part")
    with storage_errors(target):
        try:
            with pq.ParquetFile(source) as batch, temporary.open("wb") as handle:
                with pq.ParquetWriter(
                    handle, batch.schema_arrow, compression="zstd", store_decimal_as_integer=True
                ) as writer:
                    for group in range(batch.num_row_groups):
                        rows = batch.read_row_group(group)
                        writer.write_table(rekeyed(rows, columns, renamed, where=str(source)))
                handle.flush()
                os.fsync(handle.fileno())
        except (pa.ArrowInvalid, FileNotFoundError) as error:
            message = "a batch is missing or damaged"
            raise StorageError(message, where=str(source), todo="restore it from a backup") from error
        digest = digest_of(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    return StoredFile(file=str(target.relative_to(folder)), digest=digest)


def rekeyed(rows: pa.Table, columns: Sequence[str], renamed: Mapping[str, str], *, where: str) -> pa.Table:
    """Return the rows with each pseudonym replaced by its successor.

    Raises:
        TableError: Some have none; says how many.
    """
    for name in columns:
        if name not in rows.column_names:
            # A batch from before the contract had the column.
            continue
        encoded = rows[name].combine_chunks().dictionary_encode()
        former = encoded.dictionary.to_pylist()
        if unknown := sum(one is not None and one not in renamed for one in former):
            raise TableError(
                f"the codes of {unknown} pseudonyms are not kept, so they can get no new ones",
                where=where,
                todo="take the files in again, in a new workspace",
            )
        fresh = pa.array([None if one is None else renamed[one] for one in former], pa.string())
        column = pa.DictionaryArray.from_arrays(encoded.indices, fresh).dictionary_decode()
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), column)
    return rows
