"""Sum rows per group and per bootstrap draw in one pass, whatever the number of groups.

A mask per group and draw would read a million rows hundreds of times; sums per cluster and group are a small
matrix, which the draws then multiply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from earlywarn.evaluation.arrays import Floats, Indexes
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.figures import Draws


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums per group: on the rows themselves, and in every draw (a row per draw)."""

    total: Floats
    drawn: Floats

    def __add__(self, other: Tally) -> Tally:
        """Add sums group by group."""
        return Tally(self.total + other.total, self.drawn + other.drawn)

    def __sub__(self, other: Tally) -> Tally:
        """Subtract sums group by group."""
        return Tally(self.total - other.total, self.drawn - other.drawn)

    def size(self) -> Tally:
        """Return how large each difference is, either way."""
        return Tally(np.abs(self.total), np.abs(self.drawn))

    @property
    def rest(self) -> Tally:
        """Return the same sums of everybody else whose group is known."""
        everybody = self.drawn.sum(axis=1, keepdims=True)
        return Tally(self.total.sum() - self.total, everybody - self.drawn)

    def over(self, below: Tally) -> Tally:
        """Divide sums group by group; nothing over nothing cannot be told."""
        return Tally(divided(self.total, below.total), divided(self.drawn, below.drawn))


class Tallies:
    """Sums of one grouping's rows."""

    def __init__(self, grouping: Grouping, draws: Draws) -> None:
        self.n_groups, self.n_clusters = len(grouping.values), draws.counts.shape[1]
        self.known: Indexes | None = None if grouping.known.all() else np.flatnonzero(grouping.known)
        self.counts = draws.counts
        codes, clusters = self._kept(grouping.codes), self._kept(draws.clusters)
        self.cells = clusters * self.n_groups + codes

    def rows(self) -> Tally:
        """Count the rows."""
        return self._tally(None)

    def of(self, values: Floats) -> Tally:
        """Sum one value per row."""
        return self._tally(self._kept(values))

    def clusters_with_rows(self) -> Indexes:
        """Count the clusters that hold rows of each group."""
        return np.asarray((self._sums(None) > 0).sum(axis=0))

    def _kept(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values if self.known is None else values[self.known]

    def _sums(self, values: Floats | None) -> Floats:
        sums = np.bincount(self.cells, weights=values, minlength=self.n_clusters * self.n_groups)
        return sums.reshape(self.n_clusters, self.n_groups).astype(np.float64)

    def _tally(self, values: Floats | None) -> Tally:
        sums = self._sums(values)
        return Tally(sums.sum(axis=0), self.counts @ sums)


def divided(above: Floats, below: Floats) -> Floats:
    """Divide where there is anything to divide by; elsewhere nothing can be told."""
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0))
