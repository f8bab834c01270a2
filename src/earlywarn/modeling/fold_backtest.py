"""Test by leaving groups out: each fold tunes, chooses, fits and calibrates inside its own training part.

The model that is kept comes from the same procedure on all rows; the folds say how that procedure does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.domain import Progress, no_progress
from earlywarn.evaluation import (
    Backtest,
    CutPoints,
    Draws,
    Floats,
    FoldFigures,
    FoldsSheet,
    Indexes,
    Ranking,
    Scored,
    TestRows,
    Words,
    by_word,
    draws_for,
    fold_statement,
    measure,
    moment_aucs,
    score_rows,
)
from earlywarn.modeling.backtest import (
    FEWEST_LABELS,
    Outcomes,
    baselines,
    described,
    teachable,
    trials_in,
)
from earlywarn.modeling.bounded import margins_of, thin, to_tune
from earlywarn.modeling.calibrators import fit_sigmoid
from earlywarn.modeling.candidates import (
    N_DRAWS,
    Fitting,
    Inner,
    Prepared,
    calibrator_of,
    fit_candidate,
    prepare,
    prepare_to_tune,
    tested_truth,
    told_of,
    tune_all,
)
from earlywarn.modeling.choice import Choice, choose
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.folds import FoldPlan, group_folds, inner_folds, later_folds
from earlywarn.modeling.plan import Plan
from earlywarn.modeling.rows import LabeledRows, need_both
from earlywarn.modeling.sheets import measured, pooled_rows
from earlywarn.modeling.splits import Split, cut_split, order_periods, time_split
from earlywarn.modeling.tested import Tested
from earlywarn.modeling.with_sensitive import Copies, fit_copies


@dataclass(frozen=True, eq=False)
class Tuned:
    """What one training part decided: each candidate tuned, and which is chosen."""

    splits: Sequence[Prepared]
    inners: Sequence[Inner]
    choice: Choice

    def inner(self, name: str) -> Inner:
        """Return one candidate's tuning."""
        return next(one for one in self.inners if one.name == name)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One fold: margins and risks of its tested rows by candidate, on one scale across folds."""

    split: Split
    tuned: Tuned
    margins: Mapping[str, Floats]
    risks: Mapping[str, Floats]
    settings: Mapping[str, dict[str, object]]
    cuts: CutPoints | None = None
    copies: Sequence[Copies] = ()


def run_folds(
    rows: LabeledRows, plan: Plan, folds: FoldPlan, *, fitting: Fitting, progress: Progress = no_progress
) -> Outcomes:
    """Back-test fold by fold, and tune and choose once more on all rows for the model that is kept.

    Raises:
        EmptySplitError: There are fewer groups than folds.
        TrainingError: There are too few outcomes to learn from.
    """
    pool = everything = np.flatnonzero(rows.labeled)
    all_folds = outer = group_folds(rows, everything, n_folds=folds.n_folds)
    if folds.along_time:
        past = time_split(rows, plan.test, overlap="strict", within=rows.labeled)
        outer, pool = later_folds(rows, past, n_folds=folds.n_folds), past.train
    for uncut in outer:
        own, split = cut_split(rows, uncut)
        need_both(own, split.train, what=f"what {split.name} leaves", fewest=FEWEST_LABELS)
    step, results = f"folds by {folds.by}", []
    for place, split in enumerate(outer):
        progress(step, place, len(outer) + 1)
        results.append(_fold(rows, split, plan, fitting))
    progress(step, len(outer), len(outer) + 1)
    kept = _tuned(rows, all_folds, plan, fitting)
    chosen = kept.inner(kept.choice.name)
    tested = _tested(rows, results, plan)
    backtest = _sheet(tested, pool, results, kept, plan, folds, fitting)
    progress(step, len(outer) + 1, len(outer) + 1)
    told = np.concatenate([one.split.test for one in kept.splits])
    split = Split(step, everything, told, by_time=False)
    return Outcomes(
        backtest,
        split,
        chosen.settings,
        kept.choice,
        trials=trials_in(kept.inners),
        tested=tested,
        told=tuple(told_of(chosen, rows, kept.splits)),
    )


def _tested(rows: LabeledRows, results: Sequence[FoldResult], plan: Plan) -> Tested:
    """Put the folds' tested rows together again, for whoever sets other models beside ours."""
    index = np.sort(np.concatenate([one.split.test for one in results]))
    test_rows = _as_tested(rows, results).test_rows(index, _fold_names(rows, results)[index])
    scored = [_pooled(rows, index, results, name, test_rows, plan) for name in results[0].margins]
    chosen = _pooled(rows, index, results, None, test_rows, plan)
    return Tested(rows, tuple(one.split for one in results), index, test_rows, tuple(scored), chosen)


