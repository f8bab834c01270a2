"""A published model in memory: plain arrays that give margins, risks and exact attributions.

Nothing here reads a file or knows LightGBM; `publication` loads and verifies, this computes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter

import numpy as np

from earlywarn.domain import Language
from earlywarn.features import Catalog, Encoding, FeatureEntry
from earlywarn.scoring.calibration import Calibrator
from earlywarn.scoring.explanations import Budget, LeafTables
from earlywarn.scoring.risk_ranges import RiskRange
from earlywarn.scoring.terms import CurveTerms, LinearTerms, no_curves
from earlywarn.scoring.trees import Floats, Integers

_MEDIAN = 5
RULES = "rules"
"""The kind of a list by rules."""


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

    @cached_property
    def base(self) -> float:
        """Return the margin of a row of which nothing is known; attributions add up from here."""
        return self.intercept + self.linear.base + self.curves.base + self.tables.base

    def attributions(self, rows: Floats) -> Floats:
        """Return each feature's share of each row's margin, (rows, features), in `features` order."""
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
        """Return the margins that attributions add up to, feature by feature."""
        # Counted one after the other, as machine code does: a plain sum would add them in pairs.
        return self.rounded(self.base + np.cumsum(attributions, axis=1)[:, -1])

    def rounded(self, margins: Floats) -> Floats:
        """Return points as whole numbers: what rounding left would order students who have as many."""
        return np.asarray(np.rint(margins) if self.kind == RULES else margins)

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
    def pick(self) -> Callable[[Mapping[str, float | None]], Sequence[float | None]]:
        """Return what takes the features out of a row, in their order; a KeyError says one is missing."""
        # Of one name an itemgetter makes no sequence.
        (first, *more) = self.features
        return itemgetter(first, *more) if more else lambda row: (row[first],)

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
        """Say in one line what is published, and whether it is slow to explain."""
        name = f"{self.network}/{self.model} version {self.version}"
        told = f"{name}: {self.kind}, {len(self.features)} features"
        if Budget().holds(self.tables):
            return told
        return (
            f"{told}; explaining takes more than its budget: {self.tables.n_steps:,} steps a row, "
            f"{self.tables.n_bytes:,} bytes"
        )
