"""Take in a network's files: one batch in the workspace, one report beside it, under the workspace's lock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import ExtractError
from earlywarn.pipeline.stored_reports import report_page, store_report
from earlywarn.tables import IntakeReport, load_contract, load_extracts, take_in
from earlywarn.workspace import Workspace, locked


def ingest(
    network_dir: Path,
    extracts_dir: Path,
    workspace: Workspace,
    *,
    received_on: date,
    backfill: bool = False,
    keys: Path,
    progress: Progress = no_progress,
) -> IntakeReport:
    """Add what the files of `extracts_dir` say to the workspace, and report on every row.

    A refused intake leaves a report too; the error says where its page is.

    Args:
        network_dir: The folder with contract.toml and extracts.toml.
        extracts_dir: The files as the schools gave them.
        workspace: Where the batch goes.
        received_on: The day the files were received.
        backfill: Whether the files are history, visible from the day each fact was known.
        keys: The folder of the network's keys, outside the workspace.
        progress: Told how many tables are done.

    Raises:
        DeclarationError: A declared file has problems.
        ExtractError: A file is missing or cannot be read exactly.
        BusyError: Another intake is at work on this workspace.
        StorageError: The disk is full; the earlier tables are whole.
    """
    contract = load_contract(network_dir / "contract.toml")
    extracts = load_extracts(network_dir / "extracts.toml", contract)
    _check_folder(extracts_dir)
    with locked(workspace, "ingest", owner="an intake"):
        report = take_in(
            contract,
            extracts,
            extracts_dir,
            workspace,
            received_on=received_on,
            backfill=backfill,
            keys=keys,
            # Just before the ledger: a batch that exists has its report.
            keep_report=lambda report: store_report(report, workspace),
            progress=progress,
        )
        if report.batch is None:
            store_report(report, workspace)
    if report.refusals:
        raise _refused(report, report_page(report, workspace, "fr"))
    return report


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
    if folder.is_file():
        raise ExtractError(
            "this is a file, and a folder of files is wanted",
            where=str(folder),
            todo="name the folder that holds it",
        )
    if not folder.is_dir():
        raise ExtractError("there is no such folder of files", where=str(folder), todo="check its name")
