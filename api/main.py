"""Put the service together: what surrounds a request, the routes, and what lives as long as the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager

from fastapi import FastAPI

from api.contract import describe
from api.direct import Direct
from api.middleware import BoundedBody, FailSafe, KnownHosts, SecurityHeaders
from api.pages import routes as pages
from api.problems import install_problems
from api.routes import health, models, schools, students, tables
from api.schemas import WIRE_NAMES
from api.service import Service
from api.settings import ServiceSettings
from api.starting import open_service

OpenService = Callable[[ServiceSettings], AbstractContextManager[Service]]


def served_app() -> FastAPI:
    """Return the application for the environment's settings: what `earlywarn serve` starts by name."""
    return create_app(ServiceSettings())


def create_app(settings: ServiceSettings, *, open_service: OpenService = open_service) -> FastAPI:
    """Return the application; nothing is opened before it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_service(settings) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="earlywarn",
        version="1",
        description="Estimated risks with their reasons, for school systems. Nothing here decides.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        # Its spans would carry paths, which hold students' ids, to wherever the environment says.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for part in (health, models, schools, students, tables):
        app.include_router(part.router)
    pages.install_pages(app, settings)
    install_problems(app, WIRE_NAMES, pages.problem_page)
    describe(app)
    # The last one added is the outermost.
    app.add_middleware(Direct)
    app.add_middleware(BoundedBody)
    app.add_middleware(KnownHosts, allowed=settings.allowed_hosts)
    app.add_middleware(FailSafe)
    app.add_middleware(SecurityHeaders)
    return app
