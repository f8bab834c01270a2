"""Score a whole network as of a day: every published model, its reasons and rosters, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import cast

from earlywarn import __version__
from earlywarn.domain import Progress, no_progress
from earlywarn.errors import AsOfError, PublicationError
from earlywarn.features import Wanted, build_matrices, moments_on, portions_of
from earlywarn.pipeline.declared_inputs import DeclaredInputs, read_declared
from earlywarn.pipeline.run_files import ScoreRun, current_run, read_run, run_made_from, write_run
from earlywarn.pipeline.run_tables import ModelScores, score_model, whole_run
from earlywarn.publication import PublishedModel, load_current, public_key, published_models
from earlywarn.store import RunToLoad
from earlywarn.tables import Tables, load_contract, open_tables, quote, read_ledger
from earlywarn.workspace import Workspace, locked

MOST_MEMBERSHIPS = 500_000
"""Rows of the membership table, of all years, that are looked at at once."""

__all__ = ["ScoreRun", "current_run", "read_run", "score"]


def score(
    network_dir: Path,
    workspace: Workspace,
    *,
    as_of: date,
    today: date,
    keys: Path,
    stage: str | None = None,
    most_memberships: int = MOST_MEMBERSHIPS,
    is_stored: Callable[[Sequence[RunToLoad]], bool] | None = None,
    progress: Progress = no_progress,
) -> ScoreRun:
    """Score everyone in scope as of a day with every published model of a network.

    Args:
        network_dir: The network's folder.
        workspace: Holds tables and published models, and takes the run.
        as_of: The day to look from; facts visible before it are used.
        today: The day taken as today.
        keys: The folder with the key by which published folders are verified.
        stage: At which stage, where the network has stages instead of dates; the day then only dates the run.
        most_memberships: A network of more is looked at by some schools at a time, which changes no score.
        is_stored: Tells whether the service's database holds a run. One that was made from the same and is
            not there, as when its loading died, is returned as it is; by default all is scored anew.
        progress: Told as the work goes on.

    Raises:
        AsOfError: The day lies in the future or in no period, or a model was not trained at the stage.
        PublicationError: No model of the network is published.
        DamagedModelError: A published folder is not what was signed.
    """
    if as_of > today:
        raise AsOfError(f"{as_of} lies in the future of {today}", todo="score as of today or a day before")
    network = load_contract(network_dir / "contract.toml").network.name
    models = _models(workspace, network, keys, stage)
    with locked(workspace, "score", owner=f"score {network}"):
        made_from = {
            "as_of": as_of.isoformat(),
            "stage": stage,
            "models": {model.model: model.version for model in models},
            "batches": [batch.digest for batch in read_ledger(workspace, network).batches],
            "program": __version__,
        }
        waiting = run_made_from(workspace, made_from) if is_stored is not None else None
        if waiting is not None and is_stored is not None and not is_stored(waiting.runs):
            return waiting
        runs: list[RunToLoad] = []
        for alike in _by_tables(workspace, models):
            runs += _score_alike(workspace, alike, as_of, stage, most_memberships, progress)
        return write_run(workspace, as_of, runs, made_from=made_from)


def _models(workspace: Workspace, network: str, keys: Path, stage: str | None) -> list[PublishedModel]:
    """Return the network's published models, all of which know the stage."""
    key = public_key(keys)
    models = [load_current(workspace, name, key) for name in published_models(workspace)]
    models = [model for model in models if model.network == network]
    if not models:
        raise PublicationError("no model is published", where=network, todo="run earlywarn publish")
    if stage is not None:
        for model in models:
            _refuse_other_stage(model, stage)
    return models


def _refuse_other_stage(model: PublishedModel, stage: str) -> None:
    known = tuple(cast("Sequence[str]", model.details.get("moments", ())))
    if stage not in known:
        raise AsOfError(
            f"{model.model} was not trained at stage '{stage}'", todo=f"score at one of {', '.join(known)}"
        )


def _by_tables(
    workspace: Workspace, models: Sequence[PublishedModel]
) -> list[list[tuple[PublishedModel, DeclaredInputs]]]:
    """Put models of equal tables and indicators together: one pass over the tables serves them."""
    groups: list[list[tuple[PublishedModel, DeclaredInputs]]] = []
    for model in models:
        inputs = read_declared(workspace.published / model.model / model.version)
        for alike in groups:
            first = alike[0][1]
            if (first.contract, first.indicators) == (inputs.contract, inputs.indicators):
                alike.append((model, inputs))
                break
        else:
            groups.append([(model, inputs)])
    return groups


def _score_alike(
    workspace: Workspace,
    alike: Sequence[tuple[PublishedModel, DeclaredInputs]],
    as_of: date,
    stage: str | None,
    most_memberships: int,
    progress: Progress,
) -> list[RunToLoad]:
    """Score with models of equal tables; a large network is looked at by some schools at a time."""
    contract, indicators = alike[0][1].contract, alike[0][1].indicators
    wanted = [Wanted(declared.cohort, declared.families) for _, declared in alike]
    with closing(open_tables(workspace, contract)) as tables:
        moments = moments_on(contract, tables, as_of, stage=stage)
        data_as_of = min(last_delivery(tables) or as_of, as_of)
        # The ledger only grows: its length and digest say which batches the scores were made from.
        n_batches = len(tables.batches)
        seen = {"last_batch": n_batches, "batches": tables.digest}
        apart = all("school" in model.capacity_per for model, _ in alike)
        cohorts = [one.cohort for one in wanted]
        portions = portions_of(tables, contract, cohorts, most=most_memberships) if apart else []

        def scored(shown: Tables, schools: Sequence[str] | None, told: Progress) -> list[ModelScores]:
            matrices = build_matrices(
                shown,
                contract,
                indicators,
                wanted,
                moments=moments,
                schools=schools,
                only_the_cohort=True,
                progress=told,
            )
            return [
                score_model(model, matrix, declared, data_as_of=data_as_of, progress=progress)
                for (model, declared), matrix in zip(alike, matrices, strict=True)
            ]

        if not portions:
            parts = [scored(tables, None, progress)]
    if portions:
        parts = []
        for place, portion in enumerate(portions):
            progress("features", place, len(portions))
            # What came in meanwhile is for the next run: all portions see the same batches.
            some = open_tables(workspace, contract, last_batch=n_batches, students=portion.students)
            with closing(some) as shown:
                parts.append(scored(shown, portion.schools, no_progress))
    return [
        whole_run(model, of_model, as_of=as_of, data_as_of=data_as_of, seen=seen)
        for (model, _), of_model in zip(alike, zip(*parts, strict=True), strict=True)
    ]


def last_delivery(tables: Tables) -> date | None:
    """Return the day on which the newest rows came in."""
    read = [name for name, table in tables.contract.tables.items() if table.is_read]
    union = " UNION ALL ".join(f"SELECT max(received_on) AS day FROM versions.{quote(name)}" for name in read)  # noqa: S608
    found = tables.connection.execute(f"SELECT max(day) FROM ({union})").fetchall()  # noqa: S608
    return cast("date | None", found[0][0])
