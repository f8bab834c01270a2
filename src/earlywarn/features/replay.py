"""Replay as-of dates: rebuild features from tables that hold nothing but what a date could know.

The engine reads whole tables and cuts them inside its queries (`asof.py`). Here, for a sample of students,
the tables themselves are cut first, by a rule written a second time on purpose: a slip in the one does not
pass in the other. Features of both must be equal to the last bit, and to those that a training will use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.features.cohort import CohortSpec
from earlywarn.features.indicators import Indicators
from earlywarn.features.matrix import Matrix, build_matrix
from earlywarn.features.moments import Moment, Tables
from earlywarn.tables import Contract, connect, quote

if TYPE_CHECKING:
    import duckdb

N_DATES = 3
N_STUDENTS = 300
"""At each date, of whole schools as far as they go, so that peers are replayed too."""

WHOLE = "whole"


@dataclass(frozen=True)
class Replay:
    """What a replay rebuilt, and what came out otherwise."""

    dates: tuple[date, ...]
    n_pairs: int
    n_cells: int
    n_hidden: int
    """Facts taken away because a date could not know them; without any, equal features prove nothing."""
    n_differing: int
    columns: tuple[str, ...]
    """The features that came out otherwise."""


@dataclass(frozen=True)
class _Sampled:
    """A sample's tables in an engine of their own: all rows in `whole`, and in `versions` what is shown."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract


def replay(
    tables: Tables,
    contract: Contract,
    indicators: Indicators,
    matrix: Matrix,
    *,
    cohort: CohortSpec,
    families: Sequence[str] | None = None,
) -> Replay:
    """Rebuild a sample of a matrix's rows from cut tables, and compare.

    Args:
        tables: The tables that the matrix was built from; the rows of `replayed_students` are enough.
        contract: What they hold.
        indicators: The declared indicators.
        matrix: What a training is about to use.
        cohort: Which members are scored.
        families: The families of indicators allowed.
    """
    dates = _dates(matrix)
    students, schools = _sample(matrix, dates)
    sampled = _Sampled(connect(), contract)
    try:
        _copy(tables, sampled, students, schools)

        def built(moments: Sequence[Moment]) -> Matrix:
            return build_matrix(
                sampled, contract, indicators, cohort=cohort, moments=moments, families=families
            )

        moments = {day: _moments(matrix, day) for day in dates}
        _show(sampled, None)
        whole = built([one for day in dates for one in moments[day]])
        n_pairs = n_cells = n_hidden = 0
        differing: dict[str, int] = {}
        for day in dates:
            n_hidden += _show(sampled, day)
            found = built(moments[day])
            used = _of(matrix, day, students)
            n_pairs += len(found)
            n_cells += len(found) * (found.features.num_columns + found.codes.num_columns)
            for other, plain_only in ((_of(whole, day, students), False), (used, True)):
                for name, n_rows in differences(found, other, plain_only=plain_only).items():
                    differing[name] = max(differing.get(name, 0), n_rows)
    finally:
        sampled.connection.close()
    worst = sorted(differing, key=lambda name: (-differing[name], name))
    return Replay(dates, n_pairs, n_cells, n_hidden, sum(differing.values()), tuple(worst))


def replayed_students(matrix: Matrix) -> list[str]:
    """Return whose rows a replay of a matrix reads, for whoever opens tables of them alone."""
    return _sample(matrix, _dates(matrix))[0]


def differences(found: Matrix, expected: Matrix, *, plain_only: bool = False) -> dict[str, int]:
    """Count the rows in which each column differs; `cohort` stands for rows that only one matrix has.

    Args:
        found: One matrix.
        expected: The other.
        plain_only: Leave out what compares a student with others, because the others are not the same.
    """
    if found.rows.to_pylist() != expected.rows.to_pylist():
        return {"cohort": max(len(found), len(expected))}
    entries = [
        entry.name
        for entry in found.catalog
        if not plain_only or (entry.comparison != "peers" and entry.function != "rank")
    ]
    counted = {
        name: int((_bits(found.features[name]) != _bits(expected.features[name])).sum()) for name in entries
    }
    for name in found.codes.column_names:
        pairs = zip(found.codes[name].to_pylist(), expected.codes[name].to_pylist(), strict=True)
        counted[name] = sum(one != other for one, other in pairs)
    return {name: n_rows for name, n_rows in counted.items() if n_rows}


def _bits(column: pa.ChunkedArray[pa.DoubleScalar]) -> np.ndarray:
    """Return a column's bits as float64, however narrow it is kept; a missing value is one of many NaN."""
    values = column.to_numpy().astype(np.float64)
    return np.where(np.isnan(values), np.nan, values).view(np.int64)


def _dates(matrix: Matrix) -> tuple[date, ...]:
    """Choose the first, the middle and the last of the as-of dates."""
    days: list[date] = sorted(day for day in pc.unique(matrix.rows["as_of"]).to_pylist() if day)
    places = np.linspace(0, len(days) - 1, min(N_DATES, len(days)))
    return tuple(days[round(place)] for place in places)


def _on(matrix: Matrix, day: date) -> pa.Table:
    return matrix.rows.filter(pc.equal(matrix.rows["as_of"], pa.scalar(day, pa.date32())))


def _moments(matrix: Matrix, day: date) -> list[Moment]:
    found = _on(matrix, day).group_by(["period", "moment"]).aggregate([]).to_pylist()
    return sorted(
        (Moment(one["period"], one["moment"], day) for one in found),
        key=lambda one: (one.as_of, one.period, one.name),
    )


