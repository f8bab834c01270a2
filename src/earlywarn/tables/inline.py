"""Small tables written in the contract itself: known always, to everyone."""

from __future__ import annotations

from earlywarn.tables.contract import Column, Scalar, Table
from earlywarn.tables.conversion import literal
from earlywarn.tables.expressions import quote
from earlywarn.tables.resolution import EVER

_SYSTEM = (
    f"{EVER} AS _known_on, {EVER} AS _received_on, TRUE AS _backfill, FALSE AS _superseding, "
    "FALSE AS _deleted, 0 AS _batch, 0 AS _file"
)


def inline_sql(table: Table) -> str:
    """Return the statement of the rows a contract writes for a table; no row at all where it writes none."""
    if not table.rows:
        nothing = ", ".join(f"NULL AS {quote(name)}" for name in table.stored)
        return f"SELECT {nothing}, {_SYSTEM}, 0 AS _line WHERE FALSE"
    rows = []
    for number, row in enumerate(table.rows, start=1):
        cells = ", ".join(
            f"{_cell(row.get(name), column)} AS {quote(name)}" for name, column in table.stored.items()
        )
        rows.append(f"SELECT {cells}, {_SYSTEM}, {number} AS _line")
    return " UNION ALL ".join(rows)


def _cell(value: Scalar | None, column: Column) -> str:
    return f"CAST({'NULL' if value is None else literal(value)} AS {column.sql_type})"
