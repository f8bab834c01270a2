"""The report of one intake, as it is stored and shown."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from earlywarn.domain import Language
from earlywarn.tables.report.counts import FileIntake, Finding, Refusal, TableIntake
from earlywarn.tables.report.page import report_page
from earlywarn.tables.report.text import report_text

Status = Literal["accepted", "nothing new", "refused"]


@dataclass(frozen=True)
class IntakeReport:
    """One intake, file by file and table by table; `batch` is None where nothing new came.

    `repeats` is the batch that was made from these very files, if there is one. `labels` says what each table
    is called: its name, in French, in English. `sources` are the files of a OneRoster export: each row is
    told from what the last export said of it.
    """

    network: str
    batch: int | None
    received_on: date
    backfill: bool
    tables: tuple[TableIntake, ...]
    refusals: tuple[Refusal, ...] = ()
    repeats: int | None = None
    findings: tuple[Finding, ...] = ()
    files: tuple[FileIntake, ...] = ()
    labels: tuple[tuple[str, str, str], ...] = ()
    sources: tuple[TableIntake, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Say whether nothing was stored: a file could not be read, or a written rule of drift stops it."""
        return self.status == "refused"

    @property
    def status(self) -> Status:
        """Say how the intake ended."""
        if self.refusals or any(finding.level == "stop" for finding in self.findings):
            return "refused"
        return "nothing new" if self.batch is None else "accepted"

    @property
    def shown(self) -> tuple[TableIntake, ...]:
        """Return the tables, then the files of an export."""
        return (*self.tables, *self.sources)

    @property
    def n_read(self) -> int:
        """Return how many rows were read."""
        return sum(table.n_read for table in self.tables)

    @property
    def n_accepted(self) -> int:
        """Return how many rows stand in the tables, now or already before."""
        return sum(table.n_accepted for table in self.tables)

    @property
    def n_quarantined(self) -> int:
        """Return how many rows wait to be mended."""
        return sum(table.n_quarantined for table in self.shown)

    def label(self, table: str, language: Language) -> str:
        """Return what a table is called."""
        for name, french, english in self.labels:
            if name == table:
                return french if language == "fr" else english
        return table.replace("_", " ")

    def as_text(self, language: Language) -> str:
        """Return the report as a short table, with a line for each reason a row was held back."""
        return report_text(self, language)

    def as_page(self, language: Language, *, other: str = "") -> str:
        """Return the report as one HTML file that a clerk reads on a screen or prints.

        Args:
            language: The language of the page.
            other: The file that says the same in the other language, beside this one.
        """
        return report_page(self, language, other=other)

    def as_json(self) -> bytes:
        """Return the report as stored; it holds no value of any row."""
        said = {**asdict(self), "received_on": self.received_on.isoformat(), "status": self.status}
        said["findings"] = [
            {**found, "name": one.name, "fr": one.sentence("fr"), "en": one.sentence("en")}
            for found, one in zip(said["findings"], self.findings, strict=True)
        ]
        return json.dumps(said, indent=1, ensure_ascii=False).encode()