def _tuned(rows: LabeledRows, splits: Sequence[Split], plan: Plan, fitting: Fitting) -> Tuned:
    prepared = prepare_to_tune(rows, teachable(rows, splits), most_rows=fitting.tuning.most_rows)
    inners = tune_all(plan.publishable, rows, to_tune(rows, prepared), fitting)
    return Tuned(prepared, inners, choose(inners, rows, prepared, fitting))


def _fold(rows: LabeledRows, split: Split, plan: Plan, fitting: Fitting) -> FoldResult:
    """Decide everything inside the training part, then tell the tested rows."""
    rows, split = cut_split(rows, split)
    tuned = _tuned(rows, inner_folds(rows, split.train), plan, fitting)
    whole = prepare(rows, split)
    taught = thin(rows, whole, most=plan.most_rows)
    margins: dict[str, Floats] = {}
    risks: dict[str, Floats] = {}
    settings: dict[str, dict[str, object]] = {}
    for name, (margin, risk, own) in baselines(rows, whole, taught, plan).items():
        margins[name], risks[name], settings[name] = margin, risk, own
    seen = tested_truth(tuned.splits)
    fitted: dict[str, FittedModel] = {}
    for inner in tuned.inners:
        model = fit_candidate(inner.name, rows, taught, inner.settings, fitting, fitted=fitted)
        margin = margins_of(model, whole, split.test, fitting)
        risks[inner.name] = calibrator_of(inner, rows, tuned.splits).risks(margin)
        # Folds fit models of their own: their margins meet on one scale by each fold's own line.
        line = fit_sigmoid(np.concatenate(inner.margins), seen)
        margins[inner.name] = line.intercept + line.slope * margin
        settings[inner.name] = described(inner.settings, model)
    chosen = tuned.inner(tuned.choice.name)
    copies = fit_copies(
        rows, whole, tuned.splits[0], chosen.name, chosen.settings, fitting, asked=plan.with_and_without
    )
    return FoldResult(split, tuned, margins, risks, settings, rows.cuts, copies)


def _as_tested(rows: LabeledRows, results: Sequence[FoldResult]) -> LabeledRows:
    """Return the rows with each label as the fold that tests it has it, by cut-points it had no part in."""
    if rows.rule is None:
        return rows
    label = np.full(rows.label.size, np.nan)
    for one in results:
        if one.cuts is not None:
            label[one.split.test] = rows.rule.labels(one.cuts)[one.split.test]
    return replace(rows, label=label, cuts=results[0].cuts)


