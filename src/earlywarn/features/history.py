"""History: a table's rows as they were known on each pair's as-of date, as SQL.

Grain: one row per pair and row of the table that its unit had on the date. Columns keep their declared names,
so that `where` and `value` read as they were declared; `_age` is how many days before the date the row
happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from earlywarn.features.asof import days_before, known_column, row_is_seen
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
    *,
    computed: Mapping[str, str] | None = None,
    since: date | None = None,
    until: date | None = None,
    pairs: str = PAIRS,
    as_of: str = AS_OF,
    carried: tuple[str, ...] = _PAIR_COLUMNS,
) -> str:
    """Return SQL of a table's history for every pair.

    Args:
        contract: The network's tables.
        table: The table.
        columns: The columns that are read.
        computed: Columns to show instead of those read: expressions over them, by name.
        since: The earliest day that counts; facts of earlier days, and without a day, are left out unread.
        until: The first day that does not count; facts of this day and later are left out unread.
        pairs: The relation of pairs.
        as_of: SQL of the date that cuts the history, over `pair`.
        carried: The columns taken over from the pairs.
    """
    reveals = contract.reveals(table)
    event = event_column(contract, table)
    counting = _counting(event, since, until)
    if computed is None or {event, *columns} & reveals.keys():
        known = {name: known_column("fact", name, as_of, reveals) for name in columns}
        event_sql = known_column("fact", event, as_of, reveals) if event else "NULL::DATE"
        facts = f"(SELECT * FROM versions.{quote(table)}{counting})"
        inner = _joined(contract, table, facts, known, event_sql, pairs, as_of, carried)
        if computed is None:
            return inner
        kept = NEXT_COLUMN.join((*carried, "_on", "_age", *_shown(computed)))
        return f"SELECT\n  {kept}\nFROM (\n{inner}\n)"
    # No column is revealed later than its row, so each expression is computed once per row, not once per
    # pair.
    keys = [quote(name) for name in shared_columns(contract, table)]
    event_sql = quote(event) if event else "NULL::DATE"
    kept = NEXT_COLUMN.join(
        (*keys, "visible_from", "superseded_on", f"{event_sql} AS _on", *_shown(computed))
    )
    facts = f"(\nSELECT\n  {kept}\nFROM versions.{quote(table)}{counting}\n)"
    known = {name: f"fact.{name}" for name in computed}
    return _joined(contract, table, facts, known, "fact._on", pairs, as_of, carried)


def _counting(event: str | None, since: date | None, until: date | None) -> str:
    """Return the condition under which a fact's day is read at all; a fact without a day is never recent."""
    day = quote(event) if event else ""
    conditions = [f"{day} >= DATE '{since}'"] if day and since else []
    conditions += [f"({day} < DATE '{until}' OR {day} IS NULL)"] if day and until else []
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _shown(computed: Mapping[str, str]) -> list[str]:
    return [f"{sql} AS {name}" for name, sql in computed.items()]


def _joined(
    contract: Contract,
    table: str,
    facts: str,
    known: Mapping[str, str],
    event: str,
    pairs: str,
    as_of: str,
    carried: tuple[str, ...],
) -> str:
    """Return SQL that joins facts to the pairs whose date knew them."""
    shown = [f"pair.{name}" for name in carried]
    shown += [f"{sql} AS {quote(name)}" for name, sql in known.items()]
    shown += [f"{event} AS _on", f"{days_before(event, as_of)} AS _age"]
    matched = " AND ".join(
        f"fact.{quote(name)} = pair.{quote(name)}" for name in shared_columns(contract, table)
    )
    return f"""SELECT
  {NEXT_COLUMN.join(shown)}
FROM {pairs} AS pair
JOIN {facts} AS fact ON {matched}
WHERE {row_is_seen(contract, "fact", as_of)}"""


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
    inner = history_sql(contract, exposure, (), pairs="contexts", carried=carried)
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
