"""Tell the risk that a school and a grade alone would give, from the past only.

Each school's rate in a grade at a moment is shrunk towards the grade's rate of the whole network, by as much
as rates of so few students vary by chance: empirical Bayes, beta-binomial, its spread by moments
(Kleinman 1973, JASA 68:46). A school and grade that the past does not have are told the grade's rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import (
    Draws,
    Flags,
    Floats,
    Indexes,
    MomentAucs,
    SchoolAndGrade,
    Scored,
    TestRows,
    beside_school_and_grade,
    codes_of,
    crossed_codes,
)
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import Split, cut_split


def school_and_grade_beside(
    rows: LabeledRows,
    splits: Sequence[Split],
    told: tuple[Scored, MomentAucs],
    test_rows: TestRows,
    draws: Draws,
) -> SchoolAndGrade:
    """Measure school and grade alone beside a model; the tested rows of the splits stand in frozen order."""
    risk, seen = np.full(rows.label.size, np.nan), np.zeros(rows.label.size, dtype=bool)
    for uncut in splits:
        own, split = cut_split(rows, uncut)
        risk[split.test], seen[split.test] = school_grade_risks(own, split)
    tested = np.sort(np.concatenate([split.test for split in splits]))
    return beside_school_and_grade(told, risk[tested], seen[tested], test_rows, draws)


def school_grade_risks(rows: LabeledRows, split: Split) -> tuple[Floats, Flags]:
    """Return the risk of each tested row, and whether the past had its school and grade at this moment."""
    both = np.concatenate([split.train, split.test])
    n_train, label = split.train.size, rows.truth(split.train).astype(np.float64)
    moment = codes_of(rows.moment[both])
    grade = crossed_codes(rows.moment[both], rows.grade[both])
    cell = crossed_codes(rows.moment[both], rows.grade[both], rows.school[both])
    moments, grades, cells = (_Counts.of(codes, n_train, label) for codes in (moment, grade, cell))
    # A moment or a grade that the past does not have is told the rate of what holds it.
    of_moment = moments.rates(np.full(moments.n.size, float(label.mean())))
    of_grade = grades.rates(of_moment[_first(moment, grade)])
    prior = of_grade[_first(grade, cell)]
    strength = prior_strength(cells.n, cells.positive, prior, n_means=int((grades.n > 0).sum()))
    risk = shrunken(cells.n, cells.positive, prior, strength)
    asked = cell[n_train:]
    return risk[asked], cells.n[asked] > 0


@dataclass(frozen=True, eq=False)
class _Counts:
    """Training rows of each code, in all and with the outcome."""

    n: Floats
    positive: Floats

    @classmethod
    def of(cls, codes: Indexes, n_train: int, label: Floats) -> _Counts:
        size, train = int(codes.max()) + 1, codes[:n_train]
        ones = np.ones(train.size)
        found = (np.bincount(train, weights=weights, minlength=size) for weights in (ones, label))
        return cls(*(np.asarray(part, dtype=np.float64) for part in found))

    def rates(self, where_none: Floats) -> Floats:
        return np.asarray(np.divide(self.positive, self.n, out=where_none.copy(), where=self.n > 0))


def _first(outer: Indexes, inner: Indexes) -> Indexes:
    """Return the outer code of each inner one, which lies in one outer code only."""
    return outer[np.unique(inner, return_index=True)[1]]


def prior_strength(n: Floats, positive: Floats, prior: Floats, *, n_means: int) -> float:
    """Return how many students the prior rate is worth; infinite where rates vary by no more than chance.

    Args:
        n: Students of each cell.
        positive: Those with the outcome.
        prior: The rate that each cell is shrunk towards.
        n_means: How many rates the priors hold, which were fitted on the same students.

    >>> n, prior = np.array([100.0, 100.0]), np.array([0.5, 0.5])
    >>> prior_strength(n, np.array([50.0, 50.0]), prior, n_means=1)
    inf
    >>> round(prior_strength(n, np.array([40.0, 60.0]), prior, n_means=1), 1)
    27.3
    """
    spread = prior * (1 - prior)
    used = (n > 0) & (spread > 0)
    n, spread, gap = n[used], spread[used], (positive[used] / n[used] - prior[used]) ** 2
    room = float((n - 1).sum())
    if room <= 0:
        return float("inf")
    alike = (float((n * gap / spread).sum()) - (n.size - n_means)) / room
    return float("inf") if alike <= 0 else (1 - min(alike, 1.0)) / min(alike, 1.0)


def shrunken(n: Floats, positive: Floats, prior: Floats, strength: float) -> Floats:
    """Return each cell's rate, with so many students added that met the outcome at the prior rate.

    >>> shrunken(np.array([10.0, 0.0]), np.array([5.0, 0.0]), np.array([0.1, 0.1]), 10.0).tolist()
    [0.3, 0.1]
    """
    if not np.isfinite(strength):
        return prior
    total = n + strength
    return np.asarray(np.divide(positive + strength * prior, total, out=prior.copy(), where=total > 0))
