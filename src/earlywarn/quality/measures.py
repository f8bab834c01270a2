"""Count, school by school, what each table holds: one pass over a table, then plain sums.

Grain of `q_facts`: one row per row of the table in the window, with the school it falls in. Every statement
returns rows of (school, column, part, count, out of, value, days).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from earlywarn.features import is_there, known_column, row_is_known
from earlywarn.quality.figures import Kind, Measure
from earlywarn.quality.missing import missing_sql
from earlywarn.quality.places import DAYS_TO_RECORD, Window, as_of_sql, create_table, within
from earlywarn.quality.subjects import Subject
from earlywarn.tables import Contract, Tables, literal, quote

Counted = Iterator[tuple[str, Measure]]


def measured(tables: Tables, window: Window, subject: Subject) -> Counted:
    """Yield each school's measures of one table."""
    connection, contract = tables.connection, tables.contract
    create_table(connection, "q_facts", _facts_sql(contract, window, subject))
    name = subject.table
    if subject.is_record:
        without = "_student NOT IN (SELECT _student FROM q_facts WHERE _student IS NOT NULL)"
        yield from _counted(connection, "unplaced", name, _share_sql(without, _there(window)))
    elif not subject.is_counted:
        yield from _counted(connection, "empty", name, _EMPTY)
    else:
        yield from _counted(connection, "total", name, _TOTAL)
        yield from _counted(connection, "month", name, _month_sql())
    if subject.exposure:
        yield from _counted(connection, "weekday", name, _weekday_sql(subject.exposure))
        yield from _counted(connection, "silent", name, _silent_sql(subject.exposure))
    if subject.known:
        yield from _counted(connection, "late", name, _late_sql())
        yield from _counted(connection, "delay", name, _delay_sql())
    for column in subject.codes:
        yield from _counted(connection, "code", name, _code_sql(contract, subject, column), column=column)
    for column in subject.numbers:
        yield from _counted(
            connection, "missing", name, missing_sql(contract, window, subject, column), column=column
        )


def unplaced(tables: Tables, window: Window) -> Counted:
    """Yield how many of each school's students of the day have no grade, or are in no group."""
    connection, contract = tables.connection, tables.contract
    network = contract.network
    there = _there(window)
    if network.grade:
        sql = _share_sql("_grade IS NULL", there)
        yield from _counted(connection, "unplaced", network.membership, sql, column=network.grade)
    members = network.scope.members
    if members is not None and network.student in contract.columns_of(members):
        grouped = f"_student IN ({_grouped_sql(contract, window, members)})"
        sql = _share_sql(f"NOT {grouped}", there)
        yield from _counted(connection, "unplaced", members, sql)


def rows_nowhere(tables: Tables, subject: Subject) -> int:
    """Return how many rows of the window name a unit that was in no school; `q_facts` is the subject's."""
    if subject.has_school or subject.event is None:
        return 0
    found = tables.connection.execute("SELECT count(*) FROM q_facts WHERE _school IS NULL").fetchall()
    return int(found[0][0])


def _counted(
    connection: duckdb.DuckDBPyConnection, kind: Kind, table: str, sql: str, *, column: str = ""
) -> Counted:
    ordered = f"SELECT * FROM ({sql}) ORDER BY 1, 2"
    for school, part, count, out_of, value, n_days in connection.execute(ordered).fetchall():
        yield (
            str(school),
            Measure(kind, table, column, str(part), int(count), int(out_of), float(value), int(n_days)),
        )


def _facts_sql(contract: Contract, window: Window, subject: Subject) -> str:
    network, at = contract.network, as_of_sql(window)
    reveals, columns = contract.reveals(subject.table), contract.columns_of(subject.table)

    def known(name: str) -> str:
        return known_column("fact", name, at, reveals)

    event = f"CAST({known(subject.event)} AS DATE)" if subject.event else "CAST(NULL AS DATE)"
    known_on = f"CAST({known(subject.known)} AS DATE)" if subject.known else "CAST(NULL AS DATE)"
    student = known(network.student) if network.student in columns else "NULL"
    carried = dict.fromkeys((*subject.codes, *subject.numbers, *subject.groups))
    units = [name for name in network.unit if name in columns]
    shown = [f"{known(name)} AS {quote(name)}" for name in dict.fromkeys((*units, *carried))]
    shown += [f"{student} AS _student", f"{event} AS _on", f"{known_on} AS _known"]
    in_window = f" AND {within(event, window)}" if subject.event else ""
    source = f"FROM versions.{quote(subject.table)} AS fact"
    known_then = f"WHERE {row_is_known('fact', at)}{in_window}"
    if subject.has_school:
        school = f"CAST({known(network.school)} AS VARCHAR) AS _school"
        return f"SELECT {', '.join([school, *shown])} {source} {known_then}"
    same = " AND ".join(f"fact.{quote(name)} = stay.{quote(name)}" for name in network.unit)
    day = event if subject.event else f"DATE '{window.last}'"
    return (
        f"SELECT {', '.join(['stay._school', *shown])} {source} "
        f"LEFT JOIN q_stays AS stay ON {same} AND {day} BETWEEN stay._from AND stay._to {known_then}"
    )


