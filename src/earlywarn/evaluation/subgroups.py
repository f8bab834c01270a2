"""Audit a model per group of students: is a risk a rate in each group, and are lists equally good?

Groups come from sensitive columns, which only audits may read. Verdicts are within, outside or cannot tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags, Floats
from earlywarn.evaluation.figures import Draws, Figure, Ranking, interval, ratio_figure
from earlywarn.evaluation.measures import Scored, TestRows, by_word

FEWEST_POSITIVE = 10
"""Groups with fewer outcomes than this tell nothing about rates."""


@dataclass(frozen=True)
class Tolerance:
    """How far a group may lie from what it should be before the sheet says "outside"."""

    calibration: float = 0.03
    rates: float = 0.10


@dataclass(frozen=True)
class GroupFigures:
    """One group: counts, rates with intervals, and what may be said about it."""

    column: str
    group: str
    n: int
    n_positive: int
    base_rate: float
    auc: float
    calibration_gap: Figure
    """Mean risk minus rate: above zero, the group's risks are said too high."""
    precision: Figure
    recall: Figure
    false_positive_rate: Figure
    recall_gap: Figure
    """Recall minus that of everybody else in the same column."""
    false_positive_gap: Figure
    calibration_verdict: str
    rates_verdict: str


def audit_groups(
    scored: Scored, rows: TestRows, draws: Draws, *, tolerance: Tolerance
) -> tuple[GroupFigures, ...]:
    """Audit every value of every audited column."""
    found = []
    for column, words in rows.groups.items():
        for group, inside in by_word(words).items():
            if group:
                found.append(_audit_one(scored, rows, draws, (column, group, inside, words != ""), tolerance))
    return tuple(found)


def _audit_one(
    scored: Scored,
    rows: TestRows,
    draws: Draws,
    place: tuple[str, str, Flags, Flags],
    tolerance: Tolerance,
) -> GroupFigures:
    column, group, inside, known = place
    rest = known & ~inside
    truth = rows.label.astype(np.float64)
    listed = scored.lists.listed.astype(np.float64)
    here = inside.astype(np.float64)
    n_positive = int(rows.label[inside].sum())
    gap = ratio_figure((scored.risk - truth) * here, here, draws)
    recall_gap = _gap(truth * listed, truth, inside, rest, draws)
    false_gap = _gap((1 - truth) * listed, 1 - truth, inside, rest, draws)
    enough = n_positive >= FEWEST_POSITIVE
    return GroupFigures(
        column=column,
        group=group,
        n=int(inside.sum()),
        n_positive=n_positive,
        base_rate=float(rows.label[inside].mean()),
        auc=Ranking(scored.margin[inside], rows.label[inside]).auc(),
        calibration_gap=gap,
        precision=ratio_figure(truth * listed * here, listed * here, draws),
        recall=ratio_figure(truth * listed * here, truth * here, draws),
        false_positive_rate=ratio_figure((1 - truth) * listed * here, (1 - truth) * here, draws),
        recall_gap=recall_gap,
        false_positive_gap=false_gap,
        calibration_verdict=tolerance_verdict([gap], tolerance.calibration) if enough else "cannot tell",
        rates_verdict=tolerance_verdict([recall_gap, false_gap], tolerance.rates)
        if enough
        else "cannot tell",
    )


def _gap(numerator: Floats, denominator: Floats, inside: Flags, rest: Flags, draws: Draws) -> Figure:
    values, drawn = [], []
    for part in (inside, rest):
        above, below = numerator * part, denominator * part
        totals = draws.totals(below)
        values.append(float(above.sum() / below.sum()) if below.sum() else float("nan"))
        drawn.append(
            np.divide(draws.totals(above), totals, out=np.full(totals.shape, np.nan), where=totals > 0)
        )
    return interval(values[0] - values[1], drawn[0] - drawn[1])


def tolerance_verdict(gaps: list[Figure], tolerance: float) -> str:
    """Say whether gaps lie within a tolerance, outside it, or whether the rows cannot tell.

    >>> tolerance_verdict([Figure(0.01, -0.01, 0.02)], 0.03)
    'within'
    >>> tolerance_verdict([Figure(0.06, 0.04, 0.08)], 0.03)
    'outside'
    >>> tolerance_verdict([Figure(0.02, -0.03, 0.07)], 0.03)
    'cannot tell'
    """
    if any(gap.low > tolerance or gap.high < -tolerance for gap in gaps):
        return "outside"
    if all(gap.low >= -tolerance and gap.high <= tolerance for gap in gaps):
        return "within"
    return "cannot tell"
