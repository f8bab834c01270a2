"""Windows: which days before the as-of date a feature counts.

A window is a number of days (`30d`), this period so far (`period`), the one before (`previous_period`), or
everything known (`all`). Each becomes a condition over `_age`, the days between a fact and the as-of date (1
is the day before it), and over the bounds of the unit's periods. Whether a fact is known is asof.py's
business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from earlywarn.errors import DeclarationError

_DAYS = re.compile(r"([1-9]\d{0,3})d")
NAMED = ("period", "previous_period", "all")


@dataclass(frozen=True)
class Window:
    """A stretch of days before an as-of date, or the stretch of equal length just before it (`is_past`)."""

    name: str
    n_days: int | None = None
    is_past: bool = False

    @property
    def key(self) -> str:
        """Return the window's name in features and SQL."""
        return f"{self.name}_past" if self.is_past else self.name

    @property
    def has_past(self) -> bool:
        """Say whether there is a stretch of equal length just before it."""
        return self.n_days is not None or self.name == "period"

    @property
    def past(self) -> Window:
        """Return the stretch of equal length just before; for a period, the previous one to the same day."""
        return replace(self, is_past=True)

    @property
    def is_open_ended(self) -> bool:
        """Say whether it reaches back without limit."""
        return self.name == "all"

    @property
    def reaches_as_of(self) -> bool:
        """Say whether its last day is the day before the as-of date."""
        return not self.is_past and self.name != "previous_period"

    @property
    def condition(self) -> str:
        """Return SQL over a cut history that is true for the facts of the window."""
        if self.n_days is not None:
            first = self.n_days + 1 if self.is_past else 1
            return f"_age BETWEEN {first} AND {first + self.n_days - 1}"
        if self.is_open_ended:
            return "(_age >= 1 OR _age IS NULL)"
        if self.name == "period" and not self.is_past:
            return "_age BETWEEN 1 AND _period_day"
        return f"_age BETWEEN {self.last_age} AND {self.first_age}"

    @property
    def first_age(self) -> str:
        """Return SQL of the age of the window's first day."""
        if self.n_days is not None:
            return str(2 * self.n_days if self.is_past else self.n_days)
        if self.name == "period" and not self.is_past:
            return "_period_day"
        return "_previous_start_age"

    @property
    def last_age(self) -> str:
        """Return SQL of the age of the window's last day."""
        if self.n_days is not None:
            return str(self.n_days + 1 if self.is_past else 1)
        if self.name == "period" and self.is_past:
            return "greatest(_previous_start_age - _period_day + 1, _period_day + 1)"
        return "_previous_end_age" if self.name == "previous_period" else "1"


def parse_window(name: str) -> Window:
    """Read a window's name.

    >>> parse_window("30d").past.condition
    '_age BETWEEN 31 AND 60'
    """
    if name in NAMED:
        return Window(name)
    if match := _DAYS.fullmatch(name):
        return Window(name, n_days=int(match.group(1)))
    raise DeclarationError(
        f"there is no window '{name}'", todo=f"use a number of days such as 30d, or {', '.join(NAMED)}"
    )
