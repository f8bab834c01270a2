"""Refit along the past and test on what came later; say how every candidate did, and which one is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import TrainingError
from earlywarn.evaluation import (
    Backtest,
    Draws,
    Floats,
    HeldOut,
    Indexes,
    Scored,
    TestRows,
    draws_for,
    measure,
    score_rows,
)
from earlywarn.modeling.bounded import margins_of, thin, to_tune
from earlywarn.modeling.calibrating import calibrated_model, calibrator_without
from earlywarn.modeling.calibration_choice import ToldRows, basis_of, told_rows
from earlywarn.modeling.calibrators import Sigmoid
from earlywarn.modeling.candidates import (
    N_DRAWS,
    Fitting,
    Inner,
    Prepared,
    fit_candidate,
    prepare,
    prepare_to_tune,
    rule_risks,
    told_of,
    tune_all,
)
from earlywarn.modeling.choice import Choice, choose
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.plan import Plan
from earlywarn.modeling.rows import LabeledRows, need_both
from earlywarn.modeling.sheets import measured, past_rows
from earlywarn.modeling.simple import Points, fit_moment_columns
from earlywarn.modeling.splits import (
    Overlap,
    Split,
    cut_split,
    fold_of,
    inner_splits,
    order_periods,
    time_split,
)
from earlywarn.modeling.tested import Tested
from earlywarn.modeling.trials import Trial
from earlywarn.modeling.values import some_columns, told_in_blocks
from earlywarn.modeling.with_sensitive import Copies, fit_copies

RULES, ONE_COLUMN, COLUMN_PER_MOMENT = "rules", "one_column", "column_per_moment"

FEWEST_LABELS = 20
"""With fewer outcomes than this on either side there is nothing to learn or to check."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One protocol's back-test, and what the final fit takes over from it."""

    backtest: Backtest
    split: Split
    settings: Mapping[str, float]
    choice: Choice
    trials: tuple[Trial, ...] = ()
    """What tuning tried inside the past."""
    tested: Tested | None = None
    """What every candidate said of the held-out rows."""
    told: tuple[ToldRows, ...] = ()
    """What the chosen candidate told: the held-out future, then its past; or fold by fold."""


def run_backtest(
    rows: LabeledRows, plan: Plan, *, overlap: Overlap, fitting: Fitting, progress: Progress = no_progress
) -> Outcomes:
    """Back-test under one protocol.

    Raises:
        EmptySplitError: Nothing trains or nothing tests.
        TrainingError: There are too few outcomes to learn from.
    """
    everything = np.ones(rows.label.size, dtype=bool)
    rows, split = cut_split(rows, time_split(rows, plan.test, overlap=overlap, within=everything))
    need_both(rows, split.train, what="the past", fewest=FEWEST_LABELS)
    need_both(rows, split.test, what="the held-out future", fewest=FEWEST_LABELS)
    within = teachable(rows, inner_splits(rows, split.train, overlap=overlap))
    splits = prepare_to_tune(rows, within, most_rows=fitting.tuning.most_rows)
    step, n_steps = f"back-test ({overlap})", 2 * len(plan.publishable) + 2
    inners = tune_all(
        plan.publishable,
        rows,
        to_tune(rows, splits),
        fitting,
        before_each=lambda place: progress(step, place, n_steps),
    )
    choice = choose(inners, rows, splits, fitting)
    whole, test_rows = prepare(rows, split), rows.test_rows(split.test)
    taught = thin(rows, whole, most=plan.most_rows)
    told = baselines(rows, whole, taught, plan)
    fitted: dict[str, FittedModel] = {}
    for place, inner in enumerate(inners, start=len(inners)):
        progress(step, place, n_steps)
        model = fit_candidate(inner.name, rows, taught, inner.settings, fitting, fitted=fitted)
        margin = margins_of(model, whole, split.test, fitting)
        calibrator = calibrated_model(model, inner, rows, splits, whole, fitting)
        told[inner.name] = margin, calibrator.risks(margin), described(inner.settings, model)
    settings = {name: own for name, (_, _, own) in told.items()}
    scored = [
        score_rows(name, margin, risk, test_rows, share=plan.share)
        for name, (margin, risk, _) in told.items()
    ]
    found = next(inner for inner in inners if inner.name == choice.name)
    progress(step, 2 * len(inners), n_steps)
    unseen = _held_out(rows, split, found, splits, plan, fitting)
    copies = fit_copies(
        rows, whole, splits[0], choice.name, found.settings, fitting, asked=plan.with_and_without
    )
    chosen = next(one for one in scored if one.name == choice.name)
    tested = Tested(rows, (split,), split.test, test_rows, tuple(scored), chosen)
    backtest = _sheet(tested, splits, plan, overlap, choice, settings, unseen, copies, fitting)
    progress(step, n_steps, n_steps)
    latest = told_rows(rows, split.test, chosen.margin, test_rows.label)
    earlier = basis_of(told_of(found, rows, splits), by_time=splits[0].split.by_time)
    trials, both = trials_in(inners), (latest, earlier)
    return Outcomes(backtest, split, found.settings, choice, trials, tested, both)


