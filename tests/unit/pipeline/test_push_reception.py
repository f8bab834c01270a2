"""A body is received once for each key, privately, and whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import pytest

from earlywarn.errors import BusyError, NotFoundError, StorageError
from earlywarn.pipeline.push_reception import claim, next_batch_id, tidy_up
from tests.builders.pushed import ACCOUNT, BODY, NOW, Pushed, pushed_network

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def pushed(tmp_path: Path) -> Pushed:
    """Return a network that nothing was pushed to."""
    return pushed_network(tmp_path)


def test_an_id_is_greater_than_every_id_before(pushed: Pushed) -> None:
    """Ids follow the order received, even where the clock is set back or stands still."""
    pushed.receive()
    moments = (NOW, NOW, NOW - timedelta(hours=1), NOW + timedelta(hours=1))

    ids = [next_batch_id(pushed.batches, moment) for moment in moments]

    assert ids == sorted(ids)
    assert len(set(ids)) == 4
    assert ids[0] > pushed.first().batch_id


def test_a_key_is_held_by_one_request(pushed: Pushed) -> None:
    """While a request holds a key another is refused; of another account it is another key."""
    held = claim(pushed.batches, ACCOUNT, "k")
    with pytest.raises(BusyError, match="still being received"):
        claim(pushed.batches, ACCOUNT, "k")
    claim(pushed.batches, "system:other", "k").close()
    held.close()

    claim(pushed.batches, ACCOUNT, "k").close()


def test_a_key_makes_one_batch(pushed: Pushed) -> None:
    """The same body gives the batch made before, another body none, and nothing is left over."""
    first = pushed.receive()
    again = pushed.receive()
    other = pushed.receive(BODY + "s3,2025-01-08,,excused,1,,,\n")
    meant = pushed.receive(accepted=("absences:broken_lines",))

    assert first == again
    assert (other, meant) == (None, None)
    assert [one.batch_id for one in pushed.batches.waiting()] == [first and first.batch_id]
    assert list((pushed.batches.workspace.incoming / "parts").iterdir()) == []


def test_a_crash_before_the_batch_is_there_frees_its_key(pushed: Pushed) -> None:
    """Where a crash left the key's word and the queue's without the batch, sending again makes it."""
    lost = pushed.receive()
    assert lost is not None
    waiting = pushed.first()
    shutil.rmtree(pushed.batches.folder(waiting.owner, waiting.table, waiting.batch_id))

    assert pushed.batches.waiting() == []
    again = pushed.receive()
    assert again is not None
    assert again.batch_id > lost.batch_id
    assert [one.batch_id for one in pushed.batches.waiting()] == [again.batch_id]


def test_parts_of_a_crashed_request_are_removed(pushed: Pushed) -> None:
    """What nobody holds any more goes; a body that is being received stays, however slow it is."""
    parts = pushed.batches.workspace.incoming / "parts"
    claimed = claim(pushed.batches, ACCOUNT, "slow")
    spool = claimed.spool(n_bytes=0)
    dead = parts / "dead"
    dead.mkdir()
    (dead / "body").write_bytes(b"half")
    for folder in (dead, spool.folder):
        os.utime(folder, (0, 0))

    n_removed = tidy_up(pushed.batches)

    assert n_removed == 1
    assert list(parts.iterdir()) == [spool.folder]
    spool.discard()
    claimed.close()


def test_a_body_that_the_disk_has_no_room_for_is_refused(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the rest of the workspace needs stays free, and nothing is kept of the refused body."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 2**29 + 1_000))
    claimed = claim(pushed.batches, ACCOUNT, "k")
    with pytest.raises(StorageError, match="no room"):
        claimed.spool(n_bytes=1_001)

    assert list((pushed.batches.workspace.incoming / "parts").iterdir()) == []
    claimed.spool(n_bytes=999).discard()
    claimed.close()


@pytest.mark.parametrize("batch_id", ["", ".", "../../x", "0" * 27, "0" * 28, "É" * 28])
def test_a_name_that_is_no_batch_is_not_found(pushed: Pushed, batch_id: str) -> None:
    """Names are looked up only where they have the form of an id."""
    pushed.receive()
    with pytest.raises(NotFoundError):
        pushed.batches.find(ACCOUNT, "absences", batch_id)
