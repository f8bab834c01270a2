"""Rows that systems push: what a table takes, a batch received, its state and its report."""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import HTMLResponse, Response

from api.dependencies import Cursor, Identifier, Limit, Pusher, ServiceHere, Speaking
from api.language import locale_of
from api.problems import (
    BAD_REQUEST,
    CONFLICT,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    TIMEOUT,
    TOO_LARGE,
    TOO_MANY,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNSUPPORTED,
    declares,
)
from api.pushing import FORMATS, LINE_LIMIT
from api.schemas import BatchCounts, BatchList, BatchRefusal, BatchState, PushableTable, PushableTables
from earlywarn.pipeline.pushed_batches import PushedBatch

logger = logging.getLogger("earlywarn.api")
router = APIRouter(prefix="/v1/tables", tags=["tables"])

TableName = Annotated[Identifier, Path(description="A table that `GET /v1/tables` lists.")]
_REFUSALS = (UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, MALFORMED, UNAVAILABLE)
_SENT: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "A text in double quotes, new for each batch, repeated when one is sent again.",
            "schema": {"type": "string", "pattern": '^"[ !#-\\[\\]-~]{1,200}"$'},
        },
        {
            "name": "accept_drift",
            "in": "query",
            "required": False,
            "description": "A change from earlier batches that is meant, as a refusal names it.",
            "schema": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
        },
    ],
    "requestBody": {
        "required": True,
        "description": "Rows of the table, each with all the columns that `GET /v1/tables` names.",
        "content": {kind: {"schema": {"type": "string"}} for kind in FORMATS},
    },
}
_REPORTED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The report.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }
}


@router.get("", responses=declares(UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE))
def tables(service: ServiceHere, scope: Pusher) -> PushableTables:
    """Return the tables that take rows, each with the JSON Schema of a row: its names are a CSV's columns."""
    pushing = service.pushing
    return PushableTables(
        tables=[
            PushableTable(table=one.table, grain=one.grain, key=list(one.key), row=dict(one.row))
            for one in pushing.targets.values()
        ],
        content_types=list(FORMATS),
        limit_bytes=pushing.limit_bytes,
        line_limit_bytes=LINE_LIMIT,
    )


@router.post(
    "/{table}/batches",
    status_code=202,
    responses=declares(*_REFUSALS, BAD_REQUEST, TIMEOUT, CONFLICT, TOO_LARGE, UNSUPPORTED, TOO_MANY),
    openapi_extra=_SENT,
)
async def push(
    table: TableName, request: Request, response: Response, service: ServiceHere, scope: Pusher
) -> BatchState:
    """Receive rows of a table; they are taken in afterwards, in the order received, as a file's rows are.

    The answer says where to ask what became of them. The day received is the service's. Nothing is scored
    anew by this: the nightly run does that.
    """
    batch = await service.pushing.receive(request, scope.account_id, table)
    service.pushing.notify()
    logger.info("batch_received", extra={"batch": batch.batch_id, "table": table, "n_bytes": batch.n_bytes})
    response.headers["Location"] = _href(batch)
    return shaped(batch)


@router.get("/{table}/batches", responses=declares(*_REFUSALS))
def batches(
    table: TableName,
    request: Request,
    response: Response,
    service: ServiceHere,
    scope: Pusher,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> BatchList:
    """Return a part of the batches that the caller pushed to a table, the latest first."""
    service.pushing.target(table)
    found, following = service.pushing.batches.page(scope.account_id, table, limit=limit, cursor=cursor)
    if following:
        query = urlencode({"limit": str(limit), "cursor": following})
        response.headers["Link"] = f'<{request.url.path}?{query}>; rel="next"'
    return BatchList(batches=[shaped(batch) for batch in found], next_cursor=following)


@router.get("/{table}/batches/{batch_id}", responses=declares(*_REFUSALS))
def batch_state(table: TableName, batch_id: Identifier, service: ServiceHere, scope: Pusher) -> BatchState:
    """Return what became of a batch that the caller pushed."""
    return shaped(service.pushing.batches.find(scope.account_id, table, batch_id))


@router.get(
    "/{table}/batches/{batch_id}/report",
    response_class=Response,
    responses={**_REPORTED, **declares(*_REFUSALS)},
)
def report(
    table: TableName,
    batch_id: Identifier,
    service: ServiceHere,
    scope: Pusher,
    language: Speaking,
    accept: Annotated[str, Header(max_length=1000)] = "application/json",
) -> Response:
    """Return the report of a batch whose rows were read: each accounted for, reasons with their lines.

    It is JSON; to `Accept: text/html` it is the page that an intake of files writes, for a person to read.
    """
    pushed = service.pushing.batches
    batch = pushed.find(scope.account_id, table, batch_id)
    if "text/html" in accept and "application/json" not in accept:
        headers = {"Vary": "Accept", "Content-Language": locale_of(language)}
        return HTMLResponse(pushed.report(batch, page=language), headers=headers)
    return Response(pushed.report(batch), media_type="application/json", headers={"Vary": "Accept"})


def shaped(batch: PushedBatch) -> BatchState:
    """Return a batch as it travels."""
    return BatchState(
        batch_id=batch.batch_id,
        table=batch.table,
        state=batch.state,
        href=_href(batch),
        report=f"{_href(batch)}/report" if batch.has_report else None,
        n_bytes=batch.n_bytes,
        sha256=batch.digest,
        received_at=batch.received_at,
        received_on=batch.received_on,
        settled_at=batch.settled_at,
        counts=BatchCounts(**batch.counts.model_dump()) if batch.counts else None,
        refusal=BatchRefusal(**batch.refusal.model_dump()) if batch.refusal else None,
    )


def _href(batch: PushedBatch) -> str:
    return f"/v1/tables/{quote(batch.table)}/batches/{batch.batch_id}"
