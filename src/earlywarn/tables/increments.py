"""Take running totals apart into what each step added, as far as it could be seen on each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.tables.contract import Table
from earlywarn.tables.expressions import quote

if TYPE_CHECKING:
    import duckdb


def increments_sql(connection: duckdb.DuckDBPyConnection, table: Table, raw: str) -> str:
    """Return the statement that replaces the running columns of the versions `raw` by increments.

    The increment of a step is its total less that of the latest earlier step visible on the same day.
    """
    cumulative = table.cumulative
    assert cumulative is not None  # noqa: S101 - the caller asks for cumulative tables only
    order = quote(cumulative.order)
    series = ", ".join(quote(key) for key in table.key_columns if key != cumulative.order)
    if _arrives_in_order(connection, raw, series, order):
        window = f"(PARTITION BY {series} ORDER BY {order})"
        added = ", ".join(
            f"CAST({value} - coalesce(lag({value} IGNORE NULLS) OVER {window}, 0) AS {sql_type}) AS {value}"
            for value, sql_type in _values(table)
        )
        return f"SELECT * REPLACE ({added}) FROM {raw}"
    return _by_interval(table, raw, series, order)


def _values(table: Table) -> list[tuple[str, str]]:
    cumulative = table.cumulative
    names = cumulative.values if cumulative else ()
    return [(quote(name), table.stored[name].sql_type) for name in names]


def _arrives_in_order(connection: duckdb.DuckDBPyConnection, raw: str, series: str, order: str) -> bool:
    """Say whether every step is visible no earlier than the one before, and none was ever corrected."""
    found = connection.execute(
        f"SELECT count(*) FROM (SELECT superseded_on, visible_from, lag(visible_from) OVER "
        f"(PARTITION BY {series} ORDER BY {order}) AS before FROM {raw}) "
        f"WHERE superseded_on IS NOT NULL OR before > visible_from"
    ).fetchone()
    return found is not None and found[0] == 0


def _by_interval(table: Table, raw: str, series: str, order: str) -> str:
    """Cut each version where a smaller step appears, and take each piece's increment by itself."""
    added = ", ".join(
        f"CAST({value} - coalesce(arg_max(prior_{index}, prior_order), 0) AS {sql_type}) AS {value}"
        for index, (value, sql_type) in enumerate(_values(table))
    )
    running = ", ".join(value for value, _ in _values(table))
    priors = ", ".join(f"p.{value} AS prior_{index}" for index, (value, _) in enumerate(_values(table)))
    return (
        f"WITH v AS (SELECT *, row_number() OVER () AS _id FROM {raw}), "
        f"cuts AS (SELECT DISTINCT a._id, b.visible_from AS cut FROM v a JOIN v b USING ({series}) "
        f"WHERE b.{order} <= a.{order} AND b.visible_from >= a.visible_from "
        f"AND (a.superseded_on IS NULL OR b.visible_from < a.superseded_on)), "
        f"pieces AS (SELECT v.* REPLACE (cut AS visible_from, coalesce(lead(cut) OVER "
        f"(PARTITION BY _id ORDER BY cut), v.superseded_on) AS superseded_on) FROM v JOIN cuts USING (_id)), "
        f"joined AS (SELECT c.*, p.{order} AS prior_order, {priors} FROM pieces c LEFT JOIN v p "
        f"ON {' AND '.join(f'c.{k} = p.{k}' for k in series.split(', '))} AND p.{order} < c.{order} "
        f"AND p.visible_from <= c.visible_from "
        f"AND (p.superseded_on IS NULL OR p.superseded_on > c.visible_from)) "
        f"SELECT {_shown(table, added)} FROM joined GROUP BY {_shown(table, '')}, {running}, _id"
    )


def _shown(table: Table, added: str) -> str:
    running = {value for value, _ in _values(table)}
    columns = [quote(name) for name in table.stored if quote(name) not in running]
    system = ["visible_from", "superseded_on", "received_on", "backfill", "batch", "line"]
    return ", ".join([*columns, *([added] if added else []), *system])
