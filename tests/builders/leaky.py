"""A small declared network with honest facts, and leaks planted into its files one at a time.

Every student is there every year; an incident of the year is what is warned of. Planted files are taken in by
the real intake, and the model is trained by the real verb.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from earlywarn.evaluation import Floats
from earlywarn.modeling import LabeledRows
from earlywarn.modeling.splits import Split, time_split
from earlywarn.pipeline.train import TrainingResult, train
from earlywarn.workspace import Workspace
from tests.builders.intake import declare_tables
from tests.builders.network import Row

TODAY = date(2025, 8, 15)
YEARS = (2021, 2022, 2023, 2024)

CONTRACT = """
[network]
name = "leaky"
unit = ["student_id"]
student = "student_id"
membership = "stays"
school = "school_id"
grade = "grade"
starts_on = "starts_on"
left_on = "left_on"
peers = ["school_id", "grade"]
[network.periods]
starts = "07-01"

[tables.stays]
grain = "one row per student and first day"
key = ["student_id", "starts_on"]
known_on = "starts_on"
[tables.stays.columns]
student_id = { type = "id", required = true }
school_id = { type = "id", required = true }
grade = { type = "category", allowed = ["sec1", "sec2"] }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }
number = { type = "integer" }
sex = { type = "category", allowed = ["F", "M"], sensitive = true }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "recorded_on"
absent_means = "zero"
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
recorded_on = { type = "date", required = true }

[tables.marks]
grain = "one row per student and day"
key = ["student_id", "given_on"]
known_on = "given_on"
[tables.marks.columns]
student_id = { type = "id", required = true }
given_on = { type = "date", required = true }
mark = { type = "number" }

[tables.incidents]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "happened_on"
[tables.incidents.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }

[tables.files]
grain = "one row per student and file opened"
key = ["student_id", "opened_on"]
known_on = "opened_on"
absent_means = "zero"
[tables.files.columns]
student_id = { type = "id", required = true }
opened_on = { type = "date", required = true }

[tables.closings]
grain = "one row per student and year"
key = ["student_id", "opened_on"]
known_on = "opened_on"
[tables.closings.columns]
student_id = { type = "id", required = true }
opened_on = { type = "date", required = true }
outcome = { type = "integer" }
"""

INDICATORS = """
[[indicator]]
name = "absences"
family = "attendance"
table = "absences"
functions = ["count"]
windows = ["30d", "period"]
compare_with = ["peers"]
direction = "up"
text = { fr = "{value} absences {window}", en = "{value} absences {window}" }

[[indicator]]
name = "marks"
family = "marks"
table = "marks"
value = "mark"
functions = ["mean", "last"]
windows = ["period", "all"]
compare_with = ["peers"]
direction = "down"
text = { fr = "moyenne de {value} {window}", en = "mean of {value} {window}" }

[[indicator]]
name = "earlier_incidents"
family = "conduct"
table = "incidents"
functions = ["count"]
windows = ["previous_period"]
direction = "up"
text = { fr = "{value} incidents {window}", en = "{value} incidents {window}" }

[[indicator]]
name = "files_opened"
family = "files"
table = "files"
functions = ["count"]
windows = ["period"]
direction = "up"
text = { fr = "{value} dossiers {window}", en = "{value} files {window}" }

[[indicator]]
name = "year_closed"
family = "closings"
table = "closings"
value = "outcome"
functions = ["last"]
windows = ["period"]
direction = "none"
text = { fr = "issue {value} {window}", en = "outcome {value} {window}" }

[[indicator]]
name = "marks_upside_down"
family = "mistaken"
table = "marks"
value = "mark"
functions = ["mean"]
windows = ["period"]
direction = "up"
text = { fr = "moyenne de {value} {window}", en = "mean of {value} {window}" }

[[indicator]]
name = "enrollment_number"
family = "numbers"
table = "stays"
value = "number"
functions = ["last"]
windows = ["all"]
direction = "none"
text = { fr = "numéro {value}", en = "number {value}" }
"""

MODEL = """
name = "incident"

[outcome]
form = "event"
table = "incidents"
fr = "avoir un incident avant la fin de l’année"
en = "having an incident before the year ends"

[as_of]
dates = ["11-20"]

[features]
families = {families}

[candidates]
names = {names}

[[rules]]
name = "weak"
feature = "{feature}"
{limit}

[audit]
groups = ["sex"]
calibration = 0.20
rates = 0.90

[gates]
largest_calibration_error = 0.20

