"""A tiny network in memory: a declared contract, and rows put straight into `versions.<table>`.

Rows are history loaded at the start (known from their own day); a row's system columns (`_received_on`,
`_backfill`, `_superseding`, `_batch`) may be given where a test needs others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date

from earlywarn.features import Indicators
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
due_on = { type = "date", lookup = "tasks.due_on" }
lateness = { type = "integer", derive = "handed_on - due_on" }

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

INDICATORS = """
[[indicator]]
name = "absent"
family = "attendance"
table = "absences"
value = "days"
functions = ["sum", "count", "max", "days_since", "trend", "share"]
windows = ["30d", "period"]
compare_with = ["own_past", "peers"]
direction = "up"
text = { fr = "{value} jours d’absence {window}", en = "{value} days of absence {window}" }

[[indicator]]
name = "absent_before"
family = "attendance"
table = "absences"
where = "category = 'unexcused'"
value = "days"
functions = ["sum", "share"]
windows = ["previous_period"]
direction = "up"
text = { fr = "{value} jours d’absence {window}", en = "{value} days of absence {window}" }

[[indicator]]
name = "mark"
family = "marks"
table = "marks"
value = "mark"
functions = ["mean", "min", "last", "trend", "count"]
windows = ["period", "all"]
compare_with = ["peers"]
direction = "down"
text = { fr = "moyenne de {value} {window}", en = "mean of {value} {window}" }

[[indicator]]
name = "due"
family = "work"
table = "due"
where = "handed_on is null"
value = "weight"
functions = ["sum", "count", "share"]
windows = ["all"]
compare_with = ["peers"]
direction = "up"
text = { fr = "{value} travaux non remis", en = "{value} tasks not handed in" }

[[indicator]]
name = "late"
family = "work"
table = "handed"
value = "lateness"
functions = ["sum", "last"]
windows = ["90d", "all"]
direction = "up"
text = { fr = "{value} jours de retard", en = "{value} days late" }

[[indicator]]
name = "clicks_{column}"
family = "activity"
table = "clicks"
where = "kind = '{column}'"
value = "clicks"
functions = ["sum"]
windows = ["60d", "all"]
columns = ["forum", "quiz"]
direction = "down"
text = { fr = "{value} clics : {column}", en = "{value} clicks: {column}" }

[[indicator]]
name = "path"
family = "context"
table = "students"
value = "path"
functions = ["one_of"]
windows = ["all"]
min_count = 2
direction = "none"
text = { fr = "parcours {code}", en = "path {code}" }

[[indicator]]
name = "grade"
family = "context"
table = "stays"
value = "grade"
functions = ["one_of"]
windows = ["all"]
direction = "none"
text = { fr = "niveau {code}", en = "grade {code}" }

[[indicator]]
name = "left"
family = "context"
table = "stays"
where = "exit_type = 'transferred'"
functions = ["count"]
windows = ["all"]
direction = "up"
text = { fr = "{value} départs", en = "{value} departures" }

[[indicator]]
name = "places"
family = "context"
table = "schools"
value = "n_places"
functions = ["max"]
windows = ["all"]
direction = "none"
text = { fr = "{value} places", en = "{value} places" }
"""

Row = Mapping[str, object]
Rows = Mapping[str, Sequence[Row]]


def tiny_contract(text: str = CONTRACT) -> Contract:
    """Return the tiny network's contract."""
    return Contract.model_validate(tomllib.loads(text))


def tiny_indicators(text: str = INDICATORS) -> Indicators:
    """Return the tiny network's indicators."""
    return Indicators.model_validate(tomllib.loads(text))


def tiny_extracts(contract: Contract) -> str:
    """Return the mapping of files that are named and headed as the tables are."""
    blocks = ["[defaults]", 'separator = ","', 'decimal = "."', 'date_format = ["%Y-%m-%d"]']
    for name, table in contract.tables.items():
        if table.is_read:
            given = [column for column, declared in table.columns.items() if declared.is_given]
            blocks += ["", "[[extract]]", f'table = "{name}"', f'file = "{name}.csv"', "optional = true"]
            blocks += ["[extract.columns]", *(f'{column} = "{column}"' for column in given)]
    return "\n".join(blocks) + "\n"


def tiny_file(contract: Contract, table: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Return a table's rows as the text of a file."""
    columns = contract.tables[table].columns
    given = [column for column, declared in columns.items() if declared.is_given]
    lines = [",".join("" if row.get(name) is None else str(row[name]) for name in given) for row in rows]
    return "\n".join([",".join(given), *lines]) + "\n"


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
        "_deleted": False,
        "_batch": 1,
        "_file": 1,
        "_line": line,
    }
    return {**full, **{name: row.get(name, value) for name, value in system.items()}}


def stay(student: str, school: str = "north", **changes: object) -> dict[str, object]:
    """Return a stay since September 2024, with what is changed."""
    row = {"student_id": student, "school_id": school, "grade": "sec1", "starts_on": date(2024, 9, 1)}
    return {**row, **changes}
