"""Take in a network's sources: read, convert, resolve, settle, and write one batch, whole or not at all.

For every table, rows read = accepted (new, superseding, unchanged or deleting) + quarantined + declared
duplicates. Nothing that the ledger does not name exists: it is written last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import date
from pathlib import Path

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import ExtractError, HeaderError, TableError
from earlywarn.tables.block_index import index_batches
from earlywarn.tables.contract import Contract
from earlywarn.tables.drift import KeptProfiles, Watch, accepting, extracts_of
from earlywarn.tables.engine_errors import storage_error
from earlywarn.tables.exports import filled_sql, is_export, take_up
from earlywarn.tables.extracts import Extract, Extracts
from earlywarn.tables.identities import Identities
from earlywarn.tables.identity_files import read_identities
from earlywarn.tables.keyring import check_keys_apart, open_keys
from earlywarn.tables.ledger import Ledger, read_ledger
from earlywarn.tables.leftovers import SPILL, check_ledger_is_there, remove_leftovers
from earlywarn.tables.pseudonyms import CodeBook
from earlywarn.tables.reading import GivenText, OpenView, open_texts
from earlywarn.tables.report import IntakeReport, Refusal, TableIntake, table_labels
from earlywarn.tables.resolution import reading_order, targets_of
from earlywarn.tables.settlement import Settled, Settlement
from earlywarn.tables.staging import OpenTexts, Staged, Stager, Stamp
from earlywarn.tables.storing import (
    Intake,
    advance_current,
    identity_files,
    keep_batch,
    note_ids,
    removed_rows,
    write_parts,
)
from earlywarn.tables.versions import Stored, connect, create_current, create_latest, empty, stored_tables
from earlywarn.workspace import Workspace, storage_errors

MEMORY_LIMIT = "2GB"


def take_in(
    contract: Contract,
    extracts: Extracts,
    folder: Path,
    workspace: Workspace,
    *,
    received_on: date,
    backfill: bool,
    keys: Path,
    accepted: Collection[str] = (),
    keep_report: Callable[[IntakeReport], None] = lambda report: None,
    progress: Progress = no_progress,
    threads: int = 2,
    open_view: OpenView | None = None,
) -> IntakeReport:
    """Add one batch to the workspace; the caller holds its lock.

    A source that cannot be read exactly is refused, and so are files that a written rule of drift stops; then
    nothing is stored, and the report names every one. `accepted` names the changes that may pass.
    `keep_report` is told the report of a new batch just before the ledger makes the batch exist.

    Raises:
        SettingsError: The keys are not those of the workspace.
        StorageError: The disk is full; the earlier ledger stands.
    """
    # Here and nowhere above: the service reads contracts and must not load the engine.
    import duckdb

    ledger = read_ledger(workspace, contract.network.name)
    _check_order(ledger, received_on, workspace)
    check_ledger_is_there(workspace, ledger)
    hides_people = contract.hides_people or is_export(folder)
    codes = _open_codes(contract, ledger, workspace, keys, hides_people=hides_people)
    with storage_errors(workspace.tables):
        workspace.tables.mkdir(parents=True, exist_ok=True)
        remove_leftovers(workspace, ledger)
    connection = connect(threads=threads, spill=workspace.tables / SPILL, memory_limit=MEMORY_LIMIT)
    stamp = Stamp(len(ledger.batches) + 1, received_on, backfill)

    def open_extract(extract: Extract, first: int, repeating: frozenset[str]) -> Iterator[GivenText]:
        return open_texts(extract, folder, first=first, repeating=repeating, open_view=open_view)

    extracts = accepting(extracts, accepted)
    watch = Watch(contract, extracts, KeptProfiles(workspace), ledger, received_on, backfill, accepted)
    intake = Intake(connection, contract, extracts, workspace, ledger, stamp, keys, codes, watch)
    try:
        if is_export(folder):
            report = _run_export(intake, folder, keep_report, progress, threads=threads)
        else:
            report = _run(intake, open_extract, keep_report, progress)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise storage_error(error, workspace.tables) from error
    finally:
        connection.close()
        if intake.export is not None:
            intake.export.close()
        remove_leftovers(workspace, read_ledger(workspace))
    index_batches(workspace, contract, progress=progress, threads=threads)
    return report


def _open_codes(
    contract: Contract, ledger: Ledger, workspace: Workspace, keys: Path, *, hides_people: bool
) -> CodeBook | None:
    """Open the keys, where anybody is to be hidden, and an empty book of codes."""
    if not hides_people:
        check_keys_apart(keys, workspace)
        return None
    open_keys(keys, workspace, known_as=ledger.key)
    return CodeBook.under(keys, contract.network.pseudonyms)


def _run_export(
    intake: Intake,
    path: Path,
    keep_report: Callable[[IntakeReport], None],
    progress: Progress,
    *,
    threads: int,
) -> IntakeReport:
    """Take in a OneRoster export in the place of declared files."""
    try:
        export = take_up(
            intake.contract,
            intake.extracts.oneroster,
            path,
            received_on=intake.stamp.received_on,
            recall=lambda name: read_identities(name, intake.workspace, keys=intake.keys),
            accepted=intake.watch.accepted,
            threads=threads,
        )
    except ExtractError as error:
        intake.refusals.append(Refusal(error.where, "", error.what, error.todo))
        return _report(intake)
    intake.export, intake.extracts = export, export.extracts
    return _run(intake, export.open_texts, keep_report, progress)


def _run(
    intake: Intake,
    open_extract: OpenTexts,
    keep_report: Callable[[IntakeReport], None],
    progress: Progress,
) -> IntakeReport:
    stored = stored_tables(intake.workspace, intake.contract)
    _open_lookups(intake, stored)
    order = reading_order(intake.contract)
    identities = []
    for done, name in enumerate(order):
        progress("ingest", done, len(order))
        found = _take_in_table(intake, name, stored.get(name), open_extract)
        if found is not None:
            identities.append(found)
    report = _report(intake)
    if not intake.is_refused:
        keep_batch(intake, identity_files(intake, identities), lambda: keep_report(report))
    progress("ingest", len(order), len(order))
    return report


def _report(intake: Intake) -> IntakeReport:
    return IntakeReport(
        network=intake.contract.network.name,
        batch=intake.stamp.number if intake.written and not intake.is_refused else None,
        received_on=intake.stamp.received_on,
        backfill=intake.stamp.backfill,
        tables=tuple(intake.results),
        refusals=tuple(intake.refusals),
        findings=tuple(intake.watch.findings),
        repeats=next((b.number for b in intake.ledger.batches if b.files == tuple(intake.files)), None),
        sources=tuple(intake.export.intakes) if intake.export else (),
        files=tuple(intake.described),
        labels=table_labels(intake.contract),
    )


def _check_order(ledger: Ledger, received_on: date, workspace: Workspace) -> None:
    if ledger.batches and received_on < ledger.batches[-1].received_on:
        raise TableError(
            f"files received on {received_on} come after those of {ledger.batches[-1].received_on}",
            where=str(workspace.tables),
            todo="give the day they were received",
        )


def _open_lookups(intake: Intake, stored: dict[str, Stored]) -> None:
    """Open the latest rows of the tables that others look up."""
    contract = intake.contract
    for name in sorted({other for table in contract.tables.values() for other in targets_of(table)}):
        create_current(intake.connection, contract, name, stored.get(name))


def _take_in_table(
    intake: Intake, name: str, previous: Stored | None, open_extract: OpenTexts
) -> Identities | None:
    """Read, settle and write one table; return the names of its people, where it has any."""
    extracts = extracts_of(intake.extracts, name)
    folder = intake.workspace.tables / name
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    table = intake.contract.tables[name]
    create_latest(intake.connection, intake.contract, name, previous or empty(table))
    not_given = intake.export.not_given(name) if intake.export and previous else ()
    stager = Stager(
        intake.connection,
        intake.contract,
        name,
        intake.stamp,
        folder,
        codes=intake.codes,
        filled=(lambda typed: filled_sql(name, table, typed, not_given)) if not_given else None,
    )
    for extract, key in extracts:
        try:
            with storage_errors(folder):
                stager.stage(extract, key, open_extract, first=len(intake.files) + 1)
        except ExtractError as error:
            _refuse(intake, name, error)
    staged = stager.staged
    if not staged.files:
        return None
    intake.files += staged.files
    intake.described += staged.described
    intake.watch.look(name, staged.sets)
    settled = _settle(
        intake, name, stager, [extract for extract, _ in extracts], has_previous=previous is not None
    )
    intake.results.append(_result(intake, name, staged, settled))
    write_parts(intake, name, settled)
    note_ids(intake, name, staged, settled)
    if any(name in targets_of(other) for other in intake.contract.tables.values()):
        advance_current(intake, name, previous, settled)
    return (
        Identities(name, table, tuple(staged.identities), removed_rows(intake)) if table.identities else None
    )


def _refuse(intake: Intake, name: str, error: ExtractError) -> None:
    """Say why a source is refused; a header unlike the last one's is a finding, with what to do."""
    if isinstance(error, HeaderError):
        try:
            intake.watch.refuse(name, error)
        except HeaderError:
            pass
        else:
            return
    intake.refusals.append(Refusal(error.where, name, error.what, error.todo))


