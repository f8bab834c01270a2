"""One student's stored risks, and the opaque id behind a code."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Header, Path
from starlette.responses import Response

from api.dependencies import Caller, Holder, Route, ServiceHere, Speaking
from api.language import locale_of
from api.problems import (
    MALFORMED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    ProblemError,
    declares,
)
from api.schemas import Identifier, ResolveAnswer, Resolved, ResolveRequest, StudentRisks
from api.shaping import risks_answer
from api.strict_body import StrictRoute
from earlywarn.domain import StudentId

LONGEST_HELD = 1000
router = APIRouter(prefix="/v1/students", tags=["students"], route_class=StrictRoute)


@router.get(
    "/{student_id}/risks",
    response_model=StudentRisks,
    responses={
        304: {"description": "Nothing changed since the entity tag given."},
        **declares(UNAUTHENTICATED, NOT_FOUND, MALFORMED, UNAVAILABLE),
    },
)
async def student_risks(
    student_id: Annotated[Identifier, Path()],
    service: ServiceHere,
    entry: Holder,
    language: Speaking,
    route: Route,
    if_none_match: Annotated[str | None, Header(max_length=LONGEST_HELD)] = None,
) -> Response:
    """Return the current risks of one student in scope, with their reasons; the reading is recorded."""
    stored = await service.store.callers.student_risks(entry, StudentId(student_id), route=route)
    if stored is None:
        raise ProblemError(UNAUTHENTICATED)
    answer = risks_answer(service.settings, student_id, stored, language, today=entry.scope.today)
    return tagged(answer, locale_of(language), if_none_match)


@router.post("/resolve", responses=declares(UNAUTHENTICATED, TOO_LARGE, MALFORMED, UNAVAILABLE))
def resolve(asked: ResolveRequest, service: ServiceHere, scope: Caller) -> ResolveAnswer:
    """Return the opaque id of each code that stands for a student in scope; a code never stands in a URL."""
    ids = service.pseudonyms(asked.codes)
    known = service.store.scores.resolve(scope, ids)
    return ResolveAnswer(
        students=[
            Resolved(position=position, student_id=student_id if student_id in known else None)
            for position, student_id in enumerate(ids)
        ]
    )


def tagged(body: bytes, locale: str, if_none_match: str | None) -> Response:
    """Answer with a strong entity tag, or 304 where the caller holds this very answer already.

    The comparison is the weak one (RFC 9110): a proxy that compresses marks the tag with `W/`.
    """
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Content-Language": locale, "Cache-Control": "private, no-cache"}
    held = {part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")}
    if tag in held or "*" in held:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
