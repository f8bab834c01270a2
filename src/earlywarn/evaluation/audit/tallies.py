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

MOST_PARTS = 200
"""Where there are more clusters than this, the jackknife leaves out parts of them (Kott 2001)."""


@dataclass(frozen=True, eq=False)
class Tally:
    """Sums per group: on the rows themselves, in every draw, and with one part of the clusters left out.

    Draws give intervals their middle; the jackknife gives standard errors without the chance of the draws.
    """

    total: Floats
    drawn: Floats
    left_out: Floats

    def __add__(self, other: Tally) -> Tally:
        """Add sums group by group."""
        return Tally(self.total + other.total, self.drawn + other.drawn, self.left_out + other.left_out)

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
        return Tally(*(divided(one, other) for one, other in zip(self._parts, below._parts, strict=True)))

    @property
    def _parts(self) -> tuple[Floats, Floats, Floats]:
        return self.total, self.drawn, self.left_out

    def jackknife(self) -> tuple[Floats, Floats]:
        """Return each group's standard error, and its degrees of freedom.

        The error is how far the group moves when one part of the clusters is left out. Its freedom is that of
        Satterthwaite (1946): where a few parts hold most of what moves, as in a small group, it is far below
        the number of parts, and Student's t makes the interval wide enough.
        """
        told = np.isfinite(self.left_out)
        n_parts = np.maximum(told.sum(axis=0), 1)
        moved = np.where(told, self.left_out - self.total, 0.0)
        squares, fourths = (moved**2).sum(axis=0), (moved**4).sum(axis=0)
        spread = fourths - squares**2 / n_parts
        freedom = np.divide(
            2 * squares**2, spread, out=n_parts.astype(np.float64), where=spread > 1e-12 * squares**2
        )
        error = np.sqrt(squares * (n_parts - 1) / n_parts)
        return error, np.maximum(np.minimum(freedom, n_parts) - 1, 1.0)


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


def divided(above: Floats, below: Floats) -> Floats:
    """Divide where there is anything to divide by; elsewhere nothing can be told."""
    # Sums of many rows leave a hair where nothing is left.
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 1e-9))
