"""Set exact explanations from tables beside LightGBM's own, on one core and from raw rows of floats.

What is measured: the LightGBM candidates that `make demo` trained, on the rows of their network; a model of
300 trees of 31 leaves on 60 numeric features with missing values; and score, explanation and choice of
reasons beside a score alone. Each pair must give the same before it is timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np

from benchmarks.pairs import Pair, same, timed
from earlywarn.features import build_matrix, moments_on
from earlywarn.pipeline.declared_inputs import encoded_values, read_declared
from earlywarn.publication import load_current, public_key, published_models
from earlywarn.scoring import LeafTables, PublishedModel, compile_trees, read_trees, tell
from earlywarn.scoring.explanations.many import attributions_of_many
from earlywarn.tables import open_tables
from earlywarn.workspace import Workspace

LARGEST_DIFFERENCE = 1e-10
N_ROWS, N_EXPLAINED, N_ALONE = 20_000, 1_000, 200


@dataclass(frozen=True)
class Explained:
    """One model's figures: beside `pred_contrib` for many rows and for one, without numba, and `predict`."""

    name: str
    shape: str
    beside_contrib: Pair
    beside_predict: Pair
    one_row: Pair
    difference: float


def explained(name: str, booster: lightgbm.Booster, rows: np.ndarray) -> Explained:
    """Measure one model on raw rows; `rows` are repeated where there are few."""
    model = read_trees(booster.model_to_string())
    tables = compile_trees(model.trees, len(model.feature_names))
    rows = np.resize(rows, (N_ROWS, rows.shape[1]))
    few = rows[:N_EXPLAINED]
    told = np.asarray(booster.predict(few, pred_contrib=True, num_threads=1))
    ours = attributions_of_many(tables, rows)
    scores = np.asarray(booster.predict(rows, raw_score=True, num_threads=1))
    difference = same(ours[: len(few)], told[:, :-1], within=LARGEST_DIFFERENCE)
    same(tables.base + ours.sum(axis=1), scores, within=1e-9)
    same(tables.attributions(few), ours[: len(few)], within=0.0)
    return Explained(
        name,
        _shape(booster, tables),
        timed(
            lambda: attributions_of_many(tables, rows),
            lambda: booster.predict(few, pred_contrib=True, num_threads=1),
            n_ours=len(rows),
            n_theirs=len(few),
        ),
        timed(
            lambda: attributions_of_many(tables, rows),
            lambda: booster.predict(rows, raw_score=True, num_threads=1),
            n_ours=len(rows),
            n_theirs=len(rows),
        ),
        timed(
            lambda: [tables.attributions(few[i : i + 1]) for i in range(N_ALONE)],
            lambda: [
                booster.predict(few[i : i + 1], pred_contrib=True, num_threads=1) for i in range(N_ALONE)
            ],
            n_ours=N_ALONE,
            n_theirs=N_ALONE,
        ),
        difference,
    )


def _shape(booster: lightgbm.Booster, tables: LeafTables) -> str:
    leaves = max(tree["num_leaves"] for tree in booster.dump_model()["tree_info"])
    return (
        f"{booster.num_trees()} trees of at most {leaves} leaves, {tables.n_features} features: "
        f"{tables.n_groups} tables of {tables.n_bytes / 1e6:.1f} MB, "
        f"{tables.n_wide} groups of leaves in parts"
    )


def with_reasons(model: PublishedModel, boosters: list[lightgbm.Booster], rows: np.ndarray) -> Pair:
    """Measure score, explanation and choice of reasons beside the same trees' score alone."""
    rows = np.resize(rows, (N_ROWS, rows.shape[1]))
    plain = model.intercept + np.mean([one.predict(rows, raw_score=True) for one in boosters], axis=0)
    if model.kind == "lightgbm":
        same(model.margins_of(model.attributions(rows, many=True)), plain, within=1e-9)

    def ours() -> None:
        attributions = model.attributions(rows, many=True)
        model.risks(model.margins_of(attributions))
        tell(model, rows, attributions, many=True)

    ours()
    return timed(
        ours,
        lambda: [one.predict(rows, raw_score=True, num_threads=1) for one in boosters],
        n_ours=len(rows),
        n_theirs=len(rows),
    )


def large_model(seed: int = 0) -> tuple[lightgbm.Booster, np.ndarray]:
    """Train 300 trees of 31 leaves on 60 numeric features, with missing values and columns mostly zero."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(60_000, 60))
    rows[:, 20:35] *= chance.random((len(rows), 15)) < 0.3
    rows[:, 50:] = chance.integers(0, 12, size=(len(rows), 10))
    rows[:, :20][chance.random((len(rows), 20)) < 0.15] = np.nan
    known = np.nan_to_num(rows)
    margin = known @ chance.normal(size=60) * 0.3 + known[:, 0] * known[:, 1] - 1
    label = (margin + chance.logistic(size=len(rows)) > 0).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": 31,
        "learning_rate": 0.05,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(rows, label, params=settings)
    return lightgbm.train(settings, data, num_boost_round=300), rows


def demonstrated(
    workspace: Workspace, keys: Path, today: date
) -> Iterator[tuple[PublishedModel, list[lightgbm.Booster], np.ndarray]]:
    """Return each published model of the demonstration, its trees as LightGBM's, and its cohort's rows."""
    key = public_key(keys)
    for name in published_models(workspace):
        model = load_current(workspace, name, key)
        folder = workspace.published / name / model.version
        declared = read_declared(folder)
        tables = open_tables(workspace, declared.contract)
        matrix = build_matrix(
            tables,
            declared.contract,
            declared.indicators,
            cohort=declared.cohort,
            moments=moments_on(declared.contract, tables, today),
            families=declared.families,
        )
        tables.close()
        rows = encoded_values(matrix, model.encoding, model.features, where=name)
        trees = sorted(folder.glob("trees_*.txt"))
        yield model, [lightgbm.Booster(model_file=str(path)) for path in trees], rows
