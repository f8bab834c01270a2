"""Killed while it loads a night, `earlywarn score` leaves the night before, and its next start goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, make_url, text

from earlywarn.pipeline.run_files import read_run
from earlywarn.store import DatabaseUrls, load_night
from earlywarn.store.roles import connect
from tests.builders.nursery import Moment, Nursery, Run
from tests.builders.scored_network import AS_OF, ScoredNetwork, published_network, take_in_more

BOTH = ("first", "second")
N_KILLS = 6
# One look at everything a night brings, in one statement and so at one moment.
LOOK = text("""
SELECT (SELECT array_agg(r.as_of ORDER BY r.model) FROM earlywarn.current_runs c
            JOIN earlywarn.score_runs r USING (run_id)),
    (SELECT count(*) FROM earlywarn.enrollments),
    (SELECT count(DISTINCT (s.run_id, s.unit)) FROM earlywarn.scores s
            JOIN earlywarn.current_runs USING (run_id)),
    (SELECT count(*) FROM earlywarn.rosters JOIN earlywarn.current_runs USING (run_id))
""")
LEFT_BEHIND = text("""
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relname LIKE 'staged%' OR (nspname = 'earlywarn' AND relkind = 'r' AND relname ~ '^scores_[0-9]+$'
    AND substr(relname, 8)::bigint NOT IN (
        SELECT run_id FROM earlywarn.score_runs WHERE shown_since IS NOT NULL))
UNION ALL SELECT written_as FROM earlywarn.score_runs WHERE shown_since IS NULL
""")
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = CAST(:table AS regclass)")
Look = tuple[object, ...]


@dataclass
class Nights:
    """A network on two nights: what readers see of the first and of the second, and how to score it."""

    network: ScoredNetwork
    urls: DatabaseUrls
    superuser: Engine
    warm: Nursery
    last_days: dict[str, date]
    seen: set[Look] = field(default_factory=set)

    def score(self, as_of: date, moment: Moment | None = None) -> Run:
        """Run the verb as a whole, in a process of its own."""
        day = as_of.isoformat()
        return self.warm.run(
            ["score", str(self.network.folder), "--as-of", day, "--today", day],
            {
                "EARLYWARN_HOME": str(self.network.workspace.home),
                "EARLYWARN_KEYS": str(self.network.keys),
                "EARLYWARN_DATABASE_URL": self.urls.service,
                "EARLYWARN_DATABASE_ADMIN_URL": str(self.urls.owner),
            },
            moment=moment,
        )

    def look(self) -> Look:
        """Return what readers see."""
        with self.superuser.begin() as connection:
            found = connection.execute(LOOK).one()
        return (tuple(found[0]), *found[1:])

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look again and again meanwhile, and note what was seen."""
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                self.seen.add(self.look())

        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(watch)
            try:
                yield
            finally:
                over.set()
                watching.result()

    def runs(self) -> list[str]:
        """Return the names of the runs' folders, and of whatever else stands beside them."""
        return sorted(path.name for path in self.network.workspace.scores.iterdir())

    def stored(self) -> list[tuple[str, str]]:
        """Return what runs were ever shown, by model and name."""
        shown = text("SELECT model, written_as FROM earlywarn.score_runs WHERE shown_since IS NOT NULL")
        with self.superuser.begin() as connection:
            found = connection.execute(shown)
            return [(row.model, row.written_as) for row in found]

    def left_behind(self) -> list[str]:
        """Return tables of a dead load that nobody will ever read."""
        with self.superuser.begin() as connection:
            return list(connection.execute(LEFT_BEHIND).scalars())


@pytest.fixture(scope="module")
def nights(
    tmp_path_factory: pytest.TempPathFactory, database: DatabaseUrls, warm: Nursery
) -> Iterator[Nights]:
    """Return a network whose first night is loaded; from the next on, one student leaves a day."""
    network = published_network(tmp_path_factory.mktemp("nights"))
    everything = make_url(database.service).set(username="postgres")
    engine = connect(everything.render_as_string(hide_password=False))
    nights = Nights(network, database, engine, warm, {})
    first = nights.score(AS_OF)
    assert first.code == 0, first.said
    nights.last_days |= take_in_more(network, received_on=AS_OF + timedelta(days=1))
    yield nights
    engine.dispose()


@pytest.fixture(scope="module")
def days() -> Iterator[date]:
    """Return a later day for every night that is scored."""
    return (AS_OF + timedelta(days=2 + number) for number in range(100))


