"""Number the groups that audits compare: every value of every audited column, and every crossing of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from earlywarn.evaluation.arrays import Flags, Indexes, Words, distinct

CROSS = " × "
"""Joins the names of two crossed columns, and of their two values."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """One column, or the crossing of two, as one number per row."""

    name: str
    values: tuple[str, ...]
    codes: Indexes
    """The place in `values` that each row has; -1 where its group is not known."""

    @property
    def known(self) -> Flags:
        """Return the rows whose group is known."""
        return self.codes >= 0


def groupings(groups: Mapping[str, Words]) -> tuple[Grouping, ...]:
    """Number the values of every audited column; an empty word is not known, and is no group."""
    return tuple(_grouping(name, words) for name, words in groups.items())


def crossings(columns: Sequence[Grouping]) -> tuple[Grouping, ...]:
    """Cross every two columns; a row stands in a crossing where both of its groups are known."""
    return tuple(_crossed(one, other) for one, other in combinations(columns, 2))


def _grouping(name: str, words: Words) -> Grouping:
    found, places = distinct(np.asarray(words, dtype=np.str_))
    values = tuple(str(value) for value in found if value)
    # An empty word sorts before all others.
    return Grouping(name, values, places - (found.size - len(values)))


def _crossed(one: Grouping, other: Grouping) -> Grouping:
    n_others = len(other.values)
    codes = np.where(one.known & other.known, one.codes * n_others + other.codes, -1)
    n_all = len(one.values) * n_others
    there = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=n_all))
    values = tuple(f"{one.values[cell // n_others]}{CROSS}{other.values[cell % n_others]}" for cell in there)
    # One place more than there are cells, so that -1 finds itself.
    places = np.full(n_all + 1, -1, dtype=np.intp)
    places[there] = np.arange(there.size)
    return Grouping(f"{one.name}{CROSS}{other.name}", values, places[codes])
