"""Read a Parquet file as text, row group by row group."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.header import check_header
from earlywarn.tables.reading.text import TextBlock, labeled

_ROWS = 1 << 20


class ParquetText:
    """One Parquet file; a row's line is its place among the rows, from 1."""

    def __init__(self, path: Path, extract: Extract, number: int) -> None:
        self.name = path.name
        self.header: tuple[str, ...] = ()
        self._path, self._extract, self._number = path, extract, number

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the file."""
        with self._path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped columns, a million rows at a time.

        Raises:
            ExtractError: The file is damaged, or its columns are not what the mapping says.
        """
        done = 0
        try:
            with pq.ParquetFile(self._path) as file:
                needed = list(check_header(file.schema_arrow.names, self._extract, self.name))
                self.header = tuple(file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=_ROWS, columns=needed):
                    columns = [self._as_text(batch.column(name)) for name in needed]
                    cells = pa.Table.from_arrays(columns, names=needed)
                    yield TextBlock(labeled(cells, np.arange(done, done + batch.num_rows) + 1, self._number))
                    done += batch.num_rows
        except OSError as error:
            message = "the file cannot be read as Parquet: it is missing, damaged, or of another format"
            raise ExtractError(message, where=self.name, todo="copy it again") from error
        except pa.ArrowInvalid as error:
            message = "the file is not Parquet or is damaged"
            raise ExtractError(message, where=self.name, todo="copy it again") from error

    def _as_text(self, column: pa.Array[Any]) -> pa.Array[Any]:
        try:
            text: pa.Array[Any] = column.cast(pa.string()).fill_null("")
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = "a column cannot be written as text"
            raise ExtractError(message, where=self.name, todo="map other columns") from error
        return text
