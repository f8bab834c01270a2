"""Turn a plan into one readable query per table, and run it for all pairs at once.

Each table's history is joined once; every part that its features need is aggregated in that one pass, and the
features are computed from the parts. Grain of `values`: one row per pair.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from earlywarn.domain import Progress
from earlywarn.features.cohort import PAIRS, create_presence
from earlywarn.features.functions import exposed_share, formula, latest_code
from earlywarn.features.history import NEXT_COLUMN, exposure_sql, history_sql
from earlywarn.features.parts import Parts
from earlywarn.features.plan import Measure
from earlywarn.features.windows import Window
from earlywarn.tables import Contract, quote

if TYPE_CHECKING:
    import duckdb


def create_values(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    *,
    progress: Progress,
) -> None:
    """Create `values`: for each pair the base value of every measure, and its value before where compared."""
    create_presence(connection, contract, _past_windows(measures))
    tables = list(dict.fromkeys(measure.indicator.table for measure in measures))
    joined = [f"SELECT {PAIRS}._row", f"FROM {PAIRS}"]
    for done, table in enumerate(tables):
        progress("features", done, len(tables))
        own = [measure for measure in measures if measure.indicator.table == table]
        name = quote(f"values_{table}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS\n{values_sql(contract, table, own)}")
        joined[0] += f",\n  {name}.* EXCLUDE (_row)"
        joined.append(f"JOIN {name} USING (_row)")
    connection.execute("CREATE OR REPLACE TEMP TABLE all_values AS\n" + "\n".join(joined))
    progress("features", len(tables), len(tables))


def _past_windows(measures: Sequence[Measure]) -> list[Window]:
    windows = [m.window for m in measures if m.window.name == "previous_period"]
    windows += [m.window.past for m in measures if "own_past" in m.indicator.compare_with]
    return list(dict.fromkeys(windows))


def values_sql(contract: Contract, table: str, measures: Sequence[Measure]) -> str:
    """Return the one query that gives every measure of a table for every pair."""
    parts = Parts()
    exposure = contract.tables[table].exposure
    shown = []
    for measure in measures:
        shown.append(f"{_value(measure, measure.window, parts, exposure)} AS {quote(measure.name)}")
        if "own_past" in measure.indicator.compare_with:
            before = _value(measure, measure.window.past, parts, exposure)
            shown.append(f"{before} AS {quote(measure.past_name)}")
    columns = sorted(frozenset().union(*(measure.columns for measure in measures)))
    exposed = ""
    if exposure and any(measure.function == "share" for measure in measures):
        exposed = (
            f"\nLEFT JOIN (\n{exposure_sql(contract, exposure, parts.windows)}\n) AS exposed USING (_row)"
        )
    return f"""WITH history AS (
{history_sql(contract, table, columns, computed=parts.computed)}
),
counted AS (
SELECT *, {parts.window_set}::USMALLINT AS _windows
FROM history
),
sets AS (
SELECT
  _row,
  _windows,
  {_named(parts.aggregates)}
FROM counted
WHERE _windows > 0
GROUP BY _row, _windows
),
parts AS (
SELECT
  _row,
  {_named(parts.sums)}
FROM sets
GROUP BY _row
)
SELECT
  pair._row,
  {NEXT_COLUMN.join(shown)}
FROM {PAIRS} AS pair
LEFT JOIN parts USING (_row)
LEFT JOIN presence USING (_row){exposed}"""


def _named(columns: Mapping[str, str]) -> str:
    return NEXT_COLUMN.join(f"{sql} AS {name}" for name, sql in columns.items())


def _value(measure: Measure, window: Window, parts: Parts, exposure: str | None) -> str:
    if measure.is_code:
        return latest_code(measure.measured, window, parts)
    if measure.function == "share" and exposure:
        return exposed_share(measure.measured, window, parts, f"days_{window.key}")
    return formula(measure.function, measure.measured, window, parts)
