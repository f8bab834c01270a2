"""A running service that takes pushed rows, and calling systems that push them over real HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from earlywarn.store import Account, issue_api_key, owner_engine, save_account
from earlywarn.workspace import Workspace
from tests.builders.served import Served, prepared, started
from tests.builders.serving import Loaded
from tests.builders.store import TODAY

CSV, NDJSON = "text/csv", "application/x-ndjson"
COLUMNS = ("student_id", "happened_on", "period", "days", "recorded_on", "category")
WRITERS = ("writer", "other_writer")
FINAL = ("accepted", "refused", "failed")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's content."""
        return json.loads(self.body)


@dataclass
class PushClient:
    """Calling systems of a running service."""

    running: Served
    process: subprocess.Popen[str]
    home: Path
    keys: Mapping[str, str]

    @property
    def workspace(self) -> Workspace:
        """Return the service's workspace."""
        return Workspace(self.home / "workspace")

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        *,
        who: str | None = "writer",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask as `who`; a body that comes in parts is sent without its length."""
        given = {} if who is None else {"Authorization": f"Bearer {self.keys[who]}"}
        address = urlsplit(self.running.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        try:
            # What is refused before it was read to its end has its answer all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, {**given, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def push(
        self,
        body: bytes | Iterable[bytes],
        *,
        table: str = "absences",
        kind: str = CSV,
        key: str | None = None,
        who: str | None = "writer",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Push a batch, by a key of its own unless one is given."""
        sent = {"Content-Type": kind, "Idempotency-Key": key or f'"{uuid4()}"'}
        return self.request(
            "POST", f"/v1/tables/{table}/batches", body, who=who, headers={**sent, **(headers or {})}
        )

    def settled(self, pushed: Answer, *, who: str = "writer", seconds: float = 60) -> dict[str, Any]:
        """Wait for a pushed batch to be settled, and return its state."""
        assert pushed.status == 202, pushed.body
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            state: dict[str, Any] = self.request("GET", pushed.headers["location"], who=who).json()
            if state["state"] in FINAL:
                return state
            time.sleep(0.05)
        raise AssertionError(f"the batch is still {state['state']}")

    def report(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the report of a batch that was taken in."""
        found: dict[str, Any] = self.request("GET", state["report"]).json()
        return found

    def workers(self) -> list[int]:
        """Return the service's own worker processes."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(word) for path in children for word in path.read_text().split()]

    def kill(self, *, with_workers: bool = False) -> None:
        """Kill the service without a word, its workers too if asked."""
        workers = self.workers() if with_workers else []
        self.process.send_signal(signal.SIGKILL)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        self.process.wait(timeout=30)

    def resident_bytes(self, what: str = "VmRSS") -> int:
        """Return how much memory the serving process holds, or held at most (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024


@dataclass(frozen=True)
class Prepared:
    """A folder in which the service can be started again and again."""

    home: Path
    loaded: Loaded
    keys: Mapping[str, str]


def prepare(home: Path) -> Prepared:
    """Prepare a service whose systems `writer` and `other_writer` may push, and `system` may not."""
    loaded = prepared(home)
    engine = owner_engine(str(loaded.urls.owner))
    keys = dict(loaded.keys)
    try:
        for name in WRITERS:
            save_account(engine, Account(name, name, "system", all_schools=True, may_write_tables=True))
            keys[name] = issue_api_key(engine, name, today=TODAY)
        save_account(engine, Account("reader", "reader", "system", all_schools=True))
        keys["reader"] = issue_api_key(engine, "reader", today=TODAY)
    finally:
        engine.dispose()
    return Prepared(home, loaded, keys)


@contextmanager
def pushing(ready: Prepared, *, limit: int | None = None) -> Iterator[PushClient]:
    """Serve what was prepared; `limit` bounds a body."""
    variables = {} if limit is None else {"EARLYWARN_PUSH_LIMIT_BYTES": str(limit)}
    with started(ready.home, ready.loaded, variables=variables) as (running, process):
        yield PushClient(running, process, ready.home, ready.keys)


def absences(n_rows: int, *, first: int = 0, days: str = "0.50") -> list[dict[str, Any]]:
    """Return rows of absences of invented students."""
    return [
        {
            "student_id": f"CANA{number // 20:08d}",
            "happened_on": f"2026-{9 + number % 2:02d}-{1 + number % 20:02d}",
            "period": "day",
            "days": days,
            "recorded_on": None,
            "category": "unexcused" if number % 3 else "excused",
        }
        for number in range(first, first + n_rows)
    ]


def as_csv(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = COLUMNS) -> bytes:
    """Write rows as a CSV body."""
    names = tuple(columns)
    lines = [",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
    return "\r\n".join([",".join(names), *lines, ""]).encode()


def as_ndjson(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows as a body of JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
