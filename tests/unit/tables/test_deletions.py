"""A key that is gone is hidden from the day that was received, and never before."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from earlywarn.tables import provenance
from tests.builders.intake import CONTRACT, EXTRACTS, HEADER, Network, declare, reasons

FIRST, SECOND, THIRD = date(2025, 1, 10), date(2025, 2, 10), date(2025, 3, 10)
ABSENCES = 'table = "absences"\nfile = "absences*.csv"\n'


def _network(home: Path, line: str) -> Network:
    return declare(home, CONTRACT, EXTRACTS.replace(ABSENCES, ABSENCES + line + "\n"))


@pytest.fixture
def complete(tmp_path: Path) -> Network:
    """Return a network whose file of absences is all there is."""
    return _network(tmp_path, "complete = true")


def _seen(network: Network, day: date) -> list[object]:
    found = network.rows(
        "SELECT student_id FROM versions.absences WHERE visible_from < "
        f"DATE '{day}' AND (superseded_on IS NULL OR superseded_on >= DATE '{day}') ORDER BY 1"
    )
    return [row[0] for row in found]


def test_key_that_a_complete_file_lacks_is_gone_from_then_on(complete: Network) -> None:
    """The past keeps what was known then; the present does not show what is no longer given."""
    complete.absences("1;2024-09-01;;;;;;", "2;2024-09-02;;;;;;", received_on=FIRST)

    second = complete.absences("2;2024-09-02;;;;;;", received_on=SECOND)

    assert (second.n_read, second.n_unchanged, second.n_gone) == (1, 1, 1)
    assert _seen(complete, date(2025, 2, 10)) == ["1", "2"]
    assert _seen(complete, date(2025, 2, 11)) == ["2"]


def test_key_that_comes_back_was_gone_in_between(complete: Network) -> None:
    """A key that a third file gives again is seen again, and not in between."""
    row = "1;2024-09-01;;;;;;"
    for lines, day in (((row, "2;2024-09-02;;;;;;"), FIRST), (("2;2024-09-02;;;;;;",), SECOND)):
        complete.absences(*lines, received_on=day)

    complete.absences(row, "2;2024-09-02;;;;;;", received_on=THIRD)

    days = [date(2025, 2, 10), date(2025, 3, 10), date(2025, 3, 11)]
    assert ["1" in _seen(complete, day) for day in days] == [True, False, True]


def test_same_complete_file_twice_changes_nothing(complete: Network) -> None:
    """What is complete and the same stores no batch."""
    complete.absences("1;2024-09-01;;;;;;")

    again = complete.absences("1;2024-09-01;;;;;;", received_on=SECOND)

    assert (again.n_unchanged, again.n_gone) == (1, 0)


def test_row_that_waits_is_not_gone(complete: Network) -> None:
    """A key whose row waits for a bad cell keeps its earlier version."""
    complete.absences("1;2024-09-01;;;;;;", "2;2024-09-02;;;;;;", received_on=FIRST)

    second = complete.absences("1;2024-09-01;;;9;;;", received_on=SECOND)

    assert reasons(second) == {"days:too_large": (2,)}
    assert _seen(complete, date(2025, 2, 11)) == ["1"]


def test_line_without_a_key_keeps_all_keys(complete: Network) -> None:
    """Where a line cannot be cut into cells, nobody knows whose it is, and no key is taken for gone."""
    complete.absences("1;2024-09-01;;;;;;", "2;2024-09-02;;;;;;", received_on=FIRST)

    second = complete.absences("1;2024-09-01", received_on=SECOND)

    assert second.n_gone == 0
    assert _seen(complete, date(2025, 2, 11)) == ["1", "2"]


def test_complete_within_a_column_leaves_its_other_values_alone(tmp_path: Path) -> None:
    """A file that is all there is of some days says nothing of the others."""
    network = _network(tmp_path, 'complete = ["happened_on"]')
    network.absences("1;2024-09-01;;;;;;", "2;2024-09-01;;;;;;", "3;2024-09-02;;;;;;", received_on=FIRST)

    second = network.absences("1;2024-09-01;;;;;;", received_on=SECOND)

    assert second.n_gone == 1
    assert _seen(network, date(2025, 2, 11)) == ["1", "3"]


def test_row_that_says_its_key_is_gone_ends_it(tmp_path: Path) -> None:
    """A declared word deletes by key; the row need say nothing else, and an unknown key changes nothing."""
    network = _network(tmp_path, 'deletes = { column = "Note", values = ["tobedeleted"] }')
    network.absences("1;2024-09-01;;M;0,5;;;", "2;2024-09-02;;;;;;", received_on=FIRST)

    second = network.absences(
        "1;2024-09-01;;;;;;tobedeleted", "9;2024-09-09;;;;;;tobedeleted", received_on=SECOND
    )

    assert (second.n_deleted, second.n_unchanged, second.n_new) == (1, 1, 0)
    assert _seen(network, date(2025, 2, 10)) == ["1", "2"]
    assert _seen(network, date(2025, 2, 11)) == ["2"]


def test_every_row_tells_its_batch_and_file(tmp_path: Path) -> None:
    """For a student and a day, the batches and files that could be seen are known."""
    network = declare(tmp_path)
    network.absences("1;2024-09-01;;;;;;", "1;2024-09-02;;;;;;", received_on=FIRST)
    content = f"{HEADER}\n1;2024-09-02;;M;;;;\n"
    network.take_in({"absences_correction.csv": content}, received_on=SECOND, backfill=False)

    found = provenance(network.workspace, network.contract, "1", as_of=THIRD)
    before = provenance(network.workspace, network.contract, "1", as_of=SECOND)

    assert [(one.batch, one.file, one.n_rows) for one in found] == [
        (1, "absences.csv", 2),
        (2, "absences_correction.csv", 1),
    ]
    assert [(one.batch, one.n_rows) for one in before] == [(1, 2)]
