"""Compile trees into the plain arrays that attributions are read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.scoring.explanations.grouping import PART_FEATURES, Group, WideGroup, grouped
from earlywarn.scoring.explanations.leaves import Branch, Fact, Reading, Readings, branch_of
from earlywarn.scoring.explanations.tables import MOST_LINES, Groups, LeafTables, Lines, Questions
from earlywarn.scoring.explanations.tabulating import tabulated, tabulated_in_parts
from earlywarn.scoring.explanations.wide import WideGroups
from earlywarn.scoring.trees import Floats, Integers, Tree

_BYTES = 8
"""Of a number."""


@dataclass(frozen=True)
class Budget:
    """What the tables of a model may take: memory, and steps to read a row of data."""

    most_rows: int = 1024
    """Rows of one table, at most; so large a table stays in the processor's cache while it is read."""
    most_bytes: int = 64 * 2**20
    most_steps: int = 200_000
    """Numbers taken from tables or multiplied for a row, half a nanosecond each where many rows are read."""

    def __post_init__(self) -> None:
        """Refuse tables without a row, or with more than their lines' numbers can say."""
        if not 1 <= self.most_rows <= MOST_LINES:
            raise ValueError(f"a table has from 1 to {MOST_LINES} rows, not {self.most_rows}")

    def holds(self, tables: LeafTables) -> bool:
        """Say whether a model's tables, and the steps that a row takes, are within the budget."""
        return tables.n_bytes <= self.most_bytes and tables.n_steps <= self.most_steps


def compile_trees(
    trees: Sequence[Tree], n_features: int, *, scale: float = 1.0, budget: Budget | None = None
) -> LeafTables:
    """Compile trees into tables from which exact attributions are read.

    Tables are as large as the budget lets them be: the larger, the fewer steps a row takes. Where they would
    take too much memory, leaves are read from more and smaller tables, and those that need a large one in
    parts. Whatever the budget, all leaves are read and what is read is exact; steps beyond it are seen in
    `LeafTables.n_steps`.

    Args:
        trees: The trees, whose scores are summed.
        n_features: Number of columns of the rows to come.
        scale: Factor on every leaf (one over the number of seeds averaged).
        budget: What the tables may take.
    """
    readings = Readings(trees)
    branches = [branch_of(tree, scale, readings) for tree in trees]
    groups, wide = _within(branches, readings.all, budget or Budget())
    conditions: dict[Fact, int] = {}
    lines = _lines([*groups, *(part for one in wide for part in one.parts)], conditions)
    leaves = (leaf for branch in branches for leaf in branch.leaves)
    return LeafTables(
        n_features=n_features,
        base=float(sum(leaf.value * float(np.prod([*leaf.ratio.values()])) for leaf in leaves)),
        questions=_questions(readings.all, conditions),
        lines=lines,
        groups=_groups(groups),
        wide=_wide(wide),
    )


def _within(
    branches: Sequence[Branch], readings: Sequence[Reading], budget: Budget
) -> tuple[list[Group], list[WideGroup]]:
    """Group leaves in the largest tables that the budget holds, else in those that take least memory."""
    found: list[tuple[int, list[Group], list[WideGroup]]] = []
    most_rows = budget.most_rows
    while most_rows:
        groups, wide = grouped(branches, readings, most_rows=most_rows)
        n_numbers = sum(one.n_numbers for one in groups) + sum(one.n_numbers for one in wide)
        n_bytes = _BYTES * n_numbers
        if n_bytes <= budget.most_bytes:
            return groups, wide
        found.append((n_bytes, groups, wide))
        most_rows //= 2
    _, groups, wide = min(found, key=lambda one: one[0])
    return groups, wide


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


def _lines(tables: Iterable[Group], conditions: dict[Fact, int]) -> Lines:
    facts = [[(fact, digit.stride) for digit in table.digits for fact in digit.facts] for table in tables]
    return Lines(
        conditions=_integers(
            conditions.setdefault(fact, len(conditions)) for own in facts for fact, _ in own
        ),
        strides=_integers(stride for own in facts for _, stride in own),
        starts=_starts(len(own) for own in facts),
    )


def _groups(groups: Sequence[Group]) -> Groups:
    tables = list(tabulated(groups))
    return Groups(
        columns=_integers(feature for group in groups for feature in group.features),
        column_starts=_starts(len(group.features) for group in groups),
        table=_joined(tables),
        table_starts=_starts(table.size for table in tables),
    )


def _wide(groups: Sequence[WideGroup]) -> WideGroups:
    tables = [table for group in groups for table in tabulated_in_parts(group)]
    features = [part.features for group in groups for part in group.parts]
    columns = _integers(column for own in features for column in (*own, *[-1] * (PART_FEATURES - len(own))))
    return WideGroups(
        starts=_starts(len(group.parts) for group in groups),
        nodes=_integers(group.n_nodes for group in groups),
        columns=columns.reshape(-1, PART_FEATURES),
        table=_joined(tables),
        table_starts=_starts(table.size for table in tables),
    )


def _joined(tables: Iterable[Floats]) -> Floats:
    return np.concatenate([np.zeros(0), *(table.ravel() for table in tables)])


def _integers(values: Iterable[int]) -> Integers:
    return np.array(list(values), dtype=np.int64)


def _starts(lengths: Iterable[int]) -> Integers:
    """Return where each of several runs begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(_integers(lengths))]).astype(np.int64)
