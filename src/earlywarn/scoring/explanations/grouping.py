"""Put leaves under a common node into one table: which row of it is read depends on few facts of a row.

Where all leaves of a group ask the same of a reading, that is one fact. Where they part on it, the ends of
their runs cut its codes into intervals, and the facts are how many ends a code has passed. The row of the
table is a number with one digit for each reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.scoring.explanations.games import every_pattern
from earlywarn.scoring.explanations.leaves import Branch, Fact, Leaf, Reading
from earlywarn.scoring.trees import Flags, Floats, Integers


@dataclass(frozen=True, eq=False)
class Group:
    """Leaves that are read from one table."""

    leaves: tuple[Leaf, ...]
    digits: tuple[_Digit, ...]
    n_rows: int


@dataclass(frozen=True)
class _Digit:
    """One reading's part of a table's row: each fact that holds adds `stride`."""

    reading: int
    facts: tuple[Fact, ...]
    cuts: tuple[int, ...]
    """Where intervals of codes begin; empty where all leaves ask the same."""
    stride: int

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
) -> tuple[list[Group], list[Leaf]]:
    """Return the largest groups whose tables have at most `most_rows` rows, and the leaves left without.

    A leaf alone has a row for each pattern of its facts; one with too many is left to be computed.
    """
    groups: list[Group] = []
    alone: list[Leaf] = []
    waiting = list(reversed(trees))
    while waiting:
        branch = waiting.pop()
        group = _group(branch.leaves, readings, most_rows)
        if group is not None:
            groups.append(group)
        elif branch.sides:
            waiting += reversed(branch.sides)
        else:
            alone.append(branch.leaves[0])
    return [group for group in groups if group.digits], alone


def _group(leaves: Sequence[Leaf], readings: Sequence[Reading], most_rows: int) -> Group | None:
    asked: dict[int, set[Fact]] = defaultdict(set)
    times: dict[int, int] = defaultdict(int)
    for leaf in leaves:
        for fact in leaf.facts:
            asked[fact.reading].add(fact)
            times[fact.reading] += 1
    digits, n_rows = [], 1
    for number in sorted(asked):
        facts = asked[number]
        if len(facts) == 1 and times[number] == len(leaves):
            digits.append(_Digit(number, tuple(facts), (), n_rows))
        else:
            last = readings[number].last
            ends = {fact.first for fact in facts} | {fact.last + 1 for fact in facts}
            cuts = tuple(sorted(at for at in ends if 0 < at <= last))
            passed = tuple(Fact(number, at, last) for at in cuts)
            digits.append(_Digit(number, passed, cuts, n_rows))
        n_rows *= digits[-1].radix
        if n_rows > most_rows:
            return None
    return Group(tuple(leaves), tuple(digits), n_rows)


def tabulated(groups: Sequence[Group], readings: Sequence[Reading]) -> Iterator[tuple[Integers, Floats]]:
    """Return each group's features, and its table: attributions by row, (rows, features)."""
    patterns = _patterns([leaf for group in groups for leaf in group.leaves])
    for group in groups:
        features = np.unique([readings[digit.reading].feature for digit in group.digits])
        table = np.zeros((group.n_rows, features.size))
        rows = np.arange(group.n_rows)
        digits = {digit.reading: digit for digit in group.digits}
        for leaf in group.leaves:
            own = np.array(sorted(leaf.ratio), dtype=np.int64)
            met = {int(feature): np.ones(rows.size, dtype=np.bool_) for feature in own}
            for fact in leaf.facts:
                met[readings[fact.reading].feature] &= digits[fact.reading].holds(fact, rows)
            number = np.zeros(rows.size, dtype=np.int64)
            for place, feature in enumerate(own):
                number |= met[int(feature)].astype(np.int64) << place
            table[:, np.searchsorted(features, own)] += patterns[id(leaf)][number]
        yield features, table


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
