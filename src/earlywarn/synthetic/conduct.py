"""Incident reports and support plans of a school year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Days, Integers
from earlywarn.synthetic.lives import SchoolYear
from earlywarn.synthetic.places import attended

SEVERITY_CODES = ("MIN", "MAJ")
SUSPENSION_TEXTS = ("0", "0,5", "1", "2", "3", "5")
PURPOSE_CODES = ("APP", "COM", "AUT")


@dataclass(frozen=True)
class Incidents:
    """One entry per report."""

    student: Integers
    happened_on: Days
    recorded_on: Days
    severity: Integers
    suspension: Integers


@dataclass(frozen=True)
class SupportPlans:
    """One entry per plan of the year."""

    student: Integers
    starts_on: Days
    ends_on: Days
    purpose: Integers


def report_incidents(year: SchoolYear, days: Days, generator: np.random.Generator) -> Incidents:
    """Draw the incidents that were reported."""
    roll = year.roll
    secondary = roll.grade >= rates.FIRST_SECONDARY
    rate = np.where(secondary, 0.2, 0.07) * np.exp(
        -0.45 * roll.engagement + 0.4 * (roll.sex == 1) + 0.35 * year.decline
    )
    start, end = attended(year, days)
    counts = generator.poisson(np.minimum(rate, 8.0) * (end - start + 1) / len(days))
    student = np.repeat(np.arange(len(roll)), counts)
    place = generator.random(len(student)) ** (1.0 / (1.0 + 0.5 * year.decline[student]))
    happened_on = days[start[student] + (place * (end - start + 1)[student]).astype(np.int64)]
    major = generator.random(len(student)) < 0.25
    suspended = major & (generator.random(len(student)) < 0.5)
    return Incidents(
        student=student,
        happened_on=happened_on,
        recorded_on=happened_on + generator.integers(0, 3, len(student)),
        severity=major.astype(np.int64),
        suspension=np.where(suspended, generator.integers(1, len(SUSPENSION_TEXTS), len(student)), 0),
    )


def open_plans(year: SchoolYear, days: Days, generator: np.random.Generator) -> SupportPlans:
    """Open the year's plans in autumn; each ends two days before the last day of class."""
    student = np.flatnonzero(year.roll.has_plan)
    start, end = attended(year, days)
    opening = np.maximum(generator.integers(10, 60, len(student)), start[student] + 5)
    there = (opening < end[student]) & (opening < len(days) - 10)
    student, opening = student[there], opening[there]
    behavior = generator.random(len(student)) < np.where(year.roll.engagement[student] < -0.8, 0.5, 0.12)
    other = generator.random(len(student)) < 0.1
    return SupportPlans(
        student=student,
        starts_on=days[opening],
        ends_on=np.broadcast_to(days[-3], len(student)),
        purpose=np.where(other, 2, behavior.astype(np.int64)),
    )
