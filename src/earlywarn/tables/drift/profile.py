"""What one intake read from the files of one extract: counts and figures, never a cell of a person.

Kept beside the batch, so that the next files can be compared with the last ones.
No value of an id, a text or an identity is in it, and no name of a column that nobody declared.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from earlywarn.declarations import Declared

Kind = Literal["number", "date", "code", "other"]
Header = tuple[str | None, ...]
LIMITS = frozenset({"too_small", "too_large"})
UNLISTED = frozenset({"unknown_code", "not_allowed"})


class Numbers(Declared):
    """The values of a number, an integer or a day offset; the quantiles and decimals are of a sample."""

    minimum: Decimal
    maximum: Decimal
    mean: float
    quantiles: tuple[Decimal, Decimal, Decimal]
    n_to_one: int
    decimals: int

    @property
    def median(self) -> Decimal:
        """Return the middle one of the quantiles 5, 50 and 95."""
        return self.quantiles[1]


class Dates(Declared):
    """The first and the last of a column's dates."""

    minimum: date
    maximum: date


class Codes(Declared):
    """How often each code stands in the `n_counted` cells that were counted, a sample in a large file.

    Codes are in the contract's terms where they are declared, and short digests where they are not.
    `seen` adds those of earlier intakes.
    """

    declared: bool
    n_counted: int
    counts: Mapping[str, int]
    n_codes: int
    seen: Mapping[str, int] = Field(default_factory=dict)


class ColumnProfile(Declared):
    """One mapped column: how full it was, and the figures that its kind allows."""

    source: str
    kind: Kind
    type: str
    required: bool
    revealed_later: bool
    is_missing: bool = False
    n_values: int = 0
    n_clean_values: int = 0
    varies: bool = False
    reasons: Mapping[str, int] = Field(default_factory=dict)
    numbers: Numbers | None = None
    dates: Dates | None = None
    codes: Codes | None = None

    @property
    def n_unread(self) -> int:
        """Return how many cells did not convert, codes and limits apart."""
        return sum(n for reason, n in self.reasons.items() if reason not in LIMITS | UNLISTED)

    def n_with(self, reasons: frozenset[str]) -> int:
        """Return how many cells were held back for one of the reasons."""
        return sum(n for reason, n in self.reasons.items() if reason in reasons)


class Profile(Declared):
    """Everything kept about the files of one extract in one intake.

    `n_read` counts every row; `n_clean` those that could be cut into cells that all convert.
    `accepted` names the stops that were let through, as `rule` or `column:rule`.
    """

    table: str
    extract: str
    received_on: date
    backfill: bool
    complete: bool
    n_files: int
    n_read: int
    n_broken: int
    n_clean: int
    headers: tuple[Header, ...]
    columns: Mapping[str, ColumnProfile]
    accepted: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Return how many rows were cut into cells."""
        return self.n_read - self.n_broken

    def share_filled(self, column: str) -> float | None:
        """Return the share of a column's cells that hold a value; None where it cannot be told."""
        found = self.columns.get(column)
        if found is None or found.is_missing or not self.n_clean:
            return None
        return found.n_clean_values / self.n_clean


def past_of(profile: Profile, earlier: tuple[Profile, ...]) -> tuple[Profile, ...]:
    """Return the earlier profiles of the same extract that hold a row, the latest first."""
    return tuple(one for one in earlier if one.extract == profile.extract and one.n_read)
