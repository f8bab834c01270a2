"""Keep each school's data-quality sheet, and show it to those who answer for the school.

A sheet holds counts only and names no student, so a reading leaves no trace in the access log. Teachers and
calling systems are not shown it; what is not yours and what is not there are the same refusal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Engine, false, select

from earlywarn.domain import SchoolId, Scope
from earlywarn.errors import NotFoundError
from earlywarn.store.loading import loading
from earlywarn.store.schema import school_quality, schools
from earlywarn.store.scope import in_visible_school, scoped
from earlywarn.store.staging import replace_with

_READERS = ("principal", "css")


@dataclass(frozen=True)
class QualityToLoad:
    """One school's sheet by language, as it will be shown."""

    school_id: str
    as_of: date
    n_findings: int
    sheets: Mapping[str, Any]


@dataclass(frozen=True)
class QualityNotice:
    """How much one school has to settle, as of which day."""

    school_id: SchoolId
    school_name: str
    as_of: date
    n_findings: int


@dataclass(frozen=True)
class QualityReader:
    """Read data-quality sheets, for principals and centres de services."""

    engine: Engine

    def notices(self, scope: Scope) -> tuple[QualityNotice, ...]:
        """Return the schools of the scope that have a sheet, those with most to settle first."""
        statement = (
            select(
                school_quality.c.school_id,
                schools.c.name,
                school_quality.c.as_of,
                school_quality.c.n_findings,
            )
            .join(schools, schools.c.school_id == school_quality.c.school_id)
            .where(_is_shown(scope))
            .order_by(school_quality.c.n_findings.desc(), schools.c.name, school_quality.c.school_id)
        )
        with scoped(self.engine, scope) as connection:
            return tuple(QualityNotice(*row) for row in connection.execute(statement))

    def sheets(self, scope: Scope, school_id: SchoolId) -> Mapping[str, Any]:
        """Return a school's sheet by language.

        Raises:
            NotFoundError: The school is not there, not in scope, or has no sheet.
        """
        statement = select(school_quality.c.sheets).where(
            school_quality.c.school_id == school_id, _is_shown(scope)
        )
        with scoped(self.engine, scope) as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise NotFoundError("there is no such page", todo="run earlywarn quality")
        sheets: Mapping[str, Any] = row.sheets
        return sheets


def load_quality(owner: Engine, given: Sequence[QualityToLoad]) -> None:
    """Make the sheets hold exactly these; readers see the earlier ones until all are there."""
    rows = pa.table(
        {
            "school_id": pa.array([one.school_id for one in given], pa.string()),
            "as_of": pa.array([one.as_of for one in given], pa.date32()),
            "n_findings": pa.array([one.n_findings for one in given], pa.int32()),
            "sheets": pa.array([json.dumps(one.sheets, ensure_ascii=False) for one in given], pa.string()),
        }
    )
    with loading(owner) as connection:
        replace_with(connection, "school_quality", rows.column_names, rows.to_batches())


def _is_shown(scope: Scope) -> ColumnElement[bool]:
    if scope.role not in _READERS:
        return false()
    return in_visible_school(scope, school_quality.c.school_id)
