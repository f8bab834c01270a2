"""Lay down who was where and when, as it was known on a day: what every figure is counted over.

Grain of `q_stays`: one row per unit and stay, stays of a unit never overlapping, so that a fact falls into
one school at most. `q_schools`: one row per school with students that day or in the period before it.
`q_days`: one row per table of days, school and day of class, with how many students were there; the last days
are left out, for what happened on them may still be on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from earlywarn.errors import AsOfError
from earlywarn.features import (
    calendar_of,
    event_column,
    is_there,
    known_column,
    moments_on,
    row_is_known,
    shared_columns,
)
from earlywarn.quality.subjects import Subject, day_table
from earlywarn.tables import Contract, Tables, literal, quote

DAYS_TO_RECORD = 7
FOREVER = "DATE '9999-12-31'"


@dataclass(frozen=True)
class Window:
    """The part of a period that has passed on an as-of date: first and last day included."""

    as_of: date
    first: date
    last: date

    @property
    def months(self) -> list[date]:
        """Return the first day of every month that the window touches."""
        months, month = [], self.first.replace(day=1)
        while month <= self.last:
            months.append(month)
            month = (month + timedelta(days=32)).replace(day=1)
        return months


def window_of(tables: Tables, as_of: date) -> Window:
    """Return the window of the period, or periods, that a day lies in.

    Raises:
        AsOfError: The day lies in no period.
    """
    contract = tables.contract
    # Where there are stages and no dates, everything that is known at last is looked at.
    stage = None if contract.network.has_dates else contract.network.stages[-1]
    moments = moments_on(contract, tables, as_of, stage=stage)
    calendar = calendar_of(contract, tables, moments)
    first = min(calendar[moment.period].period.starts_on for moment in moments)
    seen_from = moments[0].as_of if stage else as_of
    return Window(seen_from, first, seen_from - timedelta(days=1))


def lay_places(tables: Tables, window: Window, told: Sequence[Subject]) -> None:
    """Create `q_stays`, `q_schools`, `q_months` and `q_days`.

    Raises:
        AsOfError: Nobody was anywhere in the window.
    """
    connection, contract = tables.connection, tables.contract
    create_table(connection, "q_stays", _stays_sql(contract, window))
    create_table(connection, "q_schools", _schools_sql(contract, window))
    found = connection.execute("SELECT count(*) FROM q_schools").fetchall()
    if not found[0][0]:
        raise AsOfError(
            f"nobody is enrolled between {window.first} and {window.last}",
            todo="name another day with --as-of",
        )
    create_table(connection, "q_months", _months_sql(window))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE q_days (_table VARCHAR, _school VARCHAR, day DATE, n_students BIGINT)"
    )
    for exposure in sorted({subject.exposure for subject in told if subject.exposure}):
        connection.execute(f"INSERT INTO q_days {_days_sql(contract, window, exposure)}")


def create_table(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Create a table of this run, in place of an earlier one."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")


def as_of_sql(window: Window) -> str:
    """Return the SQL of the day that is looked from."""
    return f"DATE '{window.as_of}'"


def within(day: str, window: Window) -> str:
    """Return the SQL condition that a day lies in the window."""
    return f"{day} BETWEEN DATE '{window.first}' AND DATE '{window.last}'"


def _stays_sql(contract: Contract, window: Window) -> str:
    """Return the stays that touch the window; the next stay of a unit ends the one before it."""
    network, at = contract.network, as_of_sql(window)
    membership = network.membership
    reveals, key = contract.reveals(membership), contract.key_of(membership)
    grade = (network.grade,) if network.grade else ()
    dates = (network.starts_on, network.left_on) if network.has_dates else ()
    columns = dict.fromkeys((*network.unit, network.school, *grade, *dates, *key, *_places(contract)))
    shown = ", ".join(f"{known_column('stay', name, at, reveals)} AS {quote(name)}" for name in columns)
    unit = ", ".join(map(quote, network.unit))
    ties = ", ".join(f"{quote(name)} DESC" for name in key)
    carried = ", ".join(quote(name) for name in dict.fromkeys((*network.unit, *_places(contract))))
    own_grade = f"CAST({quote(network.grade)} AS VARCHAR)" if network.grade else "CAST(NULL AS VARCHAR)"
    first, last = f"DATE '{window.first}'", f"DATE '{window.last}'"
    starts_on, left_on = (
        (known_column("stay", name, at, reveals) for name in dates) if dates else ("NULL", "NULL")
    )
    return f"""WITH known AS (
  SELECT {shown}, coalesce({starts_on}, {first}) AS _from, coalesce({left_on}, {FOREVER}) AS _until
  FROM versions.{quote(membership)} AS stay
  WHERE {row_is_known("stay", at)}
), single AS (
  SELECT * FROM known WHERE {quote(network.school)} IS NOT NULL
  QUALIFY row_number() OVER (PARTITION BY {unit}, _from ORDER BY {ties}) = 1
), ended AS (
  SELECT *, least(
    _until,
    coalesce(lead(_from) OVER (PARTITION BY {unit} ORDER BY _from) - 1, {FOREVER})
  ) AS _to FROM single
)
SELECT {carried}, CAST({quote(network.school)} AS VARCHAR) AS _school, {quote(network.student)} AS _student,
  {own_grade} AS _grade, _from, _to
