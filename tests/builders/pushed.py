"""Pushed batches without a service: a small network's workspace, and bodies received by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from earlywarn.pipeline.push_reception import claim
from earlywarn.pipeline.pushed_batches import PushedBatch, PushedBatches, Waiting
from earlywarn.pipeline.take_pushed import take_pushed
from tests.builders.intake import Network, declare

ACCOUNT = "system:portal"
DAY = date(2025, 1, 10)
NOW = datetime(2025, 1, 10, 15, 0, tzinfo=UTC)
HEADER = "student_id,happened_on,recorded_on,category,days,n_periods,is_late,note\n"
BODY = HEADER + "s1,2025-01-08,,excused,0.5,,false,\n" + "s2,2025-01-08,,unexcused,2,,,\n"


@dataclass(frozen=True)
class Pushed:
    """A small network that systems push to."""

    network: Network

    @property
    def batches(self) -> PushedBatches:
        """Return its pushed batches."""
        return PushedBatches(self.network.workspace)

    @property
    def folder(self) -> Path:
        """Return the folder with its contract."""
        return self.network.home / "network"

    def receive(
        self,
        body: str = BODY,
        *,
        key: str = "k",
        table: str = "absences",
        at: datetime = NOW,
        accepted: tuple[str, ...] = (),
    ) -> PushedBatch | None:
        """Receive a CSV body as the service does."""
        claimed = claim(self.batches, ACCOUNT, key)
        try:
            spool = claimed.spool(n_bytes=0)
            try:
                spool.write(body.encode())
                return claimed.keep(spool, table=table, form="csv", received_at=at, accepted=accepted)
            finally:
                spool.discard()
        finally:
            claimed.close()

    def first(self) -> Waiting:
        """Return the batch that is next."""
        return self.batches.waiting()[0]

    def take(self, waiting: Waiting, *, on: date = DAY) -> PushedBatch:
        """Take a batch in, as the worker does."""
        return take_pushed(self.batches, waiting, self.folder, received_on=on, keys=self.network.keys)


def pushed_network(home: Path) -> Pushed:
    """Declare a small network below `home`."""
    return Pushed(declare(home))
