"""Folds have models of their own: AUC is theirs, averaged, and never ranks one fold against another."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import Draws, TestRows, moment_aucs, score_rows
from earlywarn.evaluation.measures import measure


def _rows(fold: list[str] | None) -> TestRows:
    words = np.array(["x"] * 8)
    return TestRows(
        label=np.array([True, False, True, False, True, False, False, False]),
        period=np.array(["all"] * 8),
        moment=np.array(["start"] * 8),
        school=words,
        grade=words,
        student=np.array([f"s{number}" for number in range(8)]),
        lists=words,
        groups={},
        fold=None if fold is None else np.array(fold),
    )


MARGINS = np.array([9.0, 8.0, 7.0, 6.0, 3.0, 2.0, 1.0, 4.0])
"""The first fold's model says more of everybody than the second's does."""

FOLDS = ["one"] * 4 + ["two"] * 4
DRAWS = Draws(np.arange(8), np.ones((3, 8)))


def test_auc_is_averaged_over_folds() -> None:
    """First fold: 3 of 4 pairs in order; second: 2 of 3. Ranked together it would be 11 of 15."""
    rows = _rows(FOLDS)
    scored = score_rows("logistic", MARGINS, MARGINS / 10, rows, share=0.5)

    aucs = moment_aucs(scored, rows, DRAWS)

    assert aucs.mean_value == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert aucs.at("start") == aucs.mean
    together = _rows(None)
    alone = score_rows("logistic", MARGINS, MARGINS / 10, together, share=0.5)
    assert moment_aucs(alone, together, DRAWS).mean_value == pytest.approx(11 / 15)


def test_a_fold_without_the_outcome_tells_no_auc() -> None:
    """The other fold's figure stands alone."""
    rows = _rows(["one"] * 2 + ["two"] * 3 + ["three"] * 3)
    scored = score_rows("logistic", MARGINS, MARGINS / 10, rows, share=0.5)

    found = moment_aucs(scored, rows, DRAWS).at("start")

    assert found is not None
    assert found.value == pytest.approx((1.0 + 1 / 2) / 2)


def test_some_rows_keep_their_folds() -> None:
    """A part of the rows is measured with the folds it came from."""
    rows = _rows(FOLDS)

    some = rows.take(np.arange(8) < 5)

    assert some.fold is not None
    assert some.fold.tolist() == ["one"] * 4 + ["two"]
    assert measure(score_rows("a", MARGINS, MARGINS / 10, rows, share=0.5), rows, DRAWS).n == 8
