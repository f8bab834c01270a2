"""Shapley values of one leaf's game, by quadrature; the package's docstring derives the formula."""

from __future__ import annotations

import numpy as np

from earlywarn.scoring.trees import Floats


def shapley(value: Floats, ratio: Floats, met: Floats) -> Floats:
    """Return the Shapley values of leaf games; the last axis is the leaf's features.

    Args:
        value: What each leaf adds, broadcast against the others without their last axis.
        ratio: The share z of each feature.
        met: The fact o of each feature, 0 or 1.
    """
    width = ratio.shape[-1]
    nodes, weights = quadrature(width)
    total = np.zeros(np.broadcast_shapes(ratio.shape, met.shape))
    for t, weight in zip(nodes, weights, strict=True):
        factor = (1 - t) * ratio + t * met
        others = np.ones_like(total)
        before = np.ones(total.shape[:-1])
        after = np.ones(total.shape[:-1])
        for k in range(width):
            others[..., k] *= before
            others[..., width - 1 - k] *= after
            before = before * factor[..., k]
            after = after * factor[..., width - 1 - k]
        total += weight * others
    return np.asarray(value[..., None] * (met - ratio) * total, dtype=np.float64)


def quadrature(width: int) -> tuple[Floats, Floats]:
    """Return nodes and weights on [0, 1] that integrate a polynomial of degree `width - 1` exactly."""
    nodes, weights = np.polynomial.legendre.leggauss(nodes_of(width))
    return (nodes + 1) / 2, weights / 2


def nodes_of(width: int) -> int:
    """Return how many nodes integrate the game of so many features exactly."""
    return (width + 1) // 2


def every_pattern(value: Floats, ratio: Floats) -> Floats:
    """Return the attributions of every pattern of facts of each leaf, (leaves, 2**width, width).

    Bit `j` of a pattern is the fact of the leaf's feature `j`.
    """
    width = ratio.shape[1]
    patterns = (np.arange(2**width)[:, None] >> np.arange(width)) & 1
    met = patterns.astype(np.float64)
    block = max(1, 2**20 // met.size)
    parts = [
        shapley(value[at : at + block, None], ratio[at : at + block, None, :], met[None])
        for at in range(0, len(value), block)
    ]
    return np.concatenate(parts)
