"""A run in MLflow can be read, loaded as a plain model, and rebuilt from what MLflow holds alone."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from earlywarn.errors import RegistryError, TrainingError
from earlywarn.pipeline.environment import installed_versions
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.publish import publish
from earlywarn.pipeline.rebuild import different_files, rebuild
from earlywarn.pipeline.train import TrainingResult, train
from earlywarn.publication import PublishedModel
from earlywarn.registry import CHAMPION, open_registry
from earlywarn.tables import read_ledger
from earlywarn.workspace import Workspace
from tests.builders.trained_network import TODAY, SmallNetwork, small_network


@dataclass(frozen=True)
class Logged:
    """A network with one training in MLflow, its champion, and the same model published."""

    home: Path
    network: SmallNetwork
    result: TrainingResult
    published: PublishedModel
    client: Any

    @property
    def run(self) -> Any:
        """Return the run as MLflow has it."""
        return self.client.get_run(self.result.version.run_id)

    def children_of(self, run_id: str) -> list[Any]:
        """Return the runs nested in a run."""
        found = self.client.search_runs(
            [self.run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'"
        )
        return sorted(found, key=lambda run: str(run.info.run_name))


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    """Train once, with pictures, and publish the champion."""
    home = tmp_path_factory.mktemp("runs")
    network = small_network(home)
    result = train(network.model, network.workspace, today=TODAY)
    registry = open_registry(network.workspace.mlflow)
    registry.set_alias(result.version, CHAMPION)
    published = publish(network.model, network.workspace, keys=home / "keys", today=TODAY)
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(registry.uri)
    with pytest.MonkeyPatch.context() as patched:
        # Python caches the code of a model that is loaded from a local store beside it: no file of ours.
        patched.setattr(sys, "dont_write_bytecode", True)
        yield Logged(home, network, result, published, mlflow.MlflowClient(registry.uri, registry.uri))
    mlflow.set_tracking_uri(before)


def test_a_run_holds_all_that_a_reader_needs(logged: Logged) -> None:
    """Sheet, card, report, pictures in both languages, declarations, versions and the recipe."""
    folder = Path(logged.run.info.artifact_uri.removeprefix("file://"))
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    pictures = ("reliability", "lists", "candidates", "groups")
    assert {f"pictures/{name}.{language}.svg" for name in pictures for language in ("fr", "en")} <= names
    assert {
        f"pictures/shap_{name}.{language}.png"
        for name in ("summary", "dependence")
        for language in ("fr", "en")
    } <= names
    assert {
        "backtest.json",
        "CARD.md",
        "report.txt",
        "recipe.json",
        "requirements.txt",
        "environment.json",
    } <= names
    assert {f"declarations/{name}.toml" for name in ("contract", "indicators", "model")} <= names
    assert logged.run.data.tags["mlflow.note.content"].startswith("# Model card: small/low")


def test_figures_stand_per_moment_grade_and_group(logged: Logged) -> None:
    """The names group by their slashes; the day, the seed and the version are tags."""
    told, tags = logged.run.data.metrics, logged.run.data.tags

    assert 0.5 < told["strict/all intervals/auc_low"] < told["strict/all/auc"] <= 1
    assert {"strict/moment 11-20/brier", "strict/grade sec1/auc", "strict/group sex F/recall_gap"} <= set(
        told
    )
    assert "strict/versus rules/auc_difference" in told
    assert (tags["today"], tags["seed"], tags["level"]) == ("2023-12-01", "0", "training")
    assert tags["earlywarn.version"]


def test_every_candidate_has_a_run_below_the_training(logged: Logged) -> None:
    """Nested runs carry the same figures by the same names, and say which was chosen."""
    runs = logged.children_of(logged.run.info.run_id)

    assert [run.info.run_name for run in runs] == ["lightgbm", "rules"]
    assert [run.data.tags["chosen"] for run in runs] == ["true", "false"]
    assert runs[0].data.metrics["strict/all/auc"] == logged.run.data.metrics["strict/all/auc"]
    assert "n_leaves" in runs[0].data.params
    precision = logged.client.get_metric_history(runs[0].info.run_id, "lists/precision")
    assert len(precision) == 30


def test_every_batch_and_the_matrix_are_inputs_by_digest(logged: Logged) -> None:
    """What was used can be told from MLflow: the digests are those of the ledger."""
    inputs = {one.dataset.name: one.dataset for one in logged.run.inputs.dataset_inputs}
    tables = read_ledger(logged.network.workspace).batches[0].tables

    assert set(inputs) == {"absences batch 1", "marks batch 1", "stays batch 1", "matrix"}
    stays = json.loads(inputs["stays batch 1"].source)
    assert stays["sha256"] == tables["stays"].files[0].digest
    assert json.loads(inputs["stays batch 1"].profile)["num_rows"] == 720
    assert json.loads(inputs["matrix"].profile)["num_rows"] == 720


def test_the_champion_loads_as_a_plain_model(logged: Logged) -> None:
    """Risks equal the published model's, and reasons are its words, in the language asked for."""
    import mlflow

    rows = np.array([[0.0, 9.0, 55.0], [141.0, np.nan, 80.0], [141.0, 0.0, np.nan]])
    frame = pd.DataFrame(rows, columns=list(logged.published.features))
    loaded = mlflow.pyfunc.load_model("models:/small.low@champion")

    told = loaded.predict(frame)
    french = loaded.predict(frame, params={"top_k": 1, "language": "fr"})

    margins = logged.published.margins(rows)
    assert np.abs(told["margin"] - margins).max() < 1e-9
    assert np.abs(told["risk"] - logged.published.risks(margins)).max() < 1e-9
    assert told["codes"][0] == ["mark", "absent_days"] or told["codes"][0] == ["absent_days", "mark"]
    assert any("9 days of absence since the start of the year" in line for line in told["reasons"][0])
    assert [len(row) for row in french["reasons"]] == [1, 1, len(told["reasons"][2][:1])]
    assert french["reasons"][0][0].startswith("↑ ")
    with pytest.raises(Exception, match="ask for 'fr' or 'en'"):
        loaded.predict(frame, params={"language": "de"})


def test_the_signature_comes_with_rows_that_no_student_has(logged: Logged) -> None:
    """The example is made of quantiles, and the signature names what may be asked."""
    import mlflow

    loaded = mlflow.pyfunc.load_model("models:/small.low@champion")
    folder = logged.network.workspace.mlflow
    example = json.loads(next(folder.rglob("input_example.json")).read_text("utf-8"))
    quantiles = json.loads(next(folder.rglob("quantiles.json")).read_text("utf-8"))

    assert [param.name for param in loaded.metadata.signature.params] == ["top_k", "language"]
    assert [column["name"] for column in loaded.metadata.signature.outputs.to_dict()] == [
        "margin",
        "risk",
        "reasons",
        "codes",
    ]
    for place, name in enumerate(example["columns"]):
        assert {row[place] for row in example["data"]} <= set(quantiles[name]["q"])


def test_no_file_in_mlflows_folder_is_a_pickle(logged: Logged) -> None:
    """Neither by name nor by content; MLflow is told to refuse pickles anyway."""
    files = [path for path in (logged.network.workspace.mlflow / "artifacts").rglob("*") if path.is_file()]

    assert {path.suffix for path in files} <= {
        "",
        ".json",
        ".md",
        ".py",
        ".txt",
        ".yaml",
        ".toml",
        ".svg",
        ".html",
        ".png",
    }
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]


def test_a_run_is_rebuilt_byte_for_byte_on_other_threads(logged: Logged) -> None:
    """Declarations, day, seed and digests come from the run; the model's own files may have changed since."""
    home = logged.home / "moved"
    shutil.copytree(logged.network.model.parent, home)
    spec = home / "low" / "model.toml"
    spec.write_text(spec.read_text("utf-8").replace("mark = 60", "mark = 50"), encoding="utf-8")

    again = rebuild(home / "low", logged.network.workspace, run_id=logged.result.version.run_id, threads=1)

    assert again.is_identical
    assert "identical (" in again.summary()


def test_other_libraries_are_named(logged: Logged) -> None:
    """A version that is not the run's stops the rebuild, and the message says which."""
    libraries = {**installed_versions(), "lightgbm": "3.0.0"}

    with pytest.raises(
        TrainingError, match=r"the libraries are not those of the run: lightgbm is 3\.0\.0, the run had 4"
    ):
        rebuild(logged.network.model, logged.network.workspace, libraries=libraries)


