"""The mapping is data: every path leads somewhere, and what must not be read cannot be named."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.tables import load_contract, load_extracts
from earlywarn.tables.oneroster import OneRoster, built_in, columns_read, followed, mapped_tables, standard
from tests.builders.intake import declare
from tests.builders.oneroster import CONTRACT, small_network


def test_every_path_of_the_package_leads_somewhere() -> None:
    """The built-in mapping names only columns and references that the files have."""
    paths = [(table.file, path) for table in built_in().values() for path in table.paths]
    bare = [path.replace("{student}", "sourcedId").replace("{staff}", "sourcedId") for _, path in paths]

    for (file, _), path in zip(paths, bare, strict=True):
        assert followed(standard(), file, path.replace("{group}", "sourcedId")).column


def test_the_standard_has_its_files() -> None:
    """Twenty-one files beside the manifest, as the specification lists them."""
    assert len(standard().names()) == 21


def test_users_have_the_columns_of_each_version() -> None:
    """Version 1.2 took role and orgSourcedIds out of users and added columns at the end."""
    newer, older = standard().as_written("users", "1.2"), standard().as_written("users", "1.1")
    assert newer is not None
    assert older is not None

    assert newer.header[:5] == ("sourcedId", "status", "dateLastModified", "enabledUser", "username")
    assert older.header[3:7] == ("enabledUser", "orgSourcedIds", "role", "username")
    assert (len(newer.header), len(older.header)) == (23, 18)
    assert standard().as_written("roles", "1.1") is None


def test_a_network_reads_only_what_its_contract_asks_for(tmp_path: Path) -> None:
    """A contract without given names has none read; nothing that must not be read is."""
    contract = small_network(tmp_path).network.contract
    read = columns_read(standard(), mapped_tables(contract, OneRoster()).values())

    assert read["users"] == ("familyName", "grades", "primaryOrgSourcedId")
    assert read["results"] == ("lineItemSourcedId", "studentSourcedId", "scoreStatus", "score", "scoreDate")
    assert read["demographics"] == ("birthDate", "sex")
    assert "location" not in read["classes"]


def test_quebec_reads_no_forbidden_column(project: Path) -> None:
    """The columns the Québec network reads and those never read have none in common."""
    folder = project / "models" / "quebec"
    contract = load_contract(folder / "contract.toml")
    declared = load_extracts(folder / "extracts.toml", contract).oneroster
    assert declared is not None
    read = columns_read(standard(), mapped_tables(contract, declared).values())

    assert not [file for file in read if set(read[file]) & set(standard().files[file].never)]
    assert {"password", "sms", "phone", "email"} <= set(standard().files["users"].never)
    assert {"comment", "textScore"} <= set(standard().files["results"].never)


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        (
            '[oneroster]\nids = { student = "password" }',
            1,
            "'password': users.csv's column 'password' is never",
        ),
        ('[oneroster]\nwithout = ["bulletins"]', 2, "the contract has no table 'bulletins'"),
        ("[oneroster.tables.bulletins]", 1, "no table 'bulletins' that is read from files"),
        (
            '[oneroster.tables.students.columns]\nphone = "phone"',
            2,
            "the contract's table has no column 'phone' that files give",
        ),
        (
            '[oneroster.tables.students.columns]\nsex = "phone"',
            2,
            "'phone': users.csv's column 'phone' is never read",
        ),
        (
            '[oneroster.tables.marks.columns]\nterm = "line_item.term.title"',
            2,
            "'line_item.term.title': lineItems.csv has no reference 'term'",
        ),
        (
            '[oneroster.tables.marks.columns]\nterm = "line_item.colour"',
            2,
            "'line_item.colour': lineItems.csv has no column 'colour'",
        ),
        (
            '[oneroster.tables.students.codes.sex]\nmale = "M"',
            1,
            "code for 'M', which the contract does not allow",
        ),
        (
            '[oneroster.tables.enrollments.codes.starts_on]\nx = "2026-01-01"',
            1,
            "a column of type date has no codes",
        ),
        ('[oneroster.tables.students]\nfile = "userProfiles"', 2, "OneRoster has no file 'userProfiles'"),
        (
            '[oneroster.tables.students.columns]\nsex = { from = "grades", take = "age" }',
            2,
            "an age needs a day (on) and a year (in_year)",
        ),
    ],
)
def test_a_wrong_declaration_is_named_with_its_line(
    tmp_path: Path, section: str, line: int, message: str
) -> None:
    """`earlywarn check` says what cannot be, and where it stands."""
    network = declare(tmp_path, CONTRACT, section + "\n")
    path = tmp_path / "network" / "extracts.toml"

    with pytest.raises(DeclarationError) as refusal:
        load_extracts(path, network.contract)

    assert any(message in p.message and p.line == line for p in refusal.value.problems), refusal.value


def test_a_network_needs_some_source(tmp_path: Path) -> None:
    """An extracts.toml that names no file and no export is a mistake."""
    network = declare(tmp_path, CONTRACT, "[defaults]\n")

    with pytest.raises(DeclarationError, match="name the files of at least one table"):
        load_extracts(tmp_path / "network" / "extracts.toml", network.contract)


def test_a_required_column_that_no_export_gives_is_named(tmp_path: Path) -> None:
    """A contract that asks for more than OneRoster says must say where it comes from."""
    contract = CONTRACT.replace("decile = {", "decile = { required = true,")
    exports = small_network(tmp_path)
    (tmp_path / "network" / "contract.toml").write_text(contract, encoding="utf-8")

    with pytest.raises(DeclarationError, match="OneRoster gives no 'decile', which table 'schools' requires"):
        exports.change({"orgs": ("sourcedId",)})


def test_a_table_can_be_kept_out(tmp_path: Path) -> None:
    """A network takes from an export only the tables it wants."""
    contract = small_network(tmp_path).network.contract
    declared = OneRoster.model_validate({"without": ["marks", "staff"]})

    assert list(mapped_tables(contract, declared)) == ["schools", "students", "enrollments", "assignments"]


def test_a_rule_of_the_package_can_be_lifted(tmp_path: Path) -> None:
    """A network without homerooms takes every class as a group."""
    contract = small_network(tmp_path).network.contract
    declared = OneRoster.model_validate({"tables": {"enrollments": {"left_out": {"not_a_homeroom": False}}}})

    assert list(mapped_tables(contract, declared)["enrollments"].left_out) == ["not_a_student"]
