"""Load what the service reads, a night at once: who is where, names as ciphertext, and each model's scores.

Rows come as Arrow; PostgreSQL refuses COPY into a table under row-level security, so they pass through a
private one. Readers keep the earlier night until one transaction ends. See docs/decisions/0025.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import StoreError
from earlywarn.scoring import Phrases, Reason, reasons_json
from earlywarn.store.halves import beside
from earlywarn.store.risks import WORDS
from earlywarn.store.roles import transaction
from earlywarn.store.schema import current_runs, rosters, score_runs
from earlywarn.store.staging import (
    ROWS_PER_WRITE,
    add,
    attach_partition,
    drop_partition,
    replace_with,
    thin_partition,
)

if TYPE_CHECKING:
    from pyarrow.dataset import Dataset

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
_SCORE_POLICIES = (
    "CREATE POLICY loading ON {partition} TO earlywarn_owner "
    "USING (current_setting('earlywarn.loading', true) = 'on')",
)


@dataclass(frozen=True)
class RunToLoad:
    """One model's scores of one night, as the store takes them.

    `scores` has a row per unit: student_id, unit (JSON list of its key), school_id, grade, period, moment,
    as_of, risk, risk_low, risk_high, margin, rank, is_listed, not_scored_because, reasons (lists of numbers,
    or JSON text). Given as a data set it is never in memory as a whole.
    `rosters` has a row per school and grade: n_students, n_listed, facts (JSON object).
    `written_as` is the run's own name: a model's run of that name is stored once, however often it is loaded.
    """

    model: str
    version: str
    as_of: date
    data_as_of: date
    facts: Mapping[str, Any]
    scores: pa.Table | Dataset
    rosters: pa.Table
    written_as: str | None = None


@dataclass(frozen=True)
class RunTables(RunToLoad):
    """The same in memory, for whoever looks into it.

    `peers` has a row per feature and peer group: peers (JSON object), feature, as_of, median, n.
    """

    scores: pa.Table
    peers: pa.Table = field(kw_only=True)

    def in_words(self, reasons: Sequence[Mapping[str, float | None]]) -> list[Reason]:
        """Tell the reasons of one of the scores in the words that go with the run."""
        return self._phrases.reasons(tuple(one.values()) for one in reasons)

    @cached_property
    def _phrases(self) -> Phrases:
        return Phrases.from_json(self.facts[WORDS])


@dataclass(frozen=True)
class NamesToLoad:
    """Everybody's names: how many students, and of each the identifier and the ciphertext."""

    n_students: int
    locked: Iterable[tuple[str, bytes]]


def load_night(
    owner: Engine,
    *,
    tables: Mapping[str, pa.Table] | None = None,
    names: NamesToLoad | None = None,
    runs: Sequence[RunToLoad] = (),
    progress: Progress = no_progress,
) -> tuple[int, ...]:
    """Store all that is given, at once: readers see the night before, whole, until this one is whole.

    Args:
        owner: Acts as the owner of the tables.
        tables: The rows that scope tables shall hold, each once; tables not named stay as they are.
            Empty dates mean "since always" and "still": rows without an end stay visible.
        names: The names that shall be held, and no others; None leaves those that are.
        runs: Each becomes its model's current one.
        progress: Told how many rows of each part are in; two parts go on at once.

    Returns:
        The runs' numbers.

    Raises:
        StoreError: The database refuses or is gone; it is as it was.
    """
    shaped = {
        name: _without_nulls(_shaped(name, given, SCOPE_COLUMNS[name]))
        for name, given in (tables or {}).items()
    }
    for run in runs:
        _refuse_missing("scores", run.scores.schema, _SCORE_COLUMNS)
    lists = [_shaped("rosters", run.rosters, _ROSTER_COLUMNS) for run in runs]
    with loading(owner) as connection:
        # Until all is shown: a loader that died may still be rolling back, and two at once would each undo
        # the other's rows.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('earlywarn.load'))"))
        _tidy(owner, runs)
        with beside(partial(_store_runs, owner, runs, lists), progress) as (storing, told):
            if names is not None:
                batches = _told(_as_text(names.locked), names.n_students, "load names", told)
                replace_with(connection, "identities", ("student_id", "ciphertext"), batches)
            for name, rows in shaped.items():
                replace_with(connection, name, rows.column_names, _batches(rows, f"load {name}", told))
            run_ids = storing.result()
        for run, run_id in zip(runs, run_ids, strict=True):
            _show(connection, run.model, run_id)
    return run_ids


