"""Choose which leaves are read together, and from what: the way that costs a row the fewest steps.

Where all leaves under a node ask the same of a reading, that is one fact. Where they part on it, the ends of
their runs cut its codes into intervals, and the facts are how many ends a code has passed. The row of a table
is a number with one digit for each reading.

Leaves with few facts between them share one table, of which a row of data reads one row. Leaves with more are
read from several small tables (see `wide`), which takes more steps.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.scoring.explanations.games import nodes_of
from earlywarn.scoring.explanations.leaves import Branch, Fact, Leaf, Reading
from earlywarn.scoring.trees import Flags, Integers

PART_FEATURES = 4
"""Features of a part, at most: each has two outcomes or more, and a part's table has few rows."""
_PART_ROWS = 1 << PART_FEATURES


@dataclass(frozen=True, eq=False)
class Group:
    """Leaves that are read from one table; or one part of them, by some of their features."""

    leaves: tuple[Leaf, ...]
    digits: tuple[_Digit, ...]
    n_rows: int

    @property
    def features(self) -> list[int]:
        """Return the features that are asked for, in rising order."""
        return sorted({digit.feature for digit in self.digits})

    @property
    def steps(self) -> int:
        """Return how many numbers a row of data takes from the table."""
        return len(self.features)

    @property
    def n_numbers(self) -> int:
        """Return how many numbers the table holds."""
        return self.n_rows * self.steps

    def met(self, leaf: Leaf, row: Integers) -> Flags:
        """Say which of the features a leaf finds as it asks in rows of the table, (rows, features).

        Those it does not ask for count as met.
        """
        met = np.ones((row.size, self.steps), dtype=np.bool_)
        digits = {digit.reading: (digit, self.features.index(digit.feature)) for digit in self.digits}
        for fact in leaf.facts:
            if fact.reading in digits:
                digit, place = digits[fact.reading]
                met[:, place] &= digit.holds(fact, row)
        return met


@dataclass(frozen=True, eq=False)
class WideGroup:
    """Leaves that are read from several tables: by what all share, and last by what they part on."""

    parts: tuple[Group, ...]
    n_nodes: int

    @property
    def steps(self) -> int:
        """Return how many numbers are multiplied for a row of data."""
        return self.n_nodes * sum(part.steps + 2 for part in self.parts)

    @property
    def n_numbers(self) -> int:
        """Return how many numbers the parts' tables hold."""
        return self.n_nodes * (1 + PART_FEATURES) * sum(part.n_rows for part in self.parts)


@dataclass(frozen=True)
class _Digit:
    """One reading's part of a table's row: each fact that holds adds `stride`."""

    reading: int
    feature: int
    facts: tuple[Fact, ...]
    cuts: tuple[int, ...]
    """Where intervals of codes begin; empty where all leaves ask the same."""
    stride: int = 1

    @property
    def radix(self) -> int:
        """Return how many values the digit has."""
        return len(self.facts) + 1

    def holds(self, fact: Fact, row: Integers) -> Flags:
        """Say in which rows of the table a leaf's fact holds."""
        value = row // self.stride % self.radix
        if not self.cuts:
            return np.asarray(value == 1)
        low, high = (int(np.searchsorted(self.cuts, at, side="right")) for at in (fact.first, fact.last))
        return np.asarray((low <= value) & (value <= high))


def grouped(
    trees: Sequence[Branch], readings: Sequence[Reading], *, most_rows: int
) -> tuple[list[Group], list[WideGroup]]:
    """Return the groups that all leaves are read from, whose tables have at most `most_rows` rows."""
    groups: list[Group] = []
    wide: list[WideGroup] = []
    for tree in trees:
        for one in _cheapest(tree, readings, most_rows):
            if isinstance(one, WideGroup):
                wide.append(one)
            elif one.digits:
                groups.append(one)
    return groups, wide


