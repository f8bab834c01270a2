"""A small network with three school years, and one model declared on it: enough to train in a second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from earlywarn.workspace import Workspace
from tests.builders.intake import declare_tables
from tests.builders.network import Row

TODAY = date(2023, 12, 1)
YEARS = (2020, 2021, 2022)
N_STUDENTS = 240
CONTRACT = """
[network]
name = "small"
unit = ["student_id"]
student = "student_id"
membership = "stays"
school = "school_id"
grade = "grade"
starts_on = "starts_on"
left_on = "left_on"
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
sex = { type = "category", allowed = ["F", "M"], sensitive = true }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "happened_on"
absent_means = "zero"
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
days = { type = "number" }

[tables.marks]
grain = "one row per student and day"
key = ["student_id", "reported_on"]
known_on = "reported_on"
[tables.marks.columns]
student_id = { type = "id", required = true }
reported_on = { type = "date", required = true }
mark = { type = "number" }
"""
INDICATORS = """
[[indicator]]
name = "absent_days"
family = "attendance"
table = "absences"
value = "days"
functions = ["sum"]
windows = ["period"]
direction = "up"
actionable = true
[indicator.text]
fr = "{value} {jour|jours} d’absence {window}"
en = "{value} {day|days} of absence {window}"

[[indicator]]
name = "mark"
family = "marks"
table = "marks"
value = "mark"
functions = ["mean"]
windows = ["previous_period"]
direction = "down"
actionable = true
[indicator.text]
fr = "moyenne de {value} {window}"
en = "average of {value} {window}"
"""
SPEC = """
name = "low"
[outcome]
form = "below"
table = "marks"
value = "mark"
mark = 60
fr = "terminer l’année sous 60"
en = "ending the year under 60"
[as_of]
dates = ["11-20"]
[features]
families = ["attendance", "marks"]
[candidates]
names = ["rules", "lightgbm"]
[[rules]]
name = "absent"
feature = "absent_days__sum__period"
above = 2
[gates]
not_worse_than = ["rules"]
[audit]
groups = ["sex"]
"""


@dataclass(frozen=True)
class SmallNetwork:
    """Its declared model, and the workspace that its files were taken into."""

    model: Path
    workspace: Workspace


def small_network(home: Path) -> SmallNetwork:
    """Declare the network below `home`, and take its files in."""
    network = declare_tables(home, CONTRACT, INDICATORS)
    network.take_in_rows(_rows(np.random.default_rng(3)), received_on=TODAY)
    model = home / "network" / "low"
    model.mkdir()
    (model / "model.toml").write_text(SPEC, encoding="utf-8")
    return SmallNetwork(model, network.workspace)


def _rows(chance: np.random.Generator) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {"stays": [], "absences": [], "marks": []}
    for number in range(N_STUDENTS):
        frailty, student = chance.normal(), {"student_id": f"s{number:04d}"}
        place = {"school_id": f"school{number % 5}", "grade": f"sec{1 + number % 2}"}
        told = {**student, **place, "sex": "FM"[number % 3 % 2]}
        for year in YEARS:
            found["stays"].append({**told, "starts_on": f"{year}-08-30", "left_on": f"{year + 1}-06-23"})
            n_days = min(28, int(chance.poisson(np.exp(0.7 * frailty))))
            found["absences"] += [
                {**student, "happened_on": f"{year}-09-{1 + day:02d}", "days": 1} for day in range(n_days)
            ]
            mark = np.clip(66 - 7 * frailty + 6 * chance.normal(), 20, 100)
            found["marks"].append({**student, "reported_on": f"{year + 1}-06-20", "mark": f"{mark:.0f}"})
    return found
