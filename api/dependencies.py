"""Turn a request into who asks and how: the only way from a caller to a scope."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from api.language import language_of
from api.problems import FORBIDDEN, UNAUTHENTICATED, ProblemError
from api.schemas import Identifier, ModelName
from api.service import Service, service_of
from earlywarn.domain import Language, Scope
from earlywarn.errors import NotFoundError
from earlywarn.store import Entry

LONGEST_KEY = 200
bearer = HTTPBearer(auto_error=False, description="The key of a calling system.")


async def service_here(connection: HTTPConnection) -> Service:
    """Return the running service."""
    # Not `service_of` itself: what is no coroutine, FastAPI sends to a thread.
    return service_of(connection)


async def speaking(connection: HTTPConnection) -> Language:
    """Return the language to answer in."""
    return language_of(connection)


ServiceHere = Annotated[Service, Depends(service_here)]
Speaking = Annotated[Language, Depends(speaking)]


async def calling_entry(
    service: ServiceHere, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> Entry:
    """Return what the calling system's key opens today.

    Raises:
        ProblemError: No key, or one that no account in use holds.
    """
    key = credentials.credentials if credentials else ""
    if not key or len(key) > LONGEST_KEY or not key.isascii():
        raise ProblemError(UNAUTHENTICATED)
    try:
        return await service.store.callers.enter(key, today=service.today())
    except NotFoundError as error:
        raise ProblemError(UNAUTHENTICATED) from error


Holder = Annotated[Entry, Depends(calling_entry)]


async def calling_scope(entry: Holder) -> Scope:
    """Return what the calling system may see today."""
    return entry.scope


Caller = Annotated[Scope, Depends(calling_scope)]


async def pushing_scope(scope: Caller) -> Scope:
    """Return the scope of a calling system that may write tables.

    A row may be about any student, so the right counts only for an account that reaches the whole network.

    Raises:
        ProblemError: The account may not.
    """
    if not (scope.role == "system" and scope.all_schools and scope.may_write_tables):
        raise ProblemError(FORBIDDEN, "Ce compte n’a pas le droit d’écrire dans les tables.")
    return scope


Pusher = Annotated[Scope, Depends(pushing_scope)]


def named(method: str, template: str) -> str:
    """Return a route as the access log names it: the template, never the path with its ids."""
    return f"{method} {template}"


async def route_of(request: Request) -> str:
    """Return the route of a request as the access log names it."""
    return named(request.method, request.scope["route"].path)


Route = Annotated[str, Depends(route_of)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_-]+$")]
Grade = Annotated[str | None, Query(max_length=20, pattern=r"^[A-Za-z0-9_.-]+$")]
__all__ = [
    "Caller", "Cursor", "Grade", "Holder", "Identifier", "Limit", "ModelName", "Pusher", "Route",
    "ServiceHere", "Speaking",
]  # fmt: skip
