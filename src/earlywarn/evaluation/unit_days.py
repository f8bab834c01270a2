"""Follow each unit through the moments of a tested period: who it is, and the days that count for it.

Grain: one row per unit and as-of date, beside the rows of `TestRows`.
"""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.evaluation.arrays import Days, Flags, Indexes


@dataclass(frozen=True, eq=False)
class UnitDays:
    """Who each row is and the days that lead time counts; a day that nobody knows is NaT."""

    unit: Indexes
    """One number per unit, the same in every period."""
    as_of: Days
    decided_on: Days
    """The day the label was known on."""
    happened_on: Days
    """The day of the outcome itself, where it came true and the tables tell it."""
    has_days: bool = True
    """False where moments are stages: their days are invented, and only their order means something."""

    def take(self, mask: Flags) -> UnitDays:
        """Return some of the rows."""
        return UnitDays(
            self.unit[mask], self.as_of[mask], self.decided_on[mask], self.happened_on[mask], self.has_days
        )
