"""What a reading shows, and the trace it leaves, on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from earlywarn.domain import SchoolId, StudentId
from earlywarn.encryption import new_key
from earlywarn.errors import NotFoundError, StoreError
from earlywarn.store import (
    Account,
    DatabaseUrls,
    NamesToLoad,
    Store,
    disable_account,
    draw_accounts,
    issue_api_key,
    load_night,
    locked_names,
    open_store,
    revoke_account_keys,
    revoke_api_key,
    save_account,
)
from tests.builders import store as build
from tests.builders.desk import scope_of_key

KEY = new_key()
ANA, S1 = StudentId("ana"), SchoolId("s1")


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store that holds the tiny network, two models' runs and names."""
    load_night(owner, tables=build.scope_tables())
    load_night(owner, runs=[build.run("dropout")])
    load_night(owner, runs=[build.run("difficulty", version="7", listed=False)])
    names = {"ana": {"family_name": "Côté", "given_name": "Ana"}, "eve": {"family_name": "Roy"}}
    locked = [(student, locked_names(student, name, key=KEY)) for student, name in names.items()]
    load_night(owner, names=NamesToLoad(len(locked), locked))
    store = open_store(database.service, identity_key=KEY)
    yield store
    store.close()


def last_access(superuser: Engine) -> tuple[object, ...]:
    """Return the newest row of the access log."""
    statement = text(
        "SELECT actor, role, route, model_version, students FROM earlywarn.access_log "
        "ORDER BY access_id DESC LIMIT 1"
    )
    with superuser.begin() as connection:
        return tuple(connection.execute(statement).one())


def count_accesses(superuser: Engine) -> int:
    """Return how many rows the access log has."""
    with superuser.begin() as connection:
        return int(connection.execute(text("SELECT count(*) FROM earlywarn.access_log")).scalar_one())


def test_a_students_risks_are_those_stored(store: Store) -> None:
    """One entry a model, with reasons as shown and the run it comes from."""
    difficulty, dropout = store.scores.student_page(build.teacher(), ANA, route="test").risks

    assert (dropout.run.model, dropout.run.version, dropout.run.as_of) == ("dropout", "1", build.TODAY)
    assert (dropout.risk, dropout.rank, dropout.is_listed, dropout.unit) == (0.25, 1, True, ("ana",))
    assert dropout.reasons[0]["text"]["en"] == "4 days of absence"
    assert dropout.run.facts["outcome"] == {"fr": "décrochage", "en": "dropout"}
    assert (difficulty.run.model, difficulty.is_listed) == ("difficulty", False)


def test_a_reading_writes_one_row_with_every_student_shown(store: Store, superuser: Engine) -> None:
    """A list of three leaves one row naming three."""
    before = count_accesses(superuser)
    store.scores.my_students(build.principal("s1"), route="GET /students")

    assert count_accesses(superuser) == before + 1
    expected = ("principal", "principal", "GET /students", "dropout/1", ["ana", "bob", "cy"])
    assert last_access(superuser) == expected


def test_one_students_reading_names_every_model_shown(store: Store, superuser: Engine) -> None:
    """The trace says which versions were read."""
    store.scores.student_page(build.teacher(), ANA, route="GET /v1/students/{id}/risks")

    expected = ("teacher-one", "teacher", "GET /v1/students/{id}/risks", "difficulty/7 dropout/1", ["ana"])
    assert last_access(superuser) == expected


def test_a_refused_reading_leaves_no_row(store: Store, superuser: Engine) -> None:
    """Nobody was shown, so nobody is named."""
    before = count_accesses(superuser)
    with pytest.raises(NotFoundError):
        store.scores.student_page(build.teacher(), StudentId("eve"), route="test")

    assert count_accesses(superuser) == before


