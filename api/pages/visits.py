"""The visit that a request belongs to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from api.dependencies import ServiceHere
from api.pages.session import PageSession


def visit(request: Request, service: ServiceHere) -> PageSession | None:
    """Return the visit that the request belongs to, if any."""
    return service.sessions.read(request)


Visit = Annotated[PageSession | None, Depends(visit)]
