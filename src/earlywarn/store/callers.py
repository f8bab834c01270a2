"""What a calling system does with its key, each in one exchange: who it is, what it sees, the trace of it.

A key is asked about at every request. What it opened last time is remembered, so that the reading can be sent
along with the question: the database tells the policies who asks only while the key is in use and its account
is still what is remembered; otherwise nothing is shown and nothing written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    bindparam,
    cast,
    distinct,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, array

from earlywarn.domain import SchoolId, Scope, StudentId
from earlywarn.errors import NotFoundError
from earlywarn.store.accounts import hash_key
from earlywarn.store.exchanges import Asked, Exchanges, Statement, no_work
from earlywarn.store.risks import CurrentRun, StudentRisk, risk_of
from earlywarn.store.runs import COLUMNS, KnownRuns
from earlywarn.store.schema import (
    access_log,
    accounts,
    api_keys,
    current_runs,
    score_runs,
    scores,
)
from earlywarn.store.scope import entering, is_visible_student

_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Entry:
    """What a key opened when it was last asked about."""

    scope: Scope
    account: bytes
    """The account, as the database said it."""
    door: Asked
    """Tells the policies who asks, where this is still so."""


@dataclass(frozen=True)
class CallerDesk:
    """Serve callers with keys; nothing that it remembers opens anything without the database."""

    exchanges: Exchanges
    known: KnownRuns = field(default_factory=KnownRuns)
    _entries: dict[tuple[str, date], Entry] = field(default_factory=dict)

    async def enter(self, key: str, *, today: date) -> Entry:
        """Ask what a key opens.

        Raises:
            NotFoundError: No account in use holds this key.
        """
        key_hash = hash_key(key)
        (found,) = await self.exchanges.ask(_WHO.given(key_hash=key_hash, today=today.isoformat()))
        if not found:
            self._entries.pop((key_hash, today), None)
            raise NotFoundError("no account in use answers to this", todo="ask for a new key")
        ((account,),) = found
        entry = self._entries.get((key_hash, today))
        if entry is not None and entry.account == account:
            return entry
        entry = _entry(account or b"", key_hash, today)
        if len(self._entries) >= _MOST_REMEMBERED:
            self._entries.clear()
        self._entries[key_hash, today] = entry
        return entry

    def remembered(self, key: str, *, today: date) -> Entry | None:
        """Return what a key opened last time today; whoever uses it learns whether it still does."""
        return self._entries.get((hash_key(key), today))

    async def record(
        self, entry: Entry, *, route: str, version: str, meanwhile: Callable[[], object] = no_work
    ) -> bool:
        """Write down that a caller is told risks of rows that it posted itself; of whom, it alone knows.

        The row names nobody, so its answer does not wait for the disk: PostgreSQL writes it there within a
        second, and before any later row that names somebody. `meanwhile` is done while it is written.

        Returns:
            Whether the key still opens what the entry says; if not, nothing was written.
        """
        entered, _ = await self.exchanges.ask(
            entry.door, _RECORD.given(route=route, version=version), meanwhile=meanwhile
        )
        return bool(entered)

    async def student_risks(
        self, entry: Entry, student_id: StudentId, *, route: str
    ) -> tuple[StudentRisk, ...] | None:
        """Return the current risks of one student, by model and unit, and leave the trace of it.

        Returns:
            The risks, none where no model covers the student; None if the key no longer opens what the entry
            says.

        Raises:
            NotFoundError: The student is not there, or not in scope.
        """
        reading = _reading(entry.scope).given(student_id=student_id, route=route)
        entered, found = await self.exchanges.ask(entry.door, reading)
        if not entered:
            return None
        if not found:
            raise NotFoundError("there is no such student")
        stored = [orjson.loads(row) for (row,) in found if row is not None]
        # Of its own: while one run is asked for, others may be forgotten.
        runs = {
            run_id: self.known.get(run_id) or await self._learn(run_id)
            for run_id in {one["run_id"] for one in stored}
        }
        risks = (risk_of(_typed(one), runs[one["run_id"]]) for one in stored)
        return tuple(sorted(risks, key=lambda risk: (risk.run.model, risk.unit)))

    async def _learn(self, run_id: int) -> CurrentRun:
        """Ask for a run and its words, once: a run never changes."""
        (found,) = await self.exchanges.ask(_RUN.given(run_id=str(run_id)))
        ((row,),) = found
        stored = orjson.loads(row or b"")
        stored |= {name: date.fromisoformat(stored[name]) for name in ("as_of", "data_as_of")}
        stored["loaded_at"] = datetime.fromisoformat(stored["loaded_at"])
        return self.known.keep({name: stored[name] for name in COLUMNS})


def _entry(account: bytes, key_hash: str, today: date) -> Entry:
    account_id, role, staff_id, css_id, school_ids, *may = orjson.loads(account)
    scope = Scope(role, account_id, today, staff_id, tuple(map(SchoolId, school_ids)), css_id, *may)
    door = (
        entering(scope)
        .select_from(_HOLDERS)
        .where(*_in_use(literal(key_hash), literal(today)), literal(account.decode()) == _ACCOUNT)
    )
    return Entry(scope, account, Statement.of(door).given())


def _typed(said: dict[str, Any]) -> dict[str, Any]:
    """Return a row that came as JSON with the types it has in its table."""
    for name in ("risk", "risk_low", "risk_high"):
        said[name] = None if said[name] is None else float(said[name])
    said["as_of"] = date.fromisoformat(said["as_of"])
    return said


_HOLDERS = accounts.join(api_keys, api_keys.c.account_id == accounts.c.account_id)
_ACCOUNT: ColumnElement[str] = cast(
    func.json_build_array(
        accounts.c.account_id,
        accounts.c.role,
        accounts.c.staff_id,
        accounts.c.css_id,
        accounts.c.school_ids,
        accounts.c.all_schools,
        accounts.c.with_names,
        accounts.c.may_write_tables,
    ),
    Text,
)


def _in_use(key_hash: ColumnElement[str], today: ColumnElement[date]) -> tuple[ColumnElement[bool], ...]:
    return (
        api_keys.c.key_hash == key_hash,
        or_(api_keys.c.revoked_on.is_(None), api_keys.c.revoked_on > today),
        or_(accounts.c.disabled_on.is_(None), accounts.c.disabled_on > today),
    )


def _parameter(name: str) -> ColumnElement[Any]:
    return bindparam(name, type_=Text)


_WHO = Statement.of(
    select(_ACCOUNT)
    .select_from(_HOLDERS)
    .where(*_in_use(_parameter("key_hash"), bindparam("today", type_=Date))),
    "key_hash",
    "today",
)
_RUN = Statement.of(
    select(func.row_to_json(literal_column("score_runs")))
    .select_from(score_runs)
    .where(score_runs.c.run_id == cast(_parameter("run_id"), score_runs.c.run_id.type)),
    "run_id",
)
_LOGGED = ("actor", "role", "route", "model_version", "students")
_ACTOR = func.current_setting("earlywarn.account_id", true())
_UNHURRIED = func.set_config("synchronous_commit", "off", true())
# An empty setting is that of nobody: where the door stayed shut, no row is written.
_RECORD = Statement.of(
    insert(access_log)
    .inline()
    .from_select(
        _LOGGED,
        select(
            _ACTOR,
            func.current_setting("earlywarn.role", true()),
            _parameter("route"),
            _parameter("version"),
            cast(array([], type_=Text), access_log.c.students.type),
        ).where(_ACTOR != "", _UNHURRIED == "off"),
    ),
    "route",
    "version",
)


_SHOWN = (
    select(scores, score_runs.c.model, score_runs.c.version)
    .join(current_runs, current_runs.c.run_id == scores.c.run_id)
    .join(score_runs, score_runs.c.run_id == scores.c.run_id)
)


@lru_cache(maxsize=1024)
def _reading(scope: Scope) -> Statement:
    """Return what reads a student's risks and writes down the reading, as one statement.

    Whom it shows is decided by filters of our own, which know the scope from the account, and once more by
    the policies, which know it from the settings of the transaction.
    """
    student = _parameter("student_id")
    seen = select(student.label("student_id")).where(is_visible_student(scope, student)).cte("seen")
    shown = _SHOWN.join(seen, seen.c.student_id == scores.c.student_id).cte("shown")
    version = (shown.c.model + "/" + shown.c.version).collate("C")
    versions = select(
        func.coalesce(func.string_agg(distinct(version), aggregate_order_by(literal(" "), version)), "")
    ).scalar_subquery()
    told = select(
        literal(scope.account_id), literal(scope.role), _parameter("route"), versions, array([student])
    )
    recorded = insert(access_log).inline().from_select(_LOGGED, told.where(exists().select_from(seen)))
    reading = select(func.row_to_json(literal_column("shown"))).select_from(seen.outerjoin(shown, true()))
    return Statement.of(reading.add_cte(recorded.cte("recorded")), "student_id", "route")
