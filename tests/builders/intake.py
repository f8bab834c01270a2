"""A small declared network, its files, and intakes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import Contract, IntakeReport, TableIntake, Tables, load_contract, open_tables
from earlywarn.workspace import Workspace
from tests.builders.network import Rows, tiny_contract, tiny_extracts, tiny_file

CONTRACT = """
[network]
name = "tiny"
unit = ["student_id"]
student = "student_id"
membership = "enrollments"
school = "school_id"
starts_on = "starts_on"
left_on = "left_on"
[network.periods]
starts = "07-01"

[tables.enrollments]
grain = "one row per student and first day"
key = ["student_id", "starts_on"]
known_on = "starts_on"
[tables.enrollments.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "recorded_on"
absent_means = "zero"
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
recorded_on = { type = "date", default = "happened_on" }
category = { type = "category", allowed = ["excused", "unexcused"] }
days = { type = "number", min = 0, max = 1, decimals = 2 }
n_periods = { type = "integer", max = 9 }
is_late = { type = "boolean" }
note = { type = "text" }
"""

EXTRACTS = """
[defaults]
separator = ";"
decimal = ","
date_format = ["%Y-%m-%d", "%d/%m/%Y"]

[[extract]]
table = "enrollments"
file = "stays.csv"
optional = true
[extract.columns]
student_id = "Student"
school_id = "School"
starts_on = "From"
left_on = "To"

[[extract]]
table = "absences"
file = "absences*.csv"
optional = true
[extract.columns]
student_id = "Student"
happened_on = "Day"
recorded_on = "Entered"
category = "Kind"
days = "Days"
n_periods = "Periods"
is_late = "Late"
note = "Note"
[extract.codes.category]
M = "excused"
N = "unexcused"
"""

HEADER = "Student;Day;Entered;Kind;Days;Periods;Late;Note"
RECEIVED = date(2025, 1, 10)


@dataclass(frozen=True)
class Network:
    """A network's folder, its files, its workspace and its keys, all below one temporary folder."""

    home: Path

    @property
    def contract(self) -> Contract:
        """Return the contract as loaded."""
        return load_contract(self.home / "network" / "contract.toml")

    @property
    def workspace(self) -> Workspace:
        """Return the workspace of the intakes."""
        return Workspace(self.home / "workspace")

    @property
    def keys(self) -> Path:
        """Return the folder of keys."""
        return self.home / "keys"

    def take_in(
        self,
        files: Mapping[str, str | bytes],
        *,
        received_on: date = RECEIVED,
        backfill: bool = True,
        accept_drift: Sequence[str] = (),
    ) -> IntakeReport:
        """Write the files into a fresh folder and take them in."""
        folder = self.home / f"files-{len(list(self.home.glob('files-*')))}"
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return ingest(
            self.home / "network",
            folder,
            self.workspace,
            received_on=received_on,
            backfill=backfill,
            keys=self.keys,
            accept_drift=accept_drift,
        )

    def take_in_rows(
        self, rows: Rows, *, received_on: date = RECEIVED, backfill: bool = True
    ) -> IntakeReport:
        """Take in one file per table, headed as the table is."""
        contract = self.contract
        files = {f"{table}.csv": tiny_file(contract, table, given) for table, given in rows.items()}
        return self.take_in(files, received_on=received_on, backfill=backfill)

    def absences(self, *lines: str, received_on: date = RECEIVED, backfill: bool = True) -> TableIntake:
        """Take in one file of absences, given without its header."""
        content = "\n".join([HEADER, *lines]) + "\n"
        report = self.take_in({"absences.csv": content}, received_on=received_on, backfill=backfill)
        return next(table for table in report.tables if table.table == "absences")

    def open(self) -> Tables:
        """Open what was taken in."""
        return open_tables(self.workspace, self.contract)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Return what a query finds in what was taken in."""
        tables = self.open()
        try:
            return tables.connection.execute(sql).fetchall()
        finally:
            tables.close()


def declare(home: Path, contract: str = CONTRACT, extracts: str = EXTRACTS) -> Network:
    """Write a network's declarations below `home`."""
    folder = home / "network"
    folder.mkdir(parents=True)
    (folder / "contract.toml").write_text(contract, encoding="utf-8")
    (folder / "extracts.toml").write_text(extracts, encoding="utf-8")
    return Network(home)


def declare_tables(home: Path, contract: str, indicators: str = "") -> Network:
    """Write the declarations of a network whose files are named and headed as its tables are."""
    network = declare(home, contract, tiny_extracts(tiny_contract(contract)))
    if indicators:
        (home / "network" / "indicators.toml").write_text(indicators, encoding="utf-8")
    return network


def reasons(intake: TableIntake) -> dict[str, tuple[int, ...]]:
    """Return the lines that each reason held back."""
    return {f"{reason.column}:{reason.reason}": reason.lines for reason in intake.reasons}
