"""Audit a model per group of students: is a risk a rate in each group, and are lists equally good?

Groups come from sensitive columns, which only audits may read. Counts and rates are those of fairlearn's
MetricFrame (tests/unit/evaluation/test_audit.py). Intervals are our own: its bootstrap draws single rows, but
rows of one student, or of one school, belong together (docs/decisions/0016).
"""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation.audit.columns import Column, Told, column_of
from earlywarn.evaluation.audit.entries import GroupFigures
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.pairs import small
from earlywarn.evaluation.audit.rates import Students
from earlywarn.evaluation.audit.verdicts import Tolerance, tolerance_verdict, wider_verdict
from earlywarn.evaluation.calibration import CalibrationSheet, calibration_of

MOST_ROWS_OF_LINE = 50_000
"""Slope, intercept and bins of a larger group are told from some of its students, in the tie rule's order."""

UNSURE = "cannot tell"


def audit_grouping(
    told: Told, grouping: Grouping, students: Students, *, tolerance: Tolerance
) -> list[GroupFigures]:
    """Audit every group of one column or crossing that is large enough to be shown."""
    column, lines = column_of(told, grouping, students), _lines(told, grouping, students)
    return [
        _entry(column, place, lines[place], tolerance) for place in np.flatnonzero(students.shown).tolist()
    ]


def _entry(column: Column, place: int, line: CalibrationSheet | None, tolerance: Tolerance) -> GroupFigures:
    judged = bool(column.students.judged[place])
    risk_gap = column.gap("calibration_gap", place)
    rate_gaps = [column.gap("recall_gap", place), column.gap("false_positive_gap", place)]
    has_rules = "recall_wider" in column.rates
    wider = [column.gap(f"{name}_wider", place) for name in ("recall", "false_positive") if has_rules]
    return GroupFigures(
        column=column.grouping.name,
        group=column.grouping.values[place],
        n=column.count("n", place),
        n_positive=column.count("positive", place),
        n_students=int(column.students.all[place]),
        n_listed=column.count("listed", place),
        base_rate=float(column.rates["base_rate"].total[place]),
        auc=column.figure("auc", place),
        share_listed=column.figure("share_listed", place),
        precision=column.figure("precision", place),
        recall=column.figure("recall", place),
        false_positive_rate=column.figure("false_positive", place),
        calibration=line,
        calibration_gap=risk_gap,
        recall_gap=rate_gaps[0],
        false_positive_gap=rate_gaps[1],
        precision_gap=column.gap("precision_gap", place),
        share_gap=column.gap("share_listed_gap", place),
        calibration_verdict=tolerance_verdict([risk_gap], tolerance.calibration) if judged else UNSURE,
        rates_verdict=tolerance_verdict(rate_gaps, tolerance.rates) if judged else UNSURE,
        rules_recall_gap=column.figure("rules_recall_gap", place) if has_rules else None,
        rules_false_positive_gap=column.figure("rules_false_positive_gap", place) if has_rules else None,
        against_rules=(wider_verdict(wider) if judged else UNSURE) if has_rules else None,
    )


def _lines(told: Told, grouping: Grouping, students: Students) -> list[CalibrationSheet | None]:
    """Return slope, intercept, expected error and reliability bins of judged groups, with intervals."""
    order = np.argsort(small(grouping.codes), kind="stable")
    ends = np.cumsum(np.bincount(grouping.codes + 1, minlength=len(grouping.values) + 1))
    found: list[CalibrationSheet | None] = []
    for place, judged in enumerate(students.judged):
        if not judged:
            found.append(None)
            continue
        rows = order[ends[place] : ends[place + 1]]
        if rows.size > MOST_ROWS_OF_LINE:
            # Rows stand student by student: every third row would be those of one moment.
            rows = rows[told.rows.ties[rows] % -(-rows.size // MOST_ROWS_OF_LINE) == 0]
        risk, label = told.model.risk[rows], told.rows.label[rows]
        found.append(calibration_of(risk, label, told.draws.rows(rows)))
    return found
