"""Tune each candidate on inner splits, and fit it on a whole past.

Candidates stand from simple to complex. All are linear terms plus trees, so attributions stay exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from earlywarn.evaluation import Flags, Floats, Indexes
from earlywarn.modeling.boosting import (
    N_SEEDS,
    FitTrees,
    Stopped,
    Taught,
    Watched,
    boosting_of,
    fit_boosting,
    more_seeds,
    rounds_by_stopping,
    watch,
)
from earlywarn.modeling.calibration_choice import ToldRows, calibrated, told_rows
from earlywarn.modeling.calibrators import Calibrator, fit_sigmoid
from earlywarn.modeling.fitted import FittedModel, with_linear_weight
from earlywarn.modeling.halves import (
    Halves,
    Told,
    Tried,
    alike,
    best_of,
    crossed_risks,
    halves_of,
    trials_of,
    tried,
)
from earlywarn.modeling.logistic import PENALTIES, fit_path
from earlywarn.modeling.on_logistic import LinearPart, joined, linear_part, logistic_by
from earlywarn.modeling.prepared import Prepared, few_rows, prepare, prepare_to_tune, tested_truth
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.search import LINEAR_WEIGHT, Tuning, known_starts, known_trees, search
from earlywarn.modeling.simple import fit_one_column
from earlywarn.modeling.trials import Trial

__all__ = [
    "Fitting",
    "Inner",
    "Prepared",
    "calibrator_of",
    "fit_candidate",
    "prepare",
    "prepare_to_tune",
    "rule_risks",
    "tested_truth",
    "tune_all",
]

N_DRAWS = 200
FEWEST_ROWS_TO_BEND = 1000
"""With fewer training rows than this, lines stay straight."""

TREE_WEIGHT = "tree_weight"
TREE_WEIGHTS = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Fitting:
    """What fitting may use of the machine, its seed, and how much tuning may cost."""

    seed: int = 0
    n_threads: int = 2
    n_seeds: int = N_SEEDS
    tuning: Tuning = field(default_factory=Tuning)
    fit_trees: FitTrees = fit_boosting
    """What fits trees on a whole past; trials are always fitted here."""

    @property
    def seeds(self) -> list[int]:
        """Return the seeds that are averaged."""
        return [self.seed * 1000 + one for one in range(self.n_seeds)]


@dataclass(frozen=True, eq=False)
class Inner:
    """One candidate's margins on inner test rows, with the settings that gave them."""

    name: str
    margins: tuple[Floats, ...]
    """What the best settings say, each half of the rows stopped where the other half would."""
    risks: tuple[Floats, ...]
    """Chances that the choice of settings does not flatter: for choosing among candidates."""
    settings: dict[str, float]
    told: Told
    trials: tuple[Trial, ...] = ()


@dataclass(frozen=True, eq=False)
class Past:
    """What candidates are tuned on: inner splits, their halves, and what simpler candidates told already."""

    rows: LabeledRows
    splits: Sequence[Prepared]
    fitting: Fitting
    halves: Halves
    told: dict[str, Inner] = field(default_factory=dict)

    def inner(self, name: str) -> Inner:
        """Tune a candidate once."""
        if name not in self.told:
            self.told[name] = _INNER[name](self)
        return self.told[name]

    def taught(self, one: Prepared) -> Indexes:
        """Return the training rows that tuning may use of a split."""
        return few_rows(self.rows, one.split.train, most=self.fitting.tuning.most_rows)


def tune_all(
    names: Sequence[str],
    rows: LabeledRows,
    splits: Sequence[Prepared],
    fitting: Fitting,
    *,
    before_each: Callable[[int], None] = lambda _: None,
) -> list[Inner]:
    """Tune candidates on inner splits, simple ones first."""
    past, found = Past(rows, splits, fitting, halves_of(rows, splits)), []
    for place, name in enumerate(names):
        before_each(place)
        found.append(past.inner(name))
    return found


def _best(name: str, found: Sequence[Tried], past: Past) -> Inner:
    best, halves = best_of(found), past.halves
    chosen = found[best.overall]
    return Inner(
        name,
        margins=halves.joined(chosen.told.by_first, chosen.told.by_second),
        risks=crossed_risks(found, best, halves),
        settings=dict(chosen.settings),
        told=chosen.told,
        trials=trials_of(name, found, best, halves),
    )


def _inner_one_column(past: Past) -> Inner:
    margins = []
    for one in past.splits:
        train = one.split.train
        moment = past.rows.moment[train]
        model = fit_one_column(one.train, one.truth(train), one.names, one.signs, moment=moment)
        margins.append(model.margins(one.test))
    return _best("one_column", [tried({}, alike(margins), past.halves)], past)


