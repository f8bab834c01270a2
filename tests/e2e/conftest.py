"""A real PostgreSQL for the tests that need one: one server a session, one fresh database a module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, make_url, text

from earlywarn.store import DatabaseUrls, Store, load_night, open_database, open_store, owner_engine
from earlywarn.store.roles import connect, prepare_database
from earlywarn.workspace import Workspace
from tests.builders.nursery import Nursery, nursery
from tests.builders.served import Served, served
from tests.builders.store import scope_tables
from tests.builders.survival import Ends, Scene, both_ends, scene

if TYPE_CHECKING:
    from distributed import LocalCluster
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def server_urls(tmp_path_factory: pytest.TempPathFactory) -> DatabaseUrls:
    """Return the addresses of a migrated, empty database on a server of this session."""
    return open_database(Workspace(tmp_path_factory.mktemp("pg")))


@pytest.fixture(scope="module")
def database(server_urls: DatabaseUrls, request: pytest.FixtureRequest) -> DatabaseUrls:
    """Return the addresses of this module's own database: migrated, empty."""
    name = "t_" + "".join(c if c.isalnum() else "_" for c in request.module.__name__.rsplit(".", 1)[-1])[:50]
    superuser = make_url(server_urls.service).set(username="postgres", database="postgres")
    engine = connect(superuser.render_as_string(hide_password=False), pool_size=1)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE earlywarn'))
    engine.dispose()
    prepare_database(superuser.set(database=name).render_as_string(hide_password=False))

    def moved(url: str | None) -> str:
        return make_url(str(url)).set(database=name).render_as_string(hide_password=False)

    return DatabaseUrls(
        service=moved(server_urls.service),
        owner=moved(server_urls.owner),
        sealer=moved(server_urls.sealer),
    )


@pytest.fixture(scope="module")
def owner(database: DatabaseUrls) -> Iterator[Engine]:
    """Return an engine that acts as the owner of this module's database."""
    engine = owner_engine(str(database.owner))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def tiny_store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store that holds the tiny network, and no run."""
    load_night(owner, tables=scope_tables())
    store = open_store(database.service)
    yield store
    store.close()


@pytest.fixture(scope="module")
def superuser(database: DatabaseUrls) -> Iterator[Engine]:
    """Return an engine that sees everything, for tests to look behind the policies."""
    url = make_url(database.service).set(username="postgres")
    engine = connect(url.render_as_string(hide_password=False), pool_size=1)
    yield engine
    engine.dispose()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return an empty folder for keys."""
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def warm() -> Iterator[Nursery]:
    """Return the process in which commands are born warm, to be killed."""
    with nursery() as running:
        yield running


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Return a workspace with one batch, and the files for a second."""
    return scene(tmp_path_factory.mktemp("survival"))


@pytest.fixture(scope="module")
def ends(given: Scene, warm: Nursery) -> Ends:
    """Return the states before and after the second batch."""
    return both_ends(given, warm)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium, or skip where the machine has none."""
    from playwright.sync_api import sync_playwright

    chromium = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    if not chromium.exists():
        pytest.skip(f"no browser at {chromium}: install chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium), args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the real service of this module."""
    with served(tmp_path_factory.mktemp("served")) as service:
        yield service


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Return a cluster of two worker processes, or skip where Dask is not installed."""
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed: pip install 'earlywarn[dask]'"
    )
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as running:
        yield running
