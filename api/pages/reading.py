"""Read whole lists for a page: a person sees one page, not the store's parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from earlywarn.domain import SchoolId, Scope
from earlywarn.store import RosterPage, ScoreReader, StudentList

PART = 200


def whole_list(scores: ScoreReader, scope: Scope, *, route: str) -> StudentList:
    """Return all students in scope who stand on a current roster."""
    part = scores.my_students(scope, route=route, limit=PART)
    entries, names = list(part.entries), dict(part.names)
    while part.next_cursor is not None:
        part = scores.my_students(scope, route=route, limit=PART, cursor=part.next_cursor)
        entries += part.entries
        names |= part.names
    return StudentList(tuple(entries), None, names)


def whole_rosters(scores: ScoreReader, scope: Scope, *, route: str) -> Sequence[RosterPage]:
    """Return every current roster of the scope's schools, school by school and model by model."""
    return [
        _whole_roster(scores, scope, school_id, run.model, route)
        for school_id in scope.school_ids
        for run in scores.runs(scope)
    ]


def _whole_roster(
    scores: ScoreReader, scope: Scope, school_id: SchoolId, model: str, route: str
) -> RosterPage:
    first = part = scores.roster(scope, school_id, model, route=route, limit=PART, with_names=True)
    entries, names = list(part.entries), dict(part.names)
    while part.next_cursor is not None:
        part = scores.roster(
            scope, school_id, model, route=route, limit=PART, cursor=part.next_cursor, with_names=True
        )
        entries += part.entries
        names |= part.names
    return replace(first, entries=tuple(entries), names=names, next_cursor=None)
