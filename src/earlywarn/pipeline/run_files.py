"""A run as files: written whole, pointed to, and read back.

A run is a folder `scores/<as-of date>-<n>/<model>/` of Parquet files; `scores/current` names the run in use,
and `made_from.json` in its folder says of what it was made.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import cast
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from earlywarn.errors import StorageError
from earlywarn.scoring import RULES, TOO_LITTLE_DATA
from earlywarn.store import RunToLoad
from earlywarn.workspace import Workspace, storage_errors, sync_folder, write_atomically

_POINTER = "current"
_MADE_FROM = "made_from.json"
_MOST_SCHOOLS = 3


@dataclass(frozen=True)
class ScoreRun:
    """One night's scores, a part per model; what the store loads."""

    folder: Path
    as_of: date
    runs: tuple[RunToLoad, ...]

    def summary(self) -> str:
        """Say in the terminal how many were scored, listed and left out."""
        lines = []
        for run in self.runs:
            # A list by rules has margins and no risk.
            n_scored = run.scores.num_rows - run.scores["margin"].null_count
            n_listed = run.scores["is_listed"].to_pylist().count(True)
            by_rules = ", by rules, no risk in figures" if run.facts.get("kind") == RULES else ""
            lines.append(
                f"{run.model} version {run.version}{by_rules} as of {run.as_of}: {n_scored} scored, "
                f"{n_listed} on {run.rosters.num_rows} rosters, {_not_scored(run)}"
            )
        return "\n".join(lines)


def _not_scored(run: RunToLoad) -> str:
    """Say how many were not scored, why, and in which schools they are most."""
    missing = pc.is_null(run.scores["margin"])
    schools = Counter(run.scores["school_id"].filter(missing).to_pylist())
    n = sum(schools.values())
    if not n:
        return "0 not scored"
    because = run.facts.get("not_scored_because", {}).get("en", TOO_LITTLE_DATA)
    most = sorted(schools.items(), key=lambda one: (-one[1], one[0]))[:_MOST_SCHOOLS]
    where = ", ".join(f"{name} {count}" for name, count in most)
    return f"{n} not scored because {because} (in {len(schools)} schools; most in {where})"


def write_run(
    workspace: Workspace, as_of: date, runs: Sequence[RunToLoad], *, made_from: Mapping[str, object]
) -> ScoreRun:
    """Write all models' files under another name, rename the folder once all is there, then point to it.

    `made_from` names all that decides the scores: an equal one would give the same run again.
    """
    name = uuid4().hex
    runs = [replace(run, written_as=name) for run in runs]
    with storage_errors(workspace.scores):
        for leftover in workspace.scores.glob(".*.part"):
            shutil.rmtree(leftover, ignore_errors=True)
    temporary = workspace.scores / f".{as_of}.{os.getpid()}.part"
    with storage_errors(temporary):
        try:
            for run in runs:
                _write_model_run(temporary / run.model, run)
            write_atomically(temporary / _MADE_FROM, json.dumps(made_from).encode())
            taken = [int(path.name.rsplit("-", 1)[1]) for path in workspace.scores.glob(f"{as_of}-*")]
            folder = workspace.scores / f"{as_of}-{max(taken, default=0) + 1}"
            temporary.rename(folder)
            sync_folder(workspace.scores)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    write_atomically(workspace.scores / _POINTER, json.dumps({"run": folder.name}).encode())
    return ScoreRun(folder, as_of, tuple(runs))


def run_made_from(workspace: Workspace, made_from: Mapping[str, object]) -> ScoreRun | None:
    """Return the run in use if it was made from the same and is whole."""
    folder = current_run(workspace)
    try:
        if folder is None or json.loads((folder / _MADE_FROM).read_bytes()) != made_from:
            return None
        return read_run(workspace)
    except (OSError, ValueError, StorageError):
        return None


def read_run(workspace: Workspace) -> ScoreRun:
    """Read the run in use back from its files.

    Raises:
        StorageError: There is none, or its files are not whole.
    """
    folder = current_run(workspace)
    if folder is None:
        raise StorageError("nothing was scored yet", where=str(workspace.scores), todo="run earlywarn score")
    try:
        runs = tuple(_read_model_run(path.parent) for path in sorted(folder.glob("*/run.json")))
    except (OSError, ValueError, KeyError, pa.ArrowInvalid) as error:
        raise StorageError("the run cannot be read", where=str(folder), todo="score again") from error
    return ScoreRun(folder, runs[0].as_of, runs)


def current_run(workspace: Workspace) -> Path | None:
    """Return the folder of the run in use, or None before the first."""
    try:
        name = json.loads((workspace.scores / _POINTER).read_bytes())["run"]
    except FileNotFoundError:
        return None
    return workspace.scores / Path(str(name)).name


def _write_model_run(folder: Path, run: RunToLoad) -> None:
    folder.mkdir(parents=True)
    for name, table in (("scores", run.scores), ("rosters", run.rosters), ("peers", run.peers)):
        with (folder / f"{name}.parquet").open("wb") as handle:
            pq.write_table(table, handle, compression="zstd")
            handle.flush()
            os.fsync(handle.fileno())
    header = {
        "model": run.model,
        "version": run.version,
        "as_of": run.as_of.isoformat(),
        "data_as_of": run.data_as_of.isoformat(),
        "facts": run.facts,
        "written_as": run.written_as,
    }
    write_atomically(folder / "run.json", json.dumps(header, ensure_ascii=False, indent=1).encode())


def _read_model_run(folder: Path) -> RunToLoad:
    header: Mapping[str, object] = json.loads((folder / "run.json").read_bytes())
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in ("scores", "rosters", "peers")}
    return RunToLoad(
        model=str(header["model"]),
        version=str(header["version"]),
        as_of=date.fromisoformat(str(header["as_of"])),
        data_as_of=date.fromisoformat(str(header["data_as_of"])),
        facts=cast("Mapping[str, object]", header["facts"]),
        scores=tables["scores"],
        rosters=tables["rosters"],
        peers=tables["peers"],
        written_as=cast("str | None", header.get("written_as")),
    )