def _settle(
    intake: Intake, name: str, stager: Stager, extracts: list[Extract], *, has_previous: bool
) -> Settled:
    """Compare the staged rows; where lines wait whose key nobody can read, no key is taken for gone."""
    complete = next((one.complete_within for one in extracts if one.complete_within is not None), None)
    settlement = Settlement(intake.connection, name, intake.contract.tables[name], intake.stamp)
    return settlement.settle(
        stager.staged.parts,
        stager.hashes.repeated(),
        has_previous=has_previous,
        has_deletions=any(extract.deletes for extract in extracts),
        complete=None if stager.staged.has_unknown_keys else complete,
    )


def _result(intake: Intake, name: str, staged: Staged, settled: Settled) -> TableIntake:
    """Count every row read.

    Raises:
        TableError: A row was lost or invented; a defect of the program.
    """
    names = {file.number: file.name for file in intake.files}
    for number, reason, n_rows, lines in settled.held:
        staged.hold(names[number], reason, n_rows, lines)
    result = TableIntake(
        table=name,
        n_read=staged.n_read,
        n_new=settled.n_new,
        n_superseding=settled.n_superseding,
        n_unchanged=settled.n_unchanged,
        n_deleted=settled.n_deleting,
        n_gone=settled.n_gone,
        n_quarantined=staged.n_held,
        n_duplicates=settled.n_duplicates,
        reasons=tuple(staged.reasons),
        left_out=tuple(staged.left_out),
        contradictions=tuple(staged.contradictions.items()),
    )
    if not result.conserves:
        message = "rows were lost or invented on the way in; nothing was stored"
        raise TableError(message, where=f"table '{name}'", todo="report this as a defect")
    return result
