"""Sample what the detectors look at: whole students for what ranks, whole schools for identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.errors import EmptySplitError
from earlywarn.evaluation import Flags, Floats
from earlywarn.features import Matrix
from earlywarn.modeling.boosting import Boosting, Taught, fit_boosting
from earlywarn.modeling.candidates import Fitting
from earlywarn.modeling.folds import FoldPlan, group_folds, later_folds
from earlywarn.modeling.matrix_rows import words_of
from earlywarn.modeling.prepared import Prepared, prepare
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import Split, fold_of, time_split

MOST_ROWS = 20_000
MOST_ROWS_OF_SCHOOLS = 5_000
FEWEST = 20
"""With fewer outcomes than this on either side of a split, a detector cannot tell."""

SMALL = Boosting(n_leaves=31, rate=0.2, fewest_rows=5, feature_share=0.5, ridge=1.0, n_rounds=30)
"""Large enough to learn single rows by heart, which is what shows that a row stands on both sides."""


@dataclass(frozen=True, eq=False)
class LeakSample:
    """The rows that detectors look at, and the declared splits of those rows."""

    rows: LabeledRows
    splits: tuple[Prepared, ...]
    names: tuple[str, ...]
    values: Floats
    """Encoded by the levels of all of these rows: each split has columns of its own."""

    @property
    def can_tell(self) -> bool:
        """Say whether any split holds enough outcomes on either side."""
        return bool(self.splits)


def sampled(matrix: Matrix) -> Flags:
    """Keep whole students by a hash, so that the order of rows decides nothing."""
    if len(matrix) <= MOST_ROWS:
        return np.ones(len(matrix), dtype=bool)
    students = pc.unique(matrix.rows["student_id"])
    place = fold_of(np.asarray(students.to_pylist(), dtype=np.str_), 100_000)
    kept = students.filter(pa.array(place < 100_000 * MOST_ROWS / len(matrix)))
    return np.asarray(pc.is_in(matrix.rows["student_id"], value_set=kept).to_numpy(zero_copy_only=False))


def sample_of(rows: LabeledRows, test: tuple[str, ...], folds: FoldPlan | None) -> LeakSample:
    """Split sampled rows as the spec declares, and keep the splits that can tell anything."""
    try:
        splits = [prepare(rows, one) for one in _declared(rows, test, folds)]
    except EmptySplitError:
        splits = []
    names, _, values = rows.encoder(np.arange(rows.label.size))
    return LeakSample(rows, tuple(one for one in splits if _fewest(one) >= FEWEST), names, values)


def _declared(rows: LabeledRows, test: tuple[str, ...], folds: FoldPlan | None) -> Sequence[Split]:
    if folds is None:
        return [time_split(rows, test, overlap="strict", within=np.ones(rows.label.size, dtype=bool))]
    if folds.along_time:
        past = time_split(rows, test, overlap="strict", within=rows.labeled)
        return later_folds(rows, past, n_folds=folds.n_folds)
    return group_folds(rows, np.flatnonzero(rows.labeled), n_folds=folds.n_folds)


def _fewest(one: Prepared) -> int:
    counts = [one.truth(part) for part in (one.split.train, one.split.test)]
    return min(int(min(truth.sum(), truth.size - truth.sum())) for truth in counts)


def small_margins(
    values: Floats, label: Flags, asked: Floats, names: Sequence[str], fitting: Fitting
) -> Floats:
    """Fit the detectors' small model on some rows and tell others; declared signs do not bind it."""
    model = fit_boosting(
        Taught(values, label),
        names,
        np.zeros(values.shape[1]),
        boosting=SMALL,
        seeds=[fitting.seed],
        n_threads=fitting.n_threads,
    )
    return model.margins(asked, n_threads=fitting.n_threads)


def schools_on_one_day(matrix: Matrix) -> Matrix:
    """Take whole schools, by a hash, of the latest as-of date."""
    as_of = matrix.rows["as_of"].to_numpy()
    latest = np.flatnonzero(as_of == as_of.max())
    if latest.size > MOST_ROWS_OF_SCHOOLS:
        school = words_of(matrix.rows["school_id"].take(latest))
        kept = latest[fold_of(school, 1000) < 1000 * MOST_ROWS_OF_SCHOOLS / latest.size]
        # Few large schools may all fall on one side of the hash.
        latest = (kept if kept.size else latest)[: 2 * MOST_ROWS_OF_SCHOOLS]
    return matrix.take(latest)
