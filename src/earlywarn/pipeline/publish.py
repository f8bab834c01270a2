"""Turn a champion into the signed folder that the service reads, and put it in use."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from earlywarn.pipeline.model_names import registered_name
from earlywarn.publication import PublishedModel, write_published
from earlywarn.registry import CHAMPION, open_registry
from earlywarn.workspace import Workspace


def publish(
    model_dir: Path,
    workspace: Workspace,
    *,
    keys: Path,
    today: date | None = None,
    tracking_uri: str | None = None,
) -> PublishedModel:
    """Publish the champion of the model declared in `model_dir`.

    Args:
        model_dir: The folder with `model.toml`; its network's contract lies above it.
        workspace: Holds the registry, and takes the published folder.
        keys: The folder of the signing key, outside the workspace; made on first use.
        today: The day to write into the manifest; the calendar's by default.
        tracking_uri: An MLflow server; by default the workspace's own store.

    Raises:
        RegistryError: There is no champion.
        PublicationError: This version is published already, or its bundle is not complete.
        DamagedModelError: LightGBM answers otherwise than the compiled tables.
    """
    name = registered_name(model_dir)
    registry = open_registry(workspace.mlflow, uri=tracking_uri)
    version = registry.version_by_alias(name, CHAMPION)
    with tempfile.TemporaryDirectory() as temporary:
        bundle = registry.download_bundle(version, Path(temporary) / "bundle")
        return write_published(
            bundle,
            workspace,
            version=version.version,
            keys=keys,
            created_on=today or datetime.now(UTC).date(),
        )
