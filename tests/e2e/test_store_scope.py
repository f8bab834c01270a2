"""Both locks, one at a time, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from earlywarn.domain import SchoolId, Scope, StudentId
from earlywarn.errors import NotFoundError, StoreError
from earlywarn.store import DatabaseUrls, Store, load_night, open_store, save_account
from earlywarn.store.opening import PROTECTED
from earlywarn.store.roles import transaction
from earlywarn.store.scope import enter
from tests.builders import store as build

EVERYBODY = {"ana", "bob", "cy", "dee", "eve"}
CASES = {
    "a teacher, own groups": (build.teacher("one"), {"ana", "bob"}),
    "another teacher": (build.teacher("two"), {"cy"}),
    "an unknown teacher": (build.teacher("three"), set()),
    "a principal": (build.principal("s1"), {"ana", "bob", "cy"}),
    "a principal of nothing": (build.principal(), set()),
    "a centre de services": (build.css("css1"), {"ana", "bob", "cy", "dee"}),
    "a css without name": (build.css(""), set()),
    "a system with two schools": (build.system("s2", "s3"), {"dee", "eve"}),
    "a system with all": (build.system(everything=True), EVERYBODY),
    "a system with none": (build.system(), set()),
    "the ministry": (build.nobody(), set()),
    "a teacher before term": (build.teacher("one", today=date(2026, 8, 27)), set()),
    "a teacher while Fay was there": (build.teacher("one", today=date(2026, 11, 10)), {"ana", "bob", "fay"}),
    "a teacher after the assignment": (build.teacher("one", today=date(2027, 7, 1)), set()),
}
all_cases = pytest.mark.parametrize(("scope", "expected"), CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store that holds the tiny network and one run."""
    load_night(owner, tables=build.scope_tables())
    load_night(owner, runs=[build.run()])
    store = open_store(database.service, pool_size=1)
    yield store
    store.close()


@pytest.fixture
def policies_off(superuser: Engine) -> Iterator[None]:
    """Switch row-level security off for one test, and back on."""
    tables = [*PROTECTED]
    with superuser.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE earlywarn.{table} DISABLE ROW LEVEL SECURITY"))
    yield
    with superuser.begin() as connection:
        for table in tables:
            connection.execute(text(f"ALTER TABLE earlywarn.{table} ENABLE ROW LEVEL SECURITY"))


def shown_by_policies(engine: Engine, scope: Scope, table: str) -> set[str]:
    """Return the students whom a query without any filter of ours shows."""
    with transaction(engine) as connection:
        enter(connection, scope)
        return set(connection.execute(text(f"SELECT student_id FROM earlywarn.{table}")).scalars())


@all_cases
def test_the_policies_alone_hold_a_scope_in(store: Store, scope: Scope, expected: set[str]) -> None:
    """A query that forgot its filter shows the scope's students only, in every table that names them."""
    assert shown_by_policies(store.engine, scope, "scores") == expected
    assert shown_by_policies(store.engine, scope, "enrollments") == expected


@all_cases
def test_the_policies_hold_the_owner_in(
    owner: Engine, store: Store, scope: Scope, expected: set[str]
) -> None:
    """The tables' owner sees no more than the scope, for row-level security is forced."""
    assert shown_by_policies(owner, scope, "scores") == expected


@pytest.mark.usefixtures("policies_off")
@all_cases
def test_the_filters_alone_hold_a_scope_in(store: Store, scope: Scope, expected: set[str]) -> None:
    """With row-level security off, the repository shows the scope's students only."""
    listed = store.scores.my_students(scope, route="test")
    resolved = store.scores.resolve(scope, [StudentId(name) for name in (*EVERYBODY, "fay")])

    assert {entry.student_id for entry in listed.entries} == expected
    assert resolved == expected


@all_cases
def test_both_locks_together_show_the_scope(store: Store, scope: Scope, expected: set[str]) -> None:
    """Two locks never hide what is one's own."""
    listed = store.scores.my_students(scope, route="test")

    assert {entry.student_id for entry in listed.entries} == expected


def test_a_pooled_connection_forgets_the_scope_before(store: Store) -> None:
    """The next user of the one connection sees nothing until it says who it is."""
    shown_by_policies(store.engine, build.system(everything=True), "scores")

    with transaction(store.engine) as connection:
        left = connection.execute(text("SELECT count(*) FROM earlywarn.scores")).scalar_one()
        role = connection.execute(text("SELECT current_setting('earlywarn.role', true)")).scalar_one()

    assert (left, role) == (0, "")


