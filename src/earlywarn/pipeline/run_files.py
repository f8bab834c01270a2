"""A run as files: staged portion by portion, published whole, pointed to, and read back.

A run is a folder `scores/<as-of date>-<n>/<model>/` with the folders `scores`, `rosters` and `peers`, each of
a Parquet file a portion, and `run.json`; `scores/current` names the run in use. While a night is on, the same
stands in `scores/.night-<digest>`, which becomes the run by one rename; `made_from.json` keeps the digest,
and how long each file is.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow.dataset import dataset

from earlywarn.errors import StorageError
from earlywarn.pipeline.run_tables import TABLES
from earlywarn.scoring import RULES
from earlywarn.store import RunTables, RunToLoad
from earlywarn.workspace import Workspace, storage_errors, sync_folder, write_atomically

_POINTER, _HEADER, _MADE_FROM = "current", "run.json", "made_from.json"
_STAGED = ".night-"
_MOST_SCHOOLS = 3


@dataclass(frozen=True)
class ScoreRun:
    """One night's scores, a part per model, in files."""

    folder: Path
    as_of: date

    @cached_property
    def runs(self) -> tuple[RunTables, ...]:
        """Return every model's tables, read from the files when they are first asked for."""
        return tuple(_read_model(path) for path in self._models())

    def to_load(self) -> tuple[RunToLoad, ...]:
        """Return what the store loads; it reads the scores some at a time."""
        return tuple(_run_to_load(path) for path in self._models())

    def summary(self) -> str:
        """Say in the terminal how many were scored, listed and left out."""
        return "\n".join(_summary(path) for path in self._models())

    def _models(self) -> list[Path]:
        return sorted(path.parent for path in self.folder.glob(f"*/{_HEADER}"))


def _summary(folder: Path) -> str:
    header = _header(folder)
    facts = cast("Mapping[str, object]", header["facts"])
    scores = read_parts(folder / "scores", ["margin", "is_listed", "school_id"])
    n_rosters = sum(pq.read_metadata(path).num_rows for path in _parts(folder / "rosters"))
    # A list by rules has margins and no risk.
    n_scored = scores.num_rows - scores["margin"].null_count
    n_listed = pc.sum(scores["is_listed"]).as_py() or 0
    by_rules = ", by rules, no risk in figures" if facts.get("kind") == RULES else ""
    return (
        f"{header['model']} version {header['version']}{by_rules} as of {header['as_of']}: "
        f"{n_scored} scored, {n_listed} on {n_rosters} rosters, {_not_scored(scores, facts)}"
    )


def _not_scored(scores: pa.Table, facts: Mapping[str, object]) -> str:
    """Say how many were not scored, why, and in which schools they are most."""
    missing = pc.is_null(scores["margin"])
    schools = Counter(scores["school_id"].filter(missing).to_pylist())
    n = sum(schools.values())
    if not n:
        return "0 not scored"
    because = cast("Mapping[str, str]", facts["not_scored_because"])["en"]
    most = sorted(schools.items(), key=lambda one: (-one[1], one[0]))[:_MOST_SCHOOLS]
    where = ", ".join(f"{name} {count}" for name, count in most)
    return f"{n} not scored because {because} (in {len(schools)} schools; most in {where})"


def staging_folder(workspace: Workspace, digest: str) -> Path:
    """Return the folder in which the portions of a night are finished; those of other nights are removed."""
    wanted = workspace.scores / f"{_STAGED}{digest[:32]}"
    with storage_errors(wanted):
        wanted.mkdir(parents=True, exist_ok=True)
    for folder in workspace.scores.glob(f"{_STAGED}*"):
        if folder != wanted:
            shutil.rmtree(folder, ignore_errors=True)
    return wanted


