"""Intakes conserve rows, remember versions, and leave the earlier state whole when they fail."""

from __future__ import annotations

import errno
import os
from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import BusyError, ExtractError, SettingsError, StorageError, TableError
from earlywarn.pipeline.ingest import ingest
from earlywarn.workspace import locked
from tests.builders.intake import HEADER, RECEIVED, Network, declare, reasons

FIRST = "1;2024-09-01;2024-09-03;M;0,5;;;"


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network."""
    return declare(tmp_path)


def _versions(network: Network) -> list[tuple[object, ...]]:
    return network.rows(
        "SELECT CAST(days AS DOUBLE), visible_from, superseded_on, batch "
        "FROM versions.absences ORDER BY batch"
    )


def test_same_file_twice_is_unchanged(network: Network) -> None:
    """A file taken in again adds no row and no batch."""
    network.absences(FIRST)

    again = network.absences(FIRST, received_on=date(2025, 2, 1))

    assert (again.n_read, again.n_new, again.n_unchanged) == (1, 0, 1)
    assert len(_versions(network)) == 1


def test_changed_row_supersedes_from_the_day_it_was_received(network: Network) -> None:
    """The past keeps the earlier version; the correction is visible only once received."""
    network.absences(FIRST)

    changed = network.absences(FIRST.replace("0,5", "1"), received_on=date(2025, 2, 1))

    assert (changed.n_new, changed.n_superseding) == (0, 1)
    assert _versions(network) == [
        (0.5, date(2024, 9, 3), date(2025, 2, 1), 1),
        (1.0, date(2025, 2, 1), None, 2),
    ]


def test_two_clocks(network: Network) -> None:
    """Outside a backfill a fact is visible from the later of known and received."""
    network.absences(FIRST, "2;2025-03-01;2025-03-02;M;1;;;", backfill=False)

    found = network.rows("SELECT visible_from FROM versions.absences ORDER BY line")

    assert found == [(RECEIVED,), (date(2025, 3, 2),)]


def test_version_received_early_but_known_late_hides_nothing_meanwhile(network: Network) -> None:
    """Of three versions the last replaces the others, even where the second would be known later."""
    network.absences(FIRST)
    network.absences("1;2024-09-01;2025-06-01;M;0,75;;;", received_on=date(2025, 2, 1))
    network.absences("1;2024-09-01;2024-09-03;M;1;;;", received_on=date(2025, 3, 1))

    assert _versions(network) == [
        (0.5, date(2024, 9, 3), date(2025, 3, 1), 1),
        (0.75, date(2025, 6, 1), date(2025, 3, 1), 2),
        (1.0, date(2025, 3, 1), None, 3),
    ]


def test_identical_rows_are_duplicates(network: Network) -> None:
    """A row repeated as it was counts once; the others are declared duplicates."""
    intake = network.absences(FIRST, FIRST, FIRST)

    assert (intake.n_read, intake.n_new, intake.n_duplicates, intake.n_quarantined) == (3, 1, 2, 0)


def test_rows_of_one_key_that_differ_wait_together(network: Network) -> None:
    """Nobody guesses which of two contradicting rows is true."""
    intake = network.absences(FIRST, FIRST.replace("0,5", "1"), "2;2024-09-01;;;;;;")

    assert reasons(intake) == {"row:conflicting_key": (2, 3)}
    assert (intake.n_new, intake.n_quarantined) == (1, 2)


def test_several_files_of_one_table_are_one_intake(network: Network) -> None:
    """A glob takes every file; the report names the file of each reason."""
    report = network.take_in(
        {"absences_1.csv": f"{HEADER}\n{FIRST}\n", "absences_2.csv": f"{HEADER}\nx;y;;;;;;\n"}
    )

    (table,) = report.tables
    assert (table.n_read, table.n_new) == (2, 1)
    assert [(reason.file, reason.lines) for reason in table.reasons] == [("absences_2.csv", (2,))]


def test_report_shows_counts_and_lines_and_no_value(network: Network) -> None:
    """A clerk reads where and why in French or English; no cell of a row is shown."""
    report = network.take_in({"absences.csv": f"{HEADER}\nSECRETCODE;2024-99-99;;;;;;\n"})

    french, english = report.as_text("fr"), report.as_text("en")

    assert (
        "absences.csv [happened_on]: n’est pas une date dans un format déclaré, 1 (ligne 2) 9999-99-99"
        in french
    )
    assert "not a date in a declared format, 1 (line 2) 9999-99-99" in english
    stored = "".join(path.read_text() for path in network.workspace.reports.iterdir())
    assert "SECRETCODE" not in french + english + stored
    assert "2024-99-99" not in french + english + stored


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A declared file that is not there ends the intake before anything is written."""
    network = declare(tmp_path)
    path = tmp_path / "network" / "extracts.toml"
    path.write_text(path.read_text().replace("optional = true", "optional = false"))

    with pytest.raises(ExtractError, match=r"there is no file 'stays.csv' for table 'enrollments'"):
        network.take_in({})
    assert not (network.workspace.tables / "ledger.json").exists()


