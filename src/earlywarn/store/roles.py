"""The three roles of the service database, and the engines that log in as them.

The owner migrates and loads; the service reads what a scope allows and owns nothing; the sealer reads the
access log only. None is a superuser, none bypasses row-level security.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from earlywarn.errors import StoreError

DATABASE = "earlywarn"
SCHEMA = "earlywarn"
OWNER = "earlywarn_owner"
SERVICE = "earlywarn_service"
SEALER = "earlywarn_sealer"
_SESSION: Mapping[str, Any] = {"connect_timeout": 5, "options": "-c timezone=UTC"}


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """Return an engine that checks a pooled connection before use and never prints a bound value."""
    return create_engine(
        psycopg_url(url),
        pool_pre_ping=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,
        connect_args=dict(_SESSION),
    )


def session_arguments(url: URL, options: str) -> dict[str, Any]:
    """Return what psycopg itself connects by, as `connect` would, with more options for each session."""
    given = url.get_dialect()().create_connect_args(url)[1]
    return {**given, **_SESSION, "options": f"{_SESSION['options']} {options}"}


def owner_engine(url: str) -> Engine:
    """Return an engine whose every connection acts as the owner, whoever it logs in as."""
    return _acting_as(OWNER, url)


def sealer_engine(url: str) -> Engine:
    """Return an engine whose every connection acts as the sealer, whoever it logs in as."""
    return _acting_as(SEALER, url)


def _acting_as(role: str, url: str) -> Engine:
    engine = connect(url, pool_size=2)

    @event.listens_for(engine, "connect")
    def take_role(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET ROLE {role}")
        cursor.close()
        connection.commit()

    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Run one short transaction; commit at the end, or leave nothing.

    Raises:
        StoreError: The database is gone, full, paused, or all connections stay taken.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except PoolTimeoutError as error:
        raise StoreError("the service database is busy", todo="try again shortly") from error
    except (DBAPIError, psycopg.Error) as error:
        # PostgreSQL's own message may quote the row it refused, so it is cut off; the class says enough.
        raise refusal(error.orig if isinstance(error, DBAPIError) else error) from None


@contextmanager
def statement(engine: Engine) -> Iterator[Connection]:
    """Run one statement that stands alone: one exchange with the database, where a transaction takes three.

    Raises:
        StoreError: As `transaction`.
    """
    with transaction(engine.execution_options(isolation_level="AUTOCOMMIT")) as connection:
        yield connection


def refusal(cause: BaseException | None) -> StoreError:
    """Return a failure of the database as ours, by its kind alone."""
    kind = type(cause).__name__
    if isinstance(cause, psycopg.errors.DiskFull):
        return StoreError("the database's disk is full", todo="free space there and rerun; nothing was kept")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError | TimeoutError):
        return StoreError(f"the service database does not answer ({kind})", todo="try again shortly")
    return StoreError(f"the service database refused the work ({kind})", todo="nothing was kept")


def psycopg_url(url: str) -> URL:
    """Return `url` with the one driver that this program uses."""
    given = make_url(url)
    if given.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError("the service database must be PostgreSQL", todo="correct EARLYWARN_DATABASE_URL")
    return given.set(drivername="postgresql+psycopg")


def create_database(admin_url: str) -> None:
    """Create the database in a fresh embedded server."""
    engine = connect(admin_url, pool_size=1).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            known = connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": DATABASE}
            ).first()
            if known is None:
                connection.execute(text(f"CREATE DATABASE {DATABASE}"))
    finally:
        engine.dispose()


def prepare_database(admin_url: str) -> None:
    """Create the three roles where they are missing, and let nobody else in."""
    engine = connect(admin_url, pool_size=1)
    try:
        with transaction(engine) as connection:
            if not connection.execute(_MAY_CREATE_ROLES).scalar_one():
                return
            for role in (OWNER, SERVICE, SEALER):
                if connection.execute(_ROLE_EXISTS, {"role": role}).first() is None:
                    connection.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT"))
            name = sql.Identifier(str(connection.engine.url.database)).as_string()
            for statement in (
                f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
                f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {name} TO {OWNER}",
                f"GRANT CONNECT ON DATABASE {name} TO {SERVICE}, {SEALER}",
                f"GRANT {OWNER}, {SEALER} TO CURRENT_USER",
            ):
                connection.exec_driver_sql(statement.replace("%", "%%"))
    finally:
        engine.dispose()


def refuse_power(connection: Connection) -> None:
    """Refuse to serve as a role that could see past row-level security.

    Raises:
        StoreError: The login is a superuser, bypasses row-level security, or may act as the owner.
    """
    row = connection.execute(_POWER, {"owner": OWNER}).one()
    if row.rolsuper or row.rolbypassrls or row.is_owner:
        raise StoreError(
            "the service may not run as a role that sees past row-level security",
            where=str(row.rolname),
            todo=f"log in as {SERVICE} in EARLYWARN_DATABASE_URL",
        )


_ROLE_EXISTS = text("SELECT 1 FROM pg_roles WHERE rolname = :role")
_MAY_CREATE_ROLES = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
_POWER = text(
    "SELECT rolname, rolsuper, rolbypassrls, pg_has_role(session_user, :owner, 'MEMBER') AS is_owner "
    "FROM pg_roles WHERE rolname = session_user"
)
