"""Give names back to those entitled to them; the database itself holds ciphertext only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Connection, select

from earlywarn.domain import Scope, StudentId
from earlywarn.errors import NotFoundError, StoreError
from earlywarn.store.schema import identities
from earlywarn.store.scope import is_entitled_to_names, is_visible_student


def read_names(
    connection: Connection, scope: Scope, student_ids: Sequence[str], *, key: bytes
) -> dict[StudentId, Mapping[str, str]]:
    """Return the declared identity fields of the visible students among those asked.

    Raises:
        NotFoundError: The scope is not entitled to names.
        StoreError: The key does not open what is stored.
    """
    if not is_entitled_to_names(scope):
        raise NotFoundError("there are no such names", todo="ask for an account that is entitled to names")
    statement = select(identities.c.student_id, identities.c.ciphertext).where(
        identities.c.student_id.in_(student_ids), is_visible_student(scope, identities.c.student_id)
    )
    lock = Fernet(key)
    try:
        return {
            StudentId(row.student_id): json.loads(lock.decrypt(bytes(row.ciphertext)))
            for row in connection.execute(statement)
        }
    except InvalidToken as error:
        raise StoreError(
            "the key does not open the stored names",
            todo="check the keys folder and load the identities again",
        ) from error
