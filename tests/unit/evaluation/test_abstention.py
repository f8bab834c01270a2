"""Who is not scored is counted by grade and by school, and a small school is not named."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import abstention_sheet
from earlywarn.evaluation.abstention import AbstainedAt, abstention_lines

BECAUSE = {"fr": "aucun résultat", "en": "no mark"}


def test_counts_are_by_grade_and_where_they_are_most() -> None:
    """Of three schools one is whole, one lacks a fifth, and one is too small to be named."""
    school = np.array(["a"] * 20 + ["b"] * 20 + ["c"] * 2)
    grade = np.array(["sec1", "sec2"] * 21)
    enough = np.ones(42, dtype=bool)
    enough[[20, 21, 22, 23, 40, 41]] = False

    sheet = abstention_sheet(
        enough, student=np.arange(42).astype(str), school=school, grade=grade, because=BECAUSE
    )

    assert sheet is not None
    assert (sheet.n, sheet.n_students, sheet.n_schools, sheet.n_all_schools) == (6, 6, 2, 3)
    assert sheet.by_grade == (AbstainedAt("sec1", 3, 21), AbstainedAt("sec2", 3, 21))
    assert sheet.most_in == (AbstainedAt("b", 4, 20),)


def test_nobody_left_out_says_nothing() -> None:
    """Where everybody is scored there is no sheet and no line."""
    words = np.array(["x"])

    sheet = abstention_sheet(np.array([True]), student=words, school=words, grade=words, because=BECAUSE)

    assert (sheet, abstention_lines(None)) == (None, [])
