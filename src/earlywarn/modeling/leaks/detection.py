"""Run every detector that needs no tables on a sample of a training's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from earlywarn.evaluation import Finding, Floats, LeakLimits
from earlywarn.features import Matrix
from earlywarn.modeling.candidates import Fitting
from earlywarn.modeling.folds import FoldPlan
from earlywarn.modeling.leaks.columns import columns_alone, planted, single_column
from earlywarn.modeling.leaks.gap import random_time_gap
from earlywarn.modeling.leaks.identifiers import school_order
from earlywarn.modeling.leaks.sampling import LeakSample, sample_of, sampled, schools_on_one_day
from earlywarn.modeling.leaks.shuffling import label_shuffle
from earlywarn.modeling.leaks.words import finding
from earlywarn.modeling.matrix_rows import encode_with, fit_levels, rows_of, words_of
from earlywarn.modeling.spec import LeaksSpec, ModelSpec

PLANTED = "planted"


def find_leaks(
    matrix: Matrix,
    spec: ModelSpec,
    *,
    sizes: dict[str, int],
    test: tuple[str, ...],
    folds: FoldPlan | None,
    today: date,
    fitting: Fitting,
) -> tuple[Finding, ...]:
    """Look for leaks in the labeled rows of a training.

    Args:
        matrix: The labeled rows, in frozen order.
        spec: The declared model, with its limits.
        sizes: How many rows each period has, those without a label among them.
        test: The held-out periods, where the split is by time.
        folds: The folds, where groups are left out.
        today: Nothing known later is used.
        fitting: What fitting may use of the machine, and its seed.
    """
    some = rows_of(
        matrix.take(sampled(matrix)),
        groups=(),
        capacity_per=spec.capacity.per,
        today=today,
        sizes=sizes,
        outcome=spec.outcome,
        fold_by=spec.splits.by,
    )
    sample, limits = sample_of(some, test, folds), spec.leaks.limits
    order = _OneDay(matrix)
    found = (
        label_shuffle(sample, fitting),
        _planted_future(sample, order, limits, fitting),
        single_column(columns_alone(sample), sample.names, _indicators(matrix, sample.names), limits),
        random_time_gap(sample, folds, limits, fitting),
        order.judged(),
    )
    return tuple(_with_reason(one, spec.leaks) for one in found)


def _with_reason(one: Finding, declared: LeaksSpec) -> Finding:
    """Say why a limit is raised, where it is that one."""
    usual = {"single_column": LeakLimits.single_column, "random_time_gap": LeakLimits.random_gap}
    if declared.reason is None or one.limit <= usual.get(one.name, np.inf):
        return one
    words = {
        "fr": f"{one.words['fr']} Limite relevée\u00a0: {declared.reason.fr}",
        "en": f"{one.words['en']} Limit raised: {declared.reason.en}",
    }
    return replace(one, words=words)


class _OneDay:
    """Whole schools on one as-of date, encoded."""

    def __init__(self, matrix: Matrix) -> None:
        part = schools_on_one_day(matrix)
        encoded = encode_with(part, fit_levels(part, np.arange(len(part))))
        self.names, self.values = encoded.catalog.names, encoded.values
        self.school, self.student = (words_of(part.rows[name]) for name in ("school_id", "student_id"))

    def judged(self, extra: Floats | None = None) -> Finding:
        """Look at the columns, or at one more alone."""
        if extra is None:
            return school_order(self.values, self.names, self.school, self.student)
        return school_order(extra[:, None], [PLANTED], self.school, self.student)

    def row_number(self) -> Floats:
        """Return each row's number in a file written school by school."""
        number = np.empty(self.school.size)
        number[np.lexsort((self.student, self.school))] = np.arange(self.school.size)
        return number


def _planted_future(
    sample: LeakSample,
    order: _OneDay,
    limits: LeakLimits,
    fitting: Fitting,
) -> Finding:
    """Plant a column made from the label, and a row number, into a copy: the detectors must catch both."""
    if not sample.can_tell:
        return finding("planted_future", float("nan"), limits.single_column, "cannot tell")
    canary = planted(_label_as_tested(sample), limits.single_column, fitting)
    alone = columns_alone(replace(sample, names=(PLANTED,), values=canary[:, None]))
    told = single_column(alone, [PLANTED], [PLANTED], limits)
    numbered = order.judged(order.row_number())
    caught = told.verdict == "stopped" and numbered.verdict != "passed"
    return finding("planted_future", float(alone[0]), limits.single_column, "passed" if caught else "stopped")


def _label_as_tested(sample: LeakSample) -> Floats:
    """Return each row's label by the first split that knows it."""
    label = np.full(sample.rows.label.size, np.nan)
    for one in sample.splits:
        label = np.where(np.isnan(label), one.rows.label, label)
    return label


def _indicators(matrix: Matrix, names: Sequence[str]) -> list[str]:
    """Return the indicator of each encoded column; levels of a code belong to the code's."""
    known = {entry.name: entry.indicator for entry in matrix.catalog}
    codes = {name: entry.indicator for name, entry in matrix.code_entries.items()}
    return [known.get(name) or codes.get(name.rsplit("__", 1)[0], name) for name in names]
