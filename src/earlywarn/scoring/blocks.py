"""Score many rows and choose their reasons, compiled to machine code when first called.

A block of rows is turned once, so that a feature's values stand side by side; trees, lines, curves, margins
and reasons then each pass over it while it is in the processor's cache. Every sum has the order that numpy
has in `published` and `reasons`, hence the same bits. Nothing is put into words here.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numba import njit

from earlywarn.scoring.choosing import tell_block
from earlywarn.scoring.explanations.many import (
    BLOCK_ROWS,
    Array,
    BlockReader,
    block_reader,
    empty_block,
    fill,
)
from earlywarn.scoring.points import rules_met
from earlywarn.scoring.published import RULES, PublishedModel
from earlywarn.scoring.reasons import MOST_REASONS, book_of
from earlywarn.scoring.telling import N_NUMBERS, Told
from earlywarn.scoring.terms import CurveTerms, LinearTerms
from earlywarn.scoring.trees import Flags, Floats, Integers


def score_blocks(model: PublishedModel, rows: Floats) -> tuple[Floats, Told, Flags]:
    """Return each row's margin, its reasons in numbers, and whether too little is known to score it.

    The interpreter's lock is hardly held meanwhile: batches can be scored side by side by threads.

    Args:
        model: The published model.
        rows: Encoded feature values, (rows, features).
    """
    rows = model.tables.checked(rows)
    parts = _parts_of(model)
    margins, unknown = np.empty(len(rows)), np.empty(len(rows), dtype=np.bool_)
    told = np.full((len(rows), MOST_REASONS, N_NUMBERS), np.nan)
    values, sums = (empty_block(rows.shape[1], len(rows)) for _ in range(2))
    for start in range(0, len(rows), BLOCK_ROWS):
        n = min(BLOCK_ROWS, len(rows) - start)
        block = slice(start, start + n)
        fill(values, rows, start, n, parts.trees.features)
        parts.trees.explain(values, n, sums)
        _add_lines(values, n, sums, parts.lines)
        _add_curves(values, n, sums, parts.curves)
        _add_up(values, n, sums, model.base, parts.needed, margins[block], unknown[block])
        if parts.book is not None:
            tell_block(values, sums, n, parts.book, told[block])
    if model.kind == RULES:
        told = rules_met(model, rows)
    return model.rounded(margins), told, unknown


@dataclass(frozen=True, eq=False)
class _Parts:
    """A model as machine code takes it."""

    trees: BlockReader
    lines: tuple[Array, ...]
    curves: tuple[Array, ...]
    needed: Integers
    book: tuple[Array, ...] | None
    """None where no reason is chosen by attributions."""


_known: WeakKeyDictionary[PublishedModel, _Parts] = WeakKeyDictionary()


def _parts_of(model: PublishedModel) -> _Parts:
    if model not in _known:
        book = book_of(model)
        _known[model] = _Parts(
            trees=block_reader(model.tables, np.arange(len(model.features))),
            lines=_lines(model.linear),
            curves=_curves(model.curves),
            needed=model.needed,
            book=book.arrays if book.features.size and model.kind != RULES else None,
        )
    return _known[model]


def _lines(terms: LinearTerms) -> tuple[Array, ...]:
    shape = (terms.mean, terms.scale, terms.coefficient)
    return terms.column, shape, (terms.missing_coefficient, terms.missing_share)


def _curves(terms: CurveTerms) -> tuple[Array, ...]:
    starts = np.cumsum([0, *(own.size for own in terms.knots)])
    # A slope for each knot, the last one's never read.
    slopes = [np.append(own, 0.0) for own in terms.slopes]
    shape = tuple(np.concatenate([np.zeros(0), *own]) for own in (terms.knots, terms.heights, slopes))
    return terms.column, starts, shape, (terms.missing_coefficient, terms.missing_share)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_lines(values: Array, n: int, sums: Array, lines: Array) -> None:
    columns, (means, scales, coefficients), (missing_coefficients, missing_shares) = lines
    for line in range(columns.size):
        value, total = values[columns[line]], sums[columns[line]]
        mean, scale, coefficient = means[line], scales[line], coefficients[line]
        known = missing_coefficients[line] * (0.0 - missing_shares[line])
        unknown = missing_coefficients[line] * (1.0 - missing_shares[line])
        for row in range(n):
            is_missing = np.isnan(value[row])
            z = 0.0 if is_missing else (value[row] - mean) / scale
            total[row] += coefficient * z + (unknown if is_missing else known)


@njit(cache=True, nogil=True)
def _add_curves(values: Array, n: int, sums: Array, curves: Array) -> None:
    columns, starts, (knots, heights, slopes), (missing_coefficients, missing_shares) = curves
    for curve in range(columns.size):
        value, total = values[columns[curve]], sums[columns[curve]]
        first, last = starts[curve], starts[curve + 1] - 1
        average = missing_coefficients[curve] * missing_shares[curve]
        for row in range(n):
            inside = min(max(value[row], knots[first]), knots[last])
            at = first
            for knot in range(first + 1, last):
                at += knots[knot] <= inside
            added = heights[at] + slopes[at] * (inside - knots[at])
            total[row] += (missing_coefficients[curve] if np.isnan(value[row]) else added) - average


@njit(cache=True, nogil=True)
def _add_up(
    values: Array, n: int, sums: Array, base: float, needed: Array, margins: Array, unknown: Array
) -> None:
    """Add shares up to margins, feature by feature; and find the rows of which nothing needed is known."""
    margins[:] = 0.0
    for feature in range(sums.shape[0]):
        own = sums[feature]
        for row in range(n):
            margins[row] += own[row]
    for row in range(n):
        margins[row] = base + margins[row]
    unknown[:] = True
    for feature in needed:
        own = values[feature]
        for row in range(n):
            unknown[row] &= np.isnan(own[row])
