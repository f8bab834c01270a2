"""What earlier nights left behind: of runs long replaced only lists stay, of loads that died nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest
from sqlalchemy import Engine, text

from earlywarn.domain import SchoolId, StudentId
from earlywarn.errors import StoreError
from earlywarn.store import DatabaseUrls, Store, load_night
from earlywarn.store.roles import owner_engine
from tests.builders import store as build

EVERYTHING = build.system(everything=True)


def n_scores(superuser: Engine, runs: Sequence[int]) -> list[int]:
    """Return how many scores of each run there are."""
    statement = text("SELECT count(*) FROM earlywarn.scores WHERE run_id = :run_id")
    with superuser.begin() as connection:
        return [connection.execute(statement, {"run_id": run_id}).scalar_one() for run_id in runs]


def test_a_run_replaced_long_ago_keeps_its_lists_only(
    owner: Engine, superuser: Engine, tiny_store: Store
) -> None:
    """The run in use and the one before it are whole; of an earlier one its roster can still be leafed."""
    run = build.run("thinned")
    listed = [school == "s1" for school in run.scores["school_id"].to_pylist()]
    place = run.scores.column_names.index("is_listed")
    run = replace(run, scores=run.scores.set_column(place, "is_listed", pa.array(listed)))
    load_night(owner, tables=build.scope_tables(), runs=[run])
    first_page = tiny_store.scores.roster(EVERYTHING, SchoolId("s1"), "thinned", route="test", limit=1)
    runs = [load_night(owner, runs=[run])[0] for _ in range(3)]
    with superuser.begin() as connection:
        first = connection.execute(
            text("SELECT min(run_id) FROM earlywarn.score_runs WHERE model = 'thinned'")
        )
        runs = [first.scalar_one(), *runs]
    last_page = tiny_store.scores.roster(
        EVERYTHING, SchoolId("s1"), "thinned", route="test", cursor=first_page.next_cursor
    )

    assert n_scores(superuser, runs) == [4, 4, 6, 6]
    assert last_page.run.run_id == runs[0]
    assert [entry.student_id for entry in last_page.entries] == ["bob", "cy"]
    forced = text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :name")
    with superuser.begin() as connection:
        assert connection.execute(forced, {"name": f"scores_{runs[0]}"}).scalar() is True


def test_a_run_thinned_long_ago_is_stored_whole_where_it_comes_again(
    owner: Engine, superuser: Engine, tiny_store: Store
) -> None:
    """Whoever loads it again is shown all of it."""
    first, second, third = (
        replace(build.run("again", listed=False), written_as=name) for name in ("one", "two", "three")
    )
    ids = [load_night(owner, tables=build.scope_tables(), runs=[run])[0] for run in (first, second, third)]
    thinned = n_scores(superuser, ids)
    (again,) = load_night(owner, runs=[first])
    shown = tiny_store.scores.student_page(EVERYTHING, StudentId("ana"), route="test").risks

    assert thinned == [0, 6, 6]
    assert n_scores(superuser, [again]) == [6]
    assert [risk.run.run_id for risk in shown if risk.run.model == "again"] == [again]
    assert load_night(owner, runs=[first]) == (again,), "the name is that of the whole one"


def test_a_long_reading_is_not_waited_for(owner: Engine, superuser: Engine) -> None:
    """A night is loaded beside it, and the earlier run is thinned on the next."""
    runs = [load_night(owner, runs=[build.run("read", listed=False)])[0] for _ in range(2)]
    with superuser.connect() as connection:
        connection.execute(text("SELECT count(*) FROM earlywarn.scores"))
        runs += load_night(owner, runs=[build.run("read", listed=False)])
    during = n_scores(superuser, runs)
    load_night(owner)

    assert during == [6, 6, 6]
    assert n_scores(superuser, runs) == [0, 0, 6]


def test_what_a_dead_load_stored_is_swept_under_the_lock_of_the_load(
    tiny_store: Store, database: DatabaseUrls, owner: Engine, superuser: Engine
) -> None:
    """Nobody else begins between the looking at what was left behind and the removing of it."""
    left = replace(build.run("left"), written_as="left")
    load_night(owner, runs=[left])
    with superuser.begin() as connection:
        connection.execute(text("DELETE FROM earlywarn.current_runs WHERE model = 'left'"))
        connection.execute(text("UPDATE earlywarn.score_runs SET shown_since = NULL WHERE model = 'left'"))
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = :kind")

    def until_one_waits(kind: str) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with superuser.begin() as connection:
                if connection.execute(waiting, {"kind": kind}).scalar_one():
                    return
        raise AssertionError("nobody waits")

    other = owner_engine(str(database.owner))
    with ThreadPoolExecutor(2) as pool:
        with tiny_store.engine.connect() as reading:
            reading.execute(text("SELECT count(*) FROM earlywarn.scores"))
            sweeping = pool.submit(load_night, owner)
            until_one_waits("relation")
            loading_it = pool.submit(load_night, other, runs=[left])
            until_one_waits("advisory")
        sweeping.result()
        (run_id,) = loading_it.result()
    other.dispose()

    assert n_scores(superuser, [run_id]) == [6]


def test_a_sweep_that_is_refused_is_said(owner: Engine, superuser: Engine) -> None:
    """Only that a reader lasts is left to another night: what else the database refuses, the load does."""
    unshown = text(
        "INSERT INTO earlywarn.score_runs (model, version, as_of, data_as_of, facts, n_scored, n_not_scored) "
        "VALUES ('broken', '1', '2026-11-20', '2026-11-20', '{}', 0, 0)"
    )
    with superuser.begin() as connection:
        connection.execute(unshown)
    try:
        with pytest.raises(StoreError, match="refused the work"):
            load_night(owner)
    finally:
        with superuser.begin() as connection:
            connection.execute(text("DELETE FROM earlywarn.score_runs WHERE model = 'broken'"))