def trials_in(inners: Sequence[Inner]) -> tuple[Trial, ...]:
    """Return every trial of every candidate."""
    return tuple(trial for inner in inners for trial in inner.trials)


def teachable(rows: LabeledRows, splits: Sequence[Split]) -> list[Split]:
    """Return the inner splits that hold enough outcomes on either side.

    Raises:
        TrainingError: None does.
    """
    cut = [cut_split(rows, one) for one in splits]
    kept = [one for own, one in cut if min(fewest(own, one.train), fewest(own, one.test)) >= FEWEST_LABELS]
    if not kept:
        raise TrainingError(
            "no part of the past holds enough outcomes to choose and calibrate by",
            todo="take in more periods, or declare a wider outcome",
        )
    return kept


def fewest(rows: LabeledRows, chosen: Indexes) -> int:
    """Count the outcomes, or the rows without it, whichever are fewer."""
    truth = rows.truth(chosen)
    return int(min(truth.sum(), truth.size - truth.sum()))


def described(settings: Mapping[str, float], model: FittedModel) -> dict[str, object]:
    """Return a candidate's settings, with the column where it is a single one."""
    # A column that works against its declared sign has no line, and says nothing.
    is_column = model.kind == ONE_COLUMN and bool(model.linear)
    return {**settings, "column": model.linear[0].feature} if is_column else {**settings}


def baselines(
    rows: LabeledRows, whole: Prepared, taught: Prepared, plan: Plan
) -> dict[str, tuple[Floats, Floats, dict[str, object]]]:
    """Return margins, risks and settings of what stands beside the candidates and is never published."""
    found = {}
    if plan.points is not None:
        told, points = points_of(plan.points, whole)
        found[RULES] = points, rule_risks(told, rows.truth(whole.split.train), points), dict[str, object]()
    train = taught.split.train
    moment = rows.moment[train]
    if ONE_COLUMN in plan.publishable and np.unique(moment).size > 1:
        columns = fit_moment_columns(taught.train, rows.truth(train), whole.names, whole.signs, moment=moment)
        margin = taught.shift + told_in_blocks(
            whole.values, whole.split.test, lambda values, some: columns.margins(values, rows.moment[some])
        )
        found[COLUMN_PER_MOMENT] = margin, Sigmoid(1.0, 0.0).risks(margin), columns.settings()
    return found


def points_of(points: Points, whole: Prepared) -> tuple[Floats, Floats]:
    """Return the points of training rows and of test rows.

    Raises:
        TrainingError: A rule names a feature that the model's families do not give.
    """
    missing = [name for name in points.features if name not in whole.names]
    if missing:
        raise TrainingError(
            f"[[rules]] name the feature '{missing[0]}', which this model's families do not give",
            todo="name a feature of the allowed families",
        )
    columns = [whole.names.index(name) for name in points.features]
    values = (some_columns(whole.values, rows, columns) for rows in (whole.split.train, whole.split.test))
    train, test = (points.margins(some, points.features) for some in values)
    return train, test


