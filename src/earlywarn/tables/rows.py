"""Validate rows posted by a caller as strictly as a file's, in memory, for scoring on demand.

Values are given in the contract's terms: dates as ISO text, ids as stored (pseudonyms), offsets as dates.
The rows must be complete for the students they are about; the workspace is not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.errors import TableError
from earlywarn.tables.contract import ROW_NUMBER_COLUMN, Column, Contract
from earlywarn.tables.conversion import REASON
from earlywarn.tables.converting import CODE, Converter
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Source
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.resolution import reading_order, resolution_sql, targets_of
from earlywarn.tables.settlement import REMOVED, repeats_sql
from earlywarn.tables.staging import TYPED, Stamp, stored_columns
from earlywarn.tables.versions import Stored, Tables, connect, create_current, create_versions

if TYPE_CHECKING:
    import duckdb

Row = Mapping[str, object]
_SHOWN = 20


def tables_from_rows(
    contract: Contract,
    rows: Mapping[str, Sequence[Row]],
    *,
    received_on: date,
    backfill: bool = True,
    threads: int = 1,
) -> Tables:
    """Return tables that hold exactly the posted rows.

    Args:
        contract: The network's contract.
        rows: The rows of each table. A looked up or derived column may be given as it was stored;
            where no row gives it, it is computed from the other tables posted.
        received_on: The day they were received.
        backfill: Whether a fact is visible from `known_on` alone, as history is; otherwise also from
            `received_on`.
        threads: How many threads the engine may use.

    Raises:
        TableError: Lists every table, position and reason; never a value.
    """
    unknown = sorted(
        name for name in rows if name not in contract.tables or not contract.tables[name].is_read
    )
    if unknown:
        # The name is the caller's word, so it is not repeated.
        known = ", ".join(sorted(name for name, table in contract.tables.items() if table.is_read))
        raise TableError(f"{len(unknown)} posted tables take no rows", todo=f"post tables among {known}")
    connection = connect(threads=threads)
    problems: list[str] = []
    stored: dict[str, Stored] = {}
    looked_up = {other for table in contract.tables.values() for other in targets_of(table)}
    for name in sorted(n for n in looked_up if n not in rows):
        create_current(connection, contract, name, None)
    for name in reading_order(contract):
        if name in rows:
            problems += _add(connection, contract, name, rows[name])
            if problems:
                continue
            stored[name] = _store(connection, contract, name, received_on, backfill=backfill)
            if name in looked_up:
                create_current(connection, contract, name, stored[name])
    if problems:
        connection.close()
        listed = "; ".join(problems[:_SHOWN]) + (
            f"; and {len(problems) - _SHOWN} more" * (len(problems) > _SHOWN)
        )
        raise TableError(f"the posted rows break the contract: {listed}", todo="mend them and post again")
    create_versions(connection, contract, stored)
    return Tables(connection, contract)


def _add(
    connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, rows: Sequence[Row]
) -> list[str]:
    """Convert, resolve and settle one table's rows; return what is wrong with them."""
    table = contract.tables[name]
    columns = {n: column for n, column in table.stored.items() if n != ROW_NUMBER_COLUMN}
    given = {key for row in rows for key in row}
    if strange := given - table.stored.keys():
        # The names are the caller's words, so they are not repeated.
        known = ", ".join(sorted(table.stored))
        return [f"table '{name}' has no such column for {len(strange)} posted names; it has {known}"]
    if odd := [i for i, row in enumerate(rows, start=1) if any(_text(v) is None for v in row.values())]:
        return [f"{name} row {odd[0]}: a value is not text, number, date or true/false"]
    missing = [n for n in table.key_columns if n not in given and n in columns and columns[n].is_given]
    if rows and missing:
        return [f"table '{name}' lacks column '{n}'" for n in missing]
    converter = Converter(
        connection,
        {n: c for n, c in columns.items() if c.is_given or n in given},
        {n: _source(n, columns[n]) for n in columns if n in given},
        names_rows="line",
        dated=True,
    )
    texts = _texts(rows, sorted(given))
    typed = converter.convert(texts)
    if ROW_NUMBER_COLUMN in given:
        at = typed.column_names.index(ROW_NUMBER_COLUMN)
        typed = typed.set_column(at, ROW_NUMBER_COLUMN, texts[ROW_NUMBER_COLUMN])
    for one in (CODE, *table.identities) if table.identities else ():
        typed = typed.append_column(one, pa.nulls(typed.num_rows, pa.string()))
    connection.register(TYPED, typed)
    # An offset is posted as the date it was stored as; where none is posted there is none to compute.
    ready = given | {n for n, c in columns.items() if c.is_given and c.type == "day_offset"}
    relation = quote(f"resolved:{name}")
    resolved = resolution_sql(contract, name, TYPED, given=ready)
    connection.execute(f"CREATE TEMP TABLE {relation} AS {resolved}")
    connection.unregister(TYPED)
    kept = f"(SELECT * FROM {relation} WHERE {REASON} IS NULL)"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {REMOVED} AS {repeats_sql(table, kept)}")
    found = connection.execute(
        f"SELECT {LINE}, {REASON} FROM (SELECT {LINE}, {REASON} FROM {relation} "
        f"UNION ALL SELECT {LINE}, {REASON} FROM {REMOVED}) WHERE {REASON} IS NOT NULL ORDER BY 1"
    ).fetchall()
    return [f"{name} row {line}: {str(reason).replace(':', ' ')}" for line, reason in found]


def _store(
    connection: duckdb.DuckDBPyConnection, contract: Contract, name: str, received_on: date, *, backfill: bool
) -> Stored:
    stamp = Stamp(1, received_on, backfill)
    target = quote(f"stored:{name}")
    connection.execute(
        f"CREATE TABLE {target} AS SELECT {stored_columns(contract.tables[name], stamp)} "
        f"FROM {quote(f'resolved:{name}')} ANTI JOIN {REMOVED} USING ({FILE}, {LINE})"
    )
    return Stored(f"SELECT * FROM {target}")


def _source(name: str, column: Column) -> Source:
    source = Source.model_validate({"from": name, "decimal": ".", "missing": ("",)})
    return source.model_copy(update={"format": ("%Y-%m-%d",) if column.is_date else ()})


def _texts(rows: Sequence[Row], names: list[str]) -> pa.Table:
    columns = {name: pa.array([_text(row.get(name)) for row in rows], pa.string()) for name in names}
    numbers = range(1, len(rows) + 1)
    return pa.table(
        {**columns, LINE: pa.array(numbers, pa.int64()), FILE: pa.array([0] * len(rows), pa.int32())}
    )


def _text(value: object) -> str | None:
    """Write a posted value as the text a file would hold; None where it can be no cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if value == value and abs(value) < 1e18 else None
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else None
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, int | str) else None