def test_changed_and_missing_batches_are_named(logged: Logged) -> None:
    """One altered byte in a batch, or a file that is gone, stops the rebuild."""
    workspace = _copy_of(logged)
    by_table = read_ledger(workspace).batches[0].tables
    marks, stays = (workspace.tables / by_table[name].files[0].file for name in ("marks", "stays"))
    marks.write_bytes(marks.read_bytes() + b" ")
    stays.unlink()

    with pytest.raises(TrainingError) as refused:
        rebuild(logged.network.model, workspace)

    assert "marks batch 1 (received 2023-12-01) has another digest" in str(refused.value)
    assert "stays batch 1 (received 2023-12-01): its file is gone" in str(refused.value)
    assert "absences" not in str(refused.value)


def test_a_batch_that_came_later_is_left_out(logged: Logged) -> None:
    """A network goes on taking files in; a run of last month can still be rebuilt."""
    workspace = _copy_of(logged)
    _take_in_more(logged.home, logged.network, workspace)

    again = rebuild(logged.network.model, workspace)

    assert again.is_identical
    assert "1 batches came after the run and were left out" in again.notes


def test_a_batch_that_comes_during_a_training_is_not_of_its_run(tmp_path: Path) -> None:
    """Systems push at any hour: a training reads what stood there when it began, and says so."""
    network = small_network(tmp_path)

    def arriving(step: str, done: int, total: int) -> None:
        if (step, done) == ("replay as-of dates", 0):
            _take_in_more(tmp_path, network, network.workspace)

    train(network.model, network.workspace, today=TODAY, pictures=False, progress=arriving)

    again = rebuild(network.model, network.workspace)
    assert again.is_identical
    assert "1 batches came after the run and were left out" in again.notes


def test_only_a_run_of_this_model_is_rebuilt(logged: Logged) -> None:
    """An unknown run and a nested one are refused by name."""
    nested = logged.children_of(logged.run.info.run_id)[0].info.run_id

    with pytest.raises(RegistryError, match="nothere: there is no such run"):
        rebuild(logged.network.model, logged.network.workspace, run_id="nothere")
    with pytest.raises(RegistryError, match=r"holds no recipe\.json"):
        rebuild(logged.network.model, logged.network.workspace, run_id=nested)


def test_what_differs_is_named_by_file_and_place(tmp_path: Path) -> None:
    """The first difference of each file is said, without a value."""
    for name, slope, trees in (("before", 1.0, "a\nb\n"), ("again", 1.5, "a\nc\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "calibrator.json").write_text(json.dumps({"terms": [{"slope": slope}]}))
        (tmp_path / name / "trees_0.txt").write_text(trees)
    (tmp_path / "before" / "trees_1.txt").write_text("a")

    found = list(different_files(tmp_path / "before", tmp_path / "again"))

    assert found == [
        "calibrator.json differs at terms.0.slope",
        "trees_0.txt differs at line 2",
        "trees_1.txt is only in the run",
    ]


def _take_in_more(home: Path, network: SmallNetwork, workspace: Workspace) -> None:
    """Take in the same facts of as many other students."""
    files = home / "later"
    files.mkdir()
    for name in ("stays", "absences", "marks"):
        head, *rows = (home / "files-0" / f"{name}.csv").read_text("utf-8").splitlines()
        text = "\n".join([head, *(row.replace("s0", "t0", 1) for row in rows)]) + "\n"
        (files / f"{name}.csv").write_text(text, encoding="utf-8")
    ingest(
        network.model.parent, files, workspace, received_on=date(2023, 12, 2), backfill=True,
        keys=home / "keys",
    )  # fmt: skip


def _copy_of(logged: Logged) -> Workspace:
    """Return a workspace with the same registry, and tables of its own that a test may damage."""
    home = Path(logged.home / f"copy-{len(list(logged.home.glob('copy-*')))}")
    home.mkdir()
    for part in logged.network.workspace.home.iterdir():
        if part.name == "mlflow":
            (home / "mlflow").symlink_to(part)
        elif part.is_dir():
            shutil.copytree(part, home / part.name)
    return Workspace(home)
