"""The matrix: features and labels for a cohort on its as-of dates, in one frozen order.

One job: run the engine's steps for a set of moments and hand back Arrow tables. Grain of every table of a
matrix: one row per unit and as-of date of the cohort, sorted by unit and date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import AsOfError, TableError
from earlywarn.features.catalog import Catalog, FeatureEntry, Labels, slug
from earlywarn.features.cohort import PAIRS, CohortSpec, create_pairs, mark, mark_cohort
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


@dataclass(frozen=True)
class Wanted:
    """What one model asks of tables: who is scored, on which families of indicators, with which labels."""

    cohort: CohortSpec
    families: Sequence[str] | None = None
    outcome: Outcome | None = None


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
    (found,) = build_matrices(
        tables,
        contract,
        indicators,
        [Wanted(cohort, families, outcome)],
        moments=moments,
        peers=peers,
        before=before,
        schools=schools,
        only_the_cohort=only_the_cohort,
        progress=progress,
    )
    return found


def build_matrices(
    tables: Tables,
    contract: Contract,
    indicators: Indicators,
    wanted: Sequence[Wanted],
    *,
    moments: Sequence[Moment],
    peers: pa.Table | None = None,
    before: date | None = None,
    schools: Sequence[str] | None = None,
    only_the_cohort: bool = False,
    audited: bool = True,
    progress: Progress = no_progress,
) -> Iterator[Matrix]:
    """Build the matrices of several cohorts, one after the other, from one pass over the tables.

    Each is what `build_matrix` gives alone, to the last bit. The arguments are those of `build_matrix`;
    without `audited`, as whoever only scores asks, `groups` are not looked up and have no columns.
    """
    if not moments:
        raise AsOfError("there is no as-of date to look at", todo="ingest tables that reach one")
    plans = [plan_measures(contract, indicators, one.families) for one in wanted]
    for one in wanted:
        if one.outcome is not None:
            check_outcome(one.outcome, contract, [moment.name for moment in moments])
    measures = list({measure.name: measure for plan in plans for measure in plan}.values())
    conditions = [one.cohort.condition(contract) for one in wanted]
    with tables.connection.cursor() as connection:
        create_pairs(connection, contract, moments, calendar_of(contract, tables, moments))
        left_out = []
        for place, (one, condition) in enumerate(zip(wanted, conditions, strict=True)):
            mark_cohort(connection, place, condition)
            left_out.append(leave_out(connection, contract, one.cohort, mark(place)))
        if schools is not None:
            keep_schools(connection, contract, schools)
        if only_the_cohort:
            keep_compared(connection, contract, measures, [mark(place) for place in range(len(wanted))])
        create_values(connection, contract, measures, progress=progress)
        _create_compared(connection, contract, measures, peers)
        values = _values(connection, contract, measures, len(wanted), is_kept=peers is not None)
        for place, (one, plan) in enumerate(zip(wanted, plans, strict=True)):
            member = mark(place)
            own = _in_order(values, values[member])
            if place == len(wanted) - 1:
                del values
            yield Matrix(
                rows=_rows(connection, contract, member),
                features=own.select(list(_cells(plan))),
                codes=own.select(_code_names(plan)),
                labels=_labels(connection, contract, one.outcome, before, member),
                groups=_groups(connection, contract, member) if audited else pa.table({}),
                peers=_snapshot(connection, contract, plan, member if only_the_cohort else None)
                if peers is None
                else peers,
                catalog=catalog_of(contract, plan),
                code_entries={m.name: code_entry(m) for m in plan if m.is_code and m.levels is None},
                left_out=left_out[place],
                code_labels={
                    m.name: code_labels(contract, m) for m in plan if m.is_code and m.levels is None
                },
            )


def _create_compared(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    peers: pa.Table | None,
) -> None:
    """Create `medians` and `percentiles` where somebody is compared, from the members or a kept snapshot."""
    if compared := compared_with_peers(measures):
        if peers is None:
            create_medians(connection, contract, compared)
        else:
            adopt_medians(connection, contract, compared, peers)
    if ranked := ranked_measures(measures):
        if peers is None:
            create_percentiles(connection, contract, ranked)
        else:
            adopt_percentiles(connection, contract, ranked, peers)


def _snapshot(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    member: str | None,
) -> pa.Table:
    """Return what `medians` and `percentiles` hold of some measures, of the groups of a cohort or of all."""
    compared, ranked = compared_with_peers(measures), ranked_measures(measures)
    parts = [snapshot(connection, contract, compared, member)] if compared else []
    parts += [percentile_snapshot(connection, contract, ranked, member)] if ranked else []
    if len(parts) == 1 and not contract.network.ranked_among:
        return parts[0]
    return pa.concat_tables([empty_snapshot(contract), *parts], promote_options="default")


def _table(connection: duckdb.DuckDBPyConnection, shown: Sequence[str], source: str, member: str) -> pa.Table:
    """Return a selection over a cohort in the frozen order."""
    query = f"SELECT pair._row, {', '.join(shown)}\nFROM {source}\nWHERE pair.{member}"
    return _in_order(connection.sql(query).to_arrow_table())


def _in_order(found: pa.Table, mask: pa.ChunkedArray[Any] | None = None) -> pa.Table:
    """Return rows, or those where a mask is true, in the frozen order, copied only if need be."""
    rows = found["_row"].to_numpy()
    places = np.arange(len(rows)) if mask is None else np.flatnonzero(mask.to_numpy())
    # The engine mostly keeps the order in which the pairs stand, but promises it nowhere.
    order = places[np.argsort(rows[places], kind="stable")]
    found = found.drop_columns(["_row"])
    is_whole = len(order) == len(rows) and bool(np.all(order[1:] > order[:-1]))
    return (found if is_whole else found.take(order)).combine_chunks()


def _rows(connection: duckdb.DuckDBPyConnection, contract: Contract, member: str) -> pa.Table:
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
    columns = [f"{sql} AS {quote(name)}" for name, sql in shown.items()]
    return _table(connection, columns, f"{PAIRS} AS pair", member)


def _values(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    measures: Sequence[Measure],
    n_cohorts: int,
    *,
    is_kept: bool,
) -> pa.Table:
    """Return every feature and code of all cohorts at once, with the marks that tell the cohorts apart."""
    source = f"{PAIRS} AS pair\nJOIN all_values AS own USING (_row)"
    if compared_with_peers(measures):
        source += f"\n{medians_join(contract, is_kept=is_kept)}"
    if ranked_measures(measures):
        source += f"\n{percentiles_join(contract, is_kept=is_kept)}"
    marks = [f"pair.{mark(place)}" for place in range(n_cohorts)]
    shown = [
        f"coalesce(({sql})::DOUBLE, 'nan'::DOUBLE) AS {quote(name)}" for name, sql in _cells(measures).items()
    ]
    shown += [f"own.{quote(name)}" for name in _code_names(measures)]
    found: pa.Table = connection.sql(
        f"SELECT {', '.join(['pair._row', *marks, *shown])}\nFROM {source}\nWHERE {' OR '.join(marks)}"
    ).to_arrow_table()
    return found


def _cells(measures: Sequence[Measure]) -> dict[str, str]:
    """Return SQL of features: base values, differences with the own past and the peers' median, ranks."""
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
    return shown


