"""A replay rebuilds features without what a date could not know, and finds an engine that looks ahead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from earlywarn.features import (
    AsOfSpec,
    CohortSpec,
    Matrix,
    Replay,
    asof,
    build_matrix,
    history,
    moments_of,
    replay,
)
from earlywarn.features.portions import narrowed
from tests.builders import stages
from tests.builders.network import Rows, memory_tables, stay, tiny_contract, tiny_indicators

AS_OF = date(2025, 3, 15)
STUDENTS = tuple(f"s{number:02d}" for number in range(12))


def _rows() -> Rows:
    """Return facts before and after the dates, corrections that came later, and a stay that ends later."""
    days = [date(2024, 9, 20) + timedelta(days=20 * step) for step in range(12)]
    absences = [
        {"student_id": student, "happened_on": day, "days": 1 + place % 3, "category": "unexcused"}
        for place, student in enumerate(STUDENTS)
        for day in days
    ]
    corrected = {"_superseding": True, "_batch": 2, "_received_on": date(2025, 4, 1), "_backfill": False}
    marks = [
        {"student_id": student, "subject": "maths", "reported_on": day, "mark": 60 + place}
        for place, student in enumerate(STUDENTS)
        for day in (date(2024, 11, 1), date(2025, 2, 1))
    ]
    marks.append({**marks[1], "mark": 99, **corrected})
    ends: dict[str, Any] = {"left_on": date(2025, 5, 1), "exit_type": "transferred"}
    return {
        "students": [{"student_id": student, "path": "a", "sex": "F"} for student in STUDENTS],
        "schools": [{"school_id": "north", "n_places": 300}],
        "stays": [stay(student, **(ends if place < 4 else {})) for place, student in enumerate(STUDENTS)],
        "days": [{"school_id": "north", "happened_on": day} for day in days],
        "absences": absences,
        "marks": marks,
        "clicks": [
            {
                "student_id": student,
                "kind": "quiz",
                "step": step,
                "happened_on": day,
                "clicks": 9 * step,
            }
            for student in STUDENTS
            for step, day in enumerate(days, start=1)
        ],
    }


def replayed(change: Callable[[Matrix], Matrix] = lambda matrix: matrix) -> Replay:
    """Build the matrix of the tiny network, change it, and replay it."""
    contract, indicators, cohort = tiny_contract(), tiny_indicators(), CohortSpec()
    tables = memory_tables(_rows())
    moments = moments_of(contract, AsOfSpec(dates=("10-15", "11-20", "03-15")), tables, before=AS_OF)
    matrix = build_matrix(tables, contract, indicators, cohort=cohort, moments=moments)
    return replay(tables, contract, indicators, change(matrix), cohort=cohort)


def test_features_are_rebuilt_to_the_last_bit() -> None:
    """Facts are hidden on every date, and none of them was needed."""
    found = replayed()

    assert found.dates == (date(2024, 10, 15), date(2024, 11, 20), AS_OF)
    assert found.n_pairs == 3 * len(STUDENTS)
    assert found.n_hidden > 500
    assert (found.n_differing, found.columns) == (0, ())


def test_a_matrix_that_is_kept_narrow_is_the_same() -> None:
    """Values that stand in fewer bits are compared by what they are."""

    def narrow(matrix: Matrix) -> Matrix:
        features = zip(matrix.features.column_names, matrix.features.columns, strict=True)
        columns = {name: pa.array(narrowed(column.to_numpy())) for name, column in features}
        return replace(matrix, features=pa.table(columns))

    assert replayed(narrow).n_differing == 0


def test_a_row_that_is_not_yet_visible_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A correction of April changes what March is told."""
    monkeypatch.setattr(asof, "row_is_known", lambda row, as_of: f"{row}.superseded_on IS NULL")

    assert "mark__mean__all" in replayed().columns


def test_a_column_that_is_revealed_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four who will have left by transfer in May are told in March."""
    monkeypatch.setattr(history, "known_column", lambda row, column, as_of, reveals: f'{row}."{column}"')

    assert "left__count__all" in replayed().columns


def test_a_matrix_that_is_not_what_the_tables_give_is_found() -> None:
    """One value of one row, changed in its last bit."""

    def touched(matrix: Matrix) -> Matrix:
        place = matrix.features.column_names.index("mark__last__all")
        values = matrix.features["mark__last__all"].to_numpy().copy()
        values[5] = np.nextafter(values[5], np.inf)
        return replace(
            matrix, features=matrix.features.set_column(place, "mark__last__all", pa.array(values))
        )

    found = replayed(touched)

    assert (found.n_differing, found.columns) == (1, ("mark__last__all",))


def test_stages_are_replayed_by_their_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark of the middle, shown at the start, is found."""
    pupils = [stages.pupil(f"p{number}", mark=10 + number) for number in range(12)]
    contract, indicators = tiny_contract(stages.CONTRACT), tiny_indicators(stages.INDICATORS)
    tables = memory_tables({"pupils": pupils}, contract)
    moments = moments_of(contract, AsOfSpec(stages=("start", "middle")), tables, before=AS_OF)

    def found() -> Replay:
        matrix = build_matrix(tables, contract, indicators, cohort=CohortSpec(), moments=moments)
        return replay(tables, contract, indicators, matrix, cohort=CohortSpec())

    honest = found()
    monkeypatch.setattr(history, "known_column", lambda row, column, as_of, reveals: f'{row}."{column}"')

    assert (honest.n_differing, honest.n_hidden > 0) == (0, True)
    assert "mark__last__all" in found().columns
