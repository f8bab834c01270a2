"""The words that every room shares; no behavior beyond what a value needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NewType, Protocol, get_args

StudentId = NewType("StudentId", str)
SchoolId = NewType("SchoolId", str)
Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
OTHER_LANGUAGE: Mapping[Language, Language] = {"fr": "en", "en": "fr"}
Role = Literal["teacher", "principal", "css", "ministry", "system"]


class Progress(Protocol):
    """Tell whoever waits how far a step has come."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Report that `done` of `total` parts of `step` are finished."""


def no_progress(step: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Scope:
    """Who asks, and on which day: what they may see follows from enrollments and assignments then."""

    role: Role
    account_id: str
    today: date
    staff_id: str | None = None
    school_ids: tuple[SchoolId, ...] = ()
    css_id: str | None = None
    all_schools: bool = False
    with_names: bool = False
    may_write_tables: bool = False
