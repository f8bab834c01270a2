"""Fit on fewer rows where there are very many: every row with the outcome, and a sample of the others.

Which rows are kept depends on their own student and label alone, so neither the order of rows nor that of
students matters. A model fitted on the sample says odds that are too high by the same factor everywhere; its
intercept is corrected by the logarithm of that factor (King & Zeng 2001, Logistic Regression in Rare Events
Data, section 4.1, prior correction), after which margins mean what they mean without sampling. Calibration
and every reported figure are on rows that nobody sampled.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from earlywarn.evaluation import Flags, Floats, Indexes, Words, distinct

MOST_ROWS = 1_000_000
"""Rows that a fit takes in by default."""

_SALT = b"ew sampling"
_SCALE = 2.0**48


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows that train, and what a model fitted on them says too much, in log-odds."""

    rows: Indexes
    correction: float = 0.0
    """What is to be added to each margin; zero where nothing was left out."""
    n_all: int = 0
    """Rows that it was drawn from; zero where all of them train."""

    @property
    def note(self) -> str | None:
        """Say on the sheet that fits took in a sample; nothing where they did not."""
        if not self.n_all:
            return None
        return (
            f"fits took in {self.rows.size} of {self.n_all} rows: those with the outcome and a sample of the "
            f"others, corrected by {self.correction:+.3f} in log-odds; every figure is of unsampled rows"
        )

    @property
    def details(self) -> dict[str, float]:
        """Return what a model keeps of the sample it was fitted on; nothing where there was none."""
        return {"n_fitted": self.rows.size, "prior_correction": self.correction} if self.n_all else {}


def sample_rows(student: Words, truth: Flags, train: Indexes, *, most: int = MOST_ROWS) -> Sample:
    """Draw at most about `most` training rows.

    Args:
        student: The student of each row of the matrix.
        truth: Whether each row of `train` has the outcome.
        train: The rows to draw from.
        most: With no more rows than this, all of them train.

    A student's rows without the outcome are kept or left out together. Where rows with the outcome alone
    would fill half the places, they are sampled like the others.
    """
    if train.size <= most:
        return Sample(train)
    n_events = int(truth.sum())
    n_others = train.size - n_events
    kept_events = min(1.0, most / 2 / n_events) if n_events else 1.0
    kept_others = min(1.0, (most - kept_events * n_events) / n_others) if n_others else 1.0
    place = student_places(student)[train]
    kept = np.where(truth, place < kept_events, place < kept_others)
    # The factor as it came out, not as it was asked for: the sample's own share of outcomes is what fits see.
    share_of_events = float(kept[truth].mean()) if n_events else 1.0
    share_of_others = float(kept[~truth].mean()) if n_others else 1.0
    if not share_of_events or not share_of_others:
        return Sample(train)
    return Sample(train[kept], float(np.log(share_of_others / share_of_events)), train.size)


def student_places(student: Words) -> Floats:
    """Return a number from 0 to 1 per row that depends on the student alone.

    Folds and tuning hash the student, too; a hash of its own keeps the sample independent of theirs.
    """
    names, inverse = distinct(student)
    digests = (blake2b(str(name).encode(), digest_size=6, key=_SALT).digest() for name in names)
    return np.array([int.from_bytes(one, "big") / _SCALE for one in digests])[inverse]
