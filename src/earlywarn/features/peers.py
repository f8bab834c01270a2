"""Peer statistics: the median of each compared feature over a declared group on a date.

Grain of `medians`: one row per peer group and as-of date. A group is everybody who was a member there on the
date, cohort or not; where fewer than ten of them have a value there is no median. The nightly run keeps the
snapshot, and whoever scores on demand compares with the last one kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.features.asof import snapshot_is_past
from earlywarn.features.cohort import PAIRS, beside_cohort
from earlywarn.features.history import NEXT_COLUMN
from earlywarn.features.plan import Measure
from earlywarn.tables import Contract, quote

if TYPE_CHECKING:
    import duckdb

SMALLEST_GROUP = 10


def compared_with_peers(measures: Sequence[Measure]) -> list[Measure]:
    """Return the measures that are compared with peers."""
    return [measure for measure in measures if "peers" in measure.indicator.compare_with]


def create_medians(
    connection: duckdb.DuckDBPyConnection, contract: Contract, measures: Sequence[Measure]
) -> None:
    """Create `medians` from the members themselves."""
    keys = NEXT_COLUMN.join(quote(name) for name in contract.network.peers)
    members = ", ".join((*(f"pair.{quote(name)}" for name in contract.network.peers), "pair._as_of"))
    values = ", ".join(f"all_values.{name}" for name, _ in _columns(measures))
    shown = "".join(
        f",\n  CASE WHEN count({name}) >= {SMALLEST_GROUP} THEN median({name}) END AS {name},"
        f"\n  count({name}) AS {count}"
        for name, count in _columns(measures)
    )
    present = " AND ".join(f"pair.{quote(name)} IS NOT NULL" for name in contract.network.peers)
    # Group after group, each feature's values stand together in memory: a fifth of the time.
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE medians AS
SELECT
  {keys},
  _as_of AS as_of{shown}
FROM (
  SELECT {members}, {values}
  FROM {PAIRS} AS pair
  JOIN all_values USING (_row)
  WHERE {present}
  ORDER BY {members}
)
GROUP BY {keys}, _as_of""")


def adopt_medians(
    connection: duckdb.DuckDBPyConnection, contract: Contract, measures: Sequence[Measure], peers: pa.Table
) -> None:
    """Create `medians` from a kept snapshot; a feature that it does not hold has no median."""
    keys = NEXT_COLUMN.join(quote(name) for name in contract.network.peers)
    shown = "".join(
        f",\n  max(median) FILTER (WHERE feature = '{measure.name}') AS {quote(measure.name)},"
        f"\n  coalesce(max(n) FILTER (WHERE feature = '{measure.name}'), 0) AS {count}"
        for measure, (_, count) in zip(measures, _columns(measures), strict=True)
    )
    connection.register("_kept_peers", peers)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE medians AS
SELECT
  {keys},
  as_of{shown}
FROM _kept_peers
GROUP BY {keys}, as_of""")
    connection.unregister("_kept_peers")


def medians_join(contract: Contract, *, is_kept: bool) -> str:
    """Return the SQL that finds each pair's group in the latest snapshot of its date or before."""
    return snapshot_join("medians", contract.network.peers, is_kept=is_kept)


def snapshot_join(table: str, columns: Sequence[str], *, is_kept: bool) -> str:
    """Return the SQL that finds each pair's group; a kept snapshot may be of an earlier day, others never."""
    same = " AND ".join(f"pair.{quote(name)} = {table}.{quote(name)}" for name in columns)
    if is_kept:
        return f"ASOF LEFT JOIN {table} ON {same} AND {snapshot_is_past(f'{table}.as_of', 'pair._as_of')}"
    return f"LEFT JOIN {table} ON {same} AND {table}.as_of = pair._as_of"


def snapshot(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    member: str | None = None,
) -> pa.Table:
    """Return the peer statistics, one row per group, date and feature; a small group's median is empty.

    Of all groups, or of those with somebody of the cohort that the column `member` of `pairs` marks.
    """
    keys = ", ".join(quote(name) for name in contract.network.peers)
    rows = [
        f"SELECT {keys}, as_of, '{measure.name}' AS feature, {name} AS median, {count} AS n FROM medians"
        for measure, (name, count) in zip(measures, _columns(measures), strict=True)
    ]
    query = "\nUNION ALL\n".join(rows)
    kept = beside_cohort(contract.network.peers, member, as_of="as_of") if member else "TRUE"
    ordered = connection.sql(f"SELECT * FROM ({query}) WHERE {kept} ORDER BY {keys}, as_of, feature")
    found: pa.Table = ordered.to_arrow_table()
    return found


def group_keys(contract: Contract) -> tuple[str, ...]:
    """Return the columns that name a snapshot's groups: the peers' own, then those of who is ranked."""
    return tuple(dict.fromkeys((*contract.network.peers, *contract.network.ranked_among)))


def empty_snapshot(contract: Contract) -> pa.Table:
    """Return a peer snapshot without rows, for networks that compare with nobody."""
    fields: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in group_keys(contract)]
    fields += [("as_of", pa.date32()), ("feature", pa.string()), ("median", pa.float64()), ("n", pa.int64())]
    return pa.table({name: pa.array([], type=kind) for name, kind in fields})


def _columns(measures: Sequence[Measure]) -> list[tuple[str, str]]:
    return [(quote(measure.name), quote(f"n {measure.name}")) for measure in measures]
