"""Train a logged run anew from what MLflow holds of it, and say whether the same bytes come out.

The declarations, the day, the seed, the digests of the data and the versions of the libraries all come from
the run; the workspace only lends its tables. Nothing is registered and nothing is kept.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import RegistryError, TrainingError
from earlywarn.pipeline.data_used import UsedBatch, differences, last_batch_of, used_batches
from earlywarn.pipeline.environment import commit_tags, installed_versions, version_differences, versions_from
from earlywarn.pipeline.model_names import registered_name
from earlywarn.pipeline.run_record import DECLARED, LOCK, RECIPE, Recipe
from earlywarn.pipeline.train import make
from earlywarn.registry import CANDIDATE, open_registry
from earlywarn.scoring import RULES
from earlywarn.store import DatabaseUrls
from earlywarn.tables import read_ledger
from earlywarn.workspace import Workspace

MOST_NAMED = 5
COMMIT = "mlflow.source.git.commit"


@dataclass(frozen=True)
class Rebuilt:
    """What a second training of the same run gave."""

    name: str
    run_id: str
    n_files: int
    different: tuple[str, ...]
    """Each file that is not, byte for byte, what was logged, and where it first differs."""
    notes: tuple[str, ...] = ()

    @property
    def is_identical(self) -> bool:
        """Say whether every byte is the same."""
        return not self.different

    def summary(self) -> str:
        """Say it in the terminal."""
        head = f"{self.name}, run {self.run_id}: "
        verdict = (
            f"identical ({self.n_files} files: trees, linear terms, calibrator, sheet, card)"
            if self.is_identical
            else f"not identical: {'; '.join(self.different)}"
        )
        return "\n".join([head + verdict, *(f"  note: {note}" for note in self.notes)])


def rebuild(
    model_dir: Path,
    workspace: Workspace,
    *,
    run_id: str | None = None,
    threads: int | None = None,
    tracking_uri: str | None = None,
    libraries: Mapping[str, str] | None = None,
    database: DatabaseUrls | None = None,
    progress: Progress = no_progress,
) -> Rebuilt:
    """Train a run again and compare.

    Args:
        model_dir: Names the model; its files are not read but for that name, the run has its own.
        workspace: Holds the tables, and the registry.
        run_id: Which run; by default the candidate's.
        threads: How many to use; they change no byte.
        tracking_uri: An MLflow server; by default the workspace's own store.
        libraries: The versions that are installed here; looked up by default.
        database: Knows what staff answered; where that is no longer what the run was told, a note says so.
        progress: Told after each step.

    Raises:
        RegistryError: There is no such run, or it is a list by rules, another model's or holds no recipe.
        TrainingError: The data or the libraries are not those of the run; the message names each.
    """
    name = registered_name(model_dir)
    registry = open_registry(workspace.mlflow, uri=tracking_uri)
    run_id = run_id or registry.version_by_alias(name, CANDIDATE).run_id
    tags = registry.run_tags(run_id)
    if tags.get("kind") == RULES:
        raise RegistryError(
            "the run is a list by rules: nothing was trained, so there is nothing to rebuild",
            where=run_id,
            todo="name a run of `train`, or run `earlywarn start` for the list of today",
        )
    with tempfile.TemporaryDirectory() as temporary:
        logged = registry.download_files(run_id, Path(temporary) / "run")
        recipe = _recipe(logged, name, run_id)
        _require_same_libraries(logged, run_id, installed_versions() if libraries is None else libraries)
        now = _require_same_data(workspace, recipe, run_id)
        declared = _declared_again(logged, Path(temporary) / "models" / recipe.network, recipe)
        made = make(
            declared,
            workspace,
            today=recipe.today,
            seed=recipe.seed,
            threads=threads,
            last_batch=last_batch_of(recipe.batches),
            database=database,
            progress=progress,
        )
        again = made.write(Path(temporary) / "again")
        different = list(different_files(logged / "model" / "artifacts" / "bundle", again))
        used = made.recipe(today=recipe.today, seed=recipe.seed, batches=recipe.batches)
        if used.matrix != recipe.matrix:
            different.insert(0, "the matrix of features and labels")
        n_files = sum(path.is_file() for path in again.rglob("*"))
    return Rebuilt(name, run_id, n_files, tuple(different), tuple(notes_of(recipe, used, now, tags)))


def _recipe(logged: Path, name: str, run_id: str) -> Recipe:
    path = logged / RECIPE
    try:
        recipe = Recipe.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RegistryError(
            f"the run holds no {RECIPE} that this version reads", where=run_id, todo="name a run of `train`"
        ) from error
    if f"{recipe.network}.{recipe.model}" != name:
        raise RegistryError(
            f"the run is of {recipe.network}/{recipe.model}", where=run_id, todo=f"name a run of {name}"
        )
    return recipe


def _require_same_libraries(logged: Path, run_id: str, installed: Mapping[str, str]) -> None:
    found = version_differences(versions_from((logged / LOCK).read_text(encoding="utf-8")), installed)
    if found:
        raise TrainingError(
            f"the libraries are not those of the run: {_few(found)}",
            where=run_id,
            todo=f"install the run's {LOCK} in a fresh environment",
        )


def _require_same_data(workspace: Workspace, recipe: Recipe, run_id: str) -> tuple[UsedBatch, ...]:
    now = used_batches(workspace, recipe.network, from_files=True)
    found = differences(recipe.batches, now, read_ledger(workspace, recipe.network))
    if found:
        raise TrainingError(
            f"the data are not those of the run: {_few(found)}",
            where=run_id,
            todo="use the workspace that the run was trained in, or its backup",
        )
    return now


def _declared_again(logged: Path, network: Path, recipe: Recipe) -> Path:
    """Lay the run's declarations out as a checkout has them; return the model's folder."""
    model_dir = network / recipe.model
    model_dir.mkdir(parents=True)
    for path in sorted((logged / DECLARED).iterdir()):
        target = (model_dir if path.name == "model.toml" else network) / path.name
        target.write_bytes(path.read_bytes())
    return model_dir


def different_files(before: Path, again: Path) -> Iterator[str]:
    """Yield a sentence for each file of the bundle that is missing, new, or not the same bytes."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in (before, again)
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name in sorted(names):
        old, new = before / name, again / name
        if not old.is_file() or not new.is_file():
            yield f"{name} is only in {'the run' if old.is_file() else 'the new training'}"
        elif old.read_bytes() != new.read_bytes():
            yield f"{name} differs{_where(name, old.read_text('utf-8'), new.read_text('utf-8'))}"


