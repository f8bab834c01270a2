"""Fit LightGBM so that the same rows, spec and seed give the same trees, whatever the thread count.

Trees are kept as text without the parameters that fitted them, because those name the thread count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import numpy as np

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.threads import load_lightgbm

N_SEEDS = 3
MAX_ROUNDS = 400
PATIENCE = 20
FEWEST_ROUNDS = 10
MAX_BIN = 63
END_OF_TREES = "end of trees\n"
CELLS_PER_THREAD = 300_000
"""On fewer values than this, a further thread costs more than it brings."""


@dataclass(frozen=True)
class Boosting:
    """What tuning may set."""

    n_leaves: int = 15
    rate: float = 0.1
    fewest_rows: int = 40
    feature_share: float = 0.4
    ridge: float = 5.0
    n_rounds: int = 150
    row_share: float = 0.5
    depth: int = 6
    smoothing: float = 0.0
    least_gain: float = 0.0

    def settings(self) -> tuple[tuple[str, float], ...]:
        """Return the settings as pairs, for the record."""
        return tuple(asdict(self).items())


def boosting_of(settings: Mapping[str, float]) -> Boosting:
    """Read settings back.

    >>> boosting_of(dict(Boosting(n_leaves=7).settings())) == Boosting(n_leaves=7)
    True
    """
    whole = {"n_leaves", "fewest_rows", "n_rounds", "depth"}
    found = {one.name: settings[one.name] for one in fields(Boosting)}
    return Boosting(**{name: int(value) if name in whole else value for name, value in found.items()})  # type: ignore[arg-type]


def parameters(boosting: Boosting, signs: Floats, *, seed: int, n_threads: int) -> dict[str, object]:
    """Return LightGBM's parameters."""
    return {
        "objective": "binary",
        "num_leaves": boosting.n_leaves,
        "max_depth": boosting.depth,
        "learning_rate": boosting.rate,
        "min_data_in_leaf": boosting.fewest_rows,
        "feature_fraction": boosting.feature_share,
        "bagging_fraction": boosting.row_share,
        "bagging_freq": 1,
        "lambda_l2": boosting.ridge,
        "path_smooth": boosting.smoothing,
        "min_gain_to_split": boosting.least_gain,
        "max_bin": MAX_BIN,
        "monotone_constraints": [int(sign) for sign in signs],
        "monotone_constraints_method": "basic",
        "deterministic": True,
        # Each column is summed by one thread, so the sums do not depend on how many there are.
        "force_col_wise": True,
        "num_threads": n_threads,
        "seed": seed,
        "verbosity": -1,
    }


@dataclass(frozen=True, eq=False)
class Taught:
    """Rows as LightGBM takes them; `start` is the margin that trees add to, where there is one."""

    values: Floats
    label: Flags
    start: Floats | None = None


class FitTrees(Protocol):
    """Fit one ensemble per seed; `fit_boosting` does it here, and a cluster may do it instead."""

    def __call__(
        self,
        rows: Taught,
        features: Sequence[str],
        signs: Floats,
        *,
        boosting: Boosting,
        seeds: Sequence[int],
        n_threads: int,
    ) -> FittedModel:
        """Return the model of the ensembles' mean."""


def fit_boosting(
    rows: Taught,
    features: Sequence[str],
    signs: Floats,
    *,
    boosting: Boosting,
    seeds: Sequence[int],
    n_threads: int,
) -> FittedModel:
    """Fit one ensemble per seed; the model averages them in margin space."""
    lightgbm, n_threads = load_lightgbm(), useful_threads(rows.values, n_threads)
    dataset = dataset_of(rows, features, signs, n_threads)
    trees = []
    for seed in seeds:
        asked = parameters(boosting, signs, seed=seed, n_threads=n_threads)
        trees.append(tree_text(lightgbm.train(asked, dataset, num_boost_round=boosting.n_rounds)))
    return FittedModel("lightgbm", tuple(features), trees=tuple(trees), settings=boosting.settings())


@dataclass(frozen=True, eq=False)
class Watched:
    """Training rows and the rows that say when to stop, binned once for any number of trials.

    The watched rows stand in two halves, and each half is later told by the rounds that the other half chose:
    rounds chosen on the very rows that are then measured would flatter boosting against simpler candidates.
    """

    train: Any
    halves: tuple[Any, Any]
    masks: tuple[Flags, Flags]
    watching: Taught
    signs: Floats
    n_threads: int


