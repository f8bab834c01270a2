"""Fit logistic regression whose lines and curves obey the signs that indicators declare.

Columns are standardized; a missing value stands at the mean and has a coefficient of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling.design import Bounds, Design, bent_columns, curve_design, line_design
from earlywarn.modeling.fitted import FittedModel

PENALTIES = (0.1, 0.03, 0.01, 0.003, 0.001)
"""Strengths of the ridge that tuning tries, strongest first."""

MOST_STEPS = 50
ROWS_AT_ONCE = 100_000
"""Rows whose design is built together: memory stays bounded whatever the number of rows."""

MOST_ROWS_TO_BEND = 15_000
"""Which columns bend does not need all rows."""


def fit_logistic(
    values: Floats,
    label: Flags,
    features: Sequence[str],
    signs: Floats,
    *,
    penalty: float,
    curves: bool = False,
) -> FittedModel:
    """Fit one penalty, with straight lines or with curves where columns bend."""
    found = fit_path(values, label, features, signs, penalties=(penalty,), curves=curves)
    return found[0]


def fit_path(
    values: Floats,
    label: Flags,
    features: Sequence[str],
    signs: Floats,
    *,
    penalties: Sequence[float],
    curves: bool = False,
) -> list[FittedModel]:
    """Fit several penalties, each from the one before."""
    design = design_of(values, label, features, signs, curves=curves)
    found, start = [], None
    for penalty in penalties:
        start = solve(design, values, label, penalty=penalty, start=start)
        lines, bent = design.terms(start[1:])
        settings = (("penalty", penalty), ("curves", float(curves)))
        found.append(
            FittedModel("logistic", design.features, float(start[0]), lines, (), settings, curves=bent)
        )
    return found


def design_of(
    values: Floats, label: Flags, features: Sequence[str], signs: Floats, *, curves: bool
) -> Design:
    """Measure the columns of training rows; curves stand where the residuals of straight lines bend."""
    lines = line_design(values, features, signs)
    if not curves:
        return lines
    # Thinned evenly.
    step = max(1, len(label) // MOST_ROWS_TO_BEND)
    some, truth = values[::step], label[::step]
    straight = line_design(some, features, signs)
    weights = solve(straight, some, truth, penalty=0.01)
    risk = _risk(weights[0] + straight.columns(some) @ weights[1:])
    bent = bent_columns(some, truth - risk, risk * (1 - risk))
    return curve_design(values, features, signs, bent)


def solve(
    design: Design, values: Floats, label: Flags, *, penalty: float, start: Floats | None = None
) -> Floats:
    """Minimize mean log loss plus ridge, inside the bounds; the intercept is not penalized.

    Projected Newton steps (Bertsekas 1982): scipy's bounded solvers know no second derivatives of their own,
    and take ten times as long on ramps, which are correlated.
    """
    truth = label.astype(np.float64)
    low, high = _limits(design.bounds())
    ridge = np.concatenate([[0.0], np.full(low.size - 1, penalty)])
    weights = np.zeros(low.size) if start is None else start
    if start is None:
        share = float(np.clip(truth.mean(), 1e-6, 1 - 1e-6))
        weights[0] = np.log(share / (1 - share))
    problem = _Problem(design, values, truth, ridge)
    loss = problem.loss(weights)
    for _ in range(MOST_STEPS):
        gradient, curvature = problem.slopes(weights)
        held = ((weights <= low) & (gradient > 0)) | ((weights >= high) & (gradient < 0))
        free = np.flatnonzero(~held)
        if np.abs(gradient[free]).max(initial=0.0) < 1e-6:
            break
        step = np.zeros_like(weights)
        step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        moved, better = _shortened(problem, weights, step, gradient, loss, (low, high))
        done = loss - better < 1e-8 * max(1.0, abs(loss))
        weights, loss = moved, better
        if done:
            break
    return weights


def _shortened(
    problem: _Problem,
    weights: Floats,
    step: Floats,
    gradient: Floats,
    loss: float,
    limits: tuple[Floats, Floats],
) -> tuple[Floats, float]:
    """Halve a step, bent back into the bounds, until it gains what its slope promises in part."""
    length = 1.0
    while length > 1e-6:
        moved = np.clip(weights + length * step, *limits)
        found = problem.loss(moved)
        if found <= loss + 1e-4 * float(gradient @ (moved - weights)):
            return moved, found
        length /= 2
    return weights, loss


class _Problem:
    """Log loss over rows, a block at a time; small tables keep their design."""

    def __init__(self, design: Design, values: Floats, truth: Floats, ridge: Floats) -> None:
        self.design, self.values, self.truth, self.ridge = design, values, truth, ridge
        self.kept = design.columns(values) if len(values) <= ROWS_AT_ONCE else None

    def _blocks(self) -> Iterator[tuple[Floats, Floats]]:
        if self.kept is not None:
            yield self.kept, self.truth
            return
        for start in range(0, len(self.values), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            yield self.design.columns(self.values[part]), self.truth[part]

    def loss(self, weights: Floats) -> float:
        total = 0.0
        for columns, truth in self._blocks():
            margin = weights[0] + columns @ weights[1:]
            # log(1 + exp(m)) - y m, written so that no margin overflows
            total += float(np.sum(np.logaddexp(0.0, margin) - truth * margin))
        return total / len(self.truth) + float(self.ridge @ weights**2) / 2

    def slopes(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the gradient and the matrix of second derivatives."""
        size = weights.size
        gradient, curvature = np.zeros(size), np.zeros((size, size))
        for columns, truth in self._blocks():
            risk = _risk(weights[0] + columns @ weights[1:])
            gap, spread = risk - truth, risk * (1 - risk)
            gradient[0] += gap.sum()
            gradient[1:] += columns.T @ gap
            scaled = columns * np.sqrt(spread)[:, None]
            curvature[1:, 1:] += scaled.T @ scaled
            across = columns.T @ spread
            curvature[0, 1:] += across
            curvature[1:, 0] += across
            curvature[0, 0] += spread.sum()
        n = len(self.truth)
        # A hair on the diagonal: two columns that are one leave the matrix without an inverse.
        return gradient / n + self.ridge * weights, curvature / n + np.diag(self.ridge + 1e-10)


def _risk(margin: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(margin, -500, 500))))


def _limits(bounds: Bounds) -> tuple[Floats, Floats]:
    low = np.array([-np.inf if one is None else one for one, _ in bounds])
    high = np.array([np.inf if one is None else one for _, one in bounds])
    return low, high
