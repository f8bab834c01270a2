"""Take in a network's files: read, convert, resolve, settle, and write one batch, whole or not at all.

For every table, rows read = accepted (new, superseding or unchanged) + quarantined + declared duplicates.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import StorageError, TableError
from earlywarn.tables.contract import Contract
from earlywarn.tables.conversion import REASON
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Extracts
from earlywarn.tables.ledger import Batch, BatchFile, GivenFile, Ledger, read_ledger, write_ledger
from earlywarn.tables.pseudonyms import check_keys_apart, read_identities, write_identities
from earlywarn.tables.report import FileIntake, IntakeReport, TableIntake, counted_reasons
from earlywarn.tables.resolution import (
    KNOWN_ON,
    VISIBLE_FROM,
    current,
    reading_order,
    resolution_sql,
    rules_of,
    targets_of,
)
from earlywarn.tables.settlement import STATUS, settled
from earlywarn.tables.staging import Staged, pseudonymize, stage_table, staged_name
from earlywarn.tables.versions import connect, create_current, stored_tables, visible_from
from earlywarn.workspace import Workspace, storage_errors, sync_folder

_STORED = "'new', 'superseding'"


@dataclass(frozen=True)
class Intake:
    """What one intake works on."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    workspace: Workspace
    ledger: Ledger
    received_on: date
    backfill: bool
    keys: Path

    @property
    def number(self) -> int:
        """Return the number of the batch this intake would add."""
        return len(self.ledger.batches) + 1


def take_in(
    contract: Contract,
    extracts: Extracts,
    folder: Path,
    workspace: Workspace,
    *,
    received_on: date,
    backfill: bool,
    keys: Path,
    progress: Progress = no_progress,
    threads: int = 2,
) -> IntakeReport:
    """Add one batch to the workspace; the caller holds its lock.

    Raises:
        ExtractError: A file is missing or cannot be read exactly.
        StorageError: The disk is full; the earlier ledger stands.
    """
    check_keys_apart(keys, workspace)
    ledger = read_ledger(workspace, contract.network.name)
    _check_order(ledger, received_on, workspace)
    with storage_errors(workspace.tables):
        workspace.tables.mkdir(parents=True, exist_ok=True)
    connection = connect(threads=threads, spill=workspace.tables / ".spill")
    try:
        intake = Intake(connection, contract, workspace, ledger, received_on, backfill, keys)
        return _run(intake, extracts, folder, progress)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StorageError(
            "the engine cannot write: the disk or the memory is full",
            where=str(workspace.tables),
            todo="free space and rerun; the earlier tables are whole",
        ) from error
    finally:
        connection.close()
        _remove_parts(workspace)


def _run(intake: Intake, extracts: Extracts, folder: Path, progress: Progress) -> IntakeReport:
    _open_current(intake, extracts)
    order = reading_order(intake.contract)
    files: list[GivenFile] = []
    described: list[FileIntake] = []
    results: list[TableIntake] = []
    written: dict[str, BatchFile] = {}
    for done, name in enumerate(order):
        progress("ingest", done, len(order))
        table = intake.contract.tables[name]
        staged = stage_table(intake.connection, name, table, extracts, folder, first=len(files) + 1)
        if not staged.files:
            continue
        files += staged.files
        described += staged.described
        result, batch_file = _take_in_table(intake, name, staged)
        results.append(result)
        if batch_file is not None:
            written[name] = batch_file
    if written:
        batch = Batch(
            number=intake.number,
            received_on=intake.received_on,
            backfill=intake.backfill,
            tables=written,
            files=tuple(files),
        )
        write_ledger(intake.workspace, intake.ledger.with_batch(batch))
    progress("ingest", len(order), len(order))
    return IntakeReport(
        network=intake.contract.network.name,
        batch=intake.number if written else None,
        received_on=intake.received_on,
        backfill=intake.backfill,
        tables=tuple(results),
        files=tuple(described),
    )


def _check_order(ledger: Ledger, received_on: date, workspace: Workspace) -> None:
    if ledger.batches and received_on < ledger.batches[-1].received_on:
        raise TableError(
            f"files received on {received_on} come after those of {ledger.batches[-1].received_on}",
            where=str(workspace.tables),
            todo="give the day they were received",
        )


def _open_current(intake: Intake, extracts: Extracts) -> None:
    """Open the latest rows of tables that this intake compares with or looks up."""
    contract = intake.contract
    stored = stored_tables(intake.workspace, contract)
    looked_up = {other for table in contract.tables.values() for other in targets_of(table)}
    compared = {extract.table for extract in extracts.extract} & stored.keys()
    for name in sorted(looked_up | compared):
        create_current(intake.connection, contract, name, stored.get(name))


def _take_in_table(intake: Intake, name: str, staged: Staged) -> tuple[TableIntake, BatchFile | None]:
    connection, contract = intake.connection, intake.contract
    table = contract.tables[name]
    pseudonymize(connection, contract, name, keys=intake.keys)
    sql = resolution_sql(contract, name, staged_name(name))
    connection.execute(f"CREATE TEMP TABLE {quote(f'resolved:{name}')} AS {sql}")
    connection.execute(f"DROP TABLE {staged_name(name)}")
    has_previous = bool(intake.ledger.files_of(name))
    relation = settled(connection, name, table, has_previous=has_previous)
    result = _counted(intake, name, relation, staged)
    batch_file = None
    if result.n_new or result.n_superseding:
        batch_file = _write_batch(intake, name, relation, result)
    _put_identities_away(intake, name, relation)
    if any(name in targets_of(other) for other in contract.tables.values()):
        _advance_current(intake, name, relation)
    _forget(connection, name)
    return result, batch_file


