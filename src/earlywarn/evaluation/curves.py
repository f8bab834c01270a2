"""Keep a compact curve of a model: its sensitivity at some forty false-positive rates, with intervals.

The curve is averaged over moments at each rate, as the sheet's AUC is, so that the area under it is that AUC.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Floats
from earlywarn.evaluation.figures import Draws, Ranking, interval
from earlywarn.evaluation.measures import Scored, TestRows

RATES = np.concatenate(
    [
        [0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.025],
        np.arange(3, 10) / 100,
        np.arange(10, 40, 2) / 100,
        np.arange(40, 101, 5) / 100,
    ]
)
"""False-positive rates, closest where lists are cut."""


@dataclass(frozen=True)
class Curve:
    """A model's sensitivity at each false-positive rate (1 - specificity), and its interval."""

    name: str
    false_positive_rate: tuple[float, ...]
    sensitivity: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def curve_of(scored: Scored, rows: TestRows, draws: Draws) -> Curve:
    """Measure one model's curve on test rows."""
    values, drawn = [], []
    for keep in rows.moments_apart.values():
        if not 0 < int(rows.label[keep].sum()) < int(keep.sum()):
            continue
        ranking = Ranking(scored.margin[keep], rows.label[keep])
        values.append(ranking.sensitivities(RATES))
        drawn.append(ranking.drawn_sensitivities(draws.rows(keep), RATES))
    mean: Floats = np.mean(values, axis=0) if values else np.full(RATES.size, np.nan)
    spread: Floats = np.mean(drawn, axis=0) if drawn else np.full((1, RATES.size), np.nan)
    figures = [interval(float(value), spread[:, place]) for place, value in enumerate(mean)]
    return Curve(
        scored.name,
        tuple(float(rate) for rate in RATES),
        tuple(one.value for one in figures),
        tuple(one.low for one in figures),
        tuple(one.high for one in figures),
    )
