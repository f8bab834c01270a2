"""Name the arrays that evaluation and modeling pass around; every one has a row per unit and as-of date."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indexes = npt.NDArray[np.intp]
Days = npt.NDArray[np.datetime64]
Words = npt.NDArray[Any]
"""Text per row: numpy strings."""


def codes_of(words: Words) -> Indexes:
    """Number the distinct words in sorted order, so that the numbers do not depend on row order."""
    return np.unique(words, return_inverse=True)[1].astype(np.intp)


def crossed(*columns: Words) -> Words:
    """Join columns into one word per row, for lists that are cut per school and grade."""
    joined = columns[0].astype(str)
    for column in columns[1:]:
        joined = np.char.add(np.char.add(joined, "|"), column.astype(str))
    return joined
