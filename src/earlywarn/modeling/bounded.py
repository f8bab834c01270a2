"""Bound what tuning and fitting take in, so that their time and memory do not grow with the network.

Tuning sees whole students, drawn whatever came true of them, because it compares losses on rows that nobody
sampled. Fits see every row with the outcome and a sample of the others, and are corrected for it. With no
more rows than the bounds, nothing is left out and nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from earlywarn.evaluation import Floats, Indexes
from earlywarn.modeling.candidates import Fitting, Prepared, fit_candidate
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.sampling import Sample, sample_rows, student_places
from earlywarn.modeling.values import told

MOST_ROWS_TO_TUNE = 300_000


def whole_students(rows: LabeledRows, chosen: Indexes, *, most: int = MOST_ROWS_TO_TUNE) -> Indexes:
    """Keep at most about `most` rows, by students, whatever came true of them."""
    if chosen.size <= most:
        return chosen
    return chosen[student_places(rows.student[chosen]) < most / chosen.size]


def to_tune(
    rows: LabeledRows, splits: Sequence[Prepared], *, most: int = MOST_ROWS_TO_TUNE
) -> list[Prepared]:
    """Return inner splits whose training rows are few enough to tune on; what they test stays whole."""
    return [
        replace(one, split=replace(one.split, train=whole_students(rows, one.split.train, most=most)))
        for one in splits
    ]


@dataclass(frozen=True, eq=False)
class Thinned:
    """A split's training rows as fits take them in."""

    rows: LabeledRows
    whole: Prepared
    sample: Sample

    def fit(self, name: str, settings: Mapping[str, float], fitting: Fitting) -> FittedModel:
        """Fit one candidate; its margins mean what they would mean without sampling."""
        return self.sample.corrected(fit_candidate(name, self.rows, self.whole, settings, fitting))


def thin(rows: LabeledRows, whole: Prepared, *, most: int) -> Thinned:
    """Draw the rows that fits take in, once for all candidates."""
    train = whole.split.train
    sample = sample_rows(rows.student, whole.truth(train), train, most=most)
    return Thinned(rows, replace(whole, split=replace(whole.split, train=sample.rows)), sample)


def margins_of(model: FittedModel, whole: Prepared, chosen: Indexes, fitting: Fitting) -> Floats:
    """Return a model's margin of each chosen row."""
    return told(whole.values, chosen, lambda values: model.margins(values, n_threads=fitting.n_threads))
