"""Every function over every kind of window, with numbers computed by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

import pytest

from earlywarn.features import CohortSpec, Indicators, Matrix, Moment, build_matrix
from tests.builders.network import Rows, memory_tables, stay, tiny_contract

AS_OF = date(2024, 10, 15)
MOMENT = Moment("2024-2025", "10-15", AS_OF)
TEXT = {"fr": "{value}", "en": "{value}"}

ABSENCES = [
    {"student_id": "a", "happened_on": date(2024, 10, 14), "category": "unexcused", "days": 1},
    {"student_id": "a", "happened_on": date(2024, 9, 15), "category": "excused", "days": 0.5},
    {"student_id": "a", "happened_on": date(2024, 9, 14), "category": "unexcused", "days": 0.25},
    {"student_id": "a", "happened_on": date(2024, 10, 15), "category": "unexcused", "days": 1},
]
MARKS = [
    {"student_id": "a", "subject": "french", "reported_on": date(2024, 9, 15), "mark": 60},
    {"student_id": "a", "subject": "french", "reported_on": date(2024, 9, 25), "mark": 70},
    {"student_id": "a", "subject": "maths", "reported_on": date(2024, 9, 25), "mark": 62},
    {"student_id": "a", "subject": "maths", "reported_on": date(2023, 11, 20), "mark": 40},
]
STAYS = [stay("a", starts_on=date(2023, 9, 1), left_on=date(2024, 6, 22)), stay("a"), stay("b")]


def matrix(rows: Rows, *indicators: Mapping[str, object], moment: Moment = MOMENT) -> Matrix:
    """Return the matrix of declared indicators on one moment."""
    full = [{"name": "x", "family": "f", "direction": "up", "text": TEXT, **one} for one in indicators]
    return build_matrix(
        memory_tables({"stays": STAYS, **rows}),
        tiny_contract(),
        Indicators.model_validate({"indicator": full}),
        cohort=CohortSpec(),
        moments=[moment],
    )


def value(found: Matrix, feature: str, student: str = "a") -> float:
    """Return one student's value of a feature."""
    position = found.rows["student_id"].to_pylist().index(student)
    return float(found.features[feature].to_numpy()[position])


@pytest.mark.parametrize(
    ("function", "window", "expected"),
    [
        # 14 October is one day before, 15 September thirty, 14 September thirty-one.
        ("sum", "30d", 1.5),
        ("sum", "31d", 1.75),
        ("sum", "period", 1.75),
        ("sum", "all", 1.75),
        ("sum", "previous_period", 0.0),
        ("count", "30d", 2.0),
        ("count", "all", 3.0),
        ("mean", "30d", 0.75),
        ("min", "all", 0.25),
        ("max", "31d", 1.0),
        ("last", "period", 1.0),
        ("days_since", "period", 1.0),
        # The days of the window are -2 and -1, their sums 0 and 1: one more a day, thirty a month.
        ("trend", "2d", 30.0),
        # Days -3, -2, -1 with 0, 0, 1: the slope is a half a day.
        ("trend", "3d", 15.0),
    ],
)
def test_function_of_events(function: str, window: str, expected: float) -> None:
    """Where absence means zero, each function counts the days of its window and no other."""
    found = matrix(
        {"absences": ABSENCES},
        {"table": "absences", "value": "days", "functions": [function], "windows": [window]},
    )

    assert value(found, f"x__{function}__{window}") == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("function", "window", "expected"),
    [
        ("mean", "period", 64.0),
        ("mean", "all", 58.0),
        ("mean", "previous_period", 40.0),
        ("min", "period", 60.0),
        ("max", "previous_period", 40.0),
        # Two marks on the latest day: the greater one.
        ("last", "period", 70.0),
        ("last", "previous_period", 40.0),
        ("days_since", "period", 20.0),
        # 60 on one day and 66 on average ten days later: six points in ten days are eighteen a month.
        ("trend", "period", 18.0),
        ("trend", "previous_period", math.nan),
        ("count", "30d", 3.0),
        ("sum", "period", 192.0),
    ],
)
def test_function_of_measurements(function: str, window: str, expected: float) -> None:
    """Where absence means unknown, each function speaks of what was measured."""
    found = matrix(
        {"marks": MARKS}, {"table": "marks", "value": "mark", "functions": [function], "windows": [window]}
    )

    assert value(found, f"x__{function}__{window}") == pytest.approx(expected, nan_ok=True)


