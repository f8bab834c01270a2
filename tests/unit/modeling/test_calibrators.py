"""Calibrators rise, mean rates, and survive JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from earlywarn.modeling import Isotonic, Sigmoid
from earlywarn.modeling.calibrators import calibrator_from, fit_calibrator, fit_isotonic, fit_sigmoid


def test_the_sigmoid_undoes_a_stretch() -> None:
    """Margins twice too large come back with a slope of one half."""
    generator = np.random.default_rng(0)
    margin = generator.normal(size=40_000)
    label = generator.random(40_000) < 1 / (1 + np.exp(-margin))

    fitted = fit_sigmoid(2 * margin, label)

    assert (fitted.slope, fitted.intercept) == pytest.approx((0.5, 0.0), abs=0.03)


def test_a_ranking_turned_over_is_never_calibrated_back() -> None:
    """A falling relation keeps a rising, nearly flat curve."""
    margin = np.linspace(-2, 2, 200)

    fitted = fit_sigmoid(margin, margin < 0)

    assert fitted.slope > 0
    assert fitted.risks(np.array([0.0]))[0] == pytest.approx(0.5, abs=0.01)


def test_the_staircase_rises_and_promises_no_certainty() -> None:
    """Knots rise strictly, risks never fall, and none is 0 or 1."""
    margin = np.linspace(-4, 4, 5000)

    fitted = fit_isotonic(margin, margin > 0)

    assert (np.diff(fitted.x) > 0).all()
    assert (np.diff(fitted.y) >= 0).all()
    assert 0 < min(fitted.y) < max(fitted.y) < 1


def test_few_outcomes_get_the_sigmoid() -> None:
    """The staircase would fit noise."""
    generator = np.random.default_rng(0)

    assert isinstance(fit_calibrator(generator.normal(size=500), generator.random(500) < 0.3), Sigmoid)


@pytest.mark.parametrize("calibrator", [Sigmoid(0.7, -1.25), Isotonic((0.0, 1.5), (0.25, 0.5))])
def test_json_brings_back_the_same_calibrator(calibrator: Sigmoid | Isotonic) -> None:
    """What is stored is what was fitted."""
    assert calibrator_from(json.loads(json.dumps(calibrator.to_dict()))) == calibrator
