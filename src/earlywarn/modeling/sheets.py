"""Measure candidates on test rows for the quality sheet, whatever split they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from earlywarn.evaluation import (
    CandidateSheet,
    Draws,
    Indexes,
    Metrics,
    MomentAucs,
    Scored,
    TestRows,
    by_word,
    measure,
)
from earlywarn.modeling.prepared import Prepared, tested_truth
from earlywarn.modeling.rows import LabeledRows

FEWEST_IN_GRADE = 10
"""Grades with fewer outcomes than this get no figures of their own."""


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
