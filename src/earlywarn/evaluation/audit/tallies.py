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
from earlywarn.evaluation.figures import Draws, divided

MOST_PARTS = 200
"""Where there are more clusters than this, the jackknife leaves out parts of them (Kott 2001)."""

HAIR = 1e-9
"""Sums of many rows leave as much where nothing is left."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums per group: on the rows themselves, in every draw, and with one part of the clusters left out.

    Draws give intervals their middle; the jackknife gives standard errors without the chance of the draws.
    """

    total: Floats
    drawn: Floats
    left_out: Floats

    def __sub__(self, other: Tally) -> Tally:
        """Subtract sums group by group."""
        return Tally(self.total - other.total, self.drawn - other.drawn, self.left_out - other.left_out)

    def size(self) -> Tally:
        """Return how large each difference is, either way."""
        return Tally(np.abs(self.total), np.abs(self.drawn), np.abs(self.left_out))

    @property
    def rest(self) -> Tally:
        """Return the same sums of everybody else whose group is known."""
        return Tally(*(part.sum(axis=-1, keepdims=True) - part for part in self._parts))

    def over(self, below: Tally) -> Tally:
        """Divide sums group by group; nothing over nothing cannot be told."""
        pairs = zip(self._parts, below._parts, strict=True)
        return Tally(*(divided(one, other, more_than=HAIR) for one, other in pairs))

    @property
    def _parts(self) -> tuple[Floats, Floats, Floats]:
        return self.total, self.drawn, self.left_out

    def jackknife_errors(self) -> Floats:
        """Return each group's standard error: how far it moves when one part of the clusters is left out."""
        told = np.isfinite(self.left_out)
        n_parts = np.maximum(told.sum(axis=0), 1)
        moved = np.where(told, self.left_out - self.total, 0.0)
        return np.asarray(np.sqrt((moved**2).sum(axis=0) * (n_parts - 1) / n_parts))

    def effective_parts(self) -> Floats:
        """Return over how many parts each sum is spread, as if evenly (Kish 1965).

        A hundred outcomes of which ninety stand in one school say little more than that school does.
        """
        parts = self.total - self.left_out
        return np.asarray(divided(parts.sum(axis=0) ** 2, (parts**2).sum(axis=0), more_than=HAIR))


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

    def _kept(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values if self.known is None else values[self.known]

    def _sums(self, values: Floats | None) -> Floats:
        sums = np.bincount(self.cells, weights=values, minlength=self.n_clusters * self.n_groups)
        return sums.reshape(self.n_clusters, self.n_groups).astype(np.float64)

    def _by_part(self, sums: Floats) -> Floats:
        if self.n_clusters <= MOST_PARTS:
            return sums
        # Clusters are numbered by name, so that parts are alike and do not depend on the order of rows.
        padded = np.zeros((-(-self.n_clusters // MOST_PARTS) * MOST_PARTS, self.n_groups))
        padded[: self.n_clusters] = sums
        return np.asarray(padded.reshape(-1, MOST_PARTS, self.n_groups).sum(axis=0))

    def _tally(self, values: Floats | None) -> Tally:
        sums = self._sums(values)
        total = sums.sum(axis=0)
        return Tally(total, self.counts @ sums, total - self._by_part(sums))