@pytest.mark.parametrize("table", ["score_runs", "rosters", "current_runs", "schools", "enrollments"])
def test_a_load_killed_at_a_table_leaves_the_night_before(
    nights: Nights, days: Iterator[date], tmp_path: Path, table: str
) -> None:
    """Readers see the old night whole; the next start loads the run that was scored, once, and sweeps."""
    before, as_of, n_stored = nights.look(), next(days), len(nights.stored())
    kill = tmp_path / "kill"
    with nights.watched(), ThreadPoolExecutor(1) as pool, nights.superuser.connect() as holding:
        holding.execute(text(f"LOCK TABLE earlywarn.{table} IN SHARE MODE"))
        scoring = pool.submit(nights.score, as_of, Moment(seen="kill", folder=str(tmp_path), after=0.0))
        _until_it_waits(nights.superuser, table)
        kill.touch()
        killed = scoring.result()
        holding.rollback()
    runs = nights.runs()

    assert killed.was_killed, killed.said
    assert nights.look() == before
    assert nights.seen <= {before}

    with nights.watched():
        finished = nights.score(as_of)
    after = nights.look()

    assert finished.code == 0, finished.said
    assert nights.runs() == runs, "what was scored is not scored again"
    assert (after[0], after[1:]) == ((as_of, as_of), _night(nights, as_of))
    assert nights.seen <= {before, after}
    assert len(nights.stored()) == len(set(nights.stored())) == n_stored + len(BOTH)
    assert nights.left_behind() == []
    nights.seen.clear()


def test_a_load_killed_at_any_time_is_the_old_night_or_the_new(nights: Nights, days: Iterator[date]) -> None:
    """At random moments of the whole verb: one night or the other, and the next start ends with the new."""
    chance, n_killed = np.random.default_rng(3), 0
    whole = nights.score(next(days)).seconds
    for _ in range(N_KILLS):
        before, as_of, n_stored = nights.look(), next(days), len(nights.stored())
        with nights.watched():
            killed = nights.score(as_of, Moment(after=chance.uniform(0.2, 1.0) * whole))
            time.sleep(0.05)
        n_killed += killed.was_killed
        was_loaded = len(nights.stored()) > n_stored
        with nights.watched():
            finished = nights.score(as_of)
        after = nights.look()

        assert finished.code == 0, finished.said
        assert (after[0], after[1:]) == ((as_of, as_of), _night(nights, as_of))
        assert nights.seen <= {before, after}
        # Where all was in already, the same day was scored once more.
        assert len(nights.stored()) == n_stored + len(BOTH) * (2 if was_loaded else 1)
        assert nights.left_behind() == []
        assert [name for name in nights.runs() if name.endswith(".part")] == []
        nights.seen.clear()

    assert n_killed >= N_KILLS // 2


def test_what_a_dead_load_stored_of_another_day_is_removed(
    nights: Nights, days: Iterator[date], tmp_path: Path
) -> None:
    """Scores that were in and never shown go, where the next start scores another day."""
    with ThreadPoolExecutor(1) as pool, nights.superuser.connect() as holding:
        holding.execute(text("LOCK TABLE earlywarn.current_runs IN SHARE MODE"))
        scoring = pool.submit(nights.score, next(days), Moment(seen="kill", folder=str(tmp_path), after=0.0))
        _until_it_waits(nights.superuser, "current_runs")
        (tmp_path / "kill").touch()
        assert scoring.result().was_killed
        holding.rollback()
    n_unshown = len(nights.left_behind())
    other_day = nights.score(next(days))

    assert other_day.code == 0, other_day.said
    assert n_unshown == 2 * len(BOTH), "a name and a partition for each model"
    assert nights.left_behind() == []


def test_a_run_that_is_loaded_twice_is_stored_once(nights: Nights, owner: Engine) -> None:
    """Whoever loads a run again, not knowing that it is in, adds no row."""
    run = read_run(nights.network.workspace).to_load()
    before, n_stored = nights.look(), len(nights.stored())
    first = load_night(owner, runs=run)

    assert load_night(owner, runs=run) == first
    assert (nights.look(), len(nights.stored())) == (before, n_stored)


def _night(nights: Nights, as_of: date) -> Look:
    """Return what a whole night of this network brings."""
    run = read_run(nights.network.workspace)
    assert run.as_of == as_of
    n_scores = sum(one.scores.num_rows for one in run.runs)
    n_stays = sum(last_day >= as_of for last_day in nights.last_days.values())
    return (n_stays, n_scores, sum(one.rosters.num_rows for one in run.runs))


def _until_it_waits(superuser: Engine, table: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with superuser.begin() as connection:
            if connection.execute(WAITS, {"table": f"earlywarn.{table}"}).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody came to this table")
