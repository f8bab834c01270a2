"""Whatever dies while rows are pushed, each batch is taken in once, whole, and memory stays small."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import locked
from tests.builders.network import tiny_extracts
from tests.builders.pushing import Prepared, PushClient, absences, as_csv, prepare, pushing

PROJECT = Path(__file__).resolve().parents[2]
CONTRACT = PROJECT / "models" / "quebec" / "contract.toml"
N_ROWS = 150_000


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Return what a service is started from, again and again."""
    return prepare(tmp_path_factory.mktemp("crashes"))


def n_stored(client: PushClient) -> tuple[int, int]:
    """Return how many rows of absences stand, and of how many keys."""
    tables = open_tables(client.workspace, load_contract(CONTRACT))
    try:
        found = tables.connection.execute(
            "SELECT count(*), count(DISTINCT (student_id, happened_on, period)) FROM versions.absences"
        ).fetchone()
    finally:
        tables.close()
    assert found is not None
    return found


def test_a_killed_service_finishes_at_its_next_start(ready: Prepared) -> None:
    """Killed while batches wait or are taken in, the service takes each in once when it is back."""
    chance = np.random.default_rng(7)
    with pushing(ready) as client:
        pushed = [client.push(as_csv(absences(N_ROWS, first=n * N_ROWS))) for n in range(3)]
        time.sleep(chance.uniform(0.5, 1.5))
        client.kill(with_workers=True)
    for with_workers in (True, False):
        with pushing(ready) as client:
            time.sleep(chance.uniform(0.5, 2.0))
            client.kill(with_workers=with_workers)
    with pushing(ready) as client:
        states = [client.settled(one) for one in pushed]
        reports = [client.report(state) for state in states]
        bodies = [path for path in (client.workspace.incoming / "batches").rglob("*.csv") if path.is_file()]

        assert [state["counts"]["new"] for state in states] == [N_ROWS] * 3
        assert [report["batch"] for report in reports] == [1, 2, 3]
        assert n_stored(client) == (3 * N_ROWS, 3 * N_ROWS)
        assert bodies == []


def test_a_killed_worker_is_replaced(ready: Prepared) -> None:
    """A worker that dies in the middle costs time, and nothing else; the service answers meanwhile."""
    with pushing(ready) as client:
        pushed = client.push(as_csv(absences(N_ROWS, first=10 * N_ROWS)))
        killed = 0
        until = time.monotonic() + 20
        while killed < 3 and time.monotonic() < until:
            if client.request("GET", pushed.headers["location"]).json()["state"] == "processing":
                for worker in client.workers():
                    os.kill(worker, signal.SIGKILL)
                    killed += 1
            time.sleep(0.1)
        state = client.settled(pushed)

        assert killed >= 1
        assert (state["state"], state["counts"]["new"]) == ("accepted", N_ROWS)
        assert len(set(n_stored(client))) == 1


def test_a_request_cut_by_a_crash_can_be_sent_again(ready: Prepared) -> None:
    """A key whose first request died with the service makes the batch when it is sent again."""
    body = as_csv(absences(5, first=20 * N_ROWS))
    listed = "/v1/tables/absences/batches"
    with pushing(ready) as client:
        before = len(client.request("GET", listed).json()["batches"])

        def half() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            client.kill()
            yield body[len(body) // 2 :]

        with pytest.raises(OSError, match=r"reset|refused|closed|Broken|Remote end"):
            client.push(half(), key='"cut"')
    with pushing(ready) as client:
        again = client.push(body, key='"cut"')

        assert client.settled(again)["counts"]["new"] == 5
        assert len(client.request("GET", listed).json()["batches"]) == before + 1


def test_files_and_pushed_batches_take_turns(ready: Prepared, tmp_path: Path) -> None:
    """A batch waits while files are taken in, files wait for the batch at work, and neither is refused."""
    network, files = tmp_path / "network", tmp_path / "files"
    network.mkdir()
    files.mkdir()
    (network / "contract.toml").write_bytes(CONTRACT.read_bytes())
    (network / "extracts.toml").write_text(tiny_extracts(load_contract(CONTRACT)), encoding="utf-8")
    (files / "absences.csv").write_bytes(as_csv(absences(7, first=30 * N_ROWS)))
    with pushing(ready) as client:
        with locked(client.workspace, "ingest", owner="an intake"):
            waiting = client.push(as_csv(absences(7, first=31 * N_ROWS)))
            time.sleep(1)
            state = client.request("GET", waiting.headers["location"]).json()["state"]
        pushed = client.push(as_csv(absences(N_ROWS, first=32 * N_ROWS)))
        time.sleep(0.5)
        report = ingest(
            network, files, client.workspace, received_on=date(2026, 11, 20), keys=client.home / "keys"
        )
        settled = [client.settled(one) for one in (waiting, pushed)]

        assert state == "received"
        assert next(t.n_new for t in report.tables if t.table == "absences") == 7
        assert [one["counts"]["new"] for one in settled] == [7, N_ROWS]


def test_a_hundred_megabytes_are_never_in_memory(ready: Prepared) -> None:
    """The serving process grows by less than 50 MiB while it receives 100 MB, and answers others."""
    line = b"x" * 999 + b"\n"
    with pushing(ready) as client:
        client.settled(client.push(as_csv(absences(1))))
        before = client.resident_bytes()
        pushed = client.push(line * 1_000 for _ in range(100))
        grown = client.resident_bytes("VmHWM") - before
        state = client.settled(pushed)

        assert (state["state"], state["n_bytes"]) == ("refused", 100_000_000)
        assert grown < 50 * 2**20, grown
