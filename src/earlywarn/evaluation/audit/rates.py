"""Rates of lists per group, and how they differ from those of everybody else in the column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.tallies import Tallies, Tally
from earlywarn.evaluation.audit.verdicts import share_error

FEWEST_STUDENTS = 10
"""A group is judged where at least so many students had the outcome, and as many had not."""

FEW = 5
"""A rate with fewer students than this on a side is no surer than as many independent ones would make it."""


Parts = tuple[Tally, Tally]
"""What a rate divides, and by what."""


@dataclass(frozen=True, eq=False)
class Students:
    """How many students each group has, in all and with the outcome."""

    all: Indexes
    positive: Indexes
    smallest: int = 0
    """Groups of fewer students are counted among everybody else, and not shown."""

    @property
    def shown(self) -> Flags:
        """Return the groups that are large enough to be named."""
        return np.asarray(self.all >= self.smallest)

    @property
    def negative(self) -> Indexes:
        """Return how many never had the outcome."""
        return self.all - self.positive

    @property
    def judged(self) -> Flags:
        """Return the groups that hold enough students on either side."""
        return self.shown & (np.minimum(self.positive, self.negative) >= FEWEST_STUDENTS)


def count_students(grouping: Grouping, students: Indexes, label: Flags, *, smallest: int = 0) -> Students:
    """Count distinct students per group."""
    n_groups, codes = len(grouping.values), grouping.codes
    everybody, positive = (
        np.bincount(_one_row_each(students[keep], codes[keep]), minlength=n_groups)
        for keep in (codes >= 0, (codes >= 0) & label)
    )
    return Students(everybody, positive, smallest)


def _one_row_each(students: Indexes, codes: Indexes) -> Indexes:
    """Return the group of every student once, and each group of a student who changed groups."""
    same_student = students[1:] == students[:-1]
    same = same_student & (codes[1:] == codes[:-1])
    # Rows of a student mostly stand together, in one group: then nothing needs to be sorted.
    if (students[1:] >= students[:-1]).all() and same.sum() == same_student.sum():
        first = np.concatenate((np.ones(min(1, codes.size), dtype=bool), ~same))
        return np.asarray(codes[first])
    n_codes = int(codes.max(initial=0)) + 1
    return np.asarray(np.unique(students * n_codes + codes) % n_codes)


@dataclass(frozen=True, eq=False)
class Rates:
    """One model's lists, counted per group."""

    n: Tally
    positive: Tally
    listed: Tally
    hits: Tally

    @property
    def recall(self) -> Parts:
        """Return the listed with the outcome, and all with it."""
        return self.hits, self.positive

    @property
    def false_positive(self) -> Parts:
        """Return the listed without the outcome, and all without it."""
        return self.listed - self.hits, self.n - self.positive

    def parts(self) -> dict[str, Parts]:
        """Return every rate as what is divided, and by what."""
        return {
            "share_listed": (self.listed, self.n),
            "precision": (self.hits, self.listed),
            "recall": self.recall,
            "false_positive": self.false_positive,
        }


def rates_of(sums: Tallies, listed: Flags, label: Flags) -> Rates:
    """Count lists per group."""
    return Rates(
        sums.rows(),
        sums.of(label.astype(np.float64)),
        sums.of(listed.astype(np.float64)),
        sums.of((listed & label).astype(np.float64)),
    )


def rate(parts: Parts) -> Tally:
    """Return a rate per group."""
    return parts[0].over(parts[1])


def gap(parts: Parts) -> Tally:
    """Return each group's rate minus that of everybody else in the column."""
    above, below = parts
    return above.over(below) - above.rest.over(below.rest)


def least_errors(parts: Parts, students: Indexes) -> Floats:
    """Return the least standard error of each gap of a rate: zero where neither side rests on a few students.

    Draws of a group where nobody was listed all say zero, and would call that certain.
    """
    above, below = parts
    everybody = students.sum()
    found = np.zeros(students.size)
    for place, n in enumerate(students):
        sides = ((above, below, n), (above.rest, below.rest, everybody - n))
        shares = [
            (over.total[place] / under.total[place], m)
            for over, under, m in sides
            if m and under.total[place]
        ]
        if any(min(share, 1 - share) * m < FEW for share, m in shares):
            found[place] = np.sqrt(sum(share_error(share * m, m) ** 2 for share, m in shares))
    return found
