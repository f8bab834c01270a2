"""Who is a member on a date, whom they are compared with, and what audits see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import CohortSpec, Indicators, Matrix, Moment, build_matrix
from tests.builders.network import Row, Rows, memory_tables, stay, tiny_contract

DAY = date(2024, 10, 15)
COMPARED = {
    "name": "x",
    "family": "f",
    "table": "absences",
    "value": "days",
    "functions": ["sum"],
    "windows": ["30d"],
    "compare_with": ["peers"],
    "direction": "up",
    "text": {"fr": "{value}", "en": "{value}"},
}


def matrix(rows: Rows, *, where: str | None = None, days: Sequence[date] = (DAY,)) -> Matrix:
    """Return the matrix of one compared indicator."""
    return build_matrix(
        memory_tables(rows),
        tiny_contract(),
        Indicators.model_validate({"indicator": [COMPARED]}),
        cohort=CohortSpec(where=where),
        moments=[Moment("2024-2025", f"{day:%m-%d}", day) for day in days],
    )


def members(found: Matrix) -> list[str]:
    """Return the students of a matrix in its order."""
    return [str(name) for name in found.rows["student_id"].to_pylist()]


def test_membership_is_strict_on_both_ends() -> None:
    """Who starts on the date is not there yet; who leaves on the date is still there."""
    stays = [
        stay("starts the day before", starts_on=date(2024, 10, 14)),
        stay("starts on the day", starts_on=DAY),
        stay("left the day before", left_on=date(2024, 10, 14)),
        stay("leaves on the day", left_on=DAY),
    ]

    assert members(matrix({"stays": stays})) == ["leaves on the day", "starts the day before"]


def test_who_moved_is_where_the_latest_stay_says() -> None:
    """A student with two open stays is counted once, in the school entered last."""
    stays = [stay("a"), stay("a", "south", starts_on=date(2024, 10, 1))]

    found = matrix({"stays": stays})

    assert found.rows["school_id"].to_pylist() == ["south"]


def test_rows_are_sorted_by_unit_and_date() -> None:
    """The frozen order is the unit's, then the date's, whatever order the facts came in."""
    days = (date(2024, 11, 20), DAY)

    found = matrix({"stays": [stay("b"), stay("a")]}, days=days)

    assert members(found) == ["a", "a", "b", "b"]
    assert found.rows["as_of"].to_pylist() == [DAY, date(2024, 11, 20)] * 2


def test_a_later_version_counts_from_the_day_it_came() -> None:
    """A corrected grade is seen from the day after the correction was received, the first one before."""
    received = {"_superseding": True, "_batch": 2, "_backfill": False, "_received_on": date(2024, 11, 1)}
    stays = [stay("a"), {**stay("a", grade="sec2"), **received}]

    found = matrix({"stays": stays}, days=(DAY, date(2024, 11, 1), date(2024, 11, 2)))

    assert found.rows["grade"].to_pylist() == ["sec1", "sec1", "sec2"]


def peers_of(n_others: int) -> Rows:
    """Return one student with five days of absence among others with 1, 2, 3, … days."""
    names = [f"p{number:02d}" for number in range(1, n_others + 1)]
    absences: list[Row] = [
        {"student_id": name, "happened_on": date(2024, 10, 1), "days": number}
        for number, name in enumerate(names, start=1)
    ]
    absences.append({"student_id": "a", "happened_on": date(2024, 10, 1), "days": 5})
    return {"stays": [stay("a"), *(stay(name) for name in names)], "absences": absences}


def test_peers_are_compared_with_their_median() -> None:
    """With 1 to 10 and 5 the median of eleven is 5; of the ten 1 to 9 and 5 it is 5 as well."""
    eleven, ten = matrix(peers_of(10)), matrix(peers_of(9))

    assert eleven.features["x__sum__30d__peers"].to_pylist()[:3] == [0.0, -4.0, -3.0]
    assert ten.peers.to_pylist() == [
        {
            "school_id": "north",
            "grade": "sec1",
            "as_of": DAY,
            "feature": "x__sum__30d",
            "median": 5.0,
            "n": 10,
        }
    ]


def test_under_ten_there_is_no_median() -> None:
    """Nine members give no median and no comparison."""
    found = matrix(peers_of(8))

    assert np.isnan(found.features["x__sum__30d__peers"].to_numpy()).all()
    assert found.peers["median"].to_pylist() == [None]


def test_peers_are_all_members_not_only_the_cohort() -> None:
    """A cohort of one is still compared with everybody of the school and grade."""
    found = matrix(peers_of(10), where="school_id = 'north' and starts_on < '2024-09-02'")
    alone = matrix(
        {**peers_of(10), "stays": [*peers_of(10)["stays"], stay("z", starts_on=date(2024, 9, 10))]},
        where="starts_on > '2024-09-02'",
    )

    assert len(found) == 11
    # Of the twelve, 0 to 10 and 5, the two in the middle have 5 days.
    assert alone.features["x__sum__30d__peers"].to_pylist() == [-5.0]


def test_cohort_must_not_be_chosen_by_a_sensitive_column() -> None:
    """A condition that the grammar or the contract forbids is refused."""
    with pytest.raises(DeclarationError):
        matrix({"stays": [stay("a")]}, where="now() is null")
    with pytest.raises(DeclarationError):
        matrix({"stays": [stay("a")]}, where="sex = 'F'")


def test_audits_see_groups_that_features_do_not() -> None:
    """Sensitive columns stand beside the matrix, row by row, and never in it."""
    found = matrix({"stays": [stay("a"), stay("b")], "students": [{"student_id": "b", "sex": "M"}]})

    assert found.groups["sex"].to_pylist() == [None, "M"]
    assert not any("sex" in name for name in found.features.column_names)


def test_taking_rows_takes_them_everywhere() -> None:
    """A mask and positions choose the same rows of every part of a matrix."""
    found = matrix({"stays": [stay("a"), stay("b"), stay("c")]})

    masked = found.take(np.array([False, True, True]))
    placed = found.take(np.array([2, 1]))

    assert members(masked) == ["b", "c"]
    assert members(placed) == ["c", "b"]
    assert len(masked.features["x__sum__30d"]) == len(masked.groups["sex"]) == 2
