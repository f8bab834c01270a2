"""A tiny network in memory: a declared contract, and rows put straight into `versions.<table>`.

Rows are history loaded at the start (known from their own day); a row's system columns (`_received_on`,
`_backfill`, `_superseding`, `_batch`) may be given where a test needs others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date

from earlywarn.tables import ALWAYS_DAY, Contract, quote
from earlywarn.tables.versions import SYSTEM_COLUMNS, Stored, Tables, connect, create_versions

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


def tiny_contract(text: str = CONTRACT) -> Contract:
    """Return the tiny network's contract."""
    return Contract.model_validate(tomllib.loads(text))


def memory_tables(
    rows: Rows, contract: Contract | None = None, *, received_on: date = date(2030, 1, 1), threads: int = 1
) -> Tables:
    """Return tables that hold the given rows, every declared table included."""
    contract = contract or tiny_contract()
    connection = connect(threads=threads)
    stored = {}
    for name, table in contract.tables.items():
        if not table.is_read:
            continue
        types = {column: declared.sql_type for column, declared in table.stored.items()} | SYSTEM_COLUMNS
        columns = ", ".join(f"{quote(column)} {kind}" for column, kind in types.items())
        raw = quote(f"given_{name}")
        connection.execute(f"CREATE TABLE {raw} ({columns})")
        values = [
            _stored_row(contract, name, row, line, received_on)
            for line, row in enumerate(rows.get(name, ()), 1)
        ]
        if values:
            marks = ", ".join("?" for _ in types)
            connection.executemany(
                f"INSERT INTO {raw} VALUES ({marks})",
                [[value.get(column) for column in types] for value in values],
            )
        stored[name] = Stored(f"SELECT * FROM {raw}", any(value["_superseding"] for value in values))
    create_versions(connection, contract, stored)
    return Tables(connection, contract)


def _stored_row(
    contract: Contract, table: str, row: Mapping[str, object], line: int, received_on: date
) -> dict[str, object]:
    declared = contract.tables[table]
    full = {name: row.get(name, row.get(str(column.default))) for name, column in declared.stored.items()}
    system = {
        "_known_on": ALWAYS_DAY if declared.known_on == "always" else full[declared.known_on],
        "_received_on": received_on,
        "_backfill": True,
        "_superseding": False,
        "_batch": 1,
        "_file": 1,
        "_line": line,
    }
    return {**full, **{name: row.get(name, value) for name, value in system.items()}}


def stay(student: str, school: str = "north", **changes: object) -> dict[str, object]:
    """Return a stay since September 2024, with what is changed."""
    row = {"student_id": student, "school_id": school, "grade": "sec1", "starts_on": date(2024, 9, 1)}
    return {**row, **changes}