def test_missing_folder_is_refused(network: Network) -> None:
    """A folder that is not there is named."""
    with pytest.raises(ExtractError, match="no such folder"):
        ingest(
            network.home / "network",
            network.home / "nowhere",
            network.workspace,
            received_on=RECEIVED,
            keys=network.keys,
        )


def test_file_in_place_of_the_folder_is_refused(network: Network) -> None:
    """Who names one of the files is told that their folder is wanted."""
    with pytest.raises(ExtractError, match="this is a file, and a folder of files is wanted"):
        ingest(
            network.home / "network",
            network.home / "network" / "contract.toml",
            network.workspace,
            received_on=RECEIVED,
            keys=network.keys,
        )


def test_second_intake_at_the_same_time_is_told_who(network: Network) -> None:
    """The workspace takes in one set of files at a time."""
    with (
        locked(network.workspace, "ingest", owner="an intake"),
        pytest.raises(BusyError, match="an intake"),
    ):
        network.absences(FIRST)


def test_full_disk_leaves_the_earlier_tables_whole(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever write the disk refuses, the ledger and its rows are what they were."""
    network.absences(FIRST)
    before = (network.workspace.tables / "ledger.json").read_bytes()
    calls = {"left": 0}
    real = os.fsync

    def full(descriptor: int) -> None:
        calls["left"] -= 1
        if calls["left"] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    for allowed in range(3):
        calls["left"] = allowed
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(StorageError, match="the disk is full"):
                network.absences(FIRST, "2;2024-09-02;;M;1;;;", received_on=date(2025, 2, allowed + 1))
        assert (network.workspace.tables / "ledger.json").read_bytes() == before
        assert not list(network.workspace.tables.rglob("*.part"))

    network.absences(FIRST, "2;2024-09-02;;M;1;;;", received_on=date(2025, 2, 9))
    assert len(_versions(network)) == 2


def test_file_out_of_order_is_refused(network: Network) -> None:
    """An intake dated before the last one would change what was known in between."""
    network.absences(FIRST)

    with pytest.raises(TableError, match="come after those of"):
        network.absences(FIRST, received_on=date(2024, 12, 1))


def test_workspace_of_another_network_is_refused(network: Network) -> None:
    """Tables of two networks never mix."""
    network.absences(FIRST)
    path = network.home / "network" / "contract.toml"
    path.write_text(path.read_text().replace('name = "tiny"', 'name = "other"'))

    with pytest.raises(TableError, match="holds network 'tiny'"):
        network.absences(FIRST)


def test_contract_that_grew_asks_for_another_intake(network: Network) -> None:
    """A column the batches never held is not shown as empty."""
    network.absences(FIRST)
    path = network.home / "network" / "contract.toml"
    path.write_text(path.read_text() + 'reason = { type = "text" }\n')

    with pytest.raises(TableError, match="before the contract had column 'reason'"):
        network.open()


def test_open_before_any_intake_says_what_to_do(network: Network) -> None:
    """An empty workspace is refused with the verb to run."""
    with pytest.raises(TableError, match="run ingest first"):
        network.open()


def test_keys_inside_the_workspace_are_refused(network: Network) -> None:
    """Keys beside what they protect protect nothing."""
    with pytest.raises(SettingsError, match="inside the workspace"):
        ingest(
            network.home / "network",
            network.home,
            network.workspace,
            received_on=RECEIVED,
            keys=network.workspace.home / "keys",
        )