def _inner_logistic(past: Past) -> Inner:
    """Tune the ridge, and whether lines bend."""
    few = min(past.taught(one).size for one in past.splits)
    found = []
    for curves in (False, True) if few >= FEWEST_ROWS_TO_BEND else (False,):
        told = [_path(past, one, curves=curves) for one in past.splits]
        for place, penalty in enumerate(PENALTIES):
            settings = {"penalty": penalty, "curves": float(curves)}
            found.append(tried(settings, alike([one[place] for one in told]), past.halves))
    return _best("logistic", found, past)


def _path(past: Past, one: Prepared, *, curves: bool) -> list[Floats]:
    train = past.taught(one)
    values, truth = one.values[train], one.truth(train)
    path = fit_path(values, truth, one.names, one.signs, penalties=PENALTIES, curves=curves)
    test = one.test
    return [model.margins(test) for model in path]


def _inner_lightgbm(past: Past) -> Inner:
    """Tune trees on their own."""
    watched = [_watched(past, one) for one in past.splits]
    return _tuned_trees("lightgbm", past, known_trees(), lambda _: watched)


def _inner_on_logistic(past: Past) -> Inner:
    """Tune trees that start from the linear part, and how much weight lies on that."""
    linear = past.inner("logistic").settings
    parts = [
        linear_part(past.rows, one, past.taught(one), linear, most_rows=past.fitting.tuning.most_rows)
        for one in past.splits
    ]
    watched: dict[float, list[Watched]] = {}

    def rows_for(settings: Mapping[str, float]) -> list[Watched]:
        weight = settings[LINEAR_WEIGHT]
        if weight not in watched:
            pairs = zip(past.splits, parts, strict=True)
            watched[weight] = [_watched(past, one, part, weight) for one, part in pairs]
        return watched[weight]

    known = known_starts(boosting_of(past.inner("lightgbm").settings))
    inner = _tuned_trees("lightgbm_on_logistic", past, known, rows_for)
    return replace(inner, settings={**linear, **inner.settings})


def _watched(past: Past, one: Prepared, part: LinearPart | None = None, weight: float = 1.0) -> Watched:
    train, test = past.taught(one), one.test
    start = None if part is None else part.start(weight)
    told = None if part is None else part.weighted(weight).margins(test)
    return watch(
        Taught(one.values[train], one.truth(train), start),
        Taught(test, one.truth(one.split.test), told),
        past.halves.firsts[past.splits.index(one)],
        one.signs,
        n_threads=past.fitting.n_threads,
    )


def _tuned_trees(
    name: str,
    past: Past,
    known: Sequence[Mapping[str, float]],
    rows_for: Callable[[Mapping[str, float]], list[Watched]],
) -> Inner:
    """Search with one seed; what is compared afterwards is averaged over seeds, as the final fit will be."""
    fitting, stopped = past.fitting, []

    def ask(settings: Mapping[str, float]) -> Tried:
        boosting = boosting_of({**settings, "n_rounds": 0})
        told = [
            rounds_by_stopping(rows, boosting=boosting, seed=fitting.seeds[0]) for rows in rows_for(settings)
        ]
        stopped.append(told)
        n_rounds = round(float(np.mean([one.n_rounds for one in told])))
        return tried({**settings, "n_rounds": n_rounds}, _told(told), past.halves)

    found = search(ask, known, n_trials=fitting.tuning.trials, seed=fitting.seed)
    best = best_of(found)
    for place in {best.overall, best.first, best.second}:
        boosting = boosting_of(found[place].settings)
        pairs = zip(rows_for(found[place].settings), stopped[place], strict=True)
        seeded = [more_seeds(rows, one, boosting=boosting, seeds=fitting.seeds[1:]) for rows, one in pairs]
        found[place] = replace(found[place], told=_told(seeded))
    return _best(name, found, past)


def _told(stopped: Sequence[Stopped]) -> Told:
    return Told(tuple(one.margins[0] for one in stopped), tuple(one.margins[1] for one in stopped))


def _inner_blend(past: Past) -> Inner:
    """Tune the share of trees in a mean of margins with the linear model's."""
    linear, trees = past.inner("logistic"), past.inner("lightgbm")
    found = []
    for weight in TREE_WEIGHTS:
        told = Told(
            _mixed(linear.told.by_first, trees.told.by_first, weight),
            _mixed(linear.told.by_second, trees.told.by_second, weight),
        )
        found.append(tried({TREE_WEIGHT: weight}, told, past.halves))
    inner = _best("blend", found, past)
    return replace(inner, settings={**linear.settings, **trees.settings, **inner.settings})


