"""History: a table's rows as they were known on each pair's as-of date, as SQL.

Grain: one row per pair and row of the table that its unit had on the date. Columns keep their declared names,
so that `where` and `value` read as they were declared; `_age` is how many days before the date the row
happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from earlywarn.features.asof import days_before, known_column, row_is_known
from earlywarn.features.cohort import PAIRS
from earlywarn.features.dating import event_column, shared_columns
from earlywarn.features.windows import Window
from earlywarn.tables import Contract, quote

AS_OF = "pair._as_of"
NEXT_COLUMN = ",\n  "
_PAIR_COLUMNS = ("_row", "_as_of", "_period_day", "_previous_start_age", "_previous_end_age")


def history_sql(
    contract: Contract,
    table: str,
    columns: Iterable[str],
    windows: Iterable[Window] | None,
    *,
    pairs: str = PAIRS,
    as_of: str = AS_OF,
    carried: tuple[str, ...] = _PAIR_COLUMNS,
) -> str:
    """Return SQL of a table's history for every pair.

    Args:
        contract: The network's tables.
        table: The table.
        columns: The columns that indicators read.
        windows: The windows they count over; rows in none of them are left out. None keeps all rows.
        pairs: The relation of pairs.
        as_of: SQL of the date that cuts the history, over `pair`.
        carried: The columns taken over from the pairs.
    """
    inner = _known_sql(contract, table, columns, pairs, as_of, carried)
    if windows is None or any(window.is_open_ended for window in windows):
        return inner
    within = " OR ".join(dict.fromkeys(f"({window.condition})" for window in windows))
    return f"SELECT * FROM (\n{inner}\n) WHERE {within}"


def _dated(event: str | None, as_of: str) -> str:
    if event is None:
        return "NULL::DATE AS _on,\n  NULL::BIGINT AS _age"
    return f"{event} AS _on,\n  {days_before(event, as_of)} AS _age"


def _known_sql(
    contract: Contract, table: str, columns: Iterable[str], pairs: str, as_of: str, carried: tuple[str, ...]
) -> str:
    reveals = contract.reveals(table)
    event = event_column(contract, table)
    event_sql = event and known_column("fact", event, as_of, reveals)
    shown = [f"pair.{name}" for name in carried]
    shown += [f"{known_column('fact', name, as_of, reveals)} AS {quote(name)}" for name in columns]
    matched = " AND ".join(
        f"fact.{quote(name)} = pair.{quote(name)}" for name in shared_columns(contract, table)
    )
    return f"""SELECT
  {NEXT_COLUMN.join(shown)},
  {_dated(event_sql, as_of)}
FROM {pairs} AS pair
JOIN versions.{quote(table)} AS fact ON {matched}
WHERE {row_is_known("fact", as_of)}"""


def exposure_sql(contract: Contract, exposure: str, windows: Iterable[Window]) -> str:
    """Return SQL that counts an exposure table's rows per pair and window, since the unit came.

    Pairs of one place, date and first day share a count, so that each is counted once.
    """
    shared = shared_columns(contract, exposure)
    context = ", ".join(
        (*(f"pair.{quote(name)}" for name in shared), *(f"pair.{name}" for name in _PAIR_COLUMNS[1:]))
    )
    grouped = f"""SELECT *, row_number() OVER () AS _context FROM (
  SELECT DISTINCT {context}, presence._came_on FROM {PAIRS} AS pair JOIN presence USING (_row)
)"""
    carried = ("_context", "_came_on", *_PAIR_COLUMNS[1:])
    inner = _known_sql(contract, exposure, (), "contexts", AS_OF, carried)
    counts = NEXT_COLUMN.join(
        f"count(*) FILTER (WHERE {window.condition}) AS days_{window.key}" for window in windows
    )
    same = " AND ".join(
        f"pair.{name} IS NOT DISTINCT FROM contexts.{name}"
        for name in (*(quote(name) for name in shared), *_PAIR_COLUMNS[1:])
    )
    return f"""WITH contexts AS MATERIALIZED (
{grouped}
),
counted AS (
SELECT
  _context,
  {counts}
FROM (
{inner}
)
WHERE _on >= _came_on
GROUP BY _context
)
SELECT pair._row, counted.* EXCLUDE (_context)
FROM {PAIRS} AS pair
JOIN presence USING (_row)
JOIN contexts ON {same} AND presence._came_on IS NOT DISTINCT FROM contexts._came_on
JOIN counted USING (_context)"""
