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
from tests.builders.pushed import BODY, DAY, HEADER, Pushed, pushed_network

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


def rows(n_rows: int, *, first: int, category: str) -> str:
    """Return a body of so many absences."""
    numbers = range(first, first + n_rows)
    return HEADER + "".join(
        f"s{number},2025-01-08,,{category},0.{number % 9},1,true,\n" for number in numbers
    )


def test_what_differs_from_the_batches_before_is_stopped(pushed: Pushed) -> None:
    """A column that had values and has none stops the batch; said to be meant, it passes."""
    pushed.take(pushed.first())
    pushed.receive(rows(200, first=0, category="excused"), key="usual")
    pushed.take(pushed.first())
    empty = rows(200, first=500, category="")
    pushed.receive(empty, key="empty")
    stopped = pushed.take(pushed.first())
    report = json.loads(pushed.batches.report(stopped))
    pushed.receive(empty, key="meant", accepted=("absences.category:all_empty",))
    passed = pushed.take(pushed.first())

    assert (stopped.state, stopped.counts, report["status"]) == ("refused", None, "refused")
    assert stopped.refusal is not None
    assert stopped.refusal.where == "absences.category:all_empty"
    assert stopped.refusal.todo.endswith("accept_drift=absences.category:all_empty")
    assert "--accept-drift" not in stopped.refusal.what
    assert (passed.state, passed.counts and passed.counts.new) == ("accepted", 200)


def test_few_rows_after_many_are_no_drift(pushed: Pushed) -> None:
    """Systems push what is new, now much and now little."""
    pushed.take(pushed.first())
    for number, n_rows in enumerate((2_000, 1, 3_000)):
        pushed.receive(rows(n_rows, first=5_000 * number, category="excused"), key=str(number))
        done = pushed.take(pushed.first())

        findings = json.loads(pushed.batches.report(done))["findings"]
        assert (done.state, [one["rule"] for one in findings if "rows" in one["rule"]]) == ("accepted", [])


def test_a_change_that_cannot_be_is_not_accepted(pushed: Pushed) -> None:
    """A name that the table does not have refuses the batch, and is not repeated."""
    pushed.take(pushed.first())
    pushed.receive(BODY, key="odd", accepted=("absences.TREL01529907:all_empty",))
    done = pushed.take(pushed.first())

    assert (done.state, done.has_report) == ("refused", False)
    assert "TREL" not in str(done.refusal)
