"""A tiny network in memory: a declared contract, and rows put straight into `versions.<table>`.

Rows are history loaded at the start (known from their own day); a row's `visible_from` and `superseded_on`
may be given where a test needs another.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from earlywarn.tables import ALWAYS_DAY, Contract, quote

CONTRACT = """
[network]
name = "tiny"
unit = ["student_id"]
student = "student_id"
membership = "stays"
school = "school_id"
grade = "grade"
starts_on = "starts_on"
left_on = "left_on"
peers = ["school_id", "grade"]
[network.periods]
starts = "07-01"

[tables.students]
grain = "one row per student"
key = ["student_id"]
known_on = "always"
[tables.students.columns]
student_id = { type = "id", required = true }
sex = { type = "category", allowed = ["F", "M"], sensitive = true }
path = { type = "text" }

[tables.schools]
grain = "one row per school"
key = ["school_id"]
known_on = "always"
[tables.schools.columns]
school_id = { type = "id", required = true }
n_places = { type = "integer" }

[tables.stays]
grain = "one row per student and first day in a school"
key = ["student_id", "starts_on"]
known_on = "starts_on"
[tables.stays.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
grade = { type = "category", allowed = ["sec1", "sec2"], labels = { fr = { sec1 = "1re secondaire" } } }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }
exit_type = { type = "category", known_on = "left_on", allowed = ["graduated", "transferred", "dropout"] }

[tables.days]
grain = "one row per school and day of class"
key = ["school_id", "happened_on"]
known_on = "happened_on"
[tables.days.columns]
school_id = { type = "id", required = true }
happened_on = { type = "date", required = true }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "recorded_on"
absent_means = "zero"
exposure = "days"
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
recorded_on = { type = "date", default = "happened_on" }
category = { type = "category", allowed = ["excused", "unexcused"] }
days = { type = "number" }

[tables.marks]
grain = "one row per student, subject and day"
key = ["student_id", "subject", "reported_on"]
known_on = "reported_on"
[tables.marks.columns]
student_id = { type = "id", required = true }
subject = { type = "category", allowed = ["french", "maths"] }
reported_on = { type = "date", required = true }
mark = { type = "number" }

[tables.tasks]
grain = "one row per school and task"
key = ["school_id", "task"]
known_on = "always"
[tables.tasks.columns]
school_id = { type = "id", required = true }
task = { type = "id", required = true }
due_on = { type = "date", required = true }
weight = { type = "number" }

[tables.handed]
grain = "one row per student and task"
key = ["student_id", "school_id", "task"]
known_on = "handed_on"
absent_means = "zero"
[tables.handed.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
task = { type = "id", required = true }
handed_on = { type = "date", required = true }

[tables.due]
grain = "one row per student and task due"
absent_means = "zero"
expected = { each = "tasks", match = "handed", known_on = "due_on" }

[tables.clicks]
grain = "one row per student, kind and step"
key = ["student_id", "kind", "step"]
known_on = "happened_on"
absent_means = "zero"
cumulative = { value = "clicks", over = ["kind"], order = "step" }
[tables.clicks.columns]
student_id = { type = "id", required = true }
kind = { type = "category", allowed = ["forum", "quiz"] }
step = { type = "integer", required = true }
happened_on = { type = "date", required = true }
clicks = { type = "integer" }
"""

Rows = Mapping[str, Sequence[Mapping[str, object]]]
_SYSTEM = {
    "visible_from": "DATE",
    "superseded_on": "DATE",
    "received_on": "DATE",
    "backfill": "BOOLEAN",
    "batch": "INTEGER",
    "line": "BIGINT",
}


@dataclass(frozen=True)
class MemoryTables:
    """Tables that hold `versions.<table>` in a DuckDB connection of their own."""

    connection: duckdb.DuckDBPyConnection


def tiny_contract(text: str = CONTRACT) -> Contract:
    """Return the tiny network's contract."""
    return Contract.model_validate(tomllib.loads(text))


def memory_tables(
    rows: Rows, contract: Contract | None = None, *, received_on: date = date(2030, 1, 1), threads: int = 1
) -> MemoryTables:
    """Return tables that hold the given rows, every declared table included."""
    contract = contract or tiny_contract()
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("CREATE SCHEMA versions")
    for name, table in contract.tables.items():
        if table.expected is not None:
            continue
        types = {column: declared.sql_type for column, declared in table.stored.items()} | _SYSTEM
        columns = ", ".join(f"{quote(column)} {kind}" for column, kind in types.items())
        connection.execute(f"CREATE TABLE versions.{quote(name)} ({columns})")
        values = []
        for line, row in enumerate(rows.get(name, ()), start=1):
            known = _known_on(contract, name, row)
            full = {
                "visible_from": known,
                "received_on": received_on,
                "backfill": True,
                "batch": 1,
                "line": line,
            }
            full |= row
            values.append([full.get(column) for column in types])
        if values:
            marks = ", ".join("?" for _ in types)
            connection.executemany(f"INSERT INTO versions.{quote(name)} VALUES ({marks})", values)
    return MemoryTables(connection)


def _known_on(contract: Contract, table: str, row: Mapping[str, object]) -> object:
    column = contract.tables[table].known_on
    if column == "always":
        return ALWAYS_DAY
    given = row.get(column)
    default = contract.tables[table].columns[column].default
    return given if given is not None else row.get(str(default))


def stay(student: str, school: str = "north", **changes: object) -> dict[str, object]:
    """Return a stay since September 2024, with what is changed."""
    row = {"student_id": student, "school_id": school, "grade": "sec1", "starts_on": date(2024, 9, 1)}
    return {**row, **changes}
