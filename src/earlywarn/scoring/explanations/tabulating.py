"""Tabulate groups: what each combination of facts adds to each feature."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from earlywarn.scoring.explanations.games import every_pattern, quadrature
from earlywarn.scoring.explanations.grouping import PART_FEATURES, Group, WideGroup
from earlywarn.scoring.explanations.leaves import Leaf
from earlywarn.scoring.trees import Floats


def tabulated(groups: Sequence[Group]) -> Iterator[Floats]:
    """Return each group's table: attributions by row, (rows, features)."""
    patterns = _patterns([leaf for group in groups for leaf in group.leaves])
    for group in groups:
        rows = np.arange(group.n_rows)
        features = np.array(group.features)
        table = np.zeros((group.n_rows, features.size))
        for leaf in group.leaves:
            own = np.searchsorted(features, sorted(leaf.ratio))
            number = group.met(leaf, rows)[:, own] @ (1 << np.arange(own.size))
            table[:, own] += patterns[id(leaf)][number]
        yield table


def _patterns(leaves: Sequence[Leaf]) -> Mapping[int, Floats]:
    """Tabulate leaves by their own facts, all of one width at a time."""
    by_width: dict[int, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        by_width[len(leaf.ratio)].append(leaf)
    found: dict[int, Floats] = {}
    for width, alike in by_width.items():
        if not width:
            continue
        value = np.array([leaf.value for leaf in alike])
        ratio = np.array([[leaf.ratio[feature] for feature in sorted(leaf.ratio)] for leaf in alike])
        found |= {id(leaf): table for leaf, table in zip(alike, every_pattern(value, ratio), strict=True)}
    return found


def tabulated_in_parts(group: WideGroup) -> Iterator[Floats]:
    """Return the table of each part of a group, (rows, nodes * (1 + PART_FEATURES)).

    A row holds the part's product at each node of the quadrature, then at each node what its features add;
    the last part's hold the leaves' values and the weights of the nodes besides.
    """
    nodes, weights = quadrature(2 * group.n_nodes)
    for number, part in enumerate(group.parts):
        is_last = number == len(group.parts) - 1
        rows = np.arange(part.n_rows)
        product = np.zeros((part.n_rows, group.n_nodes))
        own = np.zeros((part.n_rows, group.n_nodes, PART_FEATURES))
        for leaf in part.leaves:
            share = np.array([leaf.ratio.get(feature, 1.0) for feature in part.features])
            met = part.met(leaf, rows).astype(np.float64)
            factor = share[:, None] + nodes * (met - share)[..., None]
            scale = leaf.value * weights if is_last else np.ones(group.n_nodes)
            product += scale * np.prod(factor, axis=1)
            for place in range(share.size):
                others = np.prod(np.delete(factor, place, axis=1), axis=1)
                own[:, :, place] += scale * (met[:, place] - share[place])[:, None] * others
        yield np.concatenate([product, own.reshape(part.n_rows, -1)], axis=1)
