"""Sign in without a password, to an invented network, on the machine itself and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from api.dependencies import ServiceHere, Speaking
from api.pages.session import require_loopback, require_own_form
from api.pages.views import AccountView
from api.pages.visits import Visit
from api.problems import NOT_FOUND, ProblemError
from api.wording import translate
from earlywarn.domain import Language, Role
from earlywarn.store import Account

FormText = Annotated[str, Form(max_length=200)]
LABELS: Mapping[Role, tuple[str, str]] = {
    "teacher": (
        "Une enseignante",
        "Voit les élèves de ses propres groupes qui figurent sur une liste.",
    ),
    "principal": ("Une direction d’école", "Voit les listes de son école, par niveau."),
    "system": ("Un système appelant", "N’a pas de page : interroge le service avec une clé."),
}


def only_here(request: Request) -> None:
    """Let nobody in who is not at this machine."""
    require_loopback(request)


router = APIRouter(include_in_schema=False, dependencies=[Depends(only_here)])


@router.get("/sign-in")
def sign_in(request: Request, service: ServiceHere, session: Visit, language: Speaking) -> Response:
    """Offer the demonstration's accounts, one button each."""
    session = session or service.sessions.start(None)
    accounts = service.store.accounts.demonstration_accounts(today=service.today())
    response = service.layout.page(
        request,
        "sign_in.html",
        session=session,
        accounts=[
            _button(account, language) for role in LABELS for account in accounts if account.role == role
        ],
    )
    service.sessions.write(session, request, response)
    return response


@router.post("/sign-in")
def enter(
    request: Request, service: ServiceHere, session: Visit, form_token: FormText, account: FormText
) -> Response:
    """Sign in as one of the demonstration's accounts, in a new session."""
    before = require_own_form(request, session, form_token)
    offered = {
        found.account_id: found
        for found in service.store.accounts.demonstration_accounts(today=service.today())
    }
    if account not in offered:
        raise ProblemError(NOT_FOUND)
    if offered[account].role == "system":
        return RedirectResponse("/calling-system", status_code=303)
    response = RedirectResponse("/students", status_code=303)
    service.sessions.end(before, request, response)
    service.sessions.write(service.sessions.start(account), request, response)
    return response


@router.get("/calling-system")
def calling_system(request: Request, service: ServiceHere, session: Visit) -> Response:
    """Show a calling system's developer the first two questions to ask."""
    return service.layout.page(
        request,
        "calling_system.html",
        session=session,
        base_url=str(request.base_url),
        model=next(iter(service.models), "dropout"),
    )


def _button(account: Account, language: Language) -> AccountView:
    label, note = LABELS[account.role]
    return AccountView(
        account.account_id, translate(label, language), f"{account.label}. {translate(note, language)}"
    )
