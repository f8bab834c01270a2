"""Take a sample of a Parquet file: rows of its start, middle and end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.errors import ExtractError
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.sample import MOST_ROWS, Sample

_PART = MOST_ROWS // 3


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
            places = _places(file.metadata.num_rows)
            for start, batch in _batches(file, names, places):
                texts = _texts(batch)
                rows += [text for at, text in enumerate(texts, start) if any(at in place for place in places)]
            is_whole = len(rows) == file.metadata.num_rows
    except (OSError, pa.ArrowInvalid) as error:
        message = "the file cannot be read as Parquet: it is missing, damaged, or of another format"
        raise ExtractError(message, where=path.name, todo="copy it again") from error
    doubts = (Doubt("cast_columns", columns=", ".join(lost)),) if lost else ()
    return Sample(
        path.name,
        tuple(names),
        tuple(rows),
        {"format": "parquet"},
        is_typed=True,
        is_whole=is_whole,
        doubts=doubts,
    )


def _places(n_rows: int) -> list[range]:
    """Return which rows are looked at: some of the start, the middle and the end."""
    if n_rows <= 3 * _PART:
        return [range(n_rows)]
    middle = (n_rows - _PART) // 2
    return [range(_PART), range(middle, middle + _PART), range(n_rows - _PART, n_rows)]


def _batches(
    file: pq.ParquetFile, names: list[str], places: list[range]
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the batches that hold rows looked at, each with the number of its first row."""
    start = 0
    for group in range(file.num_row_groups):
        n_rows = file.metadata.row_group(group).num_rows
        if any(place.start < start + n_rows and start < place.stop for place in places):
            at = start
            for batch in file.iter_batches(_PART, row_groups=[group], columns=names):
                if any(place.start < at + batch.num_rows and at < place.stop for place in places):
                    yield at, batch
                at += batch.num_rows
        start += n_rows


def _is_writable(schema: pa.Schema, name: str) -> bool:
    try:
        pa.array([], schema.field(name).type).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _texts(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    columns = [column.cast(pa.string()).fill_null("").to_pylist() for column in batch.columns]
    return list(zip(*columns, strict=True))
