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

    @cached_property
    def _places(self) -> tuple[Integers, Integers]:
        """Return where parts have features, and the features, in the order in which they are summed."""
        places = np.flatnonzero(self.columns >= 0)
        return places, self.columns.ravel()[places]

    @property
    def entry_columns(self) -> Integers:
        """Return the feature of each entry that a row reads."""
        return self._places[1]

    @property
    def n_steps(self) -> int:
        """Return how many numbers are multiplied to read one row."""
        n_features = np.count_nonzero(self.columns >= 0, axis=1)
        return int(np.repeat(self.nodes, np.diff(self.starts)) @ (n_features + 2))

    def read(self, lines: Integers) -> Floats:
        """Return what each row reads, (rows, entries).

        Args:
            lines: The row of each part's table, (rows, parts).
        """
        sizes = np.diff(self.starts)
        told = np.empty((len(lines), *self.columns.shape))
        for size, n_nodes in sorted(set(zip(sizes.tolist(), self.nodes.tolist(), strict=True))):
            alike = np.flatnonzero((sizes == size) & (self.nodes == n_nodes))
            parts = self.starts[alike][:, None] + np.arange(size)
            told[:, parts] = self._read_alike(lines[:, parts], self.table_starts[parts], n_nodes)
        return told.reshape(len(lines), -1)[:, self._places[0]]

    def _read_alike(self, lines: Integers, starts: Integers, n_nodes: int) -> Floats:
        """Read groups of as many parts and nodes, (rows, groups, parts, PART_FEATURES)."""
        width = n_nodes * (1 + PART_FEATURES)
        found = np.take(self.table, (starts + lines * width)[..., None] + np.arange(width))
        products = found[..., :n_nodes]
        own = found[..., n_nodes:].reshape(*lines.shape, n_nodes, PART_FEATURES)
        others = _without_each(products)
        total = np.zeros((*lines.shape, PART_FEATURES))
        for node in range(n_nodes):
            total += own[..., node, :] * others[..., node, None]
        return total


def _without_each(products: Floats) -> Floats:
    """Return the product of all parts but each, (rows, groups, parts, nodes)."""
    n_parts = products.shape[2]
    others = np.ones(products.shape)
    before = np.ones((*products.shape[:2], products.shape[3]))
    after = before.copy()
    for part in range(n_parts):
        others[:, :, part] *= before
        before *= products[:, :, part]
    for part in reversed(range(n_parts)):
        others[:, :, part] *= after
        after *= products[:, :, part]
    return others
