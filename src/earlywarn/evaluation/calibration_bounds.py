"""Hold slope and intercept of a calibration to declared bounds, where the base rate did not move.

Both are judged by an interval: the information of a logistic line in the ten bins of the reliability table,
with a student's rows at several moments counted as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.domain import Language
from earlywarn.evaluation.text import Sheet, number

STANDARD_ERRORS = 2.0
RATE_MOVED = 0.25
"""By which share of itself the base rate may change before bounds no longer apply."""

_MOVED: dict[Language, str] = {
    "fr": "justesse des risques\u00a0: le taux est passé de {past} à {now}, on ne peut pas trancher",
    "en": "calibration: the base rate moved from {past} to {now}, cannot tell",
}


@dataclass(frozen=True)
class Bounds:
    """Between which bounds a line through risks and rates must lie; 1 and 0 are perfect."""

    smallest_slope: float = 0.7
    largest_slope: float = 1.4
    largest_intercept: float = 0.3
    """In log-odds, either way: 0.3 is a rate of 0.25 said as 0.20 or 0.31."""


def rate_moved(lead: Sheet, chosen: Sheet, language: Language) -> list[str]:
    """Say that the base rate moved between past and future, where it did."""
    past, now = lead["n_positive"] / lead["n_train"], chosen["overall"]["base_rate"]
    if abs(now / past - 1) <= RATE_MOVED:
        return []
    rates = {"past": number(past, language=language), "now": number(now, language=language)}
    return [_MOVED[language].format(**rates)]


def slope_reason(lead: Sheet, chosen: Sheet, bounds: Bounds) -> tuple[tuple[str, ...], str]:
    """Return the reasons to close, and the figures."""
    moved = rate_moved(lead, chosen, "en")
    if moved:
        return (), moved[0]
    told = chosen["overall"]["calibration"]
    of_slope, of_intercept = line_errors(told["bins"], n_moments=len(lead["moments"]))
    slope, intercept = told["slope"], told["intercept"]
    figures = f"slope {number(slope, 2)}, intercept {number(intercept, 2)}"
    if slope is None or intercept is None:
        return (f"its calibration cannot be drawn as a line ({figures})",), figures
    closed = []
    low, high = slope - of_slope, slope + of_slope
    if high < bounds.smallest_slope or low > bounds.largest_slope:
        closed.append(
            f"its calibration slope is {number(slope, 2)} [{number(low, 2)}, {number(high, 2)}], outside "
            f"{bounds.smallest_slope} to {bounds.largest_slope}"
        )
    if abs(intercept) - of_intercept > bounds.largest_intercept:
        closed.append(
            f"its calibration intercept is {number(intercept, 2)}, further from 0 than "
            f"{bounds.largest_intercept}"
        )
    return tuple(closed), figures


def line_errors(bins: list[Sheet], *, n_moments: int) -> tuple[float, float]:
    """Return two standard errors of slope and of intercept, from the bins of a reliability table.

    >>> bins = [{"n": 100, "mean_risk": 0.2}, {"n": 100, "mean_risk": 0.8}]
    >>> [round(one, 3) for one in line_errors(bins, n_moments=1)]
    [0.255, 0.354]
    """
    risk = np.clip(np.array([one["mean_risk"] for one in bins], dtype=np.float64), 1e-6, 1 - 1e-6)
    weight = np.array([one["n"] for one in bins], dtype=np.float64) * risk * (1 - risk) / max(1, n_moments)
    x = np.log(risk / (1 - risk))
    total = float(weight.sum())
    spread = float((weight * x**2).sum() - (weight * x).sum() ** 2 / total) if total else 0.0
    if not total or spread <= 0:
        return 0.0, 0.0
    return float(STANDARD_ERRORS / np.sqrt(spread)), float(STANDARD_ERRORS / np.sqrt(total))
