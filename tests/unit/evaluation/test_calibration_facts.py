"""The sheet says whether the base rate moved, and names the reason of an error that is not small."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from earlywarn.evaluation import CalibrationFacts, TestRows, calibration_facts, draws_for, score_rows
from earlywarn.evaluation.calibration_facts import calibration_lines


def _rows(period: str, margin: np.ndarray, *, slope: float = 1.0, shift: float = 0.0) -> TestRows:
    generator = np.random.default_rng(int(period))
    n = margin.size
    label = generator.random(n) < 1 / (1 + np.exp(-(slope * margin + shift)))
    moment, school, grade, lists = (np.full(n, name) for name in ("moment", "school", "grade", "lists"))
    students = np.array([f"{period}{place}" for place in range(n)])
    return TestRows(label, np.full(n, period), moment, school, grade, students, lists, {})


def _facts(
    *, n: int = 10_000, slope: float = 1.0, shift: float = 0.0, past_shift: float = 0.0
) -> CalibrationFacts:
    generator = np.random.default_rng(1)
    margin = generator.normal(size=n) - 0.5
    rows, past = _rows("2014", margin, slope=slope, shift=shift), _rows("2013", margin, shift=past_shift)
    _, draws = draws_for(rows, n_draws=100, generator=generator)
    scored = score_rows("logistic", margin, 1 / (1 + np.exp(-margin)), rows, share=0.1)
    return calibration_facts(scored, rows, draws, past, generator=generator)


def test_a_small_error_needs_no_reason() -> None:
    """Risks that mean rates are left alone, and the base rate stands beside the past's."""
    facts = _facts()

    assert facts.reasons == ()
    assert facts.past_rate is not None
    assert facts.moved is not None
    assert (facts.past_of, facts.future_of) == (("2013",), ("2014",))
    assert facts.moved.low < 0 < facts.moved.high


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"n": 150}, ["chance"]),
        ({"shift": 0.5}, ["rate"]),
        ({"slope": 2.0, "shift": 0.5}, ["slope"]),
        ({"slope": 0.4, "shift": -1.0}, ["rate", "slope"]),
        # Risks are too high although the rate rose: that is not what the rise explains.
        ({"shift": -0.5, "past_shift": -1.0}, ["none"]),
    ],
)
def test_the_planted_reason_is_named(changes: dict[str, float], codes: list[str]) -> None:
    """Few rows, another rate, another slope: each is said, in both languages."""
    facts = _facts(**changes)  # type: ignore[arg-type]

    assert [reason["code"] for reason in facts.reasons] == codes
    assert all(reason["fr"] and reason["en"] for reason in facts.reasons)


def test_the_lines_say_it_in_both_languages() -> None:
    """From the sheet's JSON alone: rates with their periods, and why."""
    facts = json.loads(json.dumps(asdict(_facts(shift=0.5))))

    english, french = ("\n".join(calibration_lines(facts, language)) for language in ("en", "fr"))

    assert "the rate went from 0." in english
    assert "(2013) to 0." in english
    assert "le taux est passé de 0," in french
    assert "le modèle ne peut pas le savoir d’avance" in french


def test_sheets_from_before_say_nothing() -> None:
    """A sheet without the facts stays readable."""
    assert list(calibration_lines(None)) == []
