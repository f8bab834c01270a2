"""Killed at any moment, a rotation leaves all under the former keys or all under the new ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from earlywarn.tables.keyring import make_keys
from tests.builders.nursery import Moment, Nursery, Run
from tests.builders.survival import Ends, Scene

N_KILLS = 20


def _begin(given: Scene, keys_to_come: dict[str, bytes]) -> None:
    """Put the first state in place, with keys to come that are the same every time."""
    given.begin()
    for name, content in keys_to_come.items():
        (given.keys / name).write_bytes(content)
        (given.keys / name).chmod(0o600)


@pytest.fixture(scope="module")
def keys_to_come(given: Scene) -> dict[str, bytes]:
    """Return keys for every rotation of this module, so that their ends can be compared."""
    given.begin()
    make_keys(given.keys, to_come=True)
    return {path.name: path.read_bytes() for path in given.keys.glob("*.next.key")}


@pytest.fixture(scope="module")
def rotated(given: Scene, warm: Nursery, keys_to_come: dict[str, bytes]) -> Ends:
    """Return the states before and after an undisturbed rotation."""
    _begin(given, keys_to_come)
    before, seen_before = given.tree(), given.seen()
    run = warm.run(given.rotate, given.settings)
    assert run.code == 0, run.said
    return Ends(before, given.tree(), seen_before, given.seen(), run.seconds, run.n_steps)


def _is_rotated(given: Scene, rotated: Ends) -> bool:
    ledger = "workspace/tables/ledger.json"
    return given.tree()[ledger] == rotated.after[ledger]


def _check(given: Scene, warm: Nursery, rotated: Ends) -> str:
    """Hold what a killed rotation must leave, finish it, and return how far it had come."""
    under_new = _is_rotated(given, rotated)
    assert given.seen() == (rotated.seen_after if under_new else rotated.seen_before)
    assert not given.names_anybody()
    if given.tree() == rotated.after:
        return "finished"
    finished = warm.run(given.rotate, given.settings)
    assert finished.code == 0, finished.said
    assert ("is finished" in finished.said) == under_new
    assert given.tree() == rotated.after
    return "under the new keys, to be finished" if under_new else "under the former keys, begun anew"


def test_a_killed_rotation_is_finished_by_the_next(
    given: Scene,
    warm: Nursery,
    rotated: Ends,
    keys_to_come: dict[str, bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before every step and at random moments; the end is byte for byte that of an undisturbed rotation."""
    chance, survived = np.random.default_rng(2), Counter[str]()
    moments = [Moment(at_step=step) for step in range(1, rotated.n_steps + 1)]
    moments += [Moment(after=chance.uniform(0, rotated.seconds)) for _ in range(N_KILLS)]
    for moment in moments:
        _begin(given, keys_to_come)
        if warm.run(given.rotate, given.settings, moment=moment).was_killed:
            survived[_check(given, warm, rotated)] += 1

    with capsys.disabled():
        print(f"\nrotation: {survived.total()} kills survived: {dict(survived)}")  # noqa: T201
    assert survived.total() >= rotated.n_steps
    assert survived["under the new keys, to be finished"] >= 3


def test_an_intake_may_come_after_a_killed_rotation(
    given: Scene, warm: Nursery, rotated: Ends, keys_to_come: dict[str, bytes]
) -> None:
    """Whatever the rotation left, the next intake sees one state and goes on from it, under its keys."""
    outcomes = set()
    for step in range(1, rotated.n_steps + 1, 3):
        _begin(given, keys_to_come)
        warm.run(given.rotate, given.settings, moment=Moment(at_step=step))
        under_new = _is_rotated(given, rotated)
        run: Run = warm.run(given.ingest, given.settings)

        assert run.code == 0, run.said
        assert "absences  6007  6000            1          1            4           1" in run.said
        assert (given.keys / "pseudonym.next.key").exists() is not under_new
        outcomes.add(under_new)
    assert outcomes == {True, False}
