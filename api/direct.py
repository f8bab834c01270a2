"""Answer at once what systems ask most: scores of a few good rows, and the stored risks of one student.

The routes stay the whole of the service. Whatever is not exactly as expected here, wrong or only unusual,
goes on to them untouched, and they answer or refuse it; so each refusal is worded in one place, and what is
answered here is what they would have answered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dependencies import named
from api.language import locale_of, preferred_language
from api.middleware import beginning_with
from api.posted_rows import NAME, good_rows
from api.problems import room_refusal
from api.routes import models, students
from api.service import Service
from api.shaping import risks_answer, score_answer, version_of
from earlywarn.domain import Language, StudentId
from earlywarn.errors import EarlywarnError
from earlywarn.pipeline.score_on_demand import scored_rows
from earlywarn.store import Entry

_WITH_REASONS = {b"": True, b"reasons=true": True, b"reasons=false": False}
_JSON = (b"application/json", b"application/json; charset=utf-8")
_HEADERS = frozenset({b"authorization", b"content-type", b"accept-language", b"if-none-match"})
_STUDENT = re.compile(NAME)
_LONGEST_LANGUAGES = 500


@dataclass(frozen=True)
class _Way:
    """How a route with one name in its path is called."""

    method: str
    before: str
    after: str
    route: str
    """As the access log names it."""

    @classmethod
    def to(cls, router: APIRouter, endpoint: Callable[..., object]) -> _Way:
        """Return the way to an endpoint."""
        (route,) = (one for one in router.routes if isinstance(one, APIRoute) and one.endpoint is endpoint)
        (method,) = tuple(route.methods or ())
        before, after = re.split(r"\{\w+\}", route.path)
        return cls(method, before, after, named(method, route.path))

    def name_in(self, scope: Scope) -> str | None:
        """Return the name that a request's path holds; None where it is another route's."""
        path: str = scope["path"]
        if scope["method"] != self.method or not (path.startswith(self.before) and path.endswith(self.after)):
            return None
        return path[len(self.before) : -len(self.after)]


_SCORING = _Way.to(models.router, models.score)
_READING = _Way.to(students.router, students.student_risks)


class Direct:
    """Pass by the router where the request is plain and the key was in use a moment ago."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if (name := _SCORING.name_in(scope)) is not None:
            message = await receive()
            receive = beginning_with(message, receive)
            answered = await _score(scope, name, message, send)
        elif (name := _READING.name_in(scope)) is not None:
            answered = await _read(scope, name, receive, send)
        else:
            answered = False
        if not answered:
            await self.app(scope, receive, send)


async def _score(scope: Scope, name: str, message: Message, send: Send) -> bool:
    """Answer a request for scores if it is a plain one; say whether it was.

    The log's row is written once nothing is left to refuse, and scores beside it; see docs/decisions/0029.
    """
    service: Service = scope["app"].state.service
    model, with_reasons = service.models.get(name), _WITH_REASONS.get(scope["query_string"])
    heard = _heard(scope, service)
    if model is None or with_reasons is None or heard is None or heard.content_type not in _JSON:
        return False
    values = good_rows(message.get("body", b""), model)
    if values is None:
        return False
    language, today = heard.language, heard.entry.scope.today
    content = b""

    def score() -> None:
        nonlocal content
        found = scored_rows(model, values, today, reasons=with_reasons)
        content = score_answer(
            service.settings, model, found, language, today=today, with_reasons=with_reasons
        )

    try:
        entered = await service.store.callers.record(
            heard.entry, route=_SCORING.route, version=version_of(model), meanwhile=score
        )
    except EarlywarnError as error:
        await room_refusal(error, language)(scope, _nothing, send)
        return True
    if not entered:
        return False
    headers = [
        (b"content-type", b"application/json"),
        (b"content-language", locale_of(language).encode()),
        (b"content-length", b"%d" % len(content)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
    return True


async def _read(scope: Scope, student: str, receive: Receive, send: Send) -> bool:
    """Answer a request for stored risks if it is a plain one; say whether it was."""
    service: Service = scope["app"].state.service
    heard = _heard(scope, service)
    if heard is None or scope["query_string"] or not _STUDENT.fullmatch(student):
        return False
    entry, language = heard.entry, heard.language
    try:
        stored = await service.store.callers.student_risks(entry, StudentId(student), route=_READING.route)
    except EarlywarnError as error:
        response = room_refusal(error, language)
    else:
        if stored is None:
            return False
        content = risks_answer(service.settings, student, stored, language, today=entry.scope.today)
        response = students.tagged(content, locale_of(language), heard.held)
    await response(scope, receive, send)
    return True


@dataclass(frozen=True)
class _Heard:
    """What the headers of a plain request say."""

    entry: Entry
    language: Language
    content_type: bytes
    held: str | None


def _heard(scope: Scope, service: Service) -> _Heard | None:
    """Return what the headers say; None where one of them is unusual, or its key has to be asked about."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _HEADERS:
            if name in found:
                return None
            found[name] = value
    scheme, _, key = found.get(b"authorization", b"").partition(b" ")
    if scheme != b"Bearer" or not key.isascii():
        return None
    entry = service.store.callers.remembered(key.decode(), today=service.today())
    if entry is None:
        return None
    held = found.get(b"if-none-match")
    if held is not None and len(held) > students.LONGEST_HELD:
        return None
    return _Heard(
        entry,
        _language(found.get(b"accept-language", b"")[:_LONGEST_LANGUAGES]),
        found.get(b"content-type", b""),
        None if held is None else held.decode("latin-1"),
    )


@lru_cache(maxsize=256)
def _language(accepted: bytes) -> Language:
    return preferred_language(accepted.decode("latin-1"))


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
