"""Turn a bundle into a signed folder: compile the trees, prove the answers, write it whole, put it in use.

LightGBM runs here in a throwaway process only, to confirm that our attributions are its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import cast

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earlywarn.errors import DamagedModelError, PublicationError
from earlywarn.publication.folders import check_name, load_published, put_in_use
from earlywarn.publication.golden import GOLDEN, golden_file, golden_rows
from earlywarn.publication.keys import public_key, signing_key
from earlywarn.publication.manifest import (
    MANIFEST,
    SIGNATURE,
    is_plain_name,
    signed_manifest,
    verified_files,
)
from earlywarn.publication.reading import (
    LEAF_TABLES,
    MODEL,
    NEEDED,
    missing_shares,
    model_from,
    tables_file,
    tables_from,
    tree_weight,
)
from earlywarn.scoring import Budget, LeafTables, PublishedModel, compile_trees, read_trees
from earlywarn.scoring.trees import Floats
from earlywarn.workspace import Workspace, locked, storage_errors, sync_folder

LARGEST_DIFFERENCE = 1e-10
_SECONDS = 300


def write_published(
    bundle: Path,
    workspace: Workspace,
    *,
    version: str,
    keys: Path,
    created_on: date,
    budget: Budget | None = None,
) -> PublishedModel:
    """Publish a bundle as a version of its model, verify it from disk, and put it in use.

    A version is written once: publishing the same bundle again only puts it in use.

    Args:
        bundle: The folder that training left: model.json, trees and all that goes with them.
        workspace: Where published folders stand.
        version: The registry's version; a version is written once.
        keys: Folder of the signing key, made on first use.
        created_on: The day to write into the manifest.
        budget: What explaining may take; the manifest says what it takes, and what was done to keep it so.

    Raises:
        PublicationError: The bundle is not complete, or the version exists with other content.
        DamagedModelError: Its parts do not fit, or LightGBM answers otherwise than we do.
    """
    files = _bundle_files(bundle)
    given, key = dict(files), signing_key(keys)
    budget = budget or Budget()
    tables = _compiled(files, str(bundle), budget)
    files[LEAF_TABLES] = tables_file(tables)
    again = tables_from(files[LEAF_TABLES], where=str(bundle))
    model = model_from(files, again, version=check_name(version, "version"), where=str(bundle))
    rows = golden_rows(model, missing_shares(files))
    facts = {
        "network": model.network,
        "model": check_name(model.model, "model"),
        "version": version,
        "created_on": created_on.isoformat(),
        "largest_difference_from_lightgbm": _compare_with_lightgbm(model, files, rows),
        "leaf_tables": _facts_of(tables, budget),
    }
    if "cut_points" in model.details:
        facts["cut_points"] = model.details["cut_points"]
    files[GOLDEN] = golden_file(model, rows)
    files |= signed_manifest(files, facts, key)
    with locked(workspace, "publish", owner="publish"):
        folder = workspace.published / model.model / version
        if folder.exists():
            _require_same(folder, given, public_key(keys))
        else:
            _write_whole(folder, files)
        put_in_use(workspace, model.model, version, public_key(keys))
    return load_published(folder, public_key(keys))


def unsigned_model(bundle: Path, *, version: str = "unpublished") -> PublishedModel:
    """Compile a bundle as publication does, for research: nothing is signed and nothing is proved.

    Raises:
        PublicationError: The bundle is not complete.
        DamagedModelError: Its parts do not fit.
    """
    files = _bundle_files(bundle)
    return model_from(files, _compiled(files, str(bundle), Budget()), version=version, where=str(bundle))


def _bundle_files(bundle: Path) -> dict[str, bytes]:
    """Read a bundle; anything but plain text files of known kinds is refused."""
    if not bundle.is_dir():
        raise PublicationError("there is no bundle", where=str(bundle), todo="train the model")
    files: dict[str, bytes] = {}
    for path in sorted(bundle.rglob("*")):
        name = path.relative_to(bundle).as_posix()
        if path.is_symlink() or (path.is_file() and not is_plain_name(name)) or name in _OURS:
            raise PublicationError(
                "the bundle holds a file that must not be published", where=name, todo="train again"
            )
        if path.is_file():
            files[name] = path.read_bytes()
    missing = sorted(NEEDED - files.keys())
    if missing:
        raise PublicationError(
            f"the bundle lacks {', '.join(missing)}", where=str(bundle), todo="train the model again"
        )
    return files


_OURS = frozenset({LEAF_TABLES, GOLDEN, MANIFEST, SIGNATURE})


def _tree_files(files: Mapping[str, bytes]) -> list[str]:
    content = cast("dict[str, object]", json.loads(files[MODEL]))
    return [str(name) for name in cast("list[object]", content["trees"])]


def _compiled(files: Mapping[str, bytes], where: str, budget: Budget) -> LeafTables:
    """Compile all seeds' trees into one set of tables, each seed at its share of the weighted mean."""
    try:
        names = _tree_files(files)
        features = tuple(cast("dict[str, list[str]]", json.loads(files[MODEL]))["features"])
        texts = {name: files[name].decode() for name in names}
        weight = tree_weight(files)
    except (KeyError, ValueError, TypeError) as error:
        raise DamagedModelError("model.json names trees that are not there", where=where) from error
    models = [read_trees(text, where=name) for name, text in texts.items()]
    for name, model in zip(names, models, strict=True):
        if model.feature_names != features:
            raise DamagedModelError(
                "the trees know other features, or another order, than model.json", where=name
            )
    trees = [tree for model in models for tree in model.trees]
    return compile_trees(trees, len(features), scale=weight / max(1, len(models)), budget=budget)


