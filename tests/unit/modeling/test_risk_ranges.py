"""The range of a risk holds what is true about as often as it says, and widens where rows are few."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from earlywarn.evaluation import Floats
from earlywarn.modeling.calibration_choice import ToldRows
from earlywarn.modeling.calibrators import Identity
from earlywarn.modeling.risk_ranges import MOST_KNOTS, RiskRange, fit_risk_range, venn_abers
from earlywarn.scoring import risk_range_from


def _cohort(n: int, seed: int, *, n_schools: int = 1) -> ToldRows:
    generator = np.random.default_rng(seed)
    school = generator.integers(0, n_schools, n)
    margin = 1.5 * generator.normal(size=n) - 1.5
    label = generator.random(n) < Identity().risks(margin)
    return ToldRows(margin, label, np.arange(n), school)


def _width(fitted: RiskRange, asked: Floats) -> float:
    low, high = fitted.bounds(asked)
    return float(np.mean(high - low))


@pytest.mark.parametrize("n", [1, 7, 60])
@pytest.mark.parametrize("decimals", [1, 9])
def test_the_range_holds_both_venn_abers_probabilities(n: int, decimals: int) -> None:
    """By their own definition: the rates once the student is added as one without the outcome, or with it."""
    told = _cohort(n, seed=n)
    margin = told.margin.round(decimals)
    asked = np.unique(np.concatenate([margin, margin + 0.05, [-9.0, 9.0]]))

    fitted = fit_risk_range(ToldRows(margin, told.label, told.student, told.school), seed=0)
    low, high = fitted.bounds(asked)

    for place, one in enumerate(asked):
        added = [
            IsotonicRegression().fit(np.append(margin, one), np.append(told.label, truth)).predict([one])[0]
            for truth in (0.0, 1.0)
        ]
        assert low[place] <= added[0] + 1e-9
        assert high[place] >= added[1] - 1e-9


@pytest.mark.parametrize("n", [200, 2000])
def test_true_chances_lie_in_the_range(n: int) -> None:
    """On rows whose chances are known, at least 85 of 100 lie inside; Venn-Abers alone holds under half."""
    asked = _cohort(1000, seed=99).margin
    truth, inside, alone = Identity().risks(asked), [], []
    for seed in range(12):
        told = _cohort(n, seed)
        low, high = fit_risk_range(told, seed=seed).bounds(asked)
        inside.append(np.mean((low <= truth) & (truth <= high)))
        low, high, places = venn_abers(told.margin, told.label)
        low, high = low[np.searchsorted(places, asked, "right")], high[np.searchsorted(places, asked)]
        alone.append(np.mean((low <= truth) & (truth <= high)))

    assert np.mean(inside) > 0.85
    assert np.mean(alone) < 0.5


def test_the_venn_abers_bound_that_comes_true_is_calibrated() -> None:
    """Over many small cohorts, the bound that the future picks says how often it picks (Vovk, Petej 2014)."""
    picked, came = [], []
    for seed in range(150):
        told, future = _cohort(40, seed), _cohort(200, 1000 + seed)
        low, high, places = venn_abers(told.margin, told.label)
        one = low[np.searchsorted(places, future.margin, side="right")]
        other = high[np.searchsorted(places, future.margin, side="left")]
        picked.append(np.where(future.label, other, one))
        came.append(future.label)
    told_of_all, came_of_all = np.concatenate(picked), np.concatenate(came)

    for least, most in ((0.0, 0.2), (0.2, 0.5), (0.5, 1.0)):
        inside = (told_of_all >= least) & (told_of_all <= most)
        assert told_of_all[inside].mean() == pytest.approx(came_of_all[inside].mean(), abs=0.03)


def test_fewer_rows_give_a_wider_range() -> None:
    """A tenth of the students leaves more doubt."""
    asked = np.linspace(-3, 1, 50)

    widths = [_width(fit_risk_range(_cohort(n, 3), seed=0), asked) for n in (4000, 400, 40)]

    assert widths[0] < 0.6 * widths[1] < 0.6 * widths[2]


def test_rows_that_a_student_repeats_do_not_narrow_it() -> None:
    """Three rows of each student say as much as one."""
    once = _cohort(300, seed=5)
    thrice = once.take(np.tile(np.arange(300), 3))

    assert fit_risk_range(thrice, seed=0).n_students == 300


def test_schools_that_differ_widen_it() -> None:
    """Where whole schools lie above or below the curve, students drawn alone would promise too much."""
    told = _cohort(10_000, seed=8, n_schools=25)
    shifted = Identity().risks(told.margin + np.random.default_rng(1).normal(size=25)[told.school])
    label = np.random.default_rng(2).random(10_000) < shifted
    asked = np.linspace(-3, 1, 50)

    by_school = fit_risk_range(ToldRows(told.margin, label, told.student, told.school), seed=0)
    alone = fit_risk_range(ToldRows(told.margin, label, told.student, np.zeros_like(told.school)), seed=0)

    assert _width(by_school, asked) > 1.3 * _width(alone, asked)


def test_json_gives_training_s_bounds_with_few_knots() -> None:
    """What the service reads is what was fitted, risks lie inside, and the knots stay few."""
    fitted = fit_risk_range(_cohort(20_000, seed=4), seed=0)
    margin = np.concatenate([np.linspace(-9, 9, 500), fitted.low.x, fitted.high.x])
    middle = np.mean(fitted.bounds(margin), axis=0)

    low, high = risk_range_from(json.loads(json.dumps(fitted.to_dict()))).bounds(margin, middle)

    assert np.array_equal([low, high], fitted.bounds(margin))
    assert max(len(fitted.low.x), len(fitted.high.x)) <= MOST_KNOTS
    assert fitted.widened_by <= 0.005
