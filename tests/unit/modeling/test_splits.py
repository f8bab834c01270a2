"""What was not yet known trains nothing, and no student stands on both sides of a fold."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from earlywarn.errors import EmptySplitError
from earlywarn.modeling import LabeledRows, inner_splits, latest_tested, time_split
from earlywarn.modeling.matrix_rows import rows_of
from earlywarn.modeling.splits import student_folds
from tests.builders.matrices import labeled_matrix


def _rows(*, horizon_days: int = 365, today: date = date(2026, 1, 1)) -> LabeledRows:
    matrix = labeled_matrix(n_students=20, horizon_days=horizon_days)
    return rows_of(matrix, groups=("sex",), capacity_per=("school", "grade"), today=today)


def _everything(rows: LabeledRows) -> np.ndarray:
    return np.ones(rows.label.size, dtype=bool)


def test_a_label_known_in_time_trains() -> None:
    """Decided on 1 July, tested from 15 October: both earlier years train."""
    rows = _rows()

    split = time_split(rows, ("2023-2024",), overlap="strict", within=_everything(rows))

    assert set(rows.period[split.train]) == {"2021-2022", "2022-2023"}
    assert set(rows.period[split.test]) == {"2023-2024"}


def test_a_label_not_yet_known_at_the_test_trains_nothing() -> None:
    """Decided 500 days after the start, the year before is still open in October."""
    rows = _rows(horizon_days=500)

    split = time_split(rows, ("2023-2024",), overlap="strict", within=_everything(rows))

    assert set(rows.period[split.train]) == {"2021-2022"}
    assert (rows.label_known_on[split.train] <= rows.as_of[split.test].min()).all()


def test_accepted_overlap_trains_on_it_all_the_same() -> None:
    """The same year trains when a spec accepts the overlap."""
    rows = _rows(horizon_days=500)

    split = time_split(rows, ("2023-2024",), overlap="accepted", within=_everything(rows))

    assert set(rows.period[split.train]) == {"2021-2022", "2022-2023"}


def test_the_latest_period_with_known_labels_is_tested() -> None:
    """Before the last year's labels are known, the year before it is the test."""
    assert latest_tested(_rows(today=date(2024, 1, 1))) == ("2022-2023",)


def test_an_empty_split_is_refused_with_counts() -> None:
    """With one known year there is no past to learn from."""
    rows = _rows(today=date(2022, 8, 1))

    with pytest.raises(EmptySplitError, match=r"split is empty.*2021-2022 \(40 labels\)"):
        latest_tested(rows)


def test_inner_splits_lie_wholly_inside_the_past() -> None:
    """Inner tests come from training rows, and their own training was known before them."""
    rows = _rows()
    split = time_split(rows, ("2023-2024",), overlap="strict", within=_everything(rows))

    inner = inner_splits(rows, split.train, overlap="strict")

    assert [one.name for one in inner] == ["2022-2023"]
    assert set(inner[0].train) | set(inner[0].test) <= set(split.train)
    assert (rows.label_known_on[inner[0].train] <= rows.as_of[inner[0].test].min()).all()


def test_folds_never_split_a_student() -> None:
    """One past period only: folds are by student."""
    rows = _rows(horizon_days=500)
    split = time_split(rows, ("2023-2024",), overlap="strict", within=_everything(rows))

    folds = inner_splits(rows, split.train, overlap="strict")

    assert len(folds) == 3
    assert not any(one.by_time for one in folds)
    assert all(not set(rows.student[one.train]) & set(rows.student[one.test]) for one in folds)


def test_folds_do_not_depend_on_row_order() -> None:
    """A student's fold follows from the pseudonym alone."""
    rows = _rows()
    every = np.arange(rows.label.size)

    forward = student_folds(rows, every)[0].test
    backward = student_folds(rows, every[::-1])[0].test

    assert sorted(forward) == sorted(backward)
