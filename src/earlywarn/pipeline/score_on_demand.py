"""Score raw table rows that a caller posts, with the same numbers as the batch: same SQL, same peers.

DuckDB runs in a worker process that lives as long as the service. What travels between the two is JSON, a
line each way, so that neither unpickles anything; a worker that dies or takes too long is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from earlywarn.errors import (
    AsOfError,
    BusyError,
    DeclarationError,
    EarlywarnError,
    PublicationError,
    TableError,
)
from earlywarn.pipeline.worker_process import WorkerProcess
from earlywarn.publication import PublishedModel
from earlywarn.scoring import Score, score_values
from earlywarn.workspace import Workspace

Floats = npt.NDArray[np.float64]
SECONDS = 60.0
SECONDS_TO_WAIT = 5.0
_REFUSALS: dict[str, type[EarlywarnError]] = {
    kind.__name__: kind for kind in (TableError, AsOfError, PublicationError, DeclarationError)
}


@dataclass(frozen=True)
class OnDemandScores:
    """Scores of posted units, in the order of their keys; `units[i]` is the key of `scores[i]`."""

    units: tuple[tuple[str, ...], ...]
    scores: tuple[Score, ...]
    as_of: date
    peers_as_of: date | None
    """The day of the kept peer snapshot; None where no run has been kept yet."""


def refuse_future(as_of: date, today: date) -> None:
    """Refuse a day that has not come; the day itself is the caller's, so it is not repeated.

    Raises:
        AsOfError: The day lies in the future.
    """
    if as_of > today:
        raise AsOfError("the day asked for lies in the future", todo="score as of today or before")


def scored_rows(
    model: PublishedModel, values: Floats, as_of: date, *, reasons: bool = True
) -> OnDemandScores:
    """Score rows of feature values that a caller posted; whose they are is not known."""
    scores = score_values(model, values, reasons=reasons)
    return OnDemandScores(((),) * len(scores), tuple(scores), as_of, None)


class TableScorer:
    """A worker process that turns posted rows into feature values; close it with the service."""

    def __init__(
        self, workspace: Workspace, *, seconds: float = SECONDS, seconds_to_wait: float = SECONDS_TO_WAIT
    ) -> None:
        self._workspace = workspace
        self._seconds = seconds
        self._seconds_to_wait = seconds_to_wait
        self._lock = Lock()
        self._worker = WorkerProcess("earlywarn.pipeline.scoring_worker")

    def __enter__(self) -> TableScorer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def score_tables(
        self,
        model: PublishedModel,
        tables: Mapping[str, Sequence[Mapping[str, object]]],
        as_of: date,
        *,
        reasons: bool = True,
    ) -> OnDemandScores:
        """Score the units of the posted rows as of a day.

        Args:
            model: The published model.
            tables: Rows by table, complete for the posted students.
            as_of: The day to look from; posted facts visible before it are used.
            reasons: Whether reasons are wanted.

        Raises:
            TableError: The rows break the contract; every position and reason is listed, no value.
            AsOfError: The day lies in no period.
            BusyError: The rows take longer than the time allowed, or others' rows are being scored.
        """
        question = {
            "folder": str(self._workspace.published / model.model / model.version),
            "home": str(self._workspace.home),
            "model": model.model,
            "features": model.features,
            "as_of": as_of,
            "tables": tables,
        }
        answer = self._ask(orjson.dumps(question))
        if "error" in answer:
            said = answer["error"]
            raise _REFUSALS.get(said["kind"], TableError)(
                said["what"], where=said["where"], todo=said["todo"]
            )
        values = np.array(answer["values"], dtype=np.float64).reshape(-1, len(model.features))
        peers_as_of = answer["peers_as_of"]
        return OnDemandScores(
            units=tuple(tuple(unit) for unit in answer["units"]),
            scores=tuple(score_values(model, values, reasons=reasons)),
            as_of=as_of,
            peers_as_of=None if peers_as_of is None else date.fromisoformat(peers_as_of),
        )

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._worker.stop()

    def _ask(self, question: bytes) -> dict[str, Any]:
        # A caller who waits holds one of the service's threads, so nobody waits for long.
        if not self._lock.acquire(timeout=self._seconds_to_wait):
            raise BusyError("other posted rows are being scored", todo="try again shortly")
        try:
            answer = self._worker.ask(question, seconds=self._seconds)
            if not answer:
                raise BusyError("the posted rows could not be scored in time", todo="post fewer students")
        finally:
            self._lock.release()
        found: dict[str, Any] = orjson.loads(answer)
        return found
