"""A pushed batch is taken in once, whatever dies in between, and its end is the whole truth about it."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from earlywarn.errors import BusyError
from earlywarn.pipeline.pushed_batches import Counts, PushedBatch
from earlywarn.pipeline.take_pushed import give_up
from earlywarn.workspace import locked
from tests.builders.intake import HEADER as FILE_HEADER
from tests.builders.pushed import BODY, DAY, Pushed, pushed_network

COUNTS = Counts(read=2, new=1, superseding=0, unchanged=0, quarantined=1, duplicates=0)


@pytest.fixture
def pushed(tmp_path: Path) -> Pushed:
    """Return a network to which one batch was pushed."""
    network = pushed_network(tmp_path)
    network.receive()
    return network


def died_before_settling(pushed: Pushed) -> PushedBatch:
    """Take the first batch in, then put back what a crash just before its end would have left."""
    waiting = pushed.first()
    folder = pushed.batches.folder(waiting.owner, waiting.table, waiting.batch_id)
    kept = shutil.copytree(folder, folder.with_name("kept"))
    marker = pushed.batches.marker(waiting.batch_id).read_bytes()
    done = pushed.take(waiting)
    for path in kept.iterdir():
        shutil.move(path, folder / path.name)
    pushed.batches.marker(waiting.batch_id).write_bytes(marker)
    return done


def test_a_batch_is_taken_in_as_a_file_is(pushed: Pushed) -> None:
    """Rows are converted, checked and counted by the contract; the state says what became of them."""
    done = pushed.take(pushed.first())
    report = json.loads(pushed.batches.report(done))

    assert (done.state, done.counts, done.received_on) == ("accepted", COUNTS, DAY)
    assert [(one["column"], one["reason"], one["lines"]) for one in report["tables"][0]["reasons"]] == [
        ("days", "too_large", [3])
    ]
    assert pushed.batches.waiting() == []


def test_a_batch_in_the_ledger_is_not_taken_in_again(pushed: Pushed) -> None:
    """After a crash between the ledger and the state, the batch ends as it was: same counts, same batch."""
    done = died_before_settling(pushed)
    ledger = (pushed.batches.workspace.tables / "ledger.json").read_bytes()

    again = pushed.take(pushed.first(), on=DAY + timedelta(days=1))

    assert (again.state, again.counts, again.received_on) == ("accepted", COUNTS, DAY)
    assert again.model_copy(update={"settled_at": done.settled_at}) == done
    assert (pushed.batches.workspace.tables / "ledger.json").read_bytes() == ledger
    assert pushed.batches.waiting() == []


def test_a_batch_in_the_ledger_is_never_failed(pushed: Pushed) -> None:
    """Who gives up on a batch that is in the ledger finds it accepted."""
    died_before_settling(pushed)

    assert give_up(pushed.batches, pushed.first(), pushed.folder).state == "accepted"


def test_a_batch_given_up_says_what_to_do(pushed: Pushed) -> None:
    """A batch that no worker can take in fails, its body is removed, and nothing of it is stored."""
    waiting = pushed.first()
    failed = give_up(pushed.batches, waiting, pushed.folder)
    left = pushed.batches.folder(waiting.owner, waiting.table, waiting.batch_id)

    assert failed.state == "failed"
    assert failed.refusal is not None
    assert "push again with a new key" in failed.refusal.todo
    assert [path.name for path in left.iterdir()] == ["batch.json"]
    assert not (pushed.batches.workspace.tables / "ledger.json").exists()


def test_a_table_that_is_no_more_refuses_its_batch(pushed: Pushed) -> None:
    """A batch for a table that the contract lost while it waited is refused, and says so."""
    contract = (pushed.folder / "contract.toml").read_text(encoding="utf-8")
    (pushed.folder / "contract.toml").write_text(contract.split("[tables.absences]")[0], encoding="utf-8")

    done = pushed.take(pushed.first())

    assert done.state == "refused"
    assert done.refusal is not None
    assert (done.refusal.what, done.refusal.where) == ("the contract has no such table any more", "absences")


def test_a_batch_waits_for_the_day_of_later_files(pushed: Pushed) -> None:
    """Where files of a later day were taken in already, the batch stays as it is until then."""
    line = "s9;2025-01-09;;M;0,5;;;"
    pushed.network.take_in({"absences.csv": f"{FILE_HEADER}\n{line}\n"}, received_on=DAY + timedelta(days=1))
    with pytest.raises(BusyError, match="later files"):
        pushed.take(pushed.first())

    assert pushed.take(pushed.first(), on=DAY + timedelta(days=1)).state == "accepted"


@pytest.mark.parametrize("lock", ["files", "ingest"])
def test_files_go_first(pushed: Pushed, lock: str) -> None:
    """While files are taken in, or wait for their turn, no pushed batch begins."""
    with (
        locked(pushed.batches.workspace, lock, owner="an intake"),
        pytest.raises(BusyError, match="an intake,"),
    ):
        pushed.take(pushed.first())

    assert pushed.batches.waiting() != []


def test_the_same_rows_under_another_key_change_nothing(pushed: Pushed) -> None:
    """Rows pushed twice are counted as unchanged, and the ledger stays as it is."""
    pushed.take(pushed.first())
    ledger = (pushed.batches.workspace.tables / "ledger.json").read_bytes()
    pushed.receive(BODY, key="another")

    done = pushed.take(pushed.first())

    assert done.counts == COUNTS.model_copy(update={"new": 0, "unchanged": 1})
    assert (pushed.batches.workspace.tables / "ledger.json").read_bytes() == ledger
