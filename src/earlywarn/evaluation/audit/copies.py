"""Say what leaving the audited columns out of a model costs, from two copies fitted alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation.arrays import codes_of
from earlywarn.evaluation.audit.grouping import Grouping, groupings
from earlywarn.evaluation.audit.rates import count_students, rate, rates_of
from earlywarn.evaluation.audit.tallies import Tallies, Tally
from earlywarn.evaluation.capacity import precision_gain
from earlywarn.evaluation.figures import Draws, Figure, interval
from earlywarn.evaluation.measures import Scored, TestRows, compare, moment_aucs, verdict_of


@dataclass(frozen=True)
class GroupChange:
    """What a group's figures would change by if the model knew the audited columns."""

    column: str
    group: str
    recall: Figure
    false_positive_rate: Figure
    share_listed: Figure
    calibration_gap: Figure


@dataclass(frozen=True)
class WithAndWithout:
    """Two copies of the chosen candidate on the held-out rows, one of which knows the audited columns.

    Every difference is the copy with them minus the copy without, on the same draws.
    """

    columns: tuple[str, ...]
    n_train: int
    auc: Figure
    brier: Figure
    precision: Figure
    """At capacity."""
    verdict: str
    """beats, worse or cannot tell: what knowing them would do to AUC."""
    changes: tuple[GroupChange, ...]


def with_and_without(
    with_them: Scored, without: Scored, rows: TestRows, draws: Draws, *, n_train: int
) -> WithAndWithout:
    """Compare the two copies."""
    pair = compare(
        (with_them, moment_aucs(with_them, rows, draws)),
        (without, moment_aucs(without, rows, draws)),
        rows,
        draws,
    )
    return WithAndWithout(
        columns=tuple(rows.groups),
        n_train=n_train,
        auc=pair.auc,
        brier=pair.brier,
        precision=precision_gain(with_them.lists.listed, without.lists.listed, rows.label, draws),
        verdict=verdict_of(pair.auc),
        changes=tuple(_changes(with_them, without, rows, draws)),
    )


def _changes(with_them: Scored, without: Scored, rows: TestRows, draws: Draws) -> Iterator[GroupChange]:
    students = codes_of(rows.student)
    for grouping in groupings(rows.groups):
        changes = _changed(grouping, with_them, without, rows, draws)
        for place in np.flatnonzero(count_students(grouping, students, rows.label).judged):
            figures = {
                name: interval(float(told.total[place]), told.drawn[:, place])
                for name, told in changes.items()
            }
            yield GroupChange(grouping.name, grouping.values[place], **figures)


def _changed(
    grouping: Grouping, with_them: Scored, without: Scored, rows: TestRows, draws: Draws
) -> dict[str, Tally]:
    sums = Tallies(grouping, draws)
    told = []
    for one in (with_them, without):
        rates = rates_of(sums, one.lists.listed, rows.label)
        parts = rates.parts()
        told.append(
            {
                "recall": rate(parts["recall"]),
                "false_positive_rate": rate(parts["false_positive"]),
                "share_listed": rate(parts["share_listed"]),
                "calibration_gap": sums.of(one.risk - rows.label).over(rates.n),
            }
        )
    return {name: told[0][name] - told[1][name] for name in told[0]}
