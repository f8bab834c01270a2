"""The command line: parse, call one use case, show the result.

Heavy rooms are imported inside the verbs, so that `earlywarn --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from earlywarn import verbs
from earlywarn.domain import Language
from earlywarn.errors import DeclarationError, EarlywarnError
from earlywarn.verbs import Day, EngineName, ModelName, Scheduler, day_or_today

if TYPE_CHECKING:
    from earlywarn.settings import Settings

app = typer.Typer(
    help="Early warning for school networks: explained lists that fit what a school can do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

NetworkName = Annotated[str, typer.Argument(help="A folder below models/, or its path.")]
Spoken = Annotated[Language, typer.Option("--language", help="The language of what is printed.")]

_WHERE: dict[Language, str] = {"fr": "La page du rapport : {page}", "en": "The report’s page: {page}"}


@app.command()
def synthesize(
    folder: Annotated[Path, typer.Argument(help="Where to write the invented network's raw files.")],
    *,
    students: Annotated[int, typer.Option(min=2_000, max=1_400_000)] = 20_000,
    years: Annotated[int, typer.Option(min=3, max=12, help="School years.")] = 6,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 11, 20),  # noqa: DTZ001
    seed: int = 1,
) -> None:
    """Invent a Québec-shaped network and write it as a school system would export it."""
    from earlywarn.progress import shown_progress
    from earlywarn.synthetic import synthesize as run

    with shown_progress() as progress:
        network = run(
            folder,
            n_students=students,
            n_school_years=years,
            until=until.date(),
            seed=seed,
            progress=progress,
        )
    typer.echo(network.summary())


@app.command()
def check(network: NetworkName) -> None:
    """Check every declared file of a network, and name the lines to mend."""
    from earlywarn.pipeline.check import check as run

    typer.echo(run(_settings().network_dir(network)))


@app.command()
def inspect(
    files: Annotated[
        list[Path], typer.Argument(help="The unknown files: .csv, .txt, .tsv, .gz, .xlsx, .parquet.")
    ],
    *,
    network: Annotated[
        str | None, typer.Option(help="The network whose contract they are to fit; none drafts a contract.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the proposal there instead of printing it.")] = None,
    french: Annotated[bool, typer.Option("--french", help="Say what is unsure in French.")] = False,
) -> None:
    """Look at unknown files, propose a first extracts.toml, and say what is unsure."""
    from earlywarn.pipeline.inspect import inspect as run

    language: Language = "fr" if french else "en"
    folder = _settings().network_dir(network) if network is not None else None
    inspection = run(files, network_dir=folder, out=out, language=language)
    if out is None:
        typer.echo(inspection.extracts_toml(language), nl=False)
    typer.echo(inspection.report(language), err=True)


@app.command()
def ingest(
    network: NetworkName,
    extracts: Annotated[
        Path, typer.Argument(help="The folder of files, or a OneRoster export (zip or folder).")
    ],
    *,
    received: Day = None,
    backfill: Annotated[
        bool, typer.Option(help="History loaded at the start: visible from known_on.")
    ] = False,
    accept_drift: Annotated[
        list[str] | None, typer.Option(help="A change that is meant, TABLE.COLUMN:RULE as the report says.")
    ] = None,
    language: Spoken = "en",
) -> None:
    """Take in a network's files; report what was accepted and what was quarantined, and why."""
    from earlywarn.pipeline.ingest import ingest as run
    from earlywarn.pipeline.stored_reports import report_page
    from earlywarn.progress import shown_progress

    settings = _settings()
    folder = settings.network_dir(network)
    workspace = settings.workspace(folder)
    with shown_progress() as progress:
        report = run(
            folder,
            extracts,
            workspace,
            received_on=day_or_today(received),
            backfill=backfill,
            keys=settings.keys_dir(folder),
            accept_drift=accept_drift or (),
            progress=progress,
            source_url=settings.source_url,
        )
    typer.echo(report.as_text(language))
    typer.echo(_WHERE[language].format(page=report_page(report, workspace, language)))
    if report.is_refused:
        raise typer.Exit(1)


