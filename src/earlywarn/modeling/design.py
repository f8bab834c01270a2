"""Turn columns into what a linear fit sees: lines, or ramps between quantiles, and flags of absence.

A ramp is clip(x, low, high) - low: its coefficient is the slope of one segment of a curve, so a declared sign
bounds each segment, and beyond the outer quantiles, where there was little to learn from, a curve is flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from earlywarn.evaluation import Flags, Floats, Indexes
from earlywarn.modeling.fitted import CurveTerm, LinearTerm

FEWEST_MISSING = 0.002
"""A column missing less often than this gets no coefficient for its absence."""

N_SEGMENTS = 3
OUTER = 0.01
"""The share of training rows beyond each end of a curve."""

MOST_CURVES = 24
CHANCE_OF_A_CURVE = 0.01
"""A column is given segments where its residuals bend more than this chance would have it."""

MOST_AT_ONCE = 10_000_000
"""Values whose mean and spread are taken together: a column of many rows is measured alone."""

Bounds = list[tuple[float | None, float | None]]


@dataclass(frozen=True)
class Design:
    """Columns ready for a linear fit: standardized lines or ramps, then flags of absence."""

    features: tuple[str, ...]
    signs: Floats
    column: Indexes
    """Which column each part reads."""
    low: Floats
    high: Floats
    """The ends of each part; infinite where it is a whole line."""
    mean: Floats
    scale: Floats
    missing_share: Floats
    flagged: Flags

    def columns(self, values: Floats) -> Floats:
        """Return the design matrix of some rows."""
        parts = _parts(values, self.column, self.low, self.high)
        parts -= self.mean
        parts /= self.scale
        np.nan_to_num(parts, copy=False, nan=0.0)
        return np.concatenate([parts, np.isnan(values[:, self.flagged])], axis=1)

    def bounds(self) -> Bounds:
        """Return what each coefficient may be: intercept, one per part, one per flag of absence."""
        signed: dict[float, tuple[float | None, float | None]] = {1.0: (0.0, None), -1.0: (None, 0.0)}
        free: tuple[float | None, float | None] = (None, None)
        own = [signed.get(float(self.signs[place]), free) for place in self.column]
        return [free, *own, *([free] * int(self.flagged.sum()))]

    def terms(self, weights: Floats) -> tuple[tuple[LinearTerm, ...], tuple[CurveTerm, ...]]:
        """Name the weights, intercept excluded; terms that do nothing are left out."""
        absent = np.zeros(len(self.features))
        absent[self.flagged] = weights[self.column.size :]
        lines, curves = [], []
        for place, name in enumerate(self.features):
            own = np.flatnonzero(self.column == place)
            if not own.size or not (absent[place] != 0 or np.any(weights[own] != 0)):
                continue
            share = float(self.missing_share[place])
            if np.isinf(self.low[own[0]]):
                one = own[0]
                mean, scale = float(self.mean[one]), float(self.scale[one])
                lines.append(LinearTerm(name, mean, scale, float(weights[one]), float(absent[place]), share))
            else:
                slopes = weights[own] / self.scale[own]
                start = -float(slopes @ self.mean[own])
                rises = np.cumsum(slopes * (self.high[own] - self.low[own]))
                knots = (float(self.low[own[0]]), *self.high[own].tolist())
                heights = (start, *(start + rises).tolist())
                curves.append(CurveTerm(name, knots, heights, float(absent[place]), share))
        return tuple(lines), tuple(curves)


def line_design(values: Floats, features: Sequence[str], signs: Floats) -> Design:
    """Give every column a straight line."""
    n_columns = values.shape[1]
    low, high = np.full(n_columns, -np.inf), np.full(n_columns, np.inf)
    return _measured(values, features, signs, np.arange(n_columns), low, high)


def curve_design(values: Floats, features: Sequence[str], signs: Floats, curved: Indexes) -> Design:
    """Give some columns segments between their quantiles, and every other one a straight line."""
    column, low, high = [], [], []
    for place in range(values.shape[1]):
        knots = _knots(values[:, place]) if place in curved else np.array([-np.inf, np.inf])
        column += [place] * (knots.size - 1)
        low += knots[:-1].tolist()
        high += knots[1:].tolist()
    return _measured(values, features, signs, np.array(column, dtype=np.intp), np.array(low), np.array(high))


def bent_columns(values: Floats, residual: Floats, weight: Floats) -> Indexes:
    """Return the columns along which residuals of a linear fit bend, by a score test; most bent first.

    The test asks whether segments would add to the column's own line, all else as fitted.

    Args:
        values: Training rows.
        residual: Label minus fitted chance.
        weight: Fitted chance times its complement.
    """
    found = []
    for place in range(values.shape[1]):
        known = ~np.isnan(values[:, place])
        column, knots = values[known, place], _knots(values[:, place])
        if knots.size < 3:
            continue
        line = np.column_stack([np.ones(column.size), column - column.mean()])
        ramps = _parts(column[:, None], np.zeros(knots.size - 1, dtype=np.intp), knots[:-1], knots[1:])
        own = weight[known][:, None]
        # What the line explains of the ramps is taken out of them.
        rest = ramps - line @ np.linalg.lstsq(line.T @ (own * line), line.T @ (own * ramps), rcond=None)[0]
        score, spread = rest.T @ residual[known], rest.T @ (own * rest)
        statistic = float(score @ np.linalg.pinv(spread, rcond=1e-8) @ score)
        chance = float(chi2.sf(statistic, knots.size - 2))
        if chance < CHANCE_OF_A_CURVE:
            found.append((chance, -statistic, place))
    return np.array([place for _, _, place in sorted(found)[:MOST_CURVES]], dtype=np.intp)


def _knots(column: Floats) -> Floats:
    """Return the ends of segments: quantiles of what is known; fewer than three where few values occur."""
    known = column[~np.isnan(column)]
    if not known.size:
        return np.empty(0)
    inner = np.arange(1, N_SEGMENTS) / N_SEGMENTS
    return np.unique(np.quantile(known, [OUTER, *inner, 1 - OUTER]))


def _parts(values: Floats, column: Indexes, low: Floats, high: Floats) -> Floats:
    parts = values[:, column]
    ramps = np.isfinite(low)
    if ramps.any():
        parts[:, ramps] = np.clip(parts[:, ramps], low[ramps], high[ramps]) - low[ramps]
    return np.asarray(parts)


def _measured(
    values: Floats, features: Sequence[str], signs: Floats, column: Indexes, low: Floats, high: Floats
) -> Design:
    missing_share = np.isnan(values).mean(axis=0)
    empty = missing_share >= 1.0
    kept = ~empty[column]
    column, low, high = column[kept], low[kept], high[kept]
    mean, scale = np.empty(column.size), np.empty(column.size)
    at_once = max(1, MOST_AT_ONCE // max(1, len(values)))
    for start in range(0, column.size, at_once):
        some = slice(start, start + at_once)
        parts = _parts(values, column[some], low[some], high[some])
        mean[some], scale[some] = np.nanmean(parts, axis=0), np.nanstd(parts, axis=0)
    scale = np.where(scale > 1e-12, scale, 1.0)
    flagged = (missing_share >= FEWEST_MISSING) & ~empty
    return Design(tuple(features), signs, column, low, high, mean, scale, missing_share, flagged)
