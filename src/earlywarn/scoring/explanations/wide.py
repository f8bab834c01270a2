"""Leaves whose facts are too many for one table: their game is tabulated in parts, put together when read.

The features that all leaves of a group share stand in parts of at most four, those that they part on in one
part more. At a node t of the quadrature, a part p knows two things from its own facts alone: the product P_p
of its factors f_k = (1 - t) z_k + t o_k, and for each of its features that feature's difference o_j - z_j
times the product without it, own_j. The last part adds these up over the leaves, each times what the leaf
adds and the node's weight. So

    phi_j = sum over t of own_j(t) * product over the other parts of P_q(t),

with as many multiplications as nodes times features, and once more for each part. The tables of a group take
some ten kilobytes where one of all its facts would take megabytes; a leaf of any width can be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from earlywarn.scoring.explanations.grouping import PART_FEATURES
from earlywarn.scoring.trees import Floats, Integers


@dataclass(frozen=True, eq=False)
class WideGroups:
    """Groups of leaves that are read in parts."""

    starts: Integers
    """Where the parts of each group begin."""
    nodes: Integers
    """The nodes of each group's quadrature."""
    columns: Integers
    """The features of each part, (parts, PART_FEATURES); -1 after the last."""
    table: Floats
    """By part and row: the product at each node, then at each node what each feature adds."""
    table_starts: Integers

    @property
    def entry_columns(self) -> Integers:
        """Return the feature of each entry that a row reads, in the order in which entries are summed."""
        return self.columns[self.columns >= 0]

    @property
    def n_steps(self) -> int:
        """Return how many numbers are multiplied to read one row."""
        n_features = np.count_nonzero(self.columns >= 0, axis=1)
        return int(np.repeat(self.nodes, np.diff(self.starts)) @ (n_features + 2))

    @property
    def n_in_hand(self) -> int:
        """Return how many numbers numpy holds at a time for each row."""
        return self._layout.places.size if self.nodes.size else 0

    @cached_property
    def _layout(self) -> _Layout:
        return _laid_out(self)

    def read(self, lines: Integers) -> Floats:
        """Return what each row reads, (rows, entries).

        Args:
            lines: The row of each part's table, (rows, parts).
        """
        layout = self._layout
        line = np.take(lines, layout.parts, axis=1)[..., None, None]
        found = np.take(layout.table, layout.places + line * layout.steps)
        added = found[..., 1:] * _without_each(found[..., 0])[..., None]
        # One node after the other, whatever the number of rows.
        total = added[..., 0, :].copy()
        for node in range(1, added.shape[3]):
            total += added[..., node, :]
        return np.take(total.reshape(len(lines), -1), layout.entries, axis=1)


@dataclass(frozen=True, eq=False)
class _Layout:
    """Where numpy finds all groups at once: those of few parts or nodes are filled up with what adds none."""

    table: Floats
    """The groups' own, then a one and a zero."""
    parts: Integers
    """(groups, parts)"""
    places: Integers
    """Of the product and of what each feature adds, in a part's first row, (groups, parts, nodes, 1 + 4)."""
    steps: Integers
    """From one row of a part's table to the next, (groups, parts, nodes, 1)."""
    entries: Integers
    """Which of (groups, parts, features) are read."""


def _laid_out(wide: WideGroups) -> _Layout:
    sizes, one, zero = np.diff(wide.starts), wide.table.size, wide.table.size + 1
    number, node = np.arange(sizes.max()), np.arange(wide.nodes.max())
    is_part = number < sizes[:, None]
    parts = np.where(is_part, wide.starts[:-1, None] + number, 0)
    is_read = is_part[..., None] & (node < wide.nodes[:, None])[:, None]
    first = wide.table_starts[parts][..., None]
    products = np.where(is_read, first + node, one)[..., None]
    after = (wide.nodes[:, None] + node * PART_FEATURES)[:, None, :, None]
    own = np.where(is_read[..., None], first[..., None] + after + np.arange(PART_FEATURES), zero)
    steps = np.where(is_read, (wide.nodes * (1 + PART_FEATURES))[:, None, None], 0)
    return _Layout(
        table=np.concatenate([wide.table, [1.0, 0.0]]),
        parts=parts,
        places=np.concatenate([products, own], axis=-1),
        steps=steps[..., None],
        entries=np.flatnonzero(is_part[..., None] & (wide.columns[parts] >= 0)),
    )


def _without_each(products: Floats) -> Floats:
    """Return the product of all parts but each, (rows, groups, parts, nodes)."""
    others = np.ones(products.shape)
    before, after = np.ones((2, *products.shape[:2], products.shape[3]))
    for part in range(products.shape[2]):
        others[:, :, part] *= before
        before *= products[:, :, part]
    for part in reversed(range(products.shape[2])):
        others[:, :, part] *= after
        after *= products[:, :, part]
    return others
