"""Bring Arrow rows into the database in bulk, by way of private tables that carry no policy yet."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.csv
from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection

from earlywarn.store.roles import SCHEMA

ROWS_PER_WRITE = 50_000


def copy_rows(
    connection: Connection, name: sql.Composable, columns: Sequence[str], rows: Iterable[pa.RecordBatch]
) -> None:
    """COPY `rows` into the table `name`, within the running transaction."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(name, _names(columns))
    without_header = pyarrow.csv.WriteOptions(include_header=False)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for batch in rows:
            part = io.BytesIO()
            pyarrow.csv.write_csv(batch, part, without_header)
            copy.write(part.getbuffer())


def stage(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[pa.RecordBatch]
) -> sql.Identifier:
    """Return a temporary table shaped like `table` and filled with `rows`; it goes with the transaction."""
    staged = sql.Identifier(f"staged_{table}")
    run(
        connection,
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(staged, qualified(table)),
    )
    copy_rows(connection, staged, columns, rows)
    run(connection, sql.SQL("ANALYZE {}").format(staged))
    return staged


def replace_with(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[pa.RecordBatch]
) -> None:
    """Make `table` hold exactly `rows`, touching only what differs; readers see the old rows until the end.

    The columns of `rows` may not be null, nor a row repeated: equality of whole rows decides.
    """
    staged = stage(connection, table, columns, rows)
    same = sql.SQL(" AND ").join(sql.SQL("s.{0} = t.{0}").format(sql.Identifier(name)) for name in columns)
    names = {"table": qualified(table), "staged": staged, "columns": _names(columns), "same": same}
    if not _holds_rows(connection, qualified(table)) and _holds_rows(connection, staged):
        with _indexed_last(connection, table):
            statement = "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged}"
            run(connection, sql.SQL(statement).format(**names))
    else:
        for statement in (
            # Whole tables are compared by hashes: the planner errs on their size behind a policy.
            "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off",
            "DELETE FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM {staged} s WHERE {same})",
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staged} s "
            "WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})",
            "SET LOCAL enable_nestloop = on; SET LOCAL enable_mergejoin = on",
        ):
            run(connection, sql.SQL(statement).format(**names))
    for statement in ("ANALYZE {table}", "DROP TABLE {staged}"):
        run(connection, sql.SQL(statement).format(**names))


def add(connection: Connection, table: str, rows: pa.Table) -> None:
    """Add `rows` to a table under row-level security."""
    columns = rows.column_names
    staged = stage(connection, table, columns, rows.to_batches(ROWS_PER_WRITE))
    statement = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2}; DROP TABLE {2}")
    run(connection, statement.format(qualified(table), _names(columns), staged))


def attach_partition(
    connection: Connection,
    table: str,
    key: str,
    value: int,
    columns: Sequence[str],
    rows: Iterable[pa.RecordBatch],
    *,
    policies: Sequence[str],
) -> None:
    """Add `rows` to `table` as the new partition of `key` = `value`, with its own forced policies."""
    names = _partition(table, key, value)
    _run_all(connection, names, _BEGINNING)
    copy_rows(connection, qualified(f"{table}_{value}"), columns, rows)
    _run_all(connection, names, (*_LOCKING, *policies, *_ATTACHING))


def thin_partition(
    connection: Connection, table: str, key: str, value: int, *, keeping: str, policies: Sequence[str]
) -> None:
    """Write the partition of `key` = `value` anew with the rows for which the column `keeping` is true."""
    whole, kept = qualified(f"{table}_{value}"), qualified(f"{table}_{value}_kept")
    aside = _partition(table, key, value) | {
        "partition": kept,
        "whole": whole,
        "keeping": sql.Identifier(keeping),
    }
    filling = "INSERT INTO {partition} SELECT * FROM {whole} WHERE {keeping}"
    # Dropping locks the parent first, as readers do: else each could wait for the other.
    _run_all(connection, aside, (*_BEGINNING, filling, *_LOCKING, *policies, "DROP TABLE {whole}"))
    renaming = sql.SQL("ALTER TABLE {} RENAME TO {}")
    run(connection, renaming.format(kept, sql.Identifier(f"{table}_{value}")))
    _run_all(connection, _partition(table, key, value), _ATTACHING)


def drop_partition(connection: Connection, table: str, value: int) -> None:
    """Drop the partition that `attach_partition` made for `value`."""
    run(connection, sql.SQL("DROP TABLE {}").format(qualified(f"{table}_{value}")))


_BEGINNING = (
    "CREATE TABLE {partition} (LIKE {parent} INCLUDING DEFAULTS)",
    "ALTER TABLE {partition} ALTER {key} SET DEFAULT {value}",
)
_LOCKING = (
    "ALTER TABLE {partition} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {partition} FORCE ROW LEVEL SECURITY",
    # A valid check spares the attaching its scan while readers wait.
    "ALTER TABLE {partition} ADD CHECK ({key} = {value})",
)
_ATTACHING = (
    "ALTER TABLE {parent} ATTACH PARTITION {partition} FOR VALUES IN ({value})",
    "ANALYZE {partition}",
)


def _partition(table: str, key: str, value: int) -> dict[str, sql.Composable]:
    return {
        "parent": qualified(table),
        "partition": qualified(f"{table}_{value}"),
        "key": sql.Identifier(key),
        "value": sql.Literal(value),
    }


def _run_all(connection: Connection, names: Mapping[str, sql.Composable], statements: Sequence[str]) -> None:
    for statement in statements:
        run(connection, sql.SQL(statement).format(**names))


def qualified(table: str) -> sql.Identifier:
    """Return the full name of one of our tables."""
    return sql.Identifier(SCHEMA, table)


def run(connection: Connection, statement: sql.Composed) -> None:
    """Run a composed statement within the running transaction."""
    _driver(connection).execute(statement)


def _holds_rows(connection: Connection, table: sql.Identifier) -> bool:
    found = _driver(connection).execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table))
    return found.fetchone() is not None


@contextmanager
def _indexed_last(connection: Connection, table: str) -> Iterator[None]:
    """Take an empty table's indexes away, and build them once it is full: a third of the time.

    Whoever reads the table meanwhile waits for the end, and has nothing to read before.
    """
    found = _driver(connection).execute(_INDEXES, [f"{SCHEMA}.{table}"]).fetchall()
    for name, constraint, _ in found:
        dropping = "ALTER TABLE {0} DROP CONSTRAINT {1}" if constraint else "DROP INDEX {2}"
        index = sql.Identifier(SCHEMA, str(name))
        run(connection, sql.SQL(dropping).format(qualified(table), sql.Identifier(str(name)), index))
    yield
    for name, constraint, definition in found:
        adding = "ALTER TABLE {0} ADD CONSTRAINT {1} {2}" if constraint else "{2}"
        # PostgreSQL's own words for its own index.
        told = sql.SQL(str(definition))
        run(connection, sql.SQL(adding).format(qualified(table), sql.Identifier(str(name)), told))


_INDEXES = """
SELECT c.relname, k.oid IS NOT NULL, coalesce(pg_get_constraintdef(k.oid), pg_get_indexdef(c.oid))
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = c.oid
WHERE i.indrelid = %s::regclass ORDER BY c.relname
"""


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _driver(connection: Connection) -> PsycopgConnection[tuple[object, ...]]:
    found = connection.connection.driver_connection
    if not isinstance(found, PsycopgConnection):  # pragma: no cover - the engine is always psycopg's
        raise TypeError
    return found
