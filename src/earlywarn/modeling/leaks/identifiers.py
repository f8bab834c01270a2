"""Identifiers: a nearly unique column in the order of schools or of students is a number, not a fact.

Files are written school by school; a row's number, or a number given at enrolment, then tells the school.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from earlywarn.evaluation import Finding, Floats, Words
from earlywarn.modeling.leaks.words import finding

FEWEST_ROWS = 50
NEARLY_UNIQUE = 0.95
LIMIT = 0.5
"""Of the way from chance to perfect order."""

MOST_NAMED = 5


def school_order(values: Floats, names: Sequence[str], school: Words, student: Words) -> Finding:
    """Stop at a nearly unique column in the order of schools or students, among rows of one as-of date."""
    if school.size < FEWEST_ROWS:
        return finding("school_order", float("nan"), LIMIT, "cannot tell")
    order = np.array([in_order(column, school, student) for column in values.T])
    worst = np.argsort(-order, kind="stable")
    found = tuple(names[place] for place in worst if order[place] > LIMIT)
    figure = float(order[worst[0]]) if order.size else 0.0
    if found:
        return finding("school_order", figure, LIMIT, "stopped", columns=found[:MOST_NAMED])
    return finding("school_order", figure, LIMIT, "passed")


def in_order(column: Floats, school: Words, student: Words) -> float:
    """Say how far a column is in order, from 0 by chance to 1; 0 where it is not nearly unique.

    >>> school = np.repeat(["a", "b"], 40)
    >>> round(in_order(np.arange(80.0), school, school), 3), in_order(np.ones(80), school, school)
    (0.975, 0.0)
    """
    known = ~np.isnan(column)
    n_known = int(known.sum())
    if n_known < FEWEST_ROWS or np.unique(column[known]).size < NEARLY_UNIQUE * n_known:
        return 0.0
    place = np.unique(student[known], return_inverse=True)[1]
    rank = abs(float(spearmanr(column[known], place).statistic)) if np.unique(place).size > 2 else 0.0
    return max(_by_school(column[known], school[known]), rank if rank > NEARLY_UNIQUE else 0.0)


def _by_school(column: Floats, school: Words) -> float:
    """Say how much more often neighbors in the column's order share a school than by chance."""
    shares = np.unique(school, return_counts=True)[1] / school.size
    chance = float((shares**2).sum())
    if chance > NEARLY_UNIQUE:
        return 0.0
    ordered = school[np.argsort(column, kind="stable")]
    return max(0.0, (float((ordered[1:] == ordered[:-1]).mean()) - chance) / (1 - chance))
