"""After a rotation everybody has another pseudonym, the same rows, and nothing is under the former keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import BusyError, SettingsError, StorageError, TableError
from earlywarn.pipeline.rotate import rotate
from earlywarn.tables import Rotated, pseudonym_of, read_identities
from earlywarn.tables.identity_files import CODES, FORMER
from earlywarn.tables.keyring import key_name
from earlywarn.tables.ledger import StoredFile, read_ledger, write_ledger
from earlywarn.workspace import locked
from tests.builders.intake import HEADER, Network
from tests.builders.people import FILES, people_network

TODAY = date(2025, 3, 1)
CODES_GIVEN = ("GAGP0303", "LAVM0101", "TREJ0202")
LATER = {
    "absences.csv": f"{HEADER}\nLAVM0101;2024-09-03;;N;1;;;\nlavm 0101;2025-01-20;2025-01-21;M;0,25;3;;ill\n"
}
# The rows of all tables without their pseudonyms.
PLAIN = (
    "SELECT * EXCLUDE student_id FROM versions.enrollments ORDER BY ALL",
    "SELECT * EXCLUDE student_id FROM versions.absences ORDER BY ALL",
    "SELECT sex, visible_from, batch, line FROM versions.students ORDER BY ALL",
)


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network with two batches, the second with a correction."""
    network = people_network(tmp_path)
    network.take_in(FILES)
    network.take_in(LATER, received_on=date(2025, 2, 1), backfill=False)
    return network


def _rotate(network: Network) -> Rotated:
    return rotate(network.home / "network", network.workspace, keys=network.keys, today=TODAY)


def _ids(network: Network, table: str) -> set[object]:
    return {row[0] for row in network.rows(f"SELECT DISTINCT student_id FROM versions.{table}")}


def _pseudonyms(network: Network, *codes: str) -> set[object]:
    return {pseudonym_of(code, keys=network.keys) for code in codes}


def test_every_table_is_under_the_new_key(network: Network) -> None:
    """Also the students that stand in no table of names, and rows of every batch."""
    before = _pseudonyms(network, *CODES_GIVEN)
    _rotate(network)

    assert _pseudonyms(network, *CODES_GIVEN).isdisjoint(before)
    assert _ids(network, "students") == _pseudonyms(network, "LAVM0101", "TREJ0202")
    assert _ids(network, "enrollments") == _pseudonyms(network, "LAVM0101", "TREJ0202")
    assert _ids(network, "absences") == _pseudonyms(network, "LAVM0101", "GAGP0303")


def test_nothing_but_the_pseudonyms_changes(network: Network) -> None:
    """Every other value, day, batch and line is what it was."""
    before = [network.rows(sql) for sql in PLAIN]
    _rotate(network)

    assert [network.rows(sql) for sql in PLAIN] == before
    assert all(before)


def test_no_former_pseudonym_and_no_former_file_is_left(network: Network) -> None:
    """Not one byte below the workspace holds a former pseudonym, and the former keys are gone."""
    before = {str(one).encode() for one in _pseudonyms(network, *CODES_GIVEN)}
    former = {path.read_bytes() for path in network.keys.iterdir()}
    _rotate(network)
    content = b"".join(path.read_bytes() for path in network.workspace.tables.rglob("*.parquet"))

    assert not [one for one in before if one in content]
    assert {path.name for path in network.keys.iterdir()} == {"pseudonym.key", "identity.key"}
    assert former.isdisjoint(path.read_bytes() for path in network.keys.iterdir())


def test_identities_go_on_under_the_new_key(network: Network) -> None:
    """Names are found by the new ids, and all codes are still kept."""
    _rotate(network)
    names = read_identities("students", network.workspace, keys=network.keys)
    codes = read_identities(CODES, network.workspace, keys=network.keys)

    assert names is not None
    assert codes is not None
    assert {row["student_id"]: row["family_name"] for row in names.to_pylist()} == {
        pseudonym_of("LAVM0101", keys=network.keys): "Lavoie",
        pseudonym_of("TREJ0202", keys=network.keys): "Tremblay",
    }
    assert codes["code"].to_pylist() == list(CODES_GIVEN)


