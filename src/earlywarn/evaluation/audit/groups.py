"""Audit a model per group of students: is a risk a rate in each group, and are lists equally good?

Groups come from sensitive columns, which only audits may read. Counts and rates are those of fairlearn's
MetricFrame (tests/unit/evaluation/test_audit.py). Intervals are our own: its bootstrap draws single rows, but
rows of one student, or of one school, belong together (docs/decisions/0016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Floats, Indexes, codes_of
from earlywarn.evaluation.audit.entries import GroupFigures
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.pairs import pair_aucs, pair_rows, small
from earlywarn.evaluation.audit.rates import (
    FEW,
    Rates,
    Students,
    count_students,
    gap,
    least_errors,
    rate,
    rates_of,
)
from earlywarn.evaluation.audit.tallies import Tallies, Tally
from earlywarn.evaluation.audit.verdicts import (
    Family,
    Gap,
    Tolerance,
    gap_of,
    tolerance_verdict,
    wider_verdict,
)
from earlywarn.evaluation.calibration import CalibrationSheet, calibration_of
from earlywarn.evaluation.figures import Draws, Figure, interval
from earlywarn.evaluation.measures import Scored, TestRows

MOST_ROWS_OF_LINE = 50_000
"""Slope, intercept and bins of a larger group are told from evenly thinned rows."""


UNSURE = "cannot tell"


@dataclass(frozen=True, eq=False)
class Told:
    """What the audit reads: the model, the rules where there are any, and what came true."""

    model: Scored
    rules: Scored | None
    rows: TestRows
    draws: Draws
    moments: Indexes
    """Rows that are paired for AUC share a number: period, moment and fold."""
    students: Indexes
    by_margin: Indexes
    """Rows in rising order of the model's margin."""


def told_of(model: Scored, rules: Scored | None, rows: TestRows, draws: Draws) -> Told:
    """Number once what the audit of every column needs."""
    moments = np.zeros(rows.label.size, dtype=np.intp)
    for words in (rows.period, rows.moment, *([] if rows.fold is None else [rows.fold])):
        codes = codes_of(words)
        moments = moments * (int(codes.max(initial=0)) + 1) + codes
    by_margin = np.argsort(model.margin, kind="stable")
    return Told(model, rules, rows, draws, moments, codes_of(rows.student), by_margin)


def students_of(told: Told, grouping: Grouping, *, smallest: int = 0) -> Students:
    """Count distinct students per group."""
    return count_students(grouping, told.students, told.rows.label, smallest=smallest)


def family_of(students: Students) -> Family:
    """Return the gaps of a column that are judged together: calibration, recall and false-positive rate.

    Of two groups, what one has more in a rate the other has less: the two gaps are one.
    """
    n_judged, n_groups = int(students.judged.sum()), int((students.all > 0).sum())
    return Family(n_judged + 2 * (min(n_judged, 1) if n_groups == 2 else n_judged))


@dataclass(frozen=True, eq=False)
class _Column:
    """One column's rates and gaps by name, ready to be written down group by group."""

    grouping: Grouping
    students: Students
    rates: dict[str, Tally]
    errors: dict[str, tuple[Floats, Floats]]
    """Of each gap: standard errors, and degrees of freedom."""
    family: Family

    def count(self, name: str, place: int) -> int:
        return int(self.rates[name].total[place])

    def figure(self, name: str, place: int) -> Figure:
        told = self.rates[name]
        return interval(float(told.total[place]), told.drawn[:, place])

    def gap(self, name: str, place: int) -> Gap:
        error, freedom = (float(part[place]) for part in self.errors[name])
        return gap_of(float(self.rates[name].total[place]), error, freedom, family=self.family)


def audit_grouping(
    told: Told, grouping: Grouping, students: Students, *, tolerance: Tolerance
) -> list[GroupFigures]:
    """Audit every group of one column or crossing that is large enough to be shown."""
    column, lines = _column(told, grouping, students), _lines(told, grouping, students)
    return [
        _entry(column, place, lines[place], tolerance) for place in np.flatnonzero(students.shown).tolist()
    ]


def _column(told: Told, grouping: Grouping, students: Students) -> _Column:
    sums, label = Tallies(grouping, told.draws), told.rows.label
    model = rates_of(sums, told.model.lists.listed, label)
    strata = np.where(grouping.known, told.moments * len(grouping.values) + grouping.codes, -1)
    pairs = pair_rows(told.model.margin, label, strata, told.by_margin)
    rates = {
        "n": model.n,
        "positive": model.positive,
        "listed": model.listed,
        "base_rate": model.positive.over(model.n),
        "auc": pair_aucs(pairs, grouping, told.draws, nested=False),
        "calibration_gap": sums.of(told.model.risk - label).over(model.n),
    }
    for name, parts in model.parts().items():
        rates[name], rates[f"{name}_gap"] = rate(parts), gap(parts)
    if told.rules is not None:
        rules = rates_of(sums, told.rules.lists.listed, label)
        for name in ("recall", "false_positive"):
            theirs = gap(rules.parts()[name])
            rates[f"rules_{name}_gap"] = theirs
            rates[f"{name}_wider"] = rates[f"{name}_gap"].size() - theirs.size()
    return _Column(grouping, students, rates, _errors(rates, model, students), family_of(students))


def _errors(rates: dict[str, Tally], model: Rates, students: Students) -> dict[str, tuple[Floats, Floats]]:
    """Return the standard error of each gap, and its degrees of freedom.

    Freedom comes from how many schools or students hold what a gap stands on: the group's outcomes, those of
    them without the outcome who are listed, or the listed.
    """
    false_alarms, without = (part.effective_parts() for part in model.false_positive)
    spread = {
        "calibration": model.positive.effective_parts(),
        "recall": model.positive.effective_parts(),
        "precision": model.listed.effective_parts(),
        "share_listed": model.listed.effective_parts(),
        # Of whom hardly anybody is listed, it is those who were not that say so.
        "false_positive": np.fmax(false_alarms, np.fmin(without, FEW)),
    }
    least = {
        "recall": least_errors(model.recall, students.positive),
        "false_positive": least_errors(model.false_positive, students.negative),
    }
    found = {}
    for name, told in rates.items():
        what = name.removesuffix("_gap").removesuffix("_wider")
        if what in spread and what != name:
            errors = np.fmax(told.jackknife_errors(), least.get(what, 0.0))
            found[name] = errors, np.fmax(spread[what] - 1, 1.0)
    return found


def _entry(column: _Column, place: int, line: CalibrationSheet | None, tolerance: Tolerance) -> GroupFigures:
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
    """Return slope, intercept, expected error and reliability bins of every group that is judged."""
    order = np.argsort(small(grouping.codes), kind="stable")
    ends = np.cumsum(np.bincount(grouping.codes + 1, minlength=len(grouping.values) + 1))
    found: list[CalibrationSheet | None] = []
    for place, judged in enumerate(students.judged):
        rows = order[ends[place] : ends[place + 1]]
        rows = rows[:: -(-rows.size // MOST_ROWS_OF_LINE) or 1]
        found.append(calibration_of(told.model.risk[rows], told.rows.label[rows]) if judged else None)
    return found
