"""Cut rows along time: what was known trains, what came later tests.

A row trains only if its label was known by the test's earliest as-of date; that is the gap, exactly as long
as the horizon asks. `accepted` waives it between overlapping periods, and is printed beside the strict split.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

import numpy as np

from earlywarn.errors import EmptySplitError
from earlywarn.evaluation import Flags, Indexes, Words, by_word, distinct
from earlywarn.modeling.rows import LabeledRows

Overlap = Literal["strict", "accepted"]

N_FOLDS = 3


@dataclass(frozen=True, eq=False)
class Split:
    """One step: rows that train and rows that test, both with known labels."""

    name: str
    train: Indexes
    test: Indexes
    by_time: bool = True
    grouped: bool = False
    """One of several folds that leave groups out; what they tell is averaged over them."""


def cut_split(rows: LabeledRows, split: Split) -> tuple[LabeledRows, Split]:
    """Cut labels by a split's own training rows; a row whose group has no cut-point stays out of it.

    Outcomes that need no cut-point come back as they are.
    """
    cut = rows.cut_on(split.train, split=split.name)
    if cut.cuts is None or rows.rule is None:
        return rows, split
    known = np.isfinite(cut.label)
    train, test = split.train[known[split.train]], split.test[known[split.test]]
    cuts = replace(cut.cuts, n_without=int(split.test.size - test.size))
    return replace(cut, cuts=cuts), replace(split, train=train, test=test)


@dataclass(frozen=True)
class PeriodOrder:
    """Periods from past to present, by the earliest as-of date of their rows."""

    names: tuple[str, ...]

    def before(self, name: str) -> tuple[str, ...]:
        """Return the periods that began earlier."""
        return self.names[: self.names.index(name)]


def order_periods(rows: LabeledRows) -> PeriodOrder:
    """Sort the periods by their first as-of date."""
    first = {name: rows.as_of[keep].min() for name, keep in by_word(rows.period).items()}
    return PeriodOrder(tuple(sorted(first, key=lambda name: (first[name], name))))


def time_split(rows: LabeledRows, test: tuple[str, ...], *, overlap: Overlap, within: Flags) -> Split:
    """Split at the earliest as-of date of the tested periods, using only rows of `within`.

    Raises:
        EmptySplitError: Nothing was known by then, or nothing is known of the test yet.
    """
    order = order_periods(rows)
    usable = rows.labeled & within
    tested = usable & np.isin(rows.period, test)
    if not tested.any():
        raise _empty(f"no label of {', '.join(test)} is known yet", rows, order)
    starts = rows.as_of[tested].min()
    past = np.isin(rows.period, [name for name in order.names if name in order.before(test[0])])
    known = rows.label_known_on <= starts
    train = usable & past & (known | (overlap == "accepted"))
    if not train.any():
        raise _empty(f"no label was known by {starts}, when {test[0]} is first tested", rows, order)
    return Split(",".join(test), np.flatnonzero(train), np.flatnonzero(tested))


def _empty(what: str, rows: LabeledRows, order: PeriodOrder) -> EmptySplitError:
    counts = ", ".join(
        f"{name} ({int((rows.labeled & (rows.period == name)).sum())} labels)" for name in order.names
    )
    return EmptySplitError(
        f"the split is empty: {what}; periods here: {counts or 'none'}",
        todo="name an earlier test period in [splits], or take in more periods",
    )


def latest_tested(rows: LabeledRows) -> tuple[str, ...]:
    """Return the latest period whose labels are known and that has a past to learn from.

    Raises:
        EmptySplitError: There is none.
    """
    everything = np.ones(rows.label.size, dtype=bool)
    order = order_periods(rows)
    for name in reversed(order.names):
        if _half_known(rows, name):
            try:
                time_split(rows, (name,), overlap="strict", within=everything)
            except EmptySplitError:
                continue
            return (name,)
    raise _empty("no period has both a known outcome and a known past", rows, order)


def _half_known(rows: LabeledRows, name: str) -> bool:
    n_labeled = int((rows.labeled & (rows.period == name)).sum())
    n_rows = rows.period_sizes.get(name, int((rows.period == name).sum()))
    return n_labeled >= n_rows / 2


def inner_splits(rows: LabeledRows, train: Indexes, *, overlap: Overlap, most: int = 2) -> list[Split]:
    """Split the past itself, latest period first; by student where there is one past period only."""
    within = np.zeros(rows.label.size, dtype=bool)
    within[train] = True
    order = order_periods(rows)
    present = [name for name in order.names if (within & (rows.period == name)).any()]
    found: list[Split] = []
    for name in reversed(present[1:]):
        if len(found) == most:
            break
        try:
            found.append(time_split(rows, (name,), overlap=overlap, within=within))
        except EmptySplitError:
            continue
    return found or student_folds(rows, train)


def student_folds(rows: LabeledRows, train: Indexes, *, n_folds: int = N_FOLDS) -> list[Split]:
    """Cut rows into folds by a hash of the student, so that nobody stands on both sides."""
    fold = fold_of(rows.student[train], n_folds)
    return [
        Split(f"fold {one + 1} of {n_folds}", train[fold != one], train[fold == one], by_time=False)
        for one in range(n_folds)
    ]


def fold_of(words: Words, n_folds: int) -> Indexes:
    """Give each distinct word a fold that depends on the word alone."""
    names, inverse = distinct(words)
    folds = [int.from_bytes(blake2b(str(n).encode(), digest_size=6).digest(), "big") % n_folds for n in names]
    return np.array(folds, dtype=np.intp)[inverse]
