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
from earlywarn.scoring.explanations.grouping import PART_FEATURES
from earlywarn.scoring.explanations.wide import WideGroups
from earlywarn.scoring.trees import Flags, Floats, Integers

FORMAT = 3
"""Of the arrays; folders that hold another are published anew."""
MOST_LINES = 2**16
"""Rows of a table, at most: a line's number is a short word in machine code."""
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
        values = rows.take(feature, axis=1)
        met = values <= high
        met &= ~(values <= low)
        met |= np.isnan(values) & missing
        return met


@dataclass(frozen=True, eq=False)
class Lines:
    """Which row of each table is read: first of the groups' tables, then of the parts' of wide groups."""

    conditions: Integers
    """The facts of each table, as conditions; each that holds moves the row by its stride."""
    strides: Integers
    starts: Integers

    def read(self, met: Flags) -> Integers:
        """Return the row of each table, (rows, tables)."""
        steps = met.take(self.conditions, axis=1) * self.strides
        return np.asarray(np.add.reduceat(steps, self.starts[:-1], axis=1))


@dataclass(frozen=True, eq=False)
class Groups:
    """Leaves that are read together, from one table a group."""

    columns: Integers
    """The features of each group."""
    column_starts: Integers
    table: Floats
    """All tables, row by row."""
    table_starts: Integers

    @cached_property
    def _widths(self) -> Integers:
        return np.diff(self.column_starts)

    @cached_property
    def _places(self) -> tuple[Integers, Integers]:
        """Return the group of each entry that a row reads, and its place in the row of the table."""
        group = np.repeat(np.arange(self._widths.size), self._widths)
        return group, np.arange(self.columns.size) - self.column_starts[group]

    def read(self, lines: Integers) -> Floats:
        """Return what each row reads from all tables, (rows, entries)."""
        first = self.table_starts[:-1] + lines * self._widths
        group, place = self._places
        return self.table.take(first.take(group, axis=1) + place)


