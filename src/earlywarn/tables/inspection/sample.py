"""What an inspection looks at: a file's columns, some of its rows, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from earlywarn.tables.inspection.doubts import Doubt

MOST_ROWS = 60_000
Row = tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """Some rows of one file, or of one sheet of a workbook.

    `reading` holds the keys of `extracts.toml` that say how the file is written. `is_typed` says that numbers
    and days came as such and were written in the program's own way, so that their marks say nothing.
    `is_whole` says that these are all the file's rows.
    """

    file: str
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    reading: Mapping[str, str | int | bool] = field(default_factory=dict)
    is_typed: bool = False
    is_whole: bool = True
    doubts: tuple[Doubt, ...] = ()

    def column(self, place: int) -> list[str]:
        """Return the sampled texts of one column."""
        return [row[place] for row in self.rows]


def fitted(row: list[str], width: int) -> Row:
    """Return a row as wide as the header; cells are missing or beyond it only where they are empty.

    >>> fitted(["a"], 2), fitted(["a", "b", ""], 2)
    (('a', ''), ('a', 'b'))
    """
    return tuple([*row, *[""] * (width - len(row))][:width])


def some_of(rows: Sequence[Row], most: int = MOST_ROWS) -> Sequence[Row]:
    """Return rows of the start, the middle and the end, each in one piece: what repeats stands close.

    >>> some_of([(str(n),) for n in range(9)], 3)
    [('0',), ('4',), ('8',)]
    """
    if len(rows) <= most:
        return rows
    part = most // 3
    middle = (len(rows) - part) // 2
    return [*rows[:part], *rows[middle : middle + part], *rows[len(rows) - part :]]