def useful_threads(values: Floats, n_threads: int) -> int:
    """Return how many threads are worth starting; they change no byte of the trees."""
    return max(1, min(n_threads, values.size // CELLS_PER_THREAD))


def watch(fitting: Taught, watching: Taught, is_first: Flags, signs: Floats, *, n_threads: int) -> Watched:
    """Bin the rows."""
    n_threads = useful_threads(fitting.values, n_threads)
    names = [f"f{place}" for place in range(fitting.values.shape[1])]
    train = dataset_of(fitting, names, signs, n_threads)
    masks = (is_first, ~is_first)
    halves = [
        train.create_valid(
            np.ascontiguousarray(watching.values[mask]),
            watching.label[mask].astype(np.float64),
            init_score=None if watching.start is None else watching.start[mask],
        )
        for mask in masks
    ]
    return Watched(train, (halves[0], halves[1]), masks, watching, signs, n_threads)


@dataclass(frozen=True, eq=False)
class Stopped:
    """Where boosting stopped on each half, and what it would have said of all watched rows."""

    rounds: tuple[int, int]
    margins: tuple[Floats, Floats]

    @property
    def n_rounds(self) -> int:
        """Return the mean over the halves."""
        return round(float(np.mean(self.rounds)))


def rounds_by_stopping(rows: Watched, *, boosting: Boosting, seed: int) -> Stopped:
    """Stop where each half of the watched rows gains no more."""
    lightgbm = load_lightgbm()
    losses: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        # Binning was done with the training rows; a trial's own least leaf must not undo it.
        {
            **parameters(boosting, rows.signs, seed=seed, n_threads=rows.n_threads),
            "feature_pre_filter": False,
        },
        rows.train,
        num_boost_round=MAX_ROUNDS,
        valid_sets=list(rows.halves),
        valid_names=["first", "second"],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(losses),
        ],
    )
    # Rounded: the last bits of a mean depend on how many threads summed it.
    curves = [np.round(losses[name]["binary_logloss"], 10) for name in ("first", "second")]
    chosen = [max(int(np.argmin(curve)) + 1, FEWEST_ROUNDS) for curve in curves]
    rounds = (chosen[0], chosen[1])
    return Stopped(rounds, _margins_at(booster, rows, rounds))


def more_seeds(rows: Watched, stopped: Stopped, *, boosting: Boosting, seeds: Sequence[int]) -> Stopped:
    """Average the watched rows' margins with those of further seeds, stopped at the same rounds."""
    lightgbm = load_lightgbm()
    found = [stopped.margins]
    for seed in seeds:
        asked = parameters(boosting, rows.signs, seed=seed, n_threads=rows.n_threads)
        booster = lightgbm.train(
            {**asked, "feature_pre_filter": False}, rows.train, num_boost_round=max(stopped.rounds)
        )
        found.append(_margins_at(booster, rows, stopped.rounds))
    first, second = np.mean(found, axis=0)
    return Stopped(stopped.rounds, (first, second))


def _margins_at(booster: Any, rows: Watched, rounds: tuple[int, int]) -> tuple[Floats, Floats]:
    values, start = rows.watching.values, rows.watching.start
    found = [
        booster.predict(values, raw_score=True, num_iteration=n_rounds, num_threads=rows.n_threads)
        + (0.0 if start is None else start)
        for n_rounds in rounds
    ]
    return found[0], found[1]


def dataset_of(rows: Taught, features: Sequence[str], signs: Floats, n_threads: int) -> Any:
    """Return rows in LightGBM's own form."""
    lightgbm = load_lightgbm()
    parameters_of_bins = {
        "max_bin": MAX_BIN,
        "num_threads": n_threads,
        "verbosity": -1,
        "feature_pre_filter": False,
        "monotone_constraints": [int(sign) for sign in signs],
    }
    return lightgbm.Dataset(
        np.ascontiguousarray(rows.values),
        rows.label.astype(np.float64),
        init_score=rows.start,
        feature_name=list(features),
        params=parameters_of_bins,
        free_raw_data=False,
    )


def tree_text(booster: Any) -> str:
    """Return the trees alone; importances and parameters do not belong to a model's bytes."""
    text: str = booster.model_to_string(num_iteration=-1)
    trees, found, _ = text.partition(END_OF_TREES)
    return trees + found
