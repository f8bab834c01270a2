"""Who holds the key reads who people are; nobody else does, and a rerun writes the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from earlywarn.errors import StorageError
from earlywarn.tables import read_identities
from earlywarn.tables.identity_files import CODES
from earlywarn.tables.keyring import make_keys
from earlywarn.tables.ledger import read_ledger
from tests.builders.intake import HEADER, Network
from tests.builders.people import FILES, people_network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network with names, taken in."""
    network = people_network(tmp_path)
    network.take_in(FILES)
    return network


def _names(network: Network) -> list[tuple[str, str]]:
    found = read_identities("students", network.workspace, keys=network.keys)
    assert found is not None
    return sorted((row["_code"], row["family_name"]) for row in found.to_pylist())


def _codes(network: Network) -> list[str]:
    found = read_identities(CODES, network.workspace, keys=network.keys)
    assert found is not None
    return [str(code) for code in found["code"].to_pylist()]


def _file(network: Network, table: str) -> Path:
    return network.workspace.identities / read_ledger(network.workspace).identities[table].file


def test_identities_are_read_back_with_the_key(network: Network) -> None:
    """Who holds the key reads each person's code and names, corrected names included."""
    network.take_in({"students.csv": "Code;Sex;Name;Born\nlavm 0101;F;Lavoie-Roy;2010-01-01\n"})

    assert _names(network) == [("LAVM0101", "Lavoie-Roy"), ("TREJ0202", "Tremblay")]


def test_former_names_are_gone(network: Network) -> None:
    """A corrected name leaves no file with the former one behind."""
    before = _file(network, "students")
    network.take_in({"students.csv": "Code;Sex;Name;Born\nLAVM0101;F;Lavoie-Roy;2010-01-01\n"})

    assert not before.exists()
    assert len(list(network.workspace.identities.iterdir())) == 2


def test_the_code_of_every_stored_row_is_kept(network: Network) -> None:
    """Also of those who stand in no table of names; that is what a rotation needs."""
    assert _codes(network) == ["GAGP0303", "LAVM0101", "TREJ0202"]


def test_the_code_of_a_row_that_waits_is_not_kept(network: Network) -> None:
    """What was not taken in leaves nothing, not even in the encrypted room."""
    network.take_in({"absences.csv": f"{HEADER}\nROYX0404;2024-09-03;;M;7;;;\nROYY0505;2024-09-03;;M;1;;;\n"})

    assert _codes(network) == ["GAGP0303", "LAVM0101", "ROYY0505", "TREJ0202"]


def test_the_same_people_give_the_same_bytes(network: Network) -> None:
    """Taking the same files in again writes no other byte."""
    before = {path.name: path.read_bytes() for path in network.workspace.identities.iterdir()}
    network.take_in(FILES)

    assert {path.name: path.read_bytes() for path in network.workspace.identities.iterdir()} == before


def test_identities_are_closed_to_another_key(network: Network, tmp_path: Path) -> None:
    """Another network's key opens nothing, and the refusal says so."""
    make_keys(tmp_path / "other")

    with pytest.raises(StorageError, match=r"students-.*encrypted: it was written with another key"):
        read_identities("students", network.workspace, keys=tmp_path / "other")


def test_a_cut_file_is_refused(network: Network) -> None:
    """A file that lost its end is damaged, whatever it still says."""
    path = _file(network, "students")
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(StorageError, match="damaged, cut short"):
        read_identities("students", network.workspace, keys=network.keys)


def test_a_swapped_file_is_refused(network: Network) -> None:
    """The file of one table does not open in another's place."""
    shutil.copy(_file(network, CODES), _file(network, "students"))

    with pytest.raises(StorageError, match="not what belongs here"):
        read_identities("students", network.workspace, keys=network.keys)


def test_a_missing_file_is_said_to_be_missing(network: Network) -> None:
    """The ledger names it, so its absence is not "no people"."""
    _file(network, "students").unlink()

    with pytest.raises(StorageError, match="the identities are not there; restore"):
        read_identities("students", network.workspace, keys=network.keys)


def test_a_column_new_to_the_contract_forgets_nobody(network: Network) -> None:
    """People known before keep their names when a further identity column is declared."""
    contract = network.home / "network" / "contract.toml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text + 'given_name = { type = "identity" }\n', encoding="utf-8")
    network.take_in({"students_2.csv": "Code;Sex;Name;Born\nGAGP0303;F;Gagnon;2010-03-03\n"})

    assert _names(network) == [("GAGP0303", "Gagnon"), ("LAVM0101", "Lavoie"), ("TREJ0202", "Tremblay")]
