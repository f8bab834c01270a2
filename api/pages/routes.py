"""The pages' routes: sign in, look at students, sign out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, FastAPI, Form, Path, Request
from starlette.responses import FileResponse, RedirectResponse, Response

from api.dependencies import Route, ServiceHere, Speaking
from api.language import language_of
from api.pages import demonstration, quality
from api.pages.layout import STYLE
from api.pages.quality import school_notices
from api.pages.readers import Reader
from api.pages.reading import whole_list, whole_rosters
from api.pages.session import PageSession, require_own_form
from api.pages.showing import Showing
from api.pages.visits import Visit
from api.problems import NOT_FOUND, UNAUTHENTICATED, ProblemError, ProblemKind
from api.schemas import Identifier
from api.service import Service, service_of
from api.settings import ServiceSettings
from api.shaping import contest_text, is_by_rules
from api.wording import translate
from earlywarn.domain import Language, Scope, StudentId

router = APIRouter(include_in_schema=False)
MINE = (
    "Aucun élève de vos groupes ne figure sur une liste en ce moment.",
    "Un élève de vos groupes figure sur une liste : à regarder maintenant, avec ce que vous en savez.",
    "{n} élèves de vos groupes figurent sur une liste : à regarder maintenant, avec ce que vous en savez.",
)
SCHOOL = (
    "Les élèves à regarder maintenant, par niveau et par ordre alphabétique : "
    "autant que l’école peut en aider."
)


@router.get("/")
def start(session: Visit) -> Response:
    """Lead to the students, or to the sign-in."""
    signed_in = session is not None and session.account_id is not None
    return RedirectResponse("/students" if signed_in else "/sign-in", status_code=303)


@router.get("/students")
def students(
    request: Request, service: ServiceHere, scope: Reader, session: Visit, route: Route, language: Speaking
) -> Response:
    """Show a teacher the own students on a roster, a principal the rosters, a css its schools' records."""
    showing = _showing(service, scope, language)
    if scope.role == "teacher":
        return _my_students(request, service, scope, session, route, showing)
    if scope.role == "principal":
        return _my_school(request, service, scope, session, route, showing)
    if scope.role == "css":
        return RedirectResponse("/schools/quality", status_code=303)
    raise ProblemError(NOT_FOUND)


@router.get("/students/{student_id}")
def student(
    student_id: Annotated[Identifier, Path()],
    request: Request,
    service: ServiceHere,
    scope: Reader,
    session: Visit,
    route: Route,
    language: Speaking,
) -> Response:
    """Show all that is estimated of one student, with the evidence of each reason."""
    page = service.store.scores.student_page(scope, StudentId(student_id), route=route)
    return service.layout.page(
        request,
        "student.html",
        session=session,
        role=scope.role,
        student=_showing(service, scope, language).student(page),
        by_rules=any(is_by_rules(risk.run) for risk in page.risks),
        back=translate("Mes élèves" if scope.role == "teacher" else "Mon école", language),
        contact=contest_text(service.settings, language),
    )


@router.post("/sign-out")
def sign_out(
    request: Request, service: ServiceHere, session: Visit, form_token: Annotated[str, Form(max_length=200)]
) -> Response:
    """End the visit."""
    require_own_form(request, session, form_token)
    response = RedirectResponse("/sign-in", status_code=303)
    service.sessions.end(session, request, response)
    return response


@router.get("/static/earlywarn.css")
def style() -> Response:
    """Return the pages' style; its address changes with its content."""
    return FileResponse(
        STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=31536000, immutable"}
    )


def install_pages(app: FastAPI, settings: ServiceSettings) -> None:
    """Add the pages to `app`, and the demonstration's sign-in only where it is asked for."""
    app.include_router(router)
    app.include_router(quality.router)
    if settings.demo:
        app.include_router(demonstration.router)


def problem_page(request: Request, kind: ProblemKind, detail: str) -> Response | None:
    """Return a refusal as a page where a person asked for one, else None."""
    path = request.url.path
    if path.startswith("/v1/") or "text/html" not in request.headers.get("accept", ""):
        return None
    service, language = service_of(request), language_of(request)
    return service.layout.page(
        request,
        "problem.html",
        status=kind.status,
        title=translate(kind.title if kind is not UNAUTHENTICATED else "Connexion requise", language),
        detail=translate(detail, language) if detail else "",
    )


def _my_students(
    request: Request,
    service: Service,
    scope: Scope,
    session: PageSession | None,
    route: str,
    showing: Showing,
) -> Response:
    found = whole_list(service.store.scores, scope, route=route)
    n = len({risk.student_id for risk in found.entries})
    return service.layout.page(
        request,
        "students.html",
        session=session,
        role=scope.role,
        title=showing.say("Mes élèves"),
        lead=showing.say(MINE[min(n, 2)], n=n),
        as_of_line=showing.as_of_line(found.entries),
        sections=showing.my_students(found),
        by_rules=any(is_by_rules(risk.run) for risk in found.entries),
        contact=contest_text(service.settings, showing.language),
    )


def _my_school(
    request: Request,
    service: Service,
    scope: Scope,
    session: PageSession | None,
    route: str,
    showing: Showing,
) -> Response:
    pages = whole_rosters(service.store.scores, scope, route=route)
    names = sorted({page.school_name for page in pages})
    return service.layout.page(
        request,
        "school.html",
        session=session,
        role=scope.role,
        title=", ".join(names) or showing.say("Mon école"),
        lead=showing.say(SCHOOL),
        as_of_line=showing.as_of_line([risk for page in pages for risk in page.entries]),
        grades=showing.rosters(pages),
        by_rules=any(is_by_rules(page.run) for page in pages),
        notices=school_notices(service, scope, showing.language),
        contact=contest_text(service.settings, showing.language),
    )


def _showing(service: Service, scope: Scope, language: Language) -> Showing:
    return Showing(language, scope.today, service.grade_labels[language])
