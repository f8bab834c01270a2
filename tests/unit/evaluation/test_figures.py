"""Ranking and probability are measured as by hand."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import Ranking, calibration_of, draw_clusters
from earlywarn.evaluation.figures import ratio_figure


def test_auc_counts_ties_as_half() -> None:
    """Of six pairs four are right and one is tied: (4 + 0.5) / 6."""
    scores = np.array([0.9, 0.8, 0.5, 0.5, 0.1])
    label = np.array([True, False, True, False, False])

    assert Ranking(scores, label).auc() == pytest.approx(4.5 / 6)


def test_weights_repeat_rows() -> None:
    """A row taken twice counts as two rows."""
    scores = np.array([0.9, 0.8, 0.5])
    label = np.array([True, False, True])
    twice = Ranking(np.array([0.9, 0.8, 0.5, 0.5]), np.array([True, False, True, True]))

    weighted = Ranking(scores, label)

    assert weighted.auc(np.array([1.0, 1.0, 2.0])) == pytest.approx(twice.auc())
    assert weighted.average_precision(np.array([1.0, 1.0, 2.0])) == pytest.approx((1 + 2 * 3 / 4) / 3)


def test_one_sided_labels_have_no_auc() -> None:
    """Where nobody had the outcome, nothing is told."""
    assert np.isnan(Ranking(np.array([0.1, 0.2]), np.array([False, False])).auc())


def test_intervals_draw_whole_clusters() -> None:
    """With one cluster there is one possible draw, so the interval is the value."""
    draws = draw_clusters(np.zeros(4, dtype=np.intp), n_draws=20, generator=np.random.default_rng(1))

    figure = ratio_figure(np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4), draws)

    assert (figure.value, figure.low, figure.high) == (0.5, 0.5, 0.5)


def test_perfect_risks_have_slope_one_and_intercept_zero() -> None:
    """Risks of 0.2 and 0.8 that come true one time in five and four in five."""
    risk = np.repeat([0.2, 0.8], 500)
    label = np.concatenate([np.arange(500) < 100, np.arange(500) < 400])

    sheet = calibration_of(risk, label)

    assert sheet.slope == pytest.approx(1.0, abs=1e-6)
    assert sheet.intercept == pytest.approx(0.0, abs=1e-6)
    assert sheet.expected_error == pytest.approx(0.0, abs=1e-12)


def test_risks_said_too_high_have_a_negative_intercept() -> None:
    """Everybody at 0.5, one in five came true: log(0.2/0.8) below what was said."""
    sheet = calibration_of(np.full(500, 0.5), np.arange(500) < 100)

    assert sheet.intercept == pytest.approx(np.log(0.25), abs=1e-6)
    assert sheet.expected_error == pytest.approx(0.3)


def test_draws_counted_by_cluster_are_the_weighted_measures_themselves() -> None:
    """With many ties and without, each draw's figures are those of rows weighted by that draw."""
    chance = np.random.default_rng(3)
    clusters, label = chance.integers(0, 12, 400), chance.random(400) < 0.2
    draws = draw_clusters(clusters, n_draws=30, generator=chance)
    for scores in (chance.normal(size=400), chance.integers(0, 5, 400).astype(np.float64)):
        ranking = Ranking(scores, label)
        weights = [counts[clusters] for counts in draws.counts]

        aucs, precisions = ranking.drawn_aucs(draws), ranking.drawn_average_precisions(draws)

        assert aucs.tolist() == [ranking.auc(one) for one in weights]
        np.testing.assert_allclose(
            precisions, [ranking.average_precision(one) for one in weights], rtol=1e-12
        )
