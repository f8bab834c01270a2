"""Measure lift: how many times more often the outcome comes true among those listed than among all."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats
from earlywarn.evaluation.figures import Draws, Figure, divided, interval


def lift_figure(hits: Floats | Flags, listed: Floats | Flags, truth: Floats | Flags, draws: Draws) -> Figure:
    """Return precision over the base rate, with its interval; each draw has a base rate of its own.

    >>> rows = [np.array(one) for one in ([1.0, 0, 0, 0], [1.0, 0, 1, 0], [1.0, 1, 0, 0])]
    >>> lift_figure(*rows, Draws(np.zeros(4, dtype=np.intp), np.ones((1, 1)))).value
    1.0
    """
    n = np.ones(hits.size)
    sums = [np.array([values.sum()]) for values in (hits, listed, truth, n)]
    drawn = [draws.totals(values) for values in (hits, listed, truth, n)]
    return interval(float(_lift(*sums)[0]), _lift(*drawn))


def _lift(hits: Floats, listed: Floats, truth: Floats, n: Floats) -> Floats:
    return divided(hits * n, listed * truth)
