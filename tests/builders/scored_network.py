"""A tiny network taken in from files, with two models published: enough to score it and its posted rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import lightgbm
import numpy as np

from earlywarn.features import (
    CohortSpec,
    Matrix,
    build_matrix,
    encode,
    encoded_catalog,
    fit_encoding,
    load_indicators,
    moments_on,
)
from earlywarn.publication import write_published
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace
from tests.builders.intake import Network, declare_tables

AS_OF = date(2024, 11, 20)
N_STUDENTS = 90
CONTRACT = """
[network]
name = "tiny"
unit = ["student_id", "course"]
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
grain = "one row per student, course and first day"
key = ["student_id", "course", "starts_on"]
known_on = "starts_on"
[tables.stays.columns]
student_id = { type = "id", required = true }
course = { type = "id", required = true }
school_id = { type = "id", required = true }
grade = { type = "category", allowed = ["sec1", "sec2"] }
path = { type = "text" }
starts_on = { type = "date", required = true }
left_on = { type = "date", known_on = "left_on" }

[tables.days]
grain = "one row per school and day of class"
key = ["school_id", "happened_on"]
known_on = "happened_on"
[tables.days.columns]
school_id = { type = "id", required = true }
happened_on = { type = "date", required = true }

[tables.absences]
grain = "one row per student and day"
key = ["student_id", "happened_on"]
known_on = "happened_on"
absent_means = "zero"
exposure = "days"
[tables.absences.columns]
student_id = { type = "id", required = true }
happened_on = { type = "date", required = true }
days = { type = "number" }

[tables.marks]
grain = "one row per student, course and day"
key = ["student_id", "course", "reported_on"]
known_on = "reported_on"
[tables.marks.columns]
student_id = { type = "id", required = true }
course = { type = "id", required = true }
reported_on = { type = "date", required = true }
mark = { type = "number" }
"""
INDICATORS = """
[[indicator]]
name = "absent_days"
family = "attendance"
table = "absences"
value = "days"
functions = ["sum", "share", "trend"]
windows = ["30d", "period"]
compare_with = ["own_past", "peers"]
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
functions = ["mean", "last"]
windows = ["period"]
compare_with = ["peers"]
direction = "down"
actionable = true
[indicator.text]
fr = "moyenne de {value} {window}"
en = "average of {value} {window}"

[[indicator]]
name = "path"
family = "schooling"
table = "stays"
value = "path"
functions = ["one_of"]
windows = ["all"]
direction = "none"
min_count = 5
[indicator.text]
fr = "parcours {code}"
en = "path {code}"
"""
SPEC = """
name = "{name}"
[cohort]
{where}
[features]
families = {families}
[scoring]
needs_any = ["mark__mean__period"]
"""


@dataclass(frozen=True)
class ScoredNetwork:
    """Where it all stands, and the rows as they were given."""

    folder: Path
    workspace: Workspace
    keys: Path
    rows: dict[str, list[dict[str, object]]]


def published_network(home: Path) -> ScoredNetwork:
    """Write, take in, fit and publish; the model `second` sees the second grade only, and no attendance."""
    network = taken_in(home)
    attendance_too = ["attendance", "marks", "schooling"]
    _publish(home, network, "first", "", attendance_too)
    _publish(home, network, "second", "where = \"grade = 'sec2'\"", ["marks", "schooling"])
    return network


def taken_in(home: Path) -> ScoredNetwork:
    """Declare the network, write its rows as files and take them in."""
    network, rows = declare_tables(home, CONTRACT, INDICATORS), invented_rows()
    network.take_in_rows(rows, received_on=AS_OF)
    return ScoredNetwork(network.home / "network", network.workspace, network.keys, rows)


def take_in_more(network: ScoredNetwork, *, received_on: date) -> dict[str, date]:
    """Take in that from that day on one student leaves a day; return each student's last."""
    stays = network.rows["stays"]
    students = {str(stay["student_id"]) for stay in stays}
    last_days = {student: received_on + timedelta(days=int(student[1:])) for student in students}
    rows = [{**stay, "left_on": str(last_days[str(stay["student_id"])])} for stay in stays]
    Network(network.folder.parent).take_in_rows({"stays": rows}, received_on=received_on, backfill=False)
    return last_days


