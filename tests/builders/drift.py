"""A small network whose files drift: months of visits drawn by a seed, and ways to change them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from earlywarn.tables import Finding, IntakeReport
from tests.builders.intake import Network, declare

CONTRACT = """
[network]
name = "tiny"
unit = ["student_id"]
student = "student_id"
membership = "visits"
school = "school_id"
starts_on = "happened_on"
left_on = "left_on"
[network.periods]
starts = "07-01"

[tables.visits]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "recorded_on"
[tables.visits.columns]
student_id = { type = "id", required = true, pseudonym = true }
name = { type = "identity" }
school_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
recorded_on = { type = "date", default = "happened_on" }
left_on = { type = "date", known_on = "left_on" }
category = { type = "category", required = true, allowed = ["excused", "unexcused", "late", "other"] }
room = { type = "category" }
days = { type = "number", min = 0, max = 1, decimals = 2 }
mark = { type = "number", decimals = 4 }
n_visits = { type = "integer" }
is_late = { type = "boolean" }
note = { type = "text" }
"""

EXTRACTS = """
[defaults]
separator = ";"
decimal = ","
date_format = "%d/%m/%Y"

[[extract]]
table = "visits"
file = "visites_*.csv"
[extract.columns]
student_id = "Code permanent"
name = "Nom"
school_id = "École"
happened_on = "Date"
recorded_on = "Date de saisie"
left_on = "Départ"
category = "Motif"
room = "Local"
days = "Durée (jours)"
mark = "Résultat (%)"
n_visits = "Visites"
is_late = "Retard"
note = "Remarque"
[extract.codes.category]
M = "excused"
N = "unexcused"
R = "late"
A = "other"
"""

Columns = dict[str, list[str]]
Change = Callable[[Columns], Columns]
FIRST = date(2024, 9, 1)


def month(
    rng: np.random.Generator, number: int, *, n_rows: int = 400, share_noted: float = 0.3, digits: int = 1
) -> Columns:
    """Draw a month of visits, the `number`th from September; all months are alike but for chance."""
    first = FIRST + timedelta(days=30 * number)
    codes = rng.permutation(9_000)[:n_rows]
    days = [first + timedelta(days=int(day)) for day in rng.integers(0, 28, n_rows)]
    lags = rng.integers(0, 3, n_rows)
    marks = np.clip(rng.normal(72, 12, n_rows), 0, 100)
    noted, left = rng.random(n_rows) < share_noted, rng.random(n_rows) < 0.1
    return {
        "Code permanent": [f"ABCD{code:08d}" for code in codes],
        "Nom": [f"Tremblay{code}" for code in codes],
        "École": [f"{school:03d}" for school in rng.integers(1, 9, n_rows)],
        "Date": [f"{day:%d/%m/%Y}" for day in days],
        "Date de saisie": [
            f"{day + timedelta(days=int(lag)):%d/%m/%Y}" for day, lag in zip(days, lags, strict=True)
        ],
        "Départ": [f"{day:%d/%m/%Y}" if gone else "" for day, gone in zip(days, left, strict=True)],
        "Motif": [str(code) for code in rng.choice(["M", "N", "R"], n_rows, p=[0.6, 0.3, 0.1])],
        "Local": [f"L{room}" for room in rng.integers(1, 6, n_rows)],
        "Durée (jours)": [str(part) for part in rng.choice(["0,25", "0,5", "1"], n_rows)],
        "Résultat (%)": [f"{mark:.{digits}f}".replace(".", ",") for mark in marks],
        "Visites": [str(n) for n in rng.integers(1, 40, n_rows)],
        "Retard": [str(late) for late in rng.choice(["0", "1"], n_rows, p=[0.8, 0.2])],
        "Remarque": [f"vu le {code}" if one else "" for code, one in zip(codes, noted, strict=True)],
    }


def written(columns: Mapping[str, Sequence[str]]) -> str:
    """Write columns as a file."""
    lines = [";".join(row) for row in zip(*columns.values(), strict=True)]
    return "\n".join([";".join(columns), *lines]) + "\n"


def cells(name: str, change: Callable[[int, str], str]) -> Change:
    """Return a change of every cell of a column, given its row and its text."""
    return lambda columns: {**columns, name: [change(row, text) for row, text in enumerate(columns[name])]}


def renamed(old: str, new: str) -> Change:
    """Return a change of a column's name, in place."""
    return lambda columns: {new if name == old else name: texts for name, texts in columns.items()}


def without(name: str) -> Change:
    """Return a change that drops a column."""
    return lambda columns: {other: texts for other, texts in columns.items() if other != name}


def first_rows(n_rows: int) -> Change:
    """Return a change that keeps some of the rows."""
    return lambda columns: {name: texts[:n_rows] for name, texts in columns.items()}


@dataclass
class Visits:
    """The network, and its months taken in one after the other."""

    network: Network
    rng: np.random.Generator
    n_months: int = 0

    def take_in(
        self,
        change: Change | None = None,
        *,
        accept: Sequence[str] = (),
        n_rows: int = 400,
        backfill: bool = False,
    ) -> IntakeReport:
        """Take in the next month, changed."""
        columns = month(self.rng, self.n_months, n_rows=n_rows)
        content = written(change(columns) if change else columns)
        return self.take_in_text(content, accept=accept, backfill=backfill)

    def take_in_text(
        self, content: str, *, accept: Sequence[str] = (), backfill: bool = False
    ) -> IntakeReport:
        """Take in a file of the next month as it is written."""
        self.n_months += 1
        return self.network.take_in(
            {f"visites_{self.n_months:03d}.csv": content},
            received_on=FIRST + timedelta(days=30 * self.n_months + 5),
            backfill=backfill,
            accept_drift=accept,
        )


def visits(home: Path, *, n_months: int = 2, extracts: str = EXTRACTS, contract: str = CONTRACT) -> Visits:
    """Declare the network below `home` and take in its first months."""
    found = Visits(declare(home, contract, extracts), np.random.default_rng(5))
    for _ in range(n_months):
        found.take_in()
    return found


def copied(built: Visits, home: Path) -> Visits:
    """Return the network as it stands, below another folder: a test may change it."""
    shutil.copytree(built.network.home, home, dirs_exist_ok=True)
    return Visits(Network(home), np.random.default_rng(6), built.n_months)


def named(report: IntakeReport) -> dict[str, str]:
    """Return the level of each finding by its name."""
    return {finding.name: finding.level for finding in report.findings}


def only(report: IntakeReport) -> Finding:
    """Return the single finding of a report."""
    (finding,) = report.findings
    return finding
