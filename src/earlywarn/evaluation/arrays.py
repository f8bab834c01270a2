"""Name the arrays that evaluation and modeling pass around; every one has a row per unit and as-of date."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indexes = npt.NDArray[np.intp]
Days = npt.NDArray[np.datetime64]
Words = npt.NDArray[Any]
"""Text per row: numpy strings."""


def distinct(words: Words) -> tuple[Words, Indexes]:
    """Return the distinct words in sorted order, and the place of each row's word among them.

    What `numpy.unique` returns, without sorting millions of words of which few are distinct.

    >>> names, places = distinct(np.array(["b", "a", "b"]))
    >>> names.tolist(), places.tolist()
    (['a', 'b'], [1, 0, 1])
    """
    if words.dtype.kind != "U" or not words.size:
        names, places = np.unique(words, return_inverse=True)
        return names, places.astype(np.intp)
    text = pa.array(words, type=pa.large_string())
    whole = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    encoded = whole.dictionary_encode()
    found = np.array(encoded.dictionary.to_pylist(), dtype=words.dtype)
    order = np.argsort(found, kind="stable")
    rank = np.empty(order.size, dtype=np.intp)
    rank[order] = np.arange(order.size)
    return found[order], rank[encoded.indices.to_numpy()]


def codes_of(words: Words) -> Indexes:
    """Number the distinct words in sorted order, so that the numbers do not depend on row order."""
    return distinct(words)[1]


def crossed(*columns: Words) -> Words:
    """Join columns into one word per row, for lists that are cut per school and grade."""
    joined = columns[0].astype(str)
    for column in columns[1:]:
        joined = np.char.add(np.char.add(joined, "|"), column.astype(str))
    return joined


def crossed_codes(*columns: Words) -> Indexes:
    """Number the distinct combinations of some columns, without writing one word per row.

    >>> crossed_codes(np.array(["b", "a", "b"]), np.array(["x", "y", "x"])).tolist()
    [1, 0, 1]
    """
    codes = np.zeros(columns[0].size, dtype=np.intp)
    for column in columns:
        own = codes_of(column)
        both = codes * (int(own.max(initial=0)) + 1) + own
        # Counted, not sorted: there are few combinations and millions of rows.
        there = np.bincount(both) > 0
        codes = (np.cumsum(there) - 1)[both]
    return codes
