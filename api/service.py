"""What one running process holds: the store, the published models it has checked, and the day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from starlette.requests import HTTPConnection

from api.pages.labels import Labels
from api.pages.layout import Layout
from api.pages.session import Sessions
from api.problems import NOT_FOUND, ProblemError
from api.pushing import Pushing
from api.settings import ServiceSettings
from earlywarn.domain import StudentId
from earlywarn.pipeline.score_on_demand import TableScorer
from earlywarn.publication import PublishedModel
from earlywarn.store import Store


@dataclass(frozen=True)
class Service:
    """Everything a request may ask for; built when the process starts, given up when it ends."""

    settings: ServiceSettings
    store: Store
    pseudonyms: Callable[[Sequence[str]], Sequence[StudentId]]
    table_scorer: TableScorer
    models: Mapping[str, PublishedModel]
    refused_models: tuple[str, ...]
    sessions: Sessions
    grade_labels: Labels
    pushing: Pushing
    layout: Layout = field(default_factory=Layout)

    def today(self) -> date:
        """Return the school day that scopes are read on."""
        return self.settings.school_day()

    def model(self, name: str) -> PublishedModel:
        """Return a published model by name.

        Raises:
            ProblemError: No model of that name is in service.
        """
        if name not in self.models:
            raise ProblemError(NOT_FOUND)
        return self.models[name]


def service_of(connection: HTTPConnection) -> Service:
    """Return the service that the application holds since its start."""
    service = connection.app.state.service
    assert isinstance(service, Service)  # noqa: S101 - set in the lifespan, before the first request
    return service
