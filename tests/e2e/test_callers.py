"""A caller's reading is one exchange: key, scope, risks and trace together, behind both locks."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select, text

from earlywarn.domain import SchoolId, StudentId
from earlywarn.errors import NotFoundError, StoreError
from earlywarn.store import (
    Account,
    CallerDesk,
    DatabaseUrls,
    Entry,
    Store,
    issue_api_key,
    load_night,
    open_store,
    revoke_api_key,
    save_account,
)
from earlywarn.store.exchanges import Answers, Asked, Exchanges, Statement
from earlywarn.store.opening import PROTECTED
from earlywarn.store.roles import connect
from tests.builders import store as build
from tests.builders.desk import asked
from tests.e2e.test_store_reading import count_accesses, last_access

STUDENTS = ("ana", "bob", "cy", "dee", "eve", "fay")
ROUTE = "GET /v1/students/{student_id}/risks"
CASES: dict[str, tuple[Account, set[str]]] = {
    "a teacher": (Account("t", "T", "teacher", staff_id="one"), {"ana", "bob"}),
    "a principal": (
        Account("p", "P", "principal", school_ids=(SchoolId("s1"),)),
        {"ana", "bob", "cy"},
    ),
    "a css": (Account("c", "C", "css", css_id="css1"), {"ana", "bob", "cy", "dee"}),
    "two schools": (
        Account("s", "S", "system", school_ids=(SchoolId("s2"), SchoolId("s3"))),
        {"dee", "eve"},
    ),
    "everything": (Account("e", "E", "system", all_schools=True), {"ana", "bob", "cy", "dee", "eve"}),
    "nothing": (Account("n", "N", "system"), set()),
    "the ministry": (Account("m", "M", "ministry"), set()),
}
all_cases = pytest.mark.parametrize(("account", "expected"), CASES.values(), ids=CASES.keys())


@pytest.fixture(scope="module")
def store(database: DatabaseUrls, owner: Engine) -> Iterator[Store]:
    """Return a store that holds the tiny network and two models' runs."""
    runs = [build.run("dropout"), build.run("difficulty", version="7", risk=1.0, listed=False)]
    load_night(owner, tables=build.scope_tables(), runs=runs)
    store = open_store(database.service)
    yield store
    store.close()


@pytest.fixture
def policies_off(superuser: Engine) -> Iterator[None]:
    """Switch row-level security off for one test, and back on."""
    for way in ("DISABLE", "ENABLE"):
        with superuser.begin() as connection:
            for table in PROTECTED:
                connection.execute(text(f"ALTER TABLE earlywarn.{table} {way} ROW LEVEL SECURITY"))
        if way == "DISABLE":
            yield


def entry_of(store: Store, owner: Engine, account: Account) -> tuple[str, Entry]:
    """Return a new key of an account, and what it opens."""
    save_account(owner, account)
    key = issue_api_key(owner, account.account_id, today=build.TODAY)
    return key, asked(store.callers, store.callers.enter(key, today=build.TODAY))


def shown(store: Store, entry: Entry) -> set[str]:
    """Return the students of whom a caller is shown risks."""

    async def ask() -> set[str]:
        found = set()
        for student in STUDENTS:
            try:
                if await store.callers.student_risks(entry, StudentId(student), route=ROUTE):
                    found.add(student)
            except NotFoundError:
                continue
        return found

    return asked(store.callers, ask())


@all_cases
def test_both_locks_together_show_the_scope(
    store: Store, owner: Engine, account: Account, expected: set[str]
) -> None:
    """Every kind of account sees its own, and what it sees is what a signed-in reader would."""
    _, entry = entry_of(store, owner, account)

    assert shown(store, entry) == expected
    for student in expected:
        own = asked(store.callers, store.callers.student_risks(entry, StudentId(student), route=ROUTE))
        assert own == store.scores.student_page(entry.scope, StudentId(student), route="test").risks


