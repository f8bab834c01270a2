"""Groups are judged within, outside or cannot tell, and an injected gap is found."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import Tolerance, audit_groups, draws_for, score_rows
from earlywarn.evaluation.measures import TestRows


def _rows(n: int, generator: np.random.Generator, *, gap: float) -> tuple[TestRows, np.ndarray]:
    risk = generator.uniform(0.1, 0.5, n)
    is_first = np.arange(n) % 2 == 0
    label = generator.random(n) < risk + gap * is_first
    words = np.array(["x"] * n)
    rows = TestRows(
        label=label,
        period=words,
        moment=words,
        school=np.array([f"school{place % 40}" for place in range(n)]),
        grade=words,
        student=np.array([f"s{place}" for place in range(n)]),
        lists=np.array([f"school{place % 40}" for place in range(n)]),
        groups={"sex": np.where(is_first, "F", "M")},
    )
    return rows, risk


def test_an_injected_gap_is_found() -> None:
    """Risks said ten points too low for one group are outside a tolerance of three."""
    rows, risk = _rows(20_000, np.random.default_rng(3), gap=0.10)
    scored = score_rows("m", risk, risk, rows, share=0.1)
    _, draws = draws_for(rows, n_draws=200, generator=np.random.default_rng(0))

    audited = audit_groups(scored, rows, draws, tolerance=Tolerance())

    assert {one.group: one.calibration_verdict for one in audited} == {"F": "outside", "M": "within"}


def test_without_a_gap_both_groups_are_within() -> None:
    """Risks that mean rates pass in both groups."""
    rows, risk = _rows(20_000, np.random.default_rng(4), gap=0.0)
    scored = score_rows("m", risk, risk, rows, share=0.1)
    _, draws = draws_for(rows, n_draws=200, generator=np.random.default_rng(0))

    audited = audit_groups(scored, rows, draws, tolerance=Tolerance())

    assert [one.calibration_verdict for one in audited] == ["within", "within"]


def test_few_rows_cannot_tell() -> None:
    """Sixty rows allow no verdict."""
    rows, risk = _rows(60, np.random.default_rng(5), gap=0.0)
    scored = score_rows("m", risk, risk, rows, share=0.1)
    _, draws = draws_for(rows, n_draws=200, generator=np.random.default_rng(0))

    audited = audit_groups(scored, rows, draws, tolerance=Tolerance())

    assert [one.calibration_verdict for one in audited] == ["cannot tell", "cannot tell"]
