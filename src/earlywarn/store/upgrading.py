"""Bring the database's schema to the version that this program was built for, one step at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from earlywarn.errors import StoreError
from earlywarn.store.roles import SCHEMA, owner_engine, transaction

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(owner_url: str) -> None:
    """Run the migrations that are missing, in one transaction, one process at a time."""
    from alembic import command

    engine = owner_engine(owner_url)
    try:
        with transaction(engine) as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('earlywarn.upgrade'))"))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            settings = _settings()
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    finally:
        engine.dispose()


def refuse_old_schema(connection: Connection) -> None:
    """Refuse to serve from a schema of another version.

    Raises:
        StoreError: The migrations have not all been run, or a newer program ran its own.
    """
    found = connection.execute(text("SELECT to_regclass('earlywarn.alembic_version')")).scalar()
    version = found and connection.execute(text("SELECT version_num FROM earlywarn.alembic_version")).scalar()
    if version != _head():
        raise StoreError(
            "the service database is not at this program's version", todo="run the migrations as the owner"
        )


def _head() -> str | None:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_settings()).get_current_head()


def _settings() -> Config:
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings
