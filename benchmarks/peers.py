"""Fit what a data scientist would reach for first, on the same rows and columns as ours.

Logistic regression and LightGBM as they come, and FLAML, which searches models and settings for a given time.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from earlywarn.evaluation import Flags, Floats, Words, codes_of

SMALLEST = 1e-6


@dataclass(frozen=True, eq=False)
class Task:
    """One split as a peer sees it: encoded columns, labels, and what must not straddle its own folds."""

    train: Floats
    label: Flags
    test: Floats
    group: Words
    seconds: float
    seed: int
    n_threads: int


def logistic(task: Task) -> Floats:
    """Fit scikit-learn's logistic regression: missing values at the median, with a flag, all standardized."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=2000),
    )
    return _second(model.fit(task.train, task.label).predict_proba(task.test))


def lightgbm_defaults(task: Task) -> Floats:
    """Fit LightGBM with every setting as it comes."""
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(verbosity=-1, num_threads=task.n_threads, random_state=task.seed)
    return _second(model.fit(task.train, task.label).predict_proba(task.test))


def flaml(task: Task) -> Floats:
    """Let FLAML search trees for `seconds`, by log loss over folds that keep groups whole."""
    from flaml.automl.automl import AutoML

    logging.getLogger("flaml").setLevel(logging.ERROR)
    automl: Any = AutoML()  # type: ignore[no-untyped-call]
    automl.fit(
        task.train,
        task.label.astype(np.intp),
        task="classification",
        metric="log_loss",
        time_budget=task.seconds,
        estimator_list=["lgbm", "xgboost", "xgb_limitdepth", "rf", "extra_tree"],
        eval_method="cv",
        split_type="group",
        groups=codes_of(task.group),
        n_jobs=task.n_threads,
        seed=task.seed,
        verbose=0,
    )
    return _second(automl.predict_proba(task.test))


PEERS: dict[str, Callable[[Task], Floats]] = {
    "logistic": logistic,
    "LightGBM defaults": lightgbm_defaults,
    "FLAML": flaml,
}


def fitted(name: str, task: Task) -> Floats:
    """Return a peer's probabilities of the tested rows, kept a millionth away from certainty."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.clip(PEERS[name](task), SMALLEST, 1 - SMALLEST)


def _second(told: Any) -> Floats:
    return np.asarray(told, dtype=np.float64)[:, 1]
