"""Keep what an export has no word for: a row it gives again does not lose what another file said of it."""

from __future__ import annotations

from collections.abc import Sequence

from earlywarn.tables.contract import Table
from earlywarn.tables.conversion import REASON
from earlywarn.tables.expressions import quote
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.resolution import DELETED, latest


def filled_sql(name: str, table: Table, typed: str, columns: Sequence[str]) -> str:
    """Return the SQL of typed rows whose columns that no text gave are those of the latest row of the key.

    Columns that are not stored as they are read are left alone.
    """
    kept = [column for column in columns if table.columns[column].type != "day_offset"]
    if not kept or any(key in columns for key in table.key_columns):
        return typed
    on = " AND ".join(f"s.{quote(key)} = c.{quote(key)}" for key in table.key_columns)
    filled = ", ".join(f"c.{quote(column)} AS {quote(column)}" for column in kept)
    return (
        f"(SELECT s.* REPLACE ({filled}) FROM {typed} s LEFT JOIN {latest(name)} c "
        f"ON s.{REASON} IS NULL AND NOT c.{DELETED} AND {on} ORDER BY s.{FILE}, s.{LINE})"
    )