def test_no_absence_is_a_zero_and_no_mark_is_unknown() -> None:
    """A member without rows has zero days of absence and no mark at all."""
    found = matrix(
        {"absences": ABSENCES, "marks": MARKS},
        {"name": "a", "table": "absences", "value": "days", "functions": ["sum", "mean"], "windows": ["30d"]},
        {"name": "m", "table": "marks", "value": "mark", "functions": ["sum", "count"], "windows": ["30d"]},
    )

    assert value(found, "a__sum__30d", "b") == 0.0
    assert math.isnan(value(found, "a__mean__30d", "b"))
    assert math.isnan(value(found, "m__sum__30d", "b"))
    assert math.isnan(value(found, "m__count__30d", "b"))


def test_a_mark_that_does_not_match_is_a_zero() -> None:
    """A student with marks and no failing one has zero failing marks, which is known."""
    found = matrix(
        {"marks": MARKS},
        {"table": "marks", "where": "mark < 50", "functions": ["count"], "windows": ["period"]},
    )

    assert value(found, "x__count__period") == 0.0


def test_a_zero_is_not_known_for_a_year_spent_elsewhere() -> None:
    """Last year's absences are zero for who was a member then, and unknown for who was not."""
    found = matrix(
        {},
        {"table": "absences", "value": "days", "functions": ["sum"], "windows": ["previous_period"]},
    )

    assert value(found, "x__sum__previous_period", "a") == 0.0
    assert math.isnan(value(found, "x__sum__previous_period", "b"))


def test_own_past_is_the_stretch_of_equal_length_before() -> None:
    """The last thirty days less the thirty before; this period less the previous one to the same day."""
    found = matrix(
        {
            "absences": [
                *ABSENCES,
                {"student_id": "a", "happened_on": date(2023, 10, 14), "category": "excused", "days": 3},
                {"student_id": "a", "happened_on": date(2023, 10, 16), "category": "excused", "days": 9},
            ]
        },
        {
            "table": "absences",
            "value": "days",
            "functions": ["sum"],
            "windows": ["30d", "period"],
            "compare_with": ["own_past"],
        },
    )

    # 14 September is the first day of the thirty before. The period is 106 days old on 15 October, so that
    # its past is 1 July to 14 October 2023.
    assert value(found, "x__sum__30d__own_past") == 1.5 - 0.25
    assert value(found, "x__sum__period__own_past") == 1.75 - 3.0


def test_own_past_is_unknown_before_the_unit_came() -> None:
    """Who came on 1 September has no thirty days before the last sixty to compare with."""
    found = matrix(
        {"absences": ABSENCES},
        {
            "table": "absences",
            "value": "days",
            "functions": ["sum"],
            "windows": ["45d"],
            "compare_with": ["own_past"],
        },
        moment=Moment("2024-2025", "10-15", AS_OF),
    )

    assert math.isnan(value(found, "x__sum__45d__own_past", "b"))


def test_share_of_rows_and_of_amounts() -> None:
    """Without exposure a share is matching rows, or their amounts, over all rows of the window."""
    found = matrix(
        {"marks": MARKS},
        {"name": "n", "table": "marks", "where": "mark < 61", "functions": ["share"], "windows": ["period"]},
        {
            "name": "s",
            "table": "marks",
            "where": "mark < 61",
            "value": "mark",
            "functions": ["share"],
            "windows": ["all"],
        },
    )

    assert value(found, "n__share__period") == 1 / 3
    assert value(found, "s__share__all") == 100 / 232
    assert math.isnan(value(found, "n__share__period", "b"))


def test_share_of_exposure_counts_the_days_of_the_place_since_the_unit_came() -> None:
    """Days of absence over the school's days of class, from the first day the student was there."""
    days = [{"school_id": "north", "happened_on": date(2024, 9, day)} for day in range(1, 31)]
    late = stay("c", starts_on=date(2024, 9, 21))
    found = matrix(
        {
            "days": [*days, {"school_id": "south", "happened_on": date(2024, 10, 1)}],
            "absences": [*ABSENCES, {"student_id": "c", "happened_on": date(2024, 9, 25), "days": 1}],
            "stays": [*STAYS, late],
        },
        {"table": "absences", "value": "days", "functions": ["share"], "windows": ["period", "30d", "5d"]},
    )

    assert value(found, "x__share__period", "a") == 1.75 / 30
    assert value(found, "x__share__period", "b") == 0.0
    assert value(found, "x__share__period", "c") == 1 / 10
    # 15 to 30 September are sixteen days.
    assert value(found, "x__share__30d", "a") == 1.5 / 16
    assert math.isnan(value(found, "x__share__5d", "a"))