@all_cases
def test_the_policies_alone_hold_a_caller_in(
    store: Store, owner: Engine, account: Account, expected: set[str]
) -> None:
    """With filters of ours that let everybody through, the policies show the account's own students only."""
    _, entry = entry_of(store, owner, account)
    blind = replace(entry.scope, role="system", all_schools=True)
    if account.role == "system":
        assert shown(store, replace(entry, scope=blind)) == expected
        return
    # The trace would be in another role's name, which the database refuses before anything is shown.
    for student in expected or {"ana"}:
        asking = store.callers.student_risks(replace(entry, scope=blind), StudentId(student), route=ROUTE)
        with pytest.raises((StoreError, NotFoundError)):
            asked(store.callers, asking)


@pytest.mark.usefixtures("policies_off")
@all_cases
def test_the_filters_alone_hold_a_caller_in(
    store: Store, owner: Engine, account: Account, expected: set[str]
) -> None:
    """With row-level security off, the reading shows the account's own students only."""
    _, entry = entry_of(store, owner, account)

    assert shown(store, entry) == expected


def test_a_run_is_read_once_for_pages_and_for_callers(store: Store, owner: Engine) -> None:
    """Its words are many, and held in one place."""
    _, entry = entry_of(store, owner, CASES["everything"][0])
    told = asked(store.callers, store.callers.student_risks(entry, StudentId("ana"), route=ROUTE)) or ()
    shown = store.scores.student_page(entry.scope, StudentId("ana"), route="test").risks

    assert [one.run is other.run for one, other in zip(told, shown, strict=True)] == [True, True]


def test_a_reading_leaves_one_row_with_what_was_shown(store: Store, owner: Engine, superuser: Engine) -> None:
    """The trace names the account, the route's template, every model shown and the student."""
    _, entry = entry_of(store, owner, CASES["everything"][0])
    before = count_accesses(superuser)
    risks = asked(store.callers, store.callers.student_risks(entry, StudentId("ana"), route=ROUTE))

    assert [(risk.run.model, risk.risk, type(risk.risk)) for risk in risks or ()] == [
        ("difficulty", 1.0, float),
        ("dropout", 0.25, float),
    ]
    assert count_accesses(superuser) == before + 1
    assert last_access(superuser) == ("e", "system", ROUTE, "difficulty/7 dropout/1", ["ana"])


def test_scores_on_demand_leave_a_row_without_students(
    store: Store, owner: Engine, superuser: Engine
) -> None:
    """Who posted rows knows whose they are; the trace says who asked, and which model answered."""
    _, entry = entry_of(store, owner, CASES["two schools"][0])
    asking = store.callers.record(entry, route="POST /v1/models/{model}/score", version="dropout/1")

    assert asked(store.callers, asking)
    assert last_access(superuser) == ("s", "system", "POST /v1/models/{model}/score", "dropout/1", [])


def test_a_row_that_names_a_student_waits_for_the_disk(store: Store, owner: Engine) -> None:
    """Only the end of a transaction whose row names nobody is not waited for; the next on its line is."""
    _, entry = entry_of(store, owner, CASES["two schools"][0])
    waits = Statement.of(select(func.current_setting("synchronous_commit"))).given()

    async def recorded_before() -> Answers:
        await store.callers.record(entry, route="test", version="dropout/1")
        return await store.callers.exchanges.ask(waits)

    assert asked(store.callers, recorded_before()) == [[(b"on",)]]


def test_what_is_refused_leaves_no_row(store: Store, owner: Engine, superuser: Engine) -> None:
    """Another's student and nobody's are refused in the same words, and nobody is named as shown."""
    _, entry = entry_of(store, owner, CASES["two schools"][0])
    before = count_accesses(superuser)
    answers = set()
    for student in ("ana", "nobody-of-this-name", "x'; --"):
        with pytest.raises(NotFoundError) as refusal:
            asked(store.callers, store.callers.student_risks(entry, StudentId(student), route=ROUTE))
        answers.add(str(refusal.value))

    assert (answers, count_accesses(superuser)) == ({"there is no such student"}, before)