def _where(name: str, old: str, new: str) -> str:
    """Say where two texts first differ: by keys in JSON, by line elsewhere."""
    if name.endswith(".json"):
        path = _first_path(json.loads(old), json.loads(new))
        return f" at {path}" if path else " in its spelling"
    pairs = zip(old.splitlines(), new.splitlines(), strict=False)
    line = next((place for place, (one, other) in enumerate(pairs, start=1) if one != other), None)
    return f" at line {line}" if line is not None else " in its length"


def _first_path(old: Any, new: Any) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if key not in old or key not in new:
                return str(key)
            if old[key] != new[key]:
                return f"{key}.{_first_path(old[key], new[key])}".rstrip(".")
    if isinstance(old, list) and isinstance(new, list):
        for place, (one, other) in enumerate(zip(old, new, strict=False)):
            if one != other:
                return f"{place}.{_first_path(one, other)}".rstrip(".")
    return ""


def notes_of(
    recipe: Recipe, used: Recipe, now: Sequence[UsedBatch], tags: Mapping[str, str]
) -> Iterator[str]:
    """Yield what else is not as it was: it may explain a difference, or change no byte."""
    if used.answers != recipe.answers:
        yield "the answers of staff are not those of the run: the sheet and the card may differ in them alone"
    later = len({one.batch for one in now} - {one.batch for one in recipe.batches})
    if later:
        yield f"{later} batches came after the run and were left out"
    commit = commit_tags().get(COMMIT, "")
    if tags.get(COMMIT, "") != commit:
        yield f"the run was of commit {tags.get(COMMIT) or 'unknown'}, this is {commit or 'unknown'}"


def _few(found: Sequence[str]) -> str:
    more = len(found) - MOST_NAMED
    return "; ".join(found[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
