"""Read LightGBM's text models without LightGBM.

A damaged model file kills a process in which LightGBM reads it; here it is only text, and whatever this
reader does not know it refuses by name. Only what exact explanations understand is read: numeric splits,
one tree per iteration, constant leaves, missing values that are NaN or do not occur.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from earlywarn.errors import DamagedModelError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Tree:
    """One binary tree; children below zero are leaves, leaf `i` written as `-1 - i`."""

    feature: Integers
    threshold: Floats
    missing_left: Flags
    """Where a missing value goes: the default side, or the side of zero if none was seen in training."""
    left: Integers
    right: Integers
    node_count: Floats
    leaf_value: Floats
    leaf_count: Floats


@dataclass(frozen=True, eq=False)
class TreeModel:
    """The trees of one LightGBM model, in order, and the names of its features."""

    feature_names: tuple[str, ...]
    trees: tuple[Tree, ...]


def read_trees(text: str, *, where: str = "trees") -> TreeModel:
    """Read the trees from the text that LightGBM's `model_to_string` gives.

    Args:
        text: The whole model as text.
        where: Name of the file, for messages.

    Raises:
        DamagedModelError: The text is cut or contradicts itself, or the model uses something that exact
            explanations do not cover (categorical splits, zero as missing, linear leaves, many classes).
    """
    try:
        head, *sections = text.split("\nTree=")
        return _read(head, sections)
    except _UnknownError as error:
        raise DamagedModelError(str(error), where=where, todo="train it without and publish again") from error
    except (KeyError, ValueError, IndexError) as error:
        raise DamagedModelError(
            "the text is not a whole LightGBM model", where=where, todo="publish the model again"
        ) from error


class _UnknownError(Exception):
    """The model holds something that this reader refuses."""


def _read(head: str, sections: list[str]) -> TreeModel:
    header = _fields(head)
    if header["num_tree_per_iteration"] != "1" or header["num_class"] != "1":
        raise _UnknownError("the model has several outputs")
    if "average_output" in head.split():
        raise _UnknownError("the model averages its trees (random forest mode)")
    if "end of trees" not in (sections[-1] if sections else head):
        raise ValueError("cut")
    names = tuple(header["feature_names"].split(" "))
    if len(names) != int(header["max_feature_idx"]) + 1:
        raise ValueError("feature names")
    if len(sections) != len(header.get("tree_sizes", "").split()):
        raise ValueError("number of trees")
    return TreeModel(names, tuple(_tree(_fields(section), len(names)) for section in sections))


def _fields(section: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in section.splitlines() if "=" in line and line[0] != "[")


def _tree(fields: dict[str, str], n_features: int) -> Tree:
    n_leaves = int(fields["num_leaves"])
    if int(fields["num_cat"]) or int(fields.get("is_linear", "0")):
        raise _UnknownError("a tree has categorical splits or linear leaves")
    decision = _integers(fields["decision_type"])
    missing = (decision >> 2) & 3
    if np.any(decision & _CATEGORICAL):
        raise _UnknownError("a tree has categorical splits")
    if np.any(missing == _MISSING_ZERO):
        raise _UnknownError("a tree takes zero for missing")
    threshold = _floats(fields["threshold"])
    default_left = (decision & _DEFAULT_LEFT) > 0
    tree = Tree(
        feature=_integers(fields["split_feature"]),
        threshold=threshold,
        missing_left=np.where(missing == _MISSING_NAN, default_left, threshold >= 0.0),
        left=_integers(fields["left_child"]),
        right=_integers(fields["right_child"]),
        node_count=_floats(fields["internal_count"]),
        leaf_value=_floats(fields["leaf_value"]),
        leaf_count=_floats(fields.get("leaf_count", "1")),
    )
    _check(tree, n_leaves, n_features)
    return tree


def _check(tree: Tree, n_leaves: int, n_features: int) -> None:
    """Refuse a tree that is no tree: wrong lengths, a node reached twice or never, counts of nothing."""
    nodes = (tree.feature, tree.threshold, tree.missing_left, tree.left, tree.right, tree.node_count)
    if n_leaves < 1 or any(part.shape != (n_leaves - 1,) for part in nodes):
        raise ValueError("lengths")
    if tree.leaf_value.shape != (n_leaves,) or tree.leaf_count.shape != (n_leaves,):
        raise ValueError("lengths")
    if not (np.isfinite(tree.leaf_value).all() and not np.isnan(tree.threshold).any()):
        raise ValueError("numbers")
    if n_leaves == 1:
        return
    children = np.sort(np.concatenate([tree.left, tree.right]))
    expected = np.concatenate([np.arange(-n_leaves, 0), np.arange(1, n_leaves - 1)])
    if not np.array_equal(children, expected):
        raise ValueError("children")
    # A parent stands before its children in LightGBM's order, which rules out cycles.
    for side in (tree.left, tree.right):
        inner = side >= 0
        if np.any(side[inner] <= np.flatnonzero(inner)):
            raise ValueError("order")
    if np.any(tree.feature < 0) or np.any(tree.feature >= n_features) or np.any(tree.node_count <= 0):
        raise ValueError("features or counts")


def _integers(text: str) -> Integers:
    return np.array(text.split(), dtype=np.int64)


def _floats(text: str) -> Floats:
    return np.array(text.split(), dtype=np.float64)