@app.command()
def train(
    model: ModelName,
    *,
    today: Day = None,
    seed: int = 0,
    write_sheets: Annotated[
        bool, typer.Option(help="Also write backtest.json and CARD.md beside model.toml.")
    ] = False,
    pictures: Annotated[bool, typer.Option(help="Draw the sheet for MLflow and the reports.")] = True,
    engine: EngineName = "here",
    scheduler: Scheduler = None,
) -> None:
    """Back-test and fit; log to MLflow and register the result as candidate."""
    from earlywarn.pipeline.engines import cluster_named
    from earlywarn.pipeline.train import train as run
    from earlywarn.pipeline.trees_on_dask import trees_fitted
    from earlywarn.progress import shown_progress

    settings = _settings()
    for folder, workspace in settings.models(model):
        with shown_progress() as progress:
            result = run(
                folder,
                workspace,
                today=day_or_today(today),
                seed=seed,
                write_sheets=write_sheets,
                pictures=pictures,
                database=settings.database_if_any(workspace),
                fit_trees=trees_fitted(cluster_named(engine, scheduler), workspace),
                progress=progress,
            )
        typer.echo(result.summary())


app.command()(verbs.start)
app.command()(verbs.shadow)
app.command()(verbs.report)
app.command()(verbs.rebuild)


@app.command()
def promote(model: ModelName) -> None:
    """Make the candidate the champion, if every gate is open."""
    from earlywarn.pipeline.promote import promote as run

    for folder, workspace in _settings().models(model):
        typer.echo(run(folder, workspace).summary())


@app.command()
def publish(model: ModelName) -> None:
    """Turn the champion into the signed folder that the service reads."""
    from earlywarn.pipeline.publish import publish as run

    settings = _settings()
    for folder, workspace in settings.models(model):
        typer.echo(run(folder, workspace, keys=settings.keys_dir(folder.parent)).summary())


@app.command()
def score(
    network: NetworkName,
    *,
    as_of: Day = None,
    stage: Annotated[str | None, typer.Option(help="Where a network has stages instead of dates.")] = None,
    today: Day = None,
    store: Annotated[bool, typer.Option(help="Load the run into the service database.")] = True,
    portion: Annotated[
        int, typer.Option(min=1, help="Enrollments of the day that one portion takes in.")
    ] = 70_000,
    engine: EngineName = "here",
    scheduler: Scheduler = None,
) -> None:
    """Score everyone in scope as of a day, with reasons and rosters, for the service to show."""
    from earlywarn.pipeline.engines import engine_named
    from earlywarn.pipeline.load import load, was_loaded
    from earlywarn.pipeline.score import score as run
    from earlywarn.progress import shown_progress

    settings = _settings()
    folder = settings.network_dir(network)
    workspace, keys = settings.workspace(folder), settings.keys_dir(folder)
    with shown_progress() as progress:
        result = run(
            folder,
            workspace,
            as_of=day_or_today(as_of or today),
            today=day_or_today(today),
            keys=keys,
            stage=stage,
            is_stored=(lambda runs: was_loaded(settings.database(workspace), runs)) if store else None,
            most_memberships=portion,
            engine=engine_named(engine, scheduler),
            progress=progress,
        )
        if store:
            database = settings.database(workspace)
            load(folder, workspace, database, result.to_load(), keys=keys, progress=progress)
    typer.echo(result.summary())


@app.command()
def quality(
    network: NetworkName,
    *,
    as_of: Day = None,
    store: Annotated[bool, typer.Option(help="Load the sheets into the service database.")] = True,
) -> None:
    """Say how complete each school's records are, beside what is usual, for its principal to settle."""
    from earlywarn.pipeline.quality import quality as run
    from earlywarn.pipeline.quality import store_quality
    from earlywarn.progress import shown_progress

    settings = _settings()
    folder = settings.network_dir(network)
    workspace = settings.workspace(folder)
    with shown_progress() as progress:
        result = run(folder, workspace, as_of=day_or_today(as_of), progress=progress)
        if store:
            store_quality(folder, workspace, settings.database(workspace), result.quality)
    typer.echo(result.summary())


