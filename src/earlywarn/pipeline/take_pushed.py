"""Take in a pushed batch: the same validation, the same report and the same lock as for a network's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from earlywarn.domain import LANGUAGES
from earlywarn.errors import BusyError, DeclarationError, ExtractError
from earlywarn.pipeline.ingest import PUSHED
from earlywarn.pipeline.pushed_batches import (
    Counts,
    PushedBatch,
    PushedBatches,
    Refusal,
    Waiting,
    counts_of,
    owner_of,
)
from earlywarn.pipeline.stored_reports import store_report
from earlywarn.tables import (
    Contract,
    Extracts,
    IntakeReport,
    check_acceptances,
    check_pushed_header,
    load_contract,
    push_extracts,
    pushable_tables,
    read_ledger,
    take_in,
)
from earlywarn.workspace import locked, write_atomically


def take_pushed(
    batches: PushedBatches, waiting: Waiting, network: Path, *, received_on: date, keys: Path
) -> PushedBatch:
    """Take in a batch that waits, and return it settled; doing it again changes nothing.

    The report is stored before the ledger names the batch. So whenever a process dies, the next either finds
    the batch in the ledger, with its report, or takes it in as if for the first time.

    Args:
        batches: The workspace's pushed batches.
        waiting: Which one.
        network: The network's folder, with its contract.
        received_on: The day it enters the tables.
        keys: The folder of keys.

    Raises:
        BusyError: Another intake is at work, or later files were taken in already.
        DeclarationError: The contract has problems.
        StorageError: The disk is full.
        TableError: The workspace's tables are damaged.
    """
    with _turn(batches):
        batch = batches.read(waiting.owner, waiting.table, waiting.batch_id)
        contract = load_contract(network / "contract.toml")
        if not batch.is_settled:
            batch = _settled(batches, batch, contract, received_on=received_on, keys=keys)
        batches.settle(batch)
    return batch


def give_up(batches: PushedBatches, waiting: Waiting, network: Path) -> PushedBatch:
    """Settle a batch whose taking in has broken the worker again and again.

    Raises:
        BusyError: Another intake is at work.
    """
    with _turn(batches):
        batch = batches.read(waiting.owner, waiting.table, waiting.batch_id)
        if not batch.is_settled:
            contract = load_contract(network / "contract.toml")
            batch = _committed(batches, batch, contract) or _ended(
                batch,
                "failed",
                refusal=Refusal(
                    what="the service could not take the rows in",
                    where=batch.file,
                    todo="tell the service's operator, then push again with a new key",
                ),
            )
        batches.settle(batch)
    return batch


@contextmanager
def _turn(batches: PushedBatches) -> Iterator[None]:
    """Hold the lock of intakes, unless an intake of files waits for it or has it."""
    with locked(batches.workspace, "files", owner=PUSHED):
        pass
    with locked(batches.workspace, "ingest", owner=PUSHED):
        yield


def _settled(
    batches: PushedBatches, batch: PushedBatch, contract: Contract, *, received_on: date, keys: Path
) -> PushedBatch:
    if (committed := _committed(batches, batch, contract)) is not None:
        return committed
    received = read_ledger(batches.workspace, contract.network.name).batches
    if received and received_on < received[-1].received_on:
        raise BusyError("later files were taken in already", todo="wait for their day")
    batches.save(batch.model_copy(update={"state": "processing", "received_on": received_on}))
    try:
        report = _take_in(batches, batch, contract, received_on=received_on, keys=keys)
    except ExtractError as error:
        # Where this machine keeps its files is not the sender's business.
        where = batch.file if "/" in error.where else error.where
        refusal = Refusal(what=error.what, where=where, todo=error.todo)
        return _ended(batch, "refused", received_on=received_on, refusal=refusal)
    if report.is_refused:
        end = _ended(batch, "refused", received_on=received_on, refusal=_refusal(report))
    else:
        end = _ended(batch, "accepted", received_on=received_on, counts=counts_of(report.as_json()))
    return end.model_copy(update={"has_report": True})


def _refusal(report: IntakeReport) -> Refusal:
    """Return the first thing that stopped the rows; the report names them all."""
    for one in report.refusals:
        return Refusal(what=one.what, where=one.file, todo=one.todo)
    stop = next(finding for finding in report.findings if finding.level == "stop")
    # A warning says the same without the command line's way to let it pass.
    said = stop.lowered("warn").sentence("en")
    meant = f"; where it is meant, push again with a new key and accept_drift={stop.name}"
    may_pass = said != stop.sentence("en")
    return Refusal(what=said, where=stop.name, todo=f"mend the rows{meant if may_pass else ''}")


def _take_in(
    batches: PushedBatches, batch: PushedBatch, contract: Contract, *, received_on: date, keys: Path
) -> IntakeReport:
    table = pushable_tables(contract).get(batch.table)
    if table is None:
        raise ExtractError(
            "the contract has no such table any more", where=batch.table, todo="ask GET /v1/tables"
        )
    extracts = push_extracts(contract, batch.table, batch.form)
    accepted = _accepted(batch, contract, extracts)
    folder = batches.folder(owner_of(batch.account_id), batch.table, batch.batch_id)
    if batch.form == "csv":
        check_pushed_header(folder / batch.file, table)

    def store(report: IntakeReport) -> None:
        for language in LANGUAGES:
            write_atomically(batches.page_path(batch, language), report.as_page(language).encode())
        write_atomically(batches.report_path(batch), report.as_json())
        store_report(report, batches.workspace)

    report = take_in(
        contract,
        extracts,
        folder,
        batches.workspace,
        received_on=received_on,
        backfill=False,
        keys=keys,
        accepted=accepted,
        keep_report=store,
    )
    if report.batch is None:
        store(report)
    return report


def _accepted(batch: PushedBatch, contract: Contract, extracts: Extracts) -> frozenset[str]:
    """Return the changes that may pass, or refuse the batch without a word of its sender's."""
    try:
        return check_acceptances(batch.accepted, contract, extracts)
    except DeclarationError as error:
        raise ExtractError(
            "a change to accept is none that this table can have",
            where="accept_drift",
            todo="name it as the refusal of the earlier batch does",
        ) from error


def _committed(batches: PushedBatches, batch: PushedBatch, contract: Contract) -> PushedBatch | None:
    """Return the batch as accepted where the ledger names it already."""
    for received in reversed(read_ledger(batches.workspace, contract.network.name).batches):
        if any(file.name == batch.file for file in received.files):
            counts = counts_of(batches.report_path(batch).read_bytes())
            end = _ended(batch, "accepted", received_on=received.received_on, counts=counts)
            return end.model_copy(update={"has_report": True})
    return None


def _ended(
    batch: PushedBatch,
    state: str,
    *,
    received_on: date | None = None,
    counts: Counts | None = None,
    refusal: Refusal | None = None,
) -> PushedBatch:
    ended = {"state": state, "settled_at": datetime.now(UTC), "received_on": received_on}
    return batch.model_copy(update={**ended, "counts": counts, "refusal": refusal})
