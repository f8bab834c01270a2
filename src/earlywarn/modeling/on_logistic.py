"""Start trees from a linear part: out-of-fold margins in training, the whole linear part afterwards.

Margins that saw a row's own label would leave its trees nothing to learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation import Flags, Floats, Indexes, Words
from earlywarn.modeling.fitted import FittedModel, with_linear_weight
from earlywarn.modeling.folds import balanced_folds
from earlywarn.modeling.logistic import fit_logistic
from earlywarn.modeling.prepared import Prepared, few_rows
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import fold_of

N_FOLDS = 4
FEWEST_GROUPS = 12
"""With fewer schools than this, folds leave out students instead."""


@dataclass(frozen=True, eq=False)
class LinearPart:
    """A linear model fitted on some rows, and what others like it said of each row without having seen it."""

    model: FittedModel
    unseen: Floats
    level: float
    """The log-odds of the outcome among the rows; a lighter linear part shrinks toward it."""

    def start(self, weight: float) -> Floats:
        """Return the margins that trees start from in training."""
        return self.level + weight * (self.unseen - self.level)

    def weighted(self, weight: float) -> FittedModel:
        """Return the linear model at a weight."""
        return with_linear_weight(self.model, weight, level=self.level)


def linear_part(
    rows: LabeledRows,
    one: Prepared,
    train: Indexes,
    settings: Mapping[str, float],
    *,
    most_rows: int,
    model: FittedModel | None = None,
) -> LinearPart:
    """Fit the linear part and its unseen margins; folds leave out schools, or students where those are few.

    Args:
        rows: All rows.
        one: The split, prepared.
        train: Its training rows.
        settings: Penalty, and whether there are curves.
        most_rows: How many rows a fold's own fit may use.
        model: The linear model of all training rows, where it is fitted already.
    """
    truth, fold = one.truth(train), unseen_folds(rows, train)
    whole = model or logistic_by(one, train, truth, settings)
    unseen = np.empty(train.size)
    for place in range(N_FOLDS):
        apart = fold == place
        kept = few_rows(rows, train[~apart], most=most_rows)
        told = logistic_by(one, kept, one.truth(kept), settings)
        unseen[apart] = told.margins(one.values[train[apart]])
    share = float(np.clip(truth.mean(), 1e-6, 1 - 1e-6))
    return LinearPart(whole, unseen, float(np.log(share / (1 - share))))


def logistic_by(one: Prepared, chosen: Indexes, truth: Flags, settings: Mapping[str, float]) -> FittedModel:
    """Fit logistic regression on some rows, with what tuning found."""
    curves = bool(settings["curves"])
    return fit_logistic(
        one.values[chosen], truth, one.names, one.signs, penalty=settings["penalty"], curves=curves
    )


def unseen_folds(rows: LabeledRows, train: Indexes) -> Indexes:
    """Give each row a fold; all rows of a student share one, that of the school they were first in."""
    student = rows.student[train]
    group = _first_group(student, (rows.school if rows.fold_by is None else rows.fold_by)[train])
    if np.unique(group).size < FEWEST_GROUPS:
        return fold_of(student, N_FOLDS)
    return balanced_folds(group, N_FOLDS)


def _first_group(student: Words, group: Words) -> Words:
    _, first, inverse = np.unique(student, return_index=True, return_inverse=True)
    return np.asarray(group[first][inverse])


def joined(linear: FittedModel, trees: FittedModel, *, kind: str, tree_weight: float = 1.0) -> FittedModel:
    """Add trees to a linear model."""
    settings = (*linear.settings, *trees.settings)
    return replace(linear, kind=kind, trees=trees.trees, settings=settings, tree_weight=tree_weight)