FROM ended WHERE _to >= greatest(_from, {first}) AND _from <= {last}"""


def _places(contract: Contract) -> tuple[str, ...]:
    """Return the membership's columns by which days of class find their schools."""
    found: dict[str, None] = {}
    for table in contract.tables.values():
        exposure = day_table(contract, table.exposure)
        found |= dict.fromkeys(shared_columns(contract, exposure) if exposure else ())
    return tuple(found)


def _schools_sql(contract: Contract, window: Window) -> str:
    """Return the schools with their name, their level and how many students are there on the day."""
    network = contract.network
    counted = (
        "SELECT _school, count(DISTINCT _student) "
        f"FILTER (WHERE {is_there('_from', '_to', as_of_sql(window))}) AS n_students "
        "FROM q_stays GROUP BY _school"
    )
    schools = network.scope.schools
    if schools is None or network.school not in contract.columns_of(schools):
        return f"SELECT _school, _school AS name, '' AS level, n_students FROM ({counted})"
    columns = contract.columns_of(schools)
    name = f"school.{quote('name')}" if "name" in columns else "NULL"
    level = f"CAST(school.{quote(network.level)} AS VARCHAR)" if network.level else "NULL"
    return (
        f"SELECT _school, any_value(coalesce({name}, _school)) AS name, "
        f"any_value(coalesce({level}, '')) AS level, any_value(n_students) AS n_students "
        f"FROM ({counted}) LEFT JOIN versions.{quote(schools)} AS school "
        f"ON CAST(school.{quote(network.school)} AS VARCHAR) = _school "
        f"AND {row_is_known('school', as_of_sql(window))} GROUP BY _school"
    )


def _months_sql(window: Window) -> str:
    months = ", ".join(f"(DATE '{month}')" for month in window.months)
    return (
        "SELECT _school, month, count(DISTINCT _student) AS n_students "
        f"FROM q_stays, (VALUES {months}) AS months(month) "
        "WHERE _from <= last_day(month) AND _to >= month GROUP BY ALL"
    )


def _days_sql(contract: Contract, window: Window, exposure: str) -> str:
    """Return the days of class of each school, with how many students were there on each."""
    shared = shared_columns(contract, exposure)
    event = f"CAST(day.{quote(event_column(contract, exposure) or '')} AS DATE)"
    keys = ", ".join(map(quote, shared))
    same = " AND ".join(f"place.{quote(name)} = day.{quote(name)}" for name in shared)
    return f"""WITH days AS (
  SELECT DISTINCT place._school, {event} AS day
  FROM (SELECT DISTINCT _school, {keys} FROM q_stays) AS place
  JOIN versions.{quote(exposure)} AS day ON {same}
  WHERE {row_is_known("day", as_of_sql(window))} AND {within(event, window)}
    AND {event} <= DATE '{window.last - timedelta(days=DAYS_TO_RECORD)}'
), changes AS (
  SELECT _school, day, sum(change) AS change FROM (
    SELECT _school, _from AS day, 1 AS change FROM q_stays
    UNION ALL SELECT _school, _to + 1, -1 FROM q_stays WHERE _to < {FOREVER}
  ) GROUP BY ALL
), present AS (
  SELECT _school, day, sum(change) OVER (PARTITION BY _school ORDER BY day) AS n_students FROM changes
)
SELECT {literal(exposure)} AS _table, days._school, days.day, CAST(coalesce(present.n_students, 0) AS BIGINT)
FROM days ASOF LEFT JOIN present ON days._school = present._school AND days.day >= present.day"""
