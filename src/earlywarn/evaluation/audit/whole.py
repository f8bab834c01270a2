"""Audit every column and every crossing of two, and say how often chance alone would call one outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation.arrays import Flags
from earlywarn.evaluation.audit.columns import Told, family_of, students_of, told_of
from earlywarn.evaluation.audit.copies import WithAndWithout
from earlywarn.evaluation.audit.entries import AuditSheet, GroupFigures, Judged, LargestGaps
from earlywarn.evaluation.audit.grouping import Grouping, crossings, groupings
from earlywarn.evaluation.audit.groups import audit_grouping
from earlywarn.evaluation.audit.rates import Students
from earlywarn.evaluation.audit.summaries import largest_gaps
from earlywarn.evaluation.audit.verdicts import Tolerance
from earlywarn.evaluation.figures import Draws
from earlywarn.evaluation.measures import Scored, TestRows

SMALLEST_CROSSING = 30
"""A crossing of fewer students is counted, and neither named nor judged: it says nothing, and shows a few."""


@dataclass(frozen=True)
class Audit:
    """What the audit found: every single group, and the sheet of all that goes beyond them."""

    groups: tuple[GroupFigures, ...] = ()
    sheet: AuditSheet | None = None

    def with_copies(self, copies: WithAndWithout | None) -> Audit:
        """Return the same audit beside what leaving the audited columns out cost."""
        return (
            self if self.sheet is None else Audit(self.groups, replace(self.sheet, with_and_without=copies))
        )


def audit_groups(
    model: Scored,
    rows: TestRows,
    draws: Draws,
    *,
    tolerance: Tolerance,
    rules: Scored | None = None,
    summarized: bool = True,
) -> Audit:
    """Audit every value of every audited column, and every crossing of two columns.

    Args:
        model: The model and its lists.
        rows: What came true.
        draws: What intervals draw.
        tolerance: How far a group may lie before it is called outside.
        rules: The rules in use and their lists, where there are any.
        summarized: Also give each column's largest gaps, which take longer than all the rest on small data.
    """
    columns = groupings(rows.groups)
    if not columns:
        return Audit()
    told = told_of(model, rules, rows, draws)
    counted = [(one, students_of(told, one)) for one in columns]
    crossed = [(one, students_of(told, one, smallest=SMALLEST_CROSSING)) for one in crossings(columns)]
    return Audit(
        _entries(told, counted, tolerance),
        AuditSheet(
            judged=tuple(_judged(*one) for one in counted),
            judged_crossings=tuple(_judged(*one) for one in crossed),
            n_small=sum(int((~students.shown).sum()) for _, students in crossed),
            n_rows_small=sum(_rows_of(grouping, ~students.shown) for grouping, students in crossed),
            smallest=SMALLEST_CROSSING,
            crossings=_entries(told, crossed, tolerance),
            largest_gaps=_largest(told, counted) if summarized else (),
        ),
    )


Counted = Sequence[tuple[Grouping, Students]]


def _entries(told: Told, counted: Counted, tolerance: Tolerance) -> tuple[GroupFigures, ...]:
    found: list[GroupFigures] = []
    for grouping, students in counted:
        found += audit_grouping(told, grouping, students, tolerance=tolerance)
    return tuple(found)


def _rows_of(grouping: Grouping, groups: Flags) -> int:
    return int(np.bincount(grouping.codes[grouping.known], minlength=groups.size)[groups].sum())


def _judged(grouping: Grouping, students: Students) -> Judged:
    family = family_of(students)
    return Judged(
        column=grouping.name,
        n_groups=int(students.shown.sum()),
        n_judged=int(students.judged.sum()),
        n_gaps=family.n_gaps,
        false_alarms=family.false_alarms,
        level=family.level,
    )


def _largest(told: Told, counted: Counted) -> tuple[LargestGaps, ...]:
    found = [
        largest_gaps(told.model.lists.listed, told.rows.label, grouping, students.judged)
        for grouping, students in counted
    ]
    return tuple(one for one in found if one is not None)
