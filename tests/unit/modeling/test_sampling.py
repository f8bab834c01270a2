"""A fit on all rows with the outcome and a sample of the others says what a fit on everything says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earlywarn.evaluation import Flags, Floats, Ranking, Words
from earlywarn.modeling.calibrators import Sigmoid
from earlywarn.modeling.logistic import fit_logistic
from earlywarn.modeling.sampling import sample_rows, student_places

N_ROWS = 20_000


@pytest.fixture(scope="module")
def drawn() -> tuple[Words, Floats, Flags]:
    """Return two rows each of many students, their values and a rare outcome."""
    chance = np.random.default_rng(5)
    student = np.array([f"s{place // 2:06d}" for place in range(N_ROWS)])
    values = chance.normal(size=(N_ROWS, 2))
    truth = chance.random(N_ROWS) < 1 / (1 + np.exp(-(values[:, 0] - 3.2)))
    return student, values, truth


def test_few_rows_are_left_alone(drawn: tuple[Words, Floats, Flags]) -> None:
    """Where no more rows train than may, all of them do, and no margin moves."""
    student, _, truth = drawn
    train = np.arange(N_ROWS)

    sample = sample_rows(student, truth, train, most=N_ROWS)

    assert (sample.rows is train, sample.correction) == (True, 0.0)


def test_every_outcome_stays_and_others_are_whole_students(drawn: tuple[Words, Floats, Flags]) -> None:
    """Rows with the outcome all train; a student's rows without it train together or not at all."""
    student, _, truth = drawn

    sample = sample_rows(student, truth, np.arange(N_ROWS), most=4_000)

    kept = np.isin(np.arange(N_ROWS), sample.rows)
    assert kept[truth].all()
    assert set(student[kept & ~truth]).isdisjoint(student[~kept & ~truth])
    assert abs(sample.rows.size - 4_000) < 300


def test_the_sample_depends_on_the_student_alone(drawn: tuple[Words, Floats, Flags]) -> None:
    """In another order of rows the same rows are drawn."""
    student, _, truth = drawn
    order = np.random.default_rng(1).permutation(N_ROWS)

    sample = sample_rows(student, truth, np.arange(N_ROWS), most=4_000)
    turned = sample_rows(student[order], truth[order], np.arange(N_ROWS), most=4_000)

    assert sorted(order[turned.rows].tolist()) == sample.rows.tolist()
    assert turned.correction == sample.correction


def test_corrected_margins_mean_what_they_mean_without_sampling(drawn: tuple[Words, Floats, Flags]) -> None:
    """The corrected model says the rate that came true; uncorrected it would say several times as much."""
    student, values, truth = drawn
    sample = sample_rows(student, truth, np.arange(N_ROWS), most=3_000)
    signs = np.zeros(2)

    full = fit_logistic(values, truth, ["a", "b"], signs, penalty=1e-4)
    raw = fit_logistic(values[sample.rows], truth[sample.rows], ["a", "b"], signs, penalty=1e-4)
    corrected = replace(raw, intercept=raw.intercept + sample.correction)

    rates = [Sigmoid(1.0, 0.0).risks(model.margins(values)).mean() for model in (full, corrected, raw)]
    assert rates[1] == pytest.approx(rates[0], rel=0.05)
    assert rates[2] > 3 * rates[0]
    aucs = [Ranking(model.margins(values), truth).auc() for model in (full, corrected)]
    assert aucs[1] == pytest.approx(aucs[0], abs=0.003)


def test_frequent_outcomes_are_sampled_like_the_others() -> None:
    """Where outcomes alone would fill the places, both sides are drawn, and the correction knows it."""
    student = np.array([f"s{place}" for place in range(20_000)])
    truth = np.arange(20_000) % 2 == 0

    sample = sample_rows(student, truth, np.arange(20_000), most=4_000)

    assert abs(sample.rows.size - 4_000) < 250
    assert abs(sample.correction) < 0.15


def test_places_are_even() -> None:
    """A student's place is anywhere between 0 and 1, and is the same whoever stands beside."""
    names = np.array([f"s{place}" for place in range(4_000)])

    places = student_places(names)

    assert abs(places.mean() - 0.5) < 0.02
    assert student_places(names[7:8])[0] == places[7]
