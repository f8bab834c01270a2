"""Labels: true, false or not yet known, decided on one day and from what was visible on that day.

Grain of `labels`: one row per pair. `_decided_on` is the first day after the horizon (and its declared
delay); a label is computed from facts known on that day, and is empty where the tables end before it.
`happened_on` is the day of the outcome itself, where it came true and the tables tell it; it only measures
lead time, and nothing trains on it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from earlywarn.features.cohort import PAIRS
from earlywarn.features.history import history_sql
from earlywarn.features.outcomes import (
    BelowOutcome,
    EqualsOutcome,
    EventOutcome,
    ExitOutcome,
    Outcome,
    QuantileOutcome,
    columns_read,
)
from earlywarn.features.ranks import rank_labels
from earlywarn.tables import Contract, literal, parse_expression, quote

if TYPE_CHECKING:
    import duckdb

Form = tuple[str, str, str]
"""SQL of the label, of the value it is cut from, and of the day the outcome happened."""

_DECIDED = "pair._decided_on"
_NO_DAY = "NULL::DATE"
_NEVER = "DATE '9999-12-31'"
_CARRIED = (
    "_row",
    "_as_of",
    "_decided_on",
    "_period",
    "_starts_on",
    "_ends_on",
    "_next_period",
    "_next_starts_on",
    "_next_ends_on",
)


def create_labels(
    connection: duckdb.DuckDBPyConnection, contract: Contract, outcome: Outcome, *, before: date
) -> None:
    """Create `labels` for every pair, from tables that are complete before a day.

    A label whose day lies after `before` is not yet known, for true and false alike.
    """
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE horizons AS\n"
        f"SELECT *, CAST({_decided_on(outcome)} AS DATE) AS _decided_on FROM {PAIRS}"
    )
    decided, value, happened_on = _FORMS[type(outcome)](contract, outcome)
    no_fact = "FALSE" if isinstance(outcome, EventOutcome) else "NULL"
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE labels AS
WITH facts AS (
{_history(contract, outcome)}
),
decided AS (
SELECT _row, {decided} AS label, {value} AS label_value, {happened_on} AS happened_on
FROM facts
GROUP BY _row
)
SELECT
  pair._row,
  pair._decided_on AS label_known_on,
  pair._decided_on <= DATE '{before}' AS is_known,
  CASE WHEN NOT is_known THEN NULL WHEN decided._row IS NULL THEN {no_fact} ELSE decided.label END AS label,
  CASE WHEN is_known THEN decided.label_value END AS label_value,
  CASE WHEN is_known AND decided.label THEN decided.happened_on END AS happened_on
FROM horizons AS pair
LEFT JOIN decided USING (_row)""")
    if isinstance(outcome, QuantileOutcome) and outcome.ranked:
        rank_labels(connection, contract)


def data_end(connection: duckdb.DuckDBPyConnection, contract: Contract) -> date | None:
    """Return the day after the last delivery: the first day that the tables know nothing of."""
    read = [name for name, table in contract.tables.items() if table.is_read]
    union = " UNION ALL ".join(f"SELECT max(received_on) AS day FROM versions.{quote(name)}" for name in read)
    found = connection.execute(f"SELECT max(day) + 1 FROM ({union})").fetchall()
    return found[0][0] if found else None


def _decided_on(outcome: Outcome) -> str:
    delay = outcome.delay_days
    if isinstance(outcome, EventOutcome):
        end = "_ends_on + 1" if outcome.horizon_days is None else f"_as_of + {outcome.horizon_days}"
        return f"{end} + {delay}"
    if isinstance(outcome, ExitOutcome):
        return f"{_return_by(outcome)} + {1 + delay}"
    place = "_next" if "next_period" in outcome.at else ""
    if outcome.by is None:
        return f"{place}_ends_on + {1 + delay}"
    day = _day_of_period(f"{place}_starts_on", outcome.by)
    # What was decided before the as-of date is no warning.
    return f"CASE WHEN {day} >= _as_of THEN {day} END + {1 + delay}"


def _return_by(outcome: ExitOutcome) -> str:
    """Return SQL of the day of the following period by which a student must be back."""
    return _day_of_period("_next_starts_on", outcome.return_by)


def _day_of_period(start: str, day_of_year: str) -> str:
    """Return SQL of the first such day of the year in the period that begins on `start`."""
    month, day = day_of_year.split("-")
    this = f"make_date(year({start}), {int(month)}, {int(day)})"
    later = f"make_date(year({start}) + 1, {int(month)}, {int(day)})"
    return f"CASE WHEN {this} >= {start} THEN {this} ELSE {later} END"


def _history(contract: Contract, outcome: Outcome) -> str:
    columns = set(columns_read(outcome, contract))
    if isinstance(outcome, ExitOutcome):
        columns |= {contract.network.starts_on}
        columns |= set(contract.key_of(outcome.table))
        columns |= {contract.network.left_on} if contract.network.left_on else set()
    if isinstance(outcome, EqualsOutcome):
        columns |= _dating(contract, outcome)
    return history_sql(
        contract, outcome.table, sorted(columns), pairs="horizons", as_of=_DECIDED, carried=_CARRIED
    )


