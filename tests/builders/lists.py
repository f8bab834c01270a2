"""Build the tested rows of a few students over a school year, as evaluation receives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import Scored, TestRows, UnitDays, score_rows

AS_OF = {"10-15": "2024-10-15", "11-20": "2024-11-20", "03-15": "2025-03-15"}
NEVER = "NaT"


@dataclass(frozen=True)
class Look:
    """One student on one as-of date: the margin, and on which day the outcome happened, if it did."""

    student: str
    moment: str
    margin: float
    happened_on: str | None = None
    school: str = "north"
    period: str = "2024-2025"
    grade: str = ""
    other: float = 0.0
    """The margin that another model gives."""


def looked_at(looks: Sequence[Look], *, has_days: bool = True, decided_on: str = "2025-10-07") -> TestRows:
    """Return rows whose lists are one per school and moment; an unknown day of an outcome is `NEVER`."""
    words = {
        name: np.array([getattr(look, name) for look in looks])
        for name in ("student", "moment", "school", "period", "grade")
    }
    lists = np.array([f"{look.period}|{look.moment}|{look.school}" for look in looks])
    return TestRows(
        label=np.array([look.happened_on is not None for look in looks]),
        lists=lists,
        groups={},
        days=UnitDays(
            unit=np.unique(words["student"], return_inverse=True)[1].astype(np.intp),
            as_of=np.array([_as_of(look) for look in looks], dtype="datetime64[D]"),
            decided_on=np.full(len(looks), np.datetime64(decided_on)),
            happened_on=np.array([look.happened_on or NEVER for look in looks], dtype="datetime64[D]"),
            has_days=has_days,
        ),
        **words,
    )


def two_models(looks: Sequence[Look], rows: TestRows, *, share: float) -> tuple[Scored, Scored]:
    """Return the lists that both margins make."""
    found = []
    for name, attribute in (("ours", "margin"), ("rules", "other")):
        margin = np.array([getattr(look, attribute) for look in looks])
        found.append(score_rows(name, margin, np.full(len(looks), 0.5), rows, share=share))
    return found[0], found[1]


def _as_of(look: Look) -> np.datetime64:
    years = int(look.period[:4]) - 2024
    return np.datetime64(AS_OF[look.moment]) + np.timedelta64(365 * years, "D")
