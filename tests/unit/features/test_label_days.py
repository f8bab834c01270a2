"""The day an outcome happened is carried beside its label, for lead time alone."""

from __future__ import annotations

from datetime import date

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import (
    CohortSpec,
    Indicators,
    Moment,
    Outcome,
    build_matrix,
    check_outcome,
)
from tests.builders.network import Row, Rows, memory_tables, stay, tiny_contract, tiny_indicators
from tests.builders.outcomes import BELOW, EQUALS, EVENT, EXIT, LATER

AS_OF = date(2024, 10, 15)


def happened(outcome: Outcome, rows: Rows, before: date = LATER) -> list[object]:
    """Return the day on which the outcome of each student happened, in the order of their names."""
    found = build_matrix(
        memory_tables(rows),
        tiny_contract(),
        Indicators.model_validate({"indicator": [tiny_indicators().indicator[0]]}),
        cohort=CohortSpec(),
        moments=[Moment("2024-2025", "10-15", AS_OF)],
        outcome=outcome,
        before=before,
    )
    assert found.labels is not None
    return list(found.labels["happened_on"].to_pylist())


def mark(student: str, day: date, mark: float) -> Row:
    """Return one mark."""
    return {"student_id": student, "subject": "french", "reported_on": day, "mark": mark}


def absence(student: str, day: int) -> Row:
    """Return one absence, on a day of October."""
    return {"student_id": student, "happened_on": date(2024, 10, day), "days": 1}


LEFT = date(2025, 2, 3)
OCTOBER: Rows = {
    "stays": [stay("a"), stay("b")],
    "absences": [*(absence("a", day) for day in (14, 20, 18)), absence("b", 26)],
}


@pytest.mark.parametrize(
    ("outcome", "rows", "expected"),
    [
        (EVENT, OCTOBER, [date(2024, 10, 18), None]),
        (
            BELOW,
            {
                "stays": [stay("a"), stay("b")],
                "marks": [
                    mark("a", date(2025, 6, 20), 70),
                    mark("a", date(2026, 6, 20), 50),
                    mark("a", date(2026, 2, 20), 40),
                    *(mark("b", date(year, 6, 20), 60) for year in (2025, 2026)),
                ],
            },
            [date(2026, 2, 20), None],
        ),
        (
            EQUALS,
            {
                "stays": [
                    stay("a", exit_type="dropout", left_on=LEFT),
                    stay("b", exit_type="graduated", left_on=LEFT),
                ]
            },
            [LEFT, None],
        ),
        (
            EQUALS.model_copy(update={"happened_on": "starts_on"}),
            {"stays": [stay("a", exit_type="dropout", left_on=LEFT)]},
            [date(2024, 9, 1)],
        ),
        (
            EXIT,
            {
                "stays": [
                    stay("a", left_on=LEFT),
                    stay("b"),
                    stay("c", left_on=date(2024, 11, 1)),
                    stay("c", starts_on=date(2025, 1, 8)),
                ]
            },
            [LEFT, None, None],
        ),
    ],
)
def test_the_day_of_the_outcome_is_carried_where_the_tables_tell_it(
    outcome: Outcome, rows: Rows, expected: list[date | None]
) -> None:
    """The first event, the first failing mark, the day of leaving; none where it did not come true."""
    assert happened(outcome, rows) == expected


def test_the_day_of_the_outcome_waits_for_its_label() -> None:
    """An event of the 18th is not told before the horizon has passed on the 25th."""
    assert happened(EVENT, OCTOBER, before=date(2024, 10, 24)) == [None, None]


@pytest.mark.parametrize("column", ["exit_type", "nowhere"])
def test_a_declared_day_is_a_column_of_days(column: str) -> None:
    """An outcome cannot count lead time from what is no day."""
    with pytest.raises(DeclarationError, match=f"no column of days '{column}'"):
        check_outcome(EQUALS.model_copy(update={"happened_on": column}), tiny_contract())
