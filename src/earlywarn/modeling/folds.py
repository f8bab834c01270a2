"""Cut rows into folds that leave whole groups out, where a network has no time to split along.

A tested row is told by rows that share neither its group nor its student. Such folds say nothing of a later
period; folds of students drawn at random say nothing of another school either.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np

from earlywarn.domain import Language
from earlywarn.errors import EmptySplitError
from earlywarn.evaluation import Indexes, Words
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import N_FOLDS, Split, student_folds

STUDENT = "student"


@dataclass(frozen=True)
class FoldPlan:
    """What a spec leaves out at a time: whole groups of one column, or students at random."""

    by: str
    n_folds: int
    name: dict[Language, str] = field(default_factory=dict)
    """What one group is called; the column's own name where nothing is declared."""
    reason: dict[Language, str] = field(default_factory=dict)
    along_time: bool = False
    """Whether each fold is tested on later periods only, and trained on what was known before them."""

    @property
    def is_random(self) -> bool:
        """Say whether students are drawn at random, which carries no claim."""
        return self.by == STUDENT


def group_folds(rows: LabeledRows, chosen: Indexes, *, n_folds: int) -> list[Split]:
    """Leave each group out once; what a tested student did in other groups trains nothing meanwhile.

    Raises:
        EmptySplitError: There are fewer groups than folds.
    """
    groups = rows.fold_group[chosen]
    n_groups = int(np.unique(groups).size)
    if n_groups < n_folds:
        raise EmptySplitError(
            f"the split is empty: [splits] asks for {n_folds} folds, and there are {n_groups} groups",
            todo="lower folds in [splits], or leave out another column's groups",
        )
    fold, student = balanced_folds(groups, n_folds), rows.student[chosen]
    found = []
    for one in range(n_folds):
        tested = fold == one
        apart = tested | np.isin(student, np.unique(student[tested]))
        name = f"fold {one + 1} of {n_folds}"
        found.append(Split(name, chosen[~apart], chosen[tested], by_time=False, grouped=True))
    return found


def later_folds(rows: LabeledRows, split: Split, *, n_folds: int) -> list[Split]:
    """Leave each group out of a split along time: a tested row's group and period are both unseen.

    Raises:
        EmptySplitError: There are fewer groups than folds.
    """
    chosen = np.union1d(split.train, split.test)
    return [
        replace(one, train=np.intersect1d(one.train, split.train), test=np.intersect1d(one.test, split.test))
        for one in group_folds(rows, chosen, n_folds=n_folds)
    ]


def inner_folds(rows: LabeledRows, train: Indexes) -> list[Split]:
    """Cut a training part by the same groups again; by student where it holds a single group."""
    n_groups = int(np.unique(rows.fold_group[train]).size)
    if n_groups < 2:
        return student_folds(rows, train)
    return group_folds(rows, train, n_folds=min(N_FOLDS, n_groups))


def balanced_folds(groups: Words, n_folds: int) -> Indexes:
    """Give each group a fold so that folds hold about as many rows; the order of rows decides nothing.

    >>> balanced_folds(np.array(["a", "a", "a", "b", "c", "c"]), 2).tolist()
    [0, 0, 0, 1, 1, 1]
    """
    names, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    hashes = [blake2b(str(name).encode(), digest_size=8).digest() for name in names]
    filled, fold = [0] * n_folds, np.zeros(names.size, dtype=np.intp)
    for place in sorted(range(names.size), key=lambda one: (-int(sizes[one]), hashes[one])):
        fold[place] = min(range(n_folds), key=lambda one: filled[one])
        filled[fold[place]] += int(sizes[place])
    return np.asarray(fold[inverse])
