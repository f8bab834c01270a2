"""Runs and versions go to MLflow and come back; nothing is pickled and nothing is sent home."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

import pytest

from earlywarn.errors import RegistryError
from earlywarn.publication import unsigned_model
from earlywarn.registry import (
    CANDIDATE,
    CHAMPION,
    ChildRun,
    ModelVersion,
    Registry,
    RunRecord,
    open_registry,
)
from earlywarn.registry.answers import answer
from earlywarn.registry.batches import log_children
from tests.builders.published import FEATURES, example_rows, write_bundle


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for one store; creating its database takes seconds, so tests share it."""
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def registry(home: Path) -> Registry:
    """Open the store."""
    return open_registry(home)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a bundle of lines alone."""
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(folder, n_seeds=0)
    return folder


def _record(registry: Registry, bundle: Path, model: str, **changes: Any) -> ModelVersion:
    return registry.record(
        RunRecord(
            experiment=model,
            model=model,
            params={"seed": "0"},
            metrics={"strict/logistic/auc": 0.75},
            tags={"kind": "logistic"},
            bundle=bundle,
            texts={"CARD.md": "# card"},
            **changes,
        )
    )


def test_a_new_version_is_the_candidate(registry: Registry, bundle: Path) -> None:
    """Each training moves the alias candidate to its own version."""
    first = _record(registry, bundle, "net.first")
    second = _record(registry, bundle, "net.first")

    assert (first.version, second.version) == ("1", "2")
    assert registry.version_by_alias("net.first", CANDIDATE).version == "2"


def test_the_champion_is_whoever_was_promoted(registry: Registry, bundle: Path) -> None:
    """There is no champion before the alias is set."""
    version = _record(registry, bundle, "net.second")
    with pytest.raises(
        RegistryError, match=r"net\.second: the model has no champion; run `earlywarn promote`"
    ):
        registry.version_by_alias("net.second", CHAMPION)
    assert registry.find_version("net.second", CHAMPION) is None

    registry.set_alias(version, CHAMPION)

    assert registry.version_by_alias("net.second", CHAMPION) == version


def test_a_registry_that_does_not_answer_is_not_one_without_a_champion() -> None:
    """Otherwise an outage would promote a candidate that nobody compared with the champion."""
    from mlflow.exceptions import MlflowException

    class Away:
        def get_model_version_by_alias(self, model: str, alias: str) -> None:
            raise MlflowException(f"API request for {model} {alias} failed")

    with pytest.raises(RegistryError, match="MLflow could not look up an alias"):
        Registry(cast("Any", Away()), "http://127.0.0.1:9", None).find_version("net.second", CHAMPION)


def test_a_bundle_comes_back_byte_for_byte(registry: Registry, bundle: Path, tmp_path: Path) -> None:
    """What was logged is what publish receives."""
    version = _record(registry, bundle, "net.third")

    folder = registry.download_bundle(version, tmp_path / "bundle")

    assert _files(folder) == _files(bundle)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_file_of_a_model_is_a_pickle(registry: Registry, bundle: Path, home: Path) -> None:
    """A model is code and text."""
    _record(registry, bundle, "net.fourth")

    suffixes = {path.suffix for path in (home / "artifacts").rglob("*") if path.is_file()}

    assert suffixes <= {"", ".json", ".md", ".py", ".toml", ".txt", ".yaml"}


def test_a_model_whose_catalog_has_no_words_names_its_features(tmp_path: Path) -> None:
    """Where there is no sentence, the features that moved the margin most stand for it."""
    write_bundle(tmp_path / "bundle", n_seeds=0)
    catalog = json.loads((tmp_path / "bundle" / "catalog.json").read_text("utf-8"))
    (tmp_path / "bundle" / "catalog.json").write_text(json.dumps([{**one, "text": {}} for one in catalog]))
    rows = example_rows(2)

    told = answer(unsigned_model(tmp_path / "bundle"), rows, top_k=1, language="fr")

    assert told["codes"] == told["reasons"]
    assert {code for row in cast("list[list[str]]", told["codes"]) for code in row} <= set(FEATURES)


def test_nested_runs_stand_below_theirs_and_are_bounded(registry: Registry, bundle: Path) -> None:
    """Each candidate has its run, however many trials there were; where room ends, trials have none."""
    version = _record(registry, bundle, "net.sixth")
    client = _client(registry)
    experiment = client.get_run(version.run_id).info.experiment_id
    trials = [ChildRun(f"trial {n}", metrics={"tuning/loss": n / 10}) for n in range(9)]
    children = [ChildRun("lightgbm", children=trials), ChildRun("logistic", tags={"chosen": "true"})]

    left = log_children(client, experiment, version.run_id, children, room=4)

    runs = client.search_runs([experiment])
    parents = {run.info.run_name: run.data.tags.get("mlflow.parentRunId") for run in runs}
    by_name = {run.info.run_name: run.info.run_id for run in runs}
    assert left == 0
    assert set(by_name) == {"net.sixth", "lightgbm", "logistic", "trial 0", "trial 1"}
    assert parents["lightgbm"] == parents["logistic"] == version.run_id
    assert parents["trial 0"] == by_name["lightgbm"]


def _client(registry: Registry) -> Any:
    """Return MLflow's own client; importing MLflow before the registry is open would let it send reports."""
    from mlflow import MlflowClient

    return MlflowClient(registry.uri)


def test_figures_that_cannot_be_told_are_left_out(registry: Registry, bundle: Path) -> None:
    """MLflow's database has no word for them; more figures than fit a batch go in several."""
    metrics = {f"strict/group {n}/auc": n / 2000 for n in range(1001)} | {"strict/none": float("nan")}

    series = {"loss": [(1, 0.5), (2, float("inf"))]}

    version = registry.record(
        RunRecord("net.seventh", "net.seventh", {}, metrics, {}, bundle, {}, series=series)
    )

    told = _client(registry).get_run(version.run_id).data.metrics
    assert len(told) == 1002
    assert told["loss"] == 0.5


def test_telemetry_and_pickles_are_off(registry: Registry) -> None:
    """Opening the registry sets what MLflow reads, whatever the shell says."""
    assert registry.uri.startswith("sqlite:///")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert os.environ["DO_NOT_TRACK"] == "1"
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_a_server_that_is_not_there_is_named_at_once(tmp_path: Path) -> None:
    """No silent retries: one sentence, quickly."""
    with pytest.raises(RegistryError, match="MLflow could not open its store"):
        open_registry(tmp_path, uri="http://127.0.0.1:9")
