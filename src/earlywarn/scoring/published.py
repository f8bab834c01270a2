"""A published model in memory: plain arrays that give margins, risks and exact attributions.

Nothing here reads a file or knows LightGBM; `publication` loads and verifies, this computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from earlywarn.domain import Language
from earlywarn.errors import DamagedModelError
from earlywarn.features import Catalog, Encoding, FeatureEntry
from earlywarn.scoring.calibration import Calibrator
from earlywarn.scoring.explanations import LeafTables
from earlywarn.scoring.risk_ranges import RiskRange
from earlywarn.scoring.trees import Floats, Integers

_MEDIAN = 5
RULES = "rules"
"""The kind of a list by rules."""


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

    def attributions(self, rows: Floats) -> Floats:
        """Return each curve's distance from its average over the training rows."""
        values = rows[:, self.column]
        missing = np.isnan(values)
        heights = np.empty_like(values)
        for place, (knots, own) in enumerate(zip(self.knots, self.heights, strict=True)):
            known = np.where(missing[:, place], knots[0], values[:, place])
            heights[:, place] = np.interp(known, knots, own)
        added = np.where(missing, self.missing_coefficient, heights)
        return np.asarray(added - self.missing_coefficient * self.missing_share)


def no_curves() -> CurveTerms:
    """Return the curves of a model that has none."""
    return CurveTerms(np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Abstention:
    """Who is not scored: a unit of whom none of these features is known.

    Where none is named, any but the calendar will do.
    """

    needs_any: tuple[str, ...] = ()
    words: Mapping[Language, str] = field(
        default_factory=lambda: {
            "fr": "les données sont trop peu nombreuses",
            "en": "there are too few data",
        }
    )


@dataclass(frozen=True, eq=False)
class PublishedModel:
    """One version of one model, verified and ready to score."""

    network: str
    model: str
    version: str
    kind: str
    features: tuple[str, ...]
    intercept: float
    linear: LinearTerms
    tables: LeafTables
    calibrator: Calibrator
    catalog: Catalog
    encoding: Encoding
    deciles: Mapping[str, tuple[float, ...]]
    """Eleven deciles of each feature over the training rows; empty where it was always missing."""
    outcome: Mapping[Language, str]
    capacity_share: float
    capacity_per: tuple[str, ...]
    base_rate: float | None
    """How many of the training rows met the outcome; None for a list by rules, which learned from nobody."""
    expected_precision: float | None
    has_school_years: bool
    """Whether its periods are school years, for the words of windows."""
    abstention: Abstention
    details: Mapping[str, object]
    """The whole of model.json, for those who show it."""
    curves: CurveTerms = field(default_factory=no_curves)
    risk_range: RiskRange | None = None
    """How far each risk may be off; None where the model was published without."""

    @property
    def base(self) -> float:
        """Return the margin of a row of which nothing is known; attributions add up from here."""
        return self.intercept + self.linear.base + self.curves.base + self.tables.base

    def attributions(self, rows: Floats, *, many: bool = False) -> Floats:
        """Return each feature's share of each row's margin, (rows, features), in `features` order.

        With `many`, machine code reads the trees: the same bits, for whoever has thousands of rows and numba.
        """
        if many:
            # The service has few rows at a time, and loads no compiler.
            from earlywarn.scoring.explanations.many import attributions_of_many

            shares = attributions_of_many(self.tables, rows)
        else:
            shares = self.tables.attributions(rows)
        if self.linear.column.size:
            shares[:, self.linear.column] += self.linear.attributions(rows)
        if self.curves.column.size:
            shares[:, self.curves.column] += self.curves.attributions(rows)
        return shares

    def margins(self, rows: Floats) -> Floats:
        """Return each row's score in log-odds, before calibration; rankings use this."""
        return self.margins_of(self.attributions(rows))

    def margins_of(self, attributions: Floats) -> Floats:
        """Return the margins that attributions add up to.

        Points are whole numbers: what rounding left of a sum would order students who have as many.
        """
        total = self.base + attributions.sum(axis=1)
        return np.asarray(np.rint(total) if self.kind == RULES else total)

    def risks(self, margins: Floats) -> Floats:
        """Return calibrated chances of the outcome."""
        return self.calibrator.risks(margins)

    def ranges(self, margins: Floats, risks: Floats) -> tuple[Floats, Floats] | None:
        """Return the low and the high bound of each risk, or None where the model has none."""
        return None if self.risk_range is None else self.risk_range.bounds(margins, risks)

    @cached_property
    def entries(self) -> tuple[FeatureEntry | None, ...]:
        """Return the catalog's entry of each feature; None where staff are told nothing of it."""
        known = {entry.name: entry for entry in self.catalog}
        shown = {name: entry for name, entry in known.items() if not entry.is_context}
        return tuple(shown.get(name) for name in self.features)

    @cached_property
    def needed(self) -> Integers:
        """Return the columns of which at least one must be known for a unit to be scored."""
        context = {entry.name for entry in self.catalog if entry.is_context}
        names = self.abstention.needs_any or tuple(name for name in self.features if name not in context)
        return np.array([i for i, name in enumerate(self.features) if name in names], dtype=np.int64)

    @cached_property
    def medians(self) -> Floats:
        """Return each feature's median over the training rows, missing where there was none."""
        middle = [self.deciles.get(name, ()) for name in self.features]
        return np.array([q[_MEDIAN] if len(q) > _MEDIAN else np.nan for q in middle], dtype=np.float64)

    def summary(self) -> str:
        """Say in one line what is published."""
        return (
            f"{self.network}/{self.model} version {self.version}: {self.kind}, {len(self.features)} features"
        )


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
