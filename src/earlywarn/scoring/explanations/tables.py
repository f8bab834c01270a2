"""The plain arrays of a compiled model, and how attributions are read from them by numpy alone.

Runs of unequal length stand one after the other in one array; `starts` says where each begins, and where the
last one ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from earlywarn.errors import DamagedModelError
from earlywarn.scoring.explanations.lone import LoneLeaves, nodes_of, parts_of
from earlywarn.scoring.trees import Flags, Floats, Integers

FORMAT = 2
"""Of the arrays; folders that hold another are published anew."""
_BLOCK_ELEMENTS = 2**17

Anything = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Questions:
    """What is asked of a row: whether the code of a reading lies in a run."""

    feature: Integers
    """The feature of each reading."""
    missing: Integers
    """The code of a missing value, for each reading."""
    starts: Integers
    thresholds: Floats
    """A value's code is how many of its reading's thresholds lie below."""
    reading: Integers
    """The reading that each condition asks for, and the run of codes that meet it."""
    first: Integers
    last: Integers

    @cached_property
    def _bounds(self) -> tuple[Integers, Floats, Floats, Flags]:
        """Return each condition's feature, its open lower end (NaN: none), upper end, and what missing is."""
        start, stop = self.starts[self.reading], self.starts[self.reading + 1]
        ends = np.concatenate([self.thresholds, [np.nan]])
        low = np.where(self.first > 0, ends[start + self.first - 1], np.nan)
        high = np.where(self.last < stop - start, ends[np.minimum(start + self.last, stop)], np.inf)
        code = self.missing[self.reading]
        return self.feature[self.reading], low, high, (self.first <= code) & (code <= self.last)

    def met(self, rows: Floats) -> Flags:
        """Say which conditions each row meets, (rows, conditions)."""
        feature, low, high, missing = self._bounds
        values = np.take(rows, feature, axis=1)
        met = values <= high
        met &= ~(values <= low)
        met |= np.isnan(values) & missing
        return met


@dataclass(frozen=True, eq=False)
class Groups:
    """Tables of leaves that are read together."""

    conditions: Integers
    """The facts of each group, as conditions; each that holds moves the row of the table by its stride."""
    strides: Integers
    fact_starts: Integers
    columns: Integers
    """The features of each group."""
    column_starts: Integers
    table: Floats
    """All tables, row by row."""
    table_starts: Integers

    @cached_property
    def _places(self) -> tuple[Integers, Integers]:
        """Return the group of each entry that a row reads, and its place in the row of the table."""
        widths = np.diff(self.column_starts)
        group = np.repeat(np.arange(widths.size), widths)
        return group, np.arange(self.columns.size) - self.column_starts[group]

    def read(self, met: Flags) -> Floats:
        """Return what each row reads from all tables, (rows, entries)."""
        steps = np.take(met, self.conditions, axis=1) * self.strides
        number = np.add.reduceat(steps, self.fact_starts[:-1], axis=1)
        first = self.table_starts[:-1] + number * np.diff(self.column_starts)
        group, place = self._places
        return np.take(self.table, np.take(first, group, axis=1) + place)


