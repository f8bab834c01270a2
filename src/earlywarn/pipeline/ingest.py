"""Take in a network's files: one batch in the workspace, one report beside it, under the workspace's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import ExtractError
from earlywarn.pipeline.stored_reports import report_page, store_report
from earlywarn.tables import (
    Extracts,
    IntakeReport,
    OpenView,
    check_acceptances,
    is_export,
    load_contract,
    load_extracts,
    take_in,
)
from earlywarn.workspace import Workspace, locked

PUSHED = "an intake of pushed rows"


def ingest(
    network_dir: Path,
    extracts_dir: Path,
    workspace: Workspace,
    *,
    received_on: date,
    backfill: bool = False,
    keys: Path,
    accept_drift: Sequence[str] = (),
    progress: Progress = no_progress,
    source_url: Callable[[str], str] | None = None,
) -> IntakeReport:
    """Add what the files of `extracts_dir` say to the workspace, and report on every row.

    Where the files differ from the last ones in a way that a written rule stops, nothing is stored and the
    report is refused.
    Either way the report is stored; an error says where its page is.

    Args:
        network_dir: The folder with contract.toml and extracts.toml.
        extracts_dir: The files as the schools gave them, or a OneRoster export: a zip or a folder.
        workspace: Where the batch goes.
        received_on: The day the files were received.
        backfill: Whether the files are history, visible from the day each fact was known.
        keys: The folder of the network's keys, outside the workspace.
        accept_drift: The changes that may pass this time, as the report names them:
            `table.column:rule` or `table:rule`.
        progress: Told how many tables are done.
        source_url: Gives the address of each database that the mapping names.

    Raises:
        DeclarationError: A declared file has problems, or a change to accept is none.
        ExtractError: A file is missing or cannot be read exactly.
        BusyError: Another intake is at work on this workspace.
        StorageError: The disk is full; the earlier tables are whole.
    """
    contract = load_contract(network_dir / "contract.toml")
    extracts = load_extracts(network_dir / "extracts.toml", contract)
    accepted = check_acceptances(accept_drift, contract, extracts)
    _check_folder(extracts_dir)
    open_view = _view_opener(extracts, source_url)
    with (
        # Files go before the pushed batches that wait, and after the one that is being taken in.
        locked(workspace, "files", owner="an intake", waits_for=PUSHED),
        locked(workspace, "ingest", owner="an intake", waits_for=PUSHED),
    ):
        report = take_in(
            contract,
            extracts,
            extracts_dir,
            workspace,
            received_on=received_on,
            backfill=backfill,
            keys=keys,
            accepted=accepted,
            # Just before the ledger: a batch that exists has its report.
            keep_report=lambda report: store_report(report, workspace),
            progress=progress,
            open_view=open_view,
        )
        if report.batch is None:
            store_report(report, workspace)
    if report.refusals:
        raise _refused(report, report_page(report, workspace, "en"))
    return report


def _view_opener(extracts: Extracts, source_url: Callable[[str], str] | None) -> OpenView | None:
    """Return what opens the views that the mapping names; the room of databases is loaded for them only."""
    databases = sorted({extract.database for extract in extracts.extract if extract.database is not None})
    if not databases or source_url is None:
        return None
    from earlywarn.store.foreign_view import view_opener

    return view_opener({name: source_url(name) for name in databases})


def _refused(report: IntakeReport, page: Path) -> ExtractError:
    """Return one error that names every source that could not be read, and where the report is."""
    first, *others = report.refusals
    if not others:
        return ExtractError(first.what, where=first.file, todo=f"{first.todo}; the report is {page}")
    listed = "; ".join(f"{one.file}: {one.what}" for one in report.refusals)
    return ExtractError(
        f"{len(report.refusals)} files cannot be read: {listed}",
        todo=f"mend them; nothing was stored; the report is {page}",
    )


def _check_folder(folder: Path) -> None:
    if folder.is_file() and not is_export(folder):
        raise ExtractError(
            "this is a file, and a folder of files is wanted, or a OneRoster zip",
            where=str(folder),
            todo="name the folder that holds it; a OneRoster zip holds a manifest.csv",
        )
    if not folder.exists():
        raise ExtractError("there is no such folder of files", where=str(folder), todo="check its name")