def test_due_and_not_handed_in_follows_what_was_known() -> None:
    """A task counts from the day after it was due, and what was handed in later was not in by then."""
    tasks = [
        {"school_id": "north", "task": "t1", "due_on": date(2024, 9, 20), "weight": 2},
        {"school_id": "north", "task": "t2", "due_on": date(2024, 10, 14), "weight": 3},
        {"school_id": "north", "task": "t3", "due_on": date(2024, 10, 15), "weight": 4},
        {"school_id": "south", "task": "t1", "due_on": date(2024, 9, 20), "weight": 8},
    ]
    handed = [
        {"student_id": "a", "school_id": "north", "task": "t1", "handed_on": date(2024, 9, 25)},
        {"student_id": "a", "school_id": "north", "task": "t2", "handed_on": date(2024, 10, 15)},
    ]
    stays = [
        {"student_id": name, "school_id": "north", "starts_on": date(2024, 9, 1), "grade": "sec1"}
        for name in ("a", "b")
    ]
    found = matrix(
        {"stays": stays, "tasks": tasks, "handed": handed},
        {
            "table": "due",
            "where": "handed_on is null",
            "value": "weight",
            "functions": ["count", "sum", "share"],
            "windows": ["all"],
        },
    )

    assert value(found, "x__count__all", "a") == 1.0
    assert value(found, "x__sum__all", "a") == 3.0
    assert value(found, "x__share__all", "a") == 3 / 5
    assert value(found, "x__sum__all", "b") == 5.0


def test_running_totals_are_taken_apart() -> None:
    """A window counts what its steps added, not what they had reached."""
    clicks = [
        {"student_id": "a", "kind": "forum", "step": 1, "happened_on": date(2024, 9, 5), "clicks": 4},
        {"student_id": "a", "kind": "forum", "step": 2, "happened_on": date(2024, 10, 5), "clicks": 9},
        {"student_id": "a", "kind": "forum", "step": 3, "happened_on": date(2024, 11, 5), "clicks": 30},
        {"student_id": "a", "kind": "quiz", "step": 2, "happened_on": date(2024, 10, 5), "clicks": 2},
    ]
    found = matrix(
        {"clicks": clicks},
        {
            "name": "{column}",
            "table": "clicks",
            "where": "kind = '{column}'",
            "value": "clicks",
            "columns": ["forum", "quiz"],
            "functions": ["sum"],
            "windows": ["30d", "all"],
        },
    )

    assert [value(found, name) for name in ("forum__sum__30d", "forum__sum__all")] == [5.0, 9.0]
    assert [value(found, name) for name in ("quiz__sum__30d", "quiz__sum__all")] == [2.0, 2.0]


def test_codes_with_declared_levels_are_zeros_and_ones() -> None:
    """A code is one in its own column, zero in the others, and missing in all where there is none."""
    found = matrix(
        {"stays": [stay("a", grade="sec2"), stay("b", grade=None)]},
        {
            "table": "stays",
            "value": "grade",
            "functions": ["one_of"],
            "windows": ["all"],
            "direction": "none",
        },
    )

    assert [value(found, f"x__one_of__all__{grade}") for grade in ("sec1", "sec2")] == [0.0, 1.0]
    assert math.isnan(value(found, "x__one_of__all__sec1", "b"))


def test_day_of_the_period_is_always_there() -> None:
    """The first feature of every matrix is the number of days since the period began."""
    found = matrix({}, {"table": "absences", "functions": ["count"], "windows": ["all"]})

    assert found.features.column_names[0] == "period_day"
    assert value(found, "period_day") == 106.0


def test_a_sum_of_tenths_is_exact() -> None:
    """A thousand tenths are a hundred, to the bit, as no sum of doubles would be."""
    absences = [
        {"student_id": "a", "happened_on": date(2024, 9, 1 + number % 28), "days": 0.1}
        for number in range(1000)
    ]
    found = matrix(
        {"absences": absences},
        {"table": "absences", "value": "days", "functions": ["sum"], "windows": ["all"]},
    )

    assert value(found, "x__sum__all") == 100.0
