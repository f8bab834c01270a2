"""Calibrators rise, mean rates, are chosen by what comes next, and survive JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from earlywarn.evaluation import Flags, Floats
from earlywarn.modeling import Beta, Identity, Isotonic, Sigmoid, fit_calibrator
from earlywarn.modeling.calibration_choice import ToldRows, calibrated, chosen_method
from earlywarn.modeling.calibrators import (
    METHODS,
    Calibrator,
    calibrator_from,
    fit_beta,
    fit_isotonic,
    fit_sigmoid,
    level_shift,
    shifted,
)

STAIRS = Isotonic((-2.0, -1.0, -0.9, 1.0, 1.1, 3.0), (0.05, 0.05, 0.3, 0.32, 0.8, 0.85))
BENT = Beta(0.3, 1.6, -0.5)


def _drawn(truth: Calibrator, *, n: int = 12_000, seed: int = 0) -> ToldRows:
    """Draw a cohort whose outcomes follow a known curve of their margins."""
    generator = np.random.default_rng(seed)
    margin = 1.5 * generator.normal(size=n)
    label = generator.random(n) < truth.risks(margin)
    return ToldRows(margin, label, np.arange(n), np.zeros(n, dtype=np.intp))


def test_the_sigmoid_undoes_a_stretch() -> None:
    """Margins twice too large come back with a slope of one half."""
    told = _drawn(Identity(), n=40_000)

    fitted = fit_sigmoid(2 * told.margin, told.label)

    assert (fitted.slope, fitted.intercept) == pytest.approx((0.5, 0.0), abs=0.03)


def test_the_beta_curve_finds_both_slopes() -> None:
    """A curve that bends at zero comes back."""
    told = _drawn(BENT, n=40_000)

    fitted = fit_beta(told.margin, told.label)

    assert (fitted.a, fitted.b, fitted.c) == pytest.approx((BENT.a, BENT.b, BENT.c), abs=0.1)


@pytest.mark.parametrize("fit", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("shape", ["falling", "hill", "valley"])
def test_no_method_turns_a_list_over(fit: Callable[[Floats, Flags], Calibrator], shape: str) -> None:
    """Whatever the relation, falling or not even monotone, risks never fall as margins rise."""
    margin = np.linspace(-2, 2, 200)
    label = {"falling": margin < 0, "hill": np.abs(margin) < 1, "valley": np.abs(margin) > 1}[shape]

    risks = fit(margin, label).risks(margin)

    assert (np.diff(risks) >= 0).all()


def test_the_staircase_rises_and_promises_no_certainty() -> None:
    """Knots rise strictly, risks never fall, and none is 0 or 1."""
    margin = np.linspace(-4, 4, 5000)

    fitted = fit_isotonic(margin, margin > 0)

    assert (np.diff(fitted.x) > 0).all()
    assert (np.diff(fitted.y) >= 0).all()
    assert 0 < min(fitted.y) < max(fitted.y) < 1


@pytest.mark.parametrize(
    ("truth", "method"),
    [
        (Identity(), "identity"),
        (Sigmoid(0.5, -0.7), "sigmoid"),
        (BENT, "beta"),
        (STAIRS, "isotonic"),
    ],
)
@pytest.mark.parametrize("by_time", [True, False])
def test_the_planted_distortion_is_the_one_chosen(truth: Calibrator, method: str, by_time: bool) -> None:
    """The next cohort, or the fold left out, names the curve that its margins were bent by."""
    told = [_drawn(truth, seed=seed) for seed in (0, 1)]

    assert chosen_method(told, by_time=by_time) == method


def test_the_winner_is_fitted_on_the_latest_cohort() -> None:
    """A stretch that was another one in the earlier cohort does not linger."""
    latest, earlier = _drawn(Sigmoid(0.5, -0.7)), _drawn(Sigmoid(0.6, -0.5), seed=1)

    fitted = calibrated([latest, earlier], by_time=True)

    assert fitted == fit_sigmoid(latest.margin, latest.label)


def test_few_outcomes_get_no_staircase() -> None:
    """Even true stairs are not worth fitting noise."""
    told = _drawn(STAIRS, n=500)

    assert not isinstance(fit_calibrator(told.margin, told.label), Isotonic)


@pytest.mark.parametrize("calibrator", [Identity(), Sigmoid(0.7, -1.25), BENT, STAIRS])
def test_json_brings_back_the_same_calibrator(calibrator: Calibrator) -> None:
    """What is stored is what was fitted."""
    assert calibrator_from(json.loads(json.dumps(calibrator.to_dict()))) == calibrator


def test_halves_of_students_judge_where_there_is_one_cohort() -> None:
    """Rows that a student repeats stand on one side only, and do not pass for evidence."""
    told = _drawn(Identity(), n=400)
    repeated = np.repeat(np.arange(400), 50)

    assert chosen_method([told.take(repeated)], by_time=True) == "identity"


@pytest.mark.parametrize("calibrator", [Sigmoid(0.5, -0.7), BENT, STAIRS])
def test_a_level_is_set_again_on_the_latest_cohort(calibrator: Calibrator) -> None:
    """Once a model has seen the cohort that corrects its level, the correction is not made twice."""
    told = _drawn(calibrator)
    seen = told.margin - 0.8

    leveled = shifted(calibrator, level_shift(calibrator, seen, told.label))

    assert leveled.risks(seen).mean() == pytest.approx(told.label.mean(), abs=0.005)
    assert (np.diff(leveled.risks(np.sort(seen))) >= 0).all()


def test_margins_taken_at_their_word_are_not_moved() -> None:
    """Where no level was fitted, none is corrected twice."""
    told = _drawn(Sigmoid(1.0, -2.0))

    assert level_shift(Identity(), told.margin, told.label) == 0
