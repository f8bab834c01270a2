"""Bound what tuning and fitting take in, so that their time and memory do not grow with the network.

Tuning sees whole students, drawn whatever came true of them, because it compares losses on rows that nobody
sampled. Fits see every row with the outcome and a sample of the others, and are corrected for it. With no
more rows than the bounds, nothing is left out and nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from earlywarn.evaluation import Floats, Indexes
from earlywarn.modeling.candidates import Fitting
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.prepared import Prepared
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.sampling import Sample, sample_rows, student_places
from earlywarn.modeling.values import told_in_blocks

MOST_ROWS_TO_TUNE = 300_000


def to_tune(rows: LabeledRows, splits: Sequence[Prepared]) -> list[Prepared]:
    """Return inner splits whose training rows are few enough to tune on; what they test stays whole."""
    return [
        replace(one, split=replace(one.split, train=_whole_students(rows, one.split.train))) for one in splits
    ]


def _whole_students(rows: LabeledRows, chosen: Indexes) -> Indexes:
    # By a hash of its own: `few_rows` draws once more from these, for whatever costs more than one column.
    if chosen.size <= MOST_ROWS_TO_TUNE:
        return chosen
    return chosen[student_places(rows.student)[chosen] < MOST_ROWS_TO_TUNE / chosen.size]


def drawn(rows: LabeledRows, whole: Prepared, *, most: int) -> Sample:
    """Draw the rows that fits of a split take in."""
    train = whole.split.train
    return sample_rows(rows.student, whole.truth(train), train, most=most)


def thinned(whole: Prepared, sample: Sample) -> Prepared:
    """Return a split that trains on a sample; fits of it say the margins they would say without."""
    return replace(whole, split=replace(whole.split, train=sample.rows), shift=sample.correction)


def thin(rows: LabeledRows, whole: Prepared, *, most: int) -> Prepared:
    """Return a split that trains on as many rows as fits take in, drawn once for all candidates."""
    return thinned(whole, drawn(rows, whole, most=most))


def margins_of(model: FittedModel, whole: Prepared, chosen: Indexes, fitting: Fitting) -> Floats:
    """Return a model's margin of each chosen row."""
    return told_in_blocks(
        whole.values, chosen, lambda values, _: model.margins(values, n_threads=fitting.n_threads)
    )
