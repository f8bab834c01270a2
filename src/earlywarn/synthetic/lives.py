"""Live through the school years of one CSS: who is where, how they fare, who leaves and why.

Holds the known truth; nothing here is written as such into an extract.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Flags, Floats, Integers, chance
from earlywarn.synthetic.schooling import TermMarks, repeats_grade, sit_terms
from earlywarn.synthetic.schools import Schools


class Exit(IntEnum):
    """How a school year ended for a student; the first two leave no exit row of their own."""

    STAYED = 0
    NEVER_CAME_BACK = 1
    LEFT_WITHIN_YEAR = 2
    TRANSFERRED = 3
    GRADUATED = 4


@dataclass(frozen=True)
class Roll:
    """The students of one CSS at the start of a school year, one entry each; arrays of equal length."""

    number: Integers
    sex: Integers
    home_language: Integers
    ability: Floats
    language_gift: Floats
    mathematics_gift: Floats
    commitment: Floats
    frailty: Floats
    grade: Integers
    years_late: Integers
    school: Integers
    engagement: Floats
    has_plan: Flags
    is_repeating: Flags
    is_new: Flags
    secondary_since: Integers

    def __len__(self) -> int:
        return len(self.number)

    def kept(self, mask: NDArray[Any]) -> Roll:
        """Return the students that `mask` selects."""
        return Roll(**{field.name: getattr(self, field.name)[mask] for field in fields(self)})

    def joined(self, other: Roll) -> Roll:
        """Return these students followed by the others."""
        pairs = {
            field.name: np.concatenate([getattr(self, field.name), getattr(other, field.name)])
            for field in fields(self)
        }
        return Roll(**pairs)


@dataclass(frozen=True)
class SchoolYear:
    """One school year of one CSS as it truly went; times are shares of the year."""

    year: int
    roll: Roll
    decline: Floats
    risk: Floats
    marks: TermMarks
    started_at: Floats
    left_at: Floats
    moved_at: Floats
    moved_to: Integers
    exit: Integers
    dropped_out: Flags


@dataclass
class Lives:
    """The students of one CSS, moved on by one school year at a time."""

    schools: Schools
    css: int
    n_students: int
    generator: np.random.Generator
    next_number: int = 0
    roll: Roll | None = None

    def live(self, year: int) -> SchoolYear:
        """Live through the school year that starts in `year`."""
        roll = self._opening_roll(year)
        happened = _school_year(roll, self.schools, self.css, year, self.generator)
        self.roll = _promoted(happened, self.schools, self.css, self.generator)
        return happened

    def _opening_roll(self, year: int) -> Roll:
        n_entering = round(self.n_students * rates.ENTRY_SHARE)
        n_arriving = round(self.n_students * rates.ARRIVAL_SHARE)
        grades = np.zeros(n_entering + n_arriving, np.int64)
        grades[n_entering:] = self.generator.integers(1, rates.LAST_GRADE, n_arriving)
        new = self._newcomers(grades, year)
        return new if self.roll is None else self.roll.joined(new)

    def _newcomers(self, grade: Integers, year: int) -> Roll:
        generator, n = self.generator, len(grade)
        sex = generator.choice(3, n, p=[0.487, 0.51, 0.003])
        boy = sex == 1
        school = _assigned(self.schools, self.css, grade >= rates.FIRST_SECONDARY, generator)
        poor = self.schools.deprivation[school]
        numbers = np.arange(self.next_number, self.next_number + n)
        self.next_number += n
        late = (grade > 0) & (generator.random(n) < 0.02 * grade)
        commitment = generator.normal(0, 0.8, n) - 0.2 * boy - 0.2 * poor
        return Roll(
            number=numbers,
            sex=sex,
            home_language=generator.choice(3, n, p=[0.74, 0.09, 0.17]),
            ability=generator.normal(0, 1, n) - 0.06 * boy - 0.25 * poor,
            language_gift=generator.normal(0, 0.8, n) - 0.35 * boy,
            mathematics_gift=generator.normal(0, 0.8, n),
            commitment=commitment,
            frailty=generator.normal(0, 0.6, n),
            grade=grade,
            years_late=late.astype(np.int64),
            school=school,
            engagement=commitment + generator.normal(0, 0.6, n),
            has_plan=np.zeros(n, bool),
            is_repeating=np.zeros(n, bool),
            is_new=np.ones(n, bool),
            secondary_since=np.where(grade >= rates.FIRST_SECONDARY, -1, 0),
        )


def _assigned(schools: Schools, css: int, secondary: Flags, generator: np.random.Generator) -> Integers:
    """Draw a school of the CSS and of the right level for each student."""
    drawn = np.empty(len(secondary), np.int64)
    for level in (False, True):
        there = np.flatnonzero((schools.css == css) & (schools.is_secondary == level))
        share = schools.weight[there] / schools.weight[there].sum()
        mask = secondary == level
        drawn[mask] = generator.choice(there, int(mask.sum()), p=share)
    return drawn


def _school_year(
    roll: Roll, schools: Schools, css: int, year: int, generator: np.random.Generator
) -> SchoolYear:
    n = len(roll)
    secondary = roll.grade >= rates.FIRST_SECONDARY
    risk = (
        -0.45 * roll.ability
        - 0.55 * roll.engagement
        + 0.75 * np.minimum(roll.years_late, 3)
        + 0.32 * schools.deprivation[roll.school]
        + 0.5 * (roll.sex == 1)
    )
    pull = generator.normal(0, 0.9, n) + 0.4 * risk - 0.9
    decline = np.clip(pull, 0, 4) * np.where(secondary, 1.0, 0.4)
    leaving = secondary & (generator.random(n) < _leaving_chance(roll, risk, decline, secondary))
    # Those who leave had been drifting away more than their marks alone would say.
    decline = decline + leaving * np.clip(generator.normal(0.6, 0.7, n), 0, 2)
    marks = sit_terms(
        grade=roll.grade,
        gifts=(roll.ability, roll.language_gift, roll.mathematics_gift),
        engagement=roll.engagement,
        decline=decline,
        leniency=schools.leniency[roll.school],
        generator=generator,
    )
    within = leaving & (generator.random(n) < rates.LEAVES_WITHIN_YEAR)
    transfer_within = ~leaving & (generator.random(n) < rates.TRANSFER_WITHIN_YEAR)
    left_at = np.where(within, generator.beta(2.4, 1.7, n), 2.0)
    left_at = np.where(transfer_within, generator.uniform(0.02, 0.98, n), left_at)
    ended = _ends(roll, leaving, within, transfer_within, marks, generator)
    moving = (left_at > 1) & (generator.random(n) < rates.MOVE_WITHIN_YEAR)
    moved_to = _assigned(schools, css, secondary, generator)
    moving &= moved_to != roll.school
    late_start = (roll.is_new & (generator.random(n) < 0.12)) | (generator.random(n) < rates.LATE_START)
    started_at = np.where(late_start, generator.beta(1.0, 12.0, n), 0.0)
    returns = (ended == Exit.LEFT_WITHIN_YEAR) & (generator.random(n) < rates.RETURNS_AFTER_LEAVING)
    gone = np.isin(ended, (Exit.NEVER_CAME_BACK, Exit.LEFT_WITHIN_YEAR))
    return SchoolYear(
        year=year,
        roll=roll,
        decline=decline,
        risk=risk,
        marks=marks,
        started_at=np.minimum(started_at, 0.9 * np.minimum(left_at, 1.0)),
        left_at=left_at,
        moved_at=np.where(moving, np.maximum(generator.uniform(0.1, 0.9, n), started_at + 0.05), 2.0),
        moved_to=moved_to,
        exit=ended,
        dropped_out=gone & ~returns,
    )


def _leaving_chance(roll: Roll, risk: Floats, decline: Floats, secondary: Flags) -> Floats:
    grade = np.where(secondary, roll.grade - rates.FIRST_SECONDARY, 0)
    base = np.array(rates.LEAVING_BY_GRADE)[grade]
    return chance(base + rates.LEAVING_PER_RISK * risk + rates.LEAVING_PER_DECLINE * decline)


def _ends(
    roll: Roll,
    leaving: Flags,
    within: Flags,
    transfer_within: Flags,
    marks: TermMarks,
    generator: np.random.Generator,
) -> Integers:
    """Decide how each student's year ended; a failed last year is repeated or left."""
    n = len(roll)
    last = roll.grade == rates.LAST_GRADE
    passes = (marks.final("language") >= 60) & (
        (marks.final("mathematics") >= 60) | (generator.random(n) < 0.5)
    )
    ended = np.where(last & passes, Exit.GRADUATED, Exit.STAYED)
    gives_up = last & ~passes & (generator.random(n) < 0.28)
    ended = np.where(gives_up | leaving, Exit.NEVER_CAME_BACK, ended)
    ended = np.where(within, Exit.LEFT_WITHIN_YEAR, ended)
    moves_away = (ended == Exit.STAYED) & (generator.random(n) < rates.TRANSFER_AT_END)
    return np.where(transfer_within | moves_away, Exit.TRANSFERRED, ended)


