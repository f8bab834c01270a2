"""Load what the service reads: who is where, names as ciphertext, and a run's scores, whole or not at all.

Rows come as Arrow; PostgreSQL refuses COPY into a table under row-level security, so they pass through a
private one. Readers keep the earlier state until the transaction ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from earlywarn.errors import StoreError
from earlywarn.scoring import Phrases, Reason
from earlywarn.store.risks import WORDS
from earlywarn.store.roles import transaction
from earlywarn.store.schema import current_runs, score_runs
from earlywarn.store.staging import add, attach_partition, copy_rows, qualified, replace_with

ALWAYS = date(9999, 12, 31)
LONG_AGO = date(1, 1, 1)

_DAY, _WORD = pa.date32(), pa.string()
SCOPE_COLUMNS: Mapping[str, Mapping[str, pa.DataType]] = {
    "schools": {"school_id": _WORD, "name": _WORD, "css_id": _WORD},
    "enrollments": {
        "student_id": _WORD,
        "school_id": _WORD,
        "grade": _WORD,
        "starts_on": _DAY,
        "left_on": _DAY,
    },
    "group_members": {"student_id": _WORD, "group_id": _WORD, "starts_on": _DAY, "ends_on": _DAY},
    "assignments": {
        "staff_id": _WORD,
        "group_id": _WORD,
        "school_id": _WORD,
        "starts_on": _DAY,
        "ends_on": _DAY,
    },
}
_SCORE_COLUMNS: Mapping[str, pa.DataType] = {
    "student_id": _WORD,
    "unit": _WORD,
    "school_id": _WORD,
    "grade": _WORD,
    "period": _WORD,
    "moment": _WORD,
    "as_of": _DAY,
    "risk": pa.float64(),
    "risk_low": pa.float64(),
    "risk_high": pa.float64(),
    "margin": pa.float64(),
    "rank": pa.int32(),
    "is_listed": pa.bool_(),
    "not_scored_because": _WORD,
    "reasons": _WORD,
}
_ROSTER_COLUMNS: Mapping[str, pa.DataType] = {
    "school_id": _WORD,
    "grade": _WORD,
    "n_students": pa.int32(),
    "n_listed": pa.int32(),
    "facts": _WORD,
}
_PEER_COLUMNS: Mapping[str, pa.DataType] = {
    "peers": _WORD,
    "feature": _WORD,
    "as_of": _DAY,
    "median": pa.float64(),
    "n": pa.int32(),
}
_SCORE_POLICIES = (
    "CREATE POLICY loading ON {partition} TO earlywarn_owner "
    "USING (current_setting('earlywarn.loading', true) = 'on')",
)


@dataclass(frozen=True)
class RunToLoad:
    """One model's scores of one night.

    `scores` has a row per unit: student_id, unit (JSON list of its key), school_id, grade, period, moment,
    as_of, risk, risk_low, risk_high, margin, rank, is_listed, not_scored_because, reasons (JSON list of
    numbers; `in_words` tells them).
    `rosters` has a row per school and grade: n_students, n_listed, facts (JSON object).
    `peers` has a row per feature and peer group: peers (JSON object), feature, as_of, median, n.
    """

    model: str
    version: str
    as_of: date
    data_as_of: date
    facts: Mapping[str, Any]
    scores: pa.Table
    rosters: pa.Table
    peers: pa.Table

    def in_words(self, reasons: str) -> list[Reason]:
        """Tell the reasons of one of the scores in the words that go with the run."""
        return self._phrases.reasons(json.loads(reasons))

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases.from_json(self.facts[WORDS])


def load_scope_tables(owner: Engine, tables: Mapping[str, pa.Table]) -> None:
    """Make the scope tables hold exactly these rows; tables not named stay as they are.

    Empty dates mean "since always" and "still": rows without an end stay visible.
    """
    rows = {name: _shaped(name, given, SCOPE_COLUMNS[name]) for name, given in tables.items()}
    with loading(owner) as connection:
        for name, shaped in rows.items():
            replace_with(connection, name, _without_nulls(shaped))


def load_identities(owner: Engine, ciphertexts: Mapping[str, bytes]) -> None:
    """Make the identities hold exactly these ciphertexts, by student."""
    rows = pa.table(
        {
            "student_id": pa.array(list(ciphertexts), _WORD),
            "ciphertext": pa.array([f"\\x{value.hex()}" for value in ciphertexts.values()], _WORD),
        }
    )
    with loading(owner) as connection:
        replace_with(connection, "identities", rows)


def load_run(owner: Engine, run: RunToLoad) -> int:
    """Store a run whole and make it the model's current one; on any failure the earlier run stays in use."""
    scores = _shaped("scores", run.scores, _SCORE_COLUMNS)
    rosters = _shaped("rosters", run.rosters, _ROSTER_COLUMNS)
    peers = _shaped("peer_snapshots", run.peers, _PEER_COLUMNS)
    # A list by rules ranks by points and holds no risk.
    n_scored = scores.num_rows - scores["margin"].null_count
    with loading(owner) as connection:
        header = {
            "model": run.model,
            "version": run.version,
            "as_of": run.as_of,
            "data_as_of": run.data_as_of,
            "facts": dict(run.facts),
            "n_scored": n_scored,
            "n_not_scored": scores.num_rows - n_scored,
        }
        inserted = connection.execute(insert(score_runs).values(**header).returning(score_runs.c.run_id))
        run_id = int(inserted.scalar_one())
        numbered = [_numbered(rows, run_id) for rows in (scores, rosters, peers)]
        attach_partition(connection, "scores", "run_id", run_id, numbered[0], policies=_SCORE_POLICIES)
        add(connection, "rosters", numbered[1])
        copy_rows(connection, qualified("peer_snapshots"), numbered[2])
        pointer = upsert(current_runs).values(model=run.model, run_id=run_id)
        connection.execute(pointer.on_conflict_do_update(index_elements=["model"], set_={"run_id": run_id}))
    return run_id


@contextmanager
def loading(owner: Engine) -> Iterator[Connection]:
    """Open the one kind of transaction in which the owner may see and change every row."""
    with transaction(owner) as connection:
        connection.execute(select(func.set_config("earlywarn.loading", "on", True)))
        yield connection


def _shaped(name: str, rows: pa.Table, columns: Mapping[str, pa.DataType]) -> pa.Table:
    missing = [column for column in columns if column not in rows.column_names]
    if missing:
        raise StoreError("columns are missing", where=name, todo=f"give {', '.join(missing)}")
    return rows.select(list(columns)).cast(pa.schema(list(columns.items())))


def _without_nulls(rows: pa.Table) -> pa.Table:
    filled = {}
    for field in rows.schema:
        if field.type == _DAY:
            empty: object = LONG_AGO if field.name == "starts_on" else ALWAYS
        else:
            empty = ""
        filled[field.name] = pc.fill_null(rows[field.name], pa.scalar(empty, field.type))
    return pa.table(filled)


def _numbered(rows: pa.Table, run_id: int) -> pa.Table:
    return rows.add_column(0, "run_id", pa.array([run_id] * rows.num_rows, pa.int64()))
