"""What a reading gives back: plain values, as they were stored and will be shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from earlywarn.domain import SchoolId, StudentId
from earlywarn.errors import NotFoundError
from earlywarn.scoring import Phrases

WORDS = "words"
"""Among the facts of a run: what its reasons are put into words by."""
_BIGINT = 2**63
_INTEGER = 2**31


@dataclass(frozen=True)
class CurrentRun:
    """The run of one model that is now in use.

    `facts` is what the run says of itself (outcome, capacity); `phrases` put its reasons into words, and are
    None for a run whose reasons were stored in words.
    """

    run_id: int
    model: str
    version: str
    as_of: date
    data_as_of: date
    facts: Mapping[str, Any]
    n_scored: int
    n_not_scored: int
    loaded_at: datetime
    phrases: Phrases | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class StudentRisk:
    """One stored score of one unit, with its reasons as shown.

    `risk` is None where the unit was not scored, or the list is by rules; `risk_low` and `risk_high` are None
    then, and where the model was published before there were ranges.
    """

    run: CurrentRun
    student_id: StudentId
    unit: tuple[str, ...]
    school_id: SchoolId
    grade: str
    period: str
    moment: str
    as_of: date
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    rank: int | None
    is_listed: bool
    not_scored_because: str | None
    reasons: tuple[Mapping[str, Any], ...]


def risk_of(row: Mapping[str, Any], run: CurrentRun) -> StudentRisk:
    """Return a row of the scores as what is shown, its reasons in the words of its run."""
    reasons: Sequence[Any] = row["reasons"]
    return StudentRisk(
        run=run,
        student_id=StudentId(row["student_id"]),
        unit=tuple(json.loads(row["unit"])),
        school_id=SchoolId(row["school_id"]),
        grade=row["grade"],
        period=row["period"],
        moment=row["moment"],
        as_of=row["as_of"],
        risk=row["risk"],
        risk_low=row["risk_low"],
        risk_high=row["risk_high"],
        rank=row["rank"],
        is_listed=row["is_listed"],
        not_scored_because=row["not_scored_because"],
        reasons=tuple(reasons if run.phrases is None else _in_words(run.phrases, reasons)),
    )


def _in_words(phrases: Phrases, told: Sequence[Sequence[float | None]]) -> Iterator[Mapping[str, Any]]:
    return (reason.as_dict() for reason in phrases.reasons(told))


@dataclass(frozen=True)
class StudentPage:
    """All that one student's page shows; `names` is empty for those not entitled."""

    student_id: StudentId
    risks: tuple[StudentRisk, ...]
    names: Mapping[str, str]


@dataclass(frozen=True)
class RosterHeader:
    """One grade's roster in numbers; `facts` holds what else the run says of it."""

    grade: str
    n_students: int
    n_listed: int
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class RosterPage:
    """A part of one school's roster, in the order of the list; ask on with `next_cursor`."""

    school_id: SchoolId
    school_name: str
    run: CurrentRun
    grades: tuple[RosterHeader, ...]
    entries: tuple[StudentRisk, ...]
    next_cursor: str | None
    names: Mapping[StudentId, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StudentList:
    """A part of the students within a scope who stand on a roster."""

    entries: tuple[StudentRisk, ...]
    next_cursor: str | None
    names: Mapping[StudentId, Mapping[str, str]]


@dataclass(frozen=True)
class Position:
    """Where the next page starts: after this row of this run, so that a new run shifts nobody's pages."""

    run_id: int
    school_id: str
    grade: str
    rank: int
    unit: str

    def write(self) -> str:
        """Return the position as one opaque word."""
        said = [self.run_id, self.school_id, self.grade, self.rank, self.unit]
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str) -> Position:
        """Return the position that `cursor` names.

        Raises:
            NotFoundError: The word is none of ours.
        """
        try:
            said = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            run_id, school_id, grade, rank, unit = said
            return cls(
                _whole(run_id, _BIGINT), _word(school_id), _word(grade), _whole(rank, _INTEGER), _word(unit)
            )
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            raise NotFoundError("there is no such page", todo="start again without a cursor") from error


def _whole(value: object, limit: int) -> int:
    if type(value) is not int or not 0 <= value < limit:
        raise ValueError("not a number of ours")
    return value


def _word(value: object) -> str:
    """Return a text that PostgreSQL can hold: no NUL, and no half of a character."""
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a word of ours")
    value.encode()
    return value
