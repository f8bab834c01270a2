"""Take in a network's files: one batch in the workspace, one report beside it, under the workspace's lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from earlywarn.domain import Language, Progress, no_progress
from earlywarn.errors import EarlywarnError, ExtractError, TableError
from earlywarn.tables import (
    Contract,
    FileIntake,
    Finding,
    IntakeReport,
    Refusal,
    load_contract,
    load_extracts,
    take_in,
)
from earlywarn.workspace import Workspace, locked, write_atomically

LANGUAGES: tuple[Language, ...] = ("fr", "en")


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

    A refused intake leaves a report too: the error says where its page is.

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
        nothing = IntakeReport(contract.network.name, None, received_on, backfill, ())
        with _refusal_reported(nothing, workspace):
            report = take_in(
                contract,
                extracts,
                extracts_dir,
                workspace,
                received_on=received_on,
                backfill=backfill,
                keys=keys,
                progress=progress,
            )
        return _store_report(replace(report, labels=_labels(contract)), workspace)


def report_page(report: IntakeReport, workspace: Workspace, language: Language) -> Path:
    """Return where the page of a stored report is."""
    return workspace.reports / f"{report.name}.{language}.html"


def _check_folder(folder: Path) -> None:
    if folder.is_file():
        raise ExtractError(
            "this is a file, and a folder of files is wanted",
            where=str(folder),
            todo="name the folder that holds it",
        )
    if not folder.is_dir():
        raise ExtractError("there is no such folder of files", where=str(folder), todo="check its name")


@contextmanager
def _refusal_reported(nothing: IntakeReport, workspace: Workspace) -> Iterator[None]:
    """Store a report of what refuses the files, and let the error say where it is."""
    try:
        yield
    except (ExtractError, TableError) as error:
        report = _store_report(_refused(nothing, error), workspace)
        page = report_page(report, workspace, "fr")
        error.todo = "; ".join(part for part in (error.todo, f"the report is {page}") if part)
        raise


def _refused(nothing: IntakeReport, error: EarlywarnError) -> IntakeReport:
    """Return the report of an intake that took nothing, with what stopped it."""
    place = Path(error.where)
    is_file = bool(place.name) and len(place.parts) == 1 and isinstance(error, ExtractError)
    refusal = Refusal(place.name, error.what, error.todo)
    findings: tuple[Finding, ...] = tuple(getattr(error, "findings", ()))
    files = (FileIntake(place.name, "", refused=refusal),) if is_file else ()
    return replace(nothing, refusal=refusal, files=files, findings=findings)


def _labels(contract: Contract) -> tuple[tuple[str, str, str], ...]:
    """Return what the contract calls its tables, where it says so."""
    return tuple(
        (name, *(table.label.get(language) or name.replace("_", " ") for language in LANGUAGES))  # type: ignore[misc]
        for name, table in contract.tables.items()
        if table.label
    )


def _store_report(report: IntakeReport, workspace: Workspace) -> IntakeReport:
    """Write the report's pages, then the report itself: a number that stands is a report that is whole."""
    number = len(list(workspace.reports.glob("intake-*.json"))) + 1
    named = replace(report, name=f"intake-{number:06d}")
    for language in LANGUAGES:
        write_atomically(report_page(named, workspace, language), named.as_page(language).encode())
    write_atomically(workspace.reports / f"{named.name}.json", named.as_json())
    return named
