"""A matrix too large for one array gives the same values, asked for row by row."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.features import Matrix
from earlywarn.features.portions import narrowed
from earlywarn.modeling.matrix_rows import fit_levels, taken
from earlywarn.modeling.values import StoredColumns, Values, each_column, some_columns, told_in_blocks
from tests.builders.matrices import labeled_matrix


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """Return a small matrix with a column of codes."""
    return labeled_matrix(n_students=40)


@pytest.fixture(scope="module")
def both(matrix: Matrix) -> tuple[Values, Values]:
    """Return some rows' values as one array, and as columns that are encoded on demand."""
    mask = np.arange(len(matrix)) % 2 == 1
    (kept, at_once), (_, on_demand) = (taken(matrix, mask, most=most) for most in (10**9, 0))
    encoding = fit_levels(kept, np.arange(len(kept)))
    stored = on_demand(encoding).values
    assert isinstance(stored, StoredColumns)
    return at_once(encoding).values, stored


def test_rows_are_the_same_by_number_and_by_mask(both: tuple[Values, Values]) -> None:
    """What is encoded on demand is what stands in the array, bit by bit."""
    array, stored = both
    rows = np.array([5, 0, 17, 17])
    mask = np.arange(len(stored)) % 3 == 0

    assert stored.shape == array.shape
    np.testing.assert_array_equal(stored[rows], array[rows])
    np.testing.assert_array_equal(stored[mask], array[mask])


def test_columns_are_the_same(both: tuple[Values, Values]) -> None:
    """Single columns come out alike, one at a time or some together."""
    array, stored = both
    rows = np.arange(10, 30)

    np.testing.assert_array_equal(some_columns(stored, rows, [2, 0]), some_columns(array, rows, [2, 0]))
    np.testing.assert_array_equal(stored[rows, 1], array[rows, 1])
    np.testing.assert_array_equal(stored[:, [3, 1]], array[:, [3, 1]])
    np.testing.assert_array_equal(list(each_column(stored, rows)), list(each_column(array, rows)))


def test_rows_are_told_in_order(both: tuple[Values, Values]) -> None:
    """What is told block by block is what is told at once."""
    array, stored = both
    rows = np.arange(len(stored))[::-1]

    found = told_in_blocks(stored, rows, lambda values, some: values[:, 1] + some)

    np.testing.assert_array_equal(found, array[rows][:, 1] + rows)


def test_a_column_is_kept_as_narrow_as_it_can_be() -> None:
    """Each value of a narrow column is the very value it was."""
    kinds = {
        "float16": np.array([0.0, 1.0, 2048.0, 0.25, np.nan]),
        "float32": np.array([0.0, 16_777_216.0]),
        "float64": np.array([0.1, 1e300]),
    }

    found = {name: narrowed(column) for name, column in kinds.items()}

    assert [str(column.dtype) for column in found.values()] == list(kinds)
    for name, column in kinds.items():
        np.testing.assert_array_equal(found[name].astype(np.float64), column)


def test_what_is_taken_of_rows_that_stay_in_place_has_features(matrix: Matrix) -> None:
    """Some rows of a large matrix's kept rows are an ordinary matrix, whoever looks at them."""
    mask = np.arange(len(matrix)) % 2 == 1
    (at_once, _), (placed, _) = (taken(matrix, mask, most=most) for most in (10**9, 0))
    rows = np.array([4, 0, 9])

    assert len(placed) == len(at_once)
    assert placed.rows.equals(at_once.rows)
    some, same = placed.take(rows), at_once.take(rows)
    assert some.labels == same.labels
    np.testing.assert_array_equal(some.features.to_pandas(), same.features.to_pandas())
