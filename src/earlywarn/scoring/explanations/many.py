"""Read the attributions of many rows, compiled to machine code when first called; the same bits as by numpy.

A block of rows is turned, so that a feature's values stand side by side, and coded once: a value becomes the
number of its feature's thresholds that lie below, one byte where these are few. Facts are then comparisons of
bytes, reading by reading and row after row, which the processor does many at a time; what remains for each
row is one line of each table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numba import njit

from earlywarn.scoring.explanations.tables import LeafTables
from earlywarn.scoring.trees import Floats, Integers

BLOCK_ROWS = 2048
"""Tables go through the cache once a block."""
PADDING = 8
"""Columns of a block are a little longer than its rows, lest they fall on the same lines of the cache."""
FEW_THRESHOLDS = 128
"""So few are compared one after the other, many rows at a time; among more, the place is found by halving."""
_LARGEST_BYTE = 255

Array = Any
"""What the compiler takes for an array."""


def attributions_of_many(tables: LeafTables, rows: Floats) -> Floats:
    """Return what `LeafTables.attributions` returns, bit for bit, some fifty times as fast for many rows.

    The interpreter's lock is not held meanwhile: blocks of rows can be read side by side by threads.
    """
    rows = tables.checked(rows)
    reader = _reader_of(tables)
    answer = np.empty(rows.shape)
    # One line more than features: nothing is added to it, and the others' attributions are read from there.
    values, sums = (empty_block(reader.features.size + 1, len(rows)) for _ in range(2))
    lines = np.full(tables.n_features, reader.features.size, dtype=np.uint64)
    lines[reader.features] = np.arange(reader.features.size)
    for start in range(0, len(rows), BLOCK_ROWS):
        n = min(BLOCK_ROWS, len(rows) - start)
        fill(values, rows, start, n, reader.features)
        reader.explain(values, n, sums)
        _turn_back(sums, start, n, lines, answer)
    return answer


def empty_block(n_lines: int, n_rows: int) -> Floats:
    """Return room for a block of so many rows: a line of memory for each feature."""
    return np.empty((n_lines, min(BLOCK_ROWS, n_rows) + PADDING))


@dataclass(frozen=True, eq=False)
class BlockReader:
    """A model's tables as machine code takes them."""

    features: Integers
    """The features that stand in a block, in rising order."""
    arrays: tuple[tuple[Array, ...], ...]

    def explain(self, values: Floats, n: int, sums: Floats) -> None:
        """Write the attributions of a block of `n` rows into `sums`; lines of both are features."""
        sums[:, :n] = 0.0
        if self.features.size:
            _explain(values, n, sums, *self.arrays)


def block_reader(tables: LeafTables, features: Integers) -> BlockReader:
    """Return what reads blocks of some features, among them all that the trees split on."""
    asked, lines, groups, wide = tables.questions, tables.lines, tables.groups, tables.wide
    most_thresholds = np.diff(asked.starts).max(initial=0)
    code = np.dtype(np.uint8 if most_thresholds < _LARGEST_BYTE else np.uint16)
    of = lines.conditions
    wide_columns = np.where(wide.columns < 0, -1, np.searchsorted(features, wide.columns))
    arrays = (
        (np.searchsorted(features, asked.feature), asked.missing.astype(code)),
        (asked.starts, asked.thresholds),
        (asked.reading[of], asked.first[of].astype(code), asked.last[of].astype(code)),
        (lines.strides.astype(np.uint16), lines.starts),
        (np.searchsorted(features, groups.columns), groups.column_starts, groups.table, groups.table_starts),
        (wide.starts, wide.nodes, wide_columns, wide.table, wide.table_starts),
    )
    return BlockReader(features, arrays)


_readers: WeakKeyDictionary[LeafTables, BlockReader] = WeakKeyDictionary()


def _reader_of(tables: LeafTables) -> BlockReader:
    """Return what reads the features that the trees split on; it is made once."""
    if tables not in _readers:
        _readers[tables] = block_reader(tables, np.unique(tables.questions.feature))
    return _readers[tables]


def fill(values: Floats, rows: Floats, start: int, n: int, features: Integers) -> None:
    """Copy a block of rows so that a feature's values stand side by side, as some rows come."""
    if rows.flags.c_contiguous:
        _turn(rows, start, n, features, values)
    else:
        values[: features.size, :n] = rows.T[features, start : start + n]


@njit(cache=True, nogil=True)
def _turn(rows: Array, start: int, n: int, features: Array, values: Array) -> None:
    for row in range(n):
        for line in range(features.size):
            values[line, row] = rows[start + row, features[line]]


@njit(cache=True, nogil=True)
def _turn_back(sums: Array, start: int, n: int, lines: Array, answer: Array) -> None:
    # Four rows at a time: what they have of a feature stands side by side.
    end = n - n % 4
    for row in range(0, end, 4):
        at = start + row
        for column in range(lines.size):
            line = lines[column]
            one, two, three, four = (
                sums[line, row],
                sums[line, row + 1],
                sums[line, row + 2],
                sums[line, row + 3],
            )
            answer[at, column], answer[at + 1, column] = one, two
            answer[at + 2, column], answer[at + 3, column] = three, four
    for row in range(end, n):
        for column in range(lines.size):
            answer[start + row, column] = sums[lines[column], row]


@njit(cache=True, nogil=True)
def _explain(
    values: Array,
    n: int,
    sums: Array,
    readings: Array,
    thresholds: Array,
    facts: Array,
    lines: Array,
    groups: Array,
    wide: Array,
) -> None:
    codes = np.empty((readings[0].size, n + PADDING), dtype=readings[1].dtype)
    _code(values, n, codes, readings, thresholds)
    _add_groups(sums, n, codes, facts, lines, groups)
    if wide[1].size:
        _add_wide(sums, n, codes, facts, lines, groups[3].size - 1, wide)


