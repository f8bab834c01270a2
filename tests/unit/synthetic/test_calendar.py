"""The days of class are those a Québec school could hold."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from earlywarn.synthetic.calendar import bulletin_days, school_days


@pytest.mark.parametrize(
    "closed",
    [
        date(2024, 9, 2),  # Labor Day
        date(2024, 10, 14),  # Thanksgiving
        date(2024, 12, 25),
        date(2025, 1, 1),
        date(2025, 4, 18),  # Good Friday
        date(2025, 4, 21),  # Easter Monday
        date(2025, 5, 19),  # National Patriots' Day
    ],
)
def test_no_class_on_a_holiday(closed: date) -> None:
    """Public holidays of 2024-2025, as the official calendar has them, hold no class."""
    days = school_days(2024, np.random.default_rng(3))

    assert np.datetime64(closed) not in days


def test_a_year_has_about_180_days_of_class() -> None:
    """A school year holds 172 to 186 days, none on a weekend."""
    days = school_days(2024, np.random.default_rng(3))

    assert 172 <= len(days) <= 186
    assert np.is_busday(days).all()


def test_bulletins_are_never_late() -> None:
    """No school sends a bulletin after 20 November, 15 March and 10 July, and some send it that day."""
    sent = bulletin_days(2024, 500, np.random.default_rng(3))

    assert [str(day) for day in sent.max(axis=0)] == ["2024-11-20", "2025-03-14", "2025-07-10"]
    assert (sent.min(axis=0) >= np.array(["2024-11-11", "2025-03-06", "2025-07-01"], "datetime64[D]")).all()
