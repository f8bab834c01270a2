"""Runs and versions go to MLflow and come back; nothing is pickled and nothing is sent home."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from earlywarn.errors import RegistryError
from earlywarn.registry import CANDIDATE, CHAMPION, ModelVersion, Registry, RunRecord, open_registry


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
    """Write a bundle of one line: margin = 2 x."""
    folder = tmp_path_factory.mktemp("bundle")
    term = {"feature": "x", "mean": 0.0, "scale": 1.0, "coefficient": 2.0}
    term |= {"missing_coefficient": 0.5, "missing_share": 0.1}
    model = {
        "format": 1,
        "kind": "logistic",
        "features": ["x"],
        "intercept": 0.0,
        "linear": [term],
        "trees": [],
    }
    (folder / "model.json").write_text(json.dumps(model), encoding="utf-8")
    calibrator = {"method": "sigmoid", "slope": 1.0, "intercept": 0.0}
    (folder / "calibrator.json").write_text(json.dumps(calibrator), encoding="utf-8")
    return folder


def _record(registry: Registry, bundle: Path, model: str) -> ModelVersion:
    return registry.record(
        RunRecord(
            experiment=model,
            model=model,
            params={"seed": "0"},
            metrics={"strict/logistic/auc": 0.75},
            tags={"kind": "logistic"},
            bundle=bundle,
            texts={"CARD.md": "# card"},
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

    registry.set_alias(version, CHAMPION)

    assert registry.version_by_alias("net.second", CHAMPION) == version


def test_a_bundle_comes_back_byte_for_byte(registry: Registry, bundle: Path, tmp_path: Path) -> None:
    """What was logged is what publish receives."""
    version = _record(registry, bundle, "net.third")

    folder = registry.download_bundle(version, tmp_path / "bundle")

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in bundle.iterdir()
    }


def test_no_file_of_a_model_is_a_pickle(registry: Registry, bundle: Path, home: Path) -> None:
    """A model is code and text."""
    _record(registry, bundle, "net.fourth")

    suffixes = {path.suffix for path in (home / "artifacts").rglob("*") if path.is_file()}

    assert suffixes <= {"", ".json", ".md", ".py", ".txt", ".yaml"}


def test_the_model_loads_as_a_plain_pyfunc(registry: Registry, bundle: Path) -> None:
    """A data scientist gets margin, risk and the strongest features by MLflow's own means."""
    import mlflow
    import pandas as pd

    version = _record(registry, bundle, "net.fifth")
    mlflow.set_tracking_uri(registry.uri)
    loaded = mlflow.pyfunc.load_model(f"models:/net.fifth/{version.version}")

    told = loaded.predict(pd.DataFrame({"x": [0.0, 1.0]}))

    assert told["margin"].tolist() == [0.0, 2.0]
    assert told["risk"].round(4).tolist() == [0.5, 0.8808]
    assert told["reasons"].tolist() == [["x"], ["x"]]


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
