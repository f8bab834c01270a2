"""Leaves whose facts are too many for a table: their game is tabulated in parts, put together when read.

The features of a leaf stand in parts of at most five. At a node t of the quadrature, a part p knows two
things from its own facts alone: the product of its factors f_k = (1 - t) z_k + t o_k, and for each of its
features the same product without that feature, times what stands before the integral. So

    phi_j = sum over t of own_j(t) * product over the other parts of P_q(t),

with as many multiplications as nodes times features. The tables of a leaf take some ten kilobytes where one
of all its facts would take megabytes; a leaf of any width can be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from earlywarn.scoring.explanations.games import quadrature
from earlywarn.scoring.trees import Flags, Floats, Integers

LARGEST_PART = 5


@dataclass(frozen=True, eq=False)
class LoneLeaves:
    """Leaves that have no table of all their facts, in order of width."""

    starts: Integers
    columns: Integers
    """The features of each leaf."""
    conditions: Integers
    """The conditions of each, (entries, 2): both must be met; they are the same where there is one."""
    table: Floats
    """By leaf, part and pattern of facts: the product at each node, then what each feature adds at each."""
    table_starts: Integers

    @cached_property
    def _widths(self) -> Integers:
        return np.unique(np.diff(self.starts))

    def read(self, met: Flags) -> Floats:
        """Return what each row gets from all leaves, (rows, entries)."""
        facts = np.take(met, self.conditions[:, 0], axis=1) & np.take(met, self.conditions[:, 1], axis=1)
        answer = np.empty(facts.shape)
        widths = np.diff(self.starts)
        for width in self._widths.tolist():
            first, last = np.searchsorted(widths, [width, width + 1])
            entries = slice(int(self.starts[first]), int(self.starts[last]))
            own = facts[:, entries].reshape(len(met), last - first, width)
            told = self._read_alike(own, self.table_starts[first:last], width)
            answer[:, entries] = told.reshape(len(met), -1)
        return answer

    def _read_alike(self, facts: Flags, starts: Integers, width: int) -> Floats:
        """Read leaves of one width, (rows, leaves, width)."""
        n_nodes = nodes_of(width)
        products, own, at = [], [], starts
        for left, size in parts_of(width):
            line = n_nodes * (size + 1)
            pattern = facts[..., left : left + size] @ (1 << np.arange(size))
            place = (at + pattern * line)[..., None] + np.arange(line)
            told = np.take(self.table, place).reshape(*pattern.shape, size + 1, n_nodes)
            products.append(told[..., 0, :])
            own.append(told[..., 1:, :])
            at = at + (line << size)
        others = _without_each(products)
        answer = np.empty(facts.shape)
        for (left, size), mine, other in zip(parts_of(width), own, others, strict=True):
            total = np.zeros(mine.shape[:-1])
            for node in range(n_nodes):
                total += mine[..., node] * other[..., None, node]
            answer[..., left : left + size] = total
        return answer


def _without_each(products: list[Floats]) -> list[Floats]:
    """Return the product of all but each."""
    ones = np.ones(products[0].shape)
    before, after = [ones], [ones]
    for one in products[:-1]:
        before.append(before[-1] * one)
    for one in products[:0:-1]:
        after.append(after[-1] * one)
    return [one * other for one, other in zip(before, reversed(after), strict=True)]


def nodes_of(width: int) -> int:
    """Return how many nodes integrate the game of so many features exactly."""
    return (width + 1) // 2


def parts_of(width: int) -> Iterator[tuple[int, int]]:
    """Part the features of a leaf into runs of nearly equal size: where each begins, and its size.

    >>> list(parts_of(12))
    [(0, 4), (4, 4), (8, 4)]
    """
    n_parts = -(-width // LARGEST_PART)
    left = 0
    for part in range(n_parts):
        size = width // n_parts + (part < width % n_parts)
        yield left, size
        left += size


def table_of(value: float, ratio: Floats) -> Floats:
    """Tabulate one leaf in parts.

    Args:
        value: What the leaf adds.
        ratio: The share z of each of its features.
    """
    nodes, weights = quadrature(ratio.size)
    found = []
    for left, size in parts_of(ratio.size):
        met = ((np.arange(1 << size)[:, None] >> np.arange(size)) & 1).astype(np.float64)
        share = ratio[left : left + size]
        factor = (1 - nodes) * share[:, None] + nodes * met[..., None]
        own = [
            value * (met[:, j] - share[j])[:, None] * weights * np.prod(np.delete(factor, j, axis=1), axis=1)
            for j in range(size)
        ]
        found.append(np.stack([np.prod(factor, axis=1), *own], axis=1).ravel())
    return np.concatenate(found)
