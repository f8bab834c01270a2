"""The lines and curves of a model's margin, one a feature, beside its trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from earlywarn.errors import DamagedModelError
from earlywarn.scoring.trees import Floats, Integers


@dataclass(frozen=True, eq=False)
class LinearTerms:
    """A model's straight lines, one a feature: coefficient * (x - mean) / scale, and what missing adds."""

    column: Integers
    mean: Floats
    scale: Floats
    coefficient: Floats
    missing_coefficient: Floats
    missing_share: Floats

    @property
    def base(self) -> float:
        """What the lines add on average over the training rows, where the mean of z is zero."""
        return float(np.sum(self.missing_coefficient * self.missing_share))

    def attributions(self, rows: Floats) -> Floats:
        """Return each line's distance from its average over the training rows."""
        values = rows[:, self.column]
        missing = np.isnan(values)
        z = np.where(missing, 0.0, (values - self.mean) / self.scale)
        return np.asarray(self.coefficient * z + self.missing_coefficient * (missing - self.missing_share))


@dataclass(frozen=True, eq=False)
class CurveTerms:
    """A model's curves, one a feature: straight between knots, flat beyond them, and what missing adds.

    Heights are measured from their mean over the training rows that know the feature.
    """

    column: Integers
    knots: tuple[Floats, ...] = ()
    heights: tuple[Floats, ...] = ()
    missing_coefficient: Floats = field(default_factory=lambda: np.empty(0))
    missing_share: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def base(self) -> float:
        """What the curves add on average over the training rows."""
        return float(np.sum(self.missing_coefficient * self.missing_share))

    @cached_property
    def slopes(self) -> tuple[Floats, ...]:
        """Return how steep each curve is from each of its knots to the next."""
        pairs = zip(self.heights, self.knots, strict=True)
        return tuple(np.diff(heights) / np.diff(knots) for heights, knots in pairs)

    def attributions(self, rows: Floats) -> Floats:
        """Return each curve's distance from its average over the training rows."""
        values = rows[:, self.column]
        missing = np.isnan(values)
        added = np.empty_like(values)
        for place, (knots, heights, slopes) in enumerate(
            zip(self.knots, self.heights, self.slopes, strict=True)
        ):
            inside = np.clip(values[:, place], knots[0], knots[-1])
            before = np.searchsorted(knots[1:-1], inside, side="right")
            added[:, place] = heights[before] + slopes[before] * (inside - knots[before])
        added = np.where(missing, self.missing_coefficient, added)
        return np.asarray(added - self.missing_coefficient * self.missing_share)


def no_curves() -> CurveTerms:
    """Return the curves of a model that has none."""
    return CurveTerms(np.empty(0, dtype=np.int64))


def linear_terms(terms: list[Mapping[str, object]], features: tuple[str, ...]) -> LinearTerms:
    """Read the linear part of model.json.

    Raises:
        DamagedModelError: A term names no feature, or holds no number.
    """
    try:
        numbers = {
            key: np.array([float(str(term[key])) for term in terms], dtype=np.float64)
            for key in ("mean", "scale", "coefficient", "missing_coefficient", "missing_share")
        }
        column = np.array([features.index(str(term["feature"])) for term in terms], dtype=np.int64)
        finite = all(bool(np.isfinite(part).all()) for part in numbers.values())
    except (KeyError, ValueError) as error:
        raise DamagedModelError("the linear terms do not fit the features", where="model.json") from error
    if not finite or np.any(numbers["scale"] == 0) or len(set(column.tolist())) != len(terms):
        raise DamagedModelError("the linear terms are not whole", where="model.json")
    return LinearTerms(column=column, **numbers)


def curve_terms(terms: list[Mapping[str, object]], features: tuple[str, ...]) -> CurveTerms:
    """Read the curves of model.json.

    Raises:
        DamagedModelError: A curve names no feature, or its knots do not rise.
    """
    try:
        missing = {
            key: np.array([float(str(term[key])) for term in terms], dtype=np.float64)
            for key in ("missing_coefficient", "missing_share")
        }
        points = {
            key: tuple(np.array(term[key], dtype=np.float64) for term in terms)
            for key in ("knots", "heights")
        }
        column = np.array([features.index(str(term["feature"])) for term in terms], dtype=np.int64)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedModelError("the curves do not fit the features", where="model.json") from error
    whole = all(
        knots.ndim == 1
        and knots.size >= 2
        and knots.shape == heights.shape
        and bool(np.isfinite(heights).all() and np.isfinite(knots).all() and (np.diff(knots) > 0).all())
        for knots, heights in zip(points["knots"], points["heights"], strict=True)
    )
    finite = all(bool(np.isfinite(part).all()) for part in missing.values())
    if not whole or not finite or len(set(column.tolist())) != len(terms):
        raise DamagedModelError("the curves are not whole", where="model.json")
    return CurveTerms(
        column, points["knots"], points["heights"], missing["missing_coefficient"], missing["missing_share"]
    )