@pytest.mark.parametrize("change", ["revoked", "narrowed", "widened"])
def test_what_is_remembered_opens_nothing(
    store: Store, owner: Engine, superuser: Engine, change: str
) -> None:
    """A key that ended, or an account that changed, is noticed by the very next exchange."""
    account = replace(CASES["everything"][0], account_id=change)
    key, entry = entry_of(store, owner, account)
    if change == "revoked":
        revoke_api_key(owner, key.split("_")[1], today=build.TODAY)
    else:
        save_account(owner, replace(account, all_schools=False, with_names=change == "widened"))
    before = count_accesses(superuser)
    remembered = store.callers.remembered(key, today=build.TODAY)
    reading = store.callers.student_risks(entry, StudentId("ana"), route=ROUTE)

    assert remembered == entry
    assert asked(store.callers, reading) is None
    assert not asked(store.callers, store.callers.record(entry, route="test", version="dropout/1"))
    assert count_accesses(superuser) == before
    if change == "revoked":
        with pytest.raises(NotFoundError):
            asked(store.callers, store.callers.enter(key, today=build.TODAY))
        assert store.callers.remembered(key, today=build.TODAY) is None
    else:
        anew = asked(store.callers, store.callers.enter(key, today=build.TODAY))
        assert (anew.scope.all_schools, anew.scope.with_names) == (False, change == "widened")
        assert shown(store, anew) == set()


def test_a_reading_whose_trace_cannot_be_written_fails(
    store: Store, owner: Engine, superuser: Engine
) -> None:
    """Without the right to write the log, no risk is shown and no score is told."""
    _, entry = entry_of(store, owner, CASES["everything"][0])
    grant = "INSERT (actor, role, route, model_version, students) ON earlywarn.access_log"
    with superuser.begin() as connection:
        connection.execute(text(f"REVOKE {grant} FROM earlywarn_service"))
    try:
        for asking in (
            store.callers.student_risks(entry, StudentId("ana"), route=ROUTE),
            store.callers.record(entry, route="test", version="dropout/1"),
        ):
            with pytest.raises(StoreError, match="refused the work"):
                asked(store.callers, asking)
    finally:
        with superuser.begin() as connection:
            connection.execute(text(f"GRANT {grant} TO earlywarn_service"))

    assert shown(store, entry) == CASES["everything"][1]


def test_a_trace_in_another_s_name_is_refused(store: Store, owner: Engine) -> None:
    """The policies compare the row with who came in by the door."""
    _, entry = entry_of(store, owner, CASES["everything"][0])
    scope = entry.scope
    for other in (replace(scope, account_id="somebody"), replace(scope, role="css", css_id="css1")):
        forged = replace(entry, scope=other)
        with pytest.raises(StoreError, match="InsufficientPrivilege"):
            asked(store.callers, store.callers.student_risks(forged, StudentId("ana"), route=ROUTE))


def test_a_connection_forgets_who_came_before(store: Store, owner: Engine) -> None:
    """The next exchange on the same connection begins as nobody."""
    _, entry = entry_of(store, owner, CASES["everything"][0])
    looking = Asked(
        b"SELECT current_setting('earlywarn.role', true), (SELECT count(*) FROM earlywarn.scores)", []
    )

    async def ask() -> list[tuple[bytes | None, ...]]:
        await store.callers.record(entry, route="test", version="dropout/1")
        ((row,),) = [await store.callers.exchanges.ask(looking)]
        return row

    assert asked(store.callers, ask()) == [(b"", b"0")]


def test_a_hundred_at_once_each_get_their_own_answer(store: Store) -> None:
    """Exchanges on few connections do not mix up what they answer, failures among them included."""
    told = Statement(b"SELECT $1::text, pg_sleep(0.001)", {"said": 0}, (None,))
    broken = Statement(b"SELECT 1 / ($1::int)", {"said": 0}, (None,))

    async def one(number: int) -> bool:
        if number % 10 == 3:
            try:
                await store.callers.exchanges.ask(broken.given(said="0"))
            except StoreError:
                return True
            return False
        first, second = await store.callers.exchanges.ask(
            told.given(said=str(number)), told.given(said=f"{number}'")
        )
        return (first[0][0], second[0][0]) == (str(number).encode(), f"{number}'".encode())

    async def ask() -> list[bool]:
        return await asyncio.gather(*(one(number) for number in range(100)))

    assert all(asked(store.callers, ask()))


