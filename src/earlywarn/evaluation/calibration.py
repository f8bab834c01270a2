"""Say whether a risk means a rate: slope, intercept, expected calibration error, reliability bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes
from earlywarn.evaluation.calibration_intervals import CalibrationIntervals, error_intervals, line_intervals
from earlywarn.evaluation.figures import Draws

N_BINS = 10
SMALLEST = 1e-6


@dataclass(frozen=True)
class ReliabilityBin:
    """One tenth of the units by risk: what was said and what came true."""

    n: int
    mean_risk: float
    rate: float


@dataclass(frozen=True)
class CalibrationSheet:
    """How well risks match rates; slope 1 and intercept 0 are perfect."""

    slope: float
    intercept: float
    expected_error: float
    bins: tuple[ReliabilityBin, ...]
    intervals: CalibrationIntervals | None = None
    """How sure the three figures are; None where nothing was drawn or only one thing came true."""


def logit(risk: Floats) -> Floats:
    """Return log-odds, with risks kept a millionth away from certainty.

    >>> round(float(logit(np.array([0.75]))[0]), 4)
    1.0986
    """
    kept = np.clip(risk, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(kept / (1 - kept)))


def calibration_of(risk: Floats, label: Flags, draws: Draws | None = None) -> CalibrationSheet:
    """Compare risks with what came true; with draws, say how sure that is."""
    places = bins_of(risk)
    bins = _reliability(risk, label, places)
    n = sum(one.n for one in bins)
    error = sum(one.n * abs(one.mean_risk - one.rate) for one in bins) / n if n else float("nan")
    if label.all() or not label.any():
        return CalibrationSheet(float("nan"), float("nan"), error, bins)
    margin = logit(risk)
    line = fit_line(margin, label)
    _, intercept = fit_line(margin, label, slope=1.0)
    found = None
    if draws is not None:
        about_line = line_intervals(margin, label, draws, line=line, offset=intercept)
        found = CalibrationIntervals(*about_line, *error_intervals(risk, label, places, draws, error))
    return CalibrationSheet(line[0], intercept, error, bins, found)


def _reliability(risk: Floats, label: Flags, places: Indexes) -> tuple[ReliabilityBin, ...]:
    found = []
    for one in np.unique(places):
        inside = places == one
        found.append(
            ReliabilityBin(int(inside.sum()), float(risk[inside].mean()), float(label[inside].mean()))
        )
    return tuple(found)


def bins_of(risk: Floats) -> Indexes:
    """Return the tenth that each risk falls into; equal risks share one.

    >>> bins_of(np.full(3, 0.2)).tolist()
    [0, 0, 0]
    """
    if not risk.size:
        return np.zeros(0, dtype=np.intp)
    edges = np.unique(np.quantile(risk, np.arange(1, N_BINS) / N_BINS))
    return np.searchsorted(edges, risk, side="left")


def fit_line(margin: Floats, label: Flags, *, slope: float | None = None) -> tuple[float, float]:
    """Fit slope and intercept of the outcome's log-odds on the margin; a given slope stays."""
    truth = label.astype(np.float64)
    share = float(np.clip(truth.mean(), SMALLEST, 1 - SMALLEST))
    b = 1.0 if slope is None else slope
    a = float(np.log(share / (1 - share))) - b * float(margin.mean()) if slope is None else 0.0
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(a + b * margin, -500, 500)))
        gap, weight = truth - p, np.maximum(p * (1 - p), 1e-12)
        if slope is not None:
            step_a, step_b = float(gap.sum() / weight.sum()), 0.0
        else:
            step_a, step_b = _newton_step(margin, gap, weight)
        size = max(abs(step_a), abs(step_b))
        shrink = min(1.0, 5.0 / size) if size else 1.0
        a, b = a + shrink * step_a, b + shrink * step_b
        if size < 1e-10:
            break
    return b, a


def _newton_step(margin: Floats, gap: Floats, weight: Floats) -> tuple[float, float]:
    s0, s1, s2 = weight.sum(), (weight * margin).sum(), (weight * margin * margin).sum()
    g0, g1 = gap.sum(), (gap * margin).sum()
    # A hair of ridge keeps a constant margin from dividing by nothing.
    det = s0 * s2 - s1 * s1 + 1e-9 * s0 * s0
    return float((s2 * g0 - s1 * g1) / det), float((s0 * g1 - s1 * g0) / det)
