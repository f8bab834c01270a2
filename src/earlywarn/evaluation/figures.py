"""Measure ranking and probability: AUC, average precision, Brier, and how each varies between schools.

Never draws its own randomness: generators are passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from earlywarn.evaluation.arrays import Flags, Floats, Indexes

LEVEL = 0.95
"""Every interval of the quality sheet is at this level."""

DRAWS_AT_ONCE = 25
"""Draws measured in one pass: enough to be quick, few enough to stay in memory."""


@dataclass(frozen=True)
class Figure:
    """A number with its interval; an end that cannot be told is NaN."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True)
class Draws:
    """Bootstrap draws of whole clusters; the same draws for two models make their difference paired."""

    clusters: Indexes
    counts: Floats
    """How often each draw took each cluster: one row per draw."""

    def rows(self, mask: Flags | Indexes) -> Draws:
        """Return the same draws for some of the rows."""
        return Draws(self.clusters[mask], self.counts)

    def totals(self, values: Floats | Flags) -> Floats:
        """Sum `values` per draw, each row as often as its cluster was taken."""
        sums = np.bincount(self.clusters, weights=values, minlength=self.counts.shape[1])
        return np.asarray(self.counts @ sums)

    def all_totals(self, values: Sequence[Floats]) -> Floats:
        """Sum several values per draw in one pass: one row each."""
        shape = self.counts.shape[1]
        sums = [np.bincount(self.clusters, weights=one, minlength=shape) for one in values]
        return np.asarray((self.counts @ np.column_stack(sums)).T)


def draw_clusters(clusters: Indexes, *, n_draws: int, generator: np.random.Generator) -> Draws:
    """Draw clusters with replacement, as many as there are."""
    n_clusters = int(clusters.max()) + 1 if clusters.size else 1
    counts = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=n_draws)
    return Draws(clusters, counts.astype(np.float64))


class Ranking:
    """Scores sorted once, so that hundreds of weighted measures cost one pass each."""

    def __init__(self, scores: Floats, label: Flags) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ordered = scores[self.order]
        self.starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        self.has_ties = self.starts.size < ordered.size
        self.label = label[self.order].astype(np.float64)

    def auc(self, weights: Floats | None = None) -> float:
        """Return the chance that a unit with the outcome ranks above one without; ties count half.

        >>> round(Ranking(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])).auc(), 3)
        0.875
        """
        return float(self._aucs(self._ordered(weights))[0])

    def average_precision(self, weights: Floats | None = None) -> float:
        """Return precision averaged over the ranks where the outcome stands.

        >>> round(Ranking(np.array([3.0, 2.0, 1.0]), np.array([True, False, True])).average_precision(), 3)
        0.833
        """
        return float(self._average_precisions(self._ordered(weights))[0])

    def drawn_aucs(self, draws: Draws) -> Floats:
        """Return AUC per draw."""
        return np.concatenate([_drawn_aucs(*sums) for sums in self._drawn_sums(draws)])

    def drawn_average_precisions(self, draws: Draws) -> Floats:
        """Return average precision per draw."""
        return np.concatenate([_drawn_average_precisions(*sums) for sums in self._drawn_sums(draws)])

    def sensitivities(self, rates: Floats) -> Floats:
        """Return the share of units with the outcome that is found at each false-positive rate.

        >>> ranking = Ranking(np.array([3.0, 2.0, 1.0]), np.array([True, False, True]))
        >>> ranking.sensitivities(np.array([0.5, 1.0])).tolist()
        [0.5, 1.0]
        """
        return np.asarray(self._sensitivities(self._ordered(None), rates)[0])

    def drawn_sensitivities(self, draws: Draws, rates: Floats) -> Floats:
        """Return the same per draw: one row per draw, one column per rate."""
        return np.concatenate([self._sensitivities(weights, rates) for weights in self._blocks(draws)])

    def _ordered(self, weights: Floats | None) -> Floats:
        return np.ones((1, self.label.size)) if weights is None else weights[self.order][None, :]

    def _blocks(self, draws: Draws) -> Iterator[Floats]:
        clusters = draws.clusters[self.order]
        for start in range(0, len(draws.counts), DRAWS_AT_ONCE):
            yield draws.counts[start : start + DRAWS_AT_ONCE, clusters]

    def _drawn_sums(self, draws: Draws) -> Iterator[tuple[Floats, Floats, Floats]]:
        """Yield, for some draws at a time, what was drawn at each place where the outcome stands.

        A place is a score that some row with the outcome has. Three sums per place and draw: rows with the
        outcome, rows without it of the same score, and rows without it between this place and the one
        above; below the last place stands one more. Counting rows by cluster first, nothing is as long as
        the rows but one product of a sparse matrix; and all sums are of whole numbers, so they are exact.
        """
        clusters = draws.clusters[self.order]
        group = np.zeros(self.label.size, dtype=np.intp)
        group[self.starts[1:]] = 1
        group = np.cumsum(group)
        has_hits = np.zeros(self.starts.size, dtype=bool)
        is_hit = self.label > 0
        has_hits[group[is_hit]] = True
        above = np.cumsum(has_hits) - has_hits
        place, at_place = above[group], has_hits[group]
        n_places, n_clusters = int(has_hits.sum()), draws.counts.shape[1]
        parts = [
            _counted(place[kept], clusters[kept], n_rows, n_clusters)
            for kept, n_rows in (
                (is_hit, n_places),
                (at_place & ~is_hit, n_places),
                (~at_place, n_places + 1),
            )
        ]
        for start in range(0, len(draws.counts), DRAWS_AT_ONCE):
            some = draws.counts[start : start + DRAWS_AT_ONCE].T
            hits, ties, between = (part @ some for part in parts)
            yield hits, ties, between

    def _aucs(self, weights: Floats) -> Floats:
        hits, misses = self._sums(weights)
        total = hits.sum(axis=1) * misses.sum(axis=1)
        below = misses.sum(axis=1, keepdims=True) - np.cumsum(misses, axis=1) + misses / 2
        return divided((hits * below).sum(axis=1), total)

    def _average_precisions(self, weights: Floats) -> Floats:
        hits, misses = self._sums(weights)
        found, total = np.cumsum(hits, axis=1), hits.sum(axis=1)
        listed = np.cumsum(hits + misses, axis=1)
        precision = np.divide(found, listed, out=np.zeros_like(found), where=listed > 0)
        return divided((hits * precision).sum(axis=1), total)

    def _sensitivities(self, weights: Floats, rates: Floats) -> Floats:
        # A step up lies between two equal rates, of which interpolation takes the later: the top of the step.
        return np.array([_interpolated(*sums, rates) for sums in zip(*self._sums(weights), strict=True)])

    def _sums(self, weights: Floats) -> tuple[Floats, Floats]:
        hits = weights * self.label
        misses = weights - hits
        if not self.has_ties:
            return hits, misses
        return np.add.reduceat(hits, self.starts, axis=1), np.add.reduceat(misses, self.starts, axis=1)


