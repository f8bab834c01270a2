"""Keep precision and recall for lists of many sizes, so that a picture shows what another capacity would do.

Lists are cut as rosters are: per school (and grade) and moment, by margin, ties by the named rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from earlywarn.evaluation.arrays import Floats, Indexes

if TYPE_CHECKING:
    from earlywarn.evaluation.measures import Scored, TestRows

N_SHARES = 30
SMALLEST, LARGEST = 0.01, 0.5


@dataclass(frozen=True)
class CandidateCurve:
    """One candidate's lists, one figure per share."""

    name: str
    precision: tuple[float, ...]
    recall: tuple[float, ...]


@dataclass(frozen=True)
class ListCurves:
    """Precision and recall of every candidate where lists take in these shares of each school and grade."""

    shares: tuple[float, ...]
    listed: tuple[float, ...]
    """The share of all units that then stands on a list: more than asked, as each list holds at least one."""
    candidates: tuple[CandidateCurve, ...]


def shares_around(capacity: float) -> tuple[float, ...]:
    """Return about thirty shares, closer where lists are short; the capacity stands among them.

    >>> shares = shares_around(0.1)
    >>> len(shares), min(shares), 0.1 in shares, max(shares)
    (30, 0.01, True, 0.5)
    """
    grid = np.geomspace(SMALLEST, LARGEST, N_SHARES).round(4).tolist()
    nearest = min(range(N_SHARES), key=lambda place: abs(np.log(grid[place] / capacity)))
    grid[nearest] = capacity
    return tuple(grid)


def list_curves(scored: Sequence[Scored], rows: TestRows, *, share: float) -> ListCurves:
    """Measure every candidate's lists at about thirty shares around the capacity.

    Args:
        scored: What each candidate says of the test rows.
        rows: What came true.
        share: The declared capacity.
    """
    shares = np.array(shares_around(share))
    lists, ties = rows.list_codes, rows.ties
    sizes = np.bincount(lists)
    n_positive = max(int(rows.label.sum()), 1)
    found, listed = [], np.zeros(shares.size)
    for one in scored:
        first = _first_share(one.margin, lists, ties, sizes, shares)
        listed = np.cumsum(np.bincount(first, minlength=shares.size + 1)[:-1])
        hits = np.cumsum(np.bincount(first[rows.label], minlength=shares.size + 1)[:-1])
        precision, recall = hits / np.maximum(listed, 1), hits / n_positive
        found.append(CandidateCurve(one.name, tuple(precision.tolist()), tuple(recall.tolist())))
    return ListCurves(
        tuple(shares.tolist()), tuple((listed / max(rows.label.size, 1)).tolist()), tuple(found)
    )


def _first_share(margin: Floats, lists: Indexes, ties: Indexes, sizes: Indexes, shares: Floats) -> Indexes:
    """Return the place of the smallest share at which each row stands on its list; beyond the last if never.

    A list of n holds max(1, floor(share * n)) units (`capacity_of`): the row ranked r from 1 is on it from
    the share r / n on, and the first one always.
    """
    order = np.lexsort((ties, -margin, lists))
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    rank = np.empty(margin.size)
    rank[order] = np.arange(1, margin.size + 1) - starts[lists[order]]
    places = np.searchsorted(shares, (rank - 1e-9) / sizes[lists], side="left")
    return np.where(rank == 1, 0, places)