def _facts_of(tables: LeafTables, budget: Budget) -> dict[str, object]:
    """Say what reading a row takes, beside what it may take, and what was done to keep it so."""
    return {
        "budget": {"bytes": budget.most_bytes, "steps_of_a_row": budget.most_steps},
        "is_within_budget": budget.holds(tables),
        "bytes": tables.n_bytes,
        "steps_of_a_row": tables.n_steps,
        "groups_read_from_one_table": tables.n_groups,
        "rows_of_the_largest_table": tables.largest_table,
        "groups_read_in_parts": tables.n_wide,
    }


def _compare_with_lightgbm(model: PublishedModel, files: Mapping[str, bytes], rows: Floats) -> float:
    """Ask LightGBM, in a process of its own, for the golden rows' attributions; return the largest gap.

    Raises:
        DamagedModelError: LightGBM dies on the trees, or answers otherwise.
    """
    names = _tree_files(files)
    if not names:
        return 0.0
    question = {
        "trees": [files[name].decode() for name in names],
        "rows": [[None if np.isnan(value) else value for value in row] for row in rows.tolist()],
    }
    answer = subprocess.run(  # noqa: S603 - our own file; by a module's name, all of this room would load
        [sys.executable, "-P", str(Path(__file__).with_name("lightgbm_check.py"))],
        input=json.dumps(question).encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if answer.returncode != 0:
        raise DamagedModelError("LightGBM cannot read the trees", where=model.model, todo="train it again")
    contributions = np.array(json.loads(answer.stdout), dtype=np.float64) * tree_weight(files)
    ours = np.column_stack([model.tables.attributions(rows), np.full(len(rows), model.tables.base)])
    largest = float(np.abs(ours - contributions).max())
    if not largest <= LARGEST_DIFFERENCE:
        raise DamagedModelError(
            "LightGBM's attributions are not ours", where=model.model, todo="report this as a fault"
        )
    return largest


def _require_same(folder: Path, bundle: Mapping[str, bytes], key: Ed25519PublicKey) -> None:
    """Refuse to publish other content under a version that stands already."""
    published = verified_files(folder, key)[1]
    if any(published.get(name) != content for name, content in bundle.items()):
        raise PublicationError(
            "this version is published already, with other content",
            where=str(folder),
            todo="train and promote a new version",
        )


def _write_whole(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder under another name, and rename it once all is on the disk."""
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    with storage_errors(folder / MANIFEST):
        try:
            for name, content in files.items():
                path = temporary / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as handle:
                    handle.write(content)
                    handle.flush()
                    os.fsync(handle.fileno())
            for inner in {(temporary / name).parent for name in files}:
                sync_folder(inner)
            temporary.rename(folder)
            sync_folder(folder.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
