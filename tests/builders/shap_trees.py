"""Explain trees by the shap library's own algorithm, which shares no code with LightGBM's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from earlywarn.scoring import Tree


def shap_values(trees: Sequence[Tree], rows: np.ndarray) -> np.ndarray:
    """Return path-dependent attributions, (rows, features)."""
    with warnings.catch_warnings():  # shap's plots set colors in a way that matplotlib will drop
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    described = {"trees": [_shap_tree(tree) for tree in trees], "input_dtype": np.float64}
    explainer = shap.TreeExplainer(described, feature_perturbation="tree_path_dependent")
    return np.asarray(explainer.shap_values(rows, check_additivity=False))


def _shap_tree(tree: Tree) -> dict[str, np.ndarray]:
    """Write a tree as the shap library's own code takes it: nodes first, then leaves."""
    n_nodes, n_leaves = len(tree.feature), len(tree.leaf_value)
    left, right = (np.where(side < 0, n_nodes - 1 - side, side) for side in (tree.left, tree.right))
    ends, zeros = np.full(n_leaves, -1), np.zeros(n_leaves)
    return {
        "children_left": np.concatenate([left, ends]),
        "children_right": np.concatenate([right, ends]),
        "children_default": np.concatenate([np.where(tree.missing_left, left, right), ends]),
        "features": np.concatenate([tree.feature, ends]),
        "thresholds": np.concatenate([tree.threshold, zeros]),
        "values": np.concatenate([np.zeros(n_nodes), tree.leaf_value])[:, None],
        "node_sample_weight": np.concatenate([tree.node_count, tree.leaf_count]),
    }
