"""Receive what a system pushes: its headers first, then the body, piece by piece, into a file.

Never is a body whole in memory, and what the headers show to be wrong is refused before any of it is read.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from api.problems import (
    BAD_REQUEST,
    CONFLICT,
    MALFORMED,
    NOT_FOUND,
    TIMEOUT,
    TOO_LARGE,
    TOO_MANY,
    UNSUPPORTED,
    ProblemError,
)
from earlywarn.errors import BusyError
from earlywarn.pipeline.push_reception import Spool, claim
from earlywarn.pipeline.push_targets import PushTarget
from earlywarn.pipeline.pushed_batches import PushedBatch, PushedBatches
from earlywarn.tables import PushFormat

FORMATS: Mapping[str, PushFormat] = {"text/csv": "csv", "application/x-ndjson": "ndjson"}
LINE_LIMIT = 1 << 20
MOST_UPLOADS = 4
MOST_ACCEPTED = 20
IDLE_SECONDS, TOTAL_SECONDS = 20.0, 3600.0
_PARAMETERS = {"charset": "utf-8", "header": "present"}
# A structured field of one string (RFC 8941), as draft-ietf-httpapi-idempotency-key-header-07 has it.
_KEY = re.compile(r'"([ !#-\[\]-~]{1,200})"', re.ASCII)
_CHANGE = re.compile(r"[A-Za-z0-9_]{1,80}(\.[A-Za-z0-9_]{1,80})?:[a-z_]{1,40}", re.ASCII)
_PIECE, _BUFFER = 1 << 18, 1 << 20


@dataclass(frozen=True)
class Pushing:
    """What the push routes need: the batches, the tables that take them, and whom to wake."""

    batches: PushedBatches
    targets: Mapping[str, PushTarget]
    notify: Callable[[], None]
    limit_bytes: int
    uploads: Counter[str] = field(default_factory=Counter)

    def target(self, table: str) -> PushTarget:
        """Return a table that takes rows.

        Raises:
            ProblemError: There is none of that name.
        """
        if table not in self.targets:
            raise ProblemError(NOT_FOUND)
        return self.targets[table]

    async def receive(self, request: Request, account_id: str, table: str) -> PushedBatch:
        """Keep the body of a request as a batch that waits, or return the one its key made before.

        Raises:
            ProblemError: What is wrong with the request; nothing of it was kept.
            StorageError: The disk is full; nothing was kept.
        """
        self.target(table)
        form, key = push_format(request), idempotency_key(request)
        n_bytes = self._declared_length(request)
        accepted = accepted_changes(request)
        if accepted is None:
            raise ProblemError(
                MALFORMED,
                "Seul le paramètre accept_drift est admis : la date de réception est celle du service.",
            )
        with self._one_more_upload(account_id):
            try:
                claimed = await run_in_threadpool(claim, self.batches, account_id, key)
            except BusyError as error:
                raise ProblemError(
                    CONFLICT, "La première demande portant cette clé est encore en cours."
                ) from error
            try:
                spool = await run_in_threadpool(claimed.spool, n_bytes=n_bytes)
                try:
                    await read_body(request, spool, limit=self.limit_bytes)
                    received_at = datetime.now(UTC)
                    batch = await run_in_threadpool(
                        claimed.keep,
                        spool,
                        table=table,
                        form=form,
                        received_at=received_at,
                        accepted=accepted,
                    )
                finally:
                    spool.discard()
            finally:
                claimed.close()
        if batch is None:
            raise ProblemError(MALFORMED, "Cette clé a déjà servi pour un autre contenu.")
        return batch

    def _declared_length(self, request: Request) -> int:
        """Return the length that the request declares, 0 where it does not; what is too long is not read."""
        declared = request.headers.get("content-length", "")
        n_bytes = int(declared[:18]) if declared.isdecimal() else 0
        if n_bytes > self.limit_bytes:
            raise ProblemError(TOO_LARGE)
        return n_bytes

    @contextmanager
    def _one_more_upload(self, account_id: str) -> Iterator[None]:
        if self.uploads[account_id] >= MOST_UPLOADS:
            raise ProblemError(TOO_MANY, "Trop d’envois de ce compte sont en cours.")
        self.uploads[account_id] += 1
        try:
            yield
        finally:
            self.uploads[account_id] -= 1


def push_format(request: Request) -> PushFormat:
    """Return the form of the body that the headers declare.

    Raises:
        ProblemError: It is none of ours, is compressed, or is in another encoding than UTF-8.
    """
    kind, *parameters = (part.strip() for part in request.headers.get("content-type", "").lower().split(";"))
    pairs = [parameter.partition("=")[::2] for parameter in parameters if parameter]
    is_ours = all(_PARAMETERS.get(name.strip()) == value.strip().strip('"') for name, value in pairs)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if kind not in FORMATS or not is_ours or encoding != "identity":
        raise ProblemError(
            UNSUPPORTED,
            "Le contenu doit être en text/csv ou en application/x-ndjson, en UTF-8, sans compression.",
        )
    return FORMATS[kind]


def idempotency_key(request: Request) -> str:
    """Return the request's idempotency key.

    Raises:
        ProblemError: It is missing, given twice, or not a text in double quotes.
    """
    given = request.headers.getlist("idempotency-key")
    found = _KEY.fullmatch(given[0].strip()) if len(given) == 1 else None
    if found is None:
        raise ProblemError(
            BAD_REQUEST,
            "L’en-tête Idempotency-Key est requis : un texte de 1 à 200 caractères entre guillemets droits.",
        )
    return found[1]


def accepted_changes(request: Request) -> tuple[str, ...] | None:
    """Return the changes that the sender says are meant; None where a parameter is none of ours."""
    given = request.query_params.multi_items()
    is_ours = len(given) <= MOST_ACCEPTED and all(
        name == "accept_drift" and _CHANGE.fullmatch(value) for name, value in given
    )
    return tuple(sorted({value for _, value in given})) if is_ours else None


async def read_body(request: Request, spool: Spool, *, limit: int) -> None:
    """Write the body to `spool`, piece by piece.

    Raises:
        ProblemError: It is too long, one of its lines is, or it comes too slowly or not to its end.
        StorageError: The disk is full.
    """
    n_bytes, n_line, buffer = 0, 0, bytearray()
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            async for piece in _pieces(request):
                n_bytes += len(piece)
                if n_bytes > limit:
                    raise ProblemError(TOO_LARGE)
                first, last = piece.find(b"\n"), piece.rfind(b"\n")
                longest = n_line + (len(piece) if first < 0 else first)
                n_line = longest if first < 0 else len(piece) - last - 1
                if longest > LINE_LIMIT:
                    raise ProblemError(MALFORMED, "Une ligne du contenu dépasse un mébioctet.")
                buffer += piece
                if len(buffer) >= _BUFFER:
                    await run_in_threadpool(spool.write, bytes(buffer))
                    buffer.clear()
            await run_in_threadpool(spool.write, bytes(buffer))
    except TimeoutError as error:
        raise ProblemError(TIMEOUT) from error
    except ClientDisconnect as error:
        raise ProblemError(BAD_REQUEST) from error


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in pieces shorter than a line may be; each must come soon after the one before."""
    stream = request.stream()
    while True:
        async with asyncio.timeout(IDLE_SECONDS):
            part = await anext(stream, None)
        if part is None:
            return
        for start in range(0, len(part), _PIECE):
            yield part[start : start + _PIECE]
