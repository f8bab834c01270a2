"""Open what the service needs when the process starts, and give it back when it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager

from api.pages.labels import grade_labels
from api.pages.session import Sessions
from api.pushing import Pushing
from api.service import Service
from api.settings import ServiceSettings
from earlywarn.errors import EarlywarnError
from earlywarn.pipeline.pseudonyms import identity_key, pseudonymizer
from earlywarn.pipeline.push_intake import PushIntake
from earlywarn.pipeline.push_targets import push_targets
from earlywarn.pipeline.pushed_batches import PushedBatches
from earlywarn.pipeline.score_on_demand import TableScorer
from earlywarn.publication import PublishedModel, load_current, public_key, published_models
from earlywarn.store import open_database, open_store
from earlywarn.workspace import Workspace

logger = logging.getLogger("earlywarn.api")
FAILURES = ("batch_broke", "push_intake_failed")


@contextmanager
def open_service(settings: ServiceSettings) -> Iterator[Service]:
    """Open the store as the service's own role, and load the published models.

    Raises:
        StoreError: The database is not there, or the login may see more than a service should.
    """
    workspace = Workspace(settings.home)
    models, refused = checked_models(settings, workspace)
    urls = open_database(workspace, url=settings.database_url)
    store = open_store(urls.service, identity_key=identity_key(settings.keys))
    secret = settings.session_secret.get_secret_value() if settings.session_secret else None
    batches = PushedBatches(workspace)
    intake = PushIntake(batches, settings.network, settings.keys, today=settings.school_day, tell=_tell)
    targets = push_targets(settings.network)
    with closing(store), closing(TableScorer(workspace)) as table_scorer, intake:
        yield Service(
            settings=settings,
            store=store,
            models=models,
            refused_models=refused,
            pseudonyms=pseudonymizer(settings.network, keys=settings.keys),
            table_scorer=table_scorer,
            sessions=Sessions(secret),
            grade_labels=grade_labels(settings.network),
            pushing=Pushing(batches, targets, intake.notify, settings.push_limit_bytes),
        )


def _tell(event: str, said: dict[str, object]) -> None:
    logger.log(logging.WARNING if event in FAILURES else logging.INFO, event, extra=said)


def checked_models(
    settings: ServiceSettings, workspace: Workspace
) -> tuple[dict[str, PublishedModel], tuple[str, ...]]:
    """Return the published models, each verified and proved on its golden rows by this very process.

    A damaged one is left out and named apart: the service is then not ready, but stored risks can be read.
    """
    models: dict[str, PublishedModel] = {}
    refused: list[str] = []
    for name in published_models(workspace):
        try:
            models[name] = load_current(workspace, name, public_key(settings.keys))
        except EarlywarnError as error:
            refused.append(name)
            logger.error("model_refused", extra={"model": name, "error": type(error).__name__})  # noqa: TRY400
    return models, tuple(refused)
