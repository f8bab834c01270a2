"""Those whom staff acted on are measured apart from those they did not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earlywarn.evaluation import (
    ACTED_ON,
    NOT_ACTED_ON,
    NOT_LISTED,
    TestRows,
    acted_on_apart,
    draws_for,
    score_rows,
)
from earlywarn.evaluation.acted_on import NO_ANSWERS, acted_on_lines

WORDS = np.array([ACTED_ON, NOT_ACTED_ON, NOT_LISTED, NOT_LISTED] * 500)


def rows_of(risk: np.ndarray, *, helped: float) -> TestRows:
    """Return rows that come true as often as was said, save that help averts a part of it."""
    chance = np.where(WORDS == ACTED_ON, risk * (1 - helped), risk)
    same = np.full(risk.size, "x")
    return TestRows(
        label=np.random.default_rng(5).random(risk.size) < chance,
        period=same,
        moment=same,
        school=np.array([f"school{place % 40}" for place in range(risk.size)]),
        grade=same,
        student=np.array([f"s{place}" for place in range(risk.size)]),
        lists=same,
        groups={},
    )


def test_help_shows_as_risks_said_too_high_for_those_helped_only() -> None:
    """Where a plan averts two thirds, the gap of those acted on is plain, and the others' is none."""
    risk = np.random.default_rng(4).uniform(0.2, 0.6, WORDS.size)
    rows = rows_of(risk, helped=2 / 3)
    _, draws = draws_for(rows, n_draws=200, generator=np.random.default_rng(0))

    found = {
        one.word: one
        for one in acted_on_apart(score_rows("m", risk, risk, rows, share=0.1), WORDS, rows, draws)
    }

    assert {word: one.n for word, one in found.items()} == {
        ACTED_ON: 500,
        NOT_ACTED_ON: 500,
        NOT_LISTED: 1000,
    }
    assert found[ACTED_ON].calibration_gap.low > 0.15
    assert found[NOT_ACTED_ON].calibration_gap.low < 0 < found[NOT_ACTED_ON].calibration_gap.high
    assert found[ACTED_ON].mean_risk.value == pytest.approx(risk[WORDS == ACTED_ON].mean())
    assert found[ACTED_ON].n_positive == rows.label[WORDS == ACTED_ON].sum()
    assert 0.5 < found[NOT_LISTED].auc.value < 0.8


def test_ranking_is_told_moment_by_moment() -> None:
    """Where margins follow the moment alone, they rank nobody, though outcomes follow the moment, too."""
    moment = np.repeat(["10-15", "03-15"], WORDS.size // 2)
    risk = np.where(moment == "10-15", 0.2, 0.6)
    rows = replace(rows_of(risk, helped=0.0), moment=moment)
    _, draws = draws_for(rows, n_draws=20, generator=np.random.default_rng(0))

    found = acted_on_apart(score_rows("m", risk, risk, rows, share=0.1), WORDS, rows, draws)

    assert [one.auc.value for one in found] == [0.5, 0.5, 0.5]


def test_few_outcomes_are_not_ranked() -> None:
    """With fewer than ten outcomes the sheet gives counts and rates, and no AUC."""
    risk = np.full(WORDS.size, 0.3)
    rows = rows_of(risk, helped=1.0)
    _, draws = draws_for(rows, n_draws=20, generator=np.random.default_rng(0))

    found = acted_on_apart(score_rows("m", risk, risk, rows, share=0.1), WORDS, rows, draws)

    assert (found[0].word, found[0].n_positive) == (ACTED_ON, 0)
    assert np.isnan(found[0].auc.value)


def test_without_answers_the_sheet_says_so() -> None:
    """No store, or a store in which nobody has answered, is told apart from a group of nobody."""
    risk = np.full(WORDS.size, 0.3)
    rows = rows_of(risk, helped=0.0)
    _, draws = draws_for(rows, n_draws=2, generator=np.random.default_rng(0))

    found = acted_on_apart(score_rows("m", risk, risk, rows, share=0.1), None, rows, draws)

    assert (found, acted_on_lines([])) == ((), [NO_ANSWERS])
