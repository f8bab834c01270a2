"""Write down every reading of a student's risk, in the transaction that reads."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert

from earlywarn.domain import Scope
from earlywarn.store.schema import access_log


def record_access(
    connection: Connection, scope: Scope, *, route: str, versions: Iterable[str], students: Iterable[str]
) -> None:
    """Add one row that lists every student shown; if it cannot be written, the reading fails with it.

    The database itself sets the time and refuses a row in another's name.
    """
    # Inline: the service may add a row, not ask back which number it got.
    connection.execute(
        insert(access_log)
        .inline()
        .values(
            actor=scope.account_id,
            role=scope.role,
            route=route,
            model_version=" ".join(sorted(set(versions))),
            students=sorted(set(students)),
        )
    )
