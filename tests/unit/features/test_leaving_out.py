"""A cohort leaves units out by what was known of them, and counts them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import CohortSpec, Indicators, LeftOut, Matrix, Moment, build_matrix
from earlywarn.features.leaving_out import without_condition
from tests.builders.network import Rows, memory_tables, stay, tiny_contract, tiny_indicators

FIRST, SECOND = date(2024, 10, 15), date(2024, 11, 20)
WITHOUT = {"table": "marks", "where": "mark < 50", "fr": "f", "en": "e"}


def cohort(**changes: Any) -> CohortSpec:
    """Return a cohort without those who had a mark under 50."""
    return CohortSpec.model_validate({"without": {**WITHOUT, **changes}})


def matrix(rows: Rows, spec: CohortSpec) -> Matrix:
    """Return the matrix of a cohort on two dates."""
    return build_matrix(
        memory_tables({"stays": [stay("a"), stay("b"), stay("c", "south")], **rows}),
        tiny_contract(),
        Indicators.model_validate({"indicator": [tiny_indicators().indicator[0]]}),
        cohort=spec,
        moments=[Moment("2024-2025", f"{day:%m-%d}", day) for day in (FIRST, SECOND)],
    )


def low_mark(student: str, reported_on: date) -> dict[str, object]:
    """Return a mark of 40."""
    return {"student_id": student, "subject": "maths", "reported_on": reported_on, "mark": 40}


def test_a_unit_is_out_from_the_day_after_it_was_known() -> None:
    """A mark reported on 15 October is not known on it: the student is in then, and out in November."""
    found = matrix({"marks": [low_mark("a", FIRST), low_mark("b", date(2024, 9, 30))]}, cohort())

    there = [(row["student_id"], row["as_of"]) for row in found.rows.to_pylist()]
    assert there == [("a", FIRST), ("c", FIRST), ("c", SECOND)]
    assert found.left_out == LeftOut(n_rows=3, n_units=2)


def test_only_those_whom_the_cohort_holds_are_counted() -> None:
    """Who is outside the cohort anyway is not left out of it."""
    spec = CohortSpec(where="school_id = 'south'", without=cohort().without)

    found = matrix({"marks": [low_mark("a", date(2024, 9, 1)), low_mark("c", FIRST)]}, spec)

    assert found.left_out == LeftOut(n_rows=1, n_units=1)


def test_no_rule_leaves_nobody_out() -> None:
    """Without a rule the count is zero, and everybody is there on both dates."""
    found = matrix({"marks": [low_mark("a", date(2024, 9, 1))]}, CohortSpec())

    assert (len(found), found.left_out) == (6, LeftOut())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "nowhere"}, "there is no table 'nowhere'"),
        ({"table": "days", "where": "happened_on > '2024-01-01'"}, "'days' does not name the student"),
        ({"where": "mark"}, "must be true or false"),
        ({"table": "students", "where": "sex = 'F'"}, "'sex' is sensitive"),
    ],
)
def test_a_rule_that_may_not_shape_a_list_is_refused(changes: dict[str, str], message: str) -> None:
    """A missing table, a table of places, a number, and a sensitive column are each refused."""
    with pytest.raises(DeclarationError, match=message):
        without_condition(tiny_contract(), cohort(**changes))
