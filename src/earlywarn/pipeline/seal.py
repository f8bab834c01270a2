"""Chain what the access log holds, and check the whole chain; run it from a timer."""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.errors import StoreError
from earlywarn.store import DatabaseUrls, LogCheck, sealer_engine, verify
from earlywarn.store import seal as seal_batch


@dataclass(frozen=True)
class Sealing:
    """How many rows were sealed now, and what the check of the whole chain found."""

    n_new: int
    check: LogCheck

    def summary(self) -> str:
        """Say what was sealed, the head to keep outside the database, and every row that is not as sealed."""
        lines = [f"{self.n_new} rows sealed now, {self.check.n_sealed} in all; head {self.check.head}"]
        return "\n".join([*lines, *(f"  {problem}" for problem in self.check.problems)])


def seal(database: DatabaseUrls, *, anchored_head: str | None = None) -> Sealing:
    """Seal every row that waits, then verify the chain.

    Args:
        database: The service database.
        anchored_head: A head that an earlier run printed; a chain written anew does not hold it.

    Raises:
        StoreError: The sealer's address is not known here, or the chain is broken; names each row.
    """
    if database.sealer is None:
        raise StoreError(
            "the sealer's address is not known", todo="set EARLYWARN_DATABASE_ADMIN_URL and rerun"
        )
    engine = sealer_engine(database.sealer)
    try:
        n_new = 0
        while sealed := seal_batch(engine):
            n_new += sealed
        found = Sealing(n_new, verify(engine, anchored_head=anchored_head))
    finally:
        engine.dispose()
    if found.check.problems:
        raise StoreError(
            f"the access log is not as it was sealed\n{found.summary()}", todo="find out who wrote"
        )
    return found
