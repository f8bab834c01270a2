"""Random against time: on the same tested rows, students drawn at random must gain little.

What only a random split can use is a leak or a change: the same person under two numbers, columns filled in
after the fact, or a future unlike the past. Both sides train on as many rows, by the same folds of students.
"""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import (
    Finding,
    Floats,
    Indexes,
    LeakLimits,
    LeakVerdict,
    TestRows,
    Words,
    compare,
    draws_for,
    moment_aucs,
    score_rows,
)
from earlywarn.modeling.candidates import N_DRAWS, Fitting, Prepared, few_rows
from earlywarn.modeling.folds import FoldPlan
from earlywarn.modeling.leaks.sampling import LeakSample, small_margins
from earlywarn.modeling.leaks.words import finding
from earlywarn.modeling.splits import fold_of

N_FOLDS = 2


def random_time_gap(
    sample: LeakSample, folds: FoldPlan | None, limits: LeakLimits, fitting: Fitting
) -> Finding:
    """Compare random folds of students with the declared split, paired on the same tested rows."""
    if not sample.can_tell or (folds is not None and folds.is_random):
        return finding("random_time_gap", float("nan"), limits.random_gap, "cannot tell")
    told = [_both(sample, one, fitting) for one in sample.splits]
    tested = np.concatenate([one.split.test for one in sample.splits])
    fold = np.concatenate([names for _, _, names in told])
    label = np.concatenate([one.truth(one.split.test) for one in sample.splits])
    rows = sample.rows.test_rows(tested, fold, label=label)
    drawn, declared = (np.concatenate(margins) for margins in list(zip(*told, strict=True))[:2])
    return _judged(rows, (drawn, declared), limits, fitting)


def _judged(rows: TestRows, told: tuple[Floats, Floats], limits: LeakLimits, fitting: Fitting) -> Finding:
    _, draws = draws_for(rows, n_draws=N_DRAWS, generator=np.random.default_rng(fitting.seed))
    pair = [
        (scored, moment_aucs(scored, rows, draws))
        for scored in (
            score_rows(name, margin, margin, rows, share=0.1)
            for name, margin in zip(("random", "declared"), told, strict=True)
        )
    ]
    gap = compare(pair[0], pair[1], rows, draws).auc
    if not np.isfinite(gap.low):
        return finding("random_time_gap", gap.value, limits.random_gap, "cannot tell")
    verdict: LeakVerdict = "passed" if gap.value <= limits.random_gap else "warned"
    return finding(
        "random_time_gap",
        gap.value,
        limits.random_gap,
        "stopped" if gap.low > limits.random_gap else verdict,
        interval=(gap.low, gap.high),
    )


def _both(sample: LeakSample, one: Prepared, fitting: Fitting) -> tuple[Floats, Floats, Words]:
    """Tell each tested row twice: by other students of all periods, and by what the split lets train."""
    rows, test = sample.rows, one.split.test
    pool = np.union1d(one.split.train, test)
    fold = fold_of(rows.student, N_FOLDS)
    drawn, declared = np.zeros(test.size), np.zeros(test.size)
    for part in range(N_FOLDS):
        here = fold[test] == part
        if not here.any():
            continue
        others = pool[fold[pool] != part]
        for told, train in ((drawn, others), (declared, one.split.train)):
            kept = few_rows(rows, train, most=min(others.size, one.split.train.size))
            told[here] = _margins(one, kept, test[here], fitting)
    names = np.char.add(f"{one.split.name}/", fold[test].astype(np.str_))
    return drawn, declared, names


def _margins(one: Prepared, train: Indexes, asked: Indexes, fitting: Fitting) -> Floats:
    truth = one.truth(train)
    if truth.all() or not truth.any():
        return np.zeros(asked.size)
    return small_margins(one.values[train], truth, one.values[asked], one.names, fitting)
