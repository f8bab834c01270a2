"""Chain the access log, so that an edited, swapped, missing or inserted row is seen and named.

A seal lists explicit row ids and hashes: rows that commit late or never leave no hole. One sealer works at a
time; writers wait for nobody. Keep the head elsewhere: only that shows a whole chain written anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, Select, func, insert, select

from earlywarn.store.roles import transaction
from earlywarn.store.schema import access_log, sealed_rows, seals

START = "0" * 64


@dataclass(frozen=True)
class LogCheck:
    """What the verifier found; `head` is the hash to keep outside the database."""

    n_sealed: int
    n_unsealed: int
    head: str
    problems: tuple[str, ...]


def seal(sealer: Engine, *, batch: int = 1000) -> int:
    """Seal at most `batch` rows of the access log and return how many."""
    with transaction(sealer) as connection:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext("earlywarn.seal"))))
        waiting = connection.execute(_unsealed().order_by(access_log.c.access_id).limit(batch)).all()
        if not waiting:
            return 0
        hashes = [{"access_id": row.access_id, "row_hash": row_hash(row)} for row in waiting]
        head = _head(connection)
        chained = chain_hash(head, [(entry["access_id"], entry["row_hash"]) for entry in hashes])
        seal_id = connection.execute(
            insert(seals).values(previous_hash=head, hash=chained).returning(seals.c.seal_id)
        ).scalar_one()
        connection.execute(insert(sealed_rows), [{"seal_id": seal_id, **entry} for entry in hashes])
        return len(waiting)


def verify(sealer: Engine, *, anchored_head: str | None = None) -> LogCheck:
    """Recompute the whole chain; name each row and each seal that is not as sealed."""
    with transaction(sealer) as connection:
        return check_log(connection, anchored_head=anchored_head)


def check_log(connection: Connection, *, anchored_head: str | None = None) -> LogCheck:
    """Recompute the chain within a transaction that is already open."""
    problems: list[str] = []
    logged = {row.access_id: row_hash(row) for row in connection.execute(select(access_log))}
    entries: dict[int, list[tuple[int, str]]] = {}
    for row in connection.execute(select(sealed_rows).order_by(sealed_rows.c.access_id)):
        entries.setdefault(row.seal_id, []).append((row.access_id, row.row_hash))
    head, heads, n_sealed = START, {START}, 0
    for link in connection.execute(select(seals).order_by(seals.c.seal_id)):
        inside = entries.pop(link.seal_id, [])
        if link.previous_hash != head or link.hash != chain_hash(link.previous_hash, inside):
            problems.append(f"seal {link.seal_id} is not as written")
        head = link.hash
        heads.add(head)
        n_sealed += len(inside)
        for access_id, sealed in inside:
            if access_id not in logged:
                problems.append(f"row {access_id} is missing")
            elif logged.pop(access_id) != sealed:
                problems.append(f"row {access_id} was changed")
    problems += [f"seal {seal_id} is missing" for seal_id in sorted(entries)]
    if anchored_head is not None and anchored_head not in heads:
        problems.append("the head that was kept elsewhere is not in the chain")
    return LogCheck(n_sealed=n_sealed, n_unsealed=len(logged), head=head, problems=tuple(problems))


def row_hash(row: Row[tuple[object, ...]]) -> str:
    """Hash all that one row says."""
    said = [
        row.access_id,
        row.at.isoformat(),
        row.actor,
        row.role,
        row.route,
        row.model_version,
        row.students,
    ]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def chain_hash(previous: str, entries: list[tuple[int, str]]) -> str:
    """Hash a batch onto the one before it."""
    return hashlib.sha256(json.dumps([previous, entries]).encode()).hexdigest()


def _head(connection: Connection) -> str:
    return (
        connection.execute(select(seals.c.hash).order_by(seals.c.seal_id.desc()).limit(1)).scalar() or START
    )


def _unsealed() -> Select[tuple[object, ...]]:
    known = select(sealed_rows.c.access_id).where(sealed_rows.c.access_id == access_log.c.access_id)
    return select(access_log).where(~known.exists())
