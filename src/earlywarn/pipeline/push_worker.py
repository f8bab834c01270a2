"""Take in pushed batches: a process of its own, one JSON line in, one out; the engine is loaded here alone.

An answer says what became of the batch, that it must wait, or that it broke the worker: the kind of the error
only, since its text may hold what was sent.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from earlywarn.errors import BusyError, DeclarationError, EarlywarnError, SettingsError, StorageError
from earlywarn.pipeline.pushed_batches import PushedBatches, Waiting
from earlywarn.pipeline.take_pushed import give_up, take_pushed
from earlywarn.workspace import Workspace

# Not the batch's fault: another intake, a full disk, a declaration that its owner is mending.
_PASSING = (BusyError, StorageError, DeclarationError, SettingsError)


def main() -> None:
    """Answer questions until the other side closes."""
    for line in sys.stdin.buffer:
        answer = answer_to(line)
        try:
            sys.stdout.buffer.write(answer + b"\n")
            sys.stdout.buffer.flush()
        except OSError:
            # The service is gone; what was done is on the disk.
            return


def answer_to(question: bytes) -> bytes:
    """Return the state of a batch that was settled, or why it was not."""
    try:
        return orjson.dumps(_settled(orjson.loads(question)))
    except _PASSING as error:
        return orjson.dumps({"waits": type(error).__name__})
    except EarlywarnError as error:
        return orjson.dumps({"broke": type(error).__name__})
    except Exception as error:
        return orjson.dumps({"broke": type(error).__name__})


def _settled(question: dict[str, Any]) -> dict[str, object]:
    batches = PushedBatches(Workspace(Path(question["home"])))
    waiting = Waiting(question["batch_id"], question["owner"], question["table"])
    network = Path(question["network"])
    if question["gives_up"]:
        batch = give_up(batches, waiting, network)
    else:
        received_on = date.fromisoformat(question["received_on"])
        batch = take_pushed(batches, waiting, network, received_on=received_on, keys=Path(question["keys"]))
    counts = batch.counts.model_dump() if batch.counts else {}
    return {"state": batch.state, "counts": counts}


if __name__ == "__main__":
    main()
