"""Tell which batches and files hold what could be seen of a student on a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from earlywarn.tables.contract import Contract
from earlywarn.tables.expressions import quote
from earlywarn.tables.ledger import Ledger, read_ledger
from earlywarn.tables.versions import connect, stored_tables, visible_from
from earlywarn.workspace import Workspace


@dataclass(frozen=True)
class Provenance:
    """Where some rows of one table come from; grain: one per table, batch and file."""

    table: str
    batch: int
    received_on: date
    file: str
    n_rows: int


def provenance(
    workspace: Workspace, contract: Contract, student_id: str, *, as_of: date, last_batch: int | None = None
) -> list[Provenance]:
    """Return where the rows of a student come from that were visible before a date.

    Args:
        workspace: Holds the batches.
        contract: The network's contract.
        student_id: The pseudonym.
        as_of: The day that was looked from.
        last_batch: The latest batch that had come in then; None for all.
    """
    ledger = read_ledger(workspace, contract.network.name)
    last = len(ledger.batches) if last_batch is None else last_batch
    files = _files(ledger)
    found: list[Provenance] = []
    connection = connect(threads=1)
    try:
        for name, stored in stored_tables(workspace, contract).items():
            table = contract.tables[name]
            if contract.network.student not in table.stored:
                continue
            seen = f"{visible_from(table)} < ? AND _batch <= ?"
            rows = connection.execute(
                f"SELECT _batch, _received_on, _file, count(*) FROM ({stored.sql}) "
                f"WHERE {quote(contract.network.student)} = ? AND {seen} GROUP BY ALL ORDER BY ALL",
                [student_id, as_of, last],
            ).fetchall()
            found += [
                Provenance(name, batch, received_on, files.get((batch, number), ""), n_rows)
                for batch, received_on, number, n_rows in rows
            ]
    finally:
        connection.close()
    return found


def _files(ledger: Ledger) -> dict[tuple[int, int], str]:
    return {(batch.number, file.number): file.name for batch in ledger.batches for file in batch.files}