def _levels(measure: Measure, value: str) -> list[tuple[str, str]]:
    """Return a name and SQL for each declared level: 1, 0, or empty where there is no code."""
    return [(slug(level), f"({value} = {literal(level)})::INTEGER") for level in measure.levels or ()]


def _code_names(measures: Sequence[Measure]) -> list[str]:
    return [measure.name for measure in measures if measure.is_code and measure.levels is None]


def _labels(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    outcome: Outcome | None,
    before: date | None,
    member: str,
) -> pa.Table | None:
    """Return the labels of an outcome, or nothing where none is asked for."""
    if outcome is None:
        return None
    end = before or data_end(connection, contract)
    if end is None:
        raise TableError("no table has been taken in", todo="run `earlywarn ingest` first")
    create_labels(connection, contract, outcome, before=end)
    columns = ("label", "label_known_on", "label_value", "happened_on")
    shown = [f"labels.{name}" for name in columns]
    return _table(connection, shown, f"{PAIRS} AS pair\nJOIN labels USING (_row)", member)


def _groups(connection: duckdb.DuckDBPyConnection, contract: Contract, member: str) -> pa.Table:
    query = groups_sql(contract, group_columns(contract), member)
    found: pa.Table = connection.sql(query).to_arrow_table()
    return found.drop_columns(["_row"])