def test_who_was_who_is_kept_for_those_who_answer_for_the_trace(network: Network) -> None:
    """The trace of earlier readings names former ids; the encrypted room still says whose they were."""
    first = {pseudonym_of(code, keys=network.keys): code for code in CODES_GIVEN}
    _rotate(network)
    second = {pseudonym_of(code, keys=network.keys): code for code in CODES_GIVEN}
    _rotate(network)
    former = read_identities(FORMER, network.workspace, keys=network.keys)

    assert former is not None
    assert {row["former"]: row["code"] for row in former.to_pylist()} == first | second


def test_the_ledger_records_it(network: Network) -> None:
    """When, from which key to which, and which file took the place of which."""
    before = [
        file.digest for table in ("absences", "enrollments", "students") for file in _files(network, table)
    ]
    was = key_name(network.keys)
    result = _rotate(network)
    ledger = read_ledger(network.workspace)
    after = [
        file.digest for table in ("absences", "enrollments", "students") for file in _files(network, table)
    ]

    assert ledger.rotations == (result.rotation,)
    assert (result.rotation.rotated_on, result.rotation.after_batch) == (TODAY, 2)
    assert (result.rotation.former_key, result.rotation.key) == (was, key_name(network.keys))
    assert result.rotation.replaced == dict(zip(before, after, strict=True))
    assert (result.n_codes, result.n_files, result.n_rows) == (3, 4, 8)


def _files(network: Network, table: str) -> list[StoredFile]:
    return [file for name, file in read_ledger(network.workspace).stored_files() if name == table]


def test_intake_goes_on_after_a_rotation(network: Network) -> None:
    """The same files again are unchanged, row by row, and a correction finds its row."""
    _rotate(network)
    again = network.take_in({**FILES, **LATER}, received_on=TODAY)
    corrected = network.absences("LAVM0101;2024-09-03;;M;0,5;;;", received_on=TODAY)

    assert [(table.n_new, table.n_superseding) for table in again.tables] == [(0, 0)] * 3
    assert (corrected.n_new, corrected.n_superseding) == (0, 1)


def test_what_is_not_kept_stops_it(network: Network) -> None:
    """A pseudonym whose code is unknown could get no new one: nothing is changed, nothing is left."""
    ledger = read_ledger(network.workspace)
    without = {name: file for name, file in ledger.identities.items() if name != CODES}
    write_ledger(network.workspace, ledger.model_copy(update={"identities": without}))
    (network.workspace.identities / ledger.identities[CODES].file).unlink()
    before = _state(network)

    with pytest.raises(TableError, match="the codes of 2 pseudonyms are not kept"):
        _rotate(network)
    assert _state(network) == before


def test_a_full_disk_changes_nothing(network: Network, full_disk: Callable[[int], None]) -> None:
    """The tables stay under the former keys, and the refusal says what to do."""
    before = _state(network)
    full_disk(600)

    with pytest.raises(StorageError, match="the disk is full"):
        _rotate(network)
    assert _state(network) == before


def test_nothing_to_rotate_is_said(tmp_path: Path) -> None:
    """Before the first intake there is no pseudonym."""
    with pytest.raises(TableError, match="nothing to rotate; take files in first"):
        _rotate(people_network(tmp_path))


def test_other_keys_are_refused(network: Network, tmp_path: Path) -> None:
    """Keys that are not those of the tables cannot be rotated away from them."""
    network.keys.rename(tmp_path / "elsewhere")

    with pytest.raises(SettingsError, match="the key is not there"):
        _rotate(network)


@pytest.mark.parametrize("name", ["ingest", "train", "score", "load"])
def test_it_waits_for_nobody(network: Network, name: str) -> None:
    """Whoever reads or writes the tables is named."""
    with locked(network.workspace, name, owner="somebody"), pytest.raises(BusyError, match="somebody"):
        _rotate(network)


def _state(network: Network) -> dict[str, bytes]:
    home = network.workspace.home
    folders = (home / "tables", home / "identities", home / "reports")
    return {str(p): p.read_bytes() for folder in folders for p in folder.rglob("*") if p.is_file()}
