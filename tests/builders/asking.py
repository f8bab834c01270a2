"""Ask a plain ASGI application by hand, to see what it reads and what it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass
class Answered:
    """What came back, and how many parts of the body were read before."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    parts_read: int = 0

    def json(self) -> Any:
        """Return the body's content."""
        return json.loads(self.body)


def ask(
    app: ASGIApp,
    *,
    path: str = "/",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    parts: Iterable[bytes] = (b"",),
    scheme: str = "http",
) -> Answered:
    """Send one request whose body comes in `parts`, and return the answer."""
    waiting = list(parts)
    answered = Answered()

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(60)
        answered.parts_read += 1
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answered.body += message.get("body", b"")

    sent = {"host": "localhost"} | (headers or {})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": scheme,
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    return answered
