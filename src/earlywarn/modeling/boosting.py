"""Fit LightGBM so that the same rows, spec and seed give the same trees, whatever the thread count.

Trees are kept as text without the parameters that fitted them, because those name the thread count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.threads import load_lightgbm

N_SEEDS = 3
MAX_ROUNDS = 300
PATIENCE = 20
FEWEST_ROUNDS = 10
MAX_BIN = 63
END_OF_TREES = "end of trees\n"


@dataclass(frozen=True)
class Boosting:
    """What tuning may set."""

    n_leaves: int = 15
    rate: float = 0.1
    fewest_rows: int = 40
    feature_share: float = 0.4
    ridge: float = 5.0
    n_rounds: int = 150

    def settings(self) -> tuple[tuple[str, float], ...]:
        """Return the settings as pairs, for the record."""
        return (
            ("n_leaves", self.n_leaves),
            ("rate", self.rate),
            ("fewest_rows", self.fewest_rows),
            ("feature_share", self.feature_share),
            ("ridge", self.ridge),
            ("n_rounds", self.n_rounds),
        )


def parameters(boosting: Boosting, signs: Floats, *, seed: int, n_threads: int) -> dict[str, object]:
    """Return LightGBM's parameters."""
    return {
        "objective": "binary",
        "num_leaves": boosting.n_leaves,
        "max_depth": 6,
        "learning_rate": boosting.rate,
        "min_data_in_leaf": boosting.fewest_rows,
        "feature_fraction": boosting.feature_share,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": boosting.ridge,
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


def fit_boosting(
    values: Floats,
    label: Flags,
    features: Sequence[str],
    signs: Floats,
    *,
    boosting: Boosting,
    seeds: Sequence[int],
    n_threads: int,
) -> FittedModel:
    """Fit one ensemble per seed; the model averages them in margin space."""
    lightgbm = load_lightgbm()
    rows = _dataset(values, label, features, signs, n_threads)
    trees = []
    for seed in seeds:
        asked = parameters(boosting, signs, seed=seed, n_threads=n_threads)
        trees.append(tree_text(lightgbm.train(asked, rows, num_boost_round=boosting.n_rounds)))
    return FittedModel("lightgbm", tuple(features), trees=tuple(trees), settings=boosting.settings())


@dataclass(frozen=True, eq=False)
class Stopped:
    """Where boosting stopped, and what it would have said of the watched rows."""

    n_rounds: int
    margins: Floats
    loss: float


def rounds_by_stopping(
    fitting: tuple[Floats, Flags],
    watching: tuple[Floats, Flags],
    is_first: Flags,
    signs: Floats,
    *,
    boosting: Boosting,
    seed: int,
    n_threads: int,
) -> Stopped:
    """Stop where the watched rows gain no more.

    The watched rows stand in two halves, and each half is told by the rounds that the other half chose:
    rounds chosen on the very rows that are then measured would flatter boosting against simpler candidates.
    """
    lightgbm = load_lightgbm()
    values, label = watching
    names = [f"f{place}" for place in range(fitting[0].shape[1])]
    rows = _dataset(*fitting, names, signs, n_threads)
    halves = [is_first, ~is_first]
    sets = [
        rows.create_valid(np.ascontiguousarray(values[half]), label[half].astype(np.float64))
        for half in halves
    ]
    losses: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        parameters(boosting, signs, seed=seed, n_threads=n_threads),
        rows,
        num_boost_round=MAX_ROUNDS,
        valid_sets=sets,
        valid_names=["first", "second"],
        callbacks=[
            lightgbm.early_stopping(PATIENCE, verbose=False),
            lightgbm.record_evaluation(losses),
        ],
    )
    curves = [np.array(losses[name]["binary_logloss"]) for name in ("first", "second")]
    chosen = [max(int(np.argmin(curve)) + 1, FEWEST_ROUNDS) for curve in curves]
    margins = np.empty(len(label))
    for half, n_rounds in zip(halves, reversed(chosen), strict=True):
        told = booster.predict(values[half], raw_score=True, num_iteration=n_rounds, num_threads=n_threads)
        margins[half] = told
    shares = [float(half.mean()) for half in halves]
    loss = sum(share * curve.min() for share, curve in zip(shares, curves, strict=True))
    return Stopped(round(float(np.mean(chosen))), margins, float(loss))


def _dataset(values: Floats, label: Flags, features: Sequence[str], signs: Floats, n_threads: int) -> Any:
    lightgbm = load_lightgbm()
    parameters_of_bins = {
        "max_bin": MAX_BIN,
        "num_threads": n_threads,
        "verbosity": -1,
        "monotone_constraints": [int(sign) for sign in signs],
    }
    return lightgbm.Dataset(
        np.ascontiguousarray(values),
        label.astype(np.float64),
        feature_name=list(features),
        params=parameters_of_bins,
        free_raw_data=False,
    )


def tree_text(booster: Any) -> str:
    """Return the trees alone; importances and parameters do not belong to a model's bytes."""
    text: str = booster.model_to_string(num_iteration=-1)
    trees, found, _ = text.partition(END_OF_TREES)
    return trees + found
