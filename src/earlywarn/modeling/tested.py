"""Hold what every candidate said of the held-out rows, so that other models can be set beside it."""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.evaluation import Indexes, Scored, TestRows
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import Split


@dataclass(frozen=True, eq=False)
class Tested:
    """The held-out rows of one protocol, with each candidate's margins and risks on them."""

    rows: LabeledRows
    """All rows; where labels are cut, whoever asks cuts them anew by a split."""
    splits: tuple[Split, ...]
    """What trained and what tested: one split by time, or one per fold."""
    index: Indexes
    """Which of `rows` were tested, in the order of `test_rows`."""
    test_rows: TestRows
    scored: tuple[Scored, ...]
    chosen: Scored
    """The chosen candidate; over folds, what each fold chose inside its own training part."""
