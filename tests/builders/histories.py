"""Draw whole histories of the tiny network: facts in three deliveries, some of them not yet known on a date.

The day a fact becomes visible is computed here from the rule as it is written in the design, and not by the
code under test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

STUDENTS = tuple(f"s{number:02d}" for number in range(13))
RECEIVED = (date(2024, 12, 1), date(2025, 1, 10), date(2025, 3, 15))
AS_OF = (date(2024, 10, 15), date(2024, 11, 20), date(2025, 3, 15))
FIRST = date(2024, 9, 2)
SOURCES = ("students", "schools", "stays", "days", "absences", "marks", "tasks", "handed", "clicks")

Row = Mapping[str, object]


@dataclass(frozen=True)
class Fact:
    """One row of a table in one delivery."""

    table: str
    delivery: int
    row: Row

    @property
    def key(self) -> tuple[object, ...]:
        """Return what makes it the same fact in a later delivery."""
        return (self.table, *(self.row[name] for name in KEYS[self.table]))

    @property
    def visible_from(self) -> date:
        """Return the day from which it may be seen: only the first delivery is history.

        What is due is known from the start: a task handed in early is looked up before it was due.
        """
        if self.table == "tasks":
            return date.min
        known_on = self.row[KNOWN_ON[self.table]]
        assert isinstance(known_on, date)
        return known_on if self.delivery == 0 else max(known_on, RECEIVED[self.delivery])


KEYS = {
    "stays": ("student_id", "starts_on"),
    "absences": ("student_id", "happened_on"),
    "marks": ("student_id", "subject", "reported_on"),
    "handed": ("student_id", "school_id", "task"),
    "clicks": ("student_id", "kind", "step"),
    "days": ("school_id", "happened_on"),
    "tasks": ("school_id", "task"),
}
KNOWN_ON = {
    "stays": "starts_on",
    "absences": "recorded_on",
    "marks": "reported_on",
    "handed": "handed_on",
    "clicks": "happened_on",
    "days": "happened_on",
}

_students = st.sampled_from(STUDENTS)
_schools = st.sampled_from(["north", "north", "north", "south"])
# Days near the as-of dates and the deliveries, where a strict comparison shows, and days anywhere.
_days = st.one_of(
    st.sampled_from([day + timedelta(days=step) for day in (*AS_OF, *RECEIVED) for step in (-1, 0, 1)]),
    st.integers(0, 290).map(lambda days: FIRST + timedelta(days=days)),
)
_numbers = st.integers(0, 2000).map(lambda units: units / 16)


def _rows(**columns: st.SearchStrategy[object]) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(columns)


ROWS: dict[str, st.SearchStrategy[Row]] = {
    "absences": _rows(
        student_id=_students,
        happened_on=_days,
        recorded_on=_days,
        category=st.sampled_from(["excused", "unexcused"]),
        days=_numbers,
    ),
    "marks": _rows(
        student_id=_students, subject=st.sampled_from(["french", "maths"]), reported_on=_days, mark=_numbers
    ),
    "handed": _rows(
        student_id=_students, school_id=_schools, task=st.sampled_from(["t1", "t2", "t3"]), handed_on=_days
    ),
    "clicks": _rows(
        student_id=_students,
        kind=st.sampled_from(["forum", "quiz"]),
        step=st.integers(1, 5),
        happened_on=_days,
        clicks=st.integers(0, 90),
    ),
    "days": _rows(school_id=_schools, happened_on=_days),
    "stays": _rows(
        student_id=_students,
        school_id=_schools,
        grade=st.just("sec1"),
        starts_on=_days,
        left_on=st.one_of(st.none(), _days),
        exit_type=st.sampled_from(["graduated", "transferred", "dropout"]),
    ),
}


@st.composite
def facts(draw: st.DrawFn, *, most: int = 40) -> list[Fact]:
    """Draw facts of all tables, each key at most once in a delivery."""
    drawn = [
        Fact(table, draw(st.integers(0, 2)), row)
        for table, rows in ROWS.items()
        for row in draw(st.lists(rows, max_size=most))
    ]
    return list({(fact.delivery, fact.key): fact for fact in drawn}.values())


def opening() -> list[Fact]:
    """Return what every history starts with: thirteen students at two schools, and three tasks."""
    stays = [
        {"student_id": student, "school_id": "north", "grade": "sec1", "starts_on": FIRST - timedelta(days=1)}
        for student in STUDENTS
    ]
    tasks = [
        {"school_id": school, "task": f"t{number}", "due_on": day, "weight": 2.5 * number}
        for school in ("north", "south")
        for number, day in enumerate((FIRST, AS_OF[0], AS_OF[2]), start=1)
    ]
    return [*(Fact("stays", 0, row) for row in stays), *(Fact("tasks", 0, row) for row in tasks)]


def references() -> dict[str, list[Row]]:
    """Return the reference rows, which are known always."""
    students: list[Row] = [
        {"student_id": student, "sex": "FM"[number % 2], "path": f"path {number % 4}"}
        for number, student in enumerate(STUDENTS)
    ]
    schools: list[Row] = [{"school_id": "north", "n_places": 300}, {"school_id": "south", "n_places": 40}]
    return {"students": students, "schools": schools}


def is_hidden(fact: Fact, as_of: date) -> bool:
    """Say whether nobody could know the fact on a date."""
    return fact.visible_from >= as_of


def of_delivery(history: Sequence[Fact], delivery: int) -> dict[str, list[Row]]:
    """Return a delivery's rows by table."""
    tables: dict[str, list[Row]] = {}
    for fact in history:
        if fact.delivery == delivery:
            tables.setdefault(fact.table, []).append(fact.row)
    return tables
