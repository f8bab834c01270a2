"""A fitted model as plain values: linear terms plus trees as text, added in margin (log-odds) space."""

from __future__ import annotations

from dataclasses import dataclass

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
class FittedModel:
    """What a candidate has learned; its margin is intercept + linear terms + mean of the tree ensembles."""

    kind: str
    features: tuple[str, ...]
    intercept: float = 0.0
    linear: tuple[LinearTerm, ...] = ()
    trees: tuple[str, ...] = ()
    settings: tuple[tuple[str, float], ...] = ()

    def margins(self, values: Floats, *, n_threads: int = 1) -> Floats:
        """Return one margin per row; columns stand in the order of `features`."""
        total = np.full(len(values), self.intercept)
        for term in self.linear:
            total += line_of(term, values[:, self.features.index(term.feature)])
        if self.trees:
            total += _tree_margins(self.trees, values, n_threads)
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


def _tree_margins(trees: tuple[str, ...], values: Floats, n_threads: int) -> Floats:
    lightgbm = load_lightgbm()

    found = []
    for text in trees:
        booster = lightgbm.Booster(model_str=text)
        found.append(booster.predict(values, raw_score=True, num_threads=n_threads))
    return np.asarray(np.mean(found, axis=0), dtype=np.float64)
