"""Write runs and versions to MLflow, and read them back by alias."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from earlywarn.errors import RegistryError
from earlywarn.registry.batches import MOST_CHILDREN, log_children, log_data, log_figures
from earlywarn.registry.records import ModelVersion, RunRecord
from earlywarn.registry.saving import save_pyfunc
from earlywarn.workspace import storage_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient

CANDIDATE = "candidate"
CHAMPION = "champion"

_NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a model, an alias or a run that it does not have."""

KIND_OF_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}
"""Without it, MLflow's pages take a training for a conversation with a language model."""

SAFE_DEFAULTS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""MLflow reads these once, at import; telemetry and pickles stay off whatever the shell says."""


class Registry:
    """Runs and versions of one workspace or server."""

    def __init__(self, client: MlflowClient, uri: str, artifacts: Path | None) -> None:
        self._client = client
        self.uri = uri
        self._artifacts = artifacts

    def record(self, record: RunRecord) -> ModelVersion:
        """Write a run, register its bundle as the next version, and call it candidate.

        Raises:
            RegistryError: MLflow cannot be reached or refuses.
            StorageError: The disk is full.
        """
        with storage_errors(record.bundle), _asked("record a run"):
            return self._record(record)

    def _record(self, record: RunRecord) -> ModelVersion:
        from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

        experiment = self._experiment(record.experiment)
        started = round(1000 * (time.time() - record.seconds))
        run = self._client.create_run(experiment, start_time=started, run_name=record.name or record.model)
        run_id = run.info.run_id
        try:
            log_figures(
                self._client,
                run_id,
                metrics=record.metrics,
                series=record.series,
                params=record.params,
                tags={**record.tags, **({MLFLOW_RUN_NOTE: record.description} if record.description else {})},
            )
            log_data(self._client, run_id, record.inputs)
            log_children(self._client, experiment, run_id, record.children, room=MOST_CHILDREN)
            self._log_files(record, run_id)
            version = self._register(record, run_id)
        except BaseException:
            self._client.set_terminated(run_id, "FAILED")
            raise
        self._client.set_terminated(run_id, "FINISHED")
        return version

    def _log_files(self, record: RunRecord, run_id: str) -> None:
        """Log all files in one step."""
        files = {name: text.encode("utf-8") for name, text in record.texts.items()} | dict(record.files)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            self._client.log_artifacts(run_id, folder)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = (self._artifacts / name).as_uri() if self._artifacts else None
        return str(self._client.create_experiment(name, artifact_location=location, tags=KIND_OF_EXPERIMENT))

    def _register(self, record: RunRecord, run_id: str) -> ModelVersion:
        """Log the bundle as a pyfunc written from code, and register it."""
        from mlflow.exceptions import MlflowException

        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "model"
            save_pyfunc(record.bundle, model)
            self._client.log_artifacts(run_id, str(model), "model")
        try:
            self._client.create_registered_model(record.model, description=record.description or None)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = f"{self._client.get_run(run_id).info.artifact_uri}/model"
        made = self._client.create_model_version(
            record.model,
            source,
            run_id=run_id,
            tags=dict(record.tags),
            description=record.description or None,
        )
        self._client.set_registered_model_alias(record.model, CANDIDATE, made.version)
        return ModelVersion(record.model, str(made.version), run_id, dict(record.tags))

    def version_by_alias(self, model: str, alias: str) -> ModelVersion:
        """Return the version that an alias names.

        Raises:
            RegistryError: There is no such model or alias, or MLflow cannot be reached.
        """
        found = self.find_version(model, alias)
        if found is None:
            todo = "run `earlywarn train` first" if alias == CANDIDATE else "run `earlywarn promote` first"
            raise RegistryError(f"the model has no {alias}", where=model, todo=todo)
        return found

    def find_version(self, model: str, alias: str) -> ModelVersion | None:
        """Return the version that an alias names, or None where there is no such model or alias.

        Raises:
            RegistryError: MLflow cannot be reached, which never means that there is none.
        """
        from mlflow.exceptions import MlflowException

        with _asked("look up an alias"):
            try:
                found = self._client.get_model_version_by_alias(model, alias)
            except MlflowException as error:
                if error.error_code not in _NOT_THERE:
                    raise
                return None
        return ModelVersion(model, str(found.version), str(found.run_id), dict(found.tags))

    def run_tags(self, run_id: str) -> dict[str, str]:
        """Return the tags of a run.

        Raises:
            RegistryError: There is no such run.
        """
        from mlflow.exceptions import MlflowException

        with _asked("look up a run"):
            try:
                return dict(self._client.get_run(run_id).data.tags)
            except MlflowException as error:
                if error.error_code not in _NOT_THERE:
                    raise
                todo = "copy the run's id from `mlflow ui`"
                raise RegistryError("there is no such run", where=run_id, todo=todo) from error

    def download_files(self, run_id: str, folder: Path) -> Path:
        """Copy all that a run logged into `folder`.

        Raises:
            RegistryError: The files are gone or cannot be reached.
        """
        from mlflow.artifacts import download_artifacts

        with storage_errors(folder), _asked("download a run's files"):
            folder.mkdir(parents=True, exist_ok=True)
            found = download_artifacts(run_id=run_id, dst_path=str(folder), tracking_uri=self.uri)
            return Path(found)

    def add_texts(self, version: ModelVersion, texts: Mapping[str, str]) -> None:
        """Show more texts with a version's run, by name; one that is there already is replaced."""
        with storage_errors(Path(version.name)), _asked("add to a run"):
            for name, text in texts.items():
                self._client.log_text(version.run_id, text, name)

    def set_alias(self, version: ModelVersion, alias: str) -> None:
        """Let an alias name this version from now on."""
        with _asked("move an alias"):
            self._client.set_registered_model_alias(version.name, alias, version.version)

    def download_bundle(self, version: ModelVersion, folder: Path) -> Path:
        """Copy a version's bundle into `folder`, which must not hold one yet.

        Raises:
            RegistryError: The files are gone or cannot be reached.
        """
        from mlflow.artifacts import download_artifacts

        with storage_errors(folder), _asked("download a bundle"), tempfile.TemporaryDirectory() as taken:
            uri = self._client.get_model_version_download_uri(version.name, version.version)
            model = Path(download_artifacts(artifact_uri=uri, dst_path=taken, tracking_uri=self.uri))
            # MLflow keeps the folder under the name it had when it was logged.
            (bundle,) = (model / "artifacts").iterdir()
            return Path(shutil.copytree(bundle, folder))


@contextmanager
def _asked(what: str) -> Iterator[None]:
    """Turn MLflow's refusals into one sentence, and keep its own deprecations out of sight."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except Exception as error:
            if not type(error).__module__.startswith(("mlflow", "requests", "sqlalchemy")):
                raise
            raise RegistryError(
                f"MLflow could not {what} ({type(error).__name__})",
                todo="check the tracking address and the workspace's mlflow folder",
            ) from error


def open_registry(folder: Path, *, uri: str | None = None) -> Registry:
    """Open the registry of a workspace: SQLite in `folder`, or the server at `uri`."""
    os.environ.update(SAFE_DEFAULTS)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _asked("open its store"):
        return Registry(*_client(folder.resolve(), uri))


def _client(folder: Path, uri: str | None) -> tuple[Any, str, Path | None]:
    logging.getLogger("alembic").setLevel(logging.ERROR)
    from mlflow import MlflowClient

    address = uri or f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=address, registry_uri=address)
    client.search_experiments(max_results=1)
    return client, address, None if uri else folder / "artifacts"
