"""Fit the cut-points of "in the lowest share" on training rows, and cut labels by them.

Every split fits its own, inside itself: a tested row's value moves no cut-point that it is judged by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earlywarn.evaluation import CutPoint, CutPoints, Floats, Indexes, Words

if TYPE_CHECKING:
    from earlywarn.features import QuantileOutcome

FEWEST_TO_CUT = 20
"""A group with fewer training rows than this has no cut-point of its own."""


@dataclass(frozen=True, eq=False)
class CutRule:
    """What there is to cut: each row's value, its group, and the share that lies low."""

    value: Floats
    """NaN where not yet known."""
    group: Words
    outcome: QuantileOutcome

    def fit(self, train: Indexes, *, split: str) -> CutPoints:
        """Fit each group's cut-point on training rows."""
        known = train[np.isfinite(self.value[train])]
        points = []
        for group in np.unique(self.group[known]):
            values = self.value[known[self.group[known] == group]]
            if values.size >= FEWEST_TO_CUT:
                points.append(CutPoint(str(group), lowest_share(values, self.outcome.share), values.size))
        return CutPoints(split, self.outcome.share, self.outcome.per, self.outcome.ranked, tuple(points))

    def labels(self, cuts: CutPoints) -> Floats:
        """Return 1 at or below the cut-point of the row's group, 0 above, NaN where either is unknown."""
        found = np.full(self.value.size, np.nan)
        for group, cut in cuts.by_group.items():
            own = (self.group == group) & np.isfinite(self.value)
            found[own] = self.value[own] <= cut
        return found


def lowest_share(values: Floats, share: float) -> float:
    """Return the least of the values that at least a share of them does not exceed.

    >>> lowest_share(np.array([50.0, 10.0, 30.0, 20.0, 40.0, 60.0, 80.0, 70.0]), 0.25)
    20.0
    """
    # Rounded first: 0.1 x 30 is not to count as the fourth of thirty values.
    place = max(0, math.ceil(round(share * values.size, 9)) - 1)
    return float(np.sort(values)[place])