def invented_rows() -> dict[str, list[dict[str, object]]]:
    """Ninety students in two schools and two grades, some in two courses, some without marks."""
    chance = np.random.default_rng(4)
    start = date(2024, 9, 3)
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in ("stays", "days", "absences", "marks")}
    for school in ("s1", "s2"):
        rows["days"] += [
            {"school_id": school, "happened_on": str(start + timedelta(days=d))} for d in range(0, 77, 1)
        ]
    for number in range(N_STUDENTS):
        student, weight = f"p{number:03d}", float(chance.normal())
        place = {"school_id": "s1" if number % 2 else "s2", "grade": "sec1" if number % 4 < 2 else "sec2"}
        for course in ("french", "maths")[: 1 + number % 3 // 2]:
            path = ("regular", "short", "rare")[0 if number % 5 else 1 + (number == 35)]
            stay = {"student_id": student, "course": course, **place, "path": path}
            rows["stays"].append({**stay, "starts_on": str(start), "left_on": None})
            if number % 9:
                mark = round(float(70 - 8 * weight + chance.normal()), 1)
                given = {"reported_on": str(start + timedelta(days=60)), "mark": mark}
                rows["marks"].append({"student_id": student, "course": course, **given})
        for day in range(77):
            if chance.random() < 0.05 * np.exp(weight):
                when = str(start + timedelta(days=day))
                days = float(chance.choice([0.25, 0.5, 1.0]))
                rows["absences"].append({"student_id": student, "happened_on": when, "days": days})
    return rows


def _publish(home: Path, network: ScoredNetwork, name: str, where: str, families: list[str]) -> None:
    contract = load_contract(network.folder / "contract.toml")
    tables = open_tables(network.workspace, contract)
    cohort = CohortSpec(where="grade = 'sec2'") if where else CohortSpec()
    matrix = build_matrix(
        tables,
        contract,
        load_indicators(network.folder / "indicators.toml", contract),
        cohort=cohort,
        moments=moments_on(contract, tables, AS_OF),
        families=families,
    )
    tables.close()
    bundle = home / f"bundle-{name}"
    spec = SPEC.format(name=name, where=where, families=json.dumps(families))
    _write_bundle(bundle, matrix, name, spec)
    for declared in ("contract", "indicators"):
        text = (network.folder / f"{declared}.toml").read_text(encoding="utf-8")
        (bundle / "declarations" / f"{declared}.toml").write_text(text, encoding="utf-8")
    write_published(bundle, network.workspace, version="1", keys=network.keys, created_on=AS_OF)


def _write_bundle(folder: Path, matrix: Matrix, name: str, spec: str) -> None:
    encoding = fit_encoding(matrix.codes, 5)
    features, values = encode(matrix, encoding)
    mark = np.nan_to_num(values[:, features.index("mark__mean__period")], nan=70.0)
    label = (mark + np.random.default_rng(1).normal(0, 4, len(mark)) < 66).astype(float)
    settings = {
        "objective": "binary",
        "num_leaves": 8,
        "min_data_in_leaf": 3,
        "min_data_in_bin": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(values, label, feature_name=list(features))
    booster = lightgbm.train(settings, data, num_boost_round=15)
    details = {
        "format": 1,
        "network": "tiny",
        "model": name,
        "kind": "lightgbm",
        "features": list(features),
        "intercept": 0.0,
        "linear": [],
        "trees": ["trees_0.txt"],
        "outcome": {"fr": "échouer au cours", "en": "failing the course"},
        "capacity": {"share": 0.2, "per": ["school", "grade"]},
        "moments": ["11-20"],
        "trained_on": ["2024-2025"],
        "base_rate": float(label.mean()),
        "expected_precision": 0.5,
    }
    deciles = {
        feature: {
            "q": np.quantile(known, np.linspace(0, 1, 11)).tolist() if known.size else [],
            "missing_share": 1 - known.size / len(values),
        }
        for feature, column in zip(features, values.T, strict=True)
        for known in [column[~np.isnan(column)]]
    }
    files = {
        "model.json": json.dumps(details),
        "calibrator.json": json.dumps({"method": "sigmoid", "slope": 1.0, "intercept": 0.0}),
        "risk_range.json": json.dumps(
            {
                "method": "venn_abers",
                "low": {"x": [-1.0, 0.0], "y": [0.0, 0.1, 0.4]},
                "high": {"x": [-1.0, 0.0], "y": [0.3, 0.6, 1.0]},
            }
        ),
        "catalog.json": encoded_catalog(matrix, encoding).to_json(),
        "encoding.json": encoding.to_json(),
        "quantiles.json": json.dumps(deciles),
        "backtest.json": "{}",
        "CARD.md": "# Card\n",
        "trees_0.txt": booster.model_to_string(),
        "declarations/model.toml": spec,
    }
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
