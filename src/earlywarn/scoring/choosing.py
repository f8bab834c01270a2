"""Choose the reasons of a block of rows, compiled to machine code when first called.

The same rule as in `reasons`, feature by feature over all rows of the block; only the last step, to put each
row's few in order, goes row by row. Nothing is put into words here.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from earlywarn.scoring.explanations.many import PADDING, Array
from earlywarn.scoring.reasons import MOST_OF_A_FAMILY, MOST_REASONS, POWER, SMALLEST
from earlywarn.scoring.telling import Told
from earlywarn.scoring.trees import Floats


def tell_block(values: Floats, sums: Floats, n: int, book: tuple[Array, ...], told: Told) -> None:
    """Write the reasons of a block of rows in numbers, as `reasons.tell` gives them.

    Args:
        values: Encoded feature values, (features, rows).
        sums: Their shares of the margins, (features, rows).
        n: Rows of the block.
        book: Of each column that may be spoken of: its feature, indicator, sign and usual value, and whether
            it is a level; the column whose value is named, and the features that hold what that is compared
            with; then the family of each indicator.
        told: Where reasons are written, (rows, places, numbers); it holds NaN.
    """
    columns, named, family = book
    shape = (family.size, n + PADDING)
    totals, best, leads = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int32)
    _weigh(values, sums, n, columns, named[0], totals, best, leads)
    # Given, not looked up: what is compiled and kept on the disk would not see them change.
    taken = np.empty((n, MOST_REASONS), dtype=np.int64)
    _take(n, family, totals, best, (MOST_OF_A_FAMILY, SMALLEST), taken)
    _write(values, n, columns[0], named, totals, leads, taken, POWER, told)


@njit(cache=True, nogil=True)
def _weigh(
    values: Array,
    sums: Array,
    n: int,
    columns: Array,
    spoken: Array,
    totals: Array,
    best: Array,
    leads: Array,
) -> None:
    """Add up each indicator's shares, and find the column that pulls most the way that the indicator does."""
    feature, indicator, sign, usual, is_level = columns
    for column in range(feature.size):
        own, total = sums[feature[column]], totals[indicator[column]]
        value, said = values[feature[column]], values[feature[spoken[column]]]
        for row in range(n):
            total[row] += 0.0 if np.isnan(value[row]) | np.isnan(said[row]) else own[row]
    for column in range(feature.size):
        other = spoken[column]
        own, total = sums[feature[column]], totals[indicator[column]]
        value, said = values[feature[column]], values[feature[other]]
        most, lead = best[indicator[column]], leads[indicator[column]]
        for row in range(n):
            way = 1.0 if total[row] > 0 else -1.0
            is_reason = _points(value[row], way, sign[column], usual[column], is_level[column])
            is_reason &= _points(said[row], way, sign[other], usual[other], is_level[other])
            pull = way * own[row] if is_reason else 0.0
            lead[row] = column if pull > most[row] else lead[row]
            most[row] = pull if pull > most[row] else most[row]


@njit(cache=True, nogil=True)
def _points(value: float, way: float, sign: float, usual: float, is_level: bool) -> bool:
    """Say whether a value is known, and is a fact that points the way that the model took it."""
    agrees = (sign == 0.0) | (sign * (value - usual) * way > 0)
    return bool(agrees & (value == 1.0 if is_level else value == value))


@njit(cache=True, nogil=True)
def _take(n: int, family: Array, totals: Array, best: Array, limits: Array, taken: Array) -> None:
    """Take each row's reasons in the order of their shares, no family more often than it may; then -1."""
    most_of_family, smallest = limits
    eligible, sizes = np.empty(family.size, dtype=np.int64), np.empty(family.size)
    for row in range(n):
        n_taken = 0
        # Those that raise are told before those that lower.
        for way in (1.0, -1.0):
            n_eligible = 0
            for one in range(family.size):
                size = way * totals[one, row]
                eligible[n_eligible], sizes[n_eligible] = one, size
                n_eligible += (best[one, row] > 0) & (size >= smallest)
            while n_taken < taken.shape[1]:
                place, largest = -1, 0.0
                for other in range(n_eligible):
                    if sizes[other] > largest:
                        place, largest = other, sizes[other]
                if place < 0:
                    break
                one, n_of_family = eligible[place], 0
                sizes[place] = 0.0
                for before in range(n_taken):
                    n_of_family += family[taken[row, before]] == family[one]
                if n_of_family < most_of_family:
                    taken[row, n_taken] = one
                    n_taken += 1
        taken[row, n_taken:] = -1


@njit(cache=True, nogil=True)
def _write(
    values: Array,
    n: int,
    feature: Array,
    named: Array,
    totals: Array,
    leads: Array,
    taken: Array,
    power: float,
    told: Array,
) -> None:
    """Write what each reason speaks of, its share, the value, the own past and the peers."""
    # All at once: for each reason a call, and arrays handed to it, would cost more than what it does.
    spoken, own_past, peers = named
    for row in range(n):
        for place in range(taken.shape[1]):
            indicator = taken[row, place]
            if indicator < 0:
                break
            one = spoken[leads[indicator, row]]
            value = values[feature[one], row]
            told[row, place, 0], told[row, place, 1] = one, totals[indicator, row]
            told[row, place, 2] = value
            if own_past[one] >= 0:
                told[row, place, 3] = np.rint((value - values[own_past[one], row]) * power) / power + 0.0
            if peers[one] >= 0:
                told[row, place, 4] = np.rint((value - values[peers[one], row]) * power) / power + 0.0
