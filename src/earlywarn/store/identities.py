"""Give names back to those entitled to them; the database itself holds ciphertext only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, select

from earlywarn.domain import Scope, StudentId
from earlywarn.encryption import decrypt, encrypt
from earlywarn.errors import NotFoundError, StorageError, StoreError
from earlywarn.store.schema import identities
from earlywarn.store.scope import is_entitled_to_names, is_visible_student


def locked_names(student_id: str, names: Mapping[str, str], *, key: bytes) -> bytes:
    """Return a student's names as the database holds them: open to the key, and for this student only.

    The same names give the same bytes, so that loading them again changes no row.
    """
    content = orjson.dumps(dict(names), option=orjson.OPT_SORT_KEYS)
    return encrypt(content, key, "names", student_id)


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
    found = connection.execute(statement).all()
    try:
        return {
            StudentId(row.student_id): orjson.loads(
                decrypt(bytes(row.ciphertext), key, "names", row.student_id)
            )
            for row in found
        }
    except StorageError as error:
        raise StoreError(
            "the key does not open the stored names",
            todo="check the keys; after a rotation run earlywarn score and restart the service",
        ) from error
