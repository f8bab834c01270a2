"""Where a value stands among the whole network on a date, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import CohortSpec, Indicators, Matrix, Moment, build_matrix, group_keys
from earlywarn.features.indicators import indicator_problems
from earlywarn.tables import Contract, Tables, tables_from_rows
from tests.builders.network import CONTRACT, Row, memory_tables, stay, tiny_contract

DAY = date(2024, 10, 15)
RANKED = CONTRACT.replace('peers = ["school_id", "grade"]', 'peers = ["school_id"]\nranked_among = ["grade"]')
INDICATOR = {
    "name": "standing",
    "family": "marks",
    "table": "marks",
    "value": "mark",
    "functions": ["rank"],
    "windows": ["all"],
    "compare_with": ["peers"],
    "direction": "down",
    "text": {"fr": "{value} ont moins", "en": "{value} have less"},
}


def mark(student: str, value: float | None, day: date = date(2024, 10, 1)) -> Row:
    """Return one mark."""
    return {"student_id": student, "subject": "maths", "reported_on": day, "mark": value}


def matrix(tables: Tables, contract: Contract, **changes: object) -> Matrix:
    """Return the matrix of the ranked indicator, of all members or as changed."""
    given: dict[str, object] = {"cohort": CohortSpec(), "moments": [Moment("2024-2025", "10-15", DAY)]}
    return build_matrix(
        tables,
        contract,
        Indicators.model_validate({"indicator": [INDICATOR]}),
        **(given | changes),  # type: ignore[arg-type]
    )


def hundred(marks: Sequence[float | None]) -> tuple[dict[str, list[Row]], list[str]]:
    """Return students s000, s001 and so on in the north with one mark each, and their names."""
    names = [f"s{number:03d}" for number in range(len(marks))]
    rows: dict[str, list[Row]] = {
        "stays": [stay(name) for name in names],
        "marks": [mark(name, value) for name, value in zip(names, marks, strict=True)],
    }
    return rows, names


def ranks(found: Matrix) -> dict[str, float]:
    """Return each student's rank."""
    students = [str(name) for name in found.rows["student_id"].to_pylist()]
    return dict(zip(students, found.features["standing__rank__all"].to_numpy().tolist(), strict=True))


def test_a_rank_is_the_share_that_lies_lower() -> None:
    """Marks 1 to 100: percentile k is mark k, so that mark 12 has 11 below it and 12 no higher: 23/198."""
    rows, _ = hundred([float(value) for value in range(1, 101)])

    found = ranks(matrix(memory_tables(rows, tiny_contract(RANKED)), tiny_contract(RANKED)))

    assert found["s011"] == 23 / 198
    assert (found["s000"], found["s099"]) == (1 / 198, 1.0)


def test_ties_stand_in_the_middle_of_their_stretch() -> None:
    """Twenty lowest marks are alike: none lies lower, 20 percentiles no higher, so each ranks at 20/198."""
    rows, names = hundred([5.0] * 20 + [float(value) for value in range(21, 101)])

    found = ranks(matrix(memory_tables(rows, tiny_contract(RANKED)), tiny_contract(RANKED)))

    assert {found[name] for name in names[:20]} == {20 / 198}


def test_nobody_is_ranked_among_fewer_than_a_hundred() -> None:
    """The hundredth mark is missing, and a percentile of 99 students would be one of them."""
    rows, _ = hundred([*(float(value) for value in range(1, 100)), None])

    found = matrix(memory_tables(rows, tiny_contract(RANKED)), tiny_contract(RANKED))

    assert np.isnan(found.features["standing__rank__all"].to_numpy()).all()
    assert found.peers["feature"].to_pylist() == ["standing__rank__all"]


def test_the_group_is_everybody_who_is_there_cohort_or_not() -> None:
    """A cohort of one is ranked among all hundred members of the grade, wherever they go to school."""
    rows, _ = hundred([float(value) for value in range(1, 101)])
    rows["stays"] = [
        stay(str(row["student_id"]), "north" if n else "south") for n, row in enumerate(rows["stays"])
    ]

    found = matrix(
        memory_tables(rows, tiny_contract(RANKED)),
        tiny_contract(RANKED),
        cohort=CohortSpec(where="school_id = 'south'"),
    )

    assert ranks(found) == {"s000": 1 / 198}


def test_peers_are_compared_by_where_their_median_ranks() -> None:
    """The north's marks are 1 to 50 and its median 25.5, which 25 percentiles do not exceed: 50/198."""
    rows, _ = hundred([float(value) for value in range(1, 101)])
    rows["stays"] = [
        stay(str(row["student_id"]), "north" if n < 50 else "south") for n, row in enumerate(rows["stays"])
    ]

    found = matrix(memory_tables(rows, tiny_contract(RANKED)), tiny_contract(RANKED))

    assert found.features["standing__rank__all__peers"].to_pylist()[11] == pytest.approx((23 - 50) / 198)


def test_a_mark_of_the_day_itself_moves_no_rank() -> None:
    """What becomes known on the as-of date changes neither a value nor anybody's rank."""
    rows, names = hundred([float(value) for value in range(1, 101)])
    later = {**rows, "marks": [*rows["marks"], *(mark(name, 0.0, DAY) for name in names[50:])]}

    expected = matrix(memory_tables(rows, tiny_contract(RANKED)), tiny_contract(RANKED))
    found = matrix(memory_tables(later, tiny_contract(RANKED)), tiny_contract(RANKED))

    assert found.features.equals(expected.features)
    assert found.peers.equals(expected.peers)


def test_on_demand_ranks_by_the_kept_percentiles() -> None:
    """One posted student gets the nightly rank to the bit, from 99 percentiles and no other student."""
    contract = tiny_contract(RANKED)
    rows, _ = hundred([float(value) for value in range(1, 101)])
    batch = matrix(memory_tables(rows, contract), contract)
    posted: dict[str, list[Row]] = {
        "stays": [{"student_id": "s011", "school_id": "north", "grade": "sec1", "starts_on": "2024-09-01"}],
        "marks": [{"student_id": "s011", "subject": "maths", "reported_on": "2024-10-01", "mark": 12}],
    }

    found = matrix(
        tables_from_rows(contract, posted, received_on=date(2030, 1, 1)), contract, peers=batch.peers
    )

    assert found.features.equals(batch.take(np.array([11])).features)
    assert set(batch.peers.column_names) == {*group_keys(contract), "as_of", "feature", "median", "n"}


@pytest.mark.parametrize(
    ("changes", "text", "message"),
    [
        ({}, CONTRACT, "[network] ranked_among names nobody to rank among"),
        ({"compare_with": ["own_past"], "windows": ["30d"]}, RANKED, "a rank is among this date's group"),
        ({"value": None}, RANKED, "rank needs a value"),
    ],
)
def test_a_rank_that_means_nothing_is_refused(changes: dict[str, object], text: str, message: str) -> None:
    """No group, no value, or a past that was ranked among others: each is said before any work."""
    declared = Indicators.model_validate({"indicator": [{**INDICATOR, **changes}]})

    found = [words for _, words in indicator_problems(declared, tiny_contract(text))]

    assert any(message in words for words in found)


def test_a_sensitive_column_ranks_nobody() -> None:
    """Who is ranked among whom shapes features, so that no audited column may say it."""
    text = RANKED.replace(
        'grade = { type = "category", allowed = ["sec1", "sec2"]',
        'grade = { sensitive = true, type = "category", allowed = ["sec1", "sec2"]',
    )

    with pytest.raises((DeclarationError, ValueError), match="'grade' is sensitive"):
        tiny_contract(text)
