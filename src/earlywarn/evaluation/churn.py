"""Measure how lists change from one as-of date to the next, among the units that both dates look at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from earlywarn.evaluation.arrays import Flags, Indexes, Words
from earlywarn.evaluation.figures import Draws, Figure, ratio_figure
from earlywarn.evaluation.unit_days import UnitDays


@dataclass(frozen=True)
class Change:
    """From one as-of date's lists to another's: who stays, who leaves, who is new.

    All counts are among `n_both`, the units that both dates look at; who left the cohort is no change of
    lists.
    """

    before: str
    after: str
    n_both: int
    n_stayed: int
    n_left: int
    n_entered: int
    stayed: Figure
    """Of the names before, the share that is still listed; the others left."""
    entered: Figure
    """Of the names after, the share that was not listed before."""


@dataclass(frozen=True, eq=False)
class Step:
    """The rows of the units that two as-of dates have in common, pair by pair."""

    before: str
    after: str
    rows_before: Indexes
    rows_after: Indexes


def steps_of(period: Words, moment: Words, days: UnitDays) -> tuple[Step, ...]:
    """Pair each moment with the next of its period, and each period's last with the next one's first.

    Steps that have no unit in common are left out.
    """
    found, several = [], np.unique(period).size > 1
    for (before, rows_before), (after, rows_after) in pairwise(_in_order(period, moment, days)):
        _, one, other = np.intersect1d(
            days.unit[rows_before], days.unit[rows_after], assume_unique=True, return_indices=True
        )
        if one.size:
            names = [" ".join(name) if several else name[1] for name in (before, after)]
            found.append(Step(names[0], names[1], rows_before[one], rows_after[other]))
    return tuple(found)


def changes_of(listed: Flags, steps: tuple[Step, ...], draws: Draws) -> tuple[Change, ...]:
    """Measure one model's lists at every step."""
    return tuple(_change(listed, step, draws) for step in steps)


def _change(listed: Flags, step: Step, draws: Draws) -> Change:
    was, now = listed[step.rows_before], listed[step.rows_after]
    some = Draws(draws.clusters[step.rows_before], draws.counts)
    return Change(
        before=step.before,
        after=step.after,
        n_both=int(was.size),
        n_stayed=int((was & now).sum()),
        n_left=int((was & ~now).sum()),
        n_entered=int((now & ~was).sum()),
        stayed=ratio_figure(was & now, was, some),
        entered=ratio_figure(now & ~was, now, some),
    )


def _in_order(period: Words, moment: Words, days: UnitDays) -> list[tuple[tuple[str, str], Indexes]]:
    """Return the rows of each moment, period after period, both in the order of their first days."""
    found: list[tuple[tuple[str, str], Indexes]] = []
    first = {str(name): days.as_of[period == name].min() for name in np.unique(period)}
    for name in sorted(first, key=lambda name: (first[name], name)):
        rows = np.flatnonzero(period == name)
        moments = {str(one): rows[moment[rows] == one] for one in np.unique(moment[rows])}
        by_day = sorted(moments, key=lambda one: (days.as_of[moments[one]].min(), one))
        found += [((name, one), moments[one]) for one in by_day]
    return found
