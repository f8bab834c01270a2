"""A matrix that is built portion by portion holds on to no portion's features as they came."""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pyarrow as pa

from earlywarn.features import Matrix, Portion, build_by_portions
from tests.builders.matrices import labeled_matrix


def test_the_features_of_a_portion_are_let_go_before_the_next() -> None:
    """Only their narrow copies stay, so that memory does not grow with the network."""
    matrix = labeled_matrix(n_students=20)
    given: list[weakref.ref[np.ndarray]] = []
    n_held: list[int] = []

    def build(portion: Portion) -> Matrix:
        n_held.append(sum(one() is not None for one in given))
        values = np.full(len(matrix), 0.5)
        given.append(weakref.ref(values))
        return replace(matrix, features=pa.table({"value": pa.array(values)}))

    portions = [Portion((name,), pa.array([], pa.string())) for name in ("north", "south", "west")]

    found = build_by_portions(portions, build, unit=["student_id"])

    assert n_held == [0, 0, 0]
    assert found.features["value"].to_pylist() == [0.5] * 3 * len(matrix)
