"""What surrounds every request keeps its promises whatever is inside."""

from __future__ import annotations

import logging

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from api.middleware import BODY_LIMIT, BoundedBody, FailSafe, KnownHosts, SecurityHeaders
from tests.builders.asking import ask

CANARY = "TREL01529907"
BAD_PORTS = ("localhost:80@evil.example", "localhost:", "localhost:80:80", "localhost:x", "[::1]x", "[::1")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    body = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            break
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    """Fail with a student in the message."""
    raise ValueError(CANARY)


def test_a_declared_oversize_is_refused_unread() -> None:
    """A body said to be too large is answered 413 before any of it is read."""
    answered = ask(BoundedBody(echo), headers={"Content-Length": str(BODY_LIMIT + 1)}, parts=[b"x"])

    assert (answered.status, answered.parts_read) == (413, 0)


def test_an_undeclared_oversize_is_cut_off() -> None:
    """Without a declared length, reading stops at the part that passes the limit."""
    answered = ask(BoundedBody(echo, limit=10), parts=[b"12345", b"67890", b"1", b"never read"])

    assert (answered.status, answered.parts_read) == (413, 3)


def test_a_small_body_arrives_whole() -> None:
    """A body at the limit reaches the application unchanged."""
    assert ask(BoundedBody(echo, limit=10), parts=[b"12345", b"67890"]).body == b"10"


def test_a_slow_body_is_given_up() -> None:
    """A sender that stops halfway is answered 408."""
    slow = BoundedBody(echo, seconds=0.01)

    async def stalled(scope: Scope, receive: Receive, send: Send) -> None:
        async def never() -> dict[str, object]:
            import asyncio

            await asyncio.sleep(60)
            return {}

        await slow(scope, never, send)

    assert ask(stalled).status == 408


def test_a_failure_tells_nobody_what_it_held(caplog: pytest.LogCaptureFixture) -> None:
    """A failure inside is a bare 500; neither the answer nor the log repeats its message."""
    with caplog.at_level(logging.DEBUG):
        answered = ask(FailSafe(broken))

    assert answered.status == 500
    assert answered.json()["type"] == "urn:earlywarn:problem:internal"
    assert CANARY not in caplog.text + answered.body.decode()


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1@evil.example", *BAD_PORTS]
)
def test_an_unknown_host_is_refused(host: str) -> None:
    """A request for another name is not served."""
    assert ask(KnownHosts(echo, allowed=["localhost", "127.0.0.1"]), headers={"host": host}).status == 400


def test_a_known_host_is_served_on_any_port() -> None:
    """The port is no part of the name."""
    assert ask(KnownHosts(echo, allowed=["localhost"]), headers={"host": "LOCALHOST:8000"}).status == 200


def test_every_answer_is_dressed() -> None:
    """Strict policy, no sniffing and no caching stand on a refusal as on an answer."""
    headers = ask(SecurityHeaders(FailSafe(broken))).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_no_answer_says_otherwise() -> None:
    """A laxer header from inside is replaced, not joined: of two, a browser may take either."""
    lax = PlainTextResponse("", headers={"X-Frame-Options": "SAMEORIGIN", "ETag": "1"})
    said: list[tuple[bytes, bytes]] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            said.extend(message.get("headers", ()))
            await send(message)

        await SecurityHeaders(lax)(scope, receive, note)

    ask(watched)

    assert [value for name, value in said if name == b"x-frame-options"] == [b"DENY"]
    assert (b"etag", b"1") in said


def test_transport_security_is_said_over_https_only() -> None:
    """Plain http makes no promise of encryption."""
    app = SecurityHeaders(echo)

    assert "strict-transport-security" not in ask(app).headers
    assert "strict-transport-security" in ask(app, scheme="https").headers


PUSH = "/v1/tables/absences/batches"
OTHERS = ("/v1/tables/absences/batches/x", "/v1/tables/batches", "/v1/tables//batches", "/x")


def test_a_pushed_body_passes_by() -> None:
    """A batch may be longer: it comes to its route in the parts in which it was sent."""
    answered = ask(BoundedBody(echo, limit=3), path=PUSH, parts=[b"12345", b"67890"])

    assert (answered.body, answered.headers.get("connection")) == (b"10", None)


def test_a_pushed_body_refused_unread_ends_the_connection() -> None:
    """Where the route answers before the body's end, the rest of it cannot be taken for a request."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await PlainTextResponse("no", status_code=413)(scope, receive, send)

    answered = ask(BoundedBody(refuse), path=PUSH, parts=[b"1", b"2"])

    assert (answered.status, answered.headers["connection"], answered.parts_read) == (413, "close", 1)


@pytest.mark.parametrize("path", OTHERS)
def test_no_other_body_passes_by(path: str) -> None:
    """Only the one route that bounds its body itself is exempt."""
    assert ask(BoundedBody(echo, limit=3), path=path, parts=[b"12345"]).status == 413
