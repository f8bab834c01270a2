"""Have pushed batches taken in, one at a time and in the order received, outside every request.

A thread of the serving process watches the queue; the work is done by a worker process. Whatever dies, the
queue stands on the disk, and the next start goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any

import orjson

from earlywarn.pipeline.push_reception import tidy_up
from earlywarn.pipeline.pushed_batches import PushedBatches, Waiting
from earlywarn.pipeline.worker_process import WorkerProcess

SECONDS = 900.0
MOST_BREAKS = 5
_IDLE_SECONDS = 15.0

Tell = Callable[[str, dict[str, object]], None]


class PushIntake:
    """The watch over the pushed batches of a workspace; close it with the service.

    Args:
        batches: The workspace's pushed batches.
        network: The network's folder, with its contract.
        keys: The folder of keys.
        today: Tells the day on which a batch enters the tables.
        tell: Told what happens, in ids and counts.
        worker: The process that takes batches in.
        seconds: How long one batch may take.
        longest_pause: How many seconds to wait at most where a batch cannot be taken in now.
    """

    def __init__(
        self,
        batches: PushedBatches,
        network: Path,
        keys: Path,
        *,
        today: Callable[[], date],
        tell: Tell,
        worker: WorkerProcess | None = None,
        seconds: float = SECONDS,
        longest_pause: float = 30.0,
    ) -> None:
        self._batches, self._network, self._keys = batches, network, keys
        self._today, self._tell, self._seconds = today, tell, seconds
        self._longest_pause = longest_pause
        self._worker = worker or WorkerProcess("earlywarn.pipeline.push_worker")
        self._wake, self._closing = Event(), Event()
        self._breaks: dict[str, int] = {}
        self._n_waits = 0
        self._is_idle = True
        self._thread = Thread(target=self._watch, name="push-intake", daemon=True)

    def __enter__(self) -> PushIntake:
        if n_removed := tidy_up(self._batches):
            self._tell("parts_removed", {"parts": n_removed})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def notify(self) -> None:
        """Say that a batch waits."""
        self._wake.set()

    def close(self) -> None:
        """End the watch; a batch that is being taken in is left to the next start."""
        self._closing.set()
        self._wake.set()
        while self._thread.is_alive():
            self._worker.interrupt()
            self._thread.join(0.2)

    def _watch(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                pause = self._take_next()
            except Exception as error:
                self._tell("push_intake_failed", {"error": type(error).__name__})
                pause = self._pause()
            self._wake.wait(pause)
        self._worker.stop()

    def _take_next(self) -> float:
        """Have the first batch of the queue taken in, and return how long to wait before the next."""
        # One that cannot even be given up keeps nobody waiting; the next start looks at it again.
        queue = [
            one for one in self._batches.waiting() if self._breaks.get(one.batch_id, 0) < 2 * MOST_BREAKS
        ]
        if not queue:
            if self._is_idle:
                self._worker.stop()
            self._is_idle = True
            return _IDLE_SECONDS
        self._is_idle = False
        waiting = queue[0]
        answer = self._ask(waiting, gives_up=self._breaks.get(waiting.batch_id, 0) >= MOST_BREAKS)
        said: dict[str, object] = {"batch": waiting.batch_id, "table": waiting.table}
        if "state" in answer:
            self._n_waits = 0
            self._breaks.pop(waiting.batch_id, None)
            self._tell("batch_settled", {**said, "state": answer["state"], **answer["counts"]})
            return 0.0
        if "waits" in answer:
            self._tell("batch_waits", {**said, "error": answer["waits"]})
        elif not self._closing.is_set():
            self._breaks[waiting.batch_id] = self._breaks.get(waiting.batch_id, 0) + 1
            self._tell("batch_broke", {**said, "error": answer.get("broke", "worker died")})
        return self._pause()

    def _pause(self) -> float:
        self._n_waits += 1
        return float(min(0.25 * 2 ** min(self._n_waits, 10), self._longest_pause))

    def _ask(self, waiting: Waiting, *, gives_up: bool) -> dict[str, Any]:
        question = {
            "home": str(self._batches.workspace.home.resolve()),
            "network": str(self._network.resolve()),
            "keys": str(self._keys.resolve()),
            "batch_id": waiting.batch_id,
            "owner": waiting.owner,
            "table": waiting.table,
            "received_on": self._today().isoformat(),
            "gives_up": gives_up,
        }
        answer: dict[str, Any] = orjson.loads(
            self._worker.ask(orjson.dumps(question), seconds=self._seconds) or b"{}"
        )
        return answer
