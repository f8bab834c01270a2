"""Rows posted by a caller are held to the contract as files are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from earlywarn.errors import TableError
from earlywarn.tables import Contract, tables_from_rows
from tests.builders.intake import declare

TODAY = date(2025, 1, 10)
ABSENCE = {"student_id": "1", "happened_on": "2024-09-01", "category": "excused", "days": 0.5}


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    """Return the small network's contract."""
    return declare(tmp_path_factory.mktemp("rows")).contract


def test_posted_rows_become_tables(contract: Contract) -> None:
    """Numbers, dates and truth arrive exactly; tables nobody posted are empty."""
    rows = [
        {**ABSENCE, "is_late": True, "n_periods": 3},
        {**ABSENCE, "happened_on": date(2024, 9, 2), "days": None},
    ]

    tables = tables_from_rows(contract, {"absences": rows}, received_on=TODAY)

    found = tables.connection.execute(
        "SELECT happened_on, recorded_on, days, n_periods, is_late, visible_from FROM versions.absences "
        "ORDER BY line"
    ).fetchall()
    assert found == [
        (date(2024, 9, 1), date(2024, 9, 1), Decimal("0.50"), 3, True, date(2024, 9, 1)),
        (date(2024, 9, 2), date(2024, 9, 2), None, None, None, date(2024, 9, 2)),
    ]
    assert tables.connection.execute("SELECT count(*) FROM versions.enrollments").fetchall() == [(0,)]
    tables.close()


def test_rows_received_today_are_visible_from_today(contract: Contract) -> None:
    """Where the caller says so, the second clock counts."""
    tables = tables_from_rows(contract, {"absences": [ABSENCE]}, received_on=TODAY, backfill=False)

    assert tables.connection.execute("SELECT visible_from FROM versions.absences").fetchall() == [(TODAY,)]
    tables.close()


def test_every_broken_row_is_listed_without_its_value(contract: Contract) -> None:
    """The caller learns each position and reason, and no value comes back."""
    rows = [
        {**ABSENCE, "category": "SECRET"},
        ABSENCE,
        {**ABSENCE, "happened_on": "SECRET"},
        {**ABSENCE, "happened_on": "2024-09-03", "days": 0.125},
    ]

    with pytest.raises(TableError) as refusal:
        tables_from_rows(contract, {"absences": rows}, received_on=TODAY)

    message = str(refusal.value)
    assert "absences row 1: category not_allowed" in message
    assert "absences row 3: happened_on not_a_date" in message
    assert "absences row 4: days not_a_number" in message
    assert "SECRET" not in message


@pytest.mark.parametrize(
    ("posted", "message"),
    [
        ({"nothing": []}, "1 posted tables take no rows"),
        (
            {"absences": [{**ABSENCE, "SECRET": "x"}, {"SECRET2": 1}]},
            "^(?!.*SECRET).*table 'absences' has no such column for 2 posted names; it has category, days, ",
        ),
        ({"absences": [{**ABSENCE, "happened_on": "infinity"}]}, "row 1: happened_on not_a_date"),
        ({"absences": [{**ABSENCE, "happened_on": "0044-03-15 (BC)"}]}, "row 1: happened_on not_a_date"),
        ({"absences": [{"student_id": "1"}]}, "table 'absences' lacks column 'happened_on'"),
        (
            {"absences": [{**ABSENCE, "days": float("nan")}]},
            "a value is not text, number",
        ),
        ({"absences": [{**ABSENCE, "note": ["x"]}]}, "a value is not text, number"),
        ({"absences": [ABSENCE, {**ABSENCE, "days": 1}]}, "row 2: row conflicting_key"),
    ],
)
def test_other_rows_are_refused(
    contract: Contract, posted: dict[str, list[dict[str, object]]], message: str
) -> None:
    """Unknown tables and columns, missing keys and values of another kind are named."""
    with pytest.raises(TableError, match=message):
        tables_from_rows(contract, posted, received_on=TODAY)