def _mixed(lines: Sequence[Floats], trees: Sequence[Floats], weight: float) -> tuple[Floats, ...]:
    pairs = zip(lines, trees, strict=True)
    return tuple((1 - weight) * line + weight * tree for line, tree in pairs)


_INNER: dict[str, Callable[[Past], Inner]] = {
    "one_column": _inner_one_column,
    "logistic": _inner_logistic,
    "lightgbm": _inner_lightgbm,
    "lightgbm_on_logistic": _inner_on_logistic,
    "blend": _inner_blend,
}
PUBLISHABLE = tuple(_INNER)
"""From simple to complex."""


def fit_candidate(
    name: str,
    rows: LabeledRows,
    whole: Prepared,
    settings: Mapping[str, float],
    fitting: Fitting,
    *,
    fitted: dict[str, FittedModel] | None = None,
) -> FittedModel:
    """Fit one candidate on the whole of a past, with what tuning found.

    Args:
        name: Which.
        rows: All rows.
        whole: The past, prepared; its `shift` corrects the intercept where rows were sampled.
        settings: What tuning found.
        fitting: What fitting may use.
        fitted: Parts that were fitted on the same past with the same settings, by candidate; parts fitted
            here are added.
    """
    parts = {} if fitted is None else fitted
    if name not in parts:
        parts[name] = _fitted(name, rows, whole, settings, fitting, parts)
    return replace(parts[name], intercept=parts[name].intercept + whole.shift)


def _fitted(
    name: str,
    rows: LabeledRows,
    whole: Prepared,
    settings: Mapping[str, float],
    fitting: Fitting,
    parts: dict[str, FittedModel],
) -> FittedModel:
    train = whole.split.train
    truth = whole.truth(train)
    if name == "one_column":
        return fit_one_column(whole.train, truth, whole.names, whole.signs, moment=rows.moment[train])
    if name == "logistic":
        return logistic_by(whole, train, truth, settings)
    if name == "lightgbm":
        return _trees(whole, truth, None, settings, fitting)
    if "logistic" not in parts:
        parts["logistic"] = logistic_by(whole, train, truth, settings)
    if name == "lightgbm_on_logistic":
        weight = settings[LINEAR_WEIGHT]
        part = linear_part(
            rows, whole, train, settings, most_rows=fitting.tuning.most_rows, model=parts["logistic"]
        )
        trees = _trees(whole, truth, part.start(weight), settings, fitting)
        return _noted(joined(part.weighted(weight), trees, kind=name), {LINEAR_WEIGHT: weight})
    if "lightgbm" not in parts:
        parts["lightgbm"] = _trees(whole, truth, None, settings, fitting)
    weight = settings[TREE_WEIGHT]
    linear = with_linear_weight(parts["logistic"], 1 - weight)
    model = joined(linear, parts["lightgbm"], kind=name, tree_weight=weight)
    return _noted(model, {TREE_WEIGHT: weight})


def _trees(
    whole: Prepared,
    truth: Flags,
    start: Floats | None,
    settings: Mapping[str, float],
    fitting: Fitting,
) -> FittedModel:
    return fitting.fit_trees(
        Taught(whole.train, truth, start),
        whole.names,
        whole.signs,
        boosting=boosting_of(settings),
        seeds=fitting.seeds,
        n_threads=fitting.n_threads,
    )


def _noted(model: FittedModel, settings: Mapping[str, float]) -> FittedModel:
    return replace(model, settings=(*model.settings, *settings.items()))


def told_of(inner: Inner, rows: LabeledRows, splits: Sequence[Prepared]) -> list[ToldRows]:
    """Return what one candidate told of each inner split's test rows, and what came true."""
    return [
        told_rows(rows, one.split.test, margin, one.truth(one.split.test))
        for margin, one in zip(inner.margins, splits, strict=True)
    ]


def calibrator_of(inner: Inner, rows: LabeledRows, splits: Sequence[Prepared]) -> Calibrator:
    """Fit on the latest past cohort; by student-grouped folds where the past is one period."""
    return calibrated(told_of(inner, rows, splits), by_time=splits[0].split.by_time)


def rule_risks(points: Floats, truth: Flags, asked: Floats) -> Floats:
    """Say the rate that each number of points had in training."""
    return fit_sigmoid(points, truth).risks(asked)
