"""Say what a school sees of a model: its lists, how early they name whom, and how they change.

Lists, not thresholds: everything here is measured on lists cut at the school's capacity, for the chosen model
and for every baseline, on the same held-out rows and the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Flags
from earlywarn.evaluation.churn import Change, Step, changes_of, steps_of
from earlywarn.evaluation.curves import Curve, curve_of
from earlywarn.evaluation.figures import Draws, Figure
from earlywarn.evaluation.lead_time import Cases, LeadTime, cases_of, lead_time
from earlywarn.evaluation.lift import lift_figure
from earlywarn.evaluation.measures import Scored, TestRows, by_word
from earlywarn.evaluation.overlap import Overlap, overlap_of
from earlywarn.evaluation.sizes import SizeFigures, by_school_size
from earlywarn.evaluation.ties import Ties, ties_of

RULES = "rules"


@dataclass(frozen=True)
class ListQuality:
    """One model's lists: what chance decides at the cut, how early they name, how they change."""

    name: str
    lift: Figure
    ties: Ties
    lead_time: LeadTime | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class ListsSheet:
    """What the lists of the chosen model are worth, beside those of every other candidate and baseline."""

    models: tuple[ListQuality, ...]
    overlaps: tuple[Overlap, ...]
    lift_by_grade: dict[str, Figure]
    """What the sheet's figures by grade lack an interval of."""
    by_size: tuple[SizeFigures, ...]
    curves: tuple[Curve, ...]
    """Of the chosen model and of the rules in use."""


def lists_sheet(
    scored: Sequence[Scored], chosen: str, rows: TestRows, draws: Draws, *, moments: tuple[str, ...]
) -> ListsSheet:
    """Measure every model's lists.

    Args:
        scored: What each model says, and the lists it makes.
        chosen: The name of the chosen one.
        rows: What came true; without `days` nothing is said of lead time and changes.
        draws: What intervals draw.
        moments: The moments in the order of their days.
    """
    ours = next(one for one in scored if one.name == chosen)
    days = rows.days
    cases = None if days is None else cases_of(rows.label, rows.period, days)
    steps = () if days is None else steps_of(rows.period, rows.moment, days)
    return ListsSheet(
        models=tuple(_quality(one, rows, draws, cases, steps, moments) for one in scored),
        overlaps=tuple(overlap_of(ours, one, rows.label, draws) for one in scored if one.name != chosen),
        lift_by_grade={
            name: _lift(ours, rows, draws, keep) for name, keep in by_word(rows.grade).items() if name
        },
        by_size=by_school_size(ours, rows, draws),
        curves=tuple(curve_of(one, rows, draws) for one in scored if one.name in (chosen, RULES)),
    )


def _quality(
    scored: Scored,
    rows: TestRows,
    draws: Draws,
    cases: Cases | None,
    steps: tuple[Step, ...],
    moments: tuple[str, ...],
) -> ListQuality:
    lists, days = scored.lists, rows.days
    early = None
    if days is not None and cases is not None:
        early = lead_time(lists.listed, cases, rows.moment, days, draws, moments=moments)
    return ListQuality(
        name=scored.name,
        lift=_lift(scored, rows, draws, np.ones(rows.label.size, dtype=bool)),
        ties=ties_of(lists, scored.margin, rows.label, rows.list_codes, draws),
        lead_time=early,
        changes=changes_of(lists.listed, steps, draws),
    )


def _lift(scored: Scored, rows: TestRows, draws: Draws, keep: Flags) -> Figure:
    listed, truth = scored.lists.listed[keep], rows.label[keep]
    return lift_figure(listed & truth, listed, truth, draws.rows(keep))
