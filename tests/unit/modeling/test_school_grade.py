"""The rate of a school and grade comes from the past alone, and is shrunk where few students made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from earlywarn.modeling.matrix_rows import rows_of
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.school_grade import prior_strength, school_grade_risks, shrunken
from earlywarn.modeling.splits import Split
from tests.builders.matrices import labeled_matrix


def _rows() -> tuple[LabeledRows, Split]:
    """Return rows of two years whose second is tested."""
    matrix = labeled_matrix(n_students=240, first_years=(2021, 2022))
    rows = rows_of(matrix, groups=(), capacity_per=("school", "grade"), today=date(2026, 1, 1))
    later = rows.period == "2022-2023"
    return rows, Split("test", np.flatnonzero(~later), np.flatnonzero(later))


def test_no_label_of_the_tested_year_is_used() -> None:
    """All labels of the tested year turned over change no risk."""
    rows, split = _rows()
    label = np.where(rows.school == "school00", 1.0, rows.label)
    turned = label.copy()
    turned[split.test] = 1 - turned[split.test]

    before, _ = school_grade_risks(replace(rows, label=label), split)
    after, _ = school_grade_risks(replace(rows, label=turned), split)

    assert after.tolist() == before.tolist()
    assert before[rows.school[split.test] == "school00"].min() > 0.9


def test_a_school_that_the_past_has_not_is_told_the_rate_of_its_grade() -> None:
    """A new school's students get the rate of their grade at that moment, and are not counted as seen."""
    rows, split = _rows()
    school = rows.school.astype("<U20")
    new = split.test[rows.school[split.test] == "school00"]
    school[new] = "a new school"

    risk, seen = school_grade_risks(replace(rows, school=school), split)

    place = np.isin(split.test, new) & (rows.moment[split.test] == "10-15")
    train = split.train[(rows.grade[split.train] == "sec1") & (rows.moment[split.train] == "10-15")]
    assert not seen[np.isin(split.test, new)].any()
    assert risk[place] == pytest.approx(rows.label[train].mean())


def test_rates_that_vary_by_chance_alone_are_not_kept_apart() -> None:
    """Forty schools of fifty students at one true rate: the prior is worth more than any school's own."""
    generator = np.random.default_rng(3)
    n, prior = np.full(40, 50.0), np.full(40, 0.2)

    alike = prior_strength(n, generator.binomial(50, 0.2, 40).astype(float), prior, n_means=1)
    apart = prior_strength(
        n, generator.binomial(50, np.tile([0.05, 0.35], 20)).astype(float), prior, n_means=1
    )

    assert alike > 50
    assert apart < 12


def test_few_students_move_a_rate_little() -> None:
    """One of two, at a prior of a tenth worth eight students, is 1.8 of ten; 50 of 100 stay near a half."""
    found = shrunken(np.array([2.0, 100.0]), np.array([1.0, 50.0]), np.array([0.1, 0.1]), 8.0)

    assert found.tolist() == pytest.approx([0.18, 50.8 / 108])
