"""Hold a matrix as the arrays that fitting needs, in one frozen order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from earlywarn.errors import TrainingError
from earlywarn.evaluation import (
    CutPoints,
    Days,
    Flags,
    Floats,
    Indexes,
    TestRows,
    UnitDays,
    Words,
    codes_of,
    crossed,
)
from earlywarn.modeling.cuts import CutRule
from earlywarn.modeling.values import Values

Encoder = Callable[[Indexes], tuple[tuple[str, ...], Floats, Values]]
"""Fit code levels on some rows; return names, signs and the values of all rows."""


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """One row per unit and as-of date, sorted by unit and as-of date.

    `encoder` fits the levels of codes on the rows it is given, never on others.
    """

    encoder: Encoder
    label: Floats
    """1, 0, or NaN where not yet known, censored, or before a quantile is cut."""
    label_known_on: Days
    as_of: Days
    period: Words
    moment: Words
    student: Words
    school: Words
    grade: Words
    groups: dict[str, Words]
    capacity_per: tuple[str, ...] = ("school", "grade")
    period_sizes: dict[str, int] = field(default_factory=dict)
    """Rows of each period before those without a label were put aside."""
    rule: CutRule | None = None
    """What to cut labels from, where the outcome is a lowest share."""
    cuts: CutPoints | None = None
    """The cut-points that made `label`, where the outcome is a lowest share."""
    fold_by: Words | None = None
    """The group that folds leave out together, where a spec splits by groups; otherwise the student."""
    answered: Words | None = None
    """What staff answered, a word per row: audits read it, and no feature is made of it."""
    unit: Words | None = None
    """Who each row is, where a student may be several units at once; otherwise the student."""
    happened_on: Days | None = None
    """The day of the outcome itself, NaT where it did not come true or no table tells; for lead time."""
    has_days: bool = True
    """False where moments are stages, whose days are invented."""

    @property
    def labeled(self) -> Flags:
        """Return where the label is known, or the value that it is cut from."""
        return np.isfinite(self.label if self.rule is None else self.rule.value)

    def cut_on(self, train: Indexes, *, split: str) -> LabeledRows:
        """Return the rows with labels by cut-points that some rows fit; other outcomes stay as they are."""
        if self.rule is None:
            return self
        cuts = self.rule.fit(train, split=split)
        return replace(self, label=self.rule.labels(cuts), cuts=cuts)

    @property
    def fold_group(self) -> Words:
        """Return what folds leave out together."""
        return self.student if self.fold_by is None else self.fold_by

    def truth(self, rows: Indexes) -> Flags:
        """Return the labels of rows that have one."""
        assert self.rule is None or self.cuts is not None, "labels wait for their cut-points"  # noqa: S101
        return self.label[rows] > 0.5

    def answers(self, rows: Indexes) -> Words | None:
        """Return what staff answered about some rows; None where no answer is known at all."""
        return None if self.answered is None else self.answered[rows]

    @cached_property
    def codes_of_students(self) -> Indexes:
        """Return one number per student."""
        return codes_of(self.student)

    @cached_property
    def codes_of_schools(self) -> Indexes:
        """Return one number per school."""
        return codes_of(self.school)

    def in_new_schools(self, train: Indexes, test: Indexes) -> Flags:
        """Return which tested rows are of schools that no training row is of."""
        schools = self.codes_of_schools
        is_old = np.zeros(schools.max(initial=-1) + 1, dtype=bool)
        is_old[schools[train]] = True
        return ~is_old[schools[test]]

    def test_rows(self, rows: Indexes, fold: Words | None = None, *, label: Flags | None = None) -> TestRows:
        """Return what evaluation needs of some rows; lists are per moment besides the declared columns.

        Args:
            rows: Which.
            fold: The fold that tested each row, where each was tested by a fold of its own.
            label: What came true of each, where several splits cut their own labels; by default these rows'.
        """
        parts = {"school": self.school, "grade": self.grade}
        lists = crossed(
            self.period[rows], self.moment[rows], *(parts[name][rows] for name in self.capacity_per)
        )
        return TestRows(
            label=self.truth(rows) if label is None else label,
            period=self.period[rows],
            moment=self.moment[rows],
            school=self.school[rows],
            grade=self.grade[rows],
            student=self.student[rows],
            lists=lists,
            groups={name: words[rows] for name, words in self.groups.items()},
            fold=fold,
            days=self._days(rows),
        )

    def _days(self, rows: Indexes) -> UnitDays:
        unknown = np.full(rows.size, np.datetime64("NaT", "D"))
        return UnitDays(
            unit=codes_of((self.student if self.unit is None else self.unit)[rows]),
            as_of=self.as_of[rows],
            decided_on=self.label_known_on[rows],
            happened_on=unknown if self.happened_on is None else self.happened_on[rows],
            has_days=self.has_days,
        )


def need_both(rows: LabeledRows, chosen: Indexes, *, what: str, fewest: int) -> None:
    """Refuse rows that cannot teach: too few with the outcome, or too few without.

    Raises:
        TrainingError: There are fewer than `fewest` on either side.
    """
    truth = rows.truth(chosen)
    positive = int(truth.sum())
    if min(positive, truth.size - positive) < fewest:
        raise TrainingError(
            f"{what} holds {truth.size} rows, {positive} with the outcome: at least {fewest} on each side "
            "are needed",
            todo="take in more periods, or declare a wider outcome",
        )
