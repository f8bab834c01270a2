"""Say which rows a training used, by digests, and how the workspace differs from an earlier training's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.declarations import Declared
from earlywarn.features import Matrix
from earlywarn.modeling import ANSWERED
from earlywarn.registry import DataInput
from earlywarn.tables import Contract, Ledger, digest_of, read_ledger
from earlywarn.workspace import Workspace

KINDS = {
    "number": "double",
    "integer": "long",
    "boolean": "boolean",
    "date": "datetime",
    "day_offset": "long",
}
"""MLflow's word for a declared type; everything else is text."""


class UsedBatch(Declared):
    """One table's rows of one batch; the digest is of its files, in order."""

    table: str
    batch: int
    received_on: date
    n_rows: int
    digest: str

    @property
    def name(self) -> str:
        """Return what it is called in MLflow and in messages."""
        return f"{self.table} batch {self.batch}"


def used_batches(workspace: Workspace, network: str, *, from_files: bool = False) -> tuple[UsedBatch, ...]:
    """Return every batch of every table, oldest first.

    Args:
        workspace: Holds the tables.
        network: Whose tables.
        from_files: Read the files anew instead of trusting the ledger's digests; a missing file has none.
    """
    ledger = read_ledger(workspace, network)
    found = []
    for batch in ledger.batches:
        for name, table in sorted(batch.tables.items()):
            digests = [_digest_now(workspace, one.file) if from_files else one.digest for one in table.files]
            digest = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
            found.append(
                UsedBatch(
                    table=name,
                    batch=batch.number,
                    received_on=batch.received_on,
                    n_rows=table.n_rows,
                    digest=digest,
                )
            )
    return tuple(found)


def last_batch_of(batches: Sequence[UsedBatch]) -> int | None:
    """Return the number of the latest batch; None where there is none."""
    return max((one.batch for one in batches), default=None)


def _digest_now(workspace: Workspace, file: str) -> str:
    path = workspace.tables / file
    return digest_of(path) if path.is_file() else "missing"


def differences(before: Sequence[UsedBatch], now: Sequence[UsedBatch], ledger: Ledger) -> list[str]:
    """Return a sentence for each batch that is not what it was; later ones are none of its business."""
    known = {one.name: one for one in now}
    rotated = {digest for rotation in ledger.rotations for digest in rotation.replaced}
    found = []
    for one in before:
        here = known.get(one.name)
        if here is None:
            found.append(f"{one.name} (received {one.received_on}) is not in this workspace")
        elif here.digest == "missing":
            found.append(f"{one.name} (received {one.received_on}): its file is gone")
        elif here.digest != one.digest:
            why = (
                "a rotation of the keys wrote it anew" if one.digest in rotated else "other rows, or changed"
            )
            found.append(f"{one.name} (received {one.received_on}) has another digest: {why}")
    return found


def data_inputs(
    batches: Sequence[UsedBatch], contract: Contract, matrix: Matrix, digest: str
) -> list[DataInput]:
    """Return what MLflow is told of the data: a digest, columns and counts for each batch and the matrix."""
    found = [
        DataInput(
            name=one.name,
            digest=one.digest,
            source=f"tables/{one.table}",
            columns={
                name: KINDS.get(column.type, "string")
                for name, column in contract.tables[one.table].stored.items()
            },
            profile={"num_rows": one.n_rows, "received_on": one.received_on.isoformat()},
        )
        for one in batches
        if one.table in contract.tables
    ]
    names, counts = np.unique(matrix.rows["period"].to_numpy().astype(str), return_counts=True)
    profile = {
        "num_rows": len(matrix),
        "rows_by_period": dict(zip(names.tolist(), counts.tolist(), strict=True)),
    }
    columns = dict.fromkeys(matrix.features.column_names, "double") | dict.fromkeys(
        matrix.codes.column_names, "string"
    )
    # Pages name the first of them, and keep a bounded number: the matrix, then the newest batches.
    return [DataInput("matrix", digest, "matrix", columns, profile), *reversed(found)]


def matrix_digest(matrix: Matrix) -> str:
    """Return one digest of who, when, features, codes and labels, in the matrix' own order."""
    return _digest(matrix.rows, matrix.features, matrix.codes, *([matrix.labels] if matrix.labels else []))


def answers_digest(matrix: Matrix) -> str | None:
    """Return one digest of what staff answered, in the matrix' own order; None where nobody did."""
    if ANSWERED not in matrix.groups.column_names:
        return None
    return _digest(matrix.groups.select([ANSWERED]))


def _digest(*tables: pa.Table) -> str:
    found = sha256()
    for table in tables:
        for name in table.column_names:
            found.update(name.encode("utf-8"))
            for part in _bytes_of(table[name]):
                found.update(part)
    return found.hexdigest()


def _bytes_of(column: pa.ChunkedArray[Any]) -> Iterator[bytes | memoryview]:
    """Yield a column's values as bytes, numbers in one width; Arrow's own buffers may differ by more."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        encoded = column.combine_chunks().dictionary_encode()
        yield json.dumps(encoded.dictionary.to_pylist()).encode("utf-8")
        column = pa.chunked_array([encoded.indices.cast(pa.float64())])
    elif pa.types.is_boolean(column.type) or pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
    yield np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).view(np.uint8).data
