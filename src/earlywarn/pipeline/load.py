"""Load into the service's database what it shows: who is where, names as ciphertext, and each model's run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.domain import Progress, no_progress
from earlywarn.pipeline.accounts import owner_url
from earlywarn.pipeline.pseudonyms import identity_key
from earlywarn.store import (
    DatabaseUrls,
    NamesToLoad,
    RunToLoad,
    is_loaded,
    load_night,
    locked_names,
    owner_engine,
)
from earlywarn.tables import Contract, Tables, load_contract, open_tables, quote, read_identities
from earlywarn.workspace import Workspace, locked

_NAMES_AT_ONCE = 50_000


def load(
    network: Path,
    workspace: Workspace,
    database: DatabaseUrls,
    runs: Sequence[RunToLoad],
    *,
    keys: Path,
    progress: Progress = no_progress,
) -> None:
    """Bring enrollments, names and runs into the database, all at once or not at all.

    Whoever was gone before the runs' day is left out: the service shows nobody who is not there today.

    Raises:
        BusyError: Another process is loading.
        StoreError: The database refuses, or its owner is not known here.
    """
    contract = load_contract(network / "contract.toml")
    since = min((run.as_of for run in runs), default=date.min)
    with locked(workspace, "load", owner="load"):
        engine = owner_engine(owner_url(database))
        try:
            tables = open_tables(workspace, contract)
            try:
                scope = scope_tables(tables, contract, since=since)
            finally:
                tables.close()
            names = _names(contract, workspace, keys, of=scope["enrollments"]["student_id"])
            load_night(engine, tables=scope, names=names, runs=runs, progress=progress)
        finally:
            engine.dispose()


def was_loaded(database: DatabaseUrls, runs: Sequence[RunToLoad]) -> bool:
    """Tell whether the database holds these runs."""
    engine = owner_engine(owner_url(database))
    try:
        return is_loaded(engine, runs)
    finally:
        engine.dispose()


def scope_tables(tables: Tables, contract: Contract, *, since: date = date.min) -> dict[str, pa.Table]:
    """Return who is where on a day or later, as the store's scope reads it.

    A network without groups has empty tables of them.
    """
    network, scope = contract.network, contract.network.scope
    membership = {
        "student_id": network.student,
        "school_id": network.school,
        "grade": network.grade,
        "starts_on": network.starts_on,
        "left_on": network.left_on,
    }
    schools = {"school_id": network.school, "name": "name", "css_id": "css_id"}
    members = {"student_id": network.student, "group_id": "group_id"}
    assignments = {"staff_id": "staff_id", "group_id": "group_id", "school_id": network.school}
    days = {"starts_on": "starts_on", "ends_on": "ends_on"}

    def current(table: str | None, columns: Mapping[str, str | None]) -> pa.Table:
        return _current(tables, contract, table, columns, since)

    return {
        # Without a table of schools, a school is whatever the membership names.
        "schools": _named_schools(current(scope.schools or network.membership, schools)),
        "enrollments": current(network.membership, membership),
        "group_members": current(scope.members, members | days),
        "assignments": current(scope.assignments, assignments | days),
    }


def _current(
    tables: Tables, contract: Contract, table: str | None, columns: Mapping[str, str | None], since: date
) -> pa.Table:
    """Return the distinct rows of a table's latest versions that end on a day or later, or never."""
    kinds = {name: "DATE" if name.endswith("_on") else "VARCHAR" for name in columns}
    if table is None:
        types = [(name, pa.date32() if kind == "DATE" else pa.string()) for name, kind in kinds.items()]
        return pa.schema(types).empty_table()
    declared = contract.columns_of(table)
    chosen = ", ".join(
        f"CAST({quote(given) if given in declared else 'NULL'} AS {kinds[name]}) AS {quote(name)}"
        for name, given in columns.items()
    )
    ends = [name for name in columns if name in ("left_on", "ends_on")]
    lasting = "".join(f" WHERE {quote(name)} IS NULL OR {quote(name)} >= $since" for name in ends)
    # Declared names only, each quoted.
    latest = f"SELECT DISTINCT {chosen} FROM versions.{quote(table)} WHERE superseded_on IS NULL"  # noqa: S608
    statement = f"FROM ({latest}){lasting}"
    asked = tables.connection.sql(statement, params={"since": since} if ends else None)
    found: pa.Table = asked.to_arrow_table()
    return found


def _named_schools(schools: pa.Table) -> pa.Table:
    names = [
        name or school
        for name, school in zip(schools["name"].to_pylist(), schools["school_id"].to_pylist(), strict=True)
    ]
    return schools.set_column(schools.column_names.index("name"), "name", pa.array(names, pa.string()))


def _names(contract: Contract, workspace: Workspace, keys: Path, *, of: pa.ChunkedArray[Any]) -> NamesToLoad:
    """Return the names of these students, each under a lock of its own.

    Only names go to the store: a birth date, though as secret as a name, is shown to nobody.
    """
    student, key = contract.network.student, identity_key(keys)
    found = []
    for table, declared in contract.tables.items():
        shown = [column for column in declared.identities if column.endswith("name")]
        if not shown or student not in declared.columns:
            continue
        stored = read_identities(table, workspace, keys=keys)
        if stored is not None:
            found.append(stored.select([student, *shown]).filter(pc.is_in(stored[student], value_set=of)))
    if key is None or not found:
        return NamesToLoad(0, ())
    names = pa.concat_tables(found, promote_options="default")
    if len(found) > 1:
        placed = names.append_column("_place", pa.array(range(names.num_rows)))
        names = placed.sort_by([(student, "ascending"), ("_place", "ascending")]).drop_columns("_place")
    return NamesToLoad(len(pc.unique(names[student])), _ciphertexts(names, student, key))


def _ciphertexts(names: pa.Table, student: str, key: bytes) -> Iterator[tuple[str, bytes]]:
    """Lock names that stand together by student; of two tables that tell the same name the later is right."""
    columns = [name for name in names.column_names if name != student]
    rows = (
        row
        for batch in names.to_batches(_NAMES_AT_ONCE)
        for row in zip(*(batch[name].to_pylist() for name in (student, *columns)), strict=True)
    )
    for who, told in groupby(rows, itemgetter(0)):
        known = {name: value for row in told for name, value in zip(columns, row[1:], strict=True) if value}
        yield who, locked_names(who, known, key=key)
