"""What was usual: the figures of the last intakes of the same files, as far as a comparison may use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import TypeVar

from earlywarn.tables.drift.profile import ColumnProfile, Profile

Figure = TypeVar("Figure", float, Decimal)


@dataclass(frozen=True)
class Past:
    """The last intakes of one extract, the latest first, and how many of them count as usual."""

    profiles: tuple[Profile, ...]
    n_usual: int

    def of_kind(self, profile: Profile) -> Past:
        """Return only intakes of the same kind, history or not: their periods are alike."""
        same = tuple(one for one in self.profiles if one.backfill == profile.backfill)
        return Past(same, self.n_usual)

    def since(self, name: str) -> Past:
        """Return the intakes from the last on in which the change `name` was accepted, if it ever was."""
        for index, one in enumerate(self.profiles):
            if name in one.accepted:
                return Past(self.profiles[: index + 1], self.n_usual)
        return self

    @property
    def usual(self) -> tuple[Profile, ...]:
        """Return the intakes that say what is usual."""
        return self.profiles[: self.n_usual]

    def rows(self) -> float | None:
        """Return the usual number of rows."""
        return _median(float(one.n_read) for one in self.usual)

    def share_broken(self) -> float | None:
        """Return the usual share of lines that are no rows."""
        return _median(one.n_broken / one.n_read for one in self.usual)

    def share_filled(self, column: str) -> float | None:
        """Return the usual share of a column's cells that hold a value."""
        return _median(share for one in self.usual if (share := one.share_filled(column)) is not None)

    def share_of(self, column: str, count: Callable[[ColumnProfile], int]) -> float | None:
        """Return the usual share of the rows that a count of a column makes."""
        return _median(count(found) / one.n_rows for one, found in self._columns(column) if one.n_rows)

    def median_of(self, column: str) -> Decimal | None:
        """Return the usual median of a number."""
        return _median(found.numbers.median for _, found in self._columns(column) if found.numbers)

    def varied(self, column: str) -> bool | None:
        """Say whether a column usually held more than one value."""
        share = _median(float(found.varies) for _, found in self._columns(column) if found.n_values)
        return None if share is None else share >= 0.5

    def earliest(self, column: str) -> date | None:
        """Return the earliest date a column usually held."""
        return min((found.dates.minimum for _, found in self._columns(column) if found.dates), default=None)

    def reach(self, column: str) -> timedelta | None:
        """Return how far past the day received a column's dates went."""
        return max(
            (found.dates.maximum - one.received_on for one, found in self._columns(column) if found.dates),
            default=None,
        )

    def _columns(self, column: str) -> Iterator[tuple[Profile, ColumnProfile]]:
        for one in self.usual:
            found = one.columns.get(column)
            if found is not None and not found.is_missing:
                yield one, found


def _median(figures: Iterator[Figure]) -> Figure | None:
    values = list(figures)
    return median(values) if values else None