_THERE = "there AS (SELECT _school, count(DISTINCT _student) AS n_there FROM q_stays GROUP BY _school)"
_EMPTY = (
    "WITH counted AS (SELECT _school, count(*) AS n FROM q_facts GROUP BY _school) "
    "SELECT _school, '', coalesce(n, 0), n_students, CAST(n IS NULL AS INTEGER), 0 "
    "FROM q_schools LEFT JOIN counted USING (_school)"
)
_TOTAL = f"""WITH {_THERE},
counted AS (SELECT _school, count(*) AS n FROM q_facts GROUP BY _school)
SELECT _school, '', coalesce(n, 0), n_there, coalesce(n, 0) / n_there, 0
FROM there LEFT JOIN counted USING (_school)"""


def _there(window: Window) -> str:
    """Return the students of each school on the day that is looked from."""
    today = is_there("_from", "_to", as_of_sql(window))
    return f"(SELECT DISTINCT _school, _student, _grade FROM q_stays WHERE {today})"


def _month_sql() -> str:
    return """WITH counted AS (
  SELECT _school, date_trunc('month', _on)::DATE AS month, count(*) AS n FROM q_facts GROUP BY ALL
)
SELECT _school, strftime(month, '%Y-%m'), coalesce(n, 0), n_students, coalesce(n, 0) / n_students, 0
FROM q_months LEFT JOIN counted USING (_school, month)"""


def _weekday_sql(exposure: str) -> str:
    """The rate of each weekday over the school's own: not how much is recorded, but when."""
    return f"""WITH counted AS (SELECT _school, _on AS day, count(*) AS n FROM q_facts GROUP BY ALL),
weekdays AS (
  SELECT _school, isodow(day) AS weekday, coalesce(sum(n), 0) AS n, sum(n_students) AS asked,
    count(*) AS n_days
  FROM q_days LEFT JOIN counted USING (_school, day) WHERE _table = {literal(exposure)} GROUP BY ALL
),
rates AS (
  SELECT *, sum(n) OVER (PARTITION BY _school) / nullif(sum(asked) OVER (PARTITION BY _school), 0) AS own
  FROM weekdays
)
SELECT _school, weekday, n, asked, n / asked / own, n_days FROM rates WHERE own > 0 AND asked > 0"""


def _silent_sql(exposure: str) -> str:
    """Days of class on which nothing was recorded at all: in the window, by month and by weekday."""
    return f"""WITH told AS (SELECT DISTINCT _school, _on AS day, TRUE AS is_told FROM q_facts), days AS (
  SELECT _school, day, is_told IS NULL AS is_silent
  FROM q_days LEFT JOIN told USING (_school, day)
  WHERE _table = {literal(exposure)} AND n_students > 0
), parts AS (
  SELECT _school, '' AS part, is_silent FROM days
  UNION ALL SELECT _school, strftime(day, '%Y-%m'), is_silent FROM days
  UNION ALL SELECT _school, CAST(isodow(day) AS VARCHAR), is_silent FROM days
)
SELECT _school, part, count(*) FILTER (WHERE is_silent), count(*), avg(CAST(is_silent AS INTEGER)), count(*)
FROM parts GROUP BY _school, part"""


def _late_sql() -> str:
    late = f"count(*) FILTER (WHERE _known - _on > {DAYS_TO_RECORD})"
    return (
        f"SELECT _school, '', {late}, count(*), {late} / count(*), 0 FROM q_facts "
        "WHERE _school IS NOT NULL AND _known IS NOT NULL AND _on IS NOT NULL GROUP BY _school"
    )


def _delay_sql() -> str:
    return (
        "SELECT _school, '', count(*), count(*), quantile_disc(_known - _on, 0.5), 0 FROM q_facts "
        "WHERE _school IS NOT NULL AND _known IS NOT NULL AND _on IS NOT NULL GROUP BY _school"
    )


def _code_sql(contract: Contract, subject: Subject, column: str) -> str:
    allowed = contract.columns_of(subject.table)[column].allowed or ()
    codes = ", ".join(f"({literal(code)})" for code in allowed)
    return (
        f"WITH {_THERE}, "
        f"counted AS (SELECT _school, {quote(column)} AS code, count(*) AS n FROM q_facts GROUP BY ALL) "
        f"SELECT _school, code, coalesce(n, 0), n_there, coalesce(n, 0) / n_there, 0 FROM there "
        f"CROSS JOIN (VALUES {codes}) AS codes(code) LEFT JOIN counted USING (_school, code)"
    )


def _share_sql(condition: str, there: str) -> str:
    return (
        f"SELECT _school, '', count(DISTINCT _student) FILTER (WHERE {condition}), count(DISTINCT _student), "
        f"count(DISTINCT _student) FILTER (WHERE {condition}) / count(DISTINCT _student), 0 "
        f"FROM {there} GROUP BY _school"
    )


def _grouped_sql(contract: Contract, window: Window, members: str) -> str:
    """Return the students who were in a group on the day, as it was known."""
    at, reveals = as_of_sql(window), contract.reveals(members)
    columns = contract.columns_of(members)
    open_on = [
        known_column("m", name, at, reveals) if name in columns else "NULL"
        for name in ("starts_on", "ends_on")
    ]
    student = f"m.{quote(contract.network.student)}"
    conditions = [row_is_known("m", at), f"{student} IS NOT NULL"]
    if "starts_on" in columns:
        conditions.append(is_there(open_on[0], open_on[1], at))
    return f"SELECT {student} FROM versions.{quote(members)} AS m WHERE {' AND '.join(conditions)}"
