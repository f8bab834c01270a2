"""Read stored risks for a scope: each method is one transaction, shows what is in scope only, leaves a trace.

What is not yours and what is not there are the same refusal. No method caches what a scope shows: access
follows the enrollments of the scope's day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    literal,
    select,
    tuple_,
)

from earlywarn.domain import SchoolId, Scope, StudentId
from earlywarn.errors import NotFoundError
from earlywarn.store.access_log import record_access
from earlywarn.store.identities import read_names
from earlywarn.store.risks import (
    CurrentRun,
    Position,
    RosterHeader,
    RosterPage,
    StudentList,
    StudentPage,
    StudentRisk,
    risk_of,
)
from earlywarn.store.runs import COLUMNS, KnownRuns
from earlywarn.store.schema import current_runs, enrollments, rosters, schools, score_runs, scores
from earlywarn.store.scope import in_visible_school, is_entitled_to_names, is_visible_student, scoped

Names = Mapping[StudentId, Mapping[str, str]]


@dataclass(frozen=True)
class ScoreReader:
    """Read risks, rosters and names; without `identity_key` no name is ever given."""

    engine: Engine
    identity_key: bytes | None = None
    known: KnownRuns = field(default_factory=KnownRuns)

    def runs(self, scope: Scope) -> tuple[CurrentRun, ...]:
        """Return the run in use of each model, by model name; shows no student."""
        with scoped(self.engine, scope) as connection:
            return tuple(_runs(connection, self.known).values())

    def student_page(
        self, scope: Scope, student_id: StudentId, *, route: str, with_names: bool = True
    ) -> StudentPage:
        """Return one student's current risks and, for those entitled, the name.

        Raises:
            NotFoundError: The student is not there, or not in scope.
        """
        with scoped(self.engine, scope) as connection:
            if student_id not in _visible(connection, scope, [student_id]):
                raise NotFoundError("there is no such student")
            statement = _in_scope(scope).where(scores.c.student_id == student_id)
            risks = _risks(connection, self.known, statement.order_by(scores.c.unit))
            risks = tuple(sorted(risks, key=lambda risk: (risk.run.model, risk.unit)))
            _record(connection, scope, route, risks, also=[student_id])
            names = self._names(connection, scope, risks) if with_names else {}
        return StudentPage(student_id=student_id, risks=risks, names=names.get(student_id, {}))

    def roster(
        self,
        scope: Scope,
        school_id: SchoolId,
        model: str,
        *,
        route: str,
        grade: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        with_names: bool = False,
    ) -> RosterPage:
        """Return a part of a school's roster by grade and rank; a teacher sees own students of it only.

        Raises:
            NotFoundError: The school, the model or the page is not there, or not in scope.
        """
        after = Position.read(cursor) if cursor else None
        with scoped(self.engine, scope) as connection:
            name = _school_name(connection, scope, school_id)
            run = _run_of(connection, self.known, model, after)
            place = (scores.c.school_id == school_id, scores.c.run_id == run.run_id)
            chosen = _in_scope(scope).where(*place, scores.c.is_listed)
            if grade is not None:
                chosen = chosen.where(scores.c.grade == grade)
            entries, next_cursor = _page(connection, chosen, {run.run_id: run}, after=after, limit=limit)
            headers = _headers(connection, scope, run, school_id, grade)
            _record(connection, scope, route, entries, version=f"{run.model}/{run.version}")
            names = self._names(connection, scope, entries) if with_names else {}
        return RosterPage(school_id, name, run, headers, entries, next_cursor, names)

    def my_students(
        self, scope: Scope, *, route: str, limit: int = 200, cursor: str | None = None
    ) -> StudentList:
        """Return a part of all students in scope who stand on a current roster, by school, grade and rank."""
        after = Position.read(cursor) if cursor else None
        with scoped(self.engine, scope) as connection:
            runs = {run.run_id: run for run in _runs(connection, self.known).values()}
            chosen = _in_scope(scope).where(scores.c.is_listed, scores.c.run_id.in_(list(runs)))
            entries, next_cursor = _page(connection, chosen, runs, after=after, limit=limit)
            _record(connection, scope, route, entries)
            names = self._names(connection, scope, entries)
        return StudentList(entries, next_cursor, names)

    def resolve(self, scope: Scope, student_ids: Sequence[StudentId]) -> frozenset[StudentId]:
        """Return those of `student_ids` that are in scope; shows no risk, so leaves no trace."""
        with scoped(self.engine, scope) as connection:
            return _visible(connection, scope, student_ids)

    def names(self, scope: Scope, student_ids: Sequence[StudentId]) -> Names:
        """Return the names of the visible students among those asked.

        Raises:
            NotFoundError: The scope is not entitled to names, or this process holds no key to them.
        """
        if self.identity_key is None:
            raise NotFoundError("there are no names here", todo="start the service with the keys folder")
        with scoped(self.engine, scope) as connection:
            return read_names(connection, scope, student_ids, key=self.identity_key)

    def _names(self, connection: Connection, scope: Scope, risks: Sequence[StudentRisk]) -> Names:
        if self.identity_key is None or not is_entitled_to_names(scope):
            return {}
        asked = sorted({risk.student_id for risk in risks})
        return read_names(connection, scope, asked, key=self.identity_key)


def _in_scope(scope: Scope) -> Select[tuple[Any, ...]]:
    return select(scores).where(is_visible_student(scope, scores.c.student_id))


def _visible(connection: Connection, scope: Scope, student_ids: Sequence[StudentId]) -> frozenset[StudentId]:
    seen = select(enrollments.c.student_id).where(
        enrollments.c.student_id.in_(student_ids), is_visible_student(scope, enrollments.c.student_id)
    )
    return frozenset(StudentId(student_id) for student_id in connection.execute(seen).scalars())


_RUN: Select[Any] = select(*(score_runs.c[name] for name in COLUMNS))


def _runs(connection: Connection, known: KnownRuns) -> dict[str, CurrentRun]:
    """Return the run in use of each model, by model name."""
    in_use = connection.execute(select(current_runs.c.run_id).order_by(current_runs.c.model)).scalars()
    return {run.model: run for run in (_run(connection, known, run_id) for run_id in in_use.all())}


def _run(connection: Connection, known: KnownRuns, run_id: int) -> CurrentRun:
    run = known.get(run_id)
    if run is None:
        found = connection.execute(_RUN.where(score_runs.c.run_id == run_id)).one()
        run = known.keep(found._asdict())
    return run


def _run_of(connection: Connection, known: KnownRuns, model: str, after: Position | None) -> CurrentRun:
    """Return the current run, or the one whose pages are being read: a swap shifts no page."""
    run = _runs(connection, known).get(model)
    if run is not None and after is not None and after.run_id != run.run_id:
        earlier = select(score_runs.c.run_id).where(
            score_runs.c.run_id == after.run_id, score_runs.c.model == model
        )
        run_id = connection.execute(earlier).scalar()
        run = None if run_id is None else _run(connection, known, run_id)
    if run is None:
        raise NotFoundError("there is no such list", todo="ask GET /v1/models for the models in use")
    return run


def _school_name(connection: Connection, scope: Scope, school_id: SchoolId) -> str:
    statement = select(schools.c.name).where(
        schools.c.school_id == school_id, in_visible_school(scope, schools.c.school_id)
    )
    name = connection.execute(statement).scalar()
    if name is None:
        raise NotFoundError("there is no such school")
    return str(name)


def _headers(
    connection: Connection, scope: Scope, run: CurrentRun, school_id: SchoolId, grade: str | None
) -> tuple[RosterHeader, ...]:
    statement = select(rosters.c.grade, rosters.c.n_students, rosters.c.n_listed, rosters.c.facts).where(
        rosters.c.run_id == run.run_id,
        rosters.c.school_id == school_id,
        in_visible_school(scope, rosters.c.school_id),
        rosters.c.grade == grade if grade is not None else literal(value=True),
    )
    found = connection.execute(statement.order_by(rosters.c.grade))
    return tuple(RosterHeader(**row._mapping) for row in found)


_ORDER = (scores.c.school_id, scores.c.grade, scores.c.rank, scores.c.run_id, scores.c.unit)


def _page(
    connection: Connection,
    chosen: Select[tuple[Any, ...]],
    runs: Mapping[int, CurrentRun],
    *,
    after: Position | None,
    limit: int,
) -> tuple[tuple[StudentRisk, ...], str | None]:
    if after is not None:
        last = (after.school_id, after.grade, after.rank, after.run_id, after.unit)
        chosen = chosen.where(tuple_(*_ORDER) > tuple_(*(literal(value) for value in last)))
    found = connection.execute(chosen.order_by(*_ORDER).limit(limit + 1)).all()
    entries = tuple(risk_of(row._asdict(), runs[row.run_id]) for row in found[:limit])
    if len(found) <= limit:
        return entries, None
    row = found[limit - 1]
    return entries, Position(row.run_id, row.school_id, row.grade, row.rank, row.unit).write()


def _risks(
    connection: Connection, known: KnownRuns, chosen: Select[tuple[Any, ...]]
) -> tuple[StudentRisk, ...]:
    runs = {run.run_id: run for run in _runs(connection, known).values()}
    current: ColumnElement[bool] = scores.c.run_id.in_(list(runs))
    return tuple(
        risk_of(row._asdict(), runs[row.run_id]) for row in connection.execute(chosen.where(current))
    )


def _record(
    connection: Connection,
    scope: Scope,
    route: str,
    risks: Sequence[StudentRisk],
    *,
    also: Sequence[StudentId] = (),
    version: str | None = None,
) -> None:
    versions = [f"{risk.run.model}/{risk.run.version}" for risk in risks] + ([version] if version else [])
    students = [*also, *(risk.student_id for risk in risks)]
    record_access(connection, scope, route=route, versions=versions, students=students)
