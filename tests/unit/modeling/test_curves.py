"""Lines bend where columns do, obey signs segment by segment, and are solved exactly."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from earlywarn.modeling import logistic
from earlywarn.modeling.bundle import Bundle
from earlywarn.modeling.calibrators import Sigmoid
from earlywarn.modeling.design import bent_columns, line_design
from earlywarn.modeling.fitted import FittedModel, with_linear_weight
from earlywarn.modeling.logistic import fit_logistic, solve

NAMES = ("bent", "straight", "noise")
SIGNS = np.array([1.0, -1.0, 0.0])


def _rows(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose first column counts only above zero, and is missing now and then."""
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, 3))
    margin = 2.0 * np.maximum(values[:, 0], 0) - 0.7 * values[:, 1] - 1.5
    label = generator.random(n) < 1 / (1 + np.exp(-margin))
    values[generator.random(n) < 0.1, 0] = np.nan
    return values, label


@pytest.fixture(scope="module")
def model() -> FittedModel:
    """Return a model with curves, fitted once."""
    values, label = _rows()
    return fit_logistic(values, label, NAMES, SIGNS, penalty=1e-3, curves=True)


def test_only_the_column_that_bends_gets_a_curve(model: FittedModel) -> None:
    """The score test picks the bent column; the straight one and noise keep lines."""
    assert [curve.feature for curve in model.curves] == ["bent"]
    assert {term.feature for term in model.linear} == {"straight", "noise"}


def test_a_curve_never_turns_against_its_sign(model: FittedModel) -> None:
    """Each segment's slope is bounded, so heights never fall where more means more risk."""
    values, label = _rows()
    heights = np.array(model.curves[0].heights)

    turned = fit_logistic(values, label, NAMES, -SIGNS, penalty=1e-3, curves=True)

    assert (np.diff(heights) >= 0).all()
    assert heights[-1] > heights[0]
    assert all(max(curve.heights) == min(curve.heights) for curve in turned.curves)


def test_beyond_its_outer_knots_a_curve_is_flat(model: FittedModel) -> None:
    """A value never seen says what the largest seen one says."""
    low, high = model.curves[0].knots[0], model.curves[0].knots[-1]
    rows = np.array([[low, 0, 0], [low - 50, 0, 0], [high, 0, 0], [high + 50, 0, 0]], dtype=float)

    margins = model.margins(rows)

    assert margins[0] == margins[1]
    assert margins[2] == margins[3]


def test_attributions_of_curves_add_up_and_average_to_zero(model: FittedModel) -> None:
    """Over the training rows each feature's shares have mean zero, missing values included."""
    values, _ = _rows()
    bundle = Bundle(model, Sigmoid(1.0, 0.0), {})

    shares = bundle.attributions(values)

    assert np.ptp(model.margins(values) - shares.sum(axis=1)) < 1e-9
    assert shares.mean(axis=0) == pytest.approx([0.0] * 3, abs=1e-9)


def test_a_lighter_linear_part_shrinks_toward_its_level(model: FittedModel) -> None:
    """Half the weight is half the distance from the level, row by row."""
    values, _ = _rows(200)

    margins = with_linear_weight(model, 0.5, level=-2.0).margins(values)

    assert margins == pytest.approx(-2.0 + 0.5 * (model.margins(values) + 2.0), abs=1e-9)


def test_newton_steps_end_where_scipy_ends() -> None:
    """The bounded minimum is scipy's, within what scipy tells."""
    values, label = _rows(800)
    design, penalty = line_design(values, NAMES, SIGNS), 0.01
    columns, truth = design.columns(values), label.astype(float)

    def loss(weights: np.ndarray) -> float:
        margin = weights[0] + columns @ weights[1:]
        ridge = penalty / 2 * float(weights[1:] @ weights[1:])
        return float(np.mean(np.logaddexp(0.0, margin) - truth * margin)) + ridge

    found = solve(design, values, label, penalty=penalty)
    other = minimize(loss, np.zeros(found.size), method="L-BFGS-B", bounds=design.bounds())

    assert loss(found) <= other.fun + 1e-7
    assert found == pytest.approx(other.x, abs=2e-3)


def test_rows_taken_in_blocks_give_the_same_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded by blocks, which change no more than rounding."""
    values, label = _rows(1000)
    whole = fit_logistic(values, label, NAMES, SIGNS, penalty=0.01)

    monkeypatch.setattr(logistic, "ROWS_AT_ONCE", 300)
    parts = fit_logistic(values, label, NAMES, SIGNS, penalty=0.01)

    assert parts.margins(values) == pytest.approx(whole.margins(values), abs=1e-9)


def test_residuals_of_noise_bend_nothing() -> None:
    """On noise a column is given a curve about one time in a hundred."""
    generator = np.random.default_rng(5)
    values = generator.normal(size=(2000, 100))
    label = generator.random(2000) < 0.3

    bent = bent_columns(values, label.astype(np.float64) - 0.3, np.full(2000, 0.21))

    assert bent.size <= 4


def test_an_empty_column_and_a_constant_one_are_left_out() -> None:
    """Neither gets a term, and no margin is lost to them."""
    values, label = _rows(500)
    odd = np.column_stack([values, np.full(500, np.nan), np.full(500, 7.0)])
    signs = np.array([*SIGNS, 0.0, 0.0])

    found = fit_logistic(odd, label, (*NAMES, "empty", "constant"), signs, penalty=0.01, curves=True)

    named = [term.feature for term in found.linear] + [curve.feature for curve in found.curves]
    assert {"empty", "constant"}.isdisjoint(named)
    assert np.isfinite(found.margins(odd)).all()
