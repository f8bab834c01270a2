"""The data-quality pages: what a direction settles before trusting a list. Counts only, and no student."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse, Response

from api.dependencies import ServiceHere, Speaking
from api.pages.readers import Reader
from api.pages.views import NoticeView
from api.pages.visits import Visit
from api.problems import NOT_FOUND, ProblemError
from api.schemas import Identifier
from api.service import Service
from api.wording import translate
from earlywarn.domain import Language, SchoolId, Scope
from earlywarn.paper import STYLE, write_day
from earlywarn.store import QualityNotice

router = APIRouter(include_in_schema=False)
TO_SETTLE = (
    "Aucun point à régler n’a été trouvé dans les données de l’école.",
    "Un point à régler dans les données de l’école avant de se fier à une liste.",
    "{n} points à régler dans les données de l’école avant de se fier à une liste.",
)


@router.get("/schools/quality")
def schools(
    request: Request, service: ServiceHere, scope: Reader, session: Visit, language: Speaking
) -> Response:
    """List the schools that the reader answers for, those with most to settle first."""
    notices = school_notices(service, scope, language)
    if not notices:
        raise ProblemError(NOT_FOUND)
    return service.layout.page(request, "schools.html", session=session, role=scope.role, notices=notices)


@router.get("/schools/{school_id}/quality")
def school(
    school_id: Annotated[Identifier, Path()],
    request: Request,
    service: ServiceHere,
    scope: Reader,
    session: Visit,
    language: Speaking,
) -> Response:
    """Show one school's figures beside what is usual, with what to settle first."""
    sheets = service.store.quality.sheets(scope, SchoolId(school_id))
    return service.layout.page(
        request,
        "quality.html",
        session=session,
        role=scope.role,
        sheet=sheets[language],
        back=translate("Mon école" if scope.role == "principal" else "Mes écoles", language),
        back_to="/students" if scope.role == "principal" else "/schools/quality",
    )


@router.get("/static/sheet.css")
def style() -> Response:
    """Return the style of sheets; its address changes with its content."""
    return FileResponse(
        STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


def school_notices(service: Service, scope: Scope, language: Language) -> tuple[NoticeView, ...]:
    """Return a line for each school of the reader whose records were looked at."""
    return tuple(_notice(notice, language) for notice in service.store.quality.notices(scope))


def _notice(notice: QualityNotice, language: Language) -> NoticeView:
    return NoticeView(
        school_id=notice.school_id,
        school_name=notice.school_name,
        text=translate(TO_SETTLE[min(notice.n_findings, 2)], language, n=notice.n_findings),
        day=translate("Situation au {day}.", language, day=write_day(notice.as_of, language)),
        has_findings=notice.n_findings > 0,
    )
