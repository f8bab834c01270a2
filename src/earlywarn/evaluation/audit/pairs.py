"""Measure ranking inside strata by pairs, for many groups at once.

AUC is the share of pairs, one unit with the outcome and one without, that stand in the right order. Only
units of one stratum are paired here: the same moment, or the same school, grade and moment. A draw's AUC is
told to first order from each row's share of the pairs (Obuchowski 1997, Biometrics 53:567), by one sort.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from earlywarn.evaluation.arrays import Flags, Floats, Indexes
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.tallies import Tallies, Tally
from earlywarn.evaluation.figures import Draws


@dataclass(frozen=True, eq=False)
class PairRows:
    """Per row: how many of its pairs stand in the right order, and how many it has; ties count half."""

    right: Floats
    all: Floats


def pair_rows(margin: Floats, label: Flags, strata: Indexes, by_margin: Indexes | None = None) -> PairRows:
    """Pair each row with those of its stratum on the other side of the outcome.

    Args:
        margin: What rows are ranked by.
        label: What came true.
        strata: Rows of one number are paired.
        by_margin: The rows in rising order of margin, where they are sorted already.

    >>> label, strata = np.array([True, True, False]), np.zeros(3, dtype=np.intp)
    >>> found = pair_rows(np.array([2.0, 1.0, 1.0]), label, strata)
    >>> found.right.tolist(), found.all.tolist()
    ([1.0, 0.5, 1.5], [1.0, 1.0, 2.0])
    """
    if not margin.size:
        return PairRows(np.zeros(0), np.zeros(0))
    order = np.argsort(margin, kind="stable") if by_margin is None else by_margin
    order = order[np.argsort(small(strata[order]), kind="stable")]
    stratum, score, with_it = strata[order], margin[order], label[order]
    new_stratum = np.concatenate(([True], stratum[1:] != stratum[:-1]))
    new_tie = new_stratum | np.concatenate(([True], score[1:] != score[:-1]))
    strata_starts, tie_starts = np.flatnonzero(new_stratum), np.flatnonzero(new_tie)
    own_stratum, own_tie = np.cumsum(new_stratum) - 1, np.cumsum(new_tie) - 1
    right, everyone = np.empty(margin.size), np.empty(margin.size)
    for side, own_side in ((with_it, ~with_it), (~with_it, with_it)):
        # `side` are those met: how many of them does each row of `own_side` have in its stratum, and lower?
        met = side.astype(np.float64)
        before = np.cumsum(met) - met
        lower = before[tie_starts][own_tie] - before[strata_starts][own_stratum]
        level = np.add.reduceat(met, tie_starts)[own_tie]
        there = np.add.reduceat(met, strata_starts)[own_stratum]
        below = lower + level / 2
        ordered = below if side is not with_it else there - below
        right[order[own_side]] = ordered[own_side]
        everyone[order[own_side]] = there[own_side]
    return PairRows(right, everyone)


def small(codes: Indexes) -> npt.NDArray[Any]:
    """Return codes in two bytes where they fit: numpy sorts those by counting, ten times as fast."""
    fits = codes.size and codes.min() >= -1 and codes.max() < np.iinfo(np.int16).max
    return codes.astype(np.int16) if fits else codes


def pair_aucs(pairs: PairRows, grouping: Grouping, draws: Draws, *, nested: bool) -> Tally:
    """Return AUC per group, and in every draw.

    Args:
        pairs: What each row's pairs say; strata must lie within groups.
        grouping: The groups.
        draws: What intervals draw.
        nested: Each stratum lies in one cluster, so that a draw takes or leaves its pairs as a whole.
    """
    sums = Tallies(grouping, draws)
    right, everyone = sums.of(pairs.right), sums.of(pairs.all)
    value = right.over(everyone)
    if nested:
        return value
    return Tally(
        value.total,
        _first_order(value.total, right.drawn, everyone.drawn, everyone.total),
        _first_order(value.total, right.left_out, everyone.left_out, everyone.total),
    )


def _first_order(value: Floats, right: Floats, everyone: Floats, total: Floats) -> Floats:
    """Return AUC with other weights; both units of a pair carry it, so these sums hold each pair twice."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = 2 * (right - value * everyone) / total
    return np.clip(value + moved, 0.0, 1.0)
