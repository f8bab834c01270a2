"""Ask the database on the event loop: a whole transaction in one exchange, and no thread that waits for it.

libpq's pipeline mode: all statements of a transaction and its end are sent together, so that a reading and
its trace cost one way there and back. Each exchange has a connection to itself, and the server writes the
commits of those that end together to the disk at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import ClauseElement, Engine
from sqlalchemy.dialects import postgresql

from earlywarn.errors import StoreError
from earlywarn.store.roles import refusal, session_arguments

N_LINES = 16
SECONDS_TO_WAIT = 5.0
SECONDS_TO_ANSWER = 30.0
_ISOLATION = "-c default_transaction_isolation=repeatable\\ read"
_DIALECT = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
Answers = list[list[tuple[bytes | None, ...]]]
"""The rows of each statement of an exchange, as the database writes values."""


def no_work() -> None:
    """Do nothing while the database works."""


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement in the database's own words, to be prepared once on each connection."""

    text: bytes
    places: Mapping[str, int]
    """Where each value that changes from asking to asking stands among the values."""
    values: tuple[bytes | None, ...]

    @classmethod
    def of(cls, statement: ClauseElement, *changing: str) -> Statement:
        """Put a statement into words; its parameters named `changing` are given when it is asked."""
        compiled = statement.compile(dialect=_DIALECT)
        names: list[str] = compiled.positiontup  # type: ignore[attr-defined]
        values = Transformer().dump_sequence(
            [compiled.params[name] for name in names], [PyFormat.TEXT] * len(names)
        )
        fixed = tuple(None if value is None else bytes(value) for value in values)
        return cls(str(compiled).encode(), {name: names.index(name) for name in changing}, fixed)

    def given(self, **values: str) -> Asked:
        """Return the statement with its changing values."""
        found = list(self.values)
        for name, value in values.items():
            found[self.places[name]] = value.encode()
        return Asked(self.text, found)


@dataclass(frozen=True, eq=False)
class Asked:
    """A statement with all its values."""

    text: bytes
    values: Sequence[bytes | None]


class Exchanges:
    """Connections for the event loop of one process, opened as they are needed; close it with the store."""

    def __init__(
        self,
        engine: Engine,
        *,
        n_lines: int = N_LINES,
        seconds_to_wait: float = SECONDS_TO_WAIT,
        seconds_to_answer: float = SECONDS_TO_ANSWER,
    ) -> None:
        self._arguments = session_arguments(engine.url, _ISOLATION)
        self._seconds_to_wait = seconds_to_wait
        self._seconds_to_answer = seconds_to_answer
        self._free = asyncio.Semaphore(n_lines)
        self._idle: list[_Line] = []

    async def ask(self, *asked: Asked, meanwhile: Callable[[], object] = no_work) -> Answers:
        """Run statements as one transaction, and return the rows of each.

        Args:
            asked: The statements.
            meanwhile: What is done while the database works. If it fails, so does the asking, once the
                database has answered; the transaction is kept.

        Raises:
            StoreError: The database is gone, full or paused, refuses, or all connections stay taken; the
                transaction was then not kept, or it cannot be known whether it was.
        """
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        idle = self._idle
        try:
            line = await self._line()
            try:
                answers = await line.ask(asked, meanwhile, self._seconds_to_answer)
            except BaseException:
                # What is still to come on this connection would answer somebody else.
                line.close()
                raise
        except (psycopg.Error, TimeoutError) as error:
            raise refusal(error) from None
        finally:
            self._free.release()
        if idle is self._idle:
            idle.append(line)
        else:
            line.close()
        return answers

    def close(self) -> None:
        """Give all connections back, those in use once they have answered."""
        idle, self._idle = self._idle, []
        for line in idle:
            line.close()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._seconds_to_wait):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreError("the service database is busy", todo="try again shortly") from error

    async def _line(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_open:
                return line
        async with asyncio.timeout(self._seconds_to_answer):
            connection = await psycopg.AsyncConnection.connect(**self._arguments, autocommit=True)
        try:
            return _Line(connection)
        except BaseException:
            connection.pgconn.finish()
            raise


class _Line:
    """One connection, in pipeline mode from its beginning to its end, watched by the event loop."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._server = connection.pgconn
        self._server.nonblocking = 1
        self._server.enter_pipeline_mode()
        self._socket = self._server.socket
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._read)
        self._names: dict[bytes, bytes] = {}
        self._results: list[Any] = []
        self._answered: asyncio.Future[None] | None = None
        self.is_open = True

    async def ask(self, asked: Sequence[Asked], meanwhile: Callable[[], object], seconds: float) -> Answers:
        """Send statements and the end of their transaction, and return what each answered."""
        self._results = []
        wanted: list[int] = []
        n_sent = 0
        for one in asked:
            name = self._names.get(one.text)
            if name is None:
                name = self._names[one.text] = b"s%d" % len(self._names)
                self._server.send_prepare(name, one.text)
                n_sent += 1
            self._server.send_query_prepared(name, one.values)
            wanted.append(n_sent)
            n_sent += 1
        self._server.pipeline_sync()
        answered = self._answered = self._loop.create_future()
        # A fifth of what `asyncio.timeout` takes.
        deadline = self._loop.call_later(seconds, self._lose, TimeoutError())
        try:
            while not answered.done() and self._server.flush():
                await asyncio.sleep(0.001)
            try:
                meanwhile()
            finally:
                await answered
        finally:
            deadline.cancel()
        return [_rows(self._results[place]) for place in wanted]

    def close(self) -> None:
        """Hang up."""
        if self.is_open:
            self.is_open = False
            self._loop.remove_reader(self._socket)
            self._server.finish()

    def _read(self) -> None:
        """Take in what has come; a server that hangs up between two exchanges is noticed here, too."""
        try:
            self._server.consume_input()
            while self._answered is not None and not self._server.is_busy():
                result = self._server.get_result()
                if result is None:
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    self._end(None)
                elif result.status in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                    self._results.append(result)
                elif result.status == pq.ExecStatus.FATAL_ERROR:
                    self._end(_error(result))
            if self._server.status != pq.ConnStatus.OK:
                self._lose(psycopg.OperationalError())
        except psycopg.Error as error:
            self._lose(error)

    def _end(self, error: Exception | None) -> None:
        answered, self._answered = self._answered, None
        if answered is None or answered.done():
            return
        if error is None:
            answered.set_result(None)
        else:
            answered.set_exception(error)

    def _lose(self, error: Exception) -> None:
        self.close()
        self._end(error)


def _rows(result: Any) -> list[tuple[bytes | None, ...]]:
    columns = range(result.nfields)
    return [tuple(result.get_value(row, column) for column in columns) for row in range(result.ntuples)]


def _error(result: Any) -> psycopg.Error:
    """Return the failure by its kind alone: the database's own message may quote a row."""
    code = result.error_field(pq.DiagnosticField.SQLSTATE) or b""
    try:
        return psycopg.errors.lookup(code.decode())()
    except KeyError:
        return psycopg.DatabaseError()