def _promoted(year: SchoolYear, schools: Schools, css: int, generator: np.random.Generator) -> Roll:
    """Return who comes back in September, in which grade and school."""
    back = (year.exit == Exit.STAYED) | ((year.exit == Exit.LEFT_WITHIN_YEAR) & ~year.dropped_out)
    roll = year.roll.kept(back)
    n = len(roll)
    failed_year = (year.exit == Exit.LEFT_WITHIN_YEAR)[back]
    repeats = repeats_grade(roll.grade, year.marks.kept(back), generator) | failed_year
    repeats |= roll.grade == rates.LAST_GRADE
    repeats &= roll.years_late < 4
    grade = np.where(repeats, roll.grade, np.minimum(roll.grade + 1, rates.LAST_GRADE))
    enters = (grade == rates.FIRST_SECONDARY) & (roll.grade < rates.FIRST_SECONDARY)
    elsewhere = _assigned(schools, css, grade >= rates.FIRST_SECONDARY, generator)
    changes = enters | (generator.random(n) < rates.MOVE_AT_END)
    engagement = 0.65 * (roll.engagement - roll.commitment) + roll.commitment - 0.08 * year.decline[back]
    return replace(
        roll,
        grade=grade,
        years_late=roll.years_late + repeats,
        school=np.where(changes, elsewhere, roll.school),
        engagement=engagement + generator.normal(0, 0.5, n),
        has_plan=_plans(roll, grade, generator),
        is_repeating=repeats,
        is_new=np.zeros(n, bool),
        secondary_since=np.where(enters, year.year + 1, roll.secondary_since),
    )


def _plans(roll: Roll, grade: Integers, generator: np.random.Generator) -> Flags:
    """Give a support plan to those who struggle; most keep it from year to year."""
    need = chance(-4.0 - 0.9 * roll.ability - 0.5 * roll.engagement + 0.3 * (roll.sex == 1) + 0.05 * grade)
    keeps = generator.random(len(roll)) < 0.88
    return (roll.has_plan & keeps) | (generator.random(len(roll)) < need)
