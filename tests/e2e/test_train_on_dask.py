"""Trees fitted on a Dask cluster of two processes: as good as those fitted here, and marked as such."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mlflow import MlflowClient

from earlywarn.modeling import Boosting, Taught, fit_boosting, read_bundle
from earlywarn.pipeline.train import train
from earlywarn.pipeline.trees_on_dask import trees_on_dask
from earlywarn.registry import open_registry
from earlywarn.workspace import Workspace
from tests.builders.trained_network import TODAY, small_network

if TYPE_CHECKING:
    from distributed import LocalCluster

FEATURES = ("up", "down", "none")
SIGNS = np.array([1.0, -1.0, 0.0])
BOOSTING = Boosting(n_rounds=40, feature_share=1.0)


def invented(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Invent values, some missing, and outcomes that one feature raises and another lowers."""
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(n_rows, 3))
    label = values[:, 0] - values[:, 1] + chance.logistic(size=n_rows) > 0
    values[chance.random(n_rows) < 0.1, 0] = np.nan
    return values, label


@pytest.mark.parametrize("has_start", [False, True])
def test_trees_are_as_good_as_those_fitted_here(
    cluster: LocalCluster, tmp_path: Path, has_start: bool
) -> None:
    """Fresh rows are told as well, names and signs hold, and nothing is left in the workspace."""
    values, label = invented(6_000, 1)
    start = 0.3 * np.nan_to_num(values[:, 0]) if has_start else None
    (tmp_path / ".trees-of-a-killed-training").mkdir()
    fit, asked = trees_on_dask(cluster.scheduler_address, Workspace(tmp_path)), {"boosting": BOOSTING}

    there, here = (
        one(Taught(values, label, start), FEATURES, SIGNS, seeds=[0, 1], n_threads=1, **asked)
        for one in (fit, fit_boosting)
    )

    fresh, truth = invented(6_000, 2)
    added = 0.3 * np.nan_to_num(fresh[:, 0]) if has_start else 0.0
    losses = [loss(one.margins(fresh) + added, truth) for one in (there, here)]
    assert losses[0] == pytest.approx(losses[1], rel=0.01)
    assert losses[0] < 0.85 * loss(np.zeros(len(truth)), truth)
    assert [text.count("feature_names=up down none\n") for text in there.trees] == [1, 1]
    assert there.trees[0] != there.trees[1]
    assert dict(there.settings)["dask_workers"] == 2
    assert dict(here.settings).items() < dict(there.settings).items()
    steps = np.column_stack([np.linspace(-3, 3, 50), np.zeros(50), np.zeros(50)])
    assert (np.diff(there.margins(steps)) >= 0).all()
    assert list(tmp_path.iterdir()) == []


def loss(margins: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean log loss."""
    return float(np.mean(np.logaddexp(0, np.where(truth, -margins, margins))))


def test_a_training_on_the_cluster_ends_in_a_candidate(cluster: LocalCluster, tmp_path: Path) -> None:
    """The whole verb, from tables to a candidate whose run says how many workers fitted its trees."""
    network = small_network(tmp_path)
    elsewhere = trees_on_dask(cluster.scheduler_address, network.workspace)

    result = train(network.model, network.workspace, today=TODAY, pictures=False, fit_trees=elsewhere)

    registry = open_registry(network.workspace.mlflow)
    bundle = registry.download_bundle(result.version, tmp_path / "bundle")
    run = MlflowClient(registry.uri, registry.uri).get_run(result.version.run_id)
    assert read_bundle(bundle).model.kind == "lightgbm"
    assert float(run.data.params["dask_workers"]) == 2
    assert not list(network.workspace.home.glob(".trees-*"))
