"""A tiny network in the store: six students, three schools, two centres de services, two teachers.

Ana and Bob are in Ms. One's group and Cy in Mr. Two's, all at s1; Dee is at s2; Eve is at s3 of another css.
Fay was in Ms. One's group and left s1 on 10 November.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from earlywarn.domain import Role, SchoolId, Scope
from earlywarn.store import RunTables

TODAY = date(2026, 11, 20)
START = date(2026, 8, 28)
END = date(2027, 6, 30)
GROUPS = {"ana": "g1", "bob": "g1", "cy": "g2", "fay": "g1"}


def scope_tables() -> dict[str, pa.Table]:
    """Return the tables that say who is where."""
    return {
        "schools": rows(
            ["school_id", "name", "css_id"],
            [("s1", "École Un", "css1"), ("s2", "École Deux", "css1"), ("s3", "École Trois", "css2")],
        ),
        "enrollments": rows(
            ["student_id", "school_id", "grade", "starts_on", "left_on"],
            [
                ("ana", "s1", "sec1", START, None),
                ("bob", "s1", "sec1", START, None),
                ("cy", "s1", "sec2", START, None),
                ("dee", "s2", "sec1", START, None),
                ("eve", "s3", "sec1", START, None),
                ("fay", "s1", "sec1", START, date(2026, 11, 10)),
            ],
        ),
        "group_members": rows(
            ["student_id", "group_id", "starts_on", "ends_on"],
            [(student, group, START, None) for student, group in GROUPS.items()],
        ),
        "assignments": rows(
            ["staff_id", "group_id", "school_id", "starts_on", "ends_on"],
            [("one", "g1", "s1", START, END), ("two", "g2", "s1", START, END)],
        ),
    }


def rows(columns: list[str], values: Sequence[tuple[object, ...]]) -> pa.Table:
    """Return an Arrow table of text and dates."""
    days = {"starts_on", "left_on", "ends_on"}
    kinds = [(name, pa.date32() if name in days else pa.string()) for name in columns]
    return pa.Table.from_pylist(
        [dict(zip(columns, value, strict=True)) for value in values], schema=pa.schema(kinds)
    )


def run(model: str = "dropout", *, version: str = "1", risk: float = 0.25, listed: bool = True) -> RunTables:
    """Return a run in which all six students have the same risk and stand on their roster."""
    places = {"ana": ("s1", "sec1", 1), "bob": ("s1", "sec1", 2), "fay": ("s1", "sec1", 3)}
    places |= {"cy": ("s1", "sec2", 1), "dee": ("s2", "sec1", 1), "eve": ("s3", "sec1", 1)}
    reasons = [{"code": "absences", "text": {"fr": "4 jours d’absence", "en": "4 days of absence"}}]
    scores = [
        {
            "student_id": student,
            "unit": json.dumps([student]),
            "school_id": school,
            "grade": grade,
            "period": "2026-2027",
            "moment": "11-20",
            "as_of": TODAY,
            "risk": risk,
            "risk_low": risk - 0.05,
            "risk_high": risk + 0.05,
            "margin": -1.0986,
            "rank": rank,
            "is_listed": listed,
            "not_scored_because": None,
            "reasons": json.dumps(reasons),
        }
        for student, (school, grade, rank) in places.items()
    ]
    rosters = [
        {"school_id": school, "grade": grade, "n_students": 30, "n_listed": n, "facts": "{}"}
        for school, grade, n in (("s1", "sec1", 3), ("s1", "sec2", 1), ("s2", "sec1", 1), ("s3", "sec1", 1))
    ]
    peers = [{"peers": '{"school_id": "s1"}', "feature": "absences", "as_of": TODAY, "median": 1.5, "n": 12}]
    return RunTables(
        model=model,
        version=version,
        as_of=TODAY,
        data_as_of=TODAY,
        facts={"outcome": {"fr": "décrochage", "en": "dropout"}},
        scores=pa.Table.from_pylist(scores).set_column(
            13, "not_scored_because", pa.nulls(len(scores), pa.string())
        ),
        rosters=pa.Table.from_pylist(rosters),
        peers=pa.Table.from_pylist(peers),
    )


def teacher(staff_id: str = "one", *, today: date = TODAY) -> Scope:
    """Return the scope of a teacher."""
    return Scope(role="teacher", account_id=f"teacher-{staff_id}", today=today, staff_id=staff_id)


def principal(*schools: str) -> Scope:
    """Return the scope of a principal."""
    return Scope(role="principal", account_id="principal", today=TODAY, school_ids=_ids(*schools))


def css(css_id: str) -> Scope:
    """Return the scope of a centre de services."""
    return Scope(role="css", account_id="css", today=TODAY, css_id=css_id)


def system(*schools: str, everything: bool = False, with_names: bool = False) -> Scope:
    """Return the scope of a calling system."""
    return Scope(
        role="system",
        account_id="system",
        today=TODAY,
        school_ids=_ids(*schools),
        all_schools=everything,
        with_names=with_names,
    )


def nobody(role: Role = "ministry") -> Scope:
    """Return a scope that shows no student."""
    return Scope(role=role, account_id="nobody", today=TODAY)


def _ids(*schools: str) -> tuple[SchoolId, ...]:
    return tuple(SchoolId(school) for school in schools)
