"""Draw the demonstration's accounts from whatever network is loaded."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Engine, distinct, func, literal, select

from earlywarn.domain import SchoolId
from earlywarn.store.accounts import Account
from earlywarn.store.loading import loading
from earlywarn.store.schema import (
    assignments,
    current_runs,
    enrollments,
    group_members,
    schools,
    scores,
)


def draw_accounts(owner: Engine, *, today: date) -> tuple[Account, ...]:
    """Return a teacher with students on a list, the principal of that school, and a system that reads all.

    The teacher with most such students is drawn, ties by identifier; a network without assignments has none,
    and its principal is of the school with most.
    """
    with loading(owner) as connection:
        # Whole tables are joined once: row by row, a province would take minutes.
        connection.execute(select(func.set_config("enable_nestloop", "off", True)))
        teacher = _busiest_teacher(connection, today)
        school = teacher[1] if teacher else _busiest_school(connection)
        name = connection.execute(select(schools.c.name).where(schools.c.school_id == school)).scalar()
    drawn = [
        Account("demo-system", "Système appelant", "system", all_schools=True, is_demonstration=True),
    ]
    if school is not None:
        label = f"Direction, {name}"
        place = (SchoolId(school),)
        drawn.insert(
            0, Account("demo-principal", label, "principal", school_ids=place, is_demonstration=True)
        )
    if teacher is not None:
        label = f"Enseignement, {name}"
        drawn.insert(0, Account("demo-teacher", label, "teacher", staff_id=teacher[0], is_demonstration=True))
    return tuple(drawn)


def _busiest_teacher(connection: Connection, today: date) -> tuple[str, str] | None:
    n_listed = func.count(distinct(scores.c.student_id))
    statement = (
        select(assignments.c.staff_id, assignments.c.school_id)
        .join(group_members, group_members.c.group_id == assignments.c.group_id)
        .join(enrollments, enrollments.c.student_id == group_members.c.student_id)
        .join(scores, scores.c.student_id == group_members.c.student_id)
        .join(current_runs, current_runs.c.run_id == scores.c.run_id)
        .where(
            scores.c.is_listed,
            enrollments.c.school_id == assignments.c.school_id,
            literal(today).between(enrollments.c.starts_on, enrollments.c.left_on),
            literal(today).between(assignments.c.starts_on, assignments.c.ends_on),
            literal(today).between(group_members.c.starts_on, group_members.c.ends_on),
        )
        .group_by(assignments.c.staff_id, assignments.c.school_id)
        .order_by(n_listed.desc(), assignments.c.staff_id)
    )
    row = connection.execute(statement.limit(1)).first()
    return (row.staff_id, row.school_id) if row else None


def _busiest_school(connection: Connection) -> str | None:
    statement = (
        select(scores.c.school_id)
        .join(current_runs, current_runs.c.run_id == scores.c.run_id)
        .where(scores.c.is_listed)
        .group_by(scores.c.school_id)
        .order_by(func.count().desc(), scores.c.school_id)
    )
    return connection.execute(statement.limit(1)).scalar()
