"""Load into the service's database what it shows: who is where, names as ciphertext, and each model's run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from earlywarn.domain import Progress, no_progress
from earlywarn.pipeline.accounts import owner_url
from earlywarn.pipeline.pseudonyms import identity_key
from earlywarn.store import (
    DatabaseUrls,
    RunToLoad,
    load_identities,
    load_run,
    load_scope_tables,
    locked_names,
    owner_engine,
)
from earlywarn.tables import Contract, Tables, load_contract, open_tables, quote, read_identities
from earlywarn.workspace import Workspace, locked


def load(
    network: Path,
    workspace: Workspace,
    database: DatabaseUrls,
    runs: Sequence[RunToLoad],
    *,
    keys: Path,
    progress: Progress = no_progress,
) -> None:
    """Bring enrollments, names and runs into the database; each is whole or as it was.

    Raises:
        BusyError: Another process is loading.
        StoreError: The database refuses, or its owner is not known here.
    """
    contract = load_contract(network / "contract.toml")
    n_steps = 2 + len(runs)
    with locked(workspace, "load", owner="load"):
        engine = owner_engine(owner_url(database))
        try:
            tables = open_tables(workspace, contract)
            try:
                load_scope_tables(engine, scope_tables(tables, contract))
            finally:
                tables.close()
            progress("load", 1, n_steps)
            load_identities(engine, _ciphertexts(contract, workspace, keys))
            progress("load", 2, n_steps)
            for done, run in enumerate(runs, start=3):
                load_run(engine, run)
                progress("load", done, n_steps)
        finally:
            engine.dispose()


def scope_tables(tables: Tables, contract: Contract) -> dict[str, pa.Table]:
    """Return who is where, as the store's scope reads it; a network without groups has empty ones."""
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
    return {
        # Without a table of schools, a school is whatever the membership names.
        "schools": _named_schools(_current(tables, contract, scope.schools or network.membership, schools)),
        "enrollments": _current(tables, contract, network.membership, membership),
        "group_members": _current(tables, contract, scope.members, members | days),
        "assignments": _current(tables, contract, scope.assignments, assignments | days),
    }


def _current(
    tables: Tables, contract: Contract, table: str | None, columns: Mapping[str, str | None]
) -> pa.Table:
    """Return the distinct rows of a table's latest versions, under the store's names."""
    kinds = {name: "DATE" if name.endswith("_on") else "VARCHAR" for name in columns}
    if table is None:
        types = [(name, pa.date32() if kind == "DATE" else pa.string()) for name, kind in kinds.items()]
        return pa.schema(types).empty_table()
    declared = contract.columns_of(table)
    chosen = ", ".join(
        f"CAST({quote(given) if given in declared else 'NULL'} AS {kinds[name]}) AS {quote(name)}"
        for name, given in columns.items()
    )
    # Declared names only, each quoted.
    statement = f"SELECT DISTINCT {chosen} FROM versions.{quote(table)} WHERE superseded_on IS NULL"  # noqa: S608
    found: pa.Table = tables.connection.sql(statement).to_arrow_table()
    return found


def _named_schools(schools: pa.Table) -> pa.Table:
    names = [
        name or school
        for name, school in zip(schools["name"].to_pylist(), schools["school_id"].to_pylist(), strict=True)
    ]
    return schools.set_column(schools.column_names.index("name"), "name", pa.array(names, pa.string()))


def _ciphertexts(contract: Contract, workspace: Workspace, keys: Path) -> dict[str, bytes]:
    """Return each student's names under a lock of their own.

    Only names go to the store: a birth date, though as secret as a name, is shown to nobody.
    """
    student, key = contract.network.student, identity_key(keys)
    names: dict[str, dict[str, str]] = {}
    for table, declared in contract.tables.items():
        shown = [column for column in declared.identities if column.endswith("name")]
        if not shown or student not in declared.columns:
            continue
        stored = read_identities(table, workspace, keys=keys)
        for row in [] if stored is None else stored.to_pylist():
            known = {column: str(row[column]) for column in shown if row.get(column)}
            names.setdefault(row[student], {}).update(known)
    if key is None:
        return {}
    return {who: locked_names(who, known, key=key) for who, known in names.items()}