def is_loaded(owner: Engine, runs: Sequence[RunToLoad]) -> bool:
    """Tell whether each of these runs was loaded to its end."""
    named = select(score_runs.c.model, score_runs.c.written_as).where(score_runs.c.shown_since.is_not(None))
    names = {run.written_as for run in runs}
    with transaction(owner) as connection:
        found = set(map(tuple, connection.execute(named.where(score_runs.c.written_as.in_(names)))))
    return {(run.model, run.written_as) for run in runs} <= found


@contextmanager
def loading(owner: Engine) -> Iterator[Connection]:
    """Open the one kind of transaction in which the owner may see and change every row."""
    with transaction(owner) as connection:
        connection.execute(select(*(func.set_config(*setting, True) for setting in _LOADING)))
        yield connection


_LOADING = (
    ("earlywarn.loading", "on"),
    # Whole tables are compared and indexed in memory; a dead loader is noticed, and undone, within a second.
    ("work_mem", "128MB"),
    ("maintenance_work_mem", "256MB"),
    ("client_connection_check_interval", "1s"),
)


def _store_runs(
    owner: Engine, runs: Sequence[RunToLoad], lists: Sequence[pa.Table], progress: Progress
) -> tuple[int, ...]:
    """Store each run in a transaction of its own, or find it stored; nobody is shown it yet.

    A partition that came to be in the moment in which it is shown could be missed by a statement that was
    planned before and looks after.
    """
    run_ids = []
    for run, rows in zip(runs, lists, strict=True):
        with loading(owner) as connection:
            run_ids.append(_stored_as(connection, run) or _store_run(connection, run, rows, progress))
    return tuple(run_ids)


def _tidy(owner: Engine, coming: Sequence[RunToLoad]) -> None:
    """Remove what loaders that died have stored of other runs, and thin runs that were replaced before.

    The runs in use stay whole, and so does each until the night after it is replaced.
    """
    # A run that comes again is going to be shown whole.
    coming_again = {(run.model, run.written_as) for run in coming if run.written_as is not None}
    with loading(owner) as connection:
        unshown = connection.execute(select(score_runs).where(score_runs.c.shown_since.is_(None))).all()
        in_use = connection.execute(select(current_runs.c.run_id)).scalars().all()
        whole = score_runs.c.shown_since.is_not(None) & ~score_runs.c.is_thinned
        replaced = select(score_runs).where(whole, score_runs.c.run_id.not_in(in_use))
        to_thin = connection.execute(replaced).all()
    for change, rows in ((_forget, unshown), (_thin, to_thin)):
        for row in rows:
            if (row.model, row.written_as) not in coming_again:
                _if_no_reader_lasts(owner, change, row.run_id)


def _if_no_reader_lasts(owner: Engine, change: Callable[[Connection, int], None], run_id: int) -> None:
    """Change what readers of any scores wait for, or leave it to another night where one of them is long."""
    with suppress(TimeoutError), loading(owner) as connection:
        connection.execute(select(func.set_config("lock_timeout", "2s", True)))
        try:
            change(connection, run_id)
        except LockNotAvailable as error:
            raise TimeoutError from error


def _forget(connection: Connection, run_id: int) -> None:
    connection.execute(delete(rosters).where(rosters.c.run_id == run_id))
    drop_partition(connection, "scores", run_id)
    connection.execute(delete(score_runs).where(score_runs.c.run_id == run_id))


def _thin(connection: Connection, run_id: int) -> None:
    thin_partition(connection, "scores", "run_id", run_id, keeping="is_listed", policies=_SCORE_POLICIES)
    thinned = update(score_runs).where(score_runs.c.run_id == run_id)
    connection.execute(thinned.values(is_thinned=True))


def _stored_as(connection: Connection, run: RunToLoad) -> int | None:
    """Return the number of the run where it is stored whole; one that was thinned gives up its name."""
    if run.written_as is None:
        return None
    same = (score_runs.c.model == run.model, score_runs.c.written_as == run.written_as)
    connection.execute(update(score_runs).where(*same, score_runs.c.is_thinned).values(written_as=None))
    return connection.execute(select(score_runs.c.run_id).where(*same)).scalar()


