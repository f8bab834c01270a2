"""The state of one intake, and how what it settled becomes a batch: parts first, the ledger last."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from earlywarn.tables.contract import Contract
from earlywarn.tables.drift import Watch
from earlywarn.tables.exports import ExportSource
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Extracts
from earlywarn.tables.identities import Identities, write_codes
from earlywarn.tables.identity_files import write_identities
from earlywarn.tables.keyring import IDENTITY_KEY, key_name, read_key
from earlywarn.tables.ledger import (
    Batch,
    BatchFile,
    GivenFile,
    IdentityFile,
    Ledger,
    StoredFile,
    digest_of,
    write_ledger,
)
from earlywarn.tables.pseudonyms import CodeBook
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.report import FileIntake, Refusal, TableIntake
from earlywarn.tables.resolution import current
from earlywarn.tables.settlement import REMOVED, Settled
from earlywarn.tables.staging import Staged, Stamp, arrow, read_parts
from earlywarn.tables.versions import Stored, create_current, empty
from earlywarn.workspace import Workspace, storage_errors, sync_folder


@dataclass
class Intake:
    """What one intake works on, and what it has written so far."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    extracts: Extracts
    workspace: Workspace
    ledger: Ledger
    stamp: Stamp
    keys: Path
    codes: CodeBook | None
    watch: Watch
    files: list[GivenFile] = field(default_factory=list)
    described: list[FileIntake] = field(default_factory=list)
    written: dict[str, BatchFile] = field(default_factory=dict)
    parts: list[tuple[Path, Path]] = field(default_factory=list)
    results: list[TableIntake] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    stored_ids: set[str] = field(default_factory=set)
    export: ExportSource | None = None

    @property
    def is_refused(self) -> bool:
        """Say whether nothing of it may be stored."""
        return bool(self.refusals) or self.watch.is_stopped


def write_parts(intake: Intake, name: str, settled: Settled) -> None:
    """Take the digests of a batch's parts; they get their names once all tables are done."""
    if not settled.parts:
        return
    stored = []
    for index, part in enumerate(settled.parts, start=1):
        suffix = f"-{index:04d}" if len(settled.parts) > 1 else ""
        file = f"{name}/{intake.stamp.number:06d}{suffix}.parquet"
        with storage_errors(part):
            stored.append(StoredFile(file=file, digest=digest_of(part)))
        intake.parts.append((part, intake.workspace.tables / file))
    n_superseding = settled.n_superseding + settled.n_deleting + settled.n_gone
    intake.written[name] = BatchFile(
        files=tuple(stored), n_rows=settled.n_new + n_superseding, n_superseding=n_superseding
    )


def identity_files(intake: Intake, people: list[Identities]) -> dict[str, IdentityFile]:
    """Put away the people of the accepted rows, and the codes of those that are stored."""
    files: dict[str, IdentityFile] = {}
    for one in people:
        files |= one.write(intake.workspace, keys=intake.keys)
    if intake.codes is not None:
        stored = intake.codes.codes_of(intake.stored_ids)
        files |= write_codes(stored, intake.workspace, keys=intake.keys)
    key = read_key(intake.keys, IDENTITY_KEY) if intake.export else b""
    for name, rows in intake.export.to_remember() if intake.export else ():
        files[name] = write_identities(name, rows, intake.workspace, key=key)
    return files


def note_ids(intake: Intake, name: str, staged: Staged, settled: Settled) -> None:
    """Note which pseudonyms the stored rows hold: all that were met, or those still there where rows wait."""
    met = intake.codes.met() if intake.codes is not None else set()
    if not staged.n_held or not met:
        intake.stored_ids |= met
        return
    for column in intake.contract.tables[name].pseudonyms if settled.parts else ():
        sql = f"SELECT DISTINCT {quote(column)} AS id FROM {read_parts(settled.parts)}"
        intake.stored_ids.update(str(one) for one in arrow(intake.connection, sql)["id"].to_pylist())


def keep_batch(intake: Intake, identities: dict[str, IdentityFile], keep_report: Callable[[], None]) -> None:
    """Name the parts for good, then the batch and its people: from that moment on they exist."""
    for part, path in intake.parts:
        with storage_errors(path):
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            part.replace(path)
            sync_folder(path.parent)
    ledger = intake.ledger
    if identities:
        ledger = ledger.with_identities(identities, key=key_name(intake.keys))
    if intake.written:
        batch = Batch(
            number=intake.stamp.number,
            received_on=intake.stamp.received_on,
            backfill=intake.stamp.backfill,
            tables=intake.written,
            files=tuple(intake.files),
        )
        ledger = ledger.with_batch(batch)
        # Before the ledger: a batch that exists has its profiles and report, wherever the process is killed.
        intake.watch.keep(intake.stamp.number)
        keep_report()
    if ledger != intake.ledger:
        write_ledger(intake.workspace, ledger)


def advance_current(intake: Intake, name: str, previous: Stored | None, settled: Settled) -> None:
    """Let later tables of this intake look up what was just accepted."""
    if not settled.parts:
        return
    table = intake.contract.tables[name]
    fresh = f"SELECT * FROM {read_parts(settled.parts)}"
    base = previous or empty(table)
    intake.connection.execute(f"DROP TABLE {current(name)}")
    stored = Stored(f"SELECT * FROM ({base.sql}) UNION ALL BY NAME {fresh}", has_superseding=True)
    create_current(intake.connection, intake.contract, name, stored)


def removed_rows(intake: Intake) -> pa.Table:
    """Return the file and line of each row of the table just settled that does not count."""
    found = intake.connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = $1", [REMOVED]
    ).fetchall()
    if not found[0][0]:
        return pa.table({FILE: pa.array([], pa.int32()), LINE: pa.array([], pa.int64())})
    return arrow(intake.connection, f"SELECT {FILE}, {LINE} FROM {REMOVED}")