@dataclass(frozen=True, eq=False)
class LeafTables:
    """A model's trees, compiled; the attributions of any row are read from it."""

    n_features: int
    base: float
    """What the trees answer when nothing is known of a row."""
    questions: Questions
    lines: Lines
    groups: Groups
    wide: WideGroups

    @cached_property
    def columns(self) -> Integers:
        """Return the feature of each entry that a row reads, in the order in which entries are summed."""
        return np.concatenate([self.groups.columns, self.wide.entry_columns])

    @property
    def n_groups(self) -> int:
        """Return how many groups of leaves are read from one table each."""
        return int(self.groups.table_starts.size - 1)

    @property
    def n_wide(self) -> int:
        """Return how many groups of leaves are read in parts."""
        return int(self.wide.starts.size - 1)

    @property
    def largest_table(self) -> int:
        """Return how many rows the largest table of a group has."""
        sizes = np.diff(self.groups.table_starts) // np.diff(self.groups.column_starts)
        return int(sizes.max(initial=0))

    @property
    def n_bytes(self) -> int:
        """Return what the tables take in memory."""
        return int(self.groups.table.nbytes + self.wide.table.nbytes)

    @property
    def n_steps(self) -> int:
        """Return how many numbers are taken from tables or multiplied to read one row."""
        return int(self.groups.columns.size) + self.wide.n_steps

    def attributions(self, rows: Floats) -> Floats:
        """Return each feature's share of each row's score, (rows, features).

        Base plus a row's attributions is its raw score.
        """
        rows = self.checked(rows)
        if not self.columns.size:
            return np.zeros(rows.shape)
        block = max(1, _BLOCK_ELEMENTS // max(self.columns.size, self.wide.n_in_hand))
        parts = [self._read(rows[start : start + block]) for start in range(0, len(rows), block)]
        return parts[0] if len(parts) == 1 else np.concatenate([np.zeros((0, self.n_features)), *parts])

    def checked(self, rows: Floats) -> Floats:
        """Return rows as they are read, by row or by column; refuse those of another width."""
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ValueError(f"rows have shape {rows.shape}, the model has {self.n_features} features")
        rows = np.asarray(rows, dtype=np.float64)
        return rows if rows.flags.f_contiguous else np.ascontiguousarray(rows)

    def _read(self, rows: Floats) -> Floats:
        lines = self.lines.read(self.questions.met(rows))
        parts = ((self.groups, lines[:, : self.n_groups]), (self.wide, lines[:, self.n_groups :]))
        shares = [part.read(own) for part, own in parts if part.columns.size]
        told = shares[0] if len(shares) == 1 else np.concatenate(shares, axis=1)
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
        for name in _PARTS:
            part = getattr(self, name)
            arrays |= {f"{name}.{field.name}": getattr(part, field.name) for field in fields(part)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> LeafTables:
        """Take the tables back from plain arrays.

        Raises:
            DamagedModelError: An array is missing or does not fit the others, or another release wrote them.
        """
        if not np.array_equal(arrays.get("format", ()), [FORMAT]):
            raise DamagedModelError(
                "the leaf tables were written by another release",
                todo="train the model, promote it and publish it as a new version",
            )
        try:
            tables = cls(
                n_features=int(np.asarray(arrays["n_features"], dtype=np.int64)[0]),
                base=float(np.asarray(arrays["base"], dtype=np.float64)[0]),
                **{name: kind(**_typed(arrays, name, kind)) for name, kind in _PARTS.items()},
            )
            _check(tables)
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise DamagedModelError(
                "the leaf tables do not fit together", todo="publish the model again"
            ) from error
        return tables


_PARTS: Mapping[str, type[Any]] = {
    "questions": Questions,
    "lines": Lines,
    "groups": Groups,
    "wide": WideGroups,
}


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
    _check_lengths(tables)
    _check_numbers(tables)
    _check_values(tables)
    _check_strides(tables)


def _check_lengths(tables: LeafTables) -> None:
    asked, lines, groups, wide = tables.questions, tables.lines, tables.groups, tables.wide
    parts = [getattr(part, one.name) for part in (asked, lines, groups, wide) for one in fields(part)]
    if any(one.ndim != 1 for one in parts if one is not wide.columns):
        raise ValueError("shapes")
    n_readings, n_conditions = asked.feature.size, asked.reading.size
    n_tables = lines.starts.size - 1
    n_parts = wide.table_starts.size - 1
    runs = (
        (asked.starts, n_readings, asked.thresholds),
        (lines.starts, n_tables, lines.conditions),
        (groups.column_starts, n_tables - n_parts, groups.columns),
        (groups.table_starts, n_tables - n_parts, groups.table),
        (wide.starts, wide.nodes.size, wide.columns),
        (wide.table_starts, n_parts, wide.table),
    )
    if any(not _are_runs(starts, n, len(values)) for starts, n, values in runs):
        raise ValueError("runs")
    alike = (
        (n_readings, asked.missing.size),
        (n_conditions, asked.first.size),
        (n_conditions, asked.last.size),
        (lines.conditions.size, lines.strides.size),
        ((n_parts, PART_FEATURES), wide.columns.shape),
    )
    if any(one != other for one, other in alike):
        raise ValueError("lengths")


def _check_numbers(tables: LeafTables) -> None:
    asked, groups, wide = tables.questions, tables.groups, tables.wide
    within = (
        (asked.feature, 0, tables.n_features),
        (asked.reading, 0, asked.feature.size),
        (tables.lines.conditions, 0, asked.reading.size),
        (groups.columns, 0, tables.n_features),
        (wide.columns, -1, tables.n_features),
        (wide.nodes, 1, tables.n_features + 1),
    )
    if not all(np.all((first <= one) & (one < end)) for one, first, end in within):
        raise ValueError("numbers")
    # A reading has a code for each of its thresholds, and one more.
    last = np.diff(asked.starts)
    of = last[asked.reading]
    codes = ((asked.missing, last), (asked.first, of), (asked.last, of))
    if not all(np.all((one >= 0) & (one <= most)) for one, most in codes):
        raise ValueError("codes")
    is_read = wide.columns >= 0
    read = np.concatenate([groups.columns, wide.columns[is_read]])
    if np.any(is_read[:, 1:] > is_read[:, :-1]) or not np.isin(read, asked.feature).all():
        raise ValueError("columns")


def _check_values(tables: LeafTables) -> None:
    asked = tables.questions
    if not all(np.isfinite(one).all() for one in (tables.base, tables.groups.table, tables.wide.table)):
        raise ValueError("values")
    # A split on missing alone has no end: its threshold may be infinite.
    rises = np.append(True, asked.thresholds[1:] > asked.thresholds[:-1])[: asked.thresholds.size]
    rises[asked.starts[:-1]] = True
    if np.isnan(asked.thresholds).any() or not rises.all():
        raise ValueError("thresholds")


def _check_strides(tables: LeafTables) -> None:
    lines, groups, wide = tables.lines, tables.groups, tables.wide
    if not lines.conditions.size:
        return
    nodes = np.repeat(wide.nodes, np.diff(wide.starts))
    widths = np.concatenate([np.diff(groups.column_starts), nodes * (1 + PART_FEATURES)])
    sizes = np.concatenate([np.diff(groups.table_starts), np.diff(wide.table_starts)])
    largest = np.add.reduceat(lines.strides, lines.starts[:-1])
    # Each for itself, too: the sum of large ones would begin anew at zero.
    is_short = lines.strides.min() >= 1 and max(lines.strides.max(), largest.max()) < MOST_LINES
    if not is_short or np.any((largest + 1) * widths != sizes):
        raise ValueError("tables")


def _are_runs(starts: Integers, n: int, size: int) -> bool:
    """Say whether `starts` parts an array of some size into runs, none of them empty."""
    whole = starts.ndim == 1 and starts.size == n + 1 and starts[0] == 0 and starts[-1] == size
    return bool(whole and np.all(starts[1:] > starts[:-1]))
