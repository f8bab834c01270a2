"""Verbs about models beside training: start without a past, compare before promotion, rebuild a run.

`cli` registers them; they parse, call one use case, and show the result.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

ModelName = Annotated[str, typer.Argument(help="NETWORK/OUTCOME, or NETWORK for all its models.")]
EngineName = Annotated[
    Literal["here", "dask"], typer.Option(help="This machine's processes, or a Dask cluster.")
]
Scheduler = Annotated[str | None, typer.Option(help="The Dask scheduler's address: tcp://HOST:8786.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day taken as today.")]


def start(model: ModelName, *, today: Day = None) -> None:
    """Register the declared rules as candidate, where no outcome is known yet: a list without risks."""
    from earlywarn.pipeline.start import start as run
    from earlywarn.progress import shown_progress
    from earlywarn.settings import Settings

    for folder, workspace in Settings().models(model):
        with shown_progress() as progress:
            result = run(folder, workspace, today=day_or_today(today), progress=progress)
        typer.echo(result.summary())


def shadow(model: ModelName) -> None:
    """Say who would enter and leave each list if the candidate were promoted, and why."""
    from earlywarn.pipeline.shadow import shadow as run
    from earlywarn.settings import Settings

    for folder, workspace in Settings().models(model):
        typer.echo(run(folder, workspace).summary())


def rebuild(
    model: ModelName,
    *,
    run: Annotated[str | None, typer.Option(help="MLflow's id of the run; the candidate's if none.")] = None,
) -> None:
    """Train a logged run again from MLflow alone, and say whether the same bytes come out."""
    from earlywarn.pipeline.rebuild import rebuild as again
    from earlywarn.progress import shown_progress
    from earlywarn.settings import Settings

    settings, is_identical = Settings(), True
    for folder, workspace in settings.models(model):
        with shown_progress() as progress:
            found = again(
                folder,
                workspace,
                run_id=run,
                database=settings.database_if_any(workspace),
                progress=progress,
            )
        typer.echo(found.summary())
        is_identical &= found.is_identical
    if not is_identical:
        raise typer.Exit(1)


def report(model: ModelName) -> None:
    """Print the quality sheet of a model, with the baselines beside it."""
    from earlywarn.pipeline.report import report as run
    from earlywarn.settings import Settings

    for folder, workspace in Settings().models(model):
        typer.echo(run(folder, workspace))


def day_or_today(given: datetime | None) -> date:
    """Return the day given, or today where the schools are."""
    return given.date() if given else datetime.now(ZoneInfo("America/Toronto")).date()
