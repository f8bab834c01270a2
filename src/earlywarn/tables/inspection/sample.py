"""What an inspection looks at: a file's columns, some rows of its start, middle and end, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earlywarn.tables.inspection.doubts import Doubt

MOST_ROWS = 60_000


@dataclass(frozen=True)
class Sample:
    """Some rows of one file, or of one sheet of a workbook.

    `reading` holds the keys of `extracts.toml` that say how the file is written. `is_typed` says that numbers
    and days came as such and were written in the program's own way, so that their marks say nothing.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    reading: Mapping[str, str | int | bool] = field(default_factory=dict)
    is_typed: bool = False
    doubts: tuple[Doubt, ...] = ()

    def column(self, place: int) -> list[str]:
        """Return the sampled texts of one column."""
        return [row[place] for row in self.rows]


def fitted(row: list[str], width: int) -> tuple[str, ...]:
    """Return a row as wide as the header; cells are missing or beyond it only where they are empty.

    >>> fitted(["a"], 2), fitted(["a", "b", ""], 2)
    (('a', ''), ('a', 'b'))
    """
    return tuple([*row, *[""] * (width - len(row))][:width])