def _sheet(
    tested: Tested,
    pool: Indexes,
    results: Sequence[FoldResult],
    kept: Tuned,
    plan: Plan,
    folds: FoldPlan,
    fitting: Fitting,
) -> Backtest:
    rows = tested.rows
    drawn = draws_for(tested.test_rows, n_draws=N_DRAWS, generator=np.random.default_rng(fitting.seed))
    sheet = measured(
        tested,
        kept.choice,
        plan,
        drawn,
        settings={one.name: _settings(results, one.name) for one in tested.scored},
        copies=[copy for one in results for copy in one.copies],
        past=pooled_rows(rows, pool) if folds.along_time else None,
        seed=fitting.seed,
    )
    periods = tuple(one for one in order_periods(rows).names if (rows.period[pool] == one).any())
    return sheet(
        protocol=f"folds by {folds.by}",
        trained_on=periods,
        tested_on=plan.test or periods,
        tested_from=str(rows.as_of[tested.index].min()) if folds.along_time else "",
        inner=f"folds by {folds.by} inside each training part, not time",
        n_train=int(pool.size),
        n_positive=int(rows.cut_on(pool, split="all folds").truth(pool).sum()),
        n_features=len(kept.splits[0].names),
        held_out=(),
        cut_points=tuple(one.cuts for one in results if one.cuts is not None),
        folds=_folds_sheet(tested, pool, results, folds, drawn[1]),
    )


def _folds_sheet(
    tested: Tested,
    pool: Indexes,
    results: Sequence[FoldResult],
    folds: FoldPlan,
    draws: Draws,
) -> FoldsSheet:
    rows = _as_tested(tested.rows, results)
    n_groups = int(np.unique(rows.fold_group[tested.index]).size)
    aucs = moment_aucs(tested.chosen, tested.test_rows, draws)
    return FoldsSheet(
        by=folds.by,
        n_folds=folds.n_folds,
        n_groups=n_groups,
        is_random=folds.is_random,
        says=fold_statement(
            folds.by,
            n_folds=folds.n_folds,
            n_groups=n_groups,
            name=folds.name,
            reason=folds.reason,
            along_time=folds.along_time,
        ),
        each=tuple(_figures(rows, one, pool) for one in results),
        as_chosen=measure(tested.chosen, tested.test_rows, draws, auc=aucs.mean),
        along_time=folds.along_time,
    )


def _fold_names(rows: LabeledRows, results: Sequence[FoldResult]) -> Words:
    """Name the fold that tested each row."""
    names = np.full(rows.label.size, "", dtype=f"<U{max(len(one.split.name) for one in results)}")
    for one in results:
        names[one.split.test] = one.split.name
    return names


def _pooled(
    rows: LabeledRows,
    everything: Indexes,
    results: Sequence[FoldResult],
    name: str | None,
    test_rows: TestRows,
    plan: Plan,
) -> Scored:
    """Put the folds' tested rows together again; without a name, each fold tells by what it chose."""
    margin, risk = np.full(rows.label.size, np.nan), np.full(rows.label.size, np.nan)
    for one in results:
        own = name or one.tuned.choice.name
        margin[one.split.test], risk[one.split.test] = one.margins[own], one.risks[own]
    return score_rows(name or "as chosen", margin[everything], risk[everything], test_rows, share=plan.share)


def _settings(results: Sequence[FoldResult], name: str) -> dict[str, object]:
    """Return each fold's settings, where the candidate has any."""
    found = {one.split.name: one.settings[name] for one in results if one.settings.get(name)}
    return dict(found)


def _figures(rows: LabeledRows, result: FoldResult, pool: Indexes) -> FoldFigures:
    own = np.isin(rows.fold_group[pool], np.unique(rows.fold_group[result.split.test]))
    split, chosen = result.split, result.tuned.choice.name
    truth, moment, margin = rows.truth(split.test), rows.moment[split.test], result.margins[chosen]
    aucs = [
        Ranking(margin[keep], truth[keep]).auc()
        for keep in by_word(moment).values()
        if 0 < truth[keep].sum() < keep.sum()
    ]
    inner = ", ".join(one.split.name for one in result.tuned.splits)
    return FoldFigures(
        name=split.name,
        n_groups=int(np.unique(rows.fold_group[split.test]).size),
        n_train=int(split.train.size),
        n_set_aside=int((~own).sum() - split.train.size),
        n_test=int(split.test.size),
        n_positive=int(truth.sum()),
        chosen=chosen,
        inner=inner,
        auc=float(np.mean(aucs)) if aucs else float("nan"),
    )
