"""Read stored risks for a scope: each method is one transaction, shows what is in scope only, leaves a trace.

What is not yours and what is not there are the same refusal. No method caches: access follows the enrollments
of the scope's day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Text,
    cast,
    literal,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from earlywarn.domain import SchoolId, Scope, StudentId
from earlywarn.errors import NotFoundError
from earlywarn.scoring import Phrases
from earlywarn.store.access_log import record_access
from earlywarn.store.identities import read_names
from earlywarn.store.risks import (
    WORDS,
    CurrentRun,
    Position,
    RosterHeader,
    RosterPage,
    StudentList,
    StudentPage,
    StudentRisk,
    risk_of,
)
from earlywarn.store.schema import current_runs, enrollments, rosters, schools, score_runs, scores
from earlywarn.store.scope import in_visible_school, is_entitled_to_names, is_visible_student, scoped

Names = Mapping[StudentId, Mapping[str, str]]


@dataclass(frozen=True)
class ScoreReader:
    """Read risks, rosters and names; without `identity_key` no name is ever given."""

    engine: Engine
    identity_key: bytes | None = None

    def runs(self, scope: Scope) -> tuple[CurrentRun, ...]:
        """Return the run in use of each model, by model name; shows no student."""
        with scoped(self.engine, scope) as connection:
            return tuple(_runs(connection).values())

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
            risks = _risks(connection, statement.order_by(scores.c.unit))
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
            run = _run_of(connection, model, after)
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
            runs = {run.run_id: run for run in _runs(connection).values()}
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


_PLAIN_FACTS = score_runs.c.facts.op("-", return_type=JSONB())(cast(literal(WORDS), Text)).label("facts")
_TOLD = (score_runs.c[one.name] for one in fields(CurrentRun) if one.name not in ("facts", "phrases"))
_RUN: Select[Any] = select(*_TOLD, _PLAIN_FACTS)
"""A run without its words, which are many and never change."""


def _runs(connection: Connection) -> dict[str, CurrentRun]:
    statement = _RUN.join(current_runs, current_runs.c.run_id == score_runs.c.run_id)
    found = connection.execute(statement.order_by(score_runs.c.model)).all()
    return {row.model: _run(connection, row) for row in found}


def _run_of(connection: Connection, model: str, after: Position | None) -> CurrentRun:
    """Return the current run, or the one whose pages are being read: a swap shifts no page."""
    run = _runs(connection).get(model)
    if run is not None and after is not None and after.run_id != run.run_id:
        earlier = _RUN.where(score_runs.c.run_id == after.run_id, score_runs.c.model == model)
        row = connection.execute(earlier).first()
        run = _run(connection, row) if row else None
    if run is None:
        raise NotFoundError("there is no such list", todo="ask GET /v1/models for the models in use")
    return run


def _run(connection: Connection, row: Row[Any]) -> CurrentRun:
    return CurrentRun(**row._mapping, phrases=_phrases(connection, row.run_id))


_known: WeakKeyDictionary[Engine, dict[int, Phrases | None]] = WeakKeyDictionary()
_MOST_KNOWN = 64


def _phrases(connection: Connection, run_id: int) -> Phrases | None:
    """Return a run's words, asked for once: a run never changes."""
    known = _known.setdefault(connection.engine, {})
    if run_id in known:
        return known[run_id]
    words = connection.execute(
        select(score_runs.c.facts[WORDS]).where(score_runs.c.run_id == run_id)
    ).scalar()
    found = None if words is None else Phrases.from_json(words)
    # A new dictionary, not an emptied one: other requests may be looking into the old.
    _known[connection.engine] = ({} if len(known) >= _MOST_KNOWN else known) | {run_id: found}
    return found


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


def _risks(connection: Connection, chosen: Select[tuple[Any, ...]]) -> tuple[StudentRisk, ...]:
    runs = {run.run_id: run for run in _runs(connection).values()}
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
