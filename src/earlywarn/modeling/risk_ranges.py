"""Fit how far a student's risk may be off, on the latest past cohort: two bounds, kept as JSON.

Venn-Abers bounds come first: the rate among past students with such margins if the student counts among them
as one who did not meet the outcome, or as one who did. Whichever the future confirms is calibrated, whatever
the model and however few the rows (Vovk, Petej 2014, "Venn-Abers predictors"). They say nothing of the chance
that put these students into the cohort, and meet where rows are many; so they are widened to what the same
curve says in 95 of 100 draws of the cohort's schools. See docs/decisions/0015.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

from earlywarn.evaluation import Flags, Floats, Indexes
from earlywarn.modeling.calibration_choice import ToldRows
from earlywarn.modeling.calibrators import moved_odds

MOST_KNOTS = 300
MOST_STUDENTS = 200_000
"""With more than these the bounds meet anyway."""

N_DRAWS = 100
N_CELLS = 200
TAIL = 0.025

GRIDS = (1e-6, 1e-4, 1e-3, 5e-3)
"""Bounds are rounded outward to the first of these by which the knots are few enough."""


@dataclass(frozen=True)
class Steps:
    """A rising step function: `y` has one more value than `x` has knots."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def shifted(self, shift: float) -> Steps:
        """Move every step by as much in log-odds."""
        return Steps(self.x, tuple(moved_odds(np.array(self.y), shift).tolist()))


@dataclass(frozen=True)
class RiskRange:
    """The two bounds as functions of the margin: the low one steps at a knot, the high one past it."""

    low: Steps
    high: Steps
    n_students: int
    widened_by: float
    """By how much rounding has moved either bound outward, at most."""

    def bounds(self, margin: Floats) -> tuple[Floats, Floats]:
        """Return the low and the high bound of each margin."""
        low = np.asarray(self.low.y)[np.searchsorted(self.low.x, margin, side="right")]
        return low, np.asarray(self.high.y)[np.searchsorted(self.high.x, margin, side="left")]

    def shifted(self, shift: float) -> RiskRange:
        """Move both bounds as the calibrator's level was moved, by as much in log-odds."""
        return replace(self, low=self.low.shifted(shift), high=self.high.shifted(shift))

    def to_dict(self) -> dict[str, Any]:
        """Return what `risk_range.json` holds."""
        return {
            "method": "venn_abers",
            "n_students": self.n_students,
            "widened_by": self.widened_by,
            "low": {"x": list(self.low.x), "y": list(self.low.y)},
            "high": {"x": list(self.high.x), "y": list(self.high.y)},
        }


def fit_risk_range(told: ToldRows, *, seed: int) -> RiskRange:
    """Fit the bounds on one row of each student, since the rows of one student repeat each other.

    Args:
        told: Margins that trained no part of the model that told them, and what came true.
        seed: Decides which row of a student counts, and what is drawn.
    """
    generator = np.random.default_rng(seed)
    chosen = told.take(_one_row_each(told.student, generator))
    low, high, places = venn_abers(chosen.margin, chosen.label)
    drawn_low, drawn_high = _drawn(chosen, places, generator)
    # A knot starts a step of the low bound and ends one of the high bound.
    low[1:] = np.minimum(low[1:], drawn_low)
    high[:-1] = np.maximum(high[:-1], drawn_high)
    for grid in GRIDS:
        below = _steps(places, np.floor(low / grid + 1e-6) * grid)
        above = _steps(places, np.minimum(np.ceil(high / grid - 1e-6) * grid, 1.0))
        if max(len(below.x), len(above.x)) <= MOST_KNOTS:
            break
    return RiskRange(below, above, int(chosen.label.size), grid)


def _one_row_each(student: Indexes, generator: np.random.Generator) -> Indexes:
    order = generator.permutation(student.size)
    _, first = np.unique(student[order], return_index=True)
    if first.size > MOST_STUDENTS:
        first = generator.choice(first, size=MOST_STUDENTS, replace=False)
    return np.sort(order[first])


def venn_abers(margin: Floats, label: Flags) -> tuple[Floats, Floats, Floats]:
    """Return both bounds, from below the first margin to past the last, and the margins they step at."""
    library = _load_library()
    # The library wants a chance per class; it only ever sorts by the second.
    columns = np.column_stack([-margin, margin])
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
        fitted = library.VennAbers().fit(p_cal=columns, y_cal=label.astype(np.float64))
    return fitted.p0[:, 1], fitted.p1[:, 1], fitted.c


def _drawn(told: ToldRows, places: Floats, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """Return, at each place, between what the cohort's rates lie in most draws of its schools or students."""
    n_cells = min(N_CELLS, told.margin.size)
    cell = np.empty(told.margin.size, dtype=np.intp)
    cell[np.argsort(told.margin, kind="stable")] = np.arange(cell.size) * n_cells // cell.size
    truth = told.label.astype(np.float64)
    rates = np.bincount(cell, weights=truth) / np.bincount(cell)
    clusters = told.clusters()
    n_clusters = int(clusters.max()) + 1
    curves = np.empty((N_DRAWS, n_cells))
    for one in curves:
        taken = np.bincount(generator.integers(0, n_clusters, n_clusters), minlength=n_clusters)
        weights = taken[clusters].astype(np.float64)
        sizes = np.bincount(cell, weights=weights, minlength=n_cells)
        hits = np.bincount(cell, weights=weights * truth, minlength=n_cells)
        drawn = np.divide(hits, sizes, out=rates.copy(), where=sizes > 0)
        one[:] = isotonic_regression(drawn, weights=np.maximum(sizes, 1e-9)).x
    low, high = np.quantile(curves, [TAIL, 1 - TAIL], axis=0)
    order = np.argsort(told.margin, kind="stable")
    first = cell[order][np.searchsorted(told.margin[order], places, side="left")]
    last = cell[order][np.searchsorted(told.margin[order], places, side="right") - 1]
    return low[first], high[last]


def _steps(places: Floats, values: Floats) -> Steps:
    """Keep the knots at which something changes."""
    rises = np.diff(values) > 0
    kept = np.concatenate(([True], rises))
    return Steps(tuple(places[rises].tolist()), tuple(values[kept].tolist()))


def _load_library() -> ModuleType:
    """Import the library, which on import silences numpy's warnings for the whole process; undo that."""
    before = np.geterr()
    from venn_abers import venn_abers as library

    np.seterr(**before)
    found: ModuleType = library
    return found
