"""Search LightGBM's settings with Optuna: known good ones first, then what its seeded sampler proposes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earlywarn.modeling.boosting import Boosting
from earlywarn.modeling.halves import Tried

if TYPE_CHECKING:
    import optuna

LINEAR_WEIGHT = "linear_weight"
LINEAR_WEIGHTS = (1.0, 0.75, 0.5)
"""How much of the linear part trees start from: less where the future punishes it."""


@dataclass(frozen=True)
class Tuning:
    """How much tuning may cost."""

    trials: int = 4
    most_rows: int = 30_000


KNOWN = (
    Boosting(),
    Boosting(n_leaves=6, fewest_rows=100),
    Boosting(n_leaves=4, depth=2, fewest_rows=20, feature_share=0.3),
    Boosting(n_leaves=31, rate=0.08, fewest_rows=80, feature_share=0.3, ridge=20.0, depth=7, smoothing=5.0),
)
"""Tried first, today's defaults before all; a tuning of few trials goes no further."""

SMALL = Boosting(n_leaves=6, fewest_rows=100, ridge=20.0)
"""Trees that start from a linear part have less left to say."""


def known_trees() -> list[dict[str, float]]:
    """Return the settings that trees on their own are tried with first."""
    return [_tunable(one) for one in KNOWN]


def known_starts(best: Boosting) -> list[dict[str, float]]:
    """Return the settings that trees on a linear part are tried with first, given the best trees alone."""
    pairs = ((SMALL, 1.0), (best, 0.75), (SMALL, 0.5), (best, 0.5), (SMALL, 0.75), (best, 1.0))
    return [{**_tunable(one), LINEAR_WEIGHT: weight} for one, weight in pairs]


def search(
    ask: Callable[[Mapping[str, float]], Tried],
    known: Sequence[Mapping[str, float]],
    *,
    n_trials: int,
    seed: int,
) -> list[Tried]:
    """Try settings one after the other; the same seed and losses propose the same settings."""
    import optuna

    found: list[Tried] = []
    with_start = LINEAR_WEIGHT in known[0]

    def objective(trial: optuna.Trial) -> float:
        found.append(ask(_proposed(trial, with_start=with_start)))
        return found[-1].loss

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=len(known))
        study = optuna.create_study(sampler=sampler)
        for settings in known:
            study.enqueue_trial(dict(settings))
        study.optimize(objective, n_trials=n_trials)
    finally:
        optuna.logging.set_verbosity(level)
    return found


def _proposed(trial: optuna.Trial, *, with_start: bool) -> dict[str, float]:
    proposed: dict[str, float] = {
        "n_leaves": trial.suggest_int("n_leaves", 3, 63, log=True),
        "rate": trial.suggest_float("rate", 0.03, 0.2, log=True),
        "fewest_rows": trial.suggest_int("fewest_rows", 10, 400, log=True),
        "feature_share": trial.suggest_float("feature_share", 0.15, 1.0),
        "ridge": trial.suggest_float("ridge", 0.1, 100.0, log=True),
        "row_share": trial.suggest_float("row_share", 0.4, 1.0),
        "depth": trial.suggest_int("depth", 2, 7),
        "smoothing": trial.suggest_float("smoothing", 0.0, 50.0),
        "least_gain": trial.suggest_float("least_gain", 0.0, 2.0),
    }
    if with_start:
        proposed[LINEAR_WEIGHT] = float(trial.suggest_categorical(LINEAR_WEIGHT, LINEAR_WEIGHTS))
    return proposed


def _tunable(boosting: Boosting) -> dict[str, float]:
    return {name: value for name, value in boosting.settings() if name != "n_rounds"}
