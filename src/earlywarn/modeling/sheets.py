"""Measure candidates on test rows for the quality sheet, whatever split they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from earlywarn.evaluation import (
    Backtest,
    CandidateSheet,
    Draws,
    Indexes,
    Metrics,
    MomentAucs,
    Scored,
    TestRows,
    acted_on_apart,
    by_word,
    calibration_facts,
    compare,
    list_curves,
    lists_sheet,
    measure,
    moment_aucs,
)
from earlywarn.modeling.audits import audit_beside
from earlywarn.modeling.choice import Choice
from earlywarn.modeling.plan import Plan
from earlywarn.modeling.prepared import Prepared, tested_truth
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.school_grade import school_and_grade_beside
from earlywarn.modeling.tested import Tested
from earlywarn.modeling.with_sensitive import Copies

FEWEST_IN_GRADE = 10
"""Grades with fewer outcomes than this get no figures of their own."""


def measured(
    tested: Tested,
    choice: Choice,
    plan: Plan,
    drawn: tuple[str, Draws],
    *,
    settings: Mapping[str, Mapping[str, object]],
    copies: Sequence[Copies],
    past: TestRows | None,
    seed: int,
) -> Callable[..., Backtest]:
    """Measure every candidate on tested rows; what comes back is a sheet that lacks only what its split says.

    Args:
        tested: The tested rows, and what each candidate said of them.
        choice: Which candidate was chosen inside the past.
        plan: What the spec asks of a back-test.
        drawn: What intervals draw, and its name.
        settings: Each candidate's settings.
        copies: What copies that know audited columns said, where they were asked for.
        past: The rows that risks were calibrated on; None where the split is not by time.
        seed: Draws the past.
    """
    rows, test_rows, scored, (over, draws) = tested.rows, tested.test_rows, tested.scored, drawn
    told = {one.name: (one, moment_aucs(one, test_rows, draws)) for one in scored}
    pair = told[choice.name]
    moments = moments_by_day(rows, tested.index)
    audit = audit_beside(
        choice.name, scored, copies, rows, test_rows, draws, tolerance=plan.tolerance, share=plan.share
    )
    return partial(
        Backtest,
        moments=moments,
        intervals_over=over,
        chosen=choice.name,
        chosen_because=choice.because,
        inner_auc=choice.inner_auc,
        candidates=tuple(
            candidate_sheet(one, aucs, test_rows, draws, settings[one.name]) for one, aucs in told.values()
        ),
        comparisons=tuple(
            compare(pair, other, test_rows, draws) for name, other in told.items() if name != choice.name
        ),
        by_grade=by_grade(pair[0], test_rows, draws),
        groups=audit.groups,
        audit=audit.sheet,
        school_and_grade=school_and_grade_beside(rows, tested.splits, pair, test_rows, draws),
        lists=lists_sheet(scored, choice.name, test_rows, draws, moments=moments),
        list_curves=list_curves(scored, test_rows, share=plan.share),
        calibration=calibration_facts(pair[0], test_rows, draws, past, generator=np.random.default_rng(seed)),
        acted_on=acted_on_apart(pair[0], rows.answers(tested.index), test_rows, draws),
    )


def candidate_sheet(
    scored: Scored, aucs: MomentAucs, rows: TestRows, draws: Draws, settings: Mapping[str, object]
) -> CandidateSheet:
    """Measure one candidate on test rows, overall and at each moment."""
    return CandidateSheet(
        name=scored.name,
        overall=measure(scored, rows, draws, auc=aucs.mean),
        by_moment={
            name: measure(scored, rows, draws, keep, auc=aucs.at(name))
            for name, keep in by_word(rows.moment).items()
        },
        settings=dict(settings),
    )


def moments_by_day(rows: LabeledRows, chosen: Indexes) -> tuple[str, ...]:
    """Return the moments' names in the order of their days within a period."""
    first = {name: rows.as_of[chosen][keep].min() for name, keep in by_word(rows.moment[chosen]).items()}
    return tuple(sorted(first, key=lambda name: (first[name], name)))


def past_rows(rows: LabeledRows, splits: Sequence[Prepared]) -> TestRows:
    """Return the rows that risks are calibrated on: the latest past cohort, or all folds of the past."""
    told = splits[:1] if splits[0].split.by_time else splits
    chosen = np.concatenate([one.split.test for one in told])
    return rows.test_rows(chosen, label=tested_truth(told))


def pooled_rows(rows: LabeledRows, pool: Indexes) -> TestRows:
    """Return a whole past, its labels cut on itself where they are cut."""
    cut = rows.cut_on(pool, split="all folds")
    return cut.test_rows(pool[np.isfinite(cut.label[pool])])


def by_grade(scored: Scored, rows: TestRows, draws: Draws) -> dict[str, Metrics]:
    """Measure the chosen candidate in each grade that holds enough outcomes."""
    masks = {name: keep for name, keep in by_word(rows.grade).items() if name}
    return {
        name: measure(scored, rows, draws, keep)
        for name, keep in masks.items()
        if FEWEST_IN_GRADE <= int(rows.label[keep].sum()) < int(keep.sum())
    }
