"""A small network with three school years, and one model declared on it: enough to train in a second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from earlywarn.pipeline.ingest import ingest
from earlywarn.workspace import Workspace

TODAY = date(2023, 12, 1)
YEARS = (2020, 2021, 2022)
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
COLUMNS = {
    "stays": ("student_id", "school_id", "grade", "sex", "starts_on", "left_on"),
    "absences": ("student_id", "happened_on", "days"),
    "marks": ("student_id", "reported_on", "mark"),
}


@dataclass(frozen=True)
class SmallNetwork:
    """Its declared model, and the workspace that its files were taken into."""

    model: Path
    workspace: Workspace


def small_network(home: Path, *, n_students: int = 240, seed: int = 3) -> SmallNetwork:
    """Declare the network below `home`, and take its files in."""
    network, files = home / "small", home / "files"
    (network / "low").mkdir(parents=True)
    files.mkdir()
    extracts = ['[defaults]\nseparator = ";"\ndecimal = "."\ndate_format = ["%Y-%m-%d"]\n']
    for table, columns in COLUMNS.items():
        names = "\n".join(f'{name} = "{name}"' for name in columns)
        extracts.append(f'[[extract]]\ntable = "{table}"\nfile = "{table}.csv"\n[extract.columns]\n{names}\n')
    texts = {
        "contract": CONTRACT,
        "indicators": INDICATORS,
        "extracts": "\n".join(extracts),
        "low/model": SPEC,
    }
    for name, text in texts.items():
        (network / f"{name}.toml").write_text(text, encoding="utf-8")
    for table, rows in _rows(n_students, np.random.default_rng(seed)).items():
        lines = [";".join(COLUMNS[table]), *(";".join(row) for row in rows)]
        (files / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    workspace = Workspace(home / "workspace")
    ingest(network, files, workspace, received_on=TODAY, backfill=True, keys=home / "keys")
    return SmallNetwork(network / "low", workspace)


def _rows(n_students: int, chance: np.random.Generator) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {table: [] for table in COLUMNS}
    for student in range(n_students):
        frailty, name = chance.normal(), f"s{student:04d}"
        for year in YEARS:
            where = (f"school{student % 5}", f"sec{1 + student % 2}", "FM"[student % 3 % 2])
            found["stays"].append((name, *where, f"{year}-08-30", f"{year + 1}-06-23"))
            for day in range(int(chance.poisson(np.exp(0.7 * frailty)))):
                found["absences"].append((name, f"{year}-09-{1 + day % 28:02d}", "1"))
            mark = 66 - 7 * frailty + 6 * chance.normal()
            found["marks"].append((name, f"{year + 1}-06-20", f"{np.clip(mark, 20, 100):.0f}"))
    found["absences"] = list(dict.fromkeys(found["absences"]))
    return found
