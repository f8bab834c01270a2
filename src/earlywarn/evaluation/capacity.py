"""Cut lists that fit what a school can do, and measure them at that size.

A list is the units of one school (and grade) at one moment, by margin, cut at the capacity. Ties at the cut
are reported three ways: best (every tie falls well), worst, and by the named rule that rosters use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats, Indexes, Words, codes_of, distinct
from earlywarn.evaluation.figures import Draws, Figure, divided, interval, ratio_figure

TIE_RULE = "margin, then a keyless hash of the student's pseudonym"


def capacity_of(n_units: int, share: float) -> int:
    """Return how many of `n_units` fit a list: never more than the share, but one where there is anyone.

    >>> [capacity_of(n, 0.10) for n in (0, 4, 19, 20, 30)]
    [0, 1, 1, 2, 3]
    """
    if n_units == 0:
        return 0
    return max(1, math.floor(share * n_units + 1e-9))


@dataclass(frozen=True)
class ListCounts:
    """One list: its size, how many on it truly had the outcome, and how many there were to find."""

    n_units: int
    n_listed: int
    n_positive: int
    hits: int
    hits_best: int
    hits_worst: int


@dataclass(frozen=True)
class Lists:
    """All lists of one model; `listed` has one flag per row, by the named tie rule."""

    listed: Flags
    counts: tuple[ListCounts, ...]
    best: Floats
    """Per row, the hits of its list if ties fall well, spread over the listed rows."""
    worst: Floats


@dataclass(frozen=True)
class CapacityFigures:
    """Precision, recall and lift at capacity, with ties best and worst."""

    n_lists: int
    n_listed: int
    precision: Figure
    precision_best: float
    precision_worst: float
    recall: Figure
    lift: float


def tie_order(student: Words) -> Indexes:
    """Return a rank per row that follows a hash of the pseudonym, the same whatever the row order."""
    names, inverse = distinct(student.astype(str))
    hashes = np.array([int.from_bytes(blake2b(n.encode(), digest_size=7).digest(), "big") for n in names])
    return np.argsort(np.argsort(hashes, kind="stable"), kind="stable")[inverse].astype(np.intp)


def cut_lists(margin: Floats, label: Flags, lists: Words, ties: Indexes, *, share: float) -> Lists:
    """Cut every list at its capacity."""
    codes = codes_of(lists)
    order = np.lexsort((ties, -margin, codes))
    starts = np.flatnonzero(np.concatenate(([True], np.diff(codes[order]) > 0)))
    ends = np.append(starts[1:], order.size)
    listed = np.zeros(margin.size, dtype=bool)
    best, worst = np.zeros(margin.size), np.zeros(margin.size)
    counts = []
    for start, end in zip(starts, ends, strict=True):
        rows = order[start:end]
        n_listed = capacity_of(rows.size, share)
        one = _count(margin[rows], label[rows], n_listed)
        taken = rows[:n_listed]
        listed[taken] = True
        best[taken], worst[taken] = one.hits_best / n_listed, one.hits_worst / n_listed
        counts.append(one)
    return Lists(listed, tuple(counts), best, worst)


def _count(margin: Floats, label: Flags, n_listed: int) -> ListCounts:
    last = margin[n_listed - 1]
    above, tied = margin > last, margin == last
    sure, places = int(label[above].sum()), n_listed - int(above.sum())
    tied_hits, tied_misses = int(label[tied].sum()), int((~label[tied]).sum())
    return ListCounts(
        n_units=margin.size,
        n_listed=n_listed,
        n_positive=int(label.sum()),
        hits=int(label[:n_listed].sum()),
        hits_best=sure + min(places, tied_hits),
        hits_worst=sure + max(0, places - tied_misses),
    )


def precision_gain(one: Flags, other: Flags, label: Flags, draws: Draws) -> Figure:
    """Return the precision of one model's lists minus that of another's, on the same draws."""
    values, drawn = [], []
    for listed in (one, other):
        hits = listed & label
        values.append(float(hits.sum() / listed.sum()))
        drawn.append(divided(draws.totals(hits), draws.totals(listed)))
    return interval(values[0] - values[1], drawn[0] - drawn[1])


def capacity_figures(lists: Lists, label: Flags, draws: Draws) -> CapacityFigures:
    """Measure lists against what came true."""
    truth, listed = label.astype(np.float64), lists.listed.astype(np.float64)
    hits = truth * listed
    precision = ratio_figure(hits, listed, draws)
    n_listed = int(listed.sum())
    base = float(truth.mean()) if truth.size else float("nan")
    return CapacityFigures(
        n_lists=len(lists.counts),
        n_listed=n_listed,
        precision=precision,
        precision_best=float(lists.best.sum()) / n_listed if n_listed else float("nan"),
        precision_worst=float(lists.worst.sum()) / n_listed if n_listed else float("nan"),
        recall=ratio_figure(hits, truth, draws),
        lift=precision.value / base if base else float("nan"),
    )
