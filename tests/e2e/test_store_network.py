"""A declared network's own tables become what the store's scopes read, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from earlywarn.domain import StudentId
from earlywarn.errors import BusyError, StoreError
from earlywarn.pipeline.accounts import open_system_account, prepare_demonstration
from earlywarn.pipeline.load import load, scope_tables
from earlywarn.pipeline.pseudonyms import identity_key
from earlywarn.store import (
    DatabaseUrls,
    Store,
    load_night,
    open_store,
)
from earlywarn.tables import load_contract, tables_from_rows
from earlywarn.workspace import Workspace, locked
from tests.builders import store as build
from tests.builders.desk import scope_of_key
from tests.builders.people import FILES, people_network

STARTS, LEFT = "2026-08-28", "2026-11-10"
ENROLLED = {"school_year": "2026-2027", "css_id": "css1", "grade": "sec1", "starts_on": STARTS}
ROWS: dict[str, list[dict[str, object]]] = {
    "schools": [
        {"school_id": "s1", "css_id": "css1", "name": "École Un", "css_name": "CSS", "level": "secondary"}
    ],
    "enrollments": [
        {"student_id": "ana", "school_id": "s1", **ENROLLED},
        {"student_id": "fay", "school_id": "s1", **ENROLLED, "left_on": LEFT, "exit_type": "moved"},
    ],
    "group_members": [
        {
            "student_id": student,
            "school_year": "2026-2027",
            "school_id": "s1",
            "group_id": "g1",
            "starts_on": STARTS,
        }
        for student in ("ana", "fay")
    ],
    "assignments": [
        {
            "staff_id": "one",
            "school_year": "2026-2027",
            "school_id": "s1",
            "group_id": "g1",
            "subject": subject,
            "is_homeroom": subject == "language",
            "starts_on": STARTS,
        }
        for subject in ("language", "mathematics")
    ],
}


@pytest.fixture
def store(database: DatabaseUrls) -> Iterator[Store]:
    """Return this module's store."""
    store = open_store(database.service)
    yield store
    store.close()


def test_a_networks_tables_become_its_scopes(project: Path, owner: Engine, store: Store) -> None:
    """Of two students of one group, the one still enrolled is the teacher's today; both were in October."""
    contract = load_contract(project / "models" / "quebec" / "contract.toml")
    tables = tables_from_rows(contract, ROWS, received_on=build.TODAY)
    try:
        load_night(owner, tables=scope_tables(tables, contract))
    finally:
        tables.close()
    asked = [StudentId("ana"), StudentId("fay")]

    assert store.scores.resolve(build.teacher("one"), asked) == {"ana"}
    assert store.scores.resolve(build.teacher("one", today=date(2026, 10, 1)), asked) == {"ana", "fay"}
    assert store.scores.resolve(build.css("css1"), asked) == {"ana"}


def test_a_network_without_groups_has_schools_from_its_membership(project: Path) -> None:
    """Where no table of schools is declared, a school is what the membership names; nobody is assigned."""
    contract = load_contract(project / "models" / "quebec" / "contract.toml")
    network = contract.network.model_copy(update={"scope": type(contract.network.scope)()})
    tables = tables_from_rows(contract, ROWS, received_on=build.TODAY)
    try:
        found = scope_tables(tables, contract.model_copy(update={"network": network}))
    finally:
        tables.close()

    assert found["schools"].to_pylist() == [{"school_id": "s1", "name": "s1", "css_id": "css1"}]
    assert found["enrollments"].num_rows == 2
    assert (found["group_members"].num_rows, found["assignments"].num_rows) == (0, 0)


def test_the_demonstration_gets_three_accounts_and_one_living_key(
    database: DatabaseUrls, owner: Engine, store: Store
) -> None:
    """A second preparation ends the first key; the teacher drawn has students to see."""
    load_night(owner, tables=build.scope_tables())
    load_night(owner, runs=[build.run()])
    first = prepare_demonstration(database, today=build.TODAY)
    second = prepare_demonstration(database, today=build.TODAY)

    assert [account.role for account in second.accounts] == ["teacher", "principal", "system"]
    assert scope_of_key(store.callers, second.key, today=build.TODAY).account_id == "demo-system"
    with pytest.raises(StoreError):
        scope_of_key(store.callers, first.key, today=build.TODAY)


def test_a_calling_system_gets_a_key_that_reaches_its_schools_only(
    database: DatabaseUrls, store: Store
) -> None:
    """A second key for the same label is the same account; the first goes on."""
    first, second = (
        open_system_account(database, "SIS", schools=["north"], names=False, today=build.TODAY)
        for _ in range(2)
    )

    scopes = [scope_of_key(store.callers, key, today=build.TODAY) for key in (first, second)]
    assert first != second
    assert scopes[0] == scopes[1]
    assert (scopes[0].role, scopes[0].school_ids, scopes[0].all_schools) == ("system", ("north",), False)


def test_a_night_keeps_the_names_of_those_who_are_there(
    database: DatabaseUrls, superuser: Engine, tmp_path: Path
) -> None:
    """Names open to the key, birth dates stay out; whoever had left by then is gone with the name."""
    network = people_network(tmp_path)
    network.take_in(FILES)
    folder, workspace, keys = network.home / "network", network.workspace, network.keys
    load(folder, workspace, database, [], keys=keys)
    store = open_store(database.service, identity_key=identity_key(keys))
    scope = build.system(everything=True, with_names=True)
    students = [StudentId(str(row[0])) for row in network.rows("SELECT student_id FROM versions.enrollments")]
    first = store.scores.names(scope, students)
    left = "Student;School;From;To\nTREJ0202;001;2024-09-01;2025-03-01\n"
    network.take_in({"stays.csv": left}, received_on=date(2025, 3, 2))
    load(folder, workspace, database, [build.run()], keys=keys)
    with superuser.begin() as connection:
        counts = [
            connection.execute(text(f"SELECT count(*) FROM earlywarn.{table}")).scalar_one()
            for table in ("enrollments", "identities")
        ]
    second = store.scores.names(scope, students)
    store.close()

    assert sorted(map(dict, first.values()), key=str) == [
        {"family_name": "Lavoie"},
        {"family_name": "Tremblay"},
    ]
    assert list(second.values()) == [{"family_name": "Lavoie"}]
    assert counts == [1, 1]


def test_without_the_owner_nothing_is_loaded(project: Path, tmp_path: Path) -> None:
    """The service's address alone is refused, with what to set."""
    urls = DatabaseUrls(service="postgresql://nowhere/earlywarn", owner=None, sealer=None)
    network = project / "models" / "quebec"

    with pytest.raises(StoreError, match="EARLYWARN_DATABASE_ADMIN_URL"):
        load(network, Workspace(tmp_path), urls, [], keys=tmp_path / "keys")


def test_two_loads_at_once_are_refused(project: Path, database: DatabaseUrls, tmp_path: Path) -> None:
    """The second is told that the first is at work."""
    workspace = Workspace(tmp_path)
    network = project / "models" / "quebec"

    with locked(workspace, "load", owner="load"), pytest.raises(BusyError, match="load"):
        load(network, workspace, database, [], keys=tmp_path / "keys")
