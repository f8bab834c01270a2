"""A school's rosters, page by page, in the order of the list."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.dependencies import Caller, Cursor, Grade, Limit, Route, ServiceHere, Speaking
from api.language import locale_of
from api.problems import MALFORMED, NOT_FOUND, UNAUTHENTICATED, UNAVAILABLE, declares
from api.schemas import Identifier, ModelName, Roster
from api.shaping import (
    DECISION_SUPPORT,
    contest_text,
    data_age_days,
    list_basis,
    outcome_text,
    shaped_entry,
    shaped_grade,
)
from api.wording import translate
from earlywarn.domain import SchoolId

router = APIRouter(prefix="/v1/schools", tags=["schools"])


@router.get("/{school_id}/roster", responses=declares(UNAUTHENTICATED, NOT_FOUND, MALFORMED, UNAVAILABLE))
def roster(
    school_id: Annotated[Identifier, Path()],
    model: Annotated[ModelName, Query()],
    request: Request,
    response: Response,
    service: ServiceHere,
    scope: Caller,
    language: Speaking,
    route: Route,
    grade: Grade = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Roster:
    """Return a part of a school's roster, by grade and rank; every student shown is recorded."""
    page = service.store.scores.roster(
        scope, SchoolId(school_id), model, route=route, grade=grade, limit=limit, cursor=cursor
    )
    response.headers["Content-Language"] = locale_of(language)
    if page.next_cursor:
        asked = {"model": model, "limit": str(limit), "cursor": page.next_cursor}
        query = urlencode(asked | ({"grade": grade} if grade else {}))
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return Roster(
        **list_basis(page.run.facts.get("kind"), language),
        model=page.run.model,
        outcome=outcome_text(page.run, language),
        as_of=page.run.as_of,
        data_age_days=data_age_days(page.run.data_as_of, scope.today),
        model_version=page.run.version,
        decision_support=translate(DECISION_SUPPORT, language),
        contest=contest_text(service.settings, language),
        school_id=page.school_id,
        school_name=page.school_name,
        grades=[shaped_grade(header, page.run, language) for header in page.grades],
        students=[shaped_entry(entry, language) for entry in page.entries],
        next_cursor=page.next_cursor,
    )
