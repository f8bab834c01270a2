"""A fitted model as plain values: lines, curves and trees as text, added in margin (log-odds) space."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation import Floats
from earlywarn.modeling.threads import load_lightgbm


@dataclass(frozen=True)
class LinearTerm:
    """One feature's straight line, and what its absence adds."""

    feature: str
    mean: float
    scale: float
    coefficient: float
    missing_coefficient: float
    missing_share: float


@dataclass(frozen=True)
class CurveTerm:
    """One feature's line through knots, flat beyond them, and what its absence adds.

    Heights are measured from the mean over the training rows that know the feature.
    """

    feature: str
    knots: tuple[float, ...]
    heights: tuple[float, ...]
    missing_coefficient: float
    missing_share: float


@dataclass(frozen=True)
class FittedModel:
    """What a candidate has learned: intercept + lines + curves + tree_weight x mean of the tree ensembles."""

    kind: str
    features: tuple[str, ...]
    intercept: float = 0.0
    linear: tuple[LinearTerm, ...] = ()
    trees: tuple[str, ...] = ()
    settings: tuple[tuple[str, float], ...] = ()
    curves: tuple[CurveTerm, ...] = ()
    tree_weight: float = 1.0

    def margins(self, values: Floats, *, n_threads: int = 1) -> Floats:
        """Return one margin per row; columns stand in the order of `features`."""
        total = np.full(len(values), self.intercept)
        for term in self.linear:
            total += line_of(term, values[:, self.features.index(term.feature)])
        for curve in self.curves:
            total += curve_of(curve, values[:, self.features.index(curve.feature)])
        if self.trees:
            total += self.tree_weight * _tree_margins(self.trees, values, n_threads)
        return total


def line_of(term: LinearTerm, column: Floats) -> Floats:
    """Return what one linear term adds to each margin.

    >>> term = LinearTerm("x", 1.0, 2.0, coefficient=3.0, missing_coefficient=-1.0, missing_share=0.5)
    >>> line_of(term, np.array([5.0, np.nan])).tolist()
    [6.0, -1.0]
    """
    missing = np.isnan(column)
    z = np.where(missing, 0.0, (column - term.mean) / term.scale)
    return np.asarray(term.coefficient * z + term.missing_coefficient * missing)


def curve_of(term: CurveTerm, column: Floats) -> Floats:
    """Return what one curve adds to each margin.

    >>> term = CurveTerm("x", (0.0, 1.0, 3.0), (-1.0, 0.0, 4.0), missing_coefficient=0.5, missing_share=0.1)
    >>> curve_of(term, np.array([-9.0, 2.0, 9.0, np.nan])).tolist()
    [-1.0, 2.0, 4.0, 0.5]
    """
    missing = np.isnan(column)
    height = np.interp(np.where(missing, term.knots[0], column), term.knots, term.heights)
    return np.where(missing, term.missing_coefficient, height)


def with_linear_weight(model: FittedModel, weight: float, *, level: float = 0.0) -> FittedModel:
    """Shrink a model's linear part toward a level: margins become level + weight x (margin - level)."""
    return replace(
        model,
        intercept=level + weight * (model.intercept - level),
        linear=tuple(
            replace(
                term,
                coefficient=weight * term.coefficient,
                missing_coefficient=weight * term.missing_coefficient,
            )
            for term in model.linear
        ),
        curves=tuple(
            replace(
                curve,
                heights=tuple(weight * height for height in curve.heights),
                missing_coefficient=weight * curve.missing_coefficient,
            )
            for curve in model.curves
        ),
    )


def _tree_margins(trees: tuple[str, ...], values: Floats, n_threads: int) -> Floats:
    lightgbm = load_lightgbm()

    found = []
    for text in trees:
        booster = lightgbm.Booster(model_str=text)
        found.append(booster.predict(values, raw_score=True, num_threads=n_threads))
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)
