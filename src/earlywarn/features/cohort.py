"""Who is asked about: the members of the network on each as-of date, and which of them form the cohort.

Grain of `pairs`: one row per unit and as-of date, numbered in the frozen order (unit, then date). Its columns
starting with an underscore are the engine's; the others are the membership row as it was known on the date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.declarations import Declared
from earlywarn.errors import DeclarationError
from earlywarn.features.asof import days_before, is_there, known_column, row_is_seen
from earlywarn.features.moments import Calendar, Moment
from earlywarn.features.windows import Window
from earlywarn.tables import Contract, Expression, parse_expression, quote

if TYPE_CHECKING:
    import duckdb

PAIRS = "pairs"
_PLACES: dict[str, pa.DataType] = {
    "_period": pa.string(),
    "_moment": pa.string(),
    "_as_of": pa.date32(),
    "_starts_on": pa.date32(),
    "_ends_on": pa.date32(),
    "_previous_starts_on": pa.date32(),
    "_previous_ends_on": pa.date32(),
    "_next_period": pa.string(),
    "_next_starts_on": pa.date32(),
    "_next_ends_on": pa.date32(),
}


class Without(Declared):
    """Units that are left out: those of whom a table had, by the as-of date, a row that meets a condition."""

    table: str
    """The table that says it."""
    where: str
    """Which rows of it leave a unit out."""
    fr: str
    """Why, in French."""
    en: str
    """Why, in English."""


class CohortSpec(Declared):
    """Which members are scored: a condition over the membership table's columns; all of them without one.

    `without` leaves out, and counts, units by what any table said of them by the as-of date.
    """

    where: str | None = None
    """A condition over the membership table's columns."""
    without: Without | None = None
    """Whom to leave out, counted, by what any table said of them by then."""

    def condition(self, contract: Contract) -> str:
        """Return the condition as SQL over `pairs`.

        Raises:
            DeclarationError: It is not of the grammar, or names a sensitive column.
        """
        if self.where is None:
            return "TRUE"
        return f"coalesce({cohort_expression(contract, contract.network.membership, self.where).sql}, FALSE)"


def cohort_expression(contract: Contract, table: str, text: str) -> Expression:
    """Return a condition that may shape a list.

    Raises:
        DeclarationError: It is not of the grammar, or names a sensitive column.
    """
    expression = parse_expression(text, contract.types_of(table), kind="boolean", where="[cohort]")
    columns = contract.columns_of(table)
    for name in sorted(expression.columns):
        if columns[name].sensitive:
            raise DeclarationError(
                f"'{name}' is sensitive: it audits, and never shapes a list", where="[cohort]"
            )
    return expression


def create_pairs(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    moments: Sequence[Moment],
    calendar: dict[str, Calendar],
) -> None:
    """Create `pairs`: every member of the network on every moment's date."""
    rows = [_place(moment, calendar[moment.period]) for moment in moments]
    places = pa.Table.from_pylist(rows, schema=pa.schema(_PLACES))
    connection.register("_places", places)
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE places AS
SELECT
  *,
  {days_before("_starts_on", "_as_of")} AS _period_day,
  {days_before("_previous_starts_on", "_as_of")} AS _previous_start_age,
  {days_before("_previous_ends_on", "_as_of")} AS _previous_end_age
FROM _places""")
    connection.unregister("_places")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {PAIRS} AS\n{pairs_sql(contract)}")


def first_day(connection: duckdb.DuckDBPyConnection, windows: Sequence[Window]) -> date | None:
    """Return the earliest day that windows reach back to at any place; None where one knows no end."""
    if not windows or any(window.is_open_ended for window in windows):
        return None
    ages = ", ".join(window.first_age for window in windows)
    found = connection.execute(f"SELECT min(_as_of - greatest({ages})::INTEGER) FROM places").fetchone()
    return found[0] if found else None


def mark(place: int) -> str:
    """Return the column of `pairs` that is true of the members of one of the cohorts asked for."""
    return f"_in_cohort_{place}"


def mark_cohort(connection: duckdb.DuckDBPyConnection, place: int, condition: str) -> None:
    """Mark in `pairs` whoever meets a cohort's condition."""
    connection.execute(f"ALTER TABLE {PAIRS} ADD COLUMN {mark(place)} BOOLEAN")
    connection.execute(f"UPDATE {PAIRS} SET {mark(place)} = {condition}")


