"""Codes and names stop at the door."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError, SettingsError
from earlywarn.pipeline.pseudonyms import pseudonymizer
from earlywarn.tables import load_contract, pseudonym_of
from earlywarn.tables.keyring import make_keys
from tests.builders.intake import HEADER, Network, reasons
from tests.builders.people import FILES, FORM, people_network

WRITINGS = ("LAVM0101", "lavm0101", "LaVm 0101", "lavm\u00a001\u202f01", "  L A V M 0 1 0 1 ")


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network with names, taken in."""
    network = people_network(tmp_path)
    network.take_in(FILES)
    return network


def test_every_table_holds_the_same_pseudonym(network: Network) -> None:
    """A student's code gives one pseudonym, the keyed hash of the code, in all tables."""
    key = (network.keys / "pseudonym.key").read_bytes()
    expected = hmac.new(key, b"LAVM0101", "sha256").hexdigest()[:32]

    assert pseudonym_of("LAVM0101", keys=network.keys) == expected
    for table in ("students", "enrollments", "absences"):
        assert (expected,) in network.rows(f"SELECT student_id FROM versions.{table}")


def test_no_code_and_no_name_stands_in_the_workspace(network: Network) -> None:
    """No byte written by the intake shows who anybody is."""
    content = b"".join(path.read_bytes() for path in network.workspace.home.rglob("*") if path.is_file())

    assert not [word for word in (b"LAVM", b"TREJ", b"GAGP", b"Lavoie", b"Tremblay") if word in content]


@pytest.mark.parametrize("written", WRITINGS)
def test_a_code_is_the_same_however_it_is_written(tmp_path: Path, written: str) -> None:
    """Case and spaces are folded where the contract declares it: one student, one id, one kept code."""
    network = people_network(tmp_path)
    stays = f"Student;School;From;To\n{written};001;2024-09-01;\n"
    network.take_in({**FILES, "stays.csv": stays})

    assert network.rows("SELECT student_id FROM versions.enrollments") == [
        (pseudonym_of("LAVM0101", keys=network.keys),)
    ]


@pytest.mark.parametrize("written", WRITINGS)
def test_a_caller_may_write_a_code_as_the_files_do(network: Network, written: str) -> None:
    """What answers a calling system folds codes by the same declaration as intake."""
    resolve = pseudonymizer(network.home / "network", keys=network.keys)

    assert resolve([written]) == [pseudonym_of("LAVM0101", keys=network.keys)]


@pytest.mark.parametrize("written", ["LAVM010", "LAVM01O1", "LÀVM0101", "LAVM-0101", "0101LAVM", "LAVM0101X"])
def test_what_is_no_code_waits(tmp_path: Path, written: str) -> None:
    """A text that has not the declared form is quarantined, and becomes nobody's pseudonym."""
    network = people_network(tmp_path)
    content = f"{HEADER}\n{written};2024-09-03;;M;1;;;\nTREJ0202;2024-09-03;;M;1;;;\n"
    report = network.take_in({**FILES, "absences.csv": content})
    absences = next(table for table in report.tables if table.table == "absences")

    assert reasons(absences) == {"student_id:not_a_code": (2,)}
    assert network.rows("SELECT count(*) FROM versions.absences") == [(1,)]


def test_two_writings_in_one_file_are_one_row(tmp_path: Path) -> None:
    """The second writing of a code repeats the first, or contradicts it."""
    network = people_network(tmp_path)
    content = f"{HEADER}\nLAVM0101;2024-09-03;;M;1;;;\nlavm 0101;2024-09-03;;M;1;;;\n"
    report = network.take_in({**FILES, "absences.csv": content})
    absences = next(table for table in report.tables if table.table == "absences")

    assert (absences.n_new, absences.n_duplicates) == (1, 1)


def test_without_a_declaration_a_code_is_what_is_written(tmp_path: Path) -> None:
    """Codes of a network that tells cases apart stay two students."""
    network = people_network(tmp_path, form="")
    network.take_in({"stays.csv": "Student;School;From;To\nab1;001;2024-09-01;\nAB1;001;2024-09-01;\n"})

    assert network.rows("SELECT count(DISTINCT student_id) FROM versions.enrollments") == [(2,)]


def test_a_pattern_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """`earlywarn check` names the line."""
    network = people_network(tmp_path, form=FORM.replace("[A-Z]", "([A-Z]"))

    with pytest.raises(DeclarationError, match="no regular expression"):
        load_contract(network.home / "network" / "contract.toml")


def test_another_networks_keys_are_refused_before_anything_is_read(network: Network, tmp_path: Path) -> None:
    """With other keys every student would look new: the intake is refused, and makes no key."""
    other = tmp_path / "other"
    (network.keys).rename(other)
    with pytest.raises(SettingsError, match="the key is not there"):
        network.take_in(FILES)
    assert not network.keys.exists()

    make_keys(network.keys)
    with pytest.raises(SettingsError, match="taken in with pseudonym key"):
        network.take_in(FILES)


def test_keys_are_for_their_owner_only(network: Network) -> None:
    """Key files cannot be read by other accounts of the machine."""
    assert {path.stat().st_mode & 0o777 for path in network.keys.iterdir()} == {0o600}
