"""Turn a plan into readable queries per table, and run them for all pairs at once.

Each table's history is joined once for the windows that end, and once for those that do not; every part that
its features need is aggregated in that one pass, and the features are computed from the parts. Grain of
`values`: one row per pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from earlywarn.domain import Progress
from earlywarn.features.cohort import PAIRS, create_presence, first_day
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
    apart: dict[tuple[str, bool], list[Measure]] = defaultdict(list)
    for measure in measures:
        # Windows that end are counted apart from those that do not, and read no fact from before their days.
        apart[measure.indicator.table, measure.window.is_open_ended].append(measure)
    joined = [f"SELECT {PAIRS}._row", f"FROM {PAIRS}"]
    for done, ((table, is_open_ended), own) in enumerate(apart.items()):
        progress("features", done, len(apart))
        name = quote(f"values:{table}:all" if is_open_ended else f"values:{table}")
        since = first_day(connection, _windows(own))
        sets, values = values_sql(contract, table, own, since=since)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE sets AS\n{sets}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS\n{values}")
        joined[0] += f",\n  {name}.* EXCLUDE (_row)"
        joined.append(f"JOIN {name} USING (_row)")
    connection.execute("DROP TABLE IF EXISTS sets")
    connection.execute("CREATE OR REPLACE TEMP TABLE all_values AS\n" + "\n".join(joined))
    progress("features", len(apart), len(apart))


def _past_windows(measures: Sequence[Measure]) -> list[Window]:
    windows = [m.window for m in measures if m.window.name == "previous_period"]
    windows += [m.window.past for m in measures if "own_past" in m.indicator.compare_with]
    return list(dict.fromkeys(windows))


def _windows(measures: Sequence[Measure]) -> list[Window]:
    return [m.window for m in measures] + [
        m.window.past for m in measures if "own_past" in m.indicator.compare_with
    ]


def values_sql(
    contract: Contract, table: str, measures: Sequence[Measure], *, since: date | None = None
) -> tuple[str, str]:
    """Return the query that reads a table's facts once, into `sets`, and the one that gives every measure.

    Grain of `sets`: one row per pair and set of windows that some of its facts lie in.
    """
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
    sets = f"""WITH history AS (
{history_sql(contract, table, columns, computed=parts.computed, since=since)}
),
counted AS (
SELECT *, {parts.window_set}::USMALLINT AS _windows
FROM history
)
SELECT
  _row,
  _windows,
  {_named(parts.aggregates)}
FROM counted
WHERE _windows > 0
GROUP BY _row, _windows
ORDER BY _row"""
    values = f"""WITH parts AS (
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
    return sets, values


def _named(columns: Mapping[str, str]) -> str:
    return NEXT_COLUMN.join(f"{sql} AS {name}" for name, sql in columns.items())


def _value(measure: Measure, window: Window, parts: Parts, exposure: str | None) -> str:
    if measure.is_code:
        return latest_code(measure.measured, window, parts)
    if measure.function == "share" and exposure:
        return exposed_share(measure.measured, window, parts, f"days_{window.key}")
    return formula(measure.function, measure.measured, window, parts)
