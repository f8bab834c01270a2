"""Take a sample of a Parquet file: rows of its first, middle and last groups."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.sample import Sample

_ROWS_OF_GROUP = 10_000


def sample_parquet(path: Path) -> Sample:
    """Return a sample of a Parquet file, its values as the text that an intake would take.

    Raises:
        ExtractError: The file cannot be read.
    """
    rows: list[tuple[str, ...]] = []
    try:
        with pq.ParquetFile(path) as file:
            names = [name for name in file.schema_arrow.names if _is_writable(file.schema_arrow, name)]
            lost = [name for name in file.schema_arrow.names if name not in names]
            for group in sorted({0, file.num_row_groups // 2, file.num_row_groups - 1}):
                if 0 <= group < file.num_row_groups:
                    batch = next(file.iter_batches(_ROWS_OF_GROUP, row_groups=[group], columns=names), None)
                    rows += _texts(batch) if batch is not None else []
    except (OSError, pa.ArrowInvalid) as error:
        message = "the file cannot be read as Parquet: it is missing, damaged, or of another format"
        raise ExtractError(message, where=path.name, todo="copy it again") from error
    doubts = (Doubt("cast_columns", columns=", ".join(lost)),) if lost else ()
    return Sample(path.name, tuple(names), tuple(rows), {"format": "parquet"}, is_typed=True, doubts=doubts)


def _is_writable(schema: pa.Schema, name: str) -> bool:
    try:
        pa.array([], schema.field(name).type).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _texts(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    columns = [column.cast(pa.string()).fill_null("").to_pylist() for column in batch.columns]
    return list(zip(*columns, strict=True))
