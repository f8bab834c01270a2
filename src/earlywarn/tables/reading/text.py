"""What every kind of source gives: its rows as text, block by block, and each line that is no row.

Grain of a block: one row per record. Nothing is converted; `LINE` and `FILE` say where a record stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from earlywarn.tables.report import LeftOut

LINE = "_line"
FILE = "_file"
RAGGED = "ragged"
WIDE_SPACES = "\t\u00a0\u202f\u2007"


@dataclass(frozen=True)
class TextBlock:
    """Some records of a source: the mapped columns as text (an empty cell is ""), `LINE` and `FILE`.

    `quarantined` holds the line of each record that could not be taken, and the reason, or "column:reason";
    `left_out` counts the rows that are none of the table's, by the rule that says so.
    """

    cells: pa.Table
    quarantined: tuple[tuple[int, str], ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def n_read(self) -> int:
        """Return how many rows the block held, blank lines and header apart."""
        n_left_out = sum(rule.n_rows for rule in self.left_out)
        return self.cells.num_rows + len(self.quarantined) + n_left_out


class GivenText(Protocol):
    """One source as text. `digest` is known once the last block was taken."""

    @property
    def name(self) -> str:
        """Return the name that reports show."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 of what was given, in hexadecimal."""

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of the columns as given, in order; known once the first block was taken."""

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the text, in order.

        Raises:
            ExtractError: The source cannot be read exactly.
        """


def labeled(cells: pa.Table, lines: np.ndarray, number: int) -> pa.Table:
    """Return the cells with the line of each record and the number of its file."""
    with_lines = cells.append_column(LINE, pa.array(lines, pa.int64()))
    return with_lines.append_column(FILE, pa.array(np.full(cells.num_rows, number), pa.int32()))
