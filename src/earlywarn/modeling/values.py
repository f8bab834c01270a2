"""Give the values of chosen rows out of a matrix that is too large to stand in memory as one array.

Whoever fits or tells asks for rows, and gets them as one array of float64, whichever way they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa

from earlywarn.evaluation import Floats, Indexes
from earlywarn.features import Encoding, Matrix, code_columns

MOST_AT_ONCE = 100_000_000
"""Values that may stand in memory as one array of float64, 0.8 GB; a larger matrix is encoded on demand."""

ROWS_AT_ONCE = 100_000
"""Rows told at a time: a network's held-out year does not stand in memory twice."""

_ROWS_COPIED_AT_ONCE = 4096
"""Few enough that the block being filled stays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class StoredColumns:
    """The columns of some rows of a matrix, as they are kept; `[rows]` encodes rows, and only those."""

    columns: tuple[np.ndarray, ...]
    places: Indexes

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns, as an array would."""
        return self.places.size, len(self.columns)

    def __len__(self) -> int:
        return int(self.places.size)

    def __getitem__(self, chosen: Any) -> Floats:
        """Return rows by number, by mask or by slice as one array, and of them some columns where asked."""
        if isinstance(chosen, tuple):
            rows, columns = chosen
            return self.some(rows, np.arange(len(self.columns))[columns])
        places = self.places[chosen]
        found = np.empty((places.size, len(self.columns)))
        for start in range(0, places.size, _ROWS_COPIED_AT_ONCE):
            some = places[start : start + _ROWS_COPIED_AT_ONCE]
            block = found[start : start + some.size]
            for column, values in enumerate(self.columns):
                block[:, column] = values[some]
        return found

    def some(self, rows: Any, columns: Any) -> Floats:
        """Return some columns of rows, or one."""
        places = self.places[rows]
        if np.ndim(columns) == 0:
            return np.asarray(self.columns[columns][places], dtype=np.float64)
        found = [self.columns[column][places].astype(np.float64) for column in columns]
        return np.stack(found, axis=1) if found else np.empty((places.size, 0))


Values = Floats
"""The values of all rows: an array, or `StoredColumns`, which answers `[rows]` as that array would."""


def stored_columns(matrix: Matrix, encoding: Encoding, places: Indexes) -> Values:
    """Keep a matrix's columns as they are, for the rows at some places."""
    columns = [_array(matrix.features[name]) for name in matrix.features.column_names]
    for name, levels in encoding.levels.items():
        columns += [column.astype(np.float16) for column in code_columns(matrix.codes[name], levels)]
    return cast("Values", StoredColumns(tuple(columns), places))


def _array(column: pa.ChunkedArray[Any]) -> np.ndarray:
    # Putting together a single piece would copy it.
    whole = column.chunk(0) if column.num_chunks == 1 else column
    return np.asarray(whole.to_numpy(zero_copy_only=False))


def some_columns(values: Values, rows: Indexes, columns: Sequence[int]) -> Floats:
    """Return some columns of rows."""
    if isinstance(values, StoredColumns):
        return values.some(rows, columns)
    found: Floats = np.stack([values[rows, column] for column in columns], axis=1)
    return found


def each_column(values: Values, rows: Indexes) -> Iterator[Floats]:
    """Yield the columns of rows, one at a time."""
    for column in range(values.shape[1]):
        yield some_columns(values, rows, [column])[:, 0]


def told_in_blocks(values: Values, rows: Indexes, tell: Callable[[Floats, Indexes], Floats]) -> Floats:
    """Return what `tell` says of each row, given values and rows, block by block."""
    blocks = [rows[start : start + ROWS_AT_ONCE] for start in range(0, rows.size, ROWS_AT_ONCE)]
    return np.concatenate([tell(values[block], block) for block in blocks]) if blocks else np.empty(0)
