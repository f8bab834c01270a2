"""Ranks: where a value stands among a declared group on a date, as the share of the group that lies lower.

A rank is of the latest value. It is read off 99 percentiles of the group, so that the nightly run keeps a
hundred numbers and not one per student, and whoever scores on demand ranks by the same ones, to the last bit.
Groups under a hundred are not ranked: a percentile of theirs would be one student.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.features.cohort import PAIRS, beside_cohort
from earlywarn.features.history import NEXT_COLUMN
from earlywarn.features.peers import snapshot_join
from earlywarn.features.plan import Measure
from earlywarn.tables import Contract, quote

if TYPE_CHECKING:
    import duckdb

SMALLEST_RANKED = 100
_N_CUTS = 99
_SHARES = ", ".join(f"{place / (_N_CUTS + 1):.2f}" for place in range(1, _N_CUTS + 1))


def ranked_measures(measures: Sequence[Measure]) -> list[Measure]:
    """Return the measures that are ranked."""
    return [measure for measure in measures if measure.function == "rank"]


def create_percentiles(
    connection: duckdb.DuckDBPyConnection, contract: Contract, measures: Sequence[Measure]
) -> None:
    """Create `percentiles` from the members themselves; grain: one row per group and as-of date."""
    keys = _keys(contract, "pair.")
    shown = "".join(
        f",\n  CASE WHEN count({name}) >= {SMALLEST_RANKED} THEN quantile_disc({name}, [{_SHARES}]) END"
        f" AS {name},\n  count({name}) AS {count}"
        for name, count in _columns(measures)
    )
    present = " AND ".join(f"pair.{quote(name)} IS NOT NULL" for name in contract.network.ranked_among)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE percentiles AS
SELECT
  {keys},
  pair._as_of AS as_of{shown}
FROM {PAIRS} AS pair
JOIN all_values USING (_row)
WHERE {present}
GROUP BY {keys}, pair._as_of""")


def adopt_percentiles(
    connection: duckdb.DuckDBPyConnection, contract: Contract, measures: Sequence[Measure], kept: pa.Table
) -> None:
    """Create `percentiles` from a kept snapshot; a feature that it does not hold is not ranked."""
    keys = _keys(contract)
    shown = "".join(
        f",\n  list(median ORDER BY feature)"
        f" FILTER (WHERE starts_with(feature, '{_cut_name(measure)}')) AS {name}"
        for measure, (name, _) in zip(measures, _columns(measures), strict=True)
    )
    present = " AND ".join(f"{quote(name)} IS NOT NULL" for name in contract.network.ranked_among)
    connection.register("_kept_ranks", kept)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE percentiles AS
SELECT
  {keys},
  as_of{shown}
FROM _kept_ranks
WHERE {present}
GROUP BY {keys}, as_of""")
    connection.unregister("_kept_ranks")


def percentiles_join(contract: Contract, *, is_kept: bool) -> str:
    """Return the SQL that finds each pair's group in the latest snapshot of its date or before."""
    return snapshot_join("percentiles", contract.network.ranked_among, is_kept=is_kept)


def rank_sql(measure: Measure, value: str) -> str:
    """Return SQL of the share of the group that lies lower, ties by halves; empty where nothing is known.

    With percentiles 1 to 99 and a value equal to the 12th and 13th, 11 lie lower and 13 no higher: 24/198.
    """
    cuts = f"percentiles.{quote(measure.name)}"
    lower = f"len(list_filter({cuts}, lambda cut: cut < {value}))"
    no_higher = f"len(list_filter({cuts}, lambda cut: cut <= {value}))"
    return f"CASE WHEN {value} IS NOT NULL THEN ({lower} + {no_higher})::DOUBLE / {2 * _N_CUTS} END"


def percentile_snapshot(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    member: str | None = None,
) -> pa.Table:
    """Return the percentiles as rows of a peer snapshot: one per group, date, feature and percentile.

    A percentile is named after its feature, so that a snapshot has one shape: `median` is the cut's value.
    Of all groups, or of those with somebody of the cohort that the column `member` of `pairs` marks.
    """
    keys = _keys(contract)
    rows = [
        f"SELECT {keys}, as_of, '{_cut_name(measure)}' || lpad(CAST(place AS VARCHAR), 2, '0') AS feature, "
        f"{name}[place] AS median, {count} AS n FROM percentiles, range(1, {_N_CUTS + 1}) AS one(place) "
        f"WHERE {name} IS NOT NULL"
        for measure, (name, count) in zip(measures, _columns(measures), strict=True)
    ]
    query = "\nUNION ALL\n".join(rows)
    kept = beside_cohort(contract.network.ranked_among, member, as_of="as_of") if member else "TRUE"
    found: pa.Table = connection.sql(
        f"SELECT * FROM ({query}) WHERE {kept} ORDER BY {keys}, as_of, feature"
    ).to_arrow_table()
    return found


def rank_labels(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Turn the values in `labels` into ranks among the members of one group, period and moment."""
    among = ", ".join(
        ("pair._period", "pair._moment", *(f"pair.{quote(name)}" for name in contract.network.ranked_among))
    )
    known = f"{among}, labels.label_value IS NULL"
    lower = f"rank() OVER (PARTITION BY {known} ORDER BY labels.label_value) - 1"
    equal = f"count(*) OVER (PARTITION BY {among}, labels.label_value)"
    n = f"count(labels.label_value) OVER (PARTITION BY {among})"
    rank = (
        f"CASE WHEN labels.label_value IS NOT NULL AND {n} >= {SMALLEST_RANKED} "
        f"THEN (2 * ({lower}) + {equal})::DOUBLE / (2 * {n}) END"
    )
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE labels AS
SELECT labels.* REPLACE ({rank} AS label_value)
FROM labels
JOIN {PAIRS} AS pair USING (_row)""")


def _keys(contract: Contract, alias: str = "") -> str:
    return NEXT_COLUMN.join(f"{alias}{quote(name)}" for name in contract.network.ranked_among)


def _cut_name(measure: Measure) -> str:
    return f"{measure.name}__percentile_"


def _columns(measures: Sequence[Measure]) -> list[tuple[str, str]]:
    return [(quote(measure.name), quote(f"n {measure.name}")) for measure in measures]
