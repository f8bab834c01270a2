"""Turn a lived school year into enrollment spells, groups, teachers and assignments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Days, Floats, Integers, rank_within
from earlywarn.synthetic.lives import SchoolYear

EXIT_CODES = ("FIN", "FIN", "ABA", "TRH", "DIP", "CHE")
_MOVED = 5
_GROUPS_PER_TEACHER = 4
N_SUBJECTS = len(rates.SUBJECTS)


@dataclass(frozen=True)
class Spells:
    """One entry per stay of a student in a school; `student` points into the roll."""

    student: Integers
    school: Integers
    grade: Integers
    group: Integers
    starts_on: Days
    left_on: Days
    exit: Integers


@dataclass(frozen=True)
class Groups:
    """One entry per group of a school year; a secondary group is a groupe-repère."""

    school: Integers
    grade: Integers
    number: Integers


@dataclass(frozen=True)
class Assignments:
    """One entry per teacher, group and subject; subject -1 is all of them (primary)."""

    school: Integers
    teacher: Integers
    group: Integers
    subject: Integers
    is_homeroom: Integers


def day_positions(share: Floats, n_days: int) -> Integers:
    """Turn shares of the year into positions in its calendar; shares past the end mean the last day."""
    return np.minimum((share * n_days).astype(np.int64), n_days - 1)


def enrollment_spells(year: SchoolYear, days: Days, generator: np.random.Generator) -> tuple[Spells, Groups]:
    """Return the year's stays in a school and the groups they are in."""
    n = len(year.roll)
    start = day_positions(year.started_at, len(days))
    end = np.maximum(day_positions(year.left_at, len(days)), np.minimum(start + 1, len(days) - 1))
    moved = day_positions(year.moved_at, len(days))
    moves = (year.moved_at <= 1) & (moved > start) & (moved < end)
    again = np.flatnonzero(moves)
    student = np.r_[np.arange(n), again]
    school = np.r_[year.roll.school, year.moved_to[again]]
    grade = year.roll.grade[student]
    first_end = np.where(moves, moved, end)
    group, groups = _grouped(school, grade, n, generator)
    spells = Spells(
        student=student,
        school=school,
        grade=grade,
        group=group,
        starts_on=days[np.r_[start, moved[again]]],
        left_on=days[np.r_[first_end, end[again]]],
        exit=np.r_[np.where(moves, _MOVED, year.exit), year.exit[again]],
    )
    return spells, groups


def _grouped(
    school: Integers, grade: Integers, n_first: int, generator: np.random.Generator
) -> tuple[Integers, Groups]:
    """Spread the students of a school and grade over groups of the usual size."""
    classes, where = np.unique(school * 16 + grade, return_inverse=True)
    size = np.where(
        classes % 16 < rates.FIRST_SECONDARY, rates.GROUP_SIZE_PRIMARY, rates.GROUP_SIZE_SECONDARY
    )
    n_groups = np.maximum(1, -(-np.bincount(where[:n_first], minlength=len(classes)) // size))
    mixed = generator.permutation(len(school))
    rank = np.empty(len(school), np.int64)
    rank[mixed] = rank_within(where[mixed])
    number = rank % n_groups[where]
    first = np.r_[0, np.cumsum(n_groups)[:-1]]
    owner = np.repeat(np.arange(len(classes)), n_groups)
    groups = Groups(
        school=classes[owner] // 16, grade=classes[owner] % 16, number=np.arange(len(owner)) - first[owner]
    )
    return first[where] + number, groups


def teaching_assignments(groups: Groups) -> Assignments:
    """Give each primary group one teacher, each secondary group one per subject."""
    n = len(groups.school)
    at = rank_within(groups.school)
    secondary = groups.grade >= rates.FIRST_SECONDARY
    primary = np.flatnonzero(~secondary)
    groups_in_school = np.bincount(groups.school)[groups.school]
    subject_block = -(-groups_in_school // _GROUPS_PER_TEACHER)
    taught = np.repeat(np.flatnonzero(secondary), N_SUBJECTS)
    subject = np.tile(np.arange(N_SUBJECTS), int(secondary.sum()))
    teacher = subject * subject_block[taught] + at[taught] // _GROUPS_PER_TEACHER
    group = np.r_[primary, taught]
    return (
        Assignments(
            school=groups.school[group],
            teacher=np.r_[at[primary], teacher],
            group=group,
            subject=np.r_[np.full(len(primary), -1), subject],
            is_homeroom=np.r_[
                np.ones(len(primary), np.int64), (subject == at[taught] % N_SUBJECTS).astype(np.int64)
            ],
        )
        if n
        else Assignments(*(np.empty(0, np.int64) for _ in range(5)))
    )


def attended(year: SchoolYear, days: Days) -> tuple[Integers, Integers]:
    """Return each student's first and last position in the calendar, the day of leaving included."""
    start = day_positions(year.started_at, len(days))
    end = np.maximum(day_positions(year.left_at, len(days)), np.minimum(start + 1, len(days) - 1))
    return start, end