def _store_run(connection: Connection, run: RunToLoad, lists: pa.Table, progress: Progress) -> int:
    n_units, n_scored, batches = _scores(run.scores)
    header = {
        "model": run.model,
        "version": run.version,
        "as_of": run.as_of,
        "data_as_of": run.data_as_of,
        "facts": dict(run.facts),
        "n_scored": n_scored,
        "n_not_scored": n_units - n_scored,
        "written_as": run.written_as,
    }
    inserted = connection.execute(insert(score_runs).values(**header).returning(score_runs.c.run_id))
    run_id = int(inserted.scalar_one())
    told = _told(batches, n_units, f"load {run.model}", progress)
    columns = list(_SCORE_COLUMNS)
    attach_partition(connection, "scores", "run_id", run_id, columns, told, policies=_SCORE_POLICIES)
    add(connection, "rosters", lists.append_column("run_id", pa.repeat(run_id, lists.num_rows)))
    return run_id


def _scores(rows: pa.Table | Dataset) -> tuple[int, int, Iterator[pa.RecordBatch]]:
    """Return how many rows there are, how many with a score, and the rows as the table takes them."""
    # A list by rules ranks by points and holds no risk.
    if isinstance(rows, pa.Table):
        n_scored = rows.num_rows - rows["margin"].null_count
        batches = iter(rows.select(list(_SCORE_COLUMNS)).to_batches(ROWS_PER_WRITE))
        return rows.num_rows, n_scored, map(_score_batch, batches)
    n_scored = rows.count_rows(filter=pc.is_valid(pc.field("margin")))
    batches = rows.to_batches(
        columns=list(_SCORE_COLUMNS), batch_size=ROWS_PER_WRITE, batch_readahead=1, fragment_readahead=1
    )
    return rows.count_rows(), n_scored, map(_score_batch, batches)


def _score_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    place = batch.schema.get_field_index("reasons")
    if pa.types.is_list(batch.schema.field(place).type):
        batch = batch.set_column(place, "reasons", reasons_json(pa.chunked_array([batch.column(place)])))
    return batch.cast(pa.schema(list(_SCORE_COLUMNS.items())))


def _show(connection: Connection, model: str, run_id: int) -> None:
    """Make a run its model's current one."""
    shown = update(score_runs).where(score_runs.c.run_id == run_id, score_runs.c.shown_since.is_(None))
    connection.execute(shown.values(shown_since=func.clock_timestamp()))
    pointer = upsert(current_runs).values(model=model, run_id=run_id)
    connection.execute(pointer.on_conflict_do_update(index_elements=["model"], set_={"run_id": run_id}))


def _batches(rows: pa.Table, step: str, progress: Progress) -> Iterator[pa.RecordBatch]:
    return _told(rows.to_batches(ROWS_PER_WRITE), rows.num_rows, step, progress)


def _told(
    batches: Iterable[pa.RecordBatch], n_rows: int, step: str, progress: Progress
) -> Iterator[pa.RecordBatch]:
    done = 0
    progress(step, done, n_rows)
    for batch in batches:
        yield batch
        done += batch.num_rows
        progress(step, done, n_rows)


def _shaped(name: str, rows: pa.Table, columns: Mapping[str, pa.DataType]) -> pa.Table:
    _refuse_missing(name, rows.schema, columns)
    return rows.select(list(columns)).cast(pa.schema(list(columns.items())))


def _refuse_missing(name: str, given: pa.Schema, columns: Mapping[str, pa.DataType]) -> None:
    missing = [column for column in columns if column not in given.names]
    if missing:
        raise StoreError("columns are missing", where=name, todo=f"give {', '.join(missing)}")


def _without_nulls(rows: pa.Table) -> pa.Table:
    filled: dict[str, Any] = {}
    for name, kind in zip(rows.schema.names, rows.schema.types, strict=True):
        empty: object = "" if kind != _DAY else LONG_AGO if name == "starts_on" else ALWAYS
        filled[name] = pc.fill_null(rows[name], pa.scalar(empty, kind))
    return pa.table(filled)


def _as_text(locked: Iterable[tuple[str, bytes]]) -> Iterator[pa.RecordBatch]:
    """Write ciphertexts as COPY reads them, some at a time."""
    left = iter(locked)
    while some := list(islice(left, ROWS_PER_WRITE)):
        students = pa.array([student for student, _ in some], _WORD)
        texts = pa.array([f"\\x{ciphertext.hex()}" for _, ciphertext in some], _WORD)
        yield pa.record_batch([students, texts], names=["student_id", "ciphertext"])
