"""Choose the reasons of many rows at once, compiled to machine code when first called.

The same rule as in `reasons`, row after row instead of column after column; nothing is put into words here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from earlywarn.scoring.trees import Floats, Integers

Array = Any
"""What the compiler takes for an array."""


def choose(
    values: Floats, attributions: Floats, book: tuple[Array, ...], limits: tuple[int, int, float]
) -> tuple[Integers, Floats]:
    """Return the column that leads each reason of a row, -1 after the last, and each reason's share.

    Args:
        values: Encoded feature values, (rows, features).
        attributions: Their shares, (rows, features).
        book: Of each column that may be spoken of: its feature, indicator, sign and usual value, whether
            it is a level, and the column whose value is named; then the family of each indicator.
        limits: How many reasons at most, how many of a family, and the smallest share.
    """
    leads = np.full((len(values), limits[0]), -1, dtype=np.int64)
    totals = np.zeros(leads.shape)
    _choose(values, attributions, book, limits, leads, totals)
    return leads, totals


@njit(cache=True, nogil=True)
def _choose(
    values: Array, attributions: Array, book: Array, limits: Array, leads: Array, totals: Array
) -> None:
    feature, indicator, _, _, _, spoken, family = book
    n_most, most_of_family, smallest = limits
    n_columns = feature.size
    held, share = np.empty(n_columns, dtype=np.int64), np.empty(n_columns)
    lead, total = np.empty(n_columns, dtype=np.int64), np.empty(n_columns)
    for row in range(values.shape[0]):
        n_held = 0
        for column in range(n_columns):
            own = attributions[row, feature[column]]
            # Most features take no part in most scores.
            if own == 0.0 or np.isnan(values[row, feature[column]]):
                continue
            if not np.isnan(values[row, feature[spoken[column]]]):
                held[n_held], share[n_held] = column, own
                n_held += 1
        # Columns stand by indicator: each run of them is one that may be told.
        n_eligible, first = 0, 0
        while first < n_held:
            end, whole = first, 0.0
            while end < n_held and indicator[held[end]] == indicator[held[first]]:
                whole += share[end]
                end += 1
            way, best = 1.0 if whole > 0 else -1.0, 0.0
            if abs(whole) >= smallest:
                for place in range(first, end):
                    pull = way * share[place]
                    if pull > best and _agrees(values, row, held[place], way, book):
                        best, lead[n_eligible] = pull, held[place]
            if best > 0:
                total[n_eligible] = whole
                n_eligible += 1
            first = end
        _take(leads[row], totals[row], lead, total, n_eligible, n_most, most_of_family, indicator, family)


@njit(cache=True, nogil=True)
def _take(
    leads: Array,
    totals: Array,
    lead: Array,
    total: Array,
    n_eligible: int,
    n_most: int,
    most_of_family: int,
    indicator: Array,
    family: Array,
) -> None:
    """Take the eligible in the order of their shares, no family more often than it may."""
    n_taken = 0
    while n_taken < n_most:
        chosen = -1
        for one in range(n_eligible):
            if lead[one] >= 0 and (chosen < 0 or _before(total[one], total[chosen])):
                chosen = one
        if chosen < 0:
            return
        own, n_of_family = family[indicator[lead[chosen]]], 0
        for place in range(n_taken):
            n_of_family += family[indicator[leads[place]]] == own
        if n_of_family < most_of_family:
            leads[n_taken], totals[n_taken] = lead[chosen], total[chosen]
            n_taken += 1
        lead[chosen] = -1


@njit(cache=True, nogil=True)
def _before(one: float, other: float) -> bool:
    """Say whether a share is told first: those that raise before those that lower, each the largest first."""
    if (one > 0) != (other > 0):
        return bool(one > 0)
    return bool(abs(one) > abs(other))


@njit(cache=True, nogil=True)
def _agrees(values: Array, row: int, column: int, way: float, book: Array) -> bool:
    """Say whether the fact, and the one that is named for it, point the way that the model took them."""
    spoken = book[5][column]
    points = _points(values, row, column, way, book)
    return points and (spoken == column or _points(values, row, spoken, way, book))


@njit(cache=True, nogil=True)
def _points(values: Array, row: int, column: int, way: float, book: Array) -> bool:
    feature, _, sign, usual, is_level, _, _ = book
    value = values[row, feature[column]]
    if is_level[column] and value != 1.0:
        return False
    if sign[column] == 0:
        return True
    difference = value - usual[column]
    return bool(sign[column] * difference * way > 0)
