"""One split made ready to fit: labels cut and codes encoded by its own training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation import Flags, Floats, Indexes
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import Split, cut_split, fold_of
from earlywarn.modeling.values import Values

MOST_TESTED_PER_TAUGHT = 5
"""Tuning measures on at most this many rows for each row that it may fit on."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One split with its labels cut and its values encoded by its own training rows."""

    split: Split
    rows: LabeledRows
    names: tuple[str, ...]
    signs: Floats
    values: Values
    shift: float = 0.0
    """What to add to margins fitted on these rows, where rows without the outcome were sampled: the log of
    the share that was kept."""

    @property
    def train(self) -> Floats:
        """Return the values of training rows."""
        return self.values[self.split.train]

    @property
    def test(self) -> Floats:
        """Return the values of test rows."""
        return self.values[self.split.test]

    def truth(self, chosen: Indexes) -> Flags:
        """Return the labels of rows, as this split has them."""
        return self.rows.truth(chosen)


def prepare(rows: LabeledRows, split: Split) -> Prepared:
    """Cut the labels and encode the rows of a split by its training rows."""
    cut, own = cut_split(rows, split)
    names, signs, values = rows.encoder(own.train)
    return Prepared(own, cut, names, signs, values)


def prepare_to_tune(rows: LabeledRows, splits: Sequence[Split], *, most_rows: int) -> list[Prepared]:
    """Prepare inner splits; past a bound, whole students are left out of what is tested."""
    most = MOST_TESTED_PER_TAUGHT * most_rows
    return [prepare(rows, replace(one, test=few_rows(rows, one.test, most=most))) for one in splits]


def tested_truth(splits: Sequence[Prepared]) -> Flags:
    """Return the labels of all tested rows, each as its own split has it."""
    return np.concatenate([one.truth(one.split.test) for one in splits])


def few_rows(rows: LabeledRows, chosen: Indexes, *, most: int) -> Indexes:
    """Keep whole students until there are at most about `most` rows, by a hash of the student."""
    if chosen.size <= most:
        return chosen
    place = fold_of(rows.student[chosen], 1000)
    return chosen[place < 1000 * most / chosen.size]
