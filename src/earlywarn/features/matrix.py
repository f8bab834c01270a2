"""The matrix: features and labels for a cohort on its as-of dates, in one frozen order.

One job: run the engine's steps for a set of moments and hand back Arrow tables. Grain of every table of a
matrix: one row per unit and as-of date of the cohort, sorted by unit and date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import AsOfError, TableError
from earlywarn.features.catalog import Catalog, FeatureEntry, Labels, slug
from earlywarn.features.cohort import PAIRS, CohortSpec, create_pairs
from earlywarn.features.engine import create_values
from earlywarn.features.groups import group_columns, groups_sql
from earlywarn.features.indicators import PERIOD_DAY, Indicators
from earlywarn.features.keeping import keep_compared, keep_schools
from earlywarn.features.labels import create_labels, data_end
from earlywarn.features.leaving_out import NOBODY, LeftOut, leave_out
from earlywarn.features.moments import Moment, Tables, calendar_of
from earlywarn.features.outcomes import Outcome, check_outcome
from earlywarn.features.peers import (
    adopt_medians,
    compared_with_peers,
    create_medians,
    empty_snapshot,
    medians_join,
    snapshot,
)
from earlywarn.features.plan import Measure, catalog_of, code_entry, code_labels, plan_measures
from earlywarn.features.ranks import (
    adopt_percentiles,
    create_percentiles,
    percentile_snapshot,
    percentiles_join,
    rank_sql,
    ranked_measures,
)
from earlywarn.tables import Contract, literal, quote

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Matrix:
    """Features and labels, with what reasons and audits need beside them; row i is the same unit in each.

    Attributes:
        rows: Who and when: the unit, student, school, grade, period, moment and as-of date.
        features: One column of floats per feature in the catalog's order, float64 or, built by portions, the
            narrowest that holds each value exactly; NaN is missing.
        codes: The text columns that an encoding turns into features.
        labels: `label` (true, false or null for not yet known), `label_known_on`, `label_value`,
            `happened_on`; or None.
        groups: What audits compare; never features.
        peers: The peer snapshot: one row per group, date and feature.
        catalog: What each feature means.
        code_entries: What each column of `codes` means.
        left_out: How many rows and units the cohort left out by its `without`.
        code_labels: What the codes of each column of `codes` are called, by language.
    """

    rows: pa.Table
    features: pa.Table
    codes: pa.Table
    labels: pa.Table | None
    groups: pa.Table
    peers: pa.Table
    catalog: Catalog
    code_entries: Mapping[str, FeatureEntry]
    left_out: LeftOut = NOBODY
    code_labels: Mapping[str, Labels] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def take(self, mask: np.ndarray) -> Matrix:
        """Return the rows where a boolean mask is true, or at the given positions, in that order."""
        chosen = np.flatnonzero(mask) if mask.dtype == np.bool_ else mask
        return replace(
            self,
            rows=self.rows.take(chosen),
            features=self.features.take(chosen),
            codes=self.codes.take(chosen),
            labels=None if self.labels is None else self.labels.take(chosen),
            groups=self.groups.take(chosen),
        )


def build_matrix(
    tables: Tables,
    contract: Contract,
    indicators: Indicators,
    *,
    cohort: CohortSpec,
    moments: Sequence[Moment],
    families: Sequence[str] | None = None,
    outcome: Outcome | None = None,
    peers: pa.Table | None = None,
    before: date | None = None,
    schools: Sequence[str] | None = None,
    only_the_cohort: bool = False,
    progress: Progress = no_progress,
) -> Matrix:
    """Build the matrix of a cohort on a set of moments.

    Args:
        tables: The network's validated tables.
        contract: What they hold.
        indicators: The declared indicators.
        cohort: Which members are scored.
        moments: The as-of dates, with their periods.
        families: The families of indicators allowed; all of them by default.
        outcome: What the labels say; none by default.
        peers: A kept peer snapshot to compare with, instead of the members in `tables`.
        before: The first day that the tables know nothing of; by default the day after the last delivery. A
            label that is decided later is not yet known.
        schools: Members of these schools only; by default of all.
        only_the_cohort: Leave out whoever nobody of the cohort is compared with. The cohort's values are the
            same, in less time; the peer snapshot then holds the cohort's groups only.
        progress: Told after each table.

    Raises:
        AsOfError: There is no moment to look at.
        DeclarationError: The cohort or the outcome does not fit the tables.
    """
    if not moments:
        raise AsOfError("there is no as-of date to look at", todo="ingest tables that reach one")
    measures = plan_measures(contract, indicators, families)
    condition = cohort.condition(contract)
    if outcome is not None:
        check_outcome(outcome, contract, [moment.name for moment in moments])
    with tables.connection.cursor() as connection:
        create_pairs(connection, contract, moments, calendar_of(contract, tables, moments))
        connection.execute(f"ALTER TABLE {PAIRS} ADD COLUMN _in_cohort BOOLEAN")
        connection.execute(f"UPDATE {PAIRS} SET _in_cohort = {condition}")
        left_out = leave_out(connection, contract, cohort)
        if schools is not None:
            keep_schools(connection, contract, schools)
        if only_the_cohort:
            keep_compared(connection, contract, measures)
        create_values(connection, contract, measures, progress=progress)
        kept = _compare(connection, contract, measures, peers)
        labels = None
        if outcome is not None:
            end = before or data_end(connection, contract)
            if end is None:
                raise TableError("no table has been taken in", todo="run `earlywarn ingest` first")
            create_labels(connection, contract, outcome, before=end)
            labels = _labels(connection)
        return Matrix(
            rows=_rows(connection, contract),
            features=_features(connection, contract, measures),
            codes=_codes(connection, measures),
            labels=labels,
            groups=_groups(connection, contract),
            peers=kept,
            catalog=catalog_of(contract, measures),
            code_entries={m.name: code_entry(m) for m in measures if m.is_code and m.levels is None},
            left_out=left_out,
            code_labels={
                m.name: code_labels(contract, m) for m in measures if m.is_code and m.levels is None
            },
        )


def _compare(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    peers: pa.Table | None,
) -> pa.Table:
    """Create `medians` and `percentiles` where peers are compared, and return the snapshot they hold."""
    compared, ranked = compared_with_peers(measures), ranked_measures(measures)
    if not compared and not ranked:
        return empty_snapshot(contract)
    if peers is not None:
        if compared:
            adopt_medians(connection, contract, compared, peers)
        if ranked:
            adopt_percentiles(connection, contract, ranked, peers)
        return peers
    parts = []
    if compared:
        create_medians(connection, contract, compared)
        parts.append(snapshot(connection, contract, compared))
    if ranked:
        create_percentiles(connection, contract, ranked)
        parts.append(percentile_snapshot(connection, contract, ranked))
    if not contract.network.ranked_among:
        return parts[0]
    return pa.concat_tables([empty_snapshot(contract), *parts], promote_options="default")


def _table(connection: duckdb.DuckDBPyConnection, shown: Sequence[str], source: str) -> pa.Table:
    """Return a selection over the cohort in the frozen order."""
    query = f"SELECT {', '.join(shown)}\nFROM {source}\nWHERE pair._in_cohort\nORDER BY pair._row"
    found: pa.Table = connection.sql(query).to_arrow_table()
    return found


def _rows(connection: duckdb.DuckDBPyConnection, contract: Contract) -> pa.Table:
    network = contract.network
    grade = f"pair.{quote(network.grade)}" if network.grade else "NULL::VARCHAR"
    shown = {name: f"pair.{quote(name)}" for name in network.unit}
    shown |= {
        "student_id": f"pair.{quote(network.student)}",
        "school_id": f"pair.{quote(network.school)}",
        "grade": grade,
        "period": "pair._period",
        "moment": "pair._moment",
        "as_of": "pair._as_of",
    }
    return _table(connection, [f"{sql} AS {quote(name)}" for name, sql in shown.items()], f"{PAIRS} AS pair")


def _features(
    connection: duckdb.DuckDBPyConnection, contract: Contract, measures: Sequence[Measure]
) -> pa.Table:
    """Return the features: base values, differences with the own past and the peers' median, and ranks."""
    shown = {PERIOD_DAY: "pair._period_day"}
    for measure in measures:
        value = f"own.{quote(measure.name)}"
        if measure.is_code:
            shown |= {f"{measure.name}__{entry}": sql for entry, sql in _levels(measure, value)}
            continue
        shown[measure.name] = rank_sql(measure, value) if measure.function == "rank" else value
        if "own_past" in measure.indicator.compare_with:
            shown[f"{measure.name}__own_past"] = f"{value} - own.{quote(measure.past_name)}"
        if "peers" in measure.indicator.compare_with:
            median = f"medians.{quote(measure.name)}"
            # A rank lies as far from its peers as from where their median would rank.
            other = rank_sql(measure, median) if measure.function == "rank" else median
            shown[f"{measure.name}__peers"] = f"{shown[measure.name]} - {other}"
    source = f"{PAIRS} AS pair\nJOIN all_values AS own USING (_row)"
    if compared_with_peers(measures):
        source += f"\n{medians_join(contract)}"
    if ranked_measures(measures):
        source += f"\n{percentiles_join(contract)}"
    cells = [f"coalesce(({sql})::DOUBLE, 'nan'::DOUBLE) AS {quote(name)}" for name, sql in shown.items()]
    return _table(connection, cells, source)


def _levels(measure: Measure, value: str) -> list[tuple[str, str]]:
    """Return a name and SQL for each declared level: 1, 0, or empty where there is no code."""
    return [(slug(level), f"({value} = {literal(level)})::INTEGER") for level in measure.levels or ()]


def _codes(connection: duckdb.DuckDBPyConnection, measures: Sequence[Measure]) -> pa.Table:
    names = [quote(measure.name) for measure in measures if measure.is_code and measure.levels is None]
    source = f"{PAIRS} AS pair\nJOIN all_values AS own USING (_row)"
    table = _table(connection, ["pair._row", *(f"own.{name}" for name in names)], source)
    return table.drop_columns(["_row"])


def _labels(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    columns = ("label", "label_known_on", "label_value", "happened_on")
    shown = [f"labels.{name}" for name in columns]
    return _table(connection, shown, f"{PAIRS} AS pair\nJOIN labels USING (_row)")


def _groups(connection: duckdb.DuckDBPyConnection, contract: Contract) -> pa.Table:
    found: pa.Table = connection.sql(groups_sql(contract, group_columns(contract))).to_arrow_table()
    return found.drop_columns(["_row"])
