"""Whose data-quality sheet is shown to whom: both locks, one at a time, on a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from earlywarn.domain import SchoolId, Scope
from earlywarn.errors import NotFoundError
from earlywarn.store import DatabaseUrls, Store, load_night, load_quality, open_store
from earlywarn.store.roles import transaction
from earlywarn.store.scope import enter
from tests.builders import store as build
from tests.builders.quality import sheets_to_load

CASES = {
    "a principal": (build.principal("s1"), {"s1"}),
    "a principal of two schools": (build.principal("s1", "s3"), {"s1", "s3"}),
    "a principal of nothing": (build.principal(), set()),
    "a centre de services": (build.css("css1"), {"s1", "s2"}),
    "another centre de services": (build.css("css2"), {"s3"}),
    "a css without name": (build.css(""), set()),
    "a teacher": (build.teacher("one"), set()),
    "a system with all": (build.system(everything=True), set()),
    "the ministry": (build.nobody(), set()),
}
all_cases = pytest.mark.parametrize(("scope", "expected"), CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store that holds the tiny network and a sheet for each of its schools."""
    load_night(owner, tables=build.scope_tables())
    load_quality(owner, sheets_to_load())
    store = open_store(database.service, pool_size=1)
    yield store
    store.close()


@pytest.fixture
def policy_off(superuser: Engine) -> Iterator[None]:
    """Switch the table's row-level security off for one test, and back on."""
    with superuser.begin() as connection:
        connection.execute(text("ALTER TABLE earlywarn.school_quality DISABLE ROW LEVEL SECURITY"))
    yield
    with superuser.begin() as connection:
        connection.execute(text("ALTER TABLE earlywarn.school_quality ENABLE ROW LEVEL SECURITY"))


@all_cases
def test_the_policy_alone_holds_a_scope_in(store: Store, scope: Scope, expected: set[str]) -> None:
    """A query that forgot its filter shows the scope's schools only."""
    with transaction(store.engine) as connection:
        enter(connection, scope)
        found = connection.execute(text("SELECT school_id FROM earlywarn.school_quality")).scalars()

        assert set(found) == expected


@all_cases
def test_the_policy_holds_the_owner_in(owner: Engine, store: Store, scope: Scope, expected: set[str]) -> None:
    """The table's owner sees no more than the scope."""
    with transaction(owner) as connection:
        enter(connection, scope)
        found = connection.execute(text("SELECT school_id FROM earlywarn.school_quality")).scalars()

        assert set(found) == expected


@pytest.mark.usefixtures("policy_off")
@all_cases
def test_the_filter_alone_holds_a_scope_in(store: Store, scope: Scope, expected: set[str]) -> None:
    """With row-level security off, the reader shows the scope's schools only."""
    assert {notice.school_id for notice in store.quality.notices(scope)} == expected


@all_cases
def test_both_locks_together_show_the_scope(store: Store, scope: Scope, expected: set[str]) -> None:
    """Two locks never hide what is one's own, and a sheet is found exactly where a notice is."""
    assert {notice.school_id for notice in store.quality.notices(scope)} == expected
    for school in ("s1", "s2", "s3"):
        if school in expected:
            assert store.quality.sheets(scope, SchoolId(school))["fr"]["title"].startswith("École")
        else:
            with pytest.raises(NotFoundError, match="there is no such page"):
                store.quality.sheets(scope, SchoolId(school))


def test_schools_with_most_to_settle_come_first(store: Store) -> None:
    """Notices stand by how much there is to settle, then by name."""
    notices = store.quality.notices(build.principal("s1", "s2", "s3"))

    assert [(notice.school_id, notice.n_findings) for notice in notices] == [("s3", 2), ("s1", 1), ("s2", 0)]


def test_loading_again_replaces_the_sheets(owner: Engine, store: Store) -> None:
    """The sheets are exactly those of the last run; a school that is gone has none."""
    sheets = sheets_to_load()
    load_quality(owner, sheets[1:])
    left = {notice.school_id for notice in store.quality.notices(build.css("css1"))}
    load_quality(owner, sheets)

    assert left == {"s2"}
    assert len(store.quality.notices(build.css("css1"))) == 2


def test_the_service_cannot_change_a_sheet(store: Store) -> None:
    """The service's role reads and nothing else."""
    from earlywarn.errors import StoreError

    with pytest.raises(StoreError, match="InsufficientPrivilege"), transaction(store.engine) as connection:
        connection.execute(text("UPDATE earlywarn.school_quality SET n_findings = 0"))
