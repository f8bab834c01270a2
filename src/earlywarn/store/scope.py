"""Say what a scope may see, twice: as settings that PostgreSQL's policies read, and as filters of our own.

Each lock holds with the other off. Both read enrollments, group members and assignments on the scope's own
day, so that access ends with the enrollment, at the next request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    any_,
    exists,
    false,
    func,
    literal,
    select,
    true,
)

from earlywarn.domain import Scope
from earlywarn.errors import StoreError
from earlywarn.store.roles import transaction
from earlywarn.store.schema import assignments as _assignments
from earlywarn.store.schema import enrollments as _enrollments
from earlywarn.store.schema import group_members as _group_members
from earlywarn.store.schema import schools as _schools

# Names of our own for the tables asked: else a query over one of them would compare it with itself.
assignments = _assignments.alias("scope_assignments")
enrollments = _enrollments.alias("scope_enrollments")
group_members = _group_members.alias("scope_members")
schools = _schools.alias("scope_schools")
_SEPARATOR = "\x1f"


@contextmanager
def scoped(engine: Engine, scope: Scope) -> Iterator[Connection]:
    """Run one short transaction in which the policies know who asks.

    Raises:
        StoreError: The database is gone, full, paused, or all connections stay taken.
    """
    with transaction(engine) as connection:
        enter(connection, scope)
        yield connection


def enter(connection: Connection, scope: Scope) -> None:
    """Tell the policies who asks, for this transaction only."""
    connection.execute(entering(scope))


def entering(scope: Scope) -> Select[Any]:
    """Return what tells the policies who asks, for the transaction in which it is asked."""
    if any(_SEPARATOR in school for school in scope.school_ids):
        raise StoreError("a school's identifier holds a control character", todo="correct the account")
    values = {
        "role": scope.role,
        "account_id": scope.account_id,
        "staff_id": scope.staff_id or "",
        "css_id": scope.css_id or "",
        "school_ids": _SEPARATOR.join(scope.school_ids),
        "all_schools": "on" if scope.all_schools else "off",
        "with_names": "on" if scope.with_names else "off",
        "today": scope.today.isoformat(),
    }
    return select(*(func.set_config(f"earlywarn.{name}", value, True) for name, value in values.items()))


def in_visible_school(scope: Scope, school_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Hold where the school is one of the scope's."""
    if scope.role == "teacher":
        return exists().where(_own_assignments(scope), assignments.c.school_id == school_id)
    if scope.role == "principal" or (scope.role == "system" and not scope.all_schools):
        return school_id == any_(literal(list(scope.school_ids)))
    if scope.role == "system":
        return true()
    if scope.role == "css" and scope.css_id:
        return exists().where(schools.c.school_id == school_id, schools.c.css_id == scope.css_id)
    return false()


def is_visible_student(scope: Scope, student_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Hold where the student is enrolled today within the scope's reach."""
    if scope.role == "teacher":
        return student_id.in_(_students_of_own_groups(scope))
    return exists().where(
        enrollments.c.student_id == student_id,
        _is_enrolled(scope),
        in_visible_school(scope, enrollments.c.school_id),
    )


def is_entitled_to_names(scope: Scope) -> bool:
    """Tell whether the scope may read names; a calling system needs it said in its account."""
    return scope.role in ("teacher", "principal", "css") or (scope.role == "system" and scope.with_names)


def _students_of_own_groups(scope: Scope) -> Select[tuple[str]]:
    """Start from the few groups of one teacher, so that a network of any size answers as fast."""
    return (
        select(group_members.c.student_id)
        .join(assignments, assignments.c.group_id == group_members.c.group_id)
        .join(
            enrollments,
            and_(
                enrollments.c.student_id == group_members.c.student_id,
                enrollments.c.school_id == assignments.c.school_id,
            ),
        )
        .where(
            _own_assignments(scope),
            literal(scope.today).between(group_members.c.starts_on, group_members.c.ends_on),
            _is_enrolled(scope),
        )
    )


def _own_assignments(scope: Scope) -> ColumnElement[bool]:
    if not scope.staff_id:
        return false()
    today = literal(scope.today).between(assignments.c.starts_on, assignments.c.ends_on)
    return and_(assignments.c.staff_id == scope.staff_id, today)


def _is_enrolled(scope: Scope) -> ColumnElement[bool]:
    return literal(scope.today).between(enrollments.c.starts_on, enrollments.c.left_on)
