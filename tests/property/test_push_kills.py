"""Kill the worker at random moments: every pushed batch is stored once, row for row as without a kill.

`EARLYWARN_CASES` multiplies the number of kills for a long run by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.pipeline.pushed_batches import Waiting
from tests.builders.pushed import ACCOUNT, DAY, HEADER, Pushed, pushed_network

N_KILLS = 4 * int(os.environ.get("EARLYWARN_CASES", "1"))
N_ROWS = 20_000


def body(number: int) -> str:
    """Return the rows of one batch; some correct those of the batch before, some are wrong."""
    first = number * N_ROWS // 2
    rows = [
        f"s{row:08d},2025-01-0{1 + row % 8},,{'excused' if row % 3 else 'unexcused'},"
        f"{(row + number) % 5 / 4},{row % 11},,note {number}\n"
        for row in range(first, first + N_ROWS)
    ]
    return HEADER + "".join(rows)


def question(pushed: Pushed, waiting: Waiting) -> bytes:
    """Return what the service asks its worker."""
    asked = {
        "home": str(pushed.batches.workspace.home), "network": str(pushed.folder),
        "keys": str(pushed.network.keys), "batch_id": waiting.batch_id, "owner": waiting.owner,
        "table": waiting.table, "received_on": DAY.isoformat(), "gives_up": False,
    }  # fmt: skip
    return json.dumps(asked).encode() + b"\n"


def started() -> subprocess.Popen[bytes]:
    """Start a worker, and wait until it answers."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "earlywarn.pipeline.push_worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(b"{}\n")
    worker.stdin.flush()
    assert b"broke" in worker.stdout.readline()
    return worker


def asked(pushed: Pushed, waiting: Waiting, *, kill_after: float | None = None) -> bool:
    """Have a batch taken in; return whether the worker was killed before it answered."""
    with started() as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(question(pushed, waiting))
        worker.stdin.flush()
        if kill_after is not None:
            time.sleep(kill_after)
            worker.kill()
        is_killed = not worker.stdout.readline()
        worker.kill()
    return is_killed


def stored(pushed: Pushed) -> dict[str, pa.Table]:
    """Return every batch file's rows, in the order of the lines they came from."""
    tables = pushed.batches.workspace.tables
    return {path.name: pq.read_table(path).sort_by("_line") for path in sorted(tables.rglob("*.parquet"))}


def test_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    """After each kill the batch is asked for once more, and all end as in a twin that was never killed."""
    chance = np.random.default_rng(11)
    killed, twin = pushed_network(tmp_path / "killed"), pushed_network(tmp_path / "twin")
    hits = 0
    for number in range(N_KILLS):
        for network in (killed, twin):
            network.receive(body(number), key=str(number))
        start = time.monotonic()
        twin.take(twin.first())
        took = time.monotonic() - start
        waiting = killed.first()
        hits += asked(killed, waiting, kill_after=float(chance.uniform(0, 1.5 * took)))
        if killed.batches.waiting():
            assert not asked(killed, killed.first())
        ends = [network.batches.page(ACCOUNT, "absences", limit=1)[0][0] for network in (killed, twin)]

        assert [one.state for one in ends] == ["accepted", "accepted"]
        assert ends[0].counts == ends[1].counts
    print(f"{hits} of {N_KILLS} kills came before the answer; {len(stored(twin))} batches alike")  # noqa: T201

    assert stored(killed) == stored(twin)
    assert hits > 0
