"""A cell becomes exactly what it says, or its row waits with a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders.intake import EXTRACTS, HEADER, Network, declare, reasons


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network."""
    return declare(tmp_path)


def test_ids_and_texts_are_kept_exactly(network: Network) -> None:
    """Leading zeros, eighteen digits, and a student called NA stay what they are."""
    network.absences(
        "007;2024-09-01;;M;1;1;1;", "NA;2024-09-01;;;;;;null", "123456789012345678;2024-09-01;;;;;;  1E10 "
    )

    found = network.rows("SELECT student_id, note FROM versions.absences ORDER BY line")

    assert found == [("007", None), ("NA", "null"), ("123456789012345678", "1E10")]


def test_values_are_exact(network: Network) -> None:
    """Decimal comma, whole numbers, codes, truth and both declared date formats give exact values."""
    network.absences("1;13/09/2024;2024-09-14;N;0,5;3;true;x", "1;2024-09-02;;M;0,250;2.0;0;")

    found = network.rows(
        "SELECT happened_on, recorded_on, category, days, n_periods, is_late "
        "FROM versions.absences ORDER BY line"
    )

    assert found == [
        (date(2024, 9, 13), date(2024, 9, 14), "unexcused", Decimal("0.50"), 3, True),
        (date(2024, 9, 2), date(2024, 9, 2), "excused", Decimal("0.25"), 2, False),
    ]


def test_a_prefix_keeps_two_numberings_apart(tmp_path: Path) -> None:
    """Two sources that both count from 1 give two students, and a missing number stays missing."""
    text = EXTRACTS.replace('student_id = "Student"', 'student_id = { from = "Student", prefix = "north-" }')
    network = declare(tmp_path, extracts=text)

    intake = network.absences("1;2024-09-01;;M;1;1;1;", ";2024-09-02;;M;1;1;1;")

    assert network.rows("SELECT student_id FROM versions.absences") == [("north-1",)]
    assert reasons(intake) == {"student_id:missing": (3,)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (";2024-09-01;;;;;;", "student_id:missing"),
        ("1;;;;;;;", "happened_on:missing"),
        ("1;2024-13-01;;;;;;", "happened_on:not_a_date"),
        ("1;2024-9-1;;;;;;", "happened_on:not_a_date"),
        ("1;31/02/2024;;;;;;", "happened_on:not_a_date"),
        ("1;2024-09-01 08:00;;;;;;", "happened_on:not_a_date"),
        ("1;infinity;;;;;;", "happened_on:not_a_date"),
        ("1;-infinity;;;;;;", "happened_on:not_a_date"),
        ("1;epoch;;;;;;", "happened_on:not_a_date"),
        ("1;12024-09-01;;;;;;", "happened_on:not_a_date"),
        ("1;0044-03-15 (BC);;;;;;", "happened_on:not_a_date"),
        ("1;01/09/12024;;;;;;", "happened_on:not_a_date"),
        ("1;2024-09-01;;X;;;;", "category:unknown_code"),
        ("1;2024-09-01;;excused;;;;", "category:unknown_code"),
        ("1;2024-09-01;;;0.5;;;", "days:not_a_number"),
        ("1;2024-09-01;;;1E0;;;", "days:not_a_number"),
        ("1;2024-09-01;;;0,125;;;", "days:not_a_number"),
        ("1;2024-09-01;;;1 000;;;", "days:not_a_number"),
        ("1;2024-09-01;;;1,01;;;", "days:too_large"),
        ("1;2024-09-01;;;-0,01;;;", "days:too_small"),
        ("1;2024-09-01;;;;10;;", "n_periods:too_large"),
        ("1;2024-09-01;;;;1.5;;", "n_periods:not_an_integer"),
        ("1;2024-09-01;;;;;maybe;", "is_late:not_true_or_false"),
        (HEADER, "row:repeated_header"),
    ],
)
def test_wrong_cell_holds_its_row_back(network: Network, line: str, reason: str) -> None:
    """One row waits with the first reason found; the row beside it is taken in."""
    intake = network.absences("2;2024-09-02;;M;1;1;0;", line)

    assert reasons(intake) == {reason: (3,)}
    assert (intake.n_read, intake.n_new, intake.n_quarantined) == (2, 1, 1)


def test_date_that_two_formats_read_differently_waits(tmp_path: Path) -> None:
    """03/04 is no date where both orders are declared; 13/04 can only be one."""
    extracts = EXTRACTS.replace('["%Y-%m-%d", "%d/%m/%Y"]', '["%m/%d/%Y", "%d/%m/%Y"]')
    network = declare(tmp_path, extracts=extracts)

    intake = network.absences("1;03/04/2024;;;;;;", "1;13/04/2024;;;;;;", "1;04/04/2024;;;;;;")

    assert reasons(intake) == {"happened_on:not_a_date": (2,)}
    assert intake.n_new == 2


def test_declared_thousands_and_missing_words(tmp_path: Path) -> None:
    """Spaces of three kinds part thousands where declared, and declared words are missing values."""
    extracts = EXTRACTS.replace(
        'days = "Days"', 'days = { from = "Days", thousands = " ", missing = ["ABS"] }'
    )
    contract_max = "max = 1, decimals = 2"
    network = declare(tmp_path, extracts=extracts)
    path = tmp_path / "network" / "contract.toml"
    path.write_text(path.read_text().replace(contract_max, "decimals = 2"))

    intake = network.absences(
        "1;2024-09-01;;;1 234,5;;;", "2;2024-09-01;;;1\u00a0234,5;;;", "3;2024-09-01;;;1\u202f234;;;",
        "4;2024-09-01;;;ABS;;;", "5;2024-09-01;;;12 34;;;",
    )  # fmt: skip

    assert reasons(intake) == {"days:not_a_number": (6,)}
    found = network.rows("SELECT days FROM versions.absences ORDER BY line")
    assert found == [(Decimal("1234.50"),), (Decimal("1234.50"),), (Decimal("1234.00"),), (None,)]


def test_computed_averages_are_rounded_where_declared(tmp_path: Path) -> None:
    """A file of computed numbers is taken in only by a mapping that says so."""
    extracts = EXTRACTS.replace('days = "Days"', 'days = { from = "Days", round = true }')
    network = declare(tmp_path, extracts=extracts)

    network.absences("1;2024-09-01;;;0,33333333333333;;;", "2;2024-09-01;;;0,125;;;")

    found = network.rows("SELECT days FROM versions.absences ORDER BY line")
    assert found == [(Decimal("0.33"),), (Decimal("0.13"),)]