def _sample(matrix: Matrix, dates: Iterable[date]) -> tuple[list[str], list[str]]:
    """Draw students of each date, school by school, by a hash: the order of rows decides nothing."""
    students: set[str] = set()
    schools: set[str] = set()
    for day in dates:
        here = _on(matrix, day)
        counted = here.group_by(["school_id"]).aggregate([("student_id", "count_distinct")]).to_pylist()
        n_taken = 0
        for one in sorted(counted, key=lambda row: (_hash(str(row["school_id"])), str(row["school_id"]))):
            if n_taken >= N_STUDENTS:
                break
            school = one["school_id"]
            inside = pc.is_null(here["school_id"]) if school is None else pc.equal(here["school_id"], school)
            found = [str(student) for student in pc.unique(here["student_id"].filter(inside)).to_pylist()]
            kept = sorted(found, key=lambda student: (_hash(student), student))
            students |= set(kept[: N_STUDENTS - n_taken])
            n_taken += len(kept)
            schools |= set() if school is None else {school}
    return sorted(students), sorted(schools)


def _hash(word: str) -> bytes:
    return blake2b(word.encode(), digest_size=8).digest()


def _of(matrix: Matrix, day: date, students: Sequence[str]) -> Matrix:
    """Return the rows of some students on a day."""
    rows = matrix.rows
    mask = pc.and_(
        pc.equal(rows["as_of"], pa.scalar(day, pa.date32())),
        pc.is_in(rows["student_id"], value_set=pa.array(students, rows["student_id"].type)),
    )
    return matrix.take(np.asarray(mask.to_numpy(zero_copy_only=False), dtype=bool))


def _copy(tables: Tables, sampled: _Sampled, students: Sequence[str], schools: Sequence[str]) -> None:
    """Copy the sample's rows of every table, and those of every school that a sampled student was in."""
    network = sampled.contract.network
    with tables.connection.cursor() as source:
        source.register("_replayed_students", pa.table({network.student: pa.array(students, pa.string())}))
        member = f"versions.{quote(network.membership)}"
        attended = source.execute(
            f"SELECT DISTINCT {quote(network.school)} FROM {member} "
            f"SEMI JOIN _replayed_students USING ({quote(network.student)})"
        ).fetchall()
        known = sorted({*schools, *(str(school) for (school,) in attended if school is not None)})
        source.register("_replayed_schools", pa.table({network.school: pa.array(known, pa.string())}))
        sampled.connection.execute(f"CREATE SCHEMA {WHOLE}")
        sampled.connection.execute("CREATE SCHEMA versions")
        for name in sampled.contract.tables:
            columns = sampled.contract.columns_of(name)
            joined = ""
            if network.student in columns:
                joined = f" SEMI JOIN _replayed_students USING ({quote(network.student)})"
            elif network.school in columns:
                joined = f" SEMI JOIN _replayed_schools USING ({quote(network.school)})"
            rows = source.sql(f"SELECT * FROM versions.{quote(name)}{joined}").to_arrow_table()
            sampled.connection.register("_rows", rows)
            sampled.connection.execute(f"CREATE TABLE {WHOLE}.{quote(name)} AS SELECT * FROM _rows")
            sampled.connection.unregister("_rows")
        source.unregister("_replayed_students")
        source.unregister("_replayed_schools")


def _show(sampled: _Sampled, day: date | None) -> int:
    """Show all rows, or only what a day could know; return how many facts that takes away."""
    n_hidden = 0
    for name in sampled.contract.tables:
        source, target = f"{WHOLE}.{quote(name)}", f"versions.{quote(name)}"
        # The calendar is no fact about anybody: the engine reads all of it, and so does the replay.
        if day is None or name == sampled.contract.network.periods.table:
            sampled.connection.execute(f"CREATE OR REPLACE VIEW {target} AS SELECT * FROM {source}")
            continue
        sql, hidden = cut_sql(sampled.contract, name, source, day)
        sampled.connection.execute(f"CREATE OR REPLACE VIEW {target} AS {sql}")
        n_hidden += int((sampled.connection.execute(hidden).fetchone() or (0,))[0])
    return n_hidden


def cut_sql(contract: Contract, name: str, source: str, day: date) -> tuple[str, str]:
    """Return SQL of a table as a day could know it, and SQL that counts what the day could not know.

    Rows that became visible on the day or later are gone, what took their place since is not known to have,
    and a column revealed on the day or later is empty.
    """
    reveals = contract.reveals(name)
    replaced = {
        column: f"CASE WHEN {known_on} < DATE '{day}' THEN {quote(column)} END AS {quote(column)}"
        for column, known_on in reveals.items()
    }
    late = [
        f"count({quote(column)}) FILTER (WHERE {known_on} >= DATE '{day}')"
        for column, known_on in reveals.items()
    ]
    if not contract.network.has_dates:
        where, hidden = "TRUE", " + ".join(late) or "0"
    else:
        where = f"visible_from < DATE '{day}'"
        replaced["superseded_on"] = (
            f"CASE WHEN superseded_on < DATE '{day}' THEN superseded_on END AS superseded_on"
        )
        hidden = " + ".join([f"count(*) FILTER (WHERE visible_from >= DATE '{day}')", *late])
    shown = f"* REPLACE ({', '.join(replaced.values())})" if replaced else "*"
    return f"SELECT {shown} FROM {source} WHERE {where}", f"SELECT {hidden} FROM {source}"