def _cheapest(tree: Branch, readings: Sequence[Reading], most_rows: int) -> list[Group | WideGroup]:
    """Put the leaves of a tree into groups: one table where that is enough, else what takes fewer steps."""
    waiting, parents_first = [tree], []
    found: dict[int, list[Group | WideGroup]] = {}
    while waiting:
        branch = waiting.pop()
        digits = _digits(branch.leaves, readings, most_rows)
        if digits is not None:
            found[id(branch)] = [_group(branch.leaves, digits)]
        else:
            parents_first.append(branch)
            waiting += reversed(branch.sides)
    for branch in reversed(parents_first):
        ways: list[list[Group | WideGroup]] = []
        if branch.sides:
            ways.append([one for side in branch.sides for one in found[id(side)]])
        parted = _parted(branch.leaves, readings)
        if parted is not None:
            ways.append([parted])
        found[id(branch)] = min(ways, key=lambda way: sum(one.steps for one in way))
    return found[id(tree)]


def _digits(
    leaves: Sequence[Leaf], readings: Sequence[Reading], most_rows: float = math.inf
) -> list[_Digit] | None:
    """Return a digit for each reading that leaves ask for; None where a table would have too many rows."""
    asked: dict[int, set[Fact]] = defaultdict(set)
    times: dict[int, int] = defaultdict(int)
    for leaf in leaves:
        for fact in leaf.facts:
            asked[fact.reading].add(fact)
            times[fact.reading] += 1
    digits: list[_Digit] = []
    n_rows = 1
    for number in sorted(asked):
        reading, facts = readings[number], asked[number]
        if len(facts) == 1 and times[number] == len(leaves):
            digits.append(_Digit(number, reading.feature, tuple(facts), ()))
        else:
            ends = {fact.first for fact in facts} | {fact.last + 1 for fact in facts}
            cuts = tuple(sorted(at for at in ends if 0 < at <= reading.last))
            passed = tuple(Fact(number, at, reading.last) for at in cuts)
            digits.append(_Digit(number, reading.feature, passed, cuts))
        n_rows *= digits[-1].radix
        if n_rows > most_rows:
            return None
    return digits


def _group(leaves: Sequence[Leaf], digits: Sequence[_Digit]) -> Group:
    n_rows, placed = 1, []
    for digit in digits:
        placed.append(_Digit(digit.reading, digit.feature, digit.facts, digit.cuts, n_rows))
        n_rows *= digit.radix
    return Group(tuple(leaves), tuple(placed), n_rows)


def _parted(leaves: Sequence[Leaf], readings: Sequence[Reading]) -> WideGroup | None:
    """Part the features of leaves; None where what the leaves differ in is too much for one part."""
    by_feature: dict[int, list[_Digit]] = defaultdict(list)
    for digit in _digits(leaves, readings) or ():
        by_feature[digit.feature].append(digit)
    shared: list[list[_Digit]] = []
    parting: list[list[_Digit]] = []
    for own in by_feature.values():
        (parting if any(digit.cuts for digit in own) else shared).append(own)
    parts = _filled(shared)
    if parting:
        parts.append([digit for own in parting for digit in own])
    if _n_rows(parts[-1]) > _PART_ROWS:
        return None
    # All leaves share what stands in the other parts, so that one of them speaks for all.
    found = [_group(leaves[:1], part) for part in parts[:-1]]
    width = max(len(leaf.ratio) for leaf in leaves)
    return WideGroup((*found, _group(leaves, parts[-1])), nodes_of(width))


def _filled(features: Sequence[list[_Digit]]) -> list[list[_Digit]]:
    parts: list[list[_Digit]] = []
    for own in features:
        if not parts or _n_rows(parts[-1] + own) > _PART_ROWS:
            parts.append([])
        parts[-1] += own
    return parts


def _n_rows(digits: Sequence[_Digit]) -> int:
    return math.prod(digit.radix for digit in digits)