def beside_cohort(columns: Sequence[str], in_cohort: str, *, as_of: str = "_as_of") -> str:
    """Return the SQL condition that a row's group holds, on its date, somebody of a cohort."""
    keys = ", ".join(quote(name) for name in columns)
    return f"({keys}, {as_of}) IN (SELECT ({keys}, _as_of) FROM {PAIRS} WHERE {in_cohort})"


def _place(moment: Moment, calendar: Calendar) -> dict[str, object]:
    previous, following = calendar.previous, calendar.following
    return {
        "_period": moment.period,
        "_moment": moment.name,
        "_as_of": moment.as_of,
        "_starts_on": calendar.period.starts_on,
        "_ends_on": calendar.period.ends_on,
        "_previous_starts_on": previous and previous.starts_on,
        "_previous_ends_on": previous and previous.ends_on,
        "_next_period": following and following.name,
        "_next_starts_on": following and following.starts_on,
        "_next_ends_on": following and following.ends_on,
    }


def pairs_sql(contract: Contract) -> str:
    """Return SQL for every member on every date of `places`.

    A unit with several open membership rows is where the latest of them says; rows that start on the same day
    are told apart by their key, so that the order of rows decides nothing.
    """
    network = contract.network
    columns = contract.columns_of(network.membership)
    reveals = contract.reveals(network.membership)
    known = {name: known_column("stay", name, "place._as_of", reveals) for name in columns}
    shown = ",\n    ".join(f"{sql} AS {quote(name)}" for name, sql in known.items())
    unit = ", ".join(quote(name) for name in network.unit)
    ties = ", ".join(f"{quote(name)} DESC" for name in contract.key_of(network.membership))
    key = network.periods.key
    own_period = f"\n    AND stay.{quote(key)} = place._period" if key and key in columns else ""
    there, latest = "TRUE", ties
    if network.has_dates:
        there = is_there(known[network.starts_on], known[network.left_on], "place._as_of")
        latest = f"{quote(network.starts_on)} DESC, {ties}"
    return f"""WITH stays AS (
  SELECT
    place.*,
    {shown}
  FROM places AS place
  JOIN versions.{quote(network.membership)} AS stay
    ON {row_is_seen(contract, "stay", "place._as_of")}{own_period}
  WHERE {there}
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY {unit}, _as_of, _period ORDER BY {latest}
  ) AS _rank
  FROM stays
)
SELECT
  * EXCLUDE (_rank),
  row_number() OVER (ORDER BY {unit}, _as_of, _period) - 1 AS _row
FROM ranked
WHERE _rank = 1"""


def create_presence(
    connection: duckdb.DuckDBPyConnection, contract: Contract, windows: Sequence[Window]
) -> None:
    """Create `presence`: for each pair, when its unit came and whether it was there in windows of the past.

    A zero is only known for a time at which the unit was a member.
    """
    network = contract.network
    if not network.has_dates:
        # No window of days can be asked for, so nobody needs to have come on a day.
        nobody = f"CREATE OR REPLACE TEMP TABLE presence AS SELECT _row, NULL::DATE AS _came_on FROM {PAIRS}"
        connection.execute(nobody)
        return
    reveals = contract.reveals(network.membership)
    columns = contract.columns_of(network.membership)
    starts_on = known_column("stay", network.starts_on, "pair._as_of", reveals)
    left_on = known_column("stay", network.left_on, "pair._as_of", reveals)
    unit = " AND ".join(
        f"stay.{quote(name)} = pair.{quote(name)}" for name in network.unit if name in columns
    )
    came, left = days_before(starts_on, "pair._as_of"), days_before(left_on, "pair._as_of")
    overlaps = "".join(
        f",\n  coalesce(bool_or({came} >= {window.last_age}"
        f" AND ({left} IS NULL OR {left} <= {window.first_age})), FALSE) AS _there_{window.key}"
        for window in windows
    )
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE presence AS
SELECT pair._row, min({starts_on}) AS _came_on{overlaps}
FROM {PAIRS} AS pair
JOIN versions.{quote(network.membership)} AS stay ON {unit}
WHERE {row_is_seen(contract, "stay", "pair._as_of")}
GROUP BY pair._row""")
