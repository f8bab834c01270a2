"""Tune each candidate on inner splits, choose one, and fit it on a whole past.

Candidates stand from simple to complex; `choose` takes the simplest that no later one beats, by a paired
interval on rows that trained none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation import (
    Comparison,
    Flags,
    Floats,
    Indexes,
    compare,
    draws_for,
    moment_aucs,
    score_rows,
)
from earlywarn.modeling.boosting import N_SEEDS, Boosting, Stopped, fit_boosting, rounds_by_stopping
from earlywarn.modeling.calibrators import Calibrator, Sigmoid, fit_calibrator, fit_sigmoid, log_loss
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.logistic import PENALTIES, fit_logistic, fit_path
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.simple import fit_one_column
from earlywarn.modeling.splits import Split, cut_split, fold_of
from earlywarn.modeling.values import Values

MOST_ROWS_TO_TUNE = 30_000
N_DRAWS = 200


@dataclass(frozen=True)
class Fitting:
    """What fitting may use of the machine, and its seed."""

    seed: int = 0
    n_threads: int = 2
    n_seeds: int = N_SEEDS


@dataclass(frozen=True, eq=False)
class Inner:
    """One candidate's margins on inner test rows, with the settings that gave them."""

    name: str
    margins: tuple[Floats, ...]
    settings: dict[str, float]


@dataclass(frozen=True, eq=False)
class Prepared:
    """One split with its labels cut and its values encoded by its own training rows."""

    split: Split
    rows: LabeledRows
    names: tuple[str, ...]
    signs: Floats
    values: Values

    @property
    def train(self) -> Floats:
        """Return the values of training rows."""
        return self.values[self.split.train]

    @property
    def test(self) -> Floats:
        """Return the values of test rows."""
        return self.values[self.split.test]

    def truth(self, chosen: Indexes) -> Flags:
        """Return the labels of rows, as this split has them."""
        return self.rows.truth(chosen)


def prepare(rows: LabeledRows, split: Split) -> Prepared:
    """Cut the labels and encode the rows of a split by its training rows."""
    cut, own = cut_split(rows, split)
    names, signs, values = rows.encoder(own.train)
    return Prepared(own, cut, names, signs, values)


def tested_truth(splits: Sequence[Prepared]) -> Flags:
    """Return the labels of all tested rows, each as its own split has it."""
    return np.concatenate([one.truth(one.split.test) for one in splits])


def few_rows(rows: LabeledRows, chosen: Indexes, *, most: int = MOST_ROWS_TO_TUNE) -> Indexes:
    """Keep whole students until there are at most `most` rows, by a hash of the student."""
    if chosen.size <= most:
        return chosen
    place = fold_of(rows.student[chosen], 1000)
    return chosen[place < 1000 * most / chosen.size]


def inner_of(name: str, rows: LabeledRows, splits: Sequence[Prepared], fitting: Fitting) -> Inner:
    """Tune one candidate on the inner splits."""
    return INNER[name](rows, splits, fitting)


def _inner_one_column(rows: LabeledRows, splits: Sequence[Prepared], _fitting: Fitting) -> Inner:
    margins = []
    for one in splits:
        train = one.split.train
        model = fit_one_column(one.train, one.truth(train), one.names, one.signs, moment=rows.moment[train])
        margins.append(model.margins(one.test))
    return Inner("one_column", tuple(margins), {})


def _inner_logistic(rows: LabeledRows, splits: Sequence[Prepared], _fitting: Fitting) -> Inner:
    """Tune the ridge on the first split, the latest past; the others tell what it would have said."""
    if splits[0].split.grouped:
        return _logistic_over_folds(rows, splits)
    first = splits[0]
    train, truth = few_rows(rows, first.split.train), first.truth(first.split.test)
    path = fit_path(first.values[train], first.truth(train), first.names, first.signs, penalties=PENALTIES)
    told = [model.margins(first.test) for model in path]
    best = int(np.argmin([log_loss(Sigmoid(1.0, 0.0).risks(margin), truth) for margin in told]))
    margins = [told[best]]
    for one in splits[1:]:
        train = few_rows(rows, one.split.train)
        values, truth = one.values[train], one.truth(train)
        model = fit_logistic(values, truth, one.names, one.signs, penalty=PENALTIES[best])
        margins.append(model.margins(one.test))
    return Inner("logistic", tuple(margins), {"penalty": PENALTIES[best]})


def _logistic_over_folds(rows: LabeledRows, splits: Sequence[Prepared]) -> Inner:
    """Tune the ridge on all folds together: none of them is later than the others."""
    told, losses = [], np.zeros(len(PENALTIES))
    for one in splits:
        train, truth = few_rows(rows, one.split.train), one.truth(one.split.test)
        path = fit_path(one.values[train], one.truth(train), one.names, one.signs, penalties=PENALTIES)
        told.append([model.margins(one.test) for model in path])
        losses += [truth.size * log_loss(Sigmoid(1.0, 0.0).risks(margin), truth) for margin in told[-1]]
    best = int(np.argmin(losses))
    return Inner("logistic", tuple(margins[best] for margins in told), {"penalty": PENALTIES[best]})


