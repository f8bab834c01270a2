"""Every refusal of the service as RFC 9457 problem details: the only place with status codes.

A problem never repeats what the caller sent: no value, no unknown name, no message of a library.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from api.language import language_of, locale_of
from api.posted_rows import MESSAGES
from api.wording import translate
from earlywarn.domain import Language
from earlywarn.errors import (
    AsOfError,
    BusyError,
    EarlywarnError,
    NotFoundError,
    NotScoredError,
    StorageError,
    StoreError,
    TableError,
)

logger = logging.getLogger("earlywarn.api")


@dataclass(frozen=True)
class ProblemKind:
    """A stable code with its status and its title in French; the wording holds the English."""

    code: str
    status: int
    title: str


BAD_HOST = ProblemKind("unknown-host", 400, "Nom d’hôte inconnu")
BAD_REQUEST = ProblemKind("bad-request", 400, "Requête illisible")
UNAUTHENTICATED = ProblemKind("unauthenticated", 401, "Clé d’accès absente ou refusée")
FORBIDDEN = ProblemKind("refused", 403, "Demande refusée")
NOT_FOUND = ProblemKind("not-found", 404, "Introuvable")
METHOD = ProblemKind("method-not-allowed", 405, "Méthode non permise")
TIMEOUT = ProblemKind("request-timeout", 408, "Requête trop lente")
CONFLICT = ProblemKind("in-progress", 409, "Demande déjà en cours")
TOO_LARGE = ProblemKind("body-too-large", 413, "Corps de requête trop volumineux")
UNSUPPORTED = ProblemKind("unsupported-content", 415, "Forme de contenu non prise en charge")
MALFORMED = ProblemKind("malformed", 422, "Contenu non conforme")
TOO_MANY = ProblemKind("too-many-requests", 429, "Trop de demandes à la fois")
INTERNAL = ProblemKind("internal", 500, "Erreur interne")
UNAVAILABLE = ProblemKind("unavailable", 503, "Service momentanément indisponible")

KINDS = (
    BAD_HOST, BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD, TIMEOUT, CONFLICT, TOO_LARGE,
    UNSUPPORTED, MALFORMED, TOO_MANY, INTERNAL, UNAVAILABLE,
)  # fmt: skip
BY_STATUS = {kind.status: kind for kind in KINDS if kind is not BAD_HOST}

# Libraries' messages that are made of the schema alone; any other could hold what was sent.
SAFE_MESSAGES = frozenset(
    {"missing", "extra_forbidden", "string_type", "int_type", "float_type", "bool_type", "list_type",
     "dict_type", "finite_number", "too_long", "too_short", "string_too_long", "string_too_short",
     "greater_than", "greater_than_equal", "less_than", "less_than_equal", "model_attributes_type", *MESSAGES}
)  # fmt: skip
MOST_ERRORS = 20


class InvalidPart(BaseModel):
    """One place in the request that does not follow the schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    location: list[str | int]
    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    title: str
    status: int
    detail: str
    errors: list[InvalidPart]


class ProblemError(Exception):
    """Refuse the request with a kind of problem, said in French."""

    def __init__(self, kind: ProblemKind, detail: str = "") -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.detail = detail


def problem_response(
    kind: ProblemKind,
    language: Language,
    *,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
    errors: Sequence[InvalidPart] = (),
) -> Response:
    """Answer with a problem in the caller's language."""
    problem = Problem(
        type=f"urn:earlywarn:problem:{kind.code}",
        title=translate(kind.title, language),
        status=kind.status,
        detail=translate(detail, language) if detail else translate(kind.title, language),
        errors=list(errors),
    )
    extra = {"Content-Language": locale_of(language), **(headers or {})}
    if kind is UNAUTHENTICATED:
        extra["WWW-Authenticate"] = 'Bearer realm="earlywarn"'
    if kind in (UNAVAILABLE, TOO_MANY, CONFLICT):
        extra.setdefault("Retry-After", "5")
    if kind is UNSUPPORTED:
        # RFC 9110: what would have been taken.
        extra |= {"Accept": "text/csv, application/x-ndjson", "Accept-Encoding": "identity"}
    return JSONResponse(
        problem.model_dump(), status_code=kind.status, headers=extra, media_type="application/problem+json"
    )


def declares(*kinds: ProblemKind) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that can answer these problems."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        kind.status: {"description": kind.code, "content": {"application/problem+json": schema}}
        for kind in (*kinds, BAD_HOST, INTERNAL)
    }


def kind_of(error: EarlywarnError) -> ProblemKind:
    """Return the problem that a refusal of a room is to a caller.

    >>> kind_of(NotFoundError("no such student")).status
    404
    """
    if isinstance(error, NotFoundError):
        return NOT_FOUND
    if isinstance(error, TableError | AsOfError | NotScoredError):
        return MALFORMED
    if isinstance(error, StoreError | BusyError | StorageError):
        return UNAVAILABLE
    return INTERNAL


def room_refusal(error: EarlywarnError, language: Language) -> Response:
    """Answer for a room that refused; only what is malformed is told more closely."""
    kind = kind_of(error)
    logger.info("request_refused", extra={"problem": kind.code, "error": type(error).__name__})
    shows = kind is MALFORMED and error.what
    return problem_response(kind, language, detail=str(error) if shows else "")


ShowPage = Callable[[Request, ProblemKind, str], Response | None]


def install_problems(app: FastAPI, known_names: frozenset[str], show_page: ShowPage) -> None:
    """Answer every refusal of `app` as a problem, or as a page where a person reads pages.

    `known_names` are the schema's own words; `show_page` returns None where a problem is due.
    """

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - registered for this class only
        return show_page(request, error.kind, error.detail) or problem_response(
            error.kind, language_of(request), detail=error.detail
        )

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        parts = [invalid_part(raw, known_names) for raw in error.errors()[:MOST_ERRORS]]
        return show_page(request, MALFORMED, "") or problem_response(
            MALFORMED, language_of(request), errors=parts
        )

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        kind = BY_STATUS.get(error.status_code, INTERNAL)
        return show_page(request, kind, "") or problem_response(
            kind, language_of(request), headers=error.headers
        )

    async def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, EarlywarnError)  # noqa: S101
        return show_page(request, kind_of(error), "") or room_refusal(error, language_of(request))

    app.add_exception_handler(ProblemError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(EarlywarnError, domain)


def invalid_part(raw: Mapping[str, Any], known_names: frozenset[str]) -> InvalidPart:
    """Keep of a validation error what is the schema's, and nothing of what was sent."""
    location = [part if isinstance(part, int) or part in known_names else "*" for part in raw["loc"]]
    code = str(raw["type"])
    return InvalidPart(
        location=location, code=code, message=str(raw["msg"]) if code in SAFE_MESSAGES else code
    )
