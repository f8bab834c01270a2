"""Slope, intercept and expected error come with intervals that tell error from noise."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import Draws, Flags, Floats, calibration_of, draw_clusters, fit_line, logit


def _rows(n: int, seed: int = 0, *, slope: float = 1.0) -> tuple[Floats, Flags, Draws]:
    generator = np.random.default_rng(seed)
    margin = generator.normal(size=n) - 1
    risk = 1 / (1 + np.exp(-margin))
    label = generator.random(n) < 1 / (1 + np.exp(-slope * margin))
    return risk, label, draw_clusters(np.arange(n), n_draws=100, generator=generator)


def test_one_step_gives_nearly_the_refitted_interval() -> None:
    """Refitting every draw costs hundreds of times more and moves the ends by little."""
    risk, label, draws = _rows(800)

    found = calibration_of(risk, label, draws).intervals

    margin, refitted = logit(risk), []
    for counts in draws.counts.astype(int):
        taken = np.repeat(np.arange(label.size), counts)
        refitted.append(fit_line(margin[taken], label[taken])[0])
    low, high = np.quantile(refitted, [0.025, 0.975])
    assert found is not None
    assert (found.slope.low, found.slope.high) == pytest.approx((low, high), abs=0.04)


@pytest.mark.parametrize("n", [300, 1000])
def test_perfect_risks_show_no_more_than_chance(n: int) -> None:
    """Their expected error lies in the range that chance gives, and 1 in the slope's, in most cohorts."""
    inside = []
    for seed in range(25):
        sheet = calibration_of(*_rows(n, seed))
        assert sheet.intervals is not None
        chance, slope, own = sheet.intervals.by_chance, sheet.intervals.slope, sheet.intervals.expected_error
        inside.append((chance.low <= sheet.expected_error <= chance.high, slope.low <= 1 <= slope.high))
        assert own.low < own.value < own.high

    assert (np.mean(inside, axis=0) > 0.8).all()


def test_risks_too_bold_stand_out_from_chance() -> None:
    """Where margins should count half, the error is more than chance gives, and the slope says so."""
    sheet = calibration_of(*_rows(3000, slope=0.5))

    assert sheet.intervals is not None
    assert sheet.expected_error > sheet.intervals.by_chance.high
    assert sheet.intervals.slope.high < 0.7
    low, high = sheet.intervals.expected_error.low, sheet.intervals.expected_error.high
    assert low < sheet.expected_error < high


def test_rows_that_move_together_leave_more_doubt() -> None:
    """Ten rows that share their student say less than ten students."""
    risk, label, _ = _rows(300)
    many = np.repeat(np.arange(300), 10)
    whole = draw_clusters(many, n_draws=200, generator=np.random.default_rng(0))
    apart = draw_clusters(np.arange(3000), n_draws=200, generator=np.random.default_rng(0))

    found = [calibration_of(risk[many], label[many], draws).intervals for draws in (whole, apart)]

    assert found[0] is not None
    assert found[1] is not None
    assert found[0].by_chance.value > 2 * found[1].by_chance.value
