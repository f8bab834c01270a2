"""Show every version of every row with the day it became visible and the day another took its place.

Grain of `versions.<table>`: one row per key and interval `(visible_from, superseded_on]` of as-of dates on
which it is current. The comparison with an as-of date itself stands in `features`, and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.errors import TableError
from earlywarn.tables.contract import ALWAYS, Contract, Table
from earlywarn.tables.conversion import literal
from earlywarn.tables.excerpts import Excerpt, Stretches, stretches_sql
from earlywarn.tables.expected import expected_sql
from earlywarn.tables.expressions import quote
from earlywarn.tables.increments import increments_sql
from earlywarn.tables.inline import inline_sql
from earlywarn.tables.ledger import Batch, BatchFile, Ledger, read_ledger
from earlywarn.tables.resolution import DELETED, KNOWN_ON, VISIBLE_FROM, current, latest
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

SYSTEM_COLUMNS = {
    KNOWN_ON: "DATE",
    "_received_on": "DATE",
    "_backfill": "BOOLEAN",
    "_superseding": "BOOLEAN",
    DELETED: "BOOLEAN",
    "_batch": "INTEGER",
    "_file": "INTEGER",
    "_line": "BIGINT",
}


@dataclass(frozen=True)
class Tables:
    """A network's tables, every version dated, in an in-memory DuckDB; `batches` holds the digest of each."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    batches: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Return one digest of every batch, in order."""
        return hashlib.sha256("".join(self.batches).encode()).hexdigest()

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()


@dataclass(frozen=True)
class Stored:
    """Where a table's stored rows are read from, whether any supersedes another, and which are shown.

    What is looked at again and again is read once and kept, if it is small enough for memory.
    """

    sql: str
    has_superseding: bool = False
    shown: str = "TRUE"
    is_kept: bool = False


def connect(
    *, threads: int = 2, spill: Path | None = None, memory_limit: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Return an in-memory DuckDB that reaches for no extension and keeps the order of rows.

    Without a folder to spill to, nothing is ever written; what is spilled is encrypted.
    """
    # Here and not above: the serving process knows the contract, and never loads the engine.
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": threads,
            "preserve_insertion_order": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": str(spill) if spill else "",
            # Without an extension the engine has no strong random source; the key dies with the engine.
            **({"force_mbedtls_unsafe": "true", "temp_file_encryption": True} if spill else {}),
            **({"memory_limit": memory_limit} if memory_limit else {}),
        },
    )
    connection.execute("SET enable_progress_bar = false")
    # The description of a large file is as long as a small file; it is read once for all queries.
    connection.execute("SET parquet_metadata_cache = true")
    return connection


def open_tables(
    workspace: Workspace,
    contract: Contract,
    *,
    threads: int = 2,
    last_batch: int | None = None,
    some: Excerpt | None = None,
) -> Tables:
    """Open what a workspace's intakes accepted.

    Args:
        workspace: Holds the batches.
        contract: The network's contract.
        threads: How many the engine may use.
        last_batch: The latest batch to look at; None for all.
        some: Show these students' rows in tables that name a student, and in the membership table nobody
            else's; by default everybody's.

    Raises:
        TableError: Nothing was taken in yet, or a batch no longer fits the contract.
    """
    ledger = read_ledger(workspace, contract.network.name).until(last_batch)
    if not ledger.batches:
        raise TableError("no tables were taken in yet", where=str(workspace.tables), todo="run ingest first")
    connection = connect(threads=threads)
    stored = stored_tables(workspace, contract, last_batch=last_batch, some=some)
    if some is not None:
        stored = _of_students(connection, contract, stored, some.students)
    create_versions(connection, contract, stored)
    return Tables(connection, contract, tuple(batch.digest for batch in ledger.batches))


def _of_students(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    stored: Mapping[str, Stored],
    students: pa.Array[Any],
) -> dict[str, Stored]:
    name = contract.network.student
    chosen = pa.table({name: students})
    connection.register("_chosen", chosen)
    connection.execute("CREATE TABLE chosen_students AS SELECT * FROM _chosen")
    connection.unregister("_chosen")
    some = f"{quote(name)} IN (SELECT {quote(name)} FROM chosen_students)"
    found = dict(stored)
    for table, one in stored.items():
        declared = contract.tables[table]
        is_membership = table == contract.network.membership
        is_worked_out = is_membership or declared.cumulative is not None or one.has_superseding
        # What is read as it stands is found by member, so that others' rows are left out once and not twice.
        if name not in declared.stored or not is_worked_out:
            continue
        if shows_students_apart(contract, table, one.has_superseding):
            one = replace(one, sql=f"SELECT * FROM ({one.sql}) WHERE {some}")
        else:
            one = replace(one, shown=some)
        found[table] = replace(one, is_kept=is_membership)
    return found


def shows_students_apart(contract: Contract, table: str, has_superseding: bool) -> bool:
    """Say whether some students' rows can be read alone: no row of theirs has versions of another student."""
    declared, student = contract.tables[table], contract.network.student
    return student in declared.stored and (student in declared.key_columns or not has_superseding)


def stored_tables(
    workspace: Workspace,
    contract: Contract,
    *,
    last_batch: int | None = None,
    some: Excerpt | None = None,
) -> dict[str, Stored]:
    """Return where each read table's batches are, and where in them the rows of an excerpt.

    Raises:
        TableError: A batch is missing or was written under another contract.
    """
    ledger = read_ledger(workspace, contract.network.name).until(last_batch)
    stored = {}
    for name, table in contract.tables.items():
        files = ledger.files_of(name) if table.is_read else []
        if not files:
            continue
        read = _parts_sql(workspace, ledger, name, table, {} if some is None else some.rows)
        stored[name] = Stored(read or empty(table).sql, any(file.n_superseding for file in files))
    return stored


def _parts_sql(
    workspace: Workspace, ledger: Ledger, name: str, table: Table, cut: Mapping[str, Stretches]
) -> str:
    parts: list[str] = []
    whole: list[str] = []
    for batch in ledger.batches:
        for file in batch.tables[name].files if name in batch.tables else ():
            path = workspace.tables / file.file
            _check_batch(path, name, table)
            if file.file not in cut:
                whole.append(literal(str(path)))
            elif cut[file.file]:
                typed = _typed(table, _alike(batch, batch.tables[name]))
                parts.append(stretches_sql(path, typed, cut[file.file]))
    if whole:
        parts.append(f"SELECT {_typed(table)} FROM read_parquet([{', '.join(whole)}], union_by_name = true)")
    return "\nUNION ALL ".join(parts)


def _alike(batch: Batch, table: BatchFile) -> dict[str, str]:
    """Return SQL of the system columns that all rows of a batch share, so that nobody reads them."""
    alike = {"_received_on": f"DATE '{batch.received_on}'", "_backfill": str(batch.backfill).upper()}
    if not table.n_superseding:
        alike |= {"_superseding": "FALSE", DELETED: "FALSE"}
    return alike


def create_versions(
    connection: duckdb.DuckDBPyConnection, contract: Contract, stored: Mapping[str, Stored]
) -> None:
    """Create `versions.<table>` for every declared table; those without rows are empty."""
    connection.execute("CREATE SCHEMA versions")
    ordered = sorted(contract.tables, key=lambda name: contract.tables[name].expected is not None)
    for name in ordered:
        table = contract.tables[name]
        target = f"versions.{quote(name)}"
        if table.expected is not None:
            connection.execute(f"CREATE TABLE {target} AS {expected_sql(contract, table.expected)}")
            continue
        sql = versions_sql(table, stored.get(name) or empty(table))
        if table.cumulative is not None:
            raw = quote(f"raw:{name}")
            connection.execute(f"CREATE TEMP VIEW {raw} AS {sql}")
            sql = increments_sql(connection, table, raw)
        is_kept = table.cumulative is not None or (name in stored and stored[name].is_kept)
        kind = "TABLE" if is_kept else "VIEW"
        connection.execute(f"CREATE {kind} {target} AS {sql}")


def empty(table: Table) -> Stored:
    """Return the rows that the contract itself writes for a table, or none."""
    return Stored(f"SELECT {_typed(table)} FROM ({inline_sql(table)})")


def visible_from(table: Table) -> str:
    """Return the SQL of the day a stored row becomes visible: the two clocks, and the backfill's one."""
    late = f"greatest({KNOWN_ON}, _received_on)"
    on_time = KNOWN_ON if table.known_on == ALWAYS else f"CASE WHEN _backfill THEN {KNOWN_ON} ELSE {late} END"
    return f"CASE WHEN _superseding THEN {late} ELSE {on_time} END"


def versions_sql(table: Table, stored: Stored) -> str:
    """Return the statement of a read table's versions."""
    columns = ", ".join(quote(name) for name in table.stored)
    system = "_received_on AS received_on, _backfill AS backfill, _batch AS batch, _line AS line"
    dated = f"SELECT *, {visible_from(table)} AS visible_from FROM ({stored.sql})"
    versions = f"SELECT *, CAST(NULL AS DATE) AS superseded_on FROM ({dated})"
    if stored.has_superseding:
        keys = ", ".join(quote(key) for key in table.key_columns)
        same = " AND ".join(
            f"row.{quote(key)} IS NOT DISTINCT FROM other.{quote(key)}" for key in table.key_columns
        )
        # Few rows were ever corrected: only theirs are sorted, and all others are read as they stand.
        changed = f"(SELECT DISTINCT {keys} FROM ({stored.sql}) WHERE _superseding) AS other ON {same}"
        # The least of all later versions: one that is received early but known late hides nothing meanwhile.
        superseded = (
            f"min(visible_from) OVER (PARTITION BY {keys} ORDER BY _batch "
            "ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)"
        )
        corrected = f"SELECT row.* FROM ({dated}) AS row SEMI JOIN {changed}"
        versions = (
            f"{versions} AS row ANTI JOIN {changed}\nUNION ALL\n"
            f"SELECT *, {superseded} AS superseded_on FROM ({corrected})"
        )
    # A version that says that its key is gone ends the one before, and shows nothing itself.
    shown = f"NOT {DELETED} AND {stored.shown}"
    return f"SELECT {columns}, visible_from, superseded_on, {system} FROM ({versions}) WHERE {shown}"


def create_current(
    connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, stored: Stored | None
) -> None:
    """Create the relation of each key's latest row, which lookups read."""
    table = contract.tables[name]
    columns = ", ".join(quote(column) for column in table.stored)
    connection.execute(
        f"CREATE TEMP TABLE {current(name)} AS SELECT {columns}, {visible_from(table)} AS {VISIBLE_FROM} "
        f"FROM ({_latest_sql(table, stored or empty(table))}) WHERE NOT {DELETED}"
    )


def create_latest(
    connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, stored: Stored
) -> None:
    """Create the view of each key's latest version, deletions among them, which an intake compares with."""
    table = contract.tables[name]
    columns = ", ".join(quote(column) for column in table.stored)
    connection.execute(
        f"CREATE TEMP VIEW {latest(name)} AS SELECT {columns}, {KNOWN_ON}, {DELETED} "
        f"FROM ({_latest_sql(table, stored)})"
    )


def _latest_sql(table: Table, stored: Stored) -> str:
    if not stored.has_superseding:
        return stored.sql
    keys = ", ".join(quote(key) for key in table.key_columns)
    order = f"row_number() OVER (PARTITION BY {keys} ORDER BY _batch DESC)"
    return f"SELECT * FROM ({stored.sql}) QUALIFY {order} = 1"


def _typed(table: Table, alike: Mapping[str, str] = MappingProxyType({})) -> str:
    columns = [f"CAST({quote(n)} AS {c.sql_type}) AS {quote(n)}" for n, c in table.stored.items()]
    system = [f"{alike.get(n) or f'CAST({n} AS {t})'} AS {n}" for n, t in SYSTEM_COLUMNS.items()]
    return ", ".join(columns + system)


def _check_batch(path: Path, name: str, table: Table) -> None:
    try:
        names = _columns_of(path, path.stat().st_mtime_ns)
    except (OSError, pa.ArrowInvalid) as error:
        message = f"a batch of table '{name}' is missing or damaged"
        raise TableError(message, where=str(path), todo="restore it from a backup") from error
    missing = [column for column in table.stored if column not in names]
    if missing:
        raise TableError(
            f"table '{name}' was taken in before the contract had column '{missing[0]}'",
            where=str(path),
            todo="take the files in again, in a new workspace",
        )


@lru_cache(maxsize=4096)
def _columns_of(path: Path, changed: int) -> frozenset[str]:
    """Read a file's columns once for all portions of a process: of a large file that is some milliseconds."""
    return frozenset(pq.read_schema(path).names)
