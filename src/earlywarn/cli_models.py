"""The verbs that look back at a training; `cli` shows them beside its own."""

from __future__ import annotations

from typing import Annotated

import typer


def rebuild(
    model: Annotated[str, typer.Argument(help="NETWORK/OUTCOME, or NETWORK for all its models.")],
    *,
    run: Annotated[str | None, typer.Option(help="MLflow's id of the run; the candidate's if none.")] = None,
) -> None:
    """Train a logged run again from MLflow alone, and say whether the same bytes come out."""
    from earlywarn.pipeline.rebuild import rebuild as again
    from earlywarn.progress import shown_progress
    from earlywarn.settings import Settings

    settings, is_identical = Settings(), True
    for folder in settings.model_dirs(model):
        with shown_progress() as progress:
            found = again(folder, settings.workspace(folder.parent), run_id=run, progress=progress)
        typer.echo(found.summary())
        is_identical &= found.is_identical
    if not is_identical:
        raise typer.Exit(1)
