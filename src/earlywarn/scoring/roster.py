"""Rosters: the units of a school and grade by margin, cut at what the school can do.

The cut and its tie-break are those by which the model's lists were measured in the back-test.
"""

from __future__ import annotations

import math
from hashlib import blake2b

import numpy as np
import pyarrow as pa

from earlywarn.scoring.trees import Floats, Integers

TIE_RULE = "margin, then a keyless hash of the student's pseudonym, then the unit's id"


def capacity_of(n_units: int, share: float) -> int:
    """Return how many of `n_units` fit a list: never more than the share, but one where there is anyone.

    >>> [capacity_of(n, 0.10) for n in (0, 4, 19, 20, 30)]
    [0, 1, 1, 2, 3]
    """
    if n_units == 0:
        return 0
    return max(1, math.floor(share * n_units + 1e-9))


def cut_rosters(
    lists: Integers,
    margins: Floats,
    *,
    students: pa.Array[pa.StringScalar],
    units: pa.Array[pa.StringScalar],
    share: float,
) -> Integers:
    """Cut every list at its capacity; rows without a margin are counted and never listed.

    Args:
        lists: The number of the list that each row belongs to (a school's grade, say).
        margins: One margin per row, NaN where not scored.
        students: Pseudonyms, for the tie-break.
        units: Ids of what is scored, for ties within one student.
        share: The part of each list's units that the school can help.

    Returns:
        Each row's rank on its list, from 1; 0 where it is not listed.
    """
    sizes = np.bincount(lists)
    capacities = np.array([capacity_of(n, share) for n in sizes.tolist()], dtype=np.int64)
    rows = _foremost(lists, margins, capacities)
    ties = np.array([_tie(str(one)) for one in students.take(rows).to_pylist()], dtype=np.int64)
    names = np.array(units.take(rows).to_pylist(), dtype=np.str_)
    rows = rows[np.lexsort((names, ties, -margins[rows], lists[rows]))]
    ranks = np.zeros(lists.size, dtype=np.int64)
    ranks[rows] = _places(lists[rows]) + 1
    ranks[ranks > capacities[lists]] = 0
    return ranks


def _foremost(lists: Integers, margins: Floats, capacities: Integers) -> Integers:
    """Return the scored rows that may be listed: no tie is broken among the many others."""
    rows = np.flatnonzero(~np.isnan(margins))
    rows = rows[np.argsort(-margins[rows])]
    # Narrow numbers are sorted by counting; whoever is tied may come in any order.
    narrow = np.min_scalar_type(capacities.size)
    rows = rows[np.argsort(lists[rows].astype(narrow), kind="stable")]
    # Whoever is as good as the last that fits may be on the list.
    fits = _places(lists[rows]) < capacities[lists[rows]]
    least = np.full(capacities.size, np.inf)
    np.minimum.at(least, lists[rows[fits]], margins[rows[fits]])
    return np.asarray(rows[margins[rows] >= least[lists[rows]]])


def _places(lists: Integers) -> Integers:
    """Return the place of each row within its list, from 0; rows are in the order of their lists.

    >>> _places(np.array([4, 4, 7, 7, 7])).tolist()
    [0, 1, 0, 1, 2]
    """
    starts = np.searchsorted(lists, lists)
    return np.asarray(np.arange(lists.size) - starts)


def _tie(student: str) -> int:
    return int.from_bytes(blake2b(student.encode(), digest_size=7).digest(), "big")
