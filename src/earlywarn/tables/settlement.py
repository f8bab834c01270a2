"""Decide what each resolved row is: new, superseding, unchanged, a duplicate, or in conflict with another."""

from __future__ import annotations

import duckdb

from earlywarn.tables.contract import Table
from earlywarn.tables.conversion import REASON
from earlywarn.tables.expressions import quote
from earlywarn.tables.resolution import current

STATUS = "_status"


def settled(connection: duckdb.DuckDBPyConnection, name: str, table: Table, *, has_previous: bool) -> str:
    """Return the name of a relation of the table's resolved rows with `_status` and the final `_reason`.

    A row is quarantined exactly where `_reason` is not null.
    """
    source = quote(f"resolved:{name}")
    if has_repeats := _mark_repeats(connection, source, table):
        source = _judged(connection, source, name, table)
    status = "'new'"
    joined = f"{source} r"
    if has_previous:
        on = " AND ".join(f"r.{quote(key)} = p.{quote(key)}" for key in table.key_columns)
        joined += f" LEFT JOIN {current(name)} p ON {on}"
        same = " AND ".join(f"r.{quote(n)} IS NOT DISTINCT FROM p.{quote(n)}" for n in table.stored)
        first = quote(table.key_columns[0])
        status = f"CASE WHEN p.{first} IS NULL THEN 'new' WHEN {same} THEN 'unchanged' ELSE 'superseding' END"
    if has_repeats:
        status = f"CASE WHEN r._repeated THEN 'duplicate' ELSE {status} END"
    status = f"CASE WHEN r.{REASON} IS NOT NULL THEN 'quarantined' ELSE {status} END"
    target = quote(f"settled:{name}")
    kind = "TABLE" if has_previous else "VIEW"
    connection.execute(f"CREATE TEMP {kind} {target} AS SELECT r.*, {status} AS {STATUS} FROM {joined}")
    return target


def _mark_repeats(connection: duckdb.DuckDBPyConnection, source: str, table: Table) -> bool:
    keys = ", ".join(quote(key) for key in table.key_columns)
    counted = connection.execute(
        f"SELECT count(*) = count(DISTINCT hash({keys})) FROM {source} WHERE {REASON} IS NULL"
    ).fetchone()
    if counted and counted[0]:
        # As many hashes as rows: no two keys can be alike, and the keys need not be compared.
        return False
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE repeats AS SELECT {keys} FROM {source} "
        f"WHERE {REASON} IS NULL GROUP BY {keys} HAVING count(*) > 1"
    )
    found = connection.execute("SELECT count(*) FROM repeats").fetchone()
    return bool(found and found[0])


def _judged(connection: duckdb.DuckDBPyConnection, source: str, name: str, table: Table) -> str:
    """Compare the rows of each repeated key: all alike are one row and its duplicates, others contradict."""
    keys = ", ".join(quote(key) for key in table.key_columns)
    columns = ", ".join(quote(column) for column in table.stored)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE verdicts AS SELECT {keys}, count(DISTINCT row({columns})) AS n_forms, "
        f"min(row(_file, _line)) AS first_row FROM {source} SEMI JOIN repeats USING ({keys}) "
        f"WHERE {REASON} IS NULL GROUP BY {keys}"
    )
    on = " AND ".join(f"s.{quote(key)} = v.{quote(key)}" for key in table.key_columns)
    later = "row(s._file, s._line) <> v.first_row"
    repeated = f"WHEN {later} THEN 'row:repeated_row' " if table.duplicates == "refuse" else ""
    judged = quote(f"judged:{name}")
    connection.execute(
        f"CREATE TEMP TABLE {judged} AS SELECT s.* REPLACE (coalesce(s.{REASON}, CASE "
        f"WHEN v.n_forms > 1 THEN 'row:conflicting_key' {repeated}END) AS {REASON}), "
        f"coalesce(v.n_forms = 1 AND {later}, FALSE) AS _repeated "
        f"FROM {source} s LEFT JOIN verdicts v ON {on}"
    )
    return judged