@app.command()
def serve(
    network: NetworkName,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    demo: Annotated[bool, typer.Option(help="Offer the demonstration's sign-in; loopback only.")] = False,
    today: Day = None,
    app_dir: Annotated[Path | None, typer.Option(help="The folder that holds api/ and models/.")] = None,
) -> None:
    """Serve the stored risks over REST and as pages, until stopped."""
    from earlywarn.pipeline.serve import serve as run

    settings = _settings(app_dir)
    folder = settings.network_dir(network)
    run(
        settings.application,
        network=folder,
        workspace=settings.workspace(folder),
        keys=settings.keys_dir(folder),
        host=host,
        port=port,
        demo=demo,
        today=today.date() if today else None,
        announce=typer.echo,
    )


@app.command()
def key(
    network: NetworkName,
    label: Annotated[str, typer.Argument(help="What the calling system is called.")],
    *,
    school: Annotated[list[str] | None, typer.Option(help="A school it may ask for; none means all.")] = None,
    names: Annotated[bool, typer.Option(help="Let it see names.")] = False,
    write: Annotated[bool, typer.Option(help="Let it push rows of any table; not with --school.")] = False,
    today: Day = None,
) -> None:
    """Give a calling system an account and a new key; its earlier keys go on until they are revoked."""
    from earlywarn.pipeline.accounts import open_system_account

    settings = _settings()
    folder = settings.network_dir(network)
    database = settings.database(settings.workspace(folder))
    given = open_system_account(
        database, label, schools=school or [], names=names, write=write, today=day_or_today(today)
    )
    typer.echo(f"The key of {label}, shown this once:\n  {given}")


@app.command()
def rotate(network: NetworkName, *, today: Day = None) -> None:
    """Give everybody a new pseudonym under new keys; a rotation that was cut short is finished."""
    from earlywarn.pipeline.rotate import rotate as run
    from earlywarn.progress import shown_progress

    settings = _settings()
    folder = settings.network_dir(network)
    with shown_progress() as progress:
        result = run(
            folder,
            settings.workspace(folder),
            keys=settings.keys_dir(folder),
            today=day_or_today(today),
            progress=progress,
        )
    typer.echo(result.summary())


@app.command()
def trace(
    network: NetworkName,
    student: Annotated[str, typer.Argument(help="The opaque id that the service shows.")],
) -> None:
    """Tell which batches and files a student's scores were made from."""
    from earlywarn.pipeline.trace import trace as run

    settings = _settings()
    folder = settings.network_dir(network)
    typer.echo(run(folder, settings.workspace(folder), student).summary())


@app.command()
def seal(
    network: NetworkName,
    *,
    head: Annotated[str | None, typer.Option(help="The head that an earlier sealing printed.")] = None,
) -> None:
    """Seal the access log and check that nothing sealed was edited, removed or swapped."""
    from earlywarn.pipeline.seal import seal as run

    settings = _settings()
    database = settings.database(settings.workspace(settings.network_dir(network)))
    typer.echo(run(database, anchored_head=head).summary())


@app.command()
def demo(
    *,
    students: Annotated[int, typer.Option(min=2_000, max=200_000)] = 20_000,
    port: int = 8000,
    seed: int = 1,
    serve: Annotated[bool, typer.Option(help="Stay up and serve what was built.")] = True,
) -> None:
    """Build an invented network from raw files to explained rosters, then serve it."""
    from earlywarn.pipeline.demo import build_demo, serve_demo
    from earlywarn.progress import shown_progress

    application = _settings().application
    folder = application / ".earlywarn" / "demo"
    with shown_progress() as progress:
        built = build_demo(application, folder, n_students=students, seed=seed, progress=progress)
    typer.echo("\n".join(built.sentences))
    typer.echo(built.invitation(port))
    if serve:
        serve_demo(application, built, port=port)


def main() -> None:
    """Run a verb; a refusal ends in one sentence and exit code 1 (2 where the command itself is wrong)."""
    # MLflow reads these when it is first imported, wherever that happens.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        app()
    except DeclarationError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except EarlywarnError as error:
        typer.echo(f"earlywarn: {error}", err=True)
        sys.exit(1)


def _settings(app_dir: Path | None = None) -> Settings:
    from earlywarn.settings import Settings

    return Settings() if app_dir is None else Settings(app_dir=app_dir)
