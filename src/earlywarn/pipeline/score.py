"""Score a whole network as of a day: every published model, its reasons and rosters, whole or not at all.

A night is done portion by portion; one that was killed goes on with the portions that were not finished.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import AsOfError, PublicationError
from earlywarn.pipeline.engines import Engine, here
from earlywarn.pipeline.night import MOST_MEMBERSHIPS, Night, excerpts_for, plan_night
from earlywarn.pipeline.portions import EXCERPTS, is_finished, write_excerpt
from earlywarn.pipeline.run_files import (
    ScoreRun,
    current_run,
    publish_run,
    read_run,
    run_made_from,
    staging_folder,
)
from earlywarn.publication import PublishedModel, load_current, public_key, published_models
from earlywarn.scoring import phrases_of
from earlywarn.store import WORDS, RunToLoad
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked

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
    engine: Engine = here,
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
        engine: What scores the portions: processes of this machine, or a cluster.
        progress: Told as the work goes on.

    Raises:
        AsOfError: The day lies in the future or in no period, or a model was not trained at the stage.
        PublicationError: No model of the network is published.
        DamagedModelError: A published folder is not what was signed.
        EngineError: The engine cannot be reached, or its workers died over and over.
    """
    if as_of > today:
        raise AsOfError(f"{as_of} lies in the future of {today}", todo="score as of today or a day before")
    network, key = load_contract(network_dir / "contract.toml").network.name, public_key(keys)
    models = _models(workspace, network, key, stage)
    with locked(workspace, "score", owner=f"score {network}"):
        night = plan_night(
            workspace,
            models,
            as_of=as_of,
            stage=stage,
            key=key.public_bytes_raw().hex(),
            most_memberships=most_memberships,
        )
        waiting = run_made_from(workspace, night.digest) if is_stored is not None else None
        if waiting is not None and is_stored is not None and not is_stored(waiting.to_load()):
            return waiting
        staging = staging_folder(workspace, night.digest)
        _finish_portions(workspace, night, staging, engine, progress)
        return publish_run(workspace, staging, as_of, _headers(night), made_from=night.digest)


def _models(
    workspace: Workspace, network: str, key: Ed25519PublicKey, stage: str | None
) -> list[PublishedModel]:
    """Return the network's published models, all of which know the stage."""
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


def _finish_portions(
    workspace: Workspace, night: Night, staging: Path, engine: Engine, progress: Progress
) -> None:
    """Have every portion scored that is not finished yet."""
    waiting = [portion for portion in night.portions if not is_finished(staging, portion)]
    done = len(night.portions) - len(waiting)
    step = f"portions ({done} finished before)" if done else "portions"
    progress(step, done, len(night.portions))
    for portion, excerpt in excerpts_for(workspace, night, waiting):
        write_excerpt(staging, portion, excerpt)
    for _ in engine(str(workspace.home.resolve()), staging.name, waiting, progress):
        done += 1
        progress(step, done, len(night.portions))
    for path in (staging / EXCERPTS).glob("*"):
        path.unlink()
    if (staging / EXCERPTS).is_dir():
        (staging / EXCERPTS).rmdir()


def _headers(night: Night) -> list[dict[str, object]]:
    headers: list[dict[str, object]] = []
    for model in night.models:
        seen = night.facts_of(model)
        data_as_of = cast("date", seen.pop("data_as_of"))
        headers.append(
            {
                "model": model.model,
                "version": model.version,
                "as_of": night.as_of.isoformat(),
                "data_as_of": data_as_of.isoformat(),
                "facts": {**_facts_of(model), **seen},
            }
        )
    return headers


def _facts_of(model: PublishedModel) -> dict[str, object]:
    """Return what a run says of itself and of its model."""
    shown = ("kind", "trained_on", "base_rate", "expected_precision", "moments", "capacity")
    return {
        "network": model.network,
        "outcome": dict(model.outcome),
        "not_scored_because": dict(model.abstention.words),
        WORDS: phrases_of(model).to_json(),
        **{name: model.details[name] for name in shown if name in model.details},
    }
