"""Scores from posted feature rows, abstention, and the calibrator."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from earlywarn.errors import DamagedModelError, TableError
from earlywarn.modeling.calibrators import Beta, Identity, Isotonic, Sigmoid
from earlywarn.publication import unsigned_model
from earlywarn.scoring import (
    TOO_LITTLE_DATA,
    Abstention,
    Budget,
    CurveTerms,
    calibrator_from,
    can_compile,
    risk_range_from,
    score_batch,
    score_rows,
    score_values,
)
from tests.builders.published import FEATURES, example_rows, plain_model, write_bundle

ROW: dict[str, float | None] = dict.fromkeys(FEATURES, 1.0)


def test_a_posted_row_is_scored_in_the_frozen_order() -> None:
    """Fields may come in any order; the score is that of the batch."""
    model = plain_model()
    shuffled = {name: float(i) for i, name in reversed(list(enumerate(FEATURES)))}

    (one,) = score_rows(model, [shuffled])

    assert one == score_values(model, np.arange(8.0)[None])[0]
    assert one.margin == -1.0
    assert one.risk == pytest.approx(1 / (1 + math.e))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"late__share__period": float("nan")}, "'late__share__period' is not a finite number"),
        ({"late__share__period": float("inf")}, "'late__share__period' is not a finite number"),
        ({"late__share__period": 1e13}, "believable"),
        ({"late__share__period": "much"}, "'late__share__period' is not a number"),
        ({"late__share__period": True}, "'late__share__period' is not a number"),
        ({"Ana Tremblay": 1.0}, "row 1: 1 fields are no feature"),
    ],
)
def test_odd_fields_are_refused_by_position_and_name(change: dict[str, float], word: str) -> None:
    """Each problem is named by its row and field, and no value is repeated."""
    with pytest.raises(TableError, match=word) as caught:
        score_rows(plain_model(), [ROW, {**ROW, **change}])

    assert "much" not in str(caught.value)
    assert "Ana" not in str(caught.value)


def test_a_field_left_out_is_refused() -> None:
    """Missing is said by null; a field that is not there is a mistake."""
    with pytest.raises(TableError, match="row 0: 'period_day' is not given"):
        score_rows(plain_model(), [{name: value for name, value in ROW.items() if name != "period_day"}])


def test_too_little_data_is_not_scored() -> None:
    """A row of which only the calendar is known gets no number, but the reason why."""
    nothing: dict[str, float | None] = {**dict.fromkeys(FEATURES), "period_day": 80.0}

    (one,) = score_rows(plain_model(), [nothing])

    assert (one.margin, one.risk, one.reasons) == (None, None, ())
    assert one.not_scored_because == TOO_LITTLE_DATA


def test_a_model_says_what_it_needs() -> None:
    """With a declared need, a row that lacks it is not scored, whatever else is known."""
    model = plain_model(abstention=Abstention(needs_any=("marks__mean__period",)))

    scores = score_rows(model, [ROW, {**ROW, "marks__mean__period": None}])

    assert [one.not_scored_because for one in scores] == [None, TOO_LITTLE_DATA]


def test_the_calibrator_gives_training_s_risks() -> None:
    """Every method reproduces what training computed, within 1e-12."""
    margins = np.linspace(-800, 800, 2001)
    stairs = Isotonic((-2.0, 0.0, 1.0), (0.05, 0.2, 0.9))
    for fitted in (Identity(), Sigmoid(0.7, -0.3), Beta(0.4, 1.3, -0.2), stairs):
        read = calibrator_from(fitted.to_dict())

        assert np.abs(read.risks(margins) - fitted.risks(margins)).max() <= 1e-12


@pytest.mark.parametrize(
    "content",
    [
        {"method": "sigmoid", "slope": -1.0, "intercept": 0.0},
        {"method": "sigmoid", "slope": 1.0},
        {"method": "beta", "a": 1.0, "b": -0.1, "c": 0.0},
        {"method": "beta", "a": 0.0, "b": 0.0, "c": 0.0},
        {"method": "beta", "a": 1.0, "b": 1.0, "c": float("nan")},
        {"method": "isotonic", "x": [0.0, 1.0], "y": [0.5, 0.2]},
        {"method": "isotonic", "x": [1.0, 1.0], "y": [0.1, 0.2]},
        {"method": "isotonic", "x": [], "y": []},
        {"method": "magic"},
    ],
)
def test_a_calibrator_that_turns_lists_over_is_refused(content: dict[str, object]) -> None:
    """A calibrator must rise with the margin, or be refused."""
    with pytest.raises(DamagedModelError, match="rising"):
        calibrator_from(content)


def test_scores_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows scored in blocks of seven get the scores of one block."""
    model, rows = plain_model(), example_rows(100)
    whole = score_values(model, rows)
    monkeypatch.setattr("earlywarn.scoring.scores._BLOCK", 7)

    assert score_values(model, rows) == whole


