"""A network whose records are told by hand: twelve like schools, some with a habit of their own.

Schools s01 to s12 (primary) have 40 students each, s13 has 8, s14 has 20; x01 to x03 are secondary. There is
class from Monday to Friday, 1 September to 19 November 2026; on each day of class six students of a school
are absent (three excused, two unexcused, one late), recorded on the next day; each student has two marks of
10 November. What differs:

- s06 has no record in `files` for 11 students
- s07 records no late arrivals, but writes them as excused
- s08 has 12 students in no group
- s09 lacks the mathematics mark of 5 students, s10 of all
- s11 records ten days after the fact
- s12 records nothing on Fridays
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tests.builders.intake import Network, declare_tables

AS_OF = date(2026, 11, 20)
FIRST, LAST = date(2026, 9, 1), date(2026, 11, 19)
LIKE = tuple(f"s{n:02d}" for n in range(1, 13))
SIZES = {**dict.fromkeys(LIKE, 40), "s13": 8, "s14": 20, "x01": 40, "x02": 40, "x03": 40}
CONTRACT = """
[network]
name = "hand"
unit = ["student_id"]
student = "student_id"
membership = "stays"
school = "school_id"
grade = "grade"
starts_on = "starts_on"
left_on = "left_on"
level = "level"
[network.periods]
starts = "07-01"
[network.scope]
schools = "schools"
members = "groups"

[tables.schools]
grain = "one row per school"
key = ["school_id"]
known_on = "always"
[tables.schools.columns]
school_id = { type = "id", required = true }
name = { type = "text", required = true }
[tables.schools.columns.level]
type = "category"
allowed = ["primary", "secondary"]
label = { fr = "ordre", en = "level" }
labels = { fr = { primary = "primaire" }, en = { primary = "primary" } }

[tables.stays]
grain = "one row per student and first day in a school"
key = ["student_id", "starts_on"]
known_on = "starts_on"
[tables.stays.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
grade = { type = "category", allowed = ["p1", "p2"] }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }

[tables.files]
grain = "one row per student"
key = ["student_id"]
known_on = "always"
label = { fr = "dossiers", en = "files" }
[tables.files.columns]
student_id = { type = "id", required = true }

[tables.groups]
grain = "one row per student and group"
key = ["student_id", "group_id"]
known_on = "starts_on"
label = { fr = "groupes", en = "groups" }
[tables.groups.columns]
student_id = { type = "id", required = true }
group_id = { type = "id", required = true }
starts_on = { type = "date", required = true }

[tables.days]
grain = "one row per school and day of class"
key = ["school_id", "happened_on"]
known_on = "always"
label = { fr = "journées de classe", en = "days of class" }
[tables.days.columns]
school_id = { type = "id", required = true }
happened_on = { type = "date", required = true }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "recorded_on"
absent_means = "zero"
exposure = "days"
label = { fr = "absences", en = "absences" }
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
recorded_on = { type = "date", required = true }
[tables.absences.columns.category]
type = "category"
required = true
allowed = ["excused", "unexcused", "late"]
labels = { fr = { late = "retard" }, en = { late = "late arrival" } }

[tables.marks]
grain = "one row per student and subject"
key = ["student_id", "subject", "reported_on"]
known_on = "reported_on"
label = { fr = "résultats", en = "marks" }
[tables.marks.columns]
student_id = { type = "id", required = true }
reported_on = { type = "date", required = true }
mark = { type = "number", label = { fr = "résultat", en = "mark" } }
[tables.marks.columns.subject]
type = "category"
allowed = ["french", "maths"]
labels = { fr = { maths = "mathématique" }, en = { maths = "mathematics" } }
"""


def recording_network(home: Path) -> Network:
    """Return the network, declared and taken in as of its day."""
    network = declare_tables(home, CONTRACT)
    rows = {
        "schools": [_school(school) for school in SIZES],
        "stays": list(_stays()),
        "files": list(_files()),
        "groups": list(_groups()),
        "days": [{"school_id": school, "happened_on": day} for school in SIZES for day in days_of_class()],
        "absences": list(_absences()),
        "marks": list(_marks()),
    }
    network.take_in_rows(rows, received_on=AS_OF)
    return network


def days_of_class() -> list[date]:
    """Return every Monday to Friday of the term."""
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    return [day for day in days if day.weekday() < 5]


def students_of(school: str) -> list[str]:
    """Return a school's students."""
    return [f"{school}-{n:02d}" for n in range(SIZES[school])]


def _school(school: str) -> dict[str, object]:
    level = "secondary" if school.startswith("x") else "primary"
    return {"school_id": school, "name": f"École {school}", "level": level}


def _stays() -> Iterator[dict[str, object]]:
    for school in SIZES:
        for n, student in enumerate(students_of(school)):
            place = {"school_id": school, "grade": "p1" if n % 2 else "p2", "starts_on": date(2026, 8, 28)}
            yield {"student_id": student, **place}


def _files() -> Iterator[dict[str, object]]:
    for school in SIZES:
        for n, student in enumerate(students_of(school)):
            if school != "s06" or n >= 11:
                yield {"student_id": student}


def _groups() -> Iterator[dict[str, object]]:
    for school in SIZES:
        for n, student in enumerate(students_of(school)):
            if school != "s08" or n >= 12:
                yield {"student_id": student, "group_id": f"{school}-g", "starts_on": date(2026, 8, 28)}


def _absences() -> Iterator[dict[str, object]]:
    for school in SIZES:
        students = students_of(school)
        delay = timedelta(days=10 if school == "s11" else 1)
        for place, day in enumerate(days_of_class()):
            if school == "s12" and day.weekday() == 4:
                continue
            for n in range(6):
                category = ("excused", "excused", "excused", "unexcused", "unexcused", "late")[n]
                if school == "s07" and category == "late":
                    category = "excused"
                student = students[(6 * place + n) % len(students)]
                when = {"happened_on": day, "recorded_on": day + delay}
                yield {"student_id": student, **when, "category": category}


def _marks() -> Iterator[dict[str, object]]:
    for school in SIZES:
        for n, student in enumerate(students_of(school)):
            for subject in ("french", "maths"):
                mark: int | None = 60 + n
                if subject == "maths" and school == "s10":
                    continue
                if subject == "maths" and school == "s09" and n < 5:
                    mark = None
                given = {"subject": subject, "reported_on": date(2026, 11, 10), "mark": mark}
                yield {"student_id": student, **given}