def _interpolated(hits: Floats, misses: Floats, rates: Floats) -> Floats:
    found, passed = (np.concatenate([[0.0], np.cumsum(sums)]) for sums in (hits, misses))
    if not found[-1] or not passed[-1]:
        return np.full(rates.shape, np.nan)
    return np.asarray(np.interp(rates * passed[-1], passed, found) / found[-1])


def _counted(place: Indexes, clusters: Indexes, n_places: int, n_clusters: int) -> csr_array:
    """Count rows by place and cluster; rows come in the order of their places."""
    ends = np.cumsum(np.bincount(place, minlength=n_places))
    starts = np.concatenate(([0], ends))
    return csr_array((np.ones(place.size), clusters, starts), shape=(n_places, n_clusters))


def _drawn_aucs(hits: Floats, ties: Floats, between: Floats) -> Floats:
    n_misses = ties.sum(axis=0) + between.sum(axis=0)
    below = n_misses - np.cumsum(ties + between[:-1], axis=0) + ties / 2
    return divided((hits * below).sum(axis=0), hits.sum(axis=0) * n_misses)


def _drawn_average_precisions(hits: Floats, ties: Floats, between: Floats) -> Floats:
    found = np.cumsum(hits, axis=0)
    listed = np.cumsum(hits + ties + between[:-1], axis=0)
    precision = np.divide(found, listed, out=np.zeros_like(found), where=listed > 0)
    return divided((hits * precision).sum(axis=0), hits.sum(axis=0))


def divided(above: Floats, below: Floats, *, more_than: float = 0.0) -> Floats:
    """Divide where there is more to divide by than that; elsewhere nothing can be told."""
    return np.asarray(np.divide(above, below, out=np.full(below.shape, np.nan), where=below > more_than))


def interval(value: float, drawn: Floats) -> Figure:
    """Return `value` with the middle part of what the draws gave."""
    usable = drawn[np.isfinite(drawn)]
    if usable.size < drawn.size / 2 or usable.size == 0:
        return Figure(value)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(usable, [tail, 1 - tail])
    return Figure(value, float(low), float(high))


def ratio_figure(numerator: Floats | Flags, denominator: Floats | Flags, draws: Draws) -> Figure:
    """Return a ratio of sums with its interval; both sums are per row, so draws cost one product."""
    below = float(denominator.sum())
    value = float(numerator.sum()) / below if below else float("nan")
    return interval(value, divided(draws.totals(numerator), draws.totals(denominator)))


def brier_rows(risk: Floats, label: Flags) -> Floats:
    """Return the squared error of each risk."""
    return np.asarray((risk - label.astype(np.float64)) ** 2)
