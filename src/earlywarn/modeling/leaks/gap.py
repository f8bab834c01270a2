"""Random against time: on the same tested rows, students drawn at random must gain little.

What only a random split can use is a leak or a change: the same person under two numbers, columns filled in
after the fact, or a future unlike the past. Both sides train on as many rows, by the same folds of students.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from earlywarn.evaluation import (
    Finding,
    Floats,
    Indexes,
    LeakLimits,
    LeakVerdict,
    TestRows,
    compare,
    draws_for,
    moment_aucs,
    score_rows,
)
from earlywarn.modeling.candidates import N_DRAWS, Fitting
from earlywarn.modeling.folds import FoldPlan
from earlywarn.modeling.leaks.sampling import MOST_ROWS, LeakSample, small_margins
from earlywarn.modeling.leaks.words import finding
from earlywarn.modeling.prepared import Prepared, few_rows
from earlywarn.modeling.splits import fold_of

N_FOLDS = 2
N_REPEATS = 2
"""Cuts into folds whose margins are averaged, where rows are few and models noisy."""


def random_time_gap(
    sample: LeakSample, folds: FoldPlan | None, limits: LeakLimits, fitting: Fitting
) -> Finding:
    """Compare random folds of students with the declared split, paired on the same tested rows."""
    if not sample.can_tell or (folds is not None and folds.is_random):
        return finding("random_time_gap", float("nan"), limits.random_gap, "cannot tell")
    n_repeats = max(1, min(N_REPEATS, MOST_ROWS // len(sample.values)) // len(sample.splits))
    told = [_both(sample, one, fitting, n_repeats) for one in sample.splits]
    drawn, declared = (np.concatenate(margins) for margins in zip(*told, strict=True))
    names = [np.full(one.split.test.size, one.split.name) for one in sample.splits]
    tested = np.concatenate([one.split.test for one in sample.splits])
    label = np.concatenate([one.truth(one.split.test) for one in sample.splits])
    rows = sample.rows.test_rows(tested, np.concatenate(names), label=label)
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
    verdict: LeakVerdict = "passed"
    if gap.low > limits.random_gap:
        verdict = "stopped"
    elif gap.value > limits.random_gap and gap.low > limits.random_gap / 2:
        verdict = "warned"
    ends = (gap.low, gap.high)
    return finding("random_time_gap", gap.value, limits.random_gap, verdict, interval=ends)


def _both(sample: LeakSample, one: Prepared, fitting: Fitting, n_repeats: int) -> tuple[Floats, Floats]:
    """Tell each tested row twice: by other students of all periods, and by what the split lets train."""
    rows, test = sample.rows, one.split.test
    pool = np.union1d(one.split.train, test)
    drawn, declared = np.zeros(test.size), np.zeros(test.size)
    for repeat in range(n_repeats):
        fold = fold_of(np.char.add(rows.student, f"/{repeat}"), N_FOLDS)
        seeded = replace(fitting, seed=fitting.seed + repeat)
        for part in range(N_FOLDS):
            here = fold[test] == part
            others = pool[fold[pool] != part]
            if not here.any() or not others.size:
                continue
            for told, train in ((drawn, others), (declared, one.split.train)):
                kept = few_rows(rows, train, most=min(others.size, one.split.train.size))
                told[here] += _margins(one, kept, test[here], seeded)
    return drawn, declared


def _margins(one: Prepared, train: Indexes, asked: Indexes, fitting: Fitting) -> Floats:
    truth = one.truth(train)
    if truth.all() or not truth.any():
        return np.zeros(asked.size)
    return small_margins(one.values[train], truth, one.values[asked], one.names, fitting)