def _counted(intake: Intake, name: str, relation: str, staged: Staged) -> TableIntake:
    connection, table = intake.connection, intake.contract.tables[name]
    rows = connection.execute(f"SELECT {STATUS}, count(*) FROM {relation} GROUP BY 1").fetchall()
    counts = {str(status): int(count) for status, count in rows}
    names = {file.number: file.name for file in staged.files}
    reasons = list(staged.reasons)
    if counts.get("quarantined"):
        reasons += counted_reasons(connection, relation, names)
    result = TableIntake(
        table=name,
        n_read=staged.n_read,
        n_new=counts.get("new", 0),
        n_superseding=counts.get("superseding", 0),
        n_unchanged=counts.get("unchanged", 0),
        n_quarantined=counts.get("quarantined", 0) + staged.n_broken,
        n_duplicates=counts.get("duplicate", 0),
        reasons=tuple(reasons),
        contradictions=tuple(
            (rule.name, _count(connection, f"{relation} WHERE {flag} AND {REASON} IS NULL"))
            for flag, rule in zip(rules_of(table), table.contradictions, strict=True)
        ),
    )
    if not result.conserves:
        message = "rows were lost or invented on the way in; nothing was stored"
        raise TableError(message, where=f"table '{name}'", todo="report this as a defect")
    return result


def _count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {source}").fetchone()
    return int(row[0]) if row else 0


def _write_batch(intake: Intake, name: str, relation: str, result: TableIntake) -> BatchFile:
    table = intake.contract.tables[name]
    columns = ", ".join(quote(column) for column in table.stored)
    file = f"{name}/{intake.number:06d}.parquet"
    path = intake.workspace.tables / file
    temporary = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        intake.connection.execute(
            f"COPY (SELECT {columns}, {KNOWN_ON}, DATE '{intake.received_on}' AS _received_on, "
            f"{intake.backfill} AS _backfill, {STATUS} = 'superseding' AS _superseding, "
            f"{intake.number} AS _batch, _file, _line FROM {relation} WHERE {STATUS} IN ({_STORED})) "
            f"TO '{str(temporary).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)"
        )
        with temporary.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
            os.fsync(handle.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    n_rows = result.n_new + result.n_superseding
    return BatchFile(file=file, n_rows=n_rows, n_superseding=result.n_superseding, digest=digest)


def _put_identities_away(intake: Intake, name: str, relation: str) -> None:
    """Encrypt the names of the rows accepted, over those known before."""
    table = intake.contract.tables[name]
    if not table.identities:
        return
    columns = [*table.key_columns, "_code", *table.identities]
    listed = ", ".join(quote(column) for column in columns)
    given = _arrow(intake, f"SELECT {listed} FROM {relation} WHERE {STATUS} IN ({_STORED}, 'unchanged')")
    known = read_identities(name, intake.workspace, keys=intake.keys)
    if known is not None and known.column_names == columns:
        intake.connection.register("identities", pa.concat_tables([given, known]))
        keys = ", ".join(quote(key) for key in table.key_columns)
        given = _arrow(
            intake,
            f"SELECT {listed} FROM (SELECT *, row_number() OVER () AS _at FROM identities) "
            f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY _at) = 1 ORDER BY {keys}",
        )
        intake.connection.unregister("identities")
    write_identities(name, given, intake.workspace, keys=intake.keys)


def _arrow(intake: Intake, sql: str) -> pa.Table:
    table: pa.Table | None = intake.connection.sql(sql).to_arrow_table()
    return pa.table({}) if table is None else table


def _advance_current(intake: Intake, name: str, relation: str) -> None:
    """Let later tables of this intake look up what was just accepted."""
    table = intake.contract.tables[name]
    columns = ", ".join(quote(column) for column in table.stored)
    keys = ", ".join(quote(key) for key in table.key_columns)
    fresh = (
        f"SELECT *, DATE '{intake.received_on}' AS _received_on, {intake.backfill} AS _backfill, "
        f"{STATUS} = 'superseding' AS _superseding FROM {relation} WHERE {STATUS} IN ({_STORED})"
    )
    intake.connection.execute(
        f"CREATE TEMP TABLE advanced AS WITH fresh AS ({fresh}) "
        f"SELECT {columns}, {visible_from(table)} AS {VISIBLE_FROM} FROM fresh UNION ALL "
        f"SELECT {columns}, {VISIBLE_FROM} FROM {current(name)} ANTI JOIN fresh USING ({keys})"
    )
    intake.connection.execute(f"DROP TABLE {current(name)}")
    intake.connection.execute(f"ALTER TABLE advanced RENAME TO {current(name)}")


def _forget(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Free a table's intermediate relations before the next is read."""
    found = connection.execute(
        "SELECT view_name, 'VIEW' FROM duckdb_views() WHERE view_name = $1 UNION ALL "
        "SELECT table_name, 'TABLE' FROM duckdb_tables() WHERE table_name IN ($1, $2, $3)",
        [f"settled:{name}", f"judged:{name}", f"resolved:{name}"],
    ).fetchall()
    for relation, kind in found:
        connection.execute(f"DROP {kind} {quote(relation)}")


def _remove_parts(workspace: Workspace) -> None:
    for part in workspace.tables.glob("*/.*.part"):
        part.unlink(missing_ok=True)
    shutil.rmtree(workspace.tables / ".spill", ignore_errors=True)