def test_a_value_bound_into_a_setting_stays_a_value(store: Store) -> None:
    """A staff id that looks like SQL is a staff id."""
    scope = build.teacher("one'; SET earlywarn.role = 'system'; --")

    assert shown_by_policies(store.engine, scope, "scores") == set()


def test_a_school_id_cannot_smuggle_in_a_second(store: Store) -> None:
    """The sign that parts the school ids in the setting is refused inside one."""
    scope = build.principal("s2\x1fs1")

    with pytest.raises(StoreError, match="control character"):
        store.scores.my_students(scope, route="test")


def test_what_is_not_yours_and_what_is_not_there_look_the_same(store: Store) -> None:
    """Another's student and nobody's student are refused in the same words."""
    answers = []
    for student in ("dee", "nobody-of-this-name"):
        with pytest.raises(NotFoundError) as refusal:
            store.scores.student_page(build.teacher("one"), StudentId(student), route="test")
        answers.append(str(refusal.value))
    for school in ("s3", "no-such-school"):
        with pytest.raises(NotFoundError) as refusal:
            store.scores.roster(build.principal("s1"), SchoolId(school), "dropout", route="test")
        answers.append(str(refusal.value))

    assert answers == ["there is no such student"] * 2 + ["there is no such school"] * 2


def test_access_ends_with_the_enrollment(database: DatabaseUrls, owner: Engine, store: Store) -> None:
    """A student who leaves, and a teacher who changes groups, are out of sight at the next request."""
    tables = build.scope_tables()
    before = store.scores.resolve(build.teacher("one"), [StudentId("ana")])
    load_night(owner, tables={"assignments": tables["assignments"].slice(1)})
    after = store.scores.resolve(build.teacher("one"), [StudentId("ana")])
    load_night(owner, tables=tables)

    assert (set(before), set(after)) == ({StudentId("ana")}, set())


def test_the_service_refuses_a_login_that_sees_all(database: DatabaseUrls, superuser: Engine) -> None:
    """Neither a superuser nor the owner may serve."""
    url = superuser.url.render_as_string(hide_password=False)

    with pytest.raises(StoreError, match="sees past row-level security"):
        open_store(url)
    with pytest.raises(StoreError, match="sees past row-level security"):
        open_store(str(database.owner))


@pytest.mark.usefixtures("policies_off")
def test_the_service_refuses_unprotected_tables(database: DatabaseUrls, store: Store) -> None:
    """A database whose row-level security was switched off is not served from."""
    with pytest.raises(StoreError, match="not forced"):
        open_store(database.service)


def test_the_service_can_write_nothing_but_its_trace(store: Store) -> None:
    """The service's role has no right to change, delete or read back anything else."""
    attempts = [
        "DELETE FROM earlywarn.scores",
        "UPDATE earlywarn.accounts SET all_schools = true",
        "INSERT INTO earlywarn.schools VALUES ('x', 'x', 'x')",
        "SELECT * FROM earlywarn.access_log",
        "DELETE FROM earlywarn.access_log",
        "INSERT INTO earlywarn.access_log (at, actor, role, route, model_version, students) "
        "VALUES (now(), 'a', 'b', 'c', 'd', '{}')",
        "SELECT * FROM earlywarn.scores_1",
        "SET ROLE earlywarn_owner",
        "CREATE TABLE earlywarn.mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
    ]

    refusals = []
    for attempt in attempts:
        with pytest.raises(StoreError) as refusal, transaction(store.engine) as connection:
            connection.execute(text(attempt))
        refusals.append(refusal.value.what)

    assert refusals == ["the service database refused the work (InsufficientPrivilege)"] * len(attempts)


def test_an_account_is_what_its_row_says(database: DatabaseUrls, owner: Engine, store: Store) -> None:
    """A scope carries the account's reach and the day of the request."""
    from earlywarn.store import Account

    save_account(owner, Account("p1", "Direction", "principal", school_ids=(SchoolId("s1"),)))

    scope = store.accounts.scope_of("p1", today=build.TODAY)

    assert scope == Scope("principal", "p1", build.TODAY, school_ids=(SchoolId("s1"),))
