"""The models in service, and scores on demand: the same numbers as the batch from the same values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from fastapi.concurrency import run_in_threadpool

from api.dependencies import Caller, Holder, Route, ServiceHere, Speaking
from api.language import locale_of
from api.problems import (
    MALFORMED,
    NOT_FOUND,
    TOO_LARGE,
    UNAUTHENTICATED,
    UNAVAILABLE,
    ProblemError,
    declares,
)
from api.schemas import ModelCard, ModelCards, ModelName, ScoreAnswer, ScoreRequest
from api.shaping import list_basis, score_answer, version_of
from api.strict_body import StrictRoute
from earlywarn.domain import Language
from earlywarn.pipeline.score_on_demand import OnDemandScores, refuse_future, scored_rows
from earlywarn.scoring import PublishedModel, values_of

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.get("", responses=declares(UNAUTHENTICATED, UNAVAILABLE))
def models(response: Response, service: ServiceHere, scope: Caller, language: Speaking) -> ModelCards:
    """Return the published models that this process has checked."""
    response.headers["Content-Language"] = locale_of(language)
    return ModelCards(models=[_card(model, language) for model in service.models.values()])


@router.post(
    "/{model}/score",
    response_model=ScoreAnswer,
    responses=declares(UNAUTHENTICATED, NOT_FOUND, TOO_LARGE, MALFORMED, UNAVAILABLE),
)
async def score(
    model: Annotated[ModelName, Path()],
    asked: ScoreRequest,
    service: ServiceHere,
    entry: Holder,
    language: Speaking,
    route: Route,
    reasons: Annotated[bool, Query(description="Whether each score comes with its reasons.")] = True,
) -> Response:
    """Score what is posted; no score is stored, and nothing but what is posted is read.

    Send `rows` of encoded features, or `tables` of raw rows, complete for the posted students, with `as_of`.
    The asking is recorded: who, and which model; of whom the rows are, the service does not know.
    """
    published, today = service.model(model), entry.scope.today
    as_of = asked.as_of or today
    refuse_future(as_of, today)

    async def record() -> None:
        if not await service.store.callers.record(entry, route=route, version=version_of(published)):
            raise ProblemError(UNAUTHENTICATED)

    def written(found: OnDemandScores) -> bytes:
        return score_answer(service.settings, published, found, language, today=today, with_reasons=reasons)

    # What is told is recorded once nothing is left to refuse; see docs/decisions/0029.
    if asked.rows is None:
        scorer, tables = service.table_scorer, asked.tables or {}
        found = await run_in_threadpool(scorer.score_tables, published, tables, as_of, reasons=reasons)
        await record()
        content = await run_in_threadpool(written, found)
    else:
        values = await run_in_threadpool(values_of, published, asked.rows)
        await record()
        content = await run_in_threadpool(
            lambda: written(scored_rows(published, values, as_of, reasons=reasons))
        )
    return Response(content, media_type="application/json", headers={"Content-Language": locale_of(language)})


def _card(model: PublishedModel, language: Language) -> ModelCard:
    return ModelCard(
        **list_basis(model.kind, language),
        model=model.model,
        version=model.version,
        outcome=model.outcome[language],
        capacity_share=model.capacity_share,
        capacity_per=list(model.capacity_per),
        features=list(model.features),
    )