def _inner_lightgbm(rows: LabeledRows, splits: Sequence[Prepared], fitting: Fitting) -> Inner:
    """Tune on the first split, the latest past; the others tell what the tuned trial would have said."""
    # Folds by groups have no latest one: they are tuned on all of them.
    n_tuned = len(splits) if splits[0].split.grouped else 1
    tried = [(trial, [_stopped(rows, one, trial, fitting) for one in splits[:n_tuned]]) for trial in TRIALS]
    best, first = min(tried, key=lambda one: sum(found.loss for found in one[1]))
    found = [*first, *(_stopped(rows, one, best, fitting) for one in splits[n_tuned:])]
    n_rounds = int(np.median([one.n_rounds for one in found]))
    settings = dict(replace(best, n_rounds=n_rounds).settings())
    return Inner("lightgbm", tuple(one.margins for one in found), settings)


def _stopped(rows: LabeledRows, one: Prepared, trial: Boosting, fitting: Fitting) -> Stopped:
    train, test = few_rows(rows, one.split.train), one.split.test
    return rounds_by_stopping(
        (one.values[train], one.truth(train)),
        (one.test, one.truth(test)),
        fold_of(rows.student[test], 2) == 0,
        one.signs,
        boosting=trial,
        seed=fitting.seed,
        n_threads=fitting.n_threads,
    )


TRIALS = (Boosting(n_leaves=15), Boosting(n_leaves=6, fewest_rows=100))

INNER: dict[str, Callable[[LabeledRows, Sequence[Prepared], Fitting], Inner]] = {
    "one_column": _inner_one_column,
    "logistic": _inner_logistic,
    "lightgbm": _inner_lightgbm,
}


def fit_candidate(
    name: str, rows: LabeledRows, whole: Prepared, settings: Mapping[str, float], fitting: Fitting
) -> FittedModel:
    """Fit one candidate on the whole of a past, with what tuning found."""
    values, names, signs = whole.train, whole.names, whole.signs
    truth = whole.truth(whole.split.train)
    if name == "one_column":
        return fit_one_column(values, truth, names, signs, moment=rows.moment[whole.split.train])
    if name == "logistic":
        return fit_logistic(values, truth, names, signs, penalty=settings["penalty"])
    return fit_boosting(
        values,
        truth,
        names,
        signs,
        boosting=boosting_of(settings),
        seeds=[fitting.seed * 1000 + one for one in range(fitting.n_seeds)],
        n_threads=fitting.n_threads,
    )


def boosting_of(settings: Mapping[str, float]) -> Boosting:
    """Read settings back."""
    return Boosting(
        n_leaves=int(settings["n_leaves"]),
        rate=settings["rate"],
        fewest_rows=int(settings["fewest_rows"]),
        feature_share=settings["feature_share"],
        ridge=settings["ridge"],
        n_rounds=int(settings["n_rounds"]),
    )


def calibrator_of(inner: Inner, rows: LabeledRows, splits: Sequence[Prepared]) -> Calibrator:
    """Fit on the latest past cohort; by student-grouped folds where the past is one period."""
    if splits[0].split.by_time:
        told, margin = splits[:1], inner.margins[0]
    else:
        told, margin = splits, np.concatenate(inner.margins)
    chosen = np.concatenate([one.split.test for one in told])
    return fit_calibrator(margin, tested_truth(told), rows.codes_of_students()[chosen])


def rule_risks(points: Floats, truth: Flags, asked: Floats) -> Floats:
    """Say the rate that each number of points had in training."""
    return fit_sigmoid(points, truth).risks(asked)


@dataclass(frozen=True, eq=False)
class Choice:
    """Which candidate, why, and what each scored inside the past."""

    name: str
    because: str
    inner_auc: dict[str, float]
    comparisons: tuple[Comparison, ...]


def choose(
    inners: Sequence[Inner], rows: LabeledRows, splits: Sequence[Prepared], fitting: Fitting
) -> Choice:
    """Take the simplest candidate that no later one beats on inner splits, by a paired interval."""
    tests = np.concatenate([one.split.test for one in splits])
    fold = np.concatenate([np.full(one.split.test.size, one.split.name) for one in splits])
    test_rows = rows.test_rows(tests, fold if splits[0].split.grouped else None, label=tested_truth(splits))
    generator = np.random.default_rng(fitting.seed)
    _, draws = draws_for(test_rows, n_draws=N_DRAWS, generator=generator)
    scored = {
        one.name: score_rows(one.name, margin, margin, test_rows, share=0.1)
        for one in inners
        for margin in [np.concatenate(one.margins)]
    }
    told = {name: (one, moment_aucs(one, test_rows, draws)) for name, one in scored.items()}
    chosen, pairs = inners[0].name, []
    for one in inners[1:]:
        pair = compare(told[one.name], told[chosen], test_rows, draws)
        pairs.append(pair)
        if pair.verdict == "beats":
            chosen = one.name
    aucs = {name: aucs.mean_value for name, (_, aucs) in told.items()}
    return Choice(chosen, _because(pairs), aucs, tuple(pairs))


def _because(pairs: Sequence[Comparison]) -> str:
    words = {"beats": "beats", "worse": "is worse than", "cannot tell": "cannot be told from"}
    said = [f"{pair.model} {words[pair.verdict]} {pair.other} (AUC {pair.auc.value:+.3f})" for pair in pairs]
    return "inside the past, " + "; ".join(said) if said else "the only candidate"
