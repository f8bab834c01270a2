"""Fit logistic regression whose coefficients obey the signs that indicators declare.

Columns are standardized; a missing value stands at the mean and has a coefficient of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling.fitted import FittedModel, LinearTerm

FEWEST_MISSING = 0.002
"""A column missing less often than this gets no coefficient for its absence."""

PENALTIES = (0.1, 0.03, 0.01, 0.003)
"""Strengths of the ridge that tuning tries, strongest first."""


@dataclass(frozen=True)
class Design:
    """Columns ready for a linear fit: standardized values, then flags of absence."""

    features: tuple[str, ...]
    mean: Floats
    scale: Floats
    missing_share: Floats
    flagged: Flags
    signs: Floats

    def columns(self, values: Floats) -> Floats:
        """Return the design matrix of some rows."""
        missing = np.isnan(values)
        z = (values - self.mean) / self.scale
        z[missing] = 0.0
        return np.concatenate([z, missing[:, self.flagged]], axis=1)

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Return what each coefficient may be: intercept, one per column, one per flag of absence."""
        signed: dict[float, tuple[float | None, float | None]] = {1.0: (0.0, None), -1.0: (None, 0.0)}
        free: tuple[float | None, float | None] = (None, None)
        return [free, *(signed.get(sign, free) for sign in self.signs), *([free] * int(self.flagged.sum()))]


def design_of(values: Floats, features: Sequence[str], signs: Floats) -> Design:
    """Measure the columns of training rows."""
    missing_share = np.isnan(values).mean(axis=0)
    empty = missing_share >= 1.0
    filled = np.where(empty, 0.0, values)
    mean, scale = np.nanmean(filled, axis=0), np.nanstd(filled, axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    flagged = (missing_share >= FEWEST_MISSING) & ~empty
    return Design(tuple(features), mean, scale, missing_share, flagged, signs)


def fit_logistic(
    values: Floats,
    label: Flags,
    features: Sequence[str],
    signs: Floats,
    *,
    penalty: float,
    start: Floats | None = None,
) -> FittedModel:
    """Fit one penalty."""
    design = design_of(values, features, signs)
    weights = solve(design.columns(values), label, design.bounds(), penalty=penalty, start=start)
    return logistic_model(design, weights, penalty)


def fit_path(
    values: Floats, label: Flags, features: Sequence[str], signs: Floats, *, penalties: Sequence[float]
) -> list[FittedModel]:
    """Fit several penalties, each from the one before."""
    design = design_of(values, features, signs)
    columns = design.columns(values)
    found, start = [], None
    for penalty in penalties:
        start = solve(columns, label, design.bounds(), penalty=penalty, start=start)
        found.append(logistic_model(design, start, penalty))
    return found


def solve(
    columns: Floats,
    label: Flags,
    bounds: list[tuple[float | None, float | None]],
    *,
    penalty: float,
    start: Floats | None = None,
) -> Floats:
    """Minimize mean log loss plus ridge, inside the bounds; the intercept is not penalized."""
    truth = label.astype(np.float64)
    share = float(np.clip(truth.mean(), 1e-6, 1 - 1e-6))
    first = np.zeros(columns.shape[1] + 1) if start is None else start
    if start is None:
        first[0] = np.log(share / (1 - share))

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = weights[0] + columns @ weights[1:]
        # log(1 + exp(m)) - y m, written so that no margin overflows
        value = np.mean(np.logaddexp(0.0, margin) - truth * margin)
        gap = (1 / (1 + np.exp(-np.clip(margin, -500, 500))) - truth) / len(truth)
        gradient = np.concatenate([[gap.sum()], columns.T @ gap + penalty * weights[1:]])
        return float(value + penalty / 2 * weights[1:] @ weights[1:]), gradient

    options = {"maxiter": 300, "ftol": 1e-7, "gtol": 1e-5, "maxcor": 20}
    result = minimize(loss, first, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(result.x)


def logistic_model(design: Design, weights: Floats, penalty: float) -> FittedModel:
    """Name the weights; terms that do nothing are left out."""
    n_features = len(design.features)
    absent = np.zeros(n_features)
    absent[design.flagged] = weights[n_features + 1 :]
    terms = tuple(
        LinearTerm(
            feature=name,
            mean=float(design.mean[place]),
            scale=float(design.scale[place]),
            coefficient=float(weights[place + 1]),
            missing_coefficient=float(absent[place]),
            missing_share=float(design.missing_share[place]),
        )
        for place, name in enumerate(design.features)
        if weights[place + 1] != 0 or absent[place] != 0
    )
    settings = (("penalty", penalty),)
    return FittedModel("logistic", design.features, float(weights[0]), terms, (), settings)
