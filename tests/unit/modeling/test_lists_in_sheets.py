"""A training's sheet holds its lists, the table prints them, and the card says them in both languages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from earlywarn.evaluation import CardProse, GroupNames, card_markdown, sheet_json, sheet_table
from earlywarn.modeling import Fitting, ModelSpec, train_model
from earlywarn.modeling.matrix_rows import rows_of
from tests.builders.matrices import LEAVING, labeled_matrix

SPEC: dict[str, Any] = {
    **LEAVING,
    "candidates": {"names": ["rules", "one_column"]},
    "rules": [{"name": "absent", "feature": "absence", "above": 2.0}],
}
TODAY = date(2026, 1, 1)
PROSE = CardProse({}, {}, {})


@pytest.fixture(scope="module")
def sheet() -> dict[str, Any]:
    """Return the sheet of a training whose outcomes happen 200 days after the year begins."""
    matrix = labeled_matrix(n_students=120)
    assert matrix.labels is not None
    years = [str(period)[:4] for period in matrix.rows["period"].to_pylist()]
    starts = np.array([f"{year}-07-01" for year in years], "datetime64[D]")
    came_true = np.array(matrix.labels["label"].to_pylist())
    happened = np.where(came_true, starts + 200, np.datetime64("NaT"))
    labels = matrix.labels.append_column("happened_on", pa.array(happened, pa.date32()))
    trained = train_model(
        replace(matrix, labels=labels),
        ModelSpec.model_validate(SPEC),
        network="net",
        today=TODAY,
        fitting=Fitting(seed=0, n_threads=1, n_seeds=1),
    )
    found: dict[str, Any] = json.loads(sheet_json(trained.sheet))
    return found


def test_lead_time_is_that_of_the_labels(sheet: dict[str, Any]) -> None:
    """15 October is day 106 of the year: 94 days before day 200, 259 before the label; March is too late."""
    lead = sheet["backtests"][0]["lists"]["models"][1]["lead_time"]

    assert lead["to_happened"]["median"]["value"] == 94
    assert lead["to_decided"]["median"]["value"] == 259
    assert lead["n_late"] > 0
    assert lead["n_listed"] + lead["n_late"] <= lead["n_with_outcome"]


def test_the_table_prints_the_lists(sheet: dict[str, Any]) -> None:
    """Schools by size, days before, names that stay, and what the rules alone find."""
    printed = sheet_table(sheet)

    assert "school size" in printed
    assert "only after it had happened; days before: to the day it happened" in printed
    assert "from 10-15 to 03-15: " in printed
    assert "lists of one_column beside rules: " in printed


def test_the_card_says_it_in_both_languages(sheet: dict[str, Any]) -> None:
    """French first; the days are the sheet's own."""
    french, english = card_markdown(sheet, PROSE, GroupNames()).split("\n---\n")

    assert "Délai médian de la première liste au jour même\u00a0: 94\u00a0jours" in french
    assert "Median time from the first list to the day itself: 94 days" in english


@pytest.mark.parametrize(("over", "said"), [("schools", "écoles"), ("students", "élèves")])
def test_the_card_says_what_intervals_draw(sheet: dict[str, Any], over: str, said: str) -> None:
    """Where schools are few, intervals by size of school draw students, and the card does not say schools."""
    lead = {**sheet["backtests"][0], "intervals_over": over}

    card = card_markdown({**sheet, "backtests": [lead]}, PROSE, GroupNames())

    assert f"intervalles tirés sur les {said}" in card
    assert f"intervals drawn over {over}" in card


def test_an_older_sheet_is_still_printed(sheet: dict[str, Any]) -> None:
    """Sheets of trainings before lists were measured have none."""
    lead = {name: value for name, value in sheet["backtests"][0].items() if name != "lists"}
    older = {**sheet, "backtests": [lead]}

    assert "school size" not in sheet_table(older)
    assert "Délai" not in card_markdown(older, PROSE, GroupNames())


def test_a_student_in_two_courses_at_once_is_two_units() -> None:
    """Lists follow the unit, which a network may declare finer than the student."""
    matrix = labeled_matrix(n_students=2, moments=("10-15",), first_years=(2021,))
    named = matrix.rows.add_column(1, "course", pa.array(["maths", "physics"]))
    rows_of_one = named.set_column(0, "student_id", pa.array(["s", "s"]))
    courses = replace(matrix, rows=rows_of_one)

    rows = rows_of(courses, groups=(), capacity_per=("school",), today=TODAY)

    days = rows.test_rows(np.arange(2)).days
    assert days is not None
    assert days.unit.tolist() == [0, 1]
