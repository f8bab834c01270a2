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
from earlywarn.features.dating import event_column
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
    by_table: dict[str, list[Measure]] = defaultdict(list)
    for measure in measures:
        by_table[measure.indicator.table].append(measure)
    joined = [f"SELECT {PAIRS}._row", f"FROM {PAIRS}"]
    for done, (table, own) in enumerate(by_table.items()):
        progress("features", done, len(by_table))
        name = quote(f"values:{table}")
        since = first_day(connection, [window for window in _windows(own) if not window.is_open_ended])
        recent, earlier, values = values_sql(contract, table, own, since=since)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE sets AS\n{recent}")
        if earlier:
            connection.execute(f"INSERT INTO sets BY NAME\n{earlier}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS\n{values}")
        joined[0] += f",\n  {name}.* EXCLUDE (_row)"
        joined.append(f"JOIN {name} USING (_row)")
    connection.execute("DROP TABLE IF EXISTS sets")
    connection.execute("\n".join(["CREATE OR REPLACE TEMP VIEW all_values AS", *joined]))
    progress("features", len(by_table), len(by_table))


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
) -> tuple[str, str, str]:
    """Return the queries that read a table's facts, into `sets`, and the one that gives every measure.

    The first reads the facts since the day on which windows that end begin, or all where it is not known; the
    second those before it, which windows without a limit alone look at, and is empty where none of them is
    left: no fact is read twice. Grain of `sets`: one row per pair, set of windows that some of its facts lie
    in, and query.
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
    recent = history_sql(contract, table, columns, computed=parts.computed, since=since)
    earlier = ""
    if parts.open_ended and since and event_column(contract, table):
        history = history_sql(contract, table, columns, computed=parts.computed, until=since)
        earlier = _sets_sql(history, parts.open_window_set, parts.open_ended)
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
    return _sets_sql(recent, parts.window_set, parts.aggregates), earlier, values


def _sets_sql(history: str, windows: str, aggregates: Mapping[str, str]) -> str:
    return f"""WITH history AS (
{history}
),
counted AS (
SELECT *, {windows}::UINTEGER AS _windows
FROM history
)
SELECT
  _row,
  _windows,
  {_named(aggregates)}
FROM counted
WHERE _windows > 0
GROUP BY _row, _windows"""


def _named(columns: Mapping[str, str]) -> str:
    return NEXT_COLUMN.join(f"{sql} AS {name}" for name, sql in columns.items())


def _value(measure: Measure, window: Window, parts: Parts, exposure: str | None) -> str:
    if measure.is_code:
        return latest_code(measure.measured, window, parts)
    if measure.function == "share" and exposure:
        return exposed_share(measure.measured, window, parts, f"days_{window.key}")
    return formula(measure.function, measure.measured, window, parts)
