"""Short names for the arrays that the simulator passes around, and the two things it does to them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Days: TypeAlias = NDArray[np.datetime64]
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def chance(log_odds: Floats) -> Floats:
    """Turn log-odds into a probability.

    >>> float(chance(np.array([0.0]))[0])
    0.5
    """
    return 1.0 / (1.0 + np.exp(-log_odds))


def rank_within(groups: NDArray[Any]) -> Integers:
    """Number the members of each group 0, 1, 2, ... in the order they stand.

    >>> rank_within(np.array([7, 3, 7, 7, 3])).tolist()
    [0, 0, 1, 2, 1]
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.array([], int)
    sizes = np.diff(np.r_[starts, len(ordered)])
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(ordered)) - np.repeat(starts, sizes)
    return ranks
