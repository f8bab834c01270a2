"""The models in service, and scores on demand: the same numbers as the batch from the same values."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.chance import chance_in_words, range_text
from api.dependencies import Caller, ServiceHere, Speaking
from api.language import locale_of
from api.problems import MALFORMED, NOT_FOUND, TOO_LARGE, UNAUTHENTICATED, UNAVAILABLE, declares
from api.schemas import ModelCard, ModelCards, ModelName, OnDemandScore, ScoreAnswer, ScoreRequest
from api.shaping import DECISION_SUPPORT, contest_text, list_basis, shaped_reason
from api.strict_body import StrictRoute
from api.wording import translate
from earlywarn.domain import Language
from earlywarn.pipeline.score_on_demand import OnDemandScores, refuse_future
from earlywarn.scoring import PublishedModel, Score, score_rows

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=StrictRoute)


@router.get("", responses=declares(UNAUTHENTICATED, UNAVAILABLE))
def models(response: Response, service: ServiceHere, scope: Caller, language: Speaking) -> ModelCards:
    """Return the published models that this process has checked."""
    response.headers["Content-Language"] = locale_of(language)
    return ModelCards(models=[_card(model, language) for model in service.models.values()])


@router.post(
    "/{model}/score",
    responses=declares(UNAUTHENTICATED, NOT_FOUND, TOO_LARGE, MALFORMED, UNAVAILABLE),
)
def score(
    model: Annotated[ModelName, Path()],
    asked: ScoreRequest,
    response: Response,
    service: ServiceHere,
    scope: Caller,
    language: Speaking,
) -> ScoreAnswer:
    """Score what is posted; nothing is stored, and nothing but what is posted is read.

    Send `rows` of encoded features, or `tables` of raw rows, complete for the posted students, with `as_of`.
    """
    published = service.model(model)
    as_of = asked.as_of or scope.today
    if asked.tables is not None:
        found = service.table_scorer.score_tables(published, asked.tables, as_of, today=scope.today)
    else:
        refuse_future(as_of, scope.today)
        scores = score_rows(published, asked.rows or [])
        found = OnDemandScores(tuple(() for _ in scores), tuple(scores), as_of, None)
    response.headers["Content-Language"] = locale_of(language)
    return ScoreAnswer(
        **list_basis(published.kind, language),
        model=published.model,
        outcome=published.outcome[language],
        model_version=published.version,
        as_of=found.as_of,
        data_age_days=max(0, (scope.today - found.as_of).days),
        peers_as_of=found.peers_as_of,
        decision_support=translate(DECISION_SUPPORT, language),
        contest=contest_text(service.settings, language),
        scores=[
            _shaped(position, unit, scored, published, language)
            for position, (unit, scored) in enumerate(zip(found.units, found.scores, strict=True))
        ],
    )


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


def _shaped(
    position: int, unit: tuple[str, ...], scored: Score, model: PublishedModel, language: Language
) -> OnDemandScore:
    return OnDemandScore(
        position=position,
        unit=list(unit),
        risk=scored.risk,
        risk_low=scored.risk_low,
        risk_high=scored.risk_high,
        margin=scored.margin,
        chance=None if scored.risk is None else chance_in_words(scored.risk, language).text,
        chance_range=range_text(scored, language),
        not_scored_because=scored.not_scored_because and model.abstention.words[language],
        reasons=[shaped_reason(reason.as_dict(), language) for reason in scored.reasons],
    )
