"""Measure one column's groups, or those of a crossing: rates, gaps, how sure they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import Floats, Indexes, codes_of, crossed_codes
from earlywarn.evaluation.audit.grouping import Grouping
from earlywarn.evaluation.audit.pairs import pair_aucs, pair_rows
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
from earlywarn.evaluation.audit.verdicts import Family, Gap, gap_of
from earlywarn.evaluation.figures import Draws, Figure, interval
from earlywarn.evaluation.measures import Scored, TestRows


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
    moments = crossed_codes(rows.period, rows.moment, *([] if rows.fold is None else [rows.fold]))
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
class Column:
    """One column's rates and gaps by name, ready to be written down group by group."""

    grouping: Grouping
    students: Students
    rates: dict[str, Tally]
    errors: dict[str, tuple[Floats, Floats]]
    """Of each gap: standard errors, and degrees of freedom."""
    family: Family

    def count(self, name: str, place: int) -> int:
        """Return how many of a group there are."""
        return int(self.rates[name].total[place])

    def figure(self, name: str, place: int) -> Figure:
        """Return a rate of a group, with its interval by the draws."""
        told = self.rates[name]
        return interval(float(told.total[place]), told.drawn[:, place])

    def gap(self, name: str, place: int) -> Gap:
        """Return a difference of a group, with the intervals that it is judged by."""
        error, freedom = (float(part[place]) for part in self.errors[name])
        return gap_of(float(self.rates[name].total[place]), error, freedom, family=self.family)


def column_of(told: Told, grouping: Grouping, students: Students) -> Column:
    """Measure all groups of a column or a crossing in one pass over the rows."""
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
    return Column(grouping, students, rates, _errors(rates, model, students), family_of(students))


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