def test_a_server_that_hangs_up_is_noticed_between_exchanges(store: Store, superuser: Engine) -> None:
    """A restart of the database costs no request its answer once the server is back."""
    asking = Asked(b"SELECT 1", [])
    ending = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'earlywarn_service'"
    )

    async def ask() -> list[int]:
        found = []
        for _ in range(3):
            found.append(len(await store.callers.exchanges.ask(asking)))
            with superuser.begin() as connection:
                connection.execute(ending)
            await asyncio.sleep(0.1)
        return found

    assert asked(store.callers, ask()) == [1, 1, 1]


def test_a_server_that_hangs_up_in_between_is_a_refusal(store: Store) -> None:
    """Whether the transaction was kept cannot be known, so nothing is shown."""
    hanging_up = Asked(b"SELECT pg_terminate_backend(pg_backend_pid())", [])

    with pytest.raises(StoreError):
        asked(store.callers, store.callers.exchanges.ask(hanging_up))
    assert asked(store.callers, store.callers.exchanges.ask(Asked(b"SELECT 1", []))) == [[(b"1",)]]


def test_who_waits_too_long_is_told_so(store: Store) -> None:
    """Where all connections stay taken, or no answer comes, the refusal is short."""
    exchanges = Exchanges(store.engine, n_lines=1, seconds_to_wait=0.05, seconds_to_answer=0.3)
    slow, quick = Asked(b"SELECT pg_sleep(5)", []), Asked(b"SELECT 1", [])

    async def said(asking: Asked) -> str:
        try:
            await exchanges.ask(asking)
        except StoreError as error:
            return error.what
        return "answered"

    async def ask() -> tuple[tuple[str, str], str]:
        both = await asyncio.gather(said(slow), said(quick))
        after = await said(quick)
        exchanges.close()
        return both, after

    both, after = asyncio.run(ask())
    assert (tuple(both), after) == (
        ("the service database does not answer (TimeoutError)", "the service database is busy"),
        "answered",
    )


def test_a_server_that_says_nothing_is_not_waited_for(store: Store) -> None:
    """Connecting is within the time to answer, too."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = connect(f"postgresql://nobody@127.0.0.1:{mute.getsockname()[1]}/nothing")
        exchanges = Exchanges(silent, seconds_to_answer=0.1)
        start = time.monotonic()
        with pytest.raises(StoreError, match="does not answer"):
            asyncio.run(exchanges.ask(Asked(b"SELECT 1", [])))

    assert time.monotonic() - start < 3


def test_a_connection_in_use_at_the_end_is_given_back_after_it(store: Store, superuser: Engine) -> None:
    """It answers still, and the server is left with no session of ours."""
    sessions = text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT 1, pg_sleep%'")
    exchanges = Exchanges(store.engine)

    async def ask() -> tuple[Answers, int]:
        asking = asyncio.create_task(exchanges.ask(Asked(b"SELECT 1, pg_sleep(0.2)", [])))
        await asyncio.sleep(0.1)
        exchanges.close()
        answers = await asking
        await asyncio.sleep(0.1)
        with superuser.begin() as connection:
            return answers, connection.execute(sessions).scalar_one()

    assert asyncio.run(ask()) == ([[(b"1", b"")]], 0)


class Unclosable(Exchanges):
    """Connections that cannot be given back."""

    def close(self) -> None:
        """Fail."""
        raise OSError


def test_a_store_gives_its_pool_back_whatever_its_exchanges_do(database: DatabaseUrls) -> None:
    """One failure at the end of a process does not keep the other connections open."""
    ending = open_store(database.service)
    used = ending.engine.pool
    broken = replace(ending, callers=CallerDesk(Unclosable(ending.engine)))
    with pytest.raises(OSError):
        broken.close()

    assert ending.engine.pool is not used, "a pool that is given up is replaced"
