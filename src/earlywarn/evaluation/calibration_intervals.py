"""Say how sure slope, intercept and expected calibration error are, by the draws of everything else.

An expected error is never zero: on few rows even perfect risks miss their bins' rates by chance. What such
risks would show on these very rows stands beside it, so that a reader can tell error from noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes
from earlywarn.evaluation.figures import Draws, Figure, divided, interval

LEAST = 1e-12
"""Less information than this draws no line."""


@dataclass(frozen=True)
class CalibrationIntervals:
    """Figures of a calibration sheet with their intervals."""

    slope: Figure
    intercept: Figure
    expected_error: Figure
    by_chance: Figure
    """The expected error that perfect risks would show on as many rows: its mean, and its range."""


def line_intervals(
    margin: Floats, label: Flags, draws: Draws, *, line: tuple[float, float], offset: float
) -> tuple[Figure, Figure]:
    """Return slope and intercept with their intervals: one Newton step per draw, from the fit on all rows.

    One step is right to the order of the fit's own error, and costs a few sums (Davison, Hinkley 1997, 2.7).

    Args:
        margin: Log-odds of the risks.
        label: What came true.
        draws: What intervals draw.
        line: Slope and intercept fitted together.
        offset: The intercept fitted at slope 1.
    """
    slope, intercept = line
    gap, weight = _residuals(intercept + slope * margin, label)
    other_gap, other_weight = _residuals(offset + margin, label)
    sums = [gap, gap * margin, weight, weight * margin, weight * margin**2, other_gap, other_weight]
    g0, g1, s0, s1, s2, other_gap, other_weight = draws.all_totals(sums)
    slopes = slope + divided(s0 * g1 - s1 * g0, s0 * s2 - s1 * s1, more_than=LEAST)
    offsets = offset + divided(other_gap, other_weight, more_than=LEAST)
    return interval(slope, slopes), interval(offset, offsets)


def error_intervals(
    risk: Floats, label: Flags, bins: Indexes, draws: Draws, error: float
) -> tuple[Figure, Figure]:
    """Return the expected error with its interval, and what perfect risks would show on these rows.

    Draws add noise of their own to an error; the interval is moved back by what they add on average.

    Args:
        risk: Calibrated risks.
        label: What came true.
        bins: The bin of each row, 0 to the last.
        draws: What intervals draw.
        error: The expected error of all rows.
    """
    gap = risk - label
    n_bins = int(bins.max()) + 1 if bins.size else 0
    per_bin = [np.where(bins == one, gap, 0.0) for one in range(n_bins)]
    sizes, *misses_of = draws.all_totals([np.ones(gap.size), *per_bin])
    misses = np.array(misses_of)
    whole = np.bincount(bins, weights=gap, minlength=n_bins)
    drawn = divided(np.abs(misses).sum(axis=0), sizes)
    chance = divided(np.abs(misses - np.outer(whole / max(gap.size, 1), sizes)).sum(axis=0), sizes)
    moved = np.maximum(drawn - (_mean(drawn) - error), 0.0)
    return interval(error, moved), interval(_mean(chance), chance)


def _mean(drawn: Floats) -> float:
    """Return the mean over the draws that took any row: all of a group may stand in one school."""
    told = drawn[np.isfinite(drawn)]
    return float(told.mean()) if told.size else float("nan")


def _residuals(margin: Floats, label: Flags) -> tuple[Floats, Floats]:
    p = 1 / (1 + np.exp(-np.clip(margin, -500, 500)))
    return label - p, p * (1 - p)
