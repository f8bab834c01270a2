"""Killed at any moment, an intake leaves the earlier state whole, and its rerun ends with the same bytes.

`EARLYWARN_CASES` multiplies the number of random kills.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.builders.intake import HEADER
from tests.builders.nursery import Moment, Nursery
from tests.builders.survival import Ends, Scene, Tree

N_KILLS = 60 * int(os.environ.get("EARLYWARN_CASES", "1"))
COLD_STARTS = 4
LEDGER = "workspace/tables/ledger.json"
APPEARING = (
    "locks/ingest.lock",
    "tables/absences/.*.part",
    "tables/absences/000002.parquet",
    "identities/*.part",
    "reports/.*.part",
    "reports/intake-000002.json",
    "tables/.ledger.json.*",
)


def _phase(left: Tree, ends: Ends) -> str:
    """Say how far a killed run had come, by what it left."""
    if left[LEDGER] == ends.after[LEDGER]:
        return "the new state, all cleaned up" if left == ends.after else "the new state, leftovers to clean"
    new = [name for name in left if name not in ends.before]
    for kind, sign in (
        ("ledger being written", "tables/.ledger"),
        ("report written", "/reports/"),
        ("identities written", "/identities/"),
        ("batch files written", "/tables/"),
    ):
        if any(sign in name for name in new):
            return f"the earlier state, {kind}"
    return "the earlier state, nothing written"


def _check(given: Scene, warm: Nursery, ends: Ends) -> str:
    """Hold what a kill must leave, run again, and return how far the killed run had come."""
    left = given.tree()
    phase = _phase(left, ends)
    if left != ends.before:
        assert given.seen() == (ends.seen_after if phase.startswith("the new") else ends.seen_before)
        assert not given.names_anybody()

    again = warm.run(given.ingest, given.settings)
    assert again.code == 0, again.said
    assert given.tree() == ends.after
    return phase


def _moments(seconds: float, chance: np.random.Generator) -> Iterator[Moment]:
    """Draw moments over the whole run, and just after each kind of file appears."""
    while True:
        yield Moment(after=chance.uniform(0, 1.1 * seconds))
        pattern = APPEARING[chance.integers(len(APPEARING))]
        yield Moment(after=chance.exponential(0.003), seen=pattern)


def _cold(given: Scene, *, killed_after: float | None) -> tuple[bool, float]:
    """Run in a new interpreter, killed or not; say whether a kill found it there, and after how long."""
    given.begin()
    command = [sys.executable, "-c", "from earlywarn.cli import main; main()", *given.ingest]
    quiet, started = subprocess.DEVNULL, time.monotonic()
    with subprocess.Popen(
        command, env={**os.environ, **given.settings}, stdout=quiet, stderr=quiet
    ) as process:
        if killed_after is not None:
            time.sleep(killed_after)
            process.kill()
        ended = process.wait()
    return ended == -signal.SIGKILL, time.monotonic() - started


def test_kills_at_random_moments(
    given: Scene,
    warm: Nursery,
    ends: Ends,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Readers see the earlier state or the new one; the rerun ends with the undisturbed run's bytes."""
    chance, survived = np.random.default_rng(1), Counter[str]()
    _, seconds = _cold(given, killed_after=None)
    assert given.tree() == ends.after
    for _ in range(COLD_STARTS):
        was_killed, _ = _cold(given, killed_after=chance.uniform(0, seconds))
        if was_killed:
            survived[_check(given, warm, ends) + " (cold start)"] += 1
    for moment in _moments(ends.seconds, chance):
        if survived.total() == N_KILLS:
            break
        watched = Moment(after=moment.after, seen=moment.seen, folder=str(given.workspace.home))
        if given.run(warm, watched).was_killed:
            survived[_check(given, warm, ends)] += 1

    with capsys.disabled():
        print(f"\nintake: {survived.total()} kills at random moments survived")  # noqa: T201
        for phase, count in sorted(survived.items()):
            print(f"  {count:5d}  {phase}")  # noqa: T201
    assert len(survived) >= 5


def test_kills_before_every_step(
    given: Scene,
    warm: Nursery,
    ends: Ends,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same holds just before each file that is opened for writing, renamed or removed."""
    survived = Counter[str]()
    for step in range(1, ends.n_steps + 1):
        assert given.run(warm, Moment(at_step=step)).was_killed
        survived[_check(given, warm, ends)] += 1

    with capsys.disabled():
        print(f"\nintake: {survived.total()} kills, one before every step, survived")  # noqa: T201
        for phase, count in sorted(survived.items()):
            print(f"  {count:5d}  {phase}")  # noqa: T201
    assert len(survived) >= 5


def test_kills_of_the_first_intake(given: Scene, warm: Nursery, capsys: pytest.CaptureFixture[str]) -> None:
    """With no state before, and no keys, nothing stands until all does; the rerun uses the same keys."""

    def empty() -> None:
        given.begin()
        shutil.rmtree(given.workspace.home)
        shutil.rmtree(given.keys)

    empty()
    n_steps = warm.run(given.ingest, given.settings).n_steps
    steps = range(1, n_steps + 1, 2)
    for step in steps:
        empty()
        assert warm.run(given.ingest, given.settings, moment=Moment(at_step=step)).was_killed
        assert not given.names_anybody()
        assert warm.run(given.ingest, given.settings).code == 0
        survived = given.tree()

        shutil.rmtree(given.workspace.home)
        assert warm.run(given.ingest, given.settings).code == 0
        assert given.tree() == survived

    with capsys.disabled():
        print(f"\nfirst intake: {len(steps)} kills, one before every second step, survived")  # noqa: T201


def test_a_large_intake_writes_the_same_bytes_twice(given: Scene, warm: Nursery, tmp_path: Path) -> None:
    """On several threads, over many pieces, with repeats and corrections, the order is the files' own."""
    large = replace(given, files=tmp_path)
    with (tmp_path / "absences.csv").open("w", encoding="utf-8") as file:
        file.write(f"{HEADER}\nLAVM0101;2024-09-03;;N;0,5;;;\n")
        for row in range(300_000):
            code, day = f"ROY{'XYZ'[row % 3]}{row // 3 % 9_000:04d}", row // 27_000
            file.write(f"{code};{day + 1:02d}/11/2024;;{'MN'[row % 2]};0,25;3;1;{row}\n")
        file.write(f"ROYX0000;01/11/2024;;M;0,25;3;1;0\nROYY0001;01/11/2024;;M;1;3;1;{'x' * 9}\n")
    trees = []
    for _ in range(3):
        assert large.run(warm).code == 0
        trees.append({name: hashlib.sha256(content).hexdigest() for name, content in large.tree().items()})

    assert trees[0] == trees[1] == trees[2]