def publish_run(
    workspace: Workspace,
    staging: Path,
    as_of: date,
    headers: Sequence[Mapping[str, object]],
    *,
    made_from: str,
) -> ScoreRun:
    """Make a staging folder whose portions are all there the run in use, by one rename and one pointer.

    `made_from` is the digest of all that decides the scores: an equal one would give the same run again.
    """
    with storage_errors(staging):
        taken = [int(path.name.rsplit("-", 1)[1]) for path in workspace.scores.glob(f"{as_of}-*")]
        folder = workspace.scores / f"{as_of}-{max(taken, default=0) + 1}"
        for header in headers:
            named = {**header, "written_as": f"{folder.name} {made_from}"}
            content = json.dumps(named, ensure_ascii=False, indent=1).encode()
            write_atomically(staging / str(header["model"]) / _HEADER, content)
        for path in staging.rglob(".*.part"):
            path.unlink(missing_ok=True)
        said = {"night": made_from, "files": _sizes(staging)}
        write_atomically(staging / _MADE_FROM, json.dumps(said, indent=1).encode())
        staging.rename(folder)
        sync_folder(workspace.scores)
    write_atomically(workspace.scores / _POINTER, json.dumps({"run": folder.name}).encode())
    return ScoreRun(folder, as_of)


def run_made_from(workspace: Workspace, made_from: str) -> ScoreRun | None:
    """Return the run in use if it was made from the same, is whole, and can be loaded."""
    try:
        run = read_run(workspace)
        run.to_load()
    except StorageError:
        return None
    return run if _made_from(run.folder)["night"] == made_from else None


def read_run(workspace: Workspace) -> ScoreRun:
    """Find the run in use.

    Raises:
        StorageError: There is none, or its files are not all there at their full length.
    """
    folder = current_run(workspace)
    if folder is None:
        raise StorageError("nothing was scored yet", where=str(workspace.scores), todo="run earlywarn score")
    headers = [_header(path.parent) for path in sorted(folder.glob(f"*/{_HEADER}"))]
    if not headers or _made_from(folder)["files"] != _sizes(folder):
        raise StorageError("the run is not whole", where=str(folder), todo="score again")
    return ScoreRun(folder, date.fromisoformat(str(headers[0]["as_of"])))


def current_run(workspace: Workspace) -> Path | None:
    """Return the folder of the run in use, or None before the first.

    Raises:
        StorageError: The file that names it is damaged.
    """
    pointer = workspace.scores / _POINTER
    try:
        name = json.loads(pointer.read_bytes())["run"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError("the run in use is not named", where=str(pointer), todo="score again") from error
    return workspace.scores / Path(str(name)).name


def read_parts(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one table of one model, portion after portion.

    Raises:
        StorageError: A file is missing or damaged.
    """
    try:
        wanted = None if columns is None else list(columns)
        return pa.concat_tables([pq.ParquetFile(path).read(wanted) for path in _parts(folder)])
    except (OSError, ValueError) as error:
        raise StorageError("the run cannot be read", where=str(folder), todo="score again") from error


def _parts(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob("[!.]*.parquet"))


def _sizes(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for model in sorted(folder.glob("[!.]*"))
        for table in TABLES
        for path in _parts(model / table)
    }


def _made_from(folder: Path) -> Mapping[str, object]:
    try:
        content = json.loads((folder / _MADE_FROM).read_bytes())
        return {"night": content["night"], "files": content["files"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StorageError("the run cannot be read", where=str(folder), todo="score again") from error


def _header(folder: Path) -> Mapping[str, object]:
    try:
        return cast("Mapping[str, object]", json.loads((folder / _HEADER).read_bytes()))
    except (OSError, ValueError) as error:
        raise StorageError("the run cannot be read", where=str(folder), todo="score again") from error


def _read_model(folder: Path) -> RunTables:
    scores, rosters, peers = (read_parts(folder / name) for name in TABLES)
    return RunTables(**_told_of(folder), scores=scores, rosters=rosters, peers=peers)


def _run_to_load(folder: Path) -> RunToLoad:
    try:
        scores = dataset([str(path) for path in _parts(folder / "scores")], format="parquet")
    except (OSError, ValueError) as error:
        raise StorageError("the run cannot be read", where=str(folder), todo="score again") from error
    return RunToLoad(**_told_of(folder), scores=scores, rosters=read_parts(folder / "rosters"))


def _told_of(folder: Path) -> dict[str, Any]:
    header = _header(folder)
    days = {name: date.fromisoformat(str(header[name])) for name in ("as_of", "data_as_of")}
    return {**days, **{name: header[name] for name in ("model", "version", "facts", "written_as")}}
