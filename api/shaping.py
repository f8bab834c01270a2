"""Shape stored values into what travels: the same facts, in the caller's language, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from api.chance import range_text
from api.schemas import GradeRoster, Reason, RosterEntry
from api.settings import ServiceSettings
from api.wording import translate
from earlywarn.domain import Language
from earlywarn.pipeline.score_on_demand import OnDemandScores
from earlywarn.scoring import RULES, PublishedModel, Score, share_in_words
from earlywarn.store import CurrentRun, RosterHeader, StudentRisk

DECISION_SUPPORT = (
    "Aide à la décision : ce risque estimé attire l’attention, il ne décide rien. "
    "Une personne décide, avec ce qu’elle sait de l’élève."
)
CONTEST = (
    "Pour corriger une donnée ou présenter des observations, adressez-vous à la direction de l’école ou à la "
    "personne responsable de la protection des renseignements personnels."
)
CONTEST_AT = "Pour corriger une donnée ou présenter des observations : {contact}"

_EVIDENCE = ("feature", "value", "window", "own_past", "peers_median")
NOT_SCORED = "trop peu de données pour estimer un risque"
BY_RULES = "Liste par règles, sans risque chiffré."


def contest_text(settings: ServiceSettings, language: Language) -> str:
    """Say how a score is contested, and to whom where the deployment names someone."""
    if settings.contact:
        return translate(CONTEST_AT, language, contact=settings.contact)
    return translate(CONTEST, language)


def outcome_text(run: CurrentRun, language: Language) -> str:
    """Return the outcome in words, as the run's model declared it."""
    return str(run.facts["outcome"][language])


def list_basis(kind: object, language: Language) -> dict[str, Any]:
    """Say what a list is made by, and why it says no risk where rules make it."""
    if kind != RULES:
        return {"list_by": "model", "no_risk_because": None}
    return {"list_by": "rules", "no_risk_because": translate(BY_RULES, language)}


def is_by_rules(run: CurrentRun) -> bool:
    """Say whether a run's lists are made by rules, so that no risk is said."""
    return bool(run.facts.get("kind") == RULES)


def not_scored_text(stored: StudentRisk, language: Language) -> str | None:
    """Say why a student was not scored, in the words that the model declares; None where they were."""
    return None if stored.not_scored_because is None else too_little_data(stored.run, language)


def too_little_data(run: CurrentRun, language: Language) -> str:
    """Say what is missing where a run scores nobody, in the words that its model declares."""
    words = run.facts.get("not_scored_because", {})
    return str(words.get(language) or translate(NOT_SCORED, language))


def version_of(model: PublishedModel) -> str:
    """Return a model's version as the access log names it."""
    return f"{model.model}/{model.version}"


def data_age_days(data_as_of: date, today: date) -> int:
    """Return how many days ago the data behind a score ended."""
    return max(0, (today - data_as_of).days)


def shaped_reason(stored: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Return a reason in one language, as `Reason` describes it; a comparison that was not made is null."""
    evidence = stored["evidence"]
    return {
        "code": stored["code"],
        "direction": stored["direction"],
        "strength": stored["strength_words"][language],
        "text": stored["text"][language],
        "comparison": stored["comparison"][language],
        "actionable": stored["actionable"],
        "evidence": {name: evidence[name] for name in _EVIDENCE},
    }


def shaped_risk(stored: StudentRisk, language: Language, *, today: date) -> dict[str, Any]:
    """Return one stored score with all that it must carry, as `Risk` describes it."""
    return {
        **list_basis(stored.run.facts.get("kind"), language),
        "model": stored.run.model,
        "outcome": outcome_text(stored.run, language),
        "as_of": stored.as_of,
        "data_age_days": data_age_days(stored.run.data_as_of, today),
        "model_version": stored.run.version,
        "unit": stored.unit,
        **_in_words(stored, language),
        "on_roster": stored.is_listed,
        "not_scored_because": not_scored_text(stored, language),
        "reasons": [shaped_reason(reason, language) for reason in stored.reasons],
    }


def shaped_score(
    position: int,
    unit: Sequence[str],
    scored: Score,
    model: PublishedModel,
    language: Language,
    *,
    with_reasons: bool,
) -> dict[str, Any]:
    """Return one score on demand, as `OnDemandScore` describes it."""
    return {
        "position": position,
        "unit": unit,
        **_in_words(scored, language),
        "margin": scored.margin,
        "not_scored_because": scored.not_scored_because and model.abstention.words[language],
        "reasons": [shaped_reason(reason.as_dict(), language) for reason in scored.reasons]
        if with_reasons
        else None,
    }


def score_answer(
    settings: ServiceSettings,
    model: PublishedModel,
    found: OnDemandScores,
    language: Language,
    *,
    today: date,
    with_reasons: bool,
) -> bytes:
    """Return the answer to a request for scores on demand, as `ScoreAnswer` describes it."""
    scores = zip(found.units, found.scores, strict=True)
    return orjson.dumps(
        {
            **list_basis(model.kind, language),
            "model": model.model,
            "outcome": model.outcome[language],
            "model_version": model.version,
            "as_of": found.as_of,
            "data_age_days": data_age_days(found.as_of, today),
            "peers_as_of": found.peers_as_of,
            "decision_support": translate(DECISION_SUPPORT, language),
            "contest": contest_text(settings, language),
            "scores": [
                shaped_score(position, unit, scored, model, language, with_reasons=with_reasons)
                for position, (unit, scored) in enumerate(scores)
            ],
        }
    )


def risks_answer(
    settings: ServiceSettings,
    student_id: str,
    stored: Sequence[StudentRisk],
    language: Language,
    *,
    today: date,
) -> bytes:
    """Return a student's stored risks, as `StudentRisks` describes them."""
    return orjson.dumps(
        {
            "student_id": student_id,
            "risks": [shaped_risk(risk, language, today=today) for risk in stored],
            "decision_support": translate(DECISION_SUPPORT, language),
            "contest": contest_text(settings, language),
        }
    )


def _in_words(scored: StudentRisk | Score, language: Language) -> dict[str, Any]:
    return {
        "risk": scored.risk,
        "risk_low": scored.risk_low,
        "risk_high": scored.risk_high,
        "chance": None if scored.risk is None else share_in_words(scored.risk, language),
        "chance_range": range_text(scored, language),
    }


def shaped_entry(stored: StudentRisk, language: Language) -> RosterEntry:
    """Return one line of a roster."""
    assert stored.rank is not None  # noqa: S101 - only the scored are listed
    return RosterEntry(
        student_id=stored.student_id,
        grade=stored.grade,
        unit=list(stored.unit),
        rank=stored.rank,
        **_in_words(stored, language),
        reasons=[Reason(**shaped_reason(reason, language)) for reason in stored.reasons],
    )


def shaped_grade(stored: RosterHeader, run: CurrentRun, language: Language) -> GradeRoster:
    """Return one grade's roster in numbers, with the share of earlier ones who met the outcome."""
    capacity, share = stored.facts.get("capacity"), stored.facts.get("expected_share")
    n_out = stored.facts.get("n_not_scored")
    return GradeRoster(
        grade=stored.grade,
        n_students=stored.n_students,
        n_listed=stored.n_listed,
        n_not_scored=None if n_out is None else int(n_out),
        not_scored_because=too_little_data(run, language) if n_out else None,
        capacity=None if capacity is None else int(capacity),
        expected_share=None if share is None else float(share),
        expected_share_in_words=None if share is None else share_in_words(float(share), language),
    )
