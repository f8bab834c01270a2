"""Where published folders stand, which one is in use, and how they are loaded.

`published/<model>/<version>/` is written once and never changed; `published/<model>/current` names the
version in use and those before it, so that going back is one atomic write.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earlywarn.errors import DamagedModelError, PublicationError
from earlywarn.publication.golden import GOLDEN, check_golden
from earlywarn.publication.manifest import verified_files
from earlywarn.publication.reading import LEAF_TABLES, model_from, tables_from
from earlywarn.scoring import PublishedModel
from earlywarn.workspace import Workspace, locked, write_atomically

_POINTER = "current"
_MOST_REMEMBERED = 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def load_published(folder: Path, public_key: Ed25519PublicKey) -> PublishedModel:
    """Verify a published folder, byte for byte and by its golden rows, and load it.

    Raises:
        DamagedModelError: It is not what was signed, or does not answer as it did at publication.
    """
    where = str(folder)
    manifest, files = verified_files(folder, public_key)
    if (manifest.get("model"), manifest.get("version")) != (folder.parent.name, folder.name):
        raise DamagedModelError(
            "the folder was signed as another model or version", where=where, todo="publish the model again"
        )
    try:
        tables, golden = files[LEAF_TABLES], files[GOLDEN]
    except KeyError as error:
        raise DamagedModelError("the folder is not complete", where=where) from error
    model = model_from(files, tables_from(tables, where=where), version=folder.name, where=where)
    check_golden(model, golden, where=where)
    return model


def load_current(workspace: Workspace, model: str, public_key: Ed25519PublicKey) -> PublishedModel:
    """Load the version of a model that is in use.

    Raises:
        PublicationError: None is published.
        DamagedModelError: The folder in use is damaged.
    """
    version = current_version(workspace, model)
    if version is None:
        raise PublicationError(
            "no version is published", where=f"model '{model}'", todo="run earlywarn publish"
        )
    return load_published(workspace.published / model / version, public_key)


def published_models(workspace: Workspace) -> tuple[str, ...]:
    """Return the names of the models that have a version in use."""
    if not workspace.published.is_dir():
        return ()
    return tuple(
        sorted(
            folder.name
            for folder in workspace.published.iterdir()
            if _NAME.fullmatch(folder.name) and (folder / _POINTER).is_file()
        )
    )


def current_version(workspace: Workspace, model: str) -> str | None:
    """Return the version in use, or None where nothing is published."""
    versions = _versions(workspace, model)
    return versions[0] if versions else None


def put_in_use(workspace: Workspace, model: str, version: str, public_key: Ed25519PublicKey) -> None:
    """Make a version the one in use, once it has proved itself; the earlier one stays behind it.

    Raises:
        DamagedModelError: The folder is damaged; the version in use stays.
    """
    check_name(version, "version")
    load_published(workspace.published / model / version, public_key)
    before = [known for known in _versions(workspace, model) if known != version]
    content = json.dumps({"version": version, "before": before[:_MOST_REMEMBERED]}) + "\n"
    write_atomically(workspace.published / model / _POINTER, content.encode())


def roll_back(
    workspace: Workspace, model: str, public_key: Ed25519PublicKey, *, to: str | None = None
) -> str:
    """Go back to the version used before, or to a named one; return it.

    Raises:
        PublicationError: There is no earlier version, or no such one.
        DamagedModelError: That version is damaged; the one in use stays.
    """
    with locked(workspace, "publish", owner="roll back"):
        versions = _versions(workspace, model)
        if to is None and len(versions) < 2:
            raise PublicationError("there is no earlier version", where=f"model '{model}'")
        version = to or versions[1]
        if not (workspace.published / model / check_name(version, "version")).is_dir():
            raise PublicationError("there is no such version", where=f"model '{model}'")
        put_in_use(workspace, model, version, public_key)
    return version


def check_name(name: str, what: str) -> str:
    """Refuse a name that could lead out of its folder.

    Raises:
        PublicationError: It holds more than letters, digits, hyphens and underscores.
    """
    if not _NAME.fullmatch(name):
        raise PublicationError(f"this is no name of a {what}", todo="use letters, digits, - and _")
    return name


def _versions(workspace: Workspace, model: str) -> list[str]:
    path = workspace.published / check_name(model, "model") / _POINTER
    try:
        content = json.loads(path.read_bytes())
        return [check_name(str(name), "version") for name in (content["version"], *content["before"])]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedModelError(
            "the pointer to the version in use cannot be read", where=str(path), todo="publish again"
        ) from error
