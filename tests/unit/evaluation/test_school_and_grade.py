"""What school and grade tell is measured on the same rows, moments and draws as the individual score."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import (
    SchoolAndGrade,
    TestRows,
    beside_school_and_grade,
    moment_aucs,
    score_rows,
    tie_order,
)
from earlywarn.evaluation.figures import Draws

LABEL = np.array([1, 0, 0, 0, 1, 1, 0, 0], dtype=bool)
MODEL = np.array([0.9, 0.2, 0.3, 0.1, 0.8, 0.3, 0.7, 0.1])
ALONE = np.array([0.2, 0.2, 0.2, 0.2, 0.6, 0.6, 0.6, 0.6])
"""Two schools of four students: one in four and two in four had the outcome."""


def _measured(n_times: int = 1) -> SchoolAndGrade:
    """Measure the eight students, each school drawn whole; repeated, as schools of their own."""
    n = 8 * n_times
    school = np.array([f"school{place // 4:03d}" for place in range(n)])
    rows = TestRows(
        label=np.tile(LABEL, n_times),
        period=np.full(n, "2024-2025"),
        moment=np.full(n, "10-15"),
        school=school,
        grade=np.full(n, "sec1"),
        student=np.array([f"s{place:04d}" for place in range(n)]),
        lists=school,
        groups={},
    )
    generator = np.random.default_rng(0)
    counts = generator.multinomial(2 * n_times, np.full(2 * n_times, 1 / (2 * n_times)), size=100)
    draws = Draws(np.arange(n) // 4, counts.astype(float))
    model = score_rows("model", np.tile(MODEL, n_times), np.tile(MODEL, n_times), rows, share=0.25)
    told = (model, moment_aucs(model, rows, draws))
    return beside_school_and_grade(told, np.tile(ALONE, n_times), np.ones(n, dtype=bool), rows, draws)


def test_ranking_by_school_alone_ties_its_students() -> None:
    """Of 15 pairs, 6 stand in order, 2 the other way and 7 are tied in their school; the model has 13.5."""
    found = _measured()

    assert found.auc.value == pytest.approx((6 + 7 / 2) / 15)
    assert found.auc_added.value == pytest.approx((13.5 - 9.5) / 15)


def test_within_a_school_only_its_own_students_are_paired() -> None:
    """Three of three pairs in order in one school, three of four in the other."""
    found = _measured()

    assert found.n_pairs_within == 7
    assert found.auc_within.value == pytest.approx(6 / 7)


def test_a_school_drawn_twice_is_two_schools() -> None:
    """Of 40 schools half have 3 of 3 pairs in order and half 3 of 4: 26 and 14 of them give 120 of 134."""
    within = _measured(20).auc_within

    assert within.high == pytest.approx(120 / 134, abs=0.01)
    assert within.low == pytest.approx(120 / 146, abs=0.01)


def test_one_list_of_the_same_size_is_cut_for_the_whole_network() -> None:
    """Two places in all: school and grade fill both from the second school, by the named rule of ties."""
    ties = tie_order(np.array([f"s{place:04d}" for place in range(8)]))
    first = 4 + np.argsort(ties[4:])[:2]

    found = _measured()

    assert found.n_listed == 2
    assert found.precision_of_model.value == 1.0
    assert found.precision.value == LABEL[first].mean() < 1.0
    assert found.precision_added.value == 1.0 - LABEL[first].mean()


def test_what_the_score_adds_is_paired() -> None:
    """Twenty times the same two schools: every draw agrees on who does better, by AUC and by Brier."""
    found = _measured(20)

    assert found.verdict == "beats"
    assert found.auc_added.low > 0
    assert found.brier_added.high < 0
    assert found.base_brier == pytest.approx(3 / 8 * 5 / 8)
