"""Rosters: the units of a school and grade by margin, cut at what the school can do.

The cut and its tie-break are those by which the model's lists were measured in the back-test.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from earlywarn.scoring.trees import Floats, Integers

TIE_RULE = "margin, then a keyless hash of the student's pseudonym, then the unit's id"


@dataclass(frozen=True)
class Place:
    """One unit's place on its list."""

    row: int
    rank: int
    n_units: int
    """Units of the school and grade, scored or not."""
    capacity: int


def capacity_of(n_units: int, share: float) -> int:
    """Return how many of `n_units` fit a list: never more than the share, but one where there is anyone.

    >>> [capacity_of(n, 0.10) for n in (0, 4, 19, 20, 30)]
    [0, 1, 1, 2, 3]
    """
    if n_units == 0:
        return 0
    return max(1, math.floor(share * n_units + 1e-9))


def cut_rosters(
    lists: Sequence[tuple[str, ...]],
    margins: Floats,
    *,
    students: Sequence[str],
    units: Sequence[str],
    share: float,
) -> list[Place]:
    """Cut every list at its capacity; rows without a margin are counted and never listed.

    Args:
        lists: The list each row belongs to (school and grade, say).
        margins: One margin per row, NaN where not scored.
        students: Pseudonyms, for the tie-break.
        units: Ids of what is scored, for ties within one student.
        share: The part of each list's units that the school can help.
    """
    members: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, name in enumerate(lists):
        members[name].append(row)
    places: list[Place] = []
    for name in sorted(members):
        rows = np.array(members[name])
        capacity = capacity_of(rows.size, share)
        first = sorted(
            _foremost(rows, margins, capacity),
            key=lambda row: (-float(margins[row]), _tie(students[row]), units[row]),
        )
        places += [
            Place(row, rank, rows.size, capacity) for rank, row in enumerate(first[:capacity], start=1)
        ]
    return places


def _foremost(rows: Integers, margins: Floats, capacity: int) -> list[int]:
    """Return the scored rows that may be listed, in any order: no tie is broken among the many others."""
    scored = rows[~np.isnan(margins[rows])]
    if scored.size > capacity:
        last = np.partition(-margins[scored], capacity - 1)[capacity - 1]
        scored = scored[-margins[scored] <= last]
    found: list[int] = scored.tolist()
    return found


def _tie(student: str) -> int:
    return int.from_bytes(blake2b(student.encode(), digest_size=7).digest(), "big")
