"""Change the keys of a network: new pseudonyms in every batch, identities under a new key, in one step.

Batches are immutable but for this and a purge; see docs/decisions/0009. The new files stand beside the old
until the ledger names them; then the old ones go, and last of all the new keys take the place of the old.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.encryption import key_id
from earlywarn.errors import TableError
from earlywarn.tables.contract import Contract
from earlywarn.tables.exports import MEMORY
from earlywarn.tables.identity_files import CODES, FORMER, read_identities, write_identities
from earlywarn.tables.keyring import (
    IDENTITY_KEY,
    PSEUDONYM_KEY,
    check_keys_apart,
    finish_change,
    is_change_waiting,
    make_keys,
    open_keys,
    read_key,
    upcoming,
)
from earlywarn.tables.ledger import IdentityFile, Ledger, Rotation, StoredFile, read_ledger, write_ledger
from earlywarn.tables.leftovers import remove_leftovers
from earlywarn.tables.pseudonyms import keyed_hashes
from earlywarn.tables.rekeying import rekeyed, rekeyed_batch
from earlywarn.workspace import Workspace


@dataclass(frozen=True)
class Rotated:
    """What a rotation changed."""

    rotation: Rotation
    n_codes: int
    n_rows: int
    n_files: int
    was_resumed: bool = False

    def summary(self) -> str:
        """Say what is under the new keys, and what is not yet."""
        resumed = "; the rotation that was cut short is finished" if self.was_resumed else ""
        return (
            f"{self.n_codes} codes have new pseudonyms, in {self.n_rows} rows of {self.n_files} batch files\n"
            f"pseudonym key {self.rotation.former_key} gave way to {self.rotation.key}{resumed}\n"
            "still under the former keys: the runs in scores/ and the service database. "
            "Run earlywarn score, then restart the service and remove the former runs.\n"
            "published models and MLflow hold no ids; back the keys folder up again"
        )


def rotate_keys(
    contract: Contract, workspace: Workspace, *, keys: Path, today: date, progress: Progress = no_progress
) -> Rotated:
    """Put every table and identity of the workspace under new keys, whole or not at all.

    The caller holds the workspace's locks. Cut short at any moment, it is finished by calling it again.

    Raises:
        TableError: No table holds a pseudonym, or the code of one is not kept.
        SettingsError: The keys are not those of the workspace.
        StorageError: The disk is full; the tables are under the former keys, and whole.
    """
    ledger = read_ledger(workspace, contract.network.name)
    if ledger.key is None:
        message = "no table holds a pseudonym, so there is nothing to rotate"
        raise TableError(message, where=str(workspace.tables), todo="take files in first")
    check_keys_apart(keys, workspace)
    was_resumed = is_change_waiting(keys, known_as=ledger.key)
    if not was_resumed:
        open_keys(keys, workspace, known_as=ledger.key)
        remove_leftovers(workspace, ledger)
        make_keys(keys, to_come=True)
        try:
            write_ledger(workspace, _rotated(ledger, contract, workspace, keys, today, progress))
        finally:
            # Whichever ledger stands now, what it does not name goes.
            remove_leftovers(workspace, read_ledger(workspace))
    ledger = read_ledger(workspace, contract.network.name)
    remove_leftovers(workspace, ledger)
    if ledger.key is not None:
        finish_change(keys, known_as=ledger.key)
    return _counted(ledger, contract, was_resumed=was_resumed)


def _rotated(
    ledger: Ledger, contract: Contract, workspace: Workspace, keys: Path, today: date, progress: Progress
) -> Ledger:
    """Write every file anew and return the ledger that names them."""
    kept = read_identities(CODES, workspace, keys=keys)
    codes = [] if kept is None else [str(code) for code in kept["code"].to_pylist()]
    former = keyed_hashes(codes, read_key(keys, PSEUDONYM_KEY))
    coming = read_key(keys, upcoming(PSEUDONYM_KEY))
    renamed = dict(zip(former, keyed_hashes(codes, coming), strict=True))
    written = _batches(ledger, contract, workspace, renamed, progress)
    before = {file.file: file.digest for _, file in ledger.stored_files()}
    rotation = Rotation(
        rotated_on=today,
        after_batch=len(ledger.batches),
        former_key=ledger.key or "",
        key=key_id(coming),
        replaced={before[name]: file.digest for name, file in written.items()},
    )
    identities = _identities(ledger, contract, workspace, keys, renamed)
    identities[FORMER] = _former(ledger, workspace, keys, codes, former)
    changed = ledger.with_identities(identities, key=rotation.key).with_files(written)
    return changed.model_copy(update={"rotations": (*ledger.rotations, rotation)})


def _batches(
    ledger: Ledger, contract: Contract, workspace: Workspace, renamed: Mapping[str, str], progress: Progress
) -> dict[str, StoredFile]:
    """Return the new entry of each batch file that holds pseudonyms, by the old file's name."""
    files = list(ledger.stored_files())
    if strange := sorted({table for table, _ in files} - contract.tables.keys()):
        message = f"table '{strange[0]}' was taken in and is no longer declared"
        raise TableError(message, where=str(workspace.tables), todo="declare it again, then rotate")
    number, written = len(ledger.rotations) + 1, {}
    for done, (table, file) in enumerate(files):
        progress("rotate", done, len(files))
        if columns := contract.tables[table].pseudonyms:
            written[file.file] = rekeyed_batch(file, columns, workspace.tables, renamed, number=number)
    progress("rotate", len(files), len(files))
    return written


def _identities(
    ledger: Ledger, contract: Contract, workspace: Workspace, keys: Path, renamed: Mapping[str, str]
) -> dict[str, IdentityFile]:
    """Write every identity file anew, under the key to come."""
    key, written = read_key(keys, upcoming(IDENTITY_KEY)), {}
    for name in sorted(ledger.identities.keys() - {FORMER}):
        rows = read_identities(name, workspace, keys=keys)
        assert rows is not None  # noqa: S101 - the ledger names it
        # What exports said is kept with the codes as given: it needs the new lock alone.
        if name != CODES and not name.startswith(MEMORY):
            table = contract.tables[name]
            columns = [column for column in table.key_columns if column in table.pseudonyms]
            rows = rekeyed(rows, columns, renamed, where=str(workspace.identities))
            rows = rows.sort_by([(column, "ascending") for column in table.key_columns])
        written[name] = write_identities(name, rows, workspace, key=key)
    return written


def _former(
    ledger: Ledger, workspace: Workspace, keys: Path, codes: Sequence[str], former: Sequence[str]
) -> IdentityFile:
    """Keep who was who under each former key, so that the trace of earlier readings can still be answered."""
    text = pa.string()
    rows = pa.table(
        {
            "key": pa.array([ledger.key] * len(codes), text),
            "former": pa.array(former, text),
            "code": pa.array(codes, text),
        }
    )
    earlier = read_identities(FORMER, workspace, keys=keys)
    rows = rows if earlier is None else pa.concat_tables([earlier, rows])
    return write_identities(FORMER, rows, workspace, key=read_key(keys, upcoming(IDENTITY_KEY)))


def _counted(ledger: Ledger, contract: Contract, *, was_resumed: bool) -> Rotated:
    named = {name for name, table in contract.tables.items() if table.pseudonyms}
    changed = [table for batch in ledger.batches for name, table in batch.tables.items() if name in named]
    return Rotated(
        rotation=ledger.rotations[-1],
        n_codes=ledger.identities[CODES].n_rows if CODES in ledger.identities else 0,
        n_rows=sum(table.n_rows for table in changed),
        n_files=sum(len(table.files) for table in changed),
        was_resumed=was_resumed,
    )