@dataclass(frozen=True, eq=False)
class LeafTables:
    """A model's trees, compiled; the attributions of any row are read from it."""

    n_features: int
    base: float
    """What the trees answer when nothing is known of a row."""
    questions: Questions
    groups: Groups
    lone: LoneLeaves

    @cached_property
    def columns(self) -> Integers:
        """Return the feature of each entry that a row reads, in the order in which entries are summed."""
        return np.concatenate([self.groups.columns, self.lone.columns])

    @property
    def n_groups(self) -> int:
        """Return how many tables a row is read from."""
        return int(self.groups.fact_starts.size - 1)

    @property
    def n_lone(self) -> int:
        """Return how many leaves are put together when a row is read."""
        return int(self.lone.starts.size - 1)

    def attributions(self, rows: Floats) -> Floats:
        """Return each feature's share of each row's score, (rows, features).

        Base plus a row's attributions is its raw score.
        """
        rows = self.checked(rows)
        if not self.columns.size:
            return np.zeros(rows.shape)
        block = max(1, _BLOCK_ELEMENTS // self.columns.size)
        parts = [self._read(rows[start : start + block]) for start in range(0, len(rows), block)]
        return np.concatenate([np.zeros((0, self.n_features)), *parts])

    def checked(self, rows: Floats) -> Floats:
        """Return rows as they are read; refuse those of another width."""
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ValueError(f"rows have shape {rows.shape}, the model has {self.n_features} features")
        return np.ascontiguousarray(rows, dtype=np.float64)

    def _read(self, rows: Floats) -> Floats:
        met = self.questions.met(rows)
        shares = [part.read(met) for part in (self.groups, self.lone) if part.columns.size]
        told = np.concatenate(shares, axis=1)
        # Counted one after the other: the order of a feature's sum is that of the entries.
        place = np.arange(len(rows))[:, None] * self.n_features + self.columns
        sums = np.bincount(place.ravel(), weights=told.ravel(), minlength=rows.size)
        return np.asarray(sums.reshape(rows.shape), dtype=np.float64)

    def to_arrays(self) -> dict[str, Anything]:
        """Return the tables as plain named arrays, fit for a file without pickle."""
        arrays: dict[str, Anything] = {
            "format": np.array([FORMAT]),
            "n_features": np.array([self.n_features]),
            "base": np.array([self.base]),
        }
        for name, part in (("questions", self.questions), ("groups", self.groups), ("lone", self.lone)):
            arrays |= {f"{name}.{field.name}": getattr(part, field.name) for field in fields(part)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> LeafTables:
        """Take the tables back from plain arrays.

        Raises:
            DamagedModelError: An array is missing or does not fit the others, or another release wrote them.
        """
        if "format" not in arrays or int(np.asarray(arrays["format"], dtype=np.int64)[0]) != FORMAT:
            raise DamagedModelError(
                "the leaf tables were written by another release",
                todo="train the model, promote it and publish it as a new version",
            )
        try:
            tables = cls(
                n_features=int(np.asarray(arrays["n_features"], dtype=np.int64)[0]),
                base=float(np.asarray(arrays["base"], dtype=np.float64)[0]),
                questions=Questions(**_typed(arrays, "questions", Questions)),
                groups=Groups(**_typed(arrays, "groups", Groups)),
                lone=LoneLeaves(**_typed(arrays, "lone", LoneLeaves)),
            )
            _check(tables)
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise DamagedModelError(
                "the leaf tables do not fit together", todo="publish the model again"
            ) from error
        return tables


def _typed(arrays: Mapping[str, Anything], name: str, part: type[Any]) -> dict[str, Any]:
    kinds = {"Floats": np.float64, "Integers": np.int64}
    return {
        field.name: np.asarray(arrays[f"{name}.{field.name}"], dtype=kinds[str(field.type)])
        for field in fields(part)
    }


def _check(tables: LeafTables) -> None:
    """Refuse arrays of other lengths than the model's, or that point outside each other.

    Raises:
        ValueError: Says which part is wrong.
    """
    asked, groups, lone = tables.questions, tables.groups, tables.lone
    n_readings, n_conditions = asked.feature.size, asked.reading.size
    runs = (
        (asked.starts, n_readings, asked.thresholds),
        (groups.fact_starts, groups.fact_starts.size - 1, groups.conditions),
        (groups.column_starts, groups.fact_starts.size - 1, groups.columns),
        (groups.table_starts, groups.fact_starts.size - 1, groups.table),
        (lone.starts, lone.starts.size - 1, lone.columns),
        (lone.table_starts, lone.starts.size - 1, lone.table),
    )
    if any(not _are_runs(starts, n, values.size) for starts, n, values in runs):
        raise ValueError("runs")
    alike = (
        (n_readings, asked.missing.size),
        (n_conditions, asked.first.size),
        (n_conditions, asked.last.size),
        (groups.conditions.size, groups.strides.size),
        ((lone.columns.size, 2), lone.conditions.shape),
    )
    if any(one != other for one, other in alike):
        raise ValueError("lengths")
    within = (
        (asked.feature, tables.n_features),
        (asked.reading, n_readings),
        (groups.conditions, n_conditions),
        (groups.columns, tables.n_features),
        (lone.columns, tables.n_features),
        (lone.conditions, n_conditions),
    )
    if any(one.size and not 0 <= one.min() <= one.max() < end for one, end in within):
        raise ValueError("numbers")
    if not all(np.isfinite(one).all() for one in (groups.table, lone.table)):
        raise ValueError("values")
    # A split on missing alone has no end: its threshold may be infinite.
    rises = np.append(True, asked.thresholds[1:] > asked.thresholds[:-1])[: asked.thresholds.size]
    rises[asked.starts[:-1]] = True
    if np.isnan(asked.thresholds).any() or not rises.all():
        raise ValueError("thresholds")
    if groups.conditions.size:
        widths = np.diff(groups.column_starts)
        largest = np.add.reduceat(groups.strides, groups.fact_starts[:-1])
        if groups.strides.min() < 1 or np.any((largest + 1) * widths != np.diff(groups.table_starts)):
            raise ValueError("tables")
    widths, sizes = np.diff(lone.starts), np.diff(lone.table_starts)
    if any(
        _n_entries(width) != size for width, size in set(zip(widths.tolist(), sizes.tolist(), strict=True))
    ):
        raise ValueError("lone leaves")
    if np.any(np.diff(widths) < 0):
        raise ValueError("order")


def _n_entries(width: int) -> int:
    return sum((nodes_of(width) * (size + 1)) << size for _, size in parts_of(width))


def _are_runs(starts: Integers, n: int, size: int) -> bool:
    """Say whether `starts` parts an array of some size into runs, none of them empty."""
    whole = starts.ndim == 1 and starts.size == n + 1 and starts[0] == 0 and starts[-1] == size
    return bool(whole and np.all(np.diff(starts) > 0))
