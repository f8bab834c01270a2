"""The days on which an invented CSS holds class, and those on which bulletins go out."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from earlywarn.synthetic.arrays import Days

PEDAGOGICAL_DAYS = 14
BULLETIN_DEADLINES = ((11, 20), (3, 15), (7, 10))


def school_year_of(day: date) -> int:
    """Return the calendar year in which the school year holding `day` started.

    >>> school_year_of(date(2026, 11, 20)), school_year_of(date(2026, 6, 30))
    (2026, 2025)
    """
    return day.year if day.month >= 7 else day.year - 1


def school_year_name(year: int) -> str:
    """Name the school year that starts in `year`.

    >>> school_year_name(2024)
    '2024-2025'
    """
    return f"{year}-{year + 1}"


def school_days(year: int, generator: np.random.Generator) -> Days:
    """Return one CSS's days of class, about 180, for the school year starting in `year`."""
    first = date(year, 8, 26) + timedelta(days=int(generator.integers(0, 5)))
    last = date(year + 1, 6, 21) + timedelta(days=int(generator.integers(0, 3)))
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    days = days[np.is_busday(days)]
    spring = _monday(date(year + 1, 3, 1)) + timedelta(days=7 * int(generator.integers(-1, 1)))
    closed = [
        _range(date(year, 12, 22), date(year + 1, 1, 6)),
        _range(spring, spring + timedelta(days=5)),
        np.array(_holidays(year), dtype="datetime64[D]"),
    ]
    days = days[~np.isin(days, np.concatenate(closed))]
    inner = generator.choice(days[3:-3], size=PEDAGOGICAL_DAYS, replace=False)
    return days[~np.isin(days, inner)]


def bulletin_days(year: int, n_schools: int, generator: np.random.Generator) -> Days:
    """Return when each school sends each term's bulletin: (schools, 3), never after the deadline."""
    deadlines = [date(year, *BULLETIN_DEADLINES[0])]
    deadlines += [date(year + 1, month, day) for month, day in BULLETIN_DEADLINES[1:]]
    early = generator.choice(
        [0, 1, 2, 3, 4, 6, 8], size=(n_schools, 3), p=[0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.1]
    )
    sent = np.array(deadlines, dtype="datetime64[D]")[None, :] - early
    on_weekdays: Days = np.busday_offset(sent, 0, roll="backward")
    return on_weekdays


def _range(first: date, after: date) -> Days:
    return np.arange(np.datetime64(first), np.datetime64(after))


def _monday(day: date) -> date:
    """Return the first Monday on or after `day`."""
    return day + timedelta(days=-day.weekday() % 7)


def _holidays(year: int) -> list[date]:
    easter = _easter(year + 1)
    patriots = date(year + 1, 5, 24) - timedelta(days=date(year + 1, 5, 24).weekday())
    return [
        _monday(date(year, 9, 1)),
        _monday(date(year, 10, 1)) + timedelta(days=7),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        patriots,
    ]


def _easter(year: int) -> date:
    """Return Easter Sunday (Gregorian computus, Meeus)."""
    golden = year % 19
    century, rest = divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)
