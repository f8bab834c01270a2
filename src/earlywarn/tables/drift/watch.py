"""Watch one intake for drift, table by table: what was read, what differs, and whether it stops."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from earlywarn.errors import HeaderError
from earlywarn.tables.drift.comparison import drift_of, extracts_of, header_stops
from earlywarn.tables.drift.finding import Finding
from earlywarn.tables.drift.kept import KeptProfiles
from earlywarn.tables.drift.measuring import FileSet
from earlywarn.tables.drift.profile import Profile
from earlywarn.tables.ledger import Ledger

if TYPE_CHECKING:
    from earlywarn.tables.contract import Contract
    from earlywarn.tables.extracts import Extracts


@dataclass
class Watch:
    """The drift of one intake: looks at each table once, and keeps profiles and findings."""

    contract: Contract
    extracts: Extracts
    kept: KeptProfiles
    ledger: Ledger
    received_on: date
    backfill: bool
    accepted: Collection[str] = ()
    profiles: list[Profile] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_stopped(self) -> bool:
        """Say whether a rule that was met stops the intake."""
        return any(finding.level == "stop" for finding in self.findings)

    def look(self, table: str, given: Sequence[FileSet]) -> None:
        """Compare what a table's files gave with the last ones."""
        drift = drift_of(
            self.contract,
            table,
            given,
            previous=self._earlier(table, [files.key for files in given]),
            received_on=self.received_on,
            backfill=self.backfill,
            accepted=self.accepted,
        )
        self.profiles += drift.profiles
        self.findings += drift.findings

    def refuse(self, table: str, error: HeaderError) -> None:
        """Find what differs in a header that could not be read.

        Raises:
            HeaderError: No such file was ever read, so that nothing can have changed.
        """
        keys = [key for extract, key in extracts_of(self.extracts, table) if extract.file == error.pattern]
        previous = self._earlier(table, keys)
        found = header_stops(error, self.contract, self.extracts, table, previous)
        if not found:
            raise error
        self.findings += found

    def keep(self, number: int) -> None:
        """Keep the profiles beside the batch `number`, before the ledger names it.

        Raises:
            StorageError: The disk is full.
        """
        self.kept.keep(number, self.profiles)

    def _earlier(self, table: str, extracts: Collection[str]) -> tuple[Profile, ...]:
        numbers = [one.number for one in self.ledger.batches if any(f.table == table for f in one.files)]
        return self.kept.last(table, extracts, numbers)
