"""What is counted of a school, beside what is usual, and what is said of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["empty", "total", "month", "weekday", "silent", "late", "delay", "missing", "unplaced", "code"]
Verdict = Literal["within", "outside", "unknown", "shown"]
Side = Literal["", "low", "high"]
SMALLEST_CELL = 10


@dataclass(frozen=True)
class Measure:
    """One count of one school over what it is counted from.

    Attributes:
        kind: What is counted; `empty` is 1 for a table without a row, else 0.
        table: The table counted in.
        column: The column, where it is about one.
        part: Which part of it: a month (`2026-11`), a weekday (`5`), a code, the codes of a group.
        count: How many rows, days or students.
        out_of: How many students, days or rows that is out of; student-days for a weekday.
        value: What is compared: a rate, a share, or days.
        n_days: How many days of class it is taken over, where it is taken over days.
    """

    kind: Kind
    table: str
    column: str
    part: str
    count: int
    out_of: int
    value: float
    n_days: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Return what the measures of different schools are compared by."""
        return (self.kind, self.table, self.column, self.part)

    @property
    def is_small(self) -> bool:
        """Say whether the count tells of one to nine students."""
        if self.kind in ("silent", "empty"):
            return False
        return 0 < self.count < SMALLEST_CELL or self.out_of < SMALLEST_CELL


@dataclass(frozen=True)
class Usual:
    """What is usual among comparable schools: their number, the median, and the middle half of them."""

    n_schools: int
    low: float
    middle: float
    high: float
    spread: float


@dataclass(frozen=True)
class Figure:
    """A measure beside what is usual; `usual` is None where too few schools compare.

    The verdict `unknown` says that there is too little to tell; `shown` that the figure is not judged at all.
    A hidden one keeps its verdict and shows no number.
    """

    measure: Measure
    usual: Usual | None
    verdict: Verdict
    side: Side = ""
    distance: float = 0.0
    is_hidden: bool = False


@dataclass(frozen=True)
class SchoolQuality:
    """One school's figures, in the order they were counted; empty where it has under ten students."""

    school_id: str
    name: str
    level: str
    n_students: int
    figures: tuple[Figure, ...] = ()

    @property
    def is_hidden(self) -> bool:
        """Say whether the school is too small for any figure of it to be shown."""
        return self.n_students < SMALLEST_CELL

    def of_kind(self, *kinds: Kind) -> list[Figure]:
        """Return the figures of some kinds."""
        return [figure for figure in self.figures if figure.measure.kind in kinds]


@dataclass(frozen=True)
class NetworkQuality:
    """Every school of a network as of a day; `nowhere` counts rows of each table that fall in no school."""

    network: str
    as_of: date
    first: date
    last: date
    schools: tuple[SchoolQuality, ...]
    nowhere: tuple[tuple[str, int], ...] = ()