def test_a_reading_whose_trace_cannot_be_written_fails(store: Store, superuser: Engine) -> None:
    """Without the right to write the log, no risk is shown."""
    grant = "INSERT (actor, role, route, model_version, students) ON earlywarn.access_log"
    with superuser.begin() as connection:
        connection.execute(text(f"REVOKE {grant} FROM earlywarn_service"))
    try:
        with pytest.raises(StoreError, match="refused"):
            store.scores.student_page(build.teacher(), ANA, route="test")
    finally:
        with superuser.begin() as connection:
            connection.execute(text(f"GRANT {grant} TO earlywarn_service"))

    assert store.scores.student_page(build.teacher(), ANA, route="test").risks


def test_a_roster_comes_in_pages_without_gap_or_repeat(store: Store) -> None:
    """Pages of one give the whole list in its order; Fay, who left, is not on it."""
    seen, cursor = [], None
    for _ in range(9):
        page = store.scores.roster(build.principal("s1"), S1, "dropout", route="test", limit=1, cursor=cursor)
        seen += [entry.student_id for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == ["ana", "bob", "cy"]


def test_pages_stay_on_their_run_when_a_new_one_comes(store: Store, owner: Engine) -> None:
    """A swap between two pages shifts nothing; a fresh reading sees the new run."""
    scope = build.principal("s2", "s1")
    first = store.scores.roster(scope, S1, "dropout", route="test", limit=2)
    load_night(owner, runs=[build.run("dropout", version="2", risk=0.5)])
    second = store.scores.roster(scope, S1, "dropout", route="test", limit=2, cursor=first.next_cursor)
    fresh = store.scores.roster(scope, S1, "dropout", route="test", limit=2)
    load_night(owner, runs=[build.run("dropout")])

    assert [entry.student_id for entry in second.entries] == ["cy"]
    assert (second.run.version, fresh.run.version) == ("1", "2")
    assert {entry.risk for entry in fresh.entries} == {0.5}


def test_a_roster_says_its_size_by_grade(store: Store) -> None:
    """The header counts students and places; one grade can be asked for."""
    page = store.scores.roster(build.principal("s1"), S1, "dropout", route="test", grade="sec2")

    assert [(head.grade, head.n_students, head.n_listed) for head in page.grades] == [("sec2", 30, 1)]
    assert [entry.student_id for entry in page.entries] == ["cy"]
    assert page.school_name == "École Un"


@pytest.mark.parametrize("cursor", ["", "x", "bm9wZQ", "WzEsMl0", "é"])
def test_a_cursor_of_nobodys_making_is_not_found(store: Store, cursor: str) -> None:
    """A made-up cursor is a refusal, never a failure."""
    if cursor == "":
        assert store.scores.roster(build.principal("s1"), S1, "dropout", route="test", cursor="").entries
        return
    with pytest.raises(NotFoundError):
        store.scores.roster(build.principal("s1"), S1, "dropout", route="test", cursor=cursor)


def test_an_unknown_model_is_not_found(store: Store) -> None:
    """A model without a run has no list."""
    with pytest.raises(NotFoundError):
        store.scores.roster(build.principal("s1"), S1, "weather", route="test")


def test_names_open_for_those_entitled_only(store: Store) -> None:
    """A teacher reads own students' names; a system needs it said; the ministry has none."""
    asked = [StudentId("ana"), StudentId("eve")]

    assert store.scores.names(build.teacher(), asked) == {"ana": {"family_name": "Côté", "given_name": "Ana"}}
    assert set(store.scores.names(build.system(everything=True, with_names=True), asked)) == {"ana", "eve"}
    for scope in (build.system(everything=True), build.nobody()):
        with pytest.raises(NotFoundError):
            store.scores.names(scope, asked)


def test_the_policies_keep_names_from_a_system_without_them(store: Store) -> None:
    """Even a query of ours that forgot to ask shows no ciphertext to those not entitled."""
    from tests.e2e.test_store_scope import shown_by_policies

    assert shown_by_policies(store.engine, build.system(everything=True), "identities") == set()
    assert shown_by_policies(store.engine, build.teacher(), "identities") == {"ana"}


def test_the_database_holds_no_name_in_clear(store: Store, superuser: Engine) -> None:
    """What stands in the identities is ciphertext."""
    with superuser.begin() as connection:
        stored = connection.execute(text("SELECT ciphertext FROM earlywarn.identities")).scalars().all()

    assert stored
    assert not any("Côté".encode() in bytes(cipher) for cipher in stored)


def test_names_belong_to_their_student(store: Store, owner: Engine, superuser: Engine) -> None:
    """Ciphertext put in another student's place is refused, not shown as that student's name."""
    swapped = locked_names("eve", {"family_name": "Roy"}, key=KEY)
    statement = text("UPDATE earlywarn.identities SET ciphertext = :given WHERE student_id = 'ana'")
    with superuser.begin() as connection:
        connection.execute(statement, {"given": swapped})
    try:
        with pytest.raises(StoreError, match="does not open"):
            store.scores.names(build.teacher(), [ANA])
    finally:
        own = locked_names("ana", {"family_name": "Côté", "given_name": "Ana"}, key=KEY)
        with superuser.begin() as connection:
            connection.execute(statement, {"given": own})


def test_another_key_opens_no_name(database: DatabaseUrls, store: Store) -> None:
    """A wrong key is a refusal, not an empty name."""
    other = open_store(database.service, identity_key=new_key())
    try:
        with pytest.raises(StoreError, match="does not open"):
            other.scores.names(build.teacher(), [ANA])
    finally:
        other.close()


def test_a_key_opens_its_accounts_scope_until_revoked(store: Store, owner: Engine) -> None:
    """A key is known by its hash; revoked or of a disabled account, it opens nothing."""
    today = build.TODAY
    save_account(owner, Account("sys", "SIS", "system", school_ids=(S1,)))
    key, spare = (issue_api_key(owner, "sys", today=today) for _ in range(2))
    scope = scope_of_key(store.callers, key, today=today)
    revoke_api_key(owner, key.split("_")[1], today=today)

    assert (scope.role, scope.account_id, scope.school_ids) == ("system", "sys", ("s1",))
    for wrong in (key, key + "x", "", "ew_0_0"):
        with pytest.raises(NotFoundError):
            scope_of_key(store.callers, wrong, today=today)
    assert scope_of_key(store.callers, spare, today=today) == scope
    disable_account(owner, "sys", today=today + timedelta(days=1))
    assert scope_of_key(store.callers, spare, today=today) == scope
    with pytest.raises(NotFoundError):
        scope_of_key(store.callers, spare, today=today + timedelta(days=1))
    revoke_account_keys(owner, "sys", today=today)
    with pytest.raises(NotFoundError):
        scope_of_key(store.callers, spare, today=today)


def test_no_key_is_kept_in_clear(store: Store, owner: Engine, superuser: Engine) -> None:
    """The database holds a hash from which no key follows."""
    save_account(owner, Account("sys2", "SIS", "system", all_schools=True))
    key = issue_api_key(owner, "sys2", today=date(2026, 1, 1))
    with superuser.begin() as connection:
        stored = connection.execute(text("SELECT k::text FROM earlywarn.api_keys k")).scalars().all()

    assert not any(key.split("_")[2] in row for row in stored)


def test_the_demonstrations_accounts_have_something_to_see(store: Store, owner: Engine) -> None:
    """The teacher drawn is the one with most listed students, the principal is of the same school."""
    drawn = draw_accounts(owner, today=build.TODAY)
    for account in drawn:
        save_account(owner, account)

    offered = store.accounts.demonstration_accounts(today=build.TODAY)
    seen = {
        account.role: len(store.scores.my_students(account.scope(build.TODAY), route="test").entries)
        for account in offered
    }

    assert set(drawn) == set(offered)
    assert [account.staff_id for account in drawn if account.role == "teacher"] == ["one"]
    assert seen == {"teacher": 2, "principal": 3, "system": 5}
