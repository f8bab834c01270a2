"""Is the process alive, and may it be sent work?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.problems import UNAVAILABLE, ProblemError, declares
from api.schemas import Health, Readiness
from api.service import Service, service_of

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", responses=declares())
async def healthz() -> Health:
    """Answer that the process runs; touch nothing else, and wait for no thread."""
    return Health(status="ok")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses=declares(UNAVAILABLE))
def readyz(service: Annotated[Service, Depends(service_of)]) -> Readiness:
    """Answer that this process has scored the golden rows of its models and that its database answers."""
    if not service.models or service.refused_models:
        raise ProblemError(
            UNAVAILABLE, "Aucun modèle publié, ou un modèle n’a pas passé la vérification de ce processus."
        )
    service.store.check()
    return Readiness(status="ready", models={name: model.version for name, model in service.models.items()})