@njit(cache=True, nogil=True)
def _code(values: Array, n: int, codes: Array, readings: Array, thresholds: Array) -> None:
    """Count the thresholds below each value: all rows take each step together."""
    feature, missing = readings
    starts, ends = thresholds
    below = np.empty(n, dtype=np.int32)
    for reading in range(feature.size):
        value = values[feature[reading]]
        below[:] = 0
        own = ends[starts[reading] : starts[reading + 1]]
        if own.size <= FEW_THRESHOLDS:
            for threshold in own:
                for row in range(n):
                    below[row] += threshold < value[row]
        else:
            size = own.size
            while size > 1:
                half = size >> 1
                for row in range(n):
                    below[row] += half * (own[below[row] + half - 1] < value[row])
                size -= half
            for row in range(n):
                below[row] += own[below[row]] < value[row]
        unknown, code = missing[reading], codes[reading]
        for row in range(n):
            code[row] = unknown if np.isnan(value[row]) else below[row]


@njit(cache=True, nogil=True)
def _find_lines(line: Array, n: int, codes: Array, facts: Array, lines: Array, table: int) -> None:
    """Put the facts of a table together to the number of the line that each row reads."""
    reading, first, last = facts
    stride, starts = lines
    line[:n] = 0
    for fact in range(starts[table], starts[table + 1]):
        own, low, high, step = codes[reading[fact]], first[fact], last[fact], stride[fact]
        for row in range(n):
            line[row] += step * ((low <= own[row]) & (own[row] <= high))


@njit(cache=True, nogil=True)
def _add_groups(sums: Array, n: int, codes: Array, facts: Array, lines: Array, groups: Array) -> None:
    columns, column_starts, tables, table_starts = groups
    line, place = np.empty(n, dtype=np.uint16), np.empty(n, dtype=np.uint32)
    largest = 0
    for group in range(table_starts.size - 1):
        largest = max(largest, table_starts[group + 1] - table_starts[group])
    near = np.empty(largest)
    for group in range(table_starts.size - 1):
        left, right = column_starts[group], column_starts[group + 1]
        own = tables[table_starts[group] : table_starts[group + 1]]
        # Where most of a table is read, memory gives it sooner in order than here and there.
        if own.size <= n * (right - left):
            for at in range(own.size):
                near[at] = own[at]
            own = near[: own.size]
        _find_lines(line, n, codes, facts, lines, group)
        for row in range(n):
            place[row] = line[row] * np.uint32(right - left)
        # Two features at a time: where a row reads is looked up once for both.
        for entry in range(left, right - 1, 2):
            total, table = sums[columns[entry]], own[entry - left :]
            other, beside = sums[columns[entry + 1]], own[entry - left + 1 :]
            for row in range(n):
                at_row = place[row]
                total[row] += table[at_row]
                other[row] += beside[at_row]
        if (right - left) % 2:
            total, table = sums[columns[right - 1]], own[right - 1 - left :]
            for row in range(n):
                total[row] += table[place[row]]


@njit(cache=True, nogil=True)
def _add_wide(
    sums: Array, n: int, codes: Array, facts: Array, lines: Array, n_before: int, wide: Array
) -> None:
    """Put leaves that are read in parts together, in the order of operations of `WideGroups`."""
    starts, nodes, columns, tables, table_starts = wide
    n_features, most_parts, most_nodes = columns.shape[1], 0, 0
    for group in range(nodes.size):
        most_parts = max(most_parts, starts[group + 1] - starts[group])
        most_nodes = max(most_nodes, nodes[group])
    line, place = np.empty(n, dtype=np.uint16), np.empty((most_parts, n), dtype=np.uint32)
    others = np.empty((most_parts, most_nodes, n))
    total = np.empty(n)
    for group in range(nodes.size):
        first, n_parts, n_nodes = starts[group], starts[group + 1] - starts[group], nodes[group]
        for part in range(n_parts):
            _find_lines(line, n, codes, facts, lines, n_before + first + part)
            for row in range(n):
                place[part, row] = line[row] * np.uint32(n_nodes * (1 + n_features))
        own = table_starts[first : first + n_parts]
        for node in range(n_nodes):
            _multiply_others(others[:, node], n, place, tables, own, node, total)
        for part in range(n_parts):
            for feature in range(n_features):
                column = columns[first + part, feature]
                if column < 0:
                    break
                total[:] = 0.0
                for node in range(n_nodes):
                    at = own[part] + n_nodes + node * n_features + feature
                    table, at_rows, other = tables[at:], place[part], others[part, node]
                    for row in range(n):
                        total[row] += table[at_rows[row]] * other[row]
                so_far = sums[column]
                for row in range(n):
                    so_far[row] += total[row]


@njit(cache=True, nogil=True)
def _multiply_others(
    others: Array, n: int, place: Array, tables: Array, starts: Array, node: int, so_far: Array
) -> None:
    """Multiply what all parts but each say at a node."""
    so_far[:] = 1.0
    for part in range(starts.size):
        table, at_rows, product = tables[starts[part] + node :], place[part], others[part]
        for row in range(n):
            product[row] = so_far[row]
            so_far[row] *= table[at_rows[row]]
    so_far[:] = 1.0
    for part in range(starts.size - 1, -1, -1):
        table, at_rows, product = tables[starts[part] + node :], place[part], others[part]
        for row in range(n):
            product[row] *= so_far[row]
            so_far[row] *= table[at_rows[row]]
