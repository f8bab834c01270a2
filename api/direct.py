"""Answer at once what systems ask most: scores of a few good rows, and the stored risks of one student.

The routes stay the whole of the service. Whatever is not exactly as expected here, wrong or only unusual,
goes on to them untouched, and they answer or refuse it; so each refusal is worded in one place, and what is
answered here is what they would have answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.language import locale_of, preferred_language
from api.posted_rows import NAME, good_rows
from api.problems import room_refusal
from api.routes.students import LONGEST_HELD, tagged
from api.service import Service
from api.shaping import risks_answer, score_answer, version_of
from earlywarn.domain import Language, StudentId
from earlywarn.errors import EarlywarnError
from earlywarn.pipeline.score_on_demand import scored_rows
from earlywarn.store import Entry

SCORED = ("/v1/models/", "/score")
READ = ("/v1/students/", "/risks")
SCORE_ROUTE = "POST /v1/models/{model}/score"
READ_ROUTE = "GET /v1/students/{student_id}/risks"
_WITH_REASONS = {b"": True, b"reasons=true": True, b"reasons=false": False}
_JSON = (b"application/json", b"application/json; charset=utf-8")
_HEADERS = frozenset({b"authorization", b"content-type", b"accept-language", b"if-none-match"})
_STUDENT = re.compile(NAME)
_LONGEST_LANGUAGES = 500


class Direct:
    """Pass by the router where the request is plain and the key was in use a moment ago."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on as it came."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if method == "POST" and path.startswith(SCORED[0]) and path.endswith(SCORED[1]):
            message = await receive()
            receive = _first(message, receive)
            answered = await _score(scope, path[len(SCORED[0]) : -len(SCORED[1])], message, send)
        elif method == "GET" and path.startswith(READ[0]) and path.endswith(READ[1]):
            answered = await _read(scope, path[len(READ[0]) : -len(READ[1])], receive, send)
        else:
            answered = False
        if not answered:
            await self.app(scope, receive, send)


async def _score(scope: Scope, name: str, message: Message, send: Send) -> bool:
    """Answer a request for scores if it is a plain one; say whether it was."""
    service: Service = scope["app"].state.service
    model, with_reasons = service.models.get(name), _WITH_REASONS.get(scope["query_string"])
    heard = _heard(scope, service)
    if model is None or with_reasons is None or heard is None or heard.content_type not in _JSON:
        return False
    values = good_rows(message.get("body", b""), model)
    if values is None:
        return False
    try:
        entered = await service.store.callers.record(
            heard.entry, route=SCORE_ROUTE, version=version_of(model)
        )
    except EarlywarnError as error:
        await room_refusal(error, heard.language)(scope, _nothing, send)
        return True
    if not entered:
        return False
    today = heard.entry.scope.today
    found = scored_rows(model, values, today, reasons=with_reasons)
    content = score_answer(
        service.settings, model, found, heard.language, today=today, with_reasons=with_reasons
    )
    headers = [
        (b"content-type", b"application/json"),
        (b"content-language", locale_of(heard.language).encode()),
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
        stored = await service.store.callers.student_risks(entry, StudentId(student), route=READ_ROUTE)
    except EarlywarnError as error:
        response = room_refusal(error, language)
    else:
        if stored is None:
            return False
        content = risks_answer(service.settings, student, stored, language, today=entry.scope.today)
        response = tagged(content, locale_of(language), heard.held)
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
    if held is not None and len(held) > LONGEST_HELD:
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


def _first(message: Message, receive: Receive) -> Receive:
    """Return a way to receive on which a message already taken comes once more."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return message

    return again


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
