"""What the bulletins of a school year say: marks per term and subject, with the gaps of real life."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Days, Flags, Floats, Integers
from earlywarn.synthetic.lives import SchoolYear
from earlywarn.synthetic.places import attended
from earlywarn.synthetic.schools import Schools

SUBJECT_CODES = ("FRA", "MAT", "ANG", "SCI", "UNS")
TERM_CODES = ("1", "2", "3", "F")
# Halves of a mark from 0 to 100, then the two words that stand where a mark is missing.
MARK_TEXTS = (*(f"{half // 2},5" if half % 2 else f"{half // 2}" for half in range(201)), "ABS", "NE")
_ABSENT_AT_EXAM, _NOT_EVALUATED = 201, 202
_ENGLISH_FROM = 3
_DAYS_TO_WRITE = 10


@dataclass(frozen=True)
class Bulletins:
    """One entry per mark; `mark` points into MARK_TEXTS, and `term_ends` is (schools, 3)."""

    student: Integers
    subject: Integers
    term: Integers
    mark: Integers
    happened_on: Days
    reported_on: Days
    term_ends: Days


def send_bulletins(
    year: SchoolYear, schools: Schools, days: Days, bulletins: Days, generator: np.random.Generator
) -> Bulletins:
    """Return the marks sent home; who left before a bulletin is not on it."""
    roll = year.roll
    start, end = attended(year, days)
    sent = bulletins[roll.school][:, [0, 1, 2, 2]]
    last_day = np.minimum(sent, days[-1])
    ends = term_ends(bulletins, days)
    ended = ends[roll.school][:, [0, 1, 2, 2]]
    there = (days[end][:, None] >= last_day) & (days[start][:, None] + 20 < sent)
    written = (
        there[:, None, :] & taught_subjects(roll.grade)[:, :, None] & ~_gaps(roll.school, schools, generator)
    )
    student, subject, term = np.nonzero(written)
    return Bulletins(
        student=student,
        subject=subject,
        term=term,
        mark=_as_written(year.marks.values[student, subject, term], term, roll.school[student], generator),
        happened_on=ended[student, term],
        reported_on=sent[student, term],
        term_ends=ends,
    )


def term_ends(bulletins: Days, days: Days) -> Days:
    """Return the last day of each school's terms: (schools, 3); the third ends with the days of class."""
    ends: Days = bulletins - _DAYS_TO_WRITE
    ends[:, 2] = days[-1]
    return ends


def taught_subjects(grade: Integers) -> Flags:
    """Say which subjects each grade is marked in: (grades, subjects)."""
    taught = np.zeros((len(grade), len(rates.SUBJECTS)), bool)
    taught[:, :2] = (grade > 0)[:, None]
    taught[:, 2] = grade >= _ENGLISH_FROM
    taught[:, 3:] = (grade >= rates.FIRST_SECONDARY)[:, None]
    return taught


def _gaps(school: Integers, schools: Schools, generator: np.random.Generator) -> Flags:
    """Leave out single marks, more at some schools, and now and then a whole subject of a term."""
    shape = (len(school), len(rates.SUBJECTS), len(TERM_CODES))
    single = generator.random(shape) < schools.gap_share[school][:, None, None]
    whole = generator.random((len(schools.css), *shape[1:])) < 0.008
    # A final mark decides on a year, so nobody forgets it for a whole class.
    whole[:, :, -1] = False
    return single | whole[school]


def _as_written(marks: Floats, term: Integers, school: Integers, generator: np.random.Generator) -> Integers:
    """Write marks as the school does: whole, or in halves, or a word in place of a term's mark."""
    in_halves = (school % 7 == 3) & (term < 3) & (marks < 100)
    half = in_halves & (generator.random(len(marks)) < 0.5)
    written = (2 * marks).astype(np.int64) + half
    draw = generator.random(len(marks))
    written = np.where((term < 3) & (draw < 0.006), _ABSENT_AT_EXAM, written)
    return np.where((term < 3) & (draw > 0.996), _NOT_EVALUATED, written)
