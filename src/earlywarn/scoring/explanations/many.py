"""Read the attributions of many rows, compiled to machine code when first called; the same bits as by numpy.

A block of rows is coded once: a value becomes the number of its feature's thresholds that lie below, one byte
where these are few. Facts are then comparisons of bytes, reading by reading and row after row, which the
processor does many at a time; what remains for each row is one line of each group's table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from earlywarn.scoring.explanations.lone import LARGEST_PART
from earlywarn.scoring.explanations.tables import LeafTables
from earlywarn.scoring.trees import Floats

_BLOCK_ROWS = 512
_LARGEST_BYTE = 255
FEW_THRESHOLDS = 12
"""So few are compared one after the other; among more, the place is found by halving."""

Array = Any
"""What the compiler takes for an array."""


def attributions_of_many(tables: LeafTables, rows: Floats) -> Floats:
    """Return what `LeafTables.attributions` returns, bit for bit, some ten times as fast where rows are many.

    The interpreter's lock is not held meanwhile: blocks of rows can be read side by side by threads.
    """
    rows = tables.checked(rows)
    answer = np.zeros(rows.shape)
    if not tables.columns.size:
        return answer
    asked, groups, lone = tables.questions, tables.groups, tables.lone
    few = bool(np.diff(asked.starts).max() < _LARGEST_BYTE)
    code = np.uint8 if few else np.uint16
    of = groups.conditions
    facts = (asked.reading[of], asked.first[of].astype(code), asked.last[of].astype(code))
    _read(
        rows,
        answer,
        np.zeros((asked.feature.size, _BLOCK_ROWS), dtype=code),
        (asked.feature, asked.missing, asked.starts, asked.thresholds),
        (*facts, groups.strides.astype(np.int32)),
        (groups.fact_starts, groups.columns, groups.column_starts, groups.table, groups.table_starts),
        (lone.starts, lone.columns, lone.conditions, lone.table, lone.table_starts),
        (asked.reading, asked.first.astype(code), asked.last.astype(code)),
    )
    return answer


@njit(cache=True, nogil=True)
def _read(
    rows: Array,
    answer: Array,
    codes: Array,
    readings: Array,
    facts: Array,
    groups: Array,
    lone: Array,
    conditions: Array,
) -> None:
    n_rows, block = rows.shape[0], codes.shape[1]
    # A feature's sums stand side by side: whole runs of rows are added at once.
    # A little longer than a block, so that columns do not fall on the same lines of the cache.
    sums = np.empty((rows.shape[1], block + 8))
    number = np.empty(block, dtype=np.int32)
    for start in range(0, n_rows, block):
        n = min(block, n_rows - start)
        _code(rows, start, n, codes, readings)
        sums[:] = 0.0
        _add_groups(sums, n, codes, number, facts, groups)
        if lone[1].size:
            _add_lone(sums, n, codes, lone, conditions)
        for row in range(n):
            for column in range(rows.shape[1]):
                answer[start + row, column] = sums[column, row]


@njit(cache=True, nogil=True)
def _code(rows: Array, start: int, n: int, codes: Array, readings: Array) -> None:
    """Count the thresholds below each value: all rows take each step together."""
    feature, missing, starts, thresholds = readings
    value = np.empty(codes.shape[1])
    below = np.empty(codes.shape[1], dtype=np.int32)
    for reading in range(feature.size):
        column = feature[reading]
        for row in range(n):
            value[row] = rows[start + row, column]
        below[:n] = 0
        own = thresholds[starts[reading] : starts[reading + 1]]
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
        unknown = missing[reading]
        for row in range(n):
            codes[reading, row] = unknown if np.isnan(value[row]) else below[row]


@njit(cache=True, nogil=True)
def _add_groups(sums: Array, n: int, codes: Array, number: Array, facts: Array, groups: Array) -> None:
    reading, first, last, stride = facts
    fact_starts, columns, column_starts, tables, table_starts = groups
    for group in range(table_starts.size - 1):
        number[:n] = 0
        for fact in range(fact_starts[group], fact_starts[group + 1]):
            own, low, high, step = codes[reading[fact]], first[fact], last[fact], stride[fact]
            for row in range(n):
                number[row] += step * ((low <= own[row]) & (own[row] <= high))
        left, right = column_starts[group], column_starts[group + 1]
        for row in range(n):
            number[row] *= right - left
        table = tables[table_starts[group] :]
        for entry in range(right - left):
            total = sums[columns[left + entry]]
            for row in range(n):
                total[row] += table[number[row] + entry]


@njit(cache=True, nogil=True)
def _add_lone(sums: Array, n: int, codes: Array, lone: Array, conditions: Array) -> None:
    """Put leaves without a table together from their parts, in the order of operations of `LoneLeaves`."""
    starts, columns, pairs, tables, table_starts = lone
    widest = 0
    for leaf in range(starts.size - 1):
        widest = max(widest, starts[leaf + 1] - starts[leaf])
    most_nodes, most_parts = (widest + 1) // 2, -(-widest // LARGEST_PART)
    line = np.empty((most_parts, n), dtype=np.int32)
    others = np.empty((most_parts, most_nodes, n))
    so_far, total = np.empty(n), np.empty(n)
    for leaf in range(starts.size - 1):
        left = starts[leaf]
        width = starts[leaf + 1] - left
        n_nodes, n_parts = (width + 1) // 2, -(-width // LARGEST_PART)
        table, at, k = tables[table_starts[leaf] :], 0, left
        for part in range(n_parts):
            size = width // n_parts + (part < width % n_parts)
            _find_lines(line[part], n, codes, pairs[k : k + size], conditions)
            for row in range(n):
                line[part, row] = at + line[part, row] * (n_nodes * (size + 1))
            at, k = at + ((n_nodes * (size + 1)) << size), k + size
        for node in range(n_nodes):
            so_far[:] = 1.0
            for part in range(n_parts):
                for row in range(n):
                    others[part, node, row] = so_far[row]
                    so_far[row] *= table[line[part, row] + node]
            so_far[:] = 1.0
            for part in range(n_parts - 1, -1, -1):
                for row in range(n):
                    others[part, node, row] *= so_far[row]
                    so_far[row] *= table[line[part, row] + node]
        k = left
        for part in range(n_parts):
            size = width // n_parts + (part < width % n_parts)
            for j in range(size):
                total[:] = 0.0
                for node in range(n_nodes):
                    place = (j + 1) * n_nodes + node
                    for row in range(n):
                        total[row] += table[line[part, row] + place] * others[part, node, row]
                own = sums[columns[k + j]]
                for row in range(n):
                    own[row] += total[row]
            k += size


@njit(cache=True, nogil=True)
def _find_lines(line: Array, n: int, codes: Array, pairs: Array, conditions: Array) -> None:
    """Put the facts of a part together to the number of its line."""
    reading, first, last = conditions
    line[:n] = 0
    for j in range(pairs.shape[0]):
        one, two = pairs[j]
        own, low, high = codes[reading[one]], first[one], last[one]
        other, lowest, highest = codes[reading[two]], first[two], last[two]
        for row in range(n):
            met = (low <= own[row]) & (own[row] <= high) & (lowest <= other[row]) & (other[row] <= highest)
            line[row] += met << j
