"""Who reads a page: the scope of the person signed in, on the day of the request."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from api.dependencies import ServiceHere
from api.pages.visits import Visit
from api.problems import UNAUTHENTICATED, ProblemError
from earlywarn.domain import Scope
from earlywarn.errors import NotFoundError

SIGN_IN_FIRST = "Connectez-vous pour voir cette page."


def reading_scope(service: ServiceHere, session: Visit) -> Scope:
    """Return what the person signed in may see today.

    Raises:
        ProblemError: Nobody is signed in, or the account is no longer in use.
    """
    if session is None or session.account_id is None:
        raise ProblemError(UNAUTHENTICATED, SIGN_IN_FIRST)
    try:
        return service.store.accounts.scope_of(session.account_id, today=service.today())
    except NotFoundError as error:
        raise ProblemError(UNAUTHENTICATED, SIGN_IN_FIRST) from error


Reader = Annotated[Scope, Depends(reading_scope)]
