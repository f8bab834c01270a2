"""Say what an export changes in a table: rows given, rows that follow from them, rows that are gone.

Without memory of an earlier export a table's rows are those of its file. With memory also: rows of earlier
exports that read differently now, because what they refer to has changed; and keys that no row has any more.
Grain of `given:<table>`: one row per row of the file, or of the memory where `_earlier` is true.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from earlywarn.tables.conversion import literal
from earlywarn.tables.exports.joins import FATE, LEFT, ROW_ID, WAITS, joined_sql, text_columns
from earlywarn.tables.exports.relations import GIVEN
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import RosterTable
from earlywarn.tables.reading import LINE
from earlywarn.tables.resolution import DELETED

EARLIER = "_earlier"
# Two fates that no mapping declares: of rows to be deleted that leave nothing to delete.
NEVER_TAKEN_IN, STILL_GIVEN = "never_taken_in", "still_given"


def given(name: str) -> str:
    """Return the relation of what an export changes in a table."""
    return quote(f"given:{name}")


def make_changes(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: RosterTable,
    *,
    key: Sequence[str],
    remembered: bool,
) -> None:
    """Make `given:<table>`.

    Args:
        connection: The engine.
        name: The table.
        table: Its mapping.
        key: The columns that name a row.
        remembered: Whether earlier exports gave rows of the table's file.
    """
    cells = [quote(column) for column in text_columns(table)]
    if not remembered:
        connection.execute(
            f"CREATE TEMP TABLE {given(name)} AS SELECT {', '.join(cells)}, {ROW_ID}, {LINE}, "
            f"FALSE AS {EARLIER}, {DELETED}, {FATE} FROM ({joined_sql(table, 'now')})"
        )
        return
    now, before = quote(f"joined:now:{name}"), quote(f"joined:before:{name}")
    connection.execute(f"CREATE TEMP TABLE {now} AS {joined_sql(table, 'now')}")
    connection.execute(f"CREATE TEMP TABLE {before} AS {joined_sql(table, 'before')}")
    standing = _standing(now, table, key)
    parts = [
        _given(now, cells),
        _to_be_deleted(now, before, cells, standing),
        _read_differently(now, before, cells),
        _gone(now, before, cells, standing, table),
    ]
    connection.execute(f"CREATE TEMP TABLE {given(name)} AS {' UNION ALL '.join(parts)}")
    connection.execute(f"DROP TABLE {now}")
    connection.execute(f"DROP TABLE {before}")


def _given(now: str, cells: Sequence[str]) -> str:
    return (
        f"SELECT {_listed('n', cells)}, n.{ROW_ID}, n.{LINE}, FALSE AS {EARLIER}, FALSE AS {DELETED}, "
        f"n.{FATE} FROM {now} n WHERE n.{GIVEN} AND NOT n.{DELETED}"
    )


def _listed(alias: str, cells: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{cell}" for cell in cells)


def _standing(now: str, table: RosterTable, key: Sequence[str]) -> str:
    """Return SQL that says whether the key of row `o` is also that of a row that holds now."""
    mapped = [quote(column) for column in key if column in text_columns(table)]
    return (
        f"({_listed('o', mapped)}) IN (SELECT ({_listed('k', mapped)}) FROM {now} k "
        f"WHERE NOT k.{DELETED} AND NOT starts_with(k.{FATE}, '{LEFT}'))"
    )


def _to_be_deleted(now: str, before: str, cells: Sequence[str], standing: str) -> str:
    """Select what the export says is to be deleted: as it was remembered, or as it is given."""
    texts = ", ".join(f"coalesce(o.{cell}, n.{cell})" for cell in cells)
    fate = (
        f"CASE WHEN o.{ROW_ID} IS NULL THEN n.{FATE} "
        f"WHEN o.{FATE} <> '' THEN {literal(LEFT + NEVER_TAKEN_IN)} "
        f"WHEN {standing} THEN {literal(LEFT + STILL_GIVEN)} ELSE '' END"
    )
    return (
        f"SELECT {texts}, n.{ROW_ID}, n.{LINE}, FALSE, TRUE, {fate} "
        f"FROM {now} n LEFT JOIN {before} o ON o.{ROW_ID} = n.{ROW_ID} WHERE n.{GIVEN} AND n.{DELETED}"
    )


def _read_differently(now: str, before: str, cells: Sequence[str]) -> str:
    """Select rows of earlier exports that belong to the table now, and did not, or with other texts."""
    return (
        f"SELECT {_listed('n', cells)}, n.{ROW_ID}, n.{LINE}, TRUE, FALSE, '' "
        f"FROM {now} n JOIN {before} o ON o.{ROW_ID} = n.{ROW_ID} "
        f"WHERE NOT n.{GIVEN} AND NOT n.{DELETED} AND n.{FATE} = '' "
        f"AND (o.{FATE} <> '' OR row({_listed('n', cells)}) IS DISTINCT FROM row({_listed('o', cells)}))"
    )


def _gone(now: str, before: str, cells: Sequence[str], standing: str, table: RosterTable) -> str:
    """Select rows of earlier exports whose key no row has any more, within what the export covers.

    Either the row has another key now, or is the table's no longer; or a bulk export leaves it out.
    A row that waits keeps what was known of it.
    """
    gone = f"n.{ROW_ID} IS NOT NULL AND NOT n.{DELETED} AND NOT starts_with(n.{FATE}, '{WAITS}')"
    if table.within:
        scope = [quote(column) for column in table.within]
        gone = (
            f"(n.{ROW_ID} IS NULL OR ({gone})) AND ({_listed('o', scope)}) IN "
            f"(SELECT ({_listed('w', scope)}) FROM {now} w WHERE NOT w.{DELETED} AND w.{FATE} = '')"
        )
    return (
        f"SELECT {_listed('o', cells)}, o.{ROW_ID}, o.{LINE}, TRUE, TRUE, '' "
        f"FROM {before} o LEFT JOIN {now} n ON n.{ROW_ID} = o.{ROW_ID} "
        f"WHERE o.{FATE} = '' AND ({gone}) AND NOT {standing}"
    )
