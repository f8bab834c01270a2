"""Codes and names stop at the door."""

from __future__ import annotations

import hmac
from pathlib import Path

import pytest

from earlywarn.errors import StorageError
from earlywarn.tables import pseudonym_of, read_identities
from earlywarn.tables.keyring import make_keys
from tests.builders.intake import CONTRACT, EXTRACTS, Network, declare

PEOPLE = (
    CONTRACT.replace(
        'student_id = { type = "id", required = true }',
        'student_id = { type = "id", required = true, pseudonym = true }',
    )
    + """
[tables.students]
grain = "one row per student"
key = ["student_id"]
known_on = "always"
[tables.students.columns]
student_id = { type = "id", required = true, pseudonym = true }
family_name = { type = "identity" }
"""
)
NAMES = """
[[extract]]
table = "students"
file = "students.csv"
[extract.columns]
student_id = "Code"
family_name = "Name"
"""
FILES = {
    "students.csv": "Code;Name\nLAVM0101;Lavoie\nTREJ0202;Tremblay\n",
    "stays.csv": "Student;School;From;To\nLAVM0101;001;2024-09-01;\n",
}


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network with names, taken in."""
    network = declare(tmp_path, contract=PEOPLE, extracts=EXTRACTS + NAMES)
    network.take_in(FILES)
    return network


def test_every_table_holds_the_same_pseudonym(network: Network) -> None:
    """A student's code gives one pseudonym, the keyed hash of the code, in all tables."""
    key = (network.keys / "pseudonym.key").read_bytes()
    expected = hmac.new(key, b"LAVM0101", "sha256").hexdigest()[:32]

    assert pseudonym_of("LAVM0101", keys=network.keys) == expected
    assert network.rows("SELECT student_id FROM versions.enrollments") == [(expected,)]
    assert (expected,) in network.rows("SELECT student_id FROM versions.students")


def test_no_code_and_no_name_stands_in_the_workspace(network: Network) -> None:
    """No byte written by the intake shows who anybody is."""
    content = b"".join(path.read_bytes() for path in network.workspace.home.rglob("*") if path.is_file())

    assert not [word for word in (b"LAVM", b"TREJ", b"Lavoie", b"Tremblay") if word in content]


def test_identities_are_read_back_with_the_key(network: Network) -> None:
    """Who holds the key reads each person's code and names, corrected names included."""
    files = {**FILES, "students.csv": "Code;Name\nLAVM0101;Lavoie-Roy\n"}
    network.take_in(files)

    found = read_identities("students", network.workspace, keys=network.keys)

    assert found is not None
    assert sorted((row["_code"], row["family_name"]) for row in found.to_pylist()) == [
        ("LAVM0101", "Lavoie-Roy"),
        ("TREJ0202", "Tremblay"),
    ]


def test_identities_are_closed_to_another_key(network: Network, tmp_path: Path) -> None:
    """Another network's key opens nothing."""
    make_keys(tmp_path / "other")

    with pytest.raises(StorageError, match="another key"):
        read_identities("students", network.workspace, keys=tmp_path / "other")


def test_keys_are_for_their_owner_only(network: Network) -> None:
    """Key files cannot be read by other accounts of the machine."""
    assert {path.stat().st_mode & 0o777 for path in network.keys.iterdir()} == {0o600}
