"""Measure lists apart for small, middle and large schools: a third of the tested schools each.

A list of a tenth is one name in a class of ten and thirty in a school of three hundred; figures over all
schools are mostly those of the large ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Indexes, Words, codes_of, crossed_codes
from earlywarn.evaluation.figures import Draws, Figure, ratio_figure
from earlywarn.evaluation.lift import lift_figure
from earlywarn.evaluation.measures import Scored, TestRows, auc_among

FEWEST_SCHOOLS = 6
"""Below this number of schools a third would be one school, and its figures those of one school."""


@dataclass(frozen=True)
class SizeFigures:
    """The chosen model in schools of one size: the most units that one as-of date looks at there."""

    smallest: int
    largest: int
    n_schools: int
    n: int
    n_positive: int
    auc: Figure
    """The mean over moments."""
    precision: Figure
    recall: Figure
    lift: Figure


def by_school_size(scored: Scored, rows: TestRows, draws: Draws) -> tuple[SizeFigures, ...]:
    """Measure one model per third of the tested schools, by size; schools of one size stay together."""
    schools = codes_of(rows.school)
    sizes = school_sizes(schools, rows.period, rows.moment)
    if sizes.size < FEWEST_SCHOOLS:
        return ()
    return tuple(
        _figures(scored, rows, draws, third[schools], sizes[third]) for third in thirds(sizes) if third.any()
    )


def school_sizes(schools: Indexes, period: Words, moment: Words) -> Indexes:
    """Return the most units that one as-of date looks at in each school."""
    moments = crossed_codes(period, moment)
    counts = np.zeros((int(schools.max()) + 1, int(moments.max()) + 1), dtype=np.intp)
    np.add.at(counts, (schools, moments), 1)
    return np.asarray(counts.max(axis=1))


def thirds(sizes: Indexes) -> tuple[Flags, Flags, Flags]:
    """Part schools in three by size, as evenly as schools of one size that stay together allow.

    >>> [part.tolist() for part in thirds(np.array([5, 9, 5, 30, 12, 40]))]  # doctest: +NORMALIZE_WHITESPACE
    [[True, False, True, False, False, False],
     [False, True, False, False, True, False],
     [False, False, False, True, False, True]]
    """
    low, high = np.quantile(sizes, [1 / 3, 2 / 3], method="inverted_cdf")
    return sizes <= low, (sizes > low) & (sizes <= high), sizes > high


def _figures(scored: Scored, rows: TestRows, draws: Draws, keep: Flags, sizes: Indexes) -> SizeFigures:
    label, listed, some = rows.label[keep], scored.lists.listed[keep], draws.rows(keep)
    hits, names, truth = label & listed, listed, label
    return SizeFigures(
        smallest=int(sizes.min()),
        largest=int(sizes.max()),
        n_schools=int(sizes.size),
        n=int(keep.sum()),
        n_positive=int(label.sum()),
        auc=auc_among(scored, rows, draws, keep),
        precision=ratio_figure(hits, names, some),
        recall=ratio_figure(hits, truth, some),
        lift=lift_figure(hits, names, truth, some),
    )
