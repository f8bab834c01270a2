"""Keep what an export has no word for: a row it gives again does not lose what another file said of it."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from earlywarn.tables.contract import Table
from earlywarn.tables.conversion import REASON
from earlywarn.tables.expressions import quote
from earlywarn.tables.resolution import current
from earlywarn.tables.staging import staged_name


def keep_known(
    connection: duckdb.DuckDBPyConnection, name: str, table: Table, columns: Sequence[str]
) -> None:
    """Fill the columns that no text gave from the current row of the same key, in `staged:<table>`.

    The current rows must be open; columns that files do not give under their own type are left alone.
    """
    kept = [
        column
        for column in columns
        if column in table.stored
        and table.columns[column].is_given
        and table.columns[column].type != "day_offset"
    ]
    if not kept or any(key in columns for key in table.key_columns):
        return
    target = staged_name(name)
    on = " AND ".join(f"s.{quote(key)} = c.{quote(key)}" for key in table.key_columns)
    filled = ", ".join(f"c.{quote(column)} AS {quote(column)}" for column in kept)
    connection.execute(
        f"CREATE TEMP TABLE kept AS SELECT s.* REPLACE ({filled}) FROM {target} s "
        f"LEFT JOIN {current(name)} c ON s.{REASON} IS NULL AND {on} ORDER BY s._file, s._line"
    )
    connection.execute(f"DROP TABLE {target}")
    connection.execute(f"ALTER TABLE kept RENAME TO {target}")
