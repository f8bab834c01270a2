"""Compile trees into the plain arrays that attributions are read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from earlywarn.scoring.explanations.grouping import Group, grouped, tabulated
from earlywarn.scoring.explanations.leaves import Branch, Fact, Leaf, Reading, Readings, branch_of
from earlywarn.scoring.explanations.lone import LoneLeaves, table_of
from earlywarn.scoring.explanations.tables import Groups, LeafTables, Questions
from earlywarn.scoring.trees import Integers, Tree

MOST_ROWS = 1024
"""Rows of one table, at most."""

MOST_BYTES = 64 * 2**20
"""What the tables of all groups may take; a leaf that is left without one takes some ten kilobytes more."""


def compile_trees(
    trees: Sequence[Tree],
    n_features: int,
    *,
    scale: float = 1.0,
    most_rows: int = MOST_ROWS,
    most_bytes: int = MOST_BYTES,
) -> LeafTables:
    """Compile trees into tables from which exact attributions are read.

    Args:
        trees: The trees, whose scores are summed.
        n_features: Number of columns of the rows to come.
        scale: Factor on every leaf (one over the number of seeds averaged).
        most_rows: Leaves are put together as long as their table has at most so many rows; a leaf that needs
            more by itself is computed when read, without a table.
        most_bytes: Groups are cut smaller until their tables together fit in this size.
    """
    readings = Readings(trees)
    branches = [branch_of(tree, scale, readings) for tree in trees]
    groups, alone = _within(branches, readings.all, most_rows, most_bytes)
    conditions: dict[Fact, int] = {}
    by_group = _groups(groups, readings.all, conditions)
    lone = _lone(alone, readings.all, conditions)
    leaves = (leaf for branch in branches for leaf in branch.leaves)
    return LeafTables(
        n_features=n_features,
        base=float(sum(leaf.value * float(np.prod([*leaf.ratio.values()])) for leaf in leaves)),
        questions=_questions(readings.all, conditions),
        groups=by_group,
        lone=lone,
    )


def _within(
    branches: Sequence[Branch], readings: Sequence[Reading], most_rows: int, most_bytes: int
) -> tuple[list[Group], list[Leaf]]:
    while True:
        groups, alone = grouped(branches, readings, most_rows=most_rows)
        n_bytes = sum(8 * group.n_rows * len(group.digits) for group in groups)
        if n_bytes <= most_bytes or most_rows <= 1:
            return groups, alone
        most_rows //= 2


def _questions(readings: Sequence[Reading], conditions: dict[Fact, int]) -> Questions:
    return Questions(
        feature=_integers(one.feature for one in readings),
        missing=_integers(one.missing for one in readings),
        starts=_starts(len(one.thresholds) for one in readings),
        thresholds=np.concatenate([np.zeros(0), *(one.thresholds for one in readings)]),
        reading=_integers(fact.reading for fact in conditions),
        first=_integers(fact.first for fact in conditions),
        last=_integers(fact.last for fact in conditions),
    )


def _groups(groups: Sequence[Group], readings: Sequence[Reading], conditions: dict[Fact, int]) -> Groups:
    facts = [[(fact, digit.stride) for digit in group.digits for fact in digit.facts] for group in groups]
    tables = list(tabulated(groups, readings))
    return Groups(
        conditions=_integers(
            conditions.setdefault(fact, len(conditions)) for own in facts for fact, _ in own
        ),
        strides=_integers(stride for own in facts for _, stride in own),
        fact_starts=_starts(len(own) for own in facts),
        columns=np.concatenate([_integers([]), *(features for features, _ in tables)]),
        column_starts=_starts(features.size for features, _ in tables),
        table=np.concatenate([np.zeros(0), *(table.ravel() for _, table in tables)]),
        table_starts=_starts(table.size for _, table in tables),
    )


def _lone(leaves: Sequence[Leaf], readings: Sequence[Reading], conditions: dict[Fact, int]) -> LoneLeaves:
    """Put the leaves without a table in order of width."""
    ordered = sorted(leaves, key=lambda leaf: len(leaf.ratio))
    columns, tables, pairs = [], [], []
    for leaf in ordered:
        features = sorted(leaf.ratio)
        columns.append(features)
        tables.append(table_of(leaf.value, np.array([leaf.ratio[feature] for feature in features])))
        for feature in features:
            own = [fact for fact in leaf.facts if readings[fact.reading].feature == feature]
            numbers = [conditions.setdefault(fact, len(conditions)) for fact in own]
            pairs.append((numbers[0], numbers[-1]))
    return LoneLeaves(
        starts=_starts(len(own) for own in columns),
        columns=_integers(feature for own in columns for feature in own),
        conditions=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        table=np.concatenate([np.zeros(0), *tables]),
        table_starts=_starts(table.size for table in tables),
    )


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)


def _starts(lengths: Iterable[int]) -> Integers:
    """Return where each of several runs begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(_integers(lengths))]).astype(np.int64)
