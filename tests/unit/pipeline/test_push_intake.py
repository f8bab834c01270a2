"""The watch takes batches in order, waits where it must, and lets no batch hold up the others for ever."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from earlywarn.pipeline.push_intake import MOST_BREAKS, PushIntake
from earlywarn.pipeline.push_worker import answer_to
from earlywarn.pipeline.worker_process import WorkerProcess
from earlywarn.workspace import locked
from tests.builders.pushed import ACCOUNT, DAY, HEADER, Pushed, pushed_network


class Worker(WorkerProcess):
    """A worker in this process, which dies of the bodies that it is told to die of."""

    def __init__(self, *deadly: str) -> None:
        super().__init__("unused")
        self.deadly, self.asked = deadly, list[str]()

    def ask(self, question: bytes, *, seconds: float) -> bytes:
        """Answer as the process does, or not at all."""
        said = json.loads(question)
        self.asked.append(said["batch_id"])
        if said["batch_id"] in self.deadly and not said["gives_up"]:
            return b""
        return answer_to(question)


@pytest.fixture
def pushed(tmp_path: Path) -> Pushed:
    """Return a network to which three batches were pushed."""
    network = pushed_network(tmp_path)
    for number in range(3):
        network.receive(HEADER + f"s{number},2025-01-08,,excused,0.5,,,\n", key=str(number))
    return network


def watched(pushed: Pushed, worker: Worker, *, seconds: float = 10) -> list[tuple[str, dict[str, object]]]:
    """Watch until nothing waits or the time is over, and return what was told."""
    told: list[tuple[str, dict[str, object]]] = []
    until = time.monotonic() + seconds
    with PushIntake(
        pushed.batches,
        pushed.folder,
        pushed.network.keys,
        today=lambda: DAY,
        tell=lambda event, said: told.append((event, said)),
        worker=worker,
        longest_pause=0.01,
    ):
        while pushed.batches.waiting() and time.monotonic() < until:
            time.sleep(0.01)
    return told


def test_batches_are_taken_in_in_order(pushed: Pushed) -> None:
    """Each is told with its counts and no word of its rows."""
    ids = [one.batch_id for one in pushed.batches.waiting()]

    told = watched(pushed, Worker())

    counts = {"read": 1, "new": 1, "superseding": 0, "unchanged": 0, "quarantined": 0, "duplicates": 0}
    assert told == [
        ("batch_settled", {"batch": batch_id, "table": "absences", "state": "accepted", **counts})
        for batch_id in ids
    ]


def test_a_batch_that_breaks_every_worker_is_given_up(pushed: Pushed) -> None:
    """After some deaths the batch has failed, and those behind it are taken in."""
    ids = [one.batch_id for one in pushed.batches.waiting()]
    worker = Worker(ids[0])

    told = watched(pushed, worker)

    assert worker.asked == [ids[0]] * (MOST_BREAKS + 1) + ids[1:]
    assert [event for event, _ in told] == ["batch_broke"] * MOST_BREAKS + ["batch_settled"] * 3
    states = [pushed.batches.find(ACCOUNT, "absences", batch_id).state for batch_id in ids]
    assert states == ["failed", "accepted", "accepted"]


def test_a_batch_waits_its_turn_without_being_counted_against(pushed: Pushed) -> None:
    """While files are taken in, batches wait however long it takes, and none is given up."""
    with locked(pushed.batches.workspace, "ingest", owner="an intake"):
        told = watched(pushed, Worker(), seconds=0.5)

    assert len(told) > MOST_BREAKS
    assert {event for event, _ in told} == {"batch_waits"}
    assert len(pushed.batches.waiting()) == 3


def test_one_damaged_batch_holds_up_nobody(pushed: Pushed) -> None:
    """A batch whose state cannot be read is left to the next start; the others are taken in."""
    first, *others = pushed.batches.waiting()
    (pushed.batches.folder(first.owner, first.table, first.batch_id) / "batch.json").write_bytes(b"{")

    watched(pushed, Worker(), seconds=2)

    assert [one.batch_id for one in pushed.batches.waiting()] == [first.batch_id]
    states = [pushed.batches.find(ACCOUNT, "absences", one.batch_id).state for one in others]
    assert states == ["accepted", "accepted"]
