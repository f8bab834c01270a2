"""Open the store for a service: as the service's role only, on a schema of this program's version."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, text

from earlywarn.errors import StoreError
from earlywarn.store.accounts import AccountReader
from earlywarn.store.answers import AnswerKeeper
from earlywarn.store.callers import CallerDesk
from earlywarn.store.exchanges import Exchanges
from earlywarn.store.quality import QualityReader
from earlywarn.store.readers import ScoreReader
from earlywarn.store.roles import SCHEMA, connect, refuse_power, transaction
from earlywarn.store.runs import KnownRuns
from earlywarn.store.upgrading import refuse_old_schema

PROTECTED = (
    "access_log",
    "answers",
    "assignments",
    "enrollments",
    "group_members",
    "identities",
    "rosters",
    "school_quality",
    "scores",
    "sealed_rows",
    "seals",
)


@dataclass(frozen=True)
class Store:
    """The service's doors to its database; one per process, closed at its end."""

    engine: Engine
    scores: ScoreReader
    accounts: AccountReader
    quality: QualityReader
    answers: AnswerKeeper
    callers: CallerDesk

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            StoreError: It gives none.
        """
        with transaction(self.engine) as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give all connections back."""
        try:
            self.callers.exchanges.close()
        finally:
            self.engine.dispose()


def open_store(url: str, *, identity_key: bytes | None = None, pool_size: int = 5) -> Store:
    """Return the store at `url`.

    Raises:
        StoreError: The login sees past row-level security, a table is unprotected, or the schema is of
            another version.
    """
    # One snapshot per reading: a run swapped in between shows neither half.
    engine = connect(url, pool_size=pool_size).execution_options(isolation_level="REPEATABLE READ")
    try:
        with transaction(engine) as connection:
            refuse_power(connection)
            refuse_old_schema(connection)
            _refuse_unprotected(connection)
    except BaseException:
        engine.dispose()
        raise
    known = KnownRuns()
    return Store(
        engine,
        ScoreReader(engine, identity_key, known),
        AccountReader(engine),
        QualityReader(engine),
        AnswerKeeper(engine),
        CallerDesk(Exchanges(engine), known),
    )


def _refuse_unprotected(connection: Connection) -> None:
    protected = set(connection.execute(_PROTECTED, {"schema": SCHEMA}).scalars())
    unprotected = sorted(set(PROTECTED) - protected)
    if unprotected:
        raise StoreError(
            "row-level security is not forced",
            where=", ".join(unprotected),
            todo="run the migrations as the owner",
        )


_PROTECTED = text(
    "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
    "WHERE nspname = :schema AND relrowsecurity AND relforcerowsecurity"
)
