"""Bring Arrow tables into the database in bulk, by way of private tables that carry no policy yet."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv
from psycopg import Connection as PsycopgConnection
from psycopg import sql
from sqlalchemy import Connection

from earlywarn.store.roles import SCHEMA

_ROWS_PER_WRITE = 50_000


def copy_rows(connection: Connection, name: sql.Composable, rows: pa.Table) -> None:
    """COPY `rows` into the table `name`, within the running transaction."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(name, columns)
    without_header = pyarrow.csv.WriteOptions(include_header=False)
    with _driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for batch in rows.to_batches(max_chunksize=_ROWS_PER_WRITE):
            part = io.BytesIO()
            pyarrow.csv.write_csv(batch, part, without_header)
            copy.write(part.getvalue())


def stage(connection: Connection, table: str, rows: pa.Table) -> sql.Identifier:
    """Return a temporary table shaped like `table` and filled with `rows`; it goes with the transaction."""
    staged = sql.Identifier(f"staged_{table}")
    run(
        connection,
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(staged, qualified(table)),
    )
    copy_rows(connection, staged, rows)
    run(connection, sql.SQL("ANALYZE {}").format(staged))
    return staged


def replace_with(connection: Connection, table: str, rows: pa.Table) -> None:
    """Make `table` hold exactly `rows`, touching only what differs; readers see the old rows until the end.

    The columns of `rows` may not be null: equality of whole rows decides.
    """
    staged = stage(connection, table, rows)
    columns = [sql.Identifier(name) for name in rows.column_names]
    names = {
        "table": qualified(table),
        "staged": staged,
        "columns": sql.SQL(", ").join(columns),
        "same": sql.SQL(" AND ").join(sql.SQL("s.{} = t.{}").format(column, column) for column in columns),
    }
    for statement in (
        # Whole tables are compared: without statistics yet, the planner would compare them row by row.
        "SET LOCAL enable_nestloop = off",
        "DELETE FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM {staged} s WHERE {same})",
        "INSERT INTO {table} ({columns}) SELECT DISTINCT {columns} FROM {staged} s "
        "WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {same})",
        "SET LOCAL enable_nestloop = on",
        "ANALYZE {table}",
    ):
        run(connection, sql.SQL(statement).format(**names))


def add(connection: Connection, table: str, rows: pa.Table) -> None:
    """Add `rows` to a table under row-level security."""
    columns = sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    staged = stage(connection, table, rows)
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
    run(connection, statement.format(qualified(table), columns, columns, staged))


def attach_partition(
    connection: Connection, table: str, key: str, value: int, rows: pa.Table, *, policies: Sequence[str]
) -> None:
    """Add `rows` to `table` as the new partition of `key` = `value`, with its own forced policies."""
    partition = sql.Identifier(SCHEMA, f"{table}_{value}")
    names = {
        "parent": qualified(table),
        "partition": partition,
        "key": sql.Identifier(key),
        "value": sql.Literal(value),
    }
    run(connection, sql.SQL("CREATE TABLE {partition} (LIKE {parent} INCLUDING DEFAULTS)").format(**names))
    copy_rows(connection, partition, rows)
    # A valid check spares the attaching its scan while readers wait.
    for statement in (
        "ALTER TABLE {partition} ADD CHECK ({key} = {value})",
        *policies,
        "ALTER TABLE {partition} ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE {partition} FORCE ROW LEVEL SECURITY",
        "ALTER TABLE {parent} ATTACH PARTITION {partition} FOR VALUES IN ({value})",
        "ANALYZE {partition}",
    ):
        run(connection, sql.SQL(statement).format(**names))


def qualified(table: str) -> sql.Identifier:
    """Return the full name of one of our tables."""
    return sql.Identifier(SCHEMA, table)


def run(connection: Connection, statement: sql.Composed) -> None:
    """Run a composed statement within the running transaction."""
    _driver(connection).execute(statement)


def _driver(connection: Connection) -> PsycopgConnection[tuple[object, ...]]:
    found = connection.connection.driver_connection
    if not isinstance(found, PsycopgConnection):  # pragma: no cover - the engine is always psycopg's
        raise TypeError
    return found
