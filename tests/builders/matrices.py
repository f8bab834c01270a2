"""Build labeled matrices from a few numbers, as training receives them, and the model declared on them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.features import Catalog, FeatureEntry, Matrix

GRADES = ("sec1", "sec2")
SIGNS = {"period_day": 0, "absence": 1, "mark": -1, "noise": 0}
FAMILIES = {"period_day": "calendar", "absence": "attendance", "mark": "marks", "noise": "other"}
LEAVING: dict[str, Any] = {
    "name": "leaving",
    "outcome": {
        "form": "equals",
        "table": "results",
        "column": "r",
        "values": ["x"],
        "fr": "partir",
        "en": "leaving",
    },
    "as_of": {"dates": ["10-15", "03-15"]},
    "features": {"families": ["attendance", "marks"]},
}
"""What every declared model on such a matrix says; tests add what they are about."""


def labeled_matrix(
    *,
    n_students: int = 300,
    n_schools: int = 6,
    first_years: tuple[int, ...] = (2021, 2022, 2023),
    moments: tuple[str, ...] = ("10-15", "03-15"),
    strength: float = 1.0,
    seed: int = 0,
    horizon_days: int = 365,
) -> Matrix:
    """Return a matrix whose outcome follows absences and marks; strength 0 makes them tell nothing.

    Every student is there in every period, at every moment; labels are decided a year after its start.
    """
    generator = np.random.default_rng(seed)
    starts = [date(year, 7, 1) for year in first_years]
    grain = [
        (student, start, moment) for student in range(n_students) for start in starts for moment in moments
    ]
    frailty = generator.normal(size=n_students)
    absence, mark, label = [], [], []
    drawn: dict[tuple[int, date], bool] = {}
    for student, start, _ in grain:
        chance = 1 / (1 + np.exp(-(strength * 2.0 * frailty[student] - 1.5)))
        drawn.setdefault((student, start), bool(generator.random() < chance))
        absence.append(float(np.exp(0.8 * frailty[student] + 0.5 * generator.normal())))
        mark.append(float(70 - 6 * frailty[student] + 6 * generator.normal()))
        label.append(drawn[student, start])
    marks = np.where(generator.random(len(grain)) < 0.1, np.nan, mark)
    columns = {
        "period_day": [float((_day(start, moment) - start).days) for _, start, moment in grain],
        "absence": absence,
        "mark": marks,
        "noise": generator.normal(size=len(grain)),
    }
    return Matrix(
        rows=_rows(grain, n_schools),
        features=pa.table(
            {name: pa.array(np.asarray(values, dtype=np.float64)) for name, values in columns.items()}
        ),
        codes=pa.table({"path": pa.array(["general" if s % 3 else "short" for s, _, _ in grain])}),
        labels=pa.table(
            {
                "label": pa.array(label, pa.bool_()),
                "label_known_on": pa.array(
                    [start + timedelta(days=horizon_days) for _, start, _ in grain], pa.date32()
                ),
                "label_value": pa.nulls(len(grain), pa.float64()),
            }
        ),
        groups=pa.table({"sex": pa.array(["F" if s % 2 else "M" for s, _, _ in grain])}),
        peers=pa.table({"as_of": pa.array([], pa.date32())}),
        catalog=Catalog(tuple(_entry(name) for name in columns)),
        code_entries={"path": _entry("path")},
    )


def shuffled(matrix: Matrix, seed: int) -> Matrix:
    """Return the same rows in another order."""
    return matrix.take(np.random.default_rng(seed).permutation(len(matrix)))


def _rows(grain: list[tuple[int, date, str]], n_schools: int) -> pa.Table:
    return pa.table(
        {
            "student_id": pa.array([f"s{student:05d}" for student, _, _ in grain]),
            "school_id": pa.array([f"school{student % n_schools:02d}" for student, _, _ in grain]),
            "grade": pa.array([GRADES[student % 2] for student, _, _ in grain]),
            "period": pa.array([f"{start.year}-{start.year + 1}" for _, start, _ in grain]),
            "moment": pa.array([moment for _, _, moment in grain]),
            "as_of": pa.array([_day(start, moment) for _, start, moment in grain], pa.date32()),
        }
    )


def _day(start: date, moment: str) -> date:
    year = start.year if moment >= "07-01" else start.year + 1
    return date.fromisoformat(f"{year}-{moment}")


def _entry(name: str) -> FeatureEntry:
    words = {"fr": name, "en": name}
    return FeatureEntry(
        name=name,
        indicator=name,
        family=FAMILIES.get(name, "schooling"),
        function="last",
        window="period",
        comparison="",
        sign=SIGNS.get(name, 0),
        actionable=True,
        text={"fr": words["fr"], "en": words["en"]},
    )