@dataclass(frozen=True, eq=False)
class Unseen:
    """The chosen model on schools that its training never saw."""

    scored: Scored
    rows: TestRows


def _held_out(
    rows: LabeledRows,
    split: Split,
    inner: Inner,
    splits: Sequence[Prepared],
    plan: Plan,
    fitting: Fitting,
) -> Unseen | None:
    """Refit without a fifth of the schools; where the future has schools of its own, those serve instead."""
    if rows.in_new_schools(split.train, split.test).any():
        return None
    n_folds = max(2, round(1 / plan.held_out_share))
    fold = fold_of(rows.school, n_folds)
    train, test = split.train[fold[split.train] != 0], split.test[fold[split.test] == 0]
    rows, apart = cut_split(rows, Split("held-out schools", train, test))
    train, test = apart.train, apart.test
    if not test.size or not train.size or min(fewest(rows, train), fewest(rows, test)) < FEWEST_LABELS:
        return None
    whole = prepare(rows, apart)
    one_seed = replace(fitting, n_seeds=1)
    taught = thin(rows, whole, most=plan.most_rows)
    model = fit_candidate(inner.name, rows, taught, inner.settings, one_seed)
    margin = margins_of(model, whole, test, fitting)
    calibrator = calibrator_without(inner, rows, splits, fold == 0)
    test_rows = rows.test_rows(test)
    scored = score_rows(inner.name, margin, calibrator.risks(margin), test_rows, share=plan.share)
    return Unseen(scored, test_rows)


def _sheet(
    tested: Tested,
    splits: Sequence[Prepared],
    plan: Plan,
    overlap: Overlap,
    choice: Choice,
    settings: Mapping[str, dict[str, object]],
    unseen: Unseen | None,
    copies: Sequence[Copies],
    fitting: Fitting,
) -> Backtest:
    rows, split = tested.rows, tested.splits[0]
    drawn = draws_for(tested.test_rows, n_draws=N_DRAWS, generator=np.random.default_rng(fitting.seed))
    sheet = measured(
        tested,
        choice,
        plan,
        drawn,
        settings=settings,
        copies=copies,
        past=past_rows(rows, splits),
        seed=fitting.seed,
    )
    train_names = set(rows.period[split.train].tolist())
    inner = ", ".join(one.split.name for one in splits)
    return sheet(
        protocol=overlap,
        trained_on=tuple(name for name in order_periods(rows).names if name in train_names),
        tested_on=plan.test,
        tested_from=str(rows.as_of[split.test].min()),
        inner=f"later periods ({inner})" if splits[0].split.by_time else f"students, not time ({inner})",
        n_train=int(split.train.size),
        n_positive=int(rows.truth(split.train).sum()),
        n_features=len(splits[0].names),
        held_out=_held_sheets(tested, drawn[1], unseen, fitting),
        cut_points=() if rows.cuts is None else (rows.cuts,),
    )


def _held_sheets(
    tested: Tested, draws: Draws, unseen: Unseen | None, fitting: Fitting
) -> tuple[HeldOut, ...]:
    if unseen is not None:
        _, own = draws_for(unseen.rows, n_draws=N_DRAWS, generator=np.random.default_rng(fitting.seed))
        n_schools = int(np.unique(unseen.rows.school).size)
        metrics = measure(unseen.scored, unseen.rows, own)
        return (HeldOut("schools held out of training", n_schools, metrics, None),)
    split, test_rows, chosen = tested.splits[0], tested.test_rows, tested.chosen
    new = tested.rows.in_new_schools(split.train, split.test)
    if not 0 < int(test_rows.label[new].sum()) < int(new.sum()):
        return ()
    return (
        HeldOut(
            "schools that only the future has",
            int(np.unique(test_rows.school[new]).size),
            measure(chosen, test_rows, draws, new),
            measure(chosen, test_rows, draws, ~new),
        ),
    )
