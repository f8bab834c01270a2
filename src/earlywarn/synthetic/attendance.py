"""Absences and late arrivals of a school year, as the schools record them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Days, Flags, Floats, Integers
from earlywarn.synthetic.lives import SchoolYear
from earlywarn.synthetic.places import attended
from earlywarn.synthetic.schools import Schools

CATEGORY_CODES = ("M", "N", "R")
PERIOD_CODES = ("J", "AM", "PM", "P1", "P2", "P3", "P4")
DAYS_TEXTS = ("0", "0,25", "0,5", "1")
_EXCUSED, _UNEXCUSED, _LATE = range(3)
_DAYS_OF_PERIOD = np.array([3, 2, 2, 1, 1, 1, 1])


@dataclass(frozen=True)
class Absences:
    """One entry per recorded absence; `student` points into the roll, codes into the tuples above."""

    student: Integers
    happened_on: Days
    recorded_on: Days
    period: Integers
    category: Integers
    days: Integers


def record_absences(
    year: SchoolYear, schools: Schools, days: Days, generator: np.random.Generator
) -> Absences:
    """Draw what happened, then what the school wrote down of it, and when."""
    start, end = attended(year, days)
    expected = _expected(year, schools, generator) * ((end - start + 1) / len(days))[:, None]
    counts = generator.poisson(expected)
    n_students = len(year.roll)
    student = np.repeat(np.tile(np.arange(n_students), 3), counts.T.ravel())
    category = np.repeat(np.arange(3), counts.sum(axis=0))
    # Decline moves unexcused absence toward the end of a student's time there.
    skew = np.where(category == _UNEXCUSED, 1.0 + 0.25 * year.decline[student], 1.0)
    place = generator.random(len(student)) ** (1.0 / skew)
    position = start[student] + (place * (end - start + 1)[student]).astype(np.int64)
    period = _periods(year.roll.grade[student] >= rates.FIRST_SECONDARY, category, generator)
    one_a_day = _first_of_day(student, position)
    student, category, position, period = (part[one_a_day] for part in (student, category, position, period))
    happened_on = days[position]
    school = year.roll.school[student]
    excused_by_habit = (category == _UNEXCUSED) & (
        generator.random(len(student)) < schools.excuses_share[school]
    )
    return Absences(
        student=student,
        happened_on=happened_on,
        recorded_on=_recorded(happened_on, schools.recording_delay[school], generator),
        period=period,
        category=np.where(excused_by_habit, _EXCUSED, category),
        days=np.where(category == _LATE, 0, _DAYS_OF_PERIOD[period]),
    )


def _expected(year: SchoolYear, schools: Schools, generator: np.random.Generator) -> Floats:
    """Return the expected records of a full year: (students, category)."""
    roll, n = year.roll, len(year.roll)
    secondary = roll.grade >= rates.FIRST_SECONDARY
    poor = schools.deprivation[roll.school]
    older = np.where(secondary, 0.18 * (roll.grade - 9), 0.0)
    excused = np.exp(1.45 + 0.9 * roll.frailty + 0.08 * year.decline - 0.06 * roll.engagement)
    unexcused = np.exp(
        np.where(secondary, 1.75, -0.7)
        + older
        - 0.6 * roll.engagement
        + 0.2 * poor
        + 0.5 * year.decline
        + generator.normal(0, 0.6, n)
    )
    late = np.exp(
        np.where(secondary, 0.9, 0.1)
        - 0.4 * roll.engagement
        + 0.2 * year.decline
        + generator.normal(0, 0.7, n)
    )
    recorded = np.stack(
        [
            excused * schools.excused_factor[roll.school],
            unexcused * schools.unexcused_factor[roll.school],
            late * schools.late_factor[roll.school],
        ],
        axis=1,
    )
    return np.minimum(recorded, 70.0)


def _periods(secondary: Flags, category: Integers, generator: np.random.Generator) -> Integers:
    """Draw whole days, half days and single periods; a late arrival belongs to a period."""
    draw = generator.random(len(category))
    halves = 1 + (generator.random(len(category)) < 0.5).astype(np.int64)
    singles = 3 + generator.integers(0, 4, len(category))
    whole = np.where(category == _EXCUSED, 0.7, np.where(secondary, 0.3, 0.5))
    part = np.where(secondary & ((category != _EXCUSED) | (draw > 0.9)), singles, halves)
    period = np.where(draw < whole, 0, part)
    return np.where(category == _LATE, np.where(secondary, singles, 1), period)


def _first_of_day(student: Integers, position: Integers) -> Integers:
    """Keep one record per student and day: a whole day leaves no room for another."""
    first: Integers = np.unique(student * 1_000 + position, return_index=True)[1]
    return first


def _recorded(happened_on: Days, habit: Integers, generator: np.random.Generator) -> Days:
    """Date the entry: the same day, the next Friday, or some days later, as the school does."""
    weekday = (happened_on.astype(np.int64) + 3) % 7
    friday = np.maximum(4 - weekday, 0)
    some_days = generator.integers(0, 4, len(happened_on))
    delay = np.choose(habit, [np.zeros_like(friday), friday, some_days])
    forgotten = generator.random(len(happened_on)) < 0.01
    return happened_on + np.where(forgotten, 8 + some_days * 4, delay)
