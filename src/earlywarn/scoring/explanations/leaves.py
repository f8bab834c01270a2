"""The leaves of a model's trees, each with the facts of a row that it asks for.

Values are known by their **code**: the number of thresholds of the model that lie below. A fact is a run of
codes. A missing value has the code of whatever number goes the same way at every split on its feature; where
there is none, the feature is read twice, once as less and once as more than any number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.scoring.trees import Floats, Tree


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read a feature: its thresholds in rising order, and the code of a missing value."""

    feature: int
    thresholds: Floats
    missing: int

    @property
    def last(self) -> int:
        """Return the largest code."""
        return len(self.thresholds)


@dataclass(frozen=True, order=True)
class Fact:
    """Whether the code of a reading lies in a run, both ends included."""

    reading: int
    first: int
    last: int


@dataclass(frozen=True)
class Leaf:
    """What a leaf adds, its facts, and the share z of each feature on its path."""

    value: float
    facts: tuple[Fact, ...]
    ratio: Mapping[int, float]


@dataclass(frozen=True)
class Branch:
    """A node of a tree with all leaves below it, in the tree's order; a leaf is a branch without sides."""

    leaves: tuple[Leaf, ...]
    sides: tuple[Branch, ...] = ()


class Readings:
    """The readings of all features that some tree splits on."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        """Collect the thresholds of all trees."""
        left: dict[int, set[float]] = defaultdict(set)
        right: dict[int, set[float]] = defaultdict(set)
        for tree in trees:
            for feature, threshold, missing_left in zip(
                tree.feature.tolist(), tree.threshold.tolist(), tree.missing_left.tolist(), strict=True
            ):
                (left if missing_left else right)[feature].add(threshold)
        self.all: list[Reading] = []
        self._of: dict[tuple[int, bool], int] = {}
        for feature in sorted(left.keys() | right.keys()):
            self._read(feature, left[feature], right[feature])

    def _read(self, feature: int, left: set[float], right: set[float]) -> None:
        thresholds = np.array(sorted(left | right), dtype=np.float64)
        if not left or not right or max(right) < min(left):
            self._of[feature, True] = self._of[feature, False] = len(self.all)
            self.all.append(Reading(feature, thresholds, len(right)))
            return
        for missing_left, code in ((True, 0), (False, len(thresholds))):
            self._of[feature, missing_left] = len(self.all)
            self.all.append(Reading(feature, thresholds, code))

    def split(self, tree: Tree, node: int) -> tuple[int, int]:
        """Return the reading of a split, and the last code that goes left."""
        number = self._of[int(tree.feature[node]), bool(tree.missing_left[node])]
        return number, int(np.searchsorted(self.all[number].thresholds, tree.threshold[node]))


def branch_of(tree: Tree, scale: float, readings: Readings) -> Branch:
    """Return a tree as branches; splits of one feature on a path are one fact for each of its readings."""
    made: dict[int, Branch] = {}
    for node, facts, ratio in _children_first(tree, readings):
        if node < 0:
            own = tuple(Fact(number, *run) for number, run in sorted(facts.items()))
            made[node] = Branch((Leaf(float(tree.leaf_value[-1 - node]) * scale, own, ratio),))
            continue
        sides = (made[int(tree.left[node])], made[int(tree.right[node])])
        made[node] = Branch(sides[0].leaves + sides[1].leaves, sides)
    return made[0 if len(tree.feature) else -1]


_Path = tuple[int, dict[int, tuple[int, int]], dict[int, float]]


def _children_first(tree: Tree, readings: Readings) -> Iterator[_Path]:
    waiting: list[_Path] = [(0 if len(tree.feature) else -1, {}, {})]
    seen: list[_Path] = []
    while waiting:
        node, facts, ratio = waiting.pop()
        seen.append((node, facts, ratio))
        if node < 0:
            continue
        number, code = readings.split(tree, node)
        reading = readings.all[number]
        first, last = facts.get(number, (0, reading.last))
        for child, run in (
            (int(tree.left[node]), (first, min(last, code))),
            (int(tree.right[node]), (max(first, code + 1), last)),
        ):
            share = float(_count(tree, child) / tree.node_count[node])
            of_feature = ratio.get(reading.feature, 1.0) * share
            waiting.append((child, {**facts, number: run}, {**ratio, reading.feature: of_feature}))
    yield from reversed(seen)


def _count(tree: Tree, node: int) -> np.float64:
    count: np.float64 = tree.leaf_count[-1 - node] if node < 0 else tree.node_count[node]
    return count