[card.use]
fr = "texte"
en = "text"
[card.not_for]
fr = "texte"
en = "text"
[card.limits]
fr = "texte"
en = "text"
"""

HONEST = ("attendance", "marks", "conduct")


@dataclass(frozen=True)
class Leaky:
    """The network's folder, its workspace and its files.

    Three tables are traps, which only a model that allows their family falls into. `files` are opened after
    an incident, and their table says that it was known in September; `closings` are written when a year is
    over, and dated at its start, so that the running year has none; `number` counts students by school.
    """

    home: Path
    seed: int = 0
    n_students: int = 320
    twins: bool = False
    """Whether every student is there under two numbers."""

    @property
    def network(self) -> Path:
        """Return the declared network's folder."""
        return self.home / "network"

    @property
    def workspace(self) -> Workspace:
        """Return the workspace."""
        return Workspace(self.home / "workspace")

    def take_in(self) -> Leaky:
        """Declare the network, write its files and take them in."""
        rows = facts(self.n_students, self.seed, twins=self.twins)
        declare_tables(self.home, CONTRACT, INDICATORS).take_in_rows(rows, received_on=TODAY)
        return self

    def declare(
        self,
        families: Sequence[str] = HONEST,
        *,
        rule: tuple[str, str] = ("absences__count__period", "above = 4"),
        names: Sequence[str] = ("rules", "one_column", "logistic"),
    ) -> Path:
        """Declare the model, and return its folder."""
        folder = self.network / "incident"
        folder.mkdir(exist_ok=True)
        text = MODEL.format(
            families=json.dumps(families), names=json.dumps(names), feature=rule[0], limit=rule[1]
        )
        (folder / "model.toml").write_text(text, encoding="utf-8")
        return folder

    def train(self, *families: str) -> TrainingResult:
        """Declare the model with these families besides the honest ones, and train it by the real verb."""
        return self.train_declared(self.declare((*HONEST, *families)))

    def train_declared(self, folder: Path) -> TrainingResult:
        """Train a declared model by the real verb."""
        return train(folder, self.workspace, today=TODAY, seed=self.seed, threads=1, pictures=False)


def seeing_the_future(row: str, as_of: str) -> str:
    """Say when a row is known, and forget `visible_from < as_of`: stands in for `asof.row_is_known`."""
    return f"({row}.superseded_on IS NULL OR {row}.superseded_on >= {as_of})"


def training_on_the_test(rows: LabeledRows, test: tuple[str, ...], **asked: Any) -> Split:
    """Split, and train on the tested rows as well: stands in for `time_split`."""
    split = time_split(rows, test, **asked)
    return Split(split.name, np.union1d(split.train, split.test), split.test)


def deaf(values: Floats, _label: object, _cells: object) -> Floats:
    """Hear nothing in any column: stands in for `aucs_alone`."""
    return np.full(values.shape[1], 0.5)


def facts(n_students: int, seed: int, *, twins: bool = False) -> dict[str, list[Row]]:
    """Return the rows of each file: how much students miss differs, and tells part of the year."""
    chance = np.random.default_rng(seed)
    n_people = n_students // 2 if twins else n_students
    n_schools = 8
    rows: dict[str, list[Row]] = {"stays": []}
    for person in range(n_people):
        frailty = chance.normal()
        ids = [f"s{person:04d}"] + ([f"t{person:04d}"] if twins else [])
        place = {"school_id": f"school{person * n_schools // n_people}", "grade": f"sec{1 + person % 2}"}
        for year in YEARS:
            told = _year(chance, frailty, year)
            stay = {**place, "starts_on": date(year, 9, 1), "left_on": date(year + 1, 6, 20)}
            for copy, name in enumerate(ids):
                student = {"student_id": name}
                number = 1000 + person * len(ids) + copy
                rows["stays"].append({**student, **stay, "number": number, "sex": "FM"[person % 3 == 0]})
                for table, some in told.items():
                    rows.setdefault(table, []).extend({**student, **one} for one in some)
    return rows


def _year(chance: np.random.Generator, frailty: float, year: int) -> dict[str, list[Row]]:
    start = date(year, 9, 1)
    n_days = min(60, chance.poisson(np.exp(1.6 + 0.5 * frailty)))
    days = sorted(start + timedelta(days=int(day)) for day in chance.choice(250, size=n_days, replace=False))
    # A fifth of the absences is recorded weeks later.
    recorded = [day + timedelta(days=30 if chance.random() < 0.2 else 0) for day in days]
    marks = [(start + timedelta(days=int(day)), 70 - 6 * frailty + 6 * chance.normal()) for day in (20, 60)]
    has_incident = chance.random() < 1 / (1 + np.exp(1.2 - 1.3 * frailty))
    told: dict[str, list[Row]] = {
        "absences": [
            {"happened_on": day, "recorded_on": later} for day, later in zip(days, recorded, strict=True)
        ],
        "marks": [{"given_on": day, "mark": f"{mark:.1f}"} for day, mark in marks],
        "incidents": [],
        "files": [],
        "closings": [],
    }
    if has_incident:
        told["incidents"].append({"happened_on": date(year + 1, 2, 1 + int(chance.integers(25)))})
    opened = {"opened_on": start + timedelta(days=10)}
    if has_incident or chance.random() < 0.02:
        told["files"].append(opened)
    if year < YEARS[-1]:
        told["closings"].append({**opened, "outcome": int(has_incident)})
    return told