RANGE: dict[str, object] = {
    "method": "venn_abers",
    "low": {"x": [-1.5], "y": [0.1, 0.2]},
    "high": {"x": [-1.0], "y": [0.25, 0.5]},
}


def test_a_score_says_how_far_its_risk_may_be_off() -> None:
    """The high bound steps past its knot, and the bounds widen up to the risk where it leaves them."""
    model = plain_model(risk_range=risk_range_from(RANGE))

    (one,) = score_rows(model, [ROW])

    assert (one.margin, one.risk_low, one.risk_high) == (-1.0, 0.2, one.risk)
    assert one.risk == pytest.approx(1 / (1 + math.e))


def test_a_model_published_before_ranges_still_scores() -> None:
    """Its risks stand without a range."""
    (one,) = score_rows(plain_model(), [ROW])

    assert one.risk is not None
    assert (one.risk_low, one.risk_high) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "magic"},
        {"low": {"x": [-1.5], "y": [0.2, 0.1]}},
        {"low": {"x": [-1.5], "y": [0.1]}},
        {"low": {"x": [-1.5], "y": [0.1, 0.3]}},
        {"high": {"x": [-1.0], "y": [0.25, 1.5]}},
        {"high": {"x": [float("nan")], "y": [0.25, 0.5]}},
        {"high": None},
    ],
)
def test_bounds_that_fall_or_cross_are_refused(change: dict[str, object]) -> None:
    """A range is a pair of rising bounds between 0 and 1, the low one below."""
    with pytest.raises(DamagedModelError, match="no pair of rising bounds"):
        risk_range_from({**RANGE, **change})


@pytest.fixture
def not_yet_asked() -> Iterator[None]:
    """Let `can_compile` look anew in this test, and again after it, however it ends."""
    can_compile.cache_clear()
    yield
    can_compile.cache_clear()


@pytest.mark.usefixtures("not_yet_asked")
def test_a_machine_without_a_compiler_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where numba is missing, or finds no folder that it may write to, rows are read by numpy."""
    assert can_compile()
    can_compile.cache_clear()
    monkeypatch.setitem(sys.modules, "earlywarn.scoring.blocks", None)

    assert not can_compile()


def test_machine_code_and_numpy_score_a_batch_alike(tmp_path: Path) -> None:
    """Trees, lines and curves, missing or not: all that is told of a unit is equal to the last bit."""
    model = unsigned_model(write_bundle(tmp_path / "bundle").folder)
    bent = CurveTerms(
        column=np.array([6, 4]),
        knots=(np.array([0.05, 0.1, 0.3]), np.array([3.0, 50.0])),
        heights=(np.array([-0.2, 0.1, 0.9]), np.array([0.3, -0.4])),
        missing_coefficient=np.array([0.3, -0.1]),
        missing_share=np.array([0.1, 0.2]),
    )
    model = replace(model, curves=bent)
    rows = np.concatenate([example_rows(2500), 40 * example_rows(500, seed=1)])
    rows[::50] = np.nan

    one, other = score_batch(model, rows), score_batch(model, rows, many=True)

    for name in ("margins", "risks", "low", "high", "told"):
        assert np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True), name
    assert 0 < one.is_scored.sum() < len(rows)
    assert len(np.unique(one.told[:, 0, 0])) > 3
    alone = [score_batch(model, rows[i : i + 1]).margins for i in range(100)]
    assert np.array_equal(np.concatenate(alone), one.margins[:100], equal_nan=True)


def test_a_curve_is_read_between_its_knots_and_is_flat_beyond() -> None:
    """Halfway between two knots is halfway between their heights; missing adds its own."""
    curve = CurveTerms(
        column=np.array([1]),
        knots=(np.array([0.0, 2.0, 6.0]),),
        heights=(np.array([1.0, 3.0, 2.0]),),
        missing_coefficient=np.array([0.5]),
        missing_share=np.array([0.0]),
    )
    rows = np.array([[0.0, value] for value in (-5.0, 0.0, 1.0, 2.0, 4.0, 6.0, 9.0, np.nan)])

    assert curve.attributions(rows)[:, 0].tolist() == [1.0, 1.0, 2.0, 3.0, 2.5, 2.0, 2.0, 0.5]


def test_a_model_that_is_slow_to_explain_says_so() -> None:
    """What `publish` prints of a model names its steps where they are more than the budget."""
    model = plain_model()
    within = model.tables
    over = replace(within.groups, columns=np.zeros(Budget().most_steps + 1, dtype=np.int64))

    assert "budget" not in model.summary()
    assert "200,001 steps a row" in replace(model, tables=replace(within, groups=over)).summary()