def _event(contract: Contract, outcome: EventOutcome) -> Form:
    end = f"_as_of + {outcome.horizon_days}" if outcome.horizon_days else "_ends_on + 1"
    happened = f"_on >= _as_of AND _on < {end}"
    kept = f"FILTER (WHERE {happened} AND {_where(contract, outcome)})"
    return f"count(*) {kept} > 0", "NULL::DOUBLE", f"min(_on) {kept}"


def _where(contract: Contract, outcome: Any) -> str:
    if outcome.where is None:
        return "TRUE"
    return parse_expression(outcome.where, contract.types_of(outcome.table), kind="boolean").sql


def _equals(contract: Contract, outcome: EqualsOutcome) -> Form:
    column = f"CAST({quote(outcome.column)} AS VARCHAR)"
    within = "".join(f" AND {_in_period(contract, outcome, at)}" for at in outcome.at)
    values = ", ".join(map(literal, outcome.values))
    order = f"ROW(coalesce(_on, DATE '0001-01-01'), {column})"
    kept = f"FILTER (WHERE {column} IS NOT NULL{within})"
    day = ", ".join((*(quote(name) for name in sorted(_dating(contract, outcome))), "_on"))
    return (
        f"arg_max({column}, {order}) {kept} IN ({values})",
        "NULL::DOUBLE",
        f"arg_max(coalesce({day}), {order}) {kept}",
    )


def _dating(contract: Contract, outcome: EqualsOutcome) -> set[str]:
    """Return the column that says on which day a value came about, where it is not the row's own day."""
    declared = contract.columns_of(outcome.table)[outcome.column].known_on
    named = outcome.happened_on or declared
    return {named} if named in contract.columns_of(outcome.table) else set()


def _in_period(contract: Contract, outcome: BelowOutcome | EqualsOutcome | QuantileOutcome, at: str) -> str:
    if not contract.network.has_dates:
        # The stages make one period, and every row is of it.
        return "TRUE"
    name, first, last = (
        ("_period", "_starts_on", "_ends_on")
        if at == "period"
        else ("_next_period", "_next_starts_on", "_next_ends_on")
    )
    if outcome.period is not None:
        return f"CAST({quote(outcome.period)} AS VARCHAR) = facts.{name}"
    return f"_on BETWEEN facts.{first} AND facts.{last}"


def _below(contract: Contract, outcome: BelowOutcome) -> Form:
    value = parse_expression(outcome.value, contract.types_of(outcome.table), kind="number").sql
    where = f"({_where(contract, outcome)}) AND ({value}) IS NOT NULL"
    within = [_in_period(contract, outcome, at) for at in outcome.at]
    failing = f"FILTER (WHERE {where} AND {value} < {outcome.mark} AND ({' OR '.join(within)}))"
    seen = " AND ".join(f"count(*) FILTER (WHERE {where} AND {period}) > 0" for period in within)
    return (
        f"(CASE WHEN count(*) {failing} > 0 THEN TRUE WHEN {seen} THEN FALSE END)",
        "NULL::DOUBLE",
        f"min(_on) {failing}",
    )


def _quantile(contract: Contract, outcome: QuantileOutcome) -> Form:
    value = parse_expression(outcome.value, contract.types_of(outcome.table), kind="number").sql
    exact = f"CAST({value} AS DECIMAL(18, 4))"
    within = " OR ".join(_in_period(contract, outcome, at) for at in outcome.at)
    kept = f"FILTER (WHERE ({_where(contract, outcome)}) AND ({within}))"
    mean = f"(sum({exact}) {kept})::DOUBLE / nullif(count({exact}) {kept}, 0)"
    return "NULL::BOOLEAN", mean, _NO_DAY


def _exit(contract: Contract, outcome: ExitOutcome) -> Form:
    types = contract.types_of(outcome.table)
    starts_on = quote(contract.network.starts_on)
    came_back = (
        f"count(*) FILTER (WHERE {starts_on} >= _next_starts_on AND {starts_on} <= {_return_by(outcome)}) > 0"
    )
    ties = ", ".join(quote(name) for name in contract.key_of(outcome.table))
    latest = f"ROW({starts_on}, {ties})) FILTER (WHERE {starts_on} < _next_starts_on)"
    said = {}
    for key in ("completed", "censored"):
        condition = parse_expression(getattr(outcome, key), types, kind="boolean").sql
        said[key] = f"coalesce(arg_max(coalesce({condition}, FALSE), {latest}, FALSE)"
    decided = (
        f"(CASE WHEN {came_back} THEN FALSE WHEN {said['completed']} THEN FALSE"
        f" WHEN {said['censored']} THEN NULL ELSE TRUE END)"
    )
    left_on = contract.network.left_on
    # arg_max passes over an empty day, and an earlier stay's day would stand for the latest one's.
    last_day = (
        f"nullif(arg_max(coalesce({quote(left_on)}, {_NEVER}), {latest}, {_NEVER})" if left_on else _NO_DAY
    )
    return decided, "NULL::DOUBLE", last_day


_FORMS: dict[type, Callable[[Contract, Any], Form]] = {
    EventOutcome: _event,
    EqualsOutcome: _equals,
    BelowOutcome: _below,
    QuantileOutcome: _quantile,
    ExitOutcome: _exit,
}
