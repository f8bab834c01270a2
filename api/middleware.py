"""What surrounds every request: known hosts, a bounded body, security headers, and no trace of a failure.

Plain ASGI, so that a refusal costs nothing: an oversized body is refused before a route, a thread or a
database connection is taken.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.language import language_of
from api.problems import BAD_HOST, INTERNAL, TIMEOUT, TOO_LARGE, ProblemKind, problem_response

logger = logging.getLogger("earlywarn.api")

BODY_LIMIT = 1024 * 1024
BODY_SECONDS = 20.0
STREAMED = re.compile(r"/v1/tables/[^/]+/batches")
HOST = re.compile(r"(\[[0-9a-f:]+\]|[^:\[\]]+)(:[0-9]{1,5})?")
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), browsing-topics=()",
}

_PLAIN = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_STRICT = [*_PLAIN, (b"strict-transport-security", b"max-age=31536000")]
_OURS = frozenset(name for name, _ in _STRICT)
_VARY, _UNCACHED = (b"vary", b"Accept-Language"), (b"cache-control", b"no-store")


class SecurityHeaders:
    """Put the same strict headers on every answer, errors included; keep nothing in caches by default."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [pair for pair in message.get("headers", ()) if pair[0] not in _OURS]
                message["headers"] = own
                names = {name for name, _ in own}
                if b"vary" in names:
                    MutableHeaders(raw=own).add_vary_header("Accept-Language")
                else:
                    own.append(_VARY)
                if b"cache-control" not in names:
                    own.append(_UNCACHED)
                own += _STRICT if scope["scheme"] == "https" else _PLAIN
            await send(message)

        await self.app(scope, receive, dressed)


class FailSafe:
    """Turn any failure into a bare 500, and log its class and place only: its text may hold a student."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer for it if it fails before it has begun to answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            logger.error("request_failed", extra={"error": type(error).__name__, "place": _place(error)})  # noqa: TRY400
            if not started:
                await _refuse(INTERNAL, scope, receive, send)


class KnownHosts:
    """Serve only the host names that this deployment answers to."""

    def __init__(self, app: ASGIApp, *, allowed: Sequence[str]) -> None:
        self.app = app
        self.allowed = frozenset(name.lower() for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request for a known host on, refuse any other."""
        if scope["type"] == "http":
            hosts = Headers(scope=scope).getlist("host")
            if len(hosts) != 1 or host_name(hosts[0]) not in self.allowed:
                await _refuse(BAD_HOST, scope, receive, send)
                return
        await self.app(scope, receive, send)


class BoundedBody:
    """Take a body in, at most one mebibyte and twenty seconds of it, before anything else sees it.

    Pushed batches alone pass by: their route bounds them while it writes them to the disk.
    """

    def __init__(self, app: ASGIApp, *, limit: int = BODY_LIMIT, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request with a small enough body on, refuse any other."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "POST" and STREAMED.fullmatch(scope["path"]):
            await self.app(scope, *_closing_if_unread(receive, send))
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:12]) > self.limit:
            await _refuse(TOO_LARGE, scope, receive, send)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body = await _read(receive, self.limit)
        except TimeoutError:
            await _refuse(TIMEOUT, scope, receive, send)
            return
        if body is None:
            await _refuse(TOO_LARGE, scope, receive, send)
            return
        whole: Message = {"type": "http.request", "body": body, "more_body": False}
        await self.app(scope, beginning_with(whole, receive), send)


def _closing_if_unread(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """Return both ways of a request such that an answer before the body's end ends the connection."""
    is_read = False

    async def watched() -> Message:
        nonlocal is_read
        message = await receive()
        is_read = is_read or not message.get("more_body", False)
        return message

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start" and not is_read:
            MutableHeaders(scope=message)["Connection"] = "close"
        await send(message)

    return watched, closing


async def _read(receive: Receive, limit: int) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(chunks)
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def beginning_with(message: Message, receive: Receive) -> Receive:
    """Return a way to receive on which a message already taken comes once more, before all others."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return message

    return again


async def _refuse(kind: ProblemKind, scope: Scope, receive: Receive, send: Send) -> None:
    # The rest of a refused body is not read, so the connection cannot be used again.
    headers = {"Connection": "close"} if kind in (TOO_LARGE, TIMEOUT) else {}
    response = problem_response(kind, language_of(HTTPConnection(scope)), headers=headers)
    await response(scope, receive, send)


def host_name(host: str) -> str:
    """Return the name part of a `Host` header; nothing where it is none.

    >>> host_name("localhost:8000"), host_name("[::1]:8000"), host_name("localhost:80@evil.example")
    ('localhost', '[::1]', '')
    """
    found = HOST.fullmatch(host.lower())
    return found[1] if found else ""


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else ""
